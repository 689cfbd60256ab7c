/*
 * supervisor_test.c: what the supervisor does by itself: its own sudden death, being stopped, signals, giving up, strategies seen by their processes, backoff, what actors leave
 * behind, and crash policies.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "trees.h"

/* Time that has to pass for what is tested to come about, not for something to be ready. */
static void
let_pass(int64_t ms)
{
	struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&span, NULL);
}

static void
crash(const char *path)
{
	tell(path, "victim.die", "{\"how\":\"kill\"}");
}

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
	crash("/t/a");
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
	ck_assert_uint_eq(crash_count(NULL), 0);
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
	ck_assert_uint_eq(crash_count(NULL), 0);
}
END_TEST

/* --- signals --- */

static void
stops_in_order(int signal)
{
	struct process *tree = tree_up("{name: t, children: [%s, {supervisor: s, children: [%s, %s]}, %s]}",
		actor_line("a", "victim"), actor_line("b", "victim"), actor_line("c", "victim"),
		actor_line("d", "victim"));

	process_signal(tree, signal);
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/a: up 1$", 0);
	expect_output(tree, "^/t/s/b: up 1$", 0);
	expect_output(tree, "^/t/s/c: up 1$", 0);
	expect_output(tree, "^/t/d: up 1$", 0);
	expect_output(tree, "^/t/d: down 1$", 0);
	expect_output(tree, "^/t/s/c: down 1$", 0);
	expect_output(tree, "^/t/s/b: down 1$", 0);
	expect_output(tree, "^/t/a: down 1$", 0);
	ck_assert_uint_eq(crash_count(NULL), 0);
}

START_TEST(sigint_stops_in_reverse_order)
{
	stops_in_order(SIGINT);
}
END_TEST

START_TEST(sigterm_stops_in_reverse_order)
{
	stops_in_order(SIGTERM);
}
END_TEST

static void
stops_at_once(int first, int second)
{
	struct process *tree = tree_up("{name: t, children: [%s, %s]}", actor_line("a", "victim"),
		actor_line_with("b", "victim", "shutdown: infinity, args: {stop: sleep, number: 60000}"));

	process_signal(tree, first);
	expect_output(tree, "^/t/b: down 1$", SOON_MS);
	process_signal(tree, second);
	expect_exit(tree, 128 + second, SOON_MS);
	ck_assert(!matches(process_output(tree), "^/t/a: down"));
}

START_TEST(a_second_sigint_stops_at_once)
{
	stops_at_once(SIGINT, SIGINT);
}
END_TEST

START_TEST(a_second_sigterm_stops_at_once)
{
	stops_at_once(SIGINT, SIGTERM);
}
END_TEST

/* A terminal sends SIGINT to everybody in the group: the actors have groups of their own. */
START_TEST(ctrl_c_reaches_the_supervisor_only)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	process_signal_group(tree, SIGINT);
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/a: down 1$", 0);
	ck_assert_uint_eq(crash_count(NULL), 0);
}
END_TEST

START_TEST(a_signal_while_it_starts)
{
	const char *file =
		scenario_write("t.yaml", "{name: t, children: [%s, %s]}", actor_line("a", "victim"),
			actor_line_with("b", "victim",
				"start_timeout: 60s, shutdown: 300ms, args: {start: sleep, number: 60000}"));
	struct process *tree = running_tree_start(file);

	expect_output(tree, "^/t/b: up 1$", UP_MS);
	process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/a: down 1$", 0);
}
END_TEST

/* The terminal is gone; nohup has said that this is no reason to end. */
START_TEST(a_hangup_that_is_ignored)
{
	scenario_write("t.yaml", "{name: t, children: [%s]}", actor_line("a", "victim"));
	struct process *tree =
		process_start("nohup", tractor_command(), "run", scenario_path("t.yaml"), NULL);

	expect_tree("t", UP_MS);
	process_signal(tree, SIGHUP);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
	ck_assert_ptr_null(strstr(process_errors(tree), "SIGHUP"));
}
END_TEST

START_TEST(a_hangup_stops_in_order)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	process_signal(tree, SIGHUP);
	expect_output(tree, "^/t/a: down 1$", SOON_MS);
	expect_exit(tree, 0, DOWN_MS);
}
END_TEST

