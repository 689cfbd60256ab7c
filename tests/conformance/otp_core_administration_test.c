/*
 * otp_core_administration_test.c: OTP's API cases: start_child, terminate_child, restart_child, delete_child, which_children and
 * count_children, with the error of each where it can't be; here tree_add, tree_terminate, tree_start, tree_remove, tree_find.
 *
 * OTP's errors in ours: already_started, already_present, running and restarting are TRACTOR_EEXIST of add and start (which of them it is,
 * the node's state says) and TRACTOR_EINVAL of remove; not_found is a path or id that names no node; noproc is TRACTOR_ECLOSED.
 */
#include "otp_core.h"

/* restart_child, delete_child or start_child is refused, because of what state the child is in. */
static void
is_refused_while(const char *path, enum node_state state)
{
	is(path, state);
	ck_assert_int_eq(tree_start(fake.tree, at(path)), TRACTOR_EEXIST);
	ck_assert_int_eq(tree_remove(fake.tree, at(path)), TRACTOR_EINVAL);
	add_is_refused("/r", actor(at(path)->spec->name, PERMANENT), TRACTOR_EEXIST);
	is(path, state);
}

START_TEST(child_adm)
{
	begin(sup("r", ONE_FOR_ONE, 2, actor("a", PERMANENT), NULL));
	counts("/r", 1, 1, 0, 1);
	is_refused_while("/r/a", NODE_RUNNING);
	is_gone("/r/hej");

	terminate("/r/a");
	reasons("a:shutdown");
	children("/r", "a stopped");
	counts("/r", 1, 0, 0, 1);
	terminate("/r/a"); /* as if it did something */
	add_is_refused("/r", actor("a", PERMANENT), TRACTOR_EEXIST);

	start_child("/r/a");
	counts("/r", 1, 1, 0, 1);
	is_refused_while("/r/a", NODE_RUNNING);

	terminate("/r/a");
	delete_child("/r/a");
	children("/r", "");
	counts("/r", 0, 0, 0, 0);
	add("/r", actor("a", PERMANENT));
	children("/r", "a running");
	counts("/r", 1, 1, 0, 1);
	ck_assert_int_eq(tree_next_ns(fake.tree), INT64_MAX); /* idle: there is nothing to wake up for */

	shut_down();
	add_is_refused("/r", actor("b", PERMANENT), TRACTOR_ECLOSED);
	finish();
}
END_TEST

/* restarting: in a backoff, and in an attempt. */
START_TEST(child_adm_restarting)
{
	struct spec *a = actor("a", PERMANENT);

	a->backoff = (struct spec_backoff){ SEC, 2, SEC, 0, SEC };
	begin(sup("r", ONE_FOR_ONE, 2, a, NULL));
	starts("a", HANGS_STARTING, -1);
	crash("/r/a");
	is_refused_while("/r/a", NODE_WAITING);
	pass(SEC);
	is_refused_while("/r/a", NODE_STARTING);
	counts("/r", 1, 0, 0, 1);
	finish();
}
END_TEST

START_TEST(child_adm_simple)
{
	begin(sup("r", ONE_FOR_ONE, 2, pool("p", PERMANENT, 2), pool("q", PERMANENT, 2), NULL));
	children("/r/p", "");
	counts("/r/p", 1, 0, 0, 0);
	add_members("/r/p", 2);
	children("/r/p", "m1 running, m2 running");
	counts("/r/p", 1, 2, 0, 2);
	add_members("/r/q", 1);

	struct node *m1 = at("/r/p/m1");
	uint64_t id = m1->id;
	ck_assert_int_eq(tree_start(fake.tree, m1), TRACTOR_EEXIST);
	ck_assert_int_eq(tree_remove(fake.tree, m1), TRACTOR_EINVAL);
	ck_assert_int_eq(tree_terminate(fake.tree, m1), TRACTOR_OK);
	ck_assert_int_eq(tree_terminate(fake.tree, m1), TRACTOR_OK);
	run();
	ck_assert_ptr_null(tree_by_id(fake.tree, id)); /* once it is gone there is nothing to terminate */
	children("/r/p", "m2 running");
	counts("/r/p", 1, 1, 0, 1);

	/* Another pool's member is not p's, whatever its name. */
	is_gone("/r/p/m1");
	children("/r/q", "m1 running");
	reasons("m1:shutdown");
	finish();
}
END_TEST

