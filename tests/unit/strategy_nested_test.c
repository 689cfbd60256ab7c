/* strategy_nested_test.c: supervisors in supervisors: what stays inside, what escalates, and what comes back with a supervisor. */
#include "tree_shapes.h"

START_TEST(inner_death_stays_inside)
{
	begin(inner(1, PERMANENT));
	did("+a +x +y +b");
	crash("/r/s/x");
	did("+x");
	ck_assert_uint_eq(at("/r/s")->incarnation, 1);
	finish();
}
END_TEST

START_TEST(escalation_restarts_the_subtree)
{
	begin(inner(1, PERMANENT));
	crash("/r/s/x");
	forget_log();
	crash("/r/s/x");
	did("~s(x) -y +x +y");
	is("/r/s", NODE_RUNNING);
	ck_assert_uint_eq(at("/r/s")->incarnation, 2);
	ck_assert_uint_eq(at("/r/s")->restarts, 1);
	ck_assert_uint_eq(
		tree_restarts_in_window(at("/r/s"), fake.now_ns), 0); /* a new supervisor has no past */
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	ck_assert_uint_eq(at("/r/a")->incarnation, 1);
	finish();
}
END_TEST

START_TEST(escalation_up_to_the_root)
{
	begin(inner(1, PERMANENT));
	for (int i = 0; i < 3; i++)
		crash("/r/s/x");
	forget_log();
	crash("/r/s/x");
	did("~s(x) -y ~r(s) -b -a");
	has_ended(TREE_GAVE_UP, "/r/s/x");
	finish();
}
END_TEST

/* For a transient slot, giving up is a normal end. */
START_TEST(transient_supervisor_that_gave_up_stays_down)
{
	begin(inner(1, TRANSIENT));
	crash("/r/s/x");
	crash("/r/s/x");
	is("/r/s", NODE_STOPPED);
	is("/r", NODE_RUNNING);
	ck_assert_int_eq(at("/r/s")->last_end, NODE_END_SHUTDOWN);
	finish();
}
END_TEST

START_TEST(temporary_supervisor_that_gave_up_is_forgotten_with_all_below)
{
	begin(inner(1, TEMPORARY));
	crash("/r/s/x");
	crash("/r/s/x");
	is_gone("/r/s");
	is_gone("/r/s/x");
	ck_assert_str_eq(fake.gone, " y x s");
	ck_assert_int_eq(fake.released, 3);
	finish();
}
END_TEST

/* On a restart of the inner supervisor its own failed start is an attempt that counts. */
START_TEST(inner_start_failure_on_restart_counts)
{
	begin(inner(3, PERMANENT));
	crash("/r/s/y");
	forget_log();
	starts("y", FAILS, 2);
	crash("/r/s/y");
	did("~s(y) -x +x +y -x +x +y -x +x +y");
	is("/r/s", NODE_RUNNING);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 3);
	finish();
}
END_TEST

START_TEST(inner_start_failure_on_restart_escalates)
{
	begin(inner(1, PERMANENT));
	crash("/r/s/y");
	forget_log();
	starts("y", FAILS, -1);
	crash("/r/s/y");
	did("~s(y) -x +x +y -x ~r(s) -b -a");
	has_ended(TREE_GAVE_UP, "/r/s/y");
	finish();
}
END_TEST

/* OTP case 71: all that the spec says comes back, what was added does not. */
START_TEST(static_children_come_back_and_dynamic_ones_do_not)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 0, actor("t", TEMPORARY), actor("x", PERMANENT),
		actor("d", PERMANENT), pool("p", PERMANENT, 1), NULL);

	begin(sup("r", SPEC_ONE_FOR_ONE, 1, s, NULL));
	add("/r/s", actor("dynamic", PERMANENT));
	add_member("/r/s/p", "m1");
	uint64_t old_t = at("/r/s/t")->id, old_x = at("/r/s/x")->id, next = tree_next_id(fake.tree);
	ends("/r/s/t", NODE_END_NORMAL);
	terminate("/r/s/d");
	ck_assert_int_eq(tree_remove(fake.tree, at("/r/s/d")), TRACTOR_OK);
	run();
	is_gone("/r/s/t");
	is_gone("/r/s/d");
	forget_log();
	crash("/r/s/x");
	did("~s(x) -dynamic -m1 +t +x +d");
	is_gone("/r/s/dynamic");
	is_gone("/r/s/p/m1");
	is("/r/s/t", NODE_RUNNING);
	is("/r/s/p", NODE_RUNNING);
	/* The slot of t was gone: what comes back is another actor. x was never gone. */
	ck_assert_ptr_null(tree_by_id(fake.tree, old_t));
	ck_assert_uint_ge(at("/r/s/t")->id, next);
	ck_assert_uint_eq(at("/r/s/x")->id, old_x);
	ck_assert_ptr_eq(at("/r/s")->children[0], at("/r/s/t"));
	ck_assert_ptr_eq(at("/r/s")->children[2], at("/r/s/d"));
	finish();
}
END_TEST

/* A temporary child that is stopped with its supervisor and comes back, all within one run. */
START_TEST(comes_back_within_one_run)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 0, actor("t", TEMPORARY), actor("x", PERMANENT), NULL);

	begin(sup("r", SPEC_ONE_FOR_ONE, 1, s, NULL));
	uint64_t old = at("/r/s/t")->id;
	int shell;
	at("/r/s/t")->shell = &shell;
	crash("/r/s/x");
	is("/r/s/t", NODE_RUNNING);
	ck_assert_uint_ne(at("/r/s/t")->id, old);
	ck_assert_uint_eq(
		at("/r/s/t")->incarnation, 2); /* goes on counting: what the old one still says is stale */
	ck_assert_ptr_null(at("/r/s/t")->shell);
	ck_assert_int_eq(fake.released, 1);
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("strategy_nested");

	TEST_CASE(suite, "nested", 30, inner_death_stays_inside, escalation_restarts_the_subtree,
		escalation_up_to_the_root, transient_supervisor_that_gave_up_stays_down,
		temporary_supervisor_that_gave_up_is_forgotten_with_all_below,
		inner_start_failure_on_restart_counts, inner_start_failure_on_restart_escalates,
		static_children_come_back_and_dynamic_ones_do_not, comes_back_within_one_run);
	return suite;
}
