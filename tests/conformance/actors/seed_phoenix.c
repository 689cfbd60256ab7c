/*
 * seed_phoenix.c: an actor with durable state, which says in full what its on_panic is told. Arguments: `flow`: "continue"
 * or "stop"; `start`: a way to die in on_start.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "death.h"
#include "phoenix.h"

struct phoenix {
	int64_t total, starts;
};

#define TRACTOR_STATE struct phoenix
TRACTOR_SERVE(phoenix, PHOENIX_PROTOCOL);

static tractor_err
phoenix_on_add(struct phoenix *self, tractor_ctx *ctx, const struct phoenix_add *msg)
{
	self->total += msg->n;
	die(ctx, msg->how);
	return TRACTOR_OK;
}

static tractor_err
phoenix_on_get(
	struct phoenix *self, tractor_ctx *ctx, const struct phoenix_get *msg, struct phoenix_state *reply)
{
	reply->total = self->total;
	reply->starts = self->starts;
	reply->incarnation = tractor_incarnation(ctx);
	return TRACTOR_OK;
}

static tractor_err
phoenix_on_add_and_get(struct phoenix *self, tractor_ctx *ctx, const struct phoenix_add_and_get *msg,
	struct phoenix_state *reply)
{
	self->total += msg->n;
	die(ctx, msg->how);
	return phoenix_on_get(self, ctx, &(struct phoenix_get){ .tri_ = 0 }, reply);
}

static tractor_err
on_start(struct phoenix *self, tractor_ctx *ctx)
{
	puts("start");
	self->starts++;
	die(ctx, tractor_arg(ctx, "start", ""));
	return TRACTOR_OK;
}

static tractor_err
on_stop(struct phoenix *self, tractor_ctx *ctx)
{
	printf("stop %" PRId64 "\n", self->total);
	return TRACTOR_OK;
}

static enum tractor_flow
on_panic(struct phoenix *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	printf("panic of %u: cause %s, signal %d, code %d, message %s, digest %s, text \"%s\"\n",
		panic->incarnation, tractor_cause_name(panic->cause), panic->signal, panic->code,
		panic->message != NULL ? panic->message : "none", panic->digest != 0 ? "known" : "none",
		panic->text);
	return strcmp(tractor_arg(ctx, "flow", "stop"), "continue") == 0 ? TRACTOR_FLOW_CONTINUE
									 : TRACTOR_FLOW_STOP;
}

TRACTOR_MAIN(phoenix, .serves = TRACTOR_SERVES(phoenix), .durable = true, .on_start = on_start,
	.on_stop = on_stop, .on_panic = on_panic);
