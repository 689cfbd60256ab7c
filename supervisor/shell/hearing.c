/*
 * hearing.c: what a process says over its link. Nothing of it is trusted: a frame that breaks the rules ends the process, by name and with the reason. Who sent a frame is whose link it
 * came by. Frames of an incarnation that is not the present one are dropped and counted.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bypass.h"
#include "codec.h"
#include "control.h"
#include "runtime.h"
#include "slot.h"
#include "why.h"

#define HUNG_UP_GRACE_NS \
	SPEC_SECOND /* between the end of a link and the end of the process: a ms or so where the process died */
#define FRAMES_A_TURN 64 /* then it is the others' turn */
#define BYE_GRACE_NS \
	(5 * SPEC_SECOND) /* from bye to the end, for one that is killed where others are stopped: what exit() runs */

void
hearing_violated(struct slot *slot, const char *format, ...)
{
	va_list arguments;

	if (*slot->violation)
		return;
	va_start(arguments, format);
	vsnprintf(slot->violation, sizeof(slot->violation), format, arguments);
	va_end(arguments);
	wire_ignore(slot->wire);
	events_note(slot->runtime, "violation", slot->node->path, slot->incarnation, "%s", slot->violation);
	slot_signal(slot, SIGKILL);
}

const struct payload_schema *
hearing_schema(const struct slot *slot, uint64_t message)
{
	for (size_t i = 0; i < slot->schema_count; i++)
		if (slot->schemas[i]->fingerprint == message)
			return slot->schemas[i];
	return NULL;
}

/* --- hello --- */

static void
free_schemas(struct payload_schema **schemas, size_t count)
{
	for (size_t i = 0; i < count; i++)
		payload_schema_free(schemas[i]);
	free(schemas);
}

/* As a restart of the same binary does. */
static bool
serves_the_same(const struct slot *slot, const tractor_field_list_str *texts)
{
	if (!slot->schemas || texts->count != slot->schema_count)
		return false;
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], slot->schemas[i]->text) != 0)
			return false;
	return true;
}

static tractor_err
parse_schemas(struct slot *slot, const tractor_field_list_str *texts)
{
	if (texts->count > MESSAGES_MAX)
		return tri_why(TRACTOR_EBADMSG, "it says that it serves %zu messages; at most %d",
			texts->count, MESSAGES_MAX);
	if (serves_the_same(slot, texts))
		return TRACTOR_OK;
	struct payload_schema **schemas = calloc(texts->count + 1, sizeof(struct payload_schema *));
	if (!schemas)
		return TRACTOR_ENOMEM;
	for (size_t i = 0; i < texts->count; i++) {
		tractor_err err = payload_schema_parse(texts->items[i], &schemas[i]);
		if (err != TRACTOR_OK) {
			free_schemas(schemas, i);
			return err;
		}
	}
	remains_tell(slot->runtime); /* what its predecessor had in hand is known by its old ones */
	free_schemas(slot->schemas, slot->schema_count);
	slot->schemas = schemas;
	slot->schema_count = texts->count;
	return TRACTOR_OK;
}

/* The arguments as they go over the link; points into the spec. NULL: no memory. */
static struct tri_pair *
args_of(struct tri_arena *arena, const struct spec *spec)
{
	struct tri_pair *pairs = tri_arena_alloc(arena, spec->args.count * sizeof(*pairs));

	for (size_t i = 0; pairs && i < spec->args.count; i++)
		pairs[i] = (struct tri_pair){ .key = spec->args.items[i].key,
			.value = spec->args.items[i].value };
	return pairs;
}

struct tri_died
hearing_died(const struct panic *before, bool panicked)
{
	if (!panicked)
		return (struct tri_died){ .panicked = false };
	return (struct tri_died){
		.panicked = true,
		.incarnation = before->incarnation,
		.cause = (uint8_t)before->death.cause,
		.signal = before->death.signal,
		.code = before->death.code,
		.fault_address = before->address,
		.text = before->death.text,
		.message = before->message,
		.digest = before->digest,
	};
}

