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
	struct tri_way *way; /* by which it came past the supervisor; NULL: it did not */
	uint64_t sent_ns;    /* then: when it was sent */
	bool owed;	     /* and that the supervisor knows of the answer that is due */
};

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
	free(packet);
}

static inline void
tri_packets_free(struct tri_packets *packets)
{
	for (struct tri_packet *packet; (packet = tri_packets_take(packets));)
		tri_packet_free(packet);
}

#endif
