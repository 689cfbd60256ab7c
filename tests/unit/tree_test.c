/* tree_test.c: coming up and going down in order, the kill ladder, pools, commands, stale events, questions. */
#include "fakeshell.h"

#define PERMANENT SPEC_PERMANENT
#define TRANSIENT SPEC_TRANSIENT
#define TEMPORARY SPEC_TEMPORARY

static struct spec *
abc(void)
{
	return sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), actor("b", PERMANENT),
		actor("c", PERMANENT), NULL);
}

static struct spec *
nested(void)
{
	return sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT),
		sup("s", SPEC_REST_FOR_ONE, 1, actor("x", PERMANENT),
			sup("u", SPEC_ONE_FOR_ALL, 1, actor("y", PERMANENT), NULL), actor("z", PERMANENT),
			NULL),
		actor("b", PERMANENT), NULL);
}

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

/* Pools. */

static void
begin_pool(enum spec_restart restart, unsigned intensity, int members)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), pool("p", restart, intensity), NULL));
	is("/r/p", NODE_RUNNING);
	for (int i = 1; i <= members; i++) {
		char name[16];
		snprintf(name, sizeof(name), "m%d", i);
		add_member("/r/p", name);
	}
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

/* Commands. */

START_TEST(start_and_terminate)
{
	begin(abc());
	forget_log();
	struct node *b = at("/r/b");
	ck_assert_int_eq(tree_start(fake.tree, b), TRACTOR_EEXIST);
	terminate("/r/b");
	did("-b");
	is("/r/b", NODE_STOPPED);
	terminate("/r/b"); /* idempotent */
	did("");
	ck_assert_int_eq(tree_start(fake.tree, b), TRACTOR_OK);
	ck_assert_int_eq(tree_start(fake.tree, b), TRACTOR_EEXIST);
	run();
	did("+b");
	ck_assert_uint_eq(b->incarnation, 2);
	ck_assert_uint_eq(b->restarts, 0);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	finish();
}
END_TEST

START_TEST(remove_only_what_is_stopped)
{
	begin(abc());
	struct node *b = at("/r/b");
	uint64_t id = b->id;
	ck_assert_int_eq(tree_remove(fake.tree, b), TRACTOR_EINVAL);
	ck_assert_int_eq(tree_remove(fake.tree, at("/r")), TRACTOR_EINVAL);
	terminate("/r/b");
	ck_assert_int_eq(tree_start(fake.tree, b), TRACTOR_OK);
	ck_assert_int_eq(tree_remove(fake.tree, b), TRACTOR_EINVAL); /* it is about to run */
	run();
	terminate("/r/b");
	ck_assert_int_eq(tree_remove(fake.tree, b), TRACTOR_OK);
	ck_assert_int_eq(tree_start(fake.tree, b), TRACTOR_ESTOPPED);
	run();
	is_gone("/r/b");
	ck_assert_ptr_null(tree_by_id(fake.tree, id));
	ck_assert_uint_gt(tree_next_id(fake.tree), id);
	ck_assert_int_eq(fake.released, 1);
	add("/r", actor("b", PERMANENT)); /* the name is free again */
	ck_assert_uint_gt(at("/r/b")->id, id);
	finish();
}
END_TEST

START_TEST(remove_a_subtree)
{
	begin(nested());
	terminate("/r/s");
	ck_assert_int_eq(tree_remove(fake.tree, at("/r/s")), TRACTOR_OK);
	run();
	is_gone("/r/s");
	is_gone("/r/s/u/y");
	ck_assert_str_eq(fake.gone, " z y u x s");
	ck_assert_int_eq(fake.released, 5);
	finish();
}
END_TEST

