/* tree_shapes.h: what the files tree*_test.c and strategy*_test.c share: the shell that is none, and some trees. */
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

static inline void
begin_abc(enum spec_strategy strategy, unsigned intensity)
{
	begin(sup("r", strategy, intensity, actor("a", PERMANENT), actor("b", PERMANENT),
		actor("c", PERMANENT), NULL));
	did("+a +b +c");
}

/* The same, of which b has a backoff of 1, 2 and 3 s. */
static inline void
begin_backoff(enum spec_strategy strategy)
{
	struct spec *b = actor("b", PERMANENT);

	b->backoff = (struct spec_backoff){ SEC, 2, 3 * SEC, 0, 10 * SEC };
	begin(sup("r", strategy, 100, actor("a", PERMANENT), b, actor("c", PERMANENT), NULL));
	forget_log();
}

/* A supervisor s with x and y, of that type of restart, between a and b. */
static inline struct spec *
inner(unsigned outer_intensity, enum spec_restart restart)
{
	struct spec *s = sup("s", SPEC_ONE_FOR_ONE, 1, actor("x", PERMANENT), actor("y", PERMANENT), NULL);

	s->restart = restart;
	return sup("r", SPEC_ONE_FOR_ONE, outer_intensity, actor("a", PERMANENT), s, actor("b", PERMANENT),
		NULL);
}

#endif
