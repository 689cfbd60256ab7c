/*
 * spawn_test.c: what a started process is like, asked of the process itself: /bin/sh prints what it finds. And every way in which starting one can fail, host failures by
 * replacing entries of the syscall table.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn.h"
#include "sys.h"
#include "testclock.h"
#include "unit.h"

static const struct spawn_pad *on_pad; /* of all that are started here; NULL: none */

static int
wait_status(const struct spawned *spawned)
{
	siginfo_t info = { .si_code = 0 };
	struct rusage usage;

	ck_assert_int_eq(sys.wait(spawned->pidfd, WEXITED, &info, &usage), 0);
	sys.close(spawned->pidfd);
	return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

/* What `script` prints when it is started by spawn_start(); its exit code must be 0. */
static const char *
output_of(const char *script, const char *directory)
{
	static char text[4096];
	char *argv[] = { "sh", "-c", (char *)script, NULL }, *envp[] = { "PATH=/usr/bin:/bin", NULL };
	struct spawned spawned;
	int out[2];

	ck_assert_int_eq(pipe(out), 0);
	struct spawn_plan plan = { .path = "/bin/sh",
		.argv = argv,
		.envp = envp,
		.directory = directory,
		.fds = { -1, out[1], STDERR_FILENO },
		.fd_count = 3,
		.pad = on_pad };
	ck_assert_int_eq(spawn_start(&plan, &spawned), TRACTOR_OK);
	close(out[1]);
	ssize_t total = 0, got;
	while ((got = read(out[0], text + total, sizeof(text) - 1 - (size_t)total)) > 0)
		total += got;
	text[total] = '\0';
	close(out[0]);
	ck_assert_int_eq(wait_status(&spawned), 0);
	return text;
}

START_TEST(spawn_gives_no_fd_but_the_plan)
{
	int stray = open("/dev/null", O_RDONLY); /* not CLOEXEC, on purpose */

	/* 0, 1, 2, and the one that ls itself reads the folder with. */
	ck_assert_str_eq(output_of("ls /proc/self/fd | wc -l", NULL), "4\n");
	close(stray);
}
END_TEST

START_TEST(spawn_resets_signals)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ck_assert_str_eq(output_of("grep -E 'SigBlk|SigIgn' /proc/self/status", NULL),
		"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}
END_TEST

START_TEST(spawn_own_group_and_no_new_privileges)
{
	ck_assert_str_eq(output_of("test $(cut -d' ' -f5 /proc/$$/stat) = $$ && echo own", NULL), "own\n");
	ck_assert_str_eq(output_of("grep NoNewPrivs /proc/self/status", NULL), "NoNewPrivs:\t1\n");
}
END_TEST

START_TEST(spawn_changes_directory)
{
	ck_assert_str_eq(output_of("pwd", "/usr"), "/usr\n");
}
END_TEST

static tractor_err
start(const char *path, const char *directory)
{
	char *argv[] = { (char *)path, NULL }, *envp[] = { NULL };
	struct spawn_plan plan = { .path = path,
		.argv = argv,
		.envp = envp,
		.directory = directory,
		.fds = { -1, -1, -1 },
		.fd_count = 3,
		.pad = on_pad };
	struct spawned spawned;

	return spawn_start(&plan, &spawned);
}

START_TEST(spawn_says_what_cannot_be_executed)
{
	ck_assert_int_eq(start("/no/such/program", NULL), TRACTOR_ESTART);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "/no/such/program: No such file"));
	ck_assert_int_eq(start("/etc/passwd", NULL), TRACTOR_ESTART);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "Permission denied"));
	ck_assert_int_eq(start("/bin/true", "/no/such/directory"), TRACTOR_ESTART);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "/no/such/directory"));
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* What each of our fds is, one after the other. */
static const char *
list_fds(void)
{
	static char text[2][4096];
	static int turn;
	char *list = text[turn ^= 1], link[64], target[256];

	*list = '\0';
	for (int fd = 0; fd < 100; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t length = readlink(link, target, sizeof(target));
		if (length >= 0)
			snprintf(list + strlen(list), sizeof(text[0]) - strlen(list), "%d:%.*s ", fd,
				(int)length, target);
	}
	return list;
}

/* It shares our table until it has one of its own: nothing in ours is another after that, whether it comes to something or not. */
START_TEST(spawn_from_a_pad)
{
	struct spawn_pad pad;
	char plain[4096];

	snprintf(plain, sizeof(plain), "%s", list_fds());
	spawn_pad_open(&pad);
	on_pad = &pad;
	const char *before = list_fds();
	ck_assert_str_ne(before, plain);
	for (int i = 0; i < 3; i++) {
		/* The pipe's end comes, too: the pad has let go of it. */
		ck_assert_str_eq(output_of("ls /proc/self/fd | wc -l", NULL), "4\n");
		ck_assert_str_eq(output_of("readlink /proc/self/fd/0", NULL), "/dev/null\n");
		ck_assert_int_eq(start("/no/such/program", NULL), TRACTOR_ESTART);
	}
	ck_assert_str_eq(list_fds(), before);
	spawn_pad_close(&pad);
	ck_assert_str_eq(list_fds(), plain);
	ck_assert_str_eq(output_of("echo without", NULL), "without\n");
	on_pad = NULL;
}
END_TEST

