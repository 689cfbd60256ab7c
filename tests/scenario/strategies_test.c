/*
 * strategies_test.c: who is restarted with whom, seen by their processes; and when a supervisor gives up, or waits before it tries again.
 */
#include "trees.h"

/* --- strategies, by processes --- */

struct quartet {
	pid_t a, b, c, outside;
};

static struct quartet
look(void)
{
	return (struct quartet){ pid_of("/t/s/a"), pid_of("/t/s/b"), pid_of("/t/s/c"), pid_of("/t/outside") };
}

static struct process *
tree_with_strategy(const char *strategy)
{
	return tree_up(
		"{name: t, children: [%s, {supervisor: s, strategy: %s, intensity: 5, children: [%s, %s, %s]}]}",
		actor_line("outside", "victim"), strategy, actor_line("a", "victim"),
		actor_line("b", "victim"), actor_line("c", "victim"));
}

START_TEST(one_for_one)
{
	struct process *tree = tree_with_strategy("one_for_one");
	struct quartet before = look();

	kill_victim("/t/s/b");
	expect_node("t", "/t/s/b", "running", 2, SOON_MS);
	struct quartet after = look();
	ck_assert(after.a == before.a && after.b != before.b && after.c == before.c &&
		  after.outside == before.outside);
	tree_down(tree);
}
END_TEST

START_TEST(one_for_all)
{
	struct process *tree = tree_with_strategy("one_for_all");
	struct quartet before = look();

	kill_victim("/t/s/b");
	expect_node("t", "/t/s/a", "running", 2, SOON_MS);
	expect_node("t", "/t/s/b", "running", 2, SOON_MS);
	expect_node("t", "/t/s/c", "running", 2, SOON_MS);
	struct quartet after = look();
	ck_assert(after.a != before.a && after.b != before.b && after.c != before.c &&
		  after.outside == before.outside);
	/* The others are stopped in reverse order, and all are started in order. */
	expect_output(tree, "^/t/s/c: down 1$", SOON_MS);
	expect_output(tree, "^/t/s/a: down 1$", SOON_MS);
	expect_output(tree, "^/t/s/a: up 2$", SOON_MS);
	expect_output(tree, "^/t/s/b: up 2$", SOON_MS);
	expect_output(tree, "^/t/s/c: up 2$", SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(rest_for_one)
{
	struct process *tree = tree_with_strategy("rest_for_one");
	struct quartet before = look();

	kill_victim("/t/s/b");
	expect_node("t", "/t/s/b", "running", 2, SOON_MS);
	expect_node("t", "/t/s/c", "running", 2, SOON_MS);
	struct quartet after = look();
	ck_assert(after.a == before.a && after.b != before.b && after.c != before.c &&
		  after.outside == before.outside);
	tree_down(tree);
}
END_TEST

/* --- intensity --- */

START_TEST(an_inner_supervisor_gives_up_and_is_restarted)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 3, children: [%s, {supervisor: s, intensity: 1, children: [%s, %s]}]}",
		actor_line("outside", "victim"), actor_line("a", "victim"), actor_line("b", "victim"));
	pid_t outside = pid_of("/t/outside"), b = pid_of("/t/s/b");

	kill_victim("/t/s/a");
	expect_node("t", "/t/s/a", "running", 2, SOON_MS);
	ck_assert_int_eq(pid_of("/t/s/b"), b);
	kill_victim("/t/s/a");
	expect_errors(tree, "^/t/s: .*gives up: /t/s/a died once too often: more than 1 restart in 5000 ms$",
		SOON_MS);
	expect_node("t", "/t/s", "running", 2, SOON_MS);
	ck_assert_int_ne(pid_of("/t/s/b"), b);
	ck_assert_int_eq(pid_of("/t/outside"), outside);
	json_decref(ask("/t/s/a", "victim.ping", "{}"));
	json_decref(ask("/t/s/b", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

START_TEST(escalation_to_the_root)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 0, children: [%s, {supervisor: s, intensity: 0, children: [%s]}]}",
		actor_line("outside", "victim"), actor_line("a", "victim"));

	kill_victim("/t/s/a");
	expect_exit(tree, 70, DOWN_MS);
	expect_errors(tree, "^/t/s: .*gives up: /t/s/a died once too often", 0);
	expect_errors(tree, "^/t: .*gives up: /t/s died once too often", 0);
	expect_errors(tree, "^tractor: the tree gave up: ", 0);
	expect_output(tree, "^/t/outside: down 1$", 0);
	json_t *report = crash_of("/t/s/a", 1);
	expect_text(report, "action", "escalate");
	json_decref(report);
}
END_TEST

START_TEST(the_window_of_the_intensity_slides)
{
	struct process *tree =
		tree_up("{name: t, intensity: 1, period: 400ms, children: [%s]}", actor_line("a", "victim"));

	for (int incarnation = 1; incarnation <= 3; incarnation++) {
		kill_victim("/t/a");
		expect_node("t", "/t/a", "running", incarnation + 1, SOON_MS);
		let_pass(500);
	}
	tree_down(tree);
}
END_TEST

START_TEST(backoff_is_seen_in_status)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s, %s]}",
		actor_line_with("a", "victim", "backoff: {initial: 3s, factor: 1, jitter: 0}"),
		actor_line("b", "victim"));
	int64_t began_ms = now_ms();

	kill_victim("/t/a");
	expect_node("t", "/t/a", "waiting", 1, SOON_MS);
	json_t *status = run_json(tractor_command(), "status", "--json", "/t/a", NULL);
	ck_assert_int_gt(number_at(status, "root.next_attempt_ms"), 0);
	ck_assert_int_le(number_at(status, "root.next_attempt_ms"), 3000);
	expect_number(status, "root.pid", 0);
	json_decref(status);
	/* Messages wait for it. */
	json_decref(ask("/t/a", "victim.ping", "{}"));
	ck_assert_int_ge(now_ms() - began_ms, 3000);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(any_significant_child_shuts_the_tree_down)
{
	struct process *tree = tree_up("{name: t, auto_shutdown: any_significant, children: [%s, %s]}",
		actor_line("a", "victim"),
		actor_line_with("b", "victim", "restart: transient, significant: true"));

	tell("/t/b", "victim.die", "{\"how\":\"finish\"}");
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/b: down 1$", 0);
	expect_output(tree, "^/t/a: down 1$", 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("strategies");

	SCENARIO_CASE(suite, "strategies", 30, one_for_one, one_for_all, rest_for_one);
	SCENARIO_CASE(suite, "intensity", 30, an_inner_supervisor_gives_up_and_is_restarted,
		escalation_to_the_root, the_window_of_the_intensity_slides, backoff_is_seen_in_status,
		any_significant_child_shuts_the_tree_down);
	return suite;
}
