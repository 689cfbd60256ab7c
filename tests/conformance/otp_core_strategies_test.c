/*
 * otp_core_strategies_test.c: OTP's restart strategies: who is stopped and started with a child that died, in which order, what counts
 * against the intensity, and where it ends.
 */
#include "otp_core.h"

/* Two children, a and b, or a pool with the members m1 and m2. */
static void
begin_two(enum spec_strategy strategy, unsigned intensity)
{
	begin(sup("r", strategy, intensity, NULL));
	add("/r", actor("a", PERMANENT));
	add("/r", actor("b", PERMANENT));
	forget_log();
}

static void
begin_pool_of_two(unsigned intensity)
{
	begin(sup("r", ONE_FOR_ONE, 0, pool("p", PERMANENT, intensity), NULL));
	add_members("/r/p", 2);
	forget_log();
}

START_TEST(multiple_restarts)
{
	begin(period_of(sup("r", ONE_FOR_ONE, 1, NULL), SEC));
	add("/r", shutdown_of(actor("a", PERMANENT), SPEC_SHUTDOWN_KILL));
	for (int i = 0; i < 4; i++) {
		crash("/r/a");
		children("/r", "a running");
		pass(2100 * MS);
	}
	counts("/r", 1, 1, 0, 1);
	ck_assert_uint_eq(at("/r/a")->restarts, 4);
	terminate("/r/a");
	delete_child("/r/a");
	reasons("a:abnormal a:abnormal a:abnormal a:abnormal a:killed");
	finish();
}
END_TEST

START_TEST(one_for_one)
{
	begin_two(ONE_FOR_ONE, 2);
	crash("/r/a");
	did("+a");
	children("/r", "a running, b running");
	counts("/r", 2, 2, 0, 2);
	ck_assert_uint_eq(at("/r/b")->incarnation, 1);
	crash("/r/b");
	did("+b");
	crash("/r/b");
	did("~r(b) -a");
	has_ended(TREE_GAVE_UP, "/r/b");
	reasons("a:abnormal b:abnormal b:abnormal a:shutdown r:shutdown");
	finish();
}
END_TEST

START_TEST(one_for_one_escalation)
{
	begin_two(ONE_FOR_ONE, 4);
	starts("a", FAILS, -1);
	crash("/r/a");
	did("+a +a +a +a ~r(a) -b");
	has_ended(TREE_GAVE_UP, "/r/a");
	reasons("a:abnormal a:start_failed a:start_failed a:start_failed a:start_failed b:shutdown r:shutdown");
	finish();
}
END_TEST

START_TEST(one_for_all)
{
	begin_two(ONE_FOR_ALL, 2);
	crash("/r/a");
	did("-b +a +b");
	children("/r", "a running, b running");
	counts("/r", 2, 2, 0, 2);
	reasons("a:abnormal b:shutdown");
	ck_assert_uint_eq(at("/r/a")->incarnation, 2);
	ck_assert_uint_eq(at("/r/b")->incarnation, 2);
	crash("/r/b");
	did("-a +a +b");
	crash("/r/b");
	did("~r(b) -a");
	has_ended(TREE_GAVE_UP, "/r/b");
	reasons("b:abnormal a:shutdown b:abnormal a:shutdown r:shutdown");
	finish();
}
END_TEST

START_TEST(one_for_all_escalation)
{
	begin_two(ONE_FOR_ALL, 4);
	starts("b", FAILS, -1);
	crash("/r/a");
	did("-b +a +b -a +a +b -a +a +b -a +a +b ~r(b) -a");
	has_ended(TREE_GAVE_UP, "/r/b");
	finish();
}
END_TEST

START_TEST(one_for_all_other_child_fails_restart)
{
	begin_two(ONE_FOR_ALL, 3);
	starts("a", HANGS_STARTING, -1);
	starts("b", HANGS_STARTING, -1);
	crash("/r/a");
	did("-b +a");
	ready("/r/a");
	did("+b");
	crash("/r/b"); /* b does not come up: a is stopped again */
	did("-a +a");
	children("/r", "a starting, b waiting");
	counts("/r", 2, 0, 0, 2);
	ready("/r/a");
	ready("/r/b");
	did("+b");
	children("/r", "a running, b running");
	reasons("a:abnormal b:shutdown b:start_failed a:shutdown");
	shut_down();
	finish();
}
END_TEST

START_TEST(simple_one_for_one)
{
	begin_pool_of_two(2);
	crash("/r/p/m1");
	did("+m1");
	children("/r/p", "m1 running, m2 running");
	counts("/r/p", 1, 2, 0, 2);
	ck_assert_uint_eq(at("/r/p/m2")->incarnation, 1);
	crash("/r/p/m2");
	did("+m2");
	crash("/r/p/m2");
	did("~p(m2) -m1 ~r(p)");
	has_ended(TREE_GAVE_UP, "/r/p/m2");
	reasons("m1:abnormal m2:abnormal m2:abnormal m1:shutdown p:shutdown r:shutdown");
	finish();
}
END_TEST

/* What a member got at its start beside the template is its successor's, too. */
START_TEST(simple_one_for_one_extra)
{
	begin_pool_of_two(2);
	struct spec *extra = spec_member(at("/r/p")->spec, "m3");
	ck_assert_int_eq(spec_pair_add(&extra->args, "extra", "info"), TRACTOR_OK);
	add("/r/p", extra);
	crash("/r/p/m3");
	did("+m3 +m3");
	counts("/r/p", 1, 3, 0, 3);
	ck_assert_str_eq(spec_pair_get(&at("/r/p/m3")->spec->args, "extra"), "info");
	ck_assert_ptr_null(spec_pair_get(&at("/r/p/m1")->spec->args, "extra"));
	finish();
}
END_TEST

