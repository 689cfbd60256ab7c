/*
 * parcel_test.c: payloads of up to 64 MiB come as they were sent, whoever sends them to whom and whoever dies; they are mapped where they were written, and nobody keeps them, nor an fd, longer than they wait. With TRACTOR_LANES=off all
 * of it holds, too; then they go by the link.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/hauler.h"
#include "sanitizer.h"
#include "trees.h"

#define HUGE (((size_t)64 << 20) - HAULER_BESIDE) /* the largest there is */
#define LARGE ((size_t)1 << 20)
#define SLOW_MS 30000  /* as --timeout has it below */
#define GROWN_KB 16384 /* the allocator's own; the largest that is kept would be more */

static bool
has_lanes(void)
{
	const char *wanted = getenv("TRACTOR_LANES");

	return !wanted || strcmp(wanted, "off") != 0;
}

static struct process *
haulers(const char *program, const char *more)
{
	return tree_up("{name: t, intensity: 1000, children: [%s, %s, %s]}",
		actor_line_with("a", program, "args: {log: '%s'}", scenario_path("a.log")),
		actor_line_with("b", program, "args: {log: '%s'}%s", scenario_path("b.log"), more),
		actor_line("c", "hauler"));
}

/* How many fds of parcels a process has. */
static size_t
parcels_of(pid_t pid)
{
	char path[320], target[256];
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *folder = opendir(path);
	ck_assert_ptr_nonnull(folder);
	for (const struct dirent *entry; (entry = readdir(folder));) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, entry->d_name);
		ssize_t size = readlink(path, target, sizeof(target) - 1);
		target[size > 0 ? size : 0] = '\0';
		count += strstr(target, "tractor-parcel") != NULL;
	}
	closedir(folder);
	return count;
}

static bool
has_no_parcels(void *arg)
{
	return parcels_of(*(pid_t *)arg) == 0;
}

static void
expect_no_parcels(pid_t pid)
{
	ck_assert(wait_until(SOON_MS, has_no_parcels, &pid));
}

static void
down(struct process *tree)
{
	expect_no_parcels(pid_of("/t/a"));
	expect_no_parcels(pid_of("/t/b"));
	expect_no_parcels(process_pid(tree));
	tree_down(tree);
	unlink(scenario_path("a.log"));
	unlink(scenario_path("b.log"));
}

/* The reply, which may take longer than a command does: megabytes by the dozen. */
static json_t *
ask_patiently(const char *path, const char *message, const char *fields)
{
	const char *argv[] = { tractor_command(), "ask", "--timeout", "30s", path, message, fields, NULL };
	struct process *command = process_start_with(&(struct process_options){ .argv = argv });
	int status = process_wait(command, SLOW_MS + RUN_DEADLINE_MS);

	ck_assert_msg(status == 0, "ask %s %s: %s", path, message, process_errors(command));
	json_t *reply = json_loads(process_output(command), 0, NULL);
	ck_assert_ptr_nonnull(reply);
	process_close(command);
	return reply;
}

static json_t *
order(const char *path, const char *what, const char *to, int first, int count, size_t size)
{
	char fields[256];

	snprintf(fields, sizeof(fields),
		"{\"to\":\"%s\",\"first\":%d,\"count\":%d,\"size\":%zu,\"small_each\":3}", to, first, count,
		size);
	return ask_patiently(path, what, fields);
}

static void
expect_order(const char *path, const char *what, const char *to, int first, int count, size_t size)
{
	json_t *did = order(path, what, to, first, count, size);

	expect_text(did, "error", "TRACTOR_OK");
	expect_number(did, "count", count);
	json_decref(did);
}

static json_t *
what_is_seen(const char *path)
{
	return ask_patiently(path, "hauler.seen", "{}");
}

struct sight {
	const char *path;
	int count;
};

static bool
has_seen(void *arg)
{
	const struct sight *sight = arg;
	json_t *seen = what_is_seen(sight->path);
	bool has = number_at(seen, "count") >= sight->count;

	json_decref(seen);
	return has;
}

/* What a command asks need not come behind what another sends, who may still wait for room. `in_parcels`: where there are any. */
static void
expect_seen(const char *path, int count, int in_parcels)
{
	ck_assert(wait_until(SOON_MS, has_seen, &(struct sight){ path, count }));
	json_t *seen = what_is_seen(path);

	expect_number(seen, "wrong", 0);
	expect_number(seen, "count", count);
	expect_number(seen, "in_parcels", has_lanes() ? in_parcels : 0);
	json_decref(seen);
}

