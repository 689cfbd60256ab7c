/*
 * crashfind.c: in which tree a crash is. Whoever copies an ID from a terminal doesn't say which tree that was, and needn't: it is looked for in all that there are, whether they run or not. What of them can't be
 * read is passed over without a word: whoever reads the chosen one next says it.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashfiles.h"
#include "inventory.h"
#include "output.h"
#include "suggest.h"

struct search {
	const char *id;
	struct client_trees trees;
	struct crashes *crashes; /* of each tree */
};

static void
read_all(struct search *search)
{
	char path[PATH_MAX + sizeof(INVENTORY_FOLDER) + 1];

	search->crashes = output_need(calloc(search->trees.count + 1, sizeof(*search->crashes)));
	for (size_t i = 0; i < search->trees.count; i++) {
		snprintf(path, sizeof(path), "%s/" INVENTORY_FOLDER, search->trees.items[i].directory);
		int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder < 0)
			continue;
		crashfiles_read(folder, false, &search->crashes[i]);
		close(folder);
	}
}

static void
search_free(struct search *search)
{
	for (size_t i = 0; search->crashes != NULL && i < search->trees.count; i++)
		crashfiles_free(&search->crashes[i]);
	free(search->crashes);
	free(search->trees.items);
}

/* --- by its id --- */

static bool
has(const struct crashes *crashes, const char *id, bool is_whole)
{
	for (size_t i = 0; i < crashes->count; i++)
		if (is_whole ? strcmp(crashes->items[i].id, id) == 0
			     : strncmp(crashes->items[i].id, id, strlen(id)) == 0)
			return true;
	return false;
}

/* Those that have a crash with that id, or with one that begins so. To be freed: the items. */
static struct client_trees
trees_with(const struct search *search, bool is_whole)
{
	const struct client_trees *trees = &search->trees;
	struct client_trees with = { .items = output_need(calloc(trees->count + 1, sizeof(*with.items))) };

	for (size_t i = 0; i < trees->count; i++)
		if (has(&search->crashes[i], search->id, is_whole))
			with.items[with.count++] = trees->items[i];
	return with;
}

/* Of all trees; to be freed, but not the texts. */
static const char **
all_ids(const struct search *search, size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < search->trees.count; i++)
		count += search->crashes[i].count;
	const char **ids = output_need(calloc(count + 1, sizeof(*ids)));
	*ret_count = count;
	for (size_t i = 0; i < search->trees.count; i++)
		for (size_t k = 0; k < search->crashes[i].count; k++)
			ids[--count] = search->crashes[i].items[k].id;
	return ids;
}

static void
say_nowhere(const struct search *search)
{
	char list[CLIENT_NAMES_BYTES];
	size_t count;
	const char **ids = all_ids(search, &count);
	const char *meant = suggest_word(search->id, ids, count);

	client_write_names(&search->trees, list, sizeof(list));
	if (meant != NULL)
		output_error("there is no crash \"%.100s\"; did you mean \"%s\"?", search->id, meant);
	else
		output_error("there is no crash \"%.100s\" in any of: %s; see: tractor crashes list -t NAME",
			search->id, list);
	free(ids);
}

/* NULL: it is in none, or can be in several; that has been said. */
static const char *
by_id(const struct search *search, int *ret_code, char name[SPEC_NAME_MAX + 1])
{
	struct client_trees with = trees_with(search, true);
	char list[CLIENT_NAMES_BYTES];

	if (with.count == 0) {
		free(with.items);
		with = trees_with(search, false);
	}
	size_t count = with.count;
	if (count > 0)
		strcpy(name, with.items[0].name);
	client_write_names(&with, list, sizeof(list));
	free(with.items);
	if (count == 1)
		return name;
	*ret_code = count > 1 ? CONTROL_USAGE : CONTROL_FAILED;
	if (count > 1)
		output_error(
			"\"%.100s\" can be a crash of several trees: %s; write more of it, or say which with -t NAME",
			search->id, list);
	else
		say_nowhere(search);
	return NULL;
}

/* --- by its time --- */

/* The moment of the last one; INT64_MIN: there is none. */
static json_int_t
newest_of(const struct crashes *crashes)
{
	if (crashes->count == 0)
		return INT64_MIN;
	return json_integer_value(json_object_get(crashes->items[crashes->count - 1].report, "time"));
}

/* NULL: nothing has crashed in any; that has been said. */
static const char *
by_newest(const struct search *search, int *ret_code)
{
	char list[CLIENT_NAMES_BYTES];
	size_t its = 0;

	for (size_t i = 1; i < search->trees.count; i++)
		if (newest_of(&search->crashes[i]) > newest_of(&search->crashes[its]))
			its = i;
	if (search->crashes[its].count == 0) {
		client_write_names(&search->trees, list, sizeof(list));
		output_error("nothing has crashed in any of: %s", list);
		*ret_code = CONTROL_FAILED;
		return NULL;
	}
	return search->trees.items[its].name;
}

/* --- both --- */

bool
crashfiles_open_for(const char *tree, const char *id, struct crashfiles_place *ret_place, int *ret_code)
{
	struct search search = { .id = id };
	char name[SPEC_NAME_MAX + 1];
	bool found = true;

	*ret_place = (struct crashfiles_place){ .folder = -1 };
	if (tree == NULL)
		client_list(CLIENT_LEFT, &search.trees);
	if (search.trees.count > 1) {
		read_all(&search);
		tree = id != NULL ? by_id(&search, ret_code, name) : by_newest(&search, ret_code);
		found = tree != NULL;
	}
	if (found)
		found = crashfiles_open(tree, ret_place, ret_code);
	search_free(&search);
	return found;
}
