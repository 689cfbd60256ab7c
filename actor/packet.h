/* packet.h: a received frame that waits for its turn in a process: header, payload, and whoever owns the bytes. */
#ifndef TRACTOR_ACTOR_PACKET_H
#define TRACTOR_ACTOR_PACKET_H

#include <stdbool.h>
#include <stdlib.h>

#include "frame.h"

struct tri_way; /* bypass.h */

struct tri_packet {
	struct tri_packet *next;
	struct tri_frame frame;
	const uint8_t *payload;
	void (*release)(
		void *owner); /* frees what holds the payload; NULL: it lies behind the packet itself */
	void *owner;
	struct tri_way *way;	   /* by which it came past the supervisor; NULL: it did not */
	uint64_t sent_ns;	   /* then: when it was sent */
	bool owed;		   /* and that the supervisor knows of the answer that is due */
	struct tri_packet **spare; /* where its memory waits for the next when it is freed; NULL: nowhere */
	size_t room_bytes;	   /* then: how much there is behind it */
};

/* With room for that many bytes behind it, which are its payload's, and else nothing in it; what waits at `spare` is taken if it is enough. NULL: no memory. */
static inline struct tri_packet *
tri_packet_new(struct tri_packet **spare, size_t bytes)
{
	struct tri_packet *packet = *spare;
	size_t room = bytes;

	if (packet && packet->room_bytes >= bytes) {
		*spare = NULL;
		room = packet->room_bytes;
	} else {
		packet = malloc(sizeof(*packet) + bytes);
	}
	if (packet)
		*packet = (struct tri_packet){
			.payload = (uint8_t *)(packet + 1), .spare = spare, .room_bytes = room
		};
	return packet;
}

/* First in, first out. */
struct tri_packets {
	struct tri_packet *head, *tail;
};

static inline void
tri_packets_put(struct tri_packets *packets, struct tri_packet *packet)
{
	packet->next = NULL;
	if (packets->tail)
		packets->tail->next = packet;
	else
		packets->head = packet;
	packets->tail = packet;
}

/* The oldest one, which is then the caller's; NULL: none. */
static inline struct tri_packet *
tri_packets_take(struct tri_packets *packets)
{
	struct tri_packet *packet = packets->head;

	if (packet && !(packets->head = packet->next))
		packets->tail = NULL;
	return packet;
}

static inline void
tri_packet_free(struct tri_packet *packet)
{
	if (!packet)
		return;
	if (packet->release)
		packet->release(packet->owner);
	if (packet->spare && (!*packet->spare || (*packet->spare)->room_bytes < packet->room_bytes)) {
		struct tri_packet *smaller = *packet->spare;
		*packet->spare = packet;
		packet = smaller;
	}
	free(packet);
}

static inline void
tri_packets_free(struct tri_packets *packets)
{
	for (struct tri_packet *packet; (packet = tri_packets_take(packets));)
		tri_packet_free(packet);
}

#endif
