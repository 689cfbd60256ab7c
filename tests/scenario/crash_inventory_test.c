/*
 * crash_inventory_test.c: the inventory of all crashes: what is alike is told in full once and then counted; there are never more reports than there may be, and one that was removed stays so.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes.h"
#include "inventory.h"

static void
crash_times(const char *path, int times, int from)
{
	for (int i = from; i < from + times; i++) {
		tell(path, "victim.die", "{\"how\":\"segv\",\"number\":%d}", i);
		expect_node("t", path, "running", i + 2, SOON_MS);
	}
}

/* Files of reports in the run directory, and of these how many are in full. */
static int
count_reports(int *ret_full)
{
	DIR *folder = opendir(scenario_path("run/t/crashes"));
	int count = 0;

	*ret_full = 0;
	ck_assert_ptr_nonnull(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		char path[512];
		size_t length = strlen(entry->d_name);
		if (entry->d_name[0] == '.' || length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0)
			continue;
		snprintf(path, sizeof(path), "run/t/crashes/%s", entry->d_name);
		json_t *report = json_load_file(scenario_path(path), 0, NULL);
		ck_assert_msg(report != NULL, "%s", entry->d_name);
		*ret_full += json_is_array(json_object_get(report, "memory_map"));
		count++;
		json_decref(report);
	}
	closedir(folder);
	return count;
}

static json_t *
list_kinds(void)
{
	return run_json(tractor_command(), "crashes", "--unique", "--json", "-t", "t", NULL);
}

START_TEST(a_crash_loop_is_told_in_full_once_and_then_counted)
{
	struct process *tree =
		tree_up("{name: t, intensity: 1000, children: [%s]}", actor_line("victim", "victim"));
	int full;

	crash_times("/t/victim", 20, 0);
	json_t *first = unwound_crash_of("/t/victim", 1), *last = unwound_crash_of("/t/victim", 20);
	expect_text(first, "symbols", "done");
	expect_number(last, "count", 20);
	expect_text(last, "like", text_at(first, "id"));
	expect_text(last, "fingerprint", text_at(first, "fingerprint"));
	expect_number(last, "message.fields.number", 19); /* what was lost is still told */
	ck_assert_int_eq(count_reports(&full), 20);
	ck_assert_int_eq(full, 1);
	json_t *kinds = list_kinds();
	ck_assert_uint_eq(json_array_size(json_object_get(kinds, "crashes")), 1);
	expect_number(kinds, "crashes.0.count", 20);
	expect_text(kinds, "crashes.0.id", text_at(first, "id"));
	expect_match(text_at(kinds, "crashes.0.top"), "^dereference_null at victim\\.c:[0-9]+$");
	expect_command(0, "^   20  .*  dereference_null at victim\\.c", "^$", "crashes", "--unique", NULL);
	expect_command(0, "-victim-20 .* dereference_null at victim\\.c", "^$", "crashes", NULL);
	json_decref(kinds);
	json_decref(first);
	json_decref(last);
	tree_down(tree);
}
END_TEST

/* Who crashes, builds anew, and crashes again was told that it is like the first, of which nobody knew the names. */
START_TEST(another_build_is_another_kind)
{
	static const char *const builds[] = { "crashy_stripped", "crashy_debug", "crashy_debug" };
	char build[512];

	for (int i = 0; i < 3; i++) {
		snprintf(build, sizeof(build), "%s/%s", test_actors_dir(), builds[i]);
		unlink(scenario_path("program"));
		ck_assert_int_eq(symlink(build, scenario_path("program")), 0);
		struct process *tree =
			tree_up("{name: t, children: [{actor: crashy, exec: %s}]}", scenario_path("program"));
		tell("/t/crashy", "crashy.null_dereference", "{}");
		expect_node("t", "/t/crashy", "running", 2, SOON_MS);
		tree_down(tree);
		json_t *report = run_json(tractor_command(), "crashes", "show", "--last", "--json", NULL);
		expect_number(report, "count", i == 2 ? 2 : 1);
		json_decref(report);
	}
	unlink(scenario_path("program"));
}
END_TEST

static bool
is_gone(void *path)
{
	return access(path, F_OK) < 0;
}

/* Opened to be written it would hold up whoever opens it until somebody reads. */
START_TEST(a_pipe_in_the_place_of_a_report)
{
	struct process *tree =
		tree_up("{name: t, intensity: 10, children: [%s]}", actor_line("victim", "victim"));
	char *pipe = strdup(scenario_path("run/t/crashes/" INVENTORY_COUNTS ".part"));

	ck_assert_int_eq(mkfifo(pipe, 0600), 0);
	tell("/t/victim", "victim.die", "{\"how\":\"panic\"}");
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	ck_assert(wait_until(SOON_MS, is_gone, pipe));
	expect_event("", "counts_lost", "No such device or address$");
	tell("/t/victim", "victim.die", "{\"how\":\"panic\"}");
	expect_node("t", "/t/victim", "running", 3, SOON_MS);
	expect_crashes(NULL, 2);
	free(pipe);
	tree_down(tree);
}
END_TEST

