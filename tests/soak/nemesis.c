/*
 * nemesis.c: kills actors. Whom, when and how comes from the seed; what it meets there does not, so a seed repeats the plan of a run and not the run. Only
 * children of the supervisor are struck, through a pidfd, so nobody else can be. What it has stopped it wakes or kills again.
 */
#include "driver.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STOPPED_MAX 4 /* at a time */
#define STOP_LONGEST_MS 150
#define BURST_MAX 4 /* strikes in one moment */
#define CHECK_NS UINT64_C(1000000000)
#define PROGRESS_NS UINT64_C(5000000000)

/* How often of a hundred. `then`: what follows a SIGSTOP, a while later. */
static const struct way {
	int signal, then;
	unsigned weight;
} ways[] = {
	{ SIGKILL, 0, 26 }, { SIGSEGV, 0, 8 }, { SIGABRT, 0, 8 }, { SIGBUS, 0, 4 }, { SIGFPE, 0, 4 },
	{ SIGILL, 0, 4 }, { SIGTERM, 0, 10 }, { SIGQUIT, 0, 3 }, { SIGTRAP, 0, 2 }, { SIGSYS, 0, 2 },
	{ SIGHUP, 0, 2 }, { SIGINT, 0, 2 }, { SIGUSR1, 0, 2 }, { SIGALRM, 0, 1 }, { SIGXCPU, 0, 1 },
	{ SIGSTOP, SIGCONT, 5 }, { SIGSTOP, SIGKILL, 4 }, { SIGSTOP, SIGTERM, 2 },
	{ 0, 0, 10 }, /* a fault of its own */
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

struct nemesis {
	struct driver *driver;
	uint64_t random;
	unsigned kills, pauses, faults, missed;
	unsigned by_way[WAYS], by_member[MEMBER_COUNT + 1], by_fault[FAULT_COUNT];
	struct stopped {
		int pidfd; /* -1: free */
		int then;
		uint64_t due_ns;
	} stopped[STOPPED_MAX];
};

struct nemesis *
nemesis_new(struct driver *driver)
{
	struct nemesis *nemesis = calloc(1, sizeof(*nemesis));

	if (!nemesis)
		return NULL;
	*nemesis = (struct nemesis){ .driver = driver, .random = driver->seed };
	for (unsigned i = 0; i < STOPPED_MAX; i++)
		nemesis->stopped[i].pidfd = -1;
	return nemesis;
}

void
nemesis_free(struct nemesis *nemesis)
{
	free(nemesis);
}

unsigned
nemesis_kills(const struct nemesis *nemesis)
{
	return nemesis->kills;
}

static int
send_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* Its place in the tree, which the supervisor gave it as its argument; MEMBER_COUNT: it has not got so far. */
static unsigned
who_is(pid_t pid)
{
	char path[64], line[512] = "";

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	FILE *file = fopen(path, "re");
	size_t length = file ? fread(line, 1, sizeof(line) - 1, file) : 0;
	if (file)
		fclose(file);
	size_t first = strlen(line) + 1;
	return first < length ? member_at(line + first) : MEMBER_COUNT;
}

static bool
is_child(const struct driver *driver, pid_t pid)
{
	pid_t pids[CHILDREN_MAX];
	size_t count = watch_children(driver, pids, CHILDREN_MAX);

	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* -1: it is gone. The pid is the supervisor's child after the pidfd was opened, so the pidfd is that child's. */
static int
open_child(const struct driver *driver, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd >= 0 && is_child(driver, pid))
		return pidfd;
	if (pidfd >= 0)
		close(pidfd);
	return -1;
}

/* Those that lie stopped, and whose time has come, or all of them. */
static void
wake(struct nemesis *nemesis, bool all)
{
	uint64_t now_ns = ledger_now_ns();

	for (struct stopped *stopped = nemesis->stopped; stopped < nemesis->stopped + STOPPED_MAX;
		stopped++) {
		if (stopped->pidfd < 0 || (!all && now_ns < stopped->due_ns))
			continue;
		send_signal(stopped->pidfd, stopped->then);
		send_signal(stopped->pidfd, SIGCONT);
		close(stopped->pidfd);
		stopped->pidfd = -1;
	}
}

static struct stopped *
free_place(struct nemesis *nemesis)
{
	for (unsigned i = 0; i < STOPPED_MAX; i++)
		if (nemesis->stopped[i].pidfd < 0)
			return &nemesis->stopped[i];
	return NULL;
}

/* True if it was a kill. Takes the pidfd. */
static bool
strike_with(struct nemesis *nemesis, const struct way *way, int pidfd)
{
	struct stopped *place = way->then ? free_place(nemesis) : NULL;

	if ((way->then && !place) || send_signal(pidfd, way->signal) < 0) {
		close(pidfd);
		nemesis->missed++;
		return false;
	}
	nemesis->by_way[way - ways]++;
	if (!place) {
		close(pidfd);
		return true;
	}
	*place = (struct stopped){ .pidfd = pidfd,
		.then = way->then,
		.due_ns = ledger_now_ns() +
			  (1 + ledger_pick(&nemesis->random, STOP_LONGEST_MS)) * UINT64_C(1000000) };
	nemesis->pauses += way->then == SIGCONT;
	return way->then != SIGCONT;
}

/* Only one has a limit on its handlers; any other would loop for ever. */
static bool
plant_fault(struct nemesis *nemesis, unsigned who)
{
	unsigned fault = 1 + ledger_pick(&nemesis->random, FAULT_COUNT - 1);

	if (who == MEMBER_COUNT || (fault == FAULT_SPIN && who != PLAIN) ||
		atomic_exchange(&nemesis->driver->board->fault[who], fault) != FAULT_NONE)
		return false;
	nemesis->by_fault[fault]++;
	nemesis->faults++;
	return true;
}

static const struct way *
choose_way(struct nemesis *nemesis)
{
	unsigned sum = 0, at;
	const struct way *way = ways;

	for (size_t i = 0; i < WAYS; i++)
		sum += ways[i].weight;
	for (at = ledger_pick(&nemesis->random, sum); at >= way->weight; way++)
		at -= way->weight;
	return way;
}

static bool
strike(struct nemesis *nemesis)
{
	pid_t pids[CHILDREN_MAX];
	const struct way *way = choose_way(nemesis);
	uint64_t choice = ledger_random(&nemesis->random);
	size_t count = watch_children(nemesis->driver, pids, CHILDREN_MAX);

	if (count == 0)
		return false;
	pid_t pid = pids[choice % count];
	unsigned who = who_is(pid);
	if (way->signal == 0)
		return plant_fault(nemesis, who);
	int pidfd = open_child(nemesis->driver, pid);
	if (pidfd >= 0 && watch_state_of(pid) == 'Z') {
		close(pidfd); /* a zombie takes any signal */
		pidfd = -1;
	}
	if (pidfd < 0) {
		nemesis->missed++;
		return false;
	}
	nemesis->by_member[who]++;
	return strike_with(nemesis, way, pidfd);
}

/* Mostly one at a time, now and then several, which may be the same one's successors. */
static void
strike_some(struct nemesis *nemesis)
{
	unsigned count =
		ledger_pick(&nemesis->random, 8) == 0 ? 2 + ledger_pick(&nemesis->random, BURST_MAX - 1) : 1;

	while (count-- > 0)
		nemesis->kills += strike(nemesis);
}

static void
show_progress(const struct nemesis *nemesis)
{
	struct usage usage = watch_usage(nemesis->driver);

	printf("  %u kills, %u pauses; supervisor: %ld fds, %ld KiB\n", nemesis->kills, nemesis->pauses,
		usage.fds, usage.anonymous_kib);
	fflush(stdout);
}

void
nemesis_rage(struct nemesis *nemesis, unsigned kills, uint64_t until_ns)
{
	uint64_t next_check_ns = 0, next_progress_ns = ledger_now_ns() + PROGRESS_NS;
	unsigned end = nemesis->kills + kills;

	while (nemesis->kills < end && ledger_now_ns() < until_ns) {
		uint64_t now_ns = ledger_now_ns();
		if (now_ns >= next_check_ns) {
			if (watch_is_alive(nemesis->driver))
				watch_check_answer(nemesis->driver);
			if (!watch_is_alive(nemesis->driver))
				return;
			watch_check_asks(nemesis->driver);
			next_check_ns = now_ns + CHECK_NS;
		}
		if (now_ns >= next_progress_ns) {
			show_progress(nemesis);
			next_progress_ns = now_ns + PROGRESS_NS;
		}
		wake(nemesis, false);
		strike_some(nemesis);
		sleep_ms(1 + ledger_pick(&nemesis->random, 2 * nemesis->driver->pause_ms));
	}
	wake(nemesis, true);
	for (unsigned i = 0; i < MEMBER_COUNT; i++)
		atomic_store(&nemesis->driver->board->fault[i], FAULT_NONE);
}

void
nemesis_print(const struct nemesis *nemesis)
{
	printf("  kills                  %10u   (%u pauses, %u that found nobody)\n", nemesis->kills,
		nemesis->pauses, nemesis->missed);
	printf("    by signal           ");
	for (size_t i = 0; i < WAYS; i++)
		if (ways[i].signal != 0)
			printf(" %s%s%s:%u", sigabbrev_np(ways[i].signal), ways[i].then ? "+" : "",
				ways[i].then ? sigabbrev_np(ways[i].then) : "", nemesis->by_way[i]);
	printf("\n    by a fault of its own %u\n", nemesis->faults);
	printf("    by actor            ");
	for (unsigned i = 0; i < MEMBER_COUNT; i++)
		printf(" %s:%u", strrchr(members[i].path, '/') + 1, nemesis->by_member[i]);
	printf(" in birth:%u\n", nemesis->by_member[MEMBER_COUNT]);
}
