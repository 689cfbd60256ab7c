/*
 * actorlog.c: what actors print: read from their pipes, found to be lines, and passed on, as many as an actor may print. Of a flood the rest is counted and told; and for that
 * moment its pipe is read slowly, so that it costs the flooder's time and not everybody's. The last lines are kept for the crash report in any case.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "runtime.h"
#include "slot.h"
#include "sys.h"
#include "visible.h"

#define READS_A_TURN 16 /* of up to 4 KiB: then it is somebody else's turn */
#define PAUSE_NS \
	(5 * SPEC_MILLISECOND) /* between the turns of a flood: a full pipe each is 13 MB a second, for a hundredth of a CPU */
#define LAST_WORDS 10 /* let through though it was a flood that ended with them: they may say why */

/* --- passing on --- */

/* Takes off the level that tractor_log() puts before a line: "<6>". */
static size_t
level_prefix(const char *text, size_t length)
{
	return length >= 3 && text[0] == '<' && isdigit((unsigned char)text[1]) && text[2] == '>' ? 3 : 0;
}

static void
tell_program(const struct slot *slot, const struct logline *line)
{
	const struct tractor_options *options = &slot->runtime->options;
	char shown[4 * LOGLINE_BYTES + 1]; /* each byte as \xff, at worst */

	if (options->on_line) {
		options->on_line(options->arg, line->path, line->incarnation, line->stream != LOGLINE_STDOUT,
			line->text, line->length);
		return;
	}
	visible_copy(visible_plain, line->text, line->length, shown, sizeof(shown));
	fprintf(stderr, "%s: %s\n", line->path, shown);
}

/* The line is the next one of its place in the tree. */
static void
pass(struct slot *slot, struct logline *line)
{
	line->number = ++slot->line_number;
	loglines_pass(slot, line);
	tell_program(slot, line);
}

static struct logline
line_of(const struct slot *slot, enum logline_stream stream, const char *text, size_t length)
{
	return (struct logline){ .time_ms = wall_clock_ms(),
		.stream = stream,
		.path = slot->node->path,
		.incarnation = slot->incarnation,
		.text = text,
		.length = length,
		.run = slot->born_ms };
}

static void
tell_suppressed(struct slot *slot)
{
	char text[96];
	uint64_t count = slot->limit.suppressed;

	if (count == 0)
		return;
	slot->limit.suppressed = 0;
	int length = snprintf(text, sizeof(text), "%" PRIu64 " line%s suppressed: more than %u a second",
		count, count == 1 ? "" : "s", slot->node->spec->log.rate);
	struct logline line = line_of(slot, LOGLINE_TRACTOR, text, (size_t)length);
	pass(slot, &line);
}

static void
take_line(struct actorlog *log, const char *text, size_t length)
{
	struct slot *slot = log->slot;
	const struct spec_log *limits = &slot->node->spec->log;
	size_t prefix = log->stream == LOGLINE_STDERR ? level_prefix(text, length) : 0;
	struct logline line = line_of(slot, log->stream, text + prefix, length - prefix);
	struct line *kept = loglines_keep(slot, &line);

	if (!loglimit_pass(&slot->limit, limits, slot->runtime->loop.now_ns)) {
		if (slot->limit.suppressed == 1) /* told at the latest when more may be printed */
			loop_arm(&slot->runtime->loop, &slot->flood, loglimit_opens_ns(&slot->limit, limits));
		return;
	}
	tell_suppressed(slot);
	pass(slot, &line);
	if (kept)
		kept->number = line.number;
}

/* --- reading --- */

/* False: end of file, or nothing more now. */
static bool
read_some(struct actorlog *log, bool *ret_ended)
{
	char bytes[4096];
	const char *at = bytes, *line;
	size_t left, length;
	ssize_t got = sys.read(log->watch.fd, bytes, sizeof(bytes));

	left = got > 0 ? (size_t)got : 0;
	while (logsplit_take(&log->split, &at, &left, &line, &length))
		take_line(log, line, length);
	*ret_ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
	return got > 0;
}

/* True: there may be more. */
static bool
read_a_turn(struct actorlog *log, bool *ret_ended)
{
	bool more = true;

	for (int i = 0; i < READS_A_TURN && more; i++)
		more = read_some(log, ret_ended);
	return more;
}

