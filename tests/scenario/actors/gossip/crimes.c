/* crimes.c: one end of a bypass in wrong hands. What a crime needs is found where the library keeps it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "../gossip.h"
#include "actor_process.h"
#include "codec.h"
#include "crimes.h"
#include "schema.h"

#define RECORD_BYTES 128 /* of each record of a flood, of which the ring has a whole number */

static struct tri_way *
way_with(uint64_t peer, bool sends)
{
	struct tri_way *way = tri_the_actor->channel.ways.first;

	while (way && (way->peer != peer || way->sends != sends))
		way = way->next;
	return way;
}

static const struct tractor_message *
named(const char *name)
{
	for (size_t i = 0; i < gossip_protocol.message_count; i++)
		if (strcmp(gossip_protocol.messages[i]->name, name) == 0)
			return gossip_protocol.messages[i];
	abort();
}

/* --- floods --- */

static void
write_record(struct tri_lane_out *out, uint64_t at, const void *frame, uint32_t frame_bytes)
{
	uint8_t *to = out->bytes + at % TRI_LANE_BYTES;

	memcpy(to, &frame_bytes, sizeof(frame_bytes));
	memcpy(to + 8, frame, frame_bytes);
}

/* The ring is full of one record, again and again, as often as the other takes one: there is no end of it. It begins at the ring's beginning, when what was there before is taken. */
static void
flood(struct tri_way *way, struct tri_lane_out *out, const struct tri_lane_in *in,
	const struct tri_frame *frame, const void *payload)
{
	const uint32_t skip = UINT32_MAX;
	uint8_t bytes[RECORD_BYTES - 8];
	struct tri_frame head = *frame;
	uint64_t at = atomic_load(&out->head) & ~TRI_LANE_CLOSED;
	uint64_t first = (at + TRI_LANE_BYTES - 1) / TRI_LANE_BYTES * TRI_LANE_BYTES;

	while (atomic_load(&in->tail) != at)
		;
	head.payload_bytes = sizeof(bytes) - sizeof(head);
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), payload, head.payload_bytes);
	memcpy(out->bytes + at % TRI_LANE_BYTES, &skip, sizeof(skip));
	write_record(out, first, bytes, sizeof(bytes));
	atomic_store(&out->head, first + RECORD_BYTES);
	tri_bell_ring(&way->bell);
	while (atomic_load(&in->tail) != first + RECORD_BYTES)
		;
	for (uint64_t i = 0; i < TRI_LANE_BYTES; i += RECORD_BYTES)
		write_record(out, i, bytes, sizeof(bytes));
	for (uint64_t rung = 0, sleeps;; rung = sleeps) {
		atomic_store(&out->head, atomic_load(&in->tail) + TRI_LANE_BYTES);
		if ((sleeps = atomic_load(&in->sleeps)) % 2 == 1 && sleeps != rung)
			tri_bell_ring(&way->bell);
	}
}

static struct tri_frame
frame_of(const struct tri_way *way, const char *name)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_SEND);

	frame.incarnation = tri_the_actor->ctx.incarnation;
	frame.target = way->peer;
	frame.message = tri_message_id(named(name));
	frame.source = tri_now_ns();
	return frame;
}

/* An item that fills its record. */
static bool
flood_with_items(struct tri_way *way)
{
	uint8_t payload[RECORD_BYTES] = { 0 }, padding[RECORD_BYTES] = { 0 };
	struct tri_frame frame = frame_of(way, "item");
	struct gossip_item item = { .padding = { padding, 0 } };
	size_t size = 0, room = RECORD_BYTES - 8 - sizeof(frame);

	while (tri_encoded_size(named("item")->record, &item, &size) == TRACTOR_OK && size < room)
		item.padding.size += room - size;
	if (tri_encode(named("item")->record, &item, payload, sizeof(payload), &size) != TRACTOR_OK)
		abort();
	flood(way, &way->from->messages, &way->to->messages, &frame, payload);
	return true;
}

/* One that is sent by the supervisor first, and does not come out of the receiver's inbox before all that is here. */
static bool
flood_behind_another(struct tri_way *way)
{
	static uint8_t padding[50000];
	const gossip_ref to = { .at = { .actor = way->peer } };

	return tractor_tell(&tri_the_actor->ctx, to, gossip_item, .padding = { padding, sizeof(padding) }) ==
		       TRACTOR_OK &&
	       flood_with_items(way);
}

static bool
flood_with_late_asks(struct tri_way *way)
{
	const uint8_t payload[RECORD_BYTES] = { 0 };
	struct tri_frame frame = frame_of(way, "echo");

	frame.flags = TRI_FLAG_ASK;
	frame.correlation = tri_bypass_correlation(way->number, 1);
	frame.limit_ms = 1;
	frame.source = 1;
	flood(way, &way->from->messages, &way->to->messages, &frame, payload);
	return true;
}

static bool
flood_with_answers(struct tri_way *way)
{
	const uint8_t payload[RECORD_BYTES] = { 0 };
	struct tri_frame frame = tri_frame(TRI_FRAME_ANSWER);

	frame.correlation = tri_bypass_correlation(way->number, 1);
	flood(way, &way->to->answers, &way->from->answers, &frame, payload);
	return true;
}

/* --- asks and answers --- */

