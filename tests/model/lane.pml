/*
 * lane.pml: a lane's head, the wake-up word of its receiver, and the third who may close it, on a machine that lets a store wait while later loads are done (x86's, and what C11 allows without more); for spin. See
 * actor/lane.c, actor/channel.c, supervisor/shell/bell.c, supervisor/shell/bypasses.c.
 *
 * What must hold: whatever was sent is taken, with nobody asleep for ever beside it; and where the lane is closed meanwhile, what the sender takes for sent is what whoever closed it finds there, no more and no
 * less. Each side has a buffer of one store, which reaches the memory at any later moment; a fence waits for that, and so does a compare-and-exchange, which is done in the memory.
 */
#ifndef MESSAGES
#define MESSAGES 3
#endif

byte head, sleeps;    /* the memory; sleeps: odd while the receiver sleeps, or is about to */
bool closed;	      /* the lowest bit of head */
byte bell;	      /* the receiver's eventfd: 0 or not */
byte sent, taken, found;
bool refused;
bool head_waits, sleeps_waits; /* in the buffers */
byte head_waiting, sleeps_waiting;

proctype memory() {
end:	do
	:: atomic { head_waits -> head = head_waiting; head_waits = false }
	:: atomic { sleeps_waits -> sleeps = sleeps_waiting; sleeps_waits = false }
	od
}

/* A store waits for the one before it. */
inline store_head(value) {
	atomic { !head_waits -> head_waiting = value; head_waits = true }
}

inline store_sleeps(value) {
	atomic { !sleeps_waits -> sleeps_waiting = value; sleeps_waits = true }
}

inline ring() {
	slept = sleeps;
	if
	:: slept % 2 == 1 && slept != rung -> rung = slept; bell = 1
	:: else
	fi
}

/* tri_lane_publish(), and ringing */
proctype sender() {
	byte slept, rung;

	do
	:: sent == MESSAGES || refused -> break
	:: else ->
#ifdef BUG_RING_FIRST
		ring();
#endif
#if defined(BUG_SENDER_WITHOUT_FENCE)
		sent++;
		store_head(sent);
#elif defined(BUG_CLOSED_UNSEEN)
		if
		:: closed -> refused = true
		:: !closed -> sent++; atomic { !head_waits -> head = sent }
		fi;
#else
		/* The exchange. */
		atomic {
			!head_waits;
			if
			:: closed -> refused = true
			:: !closed -> sent++; head = sent
			fi
		};
#endif
#ifndef BUG_RING_FIRST
		if
		:: refused
		:: !refused -> ring()
		fi
#endif
	od
}

/* Its own buffered store is the newest that a side sees; it never reads its own word. */
proctype receiver() {
	byte seen, mine;

	do
	:: taken == MESSAGES -> break
	:: else ->
		seen = head;
		if
		:: seen > taken -> taken++
		:: else ->
			/* tri_lane_sleep() */
			mine++;
			store_sleeps(mine);
#ifndef BUG_RECEIVER_WITHOUT_FENCE
			!sleeps_waits;
#endif
#ifndef BUG_SLEEP_UNSEEN
			seen = head;
#endif
			if
			:: seen > taken
			:: else ->
				bell != 0; /* asleep */
				bell = 0
			fi;
			mine++;
			store_sleeps(mine)
		fi
	od
}

/* tri_lane_close(), when the receiver is dead, and what is looked at then. */
proctype closer() {
	atomic { closed = true; found = head }
}

init {
#ifdef CLOSES
	atomic {
		run memory();
		run sender();
		run closer()
	};
	timeout -> assert(closed && found == sent && (refused || sent == MESSAGES))
#else
	atomic {
		run memory();
		run sender();
		run receiver()
	};
	timeout -> assert(taken == MESSAGES)
#endif
}
