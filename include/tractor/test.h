/*
 * test.h: crash tests for a tree of one's own. Link libtractor-test (tractor::test) beside the test framework: everything here returns true or false, and says on standard error what was
 * expected, what was there instead, and what had happened before.
 *
 *	struct tractor_test *test = tractor_test_open("shop.yaml");
 *	ck_assert(tractor_test_inject(test, "/shop/db", "segv", "db.put:3"));
 *	... tells and asks with tractor_test_ctx(test) ...
 *	ck_assert(tractor_test_restarted(test, "/shop/db", "SIGSEGV", 2, 5000));
 *	ck_assert(tractor_test_untouched(test, "/shop/cache"));
 *	ck_assert(tractor_test_close(test));
 *
 * The same can be written as a scenario, in text: see `tractor help test`.
 *
 * And tractor_crash_everywhere(), which finds the crash that nobody thought of: it runs a workload again and again, and kills one actor at each message in turn.
 *
 * A test's process is the tree's supervisor, so with a framework that forks for each test everything here belongs into the test itself. One thread.
 */
#ifndef TRACTOR_TEST_H
#define TRACTOR_TEST_H

#include <stdio.h>

#include <tractor/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tractor_test;

/* Starts the tree of a file, each actor ready before the next. NULL: it did not start; why has been said. Blocks until it is up. */
TRACTOR_API struct tractor_test *tractor_test_open(const char *tree_file);

/* Everything is optional. */
struct tractor_test_options {
	/* How the tree is run, but for what its file says; copied, but for its `arg`. NULL: by the defaults. */
	const struct tractor_options *runtime;
	FILE *report; /* where it is said what was expected and what is; NULL: stderr. Lives as long as the test */
};

/* The same with options; NULL: none. */
TRACTOR_API struct tractor_test *tractor_test_open_with(
	const char *tree_file, const struct tractor_test_options *options);

/* Stops the tree in order and frees the test. False: a process was left behind, which is said; it is killed. NULL is fine. */
TRACTOR_API bool tractor_test_close(struct tractor_test *test);

/* To tell and to ask with. Lives as long as the test. */
TRACTOR_API tractor_ctx *tractor_test_ctx(struct tractor_test *test);
TRACTOR_API struct tractor_runtime *tractor_test_runtime(struct tractor_test *test);

/* As tractor_runtime_inject(): a fault at once (`at` NULL) or at a place: "db.put:3", "after:*:2", "reply:db.get", "start", "stop", "failpoint:NAME". False: what is wrong with it is said. */
TRACTOR_API bool tractor_test_inject(
	struct tractor_test *test, const char *path, const char *fault, const char *at);

/* Says what has happened until now, as an expectation does that does not hold: for one of your own. */
TRACTOR_API void tractor_test_explain(struct tractor_test *test);

/* --- what is expected; each waits until it holds, at most `deadline_ms` --- */

/* The actor runs as that incarnation, and the one before had ended so (as `tractor status` has it: "SIGSEGV", "panic", "exit 3", "deadline"; NULL: anyhow). */
TRACTOR_API bool tractor_test_restarted(struct tractor_test *test, const char *path, const char *last_exit,
	uint32_t incarnation, int64_t deadline_ms);
/* The supervisor at `path` gave up. */
TRACTOR_API bool tractor_test_escalated(struct tractor_test *test, const char *path, int64_t deadline_ms);
/* Everything runs, and nothing is going on any more: see tractor_runtime_is_quiet(). */
TRACTOR_API bool tractor_test_healthy(struct tractor_test *test, int64_t deadline_ms);

/* --- what is to be so now --- */

/* The actor (or all below the supervisor) runs as the same process as when the test was opened. */
TRACTOR_API bool tractor_test_untouched(struct tractor_test *test, const char *path);
/* No message has become a dead letter, or gone into quarantine, since the test was opened. */
TRACTOR_API bool tractor_test_nothing_lost(struct tractor_test *test);

/* --- every crash there is --- */

struct tractor_crash_loop {
	const char *tree_file;
	/* Drives the tree; what comes of it is for `check`. Asks may fail with TRACTOR_ECRASHED. False ends it all: it does not work. */
	bool (*workload)(tractor_ctx *ctx, void *arg);
	/* Once the tree is healthy again: whether it is as it must be, whatever has crashed. */
	bool (*check)(tractor_ctx *ctx, void *arg);
	void *arg;
	const char *const *actors; /* paths, NULL behind the last; NULL: all that the tree begins with */
	const char *fault;	   /* NULL: "SIGKILL", which the actor sends itself */
	int64_t deadline_ms;	   /* for the tree to be healthy again; 0: 10000 */
	unsigned failures_max;	   /* so many are looked for; 0: 1 */
	const struct tractor_test_options *options; /* of each tree; NULL: none */
};

struct tractor_crash_summary {
	unsigned runs, crashes, failures;
	char first_failure[256]; /* "SIGKILL in /bank/teller after:*:3"; "": there was none */
};

/*
 * First an undisturbed run, which must pass. Then, for each actor, for each message that it handles in the workload (the first, the second, ...), and for three moments (before its handler,
 * after it, and before what it sent goes out): a fresh tree, the fault right there, the workload, and the check. True if every check held. `ret_summary` may be NULL.
 * Source: SQLite's tests of I/O errors and crashes, which fail the Nth operation for N = 1, 2, ... until none fails any more (sqlite.org/testing.html).
 */
TRACTOR_API bool tractor_crash_everywhere(
	const struct tractor_crash_loop *loop, struct tractor_crash_summary *ret_summary);

#ifdef __cplusplus
}
#endif
#endif
