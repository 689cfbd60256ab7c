/*
 * crashy.c: crashes on request, in every way that C has on offer. It shows what each looks like from outside, in
 * `tractor status` and `tractor crashes show`, and on_panic, which is told of it and keeps the history:
 *
 *	tractor tell /crashy/crashy crashy.null_dereference
 *	tractor ask /crashy/crashy crashy.history
 *
 * The faults are meant. Much here is volatile, so that the optimizer cannot see them coming and have them away.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <tractor/actor.h>

#include "crashy.h"

#define BLOCK_BYTES 2000 /* more than the allocator keeps unchecked */
#define OVERRUN_BYTES 16

struct crashy {
	uint64_t deaths;
	char last[64];
};
#define TRACTOR_STATE struct crashy
TRACTOR_SERVE(crashy, CRASHY_PROTOCOL);

static tractor_err
crashy_on_null_dereference(struct crashy *self, tractor_ctx *ctx, const struct crashy_null_dereference *msg)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
	return TRACTOR_OK;
}

/* Ends, as far as a compiler can tell. */
static size_t
dig(volatile size_t *depth)
{
	volatile char room[4096];

	room[0] = 0;
	*depth += 1;
	return *depth == 0 ? 0 : dig(depth) + (size_t)room[0];
}

/* The crash is caught on a stack of its own, or it could not be reported. */
static tractor_err
crashy_on_stack_overflow(struct crashy *self, tractor_ctx *ctx, const struct crashy_stack_overflow *msg)
{
	volatile size_t depth = 0;

	dig(&depth);
	return TRACTOR_OK;
}

/* Kills on x86. Other processors have an answer to it, so there it takes a little help. */
static tractor_err
crashy_on_division_by_zero(struct crashy *self, tractor_ctx *ctx, const struct crashy_division_by_zero *msg)
{
	volatile int zero = 0, result = 1 / zero;

	(void)result;
	raise(SIGFPE);
	return TRACTOR_OK;
}

/* The damage is done where it is not seen; the C library finds it when it looks there, and aborts. */
static tractor_err
crashy_on_heap_corruption(struct crashy *self, tractor_ctx *ctx, const struct crashy_heap_corruption *msg)
{
	volatile char *volatile block = malloc(BLOCK_BYTES);

	if (block == NULL)
		return TRACTOR_ENOMEM;
	for (size_t i = 0; i < OVERRUN_BYTES; i++)
		block[BLOCK_BYTES + i] = 0x41;
	free((void *)block);
	return TRACTOR_OK;
}

/* What ends this is `handler_timeout` in the tree file. */
static tractor_err
crashy_on_endless_loop(struct crashy *self, tractor_ctx *ctx, const struct crashy_endless_loop *msg)
{
	volatile bool forever = true;

	while (forever)
		;
	return TRACTOR_OK;
}

static tractor_err
crashy_on_exit(struct crashy *self, tractor_ctx *ctx, const struct crashy_exit *msg)
{
	exit(3);
}

static tractor_err
crashy_on_panic(struct crashy *self, tractor_ctx *ctx, const struct crashy_panic *msg)
{
	tractor_panic(ctx, "%s", *msg->text != '\0' ? msg->text : "as it was asked to");
}

static tractor_err
crashy_on_history(
	struct crashy *self, tractor_ctx *ctx, const struct crashy_history *msg, struct crashy_deaths *reply)
{
	reply->count = self->deaths;
	reply->last = self->last;
	return TRACTOR_OK;
}

/* In the successor, before its first message: what killed the one before, and what it had in hand. */
static enum tractor_flow
on_panic(struct crashy *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	self->deaths++;
	snprintf(self->last, sizeof(self->last), "%s in %s", tractor_cause_name(panic->cause),
		panic->message != NULL ? panic->message : "no message");
	return TRACTOR_FLOW_CONTINUE;
}

TRACTOR_MAIN(crashy, .serves = TRACTOR_SERVES(crashy), .durable = true, .on_panic = on_panic);
