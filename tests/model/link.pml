/*
 * link.pml: the protocol between the supervisor and the processes of one slot, for spin: spawn, hello, ready, messages, stop, bye, death, restart.
 *
 * What is modelled is what the code does, step by step; each step names the function that it stands for. One supervisor (the core's child.c, the shell and the router, which
 * are one thread), one slot with one process per incarnation, the kernel's part in a death, senders, an operator. Time is not: a limit passes when nothing else can happen, or
 * early at the cost of a fault. Every run ends, since faults, breaks, messages and commands are counted; so "always ends well" is: no cycles, and every last state is a good one.
 *
 * What must hold is said in assertions, in Verdict(), which looks at the last state of a run, and in the formulas at the end. What is not here: parked messages are senders that wait; forwarding, deferring and ports are
 * the router's own tests; several children, intensity and the host's refusals are in group.pml. run.sh has the bounds that are checked, and the defects (BUG_...) that must be found.
 */

#ifndef FAULTS
#define FAULTS 2 /* crashes, hangs, failed spawns, refused starts, ends by itself, limits that pass early: each counts */
#endif
#ifndef COMMANDS
#define COMMANDS 0 /* of the operator: stop, kill, restart */
#endif
#ifndef BREAKS
#define BREAKS 0 /* links that break between two that live */
#endif
#ifndef SENDERS
#define SENDERS 2
#endif
#ifndef EACH
#define EACH 2 /* messages of each sender */
#endif
#ifndef ASKS
#define ASKS 1 /* of each sender's messages the last so many are asks */
#endif
#ifndef WINDOW
#define WINDOW 2 /* TRI_WINDOW */
#endif
#ifndef MAILBOX
#define MAILBOX 2 /* one sender's share */
#endif
#ifndef FOREVER
#define FOREVER 0 /* `shutdown: infinity`: the kill ladder has no last step */
#endif
#ifndef REDELIVER
#define REDELIVER 0
#endif

#define MESSAGES (SENDERS * EACH)
#define SENDER(m) ((m) / EACH)
#define IS_ASK(m) ((m) % EACH >= EACH - ASKS)
#define LINK (WINDOW + 4) /* frames that fit into a link, each way */

mtype = { HELLO, READY, REFUSED, REPLY, DONE, BYE };	/* frames of the actor's */
mtype = { WELCOME, MESSAGE, STOP, FAREWELL };		/* frames of the supervisor's */
mtype = { E_READY, E_ENDED, C_STOP, C_KILL, C_RESTART };	/* what waits for tree_run() */
mtype = { STOPPED, WAITING, STARTING, RUNNING, STOPPING };	/* enum node_state */
mtype = { NONE, NORMAL, SHUTDOWN, ABNORMAL, KILLED, START_FAILED };	/* enum node_end */
mtype = { EXIT_OK, EXIT_FAILED, SIGNALLED };	/* the wait status */
mtype = { T_BACKOFF, T_START, T_SHUTDOWN };		/* the timer of the node's state */
mtype = { FOR_INITIAL, FOR_RESTART, FOR_COMMAND };	/* enum start_cause */
mtype = { T_REPLY, T_CRASHED, T_STOPPED };		/* what an asker is told */

/*
 * ---- the process of an incarnation, and its link. There are two places, taken in turn: the one before is dead and reaped when the next is started, which slot_start() asserts, so two
 * are enough to have the last one's remains beside the present one. ----
 */
mtype = { UNBORN, ALIVE, HUNG, EXITING, ZOMBIE, REAPED };
mtype process[2] = UNBORN;
mtype status = NONE;	/* the wait status */
bool has_handler[2];	/* tri_take_sigterm() was called */
bool got_term[2];	/* stop_requested */
chan up[2] = [LINK] of { mtype, byte };
chan down[2] = [LINK] of { mtype, byte, byte };
byte unsent[2];	/* of `up`, the last so many are in nng yet: lost if it dies */
bool connected[2];
bool closed_link[2];	/* its end of the link is closed; what it had sent can still be read */
bool leaving;	/* has said bye, waits for the farewell */
bool redialled[2];	/* a new connection was let in: tri_uplink_connection() has gone up */

#define HERE (incarnation % 2)
#define LIVES(i) (process[i] == ALIVE || process[i] == HUNG || process[i] == EXITING)
#define READABLE(i) (len(up[i]) > unsent[i])

/* ---- the black box of the present incarnation (actor/blackbox.h) ---- */
byte box_done, box_hand;
byte noted[MESSAGES];	/* the outbox (actor/outbox.h): the sequence of the ask whose answer is in it; 0: none */

