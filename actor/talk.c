/*
 * talk.c: tell and ask, from an actor or a port alike. All limits but await's are kept by the supervisor, which answers in any case; so the sender simply waits for
 * the answer, and a supervisor that was stopped for a while costs nobody a wrong timeout.
 */
#include <string.h>

#include "blackbox.h"
#include "codec.h"
#include "context.h"
#include "control.h"
#include "schema.h"
#include "why.h"

static inline struct tri_frame
send_frame(struct tractor_address to, const struct tractor_message *message, unsigned flags, int64_t limit_ms)
{
	return (struct tri_frame){ .magic = TRI_FRAME_MAGIC,
		.version = TRI_FRAME_VERSION,
		.kind = TRI_FRAME_SEND,
		.target = to.actor,
		.target_node = to.node,
		.message = tri_message_id(message),
		.flags = (uint16_t)(flags | (limit_ms == 0 ? TRI_FLAG_TRY : 0)),
		.limit_ms = limit_ms };
}

/* Address 0 is the supervisor's own, which users have no ref of: theirs is one that was never set. */
static tractor_err
check_target(struct tractor_address to, const struct tractor_message *message)
{
	if (to.actor != 0)
		return TRACTOR_OK;
	return tri_why(TRACTOR_ENOACTOR, "%s.%s: the ref was never set", message->protocol, message->name);
}

/* Sends and waits for the supervisor's word on it, unless it is held: then that comes when its handler has returned. Not cut short by a stop: it is the supervisor that answers, and it is there. */
static tractor_err
send_accepted(tractor_ctx *ctx, struct tri_frame *frame, struct tri_pending *pending,
	const struct tractor_message *message, const void *msg)
{
	tri_context_await(ctx, pending);
	frame->correlation = pending->correlation;
	tractor_err err = ctx->end->send(ctx, frame, message->record, msg);
	if (err == TRACTOR_OK && (frame->flags & TRI_FLAG_COMMITTED))
		return TRACTOR_OK;
	while (err == TRACTOR_OK && !pending->accepted)
		err = ctx->end->wait(ctx, TRI_FOREVER);
	if (err != TRACTOR_OK || pending->accept_err == TRACTOR_OK)
		return err;
	if (pending->accept_err == TRACTOR_EPROTOCOL)
		return tri_explain_mismatch(ctx, (struct tractor_address){ .actor = frame->target }, message);
	return tri_why(pending->accept_err, "%s.%s: %s", message->protocol, message->name,
		pending->accept_err == TRACTOR_ETIMEDOUT ? "no room in the mailbox in time"
							 : tractor_err_text(pending->accept_err));
}

/* A tell in any form: owned by the system, or refused. */
static tractor_err
tell(tractor_ctx *ctx, struct tri_frame *frame, const struct tractor_message *message, const void *msg)
{
	struct tri_pending pending = { .reply = NULL };
	tractor_err err = send_accepted(ctx, frame, &pending, message, msg);

	tri_context_forget(ctx, &pending);
	return err;
}

tractor_err
tri_tell(tractor_ctx *ctx, struct tractor_address to, const struct tractor_message *message, const void *msg,
	int64_t timeout_ms)
{
	struct tri_frame frame = send_frame(to, message, TRI_FLAG_WAITING, timeout_ms);
	tractor_err err = check_target(to, message);

	return err == TRACTOR_OK ? tell(ctx, &frame, message, msg) : err;
}

tractor_err
tri_forward_tell(
	tractor_ctx *ctx, struct tractor_address to, const struct tractor_message *message, const void *msg)
{
	bool is_held = ctx->end->holds && ctx->end->holds(ctx); /* then it keeps nobody waiting */

	return tri_tell(ctx, to, message, msg, is_held ? TRACTOR_TELL_DEFAULT_MS : 0);
}

tractor_err
tri_tell_after(tractor_ctx *ctx, struct tractor_address to, int64_t delay_ms,
	const struct tractor_message *message, const void *msg, tractor_timer *ret_timer)
{
	if (delay_ms < 0)
		return tri_why(TRACTOR_EINVAL, "a delay of %lld ms", (long long)delay_ms);
	struct tri_frame frame = send_frame(to, message, TRI_FLAG_DELAYED, delay_ms);
	frame.flags = TRI_FLAG_DELAYED;
	tractor_err err = check_target(to, message);
	if (err == TRACTOR_OK)
		err = tell(ctx, &frame, message, msg);
	if (err == TRACTOR_OK && ret_timer)
		*ret_timer = (tractor_timer){ .id = frame.correlation };
	return err;
}

tractor_err
tractor_cancel(tractor_ctx *ctx, const tractor_timer *timer)
{
	struct tri_supervisor_cancel msg = { .correlation = timer->id };
	struct tractor_none none;

	return tri_ask_supervisor(ctx, &tri_message_tri_supervisor_cancel, &msg, false, &none);
}

/* On a port, replies live until the next call that may bring one. */
static void
let_go_of_replies(tractor_ctx *ctx)
{
	if (ctx->arena == &ctx->replies)
		tri_arena_reset(&ctx->replies);
}

/* Waits for the answer itself. `until_ns`: await's limit. */
static tractor_err
wait_for_answer(tractor_ctx *ctx, struct tri_pending *pending, int64_t until_ns, bool heeds_stop)
{
	while (!pending->answered) {
		if (heeds_stop && ctx->end->is_stopping(ctx))
			return tri_why(TRACTOR_ECLOSED, "this actor is being stopped");
		if (pending->until_ns != 0 && (int64_t)tri_now_ns() >= pending->until_ns)
			return tri_why_of(TRACTOR_ETIMEDOUT);
		if (until_ns != TRI_FOREVER && (int64_t)tri_now_ns() >= until_ns)
			return tri_why(TRACTOR_ETIMEDOUT, "no reply yet; the future may be awaited again");
		bool ours = pending->until_ns != 0 && pending->until_ns < until_ns;
		tractor_err err = ctx->end->wait(ctx, ours ? pending->until_ns : until_ns);
		if (err != TRACTOR_OK)
			return err;
	}
	return TRACTOR_OK;
}

