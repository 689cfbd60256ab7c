/*
 * process.c: programs under test. Owns their pids, their pidfds and the files that their output goes to. Knows
 * nothing of tractor. What a test takes for granted and does not get ends the test with ck_abort, with what the
 * program printed in the message.
 *
 * Output goes to files rather than pipes, so that a test that does not read never blocks the program; inotify
 * and the pidfd are the events that expect_output() waits for.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "leaks.h"
#include "scenario.h"
#include "testclock.h"

#define ARGS_MAX 64
#define ENV_MAX 512
#define TAIL_BYTES 1200	      /* of each stream in a failure's message; libcheck's messages are bounded */
#define BLIND_INTERVAL_MS 20  /* between looks where the machine has no inotify instance left to give */
#define KILL_DEADLINE_MS 5000 /* for a SIGKILL to have worked: the kernel's business alone */

struct stream {
	int fd; /* reading end of the capture file; -1: not captured */
	char *text;
	size_t length;
	size_t mark; /* what expect_output() has matched up to */
	char *match; /* what it returned last */
};

struct process {
	struct process *next;
	char name[64];
	pid_t pid;
	int pidfd;
	int inotify_fd; /* -1: none to be had */
	bool is_reaped;
	int status;
	struct stream out;
	struct stream err;
};

static struct process *open_processes;
static unsigned start_count;

/* --- streams --- */

static void
stream_read(struct stream *stream)
{
	struct stat status;

	if (stream->fd < 0 || fstat(stream->fd, &status) != 0 || (size_t)status.st_size <= stream->length)
		return;
	size_t size = (size_t)status.st_size;
	stream->text = realloc(stream->text, size + 1);
	ck_assert_ptr_nonnull(stream->text);
	ssize_t got = pread(
		stream->fd, stream->text + stream->length, size - stream->length, (off_t)stream->length);
	if (got > 0)
		stream->length += (size_t)got;
	stream->text[stream->length] = '\0';
}

static const char *
stream_text(const struct stream *stream)
{
	return stream->text == NULL ? "" : stream->text;
}

static const char *
stream_tail(const struct stream *stream)
{
	return stream_text(stream) + (stream->length > TAIL_BYTES ? stream->length - TAIL_BYTES : 0);
}

static void
stream_close(struct stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream->text);
	free(stream->match);
}

/* --- starting --- */

/*
 * Everything the child needs is made here, before fork: the test may have threads (nng's), so the child may not
 * allocate.
 */
struct launch {
	const struct process_options *options;
	const char *env[ENV_MAX];
	int in_fd;
	int out_fd;
	int err_fd;
	int error_pipe[2]; /* CLOEXEC: carries errno if exec fails, and just closes if it works */
};

static bool
is_overridden(const char *const *overrides, const char *entry)
{
	size_t name_length = strcspn(entry, "=") + 1;

	for (; overrides != NULL && *overrides != NULL; overrides++) {
		if (strncmp(*overrides, entry, name_length) == 0)
			return true;
	}
	return false;
}

