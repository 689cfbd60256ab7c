/*
 * tractor/crash.h: what is known of a panic, and who has a say in what follows.
 *
 * A panic is a process that died when nobody had asked it to. The supervisor calls the runtime's CrashPolicy once for each, after it has read what the dead
 * process left behind and before it restarts anything.
 */
#ifndef TRACTOR_CRASH_H
#define TRACTOR_CRASH_H

#include <stdint.h>
#include <sys/types.h>

#include <tractor/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A panic, as the policy sees it. Everything that it points at is valid during the call only. Strings are never NULL unless said. */
struct tractor_crash {
	const char *id;		     /* of the report: `tractor crashes show ID`; "": no memory for one */
	const char *path;	     /* "/shop/db" */
	uint32_t incarnation;	     /* the one that died; 1 is the first */
	pid_t pid;		     /* 0: there never was a process */
	int64_t time_ms;	     /* since the epoch */
	enum tractor_cause cause;    /* see <tractor/error.h> */
	int signal;		     /* 0: none */
	int code;		     /* the signal's si_code, or the exit code */
	uint64_t fault_address;	     /* 0: none, or NULL was touched */
	const char *panic_text;	     /* of tractor_panic(); why it didn't start; "" */
	const char *message;	     /* in hand: "counter.increment"; NULL: none */
	const char *sender;	     /* of it: a path; NULL: none, or a program */
	uint64_t digest;	     /* of the message in hand: equal for equal messages; 0: none */
	unsigned restarts;	     /* of this actor so far */
	unsigned restarts_in_window; /* of its supervisor, within its period, without what is decided now */
	unsigned intensity;	     /* as many are allowed */
	const char *
		planned; /* what follows without a policy: "restart", "restart_all", "restart_rest", "stop", "escalate" */
};

/* What a policy can say: X(constant, word). */
#define TRACTOR_VERDICTS(X)                                                                                 \
	X(TRACTOR_VERDICT_DEFAULT, "default") /* what is planned */                                         \
	X(TRACTOR_VERDICT_RESTART,                                                                          \
		"restart") /* also where the actor's restart type would not; counts against intensity */    \
	X(TRACTOR_VERDICT_RESTART_AFTER, "restart_after") /* the same, in after_ms */                       \
	X(TRACTOR_VERDICT_STOP, "stop")			  /* it stays stopped; its siblings don't notice */ \
	X(TRACTOR_VERDICT_ESCALATE, "escalate")		  /* its supervisor gives up now */

enum tractor_verdict_kind {
#define TRI_VERDICT_CONSTANT(constant, word) constant,
	TRACTOR_VERDICTS(TRI_VERDICT_CONSTANT)
#undef TRI_VERDICT_CONSTANT
};

TRACTOR_API const char *tractor_verdict_name(enum tractor_verdict_kind kind);

struct tractor_verdict {
	enum tractor_verdict_kind kind;
	int64_t after_ms; /* RESTART_AFTER only; 0 or more */
};

/*
 * A policy. on_crash runs in the runtime's thread, between a death and the restart: it must not block and must not call the runtime. `self` is passed
 * through. Both must live as long as the runtime.
 *
 * A plugin (`crash_policy: {plugin: /abs/path.so}`) exports one of these under the name `tractor_crash_policy`; it runs inside the supervisor, and
 * what it breaks there is the whole tree.
 */
struct tractor_crash_policy {
	void *self;
	struct tractor_verdict (*on_crash)(void *self, const struct tractor_crash *crash);
};

#ifdef __cplusplus
}
#endif
#endif
