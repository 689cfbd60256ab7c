/*
 * deadline.c: handlers that take too long, by the clock on the wall or by the process's CPU time (all its threads'). Armed when something is delivered; what is judged is the black box:
 * since when the actor has been busy. That is gossip, but the worst it can do is to spare the process itself. The ladder is SIGABRT, so that its stack is captured; SIGCONT, for a stopped
 * process keeps SIGABRT pending; SIGKILL.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "runtime.h"
#include "slot.h"
#include "sys.h"

#define ABORT_GRACE_NS (500 * SPEC_MILLISECOND) /* for the capture, which takes one or two ms */
#define CONTINUE_GRACE_NS (500 * SPEC_MILLISECOND)

static void
arm(struct slot *slot, int64_t at_ns)
{
	slot->seen_progress = atomic_load(&slot->box->progress) + atomic_load(&slot->box->handled);
	loop_arm(&slot->runtime->loop, &slot->handler, at_ns);
}

/* True while the supervisor has given it messages that are not done. */
static bool
has_work(const struct slot *slot)
{
	struct router_counts counts = { .delivered = 0 };

	router_counts(slot->runtime->router, slot->node->id, &counts);
	return counts.delivered > 0;
}

/* --- the ladder --- */

static void
climb(struct slot *slot)
{
	struct loop *loop = &slot->runtime->loop;

	switch (slot->ladder) {
	case LADDER_NONE:
		slot->ladder = LADDER_ABORTED;
		events_note(
			slot->runtime, "overdue", slot->node->path, slot->incarnation, "%s", slot->overrun);
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

/* --- by the CPU: only where a limit is set is there anything to it --- */

/* What the process has used of the CPU; false: it can't be read, which is said once. */
static bool
read_cpu(struct slot *slot, int64_t *ret_cpu_ns)
{
	struct timespec used;

	if (sys.cpu_time(slot->pid, &used) == 0) {
		*ret_cpu_ns = used.tv_sec * SPEC_SECOND + used.tv_nsec;
		return true;
	}
	slot->cpu_mark.unknown = true;
	events_note(slot->runtime, "no_cpu_time", slot->node->path, slot->incarnation,
		"handler_cpu_timeout has no effect: its CPU time cannot be read: %s", strerror(errno));
	return false;
}

/*
 * How much of the CPU the process has used in what it is at, as far as that is certain; 0: it is at nothing. Of what began since we looked last it is known when it began, and that
 * one thread can't have used more than all the time until then for something else: the rest was this.
 */
static int64_t
used_ns(struct slot *slot)
{
	struct cpu_mark *mark = &slot->cpu_mark;
	uint64_t thing_ns = atomic_load(&slot->box->busy_since_ns);
	int64_t cpu_ns;

	if (!read_cpu(slot, &cpu_ns))
		return 0;
	if (thing_ns != mark->thing_ns) {
		int64_t idle_ns =
			(int64_t)thing_ns > mark->looked_ns ? (int64_t)thing_ns - mark->looked_ns : 0;
		int64_t most_ns = mark->looked_ns > 0 ? mark->used_cpu_ns + idle_ns : cpu_ns;
		mark->began_cpu_ns = most_ns < cpu_ns ? most_ns : cpu_ns;
		mark->thing_ns = thing_ns;
	}
	mark->looked_ns = slot->runtime->loop.now_ns;
	mark->used_cpu_ns = cpu_ns;
	/* It may have come to an end between the two looks. */
	bool is_same = thing_ns != 0 && atomic_load(&slot->box->busy_since_ns) == thing_ns;
	return is_same ? cpu_ns - mark->began_cpu_ns : 0;
}

/* Looks, and again when what is left can have been used up: by one thread no sooner. */
static void
watch_cpu(struct slot *slot, int64_t limit_ns)
{
	struct loop *loop = &slot->runtime->loop;
	int64_t cpu_ns = used_ns(slot);

	if (slot->cpu_mark.unknown)
		return;
	if (cpu_ns < limit_ns) {
		loop_arm(loop, &slot->cpu, loop->now_ns + limit_ns - cpu_ns);
		return;
	}
	snprintf(slot->overrun, sizeof(slot->overrun),
		"a handler used %lld ms of CPU time, more than %lld ms (handler_cpu_timeout)",
		(long long)(cpu_ns / SPEC_MILLISECOND), (long long)(limit_ns / SPEC_MILLISECOND));
	slot->overran_cpu = true;
	climb(slot);
}

void
deadline_cpu_due(void *arg)
{
	struct slot *slot = arg;

	if (slot->dead || !slot->box || slot->ladder != LADDER_NONE || slot->cpu_mark.unknown)
		return;
	if (atomic_load(&slot->box->busy_since_ns) != 0 || has_work(slot))
		watch_cpu(slot, slot->node->spec->handler_cpu_timeout_ns);
}

/* At the first message after a rest, and when another thing is in hand than at the last look: the sooner after its beginning, the better it is known. */
static void
delivered_cpu(struct slot *slot, int64_t limit_ns)
{
	if (slot->dead || slot->ladder != LADDER_NONE || slot->cpu_mark.unknown)
		return;
	if (!timer_armed(&slot->cpu.timer) ||
		atomic_load(&slot->box->busy_since_ns) != slot->cpu_mark.thing_ns)
		watch_cpu(slot, limit_ns);
}

/* --- by the clock on the wall --- */

void
deadline_delivered(struct slot *slot)
{
	const struct spec *spec = slot->node->spec;

	if (!slot->box)
		return;
	if (spec->handler_timeout_ns > 0 && !timer_armed(&slot->handler.timer))
		arm(slot, slot->runtime->loop.now_ns + spec->handler_timeout_ns);
	if (spec->handler_cpu_timeout_ns > 0)
		delivered_cpu(slot, spec->handler_cpu_timeout_ns);
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
	bool has_more = has_work(slot);

	*ret_look_again_ns = since_ns > 0 ? since_ns + limit_ns : has_more ? now_ns + limit_ns : 0;
	if (since_ns > 0)
		return now_ns - since_ns >= limit_ns;
	return has_more && progress == slot->seen_progress && is_stopped(slot->pid);
}

/* When it is due under the new limits, which may have been long ago. Who is being ended under the old one goes on with that. */
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
	loop_disarm(&slot->runtime->loop, &slot->cpu);
	if (slot->node->spec->handler_cpu_timeout_ns > 0)
		deadline_cpu_due(slot);
}

void
deadline_due(void *arg)
{
	struct slot *slot = arg;
	int64_t limit_ns = slot->node->spec->handler_timeout_ns, look_again_ns = 0;

	if (slot->dead || !slot->box)
		return;
	if (slot->ladder != LADDER_NONE) {
		climb(slot);
	} else if (is_overdue(slot, slot->runtime->loop.now_ns, limit_ns, &look_again_ns)) {
		const char *awaited =
			runtime_path_of(slot->runtime, router_awaited(slot->runtime->router, slot->node->id));
		snprintf(slot->overrun, sizeof(slot->overrun),
			"a handler ran longer than %lld ms (handler_timeout)%s%.400s",
			(long long)(limit_ns / SPEC_MILLISECOND), awaited ? ": it waited for " : "",
			awaited ? awaited : "");
		climb(slot);
	} else if (look_again_ns > 0) {
		arm(slot, look_again_ns);
	}
}
