/*
 * invariants.c: what must hold whatever the rules are, from what the core was seen to do alone: the model is not asked for its opinion,
 * only for the shape of the tree. Each of the project's invariants is one function or two.
 */
#include "simulator.h"

/* Never two live incarnations in one slot; and nothing is started below what is down. */
void
invariants_start(const struct slot *slot)
{
	const struct node *parent = slot->node->parent;

	sim_check(world_process(slot) == NULL, "%s: a second live incarnation", slot->path);
	sim_check(parent->state == NODE_STARTING || parent->state == NODE_RUNNING,
		"%s is started below %s, which is %s", slot->path, parent->path,
		node_state_name(parent->state));
	/* Starts in order: while a supervisor comes up, nobody before this one waits for its first start, unless a reload has put it there. */
	for (size_t i = 0; parent->state == NODE_STARTING && parent->children[i] != slot->node; i++)
		sim_check(slot->node->incarnation > 1 || parent->children[i]->incarnation > 0 ||
				  parent->children[i]->state == NODE_STOPPED,
			"%s is started before %s", slot->path, parent->children[i]->path);
}

/* Stops in reverse: when a supervisor comes down, nobody after this one is up. */
void
invariants_stop(const struct slot *slot)
{
	const struct node *parent = slot->node->parent;

	if (parent->state != NODE_STOPPING || parent->spec->kind == SPEC_POOL)
		return;
	for (size_t i = parent->child_count; i-- > 0 && parent->children[i] != slot->node;)
		sim_check(parent->children[i]->state == NODE_STOPPED, "%s is stopped before %s", slot->path,
			parent->children[i]->path);
}

static bool
is_up(enum node_state state)
{
	return state == NODE_STARTING || state == NODE_RUNNING || state == NODE_STOPPING;
}

/* A supervisor is ready when all that it started is, and at rest when all below it are. */
static void
check_children(const struct node *node)
{
	for (size_t i = 0; i < node->child_count; i++)
		if (!is_up(node->state))
			sim_check(
				!is_up(node->children[i]->state) && node->children[i]->state != NODE_WAITING,
				"%s is %s, and %s is %s", node->path, node_state_name(node->state),
				node->children[i]->path, node_state_name(node->children[i]->state));
}

void
invariants_changed(const struct slot *slot, const struct node *node, enum node_state from, const char *event)
{
	bool is_actor = node->spec->kind == SPEC_ACTOR;

	if (is_actor && is_up(from) && !is_up(node->state)) {
		sim_check(strcmp(event, "ended") == 0, "%s is %s by \"%s\"", slot->path,
			node_state_name(node->state), event);
		sim_check(world_process(slot) == NULL, "%s is %s, and its process lives", slot->path,
			node_state_name(node->state));
		world.ends_seen++;
	}
	if (!is_actor)
		check_children(node);
}

/* Intensity is never exceeded without escalation. */
static void
check_intensity(const struct node *node)
{
	struct slot *slot = node->shell;
	unsigned count = tree_restarts_in_window(node, model.now_ns);

	slot->lowered = slot->lowered && count > node->spec->intensity;
	if (node->state == NODE_RUNNING || node->state == NODE_STARTING)
		sim_check(count <= node->spec->intensity || slot->lowered,
			"%s goes on with %u restarts in its window", node->path, count);
}

/* Who had more restarts than it is allowed from now on needs not escalate for that. */
void
invariants_reloaded(void)
{
	for (struct node *node = tree_root(world.tree); node != NULL; node = tree_next(world.tree, node)) {
		struct slot *slot = node->shell;
		if (tree_restarts_in_window(node, model.now_ns) > node->spec->intensity) {
			REACHED(RELOAD_LOWERED);
			slot->lowered = true;
		}
	}
}

/* When all is quiet and the faults are over, every process is one of the program that its file names. A pool's are those that they were. */
void
invariants_whole(void)
{
	sim_check(!tree_reloading(world.tree), "a reload never ends");
	for (unsigned i = 0; i < world.process_count; i++) {
		const struct process *process = &world.processes[i];
		const struct node *node = process->slot->node;
		sim_check(node->parent->spec->kind == SPEC_POOL ||
				  process->version == plant_version(node->spec),
			"%s still runs version %u", node->path, process->version);
	}
}

void
invariants_quiet(void)
{
	sim_check(world.ends_posted == world.ends_seen, "%llu processes ended, %llu ends were handled",
		(unsigned long long)world.ends_posted, (unsigned long long)world.ends_seen);
	for (struct node *node = tree_root(world.tree); node != NULL; node = tree_next(world.tree, node))
		if (node->spec->kind != SPEC_ACTOR)
			check_intensity(node);
		else
			sim_check(is_up(node->state) == (world_process(node->shell) != NULL),
				"%s is %s, and has %s process", node->path, node_state_name(node->state),
				is_up(node->state) ? "no" : "a");
}
