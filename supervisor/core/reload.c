/*
 * reload.c: makes a running tree what a new version of its file says, as plan.c has found it: first all memory is had, then, with
 * nothing left that could fail, running nodes get the specs of their twins, new nodes go over from the other set, and whoever has
 * to stop or to start is marked. group.c makes the marks come true, as always.
 *
 * It decides nothing about deaths and starts nothing itself. What goes wrong before the first change is returned, with everything
 * as it was; a child that does not come up is the business of strategy.c.
 */
#include "core.h"

bool
tree_reloading(const struct tree *tree)
{
	return tree->awaited_count > 0;
}

static void
await(struct node *node)
{
	if (!node->own->awaited)
		node->own->tree->awaited_count++;
	node->own->awaited = true;
}

void
reload_arrived(struct node *node)
{
	if (node->own->awaited)
		node->own->tree->awaited_count--;
	node->own->awaited = false;
}

/* --- before the first change --- */

/* All actors at and below `node` of the second set that will be listed; until one says an error. */
static tractor_err
each_actor(struct node *node, tractor_err (*act)(struct node *node))
{
	struct group *group = node->own->group;
	tractor_err err = TRACTOR_OK;

	if (node->spec->kind == SPEC_ACTOR)
		return act(node);
	for (size_t i = 0; err == TRACTOR_OK && i < group->static_count; i++)
		err = each_actor(group->statics[i], act);
	return err;
}

/* The same for those that have no running twin. */
static tractor_err
each_new_actor(struct node *twin, tractor_err (*act)(struct node *node))
{
	struct group *group = twin->own->group;
	tractor_err err = TRACTOR_OK;

	if (group == NULL || twin->own->twin->state == NODE_GONE)
		return TRACTOR_OK;
	for (size_t i = 0; err == TRACTOR_OK && i < group->static_count; i++) {
		struct node *child = group->statics[i];
		err = child->own->twin == NULL ? each_actor(child, act) : each_new_actor(child, act);
	}
	return err;
}

static tractor_err
prepare(struct node *node)
{
	struct tree *tree = node->own->tree;

	node_number(node);
	tractor_err err = tree->ops.prepare(tree->arg, node);
	if (err != TRACTOR_OK)
		node->id = 0;
	return err;
}

static tractor_err
release(struct node *node)
{
	if (node->id != 0)
		node_release(node);
	return TRACTOR_OK;
}

static tractor_err
prepare_new(struct draft *draft)
{
	if (draft->node->own->tree->ops.prepare == NULL)
		return TRACTOR_OK;
	tractor_err err = each_new_actor(draft->twin, prepare);
	if (err != TRACTOR_OK)
		each_new_actor(draft->twin, release);
	return err;
}

/* The template is theirs, too. */
static tractor_err
renew_members(struct node *pool, const struct spec *template)
{
	for (size_t i = 0; i < pool->child_count; i++) {
		struct node *member = pool->children[i];
		member->own->renewed = spec_member_again(template, member->spec);
		if (member->own->renewed == NULL)
			return TRACTOR_ENOMEM;
	}
	return TRACTOR_OK;
}

/* For each supervisor and pool that there is in both sets: room for its children, or new specs for its members. */
static tractor_err
reserve_children(struct node *twin)
{
	struct group *group = twin->own->group;

	if (group == NULL || twin->own->twin == NULL)
		return TRACTOR_OK;
	if (twin->spec->kind == SPEC_POOL)
		return renew_members(twin->own->twin, twin->spec);
	tractor_err err = node_reserve_children(twin->own->twin, group->static_count);
	for (size_t i = 0; err == TRACTOR_OK && i < group->static_count; i++)
		err = reserve_children(group->statics[i]);
	return err;
}

static tractor_err
reserve(struct draft *draft)
{
	struct tree *tree = draft->node->own->tree;
	tractor_err err = reserve_children(draft->twin);

	if (err == TRACTOR_OK)
		err = node_reserve(tree, draft->new_count);
	if (err != TRACTOR_OK)
		return err;
	err = prepare_new(draft);
	if (err != TRACTOR_OK)
		node_unreserve(tree, draft->new_count);
	return err;
}

/* --- the change; nothing here can fail --- */

/* Whose wish the start of a child is: a supervisor that is coming up fails with each of them. */
static enum start_cause
cause_below(const struct node *supervisor)
{
	return supervisor->state == NODE_STARTING ? CAUSE_INITIAL : CAUSE_COMMAND;
}

