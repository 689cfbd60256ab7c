/*
 * cmd_crashes.c: crash reports, read from the run directory: they are there when the supervisor is not.
 *
 * A report is crashes/ID.json, an object with what the black box had to say, so much of it comes from a process that had just gone wrong. What can't be
 * read is passed over with a word; what is shown is bounded and made safe.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clientfind.h"
#include "output.h"
#include "suggest.h"
#include "utf8.h"

#define FOLDER "crashes"
#define SUFFIX ".json"
#define REPORT_MAX_BYTES \
	(4 << 20) /* some times the largest that is written: a report shows so much of a message and no more */

#define SHOWN_BYTES 2000 /* of one value, to a person; --json has all that the report has */

struct report {
	char *id;
	json_t *body;
};

struct reports {
	struct report *items;
	size_t count;
};

/* --- reading --- */

static bool
id_of_file(const char *file, char **ret_id)
{
	size_t length = strlen(file), suffix = strlen(SUFFIX);

	if (file[0] == '.' || length <= suffix || strcmp(file + length - suffix, SUFFIX) != 0)
		return false;
	*ret_id = output_need(strndup(file, length - suffix));
	return true;
}

/* NULL: it isn't there, is no file, or no report; `errno` or `ret_why` says so. */
static json_t *
read_report(int folder, const char *file, json_error_t *ret_why)
{
	struct stat status;
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	json_t *body = NULL;

	strcpy(ret_why->text, "");
	if (fd < 0 || fstat(fd, &status) != 0)
		snprintf(ret_why->text, sizeof(ret_why->text), "%s", strerror(errno));
	else if (!S_ISREG(status.st_mode) || status.st_size > REPORT_MAX_BYTES)
		strcpy(ret_why->text, "it is no file of ordinary size");
	else
		body = json_loadfd(fd, JSON_ALLOW_NUL, ret_why);
	if (fd >= 0)
		close(fd);
	if (body == NULL || json_is_object(body))
		return body;
	strcpy(ret_why->text, "it is no JSON object");
	json_decref(body);
	return NULL;
}

/* The moment, as a number if it is one. */
static json_int_t
time_of(const json_t *body)
{
	return json_integer_value(json_object_get(body, "time"));
}

/* By time; where that says nothing, by id, the shorter first: 9 before 10. */
static int
by_time(const void *a, const void *b)
{
	const struct report *left = a, *right = b;
	size_t left_length = strlen(left->id), right_length = strlen(right->id);

	if (time_of(left->body) != time_of(right->body))
		return time_of(left->body) < time_of(right->body) ? -1 : 1;
	if (left_length != right_length)
		return left_length < right_length ? -1 : 1;
	return strcmp(left->id, right->id);
}

static void
add_report(struct reports *reports, int folder, const char *file)
{
	json_error_t why;
	char *id;

	if (!id_of_file(file, &id))
		return;
	json_t *body = read_report(folder, file, &why);
	if (body == NULL) {
		output_error("the report %s is passed over: %s", file, why.text);
		free(id);
		return;
	}
	reports->items =
		output_need(reallocarray(reports->items, reports->count + 1, sizeof(*reports->items)));
	reports->items[reports->count++] = (struct report){ .id = id, .body = body };
}

static void
read_reports(int folder, struct reports *reports)
{
	int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	DIR *directory = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		add_report(reports, folder, entry->d_name);
	if (directory != NULL)
		closedir(directory);
	if (reports->count > 0)
		qsort(reports->items, reports->count, sizeof(*reports->items), by_time);
}

static void
free_reports(struct reports *reports)
{
	for (size_t i = 0; i < reports->count; i++) {
		free(reports->items[i].id);
		json_decref(reports->items[i].body);
	}
	free(reports->items);
}

/* --- printing --- */

/* "counter.increment": of the message in hand; to be freed. */
static char *
message_name(const json_t *message)
{
	const char *protocol = json_string_value(json_object_get(message, "protocol"));
	const char *name = json_string_value(json_object_get(message, "name"));
	const char *fingerprint = json_string_value(json_object_get(message, "fingerprint"));
	char *text;
	int made;

	if (json_is_string(message))
		made = asprintf(&text, "%s", json_string_value(message));
	else if (protocol != NULL && name != NULL)
		made = asprintf(&text, "%s.%s", protocol, name);
	else
		made = asprintf(&text, "%s", fingerprint != NULL ? fingerprint : "-");
	return output_need(made < 0 ? NULL : text);
}

