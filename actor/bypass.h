/*
 * bypass.h: what one actor sends to another without the supervisor's hands: two lanes, one for messages and one for their answers, in two pieces of memory that are the supervisor's. It lays them between actors that have
 * much to say to each other, closes them when either ends, and takes over what is in them then.
 *
 * All else goes by the supervisor as ever (roundabout). Per sender and receiver the order is kept over both: the receiver takes what is in the lane before what came roundabout, and the sender uses the lane again only
 * when a mark that it sent behind all that went roundabout has come out at the receiver.
 */
#ifndef TRACTOR_ACTOR_BYPASS_H
#define TRACTOR_ACTOR_BYPASS_H

#include <stdbool.h>
#include <stdint.h>

#include "bells.h"
#include "context.h"
#include "lane.h"

struct tri_rung_end;

/* The numbers that a receiver gives to messages that came so; the supervisor's are below. */
#define TRI_BYPASS_SEQUENCE (UINT64_C(1) << 63)

/*
 * The correlation of an ask that goes by a bypass has the bypass's number in it, and is none of those that go by the supervisor: so whoever has it to answer can't answer another in its place, not even by the supervisor.
 */
#define TRI_BYPASS_CORRELATION (UINT64_C(1) << 63)

static inline uint64_t
tri_bypass_correlation(uint64_t number, uint64_t plain)
{
	return TRI_BYPASS_CORRELATION | (number & INT32_MAX) << 32 | (uint32_t)plain;
}

/* As it was in that incarnation of its sender. */
static inline uint64_t
tri_plain_correlation(uint32_t incarnation, uint64_t correlation)
{
	return correlation & TRI_BYPASS_CORRELATION ? (uint64_t)incarnation << 32 | (uint32_t)correlation
						    : correlation;
}

/* What goes roundabout although there is a bypass; the supervisor's word to the sender. */
enum tri_roundabout {
	TRI_ROUNDABOUT_WAITS = 1,  /* asks, for the receiver waits for somebody itself */
	TRI_ROUNDABOUT_CIRCLE = 2, /* asks, for they might go in a circle */
};

/* What the sender writes, and the receiver can only read. */
struct tri_bypass_from {
	struct tri_lane_out messages;
	struct tri_lane_in answers;
	_Atomic uint64_t waits_for_room; /* odd: it sleeps, or is about to; as tri_lane_in.sleeps */
	_Atomic uint64_t room_at;	 /* and is to be rung when so many messages are handled */
	_Atomic uint64_t room_late_at;	 /* or not before so many are, where others have sent plenty */
	_Atomic uint32_t roundabout;	 /* enum tri_roundabout; written by the supervisor */
};

/* What the receiver writes, and the sender can only read. */
struct tri_bypass_to {
	struct tri_lane_in messages;
	struct tri_lane_out answers;
	_Atomic uint64_t handled; /* messages */
};

/* One end of a bypass. */
struct tri_way {
	struct tri_way *next;
	uint64_t number; /* the supervisor's */
	uint64_t peer;
	bool sends; /* messages; else it receives them */
	bool ended; /* the supervisor has closed it */
	bool held;  /* is not to be let go: somebody waits with it */
	struct tri_bell bell;
	unsigned who; /* the peer is, to rung.h */
	struct tri_bypass_from *from;
	struct tri_bypass_to *to;
	struct tri_lane_sender out;
	struct tri_lane_receiver in;

