/*
 * logwriter.h: log files, written by a thread of their own, so that no disk can make the supervisor wait: not one that is full, or slow, or gone. What it can't write is lost,
 * and counted. All calls are the supervisor's thread's; none of them waits but the last.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_LOGWRITER_H
#define TRACTOR_SUPERVISOR_SHELL_LOGWRITER_H

#include <stdbool.h>
#include <stdint.h>

#include <tractor/error.h>

#include "logline.h"

struct logwriter;

/* How much of what waits to be written is one actor's; all zero at first. */
struct logwriter_share {
	uint64_t turn;
	size_t bytes;
};

#define LOGWRITER_SLOW (-1) /* in the place of an errno: more is printed than the disk takes */

struct logwriter_state {
	bool failing;
	unsigned failures;	  /* how often that has begun */
	int error;		  /* what the last one began with: an errno, or LOGWRITER_SLOW */
	char path[SPEC_PATH_MAX]; /* and whose line */
	uint64_t lost;		  /* lines, in all */
};

/* Writes below `folder`, which needs not exist. *ret_fd, which stays its own, is readable when the state may have changed, or what was waited for is written. ESYSTEM: no thread, no fd; ENOMEM. */
tractor_err logwriter_open(const char *folder, struct logwriter **ret_writer, int *ret_fd);

/* Has the line written to its actor's file, by the limits in `log` (whose `files` is 1 or more). `actors`: how many the tree has. What there is no room for is lost. */
void logwriter_put(struct logwriter *writer, const struct logline *line, const struct spec_log *log,
	unsigned actors, struct logwriter_share *share);

/* How many lines were put until now. */
uint64_t logwriter_mark(const struct logwriter *writer);
/* Whether all of them are in the files by now, or lost; if not the fd will say so. */
bool logwriter_has_written(struct logwriter *writer, uint64_t mark);

void logwriter_state(struct logwriter *writer, struct logwriter_state *ret_state);

/* Writes what is left, for two seconds at most; a disk that takes longer is left behind, with the thread that waits for it. *ret_state: what became of that. */
void logwriter_close(struct logwriter *writer, struct logwriter_state *ret_state);

#endif
