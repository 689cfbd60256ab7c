/*
 * leaks.h: what a test left behind: processes, open fds, files. Finds and names; whether that is a failure is
 * the caller's to say.
 */
#ifndef TRACTOR_TESTS_LEAKS_H
#define TRACTOR_TESTS_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Set in the environment of everything that a test starts; tells its processes from everybody else's. */
#define TEST_ID_VARIABLE "TRACTOR_TEST_ID"

/*
 * Sentences, one a line, each about one thing that was left behind. Zeroed: none. What does not fit is counted
 * all the same.
 */
struct findings {
	size_t count;
	size_t length;
	char text[2048];
};

void findings_add(struct findings *findings, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define FD_TABLE_MAX 256

struct fd_table {
	size_t count;
	struct open_fd {
		int number;
		dev_t device;
		ino_t inode;
		char target[96]; /* as /proc/self/fd shows it: a path, or kind and inode */
	} fds[FD_TABLE_MAX];
};

/* The fds that this process has open now. */
void fd_table_read(struct fd_table *ret_table);

/* Adds every fd that is open now and was not in `before` (or was open on something else) to `ret_findings`. */
void leaks_fds(const struct fd_table *before, struct findings *ret_findings);

/*
 * Adds every process that still is: a descendant of this one (it must be a subreaper, so that none can get
 * away), or one with `test_id` in its environment. Waits up to grace_ms (scaled) for them to end by themselves;
 * those that do not are killed, after they were noted. A zombie is a finding too, since whoever started it did
 * not reap it; with `orphans` (their supervisor was killed by the test, and they fell to this process) zombies
 * are just reaped.
 */
void leaks_processes(const char *test_id, int64_t grace_ms, bool orphans, struct findings *ret_findings);

/*
 * Adds every file below `dir` that is neither in a folder named `crashes` or `logs` nor matched by one of the
 * `keep_count` patterns (fnmatch, on the path relative to dir), and every folder that holds nothing which may
 * stay. A pattern such as `run/` lets that one folder stay, and not what is in it. `dir` itself may be empty.
 */
void leaks_files(const char *dir, const char *const *keep, size_t keep_count, struct findings *ret_findings);

/* Removes `dir` and all that is in it. */
void leaks_remove_folder(const char *dir);

#endif
