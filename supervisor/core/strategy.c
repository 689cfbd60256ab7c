/*
 * strategy.c: what follows from a death, or from a start that failed: OTP's rules (supervisor.erl: do_restart, restart, add_restart,
 * do_auto_shutdown), and what a CrashPolicy's verdict changes about them.
 *
 * It decides and sets marks; group.c makes them come true. It is not asked about deaths that are part of a stop: those count
 * for nothing. Nothing here can fail.
 */
#include "core.h"

enum answer { ANSWER_RESTART, ANSWER_LEAVE, ANSWER_ESCALATE };

/* OTP: normal, shutdown and {shutdown, x} are normal ends, for a transient child nothing that needs a restart. */
static bool
is_normal(enum node_end end)
{
	return end == NODE_END_NORMAL || end == NODE_END_SHUTDOWN || end == NODE_END_DONE;
}

/* A pool is a permanent child of its supervisor: the restart in its spec is its members'. */
static bool
wants_restart(const struct node *node, enum node_end end)
{
	if (end == NODE_END_PERMANENT_FAILURE)
		return false;
	if (node->spec->kind == SPEC_POOL || node->spec->restart == SPEC_PERMANENT)
		return true;
	return node->spec->restart == SPEC_TRANSIENT && !is_normal(end);
}

static enum answer
answer_of(const struct node_verdict *verdict, bool rules_say_restart)
{
	switch (verdict->kind) {
	case NODE_VERDICT_RESTART:
	case NODE_VERDICT_RESTART_AFTER: return ANSWER_RESTART;
	case NODE_VERDICT_STOP: return ANSWER_LEAVE;
	case NODE_VERDICT_ESCALATE: return ANSWER_ESCALATE;
	case NODE_VERDICT_DEFAULT: break;
	}
	return rules_say_restart ? ANSWER_RESTART : ANSWER_LEAVE;
}

/* OTP, which does one thing after the other, has forgotten the process of a child that it was told to terminate before. */
bool
strategy_is_left(const struct node *child)
{
	const struct node_private *own = child->own;

	if (own->doomed)
		return false;
	if (own->start != START_NO)
		return true;
	return !node_at_rest(child) && !own->must_stop && !(child->state == NODE_STOPPING && own->asked);
}

/* OTP: a child that is being restarted is not done; one that was stopped, or ignored its start, is. */
static bool
significant_left(const struct node *supervisor)
{
	for (size_t i = 0; i < supervisor->child_count; i++) {
		const struct node *child = supervisor->children[i];
		if (child->spec->significant && child->spec->kind != SPEC_POOL && strategy_is_left(child))
			return true;
	}
	return false;
}

/* After a child's own end with no restart to follow; it has left already. */
static void
auto_shutdown(struct node *supervisor, struct node *child)
{
	if (!child->spec->significant || child->spec->kind == SPEC_POOL)
		return;
	switch (supervisor->spec->auto_shutdown) {
	case SPEC_NEVER: return;
	case SPEC_ALL_SIGNIFICANT:
		if (significant_left(supervisor))
			return;
		break;
	case SPEC_ANY_SIGNIFICANT: break;
	}
	group_finish(supervisor, TREE_AUTO_SHUTDOWN, child);
}

/* A sibling of the dead child that shares its fate: stopped if it runs, and started again; unless it is temporary and has run. */
static void
join(struct node *sibling)
{
	bool stays = sibling->spec->kind == SPEC_POOL || sibling->spec->restart != SPEC_TEMPORARY;

	if (!node_at_rest(sibling))
		group_mark_stop(sibling, true);
	else if (sibling->own->start != START_NO) /* it was to be started anyway */
		stays = true;
	group_mark_start(sibling, stays ? START_IN_TURN : START_NO);
	if (stays)
		child_do(sibling, CHILD_START);
}

/* The place of the first child whom a death concerns beside the dead one; behind the last: none. */
static size_t
first_concerned(const struct node *dead)
{
	switch (dead->parent->spec->strategy) {
	case SPEC_ONE_FOR_ALL: return 0;
	case SPEC_REST_FOR_ONE: return node_place(dead);
	case SPEC_ONE_FOR_ONE: break;
	}
	return dead->parent->child_count;
}

/* One that is on its way out already is not concerned. */
static bool
is_concerned(const struct node *dead, const struct node *sibling)
{
	return sibling != dead && !sibling->own->doomed;
}

/*
 * Marks the siblings whom the death concerns. As in OTP a group is restarted as a whole, and so are those of its children that had been
 * stopped by a command or had ended normally.
 */
static void
mark_siblings(struct node *dead)
{
	struct node *supervisor = dead->parent;
	size_t first = first_concerned(dead);

	for (size_t i = supervisor->child_count; i-- > first;)
		if (is_concerned(dead, supervisor->children[i]))
			join(supervisor->children[i]);
}

