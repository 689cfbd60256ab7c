/*
 * host_test.c: a machine that refuses: programs that can't be executed, no more fds, no more processes, full disks, run directories that are none. What fails is said, with what would
 * help, and nothing is left behind; a tree that runs goes on as well as it can.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trees.h"

/* --- executables --- */

START_TEST(all_that_cannot_be_executed_at_once)
{
	const char *data = scenario_write("data", "no program\n"), *folder = scenario_path("folder");

	scenario_keep("folder");
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(chmod(data, 0600), 0);
	const char *file = scenario_write("t.yaml",
		"name: t\nchildren:\n- {actor: a, exec: ./missing}\n- {actor: b, exec: ./data}\n- {actor: c, exec: ./folder}\n- {actor: d, exec: no-such-program-in-path}\n");
	struct process *tree = running_tree_start(file);
	expect_exit(tree, 65, SOON_MS);
	expect_errors(tree, "/t\\.yaml:3:20: exec: .*missing", 0);
	expect_errors(tree, "/t\\.yaml:4:20: exec: .*data.*chmod", 0);
	expect_errors(tree, "/t\\.yaml:5:20: exec: .*folder", 0);
	expect_errors(tree, "/t\\.yaml:6:20: exec: .*no-such-program-in-path", 0);
}
END_TEST

/* Executable by its mode, but by no kernel. */
START_TEST(a_program_of_no_known_format)
{
	const char *data = scenario_write("data", "%c%c%c%c", 1, 2, 3, 4);

	ck_assert_int_eq(chmod(data, 0700), 0);
	const char *file = scenario_write("t.yaml", "{name: t, children: [{actor: a, exec: ./data}]}");
	expect_command(1, "^$", "^tractor: /t/a did not start: cannot execute .*/data: Exec format error$",
		"run", file, NULL);
}
END_TEST

static const char *
copy_of_victim(void)
{
	char from[256];
	const char *to = scenario_path("copy");

	snprintf(from, sizeof(from), "%s/victim", test_actors_dir());
	struct run_result copied = run_command("cp", from, to, NULL);
	ck_assert_int_eq(copied.exit_code, 0);
	run_result_free(&copied);
	scenario_keep("copy");
	return to;
}

START_TEST(a_program_that_is_removed_while_it_runs)
{
	const char *copy = copy_of_victim();
	struct process *tree = tree_up("{name: t, intensity: 2, children: [%s, {actor: a, exec: %s}]}",
		actor_line("first", "victim"), copy);

	ck_assert_int_eq(unlink(copy), 0);
	ck_assert_int_eq(kill(pid_of("/t/a"), SIGKILL), 0);
	expect_exit(tree, 70, DOWN_MS);
	json_t *report = crash_of("/t/a", 3);
	expect_text(report, "cause", "start");
	expect_match(text_at(report, "panic_text"), "^cannot execute .*/copy: No such file or directory$");
	expect_text(report, "exit", "not started");
	expect_text(report, "action", "escalate");
	json_decref(report);
	expect_output(tree, "^/t/first: down 1$", 0);
}
END_TEST

START_TEST(a_program_that_comes_back)
{
	const char *copy = copy_of_victim(), *away = scenario_path("away");
	struct process *tree = tree_up(
		"{name: t, intensity: 1000, children: [{actor: a, exec: %s, backoff: {initial: 20ms, factor: 1}}]}",
		copy);

	ck_assert_int_eq(rename(copy, away), 0);
	ck_assert_int_eq(kill(pid_of("/t/a"), SIGKILL), 0);
	json_decref(crash_of("/t/a", 3));
	json_t *status = run_json(tractor_command(), "status", "--json", "/t/a", NULL);
	expect_match(text_at(status, "root.why"), "cannot execute");
	json_decref(status);
	ck_assert_int_eq(rename(away, copy), 0);
	expect_node("t", "/t/a", "running", 4, SOON_MS);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tree_down(tree);
}
END_TEST

/* --- no more fds --- */

/* Whatever the limit: it runs, or says why not. It never hangs, and never dies of a signal. */
START_TEST(every_limit_of_fds)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s, %s]}",
		actor_line("a", "victim"), actor_line("b", "victim"));
	const char *const argv[] = { tractor_command(), "run", file, NULL };
	unsigned limit = 4;
	bool is_up = false;

	for (; !is_up && limit < 64; limit++) {
		struct process *tree =
			process_start_with(&(struct process_options){ .argv = argv, .fd_limit = limit });
		struct seen_node root;
		while (!process_has_ended(tree) && !is_up)
			is_up = seen_node_read("t", "/t", &root) && strcmp(root.state, "running") == 0;
		if (is_up) {
			tree_down(tree);
			break;
		}
		int status = process_wait(tree, DOWN_MS);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) != 0 && *process_errors(tree),
			"with %u fds: status %x, \"%s\"", limit, (unsigned)status, process_errors(tree));
		process_close(tree);
	}
	ck_assert_msg(is_up, "not even %u fds were enough", limit);
	ck_assert_uint_ge(limit, 16); /* else the loop has seen no failure */
}
END_TEST

