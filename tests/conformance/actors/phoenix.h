/* phoenix.h: the protocol of the phoenix, whose state outlives its process. */
#ifndef TRACTOR_TESTS_PHOENIX_H
#define TRACTOR_TESTS_PHOENIX_H

#include <tractor/protocol.h>

#define PHOENIX_STATE(FIELD) FIELD(int64, total) FIELD(int64, starts) FIELD(uint32, incarnation)
TRACTOR_RECORD(phoenix_state, PHOENIX_STATE);

/* Adds, and then ends as `how` says if that is a way to die. */
#define PHOENIX_ADD(FIELD) FIELD(int64, n) FIELD(str, how)
#define PHOENIX_GET(FIELD)

#define PHOENIX_PROTOCOL(TELL, ASK)                   \
	TELL(phoenix, add, PHOENIX_ADD)               \
	ASK(phoenix, get, PHOENIX_GET, phoenix_state) \
	ASK(phoenix, add_and_get, PHOENIX_ADD, phoenix_state)
TRACTOR_PROTOCOL(phoenix, PHOENIX_PROTOCOL);

#endif
