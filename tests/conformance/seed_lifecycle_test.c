/*
 * seed_lifecycle_test.c: the seed's cases on an actor's life: hooks, panics and what follows them, policies, the order of
 * stopping. What on_stop can't do in a process that died is said in README.md.
 */
#include "seed.h"

#include <signal.h>

#include "actors/phoenix.h"

/* --- hooks --- */

START_TEST(seed_on_start_runs_before_the_first_message)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");

	expect_line(seed, "/t/a", "start");
	ck_assert_uint_eq(who_is(seed, probe).incarnation, 1);
	ck_assert(!has_line(seed, "/t/a", "start"));
	seed_close(seed);
}
END_TEST

START_TEST(seed_on_stop_runs_after_the_last_message)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");

	for (int i = 0; i < 3; i++)
		OK(tractor_tell(seed->ctx, probe, probe_note, .n = i));
	ck_assert_int_eq(total_of(seed, probe), 3);
	ck_assert(!has_line(seed, "/t/a", "stop 3"));
	OK(tractor_stop(seed->ctx, probe));
	expect_line(seed, "/t/a", "stop 3");
	seed_close(seed);
}
END_TEST

/* The process that crashed can't run it; its successor, started clean, does when it is stopped. */
START_TEST(seed_on_stop_runs_after_a_panic_that_was_answered_with_stop)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_value value;

	OK(tractor_tell(seed->ctx, probe, probe_note, .n = 1));
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "panic"));
	ck_assert_int_eq(total_of(seed, probe), 0);
	const struct seed_note *panic = expect_line(seed, "/t/a", "panic of 1: panic");
	ck_assert_uint_eq(panic->incarnation, 2);
	OK(tractor_stop(seed->ctx, probe));
	ck_assert_uint_eq(expect_line(seed, "/t/a", "stop 0")->incarnation, 2);
	ck_assert(!has_line(seed, "/t/a", "stop 1"));
	seed_close(seed);
}
END_TEST

START_TEST(seed_on_stop_runs_after_a_failed_on_start)
{
	struct seed *seed = seed_open();
	const char *const args[] = { "start", "refuse", "what", "ledger", NULL };
	probe_ref ref = { .at = { .actor = 77 } };

	FAILS(TRACTOR_ESTART,
		tractor_start(seed->rt, probe, &ref,
			&(struct tractor_child){ .name = "a", .exec = seed_exec("probe"), .args = args }));
	ck_assert_contains(tractor_why(), "the ledger is missing");
	ck_assert_contains(tractor_why(), "/t/a");
	ck_assert_uint_eq(ref.at.actor, 77);
	expect_line(seed, "/t/a", "start");
	expect_line(seed, "/t/a", "stop 0");
	seed_close(seed);
}
END_TEST

/* A failed start leaves nothing behind: the name can be had again. */
START_TEST(seed_failed_start_frees_its_name)
{
	struct seed *seed = seed_open();
	const char *const args[] = { "start", "refuse", NULL };
	probe_ref probe;
	struct probe_value value;

	FAILS(TRACTOR_ESTART,
		tractor_start(seed->rt, probe, &probe,
			&(struct tractor_child){ .name = "a", .exec = seed_exec("probe"), .args = args }));
	probe = seed_probe(seed, "a");
	OK(tractor_ask(seed->ctx, probe, &value, probe_echo, .value = 1));
	FAILS(TRACTOR_EEXIST, tractor_start(seed->rt, probe, &probe,
				      &(struct tractor_child){ .name = "a", .exec = seed_exec("probe") }));
	seed_close(seed);
}
END_TEST

START_TEST(seed_ignored_start)
{
	struct seed *seed = seed_open();
	const char *const args[] = { "start", "ignore", NULL };
	probe_ref probe;

	FAILS(TRACTOR_IGNORE,
		tractor_start(seed->rt, probe, &probe,
			&(struct tractor_child){ .name = "a", .exec = seed_exec("probe"), .args = args }));
	expect_line(seed, "/t/a", "stop 0");
	seed_close(seed);
}
END_TEST

