/*
 * lanes_test.c: messages that go by lanes and messages that are too large for one keep one order, both ways, whoever dies meanwhile.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "trees.h"

#define BURST \
	300 /* of them a third goes by the link, more or less; of one handler, so none waits for another */
#define ROUNDS 12

static struct process *
two_mixers(const char *more)
{
	return tree_up("{name: t, intensity: 1000, children: [%s, %s]}",
		actor_line_with("a", "mixer", "%s", more), actor_line_with("b", "mixer", "%s", more));
}

/* How far the second one has come; all that it was told came in order. */
static int64_t
last_at_b(void)
{
	json_t *seen = ask("/t/b", "mixer.seen", "{}");
	int64_t last = number_at(seen, "last");

	expect_number(seen, "wrong", 0);
	json_decref(seen);
	return last;
}

/* The last number that the first one has sent, however far it has come. */
static int64_t
sent_by_a(void)
{
	json_t *seen = ask("/t/a", "mixer.seen", "{}");
	int64_t sent = number_at(seen, "sent");

	json_decref(seen);
	return sent;
}

static void
send(int64_t first)
{
	tell("/t/a", "mixer.send", "{\"to\":\"/t/b\",\"first\":%lld,\"count\":%d}", (long long)first, BURST);
}

static bool
has_come(void *arg)
{
	const int64_t *last = arg;

	return last_at_b() == *last;
}

static void
send_bursts(const char *more)
{
	struct process *tree = two_mixers(more);
	int64_t last = 0;

	for (int i = 0; i < ROUNDS; i++, last += BURST)
		send(last + 1);
	ck_assert(wait_until(SOON_MS, has_come, &last));
	tree_down(tree);
}

START_TEST(large_and_small_ones_keep_their_order)
{
	send_bursts("lanes: on");
}
END_TEST

START_TEST(so_they_do_without_lanes)
{
	send_bursts("lanes: off");
}
END_TEST

/* All of a handler's or nothing, and in order, though some of them were in its lane, some on its link and some nowhere but in its outbox. */
START_TEST(a_sender_that_is_killed)
{
	struct process *tree = two_mixers("lanes: on");
	int64_t last = 0;

	srand(1);
	for (int i = 1; i <= ROUNDS; i++) {
		send(last + 1);
		usleep((useconds_t)rand() % 4000); /* any moment will do */
		ck_assert_int_eq(kill(pid_of("/t/a"), SIGKILL), 0);
		expect_node("t", "/t/a", "running", i + 1, SOON_MS);
		int64_t sent = sent_by_a();
		ck_assert(sent == last || sent == last + BURST);
		ck_assert(wait_until(SOON_MS, has_come, &sent));
		last = sent;
	}
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("lanes");

	SCENARIO_CASE(suite, "lanes", 60, large_and_small_ones_keep_their_order, so_they_do_without_lanes,
		a_sender_that_is_killed);
	return suite;
}