/* How much room it is given: what it takes now, were the words about the predecessor the longest. */
static size_t
welcome_room(const struct slot *slot, const struct tri_welcome *welcome)
{
	size_t size = 0;

	if (tri_encoded_size(&tri_record_tri_welcome, welcome, &size) != TRACTOR_OK)
		return 0;
	if (welcome->died.panicked)
		size -= strlen(welcome->died.text) + strlen(welcome->died.message);
	return size + sizeof(slot->before.death.text) + sizeof(slot->before.message);
}

/* Encoded; until the arena is reset. NULL: no memory. */
static uint8_t *
make_welcome(struct tri_arena *arena, const struct slot *slot, size_t *ret_bytes)
{
	const struct spec *spec = slot->node->spec;
	struct tri_pair *args = args_of(arena, spec);
	struct tri_welcome welcome = {
		.self = slot->node->id,
		.path = slot->node->path,
		.args = { .items = args, .count = spec->args.count },
		.whole = slot->whole,
		.died = hearing_died(&slot->before, slot->panicked_before),
	};
	size_t room = args ? welcome_room(slot, &welcome) : 0;
	uint8_t *bytes = room > 0 ? tri_arena_alloc(arena, room) : NULL;

	if (!bytes || tri_encode(&tri_record_tri_welcome, &welcome, bytes, room, ret_bytes) != TRACTOR_OK)
		return NULL;
	return bytes;
}

tractor_err
hearing_rehearse(struct slot *slot)
{
	struct tri_arena *arena = &slot->runtime->arena;
	size_t size;
	bool whole = make_welcome(arena, slot, &size) != NULL;

	tri_arena_set_aside(arena);
	return whole ? TRACTOR_OK : TRACTOR_ENOMEM;
}

static void
send_welcome(struct slot *slot)
{
	struct tri_arena *arena = &slot->runtime->arena;
	struct tri_frame frame = tri_frame(TRI_FRAME_WELCOME);
	size_t size = 0;
	const uint8_t *payload = make_welcome(arena, slot, &size);

	slot->recorder.after_panic = slot->panicked_before;
	if (payload)
		slot_send(slot, &frame, payload, size);
	else
		hearing_violated(slot, "no memory to welcome it");
	tri_arena_reset(arena);
}

static void
on_hello(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	struct tri_arena *arena = &slot->runtime->arena;
	struct tri_hello hello;
	tractor_err err = tri_decode(&tri_record_tri_hello, payload, frame->payload_bytes, arena, &hello);

	if (err == TRACTOR_OK && hello.version != TRI_CONTROL_VERSION)
		err = tri_why(TRACTOR_EBADMSG,
			"it speaks version %u of the control protocol, we speak %u: build it anew",
			hello.version, TRI_CONTROL_VERSION);
	if (err == TRACTOR_OK && !slot->greeted)
		err = parse_schemas(slot, &hello.messages);
	tri_arena_reset(arena);
	if (err != TRACTOR_OK) {
		runtime_explained(err);
		hearing_violated(slot, "a bad hello: %s", tractor_why());
		return;
	}
	if (slot->greeted)
		return; /* what was kept for a connection that came to nothing goes over the next, which is greeted as well */
	slot->greeted = true;
	wire_use_lanes(slot->wire, slot->box);
	send_welcome(slot);
	wire_shut(slot->wire); /* what is on its way from now on would be lost with this connection */
	if (slot->asked_to_stop)
		slot_stop(slot); /* SIGTERM may have come before its handler was there */
}

void
hearing_hello(struct slot *slot, const struct tri_frame *hello, const uint8_t *payload)
{
	on_hello(slot, hello, payload);
}

/* --- ready, bye --- */

static tractor_err
begin_delivery(struct slot *slot)
{
	struct tri_arena *arena = &slot->runtime->arena;
	uint64_t *ids = tri_arena_alloc(arena, slot->schema_count * sizeof(*ids)); /* as much as hello took */

	if (!ids)
		return TRACTOR_ENOMEM;
	for (size_t i = 0; i < slot->schema_count; i++)
		ids[i] = slot->schemas[i]->fingerprint;
	faults_arm(slot); /* before the first message: that may be the one that is meant */
	tractor_err err =
		router_up(slot->runtime->router, slot->node->id, slot->incarnation, ids, slot->schema_count);
	tri_arena_reset(arena);
	return err;
}

