/*
 * handshake.c: the first and the last words of an actor. A link that came up anew before the welcome is greeted anew: what went over the old one may be lost.
 * What fails is returned; the caller leaves it as last words in the black box.
 */
#include <stdlib.h>
#include <string.h>

#include "actor_process.h"
#include "codec.h"
#include "schema.h"
#include "why.h"

#define HELLO_LIMIT_MS \
	30000 /* the supervisor's start_timeout is what counts; this one is for an actor whose supervisor forgot it */
#define FAREWELL_LIMIT_MS 5000 /* likewise: by then the kill ladder has ended it */

/* Into the arena; NULL: no memory. */
static const char *
schema_text(struct tri_actor *actor, const struct tractor_message *message)
{
	size_t size = tri_schema_text(message, NULL, 0) + 1;
	char *text = tri_arena_alloc(&actor->arena, size);

	if (text)
		tri_schema_text(message, text, size);
	return text;
}

/* In the order of the headers, which is how people are shown them. Likewise into the arena. */
static tractor_err
schema_texts(struct tri_actor *actor, tractor_field_list_str *ret_texts)
{
	const struct tractor_service *const *serves = actor->behaviour.serves;
	const char **texts = tri_arena_alloc(&actor->arena, (actor->served_count + 1) * sizeof(*texts));
	size_t count = 0;

	if (!texts)
		return TRACTOR_ENOMEM;
	for (; serves && *serves; serves++)
		for (size_t i = 0; i < (*serves)->protocol->message_count; i++)
			if (!(texts[count++] = schema_text(actor, (*serves)->protocol->messages[i])))
				return TRACTOR_ENOMEM;
	*ret_texts = (tractor_field_list_str){ .items = texts, .count = count };
	return TRACTOR_OK;
}

static tractor_err
say_hello(struct tri_actor *actor)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_HELLO);
	struct tri_hello hello = {
		.version = TRI_CONTROL_VERSION,
		.incarnation = actor->ctx.incarnation,
		.actor = actor->what->name,
		.durable = actor->behaviour.durable,
		.minds_panics = actor->behaviour.on_panic != NULL,
	};
	tractor_err err = schema_texts(actor, &hello.messages);

	if (err != TRACTOR_OK)
		return err;
	return tri_actor_end.send(&actor->ctx, &frame, &tri_record_tri_hello, &hello);
}

void
tri_take_incarnation(struct tri_actor *actor)
{
	actor->ctx.incarnation = actor->box->incarnation;
	/* So that a timer or future kept in durable state never means one of a later incarnation's. */
	actor->ctx.last_correlation = (uint64_t)actor->ctx.incarnation << 32;
}

/* A spare's has room for the path of whoever it may become. */
static void
take_title(struct tri_actor *actor, const char *path)
{
	size_t length = strlen(path);

	if (!actor->title || length > strlen(actor->title))
		return;
	memcpy(actor->title, path, length);
	memset(actor->title + length, '\0', strlen(actor->title) - length);
}

static tractor_err
take_welcome(struct tri_actor *actor)
{
	struct tri_welcome *welcome = tri_arena_alloc(&actor->arena, sizeof(*welcome));

	if (!welcome)
		return TRACTOR_ENOMEM;
	tractor_err err = tri_decode(&tri_record_tri_welcome, actor->welcome->payload,
		actor->welcome->frame.payload_bytes, &actor->arena, welcome);
	if (err != TRACTOR_OK)
		return err;
	actor->ctx.self = (struct tractor_address){ .actor = welcome->self };
	actor->said = welcome;
	tri_take_incarnation(actor);
	take_title(actor, welcome->path);
	return TRACTOR_OK;
}

tractor_err
tri_handshake(struct tri_actor *actor)
{
	bool is_spare = actor->ctx.incarnation == 0;
	int64_t until_ns = is_spare ? TRI_FOREVER : tri_until_ns(HELLO_LIMIT_MS);

	while (!actor->welcome) {
		uint32_t connection = tri_uplink_connection(actor->channel.link);
		if (connection != 0 && connection != actor->greeted) {
			tractor_err err = say_hello(actor);
			if (err != TRACTOR_OK)
				return err;
			actor->greeted = connection;
		}
		if (tri_actor_stopping(actor))
			return tri_why(TRACTOR_ECLOSED, "stopped before it had started");
		if ((int64_t)tri_now_ns() >= until_ns)
			return tri_why(TRACTOR_ETIMEDOUT, "no welcome from the supervisor in %d s",
				HELLO_LIMIT_MS / 1000);
		tractor_err err = tri_actor_wait(actor, NULL, 0, until_ns, false);
		if (err != TRACTOR_OK)
			return err;
	}
	return take_welcome(actor);
}

tractor_err
tri_say_ready(struct tri_actor *actor, tractor_err outcome, bool continued)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_READY);
	struct tri_ready ready = { .outcome = outcome, .continued = continued };

	if (outcome != TRACTOR_OK)
		ready.text = tractor_why();
	return tri_actor_end.send(&actor->ctx, &frame, &tri_record_tri_ready, &ready);
}

void
tri_say_bye(struct tri_actor *actor)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_BYE);
	struct tri_bye bye = { .finished = actor->finished, .reason = actor->reason };
	int64_t until_ns = tri_until_ns(FAREWELL_LIMIT_MS);

	actor->leaving = true;
	if (tri_actor_end.send(&actor->ctx, &frame, &tri_record_tri_bye, &bye) != TRACTOR_OK)
		return;
	while (!actor->farewell && !tri_actor_cut_off(actor) && (int64_t)tri_now_ns() < until_ns)
		if (tri_actor_wait(actor, NULL, 0, until_ns, false) != TRACTOR_OK)
			return;
}
