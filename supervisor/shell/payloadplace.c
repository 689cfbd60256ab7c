/*
 * payloadplace.c: names the field that a conversion stumbled over. Texts are cut where they would grow too long; nothing fails.
 */
#include "payloadplace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "why.h"

#define PLACE_BYTES 256
#define WORDS_BYTES 512

/* Recurses outwards, once per nested record. */
static void
write_place(const struct payloadplace *place, char *text)
{
	if (place->outer != NULL)
		write_place(place->outer, text);
	size_t length = strlen(text);
	int written = snprintf(
		text + length, PLACE_BYTES - length, "%s%s", place->outer != NULL ? "." : "", place->field);
	length += written > 0 ? (size_t)written : 0;
	if (place->item != PAYLOADPLACE_NO_ITEM && length < PLACE_BYTES)
		snprintf(text + length, PLACE_BYTES - length, "[%zu]", place->item);
}

tractor_err
payloadplace_why(const struct payloadplace *place, tractor_err err, const char *fmt, ...)
{
	char where[PLACE_BYTES] = "", words[WORDS_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	if (place != NULL)
		write_place(place, where);
	return tri_why(err, "%s%s%s", where, place != NULL ? ": " : "", words);
}
