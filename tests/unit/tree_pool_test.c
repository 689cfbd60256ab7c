/* tree_pool_test.c: pools: members come and go, each by itself. */
#include "tree_shapes.h"

static void
begin_pool(enum spec_restart restart, unsigned intensity, int members)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), pool("p", restart, intensity), NULL));
	is("/r/p", NODE_RUNNING);
	add_members("/r/p", members);
	forget_log();
}

START_TEST(pool_restarts_only_the_dead)
{
	begin_pool(PERMANENT, 1, 3);
	crash("/r/p/m2");
	did("+m2");
	crash("/r/p/m3");
	did("~p(m3) -m2 -m1");
	is("/r/p", NODE_RUNNING); /* restarted, with no members */
	ck_assert_uint_eq(at("/r/p")->child_count, 0);
	ck_assert_uint_eq(at("/r/p")->incarnation, 2);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	finish();
}
END_TEST

START_TEST(pool_members_of_every_type)
{
	begin_pool(TRANSIENT, 1, 2);
	ends("/r/p/m1", NODE_END_NORMAL);
	is_gone("/r/p/m1");
	crash("/r/p/m2");
	is("/r/p/m2", NODE_RUNNING);
	terminate("/r/p/m2");
	is_gone("/r/p/m2");
	finish();
	begin_pool(TEMPORARY, 0, 2);
	crash("/r/p/m1");
	is_gone("/r/p/m1");
	is("/r/p", NODE_RUNNING);
	finish();
}
END_TEST

/* OTP case 42: in parallel, each with its own ladder. */
START_TEST(pool_stops_in_parallel)
{
	begin_pool(PERMANENT, 1, 3);
	for (int i = 1; i <= 3; i++) {
		char name[16];
		snprintf(name, sizeof(name), "m%d", i);
		stops(name, HANGS_STOPPING);
	}
	terminate("/r");
	did("-m3 -m2 -m1");
	ends("/r/p/m2", NODE_END_ABNORMAL);
	is("/r/p", NODE_STOPPING);
	pass(5 * SEC);
	did("!m3 !m1 -a");
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

START_TEST(pool_ignored_on_restart)
{
	begin_pool(PERMANENT, 5, 1);
	starts("m1", IGNORES, -1);
	crash("/r/p/m1");
	is_gone("/r/p/m1");
	is("/r/p", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(pool_start_errors)
{
	begin_pool(PERMANENT, 5, 0);
	starts("bad", FAILS, -1);
	starts("not", IGNORES, -1);
	add_member("/r/p", "bad");
	add_member("/r/p", "not");
	did("+bad +not");
	ck_assert_str_eq(fake.gone, " bad not");
	ck_assert_uint_eq(at("/r/p")->child_count, 0);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r/p"), fake.now_ns), 0);
	finish();
}
END_TEST

START_TEST(pool_is_bounded)
{
	struct spec *p = pool("p", PERMANENT, 1), *third;
	struct node *node = NULL;

	p->pool_max = 2;
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, p, NULL));
	add_member("/r/p", "m1");
	add_member("/r/p", "m2");
	third = spec_member(at("/r/p")->spec, "m3");
	ck_assert_int_eq(tree_add(fake.tree, at("/r/p"), third, &node), TRACTOR_EFULL);
	ck_assert_ptr_null(node);
	terminate("/r/p/m1");
	ck_assert_int_eq(tree_add(fake.tree, at("/r/p"), third, &node), TRACTOR_OK);
	run();
	is("/r/p/m3", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(pool_takes_actors_only)
{
	struct node *node;

	begin_pool(PERMANENT, 1, 0);
	struct spec *wrong = sup("s", SPEC_ONE_FOR_ONE, 1, NULL);
	ck_assert_int_eq(tree_add(fake.tree, at("/r/p"), wrong, &node), TRACTOR_EINVAL);
	spec_free(wrong);
	finish();
}
END_TEST

START_TEST(pool_failing_restarts_escalate)
{
	begin_pool(PERMANENT, 2, 2);
	starts("m1", FAILS, -1);
	crash("/r/p/m1");
	did("+m1 +m1 ~p(m1) -m2");
	is("/r/p", NODE_RUNNING);
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("tree pool");

	TEST_CASE(suite, "pools", 30, pool_restarts_only_the_dead, pool_members_of_every_type,
		pool_stops_in_parallel, pool_ignored_on_restart, pool_start_errors, pool_is_bounded,
		pool_takes_actors_only, pool_failing_restarts_escalate);
	return suite;
}
