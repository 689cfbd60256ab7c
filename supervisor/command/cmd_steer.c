/*
 * cmd_steer.c: changing a running tree: start, stop, restart, down, and inject, which makes a fault on purpose. The supervisor does it; stopping
 * takes as long as the actors' own limits say, so these wait, as long as the supervisor is alive.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "output.h"
#include "suggest.h"

#define EXIT_CODE_MAX 255
#define COUNT_MAX 1000000000

/* Says so where a script wants to read it. */
static int
finish(const struct command_line *line, int code)
{
	if (code == CONTROL_DONE && line->json)
		puts("{\"schema_version\":1,\"ok\":true}");
	return code;
}

static int
steer(const struct command_line *line, const char *command, bool has_path)
{
	bool limited = line->timeout_ms != COMMAND_NO_TIMEOUT;
	const struct client_call call = {
		.request = client_request(command),
		.limit_ms = limited ? line->timeout_ms : CLIENT_LIMIT_MS,
		.patient = !limited,
	};

	return finish(line, client_run(line, has_path, &call));
}

int
cmd_start(const struct command_line *line)
{
	return steer(line, "start", true);
}

int
cmd_stop(const struct command_line *line)
{
	return steer(line, "stop", true);
}

int
cmd_restart(const struct command_line *line)
{
	return steer(line, "restart", true);
}

int
cmd_down(const struct command_line *line)
{
	return steer(line, "down", false);
}

/* --- inject --- */

/* The whole text as a number of digits only, `min` to `max`. */
static bool
read_number(const char *text, long min, long max, long *ret_number)
{
	size_t length = strlen(text);

	if (length == 0 || length > 10 || strspn(text, "0123456789") != length)
		return false;
	*ret_number = strtol(text, NULL, 10);
	return *ret_number >= min && *ret_number <= max;
}

/* False: it has been said why not. */
static bool
check_fault(const char *fault)
{
	static const char *const words[] = { "segv", "abort", "hang", "kill", "stop", "exit:1" };
	const size_t count = sizeof(words) / sizeof(words[0]);
	long code;

	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], fault) == 0)
			return true;
	if (strncmp(fault, "exit:", 5) == 0 && read_number(fault + 5, 0, EXIT_CODE_MAX, &code))
		return true;
	const char *meant = suggest_word(fault, words, count);
	if (strcmp(fault, "oom") == 0)
		output_error(
			"the fault \"oom\" is not available: it needs a memory limit per actor, and the machine's memory is not to be filled "
			"for a test; \"kill\" looks the same to the tree");
	else if (strncmp(fault, "exit", 4) == 0)
		output_error("which exit code? exit:0 to exit:%d", EXIT_CODE_MAX);
	else if (meant != NULL)
		output_error("there is no fault \"%.64s\"; did you mean \"%s\"?", fault, meant);
	else
		output_error(
			"there is no fault \"%.64s\"; there are segv, abort, exit:N, hang, kill and stop",
			fault);
	return false;
}

/* MESSAGE[:N] as {"message": ..., "count": N}; NULL: it is none, and that has been said. */
static json_t *
parse_at(const char *at)
{
	const char *colon = strrchr(at, ':');
	size_t length = colon != NULL ? (size_t)(colon - at) : strlen(at);
	long count = 1;
	json_t *place = NULL;

	if (length > 0 && (colon == NULL || read_number(colon + 1, 1, COUNT_MAX, &count)))
		place = json_pack("{s:s%, s:I}", "message", at, length, "count", (json_int_t)count);
	if (place == NULL)
		output_error(
			"--at is a message, and perhaps which one of them: --at counter.increment, --at counter.increment:3");
	return place;
}

int
cmd_inject(const struct command_line *line)
{
	if (!check_fault(line->words[1]))
		return CONTROL_USAGE;
	json_t *place = line->at != NULL ? parse_at(line->at) : NULL;
	if (line->at != NULL && place == NULL)
		return CONTROL_USAGE;
	const struct client_call call = { .request = client_request("inject"), .limit_ms = CLIENT_LIMIT_MS };
	json_object_set_new(call.request, "fault", json_string(line->words[1]));
	if (place != NULL)
		json_object_set_new(call.request, "at", place);
	return finish(line, client_run(line, true, &call));
}
