/*
 * children.c: what the program wants done to the children of its tree. A call waits until what it asked for has come about; meanwhile the tree lives on as ever. What makes no sense is refused
 * in admin.c; what could not be started is said with its reason; a child that turns out to be another than was asked for is stopped and forgotten again.
 */
#include <stdio.h>

#include "context.h"
#include "runtime.h"
#include "slot.h"
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

/* Turns until the outcome is known, and says it. */
static tractor_err
wait_for(struct tractor_runtime *runtime, struct outcome *outcome)
{
	tractor_err err = TRACTOR_OK;

	while (err == TRACTOR_OK && !outcome->known)
		err = turn_wait(runtime, TRI_FOREVER);
	waiter_forget(runtime, outcome);
	if (err != TRACTOR_OK || outcome->err == TRACTOR_OK)
		return err;
	if (runtime->closing || tree_ended(runtime->tree))
		return tri_why(TRACTOR_ECLOSED, "the tree is being stopped, or has ended");
	return tri_why(outcome->err, "%s",
		outcome->err == TRACTOR_ESTART && *runtime->start_failure ? runtime->start_failure
									  : outcome->text);
}

/* Adds a child, taking the spec over, and waits until it is up, or isn't to be. */
static tractor_err
add_and_wait(struct tractor_runtime *runtime, struct node *parent, struct spec *spec, struct outcome *outcome)
{
	struct node *node;
	tractor_err err = admin_add(runtime, parent, spec, &node);

	if (err != TRACTOR_OK)
		return err;
	outcome->id = node->id;
	err = waiter_add(runtime, node, WAIT_UP, outcome_known, outcome);
	if (err != TRACTOR_OK) {
		tree_terminate(runtime->tree, node);
		return err;
	}
	return wait_for(runtime, outcome);
}

/* Stops and forgets a child, so that its name is free again. */
static void
take_back(struct tractor_runtime *runtime, uint64_t id)
{
	struct node *node = tree_by_id(runtime->tree, id);

	if (node)
		tree_terminate(runtime->tree, node);
	while ((node = tree_by_id(runtime->tree, id)) && node->state != NODE_STOPPED)
		if (turn_wait(runtime, TRI_FOREVER) != TRACTOR_OK)
			return;
	if (node)
		tree_remove(runtime->tree, node);
	turn_settle(runtime);
}

tractor_err
children_find(struct tractor_runtime *runtime, const char *path, admin_look *look, struct node **ret_node)
{
	tractor_err err = tree_ended(runtime->tree) ? TRACTOR_OK : turn_wait(runtime, 0);

	return err == TRACTOR_OK ? look(runtime, path, ret_node) : err;
}

tractor_err
tractor_start_child(struct tractor_runtime *runtime, const struct tractor_protocol *protocol,
	const struct tractor_child *child, struct tractor_address *ret_address)
{
	struct outcome outcome = { .protocol = protocol };
	struct spec *spec = NULL;
	struct node *parent;
	tractor_err err = children_find(runtime, child->under, admin_find_parent, &parent);

	if (err == TRACTOR_OK)
		err = parent->spec->kind == SPEC_POOL
			      ? build_member(parent->spec, child, runtime_next_number(runtime), &spec)
			      : build_child(child, &spec);
	if (err == TRACTOR_OK)
		err = add_and_wait(runtime, parent, spec, &outcome);
	if (err == TRACTOR_OK && ret_address) {
		*ret_address = (struct tractor_address){ .actor = outcome.id };
	} else if (err == TRACTOR_EPROTOCOL) {
		take_back(runtime, outcome.id);
		tri_why(err, "%s", outcome.text);
	}
	return runtime_explained(err);
}

/* Of a child that is no actor. */
static tractor_err
start(struct tractor_runtime *runtime, const char *under, struct spec *spec)
{
	struct outcome outcome = { .known = false };
	struct node *parent;
	tractor_err err = children_find(runtime, under, admin_find_parent, &parent);

	if (err == TRACTOR_OK)
		return add_and_wait(runtime, parent, spec, &outcome);
	spec_free(spec);
	return err;
}

tractor_err
tractor_start_supervisor(struct tractor_runtime *runtime, const struct tractor_supervisor *supervisor)
{
	struct spec *spec;
	tractor_err err = build_supervisor(supervisor, &spec);

	return runtime_explained(err == TRACTOR_OK ? start(runtime, supervisor->under, spec) : err);
}

tractor_err
tractor_start_pool(struct tractor_runtime *runtime, const struct tractor_pool *pool)
{
	struct spec *spec;
	tractor_err err = build_pool(pool, &spec);

	return runtime_explained(err == TRACTOR_OK ? start(runtime, pool->under, spec) : err);
}

tractor_err
tractor_runtime_load(struct tractor_runtime *runtime, const char *path)
{
	struct spec *spec;
	tractor_err err = build_file(path, &spec);

	return runtime_explained(err == TRACTOR_OK ? start(runtime, NULL, spec) : err);
}

tractor_err
tractor_terminate_child(struct tractor_runtime *runtime, const char *path)
{
	struct outcome outcome = { .known = false };
	struct node *node;
	tractor_err err = children_find(runtime, path, admin_find, &node);

	if (err == TRACTOR_OK)
		err = admin_terminate(runtime, node);
	if (err != TRACTOR_OK || node->state == NODE_STOPPED)
		return err;
	err = waiter_add(runtime, node, WAIT_DOWN, outcome_known, &outcome);
	return runtime_explained(err == TRACTOR_OK ? wait_for(runtime, &outcome) : err);
}

tractor_err
tractor_restart_child(struct tractor_runtime *runtime, const char *path)
{
	struct outcome outcome = { .known = false };
	struct node *node;
	tractor_err err = children_find(runtime, path, admin_find, &node);

	if (err == TRACTOR_OK)
		err = admin_restart(runtime, node);
	if (err != TRACTOR_OK)
		return err;
	runtime->start_failure[0] = '\0';
	err = waiter_add(runtime, node, WAIT_UP, outcome_known, &outcome);
	return runtime_explained(err == TRACTOR_OK ? wait_for(runtime, &outcome) : err);
}

tractor_err
tractor_delete_child(struct tractor_runtime *runtime, const char *path)
{
	struct node *node;
	tractor_err err = children_find(runtime, path, admin_find, &node);

	if (err == TRACTOR_OK)
		err = admin_delete(runtime, node);
	if (err == TRACTOR_OK)
		turn_settle(runtime);
	return err;
}