START_TEST(seed_missing_program_says_which)
{
	struct seed *seed = seed_open();
	probe_ref probe;

	FAILS(TRACTOR_ESTART, tractor_start(seed->rt, probe, &probe,
				      &(struct tractor_child){ .name = "a", .exec = "/nowhere/at/all" }));
	ck_assert_contains(tractor_why(), "/nowhere/at/all");
	seed_close(seed);
}
END_TEST

/* --- panics --- */

START_TEST(seed_panic_in_on_start_is_terminal)
{
	struct seed *seed = seed_open();
	const char *const args[] = { "flow", "continue", "start", "panic", NULL };
	phoenix_ref phoenix;

	FAILS(TRACTOR_ESTART,
		tractor_start(seed->rt, phoenix, &phoenix,
			&(struct tractor_child){ .name = "a", .exec = seed_exec("phoenix"), .args = args }));
	ck_assert_contains(tractor_why(), "told to panic");
	expect_line(seed, "/t/a", "start");
	ck_assert(!has_line(seed, "/t/a", "start"));
	ck_assert(!has_line(seed, "/t/a", "stop 0"));
	seed_close(seed);
}
END_TEST

/*
 * on_panic says continue, but there is no whole state to go on with (it is not durable), so on_start runs, and its panic ends
 * that incarnation. The one after it is asked again and starts.
 */
START_TEST(seed_panic_in_on_start_of_a_successor_is_terminal_for_it)
{
	struct seed *seed = seed_open();
	const char *const args[] = { "flow", "continue", "start", "die second", NULL };
	struct probe_value value;
	probe_ref probe;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .args = args);
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "panic"));
	ck_assert_uint_eq(who_is(seed, probe).incarnation, 3);
	for (uint32_t i = 1; i <= 3; i++)
		ck_assert_uint_eq(expect_line(seed, "/t/a", "start")->incarnation, i);
	seed_close(seed);
}
END_TEST

static phoenix_ref
start_phoenix(struct seed *seed, const char *flow)
{
	const char *const args[] = { "flow", flow, NULL };
	phoenix_ref phoenix;

	SEED_START(seed, phoenix, &phoenix, .name = "a", .exec = seed_exec("phoenix"), .args = args);
	return phoenix;
}

static struct phoenix_state
state_of(struct seed *seed, phoenix_ref phoenix)
{
	struct phoenix_state state;

	OK(tractor_ask(seed->ctx, phoenix, &state, phoenix_get));
	return state;
}

/* In the successor, with the last whole state: what the crashed handler had done to it is not in it. */
START_TEST(seed_on_panic_continue_keeps_the_state)
{
	static const char *const ways[] = { "panic", "segv", "kill", "exit" };
	struct seed *seed = seed_open();
	phoenix_ref phoenix = start_phoenix(seed, "continue");
	struct phoenix_state state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		OK(tractor_tell(seed->ctx, phoenix, phoenix_add, .n = 10));
		FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, phoenix, &state, phoenix_add_and_get,
						.n = 1000, .how = ways[i]));
		state = state_of(seed, phoenix);
		ck_assert_int_eq(state.total, 10 * (int64_t)(i + 1));
		ck_assert_int_eq(state.starts, 1);
		ck_assert_uint_eq(state.incarnation, i + 2);
	}
	OK(tractor_stop(seed->ctx, phoenix));
	expect_line(seed, "/t/a", "start");
	ck_assert(!has_line(seed, "/t/a", "start"));
	expect_line(seed, "/t/a", "stop 40");
	seed_close(seed);
}
END_TEST

