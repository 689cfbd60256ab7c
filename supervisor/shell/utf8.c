/*
 * utf8.c: reads UTF-8 one character at a time and mends what is not. It knows no locale. The only failure is being out of memory.
 */
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The first bytes of characters: RFC 3629, section 4. A first byte gives the length, its own bits, and the least code of that length. */
static const struct form {
	uint8_t mask, mark;
	size_t length;
	uint32_t least;
} forms[] = {
	{ 0x80, 0x00, 1, 0 },
	{ 0xe0, 0xc0, 2, 0x80 },
	{ 0xf0, 0xe0, 3, 0x800 },
	{ 0xf8, 0xf0, 4, 0x10000 },
};

static const struct form *
form_of(uint8_t first)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if ((first & forms[i].mask) == forms[i].mark)
			return &forms[i];
	return NULL;
}

size_t
utf8_character(const char *bytes, size_t size, uint32_t *ret_code)
{
	const struct form *form = size > 0 ? form_of((uint8_t)bytes[0]) : NULL;

	if (form == NULL || form->length > size)
		return 0;
	uint32_t code = (uint8_t)bytes[0] & (uint8_t)~form->mask;
	for (size_t i = 1; i < form->length; i++) {
		if (((uint8_t)bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((uint8_t)bytes[i] & 0x3f);
	}
	if (code < form->least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return form->length;
}

size_t
utf8_fit(const char *bytes, size_t size, size_t limit)
{
	size_t fit = size < limit ? size : limit;

	if (fit == size)
		return fit;
	/* A character has three bytes of this form at most; more of them are no character, and cut anywhere. */
	for (size_t back = 0; back < 4 && back < fit; back++)
		if (((uint8_t)bytes[fit - back] & 0xc0) != 0x80)
			return fit - back;
	return fit;
}

/* Copies or replaces; `out` is NULL to count only. Returns the bytes that the mended text has. */
static size_t
mend(const char *bytes, size_t size, char *out)
{
	size_t done = 0, mended = 0;

	while (done < size) {
		uint32_t code;
		size_t length = utf8_character(bytes + done, size - done, &code);
		const char *piece = length > 0 ? bytes + done : REPLACEMENT;
		size_t piece_length = length > 0 ? length : strlen(REPLACEMENT);
		if (out != NULL)
			memcpy(out + mended, piece, piece_length);
		mended += piece_length;
		done += length > 0 ? length : 1;
	}
	return mended;
}

json_t *
utf8_json(const char *bytes, size_t size)
{
	json_t *whole = json_stringn(bytes, size);

	if (whole != NULL)
		return whole;
	size_t mended_size = mend(bytes, size, NULL);
	char *mended = malloc(mended_size + 1);
	if (mended == NULL)
		return NULL;
	mend(bytes, size, mended);
	json_t *json = json_stringn(mended, mended_size);
	free(mended);
	return json;
}
