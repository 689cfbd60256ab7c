/*
 * hostile.c: a process that has been started as an actor and does to its supervisor what no actor may. It speaks nng and frames by itself, without the library's say. What
 * it does this time is the first word of the file named by HOSTILE_FILE, which it removes; without one it is a victim, as it is when a way is there to be survived.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

#include "actor_process.h"
#include "codec.h"
#include "frame.h"
#include "schema.h"

#include "victim.h"

#define FLOOD 200000
#define PAYLOAD_BYTES (1 << 20)

static nng_socket link_socket;
static struct tri_blackbox *box;
static struct tri_outbox_end outbox;
static uint64_t self;

/* The real one takes this process over, and with it the pid that the supervisor expects. */
static void
be_a_victim(char **argv)
{
	execv(getenv("VICTIM"), argv);
	_exit(126);
}

/* --- frames --- */

static struct tri_frame
header(enum tri_frame_kind kind)
{
	struct tri_frame frame = tri_frame(kind);

	frame.incarnation = box->incarnation;
	return frame;
}

static void
send_bytes(const void *bytes, size_t size)
{
	nng_msg *message;

	if (nng_msg_alloc(&message, 0) != 0 || nng_msg_append(message, bytes, size) != 0 ||
		nng_sendmsg(link_socket, message, 0) != 0)
		_exit(3);
}

static void
send_frame(struct tri_frame frame, const void *payload, size_t size)
{
	static uint8_t bytes[sizeof(frame) + PAYLOAD_BYTES];

	frame.payload_bytes = (uint32_t)size;
	memcpy(bytes, &frame, sizeof(frame));
	if (size > 0)
		memcpy(bytes + sizeof(frame), payload, size);
	send_bytes(bytes, sizeof(frame) + size);
}

static void
send_record(struct tri_frame frame, const struct tractor_record *record, const void *value)
{
	static uint8_t payload[PAYLOAD_BYTES];
	size_t used;

	if (tri_encode(record, value, payload, sizeof(payload), &used) != TRACTOR_OK)
		_exit(4);
	send_frame(frame, payload, used);
}

/* The next frame; others are dropped while one of `kind` is wanted (0: any). Its payload stays until the next call. */
static struct tri_frame
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

static void
dial(void)
{
	nng_pair0_open(&link_socket);
	nng_socket_set_ms(link_socket, NNG_OPT_RECONNMINT, 5);
	nng_socket_set_ms(link_socket, NNG_OPT_RECONNMAXT, 20);
	if (nng_dial(link_socket, getenv(TRI_ENV_LINK), NULL, 0) != 0)
		_exit(6);
}

static void
say_hello(uint32_t version, const char *const *texts, size_t count)
{
	struct tri_hello hello = { .version = version, .incarnation = box->incarnation, .actor = "hostile" };

	hello.messages = (tractor_field_list_str){ .items = (const char **)texts, .count = count };
	send_record(header(TRI_FRAME_HELLO), &tri_record_tri_hello, &hello);
}

/* It claims to be a victim, so that there is something to ask it. */
static void
hello(void)
{
	static char texts[16][512];
	const char *items[16];
	size_t count = victim_protocol.message_count;

	for (size_t i = 0; i < count; i++) {
		tri_schema_text(victim_protocol.messages[i], texts[i], sizeof(texts[i]));
		items[i] = texts[i];
	}
	say_hello(TRI_CONTROL_VERSION, items, count);
	const uint8_t *payload;
	struct tri_frame frame = receive(TRI_FRAME_WELCOME, &payload);
	struct tri_arena arena = { 0 };
	struct tri_welcome welcome;
	if (tri_decode(&tri_record_tri_welcome, payload, frame.payload_bytes, &arena, &welcome) == TRACTOR_OK)
		self = welcome.self;
	tri_arena_free(&arena);
}

static void
ready(void)
{
	struct tri_ready is_ready = { .outcome = TRACTOR_OK };

	send_record(header(TRI_FRAME_READY), &tri_record_tri_ready, &is_ready);
}

static void
start(void)
{
	hello();
	ready();
}

static void
reply(uint64_t sequence, const void *payload, size_t size)
{
	struct tri_frame frame = header(TRI_FRAME_REPLY);

	frame.sequence = sequence;
	atomic_store(&box->done, sequence);
	send_frame(frame, payload, size);
}