/* --- between actors --- */

/* Never more of them wait at a time than are held. */
START_TEST(tells_of_all_sizes_keep_their_order)
{
	struct process *tree = haulers("hauler", "");

	expect_order("/t/a", "hauler.tells", "/t/b", 1, 45, LARGE);
	expect_seen("/t/b", 45, 30);
	expect_order("/t/a", "hauler.tells", "/t/b", 46, 5, HUGE);
	expect_seen("/t/b", 50, 34);
	/* too much for a lane, too little for a parcel */
	expect_order("/t/a", "hauler.tells", "/t/b", 51, 300, 20000);
	expect_order("/t/a", "hauler.tells", "/t/b", 351, 45, 70000);
	expect_seen("/t/b", 395, 64);
	down(tree);
}
END_TEST

START_TEST(what_is_asked_and_answered)
{
	struct process *tree = haulers("hauler", "");

	expect_order("/t/a", "hauler.asks", "/t/b", 0, 30, LARGE);
	expect_seen("/t/a", 0, 30);
	expect_seen("/t/b", 0, 30);
	expect_order("/t/a", "hauler.asks", "/t/b", 0, 3, HUGE);
	expect_seen("/t/a", 0, 33);
	expect_seen("/t/b", 0, 33);
	down(tree);
}
END_TEST

/* What one tells while it handles something goes out when that is done. */
START_TEST(a_durable_one_holds_them_back)
{
	struct process *tree = haulers("hauler_durable", "");

	expect_order("/t/a", "hauler.tells", "/t/b", 1, 20, LARGE);
	expect_seen("/t/b", 20, 14);
	expect_order("/t/a", "hauler.asks", "/t/b", 0, 6, LARGE);
	expect_seen("/t/a", 0, 6);
	if (has_lanes()) { /* else it is too much for an outbox */
		expect_order("/t/a", "hauler.tells", "/t/b", 21, 2, HUGE);
		expect_seen("/t/b", 22, 21);
	}
	down(tree);
}
END_TEST

/* --- one of them dies --- */

/* The numbers of one kind in a file, which must be those from 1 to `count`, with at most `missing` that are not there. */
static void
expect_log(const char *file, const char *kind, int count, int missing)
{
	FILE *log = fopen(file, "re");
	char word[16];
	int number, last = 0, seen = 0;

	ck_assert_ptr_nonnull(log);
	while (fscanf(log, "%15s %d", word, &number) == 2) {
		if (strcmp(word, kind) != 0)
			continue;
		ck_assert_int_ge(number, last);
		last = number;
		seen++;
	}
	fclose(log);
	ck_assert_int_eq(last, count);
	ck_assert_int_ge(seen, count - missing);
}

START_TEST(what_waits_outlives_its_receiver)
{
	struct process *tree = haulers("hauler", "");

	for (int i = 0; i < 3; i++) {
		tell("/t/b", "hauler.rest", "{\"ms\":600000}");
		expect_order("/t/a", "hauler.tells", "/t/b", 1 + 20 * i, 20, LARGE);
		ck_assert_int_eq(parcels_of(process_pid(tree)) > 0, has_lanes());
		ck_assert_int_eq(kill(pid_of("/t/b"), SIGKILL), 0);
		expect_node("t", "/t/b", "running", i + 2, SOON_MS);
		json_decref(
			run_json(tractor_command(), "ask", "--timeout", "30s", "/t/b", "hauler.seen", NULL));
		expect_log(scenario_path("b.log"), "got", 20 * (i + 1), 0);
	}
	expect_seen("/t/b", 20, 13);
	down(tree);
}
END_TEST

START_TEST(what_was_told_outlives_its_sender)
{
	struct process *tree = haulers("hauler", "");

	tell("/t/b", "hauler.rest", "{\"ms\":1000}");
	tell("/t/a", "hauler.tells_and_dies", "{\"to\":\"/t/b\",\"first\":1,\"count\":20,\"size\":%zu}",
		LARGE);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	json_t *report = crash_of("/t/a", 1);
	expect_text(report, "cause", "signal");
	json_decref(report);
	expect_log(scenario_path("a.log"), "sent", 20, 0);
	expect_seen("/t/b", 20, 20);
	down(tree);
}
END_TEST

