/* spec_test.c: defaults, copies, each rule of spec_check() with a spec that breaks only it, and each key that spec_diff() knows. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

START_TEST(shortest_and_longest_durations)
{
	struct spec *root = new_root(), *shortest = child(root, SPEC_ACTOR, "a"),
		    *longest = child(root, SPEC_ACTOR, "b");

	root->period_ns = shortest->start_timeout_ns = 1;
	shortest->shutdown_ns = shortest->handler_timeout_ns = shortest->handler_cpu_timeout_ns = 0;
	shortest->backoff = (struct spec_backoff){ 0, 1, 0, 0, 0 };
	longest->start_timeout_ns = longest->shutdown_ns = SPEC_DURATION_MAX_NS;
	longest->handler_timeout_ns = longest->handler_cpu_timeout_ns = SPEC_DURATION_MAX_NS;
	longest->backoff = (struct spec_backoff){ SPEC_DURATION_MAX_NS, 1, SPEC_DURATION_MAX_NS, 1,
		SPEC_DURATION_MAX_NS };
	expect_none(root);
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

START_TEST(logs_of_an_actor)
{
	static const struct {
		const char *words;
		struct spec_log log;
	} bad[] = {
		{ "max_size 3999 is out of range; use 4KB to 100MB", { 3999, 3, 1000, 2000 } },
		{ "max_size", { SPEC_LOG_SIZE_MAX + 1, 3, 1000, 2000 } },
		{ "files", { 4000, SPEC_LOG_FILES_MAX + 1, 1000, 2000 } },
		{ "rate", { 4000, 3, SPEC_LOG_RATE_MAX + 1, 2000 } },
		{ "burst", { 4000, 3, 1000, 0 } },
		{ "burst", { 4000, 3, 1000, SPEC_LOG_RATE_MAX + 1 } },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct spec *root = new_root();
		child(root, SPEC_ACTOR, "a")->log = bad[i].log;
		expect_one(root, "a", bad[i].words);
	}
	struct spec *root = new_root();
	child(root, SPEC_ACTOR, "a")->log = (struct spec_log){ SPEC_LOG_SIZE_MIN, 0, 0, 1 };
	expect_none(root);
}
END_TEST

START_TEST(sizes_are_written_in_whole_units)
{
	static const struct {
		unsigned bytes;
		const char *text;
	} sizes[] = { { 1000000, "1MB" }, { 1048576, "1MiB" }, { 65536, "64KiB" }, { 4000, "4KB" },
		{ 4001, "4001B" }, { 100000000, "100MB" } };
	char text[SPEC_SIZE_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		ck_assert_str_eq(spec_size_text(sizes[i].bytes, text), sizes[i].text);
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

/* --- what is another in a new version --- */

/* Compares `now` with a spec that has all defaults. */
static void
differs(struct spec *now, enum spec_difference difference, const char *expected)
{
	struct spec *was = spec_new(now->kind, now->name);
	enum spec_difference found;
	char *what;

	ck_assert_int_eq(spec_diff(was, now, &found, &what), TRACTOR_OK);
	ck_assert_str_eq(what, expected);
	ck_assert_int_eq(found, difference);
	free(what);
	spec_free(was);
	spec_free(now);
}

START_TEST(nothing_differs)
{
	differs(new_root(), SPEC_SAME, "");
	differs(spec_new(SPEC_ACTOR, "a"), SPEC_SAME, "");
	differs(spec_new(SPEC_POOL, "p"), SPEC_SAME, "");
}
END_TEST

START_TEST(what_differs_in_a_supervisor)
{
	struct spec *now = new_root();

	now->strategy = SPEC_REST_FOR_ONE;
	now->intensity = 7;
	now->period_ns = 2 * 3600 * SPEC_SECOND;
	now->auto_shutdown = SPEC_ANY_SIGNIFICANT;
	now->restart = SPEC_TEMPORARY;
	now->shutdown_ns = 3 * 60 * SPEC_SECOND;
	now->significant = true;
	now->pool_max = 3; /* and what it has not */
	now->mailbox = 3;
	differs(now, SPEC_DIFFERS,
		"strategy: one_for_one -> rest_for_one, intensity: 1 -> 7, period: 5s -> 2h, "
		"auto_shutdown: never -> any_significant, restart: permanent -> temporary, "
		"shutdown: infinity -> 3m, significant: false -> true");
}
END_TEST

