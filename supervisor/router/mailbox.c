/*
 * mailbox.c: one actor's queue while it lives: room, parking, delivery, done.
 *
 * It must not know how a message reaches a process, nor who decides that an actor starts or stops. What a process says that it
 * has done is gossip: it is clamped to what was delivered. Nothing here fails: what is needed was allocated with the letter.
 *
 * Every delivery gets a new sequence number, a second one of the same message too. So nothing that a dead process has said, or
 * left in its black box, can mean a message that its successor was given: their numbers have no value in common.
 */
#include "router_private.h"

#include <stdlib.h>

/* --- who gets in --- */

static int
compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

bool
mailbox_understands(struct party *actor, uint64_t message)
{
	if (!actor->up || (actor->served_count > 0 && actor->understood == message))
		return true; /* most often it is the same as before */
	if (actor->served_count == 0 ||
		bsearch(&message, actor->served, actor->served_count, sizeof(message), compare) == NULL)
		return false;
	actor->understood = message;
	return true;
}

bool
mailbox_has_room(const struct share *share, size_t bytes)
{
	return share == NULL ||
	       (share->backlog.count == 0 && load_fits(&share->load, share->target->mailbox, bytes));
}

static void
pump(struct router *router, struct party *actor)
{
	struct letter *letter;

	if (actor->pumping)
		return;
	actor->pumping = true;
	while (actor->up && actor->counts.delivered < TRI_WINDOW &&
		(letter = FIRST(&actor->waiting, struct letter, at_target)) != NULL) {
		link_remove(&letter->at_target);
		link_insert(&actor->delivered, &letter->at_target);
		letter->place = LETTER_DELIVERED;
		letter->message.sequence = ++actor->counts.sequence;
		actor->counts.delivered++;
		if (router->ops.deliver != NULL)
			router->ops.deliver(router->arg, actor->id, &letter->message);
	}
	actor->pumping = false;
}

void
mailbox_take_over(struct router *router, struct letter *letter)
{
	struct party *target = letter->target;

	letters_unhook(router, letter);
	letter->place = LETTER_WAITING;
	link_insert(&target->waiting, &letter->at_target);
	target->counts.waiting++;
	target->counts.accepted_total++;
	if (letter->share != NULL)
		load_add(&letter->share->load, letter->message.payload_bytes);
	if (letter->wants_accept) {
		letter->wants_accept = false;
		router_tell_accept(
			router, letter->message.sender, letter->incarnation, letter->correlation, TRACTOR_OK);
	}
	pump(router, target);
}

void
mailbox_park(struct letter *letter)
{
	struct share *share = letter->share;

	letter->place = LETTER_PARKED;
	link_insert(&share->parked, &letter->at_target);
	if (share->backlog.count == 0)
		link_insert(&share->target->crowded, &share->crowded);
	load_add(&share->backlog, letter->message.payload_bytes);
	share->target->counts.parked++;
}

void
mailbox_admit(struct router *router, struct share *share)
{
	struct letter *letter;

	while ((letter = FIRST(&share->parked, struct letter, at_target)) != NULL &&
		load_fits(&share->load, share->target->mailbox, letter->message.payload_bytes))
		mailbox_take_over(router, letter);
}

/* From the first sender each time: who gets in is told so, and may send on. */
void
mailbox_resized(struct router *router, struct party *actor)
{
	struct link *at = actor->crowded.next;

	while (at != &actor->crowded) {
		struct share *share = OWNER(at, struct share, crowded);
		struct letter *letter = FIRST(&share->parked, struct letter, at_target);
		if (letter == NULL ||
			!load_fits(&share->load, actor->mailbox, letter->message.payload_bytes)) {
			at = at->next;
			continue;
		}
		mailbox_take_over(router, letter);
		at = actor->crowded.next;
	}
}

void
mailbox_admit_left(struct router *router, struct link *left)
{
	struct letter *letter;

	while ((letter = FIRST(left, struct letter, pending)) != NULL) {
		link_remove(&letter->pending);
		letter->from = NULL;
		mailbox_admit(router, letter->share);
	}
}

void
mailbox_evict(struct router *router, struct letter *letter, tractor_err err)
{
	struct share *share = letter->share;

	letters_refuse(router, letter, err);
	if (share != NULL)
		mailbox_admit(router, share);
}

void
mailbox_evict_all(struct router *router, struct link *list, tractor_err err)
{
	struct letter *letter;

	while ((letter = FIRST(list, struct letter, at_target)) != NULL)
		mailbox_evict(router, letter, err);
}

/* --- the process --- */

static bool
unwelcome(struct party *actor, const struct letter *letter)
{
	return letter->message.kind == ROUTER_MESSAGE && !mailbox_understands(actor, letter->message.message);
}

/* Moves those that it does not understand, or `all`, to another list. Nothing is called back, so the lists hold still. */
static void
collect(struct party *actor, struct link *list, bool all, struct link *collected)
{
	for (struct link *link = list->next, *next; link != list; link = next) {
		next = link->next;
		if (!all && !unwelcome(actor, OWNER(link, struct letter, at_target)))
			continue;
		link_remove(link);
		link_insert(collected, link);
	}
}

void
mailbox_collect_parked(struct party *actor, bool all, struct link *collected)
{
	for (struct link *link = actor->crowded.next; link != &actor->crowded; link = link->next)
		collect(actor, &OWNER(link, struct share, crowded)->parked, all, collected);
}

void
mailbox_up(struct router *router, struct party *actor, uint32_t incarnation)
{
	struct link unwelcomes;

	if (actor->served_count > 0) {
		qsort(actor->served, actor->served_count, sizeof(*actor->served), compare);
		actor->understood = actor->served[0];
	}
	actor->incarnation = incarnation;
	actor->up = true;
	link_init(&unwelcomes);
	collect(actor, &actor->waiting, false, &unwelcomes);
	mailbox_collect_parked(actor, false, &unwelcomes);
	mailbox_evict_all(router, &unwelcomes, TRACTOR_EPROTOCOL);
	pump(router, actor);
}

void
mailbox_finish(struct router *router, struct letter *letter)
{
	letter->target->counts.handled_total++;
	if (letter->message.attempts > 0)
		letter->target->suspect = 0; /* it is innocent */
	if (letter->ask != NULL)
		asks_defer(router, letter->ask);
	letters_drop(router, letter);
}

struct letter *
mailbox_first_done(const struct party *actor, uint64_t done)
{
	struct letter *letter = FIRST(&actor->delivered, struct letter, at_target);

	return letter != NULL && letter->message.sequence <= done ? letter : NULL;
}

void
mailbox_done(struct router *router, struct party *actor, uint64_t done)
{
	struct letter *letter;

	if (!actor->up)
		return;
	if (done > actor->counts.sequence)
		done = actor->counts.sequence; /* what is given to it below can't be done yet */
	while ((letter = mailbox_first_done(actor, done)) != NULL) {
		struct share *share = letter->share;

		mailbox_finish(router, letter);
		if (share != NULL)
			mailbox_admit(router, share);
	}
	pump(router, actor);
}
