/*
 * deaths_test.c: every way in which an actor can die, with real processes: what is reported of it, who is told, what is started again, and that nobody else notices.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trees.h"

/* One way for a handler to end its process. */
struct death {
	const char *how; /* for the victim */
	int number;
	const char *more;		   /* of its line in the tree file */
	const char *cause, *signal, *exit; /* of the report; exit is status's last_exit, too */
	const char *text;		   /* of the panic, an extended regular expression */
};

static struct process *
tree_of_three(const char *more)
{
	return tree_up("{name: t, intensity: 20, children: [%s, %s, %s]}",
		actor_line_with("victim", "victim", "%s", more), actor_line("courier", "courier"),
		actor_line("bystander", "victim"));
}

static void
check_report(const struct death *death, const struct seen_node *before)
{
	json_t *report = crash_of("/t/victim", 1);

	expect_text(report, "cause", death->cause);
	expect_text(report, "signal", death->signal);
	expect_text(report, "exit", death->exit);
	expect_match(text_at(report, "panic_text"), death->text);
	expect_text(report, "message.protocol", "victim");
	expect_text(report, "message.name", "perish");
	expect_text(report, "message.fields.how", death->how);
	expect_number(report, "message.fields.number", death->number);
	expect_text(report, "sender", "/t/courier");
	expect_number(report, "pid", before->pid);
	expect_text(report, "verdict", "default");
	expect_text(report, "action", "restart");
	ck_assert(*text_at(report, "id"));
	ck_assert_int_gt(number_at(report, "time"), INT64_C(1700000000000));
	ck_assert(json_is_integer(json_object_get(report, "code")));
	ck_assert(json_is_integer(json_object_get(report, "restarts_in_window")));
	ck_assert(json_is_array(json_object_get(report, "backtrace")));
	expect_text(report, "log_tail.0", "up 1");
	ck_assert_int_gt(number_at(report, "rusage.max_rss_kb"), 0);
	json_decref(report);
}

/* The courier's ask takes the victim with it: the courier is told, the successor is there, and the others have not noticed. */
static void
dies(const struct death *death)
{
	struct process *tree = tree_of_three(death->more);
	struct seen_node before = expect_node("t", "/t/victim", "running", 1, SOON_MS);
	pid_t courier = pid_of("/t/courier"), bystander = pid_of("/t/bystander");
	json_t *outcome = ask("/t/courier", "courier.kill",
		"{\"who\":\"/t/victim\",\"how\":\"%s\",\"number\":%d}", death->how, death->number);

	expect_text(outcome, "err", "TRACTOR_ECRASHED");
	json_decref(outcome);
	struct seen_node after = expect_node("t", "/t/victim", "running", 2, SOON_MS);
	ck_assert_int_eq(after.incarnation, 2);
	ck_assert_int_eq(after.restarts, 1);
	ck_assert_int_ne(after.pid, before.pid);
	ck_assert_str_eq(after.last_exit, death->exit);
	ck_assert_int_eq(pid_of("/t/courier"), courier);
	ck_assert_int_eq(pid_of("/t/bystander"), bystander);
	check_report(death, &before);
	ck_assert(!process_exists(before.pid));
	json_decref(ask("/t/victim", "victim.ping", "{}"));
	expect_errors(tree,
		"^/t/victim: incarnation 1 died: pid [0-9]+: .*, with this in hand: victim.perish; restart$",
		SOON_MS);
	expect_errors(tree, "^/t/victim: incarnation 2 is running$", SOON_MS);
	tree_down(tree);
	ck_assert_uint_eq(crash_count(NULL), 1);
}

START_TEST(a_panic)
{
	dies(&(struct death){ "panic", 3, "", "panic", "SIGABRT", "panic",
		"^nothing left to do with 3 \\(.*victim\\.c:[0-9]+\\)$" });
}
END_TEST

