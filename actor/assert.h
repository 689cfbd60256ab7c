/*
 * assert.h: asserts that stay on in release. They are for bugs of ours and of the caller's code, never for input.
 * tri_assert: this cannot be false. It says where and why, then aborts, so that the crash capture sees it.
 */
#ifndef TRACTOR_ACTOR_ASSERT_H
#define TRACTOR_ACTOR_ASSERT_H

#include <stdio.h>
#include <stdlib.h>

#define tri_assert(expr)  \
	((expr) ? (void)0 \
		: (fprintf(stderr, "%s:%d: %s: bug: %s\n", __FILE__, __LINE__, __func__, #expr), abort()))

#endif
