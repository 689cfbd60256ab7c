/*
 * children_test.c: administration of children through the program's calls (<tractor/children.h>): supervisors and pools under each other, the life of a child with every error of OTP's, what
 * is told of children, and their specs. Real processes in a runtime of the test's own.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/courier.h"
#include "actors/victim.h"
#include "trees.h"

#define OK(call)                                                                                         \
	do {                                                                                             \
		tractor_err err_ = (call);                                                               \
		ck_assert_msg(                                                                           \
			err_ == TRACTOR_OK, "%s: %s: %s", #call, tractor_err_name(err_), tractor_why()); \
	} while (0)

/* It fails in this way, and the sentence says so (an extended regular expression). */
#define FAILS(wanted, why, call)                                                                     \
	do {                                                                                         \
		tractor_err err_ = (call);                                                           \
		ck_assert_msg(err_ == (wanted), "%s: %s, not %s: %s", #call, tractor_err_name(err_), \
			tractor_err_name(wanted), tractor_why());                                    \
		expect_match(tractor_why(), why);                                                    \
	} while (0)

static struct tractor_runtime *rt;

static void
open_with(struct tractor_options options)
{
	options.name = "t";
	options.on_line = ignore_line;
	OK(tractor_runtime_open(&rt, &options));
}

static const char *
victim(void)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/victim", test_actors_dir());
	return path;
}

#define START_AS(...) tractor_start_child(rt, NULL, &(struct tractor_child){ __VA_ARGS__ }, NULL)
#define START(...) START_AS(.exec = victim(), __VA_ARGS__)
#define START_SUPERVISOR(...) tractor_start_supervisor(rt, &(struct tractor_supervisor){ __VA_ARGS__ })
#define START_POOL(...) tractor_start_pool(rt, &(struct tractor_pool){ .member.exec = victim(), __VA_ARGS__ })
#define WORDS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

/* Waits until the child is in that state, in that incarnation or a later one; its pid. */
static pid_t
expect_child(const char *path, enum tractor_child_state state, uint32_t incarnation)
{
	int64_t until_ms = now_ms() + scaled_ms(SOON_MS);
	struct tractor_child_info *info;

	for (;;) {
		OK(tractor_which_child(rt, path, &info));
		bool is_there = info->state == state && info->incarnation >= incarnation;
		pid_t pid = info->pid;
		ck_assert_msg(is_there || now_ms() < until_ms, "%s is %s, %u", path,
			tractor_child_state_name(info->state), info->incarnation);
		free(info);
		if (is_there)
			return pid;
		OK(tractor_runtime_turn(rt, 100));
	}
}

static void
expect_counts(const char *path, uint32_t specs, uint32_t active, uint32_t supervisors, uint32_t workers)
{
	struct tractor_child_counts counts;

	OK(tractor_count_children(rt, path, &counts));
	ck_assert_uint_eq(counts.specs, specs);
	ck_assert_uint_eq(counts.active, active);
	ck_assert_uint_eq(counts.supervisors, supervisors);
	ck_assert_uint_eq(counts.workers, workers);
}

/* --- supervisors and pools --- */

