/* tracing.h: one thread of a child, instruction by instruction. The others of its process go on, as they would. Written for x86-64 only: TRACING_IS_WRITTEN. */
#ifndef TRACTOR_TESTS_TRACING_H
#define TRACTOR_TESTS_TRACING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __x86_64__
#define TRACING_IS_WRITTEN 1
#else
#define TRACING_IS_WRITTEN 0
#endif

#define TRACING_SKIPPED 77 /* exit code of a test that can't trace here */

struct traced {
	pid_t pid;
	int status;		       /* of its last stop */
	uint64_t vdso_begin, vdso_end; /* the kernel's code in it: vdso(7) */
	uint64_t clock; /* where that looks at the clock, from its beginning on; 0: not known */
	/* Is called again and again while it is in a system call, which may wait for whoever does this; NULL: nobody is. */
	void (*meanwhile)(void *arg);
	void *arg;
};

/*
 * For this process and all that it starts from then on: a step takes a third of the time then, and no actor spins before it sleeps. To one that nobody else keeps to who traces, if there is one: where two do, each step waits for
 * the other's time slice, and takes a hundred times as long.
 */
void tracing_keep_to_one_processor(void);

/* Stops it, wherever it is. False: it can't be traced; errno says why. */
bool tracing_begin(struct traced *traced, pid_t pid, void (*meanwhile)(void *arg), void *arg);

/* Until it makes that system call, which is its next step then. False: it has ended. */
bool tracing_run_to(struct traced *traced, long number);
/* Until it waits for something to do. */
bool tracing_run_to_wait(struct traced *traced);
/* Until what it made or waited for there is over. */
bool tracing_run_past(struct traced *traced);

/* Whether its next step is a system call; that one; one that waits for something to do. */
bool tracing_is_about_to_call(const struct traced *traced);
bool tracing_is_about_to(const struct traced *traced, long number);
bool tracing_is_about_to_wait(const struct traced *traced);

/*
 * One instruction; or a look at the clock as a whole, which who traces has for it: the kernel's code for that begins anew if the clock has ticked meanwhile, and so for ever where it takes longer than a tick.
 * False: it has ended.
 */
bool tracing_step(struct traced *traced);

#endif
