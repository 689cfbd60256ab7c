/*
 * world.c: a shell without processes: what the core wants done is done to virtual ones on a virtual clock, and everything that passes
 * between the core and the world is told to the model and to the invariants.
 */
#include "simulator.h"

struct world world;

static const struct node_verdict no_verdict = { NODE_VERDICT_DEFAULT, 0 };

struct process *
world_process(const struct slot *slot)
{
	for (unsigned i = 0; i < world.process_count; i++)
		if (world.processes[i].slot == slot)
			return &world.processes[i];
	return NULL;
}

void
world_ready(struct process *process)
{
	struct slot *slot = process->slot;

	sim_say("  %s is ready", slot->path);
	process->ready = true;
	model_post_ready(slot, process->incarnation);
	tree_post_ready(world.tree, slot->node, process->incarnation);
}

void
world_ends(struct process *process, enum node_end end, struct node_verdict verdict)
{
	struct process was = *process;

	sim_say("  %s ends: %s, verdict %d after %lld ms", was.slot->path, node_end_name(end),
		(int)verdict.kind, (long long)(verdict.after_ns / MS));
	*process = world.processes[--world.process_count];
	world.ends_posted++;
	model_post_ended(was.slot, was.incarnation, end, verdict);
	tree_post_ended(world.tree, was.slot->node, was.incarnation, end, verdict);
}

/* A node that came back has no shell yet; the model knows it by its path. */
static struct slot *
gone_slot(struct slot *slot, struct node *node)
{
	if (slot->node == NULL && slot->state == NODE_GONE && strcmp(slot->path, node->path) == 0)
		slot->node = node; /* there for the first time */
	if (slot->node == node && slot->state == NODE_GONE)
		return slot;
	for (size_t i = 0; i < slot->static_count; i++) {
		struct slot *found = gone_slot(slot->statics[i], node);
		if (found != NULL)
			return found;
	}
	for (size_t i = 0; i < slot->child_count; i++) {
		struct slot *found = slot->children[i]->dynamic ? gone_slot(slot->children[i], node) : NULL;
		if (found != NULL)
			return found;
	}
	return NULL;
}

static struct slot *
slot_of(struct node *node)
{
	struct slot *slot = node->shell != NULL ? node->shell : gone_slot(model.root, node);

	sim_check(slot != NULL && slot->node == node, "%s: this node is nobody's", node->path);
	return slot;
}

/* What a process does is decided by who it is, not by how much has happened before. */
static struct dice
dice_of(const struct slot *slot, unsigned deed)
{
	return (struct dice){ mix(mix(world.seed, slot->id), slot->incarnation * 4 + deed), 0 };
}

/* Nobody should hear it. */
static struct node_verdict
some_verdict(struct dice *dice)
{
	return (struct node_verdict){ (enum node_verdict_kind)below(dice, 5), SEC };
}

static void
on_start(void *arg, struct node *node)
{
	struct slot *slot = slot_of(node);

	(void)arg;
	sim_say("  +%s", slot->path);
	invariants_start(slot);
	model_acts(slot, ACT_START);
	sim_check(world.process_count < WORLD_PROCESSES_MAX, "too many processes");
	struct process *process = &world.processes[world.process_count++];
	*process = (struct process){
		.slot = slot, .incarnation = node->incarnation, .version = plant_version(node->spec)
	};
	sim_check(process->version == slot->version, "%s: version %u is started, expected %u", slot->path,
		process->version, slot->version);
	struct dice dice = dice_of(slot, 0);
	if (!world.calm && world.short_of_processes && percent(&dice, slot->wish == WISH_RESTART ? 60 : 5))
		world_ends(process, NODE_END_HOST_FAILED, some_verdict(&dice));
	else if (world.calm || percent(&dice, world.manners.ready))
		world_ready(process);
	else if (percent(&dice, world.manners.fails))
		world_ends(process, NODE_END_START_FAILED, no_verdict);
}

static void
on_stop(void *arg, struct node *node)
{
	struct slot *slot = slot_of(node);
	struct process *process = world_process(slot);
	struct dice dice = dice_of(slot, 1);

	(void)arg;
	sim_say("  -%s", slot->path);
	invariants_stop(slot);
	model_acts(slot, ACT_STOP);
	if (process == NULL)
		return; /* its end is posted already */
	sim_check(!process->asked && !process->killed, "%s was asked to stop again", slot->path);
	process->asked = true;
	process->forever = slot->shutdown_ns == SPEC_SHUTDOWN_INFINITY;
	if (world.calm || percent(&dice, world.manners.obeys))
		world_ends(process, NODE_END_SHUTDOWN, no_verdict);
}

static void
on_kill(void *arg, struct node *node)
{
	struct slot *slot = slot_of(node);
	struct process *process = world_process(slot);
	struct dice dice = dice_of(slot, 2);

	(void)arg;
	sim_say("  !%s", slot->path);
	model_acts(slot, ACT_KILL);
	if (process == NULL)
		return;
	sim_check(!process->killed, "%s was killed again", slot->path);
	process->killed = true;
	if (world.calm || percent(&dice, world.manners.dies))
		world_ends(process, NODE_END_KILLED, no_verdict);
}

static void
on_changed(void *arg, struct node *node, enum node_state from, const char *event)
{
	struct slot *slot = slot_of(node);

	(void)arg;
	sim_say("  %s: %s -> %s (%s)", node->path, node_state_name(from), node_state_name(node->state),
		event);
	invariants_changed(slot, node, from, event);
	model_changed(slot, from, node->state, event);
}

