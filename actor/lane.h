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

#define TRI_LANE_BYTES (64u << 10)
#define TRI_LANE_FRAME_MAX \
	(8u << 10) /* a larger frame goes by the link: there is room for several of any that goes here */

/* All zero at first. The parts that one end writes are on cache lines of their own. */
struct tri_lane {
	_Alignas(64) _Atomic uint64_t head; /* bytes ever published; the sender's */
	_Alignas(64) _Atomic uint64_t tail; /* bytes ever taken; the receiver's */
	_Alignas(64) _Atomic uint32_t
		asleep; /* 1: the receiver sleeps, or is about to. Who makes it 0 rings its bell */
	_Alignas(64) uint8_t bytes[TRI_LANE_BYTES];
};

/* --- the sender's end --- */

struct tri_lane_sender {
	struct tri_lane *lane; /* NULL: there is none */
	uint64_t head;
	uint64_t tail; /* as last seen */
	uint64_t next; /* the head, once what is being written is published */
};

/* Room for a frame of that size, aligned to 8 bytes. NULL: there is none now, it is too large, or there is no lane. What was there and never published is given up. */
void *tri_lane_reserve(struct tri_lane_sender *sender, size_t frame_bytes);

/* What was written into the room last reserved is sent. True: the receiver sleeps, and its bell is now to be rung. */
bool tri_lane_publish(struct tri_lane_sender *sender);

/* --- the receiver's end --- */

struct tri_lane_receiver {
	struct tri_lane *lane; /* NULL: there is none */
	uint64_t tail;
	uint64_t next; /* the tail, once what is being read is taken */
};

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

/*
 * To be called before sleeping: from then on whoever sends rings the bell. False: there is something now, so don't sleep. (Dekker's pattern: each side writes its own word before it
 * reads the other's. Checked in tests/model/lane.pml.)
 */
bool tri_lane_sleep(struct tri_lane_receiver *receiver);

/* Awake again: nobody needs to ring. */
void tri_lane_wake(struct tri_lane_receiver *receiver);

#endif
