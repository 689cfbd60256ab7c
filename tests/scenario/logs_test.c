/*
 * logs_test.c: what actors print, all the way to `tractor logs`: where it can be read, when the tree is gone too, that none of it acts upon a terminal, and that neither a flood nor a disk that is full
 * or slow costs more than lines.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/printer.h"
#include "shell.h"
#include "sys.h"
#include "trees.h"

/* What a flood may cost the supervisor: what waits for the disk, and no line more. A sanitizer keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FLOOD_KB 300000
#else
#define FLOOD_KB 20000
#endif

#define QUICK_MS 2000 /* an ask, on a busy machine: one that is starved takes for ever */

static struct process *
printer_tree(const char *log)
{
	return tree_up("{name: t, intensity: 20, children: [%s, {supervisor: s, children: [%s]}]}",
		actor_line_with("a", "printer", "%s%s", *log ? "log: " : "", log),
		actor_line("b", "printer"));
}

/* It has done all that it was told before. */
static uint64_t
printed(const char *path)
{
	json_t *reply = ask(path, "printer.lines", "{}");
	uint64_t lines = (uint64_t)number_at(reply, "lines");

	json_decref(reply);
	return lines;
}

static void
print(const char *path, const char *text)
{
	tell(path, "printer.print", "{\"text\":\"%s\"}", text);
	printed(path);
}

/* `tractor logs WORDS... `: what it prints, to be freed. */
static char *
logs(const char *words, ...)
{
	const char *argv[16] = { tractor_command(), "logs", words };
	va_list arguments;

	va_start(arguments, words);
	for (size_t i = 3; i < 15 && argv[i - 1]; i++)
		argv[i] = va_arg(arguments, const char *);
	va_end(arguments);
	struct run_result result = run_command_with(&(struct process_options){ .argv = argv });
	ck_assert_msg(result.exit_code == 0, "logs: exit code %d: %s", result.exit_code, result.err);
	char *out = strdup(result.out);
	run_result_free(&result);
	return out;
}

static size_t
count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		count++;
	return count;
}

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
	expect_command(3, "^$", "no tree \"t\" is running", "crashes", "-t", "t", NULL);

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

/* --- terminals --- */

/* ESC [2J, CSI as one byte and as one character, a NUL, a byte that is no UTF-8, RIGHT-TO-LEFT OVERRIDE: "x\033[2J\233\302\233\0\377\342\200\256y\n" in base64. */
#define EVIL_BYTES "eBtbMkqbwpsA/+KArnkK"
#define EVIL_JSON "\\u001b[2J\\u009b\\u202e"

static void
expect_harmless(const char *what, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		bool is_control = (*c < ' ' && *c != '\n') || *c == 0x7f;
		bool is_c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0;
		bool is_stray = *c >= 0xf8 || (*c >= 0x80 && *c < 0xc0 &&
						      (c == (const unsigned char *)text || c[-1] < 0x80));
		bool turns = c[0] == 0xe2 && c[1] == 0x80 && c[2] == 0xae;
		ck_assert_msg(!is_control && !is_c1 && !is_stray && !turns, "%s: byte %02x in \"%s\"", what,
			*c, text);
	}
}

static void
expect_harmless_command(const char *words, ...)
{
	const char *argv[16] = { tractor_command(), words };
	va_list arguments;

	va_start(arguments, words);
	for (size_t i = 2; i < 15 && argv[i - 1]; i++)
		argv[i] = va_arg(arguments, const char *);
	va_end(arguments);
	struct run_result result = run_command_with(&(struct process_options){ .argv = argv });
	ck_assert_msg(*result.out || *result.err, "%s prints nothing", words);
	expect_harmless(words, result.out);
	expect_harmless(words, result.err);
	run_result_free(&result);
}

