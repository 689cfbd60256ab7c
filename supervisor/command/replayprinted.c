/* replayprinted.c: what a replayed actor prints: read from its pipes, and printed line by line, without anything that acts upon a terminal. What can't be read is taken for the end. */
#include <unistd.h>

#include "output.h"
#include "replaystage.h"

static void
print_line(const struct replay_stage *stage, bool is_error, const char *text, size_t length)
{
	FILE *stream = stage->line->json ? stderr : stdout;
	bool has_level = is_error && length >= 3 && text[0] == '<' && text[2] == '>';

	fprintf(stream, "%s: ", stage->about->path);
	output_bytes(stream, text + (has_level ? 3 : 0), length - (has_level ? 3 : 0));
	putc('\n', stream);
	fflush(stream);
}

bool
replayprinted_some(const struct replay_stage *stage, struct replay_reader *reader)
{
	char bytes[4096];
	const char *at = bytes, *text;
	ssize_t got = reader->fd >= 0 ? read(reader->fd, bytes, sizeof(bytes)) : -1;
	size_t left = got > 0 ? (size_t)got : 0, length;

	while (logsplit_take(&reader->split, &at, &left, &text, &length))
		print_line(stage, reader->is_error, text, length);
	if (got == 0) {
		close(reader->fd);
		reader->fd = -1;
	}
	return got > 0;
}

void
replayprinted_rest(const struct replay_stage *stage, struct replay_reader *reader)
{
	const char *text;
	size_t length;

	while (replayprinted_some(stage, reader))
		;
	if (logsplit_rest(&reader->split, &text, &length))
		print_line(stage, reader->is_error, text, length);
}
