/*
 * soak.c: the soak's main(): a storm, a rest, and so on in turn; what must hold at a rest is looked at in every one. See ../soak.sh for how it is run. Exit: 0 nothing to complain of, 1
 * something, 2 wrong usage or nothing could be started.
 */
#include "driver.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sanitizer.h"

#define KILLS_DEFAULT 1000
#define PAUSE_DEFAULT_MS 20
#define STORMS_LEAST 5
#define STORM_LONGEST_S 30
#define START_MS 30000
#define ASK_LIMIT_MS \
	30000 /* beyond what the worst of the nemesis's ways, and the waiting after it, add up to: no ask may run into it */
/* Flat: what may be there more than after the warm-up. glibc gives each of nng's threads an arena, and when each of these first grows is chance. */
#define MEMORY_PERCENT 10
#define MEMORY_KIB 2048

void
complain(struct driver *driver, const char *format, ...)
{
	va_list arguments;

	driver->complaints++;
	printf("! ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
}

void
sleep_ms(int64_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

uint64_t
until_ns_of(const struct driver *driver, unsigned ms)
{
	return ledger_now_ns() + (uint64_t)ms * driver->scale * 1000000;
}

/* --- options --- */

static bool
number_of(const char *text, uint64_t *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(text, &end, 0);
	return errno == 0 && end != text && *end == '\0';
}

static bool
take_option(struct driver *driver, int option, const char *text)
{
	uint64_t number;

	if (option == 'd') {
		driver->folder = text;
		return true;
	}
	if (option == 't') {
		driver->tree_file = text;
		return true;
	}
	if (option == 'w') {
		driver->weights_text = text;
		return ways_weigh(text, driver->weights);
	}
	if (!number_of(text, &number) || (option != 's' && number > 1000000))
		return false;
	switch (option) {
	case 's': driver->seed = number; return true;
	case 'k': driver->kills = (unsigned)number; return true;
	case 'S': driver->seconds = (unsigned)number; return true;
	case 'm': driver->seconds = (unsigned)number * 60; return true;
	case 'p': driver->pause_ms = (unsigned)number; return number > 0;
	default: return false;
	}
}

static bool
read_options(struct driver *driver, int argc, char **argv)
{
	static const struct option options[] = { { "seed", 1, NULL, 's' }, { "kills", 1, NULL, 'k' },
		{ "seconds", 1, NULL, 'S' }, { "minutes", 1, NULL, 'm' }, { "pause", 1, NULL, 'p' },
		{ "weights", 1, NULL, 'w' }, { "folder", 1, NULL, 'd' }, { "tree", 1, NULL, 't' },
		{ NULL, 0, NULL, 0 } };
	const char *scale = getenv("TRACTOR_TEST_TIMEOUT_SCALE");

	driver->scale = scale && atoi(scale) > 1 ? (unsigned)atoi(scale) : 1;
	ways_default(driver->weights);
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (!take_option(driver, option, optarg))
			return false;
	/* What makes deadlines longer makes restarts slower, and with half of the actors down nobody sends anything. */
	if (driver->pause_ms == 0)
		driver->pause_ms = PAUSE_DEFAULT_MS * driver->scale;
	if (driver->kills == 0 && driver->seconds == 0)
		driver->kills = KILLS_DEFAULT;
	return optind == argc && driver->folder && driver->tree_file;
}

/* --- before --- */

static bool
open_files(struct driver *driver)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/ledgers", driver->folder);
	setenv(LEDGER_FOLDER, path, 1);
	if (mkdir(path, 0700) < 0)
		return false;
	snprintf(path, sizeof(path), "%s/run", driver->folder);
	setenv("TRACTOR_RUN_DIR", path, 1);
	driver->board = ledger_board();
	for (unsigned i = 0; i < MEMBER_COUNT; i++)
		if (!(driver->ledgers[i] = ledger_open(i)))
			return false;
	return driver->board != NULL;
}

static bool
prepare(struct driver *driver)
{
	if (!open_files(driver)) {
		fprintf(stderr, "soak: cannot make the evidence in %s: %s\n", driver->folder,
			strerror(errno));
		return false;
	}
	atomic_store(&driver->board->seed, driver->seed);
	atomic_store(&driver->board->ask_limit_ms, ASK_LIMIT_MS * (int64_t)driver->scale);
	/* Hundreds of SIGSEGVs, and nobody wants their cores. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ .rlim_cur = 0 });
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* whoever the supervisor leaves behind falls to us */
	return true;
}

static bool
start(struct driver *driver)
{
	uint64_t until_ns = until_ns_of(driver, START_MS);
	struct tree_seen seen = { .actors = 0 };

	if (!watch_start(driver))
		return false;
	while (watch_is_alive(driver) && ledger_now_ns() < until_ns) {
		if (watch_status(&seen) && seen.actors == MEMBER_COUNT && seen.running == MEMBER_COUNT)
			return true;
		sleep_ms(50);
	}
	complain(driver, "the tree does not start: %u of %u actors are running", seen.running, seen.actors);
	return false;
}

/* --- the run --- */

static void
check_usage(struct driver *driver, unsigned number, long fds_before, const struct usage *now)
{
	/* A connection of `tractor status` may be a moment from being closed. */
	long fds = now->fds;
	for (int i = 0; i < 100 && fds != fds_before; i++) {
		sleep_ms(20);
		fds = watch_usage(driver).fds;
	}
	if (fds != fds_before) {
		complain(driver, "rest %u: the supervisor has %ld fds, and had %ld before", number, fds,
			fds_before);
		watch_save(driver, "fds");
	}
}

static void
check_memory(struct driver *driver, const struct usage *warm, const struct usage *end)
{
	long most = warm->anonymous_kib + warm->anonymous_kib * MEMORY_PERCENT / 100 + MEMORY_KIB;

	if (TRI_IS_SANITIZED) /* which keeps what was freed */
		return;
	if (end->anonymous_kib > most)
		complain(driver,
			"the supervisor's memory has grown from %ld to %ld KiB; at most %ld would be flat",
			warm->anonymous_kib, end->anonymous_kib, most);
}

static void
print_usage(const char *when, const struct usage *usage)
{
	printf("  %-22s %10ld fds, %ld KiB anonymous, %ld KiB shared, %ld KiB in all, %ld threads\n", when,
		usage->fds, usage->anonymous_kib, usage->shared_kib, usage->rss_kib, usage->threads);
}

/* How many storms there are; each is followed by a rest. */
static unsigned
count_storms(const struct driver *driver)
{
	unsigned by_time = driver->seconds / STORM_LONGEST_S;

	return by_time > STORMS_LEAST ? by_time : STORMS_LEAST;
}

static void
print_storm(unsigned number, const struct toll *before, const struct toll *now, uint64_t began_ns)
{
	printf("storm %u: %.1f s, %u kills, %u faults planted, %u hindered, %u held back\n", number,
		(double)(ledger_now_ns() - began_ns) / 1e9, now->kills - before->kills,
		now->planted - before->planted, now->hindered - before->hindered,
		now->held_back - before->held_back);
	fflush(stdout);
}

static void
print_rest(unsigned number, const struct sum *before, const struct sum *now, const struct usage *usage,
	uint64_t took_ns)
{
	printf("rest %u: whole after %llu ms: all run and answer; %lu deaths, %lu tells accepted, %lu of them lost in hand, %lu asks answered, %lu messages wrong; %ld fds, %ld KiB\n",
		number, (unsigned long long)(took_ns / 1000000), now->deaths - before->deaths,
		now->accepted - before->accepted, now->excused - before->excused,
		now->answered - before->answered, now->wrong - before->wrong, usage->fds,
		usage->anonymous_kib);
	fflush(stdout);
}

static void
storm(struct driver *driver, struct nemesis *nemesis, unsigned number, unsigned kills, uint64_t until_ns)
{
	struct toll before = nemesis_toll(nemesis);
	uint64_t began_ns = ledger_now_ns();

	atomic_store(&driver->board->go, 1);
	nemesis_rage(nemesis, kills, until_ns);
	atomic_store(&driver->board->go, 0);
	struct toll now = nemesis_toll(nemesis);
	print_storm(number, &before, &now, began_ns);
}

/* False: it is not whole, and what comes after it would say nothing. */
static bool
rest(struct driver *driver, unsigned number, struct sum *sum, struct usage *ret_usage)
{
	uint64_t began_ns = ledger_now_ns();
	char when[32];

	snprintf(when, sizeof(when), "rest %u", number);
	if (!rest_whole(driver, when))
		return false;
	uint64_t took_ns = ledger_now_ns() - began_ns;
	*ret_usage = watch_usage(driver);
	struct sum now = verdict_look(driver);
	print_rest(number, sum, &now, ret_usage, took_ns);
	*sum = now;
	return true;
}

struct measured {
	struct usage before, warm, end;
};

/* The first third warms up: what the supervisor has then is what it may have at the end. */
static bool
storms_and_rests(struct driver *driver, struct nemesis *nemesis, struct measured *measured)
{
	uint64_t began_ns = ledger_now_ns(), long_ns = (uint64_t)driver->seconds * 1000000000;
	unsigned kills = driver->kills > 0 ? driver->kills : UINT32_MAX / STORMS_LEAST,
		 storms = count_storms(driver);
	struct sum sum = { .deaths = 0 };

	measured->before = watch_usage(driver);
	for (unsigned i = 1; i <= storms; i++) {
		unsigned due = (unsigned)((uint64_t)kills * i / storms), done = nemesis_toll(nemesis).kills;
		storm(driver, nemesis, i, due > done ? due - done : 0,
			long_ns > 0 ? began_ns + long_ns * i / storms : UINT64_MAX);
		if (!rest(driver, i, &sum, &measured->end))
			return false;
		check_usage(driver, i, measured->before.fds, &measured->end);
		if (i == (storms + 2) / 3)
			measured->warm = measured->end;
	}
	check_memory(driver, &measured->warm, &measured->end);
	return true;
}

static void
run(struct driver *driver, struct nemesis *nemesis)
{
	uint64_t began_ns = ledger_now_ns();
	struct measured measured = { .before = { .fds = 0 } };
	struct tree_seen seen = { .actors = 0 };

	if (!storms_and_rests(driver, nemesis, &measured))
		return;
	watch_status(&seen);
	watch_save(driver, "end");
	watch_stop(driver);
	printf("%.1f s\n", (double)(ledger_now_ns() - began_ns) / 1e9);
	nemesis_print(nemesis);
	printf("  restarts               %10lu\n", seen.restarts);
	verdict(driver);
	print_usage("supervisor before", &measured.before);
	print_usage("after a third", &measured.warm);
	print_usage("at the end", &measured.end);
}

static void
print_plan(const char *before, const struct driver *driver)
{
	printf("%s--seed %llu%s%s\n", before, (unsigned long long)driver->seed,
		driver->weights_text ? " --weights " : "", driver->weights_text ? driver->weights_text : "");
	fflush(stdout);
}

static bool
begin(struct driver *driver)
{
	if (!start(driver))
		return false;
	driver->bound = bound_new(driver);
	driver->taken = taken_new(driver);
	driver->account = verdict_new();
	if (!driver->bound || !driver->taken || !driver->account)
		complain(driver, "the tree does not say what it is built for, or what it may have");
	return driver->bound && driver->taken && driver->account;
}

int
main(int argc, char **argv)
{
	struct driver driver = { .seed = ledger_now_ns() & 0xffffffff };

	if (!read_options(&driver, argc, argv)) {
		fprintf(stderr,
			"usage: soak --folder FOLDER --tree FILE [--seed N] [--weights WORD=N,...] [--kills N] [--seconds N] [--minutes N] [--pause MS]\n");
		return 2;
	}
	print_plan("", &driver);
	struct nemesis *nemesis = nemesis_new(&driver);
	if (!nemesis || !prepare(&driver))
		return 2;
	if (begin(&driver))
		run(&driver, nemesis);
	watch_stop(&driver);
	nemesis_free(nemesis);
	bound_free(driver.bound);
	taken_free(driver.taken);
	verdict_free(driver.account);
	print_plan(driver.complaints == 0 ? "PASS " : "FAIL ", &driver);
	return driver.complaints == 0 ? 0 : 1;
}