START_TEST(supervisors_and_pools_under_each_other)
{
	victim_ref deep;
	struct victim_pong pong;

	open_with((struct tractor_options){ .intensity = 5 });
	OK(START_SUPERVISOR(.name = "a"));
	OK(START_SUPERVISOR(.name = "b", .under = "/t/a", .strategy = TRACTOR_ONE_FOR_ALL, .intensity = 3));
	OK(tractor_start(rt, victim, &deep,
		&(struct tractor_child){ .name = "deep", .under = "/t/a/b", .exec = victim() }));
	OK(START(.name = "other", .under = "/t/a/b"));
	OK(START_POOL(.name = "pool", .under = "/t/a", .max = 2));
	OK(START_AS(.under = "/t/a/pool", .name = "one"));
	OK(tractor_ask(tractor_port(rt), deep, &pong, victim_ping));
	expect_counts(NULL, 1, 1, 1, 0);
	expect_counts("/t/a", 2, 2, 2, 0);
	expect_counts("/t/a/b", 2, 2, 0, 2);
	expect_counts("/t/a/pool", 1, 1, 0, 1);

	/* one_for_all: the other one is a new process too, and the supervisor above hears nothing of it. */
	pid_t other = expect_child("/t/a/b/other", TRACTOR_CHILD_RUNNING, 1);
	ck_assert_int_eq(kill(expect_child("/t/a/b/deep", TRACTOR_CHILD_RUNNING, 1), SIGKILL), 0);
	expect_child("/t/a/b/deep", TRACTOR_CHILD_RUNNING, 2);
	ck_assert_int_ne(expect_child("/t/a/b/other", TRACTOR_CHILD_RUNNING, 2), other);
	expect_child("/t/a/b", TRACTOR_CHILD_RUNNING, 1);

	/* A supervisor is stopped, restarted and deleted with all that is below it. What was added while it ran is not of its spec. */
	OK(tractor_terminate_child(rt, "/t/a"));
	expect_counts(NULL, 1, 0, 1, 0);
	FAILS(TRACTOR_ENOACTOR, "no /t/a/b/deep", tractor_terminate_child(rt, "/t/a/b/deep"));
	FAILS(TRACTOR_ECLOSED, "^/t/a is stopped; children are started while it runs$",
		START(.name = "more", .under = "/t/a"));
	OK(tractor_restart_child(rt, "/t/a"));
	expect_counts("/t/a", 0, 0, 0, 0);
	OK(tractor_terminate_child(rt, "/t/a"));
	OK(tractor_delete_child(rt, "/t/a"));
	expect_counts(NULL, 0, 0, 0, 0);
	OK(START_SUPERVISOR(.name = "a"));
	tractor_runtime_close(rt);
}
END_TEST

START_TEST(the_members_of_a_pool)
{
	struct tractor_child_info *items;
	struct tractor_childspec *spec;
	size_t count;

	open_with((struct tractor_options){ .intensity = 5 });
	OK(START_POOL(.name = "p", .max = 2, .member.args = WORDS("number", "1", "stop", "")));
	OK(START_AS(.under = "/t/p", .name = "m", .args = WORDS("number", "2")));
	FAILS(TRACTOR_EEXIST, "^/t/p/m is there already, and runs$", START_AS(.under = "/t/p", .name = "m"));
	FAILS(TRACTOR_EINVAL, "all alike", START(.under = "/t/p", .name = "x"));
	FAILS(TRACTOR_EINVAL, "cannot be a member's name", START_AS(.under = "/t/p", .name = "x y"));
	OK(START_AS(.under = "/t/p")); /* finds a name for itself */
	FAILS(TRACTOR_EFULL, "^/t/p: it has as many members as it may: 2$", START_AS(.under = "/t/p"));
	FAILS(TRACTOR_EINVAL, "members of the pool /t/p are actors, not supervisors",
		START_SUPERVISOR(.name = "s", .under = "/t/p"));
	expect_counts("/t/p", 1, 2, 0, 2);

	OK(tractor_get_childspec(rt, "/t/p/m", &spec));
	ck_assert_int_eq(spec->kind, TRACTOR_KIND_ACTOR);
	ck_assert_str_eq(spec->child.under, "/t/p");
	ck_assert_str_eq(spec->child.args[1], "1"); /* the template's */
	ck_assert_str_eq(spec->child.args[5], "2"); /* and its own, which counts */
	free(spec);

	/* A member is forgotten with its end. */
	OK(tractor_terminate_child(rt, "/t/p/m"));
	FAILS(TRACTOR_ENOACTOR, "there is no /t/p/m", tractor_terminate_child(rt, "/t/p/m"));
	FAILS(TRACTOR_ENOACTOR, "there is no /t/p/m", tractor_restart_child(rt, "/t/p/m"));
	OK(tractor_which_children(rt, "/t/p", &items, &count));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(items[0].restart, TRACTOR_PERMANENT);
	OK(tractor_terminate_child(rt, items[0].path));
	free(items);
	OK(tractor_which_children(rt, "/t/p", &items, &count));
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_null(items);
	expect_counts("/t/p", 1, 0, 0, 0);
	tractor_runtime_close(rt);
}
END_TEST

/* --- the life of a child, after OTP's child_adm --- */