/* Of a message that is too long to be read the report has the beginning, as JSON and in words. */
START_TEST(a_crash_over_a_long_message)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("victim", "victim"));
	static char fields[100000];

	snprintf(fields, sizeof(fields), "{\"how\":\"%099900d\"}", 7);
	expect_command(0, "^$", "^$", "inject", "/t/victim", "segv", "--at", "victim.die", NULL);
	expect_command(0, "^$", "^$", "tell", "/t/victim", "victim.die", fields, NULL);
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	json_t *report = crash_of("/t/victim", 1);
	expect_match(text_at(report, "message.fields.how"), "^0{4096}\\.\\.\\. \\(95804 bytes more\\)$");
	ck_assert(json_is_true(json_object_get(json_object_get(report, "message"), "shortened")));
	expect_number(report, "message.bytes", 4 + 99900 + 1 + 4);
	expect_command(0, "  message  .*000\\.\\.\\. \\([0-9]+ bytes more, with --json\\)\n", "^$", "crashes",
		"show", text_at(report, "id"), NULL);
	json_decref(report);
	tree_down(tree);
}
END_TEST

START_TEST(a_failed_assertion)
{
	dies(&(struct death){ "assert", 3, "", "panic", "SIGABRT", "panic",
		"^assertion failed in end: number == 4711 \\(.*victim\\.c:[0-9]+\\)$" });
}
END_TEST

START_TEST(a_null_dereference)
{
	dies(&(struct death){ "segv", 0, "", "signal", "SIGSEGV", "SIGSEGV", "^$" });
}
END_TEST

START_TEST(a_stack_overflow)
{
	dies(&(struct death){ "overflow", 0, "", "signal", "SIGSEGV", "SIGSEGV", "^$" });
}
END_TEST

START_TEST(a_division_by_zero)
{
	dies(&(struct death){ "fpe", 7, "", "signal", "SIGFPE", "SIGFPE", "^$" });
}
END_TEST

START_TEST(an_abort)
{
	dies(&(struct death){ "abort", 0, "", "signal", "SIGABRT", "SIGABRT", "^$" });
}
END_TEST

START_TEST(a_heap_corruption_that_aborts)
{
#ifdef __SANITIZE_THREAD__
	return; /* its allocator takes it without a word */
#endif
	dies(&(struct death){ "heap", 0, "", "signal", "SIGABRT", "SIGABRT", "^$" });
}
END_TEST

START_TEST(exit_0_in_a_handler)
{
	dies(&(struct death){ "exit", 0, "", "exit", "", "exit 0", "^exit\\(\\) in a handler$" });
}
END_TEST

START_TEST(exit_3_in_a_handler)
{
	dies(&(struct death){ "exit", 3, "", "exit", "", "exit 3", "^exit\\(\\) in a handler$" });
}
END_TEST

START_TEST(exit_3_past_all_exit_handlers)
{
	dies(&(struct death){ "quick_exit", 3, "", "exit", "", "exit 3", "^exit\\(\\) in a handler$" });
}
END_TEST

START_TEST(a_sigkill_in_a_handler)
{
	dies(&(struct death){ "kill", 0, "", "killed", "SIGKILL", "SIGKILL", "^$" });
}
END_TEST

#define OVERRAN_500_MS "^a handler ran longer than 500 ms \\(handler_timeout\\)$"

START_TEST(an_endless_loop)
{
	dies(&(struct death){
		"spin", 0, "handler_timeout: 500ms", "deadline", "SIGABRT", "deadline", OVERRAN_500_MS });
}
END_TEST

START_TEST(a_handler_that_waits_too_long_for_another)
{
	struct process *tree = tree_up("{name: t, intensity: 10, children: [%s, %s]}",
		actor_line_with("victim", "victim", "handler_timeout: 300ms, args: {whom: /t/slow}"),
		actor_line_with("slow", "victim", "shutdown: kill"));

	tell("/t/slow", "victim.nap", "{\"ms\":60000}");
	expect_output(tree, "^/t/slow: asleep$", SOON_MS);
	tell("/t/victim", "victim.die", "{\"how\":\"ask\"}");
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "cause", "deadline");
	expect_match(text_at(report, "panic_text"), "\\(handler_timeout\\): it waited for /t/slow$");
	json_decref(report);
	tree_down(tree);
}
END_TEST

/* It keeps SIGABRT pending, until SIGCONT. */
START_TEST(a_handler_that_stops_its_process)
{
	dies(&(struct death){
		"stop", 0, "handler_timeout: 500ms", "deadline", "SIGABRT", "deadline", OVERRAN_500_MS });
}
END_TEST

