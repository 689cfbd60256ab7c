/*
 * replaysetup.c: what a replayed actor needs, as its supervisor would make it (slot.c): a link, a black box, its state, its pipes; and its start. What the host does not give ends the replay, and is said by the caller.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor_process.h"
#include "output.h"
#include "replaystage.h"
#include "shell.h"
#include "state.h"
#include "sys.h"
#include "why.h"

#define START_MS 30000 /* what an actor's library waits for its welcome */

static tractor_err
make_folder(struct replay_stage *stage)
{
	const char *base = getenv("TMPDIR");

	snprintf(stage->folder, sizeof(stage->folder), "%s/tractor-replay-XXXXXX",
		base != NULL && *base == '/' ? base : "/tmp");
	if (mkdtemp(stage->folder) == NULL) {
		tri_why(TRACTOR_ESYSTEM, "%s: %s", stage->folder, strerror(errno));
		*stage->folder = '\0';
		return TRACTOR_ESYSTEM;
	}
	snprintf(stage->url, sizeof(stage->url), "ipc://%s/link", stage->folder);
	return TRACTOR_OK;
}

static tractor_err
make_channels(struct replay_stage *stage)
{
	tractor_err err = bell_open(&stage->bell);

	if (err == TRACTOR_OK)
		err = wire_new(&stage->bell, replayhearing, stage, &stage->wire);
	if (err == TRACTOR_OK)
		err = wire_open(stage->wire, stage->url);
	if (err == TRACTOR_OK)
		err = box_make(stage->about->incarnation, stage->about->done, &stage->box, &stage->box_fd);
	return err;
}

static tractor_err
make_state(struct replay_stage *stage)
{
	const struct tractor_bytes *state = &stage->recording->state;

	stage->state_fd = sys.memfd("tractor-state", 0);
	if (stage->state_fd < 0)
		return tri_why(TRACTOR_ESYSTEM, "memory for its state: %s", strerror(errno));
	if (!stage->about->has_state)
		return TRACTOR_OK;
	return tri_state_fill(stage->state_fd, state->data, state->size, stage->about->done);
}

/* Signals that end this program end it in order; those from a terminal below a debugger are for the debugger. */
static tractor_err
take_signals(struct replay_stage *stage)
{
	sigset_t mine;

	sigemptyset(&mine);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGHUP);
	if (stage->program->tool == NULL)
		sigaddset(&mine, SIGINT);
	else
		signal(SIGINT, SIG_IGN);
	sigprocmask(SIG_BLOCK, &mine, NULL);
	stage->signals = sys.signalfd(&mine);
	if (stage->signals < 0 || sys.subreaper() < 0)
		return tri_why(TRACTOR_ESYSTEM, "%s", strerror(errno));
	return TRACTOR_OK;
}

static char **
environment_with_link(const struct replay_stage *stage, char *link)
{
	char **recorded = stage->program->environment;
	size_t count = 0;

	while (recorded[count] != NULL)
		count++;
	char **entries = output_need(calloc(count + 2, sizeof(*entries)));
	memcpy(entries, recorded, count * sizeof(*entries));
	entries[count] = link;
	return entries;
}

static tractor_err
spawn(struct replay_stage *stage, int out, int err)
{
	const struct replay_program *program = stage->program;
	bool tool = program->tool != NULL;
	char link[sizeof(TRI_ENV_LINK) + sizeof(stage->url)];
	char **environment = environment_with_link(stage, link);
	struct spawn_plan plan = { .path = tool ? program->tool : program->path,
		.argv = program->argv,
		.envp = environment,
		.directory = program->directory,
		.fds = { tool ? STDIN_FILENO : -1, tool ? STDOUT_FILENO : out, tool ? STDERR_FILENO : err,
			[TRI_FD_BLACKBOX] = stage->box_fd, [TRI_FD_STATE] = stage->state_fd },
		.fd_count = TRI_FD_STATE + 1,
		.keeps_group = tool };

	snprintf(link, sizeof(link), TRI_ENV_LINK "=%s", stage->url);
	tractor_err failed = spawn_start(&plan, &stage->process);
	free(environment);
	if (failed == TRACTOR_OK)
		wire_expect(stage->wire, tool ? WIRE_ANYBODY : stage->process.pid);
	return failed;
}

static tractor_err
start(struct replay_stage *stage)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	tractor_err failed = TRACTOR_OK;

	if (sys.pipe(out) < 0 || sys.pipe(err) < 0)
		failed = tri_why(TRACTOR_ESYSTEM, "a pipe for its output: %s", strerror(errno));
	else
		failed = spawn(stage, out[1], err[1]);
	if (out[1] >= 0)
		close(out[1]);
	if (err[1] >= 0)
		close(err[1]);
	stage->readers[0].fd = out[0];
	stage->readers[1] = (struct replay_reader){ .fd = err[0], .is_error = true };
	if (failed != TRACTOR_OK)
		return failed;
	if (stage->about->what == RECORDING_START)
		replaystage_limit_act(stage);
	else
		replaystage_limit(stage,
			stage->line->timeout_ms != COMMAND_NO_TIMEOUT ? stage->line->timeout_ms : START_MS);
	return TRACTOR_OK;
}

tractor_err
replaysetup(struct replay_stage *stage)
{
	const struct recording_about *about = stage->about;
	tractor_err err = make_folder(stage);

	if (err == TRACTOR_OK)
		err = make_channels(stage);
	if (err == TRACTOR_OK)
		err = make_state(stage);
	if (err == TRACTOR_OK &&
		!replaywords_learn(&stage->words, about->schemas.items, about->schemas.count))
		err = TRACTOR_EBADMSG;
	if (err == TRACTOR_OK)
		err = take_signals(stage);
	return err == TRACTOR_OK ? start(stage) : err;
}

void
replaysetup_clear(struct replay_stage *stage)
{
	const int fds[] = { stage->box_fd, stage->state_fd, stage->signals, stage->readers[0].fd,
		stage->readers[1].fd };

	wire_free(stage->wire);
	bell_close(&stage->bell);
	tri_blackbox_unmap(stage->box);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (*stage->folder != '\0')
		rmdir(stage->folder);
	replaywords_free(&stage->words);
}
