/* utf8.h: text that may not be UTF-8, made into text that is: JSON has no other, and actors print what they like. */
#ifndef TRACTOR_SUPERVISOR_SHELL_UTF8_H
#define TRACTOR_SUPERVISOR_SHELL_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/*
 * The length of the UTF-8 character that `bytes` begins with, of which `size` are there, and its code point; 0: it is none (RFC 3629:
 * no overlong forms, no surrogates, nothing above U+10FFFF).
 */
size_t utf8_character(const char *bytes, size_t size, uint32_t *ret_code);

/* The most of `size` bytes that is no more than `limit` and does not end within a character. */
size_t utf8_fit(const char *bytes, size_t size, size_t limit);

/* A JSON string of these bytes; each byte that is not part of UTF-8 becomes U+FFFD. A new reference; NULL: out of memory. */
json_t *utf8_json(const char *bytes, size_t size);

#endif