static int
no_dup(int fd, int number)
{
	(void)fd;
	(void)number;
	errno = EBUSY;
	return -1;
}

START_TEST(spawn_where_there_is_no_pad)
{
	struct spawn_pad pad;

	spawn_pad_open(&pad);
	on_pad = &pad;
	sys.dup_to = no_dup;
	ck_assert_str_eq(output_of("ls /proc/self/fd | wc -l", NULL), "4\n");
	sys = sys_real;
	spawn_pad_close(&pad);
	sys.dup_from = no_dup;
	spawn_pad_open(&pad);
	sys = sys_real;
	ck_assert_int_eq(pad.end, 0);
	ck_assert_str_eq(output_of("ls /proc/self/fd | wc -l", NULL), "4\n");
	on_pad = NULL;
}
END_TEST

static volatile sig_atomic_t handled;

static void
handle(int signal)
{
	handled = signal;
}

/* The child has our memory until it executes, and all that it changes must be its own. */
START_TEST(spawn_changes_nothing_of_ours)
{
	struct rlimit before, after;
	char directory[256], now[256];
	sigset_t blocked, mask;
	struct sigaction action;
	int cancellable;

	signal(SIGUSR1, handle);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	getrlimit(RLIMIT_NOFILE, &before);
	ck_assert_ptr_nonnull(getcwd(directory, sizeof(directory)));
	ck_assert_str_eq(output_of("pwd", "/usr"), "/usr\n");
	ck_assert_str_eq(getcwd(now, sizeof(now)), directory);
	getrlimit(RLIMIT_NOFILE, &after);
	ck_assert_mem_eq(&before, &after, sizeof(before));
	sigprocmask(SIG_SETMASK, NULL, &mask);
	ck_assert(sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGUSR1));
	ck_assert_int_eq(sigaction(SIGUSR1, NULL, &action), 0);
	ck_assert(action.sa_handler == handle);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert_int_eq(handled, SIGUSR1);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &cancellable);
	ck_assert_int_eq(cancellable, PTHREAD_CANCEL_ENABLE);
}
END_TEST

/* From now on execve() waits for somebody who never answers, as it does for a disk that is gone. False: that is not allowed here. */
static bool
stall_exec(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) >= 0;
}

START_TEST(spawn_is_not_held_up_for_ever_by_a_disk_that_is_gone)
{
	if (!stall_exec()) {
		fprintf(stderr, "skipped: no seccomp\n");
		return;
	}
	ck_assert_int_eq(start("/bin/true", NULL), TRACTOR_ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "/bin/true was not executed within"));
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

static int (*stopped_child)(void *arg);

/* As spawn.c: a sanitizer would take it for a call of ours. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static int
stop_then_go_on(void *arg)
{
	long pid = syscall(SYS_getpid); /* libc's calls are not for one that shares our memory */

	syscall(SYS_kill, pid, SIGSTOP);
	return stopped_child(arg);
}

/* The new process is stopped before it can do anything for itself. */
static pid_t
clone_stopped(int (*child)(void *arg), void *stack, int more, void *arg, int *ret_pidfd, int *held)
{
	stopped_child = child;
	return sys_real.clone(stop_then_go_on, stack, more, arg, ret_pidfd, held);
}

START_TEST(spawn_is_not_held_up_for_ever_by_a_child_that_is_stopped)
{
	struct spawn_pad pad;

	spawn_pad_open(&pad);
	sys.clone = clone_stopped;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(start("/bin/true", NULL), TRACTOR_ETIMEDOUT);
		ck_assert_ptr_nonnull(strstr(tractor_why(), "/bin/true was not executed within"));
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
		ck_assert_int_eq(errno, ECHILD);
		on_pad = &pad;
	}
	sys = sys_real;
	/* Nothing of it is left that a next one would meet. */
	ck_assert_str_eq(output_of("echo next", NULL), "next\n");
	on_pad = NULL;
	spawn_pad_close(&pad);
}
END_TEST

static int how_cloned;

static pid_t
clone_noting_how(int (*child)(void *arg), void *stack, int more, void *arg, int *ret_pidfd, int *held)
{
	how_cloned = more;
	return sys_real.clone(child, stack, more, arg, ret_pidfd, held);
}

/* What stops us for a tracer, as a child's end does, goes on to us. */
static _Noreturn void
trace(pid_t pid, int ready)
{
	char word = 0;
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 && write(ready, &word, 1) == 1)
		while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status));
	_exit(0);
}

/* A process that traces us until it is killed; -1: that is not allowed here. */
static pid_t
begin_to_be_traced(void)
{
	int ready[2];
	char word = 0;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* where only parents may */
	ck_assert_int_eq(pipe(ready), 0);
	pid_t tracer = fork();
	if (tracer == 0)
		trace(getppid(), ready[1]);
	close(ready[1]);
	bool traced = read(ready[0], &word, 1) == 1;
	close(ready[0]);
	if (traced)
		return tracer;
	waitpid(tracer, NULL, 0);
	return -1;
}

