/* router_adopt_test.c: messages that had gone past the router come into it when their receiver's process is dead, and are then as any others. */
#include "router_fake.h"

#define IN_HAND (UINT64_C(1) << 63 | 5)

/* What `sender` had sent past us; of several the last must come first. */
static tractor_err
adopt(uint64_t sender, const char *text, unsigned flags, uint64_t in_hand)
{
	struct router_send send = sending(sender, 1, text, flags, 1000);

	return router_adopt(t.router, &send, t.now_ns, in_hand);
}

START_TEST(they_come_first_and_in_their_order)
{
	actors(2, 0);
	tell(2, 1, "delivered");
	forget();
	ck_assert_int_eq(adopt(2, "b", 0, 0), TRACTOR_OK);
	ck_assert_int_eq(adopt(2, "a", 0, 0), TRACTOR_OK);
	ck_assert_uint_eq(counts(1).waiting, 3);
	down(1, 0, 0);
	tell(2, 1, "later");
	up(1);
	saw("2:4 OK; 1 gets #2 a; 1 gets #3 b; 1 gets #4 delivered; 1 gets #5 later");
}
END_TEST

START_TEST(the_one_in_hand_is_lost_with_the_process)
{
	actors(2, 0);
	ck_assert_int_eq(adopt(2, "b", 0, 0), TRACTOR_OK);
	ck_assert_int_eq(adopt(2, "a", 0, IN_HAND), TRACTOR_OK);
	down(1, 0, IN_HAND);
	saw("hand #5 a (1); dead a ECRASHED");
	up(1);
	saw("1 gets #1 b");
	done(1, 1);
	empty(1);
}
END_TEST

START_TEST(an_ask_in_hand_fails_and_one_that_waits_is_answered_by_the_next)
{
	actors(2, 0);
	ck_assert_int_eq(adopt(2, "later", TRI_FLAG_ASK, 0), TRACTOR_OK);
	ck_assert_int_eq(adopt(2, "now", TRI_FLAG_ASK | TRI_FLAG_BLOCKING, IN_HAND), TRACTOR_OK);
	down(1, 0, IN_HAND);
	saw("hand #5 now (1); 2:2 answered ECRASHED; dead now ECRASHED");
	up(1);
	saw("1 gets #1 later");
	ck_assert_int_eq(reply(1, 1, "yes"), TRACTOR_OK);
	saw("2:1 answered yes");
	done(1, 1);
	empty(1);
}
END_TEST

START_TEST(its_limit_runs_since_it_was_sent)
{
	actors(2, 0);
	struct router_send send = sending(2, 1, "q", TRI_FLAG_ASK, 100);
	int64_t sent_ns = t.now_ns;
	pass(60);
	ck_assert_int_eq(router_adopt(t.router, &send, sent_ns, 0), TRACTOR_OK);
	down(1, 0, 0);
	pass(39);
	saw("");
	pass(1);
	saw("2:1 answered ETIMEDOUT");
	up(1);
	saw("");
	empty(1);
}
END_TEST

START_TEST(what_an_asker_that_is_gone_had_asked_is_not_asked)
{
	actors(2, 0);
	struct router_send ask = sending(2, 1, "q", TRI_FLAG_ASK, 100), told = sending(2, 1, "told", 0, -1);
	down(2, 0, 0);
	up(2);
	ck_assert_int_eq(router_adopt(t.router, &told, t.now_ns, 0), TRACTOR_OK);
	ck_assert_int_eq(router_adopt(t.router, &ask, t.now_ns, 0), TRACTOR_ESTOPPED);
	router_remove(t.router, 2);
	ck_assert_int_eq(router_adopt(t.router, &ask, t.now_ns, 0), TRACTOR_ESTOPPED);
	down(1, 0, 0);
	forget();
	up(1);
	saw("1 gets #1 told");
}
END_TEST

/* A receiver that makes one up can't answer in another's place. */
START_TEST(an_ask_whose_number_is_in_use_is_none)
{
	actors(3, 0);
	ask(2, 3, "real");
	forget();
	struct router_send send = sending(2, 1, "made up", TRI_FLAG_ASK, -1);
	send.correlation = t.correlation - 1;
	ck_assert_int_eq(router_adopt(t.router, &send, t.now_ns, 0), TRACTOR_EEXIST);
	ck_assert_int_eq(router_adopt(t.router, &send, t.now_ns, IN_HAND), TRACTOR_EEXIST);
	down(1, 0, IN_HAND);
	saw("hand #5 made up (1); dead made up ECRASHED");
	ck_assert_int_eq(reply(3, 1, "yes"), TRACTOR_OK);
	saw("2:1 answered yes");
}
END_TEST

START_TEST(all_of_a_stopped_one_are_refused)
{
	actors(2, 0);
	ck_assert_int_eq(adopt(2, "q", TRI_FLAG_ASK, 0), TRACTOR_OK);
	ck_assert_int_eq(adopt(2, "told", 0, 0), TRACTOR_OK);
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("");
	down(1, 0, 0);
	saw("dead told ESTOPPED; 2:1 answered ESTOPPED");
	ck_assert_int_eq(adopt(2, "late", 0, 0), TRACTOR_OK);
	down(1, 0, 0);
	saw("dead late ESTOPPED");
	empty(1);
}
END_TEST

START_TEST(as_many_as_there_can_be_with_a_full_window)
{
	actors(2, 1);
	for (int i = 0; i < TRI_WINDOW; i++)
		tell(PORT, 1, "w");
	ck_assert_int_eq(adopt(2, "a", 0, IN_HAND), TRACTOR_OK);
	down(1, 0, IN_HAND);
	up(1);
	for (uint64_t sequence = 1; sequence <= 3 * TRI_WINDOW; sequence++)
		done(1, sequence);
	empty(1);
}
END_TEST

