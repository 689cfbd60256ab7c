/* parcels.h: large payloads, in memfds that go from hand to hand. */
#ifndef TRACTOR_SUPERVISOR_SHELL_PARCELS_H
#define TRACTOR_SUPERVISOR_SHELL_PARCELS_H

#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

#include "table.h"

struct handover;
struct parcel;
struct slot;
struct tractor_record;
struct tractor_runtime;
struct tri_frame;

struct parcels {
	struct handover *handover; /* the runtime's */
	struct table senders;	   /* struct parcel_sender: of whom something is held */
	struct parcel *heard;	   /* the last one opened and not put down; NULL: none */
	uint64_t handed_on;	   /* the number of the last */
};

tractor_err parcels_open(struct parcels *parcels, struct handover *handover); /* ENOMEM */
/* Once nobody holds any. */
void parcels_close(struct parcels *parcels);

/*
 * The frame has TRI_FLAG_PARCEL: then it is as if it had come with the payload that its note is of, until parcel_put_down(). EBADMSG: it is a lie, which tractor_why() names; ENOMEM: the host has no memory for it, or in spite of
 * handover.h no fd. After either the frame has no payload, and nothing is to be put down.
 */
tractor_err parcel_open(struct slot *slot, struct tri_frame *frame, const uint8_t **payload);
void parcel_put_down(struct tractor_runtime *runtime);
/* The parcel that this payload is in, of a frame that is being heard; NULL: it is in none. */
struct parcel *parcel_heard(const struct tractor_runtime *runtime, const uint8_t *payload);
/* The same for who keeps it: NULL, too, if so many of the sender's are kept already that it is to be copied. */
struct parcel *parcel_to_hold(const struct tractor_runtime *runtime, const uint8_t *payload);
/* One of this program's own, which the caller holds. NULL: it isn't worth one, or there is no room for it. */
struct parcel *parcel_make(struct tractor_runtime *runtime, uint64_t sender,
	const struct tractor_record *record, const void *value, size_t size);
/* As slot_send(), with that for its payload: its fd, where the process takes one. */
void parcel_send(struct slot *slot, struct tri_frame *frame, const struct parcel *parcel);

#endif
