/*
 * otp_core_significant_test.c: OTP's auto_shutdown: which ends of which children bring their supervisor down. Each case is a matrix, and
 * runs once for each of its rows.
 */
#include "otp_core.h"

static const enum spec_auto_shutdown modes[] = { SPEC_NEVER, SPEC_ANY_SIGNIFICANT, SPEC_ALL_SIGNIFICANT };

/* How a child comes to its end; stopped through the API, or by itself. */
#define BY_API NODE_END_NONE
static const enum node_end ways[] = { BY_API, NODE_END_KILLED, NODE_END_ABNORMAL, NODE_END_NORMAL,
	NODE_END_SHUTDOWN, NODE_END_DONE };

/* The row of a matrix of `modes` x `ways`. */
#define MODE_OF(row) modes[(row) / (int)COUNT_OF(ways)]
#define WAY_OF(row) ways[(row) % (int)COUNT_OF(ways)]
#define ROWS ((int)(COUNT_OF(modes) * COUNT_OF(ways)))

static bool
is_normal_way(enum node_end way)
{
	return way == NODE_END_NORMAL || way == NODE_END_SHUTDOWN || way == NODE_END_DONE;
}

static void
come_to_an_end(const char *path, enum node_end way)
{
	if (way == BY_API)
		terminate(path);
	else
		ends(path, way);
}

/* Children a and b as given, and one that is nobody's concern. */
static void
begin_significant(enum spec_auto_shutdown mode, struct spec *a, struct spec *b)
{
	begin(auto_shutdown_of(sup("r", ONE_FOR_ONE, 5, a, b, actor("plain", PERMANENT), NULL), mode));
	forget_log();
}

START_TEST(nonsignificant_temporary)
{
	begin_significant(MODE_OF(_i), actor("a", TEMPORARY), actor("b", TEMPORARY));
	come_to_an_end("/r/a", WAY_OF(_i));
	come_to_an_end("/r/b", WAY_OF(_i));
	children("/r", "plain running");
	counts("/r", 1, 1, 0, 1);
	finish();
}
END_TEST

START_TEST(nonsignificant_transient)
{
	bool restarted = WAY_OF(_i) == NODE_END_KILLED || WAY_OF(_i) == NODE_END_ABNORMAL;

	begin_significant(MODE_OF(_i), actor("a", TRANSIENT), actor("b", TRANSIENT));
	come_to_an_end("/r/a", WAY_OF(_i));
	come_to_an_end("/r/b", WAY_OF(_i));
	children("/r",
		restarted ? "a running, b running, plain running" : "a stopped, b stopped, plain running");
	counts("/r", 3, restarted ? 3 : 1, 0, 3);
	finish();
}
END_TEST

/* The supervisor has come down because of `culprit`, and stopped what was left. */
static void
has_shut_down_by(const char *culprit)
{
	has_ended(TREE_AUTO_SHUTDOWN, culprit);
	ck_assert_int_eq(at("/r")->last_end, NODE_END_SHUTDOWN);
	ck_assert_int_eq(at("/r/plain")->last_end, NODE_END_SHUTDOWN);
}

START_TEST(significant_temporary)
{
	enum spec_auto_shutdown mode = MODE_OF(_i);
	enum node_end way = WAY_OF(_i);

	if (mode == SPEC_NEVER)
		return; /* refused: see child_specs_map */
	begin_significant(mode, significant("a", TEMPORARY), significant("b", TEMPORARY));
	come_to_an_end("/r/a", way);
	if (mode == SPEC_ANY_SIGNIFICANT && way != BY_API) {
		did("-plain -b");
		has_shut_down_by("/r/a");
		counts("/r", 1, 0, 0, 1);
		finish();
		return;
	}
	children("/r", "b running, plain running");
	come_to_an_end("/r/b", way);
	if (way == BY_API)
		children("/r", "plain running");
	else
		has_shut_down_by("/r/b");
	finish();
}
END_TEST

START_TEST(significant_transient)
{
	enum spec_auto_shutdown mode = MODE_OF(_i);
	enum node_end way = WAY_OF(_i);

	if (mode == SPEC_NEVER)
		return; /* refused: see child_specs_map */
	begin_significant(mode, significant("a", TRANSIENT), significant("b", TRANSIENT));
	come_to_an_end("/r/a", way);
	if (!is_normal_way(way)) {
		come_to_an_end("/r/b", way);
		children("/r", way == BY_API ? "a stopped, b stopped, plain running"
					     : "a running, b running, plain running");
	} else if (mode == SPEC_ANY_SIGNIFICANT) {
		did("-plain -b");
		has_shut_down_by("/r/a");
	} else {
		children("/r", "a stopped, b running, plain running");
		crash("/r/b"); /* is restarted, and so not done */
		children("/r", "a stopped, b running, plain running");
		come_to_an_end("/r/b", way);
		has_shut_down_by("/r/b");
	}
	finish();
}
END_TEST

