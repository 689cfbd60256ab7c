/*
 * logger.c: writes down every event, and a heartbeat when nothing has come for half a second. It shows a step of an
 * actor's own with select. It keeps nothing: after a crash it starts clean and subscribes again.
 */
#include <stdio.h>

#include <tractor/actor.h>

#include "hub.h"
#include "listener.h"

#define IDLE_MS 500

struct logger {
	size_t count;
};
#define TRACTOR_STATE struct logger
TRACTOR_SERVE(listener, LISTENER_PROTOCOL);

static tractor_err
listener_on_event(struct logger *self, tractor_ctx *ctx, const struct listener_event *msg)
{
	self->count++;
	printf("logged %llu: %s\n", (unsigned long long)msg->number, msg->text);
	return TRACTOR_OK;
}

static tractor_err
on_start(struct logger *self, tractor_ctx *ctx)
{
	hub_ref hub;
	tractor_err err = tractor_find(ctx, hub, tractor_arg(ctx, "hub", "/pub_sub/hub"), &hub);

	if (err != TRACTOR_OK)
		return err;
	return tractor_ask(ctx, hub, TRACTOR_ACK, hub_subscribe, .listener = tractor_self(ctx, listener),
		.name = "the logger");
}

/* The first source that is ready wins, so a message goes before the heartbeat. Negative: it is time to stop. */
static tractor_err
step(struct logger *self, tractor_ctx *ctx)
{
	switch (tractor_select(ctx, TRACTOR_INBOX, TRACTOR_AFTER(IDLE_MS))) {
	case 0: return tractor_dispatch(ctx);
	case 1: printf("heartbeat: %zu logged\n", self->count); break;
	}
	return TRACTOR_OK;
}

TRACTOR_MAIN(logger, .serves = TRACTOR_SERVES(listener), .on_start = on_start, .step = step);
