/*
 * tree.h: the pure core of supervision. Events go in, with the time; what should be done comes out through `struct tree_ops`.
 * It does no I/O, reads no clock, starts no process; the same code runs under the shell, the unit tests and the simulator.
 */
#ifndef TRACTOR_SUPERVISOR_CORE_TREE_H
#define TRACTOR_SUPERVISOR_CORE_TREE_H

#include "spec.h"

/* The states of a node, an actor's and a supervisor's alike: X(constant, word). */
#define NODE_STATES(X)                                                                                     \
	X(NODE_STOPPED, "stopped") /* not running, its spec is kept */                                     \
	X(NODE_WAITING,                                                                                    \
		"waiting") /* will be started: backoff, or its turn has not come, or it is held back */    \
	X(NODE_STARTING, "starting") /* spawned, not ready yet; a supervisor: its children are starting */ \
	X(NODE_RUNNING, "running")                                                                         \
	X(NODE_STOPPING, "stopping") /* asked to stop, the kill ladder runs */                             \
	X(NODE_GONE, "gone")	     /* its spec is forgotten too; the shell lets go of it (see released) */

enum node_state {
#define NODE_STATE_CONSTANT(constant, word) constant,
	NODE_STATES(NODE_STATE_CONSTANT)
#undef NODE_STATE_CONSTANT
};

/* How an incarnation ended, in OTP's terms. */
#define NODE_ENDS(X)                                                                                   \
	X(NODE_END_NONE, "none")		 /* has not ended yet */                               \
	X(NODE_END_NORMAL, "normal")		 /* exit(0), or it stopped itself */                   \
	X(NODE_END_SHUTDOWN, "shutdown")	 /* ended because the supervisor asked */              \
	X(NODE_END_DONE, "done")		 /* {shutdown, x}: done, with a reason */              \
	X(NODE_END_ABNORMAL, "abnormal")	 /* any panic */                                       \
	X(NODE_END_KILLED, "killed")		 /* SIGKILL, ours or anybody's */                      \
	X(NODE_END_IGNORED, "ignored")		 /* on_start said TRACTOR_IGNORE */                    \
	X(NODE_END_START_FAILED, "start_failed") /* no hello in time, exec failed, on_start refused */ \
	X(NODE_END_PERMANENT_FAILURE, "permanent_failure") /* exit code 125: don't try again */        \
	X(NODE_END_HOST_FAILED,                                                                        \
		"host_failed") /* it was never there: the host had no process for it. See "Starts" */

enum node_end {
#define NODE_END_CONSTANT(constant, word) constant,
	NODE_ENDS(NODE_END_CONSTANT)
#undef NODE_END_CONSTANT
};

enum node_verdict_kind {
	NODE_VERDICT_DEFAULT,
	NODE_VERDICT_RESTART,
	NODE_VERDICT_RESTART_AFTER,
	NODE_VERDICT_STOP,
	NODE_VERDICT_ESCALATE
};

/* What the CrashPolicy said about a death. */
struct node_verdict {
	enum node_verdict_kind kind;
	int64_t after_ns; /* RESTART_AFTER */
};

/*
 * Starts. An actor whose turn it is (its delay is over, those before it are ready where that matters) is held back, WAITING with due_ns 0,
 * while one of these is so; the held back stand in line, tree-wide, in the order in which their turn came:
 *
 *   Room: `limit` actors (tree_limit_starts(); 0: no bound) are STARTING in the whole tree, and at least one of these has the same parent.
 *   The second half is so that the start of one supervisor's child never waits for that of another's, as in OTP, where each
 *   supervisor starts its children one at a time: so each always has room for one.
 *
 *   The host: it refused a restart (below) less than the host's delay ago. This holds back restarts only.
 *
 * Whenever no event is left, the first in line that neither rule holds back is started, before any timer is looked at; one whose turn comes
 * while nobody stands in line is started at once if neither rule holds it back. A place in line ends with the state WAITING
 * (a new one is at the end), and is lost if the group has to stop somebody first or somebody older has to start first. The start limit
 * begins to run with the start. Supervisors and pools are never held back.
 *
 * The start limit bounds an actor until it is ready, whatever is asked of it meanwhile: one that is to stop before it is ready has nothing to save,
 * and is killed when the first of its two limits is over. If it becomes ready first it has the time that it is given to stop, from when it was asked.
 *
 * The host's refusal. NODE_END_HOST_FAILED says that there was nothing to make a process of: it is posted from inside ops->start(), or never.
 * For a restart (the node's own, or that of a supervisor above with which it comes up) it is no death: nothing is counted, neither in an
 * intensity nor in `restarts`; the slot's own backoff stays where it was; no verdict is heard; strategies don't act. The node is WAITING
 * again, until the host's delay is over, and every other restart of the tree with it. That delay is one for the whole tree: 50 ms, doubled with
 * each refusal up to 5 s, each +- 20 % but never above 5 s; 50 ms again once the time since the last one was over is 10 s or more. A refusal while
 * it runs neither lengthens nor doubles it. It never ends: for want of processes no supervisor gives up.
 * For any other start (the tree's first, a commanded one, a child that is added) it is a start that failed. The incarnation counts either way.
 *
 * NODE_END_PERMANENT_FAILURE at a restart or while running: the child is not restarted, whatever its restart type, unless the verdict says so. It is
 * STOPPED (a temporary's and a member's node GONE), nothing is counted, its supervisor goes on; for auto_shutdown it is done. A strategy that later
 * restarts its group starts it again, and so does a command. At any other start it is a start that failed.
 */
