/*
 * plan.c: what a reload would do. Of the new spec a second set of nodes is made, as if for a fresh start, and each is held beside
 * the running node of its name: what both sets have is compared, what only one has is new or goes. The second set is at the same
 * time all the memory that the reload needs.
 *
 * It changes nothing of the running tree but its own marks (twin, doomed), which plan_drop() takes back, and reload.c's. What goes wrong: memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

bool
plan_starts(const struct node *supervisor)
{
	return supervisor->state == NODE_RUNNING || supervisor->state == NODE_STARTING;
}

bool
plan_restarts(const struct node *node)
{
	return plan_starts(node->parent) && strategy_is_left(node);
}

/* Takes `what` over, also if there is no memory. */
static tractor_err
note(struct draft *draft, enum tree_change_kind kind, const struct node *node, char *what)
{
	struct tree_plan *plan = &draft->plan;
	struct tree_change change = { .kind = kind, .node = node->spec->kind, .what = what };

	if ((plan->count & (plan->count - 1)) == 0) { /* it has room up to the next power of two */
		size_t room = plan->count == 0 ? 1 : 2 * plan->count;
		struct tree_change *changes = reallocarray(plan->changes, room, sizeof(*changes));
		if (changes == NULL) {
			free(what);
			return TRACTOR_ENOMEM;
		}
		plan->changes = changes;
	}
	change.path = strdup(node->path);
	if (what == NULL || change.path == NULL) {
		free(change.path);
		free(what);
		return TRACTOR_ENOMEM;
	}
	plan->changes[plan->count++] = change;
	return TRACTOR_OK;
}

/* --- who is who --- */

/* Those that are gone are not in the index, and few. */
static struct node *
gone_child(const struct node *parent, const char *name)
{
	const struct group *group = parent->own->group;

	for (size_t i = 0; i < group->static_count; i++)
		if (group->statics[i]->state == NODE_GONE && strcmp(group->statics[i]->spec->name, name) == 0)
			return group->statics[i];
	return NULL;
}

/*
 * One that is gone stays gone while it is temporary: it has ended, and was not to be restarted; and so does what went with its supervisor,
 * with which it comes back.
 */
static bool
is_same(const struct node *node, const struct node *twin)
{
	if (node->spec->kind != twin->spec->kind)
		return false;
	return node->state != NODE_GONE || node->parent->state == NODE_GONE ||
	       (twin->spec->kind != SPEC_POOL && twin->spec->restart == SPEC_TEMPORARY);
}

static void
match_children(struct node *node, struct node *twin)
{
	struct group *group = twin->own->group;

	for (size_t i = 0; i < group->static_count; i++) {
		struct node *other = group->statics[i];
		struct node *child = node_child(node, other->spec->name);
		if (child == NULL)
			child = gone_child(node, other->spec->name);
		if (child != NULL && is_same(child, other)) {
			child->own->twin = other;
			other->own->twin = child;
		} else if (child != NULL && child->state != NODE_GONE) {
			child->own->doomed = true; /* of another kind, and in the way */
		}
	}
	for (size_t i = 0; i < node->child_count; i++) {
		struct node *child = node->children[i];
		if (!child->own->dynamic && child->own->twin == NULL)
			child->own->doomed = true;
	}
}

/* --- what becomes of it --- */

/* What is said of a child that stays. */
static tractor_err
note_change(struct draft *draft, struct node *node, enum spec_difference difference, const char *what)
{
	struct node *twin = node->own->twin;
	bool adopted = node->own->dynamic && node != draft->node;
	const char *when = "";
	char *whole;

	if (difference == SPEC_NEEDS_RESTART && node->spec->kind == SPEC_POOL)
		when = " (at its members' next start)";
	else if (difference == SPEC_NEEDS_RESTART && !plan_restarts(node))
		when = " (at its next start)";
	else if (difference == SPEC_NEEDS_RESTART)
		twin->own->awaited = true;
	if (difference == SPEC_SAME && !adopted)
		return TRACTOR_OK;
	if (asprintf(&whole, "%s%s%s%s", adopted ? "is the file's now" : "",
		    adopted && *what != '\0' ? ", " : "", what, when) < 0)
		whole = NULL;
	return note(draft, twin->own->awaited ? TREE_RESTARTED : TREE_CHANGED, node, whole);
}

