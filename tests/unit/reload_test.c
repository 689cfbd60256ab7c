/*
 * reload_test.c: a running tree is given a new version of its file: what is said to change, what is done about it, in which order,
 * and that nothing is changed if it cannot be done. Pools are in reload_pool_test.c.
 */
#include "reload_words.h"

/* --- what changes --- */

START_TEST(same_file_changes_nothing)
{
	begin_flat(FLAT(with_arg(program("a", "./a"), "file", "x"), PLAIN("b")));
	reload(FLAT(with_arg(program("a", "./a"), "file", "x"), PLAIN("b")), "");
	did("");
	settled();
	finish();
}
END_TEST

START_TEST(added_are_started_in_order)
{
	begin_flat(FLAT(PLAIN("b"), PLAIN("d")));
	starts("a", HANGS_STARTING, -1);
	reload(FLAT(PLAIN("a"), PLAIN("b"), PLAIN("c"), PLAIN("d")), "+ /r/a\n+ /r/c");
	did("+a");
	ck_assert(tree_reloading(fake.tree));
	ready("/r/a");
	did("+c");
	children_are("/r", "a b c d");
	settled();
	ck_assert_uint_eq(at("/r/b")->incarnation, 1);
	terminate("/r");
	did("-d -c -b -a");
	finish();
}
END_TEST

START_TEST(removed_stop_newest_first_and_are_forgotten)
{
	begin_flat(FLAT(PLAIN("a"), PLAIN("b"), PLAIN("c"), PLAIN("d")));
	stops("d", HANGS_STOPPING);
	reload(FLAT(PLAIN("c")), "- /r/d\n- /r/b\n- /r/a");
	did("-d");
	ck_assert(tree_reloading(fake.tree));
	ended(at("/r/d"), NODE_END_SHUTDOWN);
	run();
	did("-b -a");
	children_are("/r", "c");
	settled();
	ck_assert_str_eq(fake.gone, " d b a");
	finish();
}
END_TEST

START_TEST(new_program_is_a_restart)
{
	begin_flat(FLAT(program("a", "./a"), program("b", "./b")));
	starts("a", HANGS_STARTING, 1);
	reload(FLAT(program("a", "./a2"), program("b", "./b")), "! /r/a exec: ./a -> ./a2");
	did("-a +a");
	ck_assert(tree_reloading(fake.tree));
	ready("/r/a");
	ck_assert_uint_eq(at("/r/a")->incarnation, 2);
	ck_assert_uint_eq(at("/r/a")->restarts, 0);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	ck_assert_str_eq(at("/r/a")->spec->exec, "./a2");
	settled();
	finish();
}
END_TEST

START_TEST(numbers_change_in_place)
{
	struct spec *spec = with_shutdown(with_mailbox(program("a", "./a"), 7), 90 * SEC);

	begin_flat(FLAT(program("a", "./a")));
	spec->restart = SPEC_TRANSIENT;
	spec->backoff.factor = 1.5;
	spec->handler_timeout_ns = 250 * MS;
	spec->handler_cpu_timeout_ns = 50 * MS;
	spec->log = (struct spec_log){ 65536, 3, 0, 2000 };
	reload(FLAT(spec),
		"~ /r/a restart: permanent -> transient, shutdown: 5s -> 90s, handler_timeout: 0s -> 250ms, "
		"handler_cpu_timeout: 0s -> 50ms, mailbox: 1024 -> 7, backoff.factor: 2 -> 1.5, "
		"log.max_size: 1MB -> 64KiB, log.rate: 1000 -> 0");
	did("");
	settled();
	ends("/r/a", NODE_END_NORMAL);
	is("/r/a", NODE_STOPPED);
	finish();
}
END_TEST

START_TEST(faults_change_in_place)
{
	const struct spec_fault segv = { .fault = "segv", .at = "a.b:3" };
	struct spec *faulty = program("a", "./a");

	ck_assert_int_eq(spec_fault_add(faulty, &segv), TRACTOR_OK);
	begin_flat(FLAT(program("a", "./a")));
	reload(FLAT(faulty), "~ /r/a fault added: segv at a.b:3");
	did("");
	ck_assert_uint_eq(at("/r/a")->spec->fault_count, 1);
	reload(FLAT(program("a", "./a")), "~ /r/a fault removed: segv at a.b:3");
	did("");
	settled();
	finish();
}
END_TEST