/* A string as it is, anything else as JSON; to be freed. */
static char *
value_text(const json_t *value)
{
	char *text = NULL;
	size_t size;
	FILE *stream = output_need(open_memstream(&text, &size));

	if (json_is_string(value))
		fputs(json_string_value(value), stream);
	else if (value != NULL && !json_is_null(value))
		output_json(stream, value);
	fclose(stream);
	return output_need(text);
}

static char *
time_text(const json_t *value)
{
	char text[OUTPUT_TIME_BYTES];

	if (!json_is_integer(value))
		return value_text(value);
	return output_need(strdup(output_time(json_integer_value(value), text)));
}

static const struct output_column columns[] = {
	{ "ID", false },
	{ "TIME", false },
	{ "PATH", false },
	{ "CAUSE", false },
	{ "MESSAGE", false },
	{ "VERDICT", false },
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static void
add_row(struct output_table *table, const struct report *report)
{
	const json_t *body = report->body;
	char *cells[COLUMN_COUNT] = {
		output_need(strdup(report->id)),
		time_text(json_object_get(body, "time")),
		value_text(json_object_get(body, "path")),
		value_text(json_object_get(body, "cause")),
		message_name(json_object_get(body, "message")),
		value_text(json_object_get(body, "verdict")),
	};

	output_table_add(table, (const char *const *)cells);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		free(cells[i]);
}

static json_t *
row_json(const struct report *report)
{
	static const char *const keys[] = { "time", "path", "incarnation", "cause" };
	char *message = message_name(json_object_get(report->body, "message"));
	json_t *row = output_need(json_pack("{s:s}", "id", report->id));

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(row, keys[i], json_object_get(report->body, keys[i]));
	json_object_set_new(row, "message", strcmp(message, "-") != 0 ? json_string(message) : json_null());
	json_object_set(row, "verdict", json_object_get(report->body, "verdict"));
	free(message);
	return row;
}

static void
print_list(const struct reports *reports, bool json)
{
	if (json) {
		json_t *rows = output_need(json_array());
		for (size_t i = 0; i < reports->count; i++)
			json_array_append_new(rows, row_json(&reports->items[i]));
		json_t *whole = output_need(json_pack("{s:o}", "crashes", rows));
		output_json_line(stdout, whole);
		json_decref(whole);
		return;
	}
	struct output_table *table = output_table_new(columns, COLUMN_COUNT);
	for (size_t i = 0; i < reports->count; i++)
		add_row(table, &reports->items[i]);
	if (reports->count > 0)
		output_table_print(table, stdout, NULL);
	else
		output_error("nothing has crashed");
	output_table_free(table);
}

/* On the line that was begun, and no more of it than somebody will read. */
static void
print_value(const char *text)
{
	size_t length = strlen(text), shown = utf8_fit(text, length, SHOWN_BYTES);
	char *head = output_need(strndup(text, shown));

	output_text(stdout, head);
	if (shown < length)
		printf("... (%zu bytes more, with --json)", length - shown);
	free(head);
}

/* "counter_on_get+0x12 at counter.c:17 in /usr/bin/counter", as much of it as is known. */
static void
print_frame(const json_t *frame)
{
	static const struct part {
		const char *key, *before;
	} parts[] = { { "function", " " }, { "offset", "+" }, { "file", " at " }, { "line", ":" },
		{ "module", " in " } };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *text = value_text(json_object_get(frame, parts[i].key));
		if (*text != '\0') {
			/* An offset without a function is one into the module. */
			if (strcmp(parts[i].key, "offset") == 0 &&
				!json_is_string(json_object_get(frame, "function")))
				putchar(' ');
			fputs(parts[i].before, stdout);
			print_value(text);
		}
		free(text);
	}
}

/* One line for each; frames of the backtrace are numbered. */
static void
print_items(const json_t *items)
{
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
	{
		fputs("    ", stdout);
		if (json_object_get(item, "module") != NULL || json_object_get(item, "function") != NULL) {
			printf("#%zu", i);
			print_frame(item);
		} else {
			char *text = value_text(item);
			print_value(text);
			free(text);
		}
		putchar('\n');
	}
}

/* Every field, in the report's own order: one that is new is shown too. */
static void
print_field(const char *key, const json_t *value)
{
	char *label = output_need(strdup(key));
	bool is_empty = json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
			(json_is_array(value) && json_array_size(value) == 0);

	if (is_empty)
		goto out;
	for (char *at = strchr(label, '_'); at != NULL; at = strchr(at, '_'))
		*at = ' ';
	fputs("  ", stdout);
	output_text(stdout, label);
	if (json_is_array(value) && strcmp(key, "registers") != 0) {
		putchar('\n');
		print_items(value);
	} else {
		char *text = strcmp(key, "time") == 0 ? time_text(value) : value_text(value);
		printf("%*s", (int)(strlen(key) < 20 ? 21 - strlen(key) : 1), "");
		print_value(text);
		putchar('\n');
		free(text);
	}
out:
	free(label);
}

