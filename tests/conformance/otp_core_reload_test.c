/*
 * otp_core_reload_test.c: OTP's code_change, which is what a new version of the tree file is to us: a new mode of auto_shutdown and a new
 * flag of a child take effect, and a faulty file changes nothing. Where OTP only keeps the new child specs (a new child is not
 * started, a removed one stays), a reload goes through with it: the file says what is to run.
 */
#include "otp_core.h"
#include "treefile.h"

/* --- words --- */

/* The root with these children, NULL after the last. */
#define TREE(mode, ...) auto_shutdown_of(sup("r", ONE_FOR_ONE, 5, __VA_ARGS__, NULL), mode)

/* A child that may be significant. */
static struct spec *
flagged(const char *name, bool is_significant)
{
	return is_significant ? significant(name, TRANSIENT) : actor(name, TRANSIENT);
}

/* a and b with their flags, and one that is nobody's concern. */
static struct spec *
pair(enum spec_auto_shutdown mode, bool a, bool b)
{
	return TREE(mode, flagged("a", a), flagged("b", b), actor("plain", PERMANENT));
}

static void
reload(struct spec *spec)
{
	struct tree_plan plan;

	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), spec, &plan), TRACTOR_OK);
	tree_plan_free(&plan);
	run();
	ck_assert(!tree_reloading(fake.tree));
}

/* As things were: the same children, in the same incarnations, under the same flags. */
static void
reload_is_refused(struct spec *spec)
{
	const struct spec *was = at("/r")->spec;
	struct tree_plan plan;

	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), spec, &plan), TRACTOR_EINVAL);
	run();
	did("");
	ck_assert_ptr_eq(at("/r")->spec, was);
	spec_free(spec);
}

static void
has_shut_down_by(const char *culprit)
{
	has_ended(TREE_AUTO_SHUTDOWN, culprit);
	finish();
}

static void
begin_pair(struct spec *root)
{
	begin(root);
	forget_log();
}

/* --- auto_shutdown --- */

/* Rows: an existing child ends; a child that the new file brings; one that is added after. */
START_TEST(significant_upgrade_never_any)
{
	begin_pair(pair(SPEC_NEVER, false, false));
	ends("/r/b", NODE_END_NORMAL);
	if (_i == 1)
		reload(TREE(SPEC_ANY_SIGNIFICANT, flagged("a", false), actor("plain", PERMANENT),
			significant("c", TEMPORARY)));
	else
		reload(pair(SPEC_ANY_SIGNIFICANT, _i == 0, false));
	if (_i == 2)
		add("/r", significant("c", TEMPORARY));
	children("/r", _i == 0	 ? "a running, b stopped, plain running"
		       : _i == 1 ? "a running, plain running, c running"
				 : "a running, b stopped, plain running, c running");
	ends(_i == 0 ? "/r/a" : "/r/c", NODE_END_NORMAL);
	has_shut_down_by(_i == 0 ? "/r/a" : "/r/c");
}
END_TEST

START_TEST(significant_upgrade_any_never)
{
	begin_pair(pair(SPEC_ANY_SIGNIFICANT, true, true));
	reload(pair(SPEC_NEVER, false, false));
	ends("/r/a", NODE_END_NORMAL);
	ends("/r/b", NODE_END_DONE);
	children("/r", "a stopped, b stopped, plain running");
	add_is_refused("/r", significant("c", TRANSIENT), TRACTOR_EINVAL);
	finish();
}
END_TEST

START_TEST(significant_upgrade_never_all)
{
	begin_pair(pair(SPEC_NEVER, false, false));
	reload(pair(SPEC_ALL_SIGNIFICANT, true, true));
	add("/r", significant("c", TEMPORARY));
	ends("/r/a", NODE_END_NORMAL);
	ends("/r/b", NODE_END_NORMAL);
	children("/r", "a stopped, b stopped, plain running, c running");
	ends("/r/c", NODE_END_NORMAL);
	has_shut_down_by("/r/c");
}
END_TEST

START_TEST(significant_upgrade_all_never)
{
	begin_pair(pair(SPEC_ALL_SIGNIFICANT, true, true));
	ends("/r/a", NODE_END_NORMAL);
	reload(pair(SPEC_NEVER, false, false));
	ends("/r/b", NODE_END_NORMAL);
	children("/r", "a stopped, b stopped, plain running");
	add_is_refused("/r", significant("c", TRANSIENT), TRACTOR_EINVAL);
	finish();
}
END_TEST

