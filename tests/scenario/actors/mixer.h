/* mixer.h: an actor that tells another one what is numbered and of very different sizes, and notes whether what it is told comes in order. */
#ifndef TRACTOR_TESTS_SCENARIO_MIXER_H
#define TRACTOR_TESTS_SCENARIO_MIXER_H

#include <tractor/protocol.h>

#define MIXER_ITEM(FIELD) FIELD(int64, number) FIELD(bytes, padding)
#define MIXER_SEND(FIELD) FIELD(mixer_ref, to) FIELD(int64, first) FIELD(int64, count)
#define MIXER_SEEN(FIELD)
#define MIXER_COUNT(FIELD) FIELD(int64, last) FIELD(int64, wrong) FIELD(int64, sent)
TRACTOR_RECORD(mixer_count, MIXER_COUNT);

#define MIXER_PROTOCOL(TELL, ASK)                                                      \
	TELL(mixer, item, MIXER_ITEM)                                                  \
	TELL(mixer, send, MIXER_SEND) /* all at once, when its handler has returned */ \
	ASK(mixer, seen, MIXER_SEEN, mixer_count)
TRACTOR_PROTOCOL(mixer, MIXER_PROTOCOL);

#endif
