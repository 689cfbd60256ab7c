/*
 * doctor.h: what `tractor doctor` finds out: what an actor costs here, what limits there are, and what of the kernel tractor has. What comes of it is capacity.h's arithmetic; saying it is cmd_doctor.c's.
 */
#ifndef TRACTOR_SUPERVISOR_COMMAND_DOCTOR_H
#define TRACTOR_SUPERVISOR_COMMAND_DOCTOR_H

#include <tractor/actor.h>

#include "capacity.h"

/* --- doctormeasure.c: what an actor costs --- */

#define DOCTOR_ACTORS \
	8 /* that are measured: fewer than any limit which tractor is of use with, and enough for a mean */

struct doctor_cost {
	uint64_t each[CAPACITY_KINDS];
	uint64_t own_bytes, supervisor_bytes, kernel_bytes; /* of its memory */
	int64_t start_us, start_max_us;	    /* median and slowest, from the wish to its being ready */
	uint64_t fds_taken, mappings_taken; /* by a supervisor without actors */
};

/* The actor that is measured: this very program, idle. For tractor_begin(). */
extern const struct tractor_actor doctor_actor;

/*
 * Opens a runtime of its own, under a name that nobody else has, starts idle actors in it, looks at them and ends them: nothing is left. Blocks for as long as that takes, some ten starts, with signals
 * that would end this process held back meanwhile. An error is the first that there was of the runtime's: the run directory, the host, the kernel; tractor_why() says what.
 */
tractor_err doctor_measure(struct doctor_cost *ret_cost);

/* --- doctorlimits.c: what there is, and how much of it is taken --- */

#define DOCTOR_LIMITS_MAX 12

/* What limits anything at all, in no order; how many. What can't be read is no limit. */
size_t doctor_limits(const struct doctor_cost *cost, struct capacity_limit ret_limits[DOCTOR_LIMITS_MAX]);

/* All threads on this machine, those of the kernel's too; 0: that can't be read. */
uint64_t doctor_threads(void);

/* A number that a file of /proc has in one of its lines; 0: it hasn't. */
uint64_t doctor_field(const char *file, const char *name);

/* --- doctorkernel.c: what tractor needs of the kernel, and of its own installation --- */

struct doctor_part {
	const char *name;
	bool is_needed;	     /* else tractor does without it */
	bool (*works)(void); /* tries it, and leaves nothing behind */
	const char *without; /* what is lost without it, and what would help */
};

extern const struct doctor_part doctor_parts[];
extern const size_t doctor_part_count;

#endif
