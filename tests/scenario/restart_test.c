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
#include "sys.h"
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

/* Starts take a while, so that they would pile up: 30 ms in on_start. */
static struct tractor_runtime *
open_crowd(struct seen *seen)
{
	struct tractor_runtime *rt;
	tractor_err err = tractor_runtime_open(
		&rt, &(struct tractor_options){
			     .name = "t", .on_event = on_event, .on_line = ignore_line, .arg = seen });

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

/* --- what a handler may use --- */

static struct process *
tree_with(const char *limits)
{
	return tree_up(
		"{name: t, intensity: 100, children: [%s]}", actor_line_with("a", "victim", "%s", limits));
}

/* The handler is ended over its CPU time: how much of it is said, and is not much more than it was given. */
static void
dies_of_cpu(const char *how, const char *limits, int64_t limit_ms)
{
	struct process *tree = tree_with(limits);
	long long used_ms = 0, said_ms = 0;

	tell("/t/a", "victim.die", "{\"how\":\"%s\"}", how);
	json_t *report = crash_of("/t/a", 1);
	expect_text(report, "cause", "deadline");
	expect_text(report, "message.name", "die");
	const char *text = text_at(report, "panic_text");
	ck_assert_msg(sscanf(text, "a handler used %lld ms of CPU time, more than %lld ms", &used_ms,
			      &said_ms) == 2,
		"%s", text);
	expect_match(text, "\\(handler_cpu_timeout\\)$");
	ck_assert_int_eq(said_ms, limit_ms);
	ck_assert_int_ge(used_ms, limit_ms);
	/* The supervisor may be late; that the handler's share of a busy machine is small costs it only time. */
	ck_assert_int_lt(used_ms, limit_ms + scaled_ms(500));
	json_decref(report);
	expect_event("/t/a", "overdue", "handler_cpu_timeout");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}

START_TEST(a_handler_over_its_cpu_time)
{
	dies_of_cpu("spin", "handler_cpu_timeout: 300ms", 300);
}
END_TEST

START_TEST(one_that_is_deaf_to_sigabrt)
{
	dies_of_cpu("spin_deaf", "handler_cpu_timeout: 100ms", 100);
}
END_TEST

/* Of both limits the one that is reached first. */
START_TEST(cpu_time_before_the_wall)
{
	dies_of_cpu("spin", "handler_cpu_timeout: 100ms, handler_timeout: 1h", 100);
}
END_TEST

/* It takes five times its CPU time, asleep. */
START_TEST(a_sleeper_uses_none)
{
	struct process *tree = tree_with("handler_cpu_timeout: 200ms");
	pid_t pid = pid_of("/t/a");
	json_t *pong = ask("/t/a", "victim.rest", "{\"ms\":1000}");

	expect_number(pong, "pid", pid);
	json_decref(pong);
	pong = ask("/t/a", "victim.ping", "{}");
	expect_number(pong, "pid", pid);
	json_decref(pong);
	expect_crashes(NULL, 0);
	tree_down(tree);
}
END_TEST

START_TEST(a_sleeper_beside_the_wall)
{
	struct process *tree = tree_with("handler_cpu_timeout: 200ms, handler_timeout: 400ms");

	tell("/t/a", "victim.nap", "{\"ms\":60000}");
	json_t *report = crash_of("/t/a", 1);
	expect_text(report, "cause", "deadline");
	expect_text(report, "panic_text", "a handler ran longer than 400 ms (handler_timeout)");
	json_decref(report);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

/* Each within its time, all together far beyond: one after the other, and all waiting at once. */
START_TEST(each_handler_has_its_own_time)
{
	struct process *tree = tree_with("handler_cpu_timeout: 300ms");
	pid_t pid = pid_of("/t/a");

	for (int i = 0; i < 4; i++)
		json_decref(ask("/t/a", "victim.perish", "{\"how\":\"burn\",\"number\":200}"));
	for (int i = 0; i < 4; i++)
		tell("/t/a", "victim.die", "{\"how\":\"burn\",\"number\":200}");
	/* How long it takes to use up 800 ms is the machine's business. */
	struct process *asker = process_start(
		tractor_command(), "ask", "--timeout", "30s", "/t/a", "victim.ping", "{}", NULL);
	expect_exit(asker, 0, 30000);
	json_t *pong = json_loads(process_output(asker), 0, NULL);
	expect_number(pong, "pid", pid);
	json_decref(pong);
	expect_crashes(NULL, 0);
	tree_down(tree);
}
END_TEST

static int looks_count;

static int
counted_cpu_time(pid_t pid, struct timespec *ret_used)
{
	looks_count++;
	return sys_real.cpu_time(pid, ret_used);
}

/* How often the supervisor looks at the CPU's clock while 100 messages are handled and one takes a second, asleep. */
static int
looks_with(int64_t limit_ms)
{
	struct seen seen = { .starting = 0 };
	struct victim_pong pong;
	struct tractor_runtime *rt;
	victim_ref victim;
	char exec[256];

	snprintf(exec, sizeof(exec), "%s/victim", test_actors_dir());
	looks_count = 0;
	sys.cpu_time = counted_cpu_time;
	tractor_err err = tractor_runtime_open(
		&rt, &(struct tractor_options){
			     .name = "t", .on_event = on_event, .on_line = ignore_line, .arg = &seen });
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	const struct tractor_child child = { .name = "a", .exec = exec, .handler_cpu_timeout_ms = limit_ms };
	ck_assert_int_eq(tractor_start(rt, victim, &victim, &child), TRACTOR_OK);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(tractor_ask(tractor_port(rt), victim, &pong, victim_ping), TRACTOR_OK);
	ck_assert_int_eq(tractor_ask(tractor_port(rt), victim, &pong, victim_rest, .ms = 1000), TRACTOR_OK);
	ck_assert_uint_eq(pong.incarnation, 1);
	tractor_runtime_close(rt);
	sys = sys_real;
	return looks_count;
}

/* Nothing where it isn't wanted; and where it is, a few times a message, and while one goes on as often as its time could have been used up. */
START_TEST(nobody_looks_where_there_is_no_limit)
{
	ck_assert_int_eq(looks_with(0), 0);
	int looks = looks_with(200);
	printf("%d looks\n", looks);
	ck_assert_int_ge(looks, 1);
	ck_assert_int_le(looks, 220);
}
END_TEST

/* --- who is not to be tried again --- */

START_TEST(exit_code_125_at_the_first_start)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s]}",
		actor_line_with("a", "victim", "args: {start: exit, number: 125}"));

	expect_command(1, NULL,
		"^tractor: /t/a did not start: it says that trying again is no use \\(exit code 125\\)$",
		"run", file, NULL);
}
END_TEST

