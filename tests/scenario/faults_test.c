/*
 * faults_test.c: faults that the tree's file asks for: each happens once, as one that is injected does, in the first process of its actor or in the one that runs when a reload brings it; and one
 * that the file does not have any more does not happen.
 */
#include <stdio.h>
#include <string.h>

#include "reload.h"

static void
ping(void)
{
	json_decref(ask("/t/a", "victim.ping", "{}"));
}

static void
ping_and_crash(void)
{
	expect_command(1, "^$", "TRACTOR_ECRASHED", "ask", "/t/a", "victim.ping", NULL);
}

/* How many events there are of that name. */
static size_t
count_events(const char *event)
{
	struct run_result result = run_command(tractor_command(), "events", "--json", NULL);
	char wanted[64];
	size_t count = 0;

	snprintf(wanted, sizeof(wanted), "\"event\":\"%s\"", event);
	for (const char *at = result.out; (at = strstr(at, wanted)); at++)
		count++;
	run_result_free(&result);
	return count;
}

START_TEST(each_happens_once)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 10, faults: [{path: /t/a, fault: segv, at: victim.ping:2}], children: [%s, %s]}",
		actor_line_with("a", "victim", "faults: [{fault: slow:5, at: start}]"),
		actor_line_with("b", "victim", "faults: [{fault: exit:3}]"));

	expect_errors(tree, "^tractor: ATTENTION: this tree's file asks for 3 faults", SOON_MS);
	expect_errors(tree, "^/t/a: incarnation 1 injected: segv at victim.ping:2$", SOON_MS);
	ck_assert_uint_eq(count_events("faults"), 1);
	ping();
	ping_and_crash();
	for (int i = 0; i < 4; i++)
		ping();
	ck_assert_str_eq(expect_node("t", "/t/a", "running", 2, SOON_MS).last_exit, "SIGSEGV");
	ck_assert_str_eq(expect_node("t", "/t/b", "running", 2, SOON_MS).last_exit, "exit 3");
	ck_assert_uint_eq(count_events("injected"), 3);
	tree_down(tree);
}
END_TEST

START_TEST(nothing_is_said_where_there_are_none)
{
	struct process *tree = tree_up("{name: t, faults: [], children: [%s]}", actor_line("a", "victim"));

	ck_assert_uint_eq(count_events("faults"), 0);
	tree_down(tree);
}
END_TEST

START_TEST(a_message_that_it_does_not_know)
{
	struct process *tree =
		tree_up("{name: t, faults: [{path: /t/a, fault: segv, at: victim.pnig}], children: [%s]}",
			actor_line("a", "victim"));

	expect_errors(tree, "^/t/a: .*no such fault: .*victim.pnig; did you mean victim.ping\\?", SOON_MS);
	expect_event("/t/a", "not_injected", "^segv at victim.pnig: ");
	ping();
	expect_node("t", "/t/a", "running", 1, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(a_start_that_is_to_fail)
{
	const char *file = scenario_write("t.yaml",
		"{name: t, faults: [{path: /t/a, fault: fail, at: start}], children: [%s]}",
		actor_line("a", "victim"));

	expect_command(1, NULL, "^tractor: /t/a did not start: injected$", "run", file, NULL);
}
END_TEST

/* --- in a tree that runs --- */

#define WITH_FAULTS(faults) \
	NEW_FILE("{name: t, intensity: 10, children: [%s]}", actor_line_with("a", "victim", "%s", faults))

START_TEST(a_reload_brings_one_and_takes_it_away)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s]}", actor_line("a", "victim"));
	pid_t a = pid_of("/t/a");

	ping();
	WITH_FAULTS("faults: [{fault: segv, at: victim.ping:2}, {fault: exit:3, at: victim.ping:3}]");
	dry_run("~ /t/a  fault added: segv at victim.ping:2, fault added: exit:3 at victim.ping:3\n");
	ping();
	reload(0, "~ /t/a  fault added: segv at victim.ping:2, fault added: exit:3 at victim.ping:3\n", "^$");
	ping();
	WITH_FAULTS("faults: [{fault: exit:3, at: victim.ping:3}]"); /* which goes on counting */
	reload(0, "~ /t/a  fault removed: segv at victim.ping:2\n", "^$");
	ping();
	expect_kept("/t/a", a);
	ping_and_crash();
	ck_assert_str_eq(expect_node("t", "/t/a", "running", 2, SOON_MS).last_exit, "exit 3");
	WITH_FAULTS("mailbox: 1024");
	reload(0, "~ /t/a  fault removed: exit:3 at victim.ping:3\n", "^$");
	WITH_FAULTS("faults: [{fault: exit:3, at: victim.ping:3}]"); /* it is a new one again */
	reload(0, "~ /t/a  fault added: exit:3 at victim.ping:3\n", "^$");
	ping();
	ping();
	ping_and_crash();
	tree_down(tree);
}
END_TEST

