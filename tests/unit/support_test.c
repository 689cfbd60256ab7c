/*
 * support_test.c: the scenario harness is a test's only witness, so it is tested itself: it must notice what is
 * left behind.
 */
#include "scenario.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_MS 10000 /* for what must come true; how fast is not this test's business */
#define SHORT_MS 100  /* for what must not */

static void
assert_found(const struct findings *findings, const char *what)
{
	ck_assert_msg(findings->count == 1, "%zu findings:\n%s", findings->count, findings->text);
	ck_assert_msg(strstr(findings->text, what) != NULL, "no \"%s\" in: %s", what, findings->text);
}

static void
assert_clean(void)
{
	struct findings findings = { 0 };

	scenario_look(&findings);
	ck_assert_msg(findings.count == 0, "%s", findings.text);
}

static bool
is_gone(void *arg)
{
	const pid_t *pid = arg;

	return kill(*pid, 0) != 0;
}

/* --- what is left behind --- */

START_TEST(nothing_left_is_no_finding)
{
	process_close(process_start("true", NULL));
	assert_clean();
}
END_TEST

START_TEST(an_open_fd_is_noticed)
{
	struct findings findings = { 0 };

	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	scenario_look(&findings);
	close(fd);
	assert_found(&findings, "/dev/zero");
}
END_TEST

START_TEST(an_fd_on_something_else_is_noticed)
{
	struct fd_table before;
	struct findings findings = { 0 };

	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd_table_read(&before);
	int other = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	dup2(other, fd);
	close(other);
	leaks_fds(&before, &findings);
	close(fd);
	assert_found(&findings, "/dev/zero");
}
END_TEST

