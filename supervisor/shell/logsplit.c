/* logsplit.c: finds the lines in what an actor prints, wherever its writes begin and end. It looks at no character but the newline, and for where characters begin. Nothing here can fail. */
#include "logsplit.h"

#include <string.h>

#include "utf8.h"

static void
forget_given(struct logsplit *split)
{
	split->length -= split->given;
	memmove(split->line, split->line + split->given, split->length);
	split->given = 0;
}

static void
give(struct logsplit *split, size_t length, const char **ret_line, size_t *ret_length)
{
	split->given = length;
	*ret_line = split->line;
	*ret_length = length;
}

/* Up to a newline, or as much as there is room for: one byte more than a line may have shows where to cut. Returns how much that was. */
static size_t
keep(struct logsplit *split, const char *text, size_t size)
{
	size_t room = sizeof(split->line) - split->length;
	const char *newline = memchr(text, '\n', size < room ? size : room);
	size_t length = newline != NULL ? (size_t)(newline - text) : size < room ? size : room;

	memcpy(split->line + split->length, text, length);
	split->length += length;
	return length;
}

bool
logsplit_take(
	struct logsplit *split, const char **text, size_t *size, const char **ret_line, size_t *ret_length)
{
	forget_given(split);
	while (*size > 0) {
		size_t taken = keep(split, *text, *size);
		bool ended = split->length <= LOGLINE_BYTES && taken < *size && (*text)[taken] == '\n';
		*text += taken + ended;
		*size -= taken + ended;
		if (ended || split->length > LOGLINE_BYTES) {
			give(split, utf8_fit(split->line, split->length, LOGLINE_BYTES), ret_line,
				ret_length);
			return true;
		}
	}
	return false;
}

bool
logsplit_rest(struct logsplit *split, const char **ret_line, size_t *ret_length)
{
	forget_given(split);
	if (split->length == 0)
		return false;
	give(split, split->length, ret_line, ret_length);
	return true;
}
