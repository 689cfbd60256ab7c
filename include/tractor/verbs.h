/*
 * tractor/verbs.h: the verbs that actors and programs speak, as macros of C. Included by <tractor/actor.h>
 * and <tractor/runtime.h>; the protocols come from the users' own headers, see <tractor/protocol.h>.
 *
 *	tractor_err err = tractor_tell(ctx, counter, counter_increment, .by = 3);
 *
 * A verb names the message (counter_increment) and initializes its struct as in `{ .by = 3 }`; fields that
 * are not named are zero. It then calls one real function, here counter_increment_tell(), which is what a
 * debugger shows, and what C++ calls directly. What each does, how long it blocks and its errors are in
 * <tractor/protocol.h> at that function.
 *
 * All give a tractor_err. TRACTOR_OK is 0; outputs are untouched on failure; tractor_why() has the sentence.
 * A macro evaluates each of its arguments once.
 *
 * What does not compile, in words that name the user's own: a message to an actor of another protocol, a ref
 * of the wrong protocol in a field, misspelt fields and messages, a reply, future or promise of the wrong
 * type, asking a tell, telling an ask.
 */
#ifndef TRACTOR_VERBS_H
#define TRACTOR_VERBS_H

#include <tractor/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * tractor_cancel(ctx, timer): takes a delayed tell back. TRACTOR_OK: it will not be delivered. Waits for the
 * supervisor only.
 *   TRACTOR_EINVAL  too late, it was sent already; or it was never set, was cancelled already, or is another
 *                   incarnation's
 */
TRACTOR_API tractor_err tractor_cancel(tractor_ctx *ctx, const tractor_timer *timer);

/* tractor_stop() and tractor_monitor() below, for an address. */
TRACTOR_API tractor_err tractor_stop_actor(tractor_ctx *ctx, struct tractor_address address);
TRACTOR_API tractor_err tractor_monitor_actor(tractor_ctx *ctx, struct tractor_address address);

#ifdef __cplusplus
}
#else

/* ---- Telling ---- */

/*
 * tractor_tell(ctx, ref, message, .field = value, ...): sends; waits only while the mailbox is full.
 * <message>_tell()
 */
#define tractor_tell(ctx, ref, ...) TRI_TELL(ctx, ref, __VA_ARGS__, .tri_ = 0)

/* tractor_try_tell(ctx, ref, message, ...): TRACTOR_EFULL instead of waiting. <message>_try_tell() */
#define tractor_try_tell(ctx, ref, ...) TRI_TRY_TELL(ctx, ref, __VA_ARGS__, .tri_ = 0)

/*
 * tractor_tell_after(ctx, delay_ms, &timer or NULL, ref, message, ...): a tell for later.
 * <message>_tell_after()
 */
#define tractor_tell_after(ctx, delay_ms, ret_timer, ref, ...) \
	TRI_TELL_AFTER(ctx, delay_ms, ret_timer, ref, __VA_ARGS__, .tri_ = 0)

/*
 * tractor_forward_tell(ctx, ref, message, ...): hands a tell on; never waits for room.
 * <message>_forward_tell()
 */
#define tractor_forward_tell(ctx, ref, ...) TRI_FORWARD_TELL(ctx, ref, __VA_ARGS__, .tri_ = 0)

/* ---- Asking ----
 *
 * `ret_reply` points to the struct that the protocol's table names for this message; TRACTOR_ACK is there for
 * the replies that have nothing in them: tractor_ask(ctx, worker, TRACTOR_ACK, worker_flush).
 */

#define TRACTOR_ACK (&(struct tractor_none){ .tri_ = 0 })

/*
 * tractor_ask(ctx, ref, &reply, message, ...): asks and waits up to TRACTOR_ASK_DEFAULT_MS. <message>_ask()
 */
#define tractor_ask(ctx, ref, ret_reply, ...) \
	TRI_ASK(ctx, TRACTOR_ASK_DEFAULT_MS, ref, ret_reply, __VA_ARGS__, .tri_ = 0)

/*
 * tractor_ask_within(ctx, timeout_ms, ref, &reply, message, ...): with a limit of one's own. <message>_ask()
 */
#define tractor_ask_within(ctx, timeout_ms, ref, ret_reply, ...) \
	TRI_ASK(ctx, timeout_ms, ref, ret_reply, __VA_ARGS__, .tri_ = 0)