static void
print_report(const struct report *report, bool json)
{
	const char *key;
	json_t *value;

	if (json) {
		output_json_line(stdout, report->body);
		return;
	}
	fputs("crash ", stdout);
	output_text(stdout, report->id);
	putchar('\n');
	json_object_foreach(
		report->body, key, value) if (strcmp(key, "id") != 0 && strcmp(key, "schema_version") != 0)
		print_field(key, value);
}

/* --- the commands --- */

static int
list(int folder, bool json)
{
	struct reports reports = { 0 };

	read_reports(folder, &reports);
	print_list(&reports, json);
	free_reports(&reports);
	return CONTROL_DONE;
}

static int
unknown_id(const struct reports *reports, const char *id)
{
	const char **ids = output_need(calloc(reports->count + 1, sizeof(*ids)));

	for (size_t i = 0; i < reports->count; i++)
		ids[i] = reports->items[i].id;
	const char *meant = suggest_word(id, ids, reports->count);
	if (meant != NULL)
		output_error("there is no crash \"%.100s\"; did you mean \"%s\"?", id, meant);
	else
		output_error("there is no crash \"%.100s\"; see: tractor crashes list", id);
	free(ids);
	return CONTROL_FAILED;
}

/* The one with that id, or the only one whose id begins so. NULL: none, or several. */
static const struct report *
find_report(const struct reports *reports, const char *id)
{
	const struct report *found = NULL;

	for (size_t i = 0; i < reports->count; i++) {
		const struct report *report = &reports->items[i];
		if (strcmp(report->id, id) == 0)
			return report;
		if (strncmp(report->id, id, strlen(id)) == 0) {
			if (found != NULL)
				return NULL;
			found = report;
		}
	}
	return found;
}

static int
show(int folder, const char *id, bool json)
{
	struct reports reports = { 0 };
	int code = CONTROL_DONE;

	read_reports(folder, &reports);
	const struct report *report = *id != '\0' ? find_report(&reports, id) : NULL;
	if (report != NULL)
		print_report(report, json);
	else
		code = unknown_id(&reports, id);
	free_reports(&reports);
	return code;
}

/* The folder of the tree that is meant: of one that runs, else of one that has run. -1: none; it has been said. */
static int
open_folder(const struct command_line *line, int *ret_code)
{
	struct client_tree tree;
	struct client_end end = { .code = CONTROL_DONE };
	char path[PATH_MAX + sizeof(FOLDER) + 1];

	if (!client_choose(line->tree, NULL, CLIENT_RUNNING, &tree, &end) &&
		!client_choose(line->tree, NULL, CLIENT_LEFT, &tree, &end)) {
		*ret_code = client_finish(&end);
		return -1;
	}
	snprintf(path, sizeof(path), "%s/%s", tree.directory, FOLDER);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		output_error("%s: %s", path, strerror(errno));
		*ret_code = errno == EACCES ? CONTROL_NOT_ALLOWED : CONTROL_FAILED;
	}
	return folder;
}

static int
run(const struct command_line *line, const char *what)
{
	static const char *const words[] = { "list", "show" };
	int code;

	if (strcmp(what, "list") != 0 && strcmp(what, "show") != 0) {
		const char *meant = suggest_word(what, words, 2);
		output_error("crashes list, or crashes show ID; not crashes %.64s%s%s%s", what,
			meant != NULL ? "; did you mean \"" : "", meant != NULL ? meant : "",
			meant != NULL ? "\"?" : "");
		return CONTROL_USAGE;
	}
	if (strcmp(what, "show") == 0 && line->word_count < 2) {
		output_error("crashes show which? see: tractor crashes list");
		return CONTROL_USAGE;
	}
	if (strcmp(what, "list") == 0 && line->word_count > 1) {
		output_error("\"%.64s\" is too much; it is: tractor crashes list", line->words[1]);
		return CONTROL_USAGE;
	}
	int folder = open_folder(line, &code);
	if (folder < 0)
		return code;
	code = strcmp(what, "show") == 0 ? show(folder, line->words[1], line->json)
					 : list(folder, line->json);
	close(folder);
	return code;
}

int
cmd_crashes(const struct command_line *line)
{
	return run(line, line->word_count > 0 ? line->words[0] : "list");
}
