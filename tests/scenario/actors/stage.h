/* stage.h: one stage of a pipeline: adds up what it is told, and tells the next stage. */
#ifndef TRACTOR_TESTS_SCENARIO_STAGE_H
#define TRACTOR_TESTS_SCENARIO_STAGE_H

#include <tractor/protocol.h>

/* How an item is handled; a word of its own: */
#define STAGE_WORDS(X)                                                                             \
	X(STAGE_PLAIN, "plain")		    /* tell the next stage, add */                         \
	X(STAGE_PANIC, "panic")		    /* the same, and panic at the end */                   \
	X(STAGE_PANIC_ONCE, "panic_once")   /* the same, in the first incarnation */               \
	X(STAGE_PANIC_TWICE, "panic_twice") /* in the first two incarnations */                    \
	X(STAGE_ASK, "ask")	/* ask the next stage how far it is after telling it, and panic */ \
	X(STAGE_FIND, "find")	/* look for the next stage after telling it, and panic */          \
	X(STAGE_LATER, "later") /* tell the next stage in 300 ms */                                \
	X(STAGE_MANY, "many")	/* tell the next stage `number` times */                           \
	X(STAGE_NAP, "nap")	/* add, and sleep `number` ms */

#define STAGE_ITEM(FIELD) FIELD(int64, number) FIELD(str, how)
#define STAGE_NOTHING(FIELD)
#define STAGE_SUM(FIELD) FIELD(int64, count) FIELD(uint64, digest) FIELD(uint32, incarnation)
TRACTOR_RECORD(stage_total, STAGE_SUM);

#define STAGE_PROTOCOL(TELL, ASK)                  \
	TELL(stage, item, STAGE_ITEM)              \
	ASK(stage, relay, STAGE_ITEM, stage_total) \
	ASK(stage, sum, STAGE_NOTHING, stage_total)
TRACTOR_PROTOCOL(stage, STAGE_PROTOCOL);

/* What a stage's digest is after one more item: the order counts. */
static inline uint64_t
stage_digest(uint64_t digest, int64_t number)
{
	return (digest ^ (uint64_t)number) * UINT64_C(0x100000001b3) + 1;
}

#endif
