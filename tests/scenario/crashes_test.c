/*
 * crashes_test.c: what a crash leaves behind: the right cause, function and line for each way to die of examples/crashy, as it is built; and what becomes of that where names or tables are missing, or the unwinder
 * fails.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes.h"
#include "sanitizer.h"

/* --- reports with names --- */

static size_t
frame_count(const json_t *report)
{
	return json_array_size(json_object_get(report, "backtrace"));
}

/* The first frame of that function, or NULL. */
static const json_t *
frame_of(const json_t *report, const char *function)
{
	const json_t *frame;
	size_t i;

	json_array_foreach(json_object_get(report, "backtrace"), i, frame)
	{
		if (strcmp(text_at(frame, "function"), function) == 0)
			return frame;
	}
	return NULL;
}

/* Where a line of a source of ours has that text; 1 is the first. */
static int
line_of(const char *file, const char *text)
{
	char path[512], line[512];
	int number = 0;

	snprintf(path, sizeof(path), "%s/%s", test_source_dir(), file);
	FILE *source = fopen(path, "re");
	ck_assert_msg(source != NULL, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), source)) {
		number++;
		if (strstr(line, text))
			break;
	}
	fclose(source);
	return number;
}

/* --- each way to die --- */

static const struct way {
	const char *message; /* of crashy's */
	const char *cause, *signal, *code, *function, *text;
	bool overflows;
} ways[] = {
	{ "null_dereference", "signal", "SIGSEGV", "SEGV_MAPERR", "crashy_on_null_dereference", "^$", false },
	{ "stack_overflow", "signal", "SIGSEGV", "", "dig", "^$", true },
	{ "division_by_zero", "signal", "SIGFPE", "", "crashy_on_division_by_zero", "^$", false },
	{ "heap_corruption", "signal", "SIGABRT", "SI_TKILL", "crashy_on_heap_corruption", "^$", false },
	{ "endless_loop", "deadline", "SIGABRT", "SI_USER", "crashy_on_endless_loop",
		"^a handler ran longer than", false },
	{ "exit", "exit", "", "", "crashy_on_exit", "^exit\\(\\) in a handler$", false },
	{ "panic", "panic", "SIGABRT", "SI_TKILL", "crashy_on_panic",
		"^as it was asked to \\(.*crashy\\.c:[0-9]+\\)$", false },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void
check_cause(const struct way *way, const json_t *report)
{
	expect_text(report, "cause", way->cause);
	expect_text(report, "signal", way->signal);
	if (*way->code)
		expect_text(report, "code_name", way->code);
	expect_text(report, "message.name", way->message);
	expect_match(text_at(report, "panic_text"), way->text);
	expect_text(report, "symbols", "done");
	expect_match(text_at(report, "fingerprint"), "^0x[0-9a-f]+$");
	ck_assert_int_eq(way->overflows, strcmp(text_at(report, "limits.0.limit"), "stack") == 0);
	ck_assert_uint_gt(frame_count(report), 4);
}

/* Dies in each way, one incarnation after the other. */
static void
dies_in_every_way(const char *program, void (*check)(const struct way *way, const json_t *report))
{
	struct process *tree = crashy_up(program);

	for (size_t i = 0; i < WAYS; i++) {
		char message[64];
		snprintf(message, sizeof(message), "crashy.%s", ways[i].message);
		tell("/t/crashy", message, "{}");
		json_t *report = unwound_crash_of("/t/crashy", (int)i + 1);
		check_cause(&ways[i], report);
		check(&ways[i], report);
		json_decref(report);
		expect_node("t", "/t/crashy", "running", (int)i + 2, SOON_MS);
	}
	tree_down(tree);
}

static void
check_function(const struct way *way, const json_t *report)
{
	const json_t *frame = frame_of(report, way->function);
	char top[128];

	ck_assert_msg(frame != NULL, "%s: %s is not in the backtrace", way->message, way->function);
	expect_match(text_at(frame, "file"), "/crashy\\.c$");
	snprintf(top, sizeof(top), "%s at crashy\\.c:[0-9]+ .*crashy\\.%s", way->function, way->message);
	expect_command(0, top, "^$", "crashes", "list", NULL);
	if (strcmp(way->message, "null_dereference") == 0)
		expect_number(frame, "line", line_of("examples/crashy/crashy.c", "*nowhere = 1;"));
	/* All the way, but where there is too much of it. */
	ck_assert_int_eq(way->overflows, frame_of(report, "main") == NULL);
	ck_assert_int_eq(way->overflows, *text_at(report, "backtrace_stopped") != '\0');
}

START_TEST(each_way_to_die_with_debug_information)
{
	dies_in_every_way("crashy_debug", check_function);
}
END_TEST

/* It came from the compiler, and lies where the linker put it: between parts of two units of ours. */
START_TEST(what_is_of_no_unit_has_no_line)
{
	struct process *tree = crashy_up("crashy_plain");

	tell("/t/crashy", "crashy.null_dereference", "{}");
	json_t *report = unwound_crash_of("/t/crashy", 1);
	const json_t *frame = frame_of(report, "_start");
	if (frame) /* as the library names it */
		ck_assert_str_eq(text_at(frame, "file"), "");
	expect_match(text_at(frame_of(report, "main"), "file"), "/crashy\\.c$");
	json_decref(report);
	tree_down(tree);
}
END_TEST

/* The functions of a handler are nobody's but the file's own: all that is left of them is where they are. */
static void
check_place(const struct way *way, const json_t *report)
{
	const json_t *frame;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(report, "backtrace"), i, frame)
	{
		found |= matches(text_at(frame, "module"), "/crashy_stripped$") &&
			 matches(text_at(frame, "module_offset"), "^0x[0-9a-f]+$") &&
			 matches(text_at(frame, "build_id"), "^[0-9a-f]{16,}$") &&
			 !*text_at(frame, "function");
	}
	ck_assert_msg(found, "%s: no frame of the program", way->message);
	ck_assert_int_eq(way->overflows, *text_at(report, "backtrace_stopped") != '\0');
}

