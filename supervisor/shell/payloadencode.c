/*
 * payloadencode.c: JSON from the command line into the packed bytes of a message.
 *
 * It knows the schema and nothing of who sends. The user's JSON is input: each way in which it can be wrong has words that name the
 * field, what was expected and what was there. The recursion is as deep as the schema, which is bounded; the result is bounded
 * by TRI_PAYLOAD_MAX. On failure nothing is returned and nothing is left allocated.
 */
#include "payload.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assert.h"
#include "base64.h"
#include "frame.h"
#include "payloadplace.h"
#include "suggest.h"
#include "utf8.h"
#include "why.h"

#define FIRST_ROOM_BYTES 64
#define QUOTE_BYTES 40 /* of the user's text in a sentence */

struct encoder {
	uint8_t *bytes;
	size_t size, room;
	payload_resolve *resolve;
	void *arg;
};

/* A short piece of a sentence, by value. */
struct words {
	char text[PAYLOAD_NAME_MAX + 64];
};

/* What each integer can hold; indexed by kind. */
static const struct range {
	int64_t least;
	uint64_t most;
} ranges[] = {
	[PAYLOAD_INT8] = { INT8_MIN, INT8_MAX },
	[PAYLOAD_INT16] = { INT16_MIN, INT16_MAX },
	[PAYLOAD_INT32] = { INT32_MIN, INT32_MAX },
	[PAYLOAD_INT64] = { INT64_MIN, INT64_MAX },
	[PAYLOAD_UINT8] = { 0, UINT8_MAX },
	[PAYLOAD_UINT16] = { 0, UINT16_MAX },
	[PAYLOAD_UINT32] = { 0, UINT32_MAX },
	[PAYLOAD_UINT64] = { 0, UINT64_MAX },
};

static const struct special {
	const char *word;
	double value;
} specials[] = {
	{ "NaN", NAN },
	{ "Infinity", INFINITY },
	{ "-Infinity", -INFINITY },
};

static tractor_err encode_record(struct encoder *encoder, const struct payloadplace *outer,
	const struct payload_record *record, const json_t *value);

/* --- words --- */

/* A text of the user's in quotes, cut short (it may be megabytes) and fit to be shown. It is UTF-8: jansson has seen to that. */
static struct words
quote(const char *text, size_t size)
{
	struct words words = { "\"" };
	size_t shown = 0, length, out = 1;
	uint32_t code;

	while (shown < QUOTE_BYTES && (length = utf8_character(text + shown, size - shown, &code)) > 0) {
		if (code < ' ' || (code >= 0x7f && code < 0xa0))
			words.text[out++] = '?';
		else
			for (size_t i = 0; i < length; i++)
				words.text[out++] = text[shown + i];
		shown += length;
	}
	strcpy(words.text + out, shown < size ? "...\"" : "\"");
	return words;
}

/* What the JSON has there. */
static struct words
describe(const json_t *value)
{
	struct words words;

	switch (json_typeof(value)) {
	case JSON_STRING:
		snprintf(words.text, sizeof(words.text), "the string %.100s",
			quote(json_string_value(value), json_string_length(value)).text);
		break;
	case JSON_INTEGER:
		snprintf(words.text, sizeof(words.text), "the number %" JSON_INTEGER_FORMAT,
			json_integer_value(value));
		break;
	case JSON_REAL:
		snprintf(words.text, sizeof(words.text), "the number %.15g", json_real_value(value));
		break;
	case JSON_TRUE: strcpy(words.text, "true"); break;
	case JSON_FALSE: strcpy(words.text, "false"); break;
	case JSON_NULL: strcpy(words.text, "null"); break;
	case JSON_ARRAY: strcpy(words.text, "an array"); break;
	case JSON_OBJECT: strcpy(words.text, "an object"); break;
	}
	return words;
}

/* The type with its article: "an int64", "a hub_stats (an object)". */
static struct words
describe_type(const struct payload_field *field)
{
	struct words words;
	const char *hint = "";

	if (field->kind == PAYLOAD_REF)
		hint = " (an actor's path as a string, or null)";
	else if (field->kind == PAYLOAD_RECORD)
		hint = " (an object)";
	else if (field->kind == PAYLOAD_BYTES)
		hint = " (a string in base64)";
	snprintf(words.text, sizeof(words.text), "%s %s%s",
		strchr("aeio", field->type[0]) != NULL ? "an" : "a", field->type, hint);
	return words;
}

