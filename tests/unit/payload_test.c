/*
 * payload_test.c: payloads, good ones both ways, wrong ones by their complaints, and hostile ones by surviving them (run it with the
 * sanitizers).
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tractor/protocol.h>

#include "arena.h"
#include "codec.h"
#include "frame.h"
#include "payload_texts.h"
#include "schema.h"

/* clang-format off */
#define ALL                                                                                                                     \
	"tell all.kinds {bool a, int8 b, int16 c, int32 d, int64 e, uint8 f, uint16 g, uint32 h, uint64 i, float j, double k, " \
	"str l, bytes m, x_ref n, inner {int8 v, list_str names} o, list_int16 p, list_inner {int8 v, list_str names} q}"
/* clang-format on */

/* Two actors are known: /a is 7, /far is 9 on node 2. */
static tractor_err
resolve(void *arg, const char *type, const char *path, uint64_t *ret_actor, uint32_t *ret_node)
{
	(void)arg, (void)type;
	if (strcmp(path, "/a") != 0 && strcmp(path, "/far") != 0)
		return TRACTOR_ENOACTOR;
	*ret_actor = path[1] == 'a' ? 7 : 9;
	*ret_node = path[1] == 'a' ? 0 : 2;
	return TRACTOR_OK;
}

static const char *
name(void *arg, uint64_t actor, uint32_t node)
{
	(void)arg;
	return actor == 7 && node == 0 ? "/a" : NULL;
}