/* ---- the node (supervisor/core/child.c) ---- */
mtype node = STOPPED;
byte incarnation;
mtype timer = NONE;
mtype cause = FOR_INITIAL;
bool start_mark, killed;	/* own->start != START_NO, own->killed */
chan events = [4] of { mtype, byte, mtype };	/* tree_queue() */

/* ---- the slot (supervisor/shell) ---- */
bool linked;	/* slot->wire, slot->box */
bool greeted, ready, refused, said_bye, violation, asked_to_stop, killed_by_us, dead, judged, drain;
mtype end_kind = NONE;	/* slot->death.end */
bool panicked, policy;	/* policy: asked, has not answered yet */
byte whole;	/* slot->whole */

/* ---- the router ---- */
bool is_up, is_closed;	/* party->up, party->closed */
byte queue[MESSAGES], queued, delivered;	/* the mailbox; of these the first are `delivered` */
byte load[SENDERS];	/* share->load */
byte sequence;	/* the last that was given */
byte duty[MESSAGES];	/* an ask's sequence, while its holder may answer it */
bool suspect[MESSAGES];	/* was in hand at a crash before */

/* ---- what really happened, for the assertions ---- */
byte faults = FAULTS;
byte commands = COMMANDS;
byte breaks = BREAKS;
bool wants_down;	/* the last command was a stop */
bool start_failed;	/* an initial start, or one by command: it stays down, as it should */
byte sent[SENDERS];	/* messages that a sender is done with: accepted or refused */
bool accepted[MESSAGES], began[MESSAGES], returned[MESSAGES], gone[MESSAGES];	/* gone: settled without its handler having returned */
mtype told[MESSAGES] = NONE;
byte deaths;	/* how often that of the present incarnation was handled */

#define POSITION(m) (sequence - delivered + 1 + (m))	/* the sequence of the m-th of those delivered */

/* ==================== the kernel ==================== */

/* The process ends: what is in nng's queue, and so the last of what it sent, may be lost. Nothing of it runs any more; that it is a zombie, and that its link is closed, comes later. */
inline dies(i, how_it_ends) {
	do
	:: unsent[i] < len(up[i]) -> unsent[i]++
	:: break
	od;
	status = how_it_ends;
	process[i] = EXITING
}

/* pidfd_kill(SIGKILL) */
inline kill_process(i) {
	if
	:: process[i] == ALIVE || process[i] == HUNG -> dies(i, SIGNALLED)
	:: else
	fi
}

/* pidfd_kill(SIGTERM): before tri_take_sigterm() it is the usual, after it on_sigterm(). One that hangs may have blocked it. */
inline terminate_process(i) {
	if
	:: process[i] == ALIVE && !has_handler[i] -> dies(i, SIGNALLED)
	:: process[i] == ALIVE && has_handler[i] -> got_term[i] = true
	:: else
	fi
}

/* ==================== the actor ==================== */

/* tri_uplink_send(). With the connection gone nng keeps it for the next one. */
inline say(kind, about) {
	d_step { nfull(up[me]) -> up[me]!kind,about; unsent[me] = (connected[me] -> unsent[me] : unsent[me] + 1) }
}

#define MUST_STOP (got_term[me] || down[me]??[STOP,0,0])

/* A message that is handled: all earlier ones of its sender are over. */
inline check_order(m) {
	k = SENDER(m) * EACH;
	do
	:: k < m -> assert(!accepted[k] || returned[k] || gone[k]); k++
	:: else -> break
	od;
	k = 0
}