START_TEST(reports_stay_within_their_number)
{
	setenv("TRACTOR_CRASHES_MAX", "10", 1);
	struct process *tree =
		tree_up("{name: t, intensity: 1000, children: [%s]}", actor_line("victim", "victim"));
	int full;

	tell("/t/victim", "victim.die", "{\"how\":\"panic\"}"); /* the oldest, but the only one of its kind */
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	crash_times("/t/victim", 14, 1);
	tree_down(tree);
	ck_assert_int_le(count_reports(&full), 10);
	ck_assert_int_eq(full, 2);
	json_t *kinds = list_kinds();
	expect_number(kinds, "crashes.0.count", 1);
	expect_text(kinds, "crashes.0.cause", "panic");
	expect_number(kinds, "crashes.1.count", 14); /* more than there are reports */
	json_decref(kinds);

	/* Another supervisor goes on counting. */
	tree = tree_up("{name: t, intensity: 1000, children: [%s]}", actor_line("victim", "victim"));
	crash_times("/t/victim", 3, 0);
	tree_down(tree);
	ck_assert_int_le(count_reports(&full), 10);
	kinds = list_kinds();
	expect_number(kinds, "crashes.1.count", 17);
	json_decref(kinds);
}
END_TEST

START_TEST(reports_are_removed)
{
	struct process *tree =
		tree_up("{name: t, intensity: 1000, children: [%s]}", actor_line("victim", "victim"));

	expect_command(1, "^$", "^tractor: nothing has crashed in \"t\"$", "crashes", "show", "--last", NULL);
	crash_times("/t/victim", 3, 0);
	json_t *first = unwound_crash_of("/t/victim", 1);
	expect_command(0, "^crash .*-victim-3$", "^$", "crashes", "show", "--last", NULL);
	expect_command(1, "^$", "there is no crash \"nonsense\"", "crashes", "rm", "nonsense", NULL);
	expect_command(2, "^$", "crashes rm which\\?", "crashes", "rm", NULL);
	expect_command(2, "^$", "crashes rm has no such option", "crashes", "rm", "--last", NULL);
	expect_command(2, "^$", "\"x\" is too much; it is: tractor crashes list \\[--unique\\] \\[PATH\\]$",
		"crashes", "list", "/t/victim", "x", NULL);
	expect_command(0, "^$", "^$", "crashes", "rm", text_at(first, "id"), NULL);
	expect_crashes(NULL, 2);
	json_t *kinds = list_kinds(); /* what it was counted from is gone */
	expect_number(kinds, "crashes.0.count", 2);
	json_decref(kinds);
	/* And so the next one is the first, in full. */
	tell("/t/victim", "victim.die", "{\"how\":\"segv\",\"number\":3}");
	json_t *next = unwound_crash_of("/t/victim", 4);
	expect_number(next, "count", 1);
	expect_text(next, "symbols", "done");
	json_decref(next);
	json_decref(first);
	expect_command(0, "^$", "^$", "crashes", "rm", "--all", NULL);
	expect_crashes(NULL, 0);
	tree_down(tree);
	ck_assert_int_lt(
		access(scenario_path("run/t/crashes"), F_OK), 0); /* nothing to tell, nothing to keep */
}
END_TEST

START_TEST(the_reports_of_a_tree_that_has_ended_are_removed)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));

	crash_times("/t/victim", 1, 0);
	tree_down(tree);
	expect_crashes(NULL, 1);
	expect_command(0, "^$", "^$", "crashes", "rm", "--all", "-t", "t", NULL);
	ck_assert_int_lt(access(scenario_path("run/t/crashes"), F_OK), 0);
	/* Its log is still there. */
	expect_command(0, "^$", "^tractor: nothing has crashed in \"t\"$", "crashes", NULL);
}
END_TEST

static bool
has_report(void *arg)
{
	int full;

	(void)arg;
	return count_reports(&full) > 0;
}

/* A report that was removed while it was being made readable is not brought back. */
START_TEST(a_report_that_was_removed_stays_so)
{
	set_unwinder("sleep 1; echo '{\"backtrace\":[],\"stopped\":null}'");
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));

	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	ck_assert(wait_until(SOON_MS, has_report, NULL));
	expect_command(0, "^$", "^$", "crashes", "rm", "--all", NULL);
	expect_event("/t/victim", "unwound", NULL);
	expect_crashes(NULL, 0);
	tree_down(tree);
}
END_TEST

/* Who says down and then run, as scripts do, is not told that it runs already. */
START_TEST(a_tree_that_is_down_can_be_run_at_once)
{
	set_unwinder("sleep 1; echo '{\"backtrace\":[],\"stopped\":null}'");
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));

	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	ck_assert(wait_until(SOON_MS, has_report, NULL));
	expect_command(0, "^$", "^$", "down", NULL);
	struct process *again = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));
	expect_exit(tree, 0, DOWN_MS);
	tree_down(again);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("crash_inventory");

	SCENARIO_CASE(suite, "inventory", 60, a_crash_loop_is_told_in_full_once_and_then_counted,
		another_build_is_another_kind, a_pipe_in_the_place_of_a_report,
		reports_stay_within_their_number, reports_are_removed,
		the_reports_of_a_tree_that_has_ended_are_removed, a_report_that_was_removed_stays_so,
		a_tree_that_is_down_can_be_run_at_once);
	return suite;
}