/* It is given for ever to stop, but not to start. */
START_TEST(a_start_that_ignores_the_stop_ends_with_its_start_timeout)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s, %s]}",
		actor_line("a", "victim"),
		actor_line_with("b", "victim",
			"start_timeout: 3s, shutdown: infinity, args: {start: sleep, number: 60000}"));
	struct process *tree = running_tree_start(file);

	expect_output(tree, "^/t/b: up 1$", UP_MS);
	process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/a: down 1$", 0);
	ck_assert(!matches(process_output(tree), "^/t/b: down"));
}
END_TEST

/* Its on_start is done in time, and its on_stop not before the start limit would have ended it. */
START_TEST(a_start_that_is_done_meanwhile_has_all_the_time_to_stop)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	struct process *adding = process_start(tractor_command(), "add", "/t",
		actor_line_with("b", "victim",
			"start_timeout: 5s, shutdown: infinity, args: {start: sleep, stop: sleep, number: 3000}"),
		NULL);

	expect_output(tree, "^/t/b: up 1$", SOON_MS);
	expect_command(0, NULL, NULL, "stop", "/t/b", NULL);
	expect_exit(adding, 1, SOON_MS);
	expect_output(tree, "^/t/b: down 1$", SOON_MS);
	expect_event("/t/b", "ended", "^shutdown$");
	tree_down(tree);
}
END_TEST

START_TEST(an_actor_that_will_not_stop_is_killed_in_its_time)
{
	struct process *tree = tree_up("{name: t, children: [%s, %s, %s]}", actor_line("a", "victim"),
		actor_line_with("b", "victim", "shutdown: 200ms, args: {stop: spin}"),
		actor_line_with("c", "victim", "shutdown: kill"));

	tree_down(tree);
	expect_output(tree, "^/t/b: down 1$", 0);
	expect_output(tree, "^/t/a: down 1$", 0);
	ck_assert(!matches(process_output(tree), "^/t/c: down"));
}
END_TEST

/* --- bad files --- */

START_TEST(every_error_of_a_bad_file_at_once)
{
	const char *file = scenario_write("bad.yaml",
		"name: t\n"
		"strategy: one_for_two\n"
		"intensity: many\n"
		"children:\n"
		"  - actor: a\n"
		"    exec: %s/victim\n"
		"    restrat: permanent\n"
		"  - actor: a\n"
		"    exec: ./no-such-program\n"
		"    shutdown: 5 parsecs\n",
		test_actors_dir());
	struct process *tree = running_tree_start(file);

	expect_exit(tree, 65, SOON_MS);
	expect_errors(tree, "/bad\\.yaml:2:11: .*one_for_two", 0);
	expect_errors(tree, "/bad\\.yaml:3:12: .*many", 0);
	expect_errors(tree, "/bad\\.yaml:7:5: .*restrat.*restart", 0);
	expect_errors(tree, "/bad\\.yaml:8:5: .*another .a. under .t.", 0);
	expect_errors(tree, "/bad\\.yaml:9:11: .*no-such-program", 0);
	expect_errors(tree, "/bad\\.yaml:10:15: .*5 parsecs", 0);
	ck_assert_str_eq(process_output(tree), "");
	expect_command(65, "^$", "bad\\.yaml:7:5: .*restrat", "check", file, NULL);
	expect_command(65, "^$", "no-such-file", "run", "/no-such-file.yaml", NULL);
}
END_TEST

/* --- strategies, by processes --- */

struct quartet {
	pid_t a, b, c, outside;
};

static struct quartet
look(void)
{
	return (struct quartet){ pid_of("/t/s/a"), pid_of("/t/s/b"), pid_of("/t/s/c"), pid_of("/t/outside") };
}

static struct process *
tree_with_strategy(const char *strategy)
{
	return tree_up(
		"{name: t, children: [%s, {supervisor: s, strategy: %s, intensity: 5, children: [%s, %s, %s]}]}",
		actor_line("outside", "victim"), strategy, actor_line("a", "victim"),
		actor_line("b", "victim"), actor_line("c", "victim"));
}