static void
on_gives_up(void *arg, struct node *node, struct node *culprit)
{
	(void)arg;
	sim_say("  ~%s (%s)", node->path, culprit->path);
	model_gives_up(slot_of(node), slot_of(culprit));
}

static void
on_released(void *arg, struct node *node)
{
	struct slot *slot = node->shell;

	(void)arg;
	if (node->shell == &world) {
		world.prepared--; /* the reload is refused */
		return;
	}
	posted_pass(); /* what was posted of it is stale by now */
	sim_check(slot != NULL && slot->node == node, "%s is released twice", node->path);
	sim_check(world_process(slot) == NULL, "%s is released, and has a process", node->path);
	/* What was added never comes back; of a subtree that was, only its top is listed. */
	if (slot->state == NODE_GONE && slot->dynamic && slot->parent != NULL)
		model_drop(slot);
}

/* Memory is set aside for what a reload adds, or there is none. */
static tractor_err
on_prepare(void *arg, struct node *node)
{
	(void)arg;
	if (world.prepared + 1 == world.no_memory)
		return TRACTOR_ENOMEM;
	sim_check(node->spec->kind == SPEC_ACTOR && node->shell == NULL, "%s is prepared", node->path);
	node->shell = &world;
	world.prepared++;
	return TRACTOR_OK;
}

static const struct tree_ops ops = {
	.prepare = on_prepare,
	.start = on_start,
	.stop = on_stop,
	.kill = on_kill,
	.changed = on_changed,
	.gives_up = on_gives_up,
	.released = on_released,
};

void
world_begin(uint64_t seed, struct spec *root, struct manners manners, unsigned start_limit)
{
	world = (struct world){ .now_ns = SEC, .seed = seed, .manners = manners };
	model = (struct model){ .now_ns = 0 };
	model.root = model_make(root, NULL);
	sim_check(tree_new(root, &ops, NULL, seed, 1, &world.tree) == TRACTOR_OK, "no tree");
	model_bind(model.root, world.tree, 0);
	tree_limit_starts(world.tree, start_limit);
	model.start_limit = start_limit;
}

void
world_end(void)
{
	tree_free(world.tree);
	model_drop(model.root);
}

void
world_run(void)
{
	if (model.now_ns < world.now_ns)
		model.now_ns = world.now_ns;
	tree_run(world.tree, world.now_ns);
	model_quiet();
	invariants_quiet();
	compare_tree(world.tree);
}

/* So much time passes, and the shell is never late. */
void
world_pass(int64_t ns)
{
	int64_t until_ns = world.now_ns + ns, next_ns;

	world_run();
	while ((next_ns = tree_next_ns(world.tree)) <= until_ns) {
		world.now_ns = next_ns;
		report->events++;
		world_run();
	}
	world.now_ns = until_ns;
}

static void
shift_slot(struct slot *slot, int64_t ns)
{
	if (slot->limit_ns != 0)
		slot->limit_ns += ns;
	if (slot->ready_limit_ns != 0)
		slot->ready_limit_ns += ns;
	if (slot->due_ns != 0)
		slot->due_ns += ns;
	for (size_t i = 0; i < slot->child_count; i++)
		shift_slot(slot->children[i], ns);
}

/* This process, and those below it, did not run for so long: nobody's patience ends by that. */
void
world_shift(int64_t ns)
{
	sim_say("  nothing runs for %lld ms", (long long)(ns / MS));
	if (tree_next_ns(world.tree) != INT64_MAX)
		REACHED(SHIFTED);
	world.now_ns += ns;
	shift_slot(model.root, ns);
	if (model.host_due_ns != 0)
		model.host_due_ns += ns;
	tree_shift(world.tree, ns);
}

tractor_err
world_command(struct slot *slot, enum model_command command)
{
	struct node *node = slot->node;
	tractor_err expected = model_command(slot, command), err = TRACTOR_OK;

	switch (command) {
	case ASK_START: err = tree_start(world.tree, node); break;
	case ASK_TERMINATE: err = tree_terminate(world.tree, node); break;
	case ASK_KILL: tree_kill(world.tree, node); break;
	case ASK_RESTART: err = tree_restart(world.tree, node); break;
	case ASK_REMOVE: err = tree_remove(world.tree, node); break;
	case ASK_NONE:
	case ASK_ADD:
	case ASK_LINE_UP: break;
	}
	sim_say("  command %d for %s: %d", (int)command, slot->path, (int)err);
	coverage_answer(err);
	sim_check(err == expected, "command %d for %s: %d, expected %d", (int)command, slot->path, (int)err,
		(int)expected);
	return err;
}

tractor_err
world_add(struct slot *parent, struct spec *spec)
{
	tractor_err expected = model_may_add(parent, spec);
	struct slot *slot = expected == TRACTOR_OK ? model_make(spec, parent) : NULL;
	struct node *node;
	tractor_err err = tree_add(world.tree, parent->node, spec, &node);

	sim_say("  add to %s: %d", parent->path, (int)err);
	coverage_answer(err);
	sim_check(err == expected, "add %s to %s: %d, expected %d", spec->name, parent->path, (int)err,
		(int)expected);
	if (err != TRACTOR_OK) {
		spec_free(spec);
		return err;
	}
	slot->dynamic = true;
	parent->children[parent->child_count++] = slot;
	model_bind(slot, world.tree, model.last_id);
	model_command(slot, ASK_ADD);
	return TRACTOR_OK;
}