/* What `json` becomes as a payload and back. */
static char *
round_trip(const char *schema_text, const char *json)
{
	struct payload_schema *schema = parse(schema_text);
	json_error_t error;
	json_t *fields = json_loads(json, 0, &error), *back = NULL;
	uint8_t *bytes = NULL;
	size_t size;

	ck_assert_ptr_nonnull(fields);
	tractor_err err = payload_from_json(schema->record, fields, resolve, NULL, &bytes, &size);
	ck_assert_msg(err == TRACTOR_OK, "%s: %s", json, tractor_why());
	err = payload_to_json(schema->record, bytes, size, name, NULL, &back);
	ck_assert_msg(err == TRACTOR_OK, "%s: %s", json, tractor_why());
	char *text = json_dumps(back, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(fields);
	json_decref(back);
	free(bytes);
	payload_schema_free(schema);
	return text;
}

static void
expect_round_trip(const char *schema_text, const char *json, const char *expected)
{
	char *text = round_trip(schema_text, json);

	ck_assert_str_eq(text, expected);
	free(text);
}

/* `json` is refused with a sentence that has `words` in it. */
static void
expect_complaint(const char *schema_text, const char *json, tractor_err expected, const char *words)
{
	struct payload_schema *schema = parse(schema_text);
	json_t *fields = json_loads(json, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
	uint8_t *bytes = NULL;
	size_t size = 1;

	ck_assert_ptr_nonnull(fields);
	ck_assert_int_eq(payload_from_json(schema->record, fields, resolve, NULL, &bytes, &size), expected);
	ck_assert_msg(strstr(tractor_why(), words) != NULL, "\"%s\" is not in \"%s\"", words, tractor_why());
	ck_assert_ptr_null(bytes);
	json_decref(fields);
	payload_schema_free(schema);
}

/* The same in C, for what the two codecs must agree on. */
#define INNER(FIELD) FIELD(int8, v) FIELD(list_str, names)
TRACTOR_RECORD(inner, INNER);
TRACTOR_REF(x);
/* clang-format off */
#define ALL_KINDS(FIELD)                                                                               \
	FIELD(bool, a)                                                                                 \
	FIELD(int8, b)                                                                                 \
	FIELD(int16, c)                                                                                \
	FIELD(int32, d)                                                                                \
	FIELD(int64, e)                                                                                \
	FIELD(uint8, f)                                                                                \
	FIELD(uint16, g)                                                                               \
	FIELD(uint32, h)                                                                               \
	FIELD(uint64, i)                                                                               \
	FIELD(float, j) FIELD(double, k) FIELD(str, l) FIELD(bytes, m) FIELD(x_ref, n) FIELD(inner, o) \
		FIELD(list_int16, p) FIELD(list_inner, q)
/* clang-format on */
#define ALL_PROTOCOL(TELL, ASK) TELL(all, kinds, ALL_KINDS)
TRACTOR_PROTOCOL(all, ALL_PROTOCOL);

START_TEST(encoding_is_the_documented_one)
{
	static const char expected[] = "\1"
				       "\xfe"
				       "\x34\x12"
				       "\xff\xff\xff\xff"
				       "\4\0\0\0\0\0\0\0"
				       "\xc8"
				       "\xff\xff"
				       "\1\0\0\0"
				       "\xff\xff\xff\xff\xff\xff\xff\xff"
				       "\0\0\x80\x3f"
				       "\0\0\0\0\0\0\0\xc0"
				       "\2\0\0\0hi\0"
				       "\2\0\0\0\xff\0"
				       "\11\0\0\0\0\0\0\0\2\0\0\0"
				       "\5\1\0\0\0\0\0\0\0\0"
				       "\2\0\0\0\1\0\xff\xff"
				       "\0\0\0\0";
	struct payload_schema *schema = parse(ALL);
	json_t *fields = json_loads(
		"{\"a\":true,\"b\":-2,\"c\":4660,\"d\":-1,\"e\":4,\"f\":200,\"g\":65535,\"h\":1,"
		"\"i\":\"18446744073709551615\",\"j\":1,\"k\":-2.0,\"l\":\"hi\",\"m\":\"/wA=\",\"n\":\"/far\","
		"\"o\":{\"v\":5,\"names\":[\"\"]},\"p\":[1,-1],\"q\":[]}",
		0, NULL);
	uint8_t *bytes = NULL;
	size_t size = 0;

	ck_assert_msg(payload_from_json(schema->record, fields, resolve, NULL, &bytes, &size) == TRACTOR_OK,
		"%s", tractor_why());
	ck_assert_uint_eq(size, sizeof(expected) - 1);
	ck_assert_mem_eq(bytes, expected, size);
	free(bytes);
	json_decref(fields);
	payload_schema_free(schema);
}
END_TEST

START_TEST(the_codec_of_c_structs_agrees)
{
	const struct tractor_message *message = all_protocol.messages[0];
	struct payload_schema *schema = parse(ALL);
	const char *names[] = { "x", "" };
	const struct inner inners[] = { { .v = 1, .names = { names, 2 } }, { .v = -1 } };
	const struct all_kinds kinds = { .a = true,
		.b = -2,
		.i = UINT64_MAX,
		.j = 0.5f,
		.k = -0.25,
		.l = "hi",
		.m = { (const uint8_t *)"\xff", 1 },
		.n = { { .actor = 7 } },
		.o = { .v = 9 },
		.q = { inners, 2 } };
	uint8_t encoded[512], *bytes = NULL;
	size_t encoded_size, size;
	json_t *fields = NULL;
	char text[512];

	tri_schema_text(message, text, sizeof(text));
	ck_assert_str_eq(text, ALL);
	ck_assert_uint_eq(schema->fingerprint, tri_message_id(message));
	ck_assert_int_eq(
		tri_encode(message->record, &kinds, encoded, sizeof(encoded), &encoded_size), TRACTOR_OK);
	ck_assert_int_eq(
		payload_to_json(schema->record, encoded, encoded_size, name, NULL, &fields), TRACTOR_OK);
	char *json = json_dumps(fields, JSON_COMPACT);
	ck_assert_str_eq(json,
		"{\"a\":true,\"b\":-2,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,"
		"\"i\":\"18446744073709551615\",\"j\":0.5,\"k\":-0.25,\"l\":\"hi\",\"m\":\"/w==\",\"n\":\"/a\","
		"\"o\":{\"v\":9,\"names\":[]},\"p\":[],\"q\":[{\"v\":1,\"names\":[\"x\",\"\"]},{\"v\":-1,\"names\":[]}]}");
	ck_assert_int_eq(payload_from_json(schema->record, fields, resolve, NULL, &bytes, &size), TRACTOR_OK);
	ck_assert_uint_eq(size, encoded_size);
	ck_assert_mem_eq(bytes, encoded, size);
	free(json);
	free(bytes);
	json_decref(fields);
	payload_schema_free(schema);
}
END_TEST

START_TEST(values_there_and_back)
{
	expect_round_trip(INCREMENT, "{\"by\":3}", "{\"by\":3}");
	expect_round_trip(INCREMENT, "{\"by\":-9223372036854775808}", "{\"by\":-9223372036854775808}");
	expect_round_trip(ALL,
		"{\"q\":[{\"v\":-128,\"names\":[\"x\",\"\\u00fc\"]},{}],\"i\":\"9223372036854775808\",\"j\":0.1,\"k\":\"-Infinity\",\"n\":\"/a\"}",
		"{\"a\":false,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":\"9223372036854775808\",\"j\":0.1,"
		"\"k\":\"-Infinity\",\"l\":\"\",\"m\":\"\",\"n\":\"/a\",\"o\":{\"v\":0,\"names\":[]},\"p\":[],"
		"\"q\":[{\"v\":-128,\"names\":[\"x\",\"\xc3\xbc\"]},{\"v\":0,\"names\":[]}]}");
	expect_round_trip("tell a.b {x_ref a, x_ref b, x_ref c}", "{\"a\":null,\"b\":\"/far\",\"c\":\"/a\"}",
		"{\"a\":null,\"b\":\"//2/#9\",\"c\":\"/a\"}");
	expect_round_trip("tell a.b {float f, float g, float h}",
		"{\"f\":\"NaN\",\"g\":3.4028234663852886e38,\"h\":\"Infinity\"}",
		"{\"f\":\"NaN\",\"g\":3.4028235e38,\"h\":\"Infinity\"}");
	expect_round_trip("tell a.b {uint64 u}", "{\"u\":\"17\"}", "{\"u\":17}");
	expect_round_trip("tell a.b {}", "{}", "{}");
}
END_TEST

START_TEST(fields_that_are_not_given_are_zero)
{
	struct payload_schema *schema = parse(ALL);
	static const uint8_t zeros[128];
	uint8_t *bytes = NULL;
	size_t size = 0;

	ck_assert_int_eq(payload_from_json(schema->record, NULL, NULL, NULL, &bytes, &size), TRACTOR_OK);
	ck_assert_uint_eq(size, schema->record->least_bytes);
	ck_assert_mem_eq(bytes, zeros, size);
	free(bytes);
	payload_schema_free(schema);
}
END_TEST

START_TEST(complaints_name_the_field_and_what_would_be_right)
{
	static const struct complaint {
		const char *schema, *json, *words;
	} complaints[] = {
		{ INCREMENT, "{\"by\":\"x\"}", "by: expected an int64, got the string \"x\"" },
		{ INCREMENT, "{\"by\":1.5}", "by: expected an int64, got the number 1.5" },
		{ INCREMENT, "{\"by\":null}", "by: expected an int64, got null" },
		{ INCREMENT, "{\"by\":[]}", "by: expected an int64, got an array" },
		{ INCREMENT, "{\"bye\":1}", "counter.increment has no field \"bye\"" },
		{ INCREMENT, "{\"zzzzzz\":1}", "counter.increment has no field \"zzzzzz\"; it has: by" },
		{ INCREMENT, "{\"\\u001b[31m\":1}", "no field \"?[31m\"" },
		{ "tell a.b {}", "{\"x\":1}", "a.b has no fields, so not \"x\" either" },
		{ INCREMENT, "[]", "expected an object with the fields of counter.increment, got an array" },
		{ ALL, "{\"a\":1}", "a: expected a bool, got the number 1" },
		{ ALL, "{\"b\":128}", "b: 128 does not fit an int8 (-128 to 127)" },
		{ ALL, "{\"f\":-1}", "f: -1 does not fit a uint8 (0 to 255)" },
		{ ALL, "{\"i\":-1}", "i: -1 does not fit a uint64 (0 to 18446744073709551615)" },
		{ ALL, "{\"i\":\"18446744073709551616\"}",
			"i: expected a uint64, got the string \"18446744073709551616\"" },
		{ ALL, "{\"i\":\"-1\"}", "i: expected a uint64" },
		{ ALL, "{\"i\":\"\"}", "i: expected a uint64" },
		{ ALL, "{\"j\":1e300}", "j: 1e+300 does not fit a float" },
		{ ALL, "{\"k\":\"nan\"}", "k: expected a double, got the string \"nan\"" },
		{ ALL, "{\"l\":3}", "l: expected a str, got the number 3" },
		{ ALL, "{\"l\":\"a\\u0000b\"}", "l: a str can't hold a NUL" },
		{ ALL, "{\"m\":\"abc\"}",
			"m: expected bytes in base64 with padding, got the string \"abc\"" },
		{ ALL, "{\"m\":\"ab=c\"}", "m: expected bytes" },
		{ ALL, "{\"m\":\"ab\\u00fc\"}", "m: expected bytes" },
		{ ALL, "{\"n\":7}", "n: expected a x_ref" },
		{ ALL, "{\"o\":[]}", "o: expected an inner (an object), got an array" },
		{ ALL, "{\"o\":{\"v\":true}}", "o.v: expected an int8, got true" },
		{ ALL, "{\"o\":{\"names\":[\"a\",2]}}", "o.names[1]: expected a str, got the number 2" },
		{ ALL, "{\"q\":[{},{\"names\":[{}]}]}", "q[1].names[0]: expected a str, got an object" },
		{ ALL, "{\"q\":[{\"nams\":1}]}",
			"q[0]: inner has no field \"nams\"; did you mean \"names\"?" },
		{ ALL, "{\"p\":3}", "p: expected an array, each of it an int16, got the number 3" },
		{ "tell a.b {list_r {} x}", "{\"x\":[{}]}", "x: a list of records without fields" },
		{ ALL, "{\"p\":[70000]}", "p[0]: 70000 does not fit an int16" },
		{ ALL, "{\"l\":[\"0123456789012345678901234567890123456789012345\"]}",
			"l: expected a str, got an array" },
	};

	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++)
		expect_complaint(
			complaints[i].schema, complaints[i].json, TRACTOR_EINVAL, complaints[i].words);
	/* the resolver's error is the conversion's, with the field's name */
	expect_complaint(ALL, "{\"n\":\"/nobody\"}", TRACTOR_ENOACTOR, "n: ");
}
END_TEST

START_TEST(article_suits_the_type)
{
	expect_complaint("tell a.b {event_ref e}", "{\"e\":1}", TRACTOR_EINVAL, "expected an event_ref");
	expect_complaint("tell a.b {uint8 u}", "{\"u\":\"1\"}", TRACTOR_EINVAL, "expected a uint8");
}
END_TEST

START_TEST(payload_too_large)
{
	struct payload_schema *schema = parse("tell a.b {str s}");
	size_t length = TRI_PAYLOAD_MAX - 5, size;
	char *text = malloc(length + 2);
	uint8_t *bytes = NULL;

	memset(text, 'x', length + 1);
	json_t *fields = json_pack("{s:s%}", "s", text, length);
	ck_assert_int_eq(payload_from_json(schema->record, fields, NULL, NULL, &bytes, &size), TRACTOR_OK);
	ck_assert_uint_eq(size, TRI_PAYLOAD_MAX);
	free(bytes);
	json_object_set_new(fields, "s", json_stringn(text, length + 1));
	ck_assert_int_eq(
		payload_from_json(schema->record, fields, NULL, NULL, &bytes, &size), TRACTOR_EINVAL);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "larger than 64 MiB"));
	json_decref(fields);
	free(text);
	payload_schema_free(schema);
}
END_TEST

