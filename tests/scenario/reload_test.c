/*
 * reload_test.c: `tractor reload` and tractor_runtime_reload(): a running tree becomes what its file says now. What is printed is what is done, and a file that is no good changes
 * nothing. What those notice who are not concerned, or only in a value, is in reload_values_test.c; pools are in reload_pool_test.c.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "reload.h"

/* --- what changes --- */

START_TEST(what_is_said_is_done)
{
	struct process *tree = tree_up("{name: t, children: [%s, %s, %s, %s]}", actor_line("a", "victim"),
		actor_line("b", "victim"), actor_line("c", "victim"), actor_line("d", "victim"));
	pid_t a = pid_of("/t/a"), b = pid_of("/t/b"), c = pid_of("/t/c"), d = pid_of("/t/d");
	const char *expected = "~ /t  intensity: 1 -> 7\n"
			       "- /t/d\n"
			       "- /t/a\n"
			       "+ /t/n\n"
			       "~ /t/c  args.number: (none) -> 4 (restart)\n"
			       "~ /t/b  mailbox: 1024 -> 9\n"
			       "+ /t/s\n";

	NEW_FILE("{name: t, intensity: 7, children: [%s, %s, %s, {supervisor: s, children: [%s]}]}",
		actor_line("n", "victim"), actor_line_with("c", "victim", "args: {number: 4}"),
		actor_line_with("b", "victim", "mailbox: 9"), actor_line("x", "victim"));
	dry_run(expected);
	expect_kept("/t/a", a);
	expect_kept("/t/c", c);
	expect_nobody("/t/n");
	reload(0, expected, "^$");
	expect_gone(a, SOON_MS);
	expect_gone(d, SOON_MS);
	expect_kept("/t/b", b);
	ck_assert_int_ne(expect_node("t", "/t/c", "running", 2, SOON_MS).pid, c);
	expect_node("t", "/t/n", "running", 1, SOON_MS);
	expect_node("t", "/t/s/x", "running", 1, SOON_MS);
	expect_nobody("/t/a");
	/* In the order of the new file, and the same again is nothing. */
	expect_command(0, "\"/t/n\".*\"/t/c\".*\"/t/b\".*\"/t/s\"", NULL, "status", "--json", NULL);
	reload(0, "= nothing changes\n", "^$");
	expect_event("/t/c", "reload", "^restarted: args.number: \\(none\\) -> 4$");
	tree_down(tree);
}
END_TEST

START_TEST(in_json)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	NEW_FILE("{name: t, children: [%s]}", actor_line_with("a", "victim", "redeliver: true"));
	json_t *reply = run_json(tractor_command(), "reload", "--json", "--dry-run", NULL);
	expect_number(reply, "schema_version", 1);
	ck_assert(json_is_true(json_object_get(reply, "dry_run")));
	const json_t *change = json_array_get(json_object_get(reply, "changes"), 0);
	expect_text(change, "change", "changed");
	expect_text(change, "kind", "actor");
	expect_text(change, "path", "/t/a");
	expect_text(change, "what", "redeliver: false -> true");
	json_decref(reply);
	NEW_FILE("{name: t, childs: []}");
	expect_command(65, "\"ok\":false.*\"line\":1,\"column\":11,", NULL, "reload", "--json", NULL);
	tree_down(tree);
}
END_TEST

/* The file is found again wherever the supervisor's folder was when it was named, and whoever asks is somewhere else. */
START_TEST(a_file_named_by_a_relative_path)
{
	const char *argv[] = { tractor_command(), "run", "./t.yaml", NULL };

	NEW_FILE("{name: t, children: [%s]}", actor_line("a", "victim"));
	struct process *tree =
		process_start_with(&(struct process_options){ .argv = argv, .cwd = scenario_dir() });
	expect_tree("t", UP_MS);
	pid_t a = pid_of("/t/a");
	NEW_FILE("{name: t, children: [%s, %s]}", actor_line("a", "victim"), actor_line("b", "victim"));
	reload(0, "+ /t/b\n", "^$");
	expect_kept("/t/a", a);
	tree_down(tree);
}
END_TEST

/* --- what changes nothing --- */

START_TEST(a_faulty_file)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	NEW_FILE("name: t\nstrategy: one_for_some\nchildren:\n- %s\n- %s\n",
		actor_line_with("a", "victim", "restart: often"), actor_line("b", "victim"));
	pid_t a = pid_of("/t/a");
	reload(65, "", "/t\\.yaml:2:11: .*one_for_some");
	reload(65, "", "/t\\.yaml:4:[0-9]+: .*often");
	reload(65, "", "^tractor: .*/t\\.yaml has 2 errors; nothing was changed$");
	NEW_FILE("name: t\nchildren:\n- {actor: a, exec: ./not-there}\n- %s\n", actor_line("b", "victim"));
	reload(65, "", "/t\\.yaml:3:[0-9]+: exec: .*not-there");
	NEW_FILE("{name: u, children: [%s]}", actor_line("b", "victim"));
	reload(65, "", "^tractor: the file's tree is called u, not t; .*; nothing was changed$");
	ck_assert_int_eq(unlink(scenario_path("t.yaml")), 0);
	reload(65, "", "/t\\.yaml: can't be read: No such file");
	expect_kept("/t/a", a);
	expect_nobody("/t/b");
	tree_down(tree);
}
END_TEST

