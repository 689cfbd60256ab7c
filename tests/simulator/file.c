/*
 * file.c: new versions of the tree's file: what is there, with some changes, of which some are nothing that a tree may be; and what
 * is done with them: said, or done, or refused, with nothing changed then.
 */
#include <stdlib.h>

#include "simulator.h"

#define FILE_CHILDREN_MAX 6 /* of one supervisor, so that trees don't grow for ever */

/* The file as it is. */

static void
take_values(const struct slot *slot, struct spec *spec)
{
	spec->strategy = slot->strategy;
	spec->auto_shutdown = slot->auto_shutdown;
	spec->intensity = slot->intensity;
	spec->period_ns = slot->period_ns;
	spec->pool_max = slot->pool_max;
	spec->restart = slot->template_restart;
	spec->shutdown_ns = slot->template_shutdown_ns;
	spec->significant = slot->significant;
	spec->start_timeout_ns = slot->start_timeout_ns;
	spec->backoff = slot->backoff;
	if (slot->kind != SPEC_SUPERVISOR)
		plant_set_version(spec, slot->version);
}

static struct spec *
write_down(const struct slot *slot)
{
	struct spec *spec = spec_new(slot->kind, slot_name(slot));

	sim_check(spec != NULL, "out of memory");
	take_values(slot, spec);
	for (size_t i = 0; i < slot->static_count; i++)
		sim_check(spec_add(spec, write_down(slot->statics[i])) == TRACTOR_OK, "out of memory");
	return spec;
}

/* Changes. */

/* A node of the file, and what it is now. */
struct place {
	struct spec *spec, *parent; /* NULL: it is the top */
	const struct slot *slot;    /* NULL: it is new */
	int depth;
};

static const struct slot *
child_called(const struct slot *slot, const char *name)
{
	for (size_t i = 0; slot != NULL && i < slot->child_count; i++)
		if (strcmp(slot_name(slot->children[i]), name) == 0)
			return slot->children[i];
	return NULL;
}

static unsigned
count_specs(const struct spec *spec)
{
	unsigned count = 1;

	for (size_t i = 0; i < spec->child_count; i++)
		count += count_specs(spec->children[i]);
	return count;
}

static bool
nth_place(struct place at, unsigned *n, struct place *ret_place)
{
	if ((*n)-- == 0) {
		*ret_place = at;
		return true;
	}
	for (size_t i = 0; i < at.spec->child_count; i++) {
		struct spec *child = at.spec->children[i];
		struct place place = { child, at.spec, child_called(at.slot, child->name), at.depth + 1 };
		if (nth_place(place, n, ret_place))
			return true;
	}
	return false;
}

static struct place
any_place(struct dice *dice, struct place top)
{
	struct place place = top;
	unsigned n = below(dice, count_specs(top.spec));

	nth_place(top, &n, &place);
	return place;
}

static size_t
index_of(const struct spec *parent, const char *name)
{
	size_t i = 0;

	while (i < parent->child_count && strcmp(parent->children[i]->name, name) != 0)
		i++;
	return i;
}

static void
move_child(struct spec *parent, size_t from, size_t to)
{
	struct spec *child = parent->children[from];

	for (; from < to; from++)
		parent->children[from] = parent->children[from + 1];
	for (; from > to; from--)
		parent->children[from] = parent->children[from - 1];
	parent->children[to] = child;
}

/* Somebody who was added while it ran, if there is anybody. */
static const struct slot *
any_added(struct dice *dice, const struct slot *slot)
{
	unsigned first = slot != NULL && slot->child_count > 0 ? below(dice, (unsigned)slot->child_count) : 0;

	for (size_t i = 0; slot != NULL && i < slot->child_count; i++) {
		const struct slot *child = slot->children[(first + i) % slot->child_count];
		if (child->dynamic)
			return child;
	}
	return NULL;
}

