/*
 * bypassreceiving.c: what comes to an actor past the supervisor: messages, whose place in their lane is their place in the mailbox until they are done, and answers; and waiting for either, or for room. Whatever the peer writes is
 * copied before it is looked at; what can't be ends the bypass. It must not know why a sender goes roundabout. Where there is no memory for a message the actor panics, as for one by the supervisor: it stays in its lane. One thread.
 */
#include <stdatomic.h>
#include <string.h>

#include "actor_process.h"
#include "bypass_private.h"
#include "codec.h"

#define ROOM_LOOKS 16 /* of all looks while we spin, one is at how far the receiver is, which costs it time */
#define PLENTY_BYTES      \
	(TRI_LANE_BYTES / \
		4) /* of small messages a hundred or more: about what a wake-up takes, if they are handled at once */

/* The frame at the head of the way's lane, in a packet that is then ours; NULL: there is none. Not taken yet. */
static struct tri_packet *
copy_next(struct tri_actor *actor, struct tri_way *way)
{
	const void *bytes;
	size_t size;
	enum tri_lane_state state = tri_lane_look(&way->in, &bytes, &size);

	if (state == TRI_LANE_BAD)
		tri_way_give_up(actor, way);
	if (state != TRI_LANE_FRAME)
		return NULL;
	bool bad = false;
	struct tri_packet *packet = tri_packet_copy(&actor->channel.spare, bytes, size, &bad);
	if (packet && !(packet->frame.flags & TRI_FLAG_PARCEL)) /* they go by the supervisor */
		return packet;
	if (!packet && !bad) {
		tri_need_memory(actor, TRACTOR_ENOMEM, "a message");
		return NULL;
	}
	tri_packet_free(packet);
	tri_way_give_up(actor, way);
	return NULL;
}

/* No more than was asked for, or there would be no end of it. */
static void
hear(struct tri_actor *actor, struct tri_way *way)
{
	for (struct tri_packet *packet; (packet = copy_next(actor, way));) {
		if (way->due == 0) {
			tri_packet_free(packet);
			tri_way_give_up(actor, way);
			return;
		}
		way->due--;
		tri_lane_take(&way->in);
		if (packet->frame.kind == TRI_FRAME_MARKED) {
			way->heard_mark = packet->frame.correlation;
			way->behind = way->dirty ? way->behind : 0;
		}
		packet->way = way;
		if (packet->frame.kind == TRI_FRAME_ANSWER && packet->frame.correlation == way->awaited)
			tri_context_receive(&actor->ctx, packet);
		else
			tri_packet_free(packet);
	}
}

void
tri_ways_hear(struct tri_actor *actor)
{
	for (struct tri_way *way = actor->channel.ways.first, *next; way; way = next) {
		next = way->next;
		if (way->sends)
			hear(actor, way);
		tri_way_let_go(actor, way);
	}
}

bool
tri_ways_have_mail(const struct tri_ways *ways)
{
	for (const struct tri_way *way = ways->first; way; way = way->next)
		if (!way->sends && tri_lane_has_news(&way->in))
			return true;
	return false;
}

bool
tri_ways_have_one_sender(const struct tri_ways *ways)
{
	unsigned senders = 0;

	for (const struct tri_way *way = ways->first; way && senders < 2; way = way->next)
		senders += !way->sends;
	return senders == 1;
}

static bool
is_reached(uint64_t handled, uint64_t room_at)
{
	return (int64_t)(handled - room_at) >= 0;
}

/* Whether others have sent so much that it keeps us busy until one who is rung later is awake. */
static bool
others_have_plenty(const struct tri_ways *ways, const struct tri_way *way)
{
	uint64_t bytes = 0;

	for (const struct tri_way *other = ways->first; other && bytes < PLENTY_BYTES; other = other->next)
		if (other != way && !other->sends && !other->ended)
			bytes += tri_lane_known(&other->in);
	return bytes >= PLENTY_BYTES;
}

/* Whether who waits for room by that way is to be rung now. */
static bool
has_made_room(const struct tri_ways *ways, const struct tri_way *way)
{
	uint64_t room_at = atomic_load_explicit(&way->from->room_at, memory_order_relaxed),
		 late_at = atomic_load_explicit(&way->from->room_late_at, memory_order_relaxed);

	return is_reached(way->handled, room_at) &&
	       (is_reached(way->handled, late_at) || !others_have_plenty(ways, way));
}

static void
count_handled(const struct tri_ways *ways, struct tri_way *way)
{
	tri_lane_take(&way->in);
	way->handled++;
	atomic_store(&way->to->handled, way->handled); /* is seen before we look whether the sender waits */
	uint64_t waits = atomic_load(&way->from->waits_for_room);
	if (waits % 2 == 0 || waits == way->rung || !has_made_room(ways, way))
		return;
	way->rung = waits;
	tri_bell_ring(&way->bell);
}