proctype Actor(byte me) {
	byte number, message, k, unsaid;
	bool welcome, refuses;

born:	LIVES(me);
	{ {
		/* life.c: prepare(), tri_take_sigterm(). Before that SIGTERM is deadly. */
		d_step { connected[me] = true; has_handler[me] = true };
		/* handshake.c: tri_handshake() */
		say(HELLO, 0);
		do
		:: down[me]?WELCOME,_,_ -> welcome = true; break
		:: MUST_STOP -> break
		:: redialled[me] -> redialled[me] = false; say(HELLO, 0)
		od;
		if
		:: !welcome -> goto gives_up	/* "stopped before it had started": exit(TRI_EXIT_FAILED) */
		:: welcome -> welcome = false
		fi;
		/* life.c: start() */
		if
		:: say(READY, 0)
		:: faults > 0 -> faults--; refuses = true; say(REFUSED, 0); goto stops
		fi;
		/* life.c: run(), default_step() */
		do
		:: MUST_STOP -> break
		:: down[me]?WELCOME,_,_	/* sort(): a second one */
		:: d_step { down[me]?MESSAGE,number,message ->
				/* tri_dispatch_next(), tri_blackbox_take() */
				assert(!returned[message] && !gone[message] && !began[message] && is_up && HERE == me);
				check_order(message);
				began[message] = true;
				box_hand = number
			};
			/* dispatch.c: finish(): tri_outbox_hold(), tri_outbox_publish() */
			if
			:: IS_ASK(message) -> noted[message] = number
			:: else
			fi;
#ifdef BUG_REPLY_BEFORE_DONE
			if
			:: IS_ASK(message) -> say(REPLY, number)
			:: else
			fi;
#endif
			/* tri_blackbox_done() */
			d_step { box_done = number; returned[message] = true; unsaid++ };
#ifndef BUG_REPLY_BEFORE_DONE
			/* send_held() */
			if
			:: IS_ASK(message) -> say(REPLY, number); unsaid = 0
			:: else
			fi;
#endif
			if
			:: unsaid > 0 && unsaid >= WINDOW / 2 -> say(DONE, 0); unsaid = 0	/* tri_say_done() */
			:: else
			fi;
			d_step { number = 0; message = 0 }
		:: empty(down[me]) && unsaid > 0 -> say(DONE, 0); unsaid = 0
		:: faults > 0 && empty(down[me]) -> faults--; break	/* tractor_finish(): its own wish */
		od;
stops:		/* life.c: stop(), tri_say_bye() */
		say(BYE, 0);
		leaving = true;
		do
		:: down[me]?FAREWELL,_,_ -> break
		:: timeout -> break	/* FAREWELL_LIMIT_MS */
		:: down[me]?STOP,_,_
		:: down[me]?MESSAGE,_,_
		:: down[me]?WELCOME,_,_
		od;
		leaving = false;
		if
		:: refuses -> goto gives_up
		:: else -> atomic { dies(me, EXIT_OK) }
		fi;
		goto over;
gives_up:	atomic { dies(me, EXIT_FAILED) };
over:		false
	} unless { process[me] == HUNG -> false } } unless { process[me] == EXITING };
	d_step { welcome = false; refuses = false; number = 0; message = 0; unsaid = 0; k = 0 };
	/* The kernel: that the link is closed and that it is dead come in either order; the link may be held open by what it had forked. */
	if
	:: closed_link[me] = true; process[me] = ZOMBIE
	:: process[me] = ZOMBIE;
		if
		:: !closed_link[me] && process[me] != ALIVE -> closed_link[me] = true
		:: closed_link[me] || process[me] == ALIVE
		fi
	fi;
	goto born
}

/* A fault of its own, or somebody's SIGKILL, at any moment. */
proctype Nemesis() {
	mtype frame;
	byte number, n;
end:	do
	:: atomic { faults > 0 && process[HERE] == ALIVE -> faults--;
		if
		:: dies(HERE, SIGNALLED)
		:: process[HERE] = HUNG
		fi }
#if BREAKS > 0
	/* The connection breaks, and both live: what is on the way is lost, or the last of it. nng dials again. */
	:: atomic { breaks > 0 && process[HERE] == ALIVE && connected[HERE] -> breaks--;
		do
		:: unsent[HERE] < len(up[HERE]) -> unsent[HERE]++
		:: break
		od;
		d_step {
			/* Those are lost; the others are in the supervisor's kernel. */
			n = len(up[HERE]);
			do
			:: n > unsent[HERE] -> up[HERE]?frame,number; up[HERE]!frame,number; n--
			:: n > 0 && n <= unsent[HERE] -> up[HERE]?frame,number; n--
			:: n == 0 -> break
			od;
			unsent[HERE] = 0;
			do
			:: nempty(down[HERE]) -> down[HERE]?_,_,_
			:: empty(down[HERE]) -> break
			od;
			connected[HERE] = false; frame = 0; number = 0
		} }
#endif
	od
}

/* ==================== the router ==================== */

/* slot_send(), wire_send(): never blocks; with nobody there it is dropped. */
inline send(what, about, which) {
	if
	:: linked && !dead && !violation && connected[HERE] && LIVES(HERE) -> assert(nfull(down[HERE])); down[HERE]!what,about,which
	:: else
	fi
}