START_TEST(significant_upgrade_any_all)
{
	begin_pair(pair(SPEC_ANY_SIGNIFICANT, true, true));
	reload(pair(SPEC_ALL_SIGNIFICANT, true, true));
	add("/r", significant("c", TRANSIENT));
	ends("/r/a", NODE_END_NORMAL);
	ends("/r/c", NODE_END_NORMAL);
	children("/r", "a stopped, b running, plain running, c stopped");
	ends("/r/b", NODE_END_NORMAL);
	has_shut_down_by("/r/b");
}
END_TEST

START_TEST(significant_upgrade_all_any)
{
	begin_pair(pair(SPEC_ALL_SIGNIFICANT, true, true));
	ends("/r/a", NODE_END_NORMAL);
	/* What ended before was an end under the old mode. */
	reload(pair(SPEC_ANY_SIGNIFICANT, true, true));
	children("/r", "a stopped, b running, plain running");
	ends("/r/b", NODE_END_NORMAL);
	has_shut_down_by("/r/b");
}
END_TEST

START_TEST(significant_upgrade_child)
{
	begin_pair(pair(SPEC_ANY_SIGNIFICANT, false, true));
	reload(pair(SPEC_ANY_SIGNIFICANT, true, false));
	did(""); /* nobody is restarted for a flag */
	ends("/r/b", NODE_END_NORMAL);
	children("/r", "a running, b stopped, plain running");
	reload_is_refused(pair(SPEC_NEVER, true, false));
	ends("/r/a", NODE_END_NORMAL);
	has_shut_down_by("/r/a");
}
END_TEST

/* --- code_change --- */

START_TEST(code_change)
{
	begin(sup("r", ONE_FOR_ONE, 1, actor("a", PERMANENT), actor("b", TRANSIENT), NULL));
	forget_log();
	/* OTP's `ignore`: it stays as it is. */
	reload(sup("r", ONE_FOR_ONE, 1, actor("a", PERMANENT), actor("b", TRANSIENT), NULL));
	did("");
	/* New flags, a new value of a child. */
	reload(sup("r", ONE_FOR_ALL, 3, actor("a", TEMPORARY), actor("b", TRANSIENT), NULL));
	did("");
	ck_assert_int_eq(at("/r/a")->spec->restart, SPEC_TEMPORARY);
	ck_assert_int_eq(at("/r")->spec->strategy, SPEC_ONE_FOR_ALL);
	ck_assert_uint_eq(at("/r")->spec->intensity, 3);
	/* Faulty specs and flags. */
	reload_is_refused(sup("r", ONE_FOR_ALL, 3, actor("a", TEMPORARY), actor("a", TEMPORARY), NULL));
	reload_is_refused(sup("r", ONE_FOR_ALL, SPEC_INTENSITY_MAX + 1, actor("c", PERMANENT), NULL));
	reload_is_refused(period_of(sup("r", ONE_FOR_ALL, 3, actor("c", PERMANENT), NULL), -1));
	reload_is_refused(
		sup("r", ONE_FOR_ALL, 3, shutdown_of(actor("c", PERMANENT), -2 * SPEC_SECOND), NULL));
	children("/r", "a running, b running");
	/* One more, and one less: the file says what runs. */
	reload(sup("r", ONE_FOR_ALL, 3, actor("b", TRANSIENT), actor("c", PERMANENT), NULL));
	did("-a +c");
	children("/r", "b running, c running");
	counts("/r", 2, 2, 0, 2);
	shut_down();
	finish();
}
END_TEST

START_TEST(code_change_simple)
{
	struct spec *bad = pool("p", TRANSIENT, 2);

	begin(sup("r", ONE_FOR_ONE, 1, pool("p", PERMANENT, 1), NULL));
	add_members("/r/p", 2);
	forget_log();
	/* Another template: of those who are there, and of those to come. */
	reload(sup("r", ONE_FOR_ONE, 1, shutdown_of(pool("p", TRANSIENT, 2), SPEC_SECOND), NULL));
	did("");
	add_member("/r/p", "m3");
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(at("/r/p")->children[i]->spec->restart, SPEC_TRANSIENT);
		ck_assert_int_eq(at("/r/p")->children[i]->spec->shutdown_ns, SPEC_SECOND);
	}
	ends("/r/p/m3", NODE_END_NORMAL);
	add_member("/r/p", "m4");
	ends("/r/p/m1", NODE_END_NORMAL);
	crash("/r/p/m2");
	did("+m3 +m4 +m2");
	ends("/r/p/m4", NODE_END_SHUTDOWN);
	add_member("/r/p", "m1");
	children("/r/p", "m2 running, m1 running");
	forget_log();
	/* It has one template, no children of its own, and its own flags. */
	ck_assert_int_eq(spec_add(bad, actor("x", PERMANENT)), TRACTOR_OK);
	reload_is_refused(sup("r", ONE_FOR_ONE, 1, bad, NULL));
	reload_is_refused(sup(
		"r", ONE_FOR_ONE, 1, auto_shutdown_of(pool("p", TRANSIENT, 2), SPEC_ANY_SIGNIFICANT), NULL));
	children("/r/p", "m2 running, m1 running");
	finish();
}
END_TEST

