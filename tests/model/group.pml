/*
 * group.pml: the children of two supervisors, for spin: restarts by the strategy and their number, stops newest first, starts in order, the gate that all starts of the tree
 * go through, commands, and a reload that puts the children in another order.
 *
 * What is modelled is the core's strategy.c, group.c, gate.c and command.c, step by step. Supervisor 0 has the children 0 and 1, supervisor 1 has 2; each is restarted for ever,
 * until its supervisor gives up. Processes come up, go down and die when they like. Of time there is only that delays end when nothing else is left to do. What a single
 * process is asked and says is link.pml's. Every run ends: faults, commands and reloads are counted. run.sh has the bounds, and the defects (BUG_...) that must be found.
 */

#ifndef FAULTS
#define FAULTS 2 /* deaths, failed starts, and starts that the host refuses */
#endif
#ifndef COMMANDS
#define COMMANDS 0 /* stops and restarts of one child */
#endif
#ifndef REORDERS
#define REORDERS 0 /* reloads that exchange the children of supervisor 0 */
#endif
#ifndef INTENSITY
#define INTENSITY 1
#endif
#ifndef LIMIT
#define LIMIT 1 /* starts under way at a time; more than there are children: no bound */
#endif
#ifndef STRATEGY
#define STRATEGY 1 /* 0: one_for_one, 1: one_for_all, 2: rest_for_one */
#endif
#ifndef DELAYS
#define DELAYS 0 /* 1: a restart may have to wait for its delay */
#endif

#define CHILDREN 3
#define NOBODY CHILDREN
#define OF(i) ((i) / 2) /* its supervisor */

mtype = { STOPPED, WAITING, STARTING, RUNNING, STOPPING };	/* enum node_state */
mtype = { NO, FREE, IN_TURN };	/* enum start_mark */
mtype = { READY, ENDED, REFUSED, C_STOP, C_RESTART, RECONCILE };	/* what waits for tree_run() */

mtype state[CHILDREN] = WAITING;
mtype start[CHILDREN] = IN_TURN;
bool must_stop[CHILDREN], asked[CHILDREN];
bool delayed[CHILDREN];	/* due_ns: its own delay, or the host's */
chan events = [12] of { mtype, byte };
bool woken[2];	/* RECONCILE is queued */
byte restarts[2];	/* in the window */
bool gave_up[2];
byte first;	/* which of its children supervisor 0 has first */
bool reordered;	/* ... and is to have the other one, once all that must stop have */

/* ---- the gate ---- */
chan line = [CHILDREN] of { byte };
bool lined_up[CHILDREN];
byte starting[2];
bool host_refuses;

/* ---- the processes, and what really happened ---- */
bool alive[CHILDREN], said[CHILDREN];	/* that it is ready, or that it has ended */
byte deaths[2];
bool wanted_down[CHILDREN];	/* by a command, or left behind by one */
byte faults = FAULTS, commands = COMMANDS, reorders = REORDERS;

byte other, next, left;	/* short-lived */

#define AFTER(a, b) (OF(a) == OF(b) && (a) != (b) && first != (a))	/* among its siblings a is after b */
#define HAS_STOPS(g) (g == 0 -> must_stop[0] || must_stop[1] : must_stop[2])
#define SECOND (1 - first)
#define OLDEST(g) (g == 1 -> (start[2] == IN_TURN -> 2 : NOBODY) : (start[first] == IN_TURN -> first : (start[SECOND] == IN_TURN -> SECOND : NOBODY)))
#define NEWEST(g) (g == 1 -> (must_stop[2] -> 2 : NOBODY) : (must_stop[SECOND] -> SECOND : (must_stop[first] -> first : NOBODY)))
#define IS_TURN(i) (start[i] != IN_TURN || (!HAS_STOPS(OF(i)) && OLDEST(OF(i)) == (i)))
#define AT_REST(i) (state[i] == STOPPED || state[i] == WAITING)
#define HAS_ROOM(i) (starting[0] + starting[1] < LIMIT || starting[OF(i)] == 0)
#ifdef BUG_STARVED
#define MAY_START(i) (starting[0] + starting[1] < LIMIT && !host_refuses)
#else
#define MAY_START(i) (HAS_ROOM(i) && !host_refuses)
#endif

