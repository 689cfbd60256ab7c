/*
 * seed_verbs_test.c: the verbs that the seed's own tests don't name: limits, timers, monitors, stop and finish, pools,
 * arguments, log and memory.
 */
#include "seed.h"

/* --- limits --- */

START_TEST(seed_ask_within_times_out)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct gate gate = gate_make("gate");
	struct probe_value value = { .value = 99 };
	int64_t began_ms;

	occupy(seed, probe, "/t/a", &gate);
	began_ms = now_ms();
	FAILS(TRACTOR_ETIMEDOUT, tractor_ask_within(seed->ctx, 100, probe, &value, probe_echo));
	ck_assert_int_ge(now_ms() - began_ms, 100);
	ck_assert_int_lt(now_ms() - began_ms, scaled_ms(SEED_PROMPTLY_MS));
	ck_assert_int_eq(value.value, 99);
	gate_open(&gate);
	OK(tractor_ask_within(seed->ctx, TRACTOR_FOREVER, probe, &value, probe_echo, .value = 3));
	ck_assert_int_eq(value.value, 3);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

/* A handler whose asker has given up may still answer: that answer goes nowhere, and nobody is confused by it. */
START_TEST(seed_late_answer_goes_nowhere)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct gate gate = gate_make("gate");
	struct probe_value value;

	FAILS(TRACTOR_ETIMEDOUT,
		tractor_ask_within(seed->ctx, 100, probe, &value, probe_hold, .gate = gate.path, .value = 1));
	gate_open(&gate);
	OK(tractor_ask(seed->ctx, probe, &value, probe_echo, .value = 2));
	ck_assert_int_eq(value.value, 2);
	ck_assert_uint_eq(who_is(seed, probe).incarnation, 1);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_await_times_out_and_then_succeeds)
{
	struct seed *seed = seed_open();
	probe_ref waits = seed_probe(seed, "waits"), busy = seed_probe(seed, "busy");
	struct gate gate = gate_make("gate");
	struct probe_outcome outcome;
	probe_patience_future future;

	OK(tractor_ask_async(
		seed->ctx, waits, &future, probe_patience, .to = busy, .gate = gate.path, .await_ms = 50));
	expect_line(seed, "/t/busy", "blocked");
	expect_line(seed, "/t/waits", "first: TRACTOR_ETIMEDOUT");
	gate_open(&gate);
	OK(tractor_await(seed->ctx, &future, &outcome, SEED_DEADLINE_MS));
	OUTCOME(TRACTOR_OK, outcome);
	ck_assert_int_eq(outcome.value, 7);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

/* Errors that are found on this side, too: none comes with the sentence of the call before it. */
START_TEST(seed_errors_have_sentences_of_their_own)
{
	static const char before[] = "the sentence of an earlier call";
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct gate gate = gate_make("gate");
	struct probe_value value;
	probe_hold_future future;

	OK(tractor_ask_async(seed->ctx, probe, &future, probe_hold, .gate = gate.path));
	tractor_fail(TRACTOR_EINVAL, before);
	FAILS(TRACTOR_ETIMEDOUT, tractor_await(seed->ctx, &future, &value, 0));
	ck_assert_contains(tractor_why(), "no reply yet");
	tractor_fail(TRACTOR_EREFUSED, before);
	FAILS(TRACTOR_EINVAL, tractor_finish(seed->ctx, NULL));
	ck_assert_contains(tractor_why(), "only an actor");
	gate_open(&gate);
	OK(tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

START_TEST(seed_ask_waits_across_a_restart)
{
	struct seed *seed = seed_open();
	struct probe_value value;
	probe_ref probe;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .backoff_initial_ms = 200);
	OK(tractor_tell(seed->ctx, probe, probe_fall, .how = "segv"));
	expect_event(seed, "crashed", "/t/a");
	OK(tractor_ask(seed->ctx, probe, &value, probe_echo, .value = 4));
	ck_assert_int_eq(value.value, 4);
	ck_assert_uint_eq(who_is(seed, probe).incarnation, 2);
	seed_close(seed);
}
END_TEST

/* One that is stopped while it waits for its next start: there is nothing to wait for. */
START_TEST(seed_stop_of_one_that_waits_to_be_restarted)
{
	struct seed *seed = seed_open();
	struct probe_value value;
	probe_echo_future future;
	probe_ref probe;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .backoff_initial_ms = 60000);
	OK(tractor_tell(seed->ctx, probe, probe_fall, .how = "segv"));
	expect_event(seed, "crashed", "/t/a");
	OK(tractor_ask_async(seed->ctx, probe, &future, probe_echo));
	OK(tractor_stop(seed->ctx, probe));
	FAILS(TRACTOR_ESTOPPED, tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	seed_close(seed);
}
END_TEST

/* --- delayed tells --- */

/* None of them is due before the others are sent, unless that takes more than a second. */
START_TEST(seed_tell_after_comes_in_its_time)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a"), other = seed_probe(seed, "other");
	struct probe_outcome outcome;
	int64_t began_ms = now_ms();

	OK(tractor_ask(seed->ctx, other, &outcome, probe_remind, .to = probe, .delay_ms = 3000, .n = 2));
	OUTCOME(TRACTOR_OK, outcome);
	OK(tractor_tell_after(seed->ctx, 1500, NULL, probe, probe_note, .n = 1));
	OK(tractor_tell(seed->ctx, probe, probe_note, .n = 0));
	expect_notes(seed, probe, NOTES(0));
	while (total_of(seed, probe) < 3)
		tractor_runtime_turn(seed->rt, 10);
	ck_assert_int_ge(now_ms() - began_ms, 3000);
	expect_notes(seed, probe, NOTES(0, 1, 2));
	OK(tractor_ask(seed->ctx, other, &outcome, probe_forget));
	OUTCOME(TRACTOR_EINVAL, outcome);
	FAILS(TRACTOR_EINVAL, tractor_tell_after(seed->ctx, -1, NULL, probe, probe_note, .n = 1));
	seed_close(seed);
}
END_TEST

/* What is cancelled must not be due before; the one that isn't says when it would have been. */
START_TEST(seed_cancelled_tell_does_not_come)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a"), other = seed_probe(seed, "other");
	struct probe_outcome outcome;
	tractor_timer timer;

	OK(tractor_ask(seed->ctx, other, &outcome, probe_remind, .to = probe, .delay_ms = 2000, .n = 1));
	OUTCOME(TRACTOR_OK, outcome);
	OK(tractor_tell_after(seed->ctx, 2000, &timer, probe, probe_note, .n = 2));
	OK(tractor_tell_after(seed->ctx, 2200, NULL, probe, probe_note, .n = 4));
	OK(tractor_ask(seed->ctx, other, &outcome, probe_forget));
	OUTCOME(TRACTOR_OK, outcome);
	OK(tractor_cancel(seed->ctx, &timer));
	FAILS(TRACTOR_EINVAL, tractor_cancel(seed->ctx, &timer));
	while (total_of(seed, probe) == 0)
		tractor_runtime_turn(seed->rt, 10);
	expect_notes(seed, probe, NOTES(4));
	seed_close(seed);
}
END_TEST

