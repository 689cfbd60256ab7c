/* router_sending_test.c: who may send what to whom, how much may wait, how long an ask may take, and what is not believed. */
#include "router_fake.h"

/* --- sending --- */

START_TEST(tells_arrive_in_order)
{
	actors(2, 0);
	tell(2, 1, "a");
	tell(2, 1, "b");
	saw("2:1 OK; 1 gets #1 a; 2:2 OK; 1 gets #2 b");
	done(1, 2);
	empty(1);
	ck_assert_uint_eq(counts(1).handled_total, 2);
	ck_assert_uint_eq(counts(1).accepted_total, 2);
	ck_assert_uint_eq(counts(1).sequence, 2);
	saw("");
}
END_TEST

START_TEST(an_ask_gets_one_answer)
{
	actors(2, 0);
	ask(2, 1, "q");
	saw("1 gets #1 q");
	ck_assert_int_eq(reply(1, 1, "yes"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 1, "no"), TRACTOR_EBADMSG);
	done(1, 1);
	ck_assert_int_eq(reply(1, 1, "no"), TRACTOR_EBADMSG);
	saw("2:1 answered yes");
	empty(1);
}
END_TEST

START_TEST(an_async_ask_is_accepted_and_then_answered)
{
	actors(2, 0);
	ask_async(2, 1, "q");
	saw("2:1 OK; 1 gets #1 q");
	ck_assert_int_eq(router_reply(t.router, 1, 1, TRACTOR_EREFUSED, NULL, 0), TRACTOR_OK);
	saw("2:1 answered EREFUSED");
}
END_TEST

START_TEST(what_comes_before_up_waits)
{
	add(1, 0, false);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	saw("p0:1 OK");
	up(1);
	saw("1 gets #1 a; 1 gets #2 q");
}
END_TEST

/* The same reason is told as accept to tells and async asks, as answer to asks. */
static void
refused(uint64_t target, const char *why)
{
	char expected[128];
	unsigned first = (unsigned)t.correlation + 1;

	tell(PORT, target, "a");
	try_tell(PORT, target, "a");
	ask_async(PORT, target, "q");
	ask(PORT, target, "q");
	tell_after(PORT, 5, target, "a");
	snprintf(expected, sizeof(expected), "p0:%u %s; p0:%u %s; p0:%u %s; p0:%u answered %s; p0:%u %s",
		first, why, first + 1, why, first + 2, why, first + 3, why, first + 4, why);
	saw(expected);
}

START_TEST(who_cannot_be_sent_to)
{
	actors(3, 0);
	refused(4, "ENOACTOR");
	refused(0, "ENOACTOR");
	refused(PORT, "ENOACTOR");
	refused(PORT + 1, "ENOACTOR");
	router_remove(t.router, 2);
	refused(2, "ESTOPPED");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	router_stopped(t.router, 1, TRACTOR_ESTART);
	refused(1, "ESTOPPED");
	router_stopped(t.router, 3, TRACTOR_ESTART);
	refused(3, "ESTART");
	ck_assert_int_eq(router_next_ns(t.router) == INT64_MAX, 1);
}
END_TEST

START_TEST(what_cannot_be_sent)
{
	struct router_send send;

	actors(1, 0);
	send = sending(PORT, 1, "a", 0, -1);
	send.message = NEW;
	router_send(t.router, &send, t.now_ns);
	saw("p0:1 EPROTOCOL");
	send = sending(PORT, 1, "a", 0, -1);
	send.target_node = 1;
	router_send(t.router, &send, t.now_ns);
	saw("p0:2 EUNREACHABLE");
	send = sending(PORT, 1, "a", 0, -1);
	send.payload_bytes = TRI_PAYLOAD_MAX + 1;
	router_send(t.router, &send, t.now_ns);
	saw("p0:3 EBADMSG");
	send_within(PORT, 1, "q", TRI_FLAG_ASK | TRI_FLAG_DELAYED, 5);
	saw("p0:4 answered EINVAL");
	tell(PORT + 5, 1, "who am I?");
	saw("p5:5 ESTOPPED");
	empty(1);
}
END_TEST

