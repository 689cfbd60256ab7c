/*
 * registry.c: what actors and ports ask the supervisor itself: who is at a path, whether two headers agree, one more member of a pool, the end of an actor; for
 * word of its deaths see monitors.c. The protocol is in actor/control.h; its asks come with target 0. A question that can't be read is a broken protocol.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "control.h"
#include "runtime.h"
#include "schema.h"
#include "slot.h"
#include "why.h"

/* One that is answered later. */
struct later {
	struct tractor_runtime *runtime;
	struct router_send ask; /* who asked; its payload is not kept */
	char *protocol;
	char **texts;
	size_t text_count;
};

/* --- answering --- */

static void
answer(struct tractor_runtime *runtime, const struct router_send *ask, const struct tractor_record *record,
	const void *value)
{
	uint8_t payload[64];
	size_t used = 0;

	tri_encode(record, value, payload, sizeof(payload), &used);
	coreops_answer(runtime, ask->sender, ask->incarnation, ask->correlation, TRACTOR_OK, payload, used);
}

void
registry_acknowledge(struct tractor_runtime *runtime, const struct router_send *ask)
{
	answer(runtime, ask, &tri_record_tractor_none, &(struct tractor_none){ .tri_ = 0 });
}

static void
answer_found(struct tractor_runtime *runtime, const struct router_send *ask, uint64_t actor)
{
	answer(runtime, ask, &tri_record_tri_found, &(struct tri_found){ .actor = actor });
}

void
registry_refuse(
	struct tractor_runtime *runtime, const struct router_send *ask, tractor_err err, const char *text)
{
	struct tri_reason reason = { .text = text };
	size_t size = 0, used = 0;
	uint8_t *payload = NULL;

	if (tri_encoded_size(&tri_record_tri_reason, &reason, &size) == TRACTOR_OK &&
		(payload = malloc(size)))
		tri_encode(&tri_record_tri_reason, &reason, payload, size, &used);
	coreops_answer(runtime, ask->sender, ask->incarnation, ask->correlation, err, payload, used);
	free(payload);
}

/* --- comparing headers --- */

/* "ask counter.get {} -> ..." : its second word, the name by which both sides may know it. */
static size_t
name_of(const char *text, const char **ret_name)
{
	const char *space = strchr(text, ' ');

	*ret_name = space ? space + 1 : text;
	return strcspn(*ret_name, " ");
}

static const struct payload_schema *
same_name(const struct slot *slot, const char *text)
{
	const char *name, *own;
	size_t length = name_of(text, &name);

	for (size_t i = 0; i < slot->schema_count; i++) {
		size_t own_length = name_of(slot->schemas[i]->text, &own);
		if (own_length == length && memcmp(own, name, length) == 0)
			return slot->schemas[i];
	}
	return NULL;
}

bool
registry_serves(const struct slot *slot, const char *protocol, size_t length)
{
	for (size_t i = 0; i < slot->schema_count; i++)
		if (strncmp(slot->schemas[i]->protocol, protocol, length) == 0 &&
			slot->schemas[i]->protocol[length] == '\0')
			return true;
	return slot->schema_count == 0; /* one that has never been up: nobody knows */
}

/* What only one side knows is no mismatch; what both know and that differs is. One that has never been up can't be compared: its messages are checked one by one. */
tractor_err
registry_compare(const struct slot *slot, const char *protocol, const char *const *texts, size_t count)
{
	if (slot->schema_count == 0)
		return TRACTOR_OK;
	if (!registry_serves(slot, protocol, strlen(protocol)))
		return tri_why(TRACTOR_EPROTOCOL, "%s does not serve the protocol \"%s\"", slot->node->path,
			protocol);
	for (size_t i = 0; i < count; i++) {
		const struct payload_schema *own = same_name(slot, texts[i]);
		if (own && strcmp(own->text, texts[i]) != 0)
			return tri_why(TRACTOR_EPROTOCOL,
				"%s was built with \"%s\", the one who asks with \"%s\": build both from the same header",
				slot->node->path, own->text, texts[i]);
	}
	return TRACTOR_OK;
}

tractor_err
registry_compare_protocol(const struct slot *slot, const struct tractor_protocol *protocol)
{
	char text[PAYLOAD_TEXT_MAX_BYTES];
	const char *one = text;
	tractor_err err = TRACTOR_OK;

	for (size_t i = 0; err == TRACTOR_OK && i < protocol->message_count; i++) {
		tri_schema_text(protocol->messages[i], text, sizeof(text));
		err = registry_compare(slot, protocol->name, &one, 1);
	}
	return err;
}

struct slot *
registry_find(struct tractor_runtime *runtime, uint64_t actor, tractor_err *ret_err)
{
	struct slot *slot = slot_by_id(runtime, actor);

	*ret_err = slot ? TRACTOR_OK : router_absence(runtime->router, actor);
	return slot;
}

