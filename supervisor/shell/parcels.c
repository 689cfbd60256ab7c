/*
 * parcels.c: large payloads, in memfds that go through us from hand to hand (actor/parcel.h). Each that comes is looked at before anything is made of it: one that somebody could still change, or is not as large as is said, ends
 * who sent it. Sealed as it is it can be mapped, and read where it is, by us and by whoever we hand its fd on to; it is held as long as its message waits, and ended with the last that holds it.
 *
 * An fd is worth something, so there is a bound on those of a sender, and on all by how many we may have; who keeps what goes beyond that copies it, as if it had come by the link. What can't be handed on goes by the link. One
 * that came in the place of the fd in reserve (handover.h) is only a map from then on. What the host has no memory for is refused: its sender is told.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor_process.h"
#include "handover.h"
#include "parcel.h"
#include "runtime.h"
#include "slot.h"
#include "sys.h"
#include "why.h"

#define HELD_MAX \
	32 /* of a sender: with a MiB in each that is half of what it may have waiting at one actor */

/* There as long as something of its is held. */
struct parcel_sender {
	struct table_entry by_id;
	size_t count;
};

struct shell_parcel {
	struct parcel parcel; /* first: the router knows that */
	struct parcels *parcels;
	struct parcel_sender *sender;
	struct parcel *outer; /* heard, and not put down yet */
	int fd;		      /* -1: there was no place for it */
};

tractor_err
parcels_open(struct parcels *parcels, struct handover *handover)
{
	parcels->handover = handover;
	return table_init(&parcels->senders);
}

void
parcels_close(struct parcels *parcels)
{
	table_free(&parcels->senders);
}

/* --- whose they are --- */

static struct parcel_sender *
find_sender(const struct parcels *parcels, uint64_t id)
{
	return (struct parcel_sender *)table_find(&parcels->senders, id, 0);
}

static size_t
count_of(const struct parcels *parcels, uint64_t id)
{
	const struct parcel_sender *sender = find_sender(parcels, id);

	return sender ? sender->count : 0;
}

/* One more of that sender's. NULL: no memory. */
static struct parcel_sender *
count_one(struct parcels *parcels, uint64_t id)
{
	struct parcel_sender *sender = find_sender(parcels, id);

	if (!sender) {
		sender = calloc(1, sizeof(*sender));
		if (!sender)
			return NULL;
		table_add(&parcels->senders, &sender->by_id, id, 0);
	}
	sender->count++;
	return sender;
}

static void
count_one_less(struct parcels *parcels, struct parcel_sender *sender)
{
	if (--sender->count > 0)
		return;
	table_remove(&parcels->senders, &sender->by_id);
	free(sender);
}

/* --- one, from the first who holds it to the last --- */

static void
end(struct parcel *parcel)
{
	struct shell_parcel *ended = (struct shell_parcel *)parcel;

	count_one_less(ended->parcels, ended->sender);
	munmap((void *)parcel->bytes, parcel->size);
	if (ended->fd >= 0)
		handover_close_fd(ended->parcels->handover, ended->fd);
	free(ended);
}

/* Takes the fd, also in vain. NULL: no memory. The caller holds it. */
static struct shell_parcel *
new_parcel(struct parcels *parcels, uint64_t sender, int fd, size_t size)
{
	struct shell_parcel *made = malloc(sizeof(*made));
	void *map = made ? sys.map_sealed(fd, size) : MAP_FAILED;
	struct parcel_sender *whose = map != MAP_FAILED ? count_one(parcels, sender) : NULL;

	if (whose) {
		*made = (struct shell_parcel){
			.parcel = { .holders = 1, .bytes = map, .size = size, .end = end },
			.parcels = parcels,
			.sender = whose,
			.fd = fd
		};
		return made;
	}
	if (map != MAP_FAILED)
		munmap(map, size);
	free(made);
	handover_close_fd(parcels->handover, fd);
	return NULL;
}

/* The lowest number that is free is what an fd gets, so its own says how many there are: the last quarter is for processes. */
static bool
are_fds_scarce(int fd)
{
	struct rlimit limit;

	return sys.files_limit(&limit) == 0 && (rlim_t)fd >= limit.rlim_cur - limit.rlim_cur / 4;
}

/* --- those that come --- */

/* As much as a page may have behind the end of what is in it, be it a huge one. */
static uint64_t
slack_bytes(void)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return page * (page / sizeof(void *));
}

/* That no part is missing says that looking at it takes no memory of ours, and can't fail; what it has beyond that, that keeping it costs what its sender's share says. How much it has says nothing of where. */
static tractor_err
check_memory(int fd, uint64_t size, uint64_t has)
{
	off_t whole = sys.seek_hole(fd);

	if (whole < 0)
		return TRACTOR_ENOMEM;
	if ((uint64_t)whole < size)
		return tri_why(TRACTOR_EBADMSG, "a parcel of which a part is missing");
	if (has > size + slack_bytes())
		return tri_why(TRACTOR_EBADMSG, "a parcel with more memory than is in it");
	return TRACTOR_OK;
}

