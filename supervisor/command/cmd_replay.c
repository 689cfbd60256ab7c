/*
 * cmd_replay.c: `tractor replay`: makes a crash happen again, from what its supervisor has recorded beside the report or from a bundle, and says whether it was the same one. And making the bundle,
 * which `tractor crashes bundle` does: the recording with the report in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crashfiles.h"
#include "output.h"
#include "replay.h"
#include "unwound.h"
#include "why.h"

#define BUNDLE_SUFFIX ".bundle"
#define COMING_MS 3000 /* the policy may take half a second, and the machine be busy */
#define LOOK_AGAIN_MS 20

/* What is to be replayed. */
struct subject {
	struct recording recording;
	json_t *report;
	bool is_bundle;
};

static void
subject_free(struct subject *subject)
{
	recording_free(&subject->recording);
	json_decref(subject->report);
}

/* --- a recording --- */

/* Takes the bytes. */
static bool
take_bytes(struct subject *subject, const char *name, uint8_t *bytes, size_t size)
{
	if (recording_decode(bytes, size, &subject->recording) == TRACTOR_OK)
		return true;
	free(bytes);
	output_error("%s: %s", name, tractor_why());
	return false;
}

/* Why there is no recording, from the report. */
static void
say_not_recorded(const struct crash *crash)
{
	const json_t *replay = json_object_get(crash->report, "replay");
	const char *missing = json_string_value(json_object_get(replay, "missing"));

	if (missing != NULL && !json_is_true(json_object_get(replay, "recorded")))
		output_error("nothing was recorded of %s: %s", crash->id, missing);
	else if (replay != NULL)
		output_error("what was recorded of %s is not there any more", crash->id);
	else
		output_error("nothing was recorded of %s: it never came to be a process", crash->id);
}

/* Whether it will be there in a moment: the supervisor writes it when it has seen to the restart. */
static bool
is_coming(const struct crash *crash)
{
	json_int_t time_ms = json_integer_value(json_object_get(crash->report, "time"));
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return json_is_true(json_object_get(json_object_get(crash->report, "replay"), "recorded")) &&
	       time_ms > (json_int_t)now.tv_sec * 1000 - COMING_MS;
}

static bool
read_recording(struct subject *subject, int folder, const struct crash *crash)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000 };
	char file[NAME_MAX + 1];
	size_t size;

	snprintf(file, sizeof(file), "%s" RECORDING_SUFFIX, crash->id);
	uint8_t *bytes = crashfiles_bytes(folder, file, &size);
	while (bytes == NULL && errno == ENOENT && is_coming(crash)) {
		nanosleep(&pause, NULL);
		bytes = crashfiles_bytes(folder, file, &size);
	}
	if (bytes == NULL && errno == ENOENT)
		say_not_recorded(crash);
	else if (bytes == NULL)
		output_error("%s: %s", file, strerror(errno));
	return bytes != NULL && take_bytes(subject, file, bytes, size);
}

/* The one that tells it in full has the recording for all that are like it. `id` NULL: of the last. */
static bool
choose(struct subject *subject, const struct crashes *crashes, const struct crashfiles_place *place,
	const char *id)
{
	const struct crash *crash = id != NULL		 ? crashfiles_find(crashes, id)
				    : crashes->count > 0 ? &crashes->items[crashes->count - 1]
							 : NULL;

	if (crash == NULL && id == NULL)
		crashfiles_say_none(place);
	else if (crash == NULL)
		crashfiles_unknown(crashes, id);
	if (crash == NULL)
		return false;
	const struct crash *full = crashfiles_full(crashes, crash);
	if (full != crash)
		output_error("%s is like %s, which was recorded", crash->id, full->id);
	subject->report = json_incref(full->report);
	return read_recording(subject, place->folder, full);
}

/* False: it has been said; *ret_code. */
static bool
find_crash(struct subject *subject, const char *tree, const char *id, int *ret_code)
{
	struct crashfiles_place place;
	struct crashes crashes;

	*ret_code = CONTROL_FAILED;
	if (!crashfiles_open_for(tree, id, &place, ret_code))
		return false;
	crashfiles_read(place.folder, true, &crashes);
	bool found = choose(subject, &crashes, &place, id);
	crashfiles_free(&crashes);
	crashfiles_close(&place);
	return found;
}

