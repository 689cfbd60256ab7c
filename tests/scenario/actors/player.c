/*
 * player.c: those whose crashes are played again. `player` is durable, `fresh` is not and asks the oracle at its start, `stepper` has a step of its own and dies in it. `dies` among the arguments is when they
 * die: at "start", at "stop"; "refuse" is an on_start that fails.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "player.h"

#define STEPS 3

struct player {
	int64_t total, foretold;
	uint64_t steps;
};
#define TRACTOR_STATE struct player
TRACTOR_SERVE(player, PLAYER_PROTOCOL);

/* A sanitizer would end it in another way. */
__attribute__((no_sanitize("undefined", "address"))) static void
fall(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
}

static tractor_err
player_on_add(struct player *self, tractor_ctx *ctx, const struct player_add *msg)
{
	self->total += msg->by;
	return TRACTOR_OK;
}

static tractor_err
player_on_check(struct player *self, tractor_ctx *ctx, const struct player_check *msg)
{
	if (self->total > msg->limit)
		fall();
	return TRACTOR_OK;
}

static tractor_err
player_on_foretell(struct player *self, tractor_ctx *ctx, const struct player_foretell *msg)
{
	if (self->foretold > msg->limit)
		fall();
	return TRACTOR_OK;
}

static tractor_err
player_on_consult(struct player *self, tractor_ctx *ctx, const struct player_consult *msg)
{
	struct oracle_answer answer = { .value = 0 };
	tractor_err err;

	if (strcmp(msg->how, "secret") == 0)
		err = tractor_ask(ctx, msg->who, &answer, oracle_secret);
	else if (strcmp(msg->how, "silence") == 0)
		err = tractor_ask_within(ctx, TRACTOR_FOREVER, msg->who, &answer, oracle_silence);
	else
		err = tractor_ask(ctx, msg->who, &answer, oracle_number);
	if (err != TRACTOR_OK)
		tractor_panic(ctx, "no answer: %s", tractor_why());
	tractor_panic(ctx, "the answer is %lld", (long long)answer.value);
}

static tractor_err
player_on_hoard(struct player *self, tractor_ctx *ctx, const struct player_hoard *msg)
{
	struct oracle_words words;
	uint32_t got = 0;

	while (got < msg->count &&
		tractor_ask(ctx, msg->who, &words, oracle_scroll, .size = msg->size) == TRACTOR_OK)
		got++;
	tractor_panic(ctx, "it has %u scrolls", got);
}

static tractor_err
player_on_whisper(struct player *self, tractor_ctx *ctx, const struct player_whisper *msg)
{
	tractor_err err = tractor_tell(ctx, msg->who, oracle_note, .number = 42);

	if (err == TRACTOR_OK)
		fall();
	return err;
}

static tractor_err
player_on_watch(struct player *self, tractor_ctx *ctx, const struct player_watch *msg)
{
	tractor_err err = tractor_monitor(ctx, msg->who);

	return err == TRACTOR_OK ? tractor_tell(ctx, msg->who, oracle_die) : err;
}

/* More at once than anybody takes in the same time. */
static void
chatter(void)
{
	char lines[4096];

	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = i % 2 == 0 ? 'x' : '\n';
	(void)!write(STDOUT_FILENO, lines, sizeof(lines));
}

static tractor_err
player_on_spawn(struct player *self, tractor_ctx *ctx, const struct player_spawn *msg)
{
	if (fork() == 0) {
		setsid();
		while (msg->prints)
			chatter();
		for (;;)
			pause();
	}
	fall();
	return TRACTOR_OK;
}

static tractor_err
player_on_rest(struct player *self, tractor_ctx *ctx, const struct player_rest *msg)
{
	struct timespec span = { .tv_sec = msg->ms / 1000, .tv_nsec = msg->ms % 1000 * 1000000L };

	printf("resting\n");
	nanosleep(&span, NULL);
	return TRACTOR_OK;
}

static tractor_err
player_on_total(
	struct player *self, tractor_ctx *ctx, const struct player_total *msg, struct player_sum *reply)
{
	reply->value = self->total;
	reply->foretold = self->foretold;
	return TRACTOR_OK;
}

static tractor_err
on_start(struct player *self, tractor_ctx *ctx)
{
	const char *dies = tractor_arg(ctx, "dies", ""), *asks = tractor_arg(ctx, "asks", NULL);
	struct oracle_answer answer;
	oracle_ref oracle;

	if (strcmp(dies, "start") == 0)
		fall();
	if (strcmp(dies, "refuse") == 0)
		return tractor_fail(TRACTOR_EREFUSED, "not today");
	if (!asks)
		return TRACTOR_OK;
	tractor_err err = tractor_find(ctx, oracle, asks, &oracle);
	if (err == TRACTOR_OK)
		err = tractor_ask(ctx, oracle, &answer, oracle_number);
	if (err == TRACTOR_OK)
		self->foretold = answer.value;
	return err;
}

static tractor_err
on_stop(struct player *self, tractor_ctx *ctx)
{
	if (strcmp(tractor_arg(ctx, "dies", ""), "stop") == 0)
		fall();
	return TRACTOR_OK;
}

static tractor_err
on_down(struct player *self, tractor_ctx *ctx, const struct tractor_down *down)
{
	tractor_panic(ctx, "%s is gone", down->path);
}

static enum tractor_flow
on_panic(struct player *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	if (strcmp(tractor_arg(ctx, "dies", ""), "panic") == 0 && tractor_incarnation(ctx) == 2)
		fall();
	return TRACTOR_FLOW_CONTINUE;
}

static tractor_err
step(struct player *self, tractor_ctx *ctx)
{
	if (tractor_select(ctx, TRACTOR_INBOX, TRACTOR_AFTER(20)) == 0)
		return tractor_dispatch(ctx);
	if (++self->steps % STEPS == 0)
		fall();
	return TRACTOR_OK;
}

TRACTOR_ACTOR(player, .serves = TRACTOR_SERVES(player), .durable = true, .on_start = on_start,
	.on_stop = on_stop, .on_down = on_down, .on_panic = on_panic);
TRACTOR_ACTOR(fresh, .serves = TRACTOR_SERVES(player), .on_start = on_start, .on_stop = on_stop,
	.on_down = on_down);
TRACTOR_ACTOR(stepper, .serves = TRACTOR_SERVES(player), .step = step);
TRACTOR_BINARY(&player_actor, &fresh_actor, &stepper_actor);
