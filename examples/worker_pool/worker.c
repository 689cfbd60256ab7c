/*
 * worker.c: does one job and ends. It shows what a process for each job is good for: it may take its time, and a job
 * that it dies of costs nobody else anything. It is started by tractor_spawn() as a member of the pool in the tree.
 */
#include <tractor/actor.h>

#include "worker_pool.h"

#define TRACTOR_STATE struct tractor_none /* no state */
TRACTOR_SERVE(worker, WORKER_PROTOCOL);

static tractor_err
worker_on_run(struct tractor_none *self, tractor_ctx *ctx, const struct worker_run *msg)
{
	int64_t number = msg->job.number;

	/* The work. Waiting in select lets a stop through, which sleeping would not. */
	if (tractor_select(ctx, TRACTOR_AFTER(msg->job.effort_ms)) < 0)
		return TRACTOR_OK;
	tractor_assert(number >= 0); /* a bug, for the demonstration: nobody had said so */
	tractor_err err =
		tractor_tell(ctx, msg->result, result_is, .ticket = msg->ticket, .value = number * number);
	return err != TRACTOR_OK ? err : tractor_finish(ctx, "done");
}

TRACTOR_MAIN(worker, .serves = TRACTOR_SERVES(worker));
