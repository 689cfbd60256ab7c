/*
 * scenariofile.h: a file of scenarios in text (`tractor test FILE`): which tree, and which steps of inject, tell, ask and expect are to be taken with it. Reading one is pure but for the files that it
 * names; running one is in scenariorun.h.
 *
 * The file is one YAML document, within the limits of treefile.h: either one scenario, or a list of them, for which its own `tree` and `within` are the defaults.
 */
#ifndef TRACTOR_SUPERVISOR_SCENARIO_SCENARIOFILE_H
#define TRACTOR_SUPERVISOR_SCENARIO_SCENARIOFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "spec.h"
#include "treefile.h"

#define SCENARIO_WITHIN_NS \
	(10 * SPEC_SECOND) /* for whatever is waited for; a restart takes milliseconds, but machines are busy */
#define SCENARIO_TIMES_MAX 100000

/* X(constant, word): one word for each function of <tractor/test.h>. */
#define SCENARIO_STEPS(X)                     \
	X(STEP_INJECT, "inject")              \
	X(STEP_TELL, "tell")                  \
	X(STEP_ASK, "ask")                    \
	X(STEP_RESTARTED, "expect_restarted") \
	X(STEP_UNTOUCHED, "expect_untouched") \
	X(STEP_ESCALATED, "expect_escalated") \
	X(STEP_HEALTHY, "expect_healthy")     \
	X(STEP_NOTHING_LOST, "expect_nothing_lost")

enum step_kind {
#define SCENARIO_STEP_CONSTANT(constant, word) constant,
	SCENARIO_STEPS(SCENARIO_STEP_CONSTANT)
#undef SCENARIO_STEP_CONSTANT
		STEP_KINDS
};

/* A node of the tree, where the file names it. */
struct mention {
	char *path; /* NULL: none */
	int line, column;
};

struct step {
	enum step_kind kind;
	int line, column;
	struct mention whom;
	struct spec_fault fault; /* inject: owned */
	char *message;
	json_t *fields; /* an object; NULL: none */
	json_t *reply;	/* what it must have; NULL: anything */
	tractor_err fails;
	unsigned times;
	char *cause; /* NULL: any */
	unsigned incarnation;
	int64_t within_ns;
};

struct steps {
	struct step *items;
	size_t count;
};

struct scenario {
	char *name;
	int line, column;
	struct mention tree; /* its file, from where we are */
	int64_t within_ns;
	struct steps steps;

	/* every crash there is, in the place of steps */
	bool everywhere;
	struct steps workload, check;
	struct mention *actors;
	size_t actor_count; /* 0: all */
	char *fault;	    /* NULL: the default */
};

struct scenario_file {
	struct scenario *items;
	size_t count;
};

/*
 * Reads a file, and the tree files that it names, and holds one against the other. `report` as in treefile_load(), and the errors are its: EINVAL, ESYSTEM, ENOMEM; also what is wrong with a tree
 * file is in it, at where that is named. To be freed with scenario_free().
 */
tractor_err scenario_load(const char *path, struct treefile_report *report, struct scenario_file *ret_file);
void scenario_free(struct scenario_file *file);

/* The step in a few words: "ask /bank/alice account.balance"; to be freed. NULL: no memory. */
char *scenario_step_text(const struct step *step);

#endif
