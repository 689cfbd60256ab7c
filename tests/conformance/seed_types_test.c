/*
 * seed_types_test.c: what types mean while a tree runs: two protocols at one actor, headers that differ, refs that keep
 * their type. What does not compile is in tests/reject. This file has version 3 of drift.h; the two actors have 1 and 2.
 */
#include "seed.h"

#define DRIFT_VERSION 3
#include "actors/drift.h"
#include "actors/finder.h"
#include "actors/phoenix.h"

START_TEST(seed_actor_of_two_protocols_is_handed_out_under_either)
{
	struct seed *seed = seed_open();
	probe_ref wide;
	sink_ref narrow;

	SEED_START(seed, probe, &wide, .name = "a", .exec = seed_exec("probe"));
	SEED_START(seed, sink, &narrow, .name = "b", .exec = seed_exec("probe"));
	OK(tractor_tell(seed->ctx, narrow, sink_put, .n = 1));
	OK(tractor_cast(seed->ctx, sink, wide, &narrow));
	ck_assert_uint_eq(narrow.at.actor, wide.at.actor);
	OK(tractor_tell(seed->ctx, narrow, sink_put, .n = 2));
	OK(tractor_tell(seed->ctx, wide, probe_note, .n = 3));
	expect_notes(seed, wide, NOTES(2, 3));
	OK(tractor_find(seed->ctx, sink, "/t/b", &narrow));
	OK(tractor_cast(seed->ctx, probe, narrow, &wide));
	expect_notes(seed, wide, NOTES(1));
	seed_close(seed);
}
END_TEST

START_TEST(seed_cast_to_what_it_does_not_serve_is_eprotocol)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	phoenix_ref phoenix = { .at = { .actor = 77 } };

	FAILS(TRACTOR_EPROTOCOL, tractor_cast(seed->ctx, phoenix, probe, &phoenix));
	ck_assert_contains(tractor_why(), "/t/a");
	ck_assert_contains(tractor_why(), "phoenix");
	FAILS(TRACTOR_EPROTOCOL, tractor_find(seed->ctx, phoenix, "/t/a", &phoenix));
	FAILS(TRACTOR_EPROTOCOL, tractor_start(seed->rt, phoenix, &phoenix,
					 &(struct tractor_child){ .name = "b", .exec = seed_exec("probe") }));
	ck_assert_uint_eq(phoenix.at.actor, 77);
	expect_line(seed, "/t/b", "stop 0");
	FAILS(TRACTOR_ENOACTOR, tractor_find(seed->ctx, phoenix, "/t/b", &phoenix));
	seed_close(seed);
}
END_TEST

/* A ref that was forged, or is of an actor that was replaced by another program: the message's number is none it knows. */
START_TEST(seed_message_that_the_actor_does_not_know_is_eprotocol)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	phoenix_ref forged = { .at = probe.at };
	struct phoenix_state state;

	FAILS(TRACTOR_EPROTOCOL, tractor_tell(seed->ctx, forged, phoenix_add, .n = 1));
	FAILS(TRACTOR_EPROTOCOL, tractor_ask(seed->ctx, forged, &state, phoenix_get));
	ck_assert_uint_eq(who_is(seed, probe).incarnation, 1);
	seed_close(seed);
}
END_TEST

START_TEST(seed_message_that_one_side_lacks_is_no_mismatch)
{
	struct seed *seed = seed_open();
	struct drift_value value;
	drift_ref drift;

	SEED_START(seed, drift, &drift, .name = "old", .exec = seed_exec("drift_old"));
	OK(tractor_ask(seed->ctx, drift, &value, drift_level, .metres = 8848));
	ck_assert_int_eq(value.value, 8848);
	FAILS(TRACTOR_EPROTOCOL, tractor_ask(seed->ctx, drift, &value, drift_extra));
	ck_assert_contains(tractor_why(), "drift.extra");
	OK(tractor_ask(seed->ctx, drift, &value, drift_same, .value = 5));
	ck_assert_int_eq(value.value, 5);
	seed_close(seed);
}
END_TEST

/* Both sides by their text, so that one sees which of the two headers is the old one. */
static void
expect_both_sides(const char *why)
{
	ck_assert_contains(why, "ask drift.level {int32 metres} -> drift_value {int64 value}");
	ck_assert_contains(why, "ask drift.level {int64 metres} -> drift_value {int64 value}");
}

START_TEST(seed_headers_that_differ_are_eprotocol_with_both_sides_named)
{
	struct seed *seed = seed_open();
	finder_ref finder;
	struct finder_found found;
	drift_ref drift = { .at = { .actor = 77 } };

	FAILS(TRACTOR_EPROTOCOL,
		tractor_start(seed->rt, drift, &drift,
			&(struct tractor_child){ .name = "new", .exec = seed_exec("drift_new") }));
	expect_both_sides(tractor_why());
	ck_assert_contains(tractor_why(), "/t/new");
	SEED_START(seed, finder, &finder, .name = "finder", .exec = seed_exec("drift_new"));
	FAILS(TRACTOR_EPROTOCOL, tractor_find(seed->ctx, drift, "/t/finder", &drift));
	expect_both_sides(tractor_why());
	FAILS(TRACTOR_EPROTOCOL, tractor_cast(seed->ctx, drift, finder, &drift));
	expect_both_sides(tractor_why());
	ck_assert_uint_eq(drift.at.actor, 77);
	/* And from actor to actor. */
	SEED_START(seed, drift, &drift, .name = "old", .exec = seed_exec("drift_old"));
	OK(tractor_ask(seed->ctx, finder, &found, finder_find, .path = "/t/old"));
	OUTCOME(TRACTOR_EPROTOCOL, found);
	expect_both_sides(found.why);
	OK(tractor_ask(seed->ctx, finder, &found, finder_find, .path = "/t/finder"));
	OUTCOME(TRACTOR_OK, found);
	seed_close(seed);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: types");

	SCENARIO_CASE(suite, "types", 20, seed_actor_of_two_protocols_is_handed_out_under_either,
		seed_cast_to_what_it_does_not_serve_is_eprotocol,
		seed_message_that_the_actor_does_not_know_is_eprotocol,
		seed_message_that_one_side_lacks_is_no_mismatch,
		seed_headers_that_differ_are_eprotocol_with_both_sides_named);
	return suite;
}
