/*
 * patience.c: whose patience is over first: the limits of starts and stops, and the host's time. Of two at the same time the one that began first
 * is over first; but when that of one who came down by itself began, nobody has seen.
 */
#include "simulator.h"

/* The patience of `a` was over before that of `b`, for certain; of two at the same time the one who began first. */
static bool
over_before(const struct slot *a, const struct slot *b)
{
	return a->limit_ns < b->limit_ns ||
	       (a->limit_ns == b->limit_ns && a->limit_order < b->limit_order_least);
}

static bool
is_over(const struct slot *slot)
{
	return slot->limit_ns != 0 && slot->limit_ns <= model.now_ns;
}

/* Whose patience is over first, of the slot and those above; if nobody has seen which, the lowest: that leaves it open. */
struct slot *
patience_first(struct slot *slot)
{
	struct slot *first = NULL;

	for (; slot != NULL && model.count == 0; slot = slot->parent)
		if (is_over(slot) && (first == NULL || over_before(slot, first)))
			first = slot;
	return first;
}

/* Whether it may as well have been over before the one whose patience the model took to be over, which is below it. */
static bool
may_have_been_first(const struct slot *slot)
{
	return is_over(slot) && slot->limit_ns == model.over_ns &&
	       model.over->limit_order >= slot->limit_order_least &&
	       slot->limit_order >= model.over->limit_order_least;
}

/* The patience of the slot is about to be over. If it was that of somebody above instead, only the end of that one may show it. */
void
patience_note(struct slot *slot)
{
	struct slot *highest = NULL;

	model.over = slot;
	model.over_ns = slot->limit_ns;
	for (struct slot *above = slot->parent; above != NULL; above = above->parent)
		if (may_have_been_first(above))
			highest = above;
	if (highest == NULL)
		return;
	do {
		slot = slot->parent;
		slot->killed_perhaps = true;
	} while (slot != highest);
}

/* The next of the times that are over and that it could have to do with: the host's, or some supervisor's above. False: none is. */
bool
patience_ends(const struct slot *slot)
{
	struct slot *over = patience_first(slot->parent);

	if (over == NULL ||
		(model.host_due_ns != 0 && (model.host_due_ns < over->limit_ns ||
						   (model.host_due_ns == over->limit_ns &&
							   model.host_order < over->limit_order))))
		return starts_host_over();
	patience_note(over);
	rules_timeout(over);
	return true;
}

/* What looked like the end of one patience was that of another, above it, at the same time: then all below that one is killed at once. */
bool
patience_of_another(void)
{
	for (struct slot *slot = model.over; slot != NULL; slot = slot->parent)
		if (may_have_been_first(slot)) {
			rules_timeout(slot);
			return true;
		}
	return false;
}