static tractor_err
wrong_type(const struct payloadplace *place, const struct payload_field *field, const json_t *value)
{
	return payloadplace_why(place, TRACTOR_EINVAL, "expected %s, got %s", describe_type(field).text,
		describe(value).text);
}

/* --- bytes --- */

static tractor_err
grow(struct encoder *encoder, size_t needed)
{
	size_t room = encoder->room > 0 ? encoder->room : FIRST_ROOM_BYTES;

	while (room < needed)
		room *= 2;
	uint8_t *bytes = realloc(encoder->bytes, room);
	if (bytes == NULL)
		return TRACTOR_ENOMEM;
	encoder->bytes = bytes;
	encoder->room = room;
	return TRACTOR_OK;
}

/* Room for `count` more bytes, at *ret_at, which count as written. */
static tractor_err
reserve(struct encoder *encoder, size_t count, uint8_t **ret_at)
{
	if (count > TRI_PAYLOAD_MAX - encoder->size)
		return tri_why(
			TRACTOR_EINVAL, "the message is larger than %zu MiB", (size_t)TRI_PAYLOAD_MAX >> 20);
	tractor_err err =
		encoder->size + count > encoder->room ? grow(encoder, encoder->size + count) : TRACTOR_OK;
	if (err != TRACTOR_OK)
		return err;
	*ret_at = encoder->bytes + encoder->size;
	encoder->size += count;
	return TRACTOR_OK;
}

static tractor_err
put(struct encoder *encoder, const void *bytes, size_t count)
{
	uint8_t *at = NULL;
	tractor_err err = reserve(encoder, count, &at);

	if (err != TRACTOR_OK)
		return err;
	tri_assert(at != NULL);
	memcpy(at, bytes, count);
	return TRACTOR_OK;
}

static tractor_err
put_count(struct encoder *encoder, size_t count)
{
	if (count > UINT32_MAX)
		return tri_why(
			TRACTOR_EINVAL, "the message is larger than %zu MiB", (size_t)TRI_PAYLOAD_MAX >> 20);
	return put(encoder, &(uint32_t){ (uint32_t)count }, sizeof(uint32_t));
}

/* --- one value of each kind --- */

static tractor_err
encode_bool(struct encoder *encoder, const struct payloadplace *place, const struct payload_field *field,
	const json_t *value)
{
	if (!json_is_boolean(value))
		return wrong_type(place, field, value);
	return put(encoder, &(uint8_t){ json_is_true(value) }, 1);
}

/* The digits of a uint64, and nothing else. */
static bool
read_digits(const char *text, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		uint64_t digit = (uint64_t)(*text - '0');
		if (*text < '0' || *text > '9' || number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return true;
}

static tractor_err
encode_integer(struct encoder *encoder, const struct payloadplace *place, const struct payload_field *field,
	const json_t *value)
{
	const struct range *range = &ranges[field->kind];
	uint64_t bits;

	if (field->kind == PAYLOAD_UINT64 && json_is_string(value) &&
		read_digits(json_string_value(value), &bits))
		return put(encoder, &bits, sizeof(bits));
	if (!json_is_integer(value))
		return wrong_type(place, field, value);
	int64_t number = json_integer_value(value);
	if (number < range->least || (number > 0 && (uint64_t)number > range->most))
		return payloadplace_why(place, TRACTOR_EINVAL,
			"%" PRId64 " does not fit %s (%" PRId64 " to %" PRIu64 ")", number,
			describe_type(field).text, range->least, range->most);
	bits = (uint64_t)number;
	/* Little-endian two's complement: the narrower integer is the first bytes of the wider one. */
	return put(encoder, &bits, payload_item_bytes(field));
}

static bool
read_number(const json_t *value, double *ret_number)
{
	if (json_is_number(value)) {
		*ret_number = json_number_value(value);
		return true;
	}
	for (size_t i = 0; json_is_string(value) && i < sizeof(specials) / sizeof(specials[0]); i++)
		if (strcmp(json_string_value(value), specials[i].word) == 0) {
			*ret_number = specials[i].value;
			return true;
		}
	return false;
}

static tractor_err
encode_real(struct encoder *encoder, const struct payloadplace *place, const struct payload_field *field,
	const json_t *value)
{
	double number;

	if (!read_number(value, &number))
		return wrong_type(place, field, value);
	if (field->kind == PAYLOAD_DOUBLE)
		return put(encoder, &number, sizeof(number));
	/* Beyond the type's range the conversion is undefined in C, infinities are not. */
	if (isfinite(number) && fabs(number) > (double)3.40282346638528859812e+38F)
		return payloadplace_why(place, TRACTOR_EINVAL, "%g does not fit a float", number);
	return put(encoder, &(float){ (float)number }, sizeof(float));
}

static tractor_err
encode_str(struct encoder *encoder, const struct payloadplace *place, const struct payload_field *field,
	const json_t *value)
{
	if (!json_is_string(value))
		return wrong_type(place, field, value);
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);
	if (memchr(text, '\0', length) != NULL)
		return payloadplace_why(place, TRACTOR_EINVAL, "a str can't hold a NUL; only bytes can");
	tractor_err err = put_count(encoder, length);
	return err == TRACTOR_OK ? put(encoder, text, length + 1) : err;
}