static bool
is_too_late(struct tri_actor *actor, const struct tri_frame *frame)
{
	int64_t due_ms = (int64_t)(frame->source / 1000000);

	return (frame->flags & TRI_FLAG_ASK) && frame->limit_ms >= 0 &&
	       (int64_t)(tri_dispatch_now(actor) / 1000000) - due_ms > frame->limit_ms;
}

/* What was sent can't be answered by another than it is for. */
static bool
is_message(const struct tri_way *way, const struct tri_frame *frame)
{
	return frame->kind == TRI_FRAME_SEND &&
	       (!(frame->flags & TRI_FLAG_ASK) ||
		       frame->correlation == tri_bypass_correlation(way->number, frame->correlation));
}

/* The next one of the way that is worth handling; it is held then. NULL: there is none among the next few, and the way may be gone. */
static struct tri_packet *
next_message(struct tri_actor *actor, struct tri_way *way, unsigned *late)
{
	struct tri_packet *packet = NULL;
	unsigned tries = 0;

	way->held = true;
	for (; tries < TRI_WINDOW && (packet = copy_next(actor, way)); tries++) {
		struct tri_frame *frame = &packet->frame;
		bool is_good = is_message(way, frame);

		if (is_good && !is_too_late(actor, frame)) {
			packet->way = way;
			packet->sent_ns = frame->source;
			frame->kind = TRI_FRAME_MESSAGE;
			frame->source = way->peer;
			frame->sequence = TRI_BYPASS_SEQUENCE | ++actor->channel.ways.count;
			return packet;
		}
		tri_packet_free(packet);
		if (!is_good) {
			tri_way_give_up(actor, way);
			break;
		}
		count_handled(&actor->channel.ways, way);
	}
	*late += tries;
	if (tries == TRI_WINDOW)
		tri_actor_hear(actor);
	way->held = false;
	tri_way_let_go(actor, way);
	return NULL;
}

/* Whose turn it is next: last of all. */
static void
had_its_turn(struct tri_ways *ways, struct tri_way *way)
{
	if (!way->next)
		return;
	*tri_way_place(ways, way) = way->next;
	*ways->end = way;
	ways->end = &way->next;
	way->next = NULL;
}

/* Whether it has messages that must come before what came roundabout: of the same sender, who had sent them before; or it is closed, so that what is heard of its end comes behind them. */
static bool
comes_first(struct tri_way *way, const struct tri_packet *roundabout)
{
	if (way->ended)
		return true;
	if (!roundabout || roundabout->frame.source != way->peer)
		return false;
	if (way->before != roundabout->frame.sequence) {
		way->before = roundabout->frame.sequence;
		way->until = tri_lane_end_of(&way->in);
	}
	return way->in.tail < way->until;
}

/* One that must come first, else the first that has any; where none can be the former those behind are not looked at. */
static struct tri_way *
choose(struct tri_ways *ways, const struct tri_packet *roundabout, bool *ret_first)
{
	struct tri_way *chosen = NULL;
	bool looks_for_first = roundabout || ways->has_ended, has_ended = false;

	*ret_first = false;
	for (struct tri_way *way = ways->first; way && (looks_for_first || !chosen); way = way->next) {
		if (way->sends)
			continue;
		has_ended = has_ended || way->ended;
		if (!tri_lane_has_news(&way->in))
			continue;
		*ret_first = comes_first(way, roundabout);
		if (*ret_first)
			return way;
		if (!chosen)
			chosen = way;
	}
	ways->has_ended = ways->has_ended && has_ended;
	return chosen;
}

struct tri_packet *
tri_ways_take(struct tri_actor *actor, const struct tri_packet *roundabout)
{
	struct tri_ways *ways = &actor->channel.ways;
	unsigned late = 0; /* there may be no end of what comes too late */
	bool first = false;

	for (struct tri_way *way; (way = choose(ways, roundabout, &first));) {
		if (!first && (late >= TRI_WINDOW || (roundabout && (ways->turns++ % 2) != 0)))
			return NULL;
		had_its_turn(ways, way);
		struct tri_packet *packet = next_message(actor, way, &late);
		if (packet)
			return packet;
	}
	return NULL;
}

tractor_err
tri_ways_answer(struct tri_actor *actor, const struct tri_packet *packet, tractor_err answer,
	const struct tractor_record *record, const void *value)
{
	struct tri_way *way = packet->way;
	struct tri_frame frame = tri_frame(TRI_FRAME_ANSWER);
	size_t payload_bytes = 0, used;
	tractor_err err = record ? tri_encoded_size(record, value, &payload_bytes) : TRACTOR_OK;

	if (err != TRACTOR_OK)
		return err;
	frame.correlation = packet->frame.correlation;
	frame.err = answer;
	frame.payload_bytes = (uint32_t)payload_bytes;
	uint8_t *to = tri_lane_write(&way->out, &frame, 0);
	if (!to)
		return TRACTOR_EFULL;
	if (record)
		err = tri_encode(record, value, to, payload_bytes, &used);
	if (err != TRACTOR_OK)
		return err;
	tri_fault_at(actor, TRI_AT_REPLY, packet->frame.message);
	tri_rung_came(&actor->channel.rung); /* before who waited for it looks */
	if (tri_lane_publish(&way->out) == TRI_LANE_SENT_RING)
		tri_way_ring(actor, way);
	return TRACTOR_OK;
}

