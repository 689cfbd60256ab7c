/*
 * build.c: specs from what users say: a tree file, or the structs of a program's calls. Where these leave something out, spec_new() has put OTP's default. What is wrong is said in
 * words; nothing is started here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell.h"
#include "treeexec.h"
#include "treefile.h"
#include "why.h"

static tractor_err
add_pairs(struct spec_pairs *pairs, const char *const *words, const char *what)
{
	for (; words && words[0]; words += 2) {
		if (!words[1])
			return tri_why(TRACTOR_EINVAL, "%s are pairs: \"%s\" has no value", what, words[0]);
		tractor_err err = spec_pair_add(pairs, words[0], words[1]);
		if (err != TRACTOR_OK)
			return err;
	}
	return TRACTOR_OK;
}

/* --- values: 0 is the default that is there --- */

static int64_t
milliseconds_ns(int64_t ms)
{
	const int64_t most_ms = SPEC_DURATION_MAX_NS / SPEC_MILLISECOND;

	/* One that is out of range stays so, for spec_check() to complain of. */
	return ms > most_ms    ? SPEC_DURATION_MAX_NS + 1
	       : ms < -most_ms ? -SPEC_DURATION_MAX_NS
			       : ms * SPEC_MILLISECOND;
}

_Static_assert(SPEC_SHUTDOWN_KILL == 0, "no time at all");

/* TRACTOR_INFINITY, TRACTOR_KILL and TRACTOR_NONE are themselves. */
static void
set_duration(int64_t ms, int64_t *ns)
{
	switch (ms) {
	case 0: break;
	case TRACTOR_INFINITY: *ns = SPEC_SHUTDOWN_INFINITY; break;
	case TRACTOR_KILL: /* SPEC_SHUTDOWN_KILL */
	case TRACTOR_NONE: *ns = 0; break;
	default: *ns = milliseconds_ns(ms);
	}
}

static void
set_intensity(struct spec *spec, uint32_t intensity, int64_t period_ms)
{
	if (intensity != 0)
		spec->intensity = intensity == TRACTOR_NO_RESTARTS ? 0 : intensity;
	set_duration(period_ms, &spec->period_ns);
}

static void
set_backoff(struct spec_backoff *backoff, const struct tractor_child *child)
{
	backoff->initial_ns = milliseconds_ns(child->backoff_initial_ms);
	if (child->backoff_max_ms == 0 && backoff->max_ns < backoff->initial_ns)
		backoff->max_ns = backoff->initial_ns;
	set_duration(child->backoff_max_ms, &backoff->max_ns);
	set_duration(child->backoff_reset_ms, &backoff->reset_ns);
	if (child->backoff_factor < 0 || child->backoff_factor > 0)
		backoff->factor = child->backoff_factor;
	if (child->backoff_jitter < 0 || child->backoff_jitter > 0)
		backoff->jitter = child->backoff_jitter > TRACTOR_NONE || child->backoff_jitter < TRACTOR_NONE
					  ? child->backoff_jitter
					  : 0;
}

static void
set_log(struct spec_log *log, const struct tractor_log_limits *limits)
{
	if (limits->max_size != 0)
		log->max_size = limits->max_size;
	if (limits->files != 0)
		log->files = limits->files == TRACTOR_NO_FILES ? 0 : limits->files;
	if (limits->rate != 0)
		log->rate = limits->rate == TRACTOR_UNBOUNDED ? 0 : limits->rate;
	if (limits->burst != 0)
		log->burst = limits->burst;
}

/* --- checks --- */

/* A name beside the reason why it can't be one. */
static tractor_err
check_name(const char *name, const char *what)
{
	if (name && spec_name_ok(name))
		return TRACTOR_OK;
	return tri_why(TRACTOR_EINVAL, "\"%s\" cannot be %s name: 1 to %d letters, digits, _ and -",
		name ? name : "", what, SPEC_NAME_MAX);
}

/* An enum of the program's may hold anything; the core's tables may not be asked for it. */
static tractor_err
check_choice(const char *name, const char *what, unsigned value, unsigned last)
{
	return value <= last
		       ? TRACTOR_OK
		       : tri_why(TRACTOR_EINVAL, "%s: there is no %s %u; use one of <tractor/children.h>",
				 name, what, value);
}

/* All that is wrong goes into one sentence, as far as there is room. */
static void
complain(void *arg, const struct spec *where, const char *complaint)
{
	char *text = arg;
	size_t used = strlen(text);

	snprintf(text + used, TRI_WHY_MAX - used, "%s%s: %s", used > 0 ? "; " : "", where->name, complaint);
}

