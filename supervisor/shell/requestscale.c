/*
 * requestscale.c: as many members of a pool as the command says. What is missing is started and what is too much is stopped, the newest first, all at once (the core starts no more at a time
 * than is good); the request is answered when all of it has come about or can't, with what was done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "requests.h"
#include "why.h"

#define NUMBER_BYTES 12 /* of "-1000000" */

struct scale {
	struct tractor_runtime *runtime;
	struct control_request *request;
	uint64_t pool;
	size_t pending, failed;
	json_t *started, *stopped; /* paths, in the order in which it was asked for */
	char why[512];		   /* of the first that failed */
};

static void
scale_free(struct scale *scale)
{
	waiter_forget(scale->runtime, scale);
	json_decref(scale->started);
	json_decref(scale->stopped);
	free(scale);
}

static void
scale_gone(struct control_request *request)
{
	scale_free(request->own);
}

static struct scale *
scale_new(struct tractor_runtime *runtime, struct control_request *request, const struct node *pool)
{
	struct scale *scale = calloc(1, sizeof(*scale));

	if (!scale)
		return NULL;
	*scale = (struct scale){ .runtime = runtime,
		.request = request,
		.pool = pool->id,
		.started = json_array(),
		.stopped = json_array() };
	request->own = scale;
	request->gone = scale_gone;
	return scale;
}

/* Those that are not on their way out. */
static size_t
member_count(const struct node *pool)
{
	size_t count = 0;

	for (size_t i = 0; i < pool->child_count; i++)
		count += pool->children[i]->state != NODE_STOPPING;
	return count;
}

static void
fail(struct scale *scale, const char *why)
{
	if (scale->failed++ == 0)
		snprintf(scale->why, sizeof(scale->why), "%s", why);
}

static void
answer(struct scale *scale)
{
	const struct node *pool = tree_by_id(scale->runtime->tree, scale->pool);
	struct control_request *request = scale->request;

	if (pool)
		control_data(request, json_pack("{s:i, s:s, s:I, s:O, s:O}", "schema_version", 1, "path",
					      pool->path, "members", (json_int_t)member_count(pool),
					      "started", scale->started, "stopped", scale->stopped));
	if (!pool)
		control_end(request, CONTROL_FAILED, "the pool is no longer there; see: tractor events");
	else if (scale->failed > 0)
		control_end(request, CONTROL_FAILED, "%zu member%s did not start; the first: %s",
			scale->failed, scale->failed == 1 ? "" : "s", scale->why);
	else
		control_end(request, CONTROL_DONE, NULL);
	scale_free(scale);
}

static void
arrived(struct scale *scale)
{
	if (--scale->pending == 0)
		answer(scale);
}

static void
strike(json_t *paths, const char *path)
{
	for (size_t i = json_array_size(paths); i-- > 0;)
		if (strcmp(json_string_value(json_array_get(paths, i)), path) == 0)
			json_array_remove(paths, i);
}

static void
is_up(void *arg, struct node *node, tractor_err err, const char *text)
{
	struct scale *scale = arg;
	char why[512];

	if (err != TRACTOR_OK) {
		snprintf(why, sizeof(why), "%s: %s", node->path, text);
		fail(scale, why);
		strike(scale->started, node->path);
	}
	arrived(scale);
}

static void
is_down(void *arg, struct node *node, tractor_err err, const char *text)
{
	(void)node, (void)err, (void)text;
	arrived(arg);
}

/* POOL-N for the least N from *number on whose name is free. */
static void
free_name(struct tractor_runtime *runtime, const struct node *pool, unsigned *number,
	char ret_name[SPEC_NAME_MAX + 1])
{
	char path[SPEC_PATH_MAX];

	do {
		snprintf(ret_name, SPEC_NAME_MAX + 1, "%.*s-%u", SPEC_NAME_MAX - NUMBER_BYTES,
			pool->spec->name, (*number)++);
		snprintf(path, sizeof(path), "%s/%s", pool->path, ret_name);
	} while (tree_find(runtime->tree, path));
}

static void
start_one(struct scale *scale, struct node *pool, unsigned *number)
{
	char name[SPEC_NAME_MAX + 1];
	struct node *node = NULL;

	free_name(scale->runtime, pool, number, name);
	struct spec *spec = spec_member(pool->spec, name);
	tractor_err err = spec ? admin_add(scale->runtime, pool, spec, &node)
			       : tri_why(TRACTOR_ENOMEM, "out of memory");
	if (node)
		err = waiter_add(scale->runtime, node, WAIT_UP, is_up, scale);
	if (!node || err != TRACTOR_OK) {
		fail(scale, err == TRACTOR_ENOMEM ? "out of memory" : tractor_why());
		return;
	}
	json_array_append_new(scale->started, json_string(node->path));
	scale->pending++;
}

static void
stop_one(struct scale *scale, struct node *node)
{
	if (waiter_add(scale->runtime, node, WAIT_DOWN, is_down, scale) == TRACTOR_OK)
		scale->pending++;
	json_array_append_new(scale->stopped, json_string(node->path));
	tree_terminate(scale->runtime->tree, node);
}

/* Counts as pending itself, so that nothing is answered before all of it has been asked for. */
static void
scale_to(struct scale *scale, struct node *pool, size_t wanted)
{
	size_t members = member_count(pool);
	unsigned number = 1;

	scale->pending = 1;
	for (; members < wanted && scale->failed == 0; members++)
		start_one(scale, pool, &number);
	for (size_t i = pool->child_count; members > wanted && i-- > 0;)
		if (pool->children[i]->state != NODE_STOPPING) {
			stop_one(scale, pool->children[i]);
			members--;
		}
	arrived(scale);
}

void
requestscale_scale(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	json_int_t wanted = json_integer_value(json_object_get(body, "members"));

	tree_run(runtime->tree, runtime->loop.now_ns);
	struct node *pool = requestfind_node(runtime, request, body);
	if (!pool)
		return;
	if (pool->spec->kind != SPEC_POOL) {
		control_end(request, CONTROL_USAGE, "%s is no pool but %s %s", pool->path,
			pool->spec->kind == SPEC_ACTOR ? "an" : "a", spec_kind_name(pool->spec->kind));
	} else if (wanted < 0 || wanted > (json_int_t)pool->spec->pool_max) {
		control_end(request, CONTROL_USAGE, "%s can have 0 to %u members (max)", pool->path,
			pool->spec->pool_max);
	} else if (pool->state != NODE_RUNNING) {
		control_end(request, CONTROL_FAILED, "%s is %s; start it first", pool->path,
			node_state_name(pool->state));
	} else {
		struct scale *scale = scale_new(runtime, request, pool);
		if (scale)
			scale_to(scale, pool, (size_t)wanted);
		else
			control_end(request, CONTROL_FAILED, "out of memory");
	}
}
