/* coverage.c: which of the interesting states (states.h) a step of the model is one of. It only counts. */
#include "simulator.h"

static void
count_group(const struct slot *slot)
{
	const struct slot *supervisor = slot->parent;

	if (supervisor->kind == SPEC_POOL) {
		REACHED(POOL_RESTART);
		return;
	}
	switch (supervisor->strategy) {
	case SPEC_ONE_FOR_ONE: REACHED(ONE_FOR_ONE); return;
	case SPEC_ONE_FOR_ALL: REACHED(ONE_FOR_ALL); break;
	case SPEC_REST_FOR_ONE: REACHED(REST_FOR_ONE); break;
	}
	if (!steps_settled(supervisor) && supervisor->state == NODE_RUNNING) {
		REACHED(GROUP_AGAIN);
		if (slot->state == NODE_STARTING)
			REACHED(GROUP_RETRY);
	}
}

static void
count_window(const struct slot *supervisor)
{
	unsigned inside = fate_in_window(supervisor);

	if (inside + 1 == supervisor->intensity)
		REACHED(WINDOW_FULL);
	if (supervisor->window_count > inside && supervisor->window_count >= supervisor->intensity)
		REACHED(WINDOW_SLID);
	for (size_t i = 0; i < supervisor->window_count; i++)
		if (model.now_ns - supervisor->window[i] == supervisor->period_ns)
			REACHED(WINDOW_EDGE);
}

static void
count_restart(const struct slot *slot)
{
	if (slot->kind == SPEC_SUPERVISOR)
		REACHED(SUPERVISOR_DIED);
	else if (slot->kind == SPEC_POOL)
		REACHED(POOL_DIED);
	else if (slot->state == NODE_STARTING)
		REACHED(RETRY);
	else if (slot->restart == SPEC_PERMANENT)
		REACHED(DEATH_PERMANENT);
	else if (slot->restart == SPEC_TRANSIENT)
		REACHED(DEATH_TRANSIENT);
	count_group(slot);
	count_window(slot->parent);
}

static void
count_stop(const struct slot *slot, enum node_end end)
{
	if (end == NODE_END_PERMANENT_FAILURE)
		REACHED(PERMANENT_FAILURE);
	else if (slot->restart == SPEC_TEMPORARY)
		REACHED(TEMPORARY_FORGOTTEN);
	else if (slot->restart == SPEC_TRANSIENT)
		REACHED(TRANSIENT_NORMAL);
}

static void
count_gives_up(const struct slot *supervisor)
{
	if (supervisor->intensity == 0)
		REACHED(GIVES_UP_0);
	else if (supervisor->intensity < 5)
		REACHED(GIVES_UP_MORE);
	else
		REACHED(GIVES_UP_5);
	count_window(supervisor);
}

static void
count_verdict(enum fate fate, enum node_verdict_kind verdict)
{
	if (verdict == NODE_VERDICT_DEFAULT)
		return;
	if (fate == FATE_ORDERED || fate == FATE_ROLL_BACK || fate == FATE_REFUSED)
		REACHED(VERDICT_UNHEARD);
	else if (fate == FATE_RESTART && verdict == NODE_VERDICT_RESTART)
		REACHED(VERDICT_RESTART);
	else if (fate == FATE_RESTART)
		REACHED(VERDICT_AFTER);
	else if (fate == FATE_STOP)
		REACHED(VERDICT_STOP);
	else if (fate == FATE_ESCALATE)
		REACHED(VERDICT_ESCALATE);
}

static void
count_ordered(const struct slot *slot, enum node_end end)
{
	if (end != NODE_END_SHUTDOWN && end != NODE_END_KILLED)
		REACHED(END_IN_STOP);
	if (slot->state != NODE_STOPPING)
		REACHED(END_BEFORE_TURN);
}

/* The slot is about to end like this; nothing of it has changed yet. */
void
coverage_ended(const struct slot *slot, enum fate fate, enum node_end end, enum node_verdict_kind verdict)
{
	count_verdict(fate, verdict);
	switch (fate) {
	case FATE_ORDERED: count_ordered(slot, end); break;
	case FATE_STOP: count_stop(slot, end); break;
	case FATE_IGNORED: REACHED(START_IGNORED); break;
	case FATE_REFUSED:
		if (slot->wish == WISH_ADD)
			REACHED(ADD_REFUSED);
		else
			REACHED(START_REFUSED);
		break;
	case FATE_ROLL_BACK: REACHED(START_ROLLED_BACK); break;
	case FATE_RESTART: count_restart(slot); break;
	case FATE_TOO_MANY: count_gives_up(slot->parent); break;
	case FATE_HOST:
	case FATE_ESCALATE: break;
	}
	if (end == NODE_END_HOST_FAILED && fate != FATE_HOST && fate != FATE_ORDERED)
		REACHED(HOST_REFUSED_START);
}

