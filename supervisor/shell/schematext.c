/*
 * schematext.c: reads the canonical schema text of one message into a tree of records and fields.
 *
 * The text comes from an actor, so nothing about it is believed: its length, its names, its depth and the number of its fields
 * are bounded, and spacing is exact, because two texts that differ in a blank have two fingerprints. It recurses once per nested
 * record, PAYLOAD_DEPTH_MAX at most. When something is wrong it says what was expected at which character, and leaves
 * what it had built to payload_schema_free().
 */
#include "schematext.h"

#include <stdlib.h>
#include <string.h>

#include "why.h"

#define NAME_FIRST "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define NAME_LETTERS NAME_FIRST "0123456789"
#define LIST_PREFIX "list_"
#define REF_SUFFIX "_ref"

/* So much of the text stands in a complaint: enough to find the place. */
#define EXCERPT_BYTES 24

struct parser {
	const char *text;
	const char *at;
	unsigned depth;
	size_t field_count;
};

static tractor_err parse_record(struct parser *parser, char *name, struct payload_record **ret_record);

static tractor_err
expected(const struct parser *parser, const char *what)
{
	char excerpt[EXCERPT_BYTES + 1];
	size_t length = strnlen(parser->at, EXCERPT_BYTES);

	for (size_t i = 0; i < length; i++)
		excerpt[i] = parser->at[i] >= ' ' && parser->at[i] < 0x7f ? parser->at[i] : '?';
	excerpt[length] = '\0';
	return tri_why(TRACTOR_EBADMSG, "schema text: expected %s at character %zu, where there is %s%s%s",
		what, (size_t)(parser->at - parser->text) + 1, length > 0 ? "\"" : "",
		length > 0 ? excerpt : "its end", length > 0 ? "\"" : "");
}

static bool
accept(struct parser *parser, const char *token)
{
	size_t length = strlen(token);

	if (strncmp(parser->at, token, length) != 0)
		return false;
	parser->at += length;
	return true;
}

/* `token` must be next. `what` is how a complaint calls it. */
static tractor_err
require(struct parser *parser, const char *token, const char *what)
{
	return accept(parser, token) ? TRACTOR_OK : expected(parser, what);
}

/* The length of the name that is next; 0: none is. */
static size_t
name_length(const struct parser *parser)
{
	return strspn(parser->at, NAME_FIRST) > 0 ? strspn(parser->at, NAME_LETTERS) : 0;
}

static tractor_err
parse_name(struct parser *parser, const char *what, char **ret_name)
{
	size_t length = name_length(parser);

	if (length == 0)
		return expected(parser, what);
	if (length > PAYLOAD_NAME_MAX)
		return tri_why(TRACTOR_EBADMSG, "schema text: the name at character %zu is longer than %d",
			(size_t)(parser->at - parser->text) + 1, PAYLOAD_NAME_MAX);
	char *name = strndup(parser->at, length);
	if (name == NULL)
		return TRACTOR_ENOMEM;
	parser->at += length;
	*ret_name = name;
	return TRACTOR_OK;
}

/* The builtin kind that `type` is the word of. The last two of the table have no word of their own. */
static bool
builtin_kind(const char *type, enum payload_kind *ret_kind)
{
	for (enum payload_kind kind = PAYLOAD_BOOL; kind < PAYLOAD_REF; kind++)
		if (strcmp(type, payload_kind_name(kind)) == 0) {
			*ret_kind = kind;
			return true;
		}
	return false;
}

static bool
is_ref(const char *type)
{
	size_t length = strlen(type), suffix = strlen(REF_SUFFIX);

	return length > suffix && strcmp(type + length - suffix, REF_SUFFIX) == 0;
}

/* What follows the type's name decides: " {" makes it a nested record, which then is named like the type. */
static tractor_err
parse_kind(struct parser *parser, struct payload_field *field)
{
	const char *start = parser->at - strlen(field->type);

	if (builtin_kind(field->type, &field->kind))
		return TRACTOR_OK;
	if (strncmp(parser->at, " {", 2) == 0) {
		parser->at++;
		field->kind = PAYLOAD_RECORD;
		char *name = strdup(field->type);
		return name != NULL ? parse_record(parser, name, &field->record) : TRACTOR_ENOMEM;
	}
	field->kind = PAYLOAD_REF;
	if (is_ref(field->type))
		return TRACTOR_OK;
	parser->at = start;
	return expected(parser, "a type (int64, str, x_ref, x {...} or list_ and one of these)");
}

static tractor_err
parse_field(struct parser *parser, struct payload_field *field)
{
	field->list = accept(parser, LIST_PREFIX);
	tractor_err err = parse_name(parser, "a type", &field->type);
	if (err == TRACTOR_OK)
		err = parse_kind(parser, field);
	if (err == TRACTOR_OK)
		err = require(parser, " ", "a blank and the field's name");
	return err == TRACTOR_OK ? parse_name(parser, "the field's name", &field->name) : err;
}

