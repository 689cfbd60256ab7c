/*
 * ledger.h: what survives every death: files that an actor writes by storing into memory. One ledger for each member, which only its present
 * process writes, and one board for all, by which the driver tells them what to do.
 */
#ifndef TRACTOR_TESTS_SOAK_LEDGER_H
#define TRACTOR_TESTS_SOAK_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "soak.h"

#define LEDGER_FOLDER "SOAK_LEDGERS" /* the variable that names where the files are */
#define LEDGER_NUMBERS (8u << 20)    /* messages from one to another; hours of them. The files have holes */
#define LEDGER_ERRORS 18	     /* tractor_err has that many */
#define LEDGER_WORDS 160

/* What a sender knows of a message. What comes before the answer is written before the message is sent. */
enum fate {
	FATE_NONE,
	FATE_TOLD,     /* may have been accepted: the sender died, or was stopped, before it knew */
	FATE_ACCEPTED, /* tell gave TRACTOR_OK */
	FATE_REFUSED,  /* it gave an error: nobody may ever see it */
	FATE_ASKED,    /* as FATE_TOLD */
	FATE_ANSWERED, /* with its own nonce */
	FATE_CRASHED,  /* TRACTOR_ECRASHED */
	FATE_UNHEARD,  /* any other error */
	FATE_COUNT
};

/* What must not be. X(constant, words) */
#define WRONGS(X)                                                                \
	X(WRONG_ORDER, "overtaken or doubled")                                   \
	X(WRONG_SENDER, "not sent by who it says")                               \
	X(WRONG_BALLAST, "garbled")                                              \
	X(WRONG_NONCE, "another ask's answer")                                   \
	X(WRONG_STATE, "durable state that is not as of the last whole message") \
	X(WRONG_ERROR, "an error that nothing here can lead to")                 \
	X(WRONG_ASK, "an ask that took longer than its limit")

enum wrong {
#define WRONG_CONSTANT(constant, words) constant,
	WRONGS(WRONG_CONSTANT)
#undef WRONG_CONSTANT
		WRONG_COUNT
};

struct ledger_out {
	_Atomic uint32_t tried; /* the last number that was used */
	_Atomic uint8_t fate[LEDGER_NUMBERS];
};

struct ledger_in {
	_Atomic uint32_t last;
	_Atomic uint8_t seen[LEDGER_NUMBERS]; /* how often a handler began with it */
};

struct ledger {
	_Atomic uint64_t
		entered; /* messages that a handler began with, less those that durable state was set back by */
	_Atomic uint64_t asking_since_ns; /* CLOCK_MONOTONIC; 0: not in an ask */
	_Atomic uint64_t longest_ask_ns;
	_Atomic uint32_t resting;				    /* a sender that has nothing more to do */
	_Atomic int32_t process;				    /* that has started last */
	_Atomic uint32_t turns;					    /* its steps and messages */
	_Atomic uint64_t fds_short, memory_short;		    /* how often it had none */
	_Atomic uint64_t told[LEDGER_ERRORS], asked[LEDGER_ERRORS]; /* by what came of it */
	_Atomic uint64_t redelivered, downs, continued, began;
	_Atomic uint64_t wrongs[WRONG_COUNT];
	char first_wrong[WRONG_COUNT][LEDGER_WORDS];
	struct ledger_out out[MEMBER_COUNT];
	struct ledger_in in[MEMBER_COUNT];
};

/* What a member does to itself when it next has a message in hand. */
enum fault {
	FAULT_NONE,
	FAULT_PANIC,
	FAULT_ASSERT,
	FAULT_NULL,
	FAULT_STACK,
	FAULT_ABORT,
	FAULT_EXIT,
	FAULT_LEAVE,
	FAULT_SPIN,
	FAULT_COUNT
};

struct board {
	_Atomic uint32_t go; /* senders send */
	_Atomic uint64_t seed;
	_Atomic int64_t ask_limit_ms;
	_Atomic uint64_t address[MEMBER_COUNT]; /* by which each is known as a sender */
	_Atomic uint64_t fault[MEMBER_COUNT]; /* an enum fault, and above it the process that has taken it */
	_Atomic uint32_t
		starved[MEMBER_COUNT +
			1]; /* the process that memory was last taken from in this storm, the last one the supervisor; 0: none yet */
};

#define FAULT_BITS 8

/* 0: nobody has taken it yet. */
static inline int32_t
fault_taker(uint64_t word)
{
	return (int32_t)(word >> FAULT_BITS);
}

/* Maps the file, which is made if there is none. NULL: it can't be, and errno says why. */
struct ledger *ledger_open(unsigned member);
struct board *ledger_board(void);

void ledger_wrong(struct ledger *ledger, enum wrong what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *ledger_wrong_words(enum wrong what);

/* splitmix64 (Steele, Lea and Flood, 2014): the next of the sequence that `state` is at. */
uint64_t ledger_random(uint64_t *state);
/* One of 0 to below-1. */
unsigned ledger_pick(uint64_t *state, unsigned below);
uint64_t ledger_now_ns(void);

#endif
