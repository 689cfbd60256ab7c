/*
 * replaystage.c: this program in the place of a supervisor, for one actor and one message: starts it with what was recorded, says to it what it was told, hears it, and looks how it ends. There is no strategy, no
 * policy and no second time. All that was started is ended when it is over, a debugger's child and what an actor has left behind, too. What goes wrong with the host is said.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor_process.h"
#include "codec.h"
#include "output.h"
#include "replay.h"
#include "shell.h"
#include "state.h"
#include "sys.h"
#include "why.h"

#define START_MS 30000	  /* what an actor's library waits for its welcome */
#define HANDLING_MS 60000 /* nobody waits longer for a crash without saying so with --timeout */
#define ALONE_MS 5000	  /* the same where it had nothing in hand */
#define STOP_MS 2000	  /* it has shown what it does */
#define DRAIN_MS 200	  /* what a dead process had written is there already */
#define ROUNDS_MAX 100	  /* against what forks faster than it is killed */
#define CHILDREN_BYTES 16384

/* What the actor prints, by lines. */
struct reader {
	int fd; /* -1: at its end, or none */
	bool is_error;
	struct logsplit split;
};

struct stage {
	const struct recording_about *about;
	const struct recording *recording;
	const struct replay_program *program;
	const struct command_line *line;
	struct replay_words words;
	struct replay_end *end;
	char folder[PATH_MAX], url[PATH_MAX + 16];
	struct bell bell;
	struct wire *wire;
	struct tri_blackbox *box;
	int box_fd, state_fd, signals;
	struct reader readers[2];
	struct spawned process;
	pid_t pid; /* of the actor that has said hello; below a debugger it is not the process that we started */
	bool greeted, stopping, dead;
	int64_t until_ns; /* INT64_MAX: as long as it takes */
};

/* --- time --- */

static void
limit(struct stage *stage, int64_t ms)
{
	bool endless = stage->program->tool != NULL && stage->line->timeout_ms == COMMAND_NO_TIMEOUT;

	stage->until_ns = endless ? INT64_MAX : (int64_t)tri_now_ns() + ms * SPEC_MILLISECOND;
}

/* How long it may be at what it had crashed at. */
static void
limit_act(struct stage *stage)
{
	int64_t ms = stage->about->what == RECORDING_ALONE ? ALONE_MS : HANDLING_MS;

	if (stage->about->limit_ms > 0)
		ms = stage->about->limit_ms < INT32_MAX ? (int64_t)stage->about->limit_ms : INT32_MAX;
	else if (stage->line->timeout_ms != COMMAND_NO_TIMEOUT)
		ms = stage->line->timeout_ms;
	limit(stage, ms);
}

static void
signal_it(const struct stage *stage, int signal)
{
	if (!stage->dead)
		spawn_signal(&stage->process, signal);
}

/* First as its supervisor did it, if that had ended it; what does not end by that is ended all the same. */
static void
time_is_up(struct stage *stage)
{
	struct replay_end *end = stage->end;
	bool as_then = stage->about->limit_ms > 0 && !stage->stopping && !end->timed_out;

	if (as_then)
		end->timed_out = true;
	else if (!stage->stopping)
		end->overdue = true;
	signal_it(stage, as_then && stage->about->what != RECORDING_START ? SIGABRT : SIGKILL);
	limit(stage, STOP_MS);
}

/* --- saying --- */

static void
say(struct stage *stage, struct tri_frame frame, const uint8_t *payload, size_t payload_bytes)
{
	frame.incarnation = stage->about->incarnation;
	if (wire_send(stage->wire, &frame, payload, payload_bytes) != TRACTOR_OK)
		output_error("cannot send it a %s: %s", tri_frame_kind_name(frame.kind), tractor_why());
}

static void
send_record(
	struct stage *stage, enum tri_frame_kind kind, const struct tractor_record *record, const void *value)
{
	size_t size = 0, used = 0;
	uint8_t *payload = tri_encoded_size(record, value, &size) == TRACTOR_OK ? malloc(size + 1) : NULL;

