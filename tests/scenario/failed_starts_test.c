/*
 * failed_starts_test.c: every way in which a start can fail, the first or one after a crash: what is said of it, and when it is not tried again.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deaths.h"

/* --- starts that fail --- */

/* `tractor run` of a tree with this child after a good one: says why it does not start, stops what was started, and fails. */
static void
does_not_start(const char *line, const char *words)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s, %s, %s]}",
		actor_line("first", "victim"), line, actor_line("last", "victim"));
	struct process *tree = running_tree_start(file);

	expect_exit(tree, 1, UP_MS + DOWN_MS);
	expect_match(process_errors(tree), words);
	expect_output(tree, "^/t/first: up 1$", SOON_MS);
	expect_output(tree, "^/t/first: down 1$", SOON_MS);
	ck_assert(!matches(process_output(tree), "^/t/last: up"));
	json_t *report = crash_of("/t/bad", 1);
	expect_text(report, "action", "escalate");
	json_decref(report);
}

static const char *
script(const char *name, const char *text)
{
	const char *path = scenario_write(name, "#!/bin/sh\n%s\n", text);

	ck_assert_int_eq(chmod(path, 0700), 0);
	return path;
}

static void
expect_first_crash(const char *cause, const char *text)
{
	json_t *report = crash_of("/t/bad", 1);

	expect_text(report, "cause", cause);
	expect_match(text_at(report, "panic_text"), text);
	json_decref(report);
}

START_TEST(on_start_refuses)
{
	does_not_start(actor_line_with("bad", "victim", "args: {start: refuse}"),
		"^tractor: /t/bad did not start: the shop is closed$");
	expect_first_crash("start", "^the shop is closed$");
}
END_TEST

START_TEST(on_start_panics)
{
	does_not_start(actor_line_with("bad", "victim", "args: {start: panic}"),
		"^tractor: /t/bad did not start: nothing left to do with 0 \\(.*victim.c:[0-9]+\\)$");
	expect_first_crash("panic", "^nothing left to do");
}
END_TEST

START_TEST(on_start_crashes)
{
	does_not_start(actor_line_with("bad", "victim", "args: {start: segv}"),
		"^tractor: /t/bad did not start: SIGSEGV$");
	expect_first_crash("signal", "^$");
}
END_TEST

START_TEST(on_start_exits)
{
	does_not_start(actor_line_with("bad", "victim", "args: {start: exit, number: 0}"),
		"^tractor: /t/bad did not start: it exited with 0 before it was ready$");
	expect_first_crash("start", "^it exited with 0");
}
END_TEST

START_TEST(on_start_takes_too_long)
{
	does_not_start(
		actor_line_with("bad", "victim", "start_timeout: 2s, args: {start: sleep, number: 60000}"),
		"^tractor: /t/bad did not start: not ready within 2000 ms \\(start_timeout\\)$");
	expect_first_crash("start", "^not ready within 2000 ms");
}
END_TEST

/* The usual way to wait for ever: on_start asks one that is started after it. */
START_TEST(on_start_asks_one_that_is_started_later)
{
	does_not_start(
		actor_line_with("bad", "victim", "start_timeout: 2s, args: {start: ask, whom: /t/last}"),
		"^tractor: /t/bad did not start: not ready within 2000 ms \\(start_timeout\\): it waited for /t/last, "
		"which is not running$");
}
END_TEST

START_TEST(it_never_says_hello)
{
	char line[256];

	snprintf(line, sizeof(line), "{actor: bad, exec: %s, start_timeout: 300ms}",
		script("mute", "exec sleep 1000"));
	does_not_start(line, "never said hello; is it linked with libtractor-actor\\?$");
	expect_first_crash("start", "never said hello");
}
END_TEST

START_TEST(it_dies_as_its_first_act)
{
	does_not_start("{actor: bad, exec: /bin/false}",
		"^tractor: /t/bad did not start: it exited with 1 before it was ready; is it an actor, linked with libtractor-actor\\?$");
	expect_first_crash("start", "^it exited with 1");
}
END_TEST

