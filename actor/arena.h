/*
 * arena.h: memory that is taken in small pieces and given back all at once: what one message points to, what
 * a handler asks for.
 */
#ifndef TRACTOR_ACTOR_ARENA_H
#define TRACTOR_ACTOR_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct tri_arena_block;

/* All zero is an empty arena: `struct tri_arena arena = { 0 };`. */
struct tri_arena {
	struct tri_arena_block *block; /* the one being filled; behind it those that are full */
	size_t used_bytes;	       /* of that block */
	size_t keep_bytes;	       /* set aside */
	struct tri_arena_owned *owned; /* what goes with the rest */
};

/*
 * Not initialized, aligned to 16, valid until the next reset or free. 0 bytes give a pointer too. NULL:
 * out of memory.
 */
void *tri_arena_alloc(struct tri_arena *arena, size_t size_bytes);

/* From now on `owner` is the arena's: `release` frees it when everything is taken back. False: out of memory; then it is still the caller's. */
bool tri_arena_own(struct tri_arena *arena, void (*release)(void *owner), void *owner);

/*
 * Takes everything back. Keeps one block, as large as they all were unless that is a lot, so that the same again does
 * not need malloc.
 */
void tri_arena_reset(struct tri_arena *arena);

/* The same, but as much as was taken now is kept from now on, a lot or not. */
void tri_arena_set_aside(struct tri_arena *arena);

/* Gives all memory back. The arena is empty afterwards and can be used again. NULL is fine. */
void tri_arena_free(struct tri_arena *arena);

#endif
