/*
 * refs.c: what an actor or a port asks of the supervisor itself: who is at a path, another protocol of the same actor, one more member of a pool, the end of
 * an actor. Each is an ask of the protocol in control.h.
 */
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "control.h"
#include "schema.h"
#include "why.h"

/* A message's schema text, to be freed. */
static char *
text_of(const struct tractor_message *message)
{
	size_t size = tri_schema_text(message, NULL, 0) + 1;
	char *text = malloc(size);

	if (text)
		tri_schema_text(message, text, size);
	return text;
}

/* A protocol's schema texts, for the supervisor to hold against the actor's own. Freed by free_texts(). */
static tractor_err
texts_of(const struct tractor_protocol *protocol, tractor_field_list_str *ret_texts)
{
	char **texts = calloc(protocol->message_count + 1, sizeof(*texts));

	if (!texts)
		return tri_why_of(TRACTOR_ENOMEM);
	for (size_t i = 0; i < protocol->message_count; i++) {
		texts[i] = text_of(protocol->messages[i]);
		if (!texts[i]) {
			for (size_t j = 0; j < i; j++)
				free(texts[j]);
			free(texts);
			return tri_why_of(TRACTOR_ENOMEM);
		}
	}
	*ret_texts = (tractor_field_list_str){ .items = (const char *const *)texts,
		.count = protocol->message_count };
	return TRACTOR_OK;
}

static void
free_texts(tractor_field_list_str *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free((char *)texts->items[i]);
	free((void *)texts->items);
}

static struct tractor_address
address_of(const struct tri_found *found)
{
	return (struct tractor_address){ .actor = found->actor, .node = found->node };
}

tractor_err
tri_find(tractor_ctx *ctx, const struct tractor_protocol *protocol, const char *path,
	struct tractor_address *ret_address)
{
	struct tri_supervisor_find msg = { .path = path, .protocol = protocol->name };
	struct tri_found found;
	tractor_err err = texts_of(protocol, &msg.messages);

	if (err != TRACTOR_OK)
		return err;
	err = tri_ask_supervisor(ctx, &tri_message_tri_supervisor_find, &msg, false, &found);
	free_texts(&msg.messages);
	if (err == TRACTOR_OK)
		*ret_address = address_of(&found);
	return err;
}

tractor_err
tri_cast(tractor_ctx *ctx, const struct tractor_protocol *protocol, struct tractor_address address,
	struct tractor_address *ret_address)
{
	struct tri_supervisor_verify msg = { .actor = address.actor, .protocol = protocol->name };
	struct tractor_none none;
	tractor_err err = texts_of(protocol, &msg.messages);

	if (err != TRACTOR_OK)
		return err;
	err = tri_ask_supervisor(ctx, &tri_message_tri_supervisor_verify, &msg, false, &none);
	free_texts(&msg.messages);
	if (err == TRACTOR_OK)
		*ret_address = address;
	return err;
}

tractor_err
tri_explain_mismatch(tractor_ctx *ctx, struct tractor_address to, const struct tractor_message *message)
{
	char *text = text_of(message);
	struct tri_supervisor_verify msg = { .actor = to.actor,
		.protocol = message->protocol,
		.messages = { .items = (const char *const *)&text, .count = 1 } };
	struct tractor_none none;

	if (text &&
		tri_ask_supervisor(ctx, &tri_message_tri_supervisor_verify, &msg, false, &none) == TRACTOR_OK)
		tri_why(TRACTOR_EPROTOCOL, "the actor does not understand %s.%s", message->protocol,
			message->name);
	free(text);
	return TRACTOR_EPROTOCOL;
}

/* "key", "value", ..., NULL as the list that goes over the link; *ret_items is to be freed. */
static tractor_err
pairs_of(const char *const *args, struct tri_pair **ret_items, size_t *ret_count)
{
	size_t count = 0;

	while (args && args[count])
		count++;
	if (count % 2 != 0)
		return tri_why(TRACTOR_EINVAL, "args are pairs of a key and a value: \"%s\" has no value",
			args[count - 1]);
	struct tri_pair *items = calloc(count / 2 + 1, sizeof(*items));
	if (!items)
		return tri_why_of(TRACTOR_ENOMEM);
	for (size_t i = 0; i < count; i += 2)
		items[i / 2] = (struct tri_pair){ .key = args[i], .value = args[i + 1] };
	*ret_items = items;
	*ret_count = count / 2;
	return TRACTOR_OK;
}

tractor_err
tri_spawn(tractor_ctx *ctx, const struct tractor_protocol *protocol, const char *pool,
	const struct tractor_spawn_options *options, struct tractor_address *ret_address)
{
	struct tri_supervisor_spawn msg = {
		.pool = pool, .name = options ? options->name : NULL, .protocol = protocol->name
	};
	struct tri_pair *pairs = NULL;
	struct tri_found found;
	tractor_err err = pairs_of(options ? options->args : NULL, &pairs, &msg.args.count);

	if (err != TRACTOR_OK)
		return err;
	msg.args.items = pairs;
	err = texts_of(protocol, &msg.messages);
	if (err == TRACTOR_OK) {
		err = tri_ask_supervisor(ctx, &tri_message_tri_supervisor_spawn, &msg, true, &found);
		free_texts(&msg.messages);
	}
	free(pairs);
	if (err == TRACTOR_OK)
		*ret_address = address_of(&found);
	return err;
}

tractor_err
tractor_stop_actor(tractor_ctx *ctx, struct tractor_address address)
{
	struct tri_supervisor_stop msg = { .actor = address.actor };
	struct tractor_none none;

	if (ctx->actor && address.actor == ctx->self.actor)
		return tractor_finish(ctx, NULL);
	return tri_ask_supervisor(ctx, &tri_message_tri_supervisor_stop, &msg, true, &none);
}

tractor_err
tractor_monitor_actor(tractor_ctx *ctx, struct tractor_address address)
{
	struct tri_supervisor_monitor msg = { .actor = address.actor };
	struct tractor_none none;

	if (!ctx->actor)
		return tri_why(
			TRACTOR_EINVAL, "only an actor can monitor another: it is its on_down that is told");
	return tri_ask_supervisor(ctx, &tri_message_tri_supervisor_monitor, &msg, false, &none);
}
