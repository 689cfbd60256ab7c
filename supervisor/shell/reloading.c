/*
 * reloading.c: a new version of the tree's file: read again, compared, and carried out while everything else goes on. One at a time. The core does it; here is what the shell has to do with
 * it: the file that is meant, slots and policy before the first change, what is in place after it, and how the children came out that it starts.
 *
 * It knows nothing of who asked. A file or a policy that is no good, or want of memory, is said before anything has been changed; a child that doesn't start is told at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "runtime.h"
#include "slot.h"
#include "why.h"

tractor_err
reloading_remember(struct tractor_runtime *runtime, const char *path)
{
	char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);

	if (path[0] != '/' && !here)
		return tri_why(
			TRACTOR_ESYSTEM, "the working directory is gone, so %s can't be found again", path);
	if (asprintf(&runtime->reloading.file, "%s%s%s", here ? here : "", here ? "/" : "", path) < 0)
		runtime->reloading.file = NULL;
	free(here);
	return runtime->reloading.file ? TRACTOR_OK : TRACTOR_ENOMEM;
}

/* The supervisor that the file describes: the whole tree, or what was loaded below the root of a program's own. */
static struct node *
target_of(struct tractor_runtime *runtime, const struct spec *spec)
{
	struct node *root = tree_root(runtime->tree);

	if (strcmp(root->spec->name, spec->name) == 0)
		return root;
	for (size_t i = 0; i < root->child_count && !runtime->reloading.file; i++)
		if (root->children[i]->spec->kind == SPEC_SUPERVISOR &&
			strcmp(root->children[i]->spec->name, spec->name) == 0)
			return root->children[i];
	return NULL;
}

static tractor_err
say(tractor_err err, const struct node *node)
{
	switch (err) {
	case TRACTOR_ECLOSED:
		return tri_why(err, "%s is %s; only what is running can be reloaded", node->path,
			node_state_name(node->state));
	case TRACTOR_EEXIST: return tri_why(err, "a reload is going on already; see: tractor events");
	case TRACTOR_EINVAL: return tri_why(err, "it can't be what %s is to be", node->path);
	default: return tri_why(err, "%s", tractor_err_text(err));
	}
}

/* --- what is started --- */

static void
came_out(void *arg, struct node *node, tractor_err err, const char *text)
{
	struct reloading_start *start = arg;
	struct tractor_runtime *runtime = start->runtime;

	start->waits = false;
	if (err == TRACTOR_OK || err == TRACTOR_IGNORE)
		return;
	/* Of a supervisor the child that it failed with says more, if that was the first one to fail. */
	size_t length = strlen(node->path);
	if (!slot_of(node) && strncmp(runtime->start_failure, node->path, length) == 0 &&
		runtime->start_failure[length] == '/')
		text = runtime->start_failure;
	snprintf(start->failure, sizeof(start->failure), "%s",
		*text ? text : "it was stopped before it was up");
}

/* Those that begin below a supervisor that is down have their turn with it. */
static bool
is_started(const struct tree_change *change, const struct node *node)
{
	if (change->kind == TREE_RESTARTED)
		return true;
	return change->kind == TREE_ADDED &&
	       (node->parent->state == NODE_RUNNING || node->parent->state == NODE_STARTING);
}

static void
watch_starts(struct tractor_runtime *runtime)
{
	struct reloading *reloading = &runtime->reloading;

	for (size_t i = 0; i < reloading->plan.count; i++) {
		struct reloading_start *start = &reloading->starts[i];
		struct node *node = tree_find(runtime->tree, reloading->plan.changes[i].path);
		*start = (struct reloading_start){ .runtime = runtime };
		if (!node || !is_started(&reloading->plan.changes[i], node))
			continue;
		start->waits = waiter_add(runtime, node, WAIT_UP, came_out, start) == TRACTOR_OK;
		if (!start->waits)
			snprintf(start->failure, sizeof(start->failure),
				"it may; there was no memory to wait for it");
	}
}

/* --- doing it --- */

static void
note_changes(struct tractor_runtime *runtime)
{
	const struct tree_plan *plan = &runtime->reloading.plan;

	for (size_t i = 0; i < plan->count; i++) {
		const struct tree_change *change = &plan->changes[i];
		events_note(runtime, "reload", change->path, 0, "%s%s%s", tree_change_name(change->kind),
			*change->what ? ": " : "", change->what);
	}
}

/* What router and deadlines were told of the old values, and what was set aside for them. */
static void
pass_on_values(struct tractor_runtime *runtime)
{
	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node)) {
		spares_renewed(runtime, node);
		if (!slot_of(node))
			continue;
		router_change(runtime->router, node->id, node->spec->mailbox, node->spec->redeliver);
		bypass_close_to(slot_of(node)); /* those that are laid anew go by the new values */
		deadline_changed(slot_of(node));
		faults_take_back(slot_of(node));
		slot_rehearse(slot_of(node));
	}
}

/* A process that goes on has its new faults at once, any other when it is ready. */
static void
pass_on_faults(struct tractor_runtime *runtime)
{
	const struct tree_plan *plan = &runtime->reloading.plan;

	for (size_t i = 0; i < plan->count; i++) {
		struct node *node = tree_find(runtime->tree, plan->changes[i].path);
		struct slot *slot = node && plan->changes[i].kind == TREE_CHANGED ? slot_of(node) : NULL;
		if (slot && slot->ready && !slot->dead && !slot->asked_to_stop)
			faults_arm(slot);
	}
}

