/*
 * sending.c: a message comes in: may it be sent, is there room, and if not at once, then when. Tells, asks, delayed tells, forwarded
 * asks, system messages.
 *
 * It must not know what happens to a message that is in its mailbox. What can't be taken over is refused at once, for want of memory
 * too, and then nothing is left of it; whatever may fail is done before anything is changed that others see.
 */
#include "router_private.h"

/* When there was no memory for what is due: soon, but not at once, so that something may have been freed. */
#define AGAIN_NS INT64_C(10000000)

/* What can be said against the message itself. */
static tractor_err
check(const struct router *router, const struct router_send *send, struct party **ret_target)
{
	struct party *target;
	tractor_err err;

	if (send->target_node != 0)
		return TRACTOR_EUNREACHABLE;
	if (send->payload_bytes > TRI_PAYLOAD_MAX)
		return TRACTOR_EBADMSG;
	err = router_target(router, send->target, &target);
	if (err != TRACTOR_OK)
		return err;
	if (!mailbox_understands(target, send->message))
		return TRACTOR_EPROTOCOL;
	*ret_target = target;
	return TRACTOR_OK;
}

/* A committed one goes on waiting, but its sender need not: else two that fill each other's mailboxes would wait for ever. */
static void
let_sender_go(struct router *router, struct letter *letter)
{
	router_disarm(router, &letter->deadline);
	if (!letter->wants_accept)
		return; /* it is gone */
	letter->wants_accept = false;
	if (letter->from->waits_with == letter)
		letter->from->waits_with = NULL;
	router_tell_accept(
		router, letter->message.sender, letter->incarnation, letter->correlation, TRACTOR_OK);
}

static void
parked_too_long(struct router *router, struct deadline *deadline)
{
	struct letter *letter = OWNER(deadline, struct letter, deadline);

	if (letter->committed)
		let_sender_go(router, letter);
	else
		mailbox_evict(router, letter, TRACTOR_ETIMEDOUT);
}

/* A delayed one is due. Its sender has long been told that it is taken over. */
static void
due(struct router *router, struct deadline *deadline)
{
	struct letter *letter = OWNER(deadline, struct letter, deadline);
	struct party *target;
	tractor_err err = router_target(router, letter->message.target, &target);

	if (err == TRACTOR_OK && !mailbox_understands(target, letter->message.message))
		err = TRACTOR_EPROTOCOL;
	if (err != TRACTOR_OK) {
		letters_bury(router, letter, err);
	} else if (letters_address(router, letter, target,
			   letters_share(router, target, letter->message.sender)) != TRACTOR_OK) {
		/* Its place among the timers is still its own. */
		err = router_arm(router, deadline, deadline->timer.due_ns + AGAIN_NS, due);
		tri_assert(err == TRACTOR_OK);
	} else if (mailbox_has_room(letter->share, letter->message.payload_bytes)) {
		mailbox_take_over(router, letter);
	} else {
		mailbox_park(letter);
	}
}

static tractor_err
delay(struct router *router, struct party *from, const struct router_send *send, int64_t now_ns)
{
	struct letter *letter;
	tractor_err err;

	if ((send->flags & TRI_FLAG_ASK) != 0)
		return TRACTOR_EINVAL;
	if (!load_fits(&from->delayed, ROUTER_PENDING_MAX, send->payload_bytes))
		return TRACTOR_EFULL;
	err = letters_new(router, send, &letter);
	if (err != TRACTOR_OK)
		return err;
	letter->message.sent_ns = now_ns;
	err = router_arm(router, &letter->deadline, router_due(now_ns, send->limit_ms), due);
	if (err != TRACTOR_OK) {
		letters_drop(router, letter);
		return err;
	}
	letter->place = LETTER_DELAYED;
	letter->delayed = true;
	letters_pend(letter, from);
	router_tell_accept(router, send->sender, send->incarnation, send->correlation, TRACTOR_OK);
	return TRACTOR_OK;
}

/* An ask of the sender's own, for this letter. */
static tractor_err
open_ask(struct router *router, struct party *from, struct letter *letter, const struct router_send *send,
	int64_t now_ns)
{
	struct ask *ask;
	tractor_err err = asks_open(router, from, send, now_ns, &ask);

	if (err != TRACTOR_OK)
		return err;
	asks_carry(ask, letter);
	if (waits_for_answer(send)) {
		from->waits_for = ask;
		from->waits_with = NULL;
	}
	return TRACTOR_OK;
}

/* Room inside, or a place outside? */
static tractor_err
find_room(const struct share *share, const struct router_send *send, bool *ret_parks)
{
	bool parks = !mailbox_has_room(share, send->payload_bytes);

	if (parks && ((send->flags & TRI_FLAG_TRY) != 0 ||
			     !load_fits(&share->backlog, ROUTER_PENDING_MAX, send->payload_bytes)))
		return TRACTOR_EFULL;
	*ret_parks = parks;
	return TRACTOR_OK;
}

static void
enter(struct router *router, struct party *from, struct letter *letter, bool parks)
{
	if (!parks) {
		mailbox_take_over(router, letter);
		return;
	}
	mailbox_park(letter);
	letters_pend(letter, from);
}