static void
build_env(const char *const *overrides, const char *ret_env[ENV_MAX])
{
	size_t count = 0;

	for (char **entry = environ; *entry != NULL && count < ENV_MAX - 1; entry++) {
		if (!is_overridden(overrides, *entry))
			ret_env[count++] = *entry;
	}
	for (; overrides != NULL && *overrides != NULL && count < ENV_MAX - 1; overrides++)
		ret_env[count++] = *overrides;
	ret_env[count] = NULL;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Opens the file that a stream of the child goes to; a captured one is opened for reading too. */
static int
open_stream(const struct process *process, const char *path, const char *suffix, struct stream *ret_stream)
{
	char capture[256];

	ret_stream->fd = -1;
	if (path == NULL) {
		snprintf(capture, sizeof(capture), "%s/output/%u-%s.%s", scenario_dir(), start_count,
			process->name, suffix);
		path = capture;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_msg(fd >= 0, "cannot open %s: %s", path, strerror(errno));
	if (path != capture)
		return fd;
	ret_stream->fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(ret_stream->fd >= 0, "cannot open %s: %s", path, strerror(errno));
	if (process->inotify_fd >= 0)
		inotify_add_watch(process->inotify_fd, path, IN_MODIFY);
	return fd;
}

static void
launch_prepare(struct launch *launch, struct process *process, const struct process_options *options)
{
	launch->options = options;
	build_env(options->env, launch->env);
	launch->in_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	launch->out_fd = open_stream(process, options->out, "out", &process->out);
	launch->err_fd = open_stream(process, options->err, "err", &process->err);
	ck_assert_int_eq(pipe2(launch->error_pipe, O_CLOEXEC), 0);
}

static void
reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: async-signal-safe calls only. */
static void
launch_child(const struct launch *launch, pid_t parent)
{
	const struct process_options *options = launch->options;
	const struct rlimit fd_limit = { .rlim_cur = options->fd_limit, .rlim_max = options->fd_limit };

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	reset_signals();
	if (dup2(launch->in_fd, 0) >= 0 && dup2(launch->out_fd, 1) >= 0 && dup2(launch->err_fd, 2) >= 0 &&
		(options->cwd == NULL || chdir(options->cwd) == 0) &&
		(options->fd_limit == 0 || setrlimit(RLIMIT_NOFILE, &fd_limit) == 0))
		execvpe(options->argv[0], (char *const *)options->argv, (char *const *)launch->env);
	int error = errno;
	ssize_t written = write(launch->error_pipe[1], &error, sizeof(error));
	_exit(written == sizeof(error) ? 127 : 126);
}

/* In the parent: waits for exec to have worked, and fails the test if it has not. */
static void
launch_finish(struct launch *launch)
{
	const char *program = launch->options->argv[0];
	int error = 0;

	close(launch->in_fd);
	close(launch->out_fd);
	close(launch->err_fd);
	close(launch->error_pipe[1]);
	ssize_t got = read(launch->error_pipe[0], &error, sizeof(error));
	close(launch->error_pipe[0]);
	ck_assert_msg(got == 0, "cannot start %s: %s", program, strerror(error));
}

struct process *
process_start_with(const struct process_options *options)
{
	struct process *process = calloc(1, sizeof(*process));
	struct launch launch;
	pid_t parent = getpid();

	ck_assert_ptr_nonnull(process);
	snprintf(process->name, sizeof(process->name), "%.63s", base_name(options->argv[0]));
	start_count++;
	process->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	launch_prepare(&launch, process, options);
	process->pid = fork();
	ck_assert_msg(process->pid >= 0, "cannot fork: %s", strerror(errno));
	if (process->pid == 0)
		launch_child(&launch, parent);
	setpgid(process->pid, process->pid);
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	ck_assert_msg(process->pidfd >= 0, "no pidfd: %s", strerror(errno));
	launch_finish(&launch);
	process->next = open_processes;
	open_processes = process;
	return process;
}

static void
collect_args(const char *program, va_list args, const char *ret_argv[ARGS_MAX])
{
	size_t count = 1;

	ret_argv[0] = program;
	while (count < ARGS_MAX && (ret_argv[count] = va_arg(args, const char *)) != NULL)
		count++;
	ck_assert_msg(count < ARGS_MAX, "%s: too many arguments", program);
}

struct process *
process_start(const char *program, ...)
{
	const char *argv[ARGS_MAX];
	va_list args;

	va_start(args, program);
	collect_args(program, args, argv);
	va_end(args);
	return process_start_with(&(struct process_options){ .argv = argv });
}

/* --- watching --- */

pid_t
process_pid(const struct process *process)
{
	return process->pid;
}

void
process_signal(struct process *process, int signal)
{
	syscall(SYS_pidfd_send_signal, process->pidfd, signal, NULL, 0);
}

void
process_signal_group(struct process *process, int signal)
{
	if (!process->is_reaped)
		kill(-process->pid, signal);
}

bool
process_has_ended(const struct process *process)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };

	return process->is_reaped || poll(&end, 1, 0) > 0;
}

