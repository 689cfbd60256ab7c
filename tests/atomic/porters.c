/* porters.c: see porters.h. The tree's actors are tests/scenario/actors/porter.c. One thread; the runtime's own. */
#include "porters.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bypass.h"
#include "codec.h"
#include "leaks.h"
#include "parcel.h"
#include "router_private.h"
#include "runningtree.h"
#include "schema.h"
#include "slot.h"
#include "testclock.h"
#include "wire.h"

#define SETTLE_MS 20000		  /* a restart, a bypass and some messages, on a machine that is swamped */
#define HANDLER_MS (10 * 60000)	  /* nobody overruns that */
#define KILLS_A_PERIOD_MAX 100000 /* in 5 s: nobody gives up */

_Static_assert(PORTER_LARGE >= TRI_PARCEL_MIN, "a large item goes in a parcel");

static const char *const names[PORTERS_ENDS] = {
	[PORTERS_SENDER] = "sender",
	[PORTERS_RECEIVER] = "receiver",
};

static struct fd_table fds_before;

void
porters_fail(const struct porters *porters, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (%" PRIu64 " kills, %" PRIu64 " crashes, %u items)\n", porters->kills,
		porters->crashes, porters->next - 1);
	exit(1);
}

static void
must(const struct porters *porters, tractor_err err, const char *what)
{
	if (err != TRACTOR_OK)
		porters_fail(porters, "%s: %s: %s", what, tractor_err_name(err), tractor_why());
}

void
porters_until(struct porters *porters, bool (*condition)(struct porters *porters, uint32_t arg), uint32_t arg,
	const char *what)
{
	int64_t until_ms = now_ms() + scaled_ms(SETTLE_MS);

	while (!condition(porters, arg)) {
		if (now_ms() > until_ms)
			porters_fail(porters, "%s, item %u: not by the deadline", what, arg);
		tractor_runtime_turn(porters->runtime, 1);
	}
}

/* --- the tree --- */

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct porters *porters = arg;

	if (porters->verbose)
		fprintf(stderr, "%s %s %u: %s\n", event->event, event->path, event->incarnation, event->text);
}

static struct tractor_verdict
note_crash(void *self, const struct tractor_crash *crash)
{
	struct porters *porters = self;

	porters->crashes++;
	porters->digest = crash->message ? crash->digest : 0;
	porters->incarnation = crash->incarnation;
	return (struct tractor_verdict){ .kind = TRACTOR_VERDICT_DEFAULT };
}

static void
open_book(struct porters *porters)
{
	size_t size = sizeof(*porters->book);

	porters->book_fd = memfd_create("book", MFD_CLOEXEC);
	if (porters->book_fd < 0 || ftruncate(porters->book_fd, (off_t)size) < 0)
		porters_fail(porters, "no memory for the book: %s", strerror(errno));
	porters->book = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, porters->book_fd, 0);
	if (porters->book == MAP_FAILED)
		porters_fail(porters, "no memory for the book: %s", strerror(errno));
}

static void
start(struct porters *porters, enum porters_end end)
{
	char exec[256], book[48];

	snprintf(exec, sizeof(exec), "%s/porter", test_actors_dir());
	snprintf(book, sizeof(book), "/proc/%d/fd/%d", (int)getpid(), porters->book_fd);
	const struct tractor_child child = { .name = names[end],
		.exec = exec,
		.mailbox = end == PORTERS_RECEIVER ? PORTERS_MAILBOX : 0,
		.handler_timeout_ms = /* who has a limit gets no bypass */
		end == PORTERS_RECEIVER && porters->way != PORTERS_BYPASS ? HANDLER_MS : 0,
		.args = (const char *const[]){ "book", book, NULL } };
	must(porters, tractor_start(porters->runtime, porter, &porters->refs[end], &child), names[end]);
}

void
porters_open(struct porters *porters, enum porters_way way, bool verbose)
{
	*porters = (struct porters){ .way = way, .verbose = verbose, .next = 1 };
	porters->policy = (struct tractor_crash_policy){ .self = porters, .on_crash = note_crash };
	const struct tractor_options options = { .name = "porters",
		.intensity = KILLS_A_PERIOD_MAX,
		.crash_policy = &porters->policy,
		.on_event = on_event,
		.arg = porters };

	fd_table_read(&fds_before);
	setenv("TRACTOR_LANES", "eager", 1); /* a bypass from the first message on */
	open_book(porters);
	must(porters, tractor_runtime_open(&porters->runtime, &options), "open");
	start(porters, PORTERS_RECEIVER);
	start(porters, PORTERS_SENDER);
}