/* ==================== group.c: marks ==================== */

inline wake(g) {
	if
	:: !woken[g] -> woken[g] = true; events!RECONCILE,g
	:: else
	fi
}

inline mark_stop(i, so) {
	if
	:: must_stop[i] != so -> must_stop[i] = so; wake(OF(i))
	:: else
	fi
}

inline mark_start(i, mark) {
	if
	:: (start[i] == IN_TURN) != (mark == IN_TURN) -> wake(OF(i))
	:: else
	fi;
	start[i] = mark
}

/* ==================== gate.c ==================== */

inline leave_line(i) {
	if
	:: lined_up[i] -> line??eval(i); lined_up[i] = false
	:: else
	fi
}

/* child.c: launch() */
inline launch(i) {
	assert(state[i] == WAITING && !alive[i] && !gave_up[OF(i)]);
	assert(start[i] != NO && IS_TURN(i));
	assert(restarts[OF(i)] <= INTENSITY);
	assert(HAS_ROOM(i));
	state[i] = STARTING;
	asked[i] = false;
	starting[OF(i)]++;
	if
	:: alive[i] = true; said[i] = false
	:: faults > 0 -> faults--; events!REFUSED,i
	fi
}

/* child.c: take_turn() */
inline take_turn(i) {
	if
	:: len(line) == 0 && MAY_START(i) -> launch(i)
	:: else ->
		if
		:: !lined_up[i] -> lined_up[i] = true; line!i
		:: else
		fi
	fi
}

/* tree.c: run_one(), when there are no more events: who stands in line */
inline admit_one() {
	left = len(line);
	next = NOBODY;
	do
	:: left > 0 ->
		line?other;
		left--;
		if
		:: next == NOBODY && MAY_START(other) -> next = other; lined_up[other] = false
		:: else -> line!other
		fi
	:: else -> break
	od;
	if
	:: next != NOBODY && IS_TURN(next) -> launch(next)
	:: else
	fi;
	next = 0; other = 0; left = 0
}

#define MAY_ADMIT ((lined_up[0] && MAY_START(0)) || (lined_up[1] && MAY_START(1)) || (lined_up[2] && MAY_START(2)))

/* ==================== child.c ==================== */

/* child_wait() */
inline wait_for_start(i) {
	leave_line(i);
	state[i] = WAITING;
	if
	:: delayed[i]
	:: !delayed[i] && start[i] == FREE -> take_turn(i)
	:: !delayed[i] && start[i] == IN_TURN -> wake(OF(i))
	fi
}

/* rest() */
inline rest(i) {
	mark_stop(i, false);
	delayed[i] = false;
	if
	:: start[i] == NO ->
#ifndef BUG_LINE_KEPT
		leave_line(i);
#endif
		state[i] = STOPPED
	:: else -> wait_for_start(i)
	fi
}

inline stop(i) {
	if
	:: AT_REST(i) -> rest(i)
	:: state[i] == STARTING -> starting[OF(i)]--; state[i] = STOPPING; asked[i] = true
	:: state[i] == RUNNING -> state[i] = STOPPING; asked[i] = true
	:: state[i] == STOPPING
	fi
}

/* ==================== strategy.c ==================== */

/* group_finish(), group_halt() */
inline halt(i) {
	mark_start(i, NO);
	mark_stop(i, !AT_REST(i));
	if
	:: AT_REST(i) -> stop(i)
	:: else
	fi
}

inline give_up(g) {
	gave_up[g] = true;
	if
	:: g == 0 -> halt(0); halt(1)
	:: else -> halt(2)
	fi
}

/* A sibling that shares the fate of one that died. */
inline join(i) {
	if
	:: !AT_REST(i) -> mark_stop(i, true)
	:: else
	fi;
	mark_start(i, IN_TURN);
	wanted_down[i] = false;
	if
	:: state[i] == STOPPED -> wait_for_start(i)
	:: else
	fi
}

