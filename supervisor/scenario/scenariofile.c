/*
 * scenariofile.c: from a path to checked scenarios: reads the file, has it walked by the table of its keys (scenariokeys.c), then reads the trees that it names and looks whether each path of a
 * step is in its tree. Everything that is wrong is found before anything is started; messages and their fields are known to nobody but the actors.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "scenarioread.h"
#include "treereport.h"
#include "treeyaml.h"

/* --- scenarios --- */

/* Appends one; it has the defaults of `defaults`. NULL: no memory. */
static struct scenario *
add_scenario(struct treewalk *walk, struct scenario_file *file, const yaml_node_t *where,
	const struct scenario *defaults)
{
	struct scenario *items = reallocarray(file->items, file->count + 1, sizeof(*items));

	if (items == NULL) {
		walk->report->out_of_memory = true;
		return NULL;
	}
	file->items = items;
	struct scenario *scenario = &items[file->count++];
	*scenario = (struct scenario){ .line = (int)where->start_mark.line + 1,
		.column = (int)where->start_mark.column + 1,
		.within_ns = defaults != NULL ? defaults->within_ns : SCENARIO_WITHIN_NS };
	if (defaults != NULL && defaults->tree.path != NULL) {
		scenario->tree = defaults->tree;
		scenario->tree.path = NULL;
		treewalk_set(walk, &scenario->tree.path, defaults->tree.path);
	}
	return scenario;
}

/* What its keys don't show one by one. */
static void
check_scenario(struct treewalk *walk, const yaml_node_t *where, const struct scenario *scenario)
{
	bool has_steps = treewalk_has_key(walk, where, "steps");

	if (scenario->tree.path == NULL && !treewalk_has_key(walk, where, "tree"))
		treewalk_complain(walk, where, "which tree? add its file, like tree: shop.yaml");
	if (has_steps && scenario->everywhere)
		treewalk_complain(
			walk, where, "it has both steps and crash_everywhere; make it two scenarios");
	if (!has_steps && !scenario->everywhere && scenario->steps.count == 0)
		treewalk_complain(walk, where, "it does nothing; add steps, or crash_everywhere");
}

static void
read_listed(struct treewalk *walk, const yaml_node_t *node, const struct scenario *defaults,
	struct scenario_file *file)
{
	if (node->type != YAML_MAPPING_NODE) {
		treewalk_complain(walk, node,
			"scenarios: found %s; write each as a mapping, like {name: a crash, steps: [...]}",
			treewalk_describe(node).text);
		return;
	}
	struct scenario *scenario = add_scenario(walk, file, node, defaults);
	if (scenario == NULL)
		return;
	treewalk_mapping(walk, node, IN_SCENARIO, scenario);
	check_scenario(walk, node, scenario);
	if (!treewalk_has_key(walk, node, "name"))
		treewalk_complain(walk, node, "this scenario has no name; add one, like name: a crash");
}

/* The first one that was read is where the defaults are, and no scenario itself. */
static void
read_list(struct treewalk *walk, const yaml_node_t *root, const yaml_node_t *list, struct scenario_file *file)
{
	struct scenario_file defaults = *file;
	const yaml_node_item_t *item = list->data.sequence.items.start, *top = list->data.sequence.items.top;

	file->items = NULL;
	file->count = 0;
	if (defaults.items[0].steps.count > 0 || defaults.items[0].everywhere)
		treewalk_complain(
			walk, root, "it has both scenarios and steps of its own; make these a scenario, too");
	if (item == top)
		treewalk_complain(walk, list, "scenarios: is empty; write a list of scenarios");
	for (; item < top && !treewalk_full(walk); item++) {
		const yaml_node_t *node = treewalk_visit(walk, *item);
		if (node != NULL)
			read_listed(walk, node, &defaults.items[0], file);
	}
	scenario_free(&defaults);
}

/* What a scenario that is the whole file is called: as the file. */
static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void
read_document(yaml_document_t *document, const char *path, const char *directory,
	struct treefile_report *report, struct scenario_file *file)
{
	struct scenarioread reader = {
		.walk = { .table = &scenariokeys_table, .document = document, .report = report },
		.directory = directory
	};
	struct treewalk *walk = &reader.walk;

	if (yaml_document_get_root_node(document) == NULL) {
		treereport_add(report, 1, 1, "%s is empty; it needs a tree and steps", path);
		return;
	}
	const yaml_node_t *root = treewalk_visit(walk, 1);
	if (root == NULL)
		return;
	if (root->type != YAML_MAPPING_NODE) {
		treewalk_complain(walk, root,
			"found %s; a file of scenarios is a mapping, which begins with tree: shop.yaml, say",
			treewalk_describe(root).text);
		return;
	}
	struct scenario *scenario = add_scenario(walk, file, root, NULL);
	if (scenario == NULL)
		return;
	treewalk_mapping(walk, root, IN_FILE, scenario);
	if (reader.scenarios != NULL) {
		read_list(walk, root, reader.scenarios, file);
		return;
	}
	if (!treewalk_has_key(walk, root, "scenarios"))
		check_scenario(walk, root, scenario);
	if (scenario->name == NULL)
		treewalk_set(walk, &scenario->name, base_name(path));
}

