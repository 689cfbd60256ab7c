/* mappings.h: /proc/PID/maps as a dead process left it. */
#ifndef TRACTOR_SUPERVISOR_SHELL_MAPPINGS_H
#define TRACTOR_SUPERVISOR_SHELL_MAPPINGS_H

#include <stddef.h>
#include <stdint.h>

#define MAPPINGS_MAX 512 /* what the black box has room for, and a bound on what a hostile one costs */

struct mapping {
	uint64_t start, end, offset;
	uint64_t inode;
	char permissions[5]; /* "r-xp" */
	const char *name;    /* of a file, "[stack]", or "" */
};

struct mappings {
	size_t count;
	struct mapping items[MAPPINGS_MAX];
};

/*
 * Reads `text`, which is cut into lines and must outlive the result. A line that is none is passed over; so is one that begins before the last one's
 * end, for the kernel's are in order. Nobody has checked the text, and nothing is promised of the names.
 */
void mappings_parse(char *text, struct mappings *ret_mappings);

/* The one that has the address; NULL: none. */
const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address);

#endif
