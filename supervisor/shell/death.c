/*
 * death.c: from the pidfd to the core. The pidfd is the truth about a life; the wait status and the black box say how it ended; what the process had sent is taken first, then the
 * message in hand is settled, the policy asked, and the core told. What cannot be read is treated as unknown, never as good.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "actor_process.h"
#include "runtime.h"
#include "slot.h"
#include "sys.h"
#include "why.h"

#define DRAIN_NS \
	(100 * SPEC_MILLISECOND) /* what a dead process had written is in the kernel already: read at once, unless there is very much of it */

/* --- what it died of --- */

static void
say(struct death *death, const char *text)
{
	snprintf(death->text, sizeof(death->text), "%s", text ? text : "");
}

/* The actor's own last words, which may be anything. */
static void
say_last_words(struct slot *slot, struct death *death)
{
	const struct tri_blackbox *box = slot->box;
	char text[TRI_TEXT_BYTES], where[sizeof(box->where)];

	memcpy(text, box->text, sizeof(text));
	memcpy(where, box->where, sizeof(where));
	text[sizeof(text) - 1] = where[sizeof(where) - 1] = '\0';
	snprintf(death->where, sizeof(death->where), "%s", where);
	if (*where)
		snprintf(death->text, sizeof(death->text), "%.700s (%s)", text, where);
	else
		say(death, text);
}

static void
panicked(struct death *death, enum tractor_cause cause)
{
	death->panicked = true;
	death->cause = cause;
	if (death->end == NODE_END_NONE)
		death->end = NODE_END_ABNORMAL;
}

static void
judge_exit(struct slot *slot, struct death *death)
{
	uint32_t words = atomic_load(&slot->box->last_words), phase = atomic_load(&slot->box->phase);
	bool busy = words == TRI_LAST_EXIT || phase == TRI_PHASE_HANDLING || phase == TRI_PHASE_ASKING;

	if (death->code == EXIT_HOPELESS) {
		death->end = NODE_END_PERMANENT_FAILURE;
		panicked(death, TRACTOR_CAUSE_EXIT);
		say_last_words(slot, death);
		if (!*death->text)
			say(death, "it says that trying again is no use (exit code 125)");
	} else if (slot->asked_to_stop && !slot->ready && death->code == TRI_EXIT_FAILED) {
		death->end =
			NODE_END_SHUTDOWN; /* it was asked before it had started, and gave its start up */
	} else if (death->code != 0 || (busy && !slot->said_bye)) {
		panicked(death, TRACTOR_CAUSE_EXIT);
		say(death, busy ? "exit() in a handler" : "");
	} else if (slot->finished) {
		death->end = NODE_END_DONE;
		say(death, slot->farewell_reason);
	} else {
		death->end = slot->asked_to_stop ? NODE_END_SHUTDOWN : NODE_END_NORMAL;
	}
}

static void
judge_signal(struct slot *slot, struct death *death)
{
	uint32_t words = atomic_load(&slot->box->last_words);
	const struct tri_fault *fault = tri_blackbox_fault(slot->box);

	if (death->signal == SIGKILL) {
		death->end = NODE_END_KILLED;
		if (slot->killed_by_us)
			return;
		panicked(death, death->oom ? TRACTOR_CAUSE_OOM : TRACTOR_CAUSE_KILLED);
		say(death, death->oom);
		return;
	}
	if (death->signal == SIGTERM && slot->asked_to_stop) {
		death->end = NODE_END_SHUTDOWN;
		return;
	}
	panicked(death, words == TRI_LAST_PANIC ? TRACTOR_CAUSE_PANIC : TRACTOR_CAUSE_SIGNAL);
	if (words == TRI_LAST_PANIC)
		say_last_words(slot, death);
	else if (fault && fault->signal == death->signal)
		death->code = fault->code;
}

