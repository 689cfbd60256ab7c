/*
 * replaystage.h: one actor on the stage, and who does what with it.
 *
 *   replaystage.c    from its start to its end: what there is to hear, how long it may take, how it died
 *   replaysetup.c    all that has to be there before, and the start; and clearing away
 *   replaysaying.c   what it is told: the message that it crashed at
 *   replayhearing.c  what it says of itself; what it says to others is replaywords.c's
 *   replayprinted.c  what it prints
 */
#ifndef TRACTOR_SUPERVISOR_COMMAND_REPLAYSTAGE_H
#define TRACTOR_SUPERVISOR_COMMAND_REPLAYSTAGE_H

#include <limits.h>

#include "replay.h"

#define REPLAY_STOP_MS 2000 /* from the word to stop, or SIGABRT, to SIGKILL: it has shown what it does */

/* What it prints, by lines. */
struct replay_reader {
	int fd; /* -1: at its end, or none */
	bool is_error;
	struct logsplit split;
};

struct replay_stage {
	const struct recording_about *about;
	const struct recording *recording;
	const struct replay_program *program;
	const struct command_line *line;
	struct replay_words words;
	struct replay_end *end;
	char folder[PATH_MAX], url[PATH_MAX + 16];
	struct bell bell;
	struct wire *wire;
	struct tri_blackbox *box;
	int box_fd, state_fd, signals;
	struct replay_reader readers[2];
	struct spawned process;
	pid_t pid; /* of the actor that has said hello; below a debugger it is not the process that we started */
	uint64_t said_done; /* the last message that an answer said to be done */
	bool greeted, stopping, dead;
	int64_t until_ns; /* INT64_MAX: as long as it takes */
};

/* --- replaystage.c --- */

/* From now on it may take so long, and then it is ended; below a debugger it may take for ever, unless the line says otherwise. */
void replaystage_limit(struct replay_stage *stage, int64_t ms);
/* So long it may be at what it had crashed at. */
void replaystage_limit_act(struct replay_stage *stage);
void replaystage_signal(const struct replay_stage *stage, int signal);

/* --- replaysetup.c --- */

/* Makes what it needs and starts it. An error: tractor_why(); what was made is replaysetup_clear()'s in any case. */
tractor_err replaysetup(struct replay_stage *stage);
void replaysetup_clear(struct replay_stage *stage);

/* --- replaysaying.c --- */

/* What can't be sent is said. */
void replaysaying_frame(
	struct replay_stage *stage, struct tri_frame frame, const uint8_t *payload, size_t payload_bytes);
/* The answer to its hello. */
void replaysaying_welcome(struct replay_stage *stage);
/* It is ready: now it is brought to where it crashed. */
void replaysaying_act(struct replay_stage *stage);
void replaysaying_stop(struct replay_stage *stage);

/* --- replayhearing.c --- */

/* All that has come; the owner of a wire. */
void replayhearing(void *stage);
/* Whether it has come out of the handler alive; then it is asked to stop. */
void replayhearing_look(struct replay_stage *stage);

/* --- replayprinted.c --- */

/* What is there; false: nothing more now. */
bool replayprinted_some(const struct replay_stage *stage, struct replay_reader *reader);
/* What is there, and half a line at its end. */
void replayprinted_rest(const struct replay_stage *stage, struct replay_reader *reader);

#endif
