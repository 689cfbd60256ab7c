/*
 * codec.c: encodes and decodes by the tables. Owns the format of a payload. It knows nothing of frames, and
 * must not trust a byte that it decodes: every length is held against what is left before it is used, and
 * nothing recurses (a list calls back for its elements, which are no lists). What goes wrong is returned,
 * with the field in tractor_why(); asserts are not for payloads.
 *
 * Inside, a function that can fail returns a complaint, NULL being none; the two public ends make an error of
 * it.
 */
#include "codec.h"

#include <stdalign.h>
#include <string.h>

#include "why.h"

#define SCRATCH_BYTES \
	512 /* structs up to here are decoded on the stack first; messages with a dozen fields fit */
#define COUNT_BYTES 4 /* u32 before strings, bytes and lists */
#define REF_ACTOR_BYTES 8
#define REF_NODE_BYTES 4

/* Those complaints that are not about the message. */
static const char no_room[] = "the buffer is too small";
static const char no_memory[] = "out of memory";

static const char too_deep[] = "records are nested too deep";
static const char too_large[] = "the message is larger than 64 MiB";
static const char not_sunk[] = "there is no room for it";
static const char list_of_nothing[] = "a list of records without fields";

/* Every list_<kind>, whatever its items are. */
struct any_list {
	void *items;
	size_t count;
};

/* ---- The walk: both directions see the same fields in the same order ---- */

/* `left` structs of one record in a row; the first is being done, and `field` is its next. */
struct level {
	const struct tractor_record *record;
	uint8_t *at;
	size_t left;
	size_t field;
};

struct walk {
	const char *complaint;
	size_t depth;
	struct level levels[TRI_DEPTH_MAX];
};

static void
walk_into(struct walk *walk, const struct tractor_record *record, void *at, size_t count)
{
	if (count == 0)
		return;
	if (walk->depth == TRI_DEPTH_MAX) {
		walk->complaint = too_deep;
		return;
	}
	walk->levels[walk->depth++] = (struct level){ record, at, count, 0 };
}

/*
 * The next field that is not a record, and where it is in memory; NULL: that was the last, or there is a
 * complaint.
 */
static const struct tractor_field *
walk_next(struct walk *walk, uint8_t **ret_at)
{
	while (walk->depth > 0 && walk->complaint == NULL) {
		struct level *top = &walk->levels[walk->depth - 1];

		if (top->field < top->record->field_count) {
			const struct tractor_field *field = &top->record->fields[top->field++];
			*ret_at = top->at + field->offset_bytes;
			if (field->kind->base != TRACTOR_BASE_RECORD)
				return field;
			walk_into(walk, field->kind->record, *ret_at, 1);
		} else if (--top->left > 0) {
			top->at += top->record->size_bytes;
			top->field = 0;
		} else {
			walk->depth--;
		}
	}
	return NULL;
}

static bool
is_number(const struct tractor_kind *kind)
{
	return kind->base == TRACTOR_BASE_INT || kind->base == TRACTOR_BASE_UINT ||
	       kind->base == TRACTOR_BASE_FLOAT;
}

/* True if a list of these is on the wire just as it is in memory. */
static bool
is_plain(const struct tractor_kind *kind)
{
	return is_number(kind) && (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ || kind->size_bytes == 1);
}

/*
 * How many bytes at the walk's place are numbers with nothing between them, so that they are on the wire just as they are in memory; `size` at most. These are passed: most messages are little else, and one
 * copy of them all is much less than a copy of each.
 */
static size_t
walk_numbers(struct walk *walk, size_t size, uint8_t **ret_at)
{
	size_t bytes = 0;

	if (walk->depth == 0 || walk->complaint != NULL)
		return 0;
	struct level *top = &walk->levels[walk->depth - 1];
	for (; top->field < top->record->field_count; top->field++) {
		const struct tractor_field *field = &top->record->fields[top->field];
		uint8_t *at = top->at + field->offset_bytes;
		if (!is_plain(field->kind) || field->kind->size_bytes > size - bytes ||
			(bytes > 0 && at != *ret_at + bytes))
			break;
		if (bytes == 0)
			*ret_at = at;
		bytes += field->kind->size_bytes;
	}
	return bytes;
}

/* Of a record that is on the wire just as it is in memory, how many bytes that is: most messages that are sent often are such, and need no walk. 0: it is another. */
static size_t
plain_bytes(const struct tractor_record *record)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? record->numbers_bytes : 0;
}

