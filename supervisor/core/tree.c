/*
 * tree.c: the outside of the core: what is posted is queued here, tree_run() takes it out in order and hands it to the table in
 * child.c, held back starts after events and timers after both, until nothing is left; and the questions that may be asked about a tree.
 *
 * It knows no rule of supervision, and commands only by their name (command.c). What was posted of an incarnation that is
 * over is dropped and counted; to post the same thing twice about one incarnation is a bug of the shell.
 */
#include <stdlib.h>

#include "core.h"

void
tree_queue(struct event *event)
{
	struct tree *tree = event->node->own->tree;

	event->queued = true;
	event->next = NULL;
	if (tree->last != NULL)
		tree->last->next = event;
	else
		tree->first = event;
	tree->last = event;
}

static struct event *
take(struct tree *tree)
{
	struct event *event = tree->first;

	tree->first = event->next;
	if (tree->first == NULL)
		tree->last = NULL;
	event->queued = false;
	return event;
}

static void
post(struct node *node, enum event_kind kind, uint32_t incarnation, enum node_end end,
	struct node_verdict verdict)
{
	struct event *event = &node->own->events[kind];

	if (incarnation != node->incarnation) {
		node->own->tree->dropped++;
		return;
	}
	tri_assert(!event->queued);
	event->incarnation = incarnation;
	event->end = end;
	event->verdict = verdict;
	tree_queue(event);
}

void
tree_post_ready(struct tree *tree, struct node *node, uint32_t incarnation)
{
	tri_assert(node->own->tree == tree && node->spec->kind == SPEC_ACTOR);
	if (tree_posted(node, EVENT_ENDED)) {
		tree->dropped++; /* it came after the end that it should have come before */
		return;
	}
	post(node, EVENT_READY, incarnation, NODE_END_NONE, (struct node_verdict){ NODE_VERDICT_DEFAULT, 0 });
}

void
tree_post_ended(struct tree *tree, struct node *node, uint32_t incarnation, enum node_end end,
	struct node_verdict verdict)
{
	tri_assert(node->own->tree == tree && node->spec->kind == SPEC_ACTOR && end != NODE_END_NONE);
	tri_assert(end != NODE_END_HOST_FAILED || incarnation != node->incarnation ||
		   node->state == NODE_STARTING);
	post(node, EVENT_ENDED, incarnation, end, verdict);
}

/* That there is something to reconcile need only be said once. */
void
tree_post_own(struct node *node, enum event_kind kind, enum node_end end)
{
	if (kind != EVENT_RECONCILE || !tree_posted(node, kind))
		post(node, kind, node->incarnation, end, (struct node_verdict){ NODE_VERDICT_DEFAULT, 0 });
}

bool
tree_posted(const struct node *node, enum event_kind kind)
{
	return node->own->events[kind].queued;
}

static void
handle(struct event *event)
{
	struct node *node = event->node;
	struct child_event step = { .end = event->end, .verdict = event->verdict };

	switch (event->kind) {
	case EVENT_RECONCILE: group_reconcile(node); return;
	case EVENT_COMMAND: command_obey(node, event->command); return;
	case EVENT_READY: step.kind = CHILD_READY; break;
	case EVENT_ENDED: step.kind = CHILD_ENDED; break;
	}
	if (event->incarnation == node->incarnation)
		child_step(node, &step);
	else
		node->own->tree->dropped++;
}

static void
ring(struct tree *tree, struct timer *timer)
{
	if (timer == &tree->gate.timer)
		gate_open(tree);
	else
		child_do(TIMER_OWNER(timer, struct node_private, timer)->events[0].node, CHILD_TIMEOUT);
}

/*
 * One event; if there is none, one start that was held back; or one timer: what is known to have happened comes before what was only
 * limited. False: none of these.
 */
static bool
run_one(struct tree *tree)
{
	if (tree->first != NULL) {
		handle(take(tree));
		return true;
	}
	struct node *node = gate_next(tree);
	if (node != NULL) {
		child_admit(node);
		return true;
	}
	struct timer *timer = timers_due(&tree->timers, tree->now_ns);
	if (timer == NULL)
		return false;
	ring(tree, timer);
	return true;
}

void
tree_run(struct tree *tree, int64_t now_ns)
{
	tri_assert(!tree->running);
	tree->running = true;
	if (tree->now_ns < now_ns)
		tree->now_ns = now_ns;
	while (run_one(tree))
		;
	node_reap(tree);
	tree->running = false;
}

int64_t
tree_next_ns(const struct tree *tree)
{
	return tree->first != NULL ? tree->now_ns : timers_next_ns(&tree->timers);
}

void
tree_shift(struct tree *tree, int64_t by_ns)
{
	timers_shift(&tree->timers, by_ns);
	for (struct node *node = tree->root; node != NULL; node = tree_next(tree, node))
		if (node->due_ns != 0)
			node->due_ns += by_ns;
}

