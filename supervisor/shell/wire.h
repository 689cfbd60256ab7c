/* wire.h: the supervisor's end of one link, and the bell by which nng's threads wake the loop. */
#ifndef TRACTOR_SUPERVISOR_SHELL_WIRE_H
#define TRACTOR_SUPERVISOR_SHELL_WIRE_H

#include <stdbool.h>
#include <sys/types.h>

#include "frame.h"

struct wire;

/* One for each runtime: an eventfd, and the wires that have news. */
struct bell {
	int fd;
	struct wire *first, *last;
};

/* TRACTOR_ESYSTEM: no fd. */
tractor_err bell_open(struct bell *bell);
void bell_close(struct bell *bell);
/* Calls `ready(owner)` for each wire that had news since the last time. A wire may be closed from there. */
void bell_answer(struct bell *bell, void (*ready)(void *owner));

/*
 * Listens on `url` (ipc://, its socket file 0600) for one peer. Nobody is let in before wire_expect().
 * `link` is nng's protocol socket; one per incarnation, for pair0 would hand what was meant for the dead one to the next.
 * TRACTOR_ESYSTEM: nng refused.
 */
tractor_err wire_open(struct bell *bell, const char *url, void *owner, struct wire **ret_wire);

/* Lets in the peer with that process id, and nobody else. */
void wire_expect(struct wire *wire, pid_t pid);

/* True while the peer that was let in is there. */
bool wire_connected(const struct wire *wire);

/* A new listener in place of the old: nng 1.5's stops accepting for ever when a peer connects and hangs up at once. */
tractor_err wire_listen_again(struct wire *wire);

/* The next frame that came; false: none now, `ready` will be called for the next. *ret_payload is valid until the next call. `ret_bad`: what came is no frame. */
bool wire_take(struct wire *wire, struct tri_frame *ret_frame, const uint8_t **ret_payload, bool *ret_bad);

/* For an owner that stopped taking before the end, to be fair to others: it will be called again. */
void wire_again(struct wire *wire);

/* True once the peer that was let in is gone and all that it sent has been taken. */
bool wire_drained(const struct wire *wire);

/*
 * Sends, or keeps until it can be sent; never blocks. `payload` is copied. TRACTOR_EFULL: the peer doesn't read, and too much is kept for it already.
 * TRACTOR_ENOMEM.
 */
tractor_err wire_send(
	struct wire *wire, const struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes);

/* Lets go of it: returns at once, whatever nng does. NULL is fine. */
void wire_close(struct wire *wire);

/* Waits until nng has let go of all that were closed in this process, for at most `limit_s` seconds. False: it has not. */
bool wire_all_closed(int limit_s);

#endif
