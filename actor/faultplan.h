/*
 * faultplan.h: the faults that an actor can be made to have, and where: one table for both ends. The supervisor knows the words and sends the numbers; the actor's library carries out what it was
 * told, so a fault happens at exactly the message that was named, and is as real as one of the actor's own.
 */
#ifndef TRACTOR_ACTOR_FAULTPLAN_H
#define TRACTOR_ACTOR_FAULTPLAN_H

#include <tractor/protocol.h>

/* X(constant, word, least, most): with `most` above 0 the word has a number behind it: exit:3. */
#define TRI_FAULTS(X)                                                                                    \
	X(TRI_FAULT_SEGV, "segv", 0, 0)	      /* stores through a null pointer */                        \
	X(TRI_FAULT_ABORT, "abort", 0, 0)     /* abort() */                                              \
	X(TRI_FAULT_PANIC, "panic", 0, 0)     /* tractor_panic() */                                      \
	X(TRI_FAULT_EXIT, "exit", 0, 255)     /* exit(N) */                                              \
	X(TRI_FAULT_FAIL, "fail", 0, 0)	      /* on_start or the handler is not run: TRACTOR_EREFUSED */ \
	X(TRI_FAULT_HANG, "hang", 0, 0)	      /* sleeps for ever */                                      \
	X(TRI_FAULT_BUSY, "busy", 0, 0)	      /* computes for ever */                                    \
	X(TRI_FAULT_SLOW, "slow", 1, 3600000) /* sleeps N ms, and goes on */                             \
	X(TRI_FAULT_OOM, "oom", 0, 0)	      /* gets no more memory from now on (RLIMIT_AS) */          \
	X(TRI_FAULT_STACK_OVERFLOW, "stack_overflow", 0, 0)   /* calls itself until the stack is full */ \
	X(TRI_FAULT_HEAP_CORRUPTION, "heap_corruption", 0, 0) /* frees twice */                          \
	X(TRI_FAULT_FD_LEAK, "fd_leak", 1, 1000000)	      /* opens N fds, and forgets them */        \
	X(TRI_FAULT_FLOOD, "flood", 1, 10000000)	      /* prints N lines */                       \
	X(TRI_FAULT_GARBAGE, "garbage", 0, 0)		      /* sends what is no frame over its link */ \
	X(TRI_FAULT_SIGNAL, "SIGNAL", 0, 0)		      /* raises any signal, by its name */       \
	X(TRI_FAULT_KILL, "kill", 0, 0)			      /* from outside: SIGKILL */                \
	X(TRI_FAULT_STOP, "stop", 0, 0)			      /* from outside: SIGSTOP */

enum tri_fault_kind {
#define TRI_FAULT_CONSTANT(constant, word, least, most) constant,
	TRI_FAULTS(TRI_FAULT_CONSTANT)
#undef TRI_FAULT_CONSTANT
		TRI_FAULT_KINDS
};

enum tri_fault_place {
	TRI_AT_ONCE,   /* between two messages */
	TRI_AT_BEFORE, /* the message is in hand, its handler has not begun */
	TRI_AT_AFTER,  /* its handler has returned, and nothing of that counts yet */
	TRI_AT_REPLY, /* it counts, unless the answer itself makes it count, and what it sends has not gone out */
	TRI_AT_START,	  /* before on_start */
	TRI_AT_STOP,	  /* before on_stop */
	TRI_AT_FAILPOINT, /* at a tractor_failpoint() of the actor's own */
	TRI_AT_NEVER,	  /* no fault: the one of that id, if it waits still, is forgotten */
	TRI_FAULT_PLACES
};

#define TRI_PLANNED_MAX 8 /* faults that wait in one process */

/* One fault: at the count-th time that it comes to that place, once; or with a probability, each time. */
#define TRI_PLANNED(FIELD)                                              \
	FIELD(uint8, fault)    /* enum tri_fault_kind */                \
	FIELD(uint8, place)    /* enum tri_fault_place */               \
	FIELD(int64, number)   /* of exit:N and its like; the signal */ \
	FIELD(uint64, message) /* fingerprint; 0: any */                \
	FIELD(str, failpoint)                                           \
	FIELD(uint64, count)                                            \
	FIELD(double, probability) /* 0: by count */                    \
	FIELD(uint64, seed)                                             \
	FIELD(uint64, id) /* by which it can be forgotten; 0: it can't */
TRACTOR_RECORD(tri_planned, TRI_PLANNED);

#endif
