/*
 * handed.h: fds that come from another process, over a UNIX stream socket, each lot of them with the number that it is for. What a frame says of them it says by that number; frames and fds are each in their order.
 */
#ifndef TRACTOR_ACTOR_HANDED_H
#define TRACTOR_ACTOR_HANDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRI_HANDED_MAX 3 /* fds in a lot */

/* The lot of that number, which must have so many. What lies before it is closed: nobody has spoken of it, for want of memory. False: there is none. Doesn't wait. */
bool tri_handed_take(int socket, uint64_t number, int *ret_fds, size_t count);
void tri_handed_close(const int *fds, size_t count);

/* Hands a lot of one over. False: the host or the socket has no room for it, now. */
bool tri_handed_give(int socket, uint64_t number, int fd);

#endif
