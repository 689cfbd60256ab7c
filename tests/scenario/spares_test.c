/*
 * spares_test.c: processes that wait to become somebody. Whoever is named is known before, by its pid; all that a successor has otherwise (state, arguments, what it is told of the panic, faults that are meant for it) it has as
 * well; and none of them is ever taken for an actor, counted against one, or left behind. What takes a moment that a test has to choose is in spare_moments_test.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reload.h"

#define SPARES_MAX 8

/* --- what is there --- */

struct wanted_spares {
	const char *path;
	size_t count;
	pid_t pids[SPARES_MAX];
};

static bool
find_spares(void *arg)
{
	struct wanted_spares *wanted = arg;
	json_t *status = run_json(tractor_command(), "status", "--json", wanted->path, NULL);
	const json_t *spares = json_object_get(json_object_get(status, "root"), "spares");
	size_t count = json_array_size(spares);

	for (size_t i = 0; i < count && i < SPARES_MAX; i++)
		wanted->pids[i] = (pid_t)json_integer_value(json_array_get(spares, i));
	json_decref(status);
	return count == wanted->count;
}

/* Until it has so many. */
static struct wanted_spares
expect_spares(const char *path, size_t count)
{
	struct wanted_spares wanted = { .path = path, .count = count };

	ck_assert_msg(
		wait_until(SOON_MS, find_spares, &wanted), "%s has not come to %zu spares", path, count);
	return wanted;
}

static pid_t
spare_of(const char *path)
{
	return expect_spares(path, 1).pids[0];
}

/* What `ps` shows of it. */
static void
expect_title(pid_t pid, const char *title)
{
	char file[64], words[512];

	snprintf(file, sizeof(file), "/proc/%d/cmdline", (int)pid);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ssize_t length = read(fd, words, sizeof(words) - 1);
	close(fd);
	ck_assert_int_gt(length, 0);
	words[length] = '\0';
	ck_assert_str_eq(words + strlen(words) + 1, title);
}

static bool
is_one_of(pid_t pid, const struct wanted_spares *spares)
{
	for (size_t i = 0; i < spares->count; i++)
		if (spares->pids[i] == pid)
			return true;
	return false;
}

/* It dies, and the next incarnation of it is that process. */
static void
dies_and_is(const char *path, const char *how, pid_t spare)
{
	int incarnation = expect_node("t", path, "running", 1, SOON_MS).incarnation;

	tell(path, "victim.die", "{\"how\":\"%s\"}", how);
	struct seen_node node = expect_node("t", path, "running", incarnation + 1, SOON_MS);
	ck_assert_int_eq(node.incarnation, incarnation + 1);
	ck_assert_int_eq(node.pid, spare);
}

/* --- naming --- */

START_TEST(a_crash_is_answered_by_a_spare)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 9, children: [%s]}", actor_line_with("a", "victim", "spares: 1"));
	pid_t first = pid_of("/t/a"), spare = spare_of("/t/a");

	ck_assert_int_ne(first, spare);
	expect_title(spare, "/t/a (spare)");
	dies_and_is("/t/a", "segv", spare);
	expect_title(spare, "/t/a");
	json_t *pong = ask("/t/a", "victim.ping", "{}");
	expect_number(pong, "pid", spare);
	expect_number(pong, "incarnation", 2);
	json_decref(pong);
	expect_output(tree, "^/t/a: up 2$", SOON_MS);
	expect_event("/t/a", "spare_named", "");
	ck_assert_int_ne(spare_of("/t/a"), spare);
	expect_gone(first, SOON_MS);
	tree_down(tree);
}
END_TEST

/* Incarnations go on counting, in the crash reports as well. */
START_TEST(one_crash_after_the_other)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 99, children: [%s]}", actor_line_with("a", "victim", "spares: 1"));

	for (int incarnation = 1; incarnation <= 6; incarnation++) {
		pid_t victim = pid_of("/t/a");
		dies_and_is("/t/a", incarnation % 2 == 0 ? "abort" : "kill", spare_of("/t/a"));
		json_t *report = crash_of("/t/a", incarnation);
		expect_number(report, "pid", victim);
		json_decref(report);
	}
	struct seen_node node = expect_node("t", "/t/a", "running", 7, SOON_MS);
	ck_assert_int_eq(node.restarts, 6);
	tree_down(tree);
}
END_TEST

