/*
 * tractor/actor.h: how an actor is written. An actor is a process that owns its state, handles one message at
 * a time, and talks by the typed messages of its protocols (<tractor/protocol.h>) with the verbs of
 * <tractor/verbs.h>. All of one:
 *
 *	#include <tractor/actor.h>
 *	#include "counter.h"
 *
 *	struct counter { int64_t total; };
 *	#define TRACTOR_STATE struct counter
 *	TRACTOR_SERVE(counter, COUNTER_PROTOCOL);
 *
 *	static tractor_err
 *	counter_on_increment(struct counter *self, tractor_ctx *ctx, const struct counter_increment *msg)
 *	{
 *		self->total += msg->by;
 *		return TRACTOR_OK;
 *	}
 *
 *	static tractor_err
 *	counter_on_get(struct counter *self, tractor_ctx *ctx, const struct counter_get *msg,
 *		struct counter_total *reply)
 *	{
 *		reply->total = self->total;
 *		return TRACTOR_OK;
 *	}
 *
 *	TRACTOR_MAIN(counter, .serves = TRACTOR_SERVES(counter));
 *
 * Errors are values: a handler that returns one has handled its message, and the actor goes on. A panic
 * (tractor_panic(), a failed tractor_assert(), a fatal signal, exit() in a handler, a handler over its
 * deadline) ends the process; the supervisor starts the next incarnation, which has the same address, mailbox
 * and path.
 *
 * A handler blocks in tractor_ask(), tractor_await() and tractor_select() only, or in calls of its own; stop
 * and deadlines reach it in the former.
 *
 * C only. An actor whose code is C++ has its handlers in a C file, and calls from there.
 */
#ifndef TRACTOR_ACTOR_H
#define TRACTOR_ACTOR_H

#include <tractor/verbs.h>

/* ---- What hooks are told ---- */

/* How the incarnation before this one died, for on_panic. Strings live until the hook returns. */
struct tractor_panic {
	enum tractor_cause cause;
	int signal;		/* that ended it: of CAUSE_PANIC it is SIGABRT; 0: none did */
	int code;		/* CAUSE_EXIT: the exit code; CAUSE_SIGNAL: si_code */
	uint64_t fault_address; /* SIGSEGV, SIGBUS, SIGFPE, SIGILL: where; else 0 */
	const char *text;	/* the panic's or assertion's text with file and line; else "" */
	uint32_t incarnation;	/* which one died */
	const char *message;	/* what it had in hand, "counter.increment"; NULL: nothing */
	uint64_t digest;	/* of that message's bytes, to know it again if it kills twice; 0: nothing */
};

/* What becomes of the state after a panic. */
enum tractor_flow {
	TRACTOR_FLOW_STOP,    /* a clean start: state all zero, on_start runs */
	TRACTOR_FLOW_CONTINUE /* go on with the last whole state, without on_start; STOP if not durable */
};

/* An end of an actor that is monitored, for on_down. Strings live until the hook returns. */
struct tractor_down {
	struct tractor_address who; /* compare with ref.at */
	const char *path;	    /* "/shop/counter" */
	uint32_t incarnation;	    /* which one ended */
	const char *reason;	    /* in words: "normal", "shutdown", "SIGSEGV", "panic: ..." */
	bool final;		    /* no successor will come: it is TRACTOR_ESTOPPED from now on */
};

/* ---- Only in an actor ----
 *
 * These take the ctx of a handler or hook. In a program's own port there is no actor to speak of:
 * TRACTOR_EINVAL, NULL or 0.
 */

/* How much a log line matters. */
enum tractor_level { TRACTOR_DEBUG, TRACTOR_INFO, TRACTOR_WARNING, TRACTOR_ERROR };

/* What tractor_select() waits for. Made by TRACTOR_INBOX and its like; a list ends in TRACTOR_SOURCE_END. */
enum tractor_source_kind {
	TRACTOR_SOURCE_END,
	TRACTOR_SOURCE_INBOX,
	TRACTOR_SOURCE_AFTER,
	TRACTOR_SOURCE_READABLE,
	TRACTOR_SOURCE_WRITABLE,
	TRACTOR_SOURCE_FUTURE
};

