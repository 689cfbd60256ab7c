/*
 * workload.c: what happens to a tree. Each happening is a row of the table below; a life has its own temperament, which makes some
 * of them frequent and others rare. A happening that finds nothing to happen to does nothing.
 */
#include <stdio.h>

#include "simulator.h"

static const struct node_verdict no_verdict = { NODE_VERDICT_DEFAULT, 0 };

/* Who. */

static unsigned
count_slots(const struct slot *slot)
{
	unsigned count = 1;

	for (size_t i = 0; i < slot->child_count; i++)
		count += count_slots(slot->children[i]);
	return count;
}

static struct slot *
nth_slot(struct slot *slot, unsigned *n)
{
	if ((*n)-- == 0)
		return slot;
	for (size_t i = 0; i < slot->child_count; i++) {
		struct slot *found = nth_slot(slot->children[i], n);
		if (found != NULL)
			return found;
	}
	return NULL;
}

/* Any node; the root seldom, for all else ends with it. */
static struct slot *
any_slot(struct dice *dice)
{
	unsigned count = count_slots(model.root), n = below(dice, count);

	if (n == 0 && count > 1 && !percent(dice, 20))
		n = 1 + below(dice, count - 1);
	return nth_slot(model.root, &n);
}

static struct process *
any_process(struct dice *dice)
{
	return world.process_count == 0 ? NULL : &world.processes[below(dice, world.process_count)];
}

/* Processes. */

/* One of those that are expected to do something does it: come up, go down, die of a kill. */
static void
somebody_answers(struct dice *dice)
{
	unsigned first = world.process_count > 0 ? below(dice, world.process_count) : 0;

	for (unsigned i = 0; i < world.process_count; i++) {
		struct process *process = &world.processes[(first + i) % world.process_count];
		if (process->killed && !process->ready && percent(dice, 20)) {
			world_ready(process); /* it had been on its way */
			return;
		}
		if (process->killed) {
			world_ends(process, NODE_END_KILLED, no_verdict);
			return;
		}
		if (process->asked) {
			world_ends(process, percent(dice, 80) ? NODE_END_SHUTDOWN : NODE_END_ABNORMAL,
				no_verdict);
			return;
		}
		if (!process->ready) {
			world_ready(process);
			return;
		}
	}
}

static enum node_end
some_end(struct dice *dice, const struct process *process)
{
	static const enum node_end while_up[] = { NODE_END_ABNORMAL, NODE_END_ABNORMAL, NODE_END_KILLED,
		NODE_END_NORMAL, NODE_END_DONE, NODE_END_SHUTDOWN, NODE_END_PERMANENT_FAILURE };
	static const enum node_end while_starting[] = { NODE_END_ABNORMAL, NODE_END_START_FAILED,
		NODE_END_NORMAL, NODE_END_IGNORED, NODE_END_PERMANENT_FAILURE };

	return process->ready ? while_up[below(dice, 7)] : while_starting[below(dice, 5)];
}

static void
somebody_ends(struct dice *dice)
{
	struct process *process = any_process(dice);

	if (process != NULL)
		world_ends(process, some_end(dice, process), no_verdict);
}

static void
somebody_crashes(struct dice *dice)
{
	struct process *process = any_process(dice);

	if (process != NULL)
		world_ends(process, NODE_END_ABNORMAL, no_verdict);
}

static void
policy_speaks(struct dice *dice)
{
	struct process *process = any_process(dice);
	enum node_verdict_kind kind = (enum node_verdict_kind)(1 + below(dice, 4));

	if (process != NULL)
		world_ends(process, some_end(dice, process),
			(struct node_verdict){ kind, ((int64_t)below(dice, 8) - 1) * 500 * MS });
}

/* Many deaths in one instant. */
static void
many_die(struct dice *dice)
{
	REACHED(MANY_AT_ONCE);
	for (unsigned i = 2 + below(dice, 6); i > 0; i--)
		somebody_ends(dice);
}

/* What a process says that is no longer there, or that it has said before. */
static void
something_stale(struct dice *dice)
{
	struct slot *slot = any_slot(dice);
	uint32_t incarnation = slot->incarnation;

	if (slot->kind != SPEC_ACTOR)
		return;
	if (incarnation > 0 && percent(dice, 50))
		incarnation -= 1 + below(dice, incarnation);
	else
		incarnation += 1 + below(dice, 3);
	sim_say("  %s: something stale", slot->path);
	if (percent(dice, 50)) {
		model_post_ready(slot, incarnation);
		tree_post_ready(world.tree, slot->node, incarnation);
	} else {
		model_post_ended(slot, incarnation, NODE_END_ABNORMAL, no_verdict);
		tree_post_ended(world.tree, slot->node, incarnation, NODE_END_ABNORMAL, no_verdict);
	}
}

/* Commands. */

static void
start(struct dice *dice)
{
	world_command(any_slot(dice), ASK_START);
}

static void
terminate(struct dice *dice)
{
	world_command(any_slot(dice), ASK_TERMINATE);
}

static void
kill_it(struct dice *dice)
{
	world_command(any_slot(dice), ASK_KILL);
}

static void
restart(struct dice *dice)
{
	world_command(any_slot(dice), ASK_RESTART);
}

