/*
 * runningtree.c: a tree as its user sees it, through `tractor run` and `tractor status --json`. Knows the contract's
 * names and the places that the build gave; nothing of the inside. What does not come true by its deadline
 * fails the test, with the tree's last status.
 */
#include "runningtree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "process.h"
#include "testclock.h"

const char *
tractor_command(void)
{
	return TEST_TRACTOR_COMMAND;
}

const char *
test_actors_dir(void)
{
	return TEST_ACTORS_DIR;
}

const char *
test_bin_dir(void)
{
	return TEST_BIN_DIR;
}

const char *
test_source_dir(void)
{
	return TEST_SOURCE_DIR;
}

struct process *
running_tree_start(const char *file)
{
	return process_start(tractor_command(), "run", file, NULL);
}

json_t *
running_tree_status(const char *name)
{
	struct run_result result = run_command(tractor_command(), "status", "--json", "-t", name, NULL);
	json_t *status = result.exit_code == 0 ? json_loads(result.out, 0, NULL) : NULL;

	run_result_free(&result);
	return status;
}

/* The node at `path`, below `node` or itself; borrowed, NULL if there is none. */
static const json_t *
find_node(const json_t *node, const char *path) /* NOLINT(misc-no-recursion) */
{
	const char *own_path = json_string_value(json_object_get(node, "path"));
	const json_t *child;
	size_t i;

	if (own_path != NULL && strcmp(own_path, path) == 0)
		return node;
	json_array_foreach(json_object_get(node, "children"), i, child)
	{
		const json_t *found = find_node(child, path);

		if (found != NULL)
			return found;
	}
	return NULL;
}

static void
copy_text(const json_t *node, const char *key, char *ret_text, size_t size)
{
	const char *text = json_string_value(json_object_get(node, key));

	snprintf(ret_text, size, "%s", text == NULL ? "" : text);
}

static json_int_t
number(const json_t *node, const char *key)
{
	return json_integer_value(json_object_get(node, key));
}

bool
seen_node_read(const char *tree, const char *path, struct seen_node *ret_status)
{
	json_t *status = running_tree_status(tree);
	const json_t *node = find_node(json_object_get(status, "root"), path);

	if (node != NULL) {
		copy_text(node, "state", ret_status->state, sizeof(ret_status->state));
		copy_text(node, "last_exit", ret_status->last_exit, sizeof(ret_status->last_exit));
		ret_status->pid = (pid_t)number(node, "pid");
		ret_status->incarnation = (int)number(node, "incarnation");
		ret_status->restarts = (int)number(node, "restarts");
		ret_status->uptime_ms = number(node, "uptime_ms");
		ret_status->mailbox = number(node, "mailbox");
		ret_status->handled = number(node, "handled");
	}
	json_decref(status);
	return node != NULL;
}

struct wanted_node {
	const char *tree;
	const char *path;
	const char *state;
	int incarnation;
	struct seen_node seen;
};

static bool
is_as_wanted(void *arg)
{
	struct wanted_node *wanted = arg;

	return seen_node_read(wanted->tree, wanted->path, &wanted->seen) &&
	       strcmp(wanted->seen.state, wanted->state) == 0 &&
	       wanted->seen.incarnation >= wanted->incarnation;
}

struct seen_node
expect_node(const char *tree, const char *path, const char *state, int incarnation, int64_t deadline_ms)
{
	struct wanted_node wanted = {
		.tree = tree, .path = path, .state = state, .incarnation = incarnation
	};

	if (!wait_until(deadline_ms, is_as_wanted, &wanted))
		ck_abort_msg(
			"%s: wanted %s, incarnation %d; last seen: \"%s\", incarnation %d, last exit \"%s\"",
			path, state, incarnation, wanted.seen.state, wanted.seen.incarnation,
			wanted.seen.last_exit);
	return wanted.seen;
}

/* Supervisors have no incarnation that matters here; their state says whether all of their children are up. */
void
expect_tree(const char *name, int64_t deadline_ms)
{
	char path[128];

	snprintf(path, sizeof(path), "/%s", name);
	expect_node(name, path, "running", 0, deadline_ms);
}
