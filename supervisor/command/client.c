/*
 * client.c: one question to a running tree: connect, send a line, read lines, all with deadlines.
 *
 * It knows the framing of the protocol, not what is asked. The supervisor may be stopped, stuck, dying or of another version: each
 * ends in an exit code and a sentence that says what to do. It never waits longer than it was told to.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bytequeue.h"
#include "clientfind.h"
#include "output.h"

#define READ_BYTES (64u << 10)
#define LINE_MAX_BYTES (64u << 20) /* far more than a supervisor sends */
#define RETRY_MS 20		   /* between attempts to connect while its backlog is full */

struct conversation {
	const struct client_tree *tree;
	const struct client_call *call;
	struct client_end *end;
	int fd;
	int64_t due_ms; /* CLIENT_FOREVER: never */
	bool ended, said_patience;
	struct bytequeue input;
};

static int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
client_set_end(struct client_end *end, int code, const char *fmt, ...)
{
	va_list args;

	end->code = code;
	va_start(args, fmt);
	vsnprintf(end->error, sizeof(end->error), fmt, args);
	va_end(args);
}

/* --- connecting --- */

/* The peer behind the socket is this user's or root's. (Root talks to everybody's.) Gives its pid for messages. */
static bool
peer_is_trusted(int fd, pid_t *ret_pid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	*ret_pid = peer.pid;
	return peer.uid == geteuid() || peer.uid == 0 || geteuid() == 0;
}

int
client_connect(const char *directory)
{
	struct sockaddr_un address;
	char path[PATH_MAX + sizeof(CONTROL_FILE) + 1];
	int parent, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(path, sizeof(path), "%s/%s", directory, CONTROL_FILE);
	if (fd < 0)
		return -1;
	int failed = control_address(path, &address, &parent) != TRACTOR_OK;
	if (!failed) {
		failed = connect(fd, (struct sockaddr *)&address, sizeof(address));
		int why = errno;
		if (parent >= 0)
			close(parent);
		errno = why;
	}
	if (!failed)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}

static int64_t
due_after(int64_t limit_ms)
{
	return limit_ms == CLIENT_FOREVER ? CLIENT_FOREVER : clock_ms() + limit_ms;
}

/* Also while more people connect than the supervisor has got round to. */
static int
connect_in_time(const struct client_tree *tree, int64_t limit_ms)
{
	int64_t due_ms = clock_ms() + (limit_ms == CLIENT_FOREVER ? CLIENT_LIMIT_MS : limit_ms);
	int fd;

	while ((fd = client_connect(tree->directory)) < 0 && errno == EAGAIN && clock_ms() < due_ms)
		poll(NULL, 0, RETRY_MS);
	return fd;
}

static void
explain_connect(const struct client_tree *tree, struct client_end *end)
{
	if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
		client_set_end(end, CONTROL_NO_TREE,
			"no tree \"%s\" is running; start one with: tractor run FILE", tree->name);
	else if (errno == EACCES || errno == EPERM)
		client_set_end(end, CONTROL_NOT_ALLOWED, "%s: %s; the tree is another user's",
			tree->directory, strerror(errno));
	else if (errno == EAGAIN)
		client_set_end(end, CONTROL_NO_ANSWER,
			"the supervisor of \"%s\" does not answer: too many wait for it already", tree->name);
	else
		client_set_end(
			end, CONTROL_FAILED, "%s/%s: %s", tree->directory, CONTROL_FILE, strerror(errno));
}

/* --- waiting --- */

/* Someone who is alive answers this at once. */
static bool
supervisor_is_alive(const struct client_tree *tree)
{
	struct client_end end;
	const struct client_call call = { .request = client_request("version"), .limit_ms = CLIENT_LIMIT_MS };

	client_ask(tree, &call, &end);
	return end.code != CONTROL_NO_ANSWER && end.code != CONTROL_NO_TREE;
}

