/*
 * ours.c: tractor, measured from a program that has a tree of its own, as the README's quick start has it. Whatever an actor sees is measured in the actor. The tree is in the current folder
 * and ends with this process.
 */
#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "ours.h"
#include "samples.h"
#include "stats.h"

#define BY_LINK "link:" /* before a measure's name: without lanes */
#define ANY_NUMBER \
	5000 /* of restarts in PERIOD_MS: as many as nobody is fast enough for; what is remembered of them is soon all in use */
#define PERIOD_MS 1000
#define PATIENCE_MS 300000 /* a round of anything takes seconds */
#define REST_MS 100	   /* before memory is looked at */
#define POLL_MS 5	   /* between two looks at a count, which is an ask that is in the way */
#define LONG_READINGS 100  /* of the supervisor's memory */
#define CROWD_REST_MS 1000 /* until all that comes of its start is over */
#define CROWD_IDLE_MS 10000
#define CROWD_IDLE_AFTER_MS \
	15000 /* of the restarts that there might have been nothing is remembered any more */
#define CROWD_TRIPS 500

struct tree {
	struct tractor_runtime *runtime;
	tractor_ctx *ctx;
	uint64_t running_ns; /* when an actor was last heard to be ready */
	unsigned long running_count,
		spare_count; /* how many came up; how many processes wait to be named, or were */
};

static void
ok(tractor_err err)
{
	if (err != TRACTOR_OK)
		fail("tractor: %s: %s", tractor_err_name(err), tractor_why());
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct tree *tree = arg;

	if (strcmp(event->event, "spare_ready") == 0)
		tree->spare_count++;
	if (strcmp(event->event, "running") != 0)
		return;
	tree->running_ns = clock_ns();
	tree->running_count++;
}

static void
open_tree(struct tree *tree)
{
	*tree = (struct tree){ .running_ns = 0 };
	setenv("TRACTOR_RUN_DIR", ".", 1);
	ok(tractor_runtime_open(&tree->runtime, &(struct tractor_options){ .name = "bench",
							.intensity = ANY_NUMBER,
							.period_ms = PERIOD_MS,
							.on_event = on_event,
							.arg = tree,
							.raise_files = true }));
	tree->ctx = tractor_port(tree->runtime);
}

/* bench-actor is beside this program. */
static const char *
actor_program(void)
{
	static char path[4096];

	if (*path)
		return path;
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof("bench-actor"));

	must(length > 0, "readlink");
	path[length] = '\0';
	memcpy(strrchr(path, '/') + 1, "bench-actor", sizeof("bench-actor"));
	return path;
}

/* SIGKILL at the end: some of them are in the middle of a flood. */
static bench_ref
start_actor_with(struct tree *tree, const char *name, const char *const *args)
{
	bench_ref ref;

	ok(tractor_start(tree->runtime, bench, &ref,
		&(struct tractor_child){
			.name = name, .exec = actor_program(), .args = args, .shutdown_ms = TRACTOR_KILL }));
	return ref;
}

static bench_ref
start_actor(struct tree *tree, const char *name)
{
	return start_actor_with(tree, name, NULL);
}

static bench_ref
start_numbered(struct tree *tree, unsigned long number)
{
	char name[32];

	snprintf(name, sizeof(name), "a%lu", number);
	return start_actor(tree, name);
}

static void
live_on(struct tree *tree, uint64_t ms)
{
	for (uint64_t until_ns = clock_ns() + ms * 1000000, now_ns; (now_ns = clock_ns()) < until_ns;)
		ok(tractor_runtime_turn(tree->runtime, (int64_t)((until_ns - now_ns) / 1000000)));
}

static pid_t
pid_of(struct tree *tree, const char *path)
{
	struct tractor_child_info *info;

	ok(tractor_which_child(tree->runtime, path, &info));
	pid_t pid = info->pid;
	free(info);
	return pid;
}

/* --- asks --- */

/* Asks in a sample: more than one where they take no longer than reading the clock does. */
static unsigned
batch_of(const struct plan *plan, unsigned long load_bytes)
{
	return plan->pause_us == 0 && load_bytes == 0 ? 20 : 1;
}

struct asked {
	struct tree tree;
	bench_ref ref;
};

