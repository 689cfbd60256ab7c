/*
 * steering_test.c: the `tractor` command where it changes a running tree: start, stop, restart and down; children that are added, deleted and scaled. What comes true, and what is said where it
 * cannot be. The same by the program's calls is in children_test.c; a whole file at a time in reload_test.c.
 */
#include <stdio.h>
#include <string.h>

#include "trees.h"

/* --- start, stop, restart, down --- */

START_TEST(stop_start_restart_of_an_actor)
{
	struct process *tree = small_tree_up();
	pid_t b = pid_of("/t/s/b"), c = pid_of("/t/s/c");

	expect_command(0, "^$", "^$", "stop", "/t/s/b", NULL);
	expect_node("t", "/t/s/b", "stopped", 1, SOON_MS);
	expect_command(0, "^$", "^$", "stop", "/t/s/b", NULL);
	ck_assert(!process_exists(b));
	ck_assert_int_eq(pid_of("/t/s/c"), c);
	expect_command(1, "^$", "^tractor: /t/s/b: .*TRACTOR_ESTOPPED", "ask", "/t/s/b", "victim.ping", NULL);
	expect_command(0, "^$", "^$", "start", "/t/s/b", NULL);
	json_decref(ask("/t/s/b", "victim.ping", "{}"));
	expect_command(1, "^$", "^tractor: /t/s/b is running", "start", "/t/s/b", NULL);
	b = pid_of("/t/s/b");
	expect_command(0, "\"ok\":true", "^$", "restart", "/t/s/b", "--json", NULL);
	ck_assert_int_ne(pid_of("/t/s/b"), b);
	ck_assert_int_eq(pid_of("/t/s/c"), c);
	expect_command(4, "^$", "there is no /t/x", "stop", "/t/x", NULL);
	tree_down(tree);
	expect_crashes(NULL, 0);
}
END_TEST