/*
 * tractor_ask_async(ctx, ref, &future, message, ...): asks and goes on. The future is a <message>_future.
 * <message>_ask_async()
 */
#define tractor_ask_async(ctx, ref, ret_future, ...) \
	TRI_ASK_ASYNC(ctx, ref, ret_future, __VA_ARGS__, .tri_ = 0)

/*
 * tractor_try_ask(ctx, ref, &future, message, ...): the same with TRACTOR_EFULL instead of waiting.
 * <message>_try_ask()
 */
#define tractor_try_ask(ctx, ref, ret_future, ...) TRI_TRY_ASK(ctx, ref, ret_future, __VA_ARGS__, .tri_ = 0)

/* tractor_await(ctx, &future, &reply, timeout_ms): the reply that a future stands for. <message>_await() */
#define tractor_await(ctx, future, ret_reply, timeout_ms) \
	(TRI_CHECK((future)->replies_with(*(ret_reply))), \
		tri_await((ctx), &(future)->base, (timeout_ms), (ret_reply)))

/* ---- Replying other than by returning ---- */

/*
 * return tractor_forward(ctx, ref, reply, message, ...): `ref` replies instead; `reply` is the handler's.
 * <message>_forward()
 */
#define tractor_forward(ctx, ref, reply, ...) TRI_FORWARD(ctx, ref, reply, __VA_ARGS__, .tri_ = 0)

/*
 * tractor_defer(ctx, &promise): the reply comes later. The promise is a <message>_promise of the message
 * in hand. <message>_defer()
 */
#define tractor_defer(ctx, ret_promise) tri_defer((ctx), NULL, &(ret_promise)->base)

/*
 * tractor_reply(ctx, &promise, message, .field = value, ...): now it comes; the fields are the reply's.
 * <message>_reply()
 */
#define tractor_reply(ctx, promise, ...) TRI_REPLY(ctx, promise, __VA_ARGS__, .tri_ = 0)

/* tractor_refuse(ctx, &promise, err): an error comes instead. For any message's promise. tri_refuse() */
#define tractor_refuse(ctx, promise, err) tri_refuse((ctx), &(promise)->base, (err))

/* ---- Refs ---- */

