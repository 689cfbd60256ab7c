/*
 * scenario.c: the fixture of tests with real processes. Owns the test's folder and what counts as left behind.
 * Knows nothing of tractor but TRACTOR_RUN_DIR. A leftover fails the test, by ck_abort in the teardown; the
 * folder of a test that failed stays, as evidence: what its programs printed is in `output`.
 */
#include "scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_LENGTH_MAX 40 /* a socket's name below it must fit into the 108 bytes of a sun_path */
#define KEEP_MAX 32
#define GRACE_MS 5000 /* for processes whose parent is gone to be gone too: a SIGKILL is on its way to them */

struct path {
	struct path *next;
	char text[];
};

static struct {
	char dir[DIR_LENGTH_MAX];
	char id[64];
	const char *keep[KEEP_MAX];
	size_t keep_count;
	bool orphans;
	struct fd_table fds;
	struct path *paths; /* what scenario_path() gave out */
} scenario;

static void
make_dir(void)
{
	const char *base = getenv("TMPDIR");

	if (base == NULL || *base == '\0' || strlen(base) + sizeof("/tractor-XXXXXX") > DIR_LENGTH_MAX)
		base = "/tmp";
	snprintf(scenario.dir, sizeof(scenario.dir), "%s/tractor-XXXXXX", base);
	ck_assert_msg(mkdtemp(scenario.dir) != NULL, "cannot make %s: %s", scenario.dir, strerror(errno));
	ck_assert_int_eq(mkdir(scenario_path("output"), 0700), 0);
	ck_assert_int_eq(mkdir(scenario_path("run"), 0700), 0);
}

void
scenario_setup(void)
{
	memset(&scenario, 0, sizeof(scenario));
	make_dir();
	scenario_keep("output");
	scenario_keep("run/");
	snprintf(scenario.id, sizeof(scenario.id), "%s", strrchr(scenario.dir, '/') + 1);
	setenv(TEST_ID_VARIABLE, scenario.id, 1);
	setenv("TRACTOR_RUN_DIR", scenario_path("run"), 1);
	unsetenv("TRACTOR_TREE");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fd_table_read(&scenario.fds);
}

static void
free_paths(void)
{
	while (scenario.paths != NULL) {
		struct path *path = scenario.paths;

		scenario.paths = path->next;
		free(path);
	}
}

void
scenario_look(struct findings *ret_findings)
{
	process_close_all(ret_findings);
	leaks_processes(scenario.id, GRACE_MS, scenario.orphans, ret_findings);
	leaks_fds(&scenario.fds, ret_findings);
	leaks_files(scenario.dir, scenario.keep, scenario.keep_count, ret_findings);
}

void
scenario_teardown(void)
{
	struct findings findings = { 0 };

	scenario_look(&findings);
	free_paths();
	if (findings.count > 0)
		ck_abort_msg("left behind (see %s):\n%s", scenario.dir, findings.text);
	leaks_remove_folder(scenario.dir);
}

const char *
scenario_dir(void)
{
	return scenario.dir;
}

const char *
scenario_path(const char *name)
{
	size_t size = strlen(scenario.dir) + strlen(name) + 2;
	struct path *path = malloc(sizeof(*path) + size);

	ck_assert_ptr_nonnull(path);
	snprintf(path->text, size, "%s/%s", scenario.dir, name);
	path->next = scenario.paths;
	scenario.paths = path;
	return path->text;
}

const char *
scenario_write(const char *name, const char *format, ...)
{
	const char *path = scenario_path(name);
	FILE *file = fopen(path, "we");
	va_list args;

	ck_assert_msg(file != NULL, "cannot write %s: %s", path, strerror(errno));
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	ck_assert_int_eq(fclose(file), 0);
	scenario_keep(path + strlen(scenario.dir) + 1);
	return path;
}

void
scenario_keep(const char *pattern)
{
	ck_assert_uint_lt(scenario.keep_count, KEEP_MAX);
	scenario.keep[scenario.keep_count++] = pattern;
}

void
scenario_expect_orphans(void)
{
	scenario.orphans = true;
}
