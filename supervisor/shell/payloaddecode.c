/*
 * payloaddecode.c: the packed bytes of a message into JSON: whole for the command line, and as an excerpt for the crash reports.
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
#include "payloadskip.h"
#include "utf8.h"
#include "why.h"

struct decoder {
	const uint8_t *at, *end;
	const struct payload_limits *limits;
	size_t value_count;
	size_t text_left; /* of limits->total_bytes */
	size_t depth;
	bool shortened;
	payload_name *name;
	void *arg;
};

static const struct payload_limits no_limits = { SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX };

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

/* How many of `size` bytes may be shown. */
static size_t
text_limit(const struct decoder *decoder, size_t size)
{
	size_t limit = decoder->limits->text_bytes;

	if (limit > decoder->text_left)
		limit = decoder->text_left;
	return size < limit ? size : limit;
}

/* The text of the first `shown` of `size` bytes, which is ours to free; with what is left out. */
static tractor_err
give_text(struct decoder *decoder, json_t *text, size_t shown, size_t size, json_t **ret_value)
{
	decoder->text_left -= shown;
	if (shown == size || text == NULL)
		return give(text, ret_value);
	decoder->shortened = true;
	tractor_err err = give(
		json_sprintf("%s... (%zu bytes more)", json_string_value(text), size - shown), ret_value);
	json_decref(text);
	return err;
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
	size_t shown = utf8_fit(text, length, text_limit(decoder, length));
	return give_text(decoder, utf8_json(text, shown), shown, length, ret_value);
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
	size_t shown = text_limit(decoder, size);
	if (shown < size)
		shown -= shown % 3; /* what stands for whole letters */
	char *text = malloc(base64_text_length(shown) + 1);
	if (text == NULL)
		return TRACTOR_ENOMEM;
	base64_encode(decoder->at, shown, text);
	decoder->at += size;
	err = give_text(decoder, json_string(text), shown, size, ret_value);
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

/* True if there is to be no more of this kind. */
static bool
is_beyond(const struct decoder *decoder, const struct payload_field *field)
{
	if (decoder->value_count >= decoder->limits->values)
		return true;
	return field->kind == PAYLOAD_RECORD && decoder->depth >= decoder->limits->depth;
}

/* What was to come is stepped over; `says` stands for it. */
static tractor_err
leave_out(struct decoder *decoder, const struct payloadplace *place, bool skipped, json_t *says,
	json_t **ret_value)
{
	decoder->shortened = true;
	if (skipped)
		return give(says, ret_value);
	json_decref(says);
	return payloadplace_why(place, TRACTOR_EBADMSG, "the payload ends in the middle of it");
}

static tractor_err
leave_out_field(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	bool skipped = payloadskip_field(field, &decoder->at, decoder->end);

	return leave_out(decoder, place, skipped, json_string("..."), ret_value);
}

static tractor_err
leave_out_items(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	uint32_t count, json_t *list)
{
	bool skipped = payloadskip_items(field, count, &decoder->at, decoder->end);
	json_t *says = NULL;
	tractor_err err =
		leave_out(decoder, place, skipped, json_sprintf("... (%" PRIu32 " more)", count), &says);

	if (err == TRACTOR_OK && json_array_append_new(list, says) != 0)
		err = TRACTOR_ENOMEM;
	return err;
}

static tractor_err
decode_item(struct decoder *decoder, const struct payloadplace *place, const struct payload_field *field,
	json_t **ret_value)
{
	tractor_err err = count_value(decoder, place);

	return err == TRACTOR_OK ? decode_kinds[field->kind](decoder, place, field, ret_value) : err;
}

static tractor_err
decode_items(struct decoder *decoder, struct payloadplace *place, const struct payload_field *field,
	uint32_t count, json_t *list)
{
	tractor_err err = TRACTOR_OK;

	for (place->item = 0; err == TRACTOR_OK && place->item < count; place->item++) {
		json_t *item = NULL;
		if (place->item >= decoder->limits->list_items || is_beyond(decoder, field))
			return leave_out_items(decoder, place, field, count - (uint32_t)place->item, list);
		err = decode_item(decoder, place, field, &item);
		if (err == TRACTOR_OK && json_array_append_new(list, item) != 0)
			err = TRACTOR_ENOMEM;
	}
	return err;
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
	err = decode_items(decoder, place, field, count, list);
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
	json_t *value = NULL;
	tractor_err err;

	if (is_beyond(decoder, field))
		err = leave_out_field(decoder, &place, field, &value);
	else if (field->list)
		err = decode_list(decoder, &place, field, &value);
	else
		err = decode_item(decoder, &place, field, &value);
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

	decoder->depth++;
	for (size_t i = 0; err == TRACTOR_OK && i < record->field_count; i++)
		err = decode_field(decoder, outer, &record->fields[i], fields);
	decoder->depth--;
	if (err == TRACTOR_OK)
		*ret_value = fields;
	else
		json_decref(fields);
	return err;
}

/* All of it, from the first byte to the last. */
static tractor_err
decode(struct decoder *decoder, const struct payload_record *record, json_t **ret_fields)
{
	json_t *fields = NULL;

	decoder->text_left = decoder->limits->total_bytes;
	tractor_err err = decode_record(decoder, NULL, record, &fields);
	if (err == TRACTOR_OK && left(decoder) > 0) {
		json_decref(fields);
		return tri_why(TRACTOR_EBADMSG, "%s: %zu bytes too many in the payload", record->name,
			left(decoder));
	}
	if (err == TRACTOR_OK)
		*ret_fields = fields;
	return err == TRACTOR_ENOMEM ? tri_why(err, "out of memory") : err;
}

/* Nobody's bytes are no bytes; an address keeps the arithmetic defined. */
static const uint8_t *
start_of(const uint8_t *bytes)
{
	return bytes != NULL ? bytes : (const uint8_t *)"";
}

tractor_err
payload_to_json(const struct payload_record *record, const uint8_t *bytes, size_t size, payload_name *name,
	void *arg, json_t **ret_fields)
{
	const uint8_t *start = start_of(bytes);
	struct decoder decoder = {
		.at = start, .end = start + size, .limits = &no_limits, .name = name, .arg = arg
	};

	return decode(&decoder, record, ret_fields);
}

tractor_err
payload_excerpt(const struct payload_record *record, const uint8_t *bytes, size_t size,
	const struct payload_limits *limits, payload_name *name, void *arg, bool *ret_shortened,
	json_t **ret_fields)
{
	const uint8_t *start = start_of(bytes);
	struct decoder decoder = {
		.at = start, .end = start + size, .limits = limits, .name = name, .arg = arg
	};
	tractor_err err = decode(&decoder, record, ret_fields);

	if (err == TRACTOR_OK)
		*ret_shortened = decoder.shortened;
	return err;
}
