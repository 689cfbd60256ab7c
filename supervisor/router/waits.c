/*
 * waits.c: the wait-for graph. An actor that blocks on an ask waits for whoever has the duty to answer it; one whose message finds no room waits for
 * who has to make it. Each waits for one at most, so what there is to search is a chain, not a graph.
 *
 * Nothing is stored here: the edges are party->waits_for with ask->holder, party->waits_with with letter->target, and what ops.awaits says. Of the first two no circle is ever let in (sending.c and
 * router_wait() ask first); the last are told by processes, and one that comes to a circle of others would wait as they do. The walk takes a few times as many steps as the chain has links and allocates nothing.
 * It must not know why somebody waits. Ports wait, but as nobody can send to them nobody waits for them.
 */
#include "router_private.h"

struct party *
waits_awaited(const struct router *router, const struct party *party)
{
	if (party->waits_for != NULL)
		return party->waits_for->holder;
	if (party->waits_with != NULL)
		return party->waits_with->target;
	return router->ops.awaits != NULL ? router_party(router, router->ops.awaits(router->arg, party->id))
					  : NULL;
}

/* Brent's way of seeing a circle: a mark that moves on after 1, 2, 4, ... steps, and is met again in one. */
void
waits_step(const struct router *router, struct waits_walk *walk)
{
	if (++walk->steps > walk->limit) {
		walk->mark = walk->at;
		walk->limit = 2 * walk->limit + 1;
		walk->steps = 1;
	}
	walk->at = waits_awaited(router, walk->at);
	walk->is_round = walk->at != NULL && walk->at == walk->mark;
}

bool
waits_circular(const struct router *router, const struct party *waiter, struct party *holder)
{
	struct waits_walk walk = { .at = waiter->id < ROUTER_PORT_FIRST ? holder : NULL };

	while (walk.at != NULL && walk.at != waiter && !walk.is_round)
		waits_step(router, &walk);
	return walk.at != NULL;
}

bool
waits_on(const struct ask *ask)
{
	return ask->asker != NULL && ask->asker->waits_for == ask;
}

bool
waits_for_answer(const struct router_send *send)
{
	const uint16_t blocks = TRI_FLAG_ASK | TRI_FLAG_BLOCKING;

	return (send->flags & blocks) == blocks;
}

bool
waits_for_room(const struct router_send *send)
{
	return (send->flags & TRI_FLAG_WAITING) != 0;
}