	/* the sender's */
	const uint64_t *serves; /* fingerprints that the receiver understands */
	size_t serve_count;
	uint64_t understood; /* the last of these that was sent */
	uint64_t mailbox;    /* messages that may wait there; 0: no bound */
	uint64_t sent;	     /* messages */
	uint64_t
		behind; /* that went roundabout while some of these were waiting there; 0: all of those are handled */
	uint64_t mark, heard_mark; /* the last that was sent, and that has come out there */
	bool dirty;		   /* something went roundabout behind that mark */
	unsigned patience;	   /* how many more go roundabout before a mark is waited for */
	unsigned mark_tries;	   /* how often that was not long enough, of late */
	uint64_t rests;		   /* as waits_for_room */
	bool wants_room;	   /* it is waited for; then: */
	uint64_t room_at;	   /* messages that are to be handled until there is enough */
	uint64_t room_late_at;	   /* or, where others send plenty, until there is no reason to wait longer */
	unsigned looks;		   /* meanwhile */
	uint64_t seen_handled;	   /* when it was last looked at */
	uint64_t awaited;	   /* the correlation of the ask that waits for an answer by it; 0: none */
	uint64_t due;		   /* answers and marks that may still come by it */

	/* the receiver's */
	uint64_t handled;
	uint64_t rung; /* for that wait for room */
	uint64_t before,
		until; /* the message that came roundabout behind what is in the lane, and up to where that is */
};

struct tri_ways {
	struct tri_way *first; /* in the order of their turns */
	struct tri_way **end;  /* where the next would hang; nowhere if there is none */
	int socket;	       /* by which the supervisor hands over memory and bells; -1: none */
	bool wants_mail;       /* whether a message is something to wake up for, too */
	uint64_t count;	       /* messages that came by a bypass */
	unsigned turns;	       /* of these and those that came roundabout */
	bool has_ended;	       /* one that is there still, perhaps */
};

/* --- making and ending --- */

/* The supervisor offers one: what goes with it lies at the socket. What can't be had is said to be ended. */
void tri_ways_offered(struct tri_actor *actor, const struct tri_packet *packet);
/* It has closed the one of that number. */
void tri_ways_ended(struct tri_actor *actor, uint64_t number);

/* --- sending --- */

/*
 * True: what is to be sent has gone by a bypass, or *ret_err says why it can't be sent at all (EFULL, ETIMEDOUT, what tri_encode() says). False: it goes roundabout. May wait for room, as long as the frame's limit says,
 * and now and then a ms for a mark.
 */
bool tri_ways_send(struct tri_actor *actor, struct tri_frame *frame, const struct tractor_record *record,
	const void *value, tractor_err *ret_err);
/* The ask is over, for whatever reason. */
void tri_ways_over(struct tri_actor *actor, const struct tri_pending *pending);

/* --- receiving --- */

/* Takes answers and marks. */
void tri_ways_hear(struct tri_actor *actor);
/* Whether there is a message. */
bool tri_ways_have_mail(const struct tri_ways *ways);
/* Whether there is one, and no more than one, from whom messages come. */
bool tri_ways_have_one_sender(const struct tri_ways *ways);
/* The next message, which is then in hand until tri_ways_done(): before those of `roundabout` (NULL: there is none) from the same sender, else in turn with it. NULL: none, or it is the other's turn. */
struct tri_packet *tri_ways_take(struct tri_actor *actor, const struct tri_packet *roundabout);
/* The packet's answer. EFULL: by the supervisor, after tri_ways_owe(). */
tractor_err tri_ways_answer(struct tri_actor *actor, const struct tri_packet *packet, tractor_err answer,
	const struct tractor_record *record, const void *value);
/* The answer to what is in hand will come by the supervisor, from us or another. */
tractor_err tri_ways_owe(struct tri_actor *actor, struct tri_packet *packet);
/* Its handler has returned. */
void tri_ways_done(struct tri_actor *actor, struct tri_packet *packet);
/* A mark for the bypass of that number came: all that its sender had sent before is handled. */
void tri_ways_marked(struct tri_actor *actor, uint64_t number, uint64_t mark);

/* --- waiting, as for a lane --- */

bool tri_ways_have_news(const struct tri_ways *ways);
bool tri_ways_sleep(struct tri_ways *ways);
/* Notes who has yet to handle what we asked, or to take what we answered: it may be awake and have no processor, and then nobody rings it. For who sleeps now. */
void tri_ways_hurry(const struct tri_ways *ways, const struct tri_rung_end *rung);
void tri_ways_wake(struct tri_ways *ways);

#endif
