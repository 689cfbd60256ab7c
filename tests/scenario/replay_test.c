/*
 * replay_test.c: `tractor replay`: what has crashed crashes again, in the same way and the same place, with nothing of the tree around it; below a debugger, too. And what is not the same is said
 * not to be.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "players.h"
#include "sanitizer.h"

/* --- each way to die --- */

static const struct way {
	const char *message, *cause, *function;
} ways[] = {
	{ "null_dereference", "signal, SIGSEGV", "crashy_on_null_dereference at crashy\\.c:[0-9]+" },
	{ "stack_overflow", "signal, SIGSEGV", "dig at crashy\\.c:[0-9]+" },
	{ "division_by_zero", "signal, SIGFPE", "crashy_on_division_by_zero at crashy\\.c:[0-9]+" },
	{ "heap_corruption", "signal, SIGABRT", "crashy_on_heap_corruption at crashy\\.c:[0-9]+" },
	{ "endless_loop", "deadline, SIGABRT", "crashy_on_endless_loop at crashy\\.c:[0-9]+" },
	{ "exit", "exit", "crashy_on_exit at crashy\\.c:[0-9]+" },
	{ "panic", "panic, SIGABRT", "crashy_on_panic at crashy\\.c:[0-9]+" },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* While the tree runs, and when it has gone. `place` NULL: the function and its line. */
static void
every_way_again(const char *program, const char *place)
{
	struct process *tree = crashy_up(program);
	char ids[WAYS][128], message[64], same[256];

	for (size_t i = 0; i < WAYS; i++) {
		snprintf(message, sizeof(message), "crashy.%s", ways[i].message);
		tell("/t/crashy", message, "{}");
		snprintf(ids[i], sizeof(ids[i]), "%s", crash_id("/t/crashy", (int)i + 1));
		expect_node("t", "/t/crashy", "running", (int)i + 2, SOON_MS);
	}
	EXPECT_REPLAY(0, "^crashed again in the same way: signal, SIGSEGV in ",
		"in the state that it was in$", ids[0]);
	tree_down(tree);
	for (size_t i = 0; i < WAYS; i++) {
		snprintf(message, sizeof(message), "it is given crashy\\.%s .* from a program",
			ways[i].message);
		snprintf(same, sizeof(same), "^crashed again in the same way: %s in %s$", ways[i].cause,
			place ? place : ways[i].function);
		EXPECT_REPLAY(0, same, message, "-t", "t", ids[i]);
	}
}

START_TEST(each_way_to_die_again_with_debug_information)
{
	every_way_again("crashy_debug", NULL);
}
END_TEST

START_TEST(each_way_to_die_again_stripped)
{
	every_way_again("crashy_stripped", "crashy_stripped\\+0x[0-9a-f]+");
}
END_TEST

/* --- what a crash may depend on --- */

/* One of them is told something, dies of it, and does so again. */
static void
dies_again(const char *as, const char *more, const char *message, const char *fields, const char *out,
	const char *err)
{
	struct process *tree = player_up(as, more);

	tell("/t/them", message, "%s", fields);
	EXPECT_REPLAY(0, out, err, crash_id("/t/them", 1));
	tree_down(tree);
}

START_TEST(a_crash_that_depends_on_the_state)
{
	struct process *tree = player_up("player", "");

	tell("/t/them", "player.add", "{\"by\":5}");
	tell("/t/them", "player.check", "{\"limit\":10}");
	tell("/t/them", "player.add", "{\"by\":6}");
	tell("/t/them", "player.check", "{\"limit\":10}");
	const char *id = crash_id("/t/them", 1);
	expect_node("t", "/t/them", "running", 2, SOON_MS);
	tell("/t/them", "player.add", "{\"by\":-11}"); /* what it is now is another matter */
	EXPECT_REPLAY(0, "in the same way: signal, SIGSEGV in .*player\\.c:[0-9]+$",
		"player\\.check \\{\"limit\":10\\} from a program, in the state that it was in$", id);
	json_t *sum = ask("/t/them", "player.total", "{}");
	expect_number(sum, "value", 0); /* the one that runs has not been touched */
	json_decref(sum);
	tree_down(tree);
}
END_TEST

START_TEST(without_the_state_it_is_not_the_same)
{
	struct process *tree = player_up("fresh", "");

	tell("/t/them", "player.add", "{\"by\":11}");
	tell("/t/them", "player.check", "{\"limit\":10}");
	EXPECT_REPLAY(1, "^not the same: it handled the message and did not crash$",
		"player\\.check \\{\"limit\":10\\} from a program$", crash_id("/t/them", 1));
	tree_down(tree);
}
END_TEST

START_TEST(a_crash_that_depends_on_an_answer)
{
	struct process *tree = player_up("player", "");

	json_decref(ask("/t/oracle", "oracle.number", "{}"));
	tell("/t/them", "player.consult", "{" ORACLE ",\"how\":\"number\"}");
	const char *id = crash_id("/t/them", 1);
	for (int i = 0; i < 2; i++) /* each time the same, whatever the oracle would say */
		EXPECT_REPLAY(0,
			"panic: the answer is 2 .*\ncrashed again in the same way: panic, SIGABRT in ",
			"asks /t/oracle: oracle\\.number \\{\\}; answered as it was: \\{\"value\":2\\}$", id);
	tree_down(tree);
	EXPECT_REPLAY(0, "panic: the answer is 2 ", NULL, id);
}
END_TEST

/* Where it has names and the replay has none, as its unwinder takes too long. */
START_TEST(in_another_place_is_said_of_places_that_are_known)
{
	struct process *tree = player_up("player", "");

	tell("/t/them", "player.check", "{\"limit\":-1}");
	json_decref(ask("/t/oracle", "oracle.number", "{}"));
	expect_node("t", "/t/them", "running", 2, SOON_MS);
	tell("/t/them", "player.consult", "{" ORACLE ",\"how\":\"number\"}");
	json_decref(unwound_crash_of("/t/them", 1));
	json_decref(unwound_crash_of("/t/them", 2));
	tree_down(tree);
	setenv("TRACTOR_UNWINDER", "", 1);
	EXPECT_REPLAY(0, "in the same way: signal, SIGSEGV in player\\+0x", NULL, crash_id("/t/them", 1));
	EXPECT_REPLAY(1,
		"^not the same: whether it was at player_on_consult at player\\.c:[0-9]+ is not known: ",
		NULL, crash_id("/t/them", 2));
}
END_TEST

START_TEST(an_ask_that_was_refused_is_refused)
{
	dies_again("fresh", "", "player.consult", "{" ORACLE ",\"how\":\"secret\"}",
		"panic: no answer: that is a secret .*\ncrashed again in the same way: panic",
		"oracle\\.secret \\{\\}; answered as it was: TRACTOR_EREFUSED$");
}
END_TEST

START_TEST(an_ask_that_was_waited_for_too_long_is_again)
{
	dies_again("fresh", "handler_timeout: 300ms", "player.consult", "{" ORACLE ",\"how\":\"silence\"}",
		"^crashed again in the same way: deadline, SIGABRT",
		"oracle\\.silence \\{\\}; it waited for the answer when it was ended$");
}
END_TEST

START_TEST(what_was_answered_at_the_start_is_answered_again)
{
	/* it was told 1 */
	dies_again("fresh", "args: {asks: /t/oracle}", "player.foretell", "{\"limit\":0}",
		"in the same way: signal, SIGSEGV",
		"asks the supervisor: find; answered as it was: .*\n.*oracle\\.number \\{\\}; answered as it was: \\{\"value\":1\\}\n");
}
END_TEST

START_TEST(what_it_tells_is_shown)
{
	dies_again("fresh", "", "player.whisper", "{" ORACLE "}", "in the same way: signal, SIGSEGV",
		"player\\.whisper \\{\"who\":\"/t/oracle\",\"how\":\"\"\\} from .*\n.*tells /t/oracle: oracle\\.note \\{\"number\":42\\}$");
}
END_TEST

START_TEST(answers_without_end_are_not_kept_without_end)
{
	struct process *tree = player_up("player", "");

	tell("/t/them", "player.hoard", "{" ORACLE ",\"count\":100,\"size\":20000}");
	const char *id = crash_id("/t/them", 1);
	expect_command(0, "  replay +tractor replay .*, without some of the answers", "^$", "crashes", "show",
		id, NULL);
	EXPECT_REPLAY(0, "panic: it has 5[0-9] scrolls", "the recording has no answer to that", id);
	tree_down(tree);
}
END_TEST

/* --- what it was at --- */

START_TEST(a_crash_in_on_down)
{
	dies_again("fresh", "", "player.watch", "{" ORACLE "}",
		"panic: /t/oracle is gone .*\ncrashed again in the same way: panic",
		"it is given word of an end");
}
END_TEST

START_TEST(a_crash_in_on_stop)
{
	struct process *tree = player_up("player", "args: {dies: stop}");

	expect_command(0, "^$", "^$", "restart", "/t/them", NULL);
	EXPECT_REPLAY(0, "in the same way: signal, SIGSEGV", "it is asked to stop$", crash_id("/t/them", 1));
	tree_down(tree);
}
END_TEST

/* The tree does not come up, and leaves the report. */
static void
start_and_fail(const char *dies)
{
	struct process *tree =
		running_tree_start(scenario_write("t.yaml", "{name: t, intensity: 0, children: [%s]}",
			actor_line_with("them", "player", "role: fresh, args: {dies: %s}", dies)));

	process_wait(tree, UP_MS);
	process_close(tree);
}

START_TEST(a_crash_in_on_start)
{
	start_and_fail("start");
	EXPECT_REPLAY(0, "in the same way: signal, SIGSEGV", NULL, crash_id("/t/them", 1));
}
END_TEST

START_TEST(a_start_that_is_refused)
{
	start_and_fail("refuse");
	EXPECT_REPLAY(0, "in the same way: start$", NULL, crash_id("/t/them", 1));
}
END_TEST

START_TEST(a_crash_in_on_panic)
{
	struct process *tree = player_up("player", "args: {dies: panic}");

	tell("/t/them", "player.consult", "{" ORACLE ",\"how\":\"secret\"}");
	EXPECT_REPLAY(0, "in the same way: signal, SIGSEGV in fall", NULL, crash_id("/t/them", 2));
	tree_down(tree);
}
END_TEST

START_TEST(a_crash_in_a_step_of_its_own)
{
	struct process *tree = player_up("stepper", "restart: temporary");

	EXPECT_REPLAY(0, "in the same way: signal, SIGSEGV", "it had no message in hand when it died",
		crash_id("/t/them", 1));
	tree_down(tree);
}
END_TEST

START_TEST(what_came_from_outside_does_not_come_again)
{
	struct process *tree = player_up("fresh", "");

	pid_t them = pid_of("/t/them");
	tell("/t/them", "player.rest", "{\"ms\":1000}");
	expect_output(tree, "resting", SOON_MS);
	ck_assert_int_eq(kill(them, SIGKILL), 0); /* while it rests */
	EXPECT_REPLAY(1, "^not the same: .*; what ended it came from outside, which is not played again$",
		NULL, crash_id("/t/them", 1));
	tree_down(tree);
}
END_TEST

START_TEST(what_was_injected_is_said_to_be)
{
	struct process *tree = player_up("fresh", "");

	expect_command(0, NULL, NULL, "inject", "/t/them", "segv", "--at", "player.add", NULL);
	tell("/t/them", "player.add", "{\"by\":1}");
	EXPECT_REPLAY(1,
		TRI_IS_SANITIZED ? "^not the same: it handled the message and did not crash"
				 : "^not the same: .*; that crash was injected, which is not played again$",
		NULL, crash_id("/t/them", 1));
	tree_down(tree);
}
END_TEST

START_TEST(one_that_is_like_another_is_played_from_that)
{
	struct process *tree = player_up("fresh", "");

	tell("/t/them", "player.whisper", "{" ORACLE "}");
	crash_id("/t/them", 1);
	expect_node("t", "/t/them", "running", 2, SOON_MS);
	tell("/t/them", "player.whisper", "{" ORACLE "}");
	crash_id("/t/them", 2);
	EXPECT_REPLAY(0, "in the same way", "-them-2 is like .*-them-1, which was recorded", "--last");
	tree_down(tree);
}
END_TEST

/* --- debuggers --- */

static bool
has_program(const char *name)
{
	struct run_result found = run_command("sh", "-c", "command -v \"$0\" >/dev/null", name, NULL);
	bool has = found.exit_code == 0;

	run_result_free(&found);
	if (!has)
		fprintf(stderr, "skipped: no %s here\n", name);
	return has;
}

/* Some containers forbid to trace. */
static bool
can_debug(void)
{
	if (!has_program("gdb"))
		return false;
	struct run_result traced =
		run_command("gdb", "-nx", "-batch", "-ex", "run", "--args", "/bin/true", NULL);
	bool can = strstr(traced.out, "exited normally") != NULL;
	run_result_free(&traced);
	if (!can)
		fprintf(stderr, "skipped: gdb may not trace here\n");
	return can;
}

START_TEST(gdb_stops_at_the_same_line)
{
	if (!can_debug())
		return;
	struct process *tree = crashy_up("crashy_debug");
	tell("/t/crashy", "crashy.null_dereference", "{}");
	const char *id = crash_id("/t/crashy", 1);
	tree_down(tree);
	EXPECT_REPLAY(0,
		"received signal SIGSEGV(.*\n)+.*nowhere = 1;\n#0 .*crashy_on_null_dereference (.*\n)+the debugger has ended, with the crash in hand$",
		"it is given crashy\\.null_dereference", id, "--gdb", "--", "-nx", "-batch", "-ex", "run",
		"-ex", "bt");
	/* Run again, it is given it again. */
	EXPECT_REPLAY(0,
		"received signal SIGSEGV(.*\n)+.*received signal SIGSEGV(.*\n)+the debugger has ended, with the crash in hand$",
		"it is given (.*\n)+.*it is run again\n.*it is given", id, "--gdb", "--", "-nx", "-batch",
		"-ex", "run", "-ex", "run");
	/* It may go on to the end as well: then it has died as it did. */
	EXPECT_REPLAY(0, "^crashed again in the same way: signal, SIGSEGV in crashy_on_null_dereference",
		NULL, id, "--gdb", "--", "-nx", "-batch", "-ex", "run", "-ex", "continue", "-ex", "continue");
}
END_TEST

/* A crash at the start is one, too, and who looked and left without running it has seen nothing. */
START_TEST(gdb_and_a_start_that_crashes)
{
	if (!can_debug())
		return;
	start_and_fail("start");
	const char *id = crash_id("/t/them", 1);
	EXPECT_REPLAY(0, "received signal SIGSEGV(.*\n)+the debugger has ended, with the crash in hand$",
		NULL, id, "--gdb", "--", "-nx", "-batch", "-ex", "run");
	EXPECT_REPLAY(1, "^not the same: the debugger ended before the actor had started$", NULL, id, "--gdb",
		"--", "-nx", "-batch", "-ex", "info files");
}
END_TEST

START_TEST(a_debugger_that_is_not_there)
{
	start_and_fail("start");
	char *id = strdup(crash_id("/t/them", 1));
	setenv("PATH", "/nonexistent", 1);
	EXPECT_REPLAY(1, "^$", "no gdb in PATH that can be executed; install it, or replay without --gdb$",
		id, "--gdb");
	free(id);
}
END_TEST

START_TEST(valgrind_sees_it_too)
{
	if (!has_program("valgrind"))
		return;
	struct process *tree = crashy_up("crashy_debug");
	tell("/t/crashy", "crashy.null_dereference", "{}");
	const char *id = crash_id("/t/crashy", 1);
	tree_down(tree);
	EXPECT_REPLAY(0, "in the same way: signal, SIGSEGV in crashy_on_null_dereference",
		"Invalid write of size 4\n.* crashy_on_null_dereference \\(crashy\\.c:", id, "--valgrind",
		"--", "-q");
}
END_TEST

/* --- what is left --- */

START_TEST(what_it_starts_is_ended)
{
	dies_again(
		"fresh", "", "player.spawn", "{\"prints\":false}", "in the same way: signal, SIGSEGV", NULL);
}
END_TEST

/* It is ended before the last of what it prints is read. */
START_TEST(what_it_starts_may_print_without_end)
{
	dies_again(
		"fresh", "", "player.spawn", "{\"prints\":true}", "in the same way: signal, SIGSEGV", NULL);
}
END_TEST

START_TEST(an_interrupted_replay_leaves_nothing)
{
	struct process *tree = player_up("fresh", "handler_timeout: 30s");

	tell("/t/them", "player.rest", "{\"ms\":60000}");
	expect_output(tree, "resting", SOON_MS);
	kill(pid_of("/t/them"), SIGSEGV);
	const char *id = crash_id("/t/them", 1);
	struct process *replay = process_start(tractor_command(), "replay", id, NULL);
	expect_output(replay, "/t/them: resting", REPLAY_MS);
	process_signal(replay, SIGINT);
	expect_exit(replay, 128 + SIGINT, REPLAY_MS);
	process_close(replay);
	tree_down(tree);
}
END_TEST

START_TEST(a_replay_that_takes_too_long_is_given_up)
{
	struct process *tree = player_up("fresh", "");

	tell("/t/them", "player.rest", "{\"ms\":60000}");
	expect_output(tree, "resting", SOON_MS);
	kill(pid_of("/t/them"), SIGSEGV);
	EXPECT_REPLAY(1, "^not the same: it was still at it when the time was up$", NULL,
		crash_id("/t/them", 1), "--timeout", "1s");
	tree_down(tree);
}
END_TEST

START_TEST(a_recording_goes_with_its_report)
{
	struct process *tree = player_up("fresh", "");
	char recording[256];
	struct stat about;

	tell("/t/them", "player.whisper", "{" ORACLE "}");
	const char *id = crash_id("/t/them", 1);
	snprintf(recording, sizeof(recording), "%s/%s.recording", scenario_path("run/t/crashes"), id);
	ck_assert_int_eq(stat(recording, &about), 0);
	ck_assert_int_eq(about.st_mode & 0777, 0600);
	expect_command(0, "^$", "^$", "crashes", "rm", id, NULL);
	ck_assert_int_lt(access(recording, F_OK), 0);
	expect_node("t", "/t/them", "running", 2, SOON_MS);
	tell("/t/them", "player.whisper", "{" ORACLE "}");
	id = crash_id("/t/them", 2);
	snprintf(recording, sizeof(recording), "%s/%s.recording", scenario_path("run/t/crashes"), id);
	ck_assert_int_eq(unlink(recording), 0);
	EXPECT_REPLAY(1, "^$", "what was recorded of .* is not there any more", id);
	tree_down(tree);
}
END_TEST

/* Where room is short it is for reports first. */
START_TEST(a_recording_that_there_is_no_room_for)
{
	setenv("TRACTOR_CRASHES_MAX", "10", 1);
	struct process *tree = player_up("fresh", "");

	tell("/t/them", "player.hoard", "{" ORACLE ",\"count\":100,\"size\":20000}");
	const char *id = crash_id("/t/them", 1);
	EXPECT_REPLAY(1, "^$", "what was recorded of .* is not there any more", id);
	expect_crashes(NULL, 1);
	tree_down(tree);
}
END_TEST

START_TEST(words_that_make_no_sense)
{
	EXPECT_REPLAY(2, "^$", "replay which\\?", "-t", "t");
	EXPECT_REPLAY(2, "^$", "\"x\" is too much", "some-id", "x");
	EXPECT_REPLAY(2, "^$", "not both", "some-id", "--gdb", "--valgrind");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("replay");

	if (!TRI_IS_SANITIZED) /* which has its own ways with crashy's faults */
		SCENARIO_CASE(suite, "ways to die", 120, each_way_to_die_again_with_debug_information,
			each_way_to_die_again_stripped, gdb_stops_at_the_same_line,
			gdb_and_a_start_that_crashes, a_debugger_that_is_not_there, valgrind_sees_it_too);
	SCENARIO_CASE(suite, "what it depends on", 60, a_crash_that_depends_on_the_state,
		without_the_state_it_is_not_the_same, a_crash_that_depends_on_an_answer,
		in_another_place_is_said_of_places_that_are_known, an_ask_that_was_refused_is_refused,
		an_ask_that_was_waited_for_too_long_is_again,
		what_was_answered_at_the_start_is_answered_again, what_it_tells_is_shown,
		answers_without_end_are_not_kept_without_end);
	SCENARIO_CASE(suite, "what it was at", 60, a_crash_in_on_down, a_crash_in_on_stop,
		a_crash_in_on_start, a_start_that_is_refused, a_crash_in_on_panic,
		a_crash_in_a_step_of_its_own, what_came_from_outside_does_not_come_again,
		what_was_injected_is_said_to_be, one_that_is_like_another_is_played_from_that);
	SCENARIO_CASE(suite, "what is left", 60, what_it_starts_is_ended,
		what_it_starts_may_print_without_end, an_interrupted_replay_leaves_nothing,
		a_replay_that_takes_too_long_is_given_up, a_recording_goes_with_its_report,
		a_recording_that_there_is_no_room_for, words_that_make_no_sense);
	return suite;
}