static void
keep_complaint(void *arg, const struct spec *where, const char *complaint)
{
	char *kept = arg;

	(void)where;
	snprintf(kept, 256, "%s", complaint);
}

/* A pool is not a supervisor that is done when its members are. */
START_TEST(significant_simple)
{
	char complaint[256] = "";

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		struct spec *root =
			sup("r", ONE_FOR_ONE, 1, auto_shutdown_of(pool("p", TEMPORARY, 1), modes[i]), NULL);
		ck_assert_uint_eq(spec_check(root, keep_complaint, complaint), modes[i] != SPEC_NEVER);
		spec_free(root);
	}
	ck_assert_str_eq(complaint, "a pool cannot have auto_shutdown all_significant; use never");

	begin(auto_shutdown_of(
		sup("r", ONE_FOR_ONE, 1, pool("p", TEMPORARY, 1), NULL), SPEC_ANY_SIGNIFICANT));
	struct spec *member = spec_member(at("/r/p")->spec, "m1");
	member->significant = true;
	add_is_refused("/r/p", member, TRACTOR_EINVAL);
	finish();
}
END_TEST

/* 3 strategies x 2 modes: what ends with its siblings has not come to its own end. */
START_TEST(significant_bystander)
{
	enum spec_strategy strategy = (enum spec_strategy)(_i / 2);
	struct spec *root = sup("r", strategy, 5, actor("plain", PERMANENT), significant("t", TEMPORARY),
		significant("n", TRANSIENT), NULL);

	begin(auto_shutdown_of(root, modes[1 + _i % 2]));
	crash("/r/plain");
	children("/r",
		strategy == ONE_FOR_ONE ? "plain running, t running, n running" : "plain running, n running");
	ends("/r/n", NODE_END_NORMAL); /* and now its own */
	if (strategy == ONE_FOR_ONE && modes[1 + _i % 2] == SPEC_ALL_SIGNIFICANT)
		children("/r", "plain running, t running, n stopped");
	else
		has_shut_down_by("/r/n");
	finish();
}
END_TEST

/* The child supervisor is significant or not x the top one's mode. */
START_TEST(significant_escalation)
{
	bool propagates = _i / (int)COUNT_OF(modes) == 1;
	enum spec_auto_shutdown mode = modes[_i % (int)COUNT_OF(modes)];
	struct spec *s = sup("s", ONE_FOR_ONE, 5, significant("x", TRANSIENT), NULL);

	if (propagates && mode == SPEC_NEVER) {
		spec_free(s);
		return; /* refused: see child_specs_map */
	}
	s->significant = propagates;
	begin_significant(mode, auto_shutdown_of(restart_of(s, TRANSIENT), SPEC_ANY_SIGNIFICANT),
		actor("b", PERMANENT));
	ends("/r/s/x", NODE_END_NORMAL);
	is("/r/s", NODE_STOPPED);
	if (propagates) {
		did("-plain -b");
		has_shut_down_by("/r/s/x");
		reasons("x:normal s:shutdown plain:shutdown b:shutdown r:shutdown");
	} else {
		children("/r", "s stopped, b running, plain running");
		counts("/r", 3, 2, 1, 2);
		reasons("x:normal s:shutdown");
	}
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: auto_shutdown");
	TCase *matrices = tcase_create("matrices");

	tcase_add_loop_test(matrices, nonsignificant_temporary, 0, ROWS);
	tcase_add_loop_test(matrices, nonsignificant_transient, 0, ROWS);
	tcase_add_loop_test(matrices, significant_temporary, 0, ROWS);
	tcase_add_loop_test(matrices, significant_transient, 0, ROWS);
	tcase_add_loop_test(matrices, significant_bystander, 0, 3 * 2);
	tcase_add_loop_test(matrices, significant_escalation, 0, 2 * (int)COUNT_OF(modes));
	suite_add_tcase(suite, matrices);
	TEST_CASE(suite, "pools", 30, significant_simple);
	return suite;
}
