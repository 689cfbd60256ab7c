/*
 * command_line_test.c: the `tractor` command as its user has it, where it talks, looks and checks: what it prints, where, and its exit codes. Words on standard error must say what to do next. What
 * changes a running tree is in steering_test.c.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trees.h"

/* --- tell and ask --- */

START_TEST(the_counter_of_the_contract)
{
	char path[4096], file[512];

	snprintf(path, sizeof(path), "%s:%.3000s", test_bin_dir(), getenv("PATH") ? getenv("PATH") : "");
	setenv("PATH", path, 1);
	snprintf(file, sizeof(file), "%s/examples/counter/counter.yaml", test_source_dir());
	struct process *tree = running_tree_start(file);
	expect_tree("counter", UP_MS);
	expect_command(0, "^$", "^$", "tell", "/counter/counter", "counter.increment", "{\"by\":3}", NULL);
	expect_command(0, "^$", "^$", "tell", "/counter/counter", "counter.increment", "{\"by\": 1}", NULL);
	struct run_result result =
		run_command(tractor_command(), "ask", "/counter/counter", "counter.get", NULL);
	ck_assert_str_eq(result.out, "{\"total\":4}\n");
	ck_assert_str_eq(result.err, "");
	ck_assert_int_eq(result.exit_code, 0);
	run_result_free(&result);
	expect_command(2, "^$", "^tractor: .*buy.*by", "tell", "/counter/counter", "counter.increment",
		"{\"buy\":3}", NULL);
	expect_command(2, "^$", "^tractor: .*by.*int64", "tell", "/counter/counter", "counter.increment",
		"{\"by\":\"three\"}", NULL);
	expect_command(2, "^$", "^tractor: .*did you mean counter.increment\\?$", "tell", "/counter/counter",
		"counter.incremnt", NULL);
	expect_command(4, "^$", "^tractor: there is no /counter/countr; did you mean /counter/counter\\?$",
		"ask", "/counter/countr", "counter.get", NULL);
	process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
}
END_TEST

