/* ours_actor.c: the actor that tractor is measured with. It asks, answers, tells and counts; one program as users have it, with nothing but the actor's library. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tractor/actor.h>

#include "ours.h"

struct bench {
	double *trips_ns; /* of the last `trips` */
	uint64_t expected, count, first_ns, last_ns;
	uint64_t counts[SENDERS_MAX], shares[SENDERS_MAX];
	bench_count_promise owed; /* until what is expected has come */
};
#define TRACTOR_STATE struct bench
TRACTOR_SERVE(bench, BENCH_PROTOCOL);

static uint64_t
clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static tractor_err
bench_on_echo(struct bench *self, tractor_ctx *ctx, const struct bench_echo *msg, struct bench_block *reply)
{
	*reply = (struct bench_block){ .from = msg->from, .b = msg->b, .h = msg->h };
	return TRACTOR_OK;
}

static tractor_err
bench_on_haul(struct bench *self, tractor_ctx *ctx, const struct bench_haul *msg, struct bench_load *reply)
{
	reply->load = msg->load;
	return TRACTOR_OK;
}

/* There and back. */
static tractor_err
trip(tractor_ctx *ctx, const struct bench_trips *msg, struct tractor_bytes load)
{
	struct bench_block block;
	struct bench_load back;

	return load.size > 0 ? tractor_ask(ctx, msg->to, &back, bench_haul, .load = load)
			     : tractor_ask(ctx, msg->to, &block, bench_echo, .from = 1);
}

static tractor_err
time_trip(tractor_ctx *ctx, const struct bench_trips *msg, struct tractor_bytes load, double *ret_ns)
{
	const struct timespec pause = { .tv_sec = (time_t)(msg->pause_us / 1000000),
		.tv_nsec = (long)(msg->pause_us % 1000000 * 1000) };

	if (msg->pause_us > 0)
		nanosleep(&pause, NULL);
	uint64_t began_ns = clock_ns();
	tractor_err err = TRACTOR_OK;
	for (uint64_t i = 0; i < msg->batch && err == TRACTOR_OK; i++)
		err = trip(ctx, msg, load);
	*ret_ns = (double)(clock_ns() - began_ns) / (double)msg->batch;
	return err;
}

static tractor_err
bench_on_trips(struct bench *self, tractor_ctx *ctx, const struct bench_trips *msg, struct bench_times *reply)
{
	tractor_err err = TRACTOR_OK;

	struct tractor_bytes load = { tractor_alloc(ctx, msg->load_bytes), msg->load_bytes };

	free(self->trips_ns);
	self->trips_ns = calloc(msg->count, sizeof(*self->trips_ns));
	if (!self->trips_ns || !load.data)
		return TRACTOR_ENOMEM;
	for (uint64_t i = 0; i < msg->count && err == TRACTOR_OK; i++)
		err = time_trip(ctx, msg, load, &self->trips_ns[i]);
	reply->trips_ns.items = self->trips_ns;
	reply->trips_ns.count = msg->count;
	return err;
}

static struct bench_tally
tally_of(struct bench *self)
{
	return (struct bench_tally){
		.count = self->count,
		.took_ns = self->last_ns - self->first_ns,
		.shares = { self->shares, SENDERS_MAX },
	};
}

static tractor_err
bench_on_item(struct bench *self, tractor_ctx *ctx, const struct bench_item *msg)
{
	self->count++;
	self->counts[msg->from % SENDERS_MAX]++;
	if (self->count == 1)
		self->first_ns = clock_ns();
	if (self->count == self->expected / 2)
		memcpy(self->shares, self->counts, sizeof(self->shares));
	if (self->count != self->expected)
		return TRACTOR_OK;
	self->last_ns = clock_ns();
	struct bench_tally tally = tally_of(self);
	return bench_count_is_promised_in(self->owed) ? bench_count_reply(ctx, &self->owed, &tally)
						      : TRACTOR_OK;
}

static tractor_err
bench_on_flood(struct bench *self, tractor_ctx *ctx, const struct bench_flood *msg)
{
	tractor_err err = TRACTOR_OK;

	for (uint64_t i = 0; i < msg->count && err == TRACTOR_OK; i++)
		err = tractor_tell(ctx, msg->to, bench_item, .from = msg->from, .b = i);
	return err;
}

static tractor_err
bench_on_expect(
	struct bench *self, tractor_ctx *ctx, const struct bench_expect *msg, struct tractor_none *reply)
{
	double *trips_ns = self->trips_ns;

	*self = (struct bench){ .trips_ns = trips_ns, .expected = msg->count };
	return TRACTOR_OK;
}

static tractor_err
bench_on_count(struct bench *self, tractor_ctx *ctx, const struct bench_count *msg, struct bench_tally *reply)
{
	if (self->count < self->expected)
		return tractor_defer(ctx, &self->owed);
	*reply = tally_of(self);
	return TRACTOR_OK;
}

/* One whose crashes are not captured: what the library has set up for SIGSEGV is taken back. */
static tractor_err
bench_start(struct bench *self, tractor_ctx *ctx)
{
	if (strcmp(tractor_arg(ctx, "capture", "on"), "off") == 0)
		signal(SIGSEGV, SIG_DFL);
	return TRACTOR_OK;
}
TRACTOR_MAIN(bench, .on_start = bench_start, .serves = TRACTOR_SERVES(bench));
