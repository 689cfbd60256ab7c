/* sys.c: the real system calls behind the table. Each does one thing; errors are errno's. */
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "filesize.h"

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
real_signalfd(const sigset_t *signals)
{
	return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int
real_timerfd_create(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}

static int
real_timerfd_settime(int fd, const struct itimerspec *when)
{
	return timerfd_settime(fd, TFD_TIMER_ABSTIME, when, NULL);
}

/* Ours alone: the flag belongs to the open file, and the child's end must block as anybody's standard streams do. */
static int
unblock(int fds[2], int ours)
{
	if (fcntl(fds[ours], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	int error = errno;
	close(fds[0]);
	close(fds[1]);
	errno = error;
	return -1;
}

static int
real_pipe(int ret_fds[2])
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0 || unblock(fds, 0) < 0)
		return -1;
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

static int
real_socketpair(int ret_fds[2])
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 || unblock(fds, 1) < 0)
		return -1;
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

static int
real_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int
real_bind(int fd, const struct sockaddr_un *address)
{
	return bind(fd, (const struct sockaddr *)address, sizeof(*address));
}

static int
real_accept(int fd)
{
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static int
real_peer(int fd, struct ucred *ret_peer)
{
	socklen_t size = sizeof(*ret_peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret_peer, &size);
}

static ssize_t
real_send(int fd, const struct iovec *parts, size_t count)
{
	const struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = count };

	if (count == 1)
		return send(fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* With a word, for a stream can't carry them alone. */
static ssize_t
real_send_fds(int fd, uint64_t word, const int *fds, size_t count)
{
	union {
		char bytes[CMSG_SPACE(SEND_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = &word, .iov_len = sizeof(word) };
	const struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(head), fds, count * sizeof(int));
	return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

static int
real_refuse_fds(int fd)
{
	const int none = 0;

	return setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &none, sizeof(none));
}

/* A TCP socket may have been told to wait, as it is closed, until the other end has all: as long as its maker likes. */
static int
real_close_foreign(int fd)
{
	const struct linger none = { .l_onoff = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)); /* no socket: nothing to be told */
	return close(fd);
}

/* The one fd that came; if there are more, none. */
static int
only_fd(const struct cmsghdr *head)
{
	size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;
		memcpy(&fd, CMSG_DATA(head) + i * sizeof(fd), sizeof(fd));
		if (count == 1)
			return fd;
		real_close_foreign(fd);
	}
	return -1;
}

/* So many bytes of a word, and what came with it. */
static ssize_t
drop(int fd, size_t size)
{
	uint64_t word;

	return recv(fd, &word, size, MSG_DONTWAIT);
}

static ssize_t
real_drop_fd(int fd)
{
	return drop(fd, sizeof(uint64_t));
}

/* One; if it was sent with others, they are closed: so there is room for all that can be. By a look, after which it is dropped: who takes what there is no number for has lost it. */
static ssize_t
real_receive_fd(int fd, uint64_t *ret_word, int *ret_fd)
{
	union {
		char bytes[CMSG_SPACE(RECEIVE_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { .iov_base = ret_word, .iov_len = sizeof(*ret_word) };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t got = recvmsg(fd, &message, MSG_PEEK | MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	const struct cmsghdr *head = got < 0 ? NULL : CMSG_FIRSTHDR(&message);

	*ret_fd = -1;
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		*ret_fd = only_fd(head);
	if (got >= 0 && *ret_fd < 0 && (message.msg_flags & MSG_CTRUNC)) {
		errno = EMFILE;
		return -1;
	}
	return got > 0 ? drop(fd, (size_t)got) : got;
}

static int
real_ftruncate(int fd, off_t size)
{
	return tri_file_may_have((size_t)size) ? ftruncate(fd, size) : -1;
}

static int
real_memfd(const char *name, unsigned flags)
{
	return memfd_create(name, MFD_CLOEXEC | flags);
}

static int
real_seal(int fd, int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals);
}

static int
real_seals(int fd)
{
	return fcntl(fd, F_GET_SEALS);
}

/* Where the first part is that was never written; of what is whole, its end. */
static off_t
real_seek_hole(int fd)
{
	return lseek(fd, 0, SEEK_HOLE);
}

/* To read. Privately: a shared map of what is sealed against writing old kernels refuse. */
static void *
real_map_sealed(int fd, size_t size)
{
	return mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
}

/* Shared, to read and write. */
static void *
real_mmap(int fd, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static int
real_subreaper(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* libc's clone(), by the name that sanitizers leave alone: behind the other they enter the child as a fork's, into books which are in the memory that it shares with us. */
int __clone(int (*child)(void *arg), void *stack, int flags, void *arg, ...);

/* It runs beside us, in our memory; its pidfd is there from its first moment on. `stack` is where its stack's memory ends; `held` is what CLONE_CHILD_CLEARTID clears. */
static pid_t
real_clone(int (*child)(void *arg), void *stack, int more, void *arg, int *ret_pidfd, int *held)
{
	void *no_storage = NULL; /* of its own for its thread's variables */

	return __clone(
		child, stack, CLONE_VM | CLONE_PIDFD | SIGCHLD | more, arg, ret_pidfd, no_storage, held);
}

/* At the first free number that is not below that. */
static int
real_dup_from(int fd, int least)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, least);
}

static int
real_dup_to(int fd, int to)
{
	return dup3(fd, to, O_CLOEXEC);
}

/* What is sent to the process is for the threads that it had before. */
static int
real_thread(pthread_t *ret_thread, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(ret_thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return error == 0 ? 0 : -1;
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

static pid_t
real_waitpid(pid_t pid, int options)
{
	return waitpid(pid, NULL, options);
}

static int
real_open(const char *path, int flags, mode_t mode)
{
	return open(path, flags | O_CLOEXEC, mode);
}

static int
real_openat(int at, const char *name, int flags)
{
	return openat(at, name, flags | O_CLOEXEC);
}

static int
real_files_limit(struct rlimit *ret_limit)
{
	return getrlimit(RLIMIT_NOFILE, ret_limit);
}

static int
real_set_files_limit(const struct rlimit *limit)
{
	return setrlimit(RLIMIT_NOFILE, limit);
}

/* Of all threads of a process that is not reaped yet. */
static int
real_cpu_time(pid_t pid, struct timespec *ret_used)
{
	clockid_t clock;
	int error = clock_getcpuclockid(pid, &clock);

	if (error == 0)
		return clock_gettime(clock, ret_used);
	errno = error;
	return -1;
}

const struct sys_calls sys_real = {
	.epoll_create = real_epoll_create,
	.epoll_ctl = epoll_ctl,
	.epoll_wait = epoll_wait,
	.eventfd = real_eventfd,
	.signalfd = real_signalfd,
	.timerfd_create = real_timerfd_create,
	.timerfd_settime = real_timerfd_settime,
	.poll = poll,
	.pipe = real_pipe,
	.socketpair = real_socketpair,
	.socket = real_socket,
	.bind = real_bind,
	.listen = listen,
	.accept = real_accept,
	.peer = real_peer,
	.send = real_send,
	.send_fds = real_send_fds,
	.refuse_fds = real_refuse_fds,
	.receive_fd = real_receive_fd,
	.drop_fd = real_drop_fd,
	.memfd = real_memfd,
	.ftruncate = real_ftruncate,
	.seal = real_seal,
	.seals = real_seals,
	.seek_hole = real_seek_hole,
	.mmap = real_mmap,
	.map_sealed = real_map_sealed,
	.subreaper = real_subreaper,
	.clone = real_clone,
	.thread = real_thread,
	.pidfd_open = real_pidfd_open,
	.pidfd_kill = real_pidfd_kill,
	.kill = kill,
	.group_kill = real_group_kill,
	.wait = real_wait,
	.waitpid = real_waitpid,
	.open = real_open,
	.openat = real_openat,
	.dup_from = real_dup_from,
	.dup_to = real_dup_to,
	.fdopendir = fdopendir,
	.readdir = readdir,
	.closedir = closedir,
	.stat = stat,
	.lstat = lstat,
	.fstat = fstat,
	.mkdir = mkdir,
	.fchmod = fchmod,
	.flock = flock,
	.rename = rename,
	.unlink = unlink,
	.unlinkat = unlinkat,
	.rmdir = rmdir,
	.read = read,
	.pread = pread,
	.pwrite = pwrite,
	.write = write,
	.close = close,
	.close_foreign = real_close_foreign,
	.files_limit = real_files_limit,
	.set_files_limit = real_set_files_limit,
	.cpu_time = real_cpu_time,
};

struct sys_calls sys;

/* Copied before main(), for the entries of a constant object are no constant expressions to C. */
__attribute__((constructor)) static void
begin_with_the_real_ones(void)
{
	sys = sys_real;
}