static void
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
static void
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

/* Answers pings until it is stopped: what it did before must have been survived by both sides. */
static void
go_on(void)
{
	for (;;) {
		struct tri_frame frame = receive(0, NULL);
		if (frame.kind == TRI_FRAME_MESSAGE && (frame.flags & TRI_FLAG_ASK)) {
			pong(frame.sequence);
		} else if (frame.kind == TRI_FRAME_STOP) {
			struct tri_bye bye = { .finished = false };
			send_record(header(TRI_FRAME_BYE), &tri_record_tri_bye, &bye);
			receive(TRI_FRAME_FAREWELL, NULL);
			exit(0);
		}
	}
}

static struct tri_frame
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

static const struct tractor_message *
named(const char *name)
{
	for (size_t i = 0; i < victim_protocol.message_count; i++)
		if (strcmp(victim_protocol.messages[i]->name, name) == 0)
			return victim_protocol.messages[i];
	_exit(7);
}

/* The bystander is the tree's first actor. */
#define BYSTANDER 1

/* --- crimes: frames --- */

static void
lying_length(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.payload_bytes = 1000;
	send_bytes(&frame, sizeof(frame));
}

static void
unknown_kind(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.kind = 200;
	send_frame(frame, NULL, 0);
}

static void
supervisors_kind(void)
{
	start();
	send_frame(header(TRI_FRAME_STOP), NULL, 0);
}

static void
wrong_magic(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.magic = 0x20544547;
	send_frame(frame, NULL, 0);
}

static void
wrong_version(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.version = 9;
	send_frame(frame, NULL, 0);
}

static void
short_frame(void)
{
	start();
	send_bytes("abc", 3);
}

static void
empty_frame(void)
{
	start();
	send_bytes("", 0);
}

static void
unknown_flags(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.flags = 0x8000;
	send_frame(frame, NULL, 0);
}

static void
unknown_error(void)
{
	struct tri_frame frame = header(TRI_FRAME_REPLY);

	start();
	frame.err = -77;
	send_frame(frame, NULL, 0);
}

static void
no_correlation(void)
{
	struct tri_frame frame = message_to(BYSTANDER, named("ping"), TRI_FLAG_ASK);

	start();
	frame.correlation = 0;
	send_frame(frame, NULL, 0);
}

/* --- crimes: out of turn --- */

static void
no_hello(void)
{
	send_frame(message_to(BYSTANDER, named("ping"), TRI_FLAG_ASK), NULL, 0);
}

static void
ready_before_hello(void)
{
	ready();
}

static void
ready_twice(void)
{
	start();
	ready();
}

static void
bye_twice(void)
{
	struct tri_bye bye = { .finished = false };

	start();
	send_record(header(TRI_FRAME_BYE), &tri_record_tri_bye, &bye);
	send_record(header(TRI_FRAME_BYE), &tri_record_tri_bye, &bye);
}

static void
malformed_ready(void)
{
	hello();
	send_frame(header(TRI_FRAME_READY), "garbage", 7);
}

static void
unasked_answer(void)
{
	start();
	reply(77, NULL, 0);
}

static void
second_answer(void)
{
	start();
	struct tri_frame frame = receive(TRI_FRAME_MESSAGE, NULL);
	pong(frame.sequence);
	pong(frame.sequence);
}

static void
forward_of_nothing(void)
{
	struct tri_frame frame = message_to(BYSTANDER, named("ping"), TRI_FLAG_ASK);

	start();
	frame.kind = TRI_FRAME_FORWARD;
	frame.sequence = 5;
	send_frame(frame, NULL, 0);
}

/* --- crimes: hello --- */

static void
hello_of_another_version(void)
{
	say_hello(99, NULL, 0);
}

static void
hello_garbage(void)
{
	send_frame(header(TRI_FRAME_HELLO), "\xff\xff\xff\xff garbage", 12);
}

static void
malformed_schema(void)
{
	const char *text = "ask victim.ping {{{{ int64";

	say_hello(TRI_CONTROL_VERSION, &text, 1);
}