	if (payload != NULL && tri_encode(record, value, payload, size, &used) == TRACTOR_OK)
		say(stage, tri_frame(kind), payload, used);
	free(payload);
}

static void
ask_to_stop(struct stage *stage)
{
	stage->stopping = true;
	say(stage, tri_frame(TRI_FRAME_STOP), NULL, 0);
	limit(stage, STOP_MS);
}

static void
say_message(struct stage *stage)
{
	const struct recording *recording = stage->recording;
	const struct recording_about *about = stage->about;

	if (about->what == RECORDING_DOWN) {
		output_error("it is given word of an end, for its on_down");
		return;
	}
	char *text = replaywords_text(
		&stage->words, about->message, recording->message.data, recording->message.size);
	output_error("it is given %s from %s%s", text,
		about->source != 0 ? replaywords_path(&stage->words, about->source) : "a program",
		about->has_state ? ", in the state that it was in" : "");
	free(text);
}

static void
deliver(struct stage *stage)
{
	const struct recording_about *about = stage->about;
	struct tri_frame frame =
		tri_frame(about->what == RECORDING_DOWN ? TRI_FRAME_DOWN : TRI_FRAME_MESSAGE);

	frame.source = about->source;
	frame.target = about->self;
	frame.message = about->message;
	frame.sequence = about->sequence;
	frame.flags = about->ask ? TRI_FLAG_ASK : 0;
	say_message(stage);
	say(stage, frame, stage->recording->message.data, stage->recording->message.size);
}

/* It is ready: now it is brought to where it crashed. */
static void
begin_act(struct stage *stage)
{
	stage->end->ready = stage->words.ready = true;
	stage->words.before = UINT64_MAX;
	limit_act(stage);
	switch (stage->about->what) {
	case RECORDING_MESSAGE:
	case RECORDING_DOWN: deliver(stage); break;
	case RECORDING_STOP:
		output_error("it is asked to stop");
		say(stage, tri_frame(TRI_FRAME_STOP), NULL, 0);
		break;
	case RECORDING_START:
		stage->end->handled = true;
		ask_to_stop(stage);
		break;
	default:
		output_error("it had no message in hand when it died, so it is left to itself for a while");
		break;
	}
}

/* --- hearing --- */

static void
violated(struct stage *stage, const char *what)
{
	if (*stage->end->violation != '\0')
		return;
	snprintf(stage->end->violation, sizeof(stage->end->violation), "%s", what);
	signal_it(stage, SIGKILL);
}

/* By its own account: what was started may be a script that starts the program. */
static bool
is_that_build(const struct stage *stage)
{
	const struct tractor_bytes *recorded = &stage->about->build_id;
	const struct tri_module *program = &stage->box->program;

	return recorded->size == 0 ||
	       (program->build_id_bytes == recorded->size && recorded->size <= sizeof(program->build_id) &&
		       memcmp(program->build_id, recorded->data, recorded->size) == 0);
}

/* Whoever debugs it runs it again: another process, with the same black box, that has not been welcomed yet. Everything begins anew but what it has said of itself. */
static void
begin_again(struct stage *stage)
{
	const struct recording_about *about = stage->about;
	struct tri_blackbox *box = stage->box;
	struct tri_module program = box->program;
	int32_t pid = box->pid;

	memset(box, 0, offsetof(struct tri_blackbox, outbox));
	for (size_t i = 0; i < sizeof(box->outbox.bank) / sizeof(box->outbox.bank[0]); i++)
		atomic_store(&box->outbox.bank[i].end, 0);
	tri_blackbox_begin(box, about->incarnation, about->done);
	box->program = program;
	box->pid = pid;
	if (about->has_state)
		tri_state_fill(stage->state_fd, stage->recording->state.data, stage->recording->state.size,
			about->done);
	*stage->end = (struct replay_end){ .fault = NULL };
	stage->words.ready = stage->greeted = stage->stopping = false;
	output_error("it is run again");
}

