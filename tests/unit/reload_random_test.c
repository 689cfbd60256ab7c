/*
 * reload_random_test.c: from seeds: whatever a file says and whatever a new version of it says, a reload leads to what a fresh start
 * of the new version gives, but for the processes that could stay.
 *
 * A failure names the test's loop number, which is the first of its seeds divided by SEEDS.
 */
#define UNIT_MANY_ASSERTIONS
#include <stdlib.h>

#include "core.h"
#include "fakeshell.h"

#define SEEDS 10 /* in each test */

static uint64_t random_state;

static unsigned
below(unsigned limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(random_state >> 33) % limit;
}

static struct spec *random_child(unsigned name, const struct spec *parent, int depth);

/* Of six names some, in some order. */
static void
add_random_children(struct spec *spec, int depth)
{
	unsigned first = below(6), step = below(2) == 0 ? 1 : 5;

	for (unsigned i = 0; i < 6; i++)
		if (below(2) == 0)
			ck_assert_int_eq(spec_add(spec, random_child((first + i * step) % 6, spec, depth)),
				TRACTOR_OK);
}

static struct spec *
random_child(unsigned name, const struct spec *parent, int depth)
{
	static const enum spec_kind kinds[] = { SPEC_ACTOR, SPEC_ACTOR, SPEC_POOL, SPEC_SUPERVISOR,
		SPEC_SUPERVISOR };
	char text[] = { (char)('a' + name), '\0' };
	struct spec *spec = spec_new(kinds[below(depth > 0 ? 5 : 3)], text);

	spec->restart = (enum spec_restart)below(3);
	spec->significant = spec->kind != SPEC_POOL && spec->restart != SPEC_PERMANENT && below(2) == 0 &&
			    parent->auto_shutdown != SPEC_NEVER;
	if (spec->kind == SPEC_SUPERVISOR) {
		spec->strategy = (enum spec_strategy)below(3);
		spec->auto_shutdown = (enum spec_auto_shutdown)below(3);
		add_random_children(spec, depth - 1);
		return spec;
	}
	spec->exec = strdup(below(3) == 0 ? "./other" : "./one");
	spec->mailbox = below(3);
	ck_assert_int_eq(spec_pair_add(&spec->args, "n", below(3) == 0 ? "1" : "2"), TRACTOR_OK);
	return spec;
}

static struct spec *
random_file(void)
{
	struct spec *root = spec_new(SPEC_SUPERVISOR, "r");

	root->auto_shutdown = (enum spec_auto_shutdown)below(3);
	root->intensity = below(4);
	add_random_children(root, 2);
	return root;
}

/* Each pool has some members, with arguments of their own or without. */
static void
add_random_members(void)
{
	for (struct node *node = tree_root(fake.tree); node != NULL; node = tree_next(fake.tree, node)) {
		for (unsigned i = below(3); node->spec->kind == SPEC_POOL && i > 0; i--) {
			char name[] = { 'm', (char)('0' + i), '\0' };
			if (node_child(node, name) != NULL)
				continue;
			struct spec *member = spec_member(node->spec, name);
			if (below(2) == 0)
				ck_assert_int_eq(spec_pair_add(&member->args, "own", node->path), TRACTOR_OK);
			add(node->path, member);
		}
	}
}

/* They are what the template makes of them now, and have kept what is their own. */
static void
check_members(const struct node *pool)
{
	enum spec_difference difference;
	char *what;

	for (size_t i = 0; i < pool->child_count; i++) {
		const struct node *member = pool->children[i];
		struct spec *wanted = spec_member(pool->spec, member->spec->name);
		if (spec_pair_get(&member->spec->args, "own") != NULL)
			ck_assert_int_eq(spec_pair_add(&wanted->args, "own", pool->path), TRACTOR_OK);
		ck_assert_int_eq(member->state, NODE_RUNNING);
		ck_assert_int_eq(spec_diff(member->spec, wanted, &difference, &what), TRACTOR_OK);
		ck_assert_str_eq(what, "");
		ck_assert_uint_eq(member->spec->args.count, wanted->args.count);
		free(what);
		spec_free(wanted);
	}
}

static void
same_node(const struct node *node, const struct node *fresh)
{
	enum spec_difference difference;
	char *what;

	ck_assert_str_eq(node->path, fresh->path);
	ck_assert_int_eq(node->state, fresh->state);
	ck_assert_int_eq(node->state, NODE_RUNNING);
	ck_assert_int_eq(spec_diff(node->spec, fresh->spec, &difference, &what), TRACTOR_OK);
	ck_assert_int_eq(difference, SPEC_SAME);
	free(what);
	if (node->spec->kind == SPEC_POOL) { /* a fresh one has no members */
		check_members(node);
		return;
	}
	ck_assert_uint_eq(node->child_count, fresh->child_count);
	for (size_t i = 0; i < node->child_count; i++) {
		ck_assert_ptr_eq(node->children[i]->parent, node);
		ck_assert_uint_eq(node_place(node->children[i]), i);
		same_node(node->children[i], fresh->children[i]);
	}
}

