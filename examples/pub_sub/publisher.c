/*
 * publisher.c: publishes four events at once, and then one more every now and then until the tree is stopped. It
 * shows an actor that serves no protocol and acts by itself.
 */
#include <tractor/actor.h>

#include "hub.h"

#define PAUSE_MS 900 /* more than the logger's half second, so that its heart is heard */

static const char *const events[] = { "doors open", "curtain up", "interval", "curtain down" };
#define EVENT_COUNT (sizeof(events) / sizeof(events[0]))

struct publisher {
	hub_ref hub;
	size_t published;
};
#define TRACTOR_STATE struct publisher

static tractor_err
on_start(struct publisher *self, tractor_ctx *ctx)
{
	return tractor_find(ctx, hub, tractor_arg(ctx, "hub", "/pub_sub/hub"), &self->hub);
}

static tractor_err
step(struct publisher *self, tractor_ctx *ctx)
{
	bool has_more = self->published < EVENT_COUNT;

	if (tractor_select(ctx, TRACTOR_AFTER(has_more ? 0 : PAUSE_MS)) < 0)
		return TRACTOR_OK; /* to be stopped */
	tractor_err err = tractor_tell(
		ctx, self->hub, hub_publish, .text = has_more ? events[self->published] : "encore");
	if (err == TRACTOR_OK)
		self->published++;
	return err; /* an error ends this process, and the supervisor starts the next */
}

/* It goes on where the one before stopped: nobody wants to see the doors open twice. */
static enum tractor_flow
on_panic(struct publisher *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	tractor_log(ctx, TRACTOR_INFO, "the one before died (%s) after %zu events",
		tractor_cause_name(panic->cause), self->published);
	return TRACTOR_FLOW_CONTINUE;
}

TRACTOR_MAIN(publisher, .durable = true, .on_start = on_start, .step = step, .on_panic = on_panic);
