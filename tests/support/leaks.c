/*
 * leaks.c: looks for fds and processes in /proc and for files below a folder. Knows nothing of libcheck: it
 * writes sentences, so that its own tests can read them. What vanishes while it looks (a process that ends, a
 * file that is removed) was no leak. Where /proc cannot be read at all the test program is aborted.
 */
#include "leaks.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testclock.h"

#define PROCESSES_MAX 4096
#define ANCESTORS_MAX 64 /* a chain of parents longer than this is a process table that changed under us */

void
findings_add(struct findings *findings, const char *format, ...)
{
	size_t room = sizeof(findings->text) - findings->length;
	va_list args;

	findings->count++;
	va_start(args, format);
	int wanted = vsnprintf(findings->text + findings->length, room, format, args);
	va_end(args);
	if (wanted < 0 || (size_t)wanted + 1 >= room) {
		findings->text[findings->length] = '\0';
		return;
	}
	findings->length += (size_t)wanted;
	findings->text[findings->length++] = '\n';
	findings->text[findings->length] = '\0';
}

static DIR *
open_or_abort(const char *path)
{
	DIR *dir = opendir(path);

	if (dir == NULL) {
		perror(path);
		abort();
	}
	return dir;
}

/* --- fds --- */

void
fd_table_read(struct fd_table *ret_table)
{
	DIR *dir = open_or_abort("/proc/self/fd");
	const struct dirent *entry;

	ret_table->count = 0;
	while ((entry = readdir(dir)) != NULL && ret_table->count < FD_TABLE_MAX) {
		struct open_fd *fd = &ret_table->fds[ret_table->count];
		ssize_t length = readlinkat(dirfd(dir), entry->d_name, fd->target, sizeof(fd->target) - 1);

		struct stat status;

		if (length < 0)
			continue;
		fd->target[length] = '\0';
		fd->number = atoi(entry->d_name);
		if (fstat(fd->number, &status) != 0)
			continue;
		fd->device = status.st_dev;
		fd->inode = status.st_ino;
		if (fd->number != dirfd(dir))
			ret_table->count++;
	}
	closedir(dir);
}

/* A file's path may read otherwise than before: it was moved, or a test has left for a mount namespace. What has no path shares its inode. */
static bool
is_same(const struct open_fd *a, const struct open_fd *b)
{
	if (a->number != b->number || a->device != b->device || a->inode != b->inode)
		return false;
	return *a->target == '/' || strcmp(a->target, b->target) == 0;
}

static bool
was_open(const struct fd_table *before, const struct open_fd *fd)
{
	for (size_t i = 0; i < before->count; i++) {
		if (is_same(fd, &before->fds[i]))
			return true;
	}
	return false;
}

void
leaks_fds(const struct fd_table *before, struct findings *ret_findings)
{
	struct fd_table now;

	fd_table_read(&now);
	for (size_t i = 0; i < now.count; i++) {
		if (!was_open(before, &now.fds[i]))
			findings_add(ret_findings, "fd %d is open: %s", now.fds[i].number, now.fds[i].target);
	}
}

/* --- processes --- */

struct process_row {
	pid_t pid;
	pid_t parent;
	char state;
	char name[32];
};

struct process_table {
	size_t count;
	struct process_row rows[PROCESSES_MAX];
};

/* Reads up to size - 1 bytes of /proc/PID/FILE into ret_text and ends them with NUL; their number, or -1. */
static ssize_t
read_proc(pid_t pid, const char *file, char *ret_text, size_t size)
{
	char path[64];
	size_t length = 0;
	ssize_t got = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (length < size - 1 && (got = read(fd, ret_text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	ret_text[length] = '\0';
	return got < 0 ? -1 : (ssize_t)length;
}

/* "PID (NAME) STATE PARENT ...": the name may hold spaces and parentheses, so it ends at the last one. */
static bool
read_process(pid_t pid, struct process_row *ret_row)
{
	char text[512];
	int parent;

	if (read_proc(pid, "stat", text, sizeof(text)) <= 0)
		return false;
	char *name = strchr(text, '(');
	char *end = strrchr(text, ')');
	if (name == NULL || end == NULL || sscanf(end + 1, " %c %d", &ret_row->state, &parent) != 2)
		return false;
	*end = '\0';
	snprintf(ret_row->name, sizeof(ret_row->name), "%.31s", name + 1);
	ret_row->pid = pid;
	ret_row->parent = parent;
	return true;
}

static void
process_table_read(struct process_table *ret_table)
{
	DIR *dir = open_or_abort("/proc");
	const struct dirent *entry;

	ret_table->count = 0;
	while ((entry = readdir(dir)) != NULL && ret_table->count < PROCESSES_MAX) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && read_process(pid, &ret_table->rows[ret_table->count]))
			ret_table->count++;
	}
	closedir(dir);
}

static pid_t
parent_of(const struct process_table *table, pid_t pid)
{
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].pid == pid)
			return table->rows[i].parent;
	}
	return 0;
}

