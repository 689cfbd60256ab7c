/*
 * bytequeue.c: a growing buffer with a bound, for one reader and one writer of the same thread. It knows nothing of what
 * the bytes are. Being out of memory or room leaves it as it was.
 */
#include "bytequeue.h"

#include <stdlib.h>
#include <string.h>

#include "assert.h"

#define FIRST_ROOM_BYTES 512

tractor_err
bytequeue_reserve(struct bytequeue *queue, size_t count, char **ret_at)
{
	if (count > queue->max_bytes - queue->size)
		return TRACTOR_EFULL;
	if (queue->start > 0 && queue->start + queue->size + count > queue->room) {
		memmove(queue->bytes, queue->bytes + queue->start, queue->size);
		queue->start = 0;
	}
	size_t room = queue->room > 0 ? queue->room : FIRST_ROOM_BYTES;
	while (room < queue->size + count)
		room *= 2;
	if (room > queue->room) {
		char *bytes = realloc(queue->bytes, room);
		if (bytes == NULL)
			return TRACTOR_ENOMEM;
		queue->bytes = bytes;
		queue->room = room;
	}
	*ret_at = queue->bytes + queue->start + queue->size;
	return TRACTOR_OK;
}

void
bytequeue_commit(struct bytequeue *queue, size_t count)
{
	tri_assert(queue->start + queue->size + count <= queue->room);
	queue->size += count;
}

tractor_err
bytequeue_append(struct bytequeue *queue, const void *bytes, size_t count)
{
	char *at = NULL;
	tractor_err err = bytequeue_reserve(queue, count, &at);

	if (err == TRACTOR_OK) {
		memcpy(at, bytes, count);
		queue->size += count;
	}
	return err;
}

void
bytequeue_drop(struct bytequeue *queue, size_t count)
{
	tri_assert(count <= queue->size);
	queue->start += count;
	queue->size -= count;
	if (queue->size == 0)
		bytequeue_clear(queue);
}

void
bytequeue_truncate(struct bytequeue *queue, size_t size)
{
	tri_assert(size <= queue->size);
	queue->size = size;
}

void
bytequeue_clear(struct bytequeue *queue)
{
	free(queue->bytes);
	*queue = (struct bytequeue){ .max_bytes = queue->max_bytes };
}
