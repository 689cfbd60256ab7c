/* gate_test.c: starts that are held back: how many may be under way at a time, and what is done while the host has no process to give. */
#include "core.h"
#include "fakeshell.h"

#define PERMANENT SPEC_PERMANENT
#define CROWD 20

/* Between these is the n-th delay of the host's, in ms. */
static const int64_t least_ms[] = { 40, 80, 160, 320, 640, 1280, 2560, 4000, 4000, 4000 };
static const int64_t most_ms[] = { 60, 120, 240, 480, 960, 1920, 3840, 5000, 5000, 5000 };

static struct node *members[CROWD];

/* /r has a and the pool p with its members m0, m1, ..., all up. */
static void
begin_crowd(unsigned limit)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), pool("p", PERMANENT, 1000), NULL));
	for (int i = 0; i < CROWD; i++) {
		char name[16];
		snprintf(name, sizeof(name), "m%d", i);
		members[i] = add("/r/p", spec_member(at("/r/p")->spec, name));
	}
	tree_limit_starts(fake.tree, limit);
	forget_log();
}

/* All members die in one moment, and from then on they start like this, so many times each. */
static void
all_die(enum on_start then, int times)
{
	for (int i = 0; i < CROWD; i++) {
		starts(members[i]->spec->name, then, times);
		ended(members[i], NODE_END_KILLED);
	}
	run();
}

static int
members_in(enum node_state state)
{
	int count = 0;

	for (int i = 0; i < CROWD; i++)
		count += members[i]->state == state;
	return count;
}

static void
makes_ready(struct node *node)
{
	tree_post_ready(fake.tree, node, node->incarnation);
}

/* How many times this was done since the last time. */
static int
times_done(const char *what)
{
	int times = 0;

	for (const char *at = fake.log; (at = strstr(at, what)) != NULL; at++)
		times++;
	return times;
}

/* How many may be under way. */

START_TEST(a_crowd_comes_back_so_many_at_a_time_in_order)
{
	begin_crowd(4);
	all_die(HANGS_STARTING, 1);
	for (int i = 0; i < CROWD; i += 4) {
		char expected[64];
		snprintf(expected, sizeof(expected), "+m%d +m%d +m%d +m%d", i, i + 1, i + 2, i + 3);
		did(expected);
		ck_assert_int_eq(members_in(NODE_WAITING), CROWD - i - 4);
		/* The start limit is 5 s: nobody's runs in the line, where the last stand for 16 s. */
		pass(4 * SEC);
		did("");
		for (int k = i; k < i + 4; k++)
			makes_ready(members[k]);
		run();
	}
	ck_assert_int_eq(members_in(NODE_RUNNING), CROWD);
	for (int i = 0; i < CROWD; i++)
		ck_assert_uint_eq(members[i]->restarts, 1);
	finish();
}
END_TEST

START_TEST(without_a_bound_all_start_at_once)
{
	begin_crowd(0);
	all_die(HANGS_STARTING, 1);
	ck_assert_int_eq(members_in(NODE_STARTING), CROWD);
	finish();
}
END_TEST

/* However a start ends, the next has its turn. */
START_TEST(whoever_fails_or_is_stopped_makes_room)
{
	begin_crowd(1);
	all_die(HANGS_STARTING, 1);
	did("+m0");
	ended(members[0], NODE_END_IGNORED);
	run();
	did("+m1");
	ended(members[1], NODE_END_PERMANENT_FAILURE);
	run();
	did("+m2");
	stops("m2", HANGS_STOPPING);
	terminate("/r/p/m2");
	did("-m2 +m3"); /* it is no start any more */
	pass(5 * SEC);
	did("!m2 !m3 +m4"); /* m3 was not ready in time, and lines up anew */
	ck_assert(tree_is_held(members[3]));
	finish();
}
END_TEST

START_TEST(whoever_leaves_the_line_is_not_started)
{
	begin_crowd(1);
	all_die(HANGS_STARTING, 1);
	did("+m0");
	ck_assert(tree_is_held(members[1]) && !tree_is_held(members[0]));
	ck_assert_int_eq(members[1]->due_ns, 0);
	terminate("/r/p/m1");
	is_gone("/r/p/m1");
	makes_ready(members[0]);
	run();
	did("+m2");
	terminate("/r/p");
	did("-m2 -m0"); /* the others had nothing to stop */
	ck_assert_int_eq(tree_next_ns(fake.tree), INT64_MAX);
	finish();
}
END_TEST

