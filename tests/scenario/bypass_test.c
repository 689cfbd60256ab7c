/*
 * bypass_test.c: what goes past the supervisor is as good as what goes by it: one order, nothing lost but what was in hand, nothing twice, whoever dies; the same errors; and circles are seen.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trees.h"

#define ENOUGH 200 /* messages, for a bypass */
#define KILLS 12
#define GLANCE_MS 300

static struct process *
gossips(const char *more)
{
	return tree_up("{name: t, intensity: 1000, children: [%s, %s, %s]}",
		actor_line_with("a", "gossip", "args: {log: '%s'}", scenario_path("a.log")),
		actor_line_with("b", "gossip", "args: {log: '%s'}%s", scenario_path("b.log"), more),
		actor_line("c", "gossip"));
}

static void
remove_logs(void)
{
	unlink(scenario_path("a.log"));
	unlink(scenario_path("b.log"));
}

static void
down(struct process *tree)
{
	tree_down(tree);
	remove_logs();
}

/* Whether it has a bypass: the memory is mapped. */
static bool
has_bypass(void *arg)
{
	char path[64], line[512];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid_of(arg));
	FILE *maps = fopen(path, "re");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, "tractor-bypass") != NULL;
	if (maps)
		fclose(maps);
	return found;
}

static json_t *
run(const char *path, const char *what, const char *to, int first, int count, int large_each)
{
	return ask(path, what, "{\"to\":\"%s\",\"first\":%d,\"count\":%d,\"large_each\":%d}", to, first,
		count, large_each);
}

static void
expect_run(const char *path, const char *what, const char *to, int first, int count, int large_each)
{
	json_t *did = run(path, what, to, first, count, large_each);

	expect_text(did, "error", "TRACTOR_OK");
	expect_number(did, "number", count);
	json_decref(did);
}

static void
lay(const char *from, const char *to)
{
	expect_run(from, "gossip.asks", to, 0, ENOUGH, 0);
	ck_assert(wait_until(SOON_MS, has_bypass, (void *)from));
	expect_run(from, "gossip.asks", to, 0, ENOUGH, 0);
}

static void
expect_one(const char *from, const char *to, const char *what, const char *other, int number,
	const char *error, int64_t result)
{
	json_t *did = ask(from, "gossip.ask_one",
		"{\"to\":\"%s\",\"what\":\"%s\",\"other\":\"%s\",\"number\":%d}", to, what, other, number);

	expect_text(did, "error", error);
	if (strcmp(error, "TRACTOR_OK") == 0)
		expect_number(did, "number", result);
	json_decref(did);
}

static void
expect_seen(const char *path, int64_t count)
{
	json_t *seen = ask(path, "gossip.seen", "{}");

	expect_number(seen, "wrong", 0);
	expect_number(seen, "count", count);
	json_decref(seen);
}

/* --- while all is well --- */

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

/* What one may have waiting is the mailbox's to say, not the lane's. */
START_TEST(a_mailbox_with_more_room_than_a_lane)
{
	struct process *tree = gossips(", mailbox: 1000");

	lay("/t/a", "/t/b");
	tell("/t/b", "gossip.nap", "{\"ms\":4000}");
	expect_run("/t/a", "gossip.tries", "/t/b", 1, 900, 0);
	expect_seen("/t/b", 900);
	tell("/t/b", "gossip.nap", "{\"ms\":600000}");
	expect_run("/t/a", "gossip.tells", "/t/b", 901, 900, 0);
	ck_assert_int_eq(kill(pid_of("/t/b"), SIGKILL), 0);
	expect_node("t", "/t/b", "running", 2, SOON_MS);
	expect_seen("/t/b", 900);
	down(tree);
}
END_TEST

/* --- one of them dies --- */

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