/* What it was doing instead, as far as is known. */
static void
say_not_ready(struct slot *slot, struct death *death)
{
	struct tractor_runtime *runtime = slot->runtime;
	const char *trouble = slot->trouble;
	struct node *awaited = tree_by_id(runtime->tree, router_awaited(runtime->router, slot->node->id));
	size_t used =
		(size_t)snprintf(death->text, sizeof(death->text), "not ready within %lld ms (start_timeout)",
			(long long)(slot->node->spec->start_timeout_ns / SPEC_MILLISECOND));
	char *more = death->text + used;
	size_t room = sizeof(death->text) - used;

	if (trouble)
		snprintf(more, room, ": the host refused its link: %s", trouble);
	else if (!slot->greeted)
		snprintf(more, room, ": it never said hello; is it linked with libtractor-actor?");
	else if (awaited)
		snprintf(more, room, ": it waited for %s%s", awaited->path,
			awaited->state == NODE_RUNNING ? "" : ", which is not running");
}

/* One that never became ready: whatever it was, for the core it is a failed start. */
static void
judge_start(struct slot *slot, struct death *death)
{
	if (slot->ready || slot->asked_to_stop || death->end == NODE_END_PERMANENT_FAILURE)
		return;
	/* Its supervisor wanted it gone, without asking: that is not its time to start being over. */
	if (slot->killed_by_us && slot->node->state == NODE_STOPPING)
		return;
	if (slot->ignored) {
		*death = (struct death){ .end = NODE_END_IGNORED, .time_ms = death->time_ms };
		return;
	}
	bool refused = slot->refusal || atomic_load(&slot->box->last_words) == TRI_LAST_REFUSED;
	death->end = NODE_END_START_FAILED;
	death->panicked = true;
	if (slot->refusal)
		say(death, slot->refusal);
	else if (refused)
		say_last_words(slot, death);
	else if (slot->killed_by_us)
		say_not_ready(slot, death);
	else if (death->cause == TRACTOR_CAUSE_EXIT || death->cause == TRACTOR_CAUSE_NONE)
		snprintf(death->text, sizeof(death->text), "it exited with %d before it was ready%s",
			death->code, slot->greeted ? "" : "; is it an actor, linked with libtractor-actor?");
	if (refused || slot->killed_by_us || death->cause == TRACTOR_CAUSE_EXIT ||
		death->cause == TRACTOR_CAUSE_NONE)
		death->cause = TRACTOR_CAUSE_START;
}

static void
name_exit(struct slot *slot, struct death *death)
{
	if (death->end == NODE_END_NORMAL || death->end == NODE_END_SHUTDOWN || death->end == NODE_END_DONE ||
		death->end == NODE_END_IGNORED)
		snprintf(death->exit, sizeof(death->exit), "%s", node_end_name(death->end));
	else if (death->cause == TRACTOR_CAUSE_PANIC || death->cause == TRACTOR_CAUSE_DEADLINE ||
		 death->cause == TRACTOR_CAUSE_OOM || death->cause == TRACTOR_CAUSE_PROTOCOL_VIOLATION)
		snprintf(death->exit, sizeof(death->exit), "%s", tractor_cause_name(death->cause));
	else if (death->signal)
		snprintf(death->exit, sizeof(death->exit), "%s", report_signal_name(death->signal));
	else
		snprintf(death->exit, sizeof(death->exit), "exit %d", death->code);
	snprintf(slot->last_exit, sizeof(slot->last_exit), "%s", death->exit);
}

/* Once all that it had sent is heard: whether it had become ready, or said bye, may be in what was still on its way when it died. */
static void
judge(struct slot *slot)
{
	struct death *death = &slot->death;

	if (death->signal == 0)
		judge_exit(slot, death);
	else
		judge_signal(slot, death);
	if (*slot->violation) {
		panicked(death, TRACTOR_CAUSE_PROTOCOL_VIOLATION);
		say(death, slot->violation);
	} else if (slot->ladder != LADDER_NONE && death->signal != 0) {
		panicked(death, TRACTOR_CAUSE_DEADLINE);
		say(death, slot->overrun);
	}
	judge_start(slot, death);
	name_exit(slot, death);
}

/* --- reaping --- */

