/*
 * confine.c: resource limits, no new privileges and a seccomp filter. The filter names what libdw and the C library need; the answer to everything else is EPERM, so that a library
 * which would like to have more does without it. A sanitizer's runtime needs more, and is for tests: there only the limits of time hold.
 */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitizer.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#define FILES_MAX 128 /* one for each module, and its debug information */

/* The lower half of an argument: all that is tested fits into it. */
#define ARGUMENT(n) ((unsigned)offsetof(struct seccomp_data, args[n]))
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* Each is a whole: what comes behind it sees the call's number again. */
#define CALL(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), ALLOW
#define CALL_WITHOUT(name, n, bits)                                               \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD(ARGUMENT(n)), \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, 1), REFUSE, ALLOW
#define CALL_WITH(name, n, value)                                                 \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD(ARGUMENT(n)), \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 1, 0), REFUSE, ALLOW

#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

static struct sock_filter filter[] = {
	LOAD(offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	LOAD(offsetof(struct seccomp_data, nr)),
	/* files, to read */
	CALL_WITHOUT(openat, 2, WRITING),
	CALL(read),
	CALL(pread64),
	CALL(lseek),
	CALL(close),
	CALL(fstat),
	CALL(newfstatat),
	CALL(statx),
	CALL(readlinkat),
#ifdef SYS_open
	CALL_WITHOUT(open, 1, WRITING),
	CALL(stat),
	CALL(lstat),
	CALL(readlink),
#endif
	CALL_WITH(fcntl, 1, F_GETFD),
	/* memory, not to be executed */
	CALL_WITHOUT(mmap, 2, PROT_EXEC),
	CALL_WITHOUT(mprotect, 2, PROT_EXEC),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(brk),
	/* the answer, and the end */
	CALL_WITH(write, 0, STDOUT_FILENO),
	CALL(exit_group),
	CALL(exit),
	/* what the C library asks for itself */
	CALL(futex),
	CALL(getrandom),
	CALL(clock_gettime),
	CALL(getpid),
	CALL(gettid),
	REFUSE,
};

static bool
set_filter(void)
{
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static void
set_limit(__rlimit_resource_t what, rlim_t most)
{
	setrlimit(what, &(struct rlimit){ most, most });
}

bool
confine(void)
{
	alarm(CONFINE_SECONDS);
	set_limit(RLIMIT_CPU, CONFINE_SECONDS);
	set_limit(RLIMIT_CORE, 0);
	if (TRI_IS_SANITIZED)
		return true;
	set_limit(RLIMIT_AS, CONFINE_MEMORY_BYTES);
	set_limit(RLIMIT_FSIZE, 0);
	set_limit(RLIMIT_NPROC, 0);
	set_limit(RLIMIT_NOFILE, FILES_MAX);
	return set_filter();
}
