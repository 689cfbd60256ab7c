/* spec_test.c: defaults, copies, and each rule of spec_check() with a spec that breaks only it. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "spec.h"

static char told[4096]; /* all complaints, a line each, after the name of their spec */

static void
note(void *arg, const struct spec *where, const char *complaint)
{
	size_t length = strlen(told);

	(void)arg;
	snprintf(told + length, sizeof(told) - length, "%s: %s\n", where->name, complaint);
}

static struct spec *
child(struct spec *parent, enum spec_kind kind, const char *name)
{
	struct spec *spec = spec_new(kind, name);

	ck_assert_ptr_nonnull(spec);
	ck_assert_int_eq(spec_add(parent, spec), TRACTOR_OK);
	return spec;
}

/* Checks and frees: exactly one complaint, about the spec `name`, with these words in it. */
static void
expect_one(struct spec *root, const char *name, const char *words)
{
	char line[128];

	told[0] = '\0';
	size_t count = spec_check(root, note, NULL);
	snprintf(line, sizeof(line), "%s: ", name);
	ck_assert_msg(count == 1 && strncmp(told, line, strlen(line)) == 0 && strstr(told, words) != NULL,
		"%zu complaints, expected one about %s with '%s':\n%s", count, name, words, told);
	spec_free(root);
}

static void
expect_none(struct spec *root)
{
	told[0] = '\0';
	size_t count = spec_check(root, note, NULL);
	ck_assert_msg(count == 0, "%s", told);
	spec_free(root);
}

static struct spec *
new_root(void)
{
	return spec_new(SPEC_SUPERVISOR, "root");
}

START_TEST(defaults_are_otps)
{
	struct spec *root = new_root(), *actor = child(root, SPEC_ACTOR, "a");

	ck_assert_int_eq(root->strategy, SPEC_ONE_FOR_ONE);
	ck_assert_uint_eq(root->intensity, 1);
	ck_assert_int_eq(root->period_ns, 5 * SPEC_SECOND);
	ck_assert_int_eq(root->auto_shutdown, SPEC_NEVER);
	ck_assert_int_eq(root->shutdown_ns, SPEC_SHUTDOWN_INFINITY);
	ck_assert_int_eq(actor->restart, SPEC_PERMANENT);
	ck_assert_int_eq(actor->shutdown_ns, 5 * SPEC_SECOND);
	ck_assert(!actor->significant);
	ck_assert_int_eq(actor->backoff.initial_ns, 0);
	ck_assert_ptr_eq(root->children[0], actor);
	expect_none(root);
}
END_TEST

START_TEST(copy_is_deep)
{
	struct spec *root = new_root(), *actor = child(root, SPEC_ACTOR, "a");
	char *argv[] = { (char[]){ "./policy" }, (char[]){ "--verbose" }, NULL };

	actor->exec = strdup("./a");
	actor->role = strdup("r");
	ck_assert_int_eq(spec_pair_add(&actor->args, "file", "data.bin"), TRACTOR_OK);
	ck_assert_int_eq(spec_pair_add(&actor->args, "mode", "fast"), TRACTOR_OK);
	ck_assert_int_eq(spec_pair_add(&actor->env, "LANG", "C"), TRACTOR_OK);
	root->policy_argv = argv;
	struct spec *copy = spec_copy(root);
	root->policy_argv = NULL;
	spec_free(root);

	ck_assert_ptr_nonnull(copy);
	ck_assert_str_eq(copy->name, "root");
	ck_assert_str_eq(copy->policy_argv[1], "--verbose");
	ck_assert_ptr_null(copy->policy_argv[2]);
	ck_assert_uint_eq(copy->child_count, 1);
	ck_assert_str_eq(copy->children[0]->exec, "./a");
	ck_assert_str_eq(copy->children[0]->role, "r");
	ck_assert_str_eq(spec_pair_get(&copy->children[0]->args, "mode"), "fast");
	ck_assert_str_eq(spec_pair_get(&copy->children[0]->env, "LANG"), "C");
	ck_assert_ptr_null(spec_pair_get(&copy->children[0]->env, "file"));
	spec_free(copy);
	spec_free(NULL);
}
END_TEST

START_TEST(member_is_the_template_under_its_name)
{
	struct spec *pool = spec_new(SPEC_POOL, "sessions");

	pool->exec = strdup("./session");
	pool->restart = SPEC_TEMPORARY;
	struct spec *member = spec_member(pool, "s1");
	spec_free(pool);
	ck_assert_int_eq(member->kind, SPEC_ACTOR);
	ck_assert_str_eq(member->name, "s1");
	ck_assert_str_eq(member->exec, "./session");
	ck_assert_int_eq(member->restart, SPEC_TEMPORARY);
	spec_free(member);
}
END_TEST

