/* sys.c: the real system calls behind the table. Each does one call; errors are errno's. */
#include "sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int
real_epoll_create(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

static int
real_eventfd(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static int
real_pipe(int ret_fds[2])
{
	if (pipe2(ret_fds, O_CLOEXEC) < 0)
		return -1;
	/* Only our end: the flag belongs to the open file, and the child's stdout must block as anybody's. */
	return fcntl(ret_fds[0], F_SETFL, O_NONBLOCK);
}

static int
real_memfd(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}

static int
real_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int
real_pidfd_kill(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

static int
real_group_kill(pid_t group, int signal)
{
	return kill(-group, signal);
}

/* The system call itself: libc's waitid() has no place for the resource usage. */
static int
real_wait(int pidfd, int options, siginfo_t *ret_info, struct rusage *ret_usage)
{
	return (int)syscall(SYS_waitid, P_PIDFD, pidfd, ret_info, options, ret_usage);
}

static int
real_open(const char *path, int flags, mode_t mode)
{
	return open(path, flags | O_CLOEXEC, mode);
}

const struct sys_calls sys_real = {
	.epoll_create = real_epoll_create,
	.epoll_ctl = epoll_ctl,
	.epoll_wait = epoll_wait,
	.eventfd = real_eventfd,
	.pipe = real_pipe,
	.memfd = real_memfd,
	.fork = fork,
	.pidfd_open = real_pidfd_open,
	.pidfd_kill = real_pidfd_kill,
	.group_kill = real_group_kill,
	.wait = real_wait,
	.open = real_open,
	.mkdir = mkdir,
	.flock = flock,
	.rename = rename,
	.unlink = unlink,
	.read = read,
	.write = write,
	.close = close,
};

struct sys_calls sys;

/* Copied before main(), for the entries of a constant object are no constant expressions to C. */
__attribute__((constructor)) static void
begin_with_the_real_ones(void)
{
	sys = sys_real;
}
