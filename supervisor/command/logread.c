/*
 * logread.c: reads log files: what a file has is read from its end, so that of a long one only what is wanted is looked at. Files may be rotated while they are read: the newest is
 * opened first, so nothing slips through, and what is met twice is told by its number.
 *
 * What is no line is passed over.
 */
#include "logread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logrotation.h"
#include "output.h"

#define FILE_MAX_BYTES ((off_t)SPEC_LOG_SIZE_MAX + LOGLINE_RECORD_BYTES)

/* What is read of each actor. */
struct wanted {
	struct logread *logs;
	const char *path; /* NULL: all */
	size_t most;
	int64_t since_ms;
};

/* --- the list --- */

static void *
grown(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room > 0 ? 2 * *room : 16;
	return output_need(reallocarray(items, *room, size));
}

struct logread_actor *
logread_actor(struct logread *logs, const char *path)
{
	/* From the end: lines of one actor come together. */
	for (size_t i = logs->count; i > 0; i--)
		if (strcmp(logs->actors[i - 1].path, path) == 0)
			return &logs->actors[i - 1];
	logs->actors = grown(logs->actors, logs->count, &logs->room, sizeof(*logs->actors));
	logs->actors[logs->count] = (struct logread_actor){ .path = output_need(strdup(path)) };
	return &logs->actors[logs->count++];
}

void
logread_add(struct logread_actor *actor, const struct logread_line *line)
{
	actor->lines = grown(actor->lines, actor->count, &actor->room, sizeof(*actor->lines));
	actor->lines[actor->count++] = *line;
}

static void
free_lines(struct logread_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(lines[i].text);
}

void
logread_free(struct logread *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		free_lines(logs->actors[i].lines, logs->actors[i].count);
		free(logs->actors[i].lines);
		free(logs->actors[i].path);
	}
	free(logs->actors);
	*logs = (struct logread){ 0 };
}

/* --- a line --- */

static enum logline_stream
stream_of(const char *name)
{
	for (int stream = LOGLINE_STDOUT; stream < LOGLINE_TRACTOR; stream++)
		if (name != NULL && strcmp(name, logline_stream_name((enum logline_stream)stream)) == 0)
			return (enum logline_stream)stream;
	return LOGLINE_TRACTOR;
}

