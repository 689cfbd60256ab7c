/* recorder.h: what a crash can be played again from. */
#ifndef TRACTOR_SUPERVISOR_SHELL_RECORDER_H
#define TRACTOR_SUPERVISOR_SHELL_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct remains;
struct slot;
struct tri_frame;

/* Words between a process and the supervisor since it began what it is at, packed. */
struct recorder_words {
	uint64_t sequence; /* of the message in hand; 0: none was */
	uint8_t *bytes;
	size_t size, room;
	bool cut; /* there were more than RECORDING_ANSWERS_MAX, or than there is memory for */
};

struct recorder {
	struct recorder_words start, hand; /* until it was ready; since */
	bool after_panic;		   /* it was told of its predecessor's */
};

/* It has sent that; an ask is noted. */
void recorder_sent(struct slot *slot, const struct tri_frame *frame);
/* That is sent to it; what tells it how a send came out is noted. */
void recorder_told(
	struct slot *slot, const struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes);
/* Makes a recording of it, for that report, which says so. */
void recorder_make(struct remains *remains, json_t *report);
/* What was noted is let go. */
void recorder_clear(struct recorder *recorder);

#endif
