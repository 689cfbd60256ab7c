/*
 * codec.h: between the C struct of a message, record or reply and its bytes.
 *
 * Fields in the table's order, packed, little-endian:
 *
 *	bool           1 byte, 0 or 1
 *	(u)intN        N/8 bytes
 *	float, double  4, 8 bytes, IEEE 754
 *	str            u32 length, that many bytes without a NUL, one NUL; a NULL pointer is sent as ""
 *	bytes          u32 length, that many bytes
 *	ref            u64 actor, u32 node
 *	record         its fields
 *	list           u32 count, that many elements; elements that take no bytes can't be listed
 *
 * All three functions walk the tables in a loop, with a stack of TRI_DEPTH_MAX levels: the struct itself, and
 * each record or list of records inside. On failure tractor_why() names the field.
 */
#ifndef TRACTOR_ACTOR_CODEC_H
#define TRACTOR_ACTOR_CODEC_H

#include <stdbool.h>

#include <tractor/protocol.h>

#include "arena.h"

/* Larger things belong in a file or a stream; this bounds what a peer can make us hold. */
#define TRI_PAYLOAD_MAX ((size_t)64 * 1024 * 1024)

/* Nobody nests deeper by hand; this bounds the walk. */
#define TRI_DEPTH_MAX 16

/*
 * How many bytes `value` takes when encoded. Allocates nothing.
 *   TRACTOR_EINVAL  it can't be: larger than TRI_PAYLOAD_MAX, nested too deep, or a count without items
 */
tractor_err tri_encoded_size(const struct tractor_record *record, const void *value, size_t *ret_bytes);

/*
 * Encodes `value` to `to`, which has `size_bytes`, and gives how many of them it took. Allocates nothing. On
 * failure what is in `to` is undefined.
 *   TRACTOR_EINVAL  as above
 *   TRACTOR_ENOMEM  `size_bytes` are too few
 */
tractor_err tri_encode(const struct tractor_record *record, const void *value, uint8_t *to, size_t size_bytes,
	size_t *ret_used);

/* True if there is nothing in a struct of it but numbers and refs: it points nowhere, neither into what it was decoded from nor into an arena. */
bool tri_is_flat(const struct tractor_record *record);

/*
 * The same in pieces, in their order, to `sink`, which must be done with each when it returns; large ones are the value's own. Allocates nothing.
 *   TRACTOR_EINVAL   as above
 *   TRACTOR_ESYSTEM  the sink did not take one of them
 */
tractor_err tri_encode_in_pieces(const struct tractor_record *record, const void *value,
	bool (*sink)(void *arg, const void *bytes, size_t size_bytes), void *arg);

/*
 * Decodes the `size_bytes` at `from`, exactly, to the struct at `ret_value` (record->size_bytes large,
 * aligned as the struct is). The bytes may be anything: nothing in them is trusted, and memory for a list is
 * only taken once its elements can be there. Strings and bytes in the value point into `from`, lists into
 * `arena`; flat records of ordinary size don't touch the arena. `from` needs no alignment.
 *   TRACTOR_EBADMSG  this is no such record
 *   TRACTOR_ENOMEM   out of memory
 */
tractor_err tri_decode(const struct tractor_record *record, const uint8_t *from, size_t size_bytes,
	struct tri_arena *arena, void *ret_value);

#endif