START_TEST(a_frame_of_a_replaced_process_is_dropped)
{
	struct router_send send;

	actors(2, 0);
	down(2, 0, 0);
	up(2);
	send = sending(2, 1, "late", TRI_FLAG_ASK, -1);
	send.incarnation = 1;
	router_send(t.router, &send, t.now_ns);
	saw("");
}
END_TEST

START_TEST(ids_are_checked)
{
	struct router_counts none;

	add(3, 0, false);
	add(5, 0, false);
	ck_assert_int_eq(router_add(t.router, 5, 0, false), TRACTOR_EEXIST);
	ck_assert_int_eq(router_add(t.router, 0, 0, false), TRACTOR_EINVAL);
	ck_assert_int_eq(router_add(t.router, PORT + 1, 0, false), TRACTOR_EINVAL);
	ck_assert_int_eq(router_add_port(t.router, PORT), TRACTOR_EEXIST);
	ck_assert_int_eq(router_add_port(t.router, 3), TRACTOR_EINVAL);
	ck_assert_int_eq(router_up(t.router, 6, 1, NULL, 0), TRACTOR_ENOACTOR);
	ck_assert_int_eq(router_up(t.router, 4, 1, NULL, 0), TRACTOR_ESTOPPED);
	ck_assert_int_eq(router_up(t.router, 2, 1, NULL, 0), TRACTOR_ENOACTOR);
	ck_assert_int_eq(router_counts(t.router, 4, &none), TRACTOR_ENOACTOR);
	ck_assert_int_eq(router_counts(t.router, PORT, &none), TRACTOR_ENOACTOR);
	ck_assert_int_eq(router_post(t.router, 6, ROUTER_DOWN, 0, NULL, 0), TRACTOR_ENOACTOR);
	/* and what is asked of nobody is not done */
	down(4, 1, 1);
	done(4, 1);
	router_stopped(t.router, 4, TRACTOR_ESTOPPED);
	router_expected(t.router, 4);
	router_remove(t.router, PORT);
	router_remove_port(t.router, 5);
	router_wait(t.router, 4, 1);
	ck_assert_int_eq(router_cancel(t.router, 4, 1), TRACTOR_EINVAL);
	ck_assert_int_eq(reply(4, 1, ""), TRACTOR_EBADMSG);
	ck_assert_int_eq(forward(4, 1, 5, ""), TRACTOR_EBADMSG);
	tell(PORT, 5, "a");
	saw("p0:2 OK");
}
END_TEST

/* --- bounds --- */

START_TEST(a_full_share)
{
	actors(2, 2);
	tell(2, 1, "a");
	tell(2, 1, "b");
	forget();
	try_tell(2, 1, "c");
	send_within(2, 1, "q", TRI_FLAG_ASK | TRI_FLAG_TRY | TRI_FLAG_WANT_ACCEPT, -1);
	send_within(2, 1, "q", TRI_FLAG_ASK | TRI_FLAG_TRY, -1);
	saw("2:3 EFULL; 2:4 EFULL; 2:5 answered EFULL");
	tell(2, 1, "d");
	ask(2, 1, "e");
	ask_async(2, 1, "f");
	saw("");
	ck_assert_uint_eq(counts(1).parked, 3);
	done(1, 1);
	saw("2:6 OK; 1 gets #3 d");
	done(1, 3);
	saw("1 gets #4 e; 2:8 OK; 1 gets #5 f");
	ck_assert_uint_eq(counts(1).parked, 0);
	done(1, 5);
	ck_assert_uint_eq(counts(1).deferred, 2);
	try_tell(2, 1, "g"); /* deferred asks take no room */
	saw("2:9 OK; 1 gets #6 g");
}
END_TEST