START_TEST(terminate_forgets_the_temporary)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("t", TEMPORARY), NULL));
	terminate("/r/t");
	is_gone("/r/t");
	add("/r", actor("t", TEMPORARY)); /* OTP case 29 */
	is("/r/t", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(terminate_while_starting_and_waiting)
{
	struct spec *root = abc();

	root->intensity = 5;
	root->children[0]->backoff = (struct spec_backoff){ SEC, 2, SEC, 0, SEC };
	begin(root);
	crash("/r/a");
	is("/r/a", NODE_WAITING);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/a")), TRACTOR_EEXIST);
	terminate("/r/a");
	is("/r/a", NODE_STOPPED);
	starts("b", HANGS_STARTING, 1);
	stops("b", HANGS_STOPPING);
	crash("/r/b");
	forget_log();
	terminate("/r/b");
	did("-b");
	pass(5 * SEC);
	did("!b");
	is("/r/b", NODE_STOPPED);
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

/* OTP case 80: the loop is bounded by nothing but the operator. */
START_TEST(hanging_restart_loop)
{
	struct spec *root =
		sup("r", SPEC_ONE_FOR_ONE, 1000, actor("a", PERMANENT), actor("b", PERMANENT), NULL);

	begin(root);
	starts("b", HANGS_STARTING, -1);
	crash("/r/b");
	for (int i = 0; i < 10; i++) {
		pass(5 * SEC);
		is("/r/b", NODE_STARTING);
		ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_EEXIST);
		ck_assert_int_eq(tree_remove(fake.tree, at("/r/b")), TRACTOR_EINVAL);
	}
	terminate("/r/b");
	is("/r/b", NODE_STOPPED);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
	run();
	terminate("/r");
	has_ended(TREE_TERMINATED, "");
	finish();
}
END_TEST

START_TEST(hanging_restart_loop_rest_for_one)
{
	begin(sup("r", SPEC_REST_FOR_ONE, 1000, actor("a", PERMANENT), actor("b", PERMANENT),
		actor("c", PERMANENT), NULL));
	starts("b", HANGS_STARTING, -1);
	crash("/r/b");
	pass(7 * SEC);
	is("/r/a", NODE_RUNNING);
	is("/r/b", NODE_STARTING);
	is("/r/c", NODE_WAITING);
	forget_log();
	terminate("/r/b"); /* c needs it */
	did("-b");
	is("/r/b", NODE_STOPPED);
	is("/r/c", NODE_STOPPED);
	finish();
}
END_TEST

/* What was to come for another reason than this restart comes. */
START_TEST(terminate_ends_only_the_restart_that_waits_for_it)
{
	struct spec *root = sup("r", SPEC_ONE_FOR_ALL, 9, actor("a", PERMANENT), actor("b", PERMANENT), NULL);

	root->children[0]->backoff = (struct spec_backoff){ SEC, 2, SEC, 0, SEC };
	begin(root);
	crash("/r/a");
	add("/r", actor("new", PERMANENT));
	is("/r/b", NODE_WAITING);
	is("/r/new", NODE_WAITING);
	forget_log();
	terminate("/r/a");
	did("+new");
	is("/r/a", NODE_STOPPED);
	is("/r/b", NODE_STOPPED);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
	run();
	is("/r/b", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(failed_start_by_command_stays_stopped)
{
	begin(abc());
	terminate("/r/b");
	starts("b", FAILS, 1);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
	run();
	is("/r/b", NODE_STOPPED);
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_START_FAILED);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(restart_is_stop_and_start)
{
	begin(nested());
	forget_log();
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/s")), TRACTOR_OK);
	run();
	did("-z -y -x +x +y +z");
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/a")), TRACTOR_OK);
	run();
	did("-a +a");
	ck_assert_uint_eq(at("/r/a")->restarts, 0);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	terminate("/r/a");
	forget_log();
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/a")), TRACTOR_OK);
	run();
	did("+a");
	finish();
}
END_TEST

START_TEST(restart_of_the_root)
{
	begin(abc());
	forget_log();
	ck_assert_int_eq(tree_restart(fake.tree, at("/r")), TRACTOR_OK);
	run();
	did("-c -b -a +a +b +c");
	ck_assert(!tree_ended(fake.tree));
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(restart_ends_the_backoff)
{
	struct spec *root = abc();

	root->children[1]->backoff = (struct spec_backoff){ 60 * SEC, 2, 60 * SEC, 0, SEC };
	begin(root);
	crash("/r/b");
	forget_log();
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/b")), TRACTOR_OK);
	run();
	did("+b");
	is("/r/b", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(restart_keeps_the_temporary)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("t", TEMPORARY), NULL));
	uint64_t id = at("/r/t")->id;
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/t")), TRACTOR_OK);
	run();
	is("/r/t", NODE_RUNNING);
	ck_assert_uint_eq(at("/r/t")->id, id);
	finish();
}
END_TEST

/* At once: nobody is asked first. */
START_TEST(kill_does_not_ask)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT),
		sup("s", SPEC_ONE_FOR_ONE, 1, actor("x", PERMANENT), pool("p", PERMANENT, 1),
			actor("z", PERMANENT), NULL),
		NULL));
	add_member("/r/s/p", "m1");
	add_member("/r/s/p", "m2");
	forget_log();
	stops("z", HANGS_DYING);
	tree_kill(fake.tree, at("/r/s"));
	run();
	did("!z !m2 !m1 !x");
	is("/r/s", NODE_STOPPING);
	ends("/r/s/z", NODE_END_KILLED);
	is("/r/s", NODE_STOPPED);
	ck_assert_int_eq(at("/r/s")->last_end, NODE_END_KILLED);
	tree_kill(fake.tree, at("/r/a"));
	run();
	did("!a");
	is("/r/a", NODE_STOPPED);
	ck_assert_int_eq(tree_next_ns(fake.tree), INT64_MAX);
	finish();
}
END_TEST