/* A zeroed field at the end of the record; NULL: out of memory. It belongs to the record at once, so that nothing is lost. */
static struct payload_field *
append_field(struct payload_record *record)
{
	/* Room doubles; it is not kept because it follows from the count. */
	if ((record->field_count & (record->field_count - 1)) == 0) {
		size_t room = record->field_count > 0 ? 2 * record->field_count : 1;
		struct payload_field *fields = reallocarray(record->fields, room, sizeof(*fields));
		if (fields == NULL)
			return NULL;
		record->fields = fields;
	}
	struct payload_field *field = &record->fields[record->field_count++];
	*field = (struct payload_field){ .kind = PAYLOAD_BOOL };
	return field;
}

static bool
name_is_taken(const struct payload_record *record)
{
	const struct payload_field *last = &record->fields[record->field_count - 1];

	for (const struct payload_field *field = record->fields; field < last; field++)
		if (strcmp(field->name, last->name) == 0)
			return true;
	return false;
}

static tractor_err
parse_next_field(struct parser *parser, struct payload_record *record)
{
	if (++parser->field_count > PAYLOAD_FIELDS_MAX)
		return tri_why(TRACTOR_EBADMSG, "schema text: more than %d fields", PAYLOAD_FIELDS_MAX);
	struct payload_field *field = append_field(record);
	if (field == NULL)
		return TRACTOR_ENOMEM;
	tractor_err err = parse_field(parser, field);
	if (err != TRACTOR_OK)
		return err;
	if (name_is_taken(record))
		return tri_why(TRACTOR_EBADMSG, "schema text: %s has two fields called %s", record->name,
			field->name);
	record->least_bytes += field->list ? sizeof(uint32_t) : payload_item_bytes(field);
	return TRACTOR_OK;
}

static tractor_err
parse_fields(struct parser *parser, struct payload_record *record)
{
	tractor_err err = require(parser, "{", "\"{\"");

	if (err != TRACTOR_OK || accept(parser, "}"))
		return err;
	do {
		err = parse_next_field(parser, record);
		if (err != TRACTOR_OK)
			return err;
	} while (accept(parser, ", "));
	return require(parser, "}", "\", \" and a field, or \"}\"");
}

/* Takes over `name`. *ret_record is set also on failure, with what there is of it. */
static tractor_err
parse_record(struct parser *parser, char *name, struct payload_record **ret_record)
{
	struct payload_record *record = calloc(1, sizeof(*record));

	if (record == NULL) {
		free(name);
		return TRACTOR_ENOMEM;
	}
	record->name = name;
	*ret_record = record;
	if (parser->depth == PAYLOAD_DEPTH_MAX)
		return tri_why(
			TRACTOR_EBADMSG, "schema text: records are nested deeper than %d", PAYLOAD_DEPTH_MAX);
	parser->depth++;
	tractor_err err = parse_fields(parser, record);
	parser->depth--;
	return err;
}

static char *
join(const char *protocol, const char *message)
{
	size_t size = strlen(protocol) + strlen(message) + sizeof(".");
	char *name = malloc(size);

	if (name != NULL) {
		strcpy(name, protocol);
		strcat(name, ".");
		strcat(name, message);
	}
	return name;
}

static tractor_err
parse_head(struct parser *parser, struct payload_schema *schema)
{
	schema->ask = accept(parser, "ask ");
	if (!schema->ask && !accept(parser, "tell "))
		return expected(parser, "\"tell \" or \"ask \"");
	tractor_err err = parse_name(parser, "the protocol's name", &schema->protocol);
	if (err == TRACTOR_OK)
		err = require(parser, ".", "\".\"");
	if (err == TRACTOR_OK)
		err = parse_name(parser, "the message's name", &schema->message);
	return err == TRACTOR_OK ? require(parser, " ", "a blank and the message's fields") : err;
}

static tractor_err
parse_reply(struct parser *parser, struct payload_schema *schema)
{
	char *name = NULL;
	tractor_err err = require(parser, " -> ", "\" -> \" and the reply");

	if (err == TRACTOR_OK)
		err = parse_name(parser, "the reply's name", &name);
	if (err == TRACTOR_OK && !accept(parser, " ")) {
		free(name);
		return expected(parser, "a blank and the reply's fields");
	}
	return err == TRACTOR_OK ? parse_record(parser, name, &schema->reply) : err;
}

tractor_err
schematext_parse(const char *text, struct payload_schema *schema)
{
	struct parser parser = { .text = text, .at = text };
	tractor_err err = parse_head(&parser, schema);

	if (err != TRACTOR_OK)
		return err;
	char *name = join(schema->protocol, schema->message);
	err = name != NULL ? parse_record(&parser, name, &schema->record) : TRACTOR_ENOMEM;
	if (err == TRACTOR_OK && schema->ask)
		err = parse_reply(&parser, schema);
	if (err == TRACTOR_OK && *parser.at != '\0')
		err = expected(&parser, "the end");
	return err;
}
