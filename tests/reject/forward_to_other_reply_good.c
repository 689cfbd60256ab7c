/* A handler hands its duty to a message with another reply. */
#include <tractor/actor.h>

#include "protocols.h"

struct reader {
	counter_ref counter;
};
#define TRACTOR_STATE struct reader
TRACTOR_SERVE(reader, READER_PROTOCOL);

static tractor_err
reader_on_get(
	struct reader *self, tractor_ctx *ctx, const struct reader_get *msg, struct counter_total *reply)
{
	return tractor_forward(ctx, self->counter, reply, counter_get);
}

TRACTOR_MAIN(reader, .serves = TRACTOR_SERVES(reader));
