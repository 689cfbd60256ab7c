/*
 * atomic_test.c: a durable actor's handler happens whole or not at all: what it told, forwarded and replied is seen if its state is, and otherwise none of it. That this holds at every
 * instruction is for tests/atomic.
 */
#include <signal.h>
#include <stdio.h>

#include "trees.h"

/* /t/first tells /t/second; `more` is more of first's spec. */
static struct process *
pipeline(const char *more, const char *more_of_second)
{
	return tree_up("{name: t, intensity: 10, children: [%s, %s]}",
		actor_line_with("second", "stage", "%s", more_of_second),
		actor_line_with("first", "stage", "args: {next: /t/second}%s", more));
}

static void
expect_count(const char *path, int64_t count)
{
	json_t *sum = ask(path, "stage.sum", "{}");

	expect_number(sum, "count", count);
	json_decref(sum);
}

struct wanted_count {
	const char *path;
	int64_t count;
};

static bool
has_count(void *arg)
{
	const struct wanted_count *wanted = arg;
	json_t *sum = ask(wanted->path, "stage.sum", "{}");
	bool has = number_at(sum, "count") == wanted->count;

	json_decref(sum);
	return has;
}

/* Both have had that many, at last. */
static void
expect_both(int64_t count)
{
	struct wanted_count wanted = { .path = "/t/second", .count = count };

	expect_count("/t/first", count);
	ck_assert_msg(
		wait_until(SOON_MS, has_count, &wanted), "the second stage has not %lld", (long long)count);
}

static void
item(int number, const char *how)
{
	tell("/t/first", "stage.item", "{\"number\":%d,\"how\":\"%s\"}", number, how);
}

START_TEST(what_a_handler_told_before_it_crashed_was_never_said)
{
	struct process *tree = pipeline("", "");

	item(1, "plain");
	item(2, "panic");
	expect_node("t", "/t/first", "running", 2, SOON_MS);
	item(3, "plain");
	expect_both(2);
	item(4, "find"); /* looking for somebody ends nothing */
	expect_node("t", "/t/first", "running", 3, SOON_MS);
	expect_both(2);
	tree_down(tree);
}
END_TEST

START_TEST(an_ask_sends_what_was_held)
{
	struct process *tree = pipeline("", "");

	item(1, "ask");
	expect_output(tree, "^/t/first: the next stage has 1$", SOON_MS);
	expect_node("t", "/t/first", "running", 2, SOON_MS);
	expect_count("/t/first", 0); /* and that ended the guarantee */
	expect_count("/t/second", 1);
	tree_down(tree);
}
END_TEST

START_TEST(a_redelivered_message_is_processed_exactly_once)
{
	struct process *tree = pipeline(", redeliver: true", "");

	item(1, "panic_once");
	item(2, "plain");
	expect_node("t", "/t/first", "running", 2, SOON_MS);
	expect_both(2);
	tree_down(tree);
}
END_TEST

START_TEST(a_duty_that_was_handed_on_before_a_crash_was_not)
{
	struct process *tree = pipeline("", "");

	expect_command(1, "^$", "TRACTOR_ECRASHED", "ask", "/t/first", "stage.relay",
		"{\"number\":1,\"how\":\"panic\"}", NULL);
	expect_node("t", "/t/first", "running", 2, SOON_MS);
	expect_both(0);
	json_t *sum = ask("/t/first", "stage.relay", "{\"number\":1,\"how\":\"plain\"}");
	expect_number(sum, "count", 1); /* the second's: told first, then asked */
	json_decref(sum);
	expect_both(1);
	tree_down(tree);
}
END_TEST

/* More than the mailbox takes: the handler is not held up; the next one is, until there is room. */
START_TEST(a_full_mailbox_holds_up_the_next_handler)
{
	struct process *tree = pipeline("", "mailbox: 4");

	tell("/t/second", "stage.item", "{\"number\":300,\"how\":\"nap\"}");
	item(100, "many");
	item(1, "plain");
	expect_count("/t/first", 2);
	expect_count("/t/second", 102);
	tree_down(tree);
}
END_TEST

START_TEST(too_much_for_one_handler_is_an_error_there)
{
	struct process *tree = pipeline("", "");

	item(513, "many");
	expect_output(tree, "^/t/first: cannot tell: TRACTOR_EFULL$", SOON_MS);
	expect_count("/t/first", 1);
	expect_count("/t/second", 512);
	tree_down(tree);
}
END_TEST

/* There is nobody left who could be told, so it is a dead letter, and a line in the log. */
START_TEST(what_cannot_be_delivered_is_a_dead_letter)
{
	struct process *tree = pipeline("", "");

	item(1, "plain");
	expect_both(1);
	expect_command(0, "^$", "^$", "stop", "/t/second", NULL);
	item(2, "plain");
	expect_event("/t/second", "dead_letter", "stage.item from /t/first: the actor is gone for good");
	expect_output(tree, "^/t/first: a message that a handler had sent was not taken: ", SOON_MS);
	expect_count("/t/first", 2);
	tree_down(tree);
}
END_TEST

START_TEST(a_timer_is_part_of_what_a_handler_did)
{
	struct process *tree = pipeline("", "");
	struct wanted_count wanted = { .path = "/t/second", .count = 1 };

	item(1, "later");
	ck_assert_int_eq(kill(pid_of("/t/first"), SIGKILL), 0);
	expect_node("t", "/t/first", "running", 2, SOON_MS);
	ck_assert(wait_until(SOON_MS, has_count, &wanted));
	expect_both(1);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("atomic");

	SCENARIO_CASE(suite, "handlers", 30, what_a_handler_told_before_it_crashed_was_never_said,
		an_ask_sends_what_was_held, a_redelivered_message_is_processed_exactly_once,
		a_duty_that_was_handed_on_before_a_crash_was_not, a_full_mailbox_holds_up_the_next_handler,
		too_much_for_one_handler_is_an_error_there, what_cannot_be_delivered_is_a_dead_letter,
		a_timer_is_part_of_what_a_handler_did);
	return suite;
}
