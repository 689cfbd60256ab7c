/*
 * otp_process_significant_test.c: OTP's auto_shutdown with real processes: which ends of which children bring their supervisor down. Each
 * case is a matrix; each of its rows is a supervisor of its own, /r/s1, /r/s2, ..., under a root that it is nothing to.
 */
#include "otp.h"

static const enum tractor_auto_shutdown modes[] = { TRACTOR_NEVER, TRACTOR_ANY_SIGNIFICANT,
	TRACTOR_ALL_SIGNIFICANT };

/* How a child comes to its end; stopped through the API, or by itself. */
static const char *const ways[] = { "api", "kill", "exit", "normal", "done" };

#define BY_API(way) ((way) == ways[0])
#define IS_NORMAL(way) ((way) == ways[3] || (way) == ways[4])
/* The row of a matrix of `modes` x `ways`. */
#define MODE_OF(row) modes[(row) / COUNT_OF(ways)]
#define WAY_OF(row) ways[(row) % COUNT_OF(ways)]
#define ROWS (COUNT_OF(modes) * COUNT_OF(ways))

/* The supervisor of the present row. */
static struct {
	int number;
	char path[24];
} s;

static void
begin_matrix(void)
{
	begin(.intensity = TRACTOR_NO_RESTARTS);
	s.number = 0;
}

