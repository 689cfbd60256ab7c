/*
 * soak.c: the soak's main(): a third of the kills to warm up, a rest, the others, a rest, and what was measured at both. See ../soak.sh for how it is run. Exit: 0
 * nothing to complain of, 1 something, 2 wrong usage or nothing could be started.
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

#define KILLS_DEFAULT 1000
#define PAUSE_DEFAULT_MS 20
#define START_MS 30000
#define ASK_LIMIT_MS 5000
/* Flat: what may be there more than after the warm-up. glibc gives each of nng's threads an arena, and when each of these first grows is chance. */
#define MEMORY_PERCENT 10
#define MEMORY_KIB 2048

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_THE_SANITIZERS true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY_IS_THE_SANITIZERS true
#endif
#endif
#ifndef MEMORY_IS_THE_SANITIZERS
#define MEMORY_IS_THE_SANITIZERS false
#endif

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
		{ "folder", 1, NULL, 'd' }, { "tree", 1, NULL, 't' }, { NULL, 0, NULL, 0 } };
	const char *scale = getenv("TRACTOR_TEST_TIMEOUT_SCALE");

	driver->scale = scale && atoi(scale) > 1 ? (unsigned)atoi(scale) : 1;
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
	uint64_t until_ns = ledger_now_ns() + (uint64_t)START_MS * driver->scale * 1000000;
	struct tree_seen seen = { .actors = 0 };

	if (!watch_start(driver))
		return false;
	while (watch_is_alive(driver) && ledger_now_ns() < until_ns) {
		if (watch_status(driver, &seen) && seen.actors == MEMBER_COUNT &&
			seen.running == MEMBER_COUNT)
			return true;
		sleep_ms(50);
	}
	complain(driver, "the tree does not start: %u of %u actors are running", seen.running, seen.actors);
	return false;
}

/* --- the run --- */

static struct usage
rage_and_rest(
	struct driver *driver, struct nemesis *nemesis, unsigned kills, uint64_t until_ns, const char *when)
{
	atomic_store(&driver->board->go, 1);
	nemesis_rage(nemesis, kills, until_ns);
	atomic_store(&driver->board->go, 0);
	if (!watch_is_alive(driver))
		return (struct usage){ .fds = 0 };
	watch_rest(driver, when);
	watch_check_children(driver, when);
	return watch_usage(driver);
}

static void
check_usage(struct driver *driver, const char *when, long fds_before, const struct usage *now)
{
	/* A connection of `tractor status` may be a moment from being closed. */
	long fds = now->fds;
	for (int i = 0; i < 100 && fds != fds_before; i++) {
		sleep_ms(20);
		fds = watch_usage(driver).fds;
	}
	if (fds != fds_before) {
		complain(driver, "%s: the supervisor has %ld fds, and had %ld", when, fds, fds_before);
		watch_save(driver, "fds");
	}
}

static void
check_memory(struct driver *driver, const struct usage *warm, const struct usage *end)
{
	long most = warm->anonymous_kib + warm->anonymous_kib * MEMORY_PERCENT / 100 + MEMORY_KIB;

	if (end->anonymous_kib > most && !MEMORY_IS_THE_SANITIZERS)
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

static void
run(struct driver *driver, struct nemesis *nemesis)
{
	uint64_t began_ns = ledger_now_ns(), long_ns = (uint64_t)driver->seconds * 1000000000;
	unsigned kills = driver->kills > 0 ? driver->kills : UINT32_MAX / 2;
	struct usage before = watch_usage(driver);
	struct tree_seen seen = { .actors = 0 };

	watch_check_children(driver, "before");
	struct usage warm = rage_and_rest(driver, nemesis, kills / 3,
		long_ns > 0 ? began_ns + long_ns / 3 : UINT64_MAX, "after a third");
	if (!watch_is_alive(driver))
		return;
	check_usage(driver, "after a third", before.fds, &warm);
	struct usage end = rage_and_rest(driver, nemesis, kills - nemesis_kills(nemesis),
		long_ns > 0 ? began_ns + long_ns : UINT64_MAX, "at the end");
	if (!watch_is_alive(driver))
		return;
	check_usage(driver, "at the end", before.fds, &end);
	check_memory(driver, &warm, &end);
	watch_status(driver, &seen);
	watch_save(driver, "end");
	watch_stop(driver);

	printf("seed %llu: %.1f s\n", (unsigned long long)driver->seed,
		(double)(ledger_now_ns() - began_ns) / 1e9);
	nemesis_print(nemesis);
	printf("  restarts               %10lu\n", seen.restarts);
	verdict(driver);
	print_usage("supervisor before", &before);
	print_usage("after a third", &warm);
	print_usage("at the end", &end);
}

int
main(int argc, char **argv)
{
	struct driver driver = { .seed = ledger_now_ns() & 0xffffffff };

	if (!read_options(&driver, argc, argv)) {
		fprintf(stderr,
			"usage: soak --folder FOLDER --tree FILE [--seed N] [--kills N] [--seconds N] [--minutes N] [--pause MS]\n");
		return 2;
	}
	printf("seed %llu\n", (unsigned long long)driver.seed);
	fflush(stdout);
	struct nemesis *nemesis = nemesis_new(&driver);
	if (!nemesis || !prepare(&driver))
		return 2;
	if (start(&driver))
		run(&driver, nemesis);
	watch_stop(&driver);
	nemesis_free(nemesis);
	printf("%s\n", driver.complaints == 0 ? "PASS" : "FAIL");
	return driver.complaints == 0 ? 0 : 1;
}
