/*
 * router_private.h: what the router's files share, and so the map of the router.
 *
 *   router.c   who there is, and every public entry point
 *   letters.c  one message on its way: its sender's share, the places where it can be, its refusal
 *   sending.c  a message comes in: checks, tells, asks, delayed ones, forwarded ones
 *   mailbox.c  one actor's queue while it lives: room, parking, delivery, done
 *   ends.c     what becomes of that queue when the actor's process dies, or the actor is stopped
 *   asks.c     the duty to answer, which outlives the message (deferred) and moves between actors (forwarded)
 *   waits.c    the wait-for graph
 *
 * Callbacks may call the router again. That is safe by three rules:
 *   - whatever is taken out of use goes to router_discard() and is freed when the outermost public call returns, so a pointer that
 *     was held across a callback may be out of date, but never dangles;
 *   - a callback comes after the bookkeeping for what it tells; each loop with callbacks takes the first of a list until there is
 *     none, and where only what was there at the beginning is meant the list is moved to a head of the loop's own first;
 *   - deliveries to one actor are never nested, so their order is the order of the calls.
 */
#ifndef TRACTOR_SUPERVISOR_ROUTER_ROUTER_PRIVATE_H
#define TRACTOR_SUPERVISOR_ROUTER_ROUTER_PRIVATE_H

#include "assert.h"
#include "frame.h"
#include "router.h"
#include "table.h"
#include "timers.h"

/* --- lists: circular, doubly linked through their members, so that a member can leave without knowing which list it is on --- */

struct link {
	struct link *prev, *next;
};

#define OWNER(pointer, type, member) TIMER_OWNER(pointer, type, member)
/* The first of a list, or NULL. */
#define FIRST(list, type, member) (link_alone(list) ? NULL : OWNER((list)->next, type, member))

static inline void
link_init(struct link *link)
{
	link->prev = link->next = link;
}

static inline bool
link_alone(const struct link *link)
{
	return link->next == link;
}

/* Puts `link`, which is on no list, before `place`: before the head is last, before the first is first. */
static inline void
link_insert(struct link *place, struct link *link)
{
	link->prev = place->prev;
	link->next = place;
	place->prev->next = link;
	place->prev = link;
}

/* Fine for one that is on no list. */
static inline void
link_remove(struct link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link_init(link);
}

/* Makes `to`, a head that need not be initialised, the list that `from` was, and `from` empty. */
static inline void
link_take_all(struct link *from, struct link *to)
{
	link_init(to);
	if (link_alone(from))
		return;
	link_insert(from, to);
	link_remove(from);
}

/* --- the parts --- */

/* The first member of all that is freed by router_discard(). */
struct trash {
	struct trash *next;
	struct pool *pool;     /* that its memory came from, and goes back to; NULL: none */
	struct parcel *parcel; /* which is let go of then; NULL: none */
};

/*
 * Memory for things of one size, kept from one to the next, as many as are in use at a time where a message is answered as soon as it is sent. Beyond that it comes and goes as any other.
 */
struct pool {
	struct trash *kept;
	size_t kept_count;
};

/* A timer that knows what to do. Once armed, its place in the queue is its own until it is disarmed, also after it has passed. */
struct deadline {
	struct timer timer;
	bool reserved;
	void (*passed)(struct router *router, struct deadline *deadline);
};

/* Messages and their payload, where there is a bound on both. */
struct load {
	size_t count, bytes;
};

static inline bool
load_fits(const struct load *load, size_t count_max, size_t bytes)
{
	return (count_max == 0 || load->count < count_max) && load->bytes + bytes <= ROUTER_SHARE_BYTES;
}

static inline void
load_add(struct load *load, size_t bytes)
{
	load->count++;
	load->bytes += bytes;
}

static inline void
load_take(struct load *load, size_t bytes)
{
	load->count--;
	load->bytes -= bytes;
}

/* Whoever sends or receives: an actor's slot, or a port. */
struct party {
	struct trash trash;
	struct table_entry by_id;
	struct link everyone; /* router->everyone */
	uint64_t id;
	uint32_t
		incarnation; /* the last that came up: frames of those before it are stale. 0: a port, or none yet */

	/* as a sender */
	struct link asks;    /* struct ask: those that it still waits to be answered */
	struct link pending; /* struct letter: delayed and parked */
	struct load delayed; /* of these, the delayed ones, due or not */
	/* At most one of these is set. It does nothing ... */
	struct ask *waits_for;	   /* ... until this is answered */
	struct letter *waits_with; /* ... until there is room for this, which is parked */

