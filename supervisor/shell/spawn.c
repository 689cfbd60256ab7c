/*
 * spawn.c: fork and exec. Between them only async-signal-safe calls: the program around libtractor may have threads, and any lock may be held by one of them.
 * A plain fork, not vfork: it costs some 0.1 ms more for a supervisor of a few MB and lets the child's failures stay the child's. The child reports what it
 * could not do, with errno, through a CLOEXEC pipe: end of file is exec's success.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "sys.h"
#include "why.h"

#define EXEC_LIMIT_MS 500 /* from fork to exec: well under a ms, and a hundred on a machine that is swamped */

/* What the child could not do; indexes `steps`. */
enum step { STEP_GROUP, STEP_PARENT, STEP_PRIVILEGES, STEP_FDS, STEP_DIRECTORY, STEP_EXEC };

static const char *const steps[] = {
	[STEP_GROUP] = "enter a process group of its own",
	[STEP_PARENT] = "tie its life to the supervisor's",
	[STEP_PRIVILEGES] = "give up new privileges",
	[STEP_FDS] = "arrange its file descriptors",
	[STEP_DIRECTORY] = "change into its directory",
	[STEP_EXEC] = "execute",
};

struct failure {
	int32_t step;
	int32_t error;
};

static void
reset_signals(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		sigaction(
			signal, &plain, NULL); /* fails for SIGKILL and SIGSTOP: they are as they should be */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
close_from(unsigned first)
{
	return (int)syscall(SYS_close_range, first, ~0u, 0);
}

/*
 * Puts fds[i] at i. First all of them, and the report pipe, out of the way to above the plan, so that none is overwritten before it is moved.
 * Returns the report pipe's new number, which is CLOEXEC; -1: failed.
 */
static int
arrange_fds(const struct spawn_plan *plan, int report)
{
	int moved[SPAWN_FDS_MAX];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -1;
	for (int i = 0; i < plan->fd_count; i++)
		if ((moved[i] = fcntl(
			     plan->fds[i] < 0 ? null : plan->fds[i], F_DUPFD_CLOEXEC, SPAWN_FDS_MAX + 1)) < 0)
			return -1;
	int reserved = fcntl(report, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX + 1);
	if (reserved < 0)
		return -1;
	for (int i = 0; i < plan->fd_count; i++)
		if (dup2(moved[i], i) < 0)
			return -1;
	/* The report pipe goes right behind the plan and everything after it is closed. */
	if (dup3(reserved, plan->fd_count, O_CLOEXEC) < 0 || close_from((unsigned)plan->fd_count + 1) < 0)
		return -1;
	return plan->fd_count;
}

static _Noreturn void
give_up(int report, enum step step)
{
	struct failure failure = { .step = step, .error = errno };

	(void)!write(report, &failure, sizeof(failure));
	_exit(127);
}

/* The child. Nothing in here may allocate, lock, or return. */
static _Noreturn void
become(const struct spawn_plan *plan, pid_t parent, int report)
{
	reset_signals();
	if (setpgid(0, 0) < 0)
		give_up(report, STEP_GROUP);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		give_up(report, STEP_PARENT);
	if (getppid() != parent)
		_exit(127); /* it died before the line above: nobody is left to tell */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		give_up(report, STEP_PRIVILEGES);
	int moved = arrange_fds(plan, report);
	if (moved < 0)
		give_up(report, STEP_FDS);
	if (plan->directory && chdir(plan->directory) < 0)
		give_up(moved, STEP_DIRECTORY);
	if (plan->files)
		setrlimit(RLIMIT_NOFILE,
			plan->files); /* a lower one than there was; where it fails, more is no harm */
	execve(plan->path, plan->argv, plan->envp);
	give_up(moved, STEP_EXEC);
}

/* With all signals blocked: a handler of the parent's must not run in the child before they are reset. */
static pid_t
fork_child(const struct spawn_plan *plan, int report)
{
	sigset_t all, before;
	pid_t parent = getpid();

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = sys.fork();
	if (pid == 0)
		become(plan, parent, report);
	int error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

/*
 * Waits for exec: the pipe closes by it, or brings what failed. Not for ever, since somebody may have stopped the child, or its executable is on a disk that is gone: then
 * the start limit is what ends it, and only the words for a failure are lost.
 */
static tractor_err
wait_for_exec(int report, const struct spawn_plan *plan)
{
	struct pollfd reported = { .fd = report, .events = POLLIN };
	struct failure failure;
	ssize_t got;

	do {
		got = sys.poll(&reported, 1, EXEC_LIMIT_MS);
		if (got > 0)
			got = sys.read(report, &failure, sizeof(failure));
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(failure))
		return TRACTOR_OK;
	const char *what = failure.step <= STEP_EXEC ? steps[failure.step] : "start";
	const char *target = failure.step == STEP_DIRECTORY ? plan->directory : plan->path;
	if (host_is_short(failure.error))
		return host_refused(failure.error, what, "a process");
	return tri_why(TRACTOR_ESTART, "cannot %s %s: %s", what, target, strerror(failure.error));
}

void
spawn_signal(const struct spawned *spawned, int signal)
{
	if (spawned->pidfd < 0 || (sys.pidfd_kill(spawned->pidfd, signal) < 0 && errno != ESRCH))
		sys.kill(spawned->pid, signal);
}

/* Interrupted it would be taken for dead by another hand, and stay a zombie. */
int
spawn_reap(const struct spawned *spawned, siginfo_t *ret_info, struct rusage *ret_usage)
{
	int reaped;

	do
		reaped = sys.wait(spawned->pidfd, WEXITED | WNOHANG, ret_info, ret_usage);
	while (reaped < 0 && errno == EINTR);
	return reaped;
}

void
spawn_end(const struct spawned *spawned)
{
	spawn_signal(spawned, SIGKILL);
	while (sys.waitpid(spawned->pid, 0) < 0 && errno == EINTR)
		;
	if (spawned->pidfd >= 0)
		sys.close(spawned->pidfd);
}

tractor_err
spawn_start(const struct spawn_plan *plan, struct spawned *ret_spawned)
{
	int report[2];

	if (sys.pipe(report) < 0)
		return host_refused(errno, "pipe", "a pipe");
	pid_t pid = fork_child(plan, report[1]);
	int fork_error = errno;
	sys.close(report[1]);
	if (pid < 0) {
		sys.close(report[0]);
		return host_refused(fork_error, "fork", "a process");
	}
	sys.setpgid(pid, pid); /* on both sides: whoever comes first. After exec it fails, and is done */
	struct spawned spawned = { .pid = pid, .pidfd = sys.pidfd_open(pid) };
	tractor_err err = spawned.pidfd < 0 ? host_refused(errno, "pidfd_open", "a process")
					    : wait_for_exec(report[0], plan);
	sys.close(report[0]);
	if (err != TRACTOR_OK)
		spawn_end(&spawned); /* it came to nothing */
	else
		*ret_spawned = spawned;
	return err;
}