START_TEST(each_way_to_die_stripped)
{
	dies_in_every_way("crashy_stripped", check_place);
}
END_TEST

/* Of a null dereference in that program. */
static json_t *
null_dereference_of(const char *program)
{
	struct process *tree = crashy_up(program);

	tell("/t/crashy", "crashy.null_dereference", "{}");
	json_t *report = unwound_crash_of("/t/crashy", 1);
	check_cause(&ways[0], report);
	expect_node("t", "/t/crashy", "running", 2, SOON_MS);
	tree_down(tree);
	return report;
}

START_TEST(a_static_program)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/crashy_static", test_actors_dir());
	if (access(path, X_OK) != 0) {
		fprintf(stderr, "skipped: no static libraries here\n");
		return;
	}
	json_t *report = null_dereference_of("crashy_static");
	check_function(&ways[0], report);
	json_decref(report);
}
END_TEST

START_TEST(a_program_at_a_fixed_address)
{
	json_t *report = null_dereference_of("crashy_fixed");
	check_function(&ways[0], report);
	json_decref(report);
}
END_TEST

/* As other C libraries build it: no debug information, no tables, no frame pointers. What is found is said, and that it is not all. */
START_TEST(a_program_without_tables)
{
	struct process *tree = crashy_up("crashy_bare");

	tell("/t/crashy", "crashy.null_dereference", "{}");
	json_t *report = unwound_crash_of("/t/crashy", 1);
	expect_match(text_at(report, "backtrace.0.function"), "null_dereference$");
	expect_match(text_at(report, "backtrace.0.module"), "/crashy_bare$");
	ck_assert_str_ne(text_at(report, "backtrace_stopped"), "");
	expect_command(0, "    stopped: ", "^$", "crashes", "show", "--last", NULL);
	json_decref(report);
	tree_down(tree);
}
END_TEST

/* --- the whole report --- */

