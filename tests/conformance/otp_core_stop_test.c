/*
 * otp_core_stop_test.c: OTP's group sup_stop, and what else is about coming down: how long a child may take, who is killed, in which order,
 * and that nothing that happens meanwhile can hold it up.
 */
#define UNIT_MANY_ASSERTIONS
#include <stdlib.h>
#include <time.h>

#include "otp_core.h"

START_TEST(sup_stop_infinity)
{
	begin(sup("r", ONE_FOR_ONE, 2, sup("s", ONE_FOR_ONE, 2, NULL),
		shutdown_of(actor("b", PERMANENT), SPEC_SHUTDOWN_INFINITY), NULL));
	ck_assert_int_eq(at("/r/s")->spec->shutdown_ns, SPEC_SHUTDOWN_INFINITY);
	stops("b", HANGS_STOPPING);
	terminate("/r");
	pass(1000 * 1000 * SEC);
	children("/r", "s running, b stopping");
	ends("/r/b", NODE_END_SHUTDOWN);
	has_ended(TREE_TERMINATED, "");
	reasons("b:shutdown s:shutdown r:shutdown");
	finish();
}
END_TEST

START_TEST(sup_stop_timeout)
{
	begin(sup("r", ONE_FOR_ONE, 2, shutdown_of(actor("a", PERMANENT), SEC),
		shutdown_of(actor("b", PERMANENT), SEC), NULL));
	stops("b", HANGS_STOPPING);
	terminate("/r");
	pass(SEC - 1);
	counts("/r", 2, 1, 0, 2);
	reasons("");
	pass(1);
	has_ended(TREE_TERMINATED, "");
	reasons("b:killed a:shutdown r:shutdown");
	finish();
}
END_TEST

START_TEST(sup_stop_timeout_dynamic)
{
	begin(sup("r", ONE_FOR_ONE, 2, shutdown_of(pool("p", PERMANENT, 2), SEC), NULL));
	add_members("/r/p", 3);
	stops("m2", HANGS_STOPPING);
	terminate("/r");
	reasons("m3:shutdown m1:shutdown");
	counts("/r/p", 1, 0, 0, 1);
	pass(SEC);
	has_ended(TREE_TERMINATED, "");
	reasons("m2:killed p:shutdown r:shutdown");
	finish();
}
END_TEST

START_TEST(sup_stop_brutal_kill)
{
	begin(sup("r", ONE_FOR_ONE, 2, shutdown_of(actor("a", PERMANENT), SEC),
		shutdown_of(actor("b", PERMANENT), SPEC_SHUTDOWN_KILL), NULL));
	forget_log();
	shut_down();
	did("!b -a");
	reasons("b:killed a:shutdown r:shutdown");
	finish();
}
END_TEST

START_TEST(sup_stop_brutal_kill_dynamic)
{
	begin(sup("r", ONE_FOR_ONE, 2, shutdown_of(pool("p", TEMPORARY, 2), SPEC_SHUTDOWN_KILL), NULL));
	add_members("/r/p", 10);
	counts("/r/p", 1, 10, 0, 10);
	forget_log();
	shut_down();
	did("!m10 !m9 !m8 !m7 !m6 !m5 !m4 !m3 !m2 !m1");
	reasons("m10:killed m9:killed m8:killed m7:killed m6:killed m5:killed m4:killed m3:killed m2:killed "
		"m1:killed p:shutdown r:shutdown");
	counts("/r/p", 1, 0, 0, 0);
	finish();
}
END_TEST

/*
 * 3 restart types x 5 ways to end, each before the stop has come to the child: the last one hangs meanwhile. Intensity 0, so that
 * anything that counted would show.
 */
START_TEST(sup_stop_race)
{
	enum spec_restart restart = (enum spec_restart)(_i / (int)COUNT_OF(own_ends));
	enum node_end end = own_ends[_i % (int)COUNT_OF(own_ends)];
	char expected[64];

	begin(sup("r", ONE_FOR_ONE, 0, actor("a", restart), actor("last", PERMANENT), NULL));
	struct node *a = at("/r/a");
	stops("last", HANGS_STOPPING);
	terminate("/r");
	forget_log();
	node_ends(a, end);
	children("/r", restart == TEMPORARY ? "last stopping" : "a stopped, last stopping");
	ends("/r/last", NODE_END_SHUTDOWN);
	did("");
	has_ended(TREE_TERMINATED, "");
	snprintf(expected, sizeof(expected), "a:%s last:shutdown r:shutdown", node_end_name(end));
	reasons(expected);
	finish();
}
END_TEST
#define SUP_STOP_RACE_COUNT (3 * (int)COUNT_OF(own_ends))

/* 3 restart types x 5 ways to answer the shutdown. */
START_TEST(sup_stop_non_shutdown_exit_dynamic)
{
	enum spec_restart restart = (enum spec_restart)(_i / (int)COUNT_OF(own_ends));
	enum node_end end = own_ends[_i % (int)COUNT_OF(own_ends)];
	char expected[64];

	begin(sup("r", ONE_FOR_ONE, 0, pool("p", restart, 0), NULL));
	add_members("/r/p", 1);
	stops("m1", HANGS_STOPPING);
	terminate("/r");
	forget_log();
	ends("/r/p/m1", end);
	did("");
	has_ended(TREE_TERMINATED, "");
	snprintf(expected, sizeof(expected), "m1:%s p:shutdown r:shutdown", node_end_name(end));
	reasons(expected);
	counts("/r/p", 1, 0, 0, 0);
	finish();
}
END_TEST

