/* payload_texts.h: what payload_test.c, schematext_test.c and text_test.c share: schemas by their texts, and what nobody meant. */
#ifndef TRACTOR_TESTS_UNIT_PAYLOAD_TEXTS_H
#define TRACTOR_TESTS_UNIT_PAYLOAD_TEXTS_H

#include "payload.h"
#include "unit.h"

#define INCREMENT "tell counter.increment {int64 by}"

static inline struct payload_schema *
parse(const char *text)
{
	struct payload_schema *schema = NULL;

	ck_assert_msg(payload_schema_parse(text, &schema) == TRACTOR_OK, "%s: %s", text, tractor_why());
	return schema;
}

/* xorshift; the seed makes a failure repeatable. */
static inline uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
