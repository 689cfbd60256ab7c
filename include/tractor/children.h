/*
 * tractor/children.h: the children of a running tree: starting, stopping and looking at them. Part of <tractor/runtime.h>; the words, the rules and the errors are those of
 * OTP's supervisor.
 *
 *	tractor_start_supervisor(rt, &(struct tractor_supervisor){ .name = "db", .strategy = TRACTOR_ONE_FOR_ALL });
 *	tractor_start(rt, store, &store, &(struct tractor_child){ .name = "store", .under = "/shop/db", .exec = "./store" });
 *	tractor_terminate_child(rt, "/shop/db/store");
 *	tractor_restart_child(rt, "/shop/db/store");
 *
 * A child is named by its path. Every call here that changes something waits until that has come about; the tree lives on meanwhile. All of them:
 *   TRACTOR_ENOACTOR     there is no such child (OTP: not_found); a temporary child and a pool's member are forgotten with their end
 *   TRACTOR_ECLOSED      the tree has ended (OTP: noproc), or the supervisor above doesn't run
 *   TRACTOR_ENOMEM
 * and tractor_why() says what to do.
 */
#ifndef TRACTOR_CHILDREN_H
#define TRACTOR_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <tractor/actor.h>
#include <tractor/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tractor_runtime;

/* How a supervisor treats its children; OTP's words and defaults. */
enum tractor_strategy { TRACTOR_ONE_FOR_ONE, TRACTOR_ONE_FOR_ALL, TRACTOR_REST_FOR_ONE };
enum tractor_restart { TRACTOR_PERMANENT, TRACTOR_TRANSIENT, TRACTOR_TEMPORARY };
/* Whether a supervisor ends by itself with the ends of its significant children. */
enum tractor_auto_shutdown { TRACTOR_NEVER, TRACTOR_ANY_SIGNIFICANT, TRACTOR_ALL_SIGNIFICANT };

/* For shutdown_ms, beside a number of milliseconds. */
#define TRACTOR_KILL (-2)     /* no asking: SIGKILL at once */
#define TRACTOR_INFINITY (-1) /* wait as long as it takes, once it is ready */

/* How zero is written in a struct whose zero means "the default". */
#define TRACTOR_NO_RESTARTS UINT32_MAX /* intensity: none at all */
#define TRACTOR_UNBOUNDED UINT32_MAX   /* mailbox, log.rate: no bound */
#define TRACTOR_NO_FILES UINT32_MAX    /* log.files: none at all */
#define TRACTOR_NONE (-3)	       /* backoff_max_ms, backoff_jitter, backoff_reset_ms: 0 */

/* `exec` for an actor of this very program; see tractor_begin(). */
#define TRACTOR_SELF "/proc/self/exe"

/* --- what a child is to be; zero means the default, which is the tree file's. What is pointed at is copied. --- */

struct tractor_child {
	const char *name; /* required, [A-Za-z0-9_-]; last part of its path */
	const char
		*under; /* path of the supervisor or the pool that it is to be a child of; NULL: the root */
	const char *
		exec; /* required; relative to `directory`, or found in PATH; TRACTOR_SELF: this very program */
	const char *directory; /* the actor's working directory; NULL: this program's */
	const char *
		actor; /* which of the program's actors; NULL: the only one, or the one named like the child */
	const char *const *args; /* "key", "value", ..., NULL; see tractor_arg() */
	const char *const *env;	 /* "NAME", "value", ..., NULL: on top of this process's environment */
	enum tractor_restart restart;
	bool significant;		/* its supervisor's auto_shutdown looks at it; not if permanent */
	int64_t shutdown_ms;		/* 0: 5000; TRACTOR_KILL, TRACTOR_INFINITY */
	int64_t start_timeout_ms;	/* 0: 5000 */
	int64_t handler_timeout_ms;	/* 0: none */
	int64_t handler_cpu_timeout_ms; /* the same in CPU time, that of all threads of the process; 0: none */
	uint32_t mailbox;		/* 0: 1024; TRACTOR_UNBOUNDED */
	bool redeliver;
	bool no_lanes; /* its messages go over its link only, and not through memory shared with the supervisor */
	uint32_t spares; /* processes that wait to become its next one, or a pool's next member; see README */
	/* The delay before a restart: initial, initial * factor, ... up to max, each +- jitter (a fraction of it); initial again after it has run for `reset`. */
	int64_t backoff_initial_ms; /* 0: restarts don't wait */
	double backoff_factor;	    /* 0: 2 */
	int64_t backoff_max_ms;	    /* 0: 30000, or initial if that is longer */
	double backoff_jitter;	    /* 0: 0.5 */
	int64_t backoff_reset_ms;   /* 0: 10000 */
	/* What it prints; see tractor_options.log_files. */
	struct tractor_log_limits {
		uint32_t max_size; /* bytes of one log file; 0: 1000000 */
		uint32_t files;	   /* of that size, older ones are removed; 0: 3; TRACTOR_NO_FILES */
		uint32_t rate;	   /* lines a second that are let through; 0: 1000; TRACTOR_UNBOUNDED */
		uint32_t burst;	   /* and at once after a quiet while; 0: 2000 */
	} log;
};

