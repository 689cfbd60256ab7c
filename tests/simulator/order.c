/*
 * order.c: whose turn it is after a reload, as far as no step shows it: the new order of its children holds for a supervisor once all that have to
 * go have gone; who has to be stopped first and waits to be started already has its turn without being seen; and so has who comes
 * down by itself. Where the model cannot know the moment it takes it from the core, and checks that it may be.
 */
#include "simulator.h"

/* The children in the order that its file has now, and those that no file names behind them. */
static size_t
new_order(const struct slot *supervisor, struct slot **ret_children)
{
	size_t count = 0;

	for (size_t i = 0; i < supervisor->static_count; i++)
		if (supervisor->statics[i]->state != NODE_GONE)
			ret_children[count++] = supervisor->statics[i];
	for (size_t i = 0; i < supervisor->child_count; i++)
		if (supervisor->children[i]->dynamic)
			ret_children[count++] = supervisor->children[i];
	return count;
}

static void
put_in_order(struct slot *supervisor)
{
	struct slot *children[MODEL_CHILDREN_MAX];
	size_t count = new_order(supervisor, children);

	if (memcmp(children, supervisor->children, count * sizeof(children[0])) != 0)
		REACHED(RELOAD_ORDER);
	memcpy(supervisor->children, children, count * sizeof(children[0]));
	supervisor->reordered = false;
}

static bool
somebody_is_ordered(const struct slot *supervisor)
{
	for (size_t i = 0; i < supervisor->child_count; i++)
		if (supervisor->children[i]->ordered)
			return true;
	return false;
}

/* Its file has the children in another order, or not: that holds from now on, or from when the last that has to go has gone. */
void
order_changed(struct slot *supervisor)
{
	supervisor->reordered = model.reordered = true;
	if (!somebody_is_ordered(supervisor))
		put_in_order(supervisor);
	if (!steps_settled(supervisor))
		posted_turns(supervisor); /* it may be another one's now */
}

/* Who waits on although it had to be stopped first: when its turn has come nothing of it is seen. */
static bool
pass_newest(struct slot *supervisor)
{
	for (size_t i = supervisor->child_count; i-- > 0;)
		if (steps_to_pass(supervisor->children[i])) {
			rules_pass(supervisor->children[i]);
			return true;
		}
	return false;
}

/* Who comes down by itself, and is told to now. */
static bool
insist_newest(struct slot *supervisor)
{
	for (size_t i = supervisor->child_count; i-- > 0;)
		if (steps_to_insist(supervisor->children[i])) {
			rules_insist_unseen(supervisor->children[i]);
			return true;
		}
	return false;
}

/* Whether one of its children goes or comes now; if not, what was to be done without a step has been. */
bool
order_has_turns(struct slot *supervisor)
{
	do {
		if (supervisor->reordered && !somebody_is_ordered(supervisor))
			put_in_order(supervisor);
		if (steps_has_turns(supervisor))
			return true;
	} while (pass_newest(supervisor) || insist_newest(supervisor));
	return false;
}

bool
order_passed(struct slot *slot)
{
	for (; slot != NULL; slot = slot->parent)
		if (slot->kind != SPEC_ACTOR && pass_newest(slot))
			return true;
	return false;
}

/* Whether the core has its children like this; but for one that is gone: that is its step, which is about to be looked at. */
static bool
is_in_order(const struct node *node, struct slot *const *children, size_t count)
{
	size_t same = 0;

	for (size_t i = 0; i < count; i++) {
		if (children[i]->node->state == NODE_GONE)
			continue;
		if (same == node->child_count || node->children[same++] != children[i]->node)
			return false;
	}
	return same == node->child_count;
}

/* In the new order already, which is another one than the old. */
static bool
is_in_new_order(const struct slot *supervisor)
{
	struct slot *children[MODEL_CHILDREN_MAX];
	size_t count = new_order(supervisor, children);

	return is_in_order(supervisor->node, children, count) &&
	       !is_in_order(supervisor->node, supervisor->children, count);
}

/*
 * The new order holds when all that had to go have gone. When that is noticed nobody sees, so the model takes it from the core: it may not be too
 * early. False: some supervisor's children are in the old order still.
 */
static bool
look_at(struct slot *slot)
{
	bool all = true;

	if (slot->reordered && is_in_new_order(slot)) {
		while (pass_newest(slot))
			;
		sim_check(!somebody_is_ordered(slot), "%s: its children are in their new order too early",
			slot->path);
		put_in_order(slot);
		REACHED(RELOAD_ORDER_LATE);
	}
	for (size_t i = 0; i < slot->child_count; i++)
		all = look_at(slot->children[i]) && all;
	return all && !slot->reordered;
}

void
order_look(void)
{
	if (model.reordered)
		model.reordered = !look_at(model.root);
}

/* False: nobody is awaited. */
static bool
settle(struct slot *slot)
{
	bool awaited = slot->awaited;

	while (slot->kind != SPEC_ACTOR && pass_newest(slot))
		;
	if (slot->reordered && !somebody_is_ordered(slot))
		put_in_order(slot);
	for (size_t i = 0; i < slot->child_count; i++)
		awaited = settle(slot->children[i]) || awaited;
	return awaited;
}

void
order_quiet(void)
{
	if (model.reloading || model.reordered)
		model.reloading = settle(model.root);
}
