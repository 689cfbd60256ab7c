/*
 * blackbox.h: the memory that an actor and its supervisor share: what the actor is doing now, and after a panic what it died of.
 * A memfd of the supervisor's, mapped by both. The actor writes plain stores; the supervisor reads after the death (or at any time,
 * torn values then being harmless). Survives any death, SIGKILL included.
 *
 * To the supervisor its contents are gossip: written by a process that may have been going wrong. It copies, bounds and distrusts.
 */
#ifndef TRACTOR_ACTOR_BLACKBOX_H
#define TRACTOR_ACTOR_BLACKBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tractor/error.h>

#include "lane.h"
#include "outbox.h"

#define TRI_BLACKBOX_MAGIC UINT32_C(0x58424254) /* "TBBX" */
#define TRI_BLACKBOX_VERSION 11
#define TRI_RECENT_COUNT 16 /* the last messages handled */
#define TRI_TEXT_BYTES 1024 /* a panic's words */
#define TRI_STACK_BYTES \
	(64u << 10)		   /* of the faulting stack, from the stack pointer up: some hundred frames */
#define TRI_MAPS_BYTES (48u << 10) /* of /proc/self/maps: enough for some four hundred mappings */
#define TRI_CODE_BYTES 64	   /* around the faulting instruction */
#define TRI_FRAME_COUNT 64	   /* return addresses, by frame pointer */
#define TRI_REGISTER_COUNT 40
#define TRI_MODULE_COUNT 64 /* files that are mapped: a program and its libraries have a dozen */
#define TRI_NOTES_BYTES (64u << 10)
#define TRI_BUILD_ID_BYTES 32 /* SHA-1 has 20 */

/* What the actor's one thread is about. */
enum tri_phase {
	TRI_PHASE_EXEC,	    /* nothing of ours has run yet */
	TRI_PHASE_LINKING,  /* dialling, hello */
	TRI_PHASE_STARTING, /* on_panic, on_start */
	TRI_PHASE_IDLE,	    /* waits for something to do */
	TRI_PHASE_HANDLING, /* in a handler, or in a step of its own */
	TRI_PHASE_ASKING,   /* in a handler that waits for an answer or in select */
	TRI_PHASE_STOPPING, /* on_stop */
	TRI_PHASE_ENDED,    /* has said bye */
};

/* Whether the two talk by lanes. */
enum tri_lanes {
	TRI_LANES_NONE,
	TRI_LANES_OFFERED, /* by the supervisor, before exec, with the fds for the bells */
	TRI_LANES_TAKEN,   /* by the actor, before its hello */
};

/* How a process says that its death is a panic, before it dies. */
enum tri_last_words {
	TRI_LAST_NONE,
	TRI_LAST_PANIC,	  /* tractor_panic(), tractor_assert(): `text` says why */
	TRI_LAST_EXIT,	  /* exit() was called while a handler, a hook or a step was running */
	TRI_LAST_FAULT,	  /* a fatal signal: `fault` is filled in */
	TRI_LAST_REFUSED, /* the library gave up: cannot link, wrong actor, supervisor gone: `text` says why */
};

/* Which message it is: its bytes the supervisor has, until it is done. */
struct tri_in_hand {
	uint64_t sequence;
	uint64_t message;
	uint64_t source;
	uint64_t began_ns;
	uint64_t correlation; /* the last that was given out before: what its handler sends comes behind it */
	uint64_t bypass;      /* by which it came, if it did not come by us; the supervisor's number */
	uint64_t position;    /* and where in its lane it is: as long as the lane's tail is there */
};

struct tri_recent {
	uint64_t sequence;
	uint64_t message;
	uint64_t source;
	uint64_t took_ns; /* of one told past the supervisor, in ticks of the clock: 0 for most */
};

/* A file that was mapped, and which build of it: the file of that name may be another one by the time that somebody looks. */
struct tri_module {
	uint64_t start; /* where its first byte is */
	uint32_t build_id_bytes;
	uint8_t build_id[TRI_BUILD_ID_BYTES];
};

struct tri_fault {
	uint32_t complete;  /* 1 once all below is written */
	int32_t signal;	    /* 0: it was exit() that was called */
	int32_t code;	    /* si_code */
	int32_t sender_pid; /* for a signal that somebody sent */
	int32_t thread;	    /* its number; that of the actor's own thread is the pid */
	uint32_t module_count;
	uint64_t address;
	uint64_t instruction_pointer;
	uint64_t stack_pointer;
	uint64_t frame_pointer;
	uint32_t register_count; /* in the order of the machine's ucontext */
	uint32_t frame_count;
	uint64_t registers[TRI_REGISTER_COUNT];
	uint64_t frames[TRI_FRAME_COUNT];
	struct tri_module modules[TRI_MODULE_COUNT];
	uint32_t code_bytes;
	uint32_t stack_bytes;
	uint32_t maps_bytes;
	uint32_t maps_cut;   /* 1: there were more than fit */
	uint64_t code_start; /* the address of code_around[0] */
	uint64_t
		stack_start; /* the address of stack[0]: the stack pointer, or above it where that can't be read */
	uint64_t capture_ns; /* how long the capture took */
	uint8_t code_around[TRI_CODE_BYTES];
	uint8_t stack[TRI_STACK_BYTES];
	char maps[TRI_MAPS_BYTES];
};