/* A supervisor below another one. It starts with no children: they are started .under it. */
struct tractor_supervisor {
	const char *name;
	const char *under; /* path of a supervisor; NULL: the root */
	enum tractor_strategy strategy;
	uint32_t intensity; /* this many restarts ... 0: 1; TRACTOR_NO_RESTARTS */
	int64_t period_ms;  /* ... in this sliding window, and one more ends it; 0: 5000 */
	enum tractor_auto_shutdown auto_shutdown;
	enum tractor_restart restart;
	bool significant;
	int64_t shutdown_ms; /* 0: TRACTOR_INFINITY, as those below it have limits of their own */
};

/* A supervisor of children that are all alike (OTP: simple_one_for_one). It starts with none: see tractor_start_child(). */
struct tractor_pool {
	const char *name;
	const char *under;  /* path of a supervisor; NULL: the root */
	uint32_t max;	    /* members at a time; 0: 1000 */
	uint32_t intensity; /* as a supervisor's */
	int64_t period_ms;
	struct tractor_child member; /* what all members are; without name and .under */
};

/* --- starting, stopping, forgetting --- */

/*
 * Starts a child and waits until it is ready (OTP: start_child). tractor_start() is the typed form. `protocol` NULL: whatever it serves; `ret_address` may be NULL.
 * Under a pool `child` has no more than a name and args: these go behind those of all members, and without a name the pool finds one.
 *   TRACTOR_EEXIST       a child of that name runs already (OTP: already_started)
 *   TRACTOR_EPRESENT     a child of that name is there, stopped: restart it or delete it (OTP: already_present)
 *   TRACTOR_EFULL        the pool has as many members as it may
 *   TRACTOR_EINVAL       what is asked for makes no sense; tractor_why() says what
 *   TRACTOR_ESTART       it did not start, and its spec is not kept; tractor_why() says why (no such program, no hello in time, on_start refused)
 *   TRACTOR_IGNORE       its on_start said that it is not needed. Its spec is kept, unless it is temporary or a pool's member: it can be restarted
 *   TRACTOR_EPROTOCOL    it doesn't serve `protocol`, or another version of it; it has been stopped and forgotten again
 */
TRACTOR_API tractor_err tractor_start_child(struct tractor_runtime *runtime,
	const struct tractor_protocol *protocol, const struct tractor_child *child,
	struct tractor_address *ret_address);

#ifndef __cplusplus
/*
 * tractor_start(rt, counter, &ref, &(struct tractor_child){ .name = "counter", ... }): the ref's type is the
 * protocol's. Variadic only because the commas of the struct are commas to the preprocessor.
 */