static void
on_hello(struct stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	const struct recording_about *about = stage->about;
	struct tri_arena arena = { 0 };
	struct tri_hello hello;

	if (stage->greeted && stage->program->tool != NULL && stage->box->pid != stage->pid)
		begin_again(stage);
	if (tri_decode(&tri_record_tri_hello, payload, frame->payload_bytes, &arena, &hello) != TRACTOR_OK ||
		hello.version != TRI_CONTROL_VERSION ||
		!replaywords_learn(&stage->words, hello.messages.items, hello.messages.count)) {
		violated(stage, "it says hello as no actor of this version of tractor does");
	} else if (!is_that_build(stage)) {
		violated(stage, "it is another build than the one that crashed");
	} else if (!stage->greeted) {
		struct tri_welcome welcome = { .self = about->self,
			.path = about->path,
			.args = about->args,
			.whole = about->done,
			.died = about->died,
			.replays = about->has_state && about->what != RECORDING_START };
		stage->greeted = true;
		stage->pid = stage->box->pid;
		if (stage->program->tool == NULL)
			wire_expect(stage->wire, 0);
		send_record(stage, TRI_FRAME_WELCOME, &tri_record_tri_welcome, &welcome);
	}
	tri_arena_free(&arena);
}

static void
on_ready(struct stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	struct tri_arena arena = { 0 };
	struct tri_ready ready;

	if (tri_decode(&tri_record_tri_ready, payload, frame->payload_bytes, &arena, &ready) != TRACTOR_OK)
		violated(stage, "a bad ready");
	else if (ready.outcome != TRACTOR_OK)
		snprintf(stage->end->refusal, sizeof(stage->end->refusal), "%s", ready.text);
	else if (!stage->end->ready)
		begin_act(stage);
	tri_arena_free(&arena);
}

static void
on_send(struct stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	const struct tri_in_hand *hand = &stage->box->hand;

	if (!stage->words.ready)
		stage->words.before = (uint64_t)stage->about->incarnation << 32;
	else if (stage->about->sequence != 0 && hand->sequence == stage->about->sequence)
		stage->words.before = hand->correlation;
	replaywords_send(&stage->words, stage->wire, stage->about->incarnation, frame, payload);
}

static void
on_reply(struct stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)stage;
	(void)payload;
	output_error(
		"replies: %s, %u bytes", tractor_err_name((tractor_err)frame->err), frame->payload_bytes);
}

static void
on_bye(struct stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)frame;
	(void)payload;
	say(stage, tri_frame(TRI_FRAME_FAREWELL), NULL, 0);
}

static void
on_nothing(struct stage *stage, const struct tri_frame *frame, const uint8_t *payload)
{
	(void)stage;
	(void)frame;
	(void)payload;
}

static void (*const by_kind[TRI_FRAME_KIND_COUNT])(
	struct stage *stage, const struct tri_frame *frame, const uint8_t *payload) = {
	[TRI_FRAME_HELLO] = on_hello,
	[TRI_FRAME_READY] = on_ready,
	[TRI_FRAME_SEND] = on_send,
	[TRI_FRAME_FORWARD] = on_send,
	[TRI_FRAME_REPLY] = on_reply,
	[TRI_FRAME_DONE] = on_nothing,
	[TRI_FRAME_WAIT] = on_nothing,
	[TRI_FRAME_BYE] = on_bye,
};

static void
hear(void *owner)
{
	struct stage *stage = owner;
	struct tri_frame frame;
	const uint8_t *payload;
	bool bad;

	while (*stage->end->violation == '\0' && wire_take(stage->wire, &frame, &payload, &bad)) {
		atomic_fetch_add(&stage->box->heard, 1);
		if (bad)
			violated(stage, tractor_why());
		else if (frame.incarnation != stage->about->incarnation || by_kind[frame.kind] == NULL ||
			 (!stage->greeted && frame.kind != TRI_FRAME_HELLO))
			violated(stage, "a frame where there must be none");
		else
			by_kind[frame.kind](stage, &frame, payload);
	}
}

