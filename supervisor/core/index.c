/*
 * index.c: finds nodes by id and by path: two hash tables with the same number of buckets, chained through the nodes themselves, so
 * that listing and unlisting never allocate (a child of a restarted supervisor comes back under a new id).
 *
 * It knows of a node its id and its path, neither of which may change while it is listed. What goes wrong: memory, in
 * index_reserve() only.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"

static const size_t buckets_least = 64;

/* FNV-1a; the paths come from the tree's owner, who gains nothing by collisions. */
static uint64_t
hash_path(const char *path)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *path != '\0'; path++)
		hash = (hash ^ (unsigned char)*path) * UINT64_C(1099511628211);
	return hash ^ (hash >> 32);
}

static struct node **
id_bucket(const struct index *index, uint64_t id)
{
	return &index->by_id[id & (index->bucket_count - 1)]; /* ids count up: they spread by themselves */
}

static struct node **
path_bucket(const struct index *index, const char *path)
{
	return &index->by_path[hash_path(path) & (index->bucket_count - 1)];
}

void
index_insert(struct index *index, struct node *node)
{
	struct node **bucket = id_bucket(index, node->id);

	node->own->next_by_id = *bucket;
	*bucket = node;
	bucket = path_bucket(index, node->path);
	node->own->next_by_path = *bucket;
	*bucket = node;
	index->count++;
}

void
index_remove(struct index *index, struct node *node)
{
	struct node **at = id_bucket(index, node->id);

	while (*at != node)
		at = &(*at)->own->next_by_id;
	*at = node->own->next_by_id;
	at = path_bucket(index, node->path);
	while (*at != node)
		at = &(*at)->own->next_by_path;
	*at = node->own->next_by_path;
	index->count--;
}

struct node *
index_by_id(const struct index *index, uint64_t id)
{
	if (index->count == 0)
		return NULL;
	struct node *node = *id_bucket(index, id);
	while (node != NULL && node->id != id)
		node = node->own->next_by_id;
	return node;
}

struct node *
index_by_path(const struct index *index, const char *path)
{
	if (index->count == 0)
		return NULL;
	struct node *node = *path_bucket(index, path);
	while (node != NULL && strcmp(node->path, path) != 0)
		node = node->own->next_by_path;
	return node;
}

/* Lists all nodes of `from` in `to`, which has its own buckets. */
static void
move_all(struct index *from, struct index *to)
{
	for (size_t i = 0; i < from->bucket_count; i++)
		for (struct node *node = from->by_id[i], *next; node != NULL; node = next) {
			next = node->own->next_by_id;
			index_insert(to, node);
		}
}

tractor_err
index_reserve(struct index *index, size_t node_count)
{
	struct index larger = { .bucket_count = index->bucket_count };

	if (node_count <= index->bucket_count)
		return TRACTOR_OK;
	if (larger.bucket_count == 0)
		larger.bucket_count = buckets_least;
	while (larger.bucket_count < node_count)
		larger.bucket_count *= 2;
	larger.by_id = calloc(larger.bucket_count, sizeof(*larger.by_id));
	larger.by_path = calloc(larger.bucket_count, sizeof(*larger.by_path));
	if (larger.by_id == NULL || larger.by_path == NULL) {
		index_free(&larger);
		return TRACTOR_ENOMEM;
	}
	move_all(index, &larger);
	index_free(index);
	*index = larger;
	return TRACTOR_OK;
}

void
index_free(struct index *index)
{
	free(index->by_id);
	free(index->by_path);
	*index = (struct index){ 0 };
}