START_TEST(durable_state_goes_on)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 9, children: [%s]}", actor_line_with("a", "ledger", "spares: 1"));

	for (int64_t i = 1; i <= 4; i++) {
		tell("/t/a", "victim.note", "{\"number\":%lld}", (long long)i);
		dies_and_is("/t/a", "enough", spare_of("/t/a"));
		expect_event("/t/a", "continued", "");
		json_t *noted = ask("/t/a", "victim.noted", "{}");
		const json_t *numbers = json_object_get(noted, "numbers");
		ck_assert_uint_eq(json_array_size(numbers), (size_t)i);
		ck_assert_int_eq(json_integer_value(json_array_get(numbers, (size_t)i - 1)), i);
		json_decref(noted);
	}
	tree_down(tree);
}
END_TEST

/* Too much of it to be copied: then it is there for a process that is started. */
START_TEST(a_large_durable_state)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 9, children: [%s]}", actor_line_with("a", "ledger_large", "spares: 1"));
	pid_t spare = spare_of("/t/a");

	tell("/t/a", "victim.note", "{\"number\":7}");
	tell("/t/a", "victim.die", "{\"how\":\"enough\"}");
	ck_assert_int_ne(expect_node("t", "/t/a", "running", 2, SOON_MS).pid, spare);
	json_t *noted = ask("/t/a", "victim.noted", "{}");
	const json_t *numbers = json_object_get(noted, "numbers");
	ck_assert_uint_eq(json_array_size(numbers), 1);
	ck_assert_int_eq(json_integer_value(json_array_get(numbers, 0)), 7);
	json_decref(noted);
	ck_assert_int_eq(spare_of("/t/a"), spare);
	tree_down(tree);
}
END_TEST

/* What waits for it waits for the spare; the one in hand is not repeated. */
START_TEST(messages_that_wait)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 9, children: [%s]}", actor_line_with("a", "ledger", "spares: 1"));
	pid_t spare = spare_of("/t/a");

	ck_assert_int_eq(kill(pid_of("/t/a"), SIGSTOP), 0);
	for (int64_t i = 0; i < 20; i++)
		tell("/t/a", "victim.note", "{\"number\":%lld}", (long long)i);
	ck_assert_int_eq(kill(pid_of("/t/a"), SIGKILL), 0);
	ck_assert_int_eq(expect_node("t", "/t/a", "running", 2, SOON_MS).pid, spare);
	json_t *noted = ask("/t/a", "victim.noted", "{}");
	const json_t *numbers = json_object_get(noted, "numbers");
	ck_assert_uint_eq(json_array_size(numbers), 20);
	for (size_t i = 0; i < 20; i++)
		ck_assert_int_eq(json_integer_value(json_array_get(numbers, i)), (int64_t)i);
	json_decref(noted);
	tree_down(tree);
}
END_TEST

START_TEST(on_panic_is_told_what_happened)
{
	struct process *tree = tree_up("{name: t, intensity: 9, children: [%s]}",
		actor_line_with("a", "seed_phoenix", "spares: 1, args: {flow: continue}"));
	pid_t spare = spare_of("/t/a");

	tell("/t/a", "phoenix.add", "{\"n\":5,\"how\":\"\"}");
	tell("/t/a", "phoenix.add", "{\"n\":7,\"how\":\"panic\"}");
	ck_assert_int_eq(expect_node("t", "/t/a", "running", 2, SOON_MS).pid, spare);
	expect_output(tree,
		"^/t/a: panic of 1: cause panic, signal 6, code [-0-9]+, message phoenix.add, digest known, text",
		SOON_MS);
	json_t *state = ask("/t/a", "phoenix.get", "{}");
	expect_number(state, "total", 5);
	expect_number(state, "starts", 1);
	expect_number(state, "incarnation", 2);
	json_decref(state);
	tree_down(tree);
}
END_TEST

START_TEST(a_group_that_is_restarted)
{
	struct process *tree = tree_up(
		"{name: t, strategy: one_for_all, intensity: 9, children: [%s, %s, %s]}",
		actor_line_with("a", "victim", "spares: 1"), actor_line_with("b", "victim", "spares: 1"),
		actor_line_with("c", "victim", "spares: 1"));
	pid_t a = spare_of("/t/a"), b = spare_of("/t/b"), c = spare_of("/t/c");

	dies_and_is("/t/b", "segv", b);
	ck_assert_int_eq(expect_node("t", "/t/a", "running", 2, SOON_MS).pid, a);
	ck_assert_int_eq(expect_node("t", "/t/c", "running", 2, SOON_MS).pid, c);
	tree_down(tree);
}
END_TEST

START_TEST(without_lanes)
{
	struct process *tree = tree_up("{name: t, intensity: 9, children: [%s]}",
		actor_line_with("a", "ledger", "spares: 2, lanes: off"));
	struct wanted_spares spares = expect_spares("/t/a", 2);

	tell("/t/a", "victim.die", "{\"how\":\"enough\"}");
	ck_assert(is_one_of(expect_node("t", "/t/a", "running", 2, SOON_MS).pid, &spares));
	json_decref(ask("/t/a", "victim.noted", "{}"));
	expect_spares("/t/a", 2);
	tree_down(tree);
}
END_TEST

