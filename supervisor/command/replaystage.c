/*
 * replaystage.c: this program in the place of a supervisor, for one actor and one message: hears it until it has died, or has had its time, and looks how it ended. There is no strategy, no policy and no second
 * time. All that was started is ended when it is over, a debugger's child and what an actor has left behind, too. What goes wrong with the host is said.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor_process.h"
#include "output.h"
#include "replaystage.h"
#include "shell.h"
#include "sys.h"
#include "why.h"

#define HANDLING_MS 60000 /* nobody waits longer for a crash without saying so with --timeout */
#define ALONE_MS 5000	  /* the same where it had nothing in hand */
#define DRAIN_MS 200	  /* what a dead process had written is there already */
#define ROUNDS_MAX 100	  /* against what forks faster than it is killed */

/* --- time --- */

void
replaystage_limit(struct replay_stage *stage, int64_t ms)
{
	bool endless = stage->program->tool != NULL && stage->line->timeout_ms == COMMAND_NO_TIMEOUT;

	stage->until_ns = endless ? INT64_MAX : (int64_t)tri_now_ns() + ms * SPEC_MILLISECOND;
}

void
replaystage_limit_act(struct replay_stage *stage)
{
	int64_t ms = stage->about->what == RECORDING_ALONE ? ALONE_MS : HANDLING_MS;

	if (stage->about->limit_ms > 0)
		ms = stage->about->limit_ms < INT32_MAX ? (int64_t)stage->about->limit_ms : INT32_MAX;
	else if (stage->line->timeout_ms != COMMAND_NO_TIMEOUT)
		ms = stage->line->timeout_ms;
	replaystage_limit(stage, ms);
}

void
replaystage_signal(const struct replay_stage *stage, int signal)
{
	if (!stage->dead)
		spawn_signal(&stage->process, signal);
}

/* First as its supervisor did it, if that had ended it; what does not end by that is ended all the same. */
static void
time_is_up(struct replay_stage *stage)
{
	struct replay_end *end = stage->end;
	bool as_then = stage->about->limit_ms > 0 && !stage->stopping && !end->timed_out;

	if (as_then)
		end->timed_out = true;
	else if (!stage->stopping)
		end->overdue = true;
	replaystage_signal(stage, as_then && stage->about->what != RECORDING_START ? SIGABRT : SIGKILL);
	replaystage_limit(stage, REPLAY_STOP_MS);
}

/* --- playing --- */

static int
wait_ms(const struct replay_stage *stage)
{
	int64_t left_ns = stage->until_ns - (int64_t)tri_now_ns();

	if (stage->until_ns == INT64_MAX)
		return -1;
	return left_ns <= 0 ? 0 : (int)(left_ns / SPEC_MILLISECOND) + 1;
}

