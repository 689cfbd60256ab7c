/*
 * backoff.h: how long to wait before the next restart of a child that keeps failing.
 */
#ifndef TRACTOR_SUPERVISOR_CORE_BACKOFF_H
#define TRACTOR_SUPERVISOR_CORE_BACKOFF_H

#include "spec.h"

/* One child's place in the series; all zeros is its beginning. */
struct backoff {
	double next_ns; /* the next delay before jitter; 0: the initial one */
};

/*
 * For what a host has refused: short enough for a moment's shortage; at the end so long that a tree of any size costs it one attempt in 5 s.
 */
extern const struct spec_backoff backoff_of_host;

/*
 * The next delay in nanoseconds, and a step further in the series: d = initial, initial * factor, ... up to max. The delay is random, uniform
 * between d * (1 - jitter) and the smaller of d * (1 + jitter) and max: never longer than max, and those that have come to
 * max are spread still. An initial delay of 0 means no delay, ever. `random` is the state of the generator.
 */
int64_t backoff_next_ns(struct backoff *backoff, const struct spec_backoff *spec, uint64_t *random);

/* Back to the initial delay, if the child has run for `ran_ns` and that is long enough. */
void backoff_ran(struct backoff *backoff, const struct spec_backoff *spec, int64_t ran_ns);

#endif
