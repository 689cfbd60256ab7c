/*
 * hostile_test.c: children that break the rules of the link, by accident of a bug or on purpose. Each is cut off by name and with the reason, or does no harm; its successor gets in, the
 * others don't notice, and the supervisor is as it was before.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trees.h"

#define GROWN_KB \
	16384 /* of a supervisor that has been flooded: the allocator's own; a leak of a flood would be more */

struct scene {
	struct process *tree;
	pid_t bystander;
	size_t fds;
	long resident_kb;
};

/* A bystander with the id 2, and the hostile actor, which is a good one until a crime is named. */
static struct scene
begin(void)
{
	char victim[256];

	snprintf(victim, sizeof(victim), "%s/victim", test_actors_dir());
	setenv("VICTIM", victim, 1);
	setenv("HOSTILE_FILE", scenario_path("crime"), 1);
	struct scene scene = { .tree = tree_up("{name: t, intensity: 20, children: [%s, %s]}",
				       actor_line("bystander", "victim"),
				       actor_line_with(
					       "hostile", "hostile", "start_timeout: 3s, shutdown: 1s")) };
	scene.bystander = pid_of("/t/bystander");
	json_decref(ask("/t/hostile", "victim.ping", "{}"));
	scene.fds = fds_of(process_pid(scene.tree));
	scene.resident_kb = resident_kb(process_pid(scene.tree));
	return scene;
}

/* The next incarnation is to commit it. */
static void
name_crime(const char *crime)
{
	scenario_write("next", "%s\n", crime);
	ck_assert_int_eq(rename(scenario_path("next"), scenario_path("crime")), 0);
}

struct count {
	pid_t pid;
	size_t fds;
};

static bool
has_as_many_fds(void *arg)
{
	const struct count *count = arg;

	return fds_of(count->pid) <= count->fds;
}

static void
end(struct scene *scene)
{
	pid_t supervisor = process_pid(scene->tree);
	struct count count = { supervisor, scene->fds };

	ck_assert_int_eq(pid_of("/t/bystander"), scene->bystander);
	json_decref(ask("/t/bystander", "victim.ping", "{}"));
	json_decref(ask("/t/hostile", "victim.ping", "{}"));
	ck_assert_msg(wait_until(SOON_MS, has_as_many_fds, &count), "%zu fds before, %zu after", scene->fds,
		fds_of(supervisor));
	ck_assert_msg(resident_kb(supervisor) <= scene->resident_kb + GROWN_KB, "%ld kB before, %ld kB after",
		scene->resident_kb, resident_kb(supervisor));
	tree_down(scene->tree);
}

/* Incarnation 2 commits the crime as it starts, is killed for it, and 3 is a good one again. `provoke`: with an ask. */
static void
is_killed_for(const char *crime, const char *reason, bool provoke)
{
	struct scene scene = begin();

	name_crime(crime);
	ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0);
	if (provoke) {
		struct run_result result =
			run_command(tractor_command(), "ask", "/t/hostile", "victim.ping", "{}", NULL);
		run_result_free(&result);
	}
	expect_node("t", "/t/hostile", "running", 3, SOON_MS);
	json_t *report = crash_of("/t/hostile", 2);
	expect_text(report, "cause", "protocol_violation");
	expect_text(report, "exit", "protocol_violation");
	expect_match(text_at(report, "panic_text"), reason);
	json_decref(report);
	expect_errors(scene.tree, "^/t/hostile: incarnation 2 broke the protocol and is killed: ", SOON_MS);
	end(&scene);
}

/* Incarnation 2 does it, and is there to answer afterwards: nothing came of it. */
static struct scene
committed_in_vain(const char *crime)
{
	struct scene scene = begin();

	name_crime(crime);
	ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0);
	expect_node("t", "/t/hostile", "running", 2, SOON_MS);
	json_t *reply = ask("/t/hostile", "victim.ping", "{}");
	expect_number(reply, "incarnation", 2);
	json_decref(reply);
	expect_crashes("/t/hostile", 1);
	return scene;
}

#define KILLED_FOR(crime, reason)                     \
	START_TEST(crime)                             \
	{                                             \
		is_killed_for(#crime, reason, false); \
	}                                             \
	END_TEST

/* At the door: the actor itself still gets in. */
#define TURNED_AWAY(crime)                                                \
	START_TEST(crime)                                                 \
	{                                                                 \
		struct scene scene = begin();                             \
		name_crime(#crime);                                       \
		ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0); \
		expect_node("t", "/t/hostile", "running", 2, SOON_MS);    \
		ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0); \
		expect_node("t", "/t/hostile", "running", 3, SOON_MS);    \
		expect_crashes("/t/hostile", 2); /* both by us */         \
		end(&scene);                                              \
	}                                                                 \
	END_TEST

