/*
 * tractor/protocol.h: how a protocol is declared.
 *
 * A protocol is the list of messages that an actor understands. It is declared once, in a header that the
 * actor and everyone who talks to it include; there is no generator and no build step. The whole of it:
 *
 *	#include <tractor/protocol.h>
 *
 *	#define COUNTER_INCREMENT(FIELD) FIELD(int64, by)
 *	#define COUNTER_GET(FIELD)
 *	#define COUNTER_TOTAL(FIELD)     FIELD(int64, total)
 *	TRACTOR_RECORD(counter_total, COUNTER_TOTAL);
 *
 *	#define COUNTER_PROTOCOL(TELL, ASK)                    \
 *		TELL(counter, increment, COUNTER_INCREMENT)    \
 *		ASK(counter, get, COUNTER_GET, counter_total)
 *	TRACTOR_PROTOCOL(counter, COUNTER_PROTOCOL);
 *
 * What that declares, for the user:
 *
 *	struct counter_total { int64_t total; };   a record: a reply, or a field of something else
 *	counter_ref                                who can be told and asked this; a struct, passed by value
 *	counter_find(), _cast(), _spawn()          how one comes by a counter_ref
 *
 *	struct counter_increment { int64_t by; };  one struct per message
 *	counter_increment_tell(), _try_tell(), _tell_after(), _forward_tell()
 *
 *	struct counter_get { };
 *	counter_get_ask(), _ask_async(), _try_ask(), _await(), _forward(), _defer(), _reply()
 *	counter_get_future                         a reply to wait for
 *	counter_get_promise                        a reply that is owed
 *
 * The functions are described below, each at the function of the library that it is a typed name for. In C
 * one writes the verbs of <tractor/verbs.h> instead, which call them:
 *
 *	tractor_err err = tractor_tell(ctx, counter, counter_increment, .by = 3);
 *
 * In C++ (20 or later) the same header compiles, and one calls the functions:
 *
 *	struct counter_increment msg{};
 *	msg.by = 3;
 *	tractor_err err = counter_increment_tell(ctx, counter, &msg);
 *
 * Field kinds, and what they are in the struct:
 *
 *	bool                         bool
 *	int8 ... int64, uint8 ... uint64     intN_t, uintN_t
 *	float, double                float, double; IEEE 754
 *	str                          const char *; ends at its NUL, and NULL is sent as ""
 *	bytes                        struct tractor_bytes { const uint8_t *data; size_t size; }
 *	<protocol>_ref               <protocol>_ref; it keeps its type on the way to another process
 *	<record>                     struct <record>
 *	list_<any of these>          struct { const <type> *items; size_t count; }; no lists of lists
 *
 * Who owns what: a message is copied when it is sent, so what it points at need only live until the call
 * returns. In a message that was received, and in a reply, str, bytes and lists point into memory of the
 * library: they live until the handler returns (in a program's own port, until the next call with that ctx
 * that can bring a reply). Copy what should stay.
 *
 * Two processes understand each other if they agree on a message's name, its fields and its reply. All three
 * are hashed into the message's fingerprint, which is its number on the wire, so a disagreement is
 * TRACTOR_EPROTOCOL and never a wrong cast.
 *
 * A message may have at most 64 MiB when encoded and nest records at most 16 deep.
 */
#ifndef TRACTOR_PROTOCOL_H
#define TRACTOR_PROTOCOL_H

#if !defined(__cplusplus) && __STDC_VERSION__ < 201112L
#error "tractor's headers are C11: compile with -std=c11 or a later one"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

/* ---- What messages are made of ---- */

/*
 * An actor's address: the slot in the tree, whichever process fills it now. Users hold a typed
 * <protocol>_ref around it.
 */
struct tractor_address {
	uint64_t actor;	   /* 0: nobody */
	uint32_t node;	   /* 0: this tree */
	uint32_t reserved; /* 0 */
};

/* Bytes without a meaning of their own; they may hold NULs. `data` may be NULL if `size` is 0. */
struct tractor_bytes {
	const uint8_t *data;
	size_t size;
};

/*
 * What one acts with: an actor's handlers and hooks are given theirs, a program gets one for itself from
 * tractor_port(). Belongs to the library and to one thread; it is valid in the call that it was passed to.
 */
