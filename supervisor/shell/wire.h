/*
 * wire.h: the supervisor's end of one channel (actor/channel.h). At the other end of its link is nng (pair0 over ipc://); here its wire protocol is spoken directly, so that no thread, no queue and no lock of nng's
 * is between a process and what we know of it. The bell is all wires of a runtime as one fd for its loop.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_WIRE_H
#define TRACTOR_SUPERVISOR_SHELL_WIRE_H

#include <stdbool.h>
#include <sys/types.h>

#include "blackbox.h"
#include "frame.h"
#include "rung.h"
#include "spin.h"

struct wire;

/* One for each runtime: an epoll of its wires' sockets, readable when one has news, and the wires that are to be heard. */
struct bell {
	int fd;
	int again; /* an eventfd in it, for news that no socket has */
	struct wire *first, *last;
	struct wire *warmest,
		*coolest; /* of those whose lanes are looked at, the last and the first that was heard; all others ring */
	unsigned warm_count;
	uint64_t looks;
	struct tri_spin spin; /* whether that has lately paid */
	struct tri_rung_end rung;
	int rung_fd;	/* for our processes; -1: none */
	unsigned whos;	/* that were given to one */
	uint8_t *frame; /* the last one that was taken from a lane */
	int64_t retry_ns; /* when one that the host refused something is to be answered again; INT64_MAX: none is */
};

/* TRACTOR_ESYSTEM: no fd. TRACTOR_ENOMEM. */
tractor_err bell_open(struct bell *bell);
void bell_close(struct bell *bell);
/* Tells the owner of each wire that had news since the last time. A wire may be closed from there. To be called when the fd is readable, and at retry_ns. */
void bell_answer(struct bell *bell);
/* The same for those that are known to have news, without a look at the sockets. */
void bell_hear(struct bell *bell);
/* Whether a lane that is looked at has something: to be heard. */
bool bell_look(struct bell *bell);
bool bell_has_warm(const struct bell *bell);
/* Makes the fd readable: there is somebody to be heard. */
void bell_remind(struct bell *bell);
/* To be called before the loop sleeps: from then on every lane rings. False: some have something already, to be heard. */
bool bell_sleep(struct bell *bell);

/* Its wire has news. */
typedef void wire_ready(void *owner);

/* A closed one, with all the memory that an ordinary process's link needs, for one process after the other. TRACTOR_ENOMEM. */
tractor_err wire_new(struct bell *bell, wire_ready *ready, void *owner, struct wire **ret_wire);
/* It, and whoever is at its other end, is somebody else's from now on. */
void wire_give(struct wire *wire, wire_ready *ready, void *owner);

/*
 * Listens on `url` (ipc://, its socket file 0600) for one peer. Nobody is let in before wire_expect(). Another for each incarnation: what was meant for a dead one never reaches the next.
 * TRACTOR_ESYSTEM: no fd, or no such directory. It is closed then, and takes no memory in any case.
 */
tractor_err wire_open(struct wire *wire, const char *url);

/*
 * Lays lanes in the black box for the peer that will be let in: *ret_fds are what it is to be given: its bell, which is then the caller's (-1: there is none), and ours, which stays the wire's. TRACTOR_ESYSTEM: no fd.
 */
tractor_err wire_lay(struct wire *wire, struct tri_blackbox *box, int ret_fds[2]);
/* Whether the peer has taken the lanes. */
bool wire_uses_lanes(const struct wire *wire);
/* Who the peer is, to rung.h, if it has lanes. */
unsigned wire_who(const struct wire *wire);
/* The peer has said hello: if it has taken the lanes, what is sent goes by them. */
void wire_use_lanes(struct wire *wire, const struct tri_blackbox *box);
/* What still comes by its lane is of no interest. */
void wire_ignore(struct wire *wire);

/* Lets in the peer with that process id, and nobody else; 0: nobody; WIRE_ANYBODY: who comes first. */
#define WIRE_ANYBODY (-1)
void wire_expect(struct wire *wire, pid_t pid);
/* Nobody is let in any more: nothing listens, and the socket file is gone. Who was let in stays. */
void wire_shut(struct wire *wire);

/* What the host last refused it, in the system's words: why its peer is not heard, perhaps. NULL: nothing. */
const char *wire_trouble(const struct wire *wire);

/* True while the peer that was let in is there. */
bool wire_connected(const struct wire *wire);

/* The next frame that came; false: none now, `ready` will be called for the next. *ret_payload is valid until the next call. `ret_bad`: what came is no frame. */
bool wire_take(struct wire *wire, struct tri_frame *ret_frame, const uint8_t **ret_payload, bool *ret_bad);

/* For an owner that stopped taking before the end, to be fair to others: it will be called again. Not for a closed one. */
void wire_again(struct wire *wire);

/* True if there is nothing more to take now; wire_take() would find out the same, and take longer. */
bool wire_is_heard_out(const struct wire *wire);

/* True once the peer that was let in is gone and all that it sent has been taken, but for what was lost with its nng, and what comes after that. */
bool wire_drained(const struct wire *wire);

/*
 * Sends, or keeps until it can be sent; never blocks. `payload` is copied; its length and its place among all are written into `frame`. TRACTOR_EFULL: the peer doesn't read, and too much is kept for it already.
 * TRACTOR_ENOMEM.
 */
tractor_err wire_send(
	struct wire *wire, struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes);

/* Forgets the peer, and what is kept for it. Closed, it is as one without a peer. */
void wire_close(struct wire *wire);
/* NULL is fine. */
void wire_free(struct wire *wire);

#endif
