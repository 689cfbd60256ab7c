/*
 * handover.c: takes what processes hand over. An fd for which we have no place left the kernel throws away as it is received, and with it a message that may be ours already. So sys.receive_fd() leaves it there, and one place is
 * kept in reserve, which is given up for that moment and taken again at once. Another thread may be there first: ours (logwriter.c), which closes its file again soon, so that is waited for; or one of a program's own. Where it stays
 * there the message is lost, and its sender told, as if there were no memory.
 */
#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "outbox.h"
#include "sys.h"
#include "why.h"

#define SKIPPED_MAX \
	TRI_HELD_MAX /* fds of which nobody has spoken: of a handler that did not come to its end, at most */
#define UNHEARD_MAX 4096 /* more than a socket's buffer has room for, of the least that can be sent */
#define OTHERS_MS \
	50 /* that another thread has our place: to write some lines takes well under one, and all wait for us meanwhile */

/* --- the reserve --- */

static bool
has_reserve(struct handover *handover)
{
	if (handover->null < 0)
		handover->null = sys.open("/dev/null", O_RDWR, 0);
	if (handover->reserve < 0 && handover->null >= 0)
		handover->reserve = sys.dup_from(handover->null, 0);
	return handover->reserve >= 0;
}

void
handover_open(struct handover *handover)
{
	*handover = (struct handover){ .null = -1, .reserve = -1 };
	has_reserve(handover);
}

void
handover_close(struct handover *handover)
{
	if (handover->reserve >= 0)
		sys.close(handover->reserve);
	if (handover->null >= 0)
		sys.close(handover->null);
	handover->null = handover->reserve = -1;
}

static bool
give_up_reserve(struct handover *handover)
{
	if (handover->reserve < 0)
		return false;
	sys.close(handover->reserve);
	handover->reserve = -1;
	return true;
}

/* It takes the fd's place without leaving it for a moment. */
void
handover_keep(struct handover *handover, int *fd)
{
	if (has_reserve(handover) || handover->null < 0)
		return;
	while ((handover->reserve = sys.dup_to(handover->null, *fd)) < 0 && errno == EINTR)
		;
	if (handover->reserve >= 0)
		*fd = -1;
}

void
handover_close_fd(struct handover *handover, int fd)
{
	sys.close(fd);
	has_reserve(handover);
}

void
handover_close_foreign(struct handover *handover, int fd)
{
	sys.close_foreign(fd);
	has_reserve(handover);
}

/* --- taking --- */

/* In the place of the reserve. Where somebody else has that it is dropped, so that it is in nobody's way. */
static ssize_t
receive_in_place(struct handover *handover, int socket, uint64_t *ret_number, int *ret_fd)
{
	int wait_ms = give_up_reserve(handover) ? OTHERS_MS : 0;
	ssize_t got;

	while ((got = sys.receive_fd(socket, ret_number, ret_fd)) < 0 && errno == EMFILE && wait_ms-- > 0)
		sys.poll(NULL, 0, 1);
	int error = errno;
	if (got < 0 && error == EMFILE)
		sys.drop_fd(socket);
	if (*ret_fd < 0)
		has_reserve(handover);
	errno = error;
	return got;
}

/* As sys.receive_fd(), but nothing is left there. */
static ssize_t
receive(struct handover *handover, int socket, uint64_t *ret_number, int *ret_fd)
{
	ssize_t got = sys.receive_fd(socket, ret_number, ret_fd);

	return got < 0 && errno == EMFILE ? receive_in_place(handover, socket, ret_number, ret_fd) : got;
}

tractor_err
handover_take(struct handover *handover, int socket, uint64_t number, int *ret_fd)
{
	for (unsigned i = 0; socket >= 0 && i < SKIPPED_MAX; i++) {
		uint64_t found = 0;
		int fd = -1;
		ssize_t got = receive(handover, socket, &found, &fd);
		if (got < 0 && errno != EAGAIN && errno != ECONNRESET) /* it hung up, with something unread */
			return TRACTOR_ENOMEM;
		if (got == sizeof(found) && fd >= 0 && found == number) {
			*ret_fd = fd;
			return TRACTOR_OK;
		}
		if (fd >= 0)
			handover_close_foreign(handover, fd);
		if (got != sizeof(found) || fd < 0 || found > number)
			break;
	}
	return tri_why(TRACTOR_EBADMSG, "it speaks of a parcel that it has not handed over");
}

void
handover_hang_up(struct handover *handover, int *socket)
{
	uint64_t number;
	int fd;

	if (*socket < 0)
		return;
	/* As many as it can hold, whoever has its other end still. */
	for (int i = 0; i < UNHEARD_MAX && receive(handover, *socket, &number, &fd) > 0; i++)
		if (fd >= 0)
			handover_close_foreign(handover, fd);
	sys.close(*socket);
	*socket = -1;
}
