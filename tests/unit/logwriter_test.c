/* logwriter_test.c: the thread that writes log files, in a folder of the test's own: what is in the files when it says so, that they are bounded, and what it does when it may not. And the sweep of those that are too many. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leaks.h"
#include "logsweep.h"
#include "logwriter.h"
#include "testclock.h"

#define WAIT_MS 10000

static char folder[64];
static struct logwriter *writer;
static int fd;
static uint64_t number;

static void
set_up(void)
{
	snprintf(folder, sizeof(folder), "/tmp/tractor-logwriter.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
tear_down(void)
{
	leaks_remove_folder(folder);
}

static const char *
file(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/logs/%s", folder, name);
	return path;
}

static void
begin(void)
{
	char logs[128];

	snprintf(logs, sizeof(logs), "%s/logs", folder);
	ck_assert_int_eq(logwriter_open(logs, &writer, &fd), TRACTOR_OK);
}

static void
put_in(const char *path, const char *text, struct spec_log log)
{
	static struct logwriter_share share;
	const struct logline line = { .time_ms = 1,
		.path = path,
		.incarnation = 1,
		.text = text,
		.length = strlen(text),
		.run = 1,
		.number = ++number };

	logwriter_put(writer, &line, &log, 1, &share);
}

static void
put(const char *path, const char *text)
{
	put_in(path, text, (struct spec_log){ .max_size = 1000000, .files = 3 });
}

/* Until all that was put is written: by the fd, as the loop does it. */
static struct logwriter_state
wait_for_it(void)
{
	struct logwriter_state state;
	uint64_t times, mark = logwriter_mark(writer);

	while (!logwriter_has_written(writer, mark)) {
		struct pollfd bell = { .fd = fd, .events = POLLIN };
		ck_assert_int_eq(poll(&bell, 1, (int)scaled_ms(WAIT_MS)), 1);
		ck_assert_int_eq(read(fd, &times, sizeof(times)), sizeof(times));
	}
	logwriter_state(writer, &state);
	return state;
}

static void
end(void)
{
	struct logwriter_state state;

	logwriter_close(writer, &state);
}

/* How many lines there are in it; -1: no such file. */
static long
lines_in(const char *path)
{
	char line[LOGLINE_RECORD_BYTES];
	FILE *stream = fopen(path, "re");
	long count = 0;

	if (!stream)
		return -1;
	while (fgets(line, sizeof(line), stream))
		count++;
	fclose(stream);
	return count;
}

START_TEST(what_was_put_is_there_when_it_says_so)
{
	begin();
	ck_assert(logwriter_has_written(writer, logwriter_mark(writer)));
	put("/t/a", "one");
	put("/t/s/deep/er", "two");
	put("/t/a", "three");
	ck_assert(!wait_for_it().failing);
	ck_assert_int_eq(lines_in(file("a.log")), 2);
	ck_assert_int_eq(lines_in(file("s/deep/er.log")), 1);
	put("/t/a", "four");
	end(); /* which writes what is left */
	ck_assert_int_eq(lines_in(file("a.log")), 3);
	begin(); /* and the next goes on with it */
	put("/t/a", "five");
	end();
	ck_assert_int_eq(lines_in(file("a.log")), 4);
	struct stat about;
	ck_assert_int_eq(stat(file("a.log"), &about), 0);
	ck_assert_int_eq(about.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(file("s/deep"), &about), 0);
	ck_assert_int_eq(about.st_mode & 0777, 0700);
}
END_TEST

START_TEST(as_many_files_as_it_may)
{
	static const struct spec_log three = { .max_size = 4000, .files = 3 },
				     one = { .max_size = 4000, .files = 1 };
	struct stat about;

	begin();
	for (int i = 0; i < 1000; i++)
		put_in("/t/a", "a line of some length, so that it does not take too many of them", three);
	wait_for_it();
	for (const char *const *name = (const char *const[]){ "a.log", "a.log.1", "a.log.2", NULL }; *name;
		name++) {
		ck_assert_int_eq(stat(file(*name), &about), 0);
		ck_assert_int_le(about.st_size, 4000);
		ck_assert_int_gt(about.st_size, *name[0] ? 0 : 1);
	}
	ck_assert_int_gt(lines_in(file("a.log.1")), 15);
	ck_assert_int_eq(lines_in(file("a.log.3")), -1);
	/* There may be fewer from now on; a file that is larger than it may be goes as a whole. */
	for (int i = 0; i < 100; i++)
		put_in("/t/a", "a line", one);
	wait_for_it();
	ck_assert_int_eq(lines_in(file("a.log.1")), -1);
	ck_assert_int_eq(lines_in(file("a.log.2")), -1);
	ck_assert_int_gt(lines_in(file("a.log")), 0);
	end();
}
END_TEST

