/* router_asks_test.c: asks that are passed on, and who waits for whom: a circle is refused. */
#include "router_fake.h"

/* --- forwarding --- */

START_TEST(forward_moves_the_duty)
{
	actors(3, 0);
	ask(PORT, 1, "q");
	ck_assert_int_eq(forward(1, 1, 2, "r"), TRACTOR_OK);
	done(1, 1);
	empty(1);
	ck_assert_int_eq(forward(2, 1, 3, "s"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 1, "x"), TRACTOR_EBADMSG);
	ck_assert_int_eq(reply(2, 1, "x"), TRACTOR_EBADMSG);
	done(3, 1); /* deferred there */
	ck_assert_int_eq(forward(3, 1, 1, "t"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 2, "yes"), TRACTOR_OK);
	saw("1 gets #1 q; 2 gets #1 r; 3 gets #1 s; 1 gets #2 t; p0:1 answered yes");
	empty(3);
}
END_TEST

START_TEST(forward_that_fails_is_the_askers_affair)
{
	struct router_send send;

	actors(3, 0);
	router_remove(t.router, 3);
	for (int i = 0; i < 5; i++)
		ask(PORT, 1, "q");
	forget();
	ck_assert_int_eq(forward(1, 1, 3, "r"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 2, 4, "r"), TRACTOR_OK);
	send = sending(1, 2, "r", TRI_FLAG_ASK, -1);
	send.message = NEW;
	ck_assert_int_eq(router_forward(t.router, 3, &send, t.now_ns), TRACTOR_OK);
	saw("p0:1 answered ESTOPPED; p0:2 answered ENOACTOR; p0:3 answered EPROTOCOL");
	ck_assert_int_eq(forward(1, 4, 2, "r"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 5, 2, "s"), TRACTOR_OK);
	forget();
	down(2, 0, 1);
	saw("hand #1 r (1); p0:4 answered ECRASHED; dead r ECRASHED");
	router_stopped(t.router, 2, TRACTOR_ESTOPPED);
	saw("p0:5 answered ESTOPPED");
	done(1, 5);
	empty(1);
}
END_TEST

/* A forwarded ask stands in line with what else its forwarder sends there, but doesn't die with it. */
START_TEST(a_forwarded_ask_that_is_parked)
{
	actors(2, 1);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 50);
	tell(1, 2, "a");
	tell(1, 2, "b");
	forward(1, 1, 2, "r");
	tell(1, 2, "c");
	forget();
	ck_assert_uint_eq(counts(2).parked, 3);
	down(1, 1, 0);
	ck_assert_uint_eq(counts(2).parked, 1);
	done(2, 1);
	saw("2 gets #2 r");
	pass(50);
	saw("p0:1 answered ETIMEDOUT");
}
END_TEST

START_TEST(a_parked_forward_can_be_first_in_line_after_its_forwarders_death)
{
	static uint8_t large[LARGE] = "large";
	struct router_send send;

	actors(2, 0);
	ask(PORT, 1, "q");
	for (int i = 0; i < 5; i++) {
		send = sending(1, 2, "", 0, -1);
		send.payload = large;
		send.payload_bytes = sizeof(large) - (i == 0 ? 100 : 0);
		router_send(t.router, &send, t.now_ns);
	}
	forward(1, 1, 2, "r");
	forget();
	down(1, 1, 0);
	saw("2 gets #5 r");
	reply(2, 5, "yes");
	saw("p0:1 answered yes");
}
END_TEST

START_TEST(a_parked_forward_times_out_or_stops_with_its_target)
{
	actors(2, 1);
	send_within(PORT, 1, "p", TRI_FLAG_ASK, 5);
	tell(1, 2, "a");
	forward(1, 1, 2, "r");
	done(1, 1);
	ask(PORT, 1, "q");
	forward(1, 2, 2, "s");
	forget();
	pass(5);
	saw("p0:1 answered ETIMEDOUT");
	router_stopped(t.router, 2, TRACTOR_ESTOPPED);
	saw("p0:4 answered ESTOPPED");
	ck_assert_uint_eq(counts(2).parked, 0);
}
END_TEST

/* --- circles --- */

START_TEST(circles_of_one_two_and_three)
{
	actors(3, 0);
	ask(1, 1, "to myself");
	saw("1:1 answered EDEADLOCK");
	ask(1, 2, "p");
	ask(2, 1, "back");
	saw("2 gets #1 p; 2:3 answered EDEADLOCK");
	ask(2, 3, "q");
	ask(3, 1, "round");
	saw("3 gets #1 q; 3:5 answered EDEADLOCK");
	send_within(3, 1, "round", TRI_FLAG_ASK | TRI_FLAG_BLOCKING | TRI_FLAG_WANT_ACCEPT, -1);
	saw("3:6 EDEADLOCK");
	reply(3, 1, "yes");
	ask(3, 1, "now it may");
	saw("2:4 answered yes; 1 gets #1 now it may");
	ask(2, 3, "not now");
	saw("2:8 answered EDEADLOCK");
}
END_TEST

