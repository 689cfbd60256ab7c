/* peer_zmq.c: ZeroMQ PAIR over ipc, as it comes. No context exists in a process that forks. */
#include <zmq.h>

#include "blocks.h"

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

static struct blocks
end_of(int (*attach)(void *socket, const char *url))
{
	return (struct blocks){ send_block, receive_block, open_socket(attach) };
}

static struct blocks
dial(void)
{
	return end_of(zmq_connect);
}

static struct blocks
listen_there(void)
{
	return end_of(zmq_bind);
}

static void
take_trips(const struct plan *plan)
{
	blocks_take_trips(plan, dial, listen_there);
}

static void
take_oneway(const struct plan *plan)
{
	blocks_take_oneway(plan, dial, listen_there);
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