START_TEST(seed_on_panic_stop_starts_clean)
{
	struct seed *seed = seed_open();
	phoenix_ref phoenix = start_phoenix(seed, "stop");
	struct phoenix_state state;

	OK(tractor_tell(seed->ctx, phoenix, phoenix_add, .n = 10));
	FAILS(TRACTOR_ECRASHED,
		tractor_ask(seed->ctx, phoenix, &state, phoenix_add_and_get, .n = 1000, .how = "panic"));
	state = state_of(seed, phoenix);
	ck_assert_int_eq(state.total, 0);
	ck_assert_int_eq(state.starts, 1);
	ck_assert_uint_eq(state.incarnation, 2);
	ck_assert_uint_eq(expect_line(seed, "/t/a", "start")->incarnation, 1);
	ck_assert_uint_eq(expect_line(seed, "/t/a", "start")->incarnation, 2);
	seed_close(seed);
}
END_TEST

/* What waited is handled by the successor on the state from before, in order, once. */
START_TEST(seed_messages_behind_a_panic_are_handled_once)
{
	struct seed *seed = seed_open();
	phoenix_ref phoenix = start_phoenix(seed, "continue");

	for (int i = 0; i < 60; i++) {
		OK(tractor_tell(seed->ctx, phoenix, phoenix_add, .n = 1));
		if (i % 20 == 10)
			OK(tractor_tell(seed->ctx, phoenix, phoenix_add, .n = 1000, .how = "segv"));
	}
	ck_assert_int_eq(state_of(seed, phoenix).total, 60);
	ck_assert_uint_eq(state_of(seed, phoenix).incarnation, 4);
	seed_close(seed);
}
END_TEST

static const struct {
	const char *how, *line;
} deaths[] = {
	{ "panic",
		"cause panic, signal 6, code 0, message phoenix.add, digest known, text \"told to panic (" },
	{ "assert", "cause panic, signal 6, code 0, message phoenix.add, digest known, text \"" },
	{ "segv", "cause signal, signal 11, code 1, message phoenix.add, digest known, text \"\"" },
	{ "abort", "cause signal, signal 6, code -6, message phoenix.add, digest known, text \"\"" },
	{ "exit", "cause exit, signal 0, code 3, message phoenix.add, digest known, text \"" },
	{ "kill", "cause killed, signal 9, code 0, message phoenix.add, digest known, text \"\"" },
};

/* Waits for a line that begins like this. */
static void
expect_line_beginning(struct seed *seed, const char *path, const char *wanted)
{
	int64_t until_ms = now_ms() + scaled_ms(SEED_DEADLINE_MS);

	for (size_t at = 0; now_ms() < until_ms;) {
		if (at == seed->lines.count)
			tractor_runtime_turn(seed->rt, until_ms - now_ms());
		else if (strncmp(seed->lines.notes[at++].text, wanted, strlen(wanted)) == 0)
			return;
	}
	seed_complain(seed, NULL, path, wanted);
}

START_TEST(seed_on_panic_is_told_what_happened)
{
	struct seed *seed = seed_open();
	phoenix_ref phoenix = start_phoenix(seed, "continue");
	char wanted[160];

	for (unsigned i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		OK(tractor_tell(seed->ctx, phoenix, phoenix_add, .n = 1, .how = deaths[i].how));
		ck_assert_uint_eq(state_of(seed, phoenix).incarnation, i + 2);
		snprintf(wanted, sizeof(wanted), "panic of %u: %s", i + 1, deaths[i].line);
		expect_line_beginning(seed, "/t/a", wanted);
	}
	seed_close(seed);
}
END_TEST

/* --- redelivery --- */

static phoenix_ref
start_redelivered(struct seed *seed)
{
	const char *const args[] = { "flow", "continue", NULL };
	phoenix_ref phoenix;

	SEED_START(seed, phoenix, &phoenix, .name = "a", .exec = seed_exec("phoenix"), .args = args,
		.redeliver = true);
	return phoenix;
}

