/*
 * supervisor_test.c: what the supervisor does by itself: its own sudden death, being stopped for a while, and what actors leave behind.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "trees.h"

static void
die_suddenly(struct process *tree)
{
	scenario_expect_orphans();
	process_signal(tree, SIGKILL);
	expect_killed(tree, SIGKILL, SOON_MS);
}

static pid_t
leave_behind(bool own_group, const char *command)
{
	json_t *reply = ask("/t/a", "victim.leave", "{\"own_group\":%s,\"command\":\"%s\"}",
		own_group ? "true" : "false", command);
	pid_t pid = (pid_t)number_at(reply, "pid");

	json_decref(reply);
	ck_assert(process_exists(pid));
	return pid;
}

/* --- its own death --- */

START_TEST(a_killed_supervisor_leaves_no_orphan)
{
	struct process *tree = tree_up("{name: t, children: [%s, {supervisor: s, children: [%s]}]}",
		actor_line("a", "victim"), actor_line("b", "victim"));
	pid_t a = pid_of("/t/a"), b = pid_of("/t/s/b");

	die_suddenly(tree);
	expect_gone(a, SOON_MS);
	expect_gone(b, SOON_MS);
	expect_command(3, "^$", "^tractor: .*t", "status", "-t", "t", NULL);
	/* The next one finds the leftovers, and works. */
	tree = running_tree_start(scenario_path("t.yaml"));
	expect_tree("t", UP_MS);
	kill_victim("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(a_supervisor_killed_while_it_starts_leaves_no_orphan)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s, %s]}",
		actor_line("a", "victim"),
		actor_line_with("b", "victim", "start_timeout: 60s, args: {start: sleep, number: 60000}"));
	struct process *tree = running_tree_start(file);

	expect_output(tree, "^/t/b: up 1$", UP_MS);
	pid_t a = pid_of("/t/a");
	die_suddenly(tree);
	expect_gone(a, SOON_MS);
	tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	tree_down(tree);
}
END_TEST

/* The one child of that process, once it runs that program. */
static pid_t
child_of(pid_t parent, const char *program)
{
	char path[64], name[32];
	pid_t child = 0;

	for (int64_t until = now_ms() + scaled_ms(SOON_MS); now_ms() < until; let_pass(1)) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
		FILE *file = fopen(path, "re");
		if (!file || fscanf(file, "%d", &child) != 1)
			child = 0;
		if (file)
			fclose(file);
		snprintf(path, sizeof(path), "/proc/%d/comm", (int)child);
		file = child > 0 ? fopen(path, "re") : NULL;
		bool runs = file && fscanf(file, "%31s", name) == 1 && strcmp(name, program) == 0;
		if (file)
			fclose(file);
		if (runs)
			return child;
	}
	ck_abort_msg("process %d has no child that is %s", (int)parent, program);
}

/* Nobody is their parent any more who could know of them. */
START_TEST(what_actors_of_a_killed_supervisor_had_started_ends_with_the_next_start)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	pid_t a = pid_of("/t/a"), left[] = {
		leave_behind(false, "exec sleep 1000"),
		leave_behind(true, "exec sleep 1000"),
		leave_behind(false, "exec setsid sleep 1000"),
		leave_behind(true, "env -i sleep 1000; exit"),
		0,
	};

	left[4] = child_of(left[3], "sleep"); /* it has not even an environment */
	die_suddenly(tree);
	expect_gone(a, SOON_MS);
	for (size_t i = 0; i < 5; i++)
		ck_assert(process_exists(left[i]));
	tree = running_tree_start(scenario_path("t.yaml"));
	expect_tree("t", UP_MS);
	for (size_t i = 0; i < 5; i++)
		expect_gone(left[i], 0);
	expect_errors(tree,
		"^tractor: process [0-9]+ \\(sleep\\), which a killed supervisor had left, is killed$", 0);
	expect_event("", "left_behind", "sleep");
	tree_down(tree);
}
END_TEST

