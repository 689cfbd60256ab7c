/* backoff_test.c: the series of delays: how it grows, where it ends, when it begins again. */
#include "unit.h"

#include "backoff.h"

static const struct spec_backoff plain = { .initial_ns = 100,
	.factor = 2,
	.max_ns = 1000,
	.jitter = 0,
	.reset_ns = 5000 };

START_TEST(grows_up_to_the_maximum)
{
	static const int64_t expected[] = { 100, 200, 400, 800, 1000, 1000, 1000 };
	struct backoff backoff = { 0 };
	uint64_t random = 1;

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_int_eq(backoff_next_ns(&backoff, &plain, &random), expected[i]);
}
END_TEST

START_TEST(never_overflows)
{
	struct spec_backoff steep = plain;
	struct backoff backoff = { 0 };
	uint64_t random = 1;

	steep.factor = 1e300;
	steep.max_ns = SPEC_DURATION_MAX_NS;
	for (int i = 0; i < 10; i++) {
		int64_t delay_ns = backoff_next_ns(&backoff, &steep, &random);
		ck_assert_int_gt(delay_ns, 0);
		ck_assert_int_le(delay_ns, SPEC_DURATION_MAX_NS);
	}
}
END_TEST

START_TEST(zero_is_no_delay_as_in_otp)
{
	struct spec_backoff none = plain;
	struct backoff backoff = { 0 };
	uint64_t random = 1;

	none.initial_ns = 0;
	none.jitter = 1;
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(backoff_next_ns(&backoff, &none, &random), 0);
}
END_TEST

START_TEST(begins_again_after_it_has_run)
{
	struct backoff backoff = { 0 };
	uint64_t random = 1;

	backoff_next_ns(&backoff, &plain, &random);
	backoff_ran(&backoff, &plain, 4999);
	ck_assert_int_eq(backoff_next_ns(&backoff, &plain, &random), 200);
	backoff_ran(&backoff, &plain, 5000);
	ck_assert_int_eq(backoff_next_ns(&backoff, &plain, &random), 100);
}
END_TEST

START_TEST(jitter_spreads_around_the_delay)
{
	struct spec_backoff jittery = plain;
	uint64_t random = 7;
	int64_t least_ns = INT64_MAX, most_ns = 0, sum_ns = 0;

	jittery.initial_ns = 1000000;
	jittery.max_ns = 2000000;
	jittery.jitter = 0.5;
	for (int i = 0; i < 10000; i++) {
		struct backoff backoff = { 0 };
		int64_t delay_ns = backoff_next_ns(&backoff, &jittery, &random);
		least_ns = delay_ns < least_ns ? delay_ns : least_ns;
		most_ns = delay_ns > most_ns ? delay_ns : most_ns;
		sum_ns += delay_ns;
	}
	ck_assert_int_ge(least_ns, 500000);
	ck_assert_int_lt(least_ns, 510000);
	ck_assert_int_lt(most_ns, 1500000);
	ck_assert_int_gt(most_ns, 1490000);
	ck_assert_int_gt(sum_ns / 10000, 980000);
	ck_assert_int_lt(sum_ns / 10000, 1020000);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_delays)
{
	struct spec_backoff jittery = plain;
	struct backoff a = { 0 }, b = { 0 };
	uint64_t random_a = 99, random_b = 99;

	jittery.jitter = 0.5;
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(
			backoff_next_ns(&a, &jittery, &random_a), backoff_next_ns(&b, &jittery, &random_b));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("backoff");

	TEST_CASE(suite, "backoff", 30, grows_up_to_the_maximum, never_overflows, zero_is_no_delay_as_in_otp,
		begins_again_after_it_has_run, jitter_spreads_around_the_delay,
		the_same_seed_gives_the_same_delays);
	return suite;
}