static void
deep_schema(void)
{
	static char text[60000];
	const char *item = text;
	size_t used = (size_t)snprintf(text, sizeof(text), "tell victim.deep {");

	while (used < sizeof(text) - 8)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "a {");
	say_hello(TRI_CONTROL_VERSION, &item, 1);
}

static void
many_schemas(void)
{
	static const char *texts[100000];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		texts[i] = "a";
	say_hello(TRI_CONTROL_VERSION, texts, sizeof(texts) / sizeof(texts[0]));
}

/* --- what must simply not matter --- */

static void
stale_incarnation(void)
{
	struct tri_frame frame = header(TRI_FRAME_REPLY);

	start();
	frame.incarnation += 7;
	frame.sequence = 1;
	send_frame(frame, NULL, 0);
	frame.incarnation = 0;
	frame.kind = TRI_FRAME_STOP;
	send_frame(frame, NULL, 0);
	go_on();
}

static void
garbage_for_another(void)
{
	start();
	/* A tell, and an ask, whose payloads are not what their schema says: the receiver's library finds out. */
	send_frame(message_to(BYSTANDER, named("note"), 0), "xyz", 3);
	send_frame(message_to(BYSTANDER, named("perish"), TRI_FLAG_ASK), "\xff\xff\xff\xff", 4);
	receive(TRI_FRAME_ANSWER, NULL);
	go_on();
}

static void
garbage_for_the_supervisor(void)
{
	struct tri_frame frame = message_to(0, named("ping"), TRI_FLAG_ASK);

	start();
	send_frame(frame, "abc", 3);
	receive(TRI_FRAME_ANSWER, NULL);
	for (size_t i = 0; i < tri_supervisor_protocol.message_count; i++) {
		send_frame(message_to(0, tri_supervisor_protocol.messages[i], TRI_FLAG_ASK),
			"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
		receive(TRI_FRAME_ANSWER, NULL);
	}
	go_on();
}

static void
unknown_targets(void)
{
	static const uint64_t targets[] = { 9999, UINT64_MAX, UINT64_MAX / 2, INT64_MAX, UINT64_C(1) << 62 };

	start();
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct tri_frame frame = message_to(targets[i], named("ping"), TRI_FLAG_ASK);
		frame.target_node = (uint32_t)i % 2 * 7;
		send_frame(frame, NULL, 0);
		receive(TRI_FRAME_ANSWER, NULL);
	}
	struct tri_frame frame = header(TRI_FRAME_WAIT);
	frame.correlation = UINT64_MAX;
	send_frame(frame, NULL, 0);
	go_on();
}

static void
garbage_answer(void)
{
	start();
	reply(receive(TRI_FRAME_MESSAGE, NULL).sequence, "garbage", 7);
	go_on();
}

static void
huge_frame(void)
{
	size_t size = (size_t)32 << 20;
	nng_msg *message;

	start();
	if (nng_msg_alloc(&message, size) != 0)
		_exit(8);
	memset(nng_msg_body(message), 0, size);
	nng_sendmsg(link_socket, message, 0);
	go_on();
}

/* --- floods --- */

static void
flood_of_asks(void)
{
	start();
	for (int i = 0; i < FLOOD; i++)
		send_frame(message_to(BYSTANDER, named("ping"), TRI_FLAG_ASK), NULL, 0);
}

static void
flood_of_questions_to_the_supervisor(void)
{
	struct tri_supervisor_find find = { .path = "/t/bystander", .protocol = "victim" };

	start();
	for (int i = 0; i < FLOOD; i++)
		send_record(message_to(0, tri_supervisor_protocol.messages[0], TRI_FLAG_ASK),
			tri_supervisor_protocol.messages[0]->record, &find);
}

static void
flood_of_nothing(void)
{
	start();
	for (int i = 0; i < FLOOD / 8; i++)
		send_frame(header(TRI_FRAME_DONE), NULL, 0);
	go_on();
}

/* --- the black box --- */

static void
box_of_lies(void)
{
	start();
	receive(TRI_FRAME_MESSAGE, NULL);
	uint32_t incarnation = box->incarnation;
	memset((void *)box, 0xa5, sizeof(*box));
	box->incarnation = incarnation;
	atomic_store(&box->done, UINT64_MAX);
	atomic_store(&box->in_hand, UINT64_MAX - 1);
	send_frame(header(TRI_FRAME_DONE), NULL, 0);
	raise(SIGKILL);
}

