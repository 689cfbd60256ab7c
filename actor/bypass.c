/*
 * bypass.c: the life of an actor's end of a bypass: it is offered, refused or taken, ends, and goes once nothing more comes by it. What is in its memory is sending's and receiving's to know. What the peer wrote that can't be ends
 * the bypass, and nothing else: the peer's memory is the supervisor's affair. An offer that can't be taken, for want of memory or fds, is refused, and all goes by the supervisor as before. One thread.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actor_process.h"
#include "bypass_private.h"
#include "codec.h"
#include "handed.h"
#include "why.h"

#define HANDED \
	3 /* fds that come with an offer: the memory that is ours to write, the peer's, and our end of the bell */

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
		.who = offer->who,
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
		if (!ways->first)
			ways->end = &way->next;
		way->next = ways->first;
		ways->first = way;
		return;
	}
	if (way)
		free_way(actor, way);
	say_ended(actor, offer.number, TRACTOR_EREFUSED);
}

struct tri_way **
tri_way_place(struct tri_ways *ways, const struct tri_way *way)
{
	struct tri_way **at = &ways->first;

	while (*at != way)
		at = &(*at)->next;
	return at;
}

void
tri_way_let_go(struct tri_actor *actor, struct tri_way *way)
{
	if (!way->ended || way->held || way->awaited != 0 || (!way->sends && tri_lane_has_news(&way->in)))
		return;
	struct tri_ways *ways = &actor->channel.ways;
	struct tri_way **at = tri_way_place(ways, way);
	*at = way->next;
	if (!way->next)
		ways->end = at;
	if (!way->sends)
		say_ended(actor, way->number, TRACTOR_OK);
	free_way(actor, way);
}

void
tri_ways_ended(struct tri_actor *actor, uint64_t number)
{
	for (struct tri_way *way = actor->channel.ways.first; way; way = way->next)
		if (way->number == number) {
			way->ended = actor->channel.ways.has_ended = true;
			if (!way->sends)
				tri_lane_end(&way->in);
			tri_way_let_go(actor, way);
			return;
		}
}

void
tri_way_ring(struct tri_actor *actor, const struct tri_way *way)
{
	tri_rung_note(&actor->channel.rung, way->who);
	tri_bell_ring(&way->bell);
}

void
tri_way_give_up(struct tri_actor *actor, struct tri_way *way)
{
	way->in.out = NULL;
	way->ended = actor->channel.ways.has_ended = true;
	if (way->sends)
		say_ended(actor, way->number, TRACTOR_OK);
}
