/* ours_tree.h: a tree in this program, as the README's quick start has it, and the asks of which the parent's are measured. The tree is in the current folder and ends with this process. */
#ifndef TRACTOR_TESTS_BENCH_OURS_TREE_H
#define TRACTOR_TESTS_BENCH_OURS_TREE_H

#include <tractor/runtime.h>

#include "ours.h"
#include "samples.h"

struct tree {
	struct tractor_runtime *runtime;
	tractor_ctx *ctx;
	uint64_t running_ns; /* when an actor was last heard to be ready */
	unsigned long running_count,
		spare_count; /* how many came up; how many processes wait to be named, or were */
};

/* Whatever isn't TRACTOR_OK ends the program with its reason. */
void ok(tractor_err err);

void open_tree(struct tree *tree);
/* The path of bench-actor, which is beside this program. */
const char *actor_program(void);
/* One of those. SIGKILL at the end: some of them are in the middle of a flood. */
bench_ref start_actor(struct tree *tree, const char *name);
bench_ref start_actor_with(struct tree *tree, const char *name, const char *const *args);
/* /bench/a<number>. */
bench_ref start_numbered(struct tree *tree, unsigned long number);
pid_t pid_of_numbered(struct tree *tree, unsigned long number);
pid_t pid_of(struct tree *tree, const char *path);
/* The tree's life goes on for so long. */
void live_on(struct tree *tree, uint64_t ms);

struct asked {
	struct tree tree;
	bench_ref ref;
};

/* Asks in a sample: more than one where they take no longer than reading the clock does. */
unsigned batch_of(const struct plan *plan, unsigned long load_bytes);
/* One ask of struct asked. */
void trip(void *asked);

#endif
