/*
 * tree_random_test.c: random trees under random ends, verdicts, delays, commands and reloads, from seeds that repeat them. After every step
 * what must always hold is checked; at the end each tree must come to rest, and go down, as soon as its actors behave.
 *
 * A failure names the test's loop number, which is the first of its seeds divided by LIVES.
 */
#define UNIT_MANY_ASSERTIONS
#include <stdlib.h>

#include "core.h"
#include "fakeshell.h"

/* More of both, by -D, whenever the core has changed much. */
#ifndef SEEDS
#define SEEDS 100
#define STEPS 400
#endif
#define LIVES 10 /* in each process of libcheck's */
#define LIVE_MAX 2000

static struct tree *tree;
static int64_t now_ns;
static uint64_t random_state;

/* The processes that there are. */
static struct live {
	struct node *node;
	uint32_t incarnation;
	bool ready, told, killed;
} live[LIVE_MAX];
static int live_count;
static bool behave;	     /* every process now comes up and goes down at once */
static bool refuses;	     /* the host has nothing left for every other start */
static unsigned start_limit; /* of starts at a time; 0: no bound */
static int names;	     /* that children were added under */

static unsigned
below(unsigned limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(random_state >> 33) % limit;
}

static struct live *
find_live(const struct node *node)
{
	for (int i = 0; i < live_count; i++)
		if (live[i].node == node)
			return &live[i];
	return NULL;
}

static void
end_process(struct live *process, enum node_end end, struct node_verdict verdict)
{
	struct node *node = process->node;
	uint32_t incarnation = process->incarnation;

	*process = live[--live_count];
	tree_post_ended(tree, node, incarnation, end, verdict);
}

static void
come_up(struct live *process)
{
	if (process->ready || process->node->state != NODE_STARTING)
		return;
	process->ready = true;
	tree_post_ready(tree, process->node, process->incarnation);
}

static void
end_plainly(struct live *process, enum node_end end)
{
	end_process(process, end, (struct node_verdict){ NODE_VERDICT_DEFAULT, 0 });
}

/* Who starts in turn has nobody before it that still has to, and nobody left that has to stop. */
static void
check_turn(const struct node *node)
{
	if (node->parent == NULL || node->own->start != START_IN_TURN)
		return;
	ck_assert_uint_eq(node->parent->own->group->stop_count, 0);
	for (size_t i = 0; i < node_place(node); i++)
		ck_assert_int_ne(node->parent->children[i]->own->start, START_IN_TURN);
}

/* Counted anew: how many start, in the whole tree or below one supervisor. */
static unsigned
starting(const struct node *supervisor)
{
	unsigned count = 0;

	for (struct node *node = tree_root(tree); node != NULL; node = tree_next(tree, node))
		count += node->own->group == NULL && node->state == NODE_STARTING &&
			 (supervisor == NULL || node->parent == supervisor);
	return count;
}

/* Who starts is one of the few that may at a time, or the only one of its supervisor. */
static void
check_room(const struct node *node)
{
	ck_assert(start_limit == 0 || starting(NULL) <= start_limit || starting(node->parent) == 1);
}

static void
on_start(void *arg, struct node *node)
{
	(void)arg;
	ck_assert_ptr_null(find_live(node));
	ck_assert_int_lt(live_count, LIVE_MAX);
	check_turn(node);
	/* A supervisor above may be stopping later ones first, and this one's goes on meanwhile, as in OTP. */
	ck_assert(node->parent->state == NODE_RUNNING || node->parent->state == NODE_STARTING);
	check_room(node);
	if (refuses && below(2) == 0) {
		tree_post_ended(tree, node, node->incarnation, NODE_END_HOST_FAILED,
			(struct node_verdict){ (enum node_verdict_kind)below(5), below(3) * SEC });
		return;
	}
	live[live_count++] = (struct live){ .node = node, .incarnation = node->incarnation, .ready = behave };
	if (behave)
		tree_post_ready(tree, node, node->incarnation);
}

