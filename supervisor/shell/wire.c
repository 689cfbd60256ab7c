/*
 * wire.c: the supervisor's end of the links: UNIX stream sockets on which nng's protocol is spoken, never blocking. An actor has nng (any version, any binding); we don't, because nng 1.5
 * stops accepting when a peer hangs up at once, and waits for ever in nng_close() when it gives a connection up over a failed send while a message is being read (see nng.md). What is
 * spoken is SP over ipc://: each side first sends eight bytes that name its protocol, then messages, each with a type byte and a length before it.
 *
 * What a peer sends is not trusted; what fails is returned, or is the end of that connection. A wire is there before it is needed, and keeps its room from one process to the next.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "host.h"
#include "sys.h"
#include "why.h"
#include "wire_private.h"

#define KEPT_MAX \
	8192 /* frames kept for a peer that doesn't read: far beyond a window and anybody's sensible number of open asks */
#define WHAT_BYTES 128 /* of a sentence with a path that fits into a socket's address */
#define GREETING_BYTES 8
#define HEAD_BYTES 9		      /* type and length, before each message */
#define ROOM_BYTES ((size_t)64 << 10) /* read at a time; what a larger message took beyond it is given back */
#define MESSAGE_MAX_BYTES (sizeof(struct tri_frame) + TRI_PAYLOAD_MAX)
static const uint8_t greeting[GREETING_BYTES] = { 0, 'S', 'P', 0, 0, 0x10 /* pair0 */, 0, 0 };

/* --- what is kept until the peer takes it --- */

static void
drop_first(struct wire *wire)
{
	struct kept *kept = wire->first;

	if (!(wire->first = kept->next))
		wire->last = NULL;
	wire->kept_count--;
	if (kept != wire->hello)
		free(kept);
}

static void
add_last(struct wire *wire, struct kept *kept)
{
	kept->next = NULL;
	if (wire->last)
		wire->last->next = kept;
	else
		wire->first = kept;
	wire->last = kept;
	wire->kept_count++;
}

/* All the parts in one, of which so much is sent already. NULL: no memory. */
static struct kept *
copy_of(const struct iovec *parts, int count, size_t sent)
{
	size_t size = 0;

	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	struct kept *kept = malloc(sizeof(*kept) + size);
	if (!kept)
		return NULL;
	*kept = (struct kept){ .size = size, .sent = sent };
	for (size_t i = 0, at = 0; i < (size_t)count; at += parts[i++].iov_len)
		if (parts[i].iov_len > 0)
			memcpy(kept->bytes + at, parts[i].iov_base, parts[i].iov_len);
	return kept;
}

static tractor_err
keep(struct wire *wire, const struct iovec *parts, int count, size_t sent)
{
	if (wire->kept_count >= KEPT_MAX)
		return tri_why(
			TRACTOR_EFULL, "%zu frames wait for it already and it reads none", wire->kept_count);
	struct kept *kept = copy_of(parts, count, sent);
	if (!kept)
		return TRACTOR_ENOMEM;
	add_last(wire, kept);
	return TRACTOR_OK;
}

/* --- room for what is read --- */

static void
give_room_back(struct wire *wire)
{
	if (wire->in_start != wire->in_end || wire->in_room <= ROOM_BYTES)
		return;
	uint8_t *less = realloc(wire->in, ROOM_BYTES);
	if (less) {
		wire->in = less;
		wire->in_room = ROOM_BYTES;
	}
	wire->in_start = wire->in_end = 0;
}

/* Room for `size` bytes from in_start on. */
static bool
make_room(struct wire *wire, size_t size)
{
	size_t held = wire->in_end - wire->in_start;

	if (wire->in_start > 0) {
		memmove(wire->in, wire->in + wire->in_start, held);
		wire->in_start = 0;
		wire->in_end = held;
	}
	if (size < ROOM_BYTES)
		size = ROOM_BYTES;
	if (size <= wire->in_room)
		return true;
	uint8_t *more = realloc(wire->in, size);
	if (!more)
		return false;
	wire->in = more;
	wire->in_room = size;
	return true;
}

