/* blocks.c: see blocks.h. The other process serves until it is killed with ours. */
#include "blocks.h"

#include <string.h>

/* --- there and back --- */

static _Noreturn void
serve_echo(const struct blocks *end)
{
	for (char block[BLOCK_BYTES];;) {
		end->receive(end->socket, block);
		end->send(end->socket, block);
	}
}

static void
trip(void *arg)
{
	const struct blocks *end = arg;
	char block[BLOCK_BYTES] = "there and back";

	end->send(end->socket, block);
	end->receive(end->socket, block);
}

void
blocks_take_trips(const struct plan *plan, struct blocks (*dial)(void), struct blocks (*listen)(void))
{
	struct blocks end;

	if (fork_peer() == 0) {
		end = dial();
		serve_echo(&end);
	}
	end = listen();
	sample_trips(plan, 1, trip, &end);
}

/* --- one way --- */

/* A block that begins with a number says how many come after it; they are answered together. */
static _Noreturn void
serve_oneway(const struct blocks *end)
{
	unsigned long count;

	for (char block[BLOCK_BYTES];;) {
		end->receive(end->socket, block);
		memcpy(&count, block, sizeof(count));
		while (count-- > 0)
			end->receive(end->socket, block);
		end->send(end->socket, block);
	}
}

static void
send_all(void *arg, unsigned long count)
{
	const struct blocks *end = arg;
	char block[BLOCK_BYTES] = "";

	memcpy(block, &count, sizeof(count));
	for (unsigned long i = 0; i <= count; i++)
		end->send(end->socket, block);
	end->receive(end->socket, block);
}

void
blocks_take_oneway(const struct plan *plan, struct blocks (*dial)(void), struct blocks (*listen)(void))
{
	struct blocks end;

	if (fork_peer() == 0) {
		end = dial();
		serve_oneway(&end);
	}
	end = listen();
	sample_oneway(plan, send_all, &end);
}