/* Members that take T, T and 5 T, with a limit of 2 T: stopped one after the other they would take 4 T. */
START_TEST(simple_one_for_one_shutdown)
{
	const int64_t t = SEC;

	begin(sup("r", ONE_FOR_ONE, 2, shutdown_of(pool("p", PERMANENT, 2), 2 * t), NULL));
	add_members("/r/p", 3);
	stops("m1", HANGS_STOPPING);
	stops("m2", HANGS_STOPPING);
	stops("m3", HANGS_STOPPING);
	forget_log();
	int64_t began_ns = fake.now_ns;
	terminate("/r");
	did("-m3 -m2 -m1");
	pass(t);
	ends("/r/p/m1", NODE_END_SHUTDOWN);
	ends("/r/p/m2", NODE_END_SHUTDOWN);
	is("/r/p", NODE_STOPPING);
	pass(t);
	has_ended(TREE_TERMINATED, "");
	did("!m3");
	reasons("m1:shutdown m2:shutdown m3:killed p:shutdown r:shutdown");
	ck_assert_int_eq(at("/r")->since_ns - began_ns, 2 * t);
	finish();
}
END_TEST

/* One that has closed its channel and hears nothing: its process is still ours to kill. */
START_TEST(child_unlink)
{
	begin(sup("r", ONE_FOR_ONE, 2, actor("a", PERMANENT), shutdown_of(actor("naughty", PERMANENT), SEC),
		NULL));
	stops("naughty", HANGS_STOPPING);
	forget_log();
	terminate("/r/naughty");
	crash("/r/a"); /* the supervisor goes on meanwhile */
	did("-naughty +a");
	pass(SEC);
	did("!naughty");
	children("/r", "a running, naughty stopped");
	counts("/r", 2, 1, 0, 2);
	reasons("a:abnormal naughty:killed");
	finish();
}
END_TEST

START_TEST(order_of_children)
{
	begin(sup("r", REST_FOR_ONE, 2, actor("ch7", PERMANENT), actor("ch3", PERMANENT),
		actor("ch10", PERMANENT), actor("ch2", PERMANENT), actor("ch5", PERMANENT), NULL));
	did("+ch7 +ch3 +ch10 +ch2 +ch5");
	crash("/r/ch10");
	did("-ch5 -ch2 +ch10 +ch2 +ch5");
	children("/r", "ch7 running, ch3 running, ch10 running, ch2 running, ch5 running");
	reasons("ch10:abnormal ch5:shutdown ch2:shutdown");
	shut_down();
	did("-ch5 -ch2 -ch10 -ch3 -ch7");
	reasons("ch5:shutdown ch2:shutdown ch10:shutdown ch3:shutdown ch7:shutdown r:shutdown");
	finish();
}
END_TEST

static double
cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
add_children(int count)
{
	char name[16];

	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		add("/r", actor(name, PERMANENT));
	}
}

/* The time to start so many children one by one, and to stop them so. */
static double
start_and_stop(int count)
{
	char path[16];

	begin(sup("r", ONE_FOR_ONE, 2, NULL));
	double began = cpu_seconds();
	add_children(count);
	counts("/r", (size_t)count, (size_t)count, 0, (size_t)count);
	for (int i = 1; i <= count; i++) {
		snprintf(path, sizeof(path), "/r/c%d", i);
		terminate(path);
	}
	double took = cpu_seconds() - began;
	counts("/r", (size_t)count, 0, 0, (size_t)count);
	finish();
	return took;
}

/* On average. Under a limit of CPU time the clock above only moves with the kernel's ticks, of which one run may see none. */
static double
start_and_stop_often(int count)
{
	int times = 0;
	double took = 0;

	for (; took < 0.05; times++)
		took += start_and_stop(count);
	return took / times;
}

/* 100 times as many children may take 1000 times as long. */
START_TEST(scale_start_stop_many_children)
{
	start_and_stop(200); /* warm */
	double few = start_and_stop_often(200), many = start_and_stop(20000);

	ck_assert_msg(many <= 1000 * few, "200 children took %g s, 20000 took %g s", few, many);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: coming down");
	TCase *matrices = tcase_create("ends meanwhile");

	TEST_CASE(suite, "sup_stop", 30, sup_stop_infinity, sup_stop_timeout, sup_stop_timeout_dynamic,
		sup_stop_brutal_kill, sup_stop_brutal_kill_dynamic);
	tcase_add_loop_test(matrices, sup_stop_race, 0, SUP_STOP_RACE_COUNT);
	tcase_add_loop_test(matrices, sup_stop_non_shutdown_exit_dynamic, 0, SUP_STOP_RACE_COUNT);
	suite_add_tcase(suite, matrices);
	TEST_CASE(suite, "order and time", 60, simple_one_for_one_shutdown, child_unlink, order_of_children,
		scale_start_stop_many_children);
	return suite;
}
