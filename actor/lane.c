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
#define LINE_BYTES 64 /* of the cache */
#define WRITE_AHEAD 4 /* lines: a frame of most, with what is in front of it */
#define READ_AHEAD 6
#define TRIES 64 /* against one who writes the head all the time, although it is not its to write */

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
write_header(struct tri_lane_out *out, uint64_t position, uint32_t size)
{
	memcpy(out->bytes + place_of(position), &size, sizeof(size));
}

/* --- the sender's end --- */

/* Whether the ring has that many bytes free, from `head` on. */
static bool
has_room(struct tri_lane_sender *sender, size_t bytes)
{
	if (sender->head + bytes - sender->tail <= TRI_LANE_BYTES)
		return true;
	uint64_t tail = atomic_load_explicit(&sender->in->tail, memory_order_acquire);
	if (sender->head - tail > TRI_LANE_BYTES)
		return false; /* it says that it has taken what was never sent, or has given something back */
	sender->tail = tail;
	return sender->head + bytes - tail <= TRI_LANE_BYTES;
}

void *
tri_lane_reserve(struct tri_lane_sender *sender, size_t frame_bytes)
{
	size_t size = record_bytes(frame_bytes);

	if (!sender->out || frame_bytes > TRI_LANE_FRAME_MAX)
		return NULL;
	size_t left = TRI_LANE_BYTES - place_of(sender->head), skipped = left < size ? left : 0;
	if (!has_room(sender, skipped + size))
		return NULL;
	if (skipped > 0)
		write_header(sender->out, sender->head, SKIP);
	write_header(sender->out, sender->head + skipped, (uint32_t)frame_bytes);
	sender->next = sender->head + skipped + size;
	return sender->out->bytes + place_of(sender->head + skipped) + HEADER_BYTES;
}

uint8_t *
tri_lane_write(struct tri_lane_sender *sender, const struct tri_frame *frame, unsigned left_out)
{
	unsigned words = tri_frame_words(frame, left_out);
	size_t header_bytes = tri_packed_bytes(words);
	uint8_t *to = tri_lane_reserve(sender, header_bytes + frame->payload_bytes);

	if (!to)
		return NULL;
	tri_frame_pack(frame, words, to);
	return to + header_bytes;
}

/* Whether the receiver sleeps, and has not been rung for that. */
static bool
is_to_ring(struct tri_lane_sender *sender)
{
	uint64_t sleeps = atomic_load(&sender->in->sleeps);

	if (sleeps % 2 == 0 || sleeps == sender->rung)
		return false;
	sender->rung = sleeps;
	return true;
}

/* Where the next frame will be the receiver has read, a turn of the ring ago, so those lines of the cache are its own still: they are asked for now, so that nobody waits for them when it is written. */
static void
ask_for_next(const struct tri_lane_sender *sender)
{
#if defined(__x86_64__)
	for (unsigned line = 0; line < WRITE_AHEAD; line++)
		__asm__ volatile("prefetchw %0"
				 :
				 : "m"(sender->out->bytes[place_of(sender->head + line * LINE_BYTES)]));
#else
	for (unsigned line = 0; line < WRITE_AHEAD; line++)
		__builtin_prefetch(&sender->out->bytes[place_of(sender->head + line * LINE_BYTES)], 1);
#endif
}

enum tri_lane_sent
tri_lane_publish(struct tri_lane_sender *sender)
{
	uint64_t seen = sender->head;

	/* Sequentially consistent, both: the head is out before the other's word is read. See tri_lane_sleep(). */
	for (int tries = TRIES; !atomic_compare_exchange_strong(&sender->out->head, &seen, sender->next);
		tries--)
		if ((seen & TRI_LANE_CLOSED) || tries == 0)
			return TRI_LANE_REFUSED; /* else somebody has written there who must not: ours is what counts */
	sender->head = sender->next;
	ask_for_next(sender);
	return is_to_ring(sender) ? TRI_LANE_SENT_RING : TRI_LANE_SENT;
}

bool
tri_lane_is_taken(const struct tri_lane_sender *sender)
{
	return !sender->out || atomic_load_explicit(&sender->in->tail, memory_order_acquire) == sender->head;
}

/* --- the receiver's end --- */

static uint64_t
published_of(uint64_t head)
{
	return head & ~TRI_LANE_CLOSED;
}

/* How far what was published goes. */
static uint64_t
published_to(const struct tri_lane_receiver *receiver, memory_order order)
{
	return receiver->ends ? receiver->head
			      : published_of(atomic_load_explicit(&receiver->out->head, order));
}

static uint32_t
read_header(const struct tri_lane_out *out, uint64_t position)
{
	uint32_t size;

	memcpy(&size, out->bytes + place_of(position), sizeof(size));
	return size;
}

/* Whether a frame of that size can lie at `position`, with so many bytes published from there on. */
static bool
can_be(uint64_t position, uint32_t frame_bytes, uint64_t published)
{
	return frame_bytes >= TRI_PACKED_MIN && frame_bytes <= TRI_LANE_FRAME_MAX &&
	       record_bytes(frame_bytes) <= published &&
	       record_bytes(frame_bytes) <= TRI_LANE_BYTES - place_of(position);
}

