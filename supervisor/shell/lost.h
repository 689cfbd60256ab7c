/*
 * lost.h: messages that no handler will see, as far as they are kept for somebody to look at: dead letters, the last ones and shortened; and those in quarantine, whole, so that they can be sent again.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_LOST_H
#define TRACTOR_SUPERVISOR_SHELL_LOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

#include "payload.h"

#define LOST_KEPT 100		      /* of either kind */
#define LOST_DEAD_BYTES 4096	      /* of a dead letter's payload: one that is longer is kept without */
#define LOST_POISON_BYTES (64u << 20) /* of all payloads in quarantine together */
#define LOST_ID_BYTES 128

struct lost_letter {
	struct lost_letter *next; /* the next newer one */
	unsigned number;	  /* which it is called by */
	int64_t time_ms;
	char *path;   /* whom it was for */
	char *sender; /* NULL: a program or a command */
	char message[2 * PAYLOAD_NAME_MAX];
	uint64_t target, fingerprint, digest;
	bool ask;
	tractor_err why;
	char crashes[2][LOST_ID_BYTES]; /* the reports of what it is in quarantine for; "": none known */
	size_t payload_bytes;
	const uint8_t *payload; /* NULL: it was too long to be kept */
	struct parcel *parcel;	/* that it is in, and which is held; NULL: it is a copy */
};

struct lost_list {
	struct lost_letter *first; /* the oldest */
	size_t count, bytes;
	uint64_t total;
};

struct lost {
	struct lost_list dead, poison;
	unsigned last_number;
};

struct router_message;
struct tractor_runtime;

/* Keep a copy, or hold the parcel; for want of memory it isn't kept, and counted all the same. `name`: the message's, "counter.increment". */
void lost_bury(struct tractor_runtime *runtime, const struct router_message *message, const char *name,
	tractor_err why);
/* The same for one that was in hand at two crashes; what has no room any more, the oldest, goes, and an event says so. False: there was no memory for it. */
bool lost_quarantine(struct tractor_runtime *runtime, const struct router_message *message, const char *name);

/* The one in quarantine of that number; NULL: there is none. */
struct lost_letter *lost_find_poison(const struct lost *lost, unsigned number);
/* It leaves quarantine; one that isn't there any more is fine. */
void lost_forget_poison(struct lost *lost, unsigned number);
void lost_free(struct lost *lost);

#endif
