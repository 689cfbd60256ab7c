/* strategy_test.c: what follows from a death: restart types, strategies, intensity. */
#include "tree_shapes.h"

static void
note_companion(void *arg, const struct node *sibling)
{
	strcat(arg, sibling->path);
}

/* Whom a restart takes along is known before it is made. */
START_TEST(companions_of_a_restart)
{
	static const struct {
		enum spec_strategy strategy;
		const char *of_a, *of_b;
	} cases[] = {
		{ SPEC_ONE_FOR_ONE, "", "" },
		{ SPEC_ONE_FOR_ALL, "/r/b/r/c", "/r/a/r/c" },
		{ SPEC_REST_FOR_ONE, "/r/b/r/c", "/r/c" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char of_a[64] = "", of_b[64] = "", of_root[64] = "";
		begin_abc(cases[i].strategy, 1);
		tree_companions(at("/r/a"), note_companion, of_a);
		tree_companions(at("/r/b"), note_companion, of_b);
		tree_companions(at("/r"), note_companion, of_root);
		ck_assert_str_eq(of_a, cases[i].of_a);
		ck_assert_str_eq(of_b, cases[i].of_b);
		ck_assert_str_eq(of_root, "");
		finish();
	}
}
END_TEST

/* Restart types: OTP cases 24 to 33. */

static const struct type_case {
	enum spec_restart type;
	enum node_end end;
	enum node_state then; /* RUNNING: restarted */
} type_cases[] = {
	{ SPEC_PERMANENT, NODE_END_NORMAL, NODE_RUNNING },
	{ SPEC_PERMANENT, NODE_END_SHUTDOWN, NODE_RUNNING },
	{ SPEC_PERMANENT, NODE_END_DONE, NODE_RUNNING },
	{ SPEC_PERMANENT, NODE_END_ABNORMAL, NODE_RUNNING },
	{ SPEC_PERMANENT, NODE_END_KILLED, NODE_RUNNING },
	{ SPEC_PERMANENT, NODE_END_PERMANENT_FAILURE, NODE_STOPPED },
	{ SPEC_TRANSIENT, NODE_END_NORMAL, NODE_STOPPED },
	{ SPEC_TRANSIENT, NODE_END_SHUTDOWN, NODE_STOPPED },
	{ SPEC_TRANSIENT, NODE_END_DONE, NODE_STOPPED },
	{ SPEC_TRANSIENT, NODE_END_ABNORMAL, NODE_RUNNING },
	{ SPEC_TRANSIENT, NODE_END_KILLED, NODE_RUNNING },
	{ SPEC_TRANSIENT, NODE_END_PERMANENT_FAILURE, NODE_STOPPED },
	{ SPEC_TEMPORARY, NODE_END_NORMAL, NODE_GONE },
	{ SPEC_TEMPORARY, NODE_END_SHUTDOWN, NODE_GONE },
	{ SPEC_TEMPORARY, NODE_END_DONE, NODE_GONE },
	{ SPEC_TEMPORARY, NODE_END_ABNORMAL, NODE_GONE },
	{ SPEC_TEMPORARY, NODE_END_KILLED, NODE_GONE },
	{ SPEC_TEMPORARY, NODE_END_PERMANENT_FAILURE, NODE_GONE },
};

START_TEST(restart_types)
{
	const struct type_case *c = &type_cases[_i];

	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", c->type), actor("b", PERMANENT), NULL));
	did("+a +b");
	struct node *node = at("/r/a");
	ck_assert_str_eq(tree_would(fake.tree, node, c->end, fake.now_ns),
		c->then == NODE_RUNNING ? "restart" : "stop");
	ends("/r/a", c->end);
	if (c->then == NODE_GONE) {
		is_gone("/r/a");
	} else {
		is("/r/a", c->then);
		ck_assert_int_eq(node->last_end, c->end);
	}
	did(c->then == NODE_RUNNING ? "+a" : "");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), c->then == NODE_RUNNING);
	is("/r/b", NODE_RUNNING);
	finish();
}
END_TEST

/* One for one. */

