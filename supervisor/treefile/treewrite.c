/*
 * treewrite.c: a spec as the mapping that it is in a tree file. The keys and their order are those of treekeys.c, which a test holds this against: what is written is read again as the same
 * spec. It decides nothing; what can't be written makes the whole NULL.
 */
#include "treewrite.h"

#include <inttypes.h>
#include <stdio.h>

/* jansson takes NULL for a value as a failure of the whole, which is what it is. */
static bool
set(json_t *mapping, const char *key, json_t *value)
{
	return json_object_set_new(mapping, key, value) == 0;
}

/* In the largest unit in which it is a whole number; below a millisecond as a fraction of one. */
static json_t *
duration(int64_t ns)
{
	if (ns % SPEC_SECOND == 0)
		return json_sprintf("%" PRId64 "s", ns / SPEC_SECOND);
	if (ns % SPEC_MILLISECOND == 0)
		return json_sprintf("%" PRId64 "ms", ns / SPEC_MILLISECOND);
	return json_sprintf("%" PRId64 ".%06" PRId64 "ms", ns / SPEC_MILLISECOND, ns % SPEC_MILLISECOND);
}

static json_t *
shutdown_word(int64_t ns)
{
	if (ns == SPEC_SHUTDOWN_INFINITY)
		return json_string("infinity");
	return ns == SPEC_SHUTDOWN_KILL ? json_string("kill") : duration(ns);
}

/* The last one of a name is the one that counts. */
static json_t *
pairs_mapping(const struct spec_pairs *pairs)
{
	json_t *mapping = json_object();

	for (size_t i = 0; i < pairs->count; i++)
		if (!set(mapping, pairs->items[i].key, json_string(pairs->items[i].value))) {
			json_decref(mapping);
			return NULL;
		}
	return mapping;
}

static json_t *
backoff_mapping(const struct spec_backoff *backoff)
{
	return json_pack("{s:o, s:f, s:o, s:f, s:o}", "initial", duration(backoff->initial_ns), "factor",
		backoff->factor, "max", duration(backoff->max_ns), "jitter", backoff->jitter, "reset",
		duration(backoff->reset_ns));
}

static json_t *
log_mapping(const struct spec_log *log)
{
	char size[SPEC_SIZE_TEXT_BYTES];

	return json_pack("{s:s, s:I, s:I, s:I}", "max_size", spec_size_text(log->max_size, size), "files",
		(json_int_t)log->files, "rate", (json_int_t)log->rate, "burst", (json_int_t)log->burst);
}

/* One of an actor's own, which needs no path. */
static json_t *
fault_mapping(const struct spec_fault *fault)
{
	json_t *mapping = json_pack("{s:s}", "fault", fault->fault);

	if (mapping != NULL && (fault->at == NULL || set(mapping, "at", json_string(fault->at))) &&
		(!(fault->probability > 0) || set(mapping, "probability", json_real(fault->probability))) &&
		(fault->seed == 0 || set(mapping, "seed", json_integer((json_int_t)fault->seed))))
		return mapping;
	json_decref(mapping);
	return NULL;
}

static json_t *
faults_list(const struct spec *actor)
{
	json_t *faults = json_array();

	for (size_t i = 0; i < actor->fault_count; i++)
		if (json_array_append_new(faults, fault_mapping(&actor->faults[i])) != 0) {
			json_decref(faults);
			return NULL;
		}
	return faults;
}

static bool
set_process(json_t *mapping, const struct spec *spec)
{
	return set(mapping, "exec", json_string(spec->exec_path)) &&
	       (spec->role == NULL || set(mapping, "role", json_string(spec->role))) &&
	       set(mapping, "args", pairs_mapping(&spec->args)) &&
	       set(mapping, "env", pairs_mapping(&spec->env));
}

static bool
set_process_limits(json_t *mapping, const struct spec *spec)
{
	return set(mapping, "start_timeout", duration(spec->start_timeout_ns)) &&
	       set(mapping, "handler_timeout", duration(spec->handler_timeout_ns)) &&
	       set(mapping, "handler_cpu_timeout", duration(spec->handler_cpu_timeout_ns)) &&
	       set(mapping, "mailbox", json_integer(spec->mailbox)) &&
	       set(mapping, "redeliver", json_boolean(spec->redeliver)) &&
	       set(mapping, "spares", json_integer(spec->spares)) &&
	       set(mapping, "lanes", json_string(spec->lanes ? "on" : "off")) &&
	       set(mapping, "backoff", backoff_mapping(&spec->backoff)) &&
	       set(mapping, "log", log_mapping(&spec->log));
}

static bool
set_intensity(json_t *mapping, const struct spec *spec)
{
	return set(mapping, "intensity", json_integer(spec->intensity)) &&
	       set(mapping, "period", duration(spec->period_ns));
}

static bool
set_supervision(json_t *mapping, const struct spec *spec)
{
	return set(mapping, "strategy", json_string(spec_strategy_name(spec->strategy))) &&
	       set_intensity(mapping, spec) &&
	       set(mapping, "auto_shutdown", json_string(spec_auto_shutdown_name(spec->auto_shutdown)));
}

/* What every child has; a pool and its members are never significant. */
static bool
set_child(json_t *mapping, const struct spec *spec)
{
	return set(mapping, "restart", json_string(spec_restart_name(spec->restart))) &&
	       set(mapping, "shutdown", shutdown_word(spec->shutdown_ns)) &&
	       (spec->kind == SPEC_POOL || set(mapping, "significant", json_boolean(spec->significant)));
}

static json_t *
policy_value(const struct spec *root)
{
	if (root->policy == SPEC_POLICY_LOG)
		return json_string("log");
	if (root->policy == SPEC_POLICY_PLUGIN)
		return json_pack("{s:s}", "plugin", root->policy_argv[0]);
	json_t *words = json_array();
	for (size_t i = 0; root->policy_argv[i] != NULL; i++)
		if (json_array_append_new(words, json_string(root->policy_argv[i])) != 0) {
			json_decref(words);
			return NULL;
		}
	return json_pack("{s:o}", "exec", words);
}

static bool
set_children(json_t *mapping, const struct spec *spec)
{
	json_t *children = json_array();

	if (spec->child_count == 0) {
		json_decref(children);
		return true;
	}
	for (size_t i = 0; i < spec->child_count; i++)
		if (json_array_append_new(children, treewrite_spec(spec->children[i], false)) != 0) {
			json_decref(children);
			return false;
		}
	return set(mapping, "children", children);
}

static bool
fill(json_t *mapping, const struct spec *spec, bool is_root)
{
	if (!set(mapping, is_root ? "name" : spec_kind_name(spec->kind), json_string(spec->name)))
		return false;
	switch (spec->kind) {
	case SPEC_ACTOR:
		return set_process(mapping, spec) && set_child(mapping, spec) &&
		       set_process_limits(mapping, spec) && set(mapping, "faults", faults_list(spec));
	case SPEC_POOL:
		return set_process(mapping, spec) && set_intensity(mapping, spec) &&
		       set(mapping, "max", json_integer(spec->pool_max)) && set_child(mapping, spec) &&
		       set_process_limits(mapping, spec);
	default:
		return set_supervision(mapping, spec) &&
		       (is_root ? set(mapping, "crash_policy", policy_value(spec))
				: set_child(mapping, spec)) &&
		       set_children(mapping, spec);
	}
}

json_t *
treewrite_spec(const struct spec *spec, bool is_root)
{
	json_t *mapping = json_object();

	if (mapping != NULL && fill(mapping, spec, is_root))
		return mapping;
	json_decref(mapping);
	return NULL;
}
