/*
 * otp_core_specs_test.c: OTP's cases of child specs and supervisor flags, against the tree file: what is right with its defaults, and each
 * thing that is wrong with a complaint that names it. Nothing is started here: a file with one error starts nothing at all.
 *
 * One rule is not OTP's: keys that nobody knows are errors, where OTP lets them pass. In a file that people write they are misspelt.
 */
#include <stdlib.h>

#include "otp_core.h"
#include "treefile.h"

#define ACTOR "{actor: a, exec: /bin/sh}"

/* The number of errors in a tree file; the first one's text is copied to `ret_first`, the spec freed. */
static size_t
errors_in(const char *text, char *ret_first, size_t size)
{
	struct treefile_report report;
	struct spec *root = NULL;
	tractor_err err = treefile_parse(text, strlen(text), "tree.yaml", "/", &report, &root);
	size_t count = report.count + report.more;

	ck_assert_int_eq(err, count > 0 ? TRACTOR_EINVAL : TRACTOR_OK);
	ck_assert_int_eq(root != NULL, count == 0);
	snprintf(ret_first, size, "%s", count > 0 ? report.errors[0].text : "");
	treefile_report_free(&report);
	spec_free(root);
	return count;
}

static void
is_right(const char *text)
{
	char first[512];

	ck_assert_msg(errors_in(text, first, sizeof(first)) == 0, "%s: %s", text, first);
}

struct wrong {
	const char *text;
	const char *complaint; /* is in the first error */
};

static void
is_wrong(const struct wrong *wrong)
{
	char first[512];

	ck_assert_msg(errors_in(wrong->text, first, sizeof(first)) > 0, "%s: is accepted", wrong->text);
	ck_assert_msg(strstr(first, wrong->complaint) != NULL, "%s: it says '%s',\nexpected '%s'",
		wrong->text, first, wrong->complaint);
}

/* A tree of that file, which runs. */
static void
begin_file(const char *text)
{
	struct treefile_report report;
	struct spec *root = NULL;

	ck_assert_int_eq(treefile_parse(text, strlen(text), "tree.yaml", "/", &report, &root), TRACTOR_OK);
	treefile_report_free(&report);
	begin(root);
}

START_TEST(sup_start_map)
{
	begin_file("name: r\nchildren:\n"
		   "  - {actor: a, exec: /bin/sh}\n"
		   "  - {actor: b, exec: /bin/sh, shutdown: kill}\n"
		   "  - {supervisor: c}\n");
	const struct spec *r = at("/r")->spec, *a = at("/r/a")->spec, *b = at("/r/b")->spec,
			  *c = at("/r/c")->spec;

	ck_assert_int_eq(r->strategy, SPEC_ONE_FOR_ONE);
	ck_assert_uint_eq(r->intensity, 1);
	ck_assert_int_eq(r->period_ns, 5 * SEC);
	ck_assert_int_eq(r->auto_shutdown, SPEC_NEVER);
	ck_assert_int_eq(a->kind, SPEC_ACTOR);
	ck_assert_str_eq(a->exec_path, "/bin/sh");
	ck_assert_int_eq(a->restart, SPEC_PERMANENT);
	ck_assert_int_eq(a->shutdown_ns, 5 * SEC);
	ck_assert(!a->significant);
	ck_assert_int_eq(b->shutdown_ns, SPEC_SHUTDOWN_KILL);
	ck_assert_int_eq(c->kind, SPEC_SUPERVISOR);
	ck_assert_int_eq(c->restart, SPEC_PERMANENT);
	ck_assert_int_eq(c->shutdown_ns, SPEC_SHUTDOWN_INFINITY);
	is_gone("/r/d");
	shut_down();
	finish();
}
END_TEST

