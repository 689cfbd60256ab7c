/*
 * schema.h: a message's canonical text, which both sides of a tree compare, and its fingerprint.
 *
 *	tell counter.increment {int64 by}
 *	ask counter.get {} -> counter_total {int64 total}
 *	ask hub.list {} -> hub_members {list_listener_ref members, hub_stats {uint64 published} stats}
 *
 *	message := ("tell" | "ask") " " protocol "." name " " record [" -> " name " " record]
 *	record  := "{" [field {", " field}] "}"
 *	field   := type " " name
 *	type    := builtin | protocol "_ref" | name " " record | "list_" type, where that type is no list
 */
#ifndef TRACTOR_ACTOR_SCHEMA_H
#define TRACTOR_ACTOR_SCHEMA_H

#include <tractor/protocol.h>

/*
 * Writes the text to `to` as snprintf does: at most `size_bytes` with the NUL, which is always there unless
 * the size is 0 (then `to` may be NULL). Gives the length that the whole text has, without NUL.
 */
size_t tri_schema_text(const struct tractor_message *message, char *to, size_t size_bytes);

/*
 * FNV-1a, 64 bits, of a message's text; source: the FNV authors' draft-eastlake-fnv. Never 0, which means
 * "no message".
 */
uint64_t tri_fingerprint(const char *text, size_t length);

/*
 * The fingerprint of the message's text: its number on the wire. Worked out once and kept in the message's
 * own cell (`id`, which may be NULL), so that every later call is one load. Any number of threads may call it
 * at the same time.
 */
uint64_t tri_message_id(const struct tractor_message *message);

#endif
