/*
 * payloaddecode.c: the packed bytes of a message into JSON, for the command line and the crash reports.
 *
 * The bytes come from an actor, perhaps from one that had just gone wrong: every length is held against what is left before it is
 * used, nothing is allocated for a count that could not be there, and the number of JSON values is bounded whatever the bytes say.
 * The recursion is as deep as the schema, which is bounded. On failure nothing is returned and nothing is left allocated.
 */
#include "payload.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "payloadplace.h"
#include "utf8.h"
#include "why.h"

struct decoder {
	const uint8_t *at, *end;
	size_t value_count;
	payload_name *name;
	void *arg;
};

static tractor_err decode_record(struct decoder *decoder, const struct payloadplace *outer,
	const struct payload_record *record, json_t **ret_value);

static size_t
left(const struct decoder *decoder)
{
	return (size_t)(decoder->end - decoder->at);
}

static tractor_err
take(struct decoder *decoder, const struct payloadplace *place, void *bytes, size_t size)
{
	if (left(decoder) < size)
		return payloadplace_why(place, TRACTOR_EBADMSG, "the payload ends in the middle of it");
	memcpy(bytes, decoder->at, size);
	decoder->at += size;
	return TRACTOR_OK;
}

/* A length or count of things that take `least_bytes` each, and `more_bytes` behind them all. */
static tractor_err
take_count(struct decoder *decoder, const struct payloadplace *place, size_t least_bytes, size_t more_bytes,
	uint32_t *ret_count)
{
	uint32_t count = 0;
	tractor_err err = take(decoder, place, &count, sizeof(count));

	if (err != TRACTOR_OK)
		return err;
	if ((uint64_t)count * least_bytes + more_bytes > left(decoder))
		return payloadplace_why(place, TRACTOR_EBADMSG,
			"it says that it has %" PRIu32 ", more than the %zu bytes that are left can hold",
			count, left(decoder));
	*ret_count = count;
	return TRACTOR_OK;
}

/* NULL, which is what jansson returns without memory, into an error. */
static tractor_err
give(json_t *value, json_t **ret_value)
{
	if (value == NULL)
		return TRACTOR_ENOMEM;
	*ret_value = value;
	return TRACTOR_OK;
}

/* --- one value of each kind --- */

static tractor_err
decode_bool(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	uint8_t byte = 0;
	tractor_err err = take(decoder, place, &byte, sizeof(byte));

	(void)field;
	if (err != TRACTOR_OK)
		return err;
	if (byte > 1)
		return payloadplace_why(place, TRACTOR_EBADMSG, "a bool of value %u", byte);
	return give(json_boolean(byte), ret_value);
}

static bool
is_signed(enum payload_kind kind)
{
	return kind >= PAYLOAD_INT8 && kind <= PAYLOAD_INT64;
}

static tractor_err
decode_integer(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	size_t size = payload_item_bytes(field);
	uint64_t bits = 0;
	tractor_err err = take(decoder, place, &bits, size);

	if (err != TRACTOR_OK)
		return err;
	if (bits > INT64_MAX && !is_signed(field->kind)) {
		char digits[24];
		snprintf(digits, sizeof(digits), "%" PRIu64, bits);
		return give(json_string(digits), ret_value);
	}
	/* The sign goes up into the bytes that were not there. */
	uint64_t sign = UINT64_C(1) << (8 * size - 1);
	int64_t number = is_signed(field->kind) ? (int64_t)((bits ^ sign) - sign) : (int64_t)bits;
	return give(json_integer(number), ret_value);
}

/* The double with the fewest digits that is still this float: 0.1, not 0.10000000149011612. */
static double
widen(float number)
{
	char digits[32];
	double wide = (double)number;

	for (int precision = 6; precision <= 9; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, (double)number);
		wide = strtod(digits, NULL);
		if (memcmp(&(float){ (float)wide }, &number, sizeof(number)) == 0)
			return wide;
	}
	return wide;
}

static tractor_err
decode_real(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	double number = 0;
	float narrow = 0;
	bool is_float = field->kind == PAYLOAD_FLOAT;
	tractor_err err = is_float ? take(decoder, place, &narrow, sizeof(narrow))
				   : take(decoder, place, &number, sizeof(number));

	if (err != TRACTOR_OK)
		return err;
	if (is_float)
		number = isfinite(narrow) ? widen(narrow) : (double)narrow;
	if (isnan(number))
		return give(json_string("NaN"), ret_value);
	if (isinf(number))
		return give(json_string(number > 0 ? "Infinity" : "-Infinity"), ret_value);
	return give(json_real(number), ret_value);
}

static tractor_err
decode_str(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	uint32_t length = 0;
	tractor_err err = take_count(decoder, place, 1, 1, &length);

	(void)field;
	if (err != TRACTOR_OK)
		return err;
	const char *text = (const char *)decoder->at;
	if (memchr(text, '\0', (size_t)length + 1) != text + length)
		return payloadplace_why(place, TRACTOR_EBADMSG, "a str whose NUL is not at its end");
	decoder->at += (size_t)length + 1;
	return give(utf8_json(text, length), ret_value);
}

static tractor_err
decode_bytes(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	uint32_t size = 0;
	tractor_err err = take_count(decoder, place, 1, 0, &size);

	(void)field;
	if (err != TRACTOR_OK)
		return err;
	char *text = malloc(base64_text_length(size) + 1);
	if (text == NULL)
		return TRACTOR_ENOMEM;
	base64_encode(decoder->at, size, text);
	decoder->at += size;
	err = give(json_string(text), ret_value);
	free(text);
	return err;
}

