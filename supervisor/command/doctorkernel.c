/*
 * doctorkernel.c: what tractor uses of the kernel, each tried in the smallest way: a container may forbid what the kernel can do, so its version says nothing. And the one program of our own that crash
 * reports want.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor.h"
#include "shell.h"
#include "sys.h"

static bool
has_pidfd_open(void)
{
	int fd = sys.pidfd_open(getpid());

	if (fd >= 0)
		sys.close(fd);
	return fd >= 0;
}

static bool
has_pidfd_send_signal(void)
{
	int fd = sys.pidfd_open(getpid());
	bool sent = fd >= 0 && sys.pidfd_kill(fd, 0) == 0;

	if (fd >= 0)
		sys.close(fd);
	return sent;
}

/* Of the last fd that there could be, which there is not. */
static bool
has_close_range(void)
{
	return syscall(SYS_close_range, ~0u, ~0u, 0) == 0;
}

static bool
has_sealed_memory(void)
{
	int fd = sys.memfd("tractor-doctor", MFD_ALLOW_SEALING);
	bool sealed = fd >= 0 && sys.seal(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;

	if (fd >= 0)
		sys.close(fd);
	return sealed;
}

static bool
has_subreaper(void)
{
	int is_one;

	return prctl(PR_GET_CHILD_SUBREAPER, &is_one) == 0;
}

static bool
has_children(void)
{
	return access("/proc/thread-self/children", R_OK) == 0;
}

/* A filter that is nowhere is EFAULT where filters are known. */
static bool
has_seccomp(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno == EFAULT;
}

static bool
has_unwinder(void)
{
	char *path = unwinder_find();

	free(path);
	return path != NULL;
}

const struct doctor_part doctor_parts[] = {
	/* name, needed, trying it, what is lost without */
	{ "close_range", true, has_close_range,
		"no actor can be started; Linux 5.9 and later have it, unless a container's seccomp profile forbids it" },
	{ "memfd sealing", true, has_sealed_memory,
		"no actor can be given a black box; Linux 3.17 and later have it (CONFIG_MEMFD_CREATE)" },
	{ "subreaper", true, has_subreaper,
		"`tractor run` cannot end what actors leave behind, and does not begin; Linux 3.4 and later have it" },
	{ "pidfd_open", false, has_pidfd_open,
		"what a supervisor that was killed has left running is not ended; Linux 5.3 and later have it" },
	{ "pidfd_send_signal", false, has_pidfd_send_signal,
		"signals go to a process's number; Linux 5.1 and later have it" },
	{ "/proc/PID/task/TID/children", false, has_children,
		"what actors leave behind is not found; the kernel needs CONFIG_PROC_CHILDREN" },
	{ "seccomp", false, has_seccomp,
		"crash reports have no functions and lines, for the unwinder runs confined or not at all; the kernel needs CONFIG_SECCOMP_FILTER" },
	{ "tractor-unwind", false, has_unwinder,
		"crash reports have no functions and lines; install it beside the command (../libexec/tractor), or name it in TRACTOR_UNWINDER" },
};
const size_t doctor_part_count = sizeof(doctor_parts) / sizeof(doctor_parts[0]);