START_TEST(arguments_and_environment)
{
	struct spec *was = with_arg(with_arg(program("a", "./a"), "x", "1"), "y", "2");
	struct spec *now = with_arg(with_arg(program("a", "./a"), "z", "3"), "x", "1");

	spec_pair_add(&was->env, "TOKEN", "secret");
	spec_pair_add(&now->env, "TOKEN", "other");
	begin_flat(FLAT(was, with_arg(with_arg(program("b", "./b"), "x", "1"), "y", "2")));
	/* The order of arguments means nothing. */
	reload(FLAT(now, with_arg(with_arg(program("b", "./b"), "y", "2"), "x", "1")),
		"! /r/a args.y: 2 -> (none), args.z: (none) -> 3, env.TOKEN: changed");
	did("-a +a");
	finish();
}
END_TEST

START_TEST(another_kind_is_another_child)
{
	begin_flat(FLAT(PLAIN("a"), PLAIN("b")));
	uint64_t id = at("/r/a")->id;
	stops("a", HANGS_STOPPING);
	reload(FLAT(sup("a", SPEC_ONE_FOR_ONE, 1, PLAIN("x"), NULL), PLAIN("b")), "- /r/a\n+ /r/a");
	did("-a");
	ended(tree_by_id(fake.tree, id), NODE_END_SHUTDOWN);
	run();
	did("+x");
	children_are("/r", "a b");
	is("/r/a", NODE_RUNNING);
	is("/r/a/x", NODE_RUNNING);
	ck_assert_ptr_null(tree_by_id(fake.tree, id));
	settled();
	finish();
}
END_TEST

START_TEST(whole_subtrees)
{
	begin_flat(FLAT(sup("s", SPEC_ONE_FOR_ONE, 1, PLAIN("x"), PLAIN("y"), NULL), PLAIN("b")));
	reload(FLAT(PLAIN("b"), sup("t", SPEC_REST_FOR_ONE, 1, PLAIN("v"), PLAIN("w"), NULL)),
		"- /r/s\n+ /r/t");
	did("-y -x +v +w");
	children_are("/r", "b t");
	settled();
	reload(FLAT(PLAIN("b"), sup("t", SPEC_ONE_FOR_ALL, 3, PLAIN("w"), PLAIN("u"), NULL)),
		"~ /r/t strategy: rest_for_one -> one_for_all, intensity: 1 -> 3\n- /r/t/v\n+ /r/t/u");
	did("-v +u");
	crash("/r/t/w");
	did("-u +w +u");
	finish();
}
END_TEST

/* --- order --- */

START_TEST(new_order_holds_later)
{
	begin_flat(FLAT(PLAIN("a"), PLAIN("b"), PLAIN("c")));
	reload(FLAT(PLAIN("c"), PLAIN("a"), PLAIN("b")), "");
	did("");
	children_are("/r", "c a b");
	terminate("/r");
	did("-b -a -c");
	ck_assert_int_eq(tree_start(fake.tree, tree_root(fake.tree)), TRACTOR_OK);
	run();
	did("+c +a +b");
	finish();
}
END_TEST

/* b was started after a, on which it may have relied: it stops first; from then on it is the other way round. */
START_TEST(stops_by_the_old_order_starts_by_the_new)
{
	begin_flat(FLAT(program("a", "./a"), program("x", "./x"), program("b", "./b"), program("c", "./c")));
	reload(FLAT(program("b", "./b2"), program("c", "./c2"), program("a", "./a2"), PLAIN("n")),
		"- /r/x\n! /r/b exec: ./b -> ./b2\n! /r/c exec: ./c -> ./c2\n! /r/a exec: ./a -> ./a2\n+ /r/n");
	did("-c -b -x -a +b +c +a +n");
	children_are("/r", "b c a n");
	settled();
	finish();
}
END_TEST

START_TEST(added_while_running_stay_behind)
{
	begin_flat(FLAT(PLAIN("a"), PLAIN("b")));
	add("/r", PLAIN("d1"));
	add("/r", PLAIN("d2"));
	did("+d1 +d2");
	reload(FLAT(PLAIN("b"), PLAIN("c")), "- /r/a\n+ /r/c");
	did("-a +c");
	children_are("/r", "b c d1 d2");
	add("/r", PLAIN("d3"));
	children_are("/r", "b c d1 d2 d3");
	did("+d3");
	finish();
}
END_TEST

