/*
 * cmd_reload.c: `tractor reload`: has the supervisor read its file again, and prints what changes, as soon as that is known; then waits until it
 * has been done. The file is the one that the tree was started from: nothing is read here.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "output.h"

struct printer {
	bool json;
};

static const char *
text_of(const json_t *data, const char *key)
{
	const char *text = json_string_value(json_object_get(data, key));

	return text != NULL ? text : "";
}

static void
print_error(const char *file, const json_t *error)
{
	json_int_t line = json_integer_value(json_object_get(error, "line"));

	output_text(stderr, file);
	if (line > 0)
		fprintf(stderr, ":%" JSON_INTEGER_FORMAT ":%" JSON_INTEGER_FORMAT, line,
			json_integer_value(json_object_get(error, "column")));
	fputs(": ", stderr);
	output_text(stderr, text_of(error, "text"));
	fputc('\n', stderr);
}

static void
print_errors(const json_t *data)
{
	const json_t *errors = json_object_get(data, "errors");

	for (size_t i = 0; i < json_array_size(errors); i++)
		print_error(text_of(data, "file"), json_array_get(errors, i));
}

/* "~ /shop/db  exec: ./a -> ./b (restart)" */
static void
print_change(const json_t *change)
{
	const char *kind = text_of(change, "change");

	fputs(strcmp(kind, "added") == 0 ? "+ " : strcmp(kind, "removed") == 0 ? "- " : "~ ", stdout);
	output_text(stdout, text_of(change, "path"));
	if (*text_of(change, "what") != '\0')
		fputs("  ", stdout);
	output_text(stdout, text_of(change, "what"));
	puts(strcmp(kind, "restarted") == 0 ? " (restart)" : "");
}

static void
print_changes(const json_t *changes)
{
	for (size_t i = 0; i < json_array_size(changes); i++)
		print_change(json_array_get(changes, i));
	if (json_array_size(changes) == 0)
		puts("= nothing changes");
}

/* What is wrong with the file; or what changes, and later each child that did not start. */
static bool
print_answer(void *arg, const json_t *data)
{
	const struct printer *printer = arg;

	if (printer->json) {
		output_json_line(stdout, data);
	} else if (json_object_get(data, "errors") != NULL) {
		print_errors(data);
	} else if (json_object_get(data, "changes") != NULL) {
		print_changes(json_object_get(data, "changes"));
	} else {
		char *path = output_safe(text_of(data, "path"));
		char *failure = output_safe(text_of(data, "failure"));
		output_error("%s did not start: %s", path, failure);
		free(path);
		free(failure);
	}
	return output_flush();
}

int
cmd_reload(const struct command_line *line)
{
	bool limited = line->timeout_ms != COMMAND_NO_TIMEOUT;
	struct printer printer = { .json = line->json };
	const struct client_call call = {
		.request = client_request("reload"),
		.limit_ms = limited ? line->timeout_ms : CLIENT_LIMIT_MS,
		.patient = !limited,
		.data = print_answer,
		.arg = &printer,
	};

	json_object_set_new(call.request, "dry_run", json_boolean(line->dry_run));
	return client_run(line, false, &call);
}
