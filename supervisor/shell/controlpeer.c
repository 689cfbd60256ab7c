/*
 * controlpeer.c: one connection of the control socket: reads its request, queues and sends its answer.
 *
 * It knows JSON lines, not what they ask for. A peer is bounded in bytes and time, and can't make the supervisor wait; one that misbehaves is
 * told in its last line if it can be, and closed. What the host has no memory for when an answer is sent is asked for again: what was to be done may be done already,
 * and the user is owed the word. Our own being out of memory costs the connection that needed it. The handler is never called back from within its own calls: what
 * these come to is settled by the next tick.
 */
#include "controlpeer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "assert.h"
#include "host.h"
#include "sys.h"
#include "utf8.h"

#define READ_BYTES (64u << 10)
#define ROUNDS_MAX 16 /* reads in one go: then it is others' turn */
#define ERROR_MAX_BYTES 4096
#define END_ROOM_BYTES \
	(64u << 10) /* kept free for the last line: an error text, six letters for a byte at worst, and some */

/* --- the peer's life --- */

static void *
tag_of(struct controlpeer *peer)
{
	return &peer->control->tags[1 + (peer - peer->control->peers)];
}

static void
close_peer(struct controlpeer *peer)
{
	struct control *control = peer->control;

	control->ops->unwatch(control->arg, peer->fd, tag_of(peer));
	sys.close(peer->fd);
	control_keep_reserve(control); /* before anybody else can have what has become free */
	bytequeue_clear(&peer->input);
	bytequeue_clear(&peer->output);
	*peer = (struct controlpeer){ .control = control, .fd = -1 };
}

/* The handler, if it still has the request, forgets it. */
static void
tell_gone(struct controlpeer *peer)
{
	if (peer->state == CONTROLPEER_PENDING && peer->request.gone != NULL)
		peer->request.gone(&peer->request);
}

static void
drop(struct controlpeer *peer)
{
	tell_gone(peer);
	close_peer(peer);
}

static void
wait_out(struct controlpeer *peer)
{
	peer->refused = true;
	peer->retry_ns = CONTROLPEER_UNSET;
}

static void
watch(struct controlpeer *peer)
{
	struct control *control = peer->control;
	uint32_t events = peer->state == CONTROLPEER_READING ? EPOLLIN : 0;

	/* With events 0 the hangup is still told; what a peer sends behind its request is not looked at. Where it is the host that takes nothing, the socket has room all the time. */
	if (peer->output.size > 0 && !peer->refused)
		events |= EPOLLOUT;
	if (events == peer->watched || peer->dropped)
		return;
	if (control->ops->watch(control->arg, peer->fd, events, tag_of(peer)) == TRACTOR_OK)
		peer->watched = events;
	else
		wait_out(peer);
}

/* As much of the output as the socket and the host take. */
static void
flush(struct controlpeer *peer)
{
	struct bytequeue *output = &peer->output;

	peer->refused = false;
	while (output->size > 0 && !peer->dropped && !peer->refused) {
		const struct iovec rest = { output->bytes + output->start, output->size };
		ssize_t sent = sys.send(peer->fd, &rest, 1);
		if (sent > 0)
			bytequeue_drop(output, (size_t)sent);
		else if (sent < 0 && errno == EAGAIN)
			break;
		else if (sent < 0 && host_is_short(errno))
			wait_out(peer);
		else if (sent == 0 || errno != EINTR)
			peer->dropped = true;
	}
	watch(peer);
}

/* --- lines --- */

static int
append_json(const char *text, size_t size, void *output)
{
	return bytequeue_append(output, text, size) == TRACTOR_OK ? 0 : -1;
}

/* One line into `output`, whole or not at all. */
static bool
append_line(struct bytequeue *output, const json_t *line)
{
	size_t before = output->size;

	if (line != NULL && json_dump_callback(line, append_json, output, JSON_COMPACT) == 0 &&
		bytequeue_append(output, "\n", 1) == TRACTOR_OK)
		return true;
	bytequeue_truncate(output, before);
	return false;
}

static json_t *
end_line(enum control_code code, const char *error)
{
	json_t *line = json_pack("{s:b, s:i}", "end", 1, "code", (int)code);

	if (line != NULL && error != NULL &&
		json_object_set_new(line, "error", utf8_json(error, strlen(error))) != 0) {
		json_decref(line);
		return NULL;
	}
	return line;
}

