/*
 * reply.c: replying other than by returning: handing the duty on, keeping it for later, keeping the promise. A promise is plain numbers; whether it may still be kept is
 * known here (incarnation, message) and at the supervisor (asked, and not answered yet), for which a second answer is a broken protocol, so a kept promise is cleared.
 */
#include "actor_process.h"
#include "schema.h"
#include "why.h"

/* TRACTOR_EINVAL unless there is an ask in hand whose reply is still owed. */
static tractor_err
owed(tractor_ctx *ctx)
{
	if (!ctx->hand || !ctx->hand->message || !ctx->hand->message->reply ||
		!(ctx->hand->packet->frame.flags & TRI_FLAG_ASK))
		return tri_why(TRACTOR_EINVAL, "there is no ask in hand");
	if (ctx->hand->settled)
		return tri_why(TRACTOR_EINVAL, "the reply to %s.%s was deferred or forwarded already",
			ctx->hand->message->protocol, ctx->hand->message->name);
	return TRACTOR_OK;
}

tractor_err
tri_forward(tractor_ctx *ctx, struct tractor_address to, void *reply, const struct tractor_message *message,
	const void *msg)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_FORWARD);
	tractor_err err = owed(ctx);

	(void)reply;
	if (err == TRACTOR_OK)
		err = tri_ways_owe(ctx->actor, ctx->hand->packet);
	if (err != TRACTOR_OK)
		return err;
	frame.sequence = ctx->hand->packet->frame.sequence;
	frame.target = to.actor;
	frame.target_node = to.node;
	frame.message = tri_message_id(message);
	frame.flags = TRI_FLAG_ASK;
	err = ctx->end->send(ctx, &frame, message->record, msg);
	if (err == TRACTOR_OK)
		ctx->hand->settled = true;
	return err;
}

tractor_err
tri_defer(tractor_ctx *ctx, const struct tractor_message *message, struct tractor_promise *ret_promise)
{
	tractor_err err = owed(ctx);

	if (err != TRACTOR_OK)
		return err;
	if (message && tri_message_id(message) != ctx->hand->packet->frame.message)
		return tri_why(
			TRACTOR_EINVAL, "%s.%s is not the message in hand", message->protocol, message->name);
	err = tri_ways_owe(ctx->actor, ctx->hand->packet);
	if (err != TRACTOR_OK)
		return err;
	*ret_promise = (struct tractor_promise){ .id = ctx->hand->packet->frame.sequence,
		.message = ctx->hand->packet->frame.message,
		.incarnation = ctx->incarnation };
	ctx->hand->settled = true;
	return TRACTOR_OK;
}

static tractor_err
keep(tractor_ctx *ctx, struct tractor_promise *promise, tractor_err answer,
	const struct tractor_record *record, const void *reply)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_REPLY);

	if (promise->id == 0 || promise->incarnation != ctx->incarnation || !ctx->actor)
		return tri_why(TRACTOR_EINVAL,
			"the promise was kept already, was never made, or is another incarnation's");
	frame.sequence = promise->id;
	frame.err = answer;
	tractor_err err = ctx->end->send(ctx, &frame, record, reply);
	if (err == TRACTOR_OK)
		*promise = (struct tractor_promise){ .id = 0 };
	return err;
}

tractor_err
tri_reply(tractor_ctx *ctx, struct tractor_promise *promise, const struct tractor_message *message,
	const void *reply)
{
	if (promise->id != 0 && promise->message != tri_message_id(message))
		return tri_why(TRACTOR_EINVAL, "the promise is for another message than %s.%s",
			message->protocol, message->name);
	return keep(ctx, promise, TRACTOR_OK, message->reply, reply);
}

tractor_err
tri_refuse(tractor_ctx *ctx, struct tractor_promise *promise, tractor_err err)
{
	if (err == TRACTOR_OK || !tri_err_is_known((int)err))
		return tri_why(TRACTOR_EINVAL, "a refusal needs one of TRACTOR_ERRORS, not %d", (int)err);
	return keep(ctx, promise, err, NULL, NULL);
}
