/*
 * requests.c: what the `tractor` command asks of a running tree. Every request is a JSON object with a command and what it needs; it is answered at once, or when what it asked for has
 * come about. Answers say what went wrong and what to do. A tell or an ask goes through the router as anybody's, from a port of its own.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <tractor/version.h>

#include "codec.h"
#include "shell.h"
#include "suggest.h"
#include "why.h"

/* A command's own tell or ask under way. */
struct talk {
	struct talk *next;
	struct tractor_runtime *runtime;
	struct control_request *request;
	uint64_t port;
	uint64_t target;
	uint64_t message;
	char *path; /* of the target, which may be gone when the answer comes */
};

struct requests {
	struct talk *talks;
};

typedef void on_request(struct tractor_runtime *runtime, struct control_request *request, const json_t *body);

static const char *
text_of(const json_t *body, const char *key)
{
	const char *text = json_string_value(json_object_get(body, key));

	return text ? text : "";
}

/* An error of ours as the command's exit code. */
static enum control_code
code_of(tractor_err err)
{
	switch (err) {
	case TRACTOR_OK: return CONTROL_DONE;
	case TRACTOR_ENOACTOR: return CONTROL_NO_ACTOR;
	case TRACTOR_ETIMEDOUT: return CONTROL_TIMED_OUT;
	case TRACTOR_EINVAL: return CONTROL_USAGE;
	default: return CONTROL_FAILED;
	}
}

/* --- finding what a request is about --- */

static const char *
nearest_path(struct tractor_runtime *runtime, const char *path)
{
	const char *nearest = NULL;
	size_t best = strlen(path) / 2;

	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node)) {
		size_t distance = suggest_distance(path, node->path);
		if (distance <= best && (!nearest || distance < best)) {
			nearest = node->path;
			best = distance;
		}
	}
	return nearest;
}

/* The node that the request names; answered with an error if there is none. */
static struct node *
node_of(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	const char *path = text_of(body, "path");
	struct node *node = tree_find(runtime->tree, path);

	if (node)
		return node;
	const char *nearest = nearest_path(runtime, path);
	if (nearest)
		control_end(request, CONTROL_NO_ACTOR, "there is no %s; did you mean %s?", path, nearest);
	else
		control_end(request, CONTROL_NO_ACTOR, "there is no %s; see: tractor status", path);
	return NULL;
}

static struct slot *
actor_of(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node = node_of(runtime, request, body);

	if (node && !slot_of(node))
		control_end(request, CONTROL_NO_ACTOR, "%s is a %s, not an actor", node->path,
			spec_kind_name(node->spec->kind));
	return node ? slot_of(node) : NULL;
}

static const struct payload_schema *
nearest_message(const struct slot *slot, const char *name)
{
	const struct payload_schema *nearest = NULL;
	size_t best = strlen(name) / 2;

	for (size_t i = 0; i < slot->schema_count; i++) {
		size_t distance = suggest_distance(name, slot->schemas[i]->record->name);
		if (distance <= best && (!nearest || distance < best)) {
			nearest = slot->schemas[i];
			best = distance;
		}
	}
	return nearest;
}

/* The message that the request names; answered with an error if the actor doesn't serve it. */
static const struct payload_schema *
message_of(struct slot *slot, struct control_request *request, const char *name)
{
	for (size_t i = 0; i < slot->schema_count; i++)
		if (strcmp(slot->schemas[i]->record->name, name) == 0)
			return slot->schemas[i];
	const struct payload_schema *nearest = nearest_message(slot, name);
	if (slot->schema_count == 0)
		control_end(request, CONTROL_FAILED,
			"%s has not started yet, so what it understands is not known", slot->node->path);
	else if (nearest)
		control_end(request, CONTROL_USAGE, "%s does not understand %s; did you mean %s?",
			slot->node->path, name, nearest->record->name);
	else
		control_end(request, CONTROL_USAGE, "%s does not understand %s; see: tractor messages %s",
			slot->node->path, name, slot->node->path);
	return NULL;
}

/* --- status --- */

static const char *
why_not_running(const struct slot *slot)
{
	if (slot->node->state == NODE_RUNNING || slot->incarnation == 0)
		return "";
	return *slot->death.text ? slot->death.text : "";
}