START_TEST(another_bound_lets_in_who_has_room_now)
{
	actors(3, 1);
	for (int i = 0; i < 3; i++) {
		tell(2, 1, "a");
		tell(3, 1, "b");
	}
	forget();
	router_change(t.router, 1, 2, false);
	saw("2:3 OK; 1 gets #3 a; 3:4 OK; 1 gets #4 b");
	ck_assert_uint_eq(counts(1).parked, 2);
	router_change(t.router, 1, 1, false); /* who is in stays in */
	done(1, 1);
	saw("");
	router_change(t.router, 1, 0, true);
	saw("2:5 OK; 1 gets #5 a; 3:6 OK; 1 gets #6 b");
	router_change(t.router, 7, 1, false); /* nobody's */
	saw("");
}
END_TEST

START_TEST(a_flooder_fills_only_its_own_share)
{
	actors(3, 4);
	for (int i = 0; i < 50; i++)
		tell(2, 1, "flood");
	forget();
	ck_assert_uint_eq(counts(1).parked, 46);
	try_tell(3, 1, "a");
	try_tell(PORT, 1, "b");
	saw("3:51 OK; 1 gets #5 a; p0:52 OK; 1 gets #6 b");
	try_tell(2, 3, "elsewhere");
	saw("2:53 OK; 3 gets #1 elsewhere");
}
END_TEST

/* Here one byte of it is free, and a try that needs no more doesn't overtake a large one. */
START_TEST(a_share_in_bytes)
{
	static uint8_t large[LARGE] = "large";
	struct router_send send;

	actors(2, 0);
	for (int i = 0; i < 5; i++) {
		send = sending(2, 1, "", 0, -1);
		send.payload = large;
		send.payload_bytes = sizeof(large) - (i == 0);
		router_send(t.router, &send, t.now_ns);
	}
	saw("2:1 OK; 1 gets #1 large; 2:2 OK; 1 gets #2 large; 2:3 OK; 1 gets #3 large; 2:4 OK; 1 gets #4 "
	    "large");
	try_tell(2, 1, "");
	saw("2:6 EFULL");
	try_tell(PORT, 1, "x");
	saw("p0:7 OK; 1 gets #5 x");
	done(1, 1);
	saw("2:5 OK; 1 gets #6 large");
}
END_TEST

START_TEST(parked_ones_time_out)
{
	actors(2, 1);
	tell(2, 1, "a");
	send_within(2, 1, "b", 0, 10);
	send_within(2, 1, "q", TRI_FLAG_ASK, 20);
	send_within(2, 1, "r", TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT, 30);
	tell(2, 1, "c");
	forget();
	ck_assert_int_eq(router_next_ns(t.router), t.now_ns + 10 * MS);
	pass(9);
	saw("");
	pass(1);
	saw("2:2 ETIMEDOUT");
	pass(10);
	saw("2:3 answered ETIMEDOUT");
	pass(10);
	saw("2:4 ETIMEDOUT"); /* it was never accepted, so there is no answer */
	ck_assert_int_eq(router_next_ns(t.router) == INT64_MAX, 1);
	done(1, 1);
	saw("2:5 OK; 1 gets #2 c");
	pass(1000);
	saw("");
}
END_TEST

/* The first in line is too large for what is free; when it gives up the next one, which fits, is let in. */
START_TEST(a_parked_one_that_gives_up_lets_the_next_in)
{
	static uint8_t large[LARGE] = "large";
	struct router_send send;

	actors(2, 0);
	for (int i = 0; i < 5; i++) {
		send = sending(2, 1, "", 0, 10);
		send.payload = large;
		send.payload_bytes = sizeof(large) - (i == 0 ? 100 : 0);
		router_send(t.router, &send, t.now_ns);
	}
	tell(2, 1, "small");
	forget();
	pass(10);
	saw("2:5 ETIMEDOUT; 2:6 OK; 1 gets #5 small");
}
END_TEST