/* The bytes are refused; they are copied to an allocation of their own size so that the sanitizer sees a byte too many. */
static void
expect_bad_bytes(
	const char *schema_text, const void *bytes, size_t size, tractor_err expected, const char *words)
{
	struct payload_schema *schema = parse(schema_text);
	uint8_t *exact = malloc(size > 0 ? size : 1);
	json_t *fields = NULL;

	memcpy(exact, bytes, size);
	ck_assert_int_eq(payload_to_json(schema->record, exact, size, NULL, NULL, &fields), expected);
	ck_assert_msg(strstr(tractor_why(), words) != NULL, "\"%s\" is not in \"%s\"", words, tractor_why());
	ck_assert_ptr_null(fields);
	free(exact);
	payload_schema_free(schema);
}

START_TEST(hostile_payloads)
{
	expect_bad_bytes(INCREMENT, "1234567", 7, TRACTOR_EBADMSG, "by: the payload ends");
	expect_bad_bytes(INCREMENT, "123456789", 9, TRACTOR_EBADMSG, "1 bytes too many");
	expect_bad_bytes(INCREMENT, "", 0, TRACTOR_EBADMSG, "by: the payload ends");
	expect_bad_bytes("tell a.b {bool x}", "\2", 1, TRACTOR_EBADMSG, "x: a bool of value 2");
	expect_bad_bytes("tell a.b {str x}", "\377\377\377\377a", 5, TRACTOR_EBADMSG,
		"x: it says that it has 4294967295");
	expect_bad_bytes("tell a.b {str x}", "\1\0\0\0a", 5, TRACTOR_EBADMSG, "x: it says that it has 1");
	expect_bad_bytes("tell a.b {str x}", "\1\0\0\0ab", 6, TRACTOR_EBADMSG, "x: a str whose NUL");
	expect_bad_bytes("tell a.b {str x}", "\2\0\0\0a\0\0", 7, TRACTOR_EBADMSG, "x: a str whose NUL");
	expect_bad_bytes("tell a.b {bytes x}", "\2\0\0\0a", 5, TRACTOR_EBADMSG, "x: it says");
	expect_bad_bytes("tell a.b {list_int64 x}", "\1\0\0\0\0\0\0\0", 8, TRACTOR_EBADMSG, "x: it says");
	expect_bad_bytes("tell a.b {list_r {list_bool l} x}", "\1\0\0\0\1\0\0\0\3", 9, TRACTOR_EBADMSG,
		"x[0].l[0]: a bool of value 3");
	/* nothing costs no bytes: four billion of it would */
	expect_bad_bytes(
		"tell a.b {list_r {} x}", "\377\377\377\377", 4, TRACTOR_EBADMSG, "x: a list of nothings");
	expect_bad_bytes("tell a.b {list_r {list_int8 a, list_int8 b} x}", "\377\377\377\377", 4,
		TRACTOR_EBADMSG, "x: it says");
}
END_TEST