/* Four members' on_start ask a, which has died with them: a's start must not wait for theirs. */
START_TEST(each_supervisor_has_room_for_one)
{
	begin_crowd(4);
	all_die(HANGS_STARTING, 1);
	did("+m0 +m1 +m2 +m3");
	starts("a", HANGS_STARTING, 1);
	crash("/r/a");
	did("+a");
	ready("/r/a");
	makes_ready(members[0]);
	run();
	did("+m4");
	finish();
}
END_TEST

static struct spec *
wide(const char *name, enum spec_strategy strategy)
{
	struct spec *spec = sup(name, strategy, 1, NULL);

	for (int i = 0; i < 300; i++) {
		char child[16];
		snprintf(child, sizeof(child), "%c%d", name[0], i);
		ck_assert_int_eq(spec_add(spec, actor(child, PERMANENT)), TRACTOR_OK);
	}
	return spec;
}

/* A bound changes nothing about groups, which start one by one anyhow: stopped in reverse, started in order, each ready before the next. */
START_TEST(groups_of_hundreds_keep_their_order)
{
	for (enum spec_strategy strategy = SPEC_ONE_FOR_ALL; strategy <= SPEC_REST_FOR_ONE; strategy++) {
		char expected[sizeof(fake.log)] = "";
		begin(wide("r", strategy));
		tree_limit_starts(fake.tree, 1);
		forget_log();
		crash("/r/r100");
		int first = strategy == SPEC_ONE_FOR_ALL ? 0 : 100;
		for (int i = 299; i >= first; i--)
			if (i != 100)
				append(expected, sizeof(expected), " -r%d", i);
		for (int i = first; i < 300; i++)
			append(expected, sizeof(expected), " +r%d", i);
		did(expected + 1);
		ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
		finish();
	}
}
END_TEST

/* Two groups at once, each in its order, with room for one altogether: neither waits for the other. */
START_TEST(groups_beside_each_other)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, wide("s", SPEC_ONE_FOR_ALL), wide("t", SPEC_ONE_FOR_ALL), NULL));
	tree_limit_starts(fake.tree, 1);
	starts("s0", HANGS_STARTING, 1);
	starts("t0", HANGS_STARTING, 1);
	crash("/r/s/s0");
	crash("/r/t/t0");
	is("/r/s/s0", NODE_STARTING);
	is("/r/t/t0", NODE_STARTING);
	ready("/r/t/t0");
	is("/r/t/t299", NODE_RUNNING);
	ready("/r/s/s0");
	is("/r/s/s299", NODE_RUNNING);
	finish();
}
END_TEST

/* b stands in line when a, which is older, dies too: a goes first, and b after it. */
START_TEST(a_group_that_changes_its_mind)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 5, actor("x", PERMANENT),
		sup("s", SPEC_REST_FOR_ONE, 5, actor("a", PERMANENT), actor("b", PERMANENT),
			actor("c", PERMANENT), NULL),
		NULL));
	starts("x", IS_REFUSED, 1);
	crash("/r/x");
	forget_log();
	crash("/r/s/b");
	did("-c");
	ck_assert(tree_is_held(at("/r/s/b")));
	stops("c", OBEYS);
	crash("/r/s/a");
	ck_assert(tree_is_held(at("/r/s/a")));
	starts("a", HANGS_STARTING, 1);
	pass(SEC);
	did("+a +x");
	is("/r/s/b", NODE_WAITING);
	ck_assert(!tree_is_held(at("/r/s/b")));
	ready("/r/s/a");
	did("+b +c");
	finish();
}
END_TEST

/* The host. */

