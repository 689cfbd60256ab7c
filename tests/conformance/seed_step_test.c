/*
 * seed_step_test.c: the seed's cases on a step of one's own and its select. The stepper prints which branch it was; several
 * branches are made ready together while it stands at a gate.
 */
#include "seed.h"

#include <signal.h>

#include "actors/stepper.h"

struct bench {
	struct seed *seed;
	struct gate gate, fifo;
	stepper_ref stepper;
};

/* A stepper that selects from these, and a FIFO for it to read; see seed_stepper.c. */
static struct bench
set_up(const char *sources, const char *idle_ms)
{
	struct bench bench = {
		.seed = seed_open(), .gate = gate_make("gate"), .fifo = gate_make("gate-fifo")
	};
	const char *const args[] = { "sources", sources, "idle_ms", idle_ms, "fifo", bench.fifo.path, NULL };

	SEED_START(
		bench.seed, stepper, &bench.stepper, .name = "s", .exec = seed_exec("stepper"), .args = args);
	return bench;
}

static void
tear_down(struct bench *bench)
{
	gate_close(&bench->gate);
	gate_close(&bench->fifo);
	seed_close(bench->seed);
}

/* From here until the gate is opened it sees nothing. */
static void
pause_it(struct bench *bench)
{
	OK(tractor_tell(bench->seed->ctx, bench->stepper, stepper_pause, .gate = bench->gate.path));
	expect_line(bench->seed, "/t/s", "blocked");
}

/* That it prints these, in this order, from now on. */
static void
expect_in_order(struct bench *bench, const char *first, const char *second, const char *third)
{
	const struct seed_note *a = expect_line(bench->seed, "/t/s", first),
			       *b = expect_line(bench->seed, "/t/s", second),
			       *c = expect_line(bench->seed, "/t/s", third);

	if (a > b || b > c)
		seed_complain(bench->seed, NULL, "/t/s", "(the right order)");
}

START_TEST(seed_select_returns_the_branch_that_is_ready)
{
	struct bench bench = set_up("ir", "-1");

	ck_assert_int_eq(write(bench.fifo.fd, "a", 1), 1);
	expect_line(bench.seed, "/t/s", "byte a");
	OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = 1));
	expect_line(bench.seed, "/t/s", "note 1");
	ck_assert_int_eq(write(bench.fifo.fd, "b", 1), 1);
	expect_line(bench.seed, "/t/s", "byte b");
	tear_down(&bench);
}
END_TEST

START_TEST(seed_select_prefers_the_first_that_is_ready)
{
	static const struct {
		const char *sources, *order[3];
	} cases[] = {
		{ "ir", { "note 1", "note 2", "byte a" } },
		{ "ri", { "byte a", "note 1", "note 2" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench = set_up(cases[i].sources, "0");

		pause_it(&bench);
		ck_assert_int_eq(write(bench.fifo.fd, "a", 1), 1);
		OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = 1));
		OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = 2));
		gate_open(&bench.gate);
		expect_in_order(&bench, cases[i].order[0], cases[i].order[1], cases[i].order[2]);
		unlink(bench.gate.path);
		unlink(bench.fifo.path);
		tear_down(&bench);
	}
}
END_TEST

/* The future resolved while another branch won twice: it stays resolved, and its value is there. */
START_TEST(seed_select_loses_nothing_that_did_not_win)
{
	struct bench bench = set_up("rif", "-1");
	probe_ref probe = seed_probe(bench.seed, "probe");
	struct gate hold = gate_make("gate-hold");

	OK(tractor_ask(bench.seed->ctx, bench.stepper, TRACTOR_ACK, stepper_fetch, .to = probe,
		.gate = hold.path, .value = 9));
	expect_line(bench.seed, "/t/probe", "blocked");
	pause_it(&bench);
	gate_open(&hold);
	ck_assert_int_eq(total_of(bench.seed, probe), 0); /* so the probe has answered */
	OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = 1));
	ck_assert_int_eq(write(bench.fifo.fd, "a", 1), 1);
	gate_open(&bench.gate);
	expect_in_order(&bench, "byte a", "note 1", "future TRACTOR_OK 9");
	gate_close(&hold);
	tear_down(&bench);
}
END_TEST

START_TEST(seed_future_works_as_a_branch)
{
	struct bench bench = set_up("fi", "-1");
	probe_ref probe = seed_probe(bench.seed, "probe");
	struct gate hold = gate_make("gate-hold");

	OK(tractor_ask(bench.seed->ctx, bench.stepper, TRACTOR_ACK, stepper_fetch, .to = probe,
		.gate = hold.path, .value = 9));
	expect_line(bench.seed, "/t/probe", "blocked");
	OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = 1));
	expect_line(bench.seed, "/t/s", "note 1");
	gate_open(&hold);
	expect_line(bench.seed, "/t/s", "future TRACTOR_OK 9");
	gate_close(&hold);
	tear_down(&bench);
}
END_TEST