START_TEST(a_million_empty_lists_are_too_many)
{
	size_t size = 4 + 8 * (1u << 18);
	uint8_t *bytes = calloc(1, size);

	memcpy(bytes, &(uint32_t){ 1u << 18 }, sizeof(uint32_t));
	expect_bad_bytes("tell a.b {list_r {list_int8 a, list_int8 b} x}", bytes, size, TRACTOR_EFULL,
		"too many to be shown");
	free(bytes);
}
END_TEST

/* --- excerpts --- */

static const struct payload_limits small_limits = { 6, 12, 2, 2, 12 };

/* What is shown of `json` under the limits, where something must be left out. */
static void
expect_excerpt_of(
	const struct payload_limits *limits, const char *schema_text, const char *json, const char *expected)
{
	struct payload_schema *schema = parse(schema_text);
	json_t *fields = json_loads(json, 0, NULL), *excerpt = NULL;
	uint8_t *bytes;
	size_t size;
	bool shortened = false;

	ck_assert_int_eq(payload_from_json(schema->record, fields, resolve, NULL, &bytes, &size), TRACTOR_OK);
	tractor_err err =
		payload_excerpt(schema->record, bytes, size, limits, name, NULL, &shortened, &excerpt);
	ck_assert_msg(err == TRACTOR_OK, "%s: %s", json, tractor_why());
	char *text = json_dumps(excerpt, JSON_COMPACT);
	ck_assert_str_eq(text, expected);
	ck_assert_msg(shortened == (strstr(expected, "...") != NULL), "%s", expected);
	free(text);
	free(bytes);
	json_decref(fields);
	json_decref(excerpt);
	payload_schema_free(schema);
}

