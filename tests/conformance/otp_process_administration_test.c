/*
 * otp_process_administration_test.c: OTP's API cases with real processes: start_child, terminate_child, restart_child, delete_child,
 * which_children and count_children, with the error of each where it can't be.
 *
 * OTP's errors in ours: already_started TRACTOR_EEXIST, already_present TRACTOR_EPRESENT, running TRACTOR_ERUNNING, restarting
 * TRACTOR_ERESTARTING, not_found TRACTOR_ENOACTOR, noproc TRACTOR_ECLOSED.
 */
#include "otp.h"

/* restart_child and delete_child are refused because of what state the child is in, and so is another one of its name. */
static void
is_refused_as(tractor_err why, const char *path)
{
	FAILS(why, tractor_restart_child(otp.seed->rt, path));
	FAILS(why, tractor_delete_child(otp.seed->rt, path));
	add_fails(TRACTOR_EEXIST, .name = last_part(path));
}

static void
is_not_found(const char *path)
{
	FAILS(TRACTOR_ENOACTOR, tractor_terminate_child(otp.seed->rt, path));
	FAILS(TRACTOR_ENOACTOR, tractor_restart_child(otp.seed->rt, path));
	FAILS(TRACTOR_ENOACTOR, tractor_delete_child(otp.seed->rt, path));
	is_gone(path);
}

START_TEST(child_adm)
{
	struct tractor_child_info *items = NULL;
	struct tractor_child_counts found;
	size_t count;

	begin(.intensity = 2);
	add(.name = "a");
	children("/r", "a running");
	counts("/r", 1, 1, 0, 1);
	is_refused_as(TRACTOR_ERUNNING, "/r/a");
	is_not_found("/r/hej");
	FAILS(TRACTOR_EINVAL, tractor_terminate_child(otp.seed->rt, "/r"));
	add_fails(TRACTOR_EINVAL, .name = "b", .under = "/r/a");

	terminate("/r/a");
	reasons("a:shutdown");
	children("/r", "a stopped");
	counts("/r", 1, 0, 0, 1);
	ck_assert_int_eq(pid_of("/r/a"), 0);
	terminate("/r/a"); /* as if it did something */
	add_fails(TRACTOR_EPRESENT, .name = "a");

	restart_child("/r/a");
	children("/r", "a running");
	counts("/r", 1, 1, 0, 1);
	is_refused_as(TRACTOR_ERUNNING, "/r/a");

	terminate("/r/a");
	delete_child("/r/a");
	is_not_found("/r/a");
	children("/r", "");
	counts("/r", 0, 0, 0, 0);
	add(.name = "a");
	children("/r", "a running");
	counts("/r", 1, 1, 0, 1);

	shut_down();
	FAILS(TRACTOR_ECLOSED, tractor_which_children(otp.seed->rt, "/r", &items, &count));
	FAILS(TRACTOR_ECLOSED, tractor_count_children(otp.seed->rt, "/r", &found));
	FAILS(TRACTOR_ECLOSED, tractor_terminate_child(otp.seed->rt, "/r/a"));
	add_fails(TRACTOR_ECLOSED, .name = "b");
	finish();
}
END_TEST

/* In the middle of its start, because its supervisor wanted it gone: no failed start, and no crash. */
static void
was_killed(const char *path)
{
	struct tractor_child_info *info = info_of(path);

	ck_assert_str_eq(info->last_end, "killed");
	ck_assert_str_eq(info->last_exit, "SIGKILL");
	free(info);
}

/* restarting: in a backoff, and in an attempt. */
START_TEST(child_adm_restarting)
{
	begin(.intensity = 2);
	add(.name = "a", .backoff_initial_ms = 60000, .shutdown_ms = TRACTOR_KILL);
	crash("/r/a");
	children("/r", "a waiting");
	is_refused_as(TRACTOR_ERESTARTING, "/r/a");
	counts("/r", 1, 0, 0, 1);
	terminate("/r/a");
	children("/r", "a stopped");
	delete_child("/r/a");

	add(.name = "a", .shutdown_ms = TRACTOR_KILL);
	starts("a", "");
	crash("/r/a");
	hangs("/r/a");
	children("/r", "a starting");
	is_refused_as(TRACTOR_ERESTARTING, "/r/a");
	counts("/r", 1, 0, 0, 1);
	terminate("/r/a");
	children("/r", "a stopped");
	was_killed("/r/a");
	ck_assert_int_ge(seed_look(&otp.seed->events, "ended", "/r/a", "SIGKILL"), 0);
	reasons("a:abnormal a:abnormal a:killed");
	finish();
}
END_TEST