/* A fault for a process that is not there yet: a struct tri_planned, encoded. Written by the supervisor before exec. */
struct tri_box_plan {
	uint32_t size_bytes; /* 0: none */
	uint8_t bytes[4096];
};

/* What the actor asked past the supervisor since it began what it is at, and how it was answered, for a crash to be played again. The payload is behind it. */
struct tri_note {
	uint64_t correlation, message, target;
	int32_t err;
	uint32_t payload_bytes;
	uint64_t answers; /* 0: this is the ask */
};

struct tri_notes {
	uint64_t of; /* the sequence of the message in hand; 0: none is */
	_Atomic uint32_t used;
	uint32_t cut; /* 1: there were more than fit */
	uint8_t bytes[TRI_NOTES_BYTES];
};

struct tri_blackbox {
	uint32_t magic;
	uint32_t version;
	uint64_t size_bytes;
	uint32_t
		incarnation; /* written by the supervisor before exec; 0: it is a spare, until it is welcomed */
	uint32_t who;	     /* it is to rung.h; likewise */
	int32_t pid;	     /* written by the actor */
	struct tri_module program; /* by it, too: which build it is, however it dies */

	/* The mailbox's read position: one word each, so that there is no torn state between them that matters (see router.h). */
	_Atomic uint64_t done;	  /* the last sequence whose handler returned */
	_Atomic uint64_t in_hand; /* the sequence being handled; 0 or <= done: none */
	_Atomic uint64_t awaits;  /* the actor for whom it waits past the supervisor; 0: nobody */

	_Atomic uint64_t
		busy_since_ns; /* CLOCK_MONOTONIC at which the present handler, hook or step began; 0: none */
	_Atomic uint64_t progress;     /* goes up whenever the actor comes round */
	_Atomic uint32_t phase;	       /* enum tri_phase */
	_Atomic uint32_t last_words;   /* enum tri_last_words */
	_Atomic uint64_t told, asked;  /* messages sent */
	_Atomic uint64_t sent;	       /* frames that the actor gave to its link */
	_Atomic uint64_t handled;      /* messages handled by this incarnation */
	_Atomic uint64_t published[2]; /* where the records end that count, in each of the outbox's banks */

	/* Of these, those that the supervisor has taken. It writes that, and so it is on a line of the cache by itself: all else here is written with each message. */
	_Alignas(64) _Atomic uint64_t heard;

	_Alignas(64) struct tri_in_hand hand; /* valid while in_hand == hand.sequence */
	struct tri_recent
		recent[TRI_RECENT_COUNT]; /* a ring: handled % TRI_RECENT_COUNT is the next to be written */

	char text[TRI_TEXT_BYTES]; /* TRI_LAST_PANIC, TRI_LAST_REFUSED: NUL-terminated */
	char where[256];	   /* "file:line" of the panic */

	_Atomic uint32_t lanes; /* enum tri_lanes */
	struct tri_lane up, down;

	struct tri_box_plan plan;
	struct tri_fault fault;
	struct tri_notes notes;
	struct tri_outbox outbox; /* holes, until something is written */
};

/* --- the supervisor's end --- */

/* The first words of a new one, all zero until then, for that incarnation, which goes on behind message `done`. */
void tri_blackbox_begin(struct tri_blackbox *box, uint32_t incarnation, uint64_t done);

/* --- the actor's end --- */

/* Maps the one behind `fd`. TRACTOR_EINVAL: not a black box of this version. */
tractor_err tri_blackbox_map(int fd, struct tri_blackbox **ret_box);

/* One that nobody reads, for a context without a supervisor at the other end (a port). NULL: out of memory. */
struct tri_blackbox *tri_blackbox_private(void);

/* Takes the message in hand that `hand` tells of: before its handler begins. */
void tri_blackbox_take(struct tri_blackbox *box);

/* The handler has returned: the message in hand is done. */
void tri_blackbox_done(struct tri_blackbox *box, uint64_t now_ns);

/* The same for one that came by a bypass, by the same clock as when it was taken: all but `done`. That it is not in hand any more is the caller's to say, when it has left its lane. */
void tri_blackbox_passed(struct tri_blackbox *box, uint64_t now_ns);

/* Keeps a note of what is in hand; `payload` may be NULL if there is none. */
void tri_blackbox_note(struct tri_blackbox *box, const struct tri_note *note, const uint8_t *payload);

/* One more, in a word that nobody else writes: no exchange, for which the processor would wait. */
static inline void
tri_blackbox_count(_Atomic uint64_t *word)
{
	atomic_store_explicit(
		word, atomic_load_explicit(word, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* Last words, the first of them stays: returns false if there were some already. Async-signal-safe. */
bool tri_blackbox_last_words(struct tri_blackbox *box, enum tri_last_words kind);

/* The fault that was captured; NULL: none. Where there are no last words its pages are not looked at: nobody has touched them. */
static inline const struct tri_fault *
tri_blackbox_fault(const struct tri_blackbox *box)
{
	return atomic_load(&box->last_words) != TRI_LAST_NONE && box->fault.complete ? &box->fault : NULL;
}

void tri_blackbox_unmap(struct tri_blackbox *box);

/* CLOCK_MONOTONIC in ns: what every *_ns in here means. Async-signal-safe. */
uint64_t tri_now_ns(void);

/* As of the kernel's last tick, so some ms late at the most; for a quarter of the time that the other takes. */
uint64_t tri_about_now_ns(void);

#endif
