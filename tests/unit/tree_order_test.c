/* tree_order_test.c: coming up and going down in order, the start limit, the kill ladder. */
#include "tree_shapes.h"

/* Coming up. */

START_TEST(nothing_starts_by_itself)
{
	make(abc());
	pass(SEC);
	did("");
	ck_assert(!tree_ended(fake.tree));
	ck_assert_int_eq(tree_outcome(fake.tree).kind, TREE_NOT_ENDED);
	finish();
}
END_TEST

START_TEST(root_must_be_a_supervisor)
{
	struct spec *spec = actor("a", PERMANENT);

	ck_assert_int_eq(tree_new(spec, &fake_ops, NULL, 1, 1, &fake.tree), TRACTOR_EINVAL);
	spec_free(spec);
}
END_TEST

START_TEST(supervisor_without_children)
{
	begin(sup("r", SPEC_ONE_FOR_ALL, 1, NULL));
	is("/r", NODE_RUNNING);
	ck_assert_str_eq(fake.trace, "r waiting start\nr starting turn\nr running ready\n");
	terminate("/r");
	has_ended(TREE_TERMINATED, "");
	ck_assert_int_eq(at("/r")->last_end, NODE_END_SHUTDOWN);
	finish();
}
END_TEST

START_TEST(each_is_ready_before_the_next)
{
	starts("a", HANGS_STARTING, -1);
	starts("y", HANGS_STARTING, -1);
	begin(nested());
	did("+a");
	is("/r", NODE_STARTING);
	is("/r/s", NODE_WAITING);
	is("/r/s/x", NODE_STOPPED); /* its supervisor has not begun */
	ready("/r/a");
	did("+x +y");
	is("/r/s", NODE_STARTING);
	is("/r/s/u", NODE_STARTING);
	is("/r/s/z", NODE_WAITING);
	ready("/r/s/u/y");
	did("+z +b");
	is("/r/s/u", NODE_RUNNING);
	is("/r/s", NODE_RUNNING);
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(initial_failure_rolls_back_without_a_retry)
{
	starts("c", FAILS, -1);
	begin(abc());
	did("+a +b +c -b -a");
	has_ended(TREE_START_FAILED, "/r/c");
	ck_assert_int_eq(at("/r")->last_end, NODE_END_START_FAILED);
	ck_assert_int_eq(at("/r/c")->last_end, NODE_END_START_FAILED);
	ck_assert_uint_eq(at("/r/c")->restarts, 0);
	finish();
}
END_TEST

START_TEST(initial_failure_deep_below_names_the_child)
{
	starts("y", FAILS_FOR_GOOD, -1);
	begin(nested());
	did("+a +x +y -x -a");
	has_ended(TREE_START_FAILED, "/r/s/u/y");
	is("/r/s", NODE_STOPPED);
	ck_assert_int_eq(at("/r/s")->last_end, NODE_END_START_FAILED);
	finish();
}
END_TEST

START_TEST(tree_that_failed_can_be_started_again)
{
	starts("c", FAILS, 1);
	begin(abc());
	ck_assert(tree_ended(fake.tree));
	forget_log();
	ck_assert_int_eq(tree_start(fake.tree, at("/r")), TRACTOR_OK);
	run();
	did("+a +b +c");
	is("/r", NODE_RUNNING);
	ck_assert_int_eq(tree_outcome(fake.tree).kind, TREE_NOT_ENDED);
	finish();
}
END_TEST

START_TEST(start_limit_kills)
{
	starts("b", HANGS_STARTING, -1);
	begin(abc());
	did("+a +b");
	pass(5 * SEC - 1);
	did("");
	pass(1);
	did("!b -a");
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_START_FAILED);
	has_ended(TREE_START_FAILED, "/r/b");
	finish();
}
END_TEST

START_TEST(start_limit_on_a_restart_counts)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 2, actor("a", PERMANENT), NULL));
	starts("a", HANGS_STARTING, 1);
	crash("/r/a");
	pass(5 * SEC);
	did("+a +a !a +a");
	is("/r/a", NODE_RUNNING);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 2);
	finish();
}
END_TEST

/* The hello crosses the kill on its way. */
START_TEST(ready_after_its_time_is_no_start)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 5, actor("a", PERMANENT), NULL));
	starts("a", HANGS_STARTING, 1);
	stops("a", HANGS_DYING);
	crash("/r/a");
	pass(5 * SEC);
	did("+a +a !a");
	ready("/r/a");
	is("/r/a", NODE_STARTING);
	ends("/r/a", NODE_END_IGNORED); /* nor is anything else that it said */
	did("+a");
	is("/r/a", NODE_RUNNING);
	ck_assert_int_eq(at("/r/a")->last_end, NODE_END_START_FAILED);
	finish();
}
END_TEST

