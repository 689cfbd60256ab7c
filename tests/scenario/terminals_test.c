/*
 * terminals_test.c: nothing that an actor prints, or a tree file says, acts upon the terminal of who looks at it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/printer.h"
#include "printers.h"

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

/* A program that doesn't take the lines itself has them on its standard error. */
START_TEST(a_programs_own_terminal)
{
	static char text[4096];
	struct tractor_runtime *rt;
	printer_ref printer;
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
	Suite *suite = suite_create("terminals");

	SCENARIO_CASE(suite, "terminals", 60, nothing_that_is_printed_acts_upon_a_terminal,
		nothing_in_a_tree_file_acts_upon_a_terminal, a_programs_own_terminal);
	return suite;
}
