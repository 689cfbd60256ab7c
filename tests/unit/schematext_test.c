/* schematext_test.c: schemas as texts: what is in them, what is none, and what nobody meant (run it with the sanitizers). */
#include <stdio.h>
#include <string.h>

#include "payload_texts.h"

#define LIST "ask hub.list {} -> hub_members {list_listener_ref members, hub_stats {uint64 published} stats}"

START_TEST(schema_of_a_tell)
{
	struct payload_schema *schema = parse(INCREMENT);

	ck_assert(!schema->ask);
	ck_assert_str_eq(schema->text, INCREMENT);
	ck_assert_str_eq(schema->protocol, "counter");
	ck_assert_str_eq(schema->message, "increment");
	ck_assert_str_eq(schema->record->name, "counter.increment");
	ck_assert_uint_eq(schema->record->field_count, 1);
	ck_assert_str_eq(schema->record->fields[0].name, "by");
	ck_assert_int_eq(schema->record->fields[0].kind, PAYLOAD_INT64);
	ck_assert_uint_eq(schema->record->least_bytes, 8);
	ck_assert_ptr_null(schema->reply);
	payload_schema_free(schema);
	payload_schema_free(NULL);
}
END_TEST

START_TEST(schema_of_an_ask)
{
	struct payload_schema *schema = parse(LIST);

	ck_assert(schema->ask);
	ck_assert_uint_eq(schema->record->field_count, 0);
	ck_assert_str_eq(schema->reply->name, "hub_members");
	const struct payload_field *members = &schema->reply->fields[0], *stats = &schema->reply->fields[1];
	ck_assert(members->list && members->kind == PAYLOAD_REF);
	ck_assert_str_eq(members->type, "listener_ref");
	ck_assert(!stats->list && stats->kind == PAYLOAD_RECORD);
	ck_assert_str_eq(stats->record->name, "hub_stats");
	ck_assert_str_eq(stats->record->fields[0].name, "published");
	ck_assert_uint_eq(schema->reply->least_bytes, 12);
	payload_schema_free(schema);
	payload_schema_free(parse("ask a.b {} -> tractor_none {}"));
}
END_TEST

static const struct bad_text {
	const char *text, *words;
} bad_texts[] = {
	{ "", "expected \"tell \" or \"ask \" at character 1, where there is its end" },
	{ "told a.b {}", "expected \"tell \"" },
	{ "tell a {}", "expected \".\"" },
	{ "tell .b {}", "the protocol's name" },
	{ "tell a. {}", "the message's name" },
	{ "tell 9a.b {}", "the protocol's name" },
	{ "tell a.b", "a blank and the message's fields" },
	{ "tell a.b {", "expected a type at character 11" },
	{ "tell a.b {int64}", "a blank and the field's name" },
	{ "tell a.b {int64 }", "the field's name" },
	{ "tell a.b {int64 x", "or \"}\"" },
	{ "tell a.b {int64 x,int64 y}", "or \"}\"" },
	{ "tell a.b {int64 x, }", "a type" },
	{ "tell a.b { int64 x}", "a type" },
	{ "tell a.b {int65 x}",
		"expected a type (int64, str, x_ref, x {...} or list_ and one of these) at character 11" },
	{ "tell a.b {_ref x}", "a type" },
	{ "tell a.b {list_ x}", "a type" },
	{ "tell a.b {list_list_int8 x}", "a type" },
	{ "tell a.b {int8 x, int8 x}", "a.b has two fields called x" },
	{ "tell a.b {int8 {int8 y} x}", "field's name" },
	{ "tell a.b {} ", "the end" },
	{ "tell a.b {}\n", "the end" },
	{ "tell a.b {} -> c {}", "the end" },
	{ "ask a.b {}", "and the reply" },
	{ "ask a.b {} -> ", "the reply's name" },
	{ "ask a.b {} -> c", "the reply's fields" },
	{ "ask a.b {} -> c {} -> d {}", "the end" },
	{ "tell a.b {\033[31m x}", "there is \"?[31m x}\"" },
};

START_TEST(schema_texts_that_are_none)
{
	struct payload_schema *schema = NULL;

	for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
		ck_assert_msg(payload_schema_parse(bad_texts[i].text, &schema) == TRACTOR_EBADMSG, "%s",
			bad_texts[i].text);
		ck_assert_msg(strstr(tractor_why(), bad_texts[i].words) != NULL, "%s: %s", bad_texts[i].text,
			tractor_why());
		ck_assert_ptr_null(schema);
	}
}
END_TEST

/* `depth` records in one another. */
static void
nest(char *text, size_t depth)
{
	strcpy(text, "tell a.b {");
	for (size_t i = 1; i < depth; i++)
		strcat(text, "r {");
	strcat(text, "int8 x");
	for (size_t i = 1; i < depth; i++)
		strcat(text, "} x");
	strcat(text, "}");
}

START_TEST(schema_limits)
{
	static char text[2 * PAYLOAD_TEXT_MAX_BYTES];
	struct payload_schema *schema = NULL;

	nest(text, PAYLOAD_DEPTH_MAX);
	payload_schema_free(parse(text));
	nest(text, PAYLOAD_DEPTH_MAX + 1);
	ck_assert_int_eq(payload_schema_parse(text, &schema), TRACTOR_EBADMSG);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "nested deeper than 16"));
	nest(text, 5000);
	ck_assert_int_eq(payload_schema_parse(text, &schema), TRACTOR_EBADMSG);

	size_t length = (size_t)sprintf(text, "tell a.b {int8 f");
	for (unsigned i = 0; i < PAYLOAD_FIELDS_MAX; i++)
		length += (size_t)sprintf(text + length, ", int8 f%u", i);
	strcpy(text + length, "}");
	ck_assert_int_eq(payload_schema_parse(text, &schema), TRACTOR_EBADMSG);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "more than 1024 fields"));

	length = (size_t)sprintf(text, "tell a.");
	memset(text + length, 'x', PAYLOAD_NAME_MAX + 1);
	strcpy(text + length + PAYLOAD_NAME_MAX + 1, " {}");
	ck_assert_int_eq(payload_schema_parse(text, &schema), TRACTOR_EBADMSG);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "longer than 127"));

	memset(text, 'x', sizeof(text) - 1);
	ck_assert_int_eq(payload_schema_parse(text, &schema), TRACTOR_EBADMSG);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "longer than 65536 bytes"));
}
END_TEST

START_TEST(mutated_schema_texts_are_survived)
{
	static const char letters[] = "{} ,->._abl\033";
	uint64_t random = 0x2545f4914f6cdd1d;

	for (int round = test_rounds(50000); round > 0; round--) {
		char text[] = LIST;
		for (uint64_t i = next_random(&random) % 3; i < 3; i++)
			text[next_random(&random) % (sizeof(text) - 1)] =
				letters[next_random(&random) % sizeof(letters)];
		struct payload_schema *schema = NULL;
		if (payload_schema_parse(text, &schema) == TRACTOR_OK)
			payload_schema_free(schema);
		else
			ck_assert_ptr_null(schema);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("schematext");

	TEST_CASE(suite, "schema", 30, schema_of_a_tell, schema_of_an_ask, schema_texts_that_are_none,
		schema_limits, mutated_schema_texts_are_survived);
	return suite;
}