/* --- the same as files --- */

/* NULL: the file has errors. */
static struct spec *
parse(const char *text)
{
	struct treefile_report report;
	struct spec *root = NULL;
	tractor_err err = treefile_parse(text, strlen(text), "r.yaml", NULL, &report, &root);

	ck_assert(err == TRACTOR_OK || (err == TRACTOR_EINVAL && report.count > 0));
	treefile_report_free(&report);
	return root;
}

#define ACTOR(name, rest) "  - {actor: " name ", exec: /bin/true" rest "}\n"

START_TEST(code_change_map)
{
	begin(parse("name: r\nchildren:\n" ACTOR("a", "") ACTOR("b", ", restart: transient")));
	forget_log();
	reload(parse("name: r\nchildren:\n" ACTOR("a", "") ACTOR("b", ", restart: transient")));
	did("");
	reload(parse("name: r\nstrategy: one_for_all\nintensity: 3\nchildren:\n" ACTOR(
		"a", ", restart: temporary") ACTOR("b", ", restart: transient")));
	did("");
	ck_assert_int_eq(at("/r/a")->spec->restart, SPEC_TEMPORARY);
	ck_assert_int_eq(at("/r")->spec->strategy, SPEC_ONE_FOR_ALL);
	/* What is faulty is no tree to begin with. */
	ck_assert_ptr_null(parse("name: r\nchildren:\n" ACTOR("a", ", restart: always")));
	ck_assert_ptr_null(parse("name: r\nstrategy: two_for_one\nchildren:\n" ACTOR("a", "")));
	ck_assert_ptr_null(parse("name: r\nchildren:\n" ACTOR("a", "") ACTOR("a", "")));
	ck_assert_ptr_null(parse("name: r\nchildren:\n  - {actor: a}\n"));
	reload_is_refused(parse("name: q\nchildren:\n" ACTOR("a", "")));
	reload(parse("name: r\nchildren:\n" ACTOR("b", ", restart: transient, args: {n: 1}") ACTOR("c", "")));
	did("-b -a +b +c");
	children("/r", "b running, c running");
	shut_down();
	finish();
}
END_TEST

START_TEST(code_change_simple_map)
{
	begin(parse("name: r\nchildren:\n  - {pool: p, exec: /bin/true}\n"));
	add_members("/r/p", 2);
	forget_log();
	reload(parse("name: r\nchildren:\n  - {pool: p, exec: /bin/false, restart: transient, max: 3}\n"));
	did("");
	ck_assert_str_eq(at("/r/p/m1")->spec->exec, "/bin/false"); /* as from its next start on */
	add_member("/r/p", "m3");
	ck_assert_str_eq(at("/r/p/m3")->spec->exec, "/bin/false");
	add_is_refused("/r/p", spec_member(at("/r/p")->spec, "m4"), TRACTOR_EFULL);
	ck_assert_ptr_null(parse("name: r\nchildren:\n  - {pool: p}\n"));
	ck_assert_ptr_null(parse(
		"name: r\nchildren:\n  - {pool: p, exec: /bin/true, auto_shutdown: any_significant}\n"));
	ck_assert_ptr_null(parse("name: r\nchildren:\n  - {pool: p, exec: /bin/true, children: []}\n"));
	children("/r/p", "m1 running, m2 running, m3 running");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: code_change");
	TCase *rows = tcase_create("rows");

	tcase_add_loop_test(rows, significant_upgrade_never_any, 0, 3);
	suite_add_tcase(suite, rows);
	TEST_CASE(suite, "auto_shutdown", 30, significant_upgrade_any_never, significant_upgrade_never_all,
		significant_upgrade_all_never, significant_upgrade_any_all, significant_upgrade_all_any,
		significant_upgrade_child);
	TEST_CASE(suite, "code_change", 30, code_change, code_change_map, code_change_simple,
		code_change_simple_map);
	return suite;
}