/* mailbox.c: pump() */
inline pump() {
	do
	:: is_up && delivered < WINDOW && delivered < queued ->
		sequence++;
		delivered++;
		if
		:: IS_ASK(queue[delivered - 1]) -> duty[queue[delivered - 1]] = sequence
		:: else
		fi;
		send(MESSAGE, sequence, queue[delivered - 1])
	:: else -> break
	od
}

/* letters_unhook() */
inline take_out(at) {
	load[SENDER(queue[at])]--;
	j = at;
	do
	:: j + 1 < queued -> queue[j] = queue[j + 1]; j++
	:: else -> break
	od;
	queued--;
	queue[queued] = 0;
	j = 0
}

/* asks_answer(), asks_tell(): its asker is told once. */
inline tell_asker(which, what) {
	assert(IS_ASK(which) && accepted[which] && told[which] == NONE);
	told[which] = what
}

/* mailbox_done() but for the pump: what is settled as handled has been. */
inline finish_done(upto) {
	do
	:: delivered > 0 && POSITION(0) <= upto ->
		assert(returned[queue[0]]);
		delivered--;
		take_out(0)
	:: else -> break
	od
}

/* router_reply(): EBADMSG, which is a violation, unless it is an ask that is owed an answer. */
inline reply(about) {
	k = 0;
	bad = true;
	do
	:: k < MESSAGES && duty[k] == about ->
		/* An answer that is heard is of a handler that has returned: the state and the answer are true together. */
		assert(returned[k]);
		duty[k] = 0;
		bad = false;
		if
		:: told[k] == NONE -> tell_asker(k, T_REPLY)
		:: else	/* it has heard that the actor is stopped */
		fi;
		break
	:: k < MESSAGES && duty[k] != about -> k++
	:: k == MESSAGES -> break
	od;
	k = 0
}

/* What waits is refused: a tell is a dead letter, an asker is told, if it was not. */
inline refuse_waiting() {
	do
	:: queued > delivered ->
		m = queue[queued - 1];
		assert(!gone[m] && !returned[m]);
		gone[m] = true;
		if
		:: IS_ASK(m) && told[m] == NONE -> tell_asker(m, T_STOPPED)
		:: else
		fi;
		take_out(queued - 1)
	:: else -> break
	od;
	m = 0
}

/* ends_close(): nobody waits any more. What the process has been handed it may still answer: to nobody, see tell_handed(). */
inline router_stopped() {
	if
	:: !is_closed ->
		is_closed = true;
		k = 0;
		do
		:: k < MESSAGES && duty[k] != 0 && told[k] == NONE -> tell_asker(k, T_STOPPED); k++
		:: k < MESSAGES && !(duty[k] != 0 && told[k] == NONE) -> k++
		:: k == MESSAGES -> break
		od;
		k = 0;
		refuse_waiting()
	:: else
	fi
}

/* ends.c: take_hand(), judge(), settle_hand() of the message at that place */
inline settle_hand(at) {
	m = queue[at];
	assert(began[m] && !returned[m] && !gone[m] && at == 0);
	duty[m] = 0;
	if
	:: REDELIVER && !is_closed && !suspect[m] ->
		suspect[m] = true;	/* FATE_AGAIN: the first to be delivered again */
		began[m] = false
	:: else ->
		gone[m] = true;	/* FATE_LOST, FATE_QUARANTINED */
		take_out(at);
		delivered--;
		if
		:: IS_ASK(m) && told[m] == NONE -> tell_asker(m, T_CRASHED)
		:: else
		fi
	fi;
	m = 0
}

/* ends_down(): `upto` and `hand` come from the black box and are clamped. */
inline router_down(upto, hand) {
	is_up = false;
	finish_done(upto);
	k = 0;
	do
	:: k < delivered && POSITION(k) == hand ->
#ifdef BUG_HAND_REDELIVERED
		skip;
#else
		settle_hand(k);
#endif
		break
	:: k < delivered && POSITION(k) != hand -> k++
	:: k >= delivered -> break
	od;
	/* put_back(): in front of what waits, in order; an ask that nobody waits for any more is not */
	k = 0;
	do
	:: k < delivered && IS_ASK(queue[k]) && told[queue[k]] != NONE ->
		duty[queue[k]] = 0; gone[queue[k]] = true; take_out(k); delivered--
	:: k < delivered && !(IS_ASK(queue[k]) && told[queue[k]] != NONE) ->
#ifndef BUG_HAND_REDELIVERED
		assert(!began[queue[k]]);
#endif
		duty[queue[k]] = 0; k++
	:: k >= delivered -> break
	od;
	delivered = 0;
#ifdef BUG_PUT_BACK_LAST
	if
	:: queued > 1 -> m = queue[0]; take_out(0); queue[queued] = m; queued++; load[SENDER(m)]++; m = 0
	:: else
	fi;
#endif
	/* fail_deferred(): ECRASHED for asks whose handlers had returned. In here all of them have answered, and no answer that was noted is lost. */
	k = 0;
	do
	:: k < MESSAGES && duty[k] != 0 -> assert(told[k] != NONE); duty[k] = 0; k++
	:: k < MESSAGES && duty[k] == 0 -> k++
	:: k == MESSAGES -> break
	od;
	k = 0;
	if
	:: is_closed -> refuse_waiting()
	:: else
	fi
}

