/* logline_test.c: what an actor prints, found in pieces of any size, as lines; and a line as it stands in a file, whatever is in it. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "logline.h"
#include "logsplit.h"
#include "utf8.h"

/* --- splitting --- */

static struct logsplit split;
static char got[1 << 16]; /* the lines, each in brackets */
static size_t got_length;

static void
put(const char *text, size_t length)
{
	got[got_length++] = '[';
	memcpy(got + got_length, text, length);
	got_length += length;
	got[got_length++] = ']';
	got[got_length] = '\0';
}

/* In pieces of `step` bytes. */
static void
feed(const char *text, size_t size, size_t step)
{
	const char *line, *end = text + size;
	size_t length;

	split = (struct logsplit){ 0 };
	got_length = 0;
	got[0] = '\0';
	while (text < end) {
		size_t left = (size_t)(end - text) < step ? (size_t)(end - text) : step, whole = left;
		const char *at = text;
		while (logsplit_take(&split, &at, &left, &line, &length))
			put(line, length);
		ck_assert_uint_eq(left, 0);
		text += whole;
	}
	if (logsplit_rest(&split, &line, &length))
		put(line, length);
	ck_assert(!logsplit_rest(&split, &line, &length));
}

START_TEST(lines_in_pieces_of_any_size)
{
	static const char text[] = "one\n\ntwo\nthree\0and\nno end",
			  lines[] = "[one][][two][three\0and][no end]";

	for (size_t step = 1; step <= sizeof(text); step++) {
		feed(text, sizeof(text) - 1, step);
		ck_assert_uint_eq(got_length, sizeof(lines) - 1);
		ck_assert_int_eq(memcmp(got, lines, got_length), 0);
	}
	feed("", 0, 1);
	ck_assert_str_eq(got, "");
	feed("\n", 1, 1);
	ck_assert_str_eq(got, "[]");
}
END_TEST

static void
feed_long(size_t letters, const char *end, const char *expected_end)
{
	char *text = malloc(letters + strlen(end) + 1);

	memset(text, 'x', letters);
	strcpy(text + letters, end);
	for (size_t step = 1; step < 2 * LOGLINE_BYTES; step = step * 3 + 1) {
		feed(text, strlen(text), step);
		ck_assert_msg(got_length > strlen(expected_end) &&
				      strcmp(got + got_length - strlen(expected_end), expected_end) == 0,
			"\"%s\", not \"%s\"", got + got_length - strlen(expected_end), expected_end);
	}
	free(text);
}

START_TEST(a_line_that_is_too_long_comes_in_pieces)
{
	feed_long(LOGLINE_BYTES, "\nb\n", "x][b]");
	feed_long(LOGLINE_BYTES, "y\nb\n", "x][y][b]");
	feed_long(LOGLINE_BYTES + 1, "\n", "x][x]");
	feed_long(2 * LOGLINE_BYTES, "", "x]");
	/* Not within a character, as long as it is one. */
	feed_long(LOGLINE_BYTES - 1, "\xc3\xbc\n", "x][\xc3\xbc]");
	feed_long(LOGLINE_BYTES - 2, "\xc3\xbc\n", "x\xc3\xbc]");
	feed_long(LOGLINE_BYTES - 3, "\xf0\x9f\x92\xa9z\n", "x][\xf0\x9f\x92\xa9z]");
	feed_long(LOGLINE_BYTES - 3, "\x80\x80\x80\x80\x80\n", "\x80\x80\x80][\x80\x80]");
}
END_TEST

START_TEST(no_byte_is_lost)
{
	static char text[20000], joined[sizeof(text)];
	size_t used = 0;

	srand(1);
	for (int round = 0; round < 300; round++) {
		size_t size = (size_t)rand() % sizeof(text), step = 1 + (size_t)rand() % 5000;
		for (size_t i = 0; i < size; i++)
			text[i] = (char)(rand() % (round % 2 ? 256 : 4000) == 0 ? '\n' : 0x80 + rand() % 128);
		const char *at = text, *line;
		size_t left = 0, length;
		split = (struct logsplit){ 0 };
		used = 0;
		for (size_t done = 0; done < size || left > 0;) {
			if (left == 0) {
				left = size - done < step ? size - done : step;
				at = text + done;
				done += left;
			}
			while (logsplit_take(&split, &at, &left, &line, &length)) {
				ck_assert_uint_le(length, LOGLINE_BYTES);
				memcpy(joined + used, line, length);
				used += length;
				if (used < size && text[used] == '\n')
					joined[used++] = '\n';
			}
		}
		if (logsplit_rest(&split, &line, &length)) {
			memcpy(joined + used, line, length);
			used += length;
		}
		ck_assert_uint_eq(used, size);
		ck_assert_int_eq(memcmp(joined, text, size), 0);
	}
}
END_TEST

/* --- a line in a file --- */

static void
expect_record(const char *text, size_t length, const char *path)
{
	char record[LOGLINE_RECORD_BYTES];
	const struct logline line = { .time_ms = 1795422463685,
		.stream = LOGLINE_STDERR,
		.path = path,
		.incarnation = UINT32_MAX,
		.text = text,
		.length = length,
		.run = INT64_MAX,
		.number = INT64_MAX };
	size_t size = logline_format(&line, record);

	ck_assert_uint_lt(size, sizeof(record));
	ck_assert_ptr_eq(memchr(record, '\n', size), record + size - 1);
	json_t *json = json_loadb(record, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	json_t *meant = json_pack("{s:i, s:I, s:s, s:s, s:I, s:I, s:I, s:o}", "schema_version", 1, "time",
		(json_int_t)line.time_ms, "stream", "stderr", "path", path, "incarnation",
		(json_int_t)line.incarnation, "run", (json_int_t)line.run, "number", (json_int_t)line.number,
		"text", utf8_json(text, length));
	ck_assert_msg(json != NULL && json_equal(json, meant), "%.*s", (int)size, record);
	json_decref(json);
	json_decref(meant);
}

START_TEST(a_line_as_it_stands_in_a_file)
{
	char record[LOGLINE_RECORD_BYTES];
	const struct logline line = { 1500, LOGLINE_STDOUT, "/shop/db", 2, "a \033[2J\"b\"", 9, 1000, 17 };

	record[logline_format(&line, record)] = '\0';
	ck_assert_str_eq(record,
		"{\"schema_version\":1,\"time\":1500,\"stream\":\"stdout\",\"path\":\"/shop/db\",\"incarnation\":2,"
		"\"run\":1000,\"number\":17,\"text\":\"a \\u001b[2J\\\"b\\\"\"}\n");
}
END_TEST

START_TEST(the_longest_line_fits)
{
	static char text[LOGLINE_BYTES], path[SPEC_PATH_MAX];

	memset(text, 1, sizeof(text));
	memset(path, 'a', sizeof(path) - 1);
	expect_record(text, sizeof(text), path);
	memset(text, 0xff, sizeof(text));
	expect_record(text, sizeof(text), path);
	expect_record(text, 0, "/t/a");
	expect_record("a\0b", 3, "/t/a");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("logline");

	TEST_CASE(suite, "splitting", 30, lines_in_pieces_of_any_size,
		a_line_that_is_too_long_comes_in_pieces, no_byte_is_lost);
	TEST_CASE(suite, "record", 30, a_line_as_it_stands_in_a_file, the_longest_line_fits);
	return suite;
}
