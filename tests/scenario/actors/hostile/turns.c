/* turns.c: what is right in itself and comes when it must not, a hello above all. */
#include <stdio.h>

#include "hostile.h"

void
no_hello(void)
{
	send_frame(message_to(BYSTANDER, named("ping"), TRI_FLAG_ASK), NULL, 0);
}

void
ready_before_hello(void)
{
	ready();
}

void
ready_twice(void)
{
	start();
	ready();
}

void
bye_twice(void)
{
	struct tri_bye bye = { .finished = false };

	start();
	send_record(header(TRI_FRAME_BYE), &tri_record_tri_bye, &bye);
	send_record(header(TRI_FRAME_BYE), &tri_record_tri_bye, &bye);
}

void
malformed_ready(void)
{
	hello();
	send_frame(header(TRI_FRAME_READY), "garbage", 7);
}

void
unasked_answer(void)
{
	start();
	reply(77, NULL, 0);
}

void
second_answer(void)
{
	start();
	struct tri_frame frame = receive(TRI_FRAME_MESSAGE, NULL);
	pong(frame.sequence);
	pong(frame.sequence);
}

void
forward_of_nothing(void)
{
	struct tri_frame frame = message_to(BYSTANDER, named("ping"), TRI_FLAG_ASK);

	start();
	frame.kind = TRI_FRAME_FORWARD;
	frame.sequence = 5;
	send_frame(frame, NULL, 0);
}

/* --- hello --- */

void
hello_of_another_version(void)
{
	say_hello(99, NULL, 0);
}

void
hello_garbage(void)
{
	send_frame(header(TRI_FRAME_HELLO), "\xff\xff\xff\xff garbage", 12);
}

void
malformed_schema(void)
{
	const char *text = "ask victim.ping {{{{ int64";

	say_hello(TRI_CONTROL_VERSION, &text, 1);
}

void
deep_schema(void)
{
	static char text[60000];
	const char *item = text;
	size_t used = (size_t)snprintf(text, sizeof(text), "tell victim.deep {");

	while (used < sizeof(text) - 8)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "a {");
	say_hello(TRI_CONTROL_VERSION, &item, 1);
}

void
many_schemas(void)
{
	static const char *texts[100000];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		texts[i] = "a";
	say_hello(TRI_CONTROL_VERSION, texts, sizeof(texts) / sizeof(texts[0]));
}
