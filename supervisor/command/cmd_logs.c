/*
 * cmd_logs.c: what the actors printed: read from the log files, which are there when the supervisor is not. A running one is asked first: it sees to it that the files have all that was printed until
 * then, tells what they could not take, and goes on with what comes. One that doesn't answer costs that, and not the rest.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clientfind.h"
#include "logread.h"
#include "output.h"
#include "since.h"

#define LINES_DEFAULT 1000 /* what one can still look through */

struct logs {
	const struct command_line *line;
	const char *path; /* NULL: all */
	struct client_tree tree;
	int64_t since_ms;
	size_t most;
	struct logread read; /* what was printed until the request */
	bool shown;
	bool any; /* some line was there */
};

/* --- printing --- */

static void
print_json(const char *path, const struct logread_line *line)
{
	json_t *json = output_need(json_pack("{s:i, s:I, s:s, s:s, s:I, s:o}", "schema_version", 1, "time",
		(json_int_t)line->time_ms, "stream", logline_stream_name(line->stream), "path", path,
		"incarnation", (json_int_t)line->incarnation, "text",
		json_stringn(line->text, line->length)));

	output_json_line(stdout, json);
	json_decref(json);
}

/* "2026-11-23 07:22:27.123 /shop/db#2 | text" */
static void
print_text(const char *path, const struct logread_line *line)
{
	static const char *const marks[] = {
		[LOGLINE_STDOUT] = "|", [LOGLINE_STDERR] = "!", [LOGLINE_TRACTOR] = "*"
	};
	char time[OUTPUT_TIME_BYTES];

	printf("%s ", output_time(line->time_ms, time));
	output_text(stdout, path);
	printf("#%u %s ", line->incarnation, marks[line->stream]);
	output_bytes(stdout, line->text, line->length);
	putchar('\n');
}

static void
print_line(const struct logs *logs, const char *path, const struct logread_line *line)
{
	if (logs->line->json)
		print_json(path, line);
	else
		print_text(path, line);
}

/* --- what was printed until the request --- */

/* A line among those of all actors. */
struct placed {
	int64_t time_ms; /* its own, or that of one before it: clocks may be set back, and an actor's lines stay in order */
	size_t actor, place;
};

static int
by_time(const void *a, const void *b)
{
	const struct placed *left = a, *right = b;

	if (left->time_ms != right->time_ms)
		return left->time_ms < right->time_ms ? -1 : 1;
	if (left->actor != right->actor)
		return left->actor < right->actor ? -1 : 1;
	return (left->place > right->place) - (left->place < right->place);
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct logread_actor *)a)->path, ((const struct logread_actor *)b)->path);
}

static void
order(struct logs *logs)
{
	if (logs->read.count > 0)
		qsort(logs->read.actors, logs->read.count, sizeof(*logs->read.actors), by_path);
	for (size_t i = 0; i < logs->read.count; i++) {
		struct logread_actor *actor = &logs->read.actors[i];
		logread_order(actor);
		if (logs->line->previous)
			logread_keep_previous(actor);
		logread_remark(actor);
	}
}

/* All of them in one list, to be freed. */
static struct placed *
merge(const struct logread *read, size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < read->count; i++)
		count += read->actors[i].count;
	struct placed *all = output_need(calloc(count + 1, sizeof(*all)));
	count = 0;
	for (size_t i = 0; i < read->count; i++) {
		int64_t time_ms = INT64_MIN;
		for (size_t k = 0; k < read->actors[i].count; k++) {
			int64_t its_ms = read->actors[i].lines[k].time_ms;
			time_ms = its_ms > time_ms ? its_ms : time_ms;
			all[count++] = (struct placed){ time_ms, i, k };
		}
	}
	qsort(all, count, sizeof(*all), by_time);
	*ret_count = count;
	return all;
}

static void
print_all(struct logs *logs)
{
	size_t count;
	struct placed *all = merge(&logs->read, &count);

	logs->any = count > 0;
	for (size_t i = count > logs->most ? count - logs->most : 0; i < count; i++) {
		const struct logread_actor *actor = &logs->read.actors[all[i].actor];
		const struct logread_line *line = &actor->lines[all[i].place];
		if (line->time_ms >= logs->since_ms)
			print_line(logs, actor->path, line);
	}
	free(all);
}

static void
show_history(struct logs *logs)
{
	/* Which of them are the previous incarnation's is not known before all have been read. */
	logread_files(&logs->read, &logs->tree, logs->path, logs->line->previous ? SIZE_MAX : logs->most,
		logs->since_ms);
	order(logs);
	print_all(logs);
	logs->shown = true;
}

/* --- what the supervisor says --- */

static void
note_actors(struct logs *logs, const json_t *actors)
{
	const json_t *json;
	size_t i;

	json_array_foreach(actors, i, json)
	{
		const char *path = json_string_value(json_object_get(json, "path"));
		if (path == NULL)
			continue;
		struct logread_actor *actor = logread_actor(&logs->read, path);
		actor->is_present = true;
		actor->run = json_integer_value(json_object_get(json, "run"));
		actor->incarnation = (uint32_t)json_integer_value(json_object_get(json, "incarnation"));
		actor->has_files = json_is_true(json_object_get(json, "files"));
	}
}