/* Has `other` delay a tell, and die before it is due; a busy machine needs more than one attempt. Returns the delay that sufficed. */
static int64_t
remind_and_die(struct seed *seed, probe_ref other, probe_ref to)
{
	struct probe_outcome outcome;
	struct probe_value value;

	for (int64_t delay_ms = 100;; delay_ms *= 2) {
		int64_t began_ms = now_ms();
		OK(tractor_ask(seed->ctx, other, &outcome, probe_remind, .to = to, .delay_ms = delay_ms,
			.n = delay_ms));
		FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, other, &value, probe_die, .how = "panic"));
		if (now_ms() - began_ms < delay_ms)
			return delay_ms;
	}
}

START_TEST(seed_delayed_tell_dies_with_its_sender)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a"), other = seed_probe(seed, "other");
	struct probe_numbers notes;
	int64_t delay_ms = remind_and_die(seed, other, probe);

	OK(tractor_tell_after(seed->ctx, 2 * delay_ms, NULL, probe, probe_note, .n = 4));
	do {
		tractor_runtime_turn(seed->rt, 10);
		OK(tractor_ask(seed->ctx, probe, &notes, probe_notes));
	} while (notes.items.count == 0 || notes.items.items[notes.items.count - 1] != 4);
	for (size_t i = 0; i < notes.items.count; i++)
		ck_assert_int_ne(notes.items.items[i], delay_ms);
	seed_close(seed);
}
END_TEST

/* --- monitors --- */

