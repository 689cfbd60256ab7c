/*
 * channel.c: lanes and link as one. Every frame has the number of its place among those that went its way, so the one that reads needs no word about which way the next one comes: it is at the
 * head of one of the two. What was sent by a lane was there before what is sent by the link later, and each of them keeps its order; so if neither has the next one, it has not come. One thread.
 */
#include "channel.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "codec.h"
#include "why.h"

static void
take_lanes(struct tri_channel *channel, struct tri_blackbox *box, int rung)
{
	tri_rung_open(&channel->rung, rung, box->who);
	close(rung);
	channel->up = tri_lane_sender(&box->up);
	channel->down = tri_lane_receiver(&box->down);
	atomic_store(&box->lanes, TRI_LANES_TAKEN);
}

tractor_err
tri_channel_open(struct tri_channel *channel, const char *url, struct tri_blackbox *box,
	const struct tri_channel_fds *fds)
{
	bool offered = atomic_load(&box->lanes) == TRI_LANES_OFFERED;

	*channel = (struct tri_channel){ .bell.fd = offered ? fds->bell : -1,
		.doorbell = fds->doorbell,
		.ways.socket = offered ? fds->socket : -1,
		.parcels.socket = offered ? fds->socket : -1 };
	tri_spin_begin(&channel->spin);
	if (offered)
		take_lanes(channel, box, fds->rung);
	channel->knock.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (channel->knock.fd < 0)
		return tri_why(TRACTOR_ESYSTEM, "no eventfd for the link: %s", strerror(errno));
	tractor_err err = tri_bells_open(&channel->bells);
	if (err == TRACTOR_OK)
		err = tri_bells_add(channel->bells, &channel->bell);
	if (err == TRACTOR_OK)
		err = tri_bells_add(channel->bells, &channel->knock);
	return err == TRACTOR_OK ? tri_uplink_open(url, channel->knock.fd, &channel->link) : err;
}

/* --- taking --- */

static bool
is_next(const struct tri_channel *channel, const struct tri_frame *frame)
{
	return frame->order == 0 || frame->order == tri_frame_order_after(channel->taken);
}

/* The frame at the lane's head if it is the next one. */
static struct tri_packet *
take_from_lane(struct tri_channel *channel)
{
	const void *bytes;
	size_t size;
	enum tri_lane_state state = tri_lane_look(&channel->down, &bytes, &size);

	if (state != TRI_LANE_FRAME) {
		channel->has_lost = channel->has_lost || state == TRI_LANE_BAD;
		return NULL;
	}
	bool bad = false;
	struct tri_packet *packet = tri_packet_copy(&channel->spare, bytes, size, &bad);
	if (!packet) {
		channel->has_lost = true;
		return NULL;
	}
	if (packet->frame.order != tri_frame_order_after(channel->taken)) {
		tri_packet_free(packet);
		return NULL; /* behind one that comes by the link */
	}
	tri_lane_take(&channel->down);
	channel->taken = packet->frame.order;
	return packet;
}

static struct tri_packet *
take_from_link(struct tri_channel *channel)
{
	struct tri_packet *packet = channel->early ? channel->early : tri_uplink_take(channel->link);

	channel->early = NULL;
	channel->link_heard_out = !packet;
	if (!packet)
		return NULL;
	if (!is_next(channel, &packet->frame)) {
		channel->early = packet;
		return NULL;
	}
	if (packet->frame.order != 0)
		channel->taken = packet->frame.order;
	return packet;
}

static struct tri_packet *
take_next(struct tri_channel *channel)
{
	struct tri_packet *packet = take_from_lane(channel);

	if (packet)
		return packet;
	if (tri_uplink_was_rung(channel->link)) {
		tri_uplink_clear(channel->link);
		channel->link_heard_out = false;
	}
	return channel->link_heard_out ? NULL : take_from_link(channel);
}

/* Parcels are taken with their frames, so that they come in order. */
struct tri_packet *
tri_channel_take(struct tri_channel *channel)
{
	struct tri_packet *packet = take_next(channel);

	if (!packet || !(packet->frame.flags & TRI_FLAG_PARCEL) || tri_parcel_open(&channel->parcels, packet))
		return packet;
	channel->has_lost = true;
	tri_packet_free(packet);
	return NULL;
}

