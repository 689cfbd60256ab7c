/*
 * spawn.c: clone and exec, as vfork has it: the child runs in our memory, on a stack of its own, until it executes its program, and this thread stands still until then. So nothing is
 * copied, or refused, that grows with the program around us: fork and a pipe to report through take 3 to 4 times as long in a supervisor of 4 MB, and some 50 times where 500 MB are in use. And what
 * the child could not do is in a variable once it has let go of our memory. It makes system calls only, and none through libc's functions: locks may be held by the program's other threads, libc's variables are
 * ours, and a sanitizer would take its calls for our own (so this file is compiled without one).
 *
 * A process has a table of its fds, and a supervisor some six in it for each actor. A child that got a copy, only to close nearly all of it, would take a ms longer among a thousand actors: it shares ours, and then
 * takes a copy of its low end, where what it is to have has been put: the pad.
 *
 * A disk that does not answer, or somebody who stops the child, must not hold us up for ever. vfork itself would: it waits in the kernel, without a limit. So we wait as a thread is joined, for a word
 * that the kernel clears when the child lets go of our memory, and kill whoever takes too long. Errors are returned, and leave nothing behind.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "blackbox.h"
#include "host.h"
#include "shell.h"
#include "sys.h"
#include "why.h"

/* From clone to exec: well under a ms, a hundred on a machine that is swamped, more where a disk has to wake up. All that time nobody else is served. */
#define EXEC_LIMIT_MS 1000
#define STACK_BYTES 16384   /* the child calls nothing but the kernel */
#define STATUS_BYTES 512    /* of /proc/self/status, whose first lines say who traces us */
#define SIGNAL_SET_BYTES 8L /* the kernel's, which is shorter than libc's */

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

/* What we share with the child. */
struct birth {
	const struct spawn_plan *plan;
	bool on_pad; /* its fds are there */
	pid_t parent;
	atomic_int held; /* the kernel's 0: it has let go of our memory */
	bool overdue;	 /* it was killed for that */
	enum step step;
	int error; /* 0: it has executed its program, or was killed before it could say anything */
};

static void
reset_signals(void)
{
	static const uint64_t plain[8]; /* the kernel's struct sigaction: SIG_DFL and nothing else */
	static const uint64_t none;

	/* Fails for SIGKILL and SIGSTOP: they are as they should be. */
	for (int signal = 1; signal < NSIG; signal++)
		syscall(SYS_rt_sigaction, signal, plain, NULL, SIGNAL_SET_BYTES);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGNAL_SET_BYTES);
}

/* Puts fds[i] at i. First all of them out of the way to above the plan, so that none is overwritten before it is moved. */
static long
arrange_fds(const struct spawn_plan *plan)
{
	long moved[SPAWN_FDS_MAX];
	long null = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -1;
	for (int i = 0; i < plan->fd_count; i++)
		if ((moved[i] = syscall(SYS_fcntl, plan->fds[i] < 0 ? null : (long)plan->fds[i],
			     F_DUPFD_CLOEXEC, (long)SPAWN_FDS_MAX)) < 0)
			return -1;
	for (int i = 0; i < plan->fd_count; i++)
		if (syscall(SYS_dup3, moved[i], i, 0) < 0)
			return -1;
	return syscall(SYS_close_range, plan->fd_count, ~0u, 0);
}

/* The same with those on the pad, which is above the plan. */
static long
take_fds(const struct spawn_plan *plan)
{
	if (syscall(SYS_close_range, plan->pad->end, ~0u, CLOSE_RANGE_UNSHARE) < 0)
		return -1;
	for (int i = 0; i < plan->fd_count; i++)
		if (syscall(SYS_dup3, plan->pad->fds[i], i, 0) < 0)
			return -1;
	return syscall(SYS_close_range, plan->fd_count, ~0u, 0);
}

static _Noreturn void
give_up(struct birth *birth, enum step step)
{
	birth->step = step;
	birth->error = errno;
	for (;;)
		syscall(SYS_exit_group, 127);
}

/* The child. Nothing in here may allocate, lock, or return. */
static int
become(void *arg)
{
	struct birth *birth = arg;
	const struct spawn_plan *plan = birth->plan;

	reset_signals();
	if (!plan->keeps_group && syscall(SYS_setpgid, 0, 0) < 0)
		give_up(birth, STEP_GROUP);
	if (syscall(SYS_prctl, PR_SET_PDEATHSIG, (long)SIGKILL) < 0)
		give_up(birth, STEP_PARENT);
	errno = ESRCH;
	if (syscall(SYS_getppid) != birth->parent)
		give_up(birth, STEP_PARENT); /* it died before the line above: nobody is left to hear it */
	if (syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
		give_up(birth, STEP_PRIVILEGES);
	if ((birth->on_pad ? take_fds(plan) : arrange_fds(plan)) < 0)
		give_up(birth, STEP_FDS);
	if (plan->directory && syscall(SYS_chdir, plan->directory) < 0)
		give_up(birth, STEP_DIRECTORY);
	if (plan->files) /* a lower one than there was; where it fails, more is no harm */
		syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, plan->files, NULL);
	syscall(SYS_execve, plan->path, plan->argv, plan->envp);
	give_up(birth, STEP_EXEC);
}

/* --- the pad --- */

/* It knows vfork and no other clone that shares anything, and ends a program that tries. */
static bool
is_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
}

