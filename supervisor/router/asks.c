/*
 * asks.c: the duty to answer: who asked, who owes the answer, and until when.
 *
 * An ask has two ends that go separately. The asker's ends with the one answer that it gets, whichever that is, or with its death. The
 * holder's ends with its reply, or with its death; so an answer that comes too late finds a duty that nobody listens to any more, which
 * tells it from an answer that nobody asked for. The message itself is the letter's affair: a deferred ask has none.
 * Nothing here fails but asks_open(), for want of memory.
 */
#include "router_private.h"

static void
passed(struct router *router, struct deadline *deadline)
{
	asks_fail(router, OWNER(deadline, struct ask, deadline), TRACTOR_ETIMEDOUT);
}

tractor_err
asks_open(struct router *router, struct party *asker, const struct router_send *send, int64_t now_ns,
	struct ask **ret_ask)
{
	struct ask *ask = router_allocate(&router->ask_pool, sizeof(*ask));
	tractor_err err = TRACTOR_OK;

	if (ask == NULL)
		return TRACTOR_ENOMEM;
	*ask = (struct ask){ .trash = ask->trash, .asker = asker };
	if (send->limit_ms >= 0)
		err = router_arm(router, &ask->deadline, router_due(now_ns, send->limit_ms), passed);
	if (err != TRACTOR_OK) {
		router_discard(router, &ask->trash);
		return err;
	}
	ask->incarnation = send->incarnation;
	ask->correlation = send->correlation;
	link_init(&ask->asked);
	link_init(&ask->deferred);
	link_insert(&asker->asks, &ask->asked);
	table_add(&router->asks, &ask->by_correlation, asker->id, send->correlation);
	*ret_ask = ask;
	return TRACTOR_OK;
}

tractor_err
asks_open_unheard(struct router *router, struct ask **ret_ask)
{
	struct ask *ask = router_allocate(&router->ask_pool, sizeof(*ask));

	if (ask == NULL)
		return TRACTOR_ENOMEM;
	*ask = (struct ask){ .trash = ask->trash };
	link_init(&ask->asked);
	link_init(&ask->deferred);
	*ret_ask = ask;
	return TRACTOR_OK;
}

void
asks_carry(struct ask *ask, struct letter *letter)
{
	ask->letter = letter;
	ask->holder = letter->target;
	letter->ask = ask;
}

void
asks_owe(struct router *router, struct ask *ask, struct party *holder, uint64_t sequence)
{
	ask->holder = holder;
	table_add(&router->duties, &ask->by_sequence, holder->id, sequence);
	link_insert(&holder->deferred, &ask->deferred);
	holder->counts.deferred++;
}

void
asks_defer(struct router *router, struct ask *ask)
{
	uint64_t sequence = ask->letter->message.sequence;

	ask->letter->ask = NULL;
	ask->letter = NULL;
	asks_owe(router, ask, ask->holder, sequence);
}

void
asks_release(struct router *router, struct ask *ask)
{
	if (ask->letter != NULL) {
		ask->letter->ask = NULL;
		ask->letter = NULL;
	} else if (ask->holder != NULL) {
		table_remove(&router->duties, &ask->by_sequence);
		link_remove(&ask->deferred);
		ask->holder->counts.deferred--;
	}
	ask->holder = NULL;
}

void
asks_silence(struct router *router, struct ask *ask)
{
	if (waits_on(ask))
		ask->asker->waits_for = NULL;
	ask->asker = NULL;
	link_remove(&ask->asked);
	table_remove(&router->asks, &ask->by_correlation);
	router_disarm(router, &ask->deadline);
}

void
asks_drop(struct router *router, struct ask *ask)
{
	asks_silence(router, ask);
	asks_release(router, ask);
	router_discard(router, &ask->trash);
}

void
asks_tell(struct router *router, struct ask *ask, tractor_err err)
{
	struct party *asker = ask->asker;

	ask->withdrawn = true;
	asks_silence(router, ask);
	if (asker != NULL)
		router_tell_answer(router, asker->id, ask->incarnation, ask->correlation, err, NULL, 0);
}

void
asks_answer(
	struct router *router, struct ask *ask, tractor_err err, const uint8_t *payload, size_t payload_bytes)
{
	struct party *asker = ask->asker;

	asks_drop(router, ask);
	if (asker != NULL)
		router_tell_answer(
			router, asker->id, ask->incarnation, ask->correlation, err, payload, payload_bytes);
}

void
asks_fail(struct router *router, struct ask *ask, tractor_err err)
{
	struct letter *letter = ask->letter;

	if (letter != NULL && letter->place != LETTER_DELIVERED)
		mailbox_evict(router, letter, err);
	else
		asks_tell(router, ask, err);
}

/* The first of what is delivered, most often. */
static struct letter *
delivered_letter(const struct party *actor, uint64_t sequence)
{
	for (struct link *link = actor->delivered.next; link != &actor->delivered; link = link->next) {
		struct letter *letter = OWNER(link, struct letter, at_target);

		if (letter->message.sequence == sequence)
			return letter;
	}
	return NULL;
}

struct ask *
asks_by_sequence(const struct router *router, const struct party *actor, uint64_t sequence)
{
	const struct letter *letter = delivered_letter(actor, sequence);

	if (letter != NULL)
		return letter->ask;
	struct table_entry *entry = table_find(&router->duties, actor->id, sequence);
	return entry != NULL ? OWNER(entry, struct ask, by_sequence) : NULL;
}

struct ask *
asks_by_correlation(const struct router *router, uint64_t asker, uint64_t correlation)
{
	struct table_entry *entry = table_find(&router->asks, asker, correlation);

	return entry != NULL ? OWNER(entry, struct ask, by_correlation) : NULL;
}
