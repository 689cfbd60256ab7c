/* router_reentry_test.c: callbacks that call the router again, whatever it is in the middle of; and its memory. */
#include "router_fake.h"

/* --- callbacks that call --- */

static void
hook_remove_on_delivery(const char *what)
{
	if (strstr(what, "gets") != NULL)
		router_remove(t.router, 1);
}

START_TEST(removed_in_a_delivery)
{
	add(1, 2, false);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	tell(PORT, 1, "parked");
	t.hook = hook_remove_on_delivery;
	forget();
	up(1);
	saw("1 gets #1 a; p0:2 answered ESTOPPED; p0:3 ESTOPPED; dead a ESTOPPED");
	tell(PORT, 1, "b");
	saw("p0:4 ESTOPPED");
}
END_TEST

static void
hook_remove_on_answer(const char *what)
{
	if (strstr(what, "answered") != NULL || strstr(what, "dead") != NULL || strstr(what, "OK") != NULL) {
		router_remove(t.router, 1);
		router_remove_port(t.router, PORT);
	}
}

START_TEST(removed_in_the_middle_of_stopping)
{
	actors(1, 2);
	ask(PORT, 1, "p");
	ask(PORT, 1, "q");
	ask(PORT, 1, "parked");
	tell(PORT, 1, "parked");
	done(1, 1);
	t.hook = hook_remove_on_answer;
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("p0:2 answered ESTOPPED; p0:1 answered ESTOPPED"); /* then the port is gone, with all that it had */
}
END_TEST

START_TEST(removed_in_the_middle_of_a_death)
{
	actors(2, 2);
	ask(PORT, 1, "p");
	ask(PORT, 1, "q");
	tell(2, 1, "a");
	tell(2, 1, "b");
	tell(2, 1, "parked");
	t.hook = hook_remove_on_answer;
	forget();
	down(1, 1, 2);
	saw("hand #2 q (1); p0:2 answered ECRASHED; dead a ESTOPPED; dead b ESTOPPED; 2:5 ESTOPPED; dead q ECRASHED");
}
END_TEST

START_TEST(removed_when_a_parked_one_is_accepted)
{
	actors(1, 1);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	tell(PORT, 1, "c");
	t.hook = hook_remove_on_answer;
	forget();
	done(1, 1);
	saw("p0:2 OK; dead b ESTOPPED"); /* and with the port what it had parked */
}
END_TEST

static void
hook_done_on_delivery(const char *what)
{
	unsigned sequence;

	if (sscanf(what, "1 gets #%u", &sequence) == 1)
		done(1, sequence);
}

START_TEST(deliveries_do_not_nest)
{
	add(1, 40, false);
	for (int i = 0; i < 100; i++)
		tell(PORT, 1, "");
	t.hook = hook_done_on_delivery;
	up(1);
	ck_assert_uint_eq(counts(1).handled_total, 100);
	empty(1);
}
END_TEST

static void
hook_send_on_answer(const char *what)
{
	if (strstr(what, "answered") != NULL && t.correlation < 10)
		ask(PORT, 1, "again");
}

START_TEST(asked_again_in_the_answer)
{
	actors(1, 1);
	t.hook = hook_send_on_answer;
	ask(PORT, 1, "q");
	forget();
	down(1, 0, 1);
	saw("hand #1 q (1); p0:1 answered ECRASHED; dead q ECRASHED");
	up(1);
	saw("1 gets #2 again");
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("p0:2 answered ESTOPPED; p0:3 answered ESTOPPED; p0:4 answered ESTOPPED; p0:5 answered ESTOPPED; "
	    "p0:6 answered ESTOPPED; p0:7 answered ESTOPPED; p0:8 answered ESTOPPED; p0:9 answered ESTOPPED; "
	    "p0:10 answered ESTOPPED");
}
END_TEST

static void
hook_reopen(const char *what)
{
	if (strstr(what, "dead") != NULL) {
		router_expected(t.router, 1);
		tell(PORT, 1, "new");
	}
}

START_TEST(started_again_in_the_middle_of_stopping)
{
	add(1, 2, false);
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	tell(PORT, 1, "parked");
	t.hook = hook_reopen;
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	t.hook = NULL;
	forget();
	ck_assert_uint_eq(counts(1).waiting, 2);
	ck_assert_uint_eq(counts(1).parked, 0);
	up(1);
	saw("1 gets #1 new; 1 gets #2 new");
}
END_TEST

