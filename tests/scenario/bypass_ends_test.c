/*
 * bypass_ends_test.c: an end of a bypass dies, or is stopped, or the supervisor is, at any moment: nothing is lost but what was in hand, nothing comes twice, and all in its order.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gossips.h"

#define KILLS 12

START_TEST(a_crash_is_the_askers_to_hear)
{
	struct process *tree = gossips("");

	for (int i = 1; i <= 3; i++) {
		lay("/t/a", "/t/b");
		expect_one("/t/a", "/t/b", "crash", "/t/c", 1, "TRACTOR_ECRASHED", 0);
		json_t *report = crash_of("/t/b", i);
		expect_text(report, "message.name", "crash");
		expect_text(report, "sender", "/t/a");
		json_decref(report);
		expect_one("/t/a", "/t/b", "echo", "/t/c", i, "TRACTOR_OK", i);
	}
	down(tree);
}
END_TEST

/* All numbers of one kind in a file, in a map of what there is. How many there are more than once goes to *ret_twice, how many come behind a larger one to *ret_disorder. */
static int
read_log(const char *file, const char *kind, char *ret_seen, size_t size, int *ret_twice, int *ret_disorder)
{
	FILE *log = fopen(file, "re");
	char word[16];
	long long number, largest = 0;
	int highest = 0;

	ck_assert_ptr_nonnull(log);
	memset(ret_seen, 0, size);
	*ret_twice = *ret_disorder = 0;
	while (fscanf(log, "%15s %lld", word, &number) == 2) {
		if (strcmp(word, kind) != 0)
			continue;
		ck_assert(number > 0 && number < (long long)size);
		*ret_twice += ret_seen[number];
		*ret_disorder += number < largest;
		largest = number > largest ? number : largest;
		ret_seen[number] = 1;
		highest = number > highest ? (int)number : highest;
	}
	fclose(log);
	return highest;
}

#define NUMBERS_MAX 4000000
static char sent[NUMBERS_MAX], got[NUMBERS_MAX];

/* What is accepted and never came. */
static int
count_lost(int highest)
{
	int lost = 0;

	for (int i = 1; i <= highest; i++)
		lost += sent[i] && !got[i];
	return lost;
}

static bool
has_all(void *arg)
{
	json_t *status = run_json(tractor_command(), "status", "--json", "/t/b", NULL);
	bool idle = number_at(status, "root.mailbox") == 0;

	(void)arg;
	json_decref(status);
	return idle;
}

/* When all that a had sent is handled the logs are looked at: nothing came twice or out of its order, and of what was accepted no more was lost than that. */
static void
end(struct process *tree, int lost_at_most)
{
	int twice, disorder;

	ck_assert(wait_until(SOON_MS, has_all, NULL));
	expect_one("/t/c", "/t/b", "echo", "/t/c", 1, "TRACTOR_OK",
		1); /* behind all that a had sent: it waits no more */
	tree_down(tree);
	int highest = read_log(scenario_path("a.log"), "sent", sent, NUMBERS_MAX, &twice, &disorder);
	ck_assert_int_gt(highest, ENOUGH);
	read_log(scenario_path("b.log"), "got", got, NUMBERS_MAX, &twice, &disorder);
	ck_assert_int_eq(twice, 0);
	ck_assert_int_eq(disorder, 0);
	ck_assert_int_le(count_lost(highest), lost_at_most);
	remove_logs();
}

/* At any moment of b's, in and out of its handlers. Each kill costs at most the message in hand, and nothing comes twice. */
START_TEST(a_receiver_that_is_killed)
{
	struct process *tree = gossips("");

	srand(1);
	tell("/t/a", "gossip.tells_on", "{\"to\":\"/t/b\",\"first\":1,\"count\":0,\"large_each\":%d}", 97);
	for (int i = 1; i <= KILLS; i++) {
		ck_assert(wait_until(SOON_MS, has_bypass, "/t/b"));
		usleep((useconds_t)rand() % 5000); /* any moment will do */
		ck_assert_int_eq(kill(pid_of("/t/b"), SIGKILL), 0);
		expect_node("t", "/t/b", "running", i + 1, SOON_MS);
	}
	ck_assert_int_eq(kill(pid_of("/t/a"), SIGKILL), 0);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	end(tree, KILLS);
}
END_TEST

