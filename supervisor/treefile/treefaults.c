/*
 * treefaults.c: the faults that a tree file asks for: those of one actor, in its own mapping, and those of the whole tree, each of which names its actor's path and so is only understood once
 * all children are there. What a fault and a place are called is in faultspec.c; whether an actor has such a message is known to nobody before it runs.
 *
 * What is wrong goes into the report, at the word that is wrong, and the walk goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "faultplan.h"
#include "faultspec.h"
#include "treewalk.h"
#include "why.h"

_Static_assert(SPEC_FAULTS_MAX == TRI_PLANNED_MAX, "what a process can't take is no fault of its actor's");

#define FAULTS_MAX 1000 /* in one list: each path is looked for among all children */
#define SEED_DIGITS_MAX 18
#define FAULTS_EXPECTED "a list of faults, like [{fault: segv, at: counter.increment:3}]"

/* --- its keys --- */

void
treefaults_path(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treefault *draft = target;

	draft->path = treewalk_text(walk, key, value, "the path of an actor, like /shop/db");
	draft->path_node = value;
	draft->bad |= draft->path == NULL;
}

void
treefaults_fault(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treefault *draft = target;
	struct faultspec spec;
	const char *text = treewalk_text(walk, key, value, "what is to happen, like segv or slow:50");

	draft->fault.fault = text;
	if (text != NULL && faultspec_parse_fault(text, &spec) != TRACTOR_OK) {
		treewalk_complain(walk, value, "%s: %s", key->word, tractor_why());
		draft->bad = true;
	}
	draft->bad |= text == NULL;
}

void
treefaults_place(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treefault *draft = target;
	struct faultspec spec;
	const char *text = treewalk_text(walk, key, value, "a place, like counter.increment:3");

	draft->fault.at = text;
	if (text != NULL && faultspec_parse_place(text, &spec) != TRACTOR_OK) {
		treewalk_complain(walk, value, "%s: %s", key->word, tractor_why());
		draft->bad = true;
	}
	draft->bad |= text == NULL;
}

void
treefaults_probability(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treefault *draft = target;
	struct treevalue_fault fault;
	const char *text = treewalk_plain(walk, key, value, "a number above 0, and 1 at most, like 0.1");
	bool good = text != NULL &&
		    treewalk_accept(walk, key, value,
			    treevalue_decimal(text, 0, 1, &draft->fault.probability, &fault), &fault);

	if (good && !(draft->fault.probability > 0)) {
		treewalk_complain(
			walk, value, "%s: never, so leave the fault out; or write more than 0", key->word);
		good = false;
	}
	draft->bad |= !good;
}

void
treefaults_seed(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	struct treefault *draft = target;
	const char *text = treewalk_plain(walk, key, value, "a whole number above 0, like 7");
	size_t length = text != NULL ? strlen(text) : 0;

	draft->bad |= text == NULL;
	if (text == NULL)
		return;
	if (length <= SEED_DIGITS_MAX && strspn(text, "0123456789") == length)
		draft->fault.seed = strtoull(text, NULL, 10);
	if (draft->fault.seed != 0)
		return;
	treewalk_complain(walk, value, "%s: %s is none; write a whole number above 0, of at most %d digits",
		key->word, treevalue_quote(text).text, SEED_DIGITS_MAX);
	draft->bad = true;
}

/* --- one fault --- */

bool
treefaults_fits(struct treewalk *walk, const yaml_node_t *item, const struct treefault *draft)
{
	struct faultspec spec;

	if (faultspec_parse(draft->fault.fault, draft->fault.at, &spec) != TRACTOR_OK) {
		treewalk_complain(walk, item, "%s", tractor_why());
		return false;
	}
	if (draft->fault.probability > 0 && draft->fault.at == NULL) {
		treewalk_complain(walk, item,
			"probability is for what happens again and again; add a place, like at: counter.get");
		return false;
	}
	return true;
}

/* The one at its beginning, of which a process can have one: it has no link yet over which it could be told more. */
static bool
has_start(const struct spec *actor)
{
	for (size_t i = 0; i < actor->fault_count; i++)
		if (actor->faults[i].at != NULL && strcmp(actor->faults[i].at, "start") == 0)
			return true;
	return false;
}

