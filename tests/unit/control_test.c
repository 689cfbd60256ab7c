/*
 * control_test.c: the control socket's server with real sockets in a temporary directory: a small loop with poll(), a handler that
 * does as each test wants, and clients that are polite, late, silent, greedy or foreign. No fd is left behind.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlsocket.h"
#include "sys.h"
#include "unit.h"

#define FDS_MAX (CONTROL_CONNECTIONS_MAX + 1)
#define SECOND INT64_C(1000000000)

static char directory[64], path[96];
static struct control *control;
static int64_t now_ns;
static size_t fds_before;

/* The loop: what is watched, by the tag's index. */
static struct watched {
	int fd;
	uint32_t events;
	void *tag;
} watched[FDS_MAX];

/* The host: how often it still says no. */
static size_t sends_refused, watches_refused;

/* The handler: what came. */
static struct control_request *last_request;
static size_t request_count, gone_count;
static void (*on_request)(struct control_request *request, const json_t *body);

static tractor_err
watch(void *arg, int fd, uint32_t epoll_events, void *tag)
{
	(void)arg;
	unsigned index = control_tag_index(tag);
	ck_assert_uint_lt(index, FDS_MAX);
	ck_assert(watched[index].tag == NULL || (watched[index].fd == fd && watched[index].tag == tag));
	if (watches_refused > 0) {
		watches_refused--;
		return TRACTOR_ESYSTEM;
	}
	watched[index] = (struct watched){ fd, epoll_events, tag };
	return TRACTOR_OK;
}

static void
unwatch(void *arg, int fd, void *tag)
{
	(void)arg;
	unsigned index = control_tag_index(tag);
	ck_assert(watched[index].fd == fd && watched[index].tag == tag);
	watched[index] = (struct watched){ .fd = -1 };
}

static ssize_t
refused_send(int fd, const struct iovec *parts, size_t count)
{
	if (sends_refused == 0)
		return sys_real.send(fd, parts, count);
	sends_refused--;
	errno = ENOBUFS;
	return -1;
}

static void
count_gone(struct control_request *request)
{
	gone_count++;
	if (request == last_request)
		last_request = NULL;
}

static void
handle(void *arg, struct control_request *request, const json_t *body)
{
	(void)arg;
	ck_assert_ptr_null(request->own);
	request->gone = count_gone;
	last_request = request;
	request_count++;
	if (on_request != NULL)
		on_request(request, body);
}

static const struct control_ops ops = { watch, unwatch, handle };

static size_t
count_fds(void)
{
	size_t count = 0;
	DIR *fds = opendir("/proc/self/fd");

	while (readdir(fds) != NULL)
		count++;
	closedir(fds);
	return count;
}

static void
open_control(void)
{
	strcpy(directory, "/tmp/tractor-control-XXXXXX");
	fds_before = count_fds();
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/%s", directory, CONTROL_FILE);
	for (size_t i = 0; i < FDS_MAX; i++)
		watched[i] = (struct watched){ .fd = -1 };
	control = NULL;
	now_ns = 100 * SECOND;
	request_count = gone_count = sends_refused = watches_refused = 0;
	sys.send = refused_send;
	on_request = NULL;
	ck_assert_msg(control_open(path, &ops, NULL, now_ns, &control) == TRACTOR_OK, "%s", tractor_why());
}

static void
close_control(void)
{
	control_close(control);
	control = NULL;
	ck_assert_int_ne(access(path, F_OK), 0);
	rmdir(directory);
	ck_assert_uint_eq(count_fds(), fds_before);
}

/* One round of the loop: everything that is ready, then what is due. True if something was ready. */
static bool
turn(int timeout_ms)
{
	struct pollfd fds[FDS_MAX];
	void *tags[FDS_MAX];
	nfds_t count = 0;

	for (size_t i = 0; i < FDS_MAX; i++)
		if (watched[i].fd >= 0) {
			tags[count] = watched[i].tag;
			fds[count++] =
				(struct pollfd){ .fd = watched[i].fd, .events = (short)watched[i].events };
		}
	bool ready = poll(fds, count, timeout_ms) > 0;
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].revents != 0 && watched[control_tag_index(tags[i])].tag != NULL)
			control_ready(control, tags[i], (uint32_t)fds[i].revents, now_ns);
	if (control_next_ns(control) <= now_ns)
		control_tick(control, now_ns);
	return ready;
}

static void
settle(void)
{
	while (turn(0))
		continue;
}