static json_int_t
number_of(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

bool
logread_parse(const json_t *json, struct logread_line *ret_line)
{
	const json_t *text = json_object_get(json, "text");

	if (!json_is_string(text) || !json_is_integer(json_object_get(json, "time")))
		return false;
	*ret_line = (struct logread_line){
		.time_ms = number_of(json, "time"),
		.run = number_of(json, "run"),
		.number = (uint64_t)number_of(json, "number"),
		.incarnation = (uint32_t)number_of(json, "incarnation"),
		.stream = stream_of(json_string_value(json_object_get(json, "stream"))),
		.length = json_string_length(text),
		.text = output_need(malloc(json_string_length(text) + 1)),
	};
	memcpy(ret_line->text, json_string_value(text), ret_line->length + 1);
	return true;
}

/* --- files --- */

/* All that is in it, to be freed; NULL: it can't be read, and that has been said. */
static char *
read_all(int fd, const char *file, size_t size)
{
	char *text = output_need(malloc(size + 1));
	size_t done = 0;
	ssize_t got;

	while (done < size && ((got = read(fd, text + done, size - done)) > 0 || (got < 0 && errno == EINTR)))
		done += got > 0 ? (size_t)got : 0;
	/* What was cut off meanwhile is not there. */
	memset(text + done, '\n', size - done);
	if (done < size && got < 0)
		output_error("%s: %s", file, strerror(errno));
	return text;
}

enum outcome { MISSING, READ, ENOUGH };

/* How every line begins. A quote within a text is not written so: it can't be in one. */
static const char beginning[] = "{\"schema_version\"";

/* Half a line that a supervisor left which was killed in the middle of it may be before the next one's first. */
static bool
parse_line(const char *text, size_t size, struct logread_line *ret_line)
{
	const char *start = text, *next;

	while ((next = memmem(start + 1, size - (size_t)(start + 1 - text), beginning,
			sizeof(beginning) - 1)) != NULL)
		start = next;
	json_t *json = json_loadb(start, size - (size_t)(start - text), JSON_ALLOW_NUL, NULL);
	bool is_line = logread_parse(json, ret_line);
	json_decref(json);
	return is_line;
}

/* From the last line to the first, into `lines`. */
static enum outcome
take_backwards(const struct wanted *wanted, struct logread_actor *lines, const char *text, size_t size)
{
	struct logread_line line;
	size_t start;

	for (; size > 0; size = start) {
		if (lines->count == wanted->most)
			return ENOUGH;
		const char *newline = size > 1 ? memrchr(text, '\n', size - 1) : NULL;
		start = newline != NULL ? (size_t)(newline - text) + 1 : 0;
		bool is_line = parse_line(text + start, size - start, &line);
		if (is_line && line.time_ms < wanted->since_ms) {
			free(line.text);
			return ENOUGH;
		}
		if (is_line)
			logread_add(lines, &line);
	}
	return READ;
}

/* One file of a log. *inode is that of the last one that was read, which may have got another name meanwhile. */
static enum outcome
read_file(const struct wanted *wanted, struct logread_actor *lines, const char *file, ino_t *inode)
{
	struct stat status;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum outcome outcome = READ;

	if (fd < 0 && errno == ENOENT)
		return MISSING;
	if (fd < 0) {
		output_error("%s: %s", file, strerror(errno));
		return READ;
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > FILE_MAX_BYTES) {
		output_error("%s is passed over: it is no file of ordinary size", file);
	} else if (status.st_ino != *inode) {
		char *text = read_all(fd, file, (size_t)status.st_size);
		outcome = take_backwards(wanted, lines, text, (size_t)status.st_size);
		*inode = status.st_ino;
		free(text);
	}
	close(fd);
	return outcome;
}

/* What was read backwards comes, turned round, before what is there. */
static void
put_before(struct logread_actor *actor, struct logread_actor *read)
{
	size_t count = read->count + actor->count;

	for (size_t i = 0; i < read->count / 2; i++) {
		struct logread_line line = read->lines[i];
		read->lines[i] = read->lines[read->count - 1 - i];
		read->lines[read->count - 1 - i] = line;
	}
	for (size_t i = 0; i < actor->count; i++)
		logread_add(read, &actor->lines[i]);
	free(actor->lines);
	actor->lines = read->lines;
	actor->count = count;
	actor->room = read->room;
}

/* `base`: its first file. */
static void
read_log(const struct wanted *wanted, const char *node_path, const char *base)
{
	struct logread_actor read = { .path = NULL };
	enum outcome outcome = READ;
	char file[PATH_MAX + 16];
	ino_t inode = 0;

	/* One may be missing, if a supervisor was killed as it gave them their numbers; two are the end. */
	for (unsigned number = 0, missing = 0;
		missing < 2 && number <= SPEC_LOG_FILES_MAX && outcome != ENOUGH; number++) {
		if (!logrotation_name(base, number, file, sizeof(file)))
			break;
		outcome = read_file(wanted, &read, file, &inode);
		missing = outcome == MISSING ? missing + 1 : 0;
	}
	put_before(logread_actor(wanted->logs, node_path), &read);
}

/* Whether what stands behind a node's name makes it the first file of a log; or the second, where a supervisor was killed before it had begun the first. */
static bool
is_log(int folder, const char *name, const char *suffix)
{
	char base[NAME_MAX + 1];

	if (strcmp(suffix, LOGROTATION_SUFFIX) == 0)
		return true;
	snprintf(base, sizeof(base), "%.*s%s", (int)(suffix - name), name, LOGROTATION_SUFFIX);
	return strcmp(suffix, LOGROTATION_SUFFIX ".1") == 0 && faccessat(folder, base, F_OK, 0) != 0;
}

static void look_into(const struct wanted *wanted, const char *node_path, const char *folder, int depth);

/* One entry of the folder: nodes have no dot in their names, files behind theirs. */
static void
look_at(const struct wanted *wanted, const char *node_path, const char *folder, int fd, const char *name,
	int depth)
{
	char below[PATH_MAX], path[PATH_MAX];
	const char *dot = strchr(name, '.');
	int length = dot != NULL ? (int)(dot - name) : (int)strlen(name);

	if (length == 0 || snprintf(below, sizeof(below), "%s/%.*s", node_path, length, name) >= PATH_MAX ||
		snprintf(path, sizeof(path), "%s/%.*s%s", folder, length, name,
			dot != NULL ? LOGROTATION_SUFFIX : "") >= PATH_MAX)
		return;
	bool is_wanted = spec_path_below(wanted->path, below);
	if (dot != NULL && is_wanted && is_log(fd, name, dot))
		read_log(wanted, below, path);
	else if (dot == NULL && (is_wanted || spec_path_below(below, wanted->path)) && depth < SPEC_DEPTH_MAX)
		look_into(wanted, below, path, depth + 1);
}

/* The folder of the node at `node_path`. No deeper than trees are. */
static void
look_into(const struct wanted *wanted, const char *node_path, const char *folder, int depth)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;

	if (directory == NULL) {
		if (errno != ENOENT)
			output_error("%s: %s", folder, strerror(errno));
		return;
	}
	while ((entry = readdir(directory)) != NULL)
		look_at(wanted, node_path, folder, dirfd(directory), entry->d_name, depth);
	closedir(directory);
}