static const char *
child_path(const char *name)
{
	static char paths[4][32];
	static unsigned next;
	char *path = paths[next++ % COUNT_OF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", s.path, name);
	return path;
}

/* It is transient: when it has come down by itself it stays so. */
static void
begin_supervisor(enum tractor_strategy strategy, enum tractor_auto_shutdown mode)
{
	snprintf(s.path, sizeof(s.path), "/r/s%d", ++s.number);
	add_sup(.name = last_part(s.path), .strategy = strategy, .intensity = 5, .auto_shutdown = mode,
		.restart = TRANSIENT);
}

/* Children a and b, both alike, and one that is nobody's concern. */
static void
begin_row(enum tractor_auto_shutdown mode, enum tractor_restart restart, bool significant)
{
	begin_supervisor(ONE_FOR_ONE, mode);
	add(.name = "a", .under = s.path, .restart = restart, .significant = significant);
	add(.name = "b", .under = s.path, .restart = restart, .significant = significant);
	add(.name = "plain", .under = s.path);
	forget_log();
}

static void
come_to_an_end(const char *name, const char *way)
{
	if (BY_API(way))
		terminate(child_path(name));
	else
		ends(child_path(name), way);
}

static void
end_row(void)
{
	terminate(s.path);
	delete_child(s.path);
}

static void
state_text(const char *path, char *text, size_t size)
{
	struct tractor_child_info *info = info_of(path);

	snprintf(text, size, "%s", tractor_child_state_name(info->state));
	free(info);
}

/* The supervisor has come down by itself, in order: its end is `shutdown`, and its children are forgotten, as they were added. */
static void
has_shut_down(void)
{
	becomes("the state of", state_text, s.path, "stopped");
	struct tractor_child_info *info = info_of(s.path);
	ck_assert_str_eq(info->last_end, "shutdown");
	ck_assert_uint_eq(info->restarts, 0);
	free(info);
	children(s.path, "");
}

START_TEST(nonsignificant_temporary)
{
	begin_matrix();
	for (size_t row = 0; row < ROWS; row++) {
		begin_row(MODE_OF(row), TEMPORARY, false);
		come_to_an_end("a", WAY_OF(row));
		come_to_an_end("b", WAY_OF(row));
		children(s.path, "plain running");
		counts(s.path, 1, 1, 0, 1);
		end_row();
	}
	finish();
}
END_TEST

START_TEST(nonsignificant_transient)
{
	begin_matrix();
	for (size_t row = 0; row < ROWS; row++) {
		const char *way = WAY_OF(row);
		bool restarted = !BY_API(way) && !IS_NORMAL(way);

		begin_row(MODE_OF(row), TRANSIENT, false);
		come_to_an_end("a", way);
		come_to_an_end("b", way);
		children(s.path, restarted ? "a running, b running, plain running"
					   : "a stopped, b stopped, plain running");
		counts(s.path, 3, restarted ? 3 : 1, 0, 3);
		end_row();
	}
	finish();
}
END_TEST

START_TEST(significant_temporary)
{
	begin_matrix();
	for (size_t row = 0; row < ROWS; row++) {
		const char *way = WAY_OF(row);

		if (MODE_OF(row) == TRACTOR_NEVER)
			continue; /* refused: see significant_simple */
		begin_row(MODE_OF(row), TEMPORARY, true);
		come_to_an_end("a", way);
		if (MODE_OF(row) == TRACTOR_ANY_SIGNIFICANT && !BY_API(way)) {
			has_shut_down();
			end_row();
			continue;
		}
		children(s.path, "b running, plain running");
		come_to_an_end("b", way);
		if (BY_API(way))
			children(s.path, "plain running");
		else
			has_shut_down();
		end_row();
	}
	finish();
}
END_TEST

START_TEST(significant_transient)
{
	begin_matrix();
	for (size_t row = 0; row < ROWS; row++) {
		const char *way = WAY_OF(row);

		if (MODE_OF(row) == TRACTOR_NEVER)
			continue; /* refused: see significant_simple */
		begin_row(MODE_OF(row), TRANSIENT, true);
		come_to_an_end("a", way);
		if (!IS_NORMAL(way)) {
			come_to_an_end("b", way);
			children(s.path, BY_API(way) ? "a stopped, b stopped, plain running"
						     : "a running, b running, plain running");
		} else if (MODE_OF(row) == TRACTOR_ANY_SIGNIFICANT) {
			has_shut_down();
		} else {
			children(s.path, "a stopped, b running, plain running");
			crash(child_path("b")); /* is restarted, and so not done */
			children(s.path, "a stopped, b running, plain running");
			come_to_an_end("b", way);
			has_shut_down();
		}
		end_row();
	}
	finish();
}
END_TEST

/* A pool is not a supervisor that is done when its members are. And what can't have an effect is refused. */
START_TEST(significant_simple)
{
	begin_file_fails(TRACTOR_EINVAL,
		"children: [{pool: p, exec: ./child, restart: temporary, auto_shutdown: any_significant}]\n");
	ck_assert_contains(tractor_why(), "auto_shutdown");
	finish();

	begin(.auto_shutdown = TRACTOR_ANY_SIGNIFICANT);
	struct tractor_pool pool = { .name = "p",
		.member = { .exec = otp_exec(), .restart = TEMPORARY, .significant = true } };
	FAILS(TRACTOR_EINVAL, tractor_start_pool(otp.seed->rt, &pool));
	add_pool("p", 1, .restart = TEMPORARY);
	FAILS(TRACTOR_EINVAL,
		tractor_start_child(otp.seed->rt, NULL,
			&(struct tractor_child){ .name = "m1", .under = "/r/p", .significant = true }, NULL));
	add_fails(TRACTOR_EINVAL, .name = "a", .restart = PERMANENT, .significant = true);
	add_sup(.name = "never");
	add_fails(
		TRACTOR_EINVAL, .name = "a", .under = "/r/never", .restart = TRANSIENT, .significant = true);
	children("/r", "p running, never running");
	finish();
}
END_TEST

/* 3 strategies x 2 modes: what ends with its siblings has not come to its own end. */
START_TEST(significant_bystander)
{
	begin_matrix();
	for (int row = 0; row < 3 * 2; row++) {
		enum tractor_strategy strategy = (enum tractor_strategy)(row / 2);

		begin_supervisor(strategy, modes[1 + row % 2]);
		add(.name = "plain", .under = s.path);
		add(.name = "t", .under = s.path, .restart = TEMPORARY, .significant = true);
		add(.name = "n", .under = s.path, .restart = TRANSIENT, .significant = true);
		crash(child_path("plain"));
		children(s.path, strategy == ONE_FOR_ONE ? "plain running, t running, n running"
							 : "plain running, n running");
		ends(child_path("n"), "normal"); /* and now its own */
		if (strategy == ONE_FOR_ONE && modes[1 + row % 2] == TRACTOR_ALL_SIGNIFICANT)
			children(s.path, "plain running, t running, n stopped");
		else
			has_shut_down();
		end_row();
	}
	finish();
}
END_TEST

/* The child supervisor is significant or not x the top one's mode; the top one is the root. */
START_TEST(significant_escalation)
{
	bool propagates = _i / (int)COUNT_OF(modes) == 1;
	enum tractor_auto_shutdown mode = modes[_i % (int)COUNT_OF(modes)];

	begin(.intensity = 5, .auto_shutdown = mode);
	struct tractor_supervisor child = { .name = "s",
		.intensity = 5,
		.restart = TRANSIENT,
		.auto_shutdown = TRACTOR_ANY_SIGNIFICANT,
		.significant = propagates };
	if (propagates && mode == TRACTOR_NEVER) {
		FAILS(TRACTOR_EINVAL, tractor_start_supervisor(otp.seed->rt, &child));
		finish();
		return;
	}
	OK(tractor_start_supervisor(otp.seed->rt, &child));
	add(.name = "x", .under = "/r/s", .restart = TRANSIENT, .significant = true);
	add(.name = "b");
	add(.name = "plain");
	forget_log();
	ends("/r/s/x", "normal");
	if (propagates) {
		has_ended(TRACTOR_OK, "");
		did("-s -r -plain -b");
		reasons("x:normal plain:shutdown b:shutdown");
	} else {
		children("/r", "s stopped, b running, plain running");
		counts("/r", 3, 2, 1, 2);
		did("-s");
		reasons("x:normal");
	}
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp, processes: auto_shutdown");
	TCase *escalation = tcase_create("escalation");

	SCENARIO_CASE(suite, "matrices", 30, nonsignificant_temporary, nonsignificant_transient,
		significant_temporary, significant_transient, significant_bystander);
	SCENARIO_CASE(suite, "pools", 20, significant_simple);
	tcase_set_timeout(escalation, 20);
	tcase_add_checked_fixture(escalation, scenario_setup, scenario_teardown);
	tcase_add_loop_test(escalation, significant_escalation, 0, 2 * (int)COUNT_OF(modes));
	suite_add_tcase(suite, escalation);
	return suite;
}
