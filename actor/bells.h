/*
 * bells.h: what wakes an actor, as one fd: the supervisor's bell, the link's, and one for each bypass. A bell is an end of a socket pair, so that whoever holds the other end can ring it and do nothing else to it: neither take
 * its rings away, nor make those wait who ring back.
 *
 * They are watched edge-triggered, so that a wake-up is one system call and the rings need not be read. They are thrown away when so many are due that soon no other would go in: who rings then would not be heard.
 */
#ifndef TRACTOR_ACTOR_BELLS_H
#define TRACTOR_ACTOR_BELLS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tractor/error.h"

#define TRI_SELECT_FDS_MAX \
	64 /* others that may be waited for, too; more is a design that wants an epoll fd, which counts as one */

struct tri_bell {
	int fd;	      /* of a socket pair, or an eventfd; -1: there is none */
	unsigned due; /* how many rings may lie there */
};

/* The watch over all of them. TRACTOR_ESYSTEM. */
tractor_err tri_bells_open(int *ret_bells);
/* `bell` stays where it is until it is removed. One without an fd is none, and TRACTOR_OK. */
tractor_err tri_bells_add(int bells, struct tri_bell *bell);
/* Closes it, too. */
void tri_bells_remove(int bells, struct tri_bell *bell);

/* To be called whenever the one at the other end has reason to ring once more. */
static inline void
tri_bell_expect(struct tri_bell *bell)
{
	bell->due++;
}

/* The one at the other end is woken. What it has not heard yet is as good as this one. */
void tri_bell_ring(const struct tri_bell *bell);

/*
 * Sleeps until one is rung, one of `fds` is ready (their revents are set), or the time has come (which may be noticed up to a ms later when it is far off). TRACTOR_EINVAL: more than TRI_SELECT_FDS_MAX. TRACTOR_ESYSTEM.
 */
tractor_err tri_bells_wait(int bells, struct pollfd *fds, size_t count, int64_t until_ns, bool *ret_rung);

#endif
