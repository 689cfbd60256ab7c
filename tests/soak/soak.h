/*
 * soak.h: what everybody in the soak knows: who there is, and the messages. Every numbered message names its sender and counts up from 1 for
 * each (sender, receiver), tells and asks alike, so that what was lost, doubled or overtaken can be told from the numbers alone.
 */
#ifndef TRACTOR_TESTS_SOAK_H
#define TRACTOR_TESTS_SOAK_H

#include <tractor/protocol.h>

/*
 * The actors of soak.yaml: X(constant, path, is a sender, is given again what it had in hand). A test of the test: the driver compares this with
 * what `tractor status` shows.
 */
#define SOAK_MEMBERS(X)                                \
	X(ALICE, "/soak/senders/alice", true, false)   \
	X(BOB, "/soak/senders/bob", true, false)       \
	X(CAROL, "/soak/senders/carol", true, false)   \
	X(PLAIN, "/soak/steady/plain", false, false)   \
	X(KEEPER, "/soak/steady/keeper", false, false) \
	X(LEFT, "/soak/together/left", false, true)    \
	X(RIGHT, "/soak/together/right", false, false) \
	X(FRONT, "/soak/chain/front", false, false)    \
	X(BACK, "/soak/chain/inner/back", false, false)

enum member_id {
#define SOAK_CONSTANT(constant, path, sender, again) constant,
	SOAK_MEMBERS(SOAK_CONSTANT)
#undef SOAK_CONSTANT
		MEMBER_COUNT
};

struct member_info {
	const char *path;
	bool sends;
	bool redelivers;
};

extern const struct member_info members[MEMBER_COUNT];

/* The one at that path; MEMBER_COUNT: nobody of ours. */
unsigned member_at(const char *path);

/* `nonce` comes back in the reply, by whichever way; `ballast` is bytes that follow from the number. */
#define SOAK_NUMBERED(FIELD) \
	FIELD(uint32, from) FIELD(uint32, number) FIELD(uint64, nonce) FIELD(bytes, ballast)
#define SOAK_NOTHING(FIELD)
#define SOAK_ECHO(FIELD) FIELD(uint64, nonce)
TRACTOR_RECORD(soak_echo, SOAK_ECHO);
#define SOAK_LIFE(FIELD) FIELD(int32, process)
TRACTOR_RECORD(soak_life, SOAK_LIFE);

#define SOAK_PROTOCOL(TELL, ASK)                                                             \
	TELL(soak, note, SOAK_NUMBERED)                                                      \
	TELL(soak, release, SOAK_NOTHING)	     /* from itself: answer what is held */  \
	ASK(soak, well, SOAK_NOTHING, soak_life)     /* from the driver, at rest */          \
	ASK(soak, probe, SOAK_NUMBERED, soak_echo)   /* answered at once */                  \
	ASK(soak, hold, SOAK_NUMBERED, soak_echo)    /* deferred, answered a little later */ \
	ASK(soak, relay, SOAK_NUMBERED, soak_echo)   /* forwarded to the one behind */       \
	ASK(soak, through, SOAK_NUMBERED, soak_echo) /* answered after asking the one behind */
TRACTOR_PROTOCOL(soak, SOAK_PROTOCOL);

#endif
