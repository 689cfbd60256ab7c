/* test_command_test.c: `tractor test`: scenarios that pass and that fail, each step as it should and with where it did not; files that are no good; and that nothing is left of any of it. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trees.h"

/* The folders of scenarios belong into the test's own, where what is left is found. */
static void
setup(void)
{
	scenario_setup();
	setenv("TMPDIR", scenario_dir(), 1);
}

static void
write_tree(int intensity)
{
	scenario_write("t.yaml",
		"{name: t, intensity: %d, children: [%s, %s, {supervisor: s, children: [%s]}]}", intensity,
		actor_line("a", "victim"), actor_line("b", "victim"), actor_line("c", "victim"));
}

/* A file with these steps, of the tree that write_tree() has written. */
static const char *
steps(const char *text)
{
	return scenario_write("s.yaml", "tree: t.yaml\nwithin: 5s\nsteps:\n%s", text);
}

static void
expect_pass(const char *text)
{
	expect_command(0, "^ok .* s.yaml$", "^$", "test", steps(text), NULL);
}

/* Fails, and says so in words that match. */
static void
expect_failure(const char *text, const char *words)
{
	expect_command(1, "^FAILED .* s.yaml$", words, "test", steps(text), NULL);
}

#define DIE "- tell: {to: /t/a, message: victim.die, fields: {how: panic}}\n"

START_TEST(each_expectation_holds)
{
	write_tree(10);
	expect_pass(
		"- inject: {path: /t/a, fault: segv, at: victim.note:2}\n"
		"- tell: {to: /t/a, message: victim.note, fields: {number: 1}}\n"
		"- expect_healthy\n"
		"- expect_nothing_lost\n"
		"- tell: {to: /t/a, message: victim.note, fields: {number: 2}}\n"
		"- expect_restarted: {path: /t/a, cause: SIGSEGV, incarnation: 2}\n"
		"- tell: {to: /t/a, message: victim.note, fields: {number: 3}, times: 2}\n"
		"- ask: {to: /t/a, message: victim.noted, reply: {numbers: [3, 3]}, within: 4s}\n"
		"- ask: {to: /t/a, message: victim.ping, reply: {incarnation: 2}}\n"
		"- ask: {to: /t/a, message: victim.perish, fields: {how: panic}, fails: TRACTOR_ECRASHED}\n"
		"- expect_restarted: {path: /t/a, cause: panic, incarnation: 3, within: 4s}\n"
		"- expect_untouched: [/t/b, /t/s]\n"
		"- expect_healthy: {within: 4s}\n");
	write_tree(0);
	expect_pass(DIE "- expect_escalated: /t\n");
	expect_pass("- tell: {to: /t/s/c, message: victim.die, fields: {how: panic}, within: 4s}\n"
		    "- tell: {to: /t/s/c, message: victim.die, fields: {how: panic}}\n"
		    "- expect_escalated: {path: /t/s, within: 4s}\n");
}
END_TEST

/* A failure leaves crash reports only, in a folder that it names. */
static void
remove_reports(void)
{
	scenario_keep("tractor-test-*");
}

START_TEST(each_failure_says_where_and_what)
{
	remove_reports();
	write_tree(10);
	expect_failure("- expect_healthy\n- expect_restarted: {path: /t/a, incarnation: 2, within: 20ms}\n",
		"s.yaml:5:3: expect_restarted /t/a\n  /t/a: wanted running, incarnation 2, last exit any; it is running, incarnation 1, last exit -\n"
		"  what had happened .*\n    waiting /t#0 start\n");
	expect_failure("- expect_escalated: {path: /t/s, within: 20ms}\n",
		"s.yaml:4:3: expect_escalated /t/s\n  /t/s did not give up\n");
	expect_failure(DIE "- expect_restarted: {path: /t/a, cause: SIGSEGV, incarnation: 2, within: 3s}\n",
		"s.yaml:5:3: .*\n  /t/a: wanted .* last exit SIGSEGV; it is .* last exit panic\n");
	expect_failure(DIE "- expect_restarted: {path: /t/a, incarnation: 2}\n- expect_untouched: /t\n",
		"s.yaml:6:3: expect_untouched /t\n  /t/a: wanted untouched, incarnation 1; it is running, incarnation 2");
	expect_failure(DIE "- expect_restarted: {path: /t/a, incarnation: 2}\n- expect_nothing_lost\n",
		"s.yaml:6:3: expect_nothing_lost\n  1 message was lost\n(.*\n)*    crashed /t/a#1 .*panic"
		"(.*\n)*  its crash reports stay: TRACTOR_RUN_DIR=[^ ]*/tractor-test-[^ ]* tractor crashes$");
	expect_failure(
		"- tell: {to: /t/a, message: victim.nap, fields: {ms: 4000}}\n- expect_healthy: {within: 20ms}\n",
		"s.yaml:5:3: expect_healthy\n  the tree is not healthy within 20 ms\n");
}
END_TEST

