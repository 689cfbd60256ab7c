/*
 * ends.c: what becomes of an actor's messages when its process dies, and when it is not to be sent to any more.
 *
 * It must not know why either happened. What the dead process says in its black box (done, in hand) is gossip and clamped to what was
 * delivered. Nothing here allocates, so a crash is settled even when there is no memory.
 */
#include "router_private.h"

/* The shares in which a death has made room. One may have been discarded since, but then nothing is parked in it. */
struct vacancies {
	struct share *shares[TRI_WINDOW +
			     1]; /* one at most for each message that was delivered, or was in hand without */
	size_t count;
};

/* The letter goes for good. */
static void
note(struct vacancies *vacancies, const struct letter *letter)
{
	if (letter->share == NULL)
		return;
	tri_assert(vacancies->count <= TRI_WINDOW);
	vacancies->shares[vacancies->count++] = letter->share;
}

static void
fill(struct router *router, const struct vacancies *vacancies)
{
	for (size_t i = 0; i < vacancies->count; i++)
		mailbox_admit(router, vacancies->shares[i]);
}

static void
finish_done(struct router *router, struct party *actor, uint64_t done, struct vacancies *vacancies)
{
	struct letter *letter;

	while ((letter = mailbox_first_done(actor, done)) != NULL) {
		note(vacancies, letter);
		mailbox_finish(router, letter);
	}
}

/*
 * What the successor is not to see: an ask that is answered or forwarded, or whose asker was told that it failed; and word of an end, which was for the incarnation that
 * had asked for it, and other marks of an incarnation's own.
 */
static bool
spent(const struct letter *letter)
{
	if (letter->message.kind != ROUTER_MESSAGE)
		return true;
	return letter->message.ask && (letter->ask == NULL || letter->ask->withdrawn);
}

/* Word of ends that waits still. */
static void
drop_news(struct router *router, struct party *actor)
{
	struct link *at = actor->waiting.next;

	while (at != &actor->waiting) {
		struct letter *letter = OWNER(at, struct letter, at_target);
		at = at->next;
		if (letter->message.kind != ROUTER_MESSAGE)
			letters_drop(router, letter);
	}
}

/* Before `place`: the head of what waits, or what is first there. */
static void
wait_again(struct letter *letter, struct link *place)
{
	link_remove(&letter->at_target);
	link_insert(place, &letter->at_target);
	letter->place = LETTER_WAITING;
	letter->target->counts.delivered--;
}

/* What was delivered and not begun waits again, in order, in front. */
static void
put_back(struct router *router, struct party *actor, struct vacancies *vacancies)
{
	struct link *place = actor->waiting.next;
	struct letter *letter;

	while ((letter = FIRST(&actor->delivered, struct letter, at_target)) != NULL) {
		if (!spent(letter)) {
			wait_again(letter, place);
			continue;
		}
		note(vacancies, letter);
		if (letter->ask != NULL)
			asks_drop(router, letter->ask);
		letters_drop(router, letter);
	}
}

/* A sender goes past us only when all that it had sent by us is handled, so what it sent so is older than whatever of it was still to be handled. */
static void
put_adopted_first(struct party *actor)
{
	struct link *place = actor->waiting.next, *link;

	while ((link = actor->adopted.next) != &actor->adopted) {
		link_remove(link);
		link_insert(place, link);
	}
}

/* Takes what was in hand off the list; it stays counted as delivered. NULL: nothing was, or nothing that can have been. */
static struct letter *
take_hand(struct party *actor, const struct router_end *how)
{
	for (struct link *link = actor->delivered.next; link != &actor->delivered; link = link->next) {
		struct letter *letter = OWNER(link, struct letter, at_target);

		if (letter->message.sequence != how->in_hand)
			continue;
		link_remove(link);
		letter->message.attempts += !how->from_outside;
		letters_digest(letter);
		return letter;
	}
	return NULL;
}

enum fate { FATE_NONE, FATE_AGAIN, FATE_LOST, FATE_QUARANTINED };

/* What becomes of the message in hand. A second message of the same bytes is the same suspect: senders repeat themselves. What was in hand when somebody killed the process is none. */
static enum fate
judge(struct party *actor, const struct letter *hand, bool from_outside)
{
	bool again;

	if (hand == NULL)
		return FATE_NONE;
	if (!actor->redeliver || actor->closed != TRACTOR_OK || hand->message.kind != ROUTER_MESSAGE ||
		spent(hand))
		return FATE_LOST;
	if (from_outside)
		return FATE_AGAIN;
	again = hand->message.attempts > 1 || hand->message.digest == actor->suspect;
	actor->suspect = hand->message.digest;
	return again ? FATE_QUARANTINED : FATE_AGAIN;
}

