/*
 * suggest.c: edit distance, and the choice of the word that was meant.
 *
 * The distance is the "optimal string alignment" one: Levenshtein's, with a swap of two neighbours as one step, because that
 * is how people mistype. It must not know what the words are for. It allocates nothing and cannot fail; a word that is too long
 * to judge is simply near to nothing.
 */
#include "suggest.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* A shorter beginning of a word says too little about which one was meant. */
#define PREFIX_MIN 3

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
suggest_distance(const char *from, const char *to)
{
	/* rows[0] is the row being filled, rows[1] the one before, rows[2] the one before that (for swaps) */
	size_t cells[3][SUGGEST_LENGTH_MAX + 1], *rows[3] = { cells[0], cells[1], cells[2] };
	size_t from_length = strnlen(from, SUGGEST_LENGTH_MAX + 1);
	size_t to_length = strnlen(to, SUGGEST_LENGTH_MAX + 1);

	if (from_length > SUGGEST_LENGTH_MAX || to_length > SUGGEST_LENGTH_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= to_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= from_length; i++) {
		size_t *oldest = rows[2];
		rows[2] = rows[1];
		rows[1] = rows[0];
		rows[0] = oldest;
		rows[0][0] = i;
		for (size_t j = 1; j <= to_length; j++) {
			char a = lower(from[i - 1]), b = lower(to[j - 1]);
			size_t steps = least(rows[1][j], rows[0][j - 1]) + 1;
			steps = least(steps, rows[1][j - 1] + (a != b));
			if (i > 1 && j > 1 && a == lower(to[j - 2]) && b == lower(from[i - 2]))
				steps = least(steps, rows[2][j - 2] + 1);
			rows[0][j] = steps;
		}
	}
	return rows[0][to_length];
}

/* How far off a word of that length may be and still be meant: one letter in three, at most three. */
static size_t
tolerance(size_t length)
{
	return least(length / 3, 3);
}

static const char *
nearest(const char *word, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		if (words[i] == NULL)
			continue;
		size_t length = strlen(words[i]);
		size_t distance = suggest_distance(word, words[i]);
		if (distance < best_distance && distance <= tolerance(length)) {
			best = words[i];
			best_distance = distance;
		}
	}
	return best;
}

static const char *
only_completion(const char *word, const char *const *words, size_t count)
{
	const char *found = NULL;
	size_t length = strlen(word);

	if (length < PREFIX_MIN)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (words[i] == NULL || strncasecmp(word, words[i], length) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = words[i];
	}
	return found;
}

const char *
suggest_word(const char *word, const char *const *words, size_t count)
{
	const char *best = NULL;

	if (strnlen(word, SUGGEST_LENGTH_MAX + 1) <= SUGGEST_LENGTH_MAX) {
		best = only_completion(word, words, count);
		if (best == NULL)
			best = nearest(word, words, count);
	}
	return best;
}
