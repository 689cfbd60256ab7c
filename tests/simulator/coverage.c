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

static void
count_end_in_reload(const struct slot *slot, enum fate fate)
{
	if (model.reloading && fate == FATE_RESTART)
		REACHED(RELOAD_DEATH);
	if (slot->awaited && fate == FATE_REFUSED)
		REACHED(RELOAD_ADDED_FAILED);
	if (slot->awaited && fate == FATE_ROLL_BACK)
		REACHED(RELOAD_ROLLED_BACK);
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
	count_end_in_reload(slot, fate);
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
	case ASK_LINE_UP: break;
	}
}

static void
count_command_in_reload(const struct slot *slot, enum model_command command)
{
	if (slot->doomed && command != ASK_TERMINATE)
		REACHED(RELOAD_COMMAND_DOOMED);
	else if (slot->awaited && !slot->doomed && command != ASK_LINE_UP)
		REACHED(RELOAD_COMMAND);
	if (model.reloading && slot->parent == NULL)
		REACHED(RELOAD_SHUTDOWN);
}

/* A command is about to be carried out. */
void
coverage_command(const struct slot *slot, enum model_command command)
{
	bool starts = command == ASK_START || command == ASK_ADD || command == ASK_RESTART;

	count_command_in_reload(slot, command);
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

/* What was said to whoever brought a new file. */
void
coverage_file(tractor_err err)
{
	switch ((int)err) {
	case TRACTOR_EEXIST: REACHED(RELOAD_REFUSED_AGAIN); break;
	case TRACTOR_ECLOSED: REACHED(RELOAD_REFUSED_CLOSED); break;
	case TRACTOR_EINVAL: REACHED(RELOAD_REFUSED_FAULTY); break;
	case TRACTOR_ENOMEM: REACHED(RELOAD_REFUSED_MEMORY); break;
	default: break;
	}
}

/* What goes on at and below the slot while a reload comes: a bit for each. */
enum { GROUP = 1, START = 2, STOP = 4, DELAY = 8 };

static unsigned
going_on(const struct slot *slot)
{
	unsigned found = 0;

	if (slot->kind == SPEC_SUPERVISOR && slot->state == NODE_RUNNING && !steps_settled(slot))
		found |= GROUP;
	if (slot->state == NODE_STARTING)
		found |= START;
	if (slot->state == NODE_STOPPING)
		found |= STOP;
	if (slot->state == NODE_WAITING && slot->due_ns != 0)
		found |= DELAY;
	for (size_t i = 0; i < slot->child_count; i++)
		found |= going_on(slot->children[i]);
	return found;
}

/* A reload of the slot is about to be done. */
void
coverage_reload(const struct slot *slot)
{
	unsigned found = going_on(slot);

	REACHED(RELOAD);
	if (slot->parent != NULL)
		REACHED(RELOAD_PART);
	if ((found & GROUP) != 0)
		REACHED(RELOAD_IN_GROUP);
	if ((found & START) != 0)
		REACHED(RELOAD_IN_START);
	if ((found & STOP) != 0)
		REACHED(RELOAD_IN_STOP);
	if ((found & DELAY) != 0)
		REACHED(RELOAD_IN_DELAY);
	if (model.in_line > 0)
		REACHED(RELOAD_IN_LINE);
	if (model.count > 0)
		REACHED(RELOAD_IN_EVENTS);
}

void
coverage_added(const struct slot *slot)
{
	REACHED(RELOAD_ADDED);
	if (slot->static_count > 0)
		REACHED(RELOAD_ADDED_TREE);
	switch (slot->parent->state) {
	case NODE_STOPPED:
	case NODE_WAITING: REACHED(RELOAD_ADDED_DOWN); break;
	case NODE_STARTING: REACHED(RELOAD_ADDED_STARTING); break;
	case NODE_STOPPING: REACHED(RELOAD_ADDED_STOPPING); break;
	case NODE_GONE: REACHED(RELOAD_ADDED_FORGOTTEN); break;
	case NODE_RUNNING: break;
	}
}

static bool
has_just_died(const struct slot *slot)
{
	return slot->kind == SPEC_ACTOR && !slot_at_rest(slot) && world_process(slot) == NULL;
}

void
coverage_removed(const struct slot *slot)
{
	REACHED(RELOAD_REMOVED);
	if (slot->child_count > 0)
		REACHED(RELOAD_REMOVED_TREE);
	if (has_just_died(slot))
		REACHED(RELOAD_REMOVED_DEAD);
	switch (slot->state) {
	case NODE_STOPPED: REACHED(RELOAD_REMOVED_STOPPED); break;
	case NODE_WAITING: REACHED(RELOAD_REMOVED_WAITING); break;
	case NODE_STARTING: REACHED(RELOAD_REMOVED_STARTING); break;
	case NODE_STOPPING: REACHED(RELOAD_REMOVED_STOPPING); break;
	case NODE_RUNNING:
	case NODE_GONE: break;
	}
}

void
coverage_replaced(const struct slot *slot)
{
	REACHED(RELOAD_RESTARTED);
	if (has_just_died(slot))
		REACHED(RELOAD_RESTARTED_DEAD);
	if (slot->state == NODE_WAITING && slot->due_ns != 0)
		REACHED(RELOAD_RESTARTED_WAITING);
	else if (slot->state == NODE_STARTING)
		REACHED(RELOAD_RESTARTED_STARTING);
	else if (slot->state == NODE_STOPPING)
		REACHED(RELOAD_RESTARTED_STOPPING);
}

/* Nothing of it is changed yet, and its process stays, if it has one. */
void
coverage_changed(const struct slot *slot, const struct spec *spec, bool is_adopted)
{
	REACHED(RELOAD_CHANGED);
	if (is_adopted)
		REACHED(RELOAD_ADOPTED);
	if (slot->kind == SPEC_ACTOR && slot->version != plant_version(spec))
		REACHED(RELOAD_NEXT_START);
	if (slot->kind == SPEC_POOL && slot->child_count > 0)
		REACHED(RELOAD_TEMPLATE);
	if (slot->state == NODE_GONE)
		REACHED(RELOAD_FORGOTTEN);
}
