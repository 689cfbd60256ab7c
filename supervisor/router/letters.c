/*
 * letters.c: one message on its way: where it is, whose room it takes there, and what is said when it will not arrive.
 *
 * A letter's places are delayed, parked, waiting, delivered. It takes room in one share: its sender's at its target. The share is there
 * while it has something, and one at each target for whoever may be the next to send, so that all others cost nothing. What may go where is decided in mailbox.c; here is only
 * what must be undone when a letter leaves a place. Nothing fails but for want of memory, and then nothing has been done.
 */
#include "router_private.h"

#include <string.h>

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)
#define FNV_MAX_BYTES ((size_t)1 << 20) /* of a payload: a ms or so */
#define SMALL_BYTES 128			/* of a payload: of most */

/* A small one is as large as any other small one. */
static struct letter *
allocate(struct router *router, size_t payload_bytes)
{
	if (payload_bytes > SMALL_BYTES)
		return router_allocate(NULL, sizeof(struct letter) + payload_bytes);
	return router_allocate(&router->letter_pool, sizeof(struct letter) + SMALL_BYTES);
}

tractor_err
letters_new(struct router *router, const struct router_send *send, struct letter **ret_letter)
{
	size_t copied = send->parcel == NULL ? send->payload_bytes : 0;
	struct letter *letter = allocate(router, copied);

	if (letter == NULL)
		return TRACTOR_ENOMEM;
	*letter = (struct letter){
		.trash = { .pool = letter->trash.pool, .parcel = parcel_hold(send->parcel) },
		.message = {
			.kind = ROUTER_MESSAGE,
			.sender = send->sender,
			.target = send->target,
			.message = send->message,
			.ask = (send->flags & TRI_FLAG_ASK) != 0,
			.payload_bytes = send->payload_bytes,
			.payload = send->parcel == NULL ? letter->payload : send->payload,
			.parcel = send->parcel,
		},
		.incarnation = send->incarnation,
		.correlation = send->correlation,
		.committed = (send->flags & TRI_FLAG_COMMITTED) != 0,
	};
	if (copied > 0)
		memcpy(letter->payload, send->payload, copied);
	link_init(&letter->pending);
	link_init(&letter->at_target);
	*ret_letter = letter;
	return TRACTOR_OK;
}

/* Whose share the sender's messages are in. */
static uint64_t
holder_of_share(uint64_t sender)
{
	return sender < ROUTER_GUEST_FIRST ? sender : ROUTER_GUEST_FIRST;
}

struct share *
letters_share(const struct router *router, const struct party *target, uint64_t sender)
{
	struct table_entry *entry = table_find(&router->shares, target->id, holder_of_share(sender));

	return entry != NULL ? OWNER(entry, struct share, by_pair) : NULL;
}

tractor_err
letters_address(struct router *router, struct letter *letter, struct party *target, struct share *share)
{
	if (share == NULL) {
		share = router_allocate(&router->share_pool, sizeof(*share));
		if (share == NULL)
			return TRACTOR_ENOMEM;
		*share = (struct share){ .trash = share->trash, .target = target };
		link_init(&share->parked);
		link_init(&share->crowded);
		table_add(&router->shares, &share->by_pair, target->id,
			holder_of_share(letter->message.sender));
	}
	letter->share = share;
	letter->target = target;
	return TRACTOR_OK;
}

static bool
is_empty(const struct share *share)
{
	return share->load.count == 0 && share->backlog.count == 0;
}

static void
drop_share(struct router *router, struct share *share)
{
	table_remove(&router->shares, &share->by_pair);
	router_discard(router, &share->trash);
}

/* A share in which nothing may be left: it waits for its sender's next, and the one that did so before goes; at one who is gone nothing waits. */
static void
tidy(struct router *router, struct share *share)
{
	if (share == NULL || !is_empty(share) || share == share->target->idle)
		return;
	struct party *target = share->target;
	struct share *goes = share;
	if (target->by_id.filed) {
		goes = target->idle;
		target->idle = share;
	}
	if (goes != NULL && is_empty(goes))
		drop_share(router, goes);
}

void
letters_forget_idle(struct router *router, struct party *target)
{
	struct share *idle = target->idle;

	target->idle = NULL;
	if (idle != NULL && is_empty(idle))
		drop_share(router, idle);
}

void
letters_pend(struct letter *letter, struct party *from)
{
	letter->from = from;
	link_insert(&from->pending, &letter->pending);
	if (letter->delayed)
		load_add(&from->delayed, letter->message.payload_bytes);
}

static void
unpend(struct letter *letter)
{
	if (letter->from == NULL)
		return;
	if (letter->delayed)
		load_take(&letter->from->delayed, letter->message.payload_bytes);
	if (letter->from->waits_with == letter)
		letter->from->waits_with = NULL;
	link_remove(&letter->pending);
	letter->from = NULL;
}