static void
add(struct treewalk *walk, const yaml_node_t *item, const struct spec_fault *fault, struct spec *actor)
{
	char text[SPEC_FAULT_TEXT_BYTES];

	if (spec_has_fault(actor, fault))
		treewalk_complain(walk, item, "%s has this fault already: %s; remove one", actor->name,
			spec_fault_text(fault, text));
	else if (fault->at != NULL && strcmp(fault->at, "start") == 0 && has_start(actor))
		treewalk_complain(
			walk, item, "%s has another fault at its start, and can have one only", actor->name);
	else if (actor->fault_count == SPEC_FAULTS_MAX)
		treewalk_complain(walk, item, "%s has %d faults already, and can't have more", actor->name,
			SPEC_FAULTS_MAX);
	else if (spec_fault_add(actor, fault) != TRACTOR_OK)
		walk->report->out_of_memory = true;
}

/* --- whose it is --- */

/* NULL: there is none at that path, which has been said. */
static struct spec *
find_actor(struct treewalk *walk, const struct treefault *draft, struct spec *root)
{
	const char *rest;
	struct spec *spec = treepath_find(root, draft->path, &rest);

	if (*rest != '\0') {
		char *meant = treepath_meant(root, draft->path);
		treewalk_complain(walk, draft->path_node, "path: there is no %s; %s%s%s",
			treevalue_quote(draft->path).text,
			meant != NULL ? "did you mean " : "paths begin with the tree's name, like /shop/db",
			meant != NULL ? meant : "", meant != NULL ? "?" : "");
		free(meant);
		return NULL;
	}
	if (spec->kind == SPEC_ACTOR)
		return spec;
	treewalk_complain(walk, draft->path_node, "path: %s is a %s, and has no messages; name an actor",
		treevalue_quote(draft->path).text, spec_kind_name(spec->kind));
	return NULL;
}

/* --- lists --- */

/* `owner`: the actor, or the tree's root where each fault says whose it is. */
static void
take(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *item, struct spec *owner)
{
	bool of_tree = owner->kind == SPEC_SUPERVISOR;
	struct treefault draft = { .path = NULL };

	if (!treewalk_expect(
		    walk, key, item, YAML_MAPPING_NODE, "each fault as a mapping, like {fault: segv}"))
		return;
	treewalk_mapping(walk, item, of_tree ? IN_TREE_FAULT : IN_FAULT, &draft);
	bool good = !draft.bad && draft.fault.fault != NULL && treefaults_fits(walk, item, &draft);
	struct spec *actor = owner;
	if (of_tree)
		actor = draft.path != NULL ? find_actor(walk, &draft, owner) : NULL;
	if (good && actor != NULL)
		add(walk, item, &draft.fault, actor);
}

static void
take_list(struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, struct spec *owner)
{
	if (treewalk_nothing(value) ||
		!treewalk_expect(walk, key, value, YAML_SEQUENCE_NODE, FAULTS_EXPECTED))
		return;
	const yaml_node_item_t *item = value->data.sequence.items.start,
			       *top = value->data.sequence.items.top;
	if (top - item > FAULTS_MAX) {
		treewalk_complain(walk, value, "%s: has %td entries; write %d at most", key->word, top - item,
			FAULTS_MAX);
		return;
	}
	for (; item < top && !treewalk_full(walk); item++) {
		const yaml_node_t *node = treewalk_visit(walk, *item);
		if (node != NULL)
			take(walk, key, node, owner);
	}
}

void
treefaults_of_actor(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	take_list(walk, key, value, target);
}

void
treefaults_of_tree(
	struct treewalk *walk, const struct treewalk_key *key, const yaml_node_t *value, void *target)
{
	(void)key;
	(void)target;
	walk->faults = value;
}

void
treefaults_distribute(struct treewalk *walk, struct spec *root)
{
	if (walk->faults != NULL)
		take_list(walk, treewalk_find_key(walk, "faults", IN_TREE), walk->faults, root);
}