START_TEST(parking_is_bounded_too)
{
	actors(3, 1);
	tell(2, 1, "a");
	for (int i = 0; i < ROUTER_PENDING_MAX; i++)
		tell(2, 1, "b");
	saw("2:1 OK; 1 gets #1 a");
	tell(2, 1, "c");
	saw("2:1026 EFULL");
	done(1, 1);
	saw("2:2 OK; 1 gets #2 b");
	tell(2, 1, "c");
	saw("");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	forget();
	ck_assert_uint_eq(counts(1).parked, 0);
}
END_TEST

START_TEST(a_window_of_deliveries)
{
	add(1, 0, false);
	for (int i = 0; i < 3 * TRI_WINDOW; i++)
		tell(PORT, 1, "");
	up(1);
	ck_assert_uint_eq(counts(1).delivered, TRI_WINDOW);
	ck_assert_uint_eq(counts(1).waiting, 3 * TRI_WINDOW);
	ck_assert_uint_eq(counts(1).sequence, TRI_WINDOW);
	done(1, 5);
	ck_assert_uint_eq(counts(1).delivered, TRI_WINDOW);
	ck_assert_uint_eq(counts(1).waiting, 3 * TRI_WINDOW - 5);
	ck_assert_uint_eq(counts(1).sequence, TRI_WINDOW + 5);
	down(1, 5, 6);
	ck_assert_uint_eq(counts(1).delivered, 0);
	ck_assert_uint_eq(counts(1).waiting, 3 * TRI_WINDOW - 6);
	up(1);
	ck_assert_uint_eq(counts(1).delivered, TRI_WINDOW);
	ck_assert_uint_eq(counts(1).sequence, 2 * TRI_WINDOW + 5);
}
END_TEST

/* --- limits of asks --- */

START_TEST(a_limit_covers_parking_waiting_and_handling)
{
	add(1, 1, false);
	tell(PORT, 1, "a");
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 30);
	pass(10);
	up(1);
	pass(10);
	done(1, 1);
	saw("p0:1 OK; 1 gets #1 a; 1 gets #2 q");
	pass(9);
	saw("");
	pass(1);
	saw("p0:2 answered ETIMEDOUT");
}
END_TEST

START_TEST(a_waiting_ask_that_times_out_is_withdrawn)
{
	add(1, 1, false);
	send_within(PORT, 1, "q", TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT, 5);
	tell(PORT, 1, "a");
	pass(5);
	saw("p0:1 OK; p0:1 answered ETIMEDOUT; p0:2 OK");
	up(1);
	saw("1 gets #1 a");
}
END_TEST

START_TEST(a_late_answer_is_swallowed_once)
{
	actors(1, 0);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 5);
	send_within(PORT, 1, "r", TRI_FLAG_ASK, 5);
	send_within(PORT, 1, "s", TRI_FLAG_ASK, 5);
	done(1, 2); /* r is deferred now, q too */
	forget();
	pass(5);
	saw("p0:1 answered ETIMEDOUT; p0:2 answered ETIMEDOUT; p0:3 answered ETIMEDOUT");
	ck_assert_int_eq(reply(1, 2, "late"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 2, "late"), TRACTOR_EBADMSG);
	ck_assert_int_eq(reply(1, 3, "late"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 1, 1, "late"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 1, 1, "late"), TRACTOR_EBADMSG);
	done(1, 3);
	saw("");
	empty(1);
}
END_TEST

START_TEST(an_answer_in_time_stops_the_clock)
{
	actors(1, 0);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 5);
	reply(1, 1, "yes");
	saw("1 gets #1 q; p0:1 answered yes");
	ck_assert_int_eq(router_next_ns(t.router) == INT64_MAX, 1);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, INT64_MAX); /* no overflow */
	ck_assert_int_gt(router_next_ns(t.router), t.now_ns);
	pass(1000000);
	saw("1 gets #2 q");
}
END_TEST

