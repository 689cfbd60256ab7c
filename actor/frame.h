/*
 * frame.h: the one format of everything that crosses a process boundary: a fixed header, then a packed payload.
 * One frame is one nng message on the link, or one record in a lane, where its header is packed. Little-endian, as every machine that we run on is.
 */
#ifndef TRACTOR_ACTOR_FRAME_H
#define TRACTOR_ACTOR_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

#include "codec.h"

#define TRI_FRAME_MAGIC UINT32_C(0x31415254) /* "TRA1" */
#define TRI_FRAME_VERSION 1
#define TRI_WINDOW 16 /* messages that a process may have been handed ahead of the one it handles */

/*
 * Who sends each kind, and what of the header it uses beside the fixed part: X(constant, name, sender). An actor that has nothing but its link, in another language say, goes without the black box: its hello has
 * incarnation 0, the welcome's is what it is, and its done says what it has handled.
 */
#define TRI_FRAME_KINDS(X)                                                                                  \
	X(TRI_FRAME_HELLO, "hello", ACTOR)     /* payload: struct tri_hello */                              \
	X(TRI_FRAME_READY, "ready", ACTOR)     /* payload: struct tri_ready */                              \
	X(TRI_FRAME_SEND, "send", ACTOR)       /* target, message, correlation, limit_ms, flags, payload */ \
	X(TRI_FRAME_FORWARD, "forward", ACTOR) /* the same; sequence: the ask whose duty moves on */        \
	X(TRI_FRAME_REPLY, "reply", ACTOR)     /* sequence: the ask; err, payload */                        \
	X(TRI_FRAME_DONE, "done", ACTOR)       /* sequence: handled up to there; 0: see its box */          \
	X(TRI_FRAME_WAIT, "wait", ACTOR)       /* correlation: blocks now on this ask; 0: on none */        \
	X(TRI_FRAME_BYE, "bye", ACTOR)	       /* payload: struct tri_bye */                                \
	X(TRI_FRAME_MARK, "mark", ACTOR)       /* target, message: a bypass to there, correlation */        \
	X(TRI_FRAME_OWE, "owe", ACTOR)	       /* target: a bypass; else as the send that came by it */     \
	X(TRI_FRAME_LET_GO, "let go", ACTOR)   /* correlation: of a bypass; err: EREFUSED, it wants none */ \
	X(TRI_FRAME_WELCOME, "welcome", SUPERVISOR)   /* payload: struct tri_welcome */                     \
	X(TRI_FRAME_MESSAGE, "message", SUPERVISOR)   /* source, message, sequence, flags, payload */       \
	X(TRI_FRAME_DOWN, "down", SUPERVISOR)	      /* sequence; payload: struct tri_down */              \
	X(TRI_FRAME_ACCEPT, "accept", SUPERVISOR)     /* correlation, err */                                \
	X(TRI_FRAME_ANSWER, "answer", SUPERVISOR)     /* correlation, err, payload */                       \
	X(TRI_FRAME_STOP, "stop", SUPERVISOR)	      /* nothing */                                         \
	X(TRI_FRAME_INJECT, "inject", SUPERVISOR)     /* payload: struct tri_planned */                     \
	X(TRI_FRAME_MARKED, "marked", SUPERVISOR)     /* source, message, correlation: a mark came out */   \
	X(TRI_FRAME_BYPASS, "bypass", SUPERVISOR)     /* payload: struct tri_bypass_offer */                \
	X(TRI_FRAME_CLOSED, "closed", SUPERVISOR)     /* correlation: of a bypass */                        \
	X(TRI_FRAME_FAREWELL, "farewell", SUPERVISOR) /* nothing: all that came before bye was received */

enum tri_frame_kind {
	TRI_FRAME_NONE,
#define TRI_FRAME_CONSTANT(constant, name, sender) constant,
	TRI_FRAME_KINDS(TRI_FRAME_CONSTANT)
#undef TRI_FRAME_CONSTANT
		TRI_FRAME_KIND_COUNT
};

enum tri_frame_flag {
	TRI_FLAG_ASK = 1,	  /* an answer is expected */
	TRI_FLAG_TRY = 2,	  /* EFULL instead of waiting for room */
	TRI_FLAG_WANT_ACCEPT = 4, /* an ask that also wants to hear that it was accepted (async, try) */
	TRI_FLAG_DELAYED = 8,	  /* a tell that is due in limit_ms */
	TRI_FLAG_BLOCKING =
		16, /* the asker does nothing else until the answer: an edge of the wait-for graph */
	TRI_FLAG_WAITING =
		32, /* the sender does nothing else until it is taken over: another, while there is no room for it */
	TRI_FLAG_COMMITTED =
		64, /* a tell of a handler that has returned: where there is no room it waits, and its sender's death is no end of it */
	TRI_FLAG_PARCEL =
		128, /* a send, forward, reply, message or answer whose payload is a note of where it is: parcel.h */
	TRI_FLAG_DONE =
		256, /* a reply that its handler returned: so that message is done, and the black box need not be looked into */
};

