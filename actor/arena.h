/*
 * arena.h: memory that is taken in small pieces and given back all at once: what one message points to, what
 * a handler asks for.
 */
#ifndef TRACTOR_ACTOR_ARENA_H
#define TRACTOR_ACTOR_ARENA_H

#include <stddef.h>

struct tri_arena_block;

/* All zero is an empty arena: `struct tri_arena arena = { 0 };`. */
struct tri_arena {
	struct tri_arena_block *block; /* the one being filled; behind it those that are full */
	size_t used_bytes;	       /* of that block */
};

/*
 * Not initialized, aligned to 16, valid until the next reset or free. 0 bytes give a pointer too. NULL:
 * out of memory.
 */
void *tri_arena_alloc(struct tri_arena *arena, size_t size_bytes);

/* Takes everything back; keeps one block of usual size, so that the next message does not need malloc. */
void tri_arena_reset(struct tri_arena *arena);

/* Gives all memory back. The arena is empty afterwards and can be used again. NULL is fine. */
void tri_arena_free(struct tri_arena *arena);

#endif
