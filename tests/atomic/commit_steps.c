/*
 * commit_steps.c: commit_steps [--stride N] [--first N] [--verbose]: a durable actor is traced from the end of its handler on, instruction by instruction, and killed at the Nth; then at the (N + stride)th, and so on
 * until it waits for its next message before that. Each time the message must have been processed exactly once: the actor's state and what it told the next stage are of the same messages.
 *
 * Only the thread that runs handlers is stopped; nng's go on, as they would. Exit: 0 it held; 1 it did not; 2 usage; 77 this machine does not let us trace, or is none that this is written for.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "stages.h"

#define SKIPPED 77

#ifdef __x86_64__
#include <sys/user.h>

static struct {
	unsigned stride, first;
	bool verbose;
} options = { .stride = 1 };

/* --- one traced thread --- */

/* Until it stops. The tree lives meanwhile, if there is one: the handler may ask it for something. False: the thread has ended. */
static bool
await_stop(struct stages *stages, pid_t pid, int *ret_status)
{
	pid_t stopped;

	while ((stopped = waitpid(pid, ret_status, __WALL | (stages ? WNOHANG : 0))) <= 0) {
		if (stopped < 0 && errno != EINTR)
			return false;
		if (stages)
			tractor_runtime_turn(stages->runtime, 1);
	}
	return WIFSTOPPED(*ret_status);
}

/* A signal that stopped it goes on to it. */
static int
signal_of(int status)
{
	int signal = WSTOPSIG(status);

	return status >> 16 == 0 && signal != SIGTRAP && signal != (SIGTRAP | 0x80) ? signal : 0;
}

static bool
trace(pid_t pid)
{
	int status;

	return ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD) == 0 &&
	       ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 && await_stop(NULL, pid, &status);
}

/* To where the handler has done all that it does. */
static bool
run_to_the_mark(struct stages *stages, pid_t pid)
{
	struct user_regs_struct registers;
	int status = 0;

	do {
		if (ptrace(PTRACE_SYSCALL, pid, 0, status ? signal_of(status) : 0) < 0 ||
			!await_stop(stages, pid, &status))
			return false;
		if (ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0)
			return false;
	} while (WSTOPSIG(status) != (SIGTRAP | 0x80) || registers.orig_rax != SYS_getppid);
	return true;
}

/* True if its next instruction is to wait for a message: epoll_wait(). */
static bool
is_about_to_wait(pid_t pid)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0 || registers.rax != SYS_epoll_wait)
		return false;
	long instruction = ptrace(PTRACE_PEEKTEXT, pid, registers.rip, 0);
	return (instruction & 0xffff) == 0x050f; /* syscall */
}

/* False: it came to its next wait before. */
static bool
step(pid_t pid, unsigned count, unsigned *ret_stepped)
{
	int status = 0;

	for (*ret_stepped = 0; *ret_stepped < count; ++*ret_stepped) {
		if (is_about_to_wait(pid))
			return false;
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, status ? signal_of(status) : 0) < 0 ||
			!await_stop(NULL, pid, &status))
			return false;
	}
	return true;
}

/* --- one case --- */

/* Killed `count` instructions after the handler's end. False: there are not that many. */
static bool
kill_after(struct stages *stages, unsigned count)
{
	pid_t pid = stages_pid(stages, 0);
	unsigned stepped;

	if (!trace(pid)) {
		fprintf(stderr, "cannot trace: %s\n", strerror(errno));
		exit(SKIPPED);
	}
	stages_tell(stages);
	if (!run_to_the_mark(stages, pid))
		stages_fail(stages, "the handler did not come to its end");
	bool reached = step(pid, count, &stepped);
	kill(pid, SIGKILL);
	stages_settle(stages);
	if (options.verbose)
		fprintf(stderr, "killed after %u\n", stepped);
	return reached;
}

static bool
parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "stride", required_argument, NULL, 's' },
		{ "first", required_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};

	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) >= 0;)
		switch (option) {
		case 's': options.stride = (unsigned)atoi(optarg); break;
		case 'f': options.first = (unsigned)atoi(optarg); break;
		case 'v': options.verbose = true; break;
		default: return false;
		}
	return optind == argc && options.stride > 0;
}

int
main(int argc, char **argv)
{
	struct stages stages;
	unsigned count, cases = 1;

	if (!parse(argc, argv)) {
		fputs("usage: commit_steps [--stride N] [--first N] [--verbose]\n", stderr);
		return 2;
	}
	stages_open(&stages, 2, options.verbose);
	for (count = options.first; kill_after(&stages, count); count += options.stride)
		cases++;
	printf("%u kills, up to %u instructions behind a handler: every message once, with its state (digest %016llx)\n",
		cases, count, (unsigned long long)stages.digest);
	stages_close(&stages);
	return 0;
}
#else
int
main(void)
{
	puts("steps are written for x86-64");
	return SKIPPED;
}
#endif
