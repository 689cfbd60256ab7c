/*
 * coalesce.h: leaving the lanes alone for a moment when all that they had was tells, so that there are several when they are looked at again. Each look takes the line of the cache with the sender's count away from the sender,
 * who has to get it back to publish the next one. Where two processors are far from each other either takes several times as long as a message does, and a receiver that keeps up with its sender slows both down. (What network
 * cards do, and call adaptive interrupt moderation.)
 *
 * Only while it pays; only where there is one sender, for where there are many they are slowed down by each other; and only where nobody waits: whoever was answered, or was sent something, may be about to answer, and is looked for at once.
 */
#ifndef TRACTOR_ACTOR_COALESCE_H
#define TRACTOR_ACTOR_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

#define TRI_COALESCE_LEAST_NS 64
#define TRI_COALESCE_MOST_NS \
	2000 /* some thirty messages' time: what a look costs is little to each of them then */

struct tri_coalesce {
	int64_t rest_ns;
	bool told;  /* tells were handled since the last rest */
	bool spoke; /* and something was sent, or answered */
};

static inline void
tri_coalesce_told(struct tri_coalesce *coalesce)
{
	coalesce->told = true;
}

static inline void
tri_coalesce_spoke(struct tri_coalesce *coalesce)
{
	coalesce->spoke = true;
}

/* Somebody waits for an answer. So does whoever asks behind tells, which a rest that was found to pay may have been for: it begins small again. */
static inline void
tri_coalesce_asked(struct tri_coalesce *coalesce)
{
	coalesce->spoke = true;
	coalesce->rest_ns = 0;
}

/* There is nothing to take: for how long there is no look; 0: look. */
static inline int64_t
tri_coalesce_ns(struct tri_coalesce *coalesce)
{
	bool rests = coalesce->told && !coalesce->spoke;

	coalesce->told = coalesce->spoke = false;
	if (!rests)
		return 0;
	return coalesce->rest_ns < TRI_COALESCE_LEAST_NS ? TRI_COALESCE_LEAST_NS : coalesce->rest_ns;
}

/* After such a rest: whether there was something. */
static inline void
tri_coalesce_looked(struct tri_coalesce *coalesce, int64_t rested_ns, bool found)
{
	int64_t next_ns = found ? 2 * rested_ns : rested_ns / 2;

	coalesce->rest_ns = next_ns < TRI_COALESCE_MOST_NS ? next_ns : TRI_COALESCE_MOST_NS;
}

#endif