/* The limit has passed. True: a new one begins. */
static bool
have_patience(struct conversation *talk)
{
	pid_t pid = 0;

	if (talk->call->patient && supervisor_is_alive(talk->tree)) {
		if (!talk->said_patience)
			output_error(
				"still waiting for \"%s\"; interrupting this does not stop what was asked for",
				talk->tree->name);
		talk->said_patience = true;
		talk->due_ms = due_after(talk->call->limit_ms);
		return true;
	}
	peer_is_trusted(talk->fd, &pid);
	client_set_end(talk->end, CONTROL_NO_ANSWER,
		"the supervisor of \"%s\" (process %d) does not answer; is it stopped or very busy?",
		talk->tree->name, (int)pid);
	return false;
}

/* True once one of `events` is there. False: never in time; the end says so. */
static bool
wait_for(struct conversation *talk, short events)
{
	struct pollfd fd = { .fd = talk->fd, .events = events };

	for (;;) {
		int64_t left_ms = talk->due_ms == CLIENT_FOREVER ? -1 : talk->due_ms - clock_ms();
		if (talk->due_ms != CLIENT_FOREVER && left_ms <= 0) {
			if (!have_patience(talk))
				return false;
			continue;
		}
		int ready = poll(&fd, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR) {
			client_set_end(talk->end, CONTROL_FAILED, "poll: %s", strerror(errno));
			return false;
		}
	}
}

/* --- asking and listening --- */

/* A server that has hung up already may have said why: that is found in reading. */
static bool
send_request(struct conversation *talk, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(talk->fd, text, size, MSG_NOSIGNAL);
		if (sent > 0) {
			text += sent;
			size -= (size_t)sent;
		} else if (sent < 0 && errno == EAGAIN) {
			if (!wait_for(talk, POLLOUT))
				return false;
		} else if (errno != EINTR) {
			return true;
		}
	}
	return true;
}

/* {"end": true, "code": N, "error": "..."} */
static void
take_end(struct conversation *talk, const json_t *line)
{
	const json_t *code = json_object_get(line, "code");
	const char *error = json_string_value(json_object_get(line, "error"));
	json_int_t number = json_integer_value(code);

	talk->ended = true;
	talk->end->code =
		json_is_integer(code) && number >= 0 && number <= 255 ? (int)number : CONTROL_FAILED;
	if (talk->end->code != CONTROL_DONE)
		snprintf(talk->end->error, sizeof(talk->end->error), "%s",
			error != NULL ? error : "the supervisor gave no reason");
}

static void
take_line(struct conversation *talk, const char *text, size_t size)
{
	const struct client_call *call = talk->call;
	json_t *line = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	const json_t *data = json_object_get(line, "data");

	if (json_is_true(json_object_get(line, "end"))) {
		take_end(talk, line);
	} else if (data == NULL) {
		client_set_end(talk->end, CONTROL_NO_ANSWER,
			"what answers for \"%s\" is no supervisor of this version", talk->tree->name);
		talk->ended = true;
	} else if (call->data != NULL && !call->data(call->arg, data)) {
		talk->end->code = CONTROL_FAILED;
		talk->ended = true;
	}
	talk->due_ms = due_after(call->limit_ms);
	json_decref(line);
}

static void
take_lines(struct conversation *talk)
{
	struct bytequeue *input = &talk->input;

	while (!talk->ended && input->size > 0) {
		const char *text = input->bytes + input->start, *newline = memchr(text, '\n', input->size);
		if (newline == NULL)
			return;
		size_t size = (size_t)(newline - text) + 1;
		take_line(talk, text, size - 1);
		bytequeue_drop(input, size);
	}
}

