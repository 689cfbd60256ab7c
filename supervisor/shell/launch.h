/* launch.h: a process with its channels, whoever's it is. */
#ifndef TRACTOR_SUPERVISOR_SHELL_LAUNCH_H
#define TRACTOR_SUPERVISOR_SHELL_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#include <tractor/error.h>

#include "blackbox.h"
#include "spawn.h"

struct spec;
struct tractor_runtime;
struct wire;

#define LAUNCH_NAME_BYTES 32 /* of a link's name: two numbers */

struct launch_plan {
	const struct spec *spec;
	const char *url;   /* launch_url()'s; NULL: there was no memory for it */
	const char *title; /* its one argument, which `ps` shows */
	uint32_t incarnation;
	uint64_t done;			  /* it goes on behind that message */
	const struct tri_box_plan *fault; /* NULL: none */
};

struct launched {
	struct spawned spawned; /* pid 0: there is none */
	struct wire *wire;	/* closed, where there is none */
	struct tri_blackbox *box;
	int state_fd; /* -1: it has to be made */
	int out, err; /* our ends of what it prints; -1: not there */
	int socket;   /* ours, by which fds are handed to it; -1: there is none, as there are no lanes */
};
#define LAUNCHED_NOTHING                                                                       \
	(struct launched)                                                                      \
	{                                                                                      \
		.spawned = { .pidfd = -1 }, .state_fd = -1, .out = -1, .err = -1, .socket = -1 \
	}

/* Where a link of that name listens; in the runtime's arena, and as large whatever the name is. NULL: no memory. */
char *launch_url(struct tractor_runtime *runtime, const char *name);
/* Whether its processes are offered lanes. */
bool launch_has_lanes(const struct spec *spec);
/* Starts one, with the wire and the state's memory that are there. Resets the arena. As spawn_start(); nothing but the state's memory is left behind in case of an error. */
tractor_err launch_start(
	struct tractor_runtime *runtime, const struct launch_plan *plan, struct launched *launched);
/* Whether that was the host's doing, and no fault of what was to be started: it may work later. */
static inline bool
launch_was_refused(tractor_err err)
{
	return err == TRACTOR_ESYSTEM || err == TRACTOR_ETIMEDOUT || err == TRACTOR_ENOMEM;
}
/* Ends what is there of it, the process too; but the state's memory stays, and the wire, which is closed. Blocks for the moment that a SIGKILL takes. */
void launch_release(struct tractor_runtime *runtime, struct launched *launched);

#endif
