/* strategy_test.c: what follows from a death: restart types, strategies, intensity, escalation, auto-shutdown, verdicts. */
#include "fakeshell.h"

#define PERMANENT SPEC_PERMANENT
#define TRANSIENT SPEC_TRANSIENT
#define TEMPORARY SPEC_TEMPORARY

/* root with a, b, c, all permanent. */
static void
begin_abc(enum spec_strategy strategy, unsigned intensity)
{
	begin(sup("r", strategy, intensity, actor("a", PERMANENT), actor("b", PERMANENT),
		actor("c", PERMANENT), NULL));
	did("+a +b +c");
}

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

/* Nested supervisors. */

static struct spec *
inner(unsigned outer_intensity, enum spec_restart restart)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 1, actor("x", PERMANENT), actor("y", PERMANENT), NULL);

	s->restart = restart;
	return sup("r", SPEC_ONE_FOR_ONE, outer_intensity, actor("a", PERMANENT), s, actor("b", PERMANENT),
		NULL);
}

START_TEST(inner_death_stays_inside)
{
	begin(inner(1, PERMANENT));
	did("+a +x +y +b");
	crash("/r/s/x");
	did("+x");
	ck_assert_uint_eq(at("/r/s")->incarnation, 1);
	finish();
}
END_TEST

START_TEST(escalation_restarts_the_subtree)
{
	begin(inner(1, PERMANENT));
	crash("/r/s/x");
	forget_log();
	crash("/r/s/x");
	did("~s(x) -y +x +y");
	is("/r/s", NODE_RUNNING);
	ck_assert_uint_eq(at("/r/s")->incarnation, 2);
	ck_assert_uint_eq(at("/r/s")->restarts, 1);
	ck_assert_uint_eq(
		tree_restarts_in_window(at("/r/s"), fake.now_ns), 0); /* a new supervisor has no past */
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	ck_assert_uint_eq(at("/r/a")->incarnation, 1);
	finish();
}
END_TEST

START_TEST(escalation_up_to_the_root)
{
	begin(inner(1, PERMANENT));
	for (int i = 0; i < 3; i++)
		crash("/r/s/x");
	forget_log();
	crash("/r/s/x");
	did("~s(x) -y ~r(s) -b -a");
	has_ended(TREE_GAVE_UP, "/r/s/x");
	finish();
}
END_TEST

/* For a transient slot, giving up is a normal end. */
START_TEST(transient_supervisor_that_gave_up_stays_down)
{
	begin(inner(1, TRANSIENT));
	crash("/r/s/x");
	crash("/r/s/x");
	is("/r/s", NODE_STOPPED);
	is("/r", NODE_RUNNING);
	ck_assert_int_eq(at("/r/s")->last_end, NODE_END_SHUTDOWN);
	finish();
}
END_TEST

START_TEST(temporary_supervisor_that_gave_up_is_forgotten_with_all_below)
{
	begin(inner(1, TEMPORARY));
	crash("/r/s/x");
	crash("/r/s/x");
	is_gone("/r/s");
	is_gone("/r/s/x");
	ck_assert_str_eq(fake.gone, " y x s");
	ck_assert_int_eq(fake.released, 3);
	finish();
}
END_TEST

/* On a restart of the inner supervisor its own failed start is an attempt that counts. */
START_TEST(inner_start_failure_on_restart_counts)
{
	begin(inner(3, PERMANENT));
	crash("/r/s/y");
	forget_log();
	starts("y", FAILS, 2);
	crash("/r/s/y");
	did("~s(y) -x +x +y -x +x +y -x +x +y");
	is("/r/s", NODE_RUNNING);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 3);
	finish();
}
END_TEST

START_TEST(inner_start_failure_on_restart_escalates)
{
	begin(inner(1, PERMANENT));
	crash("/r/s/y");
	forget_log();
	starts("y", FAILS, -1);
	crash("/r/s/y");
	did("~s(y) -x +x +y -x ~r(s) -b -a");
	has_ended(TREE_GAVE_UP, "/r/s/y");
	finish();
}
END_TEST

