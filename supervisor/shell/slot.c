/*
 * slot.c: an actor's place in the tree, and the process that fills it. One that can't be started is told to the core as a death is, which answers it. Nothing here decides whether to start or stop. A restart takes no memory that was not set aside when the slot was made, or at its first start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "codec.h"
#include "runtime.h"
#include "slot.h"
#include "sys.h"
#include "why.h"

#define ALARMS 4

struct slot *
slot_of(const struct node *node)
{
	return node->shell;
}

struct slot *
slot_by_id(struct tractor_runtime *runtime, uint64_t actor)
{
	struct node *node = tree_by_id(runtime->tree, actor);

	return node ? slot_of(node) : NULL;
}

tractor_err
slot_new(struct tractor_runtime *runtime, struct node *node)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return TRACTOR_ENOMEM;
	*slot = (struct slot){
		.runtime = runtime, .node = node, .state_fd = -1, .socket = -1, .born_ms = wall_clock_ms()
	};
	slot->process = (struct watch){ .fd = -1, .ready = death_noticed, .arg = slot };
	slot->logs[0].watch.fd = slot->logs[1].watch.fd = -1;
	slot->drain = (struct alarm){ .due = death_drained, .arg = slot };
	slot->handler = (struct alarm){ .due = deadline_due, .arg = slot };
	slot->cpu = (struct alarm){ .due = deadline_cpu_due, .arg = slot };
	slot->flood = (struct alarm){ .due = actorlog_due, .arg = slot };
	tractor_err err = loop_reserve(&runtime->loop, ALARMS);
	if (err == TRACTOR_OK)
		err = wire_new(&runtime->bell, hearing_ready, slot, &slot->wire);
	if (err == TRACTOR_OK)
		err = slot_rehearse(slot);
	if (err == TRACTOR_OK)
		err = router_add(runtime->router, node->id, node->spec->mailbox, node->spec->redeliver);
	if (err != TRACTOR_OK) {
		wire_free(slot->wire);
		free(slot);
		return err;
	}
	node->shell = slot;
	runtime->actors++;
	return TRACTOR_OK;
}

void
slot_free(struct slot *slot)
{
	if (!slot)
		return;
	remains_tell(slot->runtime);
	slot_clear(slot);
	wire_free(slot->wire);
	policy_forget(slot);
	loop_reserve(&slot->runtime->loop, -ALARMS);
	coreops_forget(slot);
	monitors_forget_watcher(slot);
	monitors_free(slot);
	router_remove(slot->runtime->router, slot->node->id);
	for (size_t i = 0; i < slot->schema_count; i++)
		payload_schema_free(slot->schemas[i]);
	free(slot->schemas);
	if (slot->state_fd >= 0)
		sys.close(slot->state_fd);
	loglines_free(slot);
	slot->runtime->actors--;
	slot->node->shell = NULL;
	free(slot);
}

void
slot_clear(struct slot *slot)
{
	struct loop *loop = &slot->runtime->loop;

	loop_disarm(loop, &slot->drain);
	loop_disarm(loop, &slot->handler);
	loop_disarm(loop, &slot->cpu);
	loop_disarm(loop, &slot->flood);
	if (slot->process.fd >= 0) { /* the runtime ends, and could not wait for it: the loop itself failed */
		struct spawned spawned = { .pid = slot->pid, .pidfd = slot->process.fd };
		loop_unwatch(loop, &slot->process);
		spawn_end(&spawned);
	}
	table_remove(&slot->runtime->pids, &slot->by_pid);
	actorlog_end(slot);
	bypass_end(slot);
	handover_hang_up(&slot->runtime->handover, &slot->socket);
	wire_close(slot->wire);
	recorder_clear(&slot->recorder);
	tri_blackbox_unmap(slot->box);
	free(slot->refusal);
	free(slot->farewell_reason);
	slot->box = NULL;
	slot->refusal = slot->farewell_reason = NULL;
	slot->violation[0] = '\0';
	slot->pid = 0;
	slot->knows_link_only = false;
	slot->greeted = slot->ready = slot->said_bye = slot->finished = slot->ignored = slot->asked_to_stop =
		slot->killed_by_us = false;
	slot->dead = slot->judged = false;
	slot->ladder = LADDER_NONE;
	slot->overrun[0] = '\0';
	slot->overran_cpu = false;
	slot->cpu_mark = (struct cpu_mark){ .thing_ns = 0 };
}

/* --- starting --- */

/* Where this incarnation's link listens. NULL: no memory. */
static char *
make_url(const struct slot *slot)
{
	char name[LAUNCH_NAME_BYTES];

	snprintf(name, sizeof(name), "%llu.%u", (unsigned long long)slot->node->id, slot->incarnation);
	return launch_url(slot->runtime, name);
}

tractor_err
slot_rehearse(struct slot *slot)
{
	struct tri_arena *arena = &slot->runtime->arena;
	const char *url = make_url(slot);
	bool whole = url && environment_make(slot->runtime, slot->node->spec, url);

	tri_arena_set_aside(arena);
	return whole ? hearing_rehearse(slot) : TRACTOR_ENOMEM;
}

