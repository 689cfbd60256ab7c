/*
 * spawn_test.c: what a started process is like, asked of the process itself: /bin/sh prints what it finds. And every way in which starting one can fail, host failures by
 * replacing entries of the syscall table.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn.h"
#include "sys.h"
#include "unit.h"

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
		.fd_count = 3 };
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
		.fd_count = 3 };
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

static pid_t
no_process(void)
{
	errno = EAGAIN;
	return -1;
}

static int
no_pidfd(pid_t pid)
{
	(void)pid;
	errno = EMFILE;
	return -1;
}

static int
no_pipe(int fds[2])
{
	(void)fds;
	errno = EMFILE;
	return -1;
}

START_TEST(spawn_host_failures)
{
	sys.fork = no_process;
	ck_assert_int_eq(start("/bin/true", NULL), TRACTOR_ESYSTEM);
	sys = sys_real;
	sys.pidfd_open = no_pidfd;
	ck_assert_int_eq(start("/bin/true", NULL), TRACTOR_ESYSTEM);
	sys = sys_real;
	sys.pipe = no_pipe;
	ck_assert_int_eq(start("/bin/true", NULL), TRACTOR_ESYSTEM);
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
		spawn_own_group_and_no_new_privileges, spawn_changes_directory,
		spawn_says_what_cannot_be_executed, spawn_host_failures);
	return suite;
}
