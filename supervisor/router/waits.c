/*
 * waits.c: the wait-for graph. An actor that blocks on an ask waits for whoever has the duty to answer it; one whose message finds no room waits for
 * who has to make it. Each waits for one at most, so what there is to search is a chain, not a graph.
 *
 * Nothing is stored here: the edges are party->waits_for with ask->holder, and party->waits_with with letter->target. No circle is ever let in (sending.c and
 * router_wait() ask first), which is why the walk ends; it takes as many steps as the chain has links and allocates nothing.
 * It must not know why somebody waits. Ports wait, but as nobody can send to them nobody waits for them.
 */
#include "router_private.h"

struct party *
waits_awaited(const struct party *party)
{
	if (party->waits_for != NULL)
		return party->waits_for->holder;
	return party->waits_with != NULL ? party->waits_with->target : NULL;
}

bool
waits_circular(const struct party *waiter, const struct party *holder)
{
	while (holder != NULL && holder != waiter)
		holder = waits_awaited(holder);
	return holder != NULL;
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
