/*
 * steps.c: what each slot would do now, by what rules.c has noted: starts in order, each ready before the next; stops newest first, each
 * down before the next; a pool's members all at once. It only looks.
 */
#include "model.h"
#include "simulator.h"

static bool
take(struct step *ret_step, enum node_state to, const char *event, enum act act)
{
	*ret_step = (struct step){ to, event, act };
	return true;
}

/* Something of it still has to go, or to come in its turn. */
bool
steps_settled(const struct slot *supervisor)
{
	for (size_t i = 0; i < supervisor->child_count; i++)
		if (supervisor->children[i]->ordered || supervisor->children[i]->comes == COMES_IN_TURN)
			return false;
	return true;
}

bool
steps_all_at_rest(const struct slot *supervisor)
{
	for (size_t i = 0; i < supervisor->child_count; i++)
		if (!slot_at_rest(supervisor->children[i]) || supervisor->children[i]->comes != COMES_NOT)
			return false;
	return true;
}

/* Newest first, each down before the next (case 87); a pool's in parallel (case 42); who was asked for by name, at once. */
static bool
turn_to_go(const struct slot *slot)
{
	const struct slot *supervisor = slot->parent;

	if (!slot->ordered || supervisor == NULL || supervisor->kind == SPEC_POOL)
		return true;
	for (size_t i = supervisor->child_count; i-- > 0 && supervisor->children[i] != slot;)
		if (supervisor->children[i]->ordered)
			return false;
	return true;
}

/* Its parent has decided to fall and is not falling yet: that comes first. */
static bool
parent_is_about_to_fall(const struct slot *slot)
{
	return slot->parent != NULL && slot->parent->falls != TREE_NOT_ENDED &&
	       slot->parent->state != NODE_STOPPING && !slot_at_rest(slot->parent);
}

/* It comes down by itself, and it is its turn to be told to (its supervisor's patience begins now). */
bool
steps_to_insist(const struct slot *slot)
{
	return slot->state == NODE_STOPPING && slot->down && !slot->told && turn_to_go(slot) &&
	       !parent_is_about_to_fall(slot);
}

/* It has to be stopped first, and waits to be started already: its delay is over when its turn comes. */
bool
steps_to_pass(const struct slot *slot)
{
	return slot->state == NODE_WAITING && slot->ordered && slot->comes != COMES_NOT && turn_to_go(slot) &&
	       !parent_is_about_to_fall(slot);
}

bool
steps_is_left(const struct slot *slot)
{
	return slot->comes != COMES_NOT || (!slot_at_rest(slot) && !slot->down);
}

/* All that must go are gone; then one after the other, each ready before the next (cases 38, 47, 87). */
bool
steps_has_turn(const struct slot *slot)
{
	const struct slot *supervisor = slot->parent;
	bool before = true;

	if (slot->comes != COMES_IN_TURN || supervisor == NULL)
		return false;
	for (size_t i = 0; i < supervisor->child_count; i++) {
		const struct slot *child = supervisor->children[i];
		before = before && child != slot;
		if (child->ordered || (before && child->comes == COMES_IN_TURN))
			return false;
	}
	return true;
}

/* Time is looked at when all that was posted has been handled: what is known to have happened comes before what was only limited. */
static bool
is_over(int64_t time_ns)
{
	return time_ns <= model.now_ns && model.count == 0;
}

static bool
may_come(const struct slot *slot)
{
	if (!slot_parent_up(slot) || (slot->due_ns != 0 && !is_over(slot->due_ns)))
		return false;
	return (slot->comes == COMES_ALONE || steps_has_turn(slot)) && !starts_holds(slot);
}

static const char *
by(const struct slot *slot)
{
	return slot->killing ? "kill" : "stop";
}

static bool wants(const struct slot *slot, struct step *ret_step);

/* Everything below what is forgotten is forgotten before it. */
static bool
is_forgotten(const struct slot *slot)
{
	const struct slot *parent = slot->parent;
	struct step step;

	if (slot->forgotten || parent == NULL)
		return slot->forgotten;
	if (!wants(parent, &step) || parent->state == step.to)
		return false;
	return step.to == NODE_GONE;
}

static bool
next_of_stopped(const struct slot *slot, struct step *ret_step)
{
	if (slot->leaves && !fate_keeps_spec(slot))
		return take(ret_step, NODE_GONE, by(slot), ACT_NONE);
	if (is_forgotten(slot))
		return take(ret_step, NODE_GONE, "forget", ACT_NONE);
	if (slot->comes != COMES_NOT && !slot->new &&slot_parent_up(slot))
		return take(ret_step, NODE_WAITING, "start", ACT_NONE);
	return false;
}

static bool
next_of_waiting(const struct slot *slot, struct step *ret_step)
{
	if (slot->doomed && !slot->leaves)
		return false;
	if (slot->comes == COMES_NOT)
		return take(ret_step, fate_keeps_spec(slot) ? NODE_STOPPED : NODE_GONE, by(slot), ACT_NONE);
	if (may_come(slot))
		return take(ret_step, NODE_STARTING, "turn", slot->kind == SPEC_ACTOR ? ACT_START : ACT_NONE);
	return false;
}