START_TEST(what_is_told_and_asked_fails)
{
	remove_reports();
	write_tree(10);
	expect_failure("- ask: {to: /t/a, message: victim.ping, reply: {pid: 1, incarnation: 1}}\n",
		"s.yaml:4:3: ask /t/a victim.ping\n  pid: wanted 1, got [0-9]+\n  what had happened");
	expect_failure("- ask: {to: /t/a, message: victim.ping, reply: {pdi: 1}}\n",
		"  victim.ping's reply has no field \"pdi\"; did you mean \"pid\"\\?\n");
	expect_failure("- ask: {to: /t/a, message: victim.pnig}\n",
		"  /t/a does not understand victim.pnig; did you mean victim.ping\\?\n");
	expect_failure("- tell: {to: /t/a, message: victim.ping}\n",
		"  victim.ping is an ask: it has a reply; write ask\n");
	expect_failure("- tell: {to: /t/a, message: victim.note, fields: {number: many}}\n",
		"  number: expected an int64, got the string \"many\"\n");
	expect_failure("- inject: {path: /t/a, fault: segv, at: victim.pnig}\n",
		"s.yaml:4:3: inject /t/a segv at victim.pnig\n  /t/a does not understand victim.pnig;");
	expect_failure("- ask: {to: /t/a, message: victim.rest, fields: {ms: 4000}, within: 50ms}\n",
		"  /t/a: .*\\(TRACTOR_ETIMEDOUT\\)\n");
	expect_failure("- ask: {to: /t/a, message: victim.ping, fails: TRACTOR_ECRASHED}\n",
		"  wanted TRACTOR_ECRASHED, got no error\n");
	expect_failure("- ask: {to: /t/a, message: victim.perish, fields: {how: panic}}\n",
		"  /t/a: .*\\(TRACTOR_ECRASHED\\)\n");
}
END_TEST

START_TEST(a_tree_that_does_not_start)
{
	scenario_write("t.yaml", "{name: t, children: [%s]}",
		actor_line_with("a", "victim", "faults: [{fault: fail, at: start}]"));
	expect_failure(
		"- expect_healthy\n", "s.yaml:1:1: the scenario failed\n  /t/a did not start: injected\n");
	remove_reports();
}
END_TEST

/* --- every crash there is --- */

static const char *
everywhere(const char *check)
{
	scenario_write("t.yaml", "{name: t, children: [%s, %s]}", actor_line("second", "stage"),
		actor_line_with("first", "stage", "args: {next: /t/second}"));
	return scenario_write("s.yaml",
		"tree: t.yaml\nname: everywhere\ncrash_everywhere:\n  actors: [/t/first]\n"
		"  workload:\n  - tell: {to: /t/first, message: stage.item, fields: {number: 1}, times: 3}\n"
		"  - ask: {to: /t/first, message: stage.relay, fields: {number: 2}}\n  check:\n%s",
		check);
}

START_TEST(every_crash_of_a_workload)
{
	/* Four items and the check's ask, each at three moments; and the check's that is crashed at is asked again. */
	expect_command(0, "^ok .* everywhere: 19 runs, 15 crashes$", "^$", "test",
		everywhere("  - ask: {to: /t/second, message: stage.sum, reply: {incarnation: 1}}\n"
			   "  - ask: {to: /t/first, message: stage.sum}\n"),
		NULL);
	remove_reports();
	expect_command(1, "^FAILED .* everywhere: 2 runs, 1 crashes$",
		"s.yaml:9:5: ask /t/first stage.sum\n  incarnation: wanted 1, got 2\n(.*\n)*  FAILED: SIGKILL in /t/first at \\*:1\n",
		"test", everywhere("  - ask: {to: /t/first, message: stage.sum, reply: {incarnation: 1}}\n"),
		NULL);
	expect_command(1, "^FAILED .* everywhere: 1 runs, 0 crashes$",
		"s.yaml:9:5: .*\n  count: wanted 17, got 4\n(.*\n)*  the workload fails without any crash\n",
		"test", everywhere("  - ask: {to: /t/first, message: stage.sum, reply: {count: 17}}\n"),
		NULL);
}
END_TEST

/* --- files --- */

/* How many folders of scenarios there are. */
static int
folders(void)
{
	DIR *dir = opendir(scenario_dir());
	int count = 0;

	for (struct dirent *entry; (entry = readdir(dir));)
		count += strncmp(entry->d_name, "tractor-test-", 13) == 0;
	closedir(dir);
	return count;
}