/*
 * A tree that runs out of fds: nobody is blamed, the status says what is missing, and as soon as there is some it goes on. What a dead process gives back is enough for
 * the command to be answered, and not for a new process, which takes more while it is being made.
 */
START_TEST(no_fds_while_it_runs)
{
	struct process *tree = tree_up("{name: t, intensity: 1, period: 1h, children: [%s, %s]}",
		actor_line("a", "victim"), actor_line("b", "victim"));

	pid_t victim = pid_of("/t/a");
	/* Two may be a command's that is just hanging up; and two that a start takes for a moment are there still from the last. */
	limit_fds(process_pid(tree), fds_of(process_pid(tree)) - 10);
	ck_assert_int_eq(kill(victim, SIGKILL), 0);
	expect_event("/t/a", "host_refused",
		"^the host refused .* \\(EMFILE at [a-z_ ]+: raise ulimit -n\\); restart$");
	/* It is tried again and again. */
	expect_node("t", "/t/a", "waiting", 7, SOON_MS);
	json_t *status = run_json(tractor_command(), "status", "--json", "/t/a", NULL);
	expect_text(status, "root.held_by", "host");
	expect_match(text_at(status, "root.why"), "^the host refused .*EMFILE");
	expect_number(status, "root.restarts", 0);
	expect_text(status, "root.last_exit", "SIGKILL");
	json_decref(status);
	expect_command(0, "/t/a +waiting .* the host refused .*EMFILE at .*; next attempt in [0-9.]+m?s", "",
		"status", NULL);
	limit_fds(process_pid(tree), 0);
	expect_node("t", "/t/a", "running", 8, 2 * SOON_MS);
	status = run_json(tractor_command(), "status", "--json", NULL);
	expect_number(status, "root.children.0.restarts", 1);
	expect_number(status, "root.restarts_in_window", 1);
	json_decref(status);
	expect_crashes(NULL, 1); /* what the host refused is no crash */
	tree_down(tree);
}
END_TEST

/* And none that dies gives any back: then above all somebody will want to know what is going on, and to end it. Beside one who has come to stay. */
START_TEST(not_one_fd_while_it_runs)
{
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));

	limit_fds(process_pid(tree), lowest_free_fd(process_pid(tree)));
	struct process *follower = process_start(tractor_command(), "events", "-f", NULL);
	expect_output(follower, "running", SOON_MS);
	for (int i = 0; i < 8; i++)
		expect_command(0, "^/t/a +running ", "^$", "status", NULL);
	expect_command(1, "^$", "the host refused .*\\(EMFILE at [a-z_]+: raise ulimit -n\\)", "add", "/t",
		actor_line("b", "victim"), NULL);
	expect_command(0, "^/t/a +running ", "^$", "status", NULL);
	expect_command(0, "^$", "^$", "down", NULL);
	expect_exit(tree, 0, DOWN_MS);
	expect_exit(follower, 0, SOON_MS);
}
END_TEST

static void
expect_soft_limit(pid_t pid, rlim_t soft)
{
	struct rlimit limit;

	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, NULL, &limit), 0);
	ck_assert_uint_eq(limit.rlim_cur, soft);
}

/* The supervisor takes what it may have; an actor may use select(), and gets what it always had. */
START_TEST(the_soft_limit_of_fds_is_raised_for_the_supervisor_only)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 256;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	expect_soft_limit(process_pid(tree), limit.rlim_max);
	expect_soft_limit(pid_of("/t/a"), 256);
	tree_down(tree);
}
END_TEST

/* A black box is a file to the kernel, and larger than that. */
START_TEST(files_that_may_not_be_large)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s]}", actor_line("a", "victim"));
	char script[1024];

	snprintf(script, sizeof(script), "ulimit -f 100; exec %s run %s", tractor_command(), file);
	struct run_result result = run_command("sh", "-c", script, NULL);
	ck_assert_int_eq(result.exit_code, 1);
	expect_match(result.err,
		"^tractor: /t/a did not start: the host refused a black box \\(EFBIG at ftruncate: raise ulimit -f\\)$");
	run_result_free(&result);
}
END_TEST

/* --- no more processes --- */

