/*
 * lanes_test.c: messages that go by lanes and messages that are too large for one keep one order, both ways, whoever dies meanwhile.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/hauler.h"
#include "slot.h"
#include "trees.h"

#define BURST \
	300 /* of them a third goes by the link, more or less; of one handler, so none waits for another */
#define ROUNDS 12
#define WISHES 14 /* fewer than what an actor may be handed at a time */
#define BY_LINK \
	30000 /* bytes: too much for a lane, too little for a parcel; so many of them are more than a socket holds */

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

static void
opened(struct tractor_runtime **ret_runtime, hauler_ref *ret_hauler)
{
	char exec[256];

	snprintf(exec, sizeof(exec), "%s/hauler", test_actors_dir());
	ck_assert_int_eq(tractor_runtime_open(ret_runtime,
				 &(struct tractor_options){ .name = "t", .on_line = ignore_line }),
		TRACTOR_OK);
	ck_assert_int_eq(tractor_start(*ret_runtime, hauler, ret_hauler,
				 &(struct tractor_child){ .name = "a", .exec = exec }),
		TRACTOR_OK);
}

static bool
has_done_all(void *arg)
{
	const struct slot *slot = arg;

	return atomic_load(&slot->box->done) >= slot_delivered(slot);
}

/* It has done all that it was asked, while nobody heard it, and is no more. */
static void
answers_and_is_killed(const struct slot *slot)
{
	siginfo_t end;

	ck_assert_int_eq(kill(slot->pid, SIGCONT), 0);
	ck_assert(wait_until(SOON_MS, has_done_all, (void *)slot));
	ck_assert_int_eq(kill(slot->pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)slot->pid, &end, WEXITED | WNOWAIT), 0);
}

/* Large answers were in its nng still, and so lost but for its outbox; small ones came after them by the lane. */
START_TEST(an_answer_behind_what_its_link_has_lost)
{
	struct tractor_runtime *runtime;
	hauler_gives_future futures[WISHES];
	hauler_ref to;

	opened(&runtime, &to);
	tractor_ctx *port = tractor_port(runtime);
	const struct slot *slot = slot_by_id(runtime, to.at.actor);
	ck_assert_int_eq(kill(slot->pid, SIGSTOP), 0);
	for (uint64_t i = 0; i < WISHES; i++)
		ck_assert_int_eq(tractor_ask_async(port, to, &futures[i], hauler_gives, .number = i,
					 .size = i < WISHES - 2 ? BY_LINK : 100),
			TRACTOR_OK);
	answers_and_is_killed(slot);
	for (uint64_t i = 0; i < WISHES; i++) {
		struct hauler_cargo cargo;
		ck_assert_int_eq(tractor_await(port, &futures[i], &cargo, SOON_MS), TRACTOR_OK);
		ck_assert(cargo.number == i && hauler_is_right(cargo.load, i));
	}
	tractor_runtime_close(runtime);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("lanes");

	SCENARIO_CASE(suite, "lanes", 60, large_and_small_ones_keep_their_order, so_they_do_without_lanes,
		a_sender_that_is_killed, an_answer_behind_what_its_link_has_lost);
	return suite;
}
