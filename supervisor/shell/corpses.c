/*
 * corpses.c: reaping, a while after the death. The last thread of a process tells us of its end before it has taken itself out of /proc, and our waking up is what the kernel prefers to its going on. Whoever reaps it then
 * turns round in waitid() until that thread has had its turn again, with a whole processor: 2 to 4 ms in one restart of five on an idle machine, up to 24 on a busy one (Linux 6.18; any process of whose threads somebody
 * has opened a file in /proc is like that, and nng writes a thread's name there). Ten ms later it is gone.
 *
 * One that somebody traces can't be reaped before the tracer has heard of its end, a debugger say, and is tried again as often. Allocates nothing. Somebody else in the program may have reaped one: then there is nothing to
 * be done.
 */
#include "corpses.h"

#include "sys.h"

#define REST_NS (INT64_C(10) * 1000000)
#define CLOSE_TRIES 100 /* with a rest between any two: a second, for those who trace */

static struct spawned
take_first(struct corpses *corpses)
{
	struct spawned process = corpses->of[corpses->first].process;

	corpses->first = (corpses->first + 1) % CORPSES_MAX;
	corpses->count--;
	return process;
}

static bool
is_reaped(const struct spawned *process)
{
	siginfo_t info;
	struct rusage usage;

	return spawn_reap(process, &info, &usage) != 0;
}

/* Whatever becomes of it: a zombie at the worst, until this program ends. */
static void
bury_first(struct corpses *corpses)
{
	struct spawned process = take_first(corpses);

	is_reaped(&process);
	sys.close(process.pidfd);
}

static void
rest(struct corpses *corpses, struct spawned process)
{
	corpses->of[(corpses->first + corpses->count++) % CORPSES_MAX] =
		(struct corpse){ .process = process, .due_ns = corpses->loop->now_ns + REST_NS };
}

/* Those who have rested until then. */
static void
bury(struct corpses *corpses, int64_t until_ns)
{
	for (unsigned left = corpses->count; left > 0 && corpses->of[corpses->first].due_ns <= until_ns;
		left--) {
		struct spawned process = take_first(corpses);
		if (is_reaped(&process))
			sys.close(process.pidfd);
		else
			rest(corpses, process);
	}
}

static void
arm(struct corpses *corpses)
{
	if (corpses->count > 0)
		loop_arm(corpses->loop, &corpses->burial, corpses->of[corpses->first].due_ns);
}

static void
due(void *arg)
{
	struct corpses *corpses = arg;

	bury(corpses, corpses->loop->now_ns);
	arm(corpses);
}

tractor_err
corpses_open(struct corpses *corpses, struct loop *loop)
{
	*corpses = (struct corpses){ .loop = loop, .burial = { .due = due, .arg = corpses } };
	return loop_reserve(loop, 1);
}

void
corpses_close(struct corpses *corpses)
{
	for (int tries = 1; corpses->count > 0 && tries < CLOSE_TRIES; tries++) {
		bury(corpses, INT64_MAX);
		if (corpses->count > 0)
			sys.poll(NULL, 0, (int)(REST_NS / 1000000));
	}
	corpses_bury(corpses);
}

void
corpses_add(struct corpses *corpses, struct spawned process)
{
	if (corpses->count == CORPSES_MAX)
		bury_first(corpses);
	rest(corpses, process);
	if (corpses->count == 1)
		arm(corpses);
}

bool
corpses_has(const struct corpses *corpses, pid_t pid)
{
	for (unsigned i = 0; i < corpses->count; i++)
		if (corpses->of[(corpses->first + i) % CORPSES_MAX].process.pid == pid)
			return true;
	return false;
}

bool
corpses_bury(struct corpses *corpses)
{
	bool any = corpses->count > 0;

	while (corpses->count > 0)
		bury_first(corpses);
	if (any)
		loop_disarm(corpses->loop, &corpses->burial);
	return any;
}