static json_t *
actor_json(struct tractor_runtime *runtime, struct slot *slot)
{
	struct node *node = slot->node;
	struct router_counts counts = { .waiting = 0 };
	int64_t now_ns = runtime->loop.now_ns;

	router_counts(runtime->router, node->id, &counts);
	json_t *json = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:s}", "path",
		node->path, "kind", "actor", "state", node_state_name(node->state), "pid", (int)slot->pid,
		"incarnation", (int)node->incarnation, "restarts", (int)node->restarts, "uptime_ms",
		slot->ready ? (json_int_t)((now_ns - slot->ready_ns) / SPEC_MILLISECOND) : 0, "mailbox",
		(json_int_t)counts.waiting, "handled", (json_int_t)counts.handled_total, "dead_letters",
		(json_int_t)counts.dead_letter_total, "why", why_not_running(slot));
	json_object_set_new(json, "last_exit", *slot->last_exit ? json_string(slot->last_exit) : json_null());
	json_object_set_new(json, "next_attempt_ms",
		node->state == NODE_WAITING && node->due_ns > now_ns
			? json_integer((json_int_t)((node->due_ns - now_ns) / SPEC_MILLISECOND))
			: json_null());
	return json;
}

static json_t *
node_json(struct tractor_runtime *runtime, struct node *node)
{
	if (slot_of(node))
		return actor_json(runtime, slot_of(node));
	json_t *children = json_array();
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o}", "path", node->path, "kind",
		spec_kind_name(node->spec->kind), "strategy", spec_strategy_name(node->spec->strategy),
		"state", node_state_name(node->state), "incarnation", (int)node->incarnation, "restarts",
		(int)node->restarts, "restarts_in_window",
		(int)tree_restarts_in_window(node, runtime->loop.now_ns), "children", children);

	for (size_t i = 0; json && i < node->child_count; i++)
		json_array_append_new(children, node_json(runtime, node->children[i]));
	return json;
}