/* By its address; that of a stranger, and of nobody, leads nowhere in the pool. */
START_TEST(sup_start_map_simple)
{
	begin_file("name: r\nchildren:\n  - {pool: p, exec: /bin/sh, restart: temporary, shutdown: 2s}\n"
		   "  - " ACTOR "\n");
	add_members("/r/p", 1);
	const struct node *m1 = tree_by_id(fake.tree, at("/r/p/m1")->id);
	ck_assert_str_eq(m1->path, "/r/p/m1");
	ck_assert_int_eq(m1->spec->restart, SPEC_TEMPORARY);
	ck_assert_int_eq(m1->spec->shutdown_ns, 2 * SEC);
	ck_assert_str_eq(m1->spec->exec_path, "/bin/sh");
	ck_assert_ptr_ne(tree_by_id(fake.tree, at("/r/a")->id)->parent, at("/r/p"));
	ck_assert_ptr_null(tree_by_id(fake.tree, tree_next_id(fake.tree)));
	finish();
}
END_TEST

START_TEST(sup_start_map_faulty_specs)
{
	static const struct wrong table[] = {
		{ "name: r\nchildren: [{exec: /bin/sh}]\n",
			"this child is neither an actor, a supervisor nor a pool" },
		{ "name: r\nchildren: [{actor: , exec: /bin/sh}]\n", "actor: has no value" },
		{ "name: r\nchildren: [{actor: a}]\n", "exec is missing" },
		{ "name: r\nchildren: [a]\n", "write each child as a mapping" },
		{ "name: r\nchildren: [{actor: a, exec: /bin/sh, silly_flag: true}]\n",
			"unknown key \"silly_flag\" in an actor" },
	};

	for (size_t i = 0; i < COUNT_OF(table); i++)
		is_wrong(&table[i]);
}
END_TEST

START_TEST(child_specs)
{
	static const struct wrong table[] = {
		{ "name: r\nchildren: [hej]\n", "write each child as a mapping" },
		{ "name: r\nchildren: [{actor: a, exec: [m, f]}]\n", "exec: found a list" },
		{ "name: r\nchildren: [{actor: a, exec: /bin/sh, restart: prmanent}]\n",
			"restart: \"prmanent\" is none of its words; did you mean permanent?" },
		{ "name: r\nchildren: [{actor: a, exec: /bin/sh, shutdown: -10s}]\n",
			"shutdown: \"-10s\" is negative" },
		{ "name: r\nchildren: [{actor: a, exec: /bin/sh, shutdown: brutal_kill}]\n",
			"shutdown: \"brutal_kill\" is no duration; write one like 5s, or kill or infinity" },
		{ "name: r\nchildren: [{wrker: a, exec: /bin/sh}]\n", "this child is neither an actor" },
		{ "name: r\nchildren: [{actor: a, exec: /no/such/program}]\n",
			"exec: no such file: /no/such/program" },
		{ "name: r\nchildren: [{actor: a, exec: /bin/sh, args: dy}]\n",
			"args: found the text \"dy\"" },
		{ "name: r\nchildren: {actor: a, exec: /bin/sh}\n", "write a list of children" },
		{ "name: r\nchildren: [" ACTOR ", " ACTOR "]\n", "there is another 'a' under 'r'" },
		{ "name: r\nchildren: [{pool: p}]\n", "exec is missing" },
		{ "name: r\nchildren: [{pool: p, exec: /bin/sh, children: [" ACTOR "]}]\n",
			"\"children\" does not belong in a pool" },
	};

	for (size_t i = 0; i < COUNT_OF(table); i++)
		is_wrong(&table[i]);
}
END_TEST

/* A key with one of its values, or, at "", without it. */
static void
put(char *text, size_t size, const char *key, const char *value)
{
	if (*value != '\0')
		append(text, size, ", %s: %s", key, value);
}

/* OTP's 3 restart types x 4 times x 2 kinds x 4 values of what a child runs: the program, a role in it, arguments, environment. */
START_TEST(child_specs_matrix)
{
	static const char *const restarts[] = { "permanent", "transient", "temporary" },
				 *const shutdowns[] = { "kill", "0s", "1000ms", "infinity" },
				 *const kinds[] = { "actor: a, exec: /bin/sh", "pool: a, exec: /bin/sh" },
				 *const more[] = { "", "role: sh", "args: {x: y}", "env: {X: y}" };
	char text[512];

	for (size_t row = 0; row < 3 * 4 * 2 * 4; row++) {
		snprintf(text, sizeof(text), "name: r\nchildren: [{%s", kinds[row / 4 % 2]);
		put(text, sizeof(text), "restart", restarts[row / 32]);
		put(text, sizeof(text), "shutdown", shutdowns[row / 8 % 4]);
		append(text, sizeof(text), "%s%s}]\n", row % 4 > 0 ? ", " : "", more[row % 4]);
		is_right(text);
	}
}
END_TEST

