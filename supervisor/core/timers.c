/*
 * timers.c: owns the heap of armed timers and each timer's place in it. The textbook's binary heap (Williams 1964, Knuth 5.2.3),
 * with the place written back into the timer so that cancelling need not search.
 *
 * It knows no clock and no owner. What goes wrong: memory, in timers_reserve() only. Arming beyond the reservation is a bug
 * of the caller and asserted.
 */
#include "timers.h"

#include <stdlib.h>

#include "assert.h"

static const size_t capacity_least = 16;

void
timers_init(struct timers *timers)
{
	*timers = (struct timers){ 0 };
}

/* At least doubled, so that many small reservations stay cheap. */
static tractor_err
grow(struct timers *timers, size_t wanted)
{
	size_t capacity = timers->capacity == 0 ? capacity_least : 2 * timers->capacity;

	if (capacity < wanted)
		capacity = wanted;
	struct timer **heap = reallocarray(timers->heap, capacity, sizeof(*heap));
	if (heap == NULL)
		return TRACTOR_ENOMEM;
	timers->heap = heap;
	timers->capacity = capacity;
	return TRACTOR_OK;
}

tractor_err
timers_reserve(struct timers *timers, ptrdiff_t more)
{
	tri_assert(more >= 0 || timers->reserved >= (size_t)-more);
	size_t wanted = timers->reserved + (size_t)more;

	if (wanted > timers->capacity && grow(timers, wanted) != TRACTOR_OK)
		return TRACTOR_ENOMEM;
	timers->reserved = wanted;
	return TRACTOR_OK;
}

void
timers_free(struct timers *timers)
{
	if (timers == NULL)
		return;
	free(timers->heap);
	timers_init(timers);
}

static bool
before(const struct timer *a, const struct timer *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

/* Places count from 1: the children of place i are 2i and 2i + 1. */
static void
put(struct timers *timers, size_t place, struct timer *timer)
{
	timers->heap[place - 1] = timer;
	timer->index = place;
}

/* Puts the timer at `place` or above it, moving later ones down. */
static void
sift_up(struct timers *timers, size_t place, struct timer *timer)
{
	while (place > 1 && before(timer, timers->heap[place / 2 - 1])) {
		put(timers, place, timers->heap[place / 2 - 1]);
		place /= 2;
	}
	put(timers, place, timer);
}

/* Puts the timer at `place` or below it, moving earlier ones up. */
static void
sift_down(struct timers *timers, size_t place, struct timer *timer)
{
	for (size_t below; (below = 2 * place) <= timers->count; place = below) {
		if (below < timers->count && before(timers->heap[below], timers->heap[below - 1]))
			below++;
		if (!before(timers->heap[below - 1], timer))
			break;
		put(timers, place, timers->heap[below - 1]);
	}
	put(timers, place, timer);
}

/* Puts the timer where it belongs, beginning at `place`, which is free. */
static void
settle(struct timers *timers, size_t place, struct timer *timer)
{
	if (place > 1 && before(timer, timers->heap[place / 2 - 1]))
		sift_up(timers, place, timer);
	else
		sift_down(timers, place, timer);
}

void
timers_arm(struct timers *timers, struct timer *timer, int64_t due_ns)
{
	timer->due_ns = due_ns;
	timer->order = timers->next_order++;
	if (timer->index == 0) {
		tri_assert(timers->count < timers->reserved);
		sift_up(timers, ++timers->count, timer);
	} else {
		settle(timers, timer->index, timer);
	}
}

void
timers_cancel(struct timers *timers, struct timer *timer)
{
	size_t place = timer->index;

	if (place == 0)
		return;
	tri_assert(place <= timers->count && timers->heap[place - 1] == timer);
	timer->index = 0;
	struct timer *last = timers->heap[--timers->count];
	if (last != timer)
		settle(timers, place, last);
}

bool
timer_armed(const struct timer *timer)
{
	return timer->index != 0;
}

struct timer *
timers_due(struct timers *timers, int64_t now_ns)
{
	if (timers->count == 0 || timers->heap[0]->due_ns > now_ns)
		return NULL;
	struct timer *timer = timers->heap[0];
	timers_cancel(timers, timer);
	return timer;
}

void
timers_shift(struct timers *timers, int64_t by_ns)
{
	/* All by the same amount: their order stays. */
	for (size_t i = 0; i < timers->count; i++)
		timers->heap[i]->due_ns += by_ns;
}
