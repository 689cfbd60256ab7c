/*
 * requestadmin.c: administration of children by the command: which there are, how they are specified, one more, one less. What makes no sense is refused in admin.c; a spec comes as a text of
 * the tree file's language, and all that is wrong with it is told.
 */
#include <string.h>

#include "requests.h"
#include "slot.h"
#include "treefile.h"
#include "treewrite.h"
#include "why.h"

#define SPEC_NAME \
	"SPEC" /* what the text is called in what is said of it; the command calls its argument so */

static void
refuse(struct control_request *request, tractor_err err)
{
	control_end(request, requestfind_code(err), "%s",
		err == TRACTOR_ENOMEM ? "out of memory" : tractor_why());
}

/* The node that the request names, if it can have children; else it has been answered. The core does first what it has to do. */
static struct node *
parent_of(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	tree_run(runtime->tree, runtime->loop.now_ns);
	struct node *node = *requestfind_text(body, "path") ? requestfind_node(runtime, request, body)
							    : tree_root(runtime->tree);
	if (!node || node->spec->kind != SPEC_ACTOR)
		return node;
	control_end(request, CONTROL_USAGE, "%s is an actor: only a supervisor or a pool has children",
		node->path);
	return NULL;
}

/* --- children --- */

static json_t *
child_json(const struct node *node)
{
	const struct slot *slot = slot_of(node);

	return json_pack("{s:s, s:s, s:s, s:i, s:I, s:s, s:I, s:b, s:s?}", "path", node->path, "kind",
		spec_kind_name(node->spec->kind), "state", node_state_name(node->state), "pid",
		slot ? (int)slot->pid : 0, "incarnation", (json_int_t)node->incarnation, "restart",
		spec_restart_name(childinfo_restart(node)), "restarts", (json_int_t)node->restarts,
		"significant", node->spec->significant, "last_exit",
		*childinfo_last_exit(node) ? childinfo_last_exit(node) : NULL);
}

void
requestadmin_children(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *parent = parent_of(runtime, request, body);
	struct tree_counts counts;
	json_t *children;

	if (!parent)
		return;
	children = json_array();
	for (size_t i = 0; i < parent->child_count; i++)
		json_array_append_new(children, child_json(parent->children[i]));
	tree_count_children(parent, &counts);
	control_data(request, json_pack("{s:i, s:s, s:s, s:o, s:{s:I, s:I, s:I, s:I}}", "schema_version", 1,
				      "path", parent->path, "kind", spec_kind_name(parent->spec->kind),
				      "children", children, "counts", "specs", (json_int_t)counts.specs,
				      "active", (json_int_t)counts.active, "supervisors",
				      (json_int_t)counts.supervisors, "workers", (json_int_t)counts.workers));
	control_end(request, CONTROL_DONE, NULL);
}

/* --- spec --- */

void
requestadmin_spec(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	const struct node *node = requestfind_node(runtime, request, body);
	json_t *spec = node ? treewrite_spec(node->spec, node == tree_root(runtime->tree)) : NULL;

	if (!node)
		return;
	if (!spec) {
		control_end(request, CONTROL_FAILED,
			"the spec of %s cannot be written: a text in it is not UTF-8", node->path);
		return;
	}
	control_data(
		request, json_pack("{s:i, s:s, s:s?, s:o}", "schema_version", 1, "path", node->path,
				 "directory", node->spec->exec ? node->spec->directory : NULL, "spec", spec));
	control_end(request, CONTROL_DONE, NULL);
}

/* --- add --- */

/* What is wrong with the text, as `tractor check` has it. */
static void
refuse_text(struct control_request *request, const struct treefile_report *report)
{
	json_t *errors = json_array();

	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(
			errors, json_pack("{s:i, s:i, s:s}", "line", report->errors[i].line, "column",
					report->errors[i].column, "text", report->errors[i].text));
	control_data(request, json_pack("{s:i, s:b, s:s, s:o, s:I}", "schema_version", 1, "ok", 0, "file",
				      SPEC_NAME, "errors", errors, "more", (json_int_t)report->more));
	control_end(request, CONTROL_BAD_FILE, "nothing was added: " SPEC_NAME " has %zu error%s",
		report->count + report->more, report->count + report->more == 1 ? "" : "s");
}

/* A member is its pool's template with what is its own. Takes `own` over. NULL: no memory. */
static struct spec *
member_of(const struct spec *pool, struct spec *own)
{
	struct spec *member = spec_member(pool, own->name);
	bool whole = member != NULL;

	for (size_t i = 0; whole && i < own->args.count; i++)
		whole = spec_pair_add(&member->args, own->args.items[i].key, own->args.items[i].value) ==
			TRACTOR_OK;
	spec_free(own);
	if (whole)
		return member;
	spec_free(member);
	return NULL;
}

/* The spec of the request's text; NULL: there is none, and that has been answered. */
static struct spec *
read_spec(struct control_request *request, const struct node *parent, const json_t *body)
{
	bool is_pool = parent->spec->kind == SPEC_POOL;
	const char *text = requestfind_text(body, "spec"), *directory = requestfind_text(body, "directory");
	struct treefile_report report;
	struct spec *spec = NULL;
	tractor_err err = treefile_parse_part(text, strlen(text), is_pool ? TREEFILE_MEMBER : TREEFILE_CHILD,
		SPEC_NAME, *directory ? directory : "/", &report, &spec);

	if (err == TRACTOR_OK && is_pool && !(spec = member_of(parent->spec, spec)))
		err = TRACTOR_ENOMEM;
	if (err == TRACTOR_EINVAL)
		refuse_text(request, &report);
	else if (err != TRACTOR_OK)
		refuse(request, err);
	treefile_report_free(&report);
	return spec;
}

void
requestadmin_add(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *parent = parent_of(runtime, request, body), *node;
	struct spec *spec = parent ? read_spec(request, parent, body) : NULL;
	tractor_err err = spec ? admin_add(runtime, parent, spec, &node) : TRACTOR_OK;

	if (!spec)
		return;
	if (err == TRACTOR_OK)
		requeststeer_wait(runtime, request, node, WAIT_UP);
	else
		refuse(request, err);
}

/* --- delete --- */

void
requestadmin_delete(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	tree_run(runtime->tree, runtime->loop.now_ns);
	struct node *node = requestfind_node(runtime, request, body);
	tractor_err err = node ? admin_delete(runtime, node) : TRACTOR_OK;

	if (!node)
		return;
	if (err == TRACTOR_OK)
		control_end(request, CONTROL_DONE, NULL);
	else
		refuse(request, err);
}
