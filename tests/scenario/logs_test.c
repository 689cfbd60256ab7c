/*
 * logs_test.c: what actors print, all the way to `tractor logs`: where it can be read, when the tree is gone too, what becomes of half a line, and that a flood costs no more than lines.
 */
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "printers.h"
#include "sanitizer.h"

/* What a flood may cost the supervisor: what waits for the disk, and no line more. A sanitizer keeps what was freed. */
#define FLOOD_KB (TRI_IS_SANITIZED ? 300000 : 20000)

/* --- what a line has, and where it is --- */

START_TEST(a_line_has_its_path_its_incarnation_and_its_time)
{
	struct process *tree = printer_tree("");

	tell("/t/a", "printer.print", "{\"text\":\"to stderr\",\"error\":true}");
	print("/t/a", "hello");
	print("/t/s/b", "from below");
	expect_command(0, "^20[0-9-]{8} [0-9:]{8}\\.[0-9]{3} /t/a#1 \\| hello$", "^$", "logs", NULL);
	expect_command(0, " /t/a#1 ! to stderr$", "^$", "logs", "/t/a", NULL);
	tell("/t/a", "printer.panic", "{\"text\":\"enough\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	print("/t/a", "again");
	char *out = logs("--json", "-n", "1", "/t/a", NULL);
	json_t *line = json_loads(out, 0, NULL);
	ck_assert_msg(line != NULL, "%s", out);
	expect_number(line, "schema_version", 1);
	expect_text(line, "path", "/t/a");
	expect_number(line, "incarnation", 2);
	expect_text(line, "stream", "stdout");
	expect_text(line, "text", "again");
	ck_assert_int_gt(number_at(line, "time"), INT64_C(1600000000000));
	json_decref(line);
	free(out);
	/* A supervisor's path is all below it. */
	out = logs("/t/s", NULL);
	ck_assert_uint_eq(count_of(out, "\n"), 1);
	expect_match(out, "/t/s/b#1 \\| from below$");
	free(out);
	expect_command(4, "^$", "there is no /t/x", "logs", "/t/x", NULL);
	expect_command(2, "^$", "--previous is over", "logs", "-f", "--previous", NULL);
	expect_command(2, "^$", "is no path", "logs", "t/a", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(the_last_ones_and_those_since)
{
	struct process *tree = printer_tree("");

	tell("/t/a", "printer.count", "{\"lines\":1200,\"pause_us\":0}");
	ck_assert_uint_eq(printed("/t/a"), 1200);
	char *out = logs(NULL);
	ck_assert_uint_eq(count_of(out, "\n"), 1000);
	expect_match(out, "line 201$");
	expect_match(out, "line 1200$");
	free(out);
	out = logs("-n", "3", "/t", NULL);
	ck_assert_uint_eq(count_of(out, "\n"), 3);
	expect_match(out, "line 1198$");
	free(out);
	out = logs("-n", "all", NULL);
	ck_assert_uint_eq(count_of(out, "\n"), 1200);
	free(out);
	out = logs("--since", "1h", NULL);
	ck_assert_uint_eq(count_of(out, "\n"), 1200);
	free(out);
	out = logs("--since", "2030-01-01", NULL);
	ck_assert_str_eq(out, "");
	free(out);
	out = logs("-n", "0", NULL);
	ck_assert_str_eq(out, "");
	free(out);
	tree_down(tree);
}
END_TEST

START_TEST(logs_outlive_the_tree)
{
	struct process *tree = printer_tree("");

	print("/t/a", "from the first life");
	tree_down(tree);
	expect_command(0, "/t/a#1 \\| from the first life$", "^$", "logs", "/t/a", NULL);
	expect_command(0, "from the first life$", "^$", "logs", NULL);
	expect_command(3, "^$", "no tree is running", "logs", "-f", NULL);
	expect_command(4, "^$", "nothing that /t/x printed", "logs", "/t/x", NULL);
	/* It has left no crash reports. */
	expect_command(0, "^$", "^tractor: nothing has crashed in \"t\"$", "crashes", "-t", "t", NULL);
	expect_command(0, "^$", "^tractor: nothing has crashed in \"t\"$", "crashes", NULL);
	expect_command(3, "^$", "^tractor: nothing of a tree \"nonex\" is here; there are: t$", "crashes",
		"-t", "nonex", NULL);
	expect_command(3, "^$", "^tractor: nothing of a tree \"nonex\" is here; there are: t$", "logs",
		"/nonex/a", NULL);

	/* Killed without a word, and its files stay where the next one finds them. */
	scenario_expect_orphans();
	tree = printer_tree("");
	print("/t/a", "from the second");
	free(logs(NULL)); /* it answers once it is written */
	process_signal(tree, SIGKILL);
	process_wait(tree, SOON_MS);
	expect_command(0, "from the first life\n.*/t/a#1 \\| from the second$", "^$", "logs", "/t/a", NULL);
	tree = printer_tree("");
	print("/t/a", "from the third");
	expect_command(0, "first life\n.*the second\n.*the third$", "^$", "logs", "/t/a", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(the_previous_incarnation)
{
	struct process *tree = printer_tree("");

	print("/t/a", "first");
	expect_command(0, "^$", "^$", "logs", "--previous", "/t/a", NULL);
	tell("/t/a", "printer.panic", "{\"text\":\"why\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	/* It has printed nothing, and is the present one all the same. */
	expect_command(0, "^20[^\n]*#1 \\| first\n20[^\n]*#1 ! panic: why [^\n]*$", "^$", "logs",
		"--previous", "/t/a", NULL);
	print("/t/a", "second");
	tell("/t/a", "printer.panic", "{\"text\":\"because\"}");
	expect_node("t", "/t/a", "running", 3, SOON_MS);
	print("/t/a", "third");
	char *out = logs("--previous", "/t/a", NULL);
	ck_assert_uint_eq(count_of(out, "\n"), 2);
	expect_match(out, "#2 \\| second$");
	free(out);
	/* Without a supervisor to ask, the last one that printed is the present one. */
	tree_down(tree);
	expect_command(0, "#2 \\| second$", "^$", "logs", "--previous", "-n", "5", "/t/a", NULL);
	/* The first of a new tree has one before it too. */
	tree = printer_tree("");
	expect_command(0, "^20[^\n]*/t/a#3 \\| third$", "^$", "logs", "--previous", "/t/a", NULL);
	tree_down(tree);
}
END_TEST

/* --- following --- */

/* Each of the numbered lines once and in order, from wherever it begins. Returns the last. */
static long
expect_in_order(const char *text)
{
	long number, last = 0;

	for (const char *at = text; (at = strstr(at, "line ")) != NULL; at++) {
		ck_assert_int_eq(sscanf(at, "line %ld", &number), 1);
		ck_assert_msg(last == 0 || number == last + 1, "%ld after %ld", number, last);
		last = number;
	}
	return last;
}

#define FOLLOWERS 8 /* each connects twice at once, and there is room for 32 */
#define FOLLOWED_MS \
	40000 /* all of 4000 lines, nine times: a second's work of the CPU, of which there may be little */

/* The seam between what is read from files and what is heard. */
START_TEST(a_follower_misses_nothing_and_hears_nothing_twice)
{
	struct process *tree = printer_tree("{rate: 0}"), *followers[FOLLOWERS];

	tell("/t/a", "printer.count", "{\"lines\":4000,\"pause_us\":200}");
	for (size_t i = 0; i < FOLLOWERS; i++)
		followers[i] = process_start(tractor_command(), "logs", "-f", "-n", "all", "/t/a", NULL);
	for (size_t i = 0; i < FOLLOWERS; i++) {
		expect_output(followers[i], "line 4000$", FOLLOWED_MS);
		ck_assert_int_eq(expect_in_order(process_output(followers[i])), 4000);
		expect_match(process_output(followers[i]), "line 1$");
	}
	/* What is asked for once is whole as well. */
	char *out = logs("-n", "all", NULL);
	ck_assert_int_eq(expect_in_order(out), 4000);
	free(out);
	tree_down(tree);
	for (size_t i = 0; i < FOLLOWERS; i++)
		expect_exit(followers[i], 0, SOON_MS);
}
END_TEST

START_TEST(following_from_now_on)
{
	struct process *tree = printer_tree("");

	print("/t/a", "before");
	struct process *follower = process_start(tractor_command(), "logs", "-f", "-n", "0", "--json", NULL);
	struct process *other = process_start(tractor_command(), "logs", "-f", "/t/s", NULL);
	/* That it listens can only be seen by what it hears. */
	for (int i = 0; i < 100 && !*process_output(follower); i++) {
		print("/t/s/b", "now");
		free(logs(NULL));
	}
	expect_output(follower,
		"^\\{\"schema_version\":1,\"time\":[0-9]+,\"stream\":\"stdout\",\"path\":\"/t/s/b\",\"incarnation\":1,\"text\":\"now\"\\}$",
		SOON_MS);
	ck_assert_ptr_null(strstr(process_output(follower), "before"));
	expect_output(other, "/t/s/b#1 \\| now$", SOON_MS);
	tree_down(tree);
	expect_exit(follower, 0, SOON_MS);
	expect_exit(other, 0, SOON_MS);
	ck_assert_ptr_null(strstr(process_output(other), "/t/a"));
}
END_TEST

/* --- half a line, and long ones --- */

START_TEST(half_a_line_before_a_crash)
{
	struct process *tree = printer_tree("");

	tell("/t/a", "printer.half", "{\"text\":\"about to divide\"}");
	tell("/t/s/b", "printer.half", "{\"text\":\"so am I\",\"error\":true}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_node("t", "/t/s/b", "running", 2, SOON_MS);
	expect_command(0, "/t/a#1 \\| about to divide$", "^$", "logs", "/t/a", NULL);
	expect_command(0, "/t/s/b#1 ! so am I$", "^$", "logs", "/t/s", NULL);
	json_t *report = crash_of("/t/a", 1);
	expect_text(report, "log_tail.0", "about to divide");
	json_decref(report);
	tree_down(tree);
}
END_TEST

START_TEST(a_line_longer_than_a_line)
{
	struct process *tree = printer_tree("");
	char text[5001];

	memset(text, 'x', 5000);
	text[5000] = '\0';
	struct run_result result = run_command(tractor_command(), "tell", "/t/a", "printer.print", "-", NULL);
	run_result_free(&result);
	char fields[5100];
	snprintf(fields, sizeof(fields), "{\"text\":\"%s\"}", text);
	expect_command(0, NULL, NULL, "tell", "/t/a", "printer.print", fields, NULL);
	printed("/t/a");
	char *out = logs("/t/a", NULL);
	ck_assert_uint_eq(count_of(out, "\n"), 3);
	ck_assert_uint_eq(count_of(out, "x"), 5000);
	free(out);
	tree_down(tree);
}
END_TEST

/* --- files --- */

static size_t
files_of(const char *pattern, off_t *ret_largest)
{
	struct stat about;
	glob_t found;

	*ret_largest = 0;
	if (glob(scenario_path(pattern), 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		ck_assert_int_eq(stat(found.gl_pathv[i], &about), 0);
		*ret_largest = about.st_size > *ret_largest ? about.st_size : *ret_largest;
	}
	size_t count = found.gl_pathc;
	globfree(&found);
	return count;
}

START_TEST(files_are_bounded_in_size_and_number)
{
	struct process *tree = printer_tree("{max_size: 4KB, files: 3, rate: 0}");
	off_t largest;

	tell("/t/a", "printer.count", "{\"lines\":1000,\"pause_us\":0}");
	ck_assert_uint_eq(printed("/t/a"), 1000);
	char *out = logs("-n", "all", "/t/a", NULL);
	ck_assert_uint_eq(files_of("run/t/logs/a.log*", &largest), 3);
	ck_assert_int_le(largest, 4000);
	ck_assert_int_eq(expect_in_order(out), 1000);
	ck_assert_uint_ge(count_of(out, "\n"), 2 * 4000 / 160);
	free(out);
	/* Fewer by a new tree file, from now on; no process is touched. */
	pid_t pid = pid_of("/t/a");
	scenario_write("t.yaml", "{name: t, intensity: 20, children: [%s, {supervisor: s, children: [%s]}]}",
		actor_line_with("a", "printer", "log: {max_size: 4KB, files: 1, rate: 0}"),
		actor_line("b", "printer"));
	expect_command(0, "^~ /t/a  log.files: 3 -> 1$", "^$", "reload", NULL);
	tell("/t/a", "printer.count", "{\"lines\":100,\"pause_us\":0}");
	printed("/t/a");
	free(logs(NULL));
	ck_assert_uint_eq(files_of("run/t/logs/a.log*", &largest), 1);
	ck_assert_int_eq(pid_of("/t/a"), pid);
	/* And none at all: what is known is what is in memory. */
	scenario_write("t.yaml", "{name: t, intensity: 20, children: [%s, {supervisor: s, children: [%s]}]}",
		actor_line_with("a", "printer", "log: {files: 0, rate: 0}"), actor_line("b", "printer"));
	expect_command(0, "log.files: 1 -> 0", "^$", "reload", NULL);
	tell("/t/a", "printer.count", "{\"lines\":1,\"pause_us\":0}");
	printed("/t/a");
	expect_command(0, "line 1101$", "^$", "logs", "-n", "1", "/t/a", NULL);
	tree_down(tree);
	expect_command(0, "line 1100$", "^$", "logs", "-n", "1", "/t/a", NULL);
}
END_TEST

/* What was written is one JSON object a line, each of them whole. */
START_TEST(half_a_line_in_a_file_is_passed_over)
{
	struct process *tree = printer_tree("");

	print("/t/a", "before");
	tree_down(tree);
	FILE *file = fopen(scenario_path("run/t/logs/a.log"), "ae");
	fputs("{\"schema_version\":1,\"time\":17954224636", file);
	fclose(file);
	expect_command(0, "before$", "^$", "logs", NULL);
	tree = printer_tree("");
	print("/t/a", "glued to it");
	print("/t/a", "after");
	tree_down(tree);
	expect_command(0, "before\n.*glued to it\n.*after$", "^$", "logs", NULL);
}
END_TEST

/* --- floods --- */

struct flood {
	uint64_t passed, suppressed, told;
};

/* Every line of a flood is there, or was counted; whichever got through are in order. */
static struct flood
account(const char *out)
{
	struct flood flood = { 0 };
	uint64_t last = 0, number;

	for (const char *line = out; *line; line = strchr(line, '\n') + 1) {
		const char *text = strpbrk(line, "|*!");
		if (sscanf(text, "| flood %lu", &number) == 1) {
			ck_assert_uint_gt(number, last);
			flood.passed++;
			last = number;
		} else if (sscanf(text, "* %lu line", &number) == 1) {
			flood.suppressed += number;
			flood.told++;
		}
	}
	return flood;
}

static bool
is_accounted_for(void *arg)
{
	char *out = logs("-n", "all", "/t/a", NULL);
	struct flood flood = account(out);

	free(out);
	return flood.passed + flood.suppressed == *(const uint64_t *)arg;
}

START_TEST(a_flood_is_cut_down_and_nobody_starves)
{
	struct process *tree = printer_tree("{rate: 500, burst: 700, max_size: 10MB}");
	pid_t supervisor = process_pid(tree);
	long kb = resident_kb(supervisor);
	int64_t worst_ms = 0;

	tell("/t/a", "printer.flood", "{\"ms\":2500}");
	for (int i = 0; i < 10; i++) {
		int64_t began_ms = now_ms();
		print("/t/s/b", "still here");
		int64_t took_ms = now_ms() - began_ms;
		worst_ms = took_ms > worst_ms ? took_ms : worst_ms;
	}
	ck_assert_msg(worst_ms < scaled_ms(QUICK_MS), "an ask beside a flood took %ld ms", (long)worst_ms);
	uint64_t total = printed("/t/a");
	ck_assert_uint_gt(total, 10000);
	ck_assert_msg(resident_kb(supervisor) - kb < FLOOD_KB, "%ld kB more", resident_kb(supervisor) - kb);
	/* The last remark comes by itself, when as many may be printed again. */
	ck_assert(wait_until(SOON_MS, is_accounted_for, &total));
	print("/t/a", "quiet again");
	char *out = logs("-n", "all", "/t/a", NULL);
	struct flood flood = account(out);
	ck_assert_uint_ge(flood.passed, 700);
	ck_assert_uint_le(flood.passed, 700 + 500 * (uint64_t)scaled_ms(20));
	ck_assert_uint_le(flood.told, flood.passed / 500 + 2);
	expect_match(out, "\\| quiet again$");
	free(out);
	out = logs("-n", "all", "/t/s/b", NULL);
	ck_assert_uint_eq(count_of(out, "still here"), 10);
	free(out);
	tree_down(tree);
	expect_match(process_output(tree), "^/t/a: [0-9]+ lines suppressed: more than 500 a second$");
}
END_TEST

START_TEST(the_last_words_of_a_flood)
{
	struct process *tree = printer_tree("{rate: 10, burst: 10}");

	tell("/t/a", "printer.flood", "{\"ms\":200,\"last_words\":\"that was too much\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_command(0,
		"\\* [0-9]+ lines suppressed: more than 10 a second\n(.*\n)*.*/t/a#1 ! panic: that was too much",
		"^$", "logs", "/t/a", NULL);
	json_t *report = crash_of("/t/a", 1);
	ck_assert_uint_eq(json_array_size(json_object_get(report, "log_tail")), 50);
	expect_match(text_at(report, "log_tail.49"), "^panic: that was too much");
	expect_match(text_at(report, "log_tail.48"), "^flood [0-9]+$");
	json_decref(report);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("logs");

	SCENARIO_CASE(suite, "reading", 60, a_line_has_its_path_its_incarnation_and_its_time,
		the_last_ones_and_those_since, logs_outlive_the_tree, the_previous_incarnation);
	SCENARIO_CASE(suite, "following", 60, a_follower_misses_nothing_and_hears_nothing_twice,
		following_from_now_on);
	SCENARIO_CASE(suite, "lines", 60, half_a_line_before_a_crash, a_line_longer_than_a_line);
	SCENARIO_CASE(suite, "files", 60, files_are_bounded_in_size_and_number,
		half_a_line_in_a_file_is_passed_over);
	SCENARIO_CASE(suite, "floods", 60, a_flood_is_cut_down_and_nobody_starves, the_last_words_of_a_flood);
	return suite;
}
