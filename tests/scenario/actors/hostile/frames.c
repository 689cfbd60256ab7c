/* frames.c: frames that are none, or that an actor does not send. */
#include "hostile.h"

void
lying_length(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.payload_bytes = 1000;
	send_bytes(&frame, sizeof(frame));
}

void
unknown_kind(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.kind = 200;
	send_frame(frame, NULL, 0);
}

void
supervisors_kind(void)
{
	start();
	send_frame(header(TRI_FRAME_STOP), NULL, 0);
}

void
wrong_magic(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.magic = 0x20544547;
	send_frame(frame, NULL, 0);
}

void
wrong_version(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.version = 9;
	send_frame(frame, NULL, 0);
}

void
short_frame(void)
{
	start();
	send_bytes("abc", 3);
}

void
empty_frame(void)
{
	start();
	send_bytes("", 0);
}

void
unknown_flags(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.flags = 0x8000;
	send_frame(frame, NULL, 0);
}

void
unknown_error(void)
{
	struct tri_frame frame = header(TRI_FRAME_REPLY);

	start();
	frame.err = -77;
	send_frame(frame, NULL, 0);
}

void
no_correlation(void)
{
	struct tri_frame frame = message_to(BYSTANDER, named("ping"), TRI_FLAG_ASK);

	start();
	frame.correlation = 0;
	send_frame(frame, NULL, 0);
}
