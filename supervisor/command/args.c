/*
 * args.c: reads the command line by the tables of commands and options. It knows nothing of what commands do; whether a PATH or a
 * FAULT makes sense is their business. What is wrong is told in one sentence with the nearest thing that would have been right.
 */
#include "args.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assert.h"
#include "suggest.h"
#include "treevalue.h"

#define NAMES_MAX 32
#define LINES_MAX 1000000000

const struct args_option args_options[] = {
	{ "json", 0, OPTION_JSON, NULL, "print JSON, one object on a line, with \"schema_version\"" },
	{ "tree", 't', OPTION_TREE, "NAME",
		"the running tree that is meant; else TRACTOR_TREE, PATH, or the only one" },
	{ "follow", 'f', OPTION_FOLLOW, NULL, "go on with what happens from now on" },
	{ "lines", 'n', OPTION_LINES, "N", "only the last N of them; \"all\"" },
	{ "since", 0, OPTION_SINCE, "TIME", "only from then on: 10m, 14:30, \"2026-11-23 14:30:00\"" },
	{ "previous", 0, OPTION_PREVIOUS, NULL, "of the incarnation before the present one" },
	{ "timeout", 0, OPTION_TIMEOUT, "TIME", "how long to wait for the answer: 500ms, 5s, 1m" },
	{ "at", 0, OPTION_AT, "PLACE",
		"not at once: when it has a message in hand, MESSAGE[:N]; or elsewhere" },
	{ "probability", 0, OPTION_PROBABILITY, "P", "each time, with this probability, instead of once" },
	{ "seed", 0, OPTION_SEED, "N", "of what is random: the same seed is the same run" },
	{ "dry-run", 0, OPTION_DRY_RUN, NULL, "only say what would be done" },
	{ "unique", 0, OPTION_UNIQUE, NULL, "those that are alike on one line, with their number" },
	{ "last", 0, OPTION_LAST, NULL, "the last one" },
	{ "all", 0, OPTION_ALL, NULL, "all of them" },
	{ "verbose", 'v', OPTION_VERBOSE, NULL, "what happens meanwhile, too" },
	{ "gdb", 0, OPTION_GDB, NULL, "below gdb; what stands behind -- is for it" },
	{ "valgrind", 0, OPTION_VALGRIND, NULL, "below valgrind; likewise" },
	{ "exec", 0, OPTION_EXEC, "PATH", "the actor's program, if it is not where it was" },
	{ "help", 'h', OPTION_HELP, NULL, "what the command does" },
	{ "version", 'V', OPTION_VERSION, NULL, "which tractor this is" },
};
const size_t args_option_count = sizeof(args_options) / sizeof(args_options[0]);

struct reader {
	struct command_line *line;
	char *error;
	int argc, next;
	char *const *argv;
};

static bool fail(struct reader *reader, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool
fail(struct reader *reader, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(reader->error, ARGS_ERROR_BYTES, fmt, args);
	va_end(args);
	return false;
}

/* --- options --- */

static bool
set_timeout(struct reader *reader, const char *value)
{
	struct treevalue_fault fault;
	int64_t timeout_ns;

	if (treevalue_duration(value, INT64_C(1000000), &timeout_ns, &fault) != TRACTOR_OK)
		return fail(reader, "--timeout: %.400s", fault.text);
	reader->line->timeout_ms = timeout_ns / 1000000;
	return true;
}

static bool
set_probability(struct reader *reader, const char *value)
{
	char *end;

	tri_assert(value != NULL); /* read_option() has seen to that */
	reader->line->probability = strtod(value, &end);
	if (end == value || *end != '\0' ||
		!(reader->line->probability > 0 && reader->line->probability <= 1))
		return fail(reader, "--probability: above 0, and 1 at most; not \"%.64s\"", value);
	return true;
}

static bool
set_seed(struct reader *reader, const char *value)
{
	tri_assert(value != NULL);
	size_t length = strlen(value);

	reader->line->seed = strtoull(value, NULL, 10);
	if (length == 0 || length > 18 || strspn(value, "0123456789") != length || reader->line->seed == 0)
		return fail(reader, "--seed: a whole number above 0, not \"%.64s\"", value);
	return true;
}

static bool
set_lines(struct reader *reader, const char *value)
{
	static const char *const all[] = { "all" };
	struct treevalue_fault fault;
	unsigned lines;
	size_t index;

	reader->line->lines = COMMAND_ALL;
	if (treevalue_word(value, all, 1, &index, &fault) == TRACTOR_OK)
		return true;
	if (treevalue_number(value, 0, LINES_MAX, &lines, &fault) != TRACTOR_OK)
		return fail(reader, "--lines: %.400s, or all", fault.text);
	reader->line->lines = lines;
	return true;
}

static bool
apply(struct reader *reader, const struct args_option *option, const char *value)
{
	struct command_line *line = reader->line;

	line->given |= option->option;
	switch (option->option) {
	case OPTION_JSON: line->json = true; break;
	case OPTION_TREE: line->tree = value; break;
	case OPTION_FOLLOW: line->follow = true; break;
	case OPTION_LINES: return set_lines(reader, value);
	case OPTION_SINCE: line->since = value; break;
	case OPTION_PREVIOUS: line->previous = true; break;
	case OPTION_TIMEOUT: return set_timeout(reader, value);
	case OPTION_AT: line->at = value; break;
	case OPTION_PROBABILITY: return set_probability(reader, value);
	case OPTION_SEED: return set_seed(reader, value);
	case OPTION_DRY_RUN: line->dry_run = true; break;
	case OPTION_UNIQUE: line->unique = true; break;
	case OPTION_LAST: line->last = true; break;
	case OPTION_ALL: line->all = true; break;
	case OPTION_VERBOSE: line->verbose = true; break;
	case OPTION_GDB: line->gdb = true; break;
	case OPTION_VALGRIND: line->valgrind = true; break;
	case OPTION_EXEC: line->exec = value; break;
	case OPTION_HELP:
	case OPTION_VERSION: break;
	}
	return true;
}

/* `value`: what stands in the same argument behind the option; NULL: nothing does, the next argument may be it. */
static bool
read_option(struct reader *reader, const struct args_option *option, const char *value)
{
	if (option->value == NULL && value != NULL)
		return fail(reader, "--%s takes no value", option->name);
	if (option->value != NULL && value == NULL) {
		if (reader->next == reader->argc)
			return fail(reader, "--%s needs a value: --%s %s", option->name, option->name,
				option->value);
		value = reader->argv[reader->next++];
	}
	return apply(reader, option, value);
}

static bool
unknown_option(struct reader *reader, const char *argument, size_t length)
{
	const char *names[NAMES_MAX];
	char name[SUGGEST_LENGTH_MAX];

	for (size_t i = 0; i < args_option_count; i++)
		names[i] = args_options[i].name;
	snprintf(name, sizeof(name), "%.*s", (int)length, argument);
	const char *meant = suggest_word(name + strspn(name, "-"), names, args_option_count);
	if (meant != NULL)
		return fail(reader, "there is no option %s; did you mean --%s?", name, meant);
	return fail(reader, "there is no option %s", name);
}

static bool
read_long_option(struct reader *reader, const char *argument)
{
	const char *name = argument + 2, *equals = strchr(name, '=');
	size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);

	for (size_t i = 0; i < args_option_count; i++)
		if (strlen(args_options[i].name) == length &&
			strncmp(args_options[i].name, name, length) == 0)
			return read_option(reader, &args_options[i], equals != NULL ? equals + 1 : NULL);
	return unknown_option(reader, argument, length + 2);
}

