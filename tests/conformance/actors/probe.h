/*
 * probe.h: the protocol of the probe, the actor that does whatever a test asks of it. Beside its own it serves the sink,
 * a protocol of one message: the narrow ref.
 */
#ifndef TRACTOR_TESTS_PROBE_H
#define TRACTOR_TESTS_PROBE_H

#include <tractor/protocol.h>

/* --- the sink: may be given a number, and nothing else --- */

#define SINK_PUT(FIELD) FIELD(int64, n)

#define SINK_PROTOCOL(TELL, ASK) TELL(sink, put, SINK_PUT)
TRACTOR_PROTOCOL(sink, SINK_PROTOCOL);

/* --- the probe --- */

TRACTOR_REF(probe);

#define PROBE_VALUE(FIELD) FIELD(int64, value)
TRACTOR_RECORD(probe_value, PROBE_VALUE);

#define PROBE_NUMBERS(FIELD) FIELD(list_int64, items)
TRACTOR_RECORD(probe_numbers, PROBE_NUMBERS);

#define PROBE_TEXT(FIELD) FIELD(str, text)
TRACTOR_RECORD(probe_text, PROBE_TEXT);

/* How a verb went that the probe used: its error, tractor_why(), how long it took, and what it brought. */
#define PROBE_OUTCOME(FIELD) \
	FIELD(int32, err)    \
	FIELD(str, why)      \
	FIELD(int64, took_ms) FIELD(int64, value)
TRACTOR_RECORD(probe_outcome, PROBE_OUTCOME);

#define PROBE_GIFT(FIELD) FIELD(sink_ref, sink)
TRACTOR_RECORD(probe_gift, PROBE_GIFT);

#define PROBE_SPAWNED(FIELD)  \
	FIELD(probe_ref, ref) \
	FIELD(int32, err)     \
	FIELD(str, why)
TRACTOR_RECORD(probe_spawned, PROBE_SPAWNED);

#define PROBE_WHO(FIELD)           \
	FIELD(uint64, sender)      \
	FIELD(uint64, self)        \
	FIELD(str, path)           \
	FIELD(uint32, incarnation) \
	FIELD(int32, pid)
TRACTOR_RECORD(probe_who, PROBE_WHO);

/* A number to remember; `notes` gives them all, in the order of their arrival, `total` their sum. */
#define PROBE_NOTE(FIELD) FIELD(int64, n)
#define PROBE_NOTES(FIELD)
#define PROBE_TOTAL(FIELD)

/* Prints "blocked" and waits, outside the library, until the test opens the gate (a FIFO). */
#define PROBE_BLOCK(FIELD) FIELD(str, gate)
#define PROBE_HOLD(FIELD) FIELD(str, gate) FIELD(int64, value)

/* The same inside the library: waits in tractor_select() until it is stopped, then refuses. */
#define PROBE_LINGER(FIELD)

#define PROBE_ECHO(FIELD) FIELD(int64, value)

/* Returns TRACTOR_EREFUSED, with `why` as its sentence unless that is "". */
#define PROBE_REFUSE(FIELD) FIELD(str, why)

/* Uses a verb that fails, takes no notice, and refuses without a word of its own. */
#define PROBE_SHRUG(FIELD)

/* Ends the process: "panic", "assert", "segv", "abort", "exit", "kill". Any other `how`: lives, with the value 0. */
#define PROBE_DIE(FIELD) FIELD(str, how)
#define PROBE_FALL(FIELD) FIELD(str, how)

/* --- handing the duty on --- */

#define PROBE_DELEGATE_ECHO(FIELD) FIELD(probe_ref, to) FIELD(int64, value)
#define PROBE_DELEGATE_HOLD(FIELD) FIELD(probe_ref, to) FIELD(str, gate) FIELD(int64, value)
#define PROBE_DELEGATE_REFUSE(FIELD) FIELD(probe_ref, to) FIELD(str, why)
#define PROBE_DELEGATE_DIE(FIELD) FIELD(probe_ref, to) FIELD(str, how)
#define PROBE_CHAIN(FIELD) FIELD(list_probe_ref, via) FIELD(int64, value)
#define PROBE_PASS_ON(FIELD) FIELD(probe_ref, to) FIELD(int64, n)

/* --- replying later --- */

#define PROBE_LATER(FIELD)
#define PROBE_KEEP_WORD(FIELD) FIELD(int64, value)
#define PROBE_BREAK_WORD(FIELD) FIELD(int32, err)

/* --- using the verbs from a handler --- */

