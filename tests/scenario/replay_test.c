/*
 * replay_test.c: `tractor replay`: what has crashed crashes again, in the same way and the same place, with nothing of the tree around it; below a debugger, too; from a bundle, elsewhere. And what is not the
 * same is said not to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recording.h"
#include "sanitizer.h"
#include "trees.h"

#define BUNDLE_BYTES ((size_t)1 << 20) /* some times what is in one of these */
#define REPLAY_MS 30000 /* a start, a crash and what the unwinder takes, where others have the CPUs */

/* --- replaying --- */

struct wanted_crash {
	const char *path;
	int incarnation;
	json_t *report;
};

static bool
is_unwound(void *arg)
{
	struct wanted_crash *wanted = arg;

	wanted->report = crash_of(wanted->path, wanted->incarnation);
	if (strcmp(text_at(wanted->report, "symbols"), "pending") != 0)
		return true;
	json_decref(wanted->report);
	return false;
}

/* The id of that incarnation's crash, once its report is complete. Valid until the next call. */
static const char *
crash_id(const char *path, int incarnation)
{
	static char id[128];
	struct wanted_crash wanted = { .path = path, .incarnation = incarnation };

	ck_assert_msg(wait_until(REPLAY_MS, is_unwound, &wanted),
		"the crash of incarnation %d has no names yet", incarnation);
	snprintf(id, sizeof(id), "%s", text_at(wanted.report, "id"));
	json_decref(wanted.report);
	return id;
}

/* `tractor replay` with these words: its exit code, and what it said. */
static void
expect_replay(int code, const char *out, const char *err, const char *const *words)
{
	const char *argv[24] = { tractor_command(), "replay" };
	size_t count = 2;

	while (*words)
		argv[count++] = *words++;
	struct process *replay = process_start_with(&(struct process_options){ .argv = argv });
	int status = process_wait(replay, REPLAY_MS);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == code, "exit code %d, not %d:\n%s%s",
		WEXITSTATUS(status), code, process_output(replay), process_errors(replay));
	if (out)
		expect_match(process_output(replay), out);
	if (err)
		expect_match(process_errors(replay), err);
	process_close(replay);
}

#define EXPECT_REPLAY(code, out, err, ...) \
	expect_replay(code, out, err, (const char *const[]){ __VA_ARGS__, NULL })

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

static struct process *
crashy_up(const char *program)
{
	return tree_up("{name: t, intensity: 50, children: [%s]}",
		actor_line_with("crashy", program, "handler_timeout: 1s"));
}

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

#define ORACLE "\"who\":\"/t/oracle\""

/* "them" and the oracle; `as` is which of the program's actors. */
static struct process *
player_up(const char *as, const char *more)
{
	return tree_up("{name: t, intensity: 50, children: [%s, %s]}", actor_line("oracle", "oracle"),
		actor_line_with("them", "player", "role: %s%s%s", as, *more ? ", " : "", more));
}

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

/* --- bundles --- */

/* Of a crash that depends on state and on an answer; nothing is left of its tree. Valid until the next call. */
static const char *
make_bundle(void)
{
	struct process *tree = player_up("player", "");

	tell("/t/them", "player.consult", "{" ORACLE ",\"how\":\"number\"}");
	const char *id = crash_id("/t/them", 1), *file = scenario_path("it.bundle");
	expect_command(0, "/it\\.bundle$", "^$", "crashes", "bundle", id, file, NULL);
	expect_command(1, "^$", "File exists; remove it, or name another file$", "crashes", "bundle",
		"--last", file, NULL);
	tree_down(tree);
	expect_command(0, "^$", "^$", "crashes", "rm", "--all", "-t", "t", NULL);
	expect_command(
		1, "^$", "^tractor: there is no crash \"", "replay", id, NULL); /* its log is still there */
	scenario_keep("it.bundle");
	return file;
}

static void
copy_file(const char *from, const char *to)
{
	struct run_result copied = run_command("cp", from, to, NULL);

	ck_assert_int_eq(copied.exit_code, 0);
	run_result_free(&copied);
}

