/*
 * inject_test.c: faults on purpose: each happens where it was said, is what it was said to be, and happens once; and what is said of those that are none.
 */
#include <stdio.h>
#include <string.h>

#include "sanitizer.h"
#include "trees.h"

static void
inject(const char *path, const char *fault, const char *at)
{
	if (at)
		expect_command(0, "^$", "^$", "inject", path, fault, "--at", at, NULL);
	else
		expect_command(0, "^$", "^$", "inject", path, fault, NULL);
}

static struct process *
one_victim(const char *more)
{
	return tree_up(
		"{name: t, intensity: 10, children: [%s]}", actor_line_with("a", "victim", "%s", more));
}

/* Two stages, and of the first each message is handled until it has been. */
static struct process *
pipeline(void)
{
	return tree_up("{name: t, intensity: 10, children: [%s, %s]}", actor_line("second", "stage"),
		actor_line_with("first", "stage", "args: {next: /t/second}, redeliver: false"));
}

static bool
has_counts(void *arg)
{
	const int *wanted = arg;
	json_t *first = ask("/t/first", "stage.sum", "{}"), *second = ask("/t/second", "stage.sum", "{}");
	bool has = number_at(first, "count") == wanted[0] && number_at(second, "count") == wanted[1];

	json_decref(first);
	json_decref(second);
	return has;
}

static void
expect_counts(int first, int second)
{
	int wanted[] = { first, second };

	ck_assert_msg(wait_until(SOON_MS, has_counts, wanted), "not %d and %d", first, second);
}

/* With nothing in hand. */
static void
expect_death_at_once(const char *fault, const char *cause, const char *exit)
{
	bool hangs = strcmp(fault, "hang") == 0 || strcmp(fault, "stop") == 0;
	struct process *tree = one_victim(hangs ? "handler_timeout: 1s" : "");

	inject("/t/a", fault, NULL);
	if (strcmp(fault, "stop") == 0) /* nobody can tell before there is something to do */
		json_decref(ask("/t/a", "victim.ping", "{}"));
	ck_assert_str_eq(expect_node("t", "/t/a", "running", 2, SOON_MS).last_exit, exit);
	json_t *report = crash_of("/t/a", 1);
	expect_text(report, "cause", cause);
	ck_assert(json_is_null(json_object_get(report, "message")));
	json_decref(report);
	tree_down(tree);
}

START_TEST(inject_segv)
{
	expect_death_at_once("segv", "signal", "SIGSEGV");
}
END_TEST

START_TEST(inject_abort)
{
	expect_death_at_once("abort", "signal", "SIGABRT");
}
END_TEST

START_TEST(inject_exit)
{
	expect_death_at_once("exit:7", "exit", "exit 7");
}
END_TEST

START_TEST(inject_exit_0)
{
	expect_death_at_once("exit:0", "exit", "exit 0");
}
END_TEST

START_TEST(inject_hang)
{
	expect_death_at_once("hang", "deadline", "deadline");
}
END_TEST

START_TEST(inject_kill)
{
	expect_death_at_once("kill", "killed", "SIGKILL");
}
END_TEST

START_TEST(inject_stop)
{
	expect_death_at_once("stop", "deadline", "deadline");
}
END_TEST

static void
expect_death_in_hand(const char *fault, const char *more, const char *cause, const char *exit)
{
	struct process *tree = one_victim(more);

	inject("/t/a", fault, "victim.ping");
	expect_command(1, "^$", "", "ask", "/t/a", "victim.ping", "{}", "--timeout", "20s", NULL);
	ck_assert_str_eq(expect_node("t", "/t/a", "running", 2, SOON_MS).last_exit, exit);
	json_t *report = crash_of("/t/a", 1);
	expect_text(report, "cause", cause);
	expect_text(report, "message.name", "ping");
	json_decref(report);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tree_down(tree);
}

START_TEST(every_way_to_die)
{
	expect_death_in_hand("panic", "", "panic", "panic");
	expect_death_in_hand("SIGBUS", "", "signal", "SIGBUS");
	expect_death_in_hand("stack_overflow", "", "signal", "SIGSEGV");
	expect_death_in_hand("busy", "handler_timeout: 1s", "deadline", "deadline");
	expect_death_in_hand("garbage", "", "protocol_violation", "protocol_violation");
}
END_TEST