tractor_err
tri_ways_owe(struct tri_actor *actor, struct tri_packet *packet)
{
	struct tri_frame frame = packet->frame;

	if (!packet->way || packet->owed)
		return TRACTOR_OK;
	frame.kind = TRI_FRAME_OWE;
	frame.err = 0;
	frame.payload_bytes = 0;
	frame.target = packet->way->number;
	frame.source = packet->sent_ns;
	tractor_err err = tri_actor_send(&actor->ctx, &frame, NULL, NULL);
	packet->owed = err == TRACTOR_OK;
	return err;
}

void
tri_ways_done(struct tri_actor *actor, struct tri_packet *packet)
{
	struct tri_way *way = packet->way;

	tri_dispatch_took_time(actor); /* its handler may have waited, and done much since */
	tri_blackbox_passed(actor->box, tri_is_timed_roughly(packet) ? (actor->about_ns = tri_about_now_ns())
								     : (actor->now_ns = tri_now_ns()));
	count_handled(&actor->channel.ways, way);
	if (packet->frame.flags & TRI_FLAG_ASK)
		tri_coalesce_asked(&actor->channel.coalesce);
	else
		tri_coalesce_told(&actor->channel.coalesce);
	atomic_store_explicit(&actor->box->in_hand, 0, memory_order_release);
	packet->way = NULL;
	way->held = false;
	tri_way_let_go(actor, way);
}

void
tri_ways_marked(struct tri_actor *actor, uint64_t number, uint64_t mark)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_MARKED);

	for (struct tri_way *way = actor->channel.ways.first; way; way = way->next) {
		if (way->sends || way->number != number || way->ended)
			continue;
		frame.correlation = mark;
		if (!tri_lane_write(&way->out, &frame, 0))
			return; /* the sender goes on roundabout, and will mark again */
		if (tri_lane_publish(&way->out) == TRI_LANE_SENT_RING)
			tri_way_ring(actor, way);
		return;
	}
}

/* --- waiting, as for a lane --- */

static bool
is_of_interest(const struct tri_ways *ways, const struct tri_way *way)
{
	return way->sends || ways->wants_mail;
}

static bool
has_news(const struct tri_ways *ways, struct tri_way *way)
{
	if (way->wants_room && way->looks++ % ROOM_LOOKS == 0 &&
		is_reached(atomic_load(&way->to->handled), way->room_at))
		return true;
	return is_of_interest(ways, way) && tri_lane_has_news(&way->in);
}

bool
tri_ways_have_news(const struct tri_ways *ways)
{
	for (struct tri_way *way = ways->first; way; way = way->next)
		if (has_news(ways, way))
			return true;
	return false;
}

/* From here on the receiver rings when there is room: once for each rest. (Dekker's pattern, as for a lane's sleep: then we look how far it is.) */
static void
rest(struct tri_way *way)
{
	tri_bell_expect(&way->bell);
	atomic_store_explicit(&way->from->room_at, way->room_at, memory_order_relaxed);
	atomic_store_explicit(&way->from->room_late_at, way->room_late_at, memory_order_relaxed);
	atomic_store(&way->from->waits_for_room, ++way->rests);
}

static void
rest_no_more(struct tri_way *way)
{
	if (way->rests % 2 == 0)
		return;
	atomic_store_explicit(&way->from->waits_for_room, ++way->rests, memory_order_relaxed);
}

bool
tri_ways_sleep(struct tri_ways *ways)
{
	bool sleeps = true;

	for (struct tri_way *way = ways->first; way; way = way->next) {
		tri_bell_expect(&way->bell);
		if (way->wants_room) {
			rest(way);
			way->looks = 0; /* this time for sure */
		}
		if (is_of_interest(ways, way) && !tri_lane_sleep(&way->in))
			sleeps = false;
		if (has_news(ways, way))
			sleeps = false;
	}
	return sleeps;
}

void
tri_ways_hurry(const struct tri_ways *ways, const struct tri_rung_end *rung)
{
	for (const struct tri_way *way = ways->first; way; way = way->next)
		if (!way->ended && (!way->sends || way->awaited != 0) && !tri_lane_is_taken(&way->out))
			tri_rung_note(rung, way->who);
}

void
tri_ways_wake(struct tri_ways *ways)
{
	for (struct tri_way *way = ways->first; way; way = way->next) {
		rest_no_more(way);
		tri_lane_wake(&way->in);
	}
}
