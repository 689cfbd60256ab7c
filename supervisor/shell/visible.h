/* visible.h: text as it may reach a terminal: what would act there, or hide what stands beside it, is made visible. Pure. */
#ifndef TRACTOR_SUPERVISOR_SHELL_VISIBLE_H
#define TRACTOR_SUPERVISOR_SHELL_VISIBLE_H

#include <stddef.h>

#define VISIBLE_BYTES 8 /* of what one character is shown as: six letters at most, and NUL */

/*
 * How the first character of `text` is shown, of which `size` (1 or more) bytes are there: itself, or if it is a control character, turns the direction of writing or is no
 * UTF-8, something that can be read. Returns how many bytes of the text that was.
 */
typedef size_t visible_form(const char *text, size_t size, char ret_shown[VISIBLE_BYTES]);

/* For people: \n, \t, \x1b, \xff, \u202e. */
visible_form visible_plain;
/* Inside a string of JSON: \n, \", \u001b; a byte that is no UTF-8 is U+FFFD, for JSON has no other. */
visible_form visible_json;

/* The whole text in that form, as much of it as fits, ended by NUL. Returns the length of what was written; `size` is 1 or more. */
size_t visible_copy(visible_form *form, const char *text, size_t text_size, char *ret_shown, size_t size);

#endif
