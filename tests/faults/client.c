/* client.c: what the command's client does, without blocking: the other end is this thread's as well. Past the table, for it is the supervisor's calls that fail. */
#include "client.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "testclock.h"

static int
connect_to(struct tractor_runtime *runtime)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/control",
		tractor_runtime_directory(runtime));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

enum client_answer
client_request(struct tractor_runtime *runtime, const char *line, int64_t limit_ms)
{
	static char answer[65536];
	int64_t until_ms = now_ms() + scaled_ms(limit_ms);
	size_t length = 0;
	ssize_t got = -1;
	int fd = connect_to(runtime);

	if (fd < 0 || send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return CLIENT_NONE;
	while (got != 0 && now_ms() < until_ms) {
		tractor_runtime_turn(runtime, 5);
		while ((got = recv(fd, answer + length, sizeof(answer) - 1 - length, MSG_DONTWAIT)) > 0)
			length += (size_t)got;
	}
	close(fd);
	answer[length] = '\0';
	if (got != 0)
		return CLIENT_LATE;
	if (!strstr(answer, "\"end\":true,"))
		return CLIENT_NONE;
	return strstr(answer, "\"end\":true,\"code\":0") ? CLIENT_DONE : CLIENT_REFUSED;
}
