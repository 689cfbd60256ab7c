/* mutate.h: forged captures, made from real ones. */
#ifndef TRACTOR_TESTS_MUTATE_H
#define TRACTOR_TESTS_MUTATE_H

#include <stddef.h>

#include "blackbox.h"

/* A generator of random numbers; the state is the seed. */
uint64_t mutate_random(uint64_t *state);
/* Less than `below`, which is not 0. */
uint64_t mutate_pick(uint64_t *state, uint64_t below);

/*
 * Makes a forgery of `fault`, all of it by `state`. `crafted`: a path to name among what was mapped, with its inode, whose build is then not asked for; NULL: files are
 * only those that are there on any system.
 */
void mutate_fault(struct tri_fault *fault, uint64_t *state, const char *crafted, uint64_t inode);
/* Changes some bytes of a file's content. */
void mutate_file(uint8_t *bytes, size_t size, uint64_t *state);

#endif
