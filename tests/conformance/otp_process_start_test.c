/*
 * otp_process_start_test.c: OTP's group sup_start with real processes, and what else is about the first start: ignored, failing and misformed
 * starts, and what the starter is told. A supervisor of ours has no code of its own: where OTP's init/1 is bad, here the tree or its
 * first child is.
 */
#include "otp.h"

#include <glob.h>

#include <jansson.h>

START_TEST(sup_start_normal)
{
	begin(.intensity = 2);
	children("/r", "");
	counts("/r", 0, 0, 0, 0);
	shut_down();
	did("+r -r");
	reasons("");
	finish();
}
END_TEST

/* A whole subtree that isn't needed: it has come up, nobody has crashed, nothing counts. */
START_TEST(sup_start_ignore_init)
{
	starts("only", "i");
	begin_file("intensity: 0\n"
		   "children:\n"
		   "  - {supervisor: s, intensity: 0, children: [{actor: only, exec: ./child, restart: "
		   "temporary}]}\n");
	children("/r", "s running");
	children("/r/s", "");
	did("+r +s +only");
	reasons("only:ignored");
	shut_down();
	finish();
}
END_TEST

START_TEST(sup_start_ignore_child)
{
	begin(.intensity = 2);
	starts("a", "i");
	add_fails(TRACTOR_IGNORE, .name = "a");
	add(.name = "b");
	children("/r", "a stopped, b running");
	counts("/r", 2, 1, 0, 2);
	ck_assert_int_eq(pid_of("/r/a"), 0);
	reasons("a:ignored");
	finish();
}
END_TEST

START_TEST(sup_start_ignore_temporary_child)
{
	starts("a", "i");
	begin_file("children: [{actor: a, exec: ./child, restart: temporary},\n"
		   "           {actor: b, exec: ./child, restart: temporary}]\n");
	children("/r", "b running");
	counts("/r", 1, 1, 0, 1);
	reasons("a:ignored");
	finish();
}
END_TEST

START_TEST(sup_start_ignore_temporary_child_start_child)
{
	begin(.intensity = 2);
	starts("a", "i");
	add_fails(TRACTOR_IGNORE, .name = "a", .restart = TEMPORARY);
	add(.name = "b", .restart = TEMPORARY);
	children("/r", "b running");
	counts("/r", 1, 1, 0, 1);
	reasons("a:ignored");
	finish();
}
END_TEST

/* Of two members of a pool the first ignores its start. */
static void
begin_with_ignoring_member(enum tractor_restart restart)
{
	begin(.intensity = 2);
	add_pool("p", 2, .restart = restart);
	starts("m1", "i");
	FAILS(TRACTOR_IGNORE, add_member("/r/p", "m1"));
	OK(add_member("/r/p", "m2"));
	children("/r/p", "m2 running");
	counts("/r/p", 1, 1, 0, 1);
	reasons("m1:ignored");
}

START_TEST(sup_start_ignore_temporary_child_start_child_simple)
{
	begin_with_ignoring_member(TEMPORARY);
	finish();
}
END_TEST

START_TEST(sup_start_ignore_permanent_child_start_child_simple)
{
	begin_with_ignoring_member(PERMANENT);
	shut_down();
	reasons("m2:shutdown");
	finish();
}
END_TEST

START_TEST(sup_start_error_return)
{
	struct tractor_runtime *rt = NULL;

	FAILS(TRACTOR_EINVAL, tractor_runtime_open(&rt, &(struct tractor_options){ .name = "no/name" }));
	FAILS(TRACTOR_EINVAL, tractor_runtime_open_file(&rt, scenario_path("nowhere.yaml"), NULL));
	ck_assert_ptr_null(rt);
	begin_file_fails(TRACTOR_EINVAL, "period: 0\nchildren: [{actor: a, exec: ./child}]\n");
	ck_assert_contains(tractor_why(), "tree.yaml:2:9: ");
	did("");
	reasons("");
	finish();
}
END_TEST

START_TEST(sup_start_fail)
{
	starts("a", "r");
	begin_file_fails(
		TRACTOR_ESTART, "children: [{actor: a, exec: ./child}, {actor: b, exec: ./child}]\n");
	ck_assert_contains(tractor_why(), "/r/a did not start");
	ck_assert_contains(tractor_why(), "told to refuse");
	did("+r +a -r");
	reasons("a:start_failed");
	finish();
}
END_TEST

/* {error, R}, or no answer that could be understood: the last one says nothing until its time is over. */
START_TEST(sup_start_child_returns_error)
{
	static const struct {
		const char *order, *why;
	} ways[] = { { "r", "told to refuse" }, { "h", "125" }, { "p", "told to panic" },
		{ "x", "exited with 3" }, { "k", "SIGKILL" }, { "", "start_timeout" } };

	begin(.intensity = TRACTOR_NO_RESTARTS);
	forget_log();
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		starts("a", ways[i].order);
		add_fails(TRACTOR_ESTART, .name = "a",
			.start_timeout_ms = *ways[i].order != '\0' ? 0 : scaled_ms(SHORT_MS));
		ck_assert_contains(tractor_why(), ways[i].why);
		children("/r", "");
		counts("/r", 0, 0, 0, 0);
	}
	add_fails(TRACTOR_ESTART, .name = "a", .exec = "/no/such/program");
	ck_assert_contains(tractor_why(), "/no/such/program");
	children("/r", "");
	did("+a +a +a +a +a +a");
	reasons("a:start_failed a:permanent_failure a:start_failed a:start_failed a:start_failed a:start_failed");
	finish();
}
END_TEST