START_TEST(a_bundle_is_played_elsewhere)
{
	char program[512];
	struct stat about;
	const char *bundle = make_bundle();

	ck_assert_int_eq(stat(bundle, &about), 0);
	ck_assert_int_eq(about.st_mode & 0777, 0600);
	snprintf(program, sizeof(program), "%s/player", test_actors_dir());
	copy_file(program, scenario_path("another_name"));
	scenario_keep("another_name");
	setenv("TRACTOR_RUN_DIR", scenario_path("nowhere"), 1);
	ck_assert_int_eq(chdir("/"), 0);
	EXPECT_REPLAY(0, "panic: the answer is 1 .*\ncrashed again in the same way: panic",
		"build [0-9a-f]+\n", bundle);
	EXPECT_REPLAY(0, "crashed again in the same way: panic", NULL, bundle, "--exec",
		scenario_path("another_name"));
}
END_TEST

START_TEST(another_program_is_refused)
{
	char program[512];
	const char *bundle = make_bundle();

	snprintf(program, sizeof(program), "%s/oracle", test_actors_dir());
	EXPECT_REPLAY(1, "^$",
		"/oracle is another build than the one that crashed: its build id is [0-9a-f]+, that one's was [0-9a-f]+",
		bundle, "--exec", program);
	EXPECT_REPLAY(1, "^$", "is another build than the one that crashed", bundle, "--exec", "/bin/sh");
	EXPECT_REPLAY(1, "^$", "No such file", bundle, "--exec", "/nonexistent");
	ck_assert_int_eq(mkfifo(scenario_path("pipe"), 0600), 0); /* which nobody waits for */
	EXPECT_REPLAY(1, "^$", "is another build than the one that crashed", bundle, "--exec",
		scenario_path("pipe"));
	unlink(scenario_path("pipe"));
}
END_TEST

/* What is damaged is said to be; in tests/unit each byte is. */
START_TEST(a_damaged_bundle_is_refused)
{
	const char *bundle = make_bundle();
	struct stat about;
	char bytes[2], kept;

	ck_assert_int_eq(stat(bundle, &about), 0);
	int fd = open(bundle, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	for (off_t at = 0; at < about.st_size; at += at < 48 ? 5 : about.st_size / 20) {
		ck_assert_int_eq(pread(fd, &kept, 1, at), 1);
		bytes[0] = (char)(kept ^ 1);
		ck_assert_int_eq(pwrite(fd, bytes, 1, at), 1);
		EXPECT_REPLAY(
			1, "^$", "it is damaged|it is no recording|it is a recording of version", bundle);
		ck_assert_int_eq(pwrite(fd, &kept, 1, at), 1);
	}
	ck_assert_int_eq(ftruncate(fd, about.st_size / 2), 0);
	EXPECT_REPLAY(1, "^$", "it is damaged", bundle);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	EXPECT_REPLAY(1, "^$", "it is no recording", bundle);
	close(fd);
	EXPECT_REPLAY(1, "^$", "Invalid argument", "/dev/zero");
	EXPECT_REPLAY(1, "^$", "No such file", "nothing.bundle");
}
END_TEST

static uint8_t *
read_bundle(const char *bundle, size_t *ret_size)
{
	FILE *file = fopen(bundle, "re");
	uint8_t *bytes = malloc(BUNDLE_BYTES);

	ck_assert_ptr_ne(file, NULL);
	*ret_size = fread(bytes, 1, BUNDLE_BYTES, file);
	ck_assert_uint_lt(*ret_size, BUNDLE_BYTES);
	fclose(file);
	return bytes;
}

static void
write_bundle(const char *bundle, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(bundle, "we");

	ck_assert_ptr_ne(file, NULL);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

/* As shell/recording.c has it: what whoever means harm does last. */
static void
set_checksum(uint8_t *bytes, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t at = 24; at < size; at += 8) {
		uint64_t word = 0;
		memcpy(&word, bytes + at, size - at < 8 ? size - at : 8);
		hash = (hash ^ word) * UINT64_C(0x100000001b3);
	}
	memcpy(bytes + 16, &hash, sizeof(hash));
}

/* An error, or a poor replay; never the end of the command, and never without one. */
START_TEST(a_bundle_that_lies)
{
	const char *bundle = make_bundle();
	unsigned seed = 1;
	size_t size;
	uint8_t *bytes = read_bundle(bundle, &size);

	for (int i = 0; i < 60; i++) {
		size_t at = 24 + (size_t)rand_r(&seed) % (i < 50 ? 2500 : size - 24);
		uint8_t kept = bytes[at];
		bytes[at] ^= (uint8_t)(1 + rand_r(&seed) % 255);
		set_checksum(bytes, size);
		write_bundle(bundle, bytes, size);
		struct process *replay =
			process_start(tractor_command(), "replay", bundle, "--timeout", "500ms", NULL);
		int status = process_wait(replay, REPLAY_MS);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) <= 1, "byte %zu as %u: status %#x\n%s",
			at, bytes[at], (unsigned)status, process_errors(replay));
		process_close(replay);
		bytes[at] = kept;
	}
	free(bytes);
}
END_TEST