/* It had run, was killed, and finds at its restart that there is no use: it stays down, alone, and its supervisor goes on as before. */
START_TEST(exit_code_125_at_a_restart)
{
	const char *how = scenario_path("how");
	struct process *tree = tree_up("{name: t, intensity: 2, period: 1h, children: [%s, %s]}",
		actor_line_with("a", "victim", "args: {start_file: %s, number: 125}", how),
		actor_line("b", "victim"));
	pid_t beside = pid_of("/t/b");

	scenario_write("how", "exit");
	tell("/t/a", "victim.die", "{\"how\":\"kill\"}");
	expect_node("t", "/t/a", "stopped", 2, SOON_MS);
	json_t *report = crash_of("/t/a", 2);
	expect_text(report, "action", "stop");
	json_decref(report);
	expect_command(0, "/t/a +stopped .* last exit: exit 125: it says that trying again is no use", "",
		"status", NULL);
	json_t *status = run_json(tractor_command(), "status", "--json", NULL);
	expect_number(status, "root.restarts_in_window", 1); /* that of the kill */
	json_decref(status);
	ck_assert_int_eq(pid_of("/t/b"), beside);
	ck_assert_int_eq(remove(how), 0);
	expect_command(0, NULL, NULL, "start", "/t/a", NULL);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

/* In a group its siblings are left alone as well; if one of them dies later, the group is restarted as a whole, and it is tried once more with it. */
START_TEST(exit_code_125_in_a_group)
{
	struct process *tree =
		tree_up("{name: t, strategy: one_for_all, intensity: 2, period: 1h, children: [%s, %s]}",
			actor_line("a", "victim"), actor_line("b", "victim"));
	pid_t beside = pid_of("/t/b");

	tell("/t/a", "victim.die", "{\"how\":\"exit\",\"number\":125}");
	expect_node("t", "/t/a", "stopped", 1, SOON_MS);
	ck_assert_int_eq(pid_of("/t/b"), beside);
	tell("/t/b", "victim.die", "{\"how\":\"kill\"}");
	expect_node("t", "/t/b", "running", 2, SOON_MS);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("restart");

	SCENARIO_CASE(suite, "crowds", 60, a_hundred_deaths_are_no_hundred_starts_at_once);
	SCENARIO_CASE(suite, "CPU time", 60, a_handler_over_its_cpu_time, one_that_is_deaf_to_sigabrt,
		cpu_time_before_the_wall, a_sleeper_uses_none, a_sleeper_beside_the_wall,
		each_handler_has_its_own_time, nobody_looks_where_there_is_no_limit);
	SCENARIO_CASE(suite, "for good", 30, exit_code_125_at_the_first_start, exit_code_125_at_a_restart,
		exit_code_125_in_a_group);
	return suite;
}
