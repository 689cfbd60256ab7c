/*
 * slot.c: an actor's place in the tree, and the process that fills it. Starting makes everything that a process needs and undoes it if one part can't be had; that is then told
 * to the core as a death is, which answers it. Nothing here decides whether to start or stop. A restart takes no memory that was not set aside when the slot was made, or at its first start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "actor_process.h"
#include "codec.h"
#include "shell.h"
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
	*slot = (struct slot){ .runtime = runtime, .node = node, .state_fd = -1, .born_ms = wall_clock_ms() };
	slot->process = (struct watch){ .fd = -1, .ready = death_noticed, .arg = slot };
	slot->logs[0].watch.fd = slot->logs[1].watch.fd = -1;
	slot->drain = (struct alarm){ .due = death_drained, .arg = slot };
	slot->handler = (struct alarm){ .due = deadline_due, .arg = slot };
	slot->cpu = (struct alarm){ .due = deadline_cpu_due, .arg = slot };
	slot->flood = (struct alarm){ .due = actorlog_due, .arg = slot };
	tractor_err err = loop_reserve(&runtime->loop, ALARMS);
	if (err == TRACTOR_OK)
		err = wire_new(&runtime->bell, slot, &slot->wire);
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
	wire_close(slot->wire);
	recorder_clear(&slot->recorder);
	tri_blackbox_unmap(slot->box);
	free(slot->refusal);
	free(slot->farewell_reason);
	slot->box = NULL;
	slot->refusal = slot->farewell_reason = NULL;
	slot->violation[0] = '\0';
	slot->pid = 0;
	slot->greeted = slot->ready = slot->said_bye = slot->finished = slot->ignored = slot->asked_to_stop =
		slot->killed_by_us = false;
	slot->dead = slot->judged = false;
	slot->ladder = LADDER_NONE;
	slot->overrun[0] = '\0';
	slot->overran_cpu = false;
	slot->cpu_mark = (struct cpu_mark){ .thing_ns = 0 };
}

/* --- what a start takes from the arena --- */

/* Where an incarnation's link listens; as large whichever it is. NULL: no memory. */
static char *
make_url(struct tri_arena *arena, const struct slot *slot)
{
	static const char format[] = "ipc://%s/link/%llu.%u";
	size_t size = sizeof(format) + strlen(slot->runtime->rundir.path) + sizeof("18446744073709551615") +
		      sizeof("4294967295");
	char *url = tri_arena_alloc(arena, size);

	if (url)
		snprintf(url, size, format, slot->runtime->rundir.path, (unsigned long long)slot->node->id,
			slot->incarnation);
	return url;
}

tractor_err
slot_rehearse(struct slot *slot)
{
	struct tri_arena *arena = &slot->runtime->arena;
	const char *url = make_url(arena, slot);
	bool whole = url && environment_make(slot->runtime, slot->node->spec, url);

	tri_arena_set_aside(arena);
	return whole ? hearing_rehearse(slot) : TRACTOR_ENOMEM;
}

/* --- starting --- */

struct launch {
	const char *url;
	int box_fd;
	int bells[2]; /* the wire's */
	int out[2], err[2];
};

static tractor_err
make_pipes(struct launch *launch)
{
	if (sys.pipe(launch->out) < 0 || sys.pipe(launch->err) < 0)
		return host_refused(errno, "pipe", "a pipe for its output");
	return TRACTOR_OK;
}

static tractor_err
make_state(struct slot *slot)
{
	if (slot->state_fd < 0)
		slot->state_fd = sys.memfd("tractor-state", 0);
	return slot->state_fd < 0 ? host_refused(errno, "memfd_create", "memory for its state") : TRACTOR_OK;
}

/* TRACTOR_LANES=off is for all trees, so that whatever holds with lanes can be seen to hold without. */
static bool
has_lanes(const struct slot *slot)
{
	const char *wanted = getenv("TRACTOR_LANES");

	return slot->node->spec->lanes && !(wanted && strcmp(wanted, "off") == 0);
}

/* After the black box, which the lanes are in. */
static tractor_err
make_link(struct slot *slot, struct launch *launch)
{
	launch->url = make_url(&slot->runtime->arena, slot);
	tractor_err err = launch->url ? wire_open(slot->wire, launch->url) : TRACTOR_ENOMEM;

	if (err == TRACTOR_OK && has_lanes(slot))
		err = wire_lay(slot->wire, slot->box, launch->bells);
	return err;
}

