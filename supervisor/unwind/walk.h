/* walk.h: from frame to frame up a dead process's stack. */
#ifndef TRACTOR_SUPERVISOR_UNWIND_WALK_H
#define TRACTOR_SUPERVISOR_UNWIND_WALK_H

#include <stdbool.h>

#include "image.h"

#define WALK_FRAMES_MAX 128 /* a recursion that overflows the stack has thousands, all alike */

struct walk {
	size_t count;
	uint64_t addresses[WALK_FRAMES_MAX];
	bool is_return[WALK_FRAMES_MAX]; /* a return address, one behind the call that it is of */
	char stopped[256];		 /* why it went no further; "": it came to the first function */
};

/* Never fails: at worst it has the one address where the process died, and says why there are no more. */
void walk_stack(const struct image *image, struct walk *ret_walk);

#endif
