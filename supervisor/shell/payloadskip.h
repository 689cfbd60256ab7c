/* payloadskip.h: how far a value reaches in a packed payload, without making anything of it. For payload*.c only. */
#ifndef TRACTOR_SUPERVISOR_SHELL_PAYLOADSKIP_H
#define TRACTOR_SUPERVISOR_SHELL_PAYLOADSKIP_H

#include <stdbool.h>

#include "payload.h"

/*
 * Moves *at, which is `end` at the most, behind `count` items of the field's kind (1: the field, if it is no list). False: they reach
 * beyond `end`, or are a list of nothings; *at is then somewhere in the payload. What the values are is not looked at.
 */
bool payloadskip_items(
	const struct payload_field *field, uint32_t count, const uint8_t **at, const uint8_t *end);

/* Behind the whole field, with the count of a list before its items. */
bool payloadskip_field(const struct payload_field *field, const uint8_t **at, const uint8_t *end);

#endif
