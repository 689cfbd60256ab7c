/*
 * gate.c: owns the question who may start now. Two things hold a start back: that as many are under way as may be, so that hundreds of deaths at once don't become hundreds of starts at
 * once; and that the host had nothing left to make a process from, which is no actor's fault and is waited out by all restarts of the tree together. The rules are in tree.h.
 *
 * It knows nothing of strategies. Who is held back waits in one line, oldest first; tree_run() takes out whoever may start. Nothing here can fail.
 */
#include "core.h"

bool
gate_is_restart(const struct node *node)
{
	while (node->own->cause == CAUSE_INITIAL && node->parent != NULL)
		node = node->parent;
	return node->own->cause == CAUSE_RESTART;
}

/* OTP's supervisors start their children one at a time: a bound below that could make one supervisor's start wait for another's. */
static bool
has_room(const struct gate *gate, const struct node *node)
{
	return gate->limit == 0 || gate->starting < gate->limit || node->parent->own->group->starting == 0;
}

static bool
may_start(const struct gate *gate, const struct node *node)
{
	if (timer_armed(&gate->timer) && gate_is_restart(node))
		return false;
	return has_room(gate, node);
}

/* Of such a one somebody may start, however many of others do. */
static bool
is_idle(const struct group *group)
{
	return group->lined_up > 0 && group->starting == 0;
}

static void
count(struct node *node, int starting, int lined_up)
{
	struct gate *gate = &node->own->tree->gate;
	struct group *group = node->parent->own->group;

	gate->idle -= is_idle(group);
	gate->starting += (unsigned)starting;
	group->starting += (unsigned)starting;
	group->lined_up += (unsigned)lined_up;
	gate->idle += is_idle(group);
}

static void
line_up(struct gate *gate, struct node *node)
{
	count(node, 0, 1);
	node->own->lined_up = true;
	node->own->next_in_line = NULL;
	node->own->previous_in_line = gate->last;
	if (gate->last != NULL)
		gate->last->own->next_in_line = node;
	else
		gate->first = node;
	gate->last = node;
	gate->changed = true;
}

bool
gate_admits(struct node *node)
{
	struct gate *gate = &node->own->tree->gate;

	/* Whoever stands in line is asked first, when there are no more events; see gate_next(). */
	if (gate->first == NULL && may_start(gate, node))
		return true;
	if (!node->own->lined_up)
		line_up(gate, node);
	return false;
}

void
gate_leave_line(struct node *node)
{
	struct gate *gate = &node->own->tree->gate;
	struct node *next = node->own->next_in_line, *previous = node->own->previous_in_line;

	if (!node->own->lined_up)
		return;
	count(node, 0, -1);
	node->own->lined_up = false;
	if (previous != NULL)
		previous->own->next_in_line = next;
	else
		gate->first = next;
	if (next != NULL)
		next->own->previous_in_line = previous;
	else
		gate->last = previous;
}

struct node *
gate_next(struct tree *tree)
{
	struct gate *gate = &tree->gate;
	bool has_any = gate->limit == 0 || gate->starting < gate->limit || gate->idle > 0;

	for (struct node *node = gate->changed && has_any ? gate->first : NULL; node != NULL;
		node = node->own->next_in_line)
		if (may_start(gate, node)) {
			gate_leave_line(node);
			return node;
		}
	gate->changed = false;
	return NULL;
}

void
gate_count(struct node *node, int more)
{
	count(node, more, 0);
	node->own->tree->gate.changed = true;
}

int64_t
gate_close(struct tree *tree)
{
	struct gate *gate = &tree->gate;

	/* One that was refused in the same moment is told the same time. */
	if (!timer_armed(&gate->timer)) {
		backoff_ran(&gate->backoff, &backoff_of_host, tree->now_ns - gate->opened_ns);
		timers_arm(&tree->timers, &gate->timer,
			tree->now_ns + backoff_next_ns(&gate->backoff, &backoff_of_host, &tree->random));
	}
	return gate->timer.due_ns - tree->now_ns;
}

void
gate_open(struct tree *tree)
{
	tree->gate.opened_ns = tree->now_ns;
	tree->gate.changed = true;
}
