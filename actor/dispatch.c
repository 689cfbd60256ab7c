/*
 * dispatch.c: from the inbox to the handler and back. The order of what happens after a handler matters: the durable state is copied, and the reply and all that was held put in the outbox,
 * first; the black box's `done` makes them and "handled" true in one store, and only then they go out. A crash before the store leaves the message in hand, and nothing of it to see; after it, all of it is true.
 * An actor that is not durable has only its answer to make true: that goes by the lane at once, and says itself that the message is done.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "actor_process.h"
#include "codec.h"
#include "schema.h"
#include "why.h"

static int
by_id(const void *a, const void *b)
{
	const struct tri_served *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

tractor_err
tri_index_handlers(struct tri_actor *actor)
{
	const struct tractor_service *const *serves = actor->behaviour.serves;
	size_t count = 0;

	for (size_t i = 0; serves && serves[i]; i++)
		count += serves[i]->protocol->message_count;
	actor->served = calloc(count + 1, sizeof(*actor->served));
	if (!actor->served)
		return TRACTOR_ENOMEM;
	for (size_t i = 0; serves && serves[i]; i++)
		for (size_t j = 0; j < serves[i]->protocol->message_count; j++)
			actor->served[actor->served_count++] = (struct tri_served){
				.id = tri_message_id(serves[i]->protocol->messages[j]),
				.message = serves[i]->protocol->messages[j],
				.handler = serves[i]->handlers[j],
			};
	qsort(actor->served, actor->served_count, sizeof(*actor->served), by_id);
	return TRACTOR_OK;
}

/* Most often it is the same as before. */
static const struct tri_served *
find_served(struct tri_actor *actor, uint64_t id)
{
	struct tri_served key = { .id = id };

	if (!actor->last_served || actor->last_served->id != id)
		actor->last_served = bsearch(&key, actor->served, actor->served_count, sizeof(key), by_id);
	return actor->last_served;
}

void
tri_say_done(struct tri_actor *actor)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_DONE);

	if (actor->unsaid == 0)
		return;
	tractor_err err = tri_actor_end.send(&actor->ctx, &frame, NULL, NULL);
	tri_need_memory(actor, err, "a word to the supervisor");
	if (err == TRACTOR_OK)
		actor->unsaid = 0;
}

/* An error number that is none of ours (an errno, say) is a refusal: the asker gets that, with the number in words. */
static tractor_err
known_error(tractor_err err)
{
	if (tri_err_is_known((int)err))
		return err;
	const char *why = tri_why_said_of(err);
	return tri_why(TRACTOR_EREFUSED, "the handler returned %d, which is no tractor_err%s%s", (int)err,
		*why ? ": " : "", why);
}

/* What is sent as the answer: the reply, or the reason why there is none. */
struct answer {
	tractor_err err;
	const struct tractor_record *record;
	const void *value;
	struct tri_reason reason;
};

static void
make_answer(struct answer *answer, tractor_err err, const struct tractor_record *record, const void *reply)
{
	*answer = (struct answer){ .err = err, .record = record, .value = reply };
	if (err == TRACTOR_OK)
		return;
	answer->reason.text = tractor_why();
	answer->record = &tri_record_tri_reason;
	answer->value = &answer->reason;
}

/* True if it is held. What can't be sent as it is (too large, say) is an error to the asker. False: there is no more room for what must survive this process; then it is sent all the same. */
static bool
hold_answer(struct tri_actor *actor, struct tri_frame *frame, struct answer *answer)
{
	tractor_err err;

	frame->err = answer->err;
	if (tri_hold_answer(actor, frame, answer->record, answer->value, &err))
		return true;
	if (err == TRACTOR_EFULL)
		return false;
	tractor_log(&actor->ctx, TRACTOR_ERROR, "the reply cannot be sent: %s", tractor_why());
	make_answer(answer, tri_why_of(err), NULL, NULL);
	frame->err = answer->err;
	return tri_hold_answer(actor, frame, answer->record, answer->value, &err);
}

