/*
 * bypasses_private.h: what the files of the bypasses share:
 *
 *   bypasses.c     when one is laid, marked, closed and removed
 *   bypassleft.c   what a dead receiver leaves in one, what it owes, and how much waits
 *   bypasswaits.c  who waits for whom past us, so that no circle of asks is closed unseen
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_BYPASSES_PRIVATE_H
#define TRACTOR_SUPERVISOR_SHELL_BYPASSES_PRIVATE_H

#include "bypass.h"
#include "runtime.h"
#include "slot.h"

#define BYPASSES_MAX 32 /* of an actor, each way: each costs either end an fd */

struct bypass {
	struct bypass *next_out, *next_in; /* of `from`, of `to` */
	struct slot *from, *to;		   /* `from` NULL: it is dead, and the receiver takes what it left */
	uint64_t sender;		   /* the id of `from` */
	uint32_t incarnation;		   /* of `from` */
	uint64_t number;
	bool closed;
	bool circle;   /* asks by it might go in one */
	bool has_mark; /* one is on its way */
	struct tri_bypass_from *sends;
	struct tri_bypass_to *receives;
};

/* bypasses.c */
/* Its sender is dead. */
void bypass_strike_out(struct bypass *bypass);
/* Nothing more is sent by it; the receiver takes what is there, and says when it has. */
void bypass_close(struct bypass *bypass);
void bypass_remove(struct bypass *bypass);

/* bypasswaits.c */
/* By its own word; `slot` NULL: nobody does. */
bool bypass_waits_past_us(const struct slot *slot, const struct slot *whom);

#endif
