/*
 * crashtext.c: a crash report for a person: what it was, where, with what in hand, and what was done; then what else there is, the longest last. A report is what a process left that had gone wrong, so any
 * field may be missing, or be something else: it is then shown as it is, bounded and made safe.
 */
#include "crashtext.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "unwound.h"
#include "utf8.h"

#define SHOWN_BYTES 2000 /* of one value, to a person; --json has all that the report has */
#define LABEL_WIDTH 20

/* --- values --- */

char *
crashtext_value(const json_t *value)
{
	char *text = NULL;
	size_t size;
	FILE *stream = output_need(open_memstream(&text, &size));

	if (json_is_string(value))
		fputs(json_string_value(value), stream);
	else if (value != NULL && !json_is_null(value))
		output_json(stream, value);
	else
		fputs("-", stream);
	fclose(stream);
	return output_need(text);
}

char *
crashtext_time(const json_t *value)
{
	char text[OUTPUT_TIME_BYTES];

	if (!json_is_integer(value))
		return crashtext_value(value);
	return output_need(strdup(output_time(json_integer_value(value), text)));
}

char *
crashtext_message(const json_t *report)
{
	const json_t *message = json_object_get(report, "message");
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

char *
crashtext_top(const json_t *report)
{
	char text[UNWOUND_TOP_BYTES];

	unwound_top(report, text);
	return output_need(strdup(*text != '\0' ? text : "-"));
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* Nothing that would be worth a line. */
static bool
is_empty(const json_t *value)
{
	return value == NULL || json_is_null(value) ||
	       (json_is_string(value) && json_string_length(value) == 0) ||
	       ((json_is_array(value) && json_array_size(value) == 0) ||
		       (json_is_object(value) && json_object_size(value) == 0));
}

/* --- printing --- */

/* On the line that was begun, and no more of it than somebody will read. */
static void
print_text(const char *text)
{
	size_t length = strlen(text), shown = utf8_fit(text, length, SHOWN_BYTES);
	char *head = output_need(strndup(text, shown));

	output_text(stdout, head);
	if (shown < length)
		printf("... (%zu bytes more, with --json)", length - shown);
	free(head);
}

static void
print_value(const json_t *value)
{
	char *text = crashtext_value(value);

	print_text(text);
	free(text);
}

static void
print_label(const char *label)
{
	fputs("  ", stdout);
	output_text(stdout, label);
	printf("%*s", strlen(label) < LABEL_WIDTH ? (int)(LABEL_WIDTH + 1 - strlen(label)) : 1, "");
}

static void
print_line(const char *label, const char *text)
{
	print_label(label);
	print_text(text);
	putchar('\n');
}

/* A heading for the lines that follow. */
static void
print_heading(const char *label)
{
	fputs("  ", stdout);
	output_text(stdout, label);
	putchar('\n');
}

/* --- what it was --- */

/* "signal: SIGSEGV (SEGV_MAPERR) at address 0x0", "exit: exit 3", "deadline" */
static void
print_cause(const char *label, const json_t *report, const json_t *value)
{
	const char *signal = text_of(report, "signal"), *code = text_of(report, "code_name"),
		   *address = text_of(report, "fault_address"), *exit = text_of(report, "exit");
	const json_t *sender = json_object_get(report, "signal_sender"),
		     *pid = json_object_get(report, "pid");

	print_label(label);
	print_value(value);
	if (*signal != '\0')
		fputs(": ", stdout);
	print_text(signal);
	if (*code != '\0') {
		fputs(" (", stdout);
		print_text(code);
		putchar(')');
	}
	if (*address != '\0') {
		fputs(" at address ", stdout);
		print_text(address);
	}
	if (json_is_integer(sender) && !json_equal((json_t *)sender, (json_t *)pid))
		printf(", sent by process %lld", (long long)json_integer_value(sender));
	if (*signal == '\0' && *exit != '\0') {
		fputs(": ", stdout);
		print_text(exit);
	}
	putchar('\n');
}

static void
print_message(const char *label, const json_t *report, const json_t *value)
{
	const json_t *age = json_object_get(value, "age_ms"), *in_hand = json_object_get(value, "in_hand_ms"),
		     *fields = json_object_get(value, "fields");
	char *name = crashtext_message(report), *text = crashtext_value(fields);

	print_label(label);
	print_text(name);
	if (!is_empty(fields)) {
		putchar(' ');
		print_text(text);
	}
	putchar('\n');
	print_line("sender", *text_of(report, "sender") != '\0' ? text_of(report, "sender") : "a program");
	if (json_is_integer(age)) {
		char sent[OUTPUT_TIME_BYTES], held[OUTPUT_TIME_BYTES];
		print_label("sent");
		printf("%s before", output_duration(json_integer_value(age), sent));
		if (json_is_integer(in_hand))
			printf(", %s of it in hand", output_duration(json_integer_value(in_hand), held));
		putchar('\n');
	}
	free(name);
	free(text);
}

/* Worth a word only if it was another's fault. */
static void
print_thread(const char *label, const json_t *report, const json_t *value)
{
	if (json_equal((json_t *)value, json_object_get(report, "pid")))
		return;
	print_label(label);
	print_value(value);
	fputs(", which is not the actor's own\n", stdout);
}

/* --- what was done --- */

static void
print_action(const char *label, const json_t *report, const json_t *value)
{
	const json_t *after = json_object_get(report, "after_ms"), *sibling;
	size_t i;

	print_label(label);
	print_value(value);
	if (json_is_integer(after))
		printf(", after %lld ms", (long long)json_integer_value(after));
	json_array_foreach(json_object_get(report, "siblings"), i, sibling)
	{
		fputs(i == 0 ? ", and with it " : ", ", stdout);
		print_value(sibling);
	}
	putchar('\n');
}

static void
print_restarts(const char *label, const json_t *report, const json_t *value)
{
	char period[OUTPUT_TIME_BYTES];

	print_label(label);
	print_value(value);
	fputs(" of it; its supervisor made ", stdout);
	print_value(json_object_get(report, "restarts_in_window"));
	fputs(" of ", stdout);
	print_value(json_object_get(report, "intensity"));
	printf(" in %s\n", output_duration(json_integer_value(json_object_get(report, "period_ms")), period));
}

static void
print_count(const char *label, const json_t *report, const json_t *value)
{
	const char *like = text_of(report, "like");

	if (json_integer_value(value) <= 1 && *like == '\0')
		return;
	print_label(label);
	printf("%lld of its kind so far", (long long)json_integer_value(value));
	if (*like != '\0') {
		fputs(", told in full in ", stdout);
		print_text(like);
	}
	putchar('\n');
}

static void
print_replay(const char *label, const json_t *report, const json_t *value)
{
	const char *missing = text_of(value, "missing");

	print_label(label);
	if (json_is_true(json_object_get(value, "recorded"))) {
		fputs("tractor replay ", stdout);
		print_text(text_of(report, "id"));
		fputs(*missing != '\0' ? ", without " : "", stdout);
	} else {
		fputs("nothing was recorded: ", stdout);
	}
	print_text(missing);
	putchar('\n');
}

/* --- the way there --- */

/* A file below the current directory is shown as from there, as compilers do. */
static const char *
from_here(const char *path)
{
	char here[PATH_MAX];
	size_t length = getcwd(here, sizeof(here)) != NULL ? strlen(here) : 0;

	return length > 1 && strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1
										     : path;
}

/* "counter_on_get+0x12 at counter.c:17 in /usr/bin/counter", as much of it as is known. */
static void
print_named_frame(const json_t *frame)
{
	const json_t *line = json_object_get(frame, "line");
	const char *offset = text_of(frame, "offset"), *file = text_of(frame, "file");

	print_text(text_of(frame, "function"));
	if (*offset != '\0') {
		putchar('+');
		print_text(offset);
	}
	if (*file != '\0') {
		fputs(" at ", stdout);
		print_text(from_here(file));
	}
	if (*file != '\0' && json_is_integer(line))
		printf(":%lld", (long long)json_integer_value(line));
	if (*text_of(frame, "module") != '\0') {
		fputs(" in ", stdout);
		print_text(text_of(frame, "module"));
	}
	if (json_is_true(json_object_get(frame, "inlined")))
		fputs(" (inlined)", stdout);
}

/* "0x7f12 in /usr/bin/counter+0x12 (build 1a2b)" */
static void
print_nameless_frame(const json_t *frame)
{
	const char *build = text_of(frame, "build_id");

	print_text(text_of(frame, "address"));
	if (*text_of(frame, "module") != '\0') {
		fputs(" in ", stdout);
		print_text(text_of(frame, "module"));
		putchar('+');
		print_text(text_of(frame, "module_offset"));
	}
	if (*build != '\0') {
		fputs(" (build ", stdout);
		print_text(build);
		putchar(')');
	}
}

static void
print_backtrace(const char *label, const json_t *report, const json_t *value)
{
	const char *symbols = text_of(report, "symbols"), *stopped = text_of(report, "backtrace_stopped");
	const json_t *frame;
	size_t i;

	if (is_empty(value))
		return;
	print_heading(label);
	json_array_foreach(value, i, frame)
	{
		printf("    #%zu ", i);
		if (*text_of(frame, "function") != '\0')
			print_named_frame(frame);
		else
			print_nameless_frame(frame);
		putchar('\n');
	}
	if (*stopped != '\0') {
		fputs("    stopped: ", stdout);
		print_text(stopped);
		putchar('\n');
	}
	if (*symbols != '\0' && strcmp(symbols, "done") != 0) {
		fputs("    no names: ", stdout);
		print_text(symbols);
		putchar('\n');
	}
}

/* --- the rest --- */

static void
print_lines(const char *label, const json_t *report, const json_t *value)
{
	const json_t *line;
	size_t i;

	(void)report;
	print_heading(label);
	json_array_foreach(value, i, line)
	{
		fputs("    ", stdout);
		print_value(line);
		putchar('\n');
	}
}

static void
print_limits(const char *label, const json_t *report, const json_t *value)
{
	const json_t *limit;
	size_t i;

	(void)report;
	json_array_foreach(value, i, limit)
	{
		print_label(i == 0 ? label : "");
		print_text(text_of(limit, "limit"));
		fputs(": ", stdout);
		print_text(text_of(limit, "text"));
		putchar('\n');
	}
}

static void
print_recent(const char *label, const json_t *report, const json_t *value)
{
	const json_t *message;
	size_t i;

	(void)report;
	print_heading(label);
	json_array_foreach(value, i, message)
	{
		fputs("    ", stdout);
		print_text(text_of(message, "message"));
		fputs(" from ", stdout);
		print_text(*text_of(message, "sender") != '\0' ? text_of(message, "sender") : "a program");
		fputs(", took ", stdout);
		print_value(json_object_get(message, "took_us"));
		fputs(" us\n", stdout);
	}
}

static void
print_instruction(const char *label, const json_t *report, const json_t *value)
{
	(void)report;
	print_label(label);
	print_text(text_of(value, "address"));
	if (*text_of(value, "bytes") != '\0') {
		fputs(": ", stdout);
		print_text(text_of(value, "bytes"));
		fputs("; before it ", stdout);
		print_text(text_of(value, "before"));
	}
	putchar('\n');
}

static void
print_usage(const char *label, const json_t *report, const json_t *value)
{
	char user[OUTPUT_TIME_BYTES], system[OUTPUT_TIME_BYTES];

	(void)report;
	print_label(label);
	printf("%s in the program, %s in the kernel, at most ",
		output_duration(json_integer_value(json_object_get(value, "user_us")) / 1000, user),
		output_duration(json_integer_value(json_object_get(value, "system_us")) / 1000, system));
	print_value(json_object_get(value, "max_rss_kb"));
	fputs(" KiB\n", stdout);
}

#define REGISTERS_A_LINE 4

static void
print_registers(const char *label, const json_t *report, const json_t *value)
{
	const char *name;
	json_t *number;
	size_t i = 0, count = json_object_size(value);

	(void)report;
	print_heading(label);
	json_object_foreach((json_t *)value, name, number)
	{
		const char *text = json_string_value(number);
		bool ends = ++i % REGISTERS_A_LINE == 0 || i == count;
		char *safe = output_safe(name);
		printf("%s%-7.20s ", i % REGISTERS_A_LINE == 1 ? "    " : "", safe);
		free(safe);
		safe = output_safe(text != NULL ? text : "?");
		printf(ends ? "%.40s\n" : "%-19.40s", safe);
		free(safe);
	}
}

static void
print_map(const char *label, const json_t *report, const json_t *value)
{
	const json_t *mapping;
	size_t i;

	(void)report;
	print_heading(label);
	json_array_foreach(value, i, mapping)
	{
		fputs("    ", stdout);
		print_text(text_of(mapping, "start"));
		putchar('-');
		print_text(text_of(mapping, "end"));
		putchar(' ');
		print_text(text_of(mapping, "permissions"));
		putchar(' ');
		print_text(text_of(mapping, "offset"));
		fputs(*text_of(mapping, "name") != '\0' ? " " : "", stdout);
		print_text(text_of(mapping, "name"));
		putchar('\n');
	}
}

static void
print_time(const char *label, const json_t *report, const json_t *value)
{
	char *text = crashtext_time(value);

	(void)report;
	print_line(label, text);
	free(text);
}

static void
print_plain(const char *label, const json_t *report, const json_t *value)
{
	if (json_is_array(value)) {
		print_lines(label, report, value);
		return;
	}
	print_label(label);
	print_value(value);
	putchar('\n');
}

/* --- the whole --- */

typedef void printer(const char *label, const json_t *report, const json_t *value);

/* In the order in which somebody would ask; without a printer: told with another, or not worth telling. */
static const struct row {
	const char *key;
	json_type type; /* that the printer is for; another is printed plainly */
	printer *print;
} rows[] = {
	/* key, type, printer */
	{ "path", JSON_STRING, print_plain },
	{ "program", JSON_STRING, print_plain },
	{ "incarnation", JSON_INTEGER, print_plain },
	{ "pid", JSON_INTEGER, print_plain },
	{ "time", JSON_INTEGER, print_time },
	{ "cause", JSON_STRING, print_cause },
	{ "thread", JSON_INTEGER, print_thread },
	{ "panic_text", JSON_STRING, print_plain },
	{ "limits", JSON_ARRAY, print_limits },
	{ "message", JSON_OBJECT, print_message },
	{ "verdict", JSON_STRING, print_plain },
	{ "action", JSON_STRING, print_action },
	{ "restarts", JSON_INTEGER, print_restarts },
	{ "count", JSON_INTEGER, print_count },
	{ "fingerprint", JSON_STRING, print_plain },
	{ "replay", JSON_OBJECT, print_replay },
	{ "backtrace", JSON_ARRAY, print_backtrace },
	{ "log_tail", JSON_ARRAY, print_lines },
	{ "recent", JSON_ARRAY, print_recent },
	{ "rusage", JSON_OBJECT, print_usage },
	{ "instruction", JSON_OBJECT, print_instruction },
	{ "registers", JSON_OBJECT, print_registers },
	{ "memory_map", JSON_ARRAY, print_map },
	{ "schema_version", JSON_INTEGER, NULL },
	{ "id", JSON_STRING, NULL },
	{ "signal", JSON_STRING, NULL },
	{ "code", JSON_INTEGER, NULL },
	{ "code_name", JSON_STRING, NULL },
	{ "exit", JSON_STRING, NULL },
	{ "fault_address", JSON_STRING, NULL },
	{ "signal_sender", JSON_INTEGER, NULL },
	{ "panic_file", JSON_STRING, NULL },
	{ "panic_line", JSON_INTEGER, NULL },
	{ "sender", JSON_STRING, NULL },
	{ "planned", JSON_STRING, NULL },
	{ "after_ms", JSON_INTEGER, NULL },
	{ "siblings", JSON_ARRAY, NULL },
	{ "restarts_in_window", JSON_INTEGER, NULL },
	{ "intensity", JSON_INTEGER, NULL },
	{ "period_ms", JSON_INTEGER, NULL },
	{ "ready", JSON_TRUE, NULL },
	{ "like", JSON_STRING, NULL },
	{ "symbols", JSON_STRING, NULL },
	{ "backtrace_stopped", JSON_STRING, NULL },
	{ "instruction_pointer", JSON_STRING, NULL },
	{ "stack_pointer", JSON_STRING, NULL },
	{ "capture_us", JSON_INTEGER, NULL },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool
is_known(const char *key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].key, key) == 0)
			return true;
	return false;
}

static void
print_row(const char *key, printer *print, const json_t *report, const json_t *value)
{
	char *label = output_need(strdup(key));

	for (char *at = strchr(label, '_'); at != NULL; at = strchr(at, '_'))
		*at = ' ';
	print(label, report, value);
	free(label);
}

void
crashtext_print(const char *id, const json_t *report, const json_t *full)
{
	char *top = crashtext_top(full);
	const char *key;
	json_t *value;

	fputs("crash ", stdout);
	output_text(stdout, id);
	putchar('\n');
	if (strcmp(top, "-") != 0)
		print_line("in", top);
	free(top);
	for (size_t i = 0; i < ROWS; i++) {
		value = json_object_get(report, rows[i].key);
		if (rows[i].print != NULL && !is_empty(value))
			print_row(rows[i].key,
				json_typeof(value) == rows[i].type ? rows[i].print : print_plain, report,
				value);
	}
	json_object_foreach((json_t *)report, key, value)
	{
		if (!is_known(key) && !is_empty(value))
			print_row(key, print_plain, report, value);
	}
}