static void
hook_reopen_on_answer(const char *what)
{
	if (strstr(what, "answered") != NULL)
		router_expected(t.router, 1);
}

START_TEST(stopped_only_as_long_as_it_is)
{
	actors(1, 0);
	ask(PORT, 1, "deferred");
	ask(PORT, 1, "p");
	ask(PORT, 1, "q");
	done(1, 1);
	t.hook = hook_reopen_on_answer;
	forget();
	router_stopped(t.router, 1, TRACTOR_ESTOPPED);
	saw("p0:2 answered ESTOPPED");
	ck_assert_int_eq(reply(1, 3, "yes"), TRACTOR_OK);
	saw("p0:3 answered yes");
}
END_TEST

static void
hook_up_in_hand(const char *what)
{
	if (strstr(what, "hand") != NULL)
		up(1);
}

START_TEST(up_again_in_the_middle_of_a_death)
{
	add(1, 0, true);
	up(1);
	ask(PORT, 1, "deferred");
	tell(PORT, 1, "a");
	tell(PORT, 1, "b");
	done(1, 1);
	forget();
	t.hook = hook_up_in_hand;
	down(1, 1, 2);
	saw("hand #2 a (1); 1 gets #4 a; 1 gets #5 b; p0:1 answered ECRASHED");
}
END_TEST

static void
hook_time_passes(const char *what)
{
	(void)what;
	router_run(t.router, t.now_ns);
}

START_TEST(time_in_a_callback)
{
	actors(1, 1);
	for (int i = 0; i < 5; i++)
		send_within(PORT, 1, "q", TRI_FLAG_ASK, 5);
	forget();
	t.hook = hook_time_passes;
	pass(5);
	saw("p0:1 answered ETIMEDOUT; p0:2 answered ETIMEDOUT; p0:3 answered ETIMEDOUT; p0:4 answered ETIMEDOUT; "
	    "p0:5 answered ETIMEDOUT");
}
END_TEST

/* --- and the rest --- */

START_TEST(no_ops_at_all)
{
	static const struct router_ops none = { 0 };
	struct router *router;

	ck_assert_int_eq(router_new(&none, NULL, &router), TRACTOR_OK);
	router_free(t.router);
	t.router = router;
	router_add_port(router, PORT);
	add(1, 1, true);
	up(1);
	tell(PORT, 1, "a");
	ask(PORT, 1, "q");
	router_down(router, 1, &(struct router_end){ .in_hand = 1 }, NULL, NULL);
	up(1);
	router_down(router, 1, &(struct router_end){ .done = 1, .in_hand = 2 }, NULL, NULL);
	up(1);
	router_stopped(router, 1, TRACTOR_ESTOPPED);
	tell(PORT, 1, "b");
	router_free(NULL);
}
END_TEST

/* Everything in every place when it is freed: the sanitizer says whether something is left. */
START_TEST(freed_with_everything_in_it)
{
	actors(3, 2);
	for (uint64_t i = 0; i < 12; i++) {
		ask(1 + i % 3, 1 + (i + 1) % 3, "ask");
		tell(1 + i % 3, 1 + (i + 1) % 3, "tell");
		ask_async(PORT, 1 + i % 3, "ask");
		tell_after(1 + i % 3, 5, 1 + i % 2, "delayed");
	}
	done(1, 2);
	forward(1, 1, 2, "f");
	forward(1, 2, 2, "f");
	down(3, 0, 1);
	t.log[0] = '\0';
	router_free(t.router);
	setup();
	saw("");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("router reentry");

	ROUTER_CASE(suite, "re-entry", removed_in_a_delivery, removed_in_the_middle_of_stopping,
		removed_in_the_middle_of_a_death, removed_when_a_parked_one_is_accepted,
		deliveries_do_not_nest, asked_again_in_the_answer, started_again_in_the_middle_of_stopping,
		stopped_only_as_long_as_it_is, up_again_in_the_middle_of_a_death, time_in_a_callback);
	ROUTER_CASE(suite, "memory", no_ops_at_all, freed_with_everything_in_it);
	return suite;
}