static void
remove_it(struct dice *dice)
{
	world_command(any_slot(dice), ASK_REMOVE);
}

static void
add(struct dice *dice)
{
	struct slot *parent = any_slot(dice);
	char name[16];

	if (parent->child_count >= 8)
		return;
	snprintf(name, sizeof(name), "n%u", below(dice, 12));
	world_add(parent, plant_child(dice, parent, name));
}

/* A new version of the file: of the whole tree as a rule. */
static void
reload(struct dice *dice)
{
	struct slot *slot = percent(dice, 80) ? model.root : any_slot(dice);
	struct spec *spec = file_write(dice, slot);

	if (percent(dice, 20))
		file_plan(slot, spec);
	else
		file_reload(slot, spec, percent(dice, 3) ? 1 + below(dice, 3) : 0);
}

/* Time. */

/* To the next thing that is due, to just before it, or anywhere. */
static void
time_passes(struct dice *dice)
{
	int64_t next_ns = tree_next_ns(world.tree) - world.now_ns;

	if (next_ns > 60 * SEC || percent(dice, 30))
		next_ns = (1 + below(dice, 30)) * 100 * MS;
	if (percent(dice, 20) && next_ns > 0)
		next_ns--;
	world_pass(next_ns);
}

static void
much_time_passes(struct dice *dice)
{
	world_pass((1 + below(dice, 60)) * SEC);
}

/* The shell looks late: what was due and what has happened since then are handled in one run. */
static void
nobody_looks(struct dice *dice)
{
	world.now_ns += below(dice, 5) * SEC;
}

static void
nothing_runs(struct dice *dice)
{
	world_shift((1 + below(dice, 20)) * SEC);
}

/* The host has nothing left to make processes of, or has again. */
static void
host_changes(struct dice *dice)
{
	world.short_of_processes = percent(dice, 30);
	sim_say("  the host has %s", world.short_of_processes ? "nothing left" : "enough");
}

/* What happens, and how often in a life of which temperament. */
enum temperament { ORDINARY, SLOW, BROKEN, BUSY, TEMPERAMENTS };

static const struct happening {
	void (*happen)(struct dice *dice);
	unsigned weight[TEMPERAMENTS];
} happenings[] = {
	/*                   ordinary slow broken busy */
	{ somebody_answers, { 40, 30, 30, 40 } },
	{ somebody_ends, { 12, 6, 20, 4 } },
	{ somebody_crashes, { 8, 4, 20, 3 } },
	{ policy_speaks, { 5, 3, 8, 2 } },
	{ many_die, { 2, 1, 5, 1 } },
	{ something_stale, { 3, 3, 3, 3 } },
	{ start, { 6, 5, 4, 14 } },
	{ terminate, { 4, 4, 2, 10 } },
	{ kill_it, { 2, 2, 1, 5 } },
	{ restart, { 3, 3, 2, 8 } },
	{ remove_it, { 2, 2, 1, 6 } },
	{ add, { 5, 4, 4, 14 } },
	{ reload, { 4, 4, 3, 10 } },
	{ time_passes, { 10, 30, 10, 8 } },
	{ much_time_passes, { 1, 4, 1, 1 } },
	{ nobody_looks, { 2, 4, 2, 2 } },
	{ nothing_runs, { 1, 3, 1, 1 } },
	{ host_changes, { 2, 1, 3, 1 } },
};
#define HAPPENING_COUNT (sizeof(happenings) / sizeof(happenings[0]))

static enum temperament
temperament_of(uint64_t seed)
{
	return (enum temperament)(mix(seed, 1) % TEMPERAMENTS);
}

struct manners
workload_manners(uint64_t seed)
{
	static const struct manners manners[TEMPERAMENTS] = {
		/* of 100: ready, else fails, obeys, dies: at once */
		[ORDINARY] = { 50, 10, 50, 80 },
		[SLOW] = { 20, 5, 20, 40 },
		[BROKEN] = { 60, 40, 70, 90 },
		[BUSY] = { 70, 5, 80, 90 },
	};

	return manners[temperament_of(seed)];
}

/* Most trees have none. */
unsigned
workload_start_limit(uint64_t seed)
{
	unsigned throw = (unsigned)(mix(seed, 2) % 8);

	return throw < 4 ? 0 : throw -3;
}

static const struct happening *
choose(struct dice *dice, enum temperament temperament)
{
	unsigned sum = 0;
	size_t i = 0;

	for (size_t row = 0; row < HAPPENING_COUNT; row++)
		sum += happenings[row].weight[temperament];
	unsigned throw = below(dice, sum);
	for (; throw >= happenings[i].weight[temperament]; i++)
		throw -= happenings[i].weight[temperament];
	return &happenings[i];
}

void
workload_happen(uint64_t seed, unsigned number)
{
	struct dice dice = { mix(seed, 1000 + number), 0 };
	const struct happening *happening = choose(&dice, temperament_of(seed));

	/* Little can be seen of a tree that never comes up. */
	if (model.root->state == NODE_STARTING && percent(&dice, 60))
		somebody_answers(&dice);
	else
		happening->happen(&dice);
	report->events++;
	if (tree_ended(world.tree) && percent(&dice, 50))
		world_command(model.root, ASK_START);
	if (percent(&dice, 75)) /* else the next one happens in the same instant */
		world_run();
}