static void
expect_excerpt(const char *schema_text, const char *json, const char *expected)
{
	expect_excerpt_of(&small_limits, schema_text, json, expected);
}

START_TEST(excerpts_say_what_they_leave_out)
{
	const char
		*text = "tell a.b {str x, int8 y}",
		*bytes = "tell a.b {bytes x, int8 y}", *list = "tell a.b {list_int16 x, int8 y}",
		*strs = "tell a.b {list_str x, int8 y}",
		*deep = "tell a.b {r {s {int8 v} s, int8 w} x, list_q {t {int8 v, list_str w} t} z, int8 y}";

	expect_excerpt(text, "{\"x\":\"abcdef\",\"y\":1}", "{\"x\":\"abcdef\",\"y\":1}");
	expect_excerpt(text, "{\"x\":\"abcdefg\",\"y\":1}", "{\"x\":\"abcdef... (1 bytes more)\",\"y\":1}");
	/* not within a character */
	expect_excerpt(
		text, "{\"x\":\"abcde\u00fcf\",\"y\":1}", "{\"x\":\"abcde... (3 bytes more)\",\"y\":1}");
	expect_excerpt(bytes, "{\"x\":\"Zm9vYmFy\",\"y\":1}", "{\"x\":\"Zm9vYmFy\",\"y\":1}");
	expect_excerpt(
		bytes, "{\"x\":\"Zm9vYmFyYg==\",\"y\":1}", "{\"x\":\"Zm9vYmFy... (1 bytes more)\",\"y\":1}");
	expect_excerpt(list, "{\"x\":[1,2],\"y\":1}", "{\"x\":[1,2],\"y\":1}");
	expect_excerpt(list, "{\"x\":[1,2,3,4,5],\"y\":1}", "{\"x\":[1,2,\"... (3 more)\"],\"y\":1}");
	expect_excerpt(strs, "{\"x\":[\"a\",\"b\",\"\",\"c\"],\"y\":1}",
		"{\"x\":[\"a\",\"b\",\"... (2 more)\"],\"y\":1}");
	expect_excerpt(deep, "{\"z\":[{\"t\":{\"w\":[\"a\"]}},{},{}],\"y\":1}",
		"{\"x\":{\"s\":\"...\",\"w\":0},\"z\":[{\"t\":\"...\"},{\"t\":\"...\"},\"... (1 more)\"],\"y\":1}");
}
END_TEST

