/*
 * payloadskip.c: measures packed values, for excerpts of payloads that are too long to be shown: what is left out must still be stepped
 * over, to come to the field after it.
 *
 * The bytes are hostile: each length is held against what is left before it is used. The recursion is as deep as the schema, which is
 * bounded, and the time is that of reading the payload once, for whatever has no length of its own takes bytes. Nothing is allocated.
 */
#include "payloadskip.h"

#include <string.h>

static bool
skip_bytes(uint64_t size, const uint8_t **at, const uint8_t *end)
{
	if (size > (uint64_t)(end - *at))
		return false;
	*at += size;
	return true;
}

static bool
take_length(const uint8_t **at, const uint8_t *end, uint32_t *ret_length)
{
	if ((size_t)(end - *at) < sizeof(*ret_length))
		return false;
	memcpy(ret_length, *at, sizeof(*ret_length));
	*at += sizeof(*ret_length);
	return true;
}

static bool
skip_record(const struct payload_record *record, const uint8_t **at, const uint8_t *end)
{
	for (size_t i = 0; i < record->field_count; i++)
		if (!payloadskip_field(&record->fields[i], at, end))
			return false;
	return true;
}

/* One item of a kind whose items are not all as long as each other. */
static bool
skip_item(const struct payload_field *field, const uint8_t **at, const uint8_t *end)
{
	uint32_t length = 0;

	if (field->kind == PAYLOAD_RECORD)
		return skip_record(field->record, at, end);
	if (!take_length(at, end, &length))
		return false;
	return skip_bytes((uint64_t)length + (field->kind == PAYLOAD_STR), at, end); /* a str's NUL */
}

bool
payloadskip_items(const struct payload_field *field, uint32_t count, const uint8_t **at, const uint8_t *end)
{
	size_t least_bytes = payload_item_bytes(field);

	if (field->kind != PAYLOAD_RECORD && field->kind != PAYLOAD_STR && field->kind != PAYLOAD_BYTES)
		return skip_bytes((uint64_t)count * least_bytes, at, end);
	if ((uint64_t)count * least_bytes > (uint64_t)(end - *at) || (least_bytes == 0 && count > 1))
		return false;
	for (; count > 0; count--)
		if (!skip_item(field, at, end))
			return false;
	return true;
}

bool
payloadskip_field(const struct payload_field *field, const uint8_t **at, const uint8_t *end)
{
	uint32_t count = 1;

	if (field->list && (!take_length(at, end, &count) || (count > 0 && payload_item_bytes(field) == 0)))
		return false;
	return payloadskip_items(field, count, at, end);
}
