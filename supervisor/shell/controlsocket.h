/*
 * controlsocket.h: the socket at which the `tractor` command talks to a running tree. This is the transport only: who may connect, how much, how long,
 * and how requests and answers are framed. What they mean is the handler's.
 *
 * The protocol: a plain UNIX stream socket. The client sends one request, a JSON object on one line. The answer is any number of lines
 * {"data": ...} and one last line {"end": true, "code": N, "error": "..."}, after which the connection is closed. N is the exit code
 * of the command; the error is there unless N is 0. A client that hangs up before its request was read has asked nothing.
 *
 * Nothing here blocks. The loop is the caller's: it watches the fds that it is told of, and calls control_ready() and control_tick().
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_CONTROLSOCKET_H
#define TRACTOR_SUPERVISOR_SHELL_CONTROLSOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include <jansson.h>

#include <tractor/error.h>

#include "frame.h"

#define CONTROL_FILE "control" /* the socket's name in the run directory */

#define CONTROL_CONNECTIONS_MAX 32 /* people and scripts, not traffic */
#define CONTROL_REQUEST_MAX_BYTES \
	(17u << 20) /* one line. A message can be larger, but we read this in one go, and others wait meanwhile */
#define CONTROL_OUTPUT_MAX_BYTES (4u << 20) /* that waits for a reader who is slower than what it asked for */
#define CONTROL_IDLE_NS \
	INT64_C(10000000000) /* for a request to come, and for the last of an answer to be taken */
#define CONTROL_PAUSE_NS \
	INT64_C(100000000) /* after accept() failed for want of fds or memory: it would fail again at once */
#define CONTROL_RETRY_NS \
	INT64_C(10000000) /* after the host had no memory for an answer: it would have none at once, either */
#define CONTROL_PARTING_NS INT64_C(200000000) /* for that at the very end, when nobody else waits for us */
#define CONTROL_RESERVE_COUNT \
	4 /* commands that are answered where no fd is left: one that follows, one that waits, one to look, one to stop it all */

/* The exit codes of the command, which are the codes of answers too: X(constant, number, meaning). */
#define CONTROL_CODES(X)                                           \
	X(CONTROL_DONE, 0, "done")                                 \
	X(CONTROL_FAILED, 1, "failed")                             \
	X(CONTROL_USAGE, 2, "wrong usage")                         \
	X(CONTROL_NO_TREE, 3, "no such tree is running")           \
	X(CONTROL_NO_ACTOR, 4, "no such actor")                    \
	X(CONTROL_BAD_FILE, 65, "bad file")                        \
	X(CONTROL_NO_ANSWER, 69, "the supervisor does not answer") \
	X(CONTROL_TIMED_OUT, 75, "timed out")                      \
	X(CONTROL_NOT_ALLOWED, 77, "not allowed")

enum control_code {
#define CONTROL_CONSTANT(constant, number, meaning) constant = number,
	CONTROL_CODES(CONTROL_CONSTANT)
#undef CONTROL_CONSTANT
};

struct control;

/*
 * One command that waits for its answer. Exists from the request callback until control_end(), or until `gone` has been called; after either it
 * must not be used any more. Both members are the handler's to set, and zero before.
 */
struct control_request {
	/* The client hung up (or does not read, or the socket is being closed): nobody wants the answer. May be NULL. Never called from within control_data() or control_end(). */
	void (*gone)(struct control_request *request);
	void *own;
};

struct control_ops {
	/* Tell control_ready() with `tag` when one of `epoll_events` (level-triggered; may be 0) or a hangup is there. Called again for an fd that
	   is watched already: these events instead. After an error it is asked for again a little later. */
	tractor_err (*watch)(void *arg, int fd, uint32_t epoll_events, void *tag);
	/* No more. What the loop has already fetched for that tag may still be told; it does no harm. */
	void (*unwatch)(void *arg, int fd, void *tag);
	/* A complete request: an object, whatever is in it. Answer now or later: control_data() any number of times, then control_end(). `body` is valid during the call. */
	void (*request)(void *arg, struct control_request *request, const json_t *body);
};

/*
 * Listens at `path`, mode 0600. Its directory must be this user's and closed to all others (0700). A socket file that is there is
 * replaced: whoever calls holds the tree's lock, so it is a leftover. `ops` must live as long as the control, as `arg`.
 * TRACTOR_ESYSTEM: tractor_why() says which step failed and why. TRACTOR_ENOMEM.
 */
tractor_err control_open(const char *path, const struct control_ops *ops, void *arg, int64_t now_ns,
	struct control **ret_control);

/*
 * Closes everything and removes the socket file. Requests that are still open hear `gone`, their clients "the supervisor has stopped" (CONTROL_NO_ANSWER);
 * so end what should end otherwise first. What was written is sent as far as the sockets take it; what the host refuses is tried again for CONTROL_PARTING_NS, and that blocks.
 * Not from within a callback. NULL is fine.
 */
void control_close(struct control *control);

/* Something happened at the fd of that tag. `epoll_events` is a hint. Calls back. */
void control_ready(struct control *control, void *tag, uint32_t epoll_events, int64_t now_ns);

/* Deadlines, and what control_data() could not do at once. To be called at control_next_ns(); earlier does no harm. Calls back. */
void control_tick(struct control *control, int64_t now_ns);

/* When control_tick() must be called; in the past: at once; INT64_MAX: not before something happens. Changes with every call to here. */
int64_t control_next_ns(const struct control *control);

/* The supervisor was stopped for that long: every deadline gets it back. */
void control_shift(struct control *control, int64_t by_ns);

/* Which one a tag is: 0 to CONTROL_CONNECTIONS_MAX, both included; for loops that keep something of their own per fd. */
unsigned control_tag_index(const void *tag);

/*
 * One {"data": ...} line. Takes over the reference, also on failure. NULL stands for out of memory in making it.
 * A client that reads too slowly is dropped, an answer that alone is larger than CONTROL_OUTPUT_MAX_BYTES is replaced by an error: either way
 * the handler hears `gone` soon and everything until then is ignored. So there is nothing to check here; the result only says whether going on makes sense.
 */
bool control_data(struct control_request *request, json_t *data);

/* The last line. `fmt` NULL: no error text (code 0). The text may be anything; it is made UTF-8 and cut at some kilobytes. */
void control_end(struct control_request *request, enum control_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The address of the socket at `path`, for bind() and connect(). A path that is too long for one is reached through its directory, which *ret_directory
 * keeps open until the caller closes it after the call; else it is -1. TRACTOR_ESYSTEM: errno says why.
 */
tractor_err control_address(const char *path, struct sockaddr_un *ret_address, int *ret_directory);

#endif
