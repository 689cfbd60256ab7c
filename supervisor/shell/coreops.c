/*
 * coreops.c: the ops by which the shell serves the tree core and the router: what the core wants done goes to the slots, what the router wants delivered to whoever it is for, and what has
 * changed to whoever wants to know. It decides nothing and keeps nothing. None of them can fail: what goes wrong comes back to the core as an event.
 */
#include <stdio.h>

#include "runtime.h"
#include "slot.h"

/* --- what the core wants --- */

static void
tree_start_op(void *arg, struct node *node)
{
	struct tractor_runtime *runtime = arg;

	/* One that came back with its supervisor has no slot where there was no memory for it. */
	if (slot_of(node) || slot_new(runtime, node) == TRACTOR_OK)
		slot_start(slot_of(node));
	else
		tree_post_ended(runtime->tree, node, node->incarnation, NODE_END_HOST_FAILED,
			(struct node_verdict){ .kind = NODE_VERDICT_DEFAULT });
}

static void
tree_stop_op(void *arg, struct node *node)
{
	(void)arg;
	slot_stop(slot_of(node));
}

static void
tree_kill_op(void *arg, struct node *node)
{
	(void)arg;
	slot_kill(slot_of(node));
}

static bool
is_up(enum node_state state)
{
	return state == NODE_RUNNING || state == NODE_STOPPING || state == NODE_STARTING;
}

tractor_err
coreops_stopped_error(const struct tractor_runtime *runtime)
{
	return runtime->closing ? TRACTOR_ECLOSED : TRACTOR_ESTOPPED;
}

/*
 * Stopped with a supervisor above it, which may be started again, with it: that is not known before the supervisor's own end is dealt with. An actor that is stopped while the whole tree
 * goes down, or by itself, does not come back.
 */
bool
coreops_may_return(const struct node *node)
{
	const struct node *top = node, *above = node->parent;

	while (above && (above->state == NODE_STOPPING || above->state == NODE_STOPPED)) {
		top = above;
		above = above->parent;
	}
	return above && (above->state == NODE_WAITING || (top != node && top->state == NODE_STOPPING));
}

static void
actor_gone(struct tractor_runtime *runtime, struct slot *slot)
{
	router_stopped(runtime->router, slot->node->id, coreops_stopped_error(runtime));
	monitors_tell(slot, true);
	slot->ready_ns = 0;
}

static void
list(struct tractor_runtime *runtime, struct slot *slot)
{
	if (slot->is_listed)
		return;
	if (!runtime->listed)
		runtime->listed_end = &runtime->listed;
	slot->is_listed = true;
	slot->next_listed = NULL;
	*runtime->listed_end = slot;
	runtime->listed_end = &slot->next_listed;
}

static void
unlist(struct tractor_runtime *runtime, struct slot **at)
{
	struct slot *slot = *at;

	*at = slot->next_listed;
	if (!*at)
		runtime->listed_end = at;
	slot->is_listed = false;
}

void
coreops_forget(struct slot *slot)
{
	struct slot **at = &slot->runtime->listed;

	if (!slot->is_listed)
		return;
	while (*at != slot)
		at = &(*at)->next_listed;
	unlist(slot->runtime, at);
}

void
coreops_decide(struct tractor_runtime *runtime)
{
	for (struct slot **at = &runtime->listed, *slot; (slot = *at);) {
		bool was_undecided = slot->undecided;
		slot->undecided = was_undecided && coreops_may_return(slot->node);
		if (slot->undecided) {
			at = &slot->next_listed;
			continue;
		}
		unlist(runtime, at);
		if (was_undecided)
			actor_gone(runtime, slot);
	}
}

/* What an actor's change of state means for those who send to it and who watch it. */
static void
actor_changed(struct tractor_runtime *runtime, struct slot *slot, enum node_state from)
{
	struct node *node = slot->node;
	bool decided = from == NODE_STOPPED && !slot->undecided;

	slot->undecided = node->state == NODE_STOPPED;
	if (slot->undecided)
		list(runtime, slot);
	else if (node->state == NODE_GONE && !decided)
		actor_gone(runtime, slot);
	else if (from == NODE_STOPPED && node->state != NODE_GONE)
		router_expected(runtime->router, node->id);
	if (slot->undecided || slot->ready_ns == 0)
		return;
	if (!is_up(node->state) || (node->state == NODE_STARTING && from != NODE_STARTING && is_up(from))) {
		monitors_tell(slot, false);
		slot->ready_ns = 0;
	}
}

static void
tree_changed_op(void *arg, struct node *node, enum node_state from, const char *event)
{
	struct tractor_runtime *runtime = arg;
	/* A child that had gone for good comes back under a new id when its supervisor is started anew. */
	if (from == NODE_GONE && node->spec->kind == SPEC_ACTOR && !slot_of(node))
		slot_new(runtime, node);
	struct slot *slot = slot_of(node);

	events_note(runtime, node_state_name(node->state), node->path, node->incarnation, "%s", event);
	if (slot)
		actor_changed(runtime, slot, from);
	spares_changed(runtime, node);
	waiter_changed(runtime, node);
}

static void
tree_gives_up_op(void *arg, struct node *node, struct node *culprit)
{
	events_note(arg, "gave_up", node->path, node->incarnation,
		"%s died once too often: more than %u restart%s in %lld ms",
		culprit ? culprit->path : "a child", node->spec->intensity,
		node->spec->intensity == 1 ? "" : "s", (long long)(node->spec->period_ns / SPEC_MILLISECOND));
}

