/*
 * compare.c: all that can be seen of the core, held against the model, whenever the core has nothing left to do: every node, every list,
 * every number, and when it wants to run again.
 */
#include "simulator.h"

static int64_t next_ns;		/* when the model's first patience or delay ends */
static const struct slot *next; /* whose that is */

static void
note_time(const struct slot *slot, int64_t time_ns)
{
	if (time_ns != 0 && time_ns < next_ns) {
		next_ns = time_ns;
		next = slot;
	}
}

#define SAME(what, core, model_says)                                                         \
	sim_check((core) == (model_says), "%s: %s is %lld, expected %lld", slot->path, what, \
		(long long)(core), (long long)(model_says))

static void
compare_supervisor(const struct slot *slot, const struct node *node)
{
	SAME("the number of children", node->child_count, slot->child_count);
	for (size_t i = 0; i < slot->child_count; i++)
		sim_check(node->children[i] == slot->children[i]->node, "%s: child %zu is %s, expected %s",
			slot->path, i, node->children[i]->path, slot->children[i]->path);
	SAME("restarts in the window", tree_restarts_in_window(node, model.now_ns), fate_in_window(slot));
}

/* What the core would tell a policy about a death now. */
static const char *
would(const struct slot *slot, enum node_end end)
{
	switch (fate_of(slot, end, (struct node_verdict){ NODE_VERDICT_DEFAULT, 0 })) {
	case FATE_ORDERED:
	case FATE_STOP:
	case FATE_IGNORED:
	case FATE_REFUSED: return "stop";
	case FATE_ROLL_BACK:
	case FATE_TOO_MANY:
	case FATE_ESCALATE: return "escalate";
	case FATE_HOST: return "restart";
	case FATE_RESTART: break;
	}
	if (slot->parent->kind == SPEC_POOL || slot->parent->strategy == SPEC_ONE_FOR_ONE)
		return "restart";
	return slot->parent->strategy == SPEC_ONE_FOR_ALL ? "restart_all" : "restart_rest";
}

static void
compare_would(struct tree *tree, const struct slot *slot)
{
	static const enum node_end ends[] = { NODE_END_NORMAL, NODE_END_SHUTDOWN, NODE_END_DONE,
		NODE_END_ABNORMAL, NODE_END_KILLED, NODE_END_PERMANENT_FAILURE, NODE_END_IGNORED,
		NODE_END_START_FAILED, NODE_END_HOST_FAILED };
	static unsigned turn; /* one at a time is enough */

	if (slot_at_rest(slot) || slot->down)
		return;
	enum node_end end = ends[++turn % (slot->state == NODE_STARTING ? 9 : 6)];
	const char *says = tree_would(tree, slot->node, end, model.now_ns);
	sim_check(strcmp(says, would(slot, end)) == 0, "%s: it would %s about the end \"%s\", expected: %s",
		slot->path, says, node_end_name(end), would(slot, end));
}

static void
compare_slot(struct tree *tree, const struct slot *slot)
{
	const struct node *node = slot->node;

	SAME("the state", node->state, slot->state);
	SAME("the last end", node->last_end, slot->last_end);
	SAME("the incarnation", node->incarnation, slot->incarnation);
	SAME("the number of restarts", node->restarts, slot->restarts);
	SAME("the time of its state", node->since_ns, slot->since_ns);
	SAME("the id", node->id, slot->id);
	if (slot->state == NODE_WAITING)
		SAME("the due time", node->due_ns, slot->due_ns);
	sim_check(node->shell == slot, "%s: not its shell", slot->path);
	if (slot->kind != SPEC_ACTOR)
		compare_supervisor(slot, node);
	else
		compare_would(tree, slot);
	note_time(slot, slot->limit_ns);
	if (slot->state == NODE_WAITING && slot->due_ns > model.now_ns)
		note_time(slot, slot->due_ns);
	for (size_t i = 0; i < slot->child_count; i++)
		compare_slot(tree, slot->children[i]);
}

/* What a node is to be: only a reload changes that. */
void
compare_specs(const struct slot *slot)
{
	const struct spec *spec = slot->node->spec;

	SAME("the kind", spec->kind, slot->kind);
	SAME("restart", spec->restart, slot->template_restart);
	SAME("shutdown", spec->shutdown_ns, slot->template_shutdown_ns);
	SAME("the version", plant_version(spec), slot->version);
	if (slot->kind != SPEC_POOL)
		SAME("significant", spec->significant, slot->significant);
	if (slot->kind != SPEC_SUPERVISOR) {
		SAME("the start limit", spec->start_timeout_ns, slot->start_timeout_ns);
		SAME("the first delay", spec->backoff.initial_ns, slot->backoff.initial_ns);
		SAME("the longest delay", spec->backoff.max_ns, slot->backoff.max_ns);
	}
	if (slot->kind != SPEC_ACTOR) {
		SAME("the strategy", spec->strategy, slot->strategy);
		SAME("intensity", spec->intensity, slot->intensity);
		SAME("period", spec->period_ns, slot->period_ns);
		SAME("auto_shutdown", spec->auto_shutdown, slot->auto_shutdown);
	}
	if (slot->kind == SPEC_POOL)
		SAME("max", spec->pool_max, slot->pool_max);
	for (size_t i = 0; i < slot->child_count; i++)
		compare_specs(slot->children[i]);
}

void
compare_plan(const struct tree_plan *plan)
{
	const struct slot *slot = model.root;
	char path[sizeof(slot->path)];

	SAME("the number of changes", plan->count, model.change_count);
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &model.changes[i];
		slot_path(path, sizeof(path), change->parent, change->name);
		sim_check(plan->changes[i].kind == change->kind && strcmp(plan->changes[i].path, path) == 0,
			"%s is %s, expected: %s is %s", plan->changes[i].path,
			tree_change_name(plan->changes[i].kind), path, tree_change_name(change->kind));
	}
}

static void
compare_outcome(struct tree *tree, const struct slot *root)
{
	struct tree_outcome outcome = tree_outcome(tree);

	sim_check(outcome.kind == root->falls, "the outcome is \"%s\", expected \"%s\"",
		tree_outcome_name(outcome.kind), tree_outcome_name(root->falls));
	sim_check(strcmp(outcome.culprit, root->culprit) == 0, "the culprit is \"%s\", expected \"%s\"",
		outcome.culprit, root->culprit);
	sim_check(tree_ended(tree) == (root->state == NODE_STOPPED && root->incarnation > 0),
		"the tree has %sended", tree_ended(tree) ? "" : "not ");
}

void
compare_tree(struct tree *tree)
{
	const struct slot *slot = model.root;

	next_ns = INT64_MAX;
	next = slot;
	note_time(slot, model.host_due_ns);
	compare_slot(tree, slot);
	compare_outcome(tree, slot);
	SAME("the number of dropped events", tree_dropped_count(tree), model.dropped);
	sim_check(tree_host_ns(tree) == model.host_due_ns, "the host's delay ends at %lld, expected %lld",
		(long long)tree_host_ns(tree), (long long)model.host_due_ns);
	sim_check(tree_reloading(tree) == model.reloading, "a reload is %sgoing on",
		tree_reloading(tree) ? "" : "not ");
	slot = next;
	SAME("the next time to run", tree_next_ns(tree), next_ns);
}
