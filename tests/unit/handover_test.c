/* handover_test.c: fds that are handed over where there is no number left for them; all numbers but the one in reserve are taken then. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "handed.h"
#include "handover.h"
#include "sys.h"
#include "unit.h"

static struct {
	struct handover handover;
	int theirs, ours; /* ends of the socket */
	int given;
	int thief; /* who has the number of the reserve; -1: nobody */
	int naps;  /* of ours, until it is given back */
} t;

static void
setup(void)
{
	int ends[2];

	memset(&t, 0, sizeof(t));
	handover_open(&t.handover);
	ck_assert_int_ge(t.handover.reserve, 0);
	ck_assert_int_eq(sys.socketpair(ends), 0);
	t.theirs = ends[0];
	t.ours = ends[1];
	t.given = memfd_create("given", MFD_CLOEXEC);
	t.thief = -1;
}

static int
lowest_free(void)
{
	int fd = dup(t.given);

	ck_assert_int_ge(fd, 0);
	close(fd);
	return fd;
}

static void
teardown(void)
{
	sys = sys_real;
	handover_hang_up(&t.handover, &t.ours);
	handover_close(&t.handover);
	close(t.theirs);
	close(t.given);
	if (t.thief >= 0)
		close(t.thief);
}

static void
limit(int fds)
{
	struct rlimit limits;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limits), 0);
	limits.rlim_cur = (rlim_t)fds;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limits), 0);
}

static void
no_number_left(void)
{
	limit(lowest_free());
	ck_assert_int_eq(dup(t.given), -1);
}

static void
give(uint64_t number)
{
	ck_assert(tri_handed_give(t.theirs, number, t.given));
}

static bool
is_given(int fd)
{
	char path[64], target[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target) - 1) > 0 && strstr(target, "memfd:given");
}

static int
take(uint64_t number)
{
	int fd = -1;

	ck_assert_int_eq(handover_take(&t.handover, t.ours, number, &fd), TRACTOR_OK);
	ck_assert(is_given(fd));
	return fd;
}

START_TEST(the_reserve_is_not_touched_without_need)
{
	int reserve = t.handover.reserve;

	give(1);
	int fd = take(1), same = fd;
	ck_assert_int_eq(t.handover.reserve, reserve);
	handover_keep(&t.handover, &fd);
	ck_assert_int_eq(fd, same);
	handover_close_fd(&t.handover, fd);
	ck_assert_int_eq(t.handover.reserve, reserve);
}
END_TEST

/* The next one finds a number, too. */
START_TEST(each_comes_where_no_number_is_left)
{
	for (uint64_t i = 1; i <= 3; i++)
		give(i);
	no_number_left();
	for (uint64_t i = 1; i <= 3; i++) {
		int fd = take(i), same = fd;
		ck_assert_int_eq(t.handover.reserve, -1);
		handover_keep(&t.handover, &fd);
		ck_assert_int_eq(fd, -1);
		ck_assert_int_eq(t.handover.reserve, same);
		ck_assert(!is_given(same));
	}
}
END_TEST

START_TEST(one_of_which_nobody_speaks)
{
	int fd = -1;

	give(1);
	give(2);
	give(3);
	no_number_left();
	fd = take(3);
	handover_close_foreign(&t.handover, fd);
	ck_assert_int_ge(t.handover.reserve, 0);
	ck_assert_int_eq(handover_take(&t.handover, t.ours, 4, &fd), TRACTOR_EBADMSG);
}
END_TEST

START_TEST(what_nobody_takes)
{
	for (uint64_t i = 1; i <= 20; i++)
		give(i);
	no_number_left();
	handover_hang_up(&t.handover, &t.ours);
	ck_assert_int_eq(t.ours, -1);
	ck_assert_int_ge(t.handover.reserve, 0);
}
END_TEST

/* --- somebody takes the number first --- */

/* Of the reserve, which is all that can be closed here while there is one. */
static int
close_to_a_thief(int fd)
{
	int closed = sys_real.close(fd);

	if (t.thief < 0)
		t.thief = dup(t.given);
	return closed;
}

static int
nap(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (t.naps-- == 0 && t.thief >= 0) {
		close(t.thief);
		t.thief = -1;
		sys.close = sys_real.close;
	}
	return sys_real.poll(fds, count, timeout_ms);
}

static void
steal(int naps)
{
	no_number_left();
	t.naps = naps;
	sys.close = close_to_a_thief;
	sys.poll = nap;
}

START_TEST(somebody_who_gives_it_back)
{
	give(1);
	steal(3);
	int fd = take(1);
	handover_keep(&t.handover, &fd);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_ge(t.handover.reserve, 0);
}
END_TEST

/* That one is lost, and nothing behind it, once there is a number again. */
START_TEST(somebody_who_keeps_it)
{
	int fd = -1;

	for (uint64_t i = 1; i <= 3; i++)
		give(i);
	steal(1 << 20);
	for (uint64_t i = 1; i <= 2; i++)
		ck_assert_int_eq(handover_take(&t.handover, t.ours, i, &fd), TRACTOR_ENOMEM);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(t.naps, (1 << 20) - 50); /* the second has nothing to wait for */
	close(t.thief);
	t.thief = -1;
	sys = sys_real;
	fd = take(3);
	handover_keep(&t.handover, &fd);
	ck_assert_int_ge(t.handover.reserve, 0);
}
END_TEST

/* --- it can't be had --- */

static int
no_dup(int fd, int least)
{
	(void)fd;
	(void)least;
	errno = EMFILE;
	return -1;
}

START_TEST(it_is_tried_for_again)
{
	handover_close(&t.handover);
	sys.dup_from = no_dup;
	handover_open(&t.handover);
	ck_assert_int_eq(t.handover.reserve, -1);
	give(1);
	handover_close_fd(&t.handover, take(1));
	ck_assert_int_eq(t.handover.reserve, -1);
	sys = sys_real;
	give(2);
	handover_close_fd(&t.handover, take(2));
	ck_assert_int_ge(t.handover.reserve, 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("handover");

	TEST_CASE_WITH(suite, "reserve", 10, setup, teardown, the_reserve_is_not_touched_without_need,
		each_comes_where_no_number_is_left, one_of_which_nobody_speaks, what_nobody_takes,
		somebody_who_gives_it_back, somebody_who_keeps_it, it_is_tried_for_again);
	return suite;
}
