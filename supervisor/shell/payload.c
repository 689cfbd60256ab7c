/*
 * payload.c: the schema of a message as the supervisor holds it: the table of field kinds, and the life of a parsed schema.
 *
 * The grammar is in schematext.c, the two directions of conversion are in payloadencode.c and payloaddecode.c. None of them knows where
 * schemas and payloads come from; all treat them as hostile, and report through tri_why() what they refuse.
 */
#include "payload.h"

#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "schematext.h"
#include "why.h"

static const struct kind {
	const char *word;
	size_t least_bytes;
} kinds[] = {
#define KIND(constant, word, bytes) [constant] = { word, bytes },
	PAYLOAD_KINDS(KIND)
#undef KIND
};

const char *
payload_kind_name(enum payload_kind kind)
{
	return kinds[kind].word;
}

size_t
payload_item_bytes(const struct payload_field *field)
{
	return field->kind == PAYLOAD_RECORD ? field->record->least_bytes : kinds[field->kind].least_bytes;
}

/* Recurses once per nested record. */
static void
record_free(struct payload_record *record)
{
	if (record == NULL)
		return;
	for (size_t i = 0; i < record->field_count; i++) {
		free(record->fields[i].name);
		free(record->fields[i].type);
		record_free(record->fields[i].record);
	}
	free(record->fields);
	free(record->name);
	free(record);
}

void
payload_schema_free(struct payload_schema *schema)
{
	if (schema == NULL)
		return;
	record_free(schema->record);
	record_free(schema->reply);
	free(schema->protocol);
	free(schema->message);
	free(schema->text);
	free(schema);
}

static tractor_err
fill(struct payload_schema *schema, const char *text)
{
	schema->text = strdup(text);
	if (schema->text == NULL)
		return TRACTOR_ENOMEM;
	schema->fingerprint = tri_fingerprint(text, strlen(text));
	return schematext_parse(schema->text, schema);
}

tractor_err
payload_schema_parse(const char *text, struct payload_schema **ret_schema)
{
	if (strnlen(text, PAYLOAD_TEXT_MAX_BYTES + 1) > PAYLOAD_TEXT_MAX_BYTES)
		return tri_why(TRACTOR_EBADMSG, "schema text: longer than %u bytes", PAYLOAD_TEXT_MAX_BYTES);
	struct payload_schema *schema = calloc(1, sizeof(*schema));
	tractor_err err = schema != NULL ? fill(schema, text) : TRACTOR_ENOMEM;

	if (err == TRACTOR_OK)
		*ret_schema = schema;
	else
		payload_schema_free(schema);
	return err == TRACTOR_ENOMEM ? tri_why(err, "out of memory") : err;
}