START_TEST(child_adm_simple)
{
	begin(.intensity = 2);
	add_pool("p", 2, .restart = PERMANENT);
	add_pool("q", 2, .restart = PERMANENT);
	children("/r/p", "");
	counts("/r/p", 1, 0, 0, 0);
	add_members("/r/p", 2);
	children("/r/p", "m1 running, m2 running");
	counts("/r/p", 1, 2, 0, 2);
	add_members("/r/q", 1);
	pid_t foreign = pid_of("/r/q/m1");
	FAILS(TRACTOR_EEXIST, add_member("/r/p", "m1"));

	FAILS(TRACTOR_ERUNNING, tractor_restart_child(otp.seed->rt, "/r/p/m1"));
	FAILS(TRACTOR_ERUNNING, tractor_delete_child(otp.seed->rt, "/r/p/m1"));
	forget_log();
	terminate("/r/p/m1");
	is_not_found("/r/p/m1"); /* once it is gone there is nothing to terminate */
	children("/r/p", "m2 running");
	counts("/r/p", 1, 1, 0, 1);

	/* Another pool's member is not p's, whatever its name. */
	is_not_found("/r/p/m1");
	children("/r/q", "m1 running");
	ck_assert_int_eq(pid_of("/r/q/m1"), foreign);
	reasons("m1:shutdown");
	finish();
}
END_TEST

/* What is passed through without being looked at: the child's arguments, and its address. */
START_TEST(extra_return)
{
	const char *const args[] = { "extra", "return", NULL };
	struct child_value value;
	child_ref ref;

	begin(.intensity = 2);
	OK(tractor_start(otp.seed->rt, child, &ref,
		&(struct tractor_child){ .name = "a", .exec = otp_exec(), .args = args }));
	crash("/r/a");
	children("/r", "a running");
	terminate("/r/a");
	counts("/r", 1, 0, 0, 1);
	restart_child("/r/a");
	counts("/r", 1, 1, 0, 1);
	OK(tractor_ask(otp.seed->ctx, ref, &value, child_arg, .name = "extra"));
	ck_assert_str_eq(value.text, "return");
	struct tractor_child_info *a = info_of("/r/a");
	ck_assert_uint_eq(a->address.actor, ref.at.actor);
	free(a);
	terminate("/r/a");
	delete_child("/r/a");
	counts("/r", 0, 0, 0, 0);
	finish();
}
END_TEST

START_TEST(which_children)
{
	begin(.intensity = 2);
	children("/r", "");
	add(.name = "a");
	add_sup(.name = "s");
	children("/r", "a running, s running");
	counts("/r", 2, 2, 1, 1);
	struct tractor_child_info *a = info_of("/r/a"), *s = info_of("/r/s");
	ck_assert_int_eq(a->kind, TRACTOR_KIND_ACTOR);
	ck_assert_int_gt(a->pid, 0);
	ck_assert_int_eq(s->kind, TRACTOR_KIND_SUPERVISOR);
	ck_assert_int_eq(s->pid, 0);
	free(a);
	free(s);
	terminate("/r/a");
	children("/r", "a stopped, s running");
	delete_child("/r/a");
	children("/r", "s running");
	finish();
}
END_TEST

START_TEST(which_children_simple_one_for_one)
{
	struct tractor_child_info *items;
	size_t count;

	begin(.intensity = 2);
	add_pool("p", 2, .restart = TEMPORARY);
	add_members("/r/p", 2);
	OK(tractor_which_children(otp.seed->rt, "/r/p", &items, &count));
	ck_assert_uint_eq(count, 2);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(kill(items[i].pid, 0), 0);
		ck_assert_uint_eq(items[i].address.actor, ref_of(items[i].path).at.actor);
	}
	free(items);
	is_gone("m2"); /* a name alone is no path */
	terminate("/r/p/m2");
	is_gone("/r/p/m2");
	children("/r/p", "m1 running");
	FAILS(TRACTOR_EINVAL, tractor_which_children(otp.seed->rt, "/r/p/m1", &items, &count));
	FAILS(TRACTOR_ENOACTOR, tractor_which_children(otp.seed->rt, "/r/q", &items, &count));
	finish();
}
END_TEST