/* What the supervisor carries without looking at it: the shell's own, and the child's arguments. */
START_TEST(extra_return)
{
	int extra;
	struct spec *a = actor("a", PERMANENT);

	ck_assert_int_eq(spec_pair_add(&a->args, "extra", "return"), TRACTOR_OK);
	begin(sup("r", ONE_FOR_ONE, 2, a, NULL));
	at("/r/a")->shell = &extra;
	crash("/r/a");
	terminate("/r/a");
	counts("/r", 1, 0, 0, 1);
	start_child("/r/a");
	counts("/r", 1, 1, 0, 1);
	ck_assert_ptr_eq(at("/r/a")->shell, &extra);
	ck_assert_str_eq(spec_pair_get(&at("/r/a")->spec->args, "extra"), "return");
	terminate("/r/a");
	delete_child("/r/a");
	ck_assert_int_eq(fake.released, 1);
	counts("/r", 0, 0, 0, 0);
	finish();
}
END_TEST

START_TEST(count_children)
{
	struct spec *p = pool("p", TEMPORARY, 2);

	p->pool_max = 2000;
	begin(sup("r", ONE_FOR_ONE, 2, p, NULL));
	add_members("/r/p", 1000);
	counts("/r/p", 1, 1000, 0, 1000);
	ck_assert_uint_eq(at("/r/p")->child_count, 1000);
	for (int i = 1001; i <= 2000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "m%d", i);
		add_member("/r/p", name);
	}
	counts("/r/p", 1, 2000, 0, 2000);
	while (at("/r/p")->child_count > 0)
		node_ends(at("/r/p")->children[0], NODE_END_KILLED);
	counts("/r/p", 1, 0, 0, 0);
	counts("/r", 1, 1, 1, 0);
	finish();
}
END_TEST

/* A pool has actors only: the supervisors are temporary children of a supervisor. */
START_TEST(count_children_supervisor)
{
	char name[16];

	begin(sup("r", ONE_FOR_ONE, 2, NULL));
	for (int i = 1; i <= 2000; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		add("/r", restart_of(sup(name, ONE_FOR_ONE, 0, NULL), TEMPORARY));
		if (i == 1000)
			counts("/r", 1000, 1000, 1000, 0);
	}
	counts("/r", 2000, 2000, 2000, 0);
	while (at("/r")->child_count > 0) {
		tree_kill(fake.tree, at("/r")->children[0]);
		run();
	}
	counts("/r", 0, 0, 0, 0);
	finish();
}
END_TEST

START_TEST(count_restarting_children)
{
	struct spec *p = shutdown_of(pool("p", PERMANENT, 20), SPEC_SHUTDOWN_KILL);

	p->period_ns = 10 * SEC;
	p->start_timeout_ns = 2 * SEC;
	begin(sup("r", ONE_FOR_ONE, 1, p, NULL));
	add_members("/r/p", 3);
	counts("/r/p", 1, 3, 0, 3);
	for (int i = 0; i < 3; i++)
		node_ends(at("/r/p")->children[i], NODE_END_ABNORMAL);
	counts("/r/p", 1, 3, 0, 3);

	starts("m1", HANGS_STARTING, -1);
	starts("m2", HANGS_STARTING, -1);
	crash("/r/p/m1");
	crash("/r/p/m2");
	pass(4 * SEC);
	children("/r/p", "m1 starting, m2 starting, m3 running");
	counts("/r/p", 1, 1, 0, 3);
	starts("m1", COMES_UP, -1);
	starts("m2", COMES_UP, -1);
	pass(4 * SEC);
	children("/r/p", "m1 running, m2 running, m3 running");
	counts("/r/p", 1, 3, 0, 3);

	terminate("/r/p/m3");
	counts("/r/p", 1, 2, 0, 2);
	terminate("/r/p/m1");
	terminate("/r/p/m2");
	counts("/r/p", 1, 0, 0, 0);
	finish();
}
END_TEST

/* A name leads to its actor again after each way of losing it: the address stays, only the incarnation is another. */
static void
found_again(const char *path, uint64_t id, uint32_t incarnation)
{
	ck_assert_uint_eq(at(path)->id, id);
	ck_assert_uint_eq(at(path)->incarnation, incarnation);
	is(path, NODE_RUNNING);
}

START_TEST(simple_global_supervisor)
{
	const char *path = "/r/s/server";

	begin(period_of(
		sup("r", ONE_FOR_ALL, 3,
			period_of(sup("s", ONE_FOR_ALL, 3, actor("server", PERMANENT), NULL), 60 * SEC),
			NULL),
		60 * SEC));
	uint64_t id = at(path)->id;
	crash_with(path, NODE_VERDICT_ESCALATE, 0); /* its supervisor has no process to kill: it gives up */
	found_again(path, id, 2);
	ck_assert_uint_eq(at("/r/s")->incarnation, 2);
	ends(path, NODE_END_KILLED);
	found_again(path, id, 3);
	ends(path, NODE_END_NORMAL);
	found_again(path, id, 4);
	terminate(path);
	start_child(path);
	found_again(path, id, 5);
	finish();
}
END_TEST

