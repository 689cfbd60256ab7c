/*
 * loglines.c: what becomes of a line: it is one of its actor's last, which are kept in memory; it goes into the actor's file, by way of the thread that writes these; and whoever listens hears it.
 * A request for what was printed is answered with what may not be in the files yet; these the command reads itself. A line that there is no memory for is lost there.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "logrotation.h"
#include "runtime.h"
#include "slot.h"
#include "sys.h"
#include "utf8.h"

#define LATE_NS SPEC_SECOND /* so long a request waits for the disk */
#define ANSWER_BYTES \
	(2u << 20)	/* of lines from memory, before what comes: half of what a client may leave unread */
#define WORDS_BYTES 256 /* around the text of a line in JSON */

/* A request under way. */
struct listener {
	struct listener *next;
	struct tractor_runtime *runtime;
	struct control_request *request;
	char *path;    /* NULL: all */
	uint64_t mark; /* up to there the files have to come */
	bool and_follow;
	bool caught_up;	   /* they have */
	struct alarm late; /* when that is waited for no longer */
};

/* --- an actor's last lines --- */

struct line *
loglines_keep(struct slot *slot, const struct logline *line)
{
	char *text = malloc(line->length > 0 ? line->length : 1);

	if (!slot->lines)
		slot->lines = calloc(LINES_KEPT, sizeof(*slot->lines));
	if (!slot->lines || !text) {
		free(text);
		return NULL;
	}
	memcpy(text, line->text, line->length);
	struct line *place = &slot->lines[slot->line_count++ % LINES_KEPT];
	free(place->text);
	*place = (struct line){ .time_ms = line->time_ms,
		.stream = line->stream,
		.incarnation = line->incarnation,
		.length = line->length,
		.text = text };
	return place;
}

void
loglines_free(struct slot *slot)
{
	for (size_t i = 0; slot->lines && i < LINES_KEPT; i++)
		free(slot->lines[i].text);
	free(slot->lines);
	slot->lines = NULL;
}

/* --- who listens --- */

static json_t *
line_json(const struct logline *line)
{
	return json_pack("{s:i, s:I, s:s, s:s, s:I, s:I, s:I, s:o}", "schema_version", 1, "time",
		(json_int_t)line->time_ms, "stream", logline_stream_name(line->stream), "path", line->path,
		"incarnation", (json_int_t)line->incarnation, "run", (json_int_t)line->run, "number",
		(json_int_t)line->number, "text", utf8_json(line->text, line->length));
}

static void
remove_listener(struct listener *listener)
{
	struct loop *loop = &listener->runtime->loop;
	struct listener **at = &listener->runtime->lines.listeners;

	while (*at != listener)
		at = &(*at)->next;
	*at = listener->next;
	loop_disarm(loop, &listener->late);
	loop_reserve(loop, -1);
	free(listener->path);
	free(listener);
}

static void
hung_up(struct control_request *request)
{
	remove_listener(request->own);
}

static void
end_listener(struct listener *listener)
{
	struct control_request *request = listener->request;

	remove_listener(listener);
	control_end(request, CONTROL_DONE, NULL);
}

/* The files have what was printed before the request, as far as they ever will. */
static void
catch_up(struct listener *listener)
{
	listener->caught_up = true;
	loop_disarm(&listener->runtime->loop, &listener->late);
	if (listener->and_follow)
		control_data(listener->request, json_pack("{s:b}", "caught_up", 1));
	else
		end_listener(listener);
}

static void
too_late(void *arg)
{
	catch_up(arg);
}

static void
catch_up_those_who_can(struct tractor_runtime *runtime)
{
	struct loglines *lines = &runtime->lines;

	for (struct listener *listener = lines->listeners, *next; listener; listener = next) {
		next = listener->next;
		if (!listener->caught_up &&
			(!lines->writer || logwriter_has_written(lines->writer, listener->mark)))
			catch_up(listener);
	}
}

static struct listener *
add_listener(struct tractor_runtime *runtime, struct control_request *request, const char *path)
{
	struct loglines *lines = &runtime->lines;
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener || (path && !(listener->path = strdup(path))) ||
		loop_reserve(&runtime->loop, 1) != TRACTOR_OK) {
		if (listener)
			free(listener->path);
		free(listener);
		return NULL;
	}
	listener->runtime = runtime;
	listener->request = request;
	listener->mark = lines->writer ? logwriter_mark(lines->writer) : 0;
	listener->late = (struct alarm){ .due = too_late, .arg = listener };
	listener->next = lines->listeners;
	lines->listeners = listener;
	request->own = listener;
	request->gone = hung_up;
	return listener;
}

/* --- what is answered at once --- */

static struct slot *
next_of_concern(struct tractor_runtime *runtime, const char *path, struct node **at)
{
	while (*at) {
		struct node *node = *at;
		*at = tree_next(runtime->tree, node);
		if (slot_of(node) && spec_path_below(path, node->path))
			return slot_of(node);
	}
	return NULL;
}

static bool
has_files(const struct slot *slot)
{
	return slot->runtime->lines.writer && slot->node->spec->log.files > 0;
}

