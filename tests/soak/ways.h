/* ways.h: what the nemesis may do to a process, and how often. */
#ifndef TRACTOR_TESTS_SOAK_WAYS_H
#define TRACTOR_TESTS_SOAK_WAYS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum deed {
	DEED_SIGNAL, /* one that ends it */
	DEED_FAULT,  /* a fault of its own, when it next has a message in hand */
	DEED_STOP,   /* SIGSTOP, and `signal` a while later */
	DEED_CPU,    /* for a while it runs a tenth of the time */
	DEED_FDS,    /* for a while it gets next to no fd */
	DEED_MEMORY, /* for a while it gets next to no memory */
};

/*
 * All of them, with their default weights. One that has the supervisor for its victim is limited by more than its weight: see bound.c.
 * X(constant, word, deed, signal, victim is the supervisor, weight)
 */
#define WAYS(X)                                                            \
	X(KILL, "kill", DEED_SIGNAL, SIGKILL, false, 26)                   \
	X(SEGV, "segv", DEED_SIGNAL, SIGSEGV, false, 8)                    \
	X(ABRT, "abrt", DEED_SIGNAL, SIGABRT, false, 8)                    \
	X(BUS, "bus", DEED_SIGNAL, SIGBUS, false, 4)                       \
	X(FPE, "fpe", DEED_SIGNAL, SIGFPE, false, 4)                       \
	X(ILL, "ill", DEED_SIGNAL, SIGILL, false, 4)                       \
	X(TERM, "term", DEED_SIGNAL, SIGTERM, false, 10)                   \
	X(QUIT, "quit", DEED_SIGNAL, SIGQUIT, false, 3)                    \
	X(TRAP, "trap", DEED_SIGNAL, SIGTRAP, false, 2)                    \
	X(SYS, "sys", DEED_SIGNAL, SIGSYS, false, 2)                       \
	X(HUP, "hup", DEED_SIGNAL, SIGHUP, false, 2)                       \
	X(INT, "int", DEED_SIGNAL, SIGINT, false, 2)                       \
	X(USR1, "usr1", DEED_SIGNAL, SIGUSR1, false, 2)                    \
	X(ALRM, "alrm", DEED_SIGNAL, SIGALRM, false, 1)                    \
	X(XCPU, "xcpu", DEED_SIGNAL, SIGXCPU, false, 1)                    \
	X(FAULT, "fault", DEED_FAULT, 0, false, 10)                        \
	X(STOP_CONT, "stop-cont", DEED_STOP, SIGCONT, false, 5)            \
	X(STOP_KILL, "stop-kill", DEED_STOP, SIGKILL, false, 4)            \
	X(STOP_TERM, "stop-term", DEED_STOP, SIGTERM, false, 2)            \
	X(STARVE_CPU, "starve-cpu", DEED_CPU, SIGCONT, false, 2)           \
	X(STARVE_FDS, "starve-fds", DEED_FDS, 0, false, 2)                 \
	X(STARVE_MEMORY, "starve-memory", DEED_MEMORY, 0, false, 2)        \
	X(SUPERVISOR_STOP, "supervisor-stop", DEED_STOP, SIGCONT, true, 1) \
	X(SUPERVISOR_CPU, "supervisor-cpu", DEED_CPU, SIGCONT, true, 1)    \
	X(SUPERVISOR_FDS, "supervisor-fds", DEED_FDS, 0, true, 1)          \
	X(SUPERVISOR_MEMORY, "supervisor-memory", DEED_MEMORY, 0, true, 4)

enum way_id {
#define WAY_CONSTANT(constant, word, deed, signal, to_supervisor, weight) WAY_##constant,
	WAYS(WAY_CONSTANT)
#undef WAY_CONSTANT
		WAY_COUNT
};

struct way {
	const char *word;
	enum deed deed;
	int signal;
	bool to_supervisor;
	unsigned weight;
};

extern const struct way ways[WAY_COUNT];

/* It ends the process, at once or a little later; else it only hinders it for a while. */
bool way_kills(const struct way *way);

void ways_default(unsigned *ret_weights);

/*
 * "all=0,kill=26,starve=5", item by item: a word names one way, or all whose words begin with it and a hyphen, or "all". Those that are not named keep their weight. False: it is wrong,
 * and standard error has how.
 */
bool ways_weigh(const char *text, unsigned *weights);

/* The one that a random number means. At least one must have a weight. */
const struct way *ways_choose(const unsigned *weights, uint64_t random);

#endif