START_TEST(a_file_is_noticed)
{
	struct findings findings = { 0 };

	int fd = open(scenario_path("run/lock"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	scenario_look(&findings);
	unlink(scenario_path("run/lock"));
	assert_found(&findings, "file run/lock is left");
}
END_TEST

START_TEST(an_empty_folder_is_noticed)
{
	struct findings findings = { 0 };

	mkdir(scenario_path("run/shop"), 0700);
	scenario_look(&findings);
	rmdir(scenario_path("run/shop"));
	assert_found(&findings, "folder run/shop is left");
}
END_TEST

START_TEST(crash_reports_logs_and_declared_files_may_stay)
{
	mkdir(scenario_path("run/shop"), 0700);
	mkdir(scenario_path("run/shop/crashes"), 0700);
	close(open(scenario_path("run/shop/crashes/1.json"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	mkdir(scenario_path("run/shop/logs"), 0700);
	close(open(scenario_path("run/shop/logs/a.log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	close(open(scenario_path("core.17"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	scenario_keep("core.*");
	scenario_write("tree.yaml", "name: %s\n", "shop");
	assert_clean();
}
END_TEST

START_TEST(a_running_program_is_noticed_and_ended)
{
	struct findings findings = { 0 };

	pid_t pid = process_pid(process_start("sleep", "1000", NULL));
	scenario_look(&findings);
	assert_found(&findings, "sleep");
	ck_assert_int_eq(kill(pid, 0), -1);
}
END_TEST

/* A grandchild in a session of its own, whose parent is gone: it falls to the test, which is a subreaper. */
START_TEST(an_orphan_is_noticed_and_ended)
{
	struct findings findings = { 0 };

	struct process *shell = process_start("sh", "-c", "setsid sleep 1000 & echo pid $!", NULL);
	pid_t orphan = atoi(expect_output(shell, "pid ([0-9]+)", LONG_MS));
	expect_exit(shell, 0, LONG_MS);
	scenario_look(&findings);
	ck_assert_msg(findings.count == 1, "%s", findings.text);
	ck_assert_int_eq(kill(orphan, 0), -1);
}
END_TEST

START_TEST(an_unreaped_child_is_noticed)
{
	struct findings findings = { 0 };

	if (fork() == 0)
		_exit(0);
	scenario_look(&findings);
	assert_found(&findings, "never reaped");
}
END_TEST

START_TEST(zombies_of_a_killed_supervisor_are_expected_where_announced)
{
	scenario_expect_orphans();
	if (fork() == 0)
		_exit(0);
	assert_clean();
}
END_TEST

/* Not a descendant (nobody adopts it but init), it is known by its environment. */
START_TEST(a_process_that_got_away_is_known_by_its_mark)
{
	struct findings findings = { 0 };

	prctl(PR_SET_CHILD_SUBREAPER, 0);
	/* It says its number itself, past its exec: in the middle of one a process has no environment to be known by. */
	struct process *shell = process_start("sh", "-c",
		"setsid sh -c 'echo pid $$; : >up; kill -STOP $$' & until [ -e up ]; do sleep 0.01; done; rm up",
		NULL);
	pid_t away = atoi(expect_output(shell, "pid ([0-9]+)", LONG_MS));
	expect_exit(shell, 0, LONG_MS);
	leaks_processes(getenv(TEST_ID_VARIABLE), SHORT_MS, false, &findings);
	ck_assert_msg(findings.count == 1, "%s", findings.text);
	ck_assert(wait_until(LONG_MS, is_gone, &away));
}
END_TEST

START_TEST(an_fd_without_a_path_is_noticed)
{
	struct findings findings = { 0 };

	int fd = eventfd(0, EFD_CLOEXEC);
	scenario_look(&findings);
	close(fd);
	assert_found(&findings, "eventfd");
}
END_TEST

/* --- programs --- */

START_TEST(output_is_matched_in_order)
{
	struct process *shell =
		process_start("sh", "-c", "echo one; echo two 22; echo three >&2; echo one", NULL);

	ck_assert_str_eq(expect_output(shell, "^two ([0-9]+)$", LONG_MS), "22");
	ck_assert_str_eq(expect_output(shell, "^one$", LONG_MS), "one");
	ck_assert_str_eq(expect_errors(shell, "thr..", LONG_MS), "three");
	expect_exit(shell, 0, LONG_MS);
	ck_assert_str_eq(process_output(shell), "one\ntwo 22\none\n");
}
END_TEST

/* It waits for the event: the line comes only after the signal that is sent once the first line was seen. */
START_TEST(output_that_comes_later_is_waited_for)
{
	struct process *shell = process_start("sh", "-c",
		"trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 0.01; done", NULL);

	expect_output(shell, "ready", LONG_MS);
	process_signal(shell, SIGUSR1);
	expect_output(shell, "caught", LONG_MS);
	expect_exit(shell, 3, LONG_MS);
}
END_TEST

START_TEST(a_signal_reaches_the_group)
{
	struct process *shell = process_start("sh", "-c", "sleep 1000 & echo ready; wait", NULL);

	expect_output(shell, "ready", LONG_MS);
	scenario_expect_orphans();
	process_signal_group(shell, SIGKILL);
	expect_killed(shell, SIGKILL, LONG_MS);
	assert_clean();
}
END_TEST

START_TEST(a_command_is_run_to_its_end)
{
	struct run_result result = run_command("sh", "-c", "echo out; echo err >&2; exit 65", NULL);

	ck_assert_int_eq(result.exit_code, 65);
	ck_assert_str_eq(result.out, "out\n");
	ck_assert_str_eq(result.err, "err\n");
	run_result_free(&result);
}
END_TEST

START_TEST(options_reach_the_program)
{
	const char *const argv[] = { "sh", "-c", "pwd; echo $COLOUR; ulimit -n; echo lost >&2", NULL };
	const char *const env[] = { "COLOUR=blue", NULL };
	struct run_result result = run_command_with(&(struct process_options){
		.argv = argv, .env = env, .cwd = "/", .err = "/dev/full", .fd_limit = 17 });

	ck_assert_str_eq(result.out, "/\nblue\n17\n");
	ck_assert_str_eq(result.err, "");
	run_result_free(&result);
}
END_TEST

START_TEST(json_is_parsed)
{
	json_t *json = run_json("echo", "{\"total\": 4}", NULL);

	ck_assert_int_eq(json_integer_value(json_object_get(json, "total")), 4);
	json_decref(json);
}
END_TEST

/* --- time --- */

static bool
third_time(void *arg)
{
	int *calls = arg;

	return ++*calls == 3;
}

static bool
never(void *arg)
{
	(void)arg;
	return false;
}

START_TEST(conditions_are_waited_for)
{
	int calls = 0;

	ck_assert(wait_until(LONG_MS, third_time, &calls));
	ck_assert_int_eq(calls, 3);
	ck_assert(!wait_until(1, never, NULL));
}
END_TEST

START_TEST(deadlines_scale)
{
	setenv("TRACTOR_TEST_TIMEOUT_SCALE", "2.5", 1);
	ck_assert_int_eq(scaled_ms(1000), 2500);
	setenv("TRACTOR_TEST_TIMEOUT_SCALE", "0.1", 1);
	ck_assert_int_eq(scaled_ms(1000), 1000);
	setenv("TRACTOR_TEST_TIMEOUT_SCALE", "rubbish", 1);
	ck_assert_int_eq(scaled_ms(1000), 1000);
}
END_TEST

/* --- tests that must fail: this program runs itself again with them alone, and reads the verdict --- */

START_TEST(fails_as_a_line_never_comes)
{
	expect_output(process_start("echo", "something else", NULL), "this", LONG_MS);
}
END_TEST

START_TEST(fails_as_a_program_does_not_end)
{
	process_wait(process_start("sleep", "1000", NULL), SHORT_MS);
}
END_TEST

START_TEST(fails_as_a_program_is_missing)
{
	process_start("./no-such-program", NULL);
}
END_TEST

START_TEST(fails_as_an_exit_code_differs)
{
	expect_exit(process_start("sh", "-c", "exit 70", NULL), 0, LONG_MS);
}
END_TEST

START_TEST(fails_in_the_teardown)
{
	close(open(scenario_path("run/lock"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}
END_TEST

static Suite *
must_fail_suite(void)
{
	Suite *suite = suite_create("must fail");

	SCENARIO_CASE(suite, "must fail", 60, fails_as_a_line_never_comes, fails_as_a_program_does_not_end,
		fails_as_a_program_is_missing, fails_as_an_exit_code_differs, fails_in_the_teardown);
	return suite;
}

#define MUST_FAIL_VARIABLE "TRACTOR_TEST_MUST_FAIL"

START_TEST(a_disappointed_expectation_fails_the_test)
{
	char tmpdir[64];
	const char *const argv[] = { "/proc/self/exe", NULL };
	const char *const env[] = { MUST_FAIL_VARIABLE "=1", tmpdir, NULL };

	snprintf(tmpdir, sizeof(tmpdir), "TMPDIR=%s", scenario_dir());
	scenario_keep("tractor-*");
	scenario_expect_orphans();
	struct run_result result = run_command_with(&(struct process_options){ .argv = argv, .env = env });
	ck_assert_int_eq(result.exit_code, 1);
	ck_assert_msg(strstr(result.out, "Checks: 5, Failures: 5, Errors: 0") != NULL, "%s", result.out);
	ck_assert_ptr_nonnull(strstr(result.out, "ended without printing \"this\""));
	ck_assert_ptr_nonnull(strstr(result.out, "something else"));
	ck_assert_ptr_nonnull(strstr(result.out, "still running at the deadline"));
	ck_assert_ptr_nonnull(strstr(result.out, "cannot start ./no-such-program: No such file"));
	ck_assert_ptr_nonnull(strstr(result.out, "exited with 70"));
	ck_assert_ptr_nonnull(strstr(result.out, "file run/lock is left"));
	run_result_free(&result);
}
END_TEST

Suite *
test_suite(void)
{
	if (getenv(MUST_FAIL_VARIABLE) != NULL)
		return must_fail_suite();

	Suite *suite = suite_create("support");

	SCENARIO_CASE(suite, "leaks", 60, nothing_left_is_no_finding, an_open_fd_is_noticed,
		an_fd_on_something_else_is_noticed, an_fd_without_a_path_is_noticed, a_file_is_noticed,
		an_empty_folder_is_noticed, crash_reports_logs_and_declared_files_may_stay,
		a_running_program_is_noticed_and_ended, an_orphan_is_noticed_and_ended,
		an_unreaped_child_is_noticed, zombies_of_a_killed_supervisor_are_expected_where_announced,
		a_process_that_got_away_is_known_by_its_mark);
	SCENARIO_CASE(suite, "programs", 60, output_is_matched_in_order,
		output_that_comes_later_is_waited_for, a_signal_reaches_the_group,
		a_command_is_run_to_its_end, options_reach_the_program, json_is_parsed,
		a_disappointed_expectation_fails_the_test);
	TEST_CASE(suite, "time", 60, conditions_are_waited_for, deadlines_scale);
	return suite;
}
