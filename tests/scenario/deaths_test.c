/*
 * deaths_test.c: every way in which an actor can die that had started, with real processes: what is reported of it, who is told, what is started again, and that nobody else notices.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "deaths.h"
#include "sanitizer.h"

/* One way for a handler to end its process. */
struct death {
	const char *how; /* for the victim */
	int number;
	const char *more;		   /* of its line in the tree file */
	const char *cause, *signal, *exit; /* of the report; exit is status's last_exit, too */
	const char *text;		   /* of the panic, an extended regular expression */
};

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
	expect_crashes(NULL, 1);
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
	if (TRI_HAS_THREAD_SANITIZER) /* its allocator takes it without a word */
		return;
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
	expect_crashes(NULL, 0);
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
	expect_crashes(NULL, 0);
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
		a_stranger_stops_it, a_stranger_sends_it_sigabrt);
	SCENARIO_CASE(suite, "for good", 30, exit_code_125_is_not_tried_again,
		a_temporary_actor_is_not_restarted, a_transient_actor_that_finishes_stays_away);
	SCENARIO_CASE(suite, "in on_stop", 30, a_crash_in_on_stop, a_crash_in_on_stop_of_a_restart,
		an_on_stop_that_takes_longer_than_shutdown);
	return suite;
}
