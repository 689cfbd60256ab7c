/* roomy.c: has thread-local variables that are larger than what nng's threads need of their stacks. */
#include <tractor/actor.h>

#ifndef ROOM_BYTES
#define ROOM_BYTES (1 << 20)
#endif

struct roomy {
	size_t used;
};
#define TRACTOR_STATE struct roomy

static _Thread_local volatile char room[ROOM_BYTES];

static tractor_err
start(struct roomy *self, tractor_ctx *ctx)
{
	(void)ctx;
	room[sizeof(room) - 1] = 1;
	self->used = sizeof(room);
	return TRACTOR_OK;
}

TRACTOR_MAIN(roomy, .on_start = start);
