/* mixer.c: durable, so that all that a handler tells goes out in one go, and its successor knows what it was. */
#include <string.h>

#include <tractor/actor.h>

#include "mixer.h"

struct mixer {
	int64_t last, wrong;
	int64_t sent; /* the last that it has told another one */
};

#define TRACTOR_STATE struct mixer
TRACTOR_SERVE(mixer, MIXER_PROTOCOL);

static uint8_t padding[40000];

/* Mostly small; every third one is too large for a lane, more or less. */
static size_t
padding_of(int64_t number)
{
	return (size_t)(number % 3 == 0 ? number * 97 % (int64_t)sizeof(padding) : number % 300);
}

static bool
is_whole(const struct mixer_item *msg)
{
	size_t wrong = 0;

	for (size_t i = 0; i < msg->padding.size; i++)
		wrong += msg->padding.data[i] != (uint8_t)msg->number;
	return wrong == 0 && msg->padding.size == padding_of(msg->number);
}

static tractor_err
mixer_on_item(struct mixer *self, tractor_ctx *ctx, const struct mixer_item *msg)
{
	if (msg->number != self->last + 1 || !is_whole(msg)) {
		tractor_log(ctx, TRACTOR_ERROR, "%lld behind %lld", (long long)msg->number,
			(long long)self->last);
		self->wrong++;
	}
	self->last = msg->number;
	return TRACTOR_OK;
}

static tractor_err
mixer_on_send(struct mixer *self, tractor_ctx *ctx, const struct mixer_send *msg)
{
	tractor_err err = TRACTOR_OK;

	for (int64_t i = msg->first; err == TRACTOR_OK && i < msg->first + msg->count; i++) {
		memset(padding, (uint8_t)i, padding_of(i));
		err = tractor_tell(
			ctx, msg->to, mixer_item, .number = i, .padding = { padding, padding_of(i) });
	}
	self->sent = msg->first + msg->count - 1;
	return err;
}

static tractor_err
mixer_on_seen(struct mixer *self, tractor_ctx *ctx, const struct mixer_seen *msg, struct mixer_count *reply)
{
	*reply = (struct mixer_count){ .last = self->last, .wrong = self->wrong, .sent = self->sent };
	return TRACTOR_OK;
}

static enum tractor_flow
mixer_panicked(struct mixer *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	return TRACTOR_FLOW_CONTINUE;
}

TRACTOR_MAIN(mixer, .serves = TRACTOR_SERVES(mixer), .durable = true, .on_panic = mixer_panicked);
