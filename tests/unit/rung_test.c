/* rung_test.c: who computes gives way to who is waited for and hasn't come; to nobody else, and not for ever. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "blackbox.h"
#include "bypass.h"
#include "rung.h"
#include "unit.h"

#define ME 5u
#define OTHER 7u
#define SAME_PLACE (OTHER + TRI_RUNG_PLACES)
#define MS UINT64_C(1000000)

static struct tri_rung_end end;

static void
setup(void)
{
	int fd = memfd_create("rung", MFD_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, sizeof(struct tri_rung)), 0);
	tri_rung_open(&end, fd, ME);
	ck_assert_ptr_nonnull(end.rung);
	close(fd);
}

static void
teardown(void)
{
	tri_rung_close(&end);
}

/* As if it had been rung so long ago. */
static void
was_rung(unsigned who, uint64_t ago_ns)
{
	atomic_store(&end.rung->notes[who % TRI_RUNG_PLACES],
		((tri_now_ns() - ago_ns) & ~(uint64_t)TRI_RUNG_WHO_MAX) | who);
	atomic_store(&end.rung->any, 1);
}

static bool
gives_way(void)
{
	end.yield.from_ns = 0;
	tri_rung_here(&end);
	return end.yield.from_ns != 0;
}

/* Whether it does so for one who was rung so long ago. Once more where the processor was taken from us meanwhile: then it was longer ago than that. */
static bool
gives_way_to(unsigned who, uint64_t ago_ns)
{
	uint64_t begun_ns;
	bool gave_way;

	do {
		begun_ns = tri_now_ns();
		was_rung(who, ago_ns);
		gave_way = gives_way();
	} while (tri_now_ns() - begun_ns > MS / 10);
	return gave_way;
}

static uint64_t
note_of(unsigned who)
{
	return atomic_load(&end.rung->notes[who % TRI_RUNG_PLACES]);
}

START_TEST(where_nobody_was_rung_nobody_gives_way)
{
	ck_assert(!gives_way());
}
END_TEST

START_TEST(who_was_rung_is_noted_and_given_way_to)
{
	tri_rung_note(&end, OTHER);
	ck_assert_uint_eq(note_of(OTHER) & TRI_RUNG_WHO_MAX, OTHER);
	ck_assert(gives_way_to(OTHER, MS));
	ck_assert_uint_ne(note_of(OTHER), 0); /* it is not here yet */
}
END_TEST

START_TEST(for_one_who_is_late_once_in_a_while_is_enough)
{
	ck_assert(gives_way_to(OTHER, MS));
	for (int i = 0; i < 1000; i++) {
		uint64_t from_ns = end.yield.from_ns;
		tri_rung_here(&end);
		ck_assert(end.yield.from_ns == from_ns || tri_now_ns() >= from_ns);
		was_rung(OTHER, MS);
	}
}
END_TEST

START_TEST(who_is_here_needs_it_no_more)
{
	was_rung(ME, MS);
	ck_assert(!gives_way());
	ck_assert_uint_eq(note_of(ME), 0);
	ck_assert_uint_eq(atomic_load(&end.rung->any), 0); /* and nobody needs to look */
}
END_TEST

START_TEST(who_did_not_sleep_needs_it_no_more_and_gives_no_way)
{
	was_rung(OTHER, MS);
	was_rung(ME, MS);
	tri_rung_came(&end);
	ck_assert_uint_eq(note_of(ME), 0);
	ck_assert_uint_ne(note_of(OTHER), 0);
	ck_assert_uint_eq(end.yield.from_ns, 0);
	was_rung(ME + TRI_RUNG_PLACES, MS);
	tri_rung_came(&end);
	ck_assert_uint_ne(note_of(ME), 0); /* another's, in the same place */
}
END_TEST

static void
send_empty(struct tri_lane_sender *lane)
{
	ck_assert_ptr_nonnull(tri_lane_reserve(lane, TRI_PACKED_MIN));
	tri_lane_publish(lane);
}

