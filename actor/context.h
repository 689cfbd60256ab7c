/*
 * context.h: what one acts with: an actor's own, or a program's port. The verbs (tell, ask, ...) are written once, over the functions of `tri_end`; an
 * actor's end is its link, a port's is the runtime in the same process.
 */
#ifndef TRACTOR_ACTOR_CONTEXT_H
#define TRACTOR_ACTOR_CONTEXT_H

#include <tractor/actor.h>

#include "arena.h"
#include "packet.h"

#define TRI_FOREVER INT64_MAX /* as a moment: never */

/* An ask whose answer, or a tell whose acceptance, is awaited. */
struct tri_pending {
	struct tri_pending *next;
	uint64_t correlation;
	bool accepted; /* ACCEPT came, with `accept_err` */
	tractor_err accept_err;
	bool answered; /* ANSWER came */
	struct tri_packet *answer;
	const struct tractor_record *reply; /* of the future's message */
	int64_t until_ns; /* until when we wait ourselves, of an ask that went past the supervisor; 0: it keeps the limit */
};

struct tri_end {
	/* Sends a frame whose payload is `value`, a struct of `record`; NULL: no payload. Doesn't keep anything of it. */
	tractor_err (*send)(tractor_ctx *ctx, struct tri_frame *frame, const struct tractor_record *record,
		const void *value);
	/*
	 * Lets things happen: waits until at least one frame was given to tri_context_receive(), or something else came up, or it is `until_ns`.
	 * TRACTOR_ECLOSED: nothing will ever come again.
	 */
	tractor_err (*wait)(tractor_ctx *ctx, int64_t until_ns);
	/* True if waits should end because the actor is to stop. */
	bool (*is_stopping)(const tractor_ctx *ctx);
	/* True if tells are held back until the handler has returned: then `send` owns them, and nobody says that they were accepted. NULL: never. */
	bool (*holds)(const tractor_ctx *ctx);
	/* An ask is over. NULL: that is of no interest. */
	void (*over)(tractor_ctx *ctx, const struct tri_pending *pending);
};

/* The message in hand. Whoever dispatches owns it; ctx->hand points to it meanwhile. */
struct tri_hand {
	const struct tractor_message *message;
	struct tri_packet *packet;
	bool settled; /* its reply was deferred or its duty handed on: returning sends none */
};

struct tractor_ctx {
	const struct tri_end *end;
	struct tri_actor *actor; /* NULL: a port */
	struct tractor_address self;
	uint32_t incarnation;
	uint64_t last_correlation;
	struct tri_pending *pending;
	struct tri_hand *hand;	  /* NULL: none */
	struct tri_arena *arena;  /* of what is running now */
	struct tri_arena replies; /* a port's: what the last replies point into */
};

/* Sets up what both kinds have in common. */
void tri_context_begin(tractor_ctx *ctx, const struct tri_end *end);
void tri_context_end(tractor_ctx *ctx);

/* An ACCEPT or ANSWER has come: it goes to who waits for it; nobody does: it is dropped. Takes the packet. */
void tri_context_receive(tractor_ctx *ctx, struct tri_packet *packet);

/* The same for one that there is no memory for: who waits for it hears that. */
void tri_context_lose(tractor_ctx *ctx, const struct tri_frame *frame);

/* The next correlation id, and what is awaited under it. `pending` is the caller's and is on the list until it is taken off. */
void tri_context_await(tractor_ctx *ctx, struct tri_pending *pending);
void tri_context_forget(tractor_ctx *ctx, struct tri_pending *pending);
struct tri_pending *tri_context_find(tractor_ctx *ctx, uint64_t correlation);

/*
 * Asks the supervisor itself (actor/control.h), which answers also while everything stops. `heeds_stop`: ECLOSED then, for an answer that waits for another actor, which may be waiting for
 * this one.
 */
tractor_err tri_ask_supervisor(tractor_ctx *ctx, const struct tractor_message *message, const void *msg,
	bool heeds_stop, void *ret_reply);

/* A message was refused with EPROTOCOL: asks the supervisor for the sentence that names both sides, and gives EPROTOCOL back. In refs.c. */
tractor_err tri_explain_mismatch(
	tractor_ctx *ctx, struct tractor_address to, const struct tractor_message *message);

/* An answer's payload into the caller's struct. What it points into then belongs to what is running now. */
tractor_err tri_context_decode(
	tractor_ctx *ctx, const struct tractor_record *record, struct tri_packet *answer, void *ret_reply);

/* The moment `timeout_ms` after that one, or from now; negative: never. */
int64_t tri_after_ns(int64_t since_ns, int64_t timeout_ms);
int64_t tri_until_ns(int64_t timeout_ms);

#endif