/* The last step of the ladder. */
START_TEST(an_endless_loop_that_is_deaf_to_sigabrt)
{
	dies(&(struct death){ "spin_deaf", 0, "handler_timeout: 500ms", "deadline", "SIGKILL", "deadline",
		OVERRAN_500_MS });
}
END_TEST

/* Where it happened, and at which address. */
START_TEST(a_fault_has_an_address_and_a_backtrace)
{
	struct process *tree = tree_of_three("");

	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "fault_address", "0x0");
	expect_text(report, "sender", ""); /* a program outside the tree */
	expect_text(report, "message.name", "die");
	ck_assert_uint_gt(json_array_size(json_object_get(report, "backtrace")), 1);
	expect_match(text_at(report, "backtrace.0.module"), "/victim$");
	expect_match(text_at(report, "backtrace.0.module_offset"), "^0x[0-9a-f]+$");
	ck_assert_int_gt((int)json_object_size(json_object_get(report, "registers")), 10);
	json_decref(report);
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

/* --- by strangers --- */

START_TEST(a_stranger_kills_it)
{
	struct process *tree = tree_of_three("");
	pid_t victim = pid_of("/t/victim"), bystander = pid_of("/t/bystander");

	ck_assert_int_eq(kill(victim, SIGKILL), 0);
	struct seen_node after = expect_node("t", "/t/victim", "running", 2, SOON_MS);
	ck_assert_str_eq(after.last_exit, "SIGKILL");
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "cause", "killed");
	expect_text(report, "signal", "SIGKILL");
	ck_assert(json_is_null(json_object_get(report, "message")));
	json_decref(report);
	ck_assert_int_eq(pid_of("/t/bystander"), bystander);
	tree_down(tree);
}
END_TEST

/* SIGTERM asks for an orderly end; a permanent actor then starts again, and that is no crash. */
START_TEST(a_stranger_terminates_it)
{
	struct process *tree = tree_of_three("");

	ck_assert_int_eq(kill(pid_of("/t/victim"), SIGTERM), 0);
	struct seen_node after = expect_node("t", "/t/victim", "running", 2, SOON_MS);
	ck_assert_str_eq(after.last_exit, "normal");
	expect_output(tree, "^/t/victim: down 1$", SOON_MS);
	expect_output(tree, "^/t/victim: up 2$", SOON_MS);
	tree_down(tree);
	ck_assert_uint_eq(crash_count(NULL), 0);
}
END_TEST

/* Stopped between messages, it has nothing to be late with until there is a message for it. */
START_TEST(a_stranger_stops_it)
{
	struct process *tree = tree_of_three("handler_timeout: 1s"); /* for the successor to answer in */
	struct seen_node before = expect_node("t", "/t/victim", "running", 1, SOON_MS);

	ck_assert_int_eq(kill(before.pid, SIGSTOP), 0);
	json_t *outcome = ask("/t/courier", "courier.ping", "{\"who\":\"/t/victim\",\"timeout_ms\":5000}");
	expect_text(outcome, "err", "TRACTOR_OK");
	expect_number(outcome, "count", 2); /* not in hand yet, so it is the successor that answers */
	json_decref(outcome);
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "cause", "deadline");
	expect_text(report, "signal", "SIGABRT");
	json_decref(report);
	tree_down(tree);
}
END_TEST

START_TEST(a_stranger_sends_it_sigabrt)
{
	struct process *tree = tree_of_three("");
	pid_t self = getpid();

	ck_assert_int_eq(kill(pid_of("/t/victim"), SIGABRT), 0);
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "cause", "signal");
	expect_text(report, "signal", "SIGABRT");
	expect_number(report, "signal_sender", self);
	json_decref(report);
	tree_down(tree);
}
END_TEST

/* --- ends that are final --- */

