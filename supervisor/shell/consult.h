/*
 * consult.h: a program that is asked something about a crash, beside everything else that goes on: it has so long, and so many bytes for its answer on its standard output. The crash policy is one, and the unwinder.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_CONSULT_H
#define TRACTOR_SUPERVISOR_SHELL_CONSULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "corpses.h"
#include "loop.h"
#include "spawn.h"

/* How it ended. */
struct consult_end {
	bool overdue;	  /* it had had its time, and was killed */
	bool exited_well; /* with exit code 0 */
	int signal;	  /* that it died of; 0: none, or that is not known */
	struct rusage usage;
};

/* Embedded in its owner. All zero, but for what consult_begin() is given, while it doesn't run. */
struct consult {
	struct loop *loop;
	struct corpses *corpses;
	void (*over)(void *arg, const struct consult_end *end); /* may free the owner */
	void *arg;
	char *answer; /* the owner's, with room for so many bytes; it is read no further */
	size_t answer_room, answer_bytes;
	bool running, overdue;
	struct spawned process;
	struct watch ended, answering;
	struct alarm limit;
};

/*
 * Starts it. `plan` is complete but for its standard output, fds[1]. What is needed at the end is had before it begins; so consult->over is called, some time after this has returned, unless it is given up before.
 * The errors of spawn_start() and loop_watch(), TRACTOR_ENOMEM; then it is as before.
 */
tractor_err consult_begin(struct consult *consult, struct spawn_plan *plan, int64_t limit_ns);
/* Kills it, and whom it has started. Nothing is called. Blocks for the moment that takes. */
void consult_give_up(struct consult *consult);

#endif