static tractor_err
encode_bytes(struct encoder *encoder, const struct payloadplace *place, const struct payload_field *field,
	const json_t *value)
{
	if (!json_is_string(value))
		return wrong_type(place, field, value);
	uint8_t *at = NULL;
	size_t length = json_string_length(value), start = encoder->size, size;
	tractor_err err = put_count(encoder, 0);
	if (err == TRACTOR_OK)
		err = reserve(encoder, base64_room(length), &at);
	if (err != TRACTOR_OK)
		return err;
	if (!base64_decode(json_string_value(value), length, at, &size))
		return payloadplace_why(place, TRACTOR_EINVAL,
			"expected bytes in base64 with padding, got %s", describe(value).text);
	memcpy(encoder->bytes + start, &(uint32_t){ (uint32_t)size }, sizeof(uint32_t));
	encoder->size = start + sizeof(uint32_t) + size;
	return TRACTOR_OK;
}

static tractor_err
encode_ref(struct encoder *encoder, const struct payloadplace *place, const struct payload_field *field,
	const json_t *value)
{
	uint64_t actor = 0;
	uint32_t node = 0;
	tractor_err err = TRACTOR_OK;

	if (!json_is_string(value) && !json_is_null(value))
		return wrong_type(place, field, value);
	if (json_is_string(value) && encoder->resolve == NULL)
		return payloadplace_why(place, TRACTOR_EINVAL, "no actor can be named here, only null");
	if (json_is_string(value))
		err = encoder->resolve(encoder->arg, field->type, json_string_value(value), &actor, &node);
	if (err != TRACTOR_OK)
		return payloadplace_why(place, err, "%s", tractor_why()); /* the resolver's own words */
	err = put(encoder, &actor, sizeof(actor));
	return err == TRACTOR_OK ? put(encoder, &node, sizeof(node)) : err;
}

static tractor_err
encode_nested(struct encoder *encoder, const struct payloadplace *place, const struct payload_field *field,
	const json_t *value)
{
	if (!json_is_object(value))
		return wrong_type(place, field, value);
	return encode_record(encoder, place, field->record, value);
}

typedef tractor_err encode_item(struct encoder *encoder, const struct payloadplace *place,
	const struct payload_field *field, const json_t *value);

static encode_item *const encode_kinds[] = {
	[PAYLOAD_BOOL] = encode_bool,
	[PAYLOAD_INT8] = encode_integer,
	[PAYLOAD_INT16] = encode_integer,
	[PAYLOAD_INT32] = encode_integer,
	[PAYLOAD_INT64] = encode_integer,
	[PAYLOAD_UINT8] = encode_integer,
	[PAYLOAD_UINT16] = encode_integer,
	[PAYLOAD_UINT32] = encode_integer,
	[PAYLOAD_UINT64] = encode_integer,
	[PAYLOAD_FLOAT] = encode_real,
	[PAYLOAD_DOUBLE] = encode_real,
	[PAYLOAD_STR] = encode_str,
	[PAYLOAD_BYTES] = encode_bytes,
	[PAYLOAD_REF] = encode_ref,
	[PAYLOAD_RECORD] = encode_nested,
};

/* --- fields, lists, records --- */

static tractor_err
encode_list(struct encoder *encoder, const struct payloadplace *outer, const struct payload_field *field,
	const json_t *value)
{
	struct payloadplace place = { .outer = outer, .field = field->name, .item = PAYLOADPLACE_NO_ITEM };

	if (!json_is_array(value))
		return payloadplace_why(&place, TRACTOR_EINVAL, "expected an array, each of it %s, got %s",
			describe_type(field).text, describe(value).text);
	if (json_array_size(value) > 0 && payload_item_bytes(field) == 0)
		return payloadplace_why(
			&place, TRACTOR_EINVAL, "a list of records without fields can only be empty");
	tractor_err err = put_count(encoder, json_array_size(value));
	for (place.item = 0; err == TRACTOR_OK && place.item < json_array_size(value); place.item++)
		err = encode_kinds[field->kind](encoder, &place, field, json_array_get(value, place.item));
	return err;
}