START_TEST(the_file_takes_over_what_was_added)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 0, sup("s", SPEC_ONE_FOR_ONE, 0, PLAIN("a"), NULL), NULL));
	add("/r/s", PLAIN("d"));
	forget_log();
	reload(sup("r", SPEC_ONE_FOR_ONE, 5, sup("s", SPEC_ONE_FOR_ONE, 0, PLAIN("d"), PLAIN("a"), NULL),
		       NULL),
		"~ /r intensity: 0 -> 5\n~ /r/s/d is the file's now");
	did("");
	crash("/r/s/a"); /* the supervisor starts anew, with what is the file's */
	did("~s(a) -d +d +a");
	children_are("/r/s", "d a");
	finish();
}
END_TEST

/* --- who is not running --- */

START_TEST(stopped_by_hand_stays_stopped)
{
	begin_flat(FLAT(program("a", "./a"), PLAIN("b")));
	terminate("/r/a");
	forget_log();
	reload(FLAT(program("a", "./a2"), PLAIN("b")), "~ /r/a exec: ./a -> ./a2 (at its next start)");
	did("");
	is("/r/a", NODE_STOPPED);
	ck_assert_str_eq(at("/r/a")->spec->exec, "./a2");
	reload(FLAT(PLAIN("b")), "- /r/a");
	did("");
	is_gone("/r/a");
	settled();
	finish();
}
END_TEST

START_TEST(under_a_stopped_supervisor)
{
	begin_flat(FLAT(sup("s", SPEC_ONE_FOR_ONE, 1, program("x", "./x"), PLAIN("y"), NULL)));
	terminate("/r/s");
	forget_log();
	reload(FLAT(sup("s", SPEC_ONE_FOR_ONE, 1, PLAIN("n"), program("x", "./x2"), NULL)),
		"- /r/s/y\n+ /r/s/n\n~ /r/s/x exec: ./x -> ./x2 (at its next start)");
	did("");
	children_are("/r/s", "n x");
	settled();
	ck_assert_int_eq(tree_start(fake.tree, at("/r/s")), TRACTOR_OK);
	run();
	did("+n +x");
	finish();
}
END_TEST

START_TEST(a_changed_child_in_backoff_is_started_now)
{
	struct spec *spec = program("a", "./a");

	spec->backoff = (struct spec_backoff){ 20 * SEC, 1, 20 * SEC, 0, SEC };
	begin_flat(FLAT(spec));
	crash("/r/a");
	is("/r/a", NODE_WAITING);
	spec = program("a", "./a2");
	spec->backoff = (struct spec_backoff){ 20 * SEC, 1, 20 * SEC, 0, SEC };
	reload(FLAT(spec), "! /r/a exec: ./a -> ./a2");
	did("+a");
	settled();
	finish();
}
END_TEST

START_TEST(an_unchanged_child_in_backoff_keeps_waiting)
{
	struct spec *spec = program("a", "./a"), *same;

	spec->backoff = (struct spec_backoff){ 20 * SEC, 1, 20 * SEC, 0, SEC };
	same = spec_copy(spec);
	begin_flat(FLAT(spec));
	crash("/r/a");
	reload(FLAT(same, PLAIN("b")), "+ /r/b");
	did("+b");
	is("/r/a", NODE_WAITING);
	settled();
	pass(20 * SEC);
	did("+a");
	finish();
}
END_TEST

START_TEST(an_ended_temporary_child)
{
	struct spec *changed = with_mailbox(actor("t", SPEC_TEMPORARY), 3);

	begin_flat(FLAT(PLAIN("a"), actor("t", SPEC_TEMPORARY)));
	ends("/r/t", NODE_END_NORMAL);
	is_gone("/r/t");
	reload(FLAT(PLAIN("a"), actor("t", SPEC_TEMPORARY)), "");
	reload(FLAT(PLAIN("a"), changed), "~ /r/t mailbox: 1024 -> 3");
	did("");
	is_gone("/r/t");
	reload(FLAT(PLAIN("a"), PLAIN("t")), "+ /r/t");
	did("+t");
	reload(FLAT(PLAIN("a")), "- /r/t");
	did("-t");
	finish();
}
END_TEST

