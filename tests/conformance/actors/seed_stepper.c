/*
 * seed_stepper.c: an actor whose step selects from what its arguments say and prints which branch it was. `sources`: letters
 * in their order of preference: i the inbox, r the FIFO named by `fifo` (! is an error), w the same fd for writing (once), f the future of the
 * last `fetch`, if there is one, t the time that `idle_ms` says.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "gate.h"
#include "stepper.h"

#define SOURCES_MAX 8

struct stepper {
	const char *sources;
	int fd;
	bool wrote;
	int64_t idle_ms;
	probe_hold_future future;
};

#define TRACTOR_STATE struct stepper
TRACTOR_SERVE(stepper, STEPPER_PROTOCOL);

static tractor_err
stepper_on_pause(struct stepper *self, tractor_ctx *ctx, const struct stepper_pause *msg)
{
	probe_ref nobody;

	gate_pass(msg->gate);
	/* Whatever was sent to us before the gate was opened comes over the link before the answer to this. */
	(void)tractor_find(ctx, probe, "/nobody", &nobody);
	return TRACTOR_OK;
}

static tractor_err
stepper_on_fetch(
	struct stepper *self, tractor_ctx *ctx, const struct stepper_fetch *msg, struct tractor_none *reply)
{
	return tractor_ask_async(
		ctx, msg->to, &self->future, probe_hold, .gate = msg->gate, .value = msg->value);
}

static tractor_err
stepper_on_note(struct stepper *self, tractor_ctx *ctx, const struct stepper_note *msg)
{
	printf("note %" PRId64 "\n", msg->n);
	return TRACTOR_OK;
}

static struct tractor_source
source_of(struct stepper *self, char letter)
{
	switch (letter) {
	case 'i': return TRACTOR_INBOX;
	case 'r': return TRACTOR_READABLE(self->fd);
	case 'w': return TRACTOR_WRITABLE(self->fd);
	case 'f': return TRACTOR_FUTURE(&self->future);
	default: return TRACTOR_AFTER(self->idle_ms);
	}
}

/* Fills in what is wanted now, and which letter each stands for. */
static void
collect(struct stepper *self, struct tractor_source sources[SOURCES_MAX], char letters[SOURCES_MAX])
{
	size_t count = 0;

	for (const char *at = self->sources; *at != '\0' && count + 1 < SOURCES_MAX; at++) {
		if ((*at == 'f' && self->future.base.id == 0) || (*at == 'w' && self->wrote))
			continue;
		letters[count] = *at;
		sources[count++] = source_of(self, *at);
	}
	sources[count] = (struct tractor_source){ .kind = TRACTOR_SOURCE_END };
}

static tractor_err
take_byte(struct stepper *self)
{
	char byte = '?';

	if (read(self->fd, &byte, 1) != 1)
		return TRACTOR_ESYSTEM;
	printf("byte %c\n", byte);
	return byte == '!' ? tractor_fail(TRACTOR_EREFUSED, "that byte is too much") : TRACTOR_OK;
}

static tractor_err
take_future(struct stepper *self, tractor_ctx *ctx)
{
	struct probe_value value = { .value = 0 };
	tractor_err err = tractor_await(ctx, &self->future, &value, 0);

	printf("future %s %" PRId64 "\n", tractor_err_name(err), value.value);
	return TRACTOR_OK;
}

static tractor_err
step(struct stepper *self, tractor_ctx *ctx)
{
	struct tractor_source sources[SOURCES_MAX];
	char letters[SOURCES_MAX] = "";

	collect(self, sources, letters);
	int branch = tractor_select_from(ctx, sources);
	if (branch < 0)
		return TRACTOR_OK;
	switch (letters[branch]) {
	case 'i': return tractor_dispatch(ctx);
	case 'r': return take_byte(self);
	case 'f': return take_future(self, ctx);
	case 'w': self->wrote = true; break;
	default: break;
	}
	printf("branch %c\n", letters[branch]);
	return TRACTOR_OK;
}

static tractor_err
on_start(struct stepper *self, tractor_ctx *ctx)
{
	const char *fifo = tractor_arg(ctx, "fifo", NULL);

	self->sources = tractor_arg(ctx, "sources", "i");
	self->idle_ms = atoll(tractor_arg(ctx, "idle_ms", "-1"));
	self->fd = fifo != NULL ? open(fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK) : -1;
	return TRACTOR_OK;
}

static tractor_err
on_stop(struct stepper *self, tractor_ctx *ctx)
{
	puts("stop");
	return TRACTOR_OK;
}

TRACTOR_MAIN(
	stepper, .serves = TRACTOR_SERVES(stepper), .step = step, .on_start = on_start, .on_stop = on_stop);