START_TEST(sup_start_restart_child_returns_error)
{
	begin(.intensity = TRACTOR_NO_RESTARTS);
	add(.name = "a");
	terminate("/r/a");
	starts("a", "rg");
	FAILS(TRACTOR_ESTART, tractor_restart_child(otp.seed->rt, "/r/a"));
	ck_assert_contains(tractor_why(), "told to refuse");
	children("/r", "a stopped");
	counts("/r", 1, 0, 0, 1);
	ck_assert_int_eq(pid_of("/r/a"), 0);
	reasons("a:shutdown a:start_failed");
	restart_child("/r/a");
	children("/r", "a running");
	finish();
}
END_TEST

START_TEST(sup_start_child_returns_error_simple)
{
	begin(.intensity = 2);
	add_pool("p", 2, .restart = PERMANENT);
	starts("m1", "r");
	starts("m2", "h");
	FAILS(TRACTOR_ESTART, add_member("/r/p", "m1"));
	ck_assert_contains(tractor_why(), "told to refuse");
	FAILS(TRACTOR_ESTART, add_member("/r/p", "m2"));
	children("/r/p", "");
	counts("/r/p", 1, 0, 0, 0);
	reasons("m1:start_failed m2:permanent_failure");
	finish();
}
END_TEST

/* The states that a node has been in since the last time. */
static void
states_text(const char *path, char *text, size_t size)
{
	static const char *const names[] = { "stopped", "waiting", "starting", "running", "stopping",
		"gone" };
	const struct seed_notes *events = &otp.seed->events;

	*text = '\0';
	for (size_t i = otp.did_from; i < events->count; i++)
		for (size_t n = 0; n < COUNT_OF(names); n++)
			if (strcmp(events->notes[i].path, path) == 0 &&
				strcmp(events->notes[i].what, names[n]) == 0)
				append(text, size, "%s%s", *text != '\0' ? " " : "", names[n]);
}

/* OTP's progress report is our event "running": there is one for each start that came up, and none for one that did not. */
START_TEST(external_start_no_progress_log)
{
	begin(.intensity = 5);
	add(.name = "a");
	starts("a", "rrg");
	forget_log();
	crash("/r/a");
	children("/r", "a running");
	becomes("the states of", states_text, "/r/a",
		"waiting starting waiting starting waiting starting running");
	finish();
}
END_TEST

/* The report of the crash that the failed start left: there, with a backtrace. */
static void
has_report(const char *path, const char *cause, const char *text)
{
	glob_t found;

	ck_assert_int_eq(glob(scenario_path("run/*/crashes/*.json"), 0, NULL, &found), 0);
	ck_assert_uint_eq(found.gl_pathc, 1);
	json_t *report = json_load_file(found.gl_pathv[0], 0, NULL);
	ck_assert_ptr_nonnull(report);
	ck_assert_str_eq(json_string_value(json_object_get(report, "path")), path);
	ck_assert_str_eq(json_string_value(json_object_get(report, "cause")), cause);
	ck_assert_contains(json_string_value(json_object_get(report, "panic_text")), text);
	ck_assert_uint_gt(json_array_size(json_object_get(report, "backtrace")), 0);
	json_decref(report);
	globfree(&found);
}

/* The path of the child that it began with, however deep, its words, and its backtrace. */
START_TEST(faulty_application_shutdown)
{
	starts("faulty", "p");
	begin_file_fails(TRACTOR_ESTART,
		"children:\n"
		"  - {actor: a, exec: ./child}\n"
		"  - supervisor: s\n"
		"    strategy: rest_for_one\n"
		"    children:\n"
		"      - {supervisor: t, strategy: one_for_all, children: [{actor: faulty, exec: ./child}]}\n"
		"  - {actor: b, exec: ./child}\n");
	ck_assert_contains(tractor_why(), "/r/s/t/faulty did not start");
	ck_assert_contains(tractor_why(), "told to panic (");
	ck_assert_contains(tractor_why(), "death.h:");
	did("+r +a +s +t +faulty -t -s -r -a");
	reasons("faulty:start_failed a:shutdown");
	has_report("/r/s/t/faulty", "panic", "told to panic");
	finish();
}
END_TEST

/* A name is a path, and a path has one slot. And a tree's name is its run directory's, which somebody else may have. */
START_TEST(already_started_outside_supervisor)
{
	struct tractor_runtime *other = NULL;

	begin(.intensity = 2);
	add(.name = "a");
	add(.name = "b", .restart = TEMPORARY);
	pid_t first = pid_of("/r/b");
	forget_log();
	add_fails(TRACTOR_EEXIST, .name = "b");
	FAILS(TRACTOR_EEXIST, tractor_runtime_open(&other, &(struct tractor_options){ .name = "r" }));
	ck_assert_ptr_null(other);
	children("/r", "a running, b running");
	counts("/r", 2, 2, 0, 2);
	ck_assert_int_eq(pid_of("/r/b"), first);
	reasons("");
	did("");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp, processes: the first start");

	SCENARIO_CASE(suite, "sup_start", 20, sup_start_normal, sup_start_ignore_init, sup_start_ignore_child,
		sup_start_ignore_temporary_child, sup_start_ignore_temporary_child_start_child,
		sup_start_ignore_temporary_child_start_child_simple,
		sup_start_ignore_permanent_child_start_child_simple, sup_start_error_return, sup_start_fail,
		sup_start_child_returns_error, sup_start_restart_child_returns_error,
		sup_start_child_returns_error_simple);
	SCENARIO_CASE(suite, "what is told of it", 20, external_start_no_progress_log,
		faulty_application_shutdown, already_started_outside_supervisor);
	return suite;
}