START_TEST(excerpts_are_bounded_in_all)
{
	struct payload_limits few_bytes = small_limits, few_values = small_limits;

	few_bytes.total_bytes = 4;
	expect_excerpt_of(&few_bytes, "tell a.b {str x, str y, bytes z}",
		"{\"x\":\"abc\",\"y\":\"def\",\"z\":\"Zm8=\"}",
		"{\"x\":\"abc\",\"y\":\"d... (2 bytes more)\",\"z\":\"... (2 bytes more)\"}");
	few_values.values = 3;
	expect_excerpt_of(&few_values, "tell a.b {list_int8 x, int8 y, str z, list_str q}",
		"{\"x\":[1],\"y\":2,\"z\":\"z\",\"q\":[\"q\"]}",
		"{\"x\":[1],\"y\":2,\"z\":\"...\",\"q\":\"...\"}");
	expect_excerpt_of(&few_values, "tell a.b {int8 w, list_list_of {list_int8 i} x}",
		"{\"w\":1,\"x\":[{\"i\":[1,2]},{}]}", "{\"w\":1,\"x\":[{\"i\":\"...\"},\"... (1 more)\"]}");
}
END_TEST

/* Lengths that lie where nobody looks at the values are seen all the same. */
START_TEST(excerpts_of_hostile_payloads)
{
	static const struct hostile {
		const char *schema, *bytes;
		size_t size;
	} table[] = {
		{ "tell a.b {list_str x}",
			"\4\0\0\0"
			"\0\0\0\0\0"
			"\0\0\0\0\0"
			"\0\0\0\0\0"
			"\377\0\0\0\0",
			24 },
		{ "tell a.b {list_bytes x}",
			"\3\0\0\0"
			"\0\0\0\0"
			"\0\0\0\0"
			"\377\377\377\377",
			16 },
		{ "tell a.b {r {s {list_int64 v} s} x}", "\377\377\377\377", 4 },
		{ "tell a.b {r {s {list_t {} v} s} x}", "\377\377\377\377", 4 },
		{ "tell a.b {r {s {str v} s} x}", "\0\0\0\0", 4 },
		{ "tell a.b {r {s {list_u {list_str v} v} s} x}",
			"\2\0\0\0"
			"\0\0\0\0"
			"\1\0\0\0",
			12 },
		{ "tell a.b {list_int8 x}", "\3\0\0\0\1\2\3\4", 8 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct payload_schema *schema = parse(table[i].schema);
		json_t *fields = NULL;
		bool shortened;
		/* A copy of exactly that size, so that a sanitizer sees a step beyond it. */
		uint8_t *bytes = malloc(table[i].size);
		memcpy(bytes, table[i].bytes, table[i].size);
		tractor_err err = payload_excerpt(
			schema->record, bytes, table[i].size, &small_limits, NULL, NULL, &shortened, &fields);
		ck_assert_msg(err == TRACTOR_EBADMSG, "%s: %d", table[i].schema, err);
		ck_assert_ptr_null(fields);
		free(bytes);
		payload_schema_free(schema);
	}
}
END_TEST

/* What can be shown whole can be shown in part. */
static void
expect_some_excerpt(const struct payload_schema *schema, const uint8_t *bytes, size_t size)
{
	json_t *fields = NULL;
	bool shortened;

	ck_assert_int_eq(
		payload_excerpt(schema->record, bytes, size, &small_limits, NULL, NULL, &shortened, &fields),
		TRACTOR_OK);
	json_decref(fields);
}

START_TEST(random_bytes_are_survived_and_what_is_accepted_is_json)
{
	struct payload_schema *schema =
		parse("tell a.b {str s, bytes b, list_r {uint8 u, str t, list_x_ref l} r, float f, bool ok}");
	uint64_t random = 0x9e3779b97f4a7c15;
	size_t accepted = 0;

	for (int round = test_rounds(50000); round > 0; round--) {
		size_t size = next_random(&random) % 64;
		uint8_t *bytes = malloc(size + 1);
		/* small numbers mostly, so that some lengths fit */
		for (size_t i = 0; i < size; i++)
			bytes[i] =
				next_random(&random) % 4 != 0 ? 0 : (uint8_t)(next_random(&random) >> 20) % 5;
		json_t *fields = NULL;
		if (payload_to_json(schema->record, bytes, size, NULL, NULL, &fields) == TRACTOR_OK) {
			char *text = json_dumps(fields, 0);
			ck_assert_ptr_nonnull(text);
			free(text);
			json_decref(fields);
			accepted++;
			expect_some_excerpt(schema, bytes, size);
		}
		free(bytes);
	}
	ck_assert_uint_gt(accepted, 0);
	payload_schema_free(schema);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("payload");

	TEST_CASE(suite, "encode", 30, encoding_is_the_documented_one, the_codec_of_c_structs_agrees,
		values_there_and_back, fields_that_are_not_given_are_zero,
		complaints_name_the_field_and_what_would_be_right, article_suits_the_type, payload_too_large);
	TEST_CASE(suite, "decode", 30, hostile_payloads, a_million_empty_lists_are_too_many,
		random_bytes_are_survived_and_what_is_accepted_is_json);
	TEST_CASE(suite, "excerpt", 30, excerpts_say_what_they_leave_out, excerpts_are_bounded_in_all,
		excerpts_of_hostile_payloads);
	return suite;
}