/* Between memory and the wire, either way. */
static void
copy_little_endian(uint8_t *to, const uint8_t *from, size_t size)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(to, from, size);
#else
	for (size_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
#endif
}

/* ---- Encoding ---- */

#define PIECE_BYTES ((size_t)4096) /* what is larger is a piece of its own */

/*
 * `size` is never more than TRI_PAYLOAD_MAX, so `used` can't overflow. Without `to` it only counts. With a sink, `to` has PIECE_BYTES: for what is not `sunk` yet.
 */
struct writer {
	struct walk walk;
	uint8_t *to;
	size_t used;
	size_t size;
	bool (*sink)(void *arg, const void *bytes, size_t size_bytes);
	void *arg;
	size_t sunk;
};

static bool
sink_rest(struct writer *writer)
{
	size_t rest = writer->used - writer->sunk;

	writer->sunk = writer->used;
	return rest == 0 || writer->sink(writer->arg, writer->to, rest);
}

/* Takes the next `size` bytes, at most PIECE_BYTES where there is a sink: *ret_to is where they go, NULL while counting. */
static const char *
take(struct writer *writer, size_t size, uint8_t **ret_to)
{
	if (size > writer->size - writer->used)
		return writer->size == TRI_PAYLOAD_MAX ? too_large : no_room;
	if (writer->sink != NULL && writer->used - writer->sunk + size > PIECE_BYTES && !sink_rest(writer))
		return not_sunk;
	*ret_to = writer->to != NULL ? writer->to + (writer->used - writer->sunk) : NULL;
	writer->used += size;
	return NULL;
}

/* Those that are a piece of their own. */
static const char *
sink_bytes(struct writer *writer, const void *bytes, size_t size)
{
	if (size > writer->size - writer->used)
		return too_large;
	if (!sink_rest(writer) || !writer->sink(writer->arg, bytes, size))
		return not_sunk;
	writer->used += size;
	writer->sunk = writer->used;
	return NULL;
}

static const char *
put_number(struct writer *writer, const void *number, size_t size)
{
	uint8_t *to;
	const char *complaint = take(writer, size, &to);

	if (complaint == NULL && to != NULL)
		copy_little_endian(to, number, size);
	return complaint;
}

static const char *
put_bytes(struct writer *writer, const void *bytes, size_t size)
{
	uint8_t *to;

	if (writer->sink != NULL && size > PIECE_BYTES)
		return sink_bytes(writer, bytes, size);
	const char *complaint = take(writer, size, &to);
	if (complaint == NULL && to != NULL && size > 0)
		memcpy(to, bytes, size);
	return complaint;
}

/* The length, the bytes, and `more` of what follows them: a string's NUL. */
static const char *
put_counted(struct writer *writer, const void *bytes, size_t count, size_t more)
{
	if (count > TRI_PAYLOAD_MAX)
		return too_large;
	uint32_t wire_count = (uint32_t)count;
	const char *complaint = put_number(writer, &wire_count, COUNT_BYTES);

	return complaint != NULL ? complaint : put_bytes(writer, bytes, count + more);
}

static const char *
put_str(struct writer *writer, const char *str)
{
	if (str == NULL)
		str = "";
	return put_counted(writer, str, strlen(str), 1);
}

static const char *
put_ref(struct writer *writer, const struct tractor_address *address)
{
	const char *complaint = put_number(writer, &address->actor, REF_ACTOR_BYTES);

	return complaint != NULL ? complaint : put_number(writer, &address->node, REF_NODE_BYTES);
}

static const char *put_list(
	struct writer *writer, const struct tractor_kind *kind, const struct any_list *list);

/* A field or an element that is not a record. */
static const char *
put(struct writer *writer, const struct tractor_kind *kind, const void *at)
{
	switch (kind->base) {
	case TRACTOR_BASE_BOOL: return put_number(writer, *(const bool *)at ? "\1" : "\0", 1);
	case TRACTOR_BASE_INT:
	case TRACTOR_BASE_UINT:
	case TRACTOR_BASE_FLOAT: return put_number(writer, at, kind->size_bytes);
	case TRACTOR_BASE_STR: return put_str(writer, *(const char *const *)at);
	case TRACTOR_BASE_BYTES: {
		const struct tractor_bytes *bytes = at;
		if (bytes->data == NULL && bytes->size > 0)
			return "bytes with a size and no data";
		return put_counted(writer, bytes->data, bytes->size, 0);
	}
	case TRACTOR_BASE_REF: return put_ref(writer, at);
	case TRACTOR_BASE_LIST: {
		struct any_list list;
		memcpy(&list, at, sizeof(list));
		return put_list(writer, kind->element, &list);
	}
	case TRACTOR_BASE_RECORD: break;
	}
	return "a field of unknown kind";
}

