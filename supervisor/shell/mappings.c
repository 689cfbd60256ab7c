/*
 * mappings.c: reads /proc/PID/maps, which a process that was going wrong had copied. Whatever is in it, what comes out is in order and within bounds.
 */
#include "mappings.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The next word, which is cut off; *at goes on behind it. "": there is none. */
static char *
next_word(char **at)
{
	char *word = *at + strspn(*at, " ");
	size_t length = strcspn(word, " ");

	*at = word + length;
	if (**at != '\0')
		*(*at)++ = '\0';
	return word;
}

/* "start-end permissions offset device inode   name". False: it is none. */
static bool
parse_line(char *line, struct mapping *ret_mapping)
{
	char *at = line, *end;
	struct mapping mapping = { .start = strtoull(next_word(&at), &end, 16) };

	if (*end != '-')
		return false;
	mapping.end = strtoull(end + 1, NULL, 16);
	const char *permissions = next_word(&at);
	if (strlen(permissions) != sizeof(mapping.permissions) - 1)
		return false;
	memcpy(mapping.permissions, permissions, sizeof(mapping.permissions));
	mapping.offset = strtoull(next_word(&at), NULL, 16);
	next_word(&at);
	mapping.inode = strtoull(next_word(&at), NULL, 10);
	mapping.name = at + strspn(at, " ");
	*ret_mapping = mapping;
	return mapping.start < mapping.end;
}

void
mappings_parse(char *text, struct mappings *ret_mappings)
{
	uint64_t from = 0;
	char *rest;

	ret_mappings->count = 0;
	for (char *line = strtok_r(text, "\n", &rest); line && ret_mappings->count < MAPPINGS_MAX;
		line = strtok_r(NULL, "\n", &rest)) {
		struct mapping *mapping = &ret_mappings->items[ret_mappings->count];
		if (!parse_line(line, mapping) || mapping->start < from)
			continue;
		from = mapping->end;
		ret_mappings->count++;
	}
}

const struct mapping *
mappings_find(const struct mappings *mappings, uint64_t address)
{
	for (size_t i = 0; i < mappings->count; i++)
		if (address >= mappings->items[i].start && address < mappings->items[i].end)
			return &mappings->items[i];
	return NULL;
}
