/*
 * outbox.h: what an actor has said and its supervisor may not have heard: frames, in the black box, so that they survive the process.
 *
 * nng drops what a dying process had written and nobody had read, so a reply is put in here before its message is done. A durable actor's handler puts in here all that it tells, forwards and
 * replies, and sends nothing: with `done` its state, its sends and "handled" become true in one store. After that store they are sent as any frame is; what had not been heard when the
 * process died the supervisor takes from here. A record counts once its message is done; before that it never was.
 *
 * Two banks, written by turns: one is begun anew once all that it held is heard. They are holes in the memfd until something is written.
 */
#ifndef TRACTOR_ACTOR_OUTBOX_H
#define TRACTOR_ACTOR_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "parcel.h"

#define TRI_BANK_BYTES (32u << 20) /* what one handler may send; parcels not counted */
#define TRI_HELD_MAX 512	   /* sends of one handler: half of what may wait for room at one actor */

struct tri_outbox_record {
	uint64_t
		number; /* of the frame among all that the process sends: what the black box's `heard` counts */
	uint64_t sequence; /* the message whose handler said it; true once that is done */
	uint64_t size_bytes;
	/* then the frame, of that size, and what is missing to 8 bytes */
};

/* On pages of its own: what one bank gives back is no part of the other. Where the records of each end is in the black box's first page, so that nobody touches an empty outbox to see that it is. */
struct tri_outbox {
	_Alignas(4096) uint8_t bank[2][TRI_BANK_BYTES];
};

struct tri_blackbox;

/* --- the actor's end --- */

struct tri_outbox_end {
	struct tri_blackbox *box;
	unsigned now;	  /* the bank that is written */
	uint64_t at;	  /* where the next record goes */
	uint64_t first;	  /* the first that is not sent; == at: all are */
	unsigned held;	  /* how many that are */
	uint64_t last[2]; /* in each bank: the highest number, which when heard makes it free */
	struct tri_parcels *
		parcels; /* in which goes what is large; its fd is at the supervisor's then, also if its record never counts. NULL: there are none */
};

void tri_outbox_open(struct tri_outbox_end *outbox, struct tri_blackbox *box, struct tri_parcels *parcels);

/*
 * Puts a frame in, with `value` (a struct of `record`; NULL: none) as its payload. It is nothing yet. TRACTOR_EFULL: no more fits, or TRI_HELD_MAX are held; TRACTOR_EINVAL: too large, or can't
 * be encoded. Then nothing was put in.
 */
tractor_err tri_outbox_hold(struct tri_outbox_end *outbox, const struct tri_frame *frame,
	const struct tractor_record *record, const void *value);

/* What is held counts from the moment that `sequence` is done. To be sent right then, before any other frame. */
void tri_outbox_publish(struct tri_outbox_end *outbox, uint64_t sequence);

/* The next frame to be sent, of all that is held; valid until the next call. NULL: no more, and nothing is held. */
const void *tri_outbox_take(struct tri_outbox_end *outbox, size_t *ret_size_bytes);

/* --- the supervisor's end --- */

/* A place in an outbox; all zero: before the first record. */
struct tri_outbox_place {
	unsigned banks; /* looked through */
	unsigned first; /* of them, as it was when that began */
	uint64_t at;
};

/*
 * The next published record of a dead process, and where its frame is; false: no more. A record that can't be one ends its bank: what is in here was written by a process that may have been
 * going wrong, and a child of its may be writing still. The record is a copy; the frame is not, and is to be checked.
 */
bool tri_outbox_read(const struct tri_blackbox *box, struct tri_outbox_place *place,
	struct tri_outbox_record *ret_record, const void **ret_frame);

#endif