/* In hand at two crashes: it is not tried a third time, and what is behind it goes on. */
START_TEST(seed_redelivered_message_that_kills_twice_is_quarantined)
{
	struct seed *seed = seed_open();
	phoenix_ref phoenix = start_redelivered(seed);
	struct phoenix_state state;

	FAILS(TRACTOR_ECRASHED,
		tractor_ask(seed->ctx, phoenix, &state, phoenix_add_and_get, .n = 1, .how = "segv"));
	state = state_of(seed, phoenix);
	ck_assert_int_eq(state.total, 0);
	ck_assert_uint_eq(state.incarnation, 3);
	ck_assert_contains(expect_event(seed, "quarantined", "/t/a")->text, "phoenix.add_and_get");
	OK(tractor_tell(seed->ctx, phoenix, phoenix_add, .n = 5));
	ck_assert_int_eq(state_of(seed, phoenix).total, 5);
	seed_close(seed);
}
END_TEST

/* A process that is killed from outside while it handles a harmless message: that is handled once more, and counts once. */
START_TEST(seed_redelivered_message_is_handled_again)
{
	struct seed *seed = seed_open();
	struct gate gate = gate_make("gate");
	probe_hold_future future;
	struct probe_value value;
	probe_ref probe;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .redeliver = true);
	pid_t pid = who_is(seed, probe).pid;
	OK(tractor_ask_async(seed->ctx, probe, &future, probe_hold, .gate = gate.path, .value = 21));
	OK(tractor_tell(seed->ctx, probe, probe_note, .n = 1));
	ck_assert_uint_eq(expect_line(seed, "/t/a", "blocked")->incarnation, 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_uint_eq(expect_line(seed, "/t/a", "blocked")->incarnation, 2);
	gate_open(&gate);
	OK(tractor_await(seed->ctx, &future, &value, SEED_DEADLINE_MS));
	ck_assert_int_eq(value.value, 21);
	expect_notes(seed, probe, NOTES(1));
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

/* --- the policy --- */

struct judge {
	struct tractor_verdict verdict; /* what it says */
	unsigned calls;
	char path[64], text[256], planned[32], message[64];
	enum tractor_cause cause;
	int signal;
	uint32_t incarnation;
	pid_t pid;
};

static struct tractor_verdict
on_crash(void *self, const struct tractor_crash *crash)
{
	struct judge *judge = self;

	judge->calls++;
	snprintf(judge->path, sizeof(judge->path), "%s", crash->path);
	snprintf(judge->text, sizeof(judge->text), "%s", crash->panic_text);
	snprintf(judge->planned, sizeof(judge->planned), "%s", crash->planned);
	snprintf(judge->message, sizeof(judge->message), "%s", crash->message != NULL ? crash->message : "");
	judge->cause = crash->cause;
	judge->signal = crash->signal;
	judge->incarnation = crash->incarnation;
	judge->pid = crash->pid;
	return judge->verdict;
}

static struct seed *
open_judged(struct judge *judge, struct tractor_crash_policy *policy, enum tractor_verdict_kind kind,
	int64_t after_ms)
{
	struct seed *seed = seed_new();
	struct tractor_options options = seed_options(seed);

	*judge = (struct judge){ .verdict = { .kind = kind, .after_ms = after_ms } };
	*policy = (struct tractor_crash_policy){ .self = judge, .on_crash = on_crash };
	options.crash_policy = policy;
	return seed_open_with(seed, options);
}

START_TEST(seed_policy_is_called_after_every_panic)
{
	static const struct {
		const char *how;
		enum tractor_cause cause;
		int signal;
	} cases[] = {
		{ "panic", TRACTOR_CAUSE_PANIC, SIGABRT },
		{ "segv", TRACTOR_CAUSE_SIGNAL, SIGSEGV },
		{ "exit", TRACTOR_CAUSE_EXIT, 0 },
		{ "kill", TRACTOR_CAUSE_KILLED, SIGKILL },
	};
	struct tractor_crash_policy policy;
	struct judge judge;
	struct seed *seed = open_judged(&judge, &policy, TRACTOR_VERDICT_DEFAULT, 0);
	probe_ref probe = seed_probe(seed, "a");
	struct probe_value value;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = who_is(seed, probe).pid;

		FAILS(TRACTOR_ECRASHED,
			tractor_ask(seed->ctx, probe, &value, probe_die, .how = cases[i].how));
		ck_assert_uint_eq(who_is(seed, probe).incarnation, i + 2);
		ck_assert_uint_eq(judge.calls, i + 1);
		ck_assert_str_eq(judge.path, "/t/a");
		ck_assert_str_eq(judge.planned, "restart");
		ck_assert_str_eq(judge.message, "probe.die");
		ck_assert_int_eq(judge.cause, cases[i].cause);
		ck_assert_int_eq(judge.signal, cases[i].signal);
		ck_assert_uint_eq(judge.incarnation, i + 1);
		ck_assert_int_eq(judge.pid, pid);
	}
	OK(tractor_stop(seed->ctx, probe));
	ck_assert_uint_eq(judge.calls, 4);
	seed_close(seed);
}
END_TEST