START_TEST(a_dry_run_remembers_nothing)
{
	struct spec *other = FLAT(PLAIN("x"), actor("t", SPEC_TEMPORARY));
	struct tree_plan plan;

	begin_flat(FLAT(PLAIN("a"), actor("t", SPEC_TEMPORARY)));
	size_t count = fake.tree->node_count;
	ends("/r/t", NODE_END_NORMAL);
	ck_assert_int_eq(tree_plan(fake.tree, tree_root(fake.tree), other, &plan), TRACTOR_OK);
	planned(&plan, "- /r/a\n+ /r/x");
	tree_plan_free(&plan);
	spec_free(other);
	reload(FLAT(PLAIN("a")), ""); /* which does not name t any more: no start brings it back */
	ck_assert_uint_eq(fake.tree->node_count, count - 1);
	finish();
}
END_TEST

START_TEST(below_a_temporary_supervisor_that_has_gone)
{
	struct spec *was = sup("s", SPEC_ONE_FOR_ONE, 0, PLAIN("x"), PLAIN("y"), NULL),
		    *now = sup("s", SPEC_ONE_FOR_ONE, 0, PLAIN("y"), PLAIN("z"), NULL);

	was->restart = now->restart = SPEC_TEMPORARY;
	begin(sup("r", SPEC_ONE_FOR_ALL, 5, PLAIN("a"), was, NULL));
	crash("/r/s/x");
	is_gone("/r/s");
	forget_log();
	reload(sup("r", SPEC_ONE_FOR_ALL, 5, PLAIN("a"), now, NULL), "+ /r/s/z");
	did("");
	is_gone("/r/s/z");
	terminate("/r");
	ck_assert_int_eq(tree_start(fake.tree, tree_root(fake.tree)), TRACTOR_OK);
	run();
	did("-a +a +y +z");
	finish();
}
END_TEST

/* --- supervisors' own --- */

START_TEST(intensity_goes_on_counting)
{
	begin_flat(sup("r", SPEC_ONE_FOR_ONE, 3, PLAIN("a"), NULL));
	crash("/r/a");
	crash("/r/a");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 2);
	forget_log();
	reload(sup("r", SPEC_ONE_FOR_ONE, 2, PLAIN("a"), NULL), "~ /r intensity: 3 -> 2");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 2);
	crash("/r/a");
	has_ended(TREE_GAVE_UP, "/r/a");
	finish();
}
END_TEST

START_TEST(a_longer_list_keeps_the_shorter)
{
	begin_flat(sup("r", SPEC_ONE_FOR_ONE, 1, PLAIN("a"), NULL));
	crash("/r/a");
	forget_log();
	reload(sup("r", SPEC_ONE_FOR_ONE, 2, PLAIN("a"), NULL), "~ /r intensity: 1 -> 2");
	crash("/r/a");
	is("/r/a", NODE_RUNNING);
	crash("/r/a");
	has_ended(TREE_GAVE_UP, "/r/a");
	finish();
}
END_TEST

/* A file with this crash policy: a program, and its argument or NULL. */
static struct spec *
judged_by(const char *program, const char *argument)
{
	struct spec *spec = FLAT(PLAIN("a"));

	spec->policy = SPEC_POLICY_EXEC;
	spec->policy_argv = calloc(3, sizeof(char *));
	spec->policy_argv[0] = strdup(program);
	if (argument != NULL)
		spec->policy_argv[1] = strdup(argument);
	return spec;
}

START_TEST(crash_policy_is_named)
{
	begin_flat(FLAT(PLAIN("a")));
	reload(judged_by("./policy", "-v"), "~ /r crash_policy: log -> exec ./policy -v");
	reload(judged_by("./policy", "-v"), "");
	reload(judged_by("./policy", "-q"), "~ /r crash_policy: exec ./policy -v -> exec ./policy -q");
	reload(judged_by("./policy", NULL), "~ /r crash_policy: exec ./policy -q -> exec ./policy");
	reload(judged_by("./policy", "-v"), "~ /r crash_policy: exec ./policy -> exec ./policy -v");
	reload(FLAT(PLAIN("a")), "~ /r crash_policy: exec ./policy -v -> log");
	finish();
}
END_TEST

/* --- what goes wrong --- */