START_TEST(the_life_of_a_child)
{
	open_with((struct tractor_options){ .intensity = 5 });
	FAILS(TRACTOR_ENOACTOR, "^there is no /t/a in the tree$", tractor_terminate_child(rt, "/t/a"));
	FAILS(TRACTOR_ENOACTOR, "there is no", tractor_restart_child(rt, "/t/a"));
	FAILS(TRACTOR_ENOACTOR, "there is no", tractor_delete_child(rt, "/t/a"));
	OK(START(.name = "a"));
	FAILS(TRACTOR_EEXIST, "^/t/a is there already, and runs$", START(.name = "a"));
	FAILS(TRACTOR_ERUNNING, "^/t/a is running$", tractor_restart_child(rt, "/t/a"));
	FAILS(TRACTOR_ERUNNING, "^/t/a is running; stop it first$", tractor_delete_child(rt, "/t/a"));
	expect_counts(NULL, 1, 1, 0, 1);

	OK(tractor_terminate_child(rt, "/t/a"));
	OK(tractor_terminate_child(rt, "/t/a"));
	expect_counts(NULL, 1, 0, 0, 1);
	expect_child("/t/a", TRACTOR_CHILD_STOPPED, 1);
	FAILS(TRACTOR_EPRESENT, "^/t/a is there already, stopped: restart it, or delete it first$",
		START(.name = "a"));
	FAILS(TRACTOR_EPRESENT, "stopped", START_SUPERVISOR(.name = "a"));

	OK(tractor_restart_child(rt, "/t/a"));
	expect_child("/t/a", TRACTOR_CHILD_RUNNING, 2);
	OK(tractor_terminate_child(rt, "/t/a"));
	OK(tractor_delete_child(rt, "/t/a"));
	FAILS(TRACTOR_ENOACTOR, "there is no", tractor_delete_child(rt, "/t/a"));
	expect_counts(NULL, 0, 0, 0, 0);
	OK(START(.name = "a", .restart = TRACTOR_TEMPORARY));
	OK(tractor_terminate_child(rt, "/t/a"));
	FAILS(TRACTOR_ENOACTOR, "there is no", tractor_restart_child(rt, "/t/a"));
	tractor_runtime_close(rt);
}
END_TEST

/* Between two attempts it is told apart from one that runs; and it can be stopped there. */
START_TEST(a_child_that_is_being_restarted)
{
	open_with((struct tractor_options){ .intensity = 5 });
	OK(START(.name = "a", .backoff_initial_ms = 60000, .backoff_max_ms = 60000));
	ck_assert_int_eq(kill(expect_child("/t/a", TRACTOR_CHILD_RUNNING, 1), SIGKILL), 0);
	expect_child("/t/a", TRACTOR_CHILD_WAITING, 1);
	FAILS(TRACTOR_EEXIST, "^/t/a is there already$", START(.name = "a"));
	FAILS(TRACTOR_ERESTARTING, "^/t/a is being started by its supervisor$",
		tractor_restart_child(rt, "/t/a"));
	FAILS(TRACTOR_ERESTARTING, "; stop it first$", tractor_delete_child(rt, "/t/a"));
	expect_counts(NULL, 1, 0, 0, 1);
	OK(tractor_terminate_child(rt, "/t/a"));
	expect_child("/t/a", TRACTOR_CHILD_STOPPED, 1);
	OK(tractor_restart_child(rt, "/t/a"));
	expect_child("/t/a", TRACTOR_CHILD_RUNNING, 2);
	tractor_runtime_close(rt);
}
END_TEST

START_TEST(children_that_do_not_start)
{
	const char *way = scenario_write("way", "refuse");
	struct tractor_child_info *info;

	open_with((struct tractor_options){ .intensity = 5 });
	FAILS(TRACTOR_ESTART, "no-such-program", START_AS(.exec = "./no-such-program", .name = "a"));
	FAILS(TRACTOR_ESTART, "the shop is closed", START(.name = "a", .args = WORDS("start_file", way)));
	expect_counts(NULL, 0, 0, 0, 0);
	FAILS(TRACTOR_EPROTOCOL, "courier",
		tractor_start_child(rt, &courier_protocol,
			&(struct tractor_child){ .name = "a", .exec = victim() }, NULL));
	expect_counts(NULL, 0, 0, 0, 0);

	/* Not needed: that counts as started, so that its spec stays. */
	FAILS(TRACTOR_IGNORE, "not needed", START(.name = "i", .args = WORDS("start", "ignore")));
	OK(tractor_which_child(rt, "/t/i", &info));
	ck_assert_int_eq(info->state, TRACTOR_CHILD_STOPPED);
	ck_assert_int_eq(info->pid, 0);
	ck_assert_str_eq(info->last_end, "ignored");
	free(info);
	FAILS(TRACTOR_IGNORE, "not needed", tractor_restart_child(rt, "/t/i"));
	OK(tractor_delete_child(rt, "/t/i"));
	FAILS(TRACTOR_IGNORE, "not needed",
		START(.name = "i", .restart = TRACTOR_TEMPORARY, .args = WORDS("start", "ignore")));
	expect_counts(NULL, 0, 0, 0, 0);

	/* A restart that fails leaves the spec, and is not tried again. */
	scenario_write("way", "\n");
	OK(START(.name = "a", .args = WORDS("start_file", way)));
	OK(tractor_terminate_child(rt, "/t/a"));
	scenario_write("way", "refuse");
	FAILS(TRACTOR_ESTART, "the shop is closed", tractor_restart_child(rt, "/t/a"));
	expect_child("/t/a", TRACTOR_CHILD_STOPPED, 2);
	tractor_runtime_close(rt);
}
END_TEST