static bool
pass_by_lane(struct tri_actor *actor, struct tri_frame *frame, const struct answer *answer)
{
	frame->err = answer->err;
	return tri_pass_answer(actor, frame, answer->record, answer->value);
}

/* Whether somebody asked, and has not been answered in another way: a message that can be asked may have been told, by somebody who goes by no header. */
static bool
is_owed(const struct tri_hand *hand)
{
	return (hand->packet->frame.flags & TRI_FLAG_ASK) && !hand->settled;
}

static void
log_error(struct tri_actor *actor, const struct tractor_message *message, tractor_err err)
{
	if (err != TRACTOR_OK && message && !message->reply)
		tractor_log(&actor->ctx, TRACTOR_WARNING, "%s.%s: %s", message->protocol, message->name,
			tractor_why());
}

/* By the supervisor: it is too much for the bypass, or that is full of answers, or the supervisor knows of it already. */
static tractor_err
answer_roundabout(struct tri_actor *actor, struct tri_packet *packet, const struct answer *answer)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_REPLY);

	frame.sequence = packet->frame.sequence;
	frame.err = answer->err;
	tractor_err err = tri_ways_owe(actor, packet);
	tri_fault_at(actor, TRI_AT_REPLY, packet->frame.message);
	if (err == TRACTOR_OK)
		err = tri_actor_end.send(&actor->ctx, &frame, answer->record, answer->value);
	tri_need_memory(actor, err, "a reply");
	return err;
}

/* What can't be said in either way is an error. */
static tractor_err
pass_answer(struct tri_actor *actor, struct tri_packet *packet, const struct answer *answer)
{
	tractor_err err =
		packet->owed ? TRACTOR_EFULL
			     : tri_ways_answer(actor, packet, answer->err, answer->record, answer->value);

	return err == TRACTOR_EFULL ? answer_roundabout(actor, packet, answer) : err;
}

/* The same for one that came by a bypass, to an actor that is not durable: its answer is there for the asker first, and then the message has left its lane. */
static void
finish_passed(struct tri_actor *actor, const struct tri_hand *hand, tractor_err err, const void *reply)
{
	const struct tractor_message *message = hand->message;
	struct answer answer;
	bool answers = is_owed(hand);

	if (answers) {
		make_answer(
			&answer, message ? err : TRACTOR_EPROTOCOL, message ? message->reply : NULL, reply);
		tractor_err sent = pass_answer(actor, hand->packet, &answer);
		if (sent != TRACTOR_OK) {
			tractor_log(
				&actor->ctx, TRACTOR_ERROR, "the reply cannot be sent: %s", tractor_why());
			make_answer(&answer, tri_why_of(sent), NULL, NULL);
			pass_answer(actor, hand->packet, &answer);
		}
	}
	tri_ways_done(actor, hand->packet);
	if (!answers) /* where there is an answer: before that left */
		tri_fault_at(actor, TRI_AT_REPLY, hand->packet->frame.message);
	log_error(actor, message, err);
}

/* After the handler: state and reply are written, the message is done, and then the reply goes out with all else that was held. */
static void
finish(struct tri_actor *actor, const struct tri_hand *hand, tractor_err err, const void *reply)
{
	const struct tractor_message *message = hand->message;
	bool answers = message && message->reply && is_owed(hand);
	struct tri_frame frame = tri_frame(TRI_FRAME_REPLY);
	struct answer answer;

	if (err != TRACTOR_OK)
		tri_why_of(err);
	tri_fault_at(actor, TRI_AT_AFTER, hand->packet->frame.message);
	if (hand->packet->way) {
		finish_passed(actor, hand, err, reply);
		return;
	}
	frame.sequence = hand->packet->frame.sequence;
	frame.flags = TRI_FLAG_DONE;
	tri_state_save(&actor->state, frame.sequence);
	if (answers) {
		tri_coalesce_asked(&actor->channel.coalesce);
		make_answer(&answer, err, message->reply, reply);
	}
	bool passed = answers && pass_by_lane(actor, &frame, &answer);
	bool held = answers && !passed && hold_answer(actor, &frame, &answer);
	tri_commit(actor, frame.sequence);
	if (passed)
		actor->unsaid = 0;
	else
		tri_send_committed(actor);
	if (answers && !passed && !held)
		tri_need_memory(actor, tri_actor_end.send(&actor->ctx, &frame, answer.record, answer.value),
			"a reply");
	log_error(actor, message, err);
	if (actor->unsaid >= TRI_WINDOW / 2)
		tri_say_done(actor);
}

