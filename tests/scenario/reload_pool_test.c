/*
 * reload_pool_test.c: `tractor reload` of a pool that has members. They keep their processes whatever its new template says; what a process has for life is for those who start from then
 * on, restarts among them, and everything else counts at once, as OTP has it for simple_one_for_one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "reload.h"

/* The tree: exec of the pool's members, and more keys of the pool. */
#define TREE "{name: t, children: [{pool: p, intensity: 9, exec: %s%s}]}"

static const char *
victim(void)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/victim", test_actors_dir());
	return path;
}

/* The same program by another name. */
static const char *
other(void)
{
	ck_assert_int_eq(symlink(victim(), scenario_path("other")), 0);
	scenario_keep("other");
	return "./other";
}

/* One more member, with arguments of its own: `args: {n: 1}`, or "". */
static pid_t
add_member(const char *name, const char *own)
{
	char spec[256], path[64];

	snprintf(spec, sizeof(spec), "{actor: %s%s%s}", name, *own ? ", " : "", own);
	snprintf(path, sizeof(path), "/t/p/%s", name);
	expect_command(0, NULL, NULL, "add", "/t/p", spec, NULL);
	return pid_of(path);
}

/* It crashes, and its successor is up. */
static void
crash(const char *path)
{
	int incarnation = expect_node("t", path, "running", 1, SOON_MS).incarnation;

	tell(path, "victim.die", "{\"how\":\"kill\"}");
	expect_node("t", path, "running", incarnation + 1, SOON_MS);
}

/* That is what a dry run says, what the reload says, and all that there was to do. */
static void
changes(const char *expected)
{
	dry_run(expected);
	reload(0, expected, "^$");
	reload(0, "= nothing changes\n", "^$");
}

/* What its process runs, as its file named it. */
static void
expect_program(const char *path, const char *program)
{
	char file[64], words[512];

	snprintf(file, sizeof(file), "/proc/%d/cmdline", (int)pid_of(path));
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ssize_t length = read(fd, words, sizeof(words) - 1);
	close(fd);
	ck_assert_int_gt(length, 0);
	words[length] = '\0';
	ck_assert_str_eq(words, program);
}

static void
expect_arg(const char *path, const char *name, const char *text)
{
	json_t *reply = ask(path, "victim.arg", "{\"name\":\"%s\"}", name);

	expect_text(reply, "text", text);
	json_decref(reply);
}

/* --- what a process has for life --- */

START_TEST(another_program)
{
	struct process *tree = tree_up(TREE, victim(), "");
	pid_t m1 = add_member("m1", ""), m2 = add_member("m2", "");
	char expected[600];

	NEW_FILE(TREE, other(), "");
	snprintf(expected, sizeof(expected), "~ /t/p  exec: %s -> ./other (at its members' next start)\n",
		victim());
	changes(expected);
	expect_kept("/t/p/m1", m1);
	expect_program("/t/p/m1", victim());
	add_member("m3", "");
	expect_program("/t/p/m3", "./other");
	crash("/t/p/m1");
	expect_program("/t/p/m1", "./other");
	expect_kept("/t/p/m2", m2);
	expect_program("/t/p/m2", victim());
	expect_command(0, NULL, NULL, "restart", "/t/p/m2", NULL);
	expect_program("/t/p/m2", "./other");
	tree_down(tree);
}
END_TEST