/* It is for the process that comes, not for the one that goes. */
START_TEST(one_that_comes_with_a_restart)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s]}", actor_line("a", "victim"));

	WITH_FAULTS("args: {number: 4}, faults: [{fault: segv, at: victim.ping:1}]");
	reload(0, "~ /t/a  args.number: (none) -> 4, fault added: segv at victim.ping:1 (restart)\n", "^$");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	ping_and_crash();
	expect_node("t", "/t/a", "running", 3, SOON_MS);
	ck_assert_uint_eq(count_events("injected"), 1);
	tree_down(tree);
}
END_TEST

START_TEST(one_for_the_next_start)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s]}", actor_line("a", "victim"));

	WITH_FAULTS("faults: [{fault: exit:9, at: start}]");
	reload(0, "~ /t/a  fault added: exit:9 at start\n", "^$");
	WITH_FAULTS("mailbox: 1024");
	reload(0, "~ /t/a  fault removed: exit:9 at start\n", "^$");
	expect_command(0, "^$", "^$", "restart", "/t/a", NULL);
	WITH_FAULTS("faults: [{fault: exit:9, at: start}]");
	reload(0, "~ /t/a  fault added: exit:9 at start\n", "^$");
	expect_command(1, "^$", "/t/a", "restart", "/t/a", NULL);
	expect_command(0, "^$", "^$", "start", "/t/a", NULL);
	ping();
	tree_down(tree);
}
END_TEST

START_TEST(check_shows_them)
{
	const char *file = scenario_write("t.yaml",
		"{name: t, faults: [{path: /t/a, fault: fail, at: victim.ping, probability: 0.1, seed: 7}], children: [%s]}",
		actor_line("a", "victim"));

	expect_command(
		0, "^/t/a +fail at victim.ping with probability 0.1, seed 7$", "^$", "check", file, NULL);
	expect_command(0,
		"\"faults\":\\[\\{\"fault\":\"fail\",\"at\":\"victim.ping\",\"probability\":0.1,\"seed\":7\\}\\]",
		"^$", "check", "--json", file, NULL);
	file = scenario_write("t.yaml", "name: t\nfaults:\n- {path: /t/b, fault: sevg}\nchildren:\n- %s\n",
		actor_line("a", "victim"));
	expect_command(65, "^$", "t.yaml:3:10: path: .*\n.*t.yaml:3:23: fault: .*did you mean \"segv\"",
		"run", file, NULL);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("faults");

	SCENARIO_CASE(suite, "at first", 30, each_happens_once, nothing_is_said_where_there_are_none,
		a_message_that_it_does_not_know, a_start_that_is_to_fail, check_shows_them);
	SCENARIO_CASE(suite, "later", 30, a_reload_brings_one_and_takes_it_away,
		one_that_comes_with_a_restart, one_for_the_next_start);
	return suite;
}
