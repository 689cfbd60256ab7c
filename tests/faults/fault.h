/*
 * fault.h: one thing that goes wrong in the supervisor's system calls, or in its allocations: the Nth call of a kind fails, once or for a while; or the process is killed at its Nth call of
 * any kind. Kinds are the entries of the shell's table, so that one that is added there is swept here, and allocation beside them.
 */
#ifndef TRACTOR_TESTS_FAULTS_FAULT_H
#define TRACTOR_TESTS_FAULTS_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "sys.h"

enum fault_call {
#define FAULT_CALL(result, name, parameters, arguments) FAULT_##name,
	SYS_CALLS(FAULT_CALL)
#undef FAULT_CALL
		FAULT_allocation,
	FAULT_CALL_COUNT,
	FAULT_any = FAULT_CALL_COUNT, /* for a kill */
	FAULT_none,
};

#define FAULT_SHORT 0	       /* instead of an errno: half of what was asked for is read, written, sent */
#define FAULT_KILL_BEFORE (-1) /* the process is killed instead of making the call */
#define FAULT_KILL_AFTER (-2)  /* and having made it */

struct fault {
	enum fault_call call;
	int error; /* an errno, or one of the above */
	unsigned nth;
	int lasting_ms; /* from the first failure on all calls of the kind fail for so long; 0: just the one */
};

/* The errnos that the kernel can give for that call in the state it is called in, ended by -1; so none that would be a lie, such as EAGAIN where there is something to read. */
const int *fault_errors(enum fault_call call);
const char *fault_call_name(enum fault_call call);
/* "ENOSPC", "short", "killed before"; static. */
const char *fault_error_name(int error);

/* From now on. Counts calls anew. */
void fault_begin(const struct fault *fault);
/* It is over; counting goes on. */
void fault_end(void);
bool fault_fired(void);
/* Whether a lasting one is not over yet. */
bool fault_lasts(void);
/* Calls of that kind since fault_begin(). */
unsigned fault_count(enum fault_call call);

#endif
