/*
 * sys.h: every system call that the shell makes, in one table, so that a test can make the Nth call of a kind fail. In production each entry is libc's
 * function. Past it go only: the child between clone and exec, for there is nobody left there to observe; what cannot fail (getpid, sigprocmask, the clocks); and
 * what libc makes many calls of to look for a file before anything is started (realpath, getcwd, dlopen). tests/faults checks that nothing else does.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_SYS_H
#define TRACTOR_SUPERVISOR_SHELL_SYS_H

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

/* X(result, name, (parameters), (arguments)) */
#define SYS_CALLS(X)                                                                                         \
	X(int, epoll_create, (void), ())                                                                     \
	X(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event), (epoll, op, fd, event))    \
	X(int, epoll_wait, (int epoll, struct epoll_event *events, int count, int timeout_ms),               \
		(epoll, events, count, timeout_ms))                                                          \
	X(int, eventfd, (void), ())                                                                          \
	X(int, signalfd, (const sigset_t *signals), (signals))                                               \
	X(int, timerfd_create, (void), ())                                                                   \
	X(int, timerfd_settime, (int fd, const struct itimerspec *when), (fd, when))                         \
	X(int, poll, (struct pollfd * fds, nfds_t count, int timeout_ms), (fds, count, timeout_ms))          \
	X(int, pipe, (int ret_fds[2]), (ret_fds))                                                            \
	X(int, socketpair, (int ret_fds[2]), (ret_fds))                                                      \
	X(int, socket, (void), ())                                                                           \
	X(int, bind, (int fd, const struct sockaddr_un *address), (fd, address))                             \
	X(int, listen, (int fd, int backlog), (fd, backlog))                                                 \
	X(int, accept, (int fd), (fd))                                                                       \
	X(int, peer, (int fd, struct ucred *ret_peer), (fd, ret_peer))                                       \
	X(ssize_t, send, (int fd, const struct iovec *parts, size_t count), (fd, parts, count))              \
	X(ssize_t, send_fds, (int fd, uint64_t word, const int *fds, size_t count), (fd, word, fds, count))  \
	X(int, refuse_fds, (int fd), (fd))                                                                   \
	X(ssize_t, receive_fd, (int fd, uint64_t *ret_word, int *ret_fd), (fd, ret_word, ret_fd))            \
	X(ssize_t, drop_fd, (int fd), (fd))                                                                  \
	X(int, memfd, (const char *name, unsigned flags), (name, flags))                                     \
	X(int, ftruncate, (int fd, off_t size), (fd, size))                                                  \
	X(int, seal, (int fd, int seals), (fd, seals))                                                       \
	X(int, seals, (int fd), (fd))                                                                        \
	X(off_t, seek_hole, (int fd), (fd))                                                                  \
	X(void *, mmap, (int fd, size_t size), (fd, size))                                                   \
	X(void *, map_sealed, (int fd, size_t size), (fd, size))                                             \
	X(int, subreaper, (void), ())                                                                        \
	X(pid_t, clone,                                                                                      \
		(int (*child)(void *arg), void *stack, int more, void *arg, int *ret_pidfd, int *held),      \
		(child, stack, more, arg, ret_pidfd, held))                                                  \
	X(int, thread, (pthread_t * ret_thread, void *(*run)(void *arg), void *arg), (ret_thread, run, arg)) \
	X(int, pidfd_open, (pid_t pid), (pid))                                                               \
	X(int, pidfd_kill, (int pidfd, int signal), (pidfd, signal))                                         \
	X(int, kill, (pid_t pid, int signal), (pid, signal))                                                 \
	X(int, group_kill, (pid_t group, int signal), (group, signal))                                       \
	X(int, wait, (int pidfd, int options, siginfo_t *ret_info, struct rusage *ret_usage),                \
		(pidfd, options, ret_info, ret_usage))                                                       \
	X(pid_t, waitpid, (pid_t pid, int options), (pid, options))                                          \
	X(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode))                        \
	X(int, openat, (int at, const char *name, int flags), (at, name, flags))                             \
	X(int, dup_from, (int fd, int least), (fd, least))                                                   \
	X(int, dup_to, (int fd, int to), (fd, to))                                                           \
	X(DIR *, fdopendir, (int fd), (fd))                                                                  \
	X(struct dirent *, readdir, (DIR * directory), (directory))                                          \
	X(int, closedir, (DIR * directory), (directory))                                                     \
	X(int, stat, (const char *path, struct stat *ret_about), (path, ret_about))                          \
	X(int, lstat, (const char *path, struct stat *ret_about), (path, ret_about))                         \
	X(int, fstat, (int fd, struct stat *ret_about), (fd, ret_about))                                     \
	X(int, mkdir, (const char *path, mode_t mode), (path, mode))                                         \
	X(int, fchmod, (int fd, mode_t mode), (fd, mode))                                                    \
	X(int, flock, (int fd, int operation), (fd, operation))                                              \
	X(int, rename, (const char *from, const char *to), (from, to))                                       \
	X(int, unlink, (const char *path), (path))                                                           \
	X(int, unlinkat, (int at, const char *name, int flags), (at, name, flags))                           \
	X(int, rmdir, (const char *path), (path))                                                            \
	X(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))                                    \
	X(ssize_t, pread, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))                     \
	X(ssize_t, pwrite, (int fd, const void *from, size_t size, off_t at), (fd, from, size, at))          \
	X(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))                         \
	X(int, close, (int fd), (fd))                                                                        \
	X(int, close_foreign, (int fd), (fd))                                                                \
	X(int, files_limit, (struct rlimit * ret_limit), (ret_limit))                                        \
	X(int, set_files_limit, (const struct rlimit *limit), (limit))                                       \
	X(int, cpu_time, (pid_t pid, struct timespec * ret_used), (pid, ret_used))

#define SEND_FDS_MAX 4
#define RECEIVE_FDS_MAX 253 /* the kernel's SCM_MAX_FD */

struct sys_calls {
#define SYS_MEMBER(result, name, parameters, arguments) result(*name) parameters;
	SYS_CALLS(SYS_MEMBER)
#undef SYS_MEMBER
};

/*
 * The table in use. fds are made CLOEXEC by the entries themselves; what is only ours (a socket, a pipe's reading end, the second of a socket pair) is
 * non-blocking, too. `send` raises no SIGPIPE and never waits; nor does `receive_fd`, whose *ret_fd is -1 where only a word came, and which says EMFILE where there was no place for an fd: then both lie there still, until `drop_fd`. After `refuse_fds` nothing can be
 * handed over through that socket any more, where the kernel has that (6.16). `close_foreign` is for what another process may have made: it is not waited for what that one had meant to send. `thread` has all signals blocked in the new one.
 */
extern struct sys_calls sys;

/* The real one, to put back. */
extern const struct sys_calls sys_real;

#endif
