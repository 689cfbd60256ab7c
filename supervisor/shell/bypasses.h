/* bypasses.h: lanes between two actors, past us. */
#ifndef TRACTOR_SUPERVISOR_SHELL_BYPASSES_H
#define TRACTOR_SUPERVISOR_SHELL_BYPASSES_H

#include <stdbool.h>
#include <stdint.h>

struct router_counts;
struct slot;
struct tractor_runtime;
struct tri_frame;

struct bypass; /* one of them */

#define BYPASS_TALLIES 8

/* How much an actor sends to another by us. */
struct bypass_tally {
	uint64_t target;
	unsigned count;
	unsigned others; /* messages since the last of these, to those that would have the same tally */
};

/* How many messages are worth one: TRACTOR_LANES=eager, one, so that whatever holds can be seen to hold with them. */
void bypass_begin(struct tractor_runtime *runtime);
/* It sends that to another actor: lays a bypass between the two if that is worth it. */
void bypass_note(struct slot *slot, const struct tri_frame *frame);
/* Nobody sends to it past us any more. */
void bypass_close_to(struct slot *slot);
/* Its process is dead: what others had sent to it past us, and it had not handled, is the router's; before router_down(). */
void bypass_end(struct slot *slot);
/* The process is done with the bypass of that number, or wants none at all. */
void bypass_ended(struct slot *slot, uint64_t number, bool wants_none);
/* It has sent all that it had for another by us, and wants to hear when that is handled. */
void bypass_mark(struct slot *slot, const struct tri_frame *frame);
/* That word is with the other now. */
void bypass_marked(struct slot *slot, uint64_t number);
/* The process will answer by us what it was asked by a bypass. */
void bypass_owes(struct slot *slot, const struct tri_frame *frame);
/* Adds what is past us to what the router knows: in part the processes' own word. */
void bypass_count(const struct slot *slot, struct router_counts *counts);
/* For whom it waits past us; 0: nobody. The process's own word. */
uint64_t bypass_awaits(const struct slot *slot);
/* It begins to wait, by us: who would ask it does so by us from now on, so that a circle is seen; before the router is told. And it may wait no more. */
void bypass_waits(struct slot *slot);
void bypass_waits_no_more(struct slot *slot);

#endif
