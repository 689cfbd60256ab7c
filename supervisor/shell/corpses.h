/* corpses.h: processes whose death is known and dealt with, and that are not reaped yet. */
#ifndef TRACTOR_SUPERVISOR_SHELL_CORPSES_H
#define TRACTOR_SUPERVISOR_SHELL_CORPSES_H

#include "loop.h"
#include "spawn.h"

#define CORPSES_MAX 64

struct corpses {
	struct loop *loop;
	struct alarm burial;
	struct corpse {
		struct spawned process;
		int64_t due_ns;
	} of[CORPSES_MAX]; /* a ring */
	unsigned first, count;
};

/* TRACTOR_ENOMEM. */
tractor_err corpses_open(struct corpses *corpses, struct loop *loop);
/* Waits a second at most for those who trace one of them. */
void corpses_close(struct corpses *corpses);

/* A zombie, whose pidfd is ours from now on, and not watched any more. Where there are too many the oldest one is reaped at once. */
void corpses_add(struct corpses *corpses, struct spawned process);
/* Whether `pid` is one of them. */
bool corpses_has(const struct corpses *corpses, pid_t pid);
/* Reaps them all, for the sake of what they take: a process id and an fd each. False: there were none. */
bool corpses_bury(struct corpses *corpses);

#endif
