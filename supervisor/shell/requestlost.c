/*
 * requestlost.c: the command's questions about messages that no handler will see, and what can be done about those in quarantine: to send one again, as the command's own, or to forget it.
 */
#include <stdlib.h>
#include <string.h>

#include "requests.h"
#include "slot.h"

static bool
concerns(const char *path, const struct lost_letter *letter)
{
	size_t length = strlen(path);

	return length == 0 || (strncmp(letter->path, path, length) == 0 &&
				      (letter->path[length] == '\0' || letter->path[length] == '/'));
}

static json_t *
crashes_json(const struct lost_letter *letter)
{
	json_t *crashes = json_array();

	for (size_t i = 0; i < 2; i++)
		if (*letter->crashes[i])
			json_array_append_new(crashes, json_string(letter->crashes[i]));
	return crashes;
}

static json_t *
letter_json(const struct lost_letter *letter)
{
	json_t *json = json_pack("{s:i, s:I, s:s, s:s, s:s?, s:b, s:I}", "number", (int)letter->number,
		"time", (json_int_t)letter->time_ms, "path", letter->path, "message", letter->message,
		"sender", letter->sender, "ask", letter->ask, "bytes", (json_int_t)letter->payload_bytes);

	if (letter->why != TRACTOR_OK) {
		json_object_set_new(json, "error", json_string(tractor_err_name(letter->why)));
		json_object_set_new(json, "why", json_string(tractor_err_text(letter->why)));
	} else {
		json_object_set_new(
			json, "digest", json_sprintf("0x%llx", (unsigned long long)letter->digest));
		json_object_set_new(json, "crashes", crashes_json(letter));
	}
	return json;
}

/* Its fields, in so far as somebody is to read them; null where its schema is not known any more, or it was not kept. */
static json_t *
fields_json(struct tractor_runtime *runtime, const struct lost_letter *letter)
{
	struct slot *slot = slot_by_id(runtime, letter->target);
	const struct payload_schema *schema = slot ? hearing_schema(slot, letter->fingerprint) : NULL;
	bool shortened;
	json_t *fields;

	if (!schema || !letter->payload ||
		payload_excerpt(schema->record, letter->payload, letter->payload_bytes,
			&report_message_limits, NULL, NULL, &shortened, &fields) != TRACTOR_OK)
		return json_null();
	return fields;
}

static void
list(struct control_request *request, const json_t *body, const struct lost_list *list)
{
	const char *path = requestfind_text(body, "path");
	json_t *letters = json_array();

	for (const struct lost_letter *letter = list->first; letter; letter = letter->next)
		if (concerns(path, letter))
			json_array_append_new(letters, letter_json(letter));
	control_data(request, json_pack("{s:i, s:I, s:o}", "schema_version", 1, "total",
				      (json_int_t)list->total, "letters", letters));
	control_end(request, CONTROL_DONE, NULL);
}

void
requestlost_dead_letters(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	list(request, body, &runtime->lost.dead);
}

void
requestlost_poison(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	list(request, body, &runtime->lost.poison);
}

/* NULL: there is none of that number, and the request has been answered with that. */
static struct lost_letter *
find(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	json_int_t number = json_integer_value(json_object_get(body, "number"));
	struct lost_letter *letter = number > 0 && number <= UINT32_MAX
					     ? lost_find_poison(&runtime->lost, (unsigned)number)
					     : NULL;

	if (!letter)
		control_end(request, CONTROL_FAILED,
			"nothing in quarantine has the number %" JSON_INTEGER_FORMAT
			"; see: tractor poison list",
			number);
	return letter;
}

void
requestlost_show(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	const struct lost_letter *letter = find(runtime, request, body);

	if (!letter)
		return;
	json_t *json = letter_json(letter);
	json_object_set_new(json, "fields", fields_json(runtime, letter));
	control_data(request, json);
	control_end(request, CONTROL_DONE, NULL);
}

void
requestlost_requeue(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	const struct lost_letter *letter = find(runtime, request, body);
	struct slot *slot = letter ? slot_by_id(runtime, letter->target) : NULL;

	if (letter && !slot)
		control_end(request, CONTROL_NO_ACTOR, "%s is gone", letter->path);
	else if (letter)
		requesttalk_again(runtime, request, slot, letter);
}

void
requestlost_drop(struct tractor_runtime *runtime, struct control_request *request, const json_t *body)
{
	const struct lost_letter *letter;

	if (json_is_true(json_object_get(body, "all"))) {
		while ((letter = runtime->lost.poison.first))
			lost_forget_poison(&runtime->lost, letter->number);
	} else if ((letter = find(runtime, request, body))) {
		lost_forget_poison(&runtime->lost, letter->number);
	} else {
		return;
	}
	control_end(request, CONTROL_DONE, NULL);
}
