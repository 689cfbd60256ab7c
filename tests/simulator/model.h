/*
 * model.h: the rules of supervision as a small program, to compare the core with: OTP's (case numbers are those of supervisor_SUITE,
 * in the order of its groups) and, where OTP has none, what tree.h promises. It shares no code with the core but the enums of tree.h and
 * spec.h, keeps no queue of its own doings and no index: it looks at the whole of what it knows each time.
 *
 * What is posted comes in order. What follows from it may come in any order among slots that have nothing to do with each other;
 * so the model doesn't say which step of the tree is the next, but for every slot which step it would do now (model_next), or none.
 * Each step that the core takes must be that one, and when the core has nothing left to do, no slot may have one. Of a reload the model says what it
 * answers and what would change, before it is done, and changes its own slots by the same rules.
 */
#ifndef TRACTOR_TESTS_SIMULATOR_MODEL_H
#define TRACTOR_TESTS_SIMULATOR_MODEL_H

#include <stdio.h>
#include <string.h>

#include "tree.h"

#define MODEL_CHILDREN_MAX 24
#define MODEL_WINDOW_MAX 8 /* more than any intensity that is used here */
#define MODEL_QUEUE_MAX 1024
#define MODEL_CHANGES_MAX 512

/* What is to follow once a slot is at rest. */
enum comes {
	COMES_NOT,
	COMES_ALONE,   /* whatever its siblings do */
	COMES_IN_TURN, /* once all that must go have gone, and those before it are ready */
};

/* Whose wish the coming start is. */
enum wish {
	WISH_RESTART, /* a strategy's, or a verdict's: a failure counts, and is tried again */
	WISH_INITIAL, /* its supervisor's start: a failure is the supervisor's failure */
	WISH_ADD,     /* start_child: a failure and it is forgotten (case 10) */
	WISH_COMMAND, /* restart_child: a failure and it stays down (case 11) */
};

enum act { ACT_NONE, ACT_START, ACT_STOP, ACT_KILL };

/* What a slot does next. `to` is its state now if it only acts. */
struct step {
	enum node_state to;
	const char *event;
	enum act act;
};

enum model_command {
	ASK_NONE,
	ASK_START,
	ASK_ADD,
	ASK_TERMINATE,
	ASK_KILL,
	ASK_RESTART,
	ASK_REMOVE,
	ASK_LINE_UP, /* by a reload: what it has added is to be started in turn */
};

struct slot {
	/* what its spec says */
	enum spec_kind kind;
	enum spec_strategy strategy;
	enum spec_auto_shutdown auto_shutdown;
	enum spec_restart restart;
	bool significant;
	unsigned intensity, pool_max;
	unsigned version; /* of its program: what a process has for life */
	int64_t period_ns, shutdown_ns, start_timeout_ns;
	struct spec_backoff backoff;
	enum spec_restart template_restart; /* a pool: its members' */
	int64_t template_shutdown_ns;
	char path[96];

	/* what can be seen of it */
	struct node *node; /* NULL: below what was forgotten, and not there yet */
	uint64_t id;
	enum node_state state;
	enum node_end last_end;
	uint32_t incarnation, restarts;
	int64_t since_ns;
	struct slot *parent;
	struct slot *children[MODEL_CHILDREN_MAX]; /* those that are there, in order */
	size_t child_count;
	struct slot *statics[MODEL_CHILDREN_MAX]; /* those of the spec, there or forgotten, in order */
	size_t static_count;
	bool dynamic; /* was added */

	/* what its supervisor is about to do with it */
	bool down;    /* it must come down */
	bool ordered; /* ... in its turn, and others wait for it: not somebody's command for this one alone */
	bool told;    /* ... and its patience runs; not while it comes down by itself */
	bool killing; /* ... by SIGKILL, with all below it */
	bool forgotten; /* delete_child */
	bool leaves;	/* was told to stop although it isn't running */
	bool doomed;	/* the file names it no more */
	bool new;	/* a reload has added it, and not come to it yet */
	bool awaited;	/* the reload is not over before it is where it should be */
	enum comes comes;
	enum wish wish;
	int64_t due_ns;	      /* WAITING: its delay ends then; 0: none */
	int64_t limit_ns;     /* STARTING, STOPPING: its patience ends then; 0: none */
	uint64_t limit_order; /* of two that end at once the older one does first ... */
	uint64_t
		limit_order_least; /* ... and is known to if these don't overlap: nobody has seen when it began */
	bool unready;		   /* STOPPING, by the limit of its start, for it is not ready */
	int64_t ready_limit_ns; /* ... and that is its limit once it is; 0: none */
	bool killed;		/* this incarnation has been */
	bool killed_late; /* ... a supervisor, when all below it had gone: it may or may not have noticed */
	bool killed_perhaps;	  /* ... if its patience was over before that of one below it */
	double next_delay_ns;	  /* its place in the series of delays; 0: at the beginning */
	double least_ns, most_ns; /* the bounds of the delay that it is about to be told */
	uint64_t line;		  /* in line for its start since then; 0: it is not */
	bool line_unknown;	  /* ... or since some other time */
	enum act owed;		  /* what the core must do right after the step that it has just taken */
	enum model_command command;

