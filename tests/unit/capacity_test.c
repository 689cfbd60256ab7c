/* capacity_test.c: how many actors there is room for, which limit comes first, and what is made of the kernel's texts, whatever they say. */
#include <string.h>

#include "capacity.h"
#include "unit.h"

/* As it was measured with nng 1.5.2 on two CPUs. */
static const uint64_t each[CAPACITY_KINDS] = { [CAPACITY_THREADS] = 14,
	[CAPACITY_FDS] = 8,
	[CAPACITY_MAPPINGS] = 0,
	[CAPACITY_MEMORY] = 1 << 20 };

static uint64_t
actors(enum capacity_kind kind, uint64_t most, uint64_t taken)
{
	return capacity_actors(
		&(struct capacity_limit){ .name = "x", .kind = kind, .most = most, .taken = taken }, each);
}

/* --- how many --- */

START_TEST(two_thousand_actors_are_near_what_they_were_near_to)
{
	ck_assert_uint_eq(actors(CAPACITY_THREADS, 32768, 500), 2304);
	ck_assert_uint_eq(actors(CAPACITY_FDS, 20000, 17), 2497);
	ck_assert_uint_eq(actors(CAPACITY_FDS, 16017, 17), 2000);
	ck_assert_uint_eq(actors(CAPACITY_FDS, 16016, 17), 1999);
	ck_assert_uint_eq(actors(CAPACITY_MEMORY, (uint64_t)24 << 30, (uint64_t)1 << 30), 23 << 10);
}
END_TEST

START_TEST(no_limit_and_no_cost_are_no_end)
{
	ck_assert_uint_eq(actors(CAPACITY_FDS, CAPACITY_UNLIMITED, 17), CAPACITY_UNLIMITED);
	ck_assert_uint_eq(actors(CAPACITY_FDS, CAPACITY_UNLIMITED, CAPACITY_UNLIMITED), CAPACITY_UNLIMITED);
	ck_assert_uint_eq(actors(CAPACITY_MAPPINGS, 1, 1), CAPACITY_UNLIMITED);
}
END_TEST

/* A limit may have been lowered below what is in use. */
START_TEST(more_is_taken_than_there_is)
{
	ck_assert_uint_eq(actors(CAPACITY_FDS, 10, 17), 0);
	ck_assert_uint_eq(actors(CAPACITY_FDS, 0, 0), 0);
	ck_assert_uint_eq(actors(CAPACITY_THREADS, 32768, CAPACITY_UNLIMITED), 0);
	ck_assert_uint_eq(capacity_room(10, 17), 0);
	ck_assert_uint_eq(capacity_room(17, 10), 7);
}
END_TEST

START_TEST(the_first_to_be_met_is_first)
{
	struct capacity_limit limits[] = {
		{ .name = "none", .kind = CAPACITY_MAPPINGS, .most = 1 },
		{ .name = "2000", .kind = CAPACITY_FDS, .most = 16000 },
		{ .name = "1000", .kind = CAPACITY_THREADS, .most = 14000 },
		{ .name = "2000 too", .kind = CAPACITY_THREADS, .most = 28000 },
		{ .name = "0", .kind = CAPACITY_MEMORY, .most = 1, .taken = 2 },
	};
	static const char *const expected[] = { "0", "1000", "2000", "2000 too", "none" };

	capacity_order(limits, 5, each);
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(limits[i].name, expected[i]);
	capacity_order(limits, 1, each);
	capacity_order(limits, 0, each);
	ck_assert_str_eq(limits[0].name, "0");
}
END_TEST

START_TEST(shares_are_rounded_up)
{
	ck_assert_uint_eq(capacity_share(10, 74, 8), 8);
	ck_assert_uint_eq(capacity_share(10, 75, 8), 9);
	ck_assert_uint_eq(capacity_share(10, 11, 8), 1);
	ck_assert_uint_eq(capacity_share(10, 10, 8), 0);
	ck_assert_uint_eq(capacity_share(10, 3, 8), 0);
}
END_TEST

/* --- the kernel's texts --- */

#define STATUS "Name:\tThreads\nUid:\t1000\t1001\t1002\nThreads:\t14\nVmPTE:\t     104 kB\n"

START_TEST(fields)
{
	uint64_t value = 7;

	ck_assert(capacity_field(STATUS, "Threads", &value));
	ck_assert_uint_eq(value, 14);
	ck_assert(capacity_field(STATUS, "Uid", &value));
	ck_assert_uint_eq(value, 1000);
	ck_assert(capacity_field(STATUS, "VmPTE", &value));
	ck_assert_uint_eq(value, 104);
	ck_assert(capacity_field("anon 1\ninactive_anon 2\ninactive_file 4096", "inactive_file", &value));
	ck_assert_uint_eq(value, 4096);
	ck_assert(!capacity_field(STATUS, "Thread", &value));
	ck_assert(!capacity_field(STATUS, "Name", &value));
	ck_assert(!capacity_field(STATUS, "VmRSS", &value));
	ck_assert(!capacity_field("", "VmRSS", &value));
	ck_assert(!capacity_field("Threads:", "Threads", &value));
	ck_assert(!capacity_field("Threads:\t-1", "Threads", &value));
	ck_assert_uint_eq(value, 4096);
}
END_TEST

START_TEST(limits_of_files)
{
	uint64_t value = 7;

	ck_assert(capacity_number("32768\n", &value));
	ck_assert_uint_eq(value, 32768);
	ck_assert(capacity_number("0", &value));
	ck_assert_uint_eq(value, 0);
	ck_assert(capacity_number("max\n", &value));
	ck_assert_uint_eq(value, CAPACITY_UNLIMITED);
	value = 7;
	ck_assert(capacity_number("9223372036854771712\n", &value));
	ck_assert_uint_eq(value, CAPACITY_UNLIMITED);
	ck_assert(!capacity_number("", &value));
	ck_assert(!capacity_number("maximum", &value));
	ck_assert(!capacity_number("-1\n", &value));
}
END_TEST

static void
expect_group(const char *text, const char *controller, const char *expected)
{
	size_t length = 0;
	const char *path = capacity_group(text, controller, &length);

	if (expected == NULL) {
		ck_assert_ptr_null(path);
		return;
	}
	ck_assert_ptr_nonnull(path);
	ck_assert_msg(length == strlen(expected) && strncmp(path, expected, length) == 0, "\"%.*s\"",
		(int)length, path);
}

START_TEST(control_groups_of_both_versions)
{
	static const char mixed[] = "9:name=systemd:/\n8:pids:/a\n3:cpuset,memory:/b:c\n0::/d\n";

	expect_group(mixed, "pids", "/a");
	expect_group(mixed, "memory", "/b:c");
	expect_group(mixed, "cpuset", "/b:c");
	expect_group(mixed, "", "/d");
	expect_group(mixed, "mem", NULL);
	expect_group(mixed, "cpu", NULL);
	expect_group("0::/user.slice/x.scope", "", "/user.slice/x.scope");
	expect_group("0::/user.slice/x.scope", "pids", NULL);
	expect_group("", "", NULL);
	expect_group("0\n1:\n::\n", "pids", NULL);
	expect_group("0\n1:\n::\n", "", "");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("capacity");

	TEST_CASE(suite, "how_many", 10, two_thousand_actors_are_near_what_they_were_near_to,
		no_limit_and_no_cost_are_no_end, more_is_taken_than_there_is, the_first_to_be_met_is_first,
		shares_are_rounded_up);
	TEST_CASE(suite, "texts", 10, fields, limits_of_files, control_groups_of_both_versions);
	return suite;
}
