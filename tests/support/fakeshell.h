/*
 * fakeshell.h: a shell without processes and with a clock of its own, for the tests of the core. Each actor does what was planned for its name: comes up, fails,
 * hangs; and all that the core wants done is written down, so that a test can say what it expects in one line:
 *
 *   +a  start a     -a  stop a     !a  kill a     ~s(a)  supervisor s gives up because of a
 */
#ifndef TRACTOR_TESTS_SUPPORT_FAKESHELL_H
#define TRACTOR_TESTS_SUPPORT_FAKESHELL_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tree.h"
#include "unit.h"

#define SEC SPEC_SECOND
#define MS SPEC_MILLISECOND

enum on_start { COMES_UP, FAILS, IGNORES, FAILS_FOR_GOOD, IS_REFUSED, HANGS_STARTING };
enum on_stop { OBEYS, HANGS_STOPPING, HANGS_DYING };

struct plan {
	char name[SPEC_NAME_MAX + 1];
	enum on_start on_start;
	enum on_stop on_stop;
	int times; /* so often on_start is followed, then it comes up; -1: always */
};

static struct {
	struct tree *tree;
	int64_t now_ns;
	char log[8192];
	char trace[32768]; /* "a running ready\n" for each transition */
	struct plan plans[1024];
	int plan_count;
	int released;
	char gone[512];	   /* the names of nodes that went GONE, in order */
	char reasons[512]; /* "b:killed a:shutdown": whatever has ended, in order, and how */
} fake;

static inline void
append(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + length, size - length, format, args);
	va_end(args);
}

/* What was planned for that name; NULL: nothing, it comes up and obeys. */
static inline struct plan *
plan_of(const char *name)
{
	for (int i = 0; i < fake.plan_count; i++)
		if (strcmp(fake.plans[i].name, name) == 0)
			return &fake.plans[i];
	return NULL;
}

static inline struct plan *
make_plan(const char *name)
{
	struct plan *plan = plan_of(name);

	if (plan != NULL)
		return plan;
	ck_assert_uint_lt((size_t)fake.plan_count, sizeof(fake.plans) / sizeof(fake.plans[0]));
	plan = &fake.plans[fake.plan_count++];
	*plan = (struct plan){ .times = -1 };
	snprintf(plan->name, sizeof(plan->name), "%s", name);
	return plan;
}

/* From now on `name` starts like this, so many times (-1: always). */
static inline void
starts(const char *name, enum on_start on_start, int times)
{
	struct plan *plan = make_plan(name);

	plan->on_start = on_start;
	plan->times = times;
}

static inline void
stops(const char *name, enum on_stop on_stop)
{
	make_plan(name)->on_stop = on_stop;
}

static inline void
ended(struct node *node, enum node_end end)
{
	tree_post_ended(
		fake.tree, node, node->incarnation, end, (struct node_verdict){ NODE_VERDICT_DEFAULT, 0 });
}

static inline void
fake_start(void *arg, struct node *node)
{
	struct plan *plan = plan_of(node->spec->name);
	enum on_start does = plan == NULL || plan->times == 0 ? COMES_UP : plan->on_start;

	(void)arg;
	append(fake.log, sizeof(fake.log), " +%s", node->spec->name);
	if (plan != NULL && plan->times > 0)
		plan->times--;
	switch (does) {
	case COMES_UP: tree_post_ready(fake.tree, node, node->incarnation); break;
	case FAILS: ended(node, NODE_END_ABNORMAL); break;
	case IGNORES: ended(node, NODE_END_IGNORED); break;
	case FAILS_FOR_GOOD: ended(node, NODE_END_PERMANENT_FAILURE); break;
	case IS_REFUSED: ended(node, NODE_END_HOST_FAILED); break;
	case HANGS_STARTING: break;
	}
}

static inline enum on_stop
on_stop_of(const struct node *node)
{
	const struct plan *plan = plan_of(node->spec->name);

	return plan == NULL ? OBEYS : plan->on_stop;
}

static inline void
fake_stop(void *arg, struct node *node)
{
	(void)arg;
	append(fake.log, sizeof(fake.log), " -%s", node->spec->name);
	if (on_stop_of(node) == OBEYS)
		ended(node, NODE_END_SHUTDOWN);
}

static inline void
fake_kill(void *arg, struct node *node)
{
	(void)arg;
	append(fake.log, sizeof(fake.log), " !%s", node->spec->name);
	if (on_stop_of(node) != HANGS_DYING)
		ended(node, NODE_END_KILLED);
}

static inline void
fake_changed(void *arg, struct node *node, enum node_state from, const char *event)
{
	(void)arg;
	ck_assert_int_ne(from, node->state);
	append(fake.trace, sizeof(fake.trace), "%s %s %s\n", node->spec->name, node_state_name(node->state),
		event);
	if (node->state == NODE_GONE)
		append(fake.gone, sizeof(fake.gone), " %s", node->spec->name);
	if (strcmp(event, "ended") == 0)
		append(fake.reasons, sizeof(fake.reasons), " %s:%s", node->spec->name,
			node_end_name(node->last_end));
}

static inline void
fake_gives_up(void *arg, struct node *node, struct node *culprit)
{
	(void)arg;
	append(fake.log, sizeof(fake.log), " ~%s(%s)", node->spec->name, culprit->spec->name);
}

static inline void
fake_released(void *arg, struct node *node)
{
	(void)arg;
	(void)node;
	fake.released++;
}