static bool
is_descendant(const struct process_table *table, pid_t pid)
{
	for (int i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		pid = parent_of(table, pid);
		if (pid == getpid())
			return true;
	}
	return false;
}

static bool
has_mark(pid_t pid, const char *test_id)
{
	static char environment
		[1 << 18]; /* far above what a test's environment takes; static, for the stack's sake */
	char mark[128];

	ssize_t length = read_proc(pid, "environ", environment, sizeof(environment));
	int mark_length = snprintf(mark, sizeof(mark), TEST_ID_VARIABLE "=%s", test_id);
	for (const char *entry = environment; entry < environment + length; entry += strlen(entry) + 1) {
		if (strncmp(entry, mark, (size_t)mark_length + 1) == 0)
			return true;
	}
	return false;
}

/* The rows of `table` that belong to the test are moved to its front, and the others dropped. */
static void
keep_own(struct process_table *table, const char *test_id)
{
	static bool is_own[PROCESSES_MAX];
	size_t kept = 0;

	for (size_t i = 0; i < table->count; i++) {
		pid_t pid = table->rows[i].pid;

		is_own[i] = pid != getpid() && (is_descendant(table, pid) || has_mark(pid, test_id));
	}
	for (size_t i = 0; i < table->count; i++) {
		if (is_own[i])
			table->rows[kept++] = table->rows[i];
	}
	table->count = kept;
}

static void
reap_dead(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}

struct process_search {
	const char *test_id;
	bool orphans;
	struct process_table table;
};

static bool
none_left(void *arg)
{
	struct process_search *search = arg;

	if (search->orphans)
		reap_dead();
	process_table_read(&search->table);
	keep_own(&search->table, search->test_id);
	return search->table.count == 0;
}

static void
report_and_kill(const struct process_row *row, struct findings *ret_findings)
{
	if (row->state == 'Z') {
		findings_add(
			ret_findings, "process %d (%s) ended and was never reaped", (int)row->pid, row->name);
		return;
	}
	findings_add(ret_findings, "process %d (%s) is still running, state %c", (int)row->pid, row->name,
		row->state);
	kill(row->pid, SIGKILL);
}

void
leaks_processes(const char *test_id, int64_t grace_ms, bool orphans, struct findings *ret_findings)
{
	static struct process_search search;

	search.test_id = test_id;
	search.orphans = orphans;
	if (wait_until(grace_ms, none_left, &search))
		return;
	for (size_t i = 0; i < search.table.count; i++)
		report_and_kill(&search.table.rows[i], ret_findings);
	search.orphans = true;
	wait_until(grace_ms, none_left, &search);
}

/* --- files --- */

struct file_search {
	const char *const *keep;
	size_t keep_count;
	size_t root_length; /* of the folder that paths are relative to, its slash included */
	struct findings *findings;
};

/* A pattern that ends in a slash keeps a folder, but not what is in it. */
static bool
is_kept_empty(const struct file_search *search, const char *relative)
{
	size_t length = strlen(relative);

	for (size_t i = 0; i < search->keep_count; i++) {
		const char *pattern = search->keep[i];

		if (strncmp(pattern, relative, length) == 0 && strcmp(pattern + length, "/") == 0)
			return true;
	}
	return false;
}

static bool
may_stay(const struct file_search *search, const char *relative)
{
	for (size_t i = 0; i < search->keep_count; i++) {
		if (fnmatch(search->keep[i], relative, 0) == 0)
			return true;
	}
	return strcmp(relative, "crashes") == 0 || fnmatch("*/crashes", relative, 0) == 0 ||
	       strcmp(relative, "logs") == 0 || fnmatch("*/logs", relative, 0) == 0;
}

/* What is below `path`: leftovers are noted; true if something is there that may stay. */
static bool
search_folder(const struct file_search *search, const char *path) /* NOLINT(misc-no-recursion) */
{
	char entry_path[PATH_MAX];
	const struct dirent *entry;
	bool has_kept = false;
	DIR *dir = opendir(path);

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct stat status;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(entry_path, sizeof(entry_path), "%s/%s", path, entry->d_name);
		if (lstat(entry_path, &status) != 0)
			continue;
		const char *relative = entry_path + search->root_length;
		bool is_dir = S_ISDIR(status.st_mode);
		bool stays = may_stay(search, relative);
		if (!stays && is_dir)
			stays = search_folder(search, entry_path) || is_kept_empty(search, relative);
		if (!stays)
			findings_add(search->findings, "%s %s is left", is_dir ? "folder" : "file", relative);
		has_kept = has_kept || stays;
	}
	if (dir != NULL)
		closedir(dir);
	return has_kept;
}

void
leaks_files(const char *dir, const char *const *keep, size_t keep_count, struct findings *ret_findings)
{
	const struct file_search search = {
		.keep = keep,
		.keep_count = keep_count,
		.root_length = strlen(dir) + 1,
		.findings = ret_findings,
	};

	search_folder(&search, dir);
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	remove(path);
	return 0;
}

void
leaks_remove_folder(const char *dir)
{
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
