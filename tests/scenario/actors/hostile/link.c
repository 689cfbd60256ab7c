/* link.c: the connection: cut, kept after the end, and taken by others before. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "codec.h"
#include "hostile.h"

/* Cuts its connection; nng dials again, and the process is at the other end of that as if nothing had been. */
void
redials(void)
{
	struct sockaddr_un peer;
	socklen_t size;

	start();
	for (int fd = 3; fd < 64; fd++) {
		size = sizeof(peer);
		if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sun_family == AF_UNIX)
			shutdown(fd, SHUT_RDWR);
	}
	go_on();
}

/* It takes its leave, and stays. */
void
lives_on(void)
{
	struct tri_bye bye = { .finished = false };

	start();
	send_record(header(TRI_FRAME_BYE), &tri_record_tri_bye, &bye);
	receive(TRI_FRAME_FAREWELL, NULL);
}

/* --- before the real one --- */

/* Connects to the link's socket as any program can; -1: can't. */
static int
connect_raw(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *url = getenv(TRI_ENV_LINK);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, url + strlen("ipc://"), sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

void
connect_and_close(char **argv)
{
	for (int i = 0; i < 3; i++)
		close(connect_raw());
	be_a_victim(argv);
}

void
connect_and_babble(char **argv)
{
	static const char babble[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int fd = connect_raw();

	(void)!write(fd, babble, sizeof(babble));
	close(fd);
	be_a_victim(argv);
}

/* And never reads: what it was sent is lost with it. */
void
connect_and_wait(void)
{
	connect_raw();
	for (;;)
		pause();
}

/* Another process says hello first, and stays; the real one still gets in. */
void
intruder(char **argv)
{
	int told[2];
	char byte;

	if (pipe2(told, O_CLOEXEC) != 0)
		_exit(10);
	pid_t pid = fork();
	if (pid == 0) {
		nng_pair0_open(&link_socket);
		nng_dial(link_socket, getenv(TRI_ENV_LINK), NULL, 0);
		struct tri_frame frame = header(TRI_FRAME_HELLO);
		nng_socket_set_ms(link_socket, NNG_OPT_SENDTIMEO, 50);
		nng_send(link_socket, &frame, sizeof(frame), 0);
		(void)!write(told[1], "", 1);
		for (;;)
			pause();
	}
	(void)!read(told[0], &byte, 1);
	be_a_victim(argv);
}

static void
write_message(int fd, const void *bytes, size_t size)
{
	uint8_t head[9] = { 1 };

	for (int i = 0; i < 8; i++)
		head[8 - i] = (uint8_t)(size >> (8 * i));
	if (write(fd, head, sizeof(head)) != (ssize_t)sizeof(head) || write(fd, bytes, size) != (ssize_t)size)
		_exit(13);
}

/* The process state, as in /proc; the name before it has no parenthesis. */
static char
state_of(pid_t pid)
{
	char path[32], text[512] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	const char *end = strchr(text, ')');
	return end && end[1] ? end[2] : '?';
}

static void
wait_for_state(pid_t pid, char state)
{
	while (state_of(pid) != state)
		usleep(1000);
}

/* The supervisor does not run until all that this process does is done; then it finds the end and what was sent before it at once. */
static void
stop_supervisor_until_the_end(void)
{
	pid_t self_pid = getpid(), supervisor = getppid(), helper = fork();

	if (helper == 0) {
		wait_for_state(self_pid, 'Z');
		kill(supervisor, SIGCONT);
		_exit(0);
	}
	kill(supervisor, SIGSTOP);
	wait_for_state(supervisor, 'T');
}

/* Says that it is ready behind more frames than the supervisor takes in a turn, and ends. It was ready. */
void
ready_and_gone(void)
{
	const uint8_t greeting[8] = { 0, 'S', 'P', 0, 0, 0x10, 0, 0 };
	struct tri_hello is_here = { .version = TRI_CONTROL_VERSION, .actor = "hostile" };
	struct tri_ready is_ready = { .outcome = TRACTOR_OK };
	_Alignas(struct tri_frame) uint8_t bytes[256];
	struct tri_frame *frame = (struct tri_frame *)bytes;
	size_t used;

	stop_supervisor_until_the_end();
	int fd = connect_raw();
	if (fd < 0 || write(fd, greeting, sizeof(greeting)) != sizeof(greeting))
		_exit(13);
	*frame = header(TRI_FRAME_HELLO);
	if (tri_encode(&tri_record_tri_hello, &is_here, bytes + sizeof(*frame), 128, &used) != TRACTOR_OK)
		_exit(4);
	frame->payload_bytes = (uint32_t)used;
	write_message(fd, bytes, sizeof(*frame) + used);
	*frame = header(TRI_FRAME_DONE);
	for (int i = 0; i < 100; i++)
		write_message(fd, bytes, sizeof(*frame));
	*frame = header(TRI_FRAME_READY);
	if (tri_encode(&tri_record_tri_ready, &is_ready, bytes + sizeof(*frame), 128, &used) != TRACTOR_OK)
		_exit(4);
	frame->payload_bytes = (uint32_t)used;
	write_message(fd, bytes, sizeof(*frame) + used);
	_exit(0);
}