static void
doom(struct node *node)
{
	node->own->dynamic = true; /* it is no spec's child any more, and freed when it is gone */
	node->own->cause = CAUSE_RESTART;
	await(node);
	group_mark_start(node, START_NO);
	if (node_at_rest(node))
		command_order(node, COMMAND_TERMINATE);
	else
		group_mark_stop(node, true);
}

static void
replace_process(struct node *node)
{
	node->own->cause = cause_below(node->parent);
	await(node);
	group_mark_stop(node, true);
	group_mark_start(node, START_IN_TURN);
}

/* A child of the second set becomes one of this supervisor's. */
static void
take_over(struct node *supervisor, struct node *child)
{
	child->parent = supervisor;
	child->own->rank = supervisor->own->group->next_rank++;
	node_adopt(child);
	if (!plan_starts(supervisor))
		return; /* it has its turn when that one is started */
	child->own->cause = cause_below(supervisor);
	await(child);
	group_mark_start(child, START_IN_TURN);
	command_order(child, COMMAND_LINE_UP);
}

/* A member's process has what it was started with until it ends; all else of the new template counts from now on, as OTP has it. */
static void
exchange_members(struct node *pool)
{
	for (size_t i = 0; i < pool->child_count; i++) {
		struct node *member = pool->children[i];
		spec_free(member->spec);
		member->spec = member->own->renewed;
		member->own->renewed = NULL;
	}
}

/* Those that the new spec doesn't name. */
static void
part_with_children(struct node *node)
{
	struct group *group = node->own->group;

	for (size_t i = 0; i < node->child_count; i++)
		if (node->children[i]->own->doomed)
			doom(node->children[i]);
	for (size_t i = 0; i < group->static_count; i++)
		if (group->statics[i]->state == NODE_GONE && group->statics[i]->own->twin == NULL)
			node_free(group->statics[i]);
}

static void exchange(struct node *node);

/* Gives the node its twin's list of children and its window for restarts, and leaves the twin the old ones, to be freed. */
static void
exchange_groups(struct group *group, struct group *other)
{
	struct intensity intensity = group->intensity;
	struct node **statics = group->statics;

	intensity_carry(&group->intensity, &other->intensity);
	group->intensity = other->intensity;
	other->intensity = intensity;
	group->statics = other->statics;
	group->static_count = other->static_count;
	other->statics = statics;
	other->static_count = 0;
}

static void
exchange_children(struct node *node, struct group *other)
{
	struct group *group = node->own->group;

	part_with_children(node);
	exchange_groups(group, other);
	for (size_t i = 0; i < group->static_count; i++) {
		struct node *child = group->statics[i];
		if (child->own->twin != NULL) {
			group->statics[i] = child->own->twin;
			group->statics[i]->own->dynamic = false;
			exchange(group->statics[i]);
		} else {
			take_over(node, child);
		}
	}
	if (node->spec->kind == SPEC_POOL) {
		exchange_members(node); /* which stay in the order of their starts */
		return;
	}
	group->reordered = true;
	if (group->stop_count == 0)
		node_put_in_order(node);
	if (group_busy(node))
		group_wake(node); /* it may be another one's turn now */
}

/* The node becomes what its twin is, and the twin is freed with what the node was. */
static void
exchange(struct node *node)
{
	struct node *twin = node->own->twin;
	struct spec *was = node->spec;

	node->own->twin = NULL;
	node->spec = twin->spec;
	node_own_spec(node);
	if (node->own->group != NULL)
		exchange_children(node, twin->own->group);
	if (twin->own->awaited)
		replace_process(node);
	node_discard(twin);
	spec_free(was);
}

tractor_err
tree_reload(struct tree *tree, struct node *node, struct spec *spec, struct tree_plan *ret_plan)
{
	struct draft draft;

	tri_assert(node->own->tree == tree && !tree->running);
	tractor_err err = plan_make(node, spec, &draft);
	if (err != TRACTOR_OK)
		return err;
	err = reserve(&draft);
	if (err != TRACTOR_OK) {
		plan_drop(&draft);
		tree_plan_free(&draft.plan);
		return err;
	}
	exchange(node);
	*ret_plan = draft.plan;
	return TRACTOR_OK;
}
