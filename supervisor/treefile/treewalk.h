/*
 * treewalk.h: the inside of the tree file's reader: the specs that are made (treechild.c), the walk over their mappings
 * (treewalk.c), and the table of the keys that it goes by (treekeys.c). Only treefile.c starts it.
 */
#ifndef TRACTOR_SUPERVISOR_TREEFILE_TREEWALK_H
#define TRACTOR_SUPERVISOR_TREEFILE_TREEWALK_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "spec.h"
#include "treefile.h"
#include "treevalue.h"

/* Below SPEC_DEPTH_MAX spec_check() must still see what is too deep, to complain of it. */
#define TREEWALK_DEPTH_MAX (SPEC_DEPTH_MAX + 2)

/* Where a key may stand: bits. */
enum treewalk_place {
	IN_TREE = 1,
	IN_SUPERVISOR = 2,
	IN_ACTOR = 4,
	IN_POOL = 8,
	IN_BACKOFF = 16,
	IN_POLICY = 32,
	IN_LOG = 64,
	IN_FAULT = 128,	     /* in an actor */
	IN_TREE_FAULT = 256, /* in the tree, where it says whose it is */
	IN_MEMBER = 512,     /* of a pool, on its own */
};
#define IN_CHILD (IN_SUPERVISOR | IN_ACTOR | IN_POOL)
#define IN_PROCESS (IN_ACTOR | IN_POOL)
#define TREEWALK_ANYWHERE (~0u)

struct treewalk_table;

struct treewalk {
	const struct treewalk_table *table; /* what keys there are */
	yaml_document_t *document;
	const char *directory; /* absolute */
	struct treefile_report *report;
	size_t visited;				     /* values so far, aliases expanded */
	const yaml_node_t *open[TREEWALK_DEPTH_MAX]; /* the lists of children that the walk is inside of */
	size_t depth;
	const yaml_node_t *faults; /* the tree's, which wait for its children; NULL: none */
};

struct treewalk_key;

/*
 * Takes the key's value into `target`: the struct spec_backoff in IN_BACKOFF, the struct spec_log in IN_LOG, treefaults.c's own in IN_FAULT and IN_TREE_FAULT, else the struct spec. Complains if it can't, and then
 * leaves a value that makes spec_check() blame nobody for it.
 */
typedef void treewalk_take(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target);

struct treewalk_key {
	const char *word;
	unsigned places;
	treewalk_take *take;
	size_t offset;	     /* of the field in the target, where `take` goes by it */
	unsigned min, max;   /* of a number; min alone, of a duration: 1 if it must be more than 0 */
	const char *missing; /* not NULL: required, and this is said of the mapping that lacks it */
};

/* The keys of a kind of file. */
struct treewalk_table {
	const struct treewalk_key *keys;
	size_t count;
	const char *(*place_name)(unsigned place); /* "an actor" */
	unsigned told; /* places below this are named to who has put a key elsewhere */
};

/* treekeys.c */
extern const struct treewalk_key treekeys[];
extern const size_t treekeys_count;
extern const struct treewalk_table treekeys_table;
treewalk_take treekeys_duration, treekeys_number; /* into the field of the row */
#define TREEKEYS_MAX 64 /* no more rows than this, so that what a mapping has had can be noted on the stack */
bool treekeys_is_kind(
	const struct treewalk_key *key); /* actor, supervisor, pool: the key that says what a child is */

/* treechild.c */

/*
 * The spec of a document, with all below it; to be used only if the report is empty. NULL: the document gives none, and the
 * report says why.
 */
struct spec *treechild_root(yaml_document_t *document, enum treefile_what what, const char *name,
	const char *directory, struct treefile_report *report);
treewalk_take treechild_list; /* the children of `target`, a supervisor */

/* treepath.c */
/* The node at `path` as far as it is there, NULL: not even the root is meant; *ret_rest: what of the path is below that, "": nothing. */
struct spec *treepath_find(struct spec *root, const char *path, const char **ret_rest);
/* The path that was most likely meant by one that is not there; to be freed. NULL: can't say. */
char *treepath_meant(struct spec *root, const char *path);

/* treefaults.c */
/* A fault, as far as its mapping has been read; the texts are the document's. */
struct treefault {
	struct spec_fault fault;
	const char *path;
	const yaml_node_t *path_node;
	bool bad; /* which has been said */
};
/* Whether its keys, each of which may be right, fit together; if not, that is complained of. */
bool treefaults_fits(struct treewalk *walk, const yaml_node_t *where, const struct treefault *fault);
treewalk_take treefaults_of_actor, treefaults_of_tree;
treewalk_take treefaults_path, treefaults_fault, treefaults_place, treefaults_probability, treefaults_seed;
/* Now that the root has all its children: those of the tree go to whom they are for. */
void treefaults_distribute(struct treewalk *walk, struct spec *root);

/* treewalk.c */

void treewalk_complain(struct treewalk *walk, const yaml_node_t *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Complains with the fault, or notes TRACTOR_ENOMEM; nothing if `err` is TRACTOR_OK. Returns true if it is. */
bool treewalk_accept(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value,
	tractor_err err, const struct treevalue_fault *fault);
/* The node with that index; NULL: it can't be used, which has been complained of. */
const yaml_node_t *treewalk_visit(struct treewalk *walk, int index);
/* True if nothing stands there: `key:`, null or ~. */
bool treewalk_nothing(const yaml_node_t *node);
/* Checks for the type; false: complained, with `expected` ("a list of children") as what would be right. */
bool treewalk_expect(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value,
	yaml_node_type_t type, const char *expected);
/* The text of a scalar, at least one letter long; NULL: complained. */
const char *treewalk_text(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value,
	const char *expected);
/* The same for what must not be in quotes: numbers, true and false. */
const char *treewalk_plain(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value,
	const char *expected);
/* The text of any scalar, empty or not, whatever YAML would make of it (1, true). `what` names it in the complaint. */
const char *treewalk_raw(struct treewalk *walk, const char *what, const yaml_node_t *node);
/* All keys of a mapping at that place into `target`. */
void treewalk_mapping(struct treewalk *walk, const yaml_node_t *mapping, unsigned place, void *target);
/* Whether the mapping has that key, without looking at anything else of it. */
bool treewalk_has_key(struct treewalk *walk, const yaml_node_t *mapping, const char *word);
/* The row of a key that may stand in one of the places; NULL: there is none. */
const struct treewalk_key *treewalk_find_key(const struct treewalk *walk, const char *word, unsigned places);
/* What stands there, for "found ...". */
struct treevalue_fault treewalk_describe(const yaml_node_t *node);
/* True once the document has shown more values than are allowed: nothing more of it is looked at. */
bool treewalk_full(const struct treewalk *walk);
/* Replaces *field by a copy. */
void treewalk_set(struct treewalk *walk, char **field, const char *text);

#endif