/* -f, -tNAME, -t NAME; -ft NAME too. */
static bool
read_short_options(struct reader *reader, const char *argument)
{
	for (const char *letter = argument + 1; *letter != '\0'; letter++) {
		const struct args_option *found = NULL;
		for (size_t i = 0; i < args_option_count; i++)
			if (args_options[i].letter == *letter)
				found = &args_options[i];
		if (found == NULL)
			return unknown_option(reader, argument, strlen(argument));
		if (found->value != NULL)
			return read_option(reader, found, letter[1] != '\0' ? letter + 1 : NULL);
		if (!read_option(reader, found, NULL))
			return false;
	}
	return true;
}

/* --- words --- */

static bool
read_command(struct reader *reader, const char *word)
{
	const char *names[NAMES_MAX];

	for (size_t i = 0; i < command_count; i++) {
		if (strcmp(commands[i].name, word) == 0) {
			reader->line->command = &commands[i];
			return true;
		}
		names[i] = commands[i].name;
	}
	const char *meant = suggest_word(word, names, command_count);
	if (meant != NULL)
		return fail(reader, "there is no command \"%.64s\"; did you mean \"%s\"?", word, meant);
	return fail(reader, "there is no command \"%.64s\"; see: tractor help", word);
}

static bool
read_word(struct reader *reader, const char *word)
{
	struct command_line *line = reader->line;

	if (line->command == NULL)
		return read_command(reader, word);
	if (line->word_count == line->command->words_max)
		return fail(reader, "\"%.64s\" is too much; it is: tractor %s%s%s", word, line->command->name,
			*line->command->synopsis ? " " : "", line->command->synopsis);
	line->words[line->word_count++] = word;
	return true;
}

/* --- the whole --- */

/* What could only be judged once the command was known. */
static bool
check(struct reader *reader)
{
	const struct command_line *line = reader->line;
	const struct command *command = line->command;

	if (line->given & (OPTION_HELP | OPTION_VERSION))
		return true;
	if (command == NULL)
		return fail(reader, "which command? see: tractor help");
	for (size_t i = 0; i < args_option_count; i++)
		if (line->given & args_options[i].option & ~(command->options | ARGS_COMMON))
			return fail(reader, "%s has no option --%s; it is: tractor %s %s", command->name,
				args_options[i].name, command->name, command->synopsis);
	if (line->word_count < command->words_min)
		return fail(reader, "something is missing; it is: tractor %s %s", command->name,
			command->synopsis);
	return true;
}

bool
args_parse(int argc, char *const *argv, struct command_line *ret_line, char *error)
{
	struct reader reader = { .line = ret_line, .error = error, .argc = argc, .next = 1, .argv = argv };
	const char *tree = getenv("TRACTOR_TREE");
	bool options_end = false, good = true;

	*ret_line = (struct command_line){ .tree = tree != NULL && *tree != '\0' ? tree : NULL,
		.timeout_ms = COMMAND_NO_TIMEOUT,
		.lines = COMMAND_DEFAULT };
	while (good && reader.next < argc) {
		const char *argument = argv[reader.next++];
		if (options_end || argument[0] != '-' || argument[1] == '\0')
			good = read_word(&reader, argument);
		else if (strcmp(argument, "--") == 0)
			options_end = true;
		else if (argument[1] == '-')
			good = read_long_option(&reader, argument);
		else
			good = read_short_options(&reader, argument);
	}
	return good && check(&reader);
}
