/*
 * rung.h: who of a tree is waited for and has not come yet, so that those who compute without a pause give way to it: who was rung; and who is asked or answered while it is awake, and may yet have no processor, as its peer
 * notes before it sleeps. The kernel mostly runs one who wakes in the place of one who computes, at once. Where it doesn't, it looks again at its next tick, some ms later: thousands of messages' time, and mostly nobody but
 * the tree's own actors is in the way. So they look here, between two messages.
 *
 * One line of the cache for a whole tree, which all its processes write. It is a hint and nothing else: whatever is written there, at worst somebody waits for a tick as before, or yields now and then for nothing.
 */
#ifndef TRACTOR_ACTOR_RUNG_H
#define TRACTOR_ACTOR_RUNG_H

#include <stdatomic.h>
#include <stdint.h>

#include "yield.h"

#define TRI_RUNG_PLACES 7
#define TRI_RUNG_WHO_MAX 4095 /* a note's lowest bits say who; the rest, since when: to 4 us */
#define TRI_RUNG_SUPERVISOR 0 /* who it is */
#define TRI_RUNG_PATIENCE_NS \
	10000 /* who is waited for is given so long to come by itself: about what a wake-up takes where there is a processor for it */
#define TRI_RUNG_MOMENT_NS \
	1000000 /* who is late may have us wait for so long; what takes longer is no handler of most actors, but a stranger's time slice */
#define TRI_RUNG_AHEAD_NS 1000000 /* a note may be later than the clock was when we looked there */
#define TRI_RUNG_LOOKS \
	8 /* calls, to each look of who doesn't sleep: it costs half of what a small message does */
#define TRI_RUNG_STALE_NS \
	10000000 /* who has not come then was killed, or stopped, or computes, or there is no processor for it that we could give */

struct tri_rung {
	_Alignas(64) _Atomic uint64_t any;	 /* of these is not 0, or was when somebody looked last */
	_Atomic uint64_t notes[TRI_RUNG_PLACES]; /* CLOCK_MONOTONIC in ns, and who; 0: nobody */
};

/* One's view of it. */
struct tri_rung_end {
	struct tri_rung *rung; /* NULL: there is none, and nothing is done */
	unsigned who;
	unsigned calls;
	struct tri_yield yield;
};

/* The memory is `rung`, which may be NULL, and then nothing is done. `who`: 0 to TRI_RUNG_WHO_MAX; where two are the same one of them may be helped less. */
void tri_rung_begin(struct tri_rung_end *end, struct tri_rung *rung, unsigned who);
/* The same with the memory behind `fd`, or none where that can't be had. */
void tri_rung_open(struct tri_rung_end *end, int fd, unsigned who);
void tri_rung_close(struct tri_rung_end *end);

/* Before somebody is rung who may be in a hurry; or where it need not be rung, and somebody sleeps until it comes. */
void tri_rung_note(const struct tri_rung_end *end, unsigned who);

void tri_rung_look(struct tri_rung_end *end);
void tri_rung_take_back(const struct tri_rung_end *end);

/* To be called by who has slept: nobody needs to wait for us any more, but we may be in somebody's way. */
static inline void
tri_rung_here(struct tri_rung_end *end)
{
	if (end->rung && atomic_load_explicit(&end->rung->any, memory_order_relaxed) != 0)
		tri_rung_look(end);
}

/* Nobody needs to wait for us any more; who waits for others is none of our business now. */
static inline void
tri_rung_came(const struct tri_rung_end *end)
{
	if (end->rung && atomic_load_explicit(&end->rung->any, memory_order_relaxed) != 0)
		tri_rung_take_back(end);
}

/* To be called often by who may have been busy for long: somebody else may need the processor more. */
static inline void
tri_rung_give_way(struct tri_rung_end *end)
{
	if (!end->rung || atomic_load_explicit(&end->rung->any, memory_order_relaxed) == 0)
		return;
	tri_rung_take_back(end);
	if (++end->calls % TRI_RUNG_LOOKS == 0)
		tri_rung_look(end);
}

#endif
