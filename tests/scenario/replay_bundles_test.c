/*
 * replay_bundles_test.c: `tractor replay` of a bundle, elsewhere: one that is damaged is refused, and so is a program that is not the one that crashed; one that lies does no harm.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "players.h"
#include "recording.h"

#define BUNDLE_BYTES ((size_t)1 << 20) /* some times what is in one of these */

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

Suite *
test_suite(void)
{
	Suite *suite = suite_create("replay_bundles");

	SCENARIO_CASE(suite, "bundles", 120, a_bundle_is_played_elsewhere, another_program_is_refused,
		a_damaged_bundle_is_refused, a_bundle_that_lies, a_bundle_has_no_say_over_the_loader,
		a_script_that_starts_the_program);
	return suite;
}
