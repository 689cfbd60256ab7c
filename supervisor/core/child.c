/*
 * child.c: owns the state of every node, an actor's and a supervisor's alike: the table state x event, a small function for each
 * kind of cell, and the one place where node->state is written.
 *
 * It knows how one node starts and stops, not what a death means for others (strategy.c) nor whose turn it is (group.c). Events of
 * an incarnation that is over are dropped and counted; an event that this core itself could not have sent is a bug.
 */
#include "core.h"

typedef void child_cell(struct node *node, const struct child_event *event);

static const char *
event_name(const struct child_event *event)
{
	static const char *const names[] = {
#define CHILD_EVENT_NAME(constant, word) word,
		CHILD_EVENTS(CHILD_EVENT_NAME)
#undef CHILD_EVENT_NAME
	};

	return names[event->kind];
}

/* The only writer of node->state. A timer belongs to the state that armed it and ends with it, and so does a place in the line. */
static void
become(struct node *node, enum node_state state)
{
	struct tree *tree = node->own->tree;

	timers_cancel(&tree->timers, &node->own->timer);
	node->own->when_ready_ns = 0;
	gate_leave_line(node);
	if (node->own->group == NULL)
		gate_count(node, (state == NODE_STARTING) - (node->state == NODE_STARTING));
	node->state = state;
	node->since_ns = tree->now_ns;
	node->due_ns = 0;
	if (state == NODE_GONE)
		node_bury(node);
}

static void
tell(struct node *node, enum node_state from, const char *event)
{
	struct tree *tree = node->own->tree;

	tri_assert(from != node->state);
	tree->ops.changed(tree->arg, node, from, event);
}

static void
enter(struct node *node, enum node_state state, const char *event)
{
	enum node_state from = node->state;

	become(node, state);
	tell(node, from, event);
}

static void
arm(struct node *node, int64_t delay_ns)
{
	struct tree *tree = node->own->tree;

	timers_arm(&tree->timers, &node->own->timer, tree->now_ns + delay_ns);
}

/* Once: a killed process can only be waited for. */
static void
kill_now(struct node *node)
{
	struct tree *tree = node->own->tree;

	if (node->own->killed)
		return;
	node->own->killed = true;
	timers_cancel(&tree->timers, &node->own->timer);
	if (node->own->group != NULL)
		group_kill(node);
	else
		tree->ops.kill(tree->arg, node);
}

/* The upper steps of the kill ladder, for a node that its supervisor wants stopped. */
static void
climb_ladder(struct node *node)
{
	int64_t shutdown_ns = node_shutdown_ns(node);

	node->own->asked = true;
	if (shutdown_ns == SPEC_SHUTDOWN_KILL)
		kill_now(node);
	else if (shutdown_ns != SPEC_SHUTDOWN_INFINITY && !node->own->killed)
		arm(node, shutdown_ns);
}

/* When the start limit ends of one that is not ready yet; INT64_MAX: it has none (a supervisor), or was killed for it. */
static int64_t
start_limit(const struct node *node)
{
	const struct timer *timer = &node->own->timer;

	return node->state == NODE_STARTING && timer_armed(timer) ? timer->due_ns : INT64_MAX;
}

/*
 * It is asked to stop before it was ready, and there is nothing yet that it could have to save: until it is ready its start limit bounds it as
 * well, whatever the time is that its stop may take; that may be for ever.
 */
static void
keep_start_limit(struct node *node, int64_t start_limit_ns)
{
	struct timers *timers = &node->own->tree->timers;
	struct timer *timer = &node->own->timer;

	if (node->own->killed || start_limit_ns == INT64_MAX)
		return;
	if (!timer_armed(timer))
		node->own->when_ready_ns = SPEC_SHUTDOWN_INFINITY;
	else if (timer->due_ns > start_limit_ns)
		node->own->when_ready_ns = timer->due_ns - start_limit_ns;
	if (node->own->when_ready_ns != 0)
		timers_arm(timers, timer, start_limit_ns);
}

static void
forget(struct node *node, const char *event)
{
	reload_arrived(node);
	for (size_t i = node->child_count; i-- > 0;)
		child_do(node->children[i], CHILD_FORGET);
	enter(node, NODE_GONE, event);
}

void
child_leave(struct node *node, const char *event)
{
	/* Unless it has become the file's meanwhile. */
	bool refused = node->own->cause == CAUSE_ADD && node->own->dynamic;
	bool forgotten = !node_keeps_spec(node) || refused;

	group_mark_stop(node, false);
	group_mark_start(node, START_NO);
	node->own->cause = CAUSE_RESTART;
	reload_arrived(node);
	if (forgotten)
		forget(node, event);
	else if (node->state != NODE_STOPPED)
		enter(node, NODE_STOPPED, event);
}

