/*
 * bypass_test.c: what goes past the supervisor is as good as what goes by it: one order, the same errors, the same bounds; and circles are seen.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gossips.h"
#include "lane.h"

#define GLANCE_MS 300

struct sight {
	const char *path;
	int64_t count;
};

static bool
has_seen(void *arg)
{
	const struct sight *sight = arg;
	json_t *seen = ask(sight->path, "gossip.seen", "{}");
	bool has = number_at(seen, "count") >= sight->count;

	json_decref(seen);
	return has;
}

/* What a command asks need not come behind what another has sent. */
static void
expect_seen(const char *path, int64_t count)
{
	ck_assert(wait_until(SOON_MS, has_seen, &(struct sight){ path, count }));
	json_t *seen = ask(path, "gossip.seen", "{}");

	expect_number(seen, "wrong", 0);
	expect_number(seen, "count", count);
	json_decref(seen);
}

START_TEST(tells_and_asks_of_all_sizes_keep_one_order)
{
	struct process *tree = gossips("");

	expect_run("/t/a", "gossip.tells", "/t/b", 1, 3000, 0);
	ck_assert(wait_until(SOON_MS, has_bypass, "/t/a"));
	expect_run("/t/a", "gossip.tells", "/t/b", 3001, 3000, 50);
	expect_run("/t/a", "gossip.mixes", "/t/b", 6001, 2000, 0);
	expect_run("/t/a", "gossip.tells", "/t/b", 8001, 3000, 7);
	expect_seen("/t/b", 11000);
	down(tree);
}
END_TEST

static long
size_of_log(const char *file)
{
	struct stat about;

	return stat(file, &about) == 0 ? (long)about.st_size : 0;
}

static bool
has_grown(void *arg)
{
	return size_of_log(scenario_path("b.log")) > *(const long *)arg;
}

/* Whether b hears of a while the supervisor is stopped. Before that it had time enough to pass on more than one mark. */
static bool
goes_past(void *arg)
{
	struct process *tree = arg;
	long enough = size_of_log(scenario_path("b.log")) + 100000;

	ck_assert(wait_until(SOON_MS, has_grown, &enough));
	process_signal(tree, SIGSTOP);
	long size = size_of_log(scenario_path("b.log")) + 10000; /* what was in its hands comes still */
	bool grows = wait_until(GLANCE_MS, has_grown, &size);
	process_signal(tree, SIGCONT);
	return grows;
}

/* The supervisor took the first for one that was still on its way, and never passed on another. */
START_TEST(a_mark_that_is_delivered_at_once)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	expect_run("/t/a", "gossip.tells", "/t/b", 1, 300, 50);
	tell("/t/a", "gossip.tells_on", "{\"to\":\"/t/b\",\"first\":301,\"count\":0,\"large_each\":0}");
	ck_assert(wait_until(4 * SOON_MS, goes_past, tree));
	down(tree);
}
END_TEST

START_TEST(each_kind_of_answer_comes)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	expect_one("/t/a", "/t/b", "echo", "/t/c", 7, "TRACTOR_OK", 7);
	expect_one("/t/a", "/t/b", "large", "/t/c", 100, "TRACTOR_OK", 100);
	expect_one("/t/a", "/t/b", "large", "/t/c", 150000, "TRACTOR_OK", 150000); /* by the supervisor */
	expect_one("/t/a", "/t/b", "hand_on", "/t/c", 8, "TRACTOR_OK", 8);
	expect_run("/t/c", "gossip.asks", "/t/b", 0, ENOUGH, 0);
	struct process *later = process_start(tractor_command(), "ask", "/t/a", "gossip.ask_one",
		"{\"to\":\"/t/b\",\"what\":\"later\",\"other\":\"/t/c\",\"number\":9}", NULL);
	/* It is deferred when b has seen it; that c's items come behind it nobody promises, so as many come as it takes. */
	for (int i = 1; !process_has_ended(later); i++)
		expect_run("/t/c", "gossip.tells", "/t/b", i, 1, 0);
	expect_exit(later, 0, SOON_MS);
	expect_one("/t/a", "/t/b", "echo", "/t/c", 10, "TRACTOR_OK", 10);
	down(tree);
}
END_TEST

