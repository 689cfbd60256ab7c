/*
 * admin.c: administration of children, as OTP's supervisor has it: which node is meant, whether what is asked of it makes sense now, and the order to the core. For the program's calls and
 * for the command's requests alike; who waits for what comes of it is their business. What can't be is an error with a sentence that says what to do.
 */
#include <stdio.h>

#include "runtime.h"
#include "why.h"

tractor_err
admin_find(struct tractor_runtime *runtime, const char *path, struct node **ret_node)
{
	tree_run(runtime->tree, runtime->loop.now_ns);
	if (tree_ended(runtime->tree))
		return tri_why(TRACTOR_ECLOSED, "the tree has ended");
	struct node *node = path ? tree_find(runtime->tree, path) : tree_root(runtime->tree);
	if (!node)
		return tri_why(TRACTOR_ENOACTOR, "there is no %s in the tree", path);
	*ret_node = node;
	return TRACTOR_OK;
}

tractor_err
admin_find_parent(struct tractor_runtime *runtime, const char *path, struct node **ret_node)
{
	struct node *node = NULL;
	tractor_err err = admin_find(runtime, path, &node);

	if (!node)
		return err;
	if (node->spec->kind == SPEC_ACTOR)
		return tri_why(TRACTOR_EINVAL, "%s is an actor: only a supervisor or a pool has children",
			node->path);
	*ret_node = node;
	return TRACTOR_OK;
}

/* What the core only calls bad: of the spec itself nothing is, that has been checked. */
static tractor_err
misplaced(const struct node *parent, const struct spec *spec)
{
	if (parent->spec->kind == SPEC_POOL && spec->kind != SPEC_ACTOR)
		return tri_why(TRACTOR_EINVAL, "%s: the members of the pool %s are actors, not %ss",
			spec->name, parent->path, spec_kind_name(spec->kind));
	if (spec->significant && parent->spec->auto_shutdown == SPEC_NEVER)
		return tri_why(TRACTOR_EINVAL,
			"%s: a significant child has no effect under %s, whose auto_shutdown is never",
			spec->name, parent->path);
	return tri_why(TRACTOR_EINVAL, "%s: %s is nested too deep for it; at most %d supervisors may be",
		spec->name, parent->path, SPEC_DEPTH_MAX);
}

static tractor_err
taken(struct tractor_runtime *runtime, const struct node *parent, const struct spec *spec)
{
	char path[SPEC_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", parent->path, spec->name);
	const struct node *node = tree_find(runtime->tree, path);
	if (node && node->state == NODE_STOPPED)
		return tri_why(TRACTOR_EPRESENT,
			"%s is there already, stopped: restart it, or delete it first", path);
	return tri_why(TRACTOR_EEXIST, "%s is there already%s", path,
		node && node->state == NODE_RUNNING ? ", and runs" : "");
}

static tractor_err
not_added(
	struct tractor_runtime *runtime, const struct node *parent, const struct spec *spec, tractor_err err)
{
	switch (err) {
	case TRACTOR_EINVAL: return misplaced(parent, spec);
	case TRACTOR_EEXIST: return taken(runtime, parent, spec);
	case TRACTOR_EFULL:
		return tri_why(err, "%s: it has as many members as it may: %u", parent->path,
			parent->spec->pool_max);
	case TRACTOR_ECLOSED:
		return tri_why(err, "%s is %s; children are started while it runs", parent->path,
			node_state_name(parent->state));
	default: return tri_why(err, "%s: %s", spec->name, tractor_err_text(err));
	}
}

/* It ends before it has begun. */
static void
take_back(struct tractor_runtime *runtime, struct node *node)
{
	tree_terminate(runtime->tree, node);
	tree_run(runtime->tree, runtime->loop.now_ns);
	tree_remove(runtime->tree, node);
}

tractor_err
admin_add(struct tractor_runtime *runtime, struct node *parent, struct spec *spec, struct node **ret_node)
{
	struct node *node;

	if (runtime->closing) {
		spec_free(spec);
		return tri_why(TRACTOR_ECLOSED, "the tree is being stopped");
	}
	tractor_err err = tree_add(runtime->tree, parent, spec, &node);
	if (err != TRACTOR_OK) {
		err = not_added(runtime, parent, spec, err);
		spec_free(spec);
		return err;
	}
	runtime->start_failure[0] = '\0';
	err = runtime_add_slots(runtime, node);
	if (err == TRACTOR_OK)
		*ret_node = node;
	else
		take_back(runtime, node);
	return err;
}

tractor_err
admin_terminate(struct tractor_runtime *runtime, struct node *node)
{
	if (node == tree_root(runtime->tree))
		return tri_why(TRACTOR_EINVAL,
			"%s is the whole tree; to end it, stop the runtime, or use: tractor down",
			node->path);
	return tree_terminate(runtime->tree, node);
}

/* Why not: it isn't stopped. */
static tractor_err
not_stopped(const struct node *node, const char *advice)
{
	bool restarting = node->state == NODE_WAITING || node->state == NODE_STARTING;

	return tri_why(restarting ? TRACTOR_ERESTARTING : TRACTOR_ERUNNING, "%s %s%s", node->path,
		restarting		       ? "is being started by its supervisor"
		: node->state == NODE_STOPPING ? "is being stopped"
					       : "is running",
		advice);
}

tractor_err
admin_restart(struct tractor_runtime *runtime, struct node *node)
{
	if (node->state != NODE_STOPPED)
		return not_stopped(node, "");
	tractor_err err = tree_start(runtime->tree, node);
	if (err == TRACTOR_ECLOSED)
		return tri_why(err, "%s is %s; start it first", node->parent->path,
			node_state_name(node->parent->state));
	return err == TRACTOR_OK ? err : tri_why(err, "%s: %s", node->path, tractor_err_text(err));
}

tractor_err
admin_delete(struct tractor_runtime *runtime, struct node *node)
{
	if (node == tree_root(runtime->tree))
		return tri_why(TRACTOR_EINVAL, "%s is the whole tree, which cannot be deleted", node->path);
	if (node->state != NODE_STOPPED)
		return not_stopped(node, "; stop it first");
	tractor_err err = tree_remove(runtime->tree, node);
	return err == TRACTOR_OK ? err : tri_why(err, "%s: %s", node->path, tractor_err_text(err));
}