static const struct tree_ops fake_ops = { fake_start, fake_stop, fake_kill, fake_changed, fake_gives_up,
	fake_released, NULL };

/* A supervisor with the children that follow, NULL after the last. */
static inline struct spec *
sup(const char *name, enum spec_strategy strategy, unsigned intensity, ...)
{
	struct spec *spec = spec_new(SPEC_SUPERVISOR, name), *child;
	va_list args;

	spec->strategy = strategy;
	spec->intensity = intensity;
	va_start(args, intensity);
	while ((child = va_arg(args, struct spec *)) != NULL)
		ck_assert_int_eq(spec_add(spec, child), TRACTOR_OK);
	va_end(args);
	return spec;
}

static inline struct spec *
actor(const char *name, enum spec_restart restart)
{
	struct spec *spec = spec_new(SPEC_ACTOR, name);

	spec->restart = restart;
	return spec;
}

static inline struct spec *
significant(const char *name, enum spec_restart restart)
{
	struct spec *spec = actor(name, restart);

	spec->significant = true;
	return spec;
}

static inline struct spec *
pool(const char *name, enum spec_restart restart, unsigned intensity)
{
	struct spec *spec = spec_new(SPEC_POOL, name);

	spec->restart = restart;
	spec->intensity = intensity;
	return spec;
}

static inline struct node *
at(const char *path)
{
	struct node *node = tree_find(fake.tree, path);

	ck_assert_msg(node != NULL, "%s is not there", path);
	return node;
}

static inline void
run(void)
{
	tree_run(fake.tree, fake.now_ns);
}

/* Lets so much time pass. */
static inline void
pass(int64_t ns)
{
	int64_t until_ns = fake.now_ns + ns;

	while (tree_next_ns(fake.tree) <= until_ns) {
		if (fake.now_ns < tree_next_ns(fake.tree))
			fake.now_ns = tree_next_ns(fake.tree);
		run();
	}
	fake.now_ns = until_ns;
	run();
}

static inline void
make(struct spec *root)
{
	ck_assert_uint_eq(spec_check(root, NULL, NULL), 0);
	fake.now_ns = 1000 * SEC;
	ck_assert_int_eq(tree_new(root, &fake_ops, NULL, 1, 1, &fake.tree), TRACTOR_OK);
}

/* Makes the tree and starts it. */
static inline void
begin(struct spec *root)
{
	make(root);
	ck_assert_int_eq(tree_start(fake.tree, tree_root(fake.tree)), TRACTOR_OK);
	run();
}

/* What was done since the last time was this. */
static inline void
did(const char *expected)
{
	const char *log = fake.log[0] == ' ' ? fake.log + 1 : fake.log;

	ck_assert_msg(
		strcmp(log, expected) == 0, "it did '%s',\nexpected '%s'\n%s", log, expected, fake.trace);
	fake.log[0] = '\0';
}

static inline void
forget_log(void)
{
	fake.log[0] = '\0';
}

static inline void
is(const char *path, enum node_state state)
{
	struct node *node = at(path);

	ck_assert_msg(node->state == state, "%s is %s, expected %s\n%s", path, node_state_name(node->state),
		node_state_name(state), fake.trace);
}

static inline void
is_gone(const char *path)
{
	ck_assert_msg(tree_find(fake.tree, path) == NULL, "%s is still there\n%s", path, fake.trace);
}

static inline void
ends(const char *path, enum node_end end)
{
	ended(at(path), end);
	run();
}

static inline void
crash(const char *path)
{
	ends(path, NODE_END_ABNORMAL);
}

static inline void
crash_with(const char *path, enum node_verdict_kind kind, int64_t after_ns)
{
	tree_post_ended(fake.tree, at(path), at(path)->incarnation, NODE_END_ABNORMAL,
		(struct node_verdict){ kind, after_ns });
	run();
}

static inline void
ready(const char *path)
{
	tree_post_ready(fake.tree, at(path), at(path)->incarnation);
	run();
}

static inline struct node *
add(const char *parent, struct spec *spec)
{
	struct node *node;

	ck_assert_int_eq(tree_add(fake.tree, at(parent), spec, &node), TRACTOR_OK);
	run();
	return node;
}

static inline void
add_member(const char *path, const char *name)
{
	add(path, spec_member(at(path)->spec, name));
}

/* m1, m2, ... are started in that pool, and come up. */
static inline void
add_members(const char *path, int count)
{
	char name[SPEC_NAME_MAX + 1];

	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		add_member(path, name);
	}
}

static inline void
terminate(const char *path)
{
	ck_assert_int_eq(tree_terminate(fake.tree, at(path)), TRACTOR_OK);
	run();
}

/* The root came down, for this reason. */
static inline void
has_ended(enum tree_outcome_kind kind, const char *culprit)
{
	ck_assert(tree_ended(fake.tree));
	ck_assert_str_eq(tree_outcome_name(tree_outcome(fake.tree).kind), tree_outcome_name(kind));
	ck_assert_str_eq(tree_outcome(fake.tree).culprit, culprit);
	ck_assert_int_eq(tree_next_ns(fake.tree), INT64_MAX);
}

/* Frees the tree, of which the shell must let go node by node. */
static inline void
finish(void)
{
	int nodes = 0, released = fake.released;

	for (struct node *node = tree_root(fake.tree); node != NULL; node = tree_next(fake.tree, node))
		nodes++;
	tree_free(fake.tree);
	ck_assert_int_eq(fake.released - released, nodes);
}

#endif
