/*
 * cmd_steer.c: changing a running tree: start, stop, restart, down, and inject, which makes a fault on purpose. The supervisor does it; stopping
 * takes as long as the actors' own limits say, so these wait, as long as the supervisor is alive.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "faultspec.h"
#include "output.h"

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

int
cmd_inject(const struct command_line *line)
{
	struct faultspec spec;

	/* It says the same, but needs no tree for it. */
	if (faultspec_parse(line->words[1], line->at, &spec) != TRACTOR_OK) {
		output_error("%s", tractor_why());
		return CONTROL_USAGE;
	}
	if (line->probability > 0 && line->at == NULL) {
		output_error("--probability is for what happens again and again: a place, with --at");
		return CONTROL_USAGE;
	}
	const struct client_call call = { .request = client_request("inject"), .limit_ms = CLIENT_LIMIT_MS };
	json_object_set_new(call.request, "fault", json_string(line->words[1]));
	if (line->at != NULL)
		json_object_set_new(call.request, "at", json_string(line->at));
	if (line->probability > 0)
		json_object_set_new(call.request, "probability", json_real(line->probability));
	if (line->seed != 0)
		json_object_set_new(call.request, "seed", json_integer((json_int_t)line->seed));
	return finish(line, client_run(line, true, &call));
}
