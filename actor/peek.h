/* peek.h: reading memory that may not be there. */
#ifndef TRACTOR_ACTOR_PEEK_H
#define TRACTOR_ACTOR_PEEK_H

#include <stddef.h>
#include <stdint.h>

/* Copies up to `size` bytes of this process from `address`, which may be anything; returns how many could be read. Async-signal-safe. */
size_t tri_peek(uint64_t address, void *to, size_t size);

#endif
