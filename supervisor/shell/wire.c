/*
 * wire.c: nng, as the supervisor uses it: never blocking. Callbacks run in nng's threads and do nothing but note what happened and ring the bell; all else runs
 * in the runtime's thread. The facts about nng 1.5 that shape this are in comments where they do. What fails is returned.
 */
#include "wire.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "link.h"
#include "sys.h"
#include "why.h"

#define KEPT_MAX \
	8192 /* frames kept for a peer that doesn't read: far beyond a window and anybody's sensible number of open asks */

#define KEPT_MAX_BYTES (128u << 20) /* eight of the largest messages */

struct kept {
	struct kept *next;
	nng_msg *message;
};

/* Of every bell's list and every wire's news: one for the process, for a wire may outlive its bell; see wire_close(). */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t closed = PTHREAD_COND_INITIALIZER;
static int closing_count;

struct wire {
	nng_socket socket;
	nng_listener listener;
	char *url;
	void *owner;
	struct bell *bell;
	nng_aio *receiving, *sending;
	nng_msg *taken;		   /* behind the payload that was last given out */
	struct kept *first, *last; /* to be sent when `sending` is done */
	size_t kept_count, kept_bytes;
	bool sending_now;
	bool stalled;		   /* no receive is outstanding */
	_Atomic uint64_t expected; /* the peer's pid; 0: nobody */
	_Atomic uint32_t pipe;	   /* the peer that was let in; 0: none */
	/* under `mutex`, written by nng's threads */
	struct wire *next;
	bool ringing;
	nng_msg *came;
	bool received, sent, hung_up;
};

tractor_err
bell_open(struct bell *bell)
{
	*bell = (struct bell){ .fd = sys.eventfd() };
	if (bell->fd < 0)
		return tri_why(TRACTOR_ESYSTEM, "no eventfd: %s", strerror(errno));
	return TRACTOR_OK;
}

void
bell_close(struct bell *bell)
{
	if (bell->fd < 0)
		return;
	sys.close(bell->fd);
	bell->fd = -1;
}

/* With the mutex held. */
static void
ring(struct wire *wire)
{
	struct bell *bell = wire->bell;
	uint64_t one = 1;

	if (!bell || wire->ringing)
		return;
	wire->ringing = true;
	wire->next = NULL;
	if (bell->last)
		bell->last->next = wire;
	else
		bell->first = wire;
	bell->last = wire;
	(void)!sys.write(bell->fd, &one, sizeof(one));
}

static struct wire *
next_ringing(struct bell *bell)
{
	pthread_mutex_lock(&mutex);
	struct wire *wire = bell->first;
	if (wire) {
		wire->ringing = false;
		if (!(bell->first = wire->next))
			bell->last = NULL;
	}
	pthread_mutex_unlock(&mutex);
	return wire;
}

void
bell_answer(struct bell *bell, void (*ready)(void *owner))
{
	uint64_t count;

	(void)!sys.read(bell->fd, &count, sizeof(count));
	/* Those that ring again meanwhile have rung the eventfd too: the next turn is theirs. */
	pthread_mutex_lock(&mutex);
	const struct wire *end = bell->last;
	pthread_mutex_unlock(&mutex);
	for (struct wire *wire; end && (wire = next_ringing(bell));) {
		bool at_end = wire == end;
		ready(wire->owner);
		if (at_end)
			break;
	}
}

/* In a thread of nng's. */
static void
on_received(void *arg)
{
	struct wire *wire = arg;

	if (nng_aio_result(wire->receiving) != 0)
		return;
	pthread_mutex_lock(&mutex);
	wire->came = nng_aio_get_msg(wire->receiving);
	wire->received = true;
	ring(wire);
	pthread_mutex_unlock(&mutex);
}

/* In a thread of nng's. */
static void
on_sent(void *arg)
{
	struct wire *wire = arg;

	if (nng_aio_result(wire->sending) != 0) {
		nng_msg_free(nng_aio_get_msg(wire->sending));
		nng_aio_set_msg(wire->sending, NULL);
	}
	pthread_mutex_lock(&mutex);
	wire->sent = true;
	ring(wire);
	pthread_mutex_unlock(&mutex);
}

/*
 * In a thread of nng's. Before the pipe is added is the only moment at which a stranger can be turned away without taking the one place that pair0 has.
 */
static void
on_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct wire *wire = arg;
	uint64_t pid = 0;

	if (event == NNG_PIPE_EV_ADD_PRE) {
		uint64_t expected = atomic_load(&wire->expected);
		if (expected == 0 || nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_PID, &pid) != 0 ||
			pid != expected)
			nng_pipe_close(pipe);
	} else if (event == NNG_PIPE_EV_ADD_POST) {
		pthread_mutex_lock(&mutex);
		atomic_store(&wire->pipe, (uint32_t)nng_pipe_id(pipe));
		wire->hung_up = false; /* of one that a new listener has replaced */
		pthread_mutex_unlock(&mutex);
	} else if (atomic_load(&wire->pipe) == (uint32_t)nng_pipe_id(pipe)) {
		pthread_mutex_lock(&mutex);
		wire->hung_up = true;
		ring(wire);
		pthread_mutex_unlock(&mutex);
	}
}