/* OTP case 71: all that the spec says comes back, what was added does not. */
START_TEST(static_children_come_back_and_dynamic_ones_do_not)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 0, actor("t", TEMPORARY), actor("x", PERMANENT),
		actor("d", PERMANENT), pool("p", PERMANENT, 1), NULL);

	begin(sup("r", SPEC_ONE_FOR_ONE, 1, s, NULL));
	add("/r/s", actor("dynamic", PERMANENT));
	add_member("/r/s/p", "m1");
	uint64_t old_t = at("/r/s/t")->id, old_x = at("/r/s/x")->id, next = tree_next_id(fake.tree);
	ends("/r/s/t", NODE_END_NORMAL);
	terminate("/r/s/d");
	ck_assert_int_eq(tree_remove(fake.tree, at("/r/s/d")), TRACTOR_OK);
	run();
	is_gone("/r/s/t");
	is_gone("/r/s/d");
	forget_log();
	crash("/r/s/x");
	did("~s(x) -dynamic -m1 +t +x +d");
	is_gone("/r/s/dynamic");
	is_gone("/r/s/p/m1");
	is("/r/s/t", NODE_RUNNING);
	is("/r/s/p", NODE_RUNNING);
	/* The slot of t was gone: what comes back is another actor. x was never gone. */
	ck_assert_ptr_null(tree_by_id(fake.tree, old_t));
	ck_assert_uint_ge(at("/r/s/t")->id, next);
	ck_assert_uint_eq(at("/r/s/x")->id, old_x);
	ck_assert_ptr_eq(at("/r/s")->children[0], at("/r/s/t"));
	ck_assert_ptr_eq(at("/r/s")->children[2], at("/r/s/d"));
	finish();
}
END_TEST

/* A temporary child that is stopped with its supervisor and comes back, all within one run. */
START_TEST(comes_back_within_one_run)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 0, actor("t", TEMPORARY), actor("x", PERMANENT), NULL);

	begin(sup("r", SPEC_ONE_FOR_ONE, 1, s, NULL));
	uint64_t old = at("/r/s/t")->id;
	int shell;
	at("/r/s/t")->shell = &shell;
	crash("/r/s/x");
	is("/r/s/t", NODE_RUNNING);
	ck_assert_uint_ne(at("/r/s/t")->id, old);
	ck_assert_uint_eq(
		at("/r/s/t")->incarnation, 2); /* goes on counting: what the old one still says is stale */
	ck_assert_ptr_null(at("/r/s/t")->shell);
	ck_assert_int_eq(fake.released, 1);
	finish();
}
END_TEST

/* Backoff. */

static void
begin_backoff(enum spec_strategy strategy)
{
	struct spec *b = actor("b", PERMANENT);

	b->backoff = (struct spec_backoff){ SEC, 2, 3 * SEC, 0, 10 * SEC };
	begin(sup("r", strategy, 100, actor("a", PERMANENT), b, actor("c", PERMANENT), NULL));
	forget_log();
}

START_TEST(backoff_grows_and_resets)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	static const int64_t expected[] = { SEC, 2 * SEC, 3 * SEC, 3 * SEC };
	for (int i = 0; i < 4; i++) {
		crash("/r/b");
		is("/r/b", NODE_WAITING);
		ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + expected[i]);
		pass(expected[i] - 1);
		did("");
		pass(1);
		did("+b");
	}
	pass(10 * SEC);
	crash("/r/b");
	ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + SEC);
	finish();
}
END_TEST

/* However it came to an end. */
START_TEST(backoff_resets_after_a_run_that_a_stop_ended)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	for (int way = 0; way < 3; way++) {
		crash("/r/b");
		pass(SEC);
		crash("/r/b");
		pass(2 * SEC);
		is("/r/b", NODE_RUNNING);
		pass(10 * SEC);
		if (way == 0) {
			ck_assert_int_eq(tree_restart(fake.tree, at("/r/b")), TRACTOR_OK);
		} else if (way == 1) {
			crash_with("/r/b", NODE_VERDICT_RESTART_AFTER, MS);
			pass(MS);
		} else {
			tree_kill(fake.tree, at("/r/b"));
			run();
			ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
		}
		run();
		crash("/r/b");
		ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + SEC);
		pass(20 * SEC);
	}
	finish();
}
END_TEST