/* Newest first: nobody after it that has to stop still lives. */
static void
on_stop(void *arg, struct node *node)
{
	struct live *process = find_live(node);

	(void)arg;
	if (node->parent->spec->kind != SPEC_POOL && node->own->must_stop)
		for (size_t i = node_place(node) + 1; i < node->parent->child_count; i++)
			ck_assert(!node->parent->children[i]->own->must_stop);
	if (process == NULL)
		return; /* its end is posted already */
	ck_assert(!process->told && !process->killed);
	process->told = true;
	if (behave)
		end_plainly(process, NODE_END_SHUTDOWN);
}

static void
on_kill(void *arg, struct node *node)
{
	struct live *process = find_live(node);

	(void)arg;
	if (process == NULL)
		return;
	ck_assert(!process->killed);
	process->killed = true;
	if (behave)
		end_plainly(process, NODE_END_KILLED);
}

static void
on_changed(void *arg, struct node *node, enum node_state from, const char *event)
{
	(void)arg;
	(void)event;
	ck_assert_int_ne(node->state, from);
}

static void
on_gives_up(void *arg, struct node *node, struct node *culprit)
{
	(void)arg;
	ck_assert_ptr_eq(culprit->parent, node);
}

static void
on_released(void *arg, struct node *node)
{
	(void)arg;
	ck_assert_ptr_null(find_live(node));
}

static tractor_err
on_prepare(void *arg, struct node *node)
{
	(void)arg;
	ck_assert_int_eq(node->spec->kind, SPEC_ACTOR);
	ck_assert_ptr_null(tree_by_id(tree, node->id));
	return below(50) == 0 ? TRACTOR_ENOMEM : TRACTOR_OK;
}

static const struct tree_ops ops = { on_start, on_stop, on_kill, on_changed, on_gives_up, on_released,
	on_prepare };

/* Random specs. */

static void
decorate(struct spec *spec, const struct spec *parent)
{
	spec->restart = (enum spec_restart)below(3);
	spec->significant = spec->kind != SPEC_POOL && spec->restart != SPEC_PERMANENT && below(2) == 0 &&
			    parent->auto_shutdown != SPEC_NEVER;
	spec->intensity = below(6);
	if (spec->kind == SPEC_SUPERVISOR)
		spec->shutdown_ns = below(4) == 0 ? (int64_t)below(3) * SEC : SPEC_SHUTDOWN_INFINITY;
	else
		spec->shutdown_ns = (int64_t)below(3) * SEC;
	if (below(3) == 0)
		spec->backoff.initial_ns = 100 * MS;
	spec->mailbox = 1 + below(2);
	if (spec->kind != SPEC_SUPERVISOR && below(2) == 0)
		ck_assert_int_eq(spec_pair_add(&spec->args, "a", below(2) == 0 ? "1" : "2"), TRACTOR_OK);
}

static struct spec *
random_spec(enum spec_kind kind, const char *name, const struct spec *parent, int depth)
{
	struct spec *spec = spec_new(kind, name);

	if (kind == SPEC_SUPERVISOR) {
		spec->strategy = (enum spec_strategy)below(3);
		spec->auto_shutdown = (enum spec_auto_shutdown)below(3);
	}
	if (parent != NULL)
		decorate(spec, parent);
	for (unsigned i = 0, count = kind == SPEC_SUPERVISOR ? below(5) : 0; i < count; i++) {
		static const enum spec_kind kinds[] = { SPEC_ACTOR, SPEC_ACTOR, SPEC_POOL, SPEC_SUPERVISOR };
		char child[] = { 'a', (char)('0' + i), '\0' };
		ck_assert_int_eq(
			spec_add(spec, random_spec(kinds[below(depth > 0 ? 4 : 3)], child, spec, depth - 1)),
			TRACTOR_OK);
	}
	return spec;
}

/* What must always hold. */

