/*
 * requesttalk.c: the command's tells and asks. Each goes through the router as anybody's, from a port of its own that lives as long as the request: what comes to it is the request's
 * answer. A client that hangs up takes its port along.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "requests.h"
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
	unsigned
		poison; /* the number in quarantine of what is sent again; 0: it is the command's own words */
};

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
	uint64_t port = runtime_next_guest(runtime);

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

/* The rest of `send` is filled in here. */
static void
begin_talk(struct tractor_runtime *runtime, struct control_request *request, struct slot *slot,
	struct router_send *send, unsigned poison)
{
	struct talk *talk = talk_new(runtime, request, slot, send->message);

	if (!talk) {
		control_end(request, CONTROL_FAILED, "out of memory");
		return;
	}
	talk->poison = poison;
	send->sender = talk->port;
	send->incarnation = send->correlation = 1;
	send->target = slot->node->id;
	if (send->limit_ms <= 0)
		send->limit_ms = TRACTOR_ASK_DEFAULT_MS;
	router_send(runtime->router, send, runtime->loop.now_ns);
}

static void
say(struct tractor_runtime *runtime, struct control_request *request, const json_t *body, bool ask)
{
	struct slot *slot = requestfind_actor(runtime, request, body);
	const struct payload_schema *schema =
		slot ? requestfind_message(slot, request, requestfind_text(body, "message")) : NULL;
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
	struct router_send send = { .message = schema->fingerprint,
		.flags = ask ? TRI_FLAG_ASK : 0,
		.limit_ms = json_integer_value(json_object_get(body, "timeout_ms")),
		.payload = payload,
		.payload_bytes = size };
	begin_talk(runtime, request, slot, &send, 0);
	free(payload);
}

void
requesttalk_tell(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	say(runtime, request, body, false);
}

void
requesttalk_ask(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	say(runtime, request, body, true);
}

void
requesttalk_again(struct tractor_runtime *runtime, struct control_request *request, struct slot *slot,
	const struct lost_letter *letter)
{
	struct router_send send = { .message = letter->fingerprint,
		.flags = letter->ask ? TRI_FLAG_ASK : 0,
		.payload = letter->payload,
		.payload_bytes = letter->payload_bytes };

	begin_talk(runtime, request, slot, &send, letter->number);
}

/* The sentence that came with an error, or its own. Valid until the next call. */
static const char *
reason_of(tractor_err err, const uint8_t *payload, size_t payload_bytes)
{
	static _Thread_local char text[TRI_WHY_MAX];
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
		control_end(talk->request,
			requestfind_code(err) == CONTROL_USAGE ? CONTROL_FAILED : requestfind_code(err),
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
requesttalk_receive(struct tractor_runtime *runtime, uint64_t port, const struct tri_frame *frame,
	const uint8_t *payload, size_t payload_bytes)
{
	struct talk *talk = runtime->requests ? runtime->requests->talks : NULL;
	tractor_err err = (tractor_err)frame->err;

	while (talk && talk->port != port)
		talk = talk->next;
	if (!talk)
		return;
	/* One at which it crashed again is in quarantine anew, under another number. */
	if (talk->poison != 0 && (err == TRACTOR_OK || err == TRACTOR_ECRASHED))
		lost_forget_poison(&runtime->lost, talk->poison);
	if (frame->kind == TRI_FRAME_ANSWER)
		finish_ask(talk, err, payload, payload_bytes);
	else if (err == TRACTOR_OK)
		control_end(talk->request, CONTROL_DONE, NULL);
	else
		control_end(talk->request, requestfind_code(err), "%s: %s (%s)", talk->path,
			err == TRACTOR_ETIMEDOUT ? "no room in its mailbox in time" : tractor_err_text(err),
			tractor_err_name(err));
	talk_free(talk);
}
