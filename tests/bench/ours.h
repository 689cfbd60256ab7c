/* ours.h: the protocol of the one actor that tractor is measured with. */
#ifndef TRACTOR_TESTS_BENCH_OURS_H
#define TRACTOR_TESTS_BENCH_OURS_H

#include <tractor/protocol.h>

#define SENDERS_MAX 8

TRACTOR_REF(bench);

/* 64 bytes, encoded. */
#define BENCH_BLOCK(FIELD)                             \
	FIELD(uint64, from) /* which of the senders */ \
	FIELD(uint64, b)                               \
	FIELD(uint64, c) FIELD(uint64, d) FIELD(uint64, e) FIELD(uint64, f) FIELD(uint64, g) FIELD(uint64, h)
TRACTOR_RECORD(bench_block, BENCH_BLOCK);

#define BENCH_TRIPS(FIELD)                                   \
	FIELD(bench_ref, to)                                 \
	FIELD(uint64, count)                                 \
	FIELD(uint64, pause_us)                              \
	FIELD(uint64, load_bytes) /* each way; 0: a block */ \
	FIELD(uint64, batch)	  /* trips in each of them */
#define BENCH_TIMES(FIELD) FIELD(list_double, trips_ns)
TRACTOR_RECORD(bench_times, BENCH_TIMES);

#define BENCH_LOAD(FIELD) FIELD(bytes, load)
TRACTOR_RECORD(bench_load, BENCH_LOAD);

#define BENCH_FLOOD(FIELD) FIELD(bench_ref, to) FIELD(uint64, from) FIELD(uint64, count)

#define BENCH_EXPECT(FIELD) FIELD(uint64, count)
#define BENCH_TALLY(FIELD)                                                            \
	FIELD(uint64, count)	   /* handled since it was told what to expect */     \
	FIELD(uint64, took_ns)	   /* from the first to the last of those expected */ \
	FIELD(list_uint64, shares) /* of each sender, when half of them had come */
TRACTOR_RECORD(bench_tally, BENCH_TALLY);
#define BENCH_NOTHING(FIELD)

#define BENCH_PROTOCOL(TELL, ASK)                                                                \
	ASK(bench, echo, BENCH_BLOCK, bench_block)  /* the same again */                         \
	ASK(bench, haul, BENCH_LOAD, bench_load)    /* the same again */                         \
	ASK(bench, trips, BENCH_TRIPS, bench_times) /* asks somebody for echoes, and times it */ \
	TELL(bench, item, BENCH_BLOCK)                                                           \
	TELL(bench, flood, BENCH_FLOOD) /* tells somebody items, without a pause */              \
	ASK(bench, expect, BENCH_EXPECT, tractor_none)                                           \
	ASK(bench, count, BENCH_NOTHING, bench_tally) /* once what is expected has come */
TRACTOR_MESSAGES(bench, BENCH_PROTOCOL);

#endif