static void
check_supervisor(const struct node *node)
{
	const struct group *group = node->own->group;
	size_t must_stop = 0, in_turn = 0, lined_up = 0;

	for (size_t i = 0; i < node->child_count; i++) {
		const struct node *child = node->children[i];
		ck_assert_ptr_eq(child->parent, node);
		ck_assert_uint_eq(node_place(child), i);
		ck_assert_int_ne(child->state, NODE_GONE);
		must_stop += child->own->must_stop;
		in_turn += child->own->start == START_IN_TURN;
		lined_up += child->own->lined_up;
		if (node_at_rest(node))
			ck_assert_int_eq(child->state, NODE_STOPPED);
		if (node->state == NODE_STOPPING && child->state != NODE_STOPPED)
			ck_assert(child->own->must_stop);
	}
	ck_assert_uint_eq(group->stop_count, must_stop);
	ck_assert_uint_eq(group->start_count, in_turn);
	ck_assert_uint_eq(group->starting, starting(node));
	ck_assert_uint_eq(group->lined_up, lined_up);
	if (node->state == NODE_STARTING || node->state == NODE_STOPPING)
		ck_assert(group_busy(node));
}

/* Nobody is held back without a reason. */
static void
check_line(struct node *node)
{
	const struct gate *gate = &tree->gate;

	ck_assert(node->state == NODE_WAITING && node->due_ns == 0 && node->own->group == NULL);
	bool is_full =
		start_limit > 0 && gate->starting >= start_limit && node->parent->own->group->starting > 0;
	ck_assert(is_full || (tree_host_ns(tree) > 0 && gate_is_restart(node)));
}

static void
check_node(struct node *node)
{
	if (tree_is_held(node))
		check_line(node);
	bool process =
		node->state == NODE_STARTING || node->state == NODE_RUNNING || node->state == NODE_STOPPING;

	if (node->own->group != NULL)
		check_supervisor(node);
	else
		ck_assert_int_eq(find_live(node) != NULL, process);
	ck_assert_int_eq(node->state == NODE_WAITING, (node->own->start != START_NO && node_at_rest(node)));
	ck_assert_ptr_eq(tree_by_id(tree, node->id), node);
	/* One of another kind may be waiting to take its place. */
	if (!node->own->doomed)
		ck_assert_ptr_eq(tree_find(tree, node->path), node);
}

static void
step(void)
{
	tree_run(tree, now_ns);
	ck_assert_int_gt(tree_next_ns(tree), now_ns);
	size_t nodes = 0, awaited = 0, idle = 0;
	for (struct node *node = tree_root(tree); node != NULL; node = tree_next(tree, node), nodes++) {
		check_node(node);
		awaited += node->own->awaited;
		idle += node->own->group != NULL && node->own->group->lined_up > 0 &&
			node->own->group->starting == 0;
	}
	ck_assert_uint_eq(tree->index.count, nodes);
	ck_assert_uint_eq(tree->gate.starting, starting(NULL));
	ck_assert_uint_eq(tree->gate.idle, idle);
	ck_assert_uint_eq(tree->awaited_count, awaited);
}

/* Random things that happen. */

static struct node *
random_node(void)
{
	struct node *node = tree_root(tree);

	for (unsigned i = below(20); i > 0; i--) {
		struct node *next = tree_next(tree, node);
		if (next == NULL)
			break;
		node = next;
	}
	return node;
}

static void
happen_to_process(void)
{
	static const enum node_end ends_of[] = { NODE_END_NORMAL, NODE_END_DONE, NODE_END_ABNORMAL,
		NODE_END_ABNORMAL, NODE_END_KILLED, NODE_END_IGNORED, NODE_END_PERMANENT_FAILURE };

	if (live_count == 0)
		return;
	struct live *process = &live[below((unsigned)live_count)];
	if (process->killed)
		end_plainly(process, NODE_END_KILLED);
	else if (process->told && below(2) == 0)
		end_plainly(process, NODE_END_SHUTDOWN);
	else if (process->node->state == NODE_STARTING && below(4) > 0)
		come_up(process);
	else if (process->node->state == NODE_STARTING || below(3) == 0)
		end_process(process, ends_of[below(process->node->state == NODE_STARTING ? 7 : 5)],
			(struct node_verdict){
				(enum node_verdict_kind)(below(3) == 0 ? below(5) : 0), below(3) * SEC });
}