START_TEST(exit_code_125_is_not_tried_again)
{
	struct process *tree = tree_of_three("");

	tell("/t/victim", "victim.die", "{\"how\":\"exit\",\"number\":125}");
	struct seen_node after = expect_node("t", "/t/victim", "stopped", 1, SOON_MS);
	ck_assert_str_eq(after.last_exit, "exit 125");
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "cause", "exit");
	expect_number(report, "code", 125);
	expect_text(report, "action", "stop");
	json_decref(report);
	expect_command(1, "^$", "TRACTOR_ESTOPPED", "ask", "/t/victim", "victim.ping", NULL);
	expect_command(0, NULL, NULL, "start", "/t/victim", NULL);
	json_decref(ask("/t/victim", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

START_TEST(a_temporary_actor_is_not_restarted)
{
	struct process *tree = tree_of_three("restart: temporary");

	json_t *outcome = ask("/t/courier", "courier.kill", "{\"who\":\"/t/victim\",\"how\":\"segv\"}");
	expect_text(outcome, "err", "TRACTOR_ECRASHED");
	json_decref(outcome);
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "action", "stop");
	json_decref(report);
	outcome = ask("/t/courier", "courier.ping", "{\"who\":\"/t/bystander\",\"timeout_ms\":5000}");
	expect_text(outcome, "err", "TRACTOR_OK");
	json_decref(outcome);
	tree_down(tree);
}
END_TEST

START_TEST(a_transient_actor_that_finishes_stays_away)
{
	struct process *tree = tree_of_three("restart: transient");

	tell("/t/victim", "victim.die", "{\"how\":\"finish\"}");
	struct seen_node after = expect_node("t", "/t/victim", "stopped", 1, SOON_MS);
	ck_assert_str_eq(after.last_exit, "done");
	expect_output(tree, "^/t/victim: down 1$", SOON_MS);
	tree_down(tree);
	ck_assert_uint_eq(crash_count(NULL), 0);
}
END_TEST

/* --- on_stop --- */

START_TEST(a_crash_in_on_stop)
{
	struct process *tree = tree_of_three("args: {stop: segv}");

	expect_command(0, NULL, NULL, "stop", "/t/victim", NULL);
	struct seen_node after = expect_node("t", "/t/victim", "stopped", 1, SOON_MS);
	ck_assert_str_eq(after.last_exit, "SIGSEGV");
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "cause", "signal");
	expect_text(report, "action", "stop");
	json_decref(report);
	tree_down(tree);
}
END_TEST

START_TEST(a_crash_in_on_stop_of_a_restart)
{
	struct process *tree = tree_of_three("args: {stop: panic}");

	expect_command(0, NULL, NULL, "restart", "/t/victim", NULL);
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "cause", "panic");
	json_decref(report);
	tree_down(tree);
}
END_TEST

START_TEST(an_on_stop_that_takes_longer_than_shutdown)
{
	struct process *tree = tree_of_three("shutdown: 200ms, args: {stop: sleep, number: 60000}");
	int64_t began_ms = now_ms();

	expect_command(0, NULL, NULL, "stop", "/t/victim", NULL);
	ck_assert_int_ge(now_ms() - began_ms, 200);
	struct seen_node after = expect_node("t", "/t/victim", "stopped", 1, SOON_MS);
	ck_assert_str_eq(after.last_exit, "SIGKILL");
	tree_down(tree);
}
END_TEST

/* --- starts that fail --- */

/* `tractor run` of a tree with this child after a good one: says why it does not start, stops what was started, and fails. */
static void
does_not_start(const char *line, const char *words)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s, %s, %s]}",
		actor_line("first", "victim"), line, actor_line("last", "victim"));
	struct process *tree = running_tree_start(file);

	expect_exit(tree, 1, UP_MS + DOWN_MS);
	expect_match(process_errors(tree), words);
	expect_output(tree, "^/t/first: up 1$", SOON_MS);
	expect_output(tree, "^/t/first: down 1$", SOON_MS);
	ck_assert(!matches(process_output(tree), "^/t/last: up"));
	json_t *report = crash_of("/t/bad", 1);
	expect_text(report, "action", "escalate");
	json_decref(report);
}

static const char *
script(const char *name, const char *text)
{
	const char *path = scenario_write(name, "#!/bin/sh\n%s\n", text);

	ck_assert_int_eq(chmod(path, 0700), 0);
	return path;
}

static void
expect_first_crash(const char *cause, const char *text)
{
	json_t *report = crash_of("/t/bad", 1);

	expect_text(report, "cause", cause);
	expect_match(text_at(report, "panic_text"), text);
	json_decref(report);
}

START_TEST(on_start_refuses)
{
	does_not_start(actor_line_with("bad", "victim", "args: {start: refuse}"),
		"^tractor: /t/bad did not start: the shop is closed$");
	expect_first_crash("start", "^the shop is closed$");
}
END_TEST

