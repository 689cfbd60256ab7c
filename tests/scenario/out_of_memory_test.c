/*
 * out_of_memory_test.c: deaths for want of memory: by the kernel's hand, and where an allocation fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deaths.h"
#include "sanitizer.h"

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

/* --- without memory; a sanitizer's allocator gives up by itself --- */

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

	if (!TRI_IS_SANITIZED) {
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

	if (!TRI_IS_SANITIZED) {
		json_decref(ask("/t/victim", "victim.perish", "{\"how\":\"exhaust_memory\"}"));
		expect_out_of_memory("^out of memory: there was none for what was held \\(");
	}
	tree_down(tree);
}
END_TEST

/* Tells that could not be unpacked, or not even received, were dropped. Those that come one by one need no memory but what there is; the last is larger than all that could be left of those before. */
START_TEST(what_waits_for_one_without_memory_is_not_lost)
{
	struct process *tree = tree_up("{name: t, intensity: 20, children: [%s, %s]}",
		actor_line_with("victim", "ledger", "redeliver: true"), actor_line("courier", "courier"));

	if (!TRI_IS_SANITIZED) {
		tell("/t/victim", "victim.nap", "{\"ms\":300}");
		json_decref(ask(
			"/t/courier", "courier.notes", "{\"who\":\"/t/victim\",\"first\":0,\"count\":100}"));
		tell("/t/victim", "victim.die", "{\"how\":\"exhaust_memory\"}");
		json_decref(ask("/t/courier", "courier.notes",
			"{\"who\":\"/t/victim\",\"first\":100,\"count\":100}"));
		struct run_result told = run_command("sh", "-c",
			"printf '{\"how\":\"%020000d\"}' 7 | \"$0\" tell /t/victim victim.die -",
			tractor_command(), NULL);
		ck_assert_int_eq(told.exit_code, 0);
		run_result_free(&told);
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
	Suite *suite = suite_create("out of memory");

	SCENARIO_CASE(suite, "killer", 30, the_out_of_memory_killer);
	SCENARIO_CASE(suite, "without memory", 30, a_message_that_there_is_no_memory_for,
		a_reply_that_there_is_no_memory_for, what_waits_for_one_without_memory_is_not_lost);
	return suite;
}
