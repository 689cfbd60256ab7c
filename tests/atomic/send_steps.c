/*
 * send_steps.c: send_steps [--all] [--path NAME] [--every N] [--rest N] [--verbose]: an actor that sends, and one that receives, by a bypass, by the supervisor or in a parcel, in a real tree, are killed at one instruction after the other: from the call of
 * tractor_tell() or tractor_ask() until it has returned, and from the wake-up until the next sleep. Each time what was accepted must come once, whole and in its order, but for what was in hand at the receiver's death, which must
 * be reported to have been.
 *
 * What a process leaves behind changes only with what it writes to memory that it shares, and with what it has the kernel do. So each path is first gone through once, to see after which instructions that is so; it is
 * killed behind each of these, or every Nth of them, and behind every Nth (--rest) of all instructions, of which a look at the clock is one. That is about where they are: an item takes more instructions than another. With --all it
 * is behind each instruction, to the end of the path.
 *
 * Exit: 0 it held; 1 it did not; 2 usage; 77 this machine does not let us trace, or is none that this is written for.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "blackbox.h"
#include "bypass.h"
#include "porters.h"
#include "testclock.h"
#include "tracing.h"

#define STEPS_MAX 20000
#define PARTS_MAX 8
#define TRIES 20 /* until one has to wait where it may */

static struct {
	bool all, verbose;
	unsigned every, rest;
	const char *path;
} options = { .every = 1, .rest = UINT_MAX };

/* --- what a process shares --- */

/* All that it can write to and another can read. */
struct shared {
	pid_t pid;
	size_t count, size;
	struct iovec parts[PARTS_MAX];
	uint8_t *now, *before;
};

/* Of a black box: what is behind is for the actors that are durable, and large. */
static size_t
part_bytes(const char *line, uint64_t start, uint64_t end)
{
	size_t size = end - start;

	return strstr(line, "tractor-blackbox") && size > offsetof(struct tri_blackbox, outbox)
		       ? offsetof(struct tri_blackbox, outbox)
		       : size;
}

static void
find_parts(struct shared *shared)
{
	char path[64], line[512], access[8];
	uint64_t start, end;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)shared->pid);
	FILE *maps = fopen(path, "re");
	while (maps && shared->count < PARTS_MAX && fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "tractor-bl") && !strstr(line, "tractor-by"))
			continue;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &start, &end, access) != 3 ||
			access[1] != 'w')
			continue;
		struct iovec *part = &shared->parts[shared->count++];
		*part = (struct iovec){ (void *)start,
			part_bytes(line, start, end) }; /* NOLINT(performance-no-int-to-ptr) */
		shared->size += part->iov_len;
	}
	if (maps)
		fclose(maps);
}

static void
read_shared(const struct shared *shared)
{
	struct iovec here = { shared->now, shared->size };

	if (process_vm_readv(shared->pid, &here, 1, shared->parts, shared->count, 0) != (ssize_t)shared->size)
		memset(shared->now, 0, shared->size);
}

static struct shared
open_shared(pid_t pid)
{
	struct shared shared = { .pid = pid };

	find_parts(&shared);
	shared.now = calloc(2, shared.size);
	if (!shared.now)
		exit(2);
	shared.before = shared.now + shared.size;
	read_shared(&shared);
	memcpy(shared.before, shared.now, shared.size);
	return shared;
}

/* Since it was asked last. */
static bool
has_changed(const struct shared *shared)
{
	read_shared(shared);
	if (memcmp(shared->now, shared->before, shared->size) == 0)
		return false;
	memcpy(shared->before, shared->now, shared->size);
	return true;
}

/* --- the paths --- */

struct path {
	const char *name;
	enum porters_way way;
	enum porters_end stepped;
	uint32_t count; /* items; the last is the one whose sending is stepped through */
	bool asks;
	bool fresh;	/* by a bypass that no mark has come through yet */
	bool from_wait; /* stepped through from the first wait on */
	bool waits;	/* for room, as there are more than the receiver may have waiting */
};

