/*
 * logline.h: one line that an actor printed, and how it stands in a log file: as JSON, one object a line, in which nothing is left that a terminal would act upon. It is what
 * `tractor logs --json` prints, and which of its place's lines it is.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_LOGLINE_H
#define TRACTOR_SUPERVISOR_SHELL_LOGLINE_H

#include <stddef.h>
#include <stdint.h>

#include "spec.h"

#define LOGLINE_BYTES 2048 /* of one line; as many as tractor_log() makes */
#define LOGLINE_RECORD_BYTES \
	(6 * LOGLINE_BYTES + SPEC_PATH_MAX + 256) /* each byte as \u001b, and the words around it */

/* Where it came from: X(constant, word). */
#define LOGLINE_STREAMS(X)          \
	X(LOGLINE_STDOUT, "stdout") \
	X(LOGLINE_STDERR, "stderr") \
	X(LOGLINE_TRACTOR, "tractor") /* a remark of the supervisor's on the others */

enum logline_stream {
#define LOGLINE_CONSTANT(constant, word) constant,
	LOGLINE_STREAMS(LOGLINE_CONSTANT)
#undef LOGLINE_CONSTANT
};

struct logline {
	int64_t time_ms; /* since the epoch, when it was read */
	enum logline_stream stream;
	const char *path;
	uint32_t incarnation;
	const char *text; /* not ended by NUL, which may be in it */
	size_t length;	  /* up to LOGLINE_BYTES */
	int64_t run;	  /* which supervisor's: when this place in the tree was made, ms since the epoch */
	uint64_t number;  /* 1, 2, 3, ... in that run; where one is missing it was lost */
};

/* Static. */
const char *logline_stream_name(enum logline_stream stream);

/* As it stands in a file, with its newline. Returns the length. */
size_t logline_format(const struct logline *line, char ret_record[LOGLINE_RECORD_BYTES]);

#endif