START_TEST(what_cannot_be_asked)
{
	struct tractor_child_counts counts;

	open_with((struct tractor_options){ .intensity = 5 });
	OK(START(.name = "a"));
	FAILS(TRACTOR_EINVAL, "^/t is the whole tree", tractor_terminate_child(rt, "/t"));
	FAILS(TRACTOR_EINVAL, "^/t is the whole tree", tractor_delete_child(rt, NULL));
	FAILS(TRACTOR_ERUNNING, "^/t is running", tractor_restart_child(rt, "/t"));
	FAILS(TRACTOR_EINVAL, "^/t/a is an actor", tractor_count_children(rt, "/t/a", &counts));
	FAILS(TRACTOR_EINVAL, "^/t/a is an actor", START(.name = "b", .under = "/t/a"));
	FAILS(TRACTOR_ENOACTOR, "no /t/b", START(.name = "b", .under = "/t/b"));
	tractor_runtime_stop(rt, false);
	OK(tractor_runtime_run(rt));
	FAILS(TRACTOR_ECLOSED, "has ended", tractor_count_children(rt, NULL, &counts));
	FAILS(TRACTOR_ECLOSED, "has ended", tractor_terminate_child(rt, "/t/a"));
	FAILS(TRACTOR_ECLOSED, "has ended", START(.name = "c"));
	FAILS(TRACTOR_ECLOSED, "has ended", START_SUPERVISOR(.name = "c"));
	tractor_runtime_close(rt);
}
END_TEST

/* --- what is told --- */

START_TEST(which_children)
{
	struct tractor_child_info *items;
	size_t count;

	open_with((struct tractor_options){ .intensity = 5 });
	OK(tractor_which_children(rt, NULL, &items, &count));
	ck_assert_uint_eq(count, 0);
	OK(START(.name = "z"));
	OK(START_SUPERVISOR(.name = "s", .restart = TRACTOR_TRANSIENT));
	OK(START(.name = "a", .restart = TRACTOR_TRANSIENT));
	ck_assert_int_eq(kill(expect_child("/t/z", TRACTOR_CHILD_RUNNING, 1), SIGSEGV), 0);
	expect_child("/t/z", TRACTOR_CHILD_RUNNING, 2);
	OK(tractor_terminate_child(rt, "/t/a"));
	OK(tractor_which_children(rt, "/t", &items, &count));
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(items[0].path, "/t/z");
	ck_assert_int_eq(items[0].kind, TRACTOR_KIND_ACTOR);
	ck_assert_int_gt(items[0].pid, 0);
	ck_assert_uint_eq(items[0].incarnation, 2);
	ck_assert_uint_eq(items[0].restarts, 1);
	ck_assert_str_eq(items[0].last_exit, "SIGSEGV");
	ck_assert_str_eq(items[0].last_end, "abnormal");
	ck_assert_uint_ne(items[0].address.actor, 0);
	ck_assert_str_eq(items[1].path, "/t/s");
	ck_assert_str_eq(tractor_child_kind_name(items[1].kind), "supervisor");
	ck_assert_int_eq(items[1].restart, TRACTOR_TRANSIENT);
	ck_assert_int_eq(items[1].pid, 0);
	ck_assert_str_eq(items[1].last_exit, "");
	ck_assert_str_eq(tractor_child_state_name(items[2].state), "stopped");
	ck_assert_str_eq(items[2].last_end, "shutdown");
	tractor_runtime_close(rt);
	ck_assert_str_eq(items[2].path, "/t/a"); /* it is the caller's, whatever has become of the tree */
	free(items);
	ck_assert_str_eq(tractor_child_kind_name((enum tractor_child_kind)9), "?");
	ck_assert_str_eq(tractor_child_state_name((enum tractor_child_state)9), "?");
}
END_TEST

