/*
 * seed_runtime_test.c: a tree inside one's own program, as far as the seed's cases need it and the contract promises it:
 * several runtimes, a foreign event loop, tree files.
 */
#include "seed.h"

#include <signal.h>

/* --- several runtimes --- */

START_TEST(seed_two_runtimes_in_one_process)
{
	struct seed *one = seed_open(), *two = seed_new();
	struct tractor_options options = seed_options(two);
	struct probe_value value;

	options.name = "u";
	seed_open_with(two, options);
	probe_ref a = seed_probe(one, "a"), b = seed_probe(two, "a");

	OK(tractor_tell(one->ctx, a, probe_note, .n = 1));
	OK(tractor_tell(two->ctx, b, probe_note, .n = 2));
	expect_notes(one, a, NOTES(1));
	expect_notes(two, b, NOTES(2));
	ck_assert_str_eq(who_is(one, a).path, "/t/a");
	ck_assert_str_eq(who_is(two, b).path, "/u/a");
	/* A crash in the one is nothing to the other, whose asks go on meanwhile. */
	OK(tractor_tell(one->ctx, a, probe_fall, .how = "segv"));
	OK(tractor_ask(two->ctx, b, &value, probe_echo, .value = 3));
	ck_assert_uint_eq(who_is(one, a).incarnation, 2);
	seed_close(one);
	OK(tractor_ask(two->ctx, b, &value, probe_echo, .value = 4));
	ck_assert_uint_eq(who_is(two, b).incarnation, 1);
	seed_close(two);
}
END_TEST

/* A ref of the one used with the other, whose first actor it would be: nobody gets that message. */
START_TEST(seed_ref_of_another_runtime_is_nobodys)
{
	struct seed *one = seed_open(), *two = seed_new();
	struct tractor_options options = seed_options(two);
	struct probe_value value;

	options.name = "u";
	seed_open_with(two, options);
	probe_ref a = seed_probe(one, "a"), b = seed_probe(two, "a");

	FAILS(TRACTOR_ENOACTOR, tractor_tell(one->ctx, b, probe_note, .n = 1));
	FAILS(TRACTOR_ENOACTOR, tractor_ask(two->ctx, a, &value, probe_echo));
	FAILS(TRACTOR_ENOACTOR, tractor_stop(two->ctx, a));
	ck_assert_int_eq(total_of(one, a), 0);
	seed_close(one);
	one = seed_open();
	seed_probe(one, "a");
	FAILS(TRACTOR_ENOACTOR, tractor_tell(one->ctx, a, probe_note, .n = 1));
	seed_close(one);
	seed_close(two);
}
END_TEST

/* It would start itself, and that one itself, and so on. */
START_TEST(seed_program_that_forgot_tractor_begin_starts_nothing)
{
	struct tractor_runtime *rt = NULL;

	setenv("TRACTOR_LINK", "ipc:///nowhere", 1); /* as in any process that was started as an actor */
	FAILS(TRACTOR_EINVAL, tractor_runtime_open(&rt, NULL));
	ck_assert_contains(tractor_why(), "tractor_begin()");
	ck_assert_ptr_null(rt);
	unsetenv("TRACTOR_LINK");
}
END_TEST

START_TEST(seed_runtime_of_a_name_that_runs_is_eexist)
{
	struct seed *seed = seed_open();
	struct tractor_runtime *other = NULL;

	FAILS(TRACTOR_EEXIST, tractor_runtime_open(&other, &(struct tractor_options){ .name = "t" }));
	ck_assert_ptr_null(other);
	FAILS(TRACTOR_EINVAL, tractor_runtime_open(&other, &(struct tractor_options){ .name = "a/b" }));
	seed_close(seed);
	OK(tractor_runtime_open(&other, &(struct tractor_options){ .name = "t" }));
	tractor_runtime_close(other);
}
END_TEST

START_TEST(seed_runtime_opens_and_closes_again_and_again)
{
	for (int i = 0; i < 10; i++) {
		struct seed *seed = seed_open();
		probe_ref probe = seed_probe(seed, "a");
		struct probe_value value;

		OK(tractor_ask(seed->ctx, probe, &value, probe_echo, .value = i));
		seed_close(seed);
	}
	tractor_runtime_close(NULL);
}
END_TEST

/* --- a foreign event loop --- */

/* What such a loop does: waits for the fd alone, as long as it takes, and lets the runtime work when it is readable. */
static void
poll_once(struct seed *seed)
{
	struct pollfd fd = { .fd = tractor_runtime_fd(seed->rt), .events = POLLIN };

	ck_assert_msg(poll(&fd, 1, (int)scaled_ms(SEED_DEADLINE_MS)) == 1, "the fd has not become readable");
	OK(tractor_runtime_turn(seed->rt, 0));
}

