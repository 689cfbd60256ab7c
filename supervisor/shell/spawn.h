/* spawn.h: starting a process: clone, a clean slate, exec. */
#ifndef TRACTOR_SUPERVISOR_SHELL_SPAWN_H
#define TRACTOR_SUPERVISOR_SHELL_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <tractor/error.h>

#define SPAWN_FDS_MAX 10

/* Low numbers of fds, set aside: see spawn.c. All zero: none are. */
struct spawn_pad {
	int fds[SPAWN_FDS_MAX]; /* /dev/null, but for the moment of a start; the last stays it */
	int end;		/* above them all; 0: there are none */
};

/* To be opened before there are many fds. If it can't be had, starts take longer the more there are. */
void spawn_pad_open(struct spawn_pad *pad);
void spawn_pad_close(struct spawn_pad *pad);

/* Everything is made before and belongs to the caller. */
struct spawn_plan {
	const char *path;	/* absolute */
	char *const *argv;	/* NULL-terminated */
	char *const *envp;	/* NULL-terminated */
	const char *directory;	/* to change into; NULL: the parent's */
	int fds[SPAWN_FDS_MAX]; /* fds[i] becomes the child's fd i; -1: /dev/null. All others are closed */
	int fd_count;
	bool keeps_group; /* it stays in the parent's process group, so that it may read from its terminal */
	const struct rlimit *files;  /* its limit of open fds; NULL: the parent's */
	const struct spawn_pad *pad; /* nobody else uses it meanwhile; NULL: none */
};

struct spawned {
	pid_t pid;
	int pidfd; /* CLOEXEC; the truth about its life */
};

/*
 * Starts it: a process group of its own, signals reset and unblocked, SIGKILL when this thread ends, no new privileges, no fd beyond the plan.
 * Returns when exec has succeeded or failed: a fraction of a millisecond, a second at most. Call it from a thread that lives as long as the children should.
 *
 * TRACTOR_ESTART: the program can't be executed (tractor_why() has the reason and the path), or something else that trying again won't help until somebody mends it.
 * TRACTOR_ESYSTEM: the host is short of processes, fds or memory (see host_refused()). TRACTOR_ETIMEDOUT: it did not come to execute it in time. Either may work later. Nothing is left behind in any case.
 */
tractor_err spawn_start(const struct spawn_plan *plan, struct spawned *ret_spawned);

/* A signal to one that is not reaped yet. Where its pidfd is not allowed (by a filter, say) or is -1, by its number, which until then is nobody else's. */
void spawn_signal(const struct spawned *spawned, int signal);

/* Reaps it if it has ended: 1, or -1 with errno. 0: it lives; or it is dead, as its pidfd says, and somebody traces it who has to hear of that first: then it is one for corpses_add(). */
int spawn_reap(const struct spawned *spawned, siginfo_t *ret_info, struct rusage *ret_usage);

/* Kills it, reaps it and closes its pidfd. Blocks for the moment that a SIGKILL takes. */
void spawn_end(const struct spawned *spawned);

#endif
