/*
 * children.c: what the program asks of its tree: one more child, a whole file below the root. A call waits until what it asked for has come about; meanwhile the tree lives on as ever. What
 * could not be started is said with its reason; a child that turns out to be another than was asked for is stopped and forgotten again.
 */
#include <stdio.h>

#include "assert.h"
#include "shell.h"
#include "why.h"

struct outcome {
	const struct tractor_protocol *protocol; /* that it must serve; NULL: any */
	bool known;
	tractor_err err;
	uint64_t id;
	char text[1024];
};

/* What is to be known of the node is taken here, while it is there: a temporary one may be gone when the caller goes on. */
static void
outcome_known(void *arg, struct node *node, tractor_err err, const char *text)
{
	struct outcome *outcome = arg;

	outcome->known = true;
	outcome->id = node->id;
	outcome->err = err;
	snprintf(outcome->text, sizeof(outcome->text), "%s%s%s", node->path,
		err == TRACTOR_IGNORE ? ": " : " did not start: ", text);
	if (err != TRACTOR_OK || !outcome->protocol || !slot_of(node))
		return;
	outcome->err = registry_compare_protocol(slot_of(node), outcome->protocol);
	if (outcome->err != TRACTOR_OK)
		snprintf(outcome->text, sizeof(outcome->text), "%s", tractor_why());
}

/* Adds a child to the root, taking the spec over. */
static tractor_err
add(struct tractor_runtime *runtime, struct spec *spec, struct outcome *outcome)
{
	struct node *node;

	tri_assert(spec != NULL);
	tractor_err err = runtime->closing ? TRACTOR_ECLOSED
					   : tree_add(runtime->tree, tree_root(runtime->tree), spec, &node);

	if (err != TRACTOR_OK) {
		tri_why(err, "%s: %s", spec->name, tractor_err_text(err));
		spec_free(spec);
		return err;
	}
	runtime->start_failure[0] = '\0';
	outcome->id = node->id;
	err = runtime_add_slots(runtime, node);
	if (err == TRACTOR_OK)
		err = waiter_add(runtime, node, WAIT_UP, outcome_known, outcome);
	if (err != TRACTOR_OK)
		tree_terminate(runtime->tree, node);
	return err;
}

/* Adds a child to the root and waits until it is up, or isn't to be. */
static tractor_err
add_and_wait(struct tractor_runtime *runtime, struct spec *spec, struct outcome *outcome)
{
	tractor_err err = add(runtime, spec, outcome);

	while (err == TRACTOR_OK && !outcome->known)
		err = runtime_wait(runtime, TRI_FOREVER);
	waiter_forget(runtime, outcome);
	if (err != TRACTOR_OK || outcome->err == TRACTOR_OK)
		return err;
	if (runtime->closing)
		return tri_why(TRACTOR_ECLOSED, "the tree is being stopped");
	return tri_why(outcome->err, "%s",
		outcome->err == TRACTOR_ESTART && *runtime->start_failure ? runtime->start_failure
									  : outcome->text);
}

/* Stops and forgets a child, so that its name is free again. */
static void
take_back(struct tractor_runtime *runtime, uint64_t id)
{
	struct node *node = tree_by_id(runtime->tree, id);

	if (node)
		tree_terminate(runtime->tree, node);
	while ((node = tree_by_id(runtime->tree, id)) && node->state != NODE_STOPPED)
		if (runtime_wait(runtime, TRI_FOREVER) != TRACTOR_OK)
			return;
	if (node)
		tree_remove(runtime->tree, node);
	runtime_settle(runtime);
}

tractor_err
tractor_start_child(struct tractor_runtime *runtime, const struct tractor_protocol *protocol,
	const struct tractor_child *child, struct tractor_address *ret_address)
{
	struct outcome outcome = { .protocol = protocol };
	struct spec *spec = NULL;
	tractor_err err = tree_ended(runtime->tree) ? tri_why(TRACTOR_ECLOSED, "the tree has ended")
						    : build_child(child, &spec);

	if (err == TRACTOR_OK)
		err = add_and_wait(runtime, spec, &outcome);
	if (err == TRACTOR_OK) {
		*ret_address = (struct tractor_address){ .actor = outcome.id };
	} else if (err == TRACTOR_EPROTOCOL) {
		take_back(runtime, outcome.id);
		tri_why(err, "%s", outcome.text);
	}
	return err;
}

tractor_err
tractor_runtime_load(struct tractor_runtime *runtime, const char *path)
{
	struct outcome outcome = { .known = false };
	struct spec *spec;
	tractor_err err = build_file(path, &spec);

	return err == TRACTOR_OK ? add_and_wait(runtime, spec, &outcome) : err;
}
