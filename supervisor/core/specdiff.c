/*
 * specdiff.c: what is another in a new version of a node's spec, in the words of the tree file, and whether its process must be
 * started anew for it: a table of the keys, with the place of each in struct spec.
 *
 * It knows no running tree and looks at one node, not at its children. Values of the environment are not shown: they are
 * often secrets. What goes wrong: memory, which is returned.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"

enum value {
	TEXT,
	NUMBER,
	SIZE,
	DECIMAL,
	DURATION,
	SHUTDOWN,
	BOOLEAN,
	ON_OFF,
	STRATEGY,
	RESTART,
	AUTO_SHUTDOWN
};

/* The kinds of node that have it. */
#define IN(kind) (1u << (kind))
#define IN_SUPERVISOR IN(SPEC_SUPERVISOR)
#define IN_ACTOR IN(SPEC_ACTOR)
#define IN_POOL IN(SPEC_POOL)
#define IN_GROUP (IN_SUPERVISOR | IN_POOL)
#define IN_PROCESS (IN_ACTOR | IN_POOL)
#define IN_ALL (IN_GROUP | IN_ACTOR)

struct key {
	const char *word;
	unsigned in;
	bool restarts; /* a process has it for life */
	enum value value;
	size_t offset;
};

/* clang-format off */
static const struct key keys[] = {
	/* word               in             restarts value          place */
	{ "strategy",         IN_SUPERVISOR, false,   STRATEGY,      offsetof(struct spec, strategy) },
	{ "intensity",        IN_GROUP,      false,   NUMBER,        offsetof(struct spec, intensity) },
	{ "period",           IN_GROUP,      false,   DURATION,      offsetof(struct spec, period_ns) },
	{ "auto_shutdown",    IN_SUPERVISOR, false,   AUTO_SHUTDOWN, offsetof(struct spec, auto_shutdown) },
	{ "max",              IN_POOL,       false,   NUMBER,        offsetof(struct spec, pool_max) },
	{ "restart",          IN_ALL,        false,   RESTART,       offsetof(struct spec, restart) },
	{ "shutdown",         IN_ALL,        false,   SHUTDOWN,      offsetof(struct spec, shutdown_ns) },
	{ "significant",      IN_ALL,        false,   BOOLEAN,       offsetof(struct spec, significant) },
	{ "exec",             IN_PROCESS,    true,    TEXT,          offsetof(struct spec, exec) },
	{ "program",          IN_PROCESS,    true,    TEXT,          offsetof(struct spec, exec_path) },
	{ "directory",        IN_PROCESS,    true,    TEXT,          offsetof(struct spec, directory) },
	{ "role",             IN_PROCESS,    true,    TEXT,          offsetof(struct spec, role) },
	{ "start_timeout",    IN_PROCESS,    false,   DURATION,      offsetof(struct spec, start_timeout_ns) },
	{ "handler_timeout",  IN_PROCESS,    false,   DURATION,      offsetof(struct spec, handler_timeout_ns) },
	{ "handler_cpu_timeout", IN_PROCESS, false,   DURATION,      offsetof(struct spec, handler_cpu_timeout_ns) },
	{ "mailbox",          IN_PROCESS,    false,   NUMBER,        offsetof(struct spec, mailbox) },
	{ "redeliver",        IN_PROCESS,    false,   BOOLEAN,       offsetof(struct spec, redeliver) },
	{ "spares",           IN_PROCESS,    false,   NUMBER,        offsetof(struct spec, spares) },
	{ "lanes",            IN_PROCESS,    true,    ON_OFF,        offsetof(struct spec, lanes) },
	{ "backoff.initial",  IN_PROCESS,    false,   DURATION,      offsetof(struct spec, backoff.initial_ns) },
	{ "backoff.factor",   IN_PROCESS,    false,   DECIMAL,       offsetof(struct spec, backoff.factor) },
	{ "backoff.max",      IN_PROCESS,    false,   DURATION,      offsetof(struct spec, backoff.max_ns) },
	{ "backoff.jitter",   IN_PROCESS,    false,   DECIMAL,       offsetof(struct spec, backoff.jitter) },
	{ "backoff.reset",    IN_PROCESS,    false,   DURATION,      offsetof(struct spec, backoff.reset_ns) },
	{ "log.max_size",     IN_PROCESS,    false,   SIZE,          offsetof(struct spec, log.max_size) },
	{ "log.files",        IN_PROCESS,    false,   NUMBER,        offsetof(struct spec, log.files) },
	{ "log.rate",         IN_PROCESS,    false,   NUMBER,        offsetof(struct spec, log.rate) },
	{ "log.burst",        IN_PROCESS,    false,   NUMBER,        offsetof(struct spec, log.burst) },
};
/* clang-format on */

