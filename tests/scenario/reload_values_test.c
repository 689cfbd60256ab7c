/*
 * reload_values_test.c: a reload of a tree that is at work: mail that waits reaches whom it was for, and a value that is another one counts from now on, also for a handler that runs.
 */
#include <signal.h>
#include <stdio.h>

#include "reload.h"

static void
expect_notes(const char *path, int64_t first, int64_t last)
{
	json_t *reply = ask(path, "victim.noted", "{}");
	const json_t *numbers = json_object_get(reply, "numbers");

	ck_assert_int_eq((int)json_array_size(numbers), (int)(last - first + 1));
	for (int64_t i = 0; i <= last - first; i++)
		ck_assert_int_eq(json_integer_value(json_array_get(numbers, (size_t)i)), first + i);
	json_decref(reply);
}

/* --- mail --- */

START_TEST(mail_of_one_who_stays)
{
	struct process *tree = tree_up(
		"{name: t, children: [%s, %s]}", actor_line("victim", "victim"), actor_line("a", "courier"));
	pid_t victim = pid_of("/t/victim");

	put_to_sleep(tree, "victim", 60000);
	for (int number = 1; number <= 30; number++)
		tell("/t/victim", "victim.note", "{\"number\":%d}", number);
	NEW_FILE("{name: t, children: [%s, %s]}", actor_line("b", "victim"),
		actor_line_with("victim", "victim", "mailbox: 7"));
	reload(0, "- /t/a\n+ /t/b\n~ /t/victim  mailbox: 1024 -> 7\n", "^$");
	wake("/t/victim");
	expect_notes("/t/victim", 1, 30);
	expect_kept("/t/victim", victim);
	tree_down(tree);
}
END_TEST

/* What it had in hand ends with its process, what waited goes to the next one. */
START_TEST(mail_of_one_who_is_replaced)
{
	struct process *tree =
		tree_up("{name: t, children: [%s]}", actor_line_with("victim", "victim", "shutdown: 300ms"));

	put_to_sleep(tree, "victim", 60000);
	for (int number = 1; number <= 30; number++)
		tell("/t/victim", "victim.note", "{\"number\":%d}", number);
	NEW_FILE("{name: t, children: [%s]}",
		actor_line_with("victim", "victim", "shutdown: 300ms, env: {NEW: 'yes'}"));
	reload(0, "~ /t/victim  env.NEW: added (restart)\n", "^$");
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	expect_notes("/t/victim", 1, 30);
	tree_down(tree);
}
END_TEST

START_TEST(a_larger_mailbox_lets_those_in_who_wait)
{
	struct process *tree = tree_up("{name: t, children: [%s, %s]}",
		actor_line_with("victim", "victim", "mailbox: 3"), actor_line("a", "courier"));

	put_to_sleep(tree, "victim", 60000);
	struct process *sender = process_start(tractor_command(), "ask", "/t/a", "courier.notes",
		"{\"who\":\"/t/victim\",\"first\":1,\"count\":60}", "--timeout", "30s", NULL);
	expect_waiting("/t/victim", 3);
	NEW_FILE("{name: t, children: [%s, %s]}", actor_line_with("victim", "victim", "mailbox: 100"),
		actor_line("a", "courier"));
	reload(0, "~ /t/victim  mailbox: 3 -> 100\n", "^$");
	expect_exit(sender, 0, SOON_MS);
	expect_match(process_output(sender), "\"err\":\"TRACTOR_OK\",\"count\":60");
	ck_assert_int_eq(kill(pid_of("/t/victim"), SIGKILL), 0);
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	expect_notes("/t/victim", 1, 60);
	tree_down(tree);
}
END_TEST

/* --- values that count from now on --- */

START_TEST(a_limit_for_a_handler_that_has_none)
{
	struct process *tree =
		tree_up("{name: t, intensity: 5, children: [%s]}", actor_line("victim", "victim"));

	put_to_sleep(tree, "victim", 60000);
	NEW_FILE("{name: t, intensity: 5, children: [%s]}",
		actor_line_with("victim", "victim", "handler_timeout: 200ms"));
	reload(0, "~ /t/victim  handler_timeout: 0s -> 200ms\n", "^$");
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "cause", "deadline");
	json_decref(report);
	tree_down(tree);
}
END_TEST

START_TEST(no_limit_any_more_for_one_that_is_busy)
{
	struct process *tree = tree_up(
		"{name: t, children: [%s]}", actor_line_with("victim", "victim", "handler_timeout: 4s"));
	pid_t victim = pid_of("/t/victim");

	put_to_sleep(tree, "victim", 4500); /* of which the reload must come in the first four seconds */
	NEW_FILE("{name: t, children: [%s]}", actor_line("victim", "victim"));
	reload(0, "~ /t/victim  handler_timeout: 4s -> 0s\n", "^$");
	json_decref(ask("/t/victim", "victim.ping", "{}"));
	expect_kept("/t/victim", victim);
	tree_down(tree);
}
END_TEST

START_TEST(another_policy_is_asked)
{
	struct process *tree = tree_up("{name: t, intensity: 5, children: [%s, %s]}",
		actor_line("a", "victim"), actor_line("b", "victim"));

	NEW_FILE("{name: t, intensity: 5, crash_policy: {exec: [echo, stop]}, children: [%s, %s]}",
		actor_line("a", "victim"), actor_line("b", "victim"));
	reload(0, "~ /t  crash_policy: log -> exec /usr/bin/echo stop\n", "^$");
	tell("/t/a", "victim.die", "{\"how\":\"panic\"}");
	expect_node("t", "/t/a", "stopped", 1, SOON_MS);
	NEW_FILE("{name: t, intensity: 5, crash_policy: {plugin: %s/policy.so}, children: [%s, %s]}",
		test_actors_dir(), actor_line("a", "victim"), actor_line("b", "victim"));
	expect_command(0, "^~ /t  crash_policy: exec .*stop -> plugin .*/policy.so$", "^$", "reload", NULL);
	NEW_FILE("{name: t, intensity: 5, children: [%s, %s]}", actor_line("a", "victim"),
		actor_line("b", "victim"));
	expect_command(0, "^~ /t  crash_policy: plugin .*policy.so -> log$", "^$", "reload", NULL);
	tell("/t/b", "victim.die", "{\"how\":\"panic\"}");
	expect_node("t", "/t/b", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("reload_values");

	SCENARIO_CASE(suite, "mail", 30, mail_of_one_who_stays, mail_of_one_who_is_replaced,
		a_larger_mailbox_lets_those_in_who_wait);
	SCENARIO_CASE(suite, "values", 30, a_limit_for_a_handler_that_has_none,
		no_limit_any_more_for_one_that_is_busy, another_policy_is_asked);
	return suite;
}