/* At any moment of b's, in and out of its handlers. Each kill costs at most the message in hand, and nothing comes twice. */
START_TEST(a_receiver_that_is_killed)
{
	struct process *tree = gossips("");
	int twice, disorder;

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
	ck_assert(wait_until(SOON_MS, has_all, NULL));
	expect_one("/t/c", "/t/b", "echo", "/t/c", 1, "TRACTOR_OK",
		1); /* behind all that a had sent: it waits no more */
	tree_down(tree);
	int highest = read_log(scenario_path("a.log"), "sent", sent, NUMBERS_MAX, &twice, &disorder);
	ck_assert_int_gt(highest, ENOUGH);
	read_log(scenario_path("b.log"), "got", got, NUMBERS_MAX, &twice, &disorder);
	ck_assert_int_eq(twice, 0);
	ck_assert_int_eq(disorder, 0);
	ck_assert_int_le(count_lost(highest), KILLS);
	remove_logs();
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
	ck_assert(wait_until(SOON_MS, has_all, NULL));
	expect_one("/t/c", "/t/b", "echo", "/t/c", 1, "TRACTOR_OK", 1);
	tree_down(tree);
	int highest = read_log(scenario_path("a.log"), "sent", sent, NUMBERS_MAX, &twice, &disorder);
	read_log(scenario_path("b.log"), "got", got, NUMBERS_MAX, &twice, &disorder);
	ck_assert_int_eq(twice, 0);
	ck_assert_int_eq(disorder, 0);
	ck_assert_int_eq(count_lost(highest), 0);
	remove_logs();
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
	ck_assert(wait_until(SOON_MS, has_all, NULL));
	expect_one("/t/c", "/t/b", "echo", "/t/c", 1, "TRACTOR_OK", 1);
	tree_down(tree);
	int highest = read_log(scenario_path("a.log"), "sent", sent, NUMBERS_MAX, &twice, &disorder);
	read_log(scenario_path("b.log"), "got", got, NUMBERS_MAX, &twice, &disorder);
	ck_assert_int_eq(twice, 0);
	ck_assert_int_eq(disorder, 0);
	ck_assert_int_le(count_lost(highest), KILLS);
	remove_logs();
}
END_TEST

/* It comes and goes, and closes all bypasses each time that its file is read anew: nothing is lost or out of its order. */
START_TEST(a_supervisor_that_is_stopped_and_reads_its_file_anew)
{
	struct process *tree = gossips("");
	pid_t supervisor = process_pid(tree);
	int twice, disorder;

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
	ck_assert(wait_until(SOON_MS, has_all, NULL));
	expect_one("/t/c", "/t/b", "echo", "/t/c", 1, "TRACTOR_OK", 1);
	tree_down(tree);
	int highest = read_log(scenario_path("a.log"), "sent", sent, NUMBERS_MAX, &twice, &disorder);
	ck_assert_int_gt(highest, ENOUGH);
	read_log(scenario_path("b.log"), "got", got, NUMBERS_MAX, &twice, &disorder);
	ck_assert_int_eq(twice, 0);
	ck_assert_int_eq(disorder, 0);
	ck_assert_int_eq(count_lost(highest), 0);
	remove_logs();
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

/* --- wrong hands --- */

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
	ck_assert_uint_eq(crash_count("/t/b"), 0);
	down(tree);
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

Suite *
test_suite(void)
{
	Suite *suite = suite_create("bypass");

	SCENARIO_CASE(suite, "well", 60, tells_and_asks_of_all_sizes_keep_one_order,
		a_mark_that_is_delivered_at_once, each_kind_of_answer_comes, a_circle_is_seen, a_full_mailbox,
		a_mailbox_with_more_room_than_a_lane, a_flood_drowns_nobody_else,
		one_whose_handlers_have_a_limit, noise_in_the_memory, lanes_off_means_bypasses_too);
	SCENARIO_CASE(suite, "wrong hands", 60, a_flood_of_asks_that_come_too_late_drowns_nobody_else,
		a_flood_behind_a_message_that_went_roundabout_drowns_nobody_else,
		a_flood_of_answers_drowns_nobody, a_flood_that_the_end_of_its_bypass_does_not_end,
		one_that_promised_what_nobody_can_have_asked, answers_that_are_not_ones_own_to_give,
		a_bell_that_is_shut, a_bell_that_is_full, memory_keeps_its_size);
	SCENARIO_CASE(suite, "promises", 60, one_that_promised_too_much);
	SCENARIO_CASE(suite, "ends", 60, a_crash_is_the_askers_to_hear, one_that_is_stopped_is_asked_no_more,
		a_receiver_that_is_killed, a_sender_that_is_killed, both_are_killed,
		a_supervisor_that_is_stopped_and_reads_its_file_anew);
	return suite;
}
