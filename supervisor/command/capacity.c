/*
 * capacity.c: the arithmetic of how many actors a machine will carry, and the reading of what the kernel writes about itself. It knows no file and no system call; a text that makes no sense says nothing.
 */
#include "capacity.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Version 1 has no word for "no limit", only a number that no machine reaches: LONG_MAX, less what is no whole page. */
#define NO_LIMIT ((uint64_t)1 << 62)

/* --- arithmetic --- */

uint64_t
capacity_room(uint64_t most, uint64_t taken)
{
	if (most == CAPACITY_UNLIMITED)
		return CAPACITY_UNLIMITED;
	return most > taken ? most - taken : 0;
}

uint64_t
capacity_actors(const struct capacity_limit *limit, const uint64_t each[CAPACITY_KINDS])
{
	if (limit->most == CAPACITY_UNLIMITED || each[limit->kind] == 0)
		return CAPACITY_UNLIMITED;
	return capacity_room(limit->most, limit->taken) / each[limit->kind];
}

/* By insertion: they are a handful, and qsort() does not keep their order. */
void
capacity_order(struct capacity_limit *limits, size_t count, const uint64_t each[CAPACITY_KINDS])
{
	for (size_t i = 1; i < count; i++) {
		struct capacity_limit moved = limits[i];
		size_t at = i;
		for (; at > 0 && capacity_actors(&limits[at - 1], each) > capacity_actors(&moved, each); at--)
			limits[at] = limits[at - 1];
		limits[at] = moved;
	}
}

uint64_t
capacity_share(uint64_t before, uint64_t after, uint64_t count)
{
	return after > before ? (after - before + count - 1) / count : 0;
}

/* --- what the kernel writes --- */

/* The beginning of the next line; NULL: there is none. */
static const char *
next_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end != NULL ? end + 1 : NULL;
}

bool
capacity_field(const char *text, const char *name, uint64_t *ret_value)
{
	size_t length = strlen(name);

	for (; text != NULL; text = next_line(text)) {
		if (strncmp(text, name, length) != 0)
			continue;
		const char *at = text + length + strspn(text + length, ": \t");
		if (at == text + length || !isdigit((unsigned char)*at))
			continue;
		*ret_value = strtoull(at, NULL, 10);
		return true;
	}
	return false;
}

bool
capacity_number(const char *text, uint64_t *ret_value)
{
	if (strcmp(text, "max") == 0 || strcmp(text, "max\n") == 0) {
		*ret_value = CAPACITY_UNLIMITED;
		return true;
	}
	if (!isdigit((unsigned char)*text))
		return false;
	uint64_t value = strtoull(text, NULL, 10);
	*ret_value = value < NO_LIMIT ? value : CAPACITY_UNLIMITED;
	return true;
}

/* Whether one of the words between commas, `length` bytes of them, is this one. */
static bool
has_word(const char *words, size_t length, const char *word)
{
	for (const char *end = words + length;; words++) {
		size_t size = 0;
		while (words + size < end && words[size] != ',')
			size++;
		if (size == strlen(word) && strncmp(words, word, size) == 0)
			return true;
		words += size;
		if (words >= end)
			return false;
	}
}

/* "4:memory:/path": a number, controllers, the path. */
const char *
capacity_group(const char *text, const char *controller, size_t *ret_length)
{
	for (; text != NULL; text = next_line(text)) {
		size_t line = strcspn(text, "\n");
		const char *words = memchr(text, ':', line);
		const char *path =
			words != NULL ? memchr(words + 1, ':', line - (size_t)(words + 1 - text)) : NULL;
		if (path == NULL || !has_word(words + 1, (size_t)(path - words - 1), controller))
			continue;
		*ret_length = line - (size_t)(path + 1 - text);
		return path + 1;
	}
	return NULL;
}
