/* loglimit_test.c: the token bucket: what a quiet actor may, what is left of a flood, and when it is over. */
#define UNIT_MANY_ASSERTIONS
#include "unit.h"

#include <stdlib.h>

#include "loglimit.h"

#define MS INT64_C(1000000)
#define SEC (1000 * MS)

static const struct spec_log plain = { .rate = 1000, .burst = 2000 };

/* `count` lines at once; how many get through. */
static unsigned
print(struct loglimit *limit, const struct spec_log *log, unsigned count, int64_t now_ns)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < count; i++)
		passed += loglimit_pass(limit, log, now_ns);
	return passed;
}

START_TEST(a_burst_and_then_the_rate)
{
	struct loglimit limit = { 0 };

	ck_assert_uint_eq(print(&limit, &plain, 2000, 5 * SEC), 2000);
	ck_assert_uint_eq(print(&limit, &plain, 1, 5 * SEC), 0);
	ck_assert_uint_eq(print(&limit, &plain, 3000, 6 * SEC), 1000);
	ck_assert_uint_eq(print(&limit, &plain, 3000, 60 * SEC), 2000); /* and not more than that */
}
END_TEST

START_TEST(who_stays_below_the_rate_never_notices)
{
	struct loglimit limit = { 0 };

	for (int64_t ms = 0; ms < 20000; ms++)
		ck_assert(loglimit_pass(&limit, &plain, ms * MS));
	ck_assert_uint_eq(limit.suppressed, 0);
}
END_TEST

/* Not one line in a hundred, from anywhere: a second's worth, then nothing for a second. */
START_TEST(a_flood_comes_in_stretches)
{
	struct loglimit limit = { 0 };
	unsigned stretches = 0, passed = 0;
	bool before = true;

	print(&limit, &plain, 2000, 0);
	for (int64_t us = 0; us < 10000000; us += 10) {
		bool now = loglimit_pass(&limit, &plain, us * 1000);
		stretches += now && !before;
		passed += now;
		before = now;
	}
	ck_assert_uint_ge(stretches, 9);
	ck_assert_uint_le(stretches, 10);
	ck_assert_uint_ge(passed, 8900);
	ck_assert_uint_le(passed, 10000);
	ck_assert_uint_eq(limit.suppressed + passed, 1000000);
}
END_TEST

START_TEST(it_says_when_it_opens)
{
	struct loglimit limit = { 0 };

	ck_assert_int_le(loglimit_opens_ns(&limit, &plain), 0);
	print(&limit, &plain, 2001, SEC);
	ck_assert_int_eq(loglimit_opens_ns(&limit, &plain), 2 * SEC);
	ck_assert(!loglimit_is_open(&limit, &plain, 2 * SEC - 1));
	ck_assert_int_eq(loglimit_opens_ns(&limit, &plain), 2 * SEC);
	ck_assert(loglimit_is_open(&limit, &plain, 2 * SEC));
	ck_assert_int_eq(loglimit_opens_ns(&limit, &plain), 2 * SEC);
	ck_assert_uint_eq(limit.suppressed, 1);
}
END_TEST

START_TEST(a_burst_smaller_than_the_rate)
{
	static const struct spec_log tight = { .rate = 1000, .burst = 1 };
	struct loglimit limit = { 0 };

	ck_assert_uint_eq(print(&limit, &tight, 5, 0), 1);
	ck_assert_int_eq(loglimit_opens_ns(&limit, &tight), MS);
	ck_assert_uint_eq(print(&limit, &tight, 5, MS), 1);
}
END_TEST

START_TEST(no_rate_is_no_limit)
{
	static const struct spec_log none = { .rate = 0, .burst = 1 };
	struct loglimit limit = { 0 };

	ck_assert_uint_eq(print(&limit, &none, 100000, 0), 100000);
	/* It was shut when the limit was taken away. */
	print(&limit, &plain, 3000, SEC);
	ck_assert_uint_eq(limit.suppressed, 1000);
	ck_assert(loglimit_is_open(&limit, &none, SEC));
	ck_assert_int_le(loglimit_opens_ns(&limit, &none), SEC);
	ck_assert_uint_eq(limit.suppressed, 1000); /* which nobody has told of yet */
}
END_TEST

START_TEST(a_limit_that_changes_counts_at_once)
{
	static const struct spec_log less = { .rate = 10, .burst = 5 };
	struct loglimit limit = { 0 };

	ck_assert_uint_eq(print(&limit, &plain, 1, 0), 1);
	ck_assert_uint_eq(print(&limit, &less, 100, 0), 5);
	ck_assert_uint_eq(print(&limit, &plain, 3000, 2 * SEC), 2000);
}
END_TEST

/* Whatever the numbers and the times: never more than the burst and what has come back. */
START_TEST(never_more_than_it_may)
{
	srand(1);
	for (int round = 0; round < 200; round++) {
		struct spec_log log = { .rate = 1 + (unsigned)rand() % SPEC_LOG_RATE_MAX,
			.burst = 1 + (unsigned)rand() % SPEC_LOG_RATE_MAX };
		struct loglimit limit = { 0 };
		int64_t began_ns = rand(), now_ns = began_ns;
		double passed = 0;
		for (int i = 0; i < 500; i++) {
			now_ns += rand() % (round % 2 ? SEC : 10000);
			passed += print(&limit, &log, 1 + (unsigned)rand() % 1000, now_ns);
			ck_assert_double_le(
				passed, log.burst + (double)(now_ns - began_ns) / 1e9 * log.rate + 1);
			ck_assert_int_ge(loglimit_opens_ns(&limit, &log), now_ns);
		}
	}
	/* A very long time is no overflow. */
	struct spec_log most = { .rate = SPEC_LOG_RATE_MAX, .burst = SPEC_LOG_RATE_MAX };
	struct loglimit limit = { 0 };
	print(&limit, &most, 1, 0);
	ck_assert_uint_eq(print(&limit, &most, SPEC_LOG_RATE_MAX + 1, INT64_MAX), SPEC_LOG_RATE_MAX);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("loglimit");

	TEST_CASE(suite, "bucket", 30, a_burst_and_then_the_rate, who_stays_below_the_rate_never_notices,
		a_flood_comes_in_stretches, it_says_when_it_opens, a_burst_smaller_than_the_rate,
		no_rate_is_no_limit, a_limit_that_changes_counts_at_once, never_more_than_it_may);
	return suite;
}
