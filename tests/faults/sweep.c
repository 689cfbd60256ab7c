/*
 * sweep.c: faults [--kill] [--all | --seconds N] [--seed N] [--call NAME] [--error NAME] [--nth N] [--lasting]: one story after the other, each in a process of its own and each with another
 * fault: every call of the shell's table, and allocation; every errno that the kernel can give there; the first call, the second, ...; the one call only, and all from there on for a while.
 * --kill: instead, the supervisor is killed at its Nth call, and the next start must find nothing in its way.
 *
 * --all goes on with each until it no longer fires. Otherwise a seed chooses: one N of each kind, then another, until the time is over. Exit: 0 all well; 1 something was wrong: what, and how to
 * repeat it, is on standard output, and what the process said behind it; 2 usage.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "leaks.h"
#include "story.h"
#include "testclock.h"

#define LASTING_MS 60	 /* long beside a restart, short beside the limits of anything that waits */
#define CASE_MS 120000	 /* a story's own deadlines are all shorter; beyond this it hangs */
#define ORPHANS_MS 10000 /* for what a killed supervisor leaves to have died with it */
#define KINDS_MAX 1024
#define SEED_DEFAULT 1

/* What a story's process has to say beside good or bad. */
struct result {
	bool fired;
	unsigned counts[FAULT_CALL_COUNT + 1];
};

struct kind {
	enum fault_call call;
	int error, lasting_ms;
};

static struct {
	bool kill, all, lasting_only;
	const char *call, *error;
	unsigned nth;
	int64_t seconds;
	uint64_t random;
	char folder[64], run[80], tree[80], output[80], id[32];
	struct result *result; /* shared with the story's process */
	struct kind kinds[KINDS_MAX];
	size_t kind_count;
	unsigned cases, fired, failed;
} sweep = { .seconds = 20, .random = SEED_DEFAULT };

/* --- one case --- */

static _Noreturn void
be_the_supervisor(enum story_length length, const struct fault *fault)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen(sweep.output, "w", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		_exit(2);
	setvbuf(stderr, NULL, _IOLBF, 0);
	bool good = story_run(sweep.tree, length, fault);
	sweep.result->fired = fault_fired();
	for (int call = 0; call <= FAULT_any; call++)
		sweep.result->counts[call] = fault_count(call);
	exit(good ? 0 : 1); /* not _exit(): the leak checker has a word, too */
}

static bool
ends_in_time(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	bool ended = poll(&end, 1, (int)scaled_ms(CASE_MS)) > 0;

	close(pidfd);
	if (!ended)
		kill(pid, SIGKILL);
	return ended;
}

static bool
no_children(void *arg)
{
	pid_t pid;

	(void)arg;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid < 0 && errno == ECHILD;
}

/* What it left comes to us, its subreaper; where it was not killed there must be nothing. */
static void
look_for_processes(bool was_killed, struct findings *findings)
{
	pid_t pid = was_killed ? -1 : waitpid(-1, NULL, WNOHANG);

	if (pid >= 0)
		findings_add(findings, "a process was left behind");
	if (!wait_until(ORPHANS_MS, no_children, NULL))
		leaks_processes(sweep.id, 0, true, findings);
}

static bool
cleans_up(enum fault_call call)
{
	return call == FAULT_open || call == FAULT_openat || call == FAULT_fdopendir ||
	       call == FAULT_readdir || call == FAULT_unlink || call == FAULT_unlinkat ||
	       call == FAULT_rmdir || call == FAULT_allocation;
}

static void
look_for_files(struct findings *findings)
{
	static const char *const keep[] = { "tree.yaml", "output", "run/" };

	leaks_files(sweep.folder, keep, 3, findings);
}

