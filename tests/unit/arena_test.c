/*
 * arena_test.c: the pieces of an arena, and what it keeps from one use to the next.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "unit.h"

#define LARGE_BYTES ((size_t)100000) /* more than is kept unasked */

static struct tri_arena arena;

/* Takes so many pieces, and writes to all of each. Whether they lie in one block, one behind the other. */
static bool
take(size_t count, size_t size_bytes)
{
	unsigned char *last = NULL;
	bool adjacent = true;

	for (size_t i = 0; i < count; i++) {
		unsigned char *piece = tri_arena_alloc(&arena, size_bytes);
		ck_assert_ptr_nonnull(piece);
		memset(piece, (int)i, size_bytes);
		if (last && piece != last + size_bytes)
			adjacent = false;
		last = piece;
	}
	return adjacent;
}

static const void *
first_place(void)
{
	const void *place = tri_arena_alloc(&arena, 0);

	tri_arena_reset(&arena);
	return place;
}

START_TEST(arena_has_room_for_the_same_again)
{
	ck_assert(!take(20, 1024));
	tri_arena_reset(&arena);
	const void *place = first_place();
	ck_assert(take(20, 1024));
	tri_arena_reset(&arena);
	ck_assert(take(1, 16));
	tri_arena_reset(&arena);
	ck_assert_ptr_eq(first_place(), place);
	tri_arena_free(&arena);
}
END_TEST

START_TEST(arena_does_not_hold_on_to_a_lot)
{
	take(1, 16);
	const void *place = arena.block;
	take(1, LARGE_BYTES);
	tri_arena_reset(&arena);
	ck_assert_ptr_eq(arena.block, place);
	take(3, LARGE_BYTES);
	tri_arena_reset(&arena);
	ck_assert_ptr_eq(arena.block, place);
	tri_arena_free(&arena);
}
END_TEST

START_TEST(arena_sets_aside_what_it_is_told_to)
{
	take(2, LARGE_BYTES);
	tri_arena_set_aside(&arena);
	const void *place = arena.block;
	ck_assert(take(2, LARGE_BYTES));
	take(1, 5 * LARGE_BYTES);
	tri_arena_reset(&arena);
	ck_assert_ptr_eq(arena.block, place);
	take(1, 16);
	tri_arena_set_aside(&arena);
	ck_assert_ptr_eq(arena.block, place);
	tri_arena_free(&arena);
}
END_TEST

static void
count_release(void *owner)
{
	++*(int *)owner;
}

START_TEST(arena_lets_go_of_what_it_owns)
{
	int first = 0, second = 0;

	ck_assert(tri_arena_own(&arena, count_release, &first));
	take(3, LARGE_BYTES);
	ck_assert(tri_arena_own(&arena, count_release, &second));
	ck_assert(first == 0 && second == 0);
	tri_arena_reset(&arena);
	ck_assert(first == 1 && second == 1);
	tri_arena_reset(&arena);
	ck_assert(tri_arena_own(&arena, count_release, &second));
	tri_arena_free(&arena);
	ck_assert(first == 1 && second == 2);
}
END_TEST

START_TEST(arena_pieces_are_apart)
{
	uint8_t *pieces[200];
	size_t wrong = 0; /* a million assertions take a minute under valgrind */

	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < 200; i++) {
			size_t size = i * 97 % 5000;
			pieces[i] = tri_arena_alloc(&arena, size);
			ck_assert_ptr_nonnull(pieces[i]);
			ck_assert_uint_eq((uintptr_t)pieces[i] % 16, 0);
			memset(pieces[i], (int)i, size);
		}
		for (size_t i = 0; i < 200; i++) {
			size_t size = i * 97 % 5000;
			for (size_t at = 0; at < size; at++)
				wrong += pieces[i][at] != i;
		}
		ck_assert_uint_eq(wrong, 0);
		tri_arena_reset(&arena);
		ck_assert_ptr_nonnull(arena.block);
	}
	ck_assert_ptr_null(tri_arena_alloc(&arena, SIZE_MAX));
	ck_assert_ptr_null(tri_arena_alloc(&arena, SIZE_MAX - 20));
	tri_arena_free(&arena);
	tri_arena_free(&arena);
	tri_arena_free(NULL);
}
END_TEST

START_TEST(arena_gives_a_large_block_back)
{
	ck_assert_ptr_nonnull(tri_arena_alloc(&arena, 1024 * 1024));
	tri_arena_reset(&arena);
	ck_assert_ptr_null(arena.block);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("arena");

	TEST_CASE(suite, "arena", 30, arena_pieces_are_apart, arena_gives_a_large_block_back,
		arena_has_room_for_the_same_again, arena_does_not_hold_on_to_a_lot,
		arena_sets_aside_what_it_is_told_to, arena_lets_go_of_what_it_owns);
	return suite;
}
