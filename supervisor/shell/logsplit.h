/* logsplit.h: bytes from a pipe as lines. One that is longer than LOGLINE_BYTES comes in pieces, cut between characters. Pure. */
#ifndef TRACTOR_SUPERVISOR_SHELL_LOGSPLIT_H
#define TRACTOR_SUPERVISOR_SHELL_LOGSPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "logline.h"

/* One stream's; all zero: nothing came yet. */
struct logsplit {
	size_t length; /* of what is kept of the line that has begun */
	size_t given;  /* of this, what the last call has given */
	char line[LOGLINE_BYTES + 1];
};

/*
 * Takes from *text, of which *size bytes are there, up to the end of a line. True: here is one, without its newline, valid until the next call; there may be more. False: all of
 * the text is taken, and what it ends with is kept until more comes.
 */
bool logsplit_take(
	struct logsplit *split, const char **text, size_t *size, const char **ret_line, size_t *ret_length);

/* At the end: what was begun and not ended by a newline. False: nothing. */
bool logsplit_rest(struct logsplit *split, const char **ret_line, size_t *ret_length);

#endif
