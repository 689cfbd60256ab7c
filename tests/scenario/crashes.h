/*
 * crashes.h: what the tests of crash reports share: a tree "t" of examples/crashy, a report once the unwinder is done with it, and other unwinders.
 */
#ifndef TRACTOR_TESTS_SCENARIO_CRASHES_H
#define TRACTOR_TESTS_SCENARIO_CRASHES_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trees.h"

#define UNWOUND_MS \
	10000 /* five times what the supervisor gives it, for a machine on which it has to wait for its turn */

static inline struct process *
crashy_up(const char *program)
{
	return tree_up("{name: t, intensity: 50, children: [%s]}",
		actor_line_with("crashy", program, "handler_timeout: 1s"));
}

struct wanted_report {
	const char *path;
	int incarnation;
	json_t *report;
};

static inline bool
is_unwound(void *arg)
{
	struct wanted_report *wanted = arg;

	wanted->report = crash_of(wanted->path, wanted->incarnation);
	if (strcmp(text_at(wanted->report, "symbols"), "pending") != 0)
		return true;
	json_decref(wanted->report);
	return false;
}

/* The report of that incarnation's crash, once the unwinder is done with it. */
static inline json_t *
unwound_crash_of(const char *path, int incarnation)
{
	struct wanted_report wanted = { .path = path, .incarnation = incarnation };

	ck_assert_msg(wait_until(UNWOUND_MS, is_unwound, &wanted),
		"the crash of incarnation %d has no names yet", incarnation);
	return wanted.report;
}

/* A shell script, which is the unwinder of the trees from now on. */
static inline void
set_unwinder(const char *script)
{
	const char *path = scenario_write("unwinder", "#!/bin/sh\n%s\n", script);

	ck_assert_int_eq(chmod(path, 0700), 0);
	setenv("TRACTOR_UNWINDER", path, 1);
}

#endif
