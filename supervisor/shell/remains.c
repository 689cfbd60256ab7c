/*
 * remains.c: what is left of a process that has panicked, until it is told in a report. A successor takes its place at once, so what belongs to the process is taken at its death: its black box, what was
 * noted of it, the message in hand, its state and its last lines. The report, which takes longer than all the rest, comes behind the restart: when nobody is being started any more, or that takes too long to be
 * waited for; and in any case before what it tells of is another. What is too large to be copied in no time is reported at once. Without memory there are no remains, and no report, which is said.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "recording.h"
#include "runtime.h"
#include "slot.h"
#include "state.h"
#include "sys.h"

#define COPIED_MAX ((size_t)64 << 10)	/* some ten us */
#define WAIT_NS (20 * SPEC_MILLISECOND) /* a restart takes a ms or three, on a busy machine ten */

/* Sorts by time, says who, and is a file name: 20260823T063005.123-alice-1. */
static void
make_id(const struct slot *slot, char *ret_id, size_t size)
{
	struct tractor_runtime *runtime = slot->runtime;
	time_t seconds = (time_t)(slot->death.time_ms / 1000);
	char stamp[32], more[16] = "";
	struct tm broken;

	gmtime_r(&seconds, &broken);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &broken);
	/* Of several in one ms, the second and later ones are numbered. */
	runtime->reports_in_ms =
		slot->death.time_ms == runtime->last_report_ms ? runtime->reports_in_ms + 1 : 1;
	runtime->last_report_ms = slot->death.time_ms;
	if (runtime->reports_in_ms > 1)
		snprintf(more, sizeof(more), "-%u", runtime->reports_in_ms);
	snprintf(ret_id, size, "%s.%03d-%s-%u%s", stamp, (int)(slot->death.time_ms % 1000),
		slot->node->spec->name, slot->incarnation, more);
}

/* --- what doesn't outlive it --- */

static bool
read_at(int fd, void *to, size_t size, uint64_t at)
{
	size_t got = 0;

	while (got < size) {
		ssize_t some = sys.pread(fd, (uint8_t *)to + got, size - got, (off_t)(at + got));
		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return false;
		got += (size_t)some;
	}
	return true;
}

/* As of before the message in hand; a process that it has left behind may say there that this was done. */
static uint64_t
counted(const struct remains *remains)
{
	const struct slot *slot = remains->slot;
	uint64_t done = slot->ready && slot->box ? atomic_load(&slot->box->done) : slot->whole;

	if (slot->ready && remains->has_message && done >= remains->message.sequence)
		return remains->message.sequence - 1;
	return done;
}

/* Read, not mapped: a process that it has left behind may shrink the file. */
static void
find_state(struct remains *remains)
{
	uint8_t head[TRI_STATE_HEAD_BYTES];
	int fd = remains->slot->state_fd;

	remains->has_state = fd >= 0 && read_at(fd, head, sizeof(head), 0) &&
			     tri_state_find(head, remains->done, &remains->state_at, &remains->state_bytes);
}

bool
remains_read_state(struct remains *remains)
{
	size_t size = remains->state_bytes;

	if (!remains->has_state || remains->state)
		return true;
	remains->state = size <= RECORDING_STATE_MAX ? malloc(size ? size : 1) : NULL;
	if (remains->state && read_at(remains->slot->state_fd, remains->state, size, remains->state_at))
		return true;
	free(remains->state);
	remains->state = NULL;
	return false;
}

/* False: there is no memory. */
static bool
take_payload(struct remains *remains)
{
	struct router_message *message = &remains->message;

	if (message->payload_bytes == 0)
		return true;
	remains->holds_parcel = parcel_hold(message->parcel) != NULL;
	if (remains->holds_parcel)
		return true;
	remains->payload = malloc(message->payload_bytes);
	if (!remains->payload)
		return false;
	memcpy(remains->payload, message->payload, message->payload_bytes);
	message->payload = remains->payload;
	return true;
}

static void
take_standing(struct remains *remains)
{
	const struct node *node = remains->slot->node, *supervisor = node->parent;

	remains->restarts = node->restarts;
	remains->restarts_in_window =
		supervisor ? tree_restarts_in_window(supervisor, remains->slot->runtime->loop.now_ns) : 0;
}

/* What others may change before there is time for a report. False: there is no memory. */
static bool
take_rest(struct remains *remains)
{
	if ((!remains->message.parcel && remains->message.payload_bytes > COPIED_MAX) ||
		(remains->has_state && remains->state_bytes > COPIED_MAX))
		return remains_report(remains) != NULL;
	remains->state_missing = !remains_read_state(remains);
	return take_payload(remains);
}

struct remains *
remains_take(struct slot *slot, const struct router_message *in_hand, const char *planned)
{
	struct remains *remains = calloc(1, sizeof(*remains));

	if (!remains)
		return NULL;
	*remains = (struct remains){ .slot = slot,
		.box = slot->box,
		.pid = slot->pid,
		.incarnation = slot->incarnation,
		.death = slot->death,
		.now_ns = (int64_t)tri_now_ns(),
		.ready = slot->ready,
		.killed_by_us = slot->killed_by_us,
		.ladder = slot->ladder,
		.overran_cpu = slot->overran_cpu,
		.before = slot->before,
		.recorder = slot->recorder,
		.planned = planned };
	slot->recorder = (struct recorder){ .after_panic = false };
	memcpy(remains->overrun, slot->overrun, sizeof(remains->overrun));
	memcpy(remains->message_name, slot->hand_message, sizeof(remains->message_name));
	if (in_hand) {
		remains->message = *in_hand;
		remains->has_message = true;
	}
	remains->done = counted(remains);
	take_standing(remains);
	make_id(slot, remains->id, sizeof(remains->id));
	remains->log_tail = report_log(slot);
	find_state(remains);
	if (!take_rest(remains)) {
		remains_free(remains);
		return NULL;
	}
	memcpy(slot->report_id, remains->id, sizeof(slot->report_id));
	return remains;
}

