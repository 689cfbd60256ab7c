/* speaking.c: nng and frames without the library's say; and how an actor should speak, up to where it does not. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec.h"
#include "schema.h"

#include "hostile.h"

nng_socket link_socket;
struct tri_blackbox *box;
struct tri_outbox_end outbox;
uint64_t self;

/* The real one takes this process over, and with it the pid that the supervisor expects. */
void
be_a_victim(char **argv)
{
	execv(getenv("VICTIM"), argv);
	_exit(126);
}

/* --- frames --- */

struct tri_frame
header(enum tri_frame_kind kind)
{
	struct tri_frame frame = tri_frame(kind);

	frame.incarnation = box->incarnation;
	return frame;
}

void
send_bytes(const void *bytes, size_t size)
{
	nng_msg *message;

	if (nng_msg_alloc(&message, 0) != 0 || nng_msg_append(message, bytes, size) != 0 ||
		nng_sendmsg(link_socket, message, 0) != 0)
		_exit(3);
}

void
send_frame(struct tri_frame frame, const void *payload, size_t size)
{
	static uint8_t bytes[sizeof(frame) + PAYLOAD_BYTES];

	frame.payload_bytes = (uint32_t)size;
	memcpy(bytes, &frame, sizeof(frame));
	if (size > 0)
		memcpy(bytes + sizeof(frame), payload, size);
	send_bytes(bytes, sizeof(frame) + size);
}

void
send_record(struct tri_frame frame, const struct tractor_record *record, const void *value)
{
	static uint8_t payload[PAYLOAD_BYTES];
	size_t used;

	if (tri_encode(record, value, payload, sizeof(payload), &used) != TRACTOR_OK)
		_exit(4);
	send_frame(frame, payload, used);
}

/* The next frame; others are dropped while one of `kind` is wanted (0: any). Its payload stays until the next call. */
struct tri_frame
receive(unsigned kind, const uint8_t **ret_payload)
{
	static nng_msg *message;
	struct tri_frame frame;

	do {
		nng_msg_free(message);
		message = NULL;
		if (nng_recvmsg(link_socket, &message, 0) != 0 ||
			tri_frame_check(nng_msg_body(message), nng_msg_len(message), &frame) != TRACTOR_OK)
			_exit(5);
	} while (kind != 0 && frame.kind != kind);
	if (ret_payload)
		*ret_payload = (const uint8_t *)nng_msg_body(message) + sizeof(frame);
	return frame;
}

/* --- as an actor should --- */

void
dial(void)
{
	nng_pair0_open(&link_socket);
	nng_socket_set_ms(link_socket, NNG_OPT_RECONNMINT, 5);
	nng_socket_set_ms(link_socket, NNG_OPT_RECONNMAXT, 20);
	if (nng_dial(link_socket, getenv(TRI_ENV_LINK), NULL, 0) != 0)
		_exit(6);
}

void
say_hello(uint32_t version, const char *const *texts, size_t count)
{
	struct tri_hello hello = { .version = version, .incarnation = box->incarnation, .actor = "hostile" };

	hello.messages = (tractor_field_list_str){ .items = (const char **)texts, .count = count };
	send_record(header(TRI_FRAME_HELLO), &tri_record_tri_hello, &hello);
}

void
say_victims_hello(void)
{
	static char texts[16][512];
	const char *items[16];
	size_t count = victim_protocol.message_count;

	for (size_t i = 0; i < count; i++) {
		tri_schema_text(victim_protocol.messages[i], texts[i], sizeof(texts[i]));
		items[i] = texts[i];
	}
	say_hello(TRI_CONTROL_VERSION, items, count);
}

void
hello(void)
{
	const uint8_t *payload;

	say_victims_hello();
	struct tri_frame frame = receive(TRI_FRAME_WELCOME, &payload);
	struct tri_arena arena = { 0 };
	struct tri_welcome welcome;
	if (tri_decode(&tri_record_tri_welcome, payload, frame.payload_bytes, &arena, &welcome) == TRACTOR_OK)
		self = welcome.self;
	tri_arena_free(&arena);
}

void
ready(void)
{
	struct tri_ready is_ready = { .outcome = TRACTOR_OK };

	send_record(header(TRI_FRAME_READY), &tri_record_tri_ready, &is_ready);
}

void
start(void)
{
	hello();
	ready();
}

void
reply(uint64_t sequence, const void *payload, size_t size)
{
	struct tri_frame frame = header(TRI_FRAME_REPLY);

	frame.sequence = sequence;
	atomic_store(&box->done, sequence);
	send_frame(frame, payload, size);
}

void
pong(uint64_t sequence)
{
	const struct victim_pong answer = { .pid = getpid(), .incarnation = box->incarnation };
	uint8_t payload[64];
	size_t used;

	if (tri_encode(&tri_record_victim_pong, &answer, payload, sizeof(payload), &used) != TRACTOR_OK)
		_exit(4);
	reply(sequence, payload, used);
}

/* The reply to a ping as it stands in the outbox before it is sent. */
void
note_pong(uint64_t sequence)
{
	const struct victim_pong answer = { .pid = getpid(), .incarnation = box->incarnation };
	struct tri_frame frame = header(TRI_FRAME_REPLY);
	size_t size;

	frame.sequence = sequence;
	if (tri_outbox_hold(&outbox, &frame, &tri_record_victim_pong, &answer) != TRACTOR_OK)
		_exit(4);
	tri_outbox_publish(&outbox, sequence);
	while (tri_outbox_take(&outbox, &size))
		atomic_fetch_add(&box->sent, 1);
	atomic_store(&box->done, sequence);
}

void
obey(struct tri_frame frame)
{
	if (frame.kind == TRI_FRAME_MESSAGE && (frame.flags & TRI_FLAG_ASK)) {
		pong(frame.sequence);
	} else if (frame.kind == TRI_FRAME_STOP) {
		struct tri_bye bye = { .finished = false };
		send_record(header(TRI_FRAME_BYE), &tri_record_tri_bye, &bye);
		receive(TRI_FRAME_FAREWELL, NULL);
		exit(0);
	}
}

/* Waits for an answer. The test may ask as soon as this is ready: dropped, that would have no answer. */
void
be_answered(void)
{
	struct tri_frame frame;

	while ((frame = receive(0, NULL)).kind != TRI_FRAME_ANSWER)
		obey(frame);
}

/* Until it is stopped: what it did before must have been survived by both sides. */
void
go_on(void)
{
	for (;;)
		obey(receive(0, NULL));
}

struct tri_frame
message_to(uint64_t target, const struct tractor_message *message, uint16_t flags)
{
	static uint64_t correlation;
	struct tri_frame frame = header(TRI_FRAME_SEND);

	frame.target = target;
	frame.message = tri_message_id(message);
	frame.flags = flags;
	frame.limit_ms = 5000;
	frame.correlation = ++correlation;
	return frame;
}

const struct tractor_message *
named(const char *name)
{
	for (size_t i = 0; i < victim_protocol.message_count; i++)
		if (strcmp(victim_protocol.messages[i]->name, name) == 0)
			return victim_protocol.messages[i];
	_exit(7);
}
