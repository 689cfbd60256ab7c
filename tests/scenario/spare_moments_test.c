/*
 * spare_moments_test.c: what happens to spares at moments that only a tree in the test's own process lets it choose: it is told of each event, and acts before anything else happens. Who dies before he is named and who
 * dies by it, what has gone stale meanwhile, and when those are replaced that are lost or that the host refuses.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <tractor/runtime.h>

#include "sys.h"
#include "trees.h"

static struct seen {
	pid_t spare, named;
	int ready, lost, refused, running;
	bool kill_named, kill_before, kill_ready;
} seen;

static pid_t
pid_in(const char *text)
{
	int pid = 0;

	sscanf(text, "pid %d", &pid);
	return (pid_t)pid;
}

/* It is dead, and nobody has noticed. */
static void
kill_unnoticed(pid_t pid)
{
	siginfo_t info;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	(void)arg;
	if (strcmp(event->event, "spare_ready") == 0) {
		seen.ready++;
		seen.spare = pid_in(event->text);
		if (seen.kill_ready)
			kill(seen.spare, SIGKILL);
	} else if (strcmp(event->event, "spare_lost") == 0) {
		seen.lost++;
	} else if (strcmp(event->event, "spare_refused") == 0) {
		seen.refused++;
	} else if (strcmp(event->event, "running") == 0 && strcmp(event->path, "/t/a") == 0) {
		seen.running = (int)event->incarnation;
	} else if (strcmp(event->event, "crashed") == 0 && event->incarnation == 1 && seen.kill_before) {
		kill_unnoticed(seen.spare);
	} else if (strcmp(event->event, "spare_named") == 0) {
		seen.named = pid_in(event->text);
		if (seen.kill_named && event->incarnation == 2)
			kill_unnoticed(seen.named);
	}
}

static struct tractor_runtime *
open_with(unsigned spares)
{
	struct tractor_runtime *rt;
	char exec[256];

	seen = (struct seen){ .spare = 0 };
	snprintf(exec, sizeof(exec), "%s/victim", test_actors_dir());
	ck_assert_int_eq(
		tractor_runtime_open(&rt,
			&(struct tractor_options){
				.name = "t", .intensity = 9, .on_event = on_event, .on_line = ignore_line }),
		TRACTOR_OK);
	tractor_err err = tractor_start_child(
		rt, NULL, &(struct tractor_child){ .name = "a", .exec = exec, .spares = spares }, NULL);
	ck_assert_msg(err == TRACTOR_OK, "%s", tractor_why());
	return rt;
}

static struct tractor_runtime *
open_here(void)
{
	return open_with(1);
}

/* Turns until *count is as large. */
static void
turn_until(struct tractor_runtime *rt, const int *count, int large)
{
	for (int64_t until = now_ms() + scaled_ms(SOON_MS); *count < large && now_ms() < until;)
		ck_assert_int_eq(tractor_runtime_turn(rt, 20), TRACTOR_OK);
	ck_assert_int_ge(*count, large);
}

static pid_t
actor_here(struct tractor_runtime *rt)
{
	struct tractor_child_info *info;

	ck_assert_int_eq(tractor_which_child(rt, "/t/a", &info), TRACTOR_OK);
	pid_t pid = info->pid;
	free(info);
	return pid;
}

/* It was the actor's process: a start that failed, and counts. */
START_TEST(one_that_dies_at_the_moment_of_naming)
{
	struct tractor_runtime *rt = open_here();

	turn_until(rt, &seen.ready, 1);
	seen.kill_named = true;
	ck_assert_int_eq(kill(actor_here(rt), SIGKILL), 0);
	turn_until(rt, &seen.running, 3);
	ck_assert_int_eq(seen.lost, 0);
	ck_assert_int_ne(actor_here(rt), seen.named);
	turn_until(rt, &seen.ready, 2);
	tractor_runtime_close(rt);
}
END_TEST

