/* gossip.c: not durable, so what it sends goes out at once. Its file is what survives it: "got N" before anything else is done with item N, "sent N" once the system has it. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "gossip.h"
#include "gossip/crimes.h"

struct gossip {
	int64_t last, wrong, count, promised;
	gossip_later_promise promise;
	int log;
};

#define TRACTOR_STATE struct gossip
TRACTOR_SERVE(gossip, GOSSIP_PROTOCOL);

static uint8_t padding[200000];

/* One write for each: whole or not there. */
static void
note(const struct gossip *self, const char *what, int64_t number)
{
	char line[48];
	int size = snprintf(line, sizeof(line), "%s %lld\n", what, (long long)number);

	if (self->log >= 0 && write(self->log, line, (size_t)size) != size)
		abort();
}

static tractor_err
start(struct gossip *self, tractor_ctx *ctx)
{
	const char *file = tractor_arg(ctx, "log", "");

	self->log = *file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	return *file && self->log < 0 ? TRACTOR_ESYSTEM : TRACTOR_OK;
}

/* What was promised is kept. */
static tractor_err
keep_promise(struct gossip *self, tractor_ctx *ctx)
{
	if (self->promised == 0)
		return TRACTOR_OK;
	int64_t number = self->promised;
	self->promised = 0;
	return tractor_reply(ctx, &self->promise, gossip_later, .number = number);
}

static tractor_err
gossip_on_item(struct gossip *self, tractor_ctx *ctx, const struct gossip_item *msg)
{
	note(self, "got", msg->number);
	self->wrong += self->count > 0 && msg->number != self->last + 1;
	self->last = msg->number;
	self->count++;
	return keep_promise(self, ctx);
}

static tractor_err
gossip_on_nap(struct gossip *self, tractor_ctx *ctx, const struct gossip_nap *msg)
{
	nanosleep(&(struct timespec){ .tv_sec = msg->ms / 1000, .tv_nsec = msg->ms % 1000 * 1000000L }, NULL);
	return TRACTOR_OK;
}

/* All of it, or only some words here and there; as the number says. */
static void
scribble(uint8_t *memory, size_t size, unsigned *seed)
{
	bool all = rand_r(seed) % 2 == 0;

	for (size_t i = 0; i < size; i += all ? 1 : (size_t)rand_r(seed) % 64)
		memory[i] = (uint8_t)rand_r(seed);
}

static tractor_err
gossip_on_vandal(struct gossip *self, tractor_ctx *ctx, const struct gossip_vandal *msg)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned seed = (unsigned)msg->number;
	char line[512], access[8];
	unsigned long start, end;

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "tractor-bypass") &&
			sscanf(line, "%lx-%lx %7s", &start, &end, access) == 3 && access[1] == 'w')
			scribble(
				(uint8_t *)start, end - start, &seed); /* NOLINT(performance-no-int-to-ptr) */
	if (maps)
		fclose(maps);
	return TRACTOR_OK;
}

/* One that can't be committed is the test's mistake; one that can and must not is seen here, too. */
static tractor_err
gossip_on_crime(struct gossip *self, tractor_ctx *ctx, const struct gossip_crime *msg)
{
	tractor_assert(commit_crime(msg->what, msg->to.at.actor));
	return TRACTOR_OK;
}

/* --- telling --- */

static size_t
size_of(int64_t number, uint32_t large_each)
{
	return large_each > 0 && number % large_each == 0 ? 50000 : 16;
}

static tractor_err
tell_item(struct gossip *self, tractor_ctx *ctx, gossip_ref to, int64_t number, size_t size)
{
	tractor_err err = tractor_tell(ctx, to, gossip_item, .number = number, .padding = { padding, size });

	if (err == TRACTOR_OK)
		note(self, "sent", number);
	return err;
}

static tractor_err
gossip_on_tells_on(struct gossip *self, tractor_ctx *ctx, const struct gossip_tells_on *msg)
{
	tractor_err err = TRACTOR_OK;

	for (int64_t i = msg->first; err == TRACTOR_OK; i++)
		err = tell_item(self, ctx, msg->to, i, size_of(i, msg->large_each));
	return err;
}

static tractor_err
did(int64_t number, tractor_err err, struct gossip_did *reply)
{
	*reply = (struct gossip_did){ .number = number, .error = tractor_err_name(err) };
	return TRACTOR_OK;
}

static tractor_err
gossip_on_tells(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_tells *msg, struct gossip_did *reply)
{
	tractor_err err = TRACTOR_OK;
	int64_t done = 0;

	for (; err == TRACTOR_OK && done < msg->count; done += err == TRACTOR_OK)
		err = tell_item(
			self, ctx, msg->to, msg->first + done, size_of(msg->first + done, msg->large_each));
	return did(done, err, reply);
}

static tractor_err
gossip_on_tries(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_tries *msg, struct gossip_did *reply)
{
	tractor_err err = TRACTOR_OK;
	int64_t done = 0;

	for (; err == TRACTOR_OK && done < msg->count; done += err == TRACTOR_OK)
		err = tractor_try_tell(ctx, msg->to, gossip_item, .number = msg->first + done);
	return did(done, err, reply);
}