START_TEST(other_arguments)
{
	struct process *tree = tree_up(TREE, victim(), ", args: {n: 1, lost: x}");
	pid_t m1 = add_member("m1", ""), m2 = add_member("m2", "args: {n: 7, own: 8}");

	NEW_FILE(TREE, victim(), ", args: {n: 2, more: 3}");
	changes("~ /t/p  args.n: 1 -> 2, args.lost: x -> (none), args.more: (none) -> 3 (at its members' "
		"next start)\n");
	expect_kept("/t/p/m1", m1);
	expect_kept("/t/p/m2", m2);
	expect_arg("/t/p/m1", "n", "1");
	crash("/t/p/m1");
	expect_arg("/t/p/m1", "n", "2");
	expect_arg("/t/p/m1", "lost", "");
	expect_arg("/t/p/m1", "more", "3");
	/* What it was given itself goes before what all are given. */
	crash("/t/p/m2");
	expect_arg("/t/p/m2", "n", "7");
	expect_arg("/t/p/m2", "own", "8");
	expect_arg("/t/p/m2", "more", "3");
	expect_command(0, "\"n\": ?\"7\"", NULL, "spec", "--json", "/t/p/m2", NULL);
	tree_down(tree);
}
END_TEST

/* It waits as long as it was told, or until somebody can wait no longer. */
START_TEST(a_member_that_waits_for_its_restart)
{
	const char *patient = ", backoff: {initial: 60s, max: 60s, jitter: 0}";
	struct process *tree = tree_up(TREE, victim(), patient);

	add_member("m1", "");
	tell("/t/p/m1", "victim.die", "{\"how\":\"kill\"}");
	expect_node("t", "/t/p/m1", "waiting", 1, SOON_MS);
	NEW_FILE(TREE, other(), patient);
	expect_command(
		0, "^~ /t/p  exec: .* -> \\./other \\(at its members' next start\\)$", "^$", "reload", NULL);
	expect_node("t", "/t/p/m1", "waiting", 1, SOON_MS);
	expect_command(0, NULL, NULL, "restart", "/t/p/m1", NULL);
	expect_node("t", "/t/p/m1", "running", 2, SOON_MS);
	expect_program("/t/p/m1", "./other");
	tree_down(tree);
}
END_TEST

/* --- what counts at once --- */

START_TEST(another_restart_type)
{
	struct process *tree = tree_up(TREE, victim(), "");
	pid_t m1 = add_member("m1", ""), m2 = add_member("m2", "");

	NEW_FILE(TREE, victim(), ", restart: temporary");
	changes("~ /t/p  restart: permanent -> temporary\n");
	expect_kept("/t/p/m1", m1);
	tell("/t/p/m1", "victim.die", "{\"how\":\"kill\"}");
	expect_gone(m1, SOON_MS);
	expect_event("/t/p/m1", "gone", "^ended$");
	expect_nobody("/t/p/m1");
	NEW_FILE(TREE, victim(), "");
	changes("~ /t/p  restart: temporary -> permanent\n");
	expect_kept("/t/p/m2", m2);
	tell("/t/p/m2", "victim.die", "{\"how\":\"finish\"}");
	expect_node("t", "/t/p/m2", "running", 2, SOON_MS);
	tree_down(tree);
}
END_TEST

START_TEST(a_limit_for_members_that_are_busy)
{
	struct process *tree = tree_up(TREE, victim(), "");

	add_member("m1", "");
	put_to_sleep(tree, "p/m1", 60000);
	NEW_FILE(TREE, victim(), ", handler_timeout: 200ms, mailbox: 7");
	changes("~ /t/p  handler_timeout: 0s -> 200ms, mailbox: 1024 -> 7\n");
	expect_node("t", "/t/p/m1", "running", 2, SOON_MS);
	json_t *report = crash_of("/t/p/m1", 1);
	expect_text(report, "cause", "deadline");
	json_decref(report);
	tree_down(tree);
}
END_TEST

