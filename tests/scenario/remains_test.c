/*
 * remains_test.c: a restart goes before the report of what it is for, and nothing of that gets lost for it: neither what is told when several die at once, nor what is too large to be kept until there is
 * time, nor the report itself, whatever comes next; and what it tells is as things were at the crash. In this process, where one can look between the two.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <tractor/runtime.h>

#include "actors/victim.h"
#include "runtime.h"
#include "slot.h"
#include "trees.h"

#define LARGE_BYTES 200000 /* of a message: more than is copied at a crash */
#define AT_ONCE 5
#define RESTARTS_MAX 50

static struct {
	struct tractor_runtime *rt;
	char folder[256]; /* of the reports */
	int at_start,
		at_end; /* reports that there were when a successor was about to be started, and when it was ready */
	int64_t due_ns; /* until when a report was to wait */
	bool in_time;	/* the successor was ready before */
	char names[AT_ONCE][64];
	int died;
} seen;

static bool
is_report(const char *name)
{
	const char *end = strrchr(name, '.');

	return end && strcmp(end, ".json") == 0 && name[0] >= '0' && name[0] <= '9';
}

/* The reports' ids, as many as there is room for; in the order of their names, which is that of time. */
static int
list_reports(char (*ret_ids)[INVENTORY_ID_MAX], int most)
{
	struct dirent **entries;
	int count = 0, found = scandir(seen.folder, &entries, NULL, alphasort);

	for (int i = 0; i < found; i++) {
		if (is_report(entries[i]->d_name) && count++ < most)
			snprintf(ret_ids[count - 1], INVENTORY_ID_MAX, "%.*s",
				(int)(strlen(entries[i]->d_name) - strlen(".json")), entries[i]->d_name);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return count;
}

static json_t *
load(const char *id)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.json", seen.folder, id);
	json_t *report = json_load_file(path, 0, NULL);
	ck_assert_msg(report != NULL, "%s can't be read", path);
	return report;
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	(void)arg;
	if (strcmp(event->event, "starting") == 0 && event->incarnation >= 2) {
		seen.at_start = list_reports(NULL, 0);
		seen.due_ns = seen.rt->remains.last ? seen.rt->remains.last->due_ns : 0;
	} else if (strcmp(event->event, "running") == 0 && event->incarnation >= 2) {
		seen.at_end = list_reports(NULL, 0);
		seen.in_time = seen.rt->loop.now_ns < seen.due_ns;
	} else if (strcmp(event->event, "crashed") == 0 && seen.died < AT_ONCE) {
		snprintf(seen.names[seen.died++], sizeof(seen.names[0]), "%s", event->path);
	}
}

static const struct tractor_options options = { .name = "t", .intensity = 100, .on_event = on_event };

static void
opened(tractor_err err)
{
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	seen.at_start = seen.at_end = -1;
	seen.died = 0;
	snprintf(seen.folder, sizeof(seen.folder), "%s/crashes", tractor_runtime_directory(seen.rt));
}

static void
begin(void)
{
	opened(tractor_runtime_open(&seen.rt, &options));
}

/* With an actor /t/a whose successor takes a minute to start. */
static void
begin_slow(unsigned intensity)
{
	const char *how = scenario_path("how");

	scenario_write("t.yaml", "{name: t, intensity: %u, children: [%s]}", intensity,
		actor_line_with("a", "victim",
			"start_timeout: 90s, shutdown: kill, args: {start_file: '%s', number: 60000}", how));
	if (!seen.rt)
		opened(tractor_runtime_open_file(&seen.rt, scenario_path("t.yaml"), &options));
	scenario_write("how", "sleep");
}

static victim_ref
start_with(const char *name, uint32_t spares)
{
	char exec[256];
	victim_ref ref;

	snprintf(exec, sizeof(exec), "%s/victim", test_actors_dir());
	ck_assert_int_eq(tractor_start(seen.rt, victim, &ref,
				 &(struct tractor_child){ .name = name, .exec = exec, .spares = spares }),
		TRACTOR_OK);
	return ref;
}

static victim_ref
start(const char *name)
{
	return start_with(name, 0);
}

static struct node *
node_at(const char *path)
{
	return tree_find(seen.rt->tree, path);
}

