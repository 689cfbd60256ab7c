/* ours.c: tractor, measured from a program that has a tree of its own. Whatever an actor sees is measured in the actor. */
#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ours_tree.h"
#include "stats.h"

#define BY_LINK "link:"	   /* before a measure's name: without lanes */
#define PATIENCE_MS 300000 /* a round of anything takes seconds */
#define REST_MS 100	   /* before memory is looked at */
#define LONG_READINGS 100  /* of the supervisor's memory */

/* --- asks --- */

static void
take_ask_from_parent(const struct plan *plan)
{
	struct asked asked;

	open_tree(&asked.tree);
	asked.ref = start_actor(&asked.tree, "echo");
	sample_trips(plan, batch_of(plan, 0), trip, &asked);
	tractor_runtime_close(asked.tree.runtime);
}

/* Between two actors; after a tenth as many that don't count. */
static void
sample_asks(
	struct tree *tree, bench_ref asker, bench_ref echo, const struct plan *plan, unsigned long load_bytes)
{
	unsigned long warm_up = plan->count / 10 + 1;
	struct bench_times times;

	ok(tractor_ask_within(tree->ctx, PATIENCE_MS, asker, &times, bench_trips, .to = echo,
		.count = warm_up + plan->count, .pause_us = plan->pause_us, .load_bytes = load_bytes,
		.batch = batch_of(plan, load_bytes)));
	for (size_t i = warm_up; i < times.trips_ns.count; i++)
		sample(times.trips_ns.items[i]);
}

static void
take_asks(const struct plan *plan, unsigned long load_bytes)
{
	struct tree tree;

	open_tree(&tree);
	bench_ref echo = start_actor(&tree, "echo"), asker = start_actor(&tree, "asker");
	sample_asks(&tree, asker, echo, plan, load_bytes);
	tractor_runtime_close(tree.runtime);
}

static void
take_ask_from_actor(const struct plan *plan)
{
	take_asks(plan, 0);
}

static void
take_load(const struct plan *plan)
{
	take_asks(plan, LOAD_BYTES);
}

static void
take_load_largest(const struct plan *plan)
{
	take_asks(plan, LOAD_MAX_BYTES);
}

/* Two of them ask each other while a third, which floods a fourth, uses up what CPUs there are. */
static void
take_ask_beside_flood(const struct plan *plan)
{
	struct tree tree;

	open_tree(&tree);
	bench_ref echo = start_actor(&tree, "echo"), asker = start_actor(&tree, "asker");
	bench_ref flooded = start_actor(&tree, "flooded"), flooder = start_actor(&tree, "flooder");
	ok(tractor_tell(tree.ctx, flooder, bench_flood, .to = flooded, .count = UINT64_MAX));
	live_on(&tree, 100); /* until its mailbox is full */
	sample_asks(&tree, asker, echo, plan, 0);
	tractor_runtime_close(tree.runtime);
}

/* The same while it is strangers who do. */
static void
take_ask_beside_strangers(const struct plan *plan)
{
	fork_strangers(2);
	take_asks(plan, 0);
}

/* --- tells --- */

/* Each sender tells the sink as many; returns once the sink has handled all. */
static struct bench_tally
flood(struct tree *tree, bench_ref sink, const bench_ref *senders, unsigned sender_count, unsigned long each)
{
	struct bench_tally tally;

	ok(tractor_ask(tree->ctx, sink, TRACTOR_ACK, bench_expect, .count = each * sender_count));
	for (unsigned i = 0; i < sender_count; i++)
		ok(tractor_tell(tree->ctx, senders[i], bench_flood, .to = sink, .from = i, .count = each));
	ok(tractor_ask_within(tree->ctx, PATIENCE_MS, sink, &tally, bench_count));
	return tally;
}

static void
take_tells(const struct plan *plan, unsigned sender_count, bool of_shares)
{
	struct tree tree;
	bench_ref senders[SENDERS_MAX];
	unsigned long each = plan->count / sender_count;

	open_tree(&tree);
	bench_ref sink = start_actor(&tree, "sink");
	for (unsigned i = 0; i < sender_count; i++)
		senders[i] = start_numbered(&tree, i);
	flood(&tree, sink, senders, sender_count, each / 10 + 1);
	for (int i = 0; i < ONEWAY_SAMPLES; i++) {
		struct bench_tally tally = flood(&tree, sink, senders, sender_count, each);
		sample(of_shares ? stats_unevenness(tally.shares.items, sender_count)
				 : (double)(tally.count - 1) * 1e9 / (double)tally.took_ns);
	}
	tractor_runtime_close(tree.runtime);
}

static void
take_tell(const struct plan *plan)
{
	take_tells(plan, 1, false);
}

static void
take_fan_in(const struct plan *plan)
{
	take_tells(plan, SENDERS_MAX, false);
}

static void
take_shares(const struct plan *plan)
{
	take_tells(plan, SENDERS_MAX, true);
}

/* --- restarts --- */

/* From the signal until the supervisor knows that the successor is ready. */
static double
time_restart(struct tree *tree, const char *path, int signal)
{
	unsigned long before = tree->running_count;
	pid_t pid = pid_of(tree, path);
	uint64_t began_ns = clock_ns();

	kill(pid, signal);
	while (tree->running_count == before)
		ok(tractor_runtime_turn(tree->runtime, -1));
	return (double)(tree->running_ns - began_ns);
}

