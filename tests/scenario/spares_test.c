/*
 * spares_test.c: processes that wait to become somebody. Whoever is named is known before, by its pid; all that a successor has otherwise (state, arguments, what it is told of the panic, faults that are meant for it) it has as
 * well; and none of them is ever taken for an actor, counted against one, or left behind.
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

#include <tractor/runtime.h>

#include "reload.h"
#include "sys.h"

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

/* --- in this very process, so that it can be known when what happens --- */

static struct seen {
	pid_t spare, named;
	int ready, lost, refused, running;
	bool kill_named, kill_before, kill_ready;
} seen;

static pid_t
pid_in(const char *text)
{
	int pid = 0;

	sscanf(text, "pid %d", &pid);
	return (pid_t)pid;
}

/* It is dead, and nobody has noticed. */
static void
kill_unnoticed(pid_t pid)
{
	siginfo_t info;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	(void)arg;
	if (strcmp(event->event, "spare_ready") == 0) {
		seen.ready++;
		seen.spare = pid_in(event->text);
		if (seen.kill_ready)
			kill(seen.spare, SIGKILL);
	} else if (strcmp(event->event, "spare_lost") == 0) {
		seen.lost++;
	} else if (strcmp(event->event, "spare_refused") == 0) {
		seen.refused++;
	} else if (strcmp(event->event, "running") == 0 && strcmp(event->path, "/t/a") == 0) {
		seen.running = (int)event->incarnation;
	} else if (strcmp(event->event, "crashed") == 0 && event->incarnation == 1 && seen.kill_before) {
		kill_unnoticed(seen.spare);
	} else if (strcmp(event->event, "spare_named") == 0) {
		seen.named = pid_in(event->text);
		if (seen.kill_named && event->incarnation == 2)
			kill_unnoticed(seen.named);
	}
}

static struct tractor_runtime *
open_with(unsigned spares)
{
	struct tractor_runtime *rt;
	char exec[256];

	seen = (struct seen){ .spare = 0 };
	snprintf(exec, sizeof(exec), "%s/victim", test_actors_dir());
	ck_assert_int_eq(
		tractor_runtime_open(&rt,
			&(struct tractor_options){
				.name = "t", .intensity = 9, .on_event = on_event, .on_line = ignore_line }),
		TRACTOR_OK);
	tractor_err err = tractor_start_child(
		rt, NULL, &(struct tractor_child){ .name = "a", .exec = exec, .spares = spares }, NULL);
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	return rt;
}

static struct tractor_runtime *
open_here(void)
{
	return open_with(1);
}

/* Turns until *count is as large. */
static void
turn_until(struct tractor_runtime *rt, const int *count, int large)
{
	for (int64_t until = now_ms() + scaled_ms(SOON_MS); *count < large && now_ms() < until;)
		ck_assert_int_eq(tractor_runtime_turn(rt, 20), TRACTOR_OK);
	ck_assert_int_ge(*count, large);
}

static pid_t
actor_here(struct tractor_runtime *rt)
{
	struct tractor_child_info *info;

	ck_assert_int_eq(tractor_which_child(rt, "/t/a", &info), TRACTOR_OK);
	pid_t pid = info->pid;
	free(info);
	return pid;
}

/* It was the actor's process: a start that failed, and counts. */
START_TEST(one_that_dies_at_the_moment_of_naming)
{
	struct tractor_runtime *rt = open_here();

	turn_until(rt, &seen.ready, 1);
	seen.kill_named = true;
	ck_assert_int_eq(kill(actor_here(rt), SIGKILL), 0);
	turn_until(rt, &seen.running, 3);
	ck_assert_int_eq(seen.lost, 0);
	ck_assert_int_ne(actor_here(rt), seen.named);
	turn_until(rt, &seen.ready, 2);
	tractor_runtime_close(rt);
}
END_TEST

