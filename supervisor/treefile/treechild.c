/*
 * treechild.c: makes the specs of a tree file: the root, and the children below it, each of its mapping.
 *
 * What keys a mapping has is not its business (treekeys.c). Aliases make the document a graph: its cycles and its depth are
 * bounded here. Out of memory is noted in the report; the spec that comes out is then useless, but safe to free.
 */
#include <stdio.h>
#include <string.h>

#include "suggest.h"
#include "treereport.h"
#include "treewalk.h"

#define CHILDREN_EXPECTED "a list of children, each beginning with \"- \""
#define CHILD_EXPECTED "each child as a mapping, like {actor: db, exec: ./db}"

/*
 * The key that says what sort of child it is; where none does, the one that another nearly is. NULL: nothing like it is there.
 */
static const struct treewalk_key *
find_kind(struct treewalk *walk, const yaml_node_t *mapping)
{
	static const char *const kinds[] = { "actor", "supervisor", "pool" };
	const yaml_node_pair_t *top = mapping->data.mapping.pairs.top;
	const char *near = NULL;

	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < top; pair++) {
		const yaml_node_t *node = yaml_document_get_node(walk->document, pair->key);
		if (node->type != YAML_SCALAR_NODE)
			continue;
		const char *word = (const char *)node->data.scalar.value;
		const struct treewalk_key *key = treewalk_find_key(walk, word, TREEWALK_ANYWHERE);
		if (key != NULL && treekeys_is_kind(key))
			return key;
		if (near == NULL && key == NULL)
			near = suggest_word(word, kinds, sizeof(kinds) / sizeof(kinds[0]));
	}
	return near != NULL ? treewalk_find_key(walk, near, IN_CHILD) : NULL;
}

/* Where the mapping of a child is, for the table. If it does not say (which is complained of later), by what else it has. */
static enum treewalk_place
child_place(struct treewalk *walk, const yaml_node_t *mapping)
{
	const struct treewalk_key *kind = find_kind(walk, mapping);

	if (kind != NULL)
		return (enum treewalk_place)kind->places;
	if (treewalk_has_key(walk, mapping, "children"))
		return IN_SUPERVISOR;
	return treewalk_has_key(walk, mapping, "max") ? IN_POOL : IN_ACTOR;
}

static enum spec_kind
kind_at(enum treewalk_place place)
{
	switch (place) {
	case IN_ACTOR:
	case IN_MEMBER: return SPEC_ACTOR;
	case IN_POOL: return SPEC_POOL;
	default: return SPEC_SUPERVISOR;
	}
}

/*
 * The spec of a mapping. Until it is named (and for ever, if its name is bad) it has a name that is right and that no other
 * has, so that spec_check() finds nothing to add to what is said about the name here.
 */
static struct spec *
make_spec(struct treewalk *walk, const yaml_node_t *mapping, enum treewalk_place place)
{
	char name[SPEC_NAME_MAX + 1];

	snprintf(name, sizeof(name), "unnamed-%zu", walk->visited);
	struct spec *spec = spec_new(kind_at(place), name);
	if (spec == NULL) {
		walk->report->out_of_memory = true;
		return NULL;
	}
	spec->line = (int)mapping->start_mark.line + 1;
	spec->column = (int)mapping->start_mark.column + 1;
	treewalk_set(walk, &spec->directory, walk->directory);
	treewalk_mapping(walk, mapping, place, spec);
	return spec;
}

static void
add_child(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *item, struct spec *parent)
{
	if (!treewalk_expect(walk, key, item, YAML_MAPPING_NODE, CHILD_EXPECTED))
		return;
	struct spec *child = make_spec(walk, item, child_place(walk, item));
	if (child != NULL && spec_add(parent, child) != TRACTOR_OK) {
		walk->report->out_of_memory = true;
		spec_free(child);
	}
}

/* Whether the walk may go into this list of children: not if it is inside of it already, and not endlessly deep. */
static bool
may_enter(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *list)
{
	for (size_t i = 0; i < walk->depth; i++) {
		if (walk->open[i] == list) {
			treewalk_complain(walk, list,
				"%s: this list contains itself, by an alias; write out what is meant",
				key->word);
			return false;
		}
	}
	return walk->depth < TREEWALK_DEPTH_MAX; /* spec_check() complains of this depth */
}

void
treechild_list(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	if (treewalk_nothing(value))
		return;
	if (!treewalk_expect(walk, key, value, YAML_SEQUENCE_NODE, CHILDREN_EXPECTED) ||
		!may_enter(walk, key, value))
		return;
	const yaml_node_item_t *top = value->data.sequence.items.top;
	walk->open[walk->depth++] = value;
	for (const yaml_node_item_t *item = value->data.sequence.items.start;
		item < top && !treewalk_full(walk); item++) {
		const yaml_node_t *node = treewalk_visit(walk, *item);
		if (node != NULL)
			add_child(walk, key, node, target);
	}
	walk->depth--;
}

/* What is said of a document that is empty, or no mapping. */
static const struct {
	const char *empty, *expected;
} roots[] = {
	[TREEFILE_TREE] = { "a tree needs a name at least, like name: shop",
		"a tree file is a mapping, which begins with name: shop, say" },
	[TREEFILE_CHILD] = { "write a child, like {actor: db, exec: ./db}",
		"a child is a mapping, like {actor: db, exec: ./db}" },
	[TREEFILE_MEMBER] = { "write the new member's name, like {actor: s1}",
		"a pool's new member is a mapping, like {actor: s1, args: {file: data.bin}}" },
};

static enum treewalk_place
root_place(struct treewalk *walk, const yaml_node_t *root, enum treefile_what what)
{
	if (what == TREEFILE_CHILD)
		return child_place(walk, root);
	return what == TREEFILE_MEMBER ? IN_MEMBER : IN_TREE;
}

struct spec *
treechild_root(yaml_document_t *document, enum treefile_what what, const char *name, const char *directory,
	struct treefile_report *report)
{
	struct treewalk walk = {
		.table = &treekeys_table, .document = document, .directory = directory, .report = report
	};

	if (yaml_document_get_root_node(document) == NULL) {
		treereport_add(report, 1, 1, "%s is empty; %s", name, roots[what].empty);
		return NULL;
	}
	const yaml_node_t *root =
		treewalk_visit(&walk, 1); /* libyaml counts from 1, and the root is the first */
	if (root == NULL)
		return NULL;
	if (root->type != YAML_MAPPING_NODE) {
		treewalk_complain(
			&walk, root, "found %s; %s", treewalk_describe(root).text, roots[what].expected);
		return NULL;
	}
	struct spec *spec = make_spec(&walk, root, root_place(&walk, root, what));
	if (spec != NULL)
		treefaults_distribute(&walk, spec);
	return spec;
}
