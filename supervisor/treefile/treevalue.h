/*
 * treevalue.h: what the values of a tree file mean: durations, numbers, words. Pure functions of a text; the fault that they give
 * back is one half-sentence for the operator: what is wrong with the value; what would be right.
 */
#ifndef TRACTOR_SUPERVISOR_TREEFILE_TREEVALUE_H
#define TRACTOR_SUPERVISOR_TREEFILE_TREEVALUE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

/* What is wrong and what would be right, without position and key. Room for one path of the longest kind in a sentence. */
struct treevalue_fault {
	char text[PATH_MAX + 512];
};

/* A text of the user's in quotes, cut at some forty bytes so that it can't drown the sentence that it stands in. */
struct treevalue_quoted {
	char text[56];
};

/* Sets the fault's text; returns TRACTOR_EINVAL always, for `return treevalue_fault(...)`. */
tractor_err treevalue_fault(struct treevalue_fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct treevalue_quoted treevalue_quote(const char *text);

/*
 * Each reads the whole of `text`, which must not be NULL. TRACTOR_EINVAL: it is not one, or out of range; `fault` says why.
 *
 * duration: a decimal number with ms, s, m or h at once behind it, or 0; `min_ns` to SPEC_DURATION_MAX_NS.
 * number:   digits without sign and leading zeros, `min` to `max`.
 * size:     a decimal number with B, KB, MB, KiB or MiB at once behind it; `min` to `max` bytes, a part of a byte left out.
 * decimal:  digits, and a fraction of at most nine digits; `min` to `max`. Not the locale's business.
 * boolean:  true or false.
 * word:     one of the `count` words; gives its index.
 */
tractor_err treevalue_duration(
	const char *text, int64_t min_ns, int64_t *ret_ns, struct treevalue_fault *fault);
tractor_err treevalue_number(
	const char *text, unsigned min, unsigned max, unsigned *ret_number, struct treevalue_fault *fault);
tractor_err treevalue_size(
	const char *text, unsigned min, unsigned max, unsigned *ret_bytes, struct treevalue_fault *fault);
tractor_err treevalue_decimal(
	const char *text, double min, double max, double *ret_decimal, struct treevalue_fault *fault);
tractor_err treevalue_boolean(const char *text, bool *ret_boolean, struct treevalue_fault *fault);
tractor_err treevalue_word(const char *text, const char *const *words, size_t count, size_t *ret_index,
	struct treevalue_fault *fault);

/* True for [A-Za-z_][A-Za-z0-9_]*: the name of an environment variable, or of an actor in its binary. */
bool treevalue_identifier_ok(const char *text);

/* The words as a sentence lists them, "a, b or c", into `text`, cut if need be. Returns `text`. */
const char *treevalue_list(
	const char *const *words, size_t count, const char *last_link, char *text, size_t size);

#endif
