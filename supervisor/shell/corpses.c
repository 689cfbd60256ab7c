/*
 * corpses.c: reaping, a while after the death. The last thread of a process tells us of its end before it has taken itself out of /proc, and our waking up is what the kernel prefers to its going on. Whoever reaps it then
 * turns round in waitid() until that thread has had its turn again, with a whole processor: 2 to 4 ms in one restart of five on an idle machine, up to 24 on a busy one (Linux 6.18; any process of whose threads somebody
 * has opened a file in /proc is like that, and nng writes a thread's name there). Ten ms later it is gone.
 *
 * Allocates nothing. Somebody else in the program may have reaped one: then there is nothing to be done.
 */
#include "corpses.h"

#include "sys.h"

#define REST_NS (INT64_C(10) * 1000000)

static void
bury_first(struct corpses *corpses)
{
	struct corpse *corpse = &corpses->of[corpses->first];
	siginfo_t info;
	struct rusage usage;

	spawn_reap(&corpse->process, &info, &usage);
	sys.close(corpse->process.pidfd);
	corpses->first = (corpses->first + 1) % CORPSES_MAX;
	corpses->count--;
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

	while (corpses->count > 0 && corpses->of[corpses->first].due_ns <= corpses->loop->now_ns)
		bury_first(corpses);
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
	corpses_bury(corpses);
}

void
corpses_add(struct corpses *corpses, struct spawned process)
{
	if (corpses->count == CORPSES_MAX)
		bury_first(corpses);
	corpses->of[(corpses->first + corpses->count++) % CORPSES_MAX] =
		(struct corpse){ .process = process, .due_ns = corpses->loop->now_ns + REST_NS };
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
