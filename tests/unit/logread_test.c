/* logread_test.c: log files of every shape, as they are read; lines that are met twice or not at all; and moments as people write them. */
#include "unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "leaks.h"
#include "logread.h"
#include "since.h"

static struct client_tree tree;
static struct logread logs;

static void
set_up(void)
{
	snprintf(tree.name, sizeof(tree.name), "shop");
	snprintf(tree.directory, sizeof(tree.directory), "/tmp/tractor-logread.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tree.directory));
	logs = (struct logread){ 0 };
}

static void
tear_down(void)
{
	logread_free(&logs);
	leaks_remove_folder(tree.directory);
}

/* A file below the folder `logs`. */
static FILE *
begin(const char *file)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/logs/%s", tree.directory, file);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	FILE *stream = fopen(path, "we");
	ck_assert_ptr_nonnull(stream);
	return stream;
}

/* Lines of one incarnation, from `first` to `last`; line n was printed at n ms and says so. */
static void
put(FILE *stream, int64_t run, uint32_t incarnation, uint64_t first, uint64_t last)
{
	char record[LOGLINE_RECORD_BYTES], text[32];

	for (uint64_t number = first; number <= last; number++) {
		int length =
			snprintf(text, sizeof(text), "%lld.%llu", (long long)run, (unsigned long long)number);
		const struct logline line = { .time_ms = (int64_t)number,
			.stream = LOGLINE_STDOUT,
			.path = "/shop/db",
			.incarnation = incarnation,
			.text = text,
			.length = (size_t)length,
			.run = run,
			.number = number };
		fwrite(record, 1, logline_format(&line, record), stream);
	}
}

static void
write_log(const char *file, int64_t run, uint32_t incarnation, uint64_t first, uint64_t last)
{
	FILE *stream = begin(file);

	put(stream, run, incarnation, first, last);
	fclose(stream);
}

static void
hear(const char *path, int64_t run, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld.%llu", (long long)run, (unsigned long long)number);
	logread_add(logread_actor(&logs, path), &(struct logread_line){ .time_ms = (int64_t)number,
							.run = run,
							.number = number,
							.incarnation = 1,
							.length = strlen(text),
							.text = strdup(text) });
}

/* All lines of the actor, a blank between them. */
static void
expect(const char *path, const char *lines)
{
	const struct logread_actor *actor = logread_actor(&logs, path);
	char text[8192] = "";

	for (size_t i = 0; i < actor->count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.*s", i > 0 ? " " : "",
			(int)actor->lines[i].length, actor->lines[i].text);
	ck_assert_str_eq(text, lines);
}

static void
read_files(const char *path, size_t most, int64_t since_ms)
{
	logread_free(&logs);
	logread_files(&logs, &tree, path, most, since_ms);
}

/* --- files --- */

START_TEST(the_oldest_file_first)
{
	write_log("db.log.2", 1, 1, 1, 2);
	write_log("db.log.1", 1, 1, 3, 4);
	write_log("db.log", 1, 2, 5, 6);
	read_files(NULL, SIZE_MAX, INT64_MIN);
	expect("/shop/db", "1.1 1.2 1.3 1.4 1.5 1.6");
	ck_assert_uint_eq(logs.actors[0].lines[4].incarnation, 2);
	ck_assert_int_eq(logs.actors[0].lines[4].time_ms, 5);
	read_files(NULL, 3, INT64_MIN);
	expect("/shop/db", "1.4 1.5 1.6");
	read_files(NULL, 4, INT64_MIN);
	expect("/shop/db", "1.3 1.4 1.5 1.6");
	read_files(NULL, 0, INT64_MIN);
	expect("/shop/db", "");
	read_files(NULL, SIZE_MAX, 4);
	expect("/shop/db", "1.4 1.5 1.6");
	read_files(NULL, 2, 4);
	expect("/shop/db", "1.5 1.6");
}
END_TEST

START_TEST(what_is_at_and_below_a_path)
{
	write_log("db.log", 1, 1, 1, 1);
	write_log("dba.log", 1, 1, 2, 2);
	write_log("db/w1.log", 1, 1, 3, 3);
	write_log("db/deep/er.log", 1, 1, 4, 4);
	read_files("/shop/db", SIZE_MAX, INT64_MIN);
	ck_assert_uint_eq(logs.count, 3);
	expect("/shop/db", "1.1");
	expect("/shop/db/w1", "1.3");
	expect("/shop/db/deep/er", "1.4");
	read_files("/shop/db/deep", SIZE_MAX, INT64_MIN);
	ck_assert_uint_eq(logs.count, 1);
	expect("/shop/db/deep/er", "1.4");
	read_files("/shop", SIZE_MAX, INT64_MIN);
	ck_assert_uint_eq(logs.count, 4);
	read_files("/other", SIZE_MAX, INT64_MIN);
	ck_assert_uint_eq(logs.count, 0);
}
END_TEST

