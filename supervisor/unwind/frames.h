/* frames.h: addresses as functions, files and lines. */
#ifndef TRACTOR_SUPERVISOR_UNWIND_FRAMES_H
#define TRACTOR_SUPERVISOR_UNWIND_FRAMES_H

#include <jansson.h>

#include "image.h"

#define FRAMES_PER_ADDRESS_MAX 16 /* a function, and those that were inlined there, one within the other */

/*
 * Appends what is known of the code at `address` to the array: a frame for each function that was inlined there, the innermost first, and one for the function that has it. `is_return`: the
 * address is behind the call that is meant. A frame: {address, function, offset, file, line, inlined, module, module_offset, build_id}; what isn't known is null.
 */
void frames_add(const struct image *image, uint64_t address, bool is_return, json_t *frames);

#endif
