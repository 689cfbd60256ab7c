/*
 * starts.c: who of those whose turn it is may start now: the rules under "Starts" in tree.h. Room: so many starts at a time, but always one for
 * each supervisor. The host: when it has refused a restart, no restart is tried for a while, and nobody is blamed for that.
 *
 * Who stands in line is taken from the core (tree_is_held): the model checks that they have a reason to, and that the line is kept.
 */
#include "simulator.h"

#define HOST_INITIAL_NS (50 * MS)
#define HOST_MAX_NS (5 * SEC)
#define HOST_RESET_NS (10 * SEC)
#define HOST_JITTER 0.2

/* It is restarted, or comes up with a supervisor above that is. */
bool
starts_is_restart(const struct slot *slot)
{
	while (slot->wish == WISH_INITIAL && slot->parent != NULL)
		slot = slot->parent;
	return slot->wish == WISH_RESTART;
}

static unsigned
starting_below(const struct slot *slot)
{
	unsigned count = 0;

	for (size_t i = 0; i < slot->child_count; i++) {
		const struct slot *child = slot->children[i];
		count += child->kind == SPEC_ACTOR ? child->state == NODE_STARTING : starting_below(child);
	}
	return count;
}

static bool
has_room(const struct slot *slot)
{
	if (model.start_limit == 0 || starting_below(model.root) < model.start_limit)
		return true;
	for (size_t i = 0; i < slot->parent->child_count; i++) {
		const struct slot *sibling = slot->parent->children[i];
		if (sibling->kind == SPEC_ACTOR && sibling->state == NODE_STARTING)
			return false;
	}
	return true;
}

/* Its turn has come, and it must wait all the same. */
bool
starts_holds(const struct slot *slot)
{
	if (slot->kind != SPEC_ACTOR)
		return false;
	return !has_room(slot) || (model.host_due_ns != 0 && starts_is_restart(slot));
}

/*
 * Those that have joined the line since the last look stand behind the others; among themselves the model doesn't know. `but` is about to leave
 * it: its place still counts; and so does that of one who has left it for a command that the model has not come to yet.
 */
static void
look_at(struct slot *slot, const struct slot *but)
{
	bool is_held = slot->state == NODE_WAITING && tree_is_held(slot->node);
	bool still_counts = slot == but || slot->command != ASK_NONE;

	if (!is_held && slot->state == NODE_WAITING && !still_counts)
		slot->line = 0;
	else if (is_held && slot->line == 0)
		slot->line = model.line + 1;
	model.in_line += is_held || (still_counts && slot->line != 0);
	for (size_t i = 0; i < slot->child_count; i++)
		look_at(slot->children[i], but);
}

void
starts_look(const struct slot *but)
{
	if (model.start_limit == 0 && model.host_due_ns == 0 && model.in_line == 0)
		return;
	model.in_line = 0;
	look_at(model.root, but);
	model.line++;
}

static void
check_older(const struct slot *older, const struct slot *slot)
{
	if (older != slot && older->state == NODE_WAITING && older->line != 0 && !older->line_unknown &&
		!older->ordered && !starts_holds(older))
		sim_check(older->line >= slot->line, "%s is started before %s, which was in line before it",
			slot->path, older->path);
	for (size_t i = 0; i < older->child_count; i++)
		check_older(older->children[i], slot);
}

/* It starts now: nobody who could have was there before it. */
void
starts_check(struct slot *slot)
{
	if (slot->line == 0)
		slot->line = model.line; /* it has joined since the last look too, or never had to */
	if (model.in_line > 0 && !slot->line_unknown)
		check_older(model.root, slot);
}

/* Held back without a reason, once nothing is left to do? */
void
starts_check_held(const struct slot *slot)
{
	if (slot->node == NULL || !tree_is_held(slot->node))
		return;
	sim_check(slot->kind == SPEC_ACTOR && slot->state == NODE_WAITING && starts_holds(slot),
		"%s is held back without a reason", slot->path);
	if (has_room(slot))
		REACHED(HELD_FOR_HOST);
	else
		REACHED(HELD_FOR_ROOM);
}

/* The delay is one for the tree; a refusal while it runs changes nothing. The core has told it to the slot already. */
void
starts_host_refused(const struct slot *slot)
{
	int64_t due_ns = slot->node->due_ns, delay_ns = due_ns - model.now_ns;

	if (model.host_due_ns != 0) {
		REACHED(HOST_REFUSED_AGAIN);
		sim_check(due_ns == model.host_due_ns, "%s: the host's delay has changed while it runs",
			slot->path);
		return;
	}
	REACHED(HOST_REFUSED);
	if (model.host_delay_ns == 0 || model.now_ns - model.host_over_ns >= HOST_RESET_NS) {
		model.host_delay_ns = HOST_INITIAL_NS;
	} else {
		REACHED(HOST_DELAY_GREW);
		model.host_delay_ns =
			model.host_delay_ns * 2 < HOST_MAX_NS ? model.host_delay_ns * 2 : HOST_MAX_NS;
	}
	double least_ns = (double)model.host_delay_ns * (1 - HOST_JITTER);
	double most_ns = (double)model.host_delay_ns * (1 + HOST_JITTER);
	sim_check((double)delay_ns >= least_ns - 1 && (double)delay_ns <= most_ns + 1 &&
			  delay_ns <= HOST_MAX_NS,
		"the host is given %lld ns, which is not %lld +- 20 %%", (long long)delay_ns,
		(long long)model.host_delay_ns);
	model.host_due_ns = due_ns;
	model.host_order = ++model.limits;
}

/* Time is looked at when all else has been handled. */
bool
starts_host_over(void)
{
	if (model.host_due_ns == 0 || model.host_due_ns > model.now_ns || model.count > 0)
		return false;
	model.host_due_ns = 0;
	model.host_over_ns = model.now_ns;
	return true;
}
