/*
 * otp_process_ends_test.c: OTP's groups normal_termination, shutdown_termination and abnormal_termination with real processes: what a
 * child's restart type makes of its own end.
 */
#include "otp.h"

static void
begin_with_child(enum tractor_restart restart)
{
	begin(.intensity = 2);
	add(.name = "a", .restart = restart);
	forget_log();
}

static void
is_restarted_after(const char *end)
{
	uint32_t incarnation = incarnation_of("/r/a");
	pid_t pid = pid_of("/r/a");

	ends("/r/a", end);
	children("/r", "a running");
	did("+a");
	counts("/r", 1, 1, 0, 1);
	ck_assert_uint_eq(incarnation_of("/r/a"), incarnation + 1);
	ck_assert_int_ne(pid_of("/r/a"), pid);
}

/* Its spec is kept. */
static void
stays_down_after(const char *end)
{
	ends("/r/a", end);
	children("/r", "a stopped");
	did("");
	counts("/r", 1, 0, 0, 1);
}

/* And so is its spec. */
static void
is_gone_after(const char *end)
{
	ends("/r/a", end);
	children("/r", "");
	did("");
	counts("/r", 0, 0, 0, 0);
	is_gone("/r/a");
}

START_TEST(permanent_normal)
{
	begin_with_child(PERMANENT);
	is_restarted_after("normal");
	reasons("a:normal");
	finish();
}
END_TEST

START_TEST(transient_normal)
{
	begin_with_child(TRANSIENT);
	stays_down_after("normal");
	reasons("a:normal");
	finish();
}
END_TEST

START_TEST(temporary_normal)
{
	begin_with_child(TEMPORARY);
	is_gone_after("normal");
	reasons("a:normal");
	finish();
}
END_TEST

START_TEST(permanent_shutdown)
{
	begin_with_child(PERMANENT);
	is_restarted_after("done");
	reasons("a:done");
	finish();
}
END_TEST

START_TEST(transient_shutdown)
{
	begin_with_child(TRANSIENT);
	stays_down_after("done");
	restart_child("/r/a");
	children("/r", "a running");
	did("+a");
	terminate("/r/a"); /* `shutdown` itself: an end that the supervisor asked for */
	children("/r", "a stopped");
	reasons("a:done a:shutdown");
	finish();
}
END_TEST

START_TEST(temporary_shutdown)
{
	begin_with_child(TEMPORARY);
	is_gone_after("done");
	add(.name = "a", .restart = TEMPORARY);
	did("+a");
	terminate("/r/a");
	children("/r", "");
	counts("/r", 0, 0, 0, 0);
	reasons("a:done a:shutdown");
	finish();
}
END_TEST

START_TEST(permanent_abnormal)
{
	begin_with_child(PERMANENT);
	is_restarted_after("segv");
	is_restarted_after("kill");
	reasons("a:abnormal a:killed");
	finish();
}
END_TEST

START_TEST(transient_abnormal)
{
	begin_with_child(TRANSIENT);
	is_restarted_after("exit");
	is_restarted_after("kill");
	reasons("a:abnormal a:killed");
	finish();
}
END_TEST

START_TEST(temporary_abnormal)
{
	begin_with_child(TEMPORARY);
	is_gone_after("panic");
	add(.name = "a", .restart = TEMPORARY);
	did("+a");
	is_gone_after("kill");
	reasons("a:abnormal a:killed");
	finish();
}
END_TEST

/* The limit is 2: were the temporary child restarted with the others, its failing start would be one too many. */
START_TEST(temporary_bystander)
{
	static const enum tractor_strategy strategies[] = { ONE_FOR_ALL, REST_FOR_ONE };

	for (size_t i = 0; i < COUNT_OF(strategies); i++) {
		begin(.strategy = strategies[i], .intensity = 2);
		add(.name = "a");
		add(.name = "t", .restart = TEMPORARY);
		starts("t", "rrr");
		forget_log();
		ends("/r/a", "normal");
		children("/r", "a running");
		did("-t +a");
		counts("/r", 1, 1, 0, 1);
		reasons("a:normal t:shutdown");
		ends("/r/a", "normal"); /* the second of two, where a third would be too many */
		children("/r", "a running");
		finish();
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp, processes: how children end");

	SCENARIO_CASE(suite, "normal_termination", 20, permanent_normal, transient_normal, temporary_normal);
	SCENARIO_CASE(suite, "shutdown_termination", 20, permanent_shutdown, transient_shutdown,
		temporary_shutdown);
	SCENARIO_CASE(suite, "abnormal_termination", 20, permanent_abnormal, transient_abnormal,
		temporary_abnormal, temporary_bystander);
	return suite;
}
