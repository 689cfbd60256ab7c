/*
 * bypass.c: an actor's ends of its bypasses. Whatever the peer writes is copied before it is looked at; what can't be ends the bypass, and nothing else: the peer's memory is the supervisor's affair. One thread.
 */
#include "bypass.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actor_process.h"
#include "codec.h"
#include "handed.h"
#include "why.h"

#define HANDED \
	3 /* fds that come with an offer: the memory that is ours to write, the peer's, and our end of the bell */
#define PATIENCE_NS \
	INT64_C(1000000) /* how long a mark, or room in the lane, is waited for at first: the receiver has something else to do, then; thousands of messages are handled in that time if their handlers are short */
#define MARK_AFTER 64	 /* and how many messages later again */
#define MARK_TRIES_MAX \
	6 /* as often both double: where others send as much, what is before it may take long */
#define AMPLE_BYTES (TRI_LANE_BYTES / 4)
#define ROOM_LOOKS 16 /* of all looks while we spin, one is at how far the receiver is, which costs it time */

/* --- making and ending --- */

static void *
map_part(int fd, size_t size, bool ours)
{
	void *map = mmap(NULL, size, ours ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

static void
free_way(struct tri_actor *actor, struct tri_way *way)
{
	tri_bells_remove(actor->channel.bells, &way->bell);
	if (way->from)
		munmap(way->from, sizeof(*way->from));
	if (way->to)
		munmap(way->to, sizeof(*way->to));
	free(way);
}

static void
use_lanes(struct tri_way *way)
{
	if (way->sends) {
		way->out = (struct tri_lane_sender){ .out = &way->from->messages, .in = &way->to->messages };
		way->in = (struct tri_lane_receiver){ .out = &way->to->answers, .in = &way->from->answers };
	} else {
		way->out = (struct tri_lane_sender){ .out = &way->to->answers, .in = &way->from->answers };
		way->in = (struct tri_lane_receiver){ .out = &way->from->messages, .in = &way->to->messages };
	}
}

/* The fingerprints lie behind it. NULL: no memory. Takes the fds. */
static struct tri_way *
new_way(struct tri_actor *actor, const struct tri_bypass_offer *offer, const int fds[HANDED])
{
	struct tri_way *way = calloc(1, sizeof(*way) + offer->serves.size);

	if (!way) {
		tri_handed_close(fds, HANDED);
		return NULL;
	}
	*way = (struct tri_way){ .number = offer->number,
		.peer = offer->peer,
		.sends = offer->sends,
		.bell.fd = fds[2],
		.from = map_part(fds[offer->sends ? 0 : 1], sizeof(*way->from), offer->sends),
		.to = map_part(fds[offer->sends ? 1 : 0], sizeof(*way->to), !offer->sends),
		.serves = (uint64_t *)(way + 1),
		.serve_count = offer->serves.size / sizeof(uint64_t),
		.mailbox = offer->mailbox,
		.dirty = true };
	tri_handed_close(fds, 2);
	if (offer->serves.size > 0)
		memcpy(way + 1, offer->serves.data, offer->serves.size);
	if (way->from && way->to && tri_bells_add(actor->channel.bells, &way->bell) == TRACTOR_OK) {
		use_lanes(way);
		return way;
	}
	free_way(actor, way);
	return NULL;
}

static void
say_ended(struct tri_actor *actor, uint64_t number, tractor_err why)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_LET_GO);

	frame.correlation = number;
	frame.err = why;
	tri_need_memory(actor, tri_actor_send(&actor->ctx, &frame, NULL, NULL), "the end of a bypass");
}