void
remains_free(struct remains *remains)
{
	if (!remains)
		return;
	if (remains->decided)
		tri_blackbox_unmap(remains->box);
	recorder_clear(&remains->recorder);
	json_decref(remains->report);
	json_decref(remains->siblings);
	json_decref(remains->log_tail);
	if (remains->holds_parcel)
		parcel_let_go(remains->message.parcel);
	free(remains->payload);
	free(remains->state);
	free(remains->recording);
	free(remains);
}

/* --- what is decided --- */

struct tractor_crash
remains_crash(const struct slot *slot, const struct remains *remains, const char *planned)
{
	const struct death *death = &slot->death;
	const struct node *supervisor = slot->node->parent;
	const struct tri_fault *fault = slot->box ? tri_blackbox_fault(slot->box) : NULL;
	bool has_sender = remains && remains->has_message;

	return (struct tractor_crash){
		.id = remains ? remains->id : "",
		.path = slot->node->path,
		.incarnation = slot->incarnation,
		.pid = slot->pid,
		.time_ms = death->time_ms,
		.cause = death->cause,
		.signal = death->signal,
		.code = death->code,
		.fault_address = fault ? fault->address : 0,
		.panic_text = death->text,
		.message = *slot->hand_message ? slot->hand_message : NULL,
		.sender = has_sender ? runtime_path_of(slot->runtime, remains->message.sender) : NULL,
		.digest = slot->hand_digest,
		.restarts = slot->node->restarts,
		.restarts_in_window =
			supervisor ? tree_restarts_in_window(supervisor, slot->runtime->loop.now_ns) : 0,
		.intensity = supervisor ? supervisor->spec->intensity : 0,
		.planned = planned,
	};
}

/* A restart that the policy asks for counts, too. */
static const char *
action_of(const struct remains *remains)
{
	const struct node *supervisor = remains->slot->node->parent;
	enum tractor_verdict_kind kind = remains->verdict.kind;
	bool restarts = kind == TRACTOR_VERDICT_RESTART || kind == TRACTOR_VERDICT_RESTART_AFTER;

	if (kind == TRACTOR_VERDICT_DEFAULT)
		return remains->planned;
	if (restarts && supervisor &&
		tree_restarts_in_window(supervisor, remains->slot->runtime->loop.now_ns) >=
			supervisor->spec->intensity)
		return tractor_verdict_name(TRACTOR_VERDICT_ESCALATE);
	return tractor_verdict_name(kind);
}

static void
add_sibling(void *siblings, const struct node *sibling)
{
	json_array_append_new(siblings, json_string(sibling->path));
}

void
remains_decided(struct remains *remains, struct tractor_verdict verdict)
{
	struct slot *slot = remains->slot;
	struct remains_line *line = &slot->runtime->remains;

	remains->verdict = verdict;
	remains->action = action_of(remains);
	remains->siblings = json_array();
	if (strncmp(remains->action, "restart", strlen("restart")) == 0)
		tree_companions(slot->node, add_sibling, remains->siblings);
	remains->decided = true;
	slot->box = NULL;
	remains->due_ns = slot->runtime->loop.now_ns + WAIT_NS;
	if (line->last)
		line->last->next = remains;
	else
		line->first = remains;
	line->last = remains;
}

/* --- what is told --- */

json_t *
remains_report(struct remains *remains)
{
	if (!remains->report)
		remains->report = report_make(remains);
	return remains->report;
}

static void
tell_first(struct tractor_runtime *runtime)
{
	struct remains_line *line = &runtime->remains;
	struct remains *remains = line->first;

	line->first = remains->next;
	if (!line->first)
		line->last = NULL;
	if (remains_report(remains))
		report_write(remains);
	else
		report_lost(remains->slot, remains->incarnation, "out of memory");
	remains_free(remains);
}

void
remains_tell(struct tractor_runtime *runtime)
{
	while (runtime->remains.first)
		tell_first(runtime);
	loop_disarm(&runtime->loop, &runtime->remains.overdue);
}

/* Whether somebody is being started whom a report would hold up. */
static bool
is_restarting(struct tractor_runtime *runtime)
{
	return tree_root(runtime->tree)->state == NODE_RUNNING && tree_is_starting(runtime->tree);
}

void
remains_tick(struct tractor_runtime *runtime)
{
	struct remains_line *line = &runtime->remains;

	if (!line->first)
		return;
	if (!is_restarting(runtime)) {
		remains_tell(runtime);
		return;
	}
	while (line->first && line->first->due_ns <= runtime->loop.now_ns)
		tell_first(runtime);
	if (line->first)
		loop_arm(&runtime->loop, &line->overdue, line->first->due_ns);
}

/* Whatever is due is followed by remains_tick(). */
static void
overdue(void *arg)
{
	(void)arg;
}

tractor_err
remains_open(struct tractor_runtime *runtime)
{
	runtime->remains = (struct remains_line){ .overdue = { .due = overdue } };
	return loop_reserve(&runtime->loop, 1);
}