/* --- duties --- */

START_TEST(who_owes_an_answer_can_give_it)
{
	actors(2, 0);
	struct router_send send = sending(2, 1, "", TRI_FLAG_ASK | TRI_FLAG_BLOCKING, -1);
	ck_assert_int_eq(router_adopt_duty(t.router, &send, t.now_ns, IN_HAND), TRACTOR_OK);
	ck_assert_int_eq(router_adopt_duty(t.router, &send, t.now_ns, IN_HAND), TRACTOR_EBADMSG);
	ck_assert_uint_eq(router_awaited(t.router, 2), 1);
	ck_assert_int_eq(reply(1, IN_HAND, "yes"), TRACTOR_OK);
	saw("2:1 answered yes");
	ck_assert_int_eq(reply(1, IN_HAND, "again"), TRACTOR_EBADMSG);
	ck_assert_uint_eq(router_awaited(t.router, 2), 0);
	empty(1);
}
END_TEST

START_TEST(or_hand_it_on)
{
	actors(3, 0);
	struct router_send send = sending(2, 1, "", TRI_FLAG_ASK, -1);
	ck_assert_int_eq(router_adopt_duty(t.router, &send, t.now_ns, IN_HAND), TRACTOR_OK);
	ck_assert_int_eq(forward(1, IN_HAND, 3, "q"), TRACTOR_OK);
	saw("3 gets #1 q");
	ck_assert_int_eq(reply(3, 1, "yes"), TRACTOR_OK);
	saw("2:1 answered yes");
	empty(1);
}
END_TEST

START_TEST(or_die_with_it)
{
	actors(2, 0);
	struct router_send send = sending(2, 1, "", TRI_FLAG_ASK, -1);
	ck_assert_int_eq(router_adopt_duty(t.router, &send, t.now_ns, IN_HAND), TRACTOR_OK);
	down(1, 0, 0);
	saw("2:1 answered ECRASHED");
	empty(1);
}
END_TEST

START_TEST(an_answer_to_one_who_is_gone_is_no_broken_rule)
{
	actors(2, 0);
	struct router_send send = sending(2, 1, "", TRI_FLAG_ASK, -1);
	down(2, 0, 0);
	up(2);
	ck_assert_int_eq(router_adopt_duty(t.router, &send, t.now_ns, IN_HAND), TRACTOR_OK);
	ck_assert_int_eq(reply(1, IN_HAND, "yes"), TRACTOR_OK);
	saw("");
	empty(1);
}
END_TEST

/* --- marks --- */

START_TEST(a_mark_comes_behind_what_was_sent_before_and_dies_with_the_process)
{
	actors(2, 0);
	tell(2, 1, "a");
	ck_assert_int_eq(router_post(t.router, 1, ROUTER_MARK, 2, (const uint8_t *)"m", 2), TRACTOR_OK);
	tell(2, 1, "b");
	saw("2:1 OK; 1 gets #1 a; 1 gets #2 m; 2:2 OK; 1 gets #3 b");
	down(1, 1, 0);
	up(1);
	saw("1 gets #4 b");
}
END_TEST

/* It was no message of anybody's. */
START_TEST(a_mark_is_no_dead_letter)
{
	actors(2, 0);
	ck_assert_int_eq(router_post(t.router, 1, ROUTER_MARK, 2, (const uint8_t *)"m", 2), TRACTOR_OK);
	down(1, 0, 1);
	saw("1 gets #1 m; hand #1 m (1)");
	ck_assert_int_eq(router_post(t.router, 1, ROUTER_MARK, 2, (const uint8_t *)"m", 2), TRACTOR_OK);
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("");
	ck_assert_uint_eq(counts(1).dead_letter_total, 0);
	empty(1);
}
END_TEST

/* --- what actors say of whom they await past us --- */

START_TEST(a_circle_that_one_closes_past_us_is_told)
{
	actors(2, 0);
	t.awaits[1] = 2;
	ask(2, 1, "q");
	saw("2:1 answered EDEADLOCK");
}
END_TEST

/* Nobody can, but anybody can say so. */
START_TEST(one_who_says_that_it_awaits_itself_holds_nobody_up)
{
	actors(3, 0);
	t.awaits[1] = 1;
	ask(3, 1, "q");
	saw("3:1 answered EDEADLOCK");
	t.awaits[1] = 2;
	t.awaits[2] = 1;
	ask(3, 1, "q");
	saw("3:2 answered EDEADLOCK");
	ask(PORT, 1, "q"); /* which is no link of anybody's chain */
	saw("1 gets #1 q");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("router adopt");

	ROUTER_CASE(suite, "messages", they_come_first_and_in_their_order,
		the_one_in_hand_is_lost_with_the_process,
		an_ask_in_hand_fails_and_one_that_waits_is_answered_by_the_next,
		its_limit_runs_since_it_was_sent, what_an_asker_that_is_gone_had_asked_is_not_asked,
		an_ask_whose_number_is_in_use_is_none, all_of_a_stopped_one_are_refused,
		as_many_as_there_can_be_with_a_full_window);
	ROUTER_CASE(suite, "duties", who_owes_an_answer_can_give_it, or_hand_it_on, or_die_with_it,
		an_answer_to_one_who_is_gone_is_no_broken_rule);
	ROUTER_CASE(suite, "waits", a_circle_that_one_closes_past_us_is_told,
		one_who_says_that_it_awaits_itself_holds_nobody_up);
	ROUTER_CASE(suite, "marks", a_mark_is_no_dead_letter,
		a_mark_comes_behind_what_was_sent_before_and_dies_with_the_process);
	return suite;
}
