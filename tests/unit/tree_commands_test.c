/* tree_commands_test.c: what an operator wants of a running tree: start, terminate, kill, restart, add, remove. */
#include "tree_shapes.h"

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

/* So many supervisors, one below the other, and an actor at the bottom. */
static struct spec *
levels(int count)
{
	return sup("s", SPEC_ONE_FOR_ONE, 1, count > 1 ? levels(count - 1) : actor("a", PERMANENT), NULL);
}

START_TEST(add_as_deep_as_may_be)
{
	struct spec *deeper = levels(SPEC_DEPTH_MAX);
	struct node *node;

	begin(abc());
	forget_log();
	ck_assert_int_eq(tree_add(fake.tree, at("/r"), deeper, &node), TRACTOR_EINVAL);
	add("/r", levels(SPEC_DEPTH_MAX - 1));
	did("+a");
	spec_free(deeper);
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

Suite *
test_suite(void)
{
	Suite *suite = suite_create("tree commands");

	TEST_CASE(suite, "commands", 30, start_and_terminate, remove_only_what_is_stopped, remove_a_subtree,
		terminate_forgets_the_temporary, terminate_while_starting_and_waiting, hanging_restart_loop,
		hanging_restart_loop_rest_for_one, terminate_ends_only_the_restart_that_waits_for_it,
		failed_start_by_command_stays_stopped, restart_is_stop_and_start, restart_of_the_root,
		restart_ends_the_backoff, restart_keeps_the_temporary, kill_does_not_ask,
		nothing_more_is_due_of_who_is_killed, kill_of_a_supervisor_that_comes_down,
		kill_does_not_undo_a_remove, added_supervisor_that_gives_up_while_it_starts,
		add_to_a_supervisor, add_a_subtree, add_what_is_not_allowed, add_as_deep_as_may_be,
		add_that_does_not_start, add_a_subtree_that_does_not_start, terminate_what_was_just_added,
		commands_while_the_parent_is_down, commands_during_a_group_restart);
	return suite;
}