#define HARMLESS(crime)                                         \
	START_TEST(crime)                                       \
	{                                                       \
		struct scene scene = committed_in_vain(#crime); \
		end(&scene);                                    \
	}                                                       \
	END_TEST

KILLED_FOR(lying_length, "^a done frame whose length lies: it says 1000 bytes of payload and has 0$")
KILLED_FOR(unknown_kind, "^a frame of unknown kind 200$")
KILLED_FOR(supervisors_kind, "^a stop where there must be none$")
KILLED_FOR(wrong_magic, "^not a frame: it begins with 20544547$")
KILLED_FOR(wrong_version, "^a frame of version 9, not 1$")
KILLED_FOR(short_frame, "^a frame of 3 bytes is shorter than its header$")
KILLED_FOR(empty_frame, "^a frame of 0 bytes is shorter than its header$")
KILLED_FOR(unknown_flags, "^a done frame with unknown flags 8000$")
KILLED_FOR(unknown_error, "^a reply frame with unknown error -77$")
KILLED_FOR(no_correlation, "^a message without a correlation id$")
KILLED_FOR(no_hello, "^a send where there must be none$")
KILLED_FOR(ready_before_hello, "^a ready where there must be none$")
KILLED_FOR(ready_twice, "^a bad ready$")
KILLED_FOR(bye_twice, "^a bad bye$")
KILLED_FOR(malformed_ready, "^a bad ready$")
KILLED_FOR(unasked_answer, "^it answered 77, which is no ask that it owes an answer$")
KILLED_FOR(forward_of_nothing, "^it forwarded 5, which is no ask that it owes an answer$")
KILLED_FOR(redials, "^it closed its link and lives on$")
KILLED_FOR(lives_on, "^it said bye and lives on$")
KILLED_FOR(hello_of_another_version, "^a bad hello: it speaks version 99 of the control protocol, we speak 6")
KILLED_FOR(hello_garbage, "^a bad hello: ")
KILLED_FOR(malformed_schema, "^a bad hello: ")
KILLED_FOR(deep_schema, "^a bad hello: ")
KILLED_FOR(many_schemas, "^a bad hello: it says that it serves 100000 messages; at most 1024$")
KILLED_FOR(flood_of_asks,
	"^cannot send it a(n)? (answer|accept): [0-9]+ frames wait for it already and it reads none$")
KILLED_FOR(flood_of_questions_to_the_supervisor,
	"^cannot send it a(n)? (answer|accept): [0-9]+ frames wait for it already and it reads none$")

START_TEST(second_answer)
{
	is_killed_for("second_answer", "^it answered [0-9]+, which is no ask that it owes an answer$", true);
}
END_TEST

KILLED_FOR(lane_beyond_its_end, "^its lane has what can't be in one$")
KILLED_FOR(lane_of_crumbs, "^its lane has what can't be in one$")
KILLED_FOR(lane_whose_size_lies, "^its lane has what can't be in one$")
KILLED_FOR(lane_of_nothing_but_a_skip, "^its lane has what can't be in one$")
KILLED_FOR(link_out_of_order, "^a done frame out of order$")
/* It is welcomed by its lane, and so rung for. Its start is a failed one, and all else goes on. */
START_TEST(bell_that_makes_wait)
{
	struct scene scene = begin();

	name_crime("bell_that_makes_wait");
	ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0);
	expect_node("t", "/t/hostile", "running", 3, 3000 + SOON_MS);
	end(&scene);
}
END_TEST

KILLED_FOR(owes_for_no_bypass, "^it owes an answer for which nobody can have asked$")
KILLED_FOR(parcel_that_is_not_there, "^it speaks of a parcel that it has not handed over$")
KILLED_FOR(parcel_of_another_number, "^it speaks of a parcel that it has not handed over$")
KILLED_FOR(parcel_unsealed, "^a parcel that is not sealed$")
KILLED_FOR(parcel_half_sealed, "^a parcel that is not sealed$")
KILLED_FOR(parcel_that_is_shorter, "^a parcel whose size lies: it says 32769 bytes and has 32768$")
KILLED_FOR(parcel_beyond_all_limits, "^a parcel whose size lies: ")
KILLED_FOR(parcel_too_small, "^a parcel whose size lies: ")
KILLED_FOR(parcel_of_nothing, "^a parcel whose size lies: ")
KILLED_FOR(parcel_with_a_hole, "^a parcel of which a part is missing$")
KILLED_FOR(parcel_with_more_behind_its_end, "^a parcel with more memory than is in it$")
KILLED_FOR(parcel_that_is_a_pipe, "^a parcel that is not sealed$")
KILLED_FOR(parcel_that_lingers, "^a parcel that is not sealed$")
KILLED_FOR(parcel_in_a_word, "^a done frame with a bad note of a parcel$")
KILLED_FOR(parcel_after_hanging_up, "^it speaks of a parcel that it has not handed over$")
HARMLESS(flood_of_parcels)
HARMLESS(lane_out_of_order)
HARMLESS(bypasses_of_its_own)
HARMLESS(flood_by_lane)
HARMLESS(garbage_for_another)
HARMLESS(asks_that_are_told)
HARMLESS(garbage_for_the_supervisor)
HARMLESS(unknown_targets)
HARMLESS(flood_of_nothing)
HARMLESS(shrunken_memory)
HARMLESS(noise_about_who_was_rung)
TURNED_AWAY(connect_and_close)
TURNED_AWAY(connect_and_babble)
TURNED_AWAY(intruder)

