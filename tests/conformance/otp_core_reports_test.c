/*
 * otp_core_reports_test.c: OTP's format_log, which bounds a supervisor's reports in depth and length and can make one line of them. Here the
 * part of a crash report that has no bound of its own, the fields of the message in hand. (What `tractor crashes show` makes of the
 * whole is in tests/unit/command_test.c.)
 */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "shell.h"
#include "unit.h"

/* The excerpt of a payload under these limits, as the report has it: one line of JSON. To be freed. */
static char *
excerpt(const char *schema_text, const struct payload_limits *limits, const uint8_t *bytes, size_t size)
{
	struct payload_schema *schema = NULL;
	json_t *fields = NULL;
	bool shortened = false;

	ck_assert_int_eq(payload_schema_parse(schema_text, &schema), TRACTOR_OK);
	tractor_err err =
		payload_excerpt(schema->record, bytes, size, limits, NULL, NULL, &shortened, &fields);
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	char *text = json_dumps(fields, JSON_COMPACT);
	ck_assert_int_eq(shortened, strstr(text, "...") != NULL);
	json_decref(fields);
	payload_schema_free(schema);
	return text;
}

#define MEMBERS \
	"tell hub.list {list_member {str name, home {street {str name} street} home} members, str note}"
static const uint8_t members[] = "\3\0\0\0"
				 "\3\0\0\0eve\0"
				 "\4\0\0\0elm.\0"
				 "\2\0\0\0al\0"
				 "\1\0\0\0x\0"
				 "\0\0\0\0\0"
				 "\0\0\0\0\0"
				 "\15\0\0\0line\nand line";

/* The same message by each limit alone: exact text. */
START_TEST(format_log_1)
{
	static const struct {
		struct payload_limits limits;
		const char *expected;
	} table[] = {
		/* none that matters */
		{ { 100, 100, 100, 100, 100 },
			"{\"members\":[{\"name\":\"eve\",\"home\":{\"street\":{\"name\":\"elm.\"}}},"
			"{\"name\":\"al\",\"home\":{\"street\":{\"name\":\"x\"}}},"
			"{\"name\":\"\",\"home\":{\"street\":{\"name\":\"\"}}}],\"note\":\"line\\nand line\"}" },
		/* depth */
		{ { 100, 100, 100, 3, 100 },
			"{\"members\":[{\"name\":\"eve\",\"home\":{\"street\":\"...\"}},"
			"{\"name\":\"al\",\"home\":{\"street\":\"...\"}},"
			"{\"name\":\"\",\"home\":{\"street\":\"...\"}}],\"note\":\"line\\nand line\"}" },
		{ { 100, 100, 100, 1, 100 }, "{\"members\":\"...\",\"note\":\"line\\nand line\"}" },
		/* length of lists */
		{ { 100, 100, 1, 100, 100 },
			"{\"members\":[{\"name\":\"eve\",\"home\":{\"street\":{\"name\":\"elm.\"}}},"
			"\"... (2 more)\"],\"note\":\"line\\nand line\"}" },
		/* characters of one text, and of all */
		{ { 3, 100, 0, 100, 100 },
			"{\"members\":[\"... (3 more)\"],\"note\":\"lin... (10 bytes more)\"}" },
		{ { 100, 5, 1, 2, 100 },
			"{\"members\":[{\"name\":\"eve\",\"home\":\"...\"},\"... (2 more)\"],"
			"\"note\":\"li... (11 bytes more)\"}" },
		/* values */
		{ { 100, 100, 100, 100, 3 },
			"{\"members\":[{\"name\":\"eve\",\"home\":\"...\"},\"... (2 more)\"],\"note\":\"...\"}" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *text = excerpt(MEMBERS, &table[i].limits, members, sizeof(members));
		ck_assert_str_eq(text, table[i].expected);
		ck_assert_ptr_null(strchr(text, '\n')); /* single-line */
		free(text);
	}
}
END_TEST

/* What all that a message can say may come to in a report. */
#define REPORT_FIELDS_MAX_BYTES (1u << 20)

static void
expect_bounded(const char *schema_text, const uint8_t *bytes, size_t size)
{
	char *text = excerpt(schema_text, &report_message_limits, bytes, size);

	ck_assert_uint_lt(strlen(text), REPORT_FIELDS_MAX_BYTES);
	ck_assert_ptr_nonnull(strstr(text, "..."));
	free(text);
}

static uint8_t *
filled(uint32_t length, uint8_t with)
{
	uint8_t *bytes = malloc(TRI_PAYLOAD_MAX);

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, with, TRI_PAYLOAD_MAX);
	memcpy(bytes, &length, sizeof(length));
	return bytes;
}

/* The largest messages that there are, of each shape, under the limits of every report. */
START_TEST(format_log_2)
{
	/* One text: of letters, of what must be escaped, of what is no UTF-8. */
	static const uint8_t letters[] = { 'x', 1, 0xff, 0x80 };
	for (size_t i = 0; i < sizeof(letters); i++) {
		uint8_t *bytes = filled(TRI_PAYLOAD_MAX - 5, letters[i]);
		bytes[TRI_PAYLOAD_MAX - 1] = '\0';
		expect_bounded("tell a.b {str s}", bytes, TRI_PAYLOAD_MAX);
		free(bytes);
	}
	uint8_t *bytes = filled(TRI_PAYLOAD_MAX - 4, 0xff);
	expect_bounded("tell a.b {bytes b}", bytes, TRI_PAYLOAD_MAX);
	free(bytes);

	/* Lists: of numbers, of texts, of records with lists in them. */
	bytes = filled(TRI_PAYLOAD_MAX - 4, 0x80);
	expect_bounded("tell a.b {list_int8 l}", bytes, TRI_PAYLOAD_MAX);
	free(bytes);
	bytes = filled(100000, 0);
	expect_bounded("tell a.b {list_str l}", bytes, 4 + 100000 * 5);
	expect_bounded(
		"tell a.b {list_r {list_str a, list_str b, r {list_int8 c} r} l}", bytes, 4 + 100000 * 12);
	free(bytes);
}
END_TEST

#define LEVELS 12

/* A list of two items, each of them one like it, until the last level's, which are numbers. Returns the place behind it. */
static uint8_t *
put_level(uint8_t *at, int level)
{
	if (level == LEVELS) {
		*at = 7;
		return at + 1;
	}
	memcpy(at, &(uint32_t){ 2 }, sizeof(uint32_t));
	at = put_level(at + sizeof(uint32_t), level + 1);
	return put_level(at, level + 1);
}

/* Records in lists of records, nested almost as deep as a schema may be: 2^12 numbers at the bottom. */
START_TEST(format_log_2_deep)
{
	char schema[512] = "tell a.b {";
	uint8_t *bytes = filled(0, 0);

	for (int level = 0; level < LEVELS; level++)
		snprintf(schema + strlen(schema), sizeof(schema) - strlen(schema), "list_r%d {", level);
	strcat(schema, "int8 v");
	for (int level = LEVELS - 1; level >= 0; level--)
		snprintf(schema + strlen(schema), sizeof(schema) - strlen(schema), "} f%d", level);
	strcat(schema, "}");
	expect_bounded(schema, bytes, (size_t)(put_level(bytes, 0) - bytes));
	free(bytes);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: reports");

	TEST_CASE(suite, "bounds", 30, format_log_1, format_log_2, format_log_2_deep);
	return suite;
}
