/*
 * seed_forwarding_test.c: the seed's cases on handing the duty to reply to another actor. What does not compile (a forward to a
 * message with another reply) is in tests/reject.
 */
#include "seed.h"

#include <signal.h>

START_TEST(seed_forward_delegates_the_reply)
{
	struct seed *seed = seed_open();
	probe_ref clerk = seed_probe(seed, "clerk"), expert = seed_probe(seed, "expert");
	struct probe_value value;

	OK(tractor_ask(seed->ctx, clerk, &value, probe_delegate_echo, .to = expert, .value = 11));
	ck_assert_int_eq(value.value, 11);
	seed_close(seed);
}
END_TEST

/* Its target is blocked with the forwarded ask; the forwarder goes on to its next message meanwhile. */
START_TEST(seed_forward_does_not_block_the_forwarder)
{
	struct seed *seed = seed_open();
	probe_ref clerk = seed_probe(seed, "clerk"), expert = seed_probe(seed, "expert");
	struct gate gate = gate_make("gate");
	probe_delegate_hold_future future;
	struct probe_value value;

	OK(tractor_ask_async(seed->ctx, clerk, &future, probe_delegate_hold, .to = expert, .gate = gate.path,
		.value = 12));
	expect_line(seed, "/t/expert", "blocked");
	OK(tractor_ask(seed->ctx, clerk, &value, probe_echo, .value = 1));
	ck_assert_int_eq(value.value, 1);
	FAILS(TRACTOR_ETIMEDOUT, tractor_await(seed->ctx, &future, &value, 0));
	gate_open(&gate);
	OK(tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	ck_assert_int_eq(value.value, 12);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_forward_brings_the_targets_error)
{
	struct seed *seed = seed_open();
	probe_ref clerk = seed_probe(seed, "clerk"), expert = seed_probe(seed, "expert");
	struct probe_value value;

	FAILS(TRACTOR_EREFUSED,
		tractor_ask(seed->ctx, clerk, &value, probe_delegate_refuse, .to = expert, .why = "no idea"));
	ck_assert_str_eq(tractor_why(), "no idea");
	ck_assert_uint_eq(who_is(seed, clerk).incarnation, 1);
	ck_assert_uint_eq(who_is(seed, expert).incarnation, 1);
	seed_close(seed);
}
END_TEST

START_TEST(seed_forward_brings_the_targets_panic)
{
	struct seed *seed = seed_open();
	probe_ref clerk = seed_probe(seed, "clerk"), expert = seed_probe(seed, "expert");
	struct probe_who before = who_is(seed, clerk), after;
	struct probe_value value;
	int64_t began_ms = now_ms();

	FAILS(TRACTOR_ECRASHED,
		tractor_ask(seed->ctx, clerk, &value, probe_delegate_die, .to = expert, .how = "segv"));
	ck_assert_int_lt(now_ms() - began_ms, scaled_ms(SEED_PROMPTLY_MS));
	after = who_is(seed, clerk);
	ck_assert_int_eq(after.pid, before.pid);
	ck_assert_uint_eq(who_is(seed, expert).incarnation, 2);
	seed_close(seed);
}
END_TEST

START_TEST(seed_forward_to_one_that_is_gone)
{
	struct seed *seed = seed_open();
	probe_ref clerk = seed_probe(seed, "clerk"), gone = seed_probe(seed, "gone");
	probe_ref never = { .at = { .actor = 1000000 } };
	struct probe_value value;

	OK(tractor_stop(seed->ctx, gone));
	FAILS(TRACTOR_ESTOPPED,
		tractor_ask(seed->ctx, clerk, &value, probe_delegate_echo, .to = gone, .value = 1));
	FAILS(TRACTOR_ENOACTOR,
		tractor_ask(seed->ctx, clerk, &value, probe_delegate_echo, .to = never, .value = 1));
	OK(tractor_ask(seed->ctx, clerk, &value, probe_echo, .value = 3));
	ck_assert_uint_eq(who_is(seed, clerk).incarnation, 1);
	seed_close(seed);
}
END_TEST

/* The forwarder dies after it handed on: the duty is the target's, and so the answer comes. */
START_TEST(seed_forward_survives_the_forwarder)
{
	struct seed *seed = seed_open();
	probe_ref clerk = seed_probe(seed, "clerk"), expert = seed_probe(seed, "expert");
	struct gate gate = gate_make("gate");
	probe_delegate_hold_future future;
	struct probe_value value;

	OK(tractor_ask_async(seed->ctx, clerk, &future, probe_delegate_hold, .to = expert, .gate = gate.path,
		.value = 13));
	expect_line(seed, "/t/expert", "blocked");
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, clerk, &value, probe_die, .how = "kill"));
	OK(tractor_stop(seed->ctx, clerk));
	gate_open(&gate);
	OK(tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	ck_assert_int_eq(value.value, 13);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_forward_of_a_tell_is_a_tell)
{
	struct seed *seed = seed_open();
	probe_ref clerk = seed_probe(seed, "clerk"), expert = seed_probe(seed, "expert");
	struct gate gate = gate_make("gate");

	occupy(seed, expert, "/t/expert", &gate);
	OK(tractor_tell(seed->ctx, clerk, probe_pass_on, .to = expert, .n = 14));
	expect_line(seed, "/t/clerk", "passed on: TRACTOR_OK");
	gate_open(&gate);
	expect_notes(seed, expert, NOTES(14));
	OK(tractor_stop(seed->ctx, expert));
	OK(tractor_tell(seed->ctx, clerk, probe_pass_on, .to = expert, .n = 15));
	expect_line(seed, "/t/clerk", "passed on: TRACTOR_ESTOPPED");
	ck_assert_uint_eq(who_is(seed, clerk).incarnation, 1);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_chain_of_forwards)
{
	struct seed *seed = seed_open();
	probe_ref all[4] = { seed_probe(seed, "a"), seed_probe(seed, "b"), seed_probe(seed, "c"),
		seed_probe(seed, "d") };
	struct probe_value value;

	OK(tractor_ask(seed->ctx, all[0], &value, probe_chain, .via = { all + 1, 3 }, .value = 16));
	ck_assert_int_eq(value.value, 16);
	for (int i = 0; i < 4; i++)
		expect_notes(seed, all[i], NOTES(16));
	/* In a circle, too: nobody waits in it. */
	OK(tractor_ask(seed->ctx, all[0], &value, probe_chain,
		.via = { (probe_ref[]){ all[1], all[0], all[0] }, 3 }, .value = 17));
	expect_notes(seed, all[0], NOTES(16, 17, 17, 17));
	seed_close(seed);
}
END_TEST

