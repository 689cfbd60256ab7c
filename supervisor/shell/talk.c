/*
 * talk.c: tells and asks whose fields are JSON and whose message is known by its name: for a command (requesttalk.c) or a scenario, neither of which has seen the actor's header. Each goes
 * through the router as anybody's, from a port of its own that lives until it is over: what comes to that is how it came out. Whoever does not want to know any more drops it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "control.h"
#include "runtime.h"
#include "slot.h"
#include "suggest.h"
#include "why.h"

#define REPLY_MAX ((size_t)16 << 20) /* that is turned into JSON, in one go */

struct talk {
	struct talk *next;
	struct tractor_runtime *runtime;
	uint64_t port;
	uint64_t target;
	uint64_t message;
	char *path; /* of the target, which may be gone when the answer comes */
	talk_over *over;
	void *arg;
};

/* --- what is said --- */

/* People leave out the protocol, too. */
static size_t
distance_to(const char *name, const char *full_name)
{
	const char *dot = strchr(full_name, '.');
	size_t whole = suggest_distance(name, full_name),
	       part = dot ? suggest_distance(name, dot + 1) : SIZE_MAX;

	return part < whole ? part : whole;
}

static const struct payload_schema *
nearest_message(const struct slot *slot, const char *name)
{
	const struct payload_schema *nearest = NULL;
	size_t best = strlen(name) / 2;

	for (size_t i = 0; i < slot->schema_count; i++) {
		size_t distance = distance_to(name, slot->schemas[i]->record->name);
		if (distance <= best && (!nearest || distance < best)) {
			nearest = slot->schemas[i];
			best = distance;
		}
	}
	return nearest;
}

tractor_err
talk_find(const struct slot *slot, const char *name, const struct payload_schema **ret_schema)
{
	for (size_t i = 0; i < slot->schema_count; i++)
		if (strcmp(slot->schemas[i]->record->name, name) == 0) {
			*ret_schema = slot->schemas[i];
			return TRACTOR_OK;
		}
	const struct payload_schema *nearest = nearest_message(slot, name);
	if (slot->schema_count == 0)
		return tri_why(TRACTOR_ESTOPPED,
			"%s has not started yet, so what it understands is not known", slot->node->path);
	if (nearest)
		return tri_why(TRACTOR_EINVAL, "%s does not understand %s; did you mean %s?",
			slot->node->path, name, nearest->record->name);
	return tri_why(TRACTOR_EINVAL, "%s does not understand %s; see: tractor messages %s",
		slot->node->path, name, slot->node->path);
}

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

/* --- beginning and ending --- */

static struct talk *
talk_new(struct slot *slot, uint64_t message, talk_over *over, void *arg)
{
	struct tractor_runtime *runtime = slot->runtime;
	struct talk *talk = malloc(sizeof(*talk));
	char *path = strdup(slot->node->path);
	uint64_t port = runtime_next_guest(runtime);

	if (!talk || !path || router_add_port(runtime->router, port) != TRACTOR_OK) {
		free(talk);
		free(path);
		return NULL;
	}
	*talk = (struct talk){ .next = runtime->talks,
		.runtime = runtime,
		.port = port,
		.target = slot->node->id,
		.message = message,
		.path = path,
		.over = over,
		.arg = arg };
	runtime->talks = talk;
	return talk;
}

void
talk_drop(struct talk *talk)
{
	struct talk **at = &talk->runtime->talks;

	while (*at != talk)
		at = &(*at)->next;
	*at = talk->next;
	router_remove_port(talk->runtime->router, talk->port);
	free(talk->path);
	free(talk);
}

tractor_err
talk_send(struct slot *slot, const struct router_send *words, talk_over *over, void *arg,
	struct talk **ret_talk)
{
	struct talk *talk = talk_new(slot, words->message, over, arg);
	struct router_send send = *words;

