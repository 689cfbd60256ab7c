/*
 * reload_words.h: what the files reload_test.c and reload_pool_test.c share: short words for specs, and a reload of the whole tree whose plan is held against what is expected.
 */
#ifndef TRACTOR_TESTS_UNIT_RELOAD_WORDS_H
#define TRACTOR_TESTS_UNIT_RELOAD_WORDS_H

#include <stdlib.h>

#include "core.h"
#include "fakeshell.h"

static inline struct spec *
program(const char *name, const char *exec)
{
	struct spec *spec = actor(name, SPEC_PERMANENT);

	spec->exec = strdup(exec);
	spec->exec_path = strdup(exec);
	return spec;
}

static inline struct spec *
with_arg(struct spec *spec, const char *key, const char *value)
{
	ck_assert_int_eq(spec_pair_add(&spec->args, key, value), TRACTOR_OK);
	return spec;
}

static inline struct spec *
with_mailbox(struct spec *spec, unsigned mailbox)
{
	spec->mailbox = mailbox;
	return spec;
}

static inline struct spec *
with_shutdown(struct spec *spec, int64_t shutdown_ns)
{
	spec->shutdown_ns = shutdown_ns;
	return spec;
}

/* A flat tree of actors, NULL after the last. */
#define FLAT(...) sup("r", SPEC_ONE_FOR_ONE, 1, __VA_ARGS__, NULL)
#define PLAIN(name) actor(name, SPEC_PERMANENT)

/* The plan as lines: "+ /r/a", "~ /r/b what", "! /r/c what" for a restart. */
static inline void
planned(const struct tree_plan *plan, const char *expected)
{
	static const char signs[] = { '+', '-', '~', '!' };
	char text[4096] = "";

	for (size_t i = 0; i < plan->count; i++)
		append(text, sizeof(text), "%s%c %s%s%s", i > 0 ? "\n" : "", signs[plan->changes[i].kind],
			plan->changes[i].path, *plan->changes[i].what ? " " : "", plan->changes[i].what);
	ck_assert_str_eq(text, expected);
}

/* A dry run says it, and the reload says and begins it. */
static inline void
reload(struct spec *spec, const char *expected)
{
	struct tree_plan plan;

	ck_assert_int_eq(tree_plan(fake.tree, tree_root(fake.tree), spec, &plan), TRACTOR_OK);
	planned(&plan, expected);
	tree_plan_free(&plan);
	did("");
	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), spec, &plan), TRACTOR_OK);
	planned(&plan, expected);
	tree_plan_free(&plan);
	run();
}

static inline void
reload_refused(struct spec *spec, tractor_err expected)
{
	struct tree_plan plan;

	ck_assert_int_eq(tree_plan(fake.tree, tree_root(fake.tree), spec, &plan), expected);
	ck_assert_int_eq(tree_reload(fake.tree, tree_root(fake.tree), spec, &plan), expected);
	run();
	did("");
	spec_free(spec);
}

static inline void
begin_flat(struct spec *root)
{
	begin(root);
	forget_log();
}

/* The names of a supervisor's children, in order. */
static inline void
children_are(const char *path, const char *expected)
{
	char names[512] = "";
	struct node *node = at(path);

	for (size_t i = 0; i < node->child_count; i++)
		append(names, sizeof(names), "%s%s", i > 0 ? " " : "", node->children[i]->spec->name);
	ck_assert_str_eq(names, expected);
}

static inline void
settled(void)
{
	ck_assert(!tree_reloading(fake.tree));
}

#endif
