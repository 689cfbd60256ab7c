/*
 * bypassleft.c: what is in a bypass when an end of it dies, and what it comes to meanwhile. A sender that dies leaves all that it had sent to its receiver; a receiver that dies leaves what it had not handled to us: we close the
 * lane, which nobody can then send by, and take every message into the router as if it had come by us (router_adopt()). What is in there was written by a process that may have gone wrong, so it is copied, and what can't be ends
 * it; who wrote that can't be known for sure, so nobody is killed for it. What there is no memory for is lost as the router loses it: who asked is told.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bypasses_private.h"

#define DUTIES_MAX 65536 /* asks that an actor may have deferred, and be asked more past us */
#define DUTIES_LEFT (BYPASSES_MAX * TRI_LANE_BYTES / (2 * TRI_PACKED_MIN)) /* what may be in its lanes then */

/* That its sender does nothing else meanwhile is its own to say: who has it to answer could say anything. */
static struct router_send
send_of(const struct bypass *bypass, const struct tri_frame *frame, const uint8_t *payload)
{
	const unsigned waits = bypass_waits_past_us(bypass->from, bypass->to) ? TRI_FLAG_BLOCKING : 0;

	return (struct router_send){ .sender = bypass->sender,
		.incarnation = bypass->incarnation,
		.correlation = frame->correlation,
		.target = bypass->to->node->id,
		.message = frame->message,
		.flags = (uint16_t)(frame->flags & (TRI_FLAG_ASK | waits)),
		.limit_ms = frame->limit_ms,
		.payload = payload,
		.payload_bytes = frame->payload_bytes };
}

/* An ask that can have come by it; the rest is who sent it to say. */
static bool
is_possible(const struct bypass *bypass, const struct tri_frame *frame)
{
	return (frame->flags & TRI_FLAG_ASK) &&
	       frame->correlation == tri_bypass_correlation(bypass->number, frame->correlation);
}

/* When it says that it was sent; not later than now, so that no limit is longer than it was. */
static int64_t
sent_ns(const struct slot *slot, const struct tri_frame *frame)
{
	int64_t now_ns = slot->runtime->loop.now_ns;

	return frame->source < (uint64_t)now_ns ? (int64_t)frame->source : now_ns;
}

/* Who waited past us for what has come to us waits by us from now on. */
static void
waits_by_us(struct slot *slot)
{
	if (slot && router_waits(slot->runtime->router, slot->node->id))
		bypass_waits(slot);
}

/* One of those that the dead receiver leaves, in a list so that the last comes first. */
struct left {
	struct left *before;
	uint64_t position;
	struct tri_frame frame;
	uint8_t payload[];
};

/* NULL: there is none any more, or no memory. */
static struct left *
take_left(struct tri_lane_receiver *lane)
{
	const void *bytes;
	size_t size, header_bytes;

	if (tri_lane_look(lane, &bytes, &size) != TRI_LANE_FRAME)
		return NULL;
	struct left *left = malloc(sizeof(*left) + size);
	if (!left || tri_frame_unpack(bytes, size, &left->frame, &header_bytes) != TRACTOR_OK ||
		left->frame.kind != TRI_FRAME_SEND) {
		free(left);
		return NULL;
	}
	memcpy(left->payload, (const uint8_t *)bytes + header_bytes, left->frame.payload_bytes);
	left->position = lane->tail;
	lane->tail = lane->next;
	return left;
}

/* What the dead process had in hand; read once, for a child of its may be writing still, and no more than one can be it. */
struct hand {
	uint64_t sequence; /* 0: nothing that came past us */
	uint64_t bypass, position;
};

static struct hand
take_hand(const struct slot *slot)
{
	uint64_t sequence = slot->box ? atomic_load(&slot->box->in_hand) : 0;

	if (!(sequence & TRI_BYPASS_SEQUENCE) || slot->box->hand.sequence != sequence)
		return (struct hand){ .sequence = 0 };
	return (struct hand){
		.sequence = sequence, .bypass = slot->box->hand.bypass, .position = slot->box->hand.position
	};
}