static void
quarantine(struct router *router, struct letter *hand)
{
	hand->target->counts.quarantined_total++;
	letters_drop(router, hand);
	if (router->ops.quarantined != NULL)
		router->ops.quarantined(router->arg, &hand->message);
}

/* It took the process with it, and is not handed to another. The ask first: it must not be found with a message that is settled. */
static void
settle_hand(struct router *router, struct letter *hand, enum fate fate)
{
	if (hand->ask != NULL)
		asks_answer(router, hand->ask, TRACTOR_ECRASHED, NULL, 0);
	if (fate == FATE_QUARANTINED)
		quarantine(router, hand);
	else
		letters_bury(router, hand, TRACTOR_ECRASHED);
}

static void
fail_deferred(struct router *router, struct link *deferred, tractor_err err)
{
	struct ask *ask;

	while ((ask = FIRST(deferred, struct ask, deferred)) != NULL)
		asks_answer(router, ask, err, NULL, 0);
}

static void
refuse_waiting(struct router *router, struct party *actor, tractor_err why)
{
	struct link waiting;

	link_take_all(&actor->waiting, &waiting);
	mailbox_evict_all(router, &waiting, why);
}

void
ends_down(struct router *router, struct party *actor, const struct router_end *how,
	void (*in_hand_is)(void *arg, const struct router_message *message), void *arg)
{
	struct vacancies vacancies = { .count = 0 };
	struct link deferred;
	struct letter *hand;
	enum fate fate;

	/* First all the bookkeeping, so that whoever is called back finds an actor that is down, and nothing in between. */
	actor->up = false;
	finish_done(router, actor, how->done, &vacancies);
	hand = take_hand(actor, how);
	fate = judge(actor, hand, how->from_outside);
	put_back(router, actor, &vacancies);
	put_adopted_first(actor);
	drop_news(router, actor);
	if (fate == FATE_AGAIN)
		wait_again(hand, actor->waiting.next);
	else if (fate != FATE_NONE)
		note(&vacancies, hand);
	link_take_all(&actor->deferred, &deferred);

	if (hand != NULL && in_hand_is != NULL)
		in_hand_is(arg, &hand->message);
	if (fate == FATE_LOST || fate == FATE_QUARANTINED)
		settle_hand(router, hand, fate);
	fail_deferred(router, &deferred, actor->closed != TRACTOR_OK ? actor->closed : TRACTOR_ECRASHED);
	if (actor->closed != TRACTOR_OK)
		refuse_waiting(router, actor, actor->closed);
	fill(router, &vacancies);
}

/* The first ask in the hands of its process to which somebody still listens. */
static struct ask *
first_heard(const struct party *actor)
{
	for (struct link *link = actor->delivered.next; link != &actor->delivered; link = link->next) {
		struct ask *ask = OWNER(link, struct letter, at_target)->ask;

		if (ask != NULL && ask->asker != NULL)
			return ask;
	}
	return NULL;
}

/*
 * Tells whoever waits for this process, as long as it is closed. It may answer all the same, until it is down: the duties stay. The
 * deferred ones go round in their own list, where a removal in a callback finds them.
 */
static void
tell_handed(struct router *router, struct party *actor, tractor_err why)
{
	struct ask *ask;

	while (actor->closed != TRACTOR_OK && (ask = first_heard(actor)) != NULL)
		asks_tell(router, ask, why);
	for (size_t left = actor->counts.deferred; left > 0 && actor->closed != TRACTOR_OK; left--) {
		ask = FIRST(&actor->deferred, struct ask, deferred);
		if (ask == NULL)
			return;
		link_remove(&ask->deferred);
		link_insert(&actor->deferred, &ask->deferred);
		if (ask->asker != NULL)
			asks_tell(router, ask, why);
	}
}

void
ends_close(struct router *router, struct party *actor, tractor_err why)
{
	struct link waiting, parked;

	if (actor->closed != TRACTOR_OK)
		return;
	actor->closed = why;
	link_take_all(&actor->waiting, &waiting);
	link_init(&parked);
	mailbox_collect_parked(actor, true, &parked);
	tell_handed(router, actor, why);
	mailbox_evict_all(router, &waiting, why);
	mailbox_evict_all(router, &parked, why);
}