/* What the processes of the old tree were. */
struct process {
	char path[SPEC_PATH_MAX];
	uint64_t id;
	uint32_t incarnation;
	struct spec *spec;
};

static size_t
note_processes(struct process *processes)
{
	size_t count = 0;

	for (struct node *node = tree_root(fake.tree); node != NULL; node = tree_next(fake.tree, node)) {
		struct process *process = &processes[count++];
		snprintf(process->path, sizeof(process->path), "%s", node->path);
		process->id = node->id;
		process->incarnation = node->incarnation;
		process->spec = spec_copy(node->spec);
	}
	return count;
}

/* A process is the one that it was, unless its child went, or could not have it any more. */
static void
check_process(struct process *process)
{
	struct node *node = tree_find(fake.tree, process->path), *by_id = tree_by_id(fake.tree, process->id);
	enum spec_difference difference = SPEC_SAME;
	char *what;

	ck_assert(by_id == NULL || by_id == node);
	if (by_id != NULL) {
		ck_assert_int_eq(spec_diff(process->spec, node->spec, &difference, &what), TRACTOR_OK);
		free(what);
		bool is_member = node->parent != NULL && node->parent->spec->kind == SPEC_POOL;
		bool restarted =
			difference == SPEC_NEEDS_RESTART && node->spec->kind == SPEC_ACTOR && !is_member;
		ck_assert_uint_eq(node->incarnation, process->incarnation + (restarted ? 1 : 0));
	} else if (node != NULL) {
		bool replaced = node->spec->kind != process->spec->kind;
		for (const struct node *above = node->parent; above != NULL; above = above->parent)
			replaced = replaced || above->id > process->id; /* with the supervisor above */
		ck_assert(replaced);
	}
	spec_free(process->spec);
}

static void
reload_and_start_afresh(uint64_t seed)
{
	static struct process processes[512];
	struct tree *fresh;

	random_state = seed * 7919 + 3;
	begin(random_file());
	for (int round = 0; round < 4; round++) {
		struct spec *file = random_file();
		struct tree_plan plan;

		add_random_members();
		size_t count = note_processes(processes);
		ck_assert_int_eq(tree_new(spec_copy(file), &fake_ops, NULL, 1, 1, &fresh), TRACTOR_OK);
		ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), file, &plan), TRACTOR_OK);
		run();
		ck_assert(!tree_reloading(fake.tree));
		struct tree *reloaded = fake.tree;
		fake.tree = fresh;
		ck_assert_int_eq(tree_start(fresh, tree_root(fresh)), TRACTOR_OK);
		run();
		fake.tree = reloaded;
		same_node(tree_root(reloaded), tree_root(fresh));
		for (size_t i = 0; i < count; i++)
			check_process(&processes[i]);
		tree_free(fresh);
		tree_plan_free(&plan);
		ck_assert_int_eq(tree_next_ns(fake.tree), INT64_MAX);
		fake.log[0] = fake.trace[0] = fake.gone[0] = '\0';
	}
	finish();
}

START_TEST(a_reload_gives_what_a_fresh_start_gives)
{
	for (int i = 0; i < SEEDS; i++) {
		memset(&fake, 0, sizeof(fake));
		reload_and_start_afresh((uint64_t)(_i * SEEDS + i));
	}
}
END_TEST

/* A plan says exactly what is done: reloading the same file again finds nothing. */
static void
reload_twice(uint64_t seed)
{
	random_state = seed * 104729 + 5;
	begin(random_file());
	add_random_members();
	forget_log();
	struct spec *file = random_file(), *again = spec_copy(file);
	struct tree_plan plan;
	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), file, &plan), TRACTOR_OK);
	tree_plan_free(&plan);
	run();
	forget_log();
	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), again, &plan), TRACTOR_OK);
	ck_assert_uint_eq(plan.count, 0);
	tree_plan_free(&plan);
	run();
	did("");
	finish();
}

START_TEST(a_second_time_there_is_nothing)
{
	for (int i = 0; i < SEEDS; i++) {
		memset(&fake, 0, sizeof(fake));
		reload_twice((uint64_t)(_i * SEEDS + i));
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("reload_random");
	TCase *any = tcase_create("any");

	tcase_set_timeout(any, 30);
	tcase_add_loop_test(any, a_reload_gives_what_a_fresh_start_gives, 0, 300 / SEEDS);
	tcase_add_loop_test(any, a_second_time_there_is_nothing, 0, 100 / SEEDS);
	suite_add_tcase(suite, any);
	return suite;
}