static void
adopt_left(struct slot *slot, const struct bypass *bypass, const struct hand *hand)
{
	uint64_t tail = atomic_load(&bypass->receives->messages.tail);
	struct tri_lane_receiver lane = { .out = &bypass->sends->messages, .tail = tail };
	bool has_hand = hand->bypass == bypass->number && hand->position == tail;
	struct left *last = NULL;

	tri_lane_end(&lane); /* who goes on writing all the same writes for nobody */
	for (struct left *left; (left = take_left(&lane)); last = left)
		left->before = last;
	for (struct left *left = last; left; left = last) {
		struct router_send send = send_of(bypass, &left->frame, left->payload);
		if ((left->frame.flags & TRI_FLAG_ASK) && !is_possible(bypass, &left->frame))
			send.flags = 0; /* nobody can wait for its answer */
		router_adopt(slot->runtime->router, &send, sent_ns(slot, &left->frame),
			has_hand && left->position == tail ? hand->sequence : 0);
		waits_by_us(bypass->from);
		last = left->before;
		free(left);
	}
}

void
bypass_end(struct slot *slot)
{
	const struct hand hand = take_hand(slot);

	slot->goes_roundabout =
		false; /* for it waits for nobody any more, nor do those who waited for it past us */
	for (struct bypass *bypass = slot->bypasses_in, *next; bypass; bypass = next) {
		struct slot *from = bypass->from;
		next = bypass->next_in;
		bypass_close(bypass);
		adopt_left(slot, bypass, &hand);
		bypass_remove(bypass);
		if (from)
			bypass_waits_no_more(from);
	}
	for (struct bypass *bypass; (bypass = slot->bypasses_out);) {
		bypass_strike_out(bypass);
		bypass_close(bypass);
	}
	memset(slot->tallies, 0, sizeof(slot->tallies));
	slot->goes_roundabout = slot->refuses_bypass = false;
	slot->owes_too_much = 0;
}

/* Who asks without end is not who owes. So one that owes too much is asked by us from now on, and what is in its lanes already is all that may come. */
static bool
owes_too_much(struct slot *slot)
{
	struct router_counts counts = { .deferred = 0 };

	router_counts(slot->runtime->router, slot->node->id, &counts);
	if (counts.deferred < DUTIES_MAX)
		return false;
	if (slot->owes_too_much == 0) {
		slot->refuses_bypass = true;
		bypass_close_to(slot);
	}
	return ++slot->owes_too_much > DUTIES_LEFT;
}

void
bypass_owes(struct slot *slot, const struct tri_frame *frame)
{
	const struct bypass *bypass = slot->bypasses_in;

	while (bypass && bypass->number != frame->target)
		bypass = bypass->next_in;
	if (!bypass || !(frame->sequence & TRI_BYPASS_SEQUENCE) || !is_possible(bypass, frame) ||
		owes_too_much(slot)) {
		hearing_violated(slot, "it owes an answer for which nobody can have asked");
		return;
	}
	struct router_send send = send_of(bypass, frame, NULL);
	if (router_adopt_duty(slot->runtime->router, &send, sent_ns(slot, frame), frame->sequence) !=
		TRACTOR_OK)
		hearing_violated(slot, "it owes two answers of one number, or there was no memory for one");
	else
		waits_by_us(bypass->from);
}

/* Messages in a lane from where its receiver is. */
static size_t
count_waiting(const struct bypass *bypass)
{
	struct tri_lane_receiver lane = { .out = &bypass->sends->messages,
		.tail = atomic_load(&bypass->receives->messages.tail) };
	const void *frame;
	size_t size, count = 0;

	tri_lane_end(&lane); /* what comes meanwhile may have no end */
	for (; tri_lane_look(&lane, &frame, &size) == TRI_LANE_FRAME; count++)
		lane.tail = lane.next;
	return count;
}

void
bypass_count(const struct slot *slot, struct router_counts *counts)
{
	for (const struct bypass *bypass = slot->bypasses_in; bypass; bypass = bypass->next_in) {
		size_t waiting = count_waiting(bypass);
		uint64_t handled = atomic_load(&bypass->receives->handled);
		counts->waiting += waiting;
		counts->handled_total += handled;
		counts->accepted_total += handled + waiting;
	}
	counts->handled_total += slot->bypass_handled;
	counts->accepted_total += slot->bypass_handled;
}
