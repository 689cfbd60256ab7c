/*
 * parcel_fds_test.c: large payloads where the supervisor has no fd left. Each comes to it with one; what a sender was told that the system has comes all the same, once, whoever dies meanwhile.
 */
#include <stdio.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/hauler.h"
#include "trees.h"

#define LOAD ((size_t)64 << 10)
#define SLOW_MS 30000

/* --- the command's supervisor --- */

static json_t *
order(const char *what, int first, int count)
{
	char fields[256];

	snprintf(fields, sizeof(fields),
		"{\"to\":\"/t/b\",\"first\":%d,\"count\":%d,\"size\":%zu,\"small_each\":3}", first, count,
		LOAD);
	return run_json(tractor_command(), "ask", "--timeout", "30s", "/t/a", what, fields, NULL);
}

static void
expect_order(const char *what, int first, int count)
{
	json_t *did = order(what, first, count);

	expect_text(did, "error", "TRACTOR_OK");
	expect_number(did, "count", count);
	json_decref(did);
}

static bool
has_seen(void *arg)
{
	json_t *seen = run_json(tractor_command(), "ask", "--timeout", "30s", "/t/b", "hauler.seen", NULL);
	bool has = number_at(seen, "count") >= *(const int *)arg;

	json_decref(seen);
	return has;
}

/* In their order, and none twice: that is what is wrong otherwise. */
static void
expect_seen(int count)
{
	wait_until(SOON_MS, has_seen, &count);
	json_t *seen = run_json(tractor_command(), "ask", "--timeout", "30s", "/t/b", "hauler.seen", NULL);
	expect_number(seen, "count", count);
	expect_number(seen, "wrong", 0);
	json_decref(seen);
}

static struct process *
starving(const char *program)
{
	struct process *tree = tree_up("{name: t, intensity: 0, children: [%s, %s]}",
		actor_line("a", program), actor_line("b", program));

	limit_fds(process_pid(tree), lowest_free_fd(process_pid(tree)));
	return tree;
}

static void
end(struct process *tree)
{
	limit_fds(process_pid(tree), 0);
	expect_crashes(NULL, 0);
	tree_down(tree);
}

/* Nobody could be told any more that it did not come. */
START_TEST(what_a_handler_told_that_has_returned)
{
	struct process *tree = starving("hauler_durable");

	for (int i = 0; i < 10; i++) {
		expect_order("hauler.tells", 1 + 5 * i, 5);
		expect_seen(5 * (i + 1));
	}
	end(tree);
}
END_TEST

START_TEST(what_is_asked_and_answered)
{
	struct process *tree = starving("hauler_durable");

	expect_order("hauler.asks", 1, 12);
	end(tree);
}
END_TEST

/* Far more than there are fds for wait at a time. */
START_TEST(what_waits)
{
	struct process *tree = starving("hauler");

	tell("/t/b", "hauler.rest", "{\"ms\":500}");
	expect_order("hauler.tells", 1, 100);
	expect_seen(100);
	expect_order("hauler.asks", 1, 12);
	end(tree);
}
END_TEST

/* --- a program's own --- */

static struct {
	struct tractor_runtime *rt;
	tractor_ctx *ctx;
	hauler_ref a, b;
	uint8_t load[LOAD];
} parent;

/* As few as can be: what a runtime takes at once, to have it then. All that a dead process gives back is above that. */
static void
begin_parent(const char *more)
{
	size_t limit = lowest_free_fd(getpid()) + 2;
	const char *file = scenario_write("t.yaml", "{name: t, intensity: 1000, children: [%s, %s]}",
		actor_line_with("a", "hauler_durable", "%s", more), actor_line("b", "hauler_durable"));

	tractor_err err = tractor_runtime_open_file(
		&parent.rt, file, &(struct tractor_options){ .on_line = ignore_line });
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	parent.ctx = tractor_port(parent.rt);
	ck_assert_int_eq(tractor_find(parent.ctx, hauler, "/t/a", &parent.a), TRACTOR_OK);
	ck_assert_int_eq(tractor_find(parent.ctx, hauler, "/t/b", &parent.b), TRACTOR_OK);
	limit_fds(getpid(), limit);
}

static void
end_parent(void)
{
	limit_fds(getpid(), 0);
	tractor_runtime_close(parent.rt);
}

static void
expect_echo(hauler_ref of, uint64_t number)
{
	struct hauler_cargo cargo = { .number = 0 };

	hauler_fill(parent.load, LOAD, number);
	tractor_err err = tractor_ask_within(parent.ctx, SLOW_MS, of, &cargo, hauler_echo, .number = number,
		.load = { parent.load, LOAD });
	ck_assert_msg(err == TRACTOR_OK, "%s: %s", tractor_err_name(err), tractor_why());
	ck_assert_uint_eq(cargo.load.size, LOAD);
	ck_assert(hauler_is_right(cargo.load, number));
}

static struct hauler_did
tells(uint64_t first, uint64_t count)
{
	struct hauler_did did = { .count = 0 };
	tractor_err err = tractor_ask_within(parent.ctx, SLOW_MS, parent.a, &did, hauler_tells,
		.to = parent.b, .first = first, .count = count, .size = LOAD);

	ck_assert_msg(err == TRACTOR_OK, "%s: %s", tractor_err_name(err), tractor_why());
	ck_assert_str_eq(did.error, "TRACTOR_OK");
	return did;
}

static void
expect_b_has(uint64_t count)
{
	struct hauler_seen_reply seen = { .count = 0 };

	ck_assert_int_eq(tractor_ask_within(parent.ctx, SLOW_MS, parent.b, &seen, hauler_seen), TRACTOR_OK);
	ck_assert_uint_eq(seen.count, count);
	ck_assert_uint_eq(seen.wrong, 0);
}

START_TEST(a_program_and_its_actors)
{
	begin_parent("");
	for (uint64_t i = 1; i <= 10; i++) {
		expect_echo(parent.a, i);
		ck_assert_uint_eq(tells(5 * i - 4, 5).count, 5);
		expect_b_has(5 * i);
	}
	end_parent();
}
END_TEST

/* Its handler has returned, and nothing of what it said has gone out: that is found where it left it. */
START_TEST(what_the_dead_have_told)
{
	begin_parent("faults: [{fault: abort, at: reply:hauler.tells:1}]");
	ck_assert_uint_eq(tells(1, 20).count, 20);
	expect_b_has(20);
	limit_fds(getpid(), 0);
	expect_echo(parent.a, 1); /* its successor */
	end_parent();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("parcel_fds");

	SCENARIO_CASE(suite, "no fd left", 120, what_a_handler_told_that_has_returned,
		what_is_asked_and_answered, what_waits, a_program_and_its_actors, what_the_dead_have_told);
	return suite;
}
