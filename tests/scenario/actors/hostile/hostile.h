/* hostile.h: what the files of hostile.c share: how to speak, and everything that it can do to its supervisor. */
#ifndef TRACTOR_TESTS_SCENARIO_HOSTILE_H
#define TRACTOR_TESTS_SCENARIO_HOSTILE_H

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

#include "actor_process.h"
#include "frame.h"

#include "../victim.h"

#define FLOOD 200000
#define PAYLOAD_BYTES (1 << 20)
#define BYSTANDER 2 /* 1 is the root */
#define HOSTILE 3

/* --- speaking.c --- */

extern nng_socket link_socket;
extern struct tri_blackbox *box;
extern struct tri_outbox_end outbox;
extern uint64_t self;

/* The real one takes this process over, and with it the pid that the supervisor expects. */
void be_a_victim(char **argv);
struct tri_frame header(enum tri_frame_kind kind);
void send_bytes(const void *bytes, size_t size);
void send_frame(struct tri_frame frame, const void *payload, size_t size);
void send_record(struct tri_frame frame, const struct tractor_record *record, const void *value);
/* The next frame; others are dropped while one of `kind` is wanted (0: any). Its payload stays until the next call. */
struct tri_frame receive(unsigned kind, const uint8_t **ret_payload);
void dial(void);
void say_hello(uint32_t version, const char *const *texts, size_t count);
/* It claims to be a victim, so that there is something to ask it. */
void say_victims_hello(void);
void hello(void);
void ready(void);
void start(void);
void reply(uint64_t sequence, const void *payload, size_t size);
void pong(uint64_t sequence);
/* The reply to a ping as it stands in the outbox before it is sent. */
void note_pong(uint64_t sequence);
/* Answers a ping, and ends if it is to stop. */
void obey(struct tri_frame frame);
/* Answers pings until it is stopped: what it did before must have been survived by both sides. */
void go_on(void);
/* Waits for an answer, and does as go_on() meanwhile. */
void be_answered(void);
struct tri_frame message_to(uint64_t target, const struct tractor_message *message, uint16_t flags);
const struct tractor_message *named(const char *name);

/* --- the crimes, by file; X(name): its function and its word --- */

#define HOSTILE_CRIMES(X)                       \
	/* frames.c */                          \
	X(lying_length)                         \
	X(unknown_kind)                         \
	X(supervisors_kind)                     \
	X(wrong_magic)                          \
	X(wrong_version)                        \
	X(short_frame)                          \
	X(empty_frame)                          \
	X(unknown_flags)                        \
	X(unknown_error)                        \
	X(no_correlation)                       \
	/* turns.c */                           \
	X(no_hello)                             \
	X(ready_before_hello)                   \
	X(ready_twice)                          \
	X(bye_twice)                            \
	X(malformed_ready)                      \
	X(unasked_answer)                       \
	X(second_answer)                        \
	X(forward_of_nothing)                   \
	X(hello_of_another_version)             \
	X(hello_garbage)                        \
	X(malformed_schema)                     \
	X(deep_schema)                          \
	X(many_schemas)                         \
	/* messages.c */                        \
	X(stale_incarnation)                    \
	X(garbage_for_another)                  \
	X(asks_that_are_told)                   \
	X(garbage_for_the_supervisor)           \
	X(unknown_targets)                      \
	X(garbage_answer)                       \
	X(huge_frame)                           \
	X(flood_of_asks)                        \
	X(flood_of_questions_to_the_supervisor) \
	X(flood_of_nothing)                     \
	X(knows_its_link_only)                  \
	/* memory.c */                          \
	X(box_of_lies)                          \
	X(box_of_ones)                          \
	X(box_of_zeroes)                        \
	X(shrunken_memory)                      \
	X(noise_about_who_was_rung)             \
	X(unsent_answers)                       \
	X(lane_beyond_its_end)                  \
	X(lane_of_crumbs)                       \
	X(lane_whose_size_lies)                 \
	X(lane_of_nothing_but_a_skip)           \
	X(lane_out_of_order)                    \
	X(bell_that_makes_wait)                 \
	X(owes_for_no_bypass)                   \
	X(bypasses_of_its_own)                  \
	X(link_out_of_order)                    \
	X(flood_by_lane)                        \
	/* parcels.c */                         \
	X(parcel_that_is_not_there)             \
	X(parcel_of_another_number)             \
	X(parcel_unsealed)                      \
	X(parcel_half_sealed)                   \
	X(parcel_that_is_shorter)               \
	X(parcel_beyond_all_limits)             \
	X(parcel_too_small)                     \
	X(parcel_of_nothing)                    \
	X(parcel_with_a_hole)                   \
	X(parcel_with_more_behind_its_end)      \
	X(parcel_that_is_a_pipe)                \
	X(parcel_that_lingers)                  \
	X(parcel_in_a_word)                     \
	X(parcel_after_hanging_up)              \
	X(flood_of_parcels)                     \
	/* link.c */                            \
	X(redials)                              \
	X(lives_on)

#define HOSTILE_DECLARE(name) void name(void);
HOSTILE_CRIMES(HOSTILE_DECLARE)
#undef HOSTILE_DECLARE

/* --- link.c: before there is a link; some of them go on as a victim --- */

void connect_and_close(char **argv);
void connect_and_babble(char **argv);
void connect_and_wait(void);
void intruder(char **argv);
void ready_and_gone(void);

#endif
