/* runtime.h: what a runtime owns, from opening to closing. */
#ifndef TRACTOR_SUPERVISOR_SHELL_RUNTIME_H
#define TRACTOR_SUPERVISOR_SHELL_RUNTIME_H

#include <tractor/runtime.h>

#include "arena.h"
#include "controlsocket.h"
#include "corpses.h"
#include "handover.h"
#include "host.h"
#include "inventory.h"
#include "loop.h"
#include "lost.h"
#include "parcels.h"
#include "remains.h"
#include "shell.h"
#include "spares.h"
#include "spawn.h"
#include "table.h"
#include "wire.h"

struct tractor_runtime {
	char *name;
	struct tractor_options options;
	struct rundir rundir;
	struct loop loop;
	struct bell bell;
	int64_t alone_since_ns; /* since when lanes alone were looked at; 0: everything was, the last time */
	struct watch bell_watch;
	struct tree *tree;
	struct router *router;
	struct tri_arena
		arena; /* what is made for a moment on the way from a death to a running successor; never across a callback */
	struct journal events;
	struct lost lost;
	struct loglines lines;
	unsigned actors; /* how many slots there are */
	struct policy policy;
	struct judgements judgements;
	struct unwinding unwinding;
	struct inventory inventory;
	struct remains_line remains; /* whose reports are to be written */
	struct control *control;
	struct control_tag { /* for each fd of the control socket; see requests.c */
		struct watch watch;
		struct tractor_runtime *runtime;
		void *tag;
	} control_tags[CONTROL_CONNECTIONS_MAX + 1];
	struct talk *talks; /* under way */
	struct reloading reloading;
	struct orphans orphans;
	struct table pids; /* of the processes of slots and spares that are not known to be dead */
	struct corpses corpses;
	struct spares spares;
	struct host_files files;
	struct spawn_pad pad;
	struct handover handover;
	struct oom oom;
	char refusal[256]; /* the host's last; "": none */
	struct signals signals;
	struct watch clock; /* a timerfd, for a foreign loop; fd -1: nobody asked for one */
	int64_t clock_ns;   /* when it rings */
	int64_t resumed_ns; /* since when we run again after having been stopped; 0: we never were */
	struct waiter *waiters;
	struct port *port;
	struct parcels parcels;
	uint64_t bypass_number; /* of the last that was laid */
	unsigned bypass_after;	/* messages */
	uint64_t guests;	/* how many there were */
	int64_t last_report_ms; /* of the last crash report's id, and how many there were in that ms */
	unsigned reports_in_ms;
	bool closing;
	struct slot *listed,
		**listed_end;	  /* those of whom it is to be found whether they are at rest for good */
	char start_failure[1024]; /* the first child that did not start, and why */
};

/* The same error; one that has no sentence of its own, for nobody who finds no memory says so, is given one. */
tractor_err runtime_explained(tractor_err err);
/* Slots for the actors at and below `node`, which has just been added. */
tractor_err runtime_add_slots(struct tractor_runtime *runtime, struct node *node);
/* The path of an actor's address; NULL: none known. */
const char *runtime_path_of(struct tractor_runtime *runtime, uint64_t actor);
/* An id for one more guest of the router's. */
uint64_t runtime_next_guest(struct tractor_runtime *runtime);
/* What the next node is called if nobody has a name for it. */
uint32_t runtime_next_number(const struct tractor_runtime *runtime);

#endif
