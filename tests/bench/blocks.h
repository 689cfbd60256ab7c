/* blocks.h: blocks there and back, and one way, by whatever carries them from one process to another. */
#ifndef TRACTOR_TESTS_BENCH_BLOCKS_H
#define TRACTOR_TESTS_BENCH_BLOCKS_H

#include "samples.h"

/* One end. Each sends or receives BLOCK_BYTES, and fails if it can't. */
struct blocks {
	void (*send)(void *socket, const void *block);
	void (*receive)(void *socket, void *block);
	void *socket;
};

/* Round trips, and as many blocks one way as there are, with a process that has the end that `dial` opens; what is measured has the one of `listen`, which may come to be there later. */
void blocks_take_trips(const struct plan *plan, struct blocks (*dial)(void), struct blocks (*listen)(void));
void blocks_take_oneway(const struct plan *plan, struct blocks (*dial)(void), struct blocks (*listen)(void));

#endif
