/*
 * uplink.c: nng, as an actor uses it. Receives with an aio whose callback, in a thread of nng's, queues the message and rings an eventfd; all else
 * runs in the actor's one thread. Polling nng's own receive fd would leak it (nng 1.5). What fails is returned.
 */
#include "uplink.h"

#include <errno.h>
#include <link.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "codec.h"
#include "why.h"

#define REDIAL_MIN_MS 5 /* the listener is there before we are, but for one that is being replaced */
#define REDIAL_MAX_MS 40
/* Of each thread of nng's, for callbacks like ours, beside its thread-local variables. The usual 8 MiB are address space, but each such stack takes a page table, too, to be made at the start and unmade at the death. */
#define STACK_BYTES ((size_t)512 << 10)
#define QUEUE_LENGTH \
	64 /* in nng, each way: a few windows' worth, so that neither side waits for the other's scheduling */

struct tri_uplink {
	nng_socket socket;
	nng_aio *receiving;
	int bell;
	_Atomic bool rung;
	_Atomic uint32_t connection; /* the pipe's id; 0: none */
	_Atomic bool has_lost;
	pthread_mutex_t mutex; /* of `came` */
	struct tri_packets came;
};

/* In nng 1.7 and later; one binary serves both, so it is looked up weakly. The numbers are nng's, binary-stable by its own word. */
extern void nng_init_set_parameter(int parameter, uint64_t value) __attribute__((weak));
enum { TASK_THREADS = 1, EXPIRE_THREADS = 2, POLLER_THREADS = 3, RESOLVER_THREADS = 4 };

void
tri_nng_init(void)
{
	if (!nng_init_set_parameter)
		return;
	nng_init_set_parameter(TASK_THREADS, TRI_NNG_TASK_THREADS);
	nng_init_set_parameter(EXPIRE_THREADS, TRI_NNG_OTHER_THREADS);
	nng_init_set_parameter(POLLER_THREADS, TRI_NNG_OTHER_THREADS);
	nng_init_set_parameter(RESOLVER_THREADS, TRI_NNG_OTHER_THREADS);
}

const char *
tri_nng_version(bool *ret_settable)
{
	*ret_settable = nng_init_set_parameter != NULL;
	return nng_version();
}

/* What threads are made with from now on that nobody says more of. False: as it was. */
static bool
set_stacks(pthread_attr_t *usual, size_t size)
{
	return pthread_attr_setstacksize(usual, size) == 0 && pthread_setattr_default_np(usual) == 0;
}

static int
add_local(struct dl_phdr_info *object, size_t size, void *sum)
{
	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_TLS)
			*(size_t *)sum += object->dlpi_phdr[i].p_memsz + object->dlpi_phdr[i].p_align;
	return 0;
}

/* With the program's thread-local variables, which lie in each thread's stack, too. Whole pages: else what is at its top lies in one more of them. */
static size_t
stack_bytes(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = STACK_BYTES;

	dl_iterate_phdr(add_local, &bytes);
	return (bytes + page - 1) / page * page;
}

/* nng makes its threads at the first socket, and says nothing of their stacks. Everybody else's are as they were. */
static int
open_pair(struct nng_socket_s *ret_socket)
{
	size_t size = 0, enough = stack_bytes();
	pthread_attr_t usual;

	if (pthread_getattr_default_np(&usual) != 0)
		return nng_pair0_open(ret_socket);
	pthread_attr_getstacksize(&usual, &size);
	bool ours = size != enough && set_stacks(&usual, enough);
	int rv = nng_pair0_open(ret_socket);
	if (ours)
		set_stacks(&usual, size);
	/* The C library may have set more aside in each than we know of (GLIBC_TUNABLES). */
	if (ours && rv != 0)
		rv = nng_pair0_open(ret_socket);
	pthread_attr_destroy(&usual);
	return rv;
}

