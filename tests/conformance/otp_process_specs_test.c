/*
 * otp_process_specs_test.c: OTP's cases of child specs, as a running tree has them: get_childspec, and what start_child refuses. What is
 * right and wrong in a tree file is in otp_core_specs_test.c; there are no processes in that.
 */
#include "otp.h"

static struct tractor_childspec *
spec_of(const char *path)
{
	struct tractor_childspec *spec;

	OK(tractor_get_childspec(otp.seed->rt, path, &spec));
	return spec;
}

static void
has_no_spec(const char *path)
{
	struct tractor_childspec *spec = NULL;

	FAILS(TRACTOR_ENOACTOR, tractor_get_childspec(otp.seed->rt, path, &spec));
	ck_assert_ptr_null(spec);
}

START_TEST(sup_start_map)
{
	begin_file("children:\n"
		   "  - {actor: a, exec: ./child}\n"
		   "  - {actor: b, exec: ./child, shutdown: kill}\n"
		   "  - {supervisor: c}\n");
	struct tractor_childspec *r = spec_of(NULL), *a = spec_of("/r/a"), *b = spec_of("/r/b"),
				 *c = spec_of("/r/c");

	ck_assert_int_eq(r->kind, TRACTOR_KIND_SUPERVISOR);
	ck_assert_str_eq(r->supervisor.name, "r");
	ck_assert_int_eq(r->supervisor.strategy, ONE_FOR_ONE);
	ck_assert_uint_eq(r->supervisor.intensity, 1);
	ck_assert_int_eq(r->supervisor.period_ms, 5000);
	ck_assert_int_eq(r->supervisor.auto_shutdown, TRACTOR_NEVER);
	ck_assert_int_eq(a->kind, TRACTOR_KIND_ACTOR);
	ck_assert_str_eq(a->child.name, "a");
	ck_assert_int_eq(a->child.restart, PERMANENT);
	ck_assert_int_eq(a->child.shutdown_ms, 5000);
	ck_assert_int_eq(a->child.start_timeout_ms, 5000);
	ck_assert_uint_eq(a->child.mailbox, 1024);
	ck_assert(!a->child.significant);
	ck_assert_int_eq(b->child.shutdown_ms, TRACTOR_KILL);
	ck_assert_int_eq(c->kind, TRACTOR_KIND_SUPERVISOR);
	ck_assert_int_eq(c->supervisor.restart, PERMANENT);
	ck_assert_int_eq(c->supervisor.shutdown_ms, TRACTOR_INFINITY);
	has_no_spec("/r/d");

	/* What it is can be given to start another one like it. */
	a->child.name = "a2";
	OK(tractor_start_child(otp.seed->rt, NULL, &a->child, NULL));
	children("/r", "a running, b running, c running, a2 running");
	free(r);
	free(a);
	free(b);
	free(c);
	finish();
}
END_TEST

/* By its path; that of a stranger, and of nobody, leads nowhere in the pool. */
START_TEST(sup_start_map_simple)
{
	begin(.intensity = 2);
	add(.name = "a");
	add_pool("p", 1, .restart = TEMPORARY, .shutdown_ms = 2000);
	add_members("/r/p", 1);
	struct tractor_childspec *p = spec_of("/r/p"), *m1 = spec_of("/r/p/m1");
	ck_assert_int_eq(p->kind, TRACTOR_KIND_POOL);
	ck_assert_uint_eq(p->pool.max, 1000);
	ck_assert_int_eq(p->pool.member.restart, TEMPORARY);
	ck_assert_int_eq(m1->kind, TRACTOR_KIND_ACTOR);
	ck_assert_str_eq(m1->child.name, "m1");
	ck_assert_int_eq(m1->child.restart, TEMPORARY);
	ck_assert_int_eq(m1->child.shutdown_ms, 2000);
	ck_assert_str_eq(m1->child.exec, otp_exec());
	free(p);
	free(m1);
	has_no_spec("/r/p/a");
	terminate("/r/p/m1");
	has_no_spec("/r/p/m1");
	finish();
}
END_TEST

/* Each field that is wrong has a complaint of its own, and nothing is started. */
START_TEST(child_specs)
{
	static const struct {
		struct tractor_child child;
		const char *complaint;
	} table[] = {
		{ { .name = NULL }, "name" },
		{ { .name = "no/name" }, "name" },
		{ { .name = "a", .restart = (enum tractor_restart)7 }, "restart" },
		{ { .name = "a", .shutdown_ms = -10 }, "shutdown" },
		{ { .name = "a", .start_timeout_ms = -10 }, "start_timeout" },
		{ { .name = "a", .handler_timeout_ms = -10 }, "handler_timeout" },
		{ { .name = "a", .restart = TRANSIENT, .significant = true }, "auto_shutdown" },
	};

	begin(.intensity = 2);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		FAILS(TRACTOR_EINVAL, add_child(table[i].child));
		ck_assert_contains(tractor_why(), table[i].complaint);
	}
	children("/r", "");
	did("+r");
	finish();
}
END_TEST

/* The same of supervisors and pools. */
START_TEST(sup_flags)
{
	static const struct {
		struct tractor_supervisor supervisor;
		const char *complaint;
	} table[] = {
		{ { .name = NULL }, "name" },
		{ { .name = "s", .strategy = (enum tractor_strategy)7 }, "strategy" },
		{ { .name = "s", .intensity = 100001 }, "intensity" },
		{ { .name = "s", .period_ms = -1 }, "period" },
		{ { .name = "s", .auto_shutdown = (enum tractor_auto_shutdown)7 }, "auto_shutdown" },
	};

	begin(.intensity = 2);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		FAILS(TRACTOR_EINVAL, tractor_start_supervisor(otp.seed->rt, &table[i].supervisor));
		ck_assert_contains(tractor_why(), table[i].complaint);
	}
	FAILS(TRACTOR_EINVAL, tractor_start_pool(otp.seed->rt, &(struct tractor_pool){ .name = "p" }));
	ck_assert_contains(tractor_why(), "exec");
	children("/r", "");
	finish();
}
END_TEST

/* OTP's 3 restart types x 4 times: all of them are right, and a child of each lives and ends. */
START_TEST(child_specs_matrix)
{
	static const int64_t shutdowns[] = { TRACTOR_KILL, 5000, 60000, TRACTOR_INFINITY };
	char name[16];

	begin(.intensity = 2);
	for (size_t row = 0; row < 3 * COUNT_OF(shutdowns); row++) {
		snprintf(name, sizeof(name), "a%zu", row);
		add(.name = name, .restart = (enum tractor_restart)(row / COUNT_OF(shutdowns)),
			.shutdown_ms = shutdowns[row % COUNT_OF(shutdowns)]);
	}
	counts("/r", 3 * COUNT_OF(shutdowns), 3 * COUNT_OF(shutdowns), 0, 3 * COUNT_OF(shutdowns));
	shut_down();
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("otp, processes: specs");

	SCENARIO_CASE(suite, "get_childspec", 20, sup_start_map, sup_start_map_simple);
	SCENARIO_CASE(suite, "child_specs", 20, child_specs, child_specs_matrix, sup_flags);
	return suite;
}
