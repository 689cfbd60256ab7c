/*
 * requeststeer.c: what the command wants done to the tree: start, stop and restart of a node, the end of the whole, a fault in an actor. A request is answered when what it asked for has
 * come about, or can't.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "faultspec.h"
#include "requests.h"
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

/* What the actor's library is to do; `name` is spec's. False: the actor has no such message, and the request has been answered with that. */
static bool
plan_fault(struct slot *slot, struct control_request *request, const json_t *body,
	const struct faultspec *spec, struct tri_planned *ret_planned)
{
	bool is_message =
		spec->place == TRI_AT_BEFORE || spec->place == TRI_AT_AFTER || spec->place == TRI_AT_REPLY;
	const struct payload_schema *schema =
		is_message ? requestfind_message(slot, request, spec->name) : NULL;

	if (is_message && !schema)
		return false;
	*ret_planned = (struct tri_planned){ .fault = (uint8_t)spec->fault,
		.place = (uint8_t)spec->place,
		.number = spec->number,
		.message = schema ? schema->fingerprint : 0,
		.failpoint = is_message ? "" : spec->name,
		.count = spec->count,
		.probability = json_number_value(json_object_get(body, "probability")),
		.seed = (uint64_t)json_integer_value(json_object_get(body, "seed")) };
	return true;
}

/* The next process has it from its beginning. */
static tractor_err
leave_for_next(struct slot *slot, const struct tri_planned *planned)
{
	size_t used = 0;
	tractor_err err = tri_encode(
		&tri_record_tri_planned, planned, slot->plan.bytes, sizeof(slot->plan.bytes), &used);

	slot->plan.size_bytes = err == TRACTOR_OK ? (uint32_t)used : 0;
	return err;
}

static tractor_err
hand_over(struct slot *slot, const struct tri_planned *planned)
{
	struct tri_frame frame = tri_frame(TRI_FRAME_INJECT);
	tractor_err err = slot_send_record(slot, &frame, &tri_record_tri_planned, planned);

	if (err == TRACTOR_OK)
		deadline_delivered(slot);
	return err;
}

static void
strike(struct slot *slot, enum tri_fault_kind fault)
{
	slot_signal(slot, fault == TRI_FAULT_KILL ? SIGKILL : SIGSTOP);
	if (slot->node->spec->handler_timeout_ns > 0)
		deadline_delivered(slot);
}

static void
inject(struct slot *slot, struct control_request *request, const json_t *body, const struct faultspec *spec)
{
	const char *at = requestfind_text(body, "at");
	struct tri_planned planned;
	tractor_err err = TRACTOR_OK;

	if (!plan_fault(slot, request, body, spec, &planned))
		return;
	events_note(slot->runtime, "injected", slot->node->path, slot->incarnation, "%s%s%s",
		requestfind_text(body, "fault"), *at ? " at " : "", at);
	if (faultspec_is_outside(spec->fault))
		strike(slot, spec->fault);
	else if (spec->place == TRI_AT_START)
		err = leave_for_next(slot, &planned);
	else
		err = hand_over(slot, &planned);
	if (err == TRACTOR_OK)
		control_end(request, CONTROL_DONE, NULL);
	else
		control_end(request, CONTROL_FAILED, "out of memory");
}

void
requeststeer_inject(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct slot *slot = requestfind_actor(runtime, request, body);
	const char *at = requestfind_text(body, "at");
	struct faultspec spec;

	if (!slot)
		return;
	if (faultspec_parse(requestfind_text(body, "fault"), *at ? at : NULL, &spec) != TRACTOR_OK)
		control_end(request, CONTROL_USAGE, "%s", tractor_why());
	else if (!slot->ready && spec.place != TRI_AT_START)
		control_end(request, CONTROL_FAILED, "%s is not running", slot->node->path);
	else
		inject(slot, request, body, &spec);
}