static tractor_err
decode_ref(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	uint64_t actor = 0;
	uint32_t node = 0;
	tractor_err err = take(decoder, place, &actor, sizeof(actor));

	(void)field;
	if (err == TRACTOR_OK)
		err = take(decoder, place, &node, sizeof(node));
	if (err != TRACTOR_OK)
		return err;
	if (actor == 0)
		return give(json_null(), ret_value);
	const char *path = decoder->name != NULL ? decoder->name(decoder->arg, actor, node) : NULL;
	if (path != NULL)
		return give(utf8_json(path, strlen(path)), ret_value);
	return give(node == 0 ? json_sprintf("#%" PRIu64, actor)
			      : json_sprintf("//%" PRIu32 "/#%" PRIu64, node, actor),
		ret_value);
}

static tractor_err
decode_nested(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	return decode_record(decoder, place, field->record, ret_value);
}

typedef tractor_err decode_kind(struct decoder *decoder, const struct payloadplace *place,
	const struct payload_field *field, json_t **ret_value);

static decode_kind *const decode_kinds[] = {
	[PAYLOAD_BOOL] = decode_bool,
	[PAYLOAD_INT8] = decode_integer,
	[PAYLOAD_INT16] = decode_integer,
	[PAYLOAD_INT32] = decode_integer,
	[PAYLOAD_INT64] = decode_integer,
	[PAYLOAD_UINT8] = decode_integer,
	[PAYLOAD_UINT16] = decode_integer,
	[PAYLOAD_UINT32] = decode_integer,
	[PAYLOAD_UINT64] = decode_integer,
	[PAYLOAD_FLOAT] = decode_real,
	[PAYLOAD_DOUBLE] = decode_real,
	[PAYLOAD_STR] = decode_str,
	[PAYLOAD_BYTES] = decode_bytes,
	[PAYLOAD_REF] = decode_ref,
	[PAYLOAD_RECORD] = decode_nested,
};

/* --- fields, lists, records --- */

static tractor_err
count_value(struct decoder *decoder, const struct payloadplace *place)
{
	if (++decoder->value_count > PAYLOAD_VALUES_MAX)
		return payloadplace_why(place, TRACTOR_EFULL,
			"more than %u values, too many to be shown as JSON", PAYLOAD_VALUES_MAX);
	return TRACTOR_OK;
}

static tractor_err
decode_item(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	tractor_err err = count_value(decoder, place);

	return err == TRACTOR_OK ? decode_kinds[field->kind](decoder, place, field, ret_value) : err;
}

static tractor_err
decode_list(struct decoder *decoder, struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	uint32_t count = 0;
	tractor_err err = count_value(decoder, place);

	if (err == TRACTOR_OK)
		err = take_count(decoder, place, payload_item_bytes(field), 0, &count);
	if (err == TRACTOR_OK && count > 0 && payload_item_bytes(field) == 0)
		err = payloadplace_why(place, TRACTOR_EBADMSG, "a list of nothings that is not empty");
	json_t *list = err == TRACTOR_OK ? json_array() : NULL;

	if (list == NULL)
		return err != TRACTOR_OK ? err : TRACTOR_ENOMEM;
	for (place->item = 0; err == TRACTOR_OK && place->item < count; place->item++) {
		json_t *item;
		err = decode_item(decoder, place, field, &item);
		if (err == TRACTOR_OK && json_array_append_new(list, item) != 0)
			err = TRACTOR_ENOMEM;
	}
	if (err == TRACTOR_OK)
		*ret_value = list;
	else
		json_decref(list);
	return err;
}

static tractor_err
decode_field(struct decoder *decoder, const struct payloadplace *outer, const struct payload_field *field,
	json_t *fields)
{
	struct payloadplace place = { .outer = outer, .field = field->name, .item = PAYLOADPLACE_NO_ITEM };
	json_t *value;
	tractor_err err = field->list ? decode_list(decoder, &place, field, &value)
				      : decode_item(decoder, &place, field, &value);

	if (err == TRACTOR_OK && json_object_set_new(fields, field->name, value) != 0)
		err = TRACTOR_ENOMEM;
	return err;
}

static tractor_err
decode_record(struct decoder *decoder, const struct payloadplace *outer, const struct payload_record *record,
	json_t **ret_value)
{
	json_t *fields = json_object();
	tractor_err err = fields != NULL ? TRACTOR_OK : TRACTOR_ENOMEM;

	for (size_t i = 0; err == TRACTOR_OK && i < record->field_count; i++)
		err = decode_field(decoder, outer, &record->fields[i], fields);
	if (err == TRACTOR_OK)
		*ret_value = fields;
	else
		json_decref(fields);
	return err;
}

tractor_err
payload_to_json(const struct payload_record *record, const uint8_t *bytes, size_t size, payload_name *name,
	void *arg, json_t **ret_fields)
{
	/* Nobody's bytes are no bytes; an address keeps the arithmetic defined. */
	const uint8_t *start = bytes != NULL ? bytes : (const uint8_t *)"";
	struct decoder decoder = { .at = start, .end = start + size, .name = name, .arg = arg };
	json_t *fields = NULL;
	tractor_err err = decode_record(&decoder, NULL, record, &fields);

	if (err == TRACTOR_OK && left(&decoder) > 0) {
		json_decref(fields);
		return tri_why(TRACTOR_EBADMSG, "%s: %zu bytes too many in the payload", record->name,
			left(&decoder));
	}
	if (err == TRACTOR_OK)
		*ret_fields = fields;
	return err == TRACTOR_ENOMEM ? tri_why(err, "out of memory") : err;
}