struct tree;

/* A slot of the tree. Fields are for reading; only the core writes them. `shell` is the shell's own. */
struct node {
	uint64_t id; /* 1, 2, ...; never reused within a tree */
	struct spec *
		spec; /* owned by the node; for a pool's member a copy of the template under the member's name.
	                               spec->children is emptied into nodes when the node is made */
	struct node *parent;	/* NULL: the root */
	struct node **children; /* in the order of the specs; a pool's in the order of their start */
	size_t child_count;
	char *path; /* "/shop/db" */
	enum node_state state;
	enum node_end last_end; /* of the last incarnation */
	uint32_t
		incarnation; /* of the current or last process; 0: never started. A supervisor's counts its own starts */
	uint32_t restarts; /* automatic restarts of this slot */
	int64_t due_ns;	   /* WAITING: when its turn comes; 0: it has, or those before it are not ready yet */
	int64_t since_ns;  /* when it entered its state */
	void *shell;
	/* the core's own bookkeeping follows; see tree.c */
	struct node_private *own;
};

/*
 * What the core wants done. Called from inside tree_run() only. The shell must not call tree_run() from them; it may call tree_post_*.
 * None may block or fail: what goes wrong comes back as an event.
 */
struct tree_ops {
	/* Spawn a process for this actor: node->incarnation is already the new one. Answer: ready, or ended (ignored, host_failed and all). */
	void (*start)(void *arg, struct node *node);
	/* Ask the process to stop in order. Answer: ended. */
	void (*stop)(void *arg, struct node *node);
	/* SIGKILL. Answer: ended. */
	void (*kill)(void *arg, struct node *node);
	/*
	 * The state changed: called after every transition, with the name of the event that caused it ("start", "turn", "ready", "ended",
	 * "stop", "kill", "timeout", "forget", "return"; of a supervisor that comes down by itself why: TREE_OUTCOMES).
	 * The only place where states are logged.
	 * GONE -> STOPPED, "return": the supervisor above starts anew, and with it come all the children of its spec, as OTP's init/1 has it:
	 * the node is a new slot then, with a new id. Its incarnation goes on counting.
	 */
	void (*changed)(void *arg, struct node *node, enum node_state from, const char *event);
	/* Supervisor `node` gives up: `culprit` is the child whose death (or failed start) was one too many, or that a policy escalated. */
	void (*gives_up)(void *arg, struct node *node, struct node *culprit);
	/*
	 * The node is GONE (or the tree is being freed): let go of node->shell, which is NULL afterwards. The pointer must not be used again
	 * unless `changed` or `start` is called with it. Called at the end of tree_run() at the latest, children before parents.
	 */
	void (*released)(void *arg, struct node *node);
	/*
	 * A reload is about to add this actor, under node->id: set aside what it needs (node->shell). Called from tree_reload() only, before
	 * anything is changed. An error refuses the reload; those that were prepared already are released. NULL: nothing needs be.
	 */
	tractor_err (*prepare)(void *arg, struct node *node);
};

/*
 * Makes a tree of a checked spec, which then belongs to the tree. Nothing is started. `seed` drives backoff jitter only; ids go up from `first_id`, which is not 0.
 * All that restarting needs is allocated here (or when a child is added), never on the restart path.
 */
tractor_err tree_new(struct spec *root, const struct tree_ops *ops, void *arg, uint64_t seed,
	uint64_t first_id, struct tree **ret_tree);
void tree_free(struct tree *tree);

struct node *tree_root(struct tree *tree);
struct node *tree_find(struct tree *tree, const char *path); /* exact path; NULL: none */
struct node *tree_by_id(struct tree *tree, uint64_t id);     /* NULL: none (never was, or gone) */
uint64_t tree_next_id(const struct tree *tree);		     /* that of the next node */
/* Depth first, parents before children: the next node after `node`, NULL after the last. Start with tree_root(). */
struct node *tree_next(struct tree *tree, struct node *node);