static void
happen_to_tree(void)
{
	struct node *node = random_node(), *added;
	char name[32];

	switch (below(6)) {
	case 0: tree_terminate(tree, node); break;
	case 1: tree_restart(tree, node); break;
	case 2: tree_remove(tree, node); break;
	case 3:
	case 4: tree_start(tree, node); break;
	default:
		if (node->own->group == NULL || node->child_count > 6)
			break;
		snprintf(name, sizeof(name), "d%d", names++);
		struct spec *spec = node->spec->kind == SPEC_POOL
					    ? spec_member(node->spec, name)
					    : random_spec(below(3) == 0 ? SPEC_SUPERVISOR : SPEC_ACTOR, name,
						      node->spec, 1);
		if (tree_add(tree, node, spec, &added) != TRACTOR_OK)
			spec_free(spec);
	}
}

static void
happen_to_file(void)
{
	struct spec *spec = random_spec(SPEC_SUPERVISOR, "r", NULL, 3);
	struct tree_plan plan;

	spec->intensity = 1 + below(10);
	if (below(2) == 0 && tree_plan(tree, tree_root(tree), spec, &plan) == TRACTOR_OK)
		tree_plan_free(&plan);
	if (tree_reload(tree, tree_root(tree), spec, &plan) == TRACTOR_OK)
		tree_plan_free(&plan);
	else
		spec_free(spec);
}

static void
happen(void)
{
	unsigned what = below(100);

	if (below(20) == 0)
		refuses = !refuses;

	if (what < 80)
		happen_to_process();
	else if (what < 89)
		happen_to_tree();
	else if (what < 91)
		happen_to_file();
	else
		now_ns += (int64_t)below(1500) * MS;
	if (tree_root(tree)->state == NODE_STOPPED)
		tree_start(tree, tree_root(tree));
}

/* From now on every process does as it should. */
static void
calm_down(void)
{
	behave = true;
	refuses = false;
	for (int i = live_count; i-- > 0;) {
		if (live[i].killed || live[i].told)
			end_plainly(&live[i], NODE_END_SHUTDOWN);
		else
			come_up(&live[i]);
	}
	for (int turns = 0; turns < 10000 && (turns == 0 || tree_next_ns(tree) != INT64_MAX); turns++) {
		step();
		if (tree_next_ns(tree) != INT64_MAX)
			now_ns = tree_next_ns(tree);
	}
	ck_assert_int_eq(tree_next_ns(tree), INT64_MAX);
	for (struct node *node = tree_root(tree); node != NULL; node = tree_next(tree, node))
		ck_assert(node->state == NODE_RUNNING || node->state == NODE_STOPPED);
	ck_assert(!tree_reloading(tree));
}

static void
live_through(uint64_t seed)
{
	random_state = seed * 977 + 1;
	behave = refuses = false;
	names = 0;
	struct spec *root = random_spec(SPEC_SUPERVISOR, "r", NULL, 3);
	root->intensity = 1 + below(10);
	ck_assert_uint_eq(spec_check(root, NULL, NULL), 0);
	now_ns = 0;
	ck_assert_int_eq(tree_new(root, &ops, NULL, seed, 1, &tree), TRACTOR_OK);
	start_limit = below(3);
	tree_limit_starts(tree, start_limit);
	for (int i = 0; i < STEPS; i++) {
		for (unsigned at_once = 1 + below(3); at_once > 0; at_once--)
			happen();
		step();
	}
	calm_down();
	tree_terminate(tree, tree_root(tree));
	step();
	ck_assert(tree_ended(tree) || tree_root(tree)->incarnation == 0);
	ck_assert_int_eq(live_count, 0);
	tree_free(tree);
}

START_TEST(random_life)
{
	for (int i = 0; i < LIVES; i++)
		live_through((uint64_t)(_i * LIVES + i));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("tree_random");
	TCase *lives = tcase_create("lives");

	tcase_set_timeout(lives, 30);
	tcase_add_loop_test(lives, random_life, 0, SEEDS / LIVES);
	suite_add_tcase(suite, lives);
	return suite;
}