/* A flood fills its own share of what waits for the disk, and no more. */
START_TEST(one_actor_does_not_take_anothers_room)
{
	static struct logwriter_share flooder, other;
	static char text[LOGLINE_BYTES];
	const struct spec_log log = { .max_size = 100000000, .files = 3 };
	struct logline line = {
		.path = "/t/a", .incarnation = 1, .text = text, .length = sizeof(text), .run = 1
	};
	struct logwriter_state state;

	memset(text, 'x', sizeof(text));
	begin();
	/* Faster than any disk, as it goes on without a pause. */
	for (uint64_t i = 0; i < 5000; i++) {
		line.number = i;
		line.path = "/t/a";
		logwriter_put(writer, &line, &log, 2, &flooder);
		line.path = "/t/b";
		if (i % 50 == 0)
			logwriter_put(writer, &line, &log, 2, &other);
	}
	state = wait_for_it();
	end();
	ck_assert_int_eq(lines_in(file("b.log")), 100);
	ck_assert_uint_eq((uint64_t)lines_in(file("a.log")) + state.lost, 5000);
}
END_TEST

START_TEST(what_cannot_be_written_is_counted)
{
	struct logwriter_state state;

	begin();
	put("/t/a", "one");
	ck_assert_uint_eq(wait_for_it().failures, 0);
	ck_assert_int_eq(mkdir(file("b.log"), 0700), 0);
	put("/t/b", "lost");
	put("/t/b", "lost");
	state = wait_for_it();
	ck_assert(state.failing);
	ck_assert_uint_eq(state.failures, 1);
	ck_assert_uint_eq(state.lost, 2);
	ck_assert_int_eq(state.error, EISDIR);
	ck_assert_str_eq(state.path, "/t/b");
	/* Others go on, and it stays one failure until that one is written again. */
	put("/t/a", "two");
	put("/t/b", "lost");
	state = wait_for_it();
	ck_assert_uint_eq(state.failures, 1);
	ck_assert_uint_eq(state.lost, 3);
	ck_assert_int_eq(rmdir(file("b.log")), 0);
	put("/t/b", "there");
	state = wait_for_it();
	ck_assert(!state.failing);
	ck_assert_uint_eq(state.lost, 3);
	end();
	ck_assert_int_eq(lines_in(file("a.log")), 2);
	ck_assert_int_eq(lines_in(file("b.log")), 1);
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	begin();
	put("/t/a", "one");
	wait_for_it();
	ck_assert_int_eq(symlink("/dev/null", file("b.log")), 0);
	put("/t/b", "lost");
	ck_assert_int_eq(wait_for_it().error, ELOOP);
	end();
}
END_TEST

/* --- sweeping --- */

static void
make_log(const char *name, time_t written)
{
	const struct timespec times[2] = { { .tv_sec = written }, { .tv_sec = written } };
	int made = open(file(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(made, 0);
	futimens(made, times);
	close(made);
}

static bool
is_there(const char *name)
{
	return access(file(name), F_OK) == 0;
}

START_TEST(those_that_were_written_last_stay)
{
	char logs[128];

	snprintf(logs, sizeof(logs), "%s/logs", folder);
	ck_assert_uint_eq(logsweep(logs, 10), 0); /* there is none yet */
	mkdir(logs, 0700);
	mkdir(file("p"), 0700);
	mkdir(file("q"), 0700);
	make_log("a.log", 50);
	make_log("a.log.1", 10);
	make_log("p/b.log", 20);
	make_log("p/b.log.1", 15);
	make_log("p/b.log.2", 12);
	make_log("q/c.log", 30);
	make_log("q/d.log", 40);
	make_log("notes", 1);
	ck_assert_uint_eq(logsweep(logs, 4), 4);
	ck_assert(is_there("p/b.log.2"));
	ck_assert_uint_eq(logsweep(logs, 2), 2);
	ck_assert(is_there("a.log") && is_there("a.log.1") && is_there("q/d.log") && is_there("notes"));
	ck_assert(!is_there("p") && !is_there("q/c.log"));
	ck_assert_uint_eq(logsweep(logs, 0), 0);
	ck_assert(!is_there("a.log.1") && !is_there("q") && is_there("notes"));
}
END_TEST

/* A pool's members come and go under ever new names. */
START_TEST(a_thousand_names_and_no_more)
{
	char path[32], logs[128];

	begin();
	for (int i = 0; i < 1200; i++) {
		snprintf(path, sizeof(path), "/t/p/m%d", i);
		put(path, "here and gone");
		if (i % 100 == 0)
			wait_for_it();
	}
	ck_assert_uint_eq(wait_for_it().lost, 0);
	end();
	snprintf(logs, sizeof(logs), "%s/logs", folder);
	unsigned count = logsweep(logs, UINT_MAX);
	ck_assert_uint_le(count, 1000);
	ck_assert_uint_ge(count, 800);
	ck_assert(is_there("p/m1199.log") && !is_there("p/m0.log"));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("logwriter");

	TEST_CASE_WITH(suite, "files", 30, set_up, tear_down, what_was_put_is_there_when_it_says_so,
		as_many_files_as_it_may, one_actor_does_not_take_anothers_room,
		what_cannot_be_written_is_counted, a_link_is_not_followed, those_that_were_written_last_stay,
		a_thousand_names_and_no_more);
	return suite;
}
