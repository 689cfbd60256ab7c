/*
 * table.h: finds what is filed under a pair of numbers (a sender and a correlation, say). The entries are fields of the things
 * themselves, so that filing something cannot fail.
 */
#ifndef TRACTOR_SUPERVISOR_ROUTER_TABLE_H
#define TRACTOR_SUPERVISOR_ROUTER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

/* Part of what is filed; all zero while it is not. */
struct table_entry {
	struct table_entry *next;
	uint64_t major, minor;
	bool filed;
};

struct table {
	struct table_entry **buckets;
	size_t bucket_count; /* a power of two */
	unsigned shift;	     /* that leaves of a word as many bits as it takes to say which bucket */
	size_t entry_count;
};

/* TRACTOR_ENOMEM. A table that is all zero may be freed, and nothing else. */
tractor_err table_init(struct table *table);
/* Frees the table, not the entries: they belong to whoever filed them. */
void table_free(struct table *table);

/* Files an entry that isn't filed. Two with the same numbers may be; either is found then. */
void table_add(struct table *table, struct table_entry *entry, uint64_t major, uint64_t minor);
/* One that isn't filed is fine. */
void table_remove(struct table *table, struct table_entry *entry);
/* NULL: nothing is filed under these. */
struct table_entry *table_find(const struct table *table, uint64_t major, uint64_t minor);

#endif
