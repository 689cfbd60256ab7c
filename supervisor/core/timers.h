/*
 * timers.h: a queue of deadlines, for anything that has some: a binary heap of timers that live inside their owners' structs.
 *
 * It reads no clock: times are int64_t nanoseconds on whatever clock the caller uses throughout. All operations but
 * timers_reserve() take O(log n) or less, never allocate and never fail; timers with the same time come out in the order
 * in which they were armed.
 */
#ifndef TRACTOR_SUPERVISOR_CORE_TIMERS_H
#define TRACTOR_SUPERVISOR_CORE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

/*
 * One deadline, embedded in what it is for; all zeros is a timer that is not armed. Its owner must cancel it before the memory
 * goes away. From the pointer that timers_due() gives, TIMER_OWNER() leads back.
 */
struct timer {
	int64_t due_ns; /* valid while armed */
	size_t index;	/* the queue's own: place in the heap, counted from 1; 0: not armed */
	uint64_t order; /* the queue's own: tells equal times apart */
};

/* The struct of type `type` in which `pointer` is the member `member`. */
#define TIMER_OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

struct timers {
	struct timer **heap;
	size_t count;	 /* armed */
	size_t reserved; /* may be armed */
	size_t capacity;
	uint64_t next_order;
};

/* An empty queue; all zeros is one too. */
void timers_init(struct timers *timers);

/*
 * Makes room for `more` timers beside those that were reserved before, so that arming them can't fail: each owner reserves for its
 * own when it is made, and gives the room back (a negative number, which never fails) when they end.
 * TRACTOR_ENOMEM leaves the queue as it was.
 */
tractor_err timers_reserve(struct timers *timers, ptrdiff_t more);

/* Frees the queue's memory, not the timers; those that are still armed must not be used with it again. */
void timers_free(struct timers *timers);

/* Arms the timer for `due_ns`, or moves it there if it is armed already. More timers than were reserved are a bug. */
void timers_arm(struct timers *timers, struct timer *timer, int64_t due_ns);

/* Disarms the timer; one that is not armed is fine. */
void timers_cancel(struct timers *timers, struct timer *timer);

/* True from timers_arm() until it is cancelled or popped. */
bool timer_armed(const struct timer *timer);

/* Takes out the earliest timer, which is then no longer armed, if it is due at `now_ns` or before. NULL: none is. */
struct timer *timers_due(struct timers *timers, int64_t now_ns);

/* Moves every armed timer by `by_ns`: time that the whole process lost, and that must not be held against anybody. O(n). */
void timers_shift(struct timers *timers, int64_t by_ns);

/* When the earliest timer is due; INT64_MAX: none is armed. */
static inline int64_t
timers_next_ns(const struct timers *timers)
{
	return timers->count == 0 ? INT64_MAX : timers->heap[0]->due_ns;
}

#endif