/* A sanitizer that finds it first ends the process in its own way. */
START_TEST(a_corrupted_heap)
{
	struct process *tree = one_victim("");

	inject("/t/a", "heap_corruption", "victim.ping");
	expect_command(1, "^$", "", "ask", "/t/a", "victim.ping", "{}", NULL);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(what_only_hurts)
{
	struct process *tree = one_victim("");
	pid_t pid = pid_of("/t/a");
	size_t fds = fds_of(pid);

	inject("/t/a", "fd_leak:50", NULL);
	inject("/t/a", "flood:30", NULL);
	expect_output(tree, "^/t/a: line 30 of a flood that was asked for$", SOON_MS);
	ck_assert_uint_eq(fds_of(pid), fds + 50);
	inject("/t/a", "slow:300", "victim.ping");
	int64_t began_ms = now_ms();
	json_decref(ask("/t/a", "victim.ping", "{}"));
	ck_assert_int_ge(now_ms() - began_ms, 300);
	inject("/t/a", "fail", "victim.ping");
	expect_command(1, "^$", "injected \\(TRACTOR_EREFUSED\\)", "ask", "/t/a", "victim.ping", "{}", NULL);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	ck_assert_int_eq(pid_of("/t/a"), pid);
	tree_down(tree);
}
END_TEST

/* Whatever it wants next it does not get; what becomes of it then is its own affair. */
START_TEST(no_more_memory)
{
	if (TRI_IS_SANITIZED) /* its allocator dies of that at once */
		return;
	struct process *tree = one_victim("shutdown: 500ms");
	char path[64], line[256] = "";

	inject("/t/a", "oom", NULL);
	snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid_of("/t/a"));
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && !strstr(line, "address space"))
		;
	if (file)
		fclose(file);
	ck_assert_msg(matches(line, "^Max address space +1 +1 "), "%s", line);
	tree_down(tree);
}
END_TEST

