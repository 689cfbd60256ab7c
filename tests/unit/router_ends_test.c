/* router_ends_test.c: what becomes of messages when a process dies, of a sender or of a receiver, and when an actor is gone for good. */
#include "router_fake.h"

/* --- crashes --- */

START_TEST(crash_before_delivery)
{
	add(1, 0, false);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	down(1, 0, 0);
	saw("p0:1 OK");
	up(1);
	saw("1 gets #1 a; 1 gets #2 q");
}
END_TEST

START_TEST(crash_before_it_was_begun)
{
	actors(1, 0);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	tell(PORT, 1, "b");
	forget();
	down(1, 0, 0);
	ck_assert_uint_eq(counts(1).delivered, 0);
	tell(PORT, 1, "c");
	up(1);
	saw("p0:4 OK; 1 gets #4 a; 1 gets #5 q; 1 gets #6 b; 1 gets #7 c");
}
END_TEST

START_TEST(crash_with_a_tell_in_hand)
{
	actors(1, 0);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	tell(PORT, 1, "c");
	forget();
	down(1, 1, 2);
	saw("hand #2 b (1); dead b ECRASHED");
	ck_assert_uint_eq(counts(1).dead_letter_total, 1);
	ck_assert_uint_eq(counts(1).handled_total, 1);
	up(1);
	saw("1 gets #4 c");
}
END_TEST

static void
expect_sent_at(void *arg, const struct router_message *message)
{
	ck_assert_int_eq(message->sent_ns, *(int64_t *)arg);
}

/* However long it waited; of a forwarded one since it was forwarded. */
START_TEST(what_was_in_hand_has_the_time_when_it_was_sent)
{
	const struct router_end first = { .in_hand = 1 };
	int64_t sent_ns = t.now_ns;

	actors(2, 0);
	ask(PORT, 1, "p");
	pass(7);
	router_down(t.router, 1, &first, expect_sent_at, &sent_ns);
	up(1);
	ask(PORT, 1, "q");
	pass(7);
	sent_ns = t.now_ns;
	ck_assert_int_eq(forward(1, 2, 2, "q"), TRACTOR_OK);
	pass(7);
	router_down(t.router, 2, &first, expect_sent_at, &sent_ns);
}
END_TEST

START_TEST(crash_with_an_ask_in_hand)
{
	actors(1, 0);
	ask(PORT, 1, "p");
	ask(PORT, 1, "q");
	forget();
	down(1, 0, 1);
	saw("hand #1 p (1); p0:1 answered ECRASHED; dead p ECRASHED");
	up(1);
	saw("1 gets #3 q");
	ck_assert_int_eq(reply(1, 3, "yes"), TRACTOR_OK);
	saw("p0:2 answered yes");
}
END_TEST

START_TEST(crash_after_asks_were_handled_without_an_answer)
{
	actors(1, 0);
	ask(PORT, 1, "deferred");
	ask(PORT, 1, "done");
	ask(PORT, 1, "answered");
	done(1, 1);
	reply(1, 3, "yes");
	ck_assert_uint_eq(counts(1).deferred, 1);
	forget();
	down(1, 3, 0); /* of the last two done() had not been heard yet */
	saw("p0:1 answered ECRASHED; p0:2 answered ECRASHED");
	empty(1);
	up(1);
	saw("");
}
END_TEST

START_TEST(redelivery_begins_with_what_was_in_hand)
{
	add(1, 0, true);
	up(1);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	tell(PORT, 1, "b");
	forget();
	down(1, 1, 2);
	saw("hand #2 q (1)");
	tell(PORT, 1, "c");
	up(1);
	saw("p0:4 OK; 1 gets #4 q; 1 gets #5 b; 1 gets #6 c");
	ck_assert_int_eq(reply(1, 2, "old"), TRACTOR_EBADMSG);
	ck_assert_int_eq(reply(1, 4, "yes"), TRACTOR_OK);
	saw("p0:2 answered yes");
}
END_TEST