static bool
is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/*
 * Every value of every field that rules of more than one field are about, and the field left out: 4 restart types x 5 times x 3 kinds of
 * child x 3 significances x 4 auto_shutdowns of its parent. How many errors are right follows from OTP's two rules, and from ours that
 * a pool has no significance of its own.
 */
START_TEST(child_specs_map)
{
	static const char *const
		restarts[] = { "", "permanent", "transient", "temporary" },
		*const shutdowns[] = { "", "kill", "0s", "1000ms", "infinity" },
		*const kinds[] = { "actor: a, exec: /bin/sh", "supervisor: a", "pool: a, exec: /bin/sh" },
		*const significances[] = { "", "false", "true" },
		*const modes[] = { "", "never", "any_significant", "all_significant" },
		*const never[] = { "", "never", NULL }, *const always[] = { "", "permanent", NULL };
	const char *restart = restarts[_i], *kind, *significance, *mode;
	char text[512], first[512];

	for (size_t row = 0; row < 5 * 3 * 3 * 4; row++) {
		kind = kinds[row / 12 % 3];
		significance = significances[row / 4 % 3];
		mode = modes[row % 4];
		snprintf(text, sizeof(text), "{name: r");
		put(text, sizeof(text), "auto_shutdown", mode);
		append(text, sizeof(text), ", children: [{%s", kind);
		put(text, sizeof(text), "restart", restart);
		put(text, sizeof(text), "shutdown", shutdowns[row / 36]);
		put(text, sizeof(text), "significant", significance);
		append(text, sizeof(text), "}]}\n");

		size_t expected = 0;
		if (kind == kinds[2])
			expected = *significance != '\0';
		else if (strcmp(significance, "true") == 0)
			expected = (size_t)is_one_of(mode, never) + (size_t)is_one_of(restart, always);
		size_t found = errors_in(text, first, sizeof(first));
		ck_assert_msg(found == expected, "%s: %zu error(s), expected %zu: %s", text, found, expected,
			first);
	}
}
END_TEST
#define CHILD_SPECS_MAP_ROWS 4

START_TEST(sup_flags)
{
	static const struct wrong table[] = {
		{ "name: r\nstrategy: none_for_one\n", "strategy: \"none_for_one\" is none of its words" },
		{ "name: r\nstrategy: simple_one_for_one\n", "strategy: \"simple_one_for_one\" is none" },
		{ "name: r\nintensity: infinity\n", "intensity: \"infinity\" is not a whole number" },
		{ "name: r\nintensity: -1\n", "intensity: \"-1\" is not a whole number" },
		{ "name: r\nintensity: 100001\n", "intensity: \"100001\" is out of range" },
		{ "name: r\nperiod: 0\n", "period: \"0\" is too short" },
		{ "name: r\nperiod: infinity\n", "period: \"infinity\" is not a duration" },
		{ "name: r\nauto_shutdown: sometimes\n",
			"auto_shutdown: \"sometimes\" is none of its words" },
		{ "[one_for_one, 2]\n", "found a list; a tree file is a mapping" },
		{ "name: r\nsilly_flag: true\n", "unknown key \"silly_flag\" in the tree" },
	};

	for (size_t i = 0; i < COUNT_OF(table); i++)
		is_wrong(&table[i]);
	is_right("name: r\nstrategy: rest_for_one\nintensity: 0\nperiod: 1ms\nauto_shutdown: never\n");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp: specs and flags");
	TCase *matrix = tcase_create("matrix");

	TEST_CASE(
		suite, "sup_start_map", 30, sup_start_map, sup_start_map_simple, sup_start_map_faulty_specs);
	TEST_CASE(suite, "child_specs", 30, child_specs, child_specs_matrix, sup_flags);
	tcase_add_loop_test(matrix, child_specs_map, 0, CHILD_SPECS_MAP_ROWS);
	suite_add_tcase(suite, matrix);
	return suite;
}
