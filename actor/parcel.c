/*
 * parcel.c: an actor's parcels: wrapping and opening. What it is sent comes from its supervisor, which has looked at it. One thread.
 */
#include "parcel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "filesize.h"
#include "handed.h"

bool
tri_parcel_suits(const struct tri_frame *frame, size_t payload_bytes)
{
	bool carries = frame->kind == TRI_FRAME_REPLY || frame->kind == TRI_FRAME_FORWARD ||
		       (frame->kind == TRI_FRAME_SEND && frame->target != 0);

	return carries && payload_bytes >= TRI_PARCEL_MIN && payload_bytes <= TRI_PAYLOAD_MAX;
}

/* --- sending --- */

struct filling {
	int fd;
	const struct tri_parcel_calls *calls;
};

/* Written, not mapped: new pages come cheaper so. */
static bool
write_piece(void *arg, const void *bytes, size_t size)
{
	const struct filling *filling = arg;

	for (size_t put = 0; put < size;) {
		ssize_t some = filling->calls->write(filling->fd, (const uint8_t *)bytes + put, size - put);
		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return false;
		put += (size_t)some;
	}
	return true;
}

bool
tri_parcel_fill(int fd, size_t size, const struct tractor_record *record, const void *value,
	const struct tri_parcel_calls *calls)
{
	struct filling filling = { .fd = fd, .calls = calls };

	return tri_file_may_have(size) &&
	       tri_encode_in_pieces(record, value, write_piece, &filling) == TRACTOR_OK &&
	       calls->seal(fd, TRI_PARCEL_SEALS | F_SEAL_SEAL) == 0;
}

static int
seal(int fd, int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals);
}

bool
tri_parcel_send(struct tri_parcels *parcels, const struct tractor_record *record, const void *value,
	size_t payload_bytes, struct tri_parcel_note *ret_note)
{
	static const struct tri_parcel_calls calls = { .write = write, .seal = seal };

	if (parcels->socket < 0)
		return false;
	int fd = memfd_create("tractor-parcel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return false;
	bool given = tri_parcel_fill(fd, payload_bytes, record, value, &calls) &&
		     tri_handed_give(parcels->socket, parcels->sent + 1, fd);
	close(fd);
	if (!given)
		return false;
	*ret_note = (struct tri_parcel_note){ .number = ++parcels->sent, .size_bytes = payload_bytes };
	return true;
}

/* --- receiving --- */

struct mapping {
	void *bytes;
	size_t size;
};

static void
unmap(void *owner)
{
	struct mapping *mapping = owner;

	munmap(mapping->bytes, mapping->size);
	free(mapping);
}

/* Privately: a shared map of what is sealed against writing old kernels refuse, though it be only to read. */
static struct mapping *
map_parcel(struct tri_parcels *parcels, const struct tri_parcel_note *note)
{
	int fd;
	struct mapping *mapping = malloc(sizeof(*mapping));

	if (!mapping || !tri_handed_take(parcels->socket, note->number, &fd, 1)) {
		free(mapping);
		return NULL;
	}
	mapping->size = note->size_bytes;
	mapping->bytes = mmap(NULL, mapping->size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (mapping->bytes != MAP_FAILED)
		return mapping;
	free(mapping);
	return NULL;
}

bool
tri_parcel_open(struct tri_parcels *parcels, struct tri_packet *packet)
{
	struct tri_arena none = { 0 };
	struct tri_parcel_note note;

	if (tri_decode(&tri_record_tri_parcel_note, packet->payload, packet->frame.payload_bytes, &none,
		    &note) != TRACTOR_OK)
		return false;
	struct mapping *mapping = map_parcel(parcels, &note);
	parcels->has_lost = !mapping;
	if (!mapping)
		return false;
	if (packet->release)
		packet->release(packet->owner);
	packet->release = unmap;
	packet->owner = mapping;
	packet->payload = mapping->bytes;
	packet->frame.payload_bytes = (uint32_t)mapping->size;
	packet->frame.flags &= (uint16_t)~TRI_FLAG_PARCEL;
	return true;
}