/* --- pools --- */

START_TEST(a_pool_grows_by_its_spares)
{
	struct process *tree =
		tree_up("{name: t, children: [{pool: p, intensity: 9, exec: %s/victim, spares: 2, "
			"restart: permanent, args: {one: 1}}]}",
			test_actors_dir());
	struct wanted_spares spares = expect_spares("/t/p", 2);

	expect_command(0, NULL, NULL, "add", "/t/p", "{actor: m, args: {two: mine}}", NULL);
	pid_t member = pid_of("/t/p/m");
	ck_assert(is_one_of(member, &spares));
	expect_title(member, "/t/p/m");
	json_t *value = ask("/t/p/m", "victim.arg", "{\"name\":\"two\"}");
	expect_text(value, "text", "mine");
	json_decref(value);
	spares = expect_spares("/t/p", 2);
	tell("/t/p/m", "victim.die", "{\"how\":\"kill\"}");
	ck_assert(is_one_of(expect_node("t", "/t/p/m", "running", 2, SOON_MS).pid, &spares));
	expect_spares("/t/p", 2);
	json_t *status = run_json(tractor_command(), "status", "--json", "/t/p", NULL);
	expect_number(status, "root.counts.active", 1);
	json_decref(status);
	tree_down(tree);
}
END_TEST

/* --- what was true when it was started, and is not any more --- */

#define TREE_WITH(more) "{name: t, intensity: 9, children: [%s]}", actor_line_with("a", "victim", more)

START_TEST(reload_of_an_environment)
{
	struct process *tree = tree_up(TREE_WITH("spares: 1, env: {ONE: '1'}"));
	pid_t stale = spare_of("/t/a");

	NEW_FILE(TREE_WITH("spares: 1, env: {ONE: '2'}"));
	reload(0, "~ /t/a  env.ONE: changed (restart)\n", "");
	expect_gone(stale, SOON_MS);
	ck_assert_int_ne(expect_node("t", "/t/a", "running", 2, SOON_MS).pid, stale);
	pid_t fresh = spare_of("/t/a");
	ck_assert_int_ne(fresh, stale);
	dies_and_is("/t/a", "kill", fresh);
	tree_down(tree);
}
END_TEST

START_TEST(reload_of_their_number)
{
	struct process *tree = tree_up(TREE_WITH("spares: 3"));

	expect_spares("/t/a", 3);
	NEW_FILE(TREE_WITH("spares: 1"));
	reload(0, "~ /t/a  spares: 3 -> 1\n", "");
	pid_t last = spare_of("/t/a");
	NEW_FILE(TREE_WITH("spares: 0"));
	reload(0, "~ /t/a  spares: 1 -> 0\n", "");
	expect_gone(last, SOON_MS);
	expect_spares("/t/a", 0);
	NEW_FILE(TREE_WITH("spares: 2"));
	reload(0, "~ /t/a  spares: 0 -> 2\n", "");
	expect_spares("/t/a", 2);
	ck_assert_int_eq(expect_node("t", "/t/a", "running", 1, SOON_MS).incarnation, 1);
	tree_down(tree);
}
END_TEST

static const char *
copy_of(const char *program, const char *name)
{
	char from[256];
	const char *to = scenario_path(name);

	snprintf(from, sizeof(from), "%s/%s", test_actors_dir(), program);
	struct run_result copied = run_command("cp", from, to, NULL);
	ck_assert_int_eq(copied.exit_code, 0);
	run_result_free(&copied);
	return to;
}

/* The same file again is another one: it may be a new version. */
START_TEST(a_program_that_was_replaced)
{
	const char *program = copy_of("victim", "copy");
	struct process *tree =
		tree_up("{name: t, intensity: 9, children: [{actor: a, exec: %s, spares: 1}]}", program);
	pid_t stale = spare_of("/t/a");

	scenario_keep("copy");
	ck_assert_int_eq(rename(copy_of("victim", "new"), program), 0);
	tell("/t/a", "victim.die", "{\"how\":\"kill\"}");
	ck_assert_int_ne(expect_node("t", "/t/a", "running", 2, SOON_MS).pid, stale);
	expect_gone(stale, SOON_MS);
	expect_event("/t/a", "spare_ended", "another now");
	dies_and_is("/t/a", "kill", spare_of("/t/a"));
	tree_down(tree);
}
END_TEST

