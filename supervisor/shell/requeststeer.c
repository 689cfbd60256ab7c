/*
 * requeststeer.c: what the command wants done to the tree: start, stop and restart of a node, the end of the whole, a fault in an actor. A request is answered when what it asked for has
 * come about, or can't.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "requests.h"
#include "slot.h"
#include "why.h"

/* --- start, stop, restart, down --- */

/* A request that waits for a node; `own` is the runtime. */
static void
steer_gone(struct control_request *request)
{
	waiter_forget(request->own, request);
}

static void
steered(void *arg, struct node *node, tractor_err err, const char *text)
{
	struct control_request *request = arg;
	const struct tractor_runtime *runtime = request->own;

	request->gone = NULL;
	if (err == TRACTOR_OK)
		control_end(request, CONTROL_DONE, NULL);
	else if (!slot_of(node) && *runtime->start_failure) /* it says which one below it */
		control_end(
			request, CONTROL_FAILED, "%s did not start: %s", node->path, runtime->start_failure);
	else
		control_end(request, CONTROL_FAILED, "%s did not start: %s", node->path, text);
}

void
requeststeer_wait(struct tractor_runtime *runtime, struct control_request *request, struct node *node,
	enum waiter_for what)
{
	request->own = runtime;
	request->gone = steer_gone;
	if (waiter_add(runtime, node, what, steered, request) == TRACTOR_OK)
		return;
	request->gone = NULL;
	control_end(request, CONTROL_FAILED, "out of memory");
}

/* The command has been given; now it is obeyed, as far as that goes at once, and what is left is waited for. */
static void
steer(struct tractor_runtime *runtime, struct control_request *request, uint64_t id, enum waiter_for what)
{
	runtime->start_failure[0] = '\0';
	tree_run(runtime->tree, runtime->loop.now_ns);
	struct node *node = tree_by_id(runtime->tree, id);
	if (node && !waiter_is_over(node, what))
		requeststeer_wait(runtime, request, node, what);
	else if (what == WAIT_DOWN || (node && node->state == NODE_RUNNING))
		control_end(request, CONTROL_DONE, NULL);
	else
		control_end(request, CONTROL_FAILED, "it did not start; see: tractor events");
}

void
requeststeer_start(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node = requestfind_node(runtime, request, body);
	tractor_err err = node ? tree_start(runtime->tree, node) : TRACTOR_OK;

	if (!node)
		return;
	if (err == TRACTOR_OK)
		steer(runtime, request, node->id, WAIT_UP);
	else
		control_end(request, CONTROL_FAILED, "%s is %s", node->path, node_state_name(node->state));
}

void
requeststeer_stop(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node = requestfind_node(runtime, request, body);
	uint64_t id = node ? node->id : 0;

	if (!node)
		return;
	if (node == tree_root(runtime->tree))
		tractor_runtime_stop(runtime, false);
	else
		tree_terminate(runtime->tree, node);
	steer(runtime, request, id, WAIT_DOWN);
}

void
requeststeer_restart(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node = requestfind_node(runtime, request, body);
	tractor_err err = node ? tree_restart(runtime->tree, node) : TRACTOR_OK;

	if (!node)
		return;
	if (err == TRACTOR_OK)
		steer(runtime, request, node->id, WAIT_UP);
	else
		control_end(request, CONTROL_FAILED, "%s: %s", node->path, tractor_err_text(err));
}

void
requeststeer_down(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	(void)body;
	tractor_runtime_stop(runtime, false);
	steer(runtime, request, tree_root(runtime->tree)->id, WAIT_DOWN);
}

/* --- inject --- */

void
requeststeer_inject(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct slot *slot = requestfind_actor(runtime, request, body);
	const char *at = requestfind_text(body, "at");
	const struct spec_fault fault = { .fault = requestfind_text(body, "fault"),
		.at = *at ? at : NULL,
		.probability = json_number_value(json_object_get(body, "probability")),
		.seed = (uint64_t)json_integer_value(json_object_get(body, "seed")) };

	if (!slot)
		return;
	tractor_err err = runtime_explained(inject_fault(slot, &fault));
	if (err == TRACTOR_OK)
		control_end(request, CONTROL_DONE, NULL);
	else
		control_end(request, requestfind_code(err), "%s", tractor_why());
}
