/*
 * restart_test.c: restarts of real processes beyond OTP's rules: how many start at a time, what a handler may use of the CPU, and who is not to be tried again. The rules themselves are
 * tested without processes (unit/gate_test.c, unit/restart_property_test.c).
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/victim.h"
#include "trees.h"

/* --- hundreds at once --- */

#define CROWD 100

/* Counted from what happens. */
struct seen {
	int starting, most_starting;   /* now; at any time */
	int up[2];		       /* how many came up as incarnation 1 and 2 */
	int order[CROWD], order_count; /* by their numbers, how the second incarnations were started */
	int died[CROWD], died_count;
	int refused;
};

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct seen *seen = arg;
	int number;

	if (strcmp(event->event, "host_refused") == 0)
		seen->refused++;
	if (sscanf(event->path, "/t/crowd/members/m%d", &number) != 1)
		return;
	if (strcmp(event->event, "starting") == 0) {
		seen->starting++;
		if (event->incarnation == 2)
			seen->order[seen->order_count++] = number;
	} else if (strcmp(event->event, "running") == 0) {
		seen->starting--;
		seen->up[event->incarnation - 1]++;
	} else if (strcmp(event->event, "waiting") == 0 && event->incarnation == 1) {
		seen->died[seen->died_count++] = number;
	}
	if (seen->most_starting < seen->starting)
		seen->most_starting = seen->starting;
}

static void
on_line(void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length)
{
	(void)arg;
	(void)path;
	(void)incarnation;
	(void)is_error;
	(void)line;
	(void)length;
}

/* Starts take a while, so that they would pile up: 30 ms in on_start. */
static struct tractor_runtime *
open_crowd(struct seen *seen)
{
	struct tractor_runtime *rt;
	tractor_err err = tractor_runtime_open(
		&rt, &(struct tractor_options){
			     .name = "t", .on_event = on_event, .on_line = on_line, .arg = seen });

	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	err = tractor_runtime_load(rt,
		scenario_write("crowd.yaml",
			"{name: crowd, children: [{pool: members, exec: %s/victim, max: %d, intensity: %d, "
			"restart: permanent, start_timeout: %ds, args: {start: sleep, number: 30}}]}",
			test_actors_dir(), CROWD, CROWD, (int)scaled_ms(5000) / 1000));
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	return rt;
}

static void
turn_until(struct tractor_runtime *rt, const int *count, int wanted)
{
	int64_t until_ms = now_ms() + scaled_ms(30000);

	while (*count < wanted) {
		ck_assert_msg(now_ms() < until_ms, "only %d of %d", *count, wanted);
		ck_assert_int_eq(tractor_runtime_turn(rt, 1000), TRACTOR_OK);
	}
}

static unsigned
bound(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return cpus > 2 ? 2 * (unsigned)cpus : 4;
}

START_TEST(a_hundred_deaths_are_no_hundred_starts_at_once)
{
	struct seen seen = { .starting = 0 };
	struct tractor_runtime *rt = open_crowd(&seen);
	tractor_ctx *ctx = tractor_port(rt);
	pid_t pids[CROWD];

	for (int i = 0; i < CROWD; i++) {
		struct victim_pong pong;
		victim_ref member;
		char name[16];
		snprintf(name, sizeof(name), "m%d", i);
		tractor_err err = tractor_spawn(ctx, victim, "/t/crowd/members", &member, .name = name);
		ck_assert_msg(err == TRACTOR_OK, "%s: %s", name, tractor_why());
		ck_assert_int_eq(tractor_ask(ctx, member, &pong, victim_ping), TRACTOR_OK);
		pids[i] = (pid_t)pong.pid;
	}
	ck_assert_int_eq(seen.up[0], CROWD);
	seen.most_starting = 0;
	for (int i = 0; i < CROWD; i++)
		ck_assert_int_eq(kill(pids[i], SIGKILL), 0);
	turn_until(rt, &seen.up[1], CROWD);
	printf("at most %d of %d starts at a time, bound %u\n", seen.most_starting, CROWD, bound());
	ck_assert_uint_le((unsigned)seen.most_starting, bound());
	ck_assert_int_ge(seen.most_starting, 2);
	/* Each once, in the order in which their deaths were heard of. */
	ck_assert_int_eq(seen.died_count, CROWD);
	ck_assert_int_eq(seen.order_count, CROWD);
	ck_assert_mem_eq(seen.order, seen.died, sizeof(seen.order));
	ck_assert_int_eq(seen.refused, 0);
	tractor_runtime_close(rt);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("restart");

	SCENARIO_CASE(suite, "crowds", 60, a_hundred_deaths_are_no_hundred_starts_at_once);
	return suite;
}
