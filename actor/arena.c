/*
 * arena.c: a chain of blocks, each filled from its start; a reset makes one of them. Owns the blocks; knows nothing
 * of what is put there. Out of memory is returned to the caller as NULL, and leaves the arena as it was.
 */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#define ALIGN_BYTES 16
#define BLOCK_BYTES ((size_t)4096)     /* enough for the lists of an ordinary message */
#define KEEP_BYTES ((size_t)64 * 1024) /* one large message should not hold on to its memory for ever */

struct tri_arena_block {
	struct tri_arena_block *next;
	size_t size_bytes;
	alignas(ALIGN_BYTES) unsigned char data[];
};

/* Lies in the arena itself. */
struct tri_arena_owned {
	struct tri_arena_owned *next;
	void (*release)(void *owner);
	void *owner;
};

static struct tri_arena_block *
new_block(size_t size_bytes)
{
	struct tri_arena_block *block =
		size_bytes > SIZE_MAX - sizeof(*block) ? NULL : malloc(sizeof(*block) + size_bytes);

	if (block != NULL)
		*block = (struct tri_arena_block){ .size_bytes = size_bytes };
	return block;
}

/* Puts a block with room for `size_bytes` in front. */
static int
grow(struct tri_arena *arena, size_t size_bytes)
{
	struct tri_arena_block *block = new_block(size_bytes > BLOCK_BYTES ? size_bytes : BLOCK_BYTES);

	if (block == NULL)
		return -1;
	block->next = arena->block;
	arena->block = block;
	arena->used_bytes = 0;
	return 0;
}

void *
tri_arena_alloc(struct tri_arena *arena, size_t size_bytes)
{
	if (size_bytes > SIZE_MAX - ALIGN_BYTES)
		return NULL;
	size_t size = (size_bytes + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
	if (arena->block == NULL || size > arena->block->size_bytes - arena->used_bytes) {
		if (grow(arena, size) != 0)
			return NULL;
	}
	void *piece = arena->block->data + arena->used_bytes;
	arena->used_bytes += size;
	return piece;
}

bool
tri_arena_own(struct tri_arena *arena, void (*release)(void *owner), void *owner)
{
	struct tri_arena_owned *owned = tri_arena_alloc(arena, sizeof(*owned));

	if (owned == NULL)
		return false;
	*owned = (struct tri_arena_owned){ .next = arena->owned, .release = release, .owner = owner };
	arena->owned = owned;
	return true;
}

static void
release_owned(struct tri_arena *arena)
{
	for (struct tri_arena_owned *owned = arena->owned; owned != NULL; owned = owned->next)
		owned->release(owned->owner);
	arena->owned = NULL;
}

static size_t
total_bytes(const struct tri_arena *arena)
{
	size_t total = 0;

	for (const struct tri_arena_block *block = arena->block; block != NULL; block = block->next)
		total += block->size_bytes;
	return total;
}

void
tri_arena_reset(struct tri_arena *arena)
{
	size_t keep = arena->keep_bytes > KEEP_BYTES ? arena->keep_bytes : KEEP_BYTES;
	size_t total = total_bytes(arena);
	struct tri_arena_block *kept = NULL, *block, *next;

	release_owned(arena);
	if (arena->block != NULL && arena->block->next != NULL && total <= keep)
		kept = new_block(total);
	for (block = arena->block; block != NULL; block = next) {
		next = block->next;
		if (block->size_bytes > keep || (kept != NULL && kept->size_bytes >= block->size_bytes)) {
			free(block);
		} else {
			free(kept);
			kept = block;
		}
	}
	if (kept != NULL)
		kept->next = NULL;
	arena->block = kept;
	arena->used_bytes = 0;
}

void
tri_arena_set_aside(struct tri_arena *arena)
{
	size_t total = total_bytes(arena);

	if (total > arena->keep_bytes)
		arena->keep_bytes = total;
	tri_arena_reset(arena);
}

void
tri_arena_free(struct tri_arena *arena)
{
	struct tri_arena_block *block, *next;

	if (arena == NULL)
		return;
	release_owned(arena);
	for (block = arena->block; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct tri_arena){ 0 };
}
