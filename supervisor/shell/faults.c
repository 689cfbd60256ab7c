/*
 * faults.c: the faults that the tree's file asks for. Each is injected once, as a command would (inject.c): into the first process of its actor, or, where a reload has brought it, into the
 * one that runs then or comes next. What is noted is which have been, so that none is repeated in a successor. A message that the actor does not know is said, and nothing else comes of it.
 */
#include <string.h>

#include "runtime.h"
#include "schema.h"
#include "slot.h"
#include "why.h"

static uint64_t
id_of(const struct spec_fault *fault)
{
	char text[SPEC_FAULT_TEXT_BYTES];

	spec_fault_text(fault, text);
	return tri_fingerprint(text, strlen(text));
}

static bool
is_at_start(const struct spec_fault *fault)
{
	return fault->at && strcmp(fault->at, "start") == 0;
}

static bool
was_armed(const struct slot *slot, uint64_t id)
{
	for (size_t i = 0; i < slot->fault_count; i++)
		if (slot->faults[i] == id)
			return true;
	return false;
}

static void
arm(struct slot *slot, const struct spec_fault *fault)
{
	char text[SPEC_FAULT_TEXT_BYTES];
	uint64_t id = id_of(fault);

	if (was_armed(slot, id))
		return;
	slot->faults[slot->fault_count++] = id;
	if (runtime_explained(inject_early(slot, fault, id)) != TRACTOR_OK)
		events_note(slot->runtime, "not_injected", slot->node->path, slot->incarnation, "%s: %s",
			spec_fault_text(fault, text), tractor_why());
}

/* One that a command has left there goes first. */
void
faults_begin(struct slot *slot)
{
	const struct spec *spec = slot->node->spec;

	for (size_t i = 0; i < spec->fault_count && slot->plan.size_bytes == 0; i++)
		if (is_at_start(&spec->faults[i]))
			arm(slot, &spec->faults[i]);
}

void
faults_arm(struct slot *slot)
{
	const struct spec *spec = slot->node->spec;

	for (size_t i = 0; i < spec->fault_count; i++)
		if (!is_at_start(&spec->faults[i]))
			arm(slot, &spec->faults[i]);
}

static bool
is_wanted(const struct spec *spec, uint64_t id)
{
	for (size_t i = 0; i < spec->fault_count; i++)
		if (id_of(&spec->faults[i]) == id)
			return true;
	return false;
}

void
faults_take_back(struct slot *slot)
{
	size_t kept = 0;

	for (size_t i = 0; i < slot->fault_count; i++) {
		uint64_t id = slot->faults[i];
		if (is_wanted(slot->node->spec, id))
			slot->faults[kept++] = id;
		else
			inject_take_back(slot, id);
	}
	slot->fault_count = kept;
}

void
faults_announce(struct tractor_runtime *runtime)
{
	size_t count = 0;

	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node))
		count += node->spec->fault_count;
	if (count > 0)
		events_note(runtime, "faults", "", 0,
			"ATTENTION: this tree's file asks for %zu fault%s, which will be made on purpose",
			count, count == 1 ? "" : "s");
}