START_TEST(seed_future_of_one_that_crashes_works_as_a_branch)
{
	struct bench bench = set_up("fi", "-1");
	probe_ref probe = seed_probe(bench.seed, "probe");
	struct gate hold = gate_make("gate-hold");
	pid_t pid = who_is(bench.seed, probe).pid;

	OK(tractor_ask(bench.seed->ctx, bench.stepper, TRACTOR_ACK, stepper_fetch, .to = probe,
		.gate = hold.path, .value = 9));
	expect_line(bench.seed, "/t/probe", "blocked");
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	expect_line(bench.seed, "/t/s", "future TRACTOR_ECRASHED 0");
	gate_close(&hold);
	tear_down(&bench);
}
END_TEST

/* "Something else": bytes from an fd, and time; the messages are handled in between as they come. */
START_TEST(seed_step_that_handles_something_else_goes_round_again)
{
	struct bench bench = set_up("irt", "20");

	for (int i = 1; i <= 3; i++) {
		char line[32];

		expect_line(bench.seed, "/t/s", "branch t");
		ck_assert_int_eq(write(bench.fifo.fd, "z", 1), 1);
		expect_line(bench.seed, "/t/s", "byte z");
		OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = i));
		snprintf(line, sizeof(line), "note %d", i);
		expect_line(bench.seed, "/t/s", line);
	}
	OK(tractor_stop(bench.seed->ctx, bench.stepper));
	expect_line(bench.seed, "/t/s", "stop");
	tear_down(&bench);
}
END_TEST

/* The heartbeat: after so long without anything, and not before. */
START_TEST(seed_idle_branch_fires_when_nothing_came)
{
	struct bench bench = set_up("it", "1000");
	int64_t began_ms;

	for (int i = 1; i <= 3; i++) {
		began_ms = now_ms(); /* that is before it gets the note, and no second after the last time */
		OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = 0));
		expect_line(bench.seed, "/t/s", "note 0");
		expect_line(bench.seed, "/t/s", "branch t");
		ck_assert_int_ge(now_ms() - began_ms, 1000);
	}
	tear_down(&bench);
}
END_TEST

/* "For ever" has many numbers; one that can't be counted in nanoseconds was over at once. */
START_TEST(seed_idle_branch_of_the_longest_time_never_fires)
{
	struct bench bench = set_up("ti", "9223372036854775807");

	for (int i = 0; i < 3; i++) {
		OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = i));
		expect_line(bench.seed, "/t/s", (const char *[]){ "note 0", "note 1", "note 2" }[i]);
	}
	ck_assert(!has_line(bench.seed, "/t/s", "branch t"));
	tear_down(&bench);
}
END_TEST

START_TEST(seed_select_sees_a_writable_fd)
{
	struct bench bench = set_up("iw", "-1");

	expect_line(bench.seed, "/t/s", "branch w");
	OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = 1));
	expect_line(bench.seed, "/t/s", "note 1");
	tear_down(&bench);
}
END_TEST

/* Nothing to wait for but the stop: it comes through. */
START_TEST(seed_stop_reaches_a_select)
{
	struct bench bench = set_up("r", "-1");

	OK(tractor_stop(bench.seed->ctx, bench.stepper));
	expect_line(bench.seed, "/t/s", "stop");
	tear_down(&bench);
}
END_TEST

/* A step's error has no asker who could be told: it ends the incarnation as a panic does. */
START_TEST(seed_step_error_is_a_panic)
{
	struct bench bench = set_up("ir", "-1");

	ck_assert_int_eq(write(bench.fifo.fd, "!", 1), 1);
	expect_event(bench.seed, "crashed", "/t/s");
	OK(tractor_tell(bench.seed->ctx, bench.stepper, stepper_note, .n = 1));
	ck_assert_uint_eq(expect_line(bench.seed, "/t/s", "note 1")->incarnation, 2);
	tear_down(&bench);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("seed: step and select");

	SCENARIO_CASE(suite, "select", 20, seed_select_returns_the_branch_that_is_ready,
		seed_select_prefers_the_first_that_is_ready, seed_select_loses_nothing_that_did_not_win,
		seed_future_works_as_a_branch, seed_future_of_one_that_crashes_works_as_a_branch,
		seed_select_sees_a_writable_fd, seed_stop_reaches_a_select);
	SCENARIO_CASE(suite, "step", 20, seed_step_that_handles_something_else_goes_round_again,
		seed_idle_branch_fires_when_nothing_came, seed_idle_branch_of_the_longest_time_never_fires,
		seed_step_error_is_a_panic);
	return suite;
}