START_TEST(time_that_was_stopped_is_given_back)
{
	add(1, 0, false);
	send_within(PORT, 1, "q", TRI_FLAG_ASK, 5);
	tell_after(PORT, 7, 1, "a");
	t.now_ns += 3600000 * MS;
	router_shift(t.router, 3600000 * MS);
	ck_assert_int_eq(router_next_ns(t.router), t.now_ns + 5 * MS);
	pass(4);
	saw("p0:2 OK");
	pass(1);
	saw("p0:1 answered ETIMEDOUT");
	pass(2);
	up(1);
	saw("1 gets #1 a");
}
END_TEST

/* --- what an actor may say --- */

START_TEST(hostile_done)
{
	actors(1, 0);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	done(1, 0);
	ck_assert_uint_eq(counts(1).waiting, 2);
	done(1, UINT64_MAX); /* no more than it was given */
	ck_assert_uint_eq(counts(1).waiting, 0);
	tell(PORT, 1, "c");
	done(1, 1); /* not backwards, and c is not done */
	ck_assert_uint_eq(counts(1).waiting, 1);
	forget();
	down(1, UINT64_MAX, 3); /* then nothing can be in hand */
	saw("");
	done(1, 99); /* not up */
	tell(PORT, 1, "d");
	up(1);
	done(1, 3);
	ck_assert_uint_eq(counts(1).waiting, 1);
	down(1, 0, 99);
	saw("p0:4 OK; 1 gets #4 d");
	up(1);
	saw("1 gets #5 d");
}
END_TEST

START_TEST(hostile_done_does_not_reach_what_it_makes_room_for)
{
	actors(1, 1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	forget();
	done(1, UINT64_MAX);
	saw("p0:2 OK; 1 gets #2 b");
	ck_assert_uint_eq(counts(1).waiting, 1);
}
END_TEST

START_TEST(hostile_replies_and_forwards)
{
	actors(2, 0);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	forget();
	for (uint64_t sequence = 0; sequence < 5; sequence++) {
		if (sequence != 2) /* the ask */
			ck_assert_int_eq(reply(1, sequence, "x"), TRACTOR_EBADMSG);
		if (sequence != 2)
			ck_assert_int_eq(forward(1, sequence, 2, "x"), TRACTOR_EBADMSG);
		ck_assert_int_eq(reply(2, sequence, "x"), TRACTOR_EBADMSG);
		ck_assert_int_eq(forward(2, sequence, 1, "x"), TRACTOR_EBADMSG);
	}
	ck_assert_int_eq(reply(1, UINT64_MAX, "x"), TRACTOR_EBADMSG);
	saw("");
	down(1, 0, 0);
	ck_assert_int_eq(reply(1, 2, "x"), TRACTOR_EBADMSG); /* it isn't in this process's hands */
	up(1);
	ck_assert_int_eq(reply(1, 2, "x"), TRACTOR_EBADMSG);
	ck_assert_int_eq(reply(1, 4, "yes"), TRACTOR_OK);
	saw("1 gets #3 a; 1 gets #4 q; p0:2 answered yes");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("router sending");

	ROUTER_CASE(suite, "sending", tells_arrive_in_order, an_ask_gets_one_answer,
		an_async_ask_is_accepted_and_then_answered, what_comes_before_up_waits, who_cannot_be_sent_to,
		what_cannot_be_sent, a_frame_of_a_replaced_process_is_dropped, ids_are_checked);
	ROUTER_CASE(suite, "bounds", a_full_share, another_bound_lets_in_who_has_room_now,
		a_flooder_fills_only_its_own_share, a_share_in_bytes, parked_ones_time_out,
		a_parked_one_that_gives_up_lets_the_next_in, parking_is_bounded_too, a_window_of_deliveries);
	ROUTER_CASE(suite, "limits", a_limit_covers_parking_waiting_and_handling,
		a_waiting_ask_that_times_out_is_withdrawn, a_late_answer_is_swallowed_once,
		an_answer_in_time_stops_the_clock, time_that_was_stopped_is_given_back);
	ROUTER_CASE(suite, "hostile", hostile_done, hostile_done_does_not_reach_what_it_makes_room_for,
		hostile_replies_and_forwards);
	return suite;
}
