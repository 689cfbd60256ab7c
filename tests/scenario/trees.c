/*
 * trees.c: trees, commands and reports, as a user sees them. Knows the contract's names. What it waits for without an event to wait for is looked at again and again, with a
 * deadline.
 */
#include "trees.h"

#include <dirent.h>
#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <tractor/error.h>

#define WORDS_MAX 24
#define LINE_BYTES 1024
#define TREE_BYTES 16384
#define LINES_KEPT_COUNT 32 /* more than a tree file of a test has */

/* --- trees --- */

static const char *
make_line(const char *name, const char *program, const char *more)
{
	static char lines[LINES_KEPT_COUNT][LINE_BYTES];
	static unsigned next;
	char *line = lines[next++ % LINES_KEPT_COUNT];

	snprintf(line, LINE_BYTES, "{actor: %s, exec: %s/%s%s%s}", name, test_actors_dir(), program,
		*more ? ", " : "", more);
	return line;
}

const char *
actor_line(const char *name, const char *program)
{
	return make_line(name, program, "");
}

const char *
actor_line_with(const char *name, const char *program, const char *more, ...)
{
	char extra[LINE_BYTES / 2];
	va_list arguments;

	va_start(arguments, more);
	vsnprintf(extra, sizeof(extra), more, arguments);
	va_end(arguments);
	return make_line(name, program, extra);
}

struct process *
tree_up(const char *format, ...)
{
	char text[TREE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	struct process *tree = running_tree_start(scenario_write("t.yaml", "%s", text));
	expect_tree("t", UP_MS);
	return tree;
}

struct process *
small_tree_up(void)
{
	return tree_up(
		"{name: t, intensity: 20, children: [%s, {supervisor: s, strategy: rest_for_one, children: [%s, %s]}]}",
		actor_line("a", "victim"), actor_line("b", "victim"), actor_line("c", "courier"));
}

void
tree_down(struct process *tree)
{
	process_signal(tree, SIGTERM);
	expect_exit(tree, 0, DOWN_MS);
}

/* --- commands --- */

bool
matches(const char *text, const char *regex)
{
	regex_t compiled;

	ck_assert_msg(regcomp(&compiled, regex, REG_EXTENDED | REG_NEWLINE | REG_NOSUB) == 0,
		"bad regular expression: %s", regex);
	bool is_match = regexec(&compiled, text, 0, NULL, 0) == 0;
	regfree(&compiled);
	return is_match;
}

void
expect_match(const char *text, const char *regex)
{
	ck_assert_msg(matches(text, regex), "\"%s\" does not match \"%s\"", text, regex);
}

void
expect_command(int code, const char *out, const char *err, ...)
{
	const char *argv[WORDS_MAX] = { tractor_command() };
	va_list arguments;
	size_t count = 1;

	va_start(arguments, err);
	while (count < WORDS_MAX - 1 && (argv[count] = va_arg(arguments, const char *)))
		count++;
	va_end(arguments);
	struct run_result result = run_command_with(&(struct process_options){ .argv = argv });
	ck_assert_msg(result.exit_code == code && (!out || matches(result.out, out)) &&
			      (!err || matches(result.err, err)),
		"tractor %s %s %s: exit code %d (status %x), wanted %d; output \"%.600s\", wanted \"%s\"; errors \"%.1200s\", wanted \"%s\"",
		argv[1] ? argv[1] : "", argv[1] && argv[2] ? argv[2] : "",
		argv[1] && argv[2] && argv[3] ? argv[3] : "", result.exit_code, (unsigned)result.status, code,
		result.out, out ? out : "", result.err, err ? err : "");
	run_result_free(&result);
}

void
tell(const char *path, const char *message, const char *fields, ...)
{
	char text[LINE_BYTES];
	va_list arguments;

	va_start(arguments, fields);
	vsnprintf(text, sizeof(text), fields, arguments);
	va_end(arguments);
	expect_command(0, NULL, NULL, "tell", path, message, text, NULL);
}

json_t *
ask(const char *path, const char *message, const char *fields, ...)
{
	char text[LINE_BYTES];
	va_list arguments;

	va_start(arguments, fields);
	vsnprintf(text, sizeof(text), fields, arguments);
	va_end(arguments);
	return run_json(tractor_command(), "ask", path, message, text, NULL);
}

/* --- JSON --- */

static const json_t *
value_at(const json_t *json, const char *where)
{
	while (json && *where) {
		char key[64];
		size_t length = strcspn(where, ".");

		snprintf(key, sizeof(key), "%.*s", (int)length, where);
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(key))
					   : json_object_get(json, key);
		where += length + (where[length] == '.');
	}
	return json;
}

const char *
text_at(const json_t *json, const char *where)
{
	const char *text = json_string_value(value_at(json, where));

	return text ? text : "";
}

int64_t
number_at(const json_t *json, const char *where)
{
	return json_integer_value(value_at(json, where));
}

static void
fail_over(const json_t *json, const char *where, const char *wanted)
{
	char *whole = json_dumps(json, JSON_COMPACT);

	ck_abort_msg("%s is not %s in %.1500s", where, wanted, whole ? whole : "nothing");
}

void
expect_text(const json_t *json, const char *where, const char *text)
{
	if (strcmp(text_at(json, where), text) != 0)
		fail_over(json, where, text);
}