START_TEST(what_differs_in_an_actor)
{
	struct spec *now = spec_new(SPEC_ACTOR, "a");

	now->shutdown_ns = SPEC_SHUTDOWN_KILL;
	now->start_timeout_ns = SPEC_DURATION_MAX_NS;
	now->handler_timeout_ns = 1500 * SPEC_MILLISECOND;
	now->handler_cpu_timeout_ns = 1;
	now->mailbox = 0;
	now->redeliver = true;
	now->spares = 2;
	now->lanes = false;
	now->backoff = (struct spec_backoff){ 20 * SPEC_MILLISECOND, 1.5, 61 * SPEC_SECOND, 0.25, 0 };
	now->log = (struct spec_log){ 65536, 0, 0, 1 };
	now->intensity = 3; /* and what it has not */
	differs(now, SPEC_NEEDS_RESTART,
		"shutdown: 5s -> kill, start_timeout: 5s -> 87600h, handler_timeout: 0s -> 1500ms, "
		"handler_cpu_timeout: 0s -> 1e-09s, mailbox: 1024 -> 0, redeliver: false -> true, spares: 0 -> 2, "
		"lanes: on -> off, "
		"backoff.initial: 0s -> 20ms, backoff.factor: 2 -> 1.5, backoff.max: 30s -> 61s, "
		"backoff.jitter: 0.5 -> 0.25, backoff.reset: 10s -> 0s, "
		"log.max_size: 1MB -> 64KiB, log.files: 3 -> 0, log.rate: 1000 -> 0, log.burst: 2000 -> 1");
}
END_TEST

START_TEST(what_differs_in_its_faults)
{
	const struct spec_fault segv = { .fault = "segv", .at = "a.b:3" };
	const struct spec_fault slow = { .fault = "slow:5", .at = "a.b", .probability = 0.5, .seed = 7 };
	struct spec *was = spec_new(SPEC_ACTOR, "a"), *now = spec_new(SPEC_ACTOR, "a");
	enum spec_difference difference;
	char *what;

	ck_assert_int_eq(spec_fault_add(was, &segv), TRACTOR_OK);
	ck_assert_int_eq(spec_fault_add(now, &slow), TRACTOR_OK);
	ck_assert_int_eq(spec_diff(was, now, &difference, &what), TRACTOR_OK);
	ck_assert_int_eq(difference, SPEC_DIFFERS);
	ck_assert_str_eq(what,
		"fault removed: segv at a.b:3, fault added: slow:5 at a.b with probability 0.5, seed 7");
	free(what);
	ck_assert_int_eq(spec_fault_add(now, &segv), TRACTOR_OK); /* in another order */
	ck_assert_int_eq(spec_fault_add(was, &slow), TRACTOR_OK);
	struct spec *copy = spec_copy(now);
	ck_assert_int_eq(spec_diff(was, copy, &difference, &what), TRACTOR_OK);
	ck_assert_int_eq(difference, SPEC_SAME);
	free(what);
	spec_free(copy);
	spec_free(was);
	spec_free(now);
}
END_TEST

START_TEST(what_differs_in_a_pool)
{
	struct spec *now = spec_new(SPEC_POOL, "p");

	now->intensity = 7;
	now->period_ns = SPEC_SECOND;
	now->pool_max = 10;
	now->restart = SPEC_TRANSIENT;
	now->backoff.factor = 3;
	differs(now, SPEC_DIFFERS,
		"intensity: 1 -> 7, period: 5s -> 1s, max: 1000 -> 10, restart: permanent -> transient, "
		"backoff.factor: 2 -> 3");
}
END_TEST

START_TEST(what_a_process_has_for_life)
{
	struct spec *now = spec_new(SPEC_ACTOR, "a");

	now->exec = strdup("./a");
	now->exec_path = strdup("/a"); /* follows from it */
	differs(now, SPEC_NEEDS_RESTART, "exec: (none) -> ./a");
	now = spec_new(SPEC_ACTOR, "a");
	now->exec_path = strdup("/a");
	differs(now, SPEC_NEEDS_RESTART, "program: (none) -> /a");
	now = spec_new(SPEC_POOL, "p");
	now->directory = strdup("/d");
	differs(now, SPEC_NEEDS_RESTART, "directory: (none) -> /d");
	now = spec_new(SPEC_ACTOR, "a");
	now->role = strdup("r");
	now->mailbox = 1; /* after it in the table */
	differs(now, SPEC_NEEDS_RESTART, "role: (none) -> r, mailbox: 1024 -> 1");
	now = spec_new(SPEC_ACTOR, "a");
	spec_pair_add(&now->args, "k", "v");
	differs(now, SPEC_NEEDS_RESTART, "args.k: (none) -> v");
	now = spec_new(SPEC_ACTOR, "a");
	spec_pair_add(&now->env, "k", "v");
	differs(now, SPEC_NEEDS_RESTART, "env.k: added");
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
		actors_have_no_children, numbers_of_a_supervisor, shortest_and_longest_durations,
		fractions_of_an_actor, logs_of_an_actor, sizes_are_written_in_whole_units, depth,
		all_errors_are_told);
	TEST_CASE(suite, "differences", 30, nothing_differs, what_differs_in_a_supervisor,
		what_differs_in_an_actor, what_differs_in_its_faults, what_differs_in_a_pool,
		what_a_process_has_for_life);
	TCase *loop = tcase_create("numbers");
	tcase_add_loop_test(loop, durations_of_an_actor, 0, sizeof(numbers) / sizeof(numbers[0]));
	suite_add_tcase(suite, loop);
	return suite;
}
