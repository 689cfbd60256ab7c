/*
 * shrink.c: a life that failed, made short: it is run again with parts of its happenings left out, each time in a process of its own, and
 * what can be left out is, while it still fails; first halves, then ever smaller parts. (Zeller, "Yesterday, my program worked.
 * Today, it does not. Why?", 1999: delta debugging.) Then it is told once more, with all that is said.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator.h"

static bool skip[LIFE_HAPPENINGS];

/* Whether it fails like this. A life takes milliseconds; one that takes seconds hangs, and that is a failure too. */
static bool
fails(uint64_t seed, bool aloud)
{
	int status;
	pid_t pid;

	report->failed = false;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		verbose = aloud;
		if (!aloud && freopen("/dev/null", "w", stderr) == NULL)
			_exit(0);
		life_run(seed, skip);
		fflush(stdout);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status != 0;
}

/* Leaves out [from, from + count) too, if it still fails then. */
static bool
leave_out(uint64_t seed, unsigned from, unsigned count)
{
	bool before[LIFE_HAPPENINGS];
	bool more = false;

	memcpy(before, skip, sizeof(before));
	for (unsigned i = from; i < from + count && i < LIFE_HAPPENINGS; i++) {
		more = more || !skip[i];
		skip[i] = true;
	}
	if (more && fails(seed, false))
		return true;
	memcpy(skip, before, sizeof(before));
	return false;
}

void
shrink(uint64_t seed)
{
	bool better = true;

	memset(skip, 0, sizeof(skip));
	for (unsigned i = report->happening + 1; i < LIFE_HAPPENINGS; i++)
		skip[i] = true;
	if (!fails(seed, false))
		memset(skip, 0, sizeof(skip)); /* it was in the end of the life */
	for (unsigned size = LIFE_HAPPENINGS / 2; size > 0 || better; size /= 2) {
		if (size == 0)
			size = 1;
		better = false;
		for (unsigned from = LIFE_HAPPENINGS; from > 0;) {
			from = from > size ? from - size : 0;
			better = leave_out(seed, from, size) || better;
		}
		if (size == 1 && !better)
			break;
		if (size == 1)
			size = 2;
	}
	printf("the shortened history of seed %llu:\n", (unsigned long long)seed);
	fails(seed, true);
}
