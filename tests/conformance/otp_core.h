/*
 * otp_core.h: what the files otp_core_*_test.c share: OTP's supervisor cases against the pure core, on a virtual clock and without
 * processes. Beside what fakeshell.h has: the two questions that every case of OTP's asks (which_children and count_children), the exit
 * reasons, and specs with what a case needs of them.
 */
#ifndef TRACTOR_TESTS_CONFORMANCE_OTP_CORE_H
#define TRACTOR_TESTS_CONFORMANCE_OTP_CORE_H

#include "fakeshell.h"

#define PERMANENT SPEC_PERMANENT
#define TRANSIENT SPEC_TRANSIENT
#define TEMPORARY SPEC_TEMPORARY
#define ONE_FOR_ONE SPEC_ONE_FOR_ONE
#define ONE_FOR_ALL SPEC_ONE_FOR_ALL
#define REST_FOR_ONE SPEC_REST_FOR_ONE

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What a case means by "ends by itself", in OTP's order: normal, shutdown, {shutdown, x}, any other reason, killed. */
static const enum node_end own_ends[] = { NODE_END_NORMAL, NODE_END_SHUTDOWN, NODE_END_DONE,
	NODE_END_ABNORMAL, NODE_END_KILLED };

/* which_children: "a running, b stopped"; "": none. Oldest first, where OTP has the newest first. */
static inline void
children(const char *path, const char *expected)
{
	const struct node *supervisor = at(path);
	char found[4096] = "";

	for (size_t i = 0; i < supervisor->child_count; i++)
		append(found, sizeof(found), "%s%s %s", i > 0 ? ", " : "",
			supervisor->children[i]->spec->name, node_state_name(supervisor->children[i]->state));
	ck_assert_msg(strcmp(found, expected) == 0, "the children of %s are '%s',\nexpected '%s'\n%s", path,
		found, expected, fake.trace);
}

/* count_children: [specs, active, supervisors, workers]. */
static inline void
counts(const char *path, size_t specs, size_t active, size_t supervisors, size_t workers)
{
	struct tree_counts found;

	tree_count_children(at(path), &found);
	ck_assert_msg(found.specs == specs && found.active == active && found.supervisors == supervisors &&
			      found.workers == workers,
		"the counts of %s are [%zu,%zu,%zu,%zu], expected [%zu,%zu,%zu,%zu]\n%s", path, found.specs,
		found.active, found.supervisors, found.workers, specs, active, supervisors, workers,
		fake.trace);
}

/* What has ended since the last time, in order, and how: "b:killed a:shutdown". */
static inline void
reasons(const char *expected)
{
	const char *found = fake.reasons[0] == ' ' ? fake.reasons + 1 : fake.reasons;

	ck_assert_msg(strcmp(found, expected) == 0, "there ended '%s',\nexpected '%s'\n%s", found, expected,
		fake.trace);
	fake.reasons[0] = '\0';
}

/* As ends(), for one that a test holds on to. */
static inline void
node_ends(struct node *node, enum node_end end)
{
	ended(node, end);
	run();
}

static inline void
start_child(const char *path)
{
	ck_assert_int_eq(tree_start(fake.tree, at(path)), TRACTOR_OK);
	run();
}

static inline void
delete_child(const char *path)
{
	ck_assert_int_eq(tree_remove(fake.tree, at(path)), TRACTOR_OK);
	run();
	is_gone(path);
}

/* start_child that is refused with this error; nothing has changed by it. */
static inline void
add_is_refused(const char *parent, struct spec *spec, tractor_err expected)
{
	struct node *node = NULL;

	ck_assert_int_eq(tree_add(fake.tree, at(parent), spec, &node), expected);
	ck_assert_ptr_null(node);
	run();
	spec_free(spec);
}

/* The same spec with another time to stop. */
static inline struct spec *
shutdown_of(struct spec *spec, int64_t shutdown_ns)
{
	spec->shutdown_ns = shutdown_ns;
	return spec;
}

/* The same with another restart type; of a supervisor, too. */
static inline struct spec *
restart_of(struct spec *spec, enum spec_restart restart)
{
	spec->restart = restart;
	return spec;
}

static inline struct spec *
period_of(struct spec *spec, int64_t period_ns)
{
	spec->period_ns = period_ns;
	return spec;
}

static inline struct spec *
auto_shutdown_of(struct spec *spec, enum spec_auto_shutdown mode)
{
	spec->auto_shutdown = mode;
	return spec;
}

/* terminate(SupPid, shutdown): the root is asked to come down, and does. */
static inline void
shut_down(void)
{
	terminate("/r");
	has_ended(TREE_TERMINATED, "");
	ck_assert_int_eq(at("/r")->last_end, NODE_END_SHUTDOWN);
}

#endif
