/*
 * victim.c: ends as it is told to, in a handler (`how` of a message), in on_start or in on_stop (the arguments `start` and `stop`, or the first word of the file that
 * the argument `start_file` names, if it is there). Everything here that looks like a bug is one on purpose.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "memory.h"
#include "victim.h"

#define NOTES_MAX 65536
#define WORD_BYTES 32

struct victim {
	int64_t notes[NOTES_MAX];
	size_t note_count;
};

#define TRACTOR_STATE struct victim
TRACTOR_SERVE(victim, VICTIM_PROTOCOL);

static volatile int zero;

static void
sleep_ms(int64_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) != 0)
		;
}

/* SIGUSR1 ends it, also one that came before it: it is blocked from the start on. */
static void
nap_ms(int64_t ms)
{
	const struct timespec most = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	sigset_t wake;

	sigemptyset(&wake);
	sigaddset(&wake, SIGUSR1);
	while (sigtimedwait(&wake, NULL, &most) < 0 && errno == EINTR)
		;
}

static void
block(int signal_number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal_number);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* A sanitizer would report it in its own way before it happens. */
#define AS_IT_IS __attribute__((no_sanitize("undefined", "address")))

AS_IT_IS static void
dereference_null(void)
{
	volatile int *volatile nowhere = NULL; /* both, or the optimizer has the store away */

	*nowhere = 1;
}

AS_IT_IS static void
divide(int number)
{
	zero = number / zero;
}

/* Not a tail call, and every frame is used. */
AS_IT_IS static int
recurse(int depth) /* NOLINT(misc-no-recursion) */
{
	volatile char frame[4096];

	frame[depth % (int)sizeof(frame)] = (char)depth;
	return depth == zero ? 0 : recurse(depth + 1) + frame[0];
}

static void
corrupt_heap(void)
{
	char *volatile inside = (char *)malloc(64) + 8;

	free(inside);
}

static void
spin(void)
{
	for (volatile unsigned turns = 0;; turns++)
		;
}

/* Uses so much CPU time of its own. */
static void
burn_ms(int64_t ms)
{
	struct timespec now, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += ms % 1000 * 1000000;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while ((now.tv_sec - end.tv_sec) * 1000000000 + now.tv_nsec - end.tv_nsec < 0);
}

/* Deaf to SIGABRT, so that only SIGKILL ends it. */
static void
spin_deaf(void)
{
	block(SIGABRT);
	spin();
}

static void
eat_memory(void)
{
	for (;;) {
		char *memory = malloc(1 << 20);
		if (memory)
			memset(memory, 1, 1 << 20);
	}
}

/* The victim that the argument `whom` names, which may never come round to it. */
static tractor_err
ask_another(tractor_ctx *ctx)
{
	struct victim_pong pong;
	victim_ref whom;
	tractor_err err = tractor_find(ctx, victim, tractor_arg(ctx, "whom", ""), &whom);

	return err == TRACTOR_OK ? tractor_ask(ctx, whom, &pong, victim_ping) : err;
}

static tractor_err
end(tractor_ctx *ctx, const char *how, int number)
{
	if (strcmp(how, "panic") == 0)
		tractor_panic(ctx, "nothing left to do with %d", number);
	else if (strcmp(how, "assert") == 0)
		tractor_assert(number == 4711);
	else if (strcmp(how, "segv") == 0)
		dereference_null();
	else if (strcmp(how, "overflow") == 0)
		zero = recurse(1);
	else if (strcmp(how, "fpe") == 0)
		divide(number);
	else if (strcmp(how, "abort") == 0)
		abort();
	else if (strcmp(how, "heap") == 0)
		corrupt_heap();
	else if (strcmp(how, "exit") == 0)
		exit(number);
	else if (strcmp(how, "quick_exit") == 0)
		_exit(number);
	else if (strcmp(how, "spin") == 0)
		spin();
	else if (strcmp(how, "spin_deaf") == 0)
		spin_deaf();
	else if (strcmp(how, "stop") == 0)
		raise(SIGSTOP);
	else if (strcmp(how, "kill") == 0)
		raise(SIGKILL);
	else if (strcmp(how, "oom") == 0)
		eat_memory();
	else if (strcmp(how, "limit_memory") == 0)
		memory_limit();
	else if (strcmp(how, "exhaust_memory") == 0)
		memory_exhaust();
	else if (strcmp(how, "sleep") == 0)
		sleep_ms(number);
	else if (strcmp(how, "burn") == 0)
		burn_ms(number);
	else if (strcmp(how, "finish") == 0)
		return tractor_finish(ctx, "that was all");
	else if (strcmp(how, "refuse") == 0)
		return tractor_fail(TRACTOR_EREFUSED, "the shop is closed");
	else if (strcmp(how, "ignore") == 0)
		return TRACTOR_IGNORE;
	else if (strcmp(how, "ask") == 0)
		return ask_another(ctx);
	else if (*how)
		return tractor_fail(TRACTOR_EINVAL, "there is no way \"%s\"", how);
	return TRACTOR_OK;
}