/* --- who is let in --- */

static void
close_peer(struct wire *wire)
{
	if (wire->peer >= 0)
		sys.close(wire->peer);
	wire->peer = -1;
	wire->greeted = false;
	wire->in_start = wire->in_end = 0;
	while (wire->first)
		drop_first(wire);
}

/* The process `pid`, as the kernel says. One that has not said what it speaks gives way to the next, so that holding the door shut is no use. */
static bool
is_welcome(const struct wire *wire, pid_t pid)
{
	bool meant = wire->expected == WIRE_ANYBODY || pid == wire->expected;

	return wire->expected != 0 && (!wire->greeted || wire->hung_up) && meant;
}

/* Takes its place as the peer. False: the host refuses, errno says what. */
static bool
seat(struct wire *wire, int fd)
{
	/* Edges only: who is not heard, because it has broken the rules, doesn't wake us all the time. */
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = &wire->sockets };

	close_peer(wire);
	sys.refuse_fds(fd);
	if (sys.epoll_ctl(wire->bell->fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return false;
	wire->hello->sent = 0;
	add_last(wire, wire->hello);
	wire->peer = fd;
	wire->readable = true;
	wire->hung_up = false;
	return true;
}

/*
 * False: the host refuses what is needed for it; then it waits, for an nng that is turned away before the greeting does not come back.
 */
static bool
let_in(struct wire *wire, int fd)
{
	struct ucred who;

	if (sys.peer(fd, &who) < 0)
		return false;
	if (!is_welcome(wire, who.pid)) {
		sys.close(fd);
		return true;
	}
	return seat(wire, fd);
}

static void
accept_all(struct wire *wire)
{
	while ((wire->knocked && wire->listener >= 0) || wire->arrived >= 0) {
		int fd = wire->arrived >= 0 ? wire->arrived : sys.accept(wire->listener);
		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0 && errno == EAGAIN) {
			wire->knocked = false;
			return;
		}
		wire->arrived = fd;
		if (fd < 0 || !let_in(wire, fd)) {
			bell_wait_out(wire, errno);
			return;
		}
		wire->arrived = -1;
	}
}

static int
begin_listening(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = sys.socket();

	if (fd < 0)
		return -1;
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	/* Before bind: the file has this mode from its first moment on. */
	if (strlen(path) < sizeof(address.sun_path) && sys.fchmod(fd, 0600) == 0 &&
		sys.bind(fd, &address) == 0 && sys.listen(fd, 16) == 0)
		return fd;
	int error = strlen(path) < sizeof(address.sun_path) ? errno : ENAMETOOLONG;
	sys.close(fd);
	errno = error;
	return -1;
}

/* `of_fd`: an fd or its address could not be had; else it could not be watched. */
static tractor_err
cannot_listen(int error, const char *path, bool of_fd)
{
	const char *call = !of_fd ? "epoll_ctl" : error == EMFILE || error == ENFILE ? "socket" : "bind";
	char what[WHAT_BYTES];

	snprintf(what, sizeof(what), "a socket at %s", path);
	return host_refused(error, call, what);
}

tractor_err
wire_new(struct bell *bell, wire_ready *ready, void *owner, struct wire **ret_wire)
{
	const struct iovec hello = { (void *)greeting, sizeof(greeting) };
	struct wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		return TRACTOR_ENOMEM;
	*wire = (struct wire){ .bell = bell,
		.ready = ready,
		.owner = owner,
		.listener = -1,
		.peer = -1,
		.arrived = -1,
		.sockets = { .wire = wire },
		.doorbell = { .wire = wire, .is_doorbell = true },
		.lanes = { .bell = -1, .doorbell = -1 } };
	wire->hello = copy_of(&hello, 1, 0);
	if (!wire->hello || !make_room(wire, ROOM_BYTES)) {
		wire_free(wire);
		return TRACTOR_ENOMEM;
	}
	*ret_wire = wire;
	return TRACTOR_OK;
}