#define HAS_ROOM(i) (is_closed || load[i] < MAILBOX) /* one without room waits, parked */

/* sending.c: sending_send(); mailbox_take_over() */
inline router_send(i) {
	m = (i) * EACH + sent[i];
	sent[i]++;
	if
	:: is_closed	/* ESTOPPED, at once */
	:: !is_closed ->
		accepted[m] = true;
		load[i]++;
		queue[queued] = m;
		queued++;
		pump()
	fi;
	m = 0
}

/* ==================== the shell ==================== */

/* slot_clear(), wire_close(): what the dead process had sent and nobody has read goes with its link. */
inline slot_clear() {
	if
	:: linked ->
		linked = false;
#ifndef BUG_STALE
		forget_link(HERE);
#endif
		has_handler[HERE] = false; got_term[HERE] = false; connected[HERE] = false; redialled[HERE] = false;
		closed_link[HERE] = true
	:: else
	fi;
	greeted = false; ready = false; refused = false; said_bye = false; violation = false; asked_to_stop = false;
	killed_by_us = false; dead = false; judged = false; drain = false; end_kind = NONE; panicked = false;
	leaving = false; status = NONE; box_done = 0; box_hand = 0;
	k = 0;
	do
	:: k < MESSAGES -> noted[k] = 0; k++
	:: else -> break
	od;
	k = 0
}

inline forget_link(i) {
	do
	:: nempty(up[i]) -> up[i]?_,_
	:: empty(up[i]) -> break
	od;
	do
	:: nempty(down[i]) -> down[i]?_,_,_
	:: empty(down[i]) -> break
	od;
	unsent[i] = 0
}

/* death.c: end() */
inline slot_ended() {
	how = end_kind;
	slot_clear();
	events!E_ENDED,incarnation,how;
	how = NONE
}

/* death.c: judge(): judge_exit(), judge_signal(), judge_start() */
inline judge() {
	if
	:: status == SIGNALLED && killed_by_us -> end_kind = KILLED
	:: status == SIGNALLED && !killed_by_us && asked_to_stop && !greeted -> end_kind = SHUTDOWN	/* SIGTERM */
	:: status == SIGNALLED && !killed_by_us && !(asked_to_stop && !greeted) -> end_kind = ABNORMAL; panicked = true
	:: status == EXIT_FAILED && asked_to_stop && !ready -> end_kind = SHUTDOWN
	:: status == EXIT_FAILED && !(asked_to_stop && !ready) -> end_kind = ABNORMAL; panicked = true
	:: status == EXIT_OK -> end_kind = (asked_to_stop -> SHUTDOWN : NORMAL)
	fi;
	if
	:: violation -> panicked = true; end_kind = ABNORMAL
	:: else
	fi;
	if
	:: !ready && !asked_to_stop -> end_kind = START_FAILED; panicked = true
	:: else
	fi
}

/* death.c: death_drained() of one that is dead */
inline settle_death() {
	judged = true;
	drain = false;
	/* Every death is handled, once. */
	assert(deaths == 0);
	deaths++;
#ifndef BUG_JUDGE_EARLY
	if
	:: linked -> judge()
	:: else
	fi;
#endif
	/* What has said that it is ready did not fail to start. */
	assert(!(ready && end_kind == START_FAILED));
	/* believable_done() */
	done = (linked -> box_done : whole);
	done = (done < whole -> whole : (done > sequence -> sequence : done));
#ifndef BUG_NO_SALVAGE
	/* salvage_outbox(); one that was heard is answered, and is owed nothing */
	i = 0;
	do
	:: i < MESSAGES && noted[i] != 0 && noted[i] <= done -> reply(noted[i]); i++
	:: i < MESSAGES && !(noted[i] != 0 && noted[i] <= done) -> i++
	:: i == MESSAGES -> break
	od;
	i = 0; bad = false;
#endif
	if
	:: !panicked && node == STOPPING && !start_mark -> router_stopped()	/* tree_stops() */
	:: else
	fi;
	router_down(done, box_hand);
	if
	:: ready -> whole = done
	:: else
	fi;
	done = 0;
	/* policy_ask() */
	if
	:: panicked -> policy = true
	:: else -> slot_ended()
	fi
}

