/*
 * reload.c: what a new version of the tree's file changes: the rules under "Reload" in tree.h, with OTP's code_change as their guide (cases 57 to
 * 63 and 83 to 86). A child is known by its name and kind: who is new is started in turn, who is named no more is stopped, whose
 * process has to be another one is stopped and started, and everybody else is left alone. First it says what it would do; then it does.
 */
#include "simulator.h"

/* Who is who. */

static struct slot *
listed(const struct slot *parent, const char *name)
{
	for (size_t i = 0; i < parent->child_count; i++)
		if (strcmp(slot_name(parent->children[i]), name) == 0)
			return parent->children[i];
	return NULL;
}

static struct slot *
forgotten(const struct slot *parent, const char *name)
{
	for (size_t i = 0; i < parent->static_count; i++)
		if (parent->statics[i]->state == NODE_GONE &&
			strcmp(slot_name(parent->statics[i]), name) == 0)
			return parent->statics[i];
	return NULL;
}

/* What is forgotten is still there for a file while it may come back: as a temporary child that has ended, or with its supervisor. */
static bool
stays_forgotten(const struct slot *slot, const struct spec *spec)
{
	return slot->parent->state == NODE_GONE ||
	       (spec->kind != SPEC_POOL && spec->restart == SPEC_TEMPORARY);
}

/* The child that this one of the file is. NULL: it is new. */
static struct slot *
same_child(const struct slot *parent, const struct spec *spec)
{
	struct slot *slot = listed(parent, spec->name);

	if (slot == NULL)
		slot = forgotten(parent, spec->name);
	if (slot == NULL || slot->kind != spec->kind)
		return NULL;
	return slot->state != NODE_GONE || stays_forgotten(slot, spec) ? slot : NULL;
}

static const struct spec *
named(const struct spec *parent, const char *name)
{
	for (size_t i = 0; i < parent->child_count; i++)
		if (strcmp(parent->children[i]->name, name) == 0)
			return parent->children[i];
	return NULL;
}

/* Who is there and has to go: named no more, or in the way of one of another kind. What was added stays, as long as it isn't that. */
static bool
has_to_go(const struct slot *slot, const struct spec *parent)
{
	const struct spec *now = named(parent, slot_name(slot));

	return now != NULL ? now->kind != slot->kind : !slot->dynamic;
}

/* What is another. */

static bool
same_number(double a, double b)
{
	return !(a < b) && !(a > b);
}

static bool
same_backoff(const struct spec_backoff *a, const struct spec_backoff *b)
{
	return a->initial_ns == b->initial_ns && same_number(a->factor, b->factor) &&
	       a->max_ns == b->max_ns && same_number(a->jitter, b->jitter) && a->reset_ns == b->reset_ns;
}

static bool
same_for_its_supervisor(const struct slot *slot, const struct spec *spec)
{
	return slot->template_restart == spec->restart && slot->template_shutdown_ns == spec->shutdown_ns &&
	       (slot->kind == SPEC_POOL || slot->significant == spec->significant);
}

static bool
same_for_its_children(const struct slot *slot, const struct spec *spec)
{
	return slot->intensity == spec->intensity && slot->period_ns == spec->period_ns &&
	       slot->strategy == spec->strategy && slot->auto_shutdown == spec->auto_shutdown &&
	       (slot->kind != SPEC_POOL || slot->pool_max == spec->pool_max);
}

static bool
same_for_its_process(const struct slot *slot, const struct spec *spec)
{
	return slot->start_timeout_ns == spec->start_timeout_ns &&
	       same_backoff(&slot->backoff, &spec->backoff) && slot->version == plant_version(spec);
}

static bool
is_same(const struct slot *slot, const struct spec *spec)
{
	return same_for_its_supervisor(slot, spec) &&
	       (slot->kind == SPEC_ACTOR || same_for_its_children(slot, spec)) &&
	       (slot->kind == SPEC_SUPERVISOR || same_for_its_process(slot, spec));
}

/* There is a process, or there will be one soon, and it has to be another one. A pool's are its members', which no file names. */
static bool
is_restarted(const struct slot *slot, const struct spec *spec)
{
	return slot->kind == SPEC_ACTOR && slot->version != plant_version(spec) && slot_parent_up(slot) &&
	       slot->state != NODE_STOPPED && steps_is_left(slot);
}

/* May it be? */

