/* peer_zmq.c: ZeroMQ PAIR over ipc, as it comes. No context exists in a process that forks. */
#include <string.h>
#include <zmq.h>

#include "samples.h"

#define URL "ipc://pair"

static void *
open_socket(int (*attach)(void *socket, const char *url))
{
	void *context = zmq_ctx_new();
	void *socket = context ? zmq_socket(context, ZMQ_PAIR) : NULL;

	if (!socket || attach(socket, URL) != 0)
		fail("zmq: %s", zmq_strerror(zmq_errno()));
	return socket;
}

static void
send_block(void *socket, const void *block)
{
	if (zmq_send(socket, block, BLOCK_BYTES, 0) != BLOCK_BYTES)
		fail("zmq: %s", zmq_strerror(zmq_errno()));
}

static void
receive_block(void *socket, void *block)
{
	if (zmq_recv(socket, block, BLOCK_BYTES, 0) != BLOCK_BYTES)
		fail("zmq: %s", zmq_strerror(zmq_errno()));
}

static void
serve_echo(void)
{
	void *socket = open_socket(zmq_connect);

	for (char block[BLOCK_BYTES];;) {
		receive_block(socket, block);
		send_block(socket, block);
	}
}

static void
trip(void *socket)
{
	char block[BLOCK_BYTES] = "there and back";

	send_block(socket, block);
	receive_block(socket, block);
}

static void
take_trips(const struct plan *plan)
{
	if (fork_peer() == 0)
		serve_echo();
	sample_trips(plan, 1, trip, open_socket(zmq_bind));
}

/* A block that begins with a number says how many come after it; they are answered together. */
static void
serve_oneway(void)
{
	void *socket = open_socket(zmq_connect);
	unsigned long count;

	for (char block[BLOCK_BYTES];;) {
		receive_block(socket, block);
		memcpy(&count, block, sizeof(count));
		while (count-- > 0)
			receive_block(socket, block);
		send_block(socket, block);
	}
}

static void
send_all(void *socket, unsigned long count)
{
	char block[BLOCK_BYTES] = "";

	memcpy(block, &count, sizeof(count));
	for (unsigned long i = 0; i <= count; i++)
		send_block(socket, block);
	receive_block(socket, block);
}

static void
take_oneway(const struct plan *plan)
{
	if (fork_peer() == 0)
		serve_oneway();
	sample_oneway(plan, send_all, open_socket(zmq_bind));
}

int
main(int argc, char **argv)
{
	static const struct measure table[] = {
		{ "trips", take_trips },
		{ "oneway", take_oneway },
		{ NULL, NULL },
	};

	return measure_main(argc, argv, table);
}