void
tri_ways_offered(struct tri_actor *actor, const struct tri_packet *packet)
{
	struct tri_ways *ways = &actor->channel.ways;
	struct tri_arena none = { 0 };
	struct tri_bypass_offer offer;
	int fds[HANDED];

	if (tri_decode(&tri_record_tri_bypass_offer, packet->payload, packet->frame.payload_bytes, &none,
		    &offer) != TRACTOR_OK)
		return;
	struct tri_way *way = NULL;
	if (tri_handed_take(ways->socket, offer.number, fds, HANDED))
		way = new_way(actor, &offer, fds);
	/* In a durable actor a handler happens whole or not at all, and that is between it and the supervisor. */
	if (way && !actor->behaviour.durable) {
		way->next = ways->first;
		ways->first = way;
		return;
	}
	if (way)
		free_way(actor, way);
	say_ended(actor, offer.number, TRACTOR_EREFUSED);
}

static struct tri_way **
place_of(struct tri_ways *ways, const struct tri_way *way)
{
	struct tri_way **at = &ways->first;

	while (*at != way)
		at = &(*at)->next;
	return at;
}

/* One that has ended, once nothing more comes by it. */
static void
let_go(struct tri_actor *actor, struct tri_way *way)
{
	if (!way->ended || way->held || way->awaited != 0 || (!way->sends && tri_lane_has_news(&way->in)))
		return;
	*place_of(&actor->channel.ways, way) = way->next;
	if (!way->sends)
		say_ended(actor, way->number, TRACTOR_OK);
	free_way(actor, way);
}

void
tri_ways_ended(struct tri_actor *actor, uint64_t number)
{
	for (struct tri_way *way = actor->channel.ways.first; way; way = way->next)
		if (way->number == number) {
			way->ended = true;
			if (!way->sends)
				tri_lane_end(&way->in);
			let_go(actor, way);
			return;
		}
}

/* What is there can't be: nothing of it is believed any more. */
static void
give_up(struct tri_actor *actor, struct tri_way *way)
{
	way->in.out = NULL;
	way->ended = true;
	if (way->sends)
		say_ended(actor, way->number, TRACTOR_OK);
}

/* --- sending --- */

static struct tri_way *
way_to(const struct tri_ways *ways, uint64_t target)
{
	struct tri_way *way = ways->first;

	while (way && (!way->sends || way->peer != target))
		way = way->next;
	return way;
}

/* Most often it is the same as before. */
static bool
is_understood(struct tri_way *way, uint64_t message)
{
	for (size_t i = 0; way->understood != message; i++) {
		if (i == way->serve_count)
			return false;
		if (way->serves[i] == message)
			way->understood = message;
	}
	return true;
}

static bool
can_pass(struct tri_way *way, const struct tri_frame *frame)
{
	const unsigned not = TRI_FLAG_DELAYED | TRI_FLAG_WANT_ACCEPT | TRI_FLAG_COMMITTED;

	return !way->ended && !(frame->flags & not ) && frame->target_node == 0 &&
	       is_understood(way, frame->message);
}

static void
send_mark(struct tri_actor *actor, struct tri_way *way)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_MARK);

	frame.target = way->peer;
	frame.message = way->number;
	frame.correlation = way->mark + 1;
	if (tri_actor_send(&actor->ctx, &frame, NULL, NULL) != TRACTOR_OK)
		return;
	way->mark++;
	way->due++;
	way->dirty = false;
}

static void
wait_for_mark(struct tri_actor *actor, struct tri_way *way, unsigned tries)
{
	int64_t until_ns = (int64_t)tri_now_ns() + (PATIENCE_NS << tries);

	way->held = true;
	while (way->heard_mark != way->mark && !way->ended && (int64_t)tri_now_ns() < until_ns)
		if (actor->ctx.end->wait(&actor->ctx, until_ns) != TRACTOR_OK)
			break;
	way->held = false;
}

