/* control_test.c: the control socket's server, and clients that are polite, late, silent or greedy. */
#include "control_world.h"

static void
refuse(struct control_request *request, const json_t *body)
{
	(void)body;
	control_end(request, CONTROL_NO_ACTOR, "no such actor: %s \xff\n", "/x");
}

START_TEST(a_request_and_its_answer)
{
	on_request = echo;
	ck_assert_str_eq(answer(ask("{\"command\":\"status\"}\n")),
		"{\"data\":{\"command\":\"status\"}}\n{\"data\":2}\n{\"end\":true,\"code\":0}\n");
	on_request = refuse;
	ck_assert_str_eq(answer(ask("{}\n")),
		"{\"end\":true,\"code\":4,\"error\":\"no such actor: /x \xef\xbf\xbd\\n\"}\n");
	ck_assert_uint_eq(gone_count, 0);
}
END_TEST

START_TEST(a_request_in_pieces)
{
	on_request = echo;
	int fd = connect_client();
	for (const char *text = "{\"a\": 1}\n"; *text != '\0'; text++) {
		ck_assert(is_open(fd));
		ck_assert_int_eq(send(fd, text, 1, 0), 1);
		settle();
	}
	expect_in(answer(fd), "{\"data\":{\"a\":1}}\n");
}
END_TEST

START_TEST(an_answer_that_comes_later)
{
	int fd = ask("{}\n");

	ck_assert_uint_eq(request_count, 1);
	ck_assert(!turn(0)); /* nothing to do: it does not spin */
	ck_assert_int_eq(control_next_ns(control), INT64_MAX);
	now_ns += 1000 * SECOND;
	control_tick(control, now_ns);
	ck_assert(control_data(last_request, json_true()));
	control_end(last_request, CONTROL_TIMED_OUT, "too late");
	ck_assert_str_eq(answer(fd), "{\"data\":true}\n{\"end\":true,\"code\":75,\"error\":\"too late\"}\n");
}
END_TEST

START_TEST(a_client_that_hangs_up_is_gone)
{
	int fd = ask("{}\n");

	close(fd);
	settle();
	ck_assert_uint_eq(gone_count, 1);
	ck_assert_ptr_null(last_request);
}
END_TEST

START_TEST(a_client_that_only_stops_talking_is_not_gone)
{
	int fd = ask("{}\nwhat comes behind is ignored");

	shutdown(fd, SHUT_WR);
	settle();
	ck_assert_uint_eq(gone_count, 0);
	ck_assert(!turn(0));
	control_end(last_request, CONTROL_DONE, NULL);
	ck_assert_str_eq(answer(fd), "{\"end\":true,\"code\":0}\n");
}
END_TEST

/* It has told its user that it got no answer: who asks again must not have asked twice. */
START_TEST(a_client_that_gives_up_before_it_is_heard_has_asked_nothing)
{
	int fd = connect_client();

	ck_assert_int_eq(send(fd, "{}\n", 3, 0), 3);
	close(fd);
	settle();
	ck_assert_uint_eq(request_count, 0);
	ck_assert_uint_eq(gone_count, 0);
	close(connect_client());
	settle();
	ck_assert_uint_eq(request_count, 0);
}
END_TEST

START_TEST(requests_that_are_none)
{
	expect_in(answer(ask("hello\n")), "{\"end\":true,\"code\":2,\"error\":\"the request is not JSON: ");
	expect_in(answer(ask("\n")), "not JSON");
	expect_in(answer(ask("[1]\n")), "not a JSON object");
	expect_in(answer(ask("{\"a\":1,\"a\":2}\n")), "not JSON");
	expect_in(answer(ask("{\"a\":\"\xff\"}\n")), "not JSON");
	int fd = ask("{}");
	shutdown(fd, SHUT_WR);
	expect_in(answer(fd), "does not end in a newline");
	ck_assert_uint_eq(request_count, 0);
}
END_TEST

/* Sends until the server stops reading or has answered. */
static void
pour(int fd, size_t size)
{
	static char block[1 << 16];

	memset(block, ' ', sizeof(block));
	while (size > 0) {
		ssize_t sent = send(
			fd, block, size < sizeof(block) ? size : sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN)
			return;
		size -= sent > 0 ? (size_t)sent : 0;
		turn(0);
	}
}

