/* messages.c: what must simply not matter, and floods of it. */
#include <string.h>
#include <unistd.h>

#include "hostile.h"

void
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

void
garbage_for_another(void)
{
	start();
	/* A tell, and an ask, whose payloads are not what their schema says: the receiver's library finds out. */
	send_frame(message_to(BYSTANDER, named("note"), 0), "xyz", 3);
	send_frame(message_to(BYSTANDER, named("perish"), TRI_FLAG_ASK), "\xff\xff\xff\xff", 4);
	be_answered();
	go_on();
}

/* Nobody waits for an answer, and who gave one would break the protocol; the receiver does not. */
void
asks_that_are_told(void)
{
	start();
	send_frame(message_to(BYSTANDER, named("ping"), 0), NULL, 0);
	send_frame(message_to(BYSTANDER, named("ping"), TRI_FLAG_ASK), NULL, 0);
	be_answered(); /* behind the other */
	go_on();
}

void
garbage_for_the_supervisor(void)
{
	struct tri_frame frame = message_to(0, named("ping"), TRI_FLAG_ASK);

	start();
	send_frame(frame, "abc", 3);
	be_answered();
	for (size_t i = 0; i < tri_supervisor_protocol.message_count; i++) {
		send_frame(message_to(0, tri_supervisor_protocol.messages[i], TRI_FLAG_ASK),
			"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
		be_answered();
	}
	go_on();
}

void
unknown_targets(void)
{
	static const uint64_t targets[] = { 9999, UINT64_MAX, UINT64_MAX / 2, INT64_MAX, UINT64_C(1) << 62 };

	start();
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct tri_frame frame = message_to(targets[i], named("ping"), TRI_FLAG_ASK);
		frame.target_node = (uint32_t)i % 2 * 7;
		send_frame(frame, NULL, 0);
		be_answered();
	}
	struct tri_frame frame = header(TRI_FRAME_WAIT);
	frame.correlation = UINT64_MAX;
	send_frame(frame, NULL, 0);
	go_on();
}

void
garbage_answer(void)
{
	start();
	reply(receive(TRI_FRAME_MESSAGE, NULL).sequence, "garbage", 7);
	go_on();
}

void
huge_frame(void)
{
	size_t size = 2 * TRI_PAYLOAD_MAX;
	nng_msg *message;

	start();
	if (nng_msg_alloc(&message, size) != 0)
		_exit(8);
	memset(nng_msg_body(message), 0, size);
	nng_sendmsg(link_socket, message, 0);
	go_on();
}

/* No crime: an actor in another language has an nng binding and no more. The welcome says who it is, and it says what it has handled. */
void
knows_its_link_only(void)
{
	static struct tri_blackbox nobodys;
	struct tri_frame frame;

	box = &nobodys;
	say_victims_hello();
	nobodys.incarnation = receive(TRI_FRAME_WELCOME, NULL).incarnation;
	ready();
	for (;;) {
		frame = receive(0, NULL);
		obey(frame);
		if (frame.kind != TRI_FRAME_MESSAGE)
			continue;
		struct tri_frame done = header(TRI_FRAME_DONE);
		done.sequence = frame.sequence;
		send_frame(done, NULL, 0);
	}
}

/* --- floods --- */

void
flood_of_asks(void)
{
	start();
	for (int i = 0; i < FLOOD; i++)
		send_frame(message_to(BYSTANDER, named("ping"), TRI_FLAG_ASK), NULL, 0);
}

void
flood_of_questions_to_the_supervisor(void)
{
	struct tri_supervisor_find find = { .path = "/t/bystander", .protocol = "victim" };

	start();
	for (int i = 0; i < FLOOD; i++)
		send_record(message_to(0, tri_supervisor_protocol.messages[0], TRI_FLAG_ASK),
			tri_supervisor_protocol.messages[0]->record, &find);
}

void
flood_of_nothing(void)
{
	start();
	for (int i = 0; i < FLOOD / 8; i++)
		send_frame(header(TRI_FRAME_DONE), NULL, 0);
	go_on();
}
