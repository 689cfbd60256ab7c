/* tracing.c: see tracing.h; ptrace(2). What goes wrong is returned. */
#include "tracing.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* It is ours until we end, as far as others ask; the name goes with us. False: somebody has it. */
static bool
claim(int processor)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int claimed = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "tractor-tracing-%d", processor);

	if (claimed >= 0 &&
		bind(claimed, (struct sockaddr *)&name,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) == 0)
		return true;
	if (claimed >= 0)
		close(claimed);
	return false;
}

void
tracing_keep_to_one_processor(void)
{
	cpu_set_t allowed, one;
	int chosen = sched_getcpu();

	if (chosen < 0 || sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	if (!claim(chosen))
		for (int other = 0; other < CPU_SETSIZE; other++)
			if (CPU_ISSET(other, &allowed) && other != chosen && claim(other)) {
				chosen = other;
				break;
			}
	CPU_ZERO(&one);
	CPU_SET(chosen, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

#if TRACING_IS_WRITTEN
#include <dlfcn.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <time.h>

#define CALLS_MAX 1000 /* more than there are system calls */

/* False: the thread has ended. */
static bool
await_stop(struct traced *traced, bool may_wait)
{
	bool is_alone = !may_wait || !traced->meanwhile;
	pid_t stopped;

	while ((stopped = waitpid(traced->pid, &traced->status, __WALL | (is_alone ? 0 : WNOHANG))) <= 0) {
		if (stopped < 0 && errno != EINTR)
			return false;
		if (!is_alone) {
			traced->meanwhile(traced->arg);
			sched_yield();
		}
	}
	return WIFSTOPPED(traced->status);
}

/* A signal that stopped it goes on to it. */
static int
signal_of(int status)
{
	int signal = WSTOPSIG(status);

	return status >> 16 == 0 && signal != SIGTRAP && signal != (SIGTRAP | 0x80) ? signal : 0;
}

static bool
go_on(struct traced *traced, enum __ptrace_request how, bool may_wait)
{
	return ptrace(how, traced->pid, 0, signal_of(traced->status)) == 0 && await_stop(traced, may_wait);
}

/* Where in the kernel's code it is that looks at the clock. 0: nowhere that we know of. */
static uint64_t
clock_in_vdso(void)
{
	void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	uint64_t found = vdso ? (uint64_t)dlsym(vdso, "__vdso_clock_gettime") : 0;

	if (vdso)
		dlclose(vdso);
	return found != 0 ? found - getauxval(AT_SYSINFO_EHDR) : 0;
}

static void
find_vdso(struct traced *traced)
{
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)traced->pid);
	FILE *maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]"))
			sscanf(line, "%" SCNx64 "-%" SCNx64, &traced->vdso_begin, &traced->vdso_end);
	if (maps)
		fclose(maps);
	traced->clock = clock_in_vdso();
}

static bool
is_in_vdso(const struct traced *traced)
{
	uint64_t next = (uint64_t)ptrace(PTRACE_PEEKUSER, traced->pid, offsetof(struct user, regs.rip), 0);

	return next >= traced->vdso_begin && next < traced->vdso_end;
}

bool
tracing_begin(struct traced *traced, pid_t pid, void (*meanwhile)(void *arg), void *arg)
{
	*traced = (struct traced){ .pid = pid, .meanwhile = meanwhile, .arg = arg };
	find_vdso(traced);
	return ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD) == 0 &&
	       ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 && await_stop(traced, true);
}

static bool
waits(long number)
{
	return number == SYS_epoll_wait || number == SYS_ppoll;
}

/* The call before which it was stopped; -1: it was not. */
static long
call_begun(const struct traced *traced)
{
	struct user_regs_struct registers;

	return WSTOPSIG(traced->status) == (SIGTRAP | 0x80) &&
			       ptrace(PTRACE_GETREGS, traced->pid, 0, &registers) == 0 &&
			       (long)registers.rax == -ENOSYS
		       ? (long)registers.orig_rax
		       : -1;
}