/* The tree's part, with the policy that may come with it. */
static tractor_err
change_tree(struct tractor_runtime *runtime, struct node *node, struct spec *spec, struct tree_plan *ret_plan)
{
	struct policy policy;
	bool whole = node == tree_root(runtime->tree);
	tractor_err err = whole ? policy_load(spec, runtime->options.crash_policy, &policy) : TRACTOR_OK;

	if (err != TRACTOR_OK)
		return err;
	remains_tell(runtime); /* what has died was as the old spec says */
	policy_remember(runtime);
	err = tree_reload(runtime->tree, node, spec, ret_plan);
	if (err != TRACTOR_OK)
		say(err, node);
	if (whole && err == TRACTOR_OK)
		policy_replace(runtime, &policy);
	else if (whole)
		policy_unload(&policy);
	return err;
}

/* The plan is made beforehand: so it is known for how many starts there has to be room. */
static tractor_err
carry_out(struct tractor_runtime *runtime, struct node *node, struct spec *spec)
{
	struct reloading *reloading = &runtime->reloading;
	struct tree_plan plan;
	struct reloading_start *starts = calloc(reloading->plan.count + 1, sizeof(*starts));
	tractor_err err = starts ? change_tree(runtime, node, spec, &plan) : TRACTOR_ENOMEM;

	if (err != TRACTOR_OK) {
		free(starts);
		return err;
	}
	tree_plan_free(&reloading->plan);
	reloading->plan = plan;
	reloading->starts = starts;
	reloading->going_on = true;
	runtime->start_failure[0] = '\0';
	note_changes(runtime);
	pass_on_values(runtime);
	pass_on_faults(runtime);
	watch_starts(runtime);
	turn_set_clock(runtime);
	return TRACTOR_OK;
}

tractor_err
reloading_begin(struct tractor_runtime *runtime, struct spec *spec, bool dry_run)
{
	struct reloading *reloading = &runtime->reloading;
	struct node *node = target_of(runtime, spec);
	tractor_err err = TRACTOR_EINVAL;

	if (reloading->going_on)
		err = say(TRACTOR_EEXIST, tree_root(runtime->tree));
	else if (runtime->closing)
		err = tri_why(TRACTOR_ECLOSED, "the tree is being stopped");
	else if (!node)
		tri_why(err, "the file's tree is called %s, not %s; a name can't change while it runs",
			spec->name, tree_root(runtime->tree)->spec->name);
	else if ((err = tree_plan(runtime->tree, node, spec, &reloading->plan)) != TRACTOR_OK)
		say(err, node);
	else if (!dry_run && (err = carry_out(runtime, node, spec)) != TRACTOR_OK)
		tree_plan_free(&reloading->plan);
	if (err != TRACTOR_OK || dry_run)
		spec_free(spec);
	return err;
}

void
reloading_end(struct tractor_runtime *runtime)
{
	struct reloading *reloading = &runtime->reloading;

	for (size_t i = 0; reloading->starts && i < reloading->plan.count; i++)
		if (reloading->starts[i].waits)
			waiter_forget(runtime, &reloading->starts[i]);
	free(reloading->starts);
	tree_plan_free(&reloading->plan);
	reloading->starts = NULL;
	reloading->done = NULL;
	reloading->going_on = false;
}

const char *
reloading_failure(const struct tractor_runtime *runtime, size_t change)
{
	const struct reloading_start *start = &runtime->reloading.starts[change];

	return start->waits ? "it was stopped before it was up" : start->failure;
}

void
reloading_tick(struct tractor_runtime *runtime)
{
	struct reloading *reloading = &runtime->reloading;

	if (!reloading->going_on || tree_reloading(runtime->tree))
		return;
	reloading->going_on = false;
	if (reloading->done)
		reloading->done(runtime);
	reloading_end(runtime);
}

/* --- the program's --- */

static void
keep_result(struct tractor_runtime *runtime)
{
	struct reloading_call *call = runtime->reloading.arg;
	const struct tree_plan *plan = &runtime->reloading.plan;

	for (size_t i = 0; i < plan->count; i++) {
		const char *failure = runtime->reloading.starts ? reloading_failure(runtime, i) : "";
		if (*failure && !*call->failure)
			snprintf(call->failure, sizeof(call->failure), "%s did not start: %.900s",
				plan->changes[i].path, failure);
		if (call->on_change)
			call->on_change(call->arg,
				&(struct tractor_change){ .change = tree_change_name(plan->changes[i].kind),
					.path = plan->changes[i].path,
					.what = plan->changes[i].what,
					.failure = failure });
	}
	call->over = true;
}

tractor_err
tractor_runtime_reload(struct tractor_runtime *runtime, const char *path, bool dry_run,
	void (*on_change)(void *arg, const struct tractor_change *change), void *arg)
{
	struct reloading_call call = { .on_change = on_change, .arg = arg };
	struct spec *spec;

	if (!path && !(path = runtime->reloading.file))
		return tri_why(TRACTOR_EINVAL, "the tree was not opened from a file: which one is it?");
	tractor_err err = build_file(path, &spec);
	if (err == TRACTOR_OK)
		err = reloading_begin(runtime, spec, dry_run);
	if (err != TRACTOR_OK)
		return err;
	runtime->reloading.arg = &call;
	if (dry_run) {
		keep_result(runtime);
		reloading_end(runtime);
		return TRACTOR_OK;
	}
	runtime->reloading.done = keep_result;
	err = turn_wait(
		runtime, 0); /* what needs nobody's start is over at once, and then nothing would wake us */
	while (err == TRACTOR_OK && !call.over)
		err = turn_wait(runtime, TRI_FOREVER);
	if (!call.over)
		runtime->reloading.done = NULL; /* it goes on without us */
	if (err != TRACTOR_OK || !*call.failure)
		return err;
	return tri_why(TRACTOR_ESTART, "%s", call.failure);
}