/* It is being killed already when it must stop: nothing more to tell it. */
START_TEST(stop_after_the_start_limit)
{
	starts("b", HANGS_STARTING, 1);
	stops("b", HANGS_DYING);
	begin(abc());
	pass(5 * SEC);
	did("+a +b !b");
	terminate("/r");
	pass(60 * SEC);
	did("");
	ends("/r/b", NODE_END_KILLED);
	did("-a");
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

START_TEST(ignored_at_start)
{
	starts("a", IGNORES, -1);
	starts("t", IGNORES, -1);
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), actor("t", TEMPORARY),
		actor("b", PERMANENT), NULL));
	did("+a +t +b");
	is("/r", NODE_RUNNING);
	is("/r/a", NODE_STOPPED);
	is_gone("/r/t");
	ck_assert_uint_eq(at("/r")->child_count, 2);
	finish();
}
END_TEST

/* A death while later siblings still start: restarted at once, and the start goes on. */
START_TEST(death_during_the_initial_start)
{
	starts("c", HANGS_STARTING, -1);
	begin(abc());
	forget_log();
	crash("/r/a");
	did("+a");
	is("/r", NODE_STARTING);
	ready("/r/c");
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(giving_up_during_the_initial_start)
{
	starts("c", HANGS_STARTING, -1);
	begin(abc());
	crash("/r/a");
	forget_log();
	crash("/r/a");
	did("~r(a) -c -b");
	has_ended(TREE_GAVE_UP, "/r/a");
	finish();
}
END_TEST

/* Going down. */

START_TEST(stops_in_reverse_one_at_a_time)
{
	begin(nested());
	forget_log();
	stops("y", HANGS_STOPPING);
	terminate("/r");
	did("-b -z -y");
	is("/r", NODE_STOPPING);
	is("/r/s", NODE_STOPPING);
	is("/r/s/u", NODE_STOPPING);
	is("/r/s/x", NODE_RUNNING);
	ends("/r/s/u/y", NODE_END_SHUTDOWN);
	did("-x -a");
	has_ended(TREE_TERMINATED, "");
	for (struct node *node = tree_root(fake.tree); node != NULL; node = tree_next(fake.tree, node)) {
		ck_assert_int_eq(node->state, NODE_STOPPED);
		ck_assert_int_eq(node->last_end, NODE_END_SHUTDOWN);
	}
	finish();
}
END_TEST

START_TEST(kill_ladder)
{
	begin(abc());
	forget_log();
	stops("b", HANGS_STOPPING);
	terminate("/r");
	did("-c -b");
	pass(5 * SEC - 1);
	did("");
	pass(1);
	did("!b -a");
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_KILLED);
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

START_TEST(shutdown_kill_and_infinity)
{
	struct spec *a = actor("a", PERMANENT), *b = actor("b", PERMANENT);

	a->shutdown_ns = SPEC_SHUTDOWN_INFINITY;
	b->shutdown_ns = SPEC_SHUTDOWN_KILL;
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, a, b, NULL));
	forget_log();
	stops("a", HANGS_STOPPING);
	terminate("/r");
	did("!b -a");
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_KILLED);
	pass(1000000 * SEC);
	did("");
	is("/r/a", NODE_STOPPING);
	ends("/r/a", NODE_END_SHUTDOWN);
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

/* What is not ready has nothing to save. */
START_TEST(stop_during_a_start_ends_with_the_start_limit)
{
	static const int64_t shutdowns[] = { SPEC_SHUTDOWN_INFINITY, 3600 * SEC };

	for (size_t i = 0; i < sizeof(shutdowns) / sizeof(shutdowns[0]); i++) {
		struct spec *a = actor("a", PERMANENT);
		a->shutdown_ns = shutdowns[i];
		a->start_timeout_ns = 20 * SEC;
		starts("a", HANGS_STARTING, -1);
		stops("a", HANGS_STOPPING);
		begin(sup("r", SPEC_ONE_FOR_ONE, 1, a, NULL));
		pass(12 * SEC);
		terminate("/r");
		did("+a -a");
		tree_shift(fake.tree, 100 * SEC);
		pass(108 * SEC - 1);
		did("");
		is("/r/a", NODE_STOPPING);
		pass(1);
		did("!a");
		ck_assert_int_eq(at("/r/a")->last_end, NODE_END_KILLED);
		has_ended(TREE_TERMINATED, "");
		finish();
	}
}
END_TEST

/* Its shutdown time is over before its start would be. */
START_TEST(stop_during_a_start_ends_with_the_stop_limit)
{
	struct spec *a = actor("a", PERMANENT);

	a->shutdown_ns = 2 * SEC;
	starts("a", HANGS_STARTING, -1);
	stops("a", HANGS_STOPPING);
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, a, NULL));
	terminate("/r");
	did("+a -a");
	pass(2 * SEC - 1);
	ready("/r/a");
	did("");
	pass(1);
	did("!a");
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

/* It was faster than the order to stop: now it has the time of one that was ready when it was asked. */
START_TEST(ready_while_it_is_stopped_has_its_whole_shutdown_time)
{
	struct spec *a = actor("a", PERMANENT), *b = actor("b", PERMANENT);

	a->shutdown_ns = SPEC_SHUTDOWN_INFINITY;
	b->shutdown_ns = 7 * SEC;
	starts("b", HANGS_STARTING, -1);
	stops("b", HANGS_STOPPING);
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, b, NULL));
	pass(SEC);
	terminate("/r");
	pass(3 * SEC);
	ready("/r/b");
	pass(4 * SEC - 1);
	did("+b -b");
	pass(1);
	did("!b");
	has_ended(TREE_TERMINATED, "");
	finish();

	starts("a", HANGS_STARTING, -1);
	stops("a", HANGS_STOPPING);
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, a, NULL));
	terminate("/r");
	ready("/r/a");
	pass(1000000 * SEC);
	did("+a -a");
	is("/r/a", NODE_STOPPING);
	ends("/r/a", NODE_END_SHUTDOWN);
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

