/* frame_test.c: a header is believed only when all of it is right. */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "unit.h"

struct whole {
	struct tri_frame frame;
	uint8_t payload[16];
};

static struct whole
good(void)
{
	struct whole whole = { .frame = tri_frame(TRI_FRAME_SEND) };

	whole.frame.payload_bytes = sizeof(whole.payload);
	return whole;
}

static tractor_err
check(const struct whole *whole, size_t size)
{
	struct tri_frame out;

	return tri_frame_check(whole, size, &out);
}

START_TEST(frame_good)
{
	struct whole whole = good();
	struct tri_frame out;

	whole.frame.sequence = 7;
	ck_assert_int_eq(tri_frame_check(&whole, sizeof(whole), &out), TRACTOR_OK);
	ck_assert_uint_eq(out.sequence, 7);
}
END_TEST

START_TEST(frame_truncated_anywhere)
{
	struct whole whole = good();

	for (size_t size = 0; size < sizeof(whole); size++)
		ck_assert_int_eq(check(&whole, size), TRACTOR_EBADMSG);
}
END_TEST

START_TEST(frame_every_field_that_can_lie)
{
	struct whole whole = good();

	whole.frame.magic++;
	ck_assert_int_eq(check(&whole, sizeof(whole)), TRACTOR_EBADMSG);
	whole = good();
	whole.frame.version++;
	ck_assert_int_eq(check(&whole, sizeof(whole)), TRACTOR_EBADMSG);
	whole = good();
	whole.frame.kind = TRI_FRAME_NONE;
	ck_assert_int_eq(check(&whole, sizeof(whole)), TRACTOR_EBADMSG);
	whole.frame.kind = TRI_FRAME_KIND_COUNT;
	ck_assert_int_eq(check(&whole, sizeof(whole)), TRACTOR_EBADMSG);
	whole = good();
	whole.frame.flags = 0x8000;
	ck_assert_int_eq(check(&whole, sizeof(whole)), TRACTOR_EBADMSG);
	whole = good();
	whole.frame.err = 4711;
	ck_assert_int_eq(check(&whole, sizeof(whole)), TRACTOR_EBADMSG);
	whole = good();
	whole.frame.payload_bytes--;
	ck_assert_int_eq(check(&whole, sizeof(whole)), TRACTOR_EBADMSG);
	whole.frame.payload_bytes = UINT32_MAX;
	ck_assert_int_eq(check(&whole, sizeof(whole)), TRACTOR_EBADMSG);
	ck_assert_ptr_nonnull(strstr(tractor_why(), "length lies"));
}
END_TEST

START_TEST(frame_kinds_have_names)
{
	for (unsigned kind = TRI_FRAME_NONE + 1; kind < TRI_FRAME_KIND_COUNT; kind++)
		ck_assert_str_ne(tri_frame_kind_name(kind), "?");
	ck_assert_str_eq(tri_frame_kind_name(TRI_FRAME_KIND_COUNT), "?");
}
END_TEST

/* After 2^32 frames there was one without an order, which by the link counted as none, and nothing was heard any more. */
START_TEST(frame_orders_go_round)
{
	ck_assert_uint_eq(tri_frame_order_after(0), 1);
	ck_assert_uint_eq(tri_frame_order_after(UINT32_MAX - 1), UINT32_MAX);
	ck_assert_uint_eq(tri_frame_order_after(UINT32_MAX), 1);
}
END_TEST

/* --- packed, as in a lane --- */

#define PACKED_MAX (sizeof(struct tri_frame) + sizeof(((struct whole *)0)->payload))

/* Into memory of exactly its size, which is the caller's to free. */
static uint8_t *
pack(const struct whole *whole, unsigned left_out, size_t *ret_size)
{
	unsigned words = tri_frame_words(&whole->frame, left_out);
	size_t header_bytes = tri_packed_bytes(words);
	uint8_t *bytes = malloc(header_bytes + sizeof(whole->payload));

	*ret_size = header_bytes + sizeof(whole->payload);
	tri_frame_pack(&whole->frame, words, bytes);
	memcpy(bytes + header_bytes, whole->payload, sizeof(whole->payload));
	return bytes;
}

