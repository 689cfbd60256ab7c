/*
 * logread.h: what the actors of a tree have printed, by actor and in order: from its log files, and from what its supervisor says. Being out of memory ends the program.
 */
#ifndef TRACTOR_SUPERVISOR_COMMAND_LOGREAD_H
#define TRACTOR_SUPERVISOR_COMMAND_LOGREAD_H

#include <stdbool.h>

#include <jansson.h>

#include "client.h"
#include "logline.h"

struct logread_line {
	int64_t time_ms, run;
	uint64_t number; /* 0: a remark of ours */
	uint32_t incarnation;
	enum logline_stream stream;
	size_t length;
	char *text; /* not ended by NUL */
};

struct logread_actor {
	char *path;
	struct logread_line *lines; /* oldest first, once they are ordered */
	size_t count, room;
	bool is_present; /* its supervisor knows it; then */
	int64_t run;	 /* which its incarnation is now */
	uint32_t incarnation;
	bool has_files;
};

struct logread {
	struct logread_actor *actors;
	size_t count, room;
};

/* The one at that path, which is added if it isn't there. Valid until the next is added. */
struct logread_actor *logread_actor(struct logread *logs, const char *path);

/* One line as JSON, of whatever shape; false: it is none. The text is a copy, to be freed. */
bool logread_parse(const json_t *json, struct logread_line *ret_line);
/* Adds it, and has its text from now on. */
void logread_add(struct logread_actor *actor, const struct logread_line *line);

/*
 * Adds what is in the files of all actors at and below `path` (NULL: all), before what is there of them already: of each the last `most` lines at most, and none before `since_ms` and what comes before such a one.
 * What can't be read is passed over with a word.
 */
void logread_files(struct logread *logs, const struct client_tree *tree, const char *path, size_t most,
	int64_t since_ms);

/* The lines in their order, each once. */
void logread_order(struct logread_actor *actor);
/* Only those of the last incarnation that is not the present one; of one that its supervisor doesn't know the last is that. */
void logread_keep_previous(struct logread_actor *actor);
/* A remark wherever some are missing. */
void logread_remark(struct logread_actor *actor);

void logread_free(struct logread *logs);

#endif
