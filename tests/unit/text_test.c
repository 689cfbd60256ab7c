/* text_test.c: bytes as text: what is not UTF-8, and base64. */
#include <stdint.h>
#include <string.h>

#include "base64.h"
#include "payload_texts.h"
#include "utf8.h"

START_TEST(text_that_is_not_utf8_is_mended)
{
	static const struct mended {
		const char *bytes, *text;
	} cases[] = {
		{ "plain", "plain" },
		{ "\xc3\xbc", "\xc3\xbc" },
		{ "a\xff"
		  "b",
			"a\xef\xbf\xbd"
			"b" },
		{ "\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd" },		    /* overlong NUL */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *json = utf8_json(cases[i].bytes, strlen(cases[i].bytes));
		ck_assert_ptr_nonnull(json);
		ck_assert_str_eq(json_string_value(json), cases[i].text);
		json_decref(json);
	}
	uint64_t random = 88172645463325252;
	for (int round = test_rounds(50000); round > 0; round--) {
		char bytes[12];
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)(0x80 | next_random(&random) >> 11);
		json_t *json = utf8_json(bytes, sizeof(bytes));
		ck_assert_ptr_nonnull(json);
		json_decref(json);
	}
}
END_TEST

START_TEST(base64_of_the_rfc)
{
	static const char *const cases[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };
	static const char *const refused[] = { "Z", "Zg",
		"Zg=", "Zg===", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm9v\n", "Zm-v" };
	char text[16];
	uint8_t bytes[16];
	size_t size;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		base64_encode((const uint8_t *)cases[i][0], strlen(cases[i][0]), text);
		ck_assert_str_eq(text, cases[i][1]);
		ck_assert(base64_decode(text, strlen(text), bytes, &size));
		ck_assert_uint_eq(size, strlen(cases[i][0]));
		ck_assert_mem_eq(bytes, cases[i][0], size);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ck_assert_msg(!base64_decode(refused[i], strlen(refused[i]), bytes, &size), "%s", refused[i]);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("text");

	TEST_CASE(suite, "text", 30, text_that_is_not_utf8_is_mended, base64_of_the_rfc);
	return suite;
}