/* The supervisor comes down by itself. */
void
coverage_falls(const struct slot *supervisor)
{
	bool is_starting = supervisor->state == NODE_STARTING;

	if (supervisor->falls == TREE_GAVE_UP && is_starting)
		REACHED(GIVES_UP_STARTING);
	if (supervisor->falls == TREE_AUTO_SHUTDOWN && is_starting)
		REACHED(AUTO_SHUTDOWN_STARTING);
	if (supervisor->falls == TREE_AUTO_SHUTDOWN && supervisor->auto_shutdown == SPEC_ANY_SIGNIFICANT)
		REACHED(ANY_SIGNIFICANT);
	if (supervisor->falls == TREE_AUTO_SHUTDOWN && supervisor->auto_shutdown == SPEC_ALL_SIGNIFICANT)
		REACHED(ALL_SIGNIFICANT);
	if (supervisor->parent != NULL || supervisor->falls != TREE_GAVE_UP)
		return;
	REACHED(ROOT_GAVE_UP);
	if (strlen(supervisor->culprit) >= strlen("/r/a/b/c"))
		REACHED(ESCALATED_DEEP);
}

static void
count_outcome(enum tree_outcome_kind outcome)
{
	switch (outcome) {
	case TREE_TERMINATED: REACHED(OUTCOME_TERMINATED); break;
	case TREE_AUTO_SHUTDOWN: REACHED(OUTCOME_AUTO); break;
	case TREE_START_FAILED: REACHED(OUTCOME_START_FAILED); break;
	case TREE_GAVE_UP:
	case TREE_NOT_ENDED: break;
	}
}

/* The slot has taken this step. */
void
coverage_step(const struct slot *slot, enum node_state from, const char *event)
{
	if (slot->state == NODE_STOPPING && strcmp(event, "stop") == 0 &&
		slot->shutdown_ns == SPEC_SHUTDOWN_KILL)
		REACHED(SHUTDOWN_KILL);
	if (slot->state == NODE_STOPPING && slot->shutdown_ns == SPEC_SHUTDOWN_INFINITY)
		REACHED(SHUTDOWN_INFINITY);
	if (from == NODE_GONE)
		REACHED(RETURNED);
	if (slot->parent == NULL && slot->state == NODE_STOPPED)
		count_outcome(slot->falls);
}

static void
count_done(const struct slot *slot, enum model_command command)
{
	bool is_root = slot->parent == NULL;

	switch (command) {
	case ASK_NONE: break;
	case ASK_START: REACHED(COMMAND_START); break;
	case ASK_ADD: REACHED(COMMAND_ADD); break;
	case ASK_TERMINATE:
		REACHED(COMMAND_TERMINATE);
		if (is_root)
			REACHED(COMMAND_TERMINATE_ROOT);
		break;
	case ASK_KILL:
		REACHED(COMMAND_KILL);
		if (slot->falls != TREE_NOT_ENDED && slot->state == NODE_STOPPING && !slot->told)
			REACHED(KILLED_WHILE_FALLING);
		break;
	case ASK_RESTART:
		REACHED(COMMAND_RESTART);
		if (is_root)
			REACHED(COMMAND_RESTART_ROOT);
		if (slot->state == NODE_WAITING && slot->due_ns != 0)
			REACHED(COMMAND_RESTART_WAITING);
		break;
	case ASK_REMOVE: REACHED(COMMAND_REMOVE); break;
	}
}

/* A command is about to be carried out. */
void
coverage_command(const struct slot *slot, enum model_command command)
{
	bool starts = command == ASK_START || command == ASK_ADD || command == ASK_RESTART;

	if (starts && !slot_parent_up(slot)) {
		REACHED(COMMAND_MOOT);
		return;
	}
	count_done(slot, command);
	if (starts && slot->parent != NULL && slot->parent->kind != SPEC_POOL && !steps_settled(slot->parent))
		REACHED(COMMAND_IN_GROUP);
	if (command == ASK_ADD && slot->child_count > 0)
		REACHED(COMMAND_ADD_TREE);
}

/* What was said to whoever gave a command. */
void
coverage_answer(tractor_err err)
{
	switch ((int)err) {
	case TRACTOR_EEXIST: REACHED(REFUSED_EXISTS); break;
	case TRACTOR_ECLOSED: REACHED(REFUSED_CLOSED); break;
	case TRACTOR_EINVAL: REACHED(REFUSED_INVALID); break;
	case TRACTOR_EFULL: REACHED(REFUSED_FULL); break;
	default: break;
	}
}