void
death_noticed(void *arg, uint32_t epoll_events)
{
	struct slot *slot = arg;
	struct spawned process = { .pid = slot->pid, .pidfd = slot->process.fd };
	siginfo_t info = { .si_code = 0 };
	struct rusage usage = { .ru_maxrss = 0 };
	int looked = sys.wait(process.pidfd, WEXITED | WNOWAIT | WNOHANG, &info, &usage);

	(void)epoll_events;
	if ((looked < 0 && errno != ECHILD) || (looked == 0 && info.si_pid == 0))
		return;
	/* While it is a zombie its number, and so its group's, can't be anybody else's: it can be asked about, and what it left behind goes with it. */
	slot->death = (struct death){ .time_ms = wall_clock_ms(), .usage = usage };
	if (looked == 0 && info.si_code == CLD_KILLED && info.si_status == SIGKILL)
		slot->death.oom = oom_struck(&slot->runtime->oom, slot->pid, slot->runtime->loop.now_ns);
	/* Where somebody else in this program has reaped it, all that is known is that it is dead. */
	if (looked == 0)
		sys.group_kill(slot->pid, SIGKILL);
	else
		info = (siginfo_t){ .si_code = CLD_KILLED, .si_status = SIGKILL };
	table_remove(&slot->runtime->pids, &slot->by_pid);
	loop_unwatch(&slot->runtime->loop, &slot->process);
	corpses_add(&slot->runtime->corpses, process);
	if (info.si_code == CLD_EXITED)
		slot->death.code = info.si_status;
	else
		slot->death.signal = info.si_status;
	slot->dead = true;
	loop_disarm(&slot->runtime->loop, &slot->handler);
	loop_disarm(&slot->runtime->loop, &slot->cpu);
	if (slot->said_bye || *slot->violation || !slot->greeted)
		death_drained(slot);
	else
		loop_arm(&slot->runtime->loop, &slot->drain, slot->runtime->loop.now_ns + DRAIN_NS);
	if (slot->wire)
		wire_again(slot->wire);
}

/* The first of them is what whoever started the tree hears. */
static void
note_start_failure(struct slot *slot)
{
	char *failure = slot->runtime->start_failure;
	enum node_end end = slot->death.end;

	if (*failure || (end != NODE_END_START_FAILED && end != NODE_END_PERMANENT_FAILURE &&
				end != NODE_END_HOST_FAILED))
		return;
	snprintf(failure, sizeof(slot->runtime->start_failure), "%.200s did not start: %.800s",
		slot->node->path, *slot->death.text ? slot->death.text : slot->death.exit);
}

void
death_unborn(struct slot *slot)
{
	struct death *death = &slot->death;

	*death = (struct death){ .end = NODE_END_START_FAILED,
		.panicked = true,
		.cause = TRACTOR_CAUSE_START,
		.time_ms = wall_clock_ms() };
	say(death, tractor_why());
	snprintf(death->exit, sizeof(death->exit), "not started");
	snprintf(slot->last_exit, sizeof(slot->last_exit), "not started");
	slot->dead = true;
	death_drained(slot);
}

void
death_refused(struct slot *slot, const char *why)
{
	struct tractor_runtime *runtime = slot->runtime;
	const char *planned =
		tree_would(runtime->tree, slot->node, NODE_END_HOST_FAILED, runtime->loop.now_ns);

	snprintf(runtime->refusal, sizeof(runtime->refusal), "%s", why);
	events_note(runtime, "host_refused", slot->node->path, slot->incarnation, "%s; %s", why, planned);
	if (strcmp(planned, "restart") != 0) {
		slot->death = (struct death){ .end = NODE_END_HOST_FAILED, .time_ms = wall_clock_ms() };
		say(&slot->death, why);
		snprintf(slot->last_exit, sizeof(slot->last_exit), "not started");
		note_start_failure(slot);
	}
	slot_clear(slot);
	tree_post_ended(runtime->tree, slot->node, slot->incarnation, NODE_END_HOST_FAILED,
		(struct node_verdict){ .kind = NODE_VERDICT_DEFAULT });
}

/* --- settling --- */

