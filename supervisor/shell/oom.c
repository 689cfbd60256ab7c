/*
 * oom.c: whether a death was the work of the kernel's out-of-memory killer. It leaves no word with those it kills, it only counts them: in each control group (version 2), and on the whole
 * machine. A SIGKILL that nobody owns up to is taken for its own if it has struck, since we last looked, in our control group; where that doesn't tell, or the process had been moved to another
 * one, on the machine, where it may have been for somebody else. What can't be read has not struck.
 */
#include <stdio.h>
#include <string.h>

#include "shell.h"

#define COUNTS_BYTES 16384 /* of /proc/vmstat, twice what kernels write now; the other file is small */
#define BURST_NS \
	SPEC_SECOND /* it may take several at a time, and has counted them all by the first one's death */

/* What the file counts; -1: it can't be read, or doesn't. */
static long
kills_in(const char *file)
{
	char text[COUNTS_BYTES];
	long kills = -1;

	const char *line = procfile_read(file, text, sizeof(text)) > 0 ? strstr(text, "\noom_kill ") : NULL;
	if (line)
		sscanf(line, "\noom_kill %ld", &kills);
	return kills;
}

/* The control group of a process as /proc/<process>/cgroup has it, "0::/path" and a newline; "": it is in groups of version 1, of which a dead process is in none. */
static void
read_group(const char *process, char ret_group[OOM_GROUP_BYTES])
{
	char file[32];

	snprintf(file, sizeof(file), "/proc/%s/cgroup", process);
	if (procfile_read(file, ret_group, OOM_GROUP_BYTES) <= 0 || strncmp(ret_group, "0::/", 4) != 0)
		*ret_group = '\0';
}

static long
kills_in_group(const char *group)
{
	char file[OOM_GROUP_BYTES + sizeof("/sys/fs/cgroup/memory.events")];

	if (!*group)
		return -1;
	snprintf(file, sizeof(file), "/sys/fs/cgroup%.*s/memory.events", (int)strcspn(group + 3, "\n"),
		group + 3);
	return kills_in(file);
}

void
oom_prepare(struct oom *oom)
{
	*oom = (struct oom){ .machine.seen = kills_in("/proc/vmstat") };
	read_group("self", oom->name);
	oom->group.seen = kills_in_group(oom->name);
}

/* True if it has gone up since we last looked, or had just then. */
static bool
has_struck(struct oom_count *count, long kills, int64_t now_ns)
{
	if (count->seen >= 0 && kills > count->seen)
		count->struck_ns = now_ns;
	if (kills >= 0)
		count->seen = kills;
	return count->struck_ns != 0 && now_ns - count->struck_ns <= BURST_NS;
}

const char *
oom_struck(struct oom *oom, pid_t pid, int64_t now_ns)
{
	char process[16], group[OOM_GROUP_BYTES];
	bool in_group = has_struck(&oom->group, kills_in_group(oom->name), now_ns);
	bool on_machine = has_struck(&oom->machine, kills_in("/proc/vmstat"), now_ns);

	if (!in_group && !on_machine)
		return NULL;
	snprintf(process, sizeof(process), "%d", pid);
	read_group(process, group);
	if (oom->group.seen >= 0 && strcmp(group, oom->name) == 0)
		return in_group ? "the out-of-memory killer has struck in its control group" : NULL;
	return on_machine ? "the out-of-memory killer has struck on this machine" : NULL;
}