void
porters_close(struct porters *porters)
{
	struct findings findings = { .count = 0 };

	tractor_runtime_close(porters->runtime);
	munmap(porters->book, sizeof(*porters->book));
	close(porters->book_fd);
	leaks_fds(&fds_before, &findings);
	if (findings.count > 0)
		porters_fail(porters, "%s", findings.text);
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD)
		porters_fail(porters, "a process was left behind");
}

static pid_t
pid_now(struct porters *porters, enum porters_end end)
{
	struct tractor_child_info *info;
	char path[40];

	snprintf(path, sizeof(path), "/porters/%s", names[end]);
	must(porters, tractor_which_child(porters->runtime, path, &info), path);
	pid_t pid = info->state == TRACTOR_CHILD_RUNNING ? info->pid : 0;
	free(info);
	return pid;
}

static bool
runs(struct porters *porters, uint32_t end)
{
	return pid_now(porters, (enum porters_end)end) > 0;
}

pid_t
porters_pid(struct porters *porters, enum porters_end end)
{
	porters_until(porters, runs, end, names[end]);
	return pid_now(porters, end);
}

/* --- items --- */

uint32_t
porters_carry(struct porters *porters, uint32_t count, bool asks, bool stays)
{
	uint32_t first = porters->next;

	porters->next += count;
	if (porters->next > PORTER_NUMBERS)
		porters_fail(porters, "the book is full");
	for (uint32_t number = first; number < porters->next; number++)
		atomic_store(&porters->book->lines[number].large, porters->way == PORTERS_PARCELS);
	atomic_store(&porters->book->stays, stays);
	must(porters,
		tractor_tell(tractor_port(porters->runtime), porters->refs[PORTERS_SENDER], porter_carry,
			.to = porters->refs[PORTERS_RECEIVER], .first = first, .count = count, .asks = asks,
			.stays = stays),
		"carry");
	return first;
}

static bool
is_sent(struct porters *porters, uint32_t number)
{
	return atomic_load(&porters->book->lines[number].sent) != 0;
}

static bool
has_ended(struct porters *porters, uint32_t number)
{
	return atomic_load(&porters->book->lines[number].ended) != 0;
}

void
porters_sent(struct porters *porters)
{
	porters_until(porters, is_sent, porters->next - 1, "sending");
}

void
porters_handled(struct porters *porters)
{
	porters_sent(porters);
	porters_until(porters, has_ended, porters->next - 1, "handling");
}

/* --- on the way --- */

/* Where a process has a bypass's memory that it can write to; 0: it has none. */
static uint64_t
place_of_bypass(pid_t pid)
{
	char path[64], line[512], access[8];
	uint64_t place = 0, start;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	while (maps && place == 0 && fgets(line, sizeof(line), maps))
		if (strstr(line, "tractor-bypass") &&
			sscanf(line, "%" SCNx64 "-%*x %7s", &start, access) == 2 && access[1] == 'w')
			place = start;
	if (maps)
		fclose(maps);
	return place;
}

bool
porters_peek(struct porters *porters, size_t offset, uint64_t *ret_word)
{
	pid_t pid = pid_now(porters, PORTERS_SENDER);
	uint64_t place = pid > 0 ? place_of_bypass(pid) : 0;
	struct iovec here = { ret_word, sizeof(*ret_word) };
	struct iovec there = { (void *)(place + offset),
		sizeof(*ret_word) }; /* NOLINT(performance-no-int-to-ptr) */

	return place > 0 && process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof(*ret_word);
}

static bool
has_bypass(struct porters *porters, uint32_t end)
{
	return place_of_bypass(porters_pid(porters, (enum porters_end)end)) != 0;
}

/* The next item; true if it went by a bypass that was there before. */
static bool
goes_past(struct porters *porters, uint32_t unused)
{
	const size_t head = offsetof(struct tri_bypass_from, messages.head);
	uint64_t before, after;
	bool had_one = porters_peek(porters, head, &before);

	(void)unused;
	porters_carry(porters, 1, false, false);
	porters_handled(porters);
	return had_one && porters_peek(porters, head, &after) && after > before;
}

static struct slot *
slot_of_end(const struct porters *porters, enum porters_end end)
{
	return slot_by_id(porters->runtime, porters->refs[end].at.actor);
}

