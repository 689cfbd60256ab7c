/* coalesce_test.c: lanes are left alone for a moment where that pays, and where nobody waits. */
#include "coalesce.h"
#include "unit.h"

static struct tri_coalesce coalesce;

static void
setup(void)
{
	coalesce = (struct tri_coalesce){ .rest_ns = 0 };
}

static int64_t
rest_after_a_tell(void)
{
	tri_coalesce_told(&coalesce);
	return tri_coalesce_ns(&coalesce);
}

START_TEST(rests_longer_while_it_pays)
{
	int64_t rest_ns = 0, before_ns = 0;

	for (int i = 0; i < 20; i++, before_ns = rest_ns) {
		rest_ns = rest_after_a_tell();
		ck_assert_int_ge(rest_ns, i == 0 ? TRI_COALESCE_LEAST_NS : before_ns);
		tri_coalesce_looked(&coalesce, rest_ns, true);
	}
	ck_assert_int_eq(rest_ns, TRI_COALESCE_MOST_NS);
}
END_TEST

START_TEST(rests_hardly_where_it_does_not)
{
	coalesce.rest_ns = TRI_COALESCE_MOST_NS;
	for (int i = 0; i < 20; i++)
		tri_coalesce_looked(&coalesce, rest_after_a_tell(), false);
	ck_assert_int_eq(rest_after_a_tell(), TRI_COALESCE_LEAST_NS);
}
END_TEST

START_TEST(never_where_somebody_waits)
{
	ck_assert_int_eq(tri_coalesce_ns(&coalesce), 0); /* nothing was handled at all */
	tri_coalesce_told(&coalesce);
	tri_coalesce_spoke(&coalesce);
	tri_coalesce_told(&coalesce);
	ck_assert_int_eq(tri_coalesce_ns(&coalesce), 0);
	ck_assert_int_gt(rest_after_a_tell(), 0); /* that was then */
	ck_assert_int_eq(tri_coalesce_ns(&coalesce), 0);
}
END_TEST

/* A tell and an ask in turn: what is found after a rest is the ask, every time. */
START_TEST(hardly_where_what_comes_is_asked)
{
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(rest_after_a_tell(), TRI_COALESCE_LEAST_NS);
		tri_coalesce_looked(&coalesce, TRI_COALESCE_LEAST_NS, true);
		tri_coalesce_asked(&coalesce);
		ck_assert_int_eq(tri_coalesce_ns(&coalesce), 0);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("coalesce");

	TEST_CASE_WITH(suite, "coalesce", 10, setup, NULL, rests_longer_while_it_pays,
		rests_hardly_where_it_does_not, never_where_somebody_waits, hardly_where_what_comes_is_asked);
	return suite;
}
