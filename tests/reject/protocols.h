/*
 * protocols.h: what the programs of this folder talk: a counter, somebody else, and a capability that is
 * one message of the counter's.
 */
#ifndef TRACTOR_TESTS_REJECT_PROTOCOLS_H
#define TRACTOR_TESTS_REJECT_PROTOCOLS_H

#include <tractor/protocol.h>

TRACTOR_REF(counter);
TRACTOR_REF(listener);

#define COUNTER_TOTAL(FIELD) FIELD(int64, total)
TRACTOR_RECORD(counter_total, COUNTER_TOTAL);

#define COUNTER_SUMMARY(FIELD) FIELD(counter_total, now) FIELD(list_counter_total, before)
TRACTOR_RECORD(counter_summary, COUNTER_SUMMARY);

#define COUNTER_INCREMENT(FIELD) FIELD(int64, by)
#define COUNTER_SUBSCRIBE(FIELD) FIELD(listener_ref, who) FIELD(str, name)
#define COUNTER_GET(FIELD)
#define COUNTER_PROTOCOL(TELL, ASK)                           \
	TELL(counter, increment, COUNTER_INCREMENT)           \
	TELL(counter, subscribe, COUNTER_SUBSCRIBE)           \
	ASK(counter, get, COUNTER_GET, counter_total)         \
	ASK(counter, summarize, COUNTER_GET, counter_summary) \
	ASK(counter, reset, COUNTER_GET, tractor_none)
TRACTOR_MESSAGES(counter, COUNTER_PROTOCOL);

#define LISTENER_HEAR(FIELD) FIELD(counter_ref, from) FIELD(int64, total)
#define LISTENER_PROTOCOL(TELL, ASK) TELL(listener, hear, LISTENER_HEAR)
TRACTOR_MESSAGES(listener, LISTENER_PROTOCOL);

#define READER_GET(FIELD)
#define READER_PROTOCOL(TELL, ASK) ASK(reader, get, READER_GET, counter_total)
TRACTOR_PROTOCOL(reader, READER_PROTOCOL);

#endif
