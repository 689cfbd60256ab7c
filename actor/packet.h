/* packet.h: a received frame that waits for its turn in a process: header, payload, and whoever owns the bytes. */
#ifndef TRACTOR_ACTOR_PACKET_H
#define TRACTOR_ACTOR_PACKET_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* With room for that many bytes behind it, which are its payload's; its frame is the caller's to fill in, and there is nothing else in it. What waits at `spare` is taken if it is enough. NULL: no memory. */
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
	if (!packet)
		return NULL;
	packet->next = NULL;
	packet->payload = (uint8_t *)(packet + 1);
	packet->release = NULL;
	packet->way = NULL;
	packet->owed = false;
	packet->spare = spare;
	packet->room_bytes = room;
	return packet;
}

/* One that was told past the supervisor, which judges nobody by how long that takes (it lays no bypass to who has a limit): there may be millions in a second, so they are timed by the quick clock, to a tick. */
static inline bool
tri_is_timed_roughly(const struct tri_packet *packet)
{
	return packet->way && !(packet->frame.flags & TRI_FLAG_ASK);
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

/*
 * The frame of that size in a lane, copied from where its sender may write still. NULL: there is no memory for it; or `ret_bad`, it can't be one.
 */
static inline struct tri_packet *
tri_packet_copy(struct tri_packet **spare, const void *bytes, size_t size, bool *ret_bad)
{
	struct tri_packet *packet = tri_packet_new(spare, size);
	size_t header_bytes;

	if (!packet)
		return NULL;
	*ret_bad = tri_frame_unpack(bytes, size, &packet->frame, &header_bytes) != TRACTOR_OK;
	if (!*ret_bad) {
		memcpy(packet + 1, (const uint8_t *)bytes + header_bytes, packet->frame.payload_bytes);
		return packet;
	}
	tri_packet_free(packet);
	return NULL;
}

static inline void
tri_packets_free(struct tri_packets *packets)
{
	for (struct tri_packet *packet; (packet = tri_packets_take(packets));)
		tri_packet_free(packet);
}

#endif
