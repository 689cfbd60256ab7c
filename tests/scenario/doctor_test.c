/*
 * doctor_test.c: `tractor doctor`: what it measures is sane, what it foretells comes true, what is missing is said, and nothing of it is left, whatever ends it.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trees.h"

#define DOCTOR_MS 30000 /* nine starts, where others have the CPUs */
#define KIB 1024
#define MIB (1024 * KIB)

/* Ended; its exit code was this one, and if it is asked for JSON, *ret_json is what it printed, owned by the caller. */
static void
doctor(unsigned fd_limit, int code, const char *out, const char *err, json_t **ret_json)
{
	const char *const argv[] = { tractor_command(), "doctor", ret_json ? "--json" : NULL, NULL };
	struct process *process =
		process_start_with(&(struct process_options){ .argv = argv, .fd_limit = fd_limit });

	expect_exit(process, code, DOCTOR_MS);
	if (out)
		expect_match(process_output(process), out);
	if (err)
		expect_match(process_errors(process), err);
	if (ret_json)
		ck_assert_ptr_nonnull(*ret_json = json_loads(process_output(process), 0, NULL));
	process_close(process);
}

static void
expect_between(const json_t *json, const char *where, int64_t least, int64_t most)
{
	int64_t number = number_at(json, where);

	ck_assert_msg(least <= number && number <= most, "%s is %lld", where, (long long)number);
}

/* --- what it finds --- */

START_TEST(for_people)
{
	doctor(0, 0, "^tractor [0-9.]+, nng [0-9.]+, Linux ", NULL, NULL);
	doctor(0, 0, "^threads +[0-9]+  all its own$", NULL, NULL);
	doctor(0, 0, "^RLIMIT_NOFILE +fds +[0-9]+ +[0-9]+ +[0-9]+$", NULL, NULL);
	doctor(0, 0,
		"^This machine will carry about [0-9]+ such actors, spares among them\\. What stops more is .*; what helps: .*\\.$",
		NULL, NULL);
}
END_TEST

START_TEST(numbers_are_sane)
{
	json_t *json, *limit;
	int64_t before = 0;
	size_t i;

	doctor(0, 0, NULL, NULL, &json);
	expect_number(json, "schema_version", 1);
	ck_assert(json_is_true(json_object_get(json, "ok")));
	expect_between(json, "actor.threads", 2, 10000);
	expect_between(json, "actor.fds", 3, 16);
	expect_between(json, "actor.memory_bytes", 64 * KIB, 256 * MIB);
	expect_between(json, "actor.own_bytes", 64 * KIB, number_at(json, "actor.memory_bytes"));
	expect_between(json, "actor.start_us", 1, DOCTOR_MS * INT64_C(1000));
	expect_between(
		json, "actor.start_max_us", number_at(json, "actor.start_us"), DOCTOR_MS * INT64_C(1000));
	expect_match(text_at(json, "nng.version"), "^[0-9]+\\.[0-9]+");
	/* The first is what stops them, and each does so no earlier than the one before. */
	json_array_foreach(json_object_get(json, "limits"), i, limit)
	{
		if (json_is_null(json_object_get(limit, "actors")))
			break;
		ck_assert_int_le(before, number_at(limit, "actors"));
		before = number_at(limit, "actors");
		ck_assert_str_ne(text_at(limit, "help"), "");
	}
	ck_assert_uint_ge(i, 2);
	expect_number(json, "actors", number_at(json, "limits.0.actors"));
	json_decref(json);
}
END_TEST

/* --- what it foretells --- */

START_TEST(few_fds_are_what_stops_them)
{
	json_t *json;

	doctor(256, 0,
		"What stops more is RLIMIT_NOFILE, as each takes [0-9]+ of the supervisor's fds; what helps: ",
		NULL, NULL);
	doctor(256, 0, NULL, NULL, &json);
	expect_between(json, "actors", 10, 40);
	expect_text(json, "limits.0.name", "RLIMIT_NOFILE");
	expect_number(json, "limits.0.most", 256);
	json_decref(json);
}
END_TEST