/* slot_start(), spawn_start() */
inline slot_start() {
	slot_clear();
	/* Never two: what was here before is dead, and reaped. */
	assert((process[0] == UNBORN || process[0] == REAPED) && (process[1] == UNBORN || process[1] == REAPED));
	assert(incarnation == 1 || deaths == 1);
	deaths = 0;
	forget_link(HERE);
	if
	:: faults > 0 -> faults--;	/* no memory, no fd, no process, no such file: death_unborn() */
		dead = true; end_kind = START_FAILED; panicked = true;
		settle_death()
	:: true ->
		box_done = sequence;	/* make_box(): goes on from there */
		linked = true;
		closed_link[HERE] = false;
		process[HERE] = ALIVE
	fi
}

/* slot_stop() */
inline slot_stop() {
	asked_to_stop = true;
	if
	:: greeted -> send(STOP, 0, 0)
	:: !greeted && linked && !dead -> terminate_process(HERE)
	:: else
	fi
}

/* hearing_violated() */
inline violated() {
	if
	:: !violation ->
		violation = true;
		if
		:: !dead -> kill_process(HERE)
		:: else
		fi
	:: else
	fi
}

/* hearing.c: hear(), before the frame itself: the black box as it is now, which may be ahead of what was heard */
inline look_into_box() {
	if
	:: is_up ->
		done = (box_done > sequence -> sequence : box_done);
		finish_done(done);
		done = 0;
		pump()
	:: else
	fi
}

inline hear(from) {
	up[from]?frame,number;
	/* Nothing of an incarnation that is over is ever heard. */
	assert(from == HERE && deaths == 0);
	assert(greeted || frame == HELLO);
	if
	:: frame != REPLY -> look_into_box()
	:: else
	fi;
	if
	:: frame == HELLO ->	/* on_hello() */
		if
		:: !greeted ->
			greeted = true;
			send(WELCOME, 0, 0);
			if
			:: asked_to_stop -> slot_stop()
			:: else
			fi
#ifdef BUG_RECONNECT
		:: greeted ->	/* said again over a new connection */
			if
			:: !ready -> send(WELCOME, 0, 0)
			:: else
			fi
#else
		:: greeted	/* what nng had kept for a connection goes over the next, and that one is greeted as well */
#endif
		fi
	:: frame == READY ->	/* on_ready() */
		assert(!ready && !refused);
		if
		:: !asked_to_stop -> is_up = true; pump()	/* begin_delivery(), router_up() */
		:: else
		fi;
		ready = true;
		events!E_READY,incarnation,NONE
	:: frame == REFUSED -> refused = true
	:: frame == REPLY ->	/* on_reply() */
		reply(number);
		assert(!bad);
		look_into_box()
	:: frame == DONE -> skip
	:: frame == BYE ->	/* on_bye() */
		assert(!said_bye);
		said_bye = true;
		send(FAREWELL, 0, 0);
#ifndef BUG_BYE_LIVES_ON
		drain = !asked_to_stop && !FOREVER	/* expect_end() */
#endif
	fi;
	bad = false; frame = 0; number = 0
}

/* ==================== the core ==================== */

/* child.c: child_leave(), to STOPPED; runtime.c: decide(), actor_gone() */
inline leave() {
	start_mark = false;
	node = STOPPED;
	timer = NONE;
	cause = FOR_RESTART;
	router_stopped()
}

/* child_wait() */
inline wait() {
	is_closed = (node == STOPPED -> false : is_closed);	/* router_expected() */
	node = WAITING;
	timer = T_BACKOFF
}

/* launch() */
inline launch() {
	killed = false;
	incarnation++;
	node = STARTING;
	timer = T_START;
	slot_start()
}

/* rest() */
inline rest() {
	if
	:: start_mark -> wait()
	:: else -> leave()
	fi
}

/* strategy.c: restart(), of a permanent child whose supervisor has restarts left */
inline begin_again() {
	cause = FOR_RESTART;
	start_mark = true;
	wait()
}

