/* control_host_test.c: the control socket's server where the host refuses it what it needs: to send, to watch, fds. Nothing that was done goes untold, and it doesn't spin. */
#include "control_world.h"

/* What was asked for was done, and only the word of it is missing. */
START_TEST(an_answer_that_the_host_refuses_to_send_is_sent_later)
{
	on_request = echo;
	sends_refused = 4; /* two lines and the end, and once again */
	int fd = ask("{}\n");
	ck_assert(!turn(0)); /* the socket has room, and still it does not spin */
	ck_assert_int_eq(control_next_ns(control), now_ns + CONTROL_RETRY_NS);
	now_ns += CONTROL_RETRY_NS;
	settle();
	ck_assert_uint_eq(sends_refused, 0);
	ck_assert(is_open(fd));
	now_ns += CONTROL_RETRY_NS;
	settle();
	ck_assert_str_eq(answer(fd), "{\"data\":{}}\n{\"data\":2}\n{\"end\":true,\"code\":0}\n");
	ck_assert_uint_eq(request_count, 1);
	ck_assert_uint_eq(gone_count, 0);
}
END_TEST

START_TEST(a_host_that_refuses_for_good_costs_the_connection)
{
	on_request = echo;
	sends_refused = SIZE_MAX;
	int fd = ask("{}\n");
	for (int64_t until_ns = now_ns + CONTROL_IDLE_NS; now_ns <= until_ns; now_ns += CONTROL_RETRY_NS)
		settle();
	ck_assert_int_eq(control_next_ns(control), INT64_MAX);
	ck_assert_str_eq(answer(fd), "");
}
END_TEST

START_TEST(a_client_that_hangs_up_while_the_host_refuses_is_gone)
{
	sends_refused = SIZE_MAX;
	int fd = ask("{}\n");
	ck_assert(control_data(last_request, json_true()));
	ck_assert_int_eq(control_next_ns(control), INT64_MIN);
	close(fd);
	settle();
	ck_assert_uint_eq(gone_count, 1);
	ck_assert_int_eq(control_next_ns(control), INT64_MAX);
}
END_TEST

START_TEST(the_last_answers_are_sent_though_the_host_refuses)
{
	int pending = ask("{}\n"), ended = ask("{}\n");

	sends_refused = 5;
	control_end(last_request, CONTROL_DONE, NULL);
	control_close(control);
	control = NULL;
	char text[256] = "";
	ck_assert_int_gt(recv(pending, text, sizeof(text) - 1, 0), 0);
	expect_in(text, "\"code\":69,\"error\":\"the supervisor has stopped\"");
	ck_assert_int_gt(recv(ended, text, sizeof(text) - 1, 0), 0);
	expect_in(text, "\"code\":0");
	close(pending);
	close(ended);
}
END_TEST

START_TEST(a_client_whom_the_host_refuses_to_watch_is_heard_later)
{
	on_request = echo;
	watches_refused = 2;
	int fd = ask("{}\n");
	for (int times = 0; times < 2; times++) {
		ck_assert_uint_eq(request_count, 0);
		ck_assert(!turn(0));
		ck_assert_int_eq(control_next_ns(control), now_ns + CONTROL_RETRY_NS);
		now_ns += CONTROL_RETRY_NS;
		settle();
	}
	expect_in(answer(fd), "\"code\":0");
}
END_TEST

/* From now on there are no more fds than are open already: `last` is the newest. */
static void
leave_no_fds(int last)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)last + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(without_fds_there_are_those_in_reserve)
{
	int fds[3 * CONTROL_RESERVE_COUNT];
	const size_t count = sizeof(fds) / sizeof(fds[0]);

	on_request = echo;
	for (size_t i = 0; i < count; i++)
		fds[i] = connect_client();
	leave_no_fds(fds[count - 1]);
	/* Some at a time; whoever is served makes room for the next. */
	for (size_t first = 0; first < count; first += CONTROL_RESERVE_COUNT) {
		settle(); /* would not end if it spun */
		for (size_t i = 0; i < CONTROL_RESERVE_COUNT; i++)
			ck_assert_int_eq(send(fds[first + i], "{}\n", 3, 0), 3);
		settle();
		ck_assert_uint_eq(request_count, first + CONTROL_RESERVE_COUNT);
		now_ns += CONTROL_PAUSE_NS;
		control_tick(control, now_ns);
	}
	for (size_t i = 0; i < count; i++)
		expect_in(answer(fds[i]), "\"code\":0");
}
END_TEST

START_TEST(without_fds_the_listener_pauses)
{
	struct rlimit limit, none;
	int idle[CONTROL_RESERVE_COUNT];

	for (size_t i = 0; i < CONTROL_RESERVE_COUNT; i++)
		idle[i] = connect_client();
	int fd = connect_client();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)fd + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	settle(); /* would not end if it spun */
	ck_assert_int_eq(control_next_ns(control), now_ns + CONTROL_PAUSE_NS);
	now_ns += CONTROL_PAUSE_NS;
	control_tick(control, now_ns);
	settle();
	ck_assert_int_eq(control_next_ns(control), now_ns + CONTROL_PAUSE_NS);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	now_ns += CONTROL_PAUSE_NS;
	control_tick(control, now_ns);
	on_request = echo;
	ck_assert_int_eq(send(fd, "{}\n", 3, 0), 3);
	expect_in(answer(fd), "\"code\":0");
	for (size_t i = 0; i < CONTROL_RESERVE_COUNT; i++)
		close(idle[i]);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("control_host");

	WORLD_CASE(suite, "host", an_answer_that_the_host_refuses_to_send_is_sent_later,
		a_host_that_refuses_for_good_costs_the_connection,
		a_client_that_hangs_up_while_the_host_refuses_is_gone,
		the_last_answers_are_sent_though_the_host_refuses,
		a_client_whom_the_host_refuses_to_watch_is_heard_later,
		without_fds_there_are_those_in_reserve, without_fds_the_listener_pauses);
	return suite;
}