START_TEST(backoff_delays_no_sibling_in_one_for_one)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	crash("/r/b");
	crash("/r/c");
	crash("/r/a");
	did("+c +a");
	pass(SEC);
	did("+b");
	finish();
}
END_TEST

START_TEST(backoff_in_a_group_delays_the_later_ones)
{
	begin_backoff(SPEC_ONE_FOR_ALL);
	crash("/r/b");
	did("-c -a +a");
	is("/r/c", NODE_WAITING);
	ck_assert_int_eq(at("/r/c")->due_ns, 0);
	pass(SEC);
	did("+b +c");
	finish();
}
END_TEST

START_TEST(backoff_after_failed_starts)
{
	begin_backoff(SPEC_REST_FOR_ONE);
	starts("b", FAILS, 2);
	crash("/r/b");
	did("-c");
	pass(SEC);
	did("+b");
	pass(2 * SEC);
	did("+b");
	pass(3 * SEC);
	did("+b +c");
	finish();
}
END_TEST

START_TEST(shift_moves_the_backoff)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	crash("/r/b");
	tree_shift(fake.tree, SEC);
	ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + 2 * SEC);
	pass(SEC);
	did("");
	pass(SEC);
	did("+b");
	finish();
}
END_TEST

/* Verdicts. */

START_TEST(verdict_restart_overrides_the_type)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("t", TEMPORARY), NULL));
	crash_with("/r/t", NODE_VERDICT_RESTART, 0);
	is("/r/t", NODE_RUNNING);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	crash_with("/r/t", NODE_VERDICT_RESTART, 0);
	has_ended(TREE_GAVE_UP, "/r/t");
	finish();
}
END_TEST

START_TEST(verdict_restart_after_overrides_the_delay)
{
	begin_backoff(SPEC_ONE_FOR_ONE);
	crash_with("/r/b", NODE_VERDICT_RESTART_AFTER, 7 * SEC);
	ck_assert_int_eq(at("/r/b")->due_ns, fake.now_ns + 7 * SEC);
	pass(7 * SEC);
	did("+b");
	crash_with("/r/b", NODE_VERDICT_RESTART_AFTER, -1);
	did("+b");
	crash_with("/r/b", NODE_VERDICT_RESTART_AFTER, INT64_MAX);
	is("/r/b", NODE_WAITING);
	ck_assert_int_gt(at("/r/b")->due_ns, fake.now_ns);
	finish();
}
END_TEST

START_TEST(verdict_stop_is_about_this_one_only)
{
	begin_abc(SPEC_ONE_FOR_ALL, 0);
	crash_with("/r/b", NODE_VERDICT_STOP, 0);
	did("");
	is("/r/b", NODE_STOPPED);
	is("/r/a", NODE_RUNNING);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
	run();
	did("+b");
	finish();
}
END_TEST

START_TEST(verdict_stop_forgets_the_temporary)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("t", TEMPORARY), NULL));
	crash_with("/r/t", NODE_VERDICT_STOP, 0);
	is_gone("/r/t");
	finish();
}
END_TEST

START_TEST(verdict_escalate_gives_up_at_once)
{
	begin_abc(SPEC_ONE_FOR_ONE, 100);
	crash_with("/r/b", NODE_VERDICT_ESCALATE, 0);
	did("~r(b) -c -a");
	has_ended(TREE_GAVE_UP, "/r/b");
	finish();
}
END_TEST