typedef struct tractor_ctx tractor_ctx;

/* A tell that waits for its time; see tractor_tell_after(). Plain numbers, free to copy. All zero: none. */
typedef struct tractor_timer {
	uint64_t id;
} tractor_timer;

/*
 * An answer that will come (<message>_future holds one) and an answer that is owed (<message>_promise holds
 * one). Plain numbers: free to copy, to keep in durable state, and to lose; but the answer to a future that is
 * never awaited takes memory until this incarnation, or the port, ends. They mean nothing to another
 * incarnation or actor, which gets TRACTOR_EINVAL for them.
 */
struct tractor_future {
	uint64_t id;
	uint32_t incarnation;
	uint32_t reserved;
};

struct tractor_promise {
	uint64_t id;
	uint64_t message; /* fingerprint of the message that is owed its reply */
	uint32_t incarnation;
	uint32_t reserved;
};

/* What a new member of a pool is to be; everything is optional. See tractor_spawn(). */
struct tractor_spawn_options {
	const char *name;	 /* last part of its path, [A-Za-z0-9_-]; NULL: the supervisor numbers it */
	const char *const *args; /* "key", "value", ..., NULL, beside the pool's own; in C TRACTOR_ARGS() */
	unsigned char tri_;	 /* the library's; see TRACTOR_RECORD */
};

/* ---- The tables: what the library knows of a protocol ----
 *
 * Generic code (the codec, the command line's JSON, the fingerprint) works from these. They are constant, and
 * made of pointers to constants only; nobody needs them to send and receive.
 */

enum tractor_base {
	TRACTOR_BASE_BOOL,
	TRACTOR_BASE_INT,   /* 1, 2, 4 or 8 bytes, by its kind's size */
	TRACTOR_BASE_UINT,  /* likewise */
	TRACTOR_BASE_FLOAT, /* float or double, by its kind's size */
	TRACTOR_BASE_STR,
	TRACTOR_BASE_BYTES,
	TRACTOR_BASE_REF,
	TRACTOR_BASE_RECORD,
	TRACTOR_BASE_LIST
};

/* The type of a field. */
struct tractor_kind {
	const char *name; /* the word in the table: "int64", "list_counter_ref" */
	enum tractor_base base;
	size_t size_bytes;		     /* in the C struct */
	size_t least_bytes;		     /* encoded, at the least */
	const struct tractor_kind *element;  /* LIST: of what; else NULL */
	const struct tractor_record *record; /* RECORD: which; else NULL */
};

struct tractor_field {
	size_t offset_bytes; /* in the C struct */
	const char *name;
	const struct tractor_kind *kind;
};

/* A struct: a record's, or a message's own. */
struct tractor_record {
	const char *name;
	const struct tractor_field *fields; /* in the order of the table */
	size_t field_count;
	size_t size_bytes;    /* of the C struct */
	size_t numbers_bytes; /* so many it begins with, and there is nothing else in it, where all its fields are numbers without a gap; else 0 */
};

/* Where the library keeps a message's fingerprint once it has worked it out. 0: it has not yet. */
struct tractor_message_id {
	uint64_t fingerprint;
};

struct tractor_message {
	const char *protocol;		     /* "counter" */
	const char *name;		     /* "get" */
	const struct tractor_record *record; /* what is sent */
	const struct tractor_record *reply;  /* what comes back; NULL: nothing does, the message is a tell */
	struct tractor_message_id *id;
};

struct tractor_protocol {
	const char *name;
	const struct tractor_message *const *messages; /* in the order of the table */
	size_t message_count;
};

/* ---- The functions behind the typed ones ----
 *
 * Each is described under the typed name that users know, with <message>, <reply> and <protocol> standing for
 * theirs. They take what the typed function adds: the table, and the untyped address and struct.
 *
 * Common to all: `ctx`, messages, replies and outputs must not be NULL, and using a ctx after its call or
 * from another thread is the caller's bug. Limits are in milliseconds; 0 fails at once where it would have to
 * wait; TRACTOR_FOREVER never gives up. Every wait also ends, with TRACTOR_ECLOSED, when the actor or the
 * runtime is being stopped. Besides the errors that are listed, any may return TRACTOR_EINVAL (a message that
 * can't be sent: too large, nested too deep), TRACTOR_ENOMEM and TRACTOR_ECLOSED.
 */

