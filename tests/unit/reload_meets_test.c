/*
 * reload_meets_test.c: a reload that comes while something else is under way: the restart of a group, a stop whose turn has not come, a command.
 * The simulator has found what each of these tests is named after.
 */
#include "reload_words.h"

static struct spec *
after_20s(const char *name)
{
	struct spec *spec = PLAIN(name);

	spec->backoff = (struct spec_backoff){ 20 * SEC, 1, 20 * SEC, 0, SEC };
	return spec;
}

/* --- another order in the middle of a group's restart --- */

#define GROUP(...) sup("r", SPEC_ONE_FOR_ALL, 5, __VA_ARGS__, NULL)

START_TEST(whoever_comes_first_in_a_new_order_waits_for_nobody)
{
	begin_flat(GROUP(after_20s("a"), PLAIN("b")));
	crash("/r/a");
	did("-b");
	reload(GROUP(PLAIN("b"), after_20s("a")), "");
	did("+b");
	pass(20 * SEC);
	did("+a");
	finish();
}
END_TEST

/* Whoever stood in line for it lost its place, and nobody else was told that it was his turn. */
START_TEST(a_new_order_in_line_for_the_host_stops_a_group_for_ever)
{
	starts("x", IS_REFUSED, 0);
	begin_flat(sup("r", SPEC_ONE_FOR_ONE, 5, PLAIN("x"),
		sup("s", SPEC_ONE_FOR_ALL, 5, PLAIN("a"), PLAIN("b"), NULL), NULL));
	starts("x", IS_REFUSED, 1);
	crash("/r/x");
	crash("/r/s/a");
	ck_assert(tree_is_held(at("/r/s/a")));
	forget_log();
	reload(sup("r", SPEC_ONE_FOR_ONE, 5, PLAIN("x"),
		       sup("s", SPEC_ONE_FOR_ALL, 5, PLAIN("b"), PLAIN("a"), NULL), NULL),
		"");
	pass(SEC);
	is("/r/x", NODE_RUNNING);
	is("/r/s/b", NODE_RUNNING);
	is("/r/s/a", NODE_RUNNING);
	finish();
}
END_TEST

/* b is before a now, and the restart of the group has come to both. */
START_TEST(a_start_under_way_is_not_abandoned_for_a_new_order)
{
	begin_flat(GROUP(PLAIN("a"), PLAIN("b"), PLAIN("c")));
	starts("a", HANGS_STARTING, -1);
	starts("b", HANGS_STARTING, -1);
	crash("/r/c");
	did("-b -a +a");
	reload(GROUP(PLAIN("b"), PLAIN("a"), PLAIN("c")), "");
	did("+b");
	terminate("/r/b");
	did("-b");
	is("/r/a", NODE_STARTING);
	is("/r/c", NODE_STOPPED); /* it would need b */
	ready("/r/a");
	is("/r/a", NODE_RUNNING);
	finish();
}
END_TEST

/* --- who is on his way out --- */

/* Its turn to stop has not come; with it it would have been forgotten, as OTP has it for a temporary child. */
START_TEST(a_bystander_that_goes_is_not_brought_back)
{
	struct spec *was = program("t", "./t"), *now = program("t", "./t2");

	was->restart = now->restart = SPEC_TEMPORARY;
	begin_flat(GROUP(PLAIN("a"), was, PLAIN("b")));
	stops("b", HANGS_STOPPING);
	crash("/r/a");
	did("-b");
	is("/r/t", NODE_RUNNING);
	reload(GROUP(PLAIN("a"), now, PLAIN("b")), "~ /r/t exec: ./t -> ./t2 (at its next start)");
	ended(at("/r/b"), NODE_END_SHUTDOWN);
	run();
	did("-t +a +b");
	is_gone("/r/t");
	settled();
	finish();
}
END_TEST

START_TEST(one_that_was_told_to_stop_stays_stopped)
{
	begin_flat(GROUP(PLAIN("a"), program("c", "./c"), PLAIN("b")));
	stops("b", HANGS_STOPPING);
	crash("/r/a");
	terminate("/r/c");
	did("-b");
	reload(GROUP(PLAIN("a"), program("c", "./c2"), PLAIN("b")),
		"~ /r/c exec: ./c -> ./c2 (at its next start)");
	ended(at("/r/b"), NODE_END_SHUTDOWN);
	run();
	did("-c +a +b");
	is("/r/c", NODE_STOPPED);
	finish();
}
END_TEST