/* --- a bundle --- */

static bool
is_file_name(const char *word)
{
	size_t length = strlen(word), suffix = strlen(BUNDLE_SUFFIX);

	return strchr(word, '/') != NULL ||
	       (length > suffix && strcmp(word + length - suffix, BUNDLE_SUFFIX) == 0);
}

static bool
read_bundle(struct subject *subject, const char *file)
{
	size_t size;
	uint8_t *bytes = crashfiles_bytes(AT_FDCWD, file, &size);

	if (bytes == NULL)
		output_error("%s: %s", file, strerror(errno));
	if (bytes == NULL || !take_bytes(subject, file, bytes, size))
		return false;
	subject->is_bundle = true;
	subject->report = json_loads(subject->recording.about.report, 0, NULL);
	if (json_is_object(subject->report))
		return true;
	output_error("%s: there is no crash report in it", file);
	return false;
}

/* Whole or not at all, and not over what is there. False: errno says why. */
static bool
write_new(const char *file, const uint8_t *bytes, size_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t put = 0;

	if (fd < 0)
		return false;
	while (put < size) {
		ssize_t some = write(fd, bytes + put, size - put);
		if (some < 0 && errno != EINTR)
			break;
		put += some > 0 ? (size_t)some : 0;
	}
	int error = errno;
	if (close(fd) == 0 && put == size)
		return true;
	unlink(file);
	errno = put < size ? error : errno;
	return false;
}

static int
write_bundle(struct subject *subject, const char *file)
{
	char *report = output_need(json_dumps(subject->report, JSON_COMPACT));
	uint8_t *bytes = NULL;
	size_t size;
	int code = CONTROL_FAILED;

	subject->recording.about.report = report;
	tractor_err err = recording_encode(&subject->recording, &bytes, &size);
	if (err != TRACTOR_OK)
		output_error("it cannot be bundled: %s",
			err == TRACTOR_ENOMEM ? tractor_err_text(err) : tractor_why());
	else if (!write_new(file, bytes, size))
		output_error("%s: %s%s", file, strerror(errno),
			errno == EEXIST ? "; remove it, or name another file" : "");
	else
		code = CONTROL_DONE;
	free(bytes);
	free(report);
	return code;
}

static void
say_bundle(const char *file, bool json)
{
	json_t *said = output_need(json_pack("{s:s}", "bundle", file));

	if (json)
		output_json_line(stdout, said);
	else
		output_lines(stdout, file);
	json_decref(said);
}

int
replay_bundle(const struct command_line *line)
{
	struct subject subject = { .report = NULL };
	int words = line->last ? 1 : 2; /* before the file's name */
	char own[NAME_MAX + 1];
	int code;

	if (find_crash(&subject, line->tree, line->last ? NULL : line->words[1], &code)) {
		snprintf(own, sizeof(own), "%s" BUNDLE_SUFFIX, subject.recording.about.id);
		const char *file = line->word_count > words ? line->words[words] : own;
		code = write_bundle(&subject, file);
		if (code == CONTROL_DONE)
			say_bundle(file, line->json);
	}
	subject_free(&subject);
	return code;
}

/* --- what came of it --- */

/* Below a debugger it is the debugger that has ended. What the actor died of is known if it came to that. */
static void
look_below_debugger(struct replay_end *end)
{
	end->signal = end->fault != NULL ? end->fault->signal : 0;
	if (end->fault == NULL)
		end->code = 0;
}

static void
say_verdict(const json_t *replayed, const char *differs)
{
	char top[UNWOUND_TOP_BYTES];
	const char *cause = json_string_value(json_object_get(replayed, "cause")),
		   *signal = json_string_value(json_object_get(replayed, "signal"));

	unwound_top(replayed, top);
	printf("%s", differs != NULL ? "not the same: " : "crashed again in the same way: ");
	output_text(stdout, differs != NULL ? differs : cause);
	if (differs == NULL && signal != NULL)
		printf(", %s", signal);
	if (differs == NULL && *top != '\0') {
		printf(" in ");
		output_text(stdout, top);
	}
	putchar('\n');
}

