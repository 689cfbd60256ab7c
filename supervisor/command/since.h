/* since.h: moments as people write them. */
#ifndef TRACTOR_SUPERVISOR_COMMAND_SINCE_H
#define TRACTOR_SUPERVISOR_COMMAND_SINCE_H

#include <stdint.h>

#include "treevalue.h"

/*
 * How long before `now_ms` (10m, 1.5h), a time of that day (14:30, 14:30:05), a day or a moment (2026-11-23, 2026-11-23 14:30, with a T in the place of the blank too, seconds and their
 * fraction or not), in local time, or in UTC with a Z at its end. Milliseconds since the epoch. TRACTOR_EINVAL: `fault` says what would be right.
 */
tractor_err since_parse(const char *text, int64_t now_ms, int64_t *ret_ms, struct treevalue_fault *fault);

#endif
