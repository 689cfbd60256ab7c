/*
 * host.c: what the host may refuse: which errors are a shortage that passes, and what would help against each; the limit of open fds; and how much may be started at a time. It decides
 * nothing about actors: that a refusal is waited out is the core's rule. Nothing here can fail.
 */
#include "host.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sys.h"
#include "why.h"

#define STARTS_PER_CPU 2 /* one waits for its disk or its database while the other computes */
#define STARTS_LEAST 4	 /* where there are one or two CPUs */

static const struct shortage {
	int error;
	const char *name, *help;
} shortages[] = {
	{ EAGAIN, "EAGAIN", "raise ulimit -u or pids.max" },
	{ ENOMEM, "ENOMEM", "free memory or raise memory.max" },
	{ EMFILE, "EMFILE", "raise ulimit -n" },
	{ ENFILE, "ENFILE", "raise fs.file-max" },
	{ ENOSPC, "ENOSPC", "make room where the run directory is" },
	{ EDQUOT, "EDQUOT", "raise the quota where the run directory is" },
	{ EFBIG, "EFBIG", "raise ulimit -f" },
	{ ENOBUFS, "ENOBUFS", "free memory" },
};

static const struct shortage *
shortage_of(int error)
{
	for (size_t i = 0; i < sizeof(shortages) / sizeof(shortages[0]); i++)
		if (shortages[i].error == error)
			return &shortages[i];
	return NULL;
}

bool
host_is_short(int error)
{
	return shortage_of(error) != NULL;
}

tractor_err
host_refused(int error, const char *call, const char *what)
{
	const struct shortage *shortage = shortage_of(error);

	if (!shortage)
		return tri_why(TRACTOR_ESTART, "%s fails for %s: %s", call, what, strerror(error));
	/* The one that is no matter of disks. */
	const char *help = error == ENOSPC && strcmp(call, "epoll_ctl") == 0
				   ? "raise fs.epoll.max_user_watches"
				   : shortage->help;
	return tri_why(
		TRACTOR_ESYSTEM, "the host refused %s (%s at %s: %s)", what, shortage->name, call, help);
}

void
host_raise_files(struct host_files *files)
{
	struct rlimit limit;

	if (sys.files_limit(&limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	files->before = limit;
	limit.rlim_cur = limit.rlim_max;
	files->raised = sys.set_files_limit(&limit) == 0;
}

void
host_lower_files(struct host_files *files)
{
	if (files->raised)
		sys.set_files_limit(&files->before);
	files->raised = false;
}

const struct rlimit *
host_files_before(const struct host_files *files)
{
	return files->raised ? &files->before : NULL;
}

unsigned
host_starts_at_a_time(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	long starts = cpus * STARTS_PER_CPU;

	return starts > STARTS_LEAST ? (unsigned)starts : STARTS_LEAST;
}
