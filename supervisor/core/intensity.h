/*
 * intensity.h: how many restarts a supervisor has behind it in its sliding window, and whether one more is one too many.
 */
#ifndef TRACTOR_SUPERVISOR_CORE_INTENSITY_H
#define TRACTOR_SUPERVISOR_CORE_INTENSITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

/* A ring of the times of the newest restarts, oldest first. */
struct intensity {
	int64_t *
		times; /* owned; limit + 1 of them: what decides is whether the one too many is inside the window */
	size_t capacity;
	size_t first;
	size_t count;
	unsigned limit;
	int64_t period_ns;
};

/* An empty window for `limit` restarts in `period_ns`. All the memory that it will ever need is allocated here: TRACTOR_ENOMEM. */
tractor_err intensity_init(struct intensity *intensity, unsigned limit, int64_t period_ns);
void intensity_free(struct intensity *intensity);

/* Forgets all restarts: a supervisor that starts anew begins with an empty list. */
void intensity_clear(struct intensity *intensity);

/* Counts a restart at `now_ns`, which must not be before the last one. False: that was one too many, give up. */
bool intensity_add(struct intensity *intensity, int64_t now_ns);

/*
 * Takes the restarts of `from` over into `to`, an empty window of another size: those that it has room for, the newest. Also those that are outside of its period:
 * as in OTP's code_change they are dropped with the next restart only, and by the period that holds then.
 */
void intensity_carry(const struct intensity *from, struct intensity *to);

/* How many restarts are inside the window that ends at `now_ns`. */
unsigned intensity_count(const struct intensity *intensity, int64_t now_ns);

#endif
