/*
 * stages.h: a pipeline of durable actors in a tree of this program's own, and whether each stage has had exactly what an undisturbed run would have given it. What is wrong ends the program with a
 * sentence; stages_close() looks for what was left behind.
 */
#ifndef TRACTOR_TESTS_ATOMIC_STAGES_H
#define TRACTOR_TESTS_ATOMIC_STAGES_H

#include <tractor/runtime.h>

#include "stage.h"

#define STAGES_MAX 8

struct stages {
	struct tractor_runtime *runtime;
	size_t count;
	stage_ref refs[STAGES_MAX]; /* the first one's is refs[0] */
	struct tractor_crash_policy policy;
	uint64_t crashes; /* that were reported */
	bool verbose;
	/* what an undisturbed run comes to */
	int64_t told;
	uint64_t digest;
};

/* Prints the sentence and exits with 1; the actors die with this process. */
_Noreturn void stages_fail(const struct stages *stages, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void stages_open(struct stages *stages, size_t count, bool verbose);
/* Tells the first stage the next number. */
void stages_tell(struct stages *stages);
/* Its process, once it has one that runs. */
pid_t stages_pid(struct stages *stages, size_t which);
/* Waits until every stage has had all that was told, in order and once; fails when one has more or something else, or not within a deadline. */
void stages_settle(struct stages *stages);
void stages_close(struct stages *stages);

#endif
