/*
 * spec.h: what a tree should be, as its file or its program said: the model that the tree file is parsed into and that the
 * core runs. Plain data, owned by its root, freed in one go.
 */
#ifndef TRACTOR_SUPERVISOR_CORE_SPEC_H
#define TRACTOR_SUPERVISOR_CORE_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

enum spec_kind { SPEC_SUPERVISOR, SPEC_ACTOR, SPEC_POOL };
enum spec_strategy { SPEC_ONE_FOR_ONE, SPEC_ONE_FOR_ALL, SPEC_REST_FOR_ONE };
enum spec_restart { SPEC_PERMANENT, SPEC_TRANSIENT, SPEC_TEMPORARY };
enum spec_auto_shutdown { SPEC_NEVER, SPEC_ANY_SIGNIFICANT, SPEC_ALL_SIGNIFICANT };
enum spec_policy { SPEC_POLICY_LOG, SPEC_POLICY_EXEC, SPEC_POLICY_PLUGIN };

/* shutdown_ns: how long a child may take to stop. These two stand beside the durations. */
#define SPEC_SHUTDOWN_KILL 0
#define SPEC_SHUTDOWN_INFINITY (-1)

#define SPEC_NAME_MAX 63  /* a node's name: [A-Za-z0-9_-], so that it can be a file name and part of a path */
#define SPEC_DEPTH_MAX 16 /* nested supervisors, the root among them */
#define SPEC_PATH_MAX \
	((SPEC_DEPTH_MAX + 1) * (SPEC_NAME_MAX + 1) + 1) /* bytes of the longest path, its NUL among them */
#define SPEC_INTENSITY_MAX 100000 /* a supervisor sets that many times aside when it is made */
#define SPEC_POOL_MAX 1000000	  /* more processes than any machine has */
#define SPEC_MAILBOX_MAX 1000000
#define SPEC_SPARES_MAX 100	    /* each costs as much memory as an actor */
#define SPEC_LOG_SIZE_MIN 4000	    /* bytes of one log file: a few lines */
#define SPEC_LOG_SIZE_MAX 100000000 /* whoever reads it has all of it in memory */
#define SPEC_LOG_FILES_MAX 100
#define SPEC_LOG_RATE_MAX 1000000
#define SPEC_FAULTS_MAX 8 /* of one actor: what waits in a process, see faultplan.h */
#define SPEC_DURATION_MAX_NS \
	(INT64_C(10) * 365 * 24 * 3600 * SPEC_SECOND) /* so that now + duration can't overflow */
#define SPEC_MILLISECOND INT64_C(1000000)
#define SPEC_SECOND INT64_C(1000000000)

struct spec_pair {
	char *key;
	char *value;
};

struct spec_pairs {
	struct spec_pair *items;
	size_t count;
};

/* Delay before a restart: initial, initial * factor, ... up to max; +- jitter (a fraction of the delay), but never above max; back to initial after `reset_ns` of running. */
struct spec_backoff {
	int64_t initial_ns;
	double factor;
	int64_t max_ns;
	double jitter;
	int64_t reset_ns;
};

/* What an actor prints: how much of it is kept in files, and how much of it is let through. */
struct spec_log {
	unsigned max_size; /* bytes of a file; then the next one is begun */
	unsigned files;	   /* how many of them there are at most; 0: none */
	unsigned rate;	   /* lines a second; 0: no limit */
	unsigned burst;	   /* lines at once, after a quiet while */
};

/* A fault that the actor is to have on purpose, in the words of faultspec.h. */
struct spec_fault {
	const char *fault;
	const char *at;	    /* NULL: at once */
	double probability; /* 0: once, by count */
	uint64_t seed;	    /* 0: any */
};

struct spec {
	enum spec_kind kind;
	char *name;	  /* last part of its path */
	int line, column; /* where in the file, 1-based; 0 where there is no file */

	/* a supervisor, and the pool as the supervisor of its members */
	enum spec_strategy strategy;
	unsigned intensity;
	int64_t period_ns;
	enum spec_auto_shutdown auto_shutdown;
	struct spec **children; /* owned; a pool has none */
	size_t child_count;
	unsigned pool_max; /* a pool's members at a time */

	/* the root only */
	enum spec_policy policy;
	char **policy_argv; /* exec: NULL-terminated; plugin: the path alone; log: NULL */

	/*
	 * Every child. A pool's are its members' (it is their template): the pool itself is a permanent child that is given all the time
	 * that its members take, as OTP has it for a supervisor.
	 */
	enum spec_restart restart;
	int64_t shutdown_ns;
	bool significant;