#define TRACTOR_FOREVER (-1)

/*
 * How long a tell waits for room in a full mailbox, and a plain ask for its reply: OTP's gen_server:call
 * limit.
 */
#define TRACTOR_TELL_DEFAULT_MS 5000
#define TRACTOR_ASK_DEFAULT_MS 5000

#ifdef __cplusplus
extern "C" {
#endif

/*
 * <message>_tell(ctx, to, msg): sends without expecting a reply. TRACTOR_OK: the system owns the message, and
 * a crash of the sender cannot lose it any more; it says nothing of the receiver having handled it. Order is
 * kept per sender and receiver. Waits for the supervisor's word, and while the sender's share of the mailbox
 * is full up to TRACTOR_TELL_DEFAULT_MS; a busy receiver alone does not delay it. <message>_try_tell() is the
 * same and does not wait for room: TRACTOR_EFULL. In a handler of a durable actor it is held until that has
 * returned: see .durable at TRACTOR_ACTOR().
 *   TRACTOR_ENOACTOR, TRACTOR_ESTOPPED, TRACTOR_EUNREACHABLE  there is nobody at `to`
 *   TRACTOR_EPROTOCOL  the actor there does not know this message, or knows it differently
 *   TRACTOR_ETIMEDOUT  no room came up
 *   TRACTOR_EDEADLOCK  the mailbox is full, and who could make room is itself waiting, directly or through
 *                      others, for the sender
 */
TRACTOR_API tractor_err tri_tell(tractor_ctx *ctx, struct tractor_address to,
	const struct tractor_message *message, const void *msg, int64_t timeout_ms);

/*
 * <message>_forward_tell(ctx, to, msg): hands a tell on, as try_tell: the forwarder is the sender that `to` sees, for who
 * sent a message is known from the channel it came by. Never waits for room.
 *   the errors of try_tell
 */
TRACTOR_API tractor_err tri_forward_tell(
	tractor_ctx *ctx, struct tractor_address to, const struct tractor_message *message, const void *msg);

/*
 * <message>_tell_after(ctx, to, delay_ms, msg, ret_timer): a tell that is sent in `delay_ms` (0 or more),
 * unless it is cancelled or this incarnation ends before (one of a durable actor's handler outlives it). `ret_timer` may be NULL if it will not be
 * cancelled. The supervisor keeps it and sends it; waits for its word only. What the tell meets when its time
 * has come is not reported: it waits where the mailbox is full, and is dropped if the receiver is gone.
 *   TRACTOR_EINVAL  delay_ms is negative
 *   TRACTOR_EFULL   this sender has 1024 of them waiting
 *   TRACTOR_ENOACTOR, TRACTOR_ESTOPPED, TRACTOR_EUNREACHABLE, TRACTOR_EPROTOCOL as for tell
 */
TRACTOR_API tractor_err tri_tell_after(tractor_ctx *ctx, struct tractor_address to, int64_t delay_ms,
	const struct tractor_message *message, const void *msg, tractor_timer *ret_timer);

/*
 * <message>_ask(ctx, to, timeout_ms, msg, ret_reply): sends and waits for the reply. It waits across restarts
 * of the receiver, but ends as soon as it is known that no reply can come. The limit covers all of it, room
 * in the mailbox included.
 *   the errors of tell, and
 *   TRACTOR_ECRASHED   the receiver died with this message in hand
 *   TRACTOR_ETIMEDOUT  no reply in time; the handler may still run
 *   TRACTOR_EDEADLOCK  the receiver is itself waiting, directly or through others, for the asker
 *   any other          what the handler returned, TRACTOR_EREFUSED by custom
 */
TRACTOR_API tractor_err tri_ask(tractor_ctx *ctx, struct tractor_address to, int64_t timeout_ms,
	const struct tractor_message *message, const void *msg, void *ret_reply);

/*
 * <message>_ask_async(ctx, to, msg, ret_future): sends and returns once the system owns the message; the
 * reply is fetched with await, or tractor_select() tells when it is there. Waits for room like tell.
 * <message>_try_ask() does not: TRACTOR_EFULL.
 *   the errors of tell
 */
TRACTOR_API tractor_err tri_ask_async(tractor_ctx *ctx, struct tractor_address to, int64_t timeout_ms,
	const struct tractor_message *message, const void *msg, struct tractor_future *ret_future);

/*
 * <message>_await(ctx, future, timeout_ms, ret_reply): waits for the reply of an ask_async or try_ask. After
 * TRACTOR_ETIMEDOUT the future is as it was and may be awaited again; after anything else it is spent.
 *   the errors of ask, and
 *   TRACTOR_EINVAL  the future is spent, was never set, or is another incarnation's
 */
TRACTOR_API tractor_err tri_await(
	tractor_ctx *ctx, struct tractor_future *future, int64_t timeout_ms, void *ret_reply);

/*
 * <message>_forward(ctx, to, reply, msg): hands the duty to reply to the message in hand over to `to`, by
 * asking it `msg` in the name of the original asker. `reply` is the handler's own parameter: it is not
 * written to, it shows that the types are the same. Never waits; the forwarder is free at once. For the
 * handler it is the last thing to do: `return tractor_forward(...);` Whatever goes wrong with it (nobody
 * there, a crash, a full mailbox) reaches the original asker as its error, and is TRACTOR_OK here.
 *   TRACTOR_EINVAL  there is no ask in hand, or its reply was deferred, forwarded or sent already
 */
TRACTOR_API tractor_err tri_forward(tractor_ctx *ctx, struct tractor_address to, void *reply,
	const struct tractor_message *message, const void *msg);

/*
 * <message>_defer(ctx, ret_promise): keeps the reply to the message in hand for later; the handler then
 * returns TRACTOR_OK, and what it left in its reply parameter is ignored. Keep the promise in the actor's
 * state and give it to <message>_reply() or tractor_refuse(), once, from any handler. If this incarnation
 * ends before, the asker gets TRACTOR_ECRASHED or TRACTOR_ESTOPPED. Does not wait. `message` may be NULL here
 * (tractor_defer() can't know it): whatever is in hand. tri_reply() then finds out what was wrong.
 *   TRACTOR_EINVAL  <message> is not in hand, no ask is, or its reply was deferred, forwarded or sent already
 */
TRACTOR_API tractor_err tri_defer(
	tractor_ctx *ctx, const struct tractor_message *message, struct tractor_promise *ret_promise);

/*
 * <message>_reply(ctx, promise, reply): sends the reply that was deferred, and clears `promise`. An asker
 * that no longer waits is no error. Does not wait.
 *   TRACTOR_EINVAL  the promise was kept already, never made, another message's or another incarnation's
 */
TRACTOR_API tractor_err tri_reply(tractor_ctx *ctx, struct tractor_promise *promise,
	const struct tractor_message *message, const void *reply);

/*
 * tractor_refuse(ctx, promise, err): ends what was deferred with an error (not TRACTOR_OK: TRACTOR_EINVAL),
 * which is what the asker's ask returns. For the promise of any message. Otherwise like reply.
 */
TRACTOR_API tractor_err tri_refuse(tractor_ctx *ctx, struct tractor_promise *promise, tractor_err err);

/*
 * <protocol>_find(ctx, path, ret_ref): the ref of the actor at `path` ("/shop/counter"), whether it runs
 * right now or not. Waits for the supervisor only. Here the two sides' headers are compared: messages that
 * only one side knows are no mismatch.
 *   TRACTOR_ENOACTOR   no such path in the tree
 *   TRACTOR_EPROTOCOL  it doesn't serve this protocol, or a message that both know differs; tractor_why()
 *                      names both sides
 */
TRACTOR_API tractor_err tri_find(tractor_ctx *ctx, const struct tractor_protocol *protocol, const char *path,
	struct tractor_address *ret_address);

/*
 * <protocol>_cast(ctx, address, ret_ref): the same actor under another protocol that it serves, say a wide
 * ref for a narrow one. Waits for the supervisor only.
 *   TRACTOR_ENOACTOR, TRACTOR_EPROTOCOL as for find
 */
TRACTOR_API tractor_err tri_cast(tractor_ctx *ctx, const struct tractor_protocol *protocol,
	struct tractor_address address, struct tractor_address *ret_address);

/*
 * <protocol>_spawn(ctx, pool, options, ret_ref): starts one more member of the pool at the path `pool`.
 * `options` and what it points at need only live until the call returns; NULL means the defaults. Waits until
 * the member's on_start returned, at most its start_timeout.
 *   TRACTOR_ENOACTOR   `pool` is no pool
 *   TRACTOR_EEXIST     there is a member of that name
 *   TRACTOR_EFULL      the pool is at its max
 *   TRACTOR_ESTART     it did not start; tractor_why() says why
 *   TRACTOR_IGNORE     its on_start said that it is not needed
 *   TRACTOR_EPROTOCOL  it started but does not serve this protocol; it has been stopped again
 *   TRACTOR_EINVAL     the name has other characters, or args are not pairs
 */
TRACTOR_API tractor_err tri_spawn(tractor_ctx *ctx, const struct tractor_protocol *protocol, const char *pool,
	const struct tractor_spawn_options *options, struct tractor_address *ret_address);

#ifdef __cplusplus
}
#endif

