/*
 * commit.pml: durable state in its two copies, what a handler said in the outbox, and the black box's `done`, under kills between any two stores; for spin. See actor/state.c, actor/outbox.c,
 * actor/blackbox.c, actor/sending.c, actor/life.c, supervisor/shell/death.c.
 *
 * What must hold: a successor that goes on has exactly the state that was whole at the death: of the last message whose handler had returned, or of the last step; never a half-written one, one
 * of another layout, an older one or the one of a message that was in hand. And of each message whose handler had returned what it said is heard, once, and of no other one. One statement is one store; the kernel kills between two instructions, so what was stored before is there.
 */
#ifndef LIVES
#define LIVES 4 /* processes, one after the other */
#endif
#ifndef MESSAGES
#define MESSAGES 4 /* deliveries in all */
#endif
#ifndef STEPS
#define STEPS 1 /* changes outside any message: own_step() */
#endif

#define NOT_WHOLE 255
#define TORN 254
#define WINDOW 2

/* struct tri_state_file */
byte layout; /* size_bytes; 0: none was ever kept */
byte tag[2], generation[2], bytes[2];
byte written[2]; /* the layout that the bytes are in; not in the file */

/* struct tri_blackbox */
byte box_done;
byte said;	/* the outbox's record: the message that it is of; 0: none */

/* the link: frames that were sent, of `said` */
bool heard;
byte heard_total, returned_total;

/* the supervisor */
byte whole, sequence, lives;
bool ready, panicked, alive, killed;

/* what really is whole, and whether there is such a thing */
byte truth;
bool there_is;
byte steps = STEPS;
byte mine = 1; /* the layout of the present binary */

/* tri_state_forget(): the size last, or a death in the middle would leave copies of the old layout that look like the new one's. */
inline forget() {
	there_is = false;
#ifdef BUG_SIZE_FIRST
	layout = mine;
#endif
	tag[0] = NOT_WHOLE;
	generation[0] = 0;
	tag[1] = NOT_WHOLE;
	generation[1] = 0;
#ifndef BUG_SIZE_FIRST
	layout = mine
#endif
}

/* tri_state_save(); where the tag is at most `done` already it is what makes it whole. */
inline save(number) {
	older = (generation[0] > generation[1] -> 1 : 0);
#ifdef BUG_TAG_FIRST
	tag[older] = number;
#else
	tag[older] = NOT_WHOLE;
#endif
	atomic { bytes[older] = TORN; written[older] = mine };
	bytes[older] = work;
	generation[older] = generation[1 - older] + 1;
	atomic {
		tag[older] = number;
		if
		:: number <= box_done -> truth = work; there_is = (there_is || ready || number <= whole)
		:: else
		fi
	}
}

/* tri_state_load(), whole_copy() */
inline load() {
	d_step {
		found = 2;
		if
		:: tag[0] <= whole && generation[0] != 0 && !(tag[1] <= whole && generation[1] > generation[0]) -> found = 0
		:: tag[1] <= whole && generation[1] != 0 && !(tag[0] <= whole && generation[0] >= generation[1]) -> found = 1
		:: else
		fi
	};
	if
	:: found < 2 ->
		work = bytes[found];
		assert(written[found] == mine && work == truth);
#ifndef BUG_KEEP_OTHER
		tag[1 - found] = NOT_WHOLE;
		generation[1 - found] = 0
#endif
	:: else -> assert(!there_is || layout_changed)
	fi
}

proctype Actor() {
	byte work, older, found, number;
	bool layout_changed;

born:	alive;
	{
		/* tri_state_keep() */
		if
		:: layout != mine -> layout_changed = true; forget()
		:: else
		fi;
		/* continues() */
		if
		:: !panicked -> forget(); work = 0
		:: panicked ->
			load();
			if
			:: found < 2	/* on_panic: TRACTOR_FLOW_CONTINUE */
			:: forget(); work = 0	/* TRACTOR_FLOW_STOP */
			fi
		fi;
		save(box_done);
		/* READY is heard */
		atomic { ready = true; panicked = false; there_is = true };
		number = box_done;
		do
		:: number < sequence && (said == 0 || heard) ->	/* one after the other: actor->unaccepted */
			number++;
			said = 0;	/* begin_anew() */
			heard = false;
			work = work + 1;	/* the handler */
#ifdef BUG_DONE_FIRST
			atomic { box_done = number; truth = work };
			save(number)
#else
			save(number);
#ifndef BUG_PUBLISH_LATE
			said = number;	/* tri_outbox_publish() */
#endif
			atomic { box_done = number; truth = work; there_is = true; returned_total++ };	/* tri_blackbox_done() */
#ifdef BUG_PUBLISH_LATE
			said = number;
#endif
			/* send_held(): what is in nng when it dies was not sent */
			atomic { heard = true; heard_total++ }
#endif
		:: steps > 0 -> steps--; work = work + 10; save(box_done)	/* own_step() */
		od
	} unless { killed };
	d_step { work = 0; older = 0; found = 0; number = 0; layout_changed = false };
	atomic { alive = false; killed = false };
	goto born
}

proctype Supervisor() {
	lives = 1; alive = true;
end:	do
	/* pump() */
	:: alive && !killed && ready && sequence < box_done + WINDOW && sequence < MESSAGES -> sequence++
	/* a death at any moment, and death_drained(): whole, remember() */
	:: atomic { alive && !killed && lives < LIVES -> killed = true; !alive;
#ifdef BUG_WHOLE_UNREADY
			whole = box_done;
#endif
			if
			:: ready -> whole = box_done; panicked = true
			:: else	/* it leaves what it was left */
			fi;
			ready = false;
			/* salvage_outbox() */
			if
			:: said != 0 &&
#ifndef BUG_SALVAGE_UNDONE
				said <= box_done &&
#endif
#ifndef BUG_SALVAGE_HEARD
				!heard &&
#endif
				true -> heard_total++
			:: else
			fi;
			assert(heard_total == returned_total);
			said = 0; heard = false;
			/* make_box(), slot_start(); perhaps of another binary */
			box_done = sequence;
			lives++;
			if
			:: mine == 1 -> mine = 2
			:: true
			fi;
			alive = true }
	od
}

init { atomic { run Supervisor(); run Actor() } }
