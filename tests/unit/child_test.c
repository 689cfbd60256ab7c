/* child_test.c: walks every cell of the child's table state x event: what the node does, and where that takes it. */
#include "fakeshell.h"

#include "core.h"

/* State and what was done at once; "drop": the same state, and one more dropped event; "bug": the core stops itself. */
#define BUG "bug"
#define DROP "drop"

/* clang-format off */
static const char *const of_an_actor[NODE_STATE_COUNT][CHILD_EVENT_COUNT] = {
	/*                 start          turn           ready       ended          stop           kill           timeout        finish      forget  return */
	[NODE_STOPPED]  = {"starting +n", BUG,           DROP,       DROP,          "stopped",     "stopped",     BUG,           BUG,        "gone", BUG},
	[NODE_WAITING]  = {"waiting",     "starting +n", DROP,       DROP,          "stopped",     "stopped",     "starting +n", BUG,        BUG,    BUG},
	[NODE_STARTING] = {"starting",    BUG,           "running",  "starting +n", "stopping -n", "stopping !n", "starting !n", BUG,        BUG,    BUG},
	[NODE_RUNNING]  = {"running",     BUG,           DROP,       "starting +n", "stopping -n", "stopping !n", BUG,           BUG,        BUG,    BUG},
	[NODE_STOPPING] = {"stopping",    BUG,           "stopping", "stopped",     "stopping",    "stopping !n", "stopping !n", "stopping", BUG,    BUG},
	[NODE_GONE]     = {BUG,           BUG,           DROP,       DROP,          "gone",        "gone",        BUG,           BUG,        "gone", "stopped"},
};

/* n is a supervisor, its one child is x, whose start and stop take time. Events that only processes cause are left out. */
static const char *const of_a_supervisor[NODE_STATE_COUNT][CHILD_EVENT_COUNT] = {
	/*                 start       turn        ready       ended      stop        kill           timeout        finish      forget  return */
	[NODE_STOPPED]  = {"starting", BUG,        DROP,       DROP,      "stopped",  "stopped",     BUG,           BUG,        "gone", BUG},
	[NODE_WAITING]  = {"waiting",  "starting", DROP,       DROP,      "stopped",  "stopped",     "starting",    BUG,        BUG,    BUG},
	[NODE_STARTING] = {"starting", BUG,        "running",  NULL,      "stopping", "stopping !x", NULL,          "stopping", BUG,    BUG},
	[NODE_RUNNING]  = {"running",  BUG,        DROP,       NULL,      "stopping", "stopping !x", BUG,           "stopping", BUG,    BUG},
	[NODE_STOPPING] = {"stopping", BUG,        "stopping", "stopped", "stopping", "stopping !x", "stopping !x", "stopping", BUG,    BUG},
	[NODE_GONE]     = {BUG,        BUG,        DROP,       DROP,      "gone",     "gone",        BUG,           BUG,        "gone", "stopped"},
};
/* clang-format on */

/* Brings n into that state, as it gets there in life. */
static struct node *
bring_into(enum node_state state, const char *hangs)
{
	struct node *node = at("/r/n");

	switch (state) {
	case NODE_RUNNING: break;
	case NODE_STOPPED: terminate("/r/n"); break;
	case NODE_WAITING:
		terminate("/r/n");
		node->own->cause = CAUSE_RESTART;
		group_mark_start(node, START_FREE);
		child_wait(node, 60 * SEC, "test");
		break;
	case NODE_STARTING:
		starts(hangs, HANGS_STARTING, 1);
		terminate("/r/n");
		node->own->cause = CAUSE_RESTART;
		group_mark_start(node, START_FREE);
		child_do(node, CHILD_START);
		run();
		break;
	case NODE_STOPPING:
		stops(hangs, HANGS_STOPPING);
		terminate("/r/n");
		break;
	case NODE_GONE:
		terminate("/r/n");
		ck_assert_int_eq(tree_remove(fake.tree, node), TRACTOR_OK);
		run();
		break;
	}
	ck_assert_int_eq(node->state, state);
	return node;
}