static bool
has_strace(void)
{
	struct process *probe = process_start("sh", "-c", "strace -e trace=none true 2>/dev/null", NULL);
	bool has = process_wait(probe, SOON_MS) == 0;

	process_close(probe);
	if (!has)
		fprintf(stderr, "skipped: no strace\n");
	return has;
}

/* The unmodified program, whose kernel has no process to give; threads are made by clone3. */
START_TEST(a_fork_that_fails_at_the_start)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s]}", actor_line("a", "victim"));

	if (!has_strace())
		return;
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* its leak checker doesn't work in a traced process */
	struct run_result result = run_command("strace", "-o", "/dev/null", "-e",
		"inject=clone,fork,vfork:error=EAGAIN", tractor_command(), "run", file, NULL);
	ck_assert_int_eq(result.exit_code, 1);
	expect_match(result.err,
		"^tractor: /t/a did not start: the host refused a process \\(EAGAIN at clone: raise ulimit -u or pids.max\\)$");
	run_result_free(&result);
}
END_TEST

/* --- disks --- */

static void
runs_with(const char *out, const char *err)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s]}", actor_line("a", "victim"));
	const char *const argv[] = { tractor_command(), "run", file, NULL };
	struct process *tree =
		process_start_with(&(struct process_options){ .argv = argv, .out = out, .err = err });

	expect_tree("t", UP_MS);
	tell("/t/a", "victim.die", "{\"how\":\"segv\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tree_down(tree);
}

START_TEST(standard_output_on_a_full_disk)
{
	runs_with("/dev/full", NULL);
}
END_TEST

START_TEST(standard_error_on_a_full_disk)
{
	runs_with(NULL, "/dev/full");
}
END_TEST

START_TEST(both_on_a_full_disk)
{
	runs_with("/dev/full", "/dev/full");
}
END_TEST

/* An output that nobody reads: a terminal that was stopped, a pager. */
START_TEST(an_output_that_nobody_reads)
{
	const char *fifo = scenario_path("fifo");

	scenario_keep("fifo");
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	int reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	const char *file = scenario_write(
		"t.yaml", "{name: t, intensity: 1000, children: [%s]}", actor_line("a", "victim"));
	const char *const argv[] = { tractor_command(), "run", file, NULL };
	struct process *tree = process_start_with(&(struct process_options){ .argv = argv, .out = fifo });
	ck_assert_int_ge(fcntl(reader, F_SETPIPE_SZ, 4096), 0);
	expect_tree("t", UP_MS);
	for (int i = 0; i < 300; i++)
		json_decref(ask("/t/a", "victim.rest", "{\"ms\":0}"));
	tree_down(tree);
	close(reader);
}
END_TEST

/* A file system of our own, that the rest of the machine does not see. False: not permitted. */
static bool
mount_small(const char *path)
{
	if (mkdir(path, 0700) == 0 && unshare(CLONE_NEWNS) == 0 &&
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("tractor-test", path, "tmpfs", 0, "size=64k,mode=0700") == 0)
		return true;
	fprintf(stderr, "skipped: no mount for a test on this machine\n");
	rmdir(path);
	return false;
}

static void
fill(const char *path)
{
	static const char block[1024];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

START_TEST(a_run_directory_on_a_full_disk)
{
	const char *disk = scenario_path("disk");

	if (!mount_small(disk))
		return;
	setenv("TRACTOR_RUN_DIR", disk, 1);
	struct process *tree = tree_up("{name: t, intensity: 20, children: [%s]}", actor_line("a", "victim"));
	fill(scenario_path("disk/filler"));
	tell("/t/a", "victim.die", "{\"how\":\"segv\"}");
	expect_node("t", "/t/a", "running", 2, SOON_MS);
	expect_errors(tree,
		"^/t/a: incarnation 1 the crash report could not be written: .*No space left on device$",
		SOON_MS);
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tree_down(tree);
	ck_assert_int_eq(unlink(scenario_path("disk/filler")), 0);
	ck_assert_int_eq(umount(disk), 0);
	ck_assert_int_eq(rmdir(disk), 0);
}
END_TEST

START_TEST(a_run_directory_that_is_read_only)
{
	const char *disk = scenario_path("disk");
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s]}", actor_line("a", "victim"));

	if (!mount_small(disk))
		return;
	setenv("TRACTOR_RUN_DIR", disk, 1);
	ck_assert_int_eq(mount(NULL, disk, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	expect_command(1, "^$", "^tractor: cannot make the directory .*/disk/t: Read-only file system$",
		"run", file, NULL);
	ck_assert_int_eq(umount(disk), 0);
	ck_assert_int_eq(rmdir(disk), 0);
}
END_TEST

/* --- run directories that are none --- */

static void
refuses_run_dir(const char *directory, const char *words)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s]}", actor_line("a", "victim"));

	setenv("TRACTOR_RUN_DIR", directory, 1);
	expect_command(1, "^$", words, "run", file, NULL);
}

