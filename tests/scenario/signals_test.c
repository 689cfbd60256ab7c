/*
 * signals_test.c: SIGINT, SIGTERM and SIGHUP to the supervisor: it stops in order, then at once; and how long a stop may take.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "trees.h"

static void
stops_in_order(int signal)
{
	struct process *tree = tree_up("{name: t, children: [%s, {supervisor: s, children: [%s, %s]}, %s]}",
		actor_line("a", "victim"), actor_line("b", "victim"), actor_line("c", "victim"),
		actor_line("d", "victim"));

	process_signal(tree, signal);
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/a: up 1$", 0);
	expect_output(tree, "^/t/s/b: up 1$", 0);
	expect_output(tree, "^/t/s/c: up 1$", 0);
	expect_output(tree, "^/t/d: up 1$", 0);
	expect_output(tree, "^/t/d: down 1$", 0);
	expect_output(tree, "^/t/s/c: down 1$", 0);
	expect_output(tree, "^/t/s/b: down 1$", 0);
	expect_output(tree, "^/t/a: down 1$", 0);
	expect_crashes(NULL, 0);
}

START_TEST(sigint_stops_in_reverse_order)
{
	stops_in_order(SIGINT);
}
END_TEST

START_TEST(sigterm_stops_in_reverse_order)
{
	stops_in_order(SIGTERM);
}
END_TEST

static void
stops_at_once(int first, int second)
{
	struct process *tree = tree_up("{name: t, children: [%s, %s]}", actor_line("a", "victim"),
		actor_line_with("b", "victim", "shutdown: infinity, args: {stop: sleep, number: 60000}"));

	process_signal(tree, first);
	expect_output(tree, "^/t/b: down 1$", SOON_MS);
	usleep(120000); /* the same once more within a tenth of a second is the same still */
	process_signal(tree, second);
	expect_exit(tree, 128 + second, SOON_MS);
	ck_assert(!matches(process_output(tree), "^/t/a: down"));
}

START_TEST(a_second_sigint_stops_at_once)
{
	stops_at_once(SIGINT, SIGINT);
}
END_TEST

START_TEST(a_second_sigterm_stops_at_once)
{
	stops_at_once(SIGINT, SIGTERM);
}
END_TEST

/* As timeout(1) does: to the process, and to its group. */
START_TEST(a_signal_that_comes_twice_at_a_time_is_one)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	for (int i = 0; i < 3; i++)
		process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/a: down 1$", 0);
}
END_TEST

/* A terminal sends SIGINT to everybody in the group: the actors have groups of their own. */
START_TEST(ctrl_c_reaches_the_supervisor_only)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	process_signal_group(tree, SIGINT);
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/a: down 1$", 0);
	expect_crashes(NULL, 0);
}
END_TEST

START_TEST(a_signal_while_it_starts)
{
	const char *file =
		scenario_write("t.yaml", "{name: t, children: [%s, %s]}", actor_line("a", "victim"),
			actor_line_with("b", "victim",
				"start_timeout: 60s, shutdown: 300ms, args: {start: sleep, number: 60000}"));
	struct process *tree = running_tree_start(file);

	expect_output(tree, "^/t/b: up 1$", UP_MS);
	process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/a: down 1$", 0);
}
END_TEST

/* The terminal is gone; nohup has said that this is no reason to end. */
START_TEST(a_hangup_that_is_ignored)
{
	scenario_write("t.yaml", "{name: t, children: [%s]}", actor_line("a", "victim"));
	struct process *tree =
		process_start("nohup", tractor_command(), "run", scenario_path("t.yaml"), NULL);

	expect_tree("t", UP_MS);
	process_signal(tree, SIGHUP);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
	ck_assert_ptr_null(strstr(process_errors(tree), "SIGHUP"));
}
END_TEST

START_TEST(a_hangup_stops_in_order)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	process_signal(tree, SIGHUP);
	expect_output(tree, "^/t/a: down 1$", SOON_MS);
	expect_exit(tree, 0, DOWN_MS);
}
END_TEST

/* It is given for ever to stop, but not to start. */
START_TEST(a_start_that_ignores_the_stop_ends_with_its_start_timeout)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s, %s]}",
		actor_line("a", "victim"),
		actor_line_with("b", "victim",
			"start_timeout: 3s, shutdown: infinity, args: {start: sleep, number: 60000}"));
	struct process *tree = running_tree_start(file);

	expect_output(tree, "^/t/b: up 1$", UP_MS);
	process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/a: down 1$", 0);
	ck_assert(!matches(process_output(tree), "^/t/b: down"));
}
END_TEST

/* Its on_start is done in time, and its on_stop not before the start limit would have ended it. */
START_TEST(a_start_that_is_done_meanwhile_has_all_the_time_to_stop)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	struct process *adding = process_start(tractor_command(), "add", "/t",
		actor_line_with("b", "victim",
			"start_timeout: 5s, shutdown: infinity, args: {start: sleep, stop: sleep, number: 3000}"),
		NULL);

	expect_output(tree, "^/t/b: up 1$", SOON_MS);
	expect_command(0, NULL, NULL, "stop", "/t/b", NULL);
	expect_exit(adding, 1, SOON_MS);
	expect_output(tree, "^/t/b: down 1$", SOON_MS);
	expect_event("/t/b", "ended", "^shutdown$");
	tree_down(tree);
}
END_TEST

START_TEST(an_actor_that_will_not_stop_is_killed_in_its_time)
{
	struct process *tree = tree_up("{name: t, children: [%s, %s, %s]}", actor_line("a", "victim"),
		actor_line_with("b", "victim", "shutdown: 200ms, args: {stop: spin}"),
		actor_line_with("c", "victim", "shutdown: kill"));

	tree_down(tree);
	expect_output(tree, "^/t/b: down 1$", 0);
	expect_output(tree, "^/t/a: down 1$", 0);
	ck_assert(!matches(process_output(tree), "^/t/c: down"));
	expect_errors(tree,
		"^/t/b: incarnation 1 was killed: it had not stopped 200 ms after it was asked to \\(shutdown\\)$",
		0);
	ck_assert(!matches(process_errors(tree), "/t/c: .*was killed"));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("signals");

	SCENARIO_CASE(suite, "signals", 30, sigint_stops_in_reverse_order, sigterm_stops_in_reverse_order,
		a_second_sigint_stops_at_once, a_second_sigterm_stops_at_once,
		a_signal_that_comes_twice_at_a_time_is_one, ctrl_c_reaches_the_supervisor_only,
		a_signal_while_it_starts, a_hangup_that_is_ignored, a_hangup_stops_in_order,
		a_start_that_ignores_the_stop_ends_with_its_start_timeout,
		a_start_that_is_done_meanwhile_has_all_the_time_to_stop,
		an_actor_that_will_not_stop_is_killed_in_its_time);
	return suite;
}
