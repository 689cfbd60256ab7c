/*
 * seed.h: what the seed's cases have in common: a runtime in the test's own process that keeps what its actors print and
 * what happens to them, gates that an actor's handler waits at, and checks that say tractor_why(). Waiting turns the
 * runtime, up to a deadline; nothing here sleeps.
 */
#ifndef TRACTOR_TESTS_SEED_H
#define TRACTOR_TESTS_SEED_H

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "actors/probe.h"
#include "scenario.h"

#define SEED_DEADLINE_MS 5000
#define SEED_PROMPTLY_MS \
	2000 /* well below the 5000 of a default limit: it was not that which ended the wait */
#define SEED_KEPT 2048

/* A verb that must succeed, and one that must fail in this way. */
#define OK(call)                                                                                         \
	do {                                                                                             \
		tractor_err err_ = (call);                                                               \
		ck_assert_msg(                                                                           \
			err_ == TRACTOR_OK, "%s: %s: %s", #call, tractor_err_name(err_), tractor_why()); \
	} while (0)

#define FAILS(wanted, call)                                                                          \
	do {                                                                                         \
		tractor_err err_ = (call);                                                           \
		ck_assert_msg(err_ == (wanted), "%s: %s, not %s: %s", #call, tractor_err_name(err_), \
			tractor_err_name(wanted), tractor_why());                                    \
	} while (0)

/* The same for what a probe reports of a verb that it used. */
#define OUTCOME(wanted, outcome)                                                 \
	ck_assert_msg((outcome).err == (wanted), "the probe got %s, not %s: %s", \
		tractor_err_name((tractor_err)(outcome).err), tractor_err_name(wanted), (outcome).why)

#define ck_assert_contains(text, part) \
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in \"%s\"", part, text)

/* A line that an actor printed, or an event. */
struct seed_note {
	bool seen; /* by an expect_ before */
	uint32_t incarnation;
	char what[24]; /* an event's name; "" */
	char path[64];
	char text[384];
};

struct seed_notes {
	size_t count;
	struct seed_note notes[SEED_KEPT];
};

struct seed {
	struct tractor_runtime *rt;
	tractor_ctx *ctx;
	struct seed_notes lines, events;
};

static inline void
seed_keep(struct seed_notes *notes, const char *what, const char *path, uint32_t incarnation,
	const char *text, size_t length)
{
	ck_assert_uint_lt(notes->count, SEED_KEPT);
	struct seed_note *note = &notes->notes[notes->count++];

	*note = (struct seed_note){ .incarnation = incarnation };
	snprintf(note->what, sizeof(note->what), "%s", what);
	snprintf(note->path, sizeof(note->path), "%s", path);
	snprintf(note->text, sizeof(note->text), "%.*s", (int)length, text);
}

static inline void
seed_on_line(
	void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length)
{
	struct seed *seed = arg;

	seed_keep(&seed->lines, is_error ? "stderr" : "", path, incarnation, line, length);
}

static inline void
seed_on_event(void *arg, const struct tractor_event *event)
{
	struct seed *seed = arg;

	seed_keep(&seed->events, event->event, event->path, event->incarnation, event->text,
		strlen(event->text));
}

/* The options that every test's runtime has; intensity is generous, so that a test that crashes actors is not about it. */
static inline struct tractor_options
seed_options(struct seed *seed)
{
	return (struct tractor_options){
		.name = "t", .intensity = 100, .on_line = seed_on_line, .on_event = seed_on_event, .arg = seed
	};
}

static inline struct seed *
seed_new(void)
{
	struct seed *seed = calloc(1, sizeof(*seed));

	ck_assert_ptr_nonnull(seed);
	return seed;
}

static inline struct seed *
seed_open_with(struct seed *seed, struct tractor_options options)
{
	OK(tractor_runtime_open(&seed->rt, &options));
	seed->ctx = tractor_port(seed->rt);
	return seed;
}

static inline struct seed *
seed_open(void)
{
	struct seed *seed = seed_new();

	return seed_open_with(seed, seed_options(seed));
}

static inline void
seed_close(struct seed *seed)
{
	tractor_runtime_close(seed->rt);
	free(seed);
}

/* The path of one of the tests' actors; lives to the end of the process. */
static inline const char *
seed_exec(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/seed_%s", test_actors_dir(), name);
	return path;
}

#define SEED_START(seed, protocol, ret_ref, ...) \
	OK(tractor_start((seed)->rt, protocol, ret_ref, &(struct tractor_child){ __VA_ARGS__ }))