/* --- commands --- */

START_TEST(the_file_keeps_what_it_has_taken_over)
{
	begin_flat(FLAT(PLAIN("a")));
	starts("d", HANGS_STARTING, -1);
	add("/r", PLAIN("d"));
	did("+d");
	reload(FLAT(PLAIN("a"), PLAIN("d")), "~ /r/d is the file's now");
	ends("/r/d", NODE_END_START_FAILED);
	is("/r/d", NODE_STOPPED);
	finish();
}
END_TEST

/* b waits for its delay, and for its turn to be stopped; when the delay was over nobody knew what it had waited for. */
START_TEST(a_stop_of_one_that_waits_for_its_delay)
{
	struct spec *was = after_20s("b"), *now = after_20s("b");

	was->exec = strdup("./b");
	now->exec = strdup("./b2");
	begin_flat(FLAT(was, with_shutdown(program("c", "./c"), SPEC_SHUTDOWN_INFINITY)));
	stops("c", HANGS_STOPPING);
	crash("/r/b");
	reload(FLAT(now, with_shutdown(program("c", "./c2"), SPEC_SHUTDOWN_INFINITY)),
		"! /r/b exec: ./b -> ./b2\n! /r/c exec: ./c -> ./c2");
	did("-c");
	terminate("/r/b");
	pass(20 * SEC);
	is("/r/b", NODE_STOPPED);
	finish();
}
END_TEST

/* What is removed is forgotten with all below it, and nobody waits for what the reload was about to remove there. */
START_TEST(a_removal_ends_the_reload_of_what_is_below)
{
	struct spec *now = FLAT(sup("s", SPEC_ONE_FOR_ONE, 1, PLAIN("y"), NULL));
	struct tree_plan plan;

	begin_flat(FLAT(sup("s", SPEC_ONE_FOR_ONE, 1, PLAIN("x"), PLAIN("y"), NULL)));
	terminate("/r/s");
	ck_assert_int_eq(tree_remove(fake.tree, at("/r/s")), TRACTOR_OK);
	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), now, &plan), TRACTOR_OK);
	planned(&plan, "- /r/s/x");
	tree_plan_free(&plan);
	run();
	is_gone("/r/s");
	settled();
	finish();
}
END_TEST

/* --- restarts that count --- */

/* OTP's code_change keeps them all, and drops those that are too old with the next restart. */
START_TEST(a_shorter_period_in_between_forgets_no_restart)
{
	struct spec *shorter = FLAT(PLAIN("a"));

	shorter->intensity = 2;
	shorter->period_ns = SEC;
	begin_flat(sup("r", SPEC_ONE_FOR_ONE, 2, PLAIN("a"), NULL));
	crash("/r/a");
	pass(2 * SEC);
	crash("/r/a");
	forget_log();
	reload(shorter, "~ /r period: 5s -> 1s");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	reload(sup("r", SPEC_ONE_FOR_ONE, 2, PLAIN("a"), NULL), "~ /r period: 1s -> 5s");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 2);
	crash("/r/a");
	has_ended(TREE_GAVE_UP, "/r/a");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("reload meets");

	TEST_CASE(suite, "a group's restart", 10, whoever_comes_first_in_a_new_order_waits_for_nobody,
		a_new_order_in_line_for_the_host_stops_a_group_for_ever,
		a_start_under_way_is_not_abandoned_for_a_new_order);
	TEST_CASE(suite, "who is on his way out", 10, a_bystander_that_goes_is_not_brought_back,
		one_that_was_told_to_stop_stays_stopped);
	TEST_CASE(suite, "commands", 10, the_file_keeps_what_it_has_taken_over,
		a_stop_of_one_that_waits_for_its_delay, a_removal_ends_the_reload_of_what_is_below);
	TEST_CASE(suite, "intensity", 10, a_shorter_period_in_between_forgets_no_restart);
	return suite;
}
