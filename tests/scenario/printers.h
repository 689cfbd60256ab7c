/*
 * printers.h: what the tests of logs share: a tree "t" with two actors that print what they are told to, /t/a and /t/s/b, and what `tractor logs` says of them.
 */
#ifndef TRACTOR_TESTS_SCENARIO_PRINTERS_H
#define TRACTOR_TESTS_SCENARIO_PRINTERS_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "trees.h"

#define QUICK_MS 2000 /* an ask, on a busy machine: one that is starved takes for ever */

static inline struct process *
printer_tree(const char *log)
{
	return tree_up("{name: t, intensity: 20, children: [%s, {supervisor: s, children: [%s]}]}",
		actor_line_with("a", "printer", "%s%s", *log ? "log: " : "", log),
		actor_line("b", "printer"));
}

/* It has done all that it was told before. */
static inline uint64_t
printed(const char *path)
{
	json_t *reply = ask(path, "printer.lines", "{}");
	uint64_t lines = (uint64_t)number_at(reply, "lines");

	json_decref(reply);
	return lines;
}

static inline void
print(const char *path, const char *text)
{
	tell(path, "printer.print", "{\"text\":\"%s\"}", text);
	printed(path);
}

/* `tractor logs WORDS... `: what it prints, to be freed. */
static inline char *
logs(const char *words, ...)
{
	const char *argv[16] = { tractor_command(), "logs", words };
	va_list arguments;

	va_start(arguments, words);
	for (size_t i = 3; i < 15 && argv[i - 1]; i++)
		argv[i] = va_arg(arguments, const char *);
	va_end(arguments);
	struct run_result result = run_command_with(&(struct process_options){ .argv = argv });
	ck_assert_msg(result.exit_code == 0, "logs: exit code %d: %s", result.exit_code, result.err);
	char *out = strdup(result.out);
	run_result_free(&result);
	return out;
}

static inline size_t
count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		count++;
	return count;
}

#endif
