/*
 * scenario.h: the fixture of tests with real processes. Each test gets a private folder and leaves nothing
 * behind: the teardown fails a test that left a process, an open fd or a file, and names it.
 *
 * The fixture is a checked one: it runs in the process that libcheck forked for the test, and never in the one
 * that forks.
 */
#ifndef TRACTOR_TESTS_SCENARIO_H
#define TRACTOR_TESTS_SCENARIO_H

#include <stddef.h>

#include <check.h>

#include "leaks.h"
#include "process.h"
#include "runningtree.h"
#include "testclock.h"
#include "unit.h"

#define SCENARIO_CASE_WITH(suite, name, timeout_s, setup, ...) \
	TEST_CASE_WITH(suite, name, timeout_s, setup, scenario_teardown, __VA_ARGS__)

/* A test case of scenarios. */
#define SCENARIO_CASE(suite, name, timeout_s, ...) \
	SCENARIO_CASE_WITH(suite, name, timeout_s, scenario_setup, __VA_ARGS__)

/*
 * Makes the private folder and sets TRACTOR_RUN_DIR to `run` in it and TRACTOR_TEST_ID to this test's mark;
 * makes this process a subreaper and notes its open fds.
 */
void scenario_setup(void);

/*
 * Ends what is still running, looks for leftovers, removes the folder; fails the test over any, and then leaves
 * the folder.
 */
void scenario_teardown(void);

/* What the teardown would complain about; ends running processes as it does. For the harness's own tests. */
void scenario_look(struct findings *ret_findings);

/* The private folder; shorter than 40 bytes, so that socket names fit below it. */
const char *scenario_dir(void);

/* The path of `name` in the folder; valid until the end of the test. */
const char *scenario_path(const char *name);

/*
 * Writes a file of the folder, text from a printf format, and returns its path. The file need not be removed.
 */
const char *scenario_write(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Files that match (fnmatch, path relative to the folder, * matches slashes too) may be left. `pattern` must
 * live on.
 */
void scenario_keep(const char *pattern);

/* This test kills a supervisor: its actors fall to the test process, and their zombies are nobody's fault. */
void scenario_expect_orphans(void);

#endif