/* Whether all that went roundabout before is handled. A sender that never pauses would always have something there, so it waits for a moment, but not for long: it may be waited for itself. */
static bool
is_clear(struct tri_actor *actor, struct tri_way *way, const struct tri_frame *frame)
{
	if (!way->dirty && way->heard_mark == way->mark)
		return true;
	if (way->patience > 0) {
		way->patience--;
		return false;
	}
	if (way->dirty)
		send_mark(actor, way);
	/* Somebody waits for an ask, who would rather have it go roundabout. */
	if (!(frame->flags & TRI_FLAG_TRY))
		wait_for_mark(actor, way, frame->flags & TRI_FLAG_ASK ? 0 : way->mark_tries);
	if (way->heard_mark != way->mark) {
		way->patience = MARK_AFTER << way->mark_tries;
		way->mark_tries += way->mark_tries < MARK_TRIES_MAX;
	} else {
		way->mark_tries = 0;
	}
	return way->heard_mark == way->mark && !way->ended;
}

/* From here on the supervisor can see for whom we wait; then we see whether the receiver waits, too. (Dekker's pattern, with supervisor/shell/bypasses.c.) False: it is for the supervisor to say whether that is a circle. */
static bool
may_wait(struct tri_actor *actor, const struct tri_way *way)
{
	if (atomic_load_explicit(&way->from->roundabout, memory_order_relaxed) != 0)
		return false; /* and it has not looked for a moment as if we did */
	atomic_store(&actor->box->awaits, way->peer);
	if (atomic_load(&way->from->roundabout) == 0)
		return true;
	atomic_store_explicit(&actor->box->awaits, 0, memory_order_relaxed);
	return false;
}

/* How far the receiver is we look at only when by what was last seen its mailbox would be full: it writes there with each message. */
static bool
is_full(struct tri_way *way)
{
	if (way->mailbox == 0 || way->sent - way->seen_handled < way->mailbox)
		return false;
	way->seen_handled = atomic_load_explicit(&way->to->handled, memory_order_acquire);
	return way->sent - way->seen_handled >= way->mailbox;
}

static bool
has_room(struct tri_way *way, size_t size)
{
	return !is_full(way) && tri_lane_reserve(&way->out, size) != NULL;
}

/*
 * One who sends more than is handled would come closer and closer to the end of the room, and look more and more often how far the receiver is. That costs either of them more than the message does; so it waits for
 * more as soon as there is little.
 */
static bool
has_ample_room(struct tri_way *way, size_t size)
{
	uint64_t seen = way->out.tail;

	if (!has_room(way, size))
		return false;
	return way->out.tail == seen || way->out.next - way->out.tail <= TRI_LANE_BYTES - AMPLE_BYTES;
}

/*
 * What is waited for: that half of what is waiting there is handled, so that who sends more than is handled is not woken for each message. That may take long where a handler does, so it is for a moment only, and then one
 * is enough.
 */
static int64_t
want_room(struct tri_way *way, bool at_first, int64_t until_ns)
{
	int64_t moment_ns = (int64_t)tri_now_ns() + PATIENCE_NS;

	way->seen_handled = atomic_load(&way->to->handled);
	way->room_at = way->seen_handled + (at_first ? (way->sent - way->seen_handled + 1) / 2 : 1);
	way->wants_room = true;
	return at_first && moment_ns < until_ns ? moment_ns : until_ns;
}

/* When the mailbox is full that is waited for as long as the sender wants; when only the lane is, for that moment, for the supervisor has room: EFULL. */
static tractor_err
await_room(struct tri_actor *actor, struct tri_way *way, size_t size, int64_t until_ns)
{
	tractor_err err = TRACTOR_OK;

	for (bool at_first = true; err == TRACTOR_OK; at_first = false) {
		int64_t moment_ns = want_room(way, at_first, until_ns);
		/* After we have seen how far it is: what it handles from now on, it rings for. */
		if (way->ended || (!at_first && has_room(way, size)))
			break;
		if (!at_first && !is_full(way))
			err = TRACTOR_EFULL;
		else if ((int64_t)tri_now_ns() >= until_ns)
			err = TRACTOR_ETIMEDOUT;
		else
			err = actor->ctx.end->wait(&actor->ctx, moment_ns);
	}
	way->wants_room = false;
	return err;
}