static void
box_of_ones(void)
{
	start();
	receive(TRI_FRAME_MESSAGE, NULL);
	memset((void *)box, 0xff, sizeof(*box));
	raise(SIGKILL);
}

/* What was handed over is not done, nor in hand: then it waits again. */
static void
box_of_zeroes(void)
{
	start();
	receive(TRI_FRAME_MESSAGE, NULL);
	memset((void *)box, 0, sizeof(*box));
	raise(SIGKILL);
}

static void
shrunken_memory(void)
{
	start();
	if (ftruncate(TRI_FD_BLACKBOX, 0) == 0 || ftruncate(TRI_FD_BLACKBOX, 1 << 30) == 0)
		_exit(9);
	(void)!ftruncate(TRI_FD_STATE, 0);
	go_on();
}

/* It notes the replies to what it is handed, as all do, but none of them gets out; then it lets itself be handed as much as it may have. */
static void
unsent_answers(void)
{
	struct tri_supervisor_find find = { .path = "/t/bystander", .protocol = "victim" };
	struct tri_frame frame;

	start();
	for (int i = 0; i < TRI_WINDOW; i++)
		note_pong(receive(TRI_FRAME_MESSAGE, NULL).sequence);
	/* Until the test has seen that more of them wait. */
	while (access(getenv("HOSTILE_FILE"), F_OK) != 0)
		usleep(1000);
	send_record(message_to(0, tri_supervisor_protocol.messages[0], TRI_FLAG_ASK),
		tri_supervisor_protocol.messages[0]->record, &find);
	/* What comes before this answer is what room was given for when the question was heard. */
	while ((frame = receive(0, NULL)).kind != TRI_FRAME_ANSWER)
		if (frame.kind == TRI_FRAME_MESSAGE)
			note_pong(frame.sequence);
	unlink(getenv("HOSTILE_FILE"));
	raise(SIGKILL);
}

/* --- the lanes --- */

static void
ring(void)
{
	uint64_t one = 1;

	if (write(TRI_FD_DOORBELL, &one, sizeof(one)) != sizeof(one))
		_exit(7);
}

/* Whatever is at the head of its lane, as far as `end`. */
static void
show_lane(const void *bytes, size_t size, uint64_t end)
{
	start();
	memcpy(box->up.bytes, bytes, size);
	atomic_store(&box->up.head, end);
	ring();
	go_on();
}

static void
lane_beyond_its_end(void)
{
	show_lane("", 0, UINT64_MAX - 7);
}

static void
lane_of_crumbs(void)
{
	show_lane("", 0, 3);
}

static void
lane_whose_size_lies(void)
{
	const uint32_t size = UINT32_MAX - 1;

	show_lane(&size, sizeof(size), 88);
}

static void
lane_of_nothing_but_a_skip(void)
{
	const uint32_t skip = UINT32_MAX;

	show_lane(&skip, sizeof(skip), TRI_LANE_BYTES);
}

/* A frame in the lane, as an actor's library puts it there. */
static void
send_by_lane(struct tri_lane_sender *lane, struct tri_frame frame, uint32_t order)
{
	frame.order = order;
	void *to = tri_lane_reserve(lane, sizeof(frame));
	if (!to)
		return;
	memcpy(to, &frame, sizeof(frame));
	if (tri_lane_publish(lane))
		ring();
}

/* One that comes before it never comes. It is not waited for in any way that costs somebody else something. */
static void
lane_out_of_order(void)
{
	struct tri_lane_sender lane = { .lane = &box->up };

	start();
	send_by_lane(&lane, header(TRI_FRAME_DONE), 7);
	go_on();
}

static void
link_out_of_order(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.order = 2;
	send_frame(frame, NULL, 0);
	go_on();
}

/* As fast as it can, for a while; where the lane is full it is simply not sent. */
static void
flood_by_lane(void)
{
	struct tri_lane_sender lane = { .lane = &box->up };
	uint32_t order = 0;

	start();
	for (int i = 0; i < FLOOD; i++) {
		uint64_t head = lane.head;
		send_by_lane(&lane, header(TRI_FRAME_DONE), order + 1);
		order += lane.head != head;
	}
	go_on();
}

