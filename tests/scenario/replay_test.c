/*
 * replay_test.c: `tractor replay`: what has crashed crashes again, in the same way and the same place, with nothing of the tree around it; below a debugger, too; from a bundle, elsewhere. And what is not the
 * same is said not to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trees.h"

/* A sanitizer has its own ways with crashy's faults. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

#define REPLAY_MS 30000 /* a start, a crash and what the unwinder takes, where others have the CPUs */

/* --- replaying --- */

struct wanted_crash {
	const char *path;
	int incarnation;
	json_t *report;
};

static bool
is_unwound(void *arg)
{
	struct wanted_crash *wanted = arg;

	wanted->report = crash_of(wanted->path, wanted->incarnation);
	if (strcmp(text_at(wanted->report, "symbols"), "pending") != 0)
		return true;
	json_decref(wanted->report);
	return false;
}

/* The id of that incarnation's crash, once its report is complete. Valid until the next call. */
static const char *
crash_id(const char *path, int incarnation)
{
	static char id[128];
	struct wanted_crash wanted = { .path = path, .incarnation = incarnation };

	ck_assert_msg(wait_until(REPLAY_MS, is_unwound, &wanted),
		"the crash of incarnation %d has no names yet", incarnation);
	snprintf(id, sizeof(id), "%s", text_at(wanted.report, "id"));
	json_decref(wanted.report);
	return id;
}

/* `tractor replay` with these words: its exit code, and what it said. */
static void
expect_replay(int code, const char *out, const char *err, const char *const *words)
{
	const char *argv[24] = { tractor_command(), "replay" };
	size_t count = 2;

	while (*words)
		argv[count++] = *words++;
	struct process *replay = process_start_with(&(struct process_options){ .argv = argv });
	int status = process_wait(replay, REPLAY_MS);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == code, "exit code %d, not %d:\n%s%s",
		WEXITSTATUS(status), code, process_output(replay), process_errors(replay));
	if (out)
		expect_match(process_output(replay), out);
	if (err)
		expect_match(process_errors(replay), err);
	process_close(replay);
}

#define EXPECT_REPLAY(code, out, err, ...) \
	expect_replay(code, out, err, (const char *const[]){ __VA_ARGS__, NULL })

/* --- each way to die --- */

static const struct way {
	const char *message, *cause, *function;
} ways[] = {
	{ "null_dereference", "signal, SIGSEGV", "crashy_on_null_dereference at crashy\\.c:[0-9]+" },
	{ "stack_overflow", "signal, SIGSEGV", "dig at crashy\\.c:[0-9]+" },
	{ "division_by_zero", "signal, SIGFPE", "crashy_on_division_by_zero at crashy\\.c:[0-9]+" },
	{ "heap_corruption", "signal, SIGABRT", "crashy_on_heap_corruption at crashy\\.c:[0-9]+" },
	{ "endless_loop", "deadline, SIGABRT", "crashy_on_endless_loop at crashy\\.c:[0-9]+" },
	{ "exit", "exit", "crashy_on_exit at crashy\\.c:[0-9]+" },
	{ "panic", "panic, SIGABRT", "crashy_on_panic at crashy\\.c:[0-9]+" },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static struct process *
crashy_up(const char *program)
{
	return tree_up("{name: t, intensity: 50, children: [%s]}",
		actor_line_with("crashy", program, "handler_timeout: 300ms"));
}

/* While the tree runs, and when it has gone. `place` NULL: the function and its line. */
static void
every_way_again(const char *program, const char *place)
{
	struct process *tree = crashy_up(program);
	char ids[WAYS][128], message[64], same[256];

	for (size_t i = 0; i < WAYS; i++) {
		snprintf(message, sizeof(message), "crashy.%s", ways[i].message);
		tell("/t/crashy", message, "{}");
		snprintf(ids[i], sizeof(ids[i]), "%s", crash_id("/t/crashy", (int)i + 1));
		expect_node("t", "/t/crashy", "running", (int)i + 2, SOON_MS);
	}
	EXPECT_REPLAY(0, "^crashed again in the same way: signal, SIGSEGV in ",
		"in the state that it was in$", ids[0]);
	tree_down(tree);
	for (size_t i = 0; i < WAYS; i++) {
		snprintf(message, sizeof(message), "it is given crashy\\.%s .* from a program",
			ways[i].message);
		snprintf(same, sizeof(same), "^crashed again in the same way: %s in %s$", ways[i].cause,
			place ? place : ways[i].function);
		EXPECT_REPLAY(0, same, message, "-t", "t", ids[i]);
	}
}

START_TEST(each_way_to_die_again_with_debug_information)
{
	every_way_again("crashy_debug", NULL);
}
END_TEST

START_TEST(each_way_to_die_again_stripped)
{
	every_way_again("crashy_stripped", "crashy_stripped\\+0x[0-9a-f]+");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("replay");

	if (!IS_SANITIZED)
		SCENARIO_CASE(suite, "ways to die", 120, each_way_to_die_again_with_debug_information,
			each_way_to_die_again_stripped);
	return suite;
}
