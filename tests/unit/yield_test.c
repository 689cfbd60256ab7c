/* yield_test.c: who was away for a moment may be away again; who was away for long stays. */
#include "unit.h"
#include "yield.h"

#define MOMENT_NS 60000
#define PAUSE_NS 1000

static struct tri_yield yield = { .moment_ns = MOMENT_NS, .pause_ns = PAUSE_NS };
static uint64_t away_ns; /* so long sched_yield() takes, which is ours (--wrap, see CMakeLists.txt) */
static unsigned yields;

int __wrap_sched_yield(void);

int
__wrap_sched_yield(void)
{
	uint64_t until_ns = tri_now_ns() + away_ns;

	yields++;
	while (tri_now_ns() < until_ns)
		;
	return 0;
}

START_TEST(who_was_away_for_a_moment_may_be_again)
{
	uint64_t now_ns = tri_now_ns();

	ck_assert(tri_yield(&yield, now_ns));
	ck_assert_uint_eq(yields, 1);
	ck_assert(!tri_yield(&yield, now_ns)); /* but not within the pause */
	ck_assert_uint_eq(yields, 1);
	ck_assert(tri_yield(&yield, yield.from_ns));
	ck_assert_uint_eq(yields, 2);
}
END_TEST

START_TEST(who_was_away_for_long_stays)
{
	away_ns = 2 * MOMENT_NS;
	uint64_t now_ns = tri_now_ns();
	ck_assert(tri_yield(&yield, now_ns));
	ck_assert_uint_ge(yield.from_ns, now_ns + away_ns * TRI_YIELD_SHARE);
	ck_assert(!tri_yield(&yield, yield.from_ns - 1));
	ck_assert_uint_eq(yields, 1);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("yield");

	TEST_CASE(suite, "yield", 10, who_was_away_for_a_moment_may_be_again, who_was_away_for_long_stays);
	return suite;
}
