/* router_later_test.c: what is sent when nobody waits for its acceptance: delayed tells, and what a handler said that has returned. */
#include "router_fake.h"

/* --- delayed tells --- */

START_TEST(delayed_tells_come_when_they_are_due)
{
	actors(1, 0);
	tell_after(PORT, 20, 1, "b");
	tell_after(PORT, 10, 1, "a");
	tell_after(PORT, -7, 1, "now");
	saw("p0:1 OK; p0:2 OK; p0:3 OK");
	pass(0);
	saw("1 gets #1 now");
	ck_assert_int_eq(router_next_ns(t.router), t.now_ns + 10 * MS);
	pass(25);
	saw("1 gets #2 a; 1 gets #3 b");
}
END_TEST

START_TEST(delayed_tells_can_be_cancelled)
{
	actors(2, 1);
	tell_after(PORT, 20, 1, "a");
	tell_after(PORT, 20, 1, "b");
	tell_after(2, 20, 1, "c");
	forget();
	ck_assert_int_eq(router_cancel(t.router, PORT, 2), TRACTOR_OK);
	ck_assert_int_eq(router_cancel(t.router, PORT, 2), TRACTOR_EINVAL);
	ck_assert_int_eq(router_cancel(t.router, PORT, 3), TRACTOR_EINVAL); /* it's another's */
	pass(20);
	saw("1 gets #1 a; 1 gets #2 c");
	ck_assert_int_eq(router_cancel(t.router, PORT, 1), TRACTOR_EINVAL);
	tell_after(PORT, 1, 1, "d");
	pass(1);
	ck_assert_int_eq(router_cancel(t.router, PORT, 4), TRACTOR_EINVAL); /* it is parked, so it is sent */
	done(1, 1);
	saw("p0:4 OK; 1 gets #3 d");
}
END_TEST

START_TEST(delayed_tells_that_find_nobody)
{
	actors(4, 0);
	for (uint64_t i = 1; i <= 4; i++)
		tell_after(PORT, 10, i, "a");
	forget();
	router_remove(t.router, 1);
	router_stopped(t.router, 2, TRACTOR_ESTOPPED);
	down(3, 0, 0);
	ck_assert_int_eq(router_up(t.router, 3, 2, NULL, 0), TRACTOR_OK);
	down(4, 0, 0);
	pass(10);
	saw("dead a ESTOPPED; dead a ESTOPPED; dead a EPROTOCOL");
	up(4);
	saw("4 gets #1 a");
}
END_TEST

START_TEST(delayed_tells_are_bounded)
{
	actors(2, 0);
	for (int i = 0; i < ROUTER_PENDING_MAX; i++)
		tell_after(2, i, 1, "a");
	forget();
	tell_after(2, 5, 1, "b");
	tell_after(1, 5, 2, "c");
	saw("2:1025 EFULL; 1:1026 OK");
	ck_assert_int_eq(router_cancel(t.router, 2, 700), TRACTOR_OK);
	tell_after(2, 5, 1, "d");
	saw("2:1027 OK");
}
END_TEST

/* --- committed: what a handler said that has returned --- */

/* Until `ms` have passed without room for it, its sender waits; it waits on without. */
static void
commit_within(uint64_t sender, uint64_t target, const char *text, int64_t ms)
{
	send_within(sender, target, text, TRI_FLAG_COMMITTED, ms);
}

START_TEST(a_committed_tell_waits_for_room_without_limit)
{
	actors(2, 1);
	tell(2, 1, "a");
	commit_within(2, 1, "b", 10);
	saw("2:1 OK; 1 gets #1 a");
	pass(9);
	saw("");
	pass(1);
	saw("2:2 OK");
	pass(100000);
	saw("");
	ck_assert_uint_eq(counts(1).parked, 1);
	done(1, 1);
	saw("1 gets #2 b");
	done(1, 2);
	empty(1);
}
END_TEST

START_TEST(a_committed_tell_is_not_its_dead_senders)
{
	actors(2, 1);
	tell(2, 1, "a");
	tell(2, 1, "mine");
	commit_within(2, 1, "committed", 10);
	commit_within(2, 1, "committed too", 10);
	pass(10); /* one whose sender has gone on, and one more */
	commit_within(2, 1, "and this", 10);
	forget();
	down(2, 0, 0);
	up(2);
	done(1, 1);
	saw("1 gets #2 committed");
	done(1, 2);
	done(1, 3);
	saw("1 gets #3 committed too; 1 gets #4 and this");
	done(1, 4);
	empty(1);
}
END_TEST