/* Not needed, says who is being killed because its time is over: too late, and tree_would() knows. */
START_TEST(would_of_what_is_said_too_late)
{
	begin_abc(SPEC_ONE_FOR_ONE, 5);
	starts("b", HANGS_STARTING, 1);
	stops("b", HANGS_DYING);
	crash("/r/b");
	ck_assert_str_eq(tree_would(fake.tree, at("/r/b"), NODE_END_IGNORED, fake.now_ns), "stop");
	pass(5 * SEC);
	ck_assert_str_eq(tree_would(fake.tree, at("/r/b"), NODE_END_IGNORED, fake.now_ns), "restart");
	ends("/r/b", NODE_END_IGNORED);
	is("/r/b", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(one_for_one_restarts_only_the_dead)
{
	begin_abc(SPEC_ONE_FOR_ONE, 1);
	crash("/r/b");
	did("+b");
	ck_assert_uint_eq(at("/r/b")->incarnation, 2);
	ck_assert_uint_eq(at("/r/b")->restarts, 1);
	ck_assert_uint_eq(at("/r/a")->incarnation, 1);
	finish();
}
END_TEST

START_TEST(one_too_many_ends_the_supervisor_newest_first)
{
	begin_abc(SPEC_ONE_FOR_ONE, 1);
	crash("/r/b");
	forget_log();
	ck_assert_str_eq(tree_would(fake.tree, at("/r/b"), NODE_END_ABNORMAL, fake.now_ns), "escalate");
	crash("/r/b");
	did("~r(b) -c -a");
	has_ended(TREE_GAVE_UP, "/r/b");
	ck_assert_int_eq(at("/r")->last_end, NODE_END_SHUTDOWN);
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_ABNORMAL);
	ck_assert_int_eq(at("/r/a")->last_end, NODE_END_SHUTDOWN);
	finish();
}
END_TEST

START_TEST(multiple_restarts_outside_the_window)
{
	struct spec *root = sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), NULL);

	root->period_ns = SEC;
	begin(root);
	for (int i = 0; i < 4; i++) {
		pass(SEC + 1);
		crash("/r/a");
		is("/r/a", NODE_RUNNING);
	}
	finish();
}
END_TEST

START_TEST(failed_attempts_count)
{
	begin_abc(SPEC_ONE_FOR_ONE, 3);
	starts("b", FAILS, -1);
	crash("/r/b");
	/* The crash and two failed attempts are 3; the third failure is one too many. */
	did("+b +b +b ~r(b) -c -a");
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_START_FAILED);
	has_ended(TREE_GAVE_UP, "/r/b");
	finish();
}
END_TEST

START_TEST(failed_attempt_of_transient_is_tried_again)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 5, actor("a", TRANSIENT), NULL));
	starts("a", FAILS, 2);
	crash("/r/a");
	did("+a +a +a +a");
	is("/r/a", NODE_RUNNING);
	ck_assert_uint_eq(at("/r/a")->restarts, 3);
	finish();
}
END_TEST

START_TEST(failure_for_good_on_restart_stops_trying)
{
	begin_abc(SPEC_ONE_FOR_ONE, 1);
	starts("b", FAILS_FOR_GOOD, -1);
	crash("/r/b");
	did("+b");
	is("/r/b", NODE_STOPPED);
	is("/r", NODE_RUNNING);
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_PERMANENT_FAILURE);
	finish();
}
END_TEST

START_TEST(ignored_on_restart_is_stopped)
{
	begin_abc(SPEC_ONE_FOR_ONE, 1);
	starts("b", IGNORES, -1);
	crash("/r/b");
	is("/r/b", NODE_STOPPED);
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_IGNORED);
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

/* A child that is slow to come up must not hold up its siblings. */
START_TEST(one_for_one_restarts_are_independent)
{
	begin_abc(SPEC_ONE_FOR_ONE, 5);
	starts("a", HANGS_STARTING, -1);
	crash("/r/a");
	crash("/r/c");
	did("+a +c");
	is("/r/a", NODE_STARTING);
	is("/r/c", NODE_RUNNING);
	finish();
}
END_TEST

