/*
 * group.c: owns the marks of a supervisor's children and makes them come true, in OTP's order: those that must stop, newest first and
 * one at a time (a pool's all at once); then, when none is left to stop, those that must start, oldest first and each ready
 * before the next; and when nothing is left to do, the supervisor has come up, or down.
 *
 * It does not know why anybody is marked. It never scans the children for one event: counts say whether there is anything to do,
 * and two places, which only move over each child once per sweep, where to look for it. Nothing here can fail.
 */
#include <stdio.h>

#include "core.h"

void
group_wake(struct node *supervisor)
{
	tree_post_own(supervisor, EVENT_RECONCILE, NODE_END_NONE);
}

bool
group_busy(const struct node *supervisor)
{
	const struct group *group = supervisor->own->group;

	return group->stop_count > 0 || group->start_count > 0;
}

void
group_mark_stop(struct node *child, bool must_stop)
{
	struct node *supervisor = child->parent;

	if (child->own->must_stop == must_stop)
		return;
	tri_assert(supervisor != NULL); /* nobody is above the root to sweep it */
	struct group *group = supervisor->own->group;
	child->own->must_stop = must_stop;
	if (must_stop) {
		group->stop_count++;
		size_t below = node_place(child) + 1;
		if (group->stop_below < below)
			group->stop_below = below;
	} else {
		group->stop_count--;
	}
	group_wake(supervisor);
}

static void
count_turn(struct node *child, bool in_turn)
{
	struct group *group = child->parent->own->group;

	if (in_turn) {
		group->start_count++;
		size_t place = node_place(child);
		if (group->start_from > place)
			group->start_from = place;
	} else {
		group->start_count--;
	}
	group_wake(child->parent);
}

void
group_mark_start(struct node *child, enum start_mark start)
{
	bool was_in_turn = child->own->start == START_IN_TURN;
	bool in_turn = start == START_IN_TURN;

	child->own->start = start;
	if (was_in_turn != in_turn)
		count_turn(child, in_turn);
}

static struct node *
newest_to_stop(struct node *supervisor)
{
	struct group *group = supervisor->own->group;

	while (!supervisor->children[group->stop_below - 1]->own->must_stop)
		group->stop_below--;
	return supervisor->children[group->stop_below - 1];
}

static struct node *
oldest_to_start(struct node *supervisor)
{
	struct group *group = supervisor->own->group;

	while (supervisor->children[group->start_from]->own->start != START_IN_TURN)
		group->start_from++;
	return supervisor->children[group->start_from];
}

bool
group_has_turn(const struct node *child)
{
	struct node *supervisor = child->parent;

	return child->own->start == START_IN_TURN && supervisor->own->group->stop_count == 0 &&
	       oldest_to_start(supervisor) == child;
}

/* Until one has to be waited for. */
static void
stop_marked(struct node *supervisor)
{
	while (supervisor->own->group->stop_count > 0) {
		struct node *child = newest_to_stop(supervisor);
		if (child->state == NODE_STOPPING && child->own->asked)
			return;
		child_do(child, CHILD_STOP);
	}
}

bool
group_is_turn(struct node *child)
{
	const struct group *group = child->parent->own->group;

	if (child->state != NODE_WAITING || child->due_ns != 0)
		return false;
	return child->own->start != START_IN_TURN ||
	       (group->stop_count == 0 && oldest_to_start(child->parent) == child);
}

/* Until one has to be waited for: its delay, the gate, its readiness, or the end that comes before its start. */
static void
start_marked(struct node *supervisor)
{
	while (supervisor->own->group->start_count > 0) {
		struct node *child = oldest_to_start(supervisor);
		if (child->state != NODE_WAITING || child->due_ns != 0 || child->own->lined_up)
			return;
		child_do(child, CHILD_TURN);
	}
}

/* How its end looks from above. */
static enum node_end
own_end(const struct node *supervisor)
{
	if (supervisor->own->killed)
		return NODE_END_KILLED;
	if (supervisor->own->group->ending == TREE_START_FAILED)
		return NODE_END_START_FAILED;
	return NODE_END_SHUTDOWN;
}

/* All marks have come true: that is what some states wait for. */
static void
settle(struct node *supervisor)
{
	if (supervisor->state == NODE_STARTING && !tree_posted(supervisor, EVENT_READY))
		tree_post_own(supervisor, EVENT_READY, NODE_END_NONE);
	else if (supervisor->state == NODE_STOPPING && !tree_posted(supervisor, EVENT_ENDED))
		tree_post_own(supervisor, EVENT_ENDED, own_end(supervisor));
}

void
group_reconcile(struct node *supervisor)
{
	struct group *group = supervisor->own->group;

	/* A pool's members were all told to stop when they were marked. */
	if (supervisor->spec->kind != SPEC_POOL)
		stop_marked(supervisor);
	/* Those that stop do so in the order in which they were started; a new file's order holds from then on. */
	if (group->stop_count == 0 && group->reordered)
		node_put_in_order(supervisor);
	if (group->stop_count == 0)
		start_marked(supervisor);
	if (!group_busy(supervisor))
		settle(supervisor);
}

/* An OTP supervisor that starts has no past: no restarts that count, all the children of its spec, and none but those. */
void
group_launch(struct node *supervisor)
{
	struct group *group = supervisor->own->group;

	intensity_clear(&group->intensity);
	group->ending = TREE_NOT_ENDED;
	group->cause[0] = '\0';
	for (size_t i = 0; i < group->static_count; i++) {
		struct node *child = group->statics[i];
		if (child->state == NODE_GONE)
			child_do(child, CHILD_RETURN);
		child->own->cause = CAUSE_INITIAL;
		child->own->backoff = (struct backoff){ 0 };
		group_mark_start(child, START_IN_TURN);
		child_do(child, CHILD_START);
	}
	group_wake(supervisor);
}

/*
 * Those that have nothing to stop are at rest for good at once, and some vanish with that: hence newest first. The others are stopped
 * in order, but a pool's all together: `how` it is done, CHILD_STOP or CHILD_KILL.
 */
void
group_halt(struct node *supervisor, enum child_event_kind how)
{
	struct group *group = supervisor->own->group;

	if (group->ending == TREE_NOT_ENDED)
		group->ending = TREE_TERMINATED;
	for (size_t i = supervisor->child_count; i-- > 0;) {
		struct node *child = supervisor->children[i];
		bool at_rest = node_at_rest(child);
		group_mark_start(child, START_NO);
		group_mark_stop(child, !at_rest);
		if (at_rest || supervisor->spec->kind == SPEC_POOL)
			child_do(child, how);
	}
	group_wake(supervisor);
}

void
group_kill(struct node *supervisor)
{
	for (size_t i = supervisor->child_count; i-- > 0;)
		child_do(supervisor->children[i], CHILD_KILL);
}

/* The path of the child that it began with: a supervisor that came down over one of its own names that one. */
static void
note_cause(struct group *group, const struct node *culprit)
{
	const struct group *below = culprit->own->group;
	const char *path = below != NULL && below->cause[0] != '\0' ? below->cause : culprit->path;

	snprintf(group->cause, sizeof(group->cause), "%s", path);
}

void
group_finish(struct node *supervisor, enum tree_outcome_kind why, struct node *culprit)
{
	struct tree *tree = supervisor->own->tree;
	struct group *group = supervisor->own->group;

	if (group->ending == TREE_NOT_ENDED) {
		group->ending = why;
		note_cause(group, culprit);
		if (why == TREE_GAVE_UP)
			tree->ops.gives_up(tree->arg, supervisor, culprit);
	}
	child_do(supervisor, CHILD_FINISH);
}