/*
 * Events of actors. Each only queues; tree_run() does the work. `incarnation` must be the node's current one, else the event is stale and
 * dropped (counted). One end per incarnation: posting it twice is a bug. A verdict counts for a death, and for a start that failed on
 * a restart; an initial start, a commanded one and an end that belongs to a stop ignore it.
 */
void tree_post_ready(struct tree *tree, struct node *node, uint32_t incarnation);
void tree_post_ended(struct tree *tree, struct node *node, uint32_t incarnation, enum node_end end,
	struct node_verdict verdict);

/*
 * Commands, in OTP's terms; they act when tree_run() runs, and one that waits is replaced by the next one for the same node. Errors are
 * about what can be seen at once. All: TRACTOR_ESTOPPED: the node is gone. start, restart, add: TRACTOR_ECLOSED: its parent is not running.
 *   start:     a STOPPED node is started (restart_child), the root too. TRACTOR_EEXIST: it is running, starting or restarting already.
 *              If it does not come up it is STOPPED again, and not retried.
 *   terminate: the node is stopped and its spec kept (not a temporary's or a pool member's: GONE). Idempotent. Its supervisor does nothing
 *              about it; but if later the strategy restarts the whole group, this one is started with it (as in OTP). If the restart of a
 *              group had just come to it, that ends here: those after it stay STOPPED.
 *              The root: the tree is shut down.
 *   restart:   stopped in order, then started again, whatever its restart type; doesn't count against intensity. A supervisor: its whole
 *              subtree. If it does not come up: as for start.
 *   add:       start_child: `spec` becomes the last child of supervisor `parent` and is started; belongs to the tree on success.
 *              Under a pool: `spec` is the member (see spec_member). If it does not come up it is GONE, and not retried.
 *              TRACTOR_EEXIST: name taken; TRACTOR_EFULL: the pool is at max; TRACTOR_EINVAL: `spec` is bad, or not allowed there;
 *              TRACTOR_ENOMEM. Must not be called from inside tree_run().
 *   remove:    delete_child: forgets a STOPPED node. TRACTOR_EINVAL: it is not stopped, or it is the root.
 */
tractor_err tree_start(struct tree *tree, struct node *node);
tractor_err tree_terminate(struct tree *tree, struct node *node);
/* As terminate, with SIGKILL for everything at and below the node, at once and in no order. */
void tree_kill(struct tree *tree, struct node *node);
tractor_err tree_restart(struct tree *tree, struct node *node);
tractor_err tree_add(struct tree *tree, struct node *parent, struct spec *spec, struct node **ret_node);
tractor_err tree_remove(struct tree *tree, struct node *node);

/*
 * Reload: the tree becomes what a new version of its file says. A child is known by its name and kind.
 *   added:     started after those before it in the file are up. If it does not come up it is STOPPED, and not retried.
 *   removed:   stopped, the newest first, and forgotten.
 *   changed:   its spec is the new one. A pool's new template is its members', too, with args of their own behind it: what a process has
 *              for life from each one's next start on, all else at once. None is stopped for it, nor for a smaller max.
 *   restarted: the same, and its process has to be another one for it: stopped, then started as an added one. One that is STOPPED,
 *              or about to be, stays so, and one whose supervisor is not running has its turn with it; they are only changed.
 * From then on children start and stop in the order of the new file; only what the reload itself stops goes by the old one.
 * Children added while running stay, behind those of the file, unless the file names them now: then they are the file's. A temporary
 * child that has ended stays gone while it is temporary. Nothing of it counts against any intensity.
 */
#define TREE_CHANGES(X)            \
	X(TREE_ADDED, "added")     \
	X(TREE_REMOVED, "removed") \
	X(TREE_CHANGED, "changed") \
	X(TREE_RESTARTED, "restarted")

enum tree_change_kind {
#define TREE_CHANGE_CONSTANT(constant, word) constant,
	TREE_CHANGES(TREE_CHANGE_CONSTANT)
#undef TREE_CHANGE_CONSTANT
};

struct tree_change {
	enum tree_change_kind kind;
	enum spec_kind node; /* what it is that changes */
	char *path;
	char *what; /* "exec: ./a -> ./b"; "" of an added and of a removed one */
};

/* What a reload does: supervisor by supervisor, each with those that it loses first, newest first, then the others in the file's order. */
struct tree_plan {
	struct tree_change *changes;
	size_t count;
};

/*
 * What a reload of `node`, the supervisor that the file describes (the root as a rule), with its new spec would do. Nothing is changed, and the spec stays its owner's.
 * TRACTOR_ECLOSED: it is not running; TRACTOR_EEXIST: a reload is going on; TRACTOR_EINVAL: the spec is bad, or is not called like
 * the node; TRACTOR_ENOMEM. Must not be called from inside tree_run().
 */