void
wire_give(struct wire *wire, wire_ready *ready, void *owner)
{
	wire->ready = ready;
	wire->owner = owner;
}

tractor_err
wire_open(struct wire *wire, const char *url)
{
	const char *path = strncmp(url, "ipc://", 6) == 0 ? url + 6 : url;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = &wire->sockets };

	snprintf(wire->path, sizeof(wire->path), "%s", path);
	wire->listener = begin_listening(path);
	if (wire->listener < 0 || sys.epoll_ctl(wire->bell->fd, EPOLL_CTL_ADD, wire->listener, &event) < 0) {
		tractor_err err = cannot_listen(errno, path, wire->listener < 0);
		wire_close(wire);
		return err;
	}
	return TRACTOR_OK;
}

void
wire_expect(struct wire *wire, pid_t pid)
{
	wire->expected = pid;
}

void
wire_shut(struct wire *wire)
{
	if (wire->arrived >= 0)
		sys.close(wire->arrived);
	if (wire->listener >= 0) {
		sys.close(wire->listener);
		sys.unlink(wire->path);
	}
	wire->listener = wire->arrived = -1;
	wire->expected = 0;
	wire->knocked = false;
}

const char *
wire_trouble(const struct wire *wire)
{
	return wire->trouble != 0 ? strerror(wire->trouble) : NULL;
}

bool
wire_connected(const struct wire *wire)
{
	return wire->peer >= 0 && !wire->hung_up;
}

/* --- sending --- */