/* It has come out of the handler alive. */
static void
look_whether_done(struct stage *stage)
{
	uint64_t sequence = stage->about->sequence;

	if (!stage->end->ready || stage->stopping || sequence == 0 ||
		atomic_load(&stage->box->done) < sequence)
		return;
	stage->end->handled = true;
	ask_to_stop(stage);
}

/* --- what it prints --- */

static void
print_line(const struct stage *stage, bool is_error, const char *text, size_t length)
{
	FILE *stream = stage->line->json ? stderr : stdout;
	bool has_level = is_error && length >= 3 && text[0] == '<' && text[2] == '>';

	fprintf(stream, "%s: ", stage->about->path);
	output_bytes(stream, text + (has_level ? 3 : 0), length - (has_level ? 3 : 0));
	putc('\n', stream);
	fflush(stream);
}

/* False: there is nothing more now. */
static bool
read_some(const struct stage *stage, struct reader *reader)
{
	char bytes[4096];
	const char *at = bytes, *text;
	ssize_t got = reader->fd >= 0 ? read(reader->fd, bytes, sizeof(bytes)) : -1;
	size_t left = got > 0 ? (size_t)got : 0, length;

	while (logsplit_take(&reader->split, &at, &left, &text, &length))
		print_line(stage, reader->is_error, text, length);
	if (got == 0) {
		close(reader->fd);
		reader->fd = -1;
	}
	return got > 0;
}

static void
read_rest(const struct stage *stage, struct reader *reader)
{
	const char *text;
	size_t length;

	while (read_some(stage, reader))
		;
	if (logsplit_rest(&reader->split, &text, &length))
		print_line(stage, reader->is_error, text, length);
}

/* --- setting it up --- */

static bool
make_folder(struct stage *stage)
{
	const char *base = getenv("TMPDIR");

	snprintf(stage->folder, sizeof(stage->folder), "%s/tractor-replay-XXXXXX",
		base != NULL && *base == '/' ? base : "/tmp");
	if (mkdtemp(stage->folder) == NULL) {
		output_error("%s: %s", stage->folder, strerror(errno));
		*stage->folder = '\0';
		return false;
	}
	snprintf(stage->url, sizeof(stage->url), "ipc://%s/link", stage->folder);
	return true;
}

static tractor_err
make_channels(struct stage *stage)
{
	tractor_err err = bell_open(&stage->bell);

	if (err == TRACTOR_OK)
		err = wire_new(&stage->bell, stage, &stage->wire);
	if (err == TRACTOR_OK)
		err = wire_open(stage->wire, stage->url);
	if (err == TRACTOR_OK)
		err = box_make(stage->about->incarnation, stage->about->done, &stage->box, &stage->box_fd);
	return err;
}

static tractor_err
make_state(struct stage *stage)
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
take_signals(struct stage *stage)
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
environment_with_link(const struct stage *stage, char *link)
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
spawn(struct stage *stage, int out, int err)
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
start(struct stage *stage)
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
	stage->readers[1] = (struct reader){ .fd = err[0], .is_error = true };
	if (failed != TRACTOR_OK)
		return failed;
	if (stage->about->what == RECORDING_START)
		limit_act(stage);
	else
		limit(stage,
			stage->line->timeout_ms != COMMAND_NO_TIMEOUT ? stage->line->timeout_ms : START_MS);
	return TRACTOR_OK;
}

/* --- playing --- */

static int
wait_ms(const struct stage *stage)
{
	int64_t left_ns = stage->until_ns - (int64_t)tri_now_ns();

	if (stage->until_ns == INT64_MAX)
		return -1;
	return left_ns <= 0 ? 0 : (int)(left_ns / SPEC_MILLISECOND) + 1;
}