/* Waits until there is room for that much. False, with TRACTOR_OK: it goes roundabout after all. */
static bool
wait_for_room(struct tri_actor *actor, struct tri_way *way, struct tri_frame *frame, size_t size,
	tractor_err *ret_err)
{
	int64_t began_ns = (int64_t)tri_now_ns(), until_ns = tri_until_ns(frame->limit_ms);
	tractor_err err = TRACTOR_OK;

	if (frame->flags & TRI_FLAG_TRY) {
		*ret_err = is_full(way) ? TRACTOR_EFULL : TRACTOR_OK;
		return false;
	}
	if (!may_wait(actor, way))
		return false;
	way->held = true;
	err = await_room(actor, way, size, until_ns);
	way->held = false;
	atomic_store_explicit(&actor->box->awaits, 0, memory_order_relaxed);
	if (frame->limit_ms > 0) { /* what is left of it */
		int64_t left_ms = frame->limit_ms - ((int64_t)tri_now_ns() - began_ns) / 1000000;
		frame->limit_ms = left_ms > 0 ? left_ms : 0;
	}
	*ret_err = err == TRACTOR_EFULL ? TRACTOR_OK : err;
	return err == TRACTOR_OK && !way->ended;
}

/* What is refused is told as the supervisor would tell it. */
static void
refused(struct tri_actor *actor, const struct tri_frame *frame, tractor_err *err)
{
	struct tri_pending *pending = tri_context_find(&actor->ctx, frame->correlation);

	if ((frame->flags & TRI_FLAG_ASK) || !pending) {
		tri_why_of(*err);
		return;
	}
	pending->accepted = true;
	pending->accept_err = *err;
	*err = TRACTOR_OK;
}

static void
note_passed(struct tri_actor *actor, struct tri_way *way, const struct tri_frame *frame, uint64_t plain)
{
	struct tri_pending *pending = tri_context_find(&actor->ctx, plain);
	const struct tri_note note = {
		.correlation = plain, .message = frame->message, .target = frame->target
	};
	bool asks = frame->flags & TRI_FLAG_ASK;

	way->sent++;
	tri_blackbox_count(asks ? &actor->box->asked : &actor->box->told);
	if (!pending)
		return;
	pending->accepted = true;
	if (!asks)
		return;
	tri_blackbox_note(actor->box, &note, NULL);
	pending->correlation = way->awaited = frame->correlation;
	way->due++;
	pending->until_ns = tri_after_ns((int64_t)frame->source, frame->limit_ms);
}

enum passed { PASSED, NOT_PASSED, ROUNDABOUT };

static enum passed
publish(struct tri_actor *actor, struct tri_way *way, struct tri_frame *frame,
	const struct tractor_record *record, const void *value, size_t payload_bytes, tractor_err *ret_err)
{
	uint8_t *to = tri_lane_reserve(&way->out, sizeof(*frame) + payload_bytes);
	uint64_t plain = frame->correlation;
	size_t used = 0;

	if (!to)
		return ROUNDABOUT;
	if (frame->flags & TRI_FLAG_ASK)
		frame->correlation = tri_bypass_correlation(way->number, plain);
	/* An ask has a limit; when a tell was sent is for people to read, in a report. */
	frame->source = frame->flags & TRI_FLAG_ASK ? tri_now_ns() : tri_about_now_ns();
	frame->payload_bytes = (uint32_t)payload_bytes;
	memcpy(to, frame, sizeof(*frame));
	if (record)
		*ret_err = tri_encode(record, value, to + sizeof(*frame), payload_bytes, &used);
	if (*ret_err != TRACTOR_OK)
		return NOT_PASSED;
	switch (tri_lane_publish(&way->out)) {
	case TRI_LANE_REFUSED:
		way->ended = true;
		frame->correlation = plain;
		return ROUNDABOUT;
	case TRI_LANE_SENT_RING:
		tri_bell_ring(&way->bell);
		tri_spin_rang(&actor->channel.spin);
		break;
	case TRI_LANE_SENT: break;
	}
	note_passed(actor, way, frame, plain);
	return PASSED;
}

