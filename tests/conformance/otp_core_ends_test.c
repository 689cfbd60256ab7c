/*
 * otp_core_ends_test.c: OTP's groups normal_termination, shutdown_termination and abnormal_termination: what a child's restart type
 * makes of its own end.
 */
#include "otp_core.h"

/* A supervisor with one child, /r/a, of that type. */
static void
begin_with_child(enum spec_restart restart)
{
	begin(sup("r", ONE_FOR_ONE, 2, NULL));
	add("/r", actor("a", restart));
	forget_log();
}

static void
is_restarted_after(enum node_end end)
{
	uint32_t incarnation = at("/r/a")->incarnation;

	ends("/r/a", end);
	did("+a");
	children("/r", "a running");
	counts("/r", 1, 1, 0, 1);
	ck_assert_uint_eq(at("/r/a")->incarnation, incarnation + 1);
}

/* Its spec is kept. */
static void
stays_down_after(enum node_end end)
{
	ends("/r/a", end);
	did("");
	children("/r", "a stopped");
	counts("/r", 1, 0, 0, 1);
}

/* And so is its spec. */
static void
is_gone_after(enum node_end end)
{
	ends("/r/a", end);
	did("");
	children("/r", "");
	counts("/r", 0, 0, 0, 0);
}

START_TEST(permanent_normal)
{
	begin_with_child(PERMANENT);
	is_restarted_after(NODE_END_NORMAL);
	reasons("a:normal");
	finish();
}
END_TEST

START_TEST(transient_normal)
{
	begin_with_child(TRANSIENT);
	stays_down_after(NODE_END_NORMAL);
	reasons("a:normal");
	finish();
}
END_TEST

START_TEST(temporary_normal)
{
	begin_with_child(TEMPORARY);
	is_gone_after(NODE_END_NORMAL);
	reasons("a:normal");
	finish();
}
END_TEST

START_TEST(permanent_shutdown)
{
	begin_with_child(PERMANENT);
	is_restarted_after(NODE_END_SHUTDOWN);
	is_restarted_after(NODE_END_DONE);
	reasons("a:shutdown a:done");
	finish();
}
END_TEST

START_TEST(transient_shutdown)
{
	begin_with_child(TRANSIENT);
	stays_down_after(NODE_END_SHUTDOWN);
	start_child("/r/a");
	did("+a");
	stays_down_after(NODE_END_DONE);
	reasons("a:shutdown a:done");
	finish();
}
END_TEST

START_TEST(temporary_shutdown)
{
	begin_with_child(TEMPORARY);
	is_gone_after(NODE_END_SHUTDOWN);
	add("/r", actor("a", TEMPORARY));
	did("+a");
	is_gone_after(NODE_END_DONE);
	reasons("a:shutdown a:done");
	finish();
}
END_TEST

START_TEST(permanent_abnormal)
{
	begin_with_child(PERMANENT);
	is_restarted_after(NODE_END_ABNORMAL);
	is_restarted_after(NODE_END_KILLED);
	reasons("a:abnormal a:killed");
	finish();
}
END_TEST

START_TEST(transient_abnormal)
{
	begin_with_child(TRANSIENT);
	is_restarted_after(NODE_END_ABNORMAL);
	is_restarted_after(NODE_END_KILLED);
	reasons("a:abnormal a:killed");
	finish();
}
END_TEST

START_TEST(temporary_abnormal)
{
	begin_with_child(TEMPORARY);
	is_gone_after(NODE_END_ABNORMAL);
	add("/r", actor("a", TEMPORARY));
	did("+a");
	is_gone_after(NODE_END_KILLED);
	reasons("a:abnormal a:killed");
	finish();
}
END_TEST

/*
 * The limit is 2: were the temporary child restarted with the others, its failing start would be one too many.
 */
START_TEST(temporary_bystander)
{
	static const enum spec_strategy strategies[] = { SPEC_ONE_FOR_ALL, SPEC_REST_FOR_ONE };

	for (size_t i = 0; i < COUNT_OF(strategies); i++) {
		begin(sup("r", strategies[i], 2, actor("a", PERMANENT), actor("t", TEMPORARY), NULL));
		starts("t", FAILS, -1);
		forget_log();
		ends("/r/a", NODE_END_NORMAL);
		did("-t +a");
		children("/r", "a running");
		counts("/r", 1, 1, 0, 1);
		reasons("a:normal t:shutdown");
		ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
		starts("t", COMES_UP, 0);
		finish();
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: how children end");

	TEST_CASE(suite, "normal_termination", 30, permanent_normal, transient_normal, temporary_normal);
	TEST_CASE(suite, "shutdown_termination", 30, permanent_shutdown, transient_shutdown,
		temporary_shutdown);
	TEST_CASE(suite, "abnormal_termination", 30, permanent_abnormal, transient_abnormal,
		temporary_abnormal, temporary_bystander);
	return suite;
}
