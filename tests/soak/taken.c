/*
 * taken.c: what is taken from a process for a while, and given back: its time, its fds, its memory. Time is taken by SIGSTOP: no priority that somebody without root has lowered can he raise
 * again. Fds and memory are limits, the soft ones, so they can be. What the supervisor is short of when it starts an actor that actor inherits, and gets back with it.
 */
#include "driver.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PLACES 8
#define TURN_NS \
	UINT64_C(2000000) /* of one that runs a tenth of the time, as far as we get the CPU ourselves */
#define TURN_EVERY_NS (10 * TURN_NS)
#define FDS_SPREAD 8		  /* fds that are left, more or less */
#define MEMORY_SPREAD (32u << 10) /* bytes */

/* The longest that something is taken, in ms. The supervisor can be deaf for all of it: actors wait for it then. */
static const struct {
	unsigned actor, supervisor;
} longest_ms[] = {
	[DEED_STOP] = { 150, 700 },
	[DEED_CPU] = { 600, 1000 },
	[DEED_FDS] = { 500, 1500 },
	[DEED_MEMORY] = { 500, 500 },
};

struct limits {
	struct rlimit fds, memory;
};

struct taken {
	struct driver *driver;
	struct limits actor, supervisor; /* when nothing is taken */
	struct place {
		int pidfd; /* -1: free */
		pid_t pid;
		const struct way *way;
		struct ill *ill;
		bool stopped;
		uint64_t due_ns, turn_ns;
	} places[PLACES];
};

/* --- limits --- */

static bool
read_limits(pid_t pid, struct limits *ret_limits)
{
	return prlimit(pid, RLIMIT_NOFILE, NULL, &ret_limits->fds) == 0 &&
	       prlimit(pid, RLIMIT_DATA, NULL, &ret_limits->memory) == 0;
}

struct taken *
taken_new(struct driver *driver)
{
	struct taken *taken = calloc(1, sizeof(*taken));
	pid_t child;

	if (!taken || watch_children(driver, &child, 1) == 0 || !read_limits(child, &taken->actor) ||
		!read_limits(driver->supervisor, &taken->supervisor)) {
		free(taken);
		return NULL;
	}
	taken->driver = driver;
	for (struct place *place = taken->places; place < taken->places + PLACES; place++)
		place->pidfd = -1;
	return taken;
}

void
taken_free(struct taken *taken)
{
	free(taken);
}

static bool
set_soft(pid_t pid, int resource, const struct rlimit *normal, rlim_t soft)
{
	struct rlimit limit = { .rlim_cur = soft < normal->rlim_cur ? soft : normal->rlim_cur,
		.rlim_max = normal->rlim_max };

	return prlimit(pid, (enum __rlimit_resource)resource, &limit, NULL) == 0;
}

static const struct limits *
normal_of(const struct taken *taken, pid_t pid)
{
	return pid == taken->driver->supervisor ? &taken->supervisor : &taken->actor;
}

/* As many as it has, give or take a few; the supervisor needs six for an actor, and has those of the dead one. */
static bool
take_fds(const struct taken *taken, pid_t pid, uint64_t random)
{
	long have = watch_fds(pid), fewer = pid == taken->driver->supervisor ? 2 * FDS_SPREAD : FDS_SPREAD;
	long leave = have - fewer + (long)(random % (2 * FDS_SPREAD));

	return have > 0 &&
	       set_soft(pid, RLIMIT_NOFILE, &normal_of(taken, pid)->fds, (rlim_t)(leave > 0 ? leave : 0));
}

/* RLIMIT_DATA and not RLIMIT_AS: what malloc() has for nng's threads it has mapped already, and lacks only the right to use. */
static bool
take_memory(const struct taken *taken, pid_t pid, uint64_t random)
{
	unsigned long kib = watch_data_kib(pid);

	return kib > 0 && set_soft(pid, RLIMIT_DATA, &normal_of(taken, pid)->memory,
				  kib * 1024 + random % MEMORY_SPREAD);
}

/* --- taking --- */

static int
send_signal(const struct place *place, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, place->pidfd, signal, NULL, 0);
}

static bool
do_it(const struct taken *taken, struct place *place, uint64_t random)
{
	switch (place->way->deed) {
	case DEED_STOP:
	case DEED_CPU: return place->stopped = send_signal(place, SIGSTOP) == 0;
	case DEED_FDS: return take_fds(taken, place->pid, random);
	case DEED_MEMORY: return take_memory(taken, place->pid, random);
	case DEED_SIGNAL:
	case DEED_FAULT: break;
	}
	return false;
}

static bool
has_it_already(const struct taken *taken, const struct way *way, pid_t pid)
{
	for (const struct place *place = taken->places; place < taken->places + PLACES; place++)
		if (place->pidfd >= 0 && place->pid == pid && place->way->deed == way->deed)
			return true;
	return false;
}