inline restart(i) {
#ifndef BUG_NOT_COUNTED
	restarts[OF(i)]++;
#endif
	if
	:: restarts[OF(i)] > INTENSITY -> state[i] = STOPPED; give_up(OF(i))
	:: else ->
		mark_start(i, (STRATEGY == 0 -> FREE : IN_TURN));
		if
		:: delayed[i] = false
		:: DELAYS -> delayed[i] = true
		fi;
		wait_for_start(i);
		if
		:: OF(i) == 0 && (STRATEGY == 1 || (STRATEGY == 2 && AFTER(1 - i, i))) -> join((1 - i))
		:: else
		fi
	fi
}

/* ==================== the events ==================== */

inline ready(i) {
	if
	:: state[i] == STARTING ->
		starting[OF(i)]--;
		state[i] = RUNNING;
		if
		:: must_stop[i]
		:: else -> mark_start(i, NO)
		fi
	:: else
	fi
}

inline ended(i) {
	assert(!alive[i] && !AT_REST(i));
	if
	:: state[i] == STARTING -> starting[OF(i)]--
	:: else
	fi;
	if
	:: must_stop[i] || state[i] == STOPPING -> rest(i)
	:: else -> deaths[OF(i)]++; restart(i)
	fi
}

/* The host had nothing to make a process of. One delay for all: here it is over when nothing else is left to do. */
inline refused(i) {
	if
	:: state[i] == STARTING && !must_stop[i] ->
		starting[OF(i)]--;
		host_refuses = true;
		delayed[i] = true;
#ifdef BUG_REFUSAL_COUNTS
		restarts[OF(i)]++;
#endif
		wait_for_start(i)
	:: else -> ended(i)
	fi
}

/* command.c: abandon_restart(); the one after it, if it is to follow and is not on its way */
inline abandon(i) {
	if
#ifdef BUG_START_ABANDONED
	:: OF(i) == 0 && AFTER(1 - i, i) && start[1 - i] == IN_TURN ->
#else
	:: OF(i) == 0 && AFTER(1 - i, i) && start[1 - i] == IN_TURN && AT_REST(1 - i) ->
#endif
		assert(state[1 - i] != STARTING);
		mark_start((1 - i), NO);
		wanted_down[1 - i] = true;
		stop((1 - i))
	:: else
	fi
}

inline obey_stop(i) {
	if
	:: start[i] == IN_TURN && IS_TURN(i) -> abandon(i)
	:: else
	fi;
	wanted_down[i] = true;
	mark_start(i, NO);
	if
	:: must_stop[i]	/* it has its turn */
	:: else -> stop(i)
	fi
}

inline obey_restart(i) {
	if
	:: gave_up[OF(i)]
	:: else ->
		wanted_down[i] = false;
		if
		:: HAS_STOPS(OF(i)) || OLDEST(OF(i)) != NOBODY -> mark_start(i, IN_TURN)
		:: else -> mark_start(i, FREE)
		fi;
		if
		:: state[i] == STOPPED -> wait_for_start(i)
		:: state[i] != STOPPED && !must_stop[i] -> stop(i)
		:: else
		fi
	fi
}

inline put_in_order() {
	if
	:: reordered && !HAS_STOPS(0) -> first = SECOND; reordered = false
	:: else
	fi
}

/* group_reconcile() */
inline reconcile(g) {
	woken[g] = false;
	do
	:: NEWEST(g) != NOBODY && !(state[NEWEST(g)] == STOPPING && asked[NEWEST(g)]) -> other = NEWEST(g); stop(other)
	:: else -> break
	od;
	if
	:: g == 0 -> put_in_order()
	:: else
	fi;
	do
#ifdef BUG_START_BEFORE_STOP
	:: OLDEST(g) != NOBODY && state[OLDEST(g)] == WAITING && !delayed[OLDEST(g)] && !lined_up[OLDEST(g)] -> other = OLDEST(g); take_turn(other)
#else
	:: !HAS_STOPS(g) && OLDEST(g) != NOBODY && state[OLDEST(g)] == WAITING && !delayed[OLDEST(g)] && !lined_up[OLDEST(g)] -> other = OLDEST(g); take_turn(other)
#endif
	:: else -> break
	od;
	other = 0
}

