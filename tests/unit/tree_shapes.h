/* tree_shapes.h: what the files tree*_test.c share: the shell that is none, and two trees. */
#ifndef TRACTOR_TESTS_UNIT_TREE_SHAPES_H
#define TRACTOR_TESTS_UNIT_TREE_SHAPES_H

#include "fakeshell.h"

#define PERMANENT SPEC_PERMANENT
#define TRANSIENT SPEC_TRANSIENT
#define TEMPORARY SPEC_TEMPORARY

static inline struct spec *
abc(void)
{
	return sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT), actor("b", PERMANENT),
		actor("c", PERMANENT), NULL);
}

static inline struct spec *
nested(void)
{
	return sup("r", SPEC_ONE_FOR_ONE, 1, actor("a", PERMANENT),
		sup("s", SPEC_REST_FOR_ONE, 1, actor("x", PERMANENT),
			sup("u", SPEC_ONE_FOR_ALL, 1, actor("y", PERMANENT), NULL), actor("z", PERMANENT),
			NULL),
		actor("b", PERMANENT), NULL);
}

#endif
