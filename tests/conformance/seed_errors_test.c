/*
 * seed_errors_test.c: what a sender hears at once instead of waiting in vain: circles of askers, and whom and what can't be sent to.
 */
#include "seed.h"

/* --- circles --- */

static struct probe_outcome
relay(struct seed *seed, probe_ref first, size_t count, const probe_ref *via, bool by_future)
{
	struct probe_outcome outcome;
	int64_t began_ms = now_ms();

	OK(tractor_ask(seed->ctx, first, &outcome, probe_relay, .via = { via, count }, .by_future = by_future,
		.value = 33));
	ck_assert_int_lt(now_ms() - began_ms, scaled_ms(SEED_PROMPTLY_MS));
	return outcome;
}

START_TEST(seed_asking_oneself_is_a_deadlock)
{
	struct seed *seed = seed_open();
	probe_ref a = seed_probe(seed, "a");

	OUTCOME(TRACTOR_EDEADLOCK, relay(seed, a, 1, &a, false));
	OUTCOME(TRACTOR_EDEADLOCK, relay(seed, a, 1, &a, true));
	OUTCOME(TRACTOR_OK, relay(seed, a, 0, NULL, false));
	seed_close(seed);
}
END_TEST

START_TEST(seed_asking_in_a_circle_is_a_deadlock)
{
	struct seed *seed = seed_open();
	probe_ref a = seed_probe(seed, "a"), b = seed_probe(seed, "b"), c = seed_probe(seed, "c");
	struct probe_outcome outcome;

	for (int by_future = 0; by_future < 2; by_future++) {
		OUTCOME(TRACTOR_EDEADLOCK, relay(seed, a, 2, (probe_ref[]){ b, a }, by_future));
		OUTCOME(TRACTOR_EDEADLOCK, relay(seed, a, 3, (probe_ref[]){ b, c, a }, by_future));
		outcome = relay(seed, a, 2, (probe_ref[]){ b, c }, by_future);
		OUTCOME(TRACTOR_OK, outcome);
		ck_assert_int_eq(outcome.value, 33);
	}
	ck_assert_uint_eq(who_is(seed, a).incarnation, 1);
	seed_close(seed);
}
END_TEST

/* It waits for room where the one who would make it waits for its answer: whoever comes last hears so, at once. */
START_TEST(seed_telling_in_a_circle_is_a_deadlock)
{
	struct seed *seed = seed_open();
	probe_ref tells = seed_probe(seed, "tells"), asks;
	struct gate gate = gate_make("gate");
	struct probe_outcome told[3], asked;
	probe_poke_future pokes[3];
	probe_relay_future relay;

	SEED_START(seed, probe, &asks, .name = "asks", .exec = seed_exec("probe"), .mailbox = 2);
	occupy(seed, asks, "/t/asks", &gate);
	OK(tractor_ask_async(seed->ctx, asks, &relay, probe_relay,
		.via = (tractor_field_list_probe_ref){ .items = &tells, .count = 1 }, .value = 5));
	for (int i = 0; i < 3; i++)
		OK(tractor_ask_async(seed->ctx, tells, &pokes[i], probe_poke, .to = asks, .n = i));
	int64_t began_ms = now_ms();
	gate_open(&gate);
	for (int i = 0; i < 3; i++)
		OK(tractor_await(seed->ctx, &pokes[i], &told[i], SEED_DEADLINE_MS));
	OK(tractor_await(seed->ctx, &relay, &asked, SEED_DEADLINE_MS));
	ck_assert_int_lt(now_ms() - began_ms, scaled_ms(SEED_PROMPTLY_MS));
	OUTCOME(TRACTOR_OK, told[0]);
	OUTCOME(TRACTOR_OK, told[1]);
	if (told[2].err == TRACTOR_OK) {
		OUTCOME(TRACTOR_EDEADLOCK, asked);
		expect_notes(seed, asks, NOTES(0, 1, 2));
	} else {
		OUTCOME(TRACTOR_EDEADLOCK, told[2]);
		OUTCOME(TRACTOR_OK, asked);
		expect_notes(seed, asks, NOTES(0, 1));
	}
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

/* --- errors --- */

START_TEST(seed_never_existed_is_enoactor)
{
	struct seed *seed = seed_open();
	probe_ref a = seed_probe(seed, "a"), never = { .at = { .actor = a.at.actor + 1 } },
		  nobody = { .at = { .actor = 0 } }, found = nobody;
	struct probe_value value;

	FAILS(TRACTOR_ENOACTOR, tractor_tell(seed->ctx, never, probe_note));
	FAILS(TRACTOR_ENOACTOR, tractor_ask(seed->ctx, never, &value, probe_echo));
	FAILS(TRACTOR_ENOACTOR, tractor_tell(seed->ctx, nobody, probe_note));
	FAILS(TRACTOR_ENOACTOR, tractor_ask(seed->ctx, nobody, &value, probe_echo));
	FAILS(TRACTOR_ENOACTOR, tractor_find(seed->ctx, probe, "/t/b", &found));
	ck_assert_contains(tractor_why(), "/t/b");
	ck_assert_uint_eq(found.at.actor, 0);
	OK(tractor_find(seed->ctx, probe, "/t/a", &found));
	ck_assert_uint_eq(found.at.actor, a.at.actor);
	seed_close(seed);
}
END_TEST

START_TEST(seed_other_node_is_eunreachable)
{
	struct seed *seed = seed_open();
	probe_ref there = seed_probe(seed, "a");
	struct probe_value value;

	there.at.node = 7;
	FAILS(TRACTOR_EUNREACHABLE, tractor_tell(seed->ctx, there, probe_note));
	FAILS(TRACTOR_EUNREACHABLE, tractor_ask(seed->ctx, there, &value, probe_echo));
	seed_close(seed);
}
END_TEST

START_TEST(seed_message_over_64_mib_is_einval)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	size_t size = 65u << 20;
	char *text = malloc(size);
	struct probe_text reply;

	memset(text, 'x', size - 1);
	text[size - 1] = '\0';
	FAILS(TRACTOR_EINVAL, tractor_tell(seed->ctx, probe, probe_say, .text = text));
	text[8u << 20] = '\0';
	OK(tractor_ask(seed->ctx, probe, &reply, probe_format, .text = text, .n = 1));
	ck_assert_uint_eq(strlen(reply.text), (8u << 20) + 2);
	free(text);
	ck_assert_uint_eq(who_is(seed, probe).incarnation, 1);
	seed_close(seed);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: errors");

	SCENARIO_CASE(suite, "circles", 20, seed_asking_oneself_is_a_deadlock,
		seed_asking_in_a_circle_is_a_deadlock, seed_telling_in_a_circle_is_a_deadlock);
	SCENARIO_CASE(suite, "errors", 20, seed_never_existed_is_enoactor, seed_other_node_is_eunreachable,
		seed_message_over_64_mib_is_einval);
	return suite;
}