/* A full mailbox at the target is waited for, in line, and the forwarder is not the one who waits. */
START_TEST(seed_forward_to_a_full_mailbox_waits_for_the_forwarder)
{
	struct seed *seed = seed_open();
	probe_ref clerk = seed_probe(seed, "clerk"), expert;
	struct gate gate = gate_make("gate");
	probe_delegate_hold_future held;
	probe_delegate_echo_future futures[3];
	struct probe_value value;

	SEED_START(seed, probe, &expert, .name = "expert", .exec = seed_exec("probe"), .mailbox = 1);
	OK(tractor_ask_async(
		seed->ctx, clerk, &held, probe_delegate_hold, .to = expert, .gate = gate.path, .value = 1));
	expect_line(seed, "/t/expert", "blocked");
	for (int i = 0; i < 3; i++)
		OK(tractor_ask_async(
			seed->ctx, clerk, &futures[i], probe_delegate_echo, .to = expert, .value = i));
	OK(tractor_ask(seed->ctx, clerk, &value, probe_echo, .value = 2));
	gate_open(&gate);
	for (int i = 0; i < 3; i++) {
		OK(tractor_await(seed->ctx, &futures[i], &value, SEED_DEADLINE_MS));
		ck_assert_int_eq(value.value, i);
	}
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_deferred_reply_comes_later)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_outcome outcome;
	struct probe_value value;
	probe_later_future later;

	OK(tractor_ask_async(seed->ctx, probe, &later, probe_later));
	OK(tractor_ask(seed->ctx, probe, &value, probe_echo, .value = 1));
	FAILS(TRACTOR_ETIMEDOUT, tractor_await(seed->ctx, &later, &value, 0));
	OK(tractor_ask(seed->ctx, probe, &outcome, probe_keep_word, .value = 18));
	OUTCOME(TRACTOR_OK, outcome);
	OK(tractor_await(seed->ctx, &later, &value, SEED_DEADLINE_MS));
	ck_assert_int_eq(value.value, 18);
	OK(tractor_ask(seed->ctx, probe, &outcome, probe_keep_word, .value = 19));
	OUTCOME(TRACTOR_EINVAL, outcome);
	seed_close(seed);
}
END_TEST