static void
expect_incarnation(const char *path, uint32_t incarnation)
{
	const struct node *node = node_at(path);
	int64_t until_ms = now_ms() + scaled_ms(SOON_MS);

	while (now_ms() < until_ms && (node->incarnation < incarnation || node->state != NODE_RUNNING))
		ck_assert_int_eq(tractor_runtime_turn(seen.rt, 20), TRACTOR_OK);
	ck_assert_uint_eq(node->incarnation, incarnation);
	ck_assert_int_eq(node->state, NODE_RUNNING);
}

/* It dies, and its successor is on its way. */
static void
dies(const char *path)
{
	seen.at_start = -1;
	kill(slot_of(node_at(path))->pid, SIGSEGV);
	for (int64_t until_ms = now_ms() + scaled_ms(SOON_MS); seen.at_start < 0 && now_ms() < until_ms;)
		ck_assert_int_eq(tractor_runtime_turn(seen.rt, 20), TRACTOR_OK);
	ck_assert_int_ge(seen.at_start, 0);
}

/* The only report, once it is there. */
static json_t *
only_report(void)
{
	char ids[1][INVENTORY_ID_MAX];

	ck_assert_int_eq(list_reports(ids, 1), 1);
	return load(ids[0]);
}

/* Where the machine is so busy that a restart takes longer than a report waits, it is tried again; with a spare it is quick on a slow one, too. */
START_TEST(the_restart_goes_before_the_report)
{
	int count = 0;

	begin();
	start_with("a", 1);
	while (!seen.in_time && count < RESTARTS_MAX) {
		dies("/t/a");
		ck_assert_int_eq(seen.at_start, count++);
		expect_incarnation("/t/a", (uint32_t)count + 1);
		ck_assert_int_eq(list_reports(NULL, 0), count);
	}
	ck_assert(seen.in_time);
	ck_assert_int_eq(seen.at_end, count - 1);
	tractor_runtime_close(seen.rt);
}
END_TEST

/* It is not waited for for long. */
START_TEST(a_successor_that_is_slow)
{
	begin_slow(9);
	dies("/t/a");
	for (int64_t until_ms = now_ms() + scaled_ms(SOON_MS);
		list_reports(NULL, 0) == 0 && now_ms() < until_ms;)
		ck_assert_int_eq(tractor_runtime_turn(seen.rt, -1), TRACTOR_OK);
	ck_assert_int_eq(node_at("/t/a")->state, NODE_STARTING);
	ck_assert_int_eq(list_reports(NULL, 0), 1);
	tractor_runtime_close(seen.rt);
}
END_TEST

START_TEST(the_tree_is_closed_meanwhile)
{
	begin_slow(9);
	dies("/t/a");
	tractor_runtime_close(seen.rt);
	json_decref(only_report());
}
END_TEST

START_TEST(it_is_removed_meanwhile)
{
	begin_slow(9);
	dies("/t/a");
	ck_assert_int_eq(tractor_terminate_child(seen.rt, "/t/a"), TRACTOR_OK);
	ck_assert_int_eq(tractor_delete_child(seen.rt, "/t/a"), TRACTOR_OK);
	json_t *report = only_report();
	expect_text(report, "path", "/t/a");
	json_decref(report);
	tractor_runtime_close(seen.rt);
}
END_TEST

/* The file says something else by then. */
START_TEST(a_reload_comes_meanwhile)
{
	begin_slow(9);
	dies("/t/a");
	begin_slow(8);
	tractor_err err = tractor_runtime_reload(seen.rt, NULL, false, NULL, NULL);
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	ck_assert_uint_eq(tree_root(seen.rt->tree)->spec->intensity, 8);
	json_t *report = only_report();
	expect_number(report, "intensity", 9);
	json_decref(report);
	tractor_runtime_close(seen.rt);
}
END_TEST

/* What its successor printed meanwhile is none of it. */
START_TEST(its_last_lines_are_its_own)
{
	begin_slow(9);
	struct slot *slot = slot_of(node_at("/t/a"));
	for (int64_t until_ms = now_ms() + scaled_ms(SOON_MS); slot->line_count < 1 && now_ms() < until_ms;)
		ck_assert_int_eq(tractor_runtime_turn(seen.rt, 20), TRACTOR_OK);
	dies("/t/a");
	struct line *second = loglines_keep(
		slot, &(struct logline){ .text = "up 2", .length = strlen("up 2"), .incarnation = 2 });
	ck_assert_ptr_nonnull(second);
	tractor_runtime_close(seen.rt);
	json_t *report = only_report();
	ck_assert_uint_eq(json_array_size(json_object_get(report, "log_tail")), 1);
	expect_text(report, "log_tail.0", "up 1");
	json_decref(report);
}
END_TEST