/* It ends for it, and its successor has what it could not take. */
START_TEST(one_that_has_no_fd_left)
{
	struct process *tree = haulers("hauler", "");

	tell("/t/b", "hauler.hoard", "{}");
	expect_order("/t/a", "hauler.tells", "/t/b", 1, 2, LARGE);
	if (has_lanes()) {
		expect_node("t", "/t/b", "running", 2, SOON_MS);
		json_t *report = crash_of("/t/b", 1);
		expect_match(text_at(report, "panic_text"),
			"^out of memory or fds: there was none for a large message ");
		json_decref(report);
	}
	expect_seen("/t/b", 2, 2);
	down(tree);
}
END_TEST

/* --- one is too much for its receiver --- */

static bool
is_one_in_quarantine(void *arg)
{
	json_t *list = run_json(tractor_command(), "poison", "--json", "-t", "t", NULL);
	bool is = json_array_size(json_object_get(list, "letters")) == 1;

	(void)arg;
	json_decref(list);
	return is;
}

static void
expect_quarantine(void)
{
	ck_assert(wait_until(SLOW_MS, is_one_in_quarantine, NULL));
}

/* Twice it is in hand at a crash; what the reports and quarantine have of it, and that it can be sent again, is as with any other. */
static void
one_that_kills(size_t size)
{
	struct process *tree = haulers("hauler", ", redeliver: true");

	tell("/t/a", "hauler.kills", "{\"to\":\"/t/b\",\"first\":5,\"size\":%zu}", size);
	expect_node("t", "/t/b", "running", 3, SLOW_MS);
	expect_quarantine();
	json_t *poison = run_json(tractor_command(), "poison", "show", "1", "--json", "-t", "t", NULL);
	for (int i = 1; i <= 2; i++) {
		json_t *report = crash_of("/t/b", i);
		expect_text(report, "message.name", "kill");
		expect_number(report, "message.bytes", (int64_t)size + HAULER_BESIDE);
		expect_number(report, "message.fields.number", 5);
		expect_text(report, "message.digest", text_at(poison, "digest"));
		if (i == 1 && size == HUGE)
			expect_text(report, "replay.missing", "its message: it is larger than 16 MiB");
		json_decref(report);
	}
	expect_number(poison, "bytes", (int64_t)size + HAULER_BESIDE);
	json_decref(poison);
	ck_assert_int_eq(parcels_of(process_pid(tree)) > 0, has_lanes());
	expect_command(0, NULL, NULL, "poison", "requeue", "1", NULL);
	expect_node("t", "/t/b", "running", 4, SLOW_MS);    /* the digest is known */
	expect_log(scenario_path("b.log"), "killed", 5, 2); /* three times that one */
	expect_command(0, NULL, NULL, "poison", "drop", "all", NULL);
	down(tree);
}

START_TEST(a_large_one_that_kills)
{
	one_that_kills(LARGE);
}
END_TEST

START_TEST(a_huge_one_that_kills)
{
	one_that_kills(HUGE);
}
END_TEST

/* --- the program that has the tree --- */

static struct {
	struct tractor_runtime *rt;
	tractor_ctx *ctx;
	hauler_ref a, b;
	uint8_t *load;
} parent;

static void
on_line(void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length)
{
	(void)arg;
	(void)path;
	(void)incarnation;
	(void)is_error;
	(void)line;
	(void)length;
}

static void
begin_parent(const char *more)
{
	const char *file = scenario_write("t.yaml", "{name: t, intensity: 1000, children: [%s, %s]}",
		actor_line("a", "hauler"),
		actor_line_with(
			"b", "hauler", "redeliver: true, args: {log: '%s'}%s", scenario_path("b.log"), more));

	ck_assert_int_eq(
		tractor_runtime_open_file(&parent.rt, file, &(struct tractor_options){ .on_line = on_line }),
		TRACTOR_OK);
	parent.ctx = tractor_port(parent.rt);
	ck_assert_int_eq(tractor_find(parent.ctx, hauler, "/t/a", &parent.a), TRACTOR_OK);
	ck_assert_int_eq(tractor_find(parent.ctx, hauler, "/t/b", &parent.b), TRACTOR_OK);
	parent.load = malloc(HUGE);
}

static void
end_parent(void)
{
	free(parent.load);
	tractor_runtime_close(parent.rt);
	ck_assert_uint_eq(parcels_of(getpid()), 0);
	unlink(scenario_path("b.log"));
}

