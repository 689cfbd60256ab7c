/*
 * sending.c: what leaves an actor: at once, or once its handler has returned. In a durable actor a handler happens whole or not at all, so what it tells, forwards and replies is held in the
 * outbox; what needs an answer before the handler can go on can't be, so an ask sends what was held first, and ends that guarantee for this message. A question that changes nothing
 * (where is, does it serve) ends nothing.
 */
#include <stdatomic.h>

#include "actor_process.h"
#include "schema.h"
#include "why.h"

static void
note_sent(struct tri_actor *actor, const struct tri_frame *frame)
{
	struct tri_blackbox *box = actor->box;

	if (frame->kind == TRI_FRAME_SEND)
		tri_blackbox_count(frame->flags & TRI_FLAG_ASK ? &box->asked : &box->told);
	tri_blackbox_count(&box->sent);
	if (actor->channel.by_link)
		actor->linked = atomic_load_explicit(&box->sent, memory_order_relaxed);
}

void
tri_need_memory(struct tri_actor *actor, tractor_err err, const char *what)
{
	if (err == TRACTOR_ENOMEM)
		tri_panic(&actor->ctx, __FILE__, __LINE__, "out of memory: there was none for %s", what);
}

static tractor_err
send_now(struct tri_actor *actor, struct tri_frame *frame, const struct tractor_record *record,
	const void *value)
{
	tractor_err err = tri_channel_send(&actor->channel, frame, record, value);

	if (err == TRACTOR_OK)
		note_sent(actor, frame);
	return err;
}

/* All that is held, in order. The supervisor will say of each tell that it took it over, or why not. */
static tractor_err
send_held(struct tri_actor *actor)
{
	tractor_err err = TRACTOR_OK;
	const struct tri_frame *frame;
	size_t size_bytes;

	while ((frame = tri_outbox_take(&actor->outbox, &size_bytes))) {
		if (err == TRACTOR_OK)
			err = tri_channel_send_bytes(&actor->channel, frame, size_bytes);
		tri_need_memory(actor, err, "what was held"); /* the supervisor takes it from the outbox */
		if (err != TRACTOR_OK)
			continue;
		actor->unaccepted += frame->kind == TRI_FRAME_SEND;
		note_sent(actor, frame);
	}
	actor->unsaid = 0; /* whatever comes from us makes the supervisor look into the black box */
	return err;
}

/* --- held or not --- */

bool
tri_actor_holds(const tractor_ctx *ctx)
{
	return ctx->actor->behaviour.durable && ctx->hand;
}

static bool
can_be_held(const struct tri_frame *frame)
{
	if (frame->kind == TRI_FRAME_SEND)
		return !(frame->flags & (TRI_FLAG_ASK | TRI_FLAG_TRY));
	return frame->kind == TRI_FRAME_REPLY || frame->kind == TRI_FRAME_FORWARD;
}

static bool
changes_nothing(const struct tri_frame *frame)
{
	return frame->target == 0 &&
	       (frame->message == tri_message_id(&tri_message_tri_supervisor_find) ||
		       frame->message == tri_message_id(&tri_message_tri_supervisor_verify));
}

/* What was held is sent before its handler has returned, and is the system's then. */
static tractor_err
flush(struct tri_actor *actor)
{
	tractor_err err = actor->outbox.held > 0 ? send_held(actor) : TRACTOR_OK;

	while (err == TRACTOR_OK && actor->unaccepted > 0)
		err = actor->ctx.end->wait(&actor->ctx, TRI_FOREVER);
	return err;
}

/* A reply that is given now, or a duty to reply that is taken on, is true now: it survives this process as a reply does that a handler returns. */
static tractor_err
send_noted(struct tri_actor *actor, struct tri_frame *frame, const struct tractor_record *record,
	const void *value)
{
	tractor_err err = tri_outbox_hold(&actor->outbox, frame, record, value);

	if (err == TRACTOR_EFULL)
		return send_now(actor, frame, record, value);
	if (err != TRACTOR_OK)
		return err;
	tri_outbox_publish(&actor->outbox, atomic_load(&actor->box->done));
	return send_held(actor);
}

tractor_err
tri_actor_send(
	tractor_ctx *ctx, struct tri_frame *frame, const struct tractor_record *record, const void *value)
{
	struct tri_actor *actor = ctx->actor;

	tri_rung_give_way(&actor->channel.rung);
	tri_coalesce_spoke(&actor->channel.coalesce);
	frame->incarnation = ctx->incarnation;
	if (tri_actor_holds(ctx) && can_be_held(frame)) {
		if (frame->kind == TRI_FRAME_SEND)
			frame->flags |= TRI_FLAG_COMMITTED;
		return tri_outbox_hold(&actor->outbox, frame, record, value);
	}
	if (frame->kind == TRI_FRAME_REPLY || frame->kind == TRI_FRAME_OWE)
		return send_noted(actor, frame, record, value);
	tractor_err passed;
	if (!actor->behaviour.durable && tri_ways_send(actor, frame, record, value, &passed))
		return passed;
	if (tri_actor_holds(ctx) && frame->kind == TRI_FRAME_SEND && !changes_nothing(frame)) {
		tractor_err err = flush(actor);
		if (err != TRACTOR_OK)
			return err;
	}
	return send_now(actor, frame, record, value);
}

/* --- the end of a handler --- */

bool
tri_hold_answer(struct tri_actor *actor, struct tri_frame *frame, const struct tractor_record *record,
	const void *value, tractor_err *ret_err)
{
	frame->incarnation = actor->ctx.incarnation;
	*ret_err = tri_outbox_hold(&actor->outbox, frame, record, value);
	return *ret_err == TRACTOR_OK;
}

/* What went by the link may end with this process, and what comes after it by the lane would never be its turn. To look costs, so it isn't done where there is nothing. */
static bool
is_link_heard(struct tri_actor *actor)
{
	if (actor->linked == 0)
		return true;
	if (actor->linked > atomic_load_explicit(&actor->box->heard, memory_order_relaxed))
		return false;
	actor->linked = 0;
	return true;
}

bool
tri_pass_answer(struct tri_actor *actor, struct tri_frame *frame, const struct tractor_record *record,
	const void *value)
{
	frame->incarnation = actor->ctx.incarnation;
	if (actor->behaviour.durable || !is_link_heard(actor) ||
		!tri_channel_write_to_lane(&actor->channel, frame, record, value))
		return false;
	tri_fault_at(actor, TRI_AT_REPLY, actor->box->hand.message);
	tri_channel_publish(&actor->channel, frame);
	note_sent(actor, frame);
	return true;
}

void
tri_commit(struct tri_actor *actor, uint64_t sequence)
{
	if (actor->outbox.held > 0)
		tri_outbox_publish(&actor->outbox, sequence);
	tri_blackbox_done(actor->box, actor->now_ns = tri_now_ns());
	actor->unsaid++;
}

void
tri_send_committed(struct tri_actor *actor)
{
	tri_fault_at(actor, TRI_AT_REPLY, actor->box->hand.message);
	if (actor->outbox.held > 0)
		send_held(actor);
}

void
tri_held_accepted(struct tri_actor *actor, const struct tri_frame *frame)
{
	if (actor->unaccepted == 0)
		return;
	actor->unaccepted--;
	if (frame->err != TRACTOR_OK)
		tractor_log(&actor->ctx, TRACTOR_WARNING,
			"a message that a handler had sent was not taken: %s",
			tractor_err_text((tractor_err)frame->err));
}
