/* scenariorun.h: one scenario, run with real processes by libtractor-test. */
#ifndef TRACTOR_SUPERVISOR_SCENARIO_SCENARIORUN_H
#define TRACTOR_SUPERVISOR_SCENARIO_SCENARIORUN_H

#include "scenariofile.h"

/* Somebody who wants to see it happen. */
struct scenario_watcher {
	void (*on_text)(void *arg,
		const char
			*text); /* a step that begins, an event, a line that an actor printed; NULL: nobody */
	void *arg;
};

struct scenario_outcome {
	bool passed;
	int signal; /* that ended it, in order; 0: none */
	int64_t took_ms;
	unsigned runs, crashes; /* of crash_everywhere */
	/* Only if it has failed. */
	int line, column; /* of the step, else of the scenario */
	char *step;	  /* in a few words; "" */
	char *report;	  /* what was expected, what is, and what had happened; lines */
	char *folder;	  /* where the crash reports are; NULL: there are none */
};

/*
 * Runs it in a folder of its own below the temporary one, which is removed again unless there are crash reports of a failure in it. SIGINT, SIGTERM and SIGHUP must be blocked: the first one stops the
 * tree in order. Blocks as long as the steps take. To be freed with scenario_outcome_free(), also if it has passed. TRACTOR_ENOMEM, TRACTOR_ESYSTEM: it could not be run; tractor_why().
 */
tractor_err scenario_run(const struct scenario *scenario, const struct scenario_watcher *watcher,
	struct scenario_outcome *ret_outcome);
void scenario_outcome_free(struct scenario_outcome *outcome);

#endif