/* A field that nobody gave. Zero bytes are the right encoding of zero, empty and nobody, in every kind. */
static tractor_err
encode_absent(struct encoder *encoder, const struct payload_field *field)
{
	uint8_t *at = NULL;
	size_t size = field->list ? sizeof(uint32_t) : payload_item_bytes(field);
	tractor_err err = reserve(encoder, size, &at);

	if (err != TRACTOR_OK)
		return err;
	tri_assert(at != NULL);
	memset(at, 0, size);
	return TRACTOR_OK;
}

static tractor_err
encode_field(struct encoder *encoder, const struct payloadplace *outer, const struct payload_field *field,
	const json_t *value)
{
	if (value == NULL)
		return encode_absent(encoder, field);
	if (field->list)
		return encode_list(encoder, outer, field, value);
	const struct payloadplace place = {
		.outer = outer, .field = field->name, .item = PAYLOADPLACE_NO_ITEM
	};
	return encode_kinds[field->kind](encoder, &place, field, value);
}

static const struct payload_field *
find_field(const struct payload_record *record, const char *name)
{
	for (size_t i = 0; i < record->field_count; i++)
		if (strcmp(record->fields[i].name, name) == 0)
			return &record->fields[i];
	return NULL;
}

static tractor_err
unknown_field(const struct payloadplace *outer, const struct payload_record *record, const char *name)
{
	const struct words quoted = quote(name, strlen(name));
	const char *names[PAYLOAD_FIELDS_MAX];
	char list[200] = "";
	size_t length = 0;

	for (size_t i = 0; i < record->field_count; i++) {
		names[i] = record->fields[i].name;
		if (length < sizeof(list))
			length += (size_t)snprintf(
				list + length, sizeof(list) - length, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	const char *meant = suggest_word(name, names, record->field_count);
	if (meant != NULL)
		return payloadplace_why(outer, TRACTOR_EINVAL, "%s has no field %s; did you mean \"%s\"?",
			record->name, quoted.text, meant);
	if (record->field_count == 0)
		return payloadplace_why(outer, TRACTOR_EINVAL, "%s has no fields, so not %s either",
			record->name, quoted.text);
	return payloadplace_why(
		outer, TRACTOR_EINVAL, "%s has no field %s; it has: %s", record->name, quoted.text, list);
}

/* `value` is an object. */
static tractor_err
encode_record(struct encoder *encoder, const struct payloadplace *outer, const struct payload_record *record,
	const json_t *value)
{
	const char *name;
	json_t *ignored;

	json_object_foreach((json_t *)value, name,
		ignored) if (find_field(record, name) == NULL) return unknown_field(outer, record, name);
	for (size_t i = 0; i < record->field_count; i++) {
		const struct payload_field *field = &record->fields[i];
		tractor_err err = encode_field(encoder, outer, field, json_object_get(value, field->name));
		if (err != TRACTOR_OK)
			return err;
	}
	return TRACTOR_OK;
}

tractor_err
payload_from_json(const struct payload_record *record, const json_t *fields, payload_resolve *resolve,
	void *arg, uint8_t **ret_bytes, size_t *ret_size)
{
	struct encoder encoder = { .resolve = resolve, .arg = arg };
	json_t *none = fields == NULL ? json_object() : NULL;
	const json_t *given = fields != NULL ? fields : none;
	tractor_err err = given != NULL ? grow(&encoder, FIRST_ROOM_BYTES) : TRACTOR_ENOMEM;

	if (err == TRACTOR_OK && !json_is_object(given))
		err = tri_why(TRACTOR_EINVAL, "expected an object with the fields of %s, got %s",
			record->name, describe(given).text);
	else if (err == TRACTOR_OK)
		err = encode_record(&encoder, NULL, record, given);
	json_decref(none);
	if (err == TRACTOR_OK) {
		*ret_bytes = encoder.bytes;
		*ret_size = encoder.size;
		return TRACTOR_OK;
	}
	free(encoder.bytes);
	return err == TRACTOR_ENOMEM ? tri_why(err, "out of memory") : err;
}