/* tractor_find(ctx, protocol, "/tree/name", &ref): the ref of the actor at that path. <protocol>_find() */
#define tractor_find(ctx, protocol, path, ret_ref) \
	(TRI_CHECK(protocol##_ref_is(*(ret_ref))), protocol##_find((ctx), (path), (ret_ref)))

/*
 * tractor_cast(ctx, protocol, ref, &ret_ref): the same actor under another protocol that it serves.
 * <protocol>_cast()
 */
#define tractor_cast(ctx, protocol, ref, ret_ref) \
	(TRI_CHECK(protocol##_ref_is(*(ret_ref))), protocol##_cast((ctx), (ref).at, (ret_ref)))

/*
 * tractor_spawn(ctx, protocol, "/tree/pool", &ref, .name = "...", .args = TRACTOR_ARGS("key", "value", ...)):
 * one more member of a pool; the options may be left out. <protocol>_spawn()
 */
#define tractor_spawn(ctx, protocol, pool, ...) TRI_SPAWN(ctx, protocol, pool, __VA_ARGS__, .tri_ = 0)

/*
 * Pairs of strings for tractor_arg() of the actor that is started. An array that lives as long as the
 * block around it.
 */
#define TRACTOR_ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * tractor_stop(ctx, ref): stops the actor for good, in order: it finishes what it has in hand, its on_stop
 * runs, and it is not started again (unless somebody does by hand). What waits in its mailbox, and what comes
 * later, is TRACTOR_ESTOPPED. Returns when it has ended, at the latest after its shutdown time.
 * With an actor's own ref it returns at once and means tractor_finish(ctx, NULL): whether a successor is
 * started is then up to the restart type, as with any normal end.
 *   TRACTOR_ENOACTOR   there never was such an actor
 *   TRACTOR_ESTOPPED   it is stopped already
 */
#define tractor_stop(ctx, ref) tractor_stop_actor((ctx), (ref).at)

/*
 * tractor_monitor(ctx, ref): from now on this actor's on_down hook hears of every end of an incarnation of
 * that actor, and at once if it is stopped or gone already. Monitoring twice is monitoring once; it ends with
 * this incarnation: its successor sets it up again in its on_start.
 *   TRACTOR_ENOACTOR  never existed
 *   TRACTOR_EINVAL    not in an actor
 */
#define tractor_monitor(ctx, ref) tractor_monitor_actor((ctx), (ref).at)

/* ---- Below here: how the macros do it ----
 *
 * `.tri_ = 0` is appended first, so that what follows a message's name is never empty. The message is a
 * parameter of its own only in the inner macro, where it is pasted.
 *
 * TRI_REQUIRE(condition, words) is a static assertion in the middle of an expression.
 *
 * TRI_CHECK(call) is compiled and never evaluated. A pointer to the wrong struct would be a warning in C;
 * here what it points to is passed by value to a function that takes the right struct, which no compiler
 * accepts and all explain.
 */

#define TRI_CHECK(call) ((void)(0 && (call)))

#define TRI_REQUIRE(condition, words)             \
	((void)sizeof(struct {                    \
		_Static_assert(condition, words); \
		char tri_;                        \
	}))

#define TRI_TELL_ONLY(message) \
	TRI_REQUIRE(!message##_is_an_ask, #message " is an ask: use tractor_ask or its like, for the reply")
#define TRI_ASK_ONLY(message) \
	TRI_REQUIRE(message##_is_an_ask, #message " is a tell: it has no reply, use tractor_tell or its like")

#define TRI_TELL(ctx, ref, message, ...) \
	(TRI_TELL_ONLY(message), message##_tell((ctx), (ref), &(struct message){ __VA_ARGS__ }))

#define TRI_TRY_TELL(ctx, ref, message, ...) \
	(TRI_TELL_ONLY(message), message##_try_tell((ctx), (ref), &(struct message){ __VA_ARGS__ }))

#define TRI_TELL_AFTER(ctx, delay_ms, ret_timer, ref, message, ...)             \
	(TRI_TELL_ONLY(message), message##_tell_after((ctx), (ref), (delay_ms), \
					 &(struct message){ __VA_ARGS__ }, (ret_timer)))

#define TRI_FORWARD_TELL(ctx, ref, message, ...) \
	(TRI_TELL_ONLY(message), message##_forward_tell((ctx), (ref), &(struct message){ __VA_ARGS__ }))

#define TRI_ASK(ctx, timeout_ms, ref, ret_reply, message, ...)                   \
	(TRI_ASK_ONLY(message), TRI_CHECK(message##_replies_with(*(ret_reply))), \
		message##_ask((ctx), (ref), (timeout_ms), &(struct message){ __VA_ARGS__ }, (ret_reply)))

#define TRI_ASK_ASYNC(ctx, ref, ret_future, message, ...)                          \
	(TRI_ASK_ONLY(message), TRI_CHECK(message##_is_awaited_in(*(ret_future))), \
		message##_ask_async((ctx), (ref), &(struct message){ __VA_ARGS__ }, (ret_future)))

#define TRI_TRY_ASK(ctx, ref, ret_future, message, ...)                            \
	(TRI_ASK_ONLY(message), TRI_CHECK(message##_is_awaited_in(*(ret_future))), \
		message##_try_ask((ctx), (ref), &(struct message){ __VA_ARGS__ }, (ret_future)))

#define TRI_FORWARD(ctx, ref, reply, message, ...)                           \
	(TRI_ASK_ONLY(message), TRI_CHECK(message##_replies_with(*(reply))), \
		message##_forward((ctx), (ref), (reply), &(struct message){ __VA_ARGS__ }))

#define TRI_REPLY(ctx, promise, message, ...)                                    \
	(TRI_ASK_ONLY(message), TRI_CHECK(message##_is_promised_in(*(promise))), \
		message##_reply((ctx), (promise), &(message##_reply_type){ __VA_ARGS__ }))

#define TRI_SPAWN(ctx, protocol, pool, ret_ref, ...) \
	(TRI_CHECK(protocol##_ref_is(*(ret_ref))),   \
		protocol##_spawn((ctx), (pool), &(struct tractor_spawn_options){ __VA_ARGS__ }, (ret_ref)))

#endif
#endif
