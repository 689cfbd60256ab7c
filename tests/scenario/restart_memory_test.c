/*
 * restart_memory_test.c: for as long as a crash and its restart last, every allocation of the supervisor's fails: what they take was set aside when the tree was loaded, or at the first start. Only what is
 * told of the crash is lost, and that is said. The failing allocator is tests/faults' own; jansson is made to use it.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tractor/runtime.h>

#include "actors/victim.h"
#include "fault.h"
#include "runtime.h"
#include "slot.h"
#include "trees.h"

#define LARGE_BYTES 70000 /* more than anybody keeps room for unasked */
#define CRASHES 5

static struct {
	struct tractor_runtime *rt;
	int lost_reports, refusals;
	char reason[256];
	int asked;
	char asked_of[64]; /* id and plan */
} seen;

static void *
allocate(size_t size)
{
	return malloc(size);
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	(void)arg;
	if (strcmp(event->event, "report_lost") == 0) {
		seen.lost_reports++;
		snprintf(seen.reason, sizeof(seen.reason), "%s", event->text);
	}
	if (strcmp(event->event, "host_refused") == 0)
		seen.refusals++;
}

static struct tractor_verdict
on_crash(void *self, const struct tractor_crash *crash)
{
	(void)self;
	seen.asked++;
	snprintf(seen.asked_of, sizeof(seen.asked_of), "\"%s\" %s", crash->id, crash->planned);
	return (struct tractor_verdict){ .kind = TRACTOR_VERDICT_DEFAULT };
}

static const struct tractor_crash_policy policy = { .on_crash = on_crash };

/* /t/a, /t/b, whose notes outlive it, and below a supervisor /t/w/c and /t/w/d. */
static void
begin(const char *strategy, const struct tractor_crash_policy *crash_policy)
{
	char large[LARGE_BYTES + 1], exec[256];

	memset(large, 'x', LARGE_BYTES);
	large[LARGE_BYTES] = '\0';
	snprintf(exec, sizeof(exec), "%s/victim", test_actors_dir());
	const char *file = scenario_write("t.yaml",
		"{name: t, strategy: %s, intensity: 100, children: [%s, %s, {supervisor: w, strategy: one_for_all, intensity: 100, children: [%s, %s]}]}",
		strategy, actor_line_with("a", "victim", "args: {one: 1, two: 2}, env: {THREE: 3, HOME: /}"),
		actor_line("b", "ledger"), actor_line("c", "victim"), actor_line("d", "ledger"));
	json_set_alloc_funcs(allocate, free);
	tractor_err err = tractor_runtime_open_file(&seen.rt, file,
		&(struct tractor_options){
			.on_event = on_event, .on_line = ignore_line, .crash_policy = crash_policy });
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	err = tractor_start_child(seen.rt, NULL,
		&(struct tractor_child){ .name = "large",
			.exec = exec,
			.args = (const char *const[]){ "large", large, NULL } },
		NULL);
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
}

static void
finish(void)
{
	tractor_runtime_close(seen.rt);
}

static struct node *
node_at(const char *path)
{
	return tree_find(seen.rt->tree, path);
}

static bool
all_run(void)
{
	for (struct node *node = tree_root(seen.rt->tree); node; node = tree_next(seen.rt->tree, node))
		if (node->state != NODE_RUNNING)
			return false;
	return true;
}

/* The actor crashes, and everything runs again, with it in its next incarnation. No ck_assert() until memory is back: libcheck needs some for each. */
static bool
crashes_and_comes_back(const char *path, int signal)
{
	struct node *node = node_at(path);
	uint32_t before = node->incarnation;
	int64_t until_ms = now_ms() + scaled_ms(SOON_MS);

	if (kill(slot_of(node)->pid, signal) < 0)
		return false;
	while (now_ms() < until_ms && (node->incarnation == before || !all_run()))
		if (tractor_runtime_turn(seen.rt, 20) != TRACTOR_OK)
			return false;
	return all_run() && node->incarnation == before + 1;
}

static void
without_memory(const char *path, int crashes)
{
	bool back = true;

	seen.lost_reports = 0;
	fault_begin(&(struct fault){
		.call = FAULT_allocation, .error = ENOMEM, .nth = 1, .lasting_ms = 3600 * 1000 });
	/* By a signal that it takes itself, and by one that nobody can. */
	for (int i = 0; i < crashes && back; i++)
		back = crashes_and_comes_back(path, i % 2 == 0 ? SIGSEGV : SIGKILL);
	fault_end();
	ck_assert_msg(back, "%s is %s in incarnation %u", path, node_state_name(node_at(path)->state),
		node_at(path)->incarnation);
	/* All was lost that could be, and nothing else. */
	ck_assert(fault_fired());
	ck_assert_int_eq(seen.refusals, 0);
	ck_assert_int_eq(seen.lost_reports, crashes);
	ck_assert_str_eq(seen.reason, "out of memory");
}

START_TEST(each_crash_and_its_restart)
{
	static const char *const paths[] = { "/t/a", "/t/b", "/t/w/c", "/t/large" };

	begin("one_for_one", NULL);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		without_memory(paths[i], CRASHES);
	finish();
}
END_TEST

START_TEST(a_group_that_is_restarted)
{
	begin("one_for_all", NULL);
	uint32_t before = node_at("/t/w/d")->incarnation;
	without_memory("/t/a", 1);
	ck_assert_uint_eq(node_at("/t/w/d")->incarnation, before + 1);
	finish();
}
END_TEST

/* What waits goes to the successor, which has its state, too. */
START_TEST(messages_that_wait)
{
	struct victim_notebook book = { .numbers = { .count = 0 } };
	victim_ref b;

	begin("one_for_one", NULL);
	tractor_ctx *ctx = tractor_port(seen.rt);
	ck_assert_int_eq(tractor_find(ctx, victim, "/t/b", &b), TRACTOR_OK);
	for (int i = 1; i <= 3; i++)
		ck_assert_int_eq(tractor_tell(ctx, b, victim_note, .number = i), TRACTOR_OK);
	ck_assert_int_eq(tractor_tell(ctx, b, victim_nap, .ms = 3600 * 1000), TRACTOR_OK);
	for (int i = 4; i <= 6; i++)
		ck_assert_int_eq(tractor_tell(ctx, b, victim_note, .number = i), TRACTOR_OK);
	while (atomic_load(&slot_of(node_at("/t/b"))->box->in_hand) < 4)
		ck_assert_int_eq(tractor_runtime_turn(seen.rt, 20), TRACTOR_OK);
	without_memory("/t/b", 1);
	ck_assert_int_eq(tractor_ask(ctx, b, &book, victim_noted), TRACTOR_OK);
	ck_assert_uint_eq(book.numbers.count, 6);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(book.numbers.items[i], i + 1);
	finish();
}
END_TEST

START_TEST(a_policy_is_asked_without_a_report)
{
	begin("one_for_one", &policy);
	without_memory("/t/a", 1);
	ck_assert_int_eq(seen.asked, 1);
	ck_assert_str_eq(seen.asked_of, "\"\" restart");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("restart without memory");

	SCENARIO_CASE(suite, "no memory", 60, each_crash_and_its_restart, a_group_that_is_restarted,
		messages_that_wait, a_policy_is_asked_without_a_report);
	return suite;
}