START_TEST(a_tree_that_has_no_logs)
{
	read_files(NULL, SIZE_MAX, INT64_MIN);
	ck_assert_uint_eq(logs.count, 0);
}
END_TEST

/* The supervisor was killed as it gave them their numbers. */
START_TEST(a_file_that_is_missing)
{
	write_log("db.log.3", 1, 1, 1, 2);
	write_log("db.log.2", 1, 1, 3, 4);
	write_log("db.log", 1, 1, 5, 6);
	write_log("web.log.1", 1, 1, 7, 8);
	read_files(NULL, SIZE_MAX, INT64_MIN);
	expect("/shop/db", "1.1 1.2 1.3 1.4 1.5 1.6");
	expect("/shop/web", "1.7 1.8");
	ck_assert_uint_eq(logs.count, 2);
}
END_TEST

/* The newest was put aside while it was read. */
START_TEST(a_file_under_two_names)
{
	char from[PATH_MAX + 64], to[PATH_MAX + 64];

	write_log("db.log", 1, 1, 1, 2);
	snprintf(from, sizeof(from), "%s/logs/db.log", tree.directory);
	snprintf(to, sizeof(to), "%s/logs/db.log.1", tree.directory);
	ck_assert_int_eq(link(from, to), 0);
	read_files(NULL, SIZE_MAX, INT64_MIN);
	expect("/shop/db", "1.1 1.2");
}
END_TEST

START_TEST(what_is_no_line_is_passed_over)
{
	FILE *stream = begin("db.log");

	fputs("\n\nrubbish\n{}\n[1]\n{\"text\":1,\"time\":2}\n", stream);
	put(stream, 1, 1, 1, 1);
	fwrite("\0\0\0\0\n", 1, 5, stream);
	fputs("{\"schema_version\":1,\"time\":17954224", stream); /* killed here, and here goes the next */
	put(stream, 2, 1, 1, 1);
	fputs("{\"schema_version\":1,\"time\":5,\"text\":\"{\\\"schema_version\\\":1,\\\"time\\\":6,\\\"text\\\":7}\"}\n",
		stream);
	fputs("{\"schema_version\":1,\"time\":5,\"te", stream);
	fclose(stream);
	begin("notes.txt");
	begin("db.log.old");
	begin(".log");
	read_files(NULL, SIZE_MAX, INT64_MIN);
	expect("/shop/db", "1.1 2.1 {\"schema_version\":1,\"time\":6,\"text\":7}");
	ck_assert_uint_eq(logs.count, 1);
}
END_TEST

/* --- order --- */

/* What the supervisor says is what the files lack, or have too. */
START_TEST(met_twice_is_once)
{
	write_log("db.log", 7, 1, 1, 4);
	hear("/shop/db", 7, 3);
	hear("/shop/db", 7, 4);
	hear("/shop/db", 7, 5);
	hear("/shop/db", 7, 7);
	logread_files(&logs, &tree, NULL, SIZE_MAX, INT64_MIN);
	logread_order(logread_actor(&logs, "/shop/db"));
	expect("/shop/db", "7.1 7.2 7.3 7.4 7.5 7.7");
	logread_remark(logread_actor(&logs, "/shop/db"));
	expect("/shop/db", "7.1 7.2 7.3 7.4 7.5 1 line is missing here 7.7");
	/* Nothing of the file's, and of another run. */
	hear("/shop/web", 9, 2);
	logread_order(logread_actor(&logs, "/shop/web"));
	expect("/shop/web", "9.2");
	logread_order(logread_actor(&logs, "/shop/nobody"));
}
END_TEST

/* It could not be written for a while, and what the supervisor remembers of that while belongs between. */
START_TEST(what_a_full_disk_lost)
{
	FILE *stream = begin("db.log");

	put(stream, 6, 1, 1, 2);
	put(stream, 7, 1, 1, 2);
	put(stream, 7, 1, 9, 9);
	fclose(stream);
	for (uint64_t number = 7; number <= 9; number++)
		hear("/shop/db", 7, number);
	logread_files(&logs, &tree, NULL, SIZE_MAX, INT64_MIN);
	logread_order(&logs.actors[0]);
	logread_remark(&logs.actors[0]);
	expect("/shop/db", "6.1 6.2 7.1 7.2 4 lines are missing here 7.7 7.8 7.9");
	/* Where there are no files what is older is nowhere, and that is no news. */
	logread_free(&logs);
	hear("/shop/db", 7, 3);
	hear("/shop/db", 7, 5);
	logs.actors[0].is_present = true;
	logread_remark(&logs.actors[0]);
	expect("/shop/db", "7.3 7.5");
}
END_TEST

