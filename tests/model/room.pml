/*
 * room.pml: how the sender by a bypass waits for room there: the word by which it says so, how much it waits for, and the receiver's count of what it has handled; on a machine that lets a store wait while later loads are done
 * (as lane.pml); for spin. See rest(), tri_ways_sleep() and count_handled() in actor/bypassreceiving.c. Others may send to the same receiver, which then may take its time until it rings.
 *
 * What must hold: a sender that waits for room is woken once there is as much as it waits for, so all is sent and handled, with nobody asleep for ever. A wait may be over before that, too (its moment is over, another bell
 * rings), and the next one is for something else; then what was rung for the one before is no harm.
 */
#ifndef MESSAGES
#define MESSAGES 4
#endif
#ifndef MAILBOX
#define MAILBOX 2
#endif
#ifndef MOMENTS
#define MOMENTS 1 /* waits that end without a bell */
#endif

byte handled, waits_for_room, room_at, room_late_at; /* the memory; waits_for_room: odd while the sender sleeps, or is about to */
byte bell;					     /* the sender's: 0 or not */
byte sent;					     /* what the lane is for, lane.pml has */
bool handled_waits, word_waits, at_waits, late_waits; /* in the buffers: of the receiver, and of the sender, whose word comes out behind what it is about */
byte handled_waiting, word_waiting, at_waiting, late_waiting;

proctype memory() {
end:	do
	:: atomic { handled_waits -> handled = handled_waiting; handled_waits = false }
	:: atomic { at_waits -> room_at = at_waiting; at_waits = false }
	:: atomic { late_waits -> room_late_at = late_waiting; late_waits = false }
	:: atomic { word_waits && !at_waits && !late_waits -> waits_for_room = word_waiting; word_waits = false }
	od
}

inline store_handled(value) {
	atomic { !handled_waits -> handled_waiting = value; handled_waits = true }
}

/* A store waits for those before it; but these two may come out in any order. */
inline store_at(value) {
	atomic { !word_waits && !at_waits -> at_waiting = value; at_waits = true }
}

inline store_late(value) {
	atomic { !word_waits && !late_waits -> late_waiting = value; late_waits = true }
}

inline store_word(value) {
	atomic { !word_waits -> word_waiting = value; word_waits = true }
}

/* tri_ways_sleep(), and what wakes it */
inline rest() {
#ifdef BUG_LOOK_FIRST
	seen = handled;
#endif
	store_at(wanted);
	store_late(wanted_late);
	mine++;
	store_word(mine);
#ifndef BUG_SENDER_WITHOUT_FENCE
	!word_waits && !at_waits && !late_waits;
#endif
#ifndef BUG_LOOK_FIRST
	seen = handled;
#endif
	if
	:: seen >= wanted
	:: else ->
		if
		:: atomic { bell != 0 -> bell = 0 }
		:: moments > 0 -> moments-- /* it is over; or something else is heard */
		fi
	fi;
	mine++;
	store_word(mine)
}

/* await_room(), for half of what is waiting first, or all of it, and then for one */
proctype sender() {
	byte seen, mine, wanted, wanted_late;
	byte moments = MOMENTS;
	bool at_first = true;

	do
	:: sent == MESSAGES -> break
	:: else ->
		seen = handled;
		if
		:: sent - seen < MAILBOX -> atomic { sent++; at_first = true }
		:: else ->
			wanted = seen + (at_first -> (sent - seen + 1) / 2 : 1);
#ifdef BUG_LATER_THAN_SENT
			wanted_late = (at_first -> sent + 1 : wanted);
#else
			wanted_late = (at_first -> sent : wanted);
#endif
			at_first = false;
			rest()
		fi
	od
}

/* count_handled() */
proctype receiver() {
	byte waits, rung, count;

	do
	:: count == MESSAGES -> break
	:: count < sent ->
		count++;
#ifdef BUG_LOOK_BEFORE
		waits = waits_for_room;
#endif
		store_handled(count);
#ifndef BUG_RECEIVER_WITHOUT_FENCE
		!handled_waits;
#endif
#ifndef BUG_LOOK_BEFORE
		waits = waits_for_room;
#endif
		if
		:: waits % 2 == 0 || waits == rung
		:: else ->
			if
			:: count < room_at
			:: count < room_late_at /* and others have sent plenty */
			:: count >= room_at ->
				rung = waits;
				bell = 1
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
	timeout -> assert(sent == MESSAGES && handled == MESSAGES)
}