struct tractor_source {
	enum tractor_source_kind kind;
	int fd;				     /* READABLE, WRITABLE */
	int64_t after_ms;		     /* AFTER */
	const struct tractor_future *future; /* FUTURE */
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Waits until one of `sources` is ready and returns its index from 0; where several are, the first of them. A
 * negative number: the actor is being stopped, so return from the step. Nothing is taken from a source: a
 * message stays in the mailbox until tractor_dispatch(), a reply in its future until tractor_await(), and
 * neither is lost if another source wins. `sources` end in TRACTOR_SOURCE_END. In C: tractor_select().
 * Without any source it waits for the stop. A closed or bad fd counts as ready, so that using it tells.
 * Caller's bug: calling it while a message is in hand with TRACTOR_SOURCE_INBOX (in a handler); that source
 * then never becomes ready.
 */
TRACTOR_API int tractor_select_from(tractor_ctx *ctx, const struct tractor_source *sources);

/*
 * Takes the next message from the mailbox and runs its handler; what the handler returned has gone to the
 * asker or the log. To be called from a step when tractor_select() gave TRACTOR_INBOX; waits for a message if
 * there is none.
 *   TRACTOR_ECLOSED  the actor is being stopped
 *   TRACTOR_EINVAL   a message is in hand already
 */
TRACTOR_API tractor_err tractor_dispatch(tractor_ctx *ctx);

/*
 * The value of the argument `name` from the tree file or tractor_spawn(); `fallback` (may be NULL) if it
 * has none. Lives as long as the process.
 */
TRACTOR_API const char *tractor_arg(tractor_ctx *ctx, const char *name, const char *fallback);

/*
 * A place at which a fault can be injected, for tests of what the actor leaves behind if it ends right there: `tractor inject PATH segv --at failpoint:NAME`. Without one planned it
 * is a load and a branch. In a port nothing ever happens.
 */
TRACTOR_API void tractor_failpoint(tractor_ctx *ctx, const char *name);

/*
 * Writes one line to the actor's standard error, which the supervisor prefixes with its path. A printf format
 * without the newline. TRACTOR_DEBUG lines only appear with TRACTOR_DEBUG=1 in the actor's environment. Never
 * fails, and never waits for long: the supervisor empties the pipe. Works in every ctx.
 */
TRACTOR_API void tractor_log(tractor_ctx *ctx, enum tractor_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * `size` bytes (0 is fine), zeroed, aligned for anything, that are freed when the handler or hook returns:
 * what a reply or a tell points to can be built there. NULL: out of memory.
 */
TRACTOR_API void *tractor_alloc(tractor_ctx *ctx, size_t size_bytes);

/* A formatted string, allocated likewise. NULL: out of memory, or a bad format. */
TRACTOR_API char *tractor_format(tractor_ctx *ctx, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* This actor's path ("/shop/counter"); lives as long as the process. */
TRACTOR_API const char *tractor_path(tractor_ctx *ctx);

/* Which incarnation this is: 1 for the first process in this slot, then 2, 3, ... */
TRACTOR_API uint32_t tractor_incarnation(tractor_ctx *ctx);

/*
 * Who sent the message in hand: known from the channel it came by, not from what it says. All zero: no
 * message in hand, or sent from outside the tree.
 */
TRACTOR_API struct tractor_address tractor_sender(tractor_ctx *ctx);

/* This actor's own address. In C: tractor_self(ctx, protocol), which is typed. */
TRACTOR_API struct tractor_address tractor_address_of(tractor_ctx *ctx);

/*
 * This actor's work is done: after the present handler or hook it stops in order (on_stop, then the end).
 * With a reason that is OTP's {shutdown, reason}: a transient actor is not started again, a permanent one is.
 * NULL: the end counts as normal, which is the same to all rules. What is left in the mailbox waits for the
 * successor, or is answered with TRACTOR_ESTOPPED if there is none.
 *   TRACTOR_EINVAL  not in an actor
 */
TRACTOR_API tractor_err tractor_finish(tractor_ctx *ctx, const char *reason);

/* Behind tractor_panic() and tractor_assert(). */
TRACTOR_API void tri_panic(tractor_ctx *ctx, const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 4, 5)));
TRACTOR_API void tri_panic_assert(const char *file, int line, const char *function, const char *expression)
	__attribute__((noreturn));

/* ---- An actor, as the library sees it ---- */

/* A handler without its types. `reply` is all zero when it is called; NULL for a tell. */
typedef tractor_err tractor_handler(void *self, tractor_ctx *ctx, const void *msg, void *reply);

/* A protocol with handlers; TRACTOR_SERVE makes one. */
struct tractor_service {
	const struct tractor_protocol *protocol;
	tractor_handler *const *handlers; /* one per message, in the protocol's order */
};

/*
 * What an actor is made of, without its types; TRACTOR_ACTOR makes the function that gives it. A hook that
 * it does not have is NULL.
 */
struct tractor_behaviour {
	size_t state_bytes;
	bool durable;
	const struct tractor_service *const *serves; /* ends in NULL; NULL: serves nothing */
	tractor_err (*on_start)(void *self, tractor_ctx *ctx);
	tractor_err (*on_stop)(void *self, tractor_ctx *ctx);
	enum tractor_flow (*on_panic)(void *self, tractor_ctx *ctx, const struct tractor_panic *panic);
	tractor_err (*on_down)(void *self, tractor_ctx *ctx, const struct tractor_down *down);
	tractor_err (*step)(void *self, tractor_ctx *ctx);
};

struct tractor_actor {
	const char *name; /* the tree file's `actor:` in a binary with several */
	struct tractor_behaviour (*behaviour)(void);
};

/*
 * Runs, in a process that a supervisor started, the one of `actors` (ends in NULL) that it was started as,
 * and returns its exit code when it has been stopped. Started by hand, it says so on standard error and
 * returns 2. In C: TRACTOR_MAIN, TRACTOR_BINARY.
 */
TRACTOR_API int tractor_actor_main(int argc, char **argv, const struct tractor_actor *const *actors);

/*
 * For a program that is its own actors: the first thing in its main(). In the process that the user started
 * it returns; in one that the runtime started as an actor (`.exec = TRACTOR_SELF`) it runs the actor and
 * exits. `actors` end in NULL. In C: tractor_begin().
 */
TRACTOR_API void tractor_begin_with(int argc, char **argv, const struct tractor_actor *const *actors);

#ifdef __cplusplus
}
#else