/* The message's struct and its reply's, in the arena. */
static tractor_err
unpack(struct tri_actor *actor, const struct tractor_message *message, const struct tri_packet *packet,
	void **ret_value, void **ret_reply)
{
	void *value = tri_arena_alloc(&actor->hand_arena, message->record->size_bytes);
	void *reply = message->reply ? tri_arena_alloc(&actor->hand_arena, message->reply->size_bytes) : NULL;

	if (!value || (message->reply && !reply))
		return tri_why(TRACTOR_ENOMEM, "no memory for the message");
	tractor_err err = tri_decode(
		message->record, packet->payload, packet->frame.payload_bytes, &actor->hand_arena, value);
	if (err != TRACTOR_OK)
		return err;
	if (reply)
		memset(reply, 0, message->reply->size_bytes);
	*ret_value = value;
	*ret_reply = reply;
	return TRACTOR_OK;
}

/* A message that can't be decoded never reaches a handler. Who asked is told; a tell must not be lost for want of memory. */
static tractor_err
run_handler(struct tri_actor *actor, const struct tri_served *served, const struct tri_packet *packet,
	void **ret_reply)
{
	void *value = NULL;
	tractor_err err = unpack(actor, served->message, packet, &value, ret_reply);

	if (err != TRACTOR_OK) {
		if (!served->message->reply)
			tri_need_memory(actor, err, "a message");
		return err;
	}
	tri_why_clear();
	return known_error(served->handler(actor->state.work, &actor->ctx, value, *ret_reply));
}

static void
handle_message(struct tri_actor *actor, struct tri_packet *packet)
{
	const struct tri_served *served = find_served(actor, packet->frame.message);
	struct tri_hand hand = { .message = served ? served->message : NULL, .packet = packet };
	void *reply = NULL;
	tractor_err err = TRACTOR_EPROTOCOL;

	actor->ctx.hand = &hand;
	tractor_err fault = tri_fault_at(actor, TRI_AT_BEFORE, packet->frame.message);
	if (fault != TRACTOR_OK)
		err = fault;
	else if (served)
		err = run_handler(actor, served, packet, &reply);
	actor->ctx.hand = NULL;
	finish(actor, &hand, err, reply);
}

static void
handle_down(struct tri_actor *actor, struct tri_packet *packet)
{
	struct tri_hand hand = { .packet = packet };
	struct tri_down down;

	tri_why_clear();
	tractor_err err = tri_decode(&tri_record_tri_down, packet->payload, packet->frame.payload_bytes,
		&actor->hand_arena, &down);
	tri_need_memory(actor, err, "the news of an end");
	actor->ctx.hand = &hand;
	if (err == TRACTOR_OK && actor->behaviour.on_down)
		err = actor->behaviour.on_down(actor->state.work, &actor->ctx,
			&(struct tractor_down){ .who = { .actor = down.actor },
				.path = down.path,
				.incarnation = down.incarnation,
				.reason = down.reason,
				.final = down.final });
	actor->ctx.hand = NULL;
	if (err != TRACTOR_OK)
		tractor_log(&actor->ctx, TRACTOR_WARNING, "on_down returned %s%s%s", tractor_err_name(err),
			*tri_why_said_of(err) ? ": " : "", tri_why_said_of(err));
	finish(actor, &hand, TRACTOR_OK, NULL);
}

/* All that its sender had sent before is handled. It is nobody's message, and so never in hand. */
static void
handle_mark(struct tri_actor *actor, const struct tri_packet *packet)
{
	const struct tri_frame *frame = &packet->frame;

	tri_ways_marked(actor, frame->message, frame->correlation);
	atomic_store_explicit(&actor->box->done, frame->sequence, memory_order_release);
	if (++actor->unsaid >= TRI_WINDOW / 2)
		tri_say_done(actor);
}

