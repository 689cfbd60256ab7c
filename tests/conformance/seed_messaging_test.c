/*
 * seed_messaging_test.c: the seed's cases on messages: tell, ask, errors, panics, stop, bounded mailboxes, narrow refs.
 * Real processes throughout; each case is named in README.md beside the seed's.
 */
#include "seed.h"

START_TEST(seed_ask_returns_reply)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_value value;

	OK(tractor_ask(seed->ctx, probe, &value, probe_echo, .value = -42));
	ck_assert_int_eq(value.value, -42);
	seed_close(seed);
}
END_TEST

START_TEST(seed_two_tells_and_an_ask_give_four)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");

	OK(tractor_tell(seed->ctx, probe, probe_note, .n = 3));
	OK(tractor_tell(seed->ctx, probe, probe_note, .n = 1));
	ck_assert_int_eq(total_of(seed, probe), 4);
	expect_notes(seed, probe, NOTES(3, 1));
	seed_close(seed);
}
END_TEST

START_TEST(seed_handler_error_reaches_asker)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_who before = who_is(seed, probe), after;
	struct probe_value value = { .value = 99 };

	FAILS(TRACTOR_EREFUSED, tractor_ask(seed->ctx, probe, &value, probe_refuse, .why = ""));
	ck_assert_int_eq(value.value, 99);
	after = who_is(seed, probe);
	ck_assert_int_eq(after.pid, before.pid);
	ck_assert_uint_eq(after.incarnation, 1);
	seed_close(seed);
}
END_TEST

START_TEST(seed_handler_error_brings_its_sentence)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_value value;

	FAILS(TRACTOR_EREFUSED,
		tractor_ask(seed->ctx, probe, &value, probe_refuse, .why = "the shop is shut"));
	ck_assert_str_eq(tractor_why(), "the shop is shut");
	seed_close(seed);
}
END_TEST

/* A verb that failed before, and was dealt with, left a sentence that is not about this error. */
START_TEST(seed_handler_error_brings_no_older_sentence)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_value value;

	FAILS(TRACTOR_EREFUSED, tractor_ask(seed->ctx, probe, &value, probe_shrug));
	ck_assert_str_eq(tractor_why(), "probe.shrug: the handler refused");
	seed_close(seed);
}
END_TEST

START_TEST(seed_panic_fails_its_asker_at_once)
{
	static const char *const ways[] = { "panic", "assert", "segv", "abort", "exit", "kill" };
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_value value = { .value = 99 };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int64_t began_ms = now_ms();

		FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = ways[i]));
		ck_assert_int_lt(now_ms() - began_ms, scaled_ms(SEED_PROMPTLY_MS));
		ck_assert_int_eq(value.value, 99);
		ck_assert_uint_eq(who_is(seed, probe).incarnation, i + 2);
	}
	seed_close(seed);
}
END_TEST

START_TEST(seed_panic_leaves_other_asks_to_the_successor)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct gate gate = gate_make("gate");
	probe_die_future dies;
	probe_echo_future echoes[2];
	struct probe_value value;

	occupy(seed, probe, "/t/a", &gate);
	OK(tractor_ask_async(seed->ctx, probe, &echoes[0], probe_echo, .value = 1));
	OK(tractor_ask_async(seed->ctx, probe, &dies, probe_die, .how = "panic"));
	OK(tractor_ask_async(seed->ctx, probe, &echoes[1], probe_echo, .value = 2));
	OK(tractor_tell(seed->ctx, probe, probe_note, .n = 5));
	gate_open(&gate);
	OK(tractor_await(seed->ctx, &echoes[1], &value, SEED_DEADLINE_MS));
	ck_assert_int_eq(value.value, 2);
	OK(tractor_await(seed->ctx, &echoes[0], &value, 0));
	ck_assert_int_eq(value.value, 1);
	FAILS(TRACTOR_ECRASHED, tractor_await(seed->ctx, &dies, &value, 0));
	expect_notes(seed, probe, NOTES(5));
	ck_assert_uint_eq(who_is(seed, probe).incarnation, 2);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_stop_resolves_waiting_asks)
{
	struct seed *seed = seed_open();
	struct gate gate = gate_make("gate");
	probe_echo_future futures[3];
	struct probe_value value;
	probe_ref probe;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .shutdown_ms = 200);
	occupy(seed, probe, "/t/a", &gate);
	for (int i = 0; i < 3; i++)
		OK(tractor_ask_async(seed->ctx, probe, &futures[i], probe_echo, .value = i));
	OK(tractor_stop(seed->ctx, probe));
	for (int i = 0; i < 3; i++)
		FAILS(TRACTOR_ESTOPPED, tractor_await(seed->ctx, &futures[i], &value, SEED_DEADLINE_MS));
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

