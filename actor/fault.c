/*
 * fault.c: injected faults. They are carried out by the actor itself, before a handler or between two, so that they are as real as a bug of its own: the null pointer is
 * dereferenced, the loop is endless. Nothing is done unless the supervisor says so.
 */
#include <string.h>
#include <unistd.h>

#include "actor_process.h"
#include "codec.h"

/* A sanitizer would report it in its own way before it happens. */
__attribute__((no_sanitize("undefined", "address"))) static void
crash(void)
{
	volatile int *volatile nowhere = NULL; /* both, or the optimizer has the store away */

	*nowhere = 1; /* the fault that was asked for */
}

static void
hang(void)
{
	for (volatile unsigned turns = 0;; turns++)
		;
}

static void
carry_out(struct tri_actor *actor)
{
	const char *name = actor->fault_name;
	bool in_hand = actor->ctx.hand != NULL;
	int number = actor->fault.number;

	actor->fault.fault = NULL;
	/* Between messages it counts as a handler of its own, so that it is a panic and has a deadline. */
	if (!in_hand) {
		tri_actor_phase(actor, TRI_PHASE_HANDLING);
		actor->box->busy_since_ns = tri_now_ns();
	}
	if (strcmp(name, "segv") == 0)
		crash();
	else if (strcmp(name, "abort") == 0)
		abort();
	else if (strcmp(name, "exit") == 0)
		exit(number);
	else if (strcmp(name, "hang") == 0)
		hang();
}

void
tri_fault_planned(struct tri_actor *actor, const struct tri_packet *packet)
{
	struct tri_inject inject;

	if (tri_decode(&tri_record_tri_inject, packet->payload, packet->frame.payload_bytes,
		    &actor->hook_arena, &inject) != TRACTOR_OK)
		return;
	strncpy(actor->fault_name, inject.fault, sizeof(actor->fault_name) - 1);
	actor->fault = inject;
	actor->fault.fault = actor->fault_name;
	actor->fault_countdown = inject.count;
	if (inject.message == 0)
		carry_out(actor);
}

void
tri_fault_before(struct tri_actor *actor, uint64_t message)
{
	if (!actor->fault.fault || actor->fault.message != message)
		return;
	if (actor->fault_countdown > 1)
		actor->fault_countdown--;
	else
		carry_out(actor);
}
