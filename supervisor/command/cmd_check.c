/*
 * cmd_check.c: what is wrong with a tree file, or what it would start. Needs no running tree and starts nothing.
 */
#include <stdlib.h>

#include "client.h"
#include "output.h"
#include "treefile.h"

static const struct output_column columns[] = {
	{ "PATH", false },
	{ "KIND", false },
	{ "RESTART", false },
	{ "RUNS", false },
};

static const struct output_column fault_columns[] = {
	{ "PATH", false },
	{ "IS TO HAVE, ON PURPOSE", false },
};

/* Joined with a slash, to be freed. */
static char *
path_below(const char *parent, const char *name)
{
	char *path;

	return output_need(asprintf(&path, "%s/%s", parent, name) < 0 ? NULL : path);
}

/* Recurses SPEC_DEPTH_MAX deep at most. */
static void
add_spec(struct output_table *table, const struct spec *spec, const char *parent)
{
	char *path = path_below(parent, spec->name);
	bool is_root = *parent == '\0';
	const char *const cells[] = {
		path,
		spec_kind_name(spec->kind),
		is_root ? NULL : spec_restart_name(spec->restart),
		spec->kind == SPEC_SUPERVISOR ? spec_strategy_name(spec->strategy) : spec->exec_path,
	};

	output_table_add(table, cells);
	for (size_t i = 0; i < spec->child_count; i++)
		add_spec(table, spec->children[i], path);
	free(path);
}

/* The faults that it and those below it are to have. */
static void
add_faults(struct output_table *table, const struct spec *spec, const char *parent)
{
	char *path = path_below(parent, spec->name), text[SPEC_FAULT_TEXT_BYTES];

	for (size_t i = 0; i < spec->fault_count; i++) {
		const char *const cells[] = { path, spec_fault_text(&spec->faults[i], text) };
		output_table_add(table, cells);
	}
	for (size_t i = 0; i < spec->child_count; i++)
		add_faults(table, spec->children[i], path);
	free(path);
}

static bool
has_faults(const struct spec *spec)
{
	bool has = spec->fault_count > 0;

	for (size_t i = 0; i < spec->child_count && !has; i++)
		has = has_faults(spec->children[i]);
	return has;
}

static void
print_faults(const struct spec *root)
{
	struct output_table *table =
		output_table_new(fault_columns, sizeof(fault_columns) / sizeof(fault_columns[0]));

	putchar('\n');
	add_faults(table, root, "");
	output_table_print(table, stdout, NULL);
	output_table_free(table);
}

static json_t *
faults_json(const struct spec *spec)
{
	json_t *faults = output_need(json_array());

	for (size_t i = 0; i < spec->fault_count; i++) {
		const struct spec_fault *fault = &spec->faults[i];
		json_array_append_new(faults,
			output_need(json_pack("{s:s, s:s?, s:f, s:I}", "fault", fault->fault, "at", fault->at,
				"probability", fault->probability, "seed", (json_int_t)fault->seed)));
	}
	return faults;
}

/* How long what may take; 0: as long as it likes. */
static void
add_limits(json_t *node, const struct spec *spec)
{
	json_object_set_new(
		node, "start_timeout_ms", json_integer(spec->start_timeout_ns / SPEC_MILLISECOND));
	json_object_set_new(
		node, "handler_timeout_ms", json_integer(spec->handler_timeout_ns / SPEC_MILLISECOND));
	json_object_set_new(node, "handler_cpu_timeout_ms",
		json_integer(spec->handler_cpu_timeout_ns / SPEC_MILLISECOND));
}

static json_t *
spec_json(const struct spec *spec, const char *parent)
{
	char *path = path_below(parent, spec->name);
	json_t *node = output_need(json_pack("{s:s, s:s}", "path", path, "kind", spec_kind_name(spec->kind)));

	if (*parent != '\0')
		json_object_set_new(node, "restart", json_string(spec_restart_name(spec->restart)));
	if (spec->kind == SPEC_SUPERVISOR) {
		json_t *children = output_need(json_array());
		for (size_t i = 0; i < spec->child_count; i++)
			json_array_append_new(children, spec_json(spec->children[i], path));
		json_object_set_new(node, "strategy", json_string(spec_strategy_name(spec->strategy)));
		json_object_set_new(node, "children", children);
	} else {
		json_object_set_new(node, "exec", json_string(spec->exec_path));
		add_limits(node, spec);
		if (spec->fault_count > 0)
			json_object_set_new(node, "faults", faults_json(spec));
	}
	free(path);
	return node;
}

static void
print_spec(const struct spec *root, bool json)
{
	if (json) {
		json_t *whole = output_need(json_pack(
			"{s:b, s:s, s:o}", "ok", 1, "name", root->name, "root", spec_json(root, "")));
		output_json_line(stdout, whole);
		json_decref(whole);
		return;
	}
	struct output_table *table = output_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	add_spec(table, root, "");
	output_table_print(table, stdout, NULL);
	output_table_free(table);
	if (has_faults(root))
		print_faults(root);
}

static void
print_lines(const struct treefile_report *report, const char *file)
{
	char *text = NULL;
	size_t size;
	FILE *stream = output_need(open_memstream(&text, &size));

	treefile_report_print(report, file, stream);
	fclose(stream);
	output_lines(stderr, output_need(text));
	free(text);
}

void
check_print_errors(const struct treefile_report *report, const char *file, bool json)
{
	if (!json) {
		print_lines(report, file);
		return;
	}
	json_t *errors = output_need(json_array());
	for (size_t i = 0; i < report->count; i++) {
		const struct treefile_error *error = &report->errors[i];
		json_array_append_new(errors, json_pack("{s:i, s:i, s:s}", "line", error->line, "column",
						      error->column, "text", error->text));
	}
	json_t *whole = output_need(json_pack("{s:b, s:s, s:o, s:I}", "ok", 0, "file", file, "errors", errors,
		"more", (json_int_t)report->more));
	output_json_line(stdout, whole);
	json_decref(whole);
}

int
cmd_check(const struct command_line *line)
{
	struct treefile_report report;
	struct spec *root = NULL;
	tractor_err err = treefile_load(line->words[0], &report, &root);

	if (err == TRACTOR_OK)
		print_spec(root, line->json);
	else
		check_print_errors(&report, line->words[0], line->json);
	if (err == TRACTOR_ENOMEM)
		output_error("out of memory");
	treefile_report_free(&report);
	spec_free(root);
	return err == TRACTOR_OK ? CONTROL_DONE : err == TRACTOR_ENOMEM ? CONTROL_FAILED : CONTROL_BAD_FILE;
}
