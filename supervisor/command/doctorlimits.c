/*
 * doctorlimits.c: what there is of each thing that actors take, how much of it is taken, and what would raise it: limits of the machine, of the user, of this process's control groups (either version), and of
 * what it inherited. What can't be read, or is not there, limits nothing.
 */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "doctor.h"
#include "shell.h"

#define KIB 1024
#define FILE_BYTES (PATH_MAX + 64) /* a folder's path and one of the names below */
#define TEXT_BYTES 16384	   /* of a file of the kernel's: twice what the longest of these has */

/* The kernel gives out the lowest numbers once only, when it begins. */
#define PIDS_RESERVED 300

/* The largest that a 64-bit kernel takes. */
#define PID_MAX_MOST 4194304

struct limits {
	struct capacity_limit *items;
	size_t count;
};

/* What is no limit is left out. */
static void __attribute__((format(printf, 6, 7))) add(struct limits *limits, const char *name,
	enum capacity_kind kind, uint64_t most, uint64_t taken, const char *help, ...)
{
	if (most == CAPACITY_UNLIMITED || limits->count == DOCTOR_LIMITS_MAX)
		return;
	struct capacity_limit *limit = &limits->items[limits->count++];
	*limit = (struct capacity_limit){ .name = name, .kind = kind, .most = most, .taken = taken };
	va_list args;
	va_start(args, help);
	vsnprintf(limit->help, sizeof(limit->help), help, args);
	va_end(args);
}

/* --- reading --- */

uint64_t
doctor_field(const char *file, const char *name)
{
	char text[TEXT_BYTES];
	uint64_t value;

	if (procfile_read(file, text, sizeof(text)) <= 0 || !capacity_field(text, name, &value))
		return 0;
	return value;
}

/* CAPACITY_UNLIMITED: it can't be read, too. */
static uint64_t
number_in(const char *file)
{
	char text[64];
	uint64_t value;

	if (procfile_read(file, text, sizeof(text)) <= 0 || !capacity_number(text, &value))
		return CAPACITY_UNLIMITED;
	return value;
}

/* "0.00 0.01 0.05 1/119 25421": of 119 one runs. */
uint64_t
doctor_threads(void)
{
	char text[128];
	const char *at;

	if (procfile_read("/proc/loadavg", text, sizeof(text)) <= 0 || (at = strchr(text, '/')) == NULL)
		return 0;
	return strtoull(at + 1, NULL, 10);
}

/* --- the machine's --- */

static void
add_machine(struct limits *limits, const struct doctor_cost *cost)
{
	uint64_t threads = doctor_threads(), pid_max = number_in("/proc/sys/kernel/pid_max"),
		 threads_max = number_in("/proc/sys/kernel/threads-max"),
		 map_count = number_in("/proc/sys/vm/max_map_count"),
		 memory = doctor_field("/proc/meminfo", "MemTotal") * KIB,
		 available = doctor_field("/proc/meminfo", "MemAvailable") * KIB;

	add(limits, "kernel.pid_max", CAPACITY_THREADS, pid_max, threads + PIDS_RESERVED,
		"sysctl -w kernel.pid_max=%d", PID_MAX_MOST);
	add(limits, "kernel.threads-max", CAPACITY_THREADS, threads_max, threads,
		"sysctl -w kernel.threads-max=%" PRIu64, threads_max * 2);
	add(limits, "vm.max_map_count", CAPACITY_MAPPINGS, map_count, cost->mappings_taken,
		"sysctl -w vm.max_map_count=%" PRIu64, map_count * 2);
	if (available > 0)
		add(limits, "memory", CAPACITY_MEMORY, memory, capacity_room(memory, available),
			"more memory, or less of it in other programs");
}

/* --- the user's, and inherited ones --- */

/* Of all threads that there are of this user, as far as they can be seen. */
static uint64_t
threads_of_user(void)
{
	DIR *processes = opendir("/proc");
	uint64_t threads = 0, user, count;
	char path[64], text[TEXT_BYTES];

	if (processes == NULL)
		return 0;
	for (const struct dirent *process; (process = readdir(processes)) != NULL;) {
		long pid = strtol(process->d_name, NULL, 10);
		snprintf(path, sizeof(path), "/proc/%ld/status", pid);
		if (pid > 0 && procfile_read(path, text, sizeof(text)) > 0 &&
			capacity_field(text, "Uid", &user) && user == getuid() &&
			capacity_field(text, "Threads", &count))
			threads += count;
	}
	closedir(processes);
	return threads;
}

/* The kernel lets root have any number, but not who is root in a user namespace only. */
static bool
is_root(void)
{
	char text[128];
	unsigned inside, outside;

	return getuid() == 0 && procfile_read("/proc/self/uid_map", text, sizeof(text)) > 0 &&
	       sscanf(text, "%u %u", &inside, &outside) == 2 && inside == 0 && outside == 0;
}

