/*
 * channel.h: an actor's end of what connects it with its supervisor: two lanes, one each way, and the link for the first words, for what is too large for a lane, and for what finds it full.
 * Frames come out in the order in which they went in, whichever way each of them took. Waiting for it is waiting for the bypasses to other actors, too.
 */
#ifndef TRACTOR_ACTOR_CHANNEL_H
#define TRACTOR_ACTOR_CHANNEL_H

#include "bells.h"
#include "blackbox.h"
#include "bypass.h"
#include "coalesce.h"
#include "lane.h"
#include "parcel.h"
#include "rung.h"
#include "spin.h"
#include "uplink.h"

/* The supervisor's, where there are lanes. */
struct tri_channel_fds {
	int bell, doorbell, socket, rung;
};

struct tri_channel {
	struct tri_uplink *link;
	int bells;
	struct tri_bell bell;  /* the supervisor rings it for a lane; none: there are no lanes */
	struct tri_bell knock; /* an eventfd: the link rings it */
	int doorbell;	       /* the supervisor's; -1: there are no lanes */
	struct tri_lane_sender up;
	struct tri_lane_receiver down;
	uint32_t sent, taken;	  /* frames with an order, each way */
	bool by_link;		  /* the last that was sent went by the link */
	bool link_heard_out;	  /* the link had nothing more since it was last rung for */
	struct tri_packet *early; /* came by the link, behind some that come by the lane */
	struct tri_packet *spare; /* the memory of the last that came by a lane and is no more */
	struct tri_spin spin;
	struct tri_coalesce coalesce;
	struct tri_rung_end rung;
	int64_t looked_ns; /* the clock, as it was when we last looked for news */
	bool has_lost;
	struct tri_ways ways;
	struct tri_parcels parcels;
};

/*
 * Begins to dial `url`. Lanes where the black box offers them: then `fds` are there, and the channel's. Doesn't wait. TRACTOR_ESYSTEM, TRACTOR_ENOMEM.
 */
tractor_err tri_channel_open(struct tri_channel *channel, const char *url, struct tri_blackbox *box,
	const struct tri_channel_fds *fds);

/* The next frame, which is then the caller's; NULL: none now, and the bell is rung for the next. */
struct tri_packet *tri_channel_take(struct tri_channel *channel);

/* A frame came and there was no memory for it, or what came can't be one: it is lost. */
bool tri_channel_has_lost(const struct tri_channel *channel);

/* As tri_uplink_send(); what is large, in a parcel. HELLO goes by the link, and again by each that is dialled until there is an answer. */
tractor_err tri_channel_send(struct tri_channel *channel, struct tri_frame *frame,
	const struct tractor_record *record, const void *value);
/* The same in two steps, if there is room for it in the lane, where it outlives this process: it is sent once it is published, and nothing else may be sent before. False: it can't go there. */
bool tri_channel_write_to_lane(struct tri_channel *channel, struct tri_frame *frame,
	const struct tractor_record *record, const void *value);
void tri_channel_publish(struct tri_channel *channel, const struct tri_frame *frame);
/* As tri_uplink_send_bytes(). */
tractor_err tri_channel_send_bytes(struct tri_channel *channel, const void *frame, size_t size_bytes);

/* Looks for a moment whether something comes, if that has lately paid, until `until_ns` at most. True: there may be something to take; `looked_ns` is some us ago at the most. */
bool tri_channel_look(struct tri_channel *channel, int64_t until_ns);

/* Sleeps until there may be something to take; as tri_bells_wait(). */
tractor_err tri_channel_wait(struct tri_channel *channel, struct pollfd *fds, size_t count, int64_t until_ns);

#endif
