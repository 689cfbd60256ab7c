/*
 * lane.c: the ring. Records of 8 bytes of header (the frame's size) and the frame, each beginning at a multiple of 8; one that would cross the end of the ring begins at its beginning, and
 * what is left over before says SKIP. Allocates nothing, calls nothing, never waits. What can't be is told to the receiver's owner; a sender to whom it happens takes the lane for full, which does it no harm.
 */
#include "lane.h"

#include <stdatomic.h>
#include <string.h>

#include "frame.h"

#define HEADER_BYTES 8
#define SKIP UINT32_MAX

static size_t
record_bytes(size_t frame_bytes)
{
	return HEADER_BYTES + ((frame_bytes + 7) & ~(size_t)7);
}

static size_t
place_of(uint64_t position)
{
	return position % TRI_LANE_BYTES;
}

static void
write_header(struct tri_lane *lane, uint64_t position, uint32_t size)
{
	memcpy(lane->bytes + place_of(position), &size, sizeof(size));
}

/* --- the sender's end --- */

/* Whether the ring has that many bytes free, from `head` on. */
static bool
has_room(struct tri_lane_sender *sender, size_t bytes)
{
	if (sender->head + bytes - sender->tail <= TRI_LANE_BYTES)
		return true;
	uint64_t tail = atomic_load_explicit(&sender->lane->tail, memory_order_acquire);
	if (sender->head - tail > TRI_LANE_BYTES)
		return false; /* it says that it has taken what was never sent, or has given something back */
	sender->tail = tail;
	return sender->head + bytes - tail <= TRI_LANE_BYTES;
}

void *
tri_lane_reserve(struct tri_lane_sender *sender, size_t frame_bytes)
{
	size_t size = record_bytes(frame_bytes);

	if (!sender->lane || frame_bytes > TRI_LANE_FRAME_MAX)
		return NULL;
	size_t left = TRI_LANE_BYTES - place_of(sender->head), skipped = left < size ? left : 0;
	if (!has_room(sender, skipped + size))
		return NULL;
	if (skipped > 0)
		write_header(sender->lane, sender->head, SKIP);
	write_header(sender->lane, sender->head + skipped, (uint32_t)frame_bytes);
	sender->next = sender->head + skipped + size;
	return sender->lane->bytes + place_of(sender->head + skipped) + HEADER_BYTES;
}

bool
tri_lane_publish(struct tri_lane_sender *sender)
{
	struct tri_lane *lane = sender->lane;

	sender->head = sender->next;
	/* Sequentially consistent, both: the head is out before the other's word is read. See tri_lane_sleep(). */
	atomic_store(&lane->head, sender->head);
	return atomic_load(&lane->asleep) != 0 && atomic_exchange(&lane->asleep, 0) != 0;
}

/* --- the receiver's end --- */

static uint32_t
read_header(const struct tri_lane *lane, uint64_t position)
{
	uint32_t size;

	memcpy(&size, lane->bytes + place_of(position), sizeof(size));
	return size;
}

/* Whether a frame of that size can lie at `position`, with so many bytes published from there on. */
static bool
can_be(uint64_t position, uint32_t frame_bytes, uint64_t published)
{
	return frame_bytes >= sizeof(struct tri_frame) && frame_bytes <= TRI_LANE_FRAME_MAX &&
	       record_bytes(frame_bytes) <= published &&
	       record_bytes(frame_bytes) <= TRI_LANE_BYTES - place_of(position);
}

enum tri_lane_state
tri_lane_look(struct tri_lane_receiver *receiver, const void **ret_frame, size_t *ret_frame_bytes)
{
	const struct tri_lane *lane = receiver->lane;
	uint64_t at = receiver->tail;

	if (!lane)
		return TRI_LANE_EMPTY;
	uint64_t published = atomic_load_explicit(&lane->head, memory_order_acquire) - at;
	if (published == 0)
		return TRI_LANE_EMPTY;
	if (published > TRI_LANE_BYTES || published % 8 != 0)
		return TRI_LANE_BAD;
	uint32_t size = read_header(lane, at);
	uint64_t left = TRI_LANE_BYTES - place_of(at);
	if (size == SKIP && left < published) {
		at += left;
		published -= left;
		size = read_header(lane, at);
	}
	if (!can_be(at, size, published))
		return TRI_LANE_BAD;
	receiver->next = at + record_bytes(size);
	*ret_frame = lane->bytes + place_of(at) + HEADER_BYTES;
	*ret_frame_bytes = size;
	return TRI_LANE_FRAME;
}

void
tri_lane_take(struct tri_lane_receiver *receiver)
{
	receiver->tail = receiver->next;
	atomic_store_explicit(&receiver->lane->tail, receiver->tail, memory_order_release);
}

bool
tri_lane_has_news(const struct tri_lane_receiver *receiver)
{
	return receiver->lane &&
	       atomic_load_explicit(&receiver->lane->head, memory_order_acquire) != receiver->tail;
}

bool
tri_lane_sleep(struct tri_lane_receiver *receiver)
{
	if (!receiver->lane)
		return true;
	/* Sequentially consistent, both: the word is out before the other's head is read. See tri_lane_publish(). */
	atomic_store(&receiver->lane->asleep, 1);
	if (atomic_load(&receiver->lane->head) == receiver->tail)
		return true;
	tri_lane_wake(receiver);
	return false;
}

void
tri_lane_wake(struct tri_lane_receiver *receiver)
{
	if (receiver->lane)
		atomic_store_explicit(&receiver->lane->asleep, 0, memory_order_relaxed);
}
