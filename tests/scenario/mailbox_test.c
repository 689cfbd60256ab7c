/*
 * mailbox_test.c: mailboxes under load and across crashes: who floods fills only its own share; what was accepted reaches the actor once and in order, whichever incarnation it
 * is by then.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "trees.h"

static struct process *
tree_with_mailbox(const char *more)
{
	return tree_up("{name: t, intensity: 1000, children: [%s, %s, %s]}",
		actor_line_with("victim", "victim", "%s", more), actor_line("a", "courier"),
		actor_line("b", "courier"));
}

static void
expect_outcome(const char *courier, const char *message, const char *fields, const char *err, int64_t count)
{
	json_t *outcome = ask(courier, message, "%s", fields);

	expect_text(outcome, "err", err);
	if (count >= 0)
		expect_number(outcome, "count", count);
	json_decref(outcome);
}

/* The victim's notes are `first` to `last`, in order, and nothing else. */
static void
expect_notes(int64_t first, int64_t last)
{
	json_t *reply = ask("/t/victim", "victim.noted", "{}");
	const json_t *numbers = json_object_get(reply, "numbers");

	ck_assert_int_eq((int)json_array_size(numbers), (int)(last - first + 1));
	for (int64_t i = 0; i <= last - first; i++)
		ck_assert_int_eq(json_integer_value(json_array_get(numbers, (size_t)i)), first + i);
	json_decref(reply);
}

/* Until it is woken, or killed. */
static void
put_to_sleep(struct process *tree)
{
	tell("/t/victim", "victim.nap", "{\"ms\":60000}");
	expect_output(tree, "^/t/victim: asleep$", SOON_MS);
}

/* Until so many messages wait there. */
static void
expect_waiting(int64_t count)
{
	struct seen_node victim = { .mailbox = -1 };

	for (int64_t until = now_ms() + scaled_ms(SOON_MS); victim.mailbox < count && now_ms() < until;)
		ck_assert(seen_node_read("t", "/t/victim", &victim));
	ck_assert_int_ge(victim.mailbox, count);
}

/* A courier's ask, under way. */
static struct process *
start_asking(const char *courier, const char *message, const char *fields)
{
	return process_start(tractor_command(), "ask", courier, message, fields, "--timeout", "30s", NULL);
}

static void
expect_asked(struct process *asker, const char *outcome)
{
	expect_exit(asker, 0, SOON_MS);
	expect_match(process_output(asker), outcome);
}

/* --- shares --- */

START_TEST(a_flooder_fills_its_own_share_only)
{
	struct process *tree = tree_with_mailbox("mailbox: 8");

	put_to_sleep(tree);
	expect_outcome("/t/a", "courier.try_notes", "{\"who\":\"/t/victim\",\"first\":1,\"count\":1000}",
		"TRACTOR_EFULL", 8);
	/* Another one's is empty: its tell is taken at once, and its ask is answered when the victim comes round. */
	expect_outcome("/t/b", "courier.try_notes", "{\"who\":\"/t/victim\",\"first\":9,\"count\":1}",
		"TRACTOR_OK", 1);
	struct process *asker =
		start_asking("/t/b", "courier.ping", "{\"who\":\"/t/victim\",\"timeout_ms\":20000}");
	wake("/t/victim");
	expect_asked(asker, "\"err\":\"TRACTOR_OK\",\"count\":1\\b");
	expect_notes(1, 9);
	expect_outcome("/t/a", "courier.try_notes", "{\"who\":\"/t/victim\",\"first\":10,\"count\":1}",
		"TRACTOR_OK", 1);
	expect_notes(1, 10);
	tree_down(tree);
}
END_TEST

START_TEST(a_full_mailbox_makes_others_wait)
{
	struct process *tree = tree_with_mailbox("mailbox: 4");

	put_to_sleep(tree);
	struct process *sender =
		start_asking("/t/a", "courier.notes", "{\"who\":\"/t/victim\",\"first\":1,\"count\":50}");
	expect_waiting(4);
	ck_assert(!process_has_ended(sender));
	wake("/t/victim");
	expect_asked(sender, "\"err\":\"TRACTOR_OK\",\"count\":50");
	expect_notes(1, 50);
	tree_down(tree);
}
END_TEST