static int
begin_listening(struct wire *wire)
{
	int rv = nng_listener_create(&wire->listener, wire->socket, wire->url);

	if (rv != 0)
		return rv;
	if ((rv = nng_listener_set_int(wire->listener, NNG_OPT_IPC_PERMISSIONS, 0600)) != 0 ||
		(rv = nng_listener_start(wire->listener, 0)) != 0)
		nng_listener_close(wire->listener);
	return rv;
}

static int
begin(struct wire *wire)
{
	int rv = tri_nng_open(&wire->socket);

	if (rv != 0)
		return rv;
	if ((rv = nng_pipe_notify(wire->socket, NNG_PIPE_EV_ADD_PRE, on_pipe, wire)) != 0 ||
		(rv = nng_pipe_notify(wire->socket, NNG_PIPE_EV_ADD_POST, on_pipe, wire)) != 0 ||
		(rv = nng_pipe_notify(wire->socket, NNG_PIPE_EV_REM_POST, on_pipe, wire)) != 0 ||
		(rv = nng_aio_alloc(&wire->receiving, on_received, wire)) != 0 ||
		(rv = nng_aio_alloc(&wire->sending, on_sent, wire)) != 0 ||
		(rv = begin_listening(wire)) != 0) {
		nng_close(wire->socket);
		nng_aio_free(wire->receiving);
		nng_aio_free(wire->sending);
		return rv;
	}
	nng_recv_aio(wire->socket, wire->receiving);
	return 0;
}

tractor_err
wire_open(struct bell *bell, const char *url, void *owner, struct wire **ret_wire)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	char *url_copy = strdup(url);

	if (!wire || !url_copy) {
		free(wire);
		free(url_copy);
		return TRACTOR_ENOMEM;
	}
	*wire = (struct wire){ .url = url_copy, .owner = owner, .bell = bell };
	int rv = begin(wire);
	if (rv != 0) {
		free(url_copy);
		free(wire);
		return tri_why(TRACTOR_ESYSTEM, "cannot listen on %s: %s", url, nng_strerror(rv));
	}
	*ret_wire = wire;
	return TRACTOR_OK;
}

void
wire_expect(struct wire *wire, pid_t pid)
{
	atomic_store(&wire->expected, (uint64_t)pid);
}

bool
wire_connected(const struct wire *wire)
{
	pthread_mutex_lock(&mutex);
	bool connected = atomic_load(&((struct wire *)wire)->pipe) != 0 && !wire->hung_up;
	pthread_mutex_unlock(&mutex);
	return connected;
}

tractor_err
wire_listen_again(struct wire *wire)
{
	nng_listener_close(wire->listener);
	int rv = begin_listening(wire);

	return rv == 0 ? TRACTOR_OK
		       : tri_why(TRACTOR_ESYSTEM, "cannot listen on %s: %s", wire->url, nng_strerror(rv));
}

/* The message that the outstanding receive brought; NULL: it is still outstanding, or there is none. */
static nng_msg *
brought(struct wire *wire)
{
	pthread_mutex_lock(&mutex);
	nng_msg *message = wire->came;
	wire->came = NULL;
	if (wire->received) {
		wire->received = false;
		wire->stalled = true;
	}
	pthread_mutex_unlock(&mutex);
	return message;
}

/* What came behind it is in nng's queue; when that is empty a receive is made outstanding again. */
static nng_msg *
next_message(struct wire *wire)
{
	nng_msg *message = brought(wire);

	if (message || !wire->stalled)
		return message;
	if (nng_recvmsg(wire->socket, &message, NNG_FLAG_NONBLOCK) == 0)
		return message;
	wire->stalled = false;
	nng_recv_aio(wire->socket, wire->receiving);
	return NULL;
}

void
wire_again(struct wire *wire)
{
	pthread_mutex_lock(&mutex);
	ring(wire);
	pthread_mutex_unlock(&mutex);
}

bool
wire_drained(const struct wire *wire)
{
	pthread_mutex_lock(&mutex);
	bool drained = wire->hung_up && !wire->received && !wire->stalled;
	pthread_mutex_unlock(&mutex);
	return drained || atomic_load(&((struct wire *)wire)->pipe) == 0;
}

/* True once nng has taken the message, which is then its own. */
static bool
try_send(struct wire *wire, nng_msg *message)
{
	if (nng_sendmsg(wire->socket, message, NNG_FLAG_NONBLOCK) == 0)
		return true;
	return false;
}

static void
send_later(struct wire *wire, nng_msg *message)
{
	wire->sending_now = true;
	nng_aio_set_msg(wire->sending, message);
	nng_send_aio(wire->socket, wire->sending);
}