int
tri_nng_open(struct nng_socket_s *ret_socket)
{
	/* nng's threads inherit this mask: SIGTERM, and a deadline's SIGABRT, must find the thread that runs the handlers. Faults stay where they are. */
	static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };
	sigset_t all, before;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(&all, own[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rv = open_pair(ret_socket);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rv != 0)
		return rv;
	if ((rv = nng_socket_set_size(
		     *ret_socket, NNG_OPT_RECVMAXSZ, sizeof(struct tri_frame) + TRI_PAYLOAD_MAX)) != 0 ||
		(rv = nng_socket_set_int(*ret_socket, NNG_OPT_RECVBUF, QUEUE_LENGTH)) != 0 ||
		(rv = nng_socket_set_int(*ret_socket, NNG_OPT_SENDBUF, QUEUE_LENGTH)) != 0)
		nng_close(*ret_socket);
	return rv;
}

static void
release_message(void *message)
{
	nng_msg_free(message);
}

/* NULL: malformed, or no memory, which is noted; the message is freed then. */
static struct tri_packet *
packet_of(struct tri_uplink *link, nng_msg *message)
{
	struct tri_packet *packet = calloc(1, sizeof(*packet));

	if (!packet)
		atomic_store(&link->has_lost, true);
	if (!packet ||
		tri_frame_check(nng_msg_body(message), nng_msg_len(message), &packet->frame) != TRACTOR_OK) {
		free(packet);
		nng_msg_free(message);
		return NULL;
	}
	packet->payload = (const uint8_t *)nng_msg_body(message) + sizeof(struct tri_frame);
	packet->release = release_message;
	packet->owner = message;
	return packet;
}

/* In a thread of nng's. */
static void
received(void *arg)
{
	struct tri_uplink *link = arg;

	if (nng_aio_result(link->receiving) != 0)
		return;
	struct tri_packet *packet = packet_of(link, nng_aio_get_msg(link->receiving));
	if (packet) {
		pthread_mutex_lock(&link->mutex);
		tri_packets_put(&link->came, packet);
		pthread_mutex_unlock(&link->mutex);
	}
	tri_uplink_ring(link);
	nng_recv_aio(link->socket, link->receiving);
}

/* In a thread of nng's. The end of a connection that another one has replaced is no news. */
static void
connected(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct tri_uplink *link = arg;
	uint32_t ended = (uint32_t)nng_pipe_id(pipe);

	if (event == NNG_PIPE_EV_ADD_POST)
		atomic_store(&link->connection, ended);
	else
		atomic_compare_exchange_strong(&link->connection, &ended, 0);
	tri_uplink_ring(link);
}

static int
begin(struct tri_uplink *link, const char *url)
{
	int rv = tri_nng_open(&link->socket);

	if (rv != 0)
		return rv;
	if ((rv = nng_socket_set_ms(link->socket, NNG_OPT_RECONNMINT, REDIAL_MIN_MS)) != 0 ||
		(rv = nng_socket_set_ms(link->socket, NNG_OPT_RECONNMAXT, REDIAL_MAX_MS)) != 0 ||
		(rv = nng_pipe_notify(link->socket, NNG_PIPE_EV_ADD_POST, connected, link)) != 0 ||
		(rv = nng_pipe_notify(link->socket, NNG_PIPE_EV_REM_POST, connected, link)) != 0 ||
		(rv = nng_aio_alloc(&link->receiving, received, link)) != 0) {
		nng_close(link->socket);
		return rv;
	}
	nng_recv_aio(link->socket, link->receiving);
	if ((rv = nng_dial(link->socket, url, NULL, NNG_FLAG_NONBLOCK)) != 0) {
		nng_close(link->socket);
		nng_aio_free(link->receiving);
	}
	return rv;
}

