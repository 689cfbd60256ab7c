/* bytequeue.h: bytes that wait to be read or written, with a bound. */
#ifndef TRACTOR_SUPERVISOR_SHELL_BYTEQUEUE_H
#define TRACTOR_SUPERVISOR_SHELL_BYTEQUEUE_H

#include <stddef.h>

#include <tractor/error.h>

/* All zero but the bound: an empty one. `bytes` + `start` is the first that waits, `size` how many do. */
struct bytequeue {
	char *bytes;
	size_t start, size, room;
	size_t max_bytes; /* `size` never gets larger */
};

/* Room for at least `count` bytes behind the last one, at *ret_at. TRACTOR_EFULL: over the bound; TRACTOR_ENOMEM. */
tractor_err bytequeue_reserve(struct bytequeue *queue, size_t count, char **ret_at);

/* So many bytes have been written to what bytequeue_reserve() gave. */
void bytequeue_commit(struct bytequeue *queue, size_t count);

/* The two in one, with a copy. On failure nothing of it is in the queue. */
tractor_err bytequeue_append(struct bytequeue *queue, const void *bytes, size_t count);

/* The first bytes are done with. An empty queue keeps no memory. */
void bytequeue_drop(struct bytequeue *queue, size_t count);

/* The last bytes are taken back, down to `size`. */
void bytequeue_truncate(struct bytequeue *queue, size_t size);

/* Frees what waits. */
void bytequeue_clear(struct bytequeue *queue);

#endif
