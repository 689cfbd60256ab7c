/* deadline.h: handlers that take too long. */
#ifndef TRACTOR_SUPERVISOR_SHELL_DEADLINE_H
#define TRACTOR_SUPERVISOR_SHELL_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct slot;

/* How far the deadline ladder of a handler has got. */
enum ladder { LADDER_NONE, LADDER_ABORTED, LADDER_CONTINUED, LADDER_KILLED };

/* What is known of the CPU time of the thing that a process is at: a handler, a hook or a step, known by when it began. */
struct cpu_mark {
	uint64_t thing_ns;		/* when it began; 0: it was at nothing */
	int64_t began_cpu_ns;		/* at most so much had the process used when it began */
	int64_t looked_ns, used_cpu_ns; /* when we looked last, and what it had used by then */
	bool unknown;			/* its CPU time can't be read */
};

void deadline_delivered(struct slot *slot);
/* The limit may be another from now on. */
void deadline_changed(struct slot *slot);
void deadline_due(void *slot);
void deadline_cpu_due(void *slot);

#endif
