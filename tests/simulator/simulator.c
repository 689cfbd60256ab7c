/*
 * simulator.c: the deterministic simulator of the core: lives, one seed after the other, until so many events have happened. They run in
 * a child, so that a life which crashes or hangs is a failure like any other. Exits with 0: all was well; 1: something was not, and
 * what; 2: usage.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "simulator.h"

#define LIFE_SECONDS 60 /* a life takes milliseconds; under valgrind, a second */

struct report *report;
bool verbose;

void
sim_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->failure, sizeof(report->failure), format, args);
	va_end(args);
	report->failed = true;
	sim_say("FAILED: %s", report->failure);
	fflush(stdout);
	_exit(1);
}

void
sim_say(const char *format, ...)
{
	va_list args;

	if (!verbose)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout); /* what comes next may be an abort of the core's */
}

static void
run_lives(uint64_t seed, uint64_t events)
{
	while (report->events < events) {
		alarm(LIFE_SECONDS);
		life_run(seed++, NULL);
	}
	fflush(stdout);
	_exit(0);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The counts; false: some state was never reached. */
static bool
tell_states(void)
{
	static const char *const words[] = {
#define STATE_WORDS(name, text) text,
		STATES(STATE_WORDS)
#undef STATE_WORDS
	};
	bool all = true;

	for (size_t i = 0; i < STATE_COUNT; i++) {
		printf("%12" PRIu64 "  %s%s\n", report->reached[i], words[i],
			report->reached[i] == 0 ? "   <-- never" : "");
		all = all && report->reached[i] > 0;
	}
	return all;
}

static int
tell_failure(int status)
{
	if (!report->failed && WIFSIGNALED(status))
		snprintf(report->failure, sizeof(report->failure), "%s", strsignal(WTERMSIG(status)));
	printf("seed %" PRIu64 ", happening %u, after %" PRIu64 " events: %s\n", report->seed,
		report->happening, report->events, report->failure);
	shrink(report->seed);
	return 1;
}

static int
simulate(uint64_t seed, uint64_t events)
{
	double begin = seconds();
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run_lives(seed, events);
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("tractor-simulator");
		return 1;
	}
	double took = seconds() - begin;
	if (status != 0)
		return tell_failure(status);
	bool all = tell_states();
	printf("%" PRIu64 " events in %" PRIu64 " lives, %.1f s, %.0f events/s\n", report->events,
		report->lives, took, (double)report->events / took);
	return all ? 0 : 1;
}

static int
usage(void)
{
	fprintf(stderr, "usage: tractor-simulator [--seed N] [--events N] [--verbose]\n");
	return 2;
}

int
main(int argc, char **argv)
{
	uint64_t seed = 1, events = UINT64_MAX;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--verbose") == 0)
			verbose = true;
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--events") == 0 && i + 1 < argc)
			events = strtoull(argv[++i], NULL, 10);
		else
			return usage();
	}
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED) {
		perror("tractor-simulator");
		return 1;
	}
	return simulate(seed, events);
}
