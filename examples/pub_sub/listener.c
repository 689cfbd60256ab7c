/*
 * listener.c: Alice and Bob, two actors of the tree and one program. It shows the hooks of an actor's life: on_start
 * subscribes, on_stop tells how many events were heard, and on_panic lets the successor of a process that died go on
 * with its count.
 */
#include <stdio.h>

#include <tractor/actor.h>

#include "hub.h"
#include "listener.h"

struct listener {
	uint64_t heard;
};
#define TRACTOR_STATE struct listener
TRACTOR_SERVE(listener, LISTENER_PROTOCOL);

static tractor_err
listener_on_event(struct listener *self, tractor_ctx *ctx, const struct listener_event *msg)
{
	self->heard++;
	printf("event %llu: %s\n", (unsigned long long)msg->number, msg->text);
	return TRACTOR_OK;
}

static tractor_err
on_start(struct listener *self, tractor_ctx *ctx)
{
	hub_ref hub;
	tractor_err err = tractor_find(ctx, hub, tractor_arg(ctx, "hub", "/pub_sub/hub"), &hub);

	if (err != TRACTOR_OK)
		return err;
	return tractor_ask(ctx, hub, TRACTOR_ACK, hub_subscribe, .listener = tractor_self(ctx, listener),
		.name = tractor_arg(ctx, "name", tractor_path(ctx)));
}

/* Continue: on_start is not run, and needs not be. The hub's ref means this slot, whichever process is in it. */
static enum tractor_flow
on_panic(struct listener *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	printf("incarnation %u here; the one before died (%s) after %llu events\n", tractor_incarnation(ctx),
		tractor_cause_name(panic->cause), (unsigned long long)self->heard);
	return TRACTOR_FLOW_CONTINUE;
}

static tractor_err
on_stop(struct listener *self, tractor_ctx *ctx)
{
	printf("heard %llu events\n", (unsigned long long)self->heard);
	return TRACTOR_OK;
}

TRACTOR_MAIN(listener, .serves = TRACTOR_SERVES(listener), .durable = true, .on_start = on_start,
	.on_panic = on_panic, .on_stop = on_stop);