/* For which its receiver will promise an answer. */
static void
ask_for_later(struct tri_way *way, uint64_t correlation)
{
	struct tri_frame frame = frame_of(way, "later");
	const struct gossip_later later = { .number = 1 };
	uint8_t payload[64], *to;
	size_t size;

	frame.flags = TRI_FLAG_ASK;
	frame.correlation = correlation;
	frame.limit_ms = -1;
	if (tri_encode(named("later")->record, &later, payload, sizeof(payload), &size) != TRACTOR_OK)
		abort();
	frame.payload_bytes = (uint32_t)size;
	while (!(to = tri_lane_write(&way->out, &frame, 0)))
		if (tri_lane_is_closed(&way->from->messages))
			return;
	memcpy(to, payload, size);
	if (tri_lane_publish(&way->out) == TRI_LANE_SENT_RING)
		tri_bell_ring(&way->bell);
}

/* It is none of this bypass's. */
static bool
ask_by_a_wrong_number(struct tri_way *way)
{
	ask_for_later(way, 7);
	return true;
}

/* More than anybody can be meant to remember; until the bypass is closed. */
static bool
ask_without_end(struct tri_way *way)
{
	for (uint64_t i = 1; !tri_lane_is_closed(&way->from->messages); i++)
		ask_for_later(way, tri_bypass_correlation(way->number, i));
	return true;
}

/* Answers to whatever the peer may ask next, of whomever, by this bypass or another: none of them is ours to give. */
static bool
answer_for_others(struct tri_way *way)
{
	const struct gossip_reply wrong = { .number = -1 };
	struct tri_frame frame = tri_frame(TRI_FRAME_ANSWER);
	uint8_t payload[64];
	size_t size;

	if (tri_encode(named("echo")->reply, &wrong, payload, sizeof(payload), &size) != TRACTOR_OK)
		abort();
	frame.payload_bytes = (uint32_t)size;
	for (uint64_t i = 0; i < 300; i++) {
		uint64_t plain = 400 + i, bypass = i % 8;
		frame.correlation =
			i % 3 != 0 ? tri_bypass_correlation(bypass, plain) : (UINT64_C(1) << 32) | plain;
		uint8_t *to = tri_lane_write(&way->out, &frame, 0);
		if (!to)
			break;
		memcpy(to, payload, size);
		tri_lane_publish(&way->out);
	}
	tri_bell_ring(&way->bell);
	return true;
}

/* --- bells --- */

static bool
shut_the_bell(struct tri_way *way)
{
	return shutdown(way->bell.fd, SHUT_RDWR) == 0;
}

/* As full as it gets, and whoever rings us is to wait for us. */
static bool
fill_the_bell(struct tri_way *way)
{
	char rings[512] = { 0 };

	fcntl(way->bell.fd, F_SETFL, 0);
	while (send(way->bell.fd, rings, sizeof(rings), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	return true;
}

/* --- the memory --- */

/* A look at what is handed over before the library takes it: copies of the fds, as one that keeps them would have. */
static bool
copy_fds(int ret_fds[3])
{
	struct pollfd socket = { .fd = TRI_FD_SOCKET, .events = POLLIN };
	union {
		char bytes[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control;
	uint64_t number;
	struct iovec part = { .iov_base = &number, .iov_len = sizeof(number) };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };

	if (poll(&socket, 1, 10000) != 1 ||
		recvmsg(TRI_FD_SOCKET, &message, MSG_PEEK | MSG_CMSG_CLOEXEC) != sizeof(number))
		return false;
	const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_len != CMSG_LEN(3 * sizeof(int)))
		return false;
	memcpy(ret_fds, CMSG_DATA(head), 3 * sizeof(int));
	return true;
}

static bool
can_resize(int fd)
{
	return ftruncate(fd, 0) == 0 || ftruncate(fd, 1 << 30) == 0 ||
	       fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0;
}

/* Both parts, ours and the other's, as they came and opened anew for writing. */
static bool
shrink_the_memory(void)
{
	int fds[3];
	bool could = false;

	if (!copy_fds(fds))
		return false;
	for (int i = 0; i < 2; i++) {
		char path[48];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		int again = open(path, O_RDWR | O_CLOEXEC);
		could = could || can_resize(fds[i]) || (again >= 0 && can_resize(again));
		if (again >= 0)
			close(again);
	}
	could = could || mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1], 0) != MAP_FAILED;
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	return !could;
}

bool
commit_crime(const char *crime, uint64_t peer)
{
	static const struct {
		const char *name;
		bool sends;
		bool (*commit)(struct tri_way *way);
	} crimes[] = {
		{ "flood_with_items", true, flood_with_items },
		{ "flood_behind_another", true, flood_behind_another },
		{ "flood_with_late_asks", true, flood_with_late_asks },
		{ "flood_with_answers", false, flood_with_answers },
		{ "ask_without_end", true, ask_without_end },
		{ "ask_by_a_wrong_number", true, ask_by_a_wrong_number },
		{ "answer_for_others", false, answer_for_others },
		{ "shut_the_bell", false, shut_the_bell },
		{ "fill_the_bell", false, fill_the_bell },
	};

	if (strcmp(crime, "shrink_the_memory") == 0)
		return shrink_the_memory();
	for (size_t i = 0; i < sizeof(crimes) / sizeof(crimes[0]); i++) {
		struct tri_way *way = way_with(peer, crimes[i].sends);
		if (strcmp(crimes[i].name, crime) == 0)
			return way && crimes[i].commit(way);
	}
	return false;
}
