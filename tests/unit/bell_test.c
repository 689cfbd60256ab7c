/* bell_test.c: whose lanes are looked at, and for how long; their ends are this test's own. */
#include <string.h>

#define UNIT_MANY_ASSERTIONS
#include "unit.h"
#include "wire_private.h"

#define WIRES 40
#define LOOKS 20000 /* far more than one is looked at in vain */

static struct bell bell;
static struct end {
	struct wire *wire;
	struct tri_lane lane;
	struct tri_lane_sender out;
	unsigned heard;
} ends[WIRES];

static void
take_all(void *arg)
{
	struct end *end = arg;
	const void *bytes;
	size_t size;

	while (tri_lane_look(&end->wire->lanes.up, &bytes, &size) == TRI_LANE_FRAME) {
		tri_lane_take(&end->wire->lanes.up);
		end->heard++;
	}
}

static void
setup(void)
{
	memset(ends, 0, sizeof(ends));
	ck_assert_int_eq(bell_open(&bell), TRACTOR_OK);
	for (int i = 0; i < WIRES; i++) {
		struct end *end = &ends[i];
		ck_assert_int_eq(wire_new(&bell, take_all, end, &end->wire), TRACTOR_OK);
		end->wire->lanes.up = tri_lane_receiver(&end->lane);
		end->out = tri_lane_sender(&end->lane);
		tri_lane_sleep(&end->wire->lanes.up);
		bell_ring(end->wire);
	}
	bell_hear(&bell);
}

static void
teardown(void)
{
	for (int i = 0; i < WIRES; i++)
		wire_free(ends[i].wire);
	bell_close(&bell);
}

/* Whether it had to ring for that. */
static bool
says_something(struct end *end)
{
	const struct tri_frame frame = tri_frame(TRI_FRAME_DONE);

	ck_assert_ptr_nonnull(tri_lane_write(&end->out, &frame, 0));
	return tri_lane_publish(&end->out) == TRI_LANE_SENT_RING;
}

static void
hear_of(struct end *end)
{
	unsigned heard = end->heard;

	ck_assert(!says_something(end));
	ck_assert(bell_look(&bell));
	bell_hear(&bell);
	ck_assert_uint_eq(end->heard, heard + 1);
}

static unsigned
count_warm(void)
{
	unsigned count = 0;

	for (const struct wire *wire = bell.warmest; wire; wire = wire->cooler)
		count++;
	return count;
}

START_TEST(who_was_heard_need_not_ring)
{
	ck_assert_uint_eq(count_warm(), WIRES);
	for (int i = 0; i < WIRES; i++)
		hear_of(&ends[i]);
	ck_assert(!bell_look(&bell));
	ck_assert(bell_sleep(&bell));
	ck_assert(!bell_has_warm(&bell));
	for (int i = 0; i < WIRES; i++)
		ck_assert(says_something(&ends[i]));
}
END_TEST

START_TEST(who_says_nothing_for_long_is_not_looked_at_any_more)
{
	for (int i = 0; i < LOOKS; i++)
		hear_of(&ends[i % 2]);
	ck_assert_uint_eq(count_warm(), 2);
	ck_assert(says_something(&ends[2]));
	ck_assert(!bell_look(&bell));
	bell_ring(ends[2].wire); /* as its doorbell does */
	bell_hear(&bell);
	ck_assert_uint_eq(ends[2].heard, 1);
	hear_of(&ends[2]);
}
END_TEST

START_TEST(who_says_something_now_and_then_is)
{
	for (int i = 0; i < LOOKS; i++)
		hear_of(&ends[i % 1000 == 0 ? 1 : 0]);
	ck_assert_uint_eq(count_warm(), 2);
}
END_TEST

START_TEST(nobody_is_heard_in_vain)
{
	for (int i = 0; i < LOOKS; i++)
		bell_look(&bell);
	ck_assert(!bell_has_warm(&bell));
	for (int i = 0; i < WIRES; i++)
		ck_assert_uint_eq(ends[i].heard, 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("bell");

	TEST_CASE_WITH(suite, "bell", 30, setup, teardown, who_was_heard_need_not_ring,
		who_says_nothing_for_long_is_not_looked_at_any_more, who_says_something_now_and_then_is,
		nobody_is_heard_in_vain);
	return suite;
}