/* A name leads to its actor again after each way of losing it: the address stays, only the incarnation is another. */
static void
found_again(child_ref ref, uint32_t incarnation)
{
	struct child_value value;

	OK(tractor_ask(otp.seed->ctx, ref, &value, child_arg, .name = "none"));
	ck_assert_uint_eq(incarnation_of("/r/s/server"), incarnation);
	ck_assert_uint_eq(ref_of("/r/s/server").at.actor, ref.at.actor);
}

/* A supervisor has no process to kill: what comes next to that is that it gives up. */
START_TEST(simple_global_supervisor)
{
	begin_file("strategy: one_for_all\n"
		   "intensity: 3\n"
		   "children:\n"
		   "  - supervisor: s\n"
		   "    strategy: one_for_all\n"
		   "    intensity: 2\n"
		   "    children: [{actor: server, exec: ./child}]\n");
	child_ref server = ref_of("/r/s/server");
	ends("/r/s/server", "kill");
	found_again(server, 2);
	ends("/r/s/server", "normal");
	found_again(server, 3);
	crash("/r/s/server");
	found_again(server, 4);
	ck_assert_uint_eq(incarnation_of("/r/s"), 2);
	terminate("/r/s/server");
	restart_child("/r/s/server");
	found_again(server, 5);
	terminate("/r/s");
	restart_child("/r/s");
	found_again(server, 6);
	finish();
}
END_TEST

/* --- count_children --- */

#define MANY 200

START_TEST(count_children)
{
	struct tractor_child_info *items;
	size_t count;
	char name[16];

	begin(.intensity = 2);
	add_pool("p", 2, .restart = TEMPORARY);
	add_members("/r/p", MANY / 2);
	counts("/r/p", 1, MANY / 2, 0, MANY / 2);
	for (int i = MANY / 2 + 1; i <= MANY; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		OK(add_member("/r/p", name));
	}
	counts("/r/p", 1, MANY, 0, MANY);
	OK(tractor_which_children(otp.seed->rt, "/r/p", &items, &count));
	ck_assert_uint_eq(count, MANY);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(kill(items[i].pid, SIGKILL), 0);
	free(items);
	children("/r/p", "");
	counts("/r/p", 1, 0, 0, 0);
	counts("/r", 1, 1, 1, 0);
	finish();
}
END_TEST

/* A pool has actors only: the supervisors are temporary children of a supervisor. */
START_TEST(count_children_supervisor)
{
	char name[16], path[32];

	begin(.intensity = 2);
	for (int i = 1; i <= MANY; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		add_sup(.name = name, .restart = TEMPORARY);
		if (i == MANY / 2)
			counts("/r", MANY / 2, MANY / 2, MANY / 2, 0);
	}
	counts("/r", MANY, MANY, MANY, 0);
	for (int i = 1; i <= MANY; i++) {
		snprintf(path, sizeof(path), "/r/s%d", i);
		terminate(path);
	}
	children("/r", "");
	counts("/r", 0, 0, 0, 0);
	finish();
}
END_TEST

START_TEST(count_restarting_children)
{
	char path[16];

	begin(.intensity = 1);
	add_pool("p", 20, .restart = PERMANENT, .shutdown_ms = TRACTOR_KILL);
	add_members("/r/p", 3);
	counts("/r/p", 1, 3, 0, 3);
	for (int i = 1; i <= 3; i++) {
		snprintf(path, sizeof(path), "/r/p/m%d", i);
		crash(path);
	}
	children("/r/p", "m1 running, m2 running, m3 running");
	counts("/r/p", 1, 3, 0, 3);

	starts("m1", "rr"); /* fails twice, then hangs */
	starts("m2", "rr");
	crash("/r/p/m1");
	crash("/r/p/m2");
	for (int i = 0; i < 3; i++) {
		hangs("/r/p/m1");
		hangs("/r/p/m2");
	}
	children("/r/p", "m1 starting, m2 starting, m3 running");
	counts("/r/p", 1, 1, 0, 3);
	starts("m1", "g");
	starts("m2", "g");
	children("/r/p", "m1 running, m2 running, m3 running");
	counts("/r/p", 1, 3, 0, 3);

	terminate("/r/p/m3");
	counts("/r/p", 1, 2, 0, 2);
	terminate("/r/p/m1");
	terminate("/r/p/m2");
	counts("/r/p", 1, 0, 0, 0);
	finish();
}
END_TEST