START_TEST(one_for_one)
{
	struct process *tree = tree_with_strategy("one_for_one");
	struct quartet before = look();

	crash("/t/s/b");
	expect_node("t", "/t/s/b", "running", 2, SOON_MS);
	struct quartet after = look();
	ck_assert(after.a == before.a && after.b != before.b && after.c == before.c &&
		  after.outside == before.outside);
	tree_down(tree);
}
END_TEST

START_TEST(one_for_all)
{
	struct process *tree = tree_with_strategy("one_for_all");
	struct quartet before = look();

	crash("/t/s/b");
	expect_node("t", "/t/s/a", "running", 2, SOON_MS);
	expect_node("t", "/t/s/b", "running", 2, SOON_MS);
	expect_node("t", "/t/s/c", "running", 2, SOON_MS);
	struct quartet after = look();
	ck_assert(after.a != before.a && after.b != before.b && after.c != before.c &&
		  after.outside == before.outside);
	/* The others are stopped in reverse order, and all are started in order. */
	expect_output(tree, "^/t/s/c: down 1$", SOON_MS);
	expect_output(tree, "^/t/s/a: down 1$", SOON_MS);
	expect_output(tree, "^/t/s/a: up 2$", SOON_MS);
	expect_output(tree, "^/t/s/b: up 2$", SOON_MS);
	expect_output(tree, "^/t/s/c: up 2$", SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(rest_for_one)
{
	struct process *tree = tree_with_strategy("rest_for_one");
	struct quartet before = look();

	crash("/t/s/b");
	expect_node("t", "/t/s/b", "running", 2, SOON_MS);
	expect_node("t", "/t/s/c", "running", 2, SOON_MS);
	struct quartet after = look();
	ck_assert(after.a == before.a && after.b != before.b && after.c != before.c &&
		  after.outside == before.outside);
	tree_down(tree);
}
END_TEST

/* --- intensity --- */

START_TEST(an_inner_supervisor_gives_up_and_is_restarted)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 3, children: [%s, {supervisor: s, intensity: 1, children: [%s, %s]}]}",
		actor_line("outside", "victim"), actor_line("a", "victim"), actor_line("b", "victim"));
	pid_t outside = pid_of("/t/outside"), b = pid_of("/t/s/b");

	crash("/t/s/a");
	expect_node("t", "/t/s/a", "running", 2, SOON_MS);
	ck_assert_int_eq(pid_of("/t/s/b"), b);
	crash("/t/s/a");
	expect_errors(tree, "^/t/s: .*gives up: /t/s/a died once too often: more than 1 restart in 5000 ms$",
		SOON_MS);
	expect_node("t", "/t/s", "running", 2, SOON_MS);
	ck_assert_int_ne(pid_of("/t/s/b"), b);
	ck_assert_int_eq(pid_of("/t/outside"), outside);
	json_decref(ask("/t/s/a", "victim.ping", "{}"));
	json_decref(ask("/t/s/b", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

START_TEST(escalation_to_the_root)
{
	struct process *tree = tree_up(
		"{name: t, intensity: 0, children: [%s, {supervisor: s, intensity: 0, children: [%s]}]}",
		actor_line("outside", "victim"), actor_line("a", "victim"));

	crash("/t/s/a");
	expect_exit(tree, 70, DOWN_MS);
	expect_errors(tree, "^/t/s: .*gives up: /t/s/a died once too often", 0);
	expect_errors(tree, "^/t: .*gives up: /t/s died once too often", 0);
	expect_errors(tree, "^tractor: the tree gave up: ", 0);
	expect_output(tree, "^/t/outside: down 1$", 0);
	json_t *report = crash_of("/t/s/a", 1);
	expect_text(report, "action", "escalate");
	json_decref(report);
}
END_TEST

START_TEST(the_window_of_the_intensity_slides)
{
	struct process *tree =
		tree_up("{name: t, intensity: 1, period: 400ms, children: [%s]}", actor_line("a", "victim"));

	for (int incarnation = 1; incarnation <= 3; incarnation++) {
		crash("/t/a");
		expect_node("t", "/t/a", "running", incarnation + 1, SOON_MS);
		let_pass(500);
	}
	tree_down(tree);
}
END_TEST

START_TEST(backoff_is_seen_in_status)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s, %s]}",
		actor_line_with("a", "victim", "backoff: {initial: 3s, factor: 1, jitter: 0}"),
		actor_line("b", "victim"));
	int64_t began_ms = now_ms();

	crash("/t/a");
	expect_node("t", "/t/a", "waiting", 1, SOON_MS);
	json_t *status = run_json(tractor_command(), "status", "--json", "/t/a", NULL);
	ck_assert_int_gt(number_at(status, "root.next_attempt_ms"), 0);
	ck_assert_int_le(number_at(status, "root.next_attempt_ms"), 3000);
	expect_number(status, "root.pid", 0);
	json_decref(status);
	/* Messages wait for it. */
	json_decref(ask("/t/a", "victim.ping", "{}"));
	ck_assert_int_ge(now_ms() - began_ms, 3000);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(any_significant_child_shuts_the_tree_down)
{
	struct process *tree = tree_up("{name: t, auto_shutdown: any_significant, children: [%s, %s]}",
		actor_line("a", "victim"),
		actor_line_with("b", "victim", "restart: transient, significant: true"));

	tell("/t/b", "victim.die", "{\"how\":\"finish\"}");
	expect_exit(tree, 0, DOWN_MS);
	expect_output(tree, "^/t/b: down 1$", 0);
	expect_output(tree, "^/t/a: down 1$", 0);
}
END_TEST