START_TEST(on_start_panics)
{
	does_not_start(actor_line_with("bad", "victim", "args: {start: panic}"),
		"^tractor: /t/bad did not start: nothing left to do with 0 \\(.*victim.c:[0-9]+\\)$");
	expect_first_crash("panic", "^nothing left to do");
}
END_TEST

START_TEST(on_start_crashes)
{
	does_not_start(actor_line_with("bad", "victim", "args: {start: segv}"),
		"^tractor: /t/bad did not start: SIGSEGV$");
	expect_first_crash("signal", "^$");
}
END_TEST

START_TEST(on_start_exits)
{
	does_not_start(actor_line_with("bad", "victim", "args: {start: exit, number: 0}"),
		"^tractor: /t/bad did not start: it exited with 0 before it was ready$");
	expect_first_crash("start", "^it exited with 0");
}
END_TEST

START_TEST(on_start_takes_too_long)
{
	does_not_start(
		actor_line_with("bad", "victim", "start_timeout: 2s, args: {start: sleep, number: 60000}"),
		"^tractor: /t/bad did not start: not ready within 2000 ms \\(start_timeout\\)$");
	expect_first_crash("start", "^not ready within 2000 ms");
}
END_TEST

/* The usual way to wait for ever: on_start asks one that is started after it. */
START_TEST(on_start_asks_one_that_is_started_later)
{
	does_not_start(
		actor_line_with("bad", "victim", "start_timeout: 2s, args: {start: ask, whom: /t/last}"),
		"^tractor: /t/bad did not start: not ready within 2000 ms \\(start_timeout\\): it waited for /t/last, "
		"which is not running$");
}
END_TEST

START_TEST(it_never_says_hello)
{
	char line[256];

	snprintf(line, sizeof(line), "{actor: bad, exec: %s, start_timeout: 300ms}",
		script("mute", "exec sleep 1000"));
	does_not_start(line, "never said hello; is it linked with libtractor-actor\\?$");
	expect_first_crash("start", "never said hello");
}
END_TEST

START_TEST(it_dies_as_its_first_act)
{
	does_not_start("{actor: bad, exec: /bin/false}",
		"^tractor: /t/bad did not start: it exited with 1 before it was ready; is it an actor, linked with libtractor-actor\\?$");
	expect_first_crash("start", "^it exited with 1");
}
END_TEST

START_TEST(it_succeeds_as_its_first_act)
{
	does_not_start("{actor: bad, exec: /bin/true}",
		"^tractor: /t/bad did not start: it exited with 0 before it was ready; is it an actor");
	expect_first_crash("start", "^it exited with 0");
}
END_TEST

START_TEST(it_kills_itself_as_its_first_act)
{
	char line[256];

	snprintf(line, sizeof(line), "{actor: bad, exec: %s}", script("kamikaze", "kill -KILL $$"));
	does_not_start(line, "^tractor: /t/bad did not start: SIGKILL$");
}
END_TEST

START_TEST(on_start_says_that_it_is_not_needed)
{
	struct process *tree = tree_of_three("args: {start: ignore}");
	struct seen_node victim;

	ck_assert(seen_node_read("t", "/t/victim", &victim));
	ck_assert_str_eq(victim.state, "stopped");
	ck_assert_int_eq(victim.pid, 0);
	tree_down(tree);
	ck_assert_uint_eq(crash_count(NULL), 0);
}
END_TEST

/* --- restarts that fail --- */

/* A start that fails on a restart is one more restart: the budget of the supervisor bounds it. */
START_TEST(restarts_that_refuse_use_up_the_intensity)
{
	const char *way = scenario_path("way");
	struct process *tree =
		tree_up("{name: t, intensity: 3, children: [%s, %s]}", actor_line("first", "victim"),
			actor_line_with("victim", "victim", "args: {start_file: %s}", way));

	scenario_write("way", "refuse");
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	expect_exit(tree, 70, DOWN_MS);
	expect_output(tree, "^/t/first: down 1$", SOON_MS);
	expect_match(process_errors(tree), "^tractor: the tree gave up: /t/victim died once too often$");
	ck_assert_uint_eq(crash_count("/t/victim"), 4);
	json_t *report = crash_of("/t/victim", 4);
	expect_text(report, "cause", "start");
	expect_text(report, "panic_text", "the shop is closed");
	expect_text(report, "action", "escalate");
	json_decref(report);
}
END_TEST

