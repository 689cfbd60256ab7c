/*
 * fate.c: what the end of a process or of a supervisor means, by OTP's rules: is it restarted, is it down for good, is it too much
 * for its supervisor. It only decides, and changes nothing; rules.c does what follows.
 */
#include "model.h"

#include "simulator.h"

/*
 * Which end is noted. Who ends before it was ready has failed to start, whatever it says, unless it says in its own time that it is
 * not needed (case 3) or that it will never work.
 */
enum node_end
fate_end(const struct slot *slot, enum node_end end)
{
	if (slot->state != NODE_STARTING || slot->kind != SPEC_ACTOR || slot->down)
		return end; /* part of a stop, each end is preserved: case 21 */
	if (end == NODE_END_PERMANENT_FAILURE || end == NODE_END_HOST_FAILED ||
		(end == NODE_END_IGNORED && !slot->killed))
		return end;
	return NODE_END_START_FAILED;
}

/* Normal ends are normal, shutdown and {shutdown, x}. */
static bool
is_normal(enum node_end end)
{
	return end == NODE_END_NORMAL || end == NODE_END_SHUTDOWN || end == NODE_END_DONE;
}

/* Cases 24 to 33. What says that it will never work is not tried again. */
static bool
type_restarts(const struct slot *slot, enum node_end end)
{
	if (end == NODE_END_PERMANENT_FAILURE)
		return false;
	switch (slot->restart) {
	case SPEC_PERMANENT: return true;
	case SPEC_TRANSIENT: return !is_normal(end);
	case SPEC_TEMPORARY: return false;
	}
	return false;
}

/* Restarts not older than the period: OTP's list, of which it drops what is out of the window. */
unsigned
fate_in_window(const struct slot *supervisor)
{
	unsigned count = 0;

	for (size_t i = 0; i < supervisor->window_count; i++)
		count += model.now_ns - supervisor->window[i] <= supervisor->period_ns;
	return count;
}

/* "Give up if there are more than `intensity`", this one among them (cases 35 to 37). */
static enum fate
restart_fate(const struct slot *slot)
{
	const struct slot *supervisor = slot->parent;

	return fate_in_window(supervisor) + 1 > supervisor->intensity ? FATE_TOO_MANY : FATE_RESTART;
}

/* A policy may overrule the type of the slot, in every way but one: what its supervisor wanted is no death. */
static enum fate
own_fate(const struct slot *slot, bool restarts, struct node_verdict verdict)
{
	switch (verdict.kind) {
	case NODE_VERDICT_DEFAULT: break;
	case NODE_VERDICT_RESTART:
	case NODE_VERDICT_RESTART_AFTER: return restart_fate(slot);
	case NODE_VERDICT_STOP: return FATE_STOP;
	case NODE_VERDICT_ESCALATE: return FATE_ESCALATE;
	}
	return restarts ? restart_fate(slot) : FATE_STOP;
}

/* It was never ready. */
static enum fate
start_fate(const struct slot *slot, enum node_end end, struct node_verdict verdict)
{
	if (end == NODE_END_IGNORED)
		return FATE_IGNORED;
	if (end == NODE_END_HOST_FAILED && starts_is_restart(slot))
		return FATE_HOST;
	switch (slot->wish) {
	case WISH_INITIAL: return FATE_ROLL_BACK; /* no retry (case 30) */
	case WISH_ADD:
	case WISH_COMMAND: return FATE_REFUSED; /* cases 10 to 12 */
	case WISH_RESTART: break;
	}
	/* Failed attempts count too, and are tried again whatever the type (cases 37, 39, 44, 48, 80). */
	return own_fate(slot, end != NODE_END_PERMANENT_FAILURE, verdict);
}

enum fate
fate_of(const struct slot *slot, enum node_end end, struct node_verdict verdict)
{
	/* A supervisor that gives up while it comes up has come up first, in OTP: it hears of deaths after init/1 only. */
	bool was_ready =
		slot->kind == SPEC_ACTOR ? slot->state != NODE_STARTING : end != NODE_END_START_FAILED;

	if (slot->down)
		return FATE_ORDERED; /* cases 21, 34, 55 */
	if (slot->parent == NULL)
		return FATE_REFUSED; /* the root: nobody is above who could do something about it */
	if (!was_ready)
		return start_fate(slot, fate_end(slot, end), verdict);
	return own_fate(slot, type_restarts(slot, end), verdict);
}

/* Temporary specs are forgotten (cases 4, 26, 77); so are a pool's members, what was added to a supervisor that ends (case 71), and what no file names any more. */
bool
fate_keeps_spec(const struct slot *slot)
{
	if (slot->parent == NULL)
		return true;
	return !slot->doomed && slot->restart != SPEC_TEMPORARY && slot->parent->kind != SPEC_POOL &&
	       !(slot->dynamic && slot->parent->state == NODE_STOPPING);
}

/* Where the slot is then. */
enum node_state
fate_state(const struct slot *slot, enum fate fate)
{
	if (fate == FATE_RESTART || fate == FATE_HOST || (fate == FATE_ORDERED && slot->comes != COMES_NOT))
		return NODE_WAITING;
	if (fate == FATE_REFUSED && slot->wish == WISH_ADD && slot->dynamic)
		return NODE_GONE;
	return fate_keeps_spec(slot) ? NODE_STOPPED : NODE_GONE;
}
