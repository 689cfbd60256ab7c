/*
 * crash_policies_test.c: crash policies, programs and plugins: what they are given, what comes of their verdicts, and of what is none.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trees.h"

/* --- programs --- */

static const char *
policy_script(const char *text)
{
	const char *path = scenario_write("policy", "#!/bin/sh\n%s\n", text);

	ck_assert_int_eq(chmod(path, 0700), 0);
	return path;
}

static struct process *
tree_with_policy(const char *script, const char *more)
{
	policy_script(script);
	return tree_up("{name: t, intensity: 5, crash_policy: {exec: [./policy, --why]}, children: [%s, %s]}",
		actor_line_with("a", "victim", "%s", more), actor_line("b", "victim"));
}

static void
expect_verdict(const char *verdict, const char *action)
{
	json_t *report = crash_of("/t/a", 1);

	expect_text(report, "verdict", verdict);
	expect_text(report, "action", action);
	json_decref(report);
}

START_TEST(a_policy_is_given_the_report)
{
	struct process *tree = tree_with_policy("cd ${0%/*}; cat > asked; echo $1 > word; echo default", "");

	tell("/t/a", "victim.die", "{\"how\":\"exit\",\"number\":9}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_verdict("default", "restart");
	scenario_keep("asked");
	scenario_keep("word");
	json_t *asked = json_load_file(scenario_path("asked"), 0, NULL);
	expect_text(asked, "path", "/t/a");
	expect_text(asked, "cause", "exit");
	expect_number(asked, "code", 9);
	expect_text(asked, "message.name", "die");
	expect_text(asked, "planned", "restart");
	json_decref(asked);
	tree_down(tree);
}
END_TEST

START_TEST(policy_says_restart)
{
	struct process *tree = tree_with_policy("echo restart", "restart: temporary");

	kill_victim("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_verdict("restart", "restart");
	tree_down(tree);
}
END_TEST

START_TEST(policy_says_restart_after)
{
	struct process *tree = tree_with_policy("echo restart_after 2000", "");
	int64_t began_ms = now_ms();

	kill_victim("/t/a");
	expect_node("t", "/t/a", "waiting", 1, SOON_MS);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	ck_assert_int_ge(now_ms() - began_ms, 2000);
	expect_verdict("restart_after", "restart_after");
	tree_down(tree);
}
END_TEST

START_TEST(policy_says_stop)
{
	struct process *tree = tree_with_policy("echo stop", "");
	pid_t b = pid_of("/t/b");

	kill_victim("/t/a");
	expect_node("t", "/t/a", "stopped", 1, SOON_MS);
	ck_assert_int_eq(pid_of("/t/b"), b);
	expect_verdict("stop", "stop");
	expect_command(1, "^$", "TRACTOR_ESTOPPED", "ask", "/t/a", "victim.ping", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(policy_says_escalate)
{
	struct process *tree = tree_with_policy("echo escalate", "");

	kill_victim("/t/a");
	expect_exit(tree, 70, DOWN_MS);
	expect_verdict("escalate", "escalate");
	expect_output(tree, "^/t/b: down 1$", 0);
}
END_TEST

/* What a policy does wrong costs its say, and nothing else. */
static void
policy_fails(const char *script, const char *words)
{
	struct process *tree = tree_with_policy(script, "");
	pid_t b = pid_of("/t/b");

	kill_victim("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_verdict("default", "restart");
	expect_errors(tree, words, SOON_MS);
	ck_assert_int_eq(pid_of("/t/b"), b);
	tree_down(tree);
}

START_TEST(a_policy_that_takes_too_long)
{
	policy_fails(
		"sleep 60; echo stop", "the crash policy took longer than 500 ms; so the default it is$");
}
END_TEST

START_TEST(a_policy_that_says_so_too_late)
{
	policy_fails(
		"echo stop; sleep 60", "the crash policy took longer than 500 ms; so the default it is$");
}
END_TEST

START_TEST(a_policy_that_babbles)
{
	policy_fails("echo 'I would say: stop'", "the crash policy's answer is no verdict");
}
END_TEST

START_TEST(a_policy_that_never_ends_babbling)
{
	policy_fails("exec cat /dev/zero", "the crash policy");
}
END_TEST

START_TEST(a_policy_that_is_killed)
{
	policy_fails("echo stop; kill -KILL $$", "the crash policy failed; so the default it is$");
}
END_TEST

START_TEST(a_policy_that_fails)
{
	policy_fails("echo stop; exit 1", "the crash policy failed; so the default it is$");
}
END_TEST

START_TEST(a_policy_that_is_gone)
{
	struct process *tree = tree_with_policy("echo stop", "");

	ck_assert_int_eq(unlink(scenario_path("policy")), 0);
	kill_victim("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_verdict("default", "restart");
	expect_errors(tree, "policy: No such file or directory; so the default it is$", SOON_MS);
	tree_down(tree);
}
END_TEST

static bool
is_there(void *path)
{
	return access(path, F_OK) == 0;
}

/* The policy is asked about a death; true if somebody else has answered before it has. */
static bool
answers_while_it_thinks(char *asked, char *done)
{
	unlink(asked);
	unlink(done);
	kill_victim("/t/a");
	ck_assert(wait_until(SOON_MS, is_there, asked));
	json_decref(ask("/t/b", "victim.ping", "{}"));
	return access(done, F_OK) != 0;
}

/*
 * Others go on while a policy thinks. It may think for half a second only, which on a busy machine an ask can take by itself; but not every time, unless it waits for the policy.
 */
START_TEST(a_slow_policy_holds_up_nobody_else)
{
	char asked[128], done[128];
	bool answers = false;

	snprintf(asked, sizeof(asked), "%s", scenario_path("asked"));
	snprintf(done, sizeof(done), "%s", scenario_path("done"));
	scenario_keep("asked");
	scenario_keep("done");
	struct process *tree = tree_with_policy("cd ${0%/*}; : >asked; sleep 0.3; : >done; echo restart", "");
	for (int incarnation = 1; !answers && incarnation <= 5; incarnation++) {
		answers = answers_while_it_thinks(asked, done);
		expect_node("t", "/t/a", "running", incarnation + 1, SOON_MS);
	}
	ck_assert(answers);
	tree_down(tree);
}
END_TEST

/* --- many at once --- */

#define AT_A_TIME 16 /* programs: policy.c's */
#define CROWD 40

static const char *
name_of(int i)
{
	static char path[16];

	snprintf(path, sizeof(path), "/t/a%d", i);
	return path;
}

static struct process *
crowd_with_policy(const char *script)
{
	char children[CROWD * 256] = "";

	for (int i = 0; i < CROWD; i++) {
		size_t used = strlen(children);
		snprintf(children + used, sizeof(children) - used, "%s%s", i > 0 ? ", " : "",
			actor_line(name_of(i) + strlen("/t/"), "victim"));
	}
	policy_script(script);
	return tree_up(
		"{name: t, intensity: 100, crash_policy: {exec: [./policy]}, children: [%s]}", children);
}

static void
kill_crowd(void)
{
	pid_t pids[CROWD];

	for (int i = 0; i < CROWD; i++)
		pids[i] = pid_of(name_of(i));
	for (int i = 0; i < CROWD; i++)
		ck_assert_int_eq(kill(pids[i], SIGKILL), 0);
}

START_TEST(all_of_many_are_judged)
{
	struct process *tree = crowd_with_policy("echo stop");

	kill_crowd();
	for (int i = 0; i < CROWD; i++)
		expect_node("t", name_of(i), "stopped", 1, SOON_MS);
	tree_down(tree);
}
END_TEST

/* Those that think are waited for, those in line are not asked about any more. */
START_TEST(a_tree_that_stops_meanwhile)
{
	struct process *tree = crowd_with_policy("echo >>${0%/*}/asked; sleep 0.4; echo restart");
	struct stat asked; /* a byte by each that was started */
	char path[128];

	snprintf(path, sizeof(path), "%s", scenario_path("asked"));
	scenario_keep("asked");
	kill_crowd();
	ck_assert(wait_until(SOON_MS, is_there, path));
	tree_down(tree);
	ck_assert_int_eq(stat(path, &asked), 0);
	ck_assert_int_le(asked.st_size, CROWD - AT_A_TIME);
}
END_TEST

/* They wait in line behind those that think, and no longer than that shows that it takes too long. */
START_TEST(a_policy_that_takes_too_long_for_many)
{
	struct process *tree = crowd_with_policy("echo >>${0%/*}/asked; exec sleep 60");
	struct stat asked; /* a byte by each that was started */

	scenario_keep("asked");
	kill_crowd();
	for (int i = 0; i < CROWD; i++)
		expect_node("t", name_of(i), "running", 2, SOON_MS);
	expect_errors(tree, "took longer than 500 ms; so the default it is$", SOON_MS);
	expect_errors(tree, "took longer than 500 ms for one before this; so the default it is$", SOON_MS);
	ck_assert_int_eq(stat(scenario_path("asked"), &asked), 0);
	ck_assert_int_lt(asked.st_size, CROWD);
	tree_down(tree);
}
END_TEST

/* --- plugins --- */

/* A copy that nobody else can write, whatever the build folder is like. */
static const char *
plugin_copy(mode_t mode)
{
	const char *path = scenario_path("policy.so");
	char from[256];

	snprintf(from, sizeof(from), "%s/policy.so", test_actors_dir());
	struct run_result copied = run_command("cp", from, path, NULL);
	ck_assert_int_eq(copied.exit_code, 0);
	run_result_free(&copied);
	ck_assert_int_eq(chmod(path, mode), 0);
	scenario_keep("policy.so");
	return path;
}

static struct process *
tree_with_plugin(const char *verdict)
{
	setenv("TEST_VERDICT", verdict, 1);
	return tree_up("{name: t, intensity: 5, crash_policy: {plugin: %s}, children: [%s, %s]}",
		plugin_copy(0700), actor_line("a", "victim"), actor_line("b", "victim"));
}

START_TEST(a_plugin_is_told)
{
	struct process *tree = tree_with_plugin("default");

	tell("/t/a", "victim.die", "{\"how\":\"segv\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_errors(tree, "^plugin: /t/a 1 11 victim.die restart$", SOON_MS);
	expect_verdict("default", "restart");
	tree_down(tree);
}
END_TEST

START_TEST(a_plugin_says_restart_after)
{
	struct process *tree = tree_with_plugin("restart_after");
	int64_t began_ms = now_ms();

	kill_victim("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	ck_assert_int_ge(now_ms() - began_ms, 300);
	expect_verdict("restart_after", "restart_after");
	tree_down(tree);
}
END_TEST

START_TEST(a_plugin_says_stop)
{
	struct process *tree = tree_with_plugin("stop");

	kill_victim("/t/a");
	expect_node("t", "/t/a", "stopped", 1, SOON_MS);
	expect_verdict("stop", "stop");
	tree_down(tree);
}
END_TEST

START_TEST(a_plugin_says_escalate)
{
	struct process *tree = tree_with_plugin("escalate");

	kill_victim("/t/a");
	expect_exit(tree, 70, DOWN_MS);
	expect_verdict("escalate", "escalate");
}
END_TEST

START_TEST(a_plugin_that_others_can_write_is_refused)
{
	const char *file = scenario_write("t.yaml", "{name: t, crash_policy: {plugin: %s}, children: [%s]}",
		plugin_copy(0777), actor_line("a", "victim"));

	expect_command(65, "^$", "policy\\.so can be written by others; chmod go-w it", "run", file, NULL);
}
END_TEST

START_TEST(a_plugin_that_is_none)
{
	const char *plugin = scenario_write("none.so", "this is no shared object\n");
	const char *file = scenario_write("t.yaml", "{name: t, crash_policy: {plugin: %s}, children: [%s]}",
		plugin, actor_line("a", "victim"));

	ck_assert_int_eq(chmod(plugin, 0700), 0);
	expect_command(65, "^$", "crash policy: .*none\\.so", "run", file, NULL);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("crash policies");

	SCENARIO_CASE(suite, "programs", 30, a_policy_is_given_the_report, policy_says_restart,
		policy_says_restart_after, policy_says_stop, policy_says_escalate,
		a_policy_that_takes_too_long, a_policy_that_says_so_too_late, a_policy_that_babbles,
		a_policy_that_never_ends_babbling, a_policy_that_is_killed, a_policy_that_fails,
		a_policy_that_is_gone, a_slow_policy_holds_up_nobody_else, all_of_many_are_judged,
		a_tree_that_stops_meanwhile, a_policy_that_takes_too_long_for_many);
	SCENARIO_CASE(suite, "plugins", 30, a_plugin_is_told, a_plugin_says_restart_after, a_plugin_says_stop,
		a_plugin_says_escalate, a_plugin_that_others_can_write_is_refused, a_plugin_that_is_none);
	return suite;
}