static void
expect_cell(struct node *node, enum node_state state, enum child_event_kind kind, const char *expected)
{
	uint64_t dropped = tree_dropped_count(fake.tree);
	struct child_event event = { .kind = kind, .end = NODE_END_ABNORMAL };
	char got[sizeof(fake.log) + 16];

	/* Marks come before events: see command.c. */
	if (kind == CHILD_STOP || kind == CHILD_KILL)
		group_mark_start(node, START_NO);
	else if (kind == CHILD_START && state == NODE_STOPPED)
		group_mark_start(node, START_FREE);
	if (kind == CHILD_FINISH && node->own->group != NULL)
		node->own->group->ending = TREE_GAVE_UP;
	forget_log();
	child_step(node, &event);

	if (expected == NULL || strcmp(expected, BUG) == 0)
		return; /* it should not have come back */
	if (strcmp(expected, DROP) == 0) {
		ck_assert_uint_eq(tree_dropped_count(fake.tree), dropped + 1);
		expected = node_state_name(state);
	} else {
		ck_assert_uint_eq(tree_dropped_count(fake.tree), dropped);
	}
	snprintf(got, sizeof(got), "%s%s", node_state_name(node->state), fake.log);
	ck_assert_msg(strcmp(got, expected) == 0, "%s, event %d: %s, expected %s", node_state_name(state),
		kind, got, expected);
	finish();
}

static void
walk_actor(int cell)
{
	enum node_state state = (enum node_state)(cell / CHILD_EVENT_COUNT);
	enum child_event_kind kind = (enum child_event_kind)(cell % CHILD_EVENT_COUNT);

	begin(sup("r", SPEC_ONE_FOR_ONE, 5, actor("n", SPEC_PERMANENT), NULL));
	expect_cell(bring_into(state, "n"), state, kind, of_an_actor[state][kind]);
}

static void
walk_supervisor(int cell)
{
	enum node_state state = (enum node_state)(cell / CHILD_EVENT_COUNT);
	enum child_event_kind kind = (enum child_event_kind)(cell % CHILD_EVENT_COUNT);

	begin(sup("r", SPEC_ONE_FOR_ONE, 5, sup("n", SPEC_ONE_FOR_ONE, 5, actor("x", SPEC_PERMANENT), NULL),
		NULL));
	expect_cell(bring_into(state, "x"), state, kind, of_a_supervisor[state][kind]);
}

#define CELLS (NODE_STATE_COUNT * CHILD_EVENT_COUNT)

static bool
is_bug(const char *expected)
{
	return expected != NULL && strcmp(expected, BUG) == 0;
}

/* The n-th cell that is a bug, or that is none. */
static int
nth_cell(const char *const table[][CHILD_EVENT_COUNT], bool bug, int n)
{
	for (int cell = 0; cell < CELLS; cell++) {
		const char *expected = table[cell / CHILD_EVENT_COUNT][cell % CHILD_EVENT_COUNT];
		if (expected != NULL && is_bug(expected) == bug && n-- == 0)
			return cell;
	}
	ck_abort_msg("there are not so many cells");
}

static int
count_cells(const char *const table[][CHILD_EVENT_COUNT], bool bug)
{
	int count = 0;

	for (int cell = 0; cell < CELLS; cell++) {
		const char *expected = table[cell / CHILD_EVENT_COUNT][cell % CHILD_EVENT_COUNT];
		count += expected != NULL && is_bug(expected) == bug;
	}
	return count;
}

START_TEST(actor_cell)
{
	walk_actor(nth_cell(of_an_actor, false, _i));
}
END_TEST

START_TEST(actor_bug)
{
	walk_actor(nth_cell(of_an_actor, true, _i));
}
END_TEST

START_TEST(supervisor_cell)
{
	walk_supervisor(nth_cell(of_a_supervisor, false, _i));
}
END_TEST

START_TEST(supervisor_bug)
{
	walk_supervisor(nth_cell(of_a_supervisor, true, _i));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("child");
	TCase *actors = tcase_create("actor"), *supervisors = tcase_create("supervisor");

	tcase_add_loop_test(actors, actor_cell, 0, count_cells(of_an_actor, false));
	tcase_add_loop_test_raise_signal(actors, actor_bug, 6, 0, count_cells(of_an_actor, true));
	tcase_add_loop_test(supervisors, supervisor_cell, 0, count_cells(of_a_supervisor, false));
	tcase_add_loop_test_raise_signal(
		supervisors, supervisor_bug, 6, 0, count_cells(of_a_supervisor, true));
	suite_add_tcase(suite, actors);
	suite_add_tcase(suite, supervisors);
	return suite;
}
