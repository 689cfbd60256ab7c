/*
 * command.c: what an operator or an actor may ask of a tree while it runs, in OTP's terms: start_child, terminate_child,
 * restart_child, delete_child; and restart, which OTP has not.
 *
 * A command is checked against what can be seen when it is given, queued (at most one per node: the newest), and carried out in
 * tree_run(); what has changed until then may make it moot. Like strategy.c it only sets marks and starts the first step.
 */
#include "core.h"

static enum command
waiting_command(const struct node *node)
{
	const struct event *event = &node->own->events[EVENT_COMMAND];

	return event->queued ? event->command : COMMAND_NONE;
}

void
command_order(struct node *node, enum command command)
{
	struct event *event = &node->own->events[EVENT_COMMAND];

	event->command = command;
	if (!event->queued)
		tree_queue(event);
}

/* Nothing can be done with it any more: it is gone, or as good as gone. */
static bool
leaves(const struct node *node)
{
	return node->state == NODE_GONE || node->own->doomed || waiting_command(node) == COMMAND_REMOVE;
}

static bool
parent_runs(const struct node *node)
{
	return node->parent == NULL || node->parent->state == NODE_RUNNING;
}

static bool
is_to_run(enum command waiting)
{
	return waiting == COMMAND_START || waiting == COMMAND_ADD || waiting == COMMAND_RESTART ||
	       waiting == COMMAND_LINE_UP;
}

tractor_err
tree_start(struct tree *tree, struct node *node)
{
	enum command waiting = waiting_command(node);

	tri_assert(node->own->tree == tree);
	if (leaves(node))
		return TRACTOR_ESTOPPED;
	if (node->state != NODE_STOPPED || is_to_run(waiting))
		return TRACTOR_EEXIST;
	if (!parent_runs(node))
		return TRACTOR_ECLOSED;
	command_order(node, COMMAND_START);
	return TRACTOR_OK;
}

tractor_err
tree_terminate(struct tree *tree, struct node *node)
{
	tri_assert(node->own->tree == tree);
	if (node->state != NODE_GONE && waiting_command(node) != COMMAND_REMOVE)
		command_order(node, COMMAND_TERMINATE);
	return TRACTOR_OK;
}

void
tree_kill(struct tree *tree, struct node *node)
{
	tri_assert(node->own->tree == tree);
	if (node->state != NODE_GONE && waiting_command(node) != COMMAND_REMOVE)
		command_order(node, COMMAND_KILL);
}

tractor_err
tree_restart(struct tree *tree, struct node *node)
{
	tri_assert(node->own->tree == tree);
	if (leaves(node))
		return TRACTOR_ESTOPPED;
	if (!parent_runs(node))
		return TRACTOR_ECLOSED;
	if (waiting_command(node) != COMMAND_ADD)
		command_order(node, COMMAND_RESTART);
	return TRACTOR_OK;
}

tractor_err
tree_remove(struct tree *tree, struct node *node)
{
	enum command waiting = waiting_command(node);

	tri_assert(node->own->tree == tree);
	if (node->state == NODE_GONE || node->own->doomed)
		return TRACTOR_ESTOPPED;
	if (node->parent == NULL || node->state != NODE_STOPPED)
		return TRACTOR_EINVAL;
	if (is_to_run(waiting))
		return TRACTOR_EINVAL;
	command_order(node, COMMAND_REMOVE);
	return TRACTOR_OK;
}

/* How many levels of supervisors (and a pool) the spec has. */
static int
spec_levels(const struct spec *spec)
{
	int below = 0;

	for (size_t i = 0; i < spec->child_count; i++) {
		int levels = spec_levels(spec->children[i]);
		if (below < levels)
			below = levels;
	}
	return below + (spec->kind != SPEC_ACTOR);
}

static int
levels_to(const struct node *node)
{
	int levels = 0;

	for (; node != NULL; node = node->parent)
		levels++;
	return levels;
}

/* True if `spec` may be a child of `parent`, by what it says. */
bool
command_fits(const struct node *parent, const struct spec *spec)
{
	if (parent->own->group == NULL || spec_check(spec, NULL, NULL) > 0)
		return false;
	if (parent->spec->kind == SPEC_POOL && spec->kind != SPEC_ACTOR)
		return false;
	if (spec->significant && parent->spec->auto_shutdown == SPEC_NEVER)
		return false;
	return levels_to(parent) + spec_levels(spec) <= SPEC_DEPTH_MAX;
}