START_TEST(seed_deferred_reply_can_be_refused)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_outcome outcome;
	struct probe_value value;
	probe_later_future later;

	OK(tractor_ask_async(seed->ctx, probe, &later, probe_later));
	OK(tractor_ask(seed->ctx, probe, &outcome, probe_break_word, .err = TRACTOR_OK));
	OUTCOME(TRACTOR_EINVAL, outcome);
	OK(tractor_ask(seed->ctx, probe, &outcome, probe_break_word, .err = TRACTOR_EREFUSED));
	OUTCOME(TRACTOR_OK, outcome);
	FAILS(TRACTOR_EREFUSED, tractor_await(seed->ctx, &later, &value, SEED_DEADLINE_MS));
	seed_close(seed);
}
END_TEST

START_TEST(seed_deferred_reply_dies_with_its_incarnation)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_outcome outcome;
	struct probe_value value;
	probe_later_future later;

	OK(tractor_ask_async(seed->ctx, probe, &later, probe_later));
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "panic"));
	FAILS(TRACTOR_ECRASHED, tractor_await(seed->ctx, &later, &value, SEED_DEADLINE_MS));
	OK(tractor_ask(seed->ctx, probe, &outcome, probe_keep_word, .value = 20));
	OUTCOME(TRACTOR_EINVAL, outcome);
	OK(tractor_ask_async(seed->ctx, probe, &later, probe_later));
	OK(tractor_stop(seed->ctx, probe));
	FAILS(TRACTOR_ESTOPPED, tractor_await(seed->ctx, &later, &value, SEED_DEADLINE_MS));
	seed_close(seed);
}
END_TEST

/* Whether that process has the gate open, and so stands at it. */
static bool
is_at_gate(void *arg)
{
	const struct {
		pid_t pid;
		const struct gate *gate;
	} *standing = arg;
	char link[64], path[256];

	for (int fd = 3; fd < 64; fd++) {
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", standing->pid, fd);
		ssize_t length = readlink(link, path, sizeof(path) - 1);
		if (length > 0 && strncmp(path, standing->gate->path, (size_t)length) == 0)
			return true;
	}
	return false;
}

/*
 * Both replies are in the actor's hands when it dies: one to the message before, and one that was owed since sixteen messages ago. What it has noted of the one
 * must not be where the other is. The runtime hears nothing meanwhile, and the long replies before fill the socket.
 */
START_TEST(seed_deferred_reply_costs_no_other_reply)
{
	enum { BETWEEN = 7, LONG = 8 }; /* with the late one's own message: the sixteen */
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct gate gate = gate_make("gate");
	struct probe_value value;
	struct probe_outcome outcome;
	probe_notes_future notes;
	probe_later_future later;
	probe_echo_future echo;
	probe_keep_word_future kept;
	pid_t pid = who_is(seed, probe).pid;

	for (int i = 0; i < 4096; i++)
		OK(tractor_tell(seed->ctx, probe, probe_note, .n = i));
	OK(tractor_ask_async(seed->ctx, probe, &later, probe_later));
	for (int i = 0; i < BETWEEN; i++)
		OK(tractor_ask(seed->ctx, probe, &value, probe_echo));
	for (int i = 0; i < LONG; i++)
		OK(tractor_ask_async(seed->ctx, probe, &notes, probe_notes));
	OK(tractor_ask_async(seed->ctx, probe, &echo, probe_echo, .value = 5));
	OK(tractor_ask_async(seed->ctx, probe, &kept, probe_keep_word, .value = 20));
	OK(tractor_tell(seed->ctx, probe, probe_block, .gate = gate.path));
	ck_assert(wait_until(SEED_DEADLINE_MS, is_at_gate, &(struct {
		pid_t pid;
		const struct gate *gate;
	}){ pid, &gate }));
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	OK(tractor_await(seed->ctx, &echo, &value, SEED_DEADLINE_MS));
	ck_assert_int_eq(value.value, 5);
	OK(tractor_await(seed->ctx, &later, &value, SEED_DEADLINE_MS));
	ck_assert_int_eq(value.value, 20);
	OK(tractor_await(seed->ctx, &kept, &outcome, SEED_DEADLINE_MS));
	OUTCOME(TRACTOR_OK, outcome);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: forwarding");

	SCENARIO_CASE(suite, "forward", 20, seed_forward_delegates_the_reply,
		seed_forward_does_not_block_the_forwarder, seed_forward_brings_the_targets_error,
		seed_forward_brings_the_targets_panic, seed_forward_to_one_that_is_gone,
		seed_forward_survives_the_forwarder, seed_forward_of_a_tell_is_a_tell, seed_chain_of_forwards,
		seed_forward_to_a_full_mailbox_waits_for_the_forwarder);
	SCENARIO_CASE(suite, "defer", 20, seed_deferred_reply_comes_later, seed_deferred_reply_can_be_refused,
		seed_deferred_reply_dies_with_its_incarnation, seed_deferred_reply_costs_no_other_reply);
	return suite;
}