/* Its handler is in a call of its own and hears nothing; when its time is over it is killed. */
START_TEST(seed_stop_resolves_an_ask_in_its_handler)
{
	struct seed *seed = seed_open();
	struct gate gate = gate_make("gate");
	probe_hold_future future;
	struct probe_value value;
	probe_ref probe;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .shutdown_ms = 200);
	OK(tractor_ask_async(seed->ctx, probe, &future, probe_hold, .gate = gate.path));
	expect_line(seed, "/t/a", "blocked");
	OK(tractor_stop(seed->ctx, probe));
	FAILS(TRACTOR_ESTOPPED, tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

/* The handler waits in tractor_select(), which tells it: it finishes what it has in hand, and its word counts. */
START_TEST(seed_stop_lets_a_handler_finish)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	probe_linger_future future;
	struct probe_value value;

	OK(tractor_ask_async(seed->ctx, probe, &future, probe_linger));
	expect_line(seed, "/t/a", "lingering");
	OK(tractor_stop(seed->ctx, probe));
	FAILS(TRACTOR_EREFUSED, tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	ck_assert_str_eq(tractor_why(), "stopped while it lingered");
	expect_line(seed, "/t/a", "told to stop");
	expect_line(seed, "/t/a", "stop 0");
	seed_close(seed);
}
END_TEST

START_TEST(seed_sending_after_stop_is_estopped)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	probe_echo_future future;
	struct probe_value value;

	OK(tractor_stop(seed->ctx, probe));
	FAILS(TRACTOR_ESTOPPED, tractor_tell(seed->ctx, probe, probe_note, .n = 1));
	FAILS(TRACTOR_ESTOPPED, tractor_try_tell(seed->ctx, probe, probe_note, .n = 1));
	FAILS(TRACTOR_ESTOPPED, tractor_ask(seed->ctx, probe, &value, probe_echo));
	FAILS(TRACTOR_ESTOPPED, tractor_ask_async(seed->ctx, probe, &future, probe_echo));
	FAILS(TRACTOR_ESTOPPED, tractor_try_ask(seed->ctx, probe, &future, probe_echo));
	FAILS(TRACTOR_ESTOPPED, tractor_stop(seed->ctx, probe));
	seed_close(seed);
}
END_TEST

