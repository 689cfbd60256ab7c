/*
 * asks.c: the duty to answer: who asked, who owes the answer, and until when.
 *
 * An ask has two ends that go separately. The asker's ends with the one answer that it gets, whichever that is, or with its death. The
 * holder's ends with its reply, or with its death; so an answer that comes too late finds a duty that nobody listens to any more, which
 * tells it from an answer that nobody asked for. The message itself is the letter's affair: a deferred ask has none.
 * Nothing here fails but asks_open(), for want of memory.
 */
#include "router_private.h"

#include <stdlib.h>

static void
passed(struct router *router, struct deadline *deadline)
{
	asks_fail(router, OWNER(deadline, struct ask, deadline), TRACTOR_ETIMEDOUT);
}

tractor_err
asks_open(struct router *router, struct party *asker, const struct router_send *send, int64_t now_ns,
	struct ask **ret_ask)
{
	struct ask *ask = malloc(sizeof(*ask)); /* not calloc(), which is slow to use again what was freed */
	tractor_err err = TRACTOR_OK;

	if (ask == NULL)
		return TRACTOR_ENOMEM;
	*ask = (struct ask){ .asker = asker };
	if (send->limit_ms >= 0)
		err = router_arm(router, &ask->deadline, router_due(now_ns, send->limit_ms), passed);
	if (err != TRACTOR_OK) {
		free(ask);
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
asks_open_unheard(struct ask **ret_ask)
{
	struct ask *ask = calloc(1, sizeof(*ask));

	if (ask == NULL)
		return TRACTOR_ENOMEM;
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
asks_delivered(struct router *router, struct ask *ask, uint64_t sequence)
{
	table_add(&router->duties, &ask->by_sequence, ask->holder->id, sequence);
}

void
asks_undelivered(struct router *router, struct ask *ask)
{
	table_remove(&router->duties, &ask->by_sequence);
}

static void
put_with_deferred(struct ask *ask)
{
	link_insert(&ask->holder->deferred, &ask->deferred);
	ask->holder->counts.deferred++;
}

void
asks_defer(struct ask *ask)
{
	ask->letter->ask = NULL;
	ask->letter = NULL;
	put_with_deferred(ask);
}

void
asks_owe(struct router *router, struct ask *ask, struct party *holder, uint64_t sequence)
{
	ask->holder = holder;
	asks_delivered(router, ask, sequence);
	put_with_deferred(ask);
}

void
asks_release(struct router *router, struct ask *ask)
{
	asks_undelivered(router, ask);
	if (ask->letter != NULL) {
		ask->letter->ask = NULL;
		ask->letter = NULL;
	} else if (ask->holder != NULL) {
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

struct ask *
asks_by_sequence(const struct router *router, uint64_t actor, uint64_t sequence)
{
	struct table_entry *entry = table_find(&router->duties, actor, sequence);

	return entry != NULL ? OWNER(entry, struct ask, by_sequence) : NULL;
}

struct ask *
asks_by_correlation(const struct router *router, uint64_t asker, uint64_t correlation)
{
	struct table_entry *entry = table_find(&router->asks, asker, correlation);

	return entry != NULL ? OWNER(entry, struct ask, by_correlation) : NULL;
}
