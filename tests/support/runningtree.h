/* runningtree.h: a running tree, from a test, through the `tractor` command as a user has it. */
#ifndef TRACTOR_TESTS_RUNNINGTREE_H
#define TRACTOR_TESTS_RUNNINGTREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

/*
 * Where the build put things: the command, the folder of the tests' own actors, that of the examples, and the
 * sources.
 */
const char *tractor_command(void);
const char *test_actors_dir(void);
const char *test_bin_dir(void);
const char *test_source_dir(void);

/* One node, as `status --json` shows it. Numbers that a node does not have are 0, texts "". */
struct seen_node {
	char state[32];
	char last_exit[32];
	pid_t pid;
	int incarnation;
	int restarts;
	int64_t uptime_ms;
	int64_t mailbox;
	int64_t handled;
};

/* Starts `tractor run FILE`; it need not be up yet when this returns. */
struct process *running_tree_start(const char *file);

/* Waits until the tree `name` is running, all of it. */
void expect_tree(const char *name, int64_t deadline_ms);

/* `tractor status --json` of a tree, owned by the caller; NULL if it gives none (the tree is not up, say). */
json_t *running_tree_status(const char *name);

/* The node at `path`; false if the tree does not run or has no such node. */
bool seen_node_read(const char *tree, const char *path, struct seen_node *ret_status);

/* Waits until the node is in `state` and in incarnation `incarnation` or a later one. */
struct seen_node expect_node(
	const char *tree, const char *path, const char *state, int incarnation, int64_t deadline_ms);

#endif