START_TEST(a_committed_tell_that_is_refused_is_a_dead_letter)
{
	actors(3, 1);
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	commit_within(2, 1, "late", 10);
	saw("dead late ESTOPPED; 2:1 ESTOPPED");
	commit_within(2, 9, "nobody", 10);
	saw("dead nobody ENOACTOR; 2:2 ENOACTOR");
	tell(2, 3, "a");
	commit_within(2, 3, "parked", 10);
	commit_within(2, 3, "parked longer", 1);
	pass(1);
	saw("2:3 OK; 3 gets #1 a; 2:5 OK");
	router_stopped(t.router, 3, TRACTOR_ESTOPPED);
	saw("dead parked ESTOPPED; 2:4 ESTOPPED; dead parked longer ESTOPPED");
}
END_TEST

START_TEST(a_committed_timer_outlives_its_process)
{
	actors(2, 0);
	send_within(2, 1, "mine", TRI_FLAG_DELAYED, 10);
	send_within(2, 1, "committed", TRI_FLAG_DELAYED | TRI_FLAG_COMMITTED, 10);
	uint64_t cancelled = t.correlation + 1;
	send_within(2, 1, "cancelled", TRI_FLAG_DELAYED | TRI_FLAG_COMMITTED, 10);
	forget();
	down(2, 0, 0);
	up(2);
	ck_assert_int_eq(router_cancel(t.router, 2, cancelled), TRACTOR_OK); /* by the successor */
	pass(10);
	saw("1 gets #1 committed");
	down(2, 0, 0);
	done(1, 1);
	empty(1);
}
END_TEST

START_TEST(a_committed_timer_that_finds_no_room)
{
	actors(2, 1);
	tell(2, 1, "a");
	for (int i = 0; i < ROUTER_PENDING_MAX; i++)
		send_within(2, 1, "t", TRI_FLAG_DELAYED | TRI_FLAG_COMMITTED, 10);
	pass(10); /* due, and parked: they count as delayed still */
	forget();
	down(2, 0, 0);
	up(2);
	send_within(2, 1, "free again", TRI_FLAG_DELAYED | TRI_FLAG_COMMITTED, 10);
	saw("2:1026 OK");
	ck_assert_uint_eq(counts(1).parked, ROUTER_PENDING_MAX);
	router_remove(t.router, 2); /* for good, and its timers with it */
	pass(10);
	ck_assert_uint_eq(counts(1).parked, ROUTER_PENDING_MAX);
	saw("");
}
END_TEST

/* Whatever is sent as committed, a sender fills its own share only. */
START_TEST(committed_tells_are_bounded_too)
{
	actors(3, 1);
	for (int i = 0; i < ROUTER_PENDING_MAX + 1; i++)
		commit_within(2, 1, "x", 0);
	pass(1);
	forget();
	commit_within(2, 1, "too much", 0);
	saw("dead too much EFULL; 2:1026 EFULL");
	tell(3, 1, "other");
	saw("3:1027 OK; 1 gets #2 other");
}
END_TEST

START_TEST(what_was_in_hand_when_somebody_killed_the_process_is_no_suspect)
{
	const struct router_end killed = { .in_hand = 1, .from_outside = true };
	struct router_end again = killed;

	add(1, 0, true);
	up(1);
	tell(PORT, 1, "a");
	for (uint64_t i = 1; i <= 5; i++) {
		again.in_hand = i;
		router_down(t.router, 1, &again, NULL, NULL);
		up(1);
	}
	saw("p0:1 OK; 1 gets #1 a; 1 gets #2 a; 1 gets #3 a; 1 gets #4 a; 1 gets #5 a; 1 gets #6 a");
	down(1, 0, 6); /* now it has crashed: once */
	up(1);
	saw("hand #6 a (1); 1 gets #7 a");
	down(1, 0, 7);
	saw("hand #7 a (2); quarantined a");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("router later");

	ROUTER_CASE(suite, "delayed", delayed_tells_come_when_they_are_due, delayed_tells_can_be_cancelled,
		delayed_tells_that_find_nobody, delayed_tells_are_bounded);
	ROUTER_CASE(suite, "committed", a_committed_tell_waits_for_room_without_limit,
		a_committed_tell_is_not_its_dead_senders, a_committed_tell_that_is_refused_is_a_dead_letter,
		a_committed_timer_outlives_its_process, a_committed_timer_that_finds_no_room,
		committed_tells_are_bounded_too,
		what_was_in_hand_when_somebody_killed_the_process_is_no_suspect);
	return suite;
}