START_TEST(simple_one_for_one_escalation)
{
	begin_pool_of_two(4);
	starts("m1", FAILS, -1);
	crash("/r/p/m1");
	did("+m1 +m1 +m1 +m1 ~p(m1) -m2 ~r(p)");
	has_ended(TREE_GAVE_UP, "/r/p/m1");
	finish();
}
END_TEST

START_TEST(simple_one_for_one_restart_ignore)
{
	static const enum spec_restart types[] = { TRANSIENT, PERMANENT };

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		begin(sup("r", ONE_FOR_ONE, 2, pool("p", types[i], 2), NULL));
		starts("m1", COMES_UP, -1);
		add_members("/r/p", 2);
		starts("m1", IGNORES, -1);
		crash("/r/p/m1");
		children("/r/p", "m2 running");
		counts("/r/p", 1, 1, 0, 1);
		reasons("m1:abnormal m1:ignored");
		shut_down();
		reasons("m2:shutdown p:shutdown r:shutdown");
		finish();
	}
}
END_TEST

START_TEST(rest_for_one)
{
	begin_two(REST_FOR_ONE, 2);
	add("/r", actor("c", PERMANENT));
	counts("/r", 3, 3, 0, 3);
	forget_log();
	crash("/r/b");
	did("-c +b +c");
	children("/r", "a running, b running, c running");
	counts("/r", 3, 3, 0, 3);
	reasons("b:abnormal c:shutdown");
	ck_assert_uint_eq(at("/r/a")->incarnation, 1);
	ck_assert_uint_eq(at("/r/c")->incarnation, 2);
	crash("/r/c");
	did("+c");
	crash("/r/b");
	did("~r(b) -c -a");
	has_ended(TREE_GAVE_UP, "/r/b");
	finish();
}
END_TEST

START_TEST(rest_for_one_escalation)
{
	begin_two(REST_FOR_ONE, 4);
	starts("b", FAILS, -1);
	crash("/r/a");
	did("-b +a +b +b +b +b ~r(b) -a");
	has_ended(TREE_GAVE_UP, "/r/b");
	finish();
}
END_TEST

START_TEST(rest_for_one_other_child_fails_restart)
{
	begin_two(REST_FOR_ONE, 3);
	starts("a", HANGS_STARTING, -1);
	starts("b", HANGS_STARTING, -1);
	crash("/r/a");
	ready("/r/a");
	did("-b +a +b");
	crash("/r/b"); /* a has come up and stays */
	did("+b");
	children("/r", "a running, b starting");
	counts("/r", 2, 1, 0, 2);
	ready("/r/b");
	children("/r", "a running, b running");
	reasons("a:abnormal b:shutdown b:start_failed");
	shut_down();
	finish();
}
END_TEST

/* Three supervisors below a top one that is one_for_all; the third is transient and has been stopped. */
static void
begin_tree(void)
{
	begin(sup("r", ONE_FOR_ALL, 4,
		sup("s1", ONE_FOR_ONE, 4, actor("a", PERMANENT), actor("b", PERMANENT), NULL),
		sup("s2", ONE_FOR_ONE, 4, NULL), restart_of(sup("s3", ONE_FOR_ONE, 4, NULL), TRANSIENT),
		NULL));
	terminate("/r/s3");
	counts("/r", 3, 2, 3, 0);
	counts("/r/s1", 2, 2, 0, 2);
	counts("/r/s2", 0, 0, 0, 0);
	add("/r/s2", actor("c", PERMANENT));
	add("/r/s2", actor("d", PERMANENT));
	counts("/r/s2", 2, 2, 0, 2);
	forget_log();
}

START_TEST(tree)
{
	begin_tree();
	crash("/r/s2/d");
	did("+d");
	children("/r/s1", "a running, b running");
	children("/r/s2", "c running, d running");
	ck_assert_uint_eq(at("/r/s1/a")->incarnation, 1);
	ck_assert_uint_eq(at("/r/s2/c")->incarnation, 1);
	starts("c", FAILS, -1);
	crash("/r/s2/c");
	did("+c +c +c ~s2(c) -d -b -a +a +b"); /* d's restart was the first of 4 */
	children("/r", "s1 running, s2 running, s3 running");
	counts("/r", 3, 3, 3, 0);
	counts("/r/s1", 2, 2, 0, 2);
	children("/r/s2", "");
	counts("/r/s2", 0, 0, 0, 0);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r/s2"), fake.now_ns), 0); /* it is a new one */
	counts("/r/s3", 0, 0, 0, 0);
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: restart strategies");

	TEST_CASE(suite, "restart_one_for_one", 30, multiple_restarts, one_for_one, one_for_one_escalation);
	TEST_CASE(suite, "restart_one_for_all", 30, one_for_all, one_for_all_escalation,
		one_for_all_other_child_fails_restart);
	TEST_CASE(suite, "restart_simple_one_for_one", 30, simple_one_for_one, simple_one_for_one_extra,
		simple_one_for_one_escalation, simple_one_for_one_restart_ignore);
	TEST_CASE(suite, "restart_rest_for_one", 30, rest_for_one, rest_for_one_escalation,
		rest_for_one_other_child_fails_restart);
	TEST_CASE(suite, "tree", 30, tree);
	return suite;
}
