/*
 * actorlog.c: what actors print, line by line: passed on with the path before it, and the last lines kept for the crash report. Reads only what is there; an actor that prints
 * faster than anybody reads waits in its own pipe.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "shell.h"
#include "sys.h"

#define READS_A_TURN 16 /* of up to 4 KiB: then it is somebody else's turn */

static void
keep(struct slot *slot, bool is_error, const char *text, size_t length)
{
	if (!slot->lines)
		slot->lines = calloc(LINES_KEPT, sizeof(*slot->lines));
	if (!slot->lines)
		return;
	struct line *line = &slot->lines[slot->line_count++ % LINES_KEPT];
	*line = (struct line){ .time_ms = wall_clock_ms(), .is_error = is_error, .length = (uint16_t)length };
	memcpy(line->text, text, length);
}

/* Takes off the level that tractor_log() puts before a line: "<6>". */
static size_t
level_prefix(const char *text, size_t length)
{
	return length >= 3 && text[0] == '<' && isdigit((unsigned char)text[1]) && text[2] == '>' ? 3 : 0;
}

static void
pass_on(struct actorlog *log)
{
	struct slot *slot = log->slot;
	const struct tractor_options *options = &slot->runtime->options;
	size_t prefix = log->is_error ? level_prefix(log->line, log->length) : 0;
	const char *text = log->line + prefix;
	size_t length = log->length - prefix;

	keep(slot, log->is_error, text, length);
	journal_line(slot->runtime, slot, log->is_error, text, length);
	if (options->on_line)
		options->on_line(
			options->arg, slot->node->path, slot->incarnation, log->is_error, text, length);
	else
		fprintf(stderr, "%s: %.*s\n", slot->node->path, (int)length, text);
	log->length = 0;
}

static void
take(struct actorlog *log, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n') {
			pass_on(log);
			continue;
		}
		if (log->length == sizeof(log->line))
			pass_on(log);
		log->line[log->length++] = text[i];
	}
}

/* False: end of file, or nothing more now. */
static bool
read_some(struct actorlog *log, bool *ret_ended)
{
	char text[4096];
	ssize_t got = sys.read(log->watch.fd, text, sizeof(text));

	if (got > 0)
		take(log, text, (size_t)got);
	*ret_ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
	return got > 0;
}

static void
readable(void *arg, uint32_t epoll_events)
{
	struct actorlog *log = arg;
	bool ended = false;

	(void)epoll_events;
	for (int i = 0; i < READS_A_TURN && read_some(log, &ended); i++)
		;
	if (ended)
		actorlog_close(log);
}

tractor_err
actorlog_open(struct actorlog *log, struct slot *slot, int fd, bool is_error)
{
	log->slot = slot;
	log->is_error = is_error;
	log->length = 0;
	log->watch.ready = readable;
	log->watch.arg = log;
	return loop_watch(&slot->runtime->loop, &log->watch, fd, EPOLLIN);
}

void
actorlog_close(struct actorlog *log)
{
	int fd = log->watch.fd;
	bool ended;

	if (fd < 0)
		return;
	/* The process is gone, or has closed it; what a grandchild may still write there is not waited for. */
	for (int i = 0; i < READS_A_TURN && read_some(log, &ended); i++)
		;
	if (log->length > 0)
		pass_on(log);
	loop_unwatch(&log->slot->runtime->loop, &log->watch);
	sys.close(fd);
}