/* A reload with another order: outside of tree_run(), whatever waits for it. */
inline reorder() {
	reordered = !reordered;
	put_in_order();
#ifndef BUG_LOST_TURN
	if
	:: HAS_STOPS(0) || OLDEST(0) != NOBODY -> wake(0)
	:: else
	fi
#endif
}

/* CHILD_TIMEOUT: a delay is over, its own or the host's. */
inline delay_over(i) {
	delayed[i] = false;
	if
	:: start[i] == FREE -> take_turn(i)
	:: else -> wake(OF(i))
	fi
}

/* The last state of a run. */
inline Verdict() {
	assert(len(line) == 0 && !host_refuses && !reordered);
	left = 0;
	do
	:: left < CHILDREN ->
		assert(!must_stop[left] && start[left] == NO && !delayed[left]);
		assert(state[left] == RUNNING || state[left] == STOPPED);
		assert((state[left] == RUNNING) == alive[left]);
		assert(state[left] == RUNNING || gave_up[OF(left)] || wanted_down[left]);
		assert(state[left] == STOPPED || !gave_up[OF(left)]);
		assert(restarts[OF(left)] <= deaths[OF(left)]);
		assert(deaths[OF(left)] <= INTENSITY || gave_up[OF(left)]);
		left++
	:: else -> break
	od
}

/* When the supervisors have done all that they can, nobody waits for the start of another one's child. */
inline NobodyStarves() {
	assert(len(events) > 0 || MAY_ADMIT || host_refuses || (!(lined_up[0] && HAS_ROOM(0)) && !(lined_up[1] && HAS_ROOM(1)) && !(lined_up[2] && HAS_ROOM(2))))
}

active proctype supervisor() {
	byte i;

	atomic { wake(0); wake(1) }
end:
	do
	:: atomic { events?READY,i -> ready(i); i = 0 }
	:: atomic { events?ENDED,i -> ended(i); i = 0 }
	:: atomic { events?REFUSED,i -> refused(i); i = 0 }
	:: atomic { events?C_STOP,i -> obey_stop(i); i = 0 }
	:: atomic { events?C_RESTART,i -> obey_restart(i); i = 0 }
	:: atomic { events?RECONCILE,i -> reconcile(i); i = 0 }
	:: atomic { len(events) == 0 && MAY_ADMIT -> admit_one() }
	:: atomic { len(events) == 0 && !MAY_ADMIT && host_refuses -> host_refuses = false }
	:: atomic { len(events) == 0 && !host_refuses && delayed[0] -> delay_over(0) }
	:: atomic { len(events) == 0 && !host_refuses && delayed[1] -> delay_over(1) }
	:: atomic { len(events) == 0 && !host_refuses && delayed[2] -> delay_over(2) }
	:: atomic { timeout -> Verdict(); break }
	od
}

/* Each process: it comes up, dies, or does what it is asked. */
active [CHILDREN] proctype child() {
end:
	do
	:: atomic { alive[_pid - 1] && state[_pid - 1] == STARTING && !said[_pid - 1] -> NobodyStarves(); said[_pid - 1] = true; events!READY,_pid - 1 }
	:: atomic { alive[_pid - 1] && faults > 0 && state[_pid - 1] != STOPPING -> faults--; alive[_pid - 1] = false; events!ENDED,_pid - 1 }
	:: atomic { alive[_pid - 1] && state[_pid - 1] == STOPPING && asked[_pid - 1] -> alive[_pid - 1] = false; events!ENDED,_pid - 1 }
	od
}

active proctype operator() {
end:
	do
	:: atomic { commands > 0 -> commands--; events!C_STOP,0 }
	:: atomic { commands > 0 -> commands--; events!C_STOP,1 }
	:: atomic { commands > 0 -> commands--; events!C_RESTART,0 }
	:: atomic { commands > 0 -> commands--; events!C_RESTART,1 }
	:: atomic { reorders > 0 -> reorders--; reorder() }
	od
}
