/*
 * wire_private.h: what the files of a wire share.
 *
 *   wire.c       the socket: who is let in, nng's protocol, what is kept until it can be sent; and one order of what comes by it and by the lanes
 *   wirelanes.c  the lanes, and the bells that go with them
 *   bell.c       which wires are to be heard
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_WIRE_PRIVATE_H
#define TRACTOR_SUPERVISOR_SHELL_WIRE_PRIVATE_H

#include <sys/un.h>

#include "wire.h"

struct kept {
	struct kept *next;
	size_t size, sent;
	uint8_t bytes[];
};

/* The lanes of a peer. */
struct wirelanes {
	struct tri_lane_sender down;
	struct tri_lane_receiver up; /* its `out` NULL: there are none, or what came by them can't be */
	int bell, doorbell;	     /* a socket to the peer's end, and our eventfd; -1: none */
	bool in_use;		     /* the peer has taken them: what we send goes there, too */
	bool unrung;		     /* the host would not let us ring */
	bool behind;		     /* the next frame by the lane comes after one that comes by the socket */
	unsigned who;		     /* its peer is, to rung.h */
	uint32_t sent, taken;	     /* frames with an order, each way */
};

/* What a wire has on the bell's epoll. */
struct wire_source {
	struct wire *wire;
	bool is_doorbell; /* and not one of the sockets */
};

struct wire {
	struct bell *bell;
	wire_ready *ready;
	void *owner;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int listener, peer; /* -1: none */
	int arrived;	    /* somebody whom the host did not allow us to let in yet; -1: nobody */
	int trouble;	    /* the errno of what it refused last; 0: nothing */
	pid_t expected;	    /* 0: nobody */
	bool greeted;	    /* the peer has named its protocol */
	bool hung_up; /* the peer that was let in is gone, and all that it sent by the socket is taken */
	uint8_t *in;  /* what was read, from `in_start` to `in_end` not yet taken */
	size_t in_room, in_start, in_end;
	struct kept *hello; /* our greeting, which is the first that is kept for a peer */
	struct kept *first, *last;
	size_t kept_count;
	struct wire_source sockets, doorbell;
	bool knocked,
		readable; /* the sockets may have something: since an event of theirs, and until they say EAGAIN */
	struct wirelanes lanes;
	struct wire *next; /* on the bell */
	bool ringing;
	struct wire *warmer, *cooler; /* among those whose lanes are looked at */
	uint64_t heard_at;	      /* of the bell's looks, when it was heard last */
};

/* --- bell.c --- */

/* The wire is to be heard. */
void bell_ring(struct wire *wire);
/* The host refused what will be asked of it again a little later: what the peer is owed is kept until then. */
void bell_wait_out(struct wire *wire, int error);
/* It is not to be heard any more. */
void bell_strike(struct wire *wire);

/* --- wire.c --- */

/* What its sockets have for us but frames, and what is kept for it. */
void wire_attend(struct wire *wire);

/* --- wirelanes.c --- */

/* True: it went by the lane. *frame gets its order in either case; 0 where there are no lanes. */
bool wirelanes_send(struct wire *wire, struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes);
/* What could not be rung is rung. */
void wirelanes_ring(struct wire *wire);
/*
 * The frame at the lane's head, if it is the next one: copied, valid until the next call for any wire of the bell. False: none, or the one that is there comes later. `ret_bad`: what is there can't be.
 */
bool wirelanes_take(
	struct wire *wire, struct tri_frame *ret_frame, const uint8_t **ret_payload, bool *ret_bad);
/* Whether a frame that is at the socket's head is the next one; if so it counts as taken. */
bool wirelanes_in_order(struct wire *wire, const struct tri_frame *frame);
/* Whether there is something in the lane that can be taken. */
bool wirelanes_have_news(const struct wire *wire);
void wirelanes_close(struct wire *wire);

#endif
