/* base64.h: bytes as text, RFC 4648 section 4, with padding. */
#ifndef TRACTOR_SUPERVISOR_SHELL_BASE64_H
#define TRACTOR_SUPERVISOR_SHELL_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text's length for so many bytes, without the NUL. */
size_t base64_text_length(size_t size);

/* Writes base64_text_length(size) letters and a NUL. */
void base64_encode(const uint8_t *bytes, size_t size, char *text);

/*
 * The most bytes that a text of that length stands for; what base64_decode() needs room for.
 */
size_t base64_room(size_t length);

/*
 * Decodes the whole text. False: it is not canonical base64 (a foreign letter, no or too much padding, stray bits at the end);
 * `bytes` is then garbage.
 */
bool base64_decode(const char *text, size_t length, uint8_t *bytes, size_t *ret_size);

#endif