static bool
is_gone(int error)
{
	return error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

/* A peer that is gone takes nothing any more; what it had sent is still to be read. */
static void
send_kept(struct wire *wire)
{
	while (wire->first && wire->peer >= 0) {
		struct kept *kept = wire->first;
		const struct iovec rest = { kept->bytes + kept->sent, kept->size - kept->sent };
		ssize_t put = sys.send(wire->peer, &rest, 1);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			return; /* we shall hear when there is room */
		if (put < 0 && !is_gone(errno)) {
			bell_wait_out(wire, errno);
			return;
		}
		if (put > 0 && (kept->sent += (size_t)put) < kept->size)
			continue;
		drop_first(wire);
	}
}

tractor_err
wire_send(struct wire *wire, struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes)
{
	uint8_t prefix[HEAD_BYTES] = { 1 };
	uint64_t length = sizeof(*frame) + payload_bytes;
	struct iovec parts[] = {
		{ prefix, sizeof(prefix) },
		{ frame, sizeof(*frame) },
		{ (void *)payload, payload_bytes },
	};

	if (!wire->greeted || wire->hung_up)
		return TRACTOR_OK; /* nobody there: its death is on the way, or it never came */
	frame->payload_bytes = (uint32_t)payload_bytes;
	if (wirelanes_send(wire, frame, payload, payload_bytes))
		return TRACTOR_OK;
	for (int i = 0; i < 8; i++)
		prefix[8 - i] = (uint8_t)(length >> (8 * i));
	send_kept(wire);
	ssize_t put = wire->first ? 0 : sys.send(wire->peer, parts, payload_bytes > 0 ? 3 : 2);
	if (put == (ssize_t)(HEAD_BYTES + length) || (put < 0 && is_gone(errno)))
		return TRACTOR_OK; /* likewise */
	tractor_err err = keep(wire, parts, 3, put > 0 ? (size_t)put : 0);
	if (err == TRACTOR_OK)
		send_kept(wire); /* or there might be nothing to tell us when */
	return err;
}

/* --- receiving --- */

/* Reads until `size` bytes are there. False: not yet, or never, which hung_up says. Memory that isn't there is asked for again. */
static bool
have(struct wire *wire, size_t size)
{
	while (wire->in_end - wire->in_start < size) {
		if (wire->peer < 0 || wire->hung_up || !wire->readable)
			return false;
		if (wire->in_room - wire->in_start < size && !make_room(wire, size)) {
			bell_wait_out(wire, ENOMEM);
			return false;
		}
		ssize_t got = sys.read(wire->peer, wire->in + wire->in_end, wire->in_room - wire->in_end);
		if (got > 0) {
			wire->in_end += (size_t)got;
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
			wire->trouble = got < 0 ? errno : wire->trouble;
			wire->hung_up = true;
			return false;
		} else if (errno == EAGAIN) {
			wire->readable = false;
			return false;
		}
	}
	return true;
}

/* False: not yet, or it speaks something else, and then it is shown the door. */
static bool
greet(struct wire *wire)
{
	if (wire->greeted)
		return true;
	if (!have(wire, GREETING_BYTES))
		return false;
	if (memcmp(wire->in + wire->in_start, greeting, GREETING_BYTES) != 0) {
		close_peer(wire);
		return false;
	}
	wire->in_start += GREETING_BYTES;
	return wire->greeted = true;
}

/* The length of the message at in_start. */
static uint64_t
message_bytes(const struct wire *wire)
{
	uint64_t length = 0;

	for (int i = 1; i < HEAD_BYTES; i++)
		length = length << 8 | wire->in[wire->in_start + (size_t)i];
	return length;
}

/* The frame at the socket's head, if it is the next one. */
static bool
take_from_socket(struct wire *wire, struct tri_frame *ret_frame, const uint8_t **ret_payload, bool *ret_bad)
{
	if (!greet(wire) || !have(wire, HEAD_BYTES))
		return false;
	uint64_t length = message_bytes(wire);
	*ret_bad = wire->in[wire->in_start] != 1 || length > MESSAGE_MAX_BYTES;
	if (*ret_bad) {
		tri_why(TRACTOR_EBADMSG, "a message of type %u and %llu bytes; at most %zu",
			wire->in[wire->in_start], (unsigned long long)length, MESSAGE_MAX_BYTES);
		return true;
	}
	if (!have(wire, HEAD_BYTES + (size_t)length))
		return false;
	const uint8_t *body = wire->in + wire->in_start + HEAD_BYTES;
	*ret_bad = tri_frame_check(body, (size_t)length, ret_frame) != TRACTOR_OK;
	if (!*ret_bad && !wirelanes_in_order(wire, ret_frame)) {
		/* What it sent before by the lane would be there by now. */
		*ret_bad = true;
		tri_why(TRACTOR_EBADMSG, "a %s frame out of order", tri_frame_kind_name(ret_frame->kind));
	}
	wire->in_start += HEAD_BYTES + (size_t)length;
	*ret_payload = body + sizeof(struct tri_frame);
	return true;
}

bool
wire_take(struct wire *wire, struct tri_frame *ret_frame, const uint8_t **ret_payload, bool *ret_bad)
{
	give_room_back(wire);
	return wirelanes_take(wire, ret_frame, ret_payload, ret_bad) ||
	       take_from_socket(wire, ret_frame, ret_payload, ret_bad);
}

bool
wire_is_heard_out(const struct wire *wire)
{
	return wire->greeted && !wire->hung_up && !wire->readable && wire->in_start == wire->in_end &&
	       !wirelanes_have_news(wire);
}

bool
wire_drained(const struct wire *wire)
{
	return wire->peer < 0 || wire->hung_up;
}

void
wire_attend(struct wire *wire)
{
	accept_all(wire);
	send_kept(wire);
	if (wire->lanes.unrung)
		wirelanes_ring(wire);
}

void
wire_close(struct wire *wire)
{
	bell_strike(wire);
	wirelanes_close(wire);
	close_peer(wire);
	give_room_back(wire);
	wire_shut(wire);
	wire->trouble = 0;
	wire->hung_up = wire->readable = false;
}

void
wire_free(struct wire *wire)
{
	if (!wire)
		return;
	wire_close(wire);
	free(wire->hello);
	free(wire->in);
	free(wire);
}
