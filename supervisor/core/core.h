/*
 * core.h: the inside of the core of supervision, for its own files and their tests. Its prototypes, grouped by file, are its map:
 *
 *   tree.c       the outside: events are queued, tree_run() takes them out and hands them on
 *   command.c    commands: checked, queued with the events, carried out
 *   child.c      what an event does to one node: the table state x event. The only writer of node->state
 *   strategy.c   what a death leads to: OTP's rules. Decides, and marks who must stop and who must start
 *   group.c      makes the marks come true, in order: one supervisor and its children
 *   gate.c       who may start now, of all whose turn it is: so many at a time, and none while the host refuses
 *   plan.c       what a reload would do: the running nodes beside a second set of them, made of the new spec
 *   reload.c     does it: exchanges specs, takes over new nodes, marks those that must stop and start
 *   node.c       the memory of nodes: made, listed under their parents, buried
 *   index.c      nodes by id and by path
 *   intensity.c, backoff.c, timers.c    know nothing of trees
 *
 * How it hangs together. A supervisor and a pool are nodes without a process: they have the same states as an actor, take the
 * same events, and post "ready" and "ended" of themselves when their children have come up or down, where an actor's are
 * posted by the shell. So a supervisor that gives up is, for its parent, a child that died, and that is all there is to escalation.
 *
 * Each child has two marks. `must_stop`: its supervisor stops it, in reverse order. `start`: what follows once it is at rest.
 * Whoever decides something only sets marks; group_reconcile() then does the next step towards them, whenever one of them
 * was set or cleared. A second death in the middle of a group's restart is thus nothing special: it sets some marks again.
 */
#ifndef TRACTOR_SUPERVISOR_CORE_CORE_H
#define TRACTOR_SUPERVISOR_CORE_CORE_H

#include "assert.h"
#include "backoff.h"
#include "intensity.h"
#include "timers.h"
#include "tree.h"

/* What is to follow once a node is at rest (STOPPED or WAITING). */
enum start_mark {
	START_NO,
	START_FREE,    /* started when its delay is over, whatever its siblings do */
	START_IN_TURN, /* started by its supervisor, after those before it are ready */
};

/* Whose wish the coming start is: what to do if it fails. */
enum start_cause {
	CAUSE_RESTART, /* it counts, and is tried again */
	CAUSE_INITIAL, /* its supervisor's start fails with it */
	CAUSE_ADD,     /* it is forgotten again */
	CAUSE_COMMAND, /* it stays stopped */
};

enum command {
	COMMAND_NONE,
	COMMAND_START,
	COMMAND_ADD,
	COMMAND_TERMINATE,
	COMMAND_KILL,
	COMMAND_RESTART,
	COMMAND_REMOVE,
	COMMAND_LINE_UP, /* marked by a reload, to be started in turn */
};

/* What waits in the queue: at most one of each kind per node, embedded in it, so that posting needs no memory. */
enum event_kind { EVENT_READY, EVENT_ENDED, EVENT_COMMAND, EVENT_RECONCILE };
#define EVENT_KINDS (EVENT_RECONCILE + 1)

struct event {
	struct event *next;
	struct node *node;
	enum event_kind kind;
	bool queued;
	uint32_t incarnation; /* READY, ENDED */
	enum node_end end;    /* ENDED */
	struct node_verdict verdict;
	enum command command; /* COMMAND */
};

/* What a supervisor or a pool has beside a node's own: its children's business. */
struct group {
	struct intensity intensity;
	/* The children of its spec, present or GONE: those come back when it starts anew. */
	struct node **statics;
	size_t static_count;
	size_t capacity; /* of node->children */
	uint64_t next_rank;
	size_t stop_count;  /* children marked must_stop */
	size_t start_count; /* children marked START_IN_TURN */
	size_t stop_below;  /* no child at this place or after it is marked must_stop */
	size_t start_from;  /* no child before this place is marked START_IN_TURN */
	unsigned starting;  /* actors among its children that are STARTING */
	unsigned lined_up;  /* those that wait in the gate's line */
	bool reordered; /* statics has the order of a new file, the children not yet; see node_put_in_order() */
	enum tree_outcome_kind ending; /* why it comes down, once it does */
	char cause[SPEC_PATH_MAX];     /* which child brought it down, the lowest one that is known; "" */
};

