/* bench_test.c: the benchmark's arithmetic, its tables, and what it draws, whatever the figures are. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "stats.h"

START_TEST(a_quantile_is_one_of_the_samples)
{
	double samples[] = { 5, 1, 4, 2, 3 };

	stats_sort(samples, 5);
	ck_assert_double_eq(stats_quantile(samples, 5, 0), 1);
	ck_assert_double_eq(stats_quantile(samples, 5, 0.2), 1);
	ck_assert_double_eq(stats_quantile(samples, 5, 0.21), 2);
	ck_assert_double_eq(stats_quantile(samples, 5, 0.5), 3);
	ck_assert_double_eq(stats_quantile(samples, 5, 0.99), 5);
	ck_assert_double_eq(stats_quantile(samples, 5, 1), 5);
	ck_assert_double_eq(stats_quantile(samples, 1, 0.99), 1);
}
END_TEST

START_TEST(the_best_is_the_least_or_the_greatest)
{
	const double values[] = { 3, 1, 4, 1.5 };

	ck_assert_double_eq(stats_best(values, 4, false), 1);
	ck_assert_double_eq(stats_best(values, 4, true), 4);
	ck_assert_double_eq(stats_best(values, 1, false), 3);
}
END_TEST

START_TEST(one_in_a_hundred_is_above_the_99th_percentile)
{
	double samples[200];

	for (int i = 0; i < 200; i++)
		samples[i] = 200 - i;
	stats_sort(samples, 200);
	ck_assert_double_eq(stats_quantile(samples, 200, 0.99), 198);
	ck_assert_double_eq(stats_quantile(samples, 200, 0.5), 100);
}
END_TEST

START_TEST(all_have_a_turn_before_one_has_another)
{
	static const struct stats_turn expected[] = { { 0, 0 }, { 1, 0 }, { 2, 0 }, { 0, 1 }, { 1, 1 },
		{ 2, 1 }, { 0, 2 } };

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		ck_assert_uint_eq(stats_turn(i, 3).figure, expected[i].figure);
		ck_assert_uint_eq(stats_turn(i, 3).round, expected[i].round);
	}
}
END_TEST

START_TEST(the_share_that_differs_most_counts)
{
	ck_assert_double_eq(stats_unevenness((const uint64_t[]){ 7, 7, 7, 7 }, 4), 0);
	ck_assert_double_eq_tol(stats_unevenness((const uint64_t[]){ 10, 10, 10, 2 }, 4), 75, 1e-9);
	ck_assert_double_eq_tol(stats_unevenness((const uint64_t[]){ 9, 10, 10, 11 }, 4), 10, 1e-9);
	ck_assert_double_eq_tol(stats_unevenness((const uint64_t[]){ 0, 20 }, 2), 100, 1e-9);
	ck_assert_double_eq(stats_unevenness((const uint64_t[]){ 0, 0 }, 2), 100);
}
END_TEST

START_TEST(a_value_has_three_digits_and_its_unit)
{
	char text[32];

	ck_assert_str_eq(say_value(UNIT_NS, 384, text), "384 ns");
	ck_assert_str_eq(say_value(UNIT_NS, 5432, text), "5.43 us");
	ck_assert_str_eq(say_value(UNIT_NS, 12345678, text), "12.3 ms");
	ck_assert_str_eq(say_value(UNIT_NS, 1.01e9, text), "1.01 s");
	ck_assert_str_eq(say_value(UNIT_PER_S, 123456, text), "123 k/s");
	ck_assert_str_eq(say_value(UNIT_PER_S, 5.4e6, text), "5.40 M/s");
	ck_assert_str_eq(say_value(UNIT_KIB, 408, text), "408 KiB");
	ck_assert_str_eq(say_value(UNIT_PERCENT, 3.14, text), "3.14 %");
}
END_TEST

/* A goal about a figure that is not there would be read as one that was not measured. */
START_TEST(goals_are_about_figures_that_there_are)
{
	for (size_t i = 0; i < goal_count; i++) {
		ck_assert_msg(figure_index(goals[i].figure) < figure_count, "%s", goals[i].figure);
		ck_assert(figures[figure_index(goals[i].figure)].is_ours);
		if (goals[i].against)
			ck_assert_msg(figure_index(goals[i].against) < figure_count, "%s", goals[i].against);
	}
}
END_TEST

START_TEST(figures_have_names_of_their_own)
{
	for (size_t i = 0; i < figure_count; i++)
		ck_assert_uint_eq(figure_index(figures[i].name), i);
}
END_TEST

/* As far as is needed here: every element is closed in its order, and no text has a character that would begin one. */
static void
assert_well_formed(const char *xml)
{
	const char *open[16];
	size_t depth = 0;

	for (const char *at = strchr(xml, '<'); at; at = strchr(at + 1, '<')) {
		const char *end = at + strcspn(at + 1, "<>") + 1;
		ck_assert_msg(*end == '>', "%.40s", at);
		if (at[1] == '/') {
			size_t length = (size_t)(end - at) - 2;
			ck_assert_uint_gt(depth, 0);
			ck_assert_int_eq(strncmp(open[--depth] + 1, at + 2, length), 0);
		} else if (end[-1] != '/') {
			ck_assert_uint_lt(depth, 16);
			open[depth++] = at;
		}
	}
	ck_assert_uint_eq(depth, 0);
	for (const char *at = strchr(xml, '&'); at; at = strchr(at + 1, '&'))
		ck_assert_msg(strcspn(at, ";") <= 5, "%.20s", at);
}

/* All of one figure that was measured may be the same, or 0, or there may be none. */
START_TEST(a_drawing_is_well_formed_whatever_was_measured)
{
	static const struct machine machine = { .cpus = 2, .model = "a <b> & \"c\"\x01", .kernel = "'k'" };
	struct result *results = calloc(figure_count, sizeof(*results));
	double samples[] = { 0, 1, 1e12 };
	char *text;
	size_t size;

	for (int kind = 0; kind < 4; kind++) {
		for (size_t i = 0; i < figure_count; i++) {
			results[i].samples = kind == 3 ? samples : &samples[i % 3];
			results[i].count = kind == 0 ? 0 : kind == 1 ? i % 2 : kind == 2 ? 1 : 3;
		}
		FILE *file = open_memstream(&text, &size);
		draw(file, &machine, results);
		fclose(file);
		assert_well_formed(text);
		ck_assert_ptr_null(strstr(text, "nan"));
		ck_assert_ptr_null(strstr(text, "inf"));
		free(text);
	}
	free(results);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("bench");

	TEST_CASE(suite, "bench", 30, a_quantile_is_one_of_the_samples,
		one_in_a_hundred_is_above_the_99th_percentile, the_best_is_the_least_or_the_greatest,
		all_have_a_turn_before_one_has_another, the_share_that_differs_most_counts,
		a_value_has_three_digits_and_its_unit, goals_are_about_figures_that_there_are,
		figures_have_names_of_their_own, a_drawing_is_well_formed_whatever_was_measured);
	return suite;
}
