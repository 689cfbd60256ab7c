/*
 * tractor/runtime.h: a supervised tree inside your own program.
 *
 *	struct tractor_runtime *rt;
 *	tractor_runtime_open(&rt, &(struct tractor_options){ .name = "demo" });
 *	tractor_ctx *ctx = tractor_port(rt);
 *	counter_ref counter;
 *	tractor_start(rt, counter, &counter, &(struct tractor_child){ .name = "counter", .exec = "./counter" });
 *	tractor_tell(ctx, counter, counter_increment, .by = 3);
 *	tractor_runtime_close(rt);
 *
 * A runtime has no thread of its own (but for log files, if it is to write them): deaths are noticed and actors restarted while the program is in one of its calls (a tractor_ask() that waits, too).
 * A program that does other things calls tractor_runtime_turn() when tractor_runtime_fd() is readable, or tractor_runtime_run().
 * All calls of one runtime come from the thread that opened it, which must outlive it: its end kills the actors. Several runtimes in one process are independent: a ref of the one is
 * TRACTOR_ENOACTOR in another.
 *
 * What can be asked about the tree's children, and of them, is in <tractor/children.h>.
 *
 * Actors are children of this process. Don't ignore SIGCHLD and don't wait for children you did not start (waitpid(-1)).
 */
#ifndef TRACTOR_RUNTIME_H
#define TRACTOR_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/actor.h>
#include <tractor/children.h>
#include <tractor/crash.h>
#include <tractor/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One line of what happened; strings are valid during the call. `path` is "" for what concerns the whole tree. */
struct tractor_event {
	int64_t time_ms;   /* since the epoch */
	const char *event; /* "running", "crashed", "restarting", "gave_up", ...: one word */
	const char *path;
	uint32_t incarnation;
	const char *text; /* a sentence; "" */
};

/* Everything is optional; what is pointed at is copied, but for the policy and the callbacks' arguments. */
struct tractor_options {
	const char *name; /* the tree's, [A-Za-z0-9_-]; NULL: "tractor-" and this process's id */
	enum tractor_strategy strategy; /* of the root */
	uint32_t intensity;		/* 0: 1 */
	int64_t period_ms;		/* 0: 5000 */
	enum tractor_auto_shutdown auto_shutdown;
	const struct tractor_crash_policy
		*crash_policy; /* NULL: the default, which only lets it be reported */
	/* A line that an actor printed, without its newline; NULL: it goes to this program's stderr, behind the path. `is_error`: it came by stderr. Must not call the runtime. */
	void (*on_line)(void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line,
		size_t length);
	/* What happens in the tree; NULL: nobody listens. Must not call the runtime. */
	void (*on_event)(void *arg, const struct tractor_event *event);
	void *arg;    /* of both */
	bool control; /* serve the `tractor` command (status, ask, ...) */
	bool signals; /* SIGINT, SIGTERM and SIGHUP (unless that is ignored) stop the tree in order, a second one at once; blocks them in this thread, while it is open */
	bool log_files; /* keep what actors print in files, which stay in the run directory's folder `logs`; has a thread for that. How much: see <tractor/children.h> */
	bool raise_files; /* raise this process's soft limit of open fds (ulimit -n) to the hard one while it is open; actors get what it was */
	bool subreaper; /* adopt and end what actors leave behind; takes all orphans below this process, so only if it has no other children */
};

/*
 * A runtime with an empty tree. Makes a run directory under $TRACTOR_RUN_DIR, $XDG_RUNTIME_DIR/tractor or a folder of this user's in the temporary
 * directory; what a killed predecessor of the same name left there is removed, but for crash reports and logs, and what its actors had started and left is killed. Doesn't block otherwise.
 *   TRACTOR_EEXIST   a tree of that name is running
 *   TRACTOR_EINVAL   the name has other characters; SIGCHLD is ignored; this is an actor's process, and tractor_begin() was forgotten
 *   TRACTOR_ESYSTEM  no directory, no fd; tractor_why() says which
 */
TRACTOR_API tractor_err tractor_runtime_open(
	struct tractor_runtime **ret_runtime, const struct tractor_options *options);

/*
 * Opens a runtime for a tree file and starts what is in it, in order, each ready before the next. `options` may be NULL; the name, strategy and policy of
 * the file go first. Faults that it asks for (`faults`) are made, which an event says ("faults") before anything starts. Blocks until all is ready.
 *   TRACTOR_EINVAL   the file has errors: tractor_why() has all of them, one a line, as file:line:column: text
 *   TRACTOR_ESTART   a child did not start: which and why is in tractor_why(); what had been started is stopped again
 *   and those of tractor_runtime_open()
 */
TRACTOR_API tractor_err tractor_runtime_open_file(
	struct tractor_runtime **ret_runtime, const char *path, const struct tractor_options *options);

