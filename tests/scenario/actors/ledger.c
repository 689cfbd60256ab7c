/* ledger.c: a victim whose notes outlive it: durable, and after a panic it goes on where it was. It naps and dies, too; what else a victim can it cannot. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "memory.h"
#include "victim.h"

#ifndef NOTES_MAX
#define NOTES_MAX 4096
#endif

struct ledger {
	uint64_t note_count;
	int64_t notes[NOTES_MAX];
};

#define TRACTOR_STATE struct ledger
TRACTOR_SERVE(victim, VICTIM_PROTOCOL);

static void
sleep_ms(int64_t ms)
{
	struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&span, NULL);
}

static tractor_err
victim_on_die(struct ledger *self, tractor_ctx *ctx, const struct victim_die *msg)
{
	if (strcmp(msg->how, "exhaust_memory") == 0) {
		memory_exhaust();
		return TRACTOR_OK;
	}
	if (strncmp(msg->how, "not at all", strlen("not at all")) == 0)
		return TRACTOR_OK;
	self->note_count = 0; /* must not be seen by anybody */
	tractor_panic(ctx, "%s", msg->how);
}

static tractor_err
victim_on_perish(
	struct ledger *self, tractor_ctx *ctx, const struct victim_perish *msg, struct tractor_none *reply)
{
	self->note_count = 0;
	tractor_panic(ctx, "%s", msg->how);
}

static tractor_err
victim_on_note(struct ledger *self, tractor_ctx *ctx, const struct victim_note *msg)
{
	if (self->note_count == NOTES_MAX)
		return TRACTOR_EFULL;
	self->notes[self->note_count++] = msg->number;
	return TRACTOR_OK;
}

static tractor_err
victim_on_nap(struct ledger *self, tractor_ctx *ctx, const struct victim_nap *msg)
{
	sleep_ms(msg->ms);
	return TRACTOR_OK;
}

static tractor_err
victim_on_rest(
	struct ledger *self, tractor_ctx *ctx, const struct victim_rest *msg, struct victim_pong *reply)
{
	sleep_ms(msg->ms);
	reply->incarnation = tractor_incarnation(ctx);
	return TRACTOR_OK;
}

static tractor_err
victim_on_ping(
	struct ledger *self, tractor_ctx *ctx, const struct victim_ping *msg, struct victim_pong *reply)
{
	reply->pid = getpid();
	reply->incarnation = tractor_incarnation(ctx);
	return TRACTOR_OK;
}

static tractor_err
victim_on_noted(
	struct ledger *self, tractor_ctx *ctx, const struct victim_noted *msg, struct victim_notebook *reply)
{
	reply->numbers.items = self->notes;
	reply->numbers.count = self->note_count;
	return TRACTOR_OK;
}

static tractor_err
victim_on_leave(
	struct ledger *self, tractor_ctx *ctx, const struct victim_leave *msg, struct victim_left *reply)
{
	return tractor_fail(TRACTOR_EREFUSED, "a ledger leaves nobody behind");
}

static tractor_err
victim_on_arg(struct ledger *self, tractor_ctx *ctx, const struct victim_arg *msg, struct victim_value *reply)
{
	reply->text = tractor_arg(ctx, msg->name, "");
	return TRACTOR_OK;
}

static tractor_err
victim_on_echo(
	struct ledger *self, tractor_ctx *ctx, const struct victim_echo *msg, struct victim_value *reply)
{
	reply->text = msg->text;
	return TRACTOR_OK;
}

static enum tractor_flow
ledger_panicked(struct ledger *self, tractor_ctx *ctx, const struct tractor_panic *panic)
{
	return TRACTOR_FLOW_CONTINUE;
}

TRACTOR_MAIN(ledger, .serves = TRACTOR_SERVES(victim), .durable = true, .on_panic = ledger_panicked);