/* --- the questions --- */

/* What is compared text by text, message by message, must not be endless: an actor has asked for it. */
static bool
too_many(struct tractor_runtime *runtime, const struct router_send *ask, size_t messages, size_t args)
{
	if (messages <= MESSAGES_MAX && args <= MESSAGES_MAX)
		return false;
	registry_refuse(runtime, ask, TRACTOR_EINVAL, "more than 1024 messages or arguments");
	return true;
}

static void
on_find(struct tractor_runtime *runtime, const struct router_send *ask, const void *msg)
{
	const struct tri_supervisor_find *find = msg;
	struct node *node = tree_find(runtime->tree, find->path);
	struct slot *slot = node ? slot_of(node) : NULL;

	if (too_many(runtime, ask, find->messages.count, 0))
		return;
	if (!slot) {
		tri_why(TRACTOR_ENOACTOR, node ? "%s is a %s, not an actor" : "there is no %s in the tree",
			find->path, node ? spec_kind_name(node->spec->kind) : "");
		registry_refuse(runtime, ask, TRACTOR_ENOACTOR, tractor_why());
	} else if (registry_compare(slot, find->protocol, find->messages.items, find->messages.count) !=
		   TRACTOR_OK) {
		registry_refuse(runtime, ask, TRACTOR_EPROTOCOL, tractor_why());
	} else {
		answer_found(runtime, ask, node->id);
	}
}

static void
on_verify(struct tractor_runtime *runtime, const struct router_send *ask, const void *msg)
{
	const struct tri_supervisor_verify *verify = msg;
	tractor_err err;
	struct slot *slot = registry_find(runtime, verify->actor, &err);

	if (too_many(runtime, ask, verify->messages.count, 0))
		return;
	if (slot)
		err = registry_compare(
			slot, verify->protocol, verify->messages.items, verify->messages.count);
	else
		tri_why(err, "%s", tractor_err_text(err));
	if (err == TRACTOR_OK)
		registry_acknowledge(runtime, ask);
	else
		registry_refuse(runtime, ask, err, tractor_why());
}

static void
later_free(struct later *later)
{
	free(later->protocol);
	for (size_t i = 0; i < later->text_count; i++)
		free(later->texts[i]);
	free(later->texts);
	free(later);
}

static struct later *
later_new(struct tractor_runtime *runtime, const struct router_send *ask, const char *protocol,
	const tractor_field_list_str *texts)
{
	struct later *later = calloc(1, sizeof(*later));

	if (!later)
		return NULL;
	later->runtime = runtime;
	later->ask = *ask;
	later->ask.payload = NULL;
	later->protocol = strdup(protocol);
	later->texts = calloc(texts->count + 1, sizeof(*later->texts));
	for (size_t i = 0; later->texts && i < texts->count; i++)
		if ((later->texts[i] = strdup(texts->items[i])))
			later->text_count++;
	if (later->protocol && later->text_count == texts->count)
		return later;
	later_free(later);
	return NULL;
}

/* A member that a spawn asked for is up, or isn't to be. */
static void
spawned(void *arg, struct node *node, tractor_err err, const char *text)
{
	struct later *later = arg;
	struct slot *slot = slot_of(node);

	if (err == TRACTOR_OK && slot) {
		err = registry_compare(
			slot, later->protocol, (const char *const *)later->texts, later->text_count);
		if (err != TRACTOR_OK)
			tree_terminate(later->runtime->tree, node);
	} else {
		err = err == TRACTOR_IGNORE
			      ? err
			      : tri_why(TRACTOR_ESTART, "%s did not start: %s", node->path, text);
	}
	if (err == TRACTOR_OK)
		answer_found(later->runtime, &later->ask, node->id);
	else
		registry_refuse(
			later->runtime, &later->ask, err, err == TRACTOR_IGNORE ? text : tractor_why());
	later_free(later);
}

/* The template under the member's name, with its arguments behind the template's. NULL: no memory. */
static struct spec *
member_spec(
	struct tractor_runtime *runtime, const struct node *pool, const struct tri_supervisor_spawn *spawn)
{
	char number[32];

	snprintf(number, sizeof(number), "%u", runtime_next_number(runtime));
	struct spec *spec = spec_member(pool->spec, *spawn->name ? spawn->name : number);
	bool whole = spec != NULL;
	for (size_t i = 0; whole && i < spawn->args.count; i++)
		whole = spec_pair_add(&spec->args, spawn->args.items[i].key, spawn->args.items[i].value) ==
			TRACTOR_OK;
	if (whole)
		return spec;
	spec_free(spec);
	return NULL;
}

