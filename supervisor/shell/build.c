/*
 * build.c: specs from what users say: a tree file, or the structs of a program's calls. Where these leave something out, spec_new() has put OTP's default. What is wrong is said in
 * words; nothing is started here.
 */
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

/* 0 is the default that is there, TRACTOR_INFINITY and TRACTOR_KILL are themselves. */
static int64_t
duration_ns(int64_t ms, int64_t default_ns)
{
	if (ms == 0)
		return default_ns;
	return ms == TRACTOR_INFINITY ? SPEC_SHUTDOWN_INFINITY
	       : ms == TRACTOR_KILL   ? SPEC_SHUTDOWN_KILL
				      : ms * SPEC_MILLISECOND;
}

static tractor_err
find_program(const char *exec, char **ret_path)
{
	char *here = getcwd(NULL, 0);
	struct treevalue_fault fault = { 0 };

	if (!here)
		return TRACTOR_ENOMEM;
	tractor_err err;
	if (strcmp(exec, TRACTOR_SELF) == 0)
		err = (*ret_path = realpath(exec, NULL))
			      ? TRACTOR_OK
			      : tri_why(TRACTOR_ESYSTEM, "cannot read %s: is /proc mounted?", exec);
	else
		err = treeexec_find(exec, here, ret_path, &fault);
	free(here);
	return err == TRACTOR_EINVAL ? tri_why(TRACTOR_ESTART, "%s", fault.text) : err;
}

static void
fill_child(struct spec *spec, const struct tractor_child *child)
{
	spec->restart = (enum spec_restart)child->restart;
	spec->shutdown_ns = duration_ns(child->shutdown_ms, spec->shutdown_ns);
	spec->start_timeout_ns = duration_ns(child->start_timeout_ms, spec->start_timeout_ns);
	spec->handler_timeout_ns = child->handler_timeout_ms * SPEC_MILLISECOND;
	if (child->mailbox != 0)
		spec->mailbox = child->mailbox == TRACTOR_UNBOUNDED ? 0 : child->mailbox;
	spec->redeliver = child->redeliver;
	spec->backoff.initial_ns = child->backoff_initial_ms * SPEC_MILLISECOND;
	if (spec->backoff.max_ns < spec->backoff.initial_ns)
		spec->backoff.max_ns = spec->backoff.initial_ns;
}

static void
complain(void *arg, const struct spec *where, const char *complaint)
{
	(void)arg;
	tri_why(TRACTOR_EINVAL, "%s: %s", where->name, complaint);
}

tractor_err
build_child(const struct tractor_child *child, struct spec **ret_spec)
{
	if (!child->name || !spec_name_ok(child->name))
		return tri_why(TRACTOR_EINVAL,
			"\"%s\" cannot be a child's name: 1 to %d letters, digits, _ and -",
			child->name ? child->name : "", SPEC_NAME_MAX);
	if (!child->exec)
		return tri_why(TRACTOR_EINVAL, "%s: no .exec: which program is it?", child->name);
	struct spec *spec = spec_new(SPEC_ACTOR, child->name);
	if (!spec)
		return TRACTOR_ENOMEM;
	fill_child(spec, child);
	tractor_err err = find_program(child->exec, &spec->exec_path);
	if (err == TRACTOR_OK)
		err = add_pairs(&spec->args, child->args, "args");
	if (err == TRACTOR_OK)
		err = add_pairs(&spec->env, child->env, "env");
	if (err == TRACTOR_OK && spec_check(spec, complain, NULL) > 0)
		err = TRACTOR_EINVAL;
	spec->exec = strdup(child->exec);
	spec->role = child->actor ? strdup(child->actor) : NULL;
	if (err == TRACTOR_OK && (!spec->exec || (child->actor && !spec->role)))
		err = TRACTOR_ENOMEM;
	if (err != TRACTOR_OK) {
		spec_free(spec);
		return err;
	}
	*ret_spec = spec;
	return TRACTOR_OK;
}

tractor_err
build_root(const struct tractor_options *options, struct spec **ret_spec)
{
	char own[32];

	snprintf(own, sizeof(own), "tractor-%d", getpid());
	const char *name = options && options->name ? options->name : own;
	if (!spec_name_ok(name))
		return tri_why(TRACTOR_EINVAL,
			"\"%s\" cannot be a tree's name: 1 to %d letters, digits, _ and -", name,
			SPEC_NAME_MAX);
	struct spec *spec = spec_new(SPEC_SUPERVISOR, name);
	if (!spec)
		return TRACTOR_ENOMEM;
	if (options) {
		spec->strategy = (enum spec_strategy)options->strategy;
		if (options->intensity != 0)
			spec->intensity = options->intensity == TRACTOR_NO_RESTARTS ? 0 : options->intensity;
		if (options->period_ms != 0)
			spec->period_ns = options->period_ms * SPEC_MILLISECOND;
	}
	*ret_spec = spec;
	return TRACTOR_OK;
}

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
