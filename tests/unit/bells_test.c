/* bells_test.c: whoever is rung for wakes up, however often it was rung for before and had no need to sleep. */
#include <sys/socket.h>
#include <unistd.h>

#include "actor_process.h"
#include "bells.h"
#include "unit.h"

#define SOON_NS (INT64_C(2000) * 1000000)

static int bells;
static struct tri_bell ours, theirs;

static void
setup(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ours = (struct tri_bell){ .fd = ends[0] };
	theirs = (struct tri_bell){ .fd = ends[1] };
	ck_assert_int_eq(tri_bells_open(&bells), TRACTOR_OK);
	ck_assert_int_eq(tri_bells_add(bells, &ours), TRACTOR_OK);
}

static void
teardown(void)
{
	tri_bells_remove(bells, &ours);
	close(theirs.fd);
	close(bells);
}

static void
ring(void)
{
	tri_bell_expect(&ours);
	tri_bell_ring(&theirs);
}

static bool
wakes_within(int64_t span_ns)
{
	bool rung;

	ck_assert_int_eq(tri_bells_wait(bells, NULL, 0, (int64_t)tri_now_ns() + span_ns, &rung), TRACTOR_OK);
	return rung;
}

START_TEST(each_ring_wakes_once)
{
	for (int i = 0; i < 1000; i++) {
		ring();
		ck_assert(wakes_within(SOON_NS));
		ck_assert(!wakes_within(0));
	}
}
END_TEST

START_TEST(one_that_was_rung_for_while_awake_is_woken_later)
{
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 1000; i++) /* more than go into a socket */
			ring();
		ck_assert(wakes_within(0));
		ck_assert(!wakes_within(0));
		ring();
		ck_assert(wakes_within(SOON_NS));
	}
}
END_TEST

START_TEST(a_bell_whose_other_end_is_shut_wakes_once)
{
	shutdown(theirs.fd, SHUT_RDWR);
	ck_assert(wakes_within(SOON_NS));
	ck_assert(!wakes_within(0));
	tri_bell_ring(&ours); /* and who rings it has no SIGPIPE */
}
END_TEST

/* One that the actor's own code has closed, say: whoever waits in a loop must not go round and round. */
START_TEST(a_watch_that_is_gone_is_an_error)
{
	bool rung;
	int gone = dup(bells);

	close(gone);
	ck_assert_int_eq(tri_bells_wait(gone, NULL, 0, 0, &rung), TRACTOR_ESYSTEM);
	ck_assert(!rung);
}
END_TEST

START_TEST(other_fds_are_waited_for_as_well)
{
	int pipe_fds[2];
	bool rung;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	struct pollfd fd = { .fd = pipe_fds[0], .events = POLLIN };
	int64_t until_ns = (int64_t)tri_now_ns() + SOON_NS;
	ck_assert_int_eq(write(pipe_fds[1], "", 1), 1);
	ck_assert_int_eq(tri_bells_wait(bells, &fd, 1, until_ns, &rung), TRACTOR_OK);
	ck_assert(!rung && fd.revents);
	ring();
	ck_assert_int_eq(tri_bells_wait(bells, &fd, 1, until_ns, &rung), TRACTOR_OK);
	ck_assert(rung && fd.revents);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("bells");
	TCase *tcase = tcase_create("bells");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, each_ring_wakes_once);
	tcase_add_test(tcase, one_that_was_rung_for_while_awake_is_woken_later);
	tcase_add_test(tcase, a_bell_whose_other_end_is_shut_wakes_once);
	tcase_add_test(tcase, a_watch_that_is_gone_is_an_error);
	tcase_add_test(tcase, other_fds_are_waited_for_as_well);
	suite_add_tcase(suite, tcase);
	return suite;
}
