/*
 * node.c: owns the memory of nodes and their places in the tree: under their parents, in the index, and among the buried, which
 * wait until it is safe to free them. All that a node will ever need is allocated when it is made.
 *
 * It decides nothing and knows no state but GONE and rest. What goes wrong: memory, where nodes are made and room for them is
 * reserved, which leaves the spec to its caller as it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* A node and what the core keeps beside it. */
struct slot {
	struct node node;
	struct node_private own;
};

bool
node_at_rest(const struct node *node)
{
	return node->state == NODE_STOPPED || node->state == NODE_WAITING || node->state == NODE_GONE;
}

/*
 * OTP forgets the spec of a temporary child and of a pool's member with their end, whatever ended them; and a supervisor that starts
 * anew knows no children but those of its own spec.
 */
bool
node_keeps_spec(const struct node *node)
{
	const struct node *parent = node->parent;

	if (parent == NULL)
		return true;
	if (node->own->doomed)
		return false;
	if (node->spec->kind != SPEC_POOL && node->spec->restart == SPEC_TEMPORARY)
		return false;
	return !node->own->dynamic || (parent->spec->kind != SPEC_POOL && parent->state != NODE_STOPPING);
}

int64_t
node_shutdown_ns(const struct node *node)
{
	return node->spec->kind == SPEC_POOL ? SPEC_SHUTDOWN_INFINITY : node->spec->shutdown_ns;
}

