/*
 * logsweep.c: the logs of those that are no more. An actor's log is bounded, but not how many names there are in the long run: members of pools come and go. It knows no tree, only files and
 * when they were written. Runs in the log writer's thread; without memory nothing is removed.
 */
#include "logsweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "logrotation.h"
#include "spec.h"
#include "sys.h"

struct log {
	struct timespec written;
	char *path;
};

struct sweep {
	struct log *logs;
	size_t count, room;
	bool whole; /* all of them are in the list */
};

static void
note(struct sweep *sweep, const char *path, const struct stat *about)
{
	if (sweep->count == sweep->room) {
		size_t room = sweep->room > 0 ? 2 * sweep->room : 64;
		struct log *logs = reallocarray(sweep->logs, room, sizeof(*logs));
		sweep->whole = sweep->whole && logs;
		if (!logs)
			return;
		sweep->logs = logs;
		sweep->room = room;
	}
	char *copy = strdup(path);
	sweep->whole = sweep->whole && copy;
	if (copy)
		sweep->logs[sweep->count++] = (struct log){ .written = about->st_mtim, .path = copy };
}

static bool
is_log(const char *name)
{
	size_t length = strlen(name), suffix = strlen(LOGROTATION_SUFFIX);

	return length > suffix && strcmp(name + length - suffix, LOGROTATION_SUFFIX) == 0;
}

/* No deeper than a tree can be. `path` has room for more behind it. */
static void
look_into(struct sweep *sweep, char *path, int depth)
{
	size_t length = strlen(path);
	int fd = sys.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *directory = fd < 0 ? NULL : sys.fdopendir(fd);
	struct stat about;

	if (!directory && fd >= 0)
		sys.close(fd);
	if (!directory)
		return;
	for (struct dirent *entry; (entry = sys.readdir(directory));) {
		if (entry->d_name[0] == '.' || snprintf(path + length, LOGSWEEP_PATH_BYTES - length, "/%s",
						       entry->d_name) >= (int)(LOGSWEEP_PATH_BYTES - length))
			continue;
		if (sys.lstat(path, &about) < 0)
			continue;
		if (S_ISDIR(about.st_mode) && depth < SPEC_DEPTH_MAX)
			look_into(sweep, path, depth + 1);
		else if (S_ISREG(about.st_mode) && is_log(entry->d_name))
			note(sweep, path, &about);
	}
	sys.closedir(directory);
	path[length] = '\0';
}

static int
by_time(const void *a, const void *b)
{
	const struct timespec *left = &((const struct log *)a)->written,
			      *right = &((const struct log *)b)->written;

	if (left->tv_sec != right->tv_sec)
		return left->tv_sec < right->tv_sec ? -1 : 1;
	return (left->tv_nsec > right->tv_nsec) - (left->tv_nsec < right->tv_nsec);
}

/* All its files; and the folder, if it was the last that was in it. */
static void
remove_log(const char *path)
{
	char name[LOGSWEEP_PATH_BYTES];

	for (unsigned number = 0; logrotation_name(path, number, name, sizeof(name)) && sys.unlink(name) == 0;
		number++)
		;
	snprintf(name, sizeof(name), "%.*s", (int)(strrchr(path, '/') - path), path);
	sys.rmdir(name);
}

unsigned
logsweep(const char *folder, unsigned most)
{
	struct sweep sweep = { .whole = true };
	char path[LOGSWEEP_PATH_BYTES];
	size_t removed = 0;

	snprintf(path, sizeof(path), "%s", folder);
	look_into(&sweep, path, 0);
	if (sweep.count > most)
		qsort(sweep.logs, sweep.count, sizeof(*sweep.logs), by_time);
	for (; sweep.whole && sweep.count - removed > most; removed++)
		remove_log(sweep.logs[removed].path);
	for (size_t i = 0; i < sweep.count; i++)
		free(sweep.logs[i].path);
	free(sweep.logs);
	return (unsigned)(sweep.count - removed);
}