START_TEST(a_run_directory_whose_path_is_too_long)
{
	char name[80];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	const char *path = scenario_path(name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	refuses_run_dir(path,
		"^tractor: the run directory .* is [0-9]+ characters long, too long .*: set TRACTOR_RUN_DIR to a shorter one");
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(a_run_directory_that_is_not_there)
{
	const char *path = scenario_path("a");
	struct process *tree;

	/* One level is made; more is a misspelt path. */
	refuses_run_dir(scenario_path("none/a"),
		"^tractor: cannot make the directory .*none/a: No such file or directory$");
	setenv("TRACTOR_RUN_DIR", path, 1);
	tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	tree_down(tree);
	ck_assert_int_eq(access(scenario_path("a/t/logs/a.log"), F_OK), 0); /* that is all that is left */
}
END_TEST

START_TEST(a_run_directory_that_is_a_file)
{
	refuses_run_dir(scenario_write("file", "%s", "text"),
		"^tractor: .*/file must be a directory of yours that nobody else can enter \\(mode 0700\\)$");
}
END_TEST

START_TEST(a_run_directory_that_others_can_enter)
{
	const char *path = scenario_path("open");

	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, 0755), 0);
	refuses_run_dir(path,
		"^tractor: .*/open must be a directory of yours that nobody else can enter \\(mode 0700\\)$");
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(a_run_directory_where_the_kernel_makes_none)
{
	refuses_run_dir("/proc/tractor", "^tractor: cannot make the directory /proc/tractor: ");
}
END_TEST

/* Without TRACTOR_RUN_DIR: below XDG_RUNTIME_DIR. Commands look below TMPDIR, too, where somebody's own tree may be called t. */
START_TEST(the_users_runtime_directory)
{
	unsetenv("TRACTOR_RUN_DIR");
	setenv("TMPDIR", scenario_dir(), 1);
	setenv("XDG_RUNTIME_DIR", scenario_path("run"), 1);
	struct process *tree = tree_up("{name: t, children: [%s]}", actor_line("a", "victim"));
	struct stat about;

	ck_assert_int_eq(stat(scenario_path("run/tractor/t/control"), &about), 0);
	ck_assert(S_ISSOCK(about.st_mode));
	json_decref(ask("/t/a", "victim.ping", "{}"));
	tree_down(tree);
	ck_assert_int_eq(access(scenario_path("run/tractor/t/logs/a.log"), F_OK), 0);
}
END_TEST

/* Whoever chose none is told where this one is from. */
START_TEST(a_directory_of_the_session_that_is_gone)
{
	const char *file = scenario_write("t.yaml", "{name: t, children: [%s]}", actor_line("a", "victim"));

	unsetenv("TRACTOR_RUN_DIR");
	setenv("TMPDIR", scenario_path("none"), 1);
	setenv("XDG_RUNTIME_DIR", scenario_path("gone"), 1);
	expect_command(1, "^$",
		"^tractor: cannot make the directory .*/gone/tractor: No such file or directory \\(it is in XDG_RUNTIME_DIR\\); set TRACTOR_RUN_DIR to another$",
		"run", file, NULL);
	unsetenv("XDG_RUNTIME_DIR");
	expect_command(1, "^$",
		"/none/tractor-[0-9]+: .* \\(it is in TMPDIR\\); set TRACTOR_RUN_DIR to another$", "run",
		file, NULL);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("host");

	SCENARIO_CASE(suite, "executables", 30, all_that_cannot_be_executed_at_once,
		a_program_of_no_known_format, a_program_that_is_removed_while_it_runs,
		a_program_that_comes_back);
	SCENARIO_CASE(suite, "nothing left", 30, every_limit_of_fds, no_fds_while_it_runs,
		not_one_fd_while_it_runs, the_soft_limit_of_fds_is_raised_for_the_supervisor_only,
		files_that_may_not_be_large, a_fork_that_fails_at_the_start);
	SCENARIO_CASE(suite, "outputs", 30, standard_output_on_a_full_disk, standard_error_on_a_full_disk,
		both_on_a_full_disk, an_output_that_nobody_reads);
	SCENARIO_CASE(suite, "run directories", 30, a_run_directory_on_a_full_disk,
		a_run_directory_that_is_read_only, a_run_directory_whose_path_is_too_long,
		a_run_directory_that_is_not_there, a_run_directory_that_is_a_file,
		a_run_directory_that_others_can_enter, a_run_directory_where_the_kernel_makes_none,
		the_users_runtime_directory, a_directory_of_the_session_that_is_gone);
	return suite;
}