START_TEST(member_of_a_new_version_of_its_pool)
{
	struct spec *was = spec_new(SPEC_POOL, "sessions"), *now = spec_new(SPEC_POOL, "sessions");

	was->exec = strdup("./session");
	now->exec = strdup("./session2");
	ck_assert_int_eq(spec_pair_add(&was->args, "common", "1"), TRACTOR_OK);
	struct spec *member = spec_member(was, "s1");
	ck_assert_int_eq(spec_pair_add(&member->args, "own", "2"), TRACTOR_OK);
	struct spec *copy = spec_copy(member); /* which knows its own, too */
	struct spec *again = spec_member_again(now, copy);
	spec_free(was);
	spec_free(now);
	spec_free(member);
	spec_free(copy);
	ck_assert_int_eq(again->kind, SPEC_ACTOR);
	ck_assert_str_eq(again->name, "s1");
	ck_assert_str_eq(again->exec, "./session2");
	ck_assert_uint_eq(again->args.count, 1);
	ck_assert_str_eq(spec_pair_get(&again->args, "own"), "2");
	spec_free(again);
}
END_TEST

START_TEST(many_children_and_pairs)
{
	struct spec *root = new_root();
	char name[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		ck_assert_int_eq(spec_pair_add(&child(root, SPEC_ACTOR, name)->args, name, name), TRACTOR_OK);
		ck_assert_int_eq(spec_pair_add(&root->env, name, name), TRACTOR_OK);
	}
	ck_assert_str_eq(root->children[999]->name, "a999");
	ck_assert_str_eq(spec_pair_get(&root->env, "a512"), "a512");
	expect_none(root);
}
END_TEST

START_TEST(words_are_the_tree_files)
{
	ck_assert_str_eq(spec_strategy_name(SPEC_REST_FOR_ONE), "rest_for_one");
	ck_assert_str_eq(spec_restart_name(SPEC_TRANSIENT), "transient");
	ck_assert_str_eq(spec_auto_shutdown_name(SPEC_ALL_SIGNIFICANT), "all_significant");
	ck_assert_str_eq(spec_kind_name(SPEC_POOL), "pool");
}
END_TEST

START_TEST(names)
{
	char long_name[SPEC_NAME_MAX + 2];

	memset(long_name, 'x', sizeof(long_name));
	long_name[SPEC_NAME_MAX + 1] = '\0';
	ck_assert(!spec_name_ok(long_name));
	ck_assert(spec_name_ok(long_name + 1));
	ck_assert(spec_name_ok("A-b_9"));
	ck_assert(!spec_name_ok(""));
	ck_assert(!spec_name_ok("a/b"));
	ck_assert(!spec_name_ok(".."));
	ck_assert(!spec_name_ok("a b"));
	ck_assert(!spec_name_ok("\xc3\xa4"));
	ck_assert(!spec_name_ok(NULL));

	struct spec *root = new_root();
	child(root, SPEC_ACTOR, "a/b");
	expect_one(root, "a/b", "cannot be a name");
}
END_TEST

START_TEST(duplicates_are_told_of_the_later_one)
{
	struct spec *root = new_root();

	child(root, SPEC_ACTOR, "b")->line = 1;
	child(root, SPEC_ACTOR, "a");
	child(root, SPEC_SUPERVISOR, "b")->line = 2;
	expect_one(root, "b", "another 'b' under 'root'");
}
END_TEST

START_TEST(same_name_under_different_parents_is_fine)
{
	struct spec *root = new_root(), *left = child(root, SPEC_SUPERVISOR, "left");

	child(left, SPEC_ACTOR, "a");
	child(root, SPEC_ACTOR, "a");
	expect_none(root);
}
END_TEST

/* OTP's matrix of restart x significant x auto_shutdown (check_childspecs). */
START_TEST(significant_matrix)
{
	for (int restart = SPEC_PERMANENT; restart <= SPEC_TEMPORARY; restart++)
		for (int mode = SPEC_NEVER; mode <= SPEC_ALL_SIGNIFICANT; mode++) {
			struct spec *root = new_root(), *actor = child(root, SPEC_ACTOR, "a");
			actor->restart = (enum spec_restart)restart;
			actor->significant = true;
			root->auto_shutdown = (enum spec_auto_shutdown)mode;
			size_t expected = (restart == SPEC_PERMANENT) + (mode == SPEC_NEVER);
			ck_assert_uint_eq(spec_check(root, NULL, NULL), expected);
			spec_free(root);
		}
}
END_TEST

START_TEST(pool_rules)
{
	struct spec *root = new_root();
	child(root, SPEC_POOL, "p")->auto_shutdown = SPEC_ANY_SIGNIFICANT;
	expect_one(root, "p", "auto_shutdown");

	root = new_root();
	child(root, SPEC_POOL, "p")->significant = true;
	expect_one(root, "p", "significant");

	root = new_root();
	child(root, SPEC_POOL, "p")->strategy = SPEC_ONE_FOR_ALL;
	expect_one(root, "p", "one_for_one");

	root = new_root();
	child(root, SPEC_POOL, "p")->pool_max = 0;
	expect_one(root, "p", "max");

	root = new_root();
	child(child(root, SPEC_POOL, "p"), SPEC_ACTOR, "a");
	expect_one(root, "p", "cannot have children");
}
END_TEST