/* Both have a bypass to the other: then asks of one of them go by the supervisor, which sees the circle. */
START_TEST(a_circle_is_seen)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	expect_run("/t/b", "gossip.asks", "/t/a", 0, ENOUGH, 0);
	expect_run("/t/b", "gossip.asks", "/t/c", 0, ENOUGH, 0);
	for (int i = 0; i < 20; i++) {
		expect_one("/t/a", "/t/b", "ask_back", "/t/a", 1, "TRACTOR_EDEADLOCK", 0);
		expect_one("/t/b", "/t/a", "ask_back", "/t/b", 1, "TRACTOR_EDEADLOCK", 0);
		expect_one("/t/a", "/t/b", "ask_back", "/t/c", 1, "TRACTOR_OK", 1);
	}
	down(tree);
}
END_TEST

START_TEST(a_full_mailbox)
{
	struct process *tree = gossips(", mailbox: 4");

	lay("/t/a", "/t/b");
	tell("/t/b", "gossip.nap", "{\"ms\":1500}");
	json_t *did = run("/t/a", "gossip.tries", "/t/b", 1, 100, 0);
	expect_text(did, "error", "TRACTOR_EFULL");
	int64_t tried = number_at(did, "number");
	ck_assert_int_ge(tried, 3);
	ck_assert_int_le(tried, 5); /* whether the nap is in hand is b's affair */
	json_decref(did);
	expect_run("/t/a", "gossip.tells", "/t/b", (int)tried + 1, 500, 0); /* waits for room, each time */
	expect_seen("/t/b", tried + 500);
	down(tree);
}
END_TEST

/* What one may have waiting is one number, by whichever way it goes: here the fourth goes roundabout, and so do those behind it. */
START_TEST(a_mailbox_that_is_filled_both_ways)
{
	struct process *tree = gossips(", mailbox: 6");

	lay("/t/a", "/t/b");
	tell("/t/b", "gossip.nap", "{\"ms\":1500}");
	json_t *did = run("/t/a", "gossip.tries", "/t/b", 1, 100, 4);
	expect_text(did, "error", "TRACTOR_EFULL");
	int64_t tried = number_at(did, "number");
	ck_assert_int_ge(tried, 5);
	ck_assert_int_le(tried, 7);
	json_decref(did);
	expect_run("/t/a", "gossip.tells", "/t/b", (int)tried + 1, 500, 4);
	expect_seen("/t/b", tried + 500);
	down(tree);
}
END_TEST

/* What one may have waiting is the mailbox's to say, not the lane's. */
START_TEST(a_mailbox_with_more_room_than_a_lane)
{
	struct process *tree = gossips(", mailbox: 3000");
	const int many = TRI_LANE_BYTES / 24; /* the least that an item takes there: more than fit */

	lay("/t/a", "/t/b");
	tell("/t/b", "gossip.nap", "{\"ms\":4000}");
	expect_run("/t/a", "gossip.tries", "/t/b", 1, many, 0);
	expect_seen("/t/b", many);
	tell("/t/b", "gossip.nap", "{\"ms\":600000}");
	expect_run("/t/a", "gossip.tells", "/t/b", many + 1, many, 0);
	ck_assert_int_eq(kill(pid_of("/t/b"), SIGKILL), 0);
	expect_node("t", "/t/b", "running", 2, SOON_MS);
	expect_seen("/t/b", many);
	down(tree);
}
END_TEST

/* Its bypass is never empty; what comes by the supervisor is heard all the same. */
START_TEST(a_flood_drowns_nobody_else)
{
	struct process *tree = gossips("");

	tell("/t/a", "gossip.tells_on", "{\"to\":\"/t/b\",\"first\":1,\"count\":0,\"large_each\":0}");
	ck_assert(wait_until(SOON_MS, has_bypass, "/t/b"));
	for (int i = 0; i < 10; i++) {
		json_decref(ask("/t/b", "gossip.echo", "{\"number\":1}"));
		expect_one("/t/c", "/t/b", "echo", "/t/c", i, "TRACTOR_OK", i);
	}
	expect_command(0, "^$", "^$", "stop", "/t/b", NULL);
	expect_command(0, NULL, "^$", "status", "/t/b", NULL);
	down(tree);
}
END_TEST

