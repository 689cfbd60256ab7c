/*
 * porters.h: two actors in a tree of this program's own, one of which hands items to the other, by a bypass or by the supervisor, and whether each item came as was promised, whoever of them is killed. What is wrong ends the
 * program with a sentence; porters_close() looks for what was left behind.
 */
#ifndef TRACTOR_TESTS_ATOMIC_PORTERS_H
#define TRACTOR_TESTS_ATOMIC_PORTERS_H

#include <tractor/runtime.h>

#include "porter.h"

#define PORTERS_MAILBOX 2 /* items that may wait */

enum porters_end { PORTERS_SENDER, PORTERS_RECEIVER, PORTERS_ENDS };

/* How the items go: past the supervisor; by its lanes; by its lanes, but for what is in them, which is a parcel. */
enum porters_way { PORTERS_BYPASS, PORTERS_LANES, PORTERS_PARCELS };

struct porters {
	enum porters_way way;
	struct tractor_runtime *runtime;
	porter_ref refs[PORTERS_ENDS];
	struct porter_book *book;
	int book_fd;
	struct tractor_crash_policy policy;
	bool verbose;
	uint32_t next;	/* item */
	uint64_t kills; /* by us */
	/* of the crashes that were reported: */
	uint64_t crashes;
	uint64_t digest;      /* of the item that the last one had in hand; 0: none */
	uint32_t incarnation; /* of that one */
};

/* Prints the sentence and exits with 1; the actors die with this process. */
_Noreturn void porters_fail(const struct porters *porters, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void porters_open(struct porters *porters, enum porters_way way, bool verbose);

/* Turns the tree until `condition(porters, arg)` holds; `what` was not so by a deadline: it fails. */
void porters_until(struct porters *porters, bool (*condition)(struct porters *porters, uint32_t arg),
	uint32_t arg, const char *what);

pid_t porters_pid(struct porters *porters, enum porters_end end);

/* Has the sender hand over the next `count` items; returns the number of the first. Doesn't wait for it. */
uint32_t porters_carry(struct porters *porters, uint32_t count, bool asks, bool stays);
/* Until the calls for all items before the next have returned. */
void porters_sent(struct porters *porters);
/* Until all these are handled, besides. */
void porters_handled(struct porters *porters);

/* Both run, and there is a bypass from one to the other, where there is to be one, that is in use, unless it is to be `fresh`. Nobody has anything to do then. */
void porters_make_ready(struct porters *porters, bool fresh);
/* A word that the sender has written in the bypass, by its place in struct tri_bypass_from; false: there is none. */
bool porters_peek(struct porters *porters, size_t offset, uint64_t *ret_word);

/* How many messages the supervisor has ever given to the receiver. */
uint64_t porters_delivered(struct porters *porters);

void porters_kill(struct porters *porters, pid_t pid);
/* Until all that was promised of the items from `first` on has come about, when `killed` was. */
void porters_settle(struct porters *porters, uint32_t first, enum porters_end killed);
void porters_close(struct porters *porters);

#endif
