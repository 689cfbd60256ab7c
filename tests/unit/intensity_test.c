/* intensity_test.c: OTP's restart intensity: a sliding window, not a counter that is reset. */
#include "unit.h"

#include "intensity.h"

static struct intensity window;

static void
begin(unsigned limit, int64_t period_ns)
{
	ck_assert_int_eq(intensity_init(&window, limit, period_ns), TRACTOR_OK);
}

START_TEST(one_in_the_period_is_fine_the_second_is_too_many)
{
	begin(1, 5);
	ck_assert(intensity_add(&window, 100));
	ck_assert(!intensity_add(&window, 101));
	intensity_free(&window);
}
END_TEST

START_TEST(zero_allows_none)
{
	begin(0, 5);
	ck_assert(!intensity_add(&window, 100));
	ck_assert(!intensity_add(&window, 1000));
	intensity_free(&window);
}
END_TEST

START_TEST(exactly_the_period_ago_still_counts)
{
	begin(1, 5);
	ck_assert(intensity_add(&window, 100));
	ck_assert(!intensity_add(&window, 105));
	intensity_clear(&window);
	ck_assert(intensity_add(&window, 100));
	ck_assert(intensity_add(&window, 106));
	intensity_free(&window);
}
END_TEST

/* A counter that is reset every period would let this pass. */
START_TEST(the_window_slides)
{
	begin(2, 10);
	ck_assert(intensity_add(&window, 0));
	ck_assert(intensity_add(&window, 9));
	ck_assert(intensity_add(&window, 11));	/* 0 is outside */
	ck_assert(!intensity_add(&window, 19)); /* 9, 11, 19 */
	intensity_free(&window);
}
END_TEST

START_TEST(slow_crashes_never_exceed)
{
	begin(1, 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert(intensity_add(&window, i * INT64_C(1001)));
	intensity_free(&window);
}
END_TEST

START_TEST(count_is_of_the_window)
{
	begin(10, 100);
	ck_assert_uint_eq(intensity_count(&window, 0), 0);
	for (int i = 0; i < 10; i++)
		intensity_add(&window, i * 10);
	ck_assert_uint_eq(intensity_count(&window, 90), 10);
	ck_assert_uint_eq(intensity_count(&window, 100), 10);
	ck_assert_uint_eq(intensity_count(&window, 101), 9);
	ck_assert_uint_eq(intensity_count(&window, 1000), 0);
	intensity_clear(&window);
	ck_assert_uint_eq(intensity_count(&window, 90), 0);
	intensity_free(&window);
}
END_TEST

/* Against the list that OTP keeps, over many wraps of the ring. */
START_TEST(agrees_with_a_list)
{
	static int64_t times[5000];
	int64_t now_ns = 0;
	uint32_t random = 1;

	begin(7, 100);
	for (int n = 0; n < 5000; n++) {
		random = random * 1664525 + 1013904223;
		now_ns += (random >> 16) % 30;
		times[n] = now_ns;
		unsigned inside = 0;
		for (int i = 0; i <= n; i++)
			inside += now_ns - times[i] <= 100;
		ck_assert_int_eq(intensity_add(&window, now_ns), inside <= 7);
	}
	intensity_free(&window);
	intensity_free(NULL);
}
END_TEST

/* Those that it has room for; also where the ring begins in the middle. */
START_TEST(another_window_takes_over_the_newest)
{
	struct intensity wider, narrower;

	begin(2, 1000);
	for (int i = 0; i < 5; i++)
		intensity_add(&window, i * 100); /* 200, 300 and 400 are left */
	ck_assert_int_eq(intensity_init(&wider, 9, 1000), TRACTOR_OK);
	ck_assert_int_eq(intensity_init(&narrower, 1, 1000), TRACTOR_OK);
	intensity_carry(&window, &wider);
	intensity_carry(&window, &narrower);
	ck_assert_uint_eq(intensity_count(&wider, 1200), 3);
	ck_assert_uint_eq(intensity_count(&wider, 1201), 2);
	ck_assert_uint_eq(intensity_count(&wider, 1301), 1);
	ck_assert_uint_eq(intensity_count(&wider, 1401), 0);
	ck_assert_uint_eq(intensity_count(&narrower, 1300), 2);
	ck_assert_uint_eq(intensity_count(&narrower, 1301), 1);
	intensity_free(&window);
	intensity_free(&wider);
	intensity_free(&narrower);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("intensity");

	TEST_CASE(suite, "intensity", 30, one_in_the_period_is_fine_the_second_is_too_many, zero_allows_none,
		exactly_the_period_ago_still_counts, the_window_slides, slow_crashes_never_exceed,
		count_is_of_the_window, agrees_with_a_list, another_window_takes_over_the_newest);
	return suite;
}