/* The significant child's end is its supervisor's, which is significant itself, and so is the tree's. */
START_TEST(significant_children_end_their_supervisors)
{
	open_with((struct tractor_options){ .auto_shutdown = TRACTOR_ALL_SIGNIFICANT });
	OK(START_SUPERVISOR(.name = "s", .auto_shutdown = TRACTOR_ANY_SIGNIFICANT,
		.restart = TRACTOR_TRANSIENT, .significant = true));
	OK(START(.name = "a", .under = "/t/s", .restart = TRACTOR_TEMPORARY, .significant = true));
	OK(START(.name = "b", .under = "/t/s"));
	ck_assert_int_eq(kill(expect_child("/t/s/a", TRACTOR_CHILD_RUNNING, 1), SIGKILL), 0);
	OK(tractor_runtime_run(rt));
	tractor_runtime_close(rt);
}
END_TEST

/* --- specs --- */

static void
expect_same_child(const struct tractor_child *a, const struct tractor_child *b)
{
	for (size_t i = 0; i < 4; i++) {
		ck_assert_str_eq(a->args[i], b->args[i]);
		ck_assert_str_eq(a->env[i % 2], b->env[i % 2]);
	}
	ck_assert_ptr_null(b->args[4]);
	ck_assert_ptr_null(b->env[2]);
	ck_assert_str_eq(a->exec, b->exec);
	ck_assert_str_eq(a->directory, b->directory);
	ck_assert_str_eq(a->actor, b->actor);
	ck_assert_int_eq(a->restart, b->restart);
	ck_assert_int_eq(a->significant, b->significant);
	ck_assert_int_eq(a->shutdown_ms, b->shutdown_ms);
	ck_assert_int_eq(a->start_timeout_ms, b->start_timeout_ms);
	ck_assert_int_eq(a->handler_timeout_ms, b->handler_timeout_ms);
	ck_assert_int_eq(a->handler_cpu_timeout_ms, b->handler_cpu_timeout_ms);
	ck_assert_uint_eq(a->mailbox, b->mailbox);
	ck_assert_int_eq(a->redeliver, b->redeliver);
	ck_assert_uint_eq(a->spares, b->spares);
	ck_assert_int_eq(a->no_lanes, b->no_lanes);
	ck_assert_int_eq(a->backoff_initial_ms, b->backoff_initial_ms);
	ck_assert_double_eq(a->backoff_factor, b->backoff_factor);
	ck_assert_int_eq(a->backoff_max_ms, b->backoff_max_ms);
	ck_assert_double_eq(a->backoff_jitter, b->backoff_jitter);
	ck_assert_int_eq(a->backoff_reset_ms, b->backoff_reset_ms);
	ck_assert_int_eq(memcmp(&a->log, &b->log, sizeof(a->log)), 0);
}

