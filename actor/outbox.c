/*
 * outbox.c: records in two banks. The writes are plain stores in an order that a death between any two of them leaves readable: a record, then the bank's end. Allocates nothing; what does
 * not fit is the caller's affair.
 */
#include "outbox.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "blackbox.h"
#include "why.h"

#define PAGE_BYTES 4096u
#define TURN_BYTES \
	(64u << 10) /* a bank that has grown beyond this gives way to the other, so that few pages are in use */
#define KEPT_BYTES (1u << 20) /* pages beyond this go back to the system when the bank is begun anew */

static uint8_t *
bank(const struct tri_outbox_end *outbox, unsigned which)
{
	return outbox->box->outbox.bank[which];
}

void
tri_outbox_open(struct tri_outbox_end *outbox, struct tri_blackbox *box, struct tri_parcels *parcels)
{
	*outbox = (struct tri_outbox_end){ .box = box, .parcels = parcels };
}

static size_t
rounded(size_t size_bytes)
{
	return (size_bytes + 7) & ~(size_t)7;
}

static bool
is_heard(const struct tri_outbox_end *outbox, unsigned which)
{
	return atomic_load_explicit(&outbox->box->heard, memory_order_relaxed) >= outbox->last[which];
}

static void
begin_anew(struct tri_outbox_end *outbox, unsigned which)
{
	_Atomic uint64_t *published = &outbox->box->published[which];
	uint64_t end = atomic_load_explicit(published, memory_order_relaxed);

	atomic_store_explicit(published, 0, memory_order_relaxed);
	/* The kernel kills between two instructions, not between two caches. */
	atomic_signal_fence(memory_order_seq_cst);
	if (end > KEPT_BYTES) /* where it fails, they stay */
		madvise(bank(outbox, which) + KEPT_BYTES, end - KEPT_BYTES, MADV_REMOVE);
}

/* Before the first of what will be held: where it costs nothing that somebody may need still. */
static void
choose_bank(struct tri_outbox_end *outbox)
{
	unsigned other = !outbox->now;

	/* What is heard is written by the supervisor, so to look costs more than a record does; one page is in use in any case. */
	if (outbox->at > PAGE_BYTES && is_heard(outbox, outbox->now)) {
		begin_anew(outbox, outbox->now);
	} else if (outbox->at > TURN_BYTES && is_heard(outbox, other)) {
		begin_anew(outbox, other);
		outbox->now = other;
	} else {
		return;
	}
	outbox->at = outbox->first = 0;
}

static bool
goes_in_parcel(const struct tri_outbox_end *outbox, const struct tri_frame *frame, size_t payload_bytes)
{
	return outbox->parcels && outbox->held < TRI_HELD_MAX && tri_parcel_suits(frame, payload_bytes);
}

static tractor_err
hold(struct tri_outbox_end *outbox, const struct tri_frame *frame, const struct tractor_record *record,
	const void *value, size_t payload_bytes)
{
	struct tri_outbox_record head = { .number = 0 };
	tractor_err err = TRACTOR_OK;
	size_t used = 0;

	if (outbox->held == 0)
		choose_bank(outbox);
	head.size_bytes = sizeof(*frame) + payload_bytes;
	if (outbox->held == TRI_HELD_MAX ||
		outbox->at + sizeof(head) + rounded(head.size_bytes) > TRI_BANK_BYTES)
		return tri_why(TRACTOR_EFULL,
			"a handler of a durable actor may send %d messages and %u MiB, and these were sent",
			TRI_HELD_MAX, TRI_BANK_BYTES >> 20);
	uint8_t *to = bank(outbox, outbox->now) + outbox->at;
	struct tri_frame sized = *frame;
	sized.payload_bytes = (uint32_t)payload_bytes;
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), &sized, sizeof(sized));
	if (record)
		err = tri_encode(record, value, to + sizeof(head) + sizeof(sized), payload_bytes, &used);
	if (err != TRACTOR_OK)
		return err;
	outbox->at += sizeof(head) + rounded(head.size_bytes);
	outbox->held++;
	return TRACTOR_OK;
}

