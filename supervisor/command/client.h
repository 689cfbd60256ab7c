/*
 * client.h: the running tree, from outside: finding its run directory, choosing which tree is meant, and asking its control socket.
 * The socket's protocol is described in controlsocket.h.
 */
#ifndef TRACTOR_SUPERVISOR_COMMAND_CLIENT_H
#define TRACTOR_SUPERVISOR_COMMAND_CLIENT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "command.h"
#include "spec.h"

/* A supervisor that is alive answers within milliseconds; one that takes longer than this is stopped or stuck. */
#define CLIENT_LIMIT_MS 5000
/* What the supervisor may take longer than a limit that was given to it, to say that it has passed. */
#define CLIENT_GRACE_MS 2000
#define CLIENT_FOREVER (-1)

/* How something ended: an exit code, and a sentence unless that is 0. */
struct client_end {
	int code;
	char error[4096];
};

struct client_tree {
	char name[SPEC_NAME_MAX + 1];
	char directory[PATH_MAX]; /* its run directory */
};

/* To be freed: the items. */
struct client_trees {
	struct client_tree *items; /* in the order of their names */
	size_t count;
};

/* For what reason a tree counts. */
enum client_kind {
	CLIENT_RUNNING, /* its supervisor accepts connections */
	CLIENT_LEFT,	/* it has a place for crash reports, whether it runs or not */
	CLIENT_LOGGED,	/* it has log files, whether it runs or not */
	CLIENT_HERE,	/* it has a run directory, whatever is in there */
};

/*
 * Chooses the tree: `name` if it isn't NULL (-t, TRACTOR_TREE), else the one that the first part of `path` names (NULL: there is no path), else the
 * only one. False: there is none, or several; `ret_end` says so and what to do.
 *
 * One that has run is known by its directory. It is the one that is meant, if it is named or no other is there, also where it has left nothing of that kind.
 */
bool client_choose(const char *name, const char *path, enum client_kind kind, struct client_tree *ret_tree,
	struct client_end *ret_end);

/* All that count. */
void client_list(enum client_kind kind, struct client_trees *ret_trees);

/* The name that a path begins with, cut where it is too long for a tree's, so that it is none's. Returns `name`. */
#define CLIENT_ROOT_BYTES (SPEC_NAME_MAX + 2)
const char *client_root_name(const char *path, char name[CLIENT_ROOT_BYTES]);

/* "a, b and 3 more" */
#define CLIENT_NAMES_BYTES 1024
void client_write_names(const struct client_trees *trees, char *text, size_t size);

/* A {"data": ...} line, borrowed. False: enough, hang up. */
typedef bool client_data(void *arg, const json_t *data);

struct client_call {
	json_t *request;  /* "schema_version" is added */
	int64_t limit_ms; /* for each line of the answer; CLIENT_FOREVER */
	bool patient; /* when the limit has passed, ask whether the supervisor is alive; if so go on waiting */
	client_data *data; /* NULL: none is expected, what comes is passed over */
	void *arg;
};

/* Asks the tree and waits until it has answered. The reference to the request is taken over. */
void client_ask(const struct client_tree *tree, const struct client_call *call, struct client_end *ret_end);

/* What is said of how it ended; gives the exit code. */
int client_finish(const struct client_end *end);

/*
 * The usual command: chooses the tree by the line and its first word (a path, if `has_path`), asks it, and says what went wrong. `call->request` gets the
 * path if there is one. Gives the exit code.
 */
int client_run(const struct command_line *line, bool has_path, const struct client_call *call);

/* A new request for that command; {"command": command}. */
json_t *client_request(const char *command);

#endif
