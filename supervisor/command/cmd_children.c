/*
 * cmd_children.c: administration of children: children, spec, add, delete, scale. The supervisor does it and says what makes no sense; a spec is read there, too, since that is who will run
 * it. What is taken for granted of an answer's shape: nothing; a field that isn't there is a "-".
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "input.h"
#include "output.h"
#include "spec.h"

#define NUMBER_BYTES 24

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* The number as text; "-" for one that is not there, or is 0 and then means that there is none. */
static const char *
number_of(const json_t *object, const char *key, bool zero_is_none, char text[NUMBER_BYTES])
{
	const json_t *number = json_object_get(object, key);

	if (!json_is_integer(number) || (zero_is_none && json_integer_value(number) == 0))
		return "-";
	snprintf(text, NUMBER_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
	return text;
}

/* --- children --- */

enum children_column { PATH, KIND, STATE, PID, INC, RESTART, RESTARTS, LAST_EXIT, CHILDREN_COLUMNS };

static const struct output_column children_columns[CHILDREN_COLUMNS] = {
	[PATH] = { "PATH", false },
	[KIND] = { "KIND", false },
	[STATE] = { "STATE", false },
	[PID] = { "PID", true },
	[INC] = { "INC", true },
	[RESTART] = { "RESTART", false },
	[RESTARTS] = { "RESTARTS", true },
	[LAST_EXIT] = { "LAST EXIT", false },
};

static void
add_child(struct output_table *table, const json_t *child)
{
	char pid[NUMBER_BYTES], incarnation[NUMBER_BYTES], restarts[NUMBER_BYTES];
	const char *const cells[CHILDREN_COLUMNS] = {
		[PATH] = text_of(child, "path"),
		[KIND] = text_of(child, "kind"),
		[STATE] = text_of(child, "state"),
		[PID] = number_of(child, "pid", true, pid),
		[INC] = number_of(child, "incarnation", false, incarnation),
		[RESTART] = text_of(child, "restart"),
		[RESTARTS] = number_of(child, "restarts", false, restarts),
		[LAST_EXIT] = text_of(child, "last_exit"),
	};

	output_table_add(table, cells);
}

/* "4 specs, 3 active, 1 supervisor, 3 workers": OTP's count_children. */
static void
print_counts(const json_t *counts)
{
	static const struct {
		const char *key, *one, *many;
	} words[] = { { "specs", "spec", "specs" }, { "active", "active", "active" },
		{ "supervisors", "supervisor", "supervisors" }, { "workers", "worker", "workers" } };
	char number[NUMBER_BYTES];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		printf("%s%s %s", i > 0 ? ", " : "", number_of(counts, words[i].key, false, number),
			json_integer_value(json_object_get(counts, words[i].key)) == 1 ? words[i].one
										       : words[i].many);
	putchar('\n');
}

static bool
print_children(void *arg, const json_t *data)
{
	const struct command_line *line = arg;
	const json_t *child;
	size_t i;

	if (line->json) {
		output_json_line(stdout, data);
		return true;
	}
	struct output_table *table = output_table_new(children_columns, CHILDREN_COLUMNS);
	json_array_foreach(json_object_get(data, "children"), i, child) add_child(table, child);
	output_table_print(table, stdout, NULL);
	output_table_free(table);
	print_counts(json_object_get(data, "counts"));
	return true;
}

int
cmd_children(const struct command_line *line)
{
	const struct client_call call = { client_request("children"), CLIENT_LIMIT_MS, false, print_children,
		(void *)line };

	return client_run(line, line->word_count > 0, &call);
}

/* --- spec --- */

/* Whether YAML, and the reader of tree files, take the text for itself without quotes. */
static bool
is_plain(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";

	return *text != '\0' && *text != '-' && strcmp(text, "null") != 0 &&
	       text[strspn(text, plain)] == '\0';
}

/* In flow style, so that one key is one line. */
static void
print_yaml(const json_t *value)
{
	const char *key, *before = "";
	const json_t *member;
	json_t *item;
	size_t i;

	if (json_is_string(value) && is_plain(json_string_value(value))) {
		fputs(json_string_value(value), stdout);
	} else if (json_is_array(value)) {
		putchar('[');
		json_array_foreach(value, i, member)
		{
			fputs(i > 0 ? ", " : "", stdout);
			print_yaml(member);
		}
		putchar(']');
	} else if (json_is_object(value)) {
		putchar('{');
		json_object_foreach((json_t *)value, key, item)
		{
			json_t *name = output_need(json_string(key));
			fputs(before, stdout);
			/* cppcheck-suppress uselessAssignmentPtrArg ; the next turn of the loop uses it */
			before = ", ";
			print_yaml(name);
			fputs(": ", stdout);
			print_yaml(item);
			json_decref(name);
		}
		putchar('}');
	} else {
		output_json(stdout, value);
	}
}

static bool
print_spec(void *arg, const json_t *data)
{
	const struct command_line *line = arg;
	const char *key, *directory = text_of(data, "directory");
	json_t *value;

	if (line->json) {
		output_json_line(stdout, data);
		return true;
	}
	if (*directory != '\0') {
		fputs("# runs in ", stdout);
		output_text(stdout, directory);
		putchar('\n');
	}
	json_object_foreach(json_object_get(data, "spec"), key, value)
	{
		output_text(stdout, key);
		fputs(": ", stdout);
		print_yaml(value);
		putchar('\n');
	}
	return true;
}

int
cmd_spec(const struct command_line *line)
{
	const struct client_call call = { client_request("spec"), CLIENT_LIMIT_MS, false, print_spec,
		(void *)line };

	return client_run(line, true, &call);
}

/* --- add and delete --- */

/* Says so where a script wants to read it. */
static int
finish(const struct command_line *line, int code)
{
	if (code == CONTROL_DONE && line->json)
		puts("{\"schema_version\":1,\"ok\":true}");
	return code;
}

/* A call that takes as long as it takes, unless the line has a limit. */
static struct client_call
steering_call(const struct command_line *line, const char *command, client_data *print)
{
	bool limited = line->timeout_ms != COMMAND_NO_TIMEOUT;

	return (struct client_call){ .request = client_request(command),
		.limit_ms = limited ? line->timeout_ms : CLIENT_LIMIT_MS,
		.patient = !limited,
		.data = print,
		.arg = (void *)line };
}

/* The only data that an add has: what is wrong with the spec. */
static bool
print_errors(void *arg, const json_t *data)
{
	const struct command_line *line = arg;
	char row[NUMBER_BYTES], column[NUMBER_BYTES];
	const json_t *error;
	size_t i;

	if (line->json) {
		output_json_line(stdout, data);
		return true;
	}
	json_array_foreach(json_object_get(data, "errors"), i, error)
	{
		fprintf(stderr, "SPEC:%s:%s: ", number_of(error, "line", false, row),
			number_of(error, "column", false, column));
		output_text(stderr, text_of(error, "text"));
		putc('\n', stderr);
	}
	return true;
}

/* The child's spec: the word itself, or standard input; to be freed. NULL: there is none, and that has been said. */
static char *
read_spec(const struct command_line *line)
{
	size_t size;

	if (strcmp(line->words[1], "-") != 0)
		return output_need(strdup(line->words[1]));
	char *text = input_read("a spec", &size);
	if (text == NULL || strlen(text) == size)
		return text;
	output_error("the spec has a NUL in it");
	free(text);
	return NULL;
}

int
cmd_add(const struct command_line *line)
{
	char *spec = read_spec(line), *here = spec != NULL ? getcwd(NULL, 0) : NULL;
	json_t *text = spec != NULL ? json_string(spec) : NULL,
	       *directory = here != NULL ? json_string(here) : NULL;
	int code = CONTROL_USAGE;

	if (spec != NULL && (text == NULL || directory == NULL)) {
		output_error(text == NULL   ? "the spec is not UTF-8"
			     : here == NULL ? "the current directory is not there any more"
					    : "the current directory's name is not UTF-8");
	} else if (spec != NULL) {
		struct client_call call = steering_call(line, "add", print_errors);
		json_object_set(call.request, "spec", text);
		json_object_set(call.request, "directory", directory);
		code = finish(line, client_run(line, true, &call));
	}
	json_decref(text);
	json_decref(directory);
	free(here);
	free(spec);
	return code;
}

int
cmd_delete(const struct command_line *line)
{
	struct client_call call = steering_call(line, "delete", NULL);

	return finish(line, client_run(line, true, &call));
}

/* --- scale --- */

static void
print_paths(const char *what, const json_t *paths)
{
	const json_t *path;
	size_t i;

	json_array_foreach(paths, i, path)
	{
		printf("%s ", what);
		output_text(stdout, json_is_string(path) ? json_string_value(path) : "-");
		putchar('\n');
	}
}

static bool
print_scale(void *arg, const json_t *data)
{
	const struct command_line *line = arg;
	char members[NUMBER_BYTES];

	if (line->json) {
		output_json_line(stdout, data);
		return true;
	}
	print_paths("started", json_object_get(data, "started"));
	print_paths("stopped", json_object_get(data, "stopped"));
	output_text(stdout, text_of(data, "path"));
	printf(" has %s member%s\n", number_of(data, "members", false, members),
		json_integer_value(json_object_get(data, "members")) == 1 ? "" : "s");
	return true;
}

int
cmd_scale(const struct command_line *line)
{
	const char *number = line->words[1];
	size_t length = strlen(number);
	long members = strtol(number, NULL, 10);

	if (length == 0 || length > 7 || strspn(number, "0123456789") != length || members > SPEC_POOL_MAX) {
		output_error("how many members? \"%.64s\" is no number from 0 to %d", number, SPEC_POOL_MAX);
		return CONTROL_USAGE;
	}
	struct client_call call = steering_call(line, "scale", print_scale);
	json_object_set_new(call.request, "members", json_integer(members));
	return client_run(line, true, &call);
}