/* --- restart loops --- */

/* An attempt hangs for this long, in which one that doesn't hang must have come up. 8 restarts are allowed in the time of 4 attempts: the loop would never end by itself. */
#define HANG_MS (scaled_ms(1000))
#define LOOP_INTENSITY 8
#define LOOP_PERIOD_MS (4 * HANG_MS)

/* It hangs in its third attempt when this returns. */
static void
hang_in_restart_loop(const char *path)
{
	starts(last_part(path), "");
	crash(path);
	for (int i = 0; i < 3; i++)
		hangs(path);
}

START_TEST(hanging_restart_loop)
{
	begin(.intensity = LOOP_INTENSITY, .period_ms = LOOP_PERIOD_MS);
	add(.name = "a", .shutdown_ms = TRACTOR_KILL, .start_timeout_ms = HANG_MS);
	hang_in_restart_loop("/r/a");
	children("/r", "a starting");
	is_refused_as(TRACTOR_ERESTARTING, "/r/a");
	counts("/r", 1, 0, 0, 1);
	terminate("/r/a");
	children("/r", "a stopped");
	was_killed("/r/a");

	comes_up("a");
	restart_child("/r/a");
	children("/r", "a running");
	hang_in_restart_loop("/r/a");
	shut_down();
	finish();
}
END_TEST

START_TEST(hanging_restart_loop_rest_for_one)
{
	begin(.strategy = REST_FOR_ONE, .intensity = LOOP_INTENSITY, .period_ms = LOOP_PERIOD_MS);
	add(.name = "a");
	add(.name = "b", .shutdown_ms = TRACTOR_KILL, .start_timeout_ms = HANG_MS);
	add(.name = "c");
	pid_t a = pid_of("/r/a");
	hang_in_restart_loop("/r/b");
	is_refused_as(TRACTOR_ERESTARTING, "/r/b");
	children("/r", "a running, b starting, c waiting");
	counts("/r", 3, 1, 0, 3);
	terminate("/r/b");
	children("/r", "a running, b stopped, c stopped");
	was_killed("/r/b");

	comes_up("b");
	restart_child("/r/b");
	children("/r", "a running, b running, c stopped");
	hang_in_restart_loop("/r/b");
	ck_assert_int_eq(pid_of("/r/a"), a);
	shut_down();
	finish();
}
END_TEST

START_TEST(hanging_restart_loop_simple)
{
	begin(.intensity = 2);
	struct tractor_pool pool = { .name = "p",
		.intensity = LOOP_INTENSITY,
		.period_ms = LOOP_PERIOD_MS,
		.member = { .exec = otp_exec(), .shutdown_ms = TRACTOR_KILL, .start_timeout_ms = HANG_MS } };
	OK(tractor_start_pool(otp.seed->rt, &pool));
	add_members("/r/p", 1);
	hang_in_restart_loop("/r/p/m1");
	FAILS(TRACTOR_ERESTARTING, tractor_restart_child(otp.seed->rt, "/r/p/m1"));
	FAILS(TRACTOR_ERESTARTING, tractor_delete_child(otp.seed->rt, "/r/p/m1"));
	children("/r/p", "m1 starting");
	counts("/r/p", 1, 0, 0, 1);
	terminate("/r/p/m1");
	children("/r/p", "");

	comes_up("m1");
	add_members("/r/p", 1);
	hang_in_restart_loop("/r/p/m1");
	shut_down();
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp, processes: administration");

	SCENARIO_CASE(suite, "api", 20, child_adm, child_adm_restarting, child_adm_simple, extra_return,
		which_children, which_children_simple_one_for_one, simple_global_supervisor);
	SCENARIO_CASE(suite, "count_children", 60, count_children, count_children_supervisor,
		count_restarting_children);
	SCENARIO_CASE(suite, "restart loops", 30, hanging_restart_loop, hanging_restart_loop_rest_for_one,
		hanging_restart_loop_simple);
	return suite;
}