void
logread_files(
	struct logread *logs, const struct client_tree *tree, const char *path, size_t most, int64_t since_ms)
{
	const struct wanted wanted = { logs, path, most, since_ms };
	char root[SPEC_NAME_MAX + 2], folder[PATH_MAX + sizeof(LOGROTATION_FOLDER) + 1];

	snprintf(root, sizeof(root), "/%s", tree->name);
	snprintf(folder, sizeof(folder), "%s/%s", tree->directory, LOGROTATION_FOLDER);
	look_into(&wanted, root, folder, 0);
}

/* --- order --- */

static int
by_number(const void *a, const void *b)
{
	const struct logread_line *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

void
logread_order(struct logread_actor *actor)
{
	size_t first = actor->count, kept;

	/* Files are in order, and end with the run that goes on; what the supervisor knew of that comes behind them. */
	while (first > 0 && actor->lines[first - 1].run == actor->lines[actor->count - 1].run)
		first--;
	if (first == actor->count)
		return;
	qsort(actor->lines + first, actor->count - first, sizeof(*actor->lines), by_number);
	kept = first + 1;
	for (size_t i = first + 1; i < actor->count; i++) {
		if (actor->lines[i].number == actor->lines[kept - 1].number)
			free(actor->lines[i].text);
		else
			actor->lines[kept++] = actor->lines[i];
	}
	actor->count = kept;
}

static bool
is_of(const struct logread_line *line, int64_t run, uint32_t incarnation)
{
	return line->run == run && line->incarnation == incarnation;
}

void
logread_keep_previous(struct logread_actor *actor)
{
	struct logread_line *lines = actor->lines;
	size_t end = actor->count, start;

	if (actor->count == 0)
		return;
	if (!actor->is_present) {
		actor->run = lines[actor->count - 1].run;
		actor->incarnation = lines[actor->count - 1].incarnation;
	}
	while (end > 0 && is_of(&lines[end - 1], actor->run, actor->incarnation))
		end--;
	start = end;
	while (start > 0 && is_of(&lines[start - 1], lines[end - 1].run, lines[end - 1].incarnation))
		start--;
	free_lines(lines, start);
	free_lines(lines + end, actor->count - end);
	memmove(lines, lines + start, (end - start) * sizeof(*lines));
	actor->count = end - start;
}

/* How many lines there were between the two. */
static uint64_t
missing_between(const struct logread_line *before, const struct logread_line *line)
{
	return before->run == line->run && line->number > before->number ? line->number - before->number - 1
									 : 0;
}

void
logread_remark(struct logread_actor *actor)
{
	struct logread_actor whole = { .path = NULL };

	if (actor->is_present && !actor->has_files)
		return; /* what it has printed longer ago is nowhere, and remarks are not among the last lines */
	for (size_t i = 0; i < actor->count; i++) {
		struct logread_line line = actor->lines[i];
		uint64_t missing = i > 0 ? missing_between(&actor->lines[i - 1], &line) : 0;
		if (missing > 0) {
			struct logread_line remark = { .time_ms = line.time_ms,
				.incarnation = line.incarnation,
				.stream = LOGLINE_TRACTOR };
			int length = asprintf(&remark.text, "%ju line%s missing here", (uintmax_t)missing,
				missing == 1 ? " is" : "s are");
			remark.length = (size_t)length;
			output_need(length < 0 ? NULL : remark.text);
			logread_add(&whole, &remark);
		}
		logread_add(&whole, &line);
	}
	free(actor->lines);
	actor->lines = whole.lines;
	actor->count = whole.count;
	actor->room = whole.room;
}