bool
tri_channel_has_lost(const struct tri_channel *channel)
{
	return channel->has_lost || tri_uplink_has_lost(channel->link);
}

/* --- sending --- */

static void
ring_doorbell(const struct tri_channel *channel)
{
	uint64_t one = 1;

	tri_rung_note(&channel->rung, TRI_RUNG_SUPERVISOR);
	(void)!write(
		channel->doorbell, &one, sizeof(one)); /* it can't fail: nobody rings 2^64 times unheard */
}

/* Room in the lane for the frame's payload; NULL: it goes by the link. */
static uint8_t *
room_for(struct tri_channel *channel, struct tri_frame *frame)
{
	if (!channel->up.out || frame->kind == TRI_FRAME_HELLO)
		return NULL;
	frame->order = tri_frame_order_after(channel->sent);
	return tri_lane_write(&channel->up, frame, 0);
}

/* It went by the link, or not at all. */
static tractor_err
linked(struct tri_channel *channel, const struct tri_frame *frame, tractor_err err)
{
	if (err == TRACTOR_OK)
		channel->by_link = true;
	if (err == TRACTOR_OK && frame->order != 0)
		channel->sent = frame->order;
	return err;
}

void
tri_channel_publish(struct tri_channel *channel, const struct tri_frame *frame)
{
	channel->sent = frame->order;
	channel->by_link = false;
	if (tri_lane_publish(&channel->up) == TRI_LANE_SENT_RING) {
		ring_doorbell(channel);
		tri_spin_rang(&channel->spin);
	}
}

/* False: there is no room in the lane, or none that is used. */
static bool
write_to_lane(struct tri_channel *channel, struct tri_frame *frame, const struct tractor_record *record,
	const void *value, size_t payload_bytes, tractor_err *ret_err)
{
	size_t used = 0;

	frame->payload_bytes = (uint32_t)payload_bytes;
	uint8_t *to = room_for(channel, frame);
	if (to)
		*ret_err = record ? tri_encode(record, value, to, payload_bytes, &used) : TRACTOR_OK;
	return to != NULL;
}

static tractor_err
send_sized(struct tri_channel *channel, struct tri_frame *frame, const struct tractor_record *record,
	const void *value, size_t payload_bytes)
{
	tractor_err err;

	if (write_to_lane(channel, frame, record, value, payload_bytes, &err)) {
		if (err == TRACTOR_OK)
			tri_channel_publish(channel, frame);
		return err;
	}
	return linked(channel, frame, tri_uplink_send(channel->link, frame, record, value, payload_bytes));
}

bool
tri_channel_write_to_lane(struct tri_channel *channel, struct tri_frame *frame,
	const struct tractor_record *record, const void *value)
{
	size_t payload_bytes = 0;
	tractor_err err = record ? tri_encoded_size(record, value, &payload_bytes) : TRACTOR_OK;

	return err == TRACTOR_OK && !tri_parcel_suits(frame, payload_bytes) &&
	       write_to_lane(channel, frame, record, value, payload_bytes, &err) && err == TRACTOR_OK;
}

tractor_err
tri_channel_send(struct tri_channel *channel, struct tri_frame *frame, const struct tractor_record *record,
	const void *value)
{
	struct tri_parcel_note note;
	size_t payload_bytes = 0;
	tractor_err err = record ? tri_encoded_size(record, value, &payload_bytes) : TRACTOR_OK;

	if (err != TRACTOR_OK)
		return err;
	if (!tri_parcel_suits(frame, payload_bytes) ||
		!tri_parcel_send(&channel->parcels, record, value, payload_bytes, &note))
		return send_sized(channel, frame, record, value, payload_bytes);
	struct tri_frame noted = *frame;
	noted.flags |= TRI_FLAG_PARCEL;
	return send_sized(channel, &noted, &tri_record_tri_parcel_note, &note, TRI_PARCEL_NOTE_BYTES);
}