START_TEST(one_that_does_not_start_stays_stopped)
{
	begin_flat(FLAT(PLAIN("a"), program("b", "./b")));
	starts("n", FAILS, -1);
	starts("b", FAILS, -1);
	reload(FLAT(PLAIN("a"), PLAIN("n"), program("b", "./b2"), PLAIN("o")),
		"+ /r/n\n! /r/b exec: ./b -> ./b2\n+ /r/o");
	did("-b +n +b +o");
	is("/r/n", NODE_STOPPED);
	ck_assert_int_eq(at("/r/n")->last_end, NODE_END_START_FAILED);
	is("/r/b", NODE_STOPPED);
	is("/r/o", NODE_RUNNING);
	settled();
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	starts("n", COMES_UP, -1);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/n")), TRACTOR_OK);
	run();
	is("/r/n", NODE_RUNNING);
	finish();
}
END_TEST

/* As if it had been in the file when that began: its start fails, and is tried again. */
START_TEST(one_that_does_not_start_below_a_supervisor_that_is_coming_up)
{
	begin_flat(sup("r", SPEC_ONE_FOR_ONE, 2, sup("s", SPEC_ONE_FOR_ONE, 0, PLAIN("x"), NULL), NULL));
	starts("x", HANGS_STARTING, 1);
	starts("n", FAILS, 1);
	crash("/r/s/x");
	did("~s(x) +x");
	reload(sup("r", SPEC_ONE_FOR_ONE, 2, sup("s", SPEC_ONE_FOR_ONE, 0, PLAIN("x"), PLAIN("n"), NULL),
		       NULL),
		"+ /r/s/n");
	did("");
	ready("/r/s/x");
	did("+n -x +x +n");
	is("/r/s", NODE_RUNNING);
	settled();
	finish();
}
END_TEST

START_TEST(refusals_change_nothing)
{
	struct spec *bad = FLAT(PLAIN("a"), PLAIN("a"), PLAIN("b"));

	begin_flat(FLAT(PLAIN("a")));
	reload_refused(bad, TRACTOR_EINVAL);
	reload_refused(sup("q", SPEC_ONE_FOR_ONE, 1, PLAIN("a"), NULL), TRACTOR_EINVAL);
	reload_refused(FLAT(PLAIN("a"), significant("b", SPEC_TRANSIENT)), TRACTOR_EINVAL);
	children_are("/r", "a");
	stops("a", HANGS_STOPPING);
	reload(FLAT(PLAIN("b")), "- /r/a\n+ /r/b");
	did("-a");
	reload_refused(FLAT(PLAIN("c")), TRACTOR_EEXIST);
	ended(at("/r/a"), NODE_END_SHUTDOWN);
	run();
	did("+b");
	stops("b", HANGS_STOPPING);
	terminate("/r");
	did("-b");
	reload_refused(FLAT(PLAIN("b")), TRACTOR_ECLOSED);
	pass(10 * SEC);
	forget_log();
	reload_refused(FLAT(PLAIN("b")), TRACTOR_ECLOSED);
	finish();
}
END_TEST

static uint64_t prepared_id;

static tractor_err
prepare_all_but_c(void *arg, struct node *node)
{
	(void)arg;
	if (strcmp(node->spec->name, "c") == 0)
		return TRACTOR_ENOMEM;
	node->shell = node;
	prepared_id = node->id;
	return TRACTOR_OK;
}

START_TEST(what_cannot_be_prepared_is_refused)
{
	struct tree_ops ops = fake_ops;
	struct spec *spec = FLAT(PLAIN("b"), sup("s", SPEC_ONE_FOR_ONE, 1, PLAIN("c"), NULL), PLAIN("d"));
	struct tree_plan plan;

	ops.prepare = prepare_all_but_c;
	ck_assert_int_eq(tree_new(FLAT(PLAIN("a")), &ops, NULL, 1, 1, &fake.tree), TRACTOR_OK);
	ck_assert_int_eq(tree_start(fake.tree, tree_root(fake.tree)), TRACTOR_OK);
	run();
	forget_log();
	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), spec, &plan), TRACTOR_ENOMEM);
	ck_assert_int_eq(fake.released, 1); /* b, which had been prepared */
	ck_assert_uint_eq(fake.tree->node_count, 2);
	ck_assert_uint_eq(fake.tree->timers.reserved, 3); /* one is the gate's */
	run();
	did("");
	children_are("/r", "a");
	spec_free(spec);
	spec = FLAT(PLAIN("a"), PLAIN("b"));
	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), spec, &plan), TRACTOR_OK);
	ck_assert_ptr_nonnull(at("/r/b")->shell);
	ck_assert_ptr_eq(tree_by_id(fake.tree, prepared_id), at("/r/b"));
	tree_plan_free(&plan);
	run();
	did("+b");
	finish();
}
END_TEST

