/* shared.h: memory that we share with a process that we start, which maps it by its fd. */
#ifndef TRACTOR_SUPERVISOR_SHELL_SHARED_H
#define TRACTOR_SUPERVISOR_SHELL_SHARED_H

#include <stddef.h>

/*
 * So much of it, all zero, mapped; to be unmapped, and *ret_fd to be closed. NULL: *ret_call failed, errno says why, and there is nothing (*ret_fd is -1).
 */
void *shared_make(const char *name, size_t size, int *ret_fd, const char **ret_call);

#endif
