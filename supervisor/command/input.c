/*
 * input.c: reads standard input, as far as a request to the supervisor may be long. It knows nothing of what it reads. Too much, or an error, is said at once and reading ends.
 */
#include "input.h"

#include <stdio.h>
#include <stdlib.h>

#include "controlsocket.h"
#include "output.h"

#define READ_BYTES (64u << 10)

char *
input_read(const char *what, size_t *ret_size)
{
	char *text = NULL;
	size_t size = 0, got;

	do {
		text = output_need(realloc(text, size + READ_BYTES + 1));
		got = fread(text + size, 1, READ_BYTES, stdin);
		size += got;
	} while (got > 0 && size <= CONTROL_REQUEST_MAX_BYTES);
	if (!ferror(stdin) && size <= CONTROL_REQUEST_MAX_BYTES) {
		text[size] = '\0';
		*ret_size = size;
		return text;
	}
	if (ferror(stdin))
		output_error("standard input can't be read");
	else
		output_error("standard input is more than %s can hold", what);
	free(text);
	return NULL;
}
