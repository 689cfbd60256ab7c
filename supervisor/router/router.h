/*
 * router.h: who may send what to whom, what waits where, and what happens to it when either end dies. The mailboxes live here, in the
 * supervisor, so that a receiver's crash costs the message in hand and nothing else. Pure: time is passed in, effects go through router_ops.
 */
#ifndef TRACTOR_SUPERVISOR_ROUTER_ROUTER_H
#define TRACTOR_SUPERVISOR_ROUTER_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

#include "held.h"

#define ROUTER_SHARE_BYTES (64u << 20) /* payload that one sender may have waiting at one actor */
/*
 * Messages that a sender may have parked at one actor, and delayed in all; either with ROUTER_SHARE_BYTES at most. Senders that use the
 * library park one at a time, as they wait for it; this bounds those that don't.
 */
#define ROUTER_PENDING_MAX 1024
#define ROUTER_PORT_FIRST \
	(UINT64_C(1) << 63) /* ids from here on are ports: they send and ask, nobody sends to them */
#define ROUTER_GUEST_FIRST \
	(UINT64_C(3)       \
		<< 62) /* and from here on guests, of whom each says one thing: as one sender they have one share of a mailbox */

enum router_kind {
	ROUTER_MESSAGE,
	ROUTER_DOWN, /* word of an end */
	ROUTER_MARK, /* of a sender with a lane to the actor: all that it had sent through us before this is handled */
};

/* A message that the system owns. Owned by the router; the shell reads it inside the callback that it was given to. */
struct router_message {
	enum router_kind kind;
	uint64_t sequence; /* at its receiver; a new one each time that it is delivered, 0 until then */
	uint64_t sender;   /* who sent it: for a forwarded one the forwarder */
	uint64_t target;
	int64_t sent_ns;  /* when the sender, or the forwarder, sent it; 0 for DOWN */
	uint64_t message; /* the fingerprint of its schema; 0 for DOWN */
	bool ask;
	uint32_t attempts; /* incarnations that had it in hand and crashed by themselves */
	uint64_t
		digest; /* of fingerprint and payload: FNV-1a 64, of a payload over 1 MiB by words; what quarantine goes by. 0 until it was in hand at a crash */
	size_t payload_bytes;
	const uint8_t *payload;
	struct parcel *parcel; /* that the payload is in; NULL: it is the router's */
};

/*
 * Any of these may call the router again, or be NULL. Deliveries to one actor are not nested; all else may be. What is pointed to is valid
 * until the callback returns.
 */
struct router_ops {
	/* Hand this to the actor's current process. Never for more than TRI_WINDOW messages ahead of `done`. */
	void (*deliver)(void *arg, uint64_t actor, const struct router_message *message);
	/* The sender's message was taken over (TRACTOR_OK) or refused. */
	void (*accept)(
		void *arg, uint64_t sender, uint32_t incarnation, uint64_t correlation, tractor_err err);
	/* The one answer to an ask. */
	void (*answer)(void *arg, uint64_t asker, uint32_t incarnation, uint64_t correlation, tractor_err err,
		const uint8_t *payload, size_t payload_bytes);
	/* A tell that nobody will ever handle, or an ask's message that was in hand; told for the event log. `why`: ESTOPPED, ECRASHED, EPROTOCOL, ETIMEDOUT; for a committed one any. */
	void (*dead_letter)(void *arg, const struct router_message *message, tractor_err why);
	/* For whom an actor waits of whom the router does not know that it waits (past us; see shell/bypasswaits.c); 0: nobody. May be wrong: then who asks that actor is told of a circle, or isn't. */
	uint64_t (*awaits)(void *arg, uint64_t actor);
	/* The same message was in hand at two crashes: it is not delivered a third time. In place of dead_letter. */
	void (*quarantined)(void *arg, const struct router_message *message);
};

struct router;

tractor_err router_new(const struct router_ops *ops, void *arg, struct router **ret_router);
void router_free(struct router *router);

/* --- who there is --- */

