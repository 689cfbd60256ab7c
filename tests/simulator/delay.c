/*
 * delay.c: how long a restart waits. OTP has no delays: these are the promises of tree.h, spec.h and backoff.h. Where there is chance in it,
 * the model takes what the core says, after it has seen that this lies in the bounds.
 */
#include "simulator.h"

static double
smaller(double a, double b)
{
	return a < b ? a : b;
}

/* initial, initial * factor, ... up to max; +- jitter, but never above max. */
static void
next_in_series(struct slot *slot)
{
	const struct spec_backoff *backoff = &slot->backoff;
	double max_ns = (double)backoff->max_ns;
	double delay_ns = slot->next_delay_ns > 0 ? slot->next_delay_ns : (double)backoff->initial_ns;

	if (delay_ns > (double)backoff->initial_ns)
		REACHED(DELAY_GREW);
	delay_ns = smaller(delay_ns, max_ns);
	slot->least_ns = delay_ns * (1 - backoff->jitter);
	slot->most_ns = smaller(delay_ns * (1 + backoff->jitter), max_ns);
	slot->next_delay_ns = smaller(delay_ns * backoff->factor, max_ns);
}

void
delay_begins(struct slot *slot, struct node_verdict verdict)
{
	slot->least_ns = slot->most_ns = 0;
	if (verdict.kind == NODE_VERDICT_RESTART_AFTER)
		slot->least_ns = slot->most_ns = verdict.after_ns > 0 ? (double)verdict.after_ns : 0;
	else if (slot->kind == SPEC_ACTOR && slot->backoff.initial_ns > 0)
		next_in_series(slot);
	model.delayed = slot;
}

/* A nanosecond is less than the arithmetic can tell. */
void
delay_take(void)
{
	struct slot *slot = model.delayed;

	if (slot == NULL)
		return;
	model.delayed = NULL;
	int64_t due_ns = slot->node->due_ns;
	double delay_ns = due_ns != 0 ? (double)(due_ns - model.now_ns) : 0;
	sim_check(delay_ns >= slot->least_ns - 1 && delay_ns <= slot->most_ns + 1,
		"%s waits for %.0f ns, which is not from %.0f to %.0f", slot->path, delay_ns, slot->least_ns,
		slot->most_ns);
	slot->due_ns = due_ns;
	if (due_ns != 0)
		REACHED(DELAY);
}

static void
begin_anew(struct slot *slot)
{
	if (slot->next_delay_ns > (double)slot->backoff.initial_ns)
		REACHED(DELAY_RESET);
	slot->next_delay_ns = 0;
}

/* It ends, or is asked to: it may have run long enough for a new beginning. */
void
delay_ran(struct slot *slot)
{
	if (slot->state == NODE_RUNNING && model.now_ns - slot->since_ns >= slot->backoff.reset_ns)
		begin_anew(slot);
}
