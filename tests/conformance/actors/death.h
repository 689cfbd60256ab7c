/* death.h: the ways in which a test has an actor end. */
#ifndef TRACTOR_TESTS_DEATH_H
#define TRACTOR_TESTS_DEATH_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <tractor/actor.h>

/* A fault of the machine's, not of the sanitizer's that would see it coming; the compiler must not, either. */
__attribute__((unused, noinline, no_sanitize("undefined"))) static void
store_to_null(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
}

/* Ends the process as `how` says; returns if that is none of the ways. */
static inline void
die(tractor_ctx *ctx, const char *how)
{
	if (strcmp(how, "panic") == 0)
		tractor_panic(ctx, "told to %s", how);
	if (strcmp(how, "assert") == 0)
		tractor_assert(how == NULL);
	if (strcmp(how, "segv") == 0)
		store_to_null();
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "exit") == 0)
		exit(3);
	if (strcmp(how, "kill") == 0)
		kill(getpid(), SIGKILL);
}

#endif
