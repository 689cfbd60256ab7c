/*
 * otp_process_strategies_test.c: OTP's restart strategies with real processes: who is stopped and started with a child that died, in which
 * order, what counts against the intensity, and where it ends.
 */
#include "otp.h"

/* Two children, a and b, or a pool with the members m1 and m2. */
static void
begin_two(enum tractor_strategy strategy, unsigned intensity)
{
	begin(.strategy = strategy, .intensity = intensity);
	add(.name = "a");
	add(.name = "b");
	forget_log();
}

static void
begin_pool_of_two(unsigned intensity)
{
	begin(.intensity = TRACTOR_NO_RESTARTS);
	add_pool("p", intensity, .restart = PERMANENT);
	add_members("/r/p", 2);
	forget_log();
}

/* The window must pass between the crashes. What is waited for is a timer of the runtime's, which is over later than that. */
#define PERIOD_MS 100

static void
let_the_window_pass(void)
{
	size_t from = otp.seed->events.count;

	OK(tractor_tell_after(
		otp.seed->ctx, PERIOD_MS + 50, NULL, ref_of("/r/bell"), child_end, .how = "done"));
	has_end("/r/bell", from);
	restart_child("/r/bell");
}

START_TEST(multiple_restarts)
{
	begin(.intensity = 1, .period_ms = PERIOD_MS);
	add(.name = "a", .shutdown_ms = TRACTOR_KILL);
	add(.name = "bell", .restart = TRANSIENT);
	forget_log();
	for (int i = 0; i < 4; i++) {
		crash("/r/a");
		children("/r", "a running, bell running");
		let_the_window_pass();
	}
	counts("/r", 2, 2, 0, 2);
	struct tractor_child_info *a = info_of("/r/a");
	ck_assert_uint_eq(a->restarts, 4);
	free(a);
	terminate("/r/a");
	delete_child("/r/a");
	reasons("a:abnormal bell:done a:abnormal bell:done a:abnormal bell:done a:abnormal bell:done a:killed");
	finish();
}
END_TEST

START_TEST(one_for_one)
{
	begin_two(ONE_FOR_ONE, 2);
	pid_t b = pid_of("/r/b");
	crash("/r/a");
	children("/r", "a running, b running");
	did("+a");
	counts("/r", 2, 2, 0, 2);
	ck_assert_int_eq(pid_of("/r/b"), b);
	crash("/r/b");
	children("/r", "a running, b running");
	did("+b");
	crash("/r/b");
	has_ended(TRACTOR_ECRASHED, "/r/b");
	did("~r(b) -r -a");
	reasons("a:abnormal b:abnormal b:abnormal a:shutdown");
	finish();
}
END_TEST

START_TEST(one_for_one_escalation)
{
	begin_two(ONE_FOR_ONE, 4);
	starts("a", "rrrr");
	crash("/r/a");
	has_ended(TRACTOR_ECRASHED, "/r/a");
	did("+a +a +a +a ~r(a) -r -b");
	reasons("a:abnormal a:start_failed a:start_failed a:start_failed a:start_failed b:shutdown");
	finish();
}
END_TEST

START_TEST(one_for_all)
{
	begin_two(ONE_FOR_ALL, 2);
	pid_t a = pid_of("/r/a"), b = pid_of("/r/b");
	crash("/r/a");
	children("/r", "a running, b running");
	did("-b +a +b");
	counts("/r", 2, 2, 0, 2);
	reasons("a:abnormal b:shutdown");
	ck_assert_int_ne(pid_of("/r/a"), a);
	ck_assert_int_ne(pid_of("/r/b"), b);
	crash("/r/b");
	children("/r", "a running, b running");
	did("-a +a +b");
	crash("/r/b");
	has_ended(TRACTOR_ECRASHED, "/r/b");
	did("~r(b) -r -a");
	reasons("b:abnormal a:shutdown b:abnormal a:shutdown");
	finish();
}
END_TEST

START_TEST(one_for_all_escalation)
{
	begin_two(ONE_FOR_ALL, 4);
	starts("b", "rrrr");
	crash("/r/a");
	has_ended(TRACTOR_ECRASHED, "/r/b");
	did("-b +a +b -a +a +b -a +a +b -a +a +b ~r(b) -r -a");
	reasons("a:abnormal b:shutdown b:start_failed a:shutdown b:start_failed a:shutdown b:start_failed "
		"a:shutdown b:start_failed a:shutdown");
	finish();
}
END_TEST