	/* as a receiver */
	tractor_err closed; /* TRACTOR_OK: it may be sent to; else why not */
	bool up;	    /* it has a process that is ready */
	bool pumping;	    /* its deliveries are under way further up the stack */
	bool redeliver;
	unsigned mailbox; /* messages in a share; 0: no bound */
	uint64_t *served; /* fingerprints, in order; what its process understands, while it is up */
	size_t served_count, served_room;
	uint64_t understood; /* the last of these that was sent; with served_count 0 nothing */
	uint64_t done;	     /* sequences up to here are settled */
	uint64_t suspect; /* digest of what was in hand at the last crash and wasn't handled since; 0: none */
	struct link delivered; /* struct letter: handed to the process; with those that wait: the mailbox */
	struct link waiting;   /* struct letter */
	struct link
		adopted; /* struct letter: will come before all that was delivered and not done, once its process is dealt with */
	struct link deferred; /* struct ask: its handlers returned without an answer */
	struct link crowded;  /* struct share: those in which something is parked */
	struct share *idle;   /* the last that was emptied, whose sender may well send again; NULL: none */
	struct router_counts counts;
};

/* What one sender has at one actor; exists while it has anything, or until another's is emptied. */
struct share {
	struct trash trash;
	struct table_entry by_pair; /* target, sender */
	struct party *target;
	struct load load;   /* accepted and not done */
	struct link parked; /* struct letter: first come first served */
	struct load
		backlog; /* what is parked; those that are being refused are off the list, but counted until they are */
	struct link crowded; /* target->crowded */
};

enum letter_place {
	LETTER_NOWHERE,	  /* being made, or settled */
	LETTER_DELAYED,	  /* until it is due */
	LETTER_PARKED,	  /* until its share has room */
	LETTER_WAITING,	  /* in the mailbox */
	LETTER_DELIVERED, /* in the mailbox, and handed to the process */
};

/* A message on its way. */
struct letter {
	struct trash trash;
	struct router_message message;
	enum letter_place place;
	struct party *from; /* its sender, while it is on the sender's list `pending`; else NULL */
	struct link pending;
	struct party *target;  /* NULL: delayed; the actor may come and go until it is due */
	struct share *share;   /* NULL: delayed, or a system message */
	struct link at_target; /* target->delivered or waiting, or share->parked */
	uint32_t incarnation;  /* its sender's */
	uint64_t correlation;  /* its sender's */
	bool wants_accept;     /* the sender waits to hear whether it was taken over, and has not heard yet */
	bool committed; /* its sender said it with all that its handler did, and can't unsay it: it doesn't die with its sender's process */
	bool forwarded; /* carries the ask of another than its sender, and doesn't die with its sender */
	bool delayed;	/* counted in from->delayed while it is pending */
	struct ask *ask; /* what its handler owes; NULL: nothing, or not any more */
	struct deadline
		deadline; /* delayed: when it is due; a parked tell: until when it, or its sender, waits. An ask has its own */
	uint8_t payload[]; /* unless it is in a parcel */
};

/* The duty to answer. */
struct ask {
	struct trash trash;
	struct party *asker;  /* NULL: nobody listens any more (timed out, died, was told something else) */
	uint32_t incarnation; /* the asker's */
	uint64_t correlation; /* the asker's */
	bool withdrawn;	      /* the asker was told that it failed: not worth a second delivery */
	struct link asked;    /* asker->asks */
	struct table_entry by_correlation; /* asker, correlation */
	struct deadline deadline;
	struct party
		*holder; /* in whose mailbox, hand or list of deferred ones it is; also of a parked one */
	struct letter *letter; /* that carries it; NULL: deferred */
	struct link deferred;  /* holder->deferred */
	struct table_entry
		by_sequence; /* holder, sequence: while it is deferred; before, the letter has that */
};

struct router {
	struct router_ops ops;
	void *arg;
	unsigned depth; /* public calls on the stack */
	struct trash *trash;
	uint64_t lowest, highest; /* ids from here to there were actors at some time; 0: none were */
	struct timers timers;
	struct link everyone; /* struct party */
	struct table parties, shares, asks, duties;
	struct pool letter_pool, share_pool, ask_pool;
};

/* --- the functions, by file --- */