/* One that came after the request may have been in a file already. */
static void
print_new(const struct logs *logs, const struct logread_actor *actor, const struct logread_line *line)
{
	size_t count = actor->count;
	const struct logread_line *last =
		count > 0 ? &actor->lines[count - 1] : NULL; /* no remark: these come before a line */

	if (last == NULL || last->run != line->run || last->number < line->number)
		print_line(logs, actor->path, line);
}

static void
take_line(struct logs *logs, const json_t *data)
{
	const char *path = json_string_value(json_object_get(data, "path"));
	struct logread_line line;

	if (path == NULL || !spec_path_below(logs->path, path) || !logread_parse(data, &line))
		return;
	struct logread_actor *actor = logread_actor(&logs->read, path);
	if (!logs->shown) {
		logread_add(actor, &line);
		return;
	}
	print_new(logs, actor, &line);
	free(line.text);
}

static bool
hear(void *arg, const json_t *data)
{
	struct logs *logs = arg;

	if (json_object_get(data, "actors") != NULL)
		note_actors(logs, json_object_get(data, "actors"));
	else if (json_object_get(data, "caught_up") != NULL)
		show_history(logs);
	else
		take_line(logs, data);
	return !logs->shown || output_flush();
}

static void
ask(struct logs *logs, struct client_end *end)
{
	const struct client_call call = {
		.request = client_request("logs"),
		.limit_ms = logs->line->follow ? CLIENT_FOREVER : CLIENT_LIMIT_MS,
		.data = hear,
		.arg = logs,
	};

	if (logs->path != NULL)
		json_object_set_new(call.request, "path", json_string(logs->path));
	json_object_set_new(call.request, "follow", json_boolean(logs->line->follow));
	client_ask(&logs->tree, &call, end);
}

/* --- the command --- */

/* The path begins with the tree's name, or says nothing of it. */
static bool
is_named(const struct client_tree *tree, const char *path)
{
	char root[SPEC_NAME_MAX + 2];

	snprintf(root, sizeof(root), "/%s", tree->name);
	return path == NULL || spec_path_below(root, path);
}

/* The tree that is meant: one that runs, else one that has run. False: there is none, and the end says so. */
static bool
choose(struct logs *logs, bool *ret_runs, struct client_end *end)
{
	const char *name = logs->line->tree;
	char root[CLIENT_ROOT_BYTES];
	struct client_tree left;
	struct client_end none = { .code = CONTROL_DONE };
	bool runs = client_choose(name, logs->path, CLIENT_RUNNING, &logs->tree, end);

	*ret_runs = true;
	if ((runs && is_named(&logs->tree, logs->path)) || logs->line->follow)
		return runs;
	if (name == NULL && logs->path != NULL)
		name = client_root_name(logs->path, root);
	if (client_choose(name, NULL, CLIENT_LOGGED, &left, &none) && is_named(&left, logs->path)) {
		*ret_runs = runs && strcmp(left.directory, logs->tree.directory) == 0;
		logs->tree = left;
		return true;
	}
	if (!runs && none.code != CONTROL_DONE)
		*end = none; /* it says what there is; the other what runs */
	return runs;
}

static bool
read_options(struct logs *logs, struct client_end *end)
{
	const struct command_line *line = logs->line;
	struct treevalue_fault fault;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	logs->since_ms = INT64_MIN;
	logs->most = line->lines >= 0 ? (size_t)line->lines : SIZE_MAX;
	if (line->lines == COMMAND_DEFAULT && line->since == NULL && !line->previous)
		logs->most = LINES_DEFAULT;
	if (line->previous && line->follow)
		client_set_end(end, CONTROL_USAGE,
			"--previous is over, and there is nothing to follow; leave out one of the two");
	else if (line->since != NULL &&
		 since_parse(line->since, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, &logs->since_ms,
			 &fault) != TRACTOR_OK)
		client_set_end(end, CONTROL_USAGE, "--since: %s", fault.text);
	else
		return logs->path == NULL || client_check_path(logs->path, end);
	return false;
}

/* If so, and nothing is there, nothing has been printed at all. */
static bool
is_about_all(const struct logs *logs)
{
	const struct command_line *line = logs->line;

	return logs->path == NULL && line->since == NULL && !line->previous && !line->follow &&
	       logs->most > 0;
}

int
cmd_logs(const struct command_line *line)
{
	struct logs logs = { .line = line, .path = line->word_count > 0 ? line->words[0] : NULL };
	struct client_end end = { .code = CONTROL_DONE };
	bool runs = false;

	if (!read_options(&logs, &end) || !choose(&logs, &runs, &end))
		return client_finish(&end);
	end = (struct client_end){ .code = CONTROL_DONE };
	if (runs)
		ask(&logs, &end);
	if (!logs.shown)
		show_history(&logs);
	/* One that is no more may have left its log. */
	if (logs.any && end.code == CONTROL_NO_ACTOR && !line->follow)
		end.code = CONTROL_DONE;
	if (!runs && !logs.any && logs.path != NULL)
		client_set_end(&end, CONTROL_NO_ACTOR,
			"nothing that %.200s printed is there, and the tree does not run", logs.path);
	else if (is_about_all(&logs) && !logs.any && end.code == CONTROL_DONE)
		output_error("nothing has been printed in \"%s\"", logs.tree.name);
	logread_free(&logs.read);
	return client_finish(&end);
}
