/*
 * treewalk.c: walks the mappings of a tree file, or another file with a table of keys: tells known, misspelt, misplaced, double and missing keys apart, and has each
 * value taken. Which keys there are and what they mean is in treekeys.c, how children are made in treechild.c.
 *
 * Nothing in a document ends the walk early but its size: what is wrong is put into the report and the walk goes on, so that one
 * run shows all errors. Aliases make a small document a large one: the number of values, aliases expanded, is bounded here.
 */
#include "treewalk.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"
#include "treereport.h"

/* A key in the notes of what a mapping has had: the line where it stands, or one of these. */
#define NOT_SEEN 0
#define SEEN_MISSPELT (-1)

#define CORE_TAGS "tag:yaml.org,2002:"
#define PLACES_MAX 16

void
treewalk_complain(struct treewalk *walk, const yaml_node_t *where, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		walk->report->out_of_memory = true;
		return;
	}
	treereport_add(
		walk->report, (int)where->start_mark.line + 1, (int)where->start_mark.column + 1, "%s", text);
	free(text);
}

bool
treewalk_accept(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value,
	tractor_err err, const struct treevalue_fault *fault)
{
	if (err == TRACTOR_ENOMEM)
		walk->report->out_of_memory = true;
	else if (err != TRACTOR_OK)
		treewalk_complain(walk, value, "%s: %s", key->word, fault->text);
	return err == TRACTOR_OK;
}

void
treewalk_set(struct treewalk *walk, char **field, const char *text)
{
	free(*field);
	*field = strdup(text);
	if (*field == NULL)
		walk->report->out_of_memory = true;
}

/* YAML's own tags say nothing that the key does not; another one asks for something that we can't do. */
static bool
tag_ok(const yaml_node_t *node)
{
	static const char *const core[] = { "null", "bool", "str", "int", "float", "seq", "map" };
	const char *tag = (const char *)node->tag;

	if (tag == NULL || strncmp(tag, CORE_TAGS, strlen(CORE_TAGS)) != 0)
		return tag == NULL;
	for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++)
		if (strcmp(tag + strlen(CORE_TAGS), core[i]) == 0)
			return true;
	return false;
}

bool
treewalk_full(const struct treewalk *walk)
{
	return walk->visited > TREEFILE_VALUES_MAX;
}

const yaml_node_t *
treewalk_visit(struct treewalk *walk, int index)
{
	const yaml_node_t *node = yaml_document_get_node(walk->document, index);

	if (treewalk_full(walk))
		return NULL;
	if (++walk->visited > TREEFILE_VALUES_MAX) {
		treewalk_complain(walk, node,
			"the file has more than %d values once its aliases are expanded; make it smaller",
			TREEFILE_VALUES_MAX);
		return NULL;
	}
	if (!tag_ok(node)) {
		treewalk_complain(walk, node, "the tag %s means nothing here; leave it out",
			treevalue_quote((const char *)node->tag).text);
		return NULL;
	}
	return node;
}

static const char *
scalar_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

bool
treewalk_nothing(const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	const char *text = scalar_text(node);
	return text[0] == '\0' || strcmp(text, "null") == 0 || strcmp(text, "~") == 0;
}

struct treevalue_fault
treewalk_describe(const yaml_node_t *node)
{
	struct treevalue_fault words;

	if (node->type == YAML_SEQUENCE_NODE)
		treevalue_fault(&words, "a list");
	else if (node->type == YAML_MAPPING_NODE)
		treevalue_fault(&words, "a mapping (keys with values)");
	else if (treewalk_nothing(node))
		treevalue_fault(&words, "nothing");
	else
		treevalue_fault(&words, "the text %s", treevalue_quote(scalar_text(node)).text);
	return words;
}

bool
treewalk_expect(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value,
	yaml_node_type_t type, const char *expected)
{
	if (value->type == type)
		return true;
	treewalk_complain(
		walk, value, "%s: found %s; write %s", key->word, treewalk_describe(value).text, expected);
	return false;
}

const char *
treewalk_raw(struct treewalk *walk, const char *what, const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE) {
		treewalk_complain(
			walk, node, "%s: found %s; write a text", what, treewalk_describe(node).text);
		return NULL;
	}
	if (strlen(scalar_text(node)) != node->data.scalar.length) {
		treewalk_complain(walk, node, "%s: the text has a NUL (\\0) in it; leave it out", what);
		return NULL;
	}
	return scalar_text(node);
}

const char *
treewalk_text(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, const char *expected)
{
	if (treewalk_nothing(value)) {
		treewalk_complain(walk, value, "%s: has no value; write %s", key->word, expected);
		return NULL;
	}
	if (!treewalk_expect(walk, key, value, YAML_SCALAR_NODE, expected))
		return NULL;
	const char *text = treewalk_raw(walk, key->word, value);
	if (text != NULL && text[0] == '\0') {
		treewalk_complain(walk, value, "%s: is empty; write %s", key->word, expected);
		return NULL;
	}
	return text;
}

