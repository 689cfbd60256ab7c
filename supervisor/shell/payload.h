/*
 * payload.h: between JSON and the packed bytes of a message, by the schema text that an actor sent in its hello. This is how the
 * command line speaks to any actor without having seen its header. The C side of the same encoding is the actor's codec.
 *
 * How each kind looks in JSON (both ways, unless it says otherwise):
 *
 *   bool               true, false
 *   int8 ... uint64    an integer; a uint64 above INT64_MAX is a string of digits (any uint64 may be given so)
 *   float, double      a number; "NaN", "Infinity" and "-Infinity" as strings
 *   str                a string. Out of an actor, bytes that are not UTF-8 become U+FFFD
 *   bytes              a string: base64 with padding
 *   x_ref              a string: the actor's path; null is nobody. Out of an actor, an address without a known path is "#17" or "//3/#17"
 *   record             an object
 *   list_x             an array
 *
 * A field that is not given is zero, empty or nobody, as in a C designated initialiser: what a caller in C may leave out, so may the
 * command line. A field that does not exist is an error.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_PAYLOAD_H
#define TRACTOR_SUPERVISOR_SHELL_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <tractor/error.h>

/* Limits against schema texts that were made to hurt: they come from the actor. Ours have a dozen fields and two levels. */
#define PAYLOAD_TEXT_MAX_BYTES (64u << 10)
#define PAYLOAD_NAME_MAX 127
#define PAYLOAD_DEPTH_MAX 16	/* records within records; the codec's bound too */
#define PAYLOAD_FIELDS_MAX 1024 /* of a message and its reply together */

/* JSON values in one payload. A packed byte can cost some hundred as JSON, and no reader could take that many. */
#define PAYLOAD_VALUES_MAX (1u << 18)

/* The kinds of a field: X(constant, word, the fewest bytes that one takes). A record's bytes are those of its fields. */
#define PAYLOAD_KINDS(X)               \
	X(PAYLOAD_BOOL, "bool", 1)     \
	X(PAYLOAD_INT8, "int8", 1)     \
	X(PAYLOAD_INT16, "int16", 2)   \
	X(PAYLOAD_INT32, "int32", 4)   \
	X(PAYLOAD_INT64, "int64", 8)   \
	X(PAYLOAD_UINT8, "uint8", 1)   \
	X(PAYLOAD_UINT16, "uint16", 2) \
	X(PAYLOAD_UINT32, "uint32", 4) \
	X(PAYLOAD_UINT64, "uint64", 8) \
	X(PAYLOAD_FLOAT, "float", 4)   \
	X(PAYLOAD_DOUBLE, "double", 8) \
	X(PAYLOAD_STR, "str", 5)       \
	X(PAYLOAD_BYTES, "bytes", 4)   \
	X(PAYLOAD_REF, "ref", 12)      \
	X(PAYLOAD_RECORD, "record", 0)

enum payload_kind {
#define PAYLOAD_CONSTANT(constant, word, bytes) constant,
	PAYLOAD_KINDS(PAYLOAD_CONSTANT)
#undef PAYLOAD_CONSTANT
};

struct payload_record;

struct payload_field {
	char *name;
	char *type;		/* as in the text, without "list_": "int64", "counter_ref", "hub_stats" */
	enum payload_kind kind; /* of the field, or of each item of the list */
	bool list;
	struct payload_record *record; /* PAYLOAD_RECORD: its fields, owned; else NULL */
};

struct payload_record {
	char *name; /* "counter_total"; for a message's own fields "counter.increment" */
	struct payload_field *fields;
	size_t field_count;
	size_t least_bytes; /* the shortest payload that could hold it */
};

struct payload_schema {
	char *text;	      /* canonical */
	uint64_t fingerprint; /* of the text: the message's id on the wire */
	bool ask;
	char *protocol;		       /* "counter" */
	char *message;		       /* "increment" */
	struct payload_record *record; /* its name is the two with a dot between */
	struct payload_record *reply;  /* an ask's; NULL: it is a tell */
};

/*
 * Parses one canonical schema text, which is copied. The caller frees *ret_schema with payload_schema_free().
 * TRACTOR_EBADMSG: not in the grammar (spacing included, for the fingerprint is of the text as it is), or over a limit above;
 * tractor_why() says at which character. TRACTOR_ENOMEM.
 */
tractor_err payload_schema_parse(const char *text, struct payload_schema **ret_schema);

/* NULL is fine. */
void payload_schema_free(struct payload_schema *schema);

/*
 * The actor at `path` as the address that goes into a field of type `type` ("counter_ref"). An error becomes the conversion's; set
 * tri_why() with it, it is kept and the field's name put before it.
 */
typedef tractor_err payload_resolve(
	void *arg, const char *type, const char *path, uint64_t *ret_actor, uint32_t *ret_node);

/* The path of an address, to be copied before the next call; NULL: not known. */
typedef const char *payload_name(void *arg, uint64_t actor, uint32_t node);

/*
 * Encodes `fields` (an object, or NULL for none), which is only read. *ret_bytes is the caller's, to be freed with free(); it is never
 * NULL, not even for 0 bytes. `resolve` may be NULL if nobody is to be named: then refs can only be null.
 * TRACTOR_EINVAL: a field is unknown, of the wrong type or out of range, or it all is larger than TRI_PAYLOAD_MAX; tractor_why() has the
 * field and what would be right. TRACTOR_ENOMEM. What `resolve` returned.
 */
tractor_err payload_from_json(const struct payload_record *record, const json_t *fields,
	payload_resolve *resolve, void *arg, uint8_t **ret_bytes, size_t *ret_size);

/*
 * Decodes a payload of `size` bytes that nobody has checked. *ret_fields is a new reference. `name` may be NULL.
 * TRACTOR_EBADMSG: the bytes are not such a record, from the first to the last; tractor_why() says where.
 * TRACTOR_EFULL: more than PAYLOAD_VALUES_MAX values. TRACTOR_ENOMEM.
 */
tractor_err payload_to_json(const struct payload_record *record, const uint8_t *bytes, size_t size,
	payload_name *name, void *arg, json_t **ret_fields);

/* How much of a payload is wanted, where somebody is to read it. */
struct payload_limits {
	size_t text_bytes;  /* of each str, and of each bytes */
	size_t total_bytes; /* of all of them together */
	size_t list_items;  /* of each list */
	size_t depth;	    /* of records: 1 is the message itself */
	size_t values;	    /* of all, lists and records among them; PAYLOAD_VALUES_MAX at most */
};

/*
 * As payload_to_json(), but no more than `limits`, so that a payload of any size becomes JSON of a bounded one. What is left out is said in
 * its place, as a string: "abc... (16777212 bytes more)", [1, 2, "... (99998 more)"], and "..." for a record that is too deep, or for a
 * value after the last. It is measured, but not checked. *ret_shortened: something was left out.
 */
tractor_err payload_excerpt(const struct payload_record *record, const uint8_t *bytes, size_t size,
	const struct payload_limits *limits, payload_name *name, void *arg, bool *ret_shortened,
	json_t **ret_fields);

/* The kind's word in a schema text ("int64"); static. */
const char *payload_kind_name(enum payload_kind kind);

/* The fewest bytes that a field, or one item of its list, takes. */
size_t payload_item_bytes(const struct payload_field *field);

#endif