START_TEST(a_refusal_counts_for_nothing)
{
	struct spec *a = actor("a", PERMANENT);

	a->backoff = (struct spec_backoff){ SEC, 2, 60 * SEC, 0, 10 * SEC };
	begin(sup("r", SPEC_ONE_FOR_ONE, 2, a, NULL));
	starts("a", IS_REFUSED, 8);
	crash("/r/a");
	pass(SEC); /* its own backoff */
	for (int i = 0; i < 8; i++) {
		int64_t wait_ns = at("/r/a")->due_ns - fake.now_ns;
		is("/r/a", NODE_WAITING);
		ck_assert_int_eq(at("/r/a")->last_end, NODE_END_HOST_FAILED);
		ck_assert_int_ge(wait_ns, least_ms[i] * MS);
		ck_assert_int_le(wait_ns, most_ms[i] * MS);
		ck_assert_int_eq(tree_host_ns(fake.tree), at("/r/a")->due_ns);
		ck_assert_uint_eq(at("/r/a")->restarts, 0);
		ck_assert_uint_le(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
		ck_assert_str_eq(
			tree_would(fake.tree, at("/r/a"), NODE_END_HOST_FAILED, fake.now_ns), "stop");
		pass(wait_ns);
	}
	is("/r/a", NODE_RUNNING);
	ck_assert_uint_eq(at("/r/a")->restarts, 1);
	crash("/r/a");
	ck_assert_int_eq(at("/r/a")->due_ns - fake.now_ns, 2 * SEC); /* the second of its own delays */
	finish();
}
END_TEST

/* For years, with an intensity of none to spare: the tree never gives up over it. */
START_TEST(nobody_gives_up_over_the_host)
{
	begin(sup("r", SPEC_ONE_FOR_ALL, 1, actor("a", PERMANENT), actor("b", PERMANENT), NULL));
	starts("b", IS_REFUSED, -1);
	crash("/r/b");
	for (int i = 0; i < 1000; i++)
		pass(5 * SEC);
	is("/r", NODE_RUNNING);
	is("/r/a", NODE_RUNNING);
	is("/r/b", NODE_WAITING);
	ck_assert_int_ge(times_done(" +b"), 1000);
	ck_assert_int_le(times_done(" +b"), 1300);
	starts("b", COMES_UP, 0);
	pass(5 * SEC);
	is("/r/b", NODE_RUNNING);
	ck_assert_uint_eq(at("/r/b")->restarts, 1);
	finish();
}
END_TEST

/* All members die, and the host has nothing: one attempt each time, not one for each of them. */
START_TEST(one_attempt_for_all)
{
	begin_crowd(4);
	all_die(IS_REFUSED, -1);
	ck_assert_int_eq(times_done(" +m"), 4); /* they were started in one moment */
	forget_log();
	for (int i = 0; i < 9; i++) {
		int64_t wait_ns = tree_host_ns(fake.tree) - fake.now_ns;
		ck_assert_int_ge(wait_ns, least_ms[i] * MS);
		ck_assert_int_le(wait_ns, most_ms[i] * MS);
		pass(wait_ns - 1);
		ck_assert_int_eq(times_done(" +m"), 0);
		pass(1);
		ck_assert_int_eq(times_done(" +m"), 1);
		forget_log();
	}
	for (int i = 0; i < CROWD; i++) {
		ck_assert_int_eq(members[i]->state, NODE_WAITING);
		ck_assert_uint_eq(members[i]->restarts, 0);
		starts(members[i]->spec->name, COMES_UP, 0);
	}
	pass(5 * SEC);
	ck_assert_int_eq(members_in(NODE_RUNNING), CROWD);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r/p"), fake.now_ns), 0);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 0);
	finish();
}
END_TEST

START_TEST(the_delay_begins_again_after_ten_seconds_without_a_refusal)
{
	static const struct {
		int64_t calm_ns;
		int64_t least_ms, most_ms;
	} cases[] = {
		{ 10 * SEC, 40, 60 },
		{ 10 * SEC - 1, 160, 240 },
	};

	for (size_t i = 0; i < 2; i++) {
		begin(sup("r", SPEC_ONE_FOR_ONE, 100, actor("a", PERMANENT), NULL));
		starts("a", IS_REFUSED, 2);
		crash("/r/a");
		pass(tree_host_ns(fake.tree) - fake.now_ns);
		pass(tree_host_ns(fake.tree) - fake.now_ns);
		is("/r/a", NODE_RUNNING);
		pass(cases[i].calm_ns);
		starts("a", IS_REFUSED, 1);
		crash("/r/a");
		ck_assert_int_ge(tree_host_ns(fake.tree) - fake.now_ns, cases[i].least_ms * MS);
		ck_assert_int_le(tree_host_ns(fake.tree) - fake.now_ns, cases[i].most_ms * MS);
		finish();
	}
}
END_TEST

/* The tree's first start, a command's and a new child's fail, with a reason, and at once; they don't wait for the host's delay either. */
START_TEST(other_starts_fail)
{
	starts("b", IS_REFUSED, 1);
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), actor("b", PERMANENT), NULL));
	did("+a +b -a");
	has_ended(TREE_START_FAILED, "/r/b");
	ck_assert_int_eq(at("/r/b")->last_end, NODE_END_HOST_FAILED);
	ck_assert_int_eq(tree_start(fake.tree, at("/r")), TRACTOR_OK);
	run();
	forget_log();
	terminate("/r/b");
	starts("a", IS_REFUSED, -1);
	starts("b", IS_REFUSED, 1);
	crash("/r/a");
	did("-b +a");
	ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
	run();
	did("+b");
	is("/r/b", NODE_STOPPED);
	ck_assert_int_eq(tree_start(fake.tree, at("/r/b")), TRACTOR_OK);
	run();
	did("+b");
	is("/r/b", NODE_RUNNING);
	starts("c", IS_REFUSED, 1);
	add("/r", actor("c", PERMANENT));
	did("+c");
	is_gone("/r/c");
	is("/r/a", NODE_WAITING);
	finish();
}
END_TEST