struct settling {
	struct slot *slot;
	const char *planned;
	struct remains *remains;
};

static void
note_message(struct slot *slot, const struct router_message *message)
{
	const struct payload_schema *schema = message ? hearing_schema(slot, message->message) : NULL;

	slot->hand_message[0] = '\0';
	slot->hand_digest = message ? message->digest : 0;
	if (schema)
		snprintf(slot->hand_message, sizeof(slot->hand_message), "%s.%s", schema->protocol,
			schema->message);
}

static void
in_hand(void *arg, const struct router_message *message)
{
	struct settling *settling = arg;

	note_message(settling->slot, message);
	if (settling->slot->death.panicked)
		settling->remains = remains_take(settling->slot, message, settling->planned);
}

/* Only forward, and not past what was delivered: the black box is gossip. */
static uint64_t
believable_done(struct slot *slot)
{
	struct router_counts counts = { .sequence = 0 };
	uint64_t done = slot->box ? atomic_load(&slot->box->done) : slot->whole;

	router_counts(slot->runtime->router, slot->node->id, &counts);
	return done < slot->whole ? slot->whole : done > counts.sequence ? counts.sequence : done;
}

/* For the successor's on_panic. One that died before it was ready leaves to it what it was left with itself. */
static void
remember(struct slot *slot)
{
	const struct tri_fault *fault = slot->box ? tri_blackbox_fault(slot->box) : NULL;

	if (!slot->death.panicked)
		slot->panicked_before = false;
	if (!slot->death.panicked || !slot->ready)
		return;
	slot->panicked_before = true;
	slot->before.death = slot->death;
	memcpy(slot->before.message, slot->hand_message, sizeof(slot->before.message));
	slot->before.digest = slot->hand_digest;
	memcpy(slot->before.report_id, slot->report_id, sizeof(slot->before.report_id));
	slot->before.incarnation = slot->incarnation;
	slot->before.address = fault ? fault->address : 0;
}

static void
end(struct slot *slot, struct node_verdict verdict)
{
	uint32_t incarnation = slot->incarnation;
	enum node_end how = slot->death.end;

	slot->judged = true;
	slot_clear(slot);
	tree_post_ended(slot->runtime->tree, slot->node, incarnation, how, verdict);
}

/* It was asked to stop, had all the time for it that it may have, and was killed. */
static void
say_overstayed(struct slot *slot)
{
	int64_t took_ns = slot->runtime->loop.now_ns - slot->asked_ns,
		limit_ns = slot->node->spec->shutdown_ns;

	if (!slot->asked_to_stop || !slot->killed_by_us || limit_ns <= 0 || took_ns < limit_ns)
		return;
	events_note(slot->runtime, "overstayed", slot->node->path, slot->incarnation,
		"it had not stopped %lld ms after it was asked to (shutdown)%s%s",
		(long long)(limit_ns / SPEC_MILLISECOND), *slot->hand_message ? "; with this in hand: " : "",
		slot->hand_message);
}

static void
say_obituary(struct slot *slot, pid_t pid, const char *planned)
{
	const struct death *death = &slot->death;
	char process[32] = ""; /* nothing where there never was one */

	if (!death->panicked) {
		say_overstayed(slot);
		events_note(slot->runtime, "ended", slot->node->path, slot->incarnation, "%s%s%s",
			death->exit, *death->text ? ": " : "", death->text);
		return;
	}
	if (pid > 0)
		snprintf(process, sizeof(process), "pid %d: ", (int)pid);
	events_note(slot->runtime, "crashed", slot->node->path, slot->incarnation, "%s%s%s%s%s%s; %s",
		process, death->exit, *death->text ? ": " : "", death->text,
		*slot->hand_message ? ", with this in hand: " : "", slot->hand_message, planned);
}

/* What its handlers had said, and had not reached us: it was in its nng when it died. What a message said that was not done was never said. */
static void
salvage_outbox(struct slot *slot, uint64_t done)
{
	uint64_t heard = slot->box ? atomic_load(&slot->box->heard) : 0;
	struct tri_outbox_place place = { .banks = 0 };
	struct tri_outbox_record record;
	const void *frame;

	while (slot->box && tri_outbox_read(slot->box, &place, &record, &frame))
		if (record.number > heard && record.sequence <= done)
			hearing_salvaged(slot, frame, record.size_bytes);
}