/* Nothing is left to wait for but its end: the rest of its patience is no reason to run. */
START_TEST(nothing_more_is_due_of_who_is_killed)
{
	begin(abc());
	stops("b", HANGS_DYING);
	terminate("/r/b");
	tree_kill(fake.tree, at("/r/b"));
	run();
	ck_assert_int_eq(tree_next_ns(fake.tree), INT64_MAX);
	ends("/r/b", NODE_END_KILLED);
	starts("b", HANGS_STARTING, 1);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
	pass(5 * SEC);
	forget_log();
	terminate("/r/b");
	did("");
	ck_assert_int_eq(tree_next_ns(fake.tree), INT64_MAX);
	ends("/r/b", NODE_END_KILLED);
	finish();
}
END_TEST

/* It comes down by itself and is killed by command meanwhile: its supervisor does nothing about that. */
START_TEST(kill_of_a_supervisor_that_comes_down)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 0,
		sup("s", SPEC_ONE_FOR_ONE, 0, actor("x", PERMANENT), actor("y", PERMANENT), NULL), NULL));
	stops("x", HANGS_STOPPING);
	crash("/r/s/y");
	is("/r/s", NODE_STOPPING);
	tree_kill(fake.tree, at("/r/s"));
	run();
	is("/r/s", NODE_STOPPED);
	is("/r", NODE_RUNNING);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	finish();
}
END_TEST

/* What tree_remove() said it would do is done. */
START_TEST(kill_does_not_undo_a_remove)
{
	begin(abc());
	terminate("/r/b");
	ck_assert_int_eq(tree_remove(fake.tree, at("/r/b")), TRACTOR_OK);
	tree_kill(fake.tree, at("/r/b"));
	run();
	is_gone("/r/b");
	terminate("/r/c");
	tree_kill(fake.tree, at("/r/c"));
	ck_assert_int_eq(tree_remove(fake.tree, at("/r/c")), TRACTOR_OK);
	run();
	is_gone("/r/c");
	finish();
}
END_TEST