/* kill_now(), slot_kill() */
inline kill_now() {
	if
	:: !killed ->
		killed = true;
		killed_by_us = true;
		if
		:: linked && !dead -> kill_process(HERE)
		:: else
		fi
	:: else
	fi
}

/* halt(), climb_ladder(), keep_start_limit(): one that is not ready keeps the limit of its start */
inline halt() {
#ifdef BUG_START_LIMIT_LOST
	timer = (FOREVER -> NONE : T_SHUTDOWN);
#else
	timer = (FOREVER -> (node == STARTING -> timer : NONE) : T_SHUTDOWN);
#endif
	node = STOPPING;
	if
	:: !killed -> slot_stop()
	:: else
	fi
}

/* CHILD_STOP, by the node's state */
inline child_stop() {
	if
	:: node == STOPPED || node == WAITING -> rest()
	:: node == STARTING || node == RUNNING -> halt()
	:: node == STOPPING	/* insist(): it was asked */
	fi
}

/* tree.c: handle(): one event */
inline tree_event() {
	events?kind,number,how;
	if
	:: kind == E_READY && node == STARTING && !killed ->	/* come_up() */
		assert(number == incarnation);
		node = RUNNING; timer = NONE; cause = FOR_RESTART; start_mark = false
	:: kind == E_READY && !(node == STARTING && !killed) ->	/* nothing(); extend() */
		timer = (FOREVER && node == STOPPING -> NONE : timer)
	:: kind == E_ENDED ->
		assert(number == incarnation && deaths == 1);
		if
		:: node == STARTING ->	/* fall(), strategy_start_failed() */
			if
			:: cause != FOR_RESTART -> start_failed = true; leave()
			:: else -> begin_again()
			fi
		:: node == RUNNING -> begin_again()	/* die(), strategy_died() */
		:: node == STOPPING -> rest()	/* come_down() */
		fi
	:: kind == C_STOP || kind == C_KILL ->	/* command.c: terminate() */
		cause = FOR_RESTART;
#ifdef BUG_STOP_FORGETS
		if
		:: node == WAITING	/* "nothing runs" */
		:: else -> start_mark = false; child_stop()
		fi;
#else
		start_mark = false;
		child_stop();
#endif
		if
		:: kind == C_KILL && node != STOPPED -> kill_now()	/* strike() */
		:: else
		fi
	:: kind == C_RESTART ->	/* restart() */
		cause = FOR_COMMAND;
		start_mark = true;
		start_failed = false;
		if
		:: node == STOPPED -> wait()
		:: else -> child_stop()
		fi
	fi;
	kind = 0; number = 0; how = NONE
}

#define COMMANDED (events??[C_STOP,0,NONE] || events??[C_KILL,0,NONE] || events??[C_RESTART,0,NONE])

#ifdef BUG_RECONNECT
#define MAY_REDIAL true
#else
#define MAY_REDIAL !greeted /* on_hello(): wire_expect() nobody any more */
#endif

/* ==================== the supervisor: one event at a time of its loop, in any order ==================== */