static int
run_story(enum story_length length, const struct fault *fault, struct findings *findings)
{
	int status;

	memset(sweep.result, 0, sizeof(*sweep.result));
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		be_the_supervisor(length, fault);
	if (!ends_in_time(pid))
		findings_add(findings, "the supervisor hangs");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void
show_output(void)
{
	char line[1024];
	FILE *file = fopen(sweep.output, "re");

	while (file && fgets(line, sizeof(line), file))
		printf("    %s", line);
	if (file)
		fclose(file);
}

static void
report(const struct fault *fault, const struct findings *findings)
{
	sweep.failed++;
	printf("FAILED: faults %s--call %s --error '%s' --nth %u%s\n%s\n", sweep.kill ? "--kill " : "",
		fault_call_name(fault->call), fault_error_name(fault->error), fault->nth,
		fault->lasting_ms ? " --lasting" : "", findings->text);
	show_output();
}

static bool
survive(const struct fault *fault)
{
	static const struct fault none = { .call = FAULT_none };
	struct findings findings = { .count = 0 };
	int status = run_story(STORY_WHOLE, fault, &findings);
	bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && fault->error < 0;
	bool fired = was_killed || sweep.result->fired;

	if (WIFSIGNALED(status) && !was_killed)
		findings_add(&findings, "the supervisor died of SIG%s", sigabbrev_np(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		findings_add(&findings, "exit code %d", WEXITSTATUS(status));
	look_for_processes(was_killed, &findings);
	/* What could not be removed, or nobody was there to remove, the next start removes. */
	if (findings.count == 0 && (was_killed || (fired && cleans_up(fault->call)))) {
		status = run_story(STORY_UP_AND_DOWN, &none, &findings);
		if (status != 0)
			findings_add(&findings, "the next start: %x", (unsigned)status);
		look_for_processes(false, &findings);
	}
	look_for_files(&findings);
	if (findings.count > 0)
		report(fault, &findings);
	leaks_remove_folder(sweep.run);
	mkdir(sweep.run, 0700);
	sweep.cases++;
	sweep.fired += fired;
	return fired;
}

/* --- which cases --- */

static void
add_kind(enum fault_call call, int error, int lasting_ms)
{
	bool wanted = (!sweep.call || strcmp(sweep.call, fault_call_name(call)) == 0) &&
		      (!sweep.error || strcmp(sweep.error, fault_error_name(error)) == 0) &&
		      (!sweep.lasting_only || lasting_ms > 0);

	if (wanted && sweep.kind_count < KINDS_MAX)
		sweep.kinds[sweep.kind_count++] = (struct kind){ call, error, lasting_ms };
}

/* One that is interrupted, or gets half, whatever it does is no machine. */
static bool
can_last(enum fault_call call, int error)
{
	return error != EINTR && error != FAULT_SHORT && error != ECONNRESET && error != ECONNABORTED &&
	       call != FAULT_pidfd_kill && call != FAULT_kill;
}

static void
make_kinds(void)
{
	for (int call = 0; call < FAULT_CALL_COUNT; call++)
		fault_errors(call); /* none is forgotten */
	if (sweep.kill) {
		add_kind(FAULT_any, FAULT_KILL_BEFORE, 0);
		add_kind(FAULT_any, FAULT_KILL_AFTER, 0);
		return;
	}
	for (int call = 0; call < FAULT_CALL_COUNT; call++)
		for (const int *error = fault_errors(call); *error >= 0; error++) {
			add_kind(call, *error, 0);
			if (can_last(call, *error))
				add_kind(call, *error, LASTING_MS);
		}
}

static uint64_t
next_random(void)
{
	sweep.random ^= sweep.random << 13;
	sweep.random ^= sweep.random >> 7;
	sweep.random ^= sweep.random << 17;
	return sweep.random * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

static void
shuffle(void)
{
	for (size_t i = sweep.kind_count; i > 1; i--) {
		size_t with = next_random() % i;
		struct kind kind = sweep.kinds[with];
		sweep.kinds[with] = sweep.kinds[i - 1];
		sweep.kinds[i - 1] = kind;
	}
}

static struct fault
fault_of(const struct kind *kind, unsigned nth)
{
	return (struct fault){
		.call = kind->call, .error = kind->error, .nth = nth, .lasting_ms = kind->lasting_ms
	};
}

static void
try_all(const struct kind *kind)
{
	struct fault fault = fault_of(kind, 1);

	/* Twice without: where it ends varies by a turn of the loop or two. */
	for (int without = 0; without < 2; fault.nth++)
		without = survive(&fault) ? 0 : without + 1;
	fprintf(stderr, "%s %s%s: %u\n", fault_call_name(kind->call), fault_error_name(kind->error),
		kind->lasting_ms ? " for a while" : "", fault.nth - 3);
}

/* One of each kind, again and again. */
static void
try_some(const struct result *usual, int64_t until_ms)
{
	bool any = true;

	while (any && now_ms() < until_ms) {
		shuffle();
		any = false;
		for (size_t i = 0; i < sweep.kind_count && now_ms() < until_ms; i++) {
			unsigned count = usual->counts[sweep.kinds[i].call];
			struct fault fault = fault_of(
				&sweep.kinds[i], 1 + (unsigned)(next_random() % (count ? count : 1)));
			if (count > 0)
				any = survive(&fault) || any;
		}
	}
}

static void
try_one(void)
{
	for (size_t i = 0; i < sweep.kind_count; i++) {
		struct fault fault = fault_of(&sweep.kinds[i], sweep.nth);
		if (!survive(&fault))
			printf("%s %s did not fire\n", fault_call_name(fault.call),
				fault_error_name(fault.error));
	}
}

/* --- the program --- */

static int
usage(void)
{
	fputs("usage: faults [--kill] [--all | --seconds N] [--seed N] [--call NAME] [--error NAME] [--nth N] [--lasting]\n",
		stderr);
	return 2;
}

static bool
parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kill", no_argument, NULL, 'k' },
		{ "all", no_argument, NULL, 'a' },
		{ "seconds", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "call", required_argument, NULL, 'c' },
		{ "error", required_argument, NULL, 'e' },
		{ "nth", required_argument, NULL, 'n' },
		{ "lasting", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) >= 0;)
		switch (option) {
		case 'k': sweep.kill = true; break;
		case 'a': sweep.all = true; break;
		case 't': sweep.seconds = atoi(optarg); break;
		case 's': sweep.random = strtoull(optarg, NULL, 10); break;
		case 'c': sweep.call = optarg; break;
		case 'e': sweep.error = optarg; break;
		case 'n': sweep.nth = (unsigned)atoi(optarg); break;
		case 'l': sweep.lasting_only = true; break;
		default: return false;
		}
	return optind == argc && sweep.random != 0;
}

static bool
prepare(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(sweep.folder, sizeof(sweep.folder), "%.20s/tractor-faults.XXXXXX",
		base && *base ? base : "/tmp");
	if (!mkdtemp(sweep.folder))
		return false;
	snprintf(sweep.run, sizeof(sweep.run), "%s/run", sweep.folder);
	snprintf(sweep.tree, sizeof(sweep.tree), "%s/tree.yaml", sweep.folder);
	snprintf(sweep.output, sizeof(sweep.output), "%s/output", sweep.folder);
	snprintf(sweep.id, sizeof(sweep.id), "faults-%d", getpid());
	setenv("TRACTOR_RUN_DIR", sweep.run, 1);
	setenv(TEST_ID_VARIABLE, sweep.id, 1);
	sweep.result =
		mmap(NULL, sizeof(*sweep.result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return mkdir(sweep.run, 0700) == 0 && sweep.result != MAP_FAILED &&
	       prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

static bool
find_the_usual(struct result *ret_usual)
{
	static const struct fault none = { .call = FAULT_none };
	int64_t began_ms = now_ms();
	unsigned failed = sweep.failed;

	survive(&none);
	*ret_usual = *sweep.result;
	printf("without a fault: %u calls, %u allocations, %lld ms\n", ret_usual->counts[FAULT_any],
		ret_usual->counts[FAULT_allocation], (long long)(now_ms() - began_ms));
	return sweep.failed == failed;
}

int
main(int argc, char **argv)
{
	struct result usual;

	if (!parse(argc, argv))
		return usage();
	int64_t until_ms = now_ms() + sweep.seconds * 1000;
	if (!prepare()) {
		perror("faults");
		return 1;
	}
	make_kinds();
	if (find_the_usual(&usual)) {
		if (sweep.nth > 0)
			try_one();
		else if (sweep.all)
			for (size_t i = 0; i < sweep.kind_count; i++)
				try_all(&sweep.kinds[i]);
		else
			try_some(&usual, until_ms);
	}
	leaks_remove_folder(sweep.folder);
	printf("%zu kinds, %u cases, of which %u met their fault; %u failed\n", sweep.kind_count, sweep.cases,
		sweep.fired, sweep.failed);
	return sweep.failed > 0 || sweep.kind_count == 0;
}
