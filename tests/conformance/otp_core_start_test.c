/*
 * otp_core_start_test.c: OTP's group sup_start and what else is about the first start: ignored, failing and misformed starts, and what
 * the starter is told. A supervisor of ours has no code of its own: where OTP's init/1 is bad, here the tree or its first child is.
 */
#include "otp_core.h"

START_TEST(sup_start_normal)
{
	begin(sup("r", ONE_FOR_ONE, 2, NULL));
	children("/r", "");
	counts("/r", 0, 0, 0, 0);
	shut_down();
	reasons("r:shutdown");
	did("");
	finish();
}
END_TEST

/* A whole subtree that isn't needed: it has come up, nobody has crashed, nothing counts. */
START_TEST(sup_start_ignore_init)
{
	starts("only", IGNORES, -1);
	begin(sup("r", ONE_FOR_ONE, 0, sup("s", ONE_FOR_ONE, 0, actor("only", TEMPORARY), NULL), NULL));
	did("+only");
	children("/r", "s running");
	children("/r/s", "");
	reasons("only:ignored");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r/s"), fake.now_ns), 0);
	shut_down();
	finish();
}
END_TEST

START_TEST(sup_start_ignore_child)
{
	begin(sup("r", ONE_FOR_ONE, 2, NULL));
	starts("a", IGNORES, -1);
	add("/r", actor("a", PERMANENT));
	add("/r", actor("b", PERMANENT));
	children("/r", "a stopped, b running");
	counts("/r", 2, 1, 0, 2);
	reasons("a:ignored");
	finish();
}
END_TEST

START_TEST(sup_start_ignore_temporary_child)
{
	starts("a", IGNORES, -1);
	begin(sup("r", ONE_FOR_ONE, 2, actor("a", TEMPORARY), actor("b", TEMPORARY), NULL));
	children("/r", "b running");
	counts("/r", 1, 1, 0, 1);
	reasons("a:ignored");
	finish();
}
END_TEST

START_TEST(sup_start_ignore_temporary_child_start_child)
{
	begin(sup("r", ONE_FOR_ONE, 2, NULL));
	starts("a", IGNORES, -1);
	add("/r", actor("a", TEMPORARY));
	add("/r", actor("b", TEMPORARY));
	children("/r", "b running");
	counts("/r", 1, 1, 0, 1);
	reasons("a:ignored");
	finish();
}
END_TEST

/* Of two members of a pool the first ignores its start. */
static void
begin_with_ignoring_member(enum spec_restart restart)
{
	begin(sup("r", ONE_FOR_ONE, 2, pool("p", restart, 2), NULL));
	starts("m1", IGNORES, -1);
	add_members("/r/p", 2);
	children("/r/p", "m2 running");
	counts("/r/p", 1, 1, 0, 1);
	reasons("m1:ignored");
}

START_TEST(sup_start_ignore_temporary_child_start_child_simple)
{
	begin_with_ignoring_member(TEMPORARY);
	finish();
}
END_TEST

START_TEST(sup_start_ignore_permanent_child_start_child_simple)
{
	begin_with_ignoring_member(PERMANENT);
	shut_down();
	reasons("m2:shutdown p:shutdown r:shutdown");
	finish();
}
END_TEST

START_TEST(sup_start_error_return)
{
	struct spec *no_supervisor = actor("a", PERMANENT), *bad = sup("r", ONE_FOR_ONE, 2, NULL);

	ck_assert_int_eq(tree_new(no_supervisor, &fake_ops, NULL, 1, 1, &fake.tree), TRACTOR_EINVAL);
	ck_assert_ptr_null(fake.tree);
	bad->period_ns = 0;
	ck_assert_uint_eq(spec_check(bad, NULL, NULL), 1);
	did("");
	reasons("");
	spec_free(no_supervisor);
	spec_free(bad);
}
END_TEST

START_TEST(sup_start_fail)
{
	starts("a", FAILS, -1);
	begin(sup("r", ONE_FOR_ONE, 2, actor("a", PERMANENT), actor("b", PERMANENT), NULL));
	did("+a");
	has_ended(TREE_START_FAILED, "/r/a");
	reasons("a:start_failed r:start_failed");
	finish();
}
END_TEST

