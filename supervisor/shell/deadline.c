/*
 * deadline.c: handlers that take too long. Armed when something is delivered; what is judged is the black box: since when the actor has been busy. The ladder is SIGABRT, so that
 * its stack is captured; SIGCONT, for a stopped process keeps SIGABRT pending; SIGKILL.
 */
#include <stdatomic.h>

#include "shell.h"

#define ABORT_GRACE_NS (500 * SPEC_MILLISECOND) /* for the capture, which takes one or two ms */
#define CONTINUE_GRACE_NS (500 * SPEC_MILLISECOND)

static void
arm(struct slot *slot, int64_t at_ns)
{
	slot->seen_progress = atomic_load(&slot->box->progress) + atomic_load(&slot->box->handled);
	loop_arm(&slot->runtime->loop, &slot->handler, at_ns);
}

void
deadline_delivered(struct slot *slot)
{
	int64_t limit_ns = slot->node->spec->handler_timeout_ns;

	if (limit_ns > 0 && slot->box && !timer_armed(&slot->handler.timer))
		arm(slot, slot->runtime->loop.now_ns + limit_ns);
}

/* Since when it has been at one thing; 0: it isn't. One that has messages before it and doesn't come round, without being in a handler, was stopped. */
static bool
is_overdue(struct slot *slot, int64_t now_ns, int64_t limit_ns, int64_t *ret_look_again_ns)
{
	int64_t since_ns = (int64_t)atomic_load(&slot->box->busy_since_ns);
	uint64_t progress = atomic_load(&slot->box->progress) + atomic_load(&slot->box->handled);
	struct router_counts counts = { .delivered = 0 };

	/* While we were stopped it may have been, too: its time begins anew. */
	if (since_ns > 0 && since_ns < slot->runtime->resumed_ns)
		since_ns = slot->runtime->resumed_ns;
	router_counts(slot->runtime->router, slot->node->id, &counts);
	*ret_look_again_ns = since_ns > 0	    ? since_ns + limit_ns
			     : counts.delivered > 0 ? now_ns + limit_ns
						    : 0;
	return since_ns > 0 ? now_ns - since_ns >= limit_ns
			    : counts.delivered > 0 && progress == slot->seen_progress;
}

static void
climb(struct slot *slot)
{
	struct loop *loop = &slot->runtime->loop;

	switch (slot->ladder) {
	case LADDER_NONE:
		slot->ladder = LADDER_ABORTED;
		events_note(slot->runtime, "overdue", slot->node->path, slot->incarnation,
			"a handler ran longer than %lld ms",
			(long long)(slot->node->spec->handler_timeout_ns / SPEC_MILLISECOND));
		slot_signal(slot, SIGABRT);
		loop_arm(loop, &slot->handler, loop->now_ns + ABORT_GRACE_NS);
		break;
	case LADDER_ABORTED:
		slot->ladder = LADDER_CONTINUED;
		slot_signal(slot, SIGCONT);
		loop_arm(loop, &slot->handler, loop->now_ns + CONTINUE_GRACE_NS);
		break;
	case LADDER_CONTINUED:
	case LADDER_KILLED:
		slot->ladder = LADDER_KILLED;
		slot_signal(slot, SIGKILL);
		break;
	}
}

void
deadline_due(void *arg)
{
	struct slot *slot = arg;
	int64_t look_again_ns = 0;

	if (slot->dead || !slot->box)
		return;
	if (slot->ladder != LADDER_NONE || is_overdue(slot, slot->runtime->loop.now_ns,
						   slot->node->spec->handler_timeout_ns, &look_again_ns))
		climb(slot);
	else if (look_again_ns > 0)
		arm(slot, look_again_ns);
}