/* Anywhere: a new one, one that has been forgotten, or one that was added while it ran. */
static void
add_child(struct dice *dice, struct place at)
{
	struct spec *parent = at.spec;
	const struct slot *added = percent(dice, 50) ? any_added(dice, at.slot) : NULL;
	char letter[] = { (char)('a' + below(dice, 8)), '\0' };
	const char *name = added != NULL ? slot_name(added) : letter;
	enum spec_kind kind =
		added != NULL && percent(dice, 80) ? added->kind : plant_kind(dice, at.depth + 1);

	if (parent->kind != SPEC_SUPERVISOR || parent->child_count >= FILE_CHILDREN_MAX ||
		index_of(parent, name) < parent->child_count)
		return;
	struct spec *child = plant_node(dice, kind, name, parent->auto_shutdown, at.depth + 1);
	sim_check(spec_add(parent, child) == TRACTOR_OK, "out of memory");
	move_child(parent, parent->child_count - 1, below(dice, (unsigned)parent->child_count));
}

static void
remove_child(struct dice *dice, struct place at)
{
	struct spec *parent = at.parent;

	(void)dice;
	if (parent == NULL)
		return;
	move_child(parent, index_of(parent, at.spec->name), parent->child_count - 1);
	spec_free(parent->children[--parent->child_count]);
}

static void
move_it(struct dice *dice, struct place at)
{
	struct spec *parent = at.parent;

	if (parent != NULL)
		move_child(
			parent, index_of(parent, at.spec->name), below(dice, (unsigned)parent->child_count));
}

static void
change_values(struct dice *dice, struct place at)
{
	plant_values(dice, at.spec, at.parent != NULL ? at.parent->auto_shutdown : SPEC_NEVER, at.depth);
}

/* What a process has for life. */
static void
change_program(struct dice *dice, struct place at)
{
	if (at.spec->kind != SPEC_SUPERVISOR)
		plant_set_version(at.spec, plant_version(at.spec) + 1 + below(dice, 2));
}

static void
change_kind(struct dice *dice, struct place at)
{
	struct spec *parent = at.parent;

	if (parent == NULL)
		return;
	size_t i = index_of(parent, at.spec->name);
	parent->children[i] =
		plant_node(dice, plant_kind(dice, at.depth), at.spec->name, parent->auto_shutdown, at.depth);
	spec_free(at.spec);
}

static const struct {
	void (*change)(struct dice *dice, struct place at);
	unsigned weight;
} changes[] = {
	{ add_child, 30 },
	{ remove_child, 16 },
	{ move_it, 16 },
	{ change_values, 14 },
	{ change_program, 20 },
	{ change_kind, 4 },
};

static void
change(struct dice *dice, struct place top)
{
	unsigned throw = below(dice, 100);
	size_t i = 0;

	for (; throw >= changes[i].weight; i++)
		throw -= changes[i].weight;
	changes[i].change(dice, any_place(dice, top));
}

/* What was changed at one place may not fit another: nobody is significant who may not be. */
static void
mend(struct spec *spec, enum spec_auto_shutdown parent_mode)
{
	spec->significant = spec->significant && spec->restart != SPEC_PERMANENT && parent_mode != SPEC_NEVER;
	for (size_t i = 0; i < spec->child_count; i++)
		mend(spec->children[i], spec->auto_shutdown);
}

/* What nobody could run; at some places each of these is fine. */
static void
spoil(struct dice *dice, struct place at)
{
	struct spec *twin;

	switch (below(dice, 5)) {
	case 0:
		twin = at.parent != NULL ? spec_copy(at.spec) : NULL;
		if (twin != NULL)
			sim_check(spec_add(at.parent, twin) == TRACTOR_OK, "out of memory");
		break;
	case 1: at.spec->significant = true; break;
	case 2: at.spec->start_timeout_ns = 0; break;
	case 3: at.spec->auto_shutdown = SPEC_ANY_SIGNIFICANT; break;
	case 4: at.spec->name[0] = 'q'; break;
	}
}

static struct spec *
another_file(struct dice *dice, const struct slot *slot)
{
	return plant_node(dice, SPEC_SUPERVISOR, slot_name(slot),
		slot->parent != NULL ? slot->parent->auto_shutdown : SPEC_NEVER, plant_depth(slot));
}

