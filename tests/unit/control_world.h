/*
 * control_world.h: what the tests of the control socket's server share: real sockets in a temporary directory, a small loop with poll(), a handler that does as each test wants, and clients. No fd is left behind.
 */
#ifndef TRACTOR_TESTS_UNIT_CONTROL_WORLD_H
#define TRACTOR_TESTS_UNIT_CONTROL_WORLD_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlsocket.h"
#include "sys.h"
#include "unit.h"

#define FDS_MAX (CONTROL_CONNECTIONS_MAX + 1)
#define SECOND INT64_C(1000000000)

static char directory[64], path[96];
static struct control *control;
static int64_t now_ns;
static size_t fds_before;

/* The loop: what is watched, by the tag's index. */
static struct watched {
	int fd;
	uint32_t events;
	void *tag;
} watched[FDS_MAX];

/* The host: how often it still says no. */
static size_t sends_refused, watches_refused;

/* The handler: what came. */
static struct control_request *last_request;
static size_t request_count, gone_count;
static void (*on_request)(struct control_request *request, const json_t *body);

static inline tractor_err
watch(void *arg, int fd, uint32_t epoll_events, void *tag)
{
	(void)arg;
	unsigned index = control_tag_index(tag);
	ck_assert_uint_lt(index, FDS_MAX);
	ck_assert(watched[index].tag == NULL || (watched[index].fd == fd && watched[index].tag == tag));
	if (watches_refused > 0) {
		watches_refused--;
		return TRACTOR_ESYSTEM;
	}
	watched[index] = (struct watched){ fd, epoll_events, tag };
	return TRACTOR_OK;
}

static inline void
unwatch(void *arg, int fd, void *tag)
{
	(void)arg;
	unsigned index = control_tag_index(tag);
	ck_assert(watched[index].fd == fd && watched[index].tag == tag);
	watched[index] = (struct watched){ .fd = -1 };
}

static inline ssize_t
refused_send(int fd, const struct iovec *parts, size_t count)
{
	if (sends_refused == 0)
		return sys_real.send(fd, parts, count);
	sends_refused--;
	errno = ENOBUFS;
	return -1;
}

static inline void
count_gone(struct control_request *request)
{
	gone_count++;
	if (request == last_request)
		last_request = NULL;
}

static inline void
handle(void *arg, struct control_request *request, const json_t *body)
{
	(void)arg;
	ck_assert_ptr_null(request->own);
	request->gone = count_gone;
	last_request = request;
	request_count++;
	if (on_request != NULL)
		on_request(request, body);
}

static const struct control_ops ops = { watch, unwatch, handle };

static inline size_t
count_fds(void)
{
	size_t count = 0;
	DIR *fds = opendir("/proc/self/fd");

	while (readdir(fds) != NULL)
		count++;
	closedir(fds);
	return count;
}

static inline void
open_control(void)
{
	strcpy(directory, "/tmp/tractor-control-XXXXXX");
	fds_before = count_fds();
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/%s", directory, CONTROL_FILE);
	for (size_t i = 0; i < FDS_MAX; i++)
		watched[i] = (struct watched){ .fd = -1 };
	control = NULL;
	now_ns = 100 * SECOND;
	request_count = gone_count = sends_refused = watches_refused = 0;
	sys.send = refused_send;
	on_request = NULL;
	ck_assert_msg(control_open(path, &ops, NULL, now_ns, &control) == TRACTOR_OK, "%s", tractor_why());
}

static inline void
close_control(void)
{
	control_close(control);
	control = NULL;
	ck_assert_int_ne(access(path, F_OK), 0);
	rmdir(directory);
	ck_assert_uint_eq(count_fds(), fds_before);
}

/* One round of the loop: everything that is ready, then what is due. True if something was ready. */
static inline bool
turn(int timeout_ms)
{
	struct pollfd fds[FDS_MAX];
	void *tags[FDS_MAX];
	nfds_t count = 0;

	for (size_t i = 0; i < FDS_MAX; i++)
		if (watched[i].fd >= 0) {
			tags[count] = watched[i].tag;
			fds[count++] =
				(struct pollfd){ .fd = watched[i].fd, .events = (short)watched[i].events };
		}
	bool ready = poll(fds, count, timeout_ms) > 0;
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].revents != 0 && watched[control_tag_index(tags[i])].tag != NULL)
			control_ready(control, tags[i], (uint32_t)fds[i].revents, now_ns);
	if (control_next_ns(control) <= now_ns)
		control_tick(control, now_ns);
	return ready;
}

static inline void
settle(void)
{
	while (turn(0))
		continue;
}

static inline int
connect_client(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline int
ask(const char *line)
{
	int fd = connect_client();

	ck_assert_int_eq(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
	settle();
	return fd;
}

/* All that the server says, until it closes; the client's end is closed then too. Static: valid until the next. */
static inline const char *
answer(int fd)
{
	static char text[8192];
	size_t size = 0;
	ssize_t got;

	settle();
	while (size < sizeof(text) - 1 &&
		(got = recv(fd, text + size, sizeof(text) - 1 - size, MSG_DONTWAIT)) > 0)
		size += (size_t)got;
	ck_assert_msg(got == 0 || errno == ECONNRESET, "the connection is still open");
	text[size] = '\0';
	close(fd);
	return text;
}

static inline void
expect_in(const char *text, const char *words)
{
	ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
}

static inline bool
is_open(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != 0;
}

static inline void
echo(struct control_request *request, const json_t *body)
{
	control_data(request, json_deep_copy(body));
	control_data(request, json_integer(2));
	control_end(request, CONTROL_DONE, NULL);
}

/* As TEST_CASE(), with the server. */
#define WORLD_CASE(suite, name, ...) TEST_CASE_WITH(suite, name, 20, open_control, close_control, __VA_ARGS__)

#endif