/* Of records only the count: the walk goes on with them. */
static const char *
put_list(struct writer *writer, const struct tractor_kind *element, const struct any_list *list)
{
	uint32_t count = (uint32_t)list->count;
	const char *complaint;

	if (list->count > TRI_PAYLOAD_MAX)
		return too_large;
	if (count > 0 && list->items == NULL)
		return "a list with a count and no items";
	if (count > 0 && element->least_bytes == 0)
		return list_of_nothing;
	if ((complaint = put_number(writer, &count, COUNT_BYTES)) != NULL)
		return complaint;
	if (element->base == TRACTOR_BASE_RECORD) {
		walk_into(&writer->walk, element->record, list->items, count);
		return NULL;
	}
	if (is_plain(element))
		return put_bytes(writer, list->items, count * element->size_bytes);
	for (uint32_t i = 0; i < count && complaint == NULL; i++)
		complaint = put(writer, element, (uint8_t *)list->items + i * element->size_bytes);
	return complaint;
}

/* Writes, or counts, all of `value`. */
static tractor_err
write_all(struct writer *writer, const struct tractor_record *record, const void *value)
{
	const struct tractor_field *field = NULL, *next;
	const char *complaint = NULL;
	uint8_t *at;
	size_t size;

	writer->walk.complaint = NULL;
	writer->walk.depth = 0;
	walk_into(&writer->walk, record, (void *)(uintptr_t)value, 1); /* put() only reads it */
	while (complaint == NULL) {
		if ((size = walk_numbers(&writer->walk, writer->size - writer->used, &at)) > 0) {
			complaint = put_bytes(writer, at, size);
			continue;
		}
		if ((next = walk_next(&writer->walk, &at)) == NULL)
			break;
		field = next;
		complaint = put(writer, field->kind, at);
	}
	if (complaint == NULL)
		complaint = writer->walk.complaint;
	if (complaint == NULL)
		return TRACTOR_OK;
	return tri_why(complaint == no_room    ? TRACTOR_ENOMEM
		       : complaint == not_sunk ? TRACTOR_ESYSTEM
					       : TRACTOR_EINVAL,
		"%s can't be sent: %s%s%s", record->name, field != NULL ? field->name : "",
		field != NULL ? ": " : "", complaint);
}

tractor_err
tri_encoded_size(const struct tractor_record *record, const void *value, size_t *ret_bytes)
{
	struct writer writer;
	size_t plain = plain_bytes(record);

	if (plain > 0) {
		*ret_bytes = plain;
		return TRACTOR_OK;
	}
	writer.to = NULL;
	writer.sink = NULL;
	writer.used = writer.sunk = 0;
	writer.size = TRI_PAYLOAD_MAX;
	tractor_err err = write_all(&writer, record, value);
	if (err == TRACTOR_OK)
		*ret_bytes = writer.used;
	return err;
}

tractor_err
tri_encode(const struct tractor_record *record, const void *value, uint8_t *to, size_t size_bytes,
	size_t *ret_used)
{
	struct writer writer;
	size_t plain = plain_bytes(record);

	if (plain > 0 && plain <= size_bytes) {
		memcpy(to, value, plain);
		*ret_used = plain;
		return TRACTOR_OK;
	}
	writer.to = to;
	writer.sink = NULL;
	writer.used = writer.sunk = 0;
	writer.size = size_bytes < TRI_PAYLOAD_MAX ? size_bytes : TRI_PAYLOAD_MAX;
	tractor_err err = write_all(&writer, record, value);
	if (err == TRACTOR_OK)
		*ret_used = writer.used;
	return err;
}

