/*
 * requestfind.c: what a request of the command is about: its words, the node, the actor or the message that it names. Where there is none of that name the request is answered with what
 * comes nearest, or with where to look.
 */
#include <string.h>

#include "requests.h"
#include "slot.h"
#include "suggest.h"

const char *
requestfind_text(const json_t *body, const char *key)
{
	const char *text = json_string_value(json_object_get(body, key));

	return text ? text : "";
}

enum control_code
requestfind_code(tractor_err err)
{
	switch (err) {
	case TRACTOR_OK: return CONTROL_DONE;
	case TRACTOR_ENOACTOR: return CONTROL_NO_ACTOR;
	case TRACTOR_ETIMEDOUT: return CONTROL_TIMED_OUT;
	case TRACTOR_EINVAL: return CONTROL_USAGE;
	default: return CONTROL_FAILED;
	}
}

static const char *
nearest_path(struct tractor_runtime *runtime, const char *path)
{
	const char *nearest = NULL;
	size_t best = strlen(path) / 2;

	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node)) {
		size_t distance = suggest_distance(path, node->path);
		if (distance <= best && (!nearest || distance < best)) {
			nearest = node->path;
			best = distance;
		}
	}
	return nearest;
}

struct node *
requestfind_node(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	const char *path = requestfind_text(body, "path");
	struct node *node = tree_find(runtime->tree, path);

	if (node)
		return node;
	const char *nearest = nearest_path(runtime, path);
	if (nearest)
		control_end(request, CONTROL_NO_ACTOR, "there is no %s; did you mean %s?", path, nearest);
	else
		control_end(request, CONTROL_NO_ACTOR, "there is no %s; see: tractor status", path);
	return NULL;
}

struct slot *
requestfind_actor(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	struct node *node = requestfind_node(runtime, request, body);

	if (node && !slot_of(node))
		control_end(request, CONTROL_NO_ACTOR, "%s is a %s, not an actor", node->path,
			spec_kind_name(node->spec->kind));
	return node ? slot_of(node) : NULL;
}

const struct payload_schema *
requestfind_message(struct slot *slot, struct control_request *request, const char *name)
{
	const struct payload_schema *schema = NULL;
	tractor_err err = talk_find(slot, name, &schema);

	if (err != TRACTOR_OK)
		control_end(request, requestfind_code(err), "%s", tractor_why());
	return schema;
}
