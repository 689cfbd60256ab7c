/*
 * inject.c: faults on purpose, for a command, a program or a tree file (faults.c) that asks for them. The actor's library carries them out (actor/fault.c); only kill and stop are ours. What makes no sense is refused
 * with a sentence, and nothing has happened then.
 */
#include <string.h>

#include "codec.h"
#include "faultspec.h"
#include "runtime.h"
#include "slot.h"
#include "suggest.h"
#include "why.h"

static bool
is_of_a_message(const struct faultspec *spec)
{
	return spec->place == TRI_AT_BEFORE || spec->place == TRI_AT_AFTER || spec->place == TRI_AT_REPLY;
}

static tractor_err
not_understood(const struct slot *slot, const char *name)
{
	const char *names[MESSAGES_MAX];

	for (size_t i = 0; i < slot->schema_count; i++)
		names[i] = slot->schemas[i]->record->name;
	const char *meant = suggest_word(name, names, slot->schema_count);
	if (meant)
		return tri_why(TRACTOR_EINVAL, "%s does not understand %s; did you mean %s?",
			slot->node->path, name, meant);
	return tri_why(TRACTOR_EINVAL, "%s does not understand %s; see: tractor messages %s",
		slot->node->path, name, slot->node->path);
}

/* Its fingerprint; 0: any. */
static tractor_err
find_message(const struct slot *slot, const struct faultspec *spec, uint64_t *ret_message)
{
	*ret_message = 0;
	if (!is_of_a_message(spec) || strcmp(spec->name, FAULTSPEC_ANY) == 0)
		return TRACTOR_OK;
	for (size_t i = 0; i < slot->schema_count; i++)
		if (strcmp(slot->schemas[i]->record->name, spec->name) == 0) {
			*ret_message = slot->schemas[i]->fingerprint;
			return TRACTOR_OK;
		}
	return not_understood(slot, spec->name);
}

/* The next process has it from its beginning. */
static tractor_err
leave_for_next(struct slot *slot, const struct tri_planned *planned)
{
	size_t used = 0;
	tractor_err err = tri_encode(
		&tri_record_tri_planned, planned, slot->plan.bytes, sizeof(slot->plan.bytes), &used);

	slot->plan.size_bytes = err == TRACTOR_OK ? (uint32_t)used : 0;
	slot->plan_id = planned->id;
	return err;
}

static tractor_err
send_planned(struct slot *slot, const struct tri_planned *planned)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_INJECT);

	return slot_send_record(slot, &frame, &tri_record_tri_planned, planned);
}

static tractor_err
hand_over(struct slot *slot, const struct tri_planned *planned)
{
	tractor_err err = send_planned(slot, planned);

	if (err == TRACTOR_OK)
		deadline_delivered(slot);
	return err;
}

static void
strike(struct slot *slot, enum tri_fault_kind fault)
{
	slot_signal(slot, fault == TRI_FAULT_KILL ? SIGKILL : SIGSTOP);
	if (slot->node->spec->handler_timeout_ns > 0)
		deadline_delivered(slot);
}

static tractor_err
carry_out(struct slot *slot, const struct faultspec *spec, const struct tri_planned *planned)
{
	if (spec->place == TRI_AT_START)
		return leave_for_next(slot, planned);
	if (!faultspec_is_outside(spec->fault))
		return hand_over(slot, planned);
	strike(slot, spec->fault);
	return TRACTOR_OK;
}

static tractor_err
arm(struct slot *slot, const struct faultspec *spec, const struct spec_fault *fault, uint64_t id)
{
	char text[SPEC_FAULT_TEXT_BYTES];
	struct tri_planned planned = {
		.fault = (uint8_t)spec->fault,
		.place = (uint8_t)spec->place,
		.number = spec->number,
		.failpoint = spec->place == TRI_AT_FAILPOINT ? spec->name : "",
		.count = spec->count,
		.probability = fault->probability,
		.seed = fault->seed,
		.id = id,
	};
	tractor_err err = find_message(slot, spec, &planned.message);

	if (err != TRACTOR_OK)
		return err;
	events_note(slot->runtime, "injected", slot->node->path, slot->incarnation, "%s",
		spec_fault_text(fault, text));
	return carry_out(slot, spec, &planned);
}

tractor_err
inject_fault(struct slot *slot, const struct spec_fault *fault)
{
	struct faultspec spec;
	tractor_err err = faultspec_parse(fault->fault, fault->at, &spec);

	if (err == TRACTOR_OK && !slot->ready && spec.place != TRI_AT_START)
		err = tri_why(TRACTOR_ESTOPPED, "%s is not running", slot->node->path);
	return err == TRACTOR_OK ? arm(slot, &spec, fault, 0) : err;
}

tractor_err
inject_early(struct slot *slot, const struct spec_fault *fault, uint64_t id)
{
	struct faultspec spec;
	tractor_err err = faultspec_parse(fault->fault, fault->at, &spec);

	return err == TRACTOR_OK ? arm(slot, &spec, fault, id) : err;
}

void
inject_take_back(struct slot *slot, uint64_t id)
{
	const struct tri_planned never = { .place = TRI_AT_NEVER, .failpoint = "", .id = id };

	if (slot->plan_id == id)
		slot->plan.size_bytes = 0;
	if (slot->ready)
		send_planned(slot, &never);
}

tractor_err
tractor_runtime_inject(struct tractor_runtime *runtime, const char *path, const char *fault, const char *at)
{
	const struct spec_fault wanted = { .fault = fault, .at = at };
	struct node *node;
	tractor_err err = children_find(runtime, path, admin_find, &node);

	if (err == TRACTOR_OK && !slot_of(node))
		err = tri_why(TRACTOR_EINVAL, "%s is a %s, not an actor", node->path,
			spec_kind_name(node->spec->kind));
	return runtime_explained(err == TRACTOR_OK ? inject_fault(slot_of(node), &wanted) : err);
}
