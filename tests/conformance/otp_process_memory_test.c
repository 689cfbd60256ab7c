/*
 * otp_process_memory_test.c: OTP's cases of what a supervisor must not keep, with real processes: the specs and arguments of temporary
 * children that have ended, and time that grows faster than the number of children.
 */
#include <malloc.h>

#include "otp.h"

#define ARGUMENT_BYTES (50 * 1024)
#define LARGE_COUNT 10

/*
 * What malloc() has given out in this process, which is the supervisor's. 0 under a sanitizer, whose malloc() keeps no such count, but would
 * tell of what is lost.
 */
static size_t
allocated_bytes(void)
{
	return mallinfo2().uordblks;
}

/* A child with a large argument, under the root or as a member of the pool p. */
static void
add_large(const char *name, bool in_pool, enum tractor_restart restart)
{
	static char text[ARGUMENT_BYTES];
	const char *const args[] = { "large", text, NULL };

	memset(text, 'x', sizeof(text) - 1);
	if (in_pool)
		OK(tractor_start_child(otp.seed->rt, NULL,
			&(struct tractor_child){ .name = name, .under = "/r/p", .args = args }, NULL));
	else
		add(.name = name, .restart = restart, .args = args);
}

/* The bytes that so many children of that type still cost after each of them was killed. */
static size_t
bytes_after_their_end(enum tractor_strategy strategy, bool in_pool, enum tractor_restart restart)
{
	const char *parent = in_pool ? "/r/p" : "/r";
	char name[16], path[32];

	begin(.strategy = strategy, .intensity = 1000);
	if (in_pool)
		add_pool("p", 1000, .restart = restart);
	size_t before = allocated_bytes();
	for (int i = 1; i <= LARGE_COUNT; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(path, sizeof(path), "%s/%s", parent, name);
		add_large(name, in_pool, restart);
		ends(path, "kill");
	}
	/* A permanent child's restart is none of this: it may still be under way. */
	uint32_t count = restart == TEMPORARY ? 0 : LARGE_COUNT;
	struct tractor_child_counts found;
	OK(tractor_count_children(otp.seed->rt, parent, &found));
	ck_assert_uint_eq(found.workers, count);
	ck_assert_uint_eq(found.specs, in_pool ? 1 : count);
	size_t after = allocated_bytes();
	finish();
	return after > before ? after - before : 0;
}

/* 3 strategies and the pool. What the tree's journal keeps of each end is little beside one argument. */
START_TEST(do_not_save_start_parameters_for_temporary_children)
{
	bool in_pool = _i == 3;
	enum tractor_strategy strategy = in_pool ? ONE_FOR_ONE : (enum tractor_strategy)_i;
	size_t permanent = bytes_after_their_end(strategy, in_pool, PERMANENT),
	       temporary = bytes_after_their_end(strategy, in_pool, TEMPORARY);

	ck_assert_msg(temporary < 2 * ARGUMENT_BYTES, "%d temporary children still cost %zu bytes",
		LARGE_COUNT, temporary);
	if (allocated_bytes() > 0)
		ck_assert_uint_gt(permanent, LARGE_COUNT * ARGUMENT_BYTES);
}
END_TEST

/* What a crash has left is kept for a moment, until its backtrace has names. */
static void
comes_below(size_t bytes)
{
	int64_t until_ms = now_ms() + scaled_ms(SEED_DEADLINE_MS);

	while (allocated_bytes() >= bytes && now_ms() < until_ms)
		tractor_runtime_turn(otp.seed->rt, 10);
	ck_assert_uint_lt(allocated_bytes(), bytes);
}

/* OTP-16804: the arguments were kept from the first temporary child that died on. */
START_TEST(simple_one_for_one_corruption)
{
	begin(.intensity = 1);
	add_pool("p", 1, .restart = TEMPORARY);
	add_large("c", true, TEMPORARY);
	crash("/r/p/c");
	counts("/r/p", 1, 0, 0, 0);
	size_t before = allocated_bytes();
	for (int i = 0; i < LARGE_COUNT; i++) {
		add_large("c", true, TEMPORARY);
		crash("/r/p/c");
	}
	counts("/r/p", 1, 0, 0, 0);
	comes_below(before + 2 * ARGUMENT_BYTES);
	finish();
}
END_TEST

/* A child of that type comes to that end: kept or forgotten, as its type has it. */
static void
ends_and_is_kept_or_not(enum tractor_restart restart, const char *way)
{
	bool by_api = strcmp(way, "api") == 0;
	bool stays_down = by_api || (restart == TRANSIENT && strcmp(way, "normal") == 0);

	add(.name = "a", .restart = restart);
	if (by_api)
		terminate("/r/a");
	else
		ends("/r/a", way);
	if (restart == TEMPORARY) {
		children("/r", "");
		add(.name = "a", .restart = TEMPORARY);
		children("/r", "a running");
		terminate("/r/a");
		return;
	}
	children("/r", stays_down ? "a stopped" : "a running");
	add_fails(stays_down ? TRACTOR_EPRESENT : TRACTOR_EEXIST, .name = "a");
	terminate("/r/a");
	delete_child("/r/a");
}

/* 3 strategies x 4 ends x 3 restart types. */
START_TEST(do_not_save_child_specs_for_temporary_children)
{
	static const char *const ways[] = { "api", "kill", "normal", "exit" };

	for (int strategy = ONE_FOR_ONE; strategy <= REST_FOR_ONE; strategy++) {
		begin(.strategy = (enum tractor_strategy)strategy, .intensity = 100);
		for (size_t way = 0; way < COUNT_OF(ways); way++)
			for (int restart = PERMANENT; restart <= TEMPORARY; restart++)
				ends_and_is_kept_or_not((enum tractor_restart)restart, ways[way]);
		finish();
	}
}
END_TEST

/* The time in which so many members are terminated one by one. */
static int64_t
terminate_members(int count)
{
	char path[32];

	add_members("/r/p", count);
	int64_t began_ms = now_ms();
	for (int i = 1; i <= count; i++) {
		snprintf(path, sizeof(path), "/r/p/m%d", i);
		terminate(path);
	}
	int64_t took_ms = now_ms() - began_ms;
	counts("/r/p", 1, 0, 0, 0);
	return took_ms;
}

/* OTP-9242. The oldest goes first, which is the worst order for a list that is an array. */
START_TEST(simple_one_for_one_scale_many_temporary_children)
{
	begin(.intensity = 2);
	add_pool("p", 2, .restart = TEMPORARY);
	int64_t few_ms = terminate_members(15), many_ms = terminate_members(150);
	ck_assert_msg(many_ms <= 50 * (few_ms + 1), "15 members took %" PRId64 " ms, 150 took %" PRId64,
		few_ms, many_ms);
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp, processes: what is not kept");
	TCase *matrix = tcase_create("matrix");

	tcase_set_timeout(matrix, 20);
	tcase_add_checked_fixture(matrix, scenario_setup, scenario_teardown);
	tcase_add_loop_test(matrix, do_not_save_start_parameters_for_temporary_children, 0, 4);
	suite_add_tcase(suite, matrix);
	SCENARIO_CASE(suite, "specs and pools", 60, do_not_save_child_specs_for_temporary_children,
		simple_one_for_one_corruption, simple_one_for_one_scale_many_temporary_children);
	return suite;
}