/* As a tell's: what is known of the error in general only is said with the message's name. */
static tractor_err
name_message(const struct tractor_message *message, tractor_err err)
{
	if (strcmp(tri_why_said_of(err), tractor_err_text(err)) != 0)
		return err;
	return tri_why(err, "%s.%s: %s", message->protocol, message->name, tractor_err_text(err));
}

static tractor_err
ask(tractor_ctx *ctx, struct tri_frame *frame, const struct tractor_message *message, const void *msg,
	void *ret_reply, bool heeds_stop)
{
	struct tri_pending pending = { .reply = message->reply };

	let_go_of_replies(ctx);
	tri_context_await(ctx, &pending);
	frame->correlation = pending.correlation;
	tractor_err err = ctx->end->send(ctx, frame, message->record, msg);
	if (err == TRACTOR_OK)
		err = wait_for_answer(ctx, &pending, TRI_FOREVER, heeds_stop);
	if (ctx->end->over)
		ctx->end->over(ctx, &pending);
	if (err == TRACTOR_OK)
		err = tri_context_decode(ctx, message->reply, pending.answer, ret_reply);
	tri_context_forget(ctx, &pending);
	if (err == TRACTOR_OK || frame->target == 0)
		return err;
	if (err == TRACTOR_EPROTOCOL)
		return tri_explain_mismatch(ctx, (struct tractor_address){ .actor = frame->target }, message);
	return name_message(message, err);
}

tractor_err
tri_ask(tractor_ctx *ctx, struct tractor_address to, int64_t timeout_ms,
	const struct tractor_message *message, const void *msg, void *ret_reply)
{
	struct tri_frame frame = send_frame(to, message, TRI_FLAG_ASK | TRI_FLAG_BLOCKING, timeout_ms);
	tractor_err err = check_target(to, message);

	return err == TRACTOR_OK ? ask(ctx, &frame, message, msg, ret_reply, true) : err;
}

tractor_err
tri_ask_supervisor(tractor_ctx *ctx, const struct tractor_message *message, const void *msg, bool heeds_stop,
	void *ret_reply)
{
	struct tri_frame frame =
		send_frame((struct tractor_address){ .actor = 0 }, message, TRI_FLAG_ASK, -1);

	return ask(ctx, &frame, message, msg, ret_reply, heeds_stop);
}

/*
 * The answer is waited for later, perhaps by another handler, so what stands for it lives on the heap until it is awaited or the context ends.
 */
tractor_err
tri_ask_async(tractor_ctx *ctx, struct tractor_address to, int64_t timeout_ms,
	const struct tractor_message *message, const void *msg, struct tractor_future *ret_future)
{
	struct tri_frame frame =
		send_frame(to, message, TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT | TRI_FLAG_WAITING, timeout_ms);
	tractor_err err = check_target(to, message);
	struct tri_pending *pending = err == TRACTOR_OK ? calloc(1, sizeof(*pending)) : NULL;

	if (!pending)
		return err == TRACTOR_OK ? tri_why_of(TRACTOR_ENOMEM) : err;
	frame.limit_ms = TRACTOR_ASK_DEFAULT_MS;
	pending->reply = message->reply;
	err = send_accepted(ctx, &frame, pending, message, msg);
	if (err != TRACTOR_OK) {
		tri_context_forget(ctx, pending);
		free(pending);
		return err;
	}
	*ret_future = (struct tractor_future){ .id = pending->correlation, .incarnation = ctx->incarnation };
	return TRACTOR_OK;
}

/* Tells the supervisor that this actor now blocks on that ask (0: on none any more): a circle of waiters is found there. */
static tractor_err
say_waiting(tractor_ctx *ctx, uint64_t correlation)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_WAIT);

	if (!ctx->actor)
		return TRACTOR_OK;
	frame.correlation = correlation;
	return ctx->end->send(ctx, &frame, NULL, NULL);
}

static tractor_err
await_pending(tractor_ctx *ctx, struct tri_pending *pending, int64_t until_ns)
{
	if (pending->answered)
		return TRACTOR_OK;
	tractor_err err = say_waiting(ctx, pending->correlation);
	if (err == TRACTOR_OK)
		err = wait_for_answer(ctx, pending, until_ns, true);
	if (err != TRACTOR_OK)
		say_waiting(ctx, 0);
	return err;
}

tractor_err
tri_await(tractor_ctx *ctx, struct tractor_future *future, int64_t timeout_ms, void *ret_reply)
{
	struct tri_pending *pending =
		future->incarnation == ctx->incarnation ? tri_context_find(ctx, future->id) : NULL;

	if (!pending || future->id == 0)
		return tri_why(
			TRACTOR_EINVAL, "the future is spent, was never set, or is another incarnation's");
	let_go_of_replies(ctx);
	tractor_err err = await_pending(ctx, pending, tri_until_ns(timeout_ms));
	if (!pending->answered)
		return err;
	err = tri_context_decode(ctx, pending->reply, pending->answer, ret_reply);
	tri_context_forget(ctx, pending);
	free(pending);
	*future = (struct tractor_future){ .id = 0 };
	return err;
}
