/*
 * frame.c: making and checking frame headers. Nothing of a peer's frame is believed before tri_frame_check() has looked at it; what it
 * finds wrong is returned with its reason and is for the caller to act on.
 */
#include "frame.h"

#include <string.h>

#include "why.h"

#define FLAGS_ALL                                                                                    \
	(TRI_FLAG_ASK | TRI_FLAG_TRY | TRI_FLAG_WANT_ACCEPT | TRI_FLAG_DELAYED | TRI_FLAG_BLOCKING | \
		TRI_FLAG_WAITING | TRI_FLAG_COMMITTED | TRI_FLAG_PARCEL | TRI_FLAG_DONE)

/* Whether a header says what one can, with so many bytes behind it. */
static tractor_err
check(const struct tri_frame *frame, size_t payload_bytes)
{
	if (frame->magic != TRI_FRAME_MAGIC)
		return tri_why(TRACTOR_EBADMSG, "not a frame: it begins with %08x", frame->magic);
	if (frame->version != TRI_FRAME_VERSION)
		return tri_why(
			TRACTOR_EBADMSG, "a frame of version %u, not %u", frame->version, TRI_FRAME_VERSION);
	if (frame->kind == TRI_FRAME_NONE || frame->kind >= TRI_FRAME_KIND_COUNT)
		return tri_why(TRACTOR_EBADMSG, "a frame of unknown kind %u", frame->kind);
	if (frame->flags & ~FLAGS_ALL)
		return tri_why(TRACTOR_EBADMSG, "a %s frame with unknown flags %04x",
			tri_frame_kind_name(frame->kind), frame->flags);
	if (frame->payload_bytes != payload_bytes || frame->payload_bytes > TRI_PAYLOAD_MAX)
		return tri_why(TRACTOR_EBADMSG,
			"a %s frame whose length lies: it says %u bytes of payload and has %zu",
			tri_frame_kind_name(frame->kind), frame->payload_bytes, payload_bytes);
	if (frame->err != TRACTOR_OK && !tri_err_is_known(frame->err))
		return tri_why(TRACTOR_EBADMSG, "a %s frame with unknown error %d",
			tri_frame_kind_name(frame->kind), frame->err);
	return TRACTOR_OK;
}

tractor_err
tri_frame_check(const void *bytes, size_t size_bytes, struct tri_frame *ret_frame)
{
	if (size_bytes < sizeof(*ret_frame))
		return tri_why(
			TRACTOR_EBADMSG, "a frame of %zu bytes is shorter than its header", size_bytes);
	memcpy(ret_frame, bytes, sizeof(*ret_frame));
	return check(ret_frame, size_bytes - sizeof(*ret_frame));
}

/* --- packed --- */

#define WORD_BYTES sizeof(uint64_t)
#define WORDS (sizeof(struct tri_frame) / WORD_BYTES)
#define WORDS_ALL (((1u << WORDS) - 1) & ~TRI_WORD(magic))
#define PACKED_MAGIC UINT32_C(0x5254) /* "TR" */

unsigned
tri_frame_words(const struct tri_frame *frame, unsigned left_out)
{
	/* Field by field, as they were written: the processor waits for a word that was written in parts. */
	unsigned words =
		(frame->err != 0 || frame->incarnation != 0 ? TRI_WORD(incarnation) : 0) |
		(frame->message != 0 ? TRI_WORD(message) : 0) | (frame->source != 0 ? TRI_WORD(source) : 0) |
		(frame->target != 0 ? TRI_WORD(target) : 0) |
		(frame->target_node != 0 ? TRI_WORD(target_node) : 0) |
		(frame->sequence != 0 ? TRI_WORD(sequence) : 0) |
		(frame->correlation != 0 ? TRI_WORD(correlation) : 0) |
		(frame->limit_ms != 0 ? TRI_WORD(limit_ms) : 0) | (frame->order != 0 ? TRI_WORD(order) : 0);

	return words & ~left_out;
}

void
tri_frame_pack(const struct tri_frame *frame, unsigned words, uint8_t *to)
{
	const uint64_t first = PACKED_MAGIC | (uint64_t)words << 16 | (uint64_t)frame->version << 32 |
			       (uint64_t)frame->kind << 40 | (uint64_t)frame->flags << 48;

	memcpy(to, &first, sizeof(first));
	for (unsigned left = words; left != 0; left &= left - 1) {
		to += WORD_BYTES;
		memcpy(to, (const uint8_t *)frame + (size_t)__builtin_ctz(left) * WORD_BYTES, WORD_BYTES);
	}
}

/* Reads no byte twice: who wrote them may be writing still. */
tractor_err
tri_frame_unpack(const void *bytes, size_t size_bytes, struct tri_frame *ret_frame, size_t *ret_header_bytes)
{
	const uint8_t *from = bytes;

	*ret_frame = (struct tri_frame){ .magic = 0 };
	if (size_bytes < TRI_PACKED_MIN)
		return tri_why(
			TRACTOR_EBADMSG, "a frame of %zu bytes is shorter than its header", size_bytes);
	memcpy(ret_frame, from, WORD_BYTES);
	unsigned words = ret_frame->magic >> 16;
	if ((ret_frame->magic & UINT16_MAX) != PACKED_MAGIC || (words & ~WORDS_ALL) != 0)
		return tri_why(TRACTOR_EBADMSG, "not a frame: it begins with %08x", ret_frame->magic);
	*ret_header_bytes = tri_packed_bytes(words);
	if (size_bytes < *ret_header_bytes)
		return tri_why(
			TRACTOR_EBADMSG, "a frame of %zu bytes is shorter than its header", size_bytes);
	size_t payload_bytes = size_bytes - *ret_header_bytes;
	for (unsigned left = words; left != 0; left &= left - 1) {
		from += WORD_BYTES;
		memcpy((uint8_t *)ret_frame + (size_t)__builtin_ctz(left) * WORD_BYTES, from, WORD_BYTES);
	}
	ret_frame->magic = TRI_FRAME_MAGIC;
	if ((words & TRI_WORD(order)) == 0)
		ret_frame->payload_bytes = (uint32_t)payload_bytes;
	return check(ret_frame, payload_bytes);
}

const char *
tri_frame_kind_name(unsigned kind)
{
	static const char *const names[TRI_FRAME_KIND_COUNT] = {
#define NAME(constant, name, sender) [constant] = name,
		TRI_FRAME_KINDS(NAME)
#undef NAME
	};

	return kind > TRI_FRAME_NONE && kind < TRI_FRAME_KIND_COUNT ? names[kind] : "?";
}
