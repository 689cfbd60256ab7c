/* input.h: what standard input has, for the commands that take "-". */
#ifndef TRACTOR_SUPERVISOR_COMMAND_INPUT_H
#define TRACTOR_SUPERVISOR_COMMAND_INPUT_H

#include <stddef.h>

/*
 * All of it, with a NUL behind it that doesn't count, to be freed. NULL: it can't be read, or is more than a request may have; that has been said, with `what` it was to be ("a message").
 */
char *input_read(const char *what, size_t *ret_size);

#endif