void
expect_number(const json_t *json, const char *where, int64_t number)
{
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "%lld", (long long)number);
	if (!json_is_integer(value_at(json, where)) || number_at(json, where) != number)
		fail_over(json, where, wanted);
}

/* --- crashes --- */

static json_t *
list_crashes(void)
{
	struct run_result result =
		run_command(tractor_command(), "crashes", "list", "--json", "-t", "t", NULL);
	json_t *list = result.exit_code == 0 ? json_loads(result.out, 0, NULL) : NULL;

	run_result_free(&result);
	return list;
}

struct wanted_crash {
	const char *path;
	int incarnation;
	char id[128];
};

static bool
find_crash(void *arg)
{
	struct wanted_crash *wanted = arg;
	json_t *list = list_crashes();
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(list, "crashes"), i, row)
	{
		if (strcmp(text_at(row, "path"), wanted->path) == 0 &&
			number_at(row, "incarnation") == wanted->incarnation)
			snprintf(wanted->id, sizeof(wanted->id), "%s", text_at(row, "id"));
	}
	json_decref(list);
	return *wanted->id;
}

json_t *
crash_of(const char *path, int incarnation)
{
	struct wanted_crash wanted = { .path = path, .incarnation = incarnation };

	ck_assert_msg(wait_until(SOON_MS, find_crash, &wanted), "no report of a crash of %s, incarnation %d",
		path, incarnation);
	json_t *report = run_json(tractor_command(), "crashes", "show", "--json", "-t", "t", wanted.id, NULL);
	expect_text(report, "path", path);
	expect_number(report, "incarnation", incarnation);
	return report;
}

void
expect_crashes(const char *path, size_t count)
{
	json_t *list = list_crashes();
	char *text = json_dumps(list, JSON_COMPACT);
	const json_t *row;
	size_t i, found = 0;

	json_array_foreach(json_object_get(list, "crashes"), i, row) found +=
		!path || strcmp(text_at(row, "path"), path) == 0;
	ck_assert_msg(found == count, "%zu crashes, expected %zu: %s", found, count, text);
	free(text);
	json_decref(list);
}

/* --- events --- */

struct wanted_event {
	const char *path, *event, *text;
	char *seen;
};

static bool
find_event(void *arg)
{
	struct wanted_event *wanted = arg;
	struct run_result result = run_command(tractor_command(), "events", "--json", "-t", "t", NULL);
	bool found = false;

	for (char *line = strtok(result.out, "\n"); line && !found; line = strtok(NULL, "\n")) {
		json_t *event = json_loads(line, 0, NULL);
		found = strcmp(text_at(event, "event"), wanted->event) == 0 &&
			(!wanted->path || strcmp(text_at(event, "path"), wanted->path) == 0) &&
			(!wanted->text || matches(text_at(event, "text"), wanted->text));
		json_decref(event);
	}
	run_result_free(&result);
	return found;
}

void
expect_event(const char *path, const char *event, const char *text)
{
	struct wanted_event wanted = { .path = path, .event = event, .text = text };

	ck_assert_msg(wait_until(SOON_MS, find_event, &wanted), "no event %s of %s like \"%s\"", event,
		path ? path : "any", text ? text : "");
}

/* --- processes --- */

void
kill_victim(const char *path)
{
	tell(path, "victim.die", "{\"how\":\"kill\"}");
}

void
let_pass(int64_t ms)
{
	struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&span, NULL);
}

void
ignore_line(void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length)
{
	(void)arg;
	(void)path;
	(void)incarnation;
	(void)is_error;
	(void)line;
	(void)length;
}

pid_t
pid_of(const char *path)
{
	return expect_node("t", path, "running", 0, SOON_MS).pid;
}

bool
process_exists(pid_t pid)
{
	char path[64], state = 'Z';

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	fclose(file);
	return state != 'Z' && state != 'X';
}

static bool
is_gone(void *arg)
{
	return !process_exists(*(const pid_t *)arg);
}

void
expect_gone(pid_t pid, int64_t deadline_ms)
{
	ck_assert_msg(wait_until(deadline_ms, is_gone, &pid), "process %d is still there", (int)pid);
}

void
wake(const char *path)
{
	ck_assert_int_eq(kill(pid_of(path), SIGUSR1), 0);
}

size_t
fds_of(pid_t pid)
{
	char path[64];
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *folder = opendir(path);
	ck_assert_msg(folder != NULL, "%s: %s", path, strerror(errno));
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2; /* . and .. */
}

long
resident_kb(pid_t pid)
{
	char path[64];
	long pages = 0;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	FILE *file = fopen(path, "re");
	ck_assert_msg(file != NULL && fscanf(file, "%*d %ld", &pages) == 1, "%s", path);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

size_t
lowest_free_fd(pid_t pid)
{
	char path[64];
	size_t fd = 0;

	for (;; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%zu", (int)pid, fd);
		if (access(path, F_OK) != 0 && errno == ENOENT)
			return fd;
	}
}

void
limit_fds(pid_t pid, size_t limit)
{
	struct rlimit limits;

	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, NULL, &limits), 0);
	limits.rlim_cur = limit == 0 ? limits.rlim_max : limit;
	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, &limits, NULL), 0);
}
