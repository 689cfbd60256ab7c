/*
 * rules.c: what follows from what: a start, a stop, a death, a command, in OTP's terms. Each function is called when the core has
 * taken the step in question, and writes down what must follow; steps.c says when it is time for that.
 */
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "simulator.h"

static void
come(struct slot *slot, enum comes comes, enum wish wish)
{
	slot->comes = comes;
	slot->wish = wish;
	slot->new = false;
}

static void
go_down(struct slot *slot)
{
	if (!slot_at_rest(slot))
		slot->down = slot->ordered = true;
}

/* It is told to stop although it isn't running: what is forgotten with its end is forgotten now. */
static void
leave(struct slot *slot)
{
	slot->leaves = slot->state == NODE_STOPPED || (slot->doomed && slot_at_rest(slot));
	slot->killing = slot->killing && !slot_at_rest(slot);
	if (slot->state == NODE_STOPPED && !slot->doomed)
		slot->awaited = false;
}

/* It has so long from now on; no limit: 0 or less. */
static void
set_limit(struct slot *slot, int64_t ns)
{
	slot->limit_ns = ns > 0 && !slot->killed ? model.now_ns + ns : 0;
	slot->limit_order = slot->limit_order_least = ++model.limits;
}

/* A supervisor starts anew: all that its spec says comes, in order; it has no past (case 71). */
static void
launch(struct slot *supervisor)
{
	supervisor->window_count = 0;
	supervisor->falls = TREE_NOT_ENDED;
	supervisor->culprit[0] = '\0';
	supervisor->came_up = false;
	for (size_t i = 0; i < supervisor->static_count; i++) {
		come(supervisor->statics[i], COMES_IN_TURN, WISH_INITIAL);
		supervisor->statics[i]->next_delay_ns = 0;
	}
}

void
rules_started(struct slot *slot)
{
	slot->incarnation++;
	slot->restarts += slot->wish == WISH_RESTART;
	slot->due_ns = 0;
	slot->killed = slot->killing = false;
	if (slot->kind == SPEC_ACTOR)
		set_limit(slot, slot->start_timeout_ns);
	else
		launch(slot);
}

void
rules_ready(struct slot *slot)
{
	slot->limit_ns = 0;
	/* If it must go all the same, what follows that still follows, and whose wish that is stays as it is. */
	if (slot->down)
		return;
	come(slot, COMES_NOT, WISH_RESTART);
	slot->awaited = false;
}

/* SIGKILL for everything at and below it, at once and in no order. */
void
rules_kill(struct slot *slot)
{
	slot->killing = true;
	if (slot_at_rest(slot))
		return;
	slot->down = true;
	if (slot->kind != SPEC_ACTOR && (slot->killed || slot->killed_late))
		return; /* and all below it has been */
	if (slot->kind != SPEC_ACTOR && slot->state == NODE_STOPPING) {
		slot->killed = slot->killed || !steps_all_at_rest(slot);
		slot->killed_late = !slot->killed;
		slot->limit_ns = 0;
	}
	for (size_t i = 0; i < slot->child_count; i++) {
		struct slot *child = slot->children[i];
		child->comes = COMES_NOT;
		child->ordered = child->ordered || (slot->state != NODE_STOPPING && !slot_at_rest(child));
		leave(child);
		rules_kill(child);
	}
}

/* All its children go, newest first (case 87). */
static void
halt(struct slot *supervisor)
{
	for (size_t i = 0; i < supervisor->child_count; i++) {
		struct slot *child = supervisor->children[i];
		child->comes = COMES_NOT;
		leave(child);
		child->ordered = child->ordered && !slot_at_rest(child);
		go_down(child);
	}
}

/* It has so long (cases 16 to 20). */
static void
insist(struct slot *slot)
{
	slot->told = true;
	if (slot->kind != SPEC_ACTOR && slot->shutdown_ns == SPEC_SHUTDOWN_KILL)
		rules_kill(slot);
	set_limit(slot, slot->shutdown_ns);
}

/* It comes down by itself, and no step of it shows when its supervisor began to want that: since the core was quiet last. */
void
rules_insist_unseen(struct slot *slot)
{
	REACHED(INSISTED);
	insist(slot);
	slot->limit_order_least = model.limits_quiet + 1;
}

void
rules_asked_down(struct slot *slot)
{
	if (slot->kind != SPEC_ACTOR)
		halt(slot);
	insist(slot);
	if (slot->kind != SPEC_ACTOR && slot->shutdown_ns == SPEC_SHUTDOWN_KILL)
		slot->killed = true; /* even if nothing below it was up */
}

/* What is not ready has nothing to save: until it is, its stop may not take longer than its start might have. */
void
rules_asked_down_unready(struct slot *slot, int64_t start_limit_ns)
{
	if (slot->shutdown_ns == SPEC_SHUTDOWN_KILL ||
		(slot->limit_ns != 0 && slot->limit_ns <= start_limit_ns))
		return;
	REACHED(STOP_UNREADY);
	slot->unready = true;
	slot->ready_limit_ns = slot->limit_ns;
	slot->limit_ns = start_limit_ns;
	slot->limit_order = slot->limit_order_least = ++model.limits;
}

