/* hauler.c: see hauler.h. Its file is what survives it: "got N" before anything else is done with load N, "sent N" once the system has it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "hauler.h"

#define SMALL_BYTES 100
#define FDS 64

#ifndef HAULER_IS_DURABLE
#define HAULER_IS_DURABLE false
#endif

struct hauler {
	uint64_t last, count, wrong, in_parcels;
	int log;
};

#define TRACTOR_STATE struct hauler
TRACTOR_SERVE(hauler, HAULER_PROTOCOL);

/* One write for each: whole or not there. */
static void
note(const struct hauler *self, const char *what, uint64_t number)
{
	char line[48];
	int size = snprintf(line, sizeof(line), "%s %llu\n", what, (unsigned long long)number);

	if (self->log >= 0 && write(self->log, line, (size_t)size) != size)
		abort();
}

static tractor_err
start(struct hauler *self, tractor_ctx *ctx)
{
	const char *file = tractor_arg(ctx, "log", "");

	self->log = *file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	return *file && self->log < 0 ? TRACTOR_ESYSTEM : TRACTOR_OK;
}

/* Whether that is where it was written by its sender. */
static bool
is_in_parcel(const uint8_t *at)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned long from, to;
	bool found = false;

	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, "tractor-parcel") && sscanf(line, "%lx-%lx", &from, &to) == 2 &&
			(uintptr_t)at >= from && (uintptr_t)at < to;
	if (maps)
		fclose(maps);
	return found;
}

static void
look(struct hauler *self, struct tractor_bytes load, uint64_t number)
{
	self->wrong += !hauler_is_right(load, number);
	self->in_parcels += is_in_parcel(load.data);
}

static tractor_err
hauler_on_load(struct hauler *self, tractor_ctx *ctx, const struct hauler_load *msg)
{
	note(self, "got", msg->number);
	look(self, msg->load, msg->number);
	self->wrong += self->count > 0 && msg->number != self->last + 1;
	self->last = msg->number;
	self->count++;
	return TRACTOR_OK;
}

static tractor_err
hauler_on_rest(struct hauler *self, tractor_ctx *ctx, const struct hauler_rest *msg)
{
	nanosleep(&(struct timespec){ .tv_sec = msg->ms / 1000, .tv_nsec = msg->ms % 1000 * 1000000L }, NULL);
	return TRACTOR_OK;
}

static tractor_err
hauler_on_hoard(struct hauler *self, tractor_ctx *ctx, const struct hauler_hoard *msg)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		abort();
	limit.rlim_cur = FDS;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		abort();
	while (dup(STDERR_FILENO) >= 0)
		;
	return TRACTOR_OK;
}

static tractor_err
hauler_on_kill(struct hauler *self, tractor_ctx *ctx, const struct hauler_kill *msg)
{
	look(self, msg->load, msg->number);
	note(self, self->wrong > 0 ? "wrong" : "killed", msg->number);
	abort();
}

/* --- sending --- */

static struct tractor_bytes
make(tractor_ctx *ctx, uint64_t number, size_t size)
{
	uint8_t *load = tractor_alloc(ctx, size);

	if (!load)
		abort();
	hauler_fill(load, size, number);
	return (struct tractor_bytes){ load, size };
}

static size_t
size_of(const struct hauler_tells *order, uint64_t number)
{
	return order->small_each > 0 && number % order->small_each == 0 ? SMALL_BYTES : order->size;
}

static tractor_err
tell_all(struct hauler *self, tractor_ctx *ctx, const struct hauler_tells *order, uint64_t *ret_count)
{
	tractor_err err = TRACTOR_OK;

	for (*ret_count = 0; err == TRACTOR_OK && *ret_count < order->count;
		*ret_count += err == TRACTOR_OK) {
		uint64_t number = order->first + *ret_count;
		err = tractor_tell(ctx, order->to, hauler_load, .number = number,
			.load = make(ctx, number, size_of(order, number)));
		if (err == TRACTOR_OK)
			note(self, "sent", number);
	}
	return err;
}

static tractor_err
hauler_on_tells(
	struct hauler *self, tractor_ctx *ctx, const struct hauler_tells *msg, struct hauler_did *reply)
{
	reply->error = tractor_err_name(tell_all(self, ctx, msg, &reply->count));
	return TRACTOR_OK;
}