START_TEST(a_start_that_fails)
{
	struct process *tree = one_victim("");

	inject("/t/a", "fail", "start");
	inject("/t/a", "segv", NULL);
	expect_node("t", "/t/a", "running", 3, SOON_MS); /* the one after that is not meant */
	json_t *report = crash_of("/t/a", 2);
	expect_text(report, "cause", "start");
	expect_text(report, "panic_text", "injected");
	json_decref(report);
	inject("/t/a", "exit:3", "start");
	expect_command(1, "^$", "/t/a .*did not start|/t/a", "restart", "/t/a", NULL);
	expect_command(0, "^$", "^$", "start", "/t/a", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(a_stop_that_is_refused)
{
	struct process *tree = one_victim("shutdown: 300ms");

	inject("/t/a", "hang", "stop");
	expect_command(0, "^$", "^$", "stop", "/t/a", NULL);
	ck_assert_str_eq(expect_node("t", "/t/a", "stopped", 0, SOON_MS).last_exit, "SIGKILL");
	tree_down(tree);
}
END_TEST

/* Before the handler, and when it has returned and nothing counts yet: nothing of it is to be seen. */
START_TEST(before_and_after_a_handler)
{
	struct process *tree = pipeline();

	inject("/t/first", "segv", "stage.item");
	tell("/t/first", "stage.item", "{\"number\":1}");
	expect_node("t", "/t/first", "running", 2, SOON_MS);
	inject("/t/first", "segv", "after:stage.item");
	tell("/t/first", "stage.item", "{\"number\":1}");
	expect_node("t", "/t/first", "running", 3, SOON_MS);
	expect_counts(0, 0);
	inject("/t/first", "segv", "failpoint:told:2");
	tell("/t/first", "stage.item", "{\"number\":1}");
	tell("/t/first", "stage.item", "{\"number\":2}");
	expect_node("t", "/t/first", "running", 4, SOON_MS);
	expect_counts(1, 1);
	tree_down(tree);
}
END_TEST

/* It counts, and nothing was sent: all of it is true all the same. */
START_TEST(before_the_reply)
{
	struct process *tree = pipeline();

	inject("/t/first", "SIGKILL", "reply:stage.item");
	tell("/t/first", "stage.item", "{\"number\":1}");
	expect_node("t", "/t/first", "running", 2, SOON_MS);
	expect_counts(1, 1);
	inject("/t/first", "segv", "reply:stage.sum");
	json_t *sum = ask("/t/first", "stage.sum", "{}");
	expect_number(sum, "count", 1);
	expect_number(sum, "incarnation", 2);
	json_decref(sum);
	expect_node("t", "/t/first", "running", 3, SOON_MS);
	tree_down(tree);
}
END_TEST

/* Also where the answer needs nothing to outlive the process: it goes by the lane before the message is done, and says that it is. */
START_TEST(a_reply_that_is_slow)
{
	struct process *tree = one_victim("");

	inject("/t/a", "slow:2000", "reply:victim.ping");
	expect_command(75, "^$", "TRACTOR_ETIMEDOUT", "ask", "/t/a", "victim.ping", "{}", "--timeout",
		"200ms", NULL);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	inject("/t/a", "SIGKILL", "reply:victim.ping");
	expect_command(1, "^$", "TRACTOR_ECRASHED", "ask", "/t/a", "victim.ping", NULL);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

/* Not at the first, not at another message: at the third of this one, and with it in hand. */
START_TEST(inject_at_the_third_message)
{
	struct process *tree = one_victim("");

	inject("/t/a", "segv", "victim.note:3");
	tell("/t/a", "victim.note", "{\"number\":1}");
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tell("/t/a", "victim.note", "{\"number\":2}");
	json_decref(ask("/t/a", "victim.ping", "{}"));
	expect_crashes(NULL, 0);
	tell("/t/a", "victim.note", "{\"number\":3}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	json_t *report = crash_of("/t/a", 1);
	expect_text(report, "signal", "SIGSEGV");
	expect_text(report, "message.name", "note");
	expect_number(report, "message.fields.number", 3);
	json_decref(report);
	tell("/t/a", "victim.note", "{\"number\":4}"); /* once is once */
	json_decref(ask("/t/a", "victim.ping", "{}"));
	ck_assert_int_eq(expect_node("t", "/t/a", "running", 2, SOON_MS).incarnation, 2);
	tree_down(tree);
}
END_TEST

/* Which of 12 asks were refused. */
static unsigned
refused_of_12(const char *seed)
{
	struct process *tree = one_victim("");
	unsigned refused = 0;

	expect_command(0, "^$", "^$", "inject", "/t/a", "fail", "--at", "victim.ping", "--probability", "0.5",
		"--seed", seed, NULL);
	for (unsigned i = 0; i < 12; i++) {
		struct run_result result = run_command(tractor_command(), "ask", "/t/a", "victim.ping", NULL);
		refused |= (unsigned)(result.exit_code != 0) << i;
		run_result_free(&result);
	}
	tree_down(tree);
	return refused;
}

START_TEST(the_same_seed_is_the_same_run)
{
	unsigned first = refused_of_12("7");

	ck_assert_uint_ne(first, 0);
	ck_assert_uint_ne(first, 0xfff);
	ck_assert_uint_eq(refused_of_12("7"), first);
	ck_assert_uint_ne(refused_of_12("8"), first);
}
END_TEST

START_TEST(inject_what_cannot_be)
{
	struct process *tree = small_tree_up();

	expect_command(2, "^$", "did you mean \"segv\"", "inject", "/t/a", "segf", NULL);
	expect_command(2, "^$", "which exit\\? exit:0 to exit:255", "inject", "/t/a", "exit:300", NULL);
	expect_command(2, "^$", "segv has no number", "inject", "/t/a", "segv:3", NULL);
	expect_command(2, "^$", "leave the place \\(at\\) out", "inject", "/t/a", "kill", "--at",
		"victim.note", NULL);
	expect_command(
		2, "^$", "did you mean victim.note\\?", "inject", "/t/a", "segv", "--at", "victim.not", NULL);
	expect_command(4, "^$", "is a supervisor, not an actor", "inject", "/t/s", "segv", NULL);
	expect_crashes(NULL, 0);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("inject");

	SCENARIO_CASE(suite, "at once", 30, inject_segv, inject_abort, inject_exit, inject_exit_0,
		inject_hang, inject_kill, inject_stop);
	SCENARIO_CASE(suite, "in hand", 60, every_way_to_die, a_corrupted_heap);
	SCENARIO_CASE(suite, "hurts", 30, what_only_hurts, no_more_memory);
	SCENARIO_CASE(suite, "places", 30, a_start_that_fails, a_stop_that_is_refused,
		before_and_after_a_handler, before_the_reply, a_reply_that_is_slow,
		inject_at_the_third_message, the_same_seed_is_the_same_run);
	SCENARIO_CASE(suite, "refused", 30, inject_what_cannot_be);
	return suite;
}