/*
 * Bytes from the tail on that are known to be published; 0: none. The head is looked at again when they are all taken, and not before: its line of the cache is the sender's, who writes there with each frame, and to have it
 * over costs more than all else about a frame.
 */
uint64_t
tri_lane_known(const struct tri_lane_receiver *receiver)
{
	uint64_t bytes = receiver->head - receiver->tail;

	return bytes <= TRI_LANE_BYTES ? bytes : 0;
}

/* Sees what is published. False: that can't be. */
static bool
look_at_head(struct tri_lane_receiver *receiver)
{
	uint64_t head = published_to(receiver, memory_order_acquire);

	if (head - receiver->tail > TRI_LANE_BYTES || (head - receiver->tail) % 8 != 0)
		return false;
	receiver->head = head;
	return true;
}

/* The lines of the cache with what is published from `position` on, as many as a frame of most has. Not those behind: to ask for what is being written would be in the way. */
static void
ask_for(const struct tri_lane_receiver *receiver, uint64_t position, uint64_t published)
{
	for (unsigned line = 0; line < READ_AHEAD && (int64_t)(published - position) > 0; line++) {
		__builtin_prefetch(&receiver->out->bytes[place_of(position)]);
		position += LINE_BYTES;
	}
}

/* The same, for the frame behind the one that is about to be read, if there is one. */
static void
ask_for_next_of(const struct tri_lane_receiver *receiver)
{
	ask_for(receiver, receiver->next, receiver->head);
}

enum tri_lane_state
tri_lane_look(struct tri_lane_receiver *receiver, const void **ret_frame, size_t *ret_frame_bytes)
{
	const struct tri_lane_out *out = receiver->out;
	uint64_t at = receiver->tail;

	if (!out)
		return TRI_LANE_EMPTY;
	if (tri_lane_known(receiver) == 0 && !look_at_head(receiver))
		return TRI_LANE_BAD;
	uint64_t published = tri_lane_known(receiver);
	if (published == 0)
		return TRI_LANE_EMPTY;
	uint32_t size = read_header(out, at);
	uint64_t left = TRI_LANE_BYTES - place_of(at);
	if (size == SKIP && left < published) {
		at += left;
		published -= left;
		size = read_header(out, at);
	}
	if (!can_be(at, size, published))
		return TRI_LANE_BAD;
	receiver->next = at + record_bytes(size);
	ask_for_next_of(receiver);
	*ret_frame = out->bytes + place_of(at) + HEADER_BYTES;
	*ret_frame_bytes = size;
	return TRI_LANE_FRAME;
}

void
tri_lane_take(struct tri_lane_receiver *receiver)
{
	receiver->tail = receiver->next;
	atomic_store_explicit(&receiver->in->tail, receiver->tail, memory_order_release);
}

/* What was just published is asked for at once: it will be read in a moment, and comes from the sender's cache as the head did. */
bool
tri_lane_has_news(const struct tri_lane_receiver *receiver)
{
	if (!receiver->out)
		return false;
	if (tri_lane_known(receiver) > 0)
		return true;
	uint64_t published = published_to(receiver, memory_order_acquire);
	if (published == receiver->tail)
		return false;
	ask_for(receiver, receiver->tail, published);
	return true;
}

uint64_t
tri_lane_end_of(const struct tri_lane_receiver *receiver)
{
	uint64_t ahead = receiver->out ? published_to(receiver, memory_order_acquire) - receiver->tail : 0;

	return receiver->tail + (ahead < TRI_LANE_BYTES ? ahead : TRI_LANE_BYTES);
}

bool
tri_lane_sleep(struct tri_lane_receiver *receiver)
{
	if (!receiver->out)
		return true;
	receiver->sleeps += receiver->sleeps % 2 == 0;
	/* Sequentially consistent, both: the word is out before the other's head is read. See tri_lane_publish(). */
	atomic_store(&receiver->in->sleeps, receiver->sleeps);
	if (published_to(receiver, memory_order_seq_cst) == receiver->tail)
		return true;
	tri_lane_wake(receiver);
	return false;
}

void
tri_lane_wake(struct tri_lane_receiver *receiver)
{
	if (!receiver->out || receiver->sleeps % 2 == 0)
		return;
	receiver->sleeps++;
	atomic_store_explicit(&receiver->in->sleeps, receiver->sleeps, memory_order_relaxed);
}

void
tri_lane_end(struct tri_lane_receiver *receiver)
{
	if (!receiver->out || receiver->ends)
		return;
	receiver->head = published_to(receiver, memory_order_acquire);
	receiver->ends = true;
}

/* --- the third's --- */

void
tri_lane_close(struct tri_lane_out *out)
{
	atomic_fetch_or(&out->head, TRI_LANE_CLOSED);
}

bool
tri_lane_is_closed(const struct tri_lane_out *out)
{
	return atomic_load_explicit(&out->head, memory_order_acquire) & TRI_LANE_CLOSED;
}
