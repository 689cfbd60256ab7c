/*
 * ways.c: the nemesis's ways and their weights. A table and choices from it: nothing here touches a process. What is wrong in a user's words is said on standard error, and returned.
 */
#include "ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 1000000 /* so that the sum of all stays far from overflowing */

const struct way ways[WAY_COUNT] = {
#define WAY_INFO(constant, word, deed, signal, to_supervisor, weight) \
	[WAY_##constant] = { word, deed, signal, to_supervisor, weight },
	WAYS(WAY_INFO)
#undef WAY_INFO
};

bool
way_kills(const struct way *way)
{
	return way->deed == DEED_SIGNAL || (way->deed == DEED_STOP && way->signal != SIGCONT);
}

void
ways_default(unsigned *ret_weights)
{
	for (size_t i = 0; i < WAY_COUNT; i++)
		ret_weights[i] = ways[i].weight;
}

static bool
names(const char *word, size_t length, const struct way *way)
{
	bool begins = strncmp(word, way->word, length) == 0;

	return (length == 3 && strncmp(word, "all", length) == 0) ||
	       (begins && (way->word[length] == '\0' || way->word[length] == '-'));
}

/* "word=N", as far as the next comma. */
static bool
weigh_item(const char *item, size_t length, unsigned *weights)
{
	const char *equals = memchr(item, '=', length);
	char *end = NULL;
	unsigned long weight = equals ? strtoul(equals + 1, &end, 10) : 0;
	bool any = false;

	if (!equals || end == equals + 1 || end != item + length || weight > WEIGHT_MAX)
		return false;
	for (size_t i = 0; i < WAY_COUNT; i++)
		if (names(item, (size_t)(equals - item), &ways[i])) {
			weights[i] = (unsigned)weight;
			any = true;
		}
	return any;
}

static bool
have_any(const unsigned *weights)
{
	for (size_t i = 0; i < WAY_COUNT; i++)
		if (weights[i] > 0)
			return true;
	return false;
}

static void
say_words(void)
{
	fprintf(stderr, "soak: --weights WORD=N,...; the words and their defaults: all");
	for (size_t i = 0; i < WAY_COUNT; i++)
		fprintf(stderr, " %s=%u", ways[i].word, ways[i].weight);
	fprintf(stderr, "; \"stop\", say, is all those that begin with stop-\n");
}

bool
ways_weigh(const char *text, unsigned *weights)
{
	for (const char *item = text, *end; item; item = *end ? end + 1 : NULL) {
		end = strchrnul(item, ',');
		if (!weigh_item(item, (size_t)(end - item), weights)) {
			fprintf(stderr, "soak: \"%.*s\" is no weight\n", (int)(end - item), item);
			say_words();
			return false;
		}
	}
	if (have_any(weights))
		return true;
	fprintf(stderr, "soak: with those weights there is nothing to do\n");
	return false;
}

const struct way *
ways_choose(const unsigned *weights, uint64_t random)
{
	uint64_t sum = 0, at;
	size_t i = 0;

	for (size_t j = 0; j < WAY_COUNT; j++)
		sum += weights[j];
	for (at = random % sum; at >= weights[i]; i++)
		at -= weights[i];
	return &ways[i];
}