START_TEST(a_bad_file_starts_nothing)
{
	write_tree(1);
	const char *good = scenario_write("good.yaml", "{tree: t.yaml, steps: [expect_healthy]}");
	const char *bad = scenario_write(
		"bad.yaml", "tree: t.yaml\nsteps:\n- expect_helthy\n- inject: {path: /t/x, fault: sevg}\n");

	expect_command(65, "^$",
		"bad.yaml:3:3: there is no step \"expect_helthy\"; did you mean \"expect_healthy\"\\?\n"
		".*bad.yaml:4:18: there is no \"/t/x\" .*\n.*bad.yaml:4:31: fault: there is no fault \"sevg\"",
		"test", good, bad, NULL);
	expect_command(65, "\"ok\":false.*\"line\":3,\"column\":3,", "^$", "test", "--json", good, bad, NULL);
	expect_command(65, "^$", "can't be read: No such file", "test", scenario_path("none.yaml"), NULL);
	expect_command(2, "^$", "tractor test \\[-v\\] FILE", "test", NULL);
	ck_assert_int_eq(folders(), 0);
}
END_TEST

START_TEST(several_files_in_json)
{
	write_tree(1);
	const char *one = scenario_write("one.yaml", "{tree: t.yaml, name: one, steps: [expect_healthy]}");
	const char *two = scenario_write("two.yaml",
		"tree: t.yaml\nscenarios:\n- {name: \"2\\e[1m\", steps: [{expect_restarted: {path: /t/a, incarnation: 2, within: 1ms}}]}\n"
		"- {name: three, steps: [expect_nothing_lost]}\n");

	expect_command(1,
		"^\\{\"schema_version\":1,\"file\":\"[^\"]*one.yaml\",\"scenario\":\"one\",\"line\":1,\"ok\":true,\"took_ms\":[0-9]+\\}\n"
		"\\{.*\"scenario\":\"2\\\\u001b\\[1m\",\"line\":3,\"ok\":false,.*\"failure\":\\{\"line\":3,\"column\":[0-9]+,\"step\":\"expect_restarted /t/a\",\"report\":\"/t/a: wanted .*\\}\n"
		"\\{.*\"scenario\":\"three\",\"line\":4,\"ok\":true,",
		"^$", "test", "--json", one, two, NULL);
	expect_command(1, "^ok .* one\nFAILED .* 2\\\\x1b\\[1m\nok .* three$", NULL, "test", one, two, NULL);
	expect_command(0, "^ok ",
		"one.yaml:1:1:\n(.*\n)*  running /t/a#1 ready\n(.*\n)*  1:34: expect_healthy\n(.*\n)*  /t/a#1 | up 1\n",
		"test", "-v", one, NULL);
	ck_assert_int_eq(folders(), 0); /* nobody has crashed */
}
END_TEST

/* --- signals --- */

static void
interrupted(const char *text, const char *seen, int signal)
{
	const char *argv[] = { tractor_command(), "test", "-v", steps(text), NULL };
	struct process *process = process_start_with(&(struct process_options){ .argv = argv });

	expect_errors(process, seen, UP_MS);
	process_signal(process, signal);
	expect_exit(process, 128 + signal, DOWN_MS);
	expect_match(process_errors(process),
		"stopped /t#1 ended\n(.*\n)*tractor: SIG[A-Z]+: stopped in order\n$");
	expect_match(process_output(process), "^$");
	ck_assert_int_eq(folders(), 0);
}

START_TEST(a_signal_stops_it_in_order)
{
	write_tree(10);
	interrupted(
		"- expect_restarted: {path: /t/a, incarnation: 2, within: 1m}\n", "expect_restarted", SIGINT);
	interrupted("- ask: {to: /t/a, message: victim.rest, fields: {ms: 60000}, within: 1m}\n", "resting",
		SIGTERM);
	interrupted(DIE "- expect_restarted: {path: /t/a, incarnation: 2}\n- expect_healthy: {within: 1m}\n"
			"- expect_escalated: {path: /t, within: 1m}\n",
		"expect_escalated", SIGINT);
}
END_TEST

/* In the loop over all crashes, too, wherever in it that is. */
START_TEST(a_signal_in_the_middle_of_all_crashes)
{
	const char *argv[] = { tractor_command(), "test", "-v",
		everywhere("  - ask: {to: /t/first, message: stage.sum}\n"), NULL };
	struct process *process = process_start_with(&(struct process_options){ .argv = argv });

	expect_errors(process, "injected /t/first#1 SIGKILL at \\*:2", UP_MS);
	process_signal(process, SIGINT);
	expect_exit(process, 130, DOWN_MS);
	expect_match(process_output(process), "^$");
	ck_assert_int_eq(folders(), 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("tractor test");

	SCENARIO_CASE_WITH(suite, "steps", 60, setup, each_expectation_holds,
		each_failure_says_where_and_what, what_is_told_and_asked_fails, a_tree_that_does_not_start);
	SCENARIO_CASE_WITH(suite, "everywhere", 60, setup, every_crash_of_a_workload);
	SCENARIO_CASE_WITH(suite, "files", 30, setup, a_bad_file_starts_nothing, several_files_in_json);
	SCENARIO_CASE_WITH(suite, "signals", 60, setup, a_signal_stops_it_in_order,
		a_signal_in_the_middle_of_all_crashes);
	return suite;
}