/* A copy of what is sent, in its sender's share, and whether there is room for it. Nobody can see it yet. */
static tractor_err
prepare(struct router *router, struct party *target, const struct router_send *send,
	struct letter **ret_letter, bool *ret_parks)
{
	struct letter *letter;
	bool parks;
	struct share *share = letters_share(router, target, send->sender);
	tractor_err err = find_room(share, send, &parks);

	if (err != TRACTOR_OK)
		return err;
	err = letters_new(router, send, &letter);
	if (err != TRACTOR_OK)
		return err;
	err = letters_address(router, letter, target, share);
	if (err != TRACTOR_OK) {
		letters_drop(router, letter);
		return err;
	}
	*ret_letter = letter;
	*ret_parks = parks;
	return TRACTOR_OK;
}

static tractor_err
hand_in(struct router *router, struct party *from, struct party *target, const struct router_send *send,
	int64_t now_ns)
{
	bool ask = (send->flags & TRI_FLAG_ASK) != 0, parks;
	struct letter *letter;
	tractor_err err = prepare(router, target, send, &letter, &parks);

	if (err != TRACTOR_OK)
		return err;
	bool waits = parks && waits_for_room(send), circular = waits && waits_circular(router, from, target);
	letter->message.sent_ns = now_ns;
	letter->wants_accept = !ask || (send->flags & TRI_FLAG_WANT_ACCEPT) != 0;
	if (circular && !letter->committed)
		err = TRACTOR_EDEADLOCK;
	else if (ask)
		err = open_ask(router, from, letter, send, now_ns);
	else if (parks && send->limit_ms >= 0)
		err = router_arm(
			router, &letter->deadline, router_due(now_ns, send->limit_ms), parked_too_long);
	if (err != TRACTOR_OK) {
		letters_drop(router, letter);
		return err;
	}
	enter(router, from, letter, parks);
	if (circular) {
		let_sender_go(router, letter);
	} else if (waits) {
		from->waits_for = NULL;
		from->waits_with = letter;
	}
	return TRACTOR_OK;
}

/* One who isn't there gets the same answer as one who sends to somebody who isn't there. */
static tractor_err
try_send(struct router *router, struct party *from, const struct router_send *send, int64_t now_ns)
{
	struct party *target;
	tractor_err err = from != NULL ? check(router, send, &target) : TRACTOR_ESTOPPED;

	if (err != TRACTOR_OK)
		return err;
	if (waits_for_answer(send) && waits_circular(router, from, target))
		return TRACTOR_EDEADLOCK;
	if ((send->flags & TRI_FLAG_DELAYED) != 0)
		return delay(router, from, send, now_ns);
	return hand_in(router, from, target, send, now_ns);
}

/* There is no letter, but it was said to be sent. */
static void
bury_unborn(struct router *router, const struct router_send *send, tractor_err why)
{
	const struct router_message message = {
		.kind = ROUTER_MESSAGE,
		.sender = send->sender,
		.target = send->target,
		.message = send->message,
		.payload_bytes = send->payload_bytes,
		.payload = send->payload,
	};

	if (router->ops.dead_letter != NULL)
		router->ops.dead_letter(router->arg, &message, why);
}

/* The first of a party's committed messages for which it waits; NULL: it waits for none. */
static struct letter *
first_committed(const struct party *party)
{
	for (struct link *link = party->pending.next; link != &party->pending; link = link->next) {
		struct letter *letter = OWNER(link, struct letter, pending);

		if (letter->committed && letter->place == LETTER_PARKED && letter->wants_accept)
			return letter;
	}
	return NULL;
}

/* Whoever waits with committed messages on the way back to the sender need not, and then there is no circle. False: nobody does. */
static bool
loosen(struct router *router, const struct router_send *send)
{
	const struct party *from = router_party(router, send->sender);
	struct waits_walk walk = { .at = NULL };

	if (router_target(router, send->target, &walk.at) != TRACTOR_OK)
		return false;
	for (; walk.at != NULL && walk.at != from && !walk.is_round; waits_step(router, &walk)) {
		if (walk.at->waits_with == NULL || !walk.at->waits_with->committed)
			continue;
		for (struct letter *letter; (letter = first_committed(walk.at)) != NULL;)
			let_sender_go(router, letter);
		return true;
	}
	return false;
}

void
sending_send(struct router *router, const struct router_send *send, int64_t now_ns)
{
	const uint16_t answer_only = TRI_FLAG_ASK;
	tractor_err err;

	do {
		struct party *from = router_party(router, send->sender);
		if (from != NULL && send->incarnation < from->incarnation)
			return; /* its process has been replaced, and nobody waits for an answer */
		err = try_send(router, from, send, now_ns);
	} while (err == TRACTOR_EDEADLOCK && loosen(router, send));
	if (err == TRACTOR_OK)
		return;
	if ((send->flags & TRI_FLAG_COMMITTED) != 0)
		bury_unborn(router, send, err);
	if ((send->flags & (TRI_FLAG_ASK | TRI_FLAG_WANT_ACCEPT)) == answer_only)
		router_tell_answer(router, send->sender, send->incarnation, send->correlation, err, NULL, 0);
	else
		router_tell_accept(router, send->sender, send->incarnation, send->correlation, err);
}