void
spawn_pad_open(struct spawn_pad *pad)
{
	int null = is_under_valgrind() ? -1 : sys.open("/dev/null", O_RDWR, 0), count = 0;

	*pad = (struct spawn_pad){ .end = 0 };
	while (null >= 0 && count < SPAWN_FDS_MAX &&
		(pad->fds[count] = sys.dup_from(null, SPAWN_FDS_MAX)) >= 0) {
		pad->end = pad->fds[count] >= pad->end ? pad->fds[count] + 1 : pad->end;
		count++;
	}
	if (null >= 0)
		sys.close(null);
	if (count == SPAWN_FDS_MAX)
		return;
	while (count > 0)
		sys.close(pad->fds[--count]);
	pad->end = 0;
}

void
spawn_pad_close(struct spawn_pad *pad)
{
	for (int i = 0; pad->end > 0 && i < SPAWN_FDS_MAX; i++)
		sys.close(pad->fds[i]);
	pad->end = 0;
}

static void
clear_pad(const struct spawn_pad *pad, int count)
{
	while (count-- > 0)
		while (sys.dup_to(pad->fds[SPAWN_FDS_MAX - 1], pad->fds[count]) < 0 && errno == EINTR)
			;
}

/* False: then it goes without. */
static bool
put_on_pad(const struct spawn_plan *plan)
{
	const struct spawn_pad *pad = plan->pad;

	if (!pad || pad->end == 0 || plan->fd_count >= SPAWN_FDS_MAX)
		return false;
	for (int i = 0; i < plan->fd_count; i++)
		if (plan->fds[i] >= 0 && sys.dup_to(plan->fds[i], pad->fds[i]) < 0) {
			clear_pad(pad, i);
			return false;
		}
	return true;
}

/* --- what has been started --- */

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
	int looked;

	ret_info->si_pid = 0;
	do
		looked = sys.wait(spawned->pidfd, WEXITED | WNOHANG, ret_info, ret_usage);
	while (looked < 0 && errno == EINTR);
	return looked < 0 ? -1 : ret_info->si_pid != 0;
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

/* --- the birth --- */

/* False: it took too long. errno is the child's, too, which may still want it: so it is not asked. */
static bool
wait_for_release(struct birth *birth)
{
	uint64_t end_ns = tri_now_ns() + EXEC_LIMIT_MS * UINT64_C(1000000);
	const struct timespec end = { .tv_sec = (time_t)(end_ns / 1000000000),
		.tv_nsec = (long)(end_ns % 1000000000) };

	while (atomic_load(&birth->held) != 0 && tri_now_ns() < end_ns)
		syscall(SYS_futex, &birth->held, FUTEX_WAIT_BITSET, 1, &end, NULL, FUTEX_BITSET_MATCH_ANY);
	return atomic_load(&birth->held) == 0;
}

/*
 * Valgrind and debuggers know vfork, and no other clone that shares memory. Valgrind ends a program that tries (and makes a fork of vfork, whose child holds nothing of ours); a debugger takes its
 * breakpoints out of a child that it does not follow, and so out of us. Whoever is traced stands still when the tracer likes, anyway.
 */
static bool
is_watched(void)
{
	static const char field[] = "\nTracerPid:\t";
	char text[STATUS_BYTES];
	const char *tracer =
		procfile_read("/proc/self/status", text, sizeof(text)) < 0 ? NULL : strstr(text, field);

	return is_under_valgrind() || (tracer && tracer[sizeof(field) - 1] != '0');
}

/* With all signals blocked: a handler of ours must not run in the child before they are reset, nor here, beside it. Nor may a cancellation of this thread, which would be the child's, too. */
static struct spawned
bear(struct birth *birth)
{
	_Alignas(16) unsigned char stack[STACK_BYTES];
	int how = is_watched() ? CLONE_VFORK : CLONE_CHILD_CLEARTID;
	struct spawned spawned = { .pidfd = -1 };
	sigset_t all, before;
	int cancellable;

	atomic_init(&birth->held, how == CLONE_CHILD_CLEARTID);
	sigfillset(&all);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellable);
	sigprocmask(SIG_SETMASK, &all, &before);
	spawned.pid = sys.clone(become, stack + sizeof(stack), how | (birth->on_pad ? CLONE_FILES : 0), birth,
		&spawned.pidfd, (int *)&birth->held);
	int error = errno;
	if (spawned.pid > 0 && !wait_for_release(birth)) {
		birth->overdue = true;
		spawn_end(&spawned); /* before its stack goes */
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	pthread_setcancelstate(cancellable, NULL);
	errno = error;
	return spawned;
}

/* Why it came to nothing. */
static tractor_err
explain(const struct birth *birth)
{
	const struct spawn_plan *plan = birth->plan;

	if (host_is_short(birth->error))
		return host_refused(birth->error, steps[birth->step], "a process");
	return tri_why(TRACTOR_ESTART, "cannot %s %s: %s", steps[birth->step],
		birth->step == STEP_DIRECTORY ? plan->directory : plan->path, strerror(birth->error));
}

tractor_err
spawn_start(const struct spawn_plan *plan, struct spawned *ret_spawned)
{
	struct birth birth = { .plan = plan, .on_pad = put_on_pad(plan), .parent = getpid() };
	struct spawned spawned = bear(&birth);
	int error = errno;

	if (birth.on_pad)
		clear_pad(plan->pad, plan->fd_count);
	if (spawned.pid < 0)
		return host_refused(error, "clone", "a process");
	if (birth.overdue)
		return tri_why(TRACTOR_ETIMEDOUT,
			"the host refused a process (%s was not executed within %d ms)", plan->path,
			EXEC_LIMIT_MS);
	if (birth.error != 0) {
		spawn_end(&spawned);
		return explain(&birth);
	}
	*ret_spawned = spawned;
	return TRACTOR_OK;
}