START_TEST(verdict_escalate_of_an_inner_child)
{
	begin(inner(1, PERMANENT));
	forget_log();
	crash_with("/r/s/x", NODE_VERDICT_ESCALATE, 0);
	did("~s(x) -y +x +y");
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(verdict_on_a_failed_restart)
{
	begin_abc(SPEC_ONE_FOR_ONE, 100);
	starts("b", HANGS_STARTING, -1);
	crash("/r/b");
	crash_with("/r/b", NODE_VERDICT_STOP, 0);
	is("/r/b", NODE_STOPPED);
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_START_FAILED);
	finish();
}
END_TEST

/* Auto-shutdown: OTP cases 50 to 56. */

static void
begin_significant(enum spec_auto_shutdown mode, enum spec_restart restart)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 5, significant("x", restart), significant("y", restart),
		actor("plain", restart), NULL);

	s->auto_shutdown = mode;
	s->restart = TRANSIENT;
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), s, NULL));
	forget_log();
}

START_TEST(any_significant)
{
	begin_significant(SPEC_ANY_SIGNIFICANT, TRANSIENT);
	ends("/r/s/plain", NODE_END_NORMAL);
	is("/r/s", NODE_RUNNING);
	crash("/r/s/x"); /* restarted: not done */
	is("/r/s", NODE_RUNNING);
	forget_log();
	ends("/r/s/x", NODE_END_NORMAL);
	did("-y");
	is("/r/s", NODE_STOPPED);
	ck_assert_int_eq(at("/r/s")->last_end, NODE_END_SHUTDOWN);
	is("/r", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(all_significant)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TRANSIENT);
	ends("/r/s/x", NODE_END_DONE);
	is("/r/s", NODE_RUNNING);
	ends("/r/s/y", NODE_END_SHUTDOWN);
	did("-plain");
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

START_TEST(all_significant_temporary)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TEMPORARY);
	crash("/r/s/y");
	is("/r/s", NODE_RUNNING);
	ends("/r/s/x", NODE_END_KILLED);
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

/* It has not ended yet, and how its supervisor will take that is not known. */
START_TEST(last_own_end_while_a_supervisor_comes_down_does_not_trigger)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 0, actor("x", PERMANENT), actor("y", PERMANENT), NULL),
		    *root = sup("r", SPEC_ONE_FOR_ONE, 1, s, significant("a", TRANSIENT), NULL);

	s->restart = TRANSIENT;
	s->significant = true;
	root->auto_shutdown = SPEC_ALL_SIGNIFICANT;
	begin(root);
	stops("y", HANGS_STOPPING);
	crash("/r/s/x");
	is("/r/s", NODE_STOPPING);
	ends("/r/a", NODE_END_NORMAL);
	is("/r", NODE_RUNNING);
	ends("/r/s/y", NODE_END_SHUTDOWN);
	has_ended(TREE_AUTO_SHUTDOWN, "/r/s/x");
	finish();
}
END_TEST

START_TEST(terminate_does_not_trigger)
{
	for (int mode = SPEC_ANY_SIGNIFICANT; mode <= SPEC_ALL_SIGNIFICANT; mode++) {
		begin_significant((enum spec_auto_shutdown)mode, TEMPORARY);
		terminate("/r/s/x");
		terminate("/r/s/y");
		is("/r/s", NODE_RUNNING);
		finish();
	}
}
END_TEST

/* A terminated significant child is not left: the last one's own end triggers. */
START_TEST(last_own_end_after_a_terminate_triggers)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TRANSIENT);
	terminate("/r/s/x");
	ends("/r/s/y", NODE_END_NORMAL);
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

/* OTP would have waited for the end of the one that was terminated before it heard of the other's. */
START_TEST(last_own_end_while_another_is_terminated_triggers)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TRANSIENT);
	stops("x", HANGS_STOPPING);
	terminate("/r/s/x");
	ends("/r/s/y", NODE_END_NORMAL);
	is("/r/s", NODE_STOPPING);
	ends("/r/s/x", NODE_END_SHUTDOWN);
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