tractor_err
slot_adopt(struct slot *slot, struct launched *launched)
{
	struct tractor_runtime *runtime = slot->runtime;
	tractor_err err = loop_watch(&runtime->loop, &slot->process, launched->spawned.pidfd, EPOLLIN);

	/* A process whose death would not be noticed is none. */
	if (err != TRACTOR_OK)
		return err;
	slot->pid = launched->spawned.pid;
	table_add(&runtime->pids, &slot->by_pid, (uint64_t)slot->pid, 0);
	slot->box = launched->box;
	slot->state_fd = launched->state_fd;
	launched->state_fd = -1;
	slot->socket = launched->socket;
	launched->socket = -1;
	launched->spawned = (struct spawned){ .pidfd = -1 };
	launched->box = NULL;
	err = actorlog_open(&slot->logs[0], slot, launched->out, LOGLINE_STDOUT);
	if (err != TRACTOR_OK)
		return err;
	launched->out = -1;
	err = actorlog_open(&slot->logs[1], slot, launched->err, LOGLINE_STDERR);
	if (err == TRACTOR_OK)
		launched->err = -1;
	return err;
}

/* The router numbers what it delivers; the new black box goes on where that is. */
uint64_t
slot_delivered(const struct slot *slot)
{
	struct router_counts counts = { .sequence = 0 };

	router_counts(slot->runtime->router, slot->node->id, &counts);
	return counts.sequence;
}

static tractor_err
try_launch(struct slot *slot, struct launched *launched)
{
	const struct launch_plan plan = {
		.spec = slot->node->spec,
		.url = make_url(slot),
		.title = slot->node->path,
		.incarnation = slot->incarnation,
		.done = slot_delivered(slot),
		.fault = &slot->plan,
	};

	return launch_start(slot->runtime, &plan, launched);
}

static tractor_err
launch(struct slot *slot)
{
	struct launched launched = LAUNCHED_NOTHING;

	launched.wire = slot->wire;
	launched.state_fd = slot->state_fd;
	tractor_err err = try_launch(slot, &launched);
	if (err == TRACTOR_ESYSTEM && corpses_bury(&slot->runtime->corpses)) /* they may have what it lacks */
		err = try_launch(slot, &launched);
	slot->state_fd = launched.state_fd;
	if (err == TRACTOR_OK && (err = slot_adopt(slot, &launched)) != TRACTOR_OK) {
		launch_release(slot->runtime, &launched);
		slot_clear(slot);
	}
	slot->plan.size_bytes = 0;
	return err;
}

void
slot_start(struct slot *slot)
{
	slot_clear(slot);
	slot->incarnation = slot->node->incarnation;
	faults_begin(slot);
	tractor_err err = naming_start(slot) ? TRACTOR_OK : launch(slot);
	if (launch_was_refused(err))
		death_refused(slot, err == TRACTOR_ENOMEM ? "out of memory" : tractor_why());
	else if (err != TRACTOR_OK)
		death_unborn(slot);
}

/* --- ending, and sending --- */

void
slot_signal(struct slot *slot, int signal)
{
	if (slot->process.fd >= 0 && !slot->dead)
		spawn_signal(&(struct spawned){ .pid = slot->pid, .pidfd = slot->process.fd }, signal);
}

/* One that has said hello is asked over the link; any other by SIGTERM, which means the same to our library and the usual to everything else. */
void
slot_stop(struct slot *slot)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_STOP);

	slot->asked_to_stop = true;
	slot->asked_ns = slot->runtime->loop.now_ns;
	bypass_close_to(slot);
	if (slot->greeted)
		slot_send(slot, &frame, NULL, 0);
	else
		slot_signal(slot, SIGTERM);
}

void
slot_kill(struct slot *slot)
{
	if (!slot->killed_by_us) /* what its link comes to by its being killed is not why it had to be */
		slot->trouble = wire_trouble(slot->wire);
	slot->killed_by_us = true;
	slot_signal(slot, SIGKILL);
}

void
slot_send(struct slot *slot, struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes)
{
	if (slot->dead || *slot->violation)
		return;
	frame->incarnation = slot->incarnation;
	tractor_err err = wire_send(slot->wire, frame, payload, payload_bytes);
	if (err != TRACTOR_OK)
		hearing_violated(slot, "cannot send it a %s: %s", tri_frame_kind_name(frame->kind),
			err == TRACTOR_EFULL ? tractor_why() : tractor_err_text(err));
}

tractor_err
slot_send_record(
	struct slot *slot, struct tri_frame *frame, const struct tractor_record *record, const void *value)
{
	size_t size = 0, used;
	tractor_err err = tri_encoded_size(record, value, &size);
	uint8_t *payload = err == TRACTOR_OK ? malloc(size ? size : 1) : NULL;

	if (!payload || tri_encode(record, value, payload, size, &used) != TRACTOR_OK) {
		free(payload);
		return TRACTOR_ENOMEM;
	}
	slot_send(slot, frame, payload, used);
	free(payload);
	return TRACTOR_OK;
}
