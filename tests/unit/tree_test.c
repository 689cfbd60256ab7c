/* tree_test.c: the outside of the core: events that come too late, and questions. */
#include "tree_shapes.h"

/* Stale events. */

START_TEST(stale_incarnations_are_dropped)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 9, actor("a", PERMANENT), NULL));
	struct node *a = at("/r/a");
	crash("/r/a");
	forget_log();
	tree_post_ended(fake.tree, a, 1, NODE_END_ABNORMAL, (struct node_verdict){ NODE_VERDICT_DEFAULT, 0 });
	tree_post_ready(fake.tree, a, 1);
	tree_post_ready(fake.tree, a, 7);
	run();
	did("");
	ck_assert_uint_eq(tree_dropped_count(fake.tree), 3);
	is("/r/a", NODE_RUNNING);
	tree_post_ready(fake.tree, a, 2); /* it is ready already */
	run();
	ck_assert_uint_eq(tree_dropped_count(fake.tree), 4);
	terminate("/r/a");
	tree_post_ended(fake.tree, a, 2, NODE_END_ABNORMAL, (struct node_verdict){ NODE_VERDICT_DEFAULT, 0 });
	run();
	ck_assert_uint_eq(tree_dropped_count(fake.tree), 5);
	is("/r/a", NODE_STOPPED);
	finish();
}
END_TEST

START_TEST(ready_behind_its_own_end_is_dropped)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 9, actor("a", PERMANENT), NULL));
	struct node *a = at("/r/a");
	starts("a", HANGS_STARTING, 1);
	crash("/r/a");
	ended(a, NODE_END_ABNORMAL);
	tree_post_ready(fake.tree, a, a->incarnation);
	run();
	is("/r/a", NODE_RUNNING);
	ck_assert_uint_eq(a->incarnation, 3);
	ck_assert_uint_eq(tree_dropped_count(fake.tree), 1);
	finish();
}
END_TEST

START_TEST(two_ends_of_one_incarnation_are_a_bug)
{
	begin(abc());
	ended(at("/r/a"), NODE_END_ABNORMAL);
	ended(at("/r/a"), NODE_END_ABNORMAL);
}
END_TEST

/* A terminate and a death at the same time, in both orders. */
START_TEST(terminate_and_death_cross)
{
	begin(abc());
	stops("a", HANGS_STOPPING);
	tree_terminate(fake.tree, at("/r/a"));
	ended(at("/r/a"), NODE_END_ABNORMAL);
	run();
	is("/r/a", NODE_STOPPED);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	ended(at("/r/b"), NODE_END_ABNORMAL);
	tree_terminate(fake.tree, at("/r/b"));
	run();
	is("/r/b", NODE_STOPPED);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	finish();
}
END_TEST

/* Questions. */

START_TEST(finds_nodes)
{
	begin(nested());
	static const char *const order[] = { "/r", "/r/a", "/r/s", "/r/s/x", "/r/s/u", "/r/s/u/y", "/r/s/z",
		"/r/b" };
	struct node *node = tree_root(fake.tree);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		ck_assert_str_eq(node->path, order[i]);
		ck_assert_ptr_eq(tree_find(fake.tree, order[i]), node);
		ck_assert_ptr_eq(tree_by_id(fake.tree, i + 1), node);
		ck_assert_uint_eq(node->id, i + 1);
		node = tree_next(fake.tree, node);
	}
	ck_assert_ptr_null(node);
	ck_assert_uint_eq(tree_next_id(fake.tree), 9);
	ck_assert_ptr_null(tree_by_id(fake.tree, 0));
	ck_assert_ptr_null(tree_by_id(fake.tree, 9));
	ck_assert_ptr_null(tree_find(fake.tree, "/r/"));
	ck_assert_ptr_null(tree_find(fake.tree, ""));
	ck_assert_uint_eq(at("/r")->spec->child_count, 0);
	finish();
}
END_TEST

START_TEST(names_of_things)
{
	ck_assert_str_eq(node_state_name(NODE_WAITING), "waiting");
	ck_assert_str_eq(node_end_name(NODE_END_PERMANENT_FAILURE), "permanent_failure");
	ck_assert_str_eq(tree_outcome_name(TREE_AUTO_SHUTDOWN), "auto_shutdown");
}
END_TEST

START_TEST(would_of_a_start)
{
	starts("b", HANGS_STARTING, -1);
	begin(abc());
	ck_assert_str_eq(tree_would(fake.tree, at("/r/b"), NODE_END_ABNORMAL, fake.now_ns), "escalate");
	ck_assert_str_eq(tree_would(fake.tree, at("/r/b"), NODE_END_IGNORED, fake.now_ns), "stop");
	ck_assert_str_eq(tree_would(fake.tree, at("/r/c"), NODE_END_ABNORMAL, fake.now_ns), "stop");
	ready("/r/b");
	starts("b", HANGS_STARTING, -1);
	crash("/r/b");
	ck_assert_str_eq(tree_would(fake.tree, at("/r/b"), NODE_END_ABNORMAL, fake.now_ns), "escalate");
	pass(60 * SEC);
	finish();
}
END_TEST

START_TEST(next_time)
{
	make(abc());
	ck_assert_int_eq(tree_next_ns(fake.tree), INT64_MAX);
	starts("a", HANGS_STARTING, -1);
	tree_start(fake.tree, at("/r"));
	ck_assert_int_le(tree_next_ns(fake.tree), fake.now_ns);
	run();
	ck_assert_int_eq(tree_next_ns(fake.tree), fake.now_ns + 5 * SEC);
	finish();
}
END_TEST

/* The clock of the tree never goes back, whatever it is told. */
START_TEST(time_does_not_go_back)
{
	begin(abc());
	crash("/r/a");
	fake.now_ns -= 100 * SEC;
	crash("/r/b");
	has_ended(TREE_GAVE_UP, "/r/b");
	finish();
}
END_TEST

START_TEST(empty_tree_is_freed)
{
	tree_free(NULL);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("tree");

	TEST_CASE(suite, "events", 30, stale_incarnations_are_dropped, ready_behind_its_own_end_is_dropped,
		terminate_and_death_cross);
	TEST_CASE(suite, "questions", 30, finds_nodes, names_of_things, would_of_a_start, next_time,
		time_does_not_go_back, empty_tree_is_freed);
	TCase *bugs = tcase_create("bugs");
	tcase_add_test_raise_signal(bugs, two_ends_of_one_incarnation_are_a_bug, 6);
	suite_add_tcase(suite, bugs);
	return suite;
}