START_TEST(in_hand_at_two_crashes_is_quarantined)
{
	add(1, 0, true);
	up(1);
	ask(PORT, 1, "q");
	tell(PORT, 1, "a");
	down(1, 0, 1);
	up(1);
	down(1, 2, 0); /* dies without having begun it: nobody's fault */
	up(1);
	forget();
	down(1, 4, 5);
	saw("hand #5 q (2); p0:1 answered ECRASHED; quarantined q");
	ck_assert_uint_eq(counts(1).quarantined_total, 1);
	ck_assert_uint_eq(counts(1).dead_letter_total, 0);
	up(1);
	saw("1 gets #7 a");
}
END_TEST

START_TEST(another_message_of_the_same_bytes_is_the_same_suspect)
{
	add(1, 0, true);
	up(1);
	tell(PORT, 1, "poison");
	down(1, 0, 1);
	up(1);
	down(1, 1, 2);
	forget();
	tell(PORT, 1, "poison");
	up(1);
	down(1, 2, 3);
	saw("p0:2 OK; 1 gets #3 poison; hand #3 poison (1); quarantined poison");
}
END_TEST

START_TEST(another_message_of_its_kind_is_no_suspect)
{
	add(1, 0, true);
	up(1);
	tell(PORT, 1, "poison");
	down(1, 0, 1);
	up(1);
	down(1, 1, 2);
	tell(PORT, 1, "person");
	up(1);
	forget();
	down(1, 2, 3);
	saw("hand #3 person (1)");
	up(1);
	saw("1 gets #4 person");
}
END_TEST

START_TEST(a_suspect_that_is_handled_is_innocent)
{
	add(1, 0, true);
	up(1);
	tell(PORT, 1, "a");
	down(1, 0, 1);
	up(1);
	done(1, 2);
	tell(PORT, 1, "a");
	forget();
	down(1, 2, 3);
	saw("hand #3 a (1)");
	up(1);
	saw("1 gets #4 a");
}
END_TEST

/* A second handler would answer again, which is a violation; so what has been answered or passed on is not repeated. */
START_TEST(what_is_answered_is_not_redelivered)
{
	add(1, 0, true);
	add(2, 0, true);
	up(1);
	up(2);
	ask(PORT, 1, "forwarded");
	ask(PORT, 1, "answered");
	ask(PORT, 1, "late");
	send_within(PORT, 1, "timed out", TRI_FLAG_ASK, 5);
	tell(PORT, 1, "a");
	forward(1, 1, 2, "f");
	reply(1, 2, "yes");
	pass(5);
	forget();
	down(1, 0, 1);
	saw("hand #1 forwarded (1); dead forwarded ECRASHED");
	up(1);
	saw("1 gets #6 late; 1 gets #7 a");
	reply(2, 1, "far");
	saw("p0:1 answered far");
}
END_TEST