const char *
treewalk_plain(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, const char *expected)
{
	const char *text = treewalk_text(walk, key, value, expected);

	if (text == NULL || value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return text;
	treewalk_complain(walk, value, "%s: found the text %s in quotes; write %s, without quotes", key->word,
		treevalue_quote(text).text, expected);
	return NULL;
}

const struct treewalk_key *
treewalk_find_key(const struct treewalk *walk, const char *word, unsigned places)
{
	const struct treewalk_key *keys = walk->table->keys;

	for (size_t i = 0; i < walk->table->count; i++)
		if ((keys[i].places & places) != 0 && strcmp(keys[i].word, word) == 0)
			return &keys[i];
	return NULL;
}

/* The words that may stand at `place`; returns their number. */
static size_t
words_at(const struct treewalk *walk, unsigned places, const char *ret_words[TREEKEYS_MAX])
{
	const struct treewalk_key *keys = walk->table->keys;
	size_t count = 0;

	for (size_t i = 0; i < walk->table->count; i++)
		if ((keys[i].places & places) != 0)
			ret_words[count++] = keys[i].word;
	return count;
}

/* The places where `word` may stand, "an actor or a pool". */
static const char *
places_of(const struct treewalk *walk, const char *word, char *text, size_t size)
{
	const char *names[PLACES_MAX];
	size_t count = 0;

	for (unsigned place = 1; place < walk->table->told && count < PLACES_MAX; place <<= 1)
		if (treewalk_find_key(walk, word, place) != NULL)
			names[count++] = walk->table->place_name(place);
	return treevalue_list(names, count, " or ", text, size);
}

/* A key that does not belong at `place`. The one that was probably meant, NULL: can't say. */
static const struct treewalk_key *
refuse_key(struct treewalk *walk, const yaml_node_t *node, const char *word, unsigned place)
{
	const char *words[TREEKEYS_MAX], *where = walk->table->place_name(place);
	char list[512];
	size_t count = words_at(walk, place, words);
	const struct treewalk_key *foreign = treewalk_find_key(walk, word, TREEWALK_ANYWHERE);

	if (strcmp(word, "<<") == 0) {
		treewalk_complain(walk, node,
			"merge keys (<<) are not supported; write the keys out, or share a whole value by &anchor and *alias");
		return NULL;
	}
	if (foreign != NULL && treekeys_is_kind(foreign) && (place & IN_CHILD) != 0) {
		treewalk_complain(walk, node,
			"\"%s\" in %s; a child is one of actor, supervisor and pool, so make it two children",
			word, where);
		return NULL;
	}
	if (foreign != NULL) {
		treewalk_complain(walk, node, "\"%s\" does not belong in %s; it belongs in %s", word, where,
			places_of(walk, word, list, sizeof(list)));
		return NULL;
	}
	const char *near = suggest_word(word, words, count);
	if (near != NULL)
		treewalk_complain(walk, node, "unknown key %s in %s; did you mean \"%s\"?",
			treevalue_quote(word).text, where, near);
	else
		treewalk_complain(walk, node, "unknown key %s in %s; its keys are %s",
			treevalue_quote(word).text, where,
			treevalue_list(words, count, " and ", list, sizeof(list)));
	return near != NULL ? treewalk_find_key(walk, near, place) : NULL;
}

bool
treewalk_has_key(struct treewalk *walk, const yaml_node_t *mapping, const char *word)
{
	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
		pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(walk->document, pair->key);
		if (key->type == YAML_SCALAR_NODE && strcmp(scalar_text(key), word) == 0)
			return true;
	}
	return false;
}

/*
 * One key: which row of the table it is, if its value is to be taken; else NULL, and complained. A misspelt key counts as the one
 * that it was probably meant to be, if that isn't there itself: so its value is checked too, and it is not also missing.
 */
static const struct treewalk_key *
recognise(
	struct treewalk *walk, const yaml_node_t *mapping, const yaml_node_t *node, unsigned place, int *seen)
{
	const struct treewalk_key *keys = walk->table->keys;
	const char *word = treewalk_raw(walk, "this key", node);
	if (word == NULL)
		return NULL;

	const struct treewalk_key *key = treewalk_find_key(walk, word, place);
	if (key == NULL) {
		key = refuse_key(walk, node, word, place);
		if (key == NULL || seen[key - keys] != NOT_SEEN)
			return NULL;
		seen[key - keys] = SEEN_MISSPELT;
		return treewalk_has_key(walk, mapping, key->word) ? NULL : key;
	}
	if (seen[key - keys] > NOT_SEEN) {
		treewalk_complain(walk, node, "\"%s\" is here twice, first in line %d; remove one", word,
			seen[key - keys]);
		return NULL;
	}
	seen[key - keys] = (int)node->start_mark.line + 1;
	return key;
}

void
treewalk_mapping(struct treewalk *walk, const yaml_node_t *mapping, unsigned place, void *target)
{
	const struct treewalk_key *keys = walk->table->keys;
	int seen[TREEKEYS_MAX] = { NOT_SEEN };

	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
		pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *node = treewalk_visit(walk, pair->key);
		const struct treewalk_key *key =
			node != NULL ? recognise(walk, mapping, node, place, seen) : NULL;
		const yaml_node_t *value = treewalk_visit(walk, pair->value);
		if (treewalk_full(walk))
			return;
		if (key != NULL && value != NULL)
			key->take(walk, key, value, target);
	}
	for (size_t i = 0; i < walk->table->count; i++)
		if ((keys[i].places & place) != 0 && keys[i].missing != NULL && seen[i] == NOT_SEEN)
			treewalk_complain(walk, mapping, "%s", keys[i].missing);
}