void
tree_companions(const struct node *node, void (*each)(void *arg, const struct node *sibling), void *arg)
{
	const struct node *supervisor = node->parent;

	for (size_t i = supervisor ? first_concerned(node) : 0; supervisor && i < supervisor->child_count;
		i++)
		if (is_concerned(node, supervisor->children[i]))
			each(arg, supervisor->children[i]);
}

/* Backoff is an actor's: a supervisor has none, and what a pool's spec says is its members'. */
static int64_t
delay_of(struct node *node, const struct node_verdict *verdict)
{
	struct tree *tree = node->own->tree;

	if (verdict->kind == NODE_VERDICT_RESTART_AFTER)
		return verdict->after_ns < SPEC_DURATION_MAX_NS ? verdict->after_ns : SPEC_DURATION_MAX_NS;
	if (node->spec->kind != SPEC_ACTOR)
		return 0;
	return backoff_next_ns(&node->own->backoff, &node->spec->backoff, &tree->random);
}

static void
give_up(struct node *node)
{
	child_leave(node, "ended");
	group_finish(node->parent, TREE_GAVE_UP, node);
}

static void
restart(struct node *node, const struct node_verdict *verdict)
{
	if (!intensity_add(&node->parent->own->group->intensity, node->own->tree->now_ns)) {
		give_up(node);
		return;
	}
	int64_t delay_ns = delay_of(node, verdict);
	node->own->cause = CAUSE_RESTART;
	group_mark_start(node, node->parent->spec->strategy == SPEC_ONE_FOR_ONE ? START_FREE : START_IN_TURN);
	child_wait(node, delay_ns, "ended"); /* first: it is the reason of what its siblings do */
	mark_siblings(node);
}

static void
act(struct node *node, enum answer answer, const struct node_verdict *verdict)
{
	switch (answer) {
	case ANSWER_RESTART: restart(node, verdict); break;
	case ANSWER_ESCALATE: give_up(node); break;
	case ANSWER_LEAVE:
		child_leave(node, "ended");
		auto_shutdown(node->parent, node);
		break;
	}
}

void
strategy_died(struct node *node, const struct child_event *event)
{
	if (node->parent == NULL)
		child_leave(node, "ended"); /* the root: nobody is left to restart it */
	else
		act(node, answer_of(&event->verdict, wants_restart(node, event->end)), &event->verdict);
}

/* A start that failed on a restart is one more restart, whatever the child's restart type (OTP's try_again). */
void
strategy_start_failed(struct node *node, const struct child_event *event)
{
	switch (node->own->cause) {
	case CAUSE_RESTART:
		act(node, answer_of(&event->verdict, event->end != NODE_END_PERMANENT_FAILURE),
			&event->verdict);
		break;
	case CAUSE_INITIAL:
		tri_assert(node->parent->state == NODE_STARTING);
		child_leave(node, "ended");
		group_finish(node->parent, TREE_START_FAILED, node);
		break;
	case CAUSE_ADD:
	case CAUSE_COMMAND: child_leave(node, "ended"); break;
	}
}

const char *
tree_would(const struct tree *tree, const struct node *node, enum node_end end, int64_t now_ns)
{
	static const char *const words[] = {
		[SPEC_ONE_FOR_ONE] = "restart",
		[SPEC_ONE_FOR_ALL] = "restart_all",
		[SPEC_REST_FOR_ONE] = "restart_rest",
	};
	const struct node_private *own = node->own;
	bool starting = node->state == NODE_STARTING;

	(void)tree;
	if (node->parent == NULL || own->must_stop || (!starting && node->state != NODE_RUNNING))
		return "stop";
	if (starting && own->killed && end == NODE_END_IGNORED)
		end = NODE_END_START_FAILED; /* it says so too late */
	if (end == NODE_END_HOST_FAILED && gate_is_restart(node))
		return "restart";
	if (starting && own->cause != CAUSE_RESTART)
		return own->cause == CAUSE_INITIAL && end != NODE_END_IGNORED ? "escalate" : "stop";
	if (end == NODE_END_IGNORED || end == NODE_END_PERMANENT_FAILURE)
		return "stop";
	if (!starting && !wants_restart(node, end))
		return "stop";
	if (tree_restarts_in_window(node->parent, now_ns) >= node->parent->spec->intensity)
		return "escalate";
	return words[node->parent->spec->strategy];
}

bool
tree_stops(const struct node *node)
{
	return node->state == NODE_STOPPING && node->own->start == START_NO;
}

bool
tree_is_to_stop(const struct node *node)
{
	for (; node; node = node->parent)
		if (node->state == NODE_STOPPING || node->own->must_stop)
			return true;
	return false;
}