/* ---- Verbs that only an actor has ---- */

/*
 * tractor_self(ctx, protocol): this actor's own ref; compiles only where TRACTOR_SERVE(protocol, ...)
 * does. Cannot fail.
 */
#define tractor_self(ctx, protocol) protocol##_self(ctx)

/*
 * tractor_panic(ctx, format, ...): this cannot go on. Leaves the text, with file and line, in the black box
 * and ends the process. For what no message to this actor may ever cause and no caller can answer; else
 * return an error.
 */
#define tractor_panic(ctx, ...) tri_panic((ctx), __FILE__, __LINE__, __VA_ARGS__)

/* tractor_assert(expr): panics unless `expr` is true. Stays on in release; needs no ctx. */
#define tractor_assert(expr) ((expr) ? (void)0 : tri_panic_assert(__FILE__, __LINE__, __func__, #expr))

/*
 * tractor_select(ctx, source, ...): waits for the first of these; see tractor_select_from().
 *
 *	TRACTOR_INBOX             there is a message for tractor_dispatch()
 *	TRACTOR_AFTER(ms)         nothing before it in the list was ready for that long; negative: never
 *	TRACTOR_READABLE(fd)      reading would not block
 *	TRACTOR_WRITABLE(fd)      writing would not block
 *	TRACTOR_FUTURE(&future)   tractor_await() would not block
 */
#define tractor_select(ctx, ...)   \
	tractor_select_from((ctx), \
		(const struct tractor_source[]){ __VA_ARGS__, TRI_SOURCE(TRACTOR_SOURCE_END, .fd = -1) })

