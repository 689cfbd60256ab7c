/*
 * speak.c: what an actor says to people: log lines, and the last words of a panic. And the small things that it may know of itself. Log lines go to standard error, which
 * the supervisor reads, so that they survive the crash that follows them.
 */
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor_process.h"
#include "why.h"

#define LINE_BYTES 2048 /* of one log line; PIPE_BUF is 4096, so a line is written whole */

/* Before the text, as journald and syslog know it: the supervisor takes it off again. */
static const char *const prefixes[] = {
	[TRACTOR_DEBUG] = "<7>",
	[TRACTOR_INFO] = "<6>",
	[TRACTOR_WARNING] = "<4>",
	[TRACTOR_ERROR] = "<3>",
};

void
tractor_log(tractor_ctx *ctx, enum tractor_level level, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;

	if (level == TRACTOR_DEBUG && !getenv("TRACTOR_DEBUG"))
		return;
	int length = snprintf(line, sizeof(line), "%s", ctx->actor ? prefixes[level] : "");
	va_start(arguments, format);
	vsnprintf(line + length, sizeof(line) - (size_t)length - 1, format, arguments);
	va_end(arguments);
	size_t size = strlen(line);
	line[size++] = '\n';
	(void)!write(STDERR_FILENO, line, size);
}

/* Leaves the words, then dies by abort(): the stack is captured on the way. */
static _Noreturn void
end_by_panic(const char *file, int line)
{
	struct tri_actor *actor = tri_the_actor;

	fflush(stdout);
	fflush(stderr);
	if (actor) {
		snprintf(actor->box->where, sizeof(actor->box->where), "%s:%d", file, line);
		tri_blackbox_last_words(actor->box, TRI_LAST_PANIC);
	}
	abort();
}

#ifdef __GLIBC__
/* stdio can't be asked in a signal handler, but where its buffer is can be seen; whatever stands there, the kernel copies what can be read. */
static void
write_rest(const FILE *stream, int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	const char *from = stream->_IO_write_base, *to = stream->_IO_write_ptr;

	/* So much a pipe that is writable takes without blocking. */
	if (from && from < to && to - from <= PIPE_BUF && poll(&room, 1, 0) == 1)
		(void)!write(fd, from, (size_t)(to - from));
}

void
tri_speak_rest(void)
{
	write_rest(stdout, STDOUT_FILENO);
	write_rest(stderr, STDERR_FILENO);
}
#else
void
tri_speak_rest(void)
{
}
#endif

/* Where the words go; without an actor (in a test of one's own handlers, say) to standard error. */
static char *
words(void)
{
	static char nowhere[TRI_TEXT_BYTES];

	return tri_the_actor ? tri_the_actor->box->text : nowhere;
}

void
tri_panic(tractor_ctx *ctx, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	(void)ctx;
	va_start(arguments, format);
	vsnprintf(words(), TRI_TEXT_BYTES, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%spanic: %s (%s:%d)\n", tri_the_actor ? "<3>" : "", words(), file, line);
	end_by_panic(file, line);
}

void
tri_panic_assert(const char *file, int line, const char *function, const char *expression)
{
	snprintf(words(), TRI_TEXT_BYTES, "assertion failed in %s: %s", function, expression);
	fprintf(stderr, "%spanic: %s (%s:%d)\n", tri_the_actor ? "<3>" : "", words(), file, line);
	end_by_panic(file, line);
}

void *
tractor_alloc(tractor_ctx *ctx, size_t size_bytes)
{
	void *memory = tri_arena_alloc(ctx->arena, size_bytes);

	return memory ? memset(memory, 0, size_bytes) : NULL;
}

char *
tractor_format(tractor_ctx *ctx, const char *format, ...)
{
	va_list arguments, again;

	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	char *text = length < 0 ? NULL : tri_arena_alloc(ctx->arena, (size_t)length + 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(arguments);
	return text;
}

const char *
tractor_arg(tractor_ctx *ctx, const char *name, const char *fallback)
{
	if (!ctx->actor)
		return fallback;
	const tractor_field_list_tri_pair *args = &ctx->actor->said->args;
	for (size_t i = args->count; i > 0;
		i--) /* from the end: what tractor_spawn() gave comes after the pool's own */
		if (strcmp(args->items[i - 1].key, name) == 0)
			return args->items[i - 1].value;
	return fallback;
}

const char *
tractor_path(tractor_ctx *ctx)
{
	return ctx->actor ? ctx->actor->said->path : NULL;
}

uint32_t
tractor_incarnation(tractor_ctx *ctx)
{
	return ctx->incarnation;
}

struct tractor_address
tractor_sender(tractor_ctx *ctx)
{
	if (!ctx->hand)
		return (struct tractor_address){ .actor = 0 };
	return (struct tractor_address){ .actor = ctx->hand->packet->frame.source };
}

struct tractor_address
tractor_address_of(tractor_ctx *ctx)
{
	return ctx->self;
}

tractor_err
tractor_finish(tractor_ctx *ctx, const char *reason)
{
	struct tri_actor *actor = ctx->actor;

	if (!actor)
		return tri_why(TRACTOR_EINVAL,
			"only an actor can finish; a tree is ended by tractor_runtime_stop()");
	actor->finishing = true;
	actor->finished = reason != NULL;
	free(actor->reason);
	actor->reason = reason ? strdup(reason) : NULL;
	return TRACTOR_OK;
}