/* What get_childspec gives starts the same child again. */
START_TEST(a_spec_comes_back_as_it_was)
{
	const struct tractor_child whole = {
		.name = "a",
		.under = "/t/s",
		.exec = victim(),
		.directory = scenario_dir(),
		.actor = "victim",
		.args = WORDS("one", "1", "two", ""),
		.env = WORDS("ONE", "1"),
		.restart = TRACTOR_TRANSIENT,
		.significant = true,
		.shutdown_ms = TRACTOR_KILL,
		.start_timeout_ms = 7000,
		.handler_timeout_ms = 8000,
		.handler_cpu_timeout_ms = 3000,
		.mailbox = TRACTOR_UNBOUNDED,
		.redeliver = true,
		.no_lanes = true,
		.spares = 1,
		.backoff_initial_ms = 9,
		.backoff_factor = 1.5,
		.backoff_max_ms = 20,
		.backoff_jitter = TRACTOR_NONE,
		.backoff_reset_ms = TRACTOR_NONE,
		.log = { .max_size = 4000, .files = TRACTOR_NO_FILES, .rate = TRACTOR_UNBOUNDED, .burst = 7 }
	};
	struct tractor_childspec *supervisor, *child;

	open_with((struct tractor_options){ .intensity = 5 });
	OK(START_SUPERVISOR(.name = "s", .strategy = TRACTOR_REST_FOR_ONE, .intensity = TRACTOR_NO_RESTARTS,
		.period_ms = 1, .auto_shutdown = TRACTOR_ANY_SIGNIFICANT, .restart = TRACTOR_TRANSIENT,
		.shutdown_ms = 77));
	OK(tractor_start_child(rt, NULL, &whole, NULL));
	OK(tractor_get_childspec(rt, "/t/s", &supervisor));
	OK(tractor_get_childspec(rt, "/t/s/a", &child));
	ck_assert_int_eq(supervisor->kind, TRACTOR_KIND_SUPERVISOR);
	ck_assert_str_eq(supervisor->supervisor.under, "/t");
	ck_assert_uint_eq(supervisor->supervisor.intensity, TRACTOR_NO_RESTARTS);
	ck_assert_int_eq(supervisor->supervisor.period_ms, 1);
	ck_assert_int_eq(supervisor->supervisor.strategy, TRACTOR_REST_FOR_ONE);
	ck_assert_int_eq(supervisor->supervisor.auto_shutdown, TRACTOR_ANY_SIGNIFICANT);
	ck_assert_int_eq(supervisor->supervisor.shutdown_ms, 77);
	expect_same_child(&whole, &child->child);

	OK(tractor_terminate_child(rt, "/t/s"));
	OK(tractor_delete_child(rt, "/t/s"));
	OK(tractor_start_supervisor(rt, &supervisor->supervisor));
	OK(tractor_start_child(rt, NULL, &child->child, NULL));
	free(supervisor);
	free(child);
	OK(tractor_get_childspec(rt, "/t/s/a", &child));
	expect_same_child(&whole, &child->child);
	free(child);
	tractor_runtime_close(rt);
}
END_TEST

START_TEST(a_spec_with_its_defaults)
{
	struct tractor_childspec *spec;

	open_with((struct tractor_options){ .intensity = 5 });
	OK(START_POOL(.name = "p"));
	OK(tractor_get_childspec(rt, "/t/p", &spec));
	ck_assert_int_eq(spec->kind, TRACTOR_KIND_POOL);
	ck_assert_uint_eq(spec->pool.max, 1000);
	ck_assert_uint_eq(spec->pool.intensity, 1);
	ck_assert_int_eq(spec->pool.period_ms, 5000);
	ck_assert_ptr_null(spec->pool.member.name);
	ck_assert_int_eq(spec->pool.member.restart, TRACTOR_PERMANENT);
	ck_assert_int_eq(spec->pool.member.shutdown_ms, 5000);
	ck_assert_int_eq(spec->pool.member.start_timeout_ms, 5000);
	ck_assert_int_eq(spec->pool.member.handler_timeout_ms, 0);
	ck_assert_uint_eq(spec->pool.member.mailbox, 1024);
	ck_assert_double_eq(spec->pool.member.backoff_factor, 2);
	ck_assert_int_eq(spec->pool.member.backoff_max_ms, 30000);
	ck_assert_double_eq(spec->pool.member.backoff_jitter, 0.5);
	ck_assert_int_eq(spec->pool.member.backoff_reset_ms, 10000);
	ck_assert_uint_eq(spec->pool.member.log.max_size, 1000000);
	ck_assert_uint_eq(spec->pool.member.log.files, 3);
	ck_assert_uint_eq(spec->pool.member.log.rate, 1000);
	ck_assert_uint_eq(spec->pool.member.log.burst, 2000);
	free(spec);
	OK(tractor_get_childspec(rt, NULL, &spec));
	ck_assert_str_eq(spec->supervisor.name, "t");
	ck_assert_ptr_null(spec->supervisor.under);
	ck_assert_int_eq(spec->supervisor.shutdown_ms, TRACTOR_INFINITY);
	free(spec);
	tractor_runtime_close(rt);
}
END_TEST