/* Its connection is reset as it is killed, which is no refusal of the host's: nobody else is to be blamed. */
START_TEST(connect_and_wait)
{
	struct scene scene = begin();

	name_crime("connect_and_wait");
	ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0);
	expect_node("t", "/t/hostile", "running", 3, 2 * SOON_MS);
	json_t *report = crash_of("/t/hostile", 2);
	expect_text(report, "cause", "start");
	expect_match(text_at(report, "panic_text"),
		"^not ready within 3000 ms \\(start_timeout\\): it never said hello; ");
	json_decref(report);
	end(&scene);
}
END_TEST

/* Dropped, and counted. */
START_TEST(stale_incarnation)
{
	struct scene scene = committed_in_vain("stale_incarnation");
	json_t *status = run_json(tractor_command(), "status", "--json", "/t/hostile", NULL);

	expect_number(status, "root.stale_frames", 2);
	json_decref(status);
	end(&scene);
}
END_TEST

/* Nobody makes room for it: its link is cut. It is killed for that unless it has dialled again at once; either way the slot goes on. */
START_TEST(huge_frame)
{
	struct scene scene = begin();

	name_crime("huge_frame");
	ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0);
	expect_node("t", "/t/hostile", "running", 2, SOON_MS);
	struct run_result result =
		run_command(tractor_command(), "ask", "/t/hostile", "victim.ping", "{}", NULL);
	run_result_free(&result); /* may have been in the hands of the one that was killed */
	end(&scene);
}
END_TEST

/* The asker is told, and the one that answered so goes on. */
START_TEST(garbage_answer)
{
	struct scene scene = begin();

	name_crime("garbage_answer");
	ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0);
	expect_command(
		1, "^$", "/t/hostile: its reply cannot be read: ", "ask", "/t/hostile", "victim.ping", NULL);
	end(&scene);
}
END_TEST

/* --- one that is not --- */

#define NOTES 40 /* more than twice TRI_WINDOW */

static bool
has_an_ask(void *arg)
{
	struct seen_node seen;

	(void)arg;
	return seen_node_read("t", "/t/a", &seen) && seen.mailbox == 1;
}

/* An actor in another language, which has an nng binding and no more: it knows neither its incarnation nor its black box. */
START_TEST(knows_its_link_only)
{
	char victim[256];

	snprintf(victim, sizeof(victim), "%s/victim", test_actors_dir());
	setenv("VICTIM", victim, 1);
	setenv("HOSTILE_FILE", scenario_path("crime"), 1);
	name_crime("knows_its_link_only");
	struct process *tree =
		tree_up("{name: t, children: [%s]}", actor_line_with("a", "hostile", "lanes: off"));

	for (int i = 0; i < NOTES; i++)
		tell("/t/a", "victim.note", "{\"number\":%d}", i);
	json_t *reply = ask("/t/a", "victim.ping", "{}");
	expect_number(reply, "incarnation", 1);
	json_decref(reply);
	expect_crashes("/t/a", 0);
	/* What it had in hand dies with it, and is not its successor's. */
	ck_assert_int_eq(kill(pid_of("/t/a"), SIGSTOP), 0);
	struct process *asker = process_start(tractor_command(), "ask", "/t/a", "victim.ping", "{}", NULL);
	ck_assert(wait_until(SOON_MS, has_an_ask, NULL));
	ck_assert_int_eq(kill(pid_of("/t/a"), SIGKILL), 0);
	expect_errors(asker, "TRACTOR_ECRASHED", SOON_MS);
	expect_exit(asker, 1, SOON_MS);
	process_close(asker);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

/* --- black boxes that lie; incarnation 2 dies by its own hand with an ask delivered --- */

static void
lies_in_its_box(const char *crime, const char *err, const char *cause)
{
	struct scene scene = begin();

	name_crime(crime);
	ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0);
	struct run_result result = run_command(tractor_command(), "ask", "/t/hostile", "victim.ping", "{}",
		"--timeout", err ? "2s" : "9s", NULL);
	if (err)
		expect_match(result.err, err);
	else
		expect_match(result.out, "\"incarnation\":3");
	run_result_free(&result);
	expect_node("t", "/t/hostile", "running", 3, SOON_MS);
	json_t *report = crash_of("/t/hostile", 2);
	expect_text(report, "cause", cause);
	json_decref(report);
	end(&scene);
}

