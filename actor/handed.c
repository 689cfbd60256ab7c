/*
 * handed.c: SCM_RIGHTS, between an actor and its supervisor, as the actor sees it. It keeps nothing. An fd that there is no place for is one that never came.
 */
#include "handed.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What comes next at the socket: how many fds; 0: nothing that could be one. */
static size_t
receive(int socket, uint64_t *ret_number, int ret_fds[TRI_HANDED_MAX])
{
	union {
		char bytes[CMSG_SPACE(TRI_HANDED_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { .iov_base = ret_number, .iov_len = sizeof(*ret_number) };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_LEN(TRI_HANDED_MAX * sizeof(int)) };

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != sizeof(*ret_number))
		return 0;
	const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
		return 0;
	size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(ret_fds, CMSG_DATA(head), count * sizeof(int));
	return count;
}

void
tri_handed_close(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

bool
tri_handed_take(int socket, uint64_t number, int *ret_fds, size_t count)
{
	int fds[TRI_HANDED_MAX];
	uint64_t found = 0;

	for (size_t came; (came = receive(socket, &found, fds)) > 0;) {
		if (came == count && found == number) {
			memcpy(ret_fds, fds, count * sizeof(*fds));
			return true;
		}
		tri_handed_close(fds, came);
	}
	return false;
}

bool
tri_handed_give(int socket, uint64_t number, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(fd))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = &number, .iov_len = sizeof(number) };
	const struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(number);
}
