/* memory.h: how an actor of the tests comes to be without memory: from now on its process gets no more than it has, and, if it is to be exhausted, has none of that left either. */
#ifndef TRACTOR_TESTS_SCENARIO_MEMORY_H
#define TRACTOR_TESTS_SCENARIO_MEMORY_H

#include <stdlib.h>
#include <sys/resource.h>

#define MEMORY_LARGEST ((size_t)1 << 20) /* what malloc() may have in one piece */
#define MEMORY_TRIES 64			 /* it asks another of its arenas each time */

static inline void
memory_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_DATA, &limit);
	limit.rlim_cur =
		4096; /* less than there is. Of 0 the kernel takes no notice, for old valgrinds' sake */
	setrlimit(RLIMIT_DATA, &limit);
}

static inline void
memory_exhaust(void)
{
	memory_limit();
	for (size_t size = MEMORY_LARGEST; size >= 16; size -= size > 2048 ? size / 2 : 16)
		for (int failed = 0; failed < MEMORY_TRIES;) {
			void *volatile piece = malloc(size); /* kept, and not to be optimized away */
			failed += piece == NULL;
		}
}

#endif