/* on_panic is the successor's, so in processes it is the policy that comes first; the plan it may change is the supervisor's. */
START_TEST(seed_policy_restart_overrides_a_temporary_actor)
{
	struct tractor_crash_policy policy;
	struct judge judge;
	struct seed *seed = open_judged(&judge, &policy, TRACTOR_VERDICT_RESTART, 0);
	struct probe_value value;
	probe_ref probe;

	SEED_START(
		seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .restart = TRACTOR_TEMPORARY);
	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "panic"));
	ck_assert_uint_eq(who_is(seed, probe).incarnation, 2);
	ck_assert_str_eq(judge.planned, "stop");
	ck_assert_contains(judge.text, "told to panic");
	seed_close(seed);
}
END_TEST

START_TEST(seed_policy_restart_after_waits)
{
	struct tractor_crash_policy policy;
	struct judge judge;
	struct seed *seed = open_judged(&judge, &policy, TRACTOR_VERDICT_RESTART_AFTER, 300);
	probe_ref probe = seed_probe(seed, "a");
	struct probe_value value;
	int64_t began_ms = now_ms();

	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "panic"));
	OK(tractor_tell(seed->ctx, probe, probe_note, .n = 1));
	ck_assert_int_eq(total_of(seed, probe), 1);
	ck_assert_int_ge(now_ms() - began_ms, 300);
	seed_close(seed);
}
END_TEST

START_TEST(seed_policy_stop_keeps_it_stopped)
{
	struct tractor_crash_policy policy;
	struct judge judge;
	struct seed *seed = open_judged(&judge, &policy, TRACTOR_VERDICT_STOP, 0);
	probe_ref probe = seed_probe(seed, "a"), sibling = seed_probe(seed, "b");
	struct probe_value value;

	FAILS(TRACTOR_ECRASHED, tractor_ask(seed->ctx, probe, &value, probe_die, .how = "panic"));
	FAILS(TRACTOR_ESTOPPED, tractor_ask(seed->ctx, probe, &value, probe_echo));
	ck_assert_uint_eq(who_is(seed, sibling).incarnation, 1);
	seed_close(seed);
}
END_TEST

START_TEST(seed_policy_escalate_ends_the_tree)
{
	struct tractor_crash_policy policy;
	struct judge judge;
	struct seed *seed = open_judged(&judge, &policy, TRACTOR_VERDICT_ESCALATE, 0);
	probe_ref probe = seed_probe(seed, "a");

	OK(tractor_tell(seed->ctx, probe, probe_fall, .how = "panic"));
	FAILS(TRACTOR_ECRASHED, tractor_runtime_run(seed->rt));
	ck_assert_contains(tractor_why(), "/t/a");
	FAILS(TRACTOR_ECLOSED, tractor_start(seed->rt, probe, &probe,
				       &(struct tractor_child){ .name = "b", .exec = seed_exec("probe") }));
	seed_close(seed);
}
END_TEST

/* --- stopping the runtime --- */