	if (!talk)
		return runtime_explained(TRACTOR_ENOMEM);
	*ret_talk = talk;
	send.sender = talk->port;
	send.incarnation = send.correlation = 1;
	send.target = slot->node->id;
	if (send.limit_ms <= 0)
		send.limit_ms = TRACTOR_ASK_DEFAULT_MS;
	router_send(slot->runtime->router, &send, slot->runtime->loop.now_ns);
	return TRACTOR_OK;
}

tractor_err
talk_begin(struct slot *slot, const struct payload_schema *schema, const json_t *fields, int64_t limit_ms,
	talk_over *over, void *arg, struct talk **ret_talk)
{
	uint8_t *payload;
	size_t size;
	tractor_err err = payload_from_json(schema->record, fields, resolve, slot->runtime, &payload, &size);

	if (err != TRACTOR_OK)
		return runtime_explained(err);
	struct router_send send = { .message = schema->fingerprint,
		.flags = schema->ask ? TRI_FLAG_ASK : 0,
		.limit_ms = limit_ms,
		.payload = payload,
		.payload_bytes = size };
	err = talk_send(slot, &send, over, arg, ret_talk);
	free(payload);
	return err;
}

/* --- how it came out --- */

/* The sentence that came with an error, or its own. */
static const char *
reason_of(tractor_err err, const uint8_t *payload, size_t payload_bytes, char text[static TRI_WHY_MAX])
{
	struct tri_arena none = { 0 };
	struct tri_reason reason;

	snprintf(text, TRI_WHY_MAX, "%s", tractor_err_text(err));
	if (payload_bytes > 0 &&
		tri_decode(&tri_record_tri_reason, payload, payload_bytes, &none, &reason) == TRACTOR_OK &&
		*reason.text)
		snprintf(text, TRI_WHY_MAX, "%s", reason.text);
	return text;
}

/* The reply, the caller's; or EBADMSG, which tractor_why() explains. */
static tractor_err
read_reply(const struct talk *talk, const uint8_t *payload, size_t payload_bytes, json_t **ret_reply)
{
	struct slot *slot = slot_by_id(talk->runtime, talk->target);
	const struct payload_schema *schema = slot ? hearing_schema(slot, talk->message) : NULL;

	if (!schema)
		return tri_why(TRACTOR_EBADMSG, "the actor does not serve the message any more");
	if (payload_bytes > REPLY_MAX)
		return tri_why(TRACTOR_EBADMSG, "it has %zu bytes; at most %zu", payload_bytes, REPLY_MAX);
	return payload_to_json(schema->reply, payload, payload_bytes, name_address, talk->runtime, ret_reply);
}

static struct talk *
talk_at(struct tractor_runtime *runtime, uint64_t port)
{
	struct talk *talk = runtime->talks;

	while (talk && talk->port != port)
		talk = talk->next;
	return talk;
}

void
talk_receive(struct tractor_runtime *runtime, uint64_t port, const struct tri_frame *frame,
	const uint8_t *payload, size_t payload_bytes)
{
	struct talk *talk = talk_at(runtime, port);
	tractor_err err = (tractor_err)frame->err;
	bool answer = frame->kind == TRI_FRAME_ANSWER;
	char text[SPEC_PATH_MAX + TRI_WHY_MAX + 64] = "", reason[TRI_WHY_MAX];
	json_t *reply = NULL;

	if (!talk)
		return;
	if (err != TRACTOR_OK)
		snprintf(text, sizeof(text), "%s: %s (%s)", talk->path,
			!answer && err == TRACTOR_ETIMEDOUT ? "no room in its mailbox in time"
							    : reason_of(err, payload, payload_bytes, reason),
			tractor_err_name(err));
	else if (answer && (err = read_reply(talk, payload, payload_bytes, &reply)) != TRACTOR_OK)
		snprintf(text, sizeof(text), "%s: its reply cannot be read: %s", talk->path, tractor_why());
	talk_over *over = talk->over;
	void *arg = talk->arg;
	talk_drop(talk);
	over(arg, err, text, reply);
}