	/* a supervisor's own */
	int64_t window[MODEL_WINDOW_MAX]; /* when it restarted something, newest last */
	size_t window_count;
	enum tree_outcome_kind falls; /* it comes down by itself, and why */
	char culprit[96];	      /* the path of the lowest child that is known to be the cause */
	struct slot *owes_gives_up;   /* the child that the core must name */
	bool came_up;		      /* there was a moment at which its start was complete */
	bool lowered;		      /* a reload has left it with more restarts than are allowed */
	bool turns;		      /* that is posted for it */
	bool reordered; /* its file has them in another order, which holds when all that must go have gone */
};

/* What was posted and is not handled yet. */
struct posted {
	struct slot *slot;
	enum { POSTED_READY, POSTED_ENDED, POSTED_COMMAND, POSTED_TURNS } kind;
	uint32_t incarnation;
	enum node_end end;
	struct node_verdict verdict;
};

/* What a reload is expected to say. */
struct change {
	enum tree_change_kind kind;
	const struct slot *parent; /* NULL: it is the root */
	const char *name;
};

struct model {
	struct slot *root;
	int64_t now_ns;
	struct posted queue[MODEL_QUEUE_MAX]; /* a ring */
	unsigned first, count;
	uint64_t dropped;
	uint64_t limits;       /* that were set */
	uint64_t limits_quiet; /* ... when the core had nothing left to do last */
	unsigned start_limit;  /* starts at a time; 0: no bound */
	uint64_t line;	       /* looks at the line */
	unsigned in_line;      /* so many are */
	uint64_t host_order;   /* as limit_order */
	int64_t host_due_ns, host_over_ns,
		host_delay_ns; /* until when no restart is tried; when that was over last */
	uint64_t last_id;      /* the highest that was ever given */
	struct slot *owing;    /* whose step is not complete: nothing else may happen */
	struct slot *delayed;  /* who has just been told how long it waits for its restart */
	struct slot *over;     /* whose patience was over last, while nothing but kills was seen since */
	int64_t over_ns;       /* ... and when that was */
	bool reloading;	       /* somebody is awaited */
	bool reordered;	       /* some supervisor is */
	const struct slot *reloaded;		  /* the supervisor that was last */
	struct change changes[MODEL_CHANGES_MAX]; /* of the last reload that was planned */
	size_t change_count;
};

extern struct model model;

/* model.c: slots, and the steps of the core against them */
void model_copy_spec(struct slot *slot, const struct spec *spec);
struct slot *model_make(const struct spec *spec, struct slot *parent); /* with all below it, STOPPED */
void model_bind(struct slot *slot, struct tree *tree,
	uint64_t last_id); /* to the nodes of the tree, by their paths; their ids are new, after that one */
void model_drop(struct slot *slot); /* with all below it */
void model_changed(struct slot *slot, enum node_state from, enum node_state to, const char *event);
void model_acts(struct slot *slot, enum act act);
void model_gives_up(struct slot *slot, struct slot *culprit);
void model_quiet(void); /* the core has nothing left to do: neither has the model */

/* posted.c: what comes from outside */
void model_post_ready(struct slot *slot, uint32_t incarnation);
void model_post_ended(
	struct slot *slot, uint32_t incarnation, enum node_end end, struct node_verdict verdict);
tractor_err model_command(struct slot *slot, enum model_command command);
tractor_err model_may_add(const struct slot *parent, const struct spec *spec);
void posted_order(struct slot *slot, enum model_command command); /* whatever waits */
void posted_turns(struct slot *supervisor); /* those of its children whose turn it is then go, or come */
bool posted_next(
	const struct slot *slot, struct step *ret_step); /* the step that the oldest event makes it take */
void posted_pass(void);					 /* past all that makes nobody take a step */
struct posted posted_take(void);

/* fate.c: what an end means: decides only */
enum fate {
	FATE_ORDERED,	/* its supervisor wanted it down: not its own end, however it ended */
	FATE_STOP,	/* it is down for good */
	FATE_IGNORED,	/* it is not needed */
	FATE_REFUSED,	/* who asked for it to be started is told no */
	FATE_ROLL_BACK, /* its supervisor can't start without it */
	FATE_RESTART,	/* by the strategy */
	FATE_HOST, /* it never was: the host had nothing to make it of. Tried again, and nobody is blamed */
	FATE_TOO_MANY, /* its supervisor gives up: the intensity */
	FATE_ESCALATE, /* its supervisor gives up: the policy */
};

