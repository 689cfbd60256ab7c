/*
 * replayverdict.c: what a replayed actor died of, by the rules by which a supervisor judges (shell/death.c), and whether that is the crash that was recorded: the same cause, at the same thing, in the same place.
 * Places are compared by function and line where both have names, else by where in the program they are. Reports may say anything; what is missing makes no difference. If it is the names that the unwinder should have given now, that
 * is what is said.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mappings.h"
#include "output.h"
#include "replay.h"
#include "shell.h"
#include "sys.h"
#include "unwound.h"
#include "utf8.h"
#include "why.h"

#define NAMES_MS 5000  /* the unwinder gives itself two seconds */
#define ATTEMPTS_MAX 2 /* on a machine that is swamped; as the supervisor's */

/* --- what it died of --- */

static enum tractor_cause
cause_of_exit(const struct replay_end *end)
{
	bool busy = end->last_words == TRI_LAST_EXIT || end->phase == TRI_PHASE_HANDLING ||
		    end->phase == TRI_PHASE_ASKING;

	if (!end->ready)
		return TRACTOR_CAUSE_START;
	return end->code != 0 || busy ? TRACTOR_CAUSE_EXIT : TRACTOR_CAUSE_NONE;
}

static enum tractor_cause
cause_of(const struct replay_end *end)
{
	if (*end->violation != '\0')
		return TRACTOR_CAUSE_PROTOCOL_VIOLATION;
	if (end->overdue || end->interrupted != 0 || end->handled)
		return TRACTOR_CAUSE_NONE;
	if (end->signal == 0)
		return cause_of_exit(end);
	if (end->timed_out)
		return end->ready ? TRACTOR_CAUSE_DEADLINE : TRACTOR_CAUSE_START;
	if (end->signal == SIGKILL)
		return TRACTOR_CAUSE_KILLED;
	return end->last_words == TRI_LAST_PANIC ? TRACTOR_CAUSE_PANIC : TRACTOR_CAUSE_SIGNAL;
}

/* --- with names --- */

static int
make_input(const struct tri_fault *fault)
{
	int fd = sys.memfd("tractor-crash", 0);

	if (fd < 0 || pwrite(fd, fault, sizeof(*fault), 0) == (ssize_t)sizeof(*fault))
		return fd;
	close(fd);
	return -1;
}

/* Until its end, or NAMES_MS. How many bytes; more than UNWOUND_MAX_BYTES: too many. */
static size_t
read_answer(int fd, char *answer)
{
	int64_t until_ns = (int64_t)tri_now_ns() + NAMES_MS * SPEC_MILLISECOND;
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	size_t got = 0;

	for (;;) {
		int64_t left_ms = (until_ns - (int64_t)tri_now_ns()) / SPEC_MILLISECOND;
		if (left_ms <= 0 || poll(&readable, 1, (int)left_ms) != 1)
			return 0;
		ssize_t some = read(fd, answer + got, UNWOUND_MAX_BYTES + 1 - got);
		if (some <= 0 || got + (size_t)some > UNWOUND_MAX_BYTES)
			return some == 0 ? got : 0;
		got += (size_t)some;
	}
}

static void
unwind(json_t *report, const struct tri_fault *fault, char *unwinder)
{
	static char *const no_environment[] = { NULL };
	char *argv[] = { unwinder, NULL }, *answer = output_need(malloc(UNWOUND_MAX_BYTES + 1));
	int out[2] = { -1, -1 }, input = make_input(fault);
	struct spawned process;

	if (input >= 0 && sys.pipe(out) == 0) {
		struct spawn_plan plan = { .path = unwinder,
			.argv = argv,
			.envp = no_environment,
			.fds = { input, out[1], -1 },
			.fd_count = 3 };
		tractor_err err = spawn_start(&plan, &process);
		close(out[1]);
		if (err == TRACTOR_OK) {
			size_t size = read_answer(out[0], answer);
			spawn_end(&process);
			if (unwound_take(report, answer, size) == TRACTOR_OK)
				json_object_set_new(report, "symbols", json_string(UNWINDING_DONE));
		}
		close(out[0]);
	}
	if (input >= 0)
		close(input);
	free(answer);
}