static void
tree_released_op(void *arg, struct node *node)
{
	spares_forget(arg, node);
	slot_free(slot_of(node));
}

static tractor_err
tree_prepare_op(void *arg, struct node *node)
{
	return slot_new(arg, node);
}

const struct tree_ops coreops_tree = {
	.start = tree_start_op,
	.stop = tree_stop_op,
	.kill = tree_kill_op,
	.changed = tree_changed_op,
	.gives_up = tree_gives_up_op,
	.released = tree_released_op,
	.prepare = tree_prepare_op,
};

/* --- what the router wants --- */

static void
router_deliver_op(void *arg, uint64_t actor, const struct router_message *message)
{
	struct slot *slot = slot_by_id(arg, actor);
	static const enum tri_frame_kind kinds[] = { [ROUTER_MESSAGE] = TRI_FRAME_MESSAGE,
		[ROUTER_DOWN] = TRI_FRAME_DOWN,
		[ROUTER_MARK] = TRI_FRAME_MARKED };
	struct tri_frame frame = tri_frame(kinds[message->kind]);

	if (!slot)
		return;
	frame.source = message->sender >= ROUTER_PORT_FIRST ? 0 : message->sender;
	frame.target = actor;
	frame.message = message->message;
	frame.sequence = message->sequence;
	frame.flags = message->ask ? TRI_FLAG_ASK : 0;
	if (message->kind == ROUTER_MARK) {
		memcpy(&frame.message, message->payload, sizeof(frame.message));
		memcpy(&frame.correlation, message->payload + sizeof(frame.message),
			sizeof(frame.correlation));
	}
	if (message->parcel)
		parcel_send(slot, &frame, message->parcel);
	else
		slot_send(slot, &frame, message->payload, message->payload_bytes);
	if (message->kind == ROUTER_MARK)
		bypass_marked(slot, frame.message);
	deadline_delivered(slot);
}

/* An ACCEPT or ANSWER to whoever sent the message: an actor's present incarnation, the program's port, or a talk's. */
static void
reach_sender(struct tractor_runtime *runtime, uint64_t sender, uint32_t incarnation, struct tri_frame *frame,
	const uint8_t *payload, size_t payload_bytes)
{
	struct slot *slot = sender < ROUTER_PORT_FIRST ? slot_by_id(runtime, sender) : NULL;
	const struct parcel *parcel = parcel_heard(runtime, payload);

	if (slot && slot->incarnation == incarnation) {
		recorder_told(slot, frame, payload, payload_bytes);
		if (parcel)
			parcel_send(slot, frame, parcel);
		else
			slot_send(slot, frame, payload, payload_bytes);
		bypass_waits_no_more(slot);
	} else if (!slot && !port_receive(runtime, sender, frame, payload, payload_bytes)) {
		talk_receive(runtime, sender, frame, payload, payload_bytes);
	}
}

static void
router_accept_op(void *arg, uint64_t sender, uint32_t incarnation, uint64_t correlation, tractor_err err)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_ACCEPT);

	frame.correlation = correlation;
	frame.err = err;
	reach_sender(arg, sender, incarnation, &frame, NULL, 0);
}

void
coreops_answer(void *arg, uint64_t asker, uint32_t incarnation, uint64_t correlation, tractor_err err,
	const uint8_t *payload, size_t payload_bytes)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_ANSWER);

	frame.correlation = correlation;
	frame.err = err;
	reach_sender(arg, asker, incarnation, &frame, payload, payload_bytes);
}

static void
name_message(
	struct tractor_runtime *runtime, const struct router_message *message, char *ret_name, size_t size)
{
	struct slot *slot = slot_by_id(runtime, message->target);
	const struct payload_schema *schema = slot ? hearing_schema(slot, message->message) : NULL;

	if (schema)
		snprintf(ret_name, size, "%s.%s", schema->protocol, schema->message);
	else
		snprintf(ret_name, size, "%s",
			message->kind == ROUTER_DOWN ? "down" : "a message that it does not know");
}

static void
router_dead_letter_op(void *arg, const struct router_message *message, tractor_err why)
{
	const char *path = runtime_path_of(arg, message->target),
		   *sender = runtime_path_of(arg, message->sender);
	char name[2 * PAYLOAD_NAME_MAX];

	name_message(arg, message, name, sizeof(name));
	lost_bury(arg, message, name, why);
	events_note(arg, "dead_letter", path ? path : "", 0, "%s from %s: %s", name,
		sender ? sender : "outside", tractor_err_text(why));
}

static void
router_quarantined_op(void *arg, const struct router_message *message)
{
	const char *path = runtime_path_of(arg, message->target);
	char name[2 * PAYLOAD_NAME_MAX];

	name_message(arg, message, name, sizeof(name));
	bool kept = lost_quarantine(arg, message, name);
	events_note(arg, "quarantined", path ? path : "", 0, "%s was in hand at two crashes%s", name,
		kept ? "" : "; there was no memory to keep it");
}

static uint64_t
router_awaits_op(void *arg, uint64_t actor)
{
	const struct slot *slot = actor < ROUTER_PORT_FIRST ? slot_by_id(arg, actor) : NULL;

	return slot ? bypass_awaits(slot) : 0;
}

const struct router_ops coreops_router = {
	.deliver = router_deliver_op,
	.accept = router_accept_op,
	.answer = coreops_answer,
	.dead_letter = router_dead_letter_op,
	.awaits = router_awaits_op,
	.quarantined = router_quarantined_op,
};