/* OTP hears of the death after the start, which was well: what was added is kept, as its type has it. */
START_TEST(added_supervisor_that_gives_up_while_it_starts)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 0, actor("x", PERMANENT), actor("y", PERMANENT), NULL);

	s->restart = TRANSIENT;
	begin(abc());
	starts("y", HANGS_STARTING, 1);
	add("/r", s);
	crash("/r/s/x");
	is("/r/s", NODE_STOPPED);
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(add_to_a_supervisor)
{
	struct node *node;

	begin(abc());
	forget_log();
	add("/r", actor("d", PERMANENT));
	did("+d");
	ck_assert_ptr_eq(at("/r")->children[3], at("/r/d"));
	struct spec *again = actor("d", PERMANENT);
	ck_assert_int_eq(tree_add(fake.tree, at("/r"), again, &node), TRACTOR_EEXIST);
	ck_assert_int_eq(tree_add(fake.tree, at("/r/a"), again, &node), TRACTOR_EINVAL);
	spec_free(again);
	crash("/r/d");
	did("+d");
	terminate("/r/d");
	is("/r/d", NODE_STOPPED);
	terminate("/r");
	is_gone("/r/d");
	again = actor("e", PERMANENT);
	ck_assert_int_eq(tree_add(fake.tree, at("/r"), again, &node), TRACTOR_ECLOSED);
	spec_free(again);
	finish();
}
END_TEST

START_TEST(add_a_subtree)
{
	begin(abc());
	forget_log();
	add("/r", nested());
	did("+a +x +y +z +b");
	is("/r/r/s/u/y", NODE_RUNNING);
	crash("/r/r/s/u/y");
	did("+y");
	finish();
}
END_TEST

START_TEST(add_what_is_not_allowed)
{
	struct node *node;
	struct spec *deep = nested(), *at_bottom = deep;

	begin(abc());
	struct spec *bad = significant("x", TRANSIENT);
	ck_assert_int_eq(tree_add(fake.tree, at("/r"), bad, &node), TRACTOR_EINVAL);
	spec_free(bad);
	bad = actor("no/name", PERMANENT);
	ck_assert_int_eq(tree_add(fake.tree, at("/r"), bad, &node), TRACTOR_EINVAL);
	spec_free(bad);
	for (int i = 0; i < SPEC_DEPTH_MAX - 1; i++) {
		struct spec *s = sup("deeper", SPEC_ONE_FOR_ONE, 1, NULL);
		ck_assert_int_eq(spec_add(at_bottom, s), TRACTOR_OK);
		at_bottom = s;
	}
	ck_assert_uint_eq(spec_check(deep, NULL, NULL), 0);
	ck_assert_int_eq(tree_add(fake.tree, at("/r"), deep, &node), TRACTOR_EINVAL);
	spec_free(deep);
	finish();
}
END_TEST

/* OTP case 10. */
START_TEST(add_that_does_not_start)
{
	begin(abc());
	starts("d", FAILS, -1);
	starts("e", FAILS_FOR_GOOD, -1);
	starts("f", IGNORES, -1);
	starts("g", IGNORES, -1);
	add("/r", actor("d", PERMANENT));
	add("/r", actor("e", PERMANENT));
	add("/r", actor("f", PERMANENT));
	add("/r", actor("g", TEMPORARY));
	ck_assert_str_eq(fake.gone, " d e g");
	is("/r/f", NODE_STOPPED);
	ck_assert_uint_eq(at("/r")->child_count, 4);
	finish();
}
END_TEST

