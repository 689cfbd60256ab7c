/*
 * bank.c: the actors of the bank, twice: as one writes them first, and (with BANK_DURABLE) as they survive anything. The difference is two words here and one in the tree file: a durable state, whose
 * handlers happen whole or not at all, and `redeliver: true`, which has the message in hand at a crash handled again.
 */
#include <tractor/actor.h>

#include "bank.h"

#ifndef BANK_DURABLE
#define BANK_DURABLE false
#endif

static enum tractor_flow
go_on(void)
{
	return BANK_DURABLE ? TRACTOR_FLOW_CONTINUE : TRACTOR_FLOW_STOP;
}

/* --- account --- */

struct account {
	int64_t balance;
};
#define TRACTOR_STATE struct account
TRACTOR_SERVE(account, ACCOUNT_PROTOCOL);

static tractor_err
account_start(struct account *self, tractor_ctx *ctx)
{
	self->balance = BANK_OPENING;
	return TRACTOR_OK;
}

static enum tractor_flow
account_panicked(struct account *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	return go_on();
}

static tractor_err
account_on_put(struct account *self, tractor_ctx *ctx, const struct account_put *msg)
{
	self->balance += msg->amount;
	return TRACTOR_OK;
}

static tractor_err
account_on_balance(struct account *self, tractor_ctx *ctx, const struct account_balance *msg,
	struct account_money *reply)
{
	reply->amount = self->balance;
	return TRACTOR_OK;
}

TRACTOR_ACTOR(account, .serves = TRACTOR_SERVES(account), .durable = BANK_DURABLE, .on_start = account_start,
	.on_panic = account_panicked);

/* --- teller --- */

struct teller {
	account_ref from, to; /* in durable state, too: a ref means a place in the tree */
};
#undef TRACTOR_STATE
#define TRACTOR_STATE struct teller
TRACTOR_SERVE(teller, TELLER_PROTOCOL);

static tractor_err
teller_start(struct teller *self, tractor_ctx *ctx)
{
	tractor_err err = tractor_find(ctx, account, "/bank/alice", &self->from);

	return err == TRACTOR_OK ? tractor_find(ctx, account, "/bank/bob", &self->to) : err;
}

static enum tractor_flow
teller_panicked(struct teller *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	return go_on();
}

static tractor_err
teller_on_transfer(struct teller *self, tractor_ctx *ctx, const struct teller_transfer *msg)
{
	tractor_err err = tractor_tell(ctx, self->from, account_put, .amount = -msg->amount);

	return err == TRACTOR_OK ? tractor_tell(ctx, self->to, account_put, .amount = msg->amount) : err;
}

TRACTOR_ACTOR(teller, .serves = TRACTOR_SERVES(teller), .durable = BANK_DURABLE, .on_start = teller_start,
	.on_panic = teller_panicked);

TRACTOR_BINARY(&account_actor, &teller_actor);