tractor_err
tri_channel_send_bytes(struct tri_channel *channel, const void *frame, size_t size_bytes)
{
	struct tri_frame head;

	memcpy(&head, frame, sizeof(head));
	head.payload_bytes = (uint32_t)(size_bytes - sizeof(head));
	const uint8_t *payload = (const uint8_t *)frame + sizeof(head);
	uint8_t *to = room_for(channel, &head);
	if (!to)
		return linked(channel, &head, tri_uplink_send_bytes(channel->link, &head, payload));
	memcpy(to, payload, head.payload_bytes);
	tri_channel_publish(channel, &head);
	return TRACTOR_OK;
}

/* --- waiting --- */

static bool
has_news(const struct tri_channel *channel)
{
	return tri_lane_has_news(&channel->down) || tri_uplink_was_rung(channel->link) ||
	       tri_ways_have_news(&channel->ways);
}

/* True: there is something, after a moment in which we did not look. */
static bool
has_news_later(struct tri_channel *channel, int64_t began_ns, int64_t until_ns)
{
	int64_t rest_ns = tri_coalesce_ns(&channel->coalesce), now_ns = began_ns;

	if (rest_ns == 0 || !tri_spin_pays(&channel->spin) || began_ns + rest_ns > until_ns ||
		!tri_ways_have_one_sender(&channel->ways))
		return false;
	for (; now_ns - began_ns < rest_ns; now_ns = (int64_t)tri_now_ns())
		tri_spin_pause(rest_ns);
	channel->looked_ns = now_ns;
	bool found = has_news(channel);
	tri_coalesce_looked(&channel->coalesce, rest_ns, found);
	return found;
}

bool
tri_channel_look(struct tri_channel *channel, int64_t until_ns)
{
	tri_spin_give_way(&channel->spin);
	int64_t began_ns = channel->looked_ns = (int64_t)tri_now_ns();

	if (has_news(channel))
		return true;
	if (has_news_later(channel, began_ns, until_ns)) {
		tri_spin_looked(&channel->spin, true); /* a look that began now would have found it, too */
		return true;
	}
	int64_t span_ns = channel->down.out && began_ns < until_ns ? tri_spin_ns(&channel->spin) : 0;
	if (span_ns == 0)
		return false;
	for (int64_t now_ns = began_ns; now_ns - began_ns < span_ns && now_ns < until_ns;
		now_ns = (int64_t)tri_now_ns()) {
		channel->looked_ns = now_ns;
		for (int i = 0; i < TRI_SPIN_LOOKS; i++) {
			if (has_news(channel)) {
				tri_spin_looked(&channel->spin, true);
				return true;
			}
			tri_spin_pause(now_ns - began_ns);
		}
		if (now_ns - began_ns > TRI_SPIN_YIELD_NS &&
			!tri_yield(&channel->spin.yield, (uint64_t)now_ns))
			break;
	}
	tri_spin_looked(&channel->spin, false);
	return false;
}

/* From here on whoever sends rings. False: there is something already. */
static bool
sleep_begins(struct tri_channel *channel)
{
	tri_rung_came(&channel->rung); /* whatever we were waited for is done, or waits for somebody else */
	bool sleeps = tri_lane_sleep(&channel->down);
	tri_bell_expect(&channel->bell);
	return tri_ways_sleep(&channel->ways) && sleeps;
}

/* Who has yet to take what we sent may be awake and have no processor. */
static void
note_awaited(const struct tri_channel *channel)
{
	if (!tri_lane_is_taken(&channel->up))
		tri_rung_note(&channel->rung, TRI_RUNG_SUPERVISOR);
	tri_ways_hurry(&channel->ways, &channel->rung);
}

tractor_err
tri_channel_wait(struct tri_channel *channel, struct pollfd *fds, size_t count, int64_t until_ns)
{
	int64_t began_ns = (int64_t)tri_now_ns();
	bool sleeps = sleep_begins(channel), rung;

	if (sleeps && until_ns > began_ns)
		note_awaited(channel);
	tractor_err err = tri_bells_wait(channel->bells, fds, count, sleeps ? until_ns : 0, &rung);

	tri_rung_here(&channel->rung);
	tri_lane_wake(&channel->down);
	tri_ways_wake(&channel->ways);
	if (rung)
		tri_spin_slept(&channel->spin, (int64_t)tri_now_ns() - began_ns);
	return err;
}