	/* an actor, and the pool's members */
	char *exec;	 /* as written */
	char *exec_path; /* resolved, absolute */
	char *directory; /* where the file was: the actor's working directory; NULL: the supervisor's own */
	char *role; /* which of the binary's actors; NULL: the only one, or the one named like the node */
	struct spec_pairs args, env;
	size_t template_args; /* a pool's member: so many of its args, the first ones, are the template's */
	int64_t start_timeout_ns;
	int64_t handler_timeout_ns;	/* 0: none */
	int64_t handler_cpu_timeout_ns; /* the same in CPU time */
	unsigned mailbox;		/* messages that one sender may have waiting; 0: no bound */
	bool redeliver;
	unsigned spares; /* processes that wait to become its next one; a pool's are for all its members */
	bool lanes;	 /* its messages may go through memory that it shares with the supervisor */
	struct spec_backoff backoff;
	struct spec_log log;

	/* an actor only */
	struct spec_fault *faults;
	size_t fault_count; /* SPEC_FAULTS_MAX at most */
};

/* A spec of that kind with OTP's defaults (and ours where OTP has none). `name` is copied. NULL: out of memory. */
struct spec *spec_new(enum spec_kind kind, const char *name);

/* A deep copy of one node with all below it. NULL: out of memory. */
struct spec *spec_copy(const struct spec *spec);

/* A new member of `pool`: a copy of the template, as an actor under its own name; args of its own go behind the template's. NULL: out of memory. */
struct spec *spec_member(const struct spec *pool, const char *name);

/* The same member of a new version of its pool, with its own args. NULL: out of memory. */
struct spec *spec_member_again(const struct spec *pool, const struct spec *member);

/* Appends `child`, which then belongs to `parent`. TRACTOR_ENOMEM leaves both as they were. */
tractor_err spec_add(struct spec *parent, struct spec *child);

/* Appends a copy of the pair. */
tractor_err spec_pair_add(struct spec_pairs *pairs, const char *key, const char *value);

/* The value of `key`, or NULL. */
const char *spec_pair_get(const struct spec_pairs *pairs, const char *key);

/* Appends a fault, whose texts are copied; `at` may be NULL. */
tractor_err spec_fault_add(struct spec *spec, const struct spec_fault *fault);

/* "segv at counter.increment:3 with probability 0.1, seed 7": the same text is the same fault. Returns `text`. */
#define SPEC_FAULT_TEXT_BYTES 320
const char *spec_fault_text(const struct spec_fault *fault, char text[SPEC_FAULT_TEXT_BYTES]);
/* Whether the actor is to have the very same. */
bool spec_has_fault(const struct spec *spec, const struct spec_fault *fault);

/*
 * What is another in `now`, a new version of the node `was`, of the same kind; their children are not looked at. `ret_what` says it in
 * the words of the tree file ("exec: ./a -> ./b, mailbox: 10 -> 20"; "" if nothing is), to be freed. TRACTOR_ENOMEM.
 */
enum spec_difference {
	SPEC_SAME,
	SPEC_DIFFERS,	    /* in what its supervisor does with it, now or next time */
	SPEC_NEEDS_RESTART, /* in what a process has for life: program, arguments, environment, directory */
};
tractor_err spec_diff(const struct spec *was, const struct spec *now, enum spec_difference *ret_difference,
	char **ret_what);

/* Frees the node and all below it; NULL is fine. */
void spec_free(struct spec *spec);

/* True if `name` may be a node's name: 1 to SPEC_NAME_MAX of [A-Za-z0-9_-]. */
bool spec_name_ok(const char *name);

/* True if the node at `path` is the one at `top` or below it; NULL is above all. */
bool spec_path_below(const char *top, const char *path);

/* The words of the tree file for each enum ("one_for_one", "permanent", ...); static. */
const char *spec_strategy_name(enum spec_strategy strategy);
const char *spec_restart_name(enum spec_restart restart);
const char *spec_auto_shutdown_name(enum spec_auto_shutdown mode);
const char *spec_kind_name(enum spec_kind kind);

/* The units of sizes, the largest first, ended by one whose word is NULL. */
struct spec_size_unit {
	const char *word;
	unsigned bytes;
};
extern const struct spec_size_unit spec_size_units[];
/* A size in the largest unit in which it is a whole number: "1MB", "64KiB". Returns `text`. */
#define SPEC_SIZE_TEXT_BYTES 16
const char *spec_size_text(unsigned bytes, char text[SPEC_SIZE_TEXT_BYTES]);

/*
 * One complaint about a spec: what is wrong and what would be right, a sentence without position and without newline.
 * Called once per error; `where` gives the position.
 */
typedef void spec_complain(void *arg, const struct spec *where, const char *complaint);

/*
 * Checks what no single key shows: names, duplicates among siblings, significant with permanent, significant under a parent with
 * auto_shutdown never, a pool with auto_shutdown, numbers out of range, depth. Every error is told, not the first only.
 * Returns the number of errors. Rules: OTP's supervisor:check_childspecs and the supervisor flags.
 */
size_t spec_check(const struct spec *root, spec_complain *complain, void *arg);

#endif