#define TRACTOR_INBOX TRI_SOURCE(TRACTOR_SOURCE_INBOX, .fd = -1)
#define TRACTOR_AFTER(ms) TRI_SOURCE(TRACTOR_SOURCE_AFTER, .after_ms = (ms))
#define TRACTOR_READABLE(descriptor) TRI_SOURCE(TRACTOR_SOURCE_READABLE, .fd = (descriptor))
#define TRACTOR_WRITABLE(descriptor) TRI_SOURCE(TRACTOR_SOURCE_WRITABLE, .fd = (descriptor))
#define TRACTOR_FUTURE(awaited) TRI_SOURCE(TRACTOR_SOURCE_FUTURE, .future = &(awaited)->base)

/* tractor_begin(argc, argv, &one_actor, &another_actor): see tractor_begin_with(). */
#define tractor_begin(argc, argv, ...) \
	tractor_begin_with((argc), (argv), (const struct tractor_actor *const[]){ __VA_ARGS__, NULL })

/* ---- Declaring an actor ---- */

/*
 * #define TRACTOR_STATE struct counter: the type of the actor's state, which its handlers and hooks are given
 * as `self`. It is all zero before on_start. The library owns it; of a durable actor's, copies outlive the
 * process, so that pointers and fds in it mean nothing to the next one. An actor without state says
 * `struct tractor_none`. With several actors in one file, #undef and define it anew before each.
 */

/*
 * TRACTOR_SERVE(protocol, TABLE): this actor understands that protocol. Declares one static handler per
 * message, which the file then defines, and tractor_self(ctx, protocol):
 *
 *	TELL   static tractor_err counter_on_increment(TRACTOR_STATE *self, tractor_ctx *ctx,
 *	               const struct counter_increment *msg);
 *	ASK    static tractor_err counter_on_get(TRACTOR_STATE *self, tractor_ctx *ctx,
 *	               const struct counter_get *msg, struct counter_total *reply);
 *
 * `reply` is all zero at first; what it points to must live until the handler returns (tractor_alloc()). An
 * error returned from an ASK is what the asker gets, and from a TELL goes to the log. A handler that is
 * missing is a warning of the compiler and an error of the linker; one whose signature differs is an error of
 * the compiler.
 *
 * The signatures are fixed, so in the rest of the file nobody is warned of unused parameters.
 */
#define TRACTOR_SERVE(protocol, TABLE)                                                   \
	TABLE(TRI_SERVE_TELL, TRI_SERVE_ASK)                                             \
	TRI_INLINE protocol##_ref protocol##_self(tractor_ctx *ctx)                      \
	{                                                                                \
		return (protocol##_ref){ tractor_address_of(ctx) };                      \
	}                                                                                \
	static tractor_handler *const tri_handlers_##protocol[] = {                      \
		TABLE(TRI_HANDLER_TELL, TRI_HANDLER_ASK) NULL,                           \
	};                                                                               \
	static const struct tractor_service protocol##_service = { &protocol##_protocol, \
		tri_handlers_##protocol };                                               \
	_Pragma("GCC diagnostic ignored \"-Wunused-parameter\"") TRI_END

/*
 * TRACTOR_SERVES(a, b, ...): the protocols that one actor serves, 1 to 8 of them, each from a TRACTOR_SERVE.
 */
#define TRACTOR_SERVES(...)                                                                                  \
	((const struct tractor_service *const[]){                                                            \
		TRI_NINTH(__VA_ARGS__, TRI_SERVES_8, TRI_SERVES_7, TRI_SERVES_6, TRI_SERVES_5, TRI_SERVES_4, \
			TRI_SERVES_3, TRI_SERVES_2, TRI_SERVES_1, TRI_SERVES_0)(__VA_ARGS__) NULL })

