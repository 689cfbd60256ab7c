/* roomy.c: has thread-local variables that are larger than what nng's threads need of their stacks. */
#include <tractor/actor.h>

struct roomy {
	size_t used;
};
#define TRACTOR_STATE struct roomy

static _Thread_local volatile char room[1 << 20];

static tractor_err
start(struct roomy *self, tractor_ctx *ctx)
{
	(void)ctx;
	room[sizeof(room) - 1] = 1;
	self->used = sizeof(room);
	return TRACTOR_OK;
}

TRACTOR_MAIN(roomy, .on_start = start);