/* The actor ends by itself, with asks behind the message that ended it, and nobody has asked for its end. */
START_TEST(seed_unwatched_end_resolves_waiting_asks)
{
	struct seed *seed = seed_open();
	struct gate gate = gate_make("gate");
	struct probe_outcome outcome;
	struct probe_value value;
	probe_finish_future finish;
	probe_echo_future future;
	probe_ref probe;

	SEED_START(
		seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .restart = TRACTOR_TRANSIENT);
	occupy(seed, probe, "/t/a", &gate);
	OK(tractor_ask_async(seed->ctx, probe, &finish, probe_finish, .reason = ""));
	OK(tractor_ask_async(seed->ctx, probe, &future, probe_echo));
	gate_open(&gate);
	FAILS(TRACTOR_ESTOPPED, tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	OK(tractor_await(seed->ctx, &finish, &outcome, 0));
	OUTCOME(TRACTOR_OK, outcome);
	FAILS(TRACTOR_ESTOPPED, tractor_tell(seed->ctx, probe, probe_note, .n = 1));
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

/* The runtime is closed with asks under way, of which nobody ever awaits the answer. */
START_TEST(seed_close_never_hangs_on_unanswered_asks)
{
	struct seed *seed = seed_open();
	struct gate gate = gate_make("gate");
	probe_hold_future held;
	probe_echo_future future;
	probe_ref probe;
	int64_t began_ms = now_ms();

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .shutdown_ms = 200);
	OK(tractor_ask_async(seed->ctx, probe, &held, probe_hold, .gate = gate.path));
	OK(tractor_ask_async(seed->ctx, probe, &future, probe_echo));
	expect_line(seed, "/t/a", "blocked");
	seed_close(seed);
	ck_assert_int_lt(now_ms() - began_ms, scaled_ms(SEED_PROMPTLY_MS));
	gate_close(&gate);
}
END_TEST

/* Room for one: with somebody else's message in hand and one of ours waiting there is no more of it for us. */
START_TEST(seed_full_mailbox_refuses_try)
{
	struct seed *seed = seed_open();
	probe_ref other = seed_probe(seed, "other"), probe;
	struct gate gate = gate_make("gate");
	struct probe_outcome outcome;
	struct probe_value value;
	probe_echo_future future;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .mailbox = 1);
	OK(tractor_ask(seed->ctx, other, &outcome, probe_occupy, .to = probe, .gate = gate.path));
	expect_line(seed, "/t/a", "blocked");
	OK(tractor_try_tell(seed->ctx, probe, probe_note, .n = 1));
	FAILS(TRACTOR_EFULL, tractor_try_tell(seed->ctx, probe, probe_note, .n = 2));
	FAILS(TRACTOR_EFULL, tractor_try_ask(seed->ctx, probe, &future, probe_echo));
	gate_open(&gate);
	ck_assert_int_eq(total_of(seed, probe), 1);
	OK(tractor_try_tell(seed->ctx, probe, probe_note, .n = 3));
	ck_assert_int_eq(total_of(seed, probe), 4);
	OK(tractor_try_ask(seed->ctx, probe, &future, probe_echo, .value = 5));
	OK(tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	ck_assert_int_eq(value.value, 5);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

/* What is in hand counts for its sender; another sender has a share of its own. */
START_TEST(seed_flooder_fills_its_own_share_only)
{
	struct seed *seed = seed_open();
	probe_ref other = seed_probe(seed, "other"), probe;
	struct gate gate = gate_make("gate");
	struct probe_outcome outcome;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .mailbox = 2);
	occupy(seed, probe, "/t/a", &gate);
	OK(tractor_try_tell(seed->ctx, probe, probe_note, .n = 1));
	FAILS(TRACTOR_EFULL, tractor_try_tell(seed->ctx, probe, probe_note, .n = 2));
	OK(tractor_ask(seed->ctx, other, &outcome, probe_poke, .to = probe, .n = 10, .try = true));
	OUTCOME(TRACTOR_OK, outcome);
	OK(tractor_ask(seed->ctx, other, &outcome, probe_poke, .to = probe, .n = 20, .try = true));
	OUTCOME(TRACTOR_OK, outcome);
	OK(tractor_ask(seed->ctx, other, &outcome, probe_poke, .to = probe, .n = 30, .try = true));
	OUTCOME(TRACTOR_EFULL, outcome);
	gate_open(&gate);
	expect_notes(seed, probe, NOTES(1, 10, 20));
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_tell_waits_for_room)
{
	struct seed *seed = seed_open();
	probe_ref other = seed_probe(seed, "other"), probe;
	struct gate gate = gate_make("gate");
	struct probe_outcome outcome;
	probe_poke_future future;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .mailbox = 1);
	OK(tractor_ask(seed->ctx, other, &outcome, probe_occupy, .to = probe, .gate = gate.path));
	expect_line(seed, "/t/a", "blocked");
	OK(tractor_ask_async(seed->ctx, other, &future, probe_poke, .to = probe, .n = 1));
	FAILS(TRACTOR_ETIMEDOUT, tractor_await(seed->ctx, &future, &outcome, 100));
	gate_open(&gate);
	OK(tractor_await(seed->ctx, &future, &outcome, SEED_DEADLINE_MS));
	OUTCOME(TRACTOR_OK, outcome);
	expect_notes(seed, probe, NOTES(1));
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_unbounded_mailbox_is_never_full)
{
	struct seed *seed = seed_open();
	struct gate gate = gate_make("gate");
	int64_t sum = 0;
	probe_ref probe;

	SEED_START(
		seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .mailbox = TRACTOR_UNBOUNDED);
	occupy(seed, probe, "/t/a", &gate);
	for (int64_t i = 1; i <= 3000; i++) {
		OK(tractor_try_tell(seed->ctx, probe, probe_note, .n = i));
		sum += i;
	}
	gate_open(&gate);
	ck_assert_int_eq(total_of(seed, probe), sum);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_try_ask_resolves_when_it_is_its_turn)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct gate gate = gate_make("gate");
	probe_echo_future future;
	struct probe_value value = { .value = 99 };

	occupy(seed, probe, "/t/a", &gate);
	OK(tractor_try_ask(seed->ctx, probe, &future, probe_echo, .value = 6));
	FAILS(TRACTOR_ETIMEDOUT, tractor_await(seed->ctx, &future, &value, 50));
	ck_assert_int_eq(value.value, 99);
	gate_open(&gate);
	OK(tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	ck_assert_int_eq(value.value, 6);
	FAILS(TRACTOR_EINVAL, tractor_await(seed->ctx, &future, &value, 0));
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_tell_from_a_handler_waits_for_acceptance_only)
{
	struct seed *seed = seed_open();
	probe_ref sender = seed_probe(seed, "sender"), busy = seed_probe(seed, "busy");
	struct gate gate = gate_make("gate");
	struct probe_outcome outcome;

	occupy(seed, busy, "/t/busy", &gate);
	for (int i = 1; i <= 20; i++) {
		OK(tractor_ask(seed->ctx, sender, &outcome, probe_poke, .to = busy, .n = i));
		OUTCOME(TRACTOR_OK, outcome);
		ck_assert_int_lt(outcome.took_ms, scaled_ms(SEED_PROMPTLY_MS));
	}
	gate_open(&gate);
	ck_assert_int_eq(total_of(seed, busy), 210);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_narrow_ref_built_inside_is_sent_kept_and_used)
{
	struct seed *seed = seed_open();
	probe_ref giver = seed_probe(seed, "giver"), user = seed_probe(seed, "user");
	struct probe_outcome outcome;
	struct probe_gift gift;

	OK(tractor_ask(seed->ctx, giver, &gift, probe_give_sink));
	ck_assert_uint_eq(gift.sink.at.actor, giver.at.actor);
	OK(tractor_tell(seed->ctx, user, probe_keep_sink, .sink = gift.sink));
	OK(tractor_ask(seed->ctx, user, &outcome, probe_use_sink, .n = 7));
	OUTCOME(TRACTOR_OK, outcome);
	OK(tractor_tell(seed->ctx, gift.sink, sink_put, .n = 8));
	OK(tractor_ask(seed->ctx, user, &outcome, probe_use_sink, .n = 9));
	OUTCOME(TRACTOR_OK, outcome);
	ck_assert_int_eq(total_of(seed, giver), 24);
	seed_close(seed);
}
END_TEST

