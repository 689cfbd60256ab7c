/* crashfiles.h: the crash reports of a tree, as its supervisor has left them. */
#ifndef TRACTOR_SUPERVISOR_COMMAND_CRASHFILES_H
#define TRACTOR_SUPERVISOR_COMMAND_CRASHFILES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "client.h"

struct crash {
	char *id;
	json_t *report; /* an object, from whose fields nothing can be expected */
};

struct crashes {
	struct crash *items; /* by time */
	size_t count;
	json_t *kinds; /* what is counted of each kind: an array; NULL: nothing */
};

/* Where the reports of the tree are that is meant: of one that runs, else of one that has run. */
struct crashfiles_place {
	struct client_tree tree;
	bool is_running;
	int folder; /* -1: it has left no crash reports */
};

/* False: there is none; it has been said, and *ret_code is the exit code. */
bool crashfiles_open(const char *tree, struct crashfiles_place *ret_place, int *ret_code);

void crashfiles_close(const struct crashfiles_place *place);

/* crashfind.c */
/*
 * The same where one crash says which tree is meant: without a tree (NULL) it is looked for in all that there are, running or not. `id` may be the
 * beginning of one; NULL: the newest of all.
 */
bool crashfiles_open_for(const char *tree, const char *id, struct crashfiles_place *ret_place, int *ret_code);

/* All that can be read; a file that can't is passed over, and told if `says`. */
void crashfiles_read(int folder, bool says, struct crashes *ret_crashes);
void crashfiles_free(struct crashes *crashes);

/* The one with that id, or the only one whose id begins so. NULL: none, or several. */
const struct crash *crashfiles_find(const struct crashes *crashes, const char *id);
/* The one that tells it in full: itself, or one that is like it. */
const struct crash *crashfiles_full(const struct crashes *crashes, const struct crash *crash);

/* Says that nothing has crashed there. */
void crashfiles_say_none(const struct crashfiles_place *place);
/* Says that there is none with that id, or that it could be several; gives the exit code. */
int crashfiles_unknown(const struct crashes *crashes, const char *id);

/* What is in a file of ordinary kind and size, to be freed. NULL: errno says why. `folder` may be AT_FDCWD. */
uint8_t *crashfiles_bytes(int folder, const char *file, size_t *ret_size);

/* Removes the report's file, and its recording. False: errno says why. */
bool crashfiles_remove(int folder, const char *id);
/* Removes all of them, whatever is in them, and what was counted; how many. */
size_t crashfiles_remove_all(int folder);

#endif