/* What could be said of the slot next: a few changes as a rule. */
struct spec *
file_write(struct dice *dice, const struct slot *slot)
{
	bool is_other = percent(dice, 6);
	struct spec *spec = is_other ? another_file(dice, slot) : write_down(slot);
	struct place top = { spec, NULL, slot, plant_depth(slot) };

	for (unsigned i = below(dice, 5); i > 0; i--)
		change(dice, top);
	mend(spec, slot->parent != NULL ? slot->parent->auto_shutdown : SPEC_NEVER);
	if (percent(dice, 6))
		spoil(dice, any_place(dice, top));
	return spec;
}

/* What becomes of it. */

static void
bind_new(struct slot *slot, uint64_t last_id)
{
	if (slot->node == NULL)
		model_bind(slot, world.tree, last_id);
	for (size_t i = 0; i < slot->child_count; i++)
		bind_new(slot->children[i], last_id);
}

static void
say_changes(void)
{
	for (size_t i = 0; i < model.change_count; i++)
		sim_say("    %s: %s/%s", tree_change_name(model.changes[i].kind),
			model.changes[i].parent != NULL ? model.changes[i].parent->path : "",
			model.changes[i].name);
}

static void
check_answer(const struct slot *slot, const char *what, tractor_err err, tractor_err expected)
{
	sim_say("  %s of %s: %d", what, slot->path, (int)err);
	coverage_file(err);
	sim_check(err == expected, "%s of %s: %d, expected %d", what, slot->path, (int)err, (int)expected);
}

/* It is only said what would change. */
void
file_plan(struct slot *slot, struct spec *spec)
{
	struct tree_plan plan;
	tractor_err expected = model_may_reload(slot, spec);

	if (expected == TRACTOR_OK)
		reload_plan(slot, spec);
	tractor_err err = tree_plan(world.tree, slot->node, spec, &plan);
	check_answer(slot, "plan", err, expected);
	if (err == TRACTOR_OK) {
		REACHED(RELOAD_DRY);
		compare_plan(&plan);
		tree_plan_free(&plan);
	}
	spec_free(spec);
	compare_specs(model.root);
}

/* What the model expects: the answer, for how many memory is set aside, what is said to change; and what is then. */
static tractor_err
expect(struct slot *slot, const struct spec *spec, unsigned no_memory, unsigned *ret_prepared)
{
	tractor_err err = model_may_reload(slot, spec);
	unsigned count = err == TRACTOR_OK ? reload_new_actors(slot, spec) : 0;

	*ret_prepared = 0;
	if (no_memory > 0 && no_memory <= count)
		err = TRACTOR_ENOMEM;
	if (err != TRACTOR_OK)
		return err;
	*ret_prepared = count;
	coverage_reload(slot);
	reload_plan(slot, spec);
	if (model.change_count == 0)
		REACHED(RELOAD_NOTHING);
	say_changes();
	model_reload(slot, spec);
	return TRACTOR_OK;
}

/* The shell has no memory left for the `no_memory`th of the new actors; 0: it has enough. */
void
file_reload(struct slot *slot, struct spec *spec, unsigned no_memory)
{
	struct tree_plan plan;
	unsigned prepared;
	uint64_t last_id = model.last_id;
	tractor_err expected = expect(slot, spec, no_memory, &prepared);

	world.no_memory = no_memory;
	tractor_err err = tree_reload(world.tree, slot->node, spec, &plan);
	check_answer(slot, "reload", err, expected);
	sim_check(world.prepared == prepared, "memory is set aside for %u, expected %u", world.prepared,
		prepared);
	world.prepared = 0;
	if (err == TRACTOR_OK) {
		compare_plan(&plan);
		tree_plan_free(&plan);
		bind_new(model.root, last_id);
	} else {
		spec_free(spec);
	}
	compare_specs(model.root);
	invariants_reloaded();
}