/* The message that it had in hand, 0: none. One that has no black box does not say: it is taken to handle one after the other. */
static uint64_t
hand_of(const struct slot *slot, uint64_t done)
{
	uint64_t hand = slot->box ? atomic_load(&slot->box->in_hand) : 0;

	return slot->knows_link_only && hand == 0 && slot_delivered(slot) > done ? done + 1 : hand;
}

void
death_drained(void *arg)
{
	struct slot *slot = arg;
	struct tractor_runtime *runtime = slot->runtime;
	struct settling settling = { .slot = slot };
	uint64_t done = believable_done(slot), hand = hand_of(slot, done);

	if (!slot->dead) {
		if (slot->said_bye)
			hearing_violated(slot, "it said bye and lives on");
		else if (!wire_connected(slot->wire))
			hearing_violated(slot, "it closed its link and lives on%s%s",
				wire_trouble(slot->wire) ? ": " : "",
				wire_trouble(slot->wire) ? wire_trouble(slot->wire) : "");
		return;
	}
	if (slot->judged)
		return;
	slot->judged = true;
	loop_disarm(&runtime->loop, &slot->drain);
	actorlog_end(slot);
	if (slot->death.end == NODE_END_NONE) /* one that was never born is judged already */
		judge(slot);
	settling.planned = tree_would(runtime->tree, slot->node, slot->death.end, runtime->loop.now_ns);
	note_message(slot, NULL);
	slot->report_id[0] = '\0';
	monitors_forget_watcher(slot);
	salvage_outbox(slot, done);
	bypass_end(slot);
	/* Stopped for good in the middle of a handler: no crash of its own, so its asker hears what all the others hear. */
	if (!slot->death.panicked && tree_stops(slot->node) && !coreops_may_return(slot->node))
		router_stopped(runtime->router, slot->node->id, coreops_stopped_error(runtime));
	const struct router_end how = {
		.done = done,
		.in_hand = hand,
		.from_outside = !slot->death.panicked || slot->death.cause == TRACTOR_CAUSE_KILLED,
	};
	router_down(runtime->router, slot->node->id, &how, in_hand, &settling);
	if (slot->death.panicked && !settling.remains)
		settling.remains = remains_take(slot, NULL, settling.planned);
	/* One that never was ready was given nothing: its black box's `done` is only where it was to go on from, beyond what was in hand before it. */
	if (slot->ready)
		slot->whole = done;
	remember(slot);
	if (!slot->ready)
		note_start_failure(slot);
	say_obituary(slot, slot->pid, settling.planned);
	if (slot->death.panicked)
		policy_ask(slot, settling.remains, settling.planned);
	else
		end(slot, (struct node_verdict){ .kind = NODE_VERDICT_DEFAULT });
}

void
death_judged(struct slot *slot, struct tractor_verdict verdict)
{
	static const enum node_verdict_kind kinds[] = {
		[TRACTOR_VERDICT_DEFAULT] = NODE_VERDICT_DEFAULT,
		[TRACTOR_VERDICT_RESTART] = NODE_VERDICT_RESTART,
		[TRACTOR_VERDICT_RESTART_AFTER] = NODE_VERDICT_RESTART_AFTER,
		[TRACTOR_VERDICT_STOP] = NODE_VERDICT_STOP,
		[TRACTOR_VERDICT_ESCALATE] = NODE_VERDICT_ESCALATE,
	};

	if (verdict.kind != TRACTOR_VERDICT_DEFAULT)
		events_note(slot->runtime, "verdict", slot->node->path, slot->incarnation, "%s",
			tractor_verdict_name(verdict.kind));
	end(slot, (struct node_verdict){
			  .kind = kinds[verdict.kind], .after_ns = verdict.after_ms * SPEC_MILLISECOND });
}
