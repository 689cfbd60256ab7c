/*
 * scenariojson.c: YAML values as JSON: what YAML takes for a number, true, false or nothing is one, all else is a text, and so is what stands in quotes. A number that is too large for JSON's
 * integers is a text of digits, which a uint64 may be given as.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "payload.h"
#include "scenarioread.h"

#define DIGITS "0123456789"

static bool
is_whole(const char *text)
{
	size_t sign = text[0] == '-', digits = strspn(text + sign, DIGITS);

	return digits > 0 && text[sign + digits] == '\0' && (text[sign] != '0' || digits == 1);
}

/* -1.5, 1e9, .5 is none: as JSON has it. */
static bool
is_real(const char *text)
{
	const char *at = text + (text[0] == '-');
	size_t whole = strspn(at, DIGITS), fraction = 0;

	at += whole;
	if (*at == '.') {
		fraction = strspn(at + 1, DIGITS);
		at += 1 + fraction;
		if (fraction == 0)
			return false;
	}
	if (whole > 0 && (*at == 'e' || *at == 'E')) {
		at += 1 + (at[1] == '-' || at[1] == '+');
		size_t exponent = strspn(at, DIGITS);
		return exponent > 0 && at[exponent] == '\0';
	}
	return whole > 0 && fraction > 0 && *at == '\0';
}

static json_t *
plain_value(const char *text)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(text[0] == 't');
	errno = 0;
	if (is_whole(text)) {
		long long number = strtoll(text, NULL, 10);
		return errno == 0 ? json_integer(number) : json_string(text);
	}
	json_t *real = is_real(text) ? json_real(strtod(text, NULL)) : NULL;
	return real != NULL ? real : json_string(text); /* beyond a double: a text */
}

static json_t *value_of(struct treewalk *walk, const char *what, const yaml_node_t *node, unsigned depth);

static json_t *
scalar_value(struct treewalk *walk, const char *what, const yaml_node_t *node)
{
	if (treewalk_nothing(node))
		return json_null();
	const char *text = treewalk_raw(walk, what, node);
	if (text == NULL)
		return NULL;
	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_value(text) : json_string(text);
}

static json_t *
list_value(struct treewalk *walk, const char *what, const yaml_node_t *node, unsigned depth)
{
	json_t *list = json_array();
	const yaml_node_item_t *top = node->data.sequence.items.top;

	for (const yaml_node_item_t *item = node->data.sequence.items.start; item < top; item++) {
		const yaml_node_t *value = treewalk_visit(walk, *item);
		if (value == NULL ||
			json_array_append_new(list, value_of(walk, what, value, depth + 1)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* One pair; false: complained, or no memory. */
static bool
take_pair(
	struct treewalk *walk, const char *what, const yaml_node_pair_t *pair, unsigned depth, json_t *object)
{
	const yaml_node_t *key = treewalk_visit(walk, pair->key), *value = treewalk_visit(walk, pair->value);
	const char *name = key != NULL && value != NULL ? treewalk_raw(walk, what, key) : NULL;

	if (name == NULL)
		return false;
	if (json_object_get(object, name) == NULL)
		return json_object_set_new(object, name, value_of(walk, name, value, depth + 1)) == 0;
	treewalk_complain(walk, key, "%s: %s is here twice; remove one", what, treevalue_quote(name).text);
	return false;
}

static json_t *
object_value(struct treewalk *walk, const char *what, const yaml_node_t *node, unsigned depth)
{
	json_t *object = json_object();
	const yaml_node_pair_t *top = node->data.mapping.pairs.top;

	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < top; pair++)
		if (!take_pair(walk, what, pair, depth, object)) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static json_t *
value_of(struct treewalk *walk, const char *what, const yaml_node_t *node, unsigned depth)
{
	if (depth > PAYLOAD_DEPTH_MAX + 1) {
		treewalk_complain(walk, node, "%s: is nested deeper than any message can be", what);
		return NULL;
	}
	switch (node->type) {
	case YAML_SEQUENCE_NODE: return list_value(walk, what, node, depth);
	case YAML_MAPPING_NODE: return object_value(walk, what, node, depth);
	default: return scalar_value(walk, what, node);
	}
}

json_t *
scenariojson_value(struct treewalk *walk, const char *what, const yaml_node_t *node)
{
	size_t errors = walk->report->count + walk->report->more;
	json_t *value = value_of(walk, what, node, 0);

	if (value == NULL && walk->report->count + walk->report->more == errors)
		walk->report->out_of_memory = true;
	return value;
}
