/*
 * bells.c: the bells of an actor.
 */
#include "bells.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "actor_process.h"
#include "why.h"

#define BATCH 16
#define EMPTY_AFTER 64			   /* rings; some 270 go into a socket */
#define COARSE_NS (INT64_C(100) * 1000000) /* from here on a ms more or less is none of anybody's business */

tractor_err
tri_bells_open(int *ret_bells)
{
	*ret_bells = epoll_create1(EPOLL_CLOEXEC);
	return *ret_bells >= 0
		       ? TRACTOR_OK
		       : tri_why(TRACTOR_ESYSTEM, "no epoll fd for what wakes it: %s", strerror(errno));
}

tractor_err
tri_bells_add(int bells, struct tri_bell *bell)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = bell };

	if (bell->fd < 0 || epoll_ctl(bells, EPOLL_CTL_ADD, bell->fd, &event) == 0)
		return TRACTOR_OK;
	return tri_why(TRACTOR_ESYSTEM, "cannot watch a bell: %s", strerror(errno));
}

void
tri_bells_remove(int bells, struct tri_bell *bell)
{
	if (bell->fd < 0)
		return;
	/* Closing it would do if nobody else had it, which is not ours to know. */
	epoll_ctl(bells, EPOLL_CTL_DEL, bell->fd, NULL);
	close(bell->fd);
	bell->fd = -1;
}

void
tri_bell_ring(const struct tri_bell *bell)
{
	(void)!send(bell->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Its news are taken. What it has room for now will be news again; so it has some as long as this is called for each, however many were rung meanwhile. */
static void
heard(struct tri_bell *bell)
{
	char rings[512];

	if (bell->due < EMPTY_AFTER)
		return;
	bell->due = 0;
	while (recv(bell->fd, rings, sizeof(rings), MSG_DONTWAIT) == sizeof(rings))
		;
}

static tractor_err
cannot_wait(void)
{
	return tri_why(TRACTOR_ESYSTEM, "cannot wait: %s", strerror(errno));
}

/* Those that were rung; waits as long as epoll_wait() does. */
static tractor_err
take_rings(int bells, int timeout_ms, bool *ret_rung)
{
	struct epoll_event events[BATCH];
	int count = epoll_wait(bells, events, BATCH, timeout_ms);

	for (int i = 0; i < count; i++)
		heard(events[i].data.ptr);
	*ret_rung = count > 0;
	return count < 0 && errno != EINTR ? cannot_wait() : TRACTOR_OK;
}

/* From now on; negative: for ever. */
static struct timespec
span(int64_t until_ns)
{
	if (until_ns == TRI_FOREVER)
		return (struct timespec){ .tv_sec = -1 };
	int64_t left_ns = until_ns - (int64_t)tri_now_ns();

	if (left_ns < 0)
		left_ns = 0;
	return (struct timespec){ .tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000 };
}

/* As epoll_wait() takes it. False: it is to be more exact than that. */
static bool
is_coarse(const struct timespec *left, int *ret_ms)
{
	*ret_ms = -1;
	if (left->tv_sec < 0)
		return true;
	int64_t left_ns = left->tv_sec < INT_MAX / 2000 ? left->tv_sec * INT64_C(1000000000) + left->tv_nsec
							: INT64_C(1000000) * (INT_MAX / 2);
	*ret_ms = (int)((left_ns + 999999) / 1000000);
	return left_ns == 0 || left_ns >= COARSE_NS;
}

tractor_err
tri_bells_wait(int bells, struct pollfd *fds, size_t count, int64_t until_ns, bool *ret_rung)
{
	struct pollfd all[1 + TRI_SELECT_FDS_MAX] = { { .fd = bells, .events = POLLIN } };
	struct timespec left = span(until_ns);
	int ms;

	*ret_rung = false;
	if (count > TRI_SELECT_FDS_MAX)
		return tri_why(
			TRACTOR_EINVAL, "%zu fds in one select; at most %d", count, TRI_SELECT_FDS_MAX);
	if (count == 0 && is_coarse(&left, &ms))
		return take_rings(bells, ms, ret_rung);
	if (count > 0)
		memcpy(all + 1, fds, count * sizeof(*fds));
	int ready = ppoll(all, 1 + count, left.tv_sec < 0 ? NULL : &left, NULL);
	if (ready < 0 && errno != EINTR)
		return cannot_wait();
	for (size_t i = 0; i < count; i++)
		fds[i].revents = ready > 0 ? all[1 + i].revents : 0;
	return ready > 0 && all[0].revents ? take_rings(bells, 0, ret_rung) : TRACTOR_OK;
}