tractor_err
tree_add(struct tree *tree, struct node *parent, struct spec *spec, struct node **ret_node)
{
	struct node *node;

	tri_assert(parent->own->tree == tree && !tree->running);
	if (!command_fits(parent, spec))
		return TRACTOR_EINVAL;
	if (parent->state != NODE_RUNNING)
		return TRACTOR_ECLOSED;
	if (node_child(parent, spec->name) != NULL)
		return TRACTOR_EEXIST;
	if (parent->spec->kind == SPEC_POOL && parent->child_count >= parent->spec->pool_max)
		return TRACTOR_EFULL;
	tractor_err err = node_new(tree, parent, spec, &node);
	if (err != TRACTOR_OK)
		return err;
	command_order(node, COMMAND_ADD);
	*ret_node = node;
	return TRACTOR_OK;
}

/* Where a group is being brought up in order, whoever is started by command has its turn in it. */
static void
start_by(struct node *node, enum start_cause cause)
{
	bool in_turn = node->parent != NULL && group_busy(node->parent);

	node->own->cause = cause;
	group_mark_start(node, in_turn ? START_IN_TURN : START_FREE);
}

/*
 * The restart of a group that had come to `node` ends with it: those after it need it up, and stay stopped until somebody starts them. (OTP
 * retries a group's restart by its child, and forgets it with that.) Others whose turn it is behind it, in a first start or by a command,
 * are started all the same.
 */
static void
abandon_restart(struct node *node)
{
	struct node *supervisor = node->parent;

	for (size_t i = supervisor->child_count; i-- > node_place(node) + 1;) {
		struct node *child = supervisor->children[i];
		if (child->own->start != START_IN_TURN || child->own->cause != CAUSE_RESTART)
			continue;
		if (!node_at_rest(child))
			continue; /* it was before it until a reload, and its start goes on */
		group_mark_start(child, START_NO);
		child_do(child, CHILD_STOP);
	}
}

/* `how`: CHILD_STOP, or CHILD_KILL, which waits for no turn. */
static void
terminate(struct node *node, enum child_event_kind how)
{
	if (node->parent != NULL && node->own->cause == CAUSE_RESTART && group_has_turn(node))
		abandon_restart(node);
	node->own->cause = CAUSE_RESTART; /* nobody's start depends on it any more, and its spec is kept */
	group_mark_start(node, START_NO);
	/* Else it has its turn; but one that only waits for its delay would be started when that is over. */
	if (how == CHILD_KILL || !node->own->must_stop || node_at_rest(node))
		child_do(node, how);
}

static void
restart(struct node *node)
{
	start_by(node, CAUSE_COMMAND);
	if (node->state == NODE_STOPPED)
		child_do(node, CHILD_START);
	else if (!node->own->must_stop)
		child_do(node, CHILD_STOP);
}

static void
start(struct node *node, enum start_cause cause)
{
	if (node->state != NODE_STOPPED)
		return;
	start_by(node, cause);
	child_do(node, CHILD_START);
}

void
command_obey(struct node *node, enum command command)
{
	bool can_start = node->state != NODE_GONE && !node->own->doomed && parent_runs(node);

	switch (command) {
	case COMMAND_NONE: break;
	case COMMAND_START:
		if (can_start)
			start(node, CAUSE_COMMAND);
		break;
	case COMMAND_ADD:
		if (can_start)
			start(node, CAUSE_ADD);
		break;
	case COMMAND_RESTART:
		if (can_start)
			restart(node);
		break;
	case COMMAND_TERMINATE:
		if (node->state != NODE_GONE)
			terminate(node, CHILD_STOP);
		break;
	case COMMAND_KILL:
		if (node->state != NODE_GONE)
			terminate(node, CHILD_KILL);
		break;
	case COMMAND_REMOVE:
		if (node->state == NODE_STOPPED)
			terminate(node, CHILD_STOP); /* it may be marked to be started */
		if (node->state == NODE_STOPPED)
			child_do(node, CHILD_FORGET);
		break;
	case COMMAND_LINE_UP:
		if (node->state == NODE_STOPPED && node->own->start != START_NO)
			child_do(node, CHILD_START);
		break;
	}
}