START_TEST(one_for_all_other_child_fails_restart)
{
	begin_two(ONE_FOR_ALL, 3);
	starts("a", "");
	starts("b", "");
	crash("/r/a");
	hangs("/r/a");
	did("-b +a");
	starts("a", "g");
	hangs("/r/b");
	did("+b");
	starts("b", "r"); /* b does not come up: a is stopped again */
	hangs("/r/a");
	did("-a +a");
	children("/r", "a starting, b waiting");
	counts("/r", 2, 0, 0, 2);
	starts("a", "g");
	starts("b", "g");
	children("/r", "a running, b running");
	did("+b");
	reasons("a:abnormal b:shutdown b:start_failed a:shutdown");
	shut_down();
	reasons("b:shutdown a:shutdown");
	finish();
}
END_TEST

START_TEST(simple_one_for_one)
{
	begin_pool_of_two(2);
	pid_t m2 = pid_of("/r/p/m2");
	crash("/r/p/m1");
	children("/r/p", "m1 running, m2 running");
	did("+m1");
	counts("/r/p", 1, 2, 0, 2);
	ck_assert_int_eq(pid_of("/r/p/m2"), m2);
	crash("/r/p/m2");
	children("/r/p", "m1 running, m2 running");
	did("+m2");
	crash("/r/p/m2");
	has_ended(TRACTOR_ECRASHED, "/r/p/m2");
	did("~p(m2) -p -m1 ~r(p) -r");
	reasons("m1:abnormal m2:abnormal m2:abnormal m1:shutdown");
	finish();
}
END_TEST

/* What a member got at its start beside the template is its successor's, too. */
START_TEST(simple_one_for_one_extra)
{
	const char *const args[] = { "extra", "info", NULL };
	struct child_value value;

	begin_pool_of_two(2);
	OK(tractor_start_child(otp.seed->rt, NULL,
		&(struct tractor_child){ .name = "m3", .under = "/r/p", .args = args }, NULL));
	crash("/r/p/m3");
	children("/r/p", "m1 running, m2 running, m3 running");
	did("+m3 +m3");
	counts("/r/p", 1, 3, 0, 3);
	OK(tractor_ask(otp.seed->ctx, ref_of("/r/p/m3"), &value, child_arg, .name = "extra"));
	ck_assert_str_eq(value.text, "info");
	OK(tractor_ask(otp.seed->ctx, ref_of("/r/p/m1"), &value, child_arg, .name = "extra"));
	ck_assert_str_eq(value.text, "");
	finish();
}
END_TEST

START_TEST(simple_one_for_one_escalation)
{
	begin_pool_of_two(4);
	starts("m1", "rrrr");
	crash("/r/p/m1");
	has_ended(TRACTOR_ECRASHED, "/r/p/m1");
	did("+m1 +m1 +m1 +m1 ~p(m1) -p -m2 ~r(p) -r");
	finish();
}
END_TEST

START_TEST(simple_one_for_one_restart_ignore)
{
	static const enum tractor_restart types[] = { TRANSIENT, PERMANENT };

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		begin(.intensity = 2);
		add_pool("p", 2, .restart = types[i]);
		add_members("/r/p", 2);
		starts("m1", "i");
		crash("/r/p/m1");
		children("/r/p", "m2 running");
		counts("/r/p", 1, 1, 0, 1);
		reasons("m1:abnormal m1:ignored");
		shut_down();
		reasons("m2:shutdown");
		finish();
	}
}
END_TEST

START_TEST(rest_for_one)
{
	begin_two(REST_FOR_ONE, 2);
	add(.name = "c");
	pid_t a = pid_of("/r/a"), c = pid_of("/r/c");
	counts("/r", 3, 3, 0, 3);
	forget_log();
	crash("/r/b");
	children("/r", "a running, b running, c running");
	did("-c +b +c");
	counts("/r", 3, 3, 0, 3);
	reasons("b:abnormal c:shutdown");
	ck_assert_int_eq(pid_of("/r/a"), a);
	ck_assert_int_ne(pid_of("/r/c"), c);
	crash("/r/c");
	children("/r", "a running, b running, c running");
	did("+c");
	crash("/r/b");
	has_ended(TRACTOR_ECRASHED, "/r/b");
	did("~r(b) -r -c -a");
	reasons("c:abnormal b:abnormal c:shutdown a:shutdown");
	finish();
}
END_TEST

