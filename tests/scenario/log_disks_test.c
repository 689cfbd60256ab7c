/*
 * log_disks_test.c: log files on a disk that is full, slow, or not there: that costs lines, which is told, and holds nobody up.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/printer.h"
#include "logwriter.h"
#include "printers.h"
#include "runtime.h"
#include "sys.h"

/* The folder's name is taken: no line can be written, and all else goes on. */
START_TEST(log_files_that_cannot_be_made)
{
	struct process *tree = printer_tree("");
	const char *folder = scenario_path("run/t/logs"), *aside = scenario_path("aside");

	print("/t/a", "one");
	free(logs(NULL));
	ck_assert_int_eq(rename(folder, aside), 0);
	close(open(folder, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	for (int i = 0; i < 5; i++)
		print("/t/a", "lost");
	expect_event("/t/a", "logs_lost", "^log files can't be written \\(Not a directory\\): ");
	expect_output(tree, "^/t/a: lost$", SOON_MS);
	expect_errors(tree, "^/t/a: log files can't be written", SOON_MS);
	/* From memory they are there. */
	char *out = logs("/t/a", NULL);
	ck_assert_uint_eq(count_of(out, "lost"), 5);
	free(out);
	unlink(folder);
	ck_assert_int_eq(rename(aside, folder), 0);
	print("/t/a", "two");
	expect_event("/t/a", "logs_resumed", "^log files are written again; 5 lines were lost$");
	out = logs("/t/a", NULL);
	ck_assert_uint_eq(count_of(out, "lost"), 5);
	free(out);
	tree_down(tree);
	expect_command(0, "\\| one\n.* \\* 5 lines are missing here\n.*\\| two$", "^$", "logs", "/t/a", NULL);
}
END_TEST

/* What no file has, and what its supervisor has forgotten, is told of a tree that runs as of one that has ended. */
START_TEST(lines_that_are_lost_are_told_while_the_tree_runs)
{
	struct process *tree = printer_tree("");
	const char *folder = scenario_path("run/t/logs"), *aside = scenario_path("aside");

	print("/t/a", "one");
	free(logs(NULL));
	ck_assert_int_eq(rename(folder, aside), 0);
	close(open(folder, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	print("/t/a", "lost");
	expect_event("/t/a", "logs_lost", "^log files can't be written");
	unlink(folder);
	ck_assert_int_eq(rename(aside, folder), 0);
	print("/t/a", "two");
	expect_event("/t/a", "logs_resumed", "; 1 line was lost$");
	for (int i = 0; i < LINES_KEPT; i++)
		tell("/t/a", "printer.print", "{\"text\":\"more\"}");
	print("/t/a", "last");
	expect_command(0, "\\| one\n.* \\* 1 line is missing here\n.*\\| two\n(.*\n)+.*\\| last$", "^$",
		"logs", "/t/a", NULL);
	tree_down(tree);
}
END_TEST

/* One that is opened only when somebody reads from it. */
START_TEST(a_pipe_in_the_place_of_a_log)
{
	struct process *tree = printer_tree("");

	free(logs(NULL));
	ck_assert_int_eq(mkdir(scenario_path("run/t/logs"), 0700), 0);
	ck_assert_int_eq(mkfifo(scenario_path("run/t/logs/a.log"), 0600), 0);
	print("/t/a", "lost");
	expect_event("/t/a", "logs_lost", "No such device or address");
	print("/t/s/b", "kept");
	expect_command(0, "kept$", "is passed over", "logs", NULL);
	tree_down(tree);
}
END_TEST

/* The same from inside, where the disk can be made to do anything. */
static struct disk {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	bool full, stuck;
	size_t half; /* so much of each write is taken before it is full */
} disk = { .mutex = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER };

static bool
is_log(int fd)
{
	char path[64], name[256];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(path, name, sizeof(name) - 1);
	name[length > 0 ? length : 0] = '\0';
	return strstr(name, "/logs/") != NULL;
}

static ssize_t
write_to_disk(int fd, const void *from, size_t size)
{
	if (!is_log(fd))
		return sys_real.write(fd, from, size);
	pthread_mutex_lock(&disk.mutex);
	while (disk.stuck)
		pthread_cond_wait(&disk.moved, &disk.mutex);
	bool full = disk.full;
	size_t half = disk.half;
	disk.half = 0;
	pthread_mutex_unlock(&disk.mutex);
	if (half > 0)
		return sys_real.write(fd, from, half < size ? half : size);
	if (!full)
		return sys_real.write(fd, from, size);
	errno = ENOSPC;
	return -1;
}

static void
set_disk(bool full, bool stuck, size_t half)
{
	pthread_mutex_lock(&disk.mutex);
	disk.full = full;
	disk.stuck = stuck;
	disk.half = half;
	pthread_cond_broadcast(&disk.moved);
	pthread_mutex_unlock(&disk.mutex);
}

struct heard {
	int lost, resumed;
	char lost_text[256], resumed_text[256];
};

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct heard *heard = arg;

	if (strcmp(event->event, "logs_lost") == 0) {
		heard->lost++;
		snprintf(heard->lost_text, sizeof(heard->lost_text), "%s", event->text);
	} else if (strcmp(event->event, "logs_resumed") == 0) {
		heard->resumed++;
		snprintf(heard->resumed_text, sizeof(heard->resumed_text), "%s", event->text);
	}
}

static struct tractor_runtime *rt;
static printer_ref printer;

static void
open_runtime(struct heard *heard, struct tractor_log_limits limits)
{
	char exec[256];

	sys.write = write_to_disk;
	snprintf(exec, sizeof(exec), "%s/printer", test_actors_dir());
	tractor_err err = tractor_runtime_open(&rt, &(struct tractor_options){ .name = "t",
							    .log_files = true,
							    .on_event = on_event,
							    .on_line = ignore_line,
							    .arg = heard });
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	err = tractor_start(
		rt, printer, &printer, &(struct tractor_child){ .name = "a", .exec = exec, .log = limits });
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
}

static void
close_runtime(void)
{
	tractor_runtime_close(rt);
	sys = sys_real;
}

/* Prints so many lines, and is asked whether it has: in time, whatever the disk does. */
static void
count(int64_t lines)
{
	struct printer_printed reply;

	ck_assert_int_eq(tractor_tell(tractor_port(rt), printer, printer_count, .lines = lines), TRACTOR_OK);
	tractor_err err =
		tractor_ask_within(tractor_port(rt), scaled_ms(QUICK_MS), printer, &reply, printer_lines);
	ck_assert_msg(err == TRACTOR_OK, "%s: %s", tractor_err_name(err), tractor_why());
}

static void
wait_for(const int *times, int wanted)
{
	int64_t until_ms = now_ms() + scaled_ms(SOON_MS);

	while (*times < wanted && now_ms() < until_ms)
		tractor_runtime_turn(rt, 10);
	ck_assert_int_eq(*times, wanted);
}

/* Until the thread has written, or lost, all that was printed. The file's size. */
static off_t
settle(void)
{
	struct stat about = { .st_size = 0 };

	tractor_runtime_turn(rt, 0); /* what was printed before an answer is in the pipe before it */
	uint64_t mark = logwriter_mark(rt->lines.writer);
	while (!logwriter_has_written(rt->lines.writer, mark))
		tractor_runtime_turn(rt, 10);
	stat(scenario_path("run/t/logs/a.log"), &about);
	return about.st_size;
}

START_TEST(a_full_disk_costs_lines_and_is_told_once)
{
	struct heard heard = { 0 };

	open_runtime(&heard, (struct tractor_log_limits){ .rate = TRACTOR_UNBOUNDED });
	count(10);
	off_t size = settle();
	set_disk(true, false, 100); /* it takes some of it, and then no more */
	count(5);
	wait_for(&heard.lost, 1);
	expect_match(heard.lost_text, "^log files can't be written \\(No space left on device\\)");
	for (int i = 0; i < 20; i++)
		count(1);
	ck_assert_int_eq(settle(), size); /* no half lines */
	ck_assert_int_eq(heard.lost, 1);
	ck_assert_int_eq(heard.resumed, 0);
	set_disk(false, false, 0);
	count(1);
	wait_for(&heard.resumed, 1);
	ck_assert_str_eq(heard.resumed_text, "log files are written again; 25 lines were lost");
	/* And a second time is told again, with its own number. */
	set_disk(true, false, 0);
	count(3);
	settle();
	wait_for(&heard.lost, 2);
	set_disk(false, false, 0);
	count(1);
	wait_for(&heard.resumed, 2);
	ck_assert_str_eq(heard.resumed_text, "log files are written again; 3 lines were lost");
	close_runtime();
	expect_command(0,
		"line 10\n.*25 lines are missing here\n.*line 36\n.*3 lines are missing here\n.*line 40$",
		"^$", "logs", NULL);
}
END_TEST

/* It takes nothing for a while: the tree goes on, and when it does take something again that is whole lines in order. */
START_TEST(a_slow_disk_holds_nobody_up)
{
	struct heard heard = { 0 };

	open_runtime(&heard, (struct tractor_log_limits){ .rate = TRACTOR_UNBOUNDED, .max_size = 10000000 });
	set_disk(false, true, 0);
	for (int i = 0; i < 10; i++)
		count(2000);
	wait_for(&heard.lost, 1);
	expect_match(heard.lost_text, "^log files can't be written \\(the disk is too slow\\)");
	ck_assert_int_eq(heard.lost, 1);
	set_disk(false, false, 0);
	for (int i = 0; i < 100 && heard.resumed == 0; i++)
		count(1);
	wait_for(&heard.resumed, 1);
	settle(); /* it is heard of when the disk takes the first lines: there is room for others when it has the last */
	count(1);
	close_runtime();
	char *out = logs("-n", "all", NULL);
	ck_assert_uint_eq(count_of(out, "missing here"), 1);
	expect_match(out, "line 1\n.*line 2\n");
	free(out);
}
END_TEST

static bool
has_as_many_fds(void *arg)
{
	return fds_of(getpid()) == *(const size_t *)arg;
}

START_TEST(a_disk_that_hangs_does_not_hold_up_the_end)
{
	struct heard heard = { 0 };
	size_t fds = fds_of(getpid());

	open_runtime(&heard, (struct tractor_log_limits){ .rate = 0 });
	set_disk(false, true, 0);
	count(10);
	int64_t began_ms = now_ms();
	tractor_runtime_close(rt);
	ck_assert_int_lt(now_ms() - began_ms, scaled_ms(5000));
	ck_assert_int_eq(heard.lost, 1);
	/* What it had in hand is written when the disk lets it, and then its thread ends. */
	set_disk(false, false, 0);
	ck_assert(wait_until(SOON_MS, has_as_many_fds, &fds));
	ck_assert_int_eq(access(scenario_path("run/t/logs/a.log"), F_OK), 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("log disks");

	SCENARIO_CASE(suite, "disks", 60, log_files_that_cannot_be_made,
		lines_that_are_lost_are_told_while_the_tree_runs, a_pipe_in_the_place_of_a_log,
		a_full_disk_costs_lines_and_is_told_once, a_slow_disk_holds_nobody_up,
		a_disk_that_hangs_does_not_hold_up_the_end);
	return suite;
}