/* NULL: what there was came too late to be worth it, or could not be. */
static struct tri_packet *
next_packet(struct tri_actor *actor)
{
	const struct tri_packet *roundabout =
		actor->inbox.head; /* one that comes meanwhile may have others before it */
	struct tri_packet *packet = tri_ways_take(actor, roundabout);

	if (!packet && roundabout)
		packet = tri_packets_take(&actor->inbox);
	if (!packet || packet->frame.kind != TRI_FRAME_MARKED)
		return packet;
	handle_mark(actor, packet);
	tri_packet_free(packet);
	return NULL;
}

void
tri_dispatch_took_time(struct tri_actor *actor)
{
	actor->now_ns = actor->about_ns = 0;
}

uint64_t
tri_dispatch_now(struct tri_actor *actor)
{
	if (actor->now_ns == 0)
		actor->now_ns = tri_now_ns();
	return actor->now_ns;
}

static uint64_t
about_now(struct tri_actor *actor)
{
	if (actor->about_ns == 0)
		actor->about_ns = tri_about_now_ns();
	return actor->about_ns;
}

static void
take_in_hand(struct tri_actor *actor, const struct tri_packet *packet)
{
	const struct tri_frame *frame = &packet->frame;
	struct tri_in_hand *hand =
		&actor->box
			 ->hand; /* field by field: what is written in parts and then copied whole is waited for */

	hand->sequence = frame->sequence;
	hand->message = frame->message;
	hand->source = frame->source;
	hand->began_ns = tri_is_timed_roughly(packet) ? about_now(actor) : tri_dispatch_now(actor);
	hand->correlation = actor->ctx.last_correlation;
	hand->bypass = packet->way ? packet->way->number : 0;
	hand->position = packet->way ? packet->way->in.tail : 0;
	tri_blackbox_take(actor->box);
	tri_dispatch_took_time(actor);
}

tractor_err
tri_dispatch_next(struct tri_actor *actor)
{
	tri_rung_give_way(&actor->channel.rung);
	struct tri_packet *packet = next_packet(actor);
	if (!packet)
		return TRACTOR_OK;
	const struct tri_frame *frame = &packet->frame;
	struct tri_arena *arena = actor->ctx.arena;
	uint32_t phase = atomic_load_explicit(&actor->box->phase, memory_order_relaxed);

	actor->ctx.arena = &actor->hand_arena;
	tri_actor_phase(actor, TRI_PHASE_HANDLING);
	take_in_hand(actor, packet);
	if (frame->kind == TRI_FRAME_DOWN)
		handle_down(actor, packet);
	else
		handle_message(actor, packet);
	tri_arena_reset(&actor->hand_arena);
	actor->ctx.arena = arena;
	tri_actor_phase(actor, phase);
	/* A bypass may never be empty, and the supervisor is to be heard all the same. */
	if ((frame->sequence & TRI_BYPASS_SEQUENCE) && actor->channel.ways.count % TRI_WINDOW == 0) {
		tri_say_done(actor);
		tri_actor_hear(actor);
	}
	tri_packet_free(packet);
	return TRACTOR_OK;
}

tractor_err
tractor_dispatch(tractor_ctx *ctx)
{
	struct tri_actor *actor = ctx->actor;

	if (!actor || ctx->hand)
		return tri_why(
			TRACTOR_EINVAL, actor ? "a message is in hand already" : "a port has no mailbox");
	tri_dispatch_took_time(actor); /* its step may have */
	while (actor->unaccepted > 0 || !tri_actor_has_mail(actor)) {
		if (tri_actor_stopping(actor))
			break;
		tri_say_done(actor);
		tractor_err err = tri_actor_wait(actor, NULL, 0, TRI_FOREVER, actor->unaccepted == 0);
		if (err != TRACTOR_OK)
			return err;
	}
	if (tri_actor_stopping(actor))
		return tri_why(TRACTOR_ECLOSED, "this actor is being stopped");
	return tri_dispatch_next(actor);
}