START_TEST(actors_have_no_children)
{
	struct spec *root = new_root();

	child(child(root, SPEC_ACTOR, "a"), SPEC_ACTOR, "b");
	expect_one(root, "a", "cannot have children");
}
END_TEST

START_TEST(numbers_of_a_supervisor)
{
	struct spec *root = new_root();
	root->intensity = SPEC_INTENSITY_MAX;
	expect_none(root);

	root = new_root();
	root->intensity = SPEC_INTENSITY_MAX + 1;
	expect_one(root, "root", "intensity");

	root = new_root();
	root->period_ns = 0;
	expect_one(root, "root", "period");

	root = new_root();
	child(root, SPEC_SUPERVISOR, "s")->shutdown_ns = -2;
	expect_one(root, "s", "shutdown");
}
END_TEST

static const struct number {
	const char *words;
	size_t offset;
	int64_t value;
} numbers[] = {
	{ "start_timeout", offsetof(struct spec, start_timeout_ns), 0 },
	{ "start_timeout", offsetof(struct spec, start_timeout_ns), INT64_MAX },
	{ "handler_timeout", offsetof(struct spec, handler_timeout_ns), -1 },
	{ "handler_cpu_timeout", offsetof(struct spec, handler_cpu_timeout_ns), -1 },
	{ "shutdown", offsetof(struct spec, shutdown_ns), INT64_MAX },
	{ "initial", offsetof(struct spec, backoff.initial_ns), -1 },
	{ "initial is longer", offsetof(struct spec, backoff.initial_ns), 31 * SPEC_SECOND },
	{ "reset", offsetof(struct spec, backoff.reset_ns), -1 },
	{ "max", offsetof(struct spec, backoff.max_ns), INT64_MAX },
};

START_TEST(durations_of_an_actor)
{
	struct spec *root = new_root(), *actor = child(root, SPEC_ACTOR, "a");

	*(int64_t *)(void *)((char *)actor + numbers[_i].offset) = numbers[_i].value;
	expect_one(root, "a", numbers[_i].words);
}
END_TEST

START_TEST(fractions_of_an_actor)
{
	static const struct {
		const char *words;
		double factor, jitter;
	} bad[] = {
		{ "factor", 0.5, 0 },
		{ "factor", NAN, 0 },
		{ "factor", INFINITY, 0 },
		{ "jitter", 2, -0.1 },
		{ "jitter", 2, 1.1 },
		{ "jitter", 2, NAN },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct spec *root = new_root(), *actor = child(root, SPEC_ACTOR, "a");
		actor->backoff.factor = bad[i].factor;
		actor->backoff.jitter = bad[i].jitter;
		expect_one(root, "a", bad[i].words);
	}
	struct spec *root = new_root();
	child(root, SPEC_ACTOR, "a")->mailbox = SPEC_MAILBOX_MAX + 1;
	expect_one(root, "a", "mailbox");
}
END_TEST

START_TEST(depth)
{
	struct spec *root = new_root(), *at = root;

	for (int level = 2; level <= SPEC_DEPTH_MAX; level++)
		at = child(at, SPEC_SUPERVISOR, "s");
	child(at, SPEC_ACTOR, "leaf");
	struct spec *deeper = spec_copy(root), *pool = spec_copy(root);
	expect_none(root);

	for (at = deeper; at->children[0]->kind == SPEC_SUPERVISOR;)
		at = at->children[0];
	child(child(at, SPEC_SUPERVISOR, "deep"), SPEC_ACTOR, "a/bad/name/that/is/not/looked/at");
	expect_one(deeper, "deep", "nested deeper");
	for (at = pool; at->children[0]->kind == SPEC_SUPERVISOR;)
		at = at->children[0];
	child(at, SPEC_POOL, "deep");
	expect_one(pool, "deep", "nested deeper");
}
END_TEST

START_TEST(all_errors_are_told)
{
	struct spec *root = new_root();

	root->period_ns = -1;
	child(root, SPEC_ACTOR, "x y")->significant = true;
	child(root, SPEC_POOL, "p")->pool_max = 0;
	ck_assert_uint_eq(spec_check(root, NULL, NULL), 5);
	spec_free(root);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("spec");

	TEST_CASE(suite, "spec", 30, defaults_are_otps, copy_is_deep, member_is_the_template_under_its_name,
		member_of_a_new_version_of_its_pool, many_children_and_pairs, words_are_the_tree_files);
	TEST_CASE(suite, "check", 30, names, duplicates_are_told_of_the_later_one,
		same_name_under_different_parents_is_fine, significant_matrix, pool_rules,
		actors_have_no_children, numbers_of_a_supervisor, fractions_of_an_actor, depth,
		all_errors_are_told);
	TCase *loop = tcase_create("numbers");
	tcase_add_loop_test(loop, durations_of_an_actor, 0, sizeof(numbers) / sizeof(numbers[0]));
	suite_add_tcase(suite, loop);
	return suite;
}
