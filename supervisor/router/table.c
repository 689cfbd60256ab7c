/*
 * table.c: a hash table with chains through the entries, which belong to the caller.
 *
 * It knows nothing of what is filed in it. Growing is the only thing that allocates after table_init(); where there is no memory
 * for it the chains just get longer, so that adding never fails.
 */
#include "table.h"

#include <stdlib.h>

#include "assert.h"

#define FIRST_BITS 4
#define WORD_BITS 64

/* Fibonacci hashing (Knuth 6.4): the numbers are counters mostly, which it spreads evenly. The high bits depend on all of both. */
static struct table_entry **
bucket_of(const struct table *table, uint64_t major, uint64_t minor)
{
	uint64_t mixed = major * UINT64_C(0xbf58476d1ce4e5b9) + minor;

	return &table->buckets[mixed * UINT64_C(0x9e3779b97f4a7c15) >> table->shift];
}

static void
chain(struct table *table, struct table_entry *entry)
{
	struct table_entry **bucket = bucket_of(table, entry->major, entry->minor);

	entry->next = *bucket;
	*bucket = entry;
}

static void
grow(struct table *table)
{
	struct table old = *table;
	struct table_entry **buckets = calloc(old.bucket_count * 2, sizeof(*buckets));

	if (buckets == NULL)
		return;
	table->buckets = buckets;
	table->bucket_count = old.bucket_count * 2;
	table->shift = old.shift - 1;
	for (size_t i = 0; i < old.bucket_count; i++) {
		for (struct table_entry *entry = old.buckets[i], *next; entry != NULL; entry = next) {
			next = entry->next;
			chain(table, entry);
		}
	}
	free(old.buckets);
}

tractor_err
table_init(struct table *table)
{
	const size_t count = (size_t)1 << FIRST_BITS;
	struct table_entry **buckets = calloc(count, sizeof(*buckets));

	if (buckets == NULL)
		return TRACTOR_ENOMEM;
	*table = (struct table){ .buckets = buckets, .bucket_count = count, .shift = WORD_BITS - FIRST_BITS };
	return TRACTOR_OK;
}

void
table_free(struct table *table)
{
	free(table->buckets);
	*table = (struct table){ 0 };
}

void
table_add(struct table *table, struct table_entry *entry, uint64_t major, uint64_t minor)
{
	tri_assert(!entry->filed);
	if (table->entry_count >= table->bucket_count)
		grow(table);
	entry->major = major;
	entry->minor = minor;
	entry->filed = true;
	chain(table, entry);
	table->entry_count++;
}

void
table_remove(struct table *table, struct table_entry *entry)
{
	struct table_entry **at;

	if (!entry->filed)
		return;
	at = bucket_of(table, entry->major, entry->minor);
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	entry->filed = false;
	table->entry_count--;
}

struct table_entry *
table_find(const struct table *table, uint64_t major, uint64_t minor)
{
	struct table_entry *entry = *bucket_of(table, major, minor);

	while (entry != NULL && (entry->major != major || entry->minor != minor))
		entry = entry->next;
	return entry;
}