START_TEST(rest_for_one_escalation)
{
	begin_two(REST_FOR_ONE, 4);
	starts("b", "rrrr");
	crash("/r/a");
	has_ended(TRACTOR_ECRASHED, "/r/b");
	did("-b +a +b +b +b +b ~r(b) -r -a");
	finish();
}
END_TEST

START_TEST(rest_for_one_other_child_fails_restart)
{
	begin_two(REST_FOR_ONE, 3);
	starts("a", "");
	starts("b", "");
	crash("/r/a");
	hangs("/r/a");
	starts("a", "g");
	hangs("/r/b");
	did("-b +a +b");
	pid_t a = pid_of("/r/a");
	starts("b", "r"); /* a has come up and stays */
	hangs("/r/b");
	did("+b");
	children("/r", "a running, b starting");
	counts("/r", 2, 1, 0, 2);
	starts("b", "g");
	children("/r", "a running, b running");
	ck_assert_int_eq(pid_of("/r/a"), a);
	reasons("a:abnormal b:shutdown b:start_failed");
	shut_down();
	finish();
}
END_TEST

/* Three supervisors below a top one that is one_for_all; the third is transient and has been stopped. */
static void
begin_tree(void)
{
	begin_file(
		"strategy: one_for_all\n"
		"intensity: 4\n"
		"children:\n"
		"  - {supervisor: s1, intensity: 4, children: [{actor: a, exec: ./child}, {actor: b, exec: "
		"./child}]}\n"
		"  - {supervisor: s2, intensity: 4}\n"
		"  - {supervisor: s3, intensity: 4, restart: transient}\n");
	terminate("/r/s3");
	counts("/r", 3, 2, 3, 0);
	counts("/r/s1", 2, 2, 0, 2);
	counts("/r/s2", 0, 0, 0, 0);
	add(.name = "c", .under = "/r/s2");
	add(.name = "d", .under = "/r/s2");
	counts("/r/s2", 2, 2, 0, 2);
	forget_log();
}

START_TEST(tree)
{
	begin_tree();
	pid_t a = pid_of("/r/s1/a"), c = pid_of("/r/s2/c");
	crash("/r/s2/d");
	children("/r/s2", "c running, d running");
	children("/r/s1", "a running, b running");
	did("+d");
	ck_assert_int_eq(pid_of("/r/s1/a"), a);
	ck_assert_int_eq(pid_of("/r/s2/c"), c);
	starts("c", "rrr"); /* d's restart was the first of 4 */
	crash("/r/s2/c");
	children("/r", "s1 running, s2 running, s3 running");
	children("/r/s1", "a running, b running");
	did("+c +c +c ~s2(c) -s2 -d -s1 -b -a +s1 +a +b +s2 +s3");
	counts("/r", 3, 3, 3, 0);
	counts("/r/s1", 2, 2, 0, 2);
	children("/r/s2", "");
	counts("/r/s2", 0, 0, 0, 0);
	counts("/r/s3", 0, 0, 0, 0);
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp, processes: restart strategies");

	SCENARIO_CASE(
		suite, "restart_one_for_one", 20, multiple_restarts, one_for_one, one_for_one_escalation);
	SCENARIO_CASE(suite, "restart_one_for_all", 20, one_for_all, one_for_all_escalation,
		one_for_all_other_child_fails_restart);
	SCENARIO_CASE(suite, "restart_simple_one_for_one", 20, simple_one_for_one, simple_one_for_one_extra,
		simple_one_for_one_escalation, simple_one_for_one_restart_ignore);
	SCENARIO_CASE(suite, "restart_rest_for_one", 20, rest_for_one, rest_for_one_escalation,
		rest_for_one_other_child_fails_restart);
	SCENARIO_CASE(suite, "tree", 20, tree);
	return suite;
}