/* It says that all is done: what it was handed and never answered is over. */
START_TEST(box_of_lies)
{
	lies_in_its_box("box_of_lies", "TRACTOR_ECRASHED|TRACTOR_ETIMEDOUT", "protocol_violation");
}
END_TEST

START_TEST(box_of_ones)
{
	lies_in_its_box("box_of_ones", "TRACTOR_ECRASHED|TRACTOR_ETIMEDOUT", "protocol_violation");
}
END_TEST

START_TEST(box_of_zeroes)
{
	lies_in_its_box("box_of_zeroes", NULL, "killed");
}
END_TEST

#define ASKERS 17 /* one more than TRI_WINDOW */

static bool
has_all_asks(void *arg)
{
	struct seen_node seen;

	(void)arg;
	return seen_node_read("t", "/t/hostile", &seen) && seen.mailbox == ASKERS;
}

/*
 * More asks than fit into its window; it notes replies and sends none. Whoever's reply was noted gets it, for the handler had returned; the others get the successor's. Nobody hears that
 * it crashed.
 */
START_TEST(unsent_answers)
{
	struct process *askers[ASKERS];
	struct scene scene = begin();

	name_crime("unsent_answers");
	ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0);
	expect_node("t", "/t/hostile", "running", 2, SOON_MS);
	for (int i = 0; i < ASKERS; i++)
		askers[i] = process_start(tractor_command(), "ask", "/t/hostile", "victim.ping", "{}",
			"--timeout", "10s", NULL);
	ck_assert(wait_until(SOON_MS, has_all_asks, NULL));
	name_crime("now");
	for (int i = 0; i < ASKERS; i++) {
		expect_exit(askers[i], 0, 2 * SOON_MS);
		process_close(askers[i]);
	}
	expect_node("t", "/t/hostile", "running", 3, SOON_MS);
	end(&scene);
}
END_TEST

/* What it had sent counts, also where its death is noticed first: it ended in order, which is no crash. */
START_TEST(ready_and_gone)
{
	struct scene scene = begin();

	name_crime("ready_and_gone");
	ck_assert_int_eq(kill(pid_of("/t/hostile"), SIGKILL), 0);
	expect_node("t", "/t/hostile", "running", 3, SOON_MS);
	expect_event("/t/hostile", "ended", "^normal$");
	expect_crashes("/t/hostile", 1);
	end(&scene);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("hostile");

	SCENARIO_CASE(suite, "frames", 30, lying_length, unknown_kind, supervisors_kind, wrong_magic,
		wrong_version, short_frame, empty_frame, unknown_flags, unknown_error, no_correlation,
		huge_frame);
	SCENARIO_CASE(suite, "out of turn", 30, no_hello, ready_before_hello, ready_twice, bye_twice,
		malformed_ready, unasked_answer, second_answer, forward_of_nothing, stale_incarnation);
	SCENARIO_CASE(suite, "hello", 30, hello_of_another_version, hello_garbage, malformed_schema,
		deep_schema, many_schemas);
	SCENARIO_CASE(suite, "payloads", 30, garbage_for_another, asks_that_are_told,
		garbage_for_the_supervisor, unknown_targets, garbage_answer);
	SCENARIO_CASE(
		suite, "floods", 30, flood_of_asks, flood_of_questions_to_the_supervisor, flood_of_nothing);
	SCENARIO_CASE(suite, "black box", 30, box_of_lies, box_of_ones, box_of_zeroes, shrunken_memory,
		noise_about_who_was_rung, unsent_answers);
	SCENARIO_CASE(suite, "lanes", 30, lane_beyond_its_end, lane_of_crumbs, lane_whose_size_lies,
		lane_of_nothing_but_a_skip, bell_that_makes_wait, owes_for_no_bypass, bypasses_of_its_own,
		lane_out_of_order, link_out_of_order, flood_by_lane);
	SCENARIO_CASE(suite, "parcels", 30, parcel_that_is_not_there, parcel_of_another_number,
		parcel_unsealed, parcel_half_sealed, parcel_that_is_shorter, parcel_beyond_all_limits,
		parcel_too_small, parcel_of_nothing, parcel_with_a_hole, parcel_with_more_behind_its_end,
		parcel_that_is_a_pipe, parcel_that_lingers, parcel_in_a_word, parcel_after_hanging_up,
		flood_of_parcels);
	SCENARIO_CASE(suite, "link and life", 30, redials, lives_on, ready_and_gone, knows_its_link_only);
	SCENARIO_CASE(suite, "at the link's door", 30, connect_and_close, connect_and_babble,
		connect_and_wait, intruder);
	return suite;
}