/* Its words, some of them 0, there and back. */
START_TEST(packed_there_and_back)
{
	for (unsigned set = 0; set < 1u << 9; set++) {
		struct whole whole = good();
		struct tri_frame out;
		size_t size, header_bytes;
		whole.frame.flags = set % 2 ? TRI_FLAG_ASK : 0;
		whole.frame.err = set & 1 ? TRACTOR_EFULL : 0;
		whole.frame.incarnation = set & 2 ? 3 : 0;
		whole.frame.message = set & 4 ? UINT64_MAX : 0;
		whole.frame.source = set & 8 ? 1 : 0;
		whole.frame.target = set & 16 ? UINT64_C(1) << 63 : 0;
		whole.frame.target_node = set & 32 ? 9 : 0;
		whole.frame.sequence = set & 64 ? 7 : 0;
		whole.frame.correlation = set & 128 ? UINT64_C(1) << 32 : 0;
		whole.frame.limit_ms = set & 256 ? -1 : 0;
		whole.frame.order = set & 256 ? UINT32_MAX : 0;
		uint8_t *bytes = pack(&whole, 0, &size);
		ck_assert_uint_le(size, PACKED_MAX);
		ck_assert_int_eq(tri_frame_unpack(bytes, size, &out, &header_bytes), TRACTOR_OK);
		ck_assert_uint_eq(header_bytes + sizeof(whole.payload), size);
		ck_assert_mem_eq(&out, &whole.frame, sizeof(out));
		free(bytes);
	}
}
END_TEST

START_TEST(packed_takes_what_there_is)
{
	struct whole whole = good();
	struct tri_frame out;
	size_t size, header_bytes;

	free(pack(&whole, 0, &size));
	ck_assert_uint_eq(size, TRI_PACKED_MIN + sizeof(whole.payload));
	whole.frame.message = whole.frame.source = 1;
	whole.frame.incarnation = 2;
	whole.frame.target = 3;
	whole.frame.correlation = 4;
	whole.frame.limit_ms = 5;
	uint8_t *bytes = pack(&whole, TRI_WORDS_ADDRESS | TRI_WORDS_LIMIT, &size);
	ck_assert_uint_eq(size, 3 * 8 + sizeof(whole.payload));
	ck_assert_int_eq(tri_frame_unpack(bytes, size, &out, &header_bytes), TRACTOR_OK);
	ck_assert(out.incarnation == 0 && out.target == 0 && out.correlation == 0 && out.limit_ms == 0);
	ck_assert(out.message == 1 && out.source == 1 && out.payload_bytes == sizeof(whole.payload));
	free(bytes);
}
END_TEST

static tractor_err
unpack(const uint8_t *bytes, size_t size)
{
	struct tri_frame out;
	size_t header_bytes;
	uint8_t *exact = malloc(size > 0 ? size : 1);

	if (size > 0)
		memcpy(exact, bytes, size);
	tractor_err err = tri_frame_unpack(exact, size, &out, &header_bytes);
	if (err == TRACTOR_OK)
		ck_assert_uint_eq(header_bytes + out.payload_bytes, size);
	free(exact);
	return err;
}

START_TEST(packed_lies)
{
	struct whole whole = good();
	size_t size;

	whole.frame.order = 1;
	whole.frame.message = 1;
	uint8_t *bytes = pack(&whole, 0, &size);
	for (size_t cut = 0; cut < size; cut++)
		ck_assert_int_eq(unpack(bytes, cut), TRACTOR_EBADMSG);
	ck_assert_int_eq(unpack(bytes, size), TRACTOR_OK);
	bytes[0]++; /* half a magic */
	ck_assert_int_eq(unpack(bytes, size), TRACTOR_EBADMSG);
	bytes[0]--;
	bytes[2] |= 1; /* the first word is always there */
	ck_assert_int_eq(unpack(bytes, size), TRACTOR_EBADMSG);
	bytes[2] &= (uint8_t)~1;
	bytes[3] |= 4; /* one of which there is none */
	ck_assert_int_eq(unpack(bytes, size), TRACTOR_EBADMSG);
	bytes[3] = 3; /* one more than there are bytes for, in a word with all */
	bytes[2] = 0xfe;
	ck_assert_int_eq(unpack(bytes, size), TRACTOR_EBADMSG);
	free(bytes);
}
END_TEST

START_TEST(packed_noise)
{
	struct whole whole = good();
	unsigned believed = 0;
	size_t size;

	srand(7);
	whole.frame.order = whole.frame.incarnation = 1;
	uint8_t *bytes = pack(&whole, 0, &size);
	for (int i = 0; i < 100000; i++) {
		size_t at = (size_t)rand() % size;
		uint8_t before = bytes[at];
		bytes[at] = (uint8_t)rand();
		believed += unpack(bytes, size - (size_t)rand() % 2 * 8) == TRACTOR_OK;
		bytes[at] = before;
	}
	ck_assert_uint_gt(believed, 0);
	free(bytes);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("frame");

	TEST_CASE(suite, "check", 30, frame_good, frame_truncated_anywhere, frame_every_field_that_can_lie,
		frame_kinds_have_names, frame_orders_go_round);
	TEST_CASE(suite, "packed", 30, packed_there_and_back, packed_takes_what_there_is, packed_lies,
		packed_noise);
	return suite;
}