START_TEST(a_smaller_max)
{
	struct process *tree = tree_up(TREE, victim(), ", max: 3");
	pid_t m1 = add_member("m1", ""), m2 = add_member("m2", "");

	add_member("m3", "");
	NEW_FILE(TREE, victim(), ", max: 1");
	changes("~ /t/p  max: 3 -> 1\n");
	expect_kept("/t/p/m1", m1);
	expect_kept("/t/p/m2", m2);
	crash("/t/p/m3"); /* one too many, but no new one */
	expect_command(1, "^$", "as many members as it may: 1$", "add", "/t/p", "{actor: m4}", NULL);
	expect_command(2, "^$", "^tractor: /t/p can have 0 to 1 members", "scale", "/t/p", "3", NULL);
	expect_command(
		0, "^stopped /t/p/m3\nstopped /t/p/m2\n/t/p has 1 member", "^$", "scale", "/t/p", "1", NULL);
	expect_kept("/t/p/m1", m1);
	expect_command(1, "^$", "as many members as it may: 1$", "add", "/t/p", "{actor: m4}", NULL);
	expect_command(0, NULL, NULL, "stop", "/t/p/m1", NULL);
	add_member("m4", "");
	tree_down(tree);
}
END_TEST

/* --- a pool that goes, or comes --- */

START_TEST(a_pool_that_is_gone)
{
	struct process *tree = tree_up(TREE, victim(), ", shutdown: 300ms");
	pid_t m1 = add_member("m1", ""), m2 = add_member("m2", "");

	put_to_sleep(tree, "p/m1", 60000);
	struct process *asker = process_start(tractor_command(), "ask", "/t/p/m1", "victim.ping", NULL);
	expect_waiting("/t/p/m1", 2);
	NEW_FILE("{name: t, children: [%s]}", actor_line("a", "victim"));
	changes("- /t/p\n+ /t/a\n");
	expect_gone(m1, 0);
	expect_gone(m2, 0);
	expect_nobody("/t/p");
	expect_exit(asker, 1, SOON_MS);
	expect_match(process_errors(asker), "TRACTOR_ESTOPPED");
	/* And here it is again, with nobody in it. */
	NEW_FILE(TREE, victim(), "");
	changes("- /t/a\n+ /t/p\n");
	expect_command(0, "^1 spec, 0 active, 0 supervisors, 0 workers$", NULL, "children", "/t/p", NULL);
	add_member("m1", "");
	tree_down(tree);
}
END_TEST

START_TEST(an_actor_in_the_place_of_a_pool)
{
	struct process *tree = tree_up(TREE, victim(), "");
	pid_t m1 = add_member("m1", "");

	NEW_FILE("{name: t, children: [%s]}", actor_line("p", "victim"));
	changes("- /t/p\n+ /t/p\n");
	expect_gone(m1, 0);
	pid_t p = pid_of("/t/p");
	NEW_FILE(TREE, victim(), "");
	changes("- /t/p\n+ /t/p\n");
	expect_gone(p, 0);
	add_member("m1", "");
	tree_down(tree);
}
END_TEST

/* OTP: a pool has one template, neither none nor several. */
START_TEST(a_template_that_is_none)
{
	struct process *tree = tree_up(TREE, victim(), "");
	pid_t m1 = add_member("m1", "");

	NEW_FILE("{name: t, children: [{pool: p, max: 3}]}");
	reload(65, "", "/t\\.yaml:1:[0-9]+: .*exec");
	NEW_FILE(TREE, victim(), ", children: []");
	reload(65, "", "/t\\.yaml:1:[0-9]+: .*children");
	NEW_FILE(TREE, victim(), ", max: 0");
	reload(65, "", "/t\\.yaml:1:[0-9]+: .*max");
	NEW_FILE(TREE, "./not-there", "");
	reload(65, "", "nothing was changed$");
	expect_kept("/t/p/m1", m1);
	crash("/t/p/m1");
	expect_program("/t/p/m1", victim());
	tree_down(tree);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("reload_pool");

	SCENARIO_CASE(
		suite, "for life", 30, another_program, other_arguments, a_member_that_waits_for_its_restart);
	SCENARIO_CASE(
		suite, "at once", 30, another_restart_type, a_limit_for_members_that_are_busy, a_smaller_max);
	SCENARIO_CASE(suite, "the pool", 30, a_pool_that_is_gone, an_actor_in_the_place_of_a_pool,
		a_template_that_is_none);
	return suite;
}
