/*
 * pipeline.c: pipeline [--kills N] [--seed N] [--stages N] [--verbose]: a pipeline of durable actors, each message told on by each of them, and SIGKILL at random moments to any of them. Whatever is killed,
 * every stage must come to what it would have come to undisturbed: all messages, in order, once. Exit: 0 it did; 1 it did not, and what it had is on standard error; 2 usage.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stages.h"

#define SETTLE_EVERY 250  /* kills */
#define TELLS_MAX 6	  /* between two kills */
#define PAUSE_MAX_US 2500 /* likewise: about as long as a restart takes */

static struct {
	unsigned kills, stages;
	uint64_t random;
	bool verbose;
} options = { .kills = 1000, .stages = 3, .random = 1 };

static unsigned
pick(unsigned below)
{
	options.random ^= options.random << 13;
	options.random ^= options.random >> 7;
	options.random ^= options.random << 17;
	return (unsigned)((options.random * UINT64_C(0x2545f4914f6cdd1d) >> 32) % below);
}

static int64_t
clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* The tree lives meanwhile. */
static void
pass(struct stages *stages, int64_t us)
{
	for (int64_t until_us = clock_us() + us; clock_us() < until_us;)
		tractor_runtime_turn(stages->runtime, 0);
}

/* Its parent is this process, and has not reaped it: the number is nobody else's. */
static void
strike(struct stages *stages)
{
	kill(stages_pid(stages, pick(options.stages)), SIGKILL);
}

static bool
parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "kills", required_argument, NULL, 'k' },
		{ "seed", required_argument, NULL, 's' },
		{ "stages", required_argument, NULL, 'n' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};

	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) >= 0;)
		switch (option) {
		case 'k': options.kills = (unsigned)atoi(optarg); break;
		case 's': options.random = strtoull(optarg, NULL, 10); break;
		case 'n': options.stages = (unsigned)atoi(optarg); break;
		case 'v': options.verbose = true; break;
		default: return false;
		}
	return optind == argc && options.random != 0 && options.stages >= 1 && options.stages <= STAGES_MAX;
}

int
main(int argc, char **argv)
{
	struct stages stages;

	if (!parse(argc, argv)) {
		fprintf(stderr, "usage: pipeline [--kills N] [--seed N] [--stages 1 to %d] [--verbose]\n",
			STAGES_MAX);
		return 2;
	}
	stages_open(&stages, options.stages, options.verbose);
	for (unsigned kill = 1; kill <= options.kills; kill++) {
		for (unsigned tells = pick(TELLS_MAX + 1); tells > 0; tells--)
			stages_tell(&stages);
		pass(&stages, pick(PAUSE_MAX_US));
		strike(&stages);
		if (kill % SETTLE_EVERY == 0)
			stages_settle(&stages);
	}
	stages_settle(&stages);
	printf("%llu kills, %lld messages through %u stages: as undisturbed (digest %016llx)\n",
		(unsigned long long)stages.crashes, (long long)stages.told, options.stages,
		(unsigned long long)stages.digest);
	stages_close(&stages);
	return 0;
}