/*
 * Adds what is in a tree file, as one supervisor named as the file says, below the root of a running runtime, and starts it. Errors as above.
 */
TRACTOR_API tractor_err tractor_runtime_load(struct tractor_runtime *runtime, const char *path);

/* One change that a reload makes; strings are valid during the call. */
struct tractor_change {
	const char *
		change; /* "added", "removed", "changed" (in place), "restarted" (changed, and for that another process) */
	const char *path;
	const char *what;    /* "exec: ./a -> ./b, mailbox: 10 -> 20"; "" of an added or a removed one */
	const char *failure; /* why it did not start; "" */
};

/*
 * Reads a tree file again and makes the tree what it says now: new children are started, each after those before it; removed ones are stopped, the newest first; changed
 * ones are restarted only if a process has for life what has changed (program, role, arguments, environment, directory); all others keep their processes, and so do a pool's
 * members, who have such things of a new template from their next start on. A child is
 * known by its name. Children that were added while it runs stay; one that was stopped stays stopped. `path`: the file of the whole tree, or one that tractor_runtime_load() has added; NULL:
 * the one that the runtime was opened with. `dry_run`: nothing is changed. `on_change`, which may be NULL, is called once for each change before this
 * returns. Waits until all has been done.
 *   TRACTOR_EINVAL  the file has errors, or its tree another name: tractor_why(); nothing was changed
 *   TRACTOR_ESTART  a child did not start: it is stopped, everything else was done; tractor_why() says which and why
 *   TRACTOR_ECLOSED it is not running, or being stopped; TRACTOR_EEXIST a reload is going on; TRACTOR_ENOMEM: nothing was changed
 */
TRACTOR_API tractor_err tractor_runtime_reload(struct tractor_runtime *runtime, const char *path,
	bool dry_run, void (*on_change)(void *arg, const struct tractor_change *change), void *arg);

/*
 * Makes a fault in the actor at `path`, as `tractor inject` does: see `tractor help inject` for the words. `at` NULL: at once; else a place, such as "counter.increment:3" (before the
 * handler of the third), "after:*:2" (any message), "reply:counter.get", "start", "stop", "failpoint:NAME". Doesn't wait for it.
 *   TRACTOR_ENOACTOR; TRACTOR_EINVAL what is wrong with it; TRACTOR_ESTOPPED it does not run; TRACTOR_ENOMEM
 */
TRACTOR_API tractor_err tractor_runtime_inject(
	struct tractor_runtime *runtime, const char *path, const char *fault, const char *at);

/* True if nothing is going on: no message waits or is being handled, and nothing starts, stops or waits to be restarted. What comes of timers and of the outside is not known. Doesn't wait. */
TRACTOR_API bool tractor_runtime_is_quiet(struct tractor_runtime *runtime);

/* Stops everything in reverse order of its start, waits for it, and frees the runtime. NULL is fine. Actors that ignore it are killed after their shutdown time. */
TRACTOR_API void tractor_runtime_close(struct tractor_runtime *runtime);

/* This program's own context: the same verbs as in a handler. Lives as long as the runtime. */
TRACTOR_API tractor_ctx *tractor_port(struct tractor_runtime *runtime);

/* One or more ready events are handled; waits for the first for at most `timeout_ms` (0: doesn't; -1: no limit). ECLOSED: the tree has ended. */
TRACTOR_API tractor_err tractor_runtime_turn(struct tractor_runtime *runtime, int64_t timeout_ms);

/* Readable when tractor_runtime_turn(rt, 0) has something to do; for poll, epoll or a foreign loop. Timers make it readable too. Belongs to the runtime. -1: the system refused what that needs, tractor_why() says what; it may work later. */
TRACTOR_API int tractor_runtime_fd(struct tractor_runtime *runtime);

/*
 * Turns until the tree has ended.
 *   TRACTOR_OK       it was stopped, or has shut itself down
 *   TRACTOR_ECRASHED it gave up; tractor_why() says on whom
 *   TRACTOR_ECLOSED  a second signal ended it at once (option `signals`); tractor_runtime_signal() says which
 */
TRACTOR_API tractor_err tractor_runtime_run(struct tractor_runtime *runtime);

/* The signal that ended the tree at once; 0: none did. */
TRACTOR_API int tractor_runtime_signal(const struct tractor_runtime *runtime);

/* Begins to stop the whole tree, in order; `now`: with SIGKILL. Returns at once; turn until it has ended. */
TRACTOR_API void tractor_runtime_stop(struct tractor_runtime *runtime, bool now);

/* The run directory: crash reports are in its folder `crashes`, log files in `logs`. Belongs to the runtime. */
TRACTOR_API const char *tractor_runtime_directory(struct tractor_runtime *runtime);

#ifdef __cplusplus
}
#endif
#endif
