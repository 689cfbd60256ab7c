/*
 * stage.c: one stage of a pipeline, durable: whatever it dies of, its sum and what it has told the next one (argument `next`, a path) are of the same messages. The ref of the next
 * one is looked up anew in each incarnation.
 */
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "stage.h"

struct stage {
	int64_t count;
	uint64_t digest;
};

#define TRACTOR_STATE struct stage
TRACTOR_SERVE(stage, STAGE_PROTOCOL);

enum how {
#define STAGE_CONSTANT(constant, word) constant,
	STAGE_WORDS(STAGE_CONSTANT)
};

static stage_ref next;

static enum how
how_of(const char *how)
{
	static const char *const words[] = {
#define STAGE_WORD(constant, word) [constant] = word,
		STAGE_WORDS(STAGE_WORD)
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(how, words[i]) == 0)
			return (enum how)i;
	return STAGE_PLAIN;
}

static bool
has_next(tractor_ctx *ctx)
{
	const char *path = tractor_arg(ctx, "next", "");

	return *path && (next.at.actor != 0 || tractor_find(ctx, stage, path, &next) == TRACTOR_OK);
}

static void
tell_next(tractor_ctx *ctx, const struct stage_item *msg, enum how how)
{
	int64_t count = how == STAGE_MANY ? msg->number : 1;

	for (int64_t i = 0; i < count; i++) {
		tractor_err err =
			how == STAGE_LATER
				? tractor_tell_after(ctx, 300, NULL, next, stage_item, .number = msg->number)
				: tractor_tell(ctx, next, stage_item, .number = msg->number);
		if (err != TRACTOR_OK)
			tractor_log(ctx, TRACTOR_ERROR, "cannot tell: %s", tractor_err_name(err));
	}
}

static void
nap(int64_t ms)
{
	struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&span, NULL);
}

static void
misbehave(tractor_ctx *ctx, const struct stage_item *msg, enum how how)
{
	struct stage_total sum = { .count = 0 };
	stage_ref again;

	if (how == STAGE_ASK && tractor_ask(ctx, next, &sum, stage_sum) == TRACTOR_OK)
		tractor_log(ctx, TRACTOR_INFO, "the next stage has %lld", (long long)sum.count);
	if (how == STAGE_FIND)
		(void)!tractor_find(ctx, stage, tractor_arg(ctx, "next", ""), &again);
	if (how == STAGE_NAP)
		nap(msg->number);
	if (how == STAGE_PANIC || how == STAGE_ASK || how == STAGE_FIND ||
		(how == STAGE_PANIC_ONCE && tractor_incarnation(ctx) == 1) ||
		(how == STAGE_PANIC_TWICE && tractor_incarnation(ctx) <= 2))
		tractor_panic(ctx, "%s", msg->how);
}

static tractor_err
stage_on_item(struct stage *self, tractor_ctx *ctx, const struct stage_item *msg)
{
	enum how how = how_of(msg->how);

	if (has_next(ctx))
		tell_next(ctx, msg, how);
	tractor_failpoint(ctx, "told");
	self->count++;
	self->digest = stage_digest(self->digest, msg->number);
	misbehave(ctx, msg, how);
	syscall(SYS_getppid); /* where a tracer begins to count: the handler's end */
	return TRACTOR_OK;
}

/* Told the next stage, and then its duty handed on. */
static tractor_err
stage_on_relay(struct stage *self, tractor_ctx *ctx, const struct stage_relay *msg, struct stage_total *reply)
{
	const struct stage_item item = { .number = msg->number, .how = msg->how };
	tractor_err err = TRACTOR_OK;

	if (has_next(ctx)) {
		tell_next(ctx, &item, STAGE_PLAIN);
		err = tractor_forward(ctx, next, reply, stage_sum);
	}
	self->count++;
	self->digest = stage_digest(self->digest, msg->number);
	misbehave(ctx, &item, how_of(msg->how));
	return err;
}

static tractor_err
stage_on_sum(struct stage *self, tractor_ctx *ctx, const struct stage_sum *msg, struct stage_total *reply)
{
	*reply = (struct stage_total){
		.count = self->count, .digest = self->digest, .incarnation = tractor_incarnation(ctx)
	};
	return TRACTOR_OK;
}

static enum tractor_flow
goes_on(struct stage *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	return TRACTOR_FLOW_CONTINUE;
}

TRACTOR_MAIN(stage, .serves = TRACTOR_SERVES(stage), .durable = true, .on_panic = goes_on);