/* {error, R}, or no answer that could be understood: both are ends before the child was ready. */
START_TEST(sup_start_child_returns_error)
{
	static const enum on_start ways[] = { FAILS, FAILS_FOR_GOOD, HANGS_STARTING };

	begin(sup("r", ONE_FOR_ONE, 2, NULL));
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		starts("a", ways[i], 1);
		struct node *a = add("/r", actor("a", PERMANENT));
		if (ways[i] == HANGS_STARTING)
			node_ends(a, NODE_END_ABNORMAL);
		children("/r", "");
		counts("/r", 0, 0, 0, 0);
	}
	did("+a +a +a");
	reasons("a:start_failed a:permanent_failure a:start_failed");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	finish();
}
END_TEST

START_TEST(sup_start_restart_child_returns_error)
{
	begin(sup("r", ONE_FOR_ONE, 2, actor("a", PERMANENT), NULL));
	terminate("/r/a");
	starts("a", FAILS, -1);
	start_child("/r/a");
	children("/r", "a stopped");
	counts("/r", 1, 0, 0, 1);
	reasons("a:shutdown a:start_failed");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	finish();
}
END_TEST

START_TEST(sup_start_child_returns_error_simple)
{
	begin(sup("r", ONE_FOR_ONE, 2, pool("p", PERMANENT, 2), NULL));
	starts("m1", FAILS, -1);
	starts("m2", FAILS_FOR_GOOD, -1);
	add_members("/r/p", 2);
	children("/r/p", "");
	counts("/r/p", 1, 0, 0, 0);
	reasons("m1:start_failed m2:permanent_failure");
	finish();
}
END_TEST

/* OTP's progress report is our transition to running: there is one for each start that came up, and none for one that did not. */
START_TEST(external_start_no_progress_log)
{
	begin(sup("r", ONE_FOR_ONE, 5, actor("a", PERMANENT), NULL));
	starts("a", FAILS, 2);
	fake.trace[0] = '\0';
	crash("/r/a");
	ck_assert_str_eq(fake.trace, "a waiting ended\na starting turn\n"
				     "a waiting ended\na starting turn\n"
				     "a waiting ended\na starting turn\na running ready\n");
	finish();
}
END_TEST

/* What of it is in the core: the path of the child that it began with, however deep. Its words and backtrace are its report's. */
START_TEST(faulty_application_shutdown)
{
	starts("faulty", FAILS, -1);
	begin(sup("r", ONE_FOR_ONE, 2, actor("a", PERMANENT),
		sup("s", REST_FOR_ONE, 2, sup("t", ONE_FOR_ALL, 2, actor("faulty", PERMANENT), NULL), NULL),
		actor("b", PERMANENT), NULL));
	did("+a +faulty -a");
	has_ended(TREE_START_FAILED, "/r/s/t/faulty");
	reasons("faulty:start_failed t:start_failed s:start_failed a:shutdown r:start_failed");
	counts("/r", 3, 0, 1, 2);
	finish();
}
END_TEST

/* A name is a path, and a path has one slot: "outside" can only be somebody who was added under it meanwhile. */
START_TEST(already_started_outside_supervisor)
{
	begin(sup("r", ONE_FOR_ONE, 2, actor("a", PERMANENT), NULL));
	struct node *first = add("/r", actor("b", TEMPORARY));
	add_is_refused("/r", actor("b", PERMANENT), TRACTOR_EEXIST);
	ck_assert_ptr_eq(at("/r/b"), first);
	children("/r", "a running, b running");
	counts("/r", 2, 2, 0, 2);
	reasons("");
	did("+a +b");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: the first start");

	TEST_CASE(suite, "sup_start", 30, sup_start_normal, sup_start_ignore_init, sup_start_ignore_child,
		sup_start_ignore_temporary_child, sup_start_ignore_temporary_child_start_child,
		sup_start_ignore_temporary_child_start_child_simple,
		sup_start_ignore_permanent_child_start_child_simple, sup_start_error_return, sup_start_fail,
		sup_start_child_returns_error, sup_start_restart_child_returns_error,
		sup_start_child_returns_error_simple);
	TEST_CASE(suite, "what is told of it", 30, external_start_no_progress_log,
		faulty_application_shutdown, already_started_outside_supervisor);
	return suite;
}