START_TEST(an_ask_that_waits_for_room_has_a_limit)
{
	struct process *tree = tree_with_mailbox("mailbox: 4");

	put_to_sleep(tree);
	expect_outcome("/t/a", "courier.try_notes", "{\"who\":\"/t/victim\",\"first\":1,\"count\":1000}",
		"TRACTOR_EFULL", 4);
	json_t *outcome = ask("/t/a", "courier.ping", "{\"who\":\"/t/victim\",\"timeout_ms\":300}");
	expect_text(outcome, "err", "TRACTOR_ETIMEDOUT");
	ck_assert_int_ge(number_at(outcome, "took_ms"), 300);
	ck_assert_int_lt(number_at(outcome, "took_ms"), scaled_ms(SOON_MS));
	json_decref(outcome);
	wake("/t/victim");
	json_decref(ask("/t/victim", "victim.ping", "{}"));
	expect_notes(1, 4); /* what was given up is not delivered later */
	tree_down(tree);
}
END_TEST

/* A loop of a shell is a flooder like any other, although each turn of it is another process. */
START_TEST(commands_fill_one_share_together)
{
	struct process *tree = tree_with_mailbox("mailbox: 3");

	put_to_sleep(tree);
	tell("/t/victim", "victim.note", "{\"number\":1}");
	tell("/t/victim", "victim.note", "{\"number\":2}");
	expect_command(75, "^$", "no room in its mailbox", "tell", "/t/victim", "victim.note",
		"{\"number\":9}", "--timeout", "100ms", NULL);
	struct process *third =
		process_start(tractor_command(), "tell", "/t/victim", "victim.note", "{\"number\":3}", NULL);
	wake("/t/victim"); /* it waits until there is room, or comes when there is */
	expect_exit(third, 0, SOON_MS);
	expect_notes(1, 3);
	tree_down(tree);
}
END_TEST

/* Depth is seen from outside. */
START_TEST(status_shows_what_waits)
{
	struct process *tree = tree_with_mailbox("");
	struct seen_node victim;

	put_to_sleep(tree);
	expect_outcome("/t/a", "courier.notes", "{\"who\":\"/t/victim\",\"first\":1,\"count\":100}",
		"TRACTOR_OK", 100);
	ck_assert(seen_node_read("t", "/t/victim", &victim));
	ck_assert_int_ge(victim.mailbox, 84); /* what the process was handed already may or may not count */
	wake("/t/victim");
	expect_notes(1, 100);
	ck_assert(seen_node_read("t", "/t/victim", &victim));
	ck_assert_int_eq(victim.mailbox, 0);
	tree_down(tree);
}
END_TEST

/* --- crashes --- */

START_TEST(what_waits_at_a_crash_is_delivered_once_and_in_order)
{
	struct process *tree = tree_with_mailbox("");

	put_to_sleep(tree);
	expect_outcome("/t/a", "courier.notes", "{\"who\":\"/t/victim\",\"first\":1,\"count\":300}",
		"TRACTOR_OK", 300);
	ck_assert_int_eq(kill(pid_of("/t/victim"), SIGKILL), 0);
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	expect_notes(1, 300);
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "message.name", "nap");
	json_decref(report);
	tree_down(tree);
}
END_TEST

/* A message that kills in the middle of the others costs itself only. */
START_TEST(a_deadly_message_among_others)
{
	struct process *tree = tree_with_mailbox("");

	put_to_sleep(tree);
	for (int deadly = 0; deadly < 5; deadly++) {
		char fields[96];
		snprintf(fields, sizeof(fields), "{\"who\":\"/t/victim\",\"first\":%d,\"count\":40}",
			deadly * 40);
		expect_outcome("/t/a", "courier.notes", fields, "TRACTOR_OK", 40);
		tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	}
	expect_outcome("/t/a", "courier.notes", "{\"who\":\"/t/victim\",\"first\":200,\"count\":40}",
		"TRACTOR_OK", 40);
	wake("/t/victim");
	expect_node("t", "/t/victim", "running", 6, SOON_MS);
	expect_notes(200, 239); /* each incarnation began with what came after its predecessor's death */
	expect_crashes("/t/victim", 5);
	tree_down(tree);
}
END_TEST

