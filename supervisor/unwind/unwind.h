/* unwind.h: a captured crash, made readable. */
#ifndef TRACTOR_SUPERVISOR_UNWIND_UNWIND_H
#define TRACTOR_SUPERVISOR_UNWIND_UNWIND_H

#include <jansson.h>

#include "blackbox.h"

/*
 * {"backtrace": [frames, see frames.h], "stopped": why it went no further, or null}. `fault` may be anything; its maps are cut up. NULL: out of memory.
 */
json_t *unwind(struct tri_fault *fault);

#endif