struct node *
node_child(const struct node *parent, const char *name)
{
	char path[SPEC_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", parent->path, name);
	return index_by_path(&parent->own->tree->index, path);
}

/* Siblings are sorted by rank: the first place whose rank is not below. */
static size_t
place_of_rank(const struct node *parent, uint64_t rank)
{
	size_t low = 0, high = parent->child_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (parent->children[middle]->own->rank < rank)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
node_place(const struct node *node)
{
	return place_of_rank(node->parent, node->own->rank);
}

static void
list_child(struct node *parent, struct node *child)
{
	struct group *group = parent->own->group;
	size_t place = place_of_rank(parent, child->own->rank);

	tri_assert(parent->child_count < group->capacity);
	memmove(&parent->children[place + 1], &parent->children[place],
		(parent->child_count - place) * sizeof(struct node *));
	parent->children[place] = child;
	parent->child_count++;
	if (group->start_from > place)
		group->start_from++;
	if (group->stop_below > place)
		group->stop_below++;
}

static void
unlist_child(struct node *parent, struct node *child)
{
	struct group *group = parent->own->group;
	size_t place = node_place(child);

	tri_assert(place < parent->child_count && parent->children[place] == child);
	parent->child_count--;
	memmove(&parent->children[place], &parent->children[place + 1],
		(parent->child_count - place) * sizeof(struct node *));
	if (group->start_from > place)
		group->start_from--;
	if (group->stop_below > place)
		group->stop_below--;
}

void
node_number(struct node *node)
{
	node->id = node->own->tree->next_id++;
}

void
node_attach(struct node *node)
{
	struct tree *tree = node->own->tree;

	node->since_ns = tree->now_ns;
	index_insert(&tree->index, node);
	if (node->parent != NULL)
		list_child(node->parent, node);
}

void
node_bury(struct node *node)
{
	struct tree *tree = node->own->tree;

	index_remove(&tree->index, node);
	unlist_child(node->parent, node);
	if (node->own->buried)
		return; /* came back and went again within one tree_run() */
	node->own->buried = true;
	node->own->next_buried = NULL;
	if (tree->buried_last != NULL)
		tree->buried_last->own->next_buried = node;
	else
		tree->buried_first = node;
	tree->buried_last = node;
}

void
node_release(struct node *node)
{
	struct tree *tree = node->own->tree;

	tree->ops.released(tree->arg, node);
	node->shell = NULL;
}

void
node_reap(struct tree *tree)
{
	struct node *node;

	/* Children were buried before their parents. */
	while ((node = tree->buried_first) != NULL) {
		tree->buried_first = node->own->next_buried;
		node->own->buried = false;
		if (node->state != NODE_GONE)
			continue; /* came back, and was released then */
		node_release(node);
		if (node->own->dynamic)
			node_free(node);
	}
	tree->buried_last = NULL;
}

static void
group_free(struct group *group)
{
	if (group == NULL)
		return;
	intensity_free(&group->intensity);
	free(group->statics);
	free(group);
}

void
node_discard(struct node *node)
{
	if (node == NULL)
		return;
	struct group *group = node->own->group;
	for (size_t i = 0; group != NULL && i < group->static_count; i++)
		node_discard(group->statics[i]);
	group_free(group);
	free(node->children);
	free(node->path);
	free(node); /* the slot: the node is its first member */
}

void
node_free(struct node *node)
{
	struct tree *tree = node->own->tree;
	struct group *group = node->own->group;

	for (size_t i = 0; i < node->child_count; i++)
		if (node->children[i]->own->dynamic)
			node_free(node->children[i]);
	for (size_t i = 0; group != NULL && i < group->static_count; i++)
		node_free(group->statics[i]);
	timers_cancel(&tree->timers, &node->own->timer);
	timers_reserve(&tree->timers, -1);
	tree->node_count--;
	spec_free(node->spec);
	group_free(group);
	free(node->children);
	free(node->path);
	free(node);
}

/* The group of a supervisor, and a node for each child of its spec. */
static tractor_err
make_group(struct node *node)
{
	struct spec *spec = node->spec;
	struct group *group = calloc(1, sizeof(*group));

	if (group == NULL)
		return TRACTOR_ENOMEM;
	node->own->group = group;
	group->capacity = spec->child_count;
	group->next_rank = spec->child_count;
	group->statics = calloc(spec->child_count + 1, sizeof(*group->statics));
	node->children = calloc(spec->child_count + 1, sizeof(*node->children));
	if (group->statics == NULL || node->children == NULL)
		return TRACTOR_ENOMEM;

	tractor_err err = intensity_init(&group->intensity, spec->intensity, spec->period_ns);
	for (size_t i = 0; err == TRACTOR_OK && i < spec->child_count; i++) {
		err = node_make(node->own->tree, node, spec->children[i], &group->statics[i]);
		if (err == TRACTOR_OK)
			group->statics[group->static_count++]->own->rank = i;
	}
	return err;
}

static void
init_events(struct node *node)
{
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		node->own->events[kind] = (struct event){ .node = node, .kind = (enum event_kind)kind };
}

tractor_err
node_make(struct tree *tree, struct node *parent, struct spec *spec, struct node **ret_node)
{
	tractor_err err = TRACTOR_ENOMEM;
	struct slot *slot = calloc(1, sizeof(*slot));

	if (slot == NULL)
		return TRACTOR_ENOMEM;
	struct node *node = &slot->node;
	node->own = &slot->own;
	node->own->tree = tree;
	node->spec = spec;
	node->parent = parent;
	init_events(node);
	if (asprintf(&node->path, "%s/%s", parent == NULL ? "" : parent->path, spec->name) < 0)
		node->path = NULL;
	if (node->path != NULL)
		err = spec->kind == SPEC_ACTOR ? TRACTOR_OK : make_group(node);
	if (err == TRACTOR_OK)
		*ret_node = node;
	else
		node_discard(node);
	return err;
}

tractor_err
node_reserve(struct tree *tree, size_t count)
{
	tractor_err err = index_reserve(&tree->index, tree->node_count + count);

	if (err == TRACTOR_OK)
		err = timers_reserve(&tree->timers, (ptrdiff_t)count);
	if (err == TRACTOR_OK)
		tree->node_count += count;
	return err;
}

void
node_unreserve(struct tree *tree, size_t count)
{
	timers_reserve(&tree->timers, -(ptrdiff_t)count);
	tree->node_count -= count;
}

/* Beside all of its spec that may come back. */
tractor_err
node_reserve_children(struct node *parent, size_t count)
{
	struct group *group = parent->own->group;
	size_t wanted = parent->child_count + group->static_count + count;

	if (wanted <= group->capacity)
		return TRACTOR_OK;
	struct node **children = reallocarray(parent->children, 2 * wanted, sizeof(*children));
	if (children == NULL)
		return TRACTOR_ENOMEM;
	parent->children = children;
	group->capacity = 2 * wanted;
	return TRACTOR_OK;
}

static size_t
count_nodes(const struct spec *spec)
{
	size_t count = 1;

	for (size_t i = 0; i < spec->child_count; i++)
		count += count_nodes(spec->children[i]);
	return count;
}

void
node_own_spec(struct node *node)
{
	free(node->spec->children);
	node->spec->children = NULL;
	node->spec->child_count = 0;
}

/* Parents first. What is new below one that is gone comes with it when it comes back. */
void
node_adopt(struct node *node)
{
	struct group *group = node->own->group;

	if (node->parent != NULL && node->parent->state == NODE_GONE) {
		node->state = NODE_GONE;
	} else {
		if (node->id == 0)
			node_number(node);
		node_attach(node);
	}
	for (size_t i = 0; group != NULL && i < group->static_count; i++)
		node_adopt(group->statics[i]);
	node_own_spec(node);
}

/*
 * The others keep their order behind those of the file, and whoever is added later comes after them. The array needs no second one:
 * statics has those that the others have overwritten.
 */
void
node_put_in_order(struct node *node)
{
	struct group *group = node->own->group;
	size_t place = node->child_count;

	for (size_t i = node->child_count; i-- > 0;) {
		struct node *child = node->children[i];
		if (!child->own->dynamic)
			continue;
		child->own->rank += group->static_count;
		node->children[--place] = child;
	}
	for (size_t i = group->static_count; i-- > 0;) {
		group->statics[i]->own->rank = i;
		if (group->statics[i]->state != NODE_GONE)
			node->children[--place] = group->statics[i];
	}
	tri_assert(place == 0);
	group->next_rank += group->static_count;
	group->start_from = 0;
	group->stop_below = node->child_count;
	group->reordered = false;
}

tractor_err
node_new(struct tree *tree, struct node *parent, struct spec *spec, struct node **ret_node)
{
	struct node *node = NULL;
	tractor_err err = node_make(tree, parent, spec, &node);

	if (err == TRACTOR_OK && parent != NULL)
		err = node_reserve_children(parent, 1);
	if (err == TRACTOR_OK)
		err = node_reserve(tree, count_nodes(spec));
	if (err != TRACTOR_OK) {
		node_discard(node);
		return err;
	}
	if (parent != NULL) {
		node->own->dynamic = true;
		node->own->rank = parent->own->group->next_rank++;
	}
	node_adopt(node);
	*ret_node = node;
	return TRACTOR_OK;
}