/* Parked senders wait across the crash, too. */
START_TEST(a_crash_with_a_full_mailbox)
{
	struct process *tree = tree_with_mailbox("mailbox: 3");

	put_to_sleep(tree);
	struct process *sender =
		start_asking("/t/a", "courier.notes", "{\"who\":\"/t/victim\",\"first\":1,\"count\":60}");
	expect_waiting(3);
	ck_assert_int_eq(kill(pid_of("/t/victim"), SIGKILL), 0);
	expect_asked(sender, "\"err\":\"TRACTOR_OK\",\"count\":60");
	expect_notes(1, 60);
	tree_down(tree);
}
END_TEST

/* --- asks --- */

START_TEST(asks_of_one_that_is_stopped)
{
	struct process *tree = tree_with_mailbox("");

	put_to_sleep(tree);
	pid_t victim = pid_of("/t/victim");
	/* One that waits when it is stopped, and one that comes when it is gone: neither waits for its limit. */
	struct process *asker =
		start_asking("/t/a", "courier.ping", "{\"who\":\"/t/victim\",\"timeout_ms\":30000}");
	expect_waiting(1);
	struct process *stopper = process_start(tractor_command(), "stop", "/t/victim", NULL);
	expect_node("t", "/t/victim", "stopping", 1, SOON_MS);
	ck_assert_int_eq(kill(victim, SIGUSR1), 0);
	expect_exit(stopper, 0, SOON_MS);
	expect_asked(asker, "TRACTOR_ESTOPPED");
	json_t *outcome = ask("/t/b", "courier.ping", "{\"who\":\"/t/victim\",\"timeout_ms\":30000}");
	expect_text(outcome, "err", "TRACTOR_ESTOPPED");
	ck_assert_int_lt(number_at(outcome, "took_ms"), scaled_ms(SOON_MS));
	json_decref(outcome);
	expect_outcome("/t/b", "courier.notes", "{\"who\":\"/t/victim\",\"first\":1,\"count\":1}",
		"TRACTOR_ESTOPPED", 0);
	tree_down(tree);
}
END_TEST

/* The asker was told instead that the reason did not fit where replies are noted. */
START_TEST(a_reason_that_is_too_long_to_be_noted)
{
	struct process *tree = tree_with_mailbox("");
	char fields[2048];

	snprintf(fields, sizeof(fields), "{\"how\":\"%01500d\"}", 7);
	expect_command(1, "^$", "there is no way \"0+7\"", "ask", "/t/victim", "victim.perish", fields, NULL);
	tree_down(tree);
}
END_TEST

START_TEST(an_ask_across_a_restart)
{
	struct process *tree = tree_with_mailbox("backoff: {initial: 2s, jitter: 0}");

	ck_assert_int_eq(kill(pid_of("/t/victim"), SIGKILL), 0);
	expect_node("t", "/t/victim", "waiting", 1, SOON_MS);
	expect_outcome(
		"/t/a", "courier.ping", "{\"who\":\"/t/victim\",\"timeout_ms\":5000}", "TRACTOR_OK", 2);
	tree_down(tree);
}
END_TEST

/* --- crashes under load --- */

/* The notes from `first` on, of one sender among others, are there in order and none is missing. */
static void
expect_row(const json_t *numbers, int64_t first, int64_t count)
{
	int64_t expected = first;
	const json_t *number;
	size_t i;

	json_array_foreach(numbers, i, number)
	{
		int64_t value = json_integer_value(number);
		if (value < first || value >= first + 100000)
			continue;
		ck_assert_msg(value == expected, "%lld where %lld should be", (long long)value,
			(long long)expected);
		expected++;
	}
	ck_assert_int_eq(expected, first + count);
}

#define ROUNDS 8
#define LOAD 250 /* of each sender in each round: takes longer than it takes to kill */