/* A new actor: nothing is delivered until router_up(), but it may be sent to. `mailbox`: messages a sender may have waiting; 0: no bound. */
tractor_err router_add(struct router *router, uint64_t actor, unsigned mailbox, bool redeliver);
/* Other values from now on; those that wait for room and have it now get in. */
void router_change(struct router *router, uint64_t actor, unsigned mailbox, bool redeliver);
/*
 * Its process is ready. `messages`: the fingerprints that it serves, copied. What waits and is not among them is refused with EPROTOCOL.
 * Then delivery begins.
 */
tractor_err router_up(
	struct router *router, uint64_t actor, uint32_t incarnation, const uint64_t *messages, size_t count);
/* How a process ended. `done` and `in_hand` come from its black box and are clamped to what is possible. */
struct router_end {
	uint64_t done, in_hand;
	bool from_outside; /* somebody killed it: what it had in hand is no suspect */
};

/*
 * Its process is dead, whichever way. Settles:
 * delivered asks at or before `done` that were not answered (deferred, or the answer was lost): ECRASHED; the one in hand (sequence > done): an ask gets
 * ECRASHED, a tell is a dead letter; with redeliver it becomes the first to be delivered again, or is quarantined; the rest waits again in order.
 * What this incarnation had parked or delayed is dropped, unless it was committed; its own asks are no longer answered to anybody; what was accepted from it stays.
 * ret_in_hand (may be NULL): called before settling with the message in hand, if there was one.
 */
void router_down(struct router *router, uint64_t actor, const struct router_end *end,
	void (*in_hand_is)(void *arg, const struct router_message *message), void *arg);
/*
 * It is stopped, perhaps to be started again by hand: everything that waits is answered with `why` (ESTOPPED, say), and so is all that comes.
 * Idempotent: the first `why` stays. While its process is still up what was delivered to it stays there until router_done() or router_down(),
 * but its askers hear now, and what it answers or forwards all the same goes nowhere.
 */
void router_stopped(struct router *router, uint64_t actor, tractor_err why);
/* It may be sent to again: it is to be started (the state after router_add). */
void router_expected(struct router *router, uint64_t actor);
/* It is gone for good and forgotten: as router_stopped, then the id is ESTOPPED for ever. */
void router_remove(struct router *router, uint64_t actor);
/* Of an id that is no actor's: ESTOPPED, it was one's at some time; ENOACTOR, it never was, in this router. */
tractor_err router_absence(const struct router *router, uint64_t id);
/* A port: something that sends and asks without being an actor (a program's own context, a command). Id >= ROUTER_PORT_FIRST. */
tractor_err router_add_port(struct router *router, uint64_t port);
/* Its asks are forgotten; what was accepted stays. */
void router_remove_port(struct router *router, uint64_t port);

/* --- what moves --- */

/* What a sender asks for. Its payload is copied when it is taken over; or the parcel that it is in is held. */
struct router_send {
	uint64_t sender;
	uint32_t incarnation; /* the sender's */
	uint64_t correlation;
	uint64_t target;
	uint32_t target_node; /* other than 0: EUNREACHABLE */
	uint64_t message;
	uint16_t flags;	  /* enum tri_frame_flag */
	int64_t limit_ms; /* for an answer, or for room (of a committed one: until its sender may go on), or until a delayed one is due; negative: none */
	const uint8_t *payload;
	size_t payload_bytes;
	struct parcel *parcel; /* NULL: it is in none */
};

/*
 * A tell or an ask. Everything comes back through ops: accept (tells always; asks with WANT_ACCEPT always) and answer (asks; once).
 * An ask without WANT_ACCEPT that is refused gets the error as its answer; one with it gets the error as accept and no answer.
 * Errors: ENOACTOR, ESTOPPED, EUNREACHABLE, EFULL (try), ETIMEDOUT (no room, or no answer, in time), EPROTOCOL (target is up and doesn't serve it),
 * EDEADLOCK (BLOCKING, or WAITING for room, and would wait for itself), ENOMEM, ECRASHED. EFULL without try: ROUTER_PENDING_MAX messages, or ROUTER_SHARE_BYTES,
 * are parked or delayed already. EINVAL: an ask can't be delayed. EBADMSG: over TRI_PAYLOAD_MAX. A sender that isn't there: ESTOPPED; one
 * of an incarnation before the present one is not even answered.
 * COMMITTED: its handler has returned, so nobody is left who could do something about a refusal: where there is no room it waits without limit, and doesn't die with its sender's process, nor does a
 * delayed one; what is refused all the same is a dead letter, too.
 */