void
child_wait(struct node *node, int64_t delay_ns, const char *event)
{
	enum node_state from = node->state;
	int64_t since_ns = node->since_ns;

	tri_assert(node->own->start != START_NO);
	become(node, NODE_WAITING);
	if (delay_ns > 0) {
		arm(node, delay_ns);
		node->due_ns = node->own->timer.due_ns;
	}
	if (from == NODE_WAITING)
		node->since_ns = since_ns; /* only its delay is another one now */
	else
		tell(node, from, event);
	if (node->due_ns != 0)
		return;
	if (node->own->start == START_FREE)
		child_do(node, CHILD_TURN);
	else
		group_wake(node->parent);
}

/* The cells. Each is named after what happens to the node. */

/* Not ours to see in this state, but anybody's to send: the incarnation is over. */
static void
drop(struct node *node, const struct child_event *event)
{
	(void)event;
	node->own->tree->dropped++;
}

static void
nothing(struct node *node, const struct child_event *event)
{
	(void)node;
	(void)event;
}

static void
never(struct node *node, const struct child_event *event)
{
	(void)node;
	(void)event;
	tri_assert(!"an event that the core cannot have sent in this state");
}

static void
line_up(struct node *node, const struct child_event *event)
{
	child_wait(node, 0, event_name(event));
}

/* At rest now, or already: on to where its mark leads. */
static void
rest(struct node *node, const struct child_event *event)
{
	group_mark_stop(node, false);
	if (node->own->start == START_NO)
		child_leave(node, event_name(event));
	else
		child_wait(node, 0, event_name(event));
}

static void
launch(struct node *node, const struct child_event *event)
{
	struct tree *tree = node->own->tree;

	node->own->asked = false;
	node->own->killed = false;
	node->incarnation++;
	if (node->own->cause == CAUSE_RESTART)
		node->restarts++;
	enter(node, NODE_STARTING, event_name(event));
	if (node->own->group != NULL) {
		group_launch(node);
	} else {
		arm(node, node->spec->start_timeout_ns);
		tree->ops.start(tree->arg, node);
	}
}

/* Its turn has come; an actor's start may be held back. */
static void
take_turn(struct node *node, const struct child_event *event)
{
	if (node->own->group != NULL || gate_admits(node))
		launch(node, event);
}

void
child_admit(struct node *node)
{
	if (group_is_turn(node))
		launch(node, &(struct child_event){ .kind = CHILD_TURN });
}

/* The host had no process for it: that was no restart, and says nothing about the actor. */
static void
was_refused(struct node *node, const struct child_event *event)
{
	if (node->own->cause == CAUSE_RESTART)
		node->restarts--;
	child_wait(node, gate_close(node->own->tree), event_name(event));
}

/* It is where it should be, unless its supervisor has come to want it stopped meanwhile. */
static void
arrived(struct node *node)
{
	if (node->own->must_stop)
		return; /* and whose wish its next start is stays as it is */
	node->own->cause = CAUSE_RESTART;
	group_mark_start(node, START_NO);
	reload_arrived(node);
}

static void
come_up(struct node *node, const struct child_event *event)
{
	if (node->own->killed)
		return; /* ready after its time was over: it is dying already */
	enter(node, NODE_RUNNING, event_name(event));
	arrived(node);
}

/* An end before it was ready. */
static void
fall(struct node *node, const struct child_event *event)
{
	node->last_end = event->end;
	if (node->own->must_stop) {
		rest(node, event);
	} else if (event->end == NODE_END_IGNORED && !node->own->killed) {
		/* Not needed here: that counts as started (OTP: its spec stays, with no pid). */
		arrived(node);
		child_leave(node, event_name(event));
	} else if (event->end == NODE_END_HOST_FAILED && !node->own->killed && gate_is_restart(node)) {
		was_refused(node, event);
	} else {
		if (event->end != NODE_END_PERMANENT_FAILURE && event->end != NODE_END_HOST_FAILED)
			node->last_end = NODE_END_START_FAILED;
		strategy_start_failed(node, event);
	}
}

/* It is RUNNING no longer, whyever: what has run for long enough begins its delays anew. */
static void
note_run(struct node *node)
{
	if (node->state == NODE_RUNNING)
		backoff_ran(
			&node->own->backoff, &node->spec->backoff, node->own->tree->now_ns - node->since_ns);
}

/* An end by itself; unless its supervisor was about to stop it, then this is part of that. */
static void
die(struct node *node, const struct child_event *event)
{
	note_run(node);
	node->last_end = event->end;
	if (node->own->must_stop)
		rest(node, event);
	else
		strategy_died(node, event);
}

