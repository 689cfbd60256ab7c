/*
 * waits.c: the wait-for graph. An actor that blocks on an ask waits for whoever has the duty to answer it; each waits for one at
 * most, so what there is to search is a chain, not a graph.
 *
 * Nothing is stored here: the edges are party->waits_for and ask->holder. No circle is ever let in (sending.c and router_wait() ask
 * first), which is why the walk ends; it takes as many steps as the chain has links and allocates nothing.
 * It must not know why somebody waits. Ports wait, but as nobody can send to them nobody waits for them.
 */
#include "router_private.h"

bool
waits_circular(const struct party *waiter, const struct party *holder)
{
	while (holder != NULL && holder != waiter)
		holder = holder->waits_for != NULL ? holder->waits_for->holder : NULL;
	return holder != NULL;
}

bool
waits_on(const struct ask *ask)
{
	return ask->asker != NULL && ask->asker->waits_for == ask;
}
