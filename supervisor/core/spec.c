/*
 * spec.c: owns the memory of specs, and their defaults: OTP's, and ours where OTP has none. The rules that a whole spec has to
 * keep are in speccheck.c.
 *
 * It knows no file format and no running tree. What goes wrong: memory, which is returned, with nothing left half made.
 */
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A copy of `text`, of which NULL is one too. False: out of memory. */
static bool
copy_text(const char *text, char **ret_copy)
{
	char *copy = NULL;

	if (text != NULL && (copy = strdup(text)) == NULL)
		return false;
	*ret_copy = copy;
	return true;
}

static void
set_defaults(struct spec *spec)
{
	spec->strategy = SPEC_ONE_FOR_ONE;
	spec->intensity = 1;
	spec->period_ns = 5 * SPEC_SECOND;
	spec->auto_shutdown = SPEC_NEVER;
	spec->policy = SPEC_POLICY_LOG;
	spec->restart = SPEC_PERMANENT;
	/* A supervisor needs as long as those below it take: each of them has a limit of its own. */
	spec->shutdown_ns = spec->kind == SPEC_SUPERVISOR ? SPEC_SHUTDOWN_INFINITY : 5 * SPEC_SECOND;
	spec->pool_max = 1000;
	spec->start_timeout_ns = 5 * SPEC_SECOND;
	spec->mailbox = 1024;
	spec->lanes = true;
	spec->backoff = (struct spec_backoff){ .initial_ns = 0,
		.factor = 2,
		.max_ns = 30 * SPEC_SECOND,
		.jitter = 0.5,
		.reset_ns = 10 * SPEC_SECOND };
	spec->log = (struct spec_log){ .max_size = 1000000, .files = 3, .rate = 1000, .burst = 2000 };
}

struct spec *
spec_new(enum spec_kind kind, const char *name)
{
	struct spec *spec = calloc(1, sizeof(*spec));

	if (spec == NULL)
		return NULL;
	spec->kind = kind;
	set_defaults(spec);
	if (!copy_text(name, &spec->name)) {
		free(spec);
		return NULL;
	}
	return spec;
}

/* Room for one more in an array of `count`, which has room up to the next power of two. NULL: out of memory, the array is as it was. */
static void *
grown(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return items;
	return reallocarray(items, count == 0 ? 1 : 2 * count, size);
}

tractor_err
spec_add(struct spec *parent, struct spec *child)
{
	struct spec **children = grown(parent->children, parent->child_count, sizeof(struct spec *));

	if (children == NULL)
		return TRACTOR_ENOMEM;
	parent->children = children;
	children[parent->child_count++] = child;
	return TRACTOR_OK;
}

tractor_err
spec_pair_add(struct spec_pairs *pairs, const char *key, const char *value)
{
	struct spec_pair pair = { NULL, NULL };

	struct spec_pair *items = grown(pairs->items, pairs->count, sizeof(*items));
	if (items == NULL)
		return TRACTOR_ENOMEM;
	pairs->items = items;
	if (!copy_text(key, &pair.key) || !copy_text(value, &pair.value)) {
		free(pair.key);
		return TRACTOR_ENOMEM;
	}
	items[pairs->count++] = pair;
	return TRACTOR_OK;
}

const char *
spec_pair_get(const struct spec_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (strcmp(pairs->items[i].key, key) == 0)
			return pairs->items[i].value;
	return NULL;
}

tractor_err
spec_fault_add(struct spec *spec, const struct spec_fault *fault)
{
	char *what = NULL, *at = NULL;
	struct spec_fault *faults = grown(spec->faults, spec->fault_count, sizeof(*faults));

	if (faults == NULL)
		return TRACTOR_ENOMEM;
	spec->faults = faults;
	if (!copy_text(fault->fault, &what) || !copy_text(fault->at, &at)) {
		free(what);
		return TRACTOR_ENOMEM;
	}
	faults[spec->fault_count++] = (struct spec_fault){
		.fault = what, .at = at, .probability = fault->probability, .seed = fault->seed
	};
	return TRACTOR_OK;
}

