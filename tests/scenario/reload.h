/*
 * reload.h: what the files reload*_test.c share: `tractor reload` of the running tree "t", and who has kept his process.
 */
#ifndef TRACTOR_TESTS_SCENARIO_RELOAD_H
#define TRACTOR_TESTS_SCENARIO_RELOAD_H

#include <stdio.h>
#include <string.h>

#include "trees.h"

/* The file of the running tree, anew: a printf format. */
#define NEW_FILE(...) scenario_write("t.yaml", __VA_ARGS__)

/* `tractor reload` ends with that code, and prints this and nothing else; its words match `err`. */
static inline void
reload(int code, const char *out, const char *err)
{
	struct run_result result = run_command(tractor_command(), "reload", NULL);

	ck_assert_msg(result.exit_code == code, "reload: exit code %d, wanted %d; \"%s\"", result.exit_code,
		code, result.err);
	ck_assert_str_eq(result.out, out);
	expect_match(result.err, err);
	run_result_free(&result);
}

/* The same for --dry-run, with no words. */
static inline void
dry_run(const char *out)
{
	struct run_result result = run_command(tractor_command(), "reload", "--dry-run", NULL);

	ck_assert_msg(result.exit_code == 0, "dry run: exit code %d; \"%s\"", result.exit_code, result.err);
	ck_assert_str_eq(result.out, out);
	run_result_free(&result);
}

static inline void
expect_nobody(const char *path)
{
	struct seen_node node;

	ck_assert(!seen_node_read("t", path, &node));
}

/* Its process is still that one, and its first. */
static inline void
expect_kept(const char *path, pid_t pid)
{
	struct seen_node node = expect_node("t", path, "running", 1, SOON_MS);

	ck_assert_int_eq(node.pid, pid);
	ck_assert_int_eq(node.incarnation, 1);
}

/* Its handler is busy for so long, or until it is woken. */
static inline void
put_to_sleep(struct process *tree, const char *name, int64_t ms)
{
	char path[64], line[64];

	snprintf(path, sizeof(path), "/t/%s", name);
	snprintf(line, sizeof(line), "^/t/%s: asleep$", name);
	tell(path, "victim.nap", "{\"ms\":%lld}", (long long)ms);
	expect_output(tree, line, SOON_MS);
}

/* Until so many messages wait there. */
static inline void
expect_waiting(const char *path, int64_t count)
{
	struct seen_node node = { .mailbox = -1 };

	for (int64_t until = now_ms() + scaled_ms(SOON_MS); node.mailbox < count && now_ms() < until;)
		ck_assert(seen_node_read("t", path, &node));
	ck_assert_int_ge(node.mailbox, count);
}

#endif
