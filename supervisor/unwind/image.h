/* image.h: what the dead process had mapped, as far as the files are still there. */
#ifndef TRACTOR_SUPERVISOR_UNWIND_IMAGE_H
#define TRACTOR_SUPERVISOR_UNWIND_IMAGE_H

#include <elfutils/libdwfl.h>

#include "blackbox.h"
#include "mappings.h"

struct image {
	const struct tri_fault *fault;
	struct mappings mappings;
	Dwfl *dwfl; /* has those modules whose files are what ran; NULL: out of memory */
};

/* `fault` is nobody's word for anything; its maps are cut up, and it must outlive the image. Files that are missing, or others by now, are left out. */
void image_open(struct tri_fault *fault, struct image *ret_image);
void image_close(struct image *image);

/* The captured build id of what `mapping` is part of; NULL: none is known. */
const struct tri_module *image_build_id(const struct image *image, const struct mapping *mapping);

#endif
