/*
 * lane.pml: a lane's head and the wake-up word of its receiver, on a machine that lets a store wait while later loads are done (x86's, and what C11 allows without more); for spin. See actor/lane.c,
 * actor/channel.c, supervisor/shell/bell.c.
 *
 * What must hold: whatever was sent is taken, with nobody asleep for ever beside it. Each side has a buffer of one store, which reaches the memory at any later moment; a fence waits for that.
 */
#ifndef MESSAGES
#define MESSAGES 3
#endif

byte head, asleep;    /* the memory */
byte bell;	      /* the receiver's eventfd: 0 or not */
byte sent, taken;
bool head_waits, asleep_waits; /* in the buffers */
byte head_waiting, asleep_waiting;

proctype memory() {
end:	do
	:: atomic { head_waits -> head = head_waiting; head_waits = false }
	:: atomic { asleep_waits -> asleep = asleep_waiting; asleep_waits = false }
	od
}

/* A store waits for the one before it. */
inline store_head(value) {
	atomic { !head_waits -> head_waiting = value; head_waits = true }
}

inline store_asleep(value) {
	atomic { !asleep_waits -> asleep_waiting = value; asleep_waits = true }
}

/* tri_lane_publish(), and ringing */
proctype sender() {
	do
	:: sent == MESSAGES -> break
	:: else ->
#ifdef BUG_RING_FIRST
		if
		:: asleep != 0 -> asleep = 0; bell = 1
		:: asleep == 0
		fi;
		sent++;
		store_head(sent);
		!head_waits
#else
		sent++;
		store_head(sent);
#ifndef BUG_SENDER_WITHOUT_FENCE
		!head_waits;
#endif
		if
		:: asleep != 0 ->
			/* The exchange. */
			if
			:: atomic { asleep != 0 -> asleep = 0 }; bell = 1
			:: atomic { asleep == 0 -> skip }
			fi
		:: asleep == 0
		fi
#endif
	od
}

/* Its own buffered store is the newest that a side sees, but it never reads its own word but to change it. */
proctype receiver() {
	byte seen;

	do
	:: taken == MESSAGES -> break
	:: else ->
		seen = head;
		if
		:: seen > taken -> taken++
		:: else ->
			/* tri_lane_sleep() */
			store_asleep(1);
#ifndef BUG_RECEIVER_WITHOUT_FENCE
			!asleep_waits;
#endif
#ifndef BUG_SLEEP_UNSEEN
			seen = head;
#endif
			if
			:: seen > taken -> store_asleep(0)
			:: else ->
				bell != 0; /* asleep */
				bell = 0;
				store_asleep(0)
			fi
		fi
	od
}

init {
	atomic {
		run memory();
		run sender();
		run receiver()
	};
	timeout -> assert(taken == MESSAGES)
}