/* OTP's supervisors hear of deaths after their start only: one that gave up in the middle of it has come up for its parent. */
static void
supervisor_died(struct node *node, const struct child_event *event)
{
	node->own->cause = CAUSE_RESTART;
	strategy_died(node, event);
}

/* The end of a stop: one that was asked for, or a supervisor's by itself. */
static void
come_down(struct node *node, const struct child_event *event)
{
	node->last_end = event->end;
	if (node->own->asked || node->own->must_stop)
		rest(node, event);
	else if (event->end == NODE_END_START_FAILED)
		strategy_start_failed(node, event);
	else
		supervisor_died(node, event);
}

static void
halt(struct node *node, const struct child_event *event)
{
	struct tree *tree = node->own->tree;
	bool at_once = node_shutdown_ns(node) == SPEC_SHUTDOWN_KILL;
	int64_t start_limit_ns = start_limit(node);

	note_run(node);
	enter(node, NODE_STOPPING, event_name(event));
	if (node->own->group != NULL)
		group_halt(node, at_once ? CHILD_KILL : CHILD_STOP);
	else if (!node->own->killed && !at_once)
		tree->ops.stop(tree->arg, node);
	climb_ladder(node);
	keep_start_limit(node, start_limit_ns);
}

/* Ready after all, while it is asked to stop: now that may take the time that a stop may. */
static void
extend(struct node *node, const struct child_event *event)
{
	struct timers *timers = &node->own->tree->timers;
	struct timer *timer = &node->own->timer;
	int64_t more_ns = node->own->when_ready_ns;

	(void)event;
	node->own->when_ready_ns = 0;
	if (more_ns == SPEC_SHUTDOWN_INFINITY)
		timers_cancel(timers, timer);
	else if (more_ns > 0 && timer_armed(timer))
		timers_arm(timers, timer, timer->due_ns + more_ns);
}

/* Its supervisor wants stopped what is coming down by itself. */
static void
insist(struct node *node, const struct child_event *event)
{
	(void)event;
	if (!node->own->asked)
		climb_ladder(node);
}

static void
strike(struct node *node, const struct child_event *event)
{
	/* A supervisor may be coming down by itself: then that is now somebody's wish, and its end no failure. */
	if (event->kind == CHILD_KILL)
		node->own->asked = true;
	kill_now(node);
}

static void
halt_and_strike(struct node *node, const struct child_event *event)
{
	note_run(node);
	enter(node, NODE_STOPPING, event_name(event));
	node->own->asked = true;
	if (node->own->group != NULL)
		group_halt(node, CHILD_KILL);
	kill_now(node);
}

static void
finish(struct node *node, const struct child_event *event)
{
	(void)event;
	tri_assert(node->own->group != NULL);
	enter(node, NODE_STOPPING, tree_outcome_name(node->own->group->ending));
	group_halt(node, CHILD_STOP);
}

static void
vanish(struct node *node, const struct child_event *event)
{
	forget(node, event_name(event));
}

static void
come_back(struct node *node, const struct child_event *event)
{
	if (node->own->buried)
		node_release(node); /* of what it was before; nobody has told the shell yet */
	node_number(node);
	node_attach(node);
	node->restarts = 0;
	node->last_end = NODE_END_NONE;
	enter(node, NODE_STOPPED, event_name(event));
}

/* clang-format off */
static child_cell *const table[NODE_STATE_COUNT][CHILD_EVENT_COUNT] = {
	/*                 start    turn    ready    ended      stop     kill             timeout     finish   forget   return */
	[NODE_STOPPED]  = {line_up, never,  drop,    drop,      rest,    rest,            never,      never,   vanish,  never},
	[NODE_WAITING]  = {nothing, take_turn, drop,    drop,      rest,    rest,            line_up,    never,   never,   never},
	[NODE_STARTING] = {nothing, never,  come_up, fall,      halt,    halt_and_strike, strike,     finish,  never,   never},
	[NODE_RUNNING]  = {nothing, never,  drop,    die,       halt,    halt_and_strike, never,      finish,  never,   never},
	[NODE_STOPPING] = {nothing, never,  extend,  come_down, insist,  strike,          strike,     nothing, never,   never},
	[NODE_GONE]     = {never,   never,  drop,    drop,      nothing, nothing,         never,      never,   nothing, come_back},
};
/* clang-format on */

void
child_step(struct node *node, const struct child_event *event)
{
	table[node->state][event->kind](node, event);
}

void
child_do(struct node *node, enum child_event_kind kind)
{
	child_step(node, &(struct child_event){ .kind = kind });
}