/* --- the link and the life --- */

/* Cuts its connection; nng dials again, and the process is at the other end of that as if nothing had been. */
static void
redials(void)
{
	struct sockaddr_un peer;
	socklen_t size;

	start();
	for (int fd = 3; fd < 64; fd++) {
		size = sizeof(peer);
		if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sun_family == AF_UNIX)
			shutdown(fd, SHUT_RDWR);
	}
	go_on();
}

/* It takes its leave, and stays. */
static void
lives_on(void)
{
	struct tri_bye bye = { .finished = false };

	start();
	send_record(header(TRI_FRAME_BYE), &tri_record_tri_bye, &bye);
	receive(TRI_FRAME_FAREWELL, NULL);
}

/* --- before the real one --- */

/* Connects to the link's socket as any program can; -1: can't. */
static int
connect_raw(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *url = getenv(TRI_ENV_LINK);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, url + strlen("ipc://"), sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
connect_and_close(char **argv)
{
	for (int i = 0; i < 3; i++)
		close(connect_raw());
	be_a_victim(argv);
}

static void
connect_and_babble(char **argv)
{
	static const char babble[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int fd = connect_raw();

	(void)!write(fd, babble, sizeof(babble));
	close(fd);
	be_a_victim(argv);
}

/* And never reads: what it was sent is lost with it. */
static void
connect_and_wait(void)
{
	connect_raw();
	for (;;)
		pause();
}

/* Another process says hello first, and stays; the real one still gets in. */
static void
intruder(char **argv)
{
	int told[2];
	char byte;

	if (pipe2(told, O_CLOEXEC) != 0)
		_exit(10);
	pid_t pid = fork();
	if (pid == 0) {
		nng_pair0_open(&link_socket);
		nng_dial(link_socket, getenv(TRI_ENV_LINK), NULL, 0);
		struct tri_frame frame = header(TRI_FRAME_HELLO);
		nng_socket_set_ms(link_socket, NNG_OPT_SENDTIMEO, 50);
		nng_send(link_socket, &frame, sizeof(frame), 0);
		(void)!write(told[1], "", 1);
		for (;;)
			pause();
	}
	(void)!read(told[0], &byte, 1);
	be_a_victim(argv);
}

static void
write_message(int fd, const void *bytes, size_t size)
{
	uint8_t head[9] = { 1 };

	for (int i = 0; i < 8; i++)
		head[8 - i] = (uint8_t)(size >> (8 * i));
	if (write(fd, head, sizeof(head)) != (ssize_t)sizeof(head) || write(fd, bytes, size) != (ssize_t)size)
		_exit(13);
}

/* The process state, as in /proc; the name before it has no parenthesis. */
static char
state_of(pid_t pid)
{
	char path[32], text[512] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	const char *end = strchr(text, ')');
	return end && end[1] ? end[2] : '?';
}

static void
wait_for_state(pid_t pid, char state)
{
	while (state_of(pid) != state)
		usleep(1000);
}

/* The supervisor does not run until all that this process does is done; then it finds the end and what was sent before it at once. */
static void
stop_supervisor_until_the_end(void)
{
	pid_t self_pid = getpid(), supervisor = getppid(), helper = fork();

	if (helper == 0) {
		wait_for_state(self_pid, 'Z');
		kill(supervisor, SIGCONT);
		_exit(0);
	}
	kill(supervisor, SIGSTOP);
	wait_for_state(supervisor, 'T');
}

/* Says that it is ready behind more frames than the supervisor takes in a turn, and ends. It was ready. */
static void
ready_and_gone(void)
{
	const uint8_t greeting[8] = { 0, 'S', 'P', 0, 0, 0x10, 0, 0 };
	struct tri_hello is_here = { .version = TRI_CONTROL_VERSION, .actor = "hostile" };
	struct tri_ready is_ready = { .outcome = TRACTOR_OK };
	_Alignas(struct tri_frame) uint8_t bytes[256];
	struct tri_frame *frame = (struct tri_frame *)bytes;
	size_t used;

	stop_supervisor_until_the_end();
	int fd = connect_raw();
	if (fd < 0 || write(fd, greeting, sizeof(greeting)) != sizeof(greeting))
		_exit(13);
	*frame = header(TRI_FRAME_HELLO);
	if (tri_encode(&tri_record_tri_hello, &is_here, bytes + sizeof(*frame), 128, &used) != TRACTOR_OK)
		_exit(4);
	frame->payload_bytes = (uint32_t)used;
	write_message(fd, bytes, sizeof(*frame) + used);
	*frame = header(TRI_FRAME_DONE);
	for (int i = 0; i < 100; i++)
		write_message(fd, bytes, sizeof(*frame));
	*frame = header(TRI_FRAME_READY);
	if (tri_encode(&tri_record_tri_ready, &is_ready, bytes + sizeof(*frame), 128, &used) != TRACTOR_OK)
		_exit(4);
	frame->payload_bytes = (uint32_t)used;
	write_message(fd, bytes, sizeof(*frame) + used);
	_exit(0);
}

/* --- which --- */

static const struct crime {
	const char *name;
	void (*commit)(void);
} crimes[] = {
#define CRIME(name)         \
	{                   \
#name, name \
	}
	CRIME(lying_length),
	CRIME(unknown_kind),
	CRIME(supervisors_kind),
	CRIME(wrong_magic),
	CRIME(wrong_version),
	CRIME(short_frame),
	CRIME(empty_frame),
	CRIME(unknown_flags),
	CRIME(unknown_error),
	CRIME(no_correlation),
	CRIME(no_hello),
	CRIME(ready_before_hello),
	CRIME(ready_twice),
	CRIME(bye_twice),
	CRIME(malformed_ready),
	CRIME(unasked_answer),
	CRIME(second_answer),
	CRIME(forward_of_nothing),
	CRIME(hello_of_another_version),
	CRIME(hello_garbage),
	CRIME(malformed_schema),
	CRIME(deep_schema),
	CRIME(many_schemas),
	CRIME(stale_incarnation),
	CRIME(garbage_for_another),
	CRIME(garbage_for_the_supervisor),
	CRIME(unknown_targets),
	CRIME(garbage_answer),
	CRIME(huge_frame),
	CRIME(flood_of_asks),
	CRIME(flood_of_questions_to_the_supervisor),
	CRIME(flood_of_nothing),
	CRIME(box_of_lies),
	CRIME(box_of_ones),
	CRIME(box_of_zeroes),
	CRIME(shrunken_memory),
	CRIME(unsent_answers),
	CRIME(lane_beyond_its_end),
	CRIME(lane_of_crumbs),
	CRIME(lane_whose_size_lies),
	CRIME(lane_of_nothing_but_a_skip),
	CRIME(lane_out_of_order),
	CRIME(link_out_of_order),
	CRIME(flood_by_lane),
	CRIME(redials),
	CRIME(lives_on),
};

static bool
read_crime(char ret_word[64])
{
	const char *path = getenv("HOSTILE_FILE");
	FILE *file = path ? fopen(path, "re") : NULL;

	if (!file)
		return false;
	bool read_one = fscanf(file, "%63s", ret_word) == 1;
	fclose(file);
	unlink(path);
	return read_one;
}

int
main(int argc, char **argv)
{
	char word[64];

	(void)argc;
	if (!getenv(TRI_ENV_LINK))
		return TRI_EXIT_BY_HAND;
	if (!read_crime(word))
		be_a_victim(argv);
	if (tri_blackbox_map(TRI_FD_BLACKBOX, &box) != TRACTOR_OK)
		return 11;
	tri_outbox_open(&outbox, box);
	atomic_store(&box->sent, 1000); /* far beyond what the supervisor will have heard */
	if (strcmp(word, "connect_and_close") == 0)
		connect_and_close(argv);
	if (strcmp(word, "connect_and_babble") == 0)
		connect_and_babble(argv);
	if (strcmp(word, "connect_and_wait") == 0)
		connect_and_wait();
	if (strcmp(word, "intruder") == 0)
		intruder(argv);
	if (strcmp(word, "ready_and_gone") == 0)
		ready_and_gone();
	dial();
	for (size_t i = 0; i < sizeof(crimes) / sizeof(crimes[0]); i++)
		if (strcmp(crimes[i].name, word) == 0) {
			crimes[i].commit();
			for (;;)
				pause(); /* to be killed for it */
		}
	return 12;
}