START_TEST(specs_that_make_no_sense)
{
	open_with((struct tractor_options){ .intensity = 5 });
	FAILS(TRACTOR_EINVAL, "cannot be a child's name", START(.name = NULL));
	FAILS(TRACTOR_EINVAL, "cannot be a child's name", START(.name = "a/b"));
	FAILS(TRACTOR_EINVAL, "which program", START_AS(.name = "a"));
	FAILS(TRACTOR_EINVAL, "args are pairs", START(.name = "a", .args = WORDS("key")));
	FAILS(TRACTOR_EINVAL, "no restart type 7", START(.name = "a", .restart = (enum tractor_restart)7));
	FAILS(TRACTOR_EINVAL, "cannot be permanent", START(.name = "a", .significant = true));
	FAILS(TRACTOR_EINVAL, "no effect under /t, whose auto_shutdown is never",
		START(.name = "a", .significant = true, .restart = TRACTOR_TRANSIENT));
	FAILS(TRACTOR_EINVAL, "shutdown is out of range", START(.name = "a", .shutdown_ms = -7));
	FAILS(TRACTOR_EINVAL, "shutdown is out of range", START(.name = "a", .shutdown_ms = INT64_MAX));
	FAILS(TRACTOR_EINVAL, "start_timeout is out",
		START(.name = "a", .start_timeout_ms = TRACTOR_INFINITY));
	FAILS(TRACTOR_EINVAL, "handler_timeout is out", START(.name = "a", .handler_timeout_ms = INT64_MIN));
	FAILS(TRACTOR_EINVAL, "handler_cpu_timeout is out", START(.name = "a", .handler_cpu_timeout_ms = -1));
	FAILS(TRACTOR_EINVAL, "mailbox .* is out of range", START(.name = "a", .mailbox = 2000000));
	FAILS(TRACTOR_EINVAL, "log max_size 1 is out of range", START(.name = "a", .log.max_size = 1));
	FAILS(TRACTOR_EINVAL, "factor 0.5 is out of range", START(.name = "a", .backoff_factor = 0.5));
	FAILS(TRACTOR_EINVAL, "reset is out.*jitter 2 is out of range", /* all that is wrong */
		START(.name = "a", .backoff_jitter = 2, .backoff_reset_ms = -1));
	FAILS(TRACTOR_EINVAL, "initial is longer",
		START(.name = "a", .backoff_initial_ms = 5, .backoff_max_ms = 4));
	FAILS(TRACTOR_EINVAL, "the directory /nowhere", START(.name = "a", .directory = "/nowhere"));
	FAILS(TRACTOR_EINVAL, "no strategy 3",
		START_SUPERVISOR(.name = "s", .strategy = (enum tractor_strategy)3));
	FAILS(TRACTOR_EINVAL, "no auto_shutdown 3",
		START_SUPERVISOR(.name = "s", .auto_shutdown = (enum tractor_auto_shutdown)3));
	FAILS(TRACTOR_EINVAL, "intensity .* out of range",
		START_SUPERVISOR(.name = "s", .intensity = 100001));
	FAILS(TRACTOR_EINVAL, "period is out", START_SUPERVISOR(.name = "s", .period_ms = -5));
	FAILS(TRACTOR_EINVAL, "a supervisor's name", START_SUPERVISOR(.name = ""));
	FAILS(TRACTOR_EINVAL, "max .* out of range", START_POOL(.name = "p", .max = 1000001));
	FAILS(TRACTOR_EINVAL, "for all members", START_POOL(.name = "p", .member.name = "x"));
	FAILS(TRACTOR_EINVAL, "cannot be significant",
		START_POOL(.name = "p", .member.significant = true, .member.restart = TRACTOR_TRANSIENT));
	expect_counts(NULL, 0, 0, 0, 0);
	tractor_runtime_close(rt);
}
END_TEST

START_TEST(supervisors_nested_too_deep)
{
	char path[512] = "/t";

	open_with((struct tractor_options){ .intensity = 5 });
	for (int i = 1; i < 16; i++) {
		OK(START_SUPERVISOR(.name = "s", .under = path));
		strcat(path, "/s");
	}
	FAILS(TRACTOR_EINVAL, "nested too deep", START_SUPERVISOR(.name = "s", .under = path));
	OK(START(.name = "a", .under = path));
	tractor_runtime_close(rt);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("children");

	SCENARIO_CASE(suite, "under each other", 30, supervisors_and_pools_under_each_other,
		the_members_of_a_pool, significant_children_end_their_supervisors,
		supervisors_nested_too_deep);
	SCENARIO_CASE(suite, "life", 30, the_life_of_a_child, a_child_that_is_being_restarted,
		children_that_do_not_start, what_cannot_be_asked);
	SCENARIO_CASE(suite, "told", 30, which_children, a_spec_comes_back_as_it_was,
		a_spec_with_its_defaults, specs_that_make_no_sense);
	return suite;
}
