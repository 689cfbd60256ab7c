/*
 * peer_nng.c: bare nng pair0 over ipc, which is what a link is made of: round trips, one way, and processes that are started until they have said hello. No thread of nng's exists in a
 * process that forks.
 */
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blocks.h"

#define URL "ipc://pair"
#define MEMORY_MAX 16  /* processes whose memory is looked at */
#define REST_US 100000 /* before its memory is looked at */

static void
check(int rv)
{
	if (rv != 0)
		fail("nng: %s", nng_strerror(rv));
}

static nng_socket
listen_at(const char *url)
{
	nng_socket socket;

	check(nng_pair0_open(&socket));
	check(nng_listen(socket, url, NULL, 0));
	return socket;
}

/* The listener may not be there yet. */
static nng_socket
dial(const char *url)
{
	nng_socket socket;

	check(nng_pair0_open(&socket));
	check(nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, 1));
	check(nng_dial(socket, url, NULL, NNG_FLAG_NONBLOCK));
	return socket;
}

static void
send_block(void *socket, const void *block)
{
	check(nng_send(*(nng_socket *)socket, (void *)block, BLOCK_BYTES, 0));
}

static void
receive_block(void *socket, void *block)
{
	size_t size = BLOCK_BYTES;

	check(nng_recv(*(nng_socket *)socket, block, &size, 0));
}

/* --- messages --- */

static struct blocks
end_of(nng_socket opened)
{
	static nng_socket socket; /* the one that this process has */

	socket = opened;
	return (struct blocks){ send_block, receive_block, &socket };
}

static struct blocks
dial_it(void)
{
	return end_of(dial(URL));
}

static struct blocks
listen_there(void)
{
	return end_of(listen_at(URL));
}

static void
take_trips(const struct plan *plan)
{
	blocks_take_trips(plan, dial_it, listen_there);
}

static void
take_oneway(const struct plan *plan)
{
	blocks_take_oneway(plan, dial_it, listen_there);
}

/* --- processes --- */

struct started {
	pid_t pid;
	nng_socket socket;
};

/* As a supervisor must for a fresh start: a socket of its own, exec, and the first word. */
static struct started
start_one(void)
{
	static unsigned number;
	char url[32], block[BLOCK_BYTES];
	struct started started;

	snprintf(url, sizeof(url), "ipc://child%u", number++);
	started.socket = listen_at(url);
	started.pid = spawn_self((const char *const[]){ "child", url, NULL });
	receive_block(&started.socket, block);
	return started;
}

/* That child: says hello, and waits. */
static void
be_child(const char *url)
{
	char block[BLOCK_BYTES] = "hello";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	nng_socket socket = dial(url);
	send_block(&socket, block);
	receive_block(&socket, block);
}

static void
take_restart(const struct plan *plan)
{
	struct started started = start_one();

	for (unsigned long i = 0; i <= plan->count; i++) {
		uint64_t began_ns = clock_ns();
		kill(started.pid, SIGKILL);
		waitpid(started.pid, NULL, 0);
		nng_close(started.socket);
		started = start_one();
		if (i > 0) /* the first one warms up */
			sample((double)(clock_ns() - began_ns));
		sleep_us(plan->pause_us);
	}
}

/* What nobody who restarts it can be faster than: it is reaped later. */
static void
take_end(const struct plan *plan)
{
	siginfo_t info;

	for (unsigned long i = 0; i <= plan->count; i++) {
		struct started started = start_one();
		sleep_us(plan->pause_us);
		uint64_t began_ns = clock_ns();
		kill(started.pid, SIGKILL);
		must(waitid(P_PID, (id_t)started.pid, &info, WEXITED | WNOWAIT) == 0, "waitid");
		if (i > 0) /* the first one warms up */
			sample((double)(clock_ns() - began_ns));
		sleep_us(plan->pause_us);
		waitpid(started.pid, NULL, 0);
		nng_close(started.socket);
	}
}

static void
take_start(const struct plan *plan)
{
	start_one();
	uint64_t began_ns = clock_ns();
	for (unsigned long i = 0; i < plan->count; i++)
		start_one();
	sample((double)(clock_ns() - began_ns) / (double)plan->count);
}

/* All of them live while one is looked at: what they share is none's own. */
static void
take_memory(const struct plan *plan)
{
	pid_t pids[MEMORY_MAX];
	size_t count = plan->count < MEMORY_MAX ? plan->count : MEMORY_MAX;

	for (size_t i = 0; i < count; i++)
		pids[i] = start_one().pid;
	sleep_us(REST_US);
	for (size_t i = 0; i < count; i++)
		sample(private_kib(pids[i]));
}

int
main(int argc, char **argv)
{
	static const struct measure table[] = {
		{ "trips", take_trips },
		{ "oneway", take_oneway },
		{ "restart", take_restart },
		{ "end", take_end },
		{ "start", take_start },
		{ "memory", take_memory },
		{ NULL, NULL },
	};

	if (argc == 2 && strcmp(argv[0], "child") == 0) {
		be_child(argv[1]);
		return 0;
	}
	return measure_main(argc, argv, table);
}