START_TEST(async_asks_make_no_circle_until_waited_for)
{
	actors(2, 0);
	ask_async(1, 2, "p");
	ask_async(2, 1, "q");
	ask_async(1, 1, "r");
	saw("1:1 OK; 2 gets #1 p; 2:2 OK; 1 gets #1 q; 1:3 OK; 1 gets #2 r");
	router_wait(t.router, 1, 1);
	router_wait(t.router, 2, 2);
	saw("2:2 answered EDEADLOCK");
	router_wait(t.router, 2, 2);
	router_wait(t.router, 2, 99);
	reply(2, 1, "yes");
	saw("1:1 answered yes");
	ck_assert_int_eq(reply(1, 1, "late"), TRACTOR_OK);
	router_wait(t.router, 1, 3);
	saw("1:3 answered EDEADLOCK");
	saw("");
}
END_TEST

START_TEST(who_waits_no_more_closes_no_circle)
{
	actors(2, 0);
	ask(1, 2, "p");
	router_wait(t.router, 1, 0);
	ask(2, 1, "q");
	saw("2 gets #1 p; 1 gets #1 q");
	reply(1, 1, "yes");
	send_within(1, 2, "r", TRI_FLAG_ASK | TRI_FLAG_BLOCKING, 5);
	forget();
	pass(5); /* 1 has its answer, so it is free */
	ask(2, 1, "s");
	saw("1:3 answered ETIMEDOUT; 1 gets #2 s");
	down(2, 0, 0); /* 2 waits no more */
	forget();
	ask(1, 2, "t");
	up(2);
	saw("2 gets #3 p; 2 gets #4 t");
}
END_TEST

START_TEST(waiting_for_another_ends_waiting_for_the_first)
{
	actors(2, 0);
	ask_async(1, 2, "p");
	ask_async(1, 1, "q");
	router_wait(t.router, 1, 1);
	forget();
	router_wait(t.router, 1, 2);
	ask(2, 1, "r");
	saw("1:2 answered EDEADLOCK; 1 gets #2 r");
}
END_TEST

START_TEST(circles_through_deferred_asks)
{
	actors(2, 0);
	ask(1, 2, "p");
	done(2, 1);
	ask(2, 1, "q");
	saw("2 gets #1 p; 2:2 answered EDEADLOCK");
	reply(2, 1, "yes");
	ask(2, 1, "q");
	saw("1:1 answered yes; 1 gets #1 q");
}
END_TEST

START_TEST(circles_through_forwarded_asks)
{
	actors(3, 0);
	ask(1, 2, "p");
	forget();
	forward(2, 1, 1, "back to you");
	saw("1:1 answered EDEADLOCK");
	ask(1, 2, "q");
	forward(2, 2, 3, "f");
	forget();
	ask(2, 1, "2 is out of it");
	ask(3, 2, "3 waits for 2, who waits for 1, who waits for 3");
	saw("1 gets #1 2 is out of it; 3:6 answered EDEADLOCK");
	ask_async(1, 2, "r");
	forget();
	forward(2, 3, 1, "not waited for");
	saw("1 gets #2 not waited for");
}
END_TEST

START_TEST(a_forward_to_one_who_waits_for_the_asker)
{
	actors(3, 0);
	ask(1, 2, "p");
	ask(3, 1, "q");
	forget();
	forward(2, 1, 3, "f");
	saw("1:1 answered EDEADLOCK");
	ck_assert_int_eq(reply(1, 1, "free again"), TRACTOR_OK);
	saw("3:2 answered free again");
}
END_TEST

START_TEST(parked_asks_are_waited_for_too)
{
	actors(2, 1);
	tell(1, 2, "a");
	ask(1, 2, "p");
	forget();
	ask(2, 1, "q");
	saw("2:3 answered EDEADLOCK");
	send_within(2, 1, "r", TRI_FLAG_ASK, -1);
	ask_async(2, 1, "s");
	router_wait(t.router, 2, 5);
	saw("1 gets #1 r; 2:5 EDEADLOCK"); /* s was parked and is withdrawn */
}
END_TEST

START_TEST(a_parked_tell_and_an_ask_make_a_circle)
{
	actors(3, 1);
	tell_and_wait(1, 2, "a");
	tell_and_wait(1, 2, "b");
	ask(2, 3, "p");
	saw("1:1 OK; 2 gets #1 a; 3 gets #1 p");
	ask(3, 1, "q");
	saw("3:4 answered EDEADLOCK");
	done(2, 1); /* room: 1 goes on, and may be asked */
	ask(3, 1, "q");
	saw("1:2 OK; 2 gets #2 b; 1 gets #1 q");
}
END_TEST

