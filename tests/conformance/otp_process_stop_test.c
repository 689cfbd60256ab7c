/*
 * otp_process_stop_test.c: OTP's group sup_stop with real processes, and what else is about coming down: how long a child may take, who is
 * killed, in which order, and that nothing that happens meanwhile can hold it up.
 */
#include "otp.h"

static int64_t began_ms;

static void
begin_to_shut_down(void)
{
	forget_log();
	began_ms = now_ms();
	tractor_runtime_stop(otp.seed->rt, false);
}

static void
has_shut_down(void)
{
	OK(tractor_runtime_run(otp.seed->rt));
}

START_TEST(sup_stop_infinity)
{
	begin(.intensity = 2);
	add_sup(.name = "s");
	add(.name = "b", .shutdown_ms = TRACTOR_INFINITY);
	stops("b", "");
	begin_to_shut_down();
	hangs("/r/b");
	children("/r", "s running, b stopping");
	counts("/r", 2, 1, 1, 1);
	stops("b", "g");
	has_shut_down();
	did("-r -b -s");
	reasons("b:shutdown");
	finish();
}
END_TEST

START_TEST(sup_stop_timeout)
{
	begin(.intensity = 2);
	add(.name = "a");
	add(.name = "b", .shutdown_ms = SHORT_MS);
	stops("b", "");
	begin_to_shut_down();
	hangs("/r/b");
	counts("/r", 2, 1, 0, 2);
	reasons("");
	has_shut_down();
	ck_assert_int_ge(now_ms() - began_ms, SHORT_MS);
	did("-r -b -a");
	reasons("b:killed a:shutdown");
	finish();
}
END_TEST

START_TEST(sup_stop_timeout_dynamic)
{
	const int64_t limit_ms = scaled_ms(2000); /* enough for those that obey */

	begin(.intensity = 2);
	add_pool("p", 2, .shutdown_ms = limit_ms);
	add_members("/r/p", 3);
	stops("m2", "");
	begin_to_shut_down();
	has_shut_down();
	ck_assert_int_ge(now_ms() - began_ms, limit_ms);
	did("-r -p -m3 -m2 -m1");
	reasons_sorted("m1:shutdown m2:killed m3:shutdown");
	finish();
}
END_TEST

/* Were it asked, it would hang. */
START_TEST(sup_stop_brutal_kill)
{
	begin(.intensity = 2);
	add(.name = "a");
	add(.name = "b", .shutdown_ms = TRACTOR_KILL);
	stops("b", "");
	begin_to_shut_down();
	has_shut_down();
	did("-r -b -a");
	reasons("b:killed a:shutdown");
	ck_assert(!has_line(otp.seed, "/r/b", "blocked"));
	finish();
}
END_TEST

START_TEST(sup_stop_brutal_kill_dynamic)
{
	begin(.intensity = 2);
	add_pool("p", 2, .restart = TEMPORARY, .shutdown_ms = TRACTOR_KILL);
	add_members("/r/p", 10);
	counts("/r/p", 1, 10, 0, 10);
	begin_to_shut_down();
	has_shut_down();
	did("-r -p -m10 -m9 -m8 -m7 -m6 -m5 -m4 -m3 -m2 -m1");
	reasons_sorted("m10:killed m1:killed m2:killed m3:killed m4:killed m5:killed m6:killed m7:killed "
		       "m8:killed m9:killed");
	finish();
}
END_TEST

/*
 * 3 restart types x 4 ways to end, each before the stop has come to the child: the last one hangs meanwhile. No restart is allowed, so that
 * anything that counted would show.
 */
START_TEST(sup_stop_race)
{
	char name[16], path[32], expected[1024] = "";

	begin(.intensity = TRACTOR_NO_RESTARTS);
	for (int row = 0; row < 3 * (int)COUNT_OF(own_ends); row++) {
		snprintf(name, sizeof(name), "a%d", row);
		add(.name = name, .restart = (enum tractor_restart)(row / (int)COUNT_OF(own_ends)));
	}
	add(.name = "last");
	stops("last", "");
	begin_to_shut_down();
	hangs("/r/last");
	for (size_t row = 0; row < 3 * COUNT_OF(own_ends); row++) {
		snprintf(path, sizeof(path), "/r/a%zu", row);
		ends(path, own_ends[row % COUNT_OF(own_ends)]);
		append(expected, sizeof(expected), "a%zu:%s ", row, own_reasons[row % COUNT_OF(own_ends)]);
	}
	children("/r", "last stopping"); /* children that were added are forgotten with their supervisor */
	stops("last", "g");
	has_shut_down();
	did("-r -last");
	append(expected, sizeof(expected), "last:shutdown");
	reasons(expected);
	finish();
}
END_TEST

/* 3 restart types x 4 ways to answer the shutdown. */
START_TEST(sup_stop_non_shutdown_exit_dynamic)
{
	static const char *const pools[] = { "p0", "p1", "p2" }, *const answers[] = { "g", "d", "x", "k" };
	char name[16], path[32];

	begin(.intensity = TRACTOR_NO_RESTARTS);
	for (int row = 0; row < 3; row++) {
		add_pool(pools[row], TRACTOR_NO_RESTARTS, .restart = (enum tractor_restart)row);
		snprintf(path, sizeof(path), "/r/%s", pools[row]);
		for (size_t i = 0; i < COUNT_OF(answers); i++) {
			snprintf(name, sizeof(name), "m%d%zu", row, i);
			OK(add_member(path, name));
			stops(name, answers[i]);
		}
	}
	begin_to_shut_down();
	has_shut_down();
	did("-r -p2 -m23 -m22 -m21 -m20 -p1 -m13 -m12 -m11 -m10 -p0 -m03 -m02 -m01 -m00");
	reasons_sorted("m00:shutdown m01:done m02:abnormal m03:killed m10:shutdown m11:done m12:abnormal "
		       "m13:killed m20:shutdown m21:done m22:abnormal m23:killed");
	finish();
}
END_TEST