/* The end of a supervisor is its own doing: the last of its children has gone. */
static bool
next_of_stopping_supervisor(const struct slot *slot, struct step *ret_step)
{
	enum fate fate;

	if (!steps_all_at_rest(slot))
		return false;
	fate = fate_of(slot, rules_supervisor_end(slot), (struct node_verdict){ NODE_VERDICT_DEFAULT, 0 });
	return take(ret_step, fate_state(slot, fate), "ended", ACT_NONE);
}

/* Who has a process, or is a supervisor with some below it. */
static bool
next_of_live(const struct slot *slot, struct step *ret_step)
{
	bool is_actor = slot->kind == SPEC_ACTOR;

	if (slot->killing && (slot->state != NODE_STOPPING || (is_actor && !slot->killed)))
		return take(ret_step, NODE_STOPPING, "kill", is_actor && !slot->killed ? ACT_KILL : ACT_NONE);
	if (!is_actor && slot->falls != TREE_NOT_ENDED && slot->state != NODE_STOPPING)
		return take(ret_step, NODE_STOPPING, tree_outcome_name(slot->falls), ACT_NONE);
	if (slot->down && slot->state != NODE_STOPPING && turn_to_go(slot)) {
		enum act act = slot->shutdown_ns == SPEC_SHUTDOWN_KILL ? ACT_KILL : ACT_STOP;
		return take(ret_step, NODE_STOPPING, "stop", is_actor && !slot->killed ? act : ACT_NONE);
	}
	if (is_actor && slot->limit_ns != 0 && is_over(slot->limit_ns) && !slot->killed)
		return take(ret_step, slot->state, "timeout", ACT_KILL);
	if (!is_actor && slot->state == NODE_STARTING && steps_settled(slot))
		return take(ret_step, NODE_RUNNING, "ready", ACT_NONE);
	if (!is_actor && slot->state == NODE_STOPPING)
		return next_of_stopping_supervisor(slot, ret_step);
	return false;
}

static bool
wants(const struct slot *slot, struct step *ret_step)
{
	if (parent_is_about_to_fall(slot))
		return false;
	switch (slot->state) {
	case NODE_STOPPED: return next_of_stopped(slot, ret_step);
	case NODE_WAITING: return next_of_waiting(slot, ret_step);
	case NODE_STARTING:
	case NODE_RUNNING:
	case NODE_STOPPING: return next_of_live(slot, ret_step);
	case NODE_GONE:
		return slot->parent != NULL && slot->parent->state == NODE_STARTING &&
		       slot->comes != COMES_NOT && take(ret_step, NODE_STOPPED, "return", ACT_NONE);
	}
	return false;
}

/* Nothing is left of what was below it, if it must be. */
static bool
may_leave(const struct slot *slot, enum node_state to)
{
	for (size_t i = 0; i < slot->child_count; i++)
		if (to == NODE_GONE || (slot->children[i]->dynamic && !slot_at_rest(slot)))
			return false;
	return true;
}

bool
model_next(const struct slot *slot, struct step *ret_step)
{
	return wants(slot, ret_step) && (ret_step->to == slot->state || !slot_at_rest_in(ret_step->to) ||
						may_leave(slot, ret_step->to));
}

/* Nobody stands in line, nor does it. */
static bool
starts_at_once(const struct slot *slot)
{
	return slot->kind != SPEC_ACTOR || (model.in_line == 0 && !tree_is_held(slot->node));
}

/*
 * Whether the step belongs to the event before it and is taken with it; the others, for which somebody has to wait for his turn or for all his
 * children, follow when what was posted has been handled.
 */
static bool
is_immediate(const struct slot *slot, const struct step *step)
{
	struct step above;

	if (strcmp(step->event, "forget") == 0 && !slot->forgotten)
		return wants(slot->parent, &above) && is_immediate(slot->parent, &above);
	if (strcmp(step->event, "turn") == 0)
		return slot->comes == COMES_ALONE && starts_at_once(slot);
	if (strcmp(step->event, "stop") == 0)
		return !slot->ordered || slot->parent->kind == SPEC_POOL;
	return strcmp(step->event, "ready") != 0 && strcmp(step->event, "ended") != 0 &&
	       strcmp(step->event, "timeout") != 0;
}

/* Whether one of its children has its turn to go or to come now. */
bool
steps_has_turns(const struct slot *supervisor)
{
	struct step step;

	for (size_t i = 0; i < supervisor->child_count; i++) {
		const struct slot *child = supervisor->children[i];
		if (!model_next(child, &step) || (!child->ordered && child->comes != COMES_IN_TURN))
			continue;
		if (strcmp(step.event, "stop") == 0 ||
			(strcmp(step.event, "turn") == 0 && starts_at_once(child)))
			return true;
	}
	return false;
}

/* Whether something at or below the slot is still to be taken with the last event. */
bool
steps_pending(const struct slot *slot)
{
	struct step step;

	if (model_next(slot, &step) && is_immediate(slot, &step))
		return true;
	for (size_t i = 0; i < slot->static_count; i++)
		if (slot->statics[i]->state == NODE_GONE && steps_pending(slot->statics[i]))
			return true;
	for (size_t i = 0; i < slot->child_count; i++)
		if (steps_pending(slot->children[i]))
			return true;
	return false;
}