START_TEST(a_report_has_all_that_is_known)
{
	struct process *tree = tree_up(
		"{name: t, strategy: rest_for_one, intensity: 5, period: 7s, children: [%s, %s, %s, %s]}",
		actor_line("first", "victim"), actor_line("victim", "victim"),
		actor_line("courier", "courier"), actor_line("last", "victim"));

	for (int i = 0; i < 20; i++)
		tell("/t/victim", "victim.note", "{\"number\":%d}", i);
	json_decref(ask("/t/courier", "courier.kill", "{\"who\":\"/t/victim\",\"how\":\"segv\"}"));
	expect_node("t", "/t/last", "running", 2, SOON_MS);
	json_t *report = unwound_crash_of("/t/victim", 1);
	expect_text(report, "sender", "/t/courier");
	ck_assert(json_is_integer(json_object_get(json_object_get(report, "message"), "age_ms")));
	ck_assert(json_is_integer(json_object_get(json_object_get(report, "message"), "in_hand_ms")));
	ck_assert_int_le(number_at(report, "message.in_hand_ms"), number_at(report, "message.age_ms"));
	ck_assert_uint_eq(json_array_size(json_object_get(report, "recent")), 16);
	expect_text(report, "recent.15.message", "victim.note");
	expect_number(report, "period_ms", 7000);
	expect_text(report, "action", "restart_rest");
	expect_text(report, "siblings.0", "/t/courier");
	expect_text(report, "siblings.1", "/t/last");
	ck_assert_uint_eq(json_array_size(json_object_get(report, "siblings")), 2);
	expect_match(text_at(report, "instruction.bytes"), "^([0-9a-f]{2} ){31}[0-9a-f]{2}$");
	ck_assert_str_eq(text_at(report, "instruction.address"), text_at(report, "instruction_pointer"));
	ck_assert_uint_gt(json_array_size(json_object_get(report, "memory_map")), 10);
	expect_number(report, "thread", number_at(report, "pid"));
	expect_number(report, "count", 1);
	expect_command(0, "^  action +restart_rest, and with it /t/courier, /t/last$", "^$", "crashes",
		"show", "--last", NULL);
	expect_command(0, "^    victim.note from a program, took [0-9]+ us$", "^$", "crashes", "show",
		"--last", NULL);
	json_decref(report);
	tree_down(tree);
}
END_TEST

START_TEST(a_panic_has_its_file_and_line)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));

	tell("/t/victim", "victim.die", "{\"how\":\"panic\"}");
	json_t *report = crash_of("/t/victim", 1);
	expect_match(text_at(report, "panic_file"), "tests/scenario/actors/victim\\.c$");
	expect_number(report, "panic_line", line_of("tests/scenario/actors/victim.c", "tractor_panic("));
	json_decref(report);
	tree_down(tree);
}
END_TEST

/* What it ran into says more than how it died. */
START_TEST(the_limits_that_were_hit)
{
	struct process *tree = tree_up("{name: t, intensity: 1, children: [%s]}",
		actor_line_with("victim", "victim", "handler_timeout: 1s"));

	tell("/t/victim", "victim.die", "{\"how\":\"spin\"}");
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "limits.0.limit", "handler_timeout");
	ck_assert_uint_eq(json_array_size(json_object_get(report, "limits")), 1);
	json_decref(report);
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	expect_exit(tree, 70, DOWN_MS);
	report = crash_of("/t/victim", 2);
	expect_text(report, "limits.0.limit", "intensity");
	expect_match(text_at(report, "limits.0.text"), "^/t may restart 1 in 5000 ms, and has$");
	json_decref(report);
}
END_TEST

/* What it waited for is named in the same sentence as the limit. */
START_TEST(who_waits_for_an_actor_called_cpu_did_not_overrun_a_limit_of_cpu_time)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s, %s]}",
		actor_line_with("victim", "victim", "handler_timeout: 300ms, args: {whom: /t/cpu}"),
		actor_line("cpu", "victim"));

	tell("/t/cpu", "victim.nap", "{\"ms\":2000}");
	expect_output(tree, "^/t/cpu: asleep$", SOON_MS);
	tell("/t/victim", "victim.die", "{\"how\":\"ask\"}");
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "limits.0.limit", "handler_timeout");
	expect_match(text_at(report, "limits.0.text"), "it waited for /t/cpu$");
	json_decref(report);
	tree_down(tree);
}
END_TEST

/* The tree ends by it, and so its crash is the one that matters. */
START_TEST(a_crash_that_ends_the_tree_is_told_in_full)
{
	struct process *tree =
		tree_up("{name: t, intensity: 0, children: [%s]}", actor_line("victim", "victim"));

	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	expect_exit(tree, 70, DOWN_MS);
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "symbols", "done");
	ck_assert_ptr_nonnull(frame_of(report, "dereference_null"));
	json_decref(report);
}
END_TEST

/* --- unwinders that fail --- */

/* The restart doesn't notice, the report is as raw as it was, and says why. */
static void
fails_to_unwind(const char *script, const char *why)
{
	set_unwinder(script);
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	json_t *report = unwound_crash_of("/t/victim", 1);
	expect_match(text_at(report, "symbols"), why);
	expect_match(text_at(report, "backtrace.0.module"), "/victim$");
	json_decref(report);
	expect_event("/t/victim", "unwind_failed", why);
	json_decref(ask("/t/victim", "victim.ping", "{}"));
	tree_down(tree);
}

