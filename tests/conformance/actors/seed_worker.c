/*
 * seed_worker.c: a worker for the pool of examples/worker_pool that works until the test says so: job N at the gate
 * "gate-N" of the folder in its argument `gates`. What then is left to do with a negative number is to panic.
 */
#include <inttypes.h>
#include <stdio.h>

#include <tractor/actor.h>

#include "../../../examples/worker_pool/worker_pool.h"
#include "gate.h"

#define TRACTOR_STATE struct tractor_none
TRACTOR_SERVE(worker, WORKER_PROTOCOL);

static tractor_err
worker_on_run(struct tractor_none *self, tractor_ctx *ctx, const struct worker_run *msg)
{
	int64_t number = msg->job.number;

	gate_pass(tractor_format(ctx, "%s/gate%" PRId64, tractor_arg(ctx, "gates", "."), number));
	tractor_assert(number >= 0);
	tractor_err err =
		tractor_tell(ctx, msg->result, result_is, .ticket = msg->ticket, .value = number * number);
	return err != TRACTOR_OK ? err : tractor_finish(ctx, "done");
}

TRACTOR_MAIN(worker, .serves = TRACTOR_SERVES(worker));
