/*
 * actor_process.h: the one actor that a process is, and what its files offer to each other.
 */
#ifndef TRACTOR_ACTOR_ACTOR_PROCESS_H
#define TRACTOR_ACTOR_ACTOR_PROCESS_H

#include <poll.h>

#include "blackbox.h"
#include "channel.h"
#include "context.h"
#include "control.h"
#include "faultplan.h"
#include "state.h"

/* The fds that a supervisor hands over, and the variables that go with them. */
#define TRI_FD_BLACKBOX 3
#define TRI_FD_STATE 4
#define TRI_FD_BELL 5		      /* where the black box offers lanes: the actor's, a socket ... */
#define TRI_FD_DOORBELL 6	      /* ... and the supervisor's, an eventfd */
#define TRI_FD_SOCKET 7		      /* by which bypasses are handed over */
#define TRI_FD_RUNG 8		      /* who of the tree is waited for; see rung.h */
#define TRI_ENV_LINK "TRACTOR_LINK"   /* the url to dial */
#define TRI_ENV_ACTOR "TRACTOR_ACTOR" /* which of the binary's actors to be; not set: the only one */
#define TRI_ENV_SUPERVISOR "TRACTOR_SUPERVISOR" /* whose it is; stays for what it starts */

/* Exit codes of the library itself, beside those of the user's code. */
#define TRI_EXIT_BY_HAND 2 /* started outside a tree */
#define TRI_EXIT_FAILED \
	70 /* on_start refused, or the link could not be made; the words are in the black box */
#define TRI_EXIT_HOPELESS 125 /* trying again won't help: this binary has no such actor */

/* A message that it serves, found by fingerprint. */
struct tri_served {
	uint64_t id;
	const struct tractor_message *message;
	tractor_handler *handler;
};

struct tri_actor {
	tractor_ctx ctx;
	const struct tractor_actor *what;
	char *title; /* its argument, which `ps` shows; NULL: it has none */
	struct tractor_behaviour behaviour;
	struct tri_channel channel;
	struct tri_blackbox *box;
	struct tri_state state;
	struct tri_packet *welcome;	/* kept: `said` points into it */
	const struct tri_welcome *said; /* what the supervisor told it of itself */
	struct tri_arena arena;		/* of the start: lives as long as the process */
	struct tri_arena hook_arena;	/* of a hook or a step */
	struct tri_arena hand_arena;	/* of the message in hand */
	struct tri_served *served;	/* by id */
	size_t served_count;
	const struct tri_served *last_served; /* the last message's; NULL: none */
	struct tri_packets inbox;	      /* MESSAGE and DOWN frames, in order */
	struct tri_outbox_end outbox;
	uint64_t
		now_ns; /* when the last handler returned, or there was something to do, if nothing has been done since then that takes time; 0: who wants to know has to look */
	uint64_t about_ns; /* the same, by the clock that is quick and goes by ticks */
	unsigned
		unaccepted; /* tells of handlers that have returned: the next one waits until the supervisor has them */
	uint64_t
		linked; /* which of the frames sent was the last to go by the link; 0: the supervisor has taken them all */
	unsigned unsaid;	  /* messages done that the supervisor was not told of */
	bool may_be_stopped;	  /* false in on_stop: its asks go on */
	bool finishing, finished; /* it stops itself; with a reason */
	char *reason;
	uint32_t greeted; /* the connection that has had our hello */
	bool leaving;	  /* it has said bye: there is nothing more to hear but the farewell */
	bool farewell;
	struct tri_planned
		planned[TRI_PLANNED_MAX]; /* faults to be carried out; their failpoints' names are its own */
	size_t planned_count;
};

/* The process's one actor; NULL before it is one. Signal handlers use it. */
extern struct tri_actor *tri_the_actor;

/* --- handshake.c --- */

/* Which one it is, by its black box: a spare's is the zeroth, until it is welcomed as another. */
void tri_take_incarnation(struct tri_actor *actor);
/* Dials, says hello, takes the welcome, which a spare waits for as long as it takes. What the caller does next is on_start. */
tractor_err tri_handshake(struct tri_actor *actor);
tractor_err tri_say_ready(struct tri_actor *actor, tractor_err outcome, bool continued);
/* Says bye and waits until the supervisor has everything that was sent before. */
void tri_say_bye(struct tri_actor *actor);

/* --- inbox.c: frames in, and waiting for them --- */

