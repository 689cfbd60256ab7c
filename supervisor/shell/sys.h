/*
 * sys.h: every system call that the shell makes, in one table, so that a test can make the Nth call of a kind fail. In production each entry is libc's
 * function. Only the child between fork and exec goes past it: there is nobody left there to observe.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_SYS_H
#define TRACTOR_SUPERVISOR_SHELL_SYS_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/types.h>

/* X(result, name, (parameters)) */
#define SYS_CALLS(X)                                                                           \
	X(int, epoll_create, (void))                                                           \
	X(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event))              \
	X(int, epoll_wait, (int epoll, struct epoll_event *events, int count, int timeout_ms)) \
	X(int, eventfd, (void))                                                                \
	X(int, pipe, (int ret_fds[2]))                                                         \
	X(int, memfd, (const char *name))                                                      \
	X(pid_t, fork, (void))                                                                 \
	X(int, pidfd_open, (pid_t pid))                                                        \
	X(int, pidfd_kill, (int pidfd, int signal))                                            \
	X(int, group_kill, (pid_t group, int signal))                                          \
	X(int, wait, (int pidfd, int options, siginfo_t *ret_info, struct rusage *ret_usage))  \
	X(int, open, (const char *path, int flags, mode_t mode))                               \
	X(int, mkdir, (const char *path, mode_t mode))                                         \
	X(int, flock, (int fd, int operation))                                                 \
	X(int, rename, (const char *from, const char *to))                                     \
	X(int, unlink, (const char *path))                                                     \
	X(ssize_t, read, (int fd, void *to, size_t size))                                      \
	X(ssize_t, write, (int fd, const void *from, size_t size))                             \
	X(int, close, (int fd))

struct sys_calls {
#define SYS_MEMBER(result, name, parameters) result(*name) parameters;
	SYS_CALLS(SYS_MEMBER)
#undef SYS_MEMBER
};

/* The table in use. fds are made CLOEXEC (and pipes' reading ends non-blocking) by the entries themselves. */
extern struct sys_calls sys;

/* The real one, to put back. */
extern const struct sys_calls sys_real;

#endif