/*
 * TRACTOR_ACTOR(name, .serves = TRACTOR_SERVES(...), ...): defines `const struct tractor_actor name_actor`.
 * Everything is optional; `self` is TRACTOR_STATE *.
 *
 *	.serves = TRACTOR_SERVES(a, b)
 *
 *	.durable = true
 *		The state survives a crash, in two copies: a handler that does not return leaves the state
 *		from before it. And a handler happens whole or not at all: what it tells (delayed ones too),
 *		forwards and replies is held until it has returned, whatever it returns, and then its state,
 *		its sends and "handled" become true in one step, at whatever moment the process dies. A tell
 *		that is held is TRACTOR_OK at once; where the mailbox is full it waits for room, and the next
 *		handler with it for up to TRACTOR_TELL_DEFAULT_MS; one that cannot be delivered is a dead
 *		letter. What needs an answer at once sends what was held first, and so ends that for this
 *		message: asks, try_ verbs, tractor_spawn(), tractor_stop(), tractor_monitor(),
 *		tractor_cancel(); tractor_find() and tractor_cast() do not. One handler may send 512
 *		messages and 32 MiB, not counting those of 32 KiB and more for which there is memory of their
 *		own: TRACTOR_EFULL. The same holds for on_down; hooks and steps send at once.
 *		With `redeliver: true` in the tree file, each message that was taken over is processed
 *		exactly once, as far as tractor's own effects go, unless it is put in quarantine.
 *
 *	.on_start = f        tractor_err f(self, ctx)
 *		Before the first message; the supervisor waits for it up to start_timeout. An error refuses
 *		to start, with tractor_why() as the reason; TRACTOR_IGNORE says that the actor is not needed.
 *
 *	.on_stop = f         tractor_err f(self, ctx)
 *		The last thing in every incarnation that ends in order, a failed on_start included. An error
 *		goes to the log.
 *
 *	.on_panic = f        enum tractor_flow f(self, ctx, const struct tractor_panic *panic)
 *		The incarnation before this one died. Called before any message, and before on_start, which
 *		only runs if this says STOP. An actor without it always starts clean.
 *
 *	.on_down = f         tractor_err f(self, ctx, const struct tractor_down *down)
 *		An actor that was given to tractor_monitor() ended. An error goes to the log.
 *
 *	.step = f            tractor_err f(self, ctx)
 *		Called again and again, in place of waiting for a message and running its handler. An error
 *		ends the incarnation as a panic would: there is no asker who could be told.
 */
#define TRACTOR_ACTOR(actor, ...)                                                                           \
	struct tri_hooks_##actor {                                                                          \
		const struct tractor_service *const *serves;                                                \
		tractor_err (*on_start)(TRACTOR_STATE * self, tractor_ctx *ctx);                            \
		tractor_err (*on_stop)(TRACTOR_STATE * self, tractor_ctx *ctx);                             \
		enum tractor_flow (*on_panic)(                                                              \
			TRACTOR_STATE * self, tractor_ctx *ctx, const struct tractor_panic *panic);         \
		tractor_err (*on_down)(                                                                     \
			TRACTOR_STATE * self, tractor_ctx *ctx, const struct tractor_down *down);           \
		tractor_err (*step)(TRACTOR_STATE * self, tractor_ctx *ctx);                                \
		bool durable;                                                                               \
	};                                                                                                  \
	_Pragma("GCC diagnostic push")                                                                      \
		_Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"") static const struct        \
		tri_hooks_##actor tri_hooks_##actor = { __VA_ARGS__ };                                      \
	_Pragma("GCC diagnostic pop") static tractor_err tri_on_start_##actor(void *self, tractor_ctx *ctx) \
	{                                                                                                   \
		return tri_hooks_##actor.on_start(self, ctx);                                               \
	}                                                                                                   \
	static tractor_err tri_on_stop_##actor(void *self, tractor_ctx *ctx)                                \
	{                                                                                                   \
		return tri_hooks_##actor.on_stop(self, ctx);                                                \
	}                                                                                                   \
	static enum tractor_flow tri_on_panic_##actor(                                                      \
		void *self, tractor_ctx *ctx, const struct tractor_panic *panic)                            \
	{                                                                                                   \
		return tri_hooks_##actor.on_panic(self, ctx, panic);                                        \
	}                                                                                                   \
	static tractor_err tri_on_down_##actor(                                                             \
		void *self, tractor_ctx *ctx, const struct tractor_down *down)                              \
	{                                                                                                   \
		return tri_hooks_##actor.on_down(self, ctx, down);                                          \
	}                                                                                                   \
	static tractor_err tri_step_##actor(void *self, tractor_ctx *ctx)                                   \
	{                                                                                                   \
		return tri_hooks_##actor.step(self, ctx);                                                   \
	}                                                                                                   \
	static struct tractor_behaviour tri_behaviour_##actor(void)                                         \
	{                                                                                                   \
		const struct tri_hooks_##actor *has = &tri_hooks_##actor;                                   \
		return (struct tractor_behaviour){                                                          \
			.state_bytes = sizeof(TRACTOR_STATE),                                               \
			.durable = has->durable,                                                            \
			.serves = has->serves,                                                              \
			.on_start = has->on_start != NULL ? tri_on_start_##actor : NULL,                    \
			.on_stop = has->on_stop != NULL ? tri_on_stop_##actor : NULL,                       \
			.on_panic = has->on_panic != NULL ? tri_on_panic_##actor : NULL,                    \
			.on_down = has->on_down != NULL ? tri_on_down_##actor : NULL,                       \
			.step = has->step != NULL ? tri_step_##actor : NULL,                                \
		};                                                                                          \
	}                                                                                                   \
	extern const struct tractor_actor actor##_actor;                                                    \
	const struct tractor_actor actor##_actor = { #actor, tri_behaviour_##actor }

