/* remains.h: what is left of a process that has panicked, until its report is written. */
#ifndef TRACTOR_SUPERVISOR_SHELL_REMAINS_H
#define TRACTOR_SUPERVISOR_SHELL_REMAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>
#include <tractor/crash.h>

#include "blackbox.h"
#include "deadline.h"
#include "death.h"
#include "inventory.h"
#include "loop.h"
#include "payload.h"
#include "recorder.h"
#include "router.h"

struct slot;
struct tractor_runtime;

struct remains {
	struct remains *next; /* of those that wait for their report, the oldest first */
	int64_t due_ns;	      /* then it waits no longer */
	struct slot *slot;
	struct tri_blackbox *box; /* NULL: it never came to be a process. The slot's, until all is decided */
	bool decided;
	pid_t pid;
	uint32_t incarnation;
	struct death death;
	int64_t now_ns; /* when it was dealt with */
	bool ready, killed_by_us;
	enum ladder ladder;
	char overrun[512];
	bool overran_cpu;
	struct panic before; /* which it may have been told of */
	struct recorder recorder;
	bool has_message; /* it had one in hand */
	struct router_message
		message; /* its payload is valid until remains_take() returns, or `payload`, or its parcel, which is held then */
	bool holds_parcel;
	uint8_t *payload;
	char message_name[2 * PAYLOAD_NAME_MAX]; /* "": it has none */
	uint64_t done;				 /* its state is as of then */
	bool has_state, state_missing;		 /* it has some; that could not be read */
	uint64_t state_at, state_bytes;		 /* where it is in the state's file */
	uint8_t *state;				 /* NULL: it was not read, yet */
	json_t *log_tail;			 /* NULL: there was no memory */
	unsigned restarts, restarts_in_window;
	const char *planned; /* static */
	char id[INVENTORY_ID_MAX];

	/* what was decided */
	struct tractor_verdict verdict;
	const char *action; /* static */
	json_t *siblings;   /* whom the strategy took along */

	json_t *report;	    /* NULL: not made yet, or there was no memory */
	uint8_t *recording; /* beside it; NULL: none */
	size_t recording_bytes;
};

/* Those that wait for their report, the oldest first. */
struct remains_line {
	struct remains *first, *last;
	struct alarm overdue; /* the first has waited for long enough */
};

tractor_err remains_open(struct tractor_runtime *runtime);
/*
 * Of the slot's process, which is dead; in_hand NULL: it had nothing. What belongs to the process, and does not outlive it, is taken: until the remains are freed or decided the slot's black box
 * must stay. NULL: no memory.
 */
struct remains *remains_take(struct slot *slot, const struct router_message *in_hand, const char *planned);
/* The report is made now, if it is not there: somebody wants to read it before all is decided. NULL: no memory. */
json_t *remains_report(struct remains *remains);
/* It is to be told in a report once the restart is over: takes the remains, and the slot's black box. */
void remains_decided(struct remains *remains, struct tractor_verdict verdict);
/* Its state, if it has any; as long as no successor may write there. False: it can't be had. */
bool remains_read_state(struct remains *remains);
/* Nobody wants to know any more. NULL is fine. */
void remains_free(struct remains *remains);
/* The core has done all it can at present: writes the reports that are in nobody's way now, or have waited for long enough. */
void remains_tick(struct tractor_runtime *runtime);
/* Writes all that wait. To be called before a slot goes, or what is said in a report of one becomes another: its spec, the messages it serves. */
void remains_tell(struct tractor_runtime *runtime);
/* The death as the policy sees it; points into the remains, which may be NULL, and the slot. */
struct tractor_crash remains_crash(
	const struct slot *slot, const struct remains *remains, const char *planned);

#endif