/* When what was sent later has gone: what was kept follows. */
static void
send_kept(struct wire *wire)
{
	pthread_mutex_lock(&mutex);
	bool sent = wire->sent;
	wire->sent = false;
	pthread_mutex_unlock(&mutex);
	if (!sent)
		return;
	wire->sending_now = false;
	for (struct kept *kept; !wire->sending_now && (kept = wire->first);) {
		if (!(wire->first = kept->next))
			wire->last = NULL;
		wire->kept_count--;
		wire->kept_bytes -= nng_msg_len(kept->message);
		if (!try_send(wire, kept->message))
			send_later(wire, kept->message);
		free(kept);
	}
}

bool
wire_take(struct wire *wire, struct tri_frame *ret_frame, const uint8_t **ret_payload, bool *ret_bad)
{
	send_kept(wire); /* what rang may have been room to send */
	if (wire->taken)
		nng_msg_free(wire->taken);
	wire->taken = next_message(wire);
	if (!wire->taken)
		return false;
	const uint8_t *body = nng_msg_body(wire->taken);
	*ret_bad = tri_frame_check(body, nng_msg_len(wire->taken), ret_frame) != TRACTOR_OK;
	*ret_payload = body + sizeof(struct tri_frame);
	return true;
}

static tractor_err
keep(struct wire *wire, nng_msg *message)
{
	if (wire->kept_count >= KEPT_MAX || wire->kept_bytes + nng_msg_len(message) > KEPT_MAX_BYTES)
		return tri_why(
			TRACTOR_EFULL, "%zu frames wait for it already and it reads none", wire->kept_count);
	struct kept *kept = malloc(sizeof(*kept));
	if (!kept)
		return TRACTOR_ENOMEM;
	*kept = (struct kept){ .message = message };
	if (wire->last)
		wire->last->next = kept;
	else
		wire->first = kept;
	wire->last = kept;
	wire->kept_count++;
	wire->kept_bytes += nng_msg_len(message);
	return TRACTOR_OK;
}

tractor_err
wire_send(struct wire *wire, const struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes)
{
	struct tri_frame head = *frame;
	nng_msg *message;

	if (nng_msg_alloc(&message, sizeof(head) + payload_bytes) != 0)
		return TRACTOR_ENOMEM;
	head.payload_bytes = (uint32_t)payload_bytes;
	memcpy(nng_msg_body(message), &head, sizeof(head));
	if (payload_bytes > 0)
		memcpy((uint8_t *)nng_msg_body(message) + sizeof(head), payload, payload_bytes);
	send_kept(wire);
	if (wire->sending_now) {
		tractor_err err = keep(wire, message);
		if (err != TRACTOR_OK)
			nng_msg_free(message);
		return err;
	}
	if (!try_send(wire, message))
		send_later(wire, message);
	return TRACTOR_OK;
}

/* From now on nobody is told of anything. */
static void
silence(struct wire *wire)
{
	struct bell *bell = wire->bell;
	struct wire *before = NULL;

	pthread_mutex_lock(&mutex);
	for (struct wire **at = &bell->first; *at; before = *at, at = &(*at)->next) {
		if (*at != wire)
			continue;
		*at = wire->next;
		if (bell->last == wire)
			bell->last = before;
		break;
	}
	wire->bell = NULL;
	closing_count++;
	pthread_mutex_unlock(&mutex);
}

/* Alone with the wire. */
static void *
close_for_good(void *arg)
{
	struct wire *wire = arg;

	nng_aio_stop(wire->receiving);
	nng_aio_stop(wire->sending);
	nng_close(wire->socket);
	nng_aio_free(wire->receiving);
	nng_aio_free(wire->sending);
	if (wire->came)
		nng_msg_free(wire->came);
	if (wire->taken)
		nng_msg_free(wire->taken);
	for (struct kept *kept; (kept = wire->first);) {
		wire->first = kept->next;
		nng_msg_free(kept->message);
		free(kept);
	}
	free(wire->url);
	free(wire);
	pthread_mutex_lock(&mutex);
	closing_count--;
	pthread_cond_broadcast(&closed);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

/*
 * In a thread of its own: nng 1.5.2's close waits for its reaper, which on a busy machine now and then waits for ever for a pipe whose peer was killed. The supervisor doesn't wait with it.
 */
void
wire_close(struct wire *wire)
{
	pthread_attr_t detached;
	pthread_t thread;
	sigset_t all, before;

	if (!wire)
		return;
	silence(wire);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, close_for_good, wire) != 0)
		close_for_good(wire);
	pthread_attr_destroy(&detached);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool
wire_all_closed(int limit_s)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += limit_s;
	pthread_mutex_lock(&mutex);
	while (closing_count > 0 && error == 0)
		error = pthread_cond_timedwait(&closed, &mutex, &until);
	bool all = closing_count == 0;
	pthread_mutex_unlock(&mutex);
	return all;
}
