/* A hook takes the state of another actor. */
/* expect: error.*incompatible.*pointer type */
/* expect: reader_start */
#include <tractor/actor.h>

#include "protocols.h"

struct writer {
	counter_ref counter;
};

struct reader {
	counter_ref counter;
};
#define TRACTOR_STATE struct reader
TRACTOR_SERVE(reader, READER_PROTOCOL);

static tractor_err
reader_on_get(
	struct reader *self, tractor_ctx *ctx, const struct reader_get *msg, struct counter_total *reply)
{
	return TRACTOR_OK;
}

static tractor_err
reader_start(struct writer *self, tractor_ctx *ctx)
{
	return tractor_find(ctx, counter, "/shop/counter", &self->counter);
}

TRACTOR_MAIN(reader, .on_start = reader_start, .serves = TRACTOR_SERVES(reader));