/* A debugger takes its breakpoints out of a child that it does not follow: out of ours, if it does not know that the memory is shared. */
START_TEST(spawn_is_as_debuggers_know_it_where_there_is_one)
{
	sys.clone = clone_noting_how;
	ck_assert_str_eq(output_of("echo alone", NULL), "alone\n");
	ck_assert_int_eq(how_cloned & CLONE_VFORK, 0);
	pid_t tracer = begin_to_be_traced();
	if (tracer < 0) {
		fprintf(stderr, "skipped: no ptrace\n");
		return;
	}
	ck_assert_str_eq(output_of("echo traced", NULL), "traced\n");
	ck_assert_int_eq(how_cloned & CLONE_VFORK, CLONE_VFORK);
	ck_assert_int_eq(start("/no/such/program", NULL), TRACTOR_ESTART);
	kill(tracer, SIGKILL);
	ck_assert_int_eq(waitpid(tracer, NULL, 0), tracer);
	sys = sys_real;
}
END_TEST

/* A process that is traced, and by whom; *ret_tracer -1: that is not allowed here. */
static struct spawned
traced_one(pid_t *ret_tracer)
{
	int told[2];

	ck_assert_int_eq(pipe(told), 0);
	pid_t pid = fork();
	if (pid == 0) {
		pid_t tracer = begin_to_be_traced();
		if (write(told[1], &tracer, sizeof(tracer)) == sizeof(tracer))
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(told[0], ret_tracer, sizeof(*ret_tracer)), sizeof(*ret_tracer));
	close(told[0]);
	close(told[1]);
	return (struct spawned){ .pid = pid, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0) };
}

static bool
is_stopped(void *pid)
{
	char path[64], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", *(pid_t *)pid);
	FILE *stat = fopen(path, "re");
	bool is_read = stat && fscanf(stat, "%*d %*s %c", &state) == 1;
	if (stat)
		fclose(stat);
	return is_read && state == 'T';
}

static bool
is_reaped(void *spawned)
{
	siginfo_t info;
	struct rusage usage;

	return spawn_reap(spawned, &info, &usage) == 1 && info.si_code == CLD_KILLED;
}

/* It is dead, its pidfd says so, and for a moment it can't be reaped. */
START_TEST(spawn_reaps_when_the_tracer_has_heard)
{
	siginfo_t info;
	struct rusage usage;
	pid_t tracer;

	prctl(PR_SET_CHILD_SUBREAPER, 1); /* the tracer is its child */
	struct spawned traced = traced_one(&tracer);
	struct pollfd end = { .fd = traced.pidfd, .events = POLLIN };
	if (tracer > 0) {
		kill(tracer, SIGSTOP);
		ck_assert(wait_until(5000, is_stopped, &tracer));
	}
	spawn_signal(&traced, SIGKILL);
	ck_assert_int_eq(poll(&end, 1, 5000), 1);
	if (tracer > 0) {
		ck_assert_int_eq(spawn_reap(&traced, &info, &usage), 0);
		kill(tracer, SIGCONT);
	} else {
		fprintf(stderr, "in part skipped: no ptrace\n");
	}
	ck_assert(wait_until(5000, is_reaped, &traced));
	ck_assert_int_eq(spawn_reap(&traced, &info, &usage), -1);
	if (tracer > 0)
		ck_assert_int_eq(waitpid(tracer, NULL, 0), tracer);
	sys.close(traced.pidfd);
}
END_TEST

static int clone_error;

static pid_t
no_process(int (*child)(void *arg), void *stack, int more, void *arg, int *ret_pidfd, int *held)
{
	(void)child;
	(void)stack;
	(void)more;
	(void)arg;
	(void)ret_pidfd;
	(void)held;
	errno = clone_error;
	return -1;
}

START_TEST(spawn_host_failures)
{
	sys.clone = no_process;
	clone_error = EAGAIN;
	ck_assert_int_eq(start("/bin/true", NULL), TRACTOR_ESYSTEM);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "EAGAIN at clone"));
	clone_error = EMFILE;
	ck_assert_int_eq(start("/bin/true", NULL), TRACTOR_ESYSTEM);
	clone_error = EPERM;
	ck_assert_int_eq(start("/bin/true", NULL), TRACTOR_ESTART);
	sys = sys_real;
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("spawn");

	TEST_CASE(suite, "spawn", 30, spawn_gives_no_fd_but_the_plan, spawn_resets_signals,
		spawn_own_group_and_no_new_privileges, spawn_changes_directory, spawn_from_a_pad,
		spawn_reaps_when_the_tracer_has_heard, spawn_where_there_is_no_pad,
		spawn_says_what_cannot_be_executed, spawn_host_failures, spawn_changes_nothing_of_ours,
		spawn_is_not_held_up_for_ever_by_a_disk_that_is_gone,
		spawn_is_not_held_up_for_ever_by_a_child_that_is_stopped,
		spawn_is_as_debuggers_know_it_where_there_is_one);
	return suite;
}