/* Notes `n` at `to`, with tell or try_tell. */
#define PROBE_POKE(FIELD) FIELD(probe_ref, to) FIELD(int64, n) FIELD(bool, try)
/* As a tell of its own accord: blocks `to` at the gate, so that somebody else's message is in its hand. */
#define PROBE_OCCUPY(FIELD) FIELD(probe_ref, to) FIELD(str, gate)
/* Asks the first of `via` to relay to the rest; the last says `value`. `by_future`: with ask_async and await. */
#define PROBE_RELAY(FIELD) FIELD(list_probe_ref, via) FIELD(bool, by_future) FIELD(int64, value)
/* Asks `to` to hold, without waiting for the answer, then awaits it twice: with await_ms, and until it comes. */
#define PROBE_PATIENCE(FIELD) FIELD(probe_ref, to) FIELD(str, gate) FIELD(int64, await_ms)
/* Notes `n` at `to` in `delay_ms`; `forget` takes the last of these back. */
#define PROBE_REMIND(FIELD) FIELD(probe_ref, to) FIELD(int64, delay_ms) FIELD(int64, n)
#define PROBE_FORGET(FIELD)
#define PROBE_FIND(FIELD) FIELD(str, path)
#define PROBE_SPAWN(FIELD) FIELD(str, pool) FIELD(str, name) FIELD(str, colour)
#define PROBE_WATCH(FIELD) FIELD(probe_ref, to)
#define PROBE_STOP(FIELD) FIELD(probe_ref, to)
#define PROBE_FINISH(FIELD) FIELD(str, reason)
#define PROBE_ARG(FIELD) FIELD(str, name) FIELD(str, fallback)
#define PROBE_SAY(FIELD) FIELD(str, text)
/* "<text> <n>", made with tractor_format() in memory of tractor_alloc(). */
#define PROBE_FORMAT(FIELD) FIELD(str, text) FIELD(int64, n)
#define PROBE_WHO_ASKS(FIELD)

/* --- the narrow ref --- */

#define PROBE_GIVE_SINK(FIELD)
#define PROBE_KEEP_SINK(FIELD) FIELD(sink_ref, sink)
#define PROBE_USE_SINK(FIELD) FIELD(int64, n)

#define PROBE_PROTOCOL(TELL, ASK)                                       \
	TELL(probe, note, PROBE_NOTE)                                   \
	ASK(probe, notes, PROBE_NOTES, probe_numbers)                   \
	ASK(probe, total, PROBE_TOTAL, probe_value)                     \
	TELL(probe, block, PROBE_BLOCK)                                 \
	ASK(probe, hold, PROBE_HOLD, probe_value)                       \
	ASK(probe, linger, PROBE_LINGER, probe_value)                   \
	ASK(probe, echo, PROBE_ECHO, probe_value)                       \
	ASK(probe, refuse, PROBE_REFUSE, probe_value)                   \
	ASK(probe, shrug, PROBE_SHRUG, probe_value)                     \
	ASK(probe, die, PROBE_DIE, probe_value)                         \
	TELL(probe, fall, PROBE_FALL)                                   \
	ASK(probe, delegate_echo, PROBE_DELEGATE_ECHO, probe_value)     \
	ASK(probe, delegate_hold, PROBE_DELEGATE_HOLD, probe_value)     \
	ASK(probe, delegate_refuse, PROBE_DELEGATE_REFUSE, probe_value) \
	ASK(probe, delegate_die, PROBE_DELEGATE_DIE, probe_value)       \
	ASK(probe, chain, PROBE_CHAIN, probe_value)                     \
	TELL(probe, pass_on, PROBE_PASS_ON)                             \
	ASK(probe, later, PROBE_LATER, probe_value)                     \
	ASK(probe, keep_word, PROBE_KEEP_WORD, probe_outcome)           \
	ASK(probe, break_word, PROBE_BREAK_WORD, probe_outcome)         \
	ASK(probe, poke, PROBE_POKE, probe_outcome)                     \
	ASK(probe, occupy, PROBE_OCCUPY, probe_outcome)                 \
	ASK(probe, relay, PROBE_RELAY, probe_outcome)                   \
	ASK(probe, patience, PROBE_PATIENCE, probe_outcome)             \
	ASK(probe, remind, PROBE_REMIND, probe_outcome)                 \
	ASK(probe, forget, PROBE_FORGET, probe_outcome)                 \
	ASK(probe, find, PROBE_FIND, probe_spawned)                     \
	ASK(probe, spawn, PROBE_SPAWN, probe_spawned)                   \
	ASK(probe, watch, PROBE_WATCH, probe_outcome)                   \
	ASK(probe, stop, PROBE_STOP, probe_outcome)                     \
	ASK(probe, finish, PROBE_FINISH, probe_outcome)                 \
	ASK(probe, arg, PROBE_ARG, probe_text)                          \
	TELL(probe, say, PROBE_SAY)                                     \
	ASK(probe, format, PROBE_FORMAT, probe_text)                    \
	ASK(probe, who_asks, PROBE_WHO_ASKS, probe_who)                 \
	ASK(probe, give_sink, PROBE_GIVE_SINK, probe_gift)              \
	TELL(probe, keep_sink, PROBE_KEEP_SINK)                         \
	ASK(probe, use_sink, PROBE_USE_SINK, probe_outcome)
TRACTOR_MESSAGES(probe, PROBE_PROTOCOL);

#endif
