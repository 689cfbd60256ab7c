/*
 * story.c: the life of the tree, and what must be true of it whatever goes wrong: opening works or says why, with the system's own words, and leaves nothing; what was accepted arrives;
 * who asks is answered; once the fault is over everything runs and answers within its deadline; more deaths than the story's own have a reason in the event log; stopping ends everything,
 * and no fd and no process is left.
 */
#include "story.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "client.h"
#include "host.h"
#include "leaks.h"
#include "recording.h"
#include "runningtree.h"
#include "runtime.h"
#include "testclock.h"
#include "victim.h"

#define START_MS \
	10000 /* an actor's start_timeout: many times what a start takes where others have the CPUs */
#define WHOLE_MS 30000 /* for everything to run again; a lost link costs a start_timeout, and that twice */
#define NOTES 3
#define RECORDED_MAX_BYTES ((size_t)1 << 20) /* some times what is recorded of these actors */

struct actor {
	const char *path;
	uint32_t expected; /* incarnations, by what the story itself does: at most */
	uint32_t awaited;  /* the one after the last death that it asked for */
	victim_ref ref;
	bool is_found;
	struct victim_pong pong;
};

struct story {
	const struct fault *fault;
	struct tractor_runtime *rt;
	struct fd_table fds;
	bool good;
	bool explained; /* some event had the fault's words */
	bool report_lost, logs_lost;
	bool c_was_killed; /* heard in an event: the answer may have been lost */
	struct actor actors[3];
	uint32_t noted; /* notes that were accepted */
};

enum { A, B, C, ACTORS };

/* What the host is short of is nobody's death: there the intensity allows just the two that the story asks for. Anything else may count. */
static int
intensity_under(const struct fault *fault)
{
	bool is_short = fault->call != FAULT_allocation && fault->error > 0 && host_is_short(fault->error);

	return fault->call == FAULT_none || is_short ? 2 : 1000;
}

static void
write_child(FILE *file, const char *name, int spares)
{
	fprintf(file,
		"{actor: %s, spares: %d, exec: %s/victim, start_timeout: %lldms, handler_timeout: 10s, handler_cpu_timeout: 10s, backoff: {initial: 10ms, factor: 1}}",
		name, spares, test_actors_dir(), (long long)scaled_ms(START_MS));
}

static void
write_tree(const char *path, int intensity)
{
	FILE *file = fopen(path, "we");

	if (!file) {
		perror(path);
		exit(2);
	}
	fprintf(file, "name: t\nintensity: %d\ncrash_policy: {exec: [/bin/echo, restart]}\nchildren:\n  - ",
		intensity);
	write_child(file, "a", 0);
	fprintf(file, "\n  - supervisor: w\n    intensity: %d\n    children:\n      - ", intensity);
	write_child(file, "b", 1);
	fprintf(file, "\n      - ");
	write_child(file, "c", 1);
	fprintf(file, "\n");
	fclose(file);
}

/* --- what is told --- */