proctype Supervisor() {
	mtype kind, frame, how = NONE;
	byte number, done, i, j, k, m;
	bool bad;

	atomic { start_mark = true; wait() };
end:	do
	/* tree_run() */
	:: atomic { nempty(events) -> tree_event() }
	:: atomic { timer == T_BACKOFF && empty(events) -> launch() }
	/* start_timeout, or the last step of the kill ladder: strike() */
	:: atomic { (timer == T_START || timer == T_SHUTDOWN) && empty(events) && timeout -> timer = NONE; kill_now() }
	:: atomic { (timer == T_START || timer == T_SHUTDOWN) && empty(events) && faults > 0 -> faults--; timer = NONE; kill_now() }
	/* hearing_ready() */
	:: atomic { linked && !judged && !violation && READABLE(HERE) -> hear(HERE) }
#ifdef BUG_STALE
	:: atomic { linked && !judged && nempty(up[1 - HERE]) -> hear(1 - HERE) }
#endif
	/* its link has ended, and so has it */
	:: atomic { linked && !judged && dead && closed_link[HERE] && !READABLE(HERE) -> settle_death() }
	/* its link has ended: it will be dead in a moment, HUNG_UP_GRACE_NS */
	:: atomic { linked && !dead && greeted && !said_bye && !drain && !violation && !READABLE(HERE) && (closed_link[HERE] || !connected[HERE]) ->
#ifdef BUG_RESTART_WITHOUT_REAP
			dead = true; status = SIGNALLED; settle_death()
#else
			drain = true
#endif
		}
	/* the alarm, of one that is dead: what was not read by then is lost */
	:: atomic { linked && drain && dead -> settle_death() }
#ifdef BUG_DOUBLE_DEATH
	:: atomic { judged && dead && closed_link[HERE] && policy -> settle_death() }
#endif
	/* the alarm, of one that is not: it has let go of its link, or said bye, and lives on */
	:: atomic { linked && drain && !dead && timeout ->
			drain = false;
			if
			:: said_bye || closed_link[HERE] || !connected[HERE] -> violated()
			:: else
			fi }
	/* deadline.c: a handler that does not return, or a process that was stopped and has something to do */
	:: atomic { linked && !dead && process[HERE] == HUNG && (box_hand > box_done || delivered > 0) && timeout -> kill_process(HERE) }
	/* death_noticed() */
	:: atomic { linked && !dead && process[HERE] == ZOMBIE ->
			process[HERE] = REAPED;
			dead = true;
#ifdef BUG_JUDGE_EARLY
			judge();
#endif
			if
			:: said_bye || violation || !greeted -> settle_death()
			:: else -> drain = true
			fi }
	/* death_judged(): the policy's word */
	:: atomic { policy -> policy = false; slot_ended() }
#if BREAKS > 0
	/* wire.c: let_in(): another connection of the same process, once all of the first is read */
	:: atomic { linked && process[HERE] == ALIVE && has_handler[HERE] && !connected[HERE] && !READABLE(HERE) && MAY_REDIAL ->
			connected[HERE] = true; redialled[HERE] = true; unsent[HERE] = 0 }
#endif
	/* senders, and what they send */
	:: atomic { sent[0] < EACH && HAS_ROOM(0) -> router_send(0) }
#if SENDERS > 1
	:: atomic { sent[1] < EACH && HAS_ROOM(1) -> router_send(1) }
#endif
#if COMMANDS > 0
	/* tree_terminate(), tree_kill(), tree_restart() */
	:: atomic { commands > 0 && !COMMANDED -> commands--;
			if
			:: wants_down = true; events!C_STOP,0,NONE
			:: wants_down = true; events!C_KILL,0,NONE
			:: wants_down = false; events!C_RESTART,0,NONE
			fi }
#endif
	od
}

/* ==================== what must hold ==================== */

#define PENDING (timer != NONE || drain || (leaving && process[HERE] == ALIVE) || (linked && !dead && process[HERE] == HUNG && (box_hand > box_done || delivered > 0)))
#define COME_DOWN (node == STOPPED && (process[0] == UNBORN || process[0] == REAPED) && (process[1] == UNBORN || process[1] == REAPED))
#define COME_UP (node == RUNNING && linked && is_up && !said_bye && (process[HERE] == ALIVE || process[HERE] == HUNG))

/* Nothing is left that could happen, not even a limit that could pass: the last state of a run. */
proctype Verdict() {
	byte k;

	/* Of one that may hang for ever nothing is promised; it has been ready. */
end:	timeout && !PENDING && !(FOREVER && ready && process[HERE] == HUNG) ->
	d_step {
		/* A stop has ended; and without one the slot is running again after all the faults. */
		assert((COME_DOWN && (wants_down || start_failed)) || (COME_UP && !wants_down));
		assert(!COME_DOWN || deaths == 1 || incarnation == 0);
		/* Every message that was taken over is settled, in one way; every asker has heard. */
		assert(queued == 0);
		do
		:: k < MESSAGES ->
			assert(accepted[k] == (returned[k] != gone[k]));
			assert(!(returned[k] && gone[k]));
			/* One that hangs between `done` and its reply: the asker's own limit passes. */
			assert((told[k] != NONE) == (accepted[k] && IS_ASK(k)) || (returned[k] && process[HERE] == HUNG));
			k++
		:: else -> break
		od;
		do
		:: k > MESSAGES - SENDERS -> k--; assert(sent[k - (MESSAGES - SENDERS)] == EACH)
		:: else -> break
		od
	}
}

init {
	atomic { run Supervisor(); run Actor(0); run Actor(1); run Nemesis(); run Verdict() }
}

/* A stop ends, whenever it comes; and every run comes to rest in a good state, with the mailbox empty. With weak fairness: whoever could go on for ever does at some time. */
ltl stop_ends { [] ((wants_down && len(events) == 0) -> <> (node == STOPPED || !wants_down)) }
ltl comes_to_rest { <> [] ((COME_DOWN || COME_UP) && queued == 0) }