/* router.c */
struct party *router_party(const struct router *router, uint64_t id);
/* An actor to send to. ENOACTOR: never was one; ESTOPPED: is gone; else why it is closed. */
tractor_err router_target(const struct router *router, uint64_t id, struct party **ret_target);
/* Frees it once no public call is on the stack. `trash` is its first member. */
void router_discard(struct router *router, struct trash *trash);
/* Of the pool's size; what is in it but `trash`, which is set, is anything. `pool` NULL: of no pool. NULL: no memory. */
void *router_allocate(struct pool *pool, size_t bytes);
/* ENOMEM; not for one that has a place, see struct deadline. */
tractor_err router_arm(struct router *router, struct deadline *deadline, int64_t due_ns,
	void (*passed)(struct router *, struct deadline *));
void router_disarm(struct router *router, struct deadline *deadline);
/* `now_ns` and that many milliseconds (not negative); capped, as a sender may say anything. */
int64_t router_due(int64_t now_ns, int64_t limit_ms);
void router_tell_accept(
	struct router *router, uint64_t sender, uint32_t incarnation, uint64_t correlation, tractor_err err);
void router_tell_answer(struct router *router, uint64_t asker, uint32_t incarnation, uint64_t correlation,
	tractor_err err, const uint8_t *payload, size_t payload_bytes);

/* letters.c */
/* A copy of what is sent, or what holds its parcel, in no place yet. ENOMEM. */
tractor_err letters_new(struct router *router, const struct router_send *send, struct letter **ret_letter);
/* The sender's share at that actor. NULL: it has nothing there. */
struct share *letters_share(const struct router *router, const struct party *target, uint64_t sender);
/* Addresses it to the actor, in its sender's share; NULL: in one that is made for it. ENOMEM. */
tractor_err letters_address(
	struct router *router, struct letter *letter, struct party *target, struct share *share);
/* The actor is gone: nothing is kept for its senders any more. */
void letters_forget_idle(struct router *router, struct party *target);
/* Puts it on its sender's list of what is not accepted yet. */
void letters_pend(struct letter *letter, struct party *from);
/* Takes it out of its place: of the lists and counts. What it carries stays. */
void letters_unhook(struct router *router, struct letter *letter);
/* Unhooks and discards it; the ask that it carries is the caller's affair. */
void letters_drop(struct router *router, struct letter *letter);
/* It will not be handled: whoever is concerned is told, and it is dropped. */
void letters_refuse(struct router *router, struct letter *letter, tractor_err err);
/* It is a dead letter: tells so and drops it. */
void letters_bury(struct router *router, struct letter *letter, tractor_err why);
/* What quarantine goes by; worked out when first asked for. */
uint64_t letters_digest(struct letter *letter);
/*
 * The sender's process is gone: what it has pending is dropped and its asks are nobody's. Calls nothing back. What it had forwarded isn't
 * its own, nor is what it had committed: what of that is parked is left on `ret_left`, for mailbox_admit_left(). What is committed and delayed stays with the
 * sender's place, unless that is gone, too: `for_good`.
 */
void letters_disown(struct router *router, struct party *from, bool for_good, struct link *ret_left);

/* sending.c: as router_send(), router_forward() and router_post() */
void sending_send(struct router *router, const struct router_send *send, int64_t now_ns);
/* The ask is out of its forwarder's hands already. */
void sending_forward(struct router *router, struct party *from, struct ask *ask,
	const struct router_send *send, int64_t now_ns);
tractor_err sending_post(struct router *router, struct party *target, enum router_kind kind, uint64_t sender,
	const uint8_t *payload, size_t payload_bytes);
/* As router_adopt(), router_adopt_duty(). */
tractor_err sending_adopt(
	struct router *router, const struct router_send *send, int64_t sent_ns, uint64_t in_hand);
tractor_err sending_adopt_duty(
	struct router *router, const struct router_send *send, int64_t sent_ns, uint64_t sequence);