/* A supervisor that is restarted: its children's starts are part of that restart, and wait as any. */
START_TEST(children_of_a_supervisor_that_is_restarted)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1,
		sup("s", SPEC_ONE_FOR_ONE, 0, actor("x", PERMANENT), actor("y", PERMANENT), NULL), NULL));
	starts("y", IS_REFUSED, 3);
	crash("/r/s/x");
	is("/r/s", NODE_STARTING);
	is("/r/s/y", NODE_WAITING);
	pass(SEC);
	is("/r/s", NODE_RUNNING);
	is("/r/s/y", NODE_RUNNING);
	ck_assert_uint_eq(at("/r/s")->restarts, 1);
	ck_assert_uint_eq(at("/r/s/y")->restarts, 0);
	ck_assert_uint_eq(tree_restarts_in_window(at("/r"), fake.now_ns), 1);
	/* By a command it is another matter. */
	starts("y", IS_REFUSED, 1);
	ck_assert_int_eq(tree_restart(fake.tree, at("/r/s")), TRACTOR_OK);
	run();
	is("/r/s", NODE_STOPPED);
	finish();
}
END_TEST

START_TEST(stopped_while_the_host_refuses)
{
	begin_crowd(4);
	all_die(IS_REFUSED, -1);
	forget_log();
	terminate("/r/p/m0"); /* waits for the delay */
	terminate("/r/p/m9"); /* stands in line */
	is_gone("/r/p/m0");
	is_gone("/r/p/m9");
	terminate("/r");
	did("-a");
	ck_assert(tree_ended(fake.tree));
	pass(SEC);
	did("");
	ck_assert_int_eq(tree_next_ns(fake.tree), INT64_MAX);
	finish();
}
END_TEST

/* Time that the supervisor lost is nobody's. */
START_TEST(the_hosts_delay_is_shifted_too)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), NULL));
	starts("a", IS_REFUSED, 1);
	crash("/r/a");
	int64_t until_ns = tree_host_ns(fake.tree);
	tree_shift(fake.tree, SEC);
	ck_assert_int_eq(tree_host_ns(fake.tree), until_ns + SEC);
	ck_assert_int_eq(at("/r/a")->due_ns, until_ns + SEC);
	pass(2 * SEC);
	is("/r/a", NODE_RUNNING);
	finish();
}
END_TEST

START_TEST(a_refusal_of_what_was_up_is_a_bug)
{
	begin(sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), NULL));
	ended(at("/r/a"), NODE_END_HOST_FAILED);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("gate");
	TCase *bugs = tcase_create("bugs");

	TEST_CASE(suite, "room", 30, a_crowd_comes_back_so_many_at_a_time_in_order,
		without_a_bound_all_start_at_once, whoever_fails_or_is_stopped_makes_room,
		whoever_leaves_the_line_is_not_started, each_supervisor_has_room_for_one,
		groups_of_hundreds_keep_their_order, groups_beside_each_other, a_group_that_changes_its_mind);
	TEST_CASE(suite, "host", 30, a_refusal_counts_for_nothing, nobody_gives_up_over_the_host,
		one_attempt_for_all, the_delay_begins_again_after_ten_seconds_without_a_refusal,
		other_starts_fail, children_of_a_supervisor_that_is_restarted, stopped_while_the_host_refuses,
		the_hosts_delay_is_shifted_too);
	tcase_add_test_raise_signal(bugs, a_refusal_of_what_was_up_is_a_bug, 6);
	suite_add_tcase(suite, bugs);
	return suite;
}
