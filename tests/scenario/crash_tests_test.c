/* crash_tests_test.c: what <tractor/test.h> offers to people who test their own trees: each expectation holds when it should, and does not when it should not, which it then says. */
#include <stdio.h>
#include <unistd.h>

#include <tractor/test.h>

#include "actors/stage.h"
#include "trees.h"

static struct tractor_test *
pipeline(int intensity)
{
	return tractor_test_open(scenario_write("t.yaml", "{name: t, intensity: %d, children: [%s, %s]}",
		intensity, actor_line("second", "stage"),
		actor_line_with("first", "stage", "args: {next: /t/second}")));
}

static void
tell_item(struct tractor_test *test, int64_t number)
{
	tractor_ctx *ctx = tractor_test_ctx(test);
	stage_ref first;

	ck_assert_int_eq(tractor_find(ctx, stage, "/t/first", &first), TRACTOR_OK);
	ck_assert_int_eq(tractor_tell(ctx, first, stage_item, .number = number), TRACTOR_OK);
}

START_TEST(what_is_expected_holds)
{
	struct tractor_test *test = pipeline(1);

	ck_assert(test != NULL);
	ck_assert(tractor_test_untouched(test, "/t"));
	ck_assert(tractor_test_inject(test, "/t/first", "segv", "stage.item:2"));
	tell_item(test, 1);
	ck_assert(tractor_test_healthy(test, SOON_MS));
	ck_assert(tractor_test_nothing_lost(test));
	tell_item(test, 2);
	ck_assert(tractor_test_restarted(test, "/t/first", "SIGSEGV", 2, SOON_MS));
	ck_assert(tractor_test_restarted(test, "/t/first", NULL, 2, 0));
	ck_assert(tractor_test_untouched(test, "/t/second"));
	ck_assert(tractor_test_inject(test, "/t/first", "exit:3", NULL));
	ck_assert(tractor_test_escalated(test, "/t", SOON_MS));
	ck_assert(tractor_test_close(test));
}
END_TEST

START_TEST(what_is_not_so_is_said)
{
	struct tractor_test *test = pipeline(10);

	ck_assert(!tractor_test_inject(test, "/t/first", "sevg", NULL));
	ck_assert(!tractor_test_inject(test, "/t/nobody", "segv", NULL));
	ck_assert(!tractor_test_inject(test, "/t/first", "segv", "stage.itme"));
	ck_assert(!tractor_test_restarted(test, "/t/first", NULL, 2, 20));
	ck_assert(!tractor_test_restarted(test, "/t/nobody", NULL, 1, 0));
	ck_assert(!tractor_test_untouched(test, "/t/nobody"));
	ck_assert(!tractor_test_escalated(test, "/t", 20));
	ck_assert(tractor_test_inject(test, "/t/first", "panic", "stage.item"));
	tell_item(test, 1);
	ck_assert(tractor_test_restarted(test, "/t/first", "panic", 2, SOON_MS));
	ck_assert(!tractor_test_restarted(test, "/t/first", "SIGSEGV", 2, 0));
	ck_assert(!tractor_test_untouched(test, "/t"));
	ck_assert(!tractor_test_nothing_lost(test)); /* it was in hand, and is not handled again */
	ck_assert(tractor_test_inject(test, "/t/first", "slow:500", "stage.item"));
	tell_item(test, 2);
	ck_assert(!tractor_test_healthy(test, 20));
	ck_assert(tractor_test_close(test));
	ck_assert(tractor_test_close(NULL));
	ck_assert(tractor_test_open(scenario_path("none.yaml")) == NULL);
}
END_TEST

static bool
tell_three(tractor_ctx *ctx, void *arg)
{
	stage_ref first;

	(void)arg;
	if (tractor_find(ctx, stage, "/t/first", &first) != TRACTOR_OK)
		return false;
	for (int i = 1; i <= 3; i++)
		if (tractor_tell(ctx, first, stage_item, .number = i) != TRACTOR_OK)
			return false;
	return true;
}

/* As many as the first has had, whether that is all or not. */
static bool
both_have_the_same(tractor_ctx *ctx, void *arg)
{
	static const char *const paths[] = { "/t/first", "/t/second" };
	struct stage_total totals[2];

	(void)arg;
	for (int i = 0; i < 2; i++) {
		stage_ref stage;
		if (tractor_find(ctx, stage, paths[i], &stage) != TRACTOR_OK ||
			tractor_ask(ctx, stage, &totals[i], stage_sum) != TRACTOR_OK)
			return true; /* this ask was the one that was crashed at */
	}
	return totals[0].count == totals[1].count && totals[0].digest == totals[1].digest;
}

static bool
never(tractor_ctx *ctx, void *arg)
{
	(void)ctx;
	(void)arg;
	return false;
}

START_TEST(every_crash_of_a_workload)
{
	static const char *const first[] = { "/t/first", NULL };
	struct tractor_crash_summary summary;
	struct tractor_crash_loop loop = {
		.tree_file = scenario_write("t.yaml", "{name: t, children: [%s, %s]}",
			actor_line("second", "stage"),
			actor_line_with("first", "stage", "args: {next: /t/second}")),
		.workload = tell_three,
		.check = both_have_the_same,
		.actors = first
	};

	ck_assert(tractor_crash_everywhere(&loop, &summary));
	ck_assert_uint_eq(summary.failures, 0);
	ck_assert_uint_eq(
		summary.crashes, 3 * 4); /* three items and the check's ask, each at three moments */
	ck_assert_uint_eq(summary.runs, 1 + 3 * 5);
	ck_assert_str_eq(summary.first_failure, "");
	loop.check = never;
	ck_assert(!tractor_crash_everywhere(&loop, &summary)); /* undisturbed, already */
	ck_assert_uint_eq(summary.runs, 1);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("crash tests");

	SCENARIO_CASE(suite, "expectations", 30, what_is_expected_holds, what_is_not_so_is_said);
	SCENARIO_CASE(suite, "everywhere", 60, every_crash_of_a_workload);
	return suite;
}
