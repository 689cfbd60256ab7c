/*
 * suggest.h: "did you mean": which of the words that would have been right is near enough to the wrong one. For the tree file's
 * keys and values, and for the command line.
 */
#ifndef TRACTOR_SUPERVISOR_TREEFILE_SUGGEST_H
#define TRACTOR_SUPERVISOR_TREEFILE_SUGGEST_H

#include <stddef.h>

/* Longer words are never compared: nobody mistypes one of ours into so much, and the time per word stays bounded. */
#define SUGGEST_LENGTH_MAX 64

/*
 * The number of letters to insert, remove, replace or swap with their neighbour that makes `from` into `to`; upper and lower case
 * of ASCII count as the same letter. Counts bytes. SIZE_MAX if either is longer than SUGGEST_LENGTH_MAX.
 */
size_t suggest_distance(const char *from, const char *to);

/*
 * The one of the `count` words that `word` was most likely meant to be: the only one that it is the beginning of (three letters at
 * least); or the nearest one, the first in the list where several are equally near. NULL: none is near enough.
 * Entries may be NULL and are passed over. What is returned is an entry of `words`.
 */
const char *suggest_word(const char *word, const char *const *words, size_t count);

#endif