/* At any moment of a's: what it knows to be sent comes. */
START_TEST(a_sender_that_is_killed)
{
	struct process *tree = gossips("");
	int twice, disorder, first = 1;

	srand(2);
	for (int i = 1; i <= KILLS; i++) {
		tell("/t/a", "gossip.tells_on",
			"{\"to\":\"/t/b\",\"first\":%d,\"count\":0,\"large_each\":%d}", first, 97);
		ck_assert(wait_until(SOON_MS, has_bypass, "/t/a"));
		usleep((useconds_t)rand() % 5000);
		ck_assert_int_eq(kill(pid_of("/t/a"), SIGKILL), 0);
		expect_node("t", "/t/a", "running", i + 1, SOON_MS);
		/* One may be sent and not written down. */
		first = 2 + read_log(scenario_path("a.log"), "sent", sent, NUMBERS_MAX, &twice, &disorder);
	}
	end(tree, 0);
}
END_TEST

/* Both at one moment: what had not been handled is the next one's. */
START_TEST(both_are_killed)
{
	struct process *tree = gossips("");
	int twice, disorder, first = 1;

	srand(3);
	for (int i = 1; i <= KILLS; i++) {
		tell("/t/a", "gossip.tells_on",
			"{\"to\":\"/t/b\",\"first\":%d,\"count\":0,\"large_each\":%d}", first, 97);
		ck_assert(wait_until(SOON_MS, has_bypass, "/t/a"));
		pid_t a = pid_of("/t/a"), b = pid_of("/t/b");
		usleep((useconds_t)rand() % 5000);
		ck_assert_int_eq(kill(i % 2 == 0 ? a : b, SIGKILL), 0);
		ck_assert_int_eq(kill(i % 2 == 0 ? b : a, SIGKILL), 0);
		expect_node("t", "/t/a", "running", i + 1, SOON_MS);
		expect_node("t", "/t/b", "running", i + 1, SOON_MS);
		first = 2 + read_log(scenario_path("a.log"), "sent", sent, NUMBERS_MAX, &twice, &disorder);
	}
	end(tree, KILLS);
}
END_TEST

/* It comes and goes, and closes all bypasses each time that its file is read anew: nothing is lost or out of its order. */
START_TEST(a_supervisor_that_is_stopped_and_reads_its_file_anew)
{
	struct process *tree = gossips("");
	pid_t supervisor = process_pid(tree);

	srand(4);
	tell("/t/a", "gossip.tells_on", "{\"to\":\"/t/b\",\"first\":1,\"count\":0,\"large_each\":%d}", 971);
	for (int i = 1; i <= KILLS; i++) {
		ck_assert(wait_until(SOON_MS, has_bypass, "/t/b"));
		usleep((useconds_t)rand() % 5000);
		ck_assert_int_eq(kill(supervisor, SIGSTOP), 0);
		usleep((useconds_t)rand() % 50000);
		ck_assert_int_eq(kill(supervisor, SIGCONT), 0);
		expect_command(0, NULL, NULL, "reload", NULL);
	}
	ck_assert_int_eq(kill(pid_of("/t/a"), SIGKILL), 0);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	end(tree, 0);
}
END_TEST

START_TEST(one_that_is_stopped_is_asked_no_more)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	expect_command(0, "^$", "^$", "stop", "/t/b", NULL);
	expect_one("/t/a", "/t/b", "echo", "/t/c", 1, "TRACTOR_ESTOPPED", 0);
	json_t *did = run("/t/a", "gossip.tells", "/t/b", 1, 10, 0);
	expect_text(did, "error", "TRACTOR_ESTOPPED");
	json_decref(did);
	expect_command(0, "^$", "^$", "start", "/t/b", NULL);
	lay("/t/a", "/t/b");
	down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("bypass ends");

	SCENARIO_CASE(suite, "ends", 60, a_crash_is_the_askers_to_hear, one_that_is_stopped_is_asked_no_more,
		a_receiver_that_is_killed, a_sender_that_is_killed, both_are_killed,
		a_supervisor_that_is_stopped_and_reads_its_file_anew);
	return suite;
}