START_TEST(a_restart_that_refused_for_a_while)
{
	const char *way = scenario_path("way");
	struct process *tree =
		tree_up("{name: t, intensity: 100, children: [%s, %s]}", actor_line("first", "victim"),
			actor_line_with("victim", "victim",
				"args: {start_file: %s}, backoff: {initial: 50ms, factor: 1}", way));
	pid_t first = pid_of("/t/first");

	scenario_write("way", "refuse");
	tell("/t/victim", "victim.die", "{\"how\":\"segv\"}");
	expect_node("t", "/t/victim", "waiting", 3, SOON_MS);
	ck_assert_int_eq(unlink(way), 0);
	struct seen_node after = expect_node("t", "/t/victim", "running", 4, SOON_MS);
	ck_assert_int_eq(after.restarts, after.incarnation - 1);
	ck_assert_int_eq(pid_of("/t/first"), first);
	tree_down(tree);
}
END_TEST

/* --- the kernel's out-of-memory killer, in a control group of the test's own --- */

#define MEMORY_GROUPS "/sys/fs/cgroup/memory"

static bool
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

/* False: this machine doesn't let us, or has the other kind of control groups. */
static bool
confine(const char *group, pid_t pid)
{
	char path[160], number[24];

	if (mkdir(group, 0700) != 0)
		return false;
	snprintf(path, sizeof(path), "%s/memory.limit_in_bytes", group);
	bool confined = write_text(path, "67108864");
	snprintf(path, sizeof(path), "%s/memory.memsw.limit_in_bytes", group);
	write_text(path, "67108864"); /* where swap is counted at all */
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	snprintf(number, sizeof(number), "%d", (int)pid);
	return confined && write_text(path, number);
}

static bool
remove_group(void *group)
{
	return rmdir(group) == 0 || errno == ENOENT;
}

START_TEST(the_out_of_memory_killer)
{
	char group[96];

	snprintf(group, sizeof(group), "%s/tractor-test-%d", MEMORY_GROUPS, (int)getpid());
	struct process *tree = tree_of_three("");
	pid_t bystander = pid_of("/t/bystander");
	if (confine(group, pid_of("/t/victim"))) {
		json_t *outcome =
			ask("/t/courier", "courier.kill", "{\"who\":\"/t/victim\",\"how\":\"oom\"}");
		expect_text(outcome, "err", "TRACTOR_ECRASHED");
		json_decref(outcome);
		struct seen_node after = expect_node("t", "/t/victim", "running", 2, SOON_MS);
		ck_assert_str_eq(after.last_exit, "oom");
		json_t *report = crash_of("/t/victim", 1);
		expect_text(report, "cause", "oom");
		expect_text(report, "signal", "SIGKILL");
		json_decref(report);
		ck_assert_int_eq(pid_of("/t/bystander"), bystander);
	} else {
		fprintf(stderr, "skipped: no memory control group for a test on this machine\n");
	}
	tree_down(tree);
	ck_assert(wait_until(SOON_MS, remove_group, group));
}
END_TEST

/* --- without memory --- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_THE_SANITIZERS true /* whose allocator gives up by itself */
#else
#define MEMORY_IS_THE_SANITIZERS false
#endif

static void
expect_out_of_memory(const char *text)
{
	expect_node("t", "/t/victim", "running", 2, SOON_MS);
	json_t *report = crash_of("/t/victim", 1);
	expect_text(report, "cause", "panic");
	expect_match(text_at(report, "panic_text"), text);
	json_decref(report);
}

/* nng gives up its connection over one. That was taken for a link that the actor had let go of: it hung for a second and was killed for it. */
START_TEST(a_message_that_there_is_no_memory_for)
{
	struct process *tree = tree_of_three("");

	if (!MEMORY_IS_THE_SANITIZERS) {
		tell("/t/victim", "victim.die", "{\"how\":\"limit_memory\"}");
		json_decref(ask("/t/victim", "victim.ping", "{}"));
		struct run_result asked = run_command("sh", "-c",
			"printf '{\"how\":\"%0300000d\"}' 7 | \"$0\" ask /t/victim victim.perish -",
			tractor_command(), NULL);
		ck_assert_int_eq(asked.exit_code, 1);
		expect_match(asked.err, "there is no way \"0000"); /* says the next one */
		run_result_free(&asked);
		expect_out_of_memory("out of memory");
	}
	tree_down(tree);
}
END_TEST