void
porters_make_ready(struct porters *porters, bool fresh)
{
	porters_pid(porters, PORTERS_RECEIVER);
	porters_pid(porters, PORTERS_SENDER);
	if (porters->way != PORTERS_BYPASS) {
		if (!wire_uses_lanes(slot_of_end(porters, PORTERS_SENDER)->wire) ||
			!wire_uses_lanes(slot_of_end(porters, PORTERS_RECEIVER)->wire))
			porters_fail(porters, "there are no lanes");
		porters_carry(porters, 1, false, false);
		porters_handled(porters);
		if (has_bypass(porters, PORTERS_SENDER))
			porters_fail(porters, "there is a bypass");
		return;
	}
	if (!fresh) {
		porters_until(porters, goes_past, porters->next, "a bypass in use");
		return;
	}
	goes_past(porters, 0);
	porters_until(porters, has_bypass, PORTERS_RECEIVER, "a bypass");
	porters_until(porters, has_bypass, PORTERS_SENDER, "a bypass");
}

uint64_t
porters_delivered(struct porters *porters)
{
	return slot_delivered(slot_of_end(porters, PORTERS_RECEIVER));
}

/* --- the end --- */

void
porters_kill(struct porters *porters, pid_t pid)
{
	porters->digest = 0;
	porters->kills++;
	kill(pid, SIGKILL);
}

static uint64_t
digest_of(const struct porters *porters, uint32_t number, const struct tractor_message *message, bool stays)
{
	uint8_t load[PORTER_LOAD_MAX], payload[PORTER_LOAD_MAX + 64];
	uint32_t bytes = porter_fill(porters->book, number, load);
	size_t size;

	const struct porter_item item = { .number = number,
		.stays = stays,
		.load = { load, bytes },
		.sum = porter_sum(number, load, bytes) };
	must(porters, tri_encode(message->record, &item, payload, sizeof(payload), &size), "encode");
	struct letter letter = {
		.message = { .message = tri_message_id(message), .payload = payload, .payload_bytes = size }
	};
	return letters_digest(&letter);
}

/* Whether it is that item which was reported to have been in hand. */
static bool
was_in_hand(const struct porters *porters, uint32_t number)
{
	return porters->digest != 0 &&
	       (porters->digest == digest_of(porters, number, &tri_message_porter_item, false) ||
		       porters->digest == digest_of(porters, number, &tri_message_porter_item, true) ||
		       porters->digest == digest_of(porters, number, &tri_message_porter_weigh, false));
}

/* What must never be, whatever is still to come. */
static void
check_line(const struct porters *porters, uint32_t number)
{
	const struct porter_line *line = &porters->book->lines[number];
	tractor_err err = (tractor_err)atomic_load(&line->error);

	if (atomic_load(&line->begun) > 1)
		porters_fail(porters, "item %u was handled twice", number);
	if (err == TRACTOR_ECRASHED && !was_in_hand(porters, number))
		porters_fail(porters, "the asker of %u was told of a crash that had something else in hand",
			number);
	if (err != TRACTOR_OK && err != TRACTOR_ECRASHED)
		porters_fail(porters, "item %u was refused: %s", number, tractor_err_name(err));
}

/* Handled once; or reported to have been in hand when its receiver was killed, and then not handled afterwards. */
static bool
is_settled(const struct porters *porters, uint32_t number, enum porters_end killed)
{
	const struct porter_line *line = &porters->book->lines[number];

	check_line(porters, number);
	if (killed == PORTERS_RECEIVER && was_in_hand(porters, number)) {
		if (atomic_load(&line->begun) > 0 && atomic_load(&line->by) > porters->incarnation)
			porters_fail(porters, "item %u was in hand, and handled again", number);
		return atomic_load(&line->sent) != 0;
	}
	if (atomic_load(&line->sent) == 0)
		return killed == PORTERS_SENDER; /* it may come or not */
	return atomic_load(&line->ended) == 1;
}

static bool
has_heard_of_it(struct porters *porters, uint32_t unused)
{
	(void)unused;
	return porters->crashes == porters->kills;
}

void
porters_settle(struct porters *porters, uint32_t first, enum porters_end killed)
{
	int64_t until_ms = now_ms() + scaled_ms(SETTLE_MS);

	atomic_store(&porters->book->stays, 0);
	porters_until(porters, has_heard_of_it, porters->next - 1, "the kill");
	for (uint32_t number = first; number < porters->next; number++)
		while (!is_settled(porters, number, killed)) {
			if (now_ms() > until_ms)
				porters_fail(porters, "item %u was lost", number);
			tractor_runtime_turn(porters->runtime, 1);
		}
	if (atomic_load(&porters->book->torn) > 0)
		porters_fail(porters, "an item was torn");
	if (atomic_load(&porters->book->disorder) > 0)
		porters_fail(porters, "an item came behind a later one");
}