START_TEST(seed_monitor_hears_of_a_restart_and_of_the_end)
{
	struct seed *seed = seed_open();
	probe_ref watcher = seed_probe(seed, "watcher"), probe = seed_probe(seed, "a");
	struct probe_outcome outcome;
	struct probe_value value;

	for (int i = 0; i < 2; i++) { /* twice is once */
		OK(tractor_ask(seed->ctx, watcher, &outcome, probe_watch, .to = probe));
		OUTCOME(TRACTOR_OK, outcome);
	}
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "segv"));
	expect_line(seed, "/t/watcher", "down /t/a 1 SIGSEGV");
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "kill"));
	expect_line(seed, "/t/watcher", "down /t/a 2 SIGKILL");
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "exit"));
	expect_line(seed, "/t/watcher", "down /t/a 3 exit 3: exit() in a handler");
	ck_assert_uint_eq(who_is(seed, probe).incarnation, 4);
	OK(tractor_stop(seed->ctx, probe));
	expect_line(seed, "/t/watcher", "down /t/a 4 shutdown final");
	ck_assert_int_eq(total_of(seed, watcher), 0);
	for (size_t i = 0; i < seed->lines.count; i++)
		ck_assert_msg(seed->lines.notes[i].seen || strncmp(seed->lines.notes[i].text, "down", 4) != 0,
			"one too many: %s", seed->lines.notes[i].text);
	seed_close(seed);
}
END_TEST

START_TEST(seed_monitor_hears_at_once_of_one_that_has_ended)
{
	struct seed *seed = seed_open();
	probe_ref watcher = seed_probe(seed, "watcher"), probe = seed_probe(seed, "a"), temporary;
	probe_ref never = { .at = { .actor = 1000000 } };
	struct probe_outcome outcome;
	struct probe_value value;

	SEED_START(seed, probe, &temporary, .name = "b", .exec = seed_exec("probe"),
		.restart = TRACTOR_TEMPORARY);
	OK(tractor_stop(seed->ctx, probe));
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, temporary, &value, probe_die, .how = "panic"));
	FAILS(TRACTOR_ESTOPPED, tractor_ask(seed->ctx, temporary, &value, probe_echo));
	OK(tractor_ask(seed->ctx, watcher, &outcome, probe_watch, .to = probe));
	OUTCOME(TRACTOR_OK, outcome);
	expect_line(seed, "/t/watcher", "down /t/a 1 shutdown final");
	OK(tractor_ask(seed->ctx, watcher, &outcome, probe_watch, .to = temporary));
	OUTCOME(TRACTOR_OK, outcome);
	expect_line(seed, "/t/watcher", "down  0 gone final");
	OK(tractor_ask(seed->ctx, watcher, &outcome, probe_watch, .to = never));
	OUTCOME(TRACTOR_ENOACTOR, outcome);
	FAILS(TRACTOR_EINVAL, tractor_monitor(seed->ctx, probe));
	seed_close(seed);
}
END_TEST

/* --- ending --- */

START_TEST(seed_stop_from_a_handler)
{
	struct seed *seed = seed_open();
	probe_ref killer = seed_probe(seed, "killer"), probe = seed_probe(seed, "a");
	probe_ref never = { .at = { .actor = 1000000 } };
	struct probe_outcome outcome;
	struct probe_value value;

	OK(tractor_ask(seed->ctx, killer, &outcome, probe_stop, .to = probe));
	OUTCOME(TRACTOR_OK, outcome);
	FAILS(TRACTOR_ESTOPPED, tractor_ask(seed->ctx, probe, &value, probe_echo));
	expect_line(seed, "/t/a", "stop 0");
	OK(tractor_ask(seed->ctx, killer, &outcome, probe_stop, .to = probe));
	OUTCOME(TRACTOR_ESTOPPED, outcome);
	OK(tractor_ask(seed->ctx, killer, &outcome, probe_stop, .to = never));
	OUTCOME(TRACTOR_ENOACTOR, outcome);
	seed_close(seed);
}
END_TEST

