/*
 * ticker.c: counts the seconds since its start, beside crashy. It shows a message to oneself for later, and that
 * nothing of what goes on next to it reaches it: its count would begin anew.
 */
#include <stdio.h>

#include <tractor/actor.h>

#include "crashy.h"

#define TICK_MS 1000

struct ticker {
	uint64_t ticks;
};
#define TRACTOR_STATE struct ticker
TRACTOR_SERVE(ticker, TICKER_PROTOCOL);

static tractor_err
next_tick(tractor_ctx *ctx)
{
	return tractor_tell_after(ctx, TICK_MS, NULL, tractor_self(ctx, ticker), ticker_tick);
}

static tractor_err
ticker_on_tick(struct ticker *self, tractor_ctx *ctx, const struct ticker_tick *msg)
{
	self->ticks++;
	printf("tick %llu\n", (unsigned long long)self->ticks);
	return next_tick(ctx);
}

static tractor_err
ticker_on_get(struct ticker *self, tractor_ctx *ctx, const struct ticker_get *msg, struct ticker_ticks *reply)
{
	reply->ticks = self->ticks;
	return TRACTOR_OK;
}

static tractor_err
on_start(struct ticker *self, tractor_ctx *ctx)
{
	return next_tick(ctx);
}

TRACTOR_MAIN(ticker, .serves = TRACTOR_SERVES(ticker), .on_start = on_start);