START_TEST(a_policy_that_is_none)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	pid_t a = pid_of("/t/a");

	/* It is a shared object, but exports no policy. */
	NEW_FILE("{name: t, crash_policy: {plugin: %s}, children: [%s]}", scenario_path("none.so"),
		actor_line("b", "victim"));
	scenario_write("none.so", "nothing");
	reload(65, "", "nothing was changed$");
	expect_kept("/t/a", a);
	expect_nobody("/t/b");
	tree_down(tree);
}
END_TEST

/* --- who is not running --- */

START_TEST(while_a_child_waits_for_its_backoff)
{
	const char *patient = "restart: permanent, backoff: {initial: 60s, max: 60s, jitter: 0}";
	struct process *tree = tree_up("{name: t, children: [%s, %s]}",
		actor_line_with("a", "victim", "%s", patient), actor_line_with("b", "victim", "%s", patient));

	tell("/t/a", "victim.die", "{\"how\":\"quick_exit\",\"number\":1}");
	expect_node("t", "/t/a", "waiting", 1, SOON_MS);
	/* One that doesn't concern it leaves it waiting. */
	NEW_FILE("{name: t, intensity: 5, children: [%s, %s]}", actor_line_with("a", "victim", "%s", patient),
		actor_line_with("b", "victim", "%s", patient));
	reload(0, "~ /t  intensity: 1 -> 5\n", "^$");
	expect_node("t", "/t/a", "waiting", 1, SOON_MS);
	/* One that changes it is perhaps its cure: it is tried at once. */
	NEW_FILE("{name: t, intensity: 5, children: [%s, %s]}",
		actor_line_with("a", "victim", "args: {number: 1}, %s", patient),
		actor_line_with("b", "victim", "%s", patient));
	reload(0, "~ /t/a  args.number: (none) -> 1 (restart)\n", "^$");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(stopped_by_hand_and_stays_so)
{
	struct process *tree = tree_up(
		"{name: t, children: [%s, %s]}", actor_line("a", "victim"), actor_line("b", "victim"));

	expect_command(0, NULL, NULL, "stop", "/t/a", NULL);
	NEW_FILE("{name: t, children: [%s, %s]}", actor_line_with("a", "victim", "args: {start: nonsense}"),
		actor_line("b", "victim"));
	reload(0, "~ /t/a  args.start: (none) -> nonsense (at its next start)\n", "^$");
	expect_node("t", "/t/a", "stopped", 1, SOON_MS);
	expect_command(1, NULL, "there is no way \"nonsense\"", "start", "/t/a", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(a_new_child_that_does_not_start)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	const char *file = scenario_path("how");

	scenario_write("how", "refuse\n");
	NEW_FILE("{name: t, children: [%s, %s, {supervisor: s, children: [%s]}, %s]}",
		actor_line_with("n", "victim", "args: {start_file: %s}", file), actor_line("a", "victim"),
		actor_line_with("x", "victim", "args: {start: refuse}"), actor_line("o", "victim"));
	struct run_result result = run_command(tractor_command(), "reload", NULL);
	ck_assert_int_eq(result.exit_code, 1);
	ck_assert_str_eq(result.out, "+ /t/n\n+ /t/s\n+ /t/o\n");
	ck_assert_str_eq(result.err,
		"tractor: /t/n did not start: the shop is closed\n"
		"tractor: /t/s did not start: one of its children did not start\n"
		"tractor: 2 of them did not start and are stopped; the rest is as the file says\n");
	run_result_free(&result);
	expect_node("t", "/t/n", "stopped", 1, SOON_MS);
	expect_node("t", "/t/s", "stopped", 1, SOON_MS);
	expect_node("t", "/t/o", "running", 1, SOON_MS);
	/* Nothing is left to do for the file; the operator may try again. */
	reload(0, "= nothing changes\n", "^$");
	scenario_write("how", "\n");
	expect_command(0, NULL, NULL, "start", "/t/n", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(one_at_a_time)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	NEW_FILE("{name: t, children: [%s, %s]}", actor_line("a", "victim"),
		actor_line_with("n", "victim",
			"start_timeout: 60s, args: {start: sleep, number: 60000}, shutdown: kill"));
	struct process *first = process_start(tractor_command(), "reload", NULL);
	expect_output(first, "^\\+ /t/n$", SOON_MS);
	expect_node("t", "/t/n", "starting", 1, SOON_MS);
	reload(1, "", "^tractor: a reload is going on already; .*; nothing was changed$");
	expect_command(0, NULL, NULL, "stop", "/t/n", NULL);
	expect_exit(first, 1, SOON_MS);
	expect_match(process_errors(first), "^tractor: /t/n did not start");
	reload(0, "= nothing changes\n", "^$");
	tree_down(tree);
}
END_TEST

START_TEST(the_tree_is_stopped_meanwhile)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	NEW_FILE("{name: t, children: [%s]}",
		actor_line_with("n", "victim",
			"start_timeout: 60s, args: {start: sleep, number: 60000}, shutdown: kill"));
	struct process *first = process_start(tractor_command(), "reload", NULL);
	expect_node("t", "/t/n", "starting", 1, SOON_MS);
	process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
	expect_exit(first, 1, SOON_MS);
	expect_match(process_errors(first), "^tractor: the tree was stopped meanwhile$");
}
END_TEST

/* It goes on without the one who asked for it. */
START_TEST(who_asked_hangs_up)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	NEW_FILE("{name: t, children: [%s, %s, %s]}", actor_line("a", "victim"),
		actor_line_with("n", "victim", "start_timeout: 60s, args: {start: sleep, number: 3000}"),
		actor_line("o", "victim"));
	struct process *first = process_start(tractor_command(), "reload", NULL);
	expect_node("t", "/t/n", "starting", 1, SOON_MS);
	process_signal(first, SIGKILL);
	expect_killed(first, SIGKILL, SOON_MS);
	expect_node("t", "/t/o", "running", 1, 2 * SOON_MS);
	reload(0, "= nothing changes\n", "^$");
	tree_down(tree);
}
END_TEST

/* --- from a program --- */

/* What a reload tells of its changes, one word each. */
static void
note_change(void *arg, const struct tractor_change *change)
{
	char *text = arg;
	size_t length = strlen(text);

	snprintf(text + length, 512 - length, "%s %s%s%s; ", change->change, change->path,
		*change->failure ? " " : "", change->failure);
}

static void
runtime_reloads(
	struct tractor_runtime *runtime, const char *path, bool dry, tractor_err err, const char *changes)
{
	char text[512] = "";

	ck_assert_int_eq(tractor_runtime_reload(runtime, path, dry, note_change, text), err);
	ck_assert_str_eq(text, changes);
}

START_TEST(a_program_reloads_its_file)
{
	struct tractor_runtime *runtime;
	const char *file = NEW_FILE("{name: t, children: [%s]}", actor_line("a", "victim"));

	ck_assert_int_eq(tractor_runtime_open_file(&runtime, file, NULL), TRACTOR_OK);
	NEW_FILE("{name: t, children: [%s, %s]}", actor_line("a", "victim"), actor_line("b", "victim"));
	runtime_reloads(runtime, NULL, true, TRACTOR_OK, "added /t/b; ");
	runtime_reloads(runtime, NULL, false, TRACTOR_OK, "added /t/b; ");
	runtime_reloads(runtime, file, false, TRACTOR_OK, "");
	NEW_FILE("{name: t, children: [%s, %s]}", actor_line("a", "victim"),
		actor_line_with("c", "victim", "args: {start: refuse}"));
	runtime_reloads(
		runtime, NULL, false, TRACTOR_ESTART, "removed /t/b; added /t/c the shop is closed; ");
	expect_match(tractor_why(), "^/t/c did not start: the shop is closed$");
	NEW_FILE("{name: t, children: 3}");
	runtime_reloads(runtime, NULL, false, TRACTOR_EINVAL, "");
	expect_match(tractor_why(), "/t\\.yaml:1:21: children: ");
	tractor_runtime_close(runtime);
}
END_TEST

START_TEST(a_program_reloads_what_it_has_loaded)
{
	struct tractor_runtime *runtime;
	const char *file = NEW_FILE("{name: shop, children: [%s]}", actor_line("a", "victim"));

	ck_assert_int_eq(
		tractor_runtime_open(&runtime, &(struct tractor_options){ .name = "t" }), TRACTOR_OK);
	ck_assert_int_eq(tractor_runtime_load(runtime, file), TRACTOR_OK);
	runtime_reloads(runtime, NULL, false, TRACTOR_EINVAL, "");
	NEW_FILE("{name: shop, strategy: one_for_all, children: [%s]}", actor_line("b", "victim"));
	runtime_reloads(
		runtime, file, false, TRACTOR_OK, "changed /t/shop; removed /t/shop/a; added /t/shop/b; ");
	NEW_FILE("{name: other, children: [%s]}", actor_line("b", "victim"));
	runtime_reloads(runtime, file, false, TRACTOR_EINVAL, "");
	tractor_runtime_stop(runtime, false);
	NEW_FILE("{name: shop, children: [%s]}", actor_line("c", "victim"));
	runtime_reloads(runtime, file, false, TRACTOR_ECLOSED, "");
	tractor_runtime_close(runtime);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("reload");

	SCENARIO_CASE(suite, "changes", 30, what_is_said_is_done, in_json, a_file_named_by_a_relative_path);
	SCENARIO_CASE(suite, "nothing changes", 30, a_faulty_file, a_policy_that_is_none);
	SCENARIO_CASE(suite, "not running", 30, while_a_child_waits_for_its_backoff,
		stopped_by_hand_and_stays_so, a_new_child_that_does_not_start, one_at_a_time,
		the_tree_is_stopped_meanwhile, who_asked_hangs_up);
	SCENARIO_CASE(
		suite, "programs", 30, a_program_reloads_its_file, a_program_reloads_what_it_has_loaded);
	return suite;
}