/* The process is gone, or has closed it; what a grandchild may still write there is not waited for. */
static void
close_pipe(struct actorlog *log)
{
	const char *line;
	size_t length;
	int fd = log->watch.fd;
	bool ended = false;

	if (fd < 0)
		return;
	read_a_turn(log, &ended);
	if (logsplit_rest(&log->split, &line, &length))
		take_line(log, line, length);
	loop_unwatch(&log->slot->runtime->loop, &log->watch);
	sys.close(fd);
}

static void
pause_reading(struct actorlog *log)
{
	struct loop *loop = &log->slot->runtime->loop;

	log->paused = loop_rewatch(loop, &log->watch, 0) == TRACTOR_OK;
	if (log->paused)
		loop_arm(loop, &log->slot->flood, loop->now_ns + PAUSE_NS);
}

/* What is on standard error was printed after what is still waiting of a flood: it may say why that ended, and is not to be forgotten before the flood's own last lines. */
static void
read_flood_first(struct actorlog *log)
{
	struct actorlog *out = &log->slot->logs[0];
	bool ended;

	if (log != out && out->watch.fd >= 0 && log->slot->limit.shut)
		read_a_turn(out, &ended);
}

static void
readable(void *arg, uint32_t epoll_events)
{
	struct actorlog *log = arg;
	bool ended = false;

	read_flood_first(log);
	bool more = read_a_turn(log, &ended);
	if (ended)
		close_pipe(log);
	else if (more && log->slot->limit.shut && !(epoll_events & EPOLLHUP)) /* which can't be unwatched */
		pause_reading(log);
}

static bool
resume_reading(struct actorlog *log)
{
	if (log->paused && log->watch.fd >= 0)
		log->paused = loop_rewatch(&log->slot->runtime->loop, &log->watch, EPOLLIN) != TRACTOR_OK;
	return !log->paused;
}

void
actorlog_due(void *arg)
{
	struct slot *slot = arg;
	struct loop *loop = &slot->runtime->loop;
	const struct spec_log *limits = &slot->node->spec->log;
	bool out = resume_reading(&slot->logs[0]), err = resume_reading(&slot->logs[1]);

	if (!out || !err)
		loop_arm(loop, &slot->flood, loop->now_ns + PAUSE_NS);
	else if (loglimit_is_open(&slot->limit, limits, loop->now_ns))
		tell_suppressed(slot);
	else if (slot->limit.suppressed > 0)
		loop_arm(loop, &slot->flood, loglimit_opens_ns(&slot->limit, limits));
}

/* --- beginning and end --- */

tractor_err
actorlog_open(struct actorlog *log, struct slot *slot, int fd, enum logline_stream stream)
{
	*log = (struct actorlog){
		.slot = slot, .stream = stream, .watch = { .fd = -1, .ready = readable, .arg = log }
	};
	return loop_watch(&slot->runtime->loop, &log->watch, fd, EPOLLIN);
}

/* Those that were suppressed last, in the ring: how many, up to LAST_WORDS. */
static uint64_t
held_back(const struct slot *slot)
{
	uint64_t most = slot->limit.suppressed < LAST_WORDS ? slot->limit.suppressed : LAST_WORDS, held = 0;

	while (held < most && held < slot->line_count &&
		slot->lines[(slot->line_count - 1 - held) % LINES_KEPT].number == 0)
		held++;
	return held;
}

static void
say_last_words(struct slot *slot)
{
	uint64_t held = held_back(slot);

	slot->limit.suppressed -= held;
	tell_suppressed(slot);
	for (uint64_t i = slot->line_count - held; i < slot->line_count; i++) {
		struct line *kept = &slot->lines[i % LINES_KEPT];
		struct logline line = line_of(slot, kept->stream, kept->text, kept->length);
		line.time_ms = kept->time_ms;
		pass(slot, &line);
		kept->number = line.number;
	}
}

void
actorlog_end(struct slot *slot)
{
	close_pipe(&slot->logs[0]);
	close_pipe(&slot->logs[1]);
	say_last_words(slot);
	loop_disarm(&slot->runtime->loop, &slot->flood);
}
