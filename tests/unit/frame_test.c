/* frame_test.c: a header is believed only when all of it is right. */
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

Suite *
test_suite(void)
{
	Suite *suite = suite_create("frame");

	TEST_CASE(suite, "check", 30, frame_good, frame_truncated_anywhere, frame_every_field_that_can_lie,
		frame_kinds_have_names, frame_orders_go_round);
	return suite;
}
