/* oracle.c: never gives the same number twice, so that an answer which is the same was not asked for again. */
#include <tractor/actor.h>

#include "player.h"

struct oracle {
	int64_t last;
	oracle_silence_promise owed;
};
#define TRACTOR_STATE struct oracle
TRACTOR_SERVE(oracle, ORACLE_PROTOCOL);

static tractor_err
oracle_on_note(struct oracle *self, tractor_ctx *ctx, const struct oracle_note *msg)
{
	return TRACTOR_OK;
}

static tractor_err
oracle_on_number(
	struct oracle *self, tractor_ctx *ctx, const struct oracle_number *msg, struct oracle_answer *reply)
{
	reply->value = ++self->last;
	return TRACTOR_OK;
}

static tractor_err
oracle_on_scroll(
	struct oracle *self, tractor_ctx *ctx, const struct oracle_scroll *msg, struct oracle_words *reply)
{
	void *bytes = tractor_alloc(ctx, msg->size);

	if (!bytes)
		return TRACTOR_ENOMEM;
	reply->bytes = (struct tractor_bytes){ bytes, msg->size };
	return TRACTOR_OK;
}

static tractor_err
oracle_on_secret(
	struct oracle *self, tractor_ctx *ctx, const struct oracle_secret *msg, struct oracle_answer *reply)
{
	return tractor_fail(TRACTOR_EREFUSED, "that is a secret");
}

static tractor_err
oracle_on_silence(
	struct oracle *self, tractor_ctx *ctx, const struct oracle_silence *msg, struct oracle_answer *reply)
{
	return tractor_defer(ctx, &self->owed);
}

static tractor_err
oracle_on_die(struct oracle *self, tractor_ctx *ctx, const struct oracle_die *msg)
{
	tractor_panic(ctx, "as it was foretold");
}

TRACTOR_MAIN(oracle, .serves = TRACTOR_SERVES(oracle));