static size_t
count_nodes(const struct node *node)
{
	const struct group *group = node->own->group;
	size_t count = 1;

	for (size_t i = 0; group != NULL && i < group->static_count; i++)
		count += count_nodes(group->statics[i]);
	return count;
}

static tractor_err compare(struct draft *draft, struct node *node);

static tractor_err
compare_children(struct draft *draft, struct node *node)
{
	struct group *group = node->own->twin->own->group;
	tractor_err err = TRACTOR_OK;

	match_children(node, node->own->twin);
	for (size_t i = node->child_count; err == TRACTOR_OK && i-- > 0;)
		if (node->children[i]->own->doomed)
			err = note(draft, TREE_REMOVED, node->children[i], strdup(""));
	for (size_t i = 0; err == TRACTOR_OK && i < group->static_count; i++) {
		struct node *child = group->statics[i];
		if (child->own->twin != NULL) {
			err = compare(draft, child->own->twin);
		} else {
			draft->new_count += count_nodes(child);
			err = note(draft, TREE_ADDED, child, strdup(""));
		}
	}
	return err;
}

static tractor_err
compare(struct draft *draft, struct node *node)
{
	enum spec_difference difference;
	char *what;
	tractor_err err = spec_diff(node->spec, node->own->twin->spec, &difference, &what);

	if (err != TRACTOR_OK)
		return err;
	err = note_change(draft, node, difference, what);
	free(what);
	if (err == TRACTOR_OK && node->spec->kind == SPEC_SUPERVISOR)
		err = compare_children(draft, node);
	return err;
}

/* --- the whole --- */

static tractor_err
check(const struct node *node, const struct spec *spec)
{
	if (node->state != NODE_RUNNING)
		return TRACTOR_ECLOSED;
	if (tree_reloading(node->own->tree))
		return TRACTOR_EEXIST;
	if (node->spec->kind != SPEC_SUPERVISOR || spec->kind != SPEC_SUPERVISOR ||
		strcmp(node->spec->name, spec->name) != 0)
		return TRACTOR_EINVAL;
	bool fits =
		node->parent != NULL ? command_fits(node->parent, spec) : spec_check(spec, NULL, NULL) == 0;
	return fits ? TRACTOR_OK : TRACTOR_EINVAL;
}

tractor_err
plan_make(struct node *node, struct spec *spec, struct draft *ret_draft)
{
	struct draft draft = { .node = node };
	tractor_err err = check(node, spec);

	if (err == TRACTOR_OK)
		err = node_make(node->own->tree, node->parent, spec, &draft.twin);
	if (err != TRACTOR_OK)
		return err;
	node->own->twin = draft.twin;
	draft.twin->own->twin = node;
	err = compare(&draft, node);
	if (err == TRACTOR_OK) {
		*ret_draft = draft;
		return TRACTOR_OK;
	}
	plan_drop(&draft);
	tree_plan_free(&draft.plan);
	return err;
}

static void
clear_marks(struct node *node)
{
	struct group *group = node->own->group;

	node->own->twin = NULL;
	node->own->doomed = false;
	spec_free(node->own->renewed);
	node->own->renewed = NULL;
	for (size_t i = 0; i < node->child_count; i++)
		clear_marks(node->children[i]);
	for (size_t i = 0; group != NULL && i < group->static_count; i++)
		if (group->statics[i]->state == NODE_GONE)
			clear_marks(group->statics[i]);
}

void
plan_drop(struct draft *draft)
{
	clear_marks(draft->node);
	node_discard(draft->twin);
}

tractor_err
tree_plan(struct tree *tree, struct node *node, struct spec *spec, struct tree_plan *ret_plan)
{
	struct draft draft;

	tri_assert(node->own->tree == tree && !tree->running);
	tractor_err err = plan_make(node, spec, &draft);
	if (err != TRACTOR_OK)
		return err;
	plan_drop(&draft);
	*ret_plan = draft.plan;
	return TRACTOR_OK;
}

void
tree_plan_free(struct tree_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->changes[i].path);
		free(plan->changes[i].what);
	}
	free(plan->changes);
	*plan = (struct tree_plan){ 0 };
}

const char *
tree_change_name(enum tree_change_kind kind)
{
	static const char *const names[] = {
#define TREE_CHANGE_NAME(constant, word) word,
		TREE_CHANGES(TREE_CHANGE_NAME)
#undef TREE_CHANGE_NAME
	};

	return names[kind];
}
