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

/* Whether a header says what one can, of a frame of that size. */
static tractor_err
check(const struct tri_frame *frame, size_t size_bytes)
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
	if (frame->payload_bytes != size_bytes - sizeof(*frame) || frame->payload_bytes > TRI_PAYLOAD_MAX)
		return tri_why(TRACTOR_EBADMSG,
			"a %s frame whose length lies: it says %u bytes of payload and has %zu",
			tri_frame_kind_name(frame->kind), frame->payload_bytes, size_bytes - sizeof(*frame));
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
	return check(ret_frame, size_bytes);
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
