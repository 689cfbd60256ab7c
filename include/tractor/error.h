/*
 * tractor/error.h: what can go wrong, for actors, callers and the runtime alike.
 *
 * Every function that can fail returns a tractor_err; TRACTOR_OK is 0. Outputs come last and are untouched on failure.
 */
#ifndef TRACTOR_ERROR_H
#define TRACTOR_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what the libraries export; they are compiled with everything else hidden. */
#define TRACTOR_API __attribute__((visibility("default")))

/* The one list: X(constant, number, text). The numbers go over the wire and never change. */
#define TRACTOR_ERRORS(X)                                                                   \
	X(TRACTOR_OK, 0, "no error")                                                        \
	X(TRACTOR_ENOACTOR, 1, "no such actor ever existed")                                \
	X(TRACTOR_ESTOPPED, 2, "the actor is gone for good")                                \
	X(TRACTOR_ECRASHED, 3, "the actor died with this in hand")                          \
	X(TRACTOR_EUNREACHABLE, 4, "the actor's node cannot be reached")                    \
	X(TRACTOR_EFULL, 5, "this sender's share of the mailbox is full")                   \
	X(TRACTOR_ETIMEDOUT, 6, "the deadline passed")                                      \
	X(TRACTOR_EDEADLOCK, 7, "it would wait for itself")                                 \
	X(TRACTOR_EREFUSED, 8, "the handler refused")                                       \
	X(TRACTOR_EPROTOCOL, 9, "the two sides were built from different protocol headers") \
	X(TRACTOR_EBADMSG, 10, "malformed message")                                         \
	X(TRACTOR_EINVAL, 11, "invalid argument")                                           \
	X(TRACTOR_ENOMEM, 12, "out of memory")                                              \
	X(TRACTOR_ECLOSED, 13, "the runtime is stopping")                                   \
	X(TRACTOR_ESYSTEM, 14, "the operating system refused")                              \
	X(TRACTOR_ESTART, 15, "the actor did not start")                                    \
	X(TRACTOR_EEXIST, 16, "the name is taken")                                          \
	X(TRACTOR_IGNORE, 17, "not needed here")                                            \
	X(TRACTOR_EPRESENT, 18, "a stopped child has that name")                            \
	X(TRACTOR_ERUNNING, 19, "the child is running")                                     \
	X(TRACTOR_ERESTARTING, 20, "the child is being restarted")

typedef enum tractor_err {
#define TRI_ERROR_CONSTANT(constant, number, text) constant = number,
	TRACTOR_ERRORS(TRI_ERROR_CONSTANT)
#undef TRI_ERROR_CONSTANT
} tractor_err;

/*
 * How an incarnation can die other than in order: X(constant, word). The words are those of crash reports ("cause").
 * The numbers go over the wire and into reports and never change.
 */
#define TRACTOR_CAUSES(X)                                                                                   \
	X(TRACTOR_CAUSE_NONE, 0, "none")     /* it did not die */                                           \
	X(TRACTOR_CAUSE_SIGNAL, 1, "signal") /* a fatal signal, stack overflow too */                       \
	X(TRACTOR_CAUSE_EXIT, 2, "exit")     /* exit() in a handler, or a code not 0 */                     \
	X(TRACTOR_CAUSE_PANIC, 3, "panic")   /* tractor_panic(), tractor_assert() */                        \
	X(TRACTOR_CAUSE_DEADLINE, 4,                                                                        \
		"deadline")		     /* a handler overran handler_timeout or handler_cpu_timeout */ \
	X(TRACTOR_CAUSE_OOM, 5, "oom")	     /* the kernel's out-of-memory killer */                        \
	X(TRACTOR_CAUSE_KILLED, 6, "killed") /* somebody's SIGKILL */                                       \
	X(TRACTOR_CAUSE_PROTOCOL_VIOLATION, 7, "protocol_violation") /* it sent what no actor may send */   \
	X(TRACTOR_CAUSE_START, 8, "start")			     /* it never became ready */

enum tractor_cause {
#define TRI_CAUSE_CONSTANT(constant, number, word) constant = number,
	TRACTOR_CAUSES(TRI_CAUSE_CONSTANT)
#undef TRI_CAUSE_CONSTANT
};

/* The cause's word ("deadline"); static, never NULL. A number that is none of ours gives "?". */
TRACTOR_API const char *tractor_cause_name(enum tractor_cause cause);

/* The constant's name ("TRACTOR_EFULL"); static, never NULL. A number that is none of ours gives "TRACTOR_E?". */
TRACTOR_API const char *tractor_err_name(tractor_err err);

/* One line in words ("the deadline passed"); static, never NULL. */
TRACTOR_API const char *tractor_err_text(tractor_err err);

/*
 * What went wrong in the last tractor call of this thread that failed, in a full sentence where there is more to say than
 * tractor_err_text() (which file, which line, what to do). Owned by the thread, valid until its next tractor call.
 */
TRACTOR_API const char *tractor_why(void);

/*
 * Gives `err` back and makes the formatted sentence (printf; without full stop or newline) what tractor_why() says. In a handler or hook:
 * `return tractor_fail(TRACTOR_EREFUSED, "%s is sold out", msg->item);` and the asker, the log or the one who started the actor has the reason. The arguments may
 * be the current tractor_why() itself. Long sentences are cut.
 */
TRACTOR_API tractor_err tractor_fail(tractor_err err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
