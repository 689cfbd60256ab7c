/*
 * customer.c: brings the foreman of two slots five jobs, one of which kills its worker. It shows futures: several asks
 * under way at a time, and a select that waits for a message and for a future, whichever is first.
 */
#include <stdio.h>

#include <tractor/actor.h>

#include "worker_pool.h"

/* The first two get a slot at once, the others wait in line. The third is the one that nobody should have brought. */
static const struct job jobs[] = {
	{ .number = 3, .effort_ms = 300 },
	{ .number = 4, .effort_ms = 600 },
	{ .number = -1, .effort_ms = 100 },
	{ .number = 5, .effort_ms = 400 },
	{ .number = 6, .effort_ms = 100 },
};
#define JOB_COUNT (sizeof(jobs) / sizeof(jobs[0]))

struct customer {
	foreman_submit_future granted[JOB_COUNT];
	size_t next; /* whose turn in line it is: first come, first served */
	size_t brought, settled;
};
#define TRACTOR_STATE struct customer
TRACTOR_SERVE(receipt, RECEIPT_PROTOCOL);

static tractor_err
receipt_on_done(struct customer *self, tractor_ctx *ctx, const struct receipt_done *msg)
{
	if (msg->ok)
		printf("ticket %llu: the square is %lld\n", (unsigned long long)msg->ticket,
			(long long)msg->result);
	else
		printf("ticket %llu: the worker died: %s\n", (unsigned long long)msg->ticket, msg->reason);
	if (++self->settled == self->brought)
		printf("all %zu jobs are settled\n", self->settled);
	return TRACTOR_OK;
}

static tractor_err
on_start(struct customer *self, tractor_ctx *ctx)
{
	receipt_ref receipt = tractor_self(ctx, receipt);
	foreman_ref foreman;
	struct foreman_ticket ticket;
	tractor_err err =
		tractor_find(ctx, foreman, tractor_arg(ctx, "foreman", "/worker_pool/foreman"), &foreman);

	for (size_t i = 0; i < JOB_COUNT && err == TRACTOR_OK; i++)
		err = tractor_ask_async(
			ctx, foreman, &self->granted[i], foreman_submit, .job = jobs[i], .receipt = receipt);
	if (err != TRACTOR_OK)
		return err;
	/* This one will not wait, so it is refused. What comes after the others in line never goes before them. */
	err = tractor_ask(ctx, foreman, &ticket, foreman_try_submit, .job = jobs[0], .receipt = receipt);
	self->brought = JOB_COUNT + (err == TRACTOR_OK ? 1 : 0);
	printf("in a hurry: %s\n", err == TRACTOR_OK ? "a slot was free" : tractor_why());
	return TRACTOR_OK;
}

static tractor_err
job_granted(struct customer *self, tractor_ctx *ctx)
{
	struct foreman_ticket ticket;
	int64_t number = jobs[self->next].number;
	tractor_err err = tractor_await(ctx, &self->granted[self->next], &ticket, TRACTOR_FOREVER);

	self->next++;
	if (err == TRACTOR_OK)
		printf("ticket %llu: %lld is in work\n", (unsigned long long)ticket.ticket,
			(long long)number);
	else
		printf("%lld was not taken: %s\n", (long long)number, tractor_why());
	return TRACTOR_OK;
}

static tractor_err
step(struct customer *self, tractor_ctx *ctx)
{
	if (self->next == JOB_COUNT)
		return tractor_dispatch(ctx);
	switch (tractor_select(ctx, TRACTOR_FUTURE(&self->granted[self->next]), TRACTOR_INBOX)) {
	case 0: return job_granted(self, ctx);
	case 1: return tractor_dispatch(ctx);
	}
	return TRACTOR_OK;
}

TRACTOR_MAIN(customer, .serves = TRACTOR_SERVES(receipt), .on_start = on_start, .step = step);