/* Every way there is to say something to somebody, and each is in its place. */
static tractor_err
mix_one(struct gossip *self, tractor_ctx *ctx, const struct gossip_mixes *msg, int64_t number)
{
	gossip_echo_future future;
	struct gossip_reply echo;
	tractor_err err;

	switch (number * 7 % 5) {
	case 0: return tell_item(self, ctx, msg->to, number, 50000);
	case 1:
		err = tractor_ask(ctx, msg->to, &echo, gossip_echo, .number = number);
		if (err == TRACTOR_OK && echo.number != number)
			err = TRACTOR_EBADMSG;
		return err == TRACTOR_OK ? tell_item(self, ctx, msg->to, number, 16) : err;
	case 2:
		err = tractor_ask_async(ctx, msg->to, &future, gossip_echo, .number = number);
		if (err == TRACTOR_OK)
			err = tell_item(self, ctx, msg->to, number, 16);
		if (err == TRACTOR_OK)
			err = tractor_await(ctx, &future, &echo, -1);
		return err == TRACTOR_OK && echo.number != number ? TRACTOR_EBADMSG : err;
	default: return tell_item(self, ctx, msg->to, number, 16);
	}
}

static tractor_err
gossip_on_mixes(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_mixes *msg, struct gossip_did *reply)
{
	tractor_err err = TRACTOR_OK;
	int64_t done = 0;

	for (; err == TRACTOR_OK && done < msg->count; done += err == TRACTOR_OK)
		err = mix_one(self, ctx, msg, msg->first + done);
	return did(done, err, reply);
}

/* --- asking --- */

static tractor_err
gossip_on_asks(struct gossip *self, tractor_ctx *ctx, const struct gossip_asks *msg, struct gossip_did *reply)
{
	struct gossip_reply echo = { .number = 0 };
	tractor_err err = TRACTOR_OK;
	int64_t done = 0;

	for (; err == TRACTOR_OK && done < msg->count; done += err == TRACTOR_OK) {
		err = tractor_ask(ctx, msg->to, &echo, gossip_echo, .number = msg->first + done);
		if (err == TRACTOR_OK && echo.number != msg->first + done)
			err = TRACTOR_EBADMSG;
	}
	return did(done, err, reply);
}

static tractor_err
gossip_on_ask_one(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_ask_one *msg, struct gossip_did *reply)
{
	struct gossip_reply got = { .number = 0 };
	struct gossip_blob blob = { .bytes = { NULL, 0 } };
	tractor_err err = TRACTOR_EINVAL;

	if (strcmp(msg->what, "echo") == 0)
		err = tractor_ask(ctx, msg->to, &got, gossip_echo, .number = msg->number);
	else if (strcmp(msg->what, "crash") == 0)
		err = tractor_ask(ctx, msg->to, &got, gossip_crash, .number = msg->number);
	else if (strcmp(msg->what, "later") == 0)
		err = tractor_ask(ctx, msg->to, &got, gossip_later, .number = msg->number);
	else if (strcmp(msg->what, "hand_on") == 0)
		err = tractor_ask(
			ctx, msg->to, &got, gossip_hand_on, .to = msg->other, .number = msg->number);
	else if (strcmp(msg->what, "ask_back") == 0)
		err = tractor_ask(
			ctx, msg->to, &got, gossip_ask_back, .to = msg->other, .number = msg->number);
	else if (strcmp(msg->what, "large") == 0)
		err = tractor_ask(ctx, msg->to, &blob, gossip_large, .number = msg->number);
	return did(blob.bytes.data ? (int64_t)blob.bytes.size : got.number, err, reply);
}

static tractor_err
gossip_on_echo(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_echo *msg, struct gossip_reply *reply)
{
	reply->number = msg->number;
	return TRACTOR_OK;
}

static tractor_err
gossip_on_crash(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_crash *msg, struct gossip_reply *reply)
{
	abort();
}

static tractor_err
gossip_on_large(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_large *msg, struct gossip_blob *reply)
{
	reply->bytes = (struct tractor_bytes){ padding, (size_t)msg->number };
	return TRACTOR_OK;
}

static tractor_err
gossip_on_later(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_later *msg, struct gossip_reply *reply)
{
	self->promised = msg->number;
	return tractor_defer(ctx, &self->promise);
}

static tractor_err
gossip_on_hand_on(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_hand_on *msg, struct gossip_reply *reply)
{
	return tractor_forward(ctx, msg->to, reply, gossip_echo, .number = msg->number);
}

static tractor_err
gossip_on_ask_back(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_ask_back *msg, struct gossip_reply *reply)
{
	return tractor_ask(ctx, msg->to, reply, gossip_echo, .number = msg->number);
}

static tractor_err
gossip_on_seen(
	struct gossip *self, tractor_ctx *ctx, const struct gossip_seen *msg, struct gossip_seen_reply *reply)
{
	*reply = (struct gossip_seen_reply){ .last = self->last, .wrong = self->wrong, .count = self->count };
	return TRACTOR_OK;
}

TRACTOR_MAIN(gossip, .serves = TRACTOR_SERVES(gossip), .on_start = start);
