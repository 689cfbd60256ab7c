/*
 * bypasssending.c: what an actor sends to another past the supervisor, and when it goes roundabout instead: what is too much for a lane, or the receiver doesn't understand, or would have to come before what went
 * roundabout earlier (marks keep that order). Bounded as a mailbox: who finds no room waits, or is told. It must not know how what comes is taken. Nothing is lost by what fails here: where a bypass has ended the
 * message goes by the supervisor; errors are those of a tell. One thread.
 */
#include <stdatomic.h>
#include <string.h>

#include "actor_process.h"
#include "bypass_private.h"
#include "codec.h"
#include "why.h"

#define PATIENCE_NS \
	INT64_C(1000000) /* how long a mark, or room in the lane, is waited for at first: the receiver has something else to do, then; thousands of messages are handled in that time if their handlers are short */
#define MARK_AFTER 64	 /* and how many messages later again */
#define MARK_TRIES_MAX \
	6 /* as often both double: where others send as much, what is before it may take long */
#define AMPLE_BYTES (TRI_LANE_BYTES / 4)

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

/* From here on the supervisor can see for whom we wait; then we see whether the receiver waits, too. (Dekker's pattern, with supervisor/shell/bypasswaits.c.) False: it is for the supervisor to say whether that is a circle. */
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

/* While any of what is in the lane waits, so does all that went roundabout behind it; of what waits there alone the supervisor knows. */
static bool
seems_full(const struct tri_way *way)
{
	uint64_t waiting = way->sent - way->seen_handled;

	return waiting > 0 && way->mailbox > 0 && waiting + way->behind >= way->mailbox;
}

/* How far the receiver is we look at only when by what was last seen its mailbox would be full: it writes there with each message. */
static bool
is_full(struct tri_way *way)
{
	if (!seems_full(way))
		return false;
	way->seen_handled = atomic_load_explicit(&way->to->handled, memory_order_acquire);
	return seems_full(way);
}

/* `size`: of what goes by the lane; 0: it goes roundabout, and needs no room there. */
static bool
has_room(struct tri_way *way, size_t size)
{
	return !is_full(way) && (size == 0 || tri_lane_reserve(&way->out, size) != NULL);
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
 * What is waited for: that half of what is waiting there is handled, so that who sends more than is handled is not woken for each message; or all of it, where the receiver has so much of others' that it is busy until we are
 * awake. That may take long where a handler does, so it is for a moment only, and then one is enough.
 */
static int64_t
want_room(struct tri_way *way, bool at_first, int64_t until_ns)
{
	int64_t moment_ns = (int64_t)tri_now_ns() + PATIENCE_NS;

	way->seen_handled = atomic_load(&way->to->handled);
	way->room_at = way->seen_handled + (at_first ? (way->sent - way->seen_handled + 1) / 2 : 1);
	way->room_late_at = at_first ? way->sent : way->room_at;
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
	bool asks = frame->flags & TRI_FLAG_ASK;
	uint64_t plain = frame->correlation;
	size_t used = 0;

	if (asks)
		frame->correlation = tri_bypass_correlation(way->number, plain);
	/* When a tell was sent is for people to read, in a report. */
	frame->source = asks && tri_frame_is_urgent(frame) ? tri_now_ns() : tri_about_now_ns();
	frame->payload_bytes = (uint32_t)payload_bytes;
	uint8_t *to = tri_lane_write(&way->out, frame, TRI_WORDS_ADDRESS | (asks ? 0 : TRI_WORDS_LIMIT));
	if (!to) {
		frame->correlation = plain;
		return ROUNDABOUT;
	}
	if (record)
		*ret_err = tri_encode(record, value, to, payload_bytes, &used);
	if (*ret_err != TRACTOR_OK)
		return NOT_PASSED;
	switch (tri_lane_publish(&way->out)) {
	case TRI_LANE_REFUSED:
		way->ended = true;
		frame->correlation = plain;
		return ROUNDABOUT;
	case TRI_LANE_SENT_RING:
		tri_way_ring(actor, way);
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

/* Behind what is in the lane: so its sender has no more waiting than it may by both. False: *ret_err says why it is not sent at all. */
static bool
may_go_roundabout(struct tri_actor *actor, struct tri_way *way, struct tri_frame *frame, tractor_err *ret_err)
{
	if (way->ended || frame->kind != TRI_FRAME_SEND || (frame->flags & TRI_FLAG_DELAYED))
		return true;
	if (is_full(way) && !wait_for_room(actor, way, frame, 0, ret_err) && *ret_err != TRACTOR_OK) {
		refused(actor, frame, ret_err);
		return false;
	}
	way->behind = way->sent == way->seen_handled ? 0 : way->behind + 1;
	return true;
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
	if (!may_go_roundabout(actor, way, frame, ret_err))
		return true;
	way->dirty = way->dirty || !(frame->flags & TRI_FLAG_DELAYED);
	tri_way_let_go(actor, way);
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
			tri_way_let_go(actor, way);
			return;
		}
}