static void
on_ready(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	struct tri_arena arena = { 0 };
	struct tri_ready ready;

	if (slot->ready || slot->refusal || slot->ignored ||
		tri_decode(&tri_record_tri_ready, payload, frame->payload_bytes, &arena, &ready) !=
			TRACTOR_OK) {
		hearing_violated(slot, "a bad ready");
		return;
	}
	if (ready.outcome == TRACTOR_IGNORE) {
		slot->ignored = true;
	} else if (ready.outcome != TRACTOR_OK) {
		slot->refusal = strdup(ready.text);
	} else if (slot->asked_to_stop || begin_delivery(slot) == TRACTOR_OK) {
		slot->ready = true;
		slot->ready_ns = slot->runtime->loop.now_ns;
		if (slot->panicked_before)
			events_note(slot->runtime, ready.continued ? "continued" : "clean_start",
				slot->node->path, slot->incarnation,
				ready.continued ? "with the state as it was before the panic" : "");
		slot->panicked_before = false;
		tree_post_ready(slot->runtime->tree, slot->node, slot->incarnation);
	} else {
		hearing_violated(slot, "no memory to take it in");
	}
	tri_arena_free(&arena);
}

/* One that ends by itself has as long from its bye to its end as for a stop: it is no actor any more, and nobody else would end it. */
static void
expect_end(struct slot *slot)
{
	int64_t limit_ns = slot->node->spec->shutdown_ns;

	if (limit_ns == SPEC_SHUTDOWN_KILL)
		limit_ns = BYE_GRACE_NS;
	if (limit_ns != SPEC_SHUTDOWN_INFINITY)
		loop_arm(&slot->runtime->loop, &slot->drain, slot->runtime->loop.now_ns + limit_ns);
}

static void
on_bye(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	struct tri_frame farewell = tri_frame(TRI_FRAME_FAREWELL);
	struct tri_arena arena = { 0 };
	struct tri_bye bye;

	if (slot->said_bye ||
		tri_decode(&tri_record_tri_bye, payload, frame->payload_bytes, &arena, &bye) != TRACTOR_OK) {
		hearing_violated(slot, "a bad bye");
		return;
	}
	slot->said_bye = true;
	slot->finished = bye.finished;
	if (bye.finished)
		slot->farewell_reason = strdup(bye.reason);
	slot_send(slot, &farewell, NULL, 0);
	if (!slot->dead && !slot->asked_to_stop)
		expect_end(slot);
}

/* --- messages --- */

static struct router_send
send_of(const struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	return (struct router_send){
		.sender = slot->node->id,
		.incarnation = slot->incarnation,
		.correlation = frame->correlation,
		.target = frame->target,
		.target_node = frame->target_node,
		.message = frame->message,
		.flags = frame->flags,
		.limit_ms = frame->limit_ms,
		.payload = payload,
		.payload_bytes = frame->payload_bytes,
		.parcel = parcel_to_hold(slot->runtime, payload),
	};
}

static void
on_send(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	struct router_send send = send_of(slot, frame, payload);

	recorder_sent(slot, frame);
	if (frame->flags & (TRI_FLAG_BLOCKING | TRI_FLAG_WAITING))
		bypass_waits(slot);
	if (frame->correlation == 0 || (frame->correlation & TRI_BYPASS_CORRELATION))
		hearing_violated(slot, "a message without a correlation id");
	else if (frame->target == 0)
		registry_ask(slot->runtime, &send);
	else
		router_send(slot->runtime->router, &send, slot->runtime->loop.now_ns);
	bypass_waits_no_more(slot);
	if (frame->target != 0)
		bypass_note(slot, frame);
}

static void
on_forward(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	struct router_send send = send_of(slot, frame, payload);

	if (router_forward(slot->runtime->router, frame->sequence, &send, slot->runtime->loop.now_ns) !=
		TRACTOR_OK)
		hearing_violated(slot, "it forwarded %llu, which is no ask that it owes an answer",
			(unsigned long long)frame->sequence);
}

