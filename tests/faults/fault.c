/*
 * fault.c: the failing table, made from the shell's own by its macro, and the failing allocator, which the linker puts in the place of libc's for the objects of this program. Knows nothing of
 * trees. The thread that writes log files makes calls, too; the parent's fault is not the actors', for they are other programs.
 */
#include "fault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testclock.h"

#define ERRORS_MAX 10

static struct {
	struct fault fault;
	unsigned counts[FAULT_CALL_COUNT];
	unsigned total;
	bool fired;
	int64_t until_ms; /* a lasting one's end, once it has fired */
} now = { .fault = { .call = FAULT_none } };

/* --- what there is --- */

static const char *const names[] = {
#define CALL_NAME(result, name, parameters, arguments) #name,
	SYS_CALLS(CALL_NAME)
#undef CALL_NAME
		"allocation",
	"any",
};

/* clang-format off */
#define NO_FD EMFILE, ENFILE, ENOMEM
static const int errors[FAULT_CALL_COUNT][ERRORS_MAX] = {
	[FAULT_epoll_create] = { NO_FD, -1 },
	[FAULT_epoll_ctl] = { ENOMEM, ENOSPC, -1 },
	[FAULT_epoll_wait] = { EINTR, -1 },
	[FAULT_eventfd] = { NO_FD, -1 },
	[FAULT_signalfd] = { NO_FD, -1 },
	[FAULT_timerfd_create] = { NO_FD, -1 },
	[FAULT_timerfd_settime] = { -1 },	/* only for arguments that are wrong */
	[FAULT_poll] = { EINTR, ENOMEM, -1 },
	[FAULT_pipe] = { EMFILE, ENFILE, -1 },
	[FAULT_socketpair] = { NO_FD, ENOBUFS, -1 },
	[FAULT_socket] = { NO_FD, ENOBUFS, -1 },
	[FAULT_bind] = { ENOSPC, EROFS, EADDRINUSE, EACCES, ENOMEM, -1 },
	[FAULT_listen] = { EADDRINUSE, -1 },
	[FAULT_accept] = { NO_FD, ENOBUFS, ECONNABORTED, EINTR, EPERM, -1 },
	[FAULT_peer] = { EACCES, -1 },		/* a security module's */
	[FAULT_send] = { ENOBUFS, ENOMEM, EINTR, FAULT_SHORT, -1 },
	[FAULT_send_fds] = { EAGAIN, ENOBUFS, ENOMEM, ETOOMANYREFS, EMFILE, -1 },
	[FAULT_refuse_fds] = { ENOPROTOOPT, -1 },	/* before Linux 6.16 */
	[FAULT_receive_fd] = { ENOMEM, EMFILE, -1 },
	[FAULT_drop_fd] = { -1 },		/* only for what is no socket */
	[FAULT_memfd] = { NO_FD, -1 },
	[FAULT_ftruncate] = { ENOSPC, EINTR, ENOMEM, EIO, -1 },
	[FAULT_seal] = { EPERM, -1 },
	[FAULT_seals] = { -1 },			/* only for what is no memfd */
	[FAULT_seek_hole] = { -1 },		/* only for what is no file */
	[FAULT_mmap] = { ENOMEM, EAGAIN, -1 },
	[FAULT_map_sealed] = { ENOMEM, EAGAIN, -1 },
	[FAULT_subreaper] = { EPERM, -1 },	/* a seccomp filter's */
	[FAULT_clone] = { EAGAIN, NO_FD, -1 },	/* its pidfd is one */
	[FAULT_thread] = { EAGAIN, -1 },
	[FAULT_pidfd_open] = { NO_FD, EPERM, -1 },
	[FAULT_pidfd_kill] = { EPERM, -1 },
	[FAULT_kill] = { EPERM, -1 },
	[FAULT_group_kill] = { EPERM, ESRCH, -1 },
	[FAULT_wait] = { EINTR, -1 },
	[FAULT_waitpid] = { EINTR, -1 },
	[FAULT_open] = { NO_FD, EACCES, ENOSPC, EIO, EROFS, -1 },
	[FAULT_openat] = { NO_FD, EIO, -1 },
	[FAULT_dup_from] = { NO_FD, -1 },
	[FAULT_dup_to] = { EBUSY, EINTR, -1 },
	[FAULT_fdopendir] = { ENOMEM, -1 },
	[FAULT_readdir] = { EIO, -1 },
	[FAULT_closedir] = { EINTR, EIO, -1 },
	[FAULT_stat] = { EIO, ENOMEM, -1 },
	[FAULT_lstat] = { EIO, ENOMEM, -1 },
	[FAULT_fstat] = { EIO, ENOMEM, -1 },
	[FAULT_mkdir] = { ENOSPC, EDQUOT, EROFS, EACCES, EIO, -1 },
	[FAULT_fchmod] = { EPERM, -1 },
	[FAULT_flock] = { ENOLCK, EINTR, -1 },
	[FAULT_rename] = { ENOSPC, EROFS, EIO, -1 },
	[FAULT_unlink] = { EIO, EROFS, -1 },
	[FAULT_unlinkat] = { EIO, EROFS, -1 },
	[FAULT_rmdir] = { EIO, EROFS, -1 },
	[FAULT_read] = { EINTR, EIO, ECONNRESET, FAULT_SHORT, -1 },
	[FAULT_pwrite] = { EINTR, ENOSPC, FAULT_SHORT, -1 },
	[FAULT_pread] = { EINTR, EIO, FAULT_SHORT, -1 },
	[FAULT_write] = { EINTR, ENOSPC, EDQUOT, EIO, FAULT_SHORT, -1 },
	[FAULT_close] = { EINTR, EIO, -1 },
	[FAULT_close_foreign] = { EINTR, EIO, -1 },
	[FAULT_files_limit] = { -1 },
	[FAULT_set_files_limit] = { EPERM, -1 },
	[FAULT_cpu_time] = { EPERM, -1 },
	[FAULT_allocation] = { ENOMEM, -1 },
};
/* clang-format on */