START_TEST(a_bundle_has_no_say_over_the_loader)
{
	const char *bundle = make_bundle(),
		   *environment[] = { "LD_PRELOAD=/nowhere/evil.so", "TRACTOR_ACTOR=player" };
	struct recording recording;
	size_t size;
	uint8_t *bytes = read_bundle(bundle, &size);

	ck_assert_int_eq(recording_decode(bytes, size, &recording), TRACTOR_OK);
	recording.about.environment = (tractor_field_list_str){ .items = environment, .count = 2 };
	ck_assert_int_eq(recording_encode(&recording, &bytes, &size), TRACTOR_OK);
	write_bundle(bundle, bytes, size);
	recording_free(&recording);
	free(bytes);
	struct process *replay = process_start(tractor_command(), "replay", bundle, NULL);
	expect_errors(replay, "what the bundle says about the loader \\(LD_...\\) is left out$", REPLAY_MS);
	expect_exit(replay, 0, REPLAY_MS);
	ck_assert_ptr_eq(strstr(process_output(replay), "evil"), NULL);
	process_close(replay);
}
END_TEST

static const char *
write_script(const char *program)
{
	const char *script =
		scenario_write("script", "#!/bin/sh\nexec %s/%s \"$@\"\n", test_actors_dir(), program);

	ck_assert_int_eq(chmod(script, 0700), 0);
	return script;
}

/* The program that crashed is not the file that the tree's file names. */
START_TEST(a_script_that_starts_the_program)
{
	struct process *tree =
		tree_up("{name: t, children: [{actor: crashy, exec: %s}]}", write_script("crashy_debug"));

	tell("/t/crashy", "crashy.panic", "{}");
	const char *id = crash_id("/t/crashy", 1);
	EXPECT_REPLAY(0, "in the same way: panic", NULL, id);
	write_script("crashy_stripped");
	EXPECT_REPLAY(1, "it did not start: it is another build than the one that crashed$", NULL, id);
	tree_down(tree);
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
		an_ask_that_was_refused_is_refused, an_ask_that_was_waited_for_too_long_is_again,
		what_was_answered_at_the_start_is_answered_again, what_it_tells_is_shown,
		answers_without_end_are_not_kept_without_end);
	SCENARIO_CASE(suite, "what it was at", 60, a_crash_in_on_down, a_crash_in_on_stop,
		a_crash_in_on_start, a_start_that_is_refused, a_crash_in_on_panic,
		a_crash_in_a_step_of_its_own, what_came_from_outside_does_not_come_again,
		what_was_injected_is_said_to_be, one_that_is_like_another_is_played_from_that);
	SCENARIO_CASE(suite, "bundles", 120, a_bundle_is_played_elsewhere, another_program_is_refused,
		a_damaged_bundle_is_refused, a_bundle_that_lies, a_bundle_has_no_say_over_the_loader,
		a_script_that_starts_the_program);
	SCENARIO_CASE(suite, "what is left", 60, what_it_starts_is_ended,
		what_it_starts_may_print_without_end, an_interrupted_replay_leaves_nothing,
		a_replay_that_takes_too_long_is_given_up, a_recording_goes_with_its_report,
		a_recording_that_there_is_no_room_for, words_that_make_no_sense);
	return suite;
}
