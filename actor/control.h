/*
 * control.h: what an actor and its supervisor say to each other, in our own words: the payloads of the handshake frames, and the protocol that the supervisor
 * itself serves, at address 0, by the same ask as any other.
 */
#ifndef TRACTOR_ACTOR_CONTROL_H
#define TRACTOR_ACTOR_CONTROL_H

#include <tractor/protocol.h>

/* The version of all this: an actor and a supervisor that differ in it don't understand each other at all. */
#define TRI_CONTROL_VERSION 6

#define TRI_CONTROL_PAIR(FIELD) FIELD(str, key) FIELD(str, value)
TRACTOR_RECORD(tri_pair, TRI_CONTROL_PAIR);

/* The first frame of an actor. */
#define TRI_CONTROL_HELLO(FIELD)                                                            \
	FIELD(uint32, version)                                                              \
	FIELD(uint32, incarnation) /* 0: it is a spare; its welcome makes it another one */ \
	FIELD(str, actor)	   /* which of its binary's actors it is */                 \
	FIELD(list_str, messages)  /* schema texts of all that it serves */                 \
	FIELD(bool, durable)                                                                \
	FIELD(bool, minds_panics) /* has on_panic */
TRACTOR_RECORD(tri_hello, TRI_CONTROL_HELLO);

/* What its predecessor died of. */
#define TRI_CONTROL_DIED(FIELD)                                                       \
	FIELD(bool, panicked) /* false: there is nothing to tell, all else is zero */ \
	FIELD(uint32, incarnation)                                                    \
	FIELD(uint8, cause) /* enum tractor_cause */                                  \
	FIELD(int32, signal)                                                          \
	FIELD(int32, code)                                                            \
	FIELD(uint64, fault_address)                                                  \
	FIELD(str, text)                                                              \
	FIELD(str, message) /* "counter.increment"; "": none was in hand */           \
	FIELD(uint64, digest)
TRACTOR_RECORD(tri_died, TRI_CONTROL_DIED);

/* The answer to hello. */
#define TRI_CONTROL_WELCOME(FIELD)                                               \
	FIELD(uint64, self)                                                      \
	FIELD(str, path)                                                         \
	FIELD(list_tri_pair, args)                                               \
	FIELD(uint64, whole) /* the sequence up to which durable state counts */ \
	FIELD(tri_died, died)                                                    \
	FIELD(bool,                                                              \
		replays) /* whatever on_panic and on_start make of it: then it goes on with the whole state */
TRACTOR_RECORD(tri_welcome, TRI_CONTROL_WELCOME);

/* on_start has returned. */
#define TRI_CONTROL_READY(FIELD)                                                         \
	FIELD(int32, outcome)  /* TRACTOR_OK, TRACTOR_IGNORE, or why it doesn't start */ \
	FIELD(str, text)       /* in words */                                            \
	FIELD(bool, continued) /* with the state of the one before */
TRACTOR_RECORD(tri_ready, TRI_CONTROL_READY);

/* The sentence behind an error, where an answer is one. */
#define TRI_CONTROL_REASON(FIELD) FIELD(str, text)
TRACTOR_RECORD(tri_reason, TRI_CONTROL_REASON);

/* It ends in order. */
#define TRI_CONTROL_BYE(FIELD)                                                          \
	FIELD(bool, finished) /* OTP's {shutdown, reason}: done with what it was for */ \
	FIELD(str, reason)
TRACTOR_RECORD(tri_bye, TRI_CONTROL_BYE);

/* To a monitor. */
#define TRI_CONTROL_DOWN(FIELD)    \
	FIELD(uint64, actor)       \
	FIELD(str, path)           \
	FIELD(uint32, incarnation) \
	FIELD(str, reason)         \
	FIELD(bool, final)
TRACTOR_RECORD(tri_down, TRI_CONTROL_DOWN);

/* An address in a reply, as plain numbers: which protocol it is for is the asker's business. */
#define TRI_CONTROL_FOUND(FIELD) FIELD(uint64, actor) FIELD(uint32, node)
TRACTOR_RECORD(tri_found, TRI_CONTROL_FOUND);

/* To both ends: how to send to, or to hear, another actor without us. What it takes comes with it, at the socket: the memory that is the addressee's to write, the other's, and the other's bell. */
#define TRI_CONTROL_BYPASS_OFFER(FIELD)                                 \
	FIELD(uint64, number)                                           \
	FIELD(uint64, peer)                                             \
	FIELD(bool, sends) /* the addressee does, and the peer hears */ \
	FIELD(uint32, mailbox)                                          \
	FIELD(uint32, who)   /* the peer is, to rung.h */               \
	FIELD(bytes, serves) /* fingerprints that the peer understands, of 8 bytes each */
TRACTOR_RECORD(tri_bypass_offer, TRI_CONTROL_BYPASS_OFFER);

#define TRI_CONTROL_FIND(FIELD) FIELD(str, path) FIELD(str, protocol) FIELD(list_str, messages)
#define TRI_CONTROL_VERIFY(FIELD) FIELD(uint64, actor) FIELD(str, protocol) FIELD(list_str, messages)
#define TRI_CONTROL_SPAWN(FIELD) \
	FIELD(str, pool)         \
	FIELD(str, name) FIELD(list_tri_pair, args) FIELD(str, protocol) FIELD(list_str, messages)
#define TRI_CONTROL_ACTOR(FIELD) FIELD(uint64, actor)
#define TRI_CONTROL_CANCEL(FIELD) FIELD(uint64, correlation)

/* What the supervisor answers: X(tell, ask) as any protocol. */
#define TRI_SUPERVISOR_PROTOCOL(TELL, ASK)                            \
	ASK(tri_supervisor, find, TRI_CONTROL_FIND, tri_found)        \
	ASK(tri_supervisor, verify, TRI_CONTROL_VERIFY, tractor_none) \
	ASK(tri_supervisor, spawn, TRI_CONTROL_SPAWN, tri_found)      \
	ASK(tri_supervisor, monitor, TRI_CONTROL_ACTOR, tractor_none) \
	ASK(tri_supervisor, stop, TRI_CONTROL_ACTOR, tractor_none)    \
	ASK(tri_supervisor, cancel, TRI_CONTROL_CANCEL, tractor_none)
TRACTOR_PROTOCOL(tri_supervisor, TRI_SUPERVISOR_PROTOCOL);

#endif