/* That it is sealed says that it is a memfd. */
static tractor_err
check(int fd, const struct tri_parcel_note *note)
{
	struct stat about;
	int seals = sys.seals(fd);

	if (seals < 0 || (seals & TRI_PARCEL_SEALS) != TRI_PARCEL_SEALS)
		return tri_why(TRACTOR_EBADMSG, "a parcel that is not sealed");
	if (sys.fstat(fd, &about) < 0)
		return TRACTOR_ENOMEM;
	if (note->size_bytes < TRI_PARCEL_MIN || note->size_bytes > TRI_PAYLOAD_MAX ||
		(uint64_t)about.st_size != note->size_bytes ||
		(uint64_t)about.st_blocks * 512 < note->size_bytes)
		return tri_why(TRACTOR_EBADMSG, "a parcel whose size lies: it says %llu bytes and has %llu",
			(unsigned long long)note->size_bytes, (unsigned long long)about.st_size);
	return check_memory(fd, note->size_bytes, (uint64_t)about.st_blocks * 512);
}

static tractor_err
read_note(const struct tri_frame *frame, const uint8_t *payload, struct tri_parcel_note *ret_note)
{
	struct tri_arena none = { 0 };
	bool carries = frame->kind == TRI_FRAME_SEND || frame->kind == TRI_FRAME_FORWARD ||
		       frame->kind == TRI_FRAME_REPLY;

	if (carries && tri_decode(&tri_record_tri_parcel_note, payload, frame->payload_bytes, &none,
			       ret_note) == TRACTOR_OK)
		return TRACTOR_OK;
	return tri_why(
		TRACTOR_EBADMSG, "a %s frame with a bad note of a parcel", tri_frame_kind_name(frame->kind));
}

tractor_err
parcel_open(struct slot *slot, struct tri_frame *frame, const uint8_t **payload)
{
	struct parcels *parcels = &slot->runtime->parcels;
	struct tri_parcel_note note = { .number = 0 };
	int fd = -1;
	tractor_err err = read_note(frame, *payload, &note);

	frame->flags &= (uint16_t)~TRI_FLAG_PARCEL;
	frame->payload_bytes = 0;
	if (err == TRACTOR_OK)
		err = handover_take(parcels->handover, slot->socket, note.number, &fd);
	if (err != TRACTOR_OK)
		return err;
	if ((err = check(fd, &note)) != TRACTOR_OK) {
		handover_close_foreign(parcels->handover, fd);
		return err;
	}
	struct shell_parcel *parcel = new_parcel(parcels, slot->node->id, fd, note.size_bytes);
	if (!parcel)
		return TRACTOR_ENOMEM;
	handover_keep(parcels->handover, &parcel->fd);
	parcel->outer = parcels->heard;
	parcels->heard = &parcel->parcel;
	*payload = parcel->parcel.bytes;
	frame->payload_bytes = (uint32_t)note.size_bytes;
	return TRACTOR_OK;
}

struct parcel *
parcel_heard(const struct tractor_runtime *runtime, const uint8_t *payload)
{
	struct parcel *heard = runtime->parcels.heard;

	return heard && heard->bytes == payload ? heard : NULL;
}

struct parcel *
parcel_to_hold(const struct tractor_runtime *runtime, const uint8_t *payload)
{
	struct parcel *heard = parcel_heard(runtime, payload);
	const struct shell_parcel *parcel = (const struct shell_parcel *)heard;
	bool copies =
		!heard || parcel->fd < 0 || parcel->sender->count > HELD_MAX || are_fds_scarce(parcel->fd);

	return copies ? NULL : heard;
}

void
parcel_put_down(struct tractor_runtime *runtime)
{
	struct parcel *heard = runtime->parcels.heard;

	runtime->parcels.heard = ((struct shell_parcel *)heard)->outer;
	parcel_let_go(heard);
}

/* --- our own --- */

struct parcel *
parcel_make(struct tractor_runtime *runtime, uint64_t sender, const struct tractor_record *record,
	const void *value, size_t size)
{
	struct parcels *parcels = &runtime->parcels;
	bool is_worth_it = size >= TRI_PARCEL_MIN && count_of(parcels, sender) < HELD_MAX;
	int fd = is_worth_it ? sys.memfd("tractor-parcel", MFD_ALLOW_SEALING) : -1;

	if (fd < 0)
		return NULL;
	const struct tri_parcel_calls calls = { .write = sys.write, .seal = sys.seal };
	if (are_fds_scarce(fd) || !tri_parcel_fill(fd, size, record, value, &calls)) {
		sys.close(fd);
		return NULL;
	}
	struct shell_parcel *made = new_parcel(parcels, sender, fd, size);
	return made ? &made->parcel : NULL;
}

/* --- handing on --- */

static bool
hand_on(struct slot *slot, const struct parcel *parcel, struct tri_parcel_note *ret_note)
{
	uint64_t number = slot->runtime->parcels.handed_on + 1;
	int fd = ((const struct shell_parcel *)parcel)->fd;

	if (fd < 0 || slot->socket < 0 || slot->dead || *slot->violation || !wire_uses_lanes(slot->wire) ||
		sys.send_fds(slot->socket, number, &fd, 1) < 0)
		return false;
	slot->runtime->parcels.handed_on = number;
	*ret_note = (struct tri_parcel_note){ .number = number, .size_bytes = parcel->size };
	return true;
}

void
parcel_send(struct slot *slot, struct tri_frame *frame, const struct parcel *parcel)
{
	struct tri_parcel_note note;
	uint8_t payload[TRI_PARCEL_NOTE_BYTES];
	size_t used;

	if (!hand_on(slot, parcel, &note)) {
		slot_send(slot, frame, parcel->bytes, parcel->size);
		return;
	}
	frame->flags |= TRI_FLAG_PARCEL;
	tri_encode(&tri_record_tri_parcel_note, &note, payload, sizeof(payload), &used);
	slot_send(slot, frame, payload, used);
}
