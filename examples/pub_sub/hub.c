/*
 * hub.c: passes every event on to all who have subscribed. It shows refs that came in a message and are kept, an
 * error as a handler's answer, and a durable state: a crash of the hub costs the event that it had in hand, and no
 * subscription.
 */
#include <stdio.h>

#include <tractor/actor.h>

#include "hub.h"

#define LISTENERS_MAX 16

/* Refs are plain values, so they may stand in durable state. They mean the slot in the tree, not the process. */
struct hub {
	uint64_t published;
	size_t count;
	listener_ref listeners[LISTENERS_MAX];
};
#define TRACTOR_STATE struct hub
TRACTOR_SERVE(hub, HUB_PROTOCOL);

static tractor_err
hub_on_subscribe(
	struct hub *self, tractor_ctx *ctx, const struct hub_subscribe *msg, struct tractor_none *reply)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->listeners[i].at.actor == msg->listener.at.actor)
			return TRACTOR_OK; /* started anew: the ref that is here still reaches it */
	if (self->count == LISTENERS_MAX)
		return tractor_fail(TRACTOR_EREFUSED, "no room for more than %d listeners", LISTENERS_MAX);
	self->listeners[self->count++] = msg->listener;
	printf("%s has subscribed\n", msg->name);
	return TRACTOR_OK;
}

/* A tell waits for no handler, only for room in a full mailbox; try_tell does not even do that. */
static tractor_err
hub_on_publish(struct hub *self, tractor_ctx *ctx, const struct hub_publish *msg)
{
	size_t kept = 0;

	self->published++;
	for (size_t i = 0; i < self->count; i++) {
		tractor_err err = tractor_try_tell(ctx, self->listeners[i], listener_event,
			.number = self->published, .text = msg->text);
		if (err == TRACTOR_ESTOPPED)
			continue; /* gone for good, so it is forgotten */
		if (err != TRACTOR_OK)
			tractor_log(ctx, TRACTOR_WARNING, "event %llu is lost to a listener: %s",
				(unsigned long long)self->published, tractor_why());
		self->listeners[kept++] = self->listeners[i];
	}
	self->count = kept;
	return TRACTOR_OK;
}

static enum tractor_flow
on_panic(struct hub *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	printf("the one before died (%s); %zu subscriptions live on\n", tractor_cause_name(panic->cause),
		self->count);
	return TRACTOR_FLOW_CONTINUE;
}

TRACTOR_MAIN(hub, .serves = TRACTOR_SERVES(hub), .durable = true, .on_panic = on_panic);