START_TEST(what_is_wrong_with_a_message)
{
	struct process *tree = small_tree_up();

	expect_command(2, "^$", "victim.ping is an ask: it has a reply; use: tractor ask$", "tell", "/t/a",
		"victim.ping", NULL);
	expect_command(2, "^$", "victim.note is a tell: it has no reply; use: tractor tell$", "ask", "/t/a",
		"victim.note", NULL);
	expect_command(2, "^$", "does not understand ping; did you mean victim\\.ping\\?$", "ask", "/t/a",
		"ping", NULL);
	expect_command(2, "^$", "\"a\" is no path: .*; did you mean \"/TREE/a\"\\?$", "ask", "a",
		"victim.ping", NULL);
	expect_command(2, "^$", "does not understand nothing.like_it; see: tractor messages /t/a$", "ask",
		"/t/a", "nothing.like_it", NULL);
	expect_command(
		2, "^$", "^tractor: the fields are not JSON", "tell", "/t/a", "victim.note", "{by", NULL);
	expect_command(2, "^$", "^tractor: the fields must be a JSON object", "tell", "/t/a", "victim.note",
		"[1]", NULL);
	expect_command(
		2, "^$", "^tractor: .*number", "tell", "/t/a", "victim.note", "{\"number\":1.5}", NULL);
	expect_command(2, "^$", "^tractor: .*ms", "tell", "/t/a", "victim.nap", "{\"ms\":true}", NULL);
	expect_command(4, "^$", "^tractor: .*no actor /t/nobody", "ask", "/t/s/c", "courier.ping",
		"{\"who\":\"/t/nobody\"}", NULL);
	expect_command(
		4, "^$", "^tractor: /t/s is a supervisor, not an actor$", "ask", "/t/s", "victim.ping", NULL);
	expect_command(4, "^$", "^tractor: there is no /t/b; did you mean /t/(a|s)\\?$", "ask", "/t/b",
		"victim.ping", NULL);
	/* The actor's own refusal has its reason. */
	expect_command(1, "^$", "^tractor: /t/a: the shop is closed \\(TRACTOR_EREFUSED\\)$", "ask", "/t/a",
		"victim.perish", "{\"how\":\"refuse\"}", NULL);
	expect_command(1, "^$", "^tractor: /t/a: the actor died with this in hand \\(TRACTOR_ECRASHED\\)$",
		"ask", "/t/a", "victim.perish", "{\"how\":\"segv\"}", NULL);
	expect_command(75, "^$", "^tractor: /t/a: the deadline passed \\(TRACTOR_ETIMEDOUT\\)$", "ask",
		"/t/a", "victim.rest", "{\"ms\":700}", "--timeout", "100ms", NULL);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

START_TEST(wrong_usage)
{
	expect_command(2, "^$", "tractor", NULL);
	expect_command(2, "^$", "^tractor: .*statis.*did you mean .*status", "statis", NULL);
	expect_command(2, "^$", "^tractor: ", "ask", "/t/a", NULL);
	expect_command(2, "^$", "^tractor: ", "status", "--jason", NULL);
	expect_command(2, "^$", "^tractor: ", "ask", "/t/a", "victim.ping", "{}", "--timeout", "soon", NULL);
	expect_command(2, "^$", "^tractor: ", "run", NULL);
	expect_command(2, "^$", "^tractor: ", "run", "a", "b", NULL);
	expect_command(2, "^$", "^tractor: \"x\" is no path", "crashes", "list", "x", NULL);
	expect_command(0, "status", "^$", "help", NULL);
	expect_command(0, "PATH MESSAGE", "^$", "help", "ask", NULL);
	expect_command(2, "^$", "did you mean \"crashes\"", "help", "crashs", NULL);
	expect_command(0, "^tractor [0-9]+\\.", "^$", "version", NULL);
	expect_command(0, "\"version\":\"[0-9]+\\.", "^$", "version", "--json", NULL);
}
END_TEST

/* Whoever set it relies upon it. */
START_TEST(a_variable_that_makes_no_sense_is_told)
{
	setenv("TRACTOR_LANES", "of", 1);
	setenv("TRACTOR_CRASHES_MAX", "abc", 1);
	struct process *tree = small_tree_up();
	expect_match(process_errors(tree),
		"^tractor: TRACTOR_LANES: \"of\" is none of its words \\(off, eager\\); taken as not set$");
	expect_match(process_errors(tree),
		"^tractor: TRACTOR_CRASHES_MAX: .*abc.* is not a whole number; .*; taken as not set$");
	tree_down(tree);
	setenv("TRACTOR_LANES", "off", 1);
	setenv("TRACTOR_CRASHES_MAX", "", 1);
	tree = small_tree_up();
	ck_assert_str_eq(process_errors(tree), "");
	tree_down(tree);
}
END_TEST

/* --- which tree --- */

START_TEST(no_tree_is_running)
{
	expect_command(3, "^$", "^tractor: .*tractor run", "status", NULL);
	expect_command(3, "^$", "^tractor: ", "ask", "/t/a", "victim.ping", NULL);
	expect_command(3, "^$", "^tractor: ", "status", "-t", "t", NULL);
	expect_command(3, "^$", "^tractor: ", "down", NULL);
}
END_TEST

START_TEST(two_trees_are_running)
{
	struct process *tree = small_tree_up();
	struct process *other = running_tree_start(
		scenario_write("other.yaml", "{name: other, children: [%s]}", actor_line("a", "victim")));

	expect_tree("other", UP_MS);
	expect_command(2, "^$", "^tractor: .*other, t; say which with -t NAME", "status", NULL);
	expect_command(0, "/other/a", "^$", "status", "-t", "other", NULL);
	/* A path says it, too, and so does the environment. */
	json_decref(ask("/other/a", "victim.ping", "{}"));
	setenv("TRACTOR_TREE", "other", 1);
	expect_command(0, "/other/a", "^$", "status", NULL);
	unsetenv("TRACTOR_TREE");
	expect_command(3, "^$", "^tractor: .*othr.*did you mean.*other", "status", "-t", "othr", NULL);
	expect_command(0, NULL, NULL, "down", "-t", "other", NULL);
	expect_exit(other, 0, DOWN_MS);
	expect_command(0, "/t/a", "^$", "status", NULL);
	tree_down(tree);
}
END_TEST

/* --- status --- */

static void
expect_keys(const json_t *json, const char *const *keys)
{
	for (; *keys; keys++)
		ck_assert_msg(json_object_get(json, *keys) != NULL, "no key %s", *keys);
}

START_TEST(status_as_json)
{
	static const char *const of_actor[] = { "path", "kind", "state", "pid", "incarnation", "restarts",
		"uptime_ms", "mailbox", "handled", "last_exit", NULL };
	struct process *tree = small_tree_up();

	tell("/t/a", "victim.die", "{\"how\":\"segv\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	json_t *status = run_json(tractor_command(), "status", "--json", NULL);
	expect_number(status, "schema_version", 1);
	expect_text(status, "name", "t");
	expect_text(status, "root.path", "/t");
	expect_text(status, "root.kind", "supervisor");
	expect_text(status, "root.strategy", "one_for_one");
	expect_text(status, "root.state", "running");
	expect_text(status, "root.children.0.path", "/t/a");
	expect_text(status, "root.children.0.kind", "actor");
	expect_text(status, "root.children.0.state", "running");
	expect_number(status, "root.children.0.incarnation", 2);
	expect_number(status, "root.children.0.restarts", 1);
	expect_number(status, "root.children.0.mailbox", 0);
	expect_text(status, "root.children.0.last_exit", "SIGSEGV");
	expect_text(status, "root.children.1.strategy", "rest_for_one");
	expect_text(status, "root.children.1.children.0.path", "/t/s/b");
	expect_text(status, "root.children.1.children.1.path", "/t/s/c");
	expect_keys(
		json_array_get(json_object_get(json_object_get(status, "root"), "children"), 0), of_actor);
	json_decref(status);
	status = run_json(tractor_command(), "status", "--json", "/t/s/b", NULL);
	expect_text(status, "root.path", "/t/s/b");
	json_decref(status);
	expect_command(0, "^/t/a +running +[0-9]+ +2 +1 .*last exit: SIGSEGV", "^$", "status", NULL);
	expect_command(4, "^$", "there is no /t/x", "status", "/t/x", NULL);
	tree_down(tree);
}
END_TEST

/* --- looking --- */

START_TEST(messages_of_an_actor)
{
	struct process *tree = small_tree_up();

	expect_command(0, "^ask victim\\.ping \\{\\} -> victim_pong \\{int64 pid, uint32 incarnation\\}$",
		"^$", "messages", "/t/a", NULL);
	expect_command(0,
		"^ask courier\\.kill \\{victim_ref who, str how, int32 number\\} -> courier_outcome ", "^$",
		"messages", "/t/s/c", NULL);
	json_t *messages = run_json(tractor_command(), "messages", "--json", "/t/a", NULL);
	expect_number(messages, "schema_version", 1);
	ck_assert_uint_eq(json_array_size(json_object_get(messages, "messages")), 10);
	json_decref(messages);
	/* In the header's order. */
	expect_command(0, "^tell victim\\.die .*\ntell victim\\.note .*\n(.*\n)*ask victim\\.leave ", "^$",
		"messages", "/t/a", NULL);
	tree_down(tree);
}
END_TEST

/* Nothing happened to it, for there is none; but of one that is gone it is told still. */
START_TEST(events_and_logs_of_nobody)
{
	struct process *tree = small_tree_up();

	expect_command(4, "^$", "there is no /t/aa; did you mean /t/a\\?", "events", "/t/aa", NULL);
	expect_command(4, "^$", "there is no /t/aa; did you mean /t/a\\?", "logs", "/t/aa", NULL);
	expect_command(0, NULL, "^$", "logs", "/t/s", NULL);
	expect_command(0, "^$", "^$", "stop", "/t/a", NULL);
	expect_command(0, "^$", "^$", "delete", "/t/a", NULL);
	expect_command(0, " running /t/a#1", "^$", "events", "/t/a", NULL);
	expect_command(0, "down 1", "^$", "logs", "/t/a", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(events_as_they_happen)
{
	struct process *tree = small_tree_up();
	struct process *follower = process_start(tractor_command(), "events", "-f", NULL);

	expect_output(follower, " running /t/a#1", SOON_MS);
	tell("/t/a", "victim.die", "{\"how\":\"segv\"}");
	expect_output(follower,
		" crashed /t/a#1 pid [0-9]+: SIGSEGV, with this in hand: victim.die; restart$", SOON_MS);
	expect_output(follower, " running /t/a#2", SOON_MS);
	json_t *event = NULL;
	struct run_result result = run_command(tractor_command(), "events", "--json", "/t/a", NULL);
	for (char *line = strtok(result.out, "\n"); line; line = strtok(NULL, "\n")) {
		event = json_loads(line, 0, NULL);
		ck_assert_msg(event != NULL, "%s", line);
		expect_text(event, "path", "/t/a");
		expect_number(event, "schema_version", 1);
		json_decref(event);
	}
	run_result_free(&result);
	tree_down(tree);
	expect_exit(follower, 0, SOON_MS);
}
END_TEST

START_TEST(crashes_with_and_without_the_tree)
{
	struct process *tree = small_tree_up();

	expect_command(0, "^$", "^tractor: nothing has crashed in \"t\"$", "crashes", NULL);
	expect_command(0, "\"crashes\":\\[\\]", "^$", "crashes", "--json", NULL);
	tell("/t/a", "victim.die", "{\"how\":\"panic\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_command(0, "-a-1 .* /t/a +panic .*victim\\.die +default", "^$", "crashes", "list", NULL);
	expect_command(0, "-a-1 .* /t/a +panic .*victim\\.die +default", "^$", "crashes", "/t/a", NULL);
	expect_command(0, "^$", "^tractor: nothing has crashed at /t/s$", "crashes", "/t/s", NULL);
	tree_down(tree);
	expect_command(0, "-a-1 .* /t/a +panic .*victim\\.die +default", "^$", "crashes", "-t", "t", NULL);
	json_t *report = crash_of("/t/a", 1);
	expect_number(report, "schema_version", 1);
	expect_command(
		0, "panic text +nothing left to do", "^$", "crashes", "show", text_at(report, "id"), NULL);
	json_decref(report);
	expect_command(1, "^$", "there is no crash \"nonsense\"; see: tractor crashes list", "crashes",
		"show", "nonsense", NULL);
	expect_command(2, "^$", "crashes show which\\?", "crashes", "show", NULL);
	expect_command(2, "^$", "did you mean \"show\"", "crashes", "shew", NULL);
}
END_TEST

/* --- check --- */

START_TEST(check_says_what_would_start)
{
	const char *file = scenario_write("t.yaml",
		"{name: t, children: [%s, {supervisor: s, strategy: one_for_all, children: [%s]}, {pool: p, exec: /bin/true, max: 3}]}",
		actor_line("a", "victim"), actor_line_with("b", "victim", "restart: transient"));

	expect_command(0, "^/t/s/b +actor +transient +.*/victim$", "^$", "check", file, NULL);
	json_t *tree = run_json(tractor_command(), "check", "--json", file, NULL);
	ck_assert(json_is_true(json_object_get(tree, "ok")));
	expect_text(tree, "root.children.1.strategy", "one_for_all");
	expect_text(tree, "root.children.1.children.0.restart", "transient");
	json_decref(tree);
}
END_TEST

START_TEST(check_says_all_that_is_wrong)
{
	char text[8192] = "name: t\nchildren:\n";

	for (int i = 0; i < 30; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"- actor: a%d\n  exec: ./none%d\n  mailbx: 3\n  shutdown: -1s\n", i, i);
	const char *file = scenario_write("bad.yaml", "%s", text);
	expect_command(65, "^$", "bad\\.yaml:4:9: exec: .*none0", "check", file, NULL);
	expect_command(65, "^$", "bad\\.yaml:5:3: .*mailbx.*mailbox", "check", file, NULL);
	struct run_result result = run_command(tractor_command(), "check", "--json", file, NULL);
	ck_assert_int_eq(result.exit_code, 65);
	json_t *report = json_loads(result.out, 0, NULL);
	ck_assert(json_is_false(json_object_get(report, "ok")));
	int64_t found =
		(int64_t)json_array_size(json_object_get(report, "errors")) + number_at(report, "more");
	ck_assert_int_eq(found, 90);
	json_decref(report);
	run_result_free(&result);
	file = scenario_write("broken.yaml", "name: t\nchildren: [\n");
	expect_command(65, "^$", "broken\\.yaml:[0-9]+:[0-9]+: ", "check", file, NULL);
}
END_TEST

START_TEST(every_error_of_a_bad_file_at_once)
{
	const char *file = scenario_write("bad.yaml",
		"name: t\n"
		"strategy: one_for_two\n"
		"intensity: many\n"
		"children:\n"
		"  - actor: a\n"
		"    exec: %s/victim\n"
		"    restrat: permanent\n"
		"  - actor: a\n"
		"    exec: ./no-such-program\n"
		"    shutdown: 5 parsecs\n",
		test_actors_dir());
	struct process *tree = running_tree_start(file);

	expect_exit(tree, 65, SOON_MS);
	expect_errors(tree, "/bad\\.yaml:2:11: .*one_for_two", 0);
	expect_errors(tree, "/bad\\.yaml:3:12: .*many", 0);
	expect_errors(tree, "/bad\\.yaml:7:5: .*restrat.*restart", 0);
	expect_errors(tree, "/bad\\.yaml:8:5: .*another .a. under .t.", 0);
	expect_errors(tree, "/bad\\.yaml:9:11: .*no-such-program", 0);
	expect_errors(tree, "/bad\\.yaml:10:15: .*5 parsecs", 0);
	ck_assert_str_eq(process_output(tree), "");
	expect_command(65, "^$", "bad\\.yaml:7:5: .*restrat", "check", file, NULL);
	expect_command(65, "^$", "no-such-file", "run", "/no-such-file.yaml", NULL);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("command line");

	SCENARIO_CASE(suite, "talking", 30, the_counter_of_the_contract, what_is_wrong_with_a_message,
		wrong_usage, a_variable_that_makes_no_sense_is_told);
	SCENARIO_CASE(suite, "which tree", 30, no_tree_is_running, two_trees_are_running);
	SCENARIO_CASE(suite, "looking", 30, status_as_json, messages_of_an_actor, events_and_logs_of_nobody,
		events_as_they_happen, crashes_with_and_without_the_tree);
	SCENARIO_CASE(suite, "check", 30, check_says_what_would_start, check_says_all_that_is_wrong,
		every_error_of_a_bad_file_at_once);
	return suite;
}
