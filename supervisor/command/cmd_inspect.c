/*
 * cmd_inspect.c: looking at a running tree: status, messages, events, version. Each asks the supervisor and prints what it answered,
 * taking nothing about the answer's shape for granted: a field that isn't there is a "-".
 */
#include <stdlib.h>
#include <string.h>

#include <tractor/version.h>

#include "client.h"
#include "output.h"

/* What an answer is printed with. */
struct printer {
	bool json;
	const char *path; /* what was asked about; streams: it and what is below it; NULL: everything */
};

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* --- status --- */

enum status_column { PATH, STATE, PID, INC, RESTARTS, UPTIME, MAILBOX, WHY, STATUS_COLUMNS };

static const struct output_column status_columns[STATUS_COLUMNS] = {
	[PATH] = { "PATH", false },
	[STATE] = { "STATE", false },
	[PID] = { "PID", true },
	[INC] = { "INC", true },
	[RESTARTS] = { "RESTARTS", true },
	[UPTIME] = { "UPTIME", true },
	[MAILBOX] = { "MAILBOX", true },
	[WHY] = { "WHY", false },
};

static const char *
status_style(size_t column, const char *cell)
{
	static const struct colour {
		const char *state, *sgr;
	} colours[] = { { "running", "32" }, { "starting", "33" }, { "waiting", "33" }, { "stopping", "33" },
		{ "stopped", "31" } };

	if (column == STATE)
		for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
			if (strcmp(cell, colours[i].state) == 0)
				return colours[i].sgr;
	return NULL;
}

struct cell {
	char text[OUTPUT_TIME_BYTES];
};

static struct cell
number_cell(const json_t *node, const char *key)
{
	const json_t *number = json_object_get(node, key);
	struct cell cell = { "-" };

	if (json_is_integer(number))
		snprintf(cell.text, sizeof(cell.text), "%" JSON_INTEGER_FORMAT, json_integer_value(number));
	return cell;
}

static struct cell
duration_cell(const json_t *node, const char *key)
{
	const json_t *ms = json_object_get(node, key);
	struct cell cell = { "-" };

	if (json_is_integer(ms))
		output_duration(json_integer_value(ms), cell.text);
	return cell;
}

/* Why it is as it is: how it ended last, what was said of that, when it will be tried again; of a supervisor its strategy. */
static char *
why_cell(const json_t *node)
{
	const char *why = text_of(node, "why"), *last = text_of(node, "last_exit"),
		   *strategy = text_of(node, "strategy");
	const struct cell next = duration_cell(node, "next_attempt_ms");
	char *text = NULL;
	size_t size;
	FILE *stream = output_need(open_memstream(&text, &size));

	if (*text_of(node, "held_by") != '\0') /* then that is why, whatever it last died of */
		fputs(why, stream);
	else if (*last != '\0')
		fprintf(stream, "last exit: %s%s%s", last, *why != '\0' ? ": " : "", why);
	else
		fputs(*why != '\0' ? why : strategy, stream);
	if (strcmp(next.text, "-") != 0)
		fprintf(stream, "%snext attempt in %s", ftell(stream) > 0 ? "; " : "", next.text);
	fclose(stream);
	return output_need(text);
}

/* Recurses once per supervisor below supervisors. */
static void
add_node(struct output_table *table, const json_t *node)
{
	const json_t *child;
	size_t i;
	const struct cell pid = number_cell(node, "pid"), incarnation = number_cell(node, "incarnation"),
			  restarts = number_cell(node, "restarts"), uptime = duration_cell(node, "uptime_ms"),
			  mailbox = number_cell(node, "mailbox");
	char *why = why_cell(node);
	const char *const cells[STATUS_COLUMNS] = {
		[PATH] = text_of(node, "path"),
		[STATE] = text_of(node, "state"),
		[PID] = strcmp(pid.text, "0") == 0 ? NULL : pid.text,
		[INC] = incarnation.text,
		[RESTARTS] = restarts.text,
		[UPTIME] = strcmp(text_of(node, "state"), "running") == 0 ? uptime.text : NULL,
		[MAILBOX] = mailbox.text,
		[WHY] = why,
	};

	output_table_add(table, cells);
	free(why);
	json_array_foreach(json_object_get(node, "children"), i, child) add_node(table, child);
}

