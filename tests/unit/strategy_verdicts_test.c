/* strategy_verdicts_test.c: what a crash policy says in the place of the strategy. */
#include "tree_shapes.h"

START_TEST(verdict_restart_overrides_the_type)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("t", TEMPORARY), NULL));
	crash_with("/r/t", NODE_VERDICT_RESTART, 0);
	is("/r/t", NODE_RUNNING);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	crash_with("/r/t", NODE_VERDICT_RESTART, 0);
	has_ended(TREE_GAVE_UP, "/r/t");
	finish();
}
END_TEST

START_TEST(verdict_restart_after_overrides_the_delay)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	crash_with("/r/b", NODE_VERDICT_RESTART_AFTER, 7 * SEC);
	ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + 7 * SEC);
	pass(7 * SEC);
	did("+b");
	crash_with("/r/b", NODE_VERDICT_RESTART_AFTER, -1);
	did("+b");
	crash_with("/r/b", NODE_VERDICT_RESTART_AFTER, INT64_MAX);
	is("/r/b", NODE_WAITING);
	ck_assert_int_gt(at("/r/b")->due_ns, fake.now_ns);
	finish();
}
END_TEST

START_TEST(verdict_stop_is_about_this_one_only)
{
	begin_abc(SPEC_ONE_FOR_ALL, 0);
	crash_with("/r/b", NODE_VERDICT_STOP, 0);
	did("");
	is("/r/b", NODE_STOPPED);
	is("/r/a", NODE_RUNNING);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
	run();
	did("+b");
	finish();
}
END_TEST

START_TEST(verdict_stop_forgets_the_temporary)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("t", TEMPORARY), NULL));
	crash_with("/r/t", NODE_VERDICT_STOP, 0);
	is_gone("/r/t");
	finish();
}
END_TEST

START_TEST(verdict_escalate_gives_up_at_once)
{
	begin_abc(SPEC_ONE_FOR_ONE, 100);
	crash_with("/r/b", NODE_VERDICT_ESCALATE, 0);
	did("~r(b) -c -a");
	has_ended(TREE_GAVE_UP, "/r/b");
	finish();
}
END_TEST

START_TEST(verdict_escalate_of_an_inner_child)
{
	begin(inner(1, PERMANENT));
	forget_log();
	crash_with("/r/s/x", NODE_VERDICT_ESCALATE, 0);
	did("~s(x) -y +x +y");
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(verdict_on_a_failed_restart)
{
	begin_abc(SPEC_ONE_FOR_ONE, 100);
	starts("b", HANGS_STARTING, -1);
	crash("/r/b");
	crash_with("/r/b", NODE_VERDICT_STOP, 0);
	is("/r/b", NODE_STOPPED);
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_START_FAILED);
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("strategy_verdicts");

	TEST_CASE(suite, "verdicts", 30, verdict_restart_overrides_the_type,
		verdict_restart_after_overrides_the_delay, verdict_stop_is_about_this_one_only,
		verdict_stop_forgets_the_temporary, verdict_escalate_gives_up_at_once,
		verdict_escalate_of_an_inner_child, verdict_on_a_failed_restart);
	return suite;
}
