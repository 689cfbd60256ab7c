/* spares.h: processes that wait to become somebody. */
#ifndef TRACTOR_SUPERVISOR_SHELL_SPARES_H
#define TRACTOR_SUPERVISOR_SHELL_SPARES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <tractor/error.h>

#include "backoff.h"
#include "loop.h"
#include "table.h"

struct node;
struct slot;
struct tractor_runtime;

struct stock;
struct spare;

struct spares {
	struct table stocks;	    /* by the ids of their nodes */
	struct stock *first, *last; /* the line of those that are short of one */
	struct spare *starting;	    /* one at a time; NULL: none is */
	struct spare *ending;	    /* killed, and not reaped yet */
	bool missing;		    /* there was no memory for somebody's */
	struct alarm pause;	    /* armed: the host has refused one a moment ago */
	struct backoff host;
	uint64_t started; /* how many there were */
	uint64_t random;
};

tractor_err spares_open(struct tractor_runtime *runtime);
/* When the tree is freed: waits for the end of those that were killed. */
void spares_close(struct tractor_runtime *runtime);
/* The node has another state; another spec; is going away. */
void spares_changed(struct tractor_runtime *runtime, struct node *node);
void spares_renewed(struct tractor_runtime *runtime, struct node *node);
void spares_forget(struct tractor_runtime *runtime, struct node *node);
/* The core has done all it can at present: perhaps there is time for one more. */
void spares_tick(struct tractor_runtime *runtime);
/* The pids of those that can be named, `room` at most; how many these are. */
unsigned spares_ready(
	struct tractor_runtime *runtime, const struct node *node, pid_t *ret_pids, unsigned room);

/* --- naming.c --- */

/* The slot is to be started: true if a spare has become its process, and was welcomed. Else nothing has happened. */
bool naming_start(struct slot *slot);

#endif
