/* hauler.h: actors that send each other loads of up to 64 MiB, look at every byte, and write down what came. */
#ifndef TRACTOR_TESTS_SCENARIO_HAULER_H
#define TRACTOR_TESTS_SCENARIO_HAULER_H

#include <stdbool.h>
#include <string.h>

#include <tractor/protocol.h>

#define HAULER_BESIDE 12 /* bytes of a load's payload that are not the load */
#define HAULER_LOAD(FIELD) FIELD(uint64, number) FIELD(bytes, load)
#define HAULER_ORDER(FIELD)   \
	FIELD(hauler_ref, to) \
	FIELD(uint64, first) FIELD(uint64, count) FIELD(uint64, size) FIELD(uint64, small_each)
#define HAULER_WISH(FIELD) FIELD(uint64, number) FIELD(uint64, size)
#define HAULER_REST(FIELD) FIELD(uint32, ms)
#define HAULER_NOTHING(FIELD)
#define HAULER_DID(FIELD) FIELD(uint64, count) FIELD(str, error)
#define HAULER_SEEN(FIELD) FIELD(uint64, count) FIELD(uint64, wrong) FIELD(uint64, in_parcels)
TRACTOR_RECORD(hauler_cargo, HAULER_LOAD);
TRACTOR_RECORD(hauler_did, HAULER_DID);
TRACTOR_RECORD(hauler_seen_reply, HAULER_SEEN);

#define HAULER_PROTOCOL(TELL, ASK)                                                           \
	TELL(hauler, load, HAULER_LOAD)                                                      \
	TELL(hauler, rest, HAULER_REST)                                                      \
	TELL(hauler, hoard, HAULER_NOTHING)	   /* has no fd left from now on */          \
	TELL(hauler, kill, HAULER_LOAD)		   /* dies of it */                          \
	TELL(hauler, tells_and_dies, HAULER_ORDER) /* the moment that all is told */         \
	TELL(hauler, kills, HAULER_ORDER)	   /* `to`, with a load */                   \
	ASK(hauler, tells, HAULER_ORDER, hauler_did)                                         \
	ASK(hauler, asks, HAULER_ORDER, hauler_did) /* echoes, in all ways that there are */ \
	ASK(hauler, echo, HAULER_LOAD, hauler_cargo)                                         \
	ASK(hauler, gives, HAULER_WISH, hauler_cargo)                                        \
	ASK(hauler, later, HAULER_LOAD, hauler_cargo)	/* the same, behind its handler */   \
	ASK(hauler, passes, HAULER_ORDER, hauler_cargo) /* `to` echoes it */                 \
	ASK(hauler, seen, HAULER_NOTHING, hauler_seen_reply)
TRACTOR_PROTOCOL(hauler, HAULER_PROTOCOL);

/* The eight bytes at that place of the load of that number. */
static inline uint64_t
hauler_word(uint64_t number, size_t at)
{
	return (number << 32 | at) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline void
hauler_fill(uint8_t *load, size_t size, uint64_t number)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		uint64_t word = hauler_word(number, at);
		memcpy(load + at, &word, size - at < sizeof(word) ? size - at : sizeof(word));
	}
}

static inline bool
hauler_is_right(struct tractor_bytes load, uint64_t number)
{
	for (size_t at = 0; at < load.size; at += sizeof(uint64_t)) {
		uint64_t word = hauler_word(number, at);
		if (memcmp(load.data + at, &word,
			    load.size - at < sizeof(word) ? load.size - at : sizeof(word)))
			return false;
	}
	return true;
}

#endif
