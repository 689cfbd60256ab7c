/*
 * life.c: one life: a tree from its seed, what happens to it, then the faults stop, and it must become whole; then it is told to
 * shut down, and must. How long that may take follows from the limits in its spec.
 */
#include "simulator.h"

/* All that may still be waited for once nobody hangs any more: each node's delay and limits, and some. */
static int64_t
patience_ns(const struct slot *slot)
{
	int64_t ns = slot->start_timeout_ns + slot->backoff.max_ns +
		     (slot->shutdown_ns > 0 ? slot->shutdown_ns : 0) + 10 * SEC;

	for (size_t i = 0; i < slot->child_count; i++)
		ns += patience_ns(slot->children[i]);
	return ns;
}

/* Who was waited for does what it should; most things from now on happen at once, but those that hang still hang. */
static void
settle(void)
{
	int64_t until_ns = world.now_ns + patience_ns(model.root);

	world_run();
	while (tree_next_ns(world.tree) != INT64_MAX) {
		sim_check(tree_next_ns(world.tree) <= until_ns, "it does not settle in its time");
		world.now_ns = tree_next_ns(world.tree);
		world_run();
	}
}

static void
everybody_behaves(void)
{
	static const struct node_verdict no_verdict = { NODE_VERDICT_DEFAULT, 0 };

	world.calm = true;
	for (unsigned i = world.process_count; i-- > 0;) {
		struct process *process = &world.processes[i];
		if (process->killed || process->asked)
			world_ends(
				process, process->killed ? NODE_END_KILLED : NODE_END_SHUTDOWN, no_verdict);
		else if (!process->ready)
			world_ready(process);
	}
}

/* After the faults stop the tree is whole: each node is up, or is down for a reason that was given. */
static void
check_whole(const struct slot *slot)
{
	sim_check(slot->node->state == NODE_RUNNING || slot->node->state == NODE_STOPPED, "%s is still %s",
		slot->path, node_state_name(slot->node->state));
	for (size_t i = 0; i < slot->child_count; i++)
		check_whole(slot->children[i]);
}

/* Those who were ready when they were asked, and were given for ever, take it; nobody else may. They come down when they like: now. */
static void
last_ones_obey(void)
{
	static const struct node_verdict no_verdict = { NODE_VERDICT_DEFAULT, 0 };
	unsigned before = world.process_count;

	for (unsigned i = world.process_count; i-- > 0;) {
		struct process *process = &world.processes[i];
		if (!process->asked)
			continue;
		sim_check(process->ready && process->forever, "%s lives on", process->slot->path);
		world_ends(process, NODE_END_SHUTDOWN, no_verdict);
	}
	settle();
	sim_check(world.process_count < before, "nobody is asked to stop any more, and %u are there", before);
}

/* A shutdown always ends, also if nobody listens: at the latest with the last SIGKILL. */
static void
shut_down(bool deaf)
{
	world.manners = (struct manners){ 100, 0, 0, 100 };
	world.calm = !deaf;
	if (tree_ended(world.tree))
		return;
	if (deaf)
		REACHED(DEAF_SHUTDOWN);
	world_command(model.root, ASK_TERMINATE);
	settle();
	while (world.process_count > 0)
		last_ones_obey();
	sim_check(tree_ended(world.tree) || model.root->incarnation == 0,
		"the tree was shut down and did not end");
}

void
life_run(uint64_t seed, const bool *skip)
{
	struct dice dice = { mix(seed, 0), 0 };

	report->seed = seed;
	world_begin(seed, plant_tree(&dice), workload_manners(seed), workload_start_limit(seed));
	world_command(model.root, ASK_START);
	world_run();
	for (unsigned i = 0; i < LIFE_HAPPENINGS; i++) {
		report->happening = i;
		if (skip != NULL && skip[i])
			continue;
		sim_say("%u at %lld ms:", i, (long long)(world.now_ns / MS));
		workload_happen(seed, i);
	}
	report->happening = LIFE_HAPPENINGS;
	sim_say("the faults stop:");
	world_run();
	everybody_behaves();
	settle();
	check_whole(model.root);
	invariants_whole();
	if (model.root->state == NODE_RUNNING)
		REACHED(WHOLE);
	sim_say("the end:");
	shut_down(percent(&dice, 50));
	world_end();
	report->lives++;
}