/* Each actor, which incarnation of which run is its present one, and whether it has files; *ret_count: how many there are. */
static json_t *
actors_json(struct tractor_runtime *runtime, const char *path, size_t *ret_count)
{
	struct node *at = tree_root(runtime->tree);
	json_t *actors = json_array();

	*ret_count = 0;
	for (struct slot *slot; (slot = next_of_concern(runtime, path, &at)); ++*ret_count)
		json_array_append_new(
			actors, json_pack("{s:s, s:I, s:I, s:b}", "path", slot->node->path, "run",
					(json_int_t)slot->born_ms, "incarnation",
					(json_int_t)slot->incarnation, "files", has_files(slot)));
	return json_pack("{s:i, s:o}", "schema_version", 1, "actors", actors);
}

/* The last of its lines that were let through, as many as the bytes are enough for; oldest first. */
static void
answer_lines(struct slot *slot, struct control_request *request, size_t bytes)
{
	uint64_t kept = slot->line_count < LINES_KEPT ? slot->line_count : LINES_KEPT, count = 0;

	for (size_t needed = 0; count < kept; count++) {
		needed += slot->lines[(slot->line_count - 1 - count) % LINES_KEPT].length + WORDS_BYTES;
		if (needed > bytes)
			break;
	}
	for (uint64_t i = slot->line_count - count; i < slot->line_count; i++) {
		const struct line *line = &slot->lines[i % LINES_KEPT];
		if (line->number > 0)
			control_data(request, line_json(&(struct logline){ .time_ms = line->time_ms,
						      .stream = line->stream,
						      .path = slot->node->path,
						      .incarnation = line->incarnation,
						      .text = line->text,
						      .length = line->length,
						      .run = slot->born_ms,
						      .number = line->number }));
	}
}

void
loglines_serve(
	struct tractor_runtime *runtime, struct control_request *request, const char *path, bool and_follow)
{
	struct listener *listener = add_listener(runtime, request, path);
	struct node *at = tree_root(runtime->tree);
	size_t actors = 0;

	if (!listener) {
		control_end(request, CONTROL_FAILED, "out of memory");
		return;
	}
	listener->and_follow = and_follow;
	control_data(request, actors_json(runtime, path, &actors));
	size_t share = ANSWER_BYTES / (actors > 0 ? actors : 1);
	for (struct slot *slot; (slot = next_of_concern(runtime, path, &at));)
		answer_lines(slot, request, share);
	loop_arm(&runtime->loop, &listener->late, runtime->loop.now_ns + LATE_NS);
	catch_up_those_who_can(runtime);
}

void
loglines_pass(struct slot *slot, const struct logline *line)
{
	struct loglines *lines = &slot->runtime->lines;
	const struct spec_log *limits = &slot->node->spec->log;

	if (has_files(slot))
		logwriter_put(lines->writer, line, limits, slot->runtime->actors, &slot->share);
	for (struct listener *listener = lines->listeners; listener; listener = listener->next)
		if (spec_path_below(listener->path, line->path))
			control_data(listener->request, line_json(line));
}

/* --- the files --- */

/* That the files can't be written is told once, and once that they can be again. */
static void
tell_state(struct tractor_runtime *runtime, const struct logwriter_state *state)
{
	struct loglines *lines = &runtime->lines;

	if (!lines->failing && lines->failures != state->failures) {
		lines->failing = true;
		events_note(runtime, "logs_lost", state->path, 0,
			"log files can't be written (%s): what is printed is not kept until they can",
			state->error == LOGWRITER_SLOW ? "the disk is too slow" : strerror(state->error));
	}
	lines->failures = state->failures;
	if (!lines->failing || state->failing)
		return;
	lines->failing = false;
	events_note(runtime, "logs_resumed", state->path, 0,
		"log files are written again; %" PRIu64 " line%s lost", state->lost - lines->lost,
		state->lost - lines->lost == 1 ? " was" : "s were");
	lines->lost = state->lost;
}

static void
writer_rang(void *arg, uint32_t epoll_events)
{
	struct tractor_runtime *runtime = arg;
	struct loglines *lines = &runtime->lines;
	struct logwriter_state state;
	uint64_t times;

	(void)epoll_events;
	(void)!sys.read(lines->watch.fd, &times, sizeof(times));
	logwriter_state(lines->writer, &state);
	tell_state(runtime, &state);
	catch_up_those_who_can(runtime);
}

tractor_err
loglines_open(struct tractor_runtime *runtime)
{
	struct loglines *lines = &runtime->lines;
	char *folder = rundir_file(&runtime->rundir, LOGROTATION_FOLDER);
	int fd;
	tractor_err err = folder ? logwriter_open(folder, &lines->writer, &fd) : TRACTOR_ENOMEM;

	free(folder);
	if (err != TRACTOR_OK)
		return err;
	lines->watch = (struct watch){ .fd = -1, .ready = writer_rang, .arg = runtime };
	return loop_watch(&runtime->loop, &lines->watch, fd, EPOLLIN);
}

void
loglines_close(struct tractor_runtime *runtime)
{
	struct loglines *lines = &runtime->lines;
	struct logwriter_state state;

	if (lines->writer) {
		loop_unwatch(&runtime->loop, &lines->watch);
		logwriter_close(lines->writer, &state);
		lines->writer = NULL;
		tell_state(runtime, &state);
	}
	for (struct listener *listener = lines->listeners, *next; listener; listener = next) {
		next = listener->next;
		end_listener(listener);
	}
}