/* How far its handlers have come, and so what room there is. */
static void
look_into_box(struct slot *slot)
{
	router_done(slot->runtime->router, slot->node->id, atomic_load(&slot->box->done),
		slot->runtime->loop.now_ns);
}

static void
on_reply(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	if (router_reply(slot->runtime->router, slot->node->id, frame->sequence, (tractor_err)frame->err,
		    payload, frame->payload_bytes) != TRACTOR_OK)
		hearing_violated(slot, "it answered %llu, which is no ask that it owes an answer",
			(unsigned long long)frame->sequence);
	else if (frame->flags & TRI_FLAG_DONE)
		router_done(
			slot->runtime->router, slot->node->id, frame->sequence, slot->runtime->loop.now_ns);
	else
		look_into_box(slot);
}

static void
on_wait(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)payload;
	if (frame->correlation != 0)
		bypass_waits(slot);
	router_wait(slot->runtime->router, slot->node->id, frame->correlation);
	bypass_waits_no_more(slot);
}

static void
on_mark(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)payload;
	bypass_mark(slot, frame);
}

static void
on_owe(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)payload;
	bypass_owes(slot, frame);
}

static void
on_bypass_ended(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)payload;
	bypass_ended(slot, frame->correlation, frame->err == TRACTOR_EREFUSED);
}

static void
on_done(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)payload; /* every frame makes us look into the black box: this one may be nothing but the occasion */
	if (frame->sequence <= atomic_load(&slot->box->done))
		return;
	atomic_store(&slot->box->done, frame->sequence);
	look_into_box(slot);
}

/* The host has no room for what it says: nothing of that is done, and who is concerned is told. */
static void
refuse(struct slot *slot, const struct tri_frame *frame, tractor_err err)
{
	bool only_asks = (frame->flags & (TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT)) == TRI_FLAG_ASK;
	uint64_t self = slot->node->id;
	struct tri_frame failed = *frame;

	failed.err = err;
	if (frame->kind == TRI_FRAME_REPLY)
		on_reply(slot, &failed, NULL);
	else if (frame->kind != TRI_FRAME_SEND)
		router_reply(slot->runtime->router, self, frame->sequence, err, NULL, 0);
	else if (only_asks)
		coreops_answer(slot->runtime, self, slot->incarnation, frame->correlation, err, NULL, 0);
	else
		coreops_router.accept(slot->runtime, self, slot->incarnation, frame->correlation, err);
	if (frame->flags & TRI_FLAG_COMMITTED)
		coreops_router.dead_letter(slot->runtime,
			&(struct router_message){
				.sender = self, .target = frame->target, .message = frame->message },
			err);
}

typedef void heard(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload);

static heard *const by_kind[TRI_FRAME_KIND_COUNT] = {
	[TRI_FRAME_HELLO] = on_hello,
	[TRI_FRAME_READY] = on_ready,
	[TRI_FRAME_SEND] = on_send,
	[TRI_FRAME_FORWARD] = on_forward,
	[TRI_FRAME_REPLY] = on_reply,
	[TRI_FRAME_DONE] = on_done,
	[TRI_FRAME_WAIT] = on_wait,
	[TRI_FRAME_MARK] = on_mark,
	[TRI_FRAME_OWE] = on_owe,
	[TRI_FRAME_LET_GO] = on_bypass_ended,
	[TRI_FRAME_BYE] = on_bye,
};