/* There is one for the next restart. */
static void
await_spare(struct tree *tree, unsigned long restarts)
{
	while (tree->spare_count <= restarts)
		ok(tractor_runtime_turn(tree->runtime, -1));
}

static void
take_restart_spare(const struct plan *plan)
{
	struct tree tree;

	open_tree(&tree);
	ok(tractor_start_child(tree.runtime, NULL,
		&(struct tractor_child){
			.name = "victim", .exec = actor_program(), .shutdown_ms = TRACTOR_KILL, .spares = 1 },
		NULL));
	for (unsigned long i = 0; i <= plan->count; i++) {
		await_spare(&tree, i);
		live_on(&tree, plan->pause_us / 1000);
		double took_ns = time_restart(&tree, "/bench/victim", SIGKILL);
		if (i > 0) /* the first has a report in full, with names */
			sample(took_ns);
	}
	tractor_runtime_close(tree.runtime);
}

static void
take_restarts(const struct plan *plan, int signal, const char *const *args)
{
	struct tree tree;

	open_tree(&tree);
	start_actor_with(&tree, "victim", args);
	time_restart(&tree, "/bench/victim", signal); /* the first has a report in full, with names */
	for (unsigned long i = 0; i < plan->count; i++) {
		live_on(&tree, plan->pause_us / 1000);
		sample(time_restart(&tree, "/bench/victim", signal));
	}
	tractor_runtime_close(tree.runtime);
}

static void
take_restart_killed(const struct plan *plan)
{
	take_restarts(plan, SIGKILL, NULL);
}

static void
take_restart_captured(const struct plan *plan)
{
	take_restarts(plan, SIGSEGV, NULL);
}

static void
take_restart_uncaptured(const struct plan *plan)
{
	take_restarts(plan, SIGSEGV, (const char *const[]){ "capture", "off", NULL });
}

/* What the dying process itself took for it, from its report. */
static void
sample_capture(const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/crashes/%s", folder, name);
	json_t *report = json_load_file(path, 0, NULL);
	json_t *capture_us = json_object_get(report, "capture_us");
	if (capture_us)
		sample((double)json_integer_value(capture_us) * 1000);
	json_decref(report);
}

static void
sample_captures(struct tree *tree)
{
	const char *folder = tractor_runtime_directory(tree->runtime);
	char path[4096];

	snprintf(path, sizeof(path), "%s/crashes", folder);
	DIR *crashes = opendir(path);
	if (!crashes)
		fail("%s", path);
	for (struct dirent *entry; (entry = readdir(crashes));)
		sample_capture(folder, entry->d_name);
	closedir(crashes);
}

/* Each kind once: the second of a kind has a short report. */
static void
take_capture(const struct plan *plan)
{
	static const int kinds[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
	struct tree tree;

	open_tree(&tree);
	start_actor(&tree, "victim");
	for (size_t i = 0; i < plan->count && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		time_restart(&tree, "/bench/victim", kinds[i]);
	sample_captures(&tree);
	tractor_runtime_close(tree.runtime);
}

/* In 100 readings, for plan->count restarts one after the other. */
static void
take_supervisor_memory(const struct plan *plan)
{
	struct tree tree;

	open_tree(&tree);
	start_actor(&tree, "victim");
	for (unsigned long i = 1; i <= plan->count; i++) {
		time_restart(&tree, "/bench/victim", SIGKILL);
		if (i % (plan->count / LONG_READINGS + 1) == 0)
			sample(anonymous_kib(getpid()));
	}
	tractor_runtime_close(tree.runtime);
}

/* --- starts --- */

static void
take_start(const struct plan *plan)
{
	struct tree tree;

	open_tree(&tree);
	start_actor(&tree, "first");
	uint64_t began_ns = clock_ns();
	for (unsigned long i = 0; i < plan->count; i++)
		start_numbered(&tree, i);
	sample((double)(clock_ns() - began_ns) / (double)plan->count);
	tractor_runtime_close(tree.runtime);
}

/* All of them live while one is looked at: what they share is none's own. */
static void
take_memory(const struct plan *plan)
{
	struct tree tree;

	open_tree(&tree);
	for (unsigned long i = 0; i < plan->count; i++)
		start_numbered(&tree, i);
	live_on(&tree, REST_MS);
	for (unsigned long i = 0; i < plan->count; i++)
		sample(private_kib(pid_of_numbered(&tree, i)));
	tractor_runtime_close(tree.runtime);
}

int
main(int argc, char **argv)
{
	static const struct measure table[] = {
		{ "ask_from_parent", take_ask_from_parent },
		{ "ask_from_actor", take_ask_from_actor },
		{ "ask_beside_flood", take_ask_beside_flood },
		{ "ask_beside_strangers", take_ask_beside_strangers },
		{ "load", take_load },
		{ "load_largest", take_load_largest },
		{ "tell", take_tell },
		{ "fan_in", take_fan_in },
		{ "shares", take_shares },
		{ "restart_killed", take_restart_killed },
		{ "restart_captured", take_restart_captured },
		{ "restart_uncaptured", take_restart_uncaptured },
		{ "restart_spare", take_restart_spare },
		{ "capture", take_capture },
		{ "supervisor_memory", take_supervisor_memory },
		{ "start", take_start },
		{ "memory", take_memory },
		{ NULL, NULL },
	};

	if (argc > 1 && strncmp(argv[1], BY_LINK, strlen(BY_LINK)) == 0) {
		setenv("TRACTOR_LANES", "off", 1);
		argv[1] += strlen(BY_LINK);
	}
	return measure_main(argc, argv, table);
}
