/*
 * foreman.c: has a number of slots and gives each job a worker of its own. It shows tractor_spawn() for a pool whose
 * members come and go, tractor_defer() and tractor_reply() for a line of askers who wait, and tractor_monitor(),
 * without which a worker that crashed would keep its slot for ever.
 *
 * Arguments: `slots`, jobs at a time (0: no limit but the memory below), and `workers`, the pool's path.
 */
#include <stdlib.h>

#include <tractor/actor.h>

#include "worker_pool.h"

#define RUNNING_MAX 64
#define WAITING_MAX 64

/* A job that has a slot. Its result comes first and then the end of its worker, or that end alone. */
struct running {
	struct tractor_address worker; /* all zero: this slot is free */
	uint64_t ticket;
	receipt_ref receipt;
	bool ok;
	int64_t value;
};

/* A job in line, and the reply that is owed for it. */
struct waiting {
	struct job job;
	receipt_ref receipt;
	foreman_submit_promise promise;
};

struct foreman {
	size_t slots;
	uint64_t last_ticket;
	struct running running[RUNNING_MAX];
	struct waiting line[WAITING_MAX]; /* a ring */
	size_t first, line_length;
};
#define TRACTOR_STATE struct foreman
TRACTOR_SERVE(foreman, FOREMAN_PROTOCOL);
TRACTOR_SERVE(result, RESULT_PROTOCOL);

/* NULL: all slots are taken. */
static struct running *
free_slot(struct foreman *self)
{
	for (size_t i = 0; i < self->slots; i++)
		if (self->running[i].worker.actor == 0)
			return &self->running[i];
	return NULL;
}

/* Gives the job this slot and a worker, which is on its own from then on. */
static tractor_err
grant(struct foreman *self, tractor_ctx *ctx, struct running *slot, const struct job *job,
	receipt_ref receipt)
{
	worker_ref worker;
	uint64_t ticket = self->last_ticket + 1;
	tractor_err err = tractor_spawn(ctx, worker, tractor_arg(ctx, "workers", "/worker_pool/workers"),
		&worker, .name = tractor_format(ctx, "job-%llu", (unsigned long long)ticket));

	if (err != TRACTOR_OK)
		return err;
	err = tractor_monitor(ctx, worker);
	if (err == TRACTOR_OK)
		err = tractor_tell(ctx, worker, worker_run, .ticket = ticket, .job = *job,
			.result = tractor_self(ctx, result));
	if (err != TRACTOR_OK) {
		tractor_stop(ctx, worker);
		return err;
	}
	*slot = (struct running){ .worker = worker.at, .ticket = ticket, .receipt = receipt };
	self->last_ticket = ticket;
	return TRACTOR_OK;
}

/* Does not wait, and never goes before those who do. */
static tractor_err
foreman_on_try_submit(struct foreman *self, tractor_ctx *ctx, const struct foreman_try_submit *msg,
	struct foreman_ticket *reply)
{
	struct running *slot = free_slot(self);

	if (slot == NULL || self->line_length > 0)
		return tractor_fail(TRACTOR_EFULL, "all %zu slots are taken", self->slots);
	tractor_err err = grant(self, ctx, slot, &msg->job, msg->receipt);
	reply->ticket = self->last_ticket;
	return err;
}

/* Without a free slot the reply is deferred: the asker waits, and the foreman does not. */
static tractor_err
foreman_on_submit(struct foreman *self, tractor_ctx *ctx, const struct foreman_submit *msg,
	struct foreman_ticket *reply)
{
	struct running *slot = free_slot(self);
	struct waiting *last = &self->line[(self->first + self->line_length) % WAITING_MAX];

	if (slot != NULL && self->line_length == 0) {
		tractor_err err = grant(self, ctx, slot, &msg->job, msg->receipt);
		reply->ticket = self->last_ticket;
		return err;
	}
	if (self->line_length == WAITING_MAX)
		return tractor_fail(TRACTOR_EFULL, "%d wait already", WAITING_MAX);
	*last = (struct waiting){ .job = msg->job, .receipt = msg->receipt };
	self->line_length++;
	return tractor_defer(ctx, &last->promise);
}

/* First come, first served, as long as there are slots. */
static void
serve_line(struct foreman *self, tractor_ctx *ctx)
{
	struct running *slot;

	while (self->line_length > 0 && (slot = free_slot(self)) != NULL) {
		struct waiting *next = &self->line[self->first];
		tractor_err err = grant(self, ctx, slot, &next->job, next->receipt);
		if (err == TRACTOR_OK)
			tractor_reply(ctx, &next->promise, foreman_submit, .ticket = slot->ticket);
		else
			tractor_refuse(ctx, &next->promise, err);
		self->first = (self->first + 1) % WAITING_MAX;
		self->line_length--;
	}
}

static tractor_err
result_on_is(struct foreman *self, tractor_ctx *ctx, const struct result_is *msg)
{
	for (size_t i = 0; i < self->slots; i++) {
		struct running *slot = &self->running[i];
		if (slot->worker.actor == 0 || slot->ticket != msg->ticket)
			continue;
		slot->ok = true;
		slot->value = msg->value;
	}
	return TRACTOR_OK;
}

/*
 * A worker has ended, one way or the other. The receipt is a try_tell: a customer who is busy, or who never looks
 * into his mailbox, does not hold up the pool.
 */
static tractor_err
on_down(struct foreman *self, tractor_ctx *ctx, const struct tractor_down *down)
{
	for (size_t i = 0; i < self->slots; i++) {
		struct running *slot = &self->running[i];
		if (slot->worker.actor != down->who.actor)
			continue;
		tractor_err err = tractor_try_tell(ctx, slot->receipt, receipt_done, .ticket = slot->ticket,
			.ok = slot->ok, .result = slot->value, .reason = slot->ok ? "" : down->reason);
		if (err != TRACTOR_OK)
			tractor_log(ctx, TRACTOR_WARNING, "job %llu has nobody to give its receipt to: %s",
				(unsigned long long)slot->ticket, tractor_why());
		*slot = (struct running){ .ticket = 0 };
	}
	serve_line(self, ctx);
	return TRACTOR_OK;
}

static tractor_err
on_start(struct foreman *self, tractor_ctx *ctx)
{
	const char *slots = tractor_arg(ctx, "slots", "0");

	self->slots = strtoul(slots, NULL, 10);
	if (self->slots > RUNNING_MAX)
		return tractor_fail(TRACTOR_EINVAL, "slots: %s is more than %d", slots, RUNNING_MAX);
	if (self->slots == 0)
		self->slots = RUNNING_MAX;
	return TRACTOR_OK;
}

TRACTOR_MAIN(foreman, .serves = TRACTOR_SERVES(foreman, result), .on_start = on_start, .on_down = on_down);
