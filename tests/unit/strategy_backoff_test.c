/* strategy_backoff_test.c: how long a restart waits, and who waits with it. */
#include "tree_shapes.h"

START_TEST(backoff_grows_and_resets)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	static const int64_t expected[] = { SEC, 2 * SEC, 3 * SEC, 3 * SEC };
	for (int i = 0; i < 4; i++) {
		crash("/r/b");
		is("/r/b", NODE_WAITING);
		ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + expected[i]);
		pass(expected[i] - 1);
		did("");
		pass(1);
		did("+b");
	}
	pass(10 * SEC);
	crash("/r/b");
	ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + SEC);
	finish();
}
END_TEST

/* However it came to an end. */
START_TEST(backoff_resets_after_a_run_that_a_stop_ended)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	for (int way = 0; way < 3; way++) {
		crash("/r/b");
		pass(SEC);
		crash("/r/b");
		pass(2 * SEC);
		is("/r/b", NODE_RUNNING);
		pass(10 * SEC);
		if (way == 0) {
			ck_assert_int_eq(tree_restart(fake.tree, at("/r/b")), TRACTOR_OK);
		} else if (way == 1) {
			crash_with("/r/b", NODE_VERDICT_RESTART_AFTER, MS);
			pass(MS);
		} else {
			tree_kill(fake.tree, at("/r/b"));
			run();
			ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
		}
		run();
		crash("/r/b");
		ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + SEC);
		pass(20 * SEC);
	}
	finish();
}
END_TEST

START_TEST(backoff_delays_no_sibling_in_one_for_one)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	crash("/r/b");
	crash("/r/c");
	crash("/r/a");
	did("+c +a");
	pass(SEC);
	did("+b");
	finish();
}
END_TEST

START_TEST(backoff_in_a_group_delays_the_later_ones)
{
	begin_backoff(SPEC_ONE_FOR_ALL);
	crash("/r/b");
	did("-c -a +a");
	is("/r/c", NODE_WAITING);
	ck_assert_int_eq(at("/r/c")->due_ns, 0);
	pass(SEC);
	did("+b +c");
	finish();
}
END_TEST

START_TEST(backoff_after_failed_starts)
{
	begin_backoff(SPEC_REST_FOR_ONE);
	starts("b", FAILS, 2);
	crash("/r/b");
	did("-c");
	pass(SEC);
	did("+b");
	pass(2 * SEC);
	did("+b");
	pass(3 * SEC);
	did("+b +c");
	finish();
}
END_TEST

START_TEST(shift_moves_the_backoff)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	crash("/r/b");
	tree_shift(fake.tree, SEC);
	ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + 2 * SEC);
	pass(SEC);
	did("");
	pass(SEC);
	did("+b");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("strategy_backoff");

	TEST_CASE(suite, "backoff", 30, backoff_grows_and_resets,
		backoff_resets_after_a_run_that_a_stop_ended, backoff_delays_no_sibling_in_one_for_one,
		backoff_in_a_group_delays_the_later_ones, backoff_after_failed_starts,
		shift_moves_the_backoff);
	return suite;
}