static tractor_err
add_member(struct tractor_runtime *runtime, const struct tri_supervisor_spawn *spawn, struct node **ret_node)
{
	struct node *pool = tree_find(runtime->tree, spawn->pool);

	if (!pool || pool->spec->kind != SPEC_POOL)
		return tri_why(TRACTOR_ENOACTOR,
			pool ? "%s is not a pool" : "there is no pool %s in the tree", spawn->pool);
	if (*spawn->name && !spec_name_ok(spawn->name))
		return tri_why(TRACTOR_EINVAL, "\"%s\" cannot be a name: 1 to %d letters, digits, _ and -",
			spawn->name, SPEC_NAME_MAX);
	struct spec *spec = member_spec(runtime, pool, spawn);
	return spec ? admin_add(runtime, pool, spec, ret_node) : TRACTOR_ENOMEM;
}

static void
on_spawn(struct tractor_runtime *runtime, const struct router_send *ask, const void *msg)
{
	const struct tri_supervisor_spawn *spawn = msg;
	struct node *node = NULL;

	if (too_many(runtime, ask, spawn->messages.count, spawn->args.count))
		return;
	struct later *later = later_new(runtime, ask, spawn->protocol, &spawn->messages);
	tractor_err err = later ? add_member(runtime, spawn, &node) : TRACTOR_ENOMEM;

	if (err == TRACTOR_OK)
		err = waiter_add(runtime, node, WAIT_UP, spawned, later);
	if (err == TRACTOR_OK)
		return;
	registry_refuse(runtime, ask, err, err == TRACTOR_ENOMEM ? "out of memory" : tractor_why());
	if (later)
		later_free(later);
}

static void
stopped(void *arg, struct node *node, tractor_err err, const char *text)
{
	struct later *later = arg;

	(void)node;
	(void)err;
	(void)text;
	registry_acknowledge(later->runtime, &later->ask);
	later_free(later);
}

static void
on_stop(struct tractor_runtime *runtime, const struct router_send *ask, const void *msg)
{
	const struct tri_supervisor_stop *stop = msg;
	tractor_err err;
	struct slot *slot = registry_find(runtime, stop->actor, &err);
	struct later *later =
		slot ? later_new(runtime, ask, "", &(tractor_field_list_str){ .count = 0 }) : NULL;

	if (slot && slot->node->state == NODE_STOPPED)
		err = TRACTOR_ESTOPPED;
	else if (slot && !later)
		err = TRACTOR_ENOMEM;
	if (err == TRACTOR_OK)
		err = waiter_add(runtime, slot->node, WAIT_DOWN, stopped, later);
	if (err == TRACTOR_OK)
		err = tree_terminate(runtime->tree, slot->node);
	if (err == TRACTOR_OK)
		return;
	if (later)
		waiter_forget(runtime, later);
	registry_refuse(runtime, ask, err, tractor_err_text(err));
	if (later)
		later_free(later);
}

static void
on_cancel(struct tractor_runtime *runtime, const struct router_send *ask, const void *msg)
{
	const struct tri_supervisor_cancel *cancel = msg;

	if (router_cancel(runtime->router, ask->sender, cancel->correlation) == TRACTOR_OK)
		registry_acknowledge(runtime, ask);
	else
		registry_refuse(
			runtime, ask, TRACTOR_EINVAL, "it was sent already, was cancelled, or was never set");
}

/* --- which question it is --- */

static const struct {
	const struct tractor_message *message;
	void (*on)(struct tractor_runtime *runtime, const struct router_send *ask, const void *msg);
} questions[] = {
	{ &tri_message_tri_supervisor_find, on_find },
	{ &tri_message_tri_supervisor_verify, on_verify },
	{ &tri_message_tri_supervisor_spawn, on_spawn },
	{ &tri_message_tri_supervisor_monitor, monitors_ask },
	{ &tri_message_tri_supervisor_stop, on_stop },
	{ &tri_message_tri_supervisor_cancel, on_cancel },
};

union any_question {
	struct tri_supervisor_find find;
	struct tri_supervisor_verify verify;
	struct tri_supervisor_spawn spawn;
	struct tri_supervisor_monitor monitor;
	struct tri_supervisor_stop stop;
	struct tri_supervisor_cancel cancel;
};

void
registry_ask(struct tractor_runtime *runtime, const struct router_send *ask)
{
	struct tri_arena arena = { 0 };
	union any_question question;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct tractor_message *message = questions[i].message;
		if (tri_message_id(message) != ask->message)
			continue;
		if (tri_decode(message->record, ask->payload, ask->payload_bytes, &arena, &question) ==
			TRACTOR_OK)
			questions[i].on(runtime, ask, &question);
		else
			registry_refuse(runtime, ask, TRACTOR_EBADMSG, tractor_why());
		tri_arena_free(&arena);
		return;
	}
	registry_refuse(runtime, ask, TRACTOR_EPROTOCOL, "the supervisor does not serve that");
}