START_TEST(add_a_subtree_that_does_not_start)
{
	begin(abc());
	forget_log();
	starts("y", FAILS, -1);
	add("/r", sup("s", SPEC_ONE_FOR_ONE, 9, actor("x", PERMANENT), actor("y", PERMANENT), NULL));
	did("+x +y -x");
	is_gone("/r/s");
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(terminate_what_was_just_added)
{
	struct node *node;

	begin(sup("r", SPEC_ONE_FOR_ONE, 1, pool("p", PERMANENT, 1), NULL));
	ck_assert_int_eq(
		tree_add(fake.tree, at("/r/p"), spec_member(at("/r/p")->spec, "m"), &node), TRACTOR_OK);
	ck_assert_int_eq(tree_terminate(fake.tree, node), TRACTOR_OK);
	run();
	did("");
	is_gone("/r/p/m");
	ck_assert_int_eq(
		tree_add(fake.tree, at("/r/p"), spec_member(at("/r/p")->spec, "m"), &node), TRACTOR_OK);
	ck_assert_int_eq(tree_terminate(fake.tree, at("/r")), TRACTOR_OK);
	run();
	has_ended(TREE_TERMINATED, "");
	is_gone("/r/p/m");
	finish();
}
END_TEST

START_TEST(commands_while_the_parent_is_down)
{
	begin(nested());
	terminate("/r/s");
	ck_assert_int_eq(tree_start(fake.tree, at("/r/s/x")), TRACTOR_ECLOSED);
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/s/x")), TRACTOR_ECLOSED);
	ck_assert_int_eq(tree_terminate(fake.tree, at("/r/s/x")), TRACTOR_OK);
	run();
	ck_assert_int_eq(tree_start(fake.tree, at("/r/s")), TRACTOR_OK);
	run();
	is("/r/s/x", NODE_RUNNING);
	finish();
}
END_TEST

/* A command in the middle of a group's restart takes its turn in it. */
START_TEST(commands_during_a_group_restart)
{
	begin(sup("r", SPEC_ONE_FOR_ALL, 5, actor("a", PERMANENT), actor("b", PERMANENT),
		actor("c", PERMANENT), NULL));
	stops("c", HANGS_STOPPING);
	crash("/r/a");
	terminate("/r/b"); /* not stopped before its turn, and not started again */
	is("/r/b", NODE_RUNNING);
	add("/r", actor("d", PERMANENT));
	is("/r/d", NODE_WAITING);
	forget_log();
	ends("/r/c", NODE_END_SHUTDOWN);
	did("-b +a +c +d");
	is("/r/b", NODE_STOPPED);
	finish();
}
END_TEST

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
	TEST_CASE(suite, "pools", 30, pool_restarts_only_the_dead, pool_members_of_every_type,
		pool_stops_in_parallel, pool_ignored_on_restart, pool_start_errors, pool_is_bounded,
		pool_takes_actors_only, pool_failing_restarts_escalate);
	TEST_CASE(suite, "commands", 30, start_and_terminate, remove_only_what_is_stopped, remove_a_subtree,
		terminate_forgets_the_temporary, terminate_while_starting_and_waiting, hanging_restart_loop,
		hanging_restart_loop_rest_for_one, terminate_ends_only_the_restart_that_waits_for_it,
		failed_start_by_command_stays_stopped, restart_is_stop_and_start, restart_of_the_root,
		restart_ends_the_backoff, restart_keeps_the_temporary, kill_does_not_ask,
		nothing_more_is_due_of_who_is_killed, kill_of_a_supervisor_that_comes_down,
		kill_does_not_undo_a_remove, added_supervisor_that_gives_up_while_it_starts,
		add_to_a_supervisor, add_a_subtree, add_what_is_not_allowed, add_that_does_not_start,
		add_a_subtree_that_does_not_start, terminate_what_was_just_added,
		commands_while_the_parent_is_down, commands_during_a_group_restart);
	TEST_CASE(suite, "events", 30, stale_incarnations_are_dropped, ready_behind_its_own_end_is_dropped,
		terminate_and_death_cross);
	TEST_CASE(suite, "questions", 30, finds_nodes, names_of_things, would_of_a_start, next_time,
		time_does_not_go_back, empty_tree_is_freed);
	TCase *bugs = tcase_create("bugs");
	tcase_add_test_raise_signal(bugs, two_ends_of_one_incarnation_are_a_bug, 6);
	suite_add_tcase(suite, bugs);
	return suite;
}