tractor_err
tri_outbox_hold(struct tri_outbox_end *outbox, const struct tri_frame *frame,
	const struct tractor_record *record, const void *value)
{
	struct tri_parcel_note note;
	size_t payload_bytes = 0;
	tractor_err err = record ? tri_encoded_size(record, value, &payload_bytes) : TRACTOR_OK;

	if (err != TRACTOR_OK)
		return err;
	if (!goes_in_parcel(outbox, frame, payload_bytes) ||
		!tri_parcel_send(outbox->parcels, record, value, payload_bytes, &note))
		return hold(outbox, frame, record, value, payload_bytes);
	struct tri_frame noted = *frame;
	noted.flags |= TRI_FLAG_PARCEL;
	return hold(outbox, &noted, &tri_record_tri_parcel_note, &note, TRI_PARCEL_NOTE_BYTES);
}

static struct tri_outbox_record
record_at(const uint8_t *bank, uint64_t at)
{
	struct tri_outbox_record record;

	memcpy(&record, bank + at, sizeof(record));
	return record;
}

static uint64_t
behind(uint64_t at, const struct tri_outbox_record *record)
{
	return at + sizeof(*record) + rounded(record->size_bytes);
}

void
tri_outbox_publish(struct tri_outbox_end *outbox, uint64_t sequence)
{
	uint8_t *written = bank(outbox, outbox->now);
	uint64_t number = atomic_load_explicit(&outbox->box->sent, memory_order_relaxed);

	for (uint64_t at = outbox->first; at < outbox->at;) {
		struct tri_outbox_record record = record_at(written, at);
		record.number = ++number;
		record.sequence = sequence;
		memcpy(written + at, &record, sizeof(record));
		at = behind(at, &record);
	}
	outbox->last[outbox->now] = number;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&outbox->box->published[outbox->now], outbox->at, memory_order_release);
}

const void *
tri_outbox_take(struct tri_outbox_end *outbox, size_t *ret_size_bytes)
{
	const uint8_t *from = bank(outbox, outbox->now);

	if (outbox->first == outbox->at) {
		/* What was sent without being published is no record. */
		outbox->at = outbox->first =
			atomic_load_explicit(&outbox->box->published[outbox->now], memory_order_relaxed);
		outbox->held = 0;
		return NULL;
	}
	struct tri_outbox_record record = record_at(from, outbox->first);
	const void *frame = from + outbox->first + sizeof(record);
	outbox->first = behind(outbox->first, &record);
	*ret_size_bytes = record.size_bytes;
	return frame;
}

/* The bank that was begun first has the lower numbers. One that is empty is not looked at. */
static unsigned
older_bank(const struct tri_blackbox *box)
{
	const struct tri_outbox *outbox = &box->outbox;

	return atomic_load(&box->published[0]) > 0 && atomic_load(&box->published[1]) > 0 &&
	       record_at(outbox->bank[0], 0).number > record_at(outbox->bank[1], 0).number;
}

/* True if there is one at `at` that ends before the end does. */
static bool
fits(uint64_t at, uint64_t end, const struct tri_outbox_record *record)
{
	return record->size_bytes >= sizeof(struct tri_frame) && record->size_bytes <= TRI_BANK_BYTES &&
	       behind(at, record) <= end;
}

bool
tri_outbox_read(const struct tri_blackbox *box, struct tri_outbox_place *place,
	struct tri_outbox_record *ret_record, const void **ret_frame)
{
	if (place->banks == 0 && place->at == 0)
		place->first = older_bank(box); /* once: which it is may change while it is written */
	for (; place->banks < 2; place->banks++, place->at = 0) {
		unsigned which = place->banks == 0 ? place->first : !place->first;
		const uint8_t *from = box->outbox.bank[which];
		uint64_t end = atomic_load(&box->published[which]), at = place->at;
		if (end > TRI_BANK_BYTES || at + sizeof(*ret_record) > end)
			continue;
		struct tri_outbox_record record = record_at(from, at);
		if (!fits(at, end, &record))
			continue;
		*ret_record = record;
		*ret_frame = from + at + sizeof(record);
		place->at = behind(at, &record);
		return true;
	}
	return false;
}
