/*
 * lane.h: one direction between two processes, in memory that they share: a ring of frames with one sender and one receiver, and the word by which the sender knows whether the receiver sleeps.
 *
 * A frame is published by one store, so a sender that dies halfway has sent nothing, and what it has sent is there whatever becomes of it. Each end keeps its own position, and takes the other's word for nothing but
 * where that one is: a position that can't be is the end of the lane.
 */
#ifndef TRACTOR_ACTOR_LANE_H
#define TRACTOR_ACTOR_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tri_frame;

#define TRI_LANE_BYTES (64u << 10)
#define TRI_LANE_FRAME_MAX \
	(8u << 10) /* a larger frame goes by the link: there is room for several of any that goes here */

/*
 * All zero at first. Each word has one writer: what the sender writes and what the receiver writes can lie in memory of which the other has a view that it can only read. `head` counts the bytes ever published, but for
 * its lowest bit, which says that the lane is closed: the one word that a third may write, who then owns what is in it.
 */
struct tri_lane_out {
	_Alignas(64) _Atomic uint64_t head;
	_Alignas(64) uint8_t bytes[TRI_LANE_BYTES];
};

struct tri_lane_in {
	_Alignas(64) _Atomic uint64_t tail; /* bytes ever taken */
	_Alignas(64) _Atomic uint64_t
		sleeps; /* odd: the receiver sleeps, or is about to; one more at each change */
};

struct tri_lane {
	struct tri_lane_out out;
	struct tri_lane_in in;
};

#define TRI_LANE_CLOSED UINT64_C(1) /* in `head`: what is published is a multiple of 8 bytes */

/* --- the sender's end --- */

struct tri_lane_sender {
	struct tri_lane_out *out; /* NULL: there is no lane */
	const struct tri_lane_in *in;
	uint64_t head;
	uint64_t tail; /* as last seen */
	uint64_t next; /* the head, once what is being written is published */
	uint64_t rung; /* the sleep for which it has rung */
};

/* Of a lane that lies in one piece. */
static inline struct tri_lane_sender
tri_lane_sender(struct tri_lane *lane)
{
	return (struct tri_lane_sender){ .out = &lane->out, .in = &lane->in };
}

/* Room for a frame of that size, aligned to 8 bytes. NULL: there is none now, it is too large, or there is no lane. What was there and never published is given up. */
void *tri_lane_reserve(struct tri_lane_sender *sender, size_t frame_bytes);

/* The same for a frame whose header is written, but for the words that are left out (frame.h): where its payload goes. */
uint8_t *tri_lane_write(struct tri_lane_sender *sender, const struct tri_frame *frame, unsigned left_out);

enum tri_lane_sent {
	TRI_LANE_REFUSED, /* the lane is closed: it is not sent, and nothing ever will be */
	TRI_LANE_SENT,
	TRI_LANE_SENT_RING, /* and the receiver sleeps: its bell is now to be rung */
};

/* What was written into the room last reserved is sent. */
enum tri_lane_sent tri_lane_publish(struct tri_lane_sender *sender);

/* Whether all that was sent has been taken, as the receiver says. */
bool tri_lane_is_taken(const struct tri_lane_sender *sender);

/* --- the receiver's end --- */

struct tri_lane_receiver {
	const struct tri_lane_out *out; /* NULL: there is no lane */
	struct tri_lane_in *in;
	uint64_t tail;
	uint64_t head; /* as last seen */
	bool ends;     /* nothing comes behind that, whatever the sender says */
	uint64_t next; /* the tail, once what is being read is taken */
	uint64_t sleeps;
};

static inline struct tri_lane_receiver
tri_lane_receiver(struct tri_lane *lane)
{
	return (struct tri_lane_receiver){ .out = &lane->out, .in = &lane->in };
}

enum tri_lane_state { TRI_LANE_EMPTY, TRI_LANE_FRAME, TRI_LANE_BAD };

/*
 * The next frame, where it lies: until tri_lane_take(), but the sender can write there, so it is to be copied before it is believed. BAD: what is there can't be (so it stays).
 */
enum tri_lane_state tri_lane_look(
	struct tri_lane_receiver *receiver, const void **ret_frame, size_t *ret_frame_bytes);

/* The frame that was looked at last is taken: there is room for others. */
void tri_lane_take(struct tri_lane_receiver *receiver);

/* Whether anything was published that is not taken. */
bool tri_lane_has_news(const struct tri_lane_receiver *receiver);

/* Bytes that are published and not taken, as far as is known without a look at the sender's count, which would cost the sender time. */
uint64_t tri_lane_known(const struct tri_lane_receiver *receiver);

/* Where what is published now ends; never more ahead than there is room. */
uint64_t tri_lane_end_of(const struct tri_lane_receiver *receiver);

/*
 * To be called before sleeping: from then on whoever sends rings the bell. False: there is something now, so don't sleep. (Dekker's pattern: each side writes its own word before it
 * reads the other's. Checked in tests/model/lane.pml.)
 */
bool tri_lane_sleep(struct tri_lane_receiver *receiver);

/* Awake again: nobody needs to ring. */
void tri_lane_wake(struct tri_lane_receiver *receiver);

/* The lane is closed, as its owner says: what is there now is all that is taken. The sender could still write as if it were not. */
void tri_lane_end(struct tri_lane_receiver *receiver);

/* --- the third's --- */

/* From now on nothing can be published; what was is all there will be. */
void tri_lane_close(struct tri_lane_out *out);
bool tri_lane_is_closed(const struct tri_lane_out *out);

#endif
