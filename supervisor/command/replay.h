/*
 * replay.h: one actor, played again from a recording, with this program in the place of its supervisor: alone, without a tree, a strategy or a restart.
 *
 *   replayprogram.c  which program: whether it is the build that crashed, and how it is run
 *   replaystage.c    the supervisor's part: starting, hearing, the message, the end of everything (its files: replaystage.h)
 *   replaywords.c    what the actor asks and tells on the way, and what it is answered
 *   replayverdict.c  whether it was the same crash
 */
#ifndef TRACTOR_SUPERVISOR_COMMAND_REPLAY_H
#define TRACTOR_SUPERVISOR_COMMAND_REPLAY_H

#include <jansson.h>

#include "blackbox.h"
#include "command.h"
#include "frame.h"
#include "logsplit.h"
#include "payload.h"
#include "recording.h"
#include "spawn.h"
#include "wire.h"
#include <tractor/crash.h>

/* --- replayprogram.c --- */

struct replay_program {
	char *path;	       /* of the actor's program, absolute */
	char *tool;	       /* of the debugger; NULL: none */
	char **argv;	       /* of what is started; its texts are others' */
	char **environment;    /* without the link's; its texts are others' */
	const char *directory; /* NULL: this program's own */
};

/*
 * Finds what is to be run: the recording's program, or `exec` (NULL: none) in its place, below the tool that the line asks for, with the line's further words as the tool's arguments. False: it is not there, or is
 * another build than the one that crashed; it has been said. A stranger's recording has less say in the environment. replayprogram_free() it in any case.
 */
bool replayprogram_find(const struct recording *recording, bool is_strangers, const struct command_line *line,
	struct replay_program *ret_program);
void replayprogram_free(struct replay_program *program);

/* A build id as text, "": none. Returns `text`. */
#define REPLAY_BUILD_ID_TEXT (2 * TRI_BUILD_ID_BYTES + 1)
const char *replayprogram_build_id(const uint8_t *bytes, size_t size, char text[REPLAY_BUILD_ID_TEXT]);

/* --- replaystage.c --- */

/* How it ended. */
struct replay_end {
	bool ready;	  /* it had started */
	bool in_hand;	  /* it was at what it had crashed at */
	bool handled;	  /* it came out of that alive */
	bool timed_out;	  /* we ended it as its supervisor had done */
	bool overdue;	  /* we gave it up */
	int interrupted;  /* the signal by which somebody ended this program; 0: none */
	int signal, code; /* of the process that we had started: the debugger's, if there is one */
	uint32_t last_words;
	uint32_t phase;
	char text[TRI_TEXT_BYTES], where[256]; /* its last words */
	char refusal[TRI_TEXT_BYTES];	       /* why it said that it does not start; "" */
	char violation[TRI_TEXT_BYTES];	       /* of the link's rules; "" */
	struct tri_fault *fault;	       /* what it had captured, to be freed; NULL: nothing */
};

/* Plays it, and ends all that was started. False: it could not be started; it has been said. */
bool replaystage_play(const struct recording *recording, const struct replay_program *program,
	const struct command_line *line, struct replay_end *ret_end);

/* --- replaywords.c --- */

struct replay_words {
	const struct recording_about *about;
	struct payload_schema **schemas; /* of all messages that can be named */
	size_t schema_count;
	bool ready;
	uint64_t before; /* the correlation from which its sends are counted; UINT64_MAX: from its next ask */
};

/* What it understands, by its hello; false: that can't be, tractor_why(). */
bool replaywords_learn(struct replay_words *words, const char *const *texts, size_t count);
/* Says what it sends, and answers it through the wire. */
void replaywords_send(struct replay_words *words, struct wire *wire, uint32_t incarnation,
	const struct tri_frame *frame, const uint8_t *payload);
/* "counter.increment {"by":3}"; to be freed. */
char *replaywords_text(
	struct replay_words *words, uint64_t message, const uint8_t *payload, size_t payload_bytes);
/* The path of an actor, or what stands for it. */
const char *replaywords_path(const struct replay_words *words, uint64_t actor);
void replaywords_free(struct replay_words *words);

/* --- replayverdict.c --- */

/* The new death as a report, as far as it is compared and shown. To be freed by json_decref(). */
json_t *replayverdict_report(
	const struct recording *recording, const json_t *recorded, const struct replay_end *end);
/* Why it is not the same crash, in a sentence, to be freed; NULL: it is. */
char *replayverdict_differs(const struct recording *recording, const json_t *recorded, const json_t *replayed,
	const struct replay_end *end);

#endif
