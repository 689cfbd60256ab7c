/*
 * spin.h: whether to look for news for a moment before sleeping. A wake-up costs tens of microseconds on both sides; an answer is often there in one. So it is tried, and tried the less the
 * less it pays: after each miss in a row twice as many waits go to sleep at once, so one who waits for rare things hardly ever spins.
 *
 * Meanwhile the other side may need our processor, so we yield it now and then. Where that isn't good (yield.h) there is no look for longer than an answer takes that is under way.
 */
#ifndef TRACTOR_ACTOR_SPIN_H
#define TRACTOR_ACTOR_SPIN_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "yield.h"

#define TRI_SPIN_NS \
	60000 /* about what two wake-ups take: one that sleeps can be told, and answer, while we look */
#define TRI_SPIN_LOOKS 64 /* between two looks at the clock */
#define TRI_SPIN_YIELD_NS \
	2000 /* longer than the other side takes if it has a processor; else it may have ours */
#define TRI_SPIN_MISSES_MAX 10
struct tri_spin {
	bool never;	 /* there is one processor only: the other side runs when we don't */
	unsigned misses; /* in a row */
	unsigned skip;	 /* as many waits will not be tried */
	bool rang;	 /* somebody who slept, and who may be waiting for this processor now */
	struct tri_yield yield;
};

static inline void
tri_spin_begin(struct tri_spin *spin)
{
	cpu_set_t allowed;

	*spin = (struct tri_spin){ .never = sched_getaffinity(0, sizeof(allowed), &allowed) == 0 &&
					    CPU_COUNT(&allowed) == 1,
		.yield.moment_ns = TRI_SPIN_NS };
}

/* Whether it has lately paid. */
static inline bool
tri_spin_pays(const struct tri_spin *spin)
{
	return !spin->never && spin->skip == 0;
}

/* For how long this wait may look, ns; 0: not at all. */
static inline int64_t
tri_spin_ns(struct tri_spin *spin)
{
	if (spin->never)
		return 0;
	if (spin->skip > 0) {
		spin->skip--;
		return 0;
	}
	return TRI_SPIN_NS;
}

/* How a wait that looked went. */
static inline void
tri_spin_looked(struct tri_spin *spin, bool found)
{
	if (found) {
		spin->misses = 0;
		return;
	}
	if (spin->misses < TRI_SPIN_MISSES_MAX)
		spin->misses++;
	spin->skip = 1u << spin->misses;
}

/* A wait that slept took that long: had it looked it might have found something. */
static inline void
tri_spin_slept(struct tri_spin *spin, int64_t took_ns)
{
	if (took_ns < TRI_SPIN_NS)
		spin->skip /= 2;
}

static inline void
tri_spin_rang(struct tri_spin *spin)
{
	spin->rang = true;
}

/*
 * Before a wait: whoever was rung goes first. The kernel wakes it on the processor of who rang, as long as it thinks that this one will sleep now; so it may have answered when we come back, and nobody need wake us.
 */
static inline void
tri_spin_give_way(struct tri_spin *spin)
{
	bool rang = spin->rang;

	spin->rang = false;
	if (rang && spin->skip == 0)
		tri_yield(&spin->yield, tri_now_ns());
}

/* Between two looks, after so many ns of looking: at first there is none, for a pause is as long as half the way of what comes. */
static inline void
tri_spin_pause(int64_t looked_ns)
{
	if (looked_ns == 0)
		return;
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
