/*
 * counter.c: the smallest useful actor, as a program of its own. It shows a state, a tell, an ask and what makes
 * an actor of them. counter.yaml starts it:
 *
 *	tractor run examples/counter/counter.yaml
 *	tractor tell /counter/counter counter.increment '{"by":3}'
 *	tractor ask /counter/counter counter.get
 */
#include <tractor/actor.h>

#include "counter.h"

struct counter {
	int64_t total; /* the state is all zero at first */
};
#define TRACTOR_STATE struct counter
TRACTOR_SERVE(counter, COUNTER_PROTOCOL);

static tractor_err
counter_on_increment(struct counter *self, tractor_ctx *ctx, const struct counter_increment *msg)
{
	self->total += msg->by;
	return TRACTOR_OK;
}

static tractor_err
counter_on_get(
	struct counter *self, tractor_ctx *ctx, const struct counter_get *msg, struct counter_total *reply)
{
	reply->total = self->total;
	return TRACTOR_OK;
}

TRACTOR_MAIN(counter, .serves = TRACTOR_SERVES(counter));