START_TEST(it_succeeds_as_its_first_act)
{
	does_not_start("{actor: bad, exec: /bin/true}",
		"^tractor: /t/bad did not start: it exited with 0 before it was ready; is it an actor");
	expect_first_crash("start", "^it exited with 0");
}
END_TEST

START_TEST(it_kills_itself_as_its_first_act)
{
	char line[256];

	snprintf(line, sizeof(line), "{actor: bad, exec: %s}", script("kamikaze", "kill -KILL $$"));
	does_not_start(line, "^tractor: /t/bad did not start: SIGKILL$");
}
END_TEST

/* They lie in the stacks of nng's threads, too, which must have room beside them. */
START_TEST(one_with_large_thread_local_variables_starts)
{
	tree_down(tree_up("{name: t, children: [%s]}", actor_line("a", "roomy")));
	tree_down(tree_up("{name: t, children: [%s]}", actor_line("a", "snug")));
}
END_TEST

START_TEST(on_start_says_that_it_is_not_needed)
{
	struct process *tree = tree_of_three("args: {start: ignore}");
	struct seen_node victim;

	ck_assert(seen_node_read("t", "/t/victim", &victim));
	ck_assert_str_eq(victim.state, "stopped");
	ck_assert_int_eq(victim.pid, 0);
	tree_down(tree);
	expect_crashes(NULL, 0);
}
END_TEST

/* --- restarts that fail --- */

/* A start that fails on a restart is one more restart: the budget of the supervisor bounds it. */
START_TEST(restarts_that_refuse_use_up_the_intensity)
{
	const char *way = scenario_path("way");
	struct process *tree =
		tree_up("{name: t, intensity: 3, children: [%s, %s]}", actor_line("first", "victim"),
			actor_line_with("victim", "victim", "args: {start_file: %s}", way));

	scenario_write("way", "refuse");
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	expect_exit(tree, 70, DOWN_MS);
	expect_output(tree, "^/t/first: down 1$", SOON_MS);
	expect_match(process_errors(tree),
		"^tractor: the tree gave up: /t/victim died once too often; see: tractor -t t crashes$");
	expect_crashes("/t/victim", 4);
	json_t *report = crash_of("/t/victim", 4);
	expect_text(report, "cause", "start");
	expect_text(report, "panic_text", "the shop is closed");
	expect_text(report, "action", "escalate");
	json_decref(report);
}
END_TEST

START_TEST(a_restart_that_refused_for_a_while)
{
	const char *way = scenario_path("way");
	struct process *tree =
		tree_up("{name: t, intensity: 100, children: [%s, %s]}", actor_line("first", "victim"),
			actor_line_with("victim", "victim",
				"args: {start_file: %s}, backoff: {initial: 50ms, factor: 1}", way));
	pid_t first = pid_of("/t/first");

	scenario_write("way", "refuse");
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	expect_node("t", "/t/victim", "waiting", 3, SOON_MS);
	ck_assert_int_eq(unlink(way), 0);
	struct seen_node after = expect_node("t", "/t/victim", "running", 4, SOON_MS);
	ck_assert_int_eq(after.restarts, after.incarnation - 1);
	ck_assert_int_eq(pid_of("/t/first"), first);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("failed starts");

	SCENARIO_CASE(suite, "at the start", 30, on_start_refuses, on_start_panics, on_start_crashes,
		on_start_exits, on_start_takes_too_long, on_start_asks_one_that_is_started_later,
		it_never_says_hello, it_dies_as_its_first_act, it_succeeds_as_its_first_act,
		it_kills_itself_as_its_first_act, one_with_large_thread_local_variables_starts,
		on_start_says_that_it_is_not_needed);
	SCENARIO_CASE(suite, "at a restart", 30, restarts_that_refuse_use_up_the_intensity,
		a_restart_that_refused_for_a_while);
	return suite;
}