#define tractor_start(runtime, protocol, ret_ref, ...) \
	(TRI_CHECK(protocol##_ref_is(*(ret_ref))),     \
		tractor_start_child((runtime), &protocol##_protocol, (__VA_ARGS__), &(ret_ref)->at))
#endif

/* The same for a supervisor and for a pool. EEXIST, EPRESENT, EINVAL as above. */
TRACTOR_API tractor_err tractor_start_supervisor(
	struct tractor_runtime *runtime, const struct tractor_supervisor *supervisor);
TRACTOR_API tractor_err tractor_start_pool(struct tractor_runtime *runtime, const struct tractor_pool *pool);

/*
 * Stops the child in order, with all below it, and waits until it has ended (OTP: terminate_child). It is not restarted; its spec is kept, unless it is temporary or a pool's member.
 * One that is stopped already, or about to be restarted, is right too. TRACTOR_EINVAL: that is the root; see tractor_runtime_stop().
 */
TRACTOR_API tractor_err tractor_terminate_child(struct tractor_runtime *runtime, const char *path);

/*
 * Starts a stopped child again and waits until it is ready (OTP: restart_child).
 *   TRACTOR_ERUNNING     it runs already
 *   TRACTOR_ERESTARTING  it is about to be started by its supervisor
 *   TRACTOR_ESTART       it did not start; it is stopped, its spec is kept
 *   TRACTOR_IGNORE       its on_start said that it is not needed
 */
TRACTOR_API tractor_err tractor_restart_child(struct tractor_runtime *runtime, const char *path);

/*
 * Forgets a stopped child, with all below it (OTP: delete_child). Its name is free again.
 *   TRACTOR_ERUNNING, TRACTOR_ERESTARTING: stop it first, with tractor_terminate_child(). TRACTOR_EINVAL: that is the root.
 */
TRACTOR_API tractor_err tractor_delete_child(struct tractor_runtime *runtime, const char *path);

/* --- looking --- */

/* What a node of the tree is: X(constant, word). */
#define TRACTOR_CHILD_KINDS(X)                   \
	X(TRACTOR_KIND_SUPERVISOR, "supervisor") \
	X(TRACTOR_KIND_ACTOR, "actor")           \
	X(TRACTOR_KIND_POOL, "pool")

enum tractor_child_kind {
#define TRI_KIND_CONSTANT(constant, word) constant,
	TRACTOR_CHILD_KINDS(TRI_KIND_CONSTANT)
#undef TRI_KIND_CONSTANT
};

/* Where it stands: X(constant, word). The words are those of `tractor status`. */
#define TRACTOR_CHILD_STATES(X)                                                                     \
	X(TRACTOR_CHILD_STOPPED, "stopped") /* OTP: undefined */                                    \
	X(TRACTOR_CHILD_WAITING, "waiting") /* it will be started again (OTP: restarting) */        \
	X(TRACTOR_CHILD_STARTING,                                                                   \
		"starting") /* there is a process, not ready yet (OTP: restarting, in a restart) */ \
	X(TRACTOR_CHILD_RUNNING, "running")                                                         \
	X(TRACTOR_CHILD_STOPPING, "stopping") /* asked to stop, not gone yet */

enum tractor_child_state {
#define TRI_CHILD_STATE_CONSTANT(constant, word) constant,
	TRACTOR_CHILD_STATES(TRI_CHILD_STATE_CONSTANT)
#undef TRI_CHILD_STATE_CONSTANT
};

/* The word; static, never NULL. A number that is none of ours gives "?". */
TRACTOR_API const char *tractor_child_kind_name(enum tractor_child_kind kind);
TRACTOR_API const char *tractor_child_state_name(enum tractor_child_state state);

struct tractor_child_info {
	const char *path;
	enum tractor_child_kind kind;
	enum tractor_child_state state;
	pid_t pid;			/* 0: it has no process now; a supervisor and a pool have none */
	struct tractor_address address; /* of an actor, for tractor_cast(); else nobody's */
	uint32_t incarnation;		/* 0: it was never started */
	enum tractor_restart restart;	/* a pool itself is permanent */
	uint32_t restarts;		/* by its supervisor, not by command */
	bool significant;
	/* How its last incarnation ended; "": it has not. */
	const char *last_exit; /* as `tractor status` has it: "SIGSEGV", "exit 3", "normal" */
	const char *
		last_end; /* as the rules see it: "normal", "shutdown", "done" ({shutdown, reason}), "killed", "abnormal", "ignored", "start_failed", "permanent_failure" */
};

/*
 * The children of the supervisor or pool at `path` (NULL: the root), those that are stopped too, in the order of their start. One allocation, which the caller frees
 * with free(); NULL if there are none. Doesn't wait. TRACTOR_EINVAL: that is an actor.
 */
TRACTOR_API tractor_err tractor_which_children(struct tractor_runtime *runtime, const char *path,
	struct tractor_child_info **ret_items, size_t *ret_count);

/* One node, the root (NULL) too. To be freed with free(). Doesn't wait. */
TRACTOR_API tractor_err tractor_which_child(
	struct tractor_runtime *runtime, const char *path, struct tractor_child_info **ret_info);

/* The same children, counted as OTP's count_children does. */
struct tractor_child_counts {
	uint32_t specs;	      /* all; of a pool: 1, as its members are of one spec */
	uint32_t active;      /* that run */
	uint32_t supervisors; /* supervisors and pools among them, running or not */
	uint32_t workers;     /* actors, running or not */
};

TRACTOR_API tractor_err tractor_count_children(
	struct tractor_runtime *runtime, const char *path, struct tractor_child_counts *ret_counts);

/* A child as it was specified, every default filled in. What it has can be given to the function that starts such a child. */
struct tractor_childspec {
	enum tractor_child_kind kind;
	union { /* by kind */
		struct tractor_child child;
		struct tractor_supervisor supervisor;
		struct tractor_pool pool;
	};
};

/* The spec of the node at `path` (NULL: the root). One allocation, which the caller frees with free(). Doesn't wait. */
TRACTOR_API tractor_err tractor_get_childspec(
	struct tractor_runtime *runtime, const char *path, struct tractor_childspec **ret_spec);

#ifdef __cplusplus
}
#endif
#endif