/* --- what actors leave behind --- */

START_TEST(what_an_actor_left_in_its_group_goes_with_it)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	pid_t left = leave_behind(false, "exec sleep 1000");

	crash("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_gone(left, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(what_an_actor_left_anywhere_goes_with_the_tree)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	pid_t left = leave_behind(true, "exec sleep 1000");

	crash("/t/a");
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

/* --- crash policies: programs --- */

static const char *
policy_script(const char *text)
{
	const char *path = scenario_write("policy", "#!/bin/sh\n%s\n", text);

	ck_assert_int_eq(chmod(path, 0700), 0);
	return path;
}

static struct process *
tree_with_policy(const char *script, const char *more)
{
	policy_script(script);
	return tree_up("{name: t, intensity: 5, crash_policy: {exec: [./policy, --why]}, children: [%s, %s]}",
		actor_line_with("a", "victim", "%s", more), actor_line("b", "victim"));
}

static void
expect_verdict(const char *verdict, const char *action)
{
	json_t *report = crash_of("/t/a", 1);

	expect_text(report, "verdict", verdict);
	expect_text(report, "action", action);
	json_decref(report);
}

START_TEST(a_policy_is_given_the_report)
{
	struct process *tree = tree_with_policy("cd ${0%/*}; cat > asked; echo $1 > word; echo default", "");

	tell("/t/a", "victim.die", "{\"how\":\"exit\",\"number\":9}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_verdict("default", "restart");
	scenario_keep("asked");
	scenario_keep("word");
	json_t *asked = json_load_file(scenario_path("asked"), 0, NULL);
	expect_text(asked, "path", "/t/a");
	expect_text(asked, "cause", "exit");
	expect_number(asked, "code", 9);
	expect_text(asked, "message.name", "die");
	expect_text(asked, "planned", "restart");
	json_decref(asked);
	tree_down(tree);
}
END_TEST

START_TEST(policy_says_restart)
{
	struct process *tree = tree_with_policy("echo restart", "restart: temporary");

	crash("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_verdict("restart", "restart");
	tree_down(tree);
}
END_TEST

START_TEST(policy_says_restart_after)
{
	struct process *tree = tree_with_policy("echo restart_after 2000", "");
	int64_t began_ms = now_ms();

	crash("/t/a");
	expect_node("t", "/t/a", "waiting", 1, SOON_MS);
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	ck_assert_int_ge(now_ms() - began_ms, 2000);
	expect_verdict("restart_after", "restart_after");
	tree_down(tree);
}
END_TEST

START_TEST(policy_says_stop)
{
	struct process *tree = tree_with_policy("echo stop", "");
	pid_t b = pid_of("/t/b");

	crash("/t/a");
	expect_node("t", "/t/a", "stopped", 1, SOON_MS);
	ck_assert_int_eq(pid_of("/t/b"), b);
	expect_verdict("stop", "stop");
	expect_command(1, "^$", "TRACTOR_ESTOPPED", "ask", "/t/a", "victim.ping", NULL);
	tree_down(tree);
}
END_TEST

START_TEST(policy_says_escalate)
{
	struct process *tree = tree_with_policy("echo escalate", "");

	crash("/t/a");
	expect_exit(tree, 70, DOWN_MS);
	expect_verdict("escalate", "escalate");
	expect_output(tree, "^/t/b: down 1$", 0);
}
END_TEST

/* What a policy does wrong costs its say, and nothing else. */
static void
policy_fails(const char *script, const char *words)
{
	struct process *tree = tree_with_policy(script, "");
	pid_t b = pid_of("/t/b");

	crash("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_verdict("default", "restart");
	expect_errors(tree, words, SOON_MS);
	ck_assert_int_eq(pid_of("/t/b"), b);
	tree_down(tree);
}

START_TEST(a_policy_that_takes_too_long)
{
	policy_fails(
		"sleep 60; echo stop", "the crash policy took longer than 500 ms; so the default it is$");
}
END_TEST

START_TEST(a_policy_that_says_so_too_late)
{
	policy_fails(
		"echo stop; sleep 60", "the crash policy took longer than 500 ms; so the default it is$");
}
END_TEST

START_TEST(a_policy_that_babbles)
{
	policy_fails("echo 'I would say: stop'", "the crash policy's answer is no verdict");
}
END_TEST

START_TEST(a_policy_that_never_ends_babbling)
{
	policy_fails("exec cat /dev/zero", "the crash policy");
}
END_TEST

START_TEST(a_policy_that_is_killed)
{
	policy_fails("echo stop; kill -KILL $$", "the crash policy failed; so the default it is$");
}
END_TEST

START_TEST(a_policy_that_fails)
{
	policy_fails("echo stop; exit 1", "the crash policy failed; so the default it is$");
}
END_TEST

START_TEST(a_policy_that_is_gone)
{
	struct process *tree = tree_with_policy("echo stop", "");

	ck_assert_int_eq(unlink(scenario_path("policy")), 0);
	crash("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_verdict("default", "restart");
	expect_errors(tree, "policy: No such file or directory; so the default it is$", SOON_MS);
	tree_down(tree);
}
END_TEST

static bool
is_there(void *path)
{
	return access(path, F_OK) == 0;
}

/* The policy is asked about a death; true if somebody else has answered before it has. */
static bool
answers_while_it_thinks(char *asked, char *done)
{
	unlink(asked);
	unlink(done);
	crash("/t/a");
	ck_assert(wait_until(SOON_MS, is_there, asked));
	json_decref(ask("/t/b", "victim.ping", "{}"));
	return access(done, F_OK) != 0;
}

/*
 * Others go on while a policy thinks. It may think for half a second only, which on a busy machine an ask can take by itself; but not every time, unless it waits for the policy.
 */
START_TEST(a_slow_policy_holds_up_nobody_else)
{
	char asked[128], done[128];
	bool answers = false;

	snprintf(asked, sizeof(asked), "%s", scenario_path("asked"));
	snprintf(done, sizeof(done), "%s", scenario_path("done"));
	scenario_keep("asked");
	scenario_keep("done");
	struct process *tree = tree_with_policy("cd ${0%/*}; : >asked; sleep 0.3; : >done; echo restart", "");
	for (int incarnation = 1; !answers && incarnation <= 5; incarnation++) {
		answers = answers_while_it_thinks(asked, done);
		expect_node("t", "/t/a", "running", incarnation + 1, SOON_MS);
	}
	ck_assert(answers);
	tree_down(tree);
}
END_TEST

/* --- crash policies: plugins --- */

/* A copy that nobody else can write, whatever the build folder is like. */
static const char *
plugin_copy(mode_t mode)
{
	const char *path = scenario_path("policy.so");
	char from[256];

	snprintf(from, sizeof(from), "%s/policy.so", test_actors_dir());
	struct run_result copied = run_command("cp", from, path, NULL);
	ck_assert_int_eq(copied.exit_code, 0);
	run_result_free(&copied);
	ck_assert_int_eq(chmod(path, mode), 0);
	scenario_keep("policy.so");
	return path;
}

static struct process *
tree_with_plugin(const char *verdict)
{
	setenv("TEST_VERDICT", verdict, 1);
	return tree_up("{name: t, intensity: 5, crash_policy: {plugin: %s}, children: [%s, %s]}",
		plugin_copy(0700), actor_line("a", "victim"), actor_line("b", "victim"));
}

START_TEST(a_plugin_is_told)
{
	struct process *tree = tree_with_plugin("default");

	tell("/t/a", "victim.die", "{\"how\":\"segv\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_errors(tree, "^plugin: /t/a 1 11 victim.die restart$", SOON_MS);
	expect_verdict("default", "restart");
	tree_down(tree);
}
END_TEST

START_TEST(a_plugin_says_restart_after)
{
	struct process *tree = tree_with_plugin("restart_after");
	int64_t began_ms = now_ms();

	crash("/t/a");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	ck_assert_int_ge(now_ms() - began_ms, 300);
	expect_verdict("restart_after", "restart_after");
	tree_down(tree);
}
END_TEST

START_TEST(a_plugin_says_stop)
{
	struct process *tree = tree_with_plugin("stop");

	crash("/t/a");
	expect_node("t", "/t/a", "stopped", 1, SOON_MS);
	expect_verdict("stop", "stop");
	tree_down(tree);
}
END_TEST

START_TEST(a_plugin_says_escalate)
{
	struct process *tree = tree_with_plugin("escalate");

	crash("/t/a");
	expect_exit(tree, 70, DOWN_MS);
	expect_verdict("escalate", "escalate");
}
END_TEST

START_TEST(a_plugin_that_others_can_write_is_refused)
{
	const char *file = scenario_write("t.yaml", "{name: t, crash_policy: {plugin: %s}, children: [%s]}",
		plugin_copy(0777), actor_line("a", "victim"));

	expect_command(65, "^$", "policy\\.so can be written by others; chmod go-w it", "run", file, NULL);
}
END_TEST

START_TEST(a_plugin_that_is_none)
{
	const char *plugin = scenario_write("none.so", "this is no shared object\n");
	const char *file = scenario_write("t.yaml", "{name: t, crash_policy: {plugin: %s}, children: [%s]}",
		plugin, actor_line("a", "victim"));

	ck_assert_int_eq(chmod(plugin, 0700), 0);
	expect_command(65, "^$", "crash policy: .*none\\.so", "run", file, NULL);
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
	SCENARIO_CASE(suite, "signals", 30, sigint_stops_in_reverse_order, sigterm_stops_in_reverse_order,
		a_second_sigint_stops_at_once, a_second_sigterm_stops_at_once,
		ctrl_c_reaches_the_supervisor_only, a_signal_while_it_starts, a_hangup_that_is_ignored,
		a_hangup_stops_in_order, a_start_that_ignores_the_stop_ends_with_its_start_timeout,
		a_start_that_is_done_meanwhile_has_all_the_time_to_stop,
		an_actor_that_will_not_stop_is_killed_in_its_time);
	SCENARIO_CASE(suite, "bad files", 30, every_error_of_a_bad_file_at_once);
	SCENARIO_CASE(suite, "strategies", 30, one_for_one, one_for_all, rest_for_one);
	SCENARIO_CASE(suite, "intensity", 30, an_inner_supervisor_gives_up_and_is_restarted,
		escalation_to_the_root, the_window_of_the_intensity_slides, backoff_is_seen_in_status,
		any_significant_child_shuts_the_tree_down);
	SCENARIO_CASE(suite, "left behind", 30, what_an_actor_left_in_its_group_goes_with_it,
		what_an_actor_left_anywhere_goes_with_the_tree);
	SCENARIO_CASE(suite, "policy programs", 30, a_policy_is_given_the_report, policy_says_restart,
		policy_says_restart_after, policy_says_stop, policy_says_escalate,
		a_policy_that_takes_too_long, a_policy_that_says_so_too_late, a_policy_that_babbles,
		a_policy_that_never_ends_babbling, a_policy_that_is_killed, a_policy_that_fails,
		a_policy_that_is_gone, a_slow_policy_holds_up_nobody_else);
	SCENARIO_CASE(suite, "policy plugins", 30, a_plugin_is_told, a_plugin_says_restart_after,
		a_plugin_says_stop, a_plugin_says_escalate, a_plugin_that_others_can_write_is_refused,
		a_plugin_that_is_none);
	return suite;
}
