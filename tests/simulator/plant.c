/*
 * plant.c: trees from a seed: every strategy, restart type, mode and limit, pools, nested to depth 4. Small numbers, so that what is
 * rare in life happens often: windows that are full, delays that end in the same instant.
 */
#include <stdio.h>
#include <stdlib.h>

#include "simulator.h"

#define DEPTH_MAX 4

/* Never both nested deep and wide: a tree has some twenty nodes. */
static unsigned
child_count(struct dice *dice, int depth)
{
	return depth == 1 ? 2 + below(dice, 4) : below(dice, 4);
}

static void
set_backoff(struct dice *dice, struct spec_backoff *backoff)
{
	static const double factors[] = { 1, 1.5, 2, 3 }, jitters[] = { 0, 0, 0.5, 1 };

	if (!percent(dice, 35))
		return;
	backoff->initial_ns = (1 + below(dice, 10)) * 100 * MS;
	backoff->factor = factors[below(dice, 4)];
	backoff->max_ns = backoff->initial_ns + below(dice, 4) * SEC;
	backoff->jitter = jitters[below(dice, 4)];
	backoff->reset_ns = below(dice, 6) * SEC;
}

static int64_t
shutdown_of(struct dice *dice, enum spec_kind kind)
{
	switch (below(dice, 5)) {
	case 0: return SPEC_SHUTDOWN_KILL;
	case 1: return SPEC_SHUTDOWN_INFINITY;
	case 2: return kind == SPEC_SUPERVISOR ? SPEC_SHUTDOWN_INFINITY : 5 * SEC;
	default: return (1 + below(dice, 4)) * SEC;
	}
}

void
plant_set_version(struct spec *spec, unsigned version)
{
	char text[16];

	snprintf(text, sizeof(text), "./%u", version);
	free(spec->exec);
	spec->exec = strdup(text);
	sim_check(spec->exec != NULL, "out of memory");
}

/* Of its program. A supervisor has none. */
unsigned
plant_version(const struct spec *spec)
{
	return spec->exec != NULL ? (unsigned)strtoul(spec->exec + strlen("./"), NULL, 10) : 0;
}

static void
set_child(struct dice *dice, struct spec *spec, enum spec_auto_shutdown parent_mode)
{
	spec->restart = (enum spec_restart)(percent(dice, 40) ? SPEC_PERMANENT : below(dice, 3));
	spec->shutdown_ns = shutdown_of(dice, spec->kind);
	spec->start_timeout_ns = (1 + below(dice, 5)) * SEC;
	spec->significant = spec->kind != SPEC_POOL && spec->restart != SPEC_PERMANENT &&
			    parent_mode != SPEC_NEVER && percent(dice, 50);
	set_backoff(dice, &spec->backoff);
}

static void
set_supervisor(struct dice *dice, struct spec *spec)
{
	spec->intensity = below(dice, 6);
	spec->period_ns = (1 + below(dice, 5)) * SEC;
	if (spec->kind == SPEC_POOL) {
		spec->pool_max = 1 + below(dice, 6);
		return;
	}
	spec->strategy = (enum spec_strategy)below(dice, 3);
	spec->auto_shutdown = percent(dice, 60) ? SPEC_NEVER : (enum spec_auto_shutdown)(1 + below(dice, 2));
}

enum spec_kind
plant_kind(struct dice *dice, int depth)
{
	unsigned throw = below(dice, 10);

	if (throw < 3 && depth < DEPTH_MAX)
		return SPEC_SUPERVISOR;
	return throw < 5 ? SPEC_POOL : SPEC_ACTOR;
}

/* All but its program, its name and its children. */
void
plant_values(struct dice *dice, struct spec *spec, enum spec_auto_shutdown parent_mode, int depth)
{
	if (spec->kind != SPEC_ACTOR)
		set_supervisor(dice, spec);
	if (depth > 1)
		set_child(dice, spec, parent_mode);
}

struct spec *
plant_node(struct dice *dice, enum spec_kind kind, const char *name, enum spec_auto_shutdown parent_mode,
	int depth)
{
	struct spec *spec = spec_new(kind, name);

	sim_check(spec != NULL, "out of memory");
	if (kind != SPEC_SUPERVISOR)
		plant_set_version(spec, 1);
	plant_values(dice, spec, parent_mode, depth);
	for (unsigned i = 0, count = kind == SPEC_SUPERVISOR ? child_count(dice, depth) : 0; i < count; i++) {
		char child[] = { (char)('a' + i), '\0' };
		struct spec *below_it =
			plant_node(dice, plant_kind(dice, depth + 1), child, spec->auto_shutdown, depth + 1);
		sim_check(spec_add(spec, below_it) == TRACTOR_OK, "out of memory");
	}
	return spec;
}

struct spec *
plant_tree(struct dice *dice)
{
	struct spec *root = plant_node(dice, SPEC_SUPERVISOR, "r", SPEC_NEVER, 1);

	if (percent(dice, 70))
		root->auto_shutdown = SPEC_NEVER;
	for (size_t i = 0; root->auto_shutdown == SPEC_NEVER && i < root->child_count; i++)
		root->children[i]->significant = false;
	return root;
}

int
plant_depth(const struct slot *slot)
{
	return slot == NULL ? 0 : 1 + plant_depth(slot->parent);
}

/* What could be added to `parent`, or now and then could not. */
struct spec *
plant_child(struct dice *dice, const struct slot *parent, const char *name)
{
	struct spec *spec;

	if (parent->kind == SPEC_POOL && percent(dice, 90)) {
		spec = spec_member(parent->node->spec, name);
		sim_check(spec != NULL, "out of memory");
		return spec;
	}
	spec = plant_node(dice, percent(dice, 25) ? SPEC_SUPERVISOR : SPEC_ACTOR, name,
		percent(dice, 95) ? parent->auto_shutdown : SPEC_ANY_SIGNIFICANT, plant_depth(parent) + 1);
	return spec;
}
