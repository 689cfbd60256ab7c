/*
 * speccheck.c: the rules that a spec as a whole has to keep, after OTP's supervisor:check_childspecs and its check of the flags. All
 * that is broken is told, not the first only, each with what would be right.
 *
 * It changes nothing and knows no file format. A spec deeper than allowed is not looked into further, so that the recursion
 * is bounded.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"

struct check {
	spec_complain *complain; /* NULL: only count */
	void *arg;
	size_t errors;
};

static void __attribute__((format(printf, 3, 4)))
complain(struct check *check, const struct spec *where, const char *format, ...)
{
	char text[256];
	va_list args;

	check->errors++;
	if (check->complain == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	check->complain(check->arg, where, text);
}

bool
spec_name_ok(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (name == NULL)
		return false;
	size_t length = strnlen(name, SPEC_NAME_MAX + 1);
	return length >= 1 && length <= SPEC_NAME_MAX && strspn(name, allowed) == length;
}

static void
check_name(struct check *check, const struct spec *spec)
{
	if (!spec_name_ok(spec->name))
		complain(check, spec,
			"'%.80s' cannot be a name; use 1 to %d of the letters a-z and A-Z, digits, _ and -",
			spec->name == NULL ? "" : spec->name, SPEC_NAME_MAX);
}

static void
check_duration(struct check *check, const struct spec *spec, const char *key, int64_t ns, int64_t least_ns)
{
	if (ns < least_ns || ns > SPEC_DURATION_MAX_NS)
		complain(check, spec, "%s is out of range; use %s up to 10 years", key,
			least_ns > 0 ? "more than 0s," : "0s");
}

static void
check_supervisor(struct check *check, const struct spec *spec)
{
	if (spec->intensity > SPEC_INTENSITY_MAX)
		complain(check, spec, "intensity %u is out of range; use 0 to %d", spec->intensity,
			SPEC_INTENSITY_MAX);
	check_duration(check, spec, "period", spec->period_ns, 1);
}

static void
check_pool(struct check *check, const struct spec *spec)
{
	check_supervisor(check, spec);
	if (spec->strategy != SPEC_ONE_FOR_ONE)
		complain(check, spec, "a pool cannot be %s; its members are restarted one_for_one",
			spec_strategy_name(spec->strategy));
	if (spec->auto_shutdown != SPEC_NEVER)
		complain(check, spec, "a pool cannot have auto_shutdown %s; use never",
			spec_auto_shutdown_name(spec->auto_shutdown));
	if (spec->significant)
		complain(check, spec, "a pool and its members cannot be significant; use significant: false");
	if (spec->pool_max < 1 || spec->pool_max > SPEC_POOL_MAX)
		complain(check, spec, "max %u is out of range; use 1 to %d", spec->pool_max, SPEC_POOL_MAX);
}

/* A fraction that is no number fails every comparison: hence each says what is right. */
static void
check_backoff(struct check *check, const struct spec *spec)
{
	const struct spec_backoff *backoff = &spec->backoff;

	check_duration(check, spec, "backoff initial", backoff->initial_ns, 0);
	check_duration(check, spec, "backoff max", backoff->max_ns, 0);
	check_duration(check, spec, "backoff reset", backoff->reset_ns, 0);
	if (backoff->initial_ns > backoff->max_ns)
		complain(check, spec, "backoff initial is longer than backoff max; make max the longer one");
	if (!(backoff->factor >= 1 && isfinite(backoff->factor)))
		complain(check, spec, "backoff factor %g is out of range; use 1 or more", backoff->factor);
	if (!(backoff->jitter >= 0 && backoff->jitter <= 1))
		complain(check, spec, "backoff jitter %g is out of range; use 0 to 1", backoff->jitter);
}

static void
check_log(struct check *check, const struct spec *spec)
{
	const struct spec_log *log = &spec->log;
	char least[SPEC_SIZE_TEXT_BYTES], most[SPEC_SIZE_TEXT_BYTES];

	if (log->max_size < SPEC_LOG_SIZE_MIN || log->max_size > SPEC_LOG_SIZE_MAX)
		complain(check, spec, "log max_size %u is out of range; use %s to %s", log->max_size,
			spec_size_text(SPEC_LOG_SIZE_MIN, least), spec_size_text(SPEC_LOG_SIZE_MAX, most));
	if (log->files > SPEC_LOG_FILES_MAX)
		complain(check, spec, "log files %u is out of range; use 0 (none) to %d", log->files,
			SPEC_LOG_FILES_MAX);
	if (log->rate > SPEC_LOG_RATE_MAX)
		complain(check, spec, "log rate %u is out of range; use 0 (no limit) to %d", log->rate,
			SPEC_LOG_RATE_MAX);
	if (log->burst < 1 || log->burst > SPEC_LOG_RATE_MAX)
		complain(check, spec, "log burst %u is out of range; use 1 to %d", log->burst,
			SPEC_LOG_RATE_MAX);
}

static void
check_process(struct check *check, const struct spec *spec)
{
	check_duration(check, spec, "start_timeout", spec->start_timeout_ns, 1);
	check_duration(check, spec, "handler_timeout", spec->handler_timeout_ns, 0);
	check_duration(check, spec, "handler_cpu_timeout", spec->handler_cpu_timeout_ns, 0);
	if (spec->mailbox > SPEC_MAILBOX_MAX)
		complain(check, spec, "mailbox %u is out of range; use 0 (no bound) to %d", spec->mailbox,
			SPEC_MAILBOX_MAX);
	if (spec->spares > SPEC_SPARES_MAX)
		complain(
			check, spec, "spares %u is out of range; use 0 to %d", spec->spares, SPEC_SPARES_MAX);
	check_backoff(check, spec);
	check_log(check, spec);
	if (spec->child_count > 0)
		complain(check, spec, "%s %s cannot have children; make it a supervisor",
			spec->kind == SPEC_POOL ? "a" : "an", spec_kind_name(spec->kind));
}

/* What concerns it as its parent's child. A pool cannot be significant whatever its parent is, which is told elsewhere. */
static void
check_child(struct check *check, const struct spec *parent, const struct spec *spec)
{
	if (spec->shutdown_ns != SPEC_SHUTDOWN_INFINITY)
		check_duration(check, spec, "shutdown", spec->shutdown_ns, 0);
	if (!spec->significant || spec->kind == SPEC_POOL)
		return;
	if (spec->restart == SPEC_PERMANENT)
		complain(check, spec,
			"a significant child cannot be permanent; use restart: transient or temporary");
	if (parent != NULL && parent->auto_shutdown == SPEC_NEVER)
		complain(check, spec,
			"a significant child under auto_shutdown never has no effect; use any_significant or all_significant");
}

/* By name, and those of the same name in the order of the file. */
static int
compare_names(const void *left, const void *right)
{
	struct spec *const *a = *(struct spec *const *const *)left, *const *b = *(
									    struct spec *const *const *)right;
	int order = strcmp((*a)->name, (*b)->name);

	return order != 0 ? order : (a > b) - (a < b);
}

/* Sorted rather than compared each with each: a file may have tens of thousands. */
static void
check_duplicates(struct check *check, const struct spec *parent)
{
	size_t count = 0;
	struct spec ***named = calloc(parent->child_count + 1, sizeof(*named));

	if (named == NULL) {
		complain(check, parent, "too many children to compare their names; there is no memory left");
		return;
	}
	for (size_t i = 0; i < parent->child_count; i++)
		if (parent->children[i]->name != NULL)
			named[count++] = &parent->children[i];
	qsort(named, count, sizeof(*named), compare_names);
	for (size_t i = 1; i < count; i++)
		if (strcmp((*named[i - 1])->name, (*named[i])->name) == 0)
			complain(check, *named[i],
				"there is another '%.80s' under '%.80s'; give each its own name",
				(*named[i])->name, parent->name == NULL ? "" : parent->name);
	free(named);
}

static void check_node(struct check *check, const struct spec *parent, const struct spec *spec, int depth);

static void
check_children(struct check *check, const struct spec *spec, int depth)
{
	check_duplicates(check, spec);
	for (size_t i = 0; i < spec->child_count; i++)
		check_node(check, spec, spec->children[i], depth + 1);
}

static void
check_node(struct check *check, const struct spec *parent, const struct spec *spec, int depth)
{
	check_name(check, spec);
	check_child(check, parent, spec);
	switch (spec->kind) {
	case SPEC_SUPERVISOR:
		check_supervisor(check, spec);
		if (depth > SPEC_DEPTH_MAX)
			complain(check, spec, "supervisors are nested deeper than %d; make the tree flatter",
				SPEC_DEPTH_MAX);
		else
			check_children(check, spec, depth);
		break;
	case SPEC_POOL:
		check_pool(check, spec);
		check_process(check, spec);
		/* As deep as a supervisor it would have members deeper than any path may be. */
		if (depth > SPEC_DEPTH_MAX)
			complain(check, spec, "a pool is nested deeper than %d; make the tree flatter",
				SPEC_DEPTH_MAX);
		break;
	case SPEC_ACTOR: check_process(check, spec); break;
	}
}

size_t
spec_check(const struct spec *root, spec_complain *complain_to, void *arg)
{
	struct check check = { .complain = complain_to, .arg = arg };

	check_node(&check, NULL, root, 1);
	return check.errors;
}