static void __attribute__((format(printf, 2, 3))) complain(struct story *story, const char *format, ...)
{
	va_list arguments;

	story->good = false;
	fputs("WRONG: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* What it is called in a text, one way or the other. */
static bool
explains(const char *text, const struct fault *fault)
{
	if (fault->call == FAULT_allocation)
		return strstr(text, "memory") != NULL;
	return fault->error <= 0 || strstr(text, strerror(fault->error)) ||
	       strstr(text, strerrorname_np(fault->error));
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct story *story = arg;

	fprintf(stderr, "%s %s %u: %s\n", event->event, event->path, event->incarnation, event->text);
	if (explains(event->text, story->fault))
		story->explained = true;
	if (strcmp(event->event, "report_lost") == 0)
		story->report_lost = true;
	if (strcmp(event->event, "logs_lost") == 0)
		story->logs_lost = true;
	if (strcmp(event->event, "injected") == 0)
		story->c_was_killed = true;
}

static void
on_line(void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length)
{
	(void)arg;
	(void)is_error;
	fprintf(stderr, "%s %u> %.*s\n", path, incarnation, (int)length, line);
}

static void
expect_nothing_left(struct story *story, const char *when)
{
	struct findings findings = { .count = 0 };

	leaks_fds(&story->fds, &findings);
	if (findings.count > 0)
		complain(story, "%s: %s", when, findings.text);
	pid_t pid = waitpid(-1, NULL, WNOHANG);
	if (pid >= 0)
		complain(story, "%s: a child %s", when, pid > 0 ? "was not reaped" : "still runs");
}

/* --- trying again while it may be the fault's --- */

typedef bool attempt(struct story *story);

static void
turn(struct story *story, int64_t ms)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	tractor_err err = tractor_runtime_turn(story->rt, ms);

	if (err != TRACTOR_OK) {
		fprintf(stderr, "turn: %s: %s\n", tractor_err_name(err), tractor_why());
		nanosleep(&pause, NULL);
	}
}

static bool
eventually(struct story *story, const char *what, attempt *try)
{
	int64_t until_ms = now_ms() + scaled_ms(WHOLE_MS);

	while (!try(story)) {
		if (tree_ended(story->rt->tree)) {
			complain(story, "%s: the tree has ended", what);
			return false;
		}
		if (now_ms() > until_ms) {
			complain(story, "%s: not within %d ms; last: %s", what, WHOLE_MS, tractor_why());
			return false;
		}
		turn(story, 2);
	}
	return true;
}

/* --- the chapters --- */

/* Without memory to check it a tree file is a bad one, too. */
static bool
is_documented(tractor_err err, const struct fault *fault)
{
	return err == TRACTOR_ESYSTEM || err == TRACTOR_ESTART || err == TRACTOR_ENOMEM ||
	       (err == TRACTOR_EINVAL && fault->call == FAULT_allocation);
}

/* Once the fault is over it must work. */
static bool
open_tree(struct story *story, const char *tree)
{
	const struct tractor_options options = { .on_event = on_event,
		.on_line = on_line,
		.arg = story,
		.control = true,
		.log_files = true,
		.signals = true,
		.subreaper = true };
	const struct timespec pause = { .tv_nsec = 5000000 };

	for (;;) {
		bool had_fired = fault_fired(), lasted = fault_lasts();
		tractor_err err = tractor_runtime_open_file(&story->rt, tree, &options);
		if (err == TRACTOR_OK)
			return true;
		fprintf(stderr, "open: %s: %s\n", tractor_err_name(err), tractor_why());
		if (!is_documented(err, story->fault) || !explains(tractor_why(), story->fault))
			complain(story, "opening failed with %s and said \"%s\"", tractor_err_name(err),
				tractor_why());
		expect_nothing_left(story, "after a failed start");
		if ((had_fired && !lasted) || !fault_fired()) {
			complain(story, "opening failed with nothing wrong any more");
			return false;
		}
		if (!story->good)
			return false;
		nanosleep(&pause, NULL);
	}
}

static bool
find_actors(struct story *story)
{
	for (int i = 0; i < ACTORS; i++) {
		struct actor *actor = &story->actors[i];
		if (!actor->is_found)
			actor->is_found = tractor_find(tractor_port(story->rt), victim, actor->path,
						  &actor->ref) == TRACTOR_OK;
		if (!actor->is_found)
			return false;
	}
	return true;
}

static bool
take_a_note(struct story *story)
{
	if (tractor_tell(tractor_port(story->rt), story->actors[A].ref, victim_note,
		    .number = story->noted) == TRACTOR_OK)
		story->noted++;
	return story->noted == NOTES;
}

/* So much goes in a parcel, and comes back in one. */
static bool
say_much(struct story *story)
{
	static char text[40000];
	struct victim_value value;

	memset(text, 'x', sizeof(text) - 1);
	if (tractor_ask_within(tractor_port(story->rt), scaled_ms(3000), story->actors[A].ref, &value,
		    victim_echo, .text = text) != TRACTOR_OK)
		return false;
	if (strcmp(value.text, text) != 0)
		complain(story, "what is large came back as something else");
	return true;
}

static bool
ping(struct story *story, int which)
{
	struct actor *actor = &story->actors[which];

	return tractor_ask_within(tractor_port(story->rt), scaled_ms(3000), actor->ref, &actor->pong,
		       victim_ping) == TRACTOR_OK;
}

/* Its next incarnation is waited for. */
static void
await(struct story *story, int which)
{
	struct actor *actor = &story->actors[which];

	actor->awaited = tree_find(story->rt->tree, actor->path)->incarnation + 1;
}

/* B and c have one each, whatever became of the first. */
static bool
have_spares(struct story *story)
{
	for (int i = B; i <= C; i++) {
		pid_t pid;
		if (spares_ready(story->rt, tree_find(story->rt->tree, story->actors[i].path), &pid, 1) == 0)
			return false;
	}
	return true;
}

static bool
tell_b_to_die(struct story *story)
{
	await(story, B);
	return tractor_tell(tractor_port(story->rt), story->actors[B].ref, victim_die, .how = "segv") ==
	       TRACTOR_OK;
}

static bool
is_back(struct story *story, int which)
{
	return ping(story, which) && story->actors[which].pong.incarnation >= story->actors[which].awaited;
}

static bool
b_is_back(struct story *story)
{
	return is_back(story, B);
}

static bool
c_is_back(struct story *story)
{
	return is_back(story, C);
}

/* Nobody is left without a word but by memory that is not there for it, and by what is done to the one connection. */
static bool
may_be_cut_off(const struct fault *fault)
{
	return fault->call == FAULT_allocation || fault->call == FAULT_peer || fault->call == FAULT_read;
}

static bool
request(struct story *story, const char *line)
{
	enum client_answer answer = client_request(story->rt, line, WHOLE_MS);

	if (answer == CLIENT_LATE || (answer == CLIENT_NONE && !may_be_cut_off(story->fault)))
		complain(story, "no answer to %s", line);
	return answer == CLIENT_DONE || answer == CLIENT_LATE;
}

static bool
status(struct story *story)
{
	return request(story, "{\"command\":\"status\"}\n");
}

static bool
restart_c(struct story *story)
{
	story->actors[C].expected++;
	return request(story, "{\"command\":\"restart\",\"path\":\"/t/w/c\"}\n");
}

/* By the supervisor's own hand, and once: it is not asked for again because the answer was lost. */
static bool
kill_c(struct story *story)
{
	if (!story->c_was_killed)
		await(story, C);
	if (!story->c_was_killed &&
		!request(story, "{\"command\":\"inject\",\"path\":\"/t/w/c\",\"fault\":\"kill\"}\n"))
		return false;
	story->actors[C].expected++;
	return true;
}

static bool
fault_is_over(struct story *story)
{
	(void)story;
	return !fault_lasts();
}

static bool
is_whole(struct story *story)
{
	struct tree *tree = story->rt->tree;

	for (struct node *node = tree_root(tree); node; node = tree_next(tree, node))
		if (node->state != NODE_RUNNING)
			return false;
	return ping(story, A) && ping(story, B) && ping(story, C);
}

static bool
expect_notes(struct story *story)
{
	struct victim_notebook book = { .numbers = { .count = 0 } };

	if (story->actors[A].pong.incarnation != 1)
		return true; /* they were in its memory */
	if (tractor_ask_within(tractor_port(story->rt), scaled_ms(3000), story->actors[A].ref, &book,
		    victim_noted) != TRACTOR_OK)
		return false;
	if (!ping(story, A))
		return false;
	/* Where its link broke, it may have died meanwhile. */
	if (story->actors[A].pong.incarnation == 1 && book.numbers.count != story->noted)
		complain(story, "%u notes were accepted, and %zu arrived", story->noted, book.numbers.count);
	return true;
}

/* An allocation's failure may cost the very event that would say so. */
static void
expect_reasons(struct story *story)
{
	for (int i = 0; i < ACTORS; i++)
		if (story->actors[i].pong.incarnation > story->actors[i].expected && !story->explained &&
			story->fault->call != FAULT_allocation)
			complain(story, "%s is in incarnation %u, and no event says \"%s\"",
				story->actors[i].path, story->actors[i].pong.incarnation,
				fault_error_name(story->fault->error));
}

static bool
is_whole_recording(const char *path)
{
	struct recording recording = { .bytes = NULL };
	uint8_t *bytes = malloc(RECORDED_MAX_BYTES);
	FILE *file = fopen(path, "re");
	size_t size = bytes && file ? fread(bytes, 1, RECORDED_MAX_BYTES, file) : 0;

	if (file)
		fclose(file);
	if (recording_decode(bytes, size, &recording) != TRACTOR_OK) {
		free(bytes);
		return false;
	}
	recording_free(&recording);
	return true;
}

/* The allocation that fails may be one of the look's own: then it is looked at again, when no more fail. */
static bool
stays_broken(struct story *story, const char *recording)
{
	return !is_whole_recording(recording) && eventually(story, "the fault's end", fault_is_over) &&
	       !is_whole_recording(recording);
}

/* What is beside the reports: whole or not there. */
static void
expect_recordings(struct story *story)
{
	char path[256];
	glob_t found;

	snprintf(path, sizeof(path), "%s/crashes/*" RECORDING_SUFFIX, tractor_runtime_directory(story->rt));
	if (glob(path, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (stays_broken(story, found.gl_pathv[i]))
			complain(story, "%s is not whole: %s", found.gl_pathv[i], tractor_why());
	globfree(&found);
}

/* Whole or not there: b's is there, or an event says that it was lost. */
static void
expect_reports(struct story *story)
{
	char path[256];
	size_t count = 0;
	glob_t found;

	snprintf(path, sizeof(path), "%s/crashes/*.json", tractor_runtime_directory(story->rt));
	if (glob(path, 0, NULL, &found) != 0)
		found = (glob_t){ .gl_pathc = 0 };
	for (size_t i = 0; i < found.gl_pathc; i++) {
		json_t *report = json_load_file(found.gl_pathv[i], 0, NULL);
		if (!report && !story->report_lost)
			complain(story, "%s is not whole", found.gl_pathv[i]);
		count += report != NULL;
		json_decref(report);
	}
	globfree(&found);
	if (count == 0 && !story->report_lost && story->fault->call != FAULT_allocation)
		complain(story, "no crash report, and no event that says why");
}

/* What a has printed is there, whole, or an event says that it was lost. */
static void
expect_logs(struct story *story, const char *directory)
{
	char path[256], line[1024];
	bool is_up = false;

	snprintf(path, sizeof(path), "%s/logs/a.log", directory);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		json_t *json = json_loads(line, 0, NULL);
		const char *text = json_string_value(json_object_get(json, "text"));
		if (!text)
			complain(story, "a line in %s is not whole: %s", path, line);
		else if (strcmp(text, "up 1") == 0)
			is_up = true;
		json_decref(json);
	}
	if (file)
		fclose(file);
	if (!is_up && !story->logs_lost && story->fault->call != FAULT_allocation)
		complain(story, "nothing in %s, and no event that says why", path);
}

static void
live(struct story *story)
{
	tractor_runtime_fd(story->rt); /* the clock of a foreign loop */
	if (eventually(story, "find", find_actors) && eventually(story, "tell", take_a_note) &&
		eventually(story, "say much", say_much) && eventually(story, "spares", have_spares) &&
		eventually(story, "die", tell_b_to_die))
		story->actors[B].expected++;
	else
		return;
	if (eventually(story, "b is back", b_is_back) && eventually(story, "status", status) &&
		eventually(story, "restart c", restart_c) && eventually(story, "kill c", kill_c) &&
		eventually(story, "c is back", c_is_back) && eventually(story, "spares again", have_spares) &&
		eventually(story, "the fault's end", fault_is_over) && eventually(story, "whole", is_whole) &&
		eventually(story, "notes", expect_notes))
		expect_reasons(story);
	expect_reports(story);
	expect_recordings(story);
	eventually(story, "status at last", status);
}

static void
end(struct story *story)
{
	int64_t until_ms = now_ms() + scaled_ms(WHOLE_MS);

	if (!tree_ended(story->rt->tree))
		kill(getpid(), SIGTERM); /* blocked, for the runtime takes it as an event */
	while (!tree_ended(story->rt->tree) && now_ms() < until_ms)
		turn(story, 10);
	if (!tree_ended(story->rt->tree))
		complain(story, "not stopped within %d ms", WHOLE_MS);
	char *directory = strdup(tractor_runtime_directory(story->rt));
	tractor_runtime_close(story->rt);
	if (directory)
		expect_logs(story, directory);
	free(directory);
}

bool
story_run(const char *tree, enum story_length length, const struct fault *fault)
{
	struct story story = { .fault = fault,
		.good = true,
		.actors = { { .path = "/t/a", .expected = 1 }, { .path = "/t/w/b", .expected = 1 },
			{ .path = "/t/w/c", .expected = 1 } } };

	write_tree(tree, intensity_under(fault));
	fd_table_read(&story.fds);
	fault_begin(fault);
	if (open_tree(&story, tree)) {
		if (length == STORY_WHOLE)
			live(&story);
		else if (eventually(&story, "find", find_actors))
			eventually(&story, "whole", is_whole);
		end(&story);
		expect_nothing_left(&story, "after the end");
	}
	fault_end();
	return story.good;
}