enum node_end fate_end(const struct slot *slot, enum node_end end);
enum fate fate_of(const struct slot *slot, enum node_end end, struct node_verdict verdict);
enum node_state fate_state(const struct slot *slot, enum fate fate);
bool fate_keeps_spec(const struct slot *slot);
unsigned fate_in_window(const struct slot *supervisor);

/* rules.c: what follows from what */
void rules_started(struct slot *slot);
void rules_ready(struct slot *slot);
void rules_pass(struct slot *slot);
void rules_forget_restarts(struct slot *supervisor, size_t count);
void rules_asked_down(struct slot *slot);
void rules_asked_down_unready(struct slot *slot, int64_t start_limit_ns);
void rules_ready_while_stopping(struct slot *slot);
void rules_insist_unseen(struct slot *slot);
void rules_timeout(struct slot *slot);
void rules_kill(struct slot *slot);
void rules_fall(struct slot *supervisor, enum tree_outcome_kind why, struct slot *culprit);
void rules_ended(struct slot *slot, enum node_end end, struct node_verdict verdict);
void rules_command(struct slot *slot, enum model_command command);
enum node_end rules_supervisor_end(const struct slot *supervisor);

/* reload.c: what a new version of the file changes */
tractor_err model_may_reload(const struct slot *slot, const struct spec *spec);
void reload_plan(const struct slot *slot, const struct spec *spec); /* only says it: model.changes */
unsigned reload_new_actors(const struct slot *slot, const struct spec *spec);
void model_reload(struct slot *slot, const struct spec *spec);

/* order.c: whose turn it is after a reload */
void order_changed(struct slot *supervisor);
void order_look(void);	/* who stands in the new order */
void order_quiet(void); /* nothing is left to do: what was done without a step */
bool order_passed(struct slot *slot);
bool order_has_turns(struct slot *supervisor);

/* patience.c: whose patience is over first */
struct slot *patience_first(struct slot *slot);
void patience_note(struct slot *slot);
bool patience_ends(const struct slot *slot);
bool patience_of_another(void);

/* delay.c: how long a restart waits */
void delay_begins(
	struct slot *slot, struct node_verdict verdict); /* it waits; the core has not said how long */
void delay_take(void);					 /* now it has */
void delay_ran(struct slot *slot);

/* starts.c: who may start now, of those whose turn it is */
bool starts_is_restart(const struct slot *slot);
bool starts_holds(const struct slot *slot);
void starts_look(const struct slot *but); /* who stands in line */
void starts_check(struct slot *slot);
void starts_check_held(const struct slot *slot);
void starts_host_refused(const struct slot *slot);
bool starts_host_over(void);

/* coverage.c */
void coverage_ended(
	const struct slot *slot, enum fate fate, enum node_end end, enum node_verdict_kind verdict);
void coverage_falls(const struct slot *supervisor);
void coverage_step(const struct slot *slot, enum node_state from, const char *event);
void coverage_command(const struct slot *slot, enum model_command command);
void coverage_answer(tractor_err err);
void coverage_reload(const struct slot *slot);
void coverage_file(tractor_err err);
void coverage_added(const struct slot *slot);
void coverage_removed(const struct slot *slot);
void coverage_replaced(const struct slot *slot);
void coverage_changed(const struct slot *slot, const struct spec *spec, bool is_adopted);

/* steps.c: what each slot would do now */
bool model_next(const struct slot *slot, struct step *ret_step);
bool steps_has_turn(const struct slot *slot); /* those before it are up, and nobody has to go */
bool steps_to_insist(const struct slot *slot);
bool steps_to_pass(const struct slot *slot);
bool steps_has_turns(const struct slot *supervisor);
bool steps_is_left(const struct slot *slot); /* it is there, or will be */
bool steps_pending(const struct slot *slot);
bool steps_all_at_rest(const struct slot *supervisor);
bool steps_settled(const struct slot *supervisor);

/* compare.c: all that can be seen of the core against the model */
void compare_tree(struct tree *tree);
void compare_specs(const struct slot *slot);
void compare_plan(const struct tree_plan *plan);

static inline bool
slot_at_rest_in(enum node_state state)
{
	return state == NODE_STOPPED || state == NODE_WAITING || state == NODE_GONE;
}

static inline bool
slot_at_rest(const struct slot *slot)
{
	return slot_at_rest_in(slot->state);
}

static inline const char *
slot_name(const struct slot *slot)
{
	return strrchr(slot->path, '/') + 1;
}

static inline void
slot_path(char *path, size_t size, const struct slot *parent, const char *name)
{
	int length = snprintf(path, size, "%s/%s", parent != NULL ? parent->path : "", name);

	if (length < 0 || (size_t)length >= size)
		path[0] = '\0';
}

/* A parent under which something may be started. The root has none. */
static inline bool
slot_parent_up(const struct slot *slot)
{
	return slot->parent == NULL || slot->parent->state == NODE_STARTING ||
	       slot->parent->state == NODE_RUNNING;
}

#endif