static bool
print_status(void *arg, const json_t *data)
{
	const struct printer *printer = arg;

	if (printer->json) {
		output_json_line(stdout, data);
		return true;
	}
	struct output_table *table = output_table_new(status_columns, STATUS_COLUMNS);
	add_node(table, json_object_get(data, "root"));
	output_table_print(table, stdout, status_style);
	output_table_free(table);
	return true;
}

int
cmd_status(const struct command_line *line)
{
	struct printer printer = { .json = line->json };
	const struct client_call call = { client_request("status"), CLIENT_LIMIT_MS, false, print_status,
		&printer };

	return client_run(line, line->word_count > 0, &call);
}

/* --- messages --- */

static bool
print_messages(void *arg, const json_t *data)
{
	const struct printer *printer = arg;
	const json_t *messages = json_object_get(data, "messages"), *message;
	size_t i;

	if (printer->json) {
		output_json_line(stdout, data);
		return true;
	}
	if (json_array_size(messages) == 0)
		output_error("%.200s understands no messages", printer->path);
	json_array_foreach(messages, i, message)
	{
		output_text(stdout, text_of(message, "text"));
		putchar('\n');
	}
	return true;
}

int
cmd_messages(const struct command_line *line)
{
	struct printer printer = { .json = line->json, .path = line->words[0] };
	const struct client_call call = { client_request("messages"), CLIENT_LIMIT_MS, false, print_messages,
		&printer };

	return client_run(line, true, &call);
}

/* --- events: one line for each --- */

/* "2026-11-23 07:22:27.123 " */
static void
print_time(const json_t *data)
{
	const json_t *time = json_object_get(data, "time");
	char text[OUTPUT_TIME_BYTES];

	if (json_is_integer(time))
		fputs(output_time(json_integer_value(time), text), stdout);
	else
		output_text(stdout, text_of(data, "time"));
	putchar(' ');
}

/* "/shop/db#2", without the number where there is no incarnation. */
static void
print_who(const json_t *data)
{
	json_int_t incarnation = json_integer_value(json_object_get(data, "incarnation"));

	output_text(stdout, text_of(data, "path"));
	if (incarnation > 0)
		printf("#%" JSON_INTEGER_FORMAT, incarnation);
}

static bool
print_event(void *arg, const json_t *data)
{
	const struct printer *printer = arg;

	if (!spec_path_below(printer->path, text_of(data, "path")))
		return true;
	if (printer->json) {
		output_json_line(stdout, data);
		return output_flush();
	}
	print_time(data);
	output_text(stdout, text_of(data, "event"));
	putchar(' ');
	print_who(data);
	if (*text_of(data, "text") != '\0')
		putchar(' ');
	output_text(stdout, text_of(data, "text"));
	putchar('\n');
	return output_flush();
}

/* What is followed ends when the tree does; how long nothing happens says nothing. */
int
cmd_events(const struct command_line *line)
{
	bool has_path = line->word_count > 0;
	struct printer printer = { .json = line->json, .path = has_path ? line->words[0] : NULL };
	const struct client_call call = {
		.request = client_request("events"),
		.limit_ms = line->follow ? CLIENT_FOREVER : CLIENT_LIMIT_MS,
		.data = print_event,
		.arg = &printer,
	};

	json_object_set_new(call.request, "follow", json_boolean(line->follow));
	return client_run(line, has_path, &call);
}

/* --- version --- */

static bool
print_supervisor_version(void *arg, const json_t *data)
{
	const struct printer *printer = arg;

	if (printer->json) {
		json_t *both = json_pack("{s:s, s:O}", "version", TRACTOR_VERSION, "supervisor", data);
		output_json_line(stdout, output_need(both));
		json_decref(both);
		return true;
	}
	printf("tractor %s\nsupervisor ", TRACTOR_VERSION);
	output_text(stdout, text_of(data, "version"));
	putchar('\n');
	return true;
}

/* The command's own, which needs no tree; with -t (or TRACTOR_TREE) that tree's supervisor's too. */
int
cmd_version(const struct command_line *line)
{
	struct printer printer = { .json = line->json };

	if (line->tree != NULL && !(line->given & OPTION_VERSION)) {
		const struct client_call call = { client_request("version"), CLIENT_LIMIT_MS, false,
			print_supervisor_version, &printer };
		return client_run(line, false, &call);
	}
	if (line->json)
		puts("{\"schema_version\":1,\"version\":\"" TRACTOR_VERSION "\"}");
	else
		puts("tractor " TRACTOR_VERSION);
	return CONTROL_DONE;
}