/* Both couriers tell the next row of notes while the victim is killed, twice if there is time. */
static void
kill_under_load(int round, int *kills)
{
	struct process *senders[2];

	for (int i = 0; i < 2; i++) {
		char fields[96], path[] = "/t/a";
		path[3] = (char)('a' + i);
		snprintf(fields, sizeof(fields), "{\"who\":\"/t/victim\",\"first\":%d,\"count\":%d}",
			(i + 1) * 100000 + round * LOAD, LOAD);
		senders[i] = process_start(
			tractor_command(), "ask", path, "courier.notes", fields, "--timeout", "60s", NULL);
	}
	do {
		kill(expect_node("t", "/t/victim", "running", *kills + 1, SOON_MS).pid, SIGKILL);
		++*kills;
	} while (!process_has_ended(senders[0]) && *kills < 2 * (round + 1));
	for (int i = 0; i < 2; i++) {
		expect_exit(senders[i], 0, 20000);
		expect_match(process_output(senders[i]), "\"err\":\"TRACTOR_OK\",\"count\":250");
		process_close(senders[i]);
	}
}

/* Durable, and what was in hand is handed over again: nothing accepted is lost, doubled or out of order. */
START_TEST(kills_under_load_lose_nothing)
{
	struct process *tree = tree_up("{name: t, intensity: 1000, children: [%s, %s, %s]}",
		actor_line_with("victim", "ledger", "redeliver: true, mailbox: 32"),
		actor_line("a", "courier"), actor_line("b", "courier"));
	int kills = 0;

	for (int round = 0; round < ROUNDS; round++)
		kill_under_load(round, &kills);
	json_t *reply = ask("/t/victim", "victim.noted", "{}");
	expect_row(json_object_get(reply, "numbers"), 100000, (int64_t)ROUNDS * LOAD);
	expect_row(json_object_get(reply, "numbers"), 200000, (int64_t)ROUNDS * LOAD);
	ck_assert_uint_eq(json_array_size(json_object_get(reply, "numbers")), (size_t)2 * ROUNDS * LOAD);
	json_decref(reply);
	tree_down(tree);
}
END_TEST

/* The state is that from before the deadly message, whatever its handler had done to it. */
START_TEST(durable_state_is_whole_after_a_panic)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s, %s]}",
		actor_line("victim", "ledger"), actor_line("a", "courier"));

	expect_outcome("/t/a", "courier.notes", "{\"who\":\"/t/victim\",\"first\":1,\"count\":25}",
		"TRACTOR_OK", 25);
	expect_outcome(
		"/t/a", "courier.kill", "{\"who\":\"/t/victim\",\"how\":\"now\"}", "TRACTOR_ECRASHED", 1);
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	expect_notes(1, 25);
	expect_errors(tree, "^/t/victim: incarnation 2 goes on: with the state as it was before the panic$",
		SOON_MS);
	tree_down(tree);
}
END_TEST

/* With redelivery, too: at its second crash it is put away. */
START_TEST(a_message_that_kills_twice_is_quarantined)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s, %s]}",
		actor_line_with("victim", "ledger", "redeliver: true"), actor_line("a", "courier"));

	expect_outcome(
		"/t/a", "courier.kill", "{\"who\":\"/t/victim\",\"how\":\"now\"}", "TRACTOR_ECRASHED", 1);
	expect_node("t", "/t/victim", "running", 3, SOON_MS);
	expect_errors(tree, "^/t/victim: quarantined: victim.perish was in hand at two crashes$", SOON_MS);
	expect_crashes("/t/victim", 2);
	json_decref(ask("/t/victim", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("mailbox");

	SCENARIO_CASE(suite, "shares", 30, a_flooder_fills_its_own_share_only,
		a_full_mailbox_makes_others_wait, an_ask_that_waits_for_room_has_a_limit,
		status_shows_what_waits, commands_fill_one_share_together);
	SCENARIO_CASE(suite, "crashes", 30, what_waits_at_a_crash_is_delivered_once_and_in_order,
		a_deadly_message_among_others, a_crash_with_a_full_mailbox);
	SCENARIO_CASE(suite, "asks", 30, asks_of_one_that_is_stopped, an_ask_across_a_restart,
		a_reason_that_is_too_long_to_be_noted);
	SCENARIO_CASE(suite, "durable", 60, kills_under_load_lose_nothing,
		durable_state_is_whole_after_a_panic, a_message_that_kills_twice_is_quarantined);
	return suite;
}