/* As many as it says, and no more than that and one, whose start may have found what another one's had left. */
START_TEST(as_many_as_it_says_can_be_started)
{
	const char *file = scenario_write(
		"t.yaml", "{name: t, children: [{pool: p, exec: %s/victim, max: 100}]}", test_actors_dir());
	const char *const argv[] = { tractor_command(), "run", file, NULL };
	json_t *json;
	char wish[24];

	doctor(128, 0, NULL, NULL, &json);
	int64_t actors = number_at(json, "actors");
	json_decref(json);
	struct process *tree = process_start_with(&(struct process_options){ .argv = argv, .fd_limit = 128 });
	expect_tree("t", UP_MS);
	snprintf(wish, sizeof(wish), "%lld", (long long)actors);
	expect_command(0, "has [0-9]+ members$", "^$", "scale", "/t/p", wish, NULL);
	snprintf(wish, sizeof(wish), "%lld", (long long)actors + 2);
	expect_command(1, NULL, "EMFILE", "scale", "/t/p", wish, NULL);
	expect_command(0, NULL, NULL, "down", NULL);
	expect_exit(tree, 0, DOWN_MS);
}
END_TEST

/* --- what is missing --- */

START_TEST(not_even_fds_to_measure)
{
	json_t *json;

	doctor(40, 1, "^tractor [0-9.]+, ",
		"^tractor: nothing could be measured: .*the host refused a .*\\(EMFILE at .*: raise ulimit -n\\)$",
		NULL);
	doctor(40, 1, NULL, NULL, &json);
	ck_assert(json_is_false(json_object_get(json, "ok")));
	ck_assert(json_is_null(json_object_get(json, "actor")));
	expect_match(text_at(json, "error"), "EMFILE");
	json_decref(json);
}
END_TEST

START_TEST(a_run_directory_that_cannot_be)
{
	setenv("TRACTOR_RUN_DIR", "/dev/null/run", 1);
	doctor(0, 1, NULL,
		"^tractor: nothing could be measured: cannot make the directory /dev/null/run: ", NULL);
}
END_TEST

START_TEST(no_unwinder_is_told_and_no_failure)
{
	setenv("TRACTOR_UNWINDER", "", 1);
	doctor(0, 0, "will carry", "^tractor: tractor-unwind is missing: crash reports have no functions",
		NULL);
	unsetenv("TRACTOR_UNWINDER");
}
END_TEST

/* --- its end --- */

static bool
has_begun(void *arg)
{
	DIR *folder = opendir(scenario_path("run"));
	bool *found = arg;

	if (!folder)
		return false;
	for (const struct dirent *entry; (entry = readdir(folder));)
		*found = *found || strncmp(entry->d_name, "doctor-", 7) == 0;
	closedir(folder);
	return *found;
}

/* The fixture looks for what is left. On a machine that is busy elsewhere the signal may come when all is done. */
START_TEST(a_signal_leaves_nothing)
{
	struct process *process = process_start(tractor_command(), "doctor", NULL);
	bool found = false;

	ck_assert(wait_until(UP_MS, has_begun, &found));
	process_signal(process, SIGTERM);
	int status = process_wait(process, DOCTOR_MS);
	ck_assert_msg(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM), "status %x",
		(unsigned)status);
}
END_TEST

START_TEST(beside_a_running_tree)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	doctor(0, 0, "will carry", NULL, NULL);
	expect_command(0, "^/t/a +running", "^$", "status", NULL);
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("doctor");

	SCENARIO_CASE(suite, "finds", 90, for_people, numbers_are_sane);
	SCENARIO_CASE(suite, "foretells", 90, few_fds_are_what_stops_them, as_many_as_it_says_can_be_started);
	SCENARIO_CASE(suite, "misses", 90, not_even_fds_to_measure, a_run_directory_that_cannot_be,
		no_unwinder_is_told_and_no_failure);
	SCENARIO_CASE(suite, "ends", 90, a_signal_leaves_nothing, beside_a_running_tree);
	return suite;
}
