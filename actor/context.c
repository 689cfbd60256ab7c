/*
 * context.c: which answer belongs to whom. Knows neither nng nor the supervisor: frames come and go through the context's end. Answers that nobody waits for any
 * more are dropped without a word; that is what a timeout leaves behind.
 */
#include "context.h"

#include <string.h>

#include "blackbox.h"
#include "codec.h"
#include "control.h"
#include "parcel.h"
#include "why.h"

void
tri_context_begin(tractor_ctx *ctx, const struct tri_end *end)
{
	*ctx = (struct tractor_ctx){ .end = end };
	ctx->arena = &ctx->replies;
}

void
tri_context_end(tractor_ctx *ctx)
{
	for (struct tri_pending *pending; (pending = ctx->pending);) {
		ctx->pending = pending->next;
		tri_packet_free(pending->answer);
		free(pending);
	}
	tri_arena_free(&ctx->replies);
}

int64_t
tri_after_ns(int64_t since_ns, int64_t timeout_ms)
{
	if (timeout_ms < 0 || timeout_ms > INT64_MAX / 2000000)
		return TRI_FOREVER;
	return since_ns + timeout_ms * 1000000;
}

int64_t
tri_until_ns(int64_t timeout_ms)
{
	return tri_after_ns((int64_t)tri_now_ns(), timeout_ms);
}

void
tri_context_await(tractor_ctx *ctx, struct tri_pending *pending)
{
	pending->correlation = ++ctx->last_correlation;
	pending->next = ctx->pending;
	ctx->pending = pending;
}

void
tri_context_forget(tractor_ctx *ctx, struct tri_pending *pending)
{
	for (struct tri_pending **at = &ctx->pending; *at; at = &(*at)->next) {
		if (*at != pending)
			continue;
		*at = pending->next;
		tri_packet_free(pending->answer);
		pending->answer = NULL;
		return;
	}
}

struct tri_pending *
tri_context_find(tractor_ctx *ctx, uint64_t correlation)
{
	struct tri_pending *pending = ctx->pending;

	while (pending && pending->correlation != correlation)
		pending = pending->next;
	return pending;
}

void
tri_context_receive(tractor_ctx *ctx, struct tri_packet *packet)
{
	struct tri_pending *pending = tri_context_find(ctx, packet->frame.correlation);

	if (pending && packet->frame.kind == TRI_FRAME_ACCEPT) {
		pending->accepted = true;
		pending->accept_err = (tractor_err)packet->frame.err;
	} else if (pending && packet->frame.kind == TRI_FRAME_ANSWER && !pending->answered) {
		pending->answered = true;
		pending->answer = packet;
		return;
	}
	tri_packet_free(packet);
}

void
tri_context_lose(tractor_ctx *ctx, const struct tri_frame *frame)
{
	struct tri_pending *pending = tri_context_find(ctx, frame->correlation);

	if (!pending)
		return;
	if (frame->kind == TRI_FRAME_ACCEPT) {
		pending->accepted = true;
		pending->accept_err = (tractor_err)frame->err;
	} else {
		pending->answered = true; /* without an answer: no memory */
	}
}

/* An answer that is an error: with its sentence, if it brings one. */
static tractor_err
decode_error(const struct tri_packet *answer)
{
	tractor_err err = (tractor_err)answer->frame.err;
	struct tri_arena none = { 0 };
	struct tri_reason reason;

	if (answer->frame.payload_bytes > 0 &&
		tri_decode(&tri_record_tri_reason, answer->payload, answer->frame.payload_bytes, &none,
			&reason) == TRACTOR_OK)
		return tri_why(err, "%s", reason.text);
	return tri_why(err, "%s", tractor_err_text(err));
}

/* So that what the reply points into lives as long as the rest of it, and the packet can go: what is large becomes the arena's, all else is copied. NULL: no memory. */
static const uint8_t *
keep_payload(struct tri_arena *arena, struct tri_packet *answer)
{
	size_t size = answer->frame.payload_bytes;

	if (answer->release && size >= TRI_PARCEL_MIN) {
		if (!tri_arena_own(arena, answer->release, answer->owner))
			return NULL;
		answer->release = NULL;
		return answer->payload;
	}
	uint8_t *payload = tri_arena_alloc(arena, size);
	if (payload && size > 0)
		memcpy(payload, answer->payload, size);
	return payload;
}

tractor_err
tri_context_decode(
	tractor_ctx *ctx, const struct tractor_record *record, struct tri_packet *answer, void *ret_reply)
{
	if (!answer)
		return tri_why(TRACTOR_ENOMEM, "no memory for the answer");
	const struct tri_frame *frame = &answer->frame;

	if (frame->err != TRACTOR_OK)
		return decode_error(answer);
	if (tri_is_flat(record))
		return tri_decode(record, answer->payload, frame->payload_bytes, ctx->arena, ret_reply);
	void *value = tri_arena_alloc(ctx->arena, record->size_bytes);
	const uint8_t *payload = keep_payload(ctx->arena, answer);
	if (!value || !payload)
		return tri_why_of(TRACTOR_ENOMEM);
	tractor_err err = tri_decode(record, payload, frame->payload_bytes, ctx->arena, value);
	if (err == TRACTOR_OK)
		memcpy(ret_reply, value, record->size_bytes);
	return err;
}
