/* output_test.c: printing: nothing raw, JSON, tables and times. */
#include "command_world.h"

START_TEST(nothing_raw_reaches_the_terminal)
{
	static const char *const cases[][2] = {
		{ "plain \xc3\xbc", "plain \xc3\xbc" },
		{ "\033[31m\n\t\r\x7f", "\\x1b[31m\\n\\t\\r\\x7f" },
		{ "\xc2\x9b"
		  "31m",
			"\\x9b31m" }, /* CSI as one character */
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "a\xe2\x80\xae"
		  "b",
			"a\\u202eb" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *safe = output_safe(cases[i][0]);
		ck_assert_str_eq(safe, cases[i][1]);
		free(safe);
	}
}
END_TEST

static char *
json_text(const char *json)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	json_t *value = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	ck_assert_ptr_nonnull(value);
	output_json(stream, value);
	fclose(stream);
	json_decref(value);
	return text;
}

START_TEST(json_is_compact_short_and_safe)
{
	static const char *const cases[][2] = {
		{ "{\"a\" : [1, true, null, {}], \"b\": false}", "{\"a\":[1,true,null,{}],\"b\":false}" },
		{ "[0.1, 1.0, -2.5e300, 1e-7, 0.30000000000000004]",
			"[0.1,1.0,-2.5e+300,1e-07,0.30000000000000004]" },
		{ "\"\\u001b[0m \\u009b \\u202e \\\" \\\\ \\n \\u0000 \\u00fc\"",
			"\"\\u001b[0m \\u009b \\u202e \\\" \\\\ \\n \\u0000 \xc3\xbc\"" },
		{ "-9223372036854775808", "-9223372036854775808" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = json_text(cases[i][0]);
		ck_assert_str_eq(text, cases[i][1]);
		free(text);
	}
}
END_TEST

START_TEST(tables_are_aligned)
{
	static const struct output_column columns[] = { { "NAME", false }, { "N", true }, { "WHY", false } };
	static const char *const rows[][3] = { { "a", "1", "" }, { "l\xc3\xa4nger", "1234", "x\ny" },
		{ NULL, NULL, NULL } };
	struct output_table *table = output_table_new(columns, 3);
	char *text = NULL;
	size_t size;

	for (size_t i = 0; i < 3; i++)
		output_table_add(table, rows[i]);
	FILE *stream = tmpfile();
	output_table_print(table, stream, NULL);
	rewind(stream);
	text = calloc(1, 512);
	size = fread(text, 1, 511, stream);
	ck_assert_uint_gt(size, 0);
	ck_assert_str_eq(text, "NAME       N  WHY\n"
			       "a          1  -\n"
			       "l\xc3\xa4nger  1234  x\\ny\n"
			       "-          -  -\n");
	fclose(stream);
	free(text);
	output_table_free(table);
	output_table_free(NULL);
}
END_TEST

/* What output_finish() gives, and what is said, after `lines` lines to that fd. */
static int
finish_on(int fd, int lines, char *words, size_t size)
{
	FILE *said = tmpfile();
	int how;

	pid_t child = fork();
	if (child == 0) {
		signal(SIGPIPE, SIG_IGN);
		dup2(fd, STDOUT_FILENO);
		dup2(fileno(said), STDERR_FILENO);
		for (int i = 0; i < lines; i++)
			puts("a line that somebody may read");
		_exit(output_finish(0));
	}
	ck_assert_int_eq(waitpid(child, &how, 0), child);
	rewind(said);
	words[fread(words, 1, size - 1, said)] = '\0';
	fclose(said);
	return WEXITSTATUS(how);
}

START_TEST(a_reader_that_has_gone_is_no_error_to_talk_about)
{
	static const int lines[] = { 1, 100, 100000 };
	char words[256];
	int ends[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(finish_on(ends[1], lines[i], words, sizeof(words)), 1);
		ck_assert_str_eq(words, "");
		ck_assert_int_eq(finish_on(full, lines[i], words, sizeof(words)), 1);
		ck_assert_ptr_eq(strstr(words, "tractor: standard output: "), words);
	}
	close(ends[1]);
	close(full);
}
END_TEST

START_TEST(times_for_people)
{
	static const struct span {
		int64_t ms;
		const char *text;
	} spans[] = { { -5, "0ms" }, { 0, "0ms" }, { 812, "812ms" }, { 4250, "4.2s" }, { 59999, "59s" },
		{ 81233, "1m21s" }, { 10920000, "3h02m" }, { 447000000, "5d04h" } };
	char text[OUTPUT_TIME_BYTES];

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		ck_assert_str_eq(output_duration(spans[i].ms, text), spans[i].text);
	ck_assert_str_eq(output_time(1001, text), "1970-01-01 00:00:01.001");
	ck_assert_str_eq(output_time(-1, text), "-1");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("output");

	TEST_CASE(suite, "output", 30, nothing_raw_reaches_the_terminal, json_is_compact_short_and_safe,
		tables_are_aligned, a_reader_that_has_gone_is_no_error_to_talk_about, times_for_people);
	return suite;
}