/* True: go on. */
static bool
read_some(struct conversation *talk)
{
	char *at = NULL;

	if (bytequeue_reserve(&talk->input, READ_BYTES, &at) != TRACTOR_OK) {
		client_set_end(talk->end, CONTROL_FAILED, "the answer is too large");
		return false;
	}
	ssize_t got = recv(talk->fd, at, READ_BYTES, 0);
	if (got > 0) {
		bytequeue_commit(&talk->input, (size_t)got);
		take_lines(talk);
		return !talk->ended;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return wait_for(talk, POLLIN);
	client_set_end(talk->end, CONTROL_NO_ANSWER,
		"the supervisor of \"%s\" went away in the middle of its answer", talk->tree->name);
	return false;
}

static void
converse(struct conversation *talk, const char *request)
{
	pid_t pid;

	if (!peer_is_trusted(talk->fd, &pid)) {
		client_set_end(talk->end, CONTROL_NOT_ALLOWED, "what listens in %s is another user's process",
			talk->tree->directory);
		return;
	}
	talk->due_ms = due_after(talk->call->limit_ms);
	if (!send_request(talk, request, strlen(request)))
		return;
	while (read_some(talk))
		continue;
}

/* The request as a line, to be freed; takes over the reference. */
static char *
request_line(json_t *request)
{
	json_object_set_new(request, "schema_version", json_integer(1));
	char *text = output_need(json_dumps(request, JSON_COMPACT)), *line = NULL;
	json_decref(request);
	line = output_need(asprintf(&line, "%s\n", text) < 0 ? NULL : line);
	free(text);
	return line;
}

void
client_ask(const struct client_tree *tree, const struct client_call *call, struct client_end *ret_end)
{
	char *request = request_line(call->request);
	struct conversation talk = {
		.tree = tree, .call = call, .end = ret_end, .input = { .max_bytes = LINE_MAX_BYTES }
	};

	*ret_end = (struct client_end){ .code = CONTROL_DONE };
	talk.fd = connect_in_time(tree, call->limit_ms);
	if (talk.fd < 0) {
		explain_connect(tree, ret_end);
	} else {
		converse(&talk, request);
		close(talk.fd);
	}
	bytequeue_clear(&talk.input);
	free(request);
}

/* --- the usual command --- */

json_t *
client_request(const char *command)
{
	return output_need(json_pack("{s:s}", "command", command));
}

int
client_finish(const struct client_end *end)
{
	if (end->code != CONTROL_DONE && end->error[0] != '\0')
		output_error("%s", end->error);
	return end->code;
}

/* The tree was asked for an actor whose path begins with another tree's name: that may be all that is wrong. */
static void
hint_at_tree(const struct client_tree *tree, const char *path, struct client_end *end)
{
	size_t length = strlen(tree->name), said = strlen(end->error);

	if (end->code != CONTROL_NO_ACTOR || path == NULL)
		return;
	if (strncmp(path + 1, tree->name, length) == 0 &&
		(path[1 + length] == '/' || path[1 + length] == '\0'))
		return;
	snprintf(end->error + said, sizeof(end->error) - said, " (asked the tree \"%s\"; -t chooses another)",
		tree->name);
}

bool
client_check_path(const char *path, struct client_end *end)
{
	if (path[0] == '/' && path[1] != '\0')
		return true;
	if (path[0] == '/' || path[0] == '\0')
		client_set_end(end, CONTROL_USAGE, "a path is the tree's name and more: /shop/db");
	else
		client_set_end(end, CONTROL_USAGE,
			"\"%.200s\" is no path: paths begin with \"/\" and the tree's name; did you mean \"%s%.200s\"?",
			path, strchr(path, '/') != NULL ? "/" : "/TREE/", path);
	return false;
}

int
client_run(const struct command_line *line, bool has_path, const struct client_call *call)
{
	const char *path = has_path ? line->words[0] : NULL;
	struct client_tree tree;
	struct client_end end = { .code = CONTROL_DONE };

	if ((path == NULL || client_check_path(path, &end)) &&
		client_choose(line->tree, path, CLIENT_RUNNING, &tree, &end)) {
		if (path != NULL)
			json_object_set_new(call->request, "path", json_string(path));
		client_ask(&tree, call, &end);
		hint_at_tree(&tree, path, &end);
	} else {
		json_decref(call->request);
	}
	return client_finish(&end);
}