const char *
spec_fault_text(const struct spec_fault *fault, char text[SPEC_FAULT_TEXT_BYTES])
{
	char often[96] = "";

	if (fault->probability > 0 && fault->seed > 0)
		snprintf(often, sizeof(often), " with probability %.9g, seed %llu", fault->probability,
			(unsigned long long)fault->seed);
	else if (fault->probability > 0)
		snprintf(often, sizeof(often), " with probability %.9g", fault->probability);
	snprintf(text, SPEC_FAULT_TEXT_BYTES, "%s%s%s%s", fault->fault, fault->at != NULL ? " at " : "",
		fault->at != NULL ? fault->at : "", often);
	return text;
}

bool
spec_has_fault(const struct spec *spec, const struct spec_fault *fault)
{
	char wanted[SPEC_FAULT_TEXT_BYTES], text[SPEC_FAULT_TEXT_BYTES];

	spec_fault_text(fault, wanted);
	for (size_t i = 0; i < spec->fault_count; i++)
		if (strcmp(spec_fault_text(&spec->faults[i], text), wanted) == 0)
			return true;
	return false;
}

/* From the `first` one on. */
static bool
copy_pairs(const struct spec_pairs *from, size_t first, struct spec_pairs *to)
{
	for (size_t i = first; i < from->count; i++)
		if (spec_pair_add(to, from->items[i].key, from->items[i].value) != TRACTOR_OK)
			return false;
	return true;
}

static bool
copy_faults(const struct spec *from, struct spec *to)
{
	for (size_t i = 0; i < from->fault_count; i++)
		if (spec_fault_add(to, &from->faults[i]) != TRACTOR_OK)
			return false;
	return true;
}

static bool
copy_argv(char *const *from, char ***ret_argv)
{
	size_t count = 0;

	if (from == NULL)
		return true;
	while (from[count] != NULL)
		count++;
	char **argv = calloc(count + 1, sizeof(*argv));
	if (argv == NULL)
		return false;
	*ret_argv = argv; /* its owner frees what was copied, also if not all was */
	for (size_t i = 0; i < count; i++)
		if (!copy_text(from[i], &argv[i]))
			return false;
	return true;
}

static bool
copy_children(const struct spec *from, struct spec *to)
{
	for (size_t i = 0; i < from->child_count; i++) {
		struct spec *child = spec_copy(from->children[i]);
		if (child == NULL)
			return false;
		if (spec_add(to, child) != TRACTOR_OK) {
			spec_free(child);
			return false;
		}
	}
	return true;
}

/* Everything but the children, under another name. */
static struct spec *
copy_node(const struct spec *spec, const char *name)
{
	struct spec *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return NULL;
	*copy = *spec; /* the plain values; what is owned follows */
	copy->name = copy->exec = copy->exec_path = copy->directory = copy->role = NULL;
	copy->children = NULL;
	copy->child_count = 0;
	copy->policy_argv = NULL;
	copy->args = copy->env = (struct spec_pairs){ NULL, 0 };
	copy->faults = NULL;
	copy->fault_count = 0;
	if (!copy_text(name, &copy->name) || !copy_text(spec->exec, &copy->exec) ||
		!copy_text(spec->exec_path, &copy->exec_path) ||
		!copy_text(spec->directory, &copy->directory) || !copy_text(spec->role, &copy->role) ||
		!copy_pairs(&spec->args, 0, &copy->args) || !copy_pairs(&spec->env, 0, &copy->env) ||
		!copy_argv(spec->policy_argv, &copy->policy_argv) || !copy_faults(spec, copy)) {
		spec_free(copy);
		return NULL;
	}
	return copy;
}

