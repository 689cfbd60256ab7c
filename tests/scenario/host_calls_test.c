/*
 * host_calls_test.c: a machine that refuses, seen from inside: of the calls of this process's own runtime, those from the Nth of a kind on fail for a while. A start that can't be says so; what runs comes back, and pays no restart for it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/victim.h"
#include "sys.h"
#include "trees.h"

/* --- calls that fail --- */

static int failures_left;
static int calls_before;

static bool
is_to_fail(void)
{
	if (calls_before-- > 0 || failures_left <= 0)
		return false;
	failures_left--;
	return true;
}

static int clone_error;

static pid_t
failing_clone(int (*child)(void *arg), void *stack, int more, void *arg, int *ret_pidfd, int *held)
{
	if (!is_to_fail())
		return sys_real.clone(child, stack, more, arg, ret_pidfd, held);
	errno = clone_error;
	return -1;
}

static int (*stalled_child)(void *arg);

/* As spawn.c: a sanitizer would take it for a call of ours. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static int
stop_then_go_on(void *arg)
{
	long pid = syscall(SYS_getpid); /* libc's calls are not for one that shares our memory */

	syscall(SYS_kill, pid, SIGSTOP);
	return stalled_child(arg);
}

/* It comes to be, and never executes its program. */
static pid_t
stalled_clone(int (*child)(void *arg), void *stack, int more, void *arg, int *ret_pidfd, int *held)
{
	stalled_child = child;
	return sys_real.clone(is_to_fail() ? stop_then_go_on : child, stack, more, arg, ret_pidfd, held);
}

static int
failing_pipe(int ret_fds[2])
{
	if (!is_to_fail())
		return sys_real.pipe(ret_fds);
	errno = EMFILE;
	return -1;
}

static int
failing_memfd(const char *name, unsigned flags)
{
	if (!is_to_fail())
		return sys_real.memfd(name, flags);
	errno = ENOMEM;
	return -1;
}

static int
failing_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	if (op != EPOLL_CTL_ADD || !is_to_fail())
		return sys_real.epoll_ctl(epoll, op, fd, event);
	errno = ENOSPC;
	return -1;
}

static ssize_t
full_write(int fd, const void *from, size_t size)
{
	char path[64], name[256];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(path, name, sizeof(name) - 1);
	name[length > 0 ? length : 0] = '\0';
	if (!strstr(name, "/crashes/") || !is_to_fail())
		return sys_real.write(fd, from, size);
	errno = ENOSPC;
	return -1;
}

/* --- a runtime of this process --- */

struct heard {
	int lost_reports;
	char text[512];
};

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct heard *heard = arg;

	if (strcmp(event->event, "report_lost") != 0)
		return;
	heard->lost_reports++;
	snprintf(heard->text, sizeof(heard->text), "%s", event->text);
}

static struct tractor_runtime *
open_empty_runtime(struct heard *heard)
{
	struct tractor_runtime *rt;
	tractor_err err = tractor_runtime_open(&rt, &(struct tractor_options){ .name = "t",
							    .intensity = 1,
							    .on_event = on_event,
							    .on_line = ignore_line,
							    .arg = heard });

	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	return rt;
}

static tractor_err
start_victim(struct tractor_runtime *rt, victim_ref *ret_victim)
{
	char exec[256];

	snprintf(exec, sizeof(exec), "%s/victim", test_actors_dir());
	return tractor_start(rt, victim, ret_victim, &(struct tractor_child){ .name = "a", .exec = exec });
}

static struct tractor_runtime *
open_runtime(struct heard *heard, victim_ref *ret_victim)
{
	struct tractor_runtime *rt = open_empty_runtime(heard);
	tractor_err err = start_victim(rt, ret_victim);

	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	return rt;
}

/* --- what becomes of it --- */

/*
 * The victim is killed while the calls fail as said: it comes back, after as many incarnations more. One restart is all that it is allowed: what the host refuses counts for nothing. A launch that is refused first is tried
 * once more at once, for the dead one has a process id and an fd until it is reaped.
 */
