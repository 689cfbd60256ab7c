/* visible_test.c: characters of unknown origin, in both forms; what is cut is cut between them; and that whatever bytes come, nothing goes out that a terminal acts upon. */
#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "utf8.h"
#include "visible.h"

static void
expect(visible_form *form, const char *text, size_t size, const char *shown)
{
	char got[256];

	ck_assert_uint_eq(visible_copy(form, text, size, got, sizeof(got)), strlen(shown));
	ck_assert_str_eq(got, shown);
}

#define EXPECT(form, text, shown) expect((form), (text), sizeof(text) - 1, (shown))

START_TEST(for_people)
{
	EXPECT(visible_plain, "plain \xc3\xbc", "plain \xc3\xbc");
	EXPECT(visible_plain, "\033[31m\n\t\r\x7f", "\\x1b[31m\\n\\t\\r\\x7f");
	EXPECT(visible_plain,
		"\xc2\x9b"
		"31m",
		"\\x9b31m");
	EXPECT(visible_plain, "\xff\xc3", "\\xff\\xc3");
	EXPECT(visible_plain,
		"a\xe2\x80\xae"
		"b",
		"a\\u202eb");
	EXPECT(visible_plain,
		"a\0"
		"b",
		"a\\x00b");
	EXPECT(visible_plain, "\"\\", "\"\\");
}
END_TEST

START_TEST(in_json)
{
	EXPECT(visible_json, "\xc3\xbc \"\\\n\b", "\xc3\xbc \\\"\\\\\\n\\b");
	EXPECT(visible_json, "\033\x7f\xc2\x9b", "\\u001b\\u007f\\u009b");
	EXPECT(visible_json, "\xff\xe2\x80\xae", "\\ufffd\\u202e");
	EXPECT(visible_json,
		"a\0"
		"b",
		"a\\u0000b");
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_whole)
{
	char shown[8];

	ck_assert_uint_eq(visible_copy(visible_plain, "abc\033d", 5, shown, 8), 7);
	ck_assert_str_eq(shown, "abc\\x1b");
	ck_assert_uint_eq(visible_copy(visible_plain, "abc\033d", 5, shown, 7), 3);
	ck_assert_str_eq(shown, "abc");
	ck_assert_uint_eq(visible_copy(visible_plain, "abc", 3, shown, 1), 0);
	ck_assert_str_eq(shown, "");
}
END_TEST

static bool
is_harmless(const char *shown, size_t length)
{
	uint32_t code = 0;

	for (size_t at = 0, its_length; at < length; at += its_length) {
		its_length = utf8_character(shown + at, length - at, &code);
		if (its_length == 0 || code < ' ' || (code >= 0x7f && code < 0xa0) || code == 0x202e)
			return false;
	}
	return true;
}

START_TEST(random_bytes_are_harmless)
{
	char bytes[64], shown[sizeof(bytes) * 6 + 1], json[sizeof(shown) + 2];

	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t size = (size_t)rand() % sizeof(bytes);
		for (size_t i = 0; i < size; i++)
			bytes[i] = (char)(rand() >> 7);
		ck_assert(is_harmless(shown, visible_copy(visible_plain, bytes, size, shown, sizeof(shown))));
		size_t length = visible_copy(visible_json, bytes, size, shown, sizeof(shown));
		ck_assert(is_harmless(shown, length));
		/* And it is what it was, as far as JSON can say it. */
		json[0] = json[length + 1] = '"';
		memcpy(json + 1, shown, length);
		json_t *read = json_loadb(json, length + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		json_t *meant = utf8_json(bytes, size);
		ck_assert(read != NULL && json_equal(read, meant));
		json_decref(read);
		json_decref(meant);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("visible");

	TEST_CASE(suite, "characters", 30, for_people, in_json, what_does_not_fit_is_left_out_whole,
		random_bytes_are_harmless);
	return suite;
}