tractor_err
tri_uplink_open(const char *url, int bell, struct tri_uplink **ret_link)
{
	struct tri_uplink *link = calloc(1, sizeof(*link));

	if (!link)
		return TRACTOR_ENOMEM;
	pthread_mutex_init(&link->mutex, NULL);
	link->bell = bell;
	int rv = begin(link, url);
	if (rv != 0) {
		pthread_mutex_destroy(&link->mutex);
		free(link);
		return tri_why(TRACTOR_ESYSTEM, "cannot open the link to %s: %s", url, nng_strerror(rv));
	}
	*ret_link = link;
	return TRACTOR_OK;
}

void
tri_uplink_clear(struct tri_uplink *link)
{
	atomic_store(&link->rung, false);
}

void
tri_uplink_ring(struct tri_uplink *link)
{
	uint64_t one = 1;
	int saved_errno = errno;

	atomic_store(&link->rung, true);
	(void)!write(link->bell, &one, sizeof(one));
	errno = saved_errno;
}

bool
tri_uplink_was_rung(const struct tri_uplink *link)
{
	return atomic_load_explicit(&link->rung, memory_order_acquire);
}

uint32_t
tri_uplink_connection(const struct tri_uplink *link)
{
	return atomic_load(&link->connection);
}

bool
tri_uplink_has_lost(const struct tri_uplink *link)
{
	return atomic_load(&link->has_lost);
}

struct tri_packet *
tri_uplink_take(struct tri_uplink *link)
{
	pthread_mutex_lock(&link->mutex);
	struct tri_packet *packet = tri_packets_take(&link->came);
	pthread_mutex_unlock(&link->mutex);
	return packet;
}

/* Takes the message. */
static tractor_err
hand_over(struct tri_uplink *link, nng_msg *message)
{
	int rv = nng_sendmsg(link->socket, message, 0);

	if (rv == 0)
		return TRACTOR_OK;
	nng_msg_free(message);
	return tri_why(TRACTOR_ECLOSED, "the link is closed: %s", nng_strerror(rv));
}

tractor_err
tri_uplink_send(struct tri_uplink *link, struct tri_frame *frame, const struct tractor_record *record,
	const void *value, size_t payload_bytes)
{
	nng_msg *message;
	size_t used = 0;
	tractor_err err = TRACTOR_OK;

	if (payload_bytes > TRI_PAYLOAD_MAX)
		return tri_why(TRACTOR_EINVAL, "a message of %zu bytes is over the limit of %zu",
			payload_bytes, TRI_PAYLOAD_MAX);
	if (nng_msg_alloc(&message, sizeof(*frame) + payload_bytes) != 0)
		return tri_why_of(TRACTOR_ENOMEM);
	uint8_t *body = nng_msg_body(message);
	frame->payload_bytes = (uint32_t)payload_bytes;
	memcpy(body, frame, sizeof(*frame));
	if (record)
		err = tri_encode(record, value, body + sizeof(*frame), payload_bytes, &used);
	if (err == TRACTOR_OK)
		return hand_over(link, message);
	nng_msg_free(message);
	return err;
}

tractor_err
tri_uplink_send_bytes(struct tri_uplink *link, const struct tri_frame *frame, const uint8_t *payload)
{
	nng_msg *message;

	if (nng_msg_alloc(&message, sizeof(*frame) + frame->payload_bytes) != 0)
		return TRACTOR_ENOMEM;
	uint8_t *body = nng_msg_body(message);
	memcpy(body, frame, sizeof(*frame));
	if (frame->payload_bytes > 0)
		memcpy(body + sizeof(*frame), payload, frame->payload_bytes);
	return hand_over(link, message);
}

tractor_err
tri_uplink_send_raw(struct tri_uplink *link, const void *bytes, size_t size_bytes)
{
	nng_msg *message;

	if (nng_msg_alloc(&message, size_bytes) != 0)
		return TRACTOR_ENOMEM;
	memcpy(nng_msg_body(message), bytes, size_bytes);
	return hand_over(link, message);
}
