/*
 * codec_test.c: the bytes of each kind, there and back, and everything that a peer could put in their place.
 * Payloads lie in memory of exactly their size, so that the address sanitizer sees a read past the end.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "unit.h"

TRACTOR_REF(peer);

/* clang-format off */
#define NUMBERS(FIELD)    \
	FIELD(bool, flag) \
	FIELD(int8, i8)   \
	FIELD(int16, i16) \
	FIELD(int32, i32) \
	FIELD(int64, i64) \
	FIELD(uint8, u8)  \
	FIELD(uint16, u16) FIELD(uint32, u32) FIELD(uint64, u64) FIELD(float, f32) FIELD(double, f64)
TRACTOR_RECORD(numbers, NUMBERS);

#define WORDS(FIELD) FIELD(str, text) FIELD(bytes, blob) FIELD(peer_ref, peer)
TRACTOR_RECORD(words, WORDS);

#define LISTS(FIELD)                \
	FIELD(list_bool, flags)     \
	FIELD(list_int16, shorts)   \
	FIELD(list_double, doubles) \
	FIELD(list_str, texts) FIELD(list_bytes, blobs) FIELD(list_peer_ref, peers) FIELD(list_words, words)
TRACTOR_RECORD(lists, LISTS);

#define FLAGGED(FIELD) FIELD(list_lists, nested) FIELD(bool, flag)
TRACTOR_RECORD(flagged, FLAGGED);

#define EVERYTHING(FIELD) \
	FIELD(numbers, numbers) FIELD(words, words) FIELD(lists, lists) FIELD(flagged, flagged)

#define PLAIN(FIELD) FIELD(int32, a) FIELD(uint32, c) FIELD(int64, b) FIELD(double, d)
#define GAP(FIELD) FIELD(uint8, small) FIELD(uint64, large)
/* clang-format on */
TRACTOR_RECORD(plain, PLAIN);
TRACTOR_RECORD(gap, GAP);
TRACTOR_RECORD(everything, EVERYTHING);

#define ONE_BOOL(FIELD) FIELD(bool, flag)
TRACTOR_RECORD(one_bool, ONE_BOOL);

#define ONE_STR(FIELD) FIELD(str, text)
TRACTOR_RECORD(one_str, ONE_STR);

#define ONE_BYTES(FIELD) FIELD(bytes, blob)
TRACTOR_RECORD(one_bytes, ONE_BYTES);

#define MANY_INT64(FIELD) FIELD(list_int64, items)
TRACTOR_RECORD(many_int64, MANY_INT64);

#define MANY_NOTHING(FIELD) FIELD(list_tractor_none, items)
TRACTOR_RECORD(many_nothing, MANY_NOTHING);

#define BEHIND_NOTHING(FIELD) FIELD(tractor_none, first) FIELD(tractor_none, second) FIELD(uint8, number)
TRACTOR_RECORD(behind_nothing, BEHIND_NOTHING);

/* Does not fit the stack space that decoding starts in. */
/* clang-format off */
#define SIXTEEN(FIELD)                                                                            \
	FIELD(numbers, a)                                                                         \
	FIELD(numbers, b)                                                                         \
	FIELD(numbers, c)                                                                         \
	FIELD(numbers, d)                                                                         \
	FIELD(numbers, e)                                                                         \
	FIELD(numbers, f)                                                                         \
	FIELD(numbers, g) FIELD(numbers, h) FIELD(numbers, i) FIELD(numbers, j) FIELD(numbers, k) \
		FIELD(numbers, l) FIELD(numbers, m) FIELD(numbers, n) FIELD(numbers, o) FIELD(numbers, p)
/* clang-format on */
TRACTOR_RECORD(sixteen, SIXTEEN);

