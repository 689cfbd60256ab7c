/*
 * wirelanes.c: the supervisor's ends of an actor's lanes. A wire is cold or warm: the actor that sends by the lane of a cold one rings our doorbell; warm ones we look at before we sleep, and nobody rings. So whether
 * one has something to say costs as much as there are that lately had, and not as many as there are. What is in a lane was written by a process that may have gone wrong: it is copied before it
 * is looked at, and what can't be ends the lane.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "host.h"
#include "sys.h"
#include "why.h"
#include "wire_private.h"

tractor_err
wire_lay(struct wire *wire, struct tri_blackbox *box, int ret_fds[2])
{
	struct wirelanes *lanes = &wire->lanes;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = &wire->doorbell };

	/* A socket, for what an eventfd does to who writes to it is anybody's to say who has it, too: the process could make us wait. */
	int ends[2];
	if (sys.socketpair(ends) < 0)
		return host_refused(errno, "socketpair", "a bell for its lanes");
	ret_fds[0] = ends[0];
	lanes->bell = ends[1];
	sys.refuse_fds(lanes->bell); /* where that can't be done, they wait there until it is closed */
	if ((lanes->doorbell = sys.eventfd()) < 0)
		return host_refused(errno, "eventfd", "a bell for its lanes");
	if (sys.epoll_ctl(wire->bell->fd, EPOLL_CTL_ADD, lanes->doorbell, &event) < 0)
		return host_refused(errno, "epoll_ctl", "a watch for its lanes");
	lanes->down = tri_lane_sender(&box->down);
	lanes->up = tri_lane_receiver(&box->up);
	tri_lane_sleep(&lanes->up); /* cold: the first that it sends rings */
	box->who = lanes->who = 1 + wire->bell->whos++ % TRI_RUNG_WHO_MAX;
	atomic_store(&box->lanes, TRI_LANES_OFFERED);
	ret_fds[1] = lanes->doorbell;
	return TRACTOR_OK;
}

void
wire_use_lanes(struct wire *wire, const struct tri_blackbox *box)
{
	wire->lanes.in_use = wire->lanes.down.out && atomic_load(&box->lanes) == TRI_LANES_TAKEN;
}

bool
wire_uses_lanes(const struct wire *wire)
{
	return wire->lanes.in_use;
}

unsigned
wire_who(const struct wire *wire)
{
	return wire->lanes.who;
}

void
wire_ignore(struct wire *wire)
{
	wire->lanes.up.out = NULL;
}

void
wirelanes_close(struct wire *wire)
{
	struct wirelanes *lanes = &wire->lanes;

	if (lanes->doorbell >= 0) {
		/* The process may have left it to others, and then closing ours doesn't take it off. */
		sys.epoll_ctl(wire->bell->fd, EPOLL_CTL_DEL, lanes->doorbell, NULL);
		sys.close(lanes->doorbell);
	}
	if (lanes->bell >= 0)
		sys.close(lanes->bell);
	*lanes = (struct wirelanes){ .bell = -1, .doorbell = -1 };
}

/* --- sending --- */

void
wirelanes_ring(struct wire *wire)
{
	const struct iovec ring = { .iov_base = (char[]){ 0 }, .iov_len = 1 };

	wire->lanes.unrung = false;
	tri_rung_note(&wire->bell->rung, wire->lanes.who);
	tri_spin_rang(&wire->bell->spin);
	/* One that has not heard the last thousands of rings, or has closed its end, needs no other. */
	if (sys.send(wire->lanes.bell, &ring, 1) < 0 && errno != EAGAIN && errno != EPIPE &&
		errno != ECONNRESET) {
		wire->lanes.unrung = true;
		bell_wait_out(wire, errno);
	}
}

bool
wirelanes_send(struct wire *wire, struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes)
{
	struct wirelanes *lanes = &wire->lanes;

	if (!lanes->in_use)
		return false;
	frame->order = lanes->sent = tri_frame_order_after(lanes->sent);
	uint8_t *to = tri_lane_write(&lanes->down, frame, 0);
	if (!to)
		return false;
	if (payload_bytes > 0)
		memcpy(to, payload, payload_bytes);
	enum tri_lane_sent sent = tri_lane_publish(&lanes->down);
	if (sent == TRI_LANE_SENT_RING)
		wirelanes_ring(wire);
	return sent != TRI_LANE_REFUSED; /* nobody but the process itself can have closed it */
}

/* --- receiving --- */

bool
wirelanes_in_order(struct wire *wire, const struct tri_frame *frame)
{
	struct wirelanes *lanes = &wire->lanes;

	if (frame->order == 0)
		return true;
	if (frame->order != tri_frame_order_after(lanes->taken))
		return false;
	lanes->taken = frame->order;
	lanes->behind = false;
	return true;
}

bool
wirelanes_take(struct wire *wire, struct tri_frame *ret_frame, const uint8_t **ret_payload, bool *ret_bad)
{
	struct wirelanes *lanes = &wire->lanes;
	const void *bytes;
	size_t size, header_bytes;

	enum tri_lane_state state = tri_lane_look(&lanes->up, &bytes, &size);
	if (state == TRI_LANE_EMPTY)
		return false;
	*ret_bad = state == TRI_LANE_BAD;
	if (*ret_bad) {
		tri_why(TRACTOR_EBADMSG, "its lane has what can't be in one");
		return true;
	}
	*ret_bad = tri_frame_unpack(bytes, size, ret_frame, &header_bytes) != TRACTOR_OK;
	if (*ret_bad)
		return true;
	if (ret_frame->order != tri_frame_order_after(lanes->taken)) {
		lanes->behind = true;
		return false;
	}
	memcpy(wire->bell->frame, (const uint8_t *)bytes + header_bytes, ret_frame->payload_bytes);
	*ret_payload = wire->bell->frame;
	tri_lane_take(&lanes->up);
	lanes->taken = ret_frame->order;
	return true;
}

bool
wirelanes_have_news(const struct wire *wire)
{
	return !wire->lanes.behind && tri_lane_has_news(&wire->lanes.up);
}