/* Gives the spec away if `err` is OK and the spec is right; else frees it. */
static tractor_err
finish(struct spec *spec, tractor_err err, struct spec **ret_spec)
{
	char text[TRI_WHY_MAX] = "";

	if (err == TRACTOR_OK && spec_check(spec, complain, text) > 0)
		err = tri_why(TRACTOR_EINVAL, "%s", text);
	if (err == TRACTOR_OK)
		*ret_spec = spec;
	else
		spec_free(spec);
	return err;
}

/* --- what runs a process --- */

/* The absolute path of the directory; NULL is this program's. */
static tractor_err
find_directory(const char *directory, char **ret_path)
{
	char *path = realpath(directory ? directory : ".", NULL);

	if (!path)
		return errno == ENOMEM ? TRACTOR_ENOMEM
				       : tri_why(TRACTOR_EINVAL, "the directory %s: %s",
						 directory ? directory : ".", strerror(errno));
	*ret_path = path;
	return TRACTOR_OK;
}

static tractor_err
find_program(const char *exec, const char *directory, char **ret_path)
{
	struct treevalue_fault fault = { 0 };
	char *here = NULL;

	if (strcmp(exec, TRACTOR_SELF) == 0)
		return (*ret_path = realpath(exec, NULL))
			       ? TRACTOR_OK
			       : tri_why(TRACTOR_ESYSTEM, "cannot read %s: is /proc mounted?", exec);
	tractor_err err = find_directory(directory, &here);
	if (err == TRACTOR_OK)
		err = treeexec_find(exec, here, ret_path, &fault);
	if (err == TRACTOR_EINVAL && here)
		err = tri_why(TRACTOR_ESTART, "%s", fault.text);
	free(here);
	return err;
}

static void
set_values(struct spec *spec, const struct tractor_child *child)
{
	spec->restart = (enum spec_restart)child->restart;
	spec->significant = child->significant;
	set_duration(child->shutdown_ms, &spec->shutdown_ns);
	set_duration(child->start_timeout_ms, &spec->start_timeout_ns);
	spec->handler_timeout_ns = milliseconds_ns(child->handler_timeout_ms);
	spec->handler_cpu_timeout_ns = milliseconds_ns(child->handler_cpu_timeout_ms);
	if (child->mailbox != 0)
		spec->mailbox = child->mailbox == TRACTOR_UNBOUNDED ? 0 : child->mailbox;
	spec->redeliver = child->redeliver;
	spec->lanes = !child->no_lanes;
	spec->spares = child->spares;
	set_backoff(&spec->backoff, child);
	set_log(&spec->log, &child->log);
}

/* Into a spec that has its name and its defaults. */
static tractor_err
fill_process(struct spec *spec, const struct tractor_child *child)
{
	if (!child->exec)
		return tri_why(TRACTOR_EINVAL, "%s: no .exec: which program is it?", spec->name);
	tractor_err err = check_choice(spec->name, "restart type", child->restart, TRACTOR_TEMPORARY);
	if (err == TRACTOR_OK)
		err = find_program(child->exec, child->directory, &spec->exec_path);
	if (err == TRACTOR_OK && child->directory)
		err = find_directory(child->directory, &spec->directory);
	if (err == TRACTOR_OK)
		err = add_pairs(&spec->args, child->args, "args");
	if (err == TRACTOR_OK)
		err = add_pairs(&spec->env, child->env, "env");
	if (err != TRACTOR_OK)
		return err;
	set_values(spec, child);
	spec->exec = strdup(child->exec);
	spec->role = child->actor ? strdup(child->actor) : NULL;
	return spec->exec && (!child->actor || spec->role) ? TRACTOR_OK : TRACTOR_ENOMEM;
}

tractor_err
build_child(const struct tractor_child *child, struct spec **ret_spec)
{
	tractor_err err = check_name(child->name, "a child's");
	struct spec *spec = err == TRACTOR_OK ? spec_new(SPEC_ACTOR, child->name) : NULL;

	if (!spec)
		return err == TRACTOR_OK ? TRACTOR_ENOMEM : err;
	return finish(spec, fill_process(spec, child), ret_spec);
}

tractor_err
build_pool(const struct tractor_pool *pool, struct spec **ret_spec)
{
	tractor_err err = check_name(pool->name, "a pool's");
	struct spec *spec = err == TRACTOR_OK ? spec_new(SPEC_POOL, pool->name) : NULL;

	if (!spec)
		return err == TRACTOR_OK ? TRACTOR_ENOMEM : err;
	if (pool->member.name || pool->member.under)
		err = tri_why(TRACTOR_EINVAL,
			"%s: .member is for all members: leave out its .name and .under", pool->name);
	if (err == TRACTOR_OK)
		err = fill_process(spec, &pool->member);
	if (pool->max != 0)
		spec->pool_max = pool->max;
	set_intensity(spec, pool->intensity, pool->period_ms);
	return finish(spec, err, ret_spec);
}