static bool
has_names(const json_t *report)
{
	const char *symbols = json_string_value(json_object_get(report, "symbols"));

	return symbols != NULL && strcmp(symbols, UNWINDING_DONE) == 0;
}

/* As the recorded one was made: with names, if that has them. */
static void
add_fault(json_t *report, const json_t *recorded, struct tri_fault *fault)
{
	struct mappings mappings;
	struct tri_fault *copy = output_need(malloc(sizeof(*copy)));
	char *unwinder = has_names(recorded) ? unwinder_find() : NULL;

	memcpy(copy, fault, sizeof(*copy)); /* its maps are cut up */
	reportfault_mappings(copy, &mappings);
	reportfault_add(report, copy, &mappings, false);
	json_object_set_new(report, "overflow", json_boolean(reportfault_is_overflow(copy, &mappings)));
	free(copy);
	for (int i = 0; i < ATTEMPTS_MAX && unwinder != NULL && !has_names(report); i++)
		unwind(report, fault, unwinder);
	free(unwinder);
}

json_t *
replayverdict_report(const struct recording *recording, const json_t *recorded, const struct replay_end *end)
{
	enum tractor_cause cause = cause_of(end);
	const char *text = *end->violation != '\0'	       ? end->violation
			   : *end->refusal != '\0'	       ? end->refusal
			   : end->last_words != TRI_LAST_FAULT ? end->text
							       : "";
	json_t *report = output_need(json_pack("{s:o, s:s, s:s?, s:i, s:o, s:o}", "id",
		utf8_json(recording->about.id, strlen(recording->about.id)), "cause",
		tractor_cause_name(cause), "signal",
		end->signal != 0 ? report_signal_name(end->signal) : NULL, "code", end->code, "panic_text",
		utf8_json(text, strlen(text)), "where", utf8_json(end->where, strlen(end->where))));

	if (end->fault != NULL)
		add_fault(report, recorded, end->fault);
	return report;
}

/* --- the same? --- */