START_TEST(seed_foreign_loop_sees_answers_and_crashes)
{
	struct seed *seed = seed_open();
	probe_ref probe = seed_probe(seed, "a");
	struct probe_value value;
	probe_echo_future future;
	tractor_err err;

	OK(tractor_ask_async(seed->ctx, probe, &future, probe_echo, .value = 5));
	while ((err = tractor_await(seed->ctx, &future, &value, 0)) == TRACTOR_ETIMEDOUT)
		poll_once(seed);
	OK(err);
	ck_assert_int_eq(value.value, 5);
	OK(tractor_tell(seed->ctx, probe, probe_fall, .how = "segv"));
	while (seed_look(&seed->events, "crashed", "/t/a", NULL) < 0)
		poll_once(seed);
	while (seed_look(&seed->events, "running", "/t/a", NULL) < 0)
		poll_once(seed);
	seed_close(seed);
}
END_TEST

/*
 * Timers make it readable too, with nothing else going on: a backoff, and a delayed tell. A sleep in a foreign loop that is longer than
 * what the runtime takes for having been stopped is none that it gives back.
 */
START_TEST(seed_foreign_loop_is_woken_by_timers)
{
	struct seed *seed = seed_open();
	probe_ref probe;
	int64_t began_ms;

	SEED_START(seed, probe, &probe, .name = "a", .exec = seed_exec("probe"), .backoff_initial_ms = 100);
	tractor_runtime_fd(seed->rt);
	began_ms = now_ms();
	OK(tractor_tell_after(seed->ctx, 1200, NULL, probe, probe_say, .text = "late"));
	OK(tractor_tell(seed->ctx, probe, probe_fall, .how = "segv"));
	for (int runs = 0; runs < 2;) {
		poll_once(seed);
		runs += seed_look(&seed->events, "running", "/t/a", NULL) >= 0;
	}
	while (!has_line(seed, "/t/a", "printed: late"))
		poll_once(seed);
	ck_assert_int_ge(now_ms() - began_ms, 1200);
	seed_close(seed);
}
END_TEST

START_TEST(seed_foreign_loop_can_stop_the_tree)
{
	struct seed *seed = seed_open();
	struct pollfd fd = { .fd = tractor_runtime_fd(seed->rt), .events = POLLIN };
	tractor_err err;

	seed_probe(seed, "a");
	seed_probe(seed, "b");
	tractor_runtime_stop(seed->rt, false);
	do {
		ck_assert_int_eq(poll(&fd, 1, (int)scaled_ms(SEED_DEADLINE_MS)), 1);
		err = tractor_runtime_turn(seed->rt, 0);
	} while (err == TRACTOR_OK && seed_look(&seed->events, "ended", "/t/a", NULL) < 0);
	expect_line(seed, "/t/b", "stop 0");
	OK(tractor_runtime_run(seed->rt));
	seed_close(seed);
}
END_TEST