static bool
is_sound(const struct spec *spec, enum spec_auto_shutdown parent_mode)
{
	bool is_pool = spec->kind == SPEC_POOL;

	if (spec->significant && (is_pool || spec->restart == SPEC_PERMANENT || parent_mode == SPEC_NEVER))
		return false;
	if (spec->kind != SPEC_SUPERVISOR && spec->start_timeout_ns <= 0)
		return false;
	if (is_pool && (spec->strategy != SPEC_ONE_FOR_ONE || spec->auto_shutdown != SPEC_NEVER))
		return false;
	for (size_t i = 0; i < spec->child_count; i++)
		if (named(spec, spec->children[i]->name) != spec->children[i] ||
			!is_sound(spec->children[i], spec->auto_shutdown))
			return false;
	return true;
}

tractor_err
model_may_reload(const struct slot *slot, const struct spec *spec)
{
	enum spec_auto_shutdown mode = slot->parent != NULL ? slot->parent->auto_shutdown : SPEC_NEVER;

	if (slot->state != NODE_RUNNING)
		return TRACTOR_ECLOSED;
	if (model.reloading)
		return TRACTOR_EEXIST;
	if (slot->kind != SPEC_SUPERVISOR || spec->kind != SPEC_SUPERVISOR ||
		strcmp(slot_name(slot), spec->name) != 0 || !is_sound(spec, mode))
		return TRACTOR_EINVAL;
	return TRACTOR_OK;
}

/* What it says. */

static void
say(enum tree_change_kind kind, const struct slot *parent, const char *name)
{
	sim_check(model.change_count < MODEL_CHANGES_MAX, "too much changes at one time");
	model.changes[model.change_count++] = (struct change){ kind, parent, name };
}

static void
plan(const struct slot *slot, const struct spec *spec, bool is_adopted)
{
	if (is_adopted || !is_same(slot, spec))
		say(is_restarted(slot, spec) ? TREE_RESTARTED : TREE_CHANGED, slot->parent, slot_name(slot));
	if (slot->kind != SPEC_SUPERVISOR)
		return;
	for (size_t i = slot->child_count; i-- > 0;)
		if (has_to_go(slot->children[i], spec))
			say(TREE_REMOVED, slot, slot_name(slot->children[i]));
	for (size_t i = 0; i < spec->child_count; i++) {
		const struct slot *child = same_child(slot, spec->children[i]);
		if (child != NULL)
			plan(child, spec->children[i], child->dynamic);
		else
			say(TREE_ADDED, slot, spec->children[i]->name);
	}
}

void
reload_plan(const struct slot *slot, const struct spec *spec)
{
	model.change_count = 0;
	plan(slot, spec, false);
}

static unsigned
actors(const struct spec *spec)
{
	unsigned count = spec->kind == SPEC_ACTOR;

	for (size_t i = 0; i < spec->child_count; i++)
		count += actors(spec->children[i]);
	return count;
}

/* For how many memory has to be set aside: those that will be there. */
unsigned
reload_new_actors(const struct slot *slot, const struct spec *spec)
{
	unsigned count = 0;

	if (slot->kind != SPEC_SUPERVISOR || slot->state == NODE_GONE)
		return 0;
	for (size_t i = 0; i < spec->child_count; i++) {
		const struct slot *child = same_child(slot, spec->children[i]);
		count += child != NULL ? reload_new_actors(child, spec->children[i])
				       : actors(spec->children[i]);
	}
	return count;
}

/* What it does. */

static void
await(struct slot *slot)
{
	slot->awaited = model.reloading = true;
}

/* A supervisor that is coming up fails with each of them. */
static void
set_wish(struct slot *slot)
{
	slot->wish = slot->parent->state == NODE_STARTING ? WISH_INITIAL : WISH_COMMAND;
	await(slot);
}

/* Its supervisor will look whose turn it is. */
static void
come_or_go(struct slot *slot, enum comes comes, bool ordered)
{
	if (slot->ordered != ordered || (slot->comes == COMES_IN_TURN) != (comes == COMES_IN_TURN))
		posted_turns(slot->parent);
	slot->comes = comes;
	slot->ordered = ordered;
	slot->down = ordered && !slot_at_rest(slot);
}

