/* settings.c: see settings.h. Each is read again whenever it is asked for: a program may set one before it opens its next tree. */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "treevalue.h"

#define CRASHES_MOST 1000000000

static const char *
value_of(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* False: it is none of its words. */
static bool
read_lanes(const char *value, enum settings_lanes *ret_lanes)
{
	*ret_lanes = SETTINGS_LANES_USUAL;
	if (value && strcmp(value, "off") == 0)
		*ret_lanes = SETTINGS_LANES_OFF;
	else if (value && strcmp(value, "eager") == 0)
		*ret_lanes = SETTINGS_LANES_EAGER;
	else
		return !value;
	return true;
}

enum settings_lanes
settings_lanes(void)
{
	enum settings_lanes lanes;

	read_lanes(value_of("TRACTOR_LANES"), &lanes);
	return lanes;
}

static bool
read_crashes_max(const char *value, unsigned *ret_most, struct treevalue_fault *fault)
{
	*ret_most = 0;
	return !value || treevalue_number(value, 1, CRASHES_MOST, ret_most, fault) == TRACTOR_OK;
}

unsigned
settings_crashes_max(void)
{
	struct treevalue_fault fault;
	unsigned most;

	read_crashes_max(value_of("TRACTOR_CRASHES_MAX"), &most, &fault);
	return most;
}

bool
settings_fault(size_t which, char *text, size_t size)
{
	const char *lanes = value_of("TRACTOR_LANES"), *most = value_of("TRACTOR_CRASHES_MAX");
	struct treevalue_fault fault;
	enum settings_lanes ignored;
	unsigned number;

	*text = '\0';
	if (which == 0 && !read_lanes(lanes, &ignored))
		snprintf(text, size,
			"TRACTOR_LANES: \"%.64s\" is none of its words (off, eager); taken as not set",
			lanes);
	if (which == 1 && !read_crashes_max(most, &number, &fault))
		snprintf(text, size, "TRACTOR_CRASHES_MAX: %.400s; taken as not set", fault.text);
	return which < 2;
}