static void
on_status(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node =
		*text_of(body, "path") ? node_of(runtime, request, body) : tree_root(runtime->tree);

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

static void
on_messages(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct slot *slot = actor_of(runtime, request, body);
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

/* --- tell and ask --- */

static tractor_err
resolve(void *arg, const char *type, const char *path, uint64_t *ret_actor, uint32_t *ret_node)
{
	struct tractor_runtime *runtime = arg;
	struct node *node = tree_find(runtime->tree, path);

	size_t length = strlen(type) - strlen("_ref");

	if (!node || !slot_of(node))
		return tri_why(TRACTOR_ENOACTOR, "there is no actor %s", path);
	if (!registry_serves(slot_of(node), type, length))
		return tri_why(
			TRACTOR_EINVAL, "%s does not serve the protocol \"%.*s\"", path, (int)length, type);
	*ret_actor = node->id;
	*ret_node = 0;
	return TRACTOR_OK;
}

static const char *
name_address(void *arg, uint64_t actor, uint32_t node)
{
	return node == 0 ? runtime_path_of(arg, actor) : NULL;
}

static void
talk_free(struct talk *talk)
{
	struct talk **at = &talk->runtime->requests->talks;

	while (*at != talk)
		at = &(*at)->next;
	*at = talk->next;
	router_remove_port(talk->runtime->router, talk->port);
	free(talk->path);
	free(talk);
}

static void
talk_gone(struct control_request *request)
{
	talk_free(request->own);
}

static struct talk *
talk_new(
	struct tractor_runtime *runtime, struct control_request *request, struct slot *slot, uint64_t message)
{
	struct talk *talk = malloc(sizeof(*talk));
	char *path = strdup(slot->node->path);
	uint64_t port = runtime_next_port(runtime);

	if (!talk || !path || router_add_port(runtime->router, port) != TRACTOR_OK) {
		free(talk);
		free(path);
		return NULL;
	}
	*talk = (struct talk){ .next = runtime->requests->talks,
		.runtime = runtime,
		.request = request,
		.port = port,
		.target = slot->node->id,
		.message = message,
		.path = path };
	runtime->requests->talks = talk;
	request->own = talk;
	request->gone = talk_gone;
	return talk;
}

static void
say(struct tractor_runtime *runtime, struct control_request *request, const json_t *body, bool ask)
{
	struct slot *slot = actor_of(runtime, request, body);
	const struct payload_schema *schema =
		slot ? message_of(slot, request, text_of(body, "message")) : NULL;
	uint8_t *payload;
	size_t size;

	if (!schema)
		return;
	if (schema->ask != ask) {
		control_end(request, CONTROL_USAGE, "%s is %s; use: tractor %s", schema->record->name,
			schema->ask ? "an ask: it has a reply" : "a tell: it has no reply",
			schema->ask ? "ask" : "tell");
		return;
	}
	tractor_err err = payload_from_json(
		schema->record, json_object_get(body, "fields"), resolve, runtime, &payload, &size);
	if (err != TRACTOR_OK) {
		control_end(request, err == TRACTOR_ENOACTOR ? CONTROL_NO_ACTOR : CONTROL_USAGE, "%s",
			tractor_why());
		return;
	}
	struct talk *talk = talk_new(runtime, request, slot, schema->fingerprint);
	json_int_t limit_ms = json_integer_value(json_object_get(body, "timeout_ms"));
	if (talk) {
		struct router_send send = { .sender = talk->port,
			.incarnation = 1,
			.correlation = 1,
			.target = slot->node->id,
			.message = schema->fingerprint,
			.flags = ask ? TRI_FLAG_ASK : 0,
			.limit_ms = limit_ms > 0 ? limit_ms : TRACTOR_ASK_DEFAULT_MS,
			.payload = payload,
			.payload_bytes = size };
		router_send(runtime->router, &send, runtime->loop.now_ns);
	} else {
		control_end(request, CONTROL_FAILED, "out of memory");
	}
	free(payload);
}

static void
on_tell(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	say(runtime, request, body, false);
}

static void
on_ask(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	say(runtime, request, body, true);
}

/* The sentence that came with an error, or its own. Valid until the next call. */
static const char *
reason_of(tractor_err err, const uint8_t *payload, size_t payload_bytes)
{
	static char text[TRI_WHY_MAX];
	struct tri_arena none = { 0 };
	struct tri_reason reason;

	snprintf(text, sizeof(text), "%s", tractor_err_text(err));
	if (payload_bytes > 0 &&
		tri_decode(&tri_record_tri_reason, payload, payload_bytes, &none, &reason) == TRACTOR_OK &&
		*reason.text)
		snprintf(text, sizeof(text), "%s", reason.text);
	return text;
}

static void
finish_ask(struct talk *talk, tractor_err err, const uint8_t *payload, size_t payload_bytes)
{
	struct slot *slot = slot_by_id(talk->runtime, talk->target);
	const struct payload_schema *schema = slot ? hearing_schema(slot, talk->message) : NULL;
	json_t *fields = NULL;

	if (err != TRACTOR_OK) {
		control_end(talk->request, code_of(err) == CONTROL_USAGE ? CONTROL_FAILED : code_of(err),
			"%s: %s (%s)", talk->path, reason_of(err, payload, payload_bytes),
			tractor_err_name(err));
		return;
	}
	if (!schema || payload_to_json(schema->reply, payload, payload_bytes, name_address, talk->runtime,
			       &fields) != TRACTOR_OK) {
		control_end(talk->request, CONTROL_FAILED, "%s: its reply cannot be read: %s", talk->path,
			tractor_why());
		return;
	}
	control_data(talk->request, fields);
	control_end(talk->request, CONTROL_DONE, NULL);
}

void
requests_receive(struct tractor_runtime *runtime, uint64_t port, const struct tri_frame *frame,
	const uint8_t *payload, size_t payload_bytes)
{
	struct talk *talk = runtime->requests ? runtime->requests->talks : NULL;
	tractor_err err = (tractor_err)frame->err;

	while (talk && talk->port != port)
		talk = talk->next;
	if (!talk)
		return;
	if (frame->kind == TRI_FRAME_ANSWER)
		finish_ask(talk, err, payload, payload_bytes);
	else if (err == TRACTOR_OK)
		control_end(talk->request, CONTROL_DONE, NULL);
	else
		control_end(talk->request, code_of(err), "%s: %s (%s)", talk->path, tractor_err_text(err),
			tractor_err_name(err));
	talk_free(talk);
}

/* --- start, stop, restart, down --- */

/* A request that waits for a node; `own` is the runtime. */
static void
steer_gone(struct control_request *request)
{
	waiter_forget(request->own, request);
}

static void
steered(void *arg, struct node *node, tractor_err err, const char *text)
{
	struct control_request *request = arg;

	request->gone = NULL;
	if (err == TRACTOR_OK)
		control_end(request, CONTROL_DONE, NULL);
	else
		control_end(request, CONTROL_FAILED, "%s did not start: %s", node->path, text);
}

static void
wait_for(struct tractor_runtime *runtime, struct control_request *request, struct node *node,
	enum waiter_for what)
{
	request->own = runtime;
	request->gone = steer_gone;
	if (waiter_add(runtime, node, what, steered, request) == TRACTOR_OK)
		return;
	request->gone = NULL;
	control_end(request, CONTROL_FAILED, "out of memory");
}

/* The command has been given; now it is obeyed, as far as that goes at once, and what is left is waited for. */
static void
steer(struct tractor_runtime *runtime, struct control_request *request, uint64_t id, enum waiter_for what)
{
	tree_run(runtime->tree, runtime->loop.now_ns);
	struct node *node = tree_by_id(runtime->tree, id);
	if (node && !waiter_is_over(node, what))
		wait_for(runtime, request, node, what);
	else if (what == WAIT_DOWN || (node && node->state == NODE_RUNNING))
		control_end(request, CONTROL_DONE, NULL);
	else
		control_end(request, CONTROL_FAILED, "it did not start; see: tractor events");
}

static void
on_start(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node = node_of(runtime, request, body);
	tractor_err err = node ? tree_start(runtime->tree, node) : TRACTOR_OK;

	if (!node)
		return;
	if (err == TRACTOR_OK)
		steer(runtime, request, node->id, WAIT_UP);
	else
		control_end(request, CONTROL_FAILED, "%s is %s", node->path, node_state_name(node->state));
}

static void
on_stop(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node = node_of(runtime, request, body);
	uint64_t id = node ? node->id : 0;

	if (!node)
		return;
	if (node == tree_root(runtime->tree))
		tractor_runtime_stop(runtime, false);
	else
		tree_terminate(runtime->tree, node);
	steer(runtime, request, id, WAIT_DOWN);
}

static void
on_restart(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node = node_of(runtime, request, body);
	tractor_err err = node ? tree_restart(runtime->tree, node) : TRACTOR_OK;

	if (!node)
		return;
	if (err == TRACTOR_OK)
		steer(runtime, request, node->id, WAIT_UP);
	else
		control_end(request, CONTROL_FAILED, "%s: %s", node->path, tractor_err_text(err));
}

static void
on_down(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	(void)body;
	tractor_runtime_stop(runtime, false);
	steer(runtime, request, tree_root(runtime->tree)->id, WAIT_DOWN);
}

/* --- inject --- */

static const char fault_words[] = "segv, abort, exit:N, hang, kill, stop";

static void
inject_by_frame(
	struct slot *slot, struct control_request *request, const json_t *at, const char *name, int number)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_INJECT);
	struct tri_inject inject = { .fault = name, .number = number, .count = 1 };

	if (at) {
		const struct payload_schema *schema = message_of(slot, request, text_of(at, "message"));
		if (!schema)
			return;
		inject.message = schema->fingerprint;
		json_int_t count = json_integer_value(json_object_get(at, "count"));
		inject.count = count > 0 ? (uint64_t)count : 1;
	}
	slot_send_record(slot, &frame, &tri_record_tri_inject, &inject);
	deadline_delivered(slot);
	control_end(request, CONTROL_DONE, NULL);
}