/* Its own ref: a normal end, so a permanent actor is back, with its mail, and a transient one is not. */
START_TEST(seed_stop_of_oneself_is_a_normal_end)
{
	struct seed *seed = seed_open();
	probe_ref permanent = seed_probe(seed, "a"), transient;
	struct probe_outcome outcome;
	struct probe_value value;

	SEED_START(seed, probe, &transient, .name = "b", .exec = seed_exec("probe"),
		.restart = TRACTOR_TRANSIENT);
	OK(tractor_ask(seed->ctx, permanent, &outcome, probe_stop, .to = permanent));
	OUTCOME(TRACTOR_OK, outcome);
	ck_assert_uint_eq(who_is(seed, permanent).incarnation, 2);
	expect_line(seed, "/t/a", "stop 0");
	OK(tractor_ask(seed->ctx, transient, &outcome, probe_stop, .to = transient));
	OUTCOME(TRACTOR_OK, outcome);
	FAILS(TRACTOR_ESTOPPED, tractor_ask(seed->ctx, transient, &value, probe_echo));
	seed_close(seed);
}
END_TEST

START_TEST(seed_finish_with_a_reason)
{
	struct seed *seed = seed_open();
	struct probe_outcome outcome;
	struct probe_value value;
	probe_ref watcher = seed_probe(seed, "watcher"), probe;

	SEED_START(
		seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .restart = TRACTOR_TRANSIENT);
	OK(tractor_ask(seed->ctx, watcher, &outcome, probe_watch, .to = probe));
	OK(tractor_ask(seed->ctx, probe, &outcome, probe_finish, .reason = "all sold"));
	OUTCOME(TRACTOR_OK, outcome);
	FAILS(TRACTOR_ESTOPPED, tractor_ask(seed->ctx, probe, &value, probe_echo));
	ck_assert_contains(expect_event(seed, "ended", "/t/a")->text, "all sold");
	expect_line(seed, "/t/watcher", "down /t/a 1 done: all sold final");
	FAILS(TRACTOR_EINVAL, tractor_finish(seed->ctx, NULL));
	seed_close(seed);
}
END_TEST

/* --- pools --- */

static void
load_pool(struct seed *seed)
{
	OK(tractor_runtime_load(seed->rt, scenario_write("pool.yaml",
						  "name: shop\n"
						  "children:\n"
						  "  - actor: boss\n"
						  "    exec: %s/seed_probe\n"
						  "  - pool: sessions\n"
						  "    exec: %s/seed_probe\n"
						  "    args: {size: large}\n"
						  "    max: 3\n"
						  "    restart: temporary\n",
						  test_actors_dir(), test_actors_dir())));
}

START_TEST(seed_handler_starts_an_actor_and_gets_its_ref)
{
	struct seed *seed = seed_open();
	struct probe_spawned spawned;
	struct probe_text text;
	probe_ref boss;

	load_pool(seed);
	OK(tractor_find(seed->ctx, probe, "/t/shop/boss", &boss));
	OK(tractor_ask(seed->ctx, boss, &spawned, probe_spawn, .pool = "/t/shop/sessions", .name = "one",
		.colour = "red"));
	OUTCOME(TRACTOR_OK, spawned);
	probe_ref session = spawned.ref;
	ck_assert_str_eq(who_is(seed, session).path, "/t/shop/sessions/one");
	OK(tractor_ask(seed->ctx, session, &text, probe_arg, .name = "colour"));
	ck_assert_str_eq(text.text, "red");
	OK(tractor_ask(seed->ctx, session, &text, probe_arg, .name = "size"));
	ck_assert_str_eq(text.text, "large");
	OK(tractor_ask(seed->ctx, session, &text, probe_arg, .name = "weight", .fallback = "none"));
	ck_assert_str_eq(text.text, "none");
	seed_close(seed);
}
END_TEST

START_TEST(seed_spawn_says_what_is_wrong)
{
	struct seed *seed = seed_open();
	struct probe_spawned spawned;
	struct probe_value value;
	probe_ref boss, member;

	load_pool(seed);
	OK(tractor_find(seed->ctx, probe, "/t/shop/boss", &boss));
	OK(tractor_ask(seed->ctx, boss, &spawned, probe_spawn, .pool = "/t/shop/boss"));
	OUTCOME(TRACTOR_ENOACTOR, spawned);
	OK(tractor_ask(seed->ctx, boss, &spawned, probe_spawn, .pool = "/t/shop/sessions", .name = "a/b"));
	OUTCOME(TRACTOR_EINVAL, spawned);
	for (int i = 0; i < 3; i++)
		OK(tractor_spawn(seed->ctx, probe, "/t/shop/sessions", &member));
	OK(tractor_ask(seed->ctx, boss, &spawned, probe_spawn, .pool = "/t/shop/sessions"));
	OUTCOME(TRACTOR_EFULL, spawned);
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, member, &value, probe_die, .how = "panic"));
	OK(tractor_spawn(seed->ctx, probe, "/t/shop/sessions", &member, .name = "four"));
	OK(tractor_stop(seed->ctx, member));
	FAILS(TRACTOR_ESTART, tractor_spawn(seed->ctx, probe, "/t/shop/sessions", &member,
				      .args = TRACTOR_ARGS("start", "refuse", "what", "key")));
	ck_assert_contains(tractor_why(), "the key is missing");
	FAILS(TRACTOR_IGNORE, tractor_spawn(seed->ctx, probe, "/t/shop/sessions", &member,
				      .args = TRACTOR_ARGS("start", "ignore")));
	OK(tractor_spawn(seed->ctx, probe, "/t/shop/sessions", &member, .name = "four"));
	OK(tractor_stop(seed->ctx, member));
	OK(tractor_spawn(seed->ctx, probe, "/t/shop/sessions", &member, .name = "five"));
	FAILS(TRACTOR_EEXIST, tractor_spawn(seed->ctx, probe, "/t/shop/sessions", &member, .name = "five"));
	seed_close(seed);
}
END_TEST