/*
 * TRACTOR_BINARY(&one_actor, &another_actor): main() of a binary with these actors, each from a
 * TRACTOR_ACTOR, here or in another file.
 */
#define TRACTOR_BINARY(...)                                                                      \
	int main(int argc, char **argv)                                                          \
	{                                                                                        \
		return tractor_actor_main(                                                       \
			argc, argv, (const struct tractor_actor *const[]){ __VA_ARGS__, NULL }); \
	}                                                                                        \
	TRI_END

/* TRACTOR_MAIN(name, ...): the actor, and a binary of that one. */
#define TRACTOR_MAIN(actor, ...)           \
	TRACTOR_ACTOR(actor, __VA_ARGS__); \
	TRACTOR_BINARY(&actor##_actor)

/* ---- Below here: how the macros do it ---- */

#define TRI_SOURCE(source, ...) ((struct tractor_source){ .kind = source, __VA_ARGS__ })

/* The handler's prototype, and the function without its types that calls it. */
#define TRI_SERVE_TELL(protocol, message, TABLE)                                                \
	static tractor_err protocol##_on_##message(                                             \
		TRACTOR_STATE *self, tractor_ctx *ctx, const struct protocol##_##message *msg); \
	static tractor_err tri_handle_##protocol##_##message(                                   \
		void *self, tractor_ctx *ctx, const void *msg, void *reply)                     \
	{                                                                                       \
		(void)reply;                                                                    \
		return protocol##_on_##message(self, ctx, msg);                                 \
	}

#define TRI_SERVE_ASK(protocol, message, TABLE, record)                                   \
	static tractor_err protocol##_on_##message(TRACTOR_STATE *self, tractor_ctx *ctx, \
		const struct protocol##_##message *msg, struct record *reply);            \
	static tractor_err tri_handle_##protocol##_##message(                             \
		void *self, tractor_ctx *ctx, const void *msg, void *reply)               \
	{                                                                                 \
		return protocol##_on_##message(self, ctx, msg, reply);                    \
	}

#define TRI_HANDLER_TELL(protocol, message, TABLE) tri_handle_##protocol##_##message,
#define TRI_HANDLER_ASK(protocol, message, TABLE, record) tri_handle_##protocol##_##message,

#define TRI_NINTH(a, b, c, d, e, f, g, h, ninth, ...) ninth
#define TRI_SERVES_1(a) &a##_service,
#define TRI_SERVES_2(a, ...) &a##_service, TRI_SERVES_1(__VA_ARGS__)
#define TRI_SERVES_3(a, ...) &a##_service, TRI_SERVES_2(__VA_ARGS__)
#define TRI_SERVES_4(a, ...) &a##_service, TRI_SERVES_3(__VA_ARGS__)
#define TRI_SERVES_5(a, ...) &a##_service, TRI_SERVES_4(__VA_ARGS__)
#define TRI_SERVES_6(a, ...) &a##_service, TRI_SERVES_5(__VA_ARGS__)
#define TRI_SERVES_7(a, ...) &a##_service, TRI_SERVES_6(__VA_ARGS__)
#define TRI_SERVES_8(a, ...) &a##_service, TRI_SERVES_7(__VA_ARGS__)

#endif
#endif
