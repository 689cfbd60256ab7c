/*
 * bypass_hostile_test.c: bypasses in wrong hands: whoever breaks their rules, by accident or on purpose, harms itself and what is said between the two, and nobody else.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gossips.h"

struct pair {
	const char *from, *to;
};

static bool
hears_an_echo(void *arg)
{
	const struct pair *pair = arg;
	char fields[128];

	snprintf(fields, sizeof(fields), "{\"to\":\"%s\",\"what\":\"echo\",\"other\":\"%s\",\"number\":7}",
		pair->to, pair->from);
	struct run_result result =
		run_command(tractor_command(), "ask", pair->from, "gossip.ask_one", fields, NULL);
	bool hears = result.status == 0 && strstr(result.out, "TRACTOR_OK");
	run_result_free(&result);
	return hears;
}

/* Whichever end has gone wrong: it harms itself and what is said between the two. */
START_TEST(noise_in_the_memory)
{
	struct process *tree = gossips("");
	pid_t b = pid_of("/t/b"), c = pid_of("/t/c");

	for (int seed = 1; seed <= 6; seed++) {
		lay("/t/a", "/t/b");
		expect_run("/t/c", "gossip.asks", "/t/a", 0, ENOUGH, 0);
		tell("/t/a", "gossip.vandal", "{\"number\":%d}", seed);
		/* Whatever comes of these: all that they can cost is the time until an ask is given up. */
		hears_an_echo(&(struct pair){ "/t/a", "/t/b" });
		hears_an_echo(&(struct pair){ "/t/c", "/t/a" });
		ck_assert(wait_until(3 * SOON_MS, hears_an_echo, &(struct pair){ "/t/c", "/t/b" }));
		ck_assert_int_eq(kill(pid_of("/t/a"), SIGKILL), 0);
		expect_node("t", "/t/a", "running", seed + 1, SOON_MS);
	}
	ck_assert_int_eq(pid_of("/t/b"), b);
	ck_assert_int_eq(pid_of("/t/c"), c);
	lay("/t/a", "/t/b");
	down(tree);
}
END_TEST

static void
commit(const char *path, const char *crime, const char *against)
{
	tell(path, "gossip.crime", "{\"to\":\"%s\",\"what\":\"%s\"}", against, crime);
}

static void
expect_echo(const char *path)
{
	json_t *echo = ask(path, "gossip.echo", "{\"number\":1}");

	expect_number(echo, "number", 1);
	json_decref(echo);
}

static int64_t
cpu_ms(pid_t pid)
{
	char path[64], line[1024] = "";
	unsigned long long user = 0, system = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *stat = fopen(path, "re");
	ck_assert(stat && fgets(line, sizeof(line), stat));
	fclose(stat);
	ck_assert_int_eq(sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
				 &user, &system),
		2);
	return (int64_t)((user + system) * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/* However long one looks: most of it must be spent asleep. */
static void
expect_idle(pid_t pid)
{
	int64_t before_ms = cpu_ms(pid);

	usleep(1000000); /* nothing is waited for but the time itself */
	ck_assert_int_lt(cpu_ms(pid) - before_ms, 300);
}

/* One that commits something against another, who is to be there for all others as before; and asleep, if it has nothing to do. */
static void
harms_nobody_else(const char *crime, const char *culprit, const char *victim, bool is_work)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	pid_t pid = pid_of(victim), supervisor = process_pid(tree);
	commit(culprit, crime, victim);
	for (int i = 1; i <= 10; i++) {
		expect_one("/t/c", victim, "echo", "/t/c", i, "TRACTOR_OK", i);
		expect_echo(victim);
		expect_command(0, NULL, "^$", "status", "/t", NULL);
	}
	expect_run("/t/c", "gossip.asks", victim, 0, ENOUGH, 0);
	if (!is_work)
		expect_idle(pid);
	ck_assert_int_eq(kill(pid_of(culprit), SIGKILL), 0);
	expect_node("t", culprit, "running", 2, SOON_MS);
	ck_assert_int_eq(pid_of(victim), pid);
	lay("/t/a", "/t/b");
	expect_idle(pid);
	expect_idle(supervisor);
	down(tree);
}