static void
on_inject(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct slot *slot = actor_of(runtime, request, body);
	const json_t *at = json_object_get(body, "at");
	const char *fault = text_of(body, "fault");
	int number = 0;
	char end;

	if (!slot)
		return;
	bool by_signal = strcmp(fault, "kill") == 0 || strcmp(fault, "stop") == 0;
	bool by_frame =
		strcmp(fault, "segv") == 0 || strcmp(fault, "abort") == 0 || strcmp(fault, "hang") == 0;
	bool exits = sscanf(fault, "exit:%d%c", &number, &end) == 1 && number >= 0 && number <= 255;
	if (!by_signal && !by_frame && !exits)
		control_end(
			request, CONTROL_USAGE, "there is no fault \"%s\"; there are %s", fault, fault_words);
	else if (!slot->ready)
		control_end(request, CONTROL_FAILED, "%s is not running", slot->node->path);
	else if (by_signal && at)
		control_end(request, CONTROL_USAGE,
			"%s comes from outside the actor, at no particular message; leave --at out", fault);
	else if (by_signal) {
		events_note(runtime, "injected", slot->node->path, slot->incarnation, "%s", fault);
		slot_signal(slot, strcmp(fault, "kill") == 0 ? SIGKILL : SIGSTOP);
		if (slot->node->spec->handler_timeout_ns > 0)
			deadline_delivered(slot);
		control_end(request, CONTROL_DONE, NULL);
	} else {
		events_note(runtime, "injected", slot->node->path, slot->incarnation, "%s", fault);
		inject_by_frame(slot, request, at, exits ? "exit" : fault, number);
	}
}