void
rules_ready_while_stopping(struct slot *slot)
{
	if (!slot->unready || slot->killed)
		return;
	REACHED(STOP_READY);
	slot->unready = false;
	slot->limit_ns = slot->ready_limit_ns;
	slot->limit_order = slot->limit_order_least = ++model.limits;
}

void
rules_timeout(struct slot *slot)
{
	slot->limit_ns = 0;
	if (slot->kind == SPEC_ACTOR) {
		slot->killed = true;
		return;
	}
	REACHED(SUPERVISOR_LIMIT);
	rules_kill(slot);
}

/* The supervisor comes down by itself. Its parent will see a child that ended, and that is all there is to escalation (case 71). */
void
rules_fall(struct slot *supervisor, enum tree_outcome_kind why, struct slot *culprit)
{
	if (supervisor->state == NODE_STOPPING || supervisor->falls != TREE_NOT_ENDED)
		return;
	supervisor->falls = why;
	snprintf(supervisor->culprit, sizeof(supervisor->culprit), "%s",
		culprit->culprit[0] != '\0' ? culprit->culprit : culprit->path);
	if (why == TREE_GAVE_UP)
		supervisor->owes_gives_up = culprit;
	coverage_falls(supervisor);
	halt(supervisor);
}

/* Only a child's own end for good counts, never one that was ordered (cases 50 to 56). */
static void
auto_shutdown(struct slot *slot)
{
	struct slot *supervisor = slot->parent;

	if (!slot->significant || supervisor->auto_shutdown == SPEC_NEVER)
		return;
	if (supervisor->auto_shutdown == SPEC_ALL_SIGNIFICANT)
		for (size_t i = 0; i < supervisor->child_count; i++)
			if (supervisor->children[i] != slot && supervisor->children[i]->significant &&
				steps_is_left(supervisor->children[i])) {
				REACHED(SIGNIFICANT_LEFT);
				return;
			}
	rules_fall(supervisor, TREE_AUTO_SHUTDOWN, slot);
}

/* The oldest ones. */
void
rules_forget_restarts(struct slot *supervisor, size_t count)
{
	supervisor->window_count -= count;
	memmove(supervisor->window, supervisor->window + count,
		supervisor->window_count * sizeof(supervisor->window[0]));
}

/* "Drop entries older than the period, add now"; more than one too many need not be known. */
static void
note_restart(struct slot *supervisor)
{
	size_t old = 0;

	while (old < supervisor->window_count &&
		model.now_ns - supervisor->window[old] > supervisor->period_ns)
		old++;
	rules_forget_restarts(supervisor, old);
	if (supervisor->window_count > supervisor->intensity)
		rules_forget_restarts(supervisor, supervisor->window_count - supervisor->intensity);
	supervisor->window[supervisor->window_count++] = model.now_ns;
}

/*
 * A bystander of a strategy: it goes if it is there, and comes again, but for a temporary that has run (case 34). One that was down comes
 * too. If somebody is waiting to hear how its start went, he still is.
 */
static void
bystander(struct slot *slot)
{
	bool was_to_come = slot_at_rest(slot) && slot->comes != COMES_NOT;
	bool comes = slot->restart != SPEC_TEMPORARY || was_to_come;

	if (!comes)
		REACHED(BYSTANDER_TEMPORARY);
	else if (slot->state == NODE_STOPPED)
		REACHED(BYSTANDER_STOPPED);
	go_down(slot);
	come(slot, comes ? COMES_IN_TURN : COMES_NOT, slot->wish);
}

/* Cases 36, 38, 41, 47; 40 and 49 are the same rule once more. */
static void
restart(struct slot *slot)
{
	struct slot *supervisor = slot->parent;
	bool later = false;

	note_restart(supervisor);
	if (supervisor->kind == SPEC_POOL || supervisor->strategy == SPEC_ONE_FOR_ONE) {
		come(slot, COMES_ALONE, WISH_RESTART);
		return;
	}
	for (size_t i = 0; i < supervisor->child_count; i++) {
		struct slot *child = supervisor->children[i];
		if (child == slot)
			later = true;
		else if (!child->doomed && (later || supervisor->strategy == SPEC_ONE_FOR_ALL))
			bystander(child);
	}
	come(slot, COMES_IN_TURN, WISH_RESTART);
}

/* What it has been before it ended no longer counts for what comes. */
static void
forget_incarnation(struct slot *slot, enum node_end end)
{
	delay_ran(slot);
	slot->last_end = end;
	slot->limit_ns = 0;
	slot->killed = slot->killed_late = slot->killing = slot->down = slot->ordered = slot->told = false;
	slot->unready = slot->killed_perhaps = false;
}