/*
 * Members that take their time, with a limit. They are stopped side by side: all of them are at it at once. The slow one is killed
 * when the limit is over, and nobody waits longer than that.
 */
START_TEST(simple_one_for_one_shutdown)
{
	const int64_t limit_ms = scaled_ms(3000); /* enough for three to be heard of, and two to obey */

	begin(.intensity = 2);
	add_pool("p", 2, .shutdown_ms = limit_ms);
	add_members("/r/p", 3);
	stops("m1", "");
	stops("m2", "");
	stops("m3", "");
	begin_to_shut_down();
	hangs("/r/p/m3");
	hangs("/r/p/m2");
	hangs("/r/p/m1");
	did("-r -p -m3 -m2 -m1");
	reasons("");
	stops("m1", "g");
	stops("m2", "g");
	has_shut_down();
	ck_assert_int_ge(now_ms() - began_ms, limit_ms);
	reasons_sorted("m1:shutdown m2:shutdown m3:killed");
	finish();
}
END_TEST

/* One that hears nothing: its process is still ours to kill, and the supervisor goes on meanwhile. */
START_TEST(child_unlink)
{
	begin(.intensity = 2);
	add(.name = "a");
	add(.name = "naughty", .shutdown_ms = SHORT_MS);
	stops("naughty", "");
	forget_log();
	began_ms = now_ms();
	begin_to_end("/r/a", "kill");
	terminate("/r/naughty");
	ck_assert_int_ge(now_ms() - began_ms, SHORT_MS);
	children("/r", "a running, naughty stopped");
	counts("/r", 2, 1, 0, 2);
	did("-naughty +a");
	reasons("a:killed naughty:killed");
	finish();
}
END_TEST

/* One that cuts its channel and lives on: terminating it does not hang, and left alone it is ended for that. */
START_TEST(child_unlink_of_its_channel)
{
	begin(.intensity = 2);
	add(.name = "a", .restart = TEMPORARY);
	add(.name = "naughty", .shutdown_ms = SHORT_MS);
	forget_log();
	begin_to_end("/r/naughty", "unlink");
	expect_line(otp.seed, "/r/naughty", "unlinked");
	terminate("/r/naughty");
	children("/r", "a running, naughty stopped");
	restart_child("/r/naughty");
	forget_log();
	ends("/r/naughty", "unlink");
	children("/r", "a running, naughty running");
	did("+naughty");
	reasons("naughty:abnormal");
	finish();
}
END_TEST

START_TEST(order_of_children)
{
	static const char *const names[] = { "ch7", "ch3", "ch10", "ch2", "ch5" };

	begin(.strategy = REST_FOR_ONE, .intensity = 2);
	forget_log();
	for (size_t i = 0; i < COUNT_OF(names); i++)
		add(.name = names[i]);
	did("+ch7 +ch3 +ch10 +ch2 +ch5");
	crash("/r/ch10");
	children("/r", "ch7 running, ch3 running, ch10 running, ch2 running, ch5 running");
	did("-ch5 -ch2 +ch10 +ch2 +ch5");
	reasons("ch10:abnormal ch5:shutdown ch2:shutdown");
	begin_to_shut_down();
	has_shut_down();
	did("-r -ch5 -ch2 -ch10 -ch3 -ch7");
	reasons("ch5:shutdown ch2:shutdown ch10:shutdown ch3:shutdown ch7:shutdown");
	finish();
}
END_TEST

/* The time to start so many children one by one, and to stop them so. */
static int64_t
start_and_stop(int count)
{
	char name[16], path[24];

	begin(.intensity = 2);
	began_ms = now_ms();
	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		add(.name = name);
	}
	counts("/r", (uint32_t)count, (uint32_t)count, 0, (uint32_t)count);
	for (int i = 1; i <= count; i++) {
		snprintf(path, sizeof(path), "/r/c%d", i);
		terminate(path);
	}
	counts("/r", (uint32_t)count, 0, 0, (uint32_t)count);
	int64_t took_ms = now_ms() - began_ms;
	finish();
	return took_ms;
}

/* 20 times as many children may take 200 times as long. */
START_TEST(scale_start_stop_many_children)
{
	int64_t few_ms = start_and_stop(10), many_ms = start_and_stop(200);

	ck_assert_msg(many_ms <= 200 * (few_ms + 1), "10 children took %" PRId64 " ms, 200 took %" PRId64,
		few_ms, many_ms);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp, processes: coming down");

	SCENARIO_CASE(suite, "sup_stop", 20, sup_stop_infinity, sup_stop_timeout, sup_stop_timeout_dynamic,
		sup_stop_brutal_kill, sup_stop_brutal_kill_dynamic, sup_stop_race,
		sup_stop_non_shutdown_exit_dynamic);
	SCENARIO_CASE(suite, "order and time", 60, simple_one_for_one_shutdown, child_unlink,
		child_unlink_of_its_channel, order_of_children, scale_start_stop_many_children);
	return suite;
}
