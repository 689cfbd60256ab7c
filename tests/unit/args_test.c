/* args_test.c: command lines: options wherever they stand, lines that are none, and help. */
#include "command_world.h"

static bool
parse(const char *words, struct command_line *line, char *error)
{
	static char copy[512];
	char *argv[WORDS_MAX] = { "tractor" };
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	return args_parse(argc, argv, line, error);
}

START_TEST(options_may_stand_anywhere)
{
	static const char *const lines[] = { "-t shop --json ask /shop/db db.get {} --timeout 250ms",
		"ask -tshop /shop/db db.get {} --json --timeout=250ms",
		"--tree=shop ask /shop/db --timeout 250ms --json -- db.get {}" };
	struct command_line line;
	char error[ARGS_ERROR_BYTES] = "";

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(parse(lines[i], &line, error), "%s", error);
		ck_assert_str_eq(line.command->name, "ask");
		ck_assert_str_eq(line.tree, "shop");
		ck_assert(line.json && !line.follow);
		ck_assert_int_eq(line.timeout_ms, 250);
		ck_assert_int_eq(line.word_count, 3);
		ck_assert_str_eq(line.words[1], "db.get");
		ck_assert_str_eq(line.words[2], "{}");
	}
	setenv("TRACTOR_TREE", "other", 1);
	ck_assert(parse("events -f", &line, error));
	ck_assert_str_eq(line.tree, "other");
	ck_assert(line.follow);
	ck_assert_int_eq(line.timeout_ms, COMMAND_NO_TIMEOUT);
	ck_assert(parse("-t this status", &line, error));
	ck_assert_str_eq(line.tree, "this");
	ck_assert(parse("logs -fn 20 --since 10m /shop", &line, error));
	ck_assert(line.follow && !line.previous && strcmp(line.since, "10m") == 0);
	ck_assert_int_eq(line.lines, 20);
	ck_assert(parse("logs --previous -n all", &line, error));
	ck_assert(line.previous && line.since == NULL);
	ck_assert_int_eq(line.lines, COMMAND_ALL);
	ck_assert(parse("logs", &line, error));
	ck_assert_int_eq(line.lines, COMMAND_DEFAULT);
	ck_assert(parse("tell /a b -", &line, error));
	ck_assert_str_eq(line.words[2], "-");
}
END_TEST

START_TEST(command_lines_that_are_none)
{
	static const struct bad {
		const char *words, *complaint;
	} bad[] = {
		{ "", "which command?" },
		{ "stauts", "there is no command \"stauts\"; did you mean \"status\"?" },
		{ "xyzzyx", "there is no command \"xyzzyx\"; see: tractor help" },
		{ "status --jason", "there is no option --jason; did you mean --json?" },
		{ "status -x", "there is no option -x" },
		{ "status -t", "--tree needs a value: --tree NAME" },
		{ "status --json=yes", "--json takes no value" },
		{ "status /a /b", "\"/b\" is too much; it is: tractor status [PATH]" },
		{ "ask /a", "something is missing; it is: tractor ask PATH MESSAGE" },
		{ "status --follow", "status has no option --follow" },
		{ "events --previous", "events has no option --previous" },
		{ "logs -n", "--lines needs a value: --lines N" },
		{ "logs -n -1",
			"--lines: \"-1\" is not a whole number; write one from 0 to 1000000000, or all" },
		{ "logs -n al", "--lines: \"al\" is not a whole number" },
		{ "ask /a b --timeout 5", "--timeout: " },
		{ "ask /a b --timeout 0s", "--timeout: " },
		{ "ask /a b --timeout -1s", "--timeout: " },
	};
	struct command_line line;
	char error[ARGS_ERROR_BYTES];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(!parse(bad[i].words, &line, error), "%s", bad[i].words);
		expect_in(error, bad[i].complaint);
		if (*bad[i].words != '\0')
			ck_assert_int_eq(tractor(bad[i].words), CONTROL_USAGE);
	}
}
END_TEST

START_TEST(every_command_has_help)
{
	char words[64];

	ck_assert_int_eq(tractor("help"), 0);
	for (size_t i = 0; i < command_count; i++)
		expect_in(standard_output, commands[i].summary);
	/* In one column, also of those with much to say before. */
	expect_in(standard_output, "\n  version                                               which");
	expect_in(standard_output,
		"\n                                                        make a crash happen");
	for (size_t i = 0; i < command_count; i++) {
		snprintf(words, sizeof(words), "help %s", commands[i].name);
		ck_assert_int_eq(tractor(words), 0);
		expect_in(standard_output, commands[i].summary);
		snprintf(words, sizeof(words), "%s -h", commands[i].name);
		ck_assert_int_eq(tractor(words), 0);
		expect_in(standard_output, commands[i].help);
	}
	ck_assert_int_eq(tractor("help stats"), CONTROL_USAGE);
	expect_in(standard_error, "did you mean \"status\"?");
	ck_assert_int_eq(tractor(""), CONTROL_USAGE);
	ck_assert_str_eq(standard_output, "");
	expect_in(standard_error, "crashes");
	ck_assert_int_eq(tractor("run x"), 70);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("args");

	TEST_CASE(suite, "args", 30, options_may_stand_anywhere, command_lines_that_are_none,
		every_command_has_help);
	return suite;
}