/* The last line is queued; the output's bound makes room for it. */
static void
append_end(struct controlpeer *peer, enum control_code code, const char *error)
{
	json_t *line = end_line(code, error);

	peer->output.max_bytes = CONTROL_OUTPUT_MAX_BYTES + END_ROOM_BYTES;
	if (!append_line(&peer->output, line))
		peer->dropped = true;
	json_decref(line);
}

static void
end(struct controlpeer *peer, enum control_code code, const char *error)
{
	if (!peer->over)
		append_end(peer, code, error);
	peer->state = CONTROLPEER_ENDING;
	peer->over = false;
	peer->since_ns = CONTROLPEER_UNSET;
	bytequeue_clear(&peer->input);
	flush(peer);
	if (peer->dropped || peer->output.size == 0)
		close_peer(peer);
}

void
controlpeer_refuse(int fd, enum control_code code, const char *error)
{
	json_t *line = end_line(code, error);
	struct bytequeue output = { .max_bytes = END_ROOM_BYTES };

	if (append_line(&output, line)) {
		(void)!sys.send(fd, &(struct iovec){ output.bytes, output.size }, 1);
	}
	json_decref(line);
	bytequeue_clear(&output);
	sys.close(fd);
}

/* --- what the handler calls --- */

static struct controlpeer *
peer_of(struct control_request *request)
{
	struct controlpeer *peer = (struct controlpeer *)request;

	tri_assert(
		peer->state == CONTROLPEER_PENDING); /* the handler went on using a request that had ended */
	return peer;
}

bool
control_data(struct control_request *request, json_t *data)
{
	struct controlpeer *peer = peer_of(request);
	json_t *line = data != NULL ? json_pack("{s:o}", "data", data) : NULL;

	if (peer->dropped || peer->over) {
		json_decref(line);
		return false;
	}
	bool appended = append_line(&peer->output, line);
	if (!appended && line != NULL && peer->output.size > 0) {
		peer->dropped = true; /* it reads too slowly */
	} else if (!appended) {
		append_end(peer, CONTROL_FAILED,
			line == NULL ? "the supervisor is out of memory" : "the answer is larger than 4 MiB");
		peer->over = true;
	}
	json_decref(line);
	flush(peer);
	return appended && !peer->dropped;
}

void
control_end(struct control_request *request, enum control_code code, const char *fmt, ...)
{
	char error[ERROR_MAX_BYTES] = "";
	va_list args;

	if (fmt != NULL) {
		va_start(args, fmt);
		vsnprintf(error, sizeof(error), fmt, args);
		va_end(args);
	}
	end(peer_of(request), code, fmt != NULL && code != CONTROL_DONE ? error : NULL);
}

/* --- requests --- */