/* 8 restarts in 10 s, and each attempt hangs for 2 s: the loop would never end by itself. */
static struct spec *
hangs_for_2s(struct spec *spec)
{
	spec->shutdown_ns = SPEC_SHUTDOWN_KILL;
	spec->start_timeout_ns = 2 * SEC;
	return spec;
}

static void
hang_in_restart_loop(const char *path)
{
	uint32_t incarnation = at(path)->incarnation;

	starts(at(path)->spec->name, HANGS_STARTING, -1);
	crash(path);
	pass(21 * SEC);
	is(path, NODE_STARTING);
	ck_assert_uint_eq(at(path)->incarnation, incarnation + 11);
}

START_TEST(hanging_restart_loop)
{
	begin(period_of(sup("r", ONE_FOR_ONE, 8, NULL), 10 * SEC));
	add("/r", hangs_for_2s(actor("a", PERMANENT)));
	hang_in_restart_loop("/r/a");
	is_refused_while("/r/a", NODE_STARTING);
	counts("/r", 1, 0, 0, 1);
	terminate("/r/a");
	children("/r", "a stopped");

	starts("a", COMES_UP, -1);
	start_child("/r/a");
	children("/r", "a running");
	hang_in_restart_loop("/r/a");
	shut_down();
	finish();
}
END_TEST

START_TEST(hanging_restart_loop_rest_for_one)
{
	begin(period_of(sup("r", REST_FOR_ONE, 8, actor("a", PERMANENT), hangs_for_2s(actor("b", PERMANENT)),
				actor("c", PERMANENT), NULL),
		10 * SEC));
	hang_in_restart_loop("/r/b");
	is_refused_while("/r/b", NODE_STARTING);
	children("/r", "a running, b starting, c waiting");
	counts("/r", 3, 1, 0, 3);
	terminate("/r/b");
	children("/r", "a running, b stopped, c stopped");

	starts("b", COMES_UP, -1);
	start_child("/r/b");
	children("/r", "a running, b running, c stopped");
	hang_in_restart_loop("/r/b");
	shut_down();
	ck_assert_uint_eq(at("/r/a")->incarnation, 1);
	finish();
}
END_TEST

START_TEST(hanging_restart_loop_simple)
{
	begin(sup("r", ONE_FOR_ONE, 2, period_of(hangs_for_2s(pool("p", PERMANENT, 8)), 10 * SEC), NULL));
	add_members("/r/p", 1);
	hang_in_restart_loop("/r/p/m1");
	ck_assert_int_eq(tree_start(fake.tree, at("/r/p/m1")), TRACTOR_EEXIST);
	ck_assert_int_eq(tree_remove(fake.tree, at("/r/p/m1")), TRACTOR_EINVAL);
	children("/r/p", "m1 starting");
	counts("/r/p", 1, 0, 0, 1);
	terminate("/r/p/m1");
	children("/r/p", "");

	starts("m1", COMES_UP, -1);
	add_members("/r/p", 1);
	hang_in_restart_loop("/r/p/m1");
	shut_down();
	finish();
}
END_TEST

START_TEST(which_children)
{
	begin(sup("r", ONE_FOR_ONE, 2, NULL));
	children("/r", "");
	add("/r", actor("a", PERMANENT));
	add("/r", sup("s", ONE_FOR_ONE, 1, NULL));
	children("/r", "a running, s running");
	counts("/r", 2, 2, 1, 1);
	ck_assert_int_eq(at("/r/a")->spec->kind, SPEC_ACTOR);
	ck_assert_int_eq(at("/r/s")->spec->kind, SPEC_SUPERVISOR);
	terminate("/r/a");
	children("/r", "a stopped, s running");
	delete_child("/r/a");
	children("/r", "s running");
	is_gone("/r/a");
	finish();
}
END_TEST

START_TEST(which_children_simple_one_for_one)
{
	begin(sup("r", ONE_FOR_ONE, 2, pool("p", TEMPORARY, 2), NULL));
	add_members("/r/p", 2);
	uint64_t id = at("/r/p/m2")->id;
	ck_assert_ptr_eq(tree_by_id(fake.tree, id), at("/r/p/m2"));
	ck_assert_ptr_null(tree_by_id(fake.tree, tree_next_id(fake.tree)));
	is_gone("m2"); /* a name alone is no path */
	terminate("/r/p/m2");
	ck_assert_ptr_null(tree_by_id(fake.tree, id));
	is_gone("/r/p/m2");
	children("/r/p", "m1 running");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: administration");

	TEST_CASE(suite, "api", 30, child_adm, child_adm_restarting, child_adm_simple, extra_return,
		which_children, which_children_simple_one_for_one, simple_global_supervisor);
	TEST_CASE(suite, "count_children", 60, count_children, count_children_supervisor,
		count_restarting_children);
	TEST_CASE(suite, "restart loops", 30, hanging_restart_loop, hanging_restart_loop_rest_for_one,
		hanging_restart_loop_simple);
	return suite;
}
