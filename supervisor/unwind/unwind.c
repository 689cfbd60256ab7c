/* unwind.c: the whole of it: what was mapped, the way up the stack, and what is known of each address on it. */
#include "unwind.h"

#include <string.h>

#include "frames.h"
#include "image.h"
#include "unwound.h"
#include "utf8.h"
#include "walk.h"

json_t *
unwind(struct tri_fault *fault)
{
	struct image image;
	struct walk walk;
	json_t *frames = json_array();

	image_open(fault, &image);
	walk_stack(&image, &walk);
	for (size_t i = 0;
		i < walk.count && json_array_size(frames) + FRAMES_PER_ADDRESS_MAX <= UNWOUND_FRAMES_MAX; i++)
		frames_add(&image, walk.addresses[i], walk.is_return[i], frames);
	image_close(&image);
	/* It may name a file, and so be anything. */
	return json_pack("{s:o, s:o}", "backtrace", frames, "stopped",
		*walk.stopped ? utf8_json(walk.stopped, strlen(walk.stopped)) : json_null());
}