/* One that is stopped to be started again is left. */
START_TEST(last_own_end_while_another_is_restarted_does_not_trigger)
{
	begin_significant(SPEC_ALL_SIGNIFICANT, TRANSIENT);
	stops("x", HANGS_STOPPING);
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/s/x")), TRACTOR_OK);
	run();
	ends("/r/s/y", NODE_END_NORMAL);
	is("/r/s", NODE_RUNNING);
	ends("/r/s/x", NODE_END_SHUTDOWN);
	is("/r/s/x", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(significant_bystander_does_not_trigger)
{
	struct spec *root = sup("r", SPEC_ONE_FOR_ALL, 5, actor("a", PERMANENT), significant("t", TEMPORARY),
		significant("n", TRANSIENT), NULL);

	root->auto_shutdown = SPEC_ANY_SIGNIFICANT;
	begin(root);
	crash("/r/a");
	is("/r", NODE_RUNNING);
	is_gone("/r/t");
	is("/r/n", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(verdict_stop_of_a_significant_child_triggers)
{
	begin_significant(SPEC_ANY_SIGNIFICANT, TRANSIENT);
	crash_with("/r/s/x", NODE_VERDICT_STOP, 0);
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

START_TEST(auto_shutdown_propagates_iff_significant)
{
	for (int propagates = 0; propagates <= 1; propagates++) {
		struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 5, significant("x", TRANSIENT), NULL);
		s->auto_shutdown = SPEC_ANY_SIGNIFICANT;
		s->restart = TRANSIENT;
		s->significant = propagates;
		struct spec *root = sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), s, NULL);
		root->auto_shutdown = SPEC_ANY_SIGNIFICANT;
		begin(root);
		ends("/r/s/x", NODE_END_NORMAL);
		if (propagates)
			has_ended(TREE_AUTO_SHUTDOWN, "/r/s/x");
		else
			is("/r", NODE_RUNNING);
		finish();
	}
}
END_TEST

/* A significant child that is done before its siblings are up. */
START_TEST(auto_shutdown_during_the_start)
{
	struct spec *root =
		sup("r", SPEC_ONE_FOR_ONE, 1, significant("x", TRANSIENT), actor("b", PERMANENT), NULL);

	root->auto_shutdown = SPEC_ANY_SIGNIFICANT;
	starts("b", HANGS_STARTING, -1);
	begin(root);
	ends("/r/x", NODE_END_NORMAL);
	did("+x +b -b");
	has_ended(TREE_AUTO_SHUTDOWN, "/r/x");
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
	TEST_CASE(suite, "nested", 30, inner_death_stays_inside, escalation_restarts_the_subtree,
		escalation_up_to_the_root, transient_supervisor_that_gave_up_stays_down,
		temporary_supervisor_that_gave_up_is_forgotten_with_all_below,
		inner_start_failure_on_restart_counts, inner_start_failure_on_restart_escalates,
		static_children_come_back_and_dynamic_ones_do_not, comes_back_within_one_run);
	TEST_CASE(suite, "backoff", 30, backoff_grows_and_resets,
		backoff_resets_after_a_run_that_a_stop_ended, backoff_delays_no_sibling_in_one_for_one,
		backoff_in_a_group_delays_the_later_ones, backoff_after_failed_starts,
		shift_moves_the_backoff);
	TEST_CASE(suite, "verdicts", 30, verdict_restart_overrides_the_type,
		verdict_restart_after_overrides_the_delay, verdict_stop_is_about_this_one_only,
		verdict_stop_forgets_the_temporary, verdict_escalate_gives_up_at_once,
		verdict_escalate_of_an_inner_child, verdict_on_a_failed_restart);
	TEST_CASE(suite, "auto-shutdown", 30, any_significant, all_significant, all_significant_temporary,
		last_own_end_while_a_supervisor_comes_down_does_not_trigger, terminate_does_not_trigger,
		last_own_end_after_a_terminate_triggers, last_own_end_while_another_is_terminated_triggers,
		last_own_end_while_another_is_restarted_does_not_trigger,
		significant_bystander_does_not_trigger, verdict_stop_of_a_significant_child_triggers,
		auto_shutdown_propagates_iff_significant, auto_shutdown_during_the_start);
	return suite;
}