static void
process_fail(struct process *process, const char *what)
{
	stream_read(&process->out);
	stream_read(&process->err);
	ck_abort_msg("%s (pid %d): %s\n--- its output ends with:\n%s\n--- its errors end with:\n%s",
		process->name, (int)process->pid, what, stream_tail(&process->out),
		stream_tail(&process->err));
}

static void
process_reap(struct process *process)
{
	if (process->is_reaped)
		return;
	while (waitpid(process->pid, &process->status, 0) < 0 && errno == EINTR)
		continue;
	process->is_reaped = true;
}

static bool
wait_for_end(struct process *process, int64_t deadline_ms)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };
	int64_t until = now_ms() + scaled_ms(deadline_ms);

	while (!process->is_reaped) {
		int64_t remaining = until - now_ms();

		if (poll(&end, 1, remaining > 0 ? (int)remaining : 0) > 0)
			process_reap(process);
		else if (remaining <= 0)
			return false;
	}
	return true;
}

int
process_wait(struct process *process, int64_t deadline_ms)
{
	if (!wait_for_end(process, deadline_ms))
		process_fail(process, "still running at the deadline");
	return process->status;
}

static void
describe_end(int status, char ret_text[64])
{
	if (WIFSIGNALED(status))
		snprintf(ret_text, 64, "was ended by SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(ret_text, 64, "exited with %d", WEXITSTATUS(status));
}

static void
expect_status(struct process *process, bool is_expected)
{
	char text[64];

	describe_end(process->status, text);
	if (!is_expected)
		process_fail(process, text);
}

void
expect_exit(struct process *process, int code, int64_t deadline_ms)
{
	int status = process_wait(process, deadline_ms);

	expect_status(process, WIFEXITED(status) && WEXITSTATUS(status) == code);
}

void
expect_killed(struct process *process, int signal, int64_t deadline_ms)
{
	int status = process_wait(process, deadline_ms);

	expect_status(process, WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

/* The first match behind the mark becomes the stream's match, and the mark moves behind it. */
static bool
stream_match(struct stream *stream, const regex_t *regex)
{
	regmatch_t groups[2];

	stream_read(stream);
	const char *text = stream_text(stream) + stream->mark;
	groups[0] = (regmatch_t){ .rm_so = 0, .rm_eo = (regoff_t)(stream->length - stream->mark) };
	if (regexec(regex, text, 2, groups, REG_STARTEND) != 0)
		return false;
	const regmatch_t *chosen = groups[1].rm_so >= 0 ? &groups[1] : &groups[0];
	free(stream->match);
	stream->match = strndup(text + chosen->rm_so, (size_t)(chosen->rm_eo - chosen->rm_so));
	stream->mark += (size_t)groups[0].rm_eo;
	return true;
}

/* Sleeps until the program has printed something or ended, or the time is over. */
static void
wait_for_event(const struct process *process, int64_t remaining_ms)
{
	struct pollfd events[] = {
		{ .fd = process->pidfd, .events = POLLIN },
		{ .fd = process->inotify_fd, .events = POLLIN },
	};
	char notices[4096];

	if (process->inotify_fd < 0 && remaining_ms > BLIND_INTERVAL_MS)
		remaining_ms = BLIND_INTERVAL_MS;
	poll(events, 2, remaining_ms > 0 ? (int)remaining_ms : 0);
	while (process->inotify_fd >= 0 && read(process->inotify_fd, notices, sizeof(notices)) > 0)
		continue;
}

/* True once it matches; false at the deadline or, after one more look, at the program's end. */
static bool
wait_for_match(struct process *process, struct stream *stream, const regex_t *regex, int64_t deadline_ms)
{
	int64_t until = now_ms() + scaled_ms(deadline_ms);

	for (;;) {
		bool has_ended = process_has_ended(process);
		int64_t remaining = until - now_ms();

		if (stream_match(stream, regex))
			return true;
		if (has_ended || remaining <= 0)
			return false;
		wait_for_event(process, remaining);
	}
}

static const char *
expect_stream(struct process *process, struct stream *stream, const char *pattern, int64_t deadline_ms)
{
	regex_t regex;
	char what[256];

	ck_assert_msg(regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE) == 0, "bad regular expression: %s",
		pattern);
	bool is_matched = wait_for_match(process, stream, &regex, deadline_ms);
	regfree(&regex);
	if (!is_matched) {
		snprintf(what, sizeof(what), "%s without printing \"%s\"",
			process_has_ended(process) ? "ended" : "went on to the deadline", pattern);
		process_fail(process, what);
	}
	return stream->match;
}

const char *
expect_output(struct process *process, const char *regex, int64_t deadline_ms)
{
	return expect_stream(process, &process->out, regex, deadline_ms);
}

const char *
expect_errors(struct process *process, const char *regex, int64_t deadline_ms)
{
	return expect_stream(process, &process->err, regex, deadline_ms);
}

const char *
process_output(struct process *process)
{
	stream_read(&process->out);
	return stream_text(&process->out);
}

const char *
process_errors(struct process *process)
{
	stream_read(&process->err);
	return stream_text(&process->err);
}

/* --- ending --- */

static void
unlink_process(const struct process *process)
{
	for (struct process **link = &open_processes; *link != NULL; link = &(*link)->next) {
		if (*link == process) {
			*link = process->next;
			return;
		}
	}
}

void
process_close(struct process *process)
{
	if (process == NULL)
		return;
	process_signal(process, SIGKILL);
	if (!wait_for_end(process, KILL_DEADLINE_MS))
		ck_abort_msg("%s (pid %d) survives SIGKILL", process->name, (int)process->pid);
	unlink_process(process);
	stream_close(&process->out);
	stream_close(&process->err);
	if (process->inotify_fd >= 0)
		close(process->inotify_fd);
	close(process->pidfd);
	free(process);
}

void
process_close_all(struct findings *ret_findings)
{
	while (open_processes != NULL) {
		struct process *process = open_processes;

		if (!process_has_ended(process))
			findings_add(ret_findings, "%s (pid %d), started by the test, is still running",
				process->name, (int)process->pid);
		process_close(process);
	}
}

/* --- whole runs --- */

struct run_result
run_command_with(const struct process_options *options)
{
	struct process *process = process_start_with(options);
	struct run_result result = { .status = process_wait(process, RUN_DEADLINE_MS) };

	result.exit_code = WIFEXITED(result.status) ? WEXITSTATUS(result.status) : -1;
	result.out = strdup(process_output(process));
	result.err = strdup(process_errors(process));
	process_close(process);
	return result;
}

struct run_result
run_command(const char *program, ...)
{
	const char *argv[ARGS_MAX];
	va_list args;

	va_start(args, program);
	collect_args(program, args, argv);
	va_end(args);
	return run_command_with(&(struct process_options){ .argv = argv });
}

void
run_result_free(struct run_result *result)
{
	free(result->out);
	free(result->err);
	*result = (struct run_result){ 0 };
}

json_t *
run_json(const char *program, ...)
{
	const char *argv[ARGS_MAX];
	json_error_t error;
	va_list args;

	va_start(args, program);
	collect_args(program, args, argv);
	va_end(args);
	struct run_result result = run_command_with(&(struct process_options){ .argv = argv });
	ck_assert_msg(result.exit_code == 0, "%s %s: exit code %d: %s", argv[0], argv[1], result.exit_code,
		result.err);
	json_t *json = json_loads(result.out, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	ck_assert_msg(json != NULL, "%s %s: not JSON (%s): %s", argv[0], argv[1], error.text, result.out);
	run_result_free(&result);
	return json;
}