START_TEST(a_death_makes_room)
{
	actors(1, 1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	tell(PORT, 1, "c");
	forget();
	down(1, 0, 1);
	saw("hand #1 a (1); dead a ECRASHED; p0:2 OK");
	down(1, 0, 0); /* a start that failed */
	saw("");
	up(1);
	saw("1 gets #2 b");
}
END_TEST

START_TEST(down_messages_are_outside_any_share)
{
	uint8_t news[] = "news";

	add(1, 1, true);
	tell(PORT, 1, "a");
	ck_assert_int_eq(router_post(t.router, 1, ROUTER_DOWN, 0, news, sizeof(news)), TRACTOR_OK);
	try_tell(PORT, 1, "b");
	ck_assert_int_eq(router_post(t.router, 1, ROUTER_DOWN, 0, news, sizeof(news)), TRACTOR_OK);
	saw("p0:1 OK; p0:2 EFULL");
	ck_assert_int_eq(router_up(t.router, 1, 1, NULL, 0), TRACTOR_OK);
	saw("dead a EPROTOCOL; 1 gets #1 news; 1 gets #2 news");
	down(1, 0, 1); /* neither is for the successor, which has not asked for it */
	saw("hand #1 news (1); dead news ECRASHED");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("");
	ck_assert_int_eq(router_post(t.router, 1, ROUTER_DOWN, 0, news, sizeof(news)), TRACTOR_ESTOPPED);
}
END_TEST

START_TEST(a_dead_sender)
{
	actors(2, 1);
	tell(2, 1, "accepted");
	tell(2, 1, "parked");
	ask(2, 1, "parked too");
	tell_after(2, 5, 1, "delayed");
	forget();
	ck_assert_uint_eq(counts(1).parked, 2);
	down(2, 0, 0);
	ck_assert_uint_eq(counts(1).parked, 0);
	pass(10);
	done(1, 1);
	saw("");
	empty(1);
}
END_TEST

START_TEST(a_dead_asker)
{
	actors(3, 0);
	send_within(2, 1, "p", TRI_FLAG_ASK, 10);
	send_within(2, 1, "q", TRI_FLAG_ASK, 10);
	send_within(2, 1, "r", TRI_FLAG_ASK, 10);
	send_within(2, 1, "s", TRI_FLAG_ASK, 10);
	done(1, 1);
	forget();
	down(2, 0, 0);
	ck_assert_int_eq(router_next_ns(t.router) == INT64_MAX, 1);
	up(2);
	ck_assert_int_eq(reply(1, 1, "yes"), TRACTOR_OK); /* deferred */
	ck_assert_int_eq(reply(1, 2, "yes"), TRACTOR_OK);
	ck_assert_int_eq(forward(1, 3, 3, "f"), TRACTOR_OK); /* it is handled all the same */
	saw("3 gets #1 f");
	ck_assert_int_eq(reply(3, 1, "yes"), TRACTOR_OK);
	down(1, 3, 0);
	up(1);
	saw("1 gets #5 s");
	down(1, 3, 5);
	saw("hand #5 s (1); dead s ECRASHED");
	empty(1);
}
END_TEST

START_TEST(a_port_that_goes)
{
	actors(1, 1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "parked");
	ask(PORT, 1, "q");
	tell_after(PORT, 5, 1, "delayed");
	ck_assert_int_eq(router_add_port(t.router, PORT + 1), TRACTOR_OK);
	send_within(PORT + 1, 1, "r", TRI_FLAG_ASK, 5);
	forget();
	router_remove_port(t.router, PORT);
	router_remove_port(t.router, PORT + 1);
	pass(5);
	done(1, 2);
	ck_assert_int_eq(reply(1, 2, "nobody"), TRACTOR_OK);
	saw("");
	empty(1);
}
END_TEST

/* --- the end of an actor --- */

START_TEST(stopped_answers_all_that_waits)
{
	add(1, 3, false);
	tell(PORT, 1, "a");
	ask(PORT, 1, "p");
	ask_async(PORT, 1, "q");
	tell(PORT, 1, "parked");
	ask(PORT, 1, "parked ask");
	ask_async(PORT, 1, "parked async ask");
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("dead a ESTOPPED; p0:2 answered ESTOPPED; p0:3 answered ESTOPPED; p0:4 ESTOPPED; p0:5 answered "
	    "ESTOPPED; p0:6 ESTOPPED");
	empty(1);
	router_expected(t.router, 1);
	tell(PORT, 1, "b");
	up(1);
	saw("p0:7 OK; 1 gets #1 b");
}
END_TEST

/* The askers hear at once, but whether the last tells were handled is known only when the process is dead. */
START_TEST(stopped_while_its_process_is_up)
{
	actors(1, 0);
	ask(PORT, 1, "deferred");
	ask(PORT, 1, "in hand");
	tell(PORT, 1, "handled");
	tell(PORT, 1, "not begun");
	ask(PORT, 1, "not begun either");
	done(1, 1);
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("p0:2 answered ESTOPPED; p0:5 answered ESTOPPED; p0:1 answered ESTOPPED");
	ck_assert_int_eq(reply(1, 2, "late"), TRACTOR_OK);
	ck_assert_int_eq(reply(1, 1, "later"), TRACTOR_OK);
	done(1, 2);
	down(1, 3, 0);
	saw("dead not begun ESTOPPED");
	empty(1);
	ck_assert_uint_eq(counts(1).handled_total, 3);
}
END_TEST

START_TEST(stopped_with_a_message_in_hand)
{
	add(1, 0, true);
	up(1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	forget();
	down(1, 0, 1);
	saw("hand #1 a (1); dead a ECRASHED; dead b ESTOPPED");
}
END_TEST

START_TEST(removed_with_all_it_has)
{
	actors(3, 2);
	ask_async(2, 1, "in its hands");
	tell(2, 1, "a");
	tell(2, 1, "parked");
	tell(1, 2, "accepted");
	ask(1, 2, "accepted too");
	tell(1, 2, "parked too");
	tell_after(1, 5, 3, "delayed");
	forget();
	router_remove(t.router, 1);
	saw("2:1 answered ESTOPPED; 2:3 ESTOPPED; dead a ESTOPPED");
	pass(5);
	ck_assert_int_eq(reply(2, 2, "nobody"), TRACTOR_OK);
	done(2, 2);
	empty(2);
	tell(2, 1, "b");
	saw("2:8 ESTOPPED");
}
END_TEST

START_TEST(a_new_version_that_serves_something_else)
{
	static const uint64_t served[] = { NEW };
	struct router_send send;

	add(1, 2, false);
	tell(PORT, 1, "old tell");
	ask(PORT, 1, "old ask");
	for (int i = 0; i < 2; i++) {
		send = sending(PORT, 1, "new tell", 0, -1);
		send.message = NEW;
		router_send(t.router, &send, t.now_ns);
		tell(PORT, 1, "old parked tell");
	}
	ask_async(PORT, 1, "old parked ask");
	forget();
	ck_assert_int_eq(router_up(t.router, 1, 1, served, 1), TRACTOR_OK);
	saw("dead old tell EPROTOCOL; p0:3 OK; 1 gets #1 new tell; p0:2 answered EPROTOCOL; p0:5 OK; 1 gets #2 "
	    "new tell; p0:4 EPROTOCOL; p0:6 EPROTOCOL; p0:7 EPROTOCOL");
	ck_assert_uint_eq(counts(1).parked, 0);
}
END_TEST

/* What was sent last the process before it had understood. */
START_TEST(a_new_version_that_serves_less)
{
	static const uint64_t served[] = { NEW };

	actors(1, 0);
	tell(PORT, 1, "a");
	saw("p0:1 OK; 1 gets #1 a");
	down(1, 1, 0);
	ck_assert_int_eq(router_up(t.router, 1, 2, served, 1), TRACTOR_OK);
	tell(PORT, 1, "b");
	saw("p0:2 EPROTOCOL");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("router ends");

	ROUTER_CASE(suite, "crashes", crash_before_delivery, crash_before_it_was_begun,
		crash_with_a_tell_in_hand, what_was_in_hand_has_the_time_when_it_was_sent,
		crash_with_an_ask_in_hand, crash_after_asks_were_handled_without_an_answer,
		redelivery_begins_with_what_was_in_hand, in_hand_at_two_crashes_is_quarantined,
		another_message_of_the_same_bytes_is_the_same_suspect,
		another_message_of_its_kind_is_no_suspect, a_suspect_that_is_handled_is_innocent,
		what_is_answered_is_not_redelivered, a_death_makes_room, down_messages_are_outside_any_share);
	ROUTER_CASE(suite, "senders", a_dead_sender, a_dead_asker, a_port_that_goes);
	ROUTER_CASE(suite, "ends", stopped_answers_all_that_waits, stopped_while_its_process_is_up,
		stopped_with_a_message_in_hand, removed_with_all_it_has,
		a_new_version_that_serves_something_else, a_new_version_that_serves_less);
	return suite;
}