/* --- their trees --- */

struct checking {
	struct treefile_report *report;
	struct spec *tree;
};

/* Whom a step can be about: bits by spec_kind. */
#define ACTORS (1u << SPEC_ACTOR)
#define GROUPS (1u << SPEC_SUPERVISOR | 1u << SPEC_POOL)

static void
not_there(const struct checking *checking, const struct mention *whom)
{
	char *meant = treepath_meant(checking->tree, whom->path);

	treereport_add(checking->report, whom->line, whom->column, "there is no %s in the tree; %s%s%s",
		treevalue_quote(whom->path).text,
		meant != NULL ? "did you mean " : "see: tractor check, and the tree's file",
		meant != NULL ? meant : "", meant != NULL ? "?" : "");
	free(meant);
}

/* Members of a pool come and go: whatever is below one may be there. */
static void
check_mention(const struct checking *checking, const struct mention *whom, unsigned kinds)
{
	const char *rest;

	if (whom->path == NULL)
		return;
	const struct spec *spec = treepath_find(checking->tree, whom->path, &rest);
	if (*rest != '\0' && spec != NULL && spec->kind == SPEC_POOL)
		return;
	if (*rest != '\0')
		not_there(checking, whom);
	else if ((kinds & (1u << spec->kind)) == 0)
		treereport_add(checking->report, whom->line, whom->column, "%s is %s %s, not %s",
			treevalue_quote(whom->path).text, spec->kind == SPEC_ACTOR ? "an" : "a",
			spec_kind_name(spec->kind), kinds == ACTORS ? "an actor" : "a supervisor");
}

static void
check_steps(const struct checking *checking, const struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->items[i];
		bool any = step->kind == STEP_RESTARTED || step->kind == STEP_UNTOUCHED;
		check_mention(checking, &step->whom,
			any			       ? ACTORS | GROUPS
			: step->kind == STEP_ESCALATED ? GROUPS
						       : ACTORS);
	}
}

/* Every error of the tree's file, with where it was named. */
static void
pass_on(const struct treefile_report *from, const struct mention *tree, struct treefile_report *to)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct treefile_error *error = &from->errors[i];
		if (error->line > 0)
			treereport_add(to, tree->line, tree->column, "tree: %s:%d:%d: %s", tree->path,
				error->line, error->column, error->text);
		else
			treereport_add(to, tree->line, tree->column, "tree: %s: %s", tree->path, error->text);
	}
	to->out_of_memory |= from->out_of_memory;
}

static void
check_tree(const struct scenario *scenario, struct treefile_report *report)
{
	struct checking checking = { .report = report };
	struct treefile_report errors;

	if (scenario->tree.path == NULL)
		return;
	tractor_err err = treefile_load(scenario->tree.path, &errors, &checking.tree);
	if (err == TRACTOR_OK) {
		check_steps(&checking, &scenario->steps);
		check_steps(&checking, &scenario->workload);
		check_steps(&checking, &scenario->check);
		for (size_t i = 0; i < scenario->actor_count; i++)
			check_mention(&checking, &scenario->actors[i], ACTORS);
		spec_free(checking.tree);
	} else {
		pass_on(&errors, &scenario->tree, report);
	}
	treefile_report_free(&errors);
}

/* --- the whole --- */

static void
read_text(const char *text, size_t length, const char *path, const char *directory,
	struct treefile_report *report, struct scenario_file *file)
{
	yaml_document_t document;

	if (length > TREEFILE_BYTES_MAX)
		treereport_add(report, 0, 0, "is larger than %d MiB; is it the right file?",
			TREEFILE_BYTES_MAX / 1024 / 1024);
	else if (treeyaml_load(text, length, report, &document) == TRACTOR_OK) {
		read_document(&document, path, directory, report, file);
		yaml_document_delete(&document);
	}
	for (size_t i = 0; i < file->count; i++)
		check_tree(&file->items[i], report);
}

static tractor_err
outcome(const struct treefile_report *report, int reason)
{
	if (report->out_of_memory)
		return TRACTOR_ENOMEM;
	if (reason != 0)
		return TRACTOR_ESYSTEM;
	return report->count > 0 ? TRACTOR_EINVAL : TRACTOR_OK;
}

tractor_err
scenario_load(const char *path, struct treefile_report *report, struct scenario_file *ret_file)
{
	struct scenario_file file = { .items = NULL };
	char *text = NULL, *directory = treefile_directory(path);
	size_t length = 0;

	*report = (struct treefile_report){ .out_of_memory = directory == NULL };
	int reason = report->out_of_memory ? 0 : treefile_read(path, &text, &length);
	if (reason != 0)
		treereport_add(report, 0, 0, "can't be read: %s; name a file that can", strerror(reason));
	else if (!report->out_of_memory)
		read_text(text, length, path, directory, report, &file);
	tractor_err err = outcome(report, reason);
	if (err == TRACTOR_OK)
		*ret_file = file;
	else
		scenario_free(&file);
	free(directory);
	free(text);
	return err;
}