/* clang-format off */
static const struct path paths[] = {
	/* name              way              whose              count               asks   fresh  from_wait waits */
	{ "tell",            PORTERS_BYPASS,  PORTERS_SENDER,    1,                  false, false, false,    false },
	{ "ask",             PORTERS_BYPASS,  PORTERS_SENDER,    1,                  true,  false, false,    false },
	{ "tell_with_mark",  PORTERS_BYPASS,  PORTERS_SENDER,    1,                  false, true,  false,    false }, /* which comes too late for who is that slow */
	{ "tell_after_mark", PORTERS_BYPASS,  PORTERS_SENDER,    1,                  false, true,  true,     false },
	{ "tell_for_room",   PORTERS_BYPASS,  PORTERS_SENDER,    PORTERS_MAILBOX + 1, false, false, false,   true },
	{ "told",            PORTERS_BYPASS,  PORTERS_RECEIVER,  2,                  false, false, false,    false },
	{ "asked",           PORTERS_BYPASS,  PORTERS_RECEIVER,  1,                  true,  false, false,    false },
	{ "makes_room",      PORTERS_BYPASS,  PORTERS_RECEIVER,  PORTERS_MAILBOX + 1, false, false, false,   true },
	{ "lane_tell",       PORTERS_LANES,   PORTERS_SENDER,    1,                  false, false, false,    false },
	{ "lane_ask",        PORTERS_LANES,   PORTERS_SENDER,    1,                  true,  false, false,    false },
	{ "lane_told",       PORTERS_LANES,   PORTERS_RECEIVER,  2,                  false, false, false,    false },
	{ "lane_asked",      PORTERS_LANES,   PORTERS_RECEIVER,  1,                  true,  false, false,    false },
	{ "parcel_tell",     PORTERS_PARCELS, PORTERS_SENDER,    1,                  false, false, false,    false },
	{ "parcel_ask",      PORTERS_PARCELS, PORTERS_SENDER,    1,                  true,  false, false,    false },
	{ "parcel_told",     PORTERS_PARCELS, PORTERS_RECEIVER,  2,                  false, false, false,    false },
	{ "parcel_asked",    PORTERS_PARCELS, PORTERS_RECEIVER,  1,                  true,  false, false,    false },
};
/* clang-format on */

static void
turn(void *arg)
{
	struct porters *porters = arg;

	tractor_runtime_turn(porters->runtime, 0);
}

static void
trace(struct porters *porters, struct traced *traced, pid_t pid)
{
	if (tracing_begin(traced, pid, turn, porters))
		return;
	fprintf(stderr, "cannot trace: %s\n", strerror(errno));
	exit(TRACING_SKIPPED);
}

static bool
word_is_odd(struct porters *porters, uint32_t offset)
{
	uint64_t word;

	return porters_peek(porters, offset, &word) && word % 2 == 1;
}

static bool
is_delivered_beyond(struct porters *porters, uint32_t count)
{
	return (uint32_t)porters_delivered(porters) != count;
}

static bool
head_has_gone_to(struct porters *porters, uint32_t position)
{
	uint64_t head;

	return porters_peek(porters, offsetof(struct tri_bypass_from, messages.head), &head) &&
	       (uint32_t)head != position;
}

/* Past where it first lets others go on: it waits, or gives its processor away. Who finds that it need not is at its end then. */
static bool
run_past_first_wait(struct traced *traced)
{
	while (tracing_run_past(traced)) {
		if (tracing_is_about_to(traced, SYS_getppid))
			return true;
		if (tracing_is_about_to(traced, SYS_sched_yield) || tracing_is_about_to_wait(traced))
			return tracing_run_past(traced);
	}
	return false;
}

/* To where the last item's sending begins. */
static uint32_t
begin_sending(struct porters *porters, const struct path *path, struct traced *traced)
{
	uint32_t first = porters->next;

	if (path->waits) {
		porters_carry(porters, path->count - 1, false, true);
		porters_sent(porters);
	}
	trace(porters, traced, porters_pid(porters, PORTERS_SENDER));
	porters_carry(porters, 1, path->asks, path->waits);
	if (!tracing_run_to(traced, SYS_getppid) || !tracing_run_past(traced) ||
		(path->from_wait && !run_past_first_wait(traced)))
		porters_fail(porters, "%s: the sender did not come that far", path->name);
	return first;
}

/* What the receiver is asked or told is on its way to it. */
static void
await_sending(struct porters *porters, const struct path *path, uint64_t head, uint64_t delivered)
{
	if (path->waits)
		porters_until(
			porters, word_is_odd, offsetof(struct tri_bypass_from, waits_for_room), path->name);
	else if (!path->asks)
		porters_sent(porters);
	else if (path->way == PORTERS_BYPASS)
		porters_until(porters, head_has_gone_to, (uint32_t)head, path->name);
	if (path->way != PORTERS_BYPASS)
		porters_until(porters, is_delivered_beyond, (uint32_t)delivered, path->name);
}

/* To where it is about to be woken up, and has reason to. */
static uint32_t
begin_receiving(struct porters *porters, const struct path *path, struct traced *traced)
{
	uint64_t head = 0, delivered;

	trace(porters, traced, porters_pid(porters, PORTERS_RECEIVER));
	if (!tracing_run_to_wait(traced) ||
		(path->way == PORTERS_BYPASS &&
			!porters_peek(porters, offsetof(struct tri_bypass_from, messages.head), &head)))
		porters_fail(porters, "%s: the receiver did not come that far", path->name);
	delivered = porters_delivered(porters);
	uint32_t first = porters_carry(porters, path->count, path->asks, false);
	await_sending(porters, path, head, delivered);
	return first;
}