/* --- messages --- */

static tractor_err
victim_on_die(struct victim *self, tractor_ctx *ctx, const struct victim_die *msg)
{
	return end(ctx, msg->how, msg->number);
}

static tractor_err
victim_on_perish(
	struct victim *self, tractor_ctx *ctx, const struct victim_perish *msg, struct tractor_none *reply)
{
	return end(ctx, msg->how, msg->number);
}

static tractor_err
victim_on_note(struct victim *self, tractor_ctx *ctx, const struct victim_note *msg)
{
	if (self->note_count < NOTES_MAX)
		self->notes[self->note_count++] = msg->number;
	return TRACTOR_OK;
}

static tractor_err
victim_on_nap(struct victim *self, tractor_ctx *ctx, const struct victim_nap *msg)
{
	printf("asleep\n");
	nap_ms(msg->ms);
	return TRACTOR_OK;
}

static tractor_err
victim_on_ping(
	struct victim *self, tractor_ctx *ctx, const struct victim_ping *msg, struct victim_pong *reply)
{
	reply->pid = getpid();
	reply->incarnation = tractor_incarnation(ctx);
	return TRACTOR_OK;
}

static tractor_err
victim_on_rest(
	struct victim *self, tractor_ctx *ctx, const struct victim_rest *msg, struct victim_pong *reply)
{
	printf("resting\n");
	sleep_ms(msg->ms);
	reply->pid = getpid();
	reply->incarnation = tractor_incarnation(ctx);
	return TRACTOR_OK;
}

static tractor_err
victim_on_noted(
	struct victim *self, tractor_ctx *ctx, const struct victim_noted *msg, struct victim_notebook *reply)
{
	reply->numbers.items = self->notes;
	reply->numbers.count = self->note_count;
	return TRACTOR_OK;
}

static tractor_err
victim_on_leave(
	struct victim *self, tractor_ctx *ctx, const struct victim_leave *msg, struct victim_left *reply)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (msg->own_group)
			setpgid(0, 0);
		execlp("sh", "sh", "-c", msg->command, (char *)NULL);
		_exit(127);
	}
	if (pid > 0 && msg->own_group)
		setpgid(pid,
			pid); /* here too: it has left our group when this is answered, whoever runs first */
	reply->pid = pid;
	return pid > 0 ? TRACTOR_OK : TRACTOR_EREFUSED;
}

static tractor_err
victim_on_arg(struct victim *self, tractor_ctx *ctx, const struct victim_arg *msg, struct victim_value *reply)
{
	reply->text = tractor_arg(ctx, msg->name, "");
	return TRACTOR_OK;
}

static tractor_err
victim_on_echo(
	struct victim *self, tractor_ctx *ctx, const struct victim_echo *msg, struct victim_value *reply)
{
	reply->text = msg->text;
	return TRACTOR_OK;
}

/* --- hooks --- */

static const char *
way_to_start(tractor_ctx *ctx)
{
	static char word[WORD_BYTES];
	const char *path = tractor_arg(ctx, "start_file", NULL);
	FILE *file = path ? fopen(path, "re") : NULL;

	if (!file)
		return tractor_arg(ctx, "start", "");
	if (fscanf(file, "%31s", word) != 1)
		word[0] = '\0';
	fclose(file);
	return word;
}

static tractor_err
victim_start(struct victim *self, tractor_ctx *ctx)
{
	block(SIGUSR1);
	printf("up %u\n", tractor_incarnation(ctx));
	return end(ctx, way_to_start(ctx), atoi(tractor_arg(ctx, "number", "0")));
}

static tractor_err
victim_stop(struct victim *self, tractor_ctx *ctx)
{
	printf("down %u\n", tractor_incarnation(ctx));
	return end(ctx, tractor_arg(ctx, "stop", ""), atoi(tractor_arg(ctx, "number", "0")));
}

TRACTOR_MAIN(victim, .serves = TRACTOR_SERVES(victim), .on_start = victim_start, .on_stop = victim_stop);