/* One for all. */

START_TEST(one_for_all_restarts_everybody_in_order)
{
	begin_abc(SPEC_ONE_FOR_ALL, 1);
	ck_assert_str_eq(tree_would(fake.tree, at("/r/b"), NODE_END_ABNORMAL, fake.now_ns), "restart_all");
	crash("/r/b");
	did("-c -a +a +b +c");
	ck_assert_uint_eq(at("/r/a")->incarnation, 2);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	is("/r/c", NODE_RUNNING);
	crash("/r/a");
	did("~r(a) -c -b");
	finish();
}
END_TEST

START_TEST(one_for_all_waits_for_each)
{
	begin_abc(SPEC_ONE_FOR_ALL, 1);
	stops("c", HANGS_STOPPING);
	starts("a", HANGS_STARTING, -1);
	crash("/r/b");
	did("-c");
	is("/r/b", NODE_WAITING);
	is("/r/a", NODE_RUNNING);
	ends("/r/c", NODE_END_ABNORMAL); /* its end is part of the stop, whatever it is */
	did("-a +a");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	is("/r/b", NODE_WAITING);
	ready("/r/a");
	did("+b +c");
	finish();
}
END_TEST

/* In the log a death comes before what follows from it. */
START_TEST(the_reason_is_told_first)
{
	begin(sup("r", SPEC_ONE_FOR_ALL, 1, actor("a", PERMANENT), actor("b", TRANSIENT), NULL));
	ends("/r/b", NODE_END_NORMAL);
	fake.trace[0] = '\0';
	crash("/r/a");
	ck_assert_str_eq(fake.trace, "a waiting ended\nb waiting start\na starting turn\na running ready\n"
				     "b starting turn\nb running ready\n");
	finish();
}
END_TEST

/* A sibling that dies before its turn to be stopped comes. */
START_TEST(death_in_a_stop_is_part_of_it)
{
	begin_abc(SPEC_ONE_FOR_ALL, 1);
	stops("c", HANGS_STOPPING);
	crash("/r/b");
	crash("/r/a");
	is("/r/a", NODE_WAITING);
	ends("/r/c", NODE_END_SHUTDOWN);
	did("-c +a +b +c");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	finish();
}
END_TEST

/* OTP case 40: those restarted already are terminated again. */
START_TEST(one_for_all_other_child_fails_restart)
{
	begin_abc(SPEC_ONE_FOR_ALL, 5);
	starts("b", FAILS, 1);
	crash("/r/c");
	did("-b -a +a +b -a +a +b +c");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 2);
	finish();
}
END_TEST

START_TEST(one_for_all_escalation)
{
	begin_abc(SPEC_ONE_FOR_ALL, 1);
	starts("c", FAILS, -1);
	crash("/r/a");
	did("-c -b +a +b +c ~r(c) -b -a");
	has_ended(TREE_GAVE_UP, "/r/c");
	finish();
}
END_TEST

/* A second death while the group comes up: all are stopped again, the one that is starting too. */
START_TEST(one_for_all_death_in_the_middle)
{
	begin_abc(SPEC_ONE_FOR_ALL, 5);
	starts("b", HANGS_STARTING, 1);
	crash("/r/c");
	did("-b -a +a +b");
	crash("/r/a");
	did("-b +a +b +c");
	finish();
}
END_TEST

/* Rest for one. */

START_TEST(rest_for_one_restarts_later_ones)
{
	begin_abc(SPEC_REST_FOR_ONE, 1);
	ck_assert_str_eq(tree_would(fake.tree, at("/r/b"), NODE_END_ABNORMAL, fake.now_ns), "restart_rest");
	crash("/r/b");
	did("-c +b +c");
	ck_assert_uint_eq(at("/r/a")->incarnation, 1);
	crash("/r/c");
	did("~r(c) -b -a");
	finish();
}
END_TEST

START_TEST(rest_for_one_last_and_first)
{
	begin_abc(SPEC_REST_FOR_ONE, 5);
	crash("/r/c");
	did("+c");
	crash("/r/a");
	did("-c -b +a +b +c");
	finish();
}
END_TEST

