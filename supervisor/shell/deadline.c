/*
 * deadline.c: handlers that take too long. Armed when something is delivered; what is judged is the black box: since when the actor has been busy. The ladder is SIGABRT, so that
 * its stack is captured; SIGCONT, for a stopped process keeps SIGABRT pending; SIGKILL.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

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

/* Stopped, by SIGSTOP or a debugger; what can't be read is running. */
static bool
is_stopped(pid_t pid)
{
	char path[32], text[512] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (procfile_read(path, text, sizeof(text)) <= 0)
		return false;
	const char *end = strrchr(text, ')'); /* the name before it may be anything */
	return end && (end[1] == ' ') && (end[2] == 'T' || end[2] == 't');
}

/* The black box's word for since when it is at one thing, as far as it can be believed; 0: at nothing. */
static int64_t
busy_since_ns(const struct slot *slot, int64_t now_ns)
{
	uint64_t since_ns = atomic_load(&slot->box->busy_since_ns);
	int64_t believed_ns = since_ns > (uint64_t)now_ns ? now_ns : (int64_t)since_ns;

	/* While we were stopped it may have been, too: its time begins anew. */
	return believed_ns > 0 && believed_ns < slot->runtime->resumed_ns ? slot->runtime->resumed_ns
									  : believed_ns;
}

/*
 * Whether it has been at one thing for too long. One that has messages before it and is in no handler is fine, however long it takes (its step may wait for something else), unless it
 * doesn't come round because it was stopped.
 */
static bool
is_overdue(struct slot *slot, int64_t now_ns, int64_t limit_ns, int64_t *ret_look_again_ns)
{
	int64_t since_ns = busy_since_ns(slot, now_ns);
	uint64_t progress = atomic_load(&slot->box->progress) + atomic_load(&slot->box->handled);
	struct router_counts counts = { .delivered = 0 };

	router_counts(slot->runtime->router, slot->node->id, &counts);
	*ret_look_again_ns = since_ns > 0	    ? since_ns + limit_ns
			     : counts.delivered > 0 ? now_ns + limit_ns
						    : 0;
	if (since_ns > 0)
		return now_ns - since_ns >= limit_ns;
	return counts.delivered > 0 && progress == slot->seen_progress && is_stopped(slot->pid);
}

/* When it is due under the new limit, which may have been long ago. Who is being ended under the old one goes on with that. */
void
deadline_changed(struct slot *slot)
{
	int64_t limit_ns = slot->node->spec->handler_timeout_ns, due_ns = 0;

	if (slot->ladder != LADDER_NONE || slot->dead || !slot->box)
		return;
	loop_disarm(&slot->runtime->loop, &slot->handler);
	if (limit_ns > 0)
		is_overdue(slot, slot->runtime->loop.now_ns, limit_ns, &due_ns);
	if (due_ns > 0)
		arm(slot, due_ns);
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