void router_send(struct router *router, const struct router_send *send, int64_t now_ns);

/*
 * The ask `sequence` at `send->sender` is handed on. Failure reaches the original asker as its answer. The original limit goes on running.
 * TRACTOR_EBADMSG: the forwarder has no such unanswered ask (a protocol violation).
 */
tractor_err router_forward(
	struct router *router, uint64_t sequence, const struct router_send *send, int64_t now_ns);

/*
 * An actor answers the ask `sequence`. TRACTOR_EBADMSG: it was never delivered to this incarnation, was no ask, or is answered already
 * (a protocol violation). An asker who has gone or timed out is no error.
 */
tractor_err router_reply(struct router *router, uint64_t actor, uint64_t sequence, tractor_err err,
	const uint8_t *payload, size_t payload_bytes);

/* Its handlers have returned up to and including sequence `done` (clamped): room in the window, room in the mailbox. */
void router_done(struct router *router, uint64_t actor, uint64_t done, int64_t now_ns);

/* The actor now blocks on its ask `correlation` (0: on none). If that closes a circle the ask is answered with EDEADLOCK. */
void router_wait(struct router *router, uint64_t actor, uint64_t correlation);

/* For whom the actor waits and does nothing else; 0: for nobody. */
uint64_t router_awaited(const struct router *router, uint64_t actor);

/* Whether something of the sender's waits for room at the actor. */
bool router_is_crowded(const struct router *router, uint64_t sender, uint64_t actor);
/* Whether the actor is known here to wait for somebody. */
bool router_waits(const struct router *router, uint64_t actor);

/* A delayed tell of this sender is not to be sent. TRACTOR_EINVAL: none such (it has been sent, or was cancelled). */
tractor_err router_cancel(struct router *router, uint64_t sender, uint64_t correlation);

/* A system message (DOWN, MARK) into an actor's mailbox, outside any sender's share. `sender`: whose; 0: ours. Nothing of it outlives the actor's process. ESTOPPED, ENOACTOR, ENOMEM. */
tractor_err router_post(struct router *router, uint64_t actor, enum router_kind kind, uint64_t sender,
	const uint8_t *payload, size_t payload_bytes);

/*
 * A message that had gone past us from an actor to one whose process is dead, before router_down(): it was accepted at `sent_ns`, and comes before all that is still to be handled; so of several the last is adopted first. `in_hand`: 0, or what
 * router_end.in_hand will say: it is the one in hand. An ask's limit runs since it was sent. TRACTOR_ESTOPPED: its sender, who asked, is gone, or the target is. TRACTOR_EEXIST: the sender has an ask of that
 * number; as the one in hand it comes in as one whose duty is elsewhere. TRACTOR_ENOMEM.
 */
tractor_err router_adopt(
	struct router *router, const struct router_send *send, int64_t sent_ns, uint64_t in_hand);

/*
 * The same for an ask that a living process has in hand: only the duty, which is then with us as one that was deferred, under a number that no delivered message has. TRACTOR_EBADMSG: it has one of that number.
 */
tractor_err router_adopt_duty(
	struct router *router, const struct router_send *send, int64_t sent_ns, uint64_t sequence);

/* Deadlines and delays that are due. */
void router_run(struct router *router, int64_t now_ns);
/* When router_run() must be called; INT64_MAX: never. */
int64_t router_next_ns(const struct router *router);
/* The supervisor was stopped for that long: every deadline gets it back. */
void router_shift(struct router *router, int64_t by_ns);

/* --- what there is to see --- */

struct router_counts {
	size_t waiting;	  /* accepted, handler not returned yet */
	size_t delivered; /* of these, handed to the process */
	size_t parked;	  /* senders' messages that wait for room */
	size_t deferred;  /* asks whose handler returned without an answer */
	uint64_t accepted_total, handled_total, dead_letter_total, quarantined_total;
	uint64_t
		sequence; /* the last one given to a delivered message; a new process's black box begins with this as `done` */
};
/* TRACTOR_ENOACTOR: no such actor. */
tractor_err router_counts(const struct router *router, uint64_t actor, struct router_counts *ret_counts);

#endif