tractor_err
tri_encode_in_pieces(const struct tractor_record *record, const void *value,
	bool (*sink)(void *arg, const void *bytes, size_t size_bytes), void *arg)
{
	uint8_t piece[PIECE_BYTES];
	struct writer writer;

	writer.to = piece;
	writer.sink = sink;
	writer.arg = arg;
	writer.used = writer.sunk = 0;
	writer.size = TRI_PAYLOAD_MAX;
	tractor_err err = write_all(&writer, record, value);
	if (err == TRACTOR_OK && !sink_rest(&writer))
		err = tri_why(TRACTOR_ESYSTEM, "%s can't be sent: %s", record->name, not_sunk);
	return err;
}

/* ---- Decoding ---- */

static const char too_short[] = "it ends too early";

struct reader {
	struct walk walk;
	const uint8_t *at;
	size_t left;
	struct tri_arena *arena;
};

static const char *
get_bytes(struct reader *reader, size_t size, const uint8_t **ret_bytes)
{
	if (size > reader->left)
		return too_short;
	*ret_bytes = reader->at;
	reader->at += size;
	reader->left -= size;
	return NULL;
}

static const char *
get_number(struct reader *reader, void *number, size_t size)
{
	const uint8_t *from;
	const char *complaint = get_bytes(reader, size, &from);

	if (complaint == NULL)
		copy_little_endian(number, from, size);
	return complaint;
}

static const char *
get_bool(struct reader *reader, bool *ret_bool)
{
	const uint8_t *from;
	const char *complaint = get_bytes(reader, 1, &from);

	if (complaint == NULL && *from > 1)
		complaint = "a bool that is neither 0 nor 1";
	if (complaint == NULL)
		*ret_bool = *from;
	return complaint;
}

static const char *
get_counted(struct reader *reader, struct tractor_bytes *ret_bytes)
{
	uint32_t size;
	const char *complaint = get_number(reader, &size, COUNT_BYTES);

	if (complaint == NULL)
		complaint = get_bytes(reader, size, &ret_bytes->data);
	if (complaint == NULL)
		ret_bytes->size = size;
	return complaint;
}

static const char *
get_str(struct reader *reader, const char **ret_str)
{
	struct tractor_bytes bytes;
	const uint8_t *nul;
	const char *complaint = get_counted(reader, &bytes);

	if (complaint == NULL)
		complaint = get_bytes(reader, 1, &nul);
	if (complaint != NULL)
		return complaint;
	if (memchr(bytes.data, 0, bytes.size) != NULL)
		return "a str with a NUL inside";
	if (*nul != 0)
		return "a str without its NUL";
	*ret_str = (const char *)bytes.data;
	return NULL;
}

static const char *
get_ref(struct reader *reader, struct tractor_address *ret_address)
{
	const char *complaint = get_number(reader, &ret_address->actor, REF_ACTOR_BYTES);

	return complaint != NULL ? complaint : get_number(reader, &ret_address->node, REF_NODE_BYTES);
}

static const char *get_list(
	struct reader *reader, const struct tractor_kind *element, struct any_list *ret_list);

/* A field or an element that is not a record; `at` is zeroed memory for it. */
static const char *
get(struct reader *reader, const struct tractor_kind *kind, void *at)
{
	switch (kind->base) {
	case TRACTOR_BASE_BOOL: return get_bool(reader, at);
	case TRACTOR_BASE_INT:
	case TRACTOR_BASE_UINT:
	case TRACTOR_BASE_FLOAT: return get_number(reader, at, kind->size_bytes);
	case TRACTOR_BASE_STR: return get_str(reader, at);
	case TRACTOR_BASE_BYTES: return get_counted(reader, at);
	case TRACTOR_BASE_REF: return get_ref(reader, at);
	case TRACTOR_BASE_LIST: {
		struct any_list list;
		const char *complaint = get_list(reader, kind->element, &list);
		if (complaint == NULL)
			memcpy(at, &list, sizeof(list));
		return complaint;
	}
	case TRACTOR_BASE_RECORD: break;
	}
	return "a field of unknown kind";
}

/* Zeroed memory for `count` elements, but only if the bytes that are left can hold so many. */
static const char *
get_items(struct reader *reader, const struct tractor_kind *element, size_t count, void **ret_items)
{
	if (element->least_bytes == 0)
		return list_of_nothing;
	if (count > reader->left / element->least_bytes)
		return too_short;
	if (element->size_bytes > SIZE_MAX / count)
		return no_memory;
	if ((*ret_items = tri_arena_alloc(reader->arena, count * element->size_bytes)) == NULL)
		return no_memory;
	memset(*ret_items, 0, count * element->size_bytes);
	return NULL;
}