/* The mark that the lock of tree t has; a number and a moment that no other supervisor has had. */
static const char *
mark_of_tree(void)
{
	static char mark[64];
	FILE *file = fopen(scenario_path("run/t/lock"), "re");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%63s", mark), 1);
	fclose(file);
	return mark;
}

static struct process *
sleeper(const char *mark)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	char entry[128];

	snprintf(entry, sizeof(entry), "TRACTOR_SUPERVISOR=%s", mark);
	return process_start_with(
		&(struct process_options){ .argv = argv, .env = (const char *const[]){ entry, NULL } });
}

static void
still_sleeps(struct process *process)
{
	ck_assert(!process_has_ended(process));
	process_signal(process, SIGKILL);
	expect_killed(process, SIGKILL, SOON_MS);
}

START_TEST(the_next_start_ends_nobody_elses)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	const char *file = scenario_write("u.yaml", "{name: u, children: [%s]}", actor_line("a", "victim"));
	struct process *other = running_tree_start(file);
	char mark[64], longer[72];

	expect_tree("u", UP_MS);
	pid_t others = expect_node("u", "/u/a", "running", 1, SOON_MS).pid;
	pid_t left = leave_behind(true, "exec sleep 1000");
	snprintf(mark, sizeof(mark), "%s", mark_of_tree());
	snprintf(longer, sizeof(longer), "%s1", mark);
	struct process *near = sleeper(longer), *none = sleeper("");
	die_suddenly(tree);
	tree = running_tree_start(scenario_path("t.yaml"));
	expect_tree("t", UP_MS);
	expect_gone(left, 0);
	ck_assert_int_eq(expect_node("u", "/u/a", "running", 1, SOON_MS).pid, others);
	still_sleeps(near);
	still_sleeps(none);
	/* Stopped in order it has left nothing that the next one would have to look for. */
	pid_t late = leave_behind(true, "exec sleep 1000");
	snprintf(mark, sizeof(mark), "%s", mark_of_tree());
	tree_down(tree);
	expect_gone(late, 0);
	struct process *bystander = sleeper(mark);
	tree = running_tree_start(scenario_path("t.yaml"));
	expect_tree("t", UP_MS);
	still_sleeps(bystander);
	tree_down(tree);
	tree_down(other);
}
END_TEST

/* What was left may be what starts the tree anew: a watchdog, or somebody's shell. */
START_TEST(the_next_start_ends_nobody_who_has_started_it)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	const char *argv[] = { "sh", "-c", "\"$0\" run \"$1\"; echo it ended with $?", tractor_command(),
		scenario_path("t.yaml"), NULL };
	char entry[128];

	snprintf(entry, sizeof(entry), "TRACTOR_SUPERVISOR=%s", mark_of_tree());
	die_suddenly(tree);
	struct process *watchdog = process_start_with(
		&(struct process_options){ .argv = argv, .env = (const char *const[]){ entry, NULL } });
	expect_tree("t", UP_MS);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	expect_command(0, NULL, NULL, "down", NULL);
	expect_output(watchdog, "^it ended with 0$", DOWN_MS);
	expect_exit(watchdog, 0, SOON_MS);
}
END_TEST

START_TEST(a_second_one_of_the_same_name_is_refused)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	pid_t a = pid_of("/t/a");

	expect_command(1, "^$", "^tractor: a tree \"t\" is running already; see: tractor -t t status$", "run",
		scenario_path("t.yaml"), NULL);
	ck_assert_int_eq(pid_of("/t/a"), a);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

/* --- stopped for a while --- */

