/* visible.c: characters of unknown origin made safe for a terminal, one at a time. It knows no locale and no terminal: what could act on any is shown. Nothing here can fail. */
#include "visible.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* ASCII's, and the eight-bit ones, which terminals obey too. */
static bool
is_control(uint32_t code)
{
	return code < ' ' || (code >= 0x7f && code < 0xa0);
}

/* Format characters that turn or hide what follows: what is read would not be what is there. */
static bool
misleads(uint32_t code)
{
	return code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0x061c || code == 0xfeff;
}

/* The letter that it is written with behind a backslash; 0: it has none. */
static char
letter_of(uint32_t code, const char *pairs)
{
	for (; *pairs != '\0'; pairs += 2)
		if (code == (unsigned char)pairs[0])
			return pairs[1];
	return 0;
}

static void
show_itself(const char *text, size_t length, char *shown)
{
	memcpy(shown, text, length);
	shown[length] = '\0';
}

size_t
visible_plain(const char *text, size_t size, char ret_shown[VISIBLE_BYTES])
{
	uint32_t code = 0;
	size_t length = utf8_character(text, size, &code);
	char letter = letter_of(code, "\nn\rr\tt");

	if (length == 0)
		snprintf(ret_shown, VISIBLE_BYTES, "\\x%02x", (unsigned char)*text);
	else if (letter != 0)
		snprintf(ret_shown, VISIBLE_BYTES, "\\%c", letter);
	else if (is_control(code))
		snprintf(ret_shown, VISIBLE_BYTES, "\\x%02x", (unsigned)(uint8_t)code);
	else if (misleads(code))
		snprintf(ret_shown, VISIBLE_BYTES, "\\u%04x", (unsigned)(uint16_t)code);
	else
		show_itself(text, length, ret_shown);
	return length > 0 ? length : 1;
}

size_t
visible_json(const char *text, size_t size, char ret_shown[VISIBLE_BYTES])
{
	uint32_t code = 0;
	size_t length = utf8_character(text, size, &code);
	char letter = letter_of(code, "\bb\ff\nn\rr\tt\"\"\\\\");

	if (length == 0)
		snprintf(ret_shown, VISIBLE_BYTES, "\\ufffd");
	else if (letter != 0)
		snprintf(ret_shown, VISIBLE_BYTES, "\\%c", letter);
	else if (is_control(code) || misleads(code))
		snprintf(ret_shown, VISIBLE_BYTES, "\\u%04x", (unsigned)(uint16_t)code);
	else
		show_itself(text, length, ret_shown);
	return length > 0 ? length : 1;
}

size_t
visible_copy(visible_form *form, const char *text, size_t text_size, char *ret_shown, size_t size)
{
	char shown[VISIBLE_BYTES];
	size_t used = 0, length;

	for (; text_size > 0; text_size -= length, text += length) {
		length = form(text, text_size, shown);
		size_t its_length = strlen(shown);
		if (used + its_length >= size)
			break;
		memcpy(ret_shown + used, shown, its_length);
		used += its_length;
	}
	ret_shown[used] = '\0';
	return used;
}