tractor_err
tree_new(struct spec *root, const struct tree_ops *ops, void *arg, uint64_t seed, uint64_t first_id,
	struct tree **ret_tree)
{
	if (root->kind != SPEC_SUPERVISOR)
		return TRACTOR_EINVAL;
	struct tree *tree = calloc(1, sizeof(*tree));
	if (tree == NULL)
		return TRACTOR_ENOMEM;
	tree->ops = *ops;
	tree->arg = arg;
	tree->random = seed;
	tree->next_id = first_id;
	timers_init(&tree->timers);
	tractor_err err = timers_reserve(&tree->timers, 1); /* the gate's */
	if (err == TRACTOR_OK)
		err = node_new(tree, NULL, root, &tree->root);
	if (err != TRACTOR_OK) {
		index_free(&tree->index);
		timers_free(&tree->timers);
		free(tree);
		return err;
	}
	*ret_tree = tree;
	return TRACTOR_OK;
}

static void
release_all(struct node *node)
{
	for (size_t i = node->child_count; i-- > 0;)
		release_all(node->children[i]);
	node_release(node);
}

void
tree_free(struct tree *tree)
{
	if (tree == NULL)
		return;
	tri_assert(!tree->running);
	release_all(tree->root);
	node_free(tree->root);
	index_free(&tree->index);
	timers_free(&tree->timers);
	free(tree);
}

struct node *
tree_root(struct tree *tree)
{
	return tree->root;
}

struct node *
tree_find(struct tree *tree, const char *path)
{
	return index_by_path(&tree->index, path);
}

struct node *
tree_by_id(struct tree *tree, uint64_t id)
{
	return index_by_id(&tree->index, id);
}

uint64_t
tree_next_id(const struct tree *tree)
{
	return tree->next_id;
}

struct node *
tree_next(struct tree *tree, struct node *node)
{
	tri_assert(node->own->tree == tree);
	if (node->child_count > 0)
		return node->children[0];
	for (; node->parent != NULL; node = node->parent) {
		size_t place = node_place(node) + 1;
		if (place < node->parent->child_count)
			return node->parent->children[place];
	}
	return NULL;
}

void
tree_limit_starts(struct tree *tree, unsigned limit)
{
	tree->gate.limit = limit;
	tree->gate.changed = true;
}

int64_t
tree_host_ns(const struct tree *tree)
{
	return timer_armed(&tree->gate.timer) ? tree->gate.timer.due_ns : 0;
}

bool
tree_is_starting(const struct tree *tree)
{
	return tree->gate.starting > 0 || tree->gate.first != NULL || timer_armed(&tree->gate.timer) ||
	       tree->root->state != NODE_RUNNING;
}

bool
tree_is_held(const struct node *node)
{
	return node->own->lined_up;
}

bool
tree_ended(const struct tree *tree)
{
	return tree->root->state == NODE_STOPPED && tree->root->incarnation > 0;
}

struct tree_outcome
tree_outcome(const struct tree *tree)
{
	const struct group *group = tree->root->own->group;

	return (struct tree_outcome){ group->ending, group->cause };
}

uint64_t
tree_dropped_count(const struct tree *tree)
{
	return tree->dropped;
}

unsigned
tree_restarts_in_window(const struct node *supervisor, int64_t now_ns)
{
	return supervisor->own->group == NULL ? 0
					      : intensity_count(&supervisor->own->group->intensity, now_ns);
}

void
tree_count_children(const struct node *supervisor, struct tree_counts *ret_counts)
{
	bool is_pool = supervisor->spec->kind == SPEC_POOL;
	struct tree_counts counts = { .specs = is_pool ? 1 : supervisor->child_count };

	for (size_t i = 0; i < supervisor->child_count; i++) {
		const struct node *child = supervisor->children[i];
		counts.active += child->state == NODE_RUNNING;
		if (child->own->group != NULL)
			counts.supervisors++;
		else
			counts.workers++;
	}
	*ret_counts = counts;
}

const char *
node_state_name(enum node_state state)
{
	static const char *const names[] = {
#define NODE_STATE_NAME(constant, word) word,
		NODE_STATES(NODE_STATE_NAME)
#undef NODE_STATE_NAME
	};

	return names[state];
}

const char *
node_end_name(enum node_end end)
{
	static const char *const names[] = {
#define NODE_END_NAME(constant, word) word,
		NODE_ENDS(NODE_END_NAME)
#undef NODE_END_NAME
	};

	return names[end];
}

const char *
tree_outcome_name(enum tree_outcome_kind kind)
{
	static const char *const names[] = {
#define TREE_OUTCOME_NAME(constant, word) word,
		TREE_OUTCOMES(TREE_OUTCOME_NAME)
#undef TREE_OUTCOME_NAME
	};

	return names[kind];
}