/* The router numbers what it delivers; the new black box goes on where that is. */
static tractor_err
make_box(struct slot *slot, struct launch *launch)
{
	struct router_counts counts = { .sequence = 0 };

	router_counts(slot->runtime->router, slot->node->id, &counts);
	tractor_err err = box_make(slot->incarnation, counts.sequence, &slot->box, &launch->box_fd);
	if (err == TRACTOR_OK && slot->plan.size_bytes > 0)
		slot->box->plan = slot->plan;
	slot->plan.size_bytes = 0;
	return err;
}

static tractor_err
spawn(struct slot *slot, struct launch *launch)
{
	const struct spec *spec = slot->node->spec;
	struct spawned spawned;
	char *argv[] = { spec->exec, slot->node->path, NULL };
	char **environment = environment_make(slot->runtime, spec, launch->url);
	struct spawn_plan plan = {
		.path = spec->exec_path,
		.argv = argv,
		.envp = environment,
		.directory = spec->directory,
		.fds = { -1, launch->out[1],
			launch->err[1], [TRI_FD_BLACKBOX] = launch->box_fd, [TRI_FD_STATE] = slot->state_fd,
			[TRI_FD_BELL] = launch->bells[0], [TRI_FD_DOORBELL] = launch->bells[1] },
		.fd_count = (has_lanes(slot) ? TRI_FD_DOORBELL : TRI_FD_STATE) + 1,
		.files = host_files_before(&slot->runtime->files),
	};

	tractor_err err = environment ? spawn_start(&plan, &spawned) : TRACTOR_ENOMEM;
	if (err != TRACTOR_OK)
		return err;
	slot->pid = spawned.pid;
	table_add(&slot->runtime->pids, &slot->by_pid, (uint64_t)spawned.pid, 0);
	wire_expect(slot->wire, spawned.pid);
	err = loop_watch(&slot->runtime->loop, &slot->process, spawned.pidfd, EPOLLIN);
	if (err == TRACTOR_OK)
		return TRACTOR_OK;
	/* A process whose death would not be noticed is none. */
	spawn_end(&spawned);
	table_remove(&slot->runtime->pids, &slot->by_pid);
	slot->pid = 0;
	return err;
}

static void
close_pair(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			sys.close(fds[i]);
}

/* Our ends of the pipes are watched from now on; the others, and what else the process has of its own now, are closed. */
static tractor_err
keep_ends(struct slot *slot, struct launch *launch)
{
	tractor_err err = actorlog_open(&slot->logs[0], slot, launch->out[0], LOGLINE_STDOUT);

	if (err == TRACTOR_OK) {
		launch->out[0] = -1;
		err = actorlog_open(&slot->logs[1], slot, launch->err[0], LOGLINE_STDERR);
	}
	if (err == TRACTOR_OK)
		launch->err[0] = -1;
	return err;
}

void
slot_start(struct slot *slot)
{
	struct launch launch = { .box_fd = -1, .bells = { -1, -1 }, .out = { -1, -1 }, .err = { -1, -1 } };

	slot_clear(slot);
	slot->incarnation = slot->node->incarnation;
	faults_begin(slot);
	tractor_err err = make_state(slot);
	if (err == TRACTOR_OK)
		err = make_pipes(&launch);
	if (err == TRACTOR_OK)
		err = make_box(slot, &launch);
	if (err == TRACTOR_OK)
		err = make_link(slot, &launch);
	if (err == TRACTOR_OK)
		err = keep_ends(slot, &launch);
	if (err == TRACTOR_OK)
		err = spawn(slot, &launch);
	close_pair(launch.out);
	close_pair(launch.err);
	if (launch.box_fd >= 0)
		sys.close(launch.box_fd);
	tri_arena_reset(&slot->runtime->arena);
	if (err == TRACTOR_ESYSTEM || err == TRACTOR_ENOMEM)
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
slot_send(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes)
{
	struct tri_frame head = *frame;

	if (slot->dead || *slot->violation)
		return;
	head.incarnation = slot->incarnation;
	tractor_err err = wire_send(slot->wire, &head, payload, payload_bytes);
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