/* Whether it says nothing that the pool has said already. */
static bool
is_bare(const struct tractor_child *child)
{
	return !child->exec && !child->directory && !child->actor && !child->env && child->restart == 0 &&
	       !child->significant && child->shutdown_ms == 0 && child->start_timeout_ms == 0 &&
	       child->handler_timeout_ms == 0 && child->handler_cpu_timeout_ms == 0 && child->mailbox == 0 &&
	       !child->redeliver && !child->no_lanes && child->spares == 0 &&
	       child->backoff_initial_ms == 0 && !(child->backoff_factor < 0 || child->backoff_factor > 0) &&
	       child->backoff_max_ms == 0 && !(child->backoff_jitter < 0 || child->backoff_jitter > 0) &&
	       child->backoff_reset_ms == 0 && child->log.max_size == 0 && child->log.files == 0 &&
	       child->log.rate == 0 && child->log.burst == 0;
}

tractor_err
build_member(
	const struct spec *pool, const struct tractor_child *child, uint32_t number, struct spec **ret_spec)
{
	char own[32];

	snprintf(own, sizeof(own), "%u", number);
	if (!is_bare(child))
		return tri_why(TRACTOR_EINVAL,
			"the members of a pool are all alike: a new one of %s has a name and args at most",
			pool->name);
	const char *name = child->name ? child->name : own;
	tractor_err err = check_name(name, "a member's");
	struct spec *spec = err == TRACTOR_OK ? spec_member(pool, name) : NULL;
	if (!spec)
		return err == TRACTOR_OK ? TRACTOR_ENOMEM : err;
	return finish(spec, add_pairs(&spec->args, child->args, "args"), ret_spec);
}

/* --- supervisors --- */

static tractor_err
fill_supervisor(struct spec *spec, const struct tractor_supervisor *supervisor)
{
	tractor_err err = check_choice(spec->name, "strategy", supervisor->strategy, TRACTOR_REST_FOR_ONE);

	if (err == TRACTOR_OK)
		err = check_choice(
			spec->name, "auto_shutdown", supervisor->auto_shutdown, TRACTOR_ALL_SIGNIFICANT);
	if (err == TRACTOR_OK)
		err = check_choice(spec->name, "restart type", supervisor->restart, TRACTOR_TEMPORARY);
	if (err != TRACTOR_OK)
		return err;
	spec->strategy = (enum spec_strategy)supervisor->strategy;
	spec->auto_shutdown = (enum spec_auto_shutdown)supervisor->auto_shutdown;
	spec->restart = (enum spec_restart)supervisor->restart;
	spec->significant = supervisor->significant;
	set_intensity(spec, supervisor->intensity, supervisor->period_ms);
	set_duration(supervisor->shutdown_ms, &spec->shutdown_ns);
	return TRACTOR_OK;
}

tractor_err
build_supervisor(const struct tractor_supervisor *supervisor, struct spec **ret_spec)
{
	tractor_err err = check_name(supervisor->name, "a supervisor's");
	struct spec *spec = err == TRACTOR_OK ? spec_new(SPEC_SUPERVISOR, supervisor->name) : NULL;

	if (!spec)
		return err == TRACTOR_OK ? TRACTOR_ENOMEM : err;
	return finish(spec, fill_supervisor(spec, supervisor), ret_spec);
}

tractor_err
build_root(const struct tractor_options *options, struct spec **ret_spec)
{
	struct tractor_supervisor root = { .name = options ? options->name : NULL };
	char own[32];

	snprintf(own, sizeof(own), "tractor-%d", getpid());
	if (!root.name)
		root.name = own;
	if (options) {
		root.strategy = options->strategy;
		root.intensity = options->intensity;
		root.period_ms = options->period_ms;
		root.auto_shutdown = options->auto_shutdown;
	}
	return build_supervisor(&root, ret_spec);
}

/* --- files --- */

tractor_err
build_file(const char *path, struct spec **ret_spec)
{
	struct treefile_report report;
	tractor_err err = treefile_load(path, &report, ret_spec);
	char *text = NULL;
	size_t size = 0;

	if (err != TRACTOR_OK) {
		FILE *stream = open_memstream(&text, &size);
		if (stream) {
			treefile_report_print(&report, path, stream);
			fclose(stream);
		}
		if (size > 0 && text[size - 1] == '\n')
			text[size - 1] = '\0';
		if (err == TRACTOR_ESYSTEM)
			err = TRACTOR_EINVAL; /* one that can't be read is a bad file, too */
		tri_why(err, "%s", text && *text ? text : tractor_err_text(err));
		free(text);
	}
	treefile_report_free(&report);
	return err;
}