START_TEST(seed_signals_are_the_programs_again_after_the_end)
{
	struct seed *seed = seed_new();
	struct tractor_options options = seed_options(seed);
	sigset_t before, during, after;

	sigprocmask(SIG_BLOCK, NULL, &before);
	options.signals = true;
	seed_open_with(seed, options);
	sigprocmask(SIG_BLOCK, NULL, &during);
	ck_assert(sigismember(&during, SIGINT) && sigismember(&during, SIGTERM));
	seed_close(seed);
	sigprocmask(SIG_BLOCK, NULL, &after);
	ck_assert_int_eq(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
	ck_assert_int_eq(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}
END_TEST

/* For how long the runtime says that it was away; 0: it doesn't. */
static long
time_away_ms(struct seed *seed)
{
	long ms = 0;
	int at = seed_look(&seed->events, "was_stopped", "", NULL);

	if (at >= 0)
		sscanf(seed->events.notes[at].text, "the supervisor did not run for %ld", &ms);
	return ms;
}

/* It slept in the program's poll, as it should: at the end it is not taken for one that was stopped all the time. */
START_TEST(seed_foreign_loop_that_was_idle_was_not_away)
{
	const int idle_ms = 1500;
	struct seed *seed = seed_open();
	struct pollfd fd = { .fd = tractor_runtime_fd(seed->rt), .events = POLLIN };
	int64_t until_ms;

	seed_probe(seed, "a");
	until_ms = now_ms() + idle_ms;
	for (int64_t left_ms; (left_ms = until_ms - now_ms()) > 0;)
		if (poll(&fd, 1, (int)left_ms) > 0)
			OK(tractor_runtime_turn(seed->rt, 0));
	tractor_runtime_stop(seed->rt, false);
	OK(tractor_runtime_run(seed->rt));
	ck_assert_int_lt(time_away_ms(seed), idle_ms / 2);
	seed_close(seed);
}
END_TEST

/* --- tree files --- */

START_TEST(seed_loaded_file_becomes_a_supervisor_below_the_root)
{
	struct seed *seed = seed_open();
	probe_ref probe;
	struct probe_value value;

	OK(tractor_runtime_load(seed->rt, scenario_write("shop.yaml",
						  "name: shop\n"
						  "children:\n"
						  "  - supervisor: back\n"
						  "    children:\n"
						  "      - {actor: a, exec: %s/seed_probe}\n"
						  "  - {actor: b, exec: %s/seed_probe}\n",
						  test_actors_dir(), test_actors_dir())));
	OK(tractor_find(seed->ctx, probe, "/t/shop/back/a", &probe));
	OK(tractor_ask(seed->ctx, probe, &value, probe_echo, .value = 6));
	OK(tractor_find(seed->ctx, probe, "/t/shop/b", &probe));
	FAILS(TRACTOR_ENOACTOR, tractor_find(seed->ctx, probe, "/t/shop/back", &probe));
	ck_assert_contains(tractor_why(), "supervisor");
	FAILS(TRACTOR_EEXIST, tractor_runtime_load(seed->rt, scenario_path("shop.yaml")));
	seed_close(seed);
}
END_TEST

START_TEST(seed_bad_file_tells_all_its_errors)
{
	struct seed *seed = seed_open();
	const char *file = scenario_write("bad.yaml", "name: bad\n"
						      "childs: []\n"
						      "children:\n"
						      "  - actor: a\n"
						      "    exec: /nowhere/at/all\n");

	FAILS(TRACTOR_EINVAL, tractor_runtime_load(seed->rt, file));
	ck_assert_contains(tractor_why(), "bad.yaml:2:1:");
	ck_assert_contains(tractor_why(), "bad.yaml:5:11:");
	seed_close(seed);
}
END_TEST

/* One that fails to start takes back those before it, and the file can be loaded again when it has been put right. */
START_TEST(seed_loaded_file_starts_all_or_nothing)
{
	struct seed *seed = seed_open();
	const char *tree = "name: shop\n"
			   "children:\n"
			   "  - {actor: a, exec: %s/seed_probe}\n"
			   "  - {actor: b, exec: %s/seed_probe, args: {start: %s, what: till}}\n";
	const char *file = scenario_write("shop.yaml", tree, test_actors_dir(), test_actors_dir(), "refuse");
	probe_ref probe;

	FAILS(TRACTOR_ESTART, tractor_runtime_load(seed->rt, file));
	ck_assert_contains(tractor_why(), "/t/shop/b");
	ck_assert_contains(tractor_why(), "the till is missing");
	expect_line(seed, "/t/shop/a", "stop 0");
	FAILS(TRACTOR_ENOACTOR, tractor_find(seed->ctx, probe, "/t/shop/a", &probe));
	scenario_write("shop.yaml", tree, test_actors_dir(), test_actors_dir(), "well");
	OK(tractor_runtime_load(seed->rt, file));
	OK(tractor_find(seed->ctx, probe, "/t/shop/a", &probe));
	seed_close(seed);
}
END_TEST

START_TEST(seed_runtime_opens_with_a_file)
{
	struct seed *seed = seed_new();
	struct tractor_options options = seed_options(seed);
	probe_ref probe;

	OK(tractor_runtime_open_file(&seed->rt,
		scenario_write("shop.yaml",
			"name: shop\n"
			"children:\n"
			"  - {actor: a, exec: %s/seed_probe}\n",
			test_actors_dir()),
		&options));
	seed->ctx = tractor_port(seed->rt);
	OK(tractor_find(seed->ctx, probe, "/shop/a", &probe));
	ck_assert_str_eq(who_is(seed, probe).path, "/shop/a");
	ck_assert_contains(tractor_runtime_directory(seed->rt), scenario_path("run"));
	seed_close(seed);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: runtime");

	SCENARIO_CASE(suite, "several", 20, seed_two_runtimes_in_one_process,
		seed_ref_of_another_runtime_is_nobodys, seed_program_that_forgot_tractor_begin_starts_nothing,
		seed_runtime_of_a_name_that_runs_is_eexist, seed_runtime_opens_and_closes_again_and_again);
	SCENARIO_CASE(suite, "foreign loop", 20, seed_foreign_loop_sees_answers_and_crashes,
		seed_foreign_loop_is_woken_by_timers, seed_foreign_loop_can_stop_the_tree,
		seed_foreign_loop_that_was_idle_was_not_away,
		seed_signals_are_the_programs_again_after_the_end);
	SCENARIO_CASE(suite, "files", 20, seed_loaded_file_becomes_a_supervisor_below_the_root,
		seed_bad_file_tells_all_its_errors, seed_loaded_file_starts_all_or_nothing,
		seed_runtime_opens_with_a_file);
	return suite;
}