/* What the context's end does for an actor. */
extern const struct tri_end tri_actor_end;
/* Waits until a frame came, one of `fds` is ready or it is `until_ns`. `wants_mail`: a message that comes past the supervisor is something to wake up for; else it stays where it is. */
tractor_err tri_actor_wait(
	struct tri_actor *actor, struct pollfd *fds, size_t count, int64_t until_ns, bool wants_mail);
/* Takes what has come, without waiting: for one that always has something to do. */
void tri_actor_hear(struct tri_actor *actor);
/* Whether there is a message to be dispatched. */
bool tri_actor_has_mail(const struct tri_actor *actor);
/*
 * Why it can't go on as an actor: something that was meant for it is lost, or the supervisor hears it no more. NULL: it can. Whoever waits panics over it: what waited for this process waits
 * for the next one then.
 */
const char *tri_actor_cut_off(const struct tri_actor *actor);
/* True once it was asked to stop, or stops itself. */
bool tri_actor_stopping(const struct tri_actor *actor);
/* SIGTERM means the same as the supervisor's STOP. */
void tri_take_sigterm(struct tri_actor *actor);
void tri_actor_phase(struct tri_actor *actor, enum tri_phase phase);

/* --- dispatch.c: messages to handlers --- */

/* Fills actor->served. */
tractor_err tri_index_handlers(struct tri_actor *actor);
/* The time, between two handlers: one look at the clock for the end of one and the beginning of the next. */
uint64_t tri_dispatch_now(struct tri_actor *actor);
/* Something was done that may have taken time: the clock is to be looked at again. */
void tri_dispatch_took_time(struct tri_actor *actor);
/* Takes the next message, of which there must be one, and runs its handler. */
tractor_err tri_dispatch_next(struct tri_actor *actor);
/* If messages are done that the supervisor doesn't know of: now it does. Called before it waits, and when half a window is done. */
void tri_say_done(struct tri_actor *actor);

/* --- sending.c: frames out, at once or when their handler has returned --- */

/* tri_actor_end's. A reply is noted in the outbox before it is sent: this process's end doesn't end it. */
tractor_err tri_actor_send(
	tractor_ctx *ctx, struct tri_frame *frame, const struct tractor_record *record, const void *value);
bool tri_actor_holds(const tractor_ctx *ctx);
/* The reply that a handler returns, to be sent by tri_send_committed(). False: it can't be held, *ret_err says why. */
bool tri_hold_answer(struct tri_actor *actor, struct tri_frame *frame, const struct tractor_record *record,
	const void *value, tractor_err *ret_err);
/*
 * The same at once, by the lane, in an actor that is not durable: it has nothing but its answer to make true, and the lane outlives it as the outbox does, as long as nothing that comes before it is still
 * in the link. Whoever hears it knows that the message is done. False: it is to be held.
 */
bool tri_pass_answer(struct tri_actor *actor, struct tri_frame *frame, const struct tractor_record *record,
	const void *value);
/* The message in hand is done, and with it all that is held is said, in one store. */
void tri_commit(struct tri_actor *actor, uint64_t sequence);
void tri_send_committed(struct tri_actor *actor);
/*
 * Panics over TRACTOR_ENOMEM: where nobody is there to be told of the error, and going on would leave somebody waiting. What waits for this process waits for the next one then, and what it has
 * published the supervisor takes.
 */
void tri_need_memory(struct tri_actor *actor, tractor_err err, const char *what);
/* The supervisor's word on a tell that was held. */
void tri_held_accepted(struct tri_actor *actor, const struct tri_frame *frame);

/* --- speak.c: what it says to people --- */

/* For a signal handler that ends the process: what was printed and not written yet, half a line mostly. */
void tri_speak_rest(void);

/* --- fault.c: injected faults --- */

/* What the black box has for this process, from its start on. */
void tri_fault_begin(struct tri_actor *actor);
void tri_fault_end(struct tri_actor *actor);
void tri_fault_planned(struct tri_actor *actor, const struct tri_packet *packet);
/* Where something is planned, at that place or another. `failpoint`: NULL where it is none. */
tractor_err tri_fault_come_to(
	struct tri_actor *actor, enum tri_fault_place place, uint64_t message, const char *failpoint);

/* It has come to that place: carries out what is planned for it, if it is its turn. TRACTOR_EREFUSED: that is to fail. */
static inline tractor_err
tri_fault_at(struct tri_actor *actor, enum tri_fault_place place, uint64_t message)
{
	return actor->planned_count == 0 ? TRACTOR_OK : tri_fault_come_to(actor, place, message, NULL);
}

#endif