/* OTP case 49: the failing one is tried again, the earlier ones stay up. */
START_TEST(rest_for_one_other_child_fails_restart)
{
	begin_abc(SPEC_REST_FOR_ONE, 5);
	starts("b", FAILS, 2);
	crash("/r/a");
	did("-c -b +a +b +b +b +c");
	ck_assert_uint_eq(at("/r/a")->incarnation, 2);
	finish();
}
END_TEST

START_TEST(rest_for_one_escalation)
{
	begin_abc(SPEC_REST_FOR_ONE, 1);
	starts("b", FAILS, -1);
	crash("/r/a");
	did("-c -b +a +b ~r(b) -a");
	finish();
}
END_TEST

START_TEST(rest_for_one_earlier_death_widens_the_group)
{
	begin_abc(SPEC_REST_FOR_ONE, 5);
	starts("b", HANGS_STARTING, 1);
	crash("/r/b");
	did("-c +b");
	crash("/r/a");
	did("-b +a +b +c");
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 2);
	finish();
}
END_TEST

/* Bystanders: OTP cases 34 and 77. */

START_TEST(temporary_bystander_is_forgotten)
{
	for (int strategy = SPEC_ONE_FOR_ALL; strategy <= SPEC_REST_FOR_ONE; strategy++) {
		begin(sup("r", (enum spec_strategy)strategy, 1, actor("a", PERMANENT), actor("t", TEMPORARY),
			NULL));
		forget_log();
		crash("/r/a");
		did("-t +a");
		is_gone("/r/t");
		ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
		finish();
	}
}
END_TEST

START_TEST(temporary_death_concerns_nobody)
{
	begin(sup("r", SPEC_ONE_FOR_ALL, 0, actor("a", PERMANENT), actor("t", TEMPORARY),
		actor("n", TRANSIENT), NULL));
	forget_log();
	crash("/r/t");
	ends("/r/n", NODE_END_DONE);
	did("");
	is("/r/a", NODE_RUNNING);
	is("/r/n", NODE_STOPPED);
	finish();
}
END_TEST

/* OTP's start_children() starts all of the group, the stopped ones too. */
START_TEST(group_restart_starts_the_stopped_ones_too)
{
	begin(sup("r", SPEC_ONE_FOR_ALL, 5, actor("a", PERMANENT), actor("b", TRANSIENT),
		actor("c", PERMANENT), NULL));
	ends("/r/b", NODE_END_NORMAL);
	terminate("/r/c");
	forget_log();
	crash("/r/a");
	did("+a +b +c");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("strategy");
	TCase *types = tcase_create("restart types");

	tcase_add_loop_test(types, restart_types, 0, sizeof(type_cases) / sizeof(type_cases[0]));
	suite_add_tcase(suite, types);
	TEST_CASE(suite, "one for one", 30, would_of_what_is_said_too_late,
		one_for_one_restarts_only_the_dead, one_too_many_ends_the_supervisor_newest_first,
		multiple_restarts_outside_the_window, failed_attempts_count,
		failed_attempt_of_transient_is_tried_again, failure_for_good_on_restart_stops_trying,
		ignored_on_restart_is_stopped, one_for_one_restarts_are_independent);
	TEST_CASE(suite, "one for all", 30, one_for_all_restarts_everybody_in_order,
		one_for_all_waits_for_each, the_reason_is_told_first, death_in_a_stop_is_part_of_it,
		one_for_all_other_child_fails_restart, one_for_all_escalation,
		one_for_all_death_in_the_middle);
	TEST_CASE(suite, "rest for one", 30, rest_for_one_restarts_later_ones, rest_for_one_last_and_first,
		rest_for_one_other_child_fails_restart, rest_for_one_escalation,
		rest_for_one_earlier_death_widens_the_group);
	TEST_CASE(suite, "bystanders", 30, companions_of_a_restart, temporary_bystander_is_forgotten,
		temporary_death_concerns_nobody, group_restart_starts_the_stopped_ones_too);
	return suite;
}
