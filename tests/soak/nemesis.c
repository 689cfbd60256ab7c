/*
 * nemesis.c: does harm to actors, and to their supervisor. Whom, when and how comes from the seed; what it meets there does not, so a seed repeats the plan of a run and not the run. Only
 * the supervisor and its children are struck, through a pidfd, so nobody else can be; and never more at a time than bound.c allows.
 */
#include "driver.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BURST_MAX 4 /* strikes in one moment */
#define CHECK_NS UINT64_C(1000000000)

struct nemesis {
	struct driver *driver;
	uint64_t random;
	struct toll toll;
	unsigned by_way[WAY_COUNT], by_member[MEMBER_COUNT + 1], in_birth;
};

/* What the seed says. */
struct strike {
	const struct way *way;
	unsigned who;
	uint64_t detail;
};

struct nemesis *
nemesis_new(struct driver *driver)
{
	struct nemesis *nemesis = calloc(1, sizeof(*nemesis));

	if (nemesis)
		*nemesis = (struct nemesis){ .driver = driver, .random = driver->seed };
	return nemesis;
}

void
nemesis_free(struct nemesis *nemesis)
{
	free(nemesis);
}

struct toll
nemesis_toll(const struct nemesis *nemesis)
{
	return nemesis->toll;
}

/* --- whose process --- */

/* Its place in the tree, which the supervisor gave it as its argument; MEMBER_COUNT: it has not got so far, or is dead. */
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

/*
 * The member's process; 0: it has none, or it is not certain which. One that was forked and has not become anybody yet is known by all the others: if it is the only one, and the member
 * the only one without a process.
 */
static pid_t
process_of(const struct driver *driver, unsigned who, bool *ret_unborn)
{
	pid_t pids[CHILDREN_MAX], unborn = 0;
	size_t count = watch_children(driver, pids, CHILDREN_MAX), nobodies = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned is = who_is(pids[i]);
		*ret_unborn = false;
		if (is == who)
			return pids[i];
		if (is == MEMBER_COUNT) {
			unborn = pids[i];
			nobodies++;
		}
	}
	*ret_unborn = true;
	return nobodies == 1 && count == MEMBER_COUNT ? unborn : 0;
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

/* -1: it is gone. The pid is the supervisor's child, or the supervisor itself, which is ours, after the pidfd was opened: so the pidfd is that process's. */
static int
open_process(const struct driver *driver, pid_t pid)
{
	int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (pidfd >= 0 && (pid == driver->supervisor || is_child(driver, pid)) &&
		watch_state_of(pid) != 'Z') /* a zombie takes any signal */
		return pidfd;
	if (pidfd >= 0)
		close(pidfd);
	return -1;
}

/* Nobody is on its way, as one may be whose neighbour was struck, even when that one is well again. */
static bool
all_are_there(const struct driver *driver)
{
	pid_t pids[CHILDREN_MAX];

	if (watch_children(driver, pids, CHILDREN_MAX) != MEMBER_COUNT)
		return false;
	for (unsigned i = 0; i < MEMBER_COUNT; i++) {
		const struct ledger *ledger = driver->ledgers[i];
		if (atomic_load(&ledger->turns) == 0 || !is_child(driver, atomic_load(&ledger->process)))
			return false;
	}
	return true;
}

/* --- a strike --- */

/* Only one has a limit on its handlers; any other would loop for ever. */
static bool
plant_fault(struct nemesis *nemesis, const struct strike *strike)
{
	_Atomic uint64_t *word = &nemesis->driver->board->fault[strike->who];
	unsigned fault = 1 + (unsigned)(strike->detail % (FAULT_COUNT - 1));

	if ((fault == FAULT_SPIN && strike->who != PLAIN) || atomic_load(word) != FAULT_NONE ||
		!bound_struck(nemesis->driver->bound, strike->who, 0, strike->way))
		return false;
	atomic_store(word, fault);
	return true;
}

/* All have what they need, and nothing that was sent is on its way: who is refused something now was not for this. */
static void
wipe_board(struct board *board)
{
	for (unsigned who = 0; who <= SUPERVISOR; who++)
		atomic_store(&board->starved[who], 0);
}

/* Takes the pidfd. */
static bool
strike_process(struct nemesis *nemesis, const struct strike *strike, pid_t pid, int pidfd)
{
	struct driver *driver = nemesis->driver;
	struct ill *ill = bound_struck(driver->bound, strike->who, pid, strike->way);
	bool hit;

	if (strike->way->deed == DEED_MEMORY)
		atomic_store(&driver->board->starved[strike->who], (uint32_t)pid);
	if (ill && strike->way->deed != DEED_SIGNAL) {
		hit = taken_take(driver->taken, strike->way, pid, pidfd, ill, strike->detail);
	} else {
		hit = ill && syscall(SYS_pidfd_send_signal, pidfd, strike->way->signal, NULL, 0) == 0;
		close(pidfd);
	}
	if (ill && !hit)
		bound_missed(ill);
	return hit;
}