struct spec *
spec_copy(const struct spec *spec)
{
	struct spec *copy = copy_node(spec, spec->name);

	if (copy != NULL && !copy_children(spec, copy)) {
		spec_free(copy);
		copy = NULL;
	}
	return copy;
}

struct spec *
spec_member(const struct spec *pool, const char *name)
{
	struct spec *member = copy_node(pool, name);

	if (member == NULL)
		return NULL;
	member->kind = SPEC_ACTOR;
	member->template_args = pool->args.count;
	return member;
}

struct spec *
spec_member_again(const struct spec *pool, const struct spec *member)
{
	struct spec *again = spec_member(pool, member->name);

	if (again != NULL && !copy_pairs(&member->args, member->template_args, &again->args)) {
		spec_free(again);
		again = NULL;
	}
	return again;
}

static void
free_pairs(struct spec_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].key);
		free(pairs->items[i].value);
	}
	free(pairs->items);
}

static void
free_faults(struct spec *spec)
{
	for (size_t i = 0; i < spec->fault_count; i++) {
		free((char *)spec->faults[i].fault);
		free((char *)spec->faults[i].at);
	}
	free(spec->faults);
}

static void
free_argv(char **argv)
{
	for (size_t i = 0; argv != NULL && argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

void
spec_free(struct spec *spec)
{
	if (spec == NULL)
		return;
	for (size_t i = 0; i < spec->child_count; i++)
		spec_free(spec->children[i]);
	free(spec->children);
	free_pairs(&spec->args);
	free_pairs(&spec->env);
	free_argv(spec->policy_argv);
	free_faults(spec);
	free(spec->name);
	free(spec->exec);
	free(spec->exec_path);
	free(spec->directory);
	free(spec->role);
	free(spec);
}

bool
spec_path_below(const char *top, const char *path)
{
	size_t length = top != NULL ? strlen(top) : 0;

	return strncmp(path, top != NULL ? top : "", length) == 0 &&
	       (length == 0 || path[length] == '/' || path[length] == '\0');
}

const char *
spec_strategy_name(enum spec_strategy strategy)
{
	static const char *const names[] = {
		[SPEC_ONE_FOR_ONE] = "one_for_one",
		[SPEC_ONE_FOR_ALL] = "one_for_all",
		[SPEC_REST_FOR_ONE] = "rest_for_one",
	};

	return names[strategy];
}

const char *
spec_restart_name(enum spec_restart restart)
{
	static const char *const names[] = {
		[SPEC_PERMANENT] = "permanent",
		[SPEC_TRANSIENT] = "transient",
		[SPEC_TEMPORARY] = "temporary",
	};

	return names[restart];
}

const char *
spec_auto_shutdown_name(enum spec_auto_shutdown mode)
{
	static const char *const names[] = {
		[SPEC_NEVER] = "never",
		[SPEC_ANY_SIGNIFICANT] = "any_significant",
		[SPEC_ALL_SIGNIFICANT] = "all_significant",
	};

	return names[mode];
}

const char *
spec_kind_name(enum spec_kind kind)
{
	static const char *const names[] = {
		[SPEC_SUPERVISOR] = "supervisor",
		[SPEC_ACTOR] = "actor",
		[SPEC_POOL] = "pool",
	};

	return names[kind];
}

const struct spec_size_unit spec_size_units[] = {
	{ "MiB", 1024 * 1024 },
	{ "MB", 1000 * 1000 },
	{ "KiB", 1024 },
	{ "KB", 1000 },
	{ "B", 1 },
	{ NULL, 0 },
};

const char *
spec_size_text(unsigned bytes, char text[SPEC_SIZE_TEXT_BYTES])
{
	const struct spec_size_unit *unit = spec_size_units;

	while (bytes % unit->bytes != 0)
		unit++;
	snprintf(text, SPEC_SIZE_TEXT_BYTES, "%u%s", bytes / unit->bytes, unit->word);
	return text;
}