struct tri_frame {
	uint32_t magic;
	uint8_t version;
	uint8_t kind;
	uint16_t flags;
	int32_t err; /* a tractor_err */
	uint32_t
		incarnation; /* of the actor at whose end of the link this is: the sender's upwards, the receiver's downwards */
	uint64_t message; /* the fingerprint of its schema; see schema.h */
	uint64_t
		source; /* downwards: who sent it. Upwards it is ignored: the sender is whose link it came from */
	uint64_t target; /* 0: the supervisor itself */
	uint32_t target_node;
	uint32_t reserved;
	uint64_t
		sequence; /* of a delivered message, within its receiver's slot: 1, 2, ... across incarnations */
	uint64_t correlation; /* of a sent one, within its sender's incarnation: 1, 2, ... */
	int64_t limit_ms;     /* how long this may take; negative: no limit */
	uint32_t payload_bytes;
	uint32_t
		order; /* among those with one that went this way over lane and link together: 1, 2, ...; 0: as it comes */
};

_Static_assert(sizeof(struct tri_frame) == 80, "the header's layout is the wire's: no padding");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "frames are little-endian and copied as they are");

/* A header of that kind, all else 0. */
static inline struct tri_frame
tri_frame(enum tri_frame_kind kind)
{
	return (struct tri_frame){
		.magic = TRI_FRAME_MAGIC, .version = TRI_FRAME_VERSION, .kind = (uint8_t)kind
	};
}

/*
 * Copies the header out of a whole frame of `size_bytes` as it came from a peer, who may write there still, and checks the copy. The payload is what follows the header.
 * TRACTOR_EBADMSG: too short, wrong magic or version, unknown kind, an error number or flags that are not ours, a length that lies;
 * tractor_why() says which.
 */
tractor_err tri_frame_check(const void *bytes, size_t size_bytes, struct tri_frame *ret_frame);

/* Whether a tick of the clock makes a difference to its limit, some ms to one of less than a second. */
static inline bool
tri_frame_is_urgent(const struct tri_frame *frame)
{
	return frame->limit_ms >= 0 && frame->limit_ms < 1000;
}

/*
 * In a lane the header is packed: there are only those of its words that are not 0, behind the first, which says which they are. What a short message costs most is to get the lines of the cache that it lies in from one
 * processor to another, so the fewer the better: a tell of 64 bytes takes one and a half of them so, and two and a half as it is.
 *
 * Packed, the first word has the bits of the others' numbers and half a magic in the place of the magic; the last is there if there is an order, for how long the payload is says the frame's size.
 */
#define TRI_PACKED_MIN 8 /* bytes of a header */
#define TRI_WORD(field) (1u << (offsetof(struct tri_frame, field) / sizeof(uint64_t)))
/* What a send says of its two ends, where there is one sender and one receiver only. */
#define TRI_WORDS_ADDRESS (TRI_WORD(incarnation) | TRI_WORD(target) | TRI_WORD(target_node))
/* What it says of its answer: nothing to who is told, and has room for it. */
#define TRI_WORDS_LIMIT (TRI_WORD(correlation) | TRI_WORD(limit_ms))

/* Which words are to be there: all that say something, but for `left_out`. */
unsigned tri_frame_words(const struct tri_frame *frame, unsigned left_out);
/* The bytes of a header with these words. Counted by pairs, fours, eights: not every processor that we run on has an instruction for it. */
static inline size_t
tri_packed_bytes(unsigned words)
{
	words -= words >> 1 & 0x5555;
	words = (words & 0x3333) + (words >> 2 & 0x3333);
	words = (words + (words >> 4)) & 0x0f0f;
	return sizeof(uint64_t) * (1 + (words & 0xff) + (words >> 8));
}
/* Writes so many; `to` needs no alignment. */
void tri_frame_pack(const struct tri_frame *frame, unsigned words, uint8_t *to);
/* As tri_frame_check(), of one whose header is packed; *ret_header_bytes are before its payload. */
tractor_err tri_frame_unpack(
	const void *bytes, size_t size_bytes, struct tri_frame *ret_frame, size_t *ret_header_bytes);

/* The order of the frame behind the one that has this; 0 is none, also after 2^32 of them. */
static inline uint32_t
tri_frame_order_after(uint32_t order)
{
	return order == UINT32_MAX ? 1 : order + 1;
}

/* The kind's name; static; "?" for none of ours. */
const char *tri_frame_kind_name(unsigned kind);

#endif
