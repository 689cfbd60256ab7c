/*
 * otp_core_memory_test.c: OTP's cases of what a supervisor must not keep: the specs and arguments of temporary children that have ended,
 * and time that grows faster than the number of children.
 */
#define UNIT_MANY_ASSERTIONS
#include <malloc.h>
#include <string.h>
#include <time.h>

#include "otp_core.h"

#define ARGUMENT_BYTES (50 * 1024)

/* What malloc() has given out. 0 under a sanitizer, whose malloc() keeps no such count, but would tell of what is lost. */
static size_t
allocated_bytes(void)
{
	return mallinfo2().uordblks;
}

static struct spec *
with_large_argument(struct spec *spec)
{
	char text[ARGUMENT_BYTES];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(spec_pair_add(&spec->args, "large", text), TRACTOR_OK);
	return spec;
}

/* c1, c2, ... with a large argument each, under a supervisor of that strategy or, with `in_pool`, in a pool. */
static void
add_large(bool in_pool, enum spec_restart restart, int count)
{
	char name[16];

	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		add(in_pool ? "/r/p" : "/r", with_large_argument(in_pool ? spec_member(at("/r/p")->spec, name)
									 : actor(name, restart)));
	}
}

/*
 * The bytes that 100 children of that type still cost after each of them was killed. All are killed at once, so that a group's restart
 * concerns nobody who is alive.
 */
static size_t
bytes_after_their_end(int strategy, bool in_pool, enum spec_restart restart)
{
	begin(sup("r", (enum spec_strategy)strategy, 1000, in_pool ? pool("p", restart, 1000) : NULL, NULL));
	size_t before = allocated_bytes();
	add_large(in_pool, restart, 100);
	struct node *parent = at(in_pool ? "/r/p" : "/r");
	for (size_t i = 0; i < parent->child_count; i++)
		ended(parent->children[i], NODE_END_KILLED);
	run();
	size_t count = restart == TEMPORARY ? 0 : 100;
	counts(parent->path, in_pool ? 1 : count, count, 0, count);
	size_t after = allocated_bytes();
	finish();
	return after > before ? after - before : 0;
}

/* 3 strategies and the pool. */
START_TEST(do_not_save_start_parameters_for_temporary_children)
{
	bool in_pool = _i == 3;
	int strategy = in_pool ? SPEC_ONE_FOR_ONE : _i;
	size_t permanent = bytes_after_their_end(strategy, in_pool, PERMANENT),
	       transient = bytes_after_their_end(strategy, in_pool, TRANSIENT),
	       temporary = bytes_after_their_end(strategy, in_pool, TEMPORARY);

	ck_assert_uint_lt(temporary, ARGUMENT_BYTES);
	if (allocated_bytes() > 0) {
		ck_assert_uint_gt(permanent, 100 * ARGUMENT_BYTES);
		ck_assert_uint_gt(transient, 100 * ARGUMENT_BYTES);
	}
}
END_TEST

/* OTP-16804: the arguments were kept from the first temporary child that died on. */
START_TEST(simple_one_for_one_corruption)
{
	begin(sup("r", ONE_FOR_ONE, 1, pool("p", TEMPORARY, 1), NULL));
	add_large(true, TEMPORARY, 1);
	crash("/r/p/c1");
	counts("/r/p", 1, 0, 0, 0);
	size_t before = allocated_bytes();
	for (int i = 0; i < 100; i++) {
		add_large(true, TEMPORARY, 1);
		crash("/r/p/c1");
	}
	counts("/r/p", 1, 0, 0, 0);
	ck_assert_uint_lt(allocated_bytes(), before + ARGUMENT_BYTES);
	finish();
}
END_TEST

/* 3 strategies x 4 ends (through the API, killed, normal, abnormal), and the three restart types in each. */
START_TEST(do_not_save_child_specs_for_temporary_children)
{
	static const enum node_end ways[] = { NODE_END_NONE, NODE_END_KILLED, NODE_END_NORMAL,
		NODE_END_ABNORMAL };
	enum node_end way = ways[_i % (int)COUNT_OF(ways)];

	begin(sup("r", (enum spec_strategy)(_i / (int)COUNT_OF(ways)), 5, NULL));
	for (int restart = PERMANENT; restart <= TEMPORARY; restart++) {
		bool stays_down = way == NODE_END_NONE || (restart == TRANSIENT && way == NODE_END_NORMAL);
		add("/r", actor("a", (enum spec_restart)restart));
		if (way == NODE_END_NONE)
			terminate("/r/a");
		else
			ends("/r/a", way);
		if (restart == TEMPORARY) {
			children("/r", "");
			add("/r", actor("a", TEMPORARY));
			children("/r", "a running");
			break;
		}
		children("/r", stays_down ? "a stopped" : "a running");
		add_is_refused("/r", actor("a", (enum spec_restart)restart), TRACTOR_EEXIST);
		terminate("/r/a");
		delete_child("/r/a");
	}
	finish();
}
END_TEST
#define SPECS_ROWS (3 * 4)

/* The CPU time in which so many members are terminated one by one. */
static double
terminate_members(int count)
{
	struct timespec from, to;

	add_members("/r/p", count);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	while (at("/r/p")->child_count > 0) {
		ck_assert_int_eq(tree_terminate(fake.tree, at("/r/p")->children[0]), TRACTOR_OK);
		run();
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	counts("/r/p", 1, 0, 0, 0);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
}

/* On average. Under a limit of CPU time the clock above only moves with the kernel's ticks, of which one run may see none. */
static double
terminate_members_often(int count)
{
	int times = 0;
	double took = 0;

	for (; took < 0.05; times++)
		took += terminate_members(count);
	return took / times;
}

/* OTP-9242. The oldest goes first, which is the worst order for a list that is an array. */
START_TEST(simple_one_for_one_scale_many_temporary_children)
{
	struct spec *p = pool("p", TEMPORARY, 2);

	p->pool_max = 10000;
	begin(sup("r", ONE_FOR_ONE, 2, p, NULL));
	terminate_members(1000); /* warm */
	double few = terminate_members_often(1000), many = terminate_members(10000);
	ck_assert_msg(many <= 50 * few, "1000 members took %g s, 10000 took %g s", few, many);
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: what is not kept");
	TCase *matrices = tcase_create("matrices");

	tcase_add_loop_test(matrices, do_not_save_start_parameters_for_temporary_children, 0, 4);
	tcase_add_loop_test(matrices, do_not_save_child_specs_for_temporary_children, 0, SPECS_ROWS);
	suite_add_tcase(suite, matrices);
	TEST_CASE(suite, "pools", 60, simple_one_for_one_corruption,
		simple_one_for_one_scale_many_temporary_children);
	return suite;
}