/* It was nobody yet: the actor has lost nothing by it. */
START_TEST(one_that_is_dead_before_it_is_named)
{
	struct tractor_runtime *rt = open_here();

	turn_until(rt, &seen.ready, 1);
	seen.kill_before = true;
	ck_assert_int_eq(kill(actor_here(rt), SIGKILL), 0);
	turn_until(rt, &seen.running, 2);
	turn_until(rt, &seen.lost, 1);
	ck_assert_int_eq(seen.named, 0);
	turn_until(rt, &seen.ready, 2);
	ck_assert_int_eq(seen.running, 2);
	tractor_runtime_close(rt);
}
END_TEST

/* By the same name: a new release in the place of the old one. A process that is started now works there. */
START_TEST(a_directory_that_was_replaced)
{
	char there[512];
	const char *here = scenario_path("here");
	struct tractor_runtime *rt;

	snprintf(there, sizeof(there), "%s", scenario_path("there"));
	scenario_keep("*here");
	ck_assert_int_eq(mkdir(here, 0700), 0);
	const char *file = scenario_write("here/t.yaml", "{name: t, intensity: 9, children: [%s]}",
		actor_line_with("a", "victim", "spares: 1"));
	ck_assert_int_eq(tractor_runtime_open_file(&rt, file,
				 &(struct tractor_options){ .on_event = on_event, .on_line = ignore_line }),
		TRACTOR_OK);
	turn_until(rt, &seen.ready, 1);
	ck_assert_int_eq(rename(here, there), 0);
	ck_assert_int_eq(mkdir(here, 0700), 0);
	ck_assert_int_eq(kill(actor_here(rt), SIGKILL), 0);
	turn_until(rt, &seen.running, 2);
	ck_assert_int_eq(seen.named, 0);
	turn_until(rt, &seen.ready, 2);
	tractor_runtime_close(rt);
}
END_TEST

/* Who is lost while another one is starting is not replaced sooner for it: not before 100 ms, then 200 ms, and a fifth less at most. */
START_TEST(those_that_are_lost_while_others_start)
{
	struct tractor_runtime *rt = open_with(2);
	int64_t began_ms = now_ms();

	seen.kill_ready = true;
	turn_until(rt, &seen.ready, 5);
	ck_assert_int_ge(now_ms() - began_ms, (100 + 200) * 8 / 10);
	seen.kill_ready = false;
	tractor_runtime_close(rt);
}
END_TEST

START_TEST(more_than_there_may_be)
{
	struct tractor_runtime *rt = open_here();

	ck_assert_int_eq(
		tractor_start_child(rt, NULL,
			&(struct tractor_child){ .name = "b", .exec = "/bin/true", .spares = 101 }, NULL),
		TRACTOR_EINVAL);
	expect_match(tractor_why(), "spares 101 is out of range; use 0 to 100");
	tractor_runtime_close(rt);
}
END_TEST

static int refusals;

static pid_t
clone_refused(int (*child)(void *arg), void *stack, int flags, void *arg, int *ret_pidfd, int *held)
{
	if (refusals == 0)
		return sys_real.clone(child, stack, flags, arg, ret_pidfd, held);
	refusals--;
	errno = EAGAIN;
	return -1;
}

/* That is said, and asked again later; the actor runs meanwhile, and is no party to it. */
START_TEST(a_host_that_refuses_a_spare)
{
	struct tractor_runtime *rt = open_here();

	refusals = 3;
	sys.clone = clone_refused;
	turn_until(rt, &seen.refused, 3);
	turn_until(rt, &seen.ready, 1);
	sys = sys_real;
	ck_assert_int_eq(seen.running, 1);
	ck_assert_int_eq(seen.lost, 0);
	tractor_runtime_close(rt);
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
	SCENARIO_CASE(suite, "moments", 30, one_that_dies_at_the_moment_of_naming,
		one_that_is_dead_before_it_is_named, a_directory_that_was_replaced,
		those_that_are_lost_while_others_start, more_than_there_may_be, a_host_that_refuses_a_spare);
	return suite;
}