static void
add_threads_of_user(struct limits *limits)
{
	struct rlimit limit;

	if (is_root() || getrlimit(RLIMIT_NPROC, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return;
	if (limit.rlim_cur < limit.rlim_max)
		add(limits, "RLIMIT_NPROC", CAPACITY_THREADS, limit.rlim_cur, threads_of_user(),
			"ulimit -Su $(ulimit -Hu)");
	else
		add(limits, "RLIMIT_NPROC", CAPACITY_THREADS, limit.rlim_cur, threads_of_user(),
			"nproc in /etc/security/limits.conf, or LimitNPROC= of a systemd unit");
}

/* The hard one: the supervisor raises the other. */
static void
add_files(struct limits *limits, const struct doctor_cost *cost)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max != RLIM_INFINITY)
		add(limits, "RLIMIT_NOFILE", CAPACITY_FDS, limit.rlim_max, cost->fds_taken,
			"nofile in /etc/security/limits.conf, LimitNOFILE= of a systemd unit, or as root ulimit -n %" PRIu64,
			(uint64_t)limit.rlim_max * 2);
}

/* --- control groups --- */

/* Where a version keeps which limit. */
static const struct controller {
	const char *words; /* in /proc/self/cgroup */
	const char *folder;
	const char *name; /* of the limit, and its file */
	enum capacity_kind kind;
	const char *taken; /* file */
	const char *
		given_up; /* line of memory.stat: what is given up before anybody is refused; NULL: nothing */
} controllers[] = {
	{ "", "/sys/fs/cgroup", "pids.max", CAPACITY_THREADS, "pids.current", NULL },
	{ "pids", "/sys/fs/cgroup/pids", "pids.max", CAPACITY_THREADS, "pids.current", NULL },
	{ "", "/sys/fs/cgroup", "memory.max", CAPACITY_MEMORY, "memory.current", "inactive_file" },
	{ "memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", CAPACITY_MEMORY,
		"memory.usage_in_bytes", "total_inactive_file" },
};

static const char *
group_file(const char *folder, const char *name, char path[FILE_BYTES])
{
	snprintf(path, FILE_BYTES, "%s/%s", folder, name);
	return path;
}

static uint64_t
taken_of(const struct controller *controller, const char *folder)
{
	char path[FILE_BYTES];
	uint64_t taken = number_in(group_file(folder, controller->taken, path)), given_up = 0;

	if (taken == CAPACITY_UNLIMITED)
		return 0;
	if (controller->given_up != NULL)
		given_up = doctor_field(group_file(folder, "memory.stat", path), controller->given_up);
	return capacity_room(taken, given_up);
}

/* Of this group and all above it the one with the least room: each holds for all below. A group that can't be seen from in here (a container's, by its path outside) is passed over. */
static void
add_group(struct limits *limits, const struct controller *controller, char *folder)
{
	char path[FILE_BYTES], tightest[FILE_BYTES] = "";
	uint64_t most = CAPACITY_UNLIMITED, taken = 0;

	for (size_t root = strlen(controller->folder); strlen(folder) >= root; *strrchr(folder, '/') = '\0') {
		uint64_t here = number_in(group_file(folder, controller->name, path));
		uint64_t taken_here = taken_of(controller, folder);
		if (capacity_room(here, taken_here) >= capacity_room(most, taken))
			continue;
		most = here;
		taken = taken_here;
		snprintf(tightest, sizeof(tightest), "%s", path);
	}
	add(limits, controller->name, controller->kind, most, taken, "raise what is in %.400s", tightest);
}

static void
add_groups(struct limits *limits)
{
	char text[TEXT_BYTES], folder[PATH_MAX];
	size_t length;

	if (procfile_read("/proc/self/cgroup", text, sizeof(text)) <= 0)
		return;
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		const char *path = capacity_group(text, controllers[i].words, &length);
		if (path == NULL || length >= PATH_MAX / 2)
			continue;
		snprintf(folder, sizeof(folder), "%s%.*s", controllers[i].folder, (int)length, path);
		if (folder[strlen(folder) - 1] == '/')
			folder[strlen(folder) - 1] = '\0';
		add_group(limits, &controllers[i], folder);
	}
}

size_t
doctor_limits(const struct doctor_cost *cost, struct capacity_limit ret_limits[DOCTOR_LIMITS_MAX])
{
	struct limits limits = { .items = ret_limits };

	add_machine(&limits, cost);
	add_threads_of_user(&limits);
	add_files(&limits, cost);
	add_groups(&limits);
	return limits.count;
}
