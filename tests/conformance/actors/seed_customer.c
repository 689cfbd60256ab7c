/* seed_customer.c: gets the receipts of the worker pool (examples/worker_pool) and prints them; can be kept from it. */
#include <inttypes.h>
#include <stdio.h>

#include <tractor/actor.h>

#include "../../../examples/worker_pool/worker_pool.h"
#include "customer.h"
#include "gate.h"

#define TRACTOR_STATE struct tractor_none
TRACTOR_SERVE(receipt, RECEIPT_PROTOCOL);
TRACTOR_SERVE(customer, CUSTOMER_PROTOCOL);

static tractor_err
receipt_on_done(struct tractor_none *self, tractor_ctx *ctx, const struct receipt_done *msg)
{
	printf("ticket %" PRIu64 ": %s %" PRId64 "\n", msg->ticket, msg->ok ? "done" : "lost", msg->result);
	return TRACTOR_OK;
}

static tractor_err
customer_on_block(struct tractor_none *self, tractor_ctx *ctx, const struct customer_block *msg)
{
	gate_pass(msg->gate);
	return TRACTOR_OK;
}

static tractor_err
customer_on_settle(struct tractor_none *self, tractor_ctx *ctx, const struct customer_settle *msg,
	struct tractor_none *reply)
{
	return TRACTOR_OK;
}

TRACTOR_MAIN(customer, .serves = TRACTOR_SERVES(receipt, customer));
