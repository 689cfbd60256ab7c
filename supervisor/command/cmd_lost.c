/*
 * cmd_lost.c: messages that no handler will see: dead letters, and those in quarantine, which can be sent again or forgotten. The supervisor has them. What is taken for granted of an answer's
 * shape: nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "output.h"
#include "suggest.h"

#define REQUEUE_LIMIT_MS 5000 /* as long as an ask takes by itself */
#define NUMBER_BYTES 24

static const char *
text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const char *
number_of(const json_t *object, const char *key, char text[NUMBER_BYTES])
{
	const json_t *number = json_object_get(object, key);

	if (!json_is_integer(number))
		return NULL;
	snprintf(text, NUMBER_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
	return text;
}

/* --- lists --- */

enum lost_column { NUMBER, TIME, PATH, MESSAGE, FROM, BYTES, WHY, LOST_COLUMNS };

static const struct output_column lost_columns[LOST_COLUMNS] = {
	[NUMBER] = { "N", true },
	[TIME] = { "TIME", false },
	[PATH] = { "PATH", false },
	[MESSAGE] = { "MESSAGE", false },
	[FROM] = { "FROM", false },
	[BYTES] = { "BYTES", true },
	[WHY] = { "WHY", false },
};

/* Of one in quarantine that is the last of its crashes. */
static const char *
why_of(const json_t *letter)
{
	const json_t *crashes = json_object_get(letter, "crashes");

	if (!json_is_array(crashes))
		return text_of(letter, "why");
	return json_string_value(json_array_get(crashes, json_array_size(crashes) - 1));
}

static void
add_letter(struct output_table *table, const json_t *letter)
{
	char number[NUMBER_BYTES], bytes[NUMBER_BYTES], time[OUTPUT_TIME_BYTES];
	const char *from = text_of(letter, "sender");
	const char *const cells[LOST_COLUMNS] = {
		[NUMBER] = number_of(letter, "number", number),
		[TIME] = output_time(json_integer_value(json_object_get(letter, "time")), time),
		[PATH] = text_of(letter, "path"),
		[MESSAGE] = text_of(letter, "message"),
		[FROM] = from != NULL ? from : "outside",
		[BYTES] = number_of(letter, "bytes", bytes),
		[WHY] = why_of(letter),
	};

	output_table_add(table, cells);
}

static bool
print_letters(void *arg, const json_t *data)
{
	const struct command_line *line = arg;
	const json_t *letters = json_object_get(data, "letters"), *letter;
	size_t i;

	if (line->json) {
		output_json_line(stdout, data);
		return true;
	}
	if (json_array_size(letters) == 0) {
		output_error("there are none");
		return true;
	}
	struct output_table *table = output_table_new(lost_columns, LOST_COLUMNS);
	json_array_foreach(letters, i, letter) add_letter(table, letter);
	output_table_print(table, stdout, NULL);
	output_table_free(table);
	return true;
}

/* `path` NULL: of the whole tree. */
static int
list(const struct command_line *line, const char *command, const char *path)
{
	const struct client_call call = { client_request(command), CLIENT_LIMIT_MS, false, print_letters,
		(void *)line };

	if (path != NULL)
		json_object_set_new(call.request, "path", output_need(json_string(path)));
	return client_run(line, false, &call);
}

int
cmd_dead_letters(const struct command_line *line)
{
	return list(line, "dead_letters", line->word_count > 0 ? line->words[0] : NULL);
}

/* --- one in quarantine --- */

static bool
print_letter(void *arg, const json_t *data)
{
	const struct command_line *line = arg;
	const char *key;
	const json_t *value;

	if (line->json) {
		output_json_line(stdout, data);
		return true;
	}
	json_object_foreach((json_t *)data, key, value)
	{
		char time[OUTPUT_TIME_BYTES];
		printf("  %-10s ", key);
		if (strcmp(key, "time") == 0)
			fputs(output_time(json_integer_value(value), time), stdout);
		else if (json_is_string(value))
			output_text(stdout, json_string_value(value));
		else
			output_json(stdout, value);
		putchar('\n');
	}
	return true;
}

static const struct verb {
	const char *word, *command;
	client_data *print;
} verbs[] = {
	{ "show", "poison_show", print_letter },
	{ "requeue", "poison_requeue", talk_print_reply },
	{ "drop", "poison_drop", NULL },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* "all", which only drop knows, or a number. False: it is neither, and that has been said. */
static bool
set_which(json_t *request, const struct verb *verb, const char *which)
{
	char *end = NULL;
	unsigned long number = which != NULL ? strtoul(which, &end, 10) : 0;

	if (which != NULL && strcmp(which, "all") == 0 && strcmp(verb->word, "drop") == 0) {
		json_object_set_new(request, "all", json_true());
		return true;
	}
	if (number > 0 && *end == '\0' && number <= INT32_MAX) {
		json_object_set_new(request, "number", json_integer((json_int_t)number));
		return true;
	}
	output_error("poison %s which? give a number of: tractor poison list", verb->word);
	return false;
}

static int
act(const struct command_line *line, const struct verb *verb)
{
	const struct client_call call = { client_request(verb->command), REQUEUE_LIMIT_MS + CLIENT_GRACE_MS,
		false, verb->print, (void *)line };

	if (set_which(call.request, verb, line->word_count > 1 ? line->words[1] : NULL))
		return client_run(line, false, &call);
	json_decref(call.request);
	return CONTROL_USAGE;
}

int
cmd_poison(const struct command_line *line)
{
	const char *names[VERBS + 1] = { "list" }, *word = line->word_count > 0 ? line->words[0] : "list";

	if (strcmp(word, "list") == 0)
		return list(line, "poison", line->word_count > 1 ? line->words[1] : NULL);
	for (size_t i = 0; i < VERBS; i++) {
		names[i + 1] = verbs[i].word;
		if (strcmp(word, verbs[i].word) == 0)
			return act(line, &verbs[i]);
	}
	const char *meant = suggest_word(word, names, VERBS + 1);
	output_error("poison list, show N, requeue N or drop N; not poison %.64s%s%s%s", word,
		meant != NULL ? "; did you mean \"" : "", meant != NULL ? meant : "",
		meant != NULL ? "\"?" : "");
	return CONTROL_USAGE;
}
