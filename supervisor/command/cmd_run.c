/*
 * cmd_run.c: `tractor run FILE`: a tree in the foreground. Actors' lines go to standard output behind their path, what the supervisor has to say to standard error. A reader that
 * doesn't keep up, or a full disk, costs lines, which are counted and told, and never holds up the tree.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "command.h"
#include "output.h"
#include "settings.h"
#include "visible.h"

#define EXIT_GAVE_UP 70
#define LINE_MAX_BYTES 4096 /* PIPE_BUF: a pipe that is writable takes as much at once */

struct stream {
	int fd;
	const char *name;
	uint64_t lost;
	bool coloured;
};

struct console {
	struct stream out, err;
};

/* Never blocks; false: it could not be written. */
static bool
put(struct stream *stream, const char *text, size_t length)
{
	struct pollfd writable = { .fd = stream->fd, .events = POLLOUT };

	if (poll(&writable, 1, 0) != 1 || !(writable.revents & POLLOUT))
		return false;
	return write(stream->fd, text, length) == (ssize_t)length;
}

static void
print(struct stream *stream, const char *path, const char *colour, const char *text, size_t size)
{
	char line[LINE_MAX_BYTES];
	size_t length;

	if (stream->coloured)
		length = (size_t)snprintf(line, sizeof(line), "\x1b[%sm%s:\x1b[0m ", colour, path);
	else
		length = (size_t)snprintf(line, sizeof(line), "%s: ", path);
	length += visible_copy(visible_plain, text, size, line + length, sizeof(line) - length);
	line[length++] = '\n';
	if (!put(stream, line, length))
		stream->lost++;
}

/* Once it works again: how much is missing. */
static void
tell_lost(struct console *console)
{
	char text[64];

	if (console->out.lost == 0)
		return;
	int length = snprintf(
		text, sizeof(text), "tractor: %llu lines lost here\n", (unsigned long long)console->out.lost);
	if (put(&console->out, text, (size_t)length))
		console->out.lost = 0;
}

static void
on_line(void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length)
{
	struct console *console = arg;

	(void)incarnation;
	tell_lost(console);
	print(&console->out, path, is_error ? "33" : "36", line, length);
}

/* What an operator wants to see without asking; everything else is in `tractor events`. */
static const struct {
	const char *event, *words, *colour;
} told[] = {
	{ "crashed", "died", "31" },
	{ "unwound", "", "31" },
	{ "verdict", "the crash policy says", "33" },
	{ "policy_failed", "", "31" },
	{ "continued", "goes on", "32" },
	{ "violation", "broke the protocol and is killed", "31" },
	{ "host_refused", "", "31" },
	{ "left_behind", "", "33" },
	{ "spare_lost", "lost a spare", "33" },
	{ "spare_refused", "has no spare", "33" },
	{ "overdue", "is aborted", "31" },
	{ "overstayed", "was killed", "31" },
	{ "gave_up", "gives up", "31" },
	{ "quarantined", "quarantined", "31" },
	{ "report_lost", "the crash report could not be written", "31" },
	{ "recording_lost", "what it takes to replay the crash could not be written", "31" },
	{ "logs_lost", "", "31" },
	{ "logs_resumed", "", "32" },
	{ "was_stopped", "", "33" },
	{ "signalled", "", "33" },
	{ "faults", "", "31" },
	{ "injected", "injected", "33" },
	{ "not_injected", "has no such fault", "31" },
	{ "reload", "reload", "33" },
};

static void
say(struct console *console, const char *colour, const char *path, uint32_t incarnation, const char *words,
	const char *text)
{
	char line[LINE_MAX_BYTES / 2];
	int used = incarnation > 0 ? snprintf(line, sizeof(line), "incarnation %u ", incarnation) : 0;

	snprintf(
		line + used, sizeof(line) - (size_t)used, "%s%s%s", words, *words && *text ? ": " : "", text);
	print(&console->err, *path ? path : "tractor", colour, line, strlen(line));
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct console *console = arg;

	if (strcmp(event->event, "running") == 0 && event->incarnation > 1)
		say(console, "32", event->path, event->incarnation, "is running", "");
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (strcmp(told[i].event, event->event) == 0)
			say(console, told[i].colour, event->path, event->incarnation, told[i].words,
				event->text);
}

/* Its reports have what the lines above do not; the run directory is called as the tree is. */
static void
say_gave_up(struct tractor_runtime *runtime)
{
	const char *why = tractor_why(), *name = strrchr(tractor_runtime_directory(runtime), '/') + 1;

	output_error("%s; see: tractor -t %s crashes", why, name);
}

static int
exit_code(tractor_err err, struct tractor_runtime *runtime)
{
	switch (err) {
	case TRACTOR_OK: return EXIT_SUCCESS;
	case TRACTOR_ECRASHED: say_gave_up(runtime); return EXIT_GAVE_UP;
	case TRACTOR_ECLOSED: return 128 + tractor_runtime_signal(runtime);
	default: output_error("%s", tractor_why()); return CONTROL_FAILED;
	}
}

static int
failed_to_open(tractor_err err)
{
	if (err == TRACTOR_ECLOSED)
		return EXIT_SUCCESS; /* a signal stopped it while it started */
	if (err == TRACTOR_EINVAL)
		output_lines(stderr, tractor_why()); /* each error of the file */
	else
		output_error("%s", tractor_why());
	return err == TRACTOR_EINVAL ? CONTROL_BAD_FILE : CONTROL_FAILED;
}

/* What whoever set it relies upon, and is not so. */
static void
say_settings(void)
{
	char text[512];

	for (size_t i = 0; settings_fault(i, text, sizeof(text)); i++)
		if (*text)
			output_error("%s", text);
}

int
cmd_run(const struct command_line *line)
{
	struct console console = {
		.out = { .fd = STDOUT_FILENO, .coloured = output_is_coloured(stdout) },
		.err = { .fd = STDERR_FILENO, .coloured = output_is_coloured(stderr) },
	};
	struct tractor_options options = { .on_line = on_line,
		.on_event = on_event,
		.arg = &console,
		.control = true,
		.signals = true,
		.log_files = true,
		.raise_files = true,
		.subreaper = true };
	struct tractor_runtime *runtime;

	signal(SIGPIPE, SIG_IGN);
	say_settings();
	tractor_err err = tractor_runtime_open_file(&runtime, line->words[0], &options);
	if (err != TRACTOR_OK)
		return failed_to_open(err);
	int code = exit_code(tractor_runtime_run(runtime), runtime);
	tractor_runtime_close(runtime);
	return code;
}