static void
keep_previous(bool is_present, int64_t run, uint32_t incarnation, const char *lines)
{
	read_files(NULL, SIZE_MAX, INT64_MIN);
	struct logread_actor *actor = logread_actor(&logs, "/shop/db");
	actor->is_present = is_present;
	actor->run = run;
	actor->incarnation = incarnation;
	logread_keep_previous(actor);
	expect("/shop/db", lines);
}

START_TEST(the_incarnation_before)
{
	FILE *stream = begin("db.log");

	put(stream, 1, 1, 1, 2);
	put(stream, 1, 2, 3, 4);
	put(stream, 2, 1, 1, 1);
	put(stream, 2, 2, 2, 2);
	fclose(stream);
	keep_previous(true, 2, 2, "2.1");
	keep_previous(true, 2, 3, "2.2"); /* it has printed nothing yet */
	keep_previous(true, 3, 1, "2.2");
	keep_previous(false, 0, 0, "2.1");
	write_log("db.log", 1, 1, 1, 2);
	keep_previous(false, 0, 0, "");
	keep_previous(true, 1, 1, "");
	keep_previous(true, 2, 1, "1.1 1.2"); /* of the tree that ran before this one */
	write_log("db.log", 1, 1, 1, 0);
	keep_previous(false, 0, 0, "");
}
END_TEST

/* --- moments --- */

#define NOON_MS INT64_C(1795867200000) /* 2026-11-28 12:00:00 UTC */

START_TEST(moments_of_all_kinds)
{
	static const struct {
		const char *text;
		int64_t ms;
	} moments[] = {
		{ "0", 0 },
		{ "10m", -600000 },
		{ "1.5h", -5400000 },
		{ "250ms", -250 },
		{ "13:00", 0 },
		{ "12:30", -1800000 },
		{ "12:30:15", -1785000 },
		{ "12:30:15.25", -1784750 },
		{ "2026-11-28", -13 * 3600000 },
		{ "2026-11-28 12:59", -60000 },
		{ "2026-11-28T12:59:59.9", -100 },
		{ "2026-11-28 12:59:59.9999", -1 },
		{ "2026-11-28T12:00:00Z", 0 },
		{ "2026-11-28T11:59Z", -60000 },
		{ "2026-11-28Z", -12 * 3600000 },
		{ "1970-01-01Z", -NOON_MS },
	};
	struct treevalue_fault fault;
	int64_t ms;

	setenv("TZ", "XYZ-1", 1); /* an hour before UTC: noon there is 13:00 here */
	tzset();
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		ck_assert_msg(since_parse(moments[i].text, NOON_MS, &ms, &fault) == TRACTOR_OK, "%s",
			moments[i].text);
		ck_assert_msg(ms == NOON_MS + moments[i].ms, "%s: %lld", moments[i].text,
			(long long)(ms - NOON_MS));
	}
}
END_TEST

START_TEST(what_is_no_moment)
{
	static const char *const texts[] = { "", "now", "10", "-5m", "25:00", "12:60", "12:30Z", "12:30 ",
		"2026-13-01", "2026-11-28 12", "2026-11-28 12:30:15.", "2026-11-28 12:30.5", "2026-11-28T",
		"2026-11-28 12:00 +01", "1d" };
	struct treevalue_fault fault;
	int64_t ms = 17;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_msg(since_parse(texts[i], NOON_MS, &ms, &fault) == TRACTOR_EINVAL, "\"%s\": %lld",
			texts[i], (long long)ms);
		ck_assert_ptr_nonnull(strstr(fault.text, "is no time; write how long ago"));
		ck_assert_int_eq(ms, 17);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("logread");

	TEST_CASE_WITH(suite, "files", 30, set_up, tear_down, the_oldest_file_first,
		what_is_at_and_below_a_path, a_tree_that_has_no_logs, a_file_that_is_missing,
		a_file_under_two_names, what_is_no_line_is_passed_over, met_twice_is_once,
		what_a_full_disk_lost, the_incarnation_before);
	TEST_CASE(suite, "moments", 30, moments_of_all_kinds, what_is_no_moment);
	return suite;
}