START_TEST(a_stopped_supervisor_blames_nobody)
{
	struct process *tree = tree_up("{name: t, children: [%s, %s]}",
		actor_line_with("a", "victim", "handler_timeout: 800ms"), actor_line("b", "victim"));
	pid_t a = pid_of("/t/a"), b = pid_of("/t/b");
	/* Its limit passes, and the answer comes, while nobody is there to see either. */
	struct process *asker = process_start(
		tractor_command(), "ask", "/t/a", "victim.rest", "{\"ms\":400}", "--timeout", "1s", NULL);

	expect_output(tree, "^/t/a: resting$", SOON_MS);
	process_signal(tree, SIGSTOP);
	let_pass(1500); /* the command itself gives up after three seconds */
	process_signal(tree, SIGCONT);
	expect_exit(asker, 0, SOON_MS);
	ck_assert_int_eq(pid_of("/t/a"), a);
	ck_assert_int_eq(pid_of("/t/b"), b);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	expect_event("", "was_stopped", "every deadline gets them back");
	tree_down(tree);
	expect_crashes(NULL, 0);
}
END_TEST

/* The command has said that it got no answer, and is not obeyed an hour later. */
START_TEST(a_stopped_supervisor_does_not_do_what_was_given_up)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	process_signal(tree, SIGSTOP);
	expect_command(69, "^$", "does not answer", "down", "--timeout", "200ms", NULL);
	expect_command(69, "^$", "does not answer", "stop", "/t/a", "--timeout", "200ms", NULL);
	process_signal(tree, SIGCONT);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

/* A suspended machine, a paused container: nobody ran, so nobody was slow. */
START_TEST(a_tree_that_was_stopped_as_a_whole_blames_nobody)
{
	struct process *tree = tree_up(
		"{name: t, children: [%s]}", actor_line_with("a", "victim", "handler_timeout: 800ms"));
	pid_t a = pid_of("/t/a");
	struct process *asker =
		process_start(tractor_command(), "ask", "/t/a", "victim.rest", "{\"ms\":400}", NULL);

	expect_output(tree, "^/t/a: resting$", SOON_MS);
	process_signal(tree, SIGSTOP);
	kill(a, SIGSTOP);
	let_pass(2000);
	/* The supervisor first: then it has every occasion to misjudge. */
	process_signal(tree, SIGCONT);
	let_pass(100);
	kill(a, SIGCONT);
	expect_exit(asker, 0, SOON_MS);
	ck_assert_int_eq(pid_of("/t/a"), a);
	tree_down(tree);
	expect_crashes(NULL, 0);
}
END_TEST

/* --- what actors leave behind --- */

START_TEST(what_an_actor_left_in_its_group_goes_with_it)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	pid_t left = leave_behind(false, "exec sleep 1000");

	kill_victim("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_gone(left, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(what_an_actor_left_anywhere_goes_with_the_tree)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	pid_t left = leave_behind(true, "exec sleep 1000");

	kill_victim("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	ck_assert(process_exists(left));
	pid_t second = leave_behind(true, "exec sleep 1000");
	/* One that ends meanwhile is reaped, not left as a zombie. */
	kill(left, SIGKILL);
	expect_gone(left, SOON_MS);
	tree_down(tree);
	expect_gone(second, 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("supervisor");

	SCENARIO_CASE(suite, "its own death", 30, a_killed_supervisor_leaves_no_orphan,
		a_supervisor_killed_while_it_starts_leaves_no_orphan,
		what_actors_of_a_killed_supervisor_had_started_ends_with_the_next_start,
		the_next_start_ends_nobody_elses, the_next_start_ends_nobody_who_has_started_it,
		a_second_one_of_the_same_name_is_refused);
	SCENARIO_CASE(suite, "stopped", 30, a_stopped_supervisor_blames_nobody,
		a_stopped_supervisor_does_not_do_what_was_given_up,
		a_tree_that_was_stopped_as_a_whole_blames_nobody);
	SCENARIO_CASE(suite, "left behind", 30, what_an_actor_left_in_its_group_goes_with_it,
		what_an_actor_left_anywhere_goes_with_the_tree);
	return suite;
}