/* Its asker waited until its limit: the reply was given up, and nobody looked where it was noted. A lane would take it without memory. */
START_TEST(a_reply_that_there_is_no_memory_for)
{
	struct process *tree = tree_of_three("lanes: off");

	if (!MEMORY_IS_THE_SANITIZERS) {
		json_decref(ask("/t/victim", "victim.perish", "{\"how\":\"exhaust_memory\"}"));
		expect_out_of_memory("^out of memory: there was none for what was held \\(");
	}
	tree_down(tree);
}
END_TEST

/* Tells that could not be unpacked, or not even received, were dropped. */
START_TEST(what_waits_for_one_without_memory_is_not_lost)
{
	struct process *tree = tree_up("{name: t, intensity: 20, children: [%s, %s]}",
		actor_line_with("victim", "ledger", "redeliver: true"), actor_line("courier", "courier"));

	if (!MEMORY_IS_THE_SANITIZERS) {
		tell("/t/victim", "victim.nap", "{\"ms\":300}");
		json_decref(ask(
			"/t/courier", "courier.notes", "{\"who\":\"/t/victim\",\"first\":0,\"count\":100}"));
		tell("/t/victim", "victim.die", "{\"how\":\"exhaust_memory\"}");
		json_decref(ask("/t/courier", "courier.notes",
			"{\"who\":\"/t/victim\",\"first\":100,\"count\":100}"));
		expect_out_of_memory("out of memory");
		json_t *reply = ask("/t/victim", "victim.noted", "{}");
		const json_t *numbers = json_object_get(reply, "numbers");
		ck_assert_uint_eq(json_array_size(numbers), 200);
		for (size_t i = 0; i < 200; i++)
			ck_assert_int_eq(json_integer_value(json_array_get(numbers, i)), (json_int_t)i);
		json_decref(reply);
	}
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("deaths");

	SCENARIO_CASE(suite, "in a handler", 30, a_panic, a_crash_over_a_long_message, a_failed_assertion,
		a_null_dereference, a_stack_overflow, a_division_by_zero, an_abort,
		a_heap_corruption_that_aborts, exit_0_in_a_handler, exit_3_in_a_handler,
		exit_3_past_all_exit_handlers, a_sigkill_in_a_handler, an_endless_loop,
		a_handler_that_stops_its_process, a_handler_that_waits_too_long_for_another,
		an_endless_loop_that_is_deaf_to_sigabrt, a_fault_has_an_address_and_a_backtrace);
	SCENARIO_CASE(suite, "by strangers", 30, a_stranger_kills_it, a_stranger_terminates_it,
		a_stranger_stops_it, a_stranger_sends_it_sigabrt, the_out_of_memory_killer);
	SCENARIO_CASE(suite, "without memory", 30, a_message_that_there_is_no_memory_for,
		a_reply_that_there_is_no_memory_for, what_waits_for_one_without_memory_is_not_lost);
	SCENARIO_CASE(suite, "for good", 30, exit_code_125_is_not_tried_again,
		a_temporary_actor_is_not_restarted, a_transient_actor_that_finishes_stays_away);
	SCENARIO_CASE(suite, "in on_stop", 30, a_crash_in_on_stop, a_crash_in_on_stop_of_a_restart,
		an_on_stop_that_takes_longer_than_shutdown);
	SCENARIO_CASE(suite, "at the start", 30, on_start_refuses, on_start_panics, on_start_crashes,
		on_start_exits, on_start_takes_too_long, on_start_asks_one_that_is_started_later,
		it_never_says_hello, it_dies_as_its_first_act, it_succeeds_as_its_first_act,
		it_kills_itself_as_its_first_act, on_start_says_that_it_is_not_needed,
		restarts_that_refuse_use_up_the_intensity, a_restart_that_refused_for_a_while);
	return suite;
}