static struct place *
free_place(struct taken *taken)
{
	for (struct place *place = taken->places; place < taken->places + PLACES; place++)
		if (place->pidfd < 0)
			return place;
	return NULL;
}

static uint64_t
how_long_ns(const struct way *way, uint64_t random)
{
	unsigned longest =
		way->to_supervisor ? longest_ms[way->deed].supervisor : longest_ms[way->deed].actor;

	return (1 + (random >> 32) % longest) * UINT64_C(1000000);
}

bool
taken_take(struct taken *taken, const struct way *way, pid_t pid, int pidfd, struct ill *ill, uint64_t random)
{
	struct place *place = has_it_already(taken, way, pid) ? NULL : free_place(taken);
	uint64_t now_ns = ledger_now_ns();

	if (!place) {
		close(pidfd);
		return false;
	}
	*place = (struct place){ .pidfd = pidfd,
		.pid = pid,
		.way = way,
		.ill = ill,
		.due_ns = now_ns + how_long_ns(way, random),
		.turn_ns = way->deed == DEED_CPU ? now_ns + TURN_EVERY_NS - TURN_NS : UINT64_MAX };
	if (do_it(taken, place, random))
		return true;
	close(pidfd);
	place->pidfd = -1;
	return false;
}

/* --- giving back --- */

/* To those whom the supervisor has started meanwhile. */
static void
give_heirs_fds_back(const struct taken *taken)
{
	pid_t pids[CHILDREN_MAX];
	size_t count = watch_children(taken->driver, pids, CHILDREN_MAX);
	const struct way *starved = &ways[WAY_STARVE_FDS];

	for (size_t i = 0; i < count; i++)
		if (!has_it_already(taken, starved, pids[i]))
			set_soft(pids[i], RLIMIT_NOFILE, &taken->actor.fds, RLIM_INFINITY);
}

/* The pid is still that process's, or a successor's that has never had less. */
static void
give_back(struct taken *taken, struct place *place)
{
	const struct limits *normal = normal_of(taken, place->pid);
	enum deed deed = place->way->deed;

	if (deed == DEED_STOP || deed == DEED_CPU) {
		send_signal(place, place->way->signal);
		send_signal(place, SIGCONT);
	} else if (send_signal(place, 0) == 0) {
		set_soft(place->pid, deed == DEED_FDS ? RLIMIT_NOFILE : RLIMIT_DATA,
			deed == DEED_FDS ? &normal->fds : &normal->memory, RLIM_INFINITY);
	}
	close(place->pidfd);
	place->pidfd = -1;
	if (deed == DEED_FDS && place->way->to_supervisor)
		give_heirs_fds_back(taken);
	bound_released(taken->driver->bound, place->ill);
}

static void
take_turns(struct place *place)
{
	send_signal(place, place->stopped ? SIGCONT : SIGSTOP);
	place->stopped = !place->stopped;
	place->turn_ns = ledger_now_ns() + (place->stopped ? TURN_EVERY_NS - TURN_NS : TURN_NS);
}

void
taken_turn(struct taken *taken, bool all)
{
	uint64_t now_ns = ledger_now_ns();

	for (struct place *place = taken->places; place < taken->places + PLACES; place++) {
		if (place->pidfd < 0)
			continue;
		if (all || now_ns >= place->due_ns)
			give_back(taken, place);
		else if (now_ns >= place->turn_ns)
			take_turns(place);
	}
}

uint64_t
taken_next_ns(const struct taken *taken)
{
	uint64_t next_ns = UINT64_MAX;

	for (const struct place *place = taken->places; place < taken->places + PLACES; place++) {
		if (place->pidfd < 0)
			continue;
		next_ns = place->due_ns < next_ns ? place->due_ns : next_ns;
		next_ns = place->turn_ns < next_ns ? place->turn_ns : next_ns;
	}
	return next_ns;
}

bool
taken_has_supervisor(const struct taken *taken)
{
	for (const struct place *place = taken->places; place < taken->places + PLACES; place++)
		if (place->pidfd >= 0 && place->way->to_supervisor)
			return true;
	return false;
}

static void
check_limits(struct taken *taken, pid_t pid, const char *when)
{
	const struct limits *normal = normal_of(taken, pid);
	struct limits now;

	if (read_limits(pid, &now) &&
		(now.fds.rlim_cur != normal->fds.rlim_cur || now.memory.rlim_cur != normal->memory.rlim_cur))
		complain(taken->driver, "%s: process %d has still less than before: %llu fds, %llu bytes",
			when, pid, (unsigned long long)now.fds.rlim_cur,
			(unsigned long long)now.memory.rlim_cur);
}

void
taken_check(struct taken *taken, const char *when)
{
	pid_t pids[CHILDREN_MAX];
	size_t count = watch_children(taken->driver, pids, CHILDREN_MAX);

	give_heirs_fds_back(taken); /* one that was being forked at that moment is among them now */
	check_limits(taken, taken->driver->supervisor, when);
	for (size_t i = 0; i < count; i++)
		check_limits(taken, pids[i], when);
}
