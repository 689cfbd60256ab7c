/*
 * requestshow.c: the command's questions that change nothing: the tree's state, what an actor understands, what happened, what was printed. Answered at once; a journal that is followed
 * goes on until the client hangs up.
 */
#include <string.h>

#include <tractor/version.h>

#include "requests.h"
#include "slot.h"

/* --- status --- */

static const char *
why_not_running(const struct slot *slot)
{
	if (slot->node->state == NODE_RUNNING || slot->incarnation == 0)
		return "";
	return *slot->death.text ? slot->death.text : "";
}

/* What keeps it from being started when its own delay is over: "host", "turn"; NULL: nothing. */
static const char *
held_by(struct tractor_runtime *runtime, const struct node *node)
{
	bool refused = node->state == NODE_WAITING && node->last_end == NODE_END_HOST_FAILED;

	if (refused || (tree_is_held(node) && tree_host_ns(runtime->tree) != 0))
		return "host";
	return tree_is_held(node) ? "turn" : NULL;
}

static const char *
why_held(struct tractor_runtime *runtime, const char *held)
{
	return strcmp(held, "host") == 0 ? runtime->refusal : "as many are starting as may at a time";
}

static int64_t
next_attempt_ns(struct tractor_runtime *runtime, const struct node *node)
{
	if (node->state != NODE_WAITING)
		return 0;
	return tree_is_held(node) ? tree_host_ns(runtime->tree) : node->due_ns;
}

/* The processes that wait to become somebody there. */
static json_t *
spares_json(struct tractor_runtime *runtime, const struct node *node)
{
	pid_t pids[SPEC_SPARES_MAX];
	unsigned ready = spares_ready(runtime, node, pids, SPEC_SPARES_MAX);
	json_t *json = json_array();

	for (unsigned i = 0; i < ready; i++)
		json_array_append_new(json, json_integer(pids[i]));
	return json;
}

static json_t *
actor_json(struct tractor_runtime *runtime, struct slot *slot)
{
	struct node *node = slot->node;
	struct router_counts counts = { .waiting = 0 };
	int64_t now_ns = runtime->loop.now_ns, next_ns = next_attempt_ns(runtime, node);
	const char *held = held_by(runtime, node);

	router_counts(runtime->router, node->id, &counts);
	bypass_count(slot, &counts);
	json_t *json = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:s}", "path",
		node->path, "kind", "actor", "state", node_state_name(node->state), "pid", (int)slot->pid,
		"incarnation", (int)node->incarnation, "restarts", (int)node->restarts, "uptime_ms",
		slot->ready ? (json_int_t)((now_ns - slot->ready_ns) / SPEC_MILLISECOND) : 0, "mailbox",
		(json_int_t)counts.waiting, "handled", (json_int_t)counts.handled_total, "dead_letters",
		(json_int_t)counts.dead_letter_total, "stale_frames", (json_int_t)slot->stale_frames, "why",
		held ? why_held(runtime, held) : why_not_running(slot));
	json_object_set_new(json, "held_by", held ? json_string(held) : json_null());
	json_object_set_new(json, "spares", spares_json(runtime, node));
	json_object_set_new(json, "last_exit", *slot->last_exit ? json_string(slot->last_exit) : json_null());
	json_object_set_new(json, "next_attempt_ms",
		next_ns > now_ns ? json_integer((json_int_t)((next_ns - now_ns) / SPEC_MILLISECOND))
				 : json_null());
	return json;
}

static json_t *
counts_json(const struct node *supervisor)
{
	struct tree_counts counts;

	tree_count_children(supervisor, &counts);
	return json_pack("{s:I, s:I, s:I, s:I}", "specs", (json_int_t)counts.specs, "active",
		(json_int_t)counts.active, "supervisors", (json_int_t)counts.supervisors, "workers",
		(json_int_t)counts.workers);
}

static json_t *
node_json(struct tractor_runtime *runtime, struct node *node)
{
	if (slot_of(node))
		return actor_json(runtime, slot_of(node));
	json_t *children = json_array();
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:o}", "path", node->path, "kind",
		spec_kind_name(node->spec->kind), "strategy", spec_strategy_name(node->spec->strategy),
		"state", node_state_name(node->state), "incarnation", (int)node->incarnation, "restarts",
		(int)node->restarts, "restarts_in_window",
		(int)tree_restarts_in_window(node, runtime->loop.now_ns), "counts", counts_json(node),
		"children", children);

	if (json && node->spec->kind == SPEC_POOL)
		json_object_set_new(json, "spares", spares_json(runtime, node));
	for (size_t i = 0; json && i < node->child_count; i++)
		json_array_append_new(children, node_json(runtime, node->children[i]));
	return json;
}

void
requestshow_status(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node = *requestfind_text(body, "path") ? requestfind_node(runtime, request, body)
							    : tree_root(runtime->tree);

	if (!node)
		return;
	control_data(
		request, json_pack("{s:i, s:s, s:o}", "schema_version", 1, "name",
				 tree_root(runtime->tree)->spec->name, "root", node_json(runtime, node)));
	control_end(request, CONTROL_DONE, NULL);
}

/* --- messages --- */

static json_t *
fields_json(const struct payload_record *record)
{
	json_t *fields = json_array();

	for (size_t i = 0; record && i < record->field_count; i++) {
		const struct payload_field *field = &record->fields[i];
		json_t *json = json_pack("{s:s, s:o}", "name", field->name, "type",
			json_sprintf("%s%s", field->list ? "list_" : "", field->type));
		if (field->record)
			json_object_set_new(json, "fields", fields_json(field->record));
		json_array_append_new(fields, json);
	}
	return fields;
}

void
requestshow_messages(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct slot *slot = requestfind_actor(runtime, request, body);
	json_t *messages = slot ? json_array() : NULL;

	for (size_t i = 0; slot && i < slot->schema_count; i++) {
		const struct payload_schema *schema = slot->schemas[i];
		json_t *reply = schema->reply ? json_pack("{s:s, s:o}", "name", schema->reply->name, "fields",
							fields_json(schema->reply))
					      : json_null();
		json_array_append_new(
			messages, json_pack("{s:s, s:s, s:o, s:o, s:s}", "message", schema->record->name,
					  "kind", schema->ask ? "ask" : "tell", "fields",
					  fields_json(schema->record), "reply", reply, "text", schema->text));
	}
	if (!slot)
		return;
	control_data(request, json_pack("{s:i, s:o}", "schema_version", 1, "messages", messages));
	control_end(request, CONTROL_DONE, NULL);
}

/* --- what happened, what was printed, and the version --- */

static bool
follows(const json_t *body)
{
	return json_is_true(json_object_get(body, "follow"));
}

/* Of one that is gone there may be something still. */
static bool
is_known(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	const char *path = requestfind_text(body, "path");

	return !*path || tree_find(runtime->tree, path) || journal_knows(&runtime->events, path) ||
	       requestfind_node(runtime, request, body);
}

void
requestshow_events(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	const char *path = requestfind_text(body, "path");

	if (is_known(runtime, request, body))
		journal_serve(&runtime->events, request, *path ? path : NULL, follows(body));
}

void
requestshow_logs(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	const char *path = requestfind_text(body, "path");

	if (!*path || requestfind_node(runtime, request, body))
		loglines_serve(runtime, request, *path ? path : NULL, follows(body));
}

void
requestshow_version(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	(void)runtime;
	(void)body;
	control_data(request, json_pack("{s:s}", "version", TRACTOR_VERSION));
	control_end(request, CONTROL_DONE, NULL);
}