/* It may know none of the messages any more of which its predecessor had one in hand; the report does. */
START_TEST(a_spare_of_a_newer_program)
{
	const char *program = copy_of("victim", "copy");
	struct process *tree =
		tree_up("{name: t, intensity: 9, children: [{actor: a, exec: %s, spares: 1}]}", program);
	pid_t stale = spare_of("/t/a");

	scenario_keep("copy");
	ck_assert_int_eq(rename(copy_of("seed_phoenix", "new"), program), 0);
	ck_assert_int_eq(kill(stale, SIGKILL), 0);
	expect_event("/t/a", "spare_lost", "SIGKILL");
	dies_and_is("/t/a", "segv", spare_of("/t/a"));
	json_t *report = crash_of("/t/a", 1);
	expect_text(report, "message.name", "die");
	expect_text(report, "message.fields.how", "segv");
	json_decref(report);
	tree_down(tree);
}
END_TEST

/* --- their ends --- */

START_TEST(a_spare_that_is_killed)
{
	struct process *tree = tree_up(TREE_WITH("spares: 1"));
	pid_t spare = spare_of("/t/a");

	ck_assert_int_eq(kill(spare, SIGKILL), 0);
	expect_event("/t/a", "spare_lost", "SIGKILL");
	expect_gone(spare, SOON_MS);
	pid_t next = spare_of("/t/a");
	ck_assert_int_ne(next, spare);
	ck_assert_int_eq(kill(next, SIGTERM), 0);
	expect_event("/t/a", "spare_lost", "exit 70: cannot start: stopped before it had started");
	dies_and_is("/t/a", "kill", spare_of("/t/a"));
	ck_assert_int_eq(expect_node("t", "/t/a", "running", 2, SOON_MS).restarts, 1);
	expect_crashes(NULL, 1);
	tree_down(tree);
}
END_TEST

START_TEST(stopping_leaves_none)
{
	struct process *tree = tree_up(TREE_WITH("spares: 2"));
	struct wanted_spares spares = expect_spares("/t/a", 2);

	expect_command(0, NULL, NULL, "stop", "/t/a", NULL);
	expect_gone(spares.pids[0], SOON_MS);
	expect_gone(spares.pids[1], SOON_MS);
	expect_spares("/t/a", 0);
	expect_command(0, NULL, NULL, "start", "/t/a", NULL);
	spares = expect_spares("/t/a", 2);
	tree_down(tree);
	ck_assert(!process_exists(spares.pids[0]) && !process_exists(spares.pids[1]));
}
END_TEST

START_TEST(a_killed_supervisor_leaves_none)
{
	scenario_expect_orphans();
	scenario_keep("run/*");
	struct process *tree = tree_up(TREE_WITH("spares: 2"));
	struct wanted_spares spares = expect_spares("/t/a", 2);
	pid_t actor = pid_of("/t/a");

	process_signal(tree, SIGKILL);
	expect_killed(tree, SIGKILL, SOON_MS);
	expect_gone(actor, SOON_MS);
	expect_gone(spares.pids[0], SOON_MS);
	expect_gone(spares.pids[1], SOON_MS);
}
END_TEST

/* A fault that is meant for the next process happens to it, and that is a start that failed. */
START_TEST(a_spare_that_fails_at_its_start)
{
	struct process *tree = tree_up(TREE_WITH("spares: 1"));
	pid_t spare = spare_of("/t/a");

	expect_command(0, NULL, NULL, "inject", "/t/a", "segv", "--at", "start", NULL);
	tell("/t/a", "victim.die", "{\"how\":\"kill\"}");
	json_t *report = crash_of("/t/a", 2);
	expect_number(report, "pid", spare);
	expect_text(report, "exit", "SIGSEGV");
	json_decref(report);
	ck_assert_int_eq(expect_node("t", "/t/a", "running", 3, SOON_MS).restarts, 2);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("spares");

	SCENARIO_CASE(suite, "naming", 30, a_crash_is_answered_by_a_spare, one_crash_after_the_other,
		durable_state_goes_on, a_large_durable_state, messages_that_wait,
		on_panic_is_told_what_happened, a_group_that_is_restarted, without_lanes);
	SCENARIO_CASE(suite, "pools", 30, a_pool_grows_by_its_spares);
	SCENARIO_CASE(suite, "stale", 30, reload_of_an_environment, reload_of_their_number,
		a_program_that_was_replaced, a_spare_of_a_newer_program);
	SCENARIO_CASE(suite, "ends", 30, a_spare_that_is_killed, stopping_leaves_none,
		a_killed_supervisor_leaves_none, a_spare_that_fails_at_its_start);
	return suite;
}