static void
refuse_request(struct controlpeer *peer, const char *fmt, ...)
{
	char error[ERROR_MAX_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(error, sizeof(error), fmt, args);
	va_end(args);
	end(peer, CONTROL_USAGE, error);
}

/* True if the peer has closed its end altogether. Asked for, not believed from the event: that may be of the slot's last user. */
static bool
hung_up(const struct controlpeer *peer)
{
	struct pollfd fd = { .fd = peer->fd };

	return sys.poll(&fd, 1, 0) > 0 && (fd.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static void
handle_line(struct controlpeer *peer, size_t length)
{
	struct control *control = peer->control;
	json_error_t error;
	json_t *body =
		json_loadb(peer->input.bytes + peer->input.start, length, JSON_REJECT_DUPLICATES, &error);

	bytequeue_clear(&peer->input);
	if (hung_up(peer)) {
		drop(peer); /* it has given up: it told its user that nothing came of it, so nothing does */
	} else if (body == NULL) {
		refuse_request(peer, "the request is not JSON: %s", error.text);
	} else if (!json_is_object(body)) {
		refuse_request(peer, "the request is not a JSON object");
	} else {
		peer->state = CONTROLPEER_PENDING;
		peer->request = (struct control_request){ .gone = NULL };
		watch(peer);
		control->ops->request(control->arg, &peer->request, body);
	}
	json_decref(body);
}

/* One read into the input. True: there may be more. */
static bool
read_more(struct controlpeer *peer)
{
	struct bytequeue *input = &peer->input;
	size_t room =
		input->max_bytes - input->size < READ_BYTES ? input->max_bytes - input->size : READ_BYTES;
	char *at = NULL;

	if (room == 0) {
		refuse_request(peer, "the request is longer than %zu bytes", input->max_bytes);
		return false;
	}
	if (bytequeue_reserve(input, room, &at) != TRACTOR_OK) {
		drop(peer);
		return false;
	}
	ssize_t got = sys.read(peer->fd, at, room);
	if (got > 0) {
		bytequeue_commit(input, (size_t)got);
		char *newline = memchr(at, '\n', (size_t)got);
		if (newline != NULL)
			handle_line(peer, (size_t)(newline - (input->bytes + input->start)));
		return newline == NULL;
	}
	if (got == 0 && input->size > 0)
		refuse_request(peer, "the request does not end in a newline");
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		drop(peer);
	return false;
}

/* What the peer came to inside control_data(), where the handler could not be told. */
static void
settle(struct controlpeer *peer)
{
	if (peer->state == CONTROLPEER_FREE)
		return;
	if (peer->dropped) {
		drop(peer);
	} else if (peer->over) {
		tell_gone(peer);
		end(peer, CONTROL_FAILED, NULL);
	}
}

void
controlpeer_go_on(struct controlpeer *peer)
{
	flush(peer);
	if (peer->state == CONTROLPEER_ENDING && peer->output.size == 0)
		close_peer(peer);
	settle(peer);
}

void
controlpeer_ready(struct controlpeer *peer)
{
	if (peer->state == CONTROLPEER_FREE)
		return;
	if (peer->state == CONTROLPEER_READING)
		for (int round = 0; round < ROUNDS_MAX && read_more(peer); round++)
			continue;
	else if (hung_up(peer))
		drop(peer);
	else
		controlpeer_go_on(peer);
	settle(peer);
}

/* --- what the socket calls --- */

void
controlpeer_admit(struct controlpeer *peer, int fd, int64_t now_ns)
{
	*peer = (struct controlpeer){ .control = peer->control,
		.state = CONTROLPEER_READING,
		.fd = fd,
		.watched = CONTROLPEER_NOT_WATCHED,
		.since_ns = now_ns };
	peer->input.max_bytes = CONTROL_REQUEST_MAX_BYTES;
	peer->output.max_bytes = CONTROL_OUTPUT_MAX_BYTES;
	watch(peer);
}

void
controlpeer_part(struct controlpeer *peer, enum control_code code, const char *error)
{
	tell_gone(peer);
	if (peer->state == CONTROLPEER_READING || peer->state == CONTROLPEER_PENDING)
		end(peer, code, error);
}

void
controlpeer_shut(struct controlpeer *peer, enum control_code code, const char *error)
{
	controlpeer_part(peer, code, error);
	if (peer->state != CONTROLPEER_FREE)
		close_peer(peer);
}

/* Until when it may stay as it is. */
static int64_t
limit_ns(const struct controlpeer *peer)
{
	if (peer->state != CONTROLPEER_READING && peer->state != CONTROLPEER_ENDING)
		return INT64_MAX;
	return peer->since_ns == CONTROLPEER_UNSET ? INT64_MIN : peer->since_ns + CONTROL_IDLE_NS;
}

int64_t
controlpeer_next_ns(const struct controlpeer *peer)
{
	int64_t limit = limit_ns(peer);

	if (peer->dropped || peer->over)
		return INT64_MIN;
	return peer->refused && peer->retry_ns < limit ? peer->retry_ns : limit;
}

void
controlpeer_tick(struct controlpeer *peer, int64_t now_ns)
{
	settle(peer);
	if (peer->refused && peer->retry_ns != CONTROLPEER_UNSET && now_ns >= peer->retry_ns)
		controlpeer_go_on(peer);
	if (peer->refused && peer->retry_ns == CONTROLPEER_UNSET)
		peer->retry_ns = now_ns + CONTROL_RETRY_NS;
	if (peer->state != CONTROLPEER_READING && peer->state != CONTROLPEER_ENDING)
		return;
	if (peer->since_ns == CONTROLPEER_UNSET)
		peer->since_ns = now_ns;
	if (now_ns < limit_ns(peer))
		return;
	if (peer->state == CONTROLPEER_READING)
		end(peer, CONTROL_TIMED_OUT, "no request came within 10 s");
	else
		close_peer(peer);
}
