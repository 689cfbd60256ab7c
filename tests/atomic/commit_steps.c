/*
 * commit_steps.c: commit_steps [--stride N] [--first N] [--verbose]: a durable actor is traced from the end of its handler on, instruction by instruction, and killed at the Nth; then at the (N + stride)th, and so on
 * until it waits for its next message before that. Each time the message must have been processed exactly once: the actor's state and what it told the next stage are of the same messages.
 *
 * Only the thread that runs handlers is stopped; nng's go on, as they would. Exit: 0 it held; 1 it did not; 2 usage; 77 this machine does not let us trace, or is none that this is written for.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "stages.h"
#include "tracing.h"

static struct {
	unsigned stride, first;
	bool verbose;
} options = { .stride = 1 };

/* The handler may ask the tree for something. */
static void
turn(void *arg)
{
	struct stages *stages = arg;

	tractor_runtime_turn(stages->runtime, 0);
}

/* False: it came to its next wait before that. */
static bool
step(struct traced *traced, unsigned count, unsigned *ret_stepped)
{
	for (*ret_stepped = 0; *ret_stepped < count; ++*ret_stepped)
		if (tracing_is_about_to_wait(traced) || !tracing_step(traced))
			return false;
	return true;
}

/* --- one case --- */

/* Killed `count` instructions after the handler's end. False: there are not that many. */
static bool
kill_after(struct stages *stages, unsigned count)
{
	pid_t pid = stages_pid(stages, 0);
	struct traced traced;
	unsigned stepped;

	if (!tracing_begin(&traced, pid, turn, stages)) {
		fprintf(stderr, "cannot trace: %s\n", strerror(errno));
		exit(TRACING_SKIPPED);
	}
	stages_tell(stages);
	/* To where the handler has done all that it does. */
	if (!tracing_run_to(&traced, SYS_getppid))
		stages_fail(stages, "the handler did not come to its end");
	traced.meanwhile = NULL; /* from here on it needs nobody */
	bool reached = step(&traced, count, &stepped);
	kill(pid, SIGKILL);
	stages_settle(stages);
	if (options.verbose)
		fprintf(stderr, "killed after %u\n", stepped);
	return reached;
}

static bool
parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "stride", required_argument, NULL, 's' },
		{ "first", required_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};

	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) >= 0;)
		switch (option) {
		case 's': options.stride = (unsigned)atoi(optarg); break;
		case 'f': options.first = (unsigned)atoi(optarg); break;
		case 'v': options.verbose = true; break;
		default: return false;
		}
	return optind == argc && options.stride > 0;
}

int
main(int argc, char **argv)
{
	struct stages stages;
	unsigned count, cases = 1;

	if (!parse(argc, argv)) {
		fputs("usage: commit_steps [--stride N] [--first N] [--verbose]\n", stderr);
		return 2;
	}
	if (!TRACING_IS_WRITTEN) {
		puts("steps are written for x86-64");
		return TRACING_SKIPPED;
	}
	tracing_keep_to_one_processor();
	stages_open(&stages, 2, options.verbose);
	for (count = options.first; kill_after(&stages, count); count += options.stride)
		cases++;
	printf("%u kills, up to %u instructions behind a handler: every message once, with its state (digest %016llx)\n",
		cases, count, (unsigned long long)stages.digest);
	stages_close(&stages);
	return 0;
}