START_TEST(supervisor_with_a_limit_is_killed_with_all_below)
{
	struct spec *root = nested();

	root->children[1]->shutdown_ns = SEC;
	begin(root);
	forget_log();
	stops("z", HANGS_STOPPING);
	terminate("/r/s");
	did("-z");
	pass(SEC);
	did("!z !y !x");
	is("/r/s", NODE_STOPPED);
	ck_assert_int_eq(at("/r/s")->last_end, NODE_END_KILLED);
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(supervisor_with_shutdown_kill)
{
	struct spec *root = nested();

	root->children[1]->shutdown_ns = SPEC_SHUTDOWN_KILL;
	begin(root);
	forget_log();
	terminate("/r");
	did("-b !z !y !x -a");
	finish();
}
END_TEST

/* OTP case 21: those that end by themselves meanwhile, in every way. */
START_TEST(own_ends_during_the_stop)
{
	static const enum node_end all[] = { NODE_END_NORMAL, NODE_END_SHUTDOWN, NODE_END_DONE,
		NODE_END_ABNORMAL, NODE_END_KILLED };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct spec *root = sup("r", SPEC_ONE_FOR_ONE, 0, actor("p", PERMANENT),
			significant("n", TRANSIENT), actor("t", TEMPORARY), actor("last", PERMANENT), NULL);
		root->auto_shutdown = SPEC_ANY_SIGNIFICANT;
		begin(root);
		stops("last", HANGS_STOPPING);
		terminate("/r");
		forget_log();
		ends("/r/p", all[i]);
		ends("/r/n", all[i]);
		ends("/r/t", all[i]);
		is("/r/p", NODE_STOPPED);
		ck_assert_int_eq(at("/r/p")->last_end, all[i]);
		ck_assert_int_eq(at("/r/n")->last_end, all[i]);
		is_gone("/r/t");
		ends("/r/last", all[i]);
		did("");
		has_ended(TREE_TERMINATED, "");
		ck_assert_int_eq(at("/r")->last_end, NODE_END_SHUTDOWN);
		finish();
	}
}
END_TEST

START_TEST(stopped_while_starting)
{
	starts("b", HANGS_STARTING, -1);
	begin(abc());
	forget_log();
	terminate("/r");
	did("-b -a");
	is("/r/c", NODE_STOPPED);
	ck_assert_uint_eq(at("/r/c")->incarnation, 0);
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

START_TEST(stopped_while_waiting)
{
	struct spec *root = abc();

	root->children[1]->backoff = (struct spec_backoff){ SEC, 2, SEC, 0, SEC };
	begin(root);
	crash("/r/b");
	stops("c", HANGS_STOPPING);
	forget_log();
	terminate("/r");
	is("/r/b", NODE_STOPPED); /* there is nothing to stop: it need not wait for its turn */
	pass(2 * SEC);
	did("-c");
	ends("/r/c", NODE_END_SHUTDOWN);
	did("-a");
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_ABNORMAL);
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

/* A supervisor that gives up while its parent begins to stop it: part of that stop. */
START_TEST(giving_up_meets_a_stop)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT),
		sup("s", SPEC_ONE_FOR_ONE, 0, actor("x", PERMANENT), actor("y", PERMANENT), NULL), NULL));
	stops("y", HANGS_STOPPING);
	crash("/r/s/x");
	is("/r/s", NODE_STOPPING);
	forget_log();
	terminate("/r");
	did("");
	ends("/r/s/y", NODE_END_SHUTDOWN);
	did("-a");
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("tree order");

	TEST_CASE(suite, "up", 30, nothing_starts_by_itself, root_must_be_a_supervisor,
		supervisor_without_children, each_is_ready_before_the_next,
		initial_failure_rolls_back_without_a_retry, initial_failure_deep_below_names_the_child,
		tree_that_failed_can_be_started_again, start_limit_kills, start_limit_on_a_restart_counts,
		ready_after_its_time_is_no_start, stop_after_the_start_limit, ignored_at_start,
		death_during_the_initial_start, giving_up_during_the_initial_start);
	TEST_CASE(suite, "down", 30, stops_in_reverse_one_at_a_time, kill_ladder, shutdown_kill_and_infinity,
		stop_during_a_start_ends_with_the_start_limit, stop_during_a_start_ends_with_the_stop_limit,
		ready_while_it_is_stopped_has_its_whole_shutdown_time,
		supervisor_with_a_limit_is_killed_with_all_below, supervisor_with_shutdown_kill,
		own_ends_during_the_stop, stopped_while_starting, stopped_while_waiting,
		giving_up_meets_a_stop);
	return suite;
}