bool
tracing_run_to(struct traced *traced, long number)
{
	do
		if (!go_on(traced, PTRACE_SYSCALL, true))
			return false;
	while (call_begun(traced) != number);
	return true;
}

bool
tracing_run_to_wait(struct traced *traced)
{
	do
		if (!go_on(traced, PTRACE_SYSCALL, true))
			return false;
	while (!waits(call_begun(traced)));
	return true;
}

bool
tracing_run_past(struct traced *traced)
{
	return go_on(traced, PTRACE_SYSCALL, true);
}

/* -1: its next instruction is none. */
static long
next_call(const struct traced *traced)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, traced->pid, 0, &registers) < 0)
		return -1;
	if (call_begun(traced) >= 0)
		return (long)registers.orig_rax;
	if (registers.rax > CALLS_MAX)
		return -1; /* most often, and the text need not be looked at */
	long instruction = ptrace(PTRACE_PEEKTEXT, traced->pid, registers.rip, 0);
	return (instruction & 0xffff) == 0x050f ? (long)registers.rax : -1; /* syscall */
}

bool
tracing_is_about_to_call(const struct traced *traced)
{
	return next_call(traced) >= 0;
}

bool
tracing_is_about_to(const struct traced *traced, long number)
{
	return next_call(traced) == number;
}

bool
tracing_is_about_to_wait(const struct traced *traced)
{
	return waits(next_call(traced));
}

/* Not of one process or thread. */
static bool
is_everybodys(uint64_t clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_REALTIME;
}

/*
 * It is at the first instruction of what looks at the clock: we look at it instead, and it goes on where it would return to. For the kernel's code looks anew where the clock was touched meanwhile, as it is at each tick, and
 * who goes step by step may be never done with it. False: it is somewhere else, or can't be helped.
 */
static bool
look_at_clock_for(const struct traced *traced)
{
	struct user_regs_struct registers;
	struct timespec now;

	if (ptrace(PTRACE_GETREGS, traced->pid, 0, &registers) < 0 || traced->clock == 0 ||
		registers.rip != traced->vdso_begin + traced->clock || !is_everybodys(registers.rdi) ||
		clock_gettime((clockid_t)registers.rdi, &now) < 0)
		return false;
	struct iovec from = { &now, sizeof(now) };
	struct iovec to = { (void *)registers.rsi, sizeof(now) }; /* NOLINT(performance-no-int-to-ptr) */
	errno = 0;
	registers.rip = (uint64_t)ptrace(PTRACE_PEEKDATA, traced->pid, registers.rsp, 0);
	registers.rsp += sizeof(long);
	registers.rax = 0;
	return errno == 0 && process_vm_writev(traced->pid, &from, 1, &to, 1, 0) == sizeof(now) &&
	       ptrace(PTRACE_SETREGS, traced->pid, 0, &registers) == 0;
}

bool
tracing_step(struct traced *traced)
{
	do
		if (!go_on(traced, PTRACE_SINGLESTEP, traced->meanwhile && next_call(traced) >= 0))
			return false;
	while (is_in_vdso(traced) && !look_at_clock_for(traced));
	return true;
}
#else
bool
tracing_begin(struct traced *traced, pid_t pid, void (*meanwhile)(void *arg), void *arg)
{
	*traced = (struct traced){ .pid = pid, .meanwhile = meanwhile, .arg = arg };
	errno = ENOSYS;
	return false;
}

bool
tracing_run_to(struct traced *traced, long number)
{
	(void)traced;
	(void)number;
	return false;
}

bool
tracing_run_to_wait(struct traced *traced)
{
	(void)traced;
	return false;
}

bool
tracing_run_past(struct traced *traced)
{
	(void)traced;
	return false;
}

bool
tracing_is_about_to_call(const struct traced *traced)
{
	(void)traced;
	return false;
}

bool
tracing_is_about_to(const struct traced *traced, long number)
{
	(void)traced;
	(void)number;
	return false;
}

bool
tracing_is_about_to_wait(const struct traced *traced)
{
	(void)traced;
	return false;
}

bool
tracing_step(struct traced *traced)
{
	(void)traced;
	return false;
}
#endif