static void
say_verdict_json(json_t *replayed, const char *differs)
{
	char top[UNWOUND_TOP_BYTES];

	unwound_top(replayed, top);
	json_object_set_new(replayed, "reproduced", json_boolean(differs == NULL));
	json_object_set_new(replayed, "differs", differs != NULL ? json_string(differs) : json_null());
	json_object_set_new(replayed, "top", *top != '\0' ? json_string(top) : json_null());
	output_json_line(stdout, replayed);
}

/* A debugger stops it before it can say what it dies of: that is for whoever sits there to see. */
static bool
ended_below_debugger(const struct command_line *line, const struct replay_end *end)
{
	return line->gdb && end->fault == NULL && end->in_hand && end->last_words == TRI_LAST_NONE;
}

/* Else whoever sat there has left again, or the debugger could not. */
static bool
was_run(const struct replay_end *end)
{
	return end->ready || end->in_hand || end->fault != NULL || end->last_words != TRI_LAST_NONE ||
	       *end->refusal != '\0' || *end->violation != '\0';
}

static int
judge(const struct subject *subject, const struct command_line *line, struct replay_end *end)
{
	if (line->gdb)
		look_below_debugger(end);
	json_t *replayed = replayverdict_report(&subject->recording, subject->report, end);
	char *differs = ended_below_debugger(line, end)
				? NULL
				: replayverdict_differs(&subject->recording, subject->report, replayed, end);
	int code = differs == NULL ? CONTROL_DONE : CONTROL_FAILED;

	if (end->interrupted != 0)
		code = 128 + end->interrupted;
	if (line->json)
		say_verdict_json(replayed, differs);
	else if (line->gdb && !was_run(end))
		printf("not the same: the debugger ended before the actor had started\n");
	else if (ended_below_debugger(line, end))
		printf("the debugger has ended, with the crash in hand\n");
	else
		say_verdict(replayed, differs);
	json_decref(replayed);
	free(differs);
	return code;
}

static void
say_what(const struct subject *subject)
{
	const struct recording_about *about = &subject->recording.about;
	char build_id[REPLAY_BUILD_ID_TEXT];

	replayprogram_build_id(about->build_id.data, about->build_id.size, build_id);
	output_error("crash %s: %s, incarnation %u, build %s", about->id, about->path, about->incarnation,
		*build_id != '\0' ? build_id : "unknown");
	if (*about->missing != '\0')
		output_error("the recording is without %s", about->missing);
}

static int
play(const struct subject *subject, const struct command_line *line)
{
	struct replay_program program;
	struct replay_end end = { .fault = NULL };
	int code = CONTROL_FAILED;

	say_what(subject);
	if (replayprogram_find(&subject->recording, subject->is_bundle, line, &program) &&
		replaystage_play(&subject->recording, &program, line, &end))
		code = judge(subject, line, &end);
	replayprogram_free(&program);
	free(end.fault);
	return code;
}

/* Whether what stands on the line goes together. */
static bool
is_sensible(const struct command_line *line)
{
	int own = line->last ? 0 : 1;

	if (line->gdb && line->valgrind)
		output_error("--gdb or --valgrind, not both");
	else if (line->word_count < own)
		output_error("replay which? see: tractor crashes list");
	else if (line->word_count > own && !line->gdb && !line->valgrind)
		output_error(
			"\"%.64s\" is too much: further words are for --gdb or --valgrind", line->words[own]);
	else
		return true;
	return false;
}

int
cmd_replay(const struct command_line *line)
{
	struct subject subject = { .report = NULL };
	int code = CONTROL_FAILED;
	bool found;

	if (!is_sensible(line))
		return CONTROL_USAGE;
	if (!line->last && is_file_name(line->words[0]))
		found = read_bundle(&subject, line->words[0]);
	else
		found = find_crash(&subject, line->tree, line->last ? NULL : line->words[0], &code);
	if (found)
		code = play(&subject, line);
	subject_free(&subject);
	return code;
}
