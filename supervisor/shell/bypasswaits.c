/*
 * bypasswaits.c: who waits for whom past us. Whoever waits for somebody past us says so in its black box, before it looks whether asks are to go roundabout; we say that they are, before we look there. So of two that begin to wait
 * for each other at the same moment one at least is seen. What only asks past us could close, a circle of bypasses, is never open to asks. What a process says of that may be wrong: then it is told of a circle, or isn't.
 */
#include <stdatomic.h>

#include "bypasses_private.h"

uint64_t
bypass_awaits(const struct slot *slot)
{
	uint64_t awaits = slot->box && slot->bypasses_out ? atomic_load(&slot->box->awaits) : 0;

	return awaits < ROUTER_PORT_FIRST ? awaits : 0;
}

bool
bypass_waits_past_us(const struct slot *slot, const struct slot *whom)
{
	return slot && bypass_awaits(slot) == whom->node->id;
}

void
bypass_waits(struct slot *slot)
{
	if (slot->goes_roundabout)
		return;
	slot->goes_roundabout = true;
	for (struct bypass *bypass = slot->bypasses_in; bypass; bypass = bypass->next_in) {
		atomic_fetch_or(&bypass->sends->roundabout, TRI_ROUNDABOUT_WAITS);
		if (bypass_waits_past_us(bypass->from, slot))
			bypass_waits(bypass->from);
	}
}

void
bypass_waits_no_more(struct slot *slot)
{
	const struct slot *awaited = slot_by_id(slot->runtime, bypass_awaits(slot));

	if (!slot->goes_roundabout || router_waits(slot->runtime->router, slot->node->id) ||
		(awaited && awaited->goes_roundabout))
		return;
	slot->goes_roundabout = false;
	for (struct bypass *bypass = slot->bypasses_in; bypass; bypass = bypass->next_in) {
		atomic_fetch_and(&bypass->sends->roundabout, ~(uint32_t)TRI_ROUNDABOUT_WAITS);
		if (bypass->from)
			bypass_waits_no_more(bypass->from);
	}
}