START_TEST(a_crash_in_the_middle)
{
	begin_flat(sup("r", SPEC_ONE_FOR_ALL, 5, PLAIN("a"), program("b", "./b"), PLAIN("c"), NULL));
	stops("c", HANGS_STOPPING);
	reload(sup("r", SPEC_ONE_FOR_ALL, 5, PLAIN("n"), PLAIN("a"), program("b", "./b2"), NULL),
		"- /r/c\n+ /r/n\n! /r/b exec: ./b -> ./b2");
	did("-c");
	crash("/r/a");
	did("");
	ended(at("/r/c"), NODE_END_SHUTDOWN);
	run();
	did("-b +n +a +b");
	children_are("/r", "n a b");
	settled();
	finish();
}
END_TEST

START_TEST(nobody_waits_for_a_significant_child_that_goes)
{
	struct spec *was = FLAT(significant("a", SPEC_TRANSIENT), significant("b", SPEC_TRANSIENT)),
		    *now = FLAT(significant("a", SPEC_TRANSIENT));

	was->auto_shutdown = now->auto_shutdown = SPEC_ALL_SIGNIFICANT;
	begin_flat(was);
	stops("b", HANGS_STOPPING);
	reload(now, "- /r/b");
	did("-b");
	ends("/r/a", NODE_END_NORMAL);
	is("/r", NODE_STOPPING);
	ends("/r/b", NODE_END_SHUTDOWN);
	has_ended(TREE_AUTO_SHUTDOWN, "/r/a");
	finish();
}
END_TEST

START_TEST(the_tree_stops_in_the_middle)
{
	begin_flat(FLAT(PLAIN("a"), PLAIN("b")));
	stops("b", HANGS_STOPPING);
	reload(FLAT(PLAIN("a"), PLAIN("n")), "- /r/b\n+ /r/n");
	did("-b");
	terminate("/r");
	did("");
	ended(at("/r/b"), NODE_END_SHUTDOWN);
	run();
	did("-a");
	has_ended(TREE_TERMINATED, "");
	children_are("/r", "a n");
	settled();
	finish();
}
END_TEST

START_TEST(commands_meet_a_reload)
{
	struct spec *spec = FLAT(PLAIN("a"), PLAIN("n"));
	struct tree_plan plan;

	begin_flat(FLAT(PLAIN("a"), PLAIN("b")));
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/b")), TRACTOR_OK);
	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), spec, &plan), TRACTOR_OK);
	tree_plan_free(&plan);
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/b")), TRACTOR_ESTOPPED);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_ESTOPPED);
	ck_assert_int_eq(tree_remove(fake.tree, at("/r/b")), TRACTOR_ESTOPPED);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/n")), TRACTOR_EEXIST);
	terminate("/r/n");
	did("-b");
	is_gone("/r/b");
	is("/r/n", NODE_STOPPED);
	settled();
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("reload");

	TEST_CASE(suite, "changes", 10, same_file_changes_nothing, added_are_started_in_order,
		removed_stop_newest_first_and_are_forgotten, new_program_is_a_restart,
		numbers_change_in_place, faults_change_in_place, arguments_and_environment,
		another_kind_is_another_child, whole_subtrees);
	TEST_CASE(suite, "order", 10, new_order_holds_later, stops_by_the_old_order_starts_by_the_new,
		added_while_running_stay_behind, the_file_takes_over_what_was_added);
	TEST_CASE(suite, "not running", 10, stopped_by_hand_stays_stopped, under_a_stopped_supervisor,
		a_changed_child_in_backoff_is_started_now, an_unchanged_child_in_backoff_keeps_waiting,
		an_ended_temporary_child, a_dry_run_remembers_nothing,
		below_a_temporary_supervisor_that_has_gone);
	TEST_CASE(suite, "supervisors", 10, intensity_goes_on_counting, a_longer_list_keeps_the_shorter,
		crash_policy_is_named);
	TEST_CASE(suite, "what goes wrong", 10, one_that_does_not_start_stays_stopped,
		one_that_does_not_start_below_a_supervisor_that_is_coming_up, refusals_change_nothing,
		what_cannot_be_prepared_is_refused, a_crash_in_the_middle,
		nobody_waits_for_a_significant_child_that_goes, the_tree_stops_in_the_middle,
		commands_meet_a_reload);
	return suite;
}
