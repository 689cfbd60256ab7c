/*
 * base64.c: RFC 4648 base64, strict: every sequence of bytes has exactly one text, and no other text is accepted.
 * Pure functions of their arguments; the caller brings the room.
 */
#include "base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
base64_text_length(size_t size)
{
	return (size + 2) / 3 * 4;
}

size_t
base64_room(size_t length)
{
	return length / 4 * 3;
}

void
base64_encode(const uint8_t *bytes, size_t size, char *text)
{
	for (size_t i = 0; i < size; i += 3, text += 4) {
		size_t left = size - i;
		uint32_t group = (uint32_t)bytes[i] << 16;
		group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
		group |= left > 2 ? bytes[i + 2] : 0;
		text[0] = letters[group >> 18];
		text[1] = letters[group >> 12 & 63];
		text[2] = left > 1 ? letters[group >> 6 & 63] : '=';
		text[3] = left > 2 ? letters[group & 63] : '=';
	}
	*text = '\0';
}

/* The six bits of a letter; 64: not one of ours. */
static uint32_t
bits_of(char letter)
{
	const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

	return found != NULL ? (uint32_t)(found - letters) : 64;
}

/* Four letters without padding, or with `padding` of them missing at the end. */
static bool
decode_group(const char *text, size_t padding, uint8_t *bytes)
{
	uint32_t group = 0;

	for (size_t i = 0; i < 4; i++) {
		uint32_t bits = i < 4 - padding ? bits_of(text[i]) : 0;
		if (bits > 63)
			return false;
		group = group << 6 | bits;
	}
	for (size_t i = 0; i < 3 - padding; i++)
		bytes[i] = (uint8_t)(group >> (16 - 8 * i));
	/* Bits that belong to no byte must be 0. */
	return padding == 0 || (group & ((UINT32_C(1) << 8 * padding) - 1)) == 0;
}

bool
base64_decode(const char *text, size_t length, uint8_t *bytes, size_t *ret_size)
{
	size_t padding = 0;

	if (length % 4 != 0)
		return false;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < length; i += 4, bytes += 3)
		if (!decode_group(text + i, i + 4 == length ? padding : 0, bytes))
			return false;
	*ret_size = base64_room(length) - padding;
	return true;
}