static int
connect_client(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int
ask(const char *line)
{
	int fd = connect_client();

	ck_assert_int_eq(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
	settle();
	return fd;
}

/* All that the server says, until it closes; the client's end is closed then too. Static: valid until the next. */
static const char *
answer(int fd)
{
	static char text[8192];
	size_t size = 0;
	ssize_t got;

	settle();
	while (size < sizeof(text) - 1 &&
		(got = recv(fd, text + size, sizeof(text) - 1 - size, MSG_DONTWAIT)) > 0)
		size += (size_t)got;
	ck_assert_msg(got == 0 || errno == ECONNRESET, "the connection is still open");
	text[size] = '\0';
	close(fd);
	return text;
}

static void
expect_in(const char *text, const char *words)
{
	ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
}

static bool
is_open(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != 0;
}

static void
echo(struct control_request *request, const json_t *body)
{
	control_data(request, json_deep_copy(body));
	control_data(request, json_integer(2));
	control_end(request, CONTROL_DONE, NULL);
}

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

START_TEST(other_users_are_refused_politely)
{
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(status.st_mode & 07777, 0600);
	if (geteuid() != 0)
		return;
	/* The file's mode and the directory's would keep them out; this is about what is behind these. */
	ck_assert_int_eq(chmod(directory, 0755), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	pid_t child = fork();
	if (child == 0) {
		char text[256] = "";
		if (setuid(65534) != 0)
			_exit(2);
		int fd = connect_client();
		for (ssize_t got = 0, size = 0;
			(got = recv(fd, text + size, sizeof(text) - 1 - (size_t)size, 0)) > 0; size += got)
			continue;
		_exit(strstr(text, "\"code\":77") != NULL && strstr(text, "not user 65534") != NULL ? 0 : 1);
	}
	turn(5000);
	int how;
	ck_assert_int_eq(waitpid(child, &how, 0), child);
	ck_assert_int_eq(how, 0);
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

START_TEST(where_it_will_not_listen)
{
	struct control *other = NULL;
	char file[128];

	close_control();
	ck_assert_int_eq(mkdir(directory, 0755), 0);
	ck_assert_int_eq(control_open(path, &ops, NULL, now_ns, &other), TRACTOR_ESYSTEM);
	expect_in(tractor_why(), "mode 0700");
	ck_assert_int_eq(chmod(directory, 0700), 0);
	snprintf(file, sizeof(file), "%s/file", directory);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(control_open(file, &ops, NULL, now_ns, &other), TRACTOR_ESYSTEM);
	expect_in(tractor_why(), "no socket");
	unlink(file);
	snprintf(file, sizeof(file), "%s/nowhere/control", directory);
	ck_assert_int_eq(control_open(file, &ops, NULL, now_ns, &other), TRACTOR_ESYSTEM);
	expect_in(tractor_why(), "No such file");
	ck_assert_ptr_null(other);
	/* a socket that a killed supervisor left behind */
	ck_assert_int_eq(control_open(path, &ops, NULL, now_ns, &control), TRACTOR_OK);
	char aside[128];
	snprintf(aside, sizeof(aside), "%s/aside", directory);
	ck_assert_int_eq(rename(path, aside), 0);
	control_close(control);
	ck_assert_int_eq(rename(aside, path), 0);
	control = NULL;
	ck_assert_int_eq(control_open(path, &ops, NULL, now_ns, &control), TRACTOR_OK);
	on_request = echo;
	expect_in(answer(ask("{}\n")), "\"code\":0");
}
END_TEST

START_TEST(a_path_longer_than_an_address)
{
	char deep[256], file[300];
	struct sockaddr_un address;
	int parent;
	struct control *keep = control, *other = NULL;
	struct watched listener = watched[0];

	snprintf(deep, sizeof(deep), "%s/%0120d", directory, 1);
	snprintf(file, sizeof(file), "%s/%s", deep, CONTROL_FILE);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	control = NULL;
	watched[0] = (struct watched){ .fd = -1 };
	ck_assert_msg(control_open(file, &ops, NULL, now_ns, &other) == TRACTOR_OK, "%s", tractor_why());
	control = other;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(control_address(file, &address, &parent), TRACTOR_OK);
	ck_assert_int_ge(parent, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(parent);
	close(fd);
	settle();
	control_close(other);
	control = keep;
	watched[0] = listener;
	rmdir(deep);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("control");
	TCase *cases = tcase_create("socket");
	static const TTest *const *const tests[] = { &a_request_and_its_answer, &a_request_in_pieces,
		&an_answer_that_comes_later, &a_client_that_hangs_up_is_gone,
		&a_client_that_only_stops_talking_is_not_gone,
		&a_client_that_gives_up_before_it_is_heard_has_asked_nothing, &requests_that_are_none,
		&a_request_of_any_allowed_size, &nobody_may_stay_without_asking,
		&an_answer_larger_than_the_socket_waits_for_its_reader, &the_last_of_an_answer_must_be_taken,
		&a_reader_that_does_not_read_is_dropped, &an_answer_that_is_too_large_is_an_error,
		&data_that_could_not_be_made_is_an_error, &the_oldest_idle_one_makes_room,
		&those_who_wait_for_an_answer_are_not_pushed_out, &a_late_event_does_not_hurt_the_next_one,
		&an_answer_that_the_host_refuses_to_send_is_sent_later,
		&a_host_that_refuses_for_good_costs_the_connection,
		&a_client_that_hangs_up_while_the_host_refuses_is_gone,
		&the_last_answers_are_sent_though_the_host_refuses,
		&a_client_whom_the_host_refuses_to_watch_is_heard_later,
		&without_fds_there_are_those_in_reserve, &without_fds_the_listener_pauses,
		&other_users_are_refused_politely, &closing_tells_both_ends, &where_it_will_not_listen,
		&a_path_longer_than_an_address };

	tcase_add_checked_fixture(cases, open_control, close_control);
	tcase_set_timeout(cases, 20);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(cases, *tests[i]);
	suite_add_tcase(suite, cases);
	return suite;
}