static void
take_signal(struct replay_stage *stage)
{
	struct signalfd_siginfo info;

	if (read(stage->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	stage->end->interrupted = (int)info.ssi_signo;
	replaystage_signal(stage, SIGKILL);
}

/* Its group, while its number can't be anybody else's; then itself. */
static void
reap(struct replay_stage *stage)
{
	siginfo_t info = { .si_code = 0 };
	struct rusage usage;

	if (stage->program->tool == NULL)
		sys.group_kill(stage->process.pid, SIGKILL);
	if (spawn_reap(&stage->process, &info, &usage) <= 0)
		info = (siginfo_t){ .si_code = CLD_KILLED, .si_status = SIGKILL };
	if (info.si_code == CLD_EXITED)
		stage->end->code = info.si_status;
	else
		stage->end->signal = info.si_status;
	close(stage->process.pidfd);
	stage->dead = true;
}

static void
turn(struct replay_stage *stage)
{
	enum { BELL, END, SIGNAL, OUT, ERR, COUNT };
	struct pollfd fds[COUNT] = { [BELL] = { .fd = stage->bell.fd, .events = POLLIN },
		[END] = { .fd = stage->process.pidfd, .events = POLLIN },
		[SIGNAL] = { .fd = stage->signals, .events = POLLIN },
		[OUT] = { .fd = stage->readers[0].fd, .events = POLLIN },
		[ERR] = { .fd = stage->readers[1].fd, .events = POLLIN } };

	if (poll(fds, COUNT, wait_ms(stage)) < 0 && errno != EINTR)
		return;
	for (int i = 0; i < 2; i++)
		if (fds[OUT + i].revents != 0)
			replayprinted_some(stage, &stage->readers[i]);
	if (fds[BELL].revents != 0 || stage->bell.retry_ns <= (int64_t)tri_now_ns())
		bell_answer(&stage->bell);
	replayhearing_look(stage);
	if (fds[SIGNAL].revents != 0)
		take_signal(stage);
	if (fds[END].revents != 0)
		reap(stage);
	else if ((int64_t)tri_now_ns() >= stage->until_ns)
		time_is_up(stage);
}

/* What it had said and we have not heard yet. */
static void
drain(struct replay_stage *stage)
{
	int64_t until_ns = (int64_t)tri_now_ns() + DRAIN_MS * SPEC_MILLISECOND;
	struct pollfd bell = { .fd = stage->bell.fd, .events = POLLIN };

	while (!wire_drained(stage->wire) && (int64_t)tri_now_ns() < until_ns) {
		poll(&bell, 1, DRAIN_MS / 10);
		bell_answer(&stage->bell);
	}
	for (int i = 0; i < 2; i++)
		replayprinted_rest(stage, &stage->readers[i]);
}

static bool
was_at_it(const struct replay_stage *stage)
{
	const struct recording_about *about = stage->about;

	if (about->sequence != 0)
		return atomic_load(&stage->box->in_hand) == about->sequence;
	return about->what == RECORDING_START ? stage->greeted : stage->end->ready;
}

/* What the black box says, copied: a process that was left behind may be writing there. */
static void
take_last_words(struct replay_stage *stage)
{
	const struct tri_blackbox *box = stage->box;
	const struct tri_fault *fault = tri_blackbox_fault(box);
	struct replay_end *end = stage->end;

	end->last_words = atomic_load(&box->last_words);
	end->phase = atomic_load(&box->phase);
	end->in_hand = !end->handled && was_at_it(stage);
	memcpy(end->text, box->text, sizeof(end->text));
	memcpy(end->where, box->where, sizeof(end->where));
	end->text[sizeof(end->text) - 1] = end->where[sizeof(end->where) - 1] = '\0';
	if (fault) {
		end->fault = output_need(malloc(sizeof(*end->fault)));
		memcpy(end->fault, fault, sizeof(*end->fault));
	}
}

/* --- the end --- */

static bool
kill_and_reap(long pid, void *killed)
{
	kill((pid_t)pid, SIGKILL);
	while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
		;
	*(bool *)killed = true;
	return true;
}

/* All that is a child of this process now: what it had started is, when that which started it is gone. Killing one may leave us others. */
static void
end_children(void)
{
	char path[64];
	bool killed = true;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
	for (int rounds = 0; rounds < ROUNDS_MAX && killed; rounds++) {
		killed = false;
		procfile_numbers(path, kill_and_reap, &killed);
	}
}

bool
replaystage_play(const struct recording *recording, const struct replay_program *program,
	const struct command_line *line, struct replay_end *ret_end)
{
	struct replay_stage stage = { .about = &recording->about,
		.recording = recording,
		.program = program,
		.line = line,
		.words = { .about = &recording->about },
		.end = ret_end,
		.bell = { .fd = -1, .again = -1 },
		.box_fd = -1,
		.state_fd = -1,
		.signals = -1,
		.readers = { { .fd = -1 }, { .fd = -1 } } };

	*ret_end = (struct replay_end){ .fault = NULL };
	tractor_err err = replaysetup(&stage);
	if (err == TRACTOR_OK) {
		while (!stage.dead)
			turn(&stage);
		end_children(); /* first: one of them might print for ever */
		drain(&stage);
		take_last_words(&stage);
	} else {
		output_error("it cannot be started: %s",
			err == TRACTOR_ENOMEM ? tractor_err_text(err) : tractor_why());
	}
	replaysetup_clear(&stage);
	return err == TRACTOR_OK;
}
