/*
 * spares_private.h: what the files of spares share.
 *
 *   spares.c  stocks: how many spares there should be, and when one more is begun
 *   spare.c   one of them, from its start to its end
 *   naming.c  one becomes somebody
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_SPARES_PRIVATE_H
#define TRACTOR_SUPERVISOR_SHELL_SPARES_PRIVATE_H

#include "backoff.h"
#include "frame.h"
#include "launch.h"
#include "loop.h"
#include "origin.h"
#include "spares.h"
#include "spec.h"
#include "table.h"

#define SPARES_QUIET_NS \
	(10 * SPEC_MILLISECOND) /* from when one is used to when the next is begun: until then its own start has the CPU */

struct spare {
	struct spare *next;
	struct stock *stock; /* NULL: it has been killed, and is to be reaped */
	struct tractor_runtime *runtime;
	struct launched launched;
	struct watch process;
	struct table_entry by_pid;
	struct origin origin;
	struct tri_frame hello;
	uint8_t *said; /* hello's payload; NULL: it has not said it yet */
	int64_t born_ns;
};

/* Those of a child, or of all members of a pool. */
struct stock {
	struct tractor_runtime *runtime;
	struct node *node;
	struct table_entry by_node;
	struct spare *spares;
	struct alarm refill; /* when one more is begun; or how long the one that is starting may take */
	struct backoff lost;
	int64_t earliest_ns; /* none is begun before: one was lost a moment ago */
	bool hopeless;	     /* the last one said that trying again is no use */
	bool lined_up;
	struct stock *next_in_line;
};

/* --- spares.c --- */

/* Whose spares may become that node: a member's are its pool's. NULL: it has none. */
struct stock *spares_stock_for(struct tractor_runtime *runtime, const struct node *node);
/* One more is begun so long from now, if one is wanted then. */
void spares_refill(struct stock *stock, int64_t delay_ns);
/* One that has lived so long was lost: another one is begun, but not at once. */
void spares_replace(struct stock *stock, int64_t lived_ns);

/* --- spare.c --- */

/* Starts one, which is in its stock then. As launch_start(); ENOMEM. */
tractor_err spare_begin(struct stock *stock);
/* It is at the other end of its link, and was heard. */
bool spare_can_be_named(const struct spare *spare);
/* Out of its stock. */
void spare_take_out(struct spare *spare);
/* Its process is not looked after any more. */
void spare_let_go(struct spare *spare);
/* All of it, the process too if it is still there; that is not looked after any more. */
void spare_free(struct spare *spare);
/* Kills it: it has nothing to save. It is reaped when it is dead, for nobody waits for it here. */
void spare_put_down(struct spare *spare);
/* The same, and says why. */
void spare_dismiss(struct spare *spare, const char *why);
/* The same with one that is of no use any more by its own fault; another one is begun later. To be called while it is in its stock. */
void spare_lose(struct spare *spare, const char *why);

#endif
