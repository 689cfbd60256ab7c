/*
 * yield.h: letting others have the processor for a moment, as long as it is for a moment. Where a stranger computes it is he who has it then, for some ms, for who yields is taken to want no more of its share (by Linux 6.18 what is
 * left of its slice is gone; before, it came behind all others; who sleeps keeps it). So who was away for longer stays for so much longer that no more than a 256th of its time goes that way.
 */
#ifndef TRACTOR_ACTOR_YIELD_H
#define TRACTOR_ACTOR_YIELD_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "blackbox.h"

#define TRI_YIELD_SHARE 256

struct tri_yield {
	uint64_t moment_ns; /* how long that is, here */
	uint64_t pause_ns;  /* between two moments */
	uint64_t from_ns;   /* when it may be done again */
};

/* It is `now_ns`. False: it is not done. */
static inline bool
tri_yield(struct tri_yield *yield, uint64_t now_ns)
{
	if (now_ns < yield->from_ns)
		return false;
	sched_yield();
	uint64_t back_ns = tri_now_ns(), took_ns = back_ns - now_ns;
	yield->from_ns =
		back_ns + (took_ns <= yield->moment_ns ? yield->pause_ns : took_ns * TRI_YIELD_SHARE);
	return true;
}

#endif