/* Who is at rest is told with the events that were posted before. */
static void
doom(struct slot *slot)
{
	coverage_removed(slot);
	slot->doomed = slot->dynamic = true;
	slot->leaves = false;
	slot->wish = WISH_RESTART;
	await(slot);
	come_or_go(slot, COMES_NOT, !slot_at_rest(slot));
	if (slot_at_rest(slot))
		posted_order(slot, ASK_TERMINATE);
}

static void
replace(struct slot *slot)
{
	coverage_replaced(slot);
	set_wish(slot);
	come_or_go(slot, COMES_IN_TURN, true);
}

/* Below what is forgotten it comes with it. */
static void
forget_all(struct slot *slot)
{
	slot->state = NODE_GONE;
	slot->child_count = 0;
	for (size_t i = 0; i < slot->static_count; i++)
		forget_all(slot->statics[i]);
}

static struct slot *
add(struct slot *parent, const struct spec *spec)
{
	struct slot *slot = model_make(spec, parent);

	coverage_added(slot);
	if (parent->state == NODE_GONE) {
		forget_all(slot);
		return slot;
	}
	sim_check(parent->child_count < MODEL_CHILDREN_MAX, "too many children");
	parent->children[parent->child_count++] = slot;
	if (parent->state != NODE_STARTING && parent->state != NODE_RUNNING)
		return slot; /* it has its turn when that one is started */
	set_wish(slot);
	come_or_go(slot, COMES_IN_TURN, false);
	slot->new = true;
	posted_order(slot, ASK_LINE_UP);
	return slot;
}

/* Of those that the file doesn't name: who is there goes, who was forgotten is not even that any more. `same`: those that it names. */
static void
part(struct slot *supervisor, const struct spec *spec, struct slot *const *same)
{
	for (size_t i = 0; i < supervisor->child_count; i++)
		if (has_to_go(supervisor->children[i], spec))
			doom(supervisor->children[i]);
	for (size_t i = 0; i < supervisor->static_count; i++) {
		bool stays = supervisor->statics[i]->state != NODE_GONE;
		for (size_t j = 0; j < spec->child_count; j++)
			stays = stays || same[j] == supervisor->statics[i];
		if (!stays)
			model_drop(supervisor->statics[i]);
	}
	supervisor->static_count = 0;
}

static void exchange(struct slot *slot, const struct spec *spec);

static void
exchange_children(struct slot *slot, const struct spec *spec)
{
	struct slot *same[MODEL_CHILDREN_MAX];

	sim_check(spec->child_count <= MODEL_CHILDREN_MAX, "too many children");
	for (size_t i = 0; i < spec->child_count; i++)
		same[i] = same_child(slot, spec->children[i]);
	part(slot, spec, same);
	for (size_t i = 0; i < spec->child_count; i++) {
		if (same[i] != NULL)
			exchange(same[i], spec->children[i]);
		else
			same[i] = add(slot, spec->children[i]);
		slot->statics[slot->static_count++] = same[i];
	}
	slot->came_up = false;
	order_changed(slot);
}

/* The template is its members', and counts at once; but a process has for life what it was started with (cases 85, 86). */
static void
exchange_members(struct slot *pool, const struct spec *spec)
{
	for (size_t i = 0; i < pool->child_count; i++) {
		struct slot *member = pool->children[i];
		model_copy_spec(member, spec);
		member->kind = SPEC_ACTOR;
		member->restart = spec->restart;
		member->shutdown_ns = spec->shutdown_ns;
	}
}

/* Restarts still count (cases 57 to 62 for the mode); of those more than the new intensity allows one is as good as many. */
static void
exchange(struct slot *slot, const struct spec *spec)
{
	bool restarts = is_restarted(slot, spec);
	bool is_dynamic = slot->dynamic && slot != model.reloaded;

	if (!restarts && (is_dynamic || !is_same(slot, spec)))
		coverage_changed(slot, spec, is_dynamic);
	slot->dynamic = slot->dynamic && slot == model.reloaded;
	slot->leaves = false; /* what it was told has been done, by its old spec */
	model_copy_spec(slot, spec);
	if (slot->window_count > slot->intensity + 1)
		rules_forget_restarts(slot, slot->window_count - slot->intensity - 1);
	if (slot->kind == SPEC_SUPERVISOR)
		exchange_children(slot, spec);
	if (slot->kind == SPEC_POOL)
		exchange_members(slot, spec);
	if (restarts)
		replace(slot);
}

void
model_reload(struct slot *slot, const struct spec *spec)
{
	model.reloaded = slot;
	exchange(slot, spec);
}