static bool
carry_out(struct nemesis *nemesis, const struct strike *strike)
{
	struct driver *driver = nemesis->driver;
	bool unborn = false;

	if (strike->way->deed == DEED_FAULT)
		return plant_fault(nemesis, strike);
	if (strike->way->deed == DEED_MEMORY && strike->who == SUPERVISOR && !all_are_there(driver))
		return false; /* whoever it starts then would have none either */
	pid_t pid =
		strike->way->to_supervisor ? driver->supervisor : process_of(driver, strike->who, &unborn);
	int pidfd = open_process(driver, pid);
	if (pidfd < 0 || !strike_process(nemesis, strike, pid, pidfd))
		return false;
	nemesis->in_birth += unborn;
	return true;
}

static struct strike
choose(struct nemesis *nemesis)
{
	const struct way *way = ways_choose(nemesis->driver->weights, ledger_random(&nemesis->random));
	unsigned who = ledger_pick(&nemesis->random, MEMBER_COUNT);

	return (struct strike){ .way = way,
		.who = way->to_supervisor ? SUPERVISOR : who,
		.detail = ledger_random(&nemesis->random) };
}

static void
strike_one(struct nemesis *nemesis)
{
	struct strike strike = choose(nemesis);

	bound_look(nemesis->driver->bound);
	if (!bound_allows(nemesis->driver->bound, strike.who, strike.way)) {
		nemesis->toll.held_back++;
	} else if (!carry_out(nemesis, &strike)) {
		nemesis->toll.missed++;
	} else {
		nemesis->by_way[strike.way - ways]++;
		nemesis->by_member[strike.who]++;
		nemesis->toll.kills += way_kills(strike.way);
		nemesis->toll.planted += strike.way->deed == DEED_FAULT;
		nemesis->toll.hindered += !way_kills(strike.way) && strike.way->deed != DEED_FAULT;
	}
}

/* Mostly one at a time, now and then several, which may be the same one's successors. */
static void
strike_some(struct nemesis *nemesis)
{
	unsigned count =
		ledger_pick(&nemesis->random, 8) == 0 ? 2 + ledger_pick(&nemesis->random, BURST_MAX - 1) : 1;

	while (count-- > 0)
		strike_one(nemesis);
}

/* --- a storm --- */

/* False: there is nothing left to rage at. A supervisor that is hindered can't be expected to answer. */
static bool
check(struct driver *driver, uint64_t *next_ns)
{
	uint64_t now_ns = ledger_now_ns();

	if (now_ns < *next_ns || taken_has_supervisor(driver->taken))
		return watch_is_alive(driver);
	if (watch_is_alive(driver))
		watch_check_answer(driver);
	watch_check_asks(driver);
	*next_ns = now_ns + CHECK_NS;
	return watch_is_alive(driver);
}

static void
sleep_until(uint64_t until_ns)
{
	uint64_t now_ns = ledger_now_ns();

	if (now_ns < until_ns)
		sleep_ms((int64_t)((until_ns - now_ns + 999999) / 1000000));
}

void
nemesis_rage(struct nemesis *nemesis, unsigned kills, uint64_t until_ns)
{
	struct driver *driver = nemesis->driver;
	uint64_t next_check_ns = 0, next_strike_ns = 0;
	unsigned end = nemesis->toll.kills + kills;

	bound_forget_deeds(driver->bound);
	wipe_board(driver->board);
	while (nemesis->toll.kills < end && ledger_now_ns() < until_ns && check(driver, &next_check_ns)) {
		taken_turn(driver->taken, false);
		if (ledger_now_ns() >= next_strike_ns) {
			strike_some(nemesis);
			next_strike_ns =
				ledger_now_ns() +
				(1 + ledger_pick(&nemesis->random, 2 * driver->pause_ms)) * UINT64_C(1000000);
		}
		uint64_t next_turn_ns = taken_next_ns(driver->taken);
		sleep_until(next_turn_ns < next_strike_ns ? next_turn_ns : next_strike_ns);
	}
	taken_turn(driver->taken, true);
	bound_withdraw(driver->bound);
}

void
nemesis_print(const struct nemesis *nemesis)
{
	const struct toll *toll = &nemesis->toll;

	printf("  kills                  %10u   (and %u faults planted, %u hindered for a while; %u found nobody, %u held back)\n",
		toll->kills, toll->planted, toll->hindered, toll->missed, toll->held_back);
	printf("    by way              ");
	for (size_t i = 0; i < WAY_COUNT; i++)
		if (nemesis->driver->weights[i] > 0)
			printf(" %s:%u", ways[i].word, nemesis->by_way[i]);
	printf("\n    by victim           ");
	for (unsigned i = 0; i < MEMBER_COUNT; i++)
		printf(" %s:%u", strrchr(members[i].path, '/') + 1, nemesis->by_member[i]);
	printf(" supervisor:%u, in birth:%u\n", nemesis->by_member[SUPERVISOR], nemesis->in_birth);
}
