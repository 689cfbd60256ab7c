/*
 * parcel.h: how a large payload goes: in a memfd of its own, which is sealed once the payload is in it, and then goes from hand to hand: from the sender to the supervisor, which holds it as long as the message waits, and
 * from there to the receiver, which maps it and reads it where it is. So it is written once and copied nowhere. Its frame goes as any other does, in its place; instead of the payload it has a note of it.
 *
 * A parcel that can't be made or handed over (no memory, no fd, no room in the socket, no socket) is no error: then the payload goes in its frame, by the link.
 */
#ifndef TRACTOR_ACTOR_PARCEL_H
#define TRACTOR_ACTOR_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <tractor/protocol.h>

#include "packet.h"

/* From here on it pays, also beside what an fd is worth: an ask and its answer take 100 us, by the link 100 to 200. */
#define TRI_PARCEL_MIN ((size_t)32 << 10)

/* With these nobody can change what is in it, nor its size. */
#define TRI_PARCEL_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

/* The payload of its frame, which has TRI_FLAG_PARCEL. The number is that of its fd at the socket (handed.h), rising. */
#define TRI_PARCEL_NOTE(FIELD) FIELD(uint64, number) FIELD(uint64, size_bytes)
TRACTOR_RECORD(tri_parcel_note, TRI_PARCEL_NOTE);
#define TRI_PARCEL_NOTE_BYTES 16 /* when encoded */

/* An actor's end of the socket. */
struct tri_parcels {
	int socket;    /* -1: there is none */
	uint64_t sent; /* the last number */
	bool has_lost; /* one could not be opened */
};

/* The two system calls that filling one takes; each as the C library's. */
struct tri_parcel_calls {
	ssize_t (*write)(int fd, const void *bytes, size_t size);
	int (*seal)(int fd, int seals);
};
/* Writes the value, which takes so many bytes, into a new memfd and seals it. False: the system refuses, errno says why. */
bool tri_parcel_fill(int fd, size_t size, const struct tractor_record *record, const void *value,
	const struct tri_parcel_calls *calls);

/* Whether a frame with that payload is to go in one. */
bool tri_parcel_suits(const struct tri_frame *frame, size_t payload_bytes);
/* Makes one of the value, and hands it over. False: it goes by the link. */
bool tri_parcel_send(struct tri_parcels *parcels, const struct tractor_record *record, const void *value,
	size_t payload_bytes, struct tri_parcel_note *ret_note);
/* Puts what the packet's note is of in the place of the note; it is there as long as the packet is, or who takes its owner over. False: there is no fd or no memory for it. */
bool tri_parcel_open(struct tri_parcels *parcels, struct tri_packet *packet);

#endif
