/*
 * cmd_steer.c: changing a running tree: start, stop, restart, down, and inject, which makes a fault on purpose. The supervisor does it; stopping
 * takes as long as the actors' own limits say, so these wait, as long as the supervisor is alive.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "clientfind.h"
#include "faultspec.h"
#include "output.h"
#include "shell.h"

#define EXIT_CODE_MAX 255
#define COUNT_MAX 1000000000
#define ENDING_MS 5000 /* names of crashes and a slow disk have two seconds each */
#define LOOK_AGAIN_MS 5

/* Says so where a script wants to read it. */
static int
finish(const struct command_line *line, int code)
{
	if (code == CONTROL_DONE && line->json)
		puts("{\"schema_version\":1,\"ok\":true}");
	return code;
}

static int
run(const struct command_line *line, const char *command, bool has_path)
{
	bool limited = line->timeout_ms != COMMAND_NO_TIMEOUT;
	const struct client_call call = {
		.request = client_request(command),
		.limit_ms = limited ? line->timeout_ms : CLIENT_LIMIT_MS,
		.patient = !limited,
	};

	return client_run(line, has_path, &call);
}

static int
steer(const struct command_line *line, const char *command, bool has_path)
{
	return finish(line, run(line, command, has_path));
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

/* --- down --- */

/* The lock of the tree that is meant: it is removed when the supervisor lets go of the name. 0: there is none. */
static ino_t
find_lock(const struct command_line *line, char *ret_path, size_t size)
{
	struct client_end end = { .code = CONTROL_DONE };
	struct client_tree tree;
	struct stat lock;

	return client_choose(line->tree, NULL, CLIENT_RUNNING, &tree, &end) &&
			       snprintf(ret_path, size, "%s/" RUNDIR_LOCK, tree.directory) < (int)size &&
			       lstat(ret_path, &lock) == 0
		       ? lock.st_ino
		       : 0;
}

/* It still names the last crashes and writes the last lines, and till then nobody can run the tree again. */
static void
await_end(const char *path, ino_t inode, int64_t limit_ms)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000 };
	struct stat lock;

	for (int64_t waited_ms = 0; waited_ms < limit_ms && lstat(path, &lock) == 0 && lock.st_ino == inode;
		waited_ms += LOOK_AGAIN_MS)
		nanosleep(&pause, NULL);
}

int
cmd_down(const struct command_line *line)
{
	char path[PATH_MAX + sizeof(RUNDIR_LOCK) + 1];
	ino_t inode = find_lock(line, path, sizeof(path));
	int code = run(line, "down", false);

	if (code == CONTROL_DONE && inode != 0)
		await_end(path, inode, line->timeout_ms != COMMAND_NO_TIMEOUT ? line->timeout_ms : ENDING_MS);
	return finish(line, code);
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
