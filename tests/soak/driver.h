/*
 * driver.h: the soak's driver, by file. It starts `tractor run soak.yaml`, does harm to its actors and to its supervisor from outside, watches them through /proc and `tractor status`,
 * and whenever it rests holds what the senders know against what the receivers saw.
 */
#ifndef TRACTOR_TESTS_SOAK_DRIVER_H
#define TRACTOR_TESTS_SOAK_DRIVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ledger.h"
#include "ways.h"

#define CHILDREN_MAX 64		/* that the supervisor may have at a time; it has MEMBER_COUNT at rest */
#define SUPERVISOR MEMBER_COUNT /* where a victim is named, and it is none of the members */

struct driver {
	uint64_t seed;
	unsigned kills;	    /* to be done in all; 0: as many as there is time for */
	unsigned seconds;   /* of storms and rests; 0: as long as it takes */
	unsigned pause_ms;  /* between two strikes, on average */
	unsigned scale;	    /* on every deadline */
	const char *folder; /* the evidence */
	const char *tree_file;
	unsigned weights[WAY_COUNT];
	const char *weights_text; /* as they were given; NULL: they are the defaults */
	pid_t supervisor;
	bool stuck; /* the supervisor lives and does not answer: there is nothing left to be measured */
	struct board *board;
	struct ledger *ledgers[MEMBER_COUNT];
	struct bound *bound;
	struct taken *taken;
	struct account *account;
	unsigned complaints;
};

/* What is wrong, on standard output; the run has failed, and goes on if it can. */
void complain(struct driver *driver, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sleep_ms(int64_t ms);
/* A deadline, stretched as all of them. */
uint64_t until_ns_of(const struct driver *driver, unsigned ms);

/* --- watch.c: the supervisor, seen from outside --- */

struct usage {
	long fds, rss_kib, anonymous_kib, shared_kib, threads;
};

struct tree_seen {
	unsigned actors, running; /* of the members */
	unsigned long restarts;	  /* of all of them so far */
	long waiting;		  /* messages in their mailboxes */
	struct member_seen {
		pid_t pid;
		long waiting;
		char state[16], why[160];
	} members[MEMBER_COUNT];
};

bool watch_start(struct driver *driver);
/* SIGTERM; complains unless it ends in time, with 0, and leaves nothing and nobody behind. */
void watch_stop(struct driver *driver);
/* It lives, and has not been found stuck. */
bool watch_is_alive(struct driver *driver);
/* Asks it for its status: complains if it gives none. May take as long as the command's own limit. */
void watch_check_answer(struct driver *driver);
struct usage watch_usage(const struct driver *driver);
/* How many fds a process has, and how much memory of its own. 0: it is gone. */
long watch_fds(pid_t pid);
unsigned long watch_data_kib(pid_t pid);
/* The supervisor's children, zombies among them. */
size_t watch_children(const struct driver *driver, pid_t *ret_pids, size_t max);
/* A process's state, as /proc has it ('Z': a zombie); '?': it is gone. */
char watch_state_of(pid_t pid);
/* What `tractor -t soak ...` prints, which is JSON. NULL: it printed something else, or failed. */
json_t *watch_command(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Asks `tractor status`. False: it gave none. */
bool watch_status(struct tree_seen *ret_seen);
/* Any sender that is in an ask far beyond its limit. */
void watch_check_asks(struct driver *driver);
/* Into the evidence: its fds, the tree, its events. */
void watch_save(const struct driver *driver, const char *name);

/* --- rest.c --- */

/*
 * Waits until the tree is whole: all run and answer an ask, nothing waits, the senders rest, nobody is short of anything, and the supervisor's children are its actors. Complains of what is
 * not well if that doesn't come in time.
 */
bool rest_whole(struct driver *driver, const char *when);

/* --- bound.c: how many faults at a time --- */

struct ill;

/* Asks the running tree what it is built for. NULL: it doesn't say. */
struct bound *bound_new(struct driver *driver);
void bound_free(struct bound *bound);
/* Whether one more is within what the tree is built for. */
bool bound_allows(const struct bound *bound, unsigned who, const struct way *way);
/* Before the strike. `way` says whether the process may survive it. NULL: it knows of no more. */
struct ill *bound_struck(struct bound *bound, unsigned who, pid_t pid, const struct way *way);
/* The strike hit nobody. */
void bound_missed(struct ill *ill);
/* Whoever was hindered has back what was taken; now it must show that it lives. */
void bound_released(struct bound *bound, struct ill *ill);
/* Looks who has recovered. */
void bound_look(struct bound *bound);
/* At rest, when all have answered: what was planted and has not struck is withdrawn, and all are well. */
void bound_withdraw(struct bound *bound);
void bound_all_well(struct bound *bound);
/* All that was done to that process in this storm, a bit (1 << enum deed) for each. */
unsigned bound_deeds(const struct bound *bound, pid_t pid);
/* Before a storm: whoever has come through the one before has no excuse left. */
void bound_forget_deeds(struct bound *bound);

/* --- taken.c: what is taken from a process for a while --- */

/* Reads what actors and the supervisor have when nobody takes anything from them. NULL: it can't. */
struct taken *taken_new(struct driver *driver);
void taken_free(struct taken *taken);
/* Takes the pidfd. False: it is gone, or that was taken from it already, or too much is taken at the moment. */
bool taken_take(
	struct taken *taken, const struct way *way, pid_t pid, int pidfd, struct ill *ill, uint64_t random);
/* Gives back what is due, or all; and lets those that run a tenth of the time begin or end their turn. */
void taken_turn(struct taken *taken, bool all);
/* When there is something to do next; UINT64_MAX: nothing is taken. */
uint64_t taken_next_ns(const struct taken *taken);
/* Whether something is taken from the supervisor. */
bool taken_has_supervisor(const struct taken *taken);
/* Complains of everybody who has less than before. */
void taken_check(struct taken *taken, const char *when);

/* --- nemesis.c --- */

struct nemesis;

struct nemesis *nemesis_new(struct driver *driver);
/* Until `kills` more strikes have gone home, or until `until_ns`. Then it gives everything back. */
void nemesis_rage(struct nemesis *nemesis, unsigned kills, uint64_t until_ns);

struct toll {
	unsigned kills, hindered; /* for good, and for a while */
	unsigned planted;	  /* faults, which most die of */
	unsigned held_back;	  /* one more would have been too many at a time */
	unsigned missed;	  /* they found nobody */
};

struct toll nemesis_toll(const struct nemesis *nemesis);
void nemesis_print(const struct nemesis *nemesis);
void nemesis_free(struct nemesis *nemesis);

/* --- verdict.c --- */

struct account *verdict_new(void);
void verdict_free(struct account *account);
struct sum {
	unsigned long accepted, answered, deaths; /* so far */
	unsigned long excused;			  /* tells that were in hand at a crash */
	unsigned long wrong; /* messages lost, doubled, or handled though they were refused */
};

/* At rest: reads the crash reports and the ledgers, as far as they are new, and complains of all that must not be. */
struct sum verdict_look(struct driver *driver);
/* At the end: prints what was measured. */
void verdict(struct driver *driver);

#endif