static void
survives(int after, int failures, int incarnation)
{
	struct heard heard = { .lost_reports = 0 };
	struct victim_pong pong;
	victim_ref victim;
	struct tractor_runtime *rt = open_runtime(&heard, &victim);
	tractor_ctx *ctx = tractor_port(rt);

	calls_before = after;
	failures_left = failures;
	ck_assert_int_eq(tractor_tell(ctx, victim, victim_die, .how = "kill"), TRACTOR_OK);
	tractor_err err = tractor_ask_within(ctx, scaled_ms(SOON_MS), victim, &pong, victim_ping);
	ck_assert_msg(err == TRACTOR_OK, "%s: %s", tractor_err_name(err), tractor_why());
	ck_assert_int_eq(failures_left, 0);
	ck_assert_int_eq((int)pong.incarnation, incarnation);
	tractor_runtime_close(rt);
	sys = sys_real;
}

START_TEST(no_process_for_a_while)
{
	calls_before = 1 << 20;
	clone_error = EAGAIN;
	sys.clone = failing_clone;
	survives(0, 4, 5);
}
END_TEST

START_TEST(no_pidfd_for_a_while)
{
	calls_before = 1 << 20;
	clone_error = EMFILE;
	sys.clone = failing_clone;
	survives(0, 3, 4);
}
END_TEST

/* That is no lack of anything, and takes a second in which nobody else is served: it is not tried again at once. */
START_TEST(no_program_in_time)
{
	calls_before = 1 << 20;
	sys.clone = stalled_clone;
	survives(0, 1, 3);
}
END_TEST

/* Two for each start. */
START_TEST(no_pipe_for_a_while)
{
	for (int after = 0; after < 2; after++) {
		calls_before = 1 << 20;
		sys.pipe = failing_pipe;
		survives(after, 2, 3);
	}
}
END_TEST

/* What a program of one's own does about SIGXFSZ is its affair. */
START_TEST(files_that_may_not_be_large_in_a_program)
{
	const struct rlimit limit = { .rlim_cur = 51200, .rlim_max = RLIM_INFINITY };
	struct heard heard = { .lost_reports = 0 };
	struct tractor_runtime *rt = open_empty_runtime(&heard);
	victim_ref victim;

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(start_victim(rt, &victim), TRACTOR_ESTART);
	expect_match(tractor_why(),
		"/t/a did not start: the host refused a black box \\(EFBIG at ftruncate: raise ulimit -f\\)$");
	tractor_runtime_close(rt);
}
END_TEST

START_TEST(no_memfd_at_the_start)
{
	struct heard heard = { .lost_reports = 0 };
	struct tractor_runtime *rt = open_empty_runtime(&heard);
	victim_ref victim;

	sys.memfd = failing_memfd;
	calls_before = 0;
	failures_left = 1;
	ck_assert_int_eq(start_victim(rt, &victim), TRACTOR_ESTART);
	expect_match(tractor_why(),
		"/t/a did not start: the host refused memory for its state \\(ENOMEM at memfd_create: ");
	tractor_runtime_close(rt);
	sys = sys_real;
}
END_TEST

/* A socket and a doorbell are watched for each launch; a pidfd and two logs of what was launched, which is another start then. */
START_TEST(no_watches_for_a_while)
{
	for (int after = 0; after < 5; after++) {
		calls_before = 1 << 20;
		sys.epoll_ctl = failing_epoll_ctl;
		survives(after, after < 2 ? 2 : 1, 3);
	}
}
END_TEST

START_TEST(a_report_on_a_full_disk)
{
	struct heard heard = { .lost_reports = 0 };
	struct victim_pong pong;
	victim_ref victim;
	struct tractor_runtime *rt = open_runtime(&heard, &victim);
	tractor_ctx *ctx = tractor_port(rt);

	sys.write = full_write;
	calls_before = 0;
	failures_left = 1;
	ck_assert_int_eq(tractor_tell(ctx, victim, victim_die, .how = "segv"), TRACTOR_OK);
	ck_assert_int_eq(tractor_ask(ctx, victim, &pong, victim_ping), TRACTOR_OK);
	ck_assert_int_eq((int)pong.incarnation, 2);
	ck_assert_int_eq(heard.lost_reports, 1);
	expect_match(heard.text, "/crashes/.*: No space left on device$");
	tractor_runtime_close(rt);
	sys = sys_real;
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("host_calls");

	SCENARIO_CASE(suite, "failing calls", 30, no_process_for_a_while, no_pidfd_for_a_while,
		no_program_in_time, no_pipe_for_a_while, files_that_may_not_be_large_in_a_program,
		no_memfd_at_the_start, no_watches_for_a_while, a_report_on_a_full_disk);
	return suite;
}