static enum passed
pass(struct tri_actor *actor, struct tri_way *way, struct tri_frame *frame,
	const struct tractor_record *record, const void *value, tractor_err *ret_err)
{
	size_t payload_bytes = 0;
	bool blocks = frame->flags & TRI_FLAG_ASK;

	*ret_err = record ? tri_encoded_size(record, value, &payload_bytes) : TRACTOR_OK;
	if (*ret_err != TRACTOR_OK)
		return NOT_PASSED;
	size_t size = sizeof(*frame) + payload_bytes;
	if (size > TRI_LANE_FRAME_MAX || !is_clear(actor, way, frame))
		return ROUNDABOUT;
	if (!(frame->flags & TRI_FLAG_TRY ? has_room(way, size) : has_ample_room(way, size)) &&
		!wait_for_room(actor, way, frame, size, ret_err)) {
		if (*ret_err == TRACTOR_OK)
			return ROUNDABOUT;
		refused(actor, frame, ret_err);
		return NOT_PASSED;
	}
	if (blocks && !may_wait(actor, way))
		return ROUNDABOUT;
	enum passed passed = publish(actor, way, frame, record, value, payload_bytes, ret_err);
	if (blocks && passed != PASSED)
		atomic_store_explicit(&actor->box->awaits, 0, memory_order_relaxed);
	return passed;
}

bool
tri_ways_send(struct tri_actor *actor, struct tri_frame *frame, const struct tractor_record *record,
	const void *value, tractor_err *ret_err)
{
	struct tri_ways *ways = &actor->channel.ways;
	bool sends = frame->kind == TRI_FRAME_SEND;
	struct tri_way *way = sends || frame->kind == TRI_FRAME_FORWARD ? way_to(ways, frame->target) : NULL;

	*ret_err = TRACTOR_OK;
	if (!way)
		return false;
	if (sends && can_pass(way, frame) && pass(actor, way, frame, record, value, ret_err) != ROUNDABOUT)
		return true;
	way->dirty = way->dirty || !(frame->flags & TRI_FLAG_DELAYED);
	let_go(actor, way);
	return false;
}

void
tri_ways_over(struct tri_actor *actor, const struct tri_pending *pending)
{
	const struct tri_packet *answer = pending->answer;

	if (pending->until_ns == 0)
		return;
	if (answer && answer->way) {
		const struct tri_note note = { .correlation = tri_plain_correlation(
						       actor->ctx.incarnation, pending->correlation),
			.err = answer->frame.err,
			.payload_bytes = answer->frame.payload_bytes,
			.answers = 1 };
		tri_blackbox_note(actor->box, &note, answer->payload);
	}
	atomic_store_explicit(&actor->box->awaits, 0, memory_order_relaxed);
	for (struct tri_way *way = actor->channel.ways.first; way; way = way->next)
		if (way->awaited == pending->correlation) {
			way->awaited = 0;
			let_go(actor, way);
			return;
		}
}

/* --- receiving --- */

/* The frame at the head of the way's lane, in a packet that is then ours; NULL: there is none. Not taken yet. */
static struct tri_packet *
copy_next(struct tri_actor *actor, struct tri_way *way)
{
	const void *bytes;
	size_t size;
	enum tri_lane_state state = tri_lane_look(&way->in, &bytes, &size);

	if (state == TRI_LANE_BAD)
		give_up(actor, way);
	if (state != TRI_LANE_FRAME)
		return NULL;
	struct tri_packet *packet = tri_packet_new(&actor->channel.spare, size);
	if (!packet) {
		tri_need_memory(actor, TRACTOR_ENOMEM, "a message");
		return NULL;
	}
	uint8_t *body = (uint8_t *)(packet + 1);
	memcpy(body, bytes, size);
	packet->payload = body + sizeof(struct tri_frame);
	if (tri_frame_check(body, size, &packet->frame) == TRACTOR_OK &&
		!(packet->frame.flags & TRI_FLAG_PARCEL)) /* they go by the supervisor */
		return packet;
	tri_packet_free(packet);
	give_up(actor, way);
	return NULL;
}