START_TEST(seed_narrow_ref_built_outside_outlives_a_crash)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a"), user = seed_probe(seed, "user");
	struct probe_outcome outcome;
	struct probe_value value;
	sink_ref sink;

	OK(tractor_cast(seed->ctx, sink, probe, &sink));
	OK(tractor_tell(seed->ctx, user, probe_keep_sink, .sink = sink));
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "segv"));
	OK(tractor_ask(seed->ctx, user, &outcome, probe_use_sink, .n = 7));
	OUTCOME(TRACTOR_OK, outcome);
	expect_notes(seed, probe, NOTES(7));
	seed_close(seed);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: messaging");

	SCENARIO_CASE(suite, "ask and tell", 20, seed_ask_returns_reply, seed_two_tells_and_an_ask_give_four,
		seed_handler_error_reaches_asker, seed_handler_error_brings_its_sentence,
		seed_handler_error_brings_no_older_sentence, seed_panic_fails_its_asker_at_once,
		seed_panic_leaves_other_asks_to_the_successor);
	SCENARIO_CASE(suite, "stop", 20, seed_stop_resolves_waiting_asks,
		seed_stop_resolves_an_ask_in_its_handler, seed_stop_lets_a_handler_finish,
		seed_sending_after_stop_is_estopped, seed_unwatched_end_resolves_waiting_asks,
		seed_close_never_hangs_on_unanswered_asks);
	SCENARIO_CASE(suite, "mailboxes", 20, seed_full_mailbox_refuses_try,
		seed_flooder_fills_its_own_share_only, seed_tell_waits_for_room,
		seed_unbounded_mailbox_is_never_full, seed_try_ask_resolves_when_it_is_its_turn,
		seed_tell_from_a_handler_waits_for_acceptance_only);
	SCENARIO_CASE(suite, "narrow refs", 20, seed_narrow_ref_built_inside_is_sent_kept_and_used,
		seed_narrow_ref_built_outside_outlives_a_crash);
	return suite;
}