START_TEST(an_unwinder_that_fails)
{
	fails_to_unwind("exit 1", "^the unwinder failed$");
}
END_TEST

START_TEST(an_unwinder_that_is_killed)
{
	fails_to_unwind("kill -9 $$", "^the unwinder failed$");
}
END_TEST

START_TEST(an_unwinder_that_babbles)
{
	fails_to_unwind("echo '{\"backtrace\":[{\"function\":17}],\"stopped\":null}'",
		"^the unwinder's answer makes no sense$");
}
END_TEST

START_TEST(an_unwinder_that_says_nothing)
{
	fails_to_unwind("exit 0", "^the unwinder's answer makes no sense$");
}
END_TEST

/* Nobody keeps what it says: it is cut off, and ends by it. */
START_TEST(an_unwinder_that_never_stops_talking)
{
	fails_to_unwind("exec yes", "^the unwinder said too much$");
}
END_TEST

START_TEST(an_unwinder_that_takes_too_long)
{
	fails_to_unwind("exec sleep 1000", "^the unwinder took longer than 2 s$");
}
END_TEST

/* It is killed when the tree has waited for it long enough. */
START_TEST(an_unwinder_that_outlasts_the_tree_leaves_nobody)
{
	set_unwinder("sleep 1000 & exec sleep 1000");
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(an_unwinder_that_is_not_there)
{
	setenv("TRACTOR_UNWINDER", "/nowhere/unwinder", 1);
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	json_t *report = unwound_crash_of("/t/victim", 1);
	expect_match(text_at(report, "symbols"), "^cannot execute /nowhere/unwinder: No such file");
	json_decref(report);
	tree_down(tree);
}
END_TEST

START_TEST(without_an_unwinder)
{
	setenv("TRACTOR_UNWINDER", "", 1);
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	json_t *report = unwound_crash_of("/t/victim", 1);
	expect_text(report, "symbols", "there is no tractor-unwind");
	json_decref(report);
	tree_down(tree);
}
END_TEST

/* It gets a file to read and a pipe to write to, and nothing of ours: no environment, no other fd. */
START_TEST(an_unwinder_inherits_nothing)
{
	const char *seen = scenario_path("seen");

	set_unwinder(""); /* for its path */
	scenario_keep("seen");
	scenario_write("unwinder",
		"#!/bin/sh\nexec >%s\nfor fd in /proc/self/fd/*; do echo \"fd ${fd##*/}\"; done\n/usr/bin/env\n",
		seen);
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	json_decref(unwound_crash_of("/t/victim", 1));
	tree_down(tree);
	char text[1024] = "";
	FILE *file = fopen(seen, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, file), 0);
	fclose(file);
	expect_match(text, "^fd 0$");
	ck_assert_ptr_null(strstr(text, "TRACTOR"));
	ck_assert_ptr_null(strstr(text, "HOME"));
	/* The shell's own copy of its script is the only one beside the standard three. */
	ck_assert_msg(!matches(text, "^fd [4-9]$"), "%s", text);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("crashes");

	if (!TRI_IS_SANITIZED) /* which has its own ways with crashy's faults */
		SCENARIO_CASE(suite, "ways to die", 60, each_way_to_die_with_debug_information,
			what_is_of_no_unit_has_no_line, each_way_to_die_stripped, a_static_program,
			a_program_at_a_fixed_address, a_program_without_tables);
	SCENARIO_CASE(suite, "reports", 30, a_report_has_all_that_is_known, a_panic_has_its_file_and_line,
		the_limits_that_were_hit,
		who_waits_for_an_actor_called_cpu_did_not_overrun_a_limit_of_cpu_time,
		a_crash_that_ends_the_tree_is_told_in_full);
	SCENARIO_CASE(suite, "unwinders", 30, an_unwinder_that_fails, an_unwinder_that_is_killed,
		an_unwinder_that_babbles, an_unwinder_that_says_nothing, an_unwinder_that_never_stops_talking,
		an_unwinder_that_takes_too_long, an_unwinder_that_outlasts_the_tree_leaves_nobody,
		an_unwinder_that_is_not_there, without_an_unwinder, an_unwinder_inherits_nothing);
	return suite;
}