static void
tell_load(hauler_ref to, uint64_t number, size_t size)
{
	hauler_fill(parent.load, size, number);
	ck_assert_int_eq(
		tractor_tell(parent.ctx, to, hauler_load, .number = number, .load = { parent.load, size }),
		TRACTOR_OK);
}

static void
expect_echo(hauler_ref of, uint64_t number, size_t size)
{
	struct hauler_cargo cargo = { .number = 0 };

	hauler_fill(parent.load, size, number);
	ck_assert_int_eq(tractor_ask_within(parent.ctx, SLOW_MS, of, &cargo, hauler_echo, .number = number,
				 .load = { parent.load, size }),
		TRACTOR_OK);
	ck_assert_uint_eq(cargo.load.size, size);
	ck_assert(hauler_is_right(cargo.load, number));
}

static struct hauler_seen_reply
seen_by(hauler_ref who)
{
	struct hauler_seen_reply seen = { .count = 0 };

	ck_assert_int_eq(tractor_ask_within(parent.ctx, SLOW_MS, who, &seen, hauler_seen), TRACTOR_OK);
	ck_assert_uint_eq(seen.wrong, 0);
	return seen;
}

START_TEST(a_program_and_its_actors)
{
	struct hauler_cargo cargo;

	begin_parent("");
	for (uint64_t i = 1; i <= 30; i++)
		tell_load(parent.a, i, i % 2 ? LARGE : 100);
	for (uint64_t i = 31; i <= 33; i++)
		tell_load(parent.a, i, HUGE);
	struct hauler_seen_reply seen = seen_by(parent.a);
	ck_assert_uint_eq(seen.count, 33);
	ck_assert_uint_eq(seen.in_parcels, has_lanes() ? 18 : 0);
	expect_echo(parent.a, 1, LARGE);
	expect_echo(parent.a, 2, HUGE);
	expect_echo(parent.a, 3, HUGE);
	ck_assert_int_eq(tractor_ask_within(parent.ctx, SLOW_MS, parent.a, &cargo, hauler_passes,
				 .to = parent.b, .first = 9, .size = HUGE),
		TRACTOR_OK);
	ck_assert(cargo.load.size == HUGE && hauler_is_right(cargo.load, 9));
	ck_assert_int_eq(tractor_tell(parent.ctx, parent.a, hauler_load, .load = { parent.load, HUGE + 1 }),
		TRACTOR_EINVAL);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "larger than 64 MiB"));
	end_parent();
}
END_TEST

/* Without lanes there are no parcels, and what comes is copied. */
START_TEST(a_huge_answer_is_not_kept_for_ever)
{
	if (TRI_IS_SANITIZED) /* it is the sanitizer that keeps it */
		return;
	setenv("TRACTOR_LANES", "off", 1);
	begin_parent("");
	hauler_fill(parent.load, HUGE, 1); /* it is ours from here on */
	expect_echo(parent.a, 1, LARGE);
	long before_kb = resident_kb(getpid());
	expect_echo(parent.a, 2, HUGE);
	seen_by(parent.a);
	long after_kb = resident_kb(getpid());
	ck_assert_msg(after_kb - before_kb <= GROWN_KB, "%ld kB before, %ld kB after", before_kb, after_kb);
	end_parent();
}
END_TEST

/* One after the other, as there is room for them. More of them wait than anybody holds fds for. */
START_TEST(more_than_there_are_fds_for)
{
	begin_parent("");
	ck_assert_int_eq(tractor_tell(parent.ctx, parent.b, hauler_rest, .ms = 500), TRACTOR_OK);
	for (uint64_t i = 1; i <= 100; i++)
		tell_load(parent.b, i, LARGE / 8);
	ck_assert_uint_le(parcels_of(getpid()), 32);
	struct hauler_seen_reply seen = seen_by(parent.b);
	ck_assert_uint_eq(seen.count, 100);
	if (has_lanes())
		ck_assert_uint_ge(seen.in_parcels, 32);
	end_parent();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("parcel");

	SCENARIO_CASE(suite, "well", 120, tells_of_all_sizes_keep_their_order, what_is_asked_and_answered,
		a_durable_one_holds_them_back, a_program_and_its_actors, a_huge_answer_is_not_kept_for_ever,
		more_than_there_are_fds_for);
	SCENARIO_CASE(suite, "ends", 120, what_waits_outlives_its_receiver, what_was_told_outlives_its_sender,
		one_that_has_no_fd_left, a_large_one_that_kills, a_huge_one_that_kills);
	return suite;
}