/* --- the rest --- */

static void
serve_journal(struct journal *journal, struct control_request *request, const json_t *body)
{
	const char *path = text_of(body, "path");

	journal_serve(journal, request, *path ? path : NULL, json_is_true(json_object_get(body, "follow")));
}

static void
on_events(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	serve_journal(&runtime->events, request, body);
}

static void
on_logs(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	serve_journal(&runtime->lines, request, body);
}

static void
on_version(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	(void)runtime;
	(void)body;
	control_data(request, json_pack("{s:s}", "version", TRACTOR_VERSION));
	control_end(request, CONTROL_DONE, NULL);
}

static const struct {
	const char *command;
	on_request *on;
} commands[] = {
	{ "status", on_status },
	{ "messages", on_messages },
	{ "tell", on_tell },
	{ "ask", on_ask },
	{ "start", on_start },
	{ "stop", on_stop },
	{ "restart", on_restart },
	{ "down", on_down },
	{ "inject", on_inject },
	{ "events", on_events },
	{ "logs", on_logs },
	{ "version", on_version },
};

static void
on_request_line(void *arg, struct control_request *request, const json_t *body)
{
	struct tractor_runtime *runtime = arg;
	const char *command = text_of(body, "command");

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].command, command) == 0) {
			commands[i].on(runtime, request, body);
			return;
		}
	control_end(request, CONTROL_USAGE,
		"this supervisor is tractor %s and does not know the command \"%s\"", TRACTOR_VERSION,
		command);
}

/* --- the socket in the loop --- */

static void
socket_ready(void *arg, uint32_t epoll_events)
{
	struct control_tag *tagged = arg;

	control_ready(tagged->runtime->control, tagged->tag, epoll_events, tagged->runtime->loop.now_ns);
}

static tractor_err
watch_socket(void *arg, int fd, uint32_t epoll_events, void *tag)
{
	struct tractor_runtime *runtime = arg;
	struct control_tag *tagged = &runtime->control_tags[control_tag_index(tag)];

	if (tagged->watch.fd == fd && tagged->watch.ready)
		return loop_rewatch(&runtime->loop, &tagged->watch, epoll_events);
	*tagged = (struct control_tag){
		.watch = { .fd = -1, .ready = socket_ready, .arg = tagged }, .runtime = runtime, .tag = tag
	};
	return loop_watch(&runtime->loop, &tagged->watch, fd, epoll_events);
}

static void
unwatch_socket(void *arg, int fd, void *tag)
{
	struct tractor_runtime *runtime = arg;

	(void)fd;
	loop_unwatch(&runtime->loop, &runtime->control_tags[control_tag_index(tag)].watch);
}

static const struct control_ops socket_operations = { .watch = watch_socket,
	.unwatch = unwatch_socket,
	.request = on_request_line };

tractor_err
requests_open(struct tractor_runtime *runtime)
{
	char *path = rundir_file(&runtime->rundir, CONTROL_FILE);

	runtime->requests = calloc(1, sizeof(*runtime->requests));
	tractor_err err = path && runtime->requests ? TRACTOR_OK : TRACTOR_ENOMEM;
	if (err == TRACTOR_OK)
		err = control_open(
			path, &socket_operations, runtime, runtime->loop.now_ns, &runtime->control);
	free(path);
	return err;
}

void
requests_close(struct tractor_runtime *runtime)
{
	control_close(runtime->control);
	runtime->control = NULL;
	free(runtime->requests);
	runtime->requests = NULL;
}