/* Of records only the count and the memory: the walk goes on with them. */
static const char *
get_list(struct reader *reader, const struct tractor_kind *element, struct any_list *ret_list)
{
	uint32_t count;
	const uint8_t *from;
	const char *complaint = get_number(reader, &count, COUNT_BYTES);

	*ret_list = (struct any_list){ NULL, 0 };
	if (complaint != NULL || count == 0)
		return complaint;
	if ((complaint = get_items(reader, element, count, &ret_list->items)) != NULL)
		return complaint;
	ret_list->count = count;
	if (element->base == TRACTOR_BASE_RECORD) {
		walk_into(&reader->walk, element->record, ret_list->items, count);
		return NULL;
	}
	if (is_plain(element)) {
		complaint = get_bytes(reader, count * element->size_bytes, &from);
		if (complaint == NULL)
			memcpy(ret_list->items, from, count * element->size_bytes);
		return complaint;
	}
	for (uint32_t i = 0; i < count && complaint == NULL; i++)
		complaint = get(reader, element, (uint8_t *)ret_list->items + i * element->size_bytes);
	return complaint;
}

/* Reads all of the struct to `value`, which is partly written if there is a complaint. */
static const char *
read_all(struct reader *reader, const struct tractor_record *record, void *value, const char **ret_field)
{
	const struct tractor_field *field;
	const char *complaint;
	const uint8_t *from;
	uint8_t *at;
	size_t size;

	memset(value, 0, record->size_bytes);
	walk_into(&reader->walk, record, value, 1);
	for (;;) {
		if ((size = walk_numbers(&reader->walk, reader->left, &at)) > 0) {
			if ((complaint = get_bytes(reader, size, &from)) != NULL)
				return complaint;
			memcpy(at, from, size);
			continue;
		}
		if ((field = walk_next(&reader->walk, &at)) == NULL)
			break;
		*ret_field = field->name;
		if ((complaint = get(reader, field->kind, at)) != NULL)
			return complaint;
	}
	if (reader->walk.complaint != NULL)
		return reader->walk.complaint;
	*ret_field = "its end";
	return reader->left > 0 ? "more bytes follow" : NULL;
}

bool
tri_is_flat(const struct tractor_record *record)
{
	if (record->numbers_bytes > 0)
		return true;
	for (size_t i = 0; i < record->field_count; i++)
		switch (record->fields[i].kind->base) {
		case TRACTOR_BASE_BOOL:
		case TRACTOR_BASE_INT:
		case TRACTOR_BASE_UINT:
		case TRACTOR_BASE_FLOAT:
		case TRACTOR_BASE_REF: break;
		default: return false; /* a record may have what points somewhere */
		}
	return true;
}

tractor_err
tri_decode(const struct tractor_record *record, const uint8_t *from, size_t size_bytes,
	struct tri_arena *arena, void *ret_value)
{
	/* Decoded aside: the output is untouched on failure. Nothing in a value points into itself. */
	alignas(max_align_t) uint8_t scratch[SCRATCH_BYTES];
	void *value = scratch;
	struct reader reader;
	const char *field = "its start", *complaint;
	size_t plain = plain_bytes(record);

	if (plain > 0 && plain == size_bytes) {
		memcpy(ret_value, from, plain);
		memset((uint8_t *)ret_value + plain, 0, record->size_bytes - plain);
		return TRACTOR_OK;
	}
	if (size_bytes > TRI_PAYLOAD_MAX)
		return tri_why(TRACTOR_EBADMSG, "%s: %s", record->name, too_large);
	if (record->size_bytes > sizeof(scratch) &&
		(value = tri_arena_alloc(arena, record->size_bytes)) == NULL)
		return tri_why(TRACTOR_ENOMEM, "%s: %s", record->name, no_memory);
	reader.walk.complaint = NULL;
	reader.walk.depth = 0;
	reader.at = from;
	reader.left = size_bytes;
	reader.arena = arena;
	if ((complaint = read_all(&reader, record, value, &field)) != NULL)
		return tri_why(complaint == no_memory ? TRACTOR_ENOMEM : TRACTOR_EBADMSG,
			"malformed %s: %s: %s", record->name, field, complaint);
	memcpy(ret_value, value, record->size_bytes);
	return TRACTOR_OK;
}