static void
trip(void *arg)
{
	struct asked *asked = arg;
	struct bench_block block;

	ok(tractor_ask(asked->tree.ctx, asked->ref, &block, bench_echo, .from = 1));
}

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
	do {
		live_on(tree, POLL_MS);
		ok(tractor_ask_within(tree->ctx, PATIENCE_MS, sink, &tally, bench_count));
	} while (tally.count < each * sender_count);
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
	char path[64];

	open_tree(&tree);
	for (unsigned long i = 0; i < plan->count; i++)
		start_numbered(&tree, i);
	live_on(&tree, REST_MS);
	for (unsigned long i = 0; i < plan->count; i++) {
		snprintf(path, sizeof(path), "/bench/a%lu", i);
		sample(private_kib(pid_of(&tree, path)));
	}
	tractor_runtime_close(tree.runtime);
}

/* --- a crowd: plan->count actors of one tree, which is then left to itself --- */

struct crowd {
	struct tree tree;
	unsigned long count;
	pid_t *pids;
};

static void
open_crowd(struct crowd *crowd, const struct plan *plan)
{
	char path[64];

	*crowd = (struct crowd){ .count = plan->count, .pids = calloc(plan->count, sizeof(*crowd->pids)) };
	must(crowd->pids != NULL, "memory");
	open_tree(&crowd->tree);
	for (unsigned long i = 0; i < crowd->count; i++) {
		start_numbered(&crowd->tree, i);
		snprintf(path, sizeof(path), "/bench/a%lu", i);
		crowd->pids[i] = pid_of(&crowd->tree, path);
	}
	live_on(&crowd->tree, CROWD_REST_MS);
}

static void
close_crowd(struct crowd *crowd)
{
	tractor_runtime_close(crowd->tree.runtime);
	free(crowd->pids);
}

static void
await_running(struct tree *tree, unsigned long count)
{
	while (tree->running_count < count)
		ok(tractor_runtime_turn(tree->runtime, -1));
}

/* All are killed, one after the other, and all run again; mean. */
static void
take_crowd_killed(const struct plan *plan)
{
	struct crowd crowd;

	open_crowd(&crowd, plan);
	uint64_t began_ns = clock_ns();
	for (unsigned long i = 0; i < crowd.count; i++)
		must(kill(crowd.pids[i], SIGKILL) == 0, "kill");
	await_running(&crowd.tree, 2 * crowd.count);
	sample((double)(crowd.tree.running_ns - began_ns) / (double)crowd.count);
	close_crowd(&crowd);
}

static void
take_crowd_ask(const struct plan *plan)
{
	const struct plan trips = { .count = CROWD_TRIPS };
	struct crowd crowd;
	struct asked asked;

	open_crowd(&crowd, plan);
	asked.tree = crowd.tree;
	asked.ref = start_actor(&asked.tree, "echo");
	sample_trips(&trips, batch_of(&trips, 0), trip, &asked);
	close_crowd(&crowd);
}

/* Of all threads of all of them. */
static unsigned long
wakeups_of(const struct crowd *crowd, pid_t supervisor)
{
	unsigned long sum = wakeups(supervisor);

	for (unsigned long i = 0; i < crowd->count; i++)
		sum += wakeups(crowd->pids[i]);
	return sum;
}

/* How often anybody is woken, supervisor and actors, while there is nothing to do. Another process looks, and then ends it by a death. */
static void
take_crowd_idle(const struct plan *plan)
{
	pid_t supervisor = getpid();
	struct crowd crowd;
	int result[2];
	double rate;

	open_crowd(&crowd, plan);
	live_on(&crowd.tree, CROWD_IDLE_AFTER_MS);
	must(pipe(result) == 0, "pipe");
	if (fork_peer() == 0) {
		sleep_us(CROWD_REST_MS * 1000);
		unsigned long before = wakeups_of(&crowd, supervisor);
		sleep_us(CROWD_IDLE_MS * 1000);
		rate = (double)(wakeups_of(&crowd, supervisor) - before) * 1000 / CROWD_IDLE_MS;
		write_bytes(result[1], &rate, sizeof(rate));
		must(kill(crowd.pids[0], SIGKILL) == 0, "kill");
		_exit(0);
	}
	await_running(&crowd.tree, crowd.count + 1);
	must(read_bytes(result[0], &rate, sizeof(rate)), "read");
	sample(rate);
	close_crowd(&crowd);
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
		{ "crowd_killed", take_crowd_killed },
		{ "crowd_ask", take_crowd_ask },
		{ "crowd_idle", take_crowd_idle },
		{ NULL, NULL },
	};

	if (argc > 1 && strncmp(argv[1], BY_LINK, strlen(BY_LINK)) == 0) {
		setenv("TRACTOR_LANES", "off", 1);
		argv[1] += strlen(BY_LINK);
	}
	return measure_main(argc, argv, table);
}
