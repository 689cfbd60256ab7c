/*
 * cmd_talk.c: speaking to an actor: tell and ask. What the fields mean is known to the actor's schema, which the supervisor has; here they are
 * JSON, and only have to be an object.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "input.h"
#include "output.h"

/* As long as an ask takes by itself (TRACTOR_ASK_DEFAULT_MS), and a tell waits for room. */
#define TALK_LIMIT_MS 5000

static json_t *
parse_fields(const char *text, size_t size)
{
	json_error_t error;
	json_t *fields = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (json_is_object(fields))
		return fields;
	if (fields != NULL)
		output_error("the fields must be a JSON object, like '{\"by\":3}'");
	else if (strstr(error.text, "too big integer") != NULL)
		output_error(
			"the fields: %s; give a uint64 above 9223372036854775807 as a string", error.text);
	else if (strstr(error.text, "JSON_ALLOW_NUL") != NULL)
		output_error(
			"the fields: a text ends at its NUL, so there can be no \\u0000 in one (column %d)",
			error.column);
	else
		output_error("the fields are not JSON, which looks like '{\"by\":3}': %s (column %d)",
			error.text, error.column);
	json_decref(fields);
	return NULL;
}

/* "-" is what standard input has. NULL: not an object; it has been said. */
static json_t *
read_fields(const struct command_line *line)
{
	size_t size;

	if (line->word_count < 3)
		return output_need(json_object());
	if (strcmp(line->words[2], "-") != 0)
		return parse_fields(line->words[2], strlen(line->words[2]));
	char *text = input_read("a message", &size);
	json_t *fields = text != NULL ? parse_fields(text, size) : NULL;
	free(text);
	return fields;
}

bool
talk_print_reply(void *arg, const json_t *data)
{
	const struct command_line *line = arg;

	if (line->json) {
		json_t *reply = output_need(json_pack("{s:O}", "reply", data));
		output_json_line(stdout, reply);
		json_decref(reply);
	} else {
		output_json(stdout, data);
		putchar('\n');
	}
	return true;
}

/* The supervisor has the limit and says when it has passed; the client only outwaits it. */
static int
talk(const struct command_line *line, const char *command, client_data *print)
{
	json_t *fields = read_fields(line);
	int64_t limit_ms = line->timeout_ms != COMMAND_NO_TIMEOUT ? line->timeout_ms : TALK_LIMIT_MS;
	struct client_call call = {
		.limit_ms = limit_ms + CLIENT_GRACE_MS, .data = print, .arg = (void *)line
	};

	if (fields == NULL)
		return CONTROL_USAGE;
	json_t *message = json_string(line->words[1]);
	if (message == NULL) {
		output_error("the message's name is not UTF-8");
		json_decref(fields);
		return CONTROL_USAGE;
	}
	call.request = client_request(command);
	json_object_set_new(call.request, "message", message);
	json_object_set_new(call.request, "fields", fields);
	json_object_set_new(call.request, "timeout_ms", json_integer(limit_ms));
	return client_run(line, true, &call);
}

int
cmd_tell(const struct command_line *line)
{
	int code = talk(line, "tell", NULL);

	if (code == CONTROL_DONE && line->json)
		puts("{\"schema_version\":1,\"ok\":true}");
	return code;
}

int
cmd_ask(const struct command_line *line)
{
	return talk(line, "ask", talk_print_reply);
}