static void
unpark(struct letter *letter)
{
	letter->target->counts.parked--;
	load_take(&letter->share->backlog, letter->message.payload_bytes);
	if (letter->share->backlog.count == 0)
		link_remove(&letter->share->crowded);
}

static void
leave_mailbox(struct letter *letter)
{
	letter->target->counts.waiting--;
	if (letter->place == LETTER_DELIVERED)
		letter->target->counts.delivered--;
	if (letter->share != NULL)
		load_take(&letter->share->load, letter->message.payload_bytes);
}

void
letters_unhook(struct router *router, struct letter *letter)
{
	if (letter->place == LETTER_PARKED)
		unpark(letter);
	if (letter->place == LETTER_WAITING || letter->place == LETTER_DELIVERED)
		leave_mailbox(letter);
	letter->place = LETTER_NOWHERE;
	link_remove(&letter->at_target);
	unpend(letter);
	router_disarm(router, &letter->deadline);
}

void
letters_drop(struct router *router, struct letter *letter)
{
	letters_unhook(router, letter);
	tidy(router, letter->share);
	router_discard(router, &letter->trash);
}

void
letters_bury(struct router *router, struct letter *letter, tractor_err why)
{
	letters_drop(router, letter);
	if (letter->message.kind == ROUTER_MARK)
		return; /* nobody's message: its sender has another made */
	if (letter->target != NULL)
		letter->target->counts.dead_letter_total++;
	if (router->ops.dead_letter != NULL)
		router->ops.dead_letter(router->arg, &letter->message, why);
}

/* Not taken over, and the sender still waits to hear that: it hears nothing else, of an ask neither. */
static void
turn_away(struct router *router, struct letter *letter, tractor_err err)
{
	if (letter->ask != NULL)
		asks_drop(router, letter->ask);
	if (letter->committed)
		letters_bury(router, letter, err);
	else
		letters_drop(router, letter);
	router_tell_accept(router, letter->message.sender, letter->incarnation, letter->correlation, err);
}

void
letters_refuse(struct router *router, struct letter *letter, tractor_err err)
{
	struct ask *ask = letter->ask;

	if (letter->wants_accept) {
		turn_away(router, letter, err);
	} else if (letter->message.ask) {
		letters_drop(router, letter);
		if (ask != NULL)
			asks_answer(router, ask, err, NULL, 0);
	} else {
		letters_bury(router, letter, err);
	}
}

static uint64_t
fnv(uint64_t hash, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ bytes[i]) * FNV_PRIME;
	return hash;
}

/* Of something large, eight bytes at a time: who waits for it has no time for more. */
static uint64_t
fnv_large(uint64_t hash, const uint8_t *bytes, size_t count)
{
	uint64_t word;

	for (; count >= sizeof(word); bytes += sizeof(word), count -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = (hash ^ word) * FNV_PRIME;
		hash ^= hash >> 32;
	}
	return fnv(hash, bytes, count);
}

/* Only what was in hand at a crash needs one, so nobody else pays for it. */
uint64_t
letters_digest(struct letter *letter)
{
	struct router_message *message = &letter->message;
	uint64_t (*of)(uint64_t, const uint8_t *, size_t) =
		message->payload_bytes <= FNV_MAX_BYTES ? fnv : fnv_large;

	if (message->digest == 0)
		message->digest =
			of(fnv(FNV_BASIS, (const uint8_t *)&message->message, sizeof(message->message)),
				message->payload, message->payload_bytes);
	return message->digest;
}

/* Those that stay with the sender's place are found again, so only what leaves it is taken off the list. */
static void
disown_letter(struct router *router, struct letter *letter, bool for_good, struct link *left)
{
	bool stays = letter->forwarded || letter->committed;

	if (stays && letter->place == LETTER_PARKED) {
		letter->wants_accept = false;
		if (letter->delayed)
			load_take(&letter->from->delayed, letter->message.payload_bytes);
		letter->delayed = false;
		link_remove(&letter->pending);
		link_insert(left, &letter->pending);
	} else if (!stays || for_good) {
		if (letter->ask != NULL)
			asks_drop(router, letter->ask);
		letters_drop(router, letter);
	}
}

void
letters_disown(struct router *router, struct party *from, bool for_good, struct link *ret_left)
{
	struct ask *ask;

	link_init(ret_left);
	for (struct link *link = from->pending.next, *next; link != &from->pending; link = next) {
		next = link->next;
		disown_letter(router, OWNER(link, struct letter, pending), for_good, ret_left);
	}
	while ((ask = FIRST(&from->asks, struct ask, asked)) != NULL)
		asks_silence(router, ask);
	from->waits_for = NULL;
	from->waits_with = NULL;
}
