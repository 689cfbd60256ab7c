/* spin_test.c: looking is tried as long as it pays, and hardly ever where it doesn't. */
#include "spin.h"
#include "unit.h"

static struct tri_spin spin;

/* How many of so many waits look, if what they look for is never there. */
static unsigned
looks_in(unsigned waits)
{
	unsigned looks = 0;

	for (; waits > 0; waits--)
		if (tri_spin_ns(&spin) > 0) {
			looks++;
			tri_spin_looked(&spin, false);
		}
	return looks;
}

START_TEST(looks_while_it_pays)
{
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(tri_spin_ns(&spin), TRI_SPIN_NS);
		tri_spin_looked(&spin, true);
	}
}
END_TEST

START_TEST(looks_the_less_the_less_it_pays)
{
	unsigned first = looks_in(1000), then = looks_in(100000);

	ck_assert_uint_le(first, 10);
	ck_assert_uint_le(then, 100);
	ck_assert_uint_ge(then, 90); /* but it never gives up */
}
END_TEST

START_TEST(one_that_pays_makes_up_for_all)
{
	looks_in(100000);
	while (tri_spin_ns(&spin) == 0)
		;
	tri_spin_looked(&spin, true);
	ck_assert_int_eq(tri_spin_ns(&spin), TRI_SPIN_NS);
	tri_spin_looked(&spin, false);
	ck_assert_uint_le(spin.skip, 2);
}
END_TEST

/* Sleeps that were short are a reason to look again soon; long ones are none. */
START_TEST(short_sleeps_bring_it_back)
{
	looks_in(100000);
	unsigned skip = spin.skip;
	tri_spin_slept(&spin, TRI_SPIN_NS * 2);
	ck_assert_uint_eq(spin.skip, skip);
	for (int i = 0; i < 12; i++)
		tri_spin_slept(&spin, TRI_SPIN_NS / 2);
	ck_assert_int_eq(tri_spin_ns(&spin), TRI_SPIN_NS);
}
END_TEST

START_TEST(who_was_rung_is_given_way_once)
{
	tri_spin_rang(&spin);
	tri_spin_give_way(&spin);
	ck_assert(!spin.rang);
	unsigned misses = spin.misses;
	for (int i = 0; i < 1000; i++)
		tri_spin_give_way(&spin);
	ck_assert_uint_eq(spin.misses, misses);
}
END_TEST

/* The processor that was given away may come back much later where others want it, too: who sleeps is woken sooner. */
START_TEST(nobody_is_given_way_where_it_does_not_pay)
{
	looks_in(100000);
	unsigned skip = spin.skip;
	tri_spin_rang(&spin);
	tri_spin_give_way(&spin);
	ck_assert(!spin.rang);
	ck_assert_uint_eq(spin.skip, skip);
}
END_TEST

START_TEST(never_with_one_processor)
{
	spin.never = true;
	ck_assert_uint_eq(looks_in(1000), 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("spin");

	TEST_CASE(suite, "spin", 10, looks_while_it_pays, looks_the_less_the_less_it_pays,
		one_that_pays_makes_up_for_all, short_sleeps_bring_it_back, who_was_rung_is_given_way_once,
		nobody_is_given_way_where_it_does_not_pay, never_with_one_processor);
	return suite;
}