/* None is left out, and they are told in the order in which they died. */
START_TEST(those_that_die_at_once)
{
	char ids[AT_ONCE][INVENTORY_ID_MAX], name[8], path[16];

	begin();
	for (int i = 0; i < AT_ONCE; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		start(name);
	}
	for (int i = 0; i < AT_ONCE; i++) {
		snprintf(path, sizeof(path), "/t/a%d", i);
		kill(slot_of(node_at(path))->pid, SIGSEGV);
	}
	for (int i = 0; i < AT_ONCE; i++) {
		snprintf(path, sizeof(path), "/t/a%d", i);
		expect_incarnation(path, 2);
	}
	ck_assert_int_eq(list_reports(ids, AT_ONCE), AT_ONCE);
	for (int i = 0; i < AT_ONCE; i++) {
		json_t *report = load(ids[i]);
		int count = (int)number_at(report, "count");
		ck_assert(count >= 1 && count <= AT_ONCE);
		expect_text(report, "path", seen.names[count - 1]);
		json_decref(report);
	}
	tractor_runtime_close(seen.rt);
}
END_TEST

START_TEST(a_large_message_in_hand)
{
	static char how[LARGE_BYTES + 1];
	char ids[1][INVENTORY_ID_MAX];

	memset(how, 'x', LARGE_BYTES);
	begin();
	victim_ref a = start("a");
	ck_assert_int_eq(inject_fault(slot_of(node_at("/t/a")),
				 &(struct spec_fault){ .fault = "segv", .at = "victim.die" }),
		TRACTOR_OK);
	ck_assert_int_eq(tractor_tell(tractor_port(seen.rt), a, victim_die, .how = how), TRACTOR_OK);
	expect_incarnation("/t/a", 2);
	ck_assert_int_eq(list_reports(ids, 1), 1);
	json_t *report = load(ids[0]);
	expect_text(report, "message.name", "die");
	ck_assert_int_gt(number_at(report, "message.bytes"), LARGE_BYTES);
	expect_text(report, "action", "restart");
	ck_assert(json_is_true(json_object_get(json_object_get(report, "replay"), "recorded")));
	json_decref(report);
	tractor_runtime_close(seen.rt);
}
END_TEST

/* The last that it does before it goes is to be told of. */
START_TEST(one_that_goes_for_good)
{
	char exec[256], ids[1][INVENTORY_ID_MAX];

	begin();
	snprintf(exec, sizeof(exec), "%s/victim", test_actors_dir());
	ck_assert_int_eq(
		tractor_start_child(seen.rt, NULL,
			&(struct tractor_child){ .name = "b", .exec = exec, .restart = TRACTOR_TEMPORARY },
			NULL),
		TRACTOR_OK);
	kill(slot_of(node_at("/t/b"))->pid, SIGSEGV);
	for (int64_t until_ms = now_ms() + scaled_ms(SOON_MS); node_at("/t/b") && now_ms() < until_ms;)
		ck_assert_int_eq(tractor_runtime_turn(seen.rt, 20), TRACTOR_OK);
	ck_assert_ptr_null(node_at("/t/b"));
	ck_assert_int_eq(list_reports(ids, 1), 1);
	json_t *report = load(ids[0]);
	expect_text(report, "path", "/t/b");
	expect_text(report, "action", "stop");
	json_decref(report);
	tractor_runtime_close(seen.rt);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("remains");

	SCENARIO_CASE(suite, "reports behind restarts", 30, the_restart_goes_before_the_report,
		those_that_die_at_once, a_large_message_in_hand, one_that_goes_for_good,
		a_successor_that_is_slow);
	SCENARIO_CASE(suite, "meanwhile", 30, the_tree_is_closed_meanwhile, it_is_removed_meanwhile,
		a_reload_comes_meanwhile, its_last_lines_are_its_own);
	return suite;
}