static void
take_signal(struct stage *stage)
{
	struct signalfd_siginfo info;

	if (read(stage->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	stage->end->interrupted = (int)info.ssi_signo;
	signal_it(stage, SIGKILL);
}

/* Its group, while its number can't be anybody else's; then itself. */
static void
reap(struct stage *stage)
{
	siginfo_t info = { .si_code = 0 };
	struct rusage usage;

	if (stage->program->tool == NULL)
		sys.group_kill(stage->process.pid, SIGKILL);
	if (spawn_reap(&stage->process, &info, &usage) < 0)
		info = (siginfo_t){ .si_code = CLD_KILLED, .si_status = SIGKILL };
	if (info.si_code == CLD_EXITED)
		stage->end->code = info.si_status;
	else
		stage->end->signal = info.si_status;
	close(stage->process.pidfd);
	stage->dead = true;
}

static void
turn(struct stage *stage)
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
			read_some(stage, &stage->readers[i]);
	if (fds[BELL].revents != 0 || stage->bell.retry_ns <= (int64_t)tri_now_ns())
		bell_answer(&stage->bell, hear);
	look_whether_done(stage);
	if (fds[SIGNAL].revents != 0)
		take_signal(stage);
	if (fds[END].revents != 0)
		reap(stage);
	else if ((int64_t)tri_now_ns() >= stage->until_ns)
		time_is_up(stage);
}

/* What it had said and we have not heard yet. */
static void
drain(struct stage *stage)
{
	int64_t until_ns = (int64_t)tri_now_ns() + DRAIN_MS * SPEC_MILLISECOND;
	struct pollfd bell = { .fd = stage->bell.fd, .events = POLLIN };

	while (!wire_drained(stage->wire) && (int64_t)tri_now_ns() < until_ns) {
		poll(&bell, 1, DRAIN_MS / 10);
		bell_answer(&stage->bell, hear);
	}
	for (int i = 0; i < 2; i++)
		read_rest(stage, &stage->readers[i]);
}

/* What the black box says, copied: a process that was left behind may be writing there. */
static void
take_last_words(struct stage *stage)
{
	const struct tri_blackbox *box = stage->box;
	struct replay_end *end = stage->end;
	uint64_t hand = atomic_load(&box->in_hand);

	end->last_words = atomic_load(&box->last_words);
	end->phase = atomic_load(&box->phase);
	end->in_hand = stage->about->sequence != 0 ? hand == stage->about->sequence && !end->handled
						   : end->ready && !end->handled;
	memcpy(end->text, box->text, sizeof(end->text));
	memcpy(end->where, box->where, sizeof(end->where));
	end->text[sizeof(end->text) - 1] = end->where[sizeof(end->where) - 1] = '\0';
	if (box->fault.complete) {
		end->fault = output_need(malloc(sizeof(*end->fault)));
		memcpy(end->fault, &box->fault, sizeof(*end->fault));
	}
}

/* --- the end --- */

static void
kill_and_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* All that is a child of this process now: what it had started is, when that which started it is gone. Killing one may leave us others. */
static void
end_children(void)
{
	char text[CHILDREN_BYTES], path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
	for (int rounds = 0; rounds < ROUNDS_MAX; rounds++) {
		if (procfile_read(path, text, sizeof(text)) <= 0)
			return;
		for (char *at = text, *end; *at != '\0'; at = end) {
			pid_t pid = (pid_t)strtol(at, &end, 10);
			if (end == at || *end != ' ')
				break;
			kill_and_reap(pid);
		}
	}
}

static void
clean_up(struct stage *stage)
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

static tractor_err
set_up(struct stage *stage)
{
	const struct recording_about *about = stage->about;
	tractor_err err = make_channels(stage);

	if (err == TRACTOR_OK)
		err = make_state(stage);
	if (err == TRACTOR_OK &&
		!replaywords_learn(&stage->words, about->schemas.items, about->schemas.count))
		err = TRACTOR_EBADMSG;
	if (err == TRACTOR_OK)
		err = take_signals(stage);
	return err == TRACTOR_OK ? start(stage) : err;
}

bool
replaystage_play(const struct recording *recording, const struct replay_program *program,
	const struct command_line *line, struct replay_end *ret_end)
{
	struct stage stage = { .about = &recording->about,
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
	if (!make_folder(&stage))
		return false;
	tractor_err err = set_up(&stage);
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
	clean_up(&stage);
	return err == TRACTOR_OK;
}