START_TEST(seed_runtime_stops_in_reverse_order)
{
	struct seed *seed = seed_open();
	const char *const names[] = { "a", "b", "c", "d" }, *const paths[] = { "/t/a", "/t/b", "/t/c",
		"/t/d" };
	int last = -1;

	for (int i = 0; i < 4; i++)
		seed_probe(seed, names[i]);
	tractor_runtime_stop(seed->rt, false);
	OK(tractor_runtime_run(seed->rt));
	for (int i = 3; i >= 0; i--) {
		int at = seed_look(&seed->events, "ended", paths[i], NULL);

		ck_assert_msg(at >= 0, "%s has not ended", paths[i]);
		ck_assert_msg(at > last, "%s ended out of turn", paths[i]);
		last = at;
		ck_assert_msg(has_line(seed, paths[i], "stop 0"), "%s did not run its on_stop", paths[i]);
	}
	seed_close(seed);
}
END_TEST

START_TEST(seed_starting_while_it_stops_is_eclosed)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a"), late;
	struct gate gate = gate_make("gate");
	struct probe_value value;

	occupy(seed, probe, "/t/a", &gate);
	tractor_runtime_stop(seed->rt, false);
	FAILS(TRACTOR_ECLOSED, tractor_start(seed->rt, probe, &late,
				       &(struct tractor_child){ .name = "b", .exec = seed_exec("probe") }));
	gate_open(&gate);
	OK(tractor_runtime_run(seed->rt));
	FAILS(TRACTOR_ECLOSED, tractor_start(seed->rt, probe, &late,
				       &(struct tractor_child){ .name = "b", .exec = seed_exec("probe") }));
	FAILS(TRACTOR_ECLOSED, tractor_ask(seed->ctx, probe, &value, probe_echo));
	FAILS(TRACTOR_ECLOSED, tractor_tell(seed->ctx, probe, probe_note));
	FAILS(TRACTOR_ECLOSED, tractor_runtime_turn(seed->rt, 0));
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

/* An actor that waits for another's answer when the runtime stops is told so, and does not hold it up. */
START_TEST(seed_stop_reaches_an_actor_that_waits)
{
	struct seed *seed = seed_open();
	probe_ref busy = seed_probe(seed, "busy"), waits = seed_probe(seed, "waits");
	struct gate gate = gate_make("gate");
	probe_patience_future future;
	int64_t began_ms;

	OK(tractor_ask_async(
		seed->ctx, waits, &future, probe_patience, .to = busy, .gate = gate.path, .await_ms = 1));
	expect_line(seed, "/t/waits", "first: TRACTOR_ETIMEDOUT");
	began_ms = now_ms();
	OK(tractor_stop(seed->ctx, waits));
	ck_assert_int_lt(now_ms() - began_ms, scaled_ms(SEED_PROMPTLY_MS));
	expect_line(seed, "/t/waits", "stop 0");
	gate_open(&gate);
	gate_close(&gate);
	seed_close(seed);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: lifecycle");

	SCENARIO_CASE(suite, "hooks", 20, seed_on_start_runs_before_the_first_message,
		seed_on_stop_runs_after_the_last_message,
		seed_on_stop_runs_after_a_panic_that_was_answered_with_stop,
		seed_on_stop_runs_after_a_failed_on_start, seed_failed_start_frees_its_name,
		seed_ignored_start, seed_missing_program_says_which);
	SCENARIO_CASE(suite, "panics", 20, seed_panic_in_on_start_is_terminal,
		seed_panic_in_on_start_of_a_successor_is_terminal_for_it,
		seed_on_panic_continue_keeps_the_state, seed_on_panic_stop_starts_clean,
		seed_messages_behind_a_panic_are_handled_once, seed_on_panic_is_told_what_happened,
		seed_redelivered_message_that_kills_twice_is_quarantined,
		seed_redelivered_message_is_handled_again);
	SCENARIO_CASE(suite, "policy", 20, seed_policy_is_called_after_every_panic,
		seed_policy_restart_overrides_a_temporary_actor, seed_policy_restart_after_waits,
		seed_policy_stop_keeps_it_stopped, seed_policy_escalate_ends_the_tree);
	SCENARIO_CASE(suite, "stopping", 20, seed_runtime_stops_in_reverse_order,
		seed_starting_while_it_stops_is_eclosed, seed_stop_reaches_an_actor_that_waits);
	return suite;
}