/* What has been found. */
struct findings {
	FILE *text;
	bool any, restart;
};

static void
print_duration(FILE *stream, int64_t ns)
{
	static const struct {
		int64_t ns;
		const char *unit;
	} units[] = { { 3600 * SPEC_SECOND, "h" }, { 60 * SPEC_SECOND, "m" }, { SPEC_SECOND, "s" },
		{ SPEC_MILLISECOND, "ms" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ns != 0 && ns % units[i].ns == 0) {
			fprintf(stream, "%lld%s", (long long)(ns / units[i].ns), units[i].unit);
			return;
		}
	fprintf(stream, "%gs", (double)ns / (double)SPEC_SECOND);
}

static void
print_shutdown(FILE *stream, int64_t ns)
{
	if (ns == SPEC_SHUTDOWN_KILL || ns == SPEC_SHUTDOWN_INFINITY)
		fputs(ns == SPEC_SHUTDOWN_KILL ? "kill" : "infinity", stream);
	else
		print_duration(stream, ns);
}

static void
print_text(FILE *stream, const char *text)
{
	fputs(text == NULL ? "(none)" : text, stream);
}

/* The value at that place, of the type that the key has. */
#define AT(type, place) (*(type const *)(const void *)(place))

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_value(enum value value, const char *a, const char *b)
{
	switch (value) {
	case TEXT: return same_text(AT(char *, a), AT(char *, b));
	case NUMBER:
	case SIZE: return AT(unsigned, a) == AT(unsigned, b);
	case DECIMAL: return !(AT(double, a) < AT(double, b)) && !(AT(double, a) > AT(double, b));
	case DURATION:
	case SHUTDOWN: return AT(int64_t, a) == AT(int64_t, b);
	case BOOLEAN:
	case ON_OFF: return AT(bool, a) == AT(bool, b);
	case STRATEGY: return AT(enum spec_strategy, a) == AT(enum spec_strategy, b);
	case RESTART: return AT(enum spec_restart, a) == AT(enum spec_restart, b);
	case AUTO_SHUTDOWN: return AT(enum spec_auto_shutdown, a) == AT(enum spec_auto_shutdown, b);
	}
	return true;
}

static void
print_value(FILE *stream, enum value value, const char *at)
{
	char size[SPEC_SIZE_TEXT_BYTES];

	switch (value) {
	case TEXT: print_text(stream, AT(char *, at)); break;
	case NUMBER: fprintf(stream, "%u", AT(unsigned, at)); break;
	case SIZE: fputs(spec_size_text(AT(unsigned, at), size), stream); break;
	case DECIMAL: fprintf(stream, "%g", AT(double, at)); break;
	case DURATION: print_duration(stream, AT(int64_t, at)); break;
	case SHUTDOWN: print_shutdown(stream, AT(int64_t, at)); break;
	case BOOLEAN: fputs(AT(bool, at) ? "true" : "false", stream); break;
	case ON_OFF: fputs(AT(bool, at) ? "on" : "off", stream); break;
	case STRATEGY: fputs(spec_strategy_name(AT(enum spec_strategy, at)), stream); break;
	case RESTART: fputs(spec_restart_name(AT(enum spec_restart, at)), stream); break;
	case AUTO_SHUTDOWN: fputs(spec_auto_shutdown_name(AT(enum spec_auto_shutdown, at)), stream); break;
	}
}

/* One more difference is about to be printed. */
static void
found(struct findings *findings, bool restarts)
{
	fputs(findings->any ? ", " : "", findings->text);
	findings->any = true;
	findings->restart = findings->restart || restarts;
}

static void
compare_keys(struct findings *findings, const struct spec *was, const struct spec *now)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct key *key = &keys[i];
		const char *a = (const char *)was + key->offset, *b = (const char *)now + key->offset;

		if ((key->in & IN(was->kind)) == 0 || same_value(key->value, a, b))
			continue;
		/* Another exec is another program, which needs not be said twice. */
		if (key->offset == offsetof(struct spec, exec_path) && !same_text(was->exec, now->exec))
			continue;
		found(findings, key->restarts);
		fprintf(findings->text, "%s: ", key->word);
		print_value(findings->text, key->value, a);
		fputs(" -> ", findings->text);
		print_value(findings->text, key->value, b);
	}
}

