/*
 * trees.h: what the scenarios have in common: a tree from a few lines, its commands, its crash reports. On top of the harness (tests/support), which knows how to
 * wait. What a test takes for granted and does not get fails the test.
 */
#ifndef TRACTOR_TESTS_SCENARIO_TREES_H
#define TRACTOR_TESTS_SCENARIO_TREES_H

#include "scenario.h"

#define UP_MS 5000   /* for a tree to come up */
#define DOWN_MS 8000 /* to come down in order */
#define SOON_MS 5000 /* for a restart */

/* A child's line of a tree file: `{actor: NAME, exec: <tests' actors>/PROGRAM}`. Valid until the 32nd call from now. */
const char *actor_line(const char *name, const char *program);
/* The same with more keys, a printf format: "restart: transient, args: {stop: %s}"; what it makes may be empty. */
const char *actor_line_with(const char *name, const char *program, const char *more, ...)
	__attribute__((format(printf, 3, 4)));

/* Writes the file `t.yaml`, a printf format, whose tree is named "t", runs it and waits until it is up. */
struct process *tree_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with two victims and a courier: /t/a, and below the supervisor /t/s, whose strategy is rest_for_one, /t/s/b and /t/s/c. */
struct process *small_tree_up(void);

/* SIGTERM, and exit code 0 by it. */
void tree_down(struct process *tree);

/* `tractor ...`: its exit code, and what it printed must match (extended regular expressions; NULL: whatever it is). */
void expect_command(int code, const char *out, const char *err, ...) __attribute__((sentinel));

/* `tractor tell PATH MESSAGE FIELDS`; fields are a printf format. */
void tell(const char *path, const char *message, const char *fields, ...)
	__attribute__((format(printf, 3, 4)));

/* `tractor ask ...`: the reply, owned by the caller. */
json_t *ask(const char *path, const char *message, const char *fields, ...)
	__attribute__((format(printf, 3, 4)));

/* The report of that incarnation's crash: `tractor crashes show --json`. Waits for it. Owned by the caller. */
json_t *crash_of(const char *path, int incarnation);
/* So many there are of the node; of all nodes for NULL. If not, the failure says which. */
void expect_crashes(const char *path, size_t count);

/* A field of a JSON object, by a path such as "message.name"; text "" or 0 if it is null or not there. */
const char *text_at(const json_t *json, const char *where);
int64_t number_at(const json_t *json, const char *where);

void expect_text(const json_t *json, const char *where, const char *text);
void expect_number(const json_t *json, const char *where, int64_t number);
/* An extended regular expression. */
void expect_match(const char *text, const char *regex);
bool matches(const char *text, const char *regex);

/* `tractor events --json` has one of that name whose text matches; waits for it. `path` NULL: of any. */
void expect_event(const char *path, const char *event, const char *text);

/* It dies of SIGKILL, in a handler. */
void kill_victim(const char *path);

/* Time that has to pass for what is tested to come about, not for something to be ready. */
void let_pass(int64_t ms);

/* An on_line for a tree in this process whose actors may print what they like. */
void ignore_line(
	void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length);

/* The present pid of a running actor. */
pid_t pid_of(const char *path);
bool process_exists(pid_t pid);
/* Waits until it is gone (a zombie is not). */
void expect_gone(pid_t pid, int64_t deadline_ms);

/* Ends the nap of a victim, or its next one. */
void wake(const char *path);

/* Open fds and resident memory of a process. */
size_t fds_of(pid_t pid);
long resident_kb(pid_t pid);

/* Of the numbers that an fd of the process can have, the lowest that none has. */
size_t lowest_free_fd(pid_t pid);
/* From now on it gets none of that number, or above; those that it has stay. 0: as many as it may have. */
void limit_fds(pid_t pid, size_t limit);

#endif