START_TEST(stop_start_restart_of_a_supervisor)
{
	struct process *tree = small_tree_up();
	pid_t b = pid_of("/t/s/b"), c = pid_of("/t/s/c");

	expect_command(0, "^$", "^$", "stop", "/t/s", NULL);
	ck_assert(!process_exists(b) && !process_exists(c));
	expect_node("t", "/t/s", "stopped", 0, SOON_MS);
	expect_command(0, "^$", "^$", "start", "/t/s", NULL);
	b = pid_of("/t/s/b");
	c = pid_of("/t/s/c");
	json_decref(ask("/t/s/b", "victim.ping", "{}"));
	expect_command(0, "^$", "^$", "restart", "/t/s", NULL);
	ck_assert(pid_of("/t/s/b") != b && pid_of("/t/s/c") != c);
	json_decref(ask("/t/s/b", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

START_TEST(down_waits_for_the_end)
{
	struct process *tree = small_tree_up();
	pid_t a = pid_of("/t/a");

	expect_command(0, "^$", "^$", "down", NULL);
	ck_assert(!process_exists(a));
	expect_exit(tree, 0, DOWN_MS);
	expect_command(3, "^$", "^tractor: ", "status", NULL);
}
END_TEST

/* --- administration of children --- */

static struct process *
tree_with_a_pool(void)
{
	return tree_up(
		"{name: t, intensity: 20, children: [%s, {supervisor: s}, {pool: p, exec: %s/victim, max: 5}]}",
		actor_line_with("a", "victim", "restart: transient, args: {one: \"1\", two: \"a: b\"}"),
		test_actors_dir());
}

START_TEST(children_are_listed_and_counted)
{
	struct process *tree = tree_with_a_pool();

	expect_command(0,
		"^PATH +KIND +STATE +PID +INC +RESTART +RESTARTS +LAST EXIT\n"
		"/t/a +actor +running +[0-9]+ +1 +transient +0 +-\n/t/s +supervisor +running +- +1 +permanent +0 +-\n"
		"/t/p +pool +running .*\n3 specs, 3 active, 2 supervisors, 1 worker\n$",
		"^$", "children", NULL);
	expect_command(
		0, "^[^\n]*\n1 spec, 0 active, 0 supervisors, 0 workers\n$", "^$", "children", "/t/p", NULL);
	expect_command(2, "^$", "/t/a is an actor: only a supervisor or a pool has children$", "children",
		"/t/a", NULL);
	expect_command(4, "^$", "there is no /t/b; did you mean /t/[asp]\\?$", "children", "/t/b", NULL);
	json_t *children = run_json(tractor_command(), "children", "--json", NULL);
	expect_number(children, "schema_version", 1);
	expect_text(children, "path", "/t");
	expect_number(children, "counts.supervisors", 2);
	json_decref(children);
	tree_down(tree);
}
END_TEST

START_TEST(a_child_is_added_stopped_and_deleted)
{
	struct process *tree = tree_with_a_pool();
	char child[512];

	snprintf(child, sizeof(child), "{actor: b, exec: %s/victim}", test_actors_dir());
	expect_command(0, "^$", "^$", "add", "/t/s", child, NULL);
	json_decref(ask("/t/s/b", "victim.ping", "{}"));
	expect_command(1, "^$", "/t/s/b is there already, and runs$", "add", "/t/s", child, NULL);
	expect_command(1, "^$", "/t/s/b is running; stop it first$", "delete", "/t/s/b", NULL);
	expect_command(0, "^$", "^$", "stop", "/t/s/b", NULL);
	expect_command(1, "^$", "/t/s/b is there already, stopped: restart it, or delete it first$", "add",
		"/t/s", child, NULL);
	expect_command(0, "^$", "^$", "delete", "/t/s/b", NULL);
	expect_command(4, "^$", "there is no /t/s/b", "delete", "/t/s/b", NULL);
	expect_command(2, "^$", "/t is the whole tree, which cannot be deleted$", "delete", "/t", NULL);
	expect_command(2, "^$", "/t/a is an actor", "add", "/t/a", child, NULL);
	tree_down(tree);
}
END_TEST

START_TEST(a_child_that_cannot_be_added)
{
	struct process *tree = tree_with_a_pool();
	char child[1024];

	expect_command(65, "^$",
		"^SPEC:1:18: exec: no such file: .*/nope; .*\nSPEC:1:26: unknown key \"mailbx\" in an actor; did you mean \"mailbox\"\\?\n"
		"tractor: nothing was added: SPEC has 2 errors\n$",
		"add", "/t/s", "{actor: c, exec: ./nope, mailbx: 3}", NULL);
	snprintf(child, sizeof(child),
		"{supervisor: n, children: [{actor: x, exec: %s/victim}, {actor: y, exec: %s/victim, args: {start: refuse}}]}",
		test_actors_dir(), test_actors_dir());
	expect_command(1, "^$", "/t/s/n did not start: /t/s/n/y did not start: the shop is closed$", "add",
		"/t/s", child, NULL);
	expect_command(0, "\n0 specs, 0 active,", "^$", "children", "/t/s", NULL);
	expect_command(2, "^$", "a significant child has no effect under /t/s, whose auto_shutdown is never$",
		"add", "/t/s", "{supervisor: z, significant: true, restart: transient}", NULL);
	tree_down(tree);
}
END_TEST

/* What `spec` prints is what `add` takes: so the child comes back as it was. */
START_TEST(a_spec_is_printed_and_added_again)
{
	struct process *tree = tree_with_a_pool();
	struct run_result spec = run_command(tractor_command(), "spec", "/t/a", NULL);

	ck_assert_int_eq(spec.exit_code, 0);
	expect_match(spec.out,
		"^# runs in /.*\nactor: a\nexec: /.*/victim\nargs: \\{one: 1, two: \"a: b\"\\}\nenv: \\{\\}\nrestart: transient\n");
	expect_command(0, "^$", "^$", "stop", "/t/a", NULL);
	expect_command(0, "^$", "^$", "delete", "/t/a", NULL);
	expect_command(0, "^$", "^$", "add", "/t/s", spec.out, NULL);
	struct run_result again = run_command(tractor_command(), "spec", "/t/s/a", NULL);
	ck_assert_str_eq(strchr(spec.out, '\n'), strchr(again.out, '\n'));
	run_result_free(&spec);
	run_result_free(&again);
	json_t *json = run_json(tractor_command(), "spec", "--json", "/t/p", NULL);
	expect_text(json, "spec.pool", "p");
	expect_number(json, "spec.max", 5);
	expect_text(json, "spec.shutdown", "5s");
	json_decref(json);
	tree_down(tree);
}
END_TEST

START_TEST(a_pool_is_scaled)
{
	struct process *tree = tree_with_a_pool();

	expect_command(0, "^started /t/p/p-1\nstarted /t/p/p-2\nstarted /t/p/p-3\n/t/p has 3 members\n$",
		"^$", "scale", "/t/p", "3", NULL);
	expect_command(0, "^/t/p has 3 members\n$", "^$", "scale", "/t/p", "3", NULL);
	expect_command(0, "^$", "^$", "add", "/t/p", "{actor: ann, args: {number: \"7\"}}", NULL);
	expect_command(0, "^$", "^$", "stop", "/t/p/p-2", NULL);
	/* The newest go first; a name that is free is taken again. */
	expect_command(0, "^started /t/p/p-2\nstarted /t/p/p-4\n/t/p has 5 members\n$", "^$", "scale", "/t/p",
		"5", NULL);
	expect_command(0, "^stopped /t/p/p-4\nstopped /t/p/p-2\nstopped /t/p/ann\n/t/p has 2 members\n$",
		"^$", "scale", "/t/p", "2", NULL);
	json_t *json = run_json(tractor_command(), "scale", "--json", "/t/p", "0", NULL);
	expect_number(json, "members", 0);
	json_decref(json);
	expect_command(2, "^$", "/t/p can have 0 to 5 members \\(max\\)$", "scale", "/t/p", "6", NULL);
	expect_command(2, "^$", "/t/a is no pool but an actor$", "scale", "/t/a", "1", NULL);
	expect_command(0, "^$", "^$", "stop", "/t/p", NULL);
	expect_command(1, "^$", "/t/p is stopped; start it first$", "scale", "/t/p", "1", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(a_pool_whose_members_do_not_start)
{
	struct process *tree =
		tree_up("{name: t, children: [{pool: p, exec: %s/victim, args: {start: refuse}}]}",
			test_actors_dir());

	expect_command(1, "^/t/p has 0 members\n$",
		"^tractor: 3 members did not start; the first: /t/p/p-[123]: the shop is closed$", "scale",
		"/t/p", "3", NULL);
	expect_node("t", "/t/p", "running", 1, SOON_MS);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("steering");

	SCENARIO_CASE(suite, "nodes", 30, stop_start_restart_of_an_actor, stop_start_restart_of_a_supervisor,
		down_waits_for_the_end);
	SCENARIO_CASE(suite, "children", 30, children_are_listed_and_counted,
		a_child_is_added_stopped_and_deleted, a_child_that_cannot_be_added,
		a_spec_is_printed_and_added_again, a_pool_is_scaled, a_pool_whose_members_do_not_start);
	return suite;
}