START_TEST(nothing_that_is_printed_acts_upon_a_terminal)
{
	struct process *tree = printer_tree("");
	struct process *follower = process_start(tractor_command(), "logs", "-f", NULL);
	static char file[16384];

	tell("/t/a", "printer.raw", "{\"text\":\"" EVIL_BYTES "\"}");
	tell("/t/a", "printer.raw", "{\"text\":\"" EVIL_BYTES "\",\"error\":true}");
	printed("/t/a");
	expect_output(tree, "^/t/a: x\\\\x1b\\[2J\\\\x9b\\\\x9b\\\\x00\\\\xff\\\\u202ey$", SOON_MS);
	expect_output(follower, "\\| x\\\\x1b\\[2J", SOON_MS);
	expect_command(0, "\"text\":\"x\\\\u001b\\[2J", "^$", "logs", "--json", NULL);
	tell("/t/a", "printer.panic", "{\"text\":\"" EVIL_JSON "\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	json_t *report = crash_of("/t/a", 1);
	expect_harmless_command("logs", NULL);
	expect_harmless_command("logs", "--json", NULL);
	expect_harmless_command("logs", "--previous", "/t/a", NULL);
	expect_harmless_command("status", NULL);
	expect_harmless_command("status", "--json", NULL);
	expect_harmless_command("events", NULL);
	expect_harmless_command("events", "--json", NULL);
	expect_harmless_command("crashes", NULL);
	expect_harmless_command("crashes", "show", text_at(report, "id"), NULL);
	expect_harmless_command("crashes", "show", "--json", text_at(report, "id"), NULL);
	expect_harmless_command("logs", "/t/\033[2J", NULL);
	json_decref(report);
	tree_down(tree);
	expect_exit(follower, 0, SOON_MS);
	expect_harmless("run", process_output(tree));
	expect_harmless("run", process_errors(tree));
	expect_harmless("logs -f", process_output(follower));
	/* The file itself is looked at by all sorts of programs. */
	FILE *stream = fopen(scenario_path("run/t/logs/a.log"), "re");
	ck_assert_ptr_nonnull(stream);
	file[fread(file, 1, sizeof(file) - 1, stream)] = '\0';
	fclose(stream);
	expect_harmless("a.log", file);
	expect_command(0, "x\\\\x1b\\[2J", "^$", "logs", NULL);
}
END_TEST

START_TEST(nothing_in_a_tree_file_acts_upon_a_terminal)
{
	const char *file =
		scenario_write("t.yaml", "name: t\n\"\\e[2J\\u202e\": 1\nstrategy: \"\\e[31m\\x9b\"\n");
	char name[128];

	expect_harmless_command("check", file, NULL);
	expect_harmless_command("run", file, NULL);
	snprintf(name, sizeof(name), "%s/\033[2J\377.yaml", scenario_dir());
	expect_harmless_command("check", name, NULL);
	expect_harmless_command("run", name, NULL);
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

/* --- a disk that is full, slow, or not there --- */

/* The folder's name is taken: no line can be written, and all else goes on. */
START_TEST(log_files_that_cannot_be_made)
{
	struct process *tree = printer_tree("");
	const char *folder = scenario_path("run/t/logs"), *aside = scenario_path("aside");

	print("/t/a", "one");
	free(logs(NULL));
	ck_assert_int_eq(rename(folder, aside), 0);
	close(open(folder, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	for (int i = 0; i < 5; i++)
		print("/t/a", "lost");
	expect_event("/t/a", "logs_lost", "^log files can't be written \\(Not a directory\\): ");
	expect_output(tree, "^/t/a: lost$", SOON_MS);
	expect_errors(tree, "^/t/a: log files can't be written", SOON_MS);
	/* From memory they are there. */
	char *out = logs("/t/a", NULL);
	ck_assert_uint_eq(count_of(out, "lost"), 5);
	free(out);
	unlink(folder);
	ck_assert_int_eq(rename(aside, folder), 0);
	print("/t/a", "two");
	expect_event("/t/a", "logs_resumed", "^log files are written again; 5 lines were lost$");
	out = logs("/t/a", NULL);
	ck_assert_uint_eq(count_of(out, "lost"), 5);
	free(out);
	tree_down(tree);
	expect_command(0, "\\| one\n.* \\* 5 lines are missing here\n.*\\| two$", "^$", "logs", "/t/a", NULL);
}
END_TEST

/* What no file has, and what its supervisor has forgotten, is told of a tree that runs as of one that has ended. */
START_TEST(lines_that_are_lost_are_told_while_the_tree_runs)
{
	struct process *tree = printer_tree("");
	const char *folder = scenario_path("run/t/logs"), *aside = scenario_path("aside");

	print("/t/a", "one");
	free(logs(NULL));
	ck_assert_int_eq(rename(folder, aside), 0);
	close(open(folder, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	print("/t/a", "lost");
	expect_event("/t/a", "logs_lost", "^log files can't be written");
	unlink(folder);
	ck_assert_int_eq(rename(aside, folder), 0);
	print("/t/a", "two");
	expect_event("/t/a", "logs_resumed", "; 1 line was lost$");
	for (int i = 0; i < LINES_KEPT; i++)
		tell("/t/a", "printer.print", "{\"text\":\"more\"}");
	print("/t/a", "last");
	expect_command(0, "\\| one\n.* \\* 1 line is missing here\n.*\\| two\n(.*\n)+.*\\| last$", "^$",
		"logs", "/t/a", NULL);
	tree_down(tree);
}
END_TEST

/* One that is opened only when somebody reads from it. */
START_TEST(a_pipe_in_the_place_of_a_log)
{
	struct process *tree = printer_tree("");

	free(logs(NULL));
	ck_assert_int_eq(mkdir(scenario_path("run/t/logs"), 0700), 0);
	ck_assert_int_eq(mkfifo(scenario_path("run/t/logs/a.log"), 0600), 0);
	print("/t/a", "lost");
	expect_event("/t/a", "logs_lost", "No such device or address");
	print("/t/s/b", "kept");
	expect_command(0, "kept$", "is passed over", "logs", NULL);
	tree_down(tree);
}
END_TEST

/* The same from inside, where the disk can be made to do anything. */
static struct disk {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	bool full, stuck;
	size_t half; /* so much of each write is taken before it is full */
} disk = { .mutex = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER };

static bool
is_log(int fd)
{
	char path[64], name[256];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(path, name, sizeof(name) - 1);
	name[length > 0 ? length : 0] = '\0';
	return strstr(name, "/logs/") != NULL;
}

static ssize_t
write_to_disk(int fd, const void *from, size_t size)
{
	if (!is_log(fd))
		return sys_real.write(fd, from, size);
	pthread_mutex_lock(&disk.mutex);
	while (disk.stuck)
		pthread_cond_wait(&disk.moved, &disk.mutex);
	bool full = disk.full;
	size_t half = disk.half;
	disk.half = 0;
	pthread_mutex_unlock(&disk.mutex);
	if (half > 0)
		return sys_real.write(fd, from, half < size ? half : size);
	if (!full)
		return sys_real.write(fd, from, size);
	errno = ENOSPC;
	return -1;
}

static void
set_disk(bool full, bool stuck, size_t half)
{
	pthread_mutex_lock(&disk.mutex);
	disk.full = full;
	disk.stuck = stuck;
	disk.half = half;
	pthread_cond_broadcast(&disk.moved);
	pthread_mutex_unlock(&disk.mutex);
}

struct heard {
	int lost, resumed;
	char lost_text[256], resumed_text[256];
};

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct heard *heard = arg;

	if (strcmp(event->event, "logs_lost") == 0) {
		heard->lost++;
		snprintf(heard->lost_text, sizeof(heard->lost_text), "%s", event->text);
	} else if (strcmp(event->event, "logs_resumed") == 0) {
		heard->resumed++;
		snprintf(heard->resumed_text, sizeof(heard->resumed_text), "%s", event->text);
	}
}

static struct tractor_runtime *rt;
static printer_ref printer;

static void
open_runtime(struct heard *heard, struct tractor_log_limits limits)
{
	char exec[256];

	sys.write = write_to_disk;
	snprintf(exec, sizeof(exec), "%s/printer", test_actors_dir());
	tractor_err err = tractor_runtime_open(&rt, &(struct tractor_options){ .name = "t",
							    .log_files = true,
							    .on_event = on_event,
							    .on_line = ignore_line,
							    .arg = heard });
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	err = tractor_start(
		rt, printer, &printer, &(struct tractor_child){ .name = "a", .exec = exec, .log = limits });
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
}

static void
close_runtime(void)
{
	tractor_runtime_close(rt);
	sys = sys_real;
}

/* Prints so many lines, and is asked whether it has: in time, whatever the disk does. */
static void
count(int64_t lines)
{
	struct printer_printed reply;

	ck_assert_int_eq(tractor_tell(tractor_port(rt), printer, printer_count, .lines = lines), TRACTOR_OK);
	tractor_err err =
		tractor_ask_within(tractor_port(rt), scaled_ms(QUICK_MS), printer, &reply, printer_lines);
	ck_assert_msg(err == TRACTOR_OK, "%s: %s", tractor_err_name(err), tractor_why());
}

static void
wait_for(const int *times, int wanted)
{
	int64_t until_ms = now_ms() + scaled_ms(SOON_MS);

	while (*times < wanted && now_ms() < until_ms)
		tractor_runtime_turn(rt, 10);
	ck_assert_int_eq(*times, wanted);
}

/* Until the thread has written, or lost, all that was printed. The file's size. */
static off_t
settle(void)
{
	struct stat about = { .st_size = 0 };

	tractor_runtime_turn(rt, 0); /* what was printed before an answer is in the pipe before it */
	uint64_t mark = logwriter_mark(rt->lines.writer);
	while (!logwriter_has_written(rt->lines.writer, mark))
		tractor_runtime_turn(rt, 10);
	stat(scenario_path("run/t/logs/a.log"), &about);
	return about.st_size;
}

START_TEST(a_full_disk_costs_lines_and_is_told_once)
{
	struct heard heard = { 0 };

	open_runtime(&heard, (struct tractor_log_limits){ .rate = TRACTOR_UNBOUNDED });
	count(10);
	off_t size = settle();
	set_disk(true, false, 100); /* it takes some of it, and then no more */
	count(5);
	wait_for(&heard.lost, 1);
	expect_match(heard.lost_text, "^log files can't be written \\(No space left on device\\)");
	for (int i = 0; i < 20; i++)
		count(1);
	ck_assert_int_eq(settle(), size); /* no half lines */
	ck_assert_int_eq(heard.lost, 1);
	ck_assert_int_eq(heard.resumed, 0);
	set_disk(false, false, 0);
	count(1);
	wait_for(&heard.resumed, 1);
	ck_assert_str_eq(heard.resumed_text, "log files are written again; 25 lines were lost");
	/* And a second time is told again, with its own number. */
	set_disk(true, false, 0);
	count(3);
	settle();
	wait_for(&heard.lost, 2);
	set_disk(false, false, 0);
	count(1);
	wait_for(&heard.resumed, 2);
	ck_assert_str_eq(heard.resumed_text, "log files are written again; 3 lines were lost");
	close_runtime();
	expect_command(0,
		"line 10\n.*25 lines are missing here\n.*line 36\n.*3 lines are missing here\n.*line 40$",
		"^$", "logs", NULL);
}
END_TEST

/* It takes nothing for a while: the tree goes on, and when it does take something again that is whole lines in order. */
START_TEST(a_slow_disk_holds_nobody_up)
{
	struct heard heard = { 0 };

	open_runtime(&heard, (struct tractor_log_limits){ .rate = TRACTOR_UNBOUNDED, .max_size = 10000000 });
	set_disk(false, true, 0);
	for (int i = 0; i < 10; i++)
		count(2000);
	wait_for(&heard.lost, 1);
	expect_match(heard.lost_text, "^log files can't be written \\(the disk is too slow\\)");
	ck_assert_int_eq(heard.lost, 1);
	set_disk(false, false, 0);
	for (int i = 0; i < 100 && heard.resumed == 0; i++)
		count(1);
	wait_for(&heard.resumed, 1);
	settle(); /* it is heard of when the disk takes the first lines: there is room for others when it has the last */
	count(1);
	close_runtime();
	char *out = logs("-n", "all", NULL);
	ck_assert_uint_eq(count_of(out, "missing here"), 1);
	expect_match(out, "line 1\n.*line 2\n");
	free(out);
}
END_TEST

static bool
has_as_many_fds(void *arg)
{
	return fds_of(getpid()) == *(const size_t *)arg;
}

START_TEST(a_disk_that_hangs_does_not_hold_up_the_end)
{
	struct heard heard = { 0 };
	size_t fds = fds_of(getpid());

	open_runtime(&heard, (struct tractor_log_limits){ .rate = 0 });
	set_disk(false, true, 0);
	count(10);
	int64_t began_ms = now_ms();
	tractor_runtime_close(rt);
	ck_assert_int_lt(now_ms() - began_ms, scaled_ms(5000));
	ck_assert_int_eq(heard.lost, 1);
	/* What it had in hand is written when the disk lets it, and then its thread ends. */
	set_disk(false, false, 0);
	ck_assert(wait_until(SOON_MS, has_as_many_fds, &fds));
	ck_assert_int_eq(access(scenario_path("run/t/logs/a.log"), F_OK), 0);
}
END_TEST

/* A program that doesn't take the lines itself has them on its standard error. */
START_TEST(a_programs_own_terminal)
{
	static char text[4096];
	struct printer_printed reply;
	char exec[256];
	int saved = dup(STDERR_FILENO),
	    file = open(scenario_path("output/stderr"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	snprintf(exec, sizeof(exec), "%s/printer", test_actors_dir());
	dup2(file, STDERR_FILENO);
	tractor_err err = tractor_runtime_open(&rt, &(struct tractor_options){ .name = "t" });
	if (err == TRACTOR_OK)
		err = tractor_start(
			rt, printer, &printer, &(struct tractor_child){ .name = "a", .exec = exec });
	if (err == TRACTOR_OK)
		err = tractor_tell(tractor_port(rt), printer, printer_print, .text = "\033[2J\302\233");
	if (err == TRACTOR_OK)
		err = tractor_ask(tractor_port(rt), printer, &reply, printer_lines);
	tractor_runtime_close(rt);
	dup2(saved, STDERR_FILENO);
	close(saved);
	ck_assert_int_eq(err, TRACTOR_OK);
	ck_assert_int_gt(pread(file, text, sizeof(text) - 1, 0), 0);
	close(file);
	ck_assert_str_eq(text, "/t/a: \\x1b[2J\\x9b\n");
	/* It keeps no files unless it asks for them. */
	ck_assert_int_ne(access(scenario_path("run/t"), F_OK), 0);
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
	SCENARIO_CASE(suite, "terminals", 60, nothing_that_is_printed_acts_upon_a_terminal,
		nothing_in_a_tree_file_acts_upon_a_terminal, a_programs_own_terminal);
	SCENARIO_CASE(suite, "lines", 60, half_a_line_before_a_crash, a_line_longer_than_a_line);
	SCENARIO_CASE(suite, "files", 60, files_are_bounded_in_size_and_number,
		half_a_line_in_a_file_is_passed_over);
	SCENARIO_CASE(suite, "floods", 60, a_flood_is_cut_down_and_nobody_starves, the_last_words_of_a_flood);
	SCENARIO_CASE(suite, "disks", 60, log_files_that_cannot_be_made,
		lines_that_are_lost_are_told_while_the_tree_runs, a_pipe_in_the_place_of_a_log,
		a_full_disk_costs_lines_and_is_told_once, a_slow_disk_holds_nobody_up,
		a_disk_that_hangs_does_not_hold_up_the_end);
	return suite;
}