START_TEST(a_request_of_any_allowed_size)
{
	on_request = echo;
	int fd = connect_client();
	pour(fd, CONTROL_REQUEST_MAX_BYTES - 4);
	ck_assert_int_eq(send(fd, "{}\n", 3, 0), 3);
	expect_in(answer(fd), "{\"data\":{}}");
	fd = connect_client();
	pour(fd, CONTROL_REQUEST_MAX_BYTES + 1);
	expect_in(answer(fd), "the request is longer than");
}
END_TEST

START_TEST(nobody_may_stay_without_asking)
{
	int fd = connect_client(), late = connect_client();

	settle();
	ck_assert_int_eq(control_next_ns(control), now_ns + CONTROL_IDLE_NS);
	now_ns += CONTROL_IDLE_NS - 1;
	settle();
	ck_assert(is_open(fd));
	/* the supervisor was stopped for a second: they get it back */
	control_shift(control, SECOND);
	now_ns += SECOND;
	control_tick(control, now_ns);
	ck_assert(is_open(fd));
	ck_assert_int_eq(send(late, "{}\n", 3, 0), 3);
	settle();
	now_ns += 1;
	control_tick(control, now_ns);
	expect_in(answer(fd), "\"code\":75,\"error\":\"no request came within 10 s\"");
	ck_assert(is_open(late)); /* it has asked */
	control_end(last_request, CONTROL_DONE, NULL);
	answer(late);
}
END_TEST

/* More data than a socket takes, in one line. */
static json_t *
large(size_t size)
{
	char *text = malloc(size);

	memset(text, 'x', size);
	json_t *json = json_stringn(text, size);
	free(text);
	return json;
}

START_TEST(an_answer_larger_than_the_socket_waits_for_its_reader)
{
	static char text[1 << 20];
	size_t size = 0, expected = 3000000 + sizeof("{\"data\":\"\"}\n{\"end\":true,\"code\":0}\n") - 1;
	int fd = ask("{}\n");

	ck_assert(control_data(last_request, large(3000000)));
	control_end(last_request, CONTROL_DONE, NULL);
	while (size < expected) {
		ssize_t got = recv(fd, text, sizeof(text), MSG_DONTWAIT);
		if (got < 0)
			turn(100);
		else
			size += (size_t)got;
		ck_assert(got != 0);
	}
	settle();
	ck_assert_int_eq(recv(fd, text, 1, MSG_DONTWAIT), 0);
	close(fd);
}
END_TEST

START_TEST(the_last_of_an_answer_must_be_taken)
{
	int fd = ask("{}\n");

	control_data(last_request, large(3000000));
	control_end(last_request, CONTROL_DONE, NULL);
	settle();
	ck_assert_int_eq(control_next_ns(control), now_ns + CONTROL_IDLE_NS);
	now_ns += CONTROL_IDLE_NS;
	control_tick(control, now_ns);
	ck_assert_int_eq(control_next_ns(control), INT64_MAX);
	ck_assert_uint_eq(gone_count, 0);
	close(fd);
}
END_TEST

START_TEST(a_reader_that_does_not_read_is_dropped)
{
	int fd = ask("{}\n");
	size_t lines = 0;

	while (control_data(last_request, large(100000)))
		lines++;
	ck_assert_uint_ge(lines, 41);
	ck_assert_uint_eq(gone_count, 0); /* never from within control_data() */
	ck_assert(!control_data(last_request, json_true()));
	ck_assert_int_le(control_next_ns(control), now_ns);
	control_tick(control, now_ns);
	ck_assert_uint_eq(gone_count, 1);
	close(fd);
}
END_TEST

static void
answer_too_much(struct control_request *request, const json_t *body)
{
	(void)body;
	ck_assert(!control_data(request, large(CONTROL_OUTPUT_MAX_BYTES)));
	control_end(request, CONTROL_DONE, NULL);
}