/* ---- Declaring: TRACTOR_RECORD, TRACTOR_REF, TRACTOR_MESSAGES, TRACTOR_PROTOCOL ---- */

/*
 * TRACTOR_RECORD(name, TABLE): declares `struct name`, and `name` and `list_name` as field kinds. A record
 * can hold records that were declared before it, so never itself. Its struct ends in a member of the
 * library's (tri_), which the user leaves alone: it makes a struct without fields legal C and gives every
 * initializer something to end with. So fields are best named in one: { .by = 3 }.
 */
#define TRACTOR_RECORD(record, TABLE) \
	TRI_STRUCT(record, TABLE);    \
	TRI_KIND(record, struct record, TRACTOR_BASE_RECORD, (0 TABLE(TRI_PLUS_LEAST)), &tri_record_##record)

/*
 * TRACTOR_REF(protocol): declares protocol_ref, and it and list_protocol_ref as field kinds. By itself only
 * where two protocols send refs of each other: declare both refs first, then each protocol's messages. The
 * struct is the reason that a ref of the wrong protocol does not compile. A ref that is all zero is nobody's.
 */
#define TRACTOR_REF(protocol)                                \
	typedef struct protocol##_ref {                      \
		struct tractor_address at;                   \
	} protocol##_ref;                                    \
	TRI_INLINE int protocol##_ref_is(protocol##_ref ref) \
	{                                                    \
		return ref.at.actor != 0;                    \
	}                                                    \
	TRI_KIND(protocol##_ref, protocol##_ref, TRACTOR_BASE_REF, 12, NULL)

/*
 * TRACTOR_MESSAGES(protocol, TABLE): declares everything else, for a protocol whose ref is declared already.
 * The table is a macro that takes two macros and calls them once per message:
 *
 *	TELL(protocol, message, FIELDS)           no reply
 *	ASK(protocol, message, FIELDS, record)    answered with struct record; tractor_none: acknowledged
 */
#define TRACTOR_MESSAGES(protocol, TABLE) \
	TABLE(TRI_TELL_ROW, TRI_ASK_ROW)  \
	TRI_PROTOCOL(protocol, #protocol, TABLE)

/* TRACTOR_PROTOCOL(protocol, TABLE): the two in one, the usual case. */
#define TRACTOR_PROTOCOL(protocol, TABLE) \
	TRACTOR_REF(protocol);            \
	TRACTOR_MESSAGES(protocol, TABLE)

/* ---- Below here: how the macros do it ----
 *
 * A table is expanded several times, each time with another macro in the place of its FIELD (or TELL and
 * ASK). Rows paste and stringify the user's words themselves, before anything can expand them: `bool` is a
 * macro in C. Names that contain the user's words and appear in diagnostics are chosen to read well there.
 */

#ifdef __cplusplus
#define TRI_ZERO = 0
#define TRI_END static_assert(true, "takes the semicolon")
#else
#define TRI_ZERO
#define TRI_END _Static_assert(1, "takes the semicolon")
#endif
#define TRI_UNUSED __attribute__((unused))
#define TRI_INLINE static inline TRI_UNUSED

/* `struct record` and its table. */
#define TRI_STRUCT(record, TABLE)                                                                           \
	struct record {                                                                                     \
		TABLE(TRI_MEMBER)                                                                           \
		unsigned char tri_ TRI_ZERO;                                                                \
	};                                                                                                  \
	static const struct tractor_field tri_fields_##record[] TRI_UNUSED = {                              \
		TABLE(TRI_ENTRY(record)){ 0, NULL, NULL },                                                  \
	};                                                                                                  \
	static const struct tractor_record tri_record_##record TRI_UNUSED = { #record, tri_fields_##record, \
		sizeof(tri_fields_##record) / sizeof(tri_fields_##record[0]) - 1, sizeof(struct record),    \
		(0 TABLE(TRI_PLUS_NUMBER)) == __builtin_offsetof(struct record, tri_)                       \
			? __builtin_offsetof(struct record, tri_)                                           \
			: 0 }

#define TRI_MEMBER(kind, field) tractor_field_##kind field;
#define TRI_PLUS_LEAST(kind, field) +(int)tri_least_##kind
#define TRI_PLUS_NUMBER(kind, field) +(size_t)tri_number_##kind

/*
 * An entry needs to know the struct as well as the row, and a row only passes on (kind, field). So
 * TRI_ENTRY(record) leaves off in mid-expression with the name of another macro, TRI_ENTRY_REST, and finds its
 * arguments in the row: FIELD(int64, by) becomes
 *	{ __builtin_offsetof(struct record, TRI_ENTRY_REST(int64, by)
 * and that { __builtin_offsetof(struct record, by), "by", &tri_kind_int64 },
 */
#define TRI_ENTRY(record) \
	{ __builtin_offsetof(struct record, TRI_ENTRY_REST
#define TRI_ENTRY_REST(kind, field) field), #field, &tri_kind_##kind \
	}                                                            \
	,

/*
 * A field kind and its list: the C types (tractor_field_<kind>), the least encoded size, the size if it is a
 * number, the descriptions (tri_kind_<kind>).
 */
#define TRI_KIND(kind, type, base, least, record)                                              \
	typedef type tractor_field_##kind;                                                     \
	typedef struct tractor_list_##kind {                                                   \
		const tractor_field_##kind *items;                                             \
		size_t count;                                                                  \
	} tractor_field_list_##kind;                                                           \
	enum { tri_least_##kind = least, tri_least_list_##kind = 4 };                          \
	enum {                                                                                 \
		tri_number_##kind = (base) >= TRACTOR_BASE_INT && (base) <= TRACTOR_BASE_FLOAT \
					    ? sizeof(tractor_field_##kind)                     \
					    : 0,                                               \
		tri_number_list_##kind = 0                                                     \
	};                                                                                     \
	static const struct tractor_kind tri_kind_##kind TRI_UNUSED = { #kind, base,           \
		sizeof(tractor_field_##kind), tri_least_##kind, NULL, record };                \
	static const struct tractor_kind tri_kind_list_##kind TRI_UNUSED = { "list_" #kind,    \
		TRACTOR_BASE_LIST, sizeof(tractor_field_list_##kind), tri_least_list_##kind,   \
		&tri_kind_##kind, NULL }

/* The kinds that are there from the start. */
TRI_KIND(bool, bool, TRACTOR_BASE_BOOL, 1, NULL);
TRI_KIND(int8, int8_t, TRACTOR_BASE_INT, 1, NULL);
TRI_KIND(int16, int16_t, TRACTOR_BASE_INT, 2, NULL);
TRI_KIND(int32, int32_t, TRACTOR_BASE_INT, 4, NULL);
TRI_KIND(int64, int64_t, TRACTOR_BASE_INT, 8, NULL);
TRI_KIND(uint8, uint8_t, TRACTOR_BASE_UINT, 1, NULL);
TRI_KIND(uint16, uint16_t, TRACTOR_BASE_UINT, 2, NULL);
TRI_KIND(uint32, uint32_t, TRACTOR_BASE_UINT, 4, NULL);
TRI_KIND(uint64, uint64_t, TRACTOR_BASE_UINT, 8, NULL);
TRI_KIND(float, float, TRACTOR_BASE_FLOAT, 4, NULL);
TRI_KIND(double, double, TRACTOR_BASE_FLOAT, 8, NULL);
TRI_KIND(str, const char *, TRACTOR_BASE_STR, 5, NULL);
TRI_KIND(bytes, struct tractor_bytes, TRACTOR_BASE_BYTES, 4, NULL);

/* struct tractor_none: the reply that only acknowledges. */
#define TRI_NO_FIELDS(FIELD)
TRACTOR_RECORD(tractor_none, TRI_NO_FIELDS);

/* Rows of a protocol's table: pastes and stringifies, then declares the message. */
#define TRI_TELL_ROW(protocol, message, TABLE) \
	TRI_TELL_MESSAGE(protocol##_ref, protocol##_##message, #protocol, #message, TABLE)
#define TRI_ASK_ROW(protocol, message, TABLE, record) \
	TRI_ASK_MESSAGE(protocol##_ref, protocol##_##message, #protocol, #message, TABLE, record)

/* The message's struct and tables. `reply_table`: what it is answered with. */
#define TRI_MESSAGE(message, protocol_name, message_name, TABLE, reply_table)                   \
	TRI_STRUCT(message, TABLE);                                                             \
	static struct tractor_message_id tri_id_##message TRI_UNUSED;                           \
	static const struct tractor_message tri_message_##message TRI_UNUSED = { protocol_name, \
		message_name, &tri_record_##message, reply_table, &tri_id_##message }

/*
 * <message>_is_an_ask is what TRI_REQUIRE in verbs.h requires, and the functions that end in _with and _in
 * are what TRI_CHECK there calls, for errors that the types of C would only warn of.
 */
#define TRI_TELL_MESSAGE(ref_type, message, protocol_name, message_name, TABLE)                             \
	TRI_MESSAGE(message, protocol_name, message_name, TABLE, NULL);                                     \
	enum { message##_is_an_ask = 0 };                                                                   \
	TRI_INLINE tractor_err message##_tell(tractor_ctx *ctx, ref_type to, const struct message *msg)     \
	{                                                                                                   \
		return tri_tell(ctx, to.at, &tri_message_##message, msg, TRACTOR_TELL_DEFAULT_MS);          \
	}                                                                                                   \
	TRI_INLINE tractor_err message##_try_tell(tractor_ctx *ctx, ref_type to, const struct message *msg) \
	{                                                                                                   \
		return tri_tell(ctx, to.at, &tri_message_##message, msg, 0);                                \
	}                                                                                                   \
	TRI_INLINE tractor_err message##_forward_tell(                                                      \
		tractor_ctx *ctx, ref_type to, const struct message *msg)                                   \
	{                                                                                                   \
		return tri_forward_tell(ctx, to.at, &tri_message_##message, msg);                           \
	}                                                                                                   \
	TRI_INLINE tractor_err message##_tell_after(tractor_ctx *ctx, ref_type to, int64_t delay_ms,        \
		const struct message *msg, tractor_timer *ret_timer)                                        \
	{                                                                                                   \
		return tri_tell_after(ctx, to.at, delay_ms, &tri_message_##message, msg, ret_timer);        \
	}

#define TRI_ASK_MESSAGE(ref_type, message, protocol_name, message_name, TABLE, record)                    \
	TRI_MESSAGE(message, protocol_name, message_name, TABLE, &tri_record_##record);                   \
	enum { message##_is_an_ask = 1 };                                                                 \
	typedef struct record message##_reply_type;                                                       \
	typedef struct message##_future {                                                                 \
		struct tractor_future base;                                                               \
		int (*replies_with)(                                                                      \
			struct record); /* never called: ties the reply's type to the future's */         \
	} message##_future;                                                                               \
	typedef struct message##_promise {                                                                \
		struct tractor_promise base;                                                              \
	} message##_promise;                                                                              \
	TRI_INLINE int message##_replies_with(struct record reply)                                        \
	{                                                                                                 \
		return reply.tri_;                                                                        \
	}                                                                                                 \
	TRI_INLINE int message##_is_awaited_in(message##_future future)                                   \
	{                                                                                                 \
		return future.base.id != 0;                                                               \
	}                                                                                                 \
	TRI_INLINE int message##_is_promised_in(message##_promise promise)                                \
	{                                                                                                 \
		return promise.base.id != 0;                                                              \
	}                                                                                                 \
	TRI_INLINE tractor_err message##_ask(tractor_ctx *ctx, ref_type to, int64_t timeout_ms,           \
		const struct message *msg, struct record *ret_reply)                                      \
	{                                                                                                 \
		return tri_ask(ctx, to.at, timeout_ms, &tri_message_##message, msg, ret_reply);           \
	}                                                                                                 \
	TRI_INLINE tractor_err message##_ask_async(                                                       \
		tractor_ctx *ctx, ref_type to, const struct message *msg, message##_future *ret_future)   \
	{                                                                                                 \
		return tri_ask_async(ctx, to.at, TRACTOR_TELL_DEFAULT_MS, &tri_message_##message, msg,    \
			&ret_future->base);                                                               \
	}                                                                                                 \
	TRI_INLINE tractor_err message##_try_ask(                                                         \
		tractor_ctx *ctx, ref_type to, const struct message *msg, message##_future *ret_future)   \
	{                                                                                                 \
		return tri_ask_async(ctx, to.at, 0, &tri_message_##message, msg, &ret_future->base);      \
	}                                                                                                 \
	TRI_INLINE tractor_err message##_await(                                                           \
		tractor_ctx *ctx, message##_future *future, int64_t timeout_ms, struct record *ret_reply) \
	{                                                                                                 \
		return tri_await(ctx, &future->base, timeout_ms, ret_reply);                              \
	}                                                                                                 \
	TRI_INLINE tractor_err message##_forward(                                                         \
		tractor_ctx *ctx, ref_type to, struct record *reply, const struct message *msg)           \
	{                                                                                                 \
		return tri_forward(ctx, to.at, reply, &tri_message_##message, msg);                       \
	}                                                                                                 \
	TRI_INLINE tractor_err message##_defer(tractor_ctx *ctx, message##_promise *ret_promise)          \
	{                                                                                                 \
		return tri_defer(ctx, &tri_message_##message, &ret_promise->base);                        \
	}                                                                                                 \
	TRI_INLINE tractor_err message##_reply(                                                           \
		tractor_ctx *ctx, message##_promise *promise, const struct record *reply)                 \
	{                                                                                                 \
		return tri_reply(ctx, &promise->base, &tri_message_##message, reply);                     \
	}

/* The protocol's own table and functions. */
#define TRI_PROTOCOL(protocol, protocol_name, TABLE)                                                        \
	static const struct tractor_message *const tri_messages_##protocol[] TRI_UNUSED = {                 \
		TABLE(TRI_LIST_TELL, TRI_LIST_ASK) NULL,                                                    \
	};                                                                                                  \
	static const struct tractor_protocol protocol##_protocol TRI_UNUSED = { protocol_name,              \
		tri_messages_##protocol, sizeof(tri_messages_##protocol) / sizeof(void *) - 1 };            \
	TRI_INLINE tractor_err protocol##_find(tractor_ctx *ctx, const char *path, protocol##_ref *ret_ref) \
	{                                                                                                   \
		return tri_find(ctx, &protocol##_protocol, path, &ret_ref->at);                             \
	}                                                                                                   \
	TRI_INLINE tractor_err protocol##_cast(                                                             \
		tractor_ctx *ctx, struct tractor_address address, protocol##_ref *ret_ref)                  \
	{                                                                                                   \
		return tri_cast(ctx, &protocol##_protocol, address, &ret_ref->at);                          \
	}                                                                                                   \
	TRI_INLINE tractor_err protocol##_spawn(tractor_ctx *ctx, const char *pool,                         \
		const struct tractor_spawn_options *options, protocol##_ref *ret_ref)                       \
	{                                                                                                   \
		return tri_spawn(ctx, &protocol##_protocol, pool, options, &ret_ref->at);                   \
	}                                                                                                   \
	TRI_END

#define TRI_LIST_TELL(protocol, message, TABLE) &tri_message_##protocol##_##message,
#define TRI_LIST_ASK(protocol, message, TABLE, record) &tri_message_##protocol##_##message,

#endif