static void
hear(struct slot *slot, struct tri_frame *frame, const uint8_t *payload)
{
	bool in_parcel = frame->flags & TRI_FLAG_PARCEL;

	if (frame->incarnation != slot->incarnation) {
		if (frame->kind != TRI_FRAME_HELLO || frame->incarnation != 0) {
			slot->stale_frames++;
			return;
		}
		slot->knows_link_only = slot->knows_link_only || !slot->greeted; /* one that was a spare is */
	}
	if (!by_kind[frame->kind] || (!slot->greeted && frame->kind != TRI_FRAME_HELLO)) {
		hearing_violated(slot, "a %s where there must be none", tri_frame_kind_name(frame->kind));
		return;
	}
	tractor_err err = in_parcel ? parcel_open(slot, frame, &payload) : TRACTOR_OK;
	if (err == TRACTOR_EBADMSG) {
		hearing_violated(slot, "%s", tractor_why());
		return;
	}
	if (frame->kind != TRI_FRAME_REPLY) /* which itself makes room */
		look_into_box(slot);
	if (err == TRACTOR_OK)
		by_kind[frame->kind](slot, frame, payload);
	else
		refuse(slot, frame, err);
	if (err == TRACTOR_OK && in_parcel)
		parcel_put_down(slot->runtime);
}

/* What an outbox can have: what a handler says that is to be true once it has returned. */
static bool
is_outgoing(const struct slot *slot, const struct tri_frame *frame)
{
	return frame->incarnation == slot->incarnation &&
	       (frame->kind == TRI_FRAME_REPLY || frame->kind == TRI_FRAME_FORWARD ||
		       frame->kind == TRI_FRAME_OWE ||
		       (frame->kind == TRI_FRAME_SEND && frame->target != 0 &&
			       (frame->flags & TRI_FLAG_COMMITTED)));
}

static void
salvage(struct slot *slot, const struct tri_frame *frame, const uint8_t *payload)
{
	struct router *router = slot->runtime->router;
	struct router_send send = send_of(slot, frame, payload);

	if (frame->kind == TRI_FRAME_REPLY)
		router_reply(router, slot->node->id, frame->sequence, (tractor_err)frame->err, payload,
			frame->payload_bytes);
	else if (frame->kind == TRI_FRAME_OWE)
		bypass_owes(slot, frame);
	else if (frame->kind == TRI_FRAME_FORWARD)
		router_forward(router, frame->sequence, &send, slot->runtime->loop.now_ns);
	else
		router_send(router, &send, slot->runtime->loop.now_ns);
}

void
hearing_salvaged(struct slot *slot, const void *bytes, size_t size_bytes)
{
	const uint8_t *payload = (const uint8_t *)bytes + sizeof(struct tri_frame);
	struct tri_frame frame;

	if (tri_frame_check(bytes, size_bytes, &frame) != TRACTOR_OK || !is_outgoing(slot, &frame))
		return;
	bool in_parcel = frame.flags & TRI_FLAG_PARCEL;
	tractor_err err = in_parcel ? parcel_open(slot, &frame, &payload) : TRACTOR_OK;
	if (err == TRACTOR_OK)
		salvage(slot, &frame, payload);
	else if (err == TRACTOR_ENOMEM)
		refuse(slot, &frame, err);
	if (err == TRACTOR_OK && in_parcel)
		parcel_put_down(slot->runtime);
}

void
hearing_ready(void *owner)
{
	struct slot *slot = owner;
	struct tri_frame frame;
	const uint8_t *payload;
	bool bad = false;

	if (slot->judged) { /* its end has been dealt with but for the policy's word: what comes now comes too late */
		wire_ignore(slot->wire);
		return;
	}
	for (int i = 0; i < FRAMES_A_TURN && !*slot->violation; i++) {
		if (!wire_take(slot->wire, &frame, &payload, &bad)) {
			if (slot->dead && wire_drained(slot->wire))
				death_drained(slot);
			else if (
				slot->greeted && !slot->dead && !slot->said_bye && wire_drained(slot->wire) &&
				!timer_armed(
					&slot->drain
						 .timer)) /* its death will be noticed in a moment; if not, it has let go of its link */
				loop_arm(&slot->runtime->loop, &slot->drain,
					slot->runtime->loop.now_ns + HUNG_UP_GRACE_NS);
			return;
		}
		tri_blackbox_count(&slot->box->heard);
		if (bad)
			hearing_violated(slot, "%s", tractor_why());
		else
			hear(slot, &frame, payload);
		if (wire_is_heard_out(slot->wire))
			return;
	}
	if (!*slot->violation)
		wire_again(slot->wire);
}