struct node_private {
	struct tree *tree;
	struct group *group; /* NULL: an actor */
	uint64_t rank;	     /* siblings are in this order */
	bool dynamic;	     /* added while running; doesn't come back when its supervisor starts anew */
	bool must_stop;
	enum start_mark start;
	enum start_cause cause;
	bool asked;  /* STOPPING because its supervisor wants it so, not by itself */
	bool killed; /* this incarnation has been killed by us */
	/* A reload's. */
	struct node
		*twin; /* while it is planned: this node in the other set of nodes; NULL: it isn't there */
	bool doomed;   /* the file doesn't name it any more: forgotten when it comes to rest */
	bool awaited;  /* it has not got yet to where the reload wants it; of a twin: it will have to */
	struct spec *renewed; /* of a pool's member: what the new template makes of it */
	/* The state's. WAITING: its delay; STARTING: the start limit; STOPPING: the kill ladder, or the start limit still. */
	struct timer timer;
	int64_t when_ready_ns; /* STOPPING under its start limit: how much longer it may take once it is ready; SPEC_SHUTDOWN_INFINITY */
	struct backoff backoff;
	struct event events[EVENT_KINDS];
	struct node *next_by_id, *next_by_path; /* index.c */
	struct node *next_buried;		/* node.c */
	bool buried;
	struct node *next_in_line, *previous_in_line; /* gate.c */
	bool lined_up;
};

/* Who may start now. */
struct gate {
	unsigned limit;		   /* starts under way at a time; 0: no bound */
	unsigned starting;	   /* actors that are STARTING */
	unsigned idle;		   /* groups with somebody in the line and nobody STARTING */
	struct node *first, *last; /* the line of those whose turn it is and who are held back */
	bool changed;		   /* somebody in it may be able to start, as far as is known */
	struct timer timer;	   /* armed: the host refused a restart, and none is tried before it rings */
	struct backoff backoff;
	int64_t opened_ns; /* when it rang last */
};

struct index {
	struct node **by_id, **by_path; /* buckets; as many of each */
	size_t bucket_count;		/* a power of two */
	size_t count;
};

struct tree {
	struct tree_ops ops;
	void *arg;
	struct node *root;
	struct index index;
	struct timers timers;
	struct gate gate;
	struct event *first, *last; /* the queue */
	struct node *buried_first, *buried_last;
	uint64_t next_id;
	size_t node_count; /* with those that are GONE but will come back */
	uint64_t random;
	uint64_t dropped;
	size_t awaited_count;
	int64_t now_ns;
	bool running; /* inside tree_run() */
};

/* index.c */
tractor_err index_reserve(struct index *index, size_t node_count);
void index_insert(struct index *index, struct node *node);
void index_remove(struct index *index, struct node *node);
struct node *index_by_id(const struct index *index, uint64_t id);
struct node *index_by_path(const struct index *index, const char *path);
void index_free(struct index *index);

/* node.c */
tractor_err node_new(struct tree *tree, struct node *parent, struct spec *spec, struct node **ret_node);
void node_free(struct node *node);
void node_number(struct node *node);  /* gives it its id */
void node_attach(struct node *node);  /* lists it: under its parent and in the index */
void node_bury(struct node *node);    /* takes it off the lists; it is released and freed by node_reap() */
void node_release(struct node *node); /* tells the shell to let go of it */
void node_reap(struct tree *tree);
size_t node_place(const struct node *node);    /* among its siblings */
bool node_at_rest(const struct node *node);    /* has no process, and none below it has */
bool node_keeps_spec(const struct node *node); /* STOPPED, not GONE, when it comes to rest for good */
int64_t node_shutdown_ns(const struct node *node);
struct node *node_child(const struct node *parent, const char *name); /* listed; NULL: none */
/* What node_new() consists of, for a reload. A node that was only made is listed nowhere, and its spec still the caller's. */
tractor_err node_make(struct tree *tree, struct node *parent, struct spec *spec, struct node **ret_node);
void node_discard(struct
	node *node); /* one that was only made, or the empty shell of one, with all below it; not the specs */
tractor_err node_reserve(struct tree *tree, size_t count); /* room for so many wherever they will be listed */
void node_unreserve(struct tree *tree, size_t count);
tractor_err node_reserve_children(struct node *parent, size_t count);
void node_adopt(struct node *node);    /* lists it and all below it; their specs are theirs from now on */
void node_own_spec(struct node *node); /* node->spec has no children any more: they are nodes */
void node_put_in_order(
	struct node *node); /* its children, as statics has them; those added while running behind */

