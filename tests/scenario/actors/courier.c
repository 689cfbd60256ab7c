/*
 * courier.c: sends a victim what it is told to: one deadly ask, one ask with a limit, a row of numbered notes that waits for room or doesn't. The outcome is the reply, an
 * error of the tree's being an outcome too.
 */
#include <time.h>

#include <tractor/actor.h>

#include "courier.h"

#define TRACTOR_STATE struct tractor_none
TRACTOR_SERVE(courier, COURIER_PROTOCOL);

static int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static tractor_err
outcome(struct courier_outcome *reply, tractor_err err, int64_t count, int64_t began_ms)
{
	reply->err = tractor_err_name(err);
	reply->count = count;
	reply->took_ms = clock_ms() - began_ms;
	return TRACTOR_OK;
}

static tractor_err
courier_on_kill(struct tractor_none *self, tractor_ctx *ctx, const struct courier_kill *msg,
	struct courier_outcome *reply)
{
	int64_t began_ms = clock_ms();
	tractor_err err = tractor_ask(
		ctx, msg->who, TRACTOR_ACK, victim_perish, .how = msg->how, .number = msg->number);

	return outcome(reply, err, 1, began_ms);
}

static tractor_err
courier_on_ask(struct tractor_none *self, tractor_ctx *ctx, const struct courier_ask *msg,
	struct courier_outcome *reply)
{
	int64_t began_ms = clock_ms();
	struct victim_pong pong;
	tractor_err err =
		tractor_ask_within(ctx, msg->timeout_ms, msg->who, &pong, victim_rest, .ms = msg->ms);

	return outcome(reply, err, err == TRACTOR_OK ? pong.incarnation : 0, began_ms);
}

static tractor_err
courier_on_ping(struct tractor_none *self, tractor_ctx *ctx, const struct courier_ping *msg,
	struct courier_outcome *reply)
{
	int64_t began_ms = clock_ms();
	struct victim_pong pong;
	tractor_err err = tractor_ask_within(ctx, msg->timeout_ms, msg->who, &pong, victim_ping);

	return outcome(reply, err, err == TRACTOR_OK ? pong.incarnation : 0, began_ms);
}

static tractor_err
courier_on_notes(struct tractor_none *self, tractor_ctx *ctx, const struct courier_notes *msg,
	struct courier_outcome *reply)
{
	int64_t began_ms = clock_ms(), count = 0;
	tractor_err err = TRACTOR_OK;

	while (count < msg->count && err == TRACTOR_OK) {
		err = tractor_tell(ctx, msg->who, victim_note, .number = msg->first + count);
		count += err == TRACTOR_OK;
	}
	return outcome(reply, err, count, began_ms);
}

static tractor_err
courier_on_try_notes(struct tractor_none *self, tractor_ctx *ctx, const struct courier_try_notes *msg,
	struct courier_outcome *reply)
{
	int64_t began_ms = clock_ms(), count = 0;
	tractor_err err = TRACTOR_OK;

	while (count < msg->count && err == TRACTOR_OK) {
		err = tractor_try_tell(ctx, msg->who, victim_note, .number = msg->first + count);
		count += err == TRACTOR_OK;
	}
	return outcome(reply, err, count, began_ms);
}

TRACTOR_MAIN(courier, .serves = TRACTOR_SERVES(courier));
