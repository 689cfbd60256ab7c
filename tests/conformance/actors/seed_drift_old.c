/* seed_drift_old.c: serves version 1 of drift.h. */
#include <tractor/actor.h>

#define DRIFT_VERSION 1
#include "drift.h"
#include "finder.h"

#define TRACTOR_STATE struct tractor_none
TRACTOR_SERVE(drift, DRIFT_PROTOCOL);
TRACTOR_SERVE(finder, FINDER_PROTOCOL);

static tractor_err
drift_on_level(
	struct tractor_none *self, tractor_ctx *ctx, const struct drift_level *msg, struct drift_value *reply)
{
	reply->value = msg->metres;
	return TRACTOR_OK;
}

static tractor_err
drift_on_same(
	struct tractor_none *self, tractor_ctx *ctx, const struct drift_same *msg, struct drift_value *reply)
{
	reply->value = msg->value;
	return TRACTOR_OK;
}

static tractor_err
finder_on_find(struct tractor_none *self, tractor_ctx *ctx, const struct finder_find *msg,
	struct finder_found *reply)
{
	drift_ref ref;

	reply->err = tractor_find(ctx, drift, msg->path, &ref);
	reply->why = reply->err == TRACTOR_OK ? "" : tractor_format(ctx, "%s", tractor_why());
	return TRACTOR_OK;
}

TRACTOR_MAIN(drift_old, .serves = TRACTOR_SERVES(drift, finder));