static tractor_err
hauler_on_tells_and_dies(struct hauler *self, tractor_ctx *ctx, const struct hauler_tells_and_dies *msg)
{
	const struct hauler_tells order = {
		.to = msg->to, .first = msg->first, .count = msg->count, .size = msg->size
	};
	uint64_t count;

	tell_all(self, ctx, &order, &count);
	abort();
}

static tractor_err
hauler_on_kills(struct hauler *self, tractor_ctx *ctx, const struct hauler_kills *msg)
{
	return tractor_tell(
		ctx, msg->to, hauler_kill, .number = msg->first, .load = make(ctx, msg->first, msg->size));
}

/* --- asking --- */

static tractor_err
ask_one(tractor_ctx *ctx, hauler_ref to, uint64_t number, struct tractor_bytes load, struct hauler_cargo *ret)
{
	hauler_echo_future future;
	tractor_err err;

	switch (number % 3) {
	case 0: return tractor_ask_within(ctx, 20000, to, ret, hauler_echo, .number = number, .load = load);
	case 1: return tractor_ask_within(ctx, 20000, to, ret, hauler_later, .number = number, .load = load);
	default:
		err = tractor_ask_async(ctx, to, &future, hauler_echo, .number = number, .load = load);
		return err == TRACTOR_OK ? tractor_await(ctx, &future, ret, -1) : err;
	}
}

static tractor_err
hauler_on_asks(struct hauler *self, tractor_ctx *ctx, const struct hauler_asks *msg, struct hauler_did *reply)
{
	tractor_err err = TRACTOR_OK;

	for (; err == TRACTOR_OK && reply->count < msg->count; reply->count += err == TRACTOR_OK) {
		uint64_t number = msg->first + reply->count;
		struct hauler_cargo cargo = { .number = 0 };
		err = ask_one(ctx, msg->to, number, make(ctx, number, msg->size), &cargo);
		if (err != TRACTOR_OK)
			continue;
		look(self, cargo.load, number);
		if (cargo.number != number || cargo.load.size != msg->size)
			err = TRACTOR_EBADMSG;
	}
	reply->error = tractor_err_name(err);
	return TRACTOR_OK;
}

static tractor_err
hauler_on_echo(
	struct hauler *self, tractor_ctx *ctx, const struct hauler_echo *msg, struct hauler_cargo *reply)
{
	look(self, msg->load, msg->number);
	*reply = (struct hauler_cargo){ .number = msg->number, .load = msg->load };
	return TRACTOR_OK;
}

static tractor_err
hauler_on_gives(
	struct hauler *self, tractor_ctx *ctx, const struct hauler_gives *msg, struct hauler_cargo *reply)
{
	*reply = (struct hauler_cargo){ .number = msg->number, .load = make(ctx, msg->number, msg->size) };
	return TRACTOR_OK;
}

static tractor_err
hauler_on_later(
	struct hauler *self, tractor_ctx *ctx, const struct hauler_later *msg, struct hauler_cargo *reply)
{
	hauler_later_promise promise;
	tractor_err err = tractor_defer(ctx, &promise);

	look(self, msg->load, msg->number);
	if (err == TRACTOR_OK)
		err = tractor_reply(ctx, &promise, hauler_later, .number = msg->number, .load = msg->load);
	return err;
}

static tractor_err
hauler_on_passes(
	struct hauler *self, tractor_ctx *ctx, const struct hauler_passes *msg, struct hauler_cargo *reply)
{
	return tractor_forward(ctx, msg->to, reply, hauler_echo, .number = msg->first,
		.load = make(ctx, msg->first, msg->size));
}

static tractor_err
hauler_on_seen(
	struct hauler *self, tractor_ctx *ctx, const struct hauler_seen *msg, struct hauler_seen_reply *reply)
{
	*reply = (struct hauler_seen_reply){
		.count = self->count, .wrong = self->wrong, .in_parcels = self->in_parcels
	};
	return TRACTOR_OK;
}

TRACTOR_MAIN(hauler, .serves = TRACTOR_SERVES(hauler), .on_start = start, .durable = HAULER_IS_DURABLE);