tractor_err tree_plan(struct tree *tree, struct node *node, struct spec *spec, struct tree_plan *ret_plan);
/*
 * Does it: at once as far as the specs go, the rest in tree_run(). The spec belongs to the tree on success; on an error nothing has been
 * changed. Errors as above, and what `prepare` says.
 */
tractor_err tree_reload(struct tree *tree, struct node *node, struct spec *spec, struct tree_plan *ret_plan);
void tree_plan_free(struct tree_plan *plan);
/* True while a child that a reload starts, stops or restarts has not got there. */
bool tree_reloading(const struct tree *tree);
const char *tree_change_name(enum tree_change_kind kind);

/* Handles everything that was posted and every timer that is due, until nothing is left to do at `now_ns`. */
void tree_run(struct tree *tree, int64_t now_ns);

/* When tree_run() must run again at the latest (backoff, shutdown and start limits); INT64_MAX: only after an event. */
int64_t tree_next_ns(const struct tree *tree);

/*
 * Moves everything that the tree waits for by `by_ns`: time for which this process did not run at all, and that nobody below it
 * could use.
 */
void tree_shift(struct tree *tree, int64_t by_ns);

/* How many actors may be STARTING at a time; 0, as after tree_new(): no bound. See "Starts". */
void tree_limit_starts(struct tree *tree, unsigned limit);

/* Until when no restart is tried because the host refused one; 0: it didn't. */
int64_t tree_host_ns(const struct tree *tree);

/* Whether some actor is STARTING or held back, a restart was refused a moment ago, or the root isn't up: nothing that can wait should be in the way now. */
bool tree_is_starting(const struct tree *tree);

/* Whether it is WAITING in line. */
bool tree_is_held(const struct node *node);

/* True once the root is STOPPED: terminated, given up, shut down by itself, or never came up. False before its first start. */
bool tree_ended(const struct tree *tree);

/* Why the tree ended. */
#define TREE_OUTCOMES(X)                                                                          \
	X(TREE_NOT_ENDED, "not_ended")                                                            \
	X(TREE_TERMINATED, "terminated")       /* somebody asked for it */                        \
	X(TREE_GAVE_UP, "gave_up")	       /* too many restarts, or a policy said escalate */ \
	X(TREE_AUTO_SHUTDOWN, "auto_shutdown") /* its significant children are done */            \
	X(TREE_START_FAILED, "start_failed")   /* a child did not come up at the initial start */

enum tree_outcome_kind {
#define TREE_OUTCOME_CONSTANT(constant, word) constant,
	TREE_OUTCOMES(TREE_OUTCOME_CONSTANT)
#undef TREE_OUTCOME_CONSTANT
};

struct tree_outcome {
	enum tree_outcome_kind kind;
	const char *
		culprit; /* path of the child that it began with, as deep as is known; "": none. The tree's own, until its next start */
};

/* How the root came down, or is coming down: TREE_NOT_ENDED while it isn't. */
struct tree_outcome tree_outcome(const struct tree *tree);
const char *tree_outcome_name(enum tree_outcome_kind kind);

/* How many events were dropped because the incarnation they spoke of was over. */
uint64_t tree_dropped_count(const struct tree *tree);

/* How many restarts (failed attempts included) `supervisor` counts inside its window now. */
unsigned tree_restarts_in_window(const struct node *supervisor, int64_t now_ns);

/* OTP's count_children(). A child that waits for its start, or that starts or stops, is counted, but is not active. */
struct tree_counts {
	size_t specs;	    /* the children's; of a pool 1, its template, however many members there are */
	size_t active;	    /* children that are RUNNING */
	size_t supervisors; /* children that are supervisors or pools, active or not */
	size_t workers;	    /* children that are actors, active or not */
};

/* Of an actor, which has no children, all are 0. */
void tree_count_children(const struct node *supervisor, struct tree_counts *ret_counts);

/*
 * What the core would do about this death if the policy said "default": a static word for reports:
 * "restart", "restart_all", "restart_rest", "stop" (not restarted), "escalate" (the supervisor gives up).
 */
const char *tree_would(const struct tree *tree, const struct node *node, enum node_end end, int64_t now_ns);

/*
 * The siblings that share the fate of `node` when it is restarted, by its supervisor's strategy: `each` is called for those, in the order of the
 * specs. What they are doing is no matter; one that is on its way out already is none of them.
 */
void tree_companions(const struct node *node, void (*each)(void *arg, const struct node *sibling), void *arg);

/* True if `node` is being stopped, and not to be started again: the end of its process is the last. */
bool tree_stops(const struct node *node);

/* True if it, or a supervisor above it, is being stopped or is to be: no verdict on its end makes a difference any more. */
bool tree_is_to_stop(const struct node *node);

const char *node_state_name(enum node_state state);
const char *node_end_name(enum node_end end);

#endif
