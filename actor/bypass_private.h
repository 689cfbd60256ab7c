/*
 * bypass_private.h: what the files of an actor's bypasses share:
 *
 *   bypass.c           an end's life: offered, taken, ended, gone
 *   bypasssending.c    what goes by a bypass and what roundabout, in order and as far as there is room
 *   bypassreceiving.c  what comes by one: copied, counted, answered; and waiting for it
 */
#ifndef TRACTOR_ACTOR_BYPASS_PRIVATE_H
#define TRACTOR_ACTOR_BYPASS_PRIVATE_H

#include "bypass.h"

/* bypass.c */
/* Where it hangs in the list. */
struct tri_way **tri_way_place(struct tri_ways *ways, const struct tri_way *way);
/* One that has ended goes, once nothing more comes by it and nobody holds it. */
void tri_way_let_go(struct tri_actor *actor, struct tri_way *way);
/* Wakes the peer for something that has come by the bypass. */
void tri_way_ring(struct tri_actor *actor, const struct tri_way *way);
/* What is there can't be: nothing of it is believed any more. */
void tri_way_give_up(struct tri_actor *actor, struct tri_way *way);

#endif