static const char *
text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static char *sentence(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *
sentence(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	int made = vasprintf(&text, format, arguments);
	va_end(arguments);
	return output_need(made < 0 ? NULL : text);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool
are_same_frames(const json_t *then, const json_t *now, bool in_function_only)
{
	const char *function = text_at(then, "function");

	if (*function == '\0' || *text_at(now, "function") == '\0')
		return strcmp(text_at(then, "module_offset"), text_at(now, "module_offset")) == 0;
	if (strcmp(function, text_at(now, "function")) != 0)
		return false;
	return in_function_only ||
	       (strcmp(base_name(text_at(then, "file")), base_name(text_at(now, "file"))) == 0 &&
		       json_integer_value(json_object_get(then, "line")) ==
			       json_integer_value(json_object_get(now, "line")));
}

/* A stack may be full one instruction earlier or later, by how much of it was used before: there it is who called that counts. */
static bool
are_same_places(const json_t *then, const json_t *now)
{
	const json_t *was = json_object_get(then, "backtrace"), *is = json_object_get(now, "backtrace");
	size_t at = unwound_top_index(then), at_now = unwound_top_index(now);
	bool overflow = json_is_true(json_object_get(now, "overflow"));

	if (json_array_size(was) == 0 || json_array_size(is) == 0)
		return true; /* one of them has nothing to say of it */
	return are_same_frames(
		json_array_get(was, at + overflow), json_array_get(is, at_now + overflow), overflow);
}

/* Where a deadline found it, or a signal from outside, is no matter. */
static bool
has_telling_place(const char *cause, const json_t *recorded)
{
	json_t *sender = json_object_get(recorded, "signal_sender");
	bool from_outside = json_is_integer(sender) && !json_equal(sender, json_object_get(recorded, "pid"));

	return strcmp(cause, tractor_cause_name(TRACTOR_CAUSE_DEADLINE)) != 0 && !from_outside;
}

/* By the library's way to its faults (actor/fault.c), as far as there are names. */
static bool
was_injected(const json_t *recorded)
{
	const json_t *frame;
	size_t i;

	json_array_foreach(json_object_get(recorded, "backtrace"), i, frame)
	{
		const char *function = text_at(frame, "function");
		if (strcmp(function, "tri_fault_at") == 0 || strcmp(function, "carry_out") == 0)
			return true;
	}
	return false;
}

/* What of it is in no recording; "": nothing that is known. */
static const char *
what_is_missing(const struct recording *recording, const json_t *recorded)
{
	const char *cause = text_at(recorded, "cause");

	if (strcmp(cause, tractor_cause_name(TRACTOR_CAUSE_KILLED)) == 0 ||
		strcmp(cause, tractor_cause_name(TRACTOR_CAUSE_OOM)) == 0)
		return "; what ended it came from outside, which is not played again";
	if (was_injected(recorded))
		return "; that crash was injected, which is not played again";
	return *recording->about.missing != '\0' ? "; the recording is not whole" : "";
}

/* It lives, or we ended it. */
static char *
why_it_lives(const struct recording *recording, const json_t *recorded, const struct replay_end *end)
{
	static const char *const what[] = { [RECORDING_START] = "it started",
		[RECORDING_MESSAGE] = "it handled the message",
		[RECORDING_DOWN] = "its on_down returned",
		[RECORDING_STOP] = "it stopped in order",
		[RECORDING_ALONE] = "left to itself it lives on" };

	if (end->interrupted != 0)
		return sentence("it was interrupted before it had crashed");
	if (end->overdue && !end->ready)
		return sentence("it did not start in time");
	if (end->overdue && recording->about.what != RECORDING_ALONE)
		return sentence("it was still at it when the time was up");
	return sentence(
		"%s and did not crash%s", what[recording->about.what], what_is_missing(recording, recorded));
}

static char *
compare_causes(const json_t *then, const json_t *now)
{
	const char *was = text_at(then, "cause"), *is = text_at(now, "cause");

	if (strcmp(was, is) != 0)
		return sentence("it died of another cause: %s%s%s, not %s", is,
			*text_at(now, "panic_text") != '\0' ? ": " : "", text_at(now, "panic_text"), was);
	if (strcmp(is, tractor_cause_name(TRACTOR_CAUSE_DEADLINE)) != 0 &&
		strcmp(text_at(then, "signal"), text_at(now, "signal")) != 0)
		return sentence("it died of another signal: %s, not %s", text_at(now, "signal"),
			text_at(then, "signal"));
	if (strcmp(is, tractor_cause_name(TRACTOR_CAUSE_EXIT)) == 0 &&
		json_integer_value(json_object_get(then, "code")) !=
			json_integer_value(json_object_get(now, "code")))
		return sentence("it exited with another code: %lld, not %lld",
			json_integer_value(json_object_get(now, "code")),
			json_integer_value(json_object_get(then, "code")));
	return NULL;
}

char *
replayverdict_differs(const struct recording *recording, const json_t *recorded, const json_t *replayed,
	const struct replay_end *end)
{
	const char *was = text_at(recorded, "cause"), *is = text_at(replayed, "cause");
	char top_then[UNWOUND_TOP_BYTES], top_now[UNWOUND_TOP_BYTES];
	bool starts = recording->about.what == RECORDING_START;

	if (strcmp(is, tractor_cause_name(TRACTOR_CAUSE_NONE)) == 0)
		return why_it_lives(recording, recorded, end);
	if (!end->ready && !starts)
		return sentence("it did not start: %s",
			*text_at(replayed, "panic_text") != '\0' ? text_at(replayed, "panic_text") : is);
	if (!starts && !end->in_hand)
		return sentence("it crashed before it had the message in hand");
	char *differs = compare_causes(recorded, replayed);
	if (differs != NULL)
		return differs;
	if (!has_telling_place(was, recorded) || are_same_places(recorded, replayed))
		return NULL;
	if (has_names(recorded) && !has_names(replayed)) /* by which the way out of a panic is told */
		return sentence("whether it was at %s is not known: the unwinder gave no names",
			unwound_top(recorded, top_then));
	return sentence("it crashed in another place: in %s, not in %s", unwound_top(replayed, top_now),
		unwound_top(recorded, top_then));
}