/* level_2 is one record inside another, level_3 two, ... */
#define LEVEL_1(FIELD) FIELD(uint8, x)
TRACTOR_RECORD(level_1, LEVEL_1);
#define LEVEL_2(FIELD) FIELD(level_1, x)
#define LEVEL_3(FIELD) FIELD(level_2, x)
#define LEVEL_4(FIELD) FIELD(level_3, x)
#define LEVEL_5(FIELD) FIELD(level_4, x)
#define LEVEL_6(FIELD) FIELD(level_5, x)
#define LEVEL_7(FIELD) FIELD(level_6, x)
#define LEVEL_8(FIELD) FIELD(level_7, x)
#define LEVEL_9(FIELD) FIELD(level_8, x)
#define LEVEL_10(FIELD) FIELD(level_9, x)
#define LEVEL_11(FIELD) FIELD(level_10, x)
#define LEVEL_12(FIELD) FIELD(level_11, x)
#define LEVEL_13(FIELD) FIELD(level_12, x)
#define LEVEL_14(FIELD) FIELD(level_13, x)
#define LEVEL_15(FIELD) FIELD(level_14, x)
#define LEVEL_16(FIELD) FIELD(level_15, x)
#define LEVEL_17(FIELD) FIELD(level_16, x)
#define LEVEL_17_LIST(FIELD) FIELD(list_level_16, x)
TRACTOR_RECORD(level_2, LEVEL_2);
TRACTOR_RECORD(level_3, LEVEL_3);
TRACTOR_RECORD(level_4, LEVEL_4);
TRACTOR_RECORD(level_5, LEVEL_5);
TRACTOR_RECORD(level_6, LEVEL_6);
TRACTOR_RECORD(level_7, LEVEL_7);
TRACTOR_RECORD(level_8, LEVEL_8);
TRACTOR_RECORD(level_9, LEVEL_9);
TRACTOR_RECORD(level_10, LEVEL_10);
TRACTOR_RECORD(level_11, LEVEL_11);
TRACTOR_RECORD(level_12, LEVEL_12);
TRACTOR_RECORD(level_13, LEVEL_13);
TRACTOR_RECORD(level_14, LEVEL_14);
TRACTOR_RECORD(level_15, LEVEL_15);
TRACTOR_RECORD(level_16, LEVEL_16);
TRACTOR_RECORD(level_17, LEVEL_17);
TRACTOR_RECORD(level_17_list, LEVEL_17_LIST);

static struct tri_arena arena;

static void
free_arena(void)
{
	tri_arena_free(&arena);
}

/* Encodes into memory of exactly the size; the caller frees it. */
static uint8_t *
encode(const struct tractor_record *record, const void *value, size_t *ret_size)
{
	size_t size, used;

	ck_assert_int_eq(tri_encoded_size(record, value, &size), TRACTOR_OK);
	uint8_t *bytes = malloc(size > 0 ? size : 1);
	ck_assert_int_eq(tri_encode(record, value, bytes, size, &used), TRACTOR_OK);
	ck_assert_uint_eq(used, size);
	*ret_size = size;
	return bytes;
}

/* Decodes a copy that is exactly as large as it says. The value is checked to be untouched on failure. */
static tractor_err
decode(const struct tractor_record *record, const void *bytes, size_t size, void *ret_value)
{
	uint8_t *before = malloc(record->size_bytes), *copy = malloc(size > 0 ? size : 1);

	if (size > 0)
		memcpy(copy, bytes, size);
	memcpy(before, ret_value, record->size_bytes);
	tractor_err err = tri_decode(record, copy, size, &arena, ret_value);
	if (err != TRACTOR_OK)
		ck_assert_mem_eq(before, ret_value, record->size_bytes);
	tri_arena_reset(&arena);
	free(before);
	free(copy);
	return err;
}

static void
expect_bytes(
	const struct tractor_record *record, const void *value, const char *expected, size_t expected_size)
{
	size_t size;
	uint8_t *bytes = encode(record, value, &size);

	ck_assert_uint_eq(size, expected_size);
	ck_assert_mem_eq(bytes, expected, size);
	free(bytes);
}

/* A literal with NULs and its size. */
#define BYTES(literal) literal, sizeof(literal) - 1