/* No more than was asked for, or there would be no end of it. */
static void
hear(struct tri_actor *actor, struct tri_way *way)
{
	for (struct tri_packet *packet; (packet = copy_next(actor, way));) {
		if (way->due == 0) {
			tri_packet_free(packet);
			give_up(actor, way);
			return;
		}
		way->due--;
		tri_lane_take(&way->in);
		if (packet->frame.kind == TRI_FRAME_MARKED)
			way->heard_mark = packet->frame.correlation;
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
		let_go(actor, way);
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

static bool
is_reached(uint64_t handled, uint64_t room_at)
{
	return (int64_t)(handled - room_at) >= 0;
}

static void
count_handled(struct tri_way *way)
{
	tri_lane_take(&way->in);
	way->handled++;
	atomic_store(&way->to->handled, way->handled); /* is seen before we look whether the sender waits */
	uint64_t waits = atomic_load(&way->from->waits_for_room);
	if (waits % 2 == 0 || waits == way->rung ||
		!is_reached(way->handled, atomic_load_explicit(&way->from->room_at, memory_order_relaxed)))
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
			give_up(actor, way);
			break;
		}
		count_handled(way);
	}
	*late += tries;
	if (tries == TRI_WINDOW)
		tri_actor_hear(actor);
	way->held = false;
	let_go(actor, way);
	return NULL;
}

/* Whose turn it is next: last of all. */
static void
had_its_turn(struct tri_ways *ways, struct tri_way *way)
{
	struct tri_way **at = place_of(ways, way);

	if (!way->next)
		return;
	*at = way->next;
	while (*at)
		at = &(*at)->next;
	*at = way;
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

/* One that must come first, else the first that has any. */
static struct tri_way *
choose(const struct tri_ways *ways, const struct tri_packet *roundabout, bool *ret_first)
{
	struct tri_way *chosen = NULL;

	for (struct tri_way *way = ways->first; way; way = way->next) {
		if (way->sends || !tri_lane_has_news(&way->in))
			continue;
		*ret_first = comes_first(way, roundabout);
		if (*ret_first)
			return way;
		if (!chosen)
			chosen = way;
	}
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

	(void)actor;
	if (err != TRACTOR_OK)
		return err;
	uint8_t *to = tri_lane_reserve(&way->out, sizeof(frame) + payload_bytes);
	if (!to)
		return TRACTOR_EFULL;
	frame.correlation = packet->frame.correlation;
	frame.err = answer;
	frame.payload_bytes = (uint32_t)payload_bytes;
	memcpy(to, &frame, sizeof(frame));
	if (record)
		err = tri_encode(record, value, to + sizeof(frame), payload_bytes, &used);
	if (err == TRACTOR_OK && tri_lane_publish(&way->out) == TRI_LANE_SENT_RING)
		tri_bell_ring(&way->bell);
	return err;
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

	tri_blackbox_passed(actor->box, actor->now_ns = tri_now_ns());
	count_handled(way);
	atomic_store_explicit(&actor->box->in_hand, 0, memory_order_release);
	packet->way = NULL;
	way->held = false;
	let_go(actor, way);
}

void
tri_ways_marked(struct tri_actor *actor, uint64_t number, uint64_t mark)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_MARKED);

	(void)actor;
	for (struct tri_way *way = actor->channel.ways.first; way; way = way->next) {
		if (way->sends || way->number != number || way->ended)
			continue;
		frame.correlation = mark;
		void *to = tri_lane_reserve(&way->out, sizeof(frame));
		if (!to)
			return; /* the sender goes on roundabout, and will mark again */
		memcpy(to, &frame, sizeof(frame));
		if (tri_lane_publish(&way->out) == TRI_LANE_SENT_RING)
			tri_bell_ring(&way->bell);
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
tri_ways_wake(struct tri_ways *ways)
{
	for (struct tri_way *way = ways->first; way; way = way->next) {
		rest_no_more(way);
		tri_lane_wake(&way->in);
	}
}