const int *
fault_errors(enum fault_call call)
{
	if (errors[call][0] == 0 && errors[call][1] == 0) {
		fprintf(stderr, "%s() is new in the table: which errnos can it give?\n", names[call]);
		exit(1);
	}
	return errors[call];
}

const char *
fault_call_name(enum fault_call call)
{
	return names[call];
}

const char *
fault_error_name(int error)
{
	switch (error) {
	case FAULT_SHORT: return "short";
	case FAULT_KILL_BEFORE: return "killed before";
	case FAULT_KILL_AFTER: return "killed after";
	default: return strerrorname_np(error);
	}
}

/* --- when it strikes --- */

void
fault_end(void)
{
	now.fault.call = FAULT_none;
}

bool
fault_fired(void)
{
	return now.fired;
}

bool
fault_lasts(void)
{
	return now.until_ms > now_ms();
}

unsigned
fault_count(enum fault_call call)
{
	return call == FAULT_any ? now.total : now.counts[call];
}

/* Of all threads that make calls. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static bool
strikes_again(void)
{
	return now.until_ms > 0 && fault_lasts();
}

static bool
strikes_now(enum fault_call call)
{
	unsigned count = ++now.counts[call];
	if (call != FAULT_allocation) /* a kill between two allocations is none between two effects */
		now.total++;
	if (now.fault.call == FAULT_any)
		count = call != FAULT_allocation ? now.total : 0;
	else if (now.fault.call != call)
		return false;
	if (now.fired)
		return strikes_again();
	now.fired = count == now.fault.nth;
	if (now.fired && now.fault.lasting_ms > 0)
		now.until_ms = now_ms() + now.fault.lasting_ms;
	return now.fired;
}

/* One more call of that kind: whether it is to go wrong. */
static bool
strikes(enum fault_call call)
{
	pthread_mutex_lock(&mutex);
	bool strikes = strikes_now(call);
	pthread_mutex_unlock(&mutex);
	return strikes;
}

/* --- the table --- */

/* Linux has let go of the fd whatever close() says. */
static bool
is_done_nevertheless(enum fault_call call)
{
	return call == FAULT_close || call == FAULT_close_foreign || call == FAULT_closedir;
}

/* clang-format off */
#define FAILED(result) _Generic((result)0, DIR *: NULL, struct dirent *: NULL, default: (result)-1)

#define DEFINE_FAULTY(result, name, parameters, arguments)                            \
	static result faulty_##name parameters                                        \
	{                                                                             \
		if (!strikes(FAULT_##name))                                           \
			return sys_real.name arguments;                               \
		if (now.fault.error == FAULT_KILL_AFTER || is_done_nevertheless(FAULT_##name)) \
			(void)sys_real.name arguments;                                \
		if (now.fault.error < 0)                                              \
			raise(SIGKILL);                                               \
		errno = now.fault.error;                                              \
		return FAILED(result);                                                \
	}
SYS_CALLS(DEFINE_FAULTY)
/* clang-format on */

static size_t
half(size_t size)
{
	return (size + 1) / 2;
}

static ssize_t
short_read(int fd, void *to, size_t size)
{
	return strikes(FAULT_read) ? sys_real.read(fd, to, half(size)) : sys_real.read(fd, to, size);
}

static ssize_t
short_write(int fd, const void *from, size_t size)
{
	return strikes(FAULT_write) ? sys_real.write(fd, from, half(size)) : sys_real.write(fd, from, size);
}

/* In the middle of the first part; of a frame that is its head. */
static ssize_t
short_send(int fd, const struct iovec *parts, size_t count)
{
	const struct iovec first = { parts[0].iov_base, half(parts[0].iov_len) };

	return strikes(FAULT_send) ? sys_real.send(fd, &first, 1) : sys_real.send(fd, parts, count);
}

void
fault_begin(const struct fault *fault)
{
	memset(&now, 0, sizeof(now));
	now.fault = *fault;
#define INSTALL(result, name, parameters, arguments) sys.name = faulty_##name;
	SYS_CALLS(INSTALL)
#undef INSTALL
	if (now.fault.error != FAULT_SHORT)
		return;
	sys.read = short_read;
	sys.write = short_write;
	sys.send = short_send;
}

/* --- memory: --wrap has every reference of this program's objects to NAME come to __wrap_NAME --- */

static bool
is_refused(void)
{
	if (!strikes(FAULT_allocation))
		return false;
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
int __real_vasprintf(char **ret_text, const char *format, va_list arguments);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
int __wrap_vasprintf(char **ret_text, const char *format, va_list arguments);
int __wrap_asprintf(char **ret_text, const char *format, ...);

void *
__wrap_malloc(size_t size)
{
	return is_refused() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return is_refused() ? NULL : __real_realloc(memory, size);
}

void *
__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return is_refused() ? NULL : __real_reallocarray(memory, count, size);
}

char *
__wrap_strdup(const char *text)
{
	return is_refused() ? NULL : __real_strdup(text);
}

char *
__wrap_strndup(const char *text, size_t size)
{
	return is_refused() ? NULL : __real_strndup(text, size);
}

int
__wrap_vasprintf(char **ret_text, const char *format, va_list arguments)
{
	return is_refused() ? -1 : __real_vasprintf(ret_text, format, arguments);
}

int
__wrap_asprintf(char **ret_text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = __wrap_vasprintf(ret_text, format, arguments);
	va_end(arguments);
	return length;
}
