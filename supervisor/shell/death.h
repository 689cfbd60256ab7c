/* death.h: a death, and from the pidfd to the core. */
#ifndef TRACTOR_SUPERVISOR_SHELL_DEATH_H
#define TRACTOR_SUPERVISOR_SHELL_DEATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include <tractor/crash.h>

#include "blackbox.h"
#include "lost.h"
#include "payload.h"
#include "tree.h"

struct slot;

/* What the wait status and the black box say of a death. */
struct death {
	enum node_end end;
	bool panicked;
	enum tractor_cause cause;
	int signal;	 /* 0: none */
	int code;	 /* si_code, or the exit code */
	const char *oom; /* why a SIGKILL is taken for the kernel's, for want of memory; NULL: it isn't */
	struct rusage usage;
	int64_t time_ms;
	char text[TRI_TEXT_BYTES]; /* panic text, or why it didn't start; "" */
	char where[256];	   /* of a panic: "file:line"; "" */
	char exit[48];		   /* "SIGSEGV", "exit 3", "normal" */
};

/* A panic as the successor is told of it. */
struct panic {
	struct death death;
	uint32_t incarnation;
	char message[2 * PAYLOAD_NAME_MAX]; /* that was in hand; "": none */
	uint64_t digest, address;
	char report_id[LOST_ID_BYTES]; /* "": none was made */
};

/* Its pidfd is readable. */
void death_noticed(void *slot, uint32_t epoll_events);
/* It never came to be a process, by its own fault: what tractor_why() says, as a death. */
void death_unborn(struct slot *slot);
/* It never came to be a process, since the host is short of something: for a restart that is no death, and nothing is forgotten of the one before. */
void death_refused(struct slot *slot, const char *why);
/* Everything it had sent is taken, or the wait for it is over. */
void death_drained(void *slot);
/* The policy has spoken. */
void death_judged(struct slot *slot, struct tractor_verdict verdict);

#endif