START_TEST(two_full_mailboxes_make_a_circle)
{
	actors(2, 1);
	tell_and_wait(1, 2, "a");
	tell_and_wait(2, 1, "b");
	tell_and_wait(1, 2, "c");
	forget();
	tell_and_wait(2, 1, "d");
	saw("2:4 EDEADLOCK");
	try_tell(2, 1, "e");
	saw("2:5 EFULL");
	down(1, 0, 0); /* who waited is gone, and what it had parked */
	tell_and_wait(2, 1, "f");
	up(1);
	done(1, 2);
	saw("1 gets #2 b; 2:6 OK; 1 gets #3 f");
	ck_assert_uint_eq(counts(2).parked, 0);
}
END_TEST

START_TEST(a_full_mailbox_of_ones_own_is_a_circle)
{
	actors(1, 1);
	tell_and_wait(1, 1, "a");
	tell_and_wait(1, 1, "b");
	send_within(1, 1, "p", TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT | TRI_FLAG_WAITING, -1);
	saw("1:1 OK; 1 gets #1 a; 1:2 EDEADLOCK; 1:3 EDEADLOCK");
}
END_TEST

/* It can't be taken back, so its sender is let go; also where somebody else closes the circle. */
START_TEST(a_committed_tell_makes_no_circle)
{
	actors(2, 1);
	commit_and_wait(1, 2, "a");
	commit_and_wait(1, 2, "b");
	commit_and_wait(1, 2, "c");
	saw("1:1 OK; 2 gets #1 a");
	ask(2, 1, "p");
	saw("1:2 OK; 1:3 OK; 1 gets #1 p");
	commit_and_wait(1, 2, "d");
	saw("1:5 OK");
	reply(1, 1, "yes");
	for (uint64_t sequence = 1; sequence <= 3; sequence++)
		done(2, sequence);
	saw("2:4 answered yes; 2 gets #2 b; 2 gets #3 c; 2 gets #4 d");
	commit_and_wait(1, 1, "e");
	commit_and_wait(1, 1, "f");
	saw("1:6 OK; 1 gets #2 e; 1:7 OK");
}
END_TEST

/* Nobody waits with it any more: not its sender's successor, and not one that was let go after its time. */
START_TEST(a_committed_tell_that_is_left_holds_nobody_up)
{
	actors(2, 1);
	commit_and_wait(1, 2, "a");
	commit_and_wait(1, 2, "b");
	saw("1:1 OK; 2 gets #1 a");
	down(1, 0, 0);
	up(1);
	ask(2, 1, "while it waits");
	saw("1 gets #1 while it waits");
	reply(1, 1, "yes");
	done(1, 1);
	done(2, 1);
	done(2, 2);
	saw("2:3 answered yes; 2 gets #2 b");
	ask(2, 1, "when it is gone");
	saw("1 gets #2 when it is gone");
	reply(1, 2, "yes");
	done(1, 2);
	send_within(1, 2, "c", TRI_FLAG_COMMITTED | TRI_FLAG_WAITING, 5);
	send_within(1, 2, "d", TRI_FLAG_COMMITTED | TRI_FLAG_WAITING, 5);
	pass(5);
	ask(2, 1, "after its time");
	saw("2:4 answered yes; 1:5 OK; 2 gets #3 c; 1:6 OK; 1 gets #3 after its time");
}
END_TEST

START_TEST(who_parks_and_does_not_wait_closes_no_circle)
{
	actors(2, 1);
	tell(1, 2, "a");
	tell(1, 2, "b");
	forget();
	ask(2, 1, "q");
	saw("1 gets #1 q");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("router asks");

	ROUTER_CASE(suite, "forwarding", forward_moves_the_duty, forward_that_fails_is_the_askers_affair,
		a_forwarded_ask_that_is_parked,
		a_parked_forward_can_be_first_in_line_after_its_forwarders_death,
		a_parked_forward_times_out_or_stops_with_its_target);
	ROUTER_CASE(suite, "circles", circles_of_one_two_and_three,
		async_asks_make_no_circle_until_waited_for, who_waits_no_more_closes_no_circle,
		waiting_for_another_ends_waiting_for_the_first, circles_through_deferred_asks,
		circles_through_forwarded_asks, a_forward_to_one_who_waits_for_the_asker,
		parked_asks_are_waited_for_too, a_parked_tell_and_an_ask_make_a_circle,
		two_full_mailboxes_make_a_circle, a_full_mailbox_of_ones_own_is_a_circle,
		a_committed_tell_makes_no_circle, a_committed_tell_that_is_left_holds_nobody_up,
		who_parks_and_does_not_wait_closes_no_circle);
	return suite;
}