/* clang-format off */
#define REJECTED(record, literal)                                                                         \
	do {                                                                                              \
		struct record value_;                                                                     \
		memset(&value_, 0x5a, sizeof(value_));                                                    \
		ck_assert_int_eq(decode(&tri_record_##record, BYTES(literal), &value_), TRACTOR_EBADMSG); \
	} while (0)
/* clang-format on */

static const bool some_flags[] = { true, false, true };
static const int16_t some_shorts[] = { -1, 0x1234 };
static const double some_doubles[] = { 1.5, -0.0, INFINITY };
static const char *const some_texts[] = { "", "one", NULL };
static const struct tractor_bytes some_blobs[] = { { NULL, 0 }, { (const uint8_t *)"a\0b", 3 } };
static const peer_ref some_peers[] = { { { 7, 0, 0 } }, { { UINT64_MAX, 9, 0 } } };
static const struct words some_words[] = {
	{ .text = "first", .blob = { (const uint8_t *)"\xff", 1 }, .peer = { { 1, 2, 0 } } },
	{ .text = NULL },
};

static struct lists
some_lists(void)
{
	return (struct lists){
		.flags = { some_flags, 3 },
		.shorts = { some_shorts, 2 },
		.doubles = { some_doubles, 3 },
		.texts = { some_texts, 3 },
		.blobs = { some_blobs, 2 },
		.peers = { some_peers, 2 },
		.words = { some_words, 2 },
	};
}

static struct numbers
some_numbers(void)
{
	return (struct numbers){ .flag = true,
		.i8 = INT8_MIN,
		.i16 = INT16_MIN,
		.i32 = INT32_MIN,
		.i64 = INT64_MIN,
		.u8 = UINT8_MAX,
		.u16 = UINT16_MAX,
		.u32 = UINT32_MAX,
		.u64 = UINT64_MAX,
		.f32 = 1.5F,
		.f64 = -2.25 };
}

/* Everything of everything; `nested` must live as long. */
static struct everything
some_everything(struct lists nested[2])
{
	nested[0] = some_lists();
	nested[1] = (struct lists){ .tri_ = 0 };
	return (struct everything){ .numbers = some_numbers(),
		.words = some_words[0],
		.lists = some_lists(),
		.flagged = { .nested = { nested, 2 }, .flag = true } };
}

START_TEST(bytes_of_numbers)
{
	struct numbers value = some_numbers();

	expect_bytes(&tri_record_numbers, &value,
		BYTES("\1"
		      "\x80"
		      "\0\x80"
		      "\0\0\0\x80"
		      "\0\0\0\0\0\0\0\x80"
		      "\xff"
		      "\xff\xff"
		      "\xff\xff\xff\xff"
		      "\xff\xff\xff\xff\xff\xff\xff\xff"
		      "\0\0\xc0\x3f"
		      "\0\0\0\0\0\0\2\xc0"));
}
END_TEST

START_TEST(bytes_of_words)
{
	struct words value = {
		.text = "hi",
		.blob = { (const uint8_t *)"\0\1", 2 },
		.peer = { { 0x0102, 3, 0 } },
	};

	expect_bytes(&tri_record_words, &value,
		BYTES("\2\0\0\0"
		      "hi\0"
		      "\2\0\0\0"
		      "\0\1"
		      "\2\1\0\0\0\0\0\0"
		      "\3\0\0\0"));
	expect_bytes(&tri_record_words, &(struct words){ .tri_ = 0 },
		BYTES("\0\0\0\0"
		      "\0"
		      "\0\0\0\0"
		      "\0\0\0\0\0\0\0\0"
		      "\0\0\0\0"));
}
END_TEST

START_TEST(bytes_of_lists)
{
	struct lists value = {
		.shorts = { some_shorts, 2 },
		.texts = { some_texts, 2 },
		.words = { some_words + 1, 1 },
	};

	expect_bytes(&tri_record_lists, &value,
		BYTES("\0\0\0\0"
		      "\2\0\0\0"
		      "\xff\xff"
		      "\x34\x12"
		      "\0\0\0\0"
		      "\2\0\0\0"
		      "\0\0\0\0\0"
		      "\3\0\0\0one\0"
		      "\0\0\0\0"
		      "\0\0\0\0"
		      "\1\0\0\0"
		      "\0\0\0\0\0"
		      "\0\0\0\0"
		      "\0\0\0\0\0\0\0\0"
		      "\0\0\0\0"));
	expect_bytes(&tri_record_tractor_none, &(struct tractor_none){ .tri_ = 0 }, "", 0);
	expect_bytes(&tri_record_behind_nothing, &(struct behind_nothing){ .number = 5 }, BYTES("\5"));
}
END_TEST

/* What is encoded decodes to something that encodes to the same bytes, from any alignment. */
START_TEST(there_and_back)
{
	struct lists nested[2];
	struct everything value = some_everything(nested), back;
	size_t size, size_again;
	uint8_t *bytes = encode(&tri_record_everything, &value, &size);

	for (size_t shift = 0; shift < 8; shift++) {
		uint8_t *shifted = malloc(size + shift);
		memcpy(shifted + shift, bytes, size);
		ck_assert_int_eq(
			tri_decode(&tri_record_everything, shifted + shift, size, &arena, &back), TRACTOR_OK);
		uint8_t *again = encode(&tri_record_everything, &back, &size_again);
		ck_assert_uint_eq(size_again, size);
		ck_assert_mem_eq(again, bytes, size);
		tri_arena_reset(&arena);
		free(again);
		free(shifted);
	}
	free(bytes);
}
END_TEST

START_TEST(decoded_values)
{
	struct lists nested[2];
	struct everything value = some_everything(nested), back;
	size_t size;
	uint8_t *bytes = encode(&tri_record_everything, &value, &size);

	ck_assert_int_eq(tri_decode(&tri_record_everything, bytes, size, &arena, &back), TRACTOR_OK);
	ck_assert(back.numbers.flag && back.flagged.flag);
	ck_assert_int_eq(back.numbers.i64, INT64_MIN);
	ck_assert_uint_eq(back.numbers.u16, UINT16_MAX);
	ck_assert_double_eq(back.numbers.f64, -2.25);
	ck_assert_str_eq(back.words.text, "first");
	ck_assert_uint_eq(back.words.peer.at.node, 2);
	ck_assert_uint_eq(back.lists.flags.count, 3);
	ck_assert(back.lists.flags.items[0] && !back.lists.flags.items[1]);
	ck_assert_int_eq(back.lists.shorts.items[0], -1);
	ck_assert_str_eq(back.lists.texts.items[1], "one");
	ck_assert_str_eq(back.lists.texts.items[2], "");
	ck_assert_uint_eq(back.lists.blobs.items[1].size, 3);
	ck_assert_uint_eq(back.lists.peers.items[1].at.actor, UINT64_MAX);
	ck_assert_uint_eq(back.flagged.nested.count, 2);
	ck_assert_str_eq(back.flagged.nested.items[0].words.items[0].text, "first");
	ck_assert_ptr_null(back.flagged.nested.items[1].words.items);
	free(bytes);
}
END_TEST

/* What is not on the wire is zero: the ends of structs, the reserved part of refs. */
START_TEST(the_rest_is_zero)
{
	struct sixteen large = { .a = some_numbers() };
	struct lists value = some_lists();
	size_t size;

	tri_arena_free(&arena);
	memset(tri_arena_alloc(&arena, 4096), 0x5a, 4096);
	tri_arena_reset(&arena);
	uint8_t *bytes = encode(&tri_record_lists, &value, &size);
	memset(&value, 0x5a, sizeof(value));
	ck_assert_int_eq(tri_decode(&tri_record_lists, bytes, size, &arena, &value), TRACTOR_OK);
	ck_assert_uint_eq(value.peers.items[0].at.reserved, 0);
	ck_assert_uint_eq(value.words.items[1].tri_, 0);
	free(bytes);

	tri_arena_reset(&arena);
	memset(tri_arena_alloc(&arena, 4096), 0x5a, 4096);
	tri_arena_reset(&arena);
	bytes = encode(&tri_record_sixteen, &large, &size);
	memset(&large, 0x5a, sizeof(large));
	ck_assert_int_eq(tri_decode(&tri_record_sixteen, bytes, size, &arena, &large), TRACTOR_OK);
	ck_assert_uint_eq(large.a.tri_, 0);
	ck_assert_uint_eq(large.tri_, 0);
	free(bytes);
}
END_TEST

START_TEST(struct_larger_than_the_stack_space)
{
	struct sixteen value = { .a = some_numbers(), .p = some_numbers() }, back;
	size_t size;
	uint8_t *bytes = encode(&tri_record_sixteen, &value, &size);

	ck_assert_uint_gt(sizeof(value), 512);
	ck_assert_int_eq(decode(&tri_record_sixteen, bytes, size, &back), TRACTOR_OK);
	ck_assert_int_eq(back.p.i64, INT64_MIN);
	ck_assert_int_eq(decode(&tri_record_sixteen, bytes, size - 1, &back), TRACTOR_EBADMSG);
	free(bytes);
}
END_TEST

START_TEST(every_truncation)
{
	struct lists nested[2];
	struct everything value = some_everything(nested), back;
	size_t size;
	uint8_t *bytes = encode(&tri_record_everything, &value, &size);

	memset(&back, 0x5a, sizeof(back));
	for (size_t length = 0; length < size; length++)
		ck_assert_int_eq(decode(&tri_record_everything, bytes, length, &back), TRACTOR_EBADMSG);
	ck_assert_int_eq(decode(&tri_record_everything, bytes, size, &back), TRACTOR_OK);
	free(bytes);
}
END_TEST

START_TEST(trailing_bytes)
{
	struct lists nested[2];
	struct everything value = some_everything(nested), back;
	size_t size;
	uint8_t *bytes = encode(&tri_record_everything, &value, &size);

	bytes = realloc(bytes, size + 1);
	bytes[size] = 0;
	memset(&back, 0x5a, sizeof(back));
	ck_assert_int_eq(decode(&tri_record_everything, bytes, size + 1, &back), TRACTOR_EBADMSG);
	REJECTED(tractor_none, "\0");
	free(bytes);
}
END_TEST

/* xorshift64*, Marsaglia and Vigna: the same on every machine, so that a failure can be repeated. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Any bytes are either refused or a value that can be sent again. */
START_TEST(random_damage)
{
	struct lists nested[2];
	struct everything value = some_everything(nested), back;
	uint64_t random = 88172645463325252u;
	size_t size, size_again;
	uint8_t *bytes = encode(&tri_record_everything, &value, &size), *damaged = malloc(size);

	for (int round = test_rounds(20000); round > 0; round--) {
		memcpy(damaged, bytes, size);
		for (uint64_t hits = 1 + next_random(&random) % 4; hits > 0; hits--)
			damaged[next_random(&random) % size] = (uint8_t)next_random(&random);
		tractor_err err = tri_decode(&tri_record_everything, damaged, size, &arena, &back);
		if (err == TRACTOR_OK) {
			ck_assert_int_eq(
				tri_encoded_size(&tri_record_everything, &back, &size_again), TRACTOR_OK);
			ck_assert_uint_eq(size_again, size);
		} else {
			ck_assert_int_eq(err, TRACTOR_EBADMSG);
		}
		tri_arena_reset(&arena);
	}
	free(damaged);
	free(bytes);
}
END_TEST

START_TEST(bad_bools)
{
	REJECTED(one_bool, "\2");
	REJECTED(one_bool, "\xff");
	REJECTED(lists, "\2\0\0\0"
			"\1\2"
			"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}
END_TEST

START_TEST(bad_strs)
{
	REJECTED(one_str, "\3\0\0\0"
			  "a\0b\0"); /* a NUL inside */
	REJECTED(one_str, "\1\0\0\0"
			  "\0\0"); /* a NUL inside, and nothing else */
	REJECTED(one_str, "\3\0\0\0"
			  "abcd"); /* no NUL */
	REJECTED(one_str, "\3\0\0\0"
			  "abc");      /* the NUL is cut off */
	REJECTED(one_str, "\0\0\0\0"); /* likewise, of the empty one */
	REJECTED(one_str, "\4\0\0\0"
			  "abc\0"); /* the length lies by one */
	REJECTED(one_str, "\xff\xff\xff\xff"
			  "abc\0");
	REJECTED(one_str, "\xfe\xff\xff\xff"
			  "abc\0");
}
END_TEST

START_TEST(lying_lengths)
{
	REJECTED(one_bytes, "\1\0\0\0");
	REJECTED(one_bytes, "\xff\xff\xff\xff"
			    "a");
	REJECTED(one_bytes, "\0\0\0\x80"
			    "a");
	REJECTED(many_int64, "\xff\xff\xff\xff"
			     "12345678");
	REJECTED(many_int64, "\0\0\0\x20"
			     "12345678"); /* times 8 is 2^32 */
	REJECTED(many_int64, "\2\0\0\0"
			     "12345678");
	REJECTED(many_int64, "\1\0\0\0"
			     "1234567");
}
END_TEST

/* The count is refused before memory is taken for it. */
START_TEST(counts_take_no_memory)
{
	struct lists value;
	uint8_t bytes[28 + 25] = { 0 };

	memset(bytes + 24, 0xff, 4); /* words */
	tri_arena_free(&arena);
	ck_assert_int_eq(
		tri_decode(&tri_record_lists, bytes, sizeof(bytes), &arena, &value), TRACTOR_EBADMSG);
	ck_assert_ptr_null(arena.block);
}
END_TEST

START_TEST(flat_values_take_no_memory)
{
	struct words value;
	size_t size;
	uint8_t *bytes = encode(&tri_record_words, &some_words[0], &size);

	tri_arena_free(&arena);
	ck_assert_int_eq(tri_decode(&tri_record_words, bytes, size, &arena, &value), TRACTOR_OK);
	ck_assert_ptr_null(arena.block);
	ck_assert_ptr_eq(value.text, bytes + 4);
	free(bytes);
}
END_TEST

/* Else four bytes could stand for four thousand million elements. */
START_TEST(lists_of_nothing)
{
	static const struct tractor_none nothing[2];
	struct many_nothing value = { .items = { nothing, 2 } };
	size_t size;

	ck_assert_int_eq(tri_encoded_size(&tri_record_many_nothing, &value, &size), TRACTOR_EINVAL);
	REJECTED(many_nothing, "\2\0\0\0");
	REJECTED(many_nothing, "\xff\xff\xff\xff");
	expect_bytes(&tri_record_many_nothing, &(struct many_nothing){ .tri_ = 0 }, BYTES("\0\0\0\0"));
}
END_TEST

START_TEST(nesting)
{
	static struct level_16 sixteen_levels;
	static struct level_17 seventeen_levels;
	struct level_17_list listed = { .x = { &sixteen_levels, 1 } };
	size_t size;

	expect_bytes(&tri_record_level_16, &sixteen_levels, BYTES("\0"));
	ck_assert_int_eq(decode(&tri_record_level_16, "\7", 1, &sixteen_levels), TRACTOR_OK);
	ck_assert_int_eq(tri_encoded_size(&tri_record_level_17, &seventeen_levels, &size), TRACTOR_EINVAL);
	ck_assert_int_eq(tri_encoded_size(&tri_record_level_17_list, &listed, &size), TRACTOR_EINVAL);
	REJECTED(level_17, "\0");
	REJECTED(level_17_list, "\1\0\0\0"
				"\0");
	ck_assert_int_eq(decode(&tri_record_level_17_list, "\0\0\0\0", 4, &listed), TRACTOR_OK);
}
END_TEST

START_TEST(too_large)
{
	size_t size = 3;
	char *text = malloc(TRI_PAYLOAD_MAX + 1);
	memset(text, 'x', TRI_PAYLOAD_MAX);
	text[TRI_PAYLOAD_MAX] = '\0';
	struct one_str value = { .text = text };

	ck_assert_int_eq(tri_encoded_size(&tri_record_one_str, &value, &size), TRACTOR_EINVAL);
	ck_assert_uint_eq(size, 3);
	value.text = text + 5; /* the length and the NUL take the rest */
	ck_assert_int_eq(tri_encoded_size(&tri_record_one_str, &value, &size), TRACTOR_OK);
	ck_assert_uint_eq(size, TRI_PAYLOAD_MAX);
	value.text = text + 4;
	ck_assert_int_eq(tri_encoded_size(&tri_record_one_str, &value, &size), TRACTOR_EINVAL);
	struct one_bytes blob = { .blob = { (const uint8_t *)text, SIZE_MAX } };
	ck_assert_int_eq(tri_encoded_size(&tri_record_one_bytes, &blob, &size), TRACTOR_EINVAL);
	struct many_int64 many = { .items = { (const int64_t *)(const void *)text, SIZE_MAX / 8 + 2 } };
	ck_assert_int_eq(tri_encoded_size(&tri_record_many_int64, &many, &size), TRACTOR_EINVAL);
	uint8_t one_byte;
	blob.blob.size = TRI_PAYLOAD_MAX + 1; /* no larger buffer would help, so it is not ENOMEM */
	ck_assert_int_eq(tri_encode(&tri_record_one_bytes, &blob, &one_byte, 1, &size), TRACTOR_EINVAL);
	struct one_str back = { .text = "kept" };
	ck_assert_int_eq(tri_decode(&tri_record_one_str, (uint8_t *)text, TRI_PAYLOAD_MAX + 1, &arena, &back),
		TRACTOR_EBADMSG);
	ck_assert_str_eq(back.text, "kept");
	memcpy(text, "\xfd\xff\xff\3", 4); /* 2^26 - 3, which with its own four bytes is one too many */
	ck_assert_int_eq(
		tri_decode(&tri_record_one_bytes, (uint8_t *)text, TRI_PAYLOAD_MAX + 1, &arena, &blob),
		TRACTOR_EBADMSG);
	ck_assert_uint_eq(blob.blob.size, TRI_PAYLOAD_MAX + 1);
	free(text);
}
END_TEST

/* --- in pieces --- */

struct pieces {
	uint8_t *bytes;
	size_t size;
	unsigned count, most; /* as many are taken */
};

static bool
take_piece(void *arg, const void *bytes, size_t size)
{
	struct pieces *pieces = arg;

	if (pieces->count == pieces->most)
		return false;
	pieces->count++;
	pieces->bytes = realloc(pieces->bytes, pieces->size + size);
	memcpy(pieces->bytes + pieces->size, bytes, size);
	pieces->size += size;
	return true;
}

static void
expect_in_pieces(const struct tractor_record *record, const void *value)
{
	struct pieces pieces = { .most = UINT32_MAX };
	size_t size;
	uint8_t *whole = encode(record, value, &size);

	ck_assert_int_eq(tri_encode_in_pieces(record, value, take_piece, &pieces), TRACTOR_OK);
	ck_assert_uint_eq(pieces.size, size);
	ck_assert_int_eq(memcmp(pieces.bytes, whole, size), 0);
	free(pieces.bytes);
	for (unsigned most = 0; most < pieces.count; most++) {
		struct pieces fewer = { .most = most };
		ck_assert_int_eq(tri_encode_in_pieces(record, value, take_piece, &fewer), TRACTOR_ESYSTEM);
		free(fewer.bytes);
	}
	free(whole);
}

START_TEST(in_pieces_as_in_one)
{
	static uint8_t blob[20000];
	static int64_t numbers[3000];
	struct lists nested[2];
	struct everything value = some_everything(nested);

	for (size_t i = 0; i < sizeof(blob); i++)
		blob[i] = (uint8_t)(i * 13);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		numbers[i] = (int64_t)i * -7;
	expect_in_pieces(&tri_record_everything, &value);
	for (size_t size = 0; size <= sizeof(blob); size += size < 4080 || size > 4110 ? 1009 : 1) {
		struct one_bytes bytes = { .blob = { blob, size } };
		expect_in_pieces(&tri_record_one_bytes, &bytes);
	}
	for (size_t count = 0; count <= 3000; count += 100) {
		struct many_int64 many = { .items = { numbers, count } };
		expect_in_pieces(&tri_record_many_int64, &many);
	}
	struct one_bytes missing = { .blob = { NULL, 7 } };
	ck_assert_int_eq(
		tri_encode_in_pieces(&tri_record_one_bytes, &missing, take_piece, NULL), TRACTOR_EINVAL);
}
END_TEST

START_TEST(every_buffer_too_small)
{
	struct lists nested[2];
	struct everything value = some_everything(nested);
	size_t size, used = 12345;
	uint8_t *bytes = encode(&tri_record_everything, &value, &size);

	for (size_t length = 0; length < size; length++) {
		uint8_t *small = malloc(length > 0 ? length : 1);
		ck_assert_int_eq(
			tri_encode(&tri_record_everything, &value, small, length, &used), TRACTOR_ENOMEM);
		ck_assert_uint_eq(used, 12345);
		free(small);
	}
	free(bytes);
}
END_TEST

START_TEST(pointers_that_are_missing)
{
	size_t size;
	struct one_bytes blob = { .blob = { NULL, 1 } };
	struct many_int64 many = { .items = { NULL, 1 } };

	ck_assert_int_eq(tri_encoded_size(&tri_record_one_bytes, &blob, &size), TRACTOR_EINVAL);
	ck_assert_int_eq(tri_encoded_size(&tri_record_many_int64, &many, &size), TRACTOR_EINVAL);
}
END_TEST

START_TEST(the_sentence_names_the_field)
{
	static const uint8_t two_bytes[2] = { 1, 1 };
	struct many_int64 many = { .items = { NULL, 1 } };
	struct numbers value;
	size_t size;

	ck_assert_int_eq(tri_decode(&tri_record_numbers, two_bytes, 2, &arena, &value), TRACTOR_EBADMSG);
	ck_assert_str_eq(tractor_why(), "malformed numbers: i16: it ends too early");
	ck_assert_int_eq(tri_encoded_size(&tri_record_many_int64, &many, &size), TRACTOR_EINVAL);
	ck_assert_str_eq(tractor_why(), "many_int64 can't be sent: items: a list with a count and no items");
}
END_TEST

/* Records of numbers alone, without a gap between them, are copied whole; all else is walked. */
START_TEST(numbers_alone)
{
	struct plain plain = { .a = -1, .b = 0x0102030405060708, .c = 7, .d = 1.5 }, copy;
	uint8_t *bytes, more[sizeof(plain) + 1] = { 0 };
	size_t size;

	ck_assert_uint_eq(tri_record_plain.numbers_bytes, 24);
	ck_assert_uint_eq(tri_record_gap.numbers_bytes, 0);
	ck_assert_uint_eq(tri_record_numbers.numbers_bytes, 0);
	ck_assert_uint_eq(tri_record_words.numbers_bytes, 0);
	ck_assert_uint_eq(tri_record_behind_nothing.numbers_bytes, 0);
	ck_assert_uint_eq(tri_record_tractor_none.numbers_bytes, 0);
	expect_bytes(&tri_record_plain, &plain,
		BYTES("\xff\xff\xff\xff\7\0\0\0\x08\7\6\5\4\3\2\1\0\0\0\0\0\0\xf8\x3f"));
	bytes = encode(&tri_record_plain, &plain, &size);
	memset(&copy, 0x5a, sizeof(copy));
	ck_assert_int_eq(decode(&tri_record_plain, bytes, size, &copy), TRACTOR_OK);
	ck_assert_mem_eq(&copy, &plain, sizeof(plain));
	ck_assert_int_eq(decode(&tri_record_plain, bytes, size - 1, &copy), TRACTOR_EBADMSG);
	ck_assert_str_eq(tractor_why(), "malformed plain: d: it ends too early");
	memcpy(more, bytes, size);
	ck_assert_int_eq(decode(&tri_record_plain, more, size + 1, &copy), TRACTOR_EBADMSG);
	ck_assert_str_eq(tractor_why(), "malformed plain: its end: more bytes follow");
	ck_assert_int_eq(tri_encode(&tri_record_plain, &plain, more, size - 1, &size), TRACTOR_ENOMEM);
	free(bytes);

	expect_bytes(&tri_record_gap, &(struct gap){ .small = 1, .large = 2 }, BYTES("\1\2\0\0\0\0\0\0\0"));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("codec");

	atexit(free_arena);
	TEST_CASE(suite, "bytes", 30, bytes_of_numbers, bytes_of_words, bytes_of_lists);
	TEST_CASE(suite, "there and back", 30, there_and_back, decoded_values, the_rest_is_zero,
		struct_larger_than_the_stack_space, flat_values_take_no_memory, in_pieces_as_in_one,
		numbers_alone);
	TEST_CASE(suite, "hostile", 30, every_truncation, trailing_bytes, random_damage, bad_bools, bad_strs,
		lying_lengths, counts_take_no_memory, lists_of_nothing, nesting);
	TEST_CASE(suite, "sender's mistakes", 30, too_large, every_buffer_too_small,
		pointers_that_are_missing, the_sentence_names_the_field);
	return suite;
}
