/* ours_crowd.c: tractor with a crowd: plan->count actors of one tree, which is then left to itself. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "ours_tree.h"

#define REST_MS 1000 /* until all that comes of its start is over */
#define IDLE_MS 10000
#define IDLE_AFTER_MS 15000 /* of the restarts that there might have been nothing is remembered any more */
#define TRIPS 500

struct crowd {
	struct tree tree;
	unsigned long count;
	bench_ref *refs;
	pid_t *pids;
};

static void
open_crowd(struct crowd *crowd, const struct plan *plan)
{
	*crowd = (struct crowd){ .count = plan->count,
		.refs = calloc(plan->count, sizeof(*crowd->refs)),
		.pids = calloc(plan->count, sizeof(*crowd->pids)) };
	must(crowd->refs && crowd->pids, "memory");
	open_tree(&crowd->tree);
	for (unsigned long i = 0; i < crowd->count; i++) {
		crowd->refs[i] = start_numbered(&crowd->tree, i);
		crowd->pids[i] = pid_of_numbered(&crowd->tree, i);
	}
	live_on(&crowd->tree, REST_MS);
}

static void
close_crowd(struct crowd *crowd)
{
	tractor_runtime_close(crowd->tree.runtime);
	free(crowd->refs);
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
take_killed(const struct plan *plan)
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

/* All together, so that all are heard without a pause. */
static void
ask_all(struct crowd *crowd)
{
	bench_echo_future *futures = calloc(crowd->count, sizeof(*futures));
	struct bench_block block;

	must(futures != NULL, "memory");
	for (unsigned long i = 0; i < crowd->count; i++)
		ok(tractor_ask_async(crowd->tree.ctx, crowd->refs[i], &futures[i], bench_echo, .from = 1));
	for (unsigned long i = 0; i < crowd->count; i++)
		ok(tractor_await(crowd->tree.ctx, &futures[i], &block, -1));
	free(futures);
}

/* One of them, right behind that. */
static void
take_ask(const struct plan *plan)
{
	const struct plan trips = { .count = TRIPS };
	struct crowd crowd;
	struct asked asked;

	open_crowd(&crowd, plan);
	asked.tree = crowd.tree;
	asked.ref = crowd.refs[0];
	ask_all(&crowd);
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
take_idle(const struct plan *plan)
{
	pid_t supervisor = getpid();
	struct crowd crowd;
	int result[2];
	double rate;

	open_crowd(&crowd, plan);
	live_on(&crowd.tree, IDLE_AFTER_MS);
	must(pipe(result) == 0, "pipe");
	if (fork_peer() == 0) {
		sleep_us(REST_MS * 1000);
		unsigned long before = wakeups_of(&crowd, supervisor);
		sleep_us(IDLE_MS * 1000);
		rate = (double)(wakeups_of(&crowd, supervisor) - before) * 1000 / IDLE_MS;
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
		{ "killed", take_killed },
		{ "ask", take_ask },
		{ "idle", take_idle },
		{ NULL, NULL },
	};

	return measure_main(argc, argv, table);
}