/* In any order; but the first of several of one name is the one that counts. */
static const char *
pair_like(const struct spec_pairs *pairs, size_t place, const char *key)
{
	if (place < pairs->count && strcmp(pairs->items[place].key, key) == 0)
		return pairs->items[place].value;
	return spec_pair_get(pairs, key);
}

static void
print_pair(struct findings *findings, const char *word, const char *key, const char *was, const char *now,
	bool shown)
{
	found(findings, true);
	fprintf(findings->text, "%s.%s: ", word, key);
	if (!shown) {
		fputs(was == NULL ? "added" : now == NULL ? "removed" : "changed", findings->text);
		return;
	}
	print_text(findings->text, was);
	fputs(" -> ", findings->text);
	print_text(findings->text, now);
}

static void
compare_pairs(struct findings *findings, const char *word, const struct spec_pairs *was,
	const struct spec_pairs *now, bool shown)
{
	for (size_t i = 0; i < was->count; i++) {
		const struct spec_pair *pair = &was->items[i];
		const char *value = pair_like(now, i, pair->key);
		if (value == NULL || strcmp(value, pair->value) != 0)
			print_pair(findings, word, pair->key, pair->value, value, shown);
	}
	for (size_t i = 0; i < now->count; i++)
		if (spec_pair_get(was, now->items[i].key) == NULL)
			print_pair(findings, word, now->items[i].key, NULL, now->items[i].value, shown);
}

/* Those of `these` that are not among the others'. No process has one for life: it is told of it, or that it is off. */
static void
compare_faults(
	struct findings *findings, const struct spec *these, const struct spec *others, const char *word)
{
	char text[SPEC_FAULT_TEXT_BYTES];

	for (size_t i = 0; i < these->fault_count; i++) {
		if (spec_has_fault(others, &these->faults[i]))
			continue;
		found(findings, false);
		fprintf(findings->text, "fault %s: %s", word, spec_fault_text(&these->faults[i], text));
	}
}

static bool
same_policy(const struct spec *was, const struct spec *now)
{
	char *const *a = was->policy_argv, *const *b = now->policy_argv;

	if (was->policy != now->policy || (a == NULL) != (b == NULL))
		return false;
	for (; a != NULL && *a != NULL; a++, b++)
		if (*b == NULL || strcmp(*a, *b) != 0)
			return false;
	return b == NULL || *b == NULL;
}

static void
print_policy(FILE *stream, const struct spec *spec)
{
	static const char *const words[] = {
		[SPEC_POLICY_LOG] = "log",
		[SPEC_POLICY_EXEC] = "exec",
		[SPEC_POLICY_PLUGIN] = "plugin",
	};

	fputs(words[spec->policy], stream);
	for (char *const *word = spec->policy_argv; word != NULL && *word != NULL; word++)
		fprintf(stream, " %s", *word);
}

static void
compare(struct findings *findings, const struct spec *was, const struct spec *now)
{
	compare_keys(findings, was, now);
	compare_pairs(findings, "args", &was->args, &now->args, true);
	compare_pairs(findings, "env", &was->env, &now->env, false);
	compare_faults(findings, was, now, "removed");
	compare_faults(findings, now, was, "added");
	if (same_policy(was, now))
		return;
	found(findings, false);
	fputs("crash_policy: ", findings->text);
	print_policy(findings->text, was);
	fputs(" -> ", findings->text);
	print_policy(findings->text, now);
}

tractor_err
spec_diff(
	const struct spec *was, const struct spec *now, enum spec_difference *ret_difference, char **ret_what)
{
	char *what = NULL;
	size_t size = 0;
	struct findings findings = { .text = open_memstream(&what, &size) };

	if (findings.text == NULL)
		return TRACTOR_ENOMEM;
	compare(&findings, was, now);
	bool whole = !ferror(findings.text);
	if (fclose(findings.text) != 0 || !whole) {
		free(what);
		return TRACTOR_ENOMEM;
	}
	*ret_difference = findings.restart ? SPEC_NEEDS_RESTART : findings.any ? SPEC_DIFFERS : SPEC_SAME;
	*ret_what = what;
	return TRACTOR_OK;
}
