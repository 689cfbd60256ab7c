/*
 * arena_test.c: what an arena keeps from one use to the next.
 */
#include <stdbool.h>
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

Suite *
test_suite(void)
{
	Suite *suite = suite_create("arena");

	TEST_CASE(suite, "arena", 10, arena_has_room_for_the_same_again, arena_does_not_hold_on_to_a_lot,
		arena_sets_aside_what_it_is_told_to, arena_lets_go_of_what_it_owns);
	return suite;
}