/* It was nobody yet: the actor has lost nothing by it. */
START_TEST(one_that_is_dead_before_it_is_named)
{
	struct tractor_runtime *rt = open_here();

	turn_until(rt, &seen.ready, 1);
	seen.kill_before = true;
	ck_assert_int_eq(kill(actor_here(rt), SIGKILL), 0);
	turn_until(rt, &seen.running, 2);
	turn_until(rt, &seen.lost, 1);
	ck_assert_int_eq(seen.named, 0);
	turn_until(rt, &seen.ready, 2);
	ck_assert_int_eq(seen.running, 2);
	tractor_runtime_close(rt);
}
END_TEST

/* By the same name: a new release in the place of the old one. A process that is started now works there. */
START_TEST(a_directory_that_was_replaced)
{
	char there[512];
	const char *here = scenario_path("here");
	struct tractor_runtime *rt;

	snprintf(there, sizeof(there), "%s", scenario_path("there"));
	scenario_keep("*here");
	ck_assert_int_eq(mkdir(here, 0700), 0);
	const char *file = scenario_write("here/t.yaml", "{name: t, intensity: 9, children: [%s]}",
		actor_line_with("a", "victim", "spares: 1"));
	ck_assert_int_eq(tractor_runtime_open_file(&rt, file,
				 &(struct tractor_options){ .on_event = on_event, .on_line = ignore_line }),
		TRACTOR_OK);
	turn_until(rt, &seen.ready, 1);
	ck_assert_int_eq(rename(here, there), 0);
	ck_assert_int_eq(mkdir(here, 0700), 0);
	ck_assert_int_eq(kill(actor_here(rt), SIGKILL), 0);
	turn_until(rt, &seen.running, 2);
	ck_assert_int_eq(seen.named, 0);
	turn_until(rt, &seen.ready, 2);
	tractor_runtime_close(rt);
}
END_TEST

/* Who is lost while another one is starting is not replaced sooner for it: not before 100 ms, then 200 ms, and a fifth less at most. */
START_TEST(those_that_are_lost_while_others_start)
{
	struct tractor_runtime *rt = open_with(2);
	int64_t began_ms = now_ms();

	seen.kill_ready = true;
	turn_until(rt, &seen.ready, 5);
	ck_assert_int_ge(now_ms() - began_ms, (100 + 200) * 8 / 10);
	seen.kill_ready = false;
	tractor_runtime_close(rt);
}
END_TEST

START_TEST(more_than_there_may_be)
{
	struct tractor_runtime *rt = open_here();

	ck_assert_int_eq(
		tractor_start_child(rt, NULL,
			&(struct tractor_child){ .name = "b", .exec = "/bin/true", .spares = 101 }, NULL),
		TRACTOR_EINVAL);
	expect_match(tractor_why(), "spares 101 is out of range; use 0 to 100");
	tractor_runtime_close(rt);
}
END_TEST

static int refusals;

static pid_t
clone_refused(int (*child)(void *arg), void *stack, int flags, void *arg, int *ret_pidfd, int *held)
{
	if (refusals == 0)
		return sys_real.clone(child, stack, flags, arg, ret_pidfd, held);
	refusals--;
	errno = EAGAIN;
	return -1;
}

/* That is said, and asked again later; the actor runs meanwhile, and is no party to it. */
START_TEST(a_host_that_refuses_a_spare)
{
	struct tractor_runtime *rt = open_here();

	refusals = 3;
	sys.clone = clone_refused;
	turn_until(rt, &seen.refused, 3);
	turn_until(rt, &seen.ready, 1);
	sys = sys_real;
	ck_assert_int_eq(seen.running, 1);
	ck_assert_int_eq(seen.lost, 0);
	tractor_runtime_close(rt);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("spares, at chosen moments");

	SCENARIO_CASE(suite, "moments", 30, one_that_dies_at_the_moment_of_naming,
		one_that_is_dead_before_it_is_named, a_directory_that_was_replaced,
		those_that_are_lost_while_others_start, more_than_there_may_be, a_host_that_refuses_a_spare);
	return suite;
}
