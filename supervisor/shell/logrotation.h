/*
 * logrotation.h: the files of one actor's log: the one that is written, db.log, and those before it, db.log.1, db.log.2, ..., the oldest with the highest number. When one is begun, and what becomes of
 * the others. Pure; no node's name has a dot in it, so no two actors' files can meet.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_LOGROTATION_H
#define TRACTOR_SUPERVISOR_SHELL_LOGROTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGROTATION_FOLDER "logs" /* in the run directory */
#define LOGROTATION_SUFFIX ".log"

/* The name of a file: "<base>", "<base>.1", ... False: it is too long. */
bool logrotation_name(const char *base, unsigned number, char *ret_name, size_t size);

/* Whether a file of `size` bytes is to be put aside before `more` are written to it: it would grow beyond `max_size`, and has something in it. */
bool logrotation_is_due(int64_t size, size_t more, unsigned max_size);

/*
 * What is done, in this order, where `files` (1 or more) are kept, of which one is about to be begun: step 0, 1, ... The file of number `from` gets the number `to`, or goes. False: there are no
 * more steps. Whoever ends between two of them has lost nothing but the oldest.
 */
struct logrotation_step {
	unsigned from, to;
	bool goes;
};
bool logrotation_step(unsigned files, unsigned step, struct logrotation_step *ret_step);

#endif
