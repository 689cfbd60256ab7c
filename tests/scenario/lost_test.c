/* lost_test.c: messages that no handler will see can be looked at; those in quarantine can be sent again, or forgotten. */
#include <stdio.h>

#include "trees.h"

static struct process *
one_stage(void)
{
	return tree_up("{name: t, intensity: 10, children: [%s]}",
		actor_line_with("first", "stage", "redeliver: true"));
}

/* Of quarantine, or of the dead letters. To be released by the caller. */
static json_t *
letters(const char *command)
{
	return run_json(tractor_command(), command, "--json", "-t", "t", NULL);
}

static size_t
count_of(const json_t *list)
{
	return json_array_size(json_object_get(list, "letters"));
}

static bool
is_in_quarantine(void *arg)
{
	json_t *list = letters("poison");
	bool is = count_of(list) == *(const size_t *)arg;

	json_decref(list);
	return is;
}

static void
expect_in_quarantine(size_t count)
{
	ck_assert_msg(wait_until(SOON_MS, is_in_quarantine, &count), "not %zu in quarantine", count);
}

static void
quarantine(const char *how, int incarnation_after)
{
	tell("/t/first", "stage.item", "{\"number\":41,\"how\":\"%s\"}", how);
	expect_node("t", "/t/first", "running", incarnation_after, SOON_MS);
	expect_in_quarantine(1);
}

START_TEST(what_is_in_quarantine_can_be_looked_at)
{
	struct process *tree = one_stage();

	expect_command(0, "^$", "^tractor: there are none$", "poison", NULL);
	quarantine("panic", 3);
	expect_command(0, "^ *N +TIME +PATH.*\n *1 .* /t/first +stage\\.item +outside +18 .*-first-2\n$",
		"^$", "poison", "list", NULL);
	json_t *shown = run_json(tractor_command(), "poison", "show", "1", "--json", "-t", "t", NULL);
	expect_text(shown, "message", "stage.item");
	expect_number(shown, "fields.number", 41);
	expect_text(shown, "fields.how", "panic");
	const json_t *crashes = json_object_get(shown, "crashes");
	ck_assert_uint_eq(json_array_size(crashes), 2);
	for (int i = 0; i < 2; i++) {
		json_t *report = crash_of("/t/first", i + 1);
		expect_text(report, "id", json_string_value(json_array_get(crashes, (size_t)i)));
		expect_text(report, "message.digest", text_at(shown, "digest"));
		json_decref(report);
	}
	json_decref(shown);
	expect_command(0, "message +stage\\.item\n", "^$", "poison", "show", "1", NULL);
	expect_command(0, "^$", "^tractor: there are none$", "poison", "list", "/t/second", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(what_is_in_quarantine_can_be_sent_again)
{
	struct process *tree = one_stage();

	quarantine("panic_twice", 3);
	expect_command(0, "^$", "^$", "poison", "requeue", "1", NULL);
	json_t *sum = ask("/t/first", "stage.sum", "{}");
	expect_number(sum, "count", 1);
	json_decref(sum);
	expect_in_quarantine(0);
	expect_command(1, "^$", "nothing in quarantine has the number 1; see: tractor poison list", "poison",
		"requeue", "1", NULL);
	tree_down(tree);
}
END_TEST

/* An ask that is sent again is the command's own: it has the answer. */
START_TEST(an_ask_in_quarantine_is_answered_to_who_sends_it_again)
{
	struct process *tree = one_stage();

	expect_command(1, "^$", "TRACTOR_ECRASHED", "ask", "/t/first", "stage.relay",
		"{\"number\":1,\"how\":\"panic_twice\"}", NULL);
	expect_node("t", "/t/first", "running", 3, SOON_MS);
	expect_in_quarantine(1);
	expect_command(0, "^\\{\"count\":0,", "^$", "poison", "requeue", "1", NULL);
	expect_in_quarantine(0);
	tree_down(tree);
}
END_TEST

START_TEST(what_kills_again_is_back_and_can_be_forgotten)
{
	struct process *tree = one_stage();

	quarantine("panic", 3);
	expect_command(0, "^$", "^$", "poison", "requeue", "1", NULL);
	expect_node("t", "/t/first", "running", 4, SOON_MS); /* once more is enough */
	expect_in_quarantine(1);
	expect_command(1, "^$", "number 1;", "poison", "drop", "1", NULL);
	expect_command(0, "^$", "^$", "poison", "drop", "2", NULL);
	expect_in_quarantine(0);
	expect_command(0, "^$", "^$", "poison", "drop", "all", NULL);
	expect_command(2, "^$", "poison drop which\\? give a number of: tractor poison list", "poison",
		"drop", NULL);
	expect_command(2, "^$", "poison show which\\?", "poison", "show", "all", NULL);
	expect_command(2, "^$", "did you mean \"requeue\"", "poison", "requeu", "1", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(dead_letters_are_counted_and_the_last_ones_listed)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s, %s]}",
		actor_line("a", "victim"), actor_line_with("b", "victim", "shutdown: kill"));

	expect_command(0, "^$", "^tractor: there are none$", "dead-letters", NULL);
	tell("/t/b", "victim.nap", "{\"ms\":60000}");
	for (int i = 0; i < 110; i++)
		tell("/t/b", "victim.note", "{\"number\":%d}", i);
	expect_command(0, "^$", "^$", "stop", "/t/b", NULL);
	json_t *list = letters("dead-letters");
	ck_assert_uint_eq(count_of(list), 100);
	ck_assert_int_ge(number_at(list, "total"), 110);
	const json_t *last = json_array_get(json_object_get(list, "letters"), 99);
	expect_text(last, "path", "/t/b");
	expect_text(last, "message", "victim.note");
	expect_text(last, "error", "TRACTOR_ESTOPPED");
	json_decref(list);
	expect_command(0, "/t/b +victim\\.note +outside +8 +the actor is gone for good\n", "^$",
		"dead-letters", "/t/b", NULL);
	expect_command(0, "^$", "^tractor: there are none$", "dead-letters", "/t/a", NULL);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("lost");

	SCENARIO_CASE(suite, "quarantine", 30, what_is_in_quarantine_can_be_looked_at,
		what_is_in_quarantine_can_be_sent_again,
		an_ask_in_quarantine_is_answered_to_who_sends_it_again,
		what_kills_again_is_back_and_can_be_forgotten);
	SCENARIO_CASE(suite, "dead letters", 60, dead_letters_are_counted_and_the_last_ones_listed);
	return suite;
}