/* The sender's call has returned; the receiver sleeps again, or has begun with the next item. */
static bool
is_at_end(const struct porters *porters, const struct path *path, const struct traced *traced, uint32_t first,
	unsigned stepped)
{
	if (path->stepped == PORTERS_SENDER)
		return tracing_is_about_to(traced, SYS_getppid);
	return (stepped > 0 && tracing_is_about_to_wait(traced)) ||
	       (path->count > 1 && atomic_load(&porters->book->lines[first + 1].begun) > 0);
}

static void
step(struct porters *porters, const struct path *path, struct traced *traced)
{
	if (path->stepped == PORTERS_SENDER && path->waits && tracing_is_about_to_wait(traced))
		atomic_store(&porters->book->stays, 0); /* now there will be room */
	if (!tracing_step(traced))
		porters_fail(porters, "%s: it ended by itself", path->name);
}

/* Killed `count` instructions on, or at its end: how many these were. `is_moment`: is set where something has changed for others; may be NULL. */
static unsigned
kill_after(struct porters *porters, const struct path *path, unsigned count, bool *is_moment)
{
	struct shared shared = { .size = 0 };
	struct traced traced;
	unsigned stepped = 0;

	porters_make_ready(porters, path->fresh);
	uint32_t first =
		(path->stepped == PORTERS_SENDER ? begin_sending : begin_receiving)(porters, path, &traced);
	if (is_moment)
		shared = open_shared(traced.pid);
	for (; stepped < count && !is_at_end(porters, path, &traced, first, stepped); stepped++) {
		bool calls = is_moment && tracing_is_about_to_call(&traced);
		step(porters, path, &traced);
		if (is_moment)
			is_moment[stepped + 1] = has_changed(&shared) || calls;
	}
	porters_kill(porters, traced.pid);
	porters_settle(porters, first, path->stepped);
	if (options.verbose)
		fprintf(stderr, "%s: killed after %u\n", path->name, stepped);
	free(shared.now);
	return stepped;
}

static void
sweep(struct porters *porters, const struct path *path)
{
	static bool is_moment[STEPS_MAX + 1];
	unsigned moments = 0, kills = 1;
	int64_t began_ms = now_ms();

	memset(is_moment, 0, sizeof(is_moment));
	unsigned steps = 0;
	for (int tries = 0; steps == 0 && tries < TRIES; tries++)
		steps = kill_after(porters, path, STEPS_MAX, is_moment);
	if (steps == 0)
		porters_fail(porters, "%s: it never had to wait", path->name);
	if (steps == STEPS_MAX)
		porters_fail(porters, "%s: no end of it", path->name);
	for (unsigned i = 0, next = 0; i < steps || options.all; i++) {
		bool is_due = options.all || i == next;
		if (i == next)
			next += options.rest;
		if (i <= steps && is_moment[i])
			is_due = moments++ % options.every == 0 || is_due;
		if (!is_due)
			continue;
		kills++;
		if (kill_after(porters, path, i, NULL) < i)
			break;
	}
	printf("%-15s %5u kills, %3u moments in %4u instructions, %6.1f s\n", path->name, kills, moments,
		steps, (double)(now_ms() - began_ms) / 1000);
	fflush(stdout);
}

static bool
parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "every", required_argument, NULL, 'e' },
		{ "path", required_argument, NULL, 'p' },
		{ "rest", required_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};

	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) >= 0;)
		switch (option) {
		case 'a': options.all = true; break;
		case 'e': options.every = (unsigned)atoi(optarg); break;
		case 'p': options.path = optarg; break;
		case 'r': options.rest = (unsigned)atoi(optarg); break;
		case 'v': options.verbose = true; break;
		default: return false;
		}
	return optind == argc && options.every > 0 && options.rest > 0;
}

static bool
is_wanted(const struct path *path, enum porters_way way)
{
	return path->way == way && (!options.path || strcmp(options.path, path->name) == 0);
}

/* False: there is none that is wanted. */
static bool
sweep_all_by(enum porters_way way)
{
	struct porters porters;
	bool is_open = false;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!is_wanted(&paths[i], way))
			continue;
		if (!is_open)
			porters_open(&porters, way, options.verbose);
		is_open = true;
		sweep(&porters, &paths[i]);
	}
	if (!is_open)
		return false;
	printf("%" PRIu64 " kills, %u items: none lost, torn or doubled\n", porters.kills, porters.next - 1);
	porters_close(&porters);
	return true;
}

int
main(int argc, char **argv)
{
	if (!parse(argc, argv)) {
		fputs("usage: send_steps [--all] [--path NAME] [--every N] [--rest N] [--verbose]\n", stderr);
		return 2;
	}
	if (!TRACING_IS_WRITTEN) {
		puts("steps are written for x86-64");
		return TRACING_SKIPPED;
	}
	tracing_keep_to_one_processor();
	bool any = false;
	for (enum porters_way way = PORTERS_BYPASS; way <= PORTERS_PARCELS; way++)
		any = sweep_all_by(way) || any;
	if (any)
		return 0;
	fprintf(stderr, "send_steps: no path %s\n", options.path);
	return 2;
}