START_TEST(a_flood_of_asks_that_come_too_late_drowns_nobody_else)
{
	harms_nobody_else("flood_with_late_asks", "/t/a", "/t/b", true);
}
END_TEST

START_TEST(a_flood_behind_a_message_that_went_roundabout_drowns_nobody_else)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	tell("/t/b", "gossip.nap", "{\"ms\":1000}");
	commit("/t/a", "flood_behind_another", "/t/b");
	for (int i = 1; i <= 10; i++) {
		expect_one("/t/c", "/t/b", "echo", "/t/c", i, "TRACTOR_OK", i);
		expect_echo("/t/b");
	}
	down(tree);
}
END_TEST

START_TEST(a_flood_of_answers_drowns_nobody)
{
	harms_nobody_else("flood_with_answers", "/t/b", "/t/a", false);
}
END_TEST

START_TEST(a_flood_that_the_end_of_its_bypass_does_not_end)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	commit("/t/a", "flood_with_items", "/t/b");
	expect_echo("/t/b");
	for (int i = 2; i <= 4; i++) {
		ck_assert_int_eq(kill(pid_of("/t/b"), SIGKILL), 0);
		expect_node("t", "/t/b", "running", i, SOON_MS);
		expect_one("/t/c", "/t/b", "echo", "/t/c", i, "TRACTOR_OK", i);
	}
	expect_idle(process_pid(tree));
	down(tree);
}
END_TEST

START_TEST(one_that_promised_what_nobody_can_have_asked)
{
	harms_nobody_else("ask_by_a_wrong_number", "/t/a", "/t/b", false);
}
END_TEST

static bool
has_no_bypass(void *arg)
{
	return !has_bypass(arg);
}

/* Nobody is killed for what another asks of it. */
START_TEST(one_that_promised_too_much)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	pid_t b = pid_of("/t/b");
	commit("/t/a", "ask_without_end", "/t/b");
	ck_assert(wait_until(6 * SOON_MS, has_no_bypass, "/t/b"));
	expect_one("/t/c", "/t/b", "echo", "/t/c", 1, "TRACTOR_OK", 1);
	ck_assert_int_eq(pid_of("/t/b"), b);
	down(tree);
}
END_TEST

START_TEST(answers_that_are_not_ones_own_to_give)
{
	struct process *tree = gossips("");

	lay("/t/a", "/t/b");
	lay("/t/a", "/t/c");
	for (int i = 0; i < 3; i++) {
		commit("/t/b", "answer_for_others", "/t/a");
		expect_run("/t/a", "gossip.asks", "/t/c", 0, ENOUGH, 0);
		lay("/t/a", "/t/b");
	}
	down(tree);
}
END_TEST

START_TEST(a_bell_that_is_shut)
{
	harms_nobody_else("shut_the_bell", "/t/b", "/t/a", false);
}
END_TEST

START_TEST(a_bell_that_is_full)
{
	harms_nobody_else("fill_the_bell", "/t/b", "/t/a", false);
}
END_TEST

/* It keeps what it was handed, and does with it what it can. */
START_TEST(memory_keeps_its_size)
{
	struct process *tree = gossips("");

	commit("/t/b", "shrink_the_memory", "/t/a");
	expect_run("/t/a", "gossip.tells", "/t/b", 1, ENOUGH, 0);
	lay("/t/a", "/t/b");
	expect_crashes("/t/b", 0);
	down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("bypass hostile");

	SCENARIO_CASE(suite, "wrong hands", 60, noise_in_the_memory,
		a_flood_of_asks_that_come_too_late_drowns_nobody_else,
		a_flood_behind_a_message_that_went_roundabout_drowns_nobody_else,
		a_flood_of_answers_drowns_nobody, a_flood_that_the_end_of_its_bypass_does_not_end,
		one_that_promised_what_nobody_can_have_asked, one_that_promised_too_much,
		answers_that_are_not_ones_own_to_give, a_bell_that_is_shut, a_bell_that_is_full,
		memory_keeps_its_size);
	return suite;
}