/* What is in hand past the supervisor it would not see begin. */
START_TEST(one_whose_handlers_have_a_limit)
{
	struct process *tree = gossips(", handler_timeout: 1s");

	expect_run("/t/a", "gossip.asks", "/t/b", 0, ENOUGH, 0);
	ck_assert(!has_bypass("/t/a"));
	tell("/t/b", "gossip.nap", "{\"ms\":600000}");
	json_decref(crash_of("/t/b", 1));
	expect_one("/t/a", "/t/b", "echo", "/t/c", 1, "TRACTOR_OK", 1);
	down(tree);
}
END_TEST

/* The ids of the two are 8 apart, as many as there are tallies: they would have the same. */
START_TEST(who_sends_to_two_in_turn)
{
	struct process *tree = tree_up("{name: t, children: [%s, %s, %s, %s, %s, %s, %s, %s, %s, %s]}",
		actor_line("a", "gossip"), actor_line("b", "gossip"), actor_line("c", "victim"),
		actor_line("d", "victim"), actor_line("e", "victim"), actor_line("f", "victim"),
		actor_line("g", "victim"), actor_line("h", "victim"), actor_line("i", "victim"),
		actor_line("j", "gossip"));

	for (int number = 1; number <= ENOUGH; number++) {
		expect_run("/t/a", "gossip.tells", "/t/b", number, 1, 0);
		expect_run("/t/a", "gossip.tells", "/t/j", number, 1, 0);
	}
	ck_assert(wait_until(SOON_MS, has_bypass, "/t/b"));
	ck_assert(wait_until(SOON_MS, has_bypass, "/t/j"));
	expect_seen("/t/b", ENOUGH);
	expect_seen("/t/j", ENOUGH);
	tree_down(tree);
}
END_TEST

START_TEST(lanes_off_means_bypasses_too)
{
	struct process *tree = gossips(", lanes: off");

	expect_run("/t/a", "gossip.asks", "/t/b", 0, ENOUGH, 0);
	ck_assert(!has_bypass("/t/a"));
	ck_assert(!has_bypass("/t/b"));
	lay("/t/a", "/t/c");
	down(tree);
}
END_TEST

/* The answer is made and has not gone out, as it is where the supervisor passes it on. */
START_TEST(a_fault_just_before_the_answer)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	expect_command(0, "^$", "^$", "inject", "/t/b", "SIGKILL", "--at", "reply:gossip.echo:2", NULL);
	expect_one("/t/a", "/t/b", "echo", "/t/c", 1, "TRACTOR_OK", 1);
	expect_one("/t/a", "/t/b", "echo", "/t/c", 2, "TRACTOR_ECRASHED", 0);
	ck_assert_str_eq(expect_node("t", "/t/b", "running", 2, SOON_MS).last_exit, "SIGKILL");
	lay("/t/a", "/t/b");
	expect_command(0, "^$", "^$", "inject", "/t/b", "SIGKILL", "--at", "reply:gossip.large", NULL);
	expect_one("/t/a", "/t/b", "large", "/t/c", 150000, "TRACTOR_ECRASHED", 0); /* by the supervisor */
	expect_node("t", "/t/b", "running", 3, SOON_MS);
	down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("bypass");

	SCENARIO_CASE(suite, "bypass", 60, tells_and_asks_of_all_sizes_keep_one_order,
		a_mark_that_is_delivered_at_once, each_kind_of_answer_comes, a_circle_is_seen, a_full_mailbox,
		a_mailbox_that_is_filled_both_ways, a_mailbox_with_more_room_than_a_lane,
		a_flood_drowns_nobody_else, one_whose_handlers_have_a_limit, a_fault_just_before_the_answer,
		who_sends_to_two_in_turn, lanes_off_means_bypasses_too);
	return suite;
}