/* A probe with nothing special to it. */
static inline probe_ref
seed_probe(struct seed *seed, const char *name)
{
	probe_ref ref;

	SEED_START(seed, probe, &ref, .name = name, .exec = seed_exec("probe"));
	return ref;
}

/* --- waiting --- */

/* The first note that was not seen yet and is of this kind, path and text (NULL: any); -1: none. */
static inline int
seed_look(struct seed_notes *notes, const char *what, const char *path, const char *text)
{
	for (size_t i = 0; i < notes->count; i++) {
		struct seed_note *note = &notes->notes[i];

		if (note->seen || (what != NULL && strcmp(note->what, what) != 0) ||
			strcmp(note->path, path) != 0 || (text != NULL && strcmp(note->text, text) != 0))
			continue;
		note->seen = true;
		return (int)i;
	}
	return -1;
}

static inline void
seed_show(const struct seed_notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		fprintf(stderr, "%s%s %s[%u]: %s\n", notes->notes[i].seen ? "  " : "> ", notes->notes[i].what,
			notes->notes[i].path, notes->notes[i].incarnation, notes->notes[i].text);
}

static inline void
seed_complain(const struct seed *seed, const char *what, const char *path, const char *text)
{
	seed_show(&seed->events);
	seed_show(&seed->lines);
	ck_abort_msg("waited in vain for %s %s: %s", what != NULL ? what : "", path,
		text != NULL ? text : "(anything)");
}

static inline const struct seed_note *
seed_await(struct seed *seed, struct seed_notes *notes, const char *what, const char *path, const char *text)
{
	int64_t until_ms = now_ms() + scaled_ms(SEED_DEADLINE_MS);
	int at;

	while ((at = seed_look(notes, what, path, text)) < 0) {
		int64_t left_ms = until_ms - now_ms();

		if (left_ms <= 0)
			seed_complain(seed, what, path, text);
		tractor_runtime_turn(seed->rt, left_ms);
	}
	return &notes->notes[at];
}

/* Waits until the actor at `path` has printed that line, once more than was waited for before. */
static inline const struct seed_note *
expect_line(struct seed *seed, const char *path, const char *text)
{
	return seed_await(seed, &seed->lines, NULL, path, text);
}

/* Waits for an event ("crashed", "dead_letter", ...) of that actor. */
static inline const struct seed_note *
expect_event(struct seed *seed, const char *what, const char *path)
{
	return seed_await(seed, &seed->events, what, path, NULL);
}

/* Whether the actor has printed that line (again). Doesn't wait: what one waits for comes first. */
static inline bool
has_line(struct seed *seed, const char *path, const char *text)
{
	return seed_look(&seed->lines, NULL, path, text) >= 0;
}

/* --- gates --- */

struct gate {
	const char *path;
	int fd;
};

static inline struct gate
gate_make(const char *name)
{
	struct gate gate = { .path = scenario_path(name) };

	scenario_keep("gate*");
	ck_assert_int_eq(mkfifo(gate.path, 0600), 0);
	gate.fd = open(gate.path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(gate.fd, 0);
	return gate;
}

/* Lets one through, who may be there already or is still to come. */
static inline void
gate_open(const struct gate *gate)
{
	ck_assert_int_eq(write(gate->fd, "x", 1), 1);
}

static inline void
gate_close(const struct gate *gate)
{
	close(gate->fd);
}

/* --- small questions --- */

static inline struct probe_who
who_is(struct seed *seed, probe_ref ref)
{
	struct probe_who who;

	OK(tractor_ask(seed->ctx, ref, &who, probe_who_asks));
	return who;
}

static inline int64_t
total_of(struct seed *seed, probe_ref ref)
{
	struct probe_value total;

	OK(tractor_ask(seed->ctx, ref, &total, probe_total));
	return total.value;
}

/* That its notes are these, in this order. */
static inline void
expect_notes(struct seed *seed, probe_ref ref, size_t count, const int64_t *wanted)
{
	struct probe_numbers notes;

	OK(tractor_ask(seed->ctx, ref, &notes, probe_notes));
	ck_assert_uint_eq(notes.items.count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(notes.items.items[i], wanted[i]);
}

#define NOTES(...)                                                              \
	sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (const int64_t[]) \
	{                                                                       \
		__VA_ARGS__                                                     \
	}

/* The probe handles this at the gate from now on: it has it in hand when this returns. */
static inline void
occupy(struct seed *seed, probe_ref ref, const char *path, const struct gate *gate)
{
	OK(tractor_tell(seed->ctx, ref, probe_block, .gate = gate->path));
	expect_line(seed, path, "blocked");
}

#endif