void
rules_ended(struct slot *slot, enum node_end end, struct node_verdict verdict)
{
	enum fate fate = fate_of(slot, end, verdict);
	struct slot *supervisor = slot->parent;

	coverage_ended(slot, fate, fate_end(slot, end), verdict.kind);
	forget_incarnation(slot, fate_end(slot, end));
	slot->state = fate_state(slot, fate);
	if (fate == FATE_HOST)
		slot->restarts -= slot->wish == WISH_RESTART; /* it was none */
	if (fate == FATE_ORDERED || fate == FATE_HOST)
		return;
	slot->comes = COMES_NOT;
	switch (fate) {
	case FATE_ORDERED:
	case FATE_HOST:
	case FATE_IGNORED:
	case FATE_REFUSED: break;
	case FATE_STOP: auto_shutdown(slot); break;
	case FATE_ROLL_BACK: rules_fall(supervisor, TREE_START_FAILED, slot); break;
	case FATE_RESTART:
		restart(slot);
		delay_begins(slot, verdict);
		break;
	case FATE_TOO_MANY: note_restart(supervisor); /* fall through */
	case FATE_ESCALATE: rules_fall(supervisor, TREE_GAVE_UP, slot); break;
	}
}

enum node_end
rules_supervisor_end(const struct slot *supervisor)
{
	if (supervisor->killed)
		return NODE_END_KILLED;
	return supervisor->falls == TREE_START_FAILED ? NODE_END_START_FAILED : NODE_END_SHUTDOWN;
}

/* Where a group is on its way, who is started by command has its turn in it. */
static void
come_by_command(struct slot *slot, enum wish wish)
{
	bool alone = slot->parent == NULL || steps_settled(slot->parent);

	come(slot, alone ? COMES_ALONE : COMES_IN_TURN, wish);
}

/* This one alone, whoever else must go. */
static void
go_now(struct slot *slot)
{
	slot->down = !slot_at_rest(slot);
	if (!slot->ordered && steps_to_insist(slot))
		rules_insist_unseen(slot);
}

/*
 * The restart of a group has come to this one, and ends with it, as it does in OTP, where a group's restart is retried by its child (case
 * 81): those that were to follow in this restart stay down.
 */
static void
abandon(const struct slot *slot)
{
	struct slot *supervisor = slot->parent;
	bool later = false;

	for (size_t i = 0; i < supervisor->child_count; i++) {
		struct slot *child = supervisor->children[i];
		if (later && child->comes == COMES_IN_TURN && child->wish == WISH_RESTART &&
			slot_at_rest(child)) {
			REACHED(RESTART_ABANDONED);
			child->comes = COMES_NOT;
		}
		later = later || child == slot;
	}
}

/* terminate_child: its supervisor does nothing about it (cases 52, 64). */
static void
terminate(struct slot *slot)
{
	if (slot->parent != NULL && slot->wish == WISH_RESTART && steps_has_turn(slot))
		abandon(slot);
	come(slot, COMES_NOT, WISH_RESTART);
	leave(slot);
	slot->ordered = slot->ordered && !slot_at_rest(slot);
	go_now(slot);
}

/* It waits anew, for no time any more, and at the end of the line; but nobody has seen since when. */
static void
wait_anew(struct slot *slot)
{
	slot->due_ns = 0;
	model.in_line -= slot->line != 0 && !tree_is_held(slot->node);
	slot->line = 0;
	slot->line_unknown = true;
}

/* Stopped in order, then started, whatever its type; if it waits for its next attempt, now; or in its turn, if it has one to be stopped. */
static void
restart_by_command(struct slot *slot)
{
	come_by_command(slot, WISH_COMMAND);
	if (!slot->ordered || !slot_at_rest(slot))
		wait_anew(slot);
	go_now(slot);
}

/* Its turn to be stopped has come, and it waits to be started already. */
void
rules_pass(struct slot *slot)
{
	REACHED(RELOAD_PASSED);
	slot->ordered = false;
	wait_anew(slot);
}

/* What has changed since it was given may have made it moot. */
void
rules_command(struct slot *slot, enum model_command command)
{
	bool parent_runs = slot->parent == NULL || slot->parent->state == NODE_RUNNING;
	bool can_come = parent_runs && !slot->doomed;

	coverage_command(slot, command);
	switch (command) {
	case ASK_NONE: break;
	case ASK_START:
	case ASK_ADD:
		if (can_come && slot->state == NODE_STOPPED)
			come_by_command(slot, command == ASK_ADD ? WISH_ADD : WISH_COMMAND);
		break;
	case ASK_RESTART:
		if (can_come && slot->state != NODE_GONE)
			restart_by_command(slot);
		break;
	case ASK_TERMINATE:
		if (slot->state != NODE_GONE)
			terminate(slot);
		break;
	case ASK_KILL:
		if (slot->state == NODE_GONE)
			break;
		terminate(slot);
		rules_kill(slot);
		break;
	case ASK_REMOVE:
		if (slot->state != NODE_STOPPED)
			break;
		terminate(slot);
		slot->forgotten = true;
		break;
	case ASK_LINE_UP: slot->new = false; break;
	}
}
