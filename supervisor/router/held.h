/*
 * held.h: a payload that is held and not copied, in memory that nobody can change any more. Where that is, and how it comes to a process, is the shell's affair; here is only who has it: whoever keeps one holds it, and
 * the last that lets go of it ends it.
 */
#ifndef TRACTOR_SUPERVISOR_ROUTER_HELD_H
#define TRACTOR_SUPERVISOR_ROUTER_HELD_H

#include <stddef.h>
#include <stdint.h>

struct parcel {
	unsigned holders;
	const uint8_t *bytes;
	size_t size;
	void (*end)(struct parcel *parcel); /* frees it */
};

/* The same parcel; NULL is fine for both. */
static inline struct parcel *
parcel_hold(struct parcel *parcel)
{
	if (parcel != NULL)
		parcel->holders++;
	return parcel;
}

static inline void
parcel_let_go(struct parcel *parcel)
{
	if (parcel != NULL && --parcel->holders == 0)
		parcel->end(parcel);
}

#endif
