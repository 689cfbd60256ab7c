/* corpses_test.c: when the dead are reaped; they are processes of this test, which end at once. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blackbox.h"
#include "corpses.h"
#include "sys.h"
#include "unit.h"

static struct loop loop;
static struct corpses corpses;

static void
setup(void)
{
	ck_assert_int_eq(loop_open(&loop), TRACTOR_OK);
	ck_assert_int_eq(corpses_open(&corpses, &loop), TRACTOR_OK);
	loop.now_ns = (int64_t)tri_now_ns();
}

static void
teardown(void)
{
	corpses_close(&corpses);
	loop_close(&loop);
}

/* A zombie. */
static struct spawned
dead_one(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	return (struct spawned){ .pid = pid, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0) };
}

static bool
is_zombie(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
}

static void
wait_until(int64_t until_ns)
{
	int64_t lost_ns;

	while (loop.now_ns < until_ns) {
		ck_assert_int_eq(loop_sleep(&loop, until_ns, &lost_ns), TRACTOR_OK);
		loop_serve(&loop);
	}
}

START_TEST(one_rests_for_a_while)
{
	int64_t began_ns = loop.now_ns;
	struct spawned first = dead_one(), second = dead_one();

	corpses_add(&corpses, first);
	ck_assert(is_zombie(first.pid));
	ck_assert(corpses_has(&corpses, first.pid));
	ck_assert(!corpses_has(&corpses, second.pid));
	while (is_zombie(first.pid))
		wait_until(loop.now_ns + 1);
	ck_assert_int_ge(loop.now_ns - began_ns, 10 * 1000000);
	ck_assert(!corpses_has(&corpses, first.pid));
	corpses_add(&corpses, second); /* the alarm is armed for the next one, too */
	while (is_zombie(second.pid))
		wait_until(loop.now_ns + 1);
	ck_assert(!corpses_bury(&corpses));
}
END_TEST

START_TEST(all_at_once_if_need_be)
{
	struct spawned first = dead_one(), second = dead_one();

	ck_assert(!corpses_bury(&corpses));
	corpses_add(&corpses, first);
	corpses_add(&corpses, second);
	ck_assert(corpses_bury(&corpses));
	ck_assert(!is_zombie(first.pid) && !is_zombie(second.pid));
	ck_assert_int_eq(fcntl(first.pidfd, F_GETFD), -1);
	ck_assert(!corpses_bury(&corpses));
}
END_TEST

/* The oldest ones make room; more than twice as many as there is room for, so that the ring comes round. */
START_TEST(no_more_than_there_is_room_for)
{
	struct spawned dead[2 * CORPSES_MAX + 3];
	const size_t count = sizeof(dead) / sizeof(dead[0]);

	for (size_t i = 0; i < count; i++)
		corpses_add(&corpses, dead[i] = dead_one());
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(corpses_has(&corpses, dead[i].pid), i >= count - CORPSES_MAX);
		ck_assert_int_eq(is_zombie(dead[i].pid), i >= count - CORPSES_MAX);
	}
}
END_TEST

START_TEST(one_that_somebody_else_has_reaped)
{
	struct spawned dead = dead_one();

	corpses_add(&corpses, dead);
	ck_assert_int_eq(waitpid(dead.pid, NULL, 0), dead.pid);
	ck_assert(corpses_bury(&corpses));
	ck_assert_int_eq(fcntl(dead.pidfd, F_GETFD), -1);
}
END_TEST

static int refusals;

/* As the kernel answers while somebody traces the dead one and has yet to hear of its end. */
static int
wait_as_of_a_traced_one(int pidfd, int options, siginfo_t *ret_info, struct rusage *ret_usage)
{
	if (refusals == 0)
		return sys_real.wait(pidfd, options, ret_info, ret_usage);
	refusals--;
	ret_info->si_pid = 0;
	return 0;
}

START_TEST(one_that_is_traced_is_tried_again)
{
	int64_t began_ns = loop.now_ns;
	struct spawned traced = dead_one();

	sys.wait = wait_as_of_a_traced_one;
	refusals = 3;
	corpses_add(&corpses, traced);
	while (is_zombie(traced.pid))
		wait_until(loop.now_ns + 1);
	ck_assert_int_eq(refusals, 0);
	ck_assert_int_ge(loop.now_ns - began_ns, (3 + 1) * 10 * 1000000);
	ck_assert_int_eq(fcntl(traced.pidfd, F_GETFD), -1);
	ck_assert(!corpses_has(&corpses, traced.pid));
	sys = sys_real;
}
END_TEST

START_TEST(one_that_is_traced_is_waited_for_at_the_end)
{
	struct spawned traced = dead_one(), other = dead_one();

	sys.wait = wait_as_of_a_traced_one;
	refusals = 3;
	corpses_add(&corpses, traced);
	corpses_add(&corpses, other);
	corpses_close(&corpses);
	ck_assert(!is_zombie(traced.pid) && !is_zombie(other.pid));
	ck_assert_int_eq(fcntl(traced.pidfd, F_GETFD), -1);
	sys = sys_real;
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("corpses");

	TEST_CASE_WITH(suite, "corpses", 30, setup, teardown, one_rests_for_a_while, all_at_once_if_need_be,
		no_more_than_there_is_room_for, one_that_somebody_else_has_reaped,
		one_that_is_traced_is_tried_again, one_that_is_traced_is_waited_for_at_the_end);
	return suite;
}