START_TEST(who_sleeps_notes_who_has_yet_to_answer_or_to_take_an_answer)
{
	struct tri_lane *lane = aligned_alloc(64, sizeof(*lane));
	struct tri_way way = { .who = OTHER, .sends = true };
	struct tri_ways ways = { .first = &way };

	ck_assert_ptr_nonnull(lane);
	memset(lane, 0, sizeof(*lane));
	way.out = tri_lane_sender(lane);
	send_empty(&way.out); /* a tell: nobody waits */
	tri_ways_hurry(&ways, &end);
	ck_assert_uint_eq(note_of(OTHER), 0);
	way.awaited = 1;
	tri_ways_hurry(&ways, &end);
	ck_assert_uint_eq(note_of(OTHER) & TRI_RUNG_WHO_MAX, OTHER);

	atomic_store(&end.rung->notes[OTHER % TRI_RUNG_PLACES], 0);
	atomic_store(&lane->in.tail, way.out.head);
	tri_ways_hurry(&ways, &end);
	ck_assert_uint_eq(note_of(OTHER), 0); /* it will answer later */
	atomic_store(&lane->in.tail, 0);
	way.sends = false;
	way.awaited = 0;
	tri_ways_hurry(&ways, &end);
	ck_assert_uint_eq(note_of(OTHER) & TRI_RUNG_WHO_MAX, OTHER);
	atomic_store(&end.rung->notes[OTHER % TRI_RUNG_PLACES], 0);
	way.ended = true;
	tri_ways_hurry(&ways, &end);
	ck_assert_uint_eq(note_of(OTHER), 0); /* it may be dead */
	way.ended = false;
	atomic_store(&lane->in.tail, way.out.head);
	tri_ways_hurry(&ways, &end);
	ck_assert_uint_eq(note_of(OTHER), 0);
	free(lane);
}
END_TEST

START_TEST(who_never_comes_is_forgotten)
{
	was_rung(OTHER, TRI_RUNG_STALE_NS + MS);
	ck_assert(!gives_way());
	ck_assert_uint_eq(note_of(OTHER), 0);
}
END_TEST

START_TEST(who_came_first_keeps_the_place)
{
	uint64_t note;

	do { /* again if that took so long that the note was stale */
		was_rung(OTHER, MS);
		note = note_of(OTHER);
		tri_rung_note(&end, SAME_PLACE);
	} while (tri_now_ns() - (note & ~(uint64_t)TRI_RUNG_WHO_MAX) > TRI_RUNG_STALE_NS);
	ck_assert_uint_eq(note_of(OTHER), note);
	was_rung(OTHER, TRI_RUNG_STALE_NS + MS);
	tri_rung_note(&end, SAME_PLACE);
	ck_assert_uint_eq(note_of(OTHER) & TRI_RUNG_WHO_MAX, SAME_PLACE);
}
END_TEST

/* One who was noted since the clock was looked at is not forgotten for that. */
START_TEST(a_note_may_be_a_little_late)
{
	for (int i = 0; i < 100; i++) {
		ck_assert(!gives_way_to(OTHER, -(uint64_t)(TRI_RUNG_AHEAD_NS / 2)));
		ck_assert_uint_ne(note_of(OTHER), 0);
		ck_assert_uint_eq(atomic_load(&end.rung->any), 1);
	}
}
END_TEST

START_TEST(who_is_busy_looks_now_and_then)
{
	was_rung(ME, MS);
	was_rung(OTHER, TRI_RUNG_STALE_NS + MS);
	for (unsigned i = 1; i < TRI_RUNG_LOOKS; i++)
		tri_rung_give_way(&end);
	ck_assert_uint_eq(note_of(ME), 0); /* at once: it is here */
	ck_assert_uint_ne(note_of(OTHER), 0);
	tri_rung_give_way(&end);
	ck_assert_uint_eq(note_of(OTHER), 0);
}
END_TEST

START_TEST(what_nobody_meant_is_thrown_away)
{
	for (unsigned i = 0; i < TRI_RUNG_PLACES; i++)
		atomic_store(&end.rung->notes[i], UINT64_MAX - i);
	atomic_store(&end.rung->any, UINT64_MAX);
	ck_assert(!gives_way());
	ck_assert(!gives_way());
	ck_assert_uint_eq(atomic_load(&end.rung->any), 0);
}
END_TEST

START_TEST(without_memory_for_it_nothing_happens)
{
	struct tri_rung_end none;

	tri_rung_open(&none, -1, ME);
	ck_assert_ptr_null(none.rung);
	tri_rung_note(&none, OTHER);
	tri_rung_give_way(&none);
	tri_rung_here(&none);
	tri_rung_came(&none);
	tri_rung_close(&none);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("rung");

	TEST_CASE_WITH(suite, "rung", 10, setup, teardown, where_nobody_was_rung_nobody_gives_way,
		who_was_rung_is_noted_and_given_way_to, for_one_who_is_late_once_in_a_while_is_enough,
		who_is_here_needs_it_no_more, who_did_not_sleep_needs_it_no_more_and_gives_no_way,
		who_sleeps_notes_who_has_yet_to_answer_or_to_take_an_answer, who_never_comes_is_forgotten,
		who_came_first_keeps_the_place, a_note_may_be_a_little_late, who_is_busy_looks_now_and_then,
		what_nobody_meant_is_thrown_away, without_memory_for_it_nothing_happens);
	return suite;
}
