/*
 * recording.h: what a crash can be played again from: the program, what it was started with, what it was told of itself, the state as it was before the message in hand, that message, and what it
 * was answered on the way. One file beside the crash's report; a bundle is the same with the report in it.
 *
 * The file: a head, the struct recording_about as the codec packs it, the message's payload, the state. Its checksum finds what was damaged; who means harm can make one that is right, so nothing in it
 * is believed.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_RECORDING_H
#define TRACTOR_SUPERVISOR_SHELL_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "control.h"

#define RECORDING_SUFFIX ".recording" /* of its file, behind the crash's id */
#define RECORDING_ANSWERS_MAX \
	(1u << 20) /* bytes of what is kept of answers: some thousand of ordinary ones */
#define RECORDING_MESSAGE_MAX (16u << 20) /* bytes of a payload: it is written in one go ... */
#define RECORDING_STATE_MAX (16u << 20)	  /* ... and so is a state */
#define RECORDING_NAMES_MAX 256		  /* actors whose path and messages are kept, to read what it sends */

/* What it was at when it died. */
enum recording_what {
	RECORDING_START,   /* it had not become ready */
	RECORDING_MESSAGE, /* in a handler */
	RECORDING_DOWN,	   /* in on_down, which is a message, too */
	RECORDING_STOP,	   /* in on_stop */
	RECORDING_ALONE,   /* anything else: a step of its own, or nothing */
	RECORDING_WHATS
};

enum recorded_kind {
	RECORDED_ASK,	  /* it asked: message, target */
	RECORDED_REFUSED, /* what it sent was not taken over: err */
	RECORDED_ANSWER,  /* err, payload */
	RECORDED_KINDS
};

/* A word between it and the supervisor. `number`: its send is the so-many-th, from 1, since it began what it was at. */
#define RECORDED_WORD(FIELD)   \
	FIELD(uint8, kind)     \
	FIELD(uint64, number)  \
	FIELD(int32, err)      \
	FIELD(uint64, message) \
	FIELD(uint64, target)  \
	FIELD(bytes, payload)
TRACTOR_RECORD(recorded_word, RECORDED_WORD);

#define RECORDED_NAME(FIELD) FIELD(uint64, actor) FIELD(str, path)
TRACTOR_RECORD(recorded_name, RECORDED_NAME);

#define RECORDING_ABOUT(FIELD)                                                             \
	FIELD(str, id)                                                                     \
	FIELD(str, path)                                                                   \
	FIELD(uint64, self)                                                                \
	FIELD(uint32, incarnation)                                                         \
	FIELD(str, exec)    /* as the tree's file has it */                                \
	FIELD(str, program) /* where that was */                                           \
	FIELD(str, directory)                                                              \
	FIELD(bytes, build_id) /* by its own account; none: it has none, or did not say */ \
	FIELD(list_tri_pair, args)                                                         \
	FIELD(list_str, environment) /* but for its supervisor's own entries */            \
	FIELD(tri_died, died)                                                              \
	FIELD(uint8, what)                                                                 \
	FIELD(uint64, limit_ms) /* after so long its supervisor ended it; 0: it didn't */  \
	FIELD(uint64, done)	/* the sequence up to which it was done */                 \
	FIELD(uint64, sequence) /* of the message in hand */                               \
	FIELD(uint64, message)                                                             \
	FIELD(uint64, source)                                                              \
	FIELD(bool, ask)                                                                   \
	FIELD(bool, has_state)                                                             \
	FIELD(list_recorded_word, start) /* until it was ready */                          \
	FIELD(list_recorded_word, hand)	 /* since it began what it was at */               \
	FIELD(str, missing)		 /* what of all this could not be kept; "" */      \
	FIELD(list_recorded_name, actors)                                                  \
	FIELD(list_str, schemas) /* of what others understand */                           \
	FIELD(str, report)	 /* a bundle's: as JSON */
TRACTOR_RECORD(recording_about, RECORDING_ABOUT);

struct recording {
	struct recording_about about;
	struct tractor_bytes message, state;
	uint8_t *bytes; /* of a decoded one: what it points into */
	struct tri_arena arena;
};

/* The whole file. *ret_bytes is the caller's, to be freed. TRACTOR_EINVAL: it is too large; TRACTOR_ENOMEM. */
tractor_err recording_encode(const struct recording *recording, uint8_t **ret_bytes, size_t *ret_size);

/*
 * Reads a file of `size` bytes, which on success belong to the recording. TRACTOR_EBADMSG: it is none, or damaged, or says what can't be; tractor_why() says which. TRACTOR_ENOMEM.
 * recording_free() it.
 */
tractor_err recording_decode(uint8_t *bytes, size_t size, struct recording *ret_recording);

/* Right for a zeroed one, too. */
void recording_free(struct recording *recording);

#endif