/* --- what is an actor's own --- */

START_TEST(seed_args_identity_and_memory)
{
	struct seed *seed = seed_open();
	const char *const args[] = { "colour", "blue", "empty", "", NULL };
	struct probe_text text;
	struct probe_who who;
	probe_ref probe;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .args = args);
	OK(tractor_ask(seed->ctx, probe, &text, probe_arg, .name = "colour", .fallback = "x"));
	ck_assert_str_eq(text.text, "blue");
	OK(tractor_ask(seed->ctx, probe, &text, probe_arg, .name = "empty", .fallback = "x"));
	ck_assert_str_eq(text.text, "");
	OK(tractor_ask(seed->ctx, probe, &text, probe_arg, .name = "other", .fallback = "x"));
	ck_assert_str_eq(text.text, "x");
	OK(tractor_ask(seed->ctx, probe, &text, probe_format, .text = "number", .n = 5));
	ck_assert_str_eq(text.text, "number 5");
	who = who_is(seed, probe);
	ck_assert_str_eq(who.path, "/t/a");
	ck_assert_uint_eq(who.self, probe.at.actor);
	ck_assert_uint_eq(who.sender, 0);
	seed_close(seed);
}
END_TEST

START_TEST(seed_log_lines_reach_the_program)
{
	struct seed *seed = seed_open();
	const char *const env[] = { "TRACTOR_DEBUG", "1", NULL };
	probe_ref quiet = seed_probe(seed, "quiet"), loud;

	SEED_START(seed, probe, &loud, .name = "loud", .exec = seed_exec("probe"), .env = env);
	OK(tractor_tell(seed->ctx, quiet, probe_say, .text = "hello"));
	OK(tractor_tell(seed->ctx, loud, probe_say, .text = "hello"));
	ck_assert_str_eq(expect_line(seed, "/t/quiet", "info: hello")->what, "stderr");
	ck_assert_str_eq(expect_line(seed, "/t/quiet", "printed: hello")->what, "");
	expect_line(seed, "/t/loud", "debug: hello");
	ck_assert(!has_line(seed, "/t/quiet", "debug: hello"));
	seed_close(seed);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: verbs");

	SCENARIO_CASE(suite, "limits", 20, seed_ask_within_times_out, seed_late_answer_goes_nowhere,
		seed_await_times_out_and_then_succeeds, seed_errors_have_sentences_of_their_own,
		seed_ask_waits_across_a_restart, seed_stop_of_one_that_waits_to_be_restarted);
	SCENARIO_CASE(suite, "timers", 20, seed_tell_after_comes_in_its_time,
		seed_cancelled_tell_does_not_come, seed_delayed_tell_dies_with_its_sender);
	SCENARIO_CASE(suite, "monitors", 20, seed_monitor_hears_of_a_restart_and_of_the_end,
		seed_monitor_hears_at_once_of_one_that_has_ended);
	SCENARIO_CASE(suite, "ending", 20, seed_stop_from_a_handler, seed_stop_of_oneself_is_a_normal_end,
		seed_finish_with_a_reason);
	SCENARIO_CASE(suite, "pools", 20, seed_handler_starts_an_actor_and_gets_its_ref,
		seed_spawn_says_what_is_wrong);
	SCENARIO_CASE(suite, "own", 20, seed_args_identity_and_memory, seed_log_lines_reach_the_program);
	return suite;
}
