/* uplink.h: an actor's end of the link: an nng pair socket that its supervisor listens on. */
#ifndef TRACTOR_ACTOR_UPLINK_H
#define TRACTOR_ACTOR_UPLINK_H

#include <tractor/protocol.h>

#include "packet.h"

struct tri_uplink;

/*
 * Begins to dial `url`; a supervisor that isn't listening yet, or listens anew, is dialled again every few ms. Doesn't wait. `bell`: an eventfd, non-blocking, which stays the
 * caller's: written to whenever there may be something new to take, or another connection, or none; it is never read, so it is its edges that count.
 * TRACTOR_ESYSTEM: nng refused (tractor_why() says why).
 */
tractor_err tri_uplink_open(const char *url, int bell, struct tri_uplink **ret_link);

/* Rings the bell. Async-signal-safe. */
void tri_uplink_ring(struct tri_uplink *link);
/* Whether this has rung it since it was cleared. */
bool tri_uplink_was_rung(const struct tri_uplink *link);
void tri_uplink_clear(struct tri_uplink *link);

/* The connection that is up, by a number of its own: what was sent over an earlier one may be lost. 0: none is. */
uint32_t tri_uplink_connection(const struct tri_uplink *link);

/* A frame came and there was no memory for it: it is lost. */
bool tri_uplink_has_lost(const struct tri_uplink *link);

/* The next frame that came, checked, which is then the caller's; NULL: none now. A malformed one is dropped: the supervisor doesn't send any. */
struct tri_packet *tri_uplink_take(struct tri_uplink *link);

/*
 * Sends a frame with `value` (a struct of `record`, which takes `payload_bytes`) as its payload; record NULL: none. Encoded straight into nng's buffer. Blocks while the
 * supervisor's end is congested. TRACTOR_EINVAL: larger than TRI_PAYLOAD_MAX. TRACTOR_ENOMEM. TRACTOR_ECLOSED.
 */
tractor_err tri_uplink_send(struct tri_uplink *link, struct tri_frame *frame,
	const struct tractor_record *record, const void *value, size_t payload_bytes);

/* Sends a frame whose payload is encoded already: as much as it says. Blocks likewise. TRACTOR_ENOMEM. TRACTOR_ECLOSED. */
tractor_err tri_uplink_send_bytes(
	struct tri_uplink *link, const struct tri_frame *frame, const uint8_t *payload);

/* Sends what need not be a frame. Likewise. */
tractor_err tri_uplink_send_raw(struct tri_uplink *link, const void *bytes, size_t size_bytes);

/* Before nng's first use in a process: fewer threads where its version lets us (1.7 and later). */
void tri_nng_init(void);
/* So many of those that run callbacks, and of each other kind: that expire, poll, and resolve names. */
#define TRI_NNG_TASK_THREADS 2
#define TRI_NNG_OTHER_THREADS 1
/* nng's version, as it says itself; *ret_settable: whether this one lets us. */
const char *tri_nng_version(bool *ret_settable);

/* Opens a pair0 socket with our limits set. Its threads don't take this process's signals. Returns nng's error number. */
struct nng_socket_s;
int tri_nng_open(struct nng_socket_s *ret_socket);

#endif