static tractor_err
hand_on(struct router *router, struct party *from, struct ask *ask, const struct router_send *send,
	int64_t now_ns)
{
	struct party *target;
	struct letter *letter;
	bool parks;
	tractor_err err = check(router, send, &target);

	if (err != TRACTOR_OK)
		return err;
	if (waits_on(ask) && waits_circular(router, ask->asker, target))
		return TRACTOR_EDEADLOCK;
	err = prepare(router, target, send, &letter, &parks);
	if (err != TRACTOR_OK)
		return err;
	letter->message.sent_ns = now_ns;
	letter->forwarded = true;
	asks_carry(ask, letter);
	enter(router, from, letter, parks);
	return TRACTOR_OK;
}

void
sending_forward(struct router *router, struct party *from, struct ask *ask, const struct router_send *send,
	int64_t now_ns)
{
	struct router_send plain = *send;
	tractor_err err;

	if (ask->withdrawn) {
		asks_drop(router, ask); /* its asker has heard the end of it: as one that nobody has begun */
		return;
	}
	plain.flags = TRI_FLAG_ASK; /* how the forwarder would wait is no matter: it doesn't */
	err = hand_on(router, from, ask, &plain, now_ns);
	if (err != TRACTOR_OK)
		asks_answer(router, ask, err, NULL, 0);
}

tractor_err
sending_post(struct router *router, struct party *target, enum router_kind kind, uint64_t sender,
	const uint8_t *payload, size_t payload_bytes)
{
	struct router_send send = {
		.sender = sender, .target = target->id, .payload = payload, .payload_bytes = payload_bytes
	};
	struct letter *letter;
	tractor_err err = letters_new(router, &send, &letter);

	if (err != TRACTOR_OK)
		return err;
	letter->message.kind = kind;
	letter->target = target;
	mailbox_take_over(router, letter);
	return TRACTOR_OK;
}

/* --- what had gone past us --- */

/* The asker, who must still be the process that asked. */
static tractor_err
adopt_ask(struct router *router, const struct router_send *send, int64_t sent_ns, struct ask **ret_ask)
{
	struct party *asker = router_party(router, send->sender);

	if (asker == NULL || !asker->up || send->incarnation != asker->incarnation)
		return TRACTOR_ESTOPPED;
	if (asks_by_correlation(router, send->sender, send->correlation) != NULL)
		return TRACTOR_EEXIST;
	tractor_err err = asks_open(router, asker, send, sent_ns, ret_ask);
	if (err == TRACTOR_OK && waits_for_answer(send) && asker->waits_for == NULL &&
		asker->waits_with == NULL)
		asker->waits_for = *ret_ask;
	return err;
}

/* Before all others that are adopted; or with what was delivered, as the one in hand. */
static void
place_adopted(struct letter *letter, uint64_t in_hand)
{
	struct party *target = letter->target;

	letter->place = in_hand != 0 ? LETTER_DELIVERED : LETTER_WAITING;
	letter->message.sequence = in_hand;
	link_insert(in_hand != 0 ? &target->delivered : target->adopted.next, &letter->at_target);
	target->counts.delivered += in_hand != 0;
	target->counts.waiting++;
	target->counts.accepted_total++;
	load_add(&letter->share->load, letter->message.payload_bytes);
}

tractor_err
sending_adopt(struct router *router, const struct router_send *send, int64_t sent_ns, uint64_t in_hand)
{
	struct party *target = router_party(router, send->target);
	struct letter *letter;
	struct ask *ask = NULL;

	if (target == NULL)
		return TRACTOR_ESTOPPED;
	tractor_err err = letters_new(router, send, &letter);
	if (err != TRACTOR_OK)
		return err;
	letter->message.sent_ns = sent_ns;
	err = letters_address(router, letter, target, letters_share(router, target, send->sender));
	if (err == TRACTOR_OK && letter->message.ask)
		err = adopt_ask(router, send, sent_ns, &ask);
	if (err == TRACTOR_ENOMEM || (err != TRACTOR_OK && in_hand == 0)) {
		letters_drop(router, letter);
		return err;
	}
	if (ask != NULL)
		asks_carry(ask, letter);
	place_adopted(letter, in_hand);
	return err;
}

tractor_err
sending_adopt_duty(struct router *router, const struct router_send *send, int64_t sent_ns, uint64_t sequence)
{
	struct party *holder = router_party(router, send->target);
	struct ask *ask;

	if (holder == NULL)
		return TRACTOR_ESTOPPED;
	if (asks_by_sequence(router, holder, sequence) != NULL)
		return TRACTOR_EBADMSG;
	tractor_err err = adopt_ask(router, send, sent_ns, &ask);
	if (err == TRACTOR_ESTOPPED || err == TRACTOR_EEXIST)
		err = asks_open_unheard(router, &ask); /* it will be answered all the same */
	if (err == TRACTOR_OK)
		asks_owe(router, ask, holder, sequence);
	return err;
}
