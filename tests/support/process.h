/*
 * process.h: other programs, from a test: started, watched, ended, with what they printed at hand. Everything
 * here fails the test (ck_abort) over what a test takes for granted: that a program starts, that a deadline
 * holds. Deadlines are in milliseconds before scaling; see testclock.h. Output goes to files in the test's
 * folder, so a program never blocks on a test that does not read.
 */
#ifndef TRACTOR_TESTS_PROCESS_H
#define TRACTOR_TESTS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

struct findings;
struct process;

struct process_options {
	const char *const *argv; /* ended by NULL; argv[0] is a path, or found in PATH */
	const char *const *env;	 /* NAME=VALUE, ended by NULL, over the test's own environment; may be NULL */
	const char *cwd;	 /* NULL: the test's */
	const char
		*out; /* NULL: captured; else a path that standard output is opened on, such as /dev/full */
	const char *err;   /* the same for standard error */
	unsigned fd_limit; /* RLIMIT_NOFILE; 0: the test's */
};

/*
 * Starts a program in a process group of its own, standard input empty. The kernel kills it when the test ends,
 * however that ends. The process belongs to the harness: process_close() or the fixture's teardown frees it.
 */
struct process *process_start(const char *program, ...) __attribute__((sentinel));
struct process *process_start_with(const struct process_options *options);

pid_t process_pid(const struct process *process);
void process_signal(struct process *process, int signal);	/* to the process alone */
void process_signal_group(struct process *process, int signal); /* to its group, as a terminal's Ctrl-C is */
bool process_has_ended(const struct process *process);

/* Waits for the end; the wait status as waitpid() gives it. Still running at the deadline: the test fails. */
int process_wait(struct process *process, int64_t deadline_ms);
void expect_exit(struct process *process, int code, int64_t deadline_ms);
void expect_killed(struct process *process, int signal, int64_t deadline_ms);

/*
 * Waits until the program has printed something that matches an extended regular expression, ^ and $ being a
 * line's ends, behind what the previous call matched; so a row of calls sees lines in their order. Returns what
 * group 1 matched, or all of it if there is no group; valid until the next call on this process. No match by
 * the deadline, or before the program's end: the test fails.
 */
const char *expect_output(struct process *process, const char *regex, int64_t deadline_ms);
const char *expect_errors(struct process *process, const char *regex, int64_t deadline_ms);

/* All that was printed so far; valid until the next call on this process. */
const char *process_output(struct process *process);
const char *process_errors(struct process *process);

/*
 * Kills the process if it still runs, reaps it, and closes and frees what the harness holds of it. NULL is
 * fine.
 */
void process_close(struct process *process);

/* Closes what a test left open; a process that still ran is a finding. For the fixture's teardown. */
void process_close_all(struct findings *ret_findings);

/* A program run to its end. */
struct run_result {
	int status;    /* as waitpid() gives it */
	int exit_code; /* -1: it was ended by a signal */
	char *out;     /* what it printed, ended by NUL */
	char *err;
};

#define RUN_DEADLINE_MS \
	10000 /* for one command; twice what `tractor` itself gives a supervisor that does not answer */

struct run_result run_command(const char *program, ...) __attribute__((sentinel));
struct run_result run_command_with(const struct process_options *options);
void run_result_free(struct run_result *result);

/*
 * Runs a program and parses its standard output as one JSON value. Not exit code 0, or not JSON: the test
 * fails.
 */
json_t *run_json(const char *program, ...) __attribute__((sentinel));

#endif
