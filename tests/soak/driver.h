/*
 * driver.h: the soak's driver, by file. It starts `tractor run soak.yaml`, kills its actors from outside, watches its supervisor through /proc and `tractor status`,
 * and at the end holds what the senders know against what the receivers saw.
 */
#ifndef TRACTOR_TESTS_SOAK_DRIVER_H
#define TRACTOR_TESTS_SOAK_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ledger.h"

#define CHILDREN_MAX 64 /* that the supervisor may have at a time; it has MEMBER_COUNT at rest */

struct driver {
	uint64_t seed;
	unsigned kills;	    /* to be done in all; 0: as many as there is time for */
	unsigned seconds;   /* of killing; 0: as long as it takes */
	unsigned pause_ms;  /* between two strikes, on average */
	unsigned scale;	    /* on every deadline */
	const char *folder; /* the evidence */
	const char *tree_file;
	pid_t supervisor;
	bool stuck; /* the supervisor lives and does not answer: there is nothing left to be measured */
	struct board *board;
	struct ledger *ledgers[MEMBER_COUNT];
	unsigned complaints;
};

/* What is wrong, on standard output; the run has failed, and goes on if it can. */
void complain(struct driver *driver, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sleep_ms(int64_t ms);

/* --- watch.c: the supervisor, seen from outside --- */

struct usage {
	long fds, rss_kib, anonymous_kib, shared_kib, threads;
};

struct tree_seen {
	unsigned actors, running; /* of the members */
	unsigned long restarts;	  /* of all of them so far */
	long waiting;		  /* messages in their mailboxes */
	pid_t pids[MEMBER_COUNT];
};

bool watch_start(struct driver *driver);
/* SIGTERM; complains unless it ends in time, with 0, and leaves nothing and nobody behind. */
void watch_stop(struct driver *driver);
/* It lives, and has not been found stuck. */
bool watch_is_alive(struct driver *driver);
/* Asks it for its status: complains if it gives none. May take as long as the command's own limit. */
void watch_check_answer(struct driver *driver);
struct usage watch_usage(const struct driver *driver);
/* The supervisor's children, zombies among them. */
size_t watch_children(const struct driver *driver, pid_t *ret_pids, size_t max);
/* A process's state, as /proc has it ('Z': a zombie); '?': it is gone. */
char watch_state_of(pid_t pid);
/* Asks `tractor status`. False: it gave none. */
bool watch_status(const struct driver *driver, struct tree_seen *ret_seen);
/* Waits until all run, nothing waits and the senders rest. Complains and shows the tree if that doesn't come. */
bool watch_rest(struct driver *driver, const char *when);
/* At rest: its children are its actors, and none is a zombie. */
void watch_check_children(struct driver *driver, const char *when);
/* Any sender that is in an ask far beyond its limit. */
void watch_check_asks(struct driver *driver);
/* Into the evidence: its fds, the tree, its events. */
void watch_save(const struct driver *driver, const char *name);

/* --- nemesis.c --- */

struct nemesis;

struct nemesis *nemesis_new(struct driver *driver);
/* Until `kills` more strikes have gone home, or until `until_ns`. */
void nemesis_rage(struct nemesis *nemesis, unsigned kills, uint64_t until_ns);
unsigned nemesis_kills(const struct nemesis *nemesis);
void nemesis_print(const struct nemesis *nemesis);
void nemesis_free(struct nemesis *nemesis);

/* --- verdict.c --- */

/* Reads the crash reports and the ledgers, prints what was measured, and complains of all that must not be. */
void verdict(struct driver *driver);

#endif