START_TEST(an_answer_that_is_too_large_is_an_error)
{
	on_request = answer_too_much;
	expect_in(answer(ask("{}\n")), "\"code\":1,\"error\":\"the answer is larger than 4 MiB\"");
	/* a handler that does not end there hears that it is over */
	on_request = NULL;
	int fd = ask("{}\n");
	ck_assert(!control_data(last_request, large(CONTROL_OUTPUT_MAX_BYTES)));
	ck_assert(!control_data(last_request, json_true()));
	expect_in(answer(fd), "larger than 4 MiB");
	ck_assert_uint_eq(gone_count, 1);
}
END_TEST

START_TEST(data_that_could_not_be_made_is_an_error)
{
	int fd = ask("{}\n");

	ck_assert(!control_data(last_request, NULL));
	expect_in(answer(fd), "\"code\":1,\"error\":\"the supervisor is out of memory\"");
	ck_assert_uint_eq(gone_count, 1);
}
END_TEST

START_TEST(the_oldest_idle_one_makes_room)
{
	int idle[CONTROL_CONNECTIONS_MAX];

	on_request = echo;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
		idle[i] = connect_client();
		settle();
		now_ns++;
	}
	expect_in(answer(ask("{}\n")), "\"code\":0");
	expect_in(answer(idle[0]), "\"code\":69,\"error\":\"too many commands are connected");
	for (size_t i = 1; i < CONTROL_CONNECTIONS_MAX; i++) {
		ck_assert(is_open(idle[i]));
		close(idle[i]);
	}
}
END_TEST

START_TEST(those_who_wait_for_an_answer_are_not_pushed_out)
{
	int waiting[CONTROL_CONNECTIONS_MAX];

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		waiting[i] = ask("{}\n");
	ck_assert_uint_eq(request_count, CONTROL_CONNECTIONS_MAX);
	expect_in(answer(ask("{}\n")), "\"code\":69,\"error\":\"too many commands are waiting");
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		close(waiting[i]);
	settle();
	ck_assert_uint_eq(gone_count, CONTROL_CONNECTIONS_MAX);
}
END_TEST

START_TEST(a_late_event_does_not_hurt_the_next_one)
{
	int fd = ask("{}\n");
	const struct control_request *request = last_request;
	void *tag = watched[1].tag;

	ck_assert_ptr_nonnull(tag);
	close(fd);
	settle();
	control_ready(control, tag, EPOLLHUP, now_ns);
	fd = ask("{}\n");
	ck_assert_ptr_eq(last_request, request); /* the slot is used again */
	control_ready(control, tag, EPOLLHUP | EPOLLIN, now_ns);
	ck_assert_uint_eq(gone_count, 1);
	control_end(last_request, CONTROL_DONE, NULL);
	expect_in(answer(fd), "\"code\":0");
}
END_TEST

START_TEST(closing_tells_both_ends)
{
	int pending = ask("{}\n"), idle = connect_client(), ended = ask("{}\n");

	settle();
	control_end(last_request, CONTROL_DONE, NULL);
	control_close(control);
	control = NULL;
	ck_assert_uint_eq(gone_count, 1);
	char text[256] = "";
	ck_assert_int_gt(recv(pending, text, sizeof(text) - 1, 0), 0);
	expect_in(text, "\"code\":69,\"error\":\"the supervisor has stopped\"");
	ck_assert_int_gt(recv(ended, text, sizeof(text) - 1, 0), 0);
	expect_in(text, "\"code\":0");
	close(pending);
	close(idle);
	close(ended);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("control");

	WORLD_CASE(suite, "socket", a_request_and_its_answer, a_request_in_pieces, an_answer_that_comes_later,
		a_client_that_hangs_up_is_gone, a_client_that_only_stops_talking_is_not_gone,
		a_client_that_gives_up_before_it_is_heard_has_asked_nothing, requests_that_are_none,
		a_request_of_any_allowed_size, nobody_may_stay_without_asking,
		an_answer_larger_than_the_socket_waits_for_its_reader, the_last_of_an_answer_must_be_taken,
		a_reader_that_does_not_read_is_dropped, an_answer_that_is_too_large_is_an_error,
		data_that_could_not_be_made_is_an_error, the_oldest_idle_one_makes_room,
		those_who_wait_for_an_answer_are_not_pushed_out, a_late_event_does_not_hurt_the_next_one,
		closing_tells_both_ends);
	return suite;
}