/* child.c */
#define CHILD_EVENTS(X)                                                                             \
	X(CHILD_START, "start") /* its start mark was set */                                        \
	X(CHILD_TURN, "turn")	/* start it now */                                                  \
	X(CHILD_READY, "ready")                                                                     \
	X(CHILD_ENDED, "ended")                                                                     \
	X(CHILD_STOP, "stop")	    /* its supervisor wants it stopped */                           \
	X(CHILD_KILL, "kill")	    /* at once, with all below it */                                \
	X(CHILD_TIMEOUT, "timeout") /* its state's timer */                                         \
	X(CHILD_FINISH, "finish")   /* a supervisor comes down by itself: group->ending says why */ \
	X(CHILD_FORGET, "forget")   /* its spec too */                                              \
	X(CHILD_RETURN, "return")   /* forgotten, but its supervisor starts anew */

enum child_event_kind {
#define CHILD_EVENT_CONSTANT(constant, word) constant,
	CHILD_EVENTS(CHILD_EVENT_CONSTANT)
#undef CHILD_EVENT_CONSTANT
};
#define CHILD_EVENT_COUNT (CHILD_RETURN + 1)
#define NODE_STATE_COUNT (NODE_GONE + 1)

struct child_event {
	enum child_event_kind kind;
	enum node_end end; /* CHILD_ENDED */
	struct node_verdict verdict;
};

void child_step(struct node *node, const struct child_event *event);
void child_do(struct node *node, enum child_event_kind kind); /* an event that is only its kind */
void child_wait(
	struct node *node, int64_t delay_ns, const char *event); /* to WAITING; then as its start mark says */
void child_leave(struct node *node, const char *event);		 /* at rest for good: to STOPPED or GONE */
void child_admit(struct node *node);				 /* the gate has let it in */

/* strategy.c */
void strategy_died(struct node *node, const struct child_event *event);
void strategy_start_failed(struct node *node, const struct child_event *event);
bool strategy_is_left(const struct node *child); /* it runs, or will: and is not on its way out */

/* group.c */
void group_mark_stop(struct node *child, bool must_stop);
void group_mark_start(struct node *child, enum start_mark start);
bool group_busy(const struct node *supervisor); /* some child is still marked */
bool group_has_turn(const struct node *child);	/* those before it are up, those after it wait for it */
void group_wake(struct node *supervisor);	/* has it reconciled soon */
void group_launch(struct node *supervisor);	/* it has become STARTING */
void group_halt(
	struct node *supervisor, enum child_event_kind how); /* it has become STOPPING, or by CHILD_KILL */
void group_kill(struct node *supervisor);		     /* kills all below it; it is STOPPING */
void group_finish(struct node *supervisor, enum tree_outcome_kind why, struct node *culprit);
void group_reconcile(struct node *supervisor);
bool group_is_turn(struct node *child); /* it may start, as far as its siblings are concerned */

/* gate.c */
bool gate_is_restart(
	const struct node *node); /* it is being restarted, or comes up with a supervisor above that is */
bool gate_admits(
	struct node *node); /* whether it starts now; if not, it stands in line until it leaves WAITING */
void gate_leave_line(struct node *node);
struct node *gate_next(struct tree *tree);    /* out of the line: who may start now; NULL: nobody */
void gate_count(struct node *node, int more); /* an actor becomes STARTING (1), or is it no longer (-1) */
int64_t gate_close(struct tree *tree); /* the host refused a restart: after how long it is tried again */
void gate_open(struct tree *tree);     /* that time is over */

/* plan.c */
struct draft {
	struct node *node; /* the supervisor that is reloaded */
	struct node *twin; /* what the new spec makes of it: the second set of nodes */
	struct tree_plan plan;
	size_t new_count; /* nodes that are new */
};
tractor_err plan_make(struct node *node, struct spec *spec, struct draft *ret_draft);
void plan_drop(struct draft *draft);		 /* with the twins; the spec is its owner's as before */
bool plan_starts(const struct node *supervisor); /* those below it that are marked are started now */
bool plan_restarts(const struct node *node);	 /* there is a process to be replaced, or to be soon */

/* reload.c */
void reload_arrived(struct node *node); /* it is where the reload wants it, or will not get there */

/* command.c */
bool command_fits(const struct node *parent, const struct spec *spec);
void command_order(struct node *node, enum command command);
void command_obey(struct node *node, enum command command);

/* tree.c */
void tree_queue(struct event *event);
void tree_post_own(
	struct node *node, enum event_kind kind, enum node_end end); /* what a supervisor says of itself */
bool tree_posted(const struct node *node, enum event_kind kind);

#endif
