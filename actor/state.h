/*
 * state.h: an actor's state, and for a durable actor the two copies of it that outlive the process.
 *
 * The handler works on memory of the process; when it has returned, that is copied over the older of two copies in a memfd that the supervisor
 * keeps, and tagged with the sequence of the message. The copy counts from the moment that the black box says `done` for that sequence: state and
 * "handled" become true with one store. The whole copy is the newest whose tag is at most `done`.
 */
#ifndef TRACTOR_ACTOR_STATE_H
#define TRACTOR_ACTOR_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

struct tri_state {
	void *work; /* what handlers get as `self`; aligned for anything; zeroed at first */
	size_t size_bytes;
	struct tri_state_file *file; /* NULL: not durable */
	size_t file_bytes;
};

/* State of that size, zeroed. TRACTOR_ENOMEM. */
tractor_err tri_state_open(struct tri_state *state, size_t size_bytes);

/* From now on durable: copies are kept in `fd`, which is grown as needed. TRACTOR_ESYSTEM. */
tractor_err tri_state_keep(struct tri_state *state, int fd);

/* Loads the whole copy as of `done`. False: there is none of this size; `work` is as it was. */
bool tri_state_load(struct tri_state *state, uint64_t done);

/* Copies `work` for the moment that `sequence` is done. For a change outside any message: the sequence that is done already. Nothing if not durable. */
void tri_state_save(struct tri_state *state, uint64_t sequence);

/* Forgets all copies. */
void tri_state_forget(struct tri_state *state);

void tri_state_close(struct tri_state *state);

/* --- the supervisor's end: the file as it was left, which may say anything --- */

#define TRI_STATE_HEAD_BYTES 64 /* before the copies */

/* By the file's first TRI_STATE_HEAD_BYTES: where in it the copy is that is whole as of `done`, and how large. False: there is none. */
bool tri_state_find(const void *head, uint64_t done, uint64_t *ret_at, uint64_t *ret_size_bytes);

/* The head of a file whose first copy, right behind it, is whole as of `done`, and the only one: TRI_STATE_HEAD_BYTES. */
void tri_state_begin(void *ret_head, size_t size_bytes, uint64_t done);

/* Makes the empty file behind `fd` one whose whole copy, as of `done`, is this. TRACTOR_ESYSTEM. */
tractor_err tri_state_fill(int fd, const void *bytes, size_t size_bytes, uint64_t done);

#endif