/* mailbox.c */
/* False: its process is up, and doesn't serve that. What the next one will serve is asked when it is up. */
bool mailbox_understands(struct party *actor, uint64_t message);
/* Nobody of that share waits outside, and there is room for so much. A sender without a share (NULL) always has it. */
bool mailbox_has_room(const struct share *share, size_t bytes);
/* Into the mailbox, from whatever place it was in: from here on it is the system's. */
void mailbox_take_over(struct router *router, struct letter *letter);
/* It waits outside, behind those of its share. */
void mailbox_park(struct letter *letter);
/* What is parked in the share and has room now is taken over. */
void mailbox_admit(struct router *router, struct share *share);
/* The same for the shares of what letters_disown() left. */
void mailbox_admit_left(struct router *router, struct link *left);
/* actor->mailbox has changed: those that wait for room and have it now get in. */
void mailbox_resized(struct router *router, struct party *actor);
/* Refuses it, and lets in what was behind it. */
void mailbox_evict(struct router *router, struct letter *letter, tractor_err err);
void mailbox_evict_all(struct router *router, struct link *list, tractor_err err);
/* It has a process, which understands what is in `served`; that is put in order. */
void mailbox_up(struct router *router, struct party *actor, uint32_t incarnation);
void mailbox_done(struct router *router, struct party *actor, uint64_t done);
/* The parts of mailbox_done(), which a death needs too: no callbacks. Only what was delivered can be done, whatever its process says. */
struct letter *mailbox_first_done(
	const struct party *actor, uint64_t done); /* the first delivered, if it is done; or NULL */
void mailbox_finish(struct router *router, struct letter *letter); /* its handler has returned */
/* Moves what is parked at the actor, `all` or what it doesn't understand, to a list. No callbacks; it stays counted as parked. */
void mailbox_collect_parked(struct party *actor, bool all, struct link *collected);

/* ends.c: as router_down() and router_stopped() */
void ends_down(struct router *router, struct party *actor, const struct router_end *how,
	void (*in_hand_is)(void *arg, const struct router_message *message), void *arg);
void ends_close(struct router *router, struct party *actor, tractor_err why);

/* asks.c */
/* An ask of `asker`'s, with its limit running. ENOMEM. */
tractor_err asks_open(struct router *router, struct party *asker, const struct router_send *send,
	int64_t now_ns, struct ask **ret_ask);
/* One to whose answer nobody listens. ENOMEM. */
tractor_err asks_open_unheard(struct router *router, struct ask **ret_ask);
/* The duty is now the addressee's of this letter. */
void asks_carry(struct ask *ask, struct letter *letter);
/* Its handler has returned. The letter is no longer needed. */
void asks_defer(struct router *router, struct ask *ask);
/* The duty is now the holder's, who has had the message without us, as `sequence`: as if it were deferred. */
void asks_owe(struct router *router, struct ask *ask, struct party *holder, uint64_t sequence);
/* Nobody listens any more; whoever holds it still may answer. */
void asks_silence(struct router *router, struct ask *ask);
/* Silences and discards it. */
void asks_drop(struct router *router, struct ask *ask);
/* Tells the asker, and leaves the duty where it is: a late answer to it is no violation. */
void asks_tell(struct router *router, struct ask *ask, tractor_err err);
/* Tells the asker; the ask is over. */
void asks_answer(struct router *router, struct ask *ask, tractor_err err, const uint8_t *payload,
	size_t payload_bytes);
/* It fails wherever it is: unless a process has it, its message is withdrawn. */
void asks_fail(struct router *router, struct ask *ask, tractor_err err);
/* What the actor's process was asked as `sequence` and may answer: it was handed that, or has deferred it. NULL: nothing. */
struct ask *asks_by_sequence(const struct router *router, const struct party *actor, uint64_t sequence);
struct ask *asks_by_correlation(const struct router *router, uint64_t asker, uint64_t correlation);
/* Takes the duty from its holder, for good. */
void asks_release(struct router *router, struct ask *ask);

/* waits.c */
/* What the sender of this does next: nothing, until it is answered; or nothing, until it is taken over. */
bool waits_for_answer(const struct router_send *send);
bool waits_for_room(const struct router_send *send);
/* Whom it waits for; NULL: nobody. */
struct party *waits_awaited(const struct router *router, const struct party *party);
/* A walk along those who wait for one another; all zero but for `at`, where it begins. It ends where `at` is NULL, or in a circle: what actors say of whom they await can be one. */
struct waits_walk {
	struct party *at, *mark;
	size_t steps, limit;
	bool is_round; /* it has been there already */
};
void waits_step(const struct router *router, struct waits_walk *walk);
/* True if `waiter`, waiting for `holder`, would wait for itself, or come to some who do. A port can't: nobody waits for it, and what it asks of those has its limit. */
bool waits_circular(const struct router *router, const struct party *waiter, struct party *holder);
/* True if its asker does nothing until it is answered. */
bool waits_on(const struct ask *ask);

#endif
