/*
 * schema.c: writes a message's canonical text from its tables. One pass makes the text and its hash, so that
 * the fingerprint of a long text needs no memory. It trusts the tables, which come from this program's own
 * headers: their depth is what a header declares, hence the recursion. Nothing here fails.
 */
#include "schema.h"

#include <string.h>

/* draft-eastlake-fnv, section 5 */
#define FNV_OFFSET_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x00000100000001b3)

/* A text that is being written; `to` takes as much of it as fits. */
struct text {
	char *to;
	size_t size_bytes;
	size_t length;
	uint64_t hash;
};

static uint64_t
hash_bytes(uint64_t hash, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * FNV_PRIME;
	return hash;
}

static void
add(struct text *text, const char *words)
{
	size_t length = strlen(words);
	size_t room = text->size_bytes > text->length ? text->size_bytes - text->length : 0;

	if (room > 0) {
		size_t fits = length < room ? length : room - 1;
		memcpy(text->to + text->length, words, fits);
		text->to[text->length + fits] = '\0';
	}
	text->length += length;
	text->hash = hash_bytes(text->hash, words, length);
}

static void
add_record(struct text *text, const struct tractor_record *record)
{
	add(text, "{");
	for (size_t i = 0; i < record->field_count; i++) {
		const struct tractor_field *field = &record->fields[i];
		const struct tractor_kind *kind = field->kind;
		const struct tractor_kind *inner = kind->base == TRACTOR_BASE_LIST ? kind->element : kind;

		if (i > 0)
			add(text, ", ");
		add(text, kind->name);
		add(text, " ");
		if (inner->base == TRACTOR_BASE_RECORD) {
			add_record(text, inner->record);
			add(text, " ");
		}
		add(text, field->name);
	}
	add(text, "}");
}

static void
add_message(struct text *text, const struct tractor_message *message)
{
	add(text, message->reply != NULL ? "ask " : "tell ");
	add(text, message->protocol);
	add(text, ".");
	add(text, message->name);
	add(text, " ");
	add_record(text, message->record);
	if (message->reply != NULL) {
		add(text, " -> ");
		add(text, message->reply->name);
		add(text, " ");
		add_record(text, message->reply);
	}
}

/*
 * 0 means "no message" wherever an id is kept, so the one text in 2^64 that hashes to it gets another
 * number.
 */
static uint64_t
never_zero(uint64_t hash)
{
	return hash != 0 ? hash : 1;
}

size_t
tri_schema_text(const struct tractor_message *message, char *to, size_t size_bytes)
{
	struct text text = { to, size_bytes, 0, FNV_OFFSET_BASIS };

	add_message(&text, message);
	return text.length;
}

uint64_t
tri_fingerprint(const char *text, size_t length)
{
	return never_zero(hash_bytes(FNV_OFFSET_BASIS, text, length));
}

uint64_t
tri_message_id(const struct tractor_message *message)
{
	/* Relaxed is enough: who sees a 0 computes the same number again, and nothing else comes with it. */
	uint64_t id = message->id != NULL ? __atomic_load_n(&message->id->fingerprint, __ATOMIC_RELAXED) : 0;

	if (id == 0) {
		struct text text = { NULL, 0, 0, FNV_OFFSET_BASIS };
		add_message(&text, message);
		id = never_zero(text.hash);
		if (message->id != NULL)
			__atomic_store_n(&message->id->fingerprint, id, __ATOMIC_RELAXED);
	}
	return id;
}
