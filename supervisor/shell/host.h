/* host.h: what the host may refuse, and how much of it we ask for. */
#ifndef TRACTOR_SUPERVISOR_SHELL_HOST_H
#define TRACTOR_SUPERVISOR_SHELL_HOST_H

#include <stdbool.h>
#include <sys/resource.h>

#include <tractor/error.h>

/* Whether `error`, an errno, says that the host is short of something: processes, fds, memory, room on a disk. It may have it later. */
bool host_is_short(int error);

/*
 * A call failed with `error`: what for is "a process", "a pipe"; tractor_why() has it all, with what would help. TRACTOR_ESYSTEM: the host is short of something;
 * TRACTOR_ESTART: it is something else, which trying again won't mend.
 */
tractor_err host_refused(int error, const char *call, const char *what);

/* The soft limit of open fds, while it is raised to the hard one. */
struct host_files {
	bool raised;
	struct rlimit before;
};

/* Raises it. Not being allowed to is fine: then it stays as it is. */
void host_raise_files(struct host_files *files);
/* Puts it back; right for a zeroed one, too. */
void host_lower_files(struct host_files *files);
/* What actors are to have; NULL: what we have. */
const struct rlimit *host_files_before(const struct host_files *files);

/* How many processes may be starting at a time: starting is work for the CPUs more than for anything else. */
unsigned host_starts_at_a_time(void);

#endif
