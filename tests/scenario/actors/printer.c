/* printer.c: prints by stdio, as any program does. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <tractor/actor.h>

#include "printer.h"

struct printer {
	uint64_t printed;
};

#define TRACTOR_STATE struct printer
TRACTOR_SERVE(printer, PRINTER_PROTOCOL);

static int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static tractor_err
printer_on_print(struct printer *self, tractor_ctx *ctx, const struct printer_print *msg)
{
	fprintf(msg->error ? stderr : stdout, "%s\n", msg->text);
	self->printed++;
	return TRACTOR_OK;
}

static tractor_err
printer_on_raw(struct printer *self, tractor_ctx *ctx, const struct printer_raw *msg)
{
	fwrite(msg->text.data, 1, msg->text.size, msg->error ? stderr : stdout);
	return TRACTOR_OK;
}

static tractor_err
printer_on_count(struct printer *self, tractor_ctx *ctx, const struct printer_count *msg)
{
	const struct timespec pause = { .tv_nsec = msg->pause_us * 1000 };

	for (int64_t i = 0; i < msg->lines; i++) {
		printf("line %llu\n", (unsigned long long)++self->printed);
		if (msg->pause_us > 0)
			nanosleep(&pause, NULL);
	}
	return TRACTOR_OK;
}

static tractor_err
printer_on_flood(struct printer *self, tractor_ctx *ctx, const struct printer_flood *msg)
{
	int64_t until_ms = clock_ms() + msg->ms;

	while (clock_ms() < until_ms)
		for (int i = 0; i < 100; i++)
			printf("flood %llu\n", (unsigned long long)++self->printed);
	if (*msg->last_words)
		tractor_panic(ctx, "%s", msg->last_words);
	return TRACTOR_OK;
}

/* A sanitizer would report it in its own way before it happens. */
__attribute__((no_sanitize("undefined", "address"))) static void
dereference_null(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
}

static tractor_err
printer_on_half(struct printer *self, tractor_ctx *ctx, const struct printer_half *msg)
{
	fputs(msg->text, msg->error ? stderr : stdout);
	dereference_null();
	return TRACTOR_OK;
}

static tractor_err
printer_on_panic(struct printer *self, tractor_ctx *ctx, const struct printer_panic *msg)
{
	tractor_panic(ctx, "%s", msg->text);
}

static tractor_err
printer_on_lines(struct printer *self, tractor_ctx *ctx, const struct printer_lines *msg,
	struct printer_printed *reply)
{
	reply->lines = self->printed;
	return TRACTOR_OK;
}

TRACTOR_MAIN(printer, .serves = TRACTOR_SERVES(printer));
